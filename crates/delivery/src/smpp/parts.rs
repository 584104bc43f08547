//! What somebody wrote in several parts: put together before it is kept.
//!
//! Promises that a text is whole or is kept as its parts came: one of which a part is missing waits, not acknowledged, so
//! that a crash loses nothing, and is kept as it is when it has waited long enough. Parts that come by another process are
//! not seen here.

use std::collections::{HashMap, HashSet};

use dunlin_domain::date::Timestamp;

use super::pdu::Deliver;

/// How long a part waits for the others. Message centres bring again what is not acknowledged in about a minute.
const WAIT_SECONDS: i64 = 30;

/// A text of several parts: from whom, the number that its parts share, and how many there are.
type Whole = (String, u16, u8);

/// What becomes of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// It stands for itself.
    Alone,
    /// It waits for other parts.
    Waits,
    /// With it a text is whole; these deliveries are its parts, in their order.
    Whole(Vec<usize>),
    /// It is told with another one.
    Told,
}

/// Since when texts are incomplete.
#[derive(Default)]
pub(super) struct Incomplete {
    since: HashMap<Whole, Timestamp>,
}

impl Incomplete {
    /// The place of each delivery, seen at `now`.
    pub fn places(&mut self, deliveries: &[Option<&Deliver>], now: Timestamp) -> Vec<Place> {
        let mut places = vec![Place::Alone; deliveries.len()];
        let mut wholes: HashMap<Whole, Vec<(u8, usize)>> = HashMap::new();
        for (place, deliver) in deliveries.iter().enumerate() {
            let Some(deliver) = deliver.filter(|deliver| !deliver.is_receipt()) else { continue };
            if let Some(part) = deliver.part() {
                let whole = (deliver.source.clone(), part.reference, part.count);
                wholes.entry(whole).or_default().push((part.index, place));
            }
        }
        let seen: HashSet<&Whole> = wholes.keys().collect();
        self.since.retain(|whole, _| seen.contains(whole));
        for (whole, parts) in wholes {
            let first = |index: u8| parts.iter().find(|(own, _)| *own == index).map(|(_, place)| *place);
            let order: Option<Vec<usize>> = (1..=whole.2).map(first).collect();
            let all = parts.iter().map(|(_, place)| *place);
            match order {
                Some(order) => {
                    self.since.remove(&whole);
                    // Where it comes again before it was acknowledged, it is told once.
                    all.for_each(|place| places[place] = Place::Told);
                    let last = order.iter().copied().max().unwrap_or(0);
                    places[last] = Place::Whole(order);
                }
                None => {
                    let since = *self.since.entry(whole).or_insert(now);
                    if now < since.plus_seconds(WAIT_SECONDS) {
                        all.for_each(|place| places[place] = Place::Waits);
                    }
                }
            }
        }
        places
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A part of a text with the header of 3GPP TS 23.040, 9.2.3.24.1.
    fn part(source: &str, reference: u8, count: u8, index: u8, text: &str) -> Deliver {
        let mut bytes = vec![5, 0, 3, reference, count, index];
        bytes.extend(text.as_bytes());
        Deliver {
            source: source.to_owned(),
            esm_class: 0x40,
            data_coding: 0,
            text: bytes,
            receipted_message_id: None,
            message_state: None,
            sar: Default::default(),
            user_reference: None,
        }
    }

    fn check(incomplete: &mut Incomplete, parts: &[Deliver], seconds: i64, expected: &[Place]) {
        let deliveries: Vec<Option<&Deliver>> = parts.iter().map(Some).collect();
        let now = Timestamp::from_micros(seconds * 1_000_000);
        assert_eq!(incomplete.places(&deliveries, now), expected, "after {seconds} s");
    }

    #[test]
    fn parts_are_put_in_their_order_however_they_come() {
        let parts = [
            part("1", 7, 3, 3, "c"),
            part("1", 7, 3, 1, "a"),
            part("2", 7, 2, 1, "x"),
            part("1", 7, 3, 2, "b"),
            part("1", 7, 3, 1, "a"),
        ];
        check(
            &mut Incomplete::default(),
            &parts,
            0,
            &[Place::Told, Place::Told, Place::Waits, Place::Whole(vec![1, 3, 0]), Place::Told],
        );
    }

    #[test]
    fn a_text_with_a_missing_part_waits_and_is_then_kept_as_it_came() {
        let parts = [part("1", 7, 2, 2, "b")];
        let mut incomplete = Incomplete::default();
        check(&mut incomplete, &parts, 100, &[Place::Waits]);
        check(&mut incomplete, &parts, 129, &[Place::Waits]);
        check(&mut incomplete, &parts, 130, &[Place::Alone]);
        // Another one of the same number later waits again.
        check(&mut incomplete, &[], 131, &[]);
        check(&mut incomplete, &parts, 132, &[Place::Waits]);
    }

    #[test]
    fn a_header_that_cannot_be_makes_no_part() {
        for (count, index) in [(0, 1), (2, 0), (2, 3), (1, 1)] {
            assert!(part("1", 7, count, index, "a").part().is_none(), "{index} of {count}");
        }
    }
}

//! Which provider a message goes by, where several serve its channel.
//!
//! A pure decision: the same providers, troubles and message give the same answer, in every worker. Of the providers
//! that work, those of the first priority share the messages by weight. One in trouble rests, and is then tried with a
//! single message; while it is the only one, it is never given up.

use dunlin_domain::date::Timestamp;
use dunlin_domain::money::Currency;
use dunlin_domain::wording;
use dunlin_domain::wording::Wording;

use crate::inquiry::Asking;

/// How messages are shared out to a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Routing {
    /// The lowest goes first; the others stand by.
    pub priority: u32,
    /// Its share among those of its priority.
    pub weight: u32,
    /// Messages a second over all workers; `None`: as many as it takes.
    pub rate_per_second: Option<u32>,
    /// Whether it takes no new messages, while its receipts still count.
    pub is_draining: bool,
    /// What it charges, if that is known.
    pub cost: Option<UnitCost>,
    /// When it is asked about messages whose outcome is open.
    pub asking: Asking,
}

/// What a provider charges for what it took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnitCost {
    /// For a segment of a text message, and for any other message as a whole: in millionths of the currency's unit,
    /// since a segment may cost less than a cent.
    pub micros: i64,
    /// What it is charged in.
    pub currency: Currency,
    /// For each page of a letter after the first, in the same millionths; nothing unless it is set.
    pub further_page_micros: i64,
    /// For each minute of an agent's call that has begun, in the same millionths; nothing unless it is set.
    pub minute_micros: i64,
}

impl UnitCost {
    /// Reads `0.045 CNY`: zero or more, up to six digits behind the point.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse(text: &str) -> Result<Self, Wording> {
        let form = || {
            wording!(
                "“{text}”不是费用；请写成 0.045 CNY 的形式",
                "{text:?} is no cost; write one like 0.045 CNY"
            )
        };
        let (number, code) = text.trim().split_once(' ').ok_or_else(form)?;
        let currency = Currency::parse(code.trim()).map_err(|error| error.wording())?;
        let (whole, behind) = number.split_once('.').unwrap_or((number, "0"));
        let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(whole) || !is_number(behind) || behind.len() > 6 || whole.len() > 6 {
            return Err(form());
        }
        let whole: i64 = whole.parse().map_err(|_| form())?;
        let behind: i64 = format!("{behind:0<6}").parse().map_err(|_| form())?;
        Ok(Self { micros: whole * 1_000_000 + behind, currency, further_page_micros: 0, minute_micros: 0 })
    }
}

impl Default for Routing {
    fn default() -> Self {
        Self {
            priority: 1,
            weight: 1,
            rate_per_second: None,
            is_draining: false,
            cost: None,
            asking: Asking::default(),
        }
    }
}

/// What an open incident says of a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Messages that it has not taken since the incident was opened.
    pub failure_count: i64,
    /// When it took one last not.
    pub last_failed_at: Timestamp,
}

impl Trouble {
    /// When it has rested: the longer the trouble, the longer the rest.
    #[must_use]
    pub fn rested_at(&self) -> Timestamp {
        let seconds = match self.failure_count {
            ..10 => 60,
            10..100 => 300,
            _ => 900,
        };
        self.last_failed_at.plus_seconds(seconds)
    }
}

/// Whether receipts say that a provider does not deliver: of fifty or more, most failed.
#[must_use]
pub fn fails_mostly(delivered: i64, failed: i64) -> bool {
    const RECEIPTS_MIN: i64 = 50;
    delivered + failed >= RECEIPTS_MIN && failed > delivered
}

/// A provider that serves the channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its place among all providers.
    pub index: usize,
    /// How messages are shared out to it.
    pub routing: Routing,
    /// What is wrong with it, if anything is known to be.
    pub trouble: Option<Trouble>,
}

/// The way of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// By the provider at this place.
    By(usize),
    /// By the one at this place, which was in trouble: one message tells whether it still is.
    Probe(usize),
    /// None works; nothing is worth a try before this moment.
    RestUntil(Timestamp),
    /// None serves the channel.
    Nobody,
}

/// Chooses. `draw` is a number of the message, evenly spread, such as a hash.
#[must_use]
pub fn choose(candidates: &[Candidate], draw: u64, now: Timestamp) -> Route {
    let serving: Vec<&Candidate> = candidates.iter().filter(|it| !it.routing.is_draining).collect();
    if let [only] = serving[..] {
        return Route::By(only.index);
    }
    let working: Vec<&&Candidate> = serving.iter().filter(|it| it.trouble.is_none()).collect();
    let first = working.iter().map(|it| it.routing.priority).min();
    let rested = |it: &&&Candidate| it.trouble.is_some_and(|trouble| trouble.rested_at() <= now);
    // One that would go before those that work is tried again when it has rested.
    let probed = serving
        .iter()
        .filter(rested)
        .filter(|it| first.is_none_or(|first| it.routing.priority <= first))
        .min_by_key(|it| (it.routing.priority, it.index));
    if let Some(probed) = probed {
        return Route::Probe(probed.index);
    }
    let Some(first) = first else {
        let rests = serving.iter().filter_map(|it| it.trouble).map(|trouble| trouble.rested_at());
        return rests.min().map_or(Route::Nobody, Route::RestUntil);
    };
    let sharing: Vec<&&&Candidate> = working.iter().filter(|it| it.routing.priority == first).collect();
    let total: u64 = sharing.iter().map(|it| u64::from(it.routing.weight)).sum();
    let mut place = if total == 0 { 0 } else { draw % total };
    for candidate in &sharing {
        let weight = u64::from(candidate.routing.weight);
        if place < weight || total == 0 {
            return Route::By(candidate.index);
        }
        place -= weight;
    }
    Route::Nobody
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_cost_may_be_less_than_a_cent() {
        let check = |text: &str, expected: Result<i64, &str>| {
            let found = super::UnitCost::parse(text);
            assert_eq!(found.as_ref().map(|cost| cost.micros).map_err(|error| error.en.as_str()), expected);
        };
        check("0.045 CNY", Ok(45_000));
        check("1 USD", Ok(1_000_000));
        check("0.000001 USD", Ok(1));
        check("0 CNY", Ok(0));
        check("0.0000001 USD", Err("\"0.0000001 USD\" is no cost; write one like 0.045 CNY"));
        check("-1 CNY", Err("\"-1 CNY\" is no cost; write one like 0.045 CNY"));
        check("0.045", Err("\"0.045\" is no cost; write one like 0.045 CNY"));
        check("1e3 CNY", Err("\"1e3 CNY\" is no cost; write one like 0.045 CNY"));
    }

    use super::*;
    use expect_test::{Expect, expect};

    const NOW: Timestamp = Timestamp::from_micros(1_000_000_000);

    /// `priority`, `weight`, and seconds since the last failure with the count of failures.
    fn candidate(index: usize, (priority, weight): (u32, u32), trouble: Option<(i64, i64)>) -> Candidate {
        let trouble = trouble.map(|(seconds, failure_count)| Trouble {
            failure_count,
            last_failed_at: NOW.plus_seconds(-seconds),
        });
        Candidate { index, routing: Routing { priority, weight, ..Routing::default() }, trouble }
    }

    fn check(candidates: &[Candidate], expected: Expect) {
        let told = match choose(candidates, 0, NOW) {
            Route::RestUntil(at) => format!("rest for {} s", (at.micros() - NOW.micros()) / 1_000_000),
            other => format!("{other:?}"),
        };
        expected.assert_eq(&told);
    }

    #[test]
    fn the_first_priority_that_works_takes_the_message() {
        check(&[], expect!["Nobody"]);
        check(&[candidate(0, (2, 1), None), candidate(1, (1, 1), None)], expect!["By(1)"]);
        check(&[candidate(0, (1, 1), Some((5, 1))), candidate(1, (2, 1), None)], expect!["By(1)"]);
    }

    #[test]
    fn one_in_trouble_rests_and_is_then_tried_with_one_message() {
        check(&[candidate(0, (1, 1), Some((59, 1))), candidate(1, (2, 1), None)], expect!["By(1)"]);
        check(&[candidate(0, (1, 1), Some((60, 1))), candidate(1, (2, 1), None)], expect!["Probe(0)"]);
        check(&[candidate(0, (1, 1), Some((299, 10))), candidate(1, (2, 1), None)], expect!["By(1)"]);
        check(&[candidate(0, (1, 1), Some((899, 100))), candidate(1, (2, 1), None)], expect!["By(1)"]);
        // The one that stands by is not tried while the first works.
        check(&[candidate(0, (1, 1), None), candidate(1, (2, 1), Some((3_600, 1)))], expect!["By(0)"]);
    }

    #[test]
    fn where_none_works_the_first_that_has_rested_is_tried() {
        check(
            &[candidate(0, (1, 1), Some((10, 1))), candidate(1, (2, 1), Some((20, 1)))],
            expect!["rest for 40 s"],
        );
        check(
            &[candidate(0, (1, 1), Some((10, 1))), candidate(1, (2, 1), Some((60, 1)))],
            expect!["Probe(1)"],
        );
    }

    #[test]
    fn the_only_one_is_never_given_up() {
        check(&[candidate(0, (1, 1), Some((1, 1_000)))], expect!["By(0)"]);
    }

    #[test]
    fn one_that_drains_takes_nothing_new() {
        let mut draining = candidate(0, (1, 1), None);
        draining.routing.is_draining = true;
        check(&[draining, candidate(1, (2, 1), None)], expect!["By(1)"]);
        check(&[draining], expect!["Nobody"]);
    }

    #[test]
    fn receipts_tell_of_a_provider_that_takes_everything_and_delivers_nothing() {
        assert!(fails_mostly(24, 26));
        assert!(!fails_mostly(25, 25));
        assert!(!fails_mostly(0, 49), "too few to tell");
    }

    #[test]
    fn those_of_one_priority_share_by_weight() {
        let candidates = [candidate(0, (1, 3), None), candidate(1, (1, 1), None), candidate(2, (2, 9), None)];
        let taken =
            |index| (0..1_000).filter(|draw| choose(&candidates, *draw, NOW) == Route::By(index)).count();
        assert_eq!([0, 1, 2].map(taken), [750, 250, 0]);
    }
}

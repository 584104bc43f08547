//! A pause: a planned stop of contact, for an upgrade or a change of process.
//!
//! A pause holds messages that are due and loses none. Promises that among several pauses the one that is
//! named as the reason does not depend on the order in which they are given.

use crate::contact::{Channel, code_enum};
use crate::date::BusinessDate;
use crate::id::PauseId;
use crate::reason::Reason;

code_enum! {
    /// Why contact is stopped.
    PauseKind {
        /// A system is being upgraded.
        Upgrade = "upgrade",
        /// The way we work is being changed.
        ProcessChange = "process_change",
        /// Another planned reason; its text says which.
        Other = "other",
    }
}

impl PauseKind {
    /// The reason of a silence by such a pause.
    #[must_use]
    pub const fn reason(self) -> Reason {
        match self {
            Self::Upgrade => Reason::PauseUpgrade,
            Self::ProcessChange => Reason::PauseProcessChange,
            Self::Other => Reason::PauseOther,
        }
    }
}

code_enum! {
    /// Whether a second person agreed to a pause. One that is not approved stops nothing.
    PauseState {
        /// It waits for a second person.
        Pending = "pending",
        /// A second person agreed.
        Approved = "approved",
        /// A second person refused it, or it was withdrawn.
        Rejected = "rejected",
    }
}

/// What a pause reaches. An empty list reaches all.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct PauseScope {
    /// Channels.
    pub channels: Vec<Channel>,
    /// Codes of products.
    pub products: Vec<String>,
    /// Names of buckets.
    pub buckets: Vec<String>,
}

/// One contact, as a pause looks at it.
#[derive(Clone, Copy, Debug)]
pub struct PauseSubject<'a> {
    /// The channel it would go by.
    pub channel: Channel,
    /// The code of the agreement's product.
    pub product: &'a str,
    /// The agreement's bucket.
    pub bucket: &'a str,
}

/// A planned stop of contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    /// Its id.
    pub id: PauseId,
    /// Why.
    pub kind: PauseKind,
    /// What it reaches.
    pub scope: PauseScope,
    /// The first business date of it.
    pub from: BusinessDate,
    /// The last business date of it, as planned.
    pub through: BusinessDate,
    /// What customers and staff are told, in Chinese.
    pub reason_zh: String,
    /// The same in English.
    pub reason_en: String,
    /// Who asked for it.
    pub author: String,
    /// Whether a second person agreed.
    pub state: PauseState,
    /// Who that was.
    pub decided_by: Option<String>,
    /// The most notices an hour that go out when it ends; all at once when missing.
    pub per_hour: Option<u32>,
    /// What the customer is told, in Chinese; the usual sentence when empty.
    pub customer_zh: String,
    /// The same in English.
    pub customer_en: String,
    /// The business date on which it was ended early: contact goes on from that date.
    pub ended_on: Option<BusinessDate>,
}

impl PauseScope {
    /// Whether the contact lies within the scope.
    #[must_use]
    pub fn reaches(&self, subject: &PauseSubject<'_>) -> bool {
        let reaches =
            |names: &[String], name: &str| names.is_empty() || names.iter().any(|each| each == name);
        (self.channels.is_empty() || self.channels.contains(&subject.channel))
            && reaches(&self.products, subject.product)
            && reaches(&self.buckets, subject.bucket)
    }

    /// Whether some contact lies within both.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        fn meet<T: PartialEq>(left: &[T], right: &[T]) -> bool {
            left.is_empty() || right.is_empty() || left.iter().any(|each| right.contains(each))
        }
        meet(&self.channels, &other.channels)
            && meet(&self.products, &other.products)
            && meet(&self.buckets, &other.buckets)
    }

    /// Whether every contact within `other` lies within this.
    #[must_use]
    pub fn takes_in(&self, other: &Self) -> bool {
        fn takes_in<T: PartialEq>(outer: &[T], inner: &[T]) -> bool {
            outer.is_empty() || (!inner.is_empty() && inner.iter().all(|each| outer.contains(each)))
        }
        takes_in(&self.channels, &other.channels)
            && takes_in(&self.products, &other.products)
            && takes_in(&self.buckets, &other.buckets)
    }
}

impl Pause {
    /// Whether contact is stopped by it on `date`, for what its scope reaches.
    #[must_use]
    pub fn is_on(&self, date: BusinessDate) -> bool {
        self.state == PauseState::Approved
            && self.from <= date
            && date <= self.through
            && self.ended_on.is_none_or(|ended| date < ended)
    }

    /// Whether it stops this contact on `date`.
    #[must_use]
    pub fn covers(&self, subject: &PauseSubject<'_>, date: BusinessDate) -> bool {
        self.is_on(date) && self.scope.reaches(subject)
    }

    /// Whether it was not refused, and reaches some of the contacts of `other` on some of its days.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        let last = |pause: &Self| pause.resumes_on().0.plus_days(-1);
        self.id != other.id
            && self.state != PauseState::Rejected
            && self.from.0 <= last(other)
            && other.from.0 <= last(self)
            && self.scope.meets(&other.scope)
    }

    /// Whether it is in force and stops everything that `other` would stop, so that `other` would change nothing.
    #[must_use]
    pub fn covers_all_of(&self, other: &Self) -> bool {
        self.id != other.id
            && self.state == PauseState::Approved
            && self.from <= other.from
            && other.resumes_on() <= self.resumes_on()
            && self.scope.takes_in(&other.scope)
    }

    /// The first business date on which contact goes on.
    #[must_use]
    pub fn resumes_on(&self) -> BusinessDate {
        let planned = BusinessDate(self.through.0.plus_days(1));
        // Ended before it began, it never held anything and "resumes" where it would have begun.
        self.ended_on.map_or(planned, |ended| ended.clamp(self.from.min(planned), planned))
    }
}

/// The pause that is named as the reason among all that cover the contact on `date`: the one that lasts
/// longest, then the one that began first, then the smallest id.
///
/// The longest, because it tells when contact will really go on.
#[must_use]
pub fn applying<'a>(
    pauses: impl IntoIterator<Item = &'a Pause>,
    subject: &PauseSubject<'_>,
    date: BusinessDate,
) -> Option<&'a Pause> {
    let covering = pauses.into_iter().filter(|pause| pause.covers(subject, date));
    covering.min_by_key(|pause| (std::cmp::Reverse(pause.resumes_on()), pause.from, pause.id))
}

/// The first business date from `date` on on which none of `pauses` covers the contact.
///
/// One pause may begin where another ends, so they are followed one after another.
#[must_use]
pub fn free_from(pauses: &[Pause], subject: &PauseSubject<'_>, date: BusinessDate) -> BusinessDate {
    let mut free = date;
    while let Some(pause) = applying(pauses, subject, free) {
        free = pause.resumes_on();
    }
    free
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::date::Date;

    fn day(text: &str) -> BusinessDate {
        BusinessDate(Date::parse(text).expect("a day of the calendar"))
    }

    fn pause(number: u8, from: &str, through: &str) -> Pause {
        Pause {
            id: PauseId([number; 16]),
            kind: PauseKind::Upgrade,
            scope: PauseScope::default(),
            from: day(from),
            through: day(through),
            reason_zh: "系统升级".to_owned(),
            reason_en: "system upgrade".to_owned(),
            author: "operations".to_owned(),
            state: PauseState::Approved,
            decided_by: None,
            per_hour: None,
            customer_zh: String::new(),
            customer_en: String::new(),
            ended_on: None,
        }
    }

    const SUBJECT: PauseSubject<'_> =
        PauseSubject { channel: Channel::Sms, product: "baitiao", bucket: "M1" };

    #[test]
    fn a_pause_covers_its_first_and_last_day_and_no_other() {
        let pause = pause(1, "2026-03-02", "2026-03-08");
        let covered = ["2026-03-01", "2026-03-02", "2026-03-08", "2026-03-09"]
            .map(|date| pause.covers(&SUBJECT, day(date)));
        assert_eq!(covered, [false, true, true, false]);
        assert_eq!(pause.resumes_on(), day("2026-03-09"));
    }

    #[test]
    fn a_pause_that_is_ended_early_lets_contact_go_on_from_that_day() {
        let ended = Pause { ended_on: Some(day("2026-03-05")), ..pause(1, "2026-03-02", "2026-03-08") };
        assert!(ended.covers(&SUBJECT, day("2026-03-04")));
        assert!(!ended.covers(&SUBJECT, day("2026-03-05")));
        assert_eq!(ended.resumes_on(), day("2026-03-05"));
        let withdrawn = Pause { ended_on: Some(day("2026-02-01")), ..ended };
        assert!(!withdrawn.is_on(day("2026-03-02")));
    }

    #[test]
    fn an_empty_list_reaches_all_and_a_filled_one_only_what_it_names() {
        let mut pause = pause(1, "2026-03-02", "2026-03-08");
        let covers = |pause: &Pause| pause.covers(&SUBJECT, day("2026-03-03"));
        pause.scope.channels = vec![Channel::Sms, Channel::Voice];
        pause.scope.products = vec!["baitiao".to_owned()];
        pause.scope.buckets = vec!["M1".to_owned(), "M2".to_owned()];
        assert!(covers(&pause));
        assert!(!covers(&Pause {
            scope: PauseScope { channels: vec![Channel::Email], ..pause.scope.clone() },
            ..pause.clone()
        }));
        assert!(!covers(&Pause {
            scope: PauseScope { products: vec!["card".to_owned()], ..pause.scope.clone() },
            ..pause.clone()
        }));
        assert!(!covers(&Pause {
            scope: PauseScope { buckets: vec!["M3".to_owned()], ..pause.scope.clone() },
            ..pause.clone()
        }));
    }

    #[test]
    fn a_pause_that_nobody_agreed_to_stops_nothing() {
        for state in [PauseState::Pending, PauseState::Rejected] {
            let pause = Pause { state, ..pause(1, "2026-03-02", "2026-03-08") };
            assert!(!pause.covers(&SUBJECT, day("2026-03-03")));
        }
    }

    #[test]
    fn pauses_overlap_where_they_share_a_day_and_a_contact() {
        let sms = |number, from, through| {
            let scope = PauseScope { channels: vec![Channel::Sms], ..PauseScope::default() };
            Pause { scope, ..pause(number, from, through) }
        };
        let all = pause(1, "2026-03-02", "2026-03-08");
        assert!(all.overlaps(&sms(2, "2026-03-08", "2026-03-10")));
        assert!(!all.overlaps(&sms(2, "2026-03-09", "2026-03-10")));
        assert!(!Pause { state: PauseState::Rejected, ..all.clone() }.overlaps(&sms(
            2,
            "2026-03-08",
            "2026-03-10"
        )));
        let ended = Pause { ended_on: Some(day("2026-03-05")), ..all.clone() };
        assert!(!ended.overlaps(&sms(2, "2026-03-05", "2026-03-10")));
        assert!(all.covers_all_of(&sms(2, "2026-03-03", "2026-03-08")));
        assert!(!all.covers_all_of(&sms(2, "2026-03-03", "2026-03-09")));
        assert!(!sms(2, "2026-03-02", "2026-03-08").covers_all_of(&all));
    }

    #[test]
    fn the_pause_that_lasts_longest_is_named_in_whatever_order_they_come() {
        let pauses = [
            pause(3, "2026-03-01", "2026-03-05"),
            pause(2, "2026-03-03", "2026-03-08"),
            pause(1, "2026-03-02", "2026-03-08"),
        ];
        let named = |pauses: &[Pause]| applying(pauses, &SUBJECT, day("2026-03-04")).map(|pause| pause.id);
        let reversed: Vec<Pause> = pauses.iter().rev().cloned().collect();
        assert_eq!(named(&pauses), Some(PauseId([1; 16])));
        assert_eq!(named(&reversed), named(&pauses));
        assert_eq!(applying(&pauses, &SUBJECT, day("2026-03-09")), None);
    }

    #[test]
    fn contact_is_free_after_pauses_that_follow_one_another() {
        let pauses = [pause(1, "2026-03-02", "2026-03-04"), pause(2, "2026-03-05", "2026-03-06")];
        assert_eq!(free_from(&pauses, &SUBJECT, day("2026-03-02")), day("2026-03-07"));
        assert_eq!(free_from(&pauses, &SUBJECT, day("2026-03-01")), day("2026-03-01"));
    }
}

//! A gentler mode: a switch by which a lender treats a part of the portfolio more gently than its strategy says, for
//! reasons of cost, reputation, competition or the customers' experience.
//!
//! Unlike a pause it holds nothing back for later: it is a choice, and nothing is made good when it ends. Promises that
//! only one that a second person approved changes anything.

use crate::contact::{Channel, code_enum};
use crate::date::BusinessDate;
use crate::id::GentleModeId;
use crate::pause::PauseState;
use crate::reason::Reason;

/// The reasons that a gentler mode may have.
pub const MODE_REASONS: [Reason; 5] =
    [Reason::Economy, Reason::Reputation, Reason::Competition, Reason::Experience, Reason::Gentle];

code_enum! {
    /// What a mode does.
    ModeEffect {
        /// No contact about what is overdue.
        Silent = "silent",
        /// No calls: the row's other channels are used, and a row that only calls is silent.
        NoCalls = "no_calls",
    }
}

/// A gentler mode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GentleMode {
    /// Its id.
    pub id: GentleModeId,
    /// Why; one of [`MODE_REASONS`].
    pub reason: Reason,
    /// What it does.
    pub effect: ModeEffect,
    /// Products that it reaches; all when empty.
    pub products: Vec<String>,
    /// Buckets that it reaches; all when empty.
    pub buckets: Vec<String>,
    /// Segments that it reaches; all when empty.
    pub segments: Vec<String>,
    /// The first business date of it.
    pub from: BusinessDate,
    /// The last one; until it is ended when missing.
    pub through: Option<BusinessDate>,
    /// Why, in the words of whoever asked for it.
    pub note: String,
    /// Who asked for it.
    pub author: String,
    /// Whether a second person agreed.
    pub state: PauseState,
    /// Who that was.
    pub decided_by: Option<String>,
    /// The business date from which on it was ended early.
    pub ended_on: Option<BusinessDate>,
}

/// An agreement, as a mode looks at it.
#[derive(Clone, Copy, Debug)]
pub struct ModeSubject<'a> {
    /// The code of its product.
    pub product: &'a str,
    /// Its bucket.
    pub bucket: &'a str,
    /// Its segment.
    pub segment: &'a str,
}

impl GentleMode {
    /// Whether it is in force for the agreement on `date`.
    #[must_use]
    pub fn covers(&self, subject: &ModeSubject<'_>, date: BusinessDate) -> bool {
        let reaches =
            |names: &[String], name: &str| names.is_empty() || names.iter().any(|each| each == name);
        self.state == PauseState::Approved
            && self.from <= date
            && self.through.is_none_or(|through| date <= through)
            && self.ended_on.is_none_or(|ended| date < ended)
            && reaches(&self.products, subject.product)
            && reaches(&self.buckets, subject.bucket)
            && reaches(&self.segments, subject.segment)
    }

    /// Whether it leaves a channel out.
    #[must_use]
    pub fn leaves_out(&self, channel: Channel) -> bool {
        match self.effect {
            ModeEffect::Silent => true,
            ModeEffect::NoCalls => channel == Channel::Voice,
        }
    }
}

/// The mode that is named as the reason among all in force: the one that silences most, then the one that began first,
/// then the smallest id.
#[must_use]
pub fn applying<'a>(
    modes: impl IntoIterator<Item = &'a GentleMode>,
    subject: &ModeSubject<'_>,
    date: BusinessDate,
) -> Option<&'a GentleMode> {
    let covering = modes.into_iter().filter(|mode| mode.covers(subject, date));
    covering.min_by_key(|mode| (mode.effect, mode.from, mode.id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::date::Date;

    fn day(text: &str) -> BusinessDate {
        BusinessDate(Date::parse(text).expect("a day of the calendar"))
    }

    fn mode(name: &str, effect: ModeEffect, from: &str) -> GentleMode {
        GentleMode {
            id: GentleModeId::of_external(name),
            reason: Reason::Reputation,
            effect,
            products: vec!["card".to_owned()],
            buckets: Vec::new(),
            segments: Vec::new(),
            from: day(from),
            through: Some(day("2026-03-31")),
            note: "flood".to_owned(),
            author: "one".to_owned(),
            state: PauseState::Approved,
            decided_by: Some("two".to_owned()),
            ended_on: None,
        }
    }

    const CARD: ModeSubject<'_> = ModeSubject { product: "card", bucket: "M1", segment: "standard" };

    #[test]
    fn a_mode_reaches_what_it_names_while_it_runs_and_only_when_approved() {
        let running = mode("a", ModeEffect::NoCalls, "2026-03-01");
        let on = day("2026-03-31");
        assert!(running.covers(&CARD, on) && !running.covers(&CARD, day("2026-04-01")));
        assert!(!running.covers(&ModeSubject { product: "loan", ..CARD }, on));
        assert!(!GentleMode { state: PauseState::Pending, ..running.clone() }.covers(&CARD, on));
        assert!(!GentleMode { ended_on: Some(on), ..running.clone() }.covers(&CARD, on));
        assert!(running.leaves_out(Channel::Voice) && !running.leaves_out(Channel::Sms));
    }

    #[test]
    fn the_mode_that_silences_most_is_named_whatever_their_order() {
        let silent = mode("a", ModeEffect::Silent, "2026-03-05");
        let calls = mode("b", ModeEffect::NoCalls, "2026-03-01");
        let on = day("2026-03-10");
        for order in [[&silent, &calls], [&calls, &silent]] {
            assert_eq!(applying(order, &CARD, on).map(|mode| mode.id), Some(silent.id));
        }
    }
}

//! The reason that facts and policy give for an agreement's day, without anything that the day's run kept: what a verdict
//! is held against.
//!
//! Leaves out what only the run knows: contacts that it planned before, and limits of channels that others used up, unless
//! they are said.

use super::{Choice, DayAgreement, DayPolicy, Intention, Person, choose, ended_by, intend};
use crate::reason::Reason;

/// The reason that facts and policy give, in the order in which reasons are asked for (`docs/verdicts.md`). Nothing where
/// contact is due and `person` is not said: then it depends on whom and how.
///
/// `agreement` is looked at as one that nothing was kept of; an interval that runs is the caller's to see.
#[must_use]
pub fn expected_reason(
    policy: &DayPolicy<'_>,
    agreement: &DayAgreement<'_>,
    person: Option<&Person<'_>>,
) -> Option<Reason> {
    match intend(policy, agreement) {
        Intention::Nothing { .. } => Some(ended_by(agreement.position)),
        Intention::Keep => Some(Reason::Interval),
        Intention::Silent { reason, .. } => Some(reason),
        Intention::Contact(row) => person.map(|person| reason_of(&choose(policy, agreement, row, person))),
    }
}

/// The reason that a choice comes to.
fn reason_of(choice: &Choice) -> Reason {
    match choice {
        Choice::Contact { .. } => Reason::Contacted,
        Choice::Held { reason, .. } | Choice::Silent { reason, .. } => *reason,
    }
}

//! Before the due date: the reminder of the day, and those of days that were not run in time.

use super::{DayAgreement, DayPolicy, Intention, planned_contact, strategy_input};
use crate::date::Date;
use crate::reason::Reason;
use crate::strategy::{Outcome, Row};
use crate::verdict::Evidence;

/// What the strategy wants of an agreement of which nothing is overdue.
pub(super) fn intend_before_due<'a>(policy: &DayPolicy<'a>, agreement: &DayAgreement<'_>) -> Intention<'a> {
    let today = policy.business_date.0;
    let coming = agreement.arrears.coming.filter(|coming| coming.minimum.is_positive());
    let Some(coming) = coming else { return Intention::Nothing { next_on: None } };
    let days = today.days_since(coming.due_on);
    let input = strategy_input(agreement, days, coming.rest);
    let changes_on = policy.strategy.next_change(&input).map(|next| coming.due_on.plus_days(next));
    let planned = planned_contact(agreement);
    if let Some(planned) = planned.filter(|planned| *planned > today) {
        return Intention::Nothing { next_on: Some(planned) };
    }
    match reminder(policy, agreement) {
        Some(reminder) if policy.is_late => Intention::Silent {
            reason: Reason::RunMissed,
            row: Some(reminder.row),
            evidence: Evidence::RanAt(policy.moment),
            next_on: today.plus_days(1),
        },
        Some(reminder) => Intention::Contact(reminder.row),
        None => Intention::Nothing { next_on: changes_on },
    }
}

/// A reminder before the due date.
struct Reminder<'a> {
    /// The row that asks for it.
    row: &'a Row,
    /// The day that the row is about: the day itself, or the last one before it whose reminder is owed.
    on: Date,
}

/// The reminder that the day is to give: by the row of the day, which also stands for what days before it owe; or else by
/// the row of the last day that was not run in time, as far as it was named as missed and is about the same due date.
fn reminder<'a>(policy: &DayPolicy<'a>, agreement: &DayAgreement<'_>) -> Option<Reminder<'a>> {
    let today = policy.business_date.0;
    let coming = agreement.arrears.coming.filter(|coming| coming.minimum.is_positive())?;
    let on_day = |on: Date| {
        let input = strategy_input(agreement, on.days_since(coming.due_on), coming.rest);
        let row = policy.strategy.decide(&input)?;
        matches!(row.outcome, Outcome::Contact { .. }).then_some(Reminder { row, on })
    };
    let owed = || {
        let before = agreement.before?;
        let (_, _, reason) = before.verdict?;
        let is_owed = reason == Reason::RunMissed && before.episode_due_on == Some(coming.due_on);
        let first = policy.late_from.filter(|_| is_owed)?;
        (first.days()..today.days()).rev().find_map(|day| on_day(Date::from_days(day)))
    };
    on_day(today).or_else(owed)
}

/// The day that a contact is about: another than the day itself only where a reminder of a day before is made good.
pub(super) fn contact_day(policy: &DayPolicy<'_>, agreement: &DayAgreement<'_>) -> Date {
    let today = policy.business_date.0;
    match agreement.arrears.overdue_due_on {
        Some(_) => today,
        None => reminder(policy, agreement).map_or(today, |reminder| reminder.on),
    }
}

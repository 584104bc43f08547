//! Due dates, and the days between which interest runs.

use crate::calendar::Calendar;
use crate::date::{Date, MonthDay};
use crate::day_count::{days_in_month, month_after};

use super::{InterestRuns, Method, MonthEnd, Period, ScheduleError, ScheduleTerms};

/// The days of one period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeriodDates {
    /// The day from which interest runs.
    pub from: Date,
    /// The day to which interest runs.
    pub to: Date,
    /// The day the instalment is due.
    pub due_on: Date,
}

/// The periods of a plan, the first from its start; one only for a bullet.
///
/// # Errors
/// When the first due date is not after the start, or the calendar has no answer.
pub fn period_dates(terms: &ScheduleTerms, calendar: &Calendar) -> Result<Vec<PeriodDates>, ScheduleError> {
    let due = terms.due;
    let count = i32::try_from(terms.count).unwrap_or(i32::MAX);
    let wanted = match terms.method {
        Method::Bullet => count..=count,
        Method::Flat | Method::EqualPayment | Method::EqualPrincipal | Method::InterestOnly => 1..=count,
    };
    let mut from = terms.starts_on;
    let mut dates = Vec::new();
    for number in wanted {
        let contract_day = contract_day(terms, number);
        let due_on = calendar.shifted(contract_day, due.shift)?;
        let earliest = contract_day.min(due_on);
        if earliest <= terms.starts_on {
            let (starts_on, first_due_on) = (terms.starts_on, earliest);
            return Err(ScheduleError::FirstDueNotAfterStart { starts_on, first_due_on });
        }
        let to = match due.interest_runs {
            InterestRuns::ToContractDay => contract_day,
            // Two instalments may move to one day; then the second has no days of its own.
            InterestRuns::ToDueDay => due_on.max(from),
        };
        dates.push(PeriodDates { from, to, due_on });
        from = to;
    }
    Ok(dates)
}

/// The day on which instalment `number` is due before any shift.
pub(super) fn contract_day(terms: &ScheduleTerms, number: i32) -> Date {
    let (anchor, periods) = match terms.due.first_due_on {
        Some(first) => (first, number - 1),
        None => (terms.starts_on, number),
    };
    if let (Some(first), 1) = (terms.due.first_due_on, number) {
        return first;
    }
    let length = |length: u32| i32::try_from(length).unwrap_or(i32::MAX).saturating_mul(periods);
    match terms.period {
        Period::Days(days) => anchor.plus_days(length(days)),
        Period::Weeks(weeks) => anchor.plus_days(length(weeks).saturating_mul(7)),
        Period::Months(months) => {
            let day = terms.due.due_day.unwrap_or(MonthDay::Day(anchor.year_month_day().2));
            in_month(anchor, length(months), day, terms.due.month_end)
        }
    }
}

/// The day one period before `day`, had the plan started there.
pub(super) fn one_period_before(terms: &ScheduleTerms, day: Date) -> Date {
    let length = |length: u32| i32::try_from(length).unwrap_or(i32::MAX);
    match terms.period {
        Period::Days(days) => day.plus_days(-length(days)),
        Period::Weeks(weeks) => day.plus_days(-length(weeks).saturating_mul(7)),
        Period::Months(months) => {
            let aimed_at = terms.due.due_day.unwrap_or(MonthDay::Day(day.year_month_day().2));
            in_month(day, -length(months), aimed_at, MonthEnd::Clamp)
        }
    }
}

/// Whether the first period is as long as the others.
pub(super) fn first_is_regular(terms: &ScheduleTerms) -> bool {
    let start = terms.starts_on;
    let first = contract_day(terms, 1);
    match terms.period {
        Period::Days(_) | Period::Weeks(_) => one_period_before(terms, first) == start,
        Period::Months(months) => {
            let months = i32::try_from(months).unwrap_or(i32::MAX);
            let aims_at = |day: MonthDay| in_month(start, months, day, terms.due.month_end) == first;
            let own_day = MonthDay::Day(start.year_month_day().2);
            let starts_on_due_day = |day: &MonthDay| in_month(start, 0, *day, terms.due.month_end) == start;
            aims_at(own_day) || terms.due.due_day.filter(starts_on_due_day).is_some_and(aims_at)
        }
    }
}

/// `day` in the month that lies `months` after that of `anchor`.
fn in_month(anchor: Date, months: i32, day: MonthDay, month_end: MonthEnd) -> Date {
    let (year, month) = month_after(anchor, months);
    match (day, month_end) {
        (MonthDay::Day(day), MonthEnd::RollToFirst) if day > days_in_month(year, month) => {
            MonthDay::Last.in_month(year, month).plus_days(1)
        }
        (MonthDay::Day(_) | MonthDay::Last, MonthEnd::Clamp | MonthEnd::RollToFirst) => {
            day.in_month(year, month)
        }
    }
}

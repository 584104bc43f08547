//! Unit-periods of the US actuarial method: Regulation Z (12 CFR 1026), Appendix J, (b)(4) and (b)(5).

use std::fmt;

use crate::date::{Date, MonthDay};
use crate::day_count::{day_of_month, months_and_days, plus_months};
use crate::fraction::Fraction;

/// The unit of time of a credit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnitPeriod {
    /// So many days.
    Days(u32),
    /// So many weeks, at most 52.
    Weeks(u32),
    /// Half a month.
    SemiMonth,
    /// So many months, at most 11.
    Months(u32),
    /// A year.
    Year,
    /// The whole term of one advance and one payment, so many days, less than a year.
    TermOfDays(u32),
    /// The whole term of one advance and one payment, so many whole months, less than a year.
    TermOfMonths(u32),
}

impl fmt::Display for UnitPeriod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Days(count) => write!(f, "{count} day"),
            Self::Weeks(count) => write!(f, "{count} week"),
            Self::SemiMonth => f.write_str("1/2 month"),
            Self::Months(count) => write!(f, "{count} month"),
            Self::Year => f.write_str("1 year"),
            Self::TermOfDays(count) => write!(f, "term of {count} days"),
            Self::TermOfMonths(count) => write!(f, "term of {count} months"),
        }
    }
}

/// The days on which something happens, each kind in order.
pub(super) struct Timeline<'a> {
    /// Days of advances.
    pub advances: &'a [Date],
    /// Days of payments.
    pub payments: &'a [Date],
    /// The day of the month that all payments aim at, when a month's end hides it.
    pub due_day: Option<i8>,
}

impl UnitPeriod {
    /// How many make a year.
    #[must_use]
    pub fn per_year(self) -> Fraction {
        let over = |year: i128, count: u32| Fraction::new(year, i128::from(count.max(1)));
        match self {
            Self::Days(count) | Self::TermOfDays(count) => over(365, count),
            Self::Weeks(count) => over(52, count),
            Self::SemiMonth => Fraction::whole(24),
            Self::Months(count) | Self::TermOfMonths(count) => over(12, count),
            Self::Year => Fraction::whole(1),
        }
    }

    /// Its length as Appendix J compares lengths, in days.
    fn days(self) -> i64 {
        match self {
            Self::Days(count) | Self::TermOfDays(count) => i64::from(count),
            Self::Weeks(count) => i64::from(count) * 7,
            Self::SemiMonth => 15,
            Self::Months(count) | Self::TermOfMonths(count) => i64::from(count) * 30,
            Self::Year => 365,
        }
    }

    /// Full unit-periods and the rest of one between two days.
    ///
    /// Months and years are measured back from the later day; the rest is measured forward from the earlier
    /// day and taken over 30 for a month, over 15 for half a month, over 30 each for several months.
    pub(super) fn between(self, from: Date, to: Date, due_day: Option<i8>) -> (u32, Fraction) {
        let days = to.days_since(from);
        let divided = |days: i32, unit: u32| {
            let unit_days = i32::try_from(unit).unwrap_or(i32::MAX).max(1);
            let rest = Fraction::new(i128::from(days % unit_days), i128::from(unit_days));
            (u32::try_from(days / unit_days).unwrap_or(0), rest)
        };
        let (months, odd_days) = months_back(from, to, due_day);
        match self {
            Self::Days(count) => divided(days, count),
            Self::Weeks(count) => divided(days, count.saturating_mul(7)),
            Self::Months(1) => (u32::try_from(months).unwrap_or(0), Fraction::new(i128::from(odd_days), 30)),
            Self::SemiMonth => divided(months * 30 + odd_days, 15),
            Self::Months(count) => divided(months * 30 + odd_days, count.saturating_mul(30)),
            Self::Year => {
                let years = months / 12;
                let rest = if odd_days == 0 {
                    Fraction::new(i128::from(months % 12), 12)
                } else {
                    let begins_on = months_before(to, years * 12, due_day);
                    Fraction::new(i128::from(begins_on.days_since(from)), 365)
                };
                (u32::try_from(years).unwrap_or(0), rest)
            }
            Self::TermOfDays(_) | Self::TermOfMonths(_) => (u32::from(days > 0), Fraction::ZERO),
        }
    }
}

fn months_before(to: Date, months: i32, due_day: Option<i8>) -> Date {
    match due_day {
        Some(day) => day_of_month(to, -months, day),
        None => plus_months(to, -months),
    }
}

/// The largest number of whole months back from `to` that does not pass `from`, and the days left before it.
fn months_back(from: Date, to: Date, due_day: Option<i8>) -> (i32, i32) {
    let (forward, _) = months_and_days(from, to);
    let fits = |months: i32| months_before(to, months, due_day) >= from;
    // Counting back and counting forward differ by one month at most, at a month's end.
    let months = [forward + 1, forward, forward - 1].into_iter().find(|months| fits(*months));
    let months = months.unwrap_or(0).max(0);
    (months, months_before(to, months, due_day).days_since(from).max(0))
}

/// The day of the month that payments aim at, when all of them fall on it or on the end of a shorter month.
pub(super) fn common_due_day(payments: &[Date]) -> Option<i8> {
    let day = payments.iter().map(|date| date.year_month_day().2).max()?;
    let aims_at_day = |date: &Date| {
        let (year, month, _) = date.year_month_day();
        MonthDay::Day(day).in_month(year, month) == *date
    };
    payments.iter().all(aims_at_day).then_some(day)
}

/// The unit-period of a credit.
pub(super) fn unit_period(timeline: &Timeline<'_>) -> UnitPeriod {
    if let ([advance], [payment]) = (timeline.advances, timeline.payments) {
        return term(*advance, *payment);
    }
    let gaps = gaps(timeline);
    // Of periods that occur equally often the smaller one counts, (b)(4)(i)(A); of equal ones the calendar's.
    let mut best: Option<(usize, UnitPeriod)> = None;
    for candidate in candidates(&gaps) {
        let occurs_count = gaps.iter().filter(|gap| is_whole(candidate, **gap, timeline.due_day)).count();
        let beats = |best: &(usize, UnitPeriod)| (occurs_count, -candidate.days()) > (best.0, -best.1.days());
        if occurs_count > 1 && best.as_ref().is_none_or(beats) {
            best = Some((occurs_count, candidate));
        }
    }
    let semi_months = semi_month_count(timeline.payments);
    match best {
        Some((occurs_count, period)) if occurs_count >= semi_months => period,
        _ if semi_months > 1 => UnitPeriod::SemiMonth,
        Some((_, period)) => period,
        None => average(&gaps),
    }
}

/// (b)(4)(i): for one advance and one payment the term, not above a year.
fn term(advance: Date, payment: Date) -> UnitPeriod {
    let (months, odd_days) = months_back(advance, payment, None);
    match (months, odd_days) {
        (12.., _) => UnitPeriod::Year,
        (1.., 0) => UnitPeriod::TermOfMonths(u32::try_from(months).unwrap_or(1)),
        (_, _) => UnitPeriod::TermOfDays(u32::try_from(payment.days_since(advance)).unwrap_or(1).max(1)),
    }
}

/// The intervals between advances, between payments, and from the first advance to the first payment.
fn gaps(timeline: &Timeline<'_>) -> Vec<(Date, Date)> {
    let pairs = |dates: &[Date]| dates.windows(2).map(|pair| (pair[0], pair[1])).collect::<Vec<_>>();
    let first = timeline.advances.first().copied().zip(timeline.payments.first().copied());
    let all = pairs(timeline.advances).into_iter().chain(first).chain(pairs(timeline.payments));
    all.filter(|(from, to)| from < to).collect()
}

/// What could be a common period, the calendar's own first.
fn candidates(gaps: &[(Date, Date)]) -> Vec<UnitPeriod> {
    let months = (1..=11).map(UnitPeriod::Months).chain([UnitPeriod::Year]);
    let weeks = (1..=52).map(UnitPeriod::Weeks);
    let mut days: Vec<u32> = gaps
        .iter()
        .filter_map(|(from, to)| u32::try_from(to.days_since(*from)).ok())
        .filter(|days| *days <= 365)
        .collect();
    days.sort_unstable();
    days.dedup();
    months.chain(weeks).chain(days.into_iter().map(UnitPeriod::Days)).collect()
}

/// Whether a gap is one such period.
fn is_whole(period: UnitPeriod, (from, to): (Date, Date), due_day: Option<i8>) -> bool {
    match period {
        UnitPeriod::Months(_) | UnitPeriod::Year => {
            let months = if let UnitPeriod::Months(count) = period { count } else { 12 };
            months_back(from, to, due_day) == (i32::try_from(months).unwrap_or(0), 0)
        }
        UnitPeriod::Weeks(count) => to.days_since(from) == i32::try_from(count * 7).unwrap_or(0),
        UnitPeriod::Days(count) => to.days_since(from) == i32::try_from(count).unwrap_or(0),
        UnitPeriod::SemiMonth | UnitPeriod::TermOfDays(_) | UnitPeriod::TermOfMonths(_) => false,
    }
}

/// How many gaps are half months: payments on two days of each month, 13 to 16 days apart.
fn semi_month_count(payments: &[Date]) -> usize {
    let every_second_is_monthly = payments
        .windows(3)
        .all(|dates| months_back(dates[0], dates[2], None) == (1, 0) || plus_months(dates[0], 1) == dates[2]);
    let apart = |pair: &[Date]| (13..=16).contains(&pair[1].days_since(pair[0]));
    let is_semi_monthly = payments.len() > 2 && every_second_is_monthly && payments.windows(2).all(apart);
    if is_semi_monthly { payments.len() - 1 } else { 0 }
}

/// (b)(4)(i)(B): without a common period the average one, to the nearest standard interval, the smaller of
/// two as near.
fn average(gaps: &[(Date, Date)]) -> UnitPeriod {
    let count = i64::try_from(gaps.len()).unwrap_or(1).max(1);
    let total: i64 = gaps.iter().map(|(from, to)| i64::from(to.days_since(*from))).sum();
    let standard = [UnitPeriod::Days(1), UnitPeriod::SemiMonth, UnitPeriod::Year]
        .into_iter()
        .chain((1..=52).map(UnitPeriod::Weeks))
        .chain((1..=11).map(UnitPeriod::Months));
    let distance = |period: &UnitPeriod| ((period.days() * count - total).abs(), period.days());
    standard.min_by_key(distance).unwrap_or(UnitPeriod::Months(1))
}

//! Day counts: which share of a year lies between two days.
//!
//! The first day counts, the last does not: 1 March to 1 April is 31 days. No rule of law that was found
//! prescribes one; the contract names it. The names follow ISDA 2006, section 4.16, and PBOC 银发〔2005〕129号,
//! section 3.

use crate::contact::code_enum;
use crate::date::Date;
use crate::fraction::Fraction;

code_enum! {
    /// How days become a share of a year.
    DayCount {
        /// Actual days over 365, in leap years too.
        Actual365Fixed = "actual_365",
        /// Actual days over 360 (PBOC 积数法: daily rate = annual rate / 360).
        Actual360 = "actual_360",
        /// Actual days over 364, a year of 52 weeks.
        Actual364 = "actual_364",
        /// Actual days, those in a leap year over 366, the others over 365 (ISDA).
        ActualActual = "actual_actual",
        /// The same, but the day that counts is the last and not the first: from 31 December on, days belong
        /// to the new year.
        ActualActualLastDay = "actual_actual_last_day",
        /// Months of 30 days, year of 360, US rule: a 31st becomes a 30th at the start; at the end only
        /// after a start on the 30th; the last of February counts as a 30th.
        Thirty360Us = "thirty_360_us",
        /// Months of 30 days, year of 360, European rule (30E/360): every 31st becomes a 30th.
        Thirty360European = "thirty_360_european",
        /// Whole months as twelfths, further days over 360 (PBOC 逐笔法).
        WholeMonths = "whole_months",
    }
}

impl DayCount {
    /// The share of a year from `from` to `to`; nothing when `to` is not later.
    #[must_use]
    pub fn fraction(self, from: Date, to: Date) -> Fraction {
        if to <= from {
            return Fraction::ZERO;
        }
        let actual = i128::from(to.days_since(from));
        match self {
            Self::Actual365Fixed => Fraction::new(actual, 365),
            Self::Actual360 => Fraction::new(actual, 360),
            Self::Actual364 => Fraction::new(actual, 364),
            Self::ActualActual => actual_actual(from, to),
            Self::ActualActualLastDay => actual_actual(from.plus_days(1), to.plus_days(1)),
            Self::Thirty360Us => Fraction::new(thirty_360(from, to, us_days), 360),
            Self::Thirty360European => Fraction::new(thirty_360(from, to, european_days), 360),
            Self::WholeMonths => {
                let (months, days) = months_and_days(from, to);
                Fraction::new(i128::from(months) * 30 + i128::from(days), 360)
            }
        }
    }
}

/// Whether February of `year` has 29 days.
#[must_use]
pub const fn is_leap_year(year: i16) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Days of a month (1-12).
#[must_use]
pub fn days_in_month(year: i16, month: i8) -> i8 {
    match month {
        2 if is_leap_year(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The same day `months` later (earlier when negative); in a shorter month its last day.
#[must_use]
pub fn plus_months(date: Date, months: i32) -> Date {
    let (_, _, day) = date.year_month_day();
    day_of_month(date, months, day)
}

/// Day `day` in the month that lies `months` after the month of `date`; in a shorter month its last day.
pub(crate) fn day_of_month(date: Date, months: i32, day: i8) -> Date {
    let (year, month) = month_after(date, months);
    crate::date::MonthDay::Day(day).in_month(year, month)
}

/// Year and month that lie `months` after the month of `date`.
pub(crate) fn month_after(date: Date, months: i32) -> (i16, i8) {
    let (year, month, _) = date.year_month_day();
    let index = i32::from(year) * 12 + i32::from(month) - 1 + months;
    let year = i16::try_from(index.div_euclid(12)).unwrap_or(i16::MAX);
    (year, i8::try_from(index.rem_euclid(12) + 1).unwrap_or(12))
}

/// The largest whole number of months from `from` that does not pass `to`, and the days that are left.
///
/// Counted forward; a month that lacks the day of `from` is full on its last day.
#[must_use]
pub fn months_and_days(from: Date, to: Date) -> (i32, i32) {
    let (from_year, from_month, _) = from.year_month_day();
    let (to_year, to_month, _) = to.year_month_day();
    let mut months =
        (i32::from(to_year) - i32::from(from_year)) * 12 + i32::from(to_month) - i32::from(from_month);
    if plus_months(from, months) > to {
        months -= 1;
    }
    (months, to.days_since(plus_months(from, months)))
}

/// Days before 1 January of a leap year lie over 365, and so on, year by year.
fn actual_actual(from: Date, to: Date) -> Fraction {
    let (first_year, _, _) = from.year_month_day();
    let (last_year, _, _) = to.year_month_day();
    let (mut common_days, mut leap_days) = (0_i128, 0_i128);
    for year in first_year..=last_year {
        let starts_on = crate::date::MonthDay::Day(1).in_month(year, 1);
        let ends_on = crate::date::MonthDay::Day(1).in_month(year.saturating_add(1), 1);
        let days = i128::from(to.min(ends_on).days_since(from.max(starts_on)));
        if is_leap_year(year) { leap_days += days } else { common_days += days }
    }
    Fraction::new(common_days * 366 + leap_days * 365, 365 * 366)
}

fn is_last_of_february(date: Date) -> bool {
    let (year, month, day) = date.year_month_day();
    month == 2 && day == days_in_month(year, 2)
}

/// The days of the month that the US rule counts with.
fn us_days(from: Date, to: Date) -> (i8, i8) {
    let ((_, _, mut first), (_, _, mut last)) = (from.year_month_day(), to.year_month_day());
    if is_last_of_february(from) {
        if is_last_of_february(to) {
            last = 30;
        }
        first = 30;
    }
    if last == 31 && first >= 30 {
        last = 30;
    }
    (first.min(30), last)
}

/// The days of the month that the European rule counts with.
fn european_days(from: Date, to: Date) -> (i8, i8) {
    let ((_, _, first), (_, _, last)) = (from.year_month_day(), to.year_month_day());
    (first.min(30), last.min(30))
}

fn thirty_360(from: Date, to: Date, days: fn(Date, Date) -> (i8, i8)) -> i128 {
    let ((from_year, from_month, _), (to_year, to_month, _)) = (from.year_month_day(), to.year_month_day());
    let (first, last) = days(from, to);
    (i128::from(to_year) - i128::from(from_year)) * 360
        + (i128::from(to_month) - i128::from(from_month)) * 30
        + i128::from(last)
        - i128::from(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::{Currency, Money, Rate, Rounding};
    use expect_test::{Expect, expect};

    fn date(text: &str) -> Date {
        Date::parse(text).expect("a day of the calendar")
    }

    fn check(from: &str, to: &str, expected: Expect) {
        let (from, to) = (date(from), date(to));
        let share = |count: &DayCount| format!("{count} {:?}", count.fraction(from, to));
        let shares: Vec<String> = DayCount::ALL.iter().map(share).collect();
        expected.assert_eq(&format!("{}\n", shares.join("\n")));
    }

    #[test]
    fn each_day_count_gives_its_own_share_of_a_year() {
        check(
            "2024-01-31",
            "2024-02-29",
            expect![[r#"
                actual_365 29/365
                actual_360 29/360
                actual_364 29/364
                actual_actual 29/366
                actual_actual_last_day 29/366
                thirty_360_us 29/360
                thirty_360_european 29/360
                whole_months 1/12
            "#]],
        );
        check(
            "2023-12-15",
            "2024-03-31",
            expect![[r#"
                actual_365 107/365
                actual_360 107/360
                actual_364 107/364
                actual_actual 6512/22265
                actual_actual_last_day 39071/133590
                thirty_360_us 53/180
                thirty_360_european 7/24
                whole_months 53/180
            "#]],
        );
        check(
            "2025-02-28",
            "2025-08-31",
            expect![[r#"
                actual_365 184/365
                actual_360 23/45
                actual_364 46/91
                actual_actual 184/365
                actual_actual_last_day 184/365
                thirty_360_us 1/2
                thirty_360_european 91/180
                whole_months 61/120
            "#]],
        );
    }

    /// PBOC 银发〔2005〕129号, section 3: 10,000 at 18 %.
    #[test]
    fn the_central_banks_two_ways_to_count_give_their_published_interest() {
        let interest = |count: DayCount, from: &str, to: &str| {
            let principal = Fraction::whole(i128::from(Money::new(1_000_000, Currency::CNY).minor()));
            let rate = Rate::parse_percent("18%").expect("a percentage");
            let share = count.fraction(date(from), date(to));
            let yearly = Fraction::new(i128::from(rate.millionths()), 1_000_000);
            let exact = principal.try_mul(yearly).and_then(|interest| interest.try_mul(share));
            exact.expect("small numbers").round(Rounding::HalfUp)
        };
        assert_eq!(interest(DayCount::Actual360, "2026-01-01", "2026-02-15"), 22_500);
        assert_eq!(interest(DayCount::WholeMonths, "2026-01-01", "2026-02-16"), 22_500);
        assert_eq!(interest(DayCount::WholeMonths, "2026-01-01", "2027-01-01"), 180_000);
        assert_eq!(interest(DayCount::Actual360, "2026-01-01", "2027-01-01"), 182_500);
        assert_eq!(interest(DayCount::Actual360, "2024-01-01", "2025-01-01"), 183_000);
    }

    #[test]
    fn months_are_counted_forward_and_full_on_a_short_months_last_day() {
        assert_eq!(months_and_days(date("2025-01-31"), date("2025-02-28")), (1, 0));
        assert_eq!(months_and_days(date("2025-01-31"), date("2025-03-01")), (1, 1));
        assert_eq!(months_and_days(date("2025-01-10"), date("2025-03-09")), (1, 27));
        assert_eq!(plus_months(date("2025-03-31"), -1), date("2025-02-28"));
    }
}

//! Days and moments, three kinds that do not mix: [`Date`], [`BusinessDate`] and [`Timestamp`].
//!
//! None of them is ever read from a clock here; whoever calls says which day it is.

use crate::wording;
use crate::wording::Wording;
use std::fmt;

use jiff::civil;

/// A calendar day, counted from 1970-01-01. Due dates, value dates and birthdays are dates.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(i32);

/// The day the books are on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BusinessDate(pub Date);

/// A moment: microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// The text is not a day of the calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DateError {
    /// What was given.
    pub text: String,
}

impl DateError {
    /// What is wrong and what would be right, in both languages.
    #[must_use]
    pub fn wording(&self) -> Wording {
        wording!(
            "日期“{}”不存在；请写成 2026-02-28 的形式",
            "date {:?} is not a day of the calendar; write it as 2026-02-28",
            self.text
        )
    }
}

impl fmt::Display for DateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.wording().en)
    }
}

impl std::error::Error for DateError {}

impl From<DateError> for Wording {
    fn from(error: DateError) -> Self {
        error.wording()
    }
}

const EPOCH: civil::Date = civil::date(1970, 1, 1);

impl Date {
    /// A day so late that nothing happens on it: year 9999, end. Stands for "no event to come".
    pub const NEVER: Self = Self(2_932_896);

    /// The day `days` after 1970-01-01.
    #[must_use]
    pub const fn from_days(days: i32) -> Self {
        Self(days)
    }

    /// Days since 1970-01-01.
    #[must_use]
    pub const fn days(self) -> i32 {
        self.0
    }

    /// Reads `YYYY-MM-DD`.
    ///
    /// # Errors
    /// [`DateError`] for another form, and for a day that the calendar lacks, such as 2026-02-30.
    pub fn parse(text: &str) -> Result<Self, DateError> {
        let complaint = || DateError { text: text.to_owned() };
        let form_is_right = text.len() == 10
            && text.bytes().enumerate().all(|(index, byte)| match index {
                4 | 7 => byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        if !form_is_right {
            return Err(complaint());
        }
        let number = |range: std::ops::Range<usize>| text[range].parse::<i16>();
        let (year, month, day) = match (number(0..4), number(5..7), number(8..10)) {
            (Ok(year), Ok(month), Ok(day)) => (year, month, day),
            _ => return Err(complaint()),
        };
        let in_range = i8::try_from(month).ok().zip(i8::try_from(day).ok());
        let (month, day) = in_range.ok_or_else(complaint)?;
        civil::Date::new(year, month, day).map(Self::from_civil).map_err(|_| complaint())
    }

    /// The day in jiff's form.
    #[must_use]
    pub fn from_civil(date: civil::Date) -> Self {
        let hours = date.duration_since(EPOCH).as_hours();
        Self(i32::try_from(hours / 24).unwrap_or(i32::MAX))
    }

    /// The day as jiff's civil date.
    #[must_use]
    pub fn civil(self) -> civil::Date {
        let span = jiff::Span::new().days(i64::from(self.0));
        EPOCH.checked_add(span).unwrap_or(civil::Date::MAX)
    }

    /// The day `days` later (earlier when negative).
    #[must_use]
    pub const fn plus_days(self, days: i32) -> Self {
        Self(self.0.saturating_add(days))
    }

    /// Days from `earlier` to this day; negative when this day is the earlier one.
    #[must_use]
    pub const fn days_since(self, earlier: Self) -> i32 {
        self.0 - earlier.0
    }

    /// Year, month 1-12, day 1-31.
    #[must_use]
    pub fn year_month_day(self) -> (i16, i8, i8) {
        let date = self.civil();
        (date.year(), date.month(), date.day())
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.year_month_day();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for BusinessDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for BusinessDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Timestamp {
    /// The moment `micros` after 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// The moment `seconds` later.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1_000_000)))
    }

    /// The moment at which the clock of `zone` shows `hour:minute` on `date`.
    ///
    /// Where the clock skips that time (daylight saving), the moment just after the gap.
    #[must_use]
    pub fn at(date: Date, hour: i8, minute: i8, zone: &jiff::tz::TimeZone) -> Self {
        let civil = date.civil().at(hour, minute, 0, 0);
        let moment = zone.to_ambiguous_zoned_datetime(civil).compatible();
        Self(moment.map_or(i64::MAX, |zoned| zoned.timestamp().as_microsecond()))
    }

    /// The civil time of `zone` at this moment.
    #[must_use]
    pub fn civil(self, zone: &jiff::tz::TimeZone) -> civil::DateTime {
        let moment = jiff::Timestamp::from_microsecond(self.0).unwrap_or(jiff::Timestamp::MAX);
        zone.to_datetime(moment)
    }

    /// The day that the calendar of `zone` shows at this moment.
    #[must_use]
    pub fn date_in(self, zone: &jiff::tz::TimeZone) -> Date {
        Date::from_civil(self.civil(zone).date())
    }
}

/// RFC 3339 in UTC, to the second.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = jiff::Timestamp::from_microsecond(self.0).unwrap_or(jiff::Timestamp::MAX);
        write!(f, "{}", moment.strftime("%Y-%m-%dT%H:%M:%SZ"))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A day of the month as a contract states it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MonthDay {
    /// The 1st to the 31st; a month without that day uses its last day.
    Day(i8),
    /// The last day of the month.
    Last,
}

impl MonthDay {
    /// The day in the month of `year` and `month` (1-12).
    #[must_use]
    pub fn in_month(self, year: i16, month: i8) -> Date {
        let first = civil::Date::new(year, month, 1).unwrap_or(civil::Date::MAX);
        let length = first.days_in_month();
        let day = match self {
            Self::Day(day) => day.clamp(1, length),
            Self::Last => length,
        };
        Date::from_civil(first).plus_days(i32::from(day) - 1)
    }

    /// The first such day strictly after `date`.
    #[must_use]
    pub fn next_after(self, date: Date) -> Date {
        let (year, month, _) = date.year_month_day();
        let candidate = self.in_month(year, month);
        if candidate > date {
            return candidate;
        }
        if month == 12 { self.in_month(year + 1, 1) } else { self.in_month(year, month + 1) }
    }
}

impl fmt::Display for MonthDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(day) => write!(f, "{day}"),
            Self::Last => f.write_str("last"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(text: &str, expected: Expect) {
        expected.assert_eq(&match Date::parse(text) {
            Ok(date) => format!("{date} is day {}", date.days()),
            Err(error) => error.to_string(),
        });
    }

    #[test]
    fn only_days_of_the_calendar_are_dates() {
        check("1970-01-01", expect!["1970-01-01 is day 0"]);
        check("2026-02-28", expect!["2026-02-28 is day 20512"]);
        check("9999-12-31", expect!["9999-12-31 is day 2932896"]);
        check(
            "2026-02-30",
            expect![[r#"date "2026-02-30" is not a day of the calendar; write it as 2026-02-28"#]],
        );
        check(
            "20260228",
            expect![[r#"date "20260228" is not a day of the calendar; write it as 2026-02-28"#]],
        );
        check(
            "2026-2-8",
            expect![[r#"date "2026-2-8" is not a day of the calendar; write it as 2026-02-28"#]],
        );
    }

    #[test]
    fn a_month_day_clamps_to_short_months_and_rolls_over_the_year() {
        let next = |day: MonthDay, after: &str| {
            day.next_after(Date::parse(after).expect("a day of the calendar")).to_string()
        };
        expect!["2024-02-29"].assert_eq(&next(MonthDay::Day(31), "2024-01-31"));
        expect!["2025-02-28"].assert_eq(&next(MonthDay::Last, "2025-01-31"));
        expect!["2026-01-10"].assert_eq(&next(MonthDay::Day(10), "2025-12-10"));
        expect!["2025-12-10"].assert_eq(&next(MonthDay::Day(10), "2025-12-09"));
    }
}

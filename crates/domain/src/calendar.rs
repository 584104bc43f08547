//! Working days: weekends, holidays and the days that make up for them, from dated data.
//!
//! Promises that a day of a year without data is never guessed unless the calendar says so
//! ([`BeyondData`]). A year's notice may change late December of the year before, so days are looked up by
//! date, whichever notice they came from.

use crate::wording;
use crate::wording::Wording;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::contact::code_enum;
use crate::date::Date;
use crate::day_count::days_in_month;

code_enum! {
    /// What a notice makes of a day.
    DayKind {
        /// A statutory holiday (放假).
        Holiday = "holiday",
        /// A weekend day on which work is made up for (调休上班).
        MakeUpWorkday = "make_up_workday",
    }
}

code_enum! {
    /// What to do about a day of a year that the data does not cover.
    BeyondData {
        /// Refuse; the notice of that year must be added first.
        Refuse = "refuse",
        /// Take Saturdays and Sundays as the only days off.
        WeekendsOnly = "weekends_only",
    }
}

code_enum! {
    /// Where a due date goes that falls on a day off.
    WorkdayShift {
        /// It stays.
        None = "none",
        /// To the next working day.
        Following = "following",
        /// To the next working day, but to the one before when the next lies in another month.
        ModifiedFollowing = "modified_following",
        /// To the working day before.
        Preceding = "preceding",
    }
}

/// A working-day calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    years: BTreeSet<i16>,
    days: BTreeMap<Date, DayKind>,
    beyond: BeyondData,
}

/// Why a calendar has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CalendarError {
    /// The data does not cover the year.
    NoData {
        /// The day that was asked for.
        date: Date,
        /// The last year covered, if any.
        last_year: Option<i16>,
    },
    /// One day has two meanings.
    Contradiction {
        /// The day.
        date: Date,
    },
    /// Nothing but days off for a whole year.
    NoWorkday {
        /// Where the search began.
        date: Date,
    },
}

impl CalendarError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoData { .. } => "calendar.no_data",
            Self::Contradiction { .. } => "calendar.contradiction",
            Self::NoWorkday { .. } => "calendar.no_workday",
        }
    }
}

impl CalendarError {
    /// What is wrong and what would be right, in both languages.
    #[must_use]
    pub fn wording(&self) -> Wording {
        match self {
            Self::NoData { date, last_year: Some(year) } => wording!(
                "{date} 没有节假日数据：日历只到 {year} 年；请补充该年的放假安排，或让日历在数据之外只按周末计算",
                "no holiday data for {date}: the calendar ends with {year}; add that year's notice, or let the \
                 calendar take weekends only beyond its data"
            ),
            Self::NoData { date, last_year: None } => {
                wording!(
                    "{date} 没有节假日数据：日历不含任何年份",
                    "no holiday data for {date}: the calendar covers no year at all"
                )
            }
            Self::Contradiction { date } => {
                wording!(
                    "{date} 既列为节假日，又列为调休上班日",
                    "{date} is given both as a holiday and as a make-up working day"
                )
            }
            Self::NoWorkday { date } => {
                wording!("{date} 前后一年内没有工作日", "no working day within a year of {date}")
            }
        }
    }
}

impl fmt::Display for CalendarError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.wording().en)
    }
}

impl std::error::Error for CalendarError {}

impl From<CalendarError> for Wording {
    fn from(error: CalendarError) -> Self {
        error.wording()
    }
}

/// How far a search for a working day goes.
const SEARCH_DAYS_MAX: i32 = 366;

impl Calendar {
    /// A calendar that covers `years` in full; `days` are all their exceptions to Monday to Friday.
    ///
    /// # Errors
    /// [`CalendarError::Contradiction`] when a day is given twice with different meanings.
    pub fn try_new(
        years: impl IntoIterator<Item = i16>,
        days: impl IntoIterator<Item = (Date, DayKind)>,
        beyond: BeyondData,
    ) -> Result<Self, CalendarError> {
        let mut known = BTreeMap::new();
        for (date, kind) in days {
            if known.insert(date, kind).is_some_and(|earlier| earlier != kind) {
                return Err(CalendarError::Contradiction { date });
            }
        }
        Ok(Self { years: years.into_iter().collect(), days: known, beyond })
    }

    /// Monday to Friday in every year.
    #[must_use]
    pub const fn weekends_only() -> Self {
        Self { years: BTreeSet::new(), days: BTreeMap::new(), beyond: BeyondData::WeekendsOnly }
    }

    /// The years whose notices are in the data.
    pub fn years(&self) -> impl Iterator<Item = i16> {
        self.years.iter().copied()
    }

    /// Whether `date` is a working day.
    ///
    /// # Errors
    /// [`CalendarError::NoData`] beyond the data, unless the calendar takes weekends only there.
    pub fn is_workday(&self, date: Date) -> Result<bool, CalendarError> {
        if let Some(kind) = self.days.get(&date) {
            return Ok(*kind == DayKind::MakeUpWorkday);
        }
        let (year, _, _) = date.year_month_day();
        if self.beyond == BeyondData::Refuse && !self.years.contains(&year) {
            return Err(CalendarError::NoData { date, last_year: self.years.last().copied() });
        }
        Ok(!is_weekend(date))
    }

    /// The first working day strictly after `date`.
    ///
    /// # Errors
    /// As [`Calendar::is_workday`], and [`CalendarError::NoWorkday`].
    pub fn next_workday(&self, date: Date) -> Result<Date, CalendarError> {
        self.search(date, 1)
    }

    /// The last working day strictly before `date`.
    ///
    /// # Errors
    /// As [`Calendar::next_workday`].
    pub fn previous_workday(&self, date: Date) -> Result<Date, CalendarError> {
        self.search(date, -1)
    }

    /// The working day that is `count` working days after `date` (before it when negative); `date` itself
    /// for 0, whatever it is.
    ///
    /// # Errors
    /// As [`Calendar::next_workday`].
    pub fn plus_workdays(&self, date: Date, count: i32) -> Result<Date, CalendarError> {
        (0..count.unsigned_abs()).try_fold(date, |date, _| self.search(date, count.signum()))
    }

    /// How many working days `year` has.
    ///
    /// # Errors
    /// As [`Calendar::is_workday`].
    pub fn workdays_in_year(&self, year: i16) -> Result<u32, CalendarError> {
        let mut count = 0;
        for month in 1..=12 {
            for day in 1..=days_in_month(year, month) {
                let date = crate::date::MonthDay::Day(day).in_month(year, month);
                count += u32::from(self.is_workday(date)?);
            }
        }
        Ok(count)
    }

    /// Where `date` goes under `shift`; a working day stays.
    ///
    /// # Errors
    /// As [`Calendar::next_workday`].
    pub fn shifted(&self, date: Date, shift: WorkdayShift) -> Result<Date, CalendarError> {
        if shift == WorkdayShift::None || self.is_workday(date)? {
            return Ok(date);
        }
        let following = || self.next_workday(date);
        match shift {
            WorkdayShift::None => Ok(date),
            WorkdayShift::Following => following(),
            WorkdayShift::Preceding => self.previous_workday(date),
            WorkdayShift::ModifiedFollowing => {
                let next = following()?;
                let is_other_month = next.year_month_day().1 != date.year_month_day().1;
                if is_other_month { self.previous_workday(date) } else { Ok(next) }
            }
        }
    }

    fn search(&self, date: Date, step: i32) -> Result<Date, CalendarError> {
        for distance in 1..=SEARCH_DAYS_MAX {
            let candidate = date.plus_days(step * distance);
            if self.is_workday(candidate)? {
                return Ok(candidate);
            }
        }
        Err(CalendarError::NoWorkday { date })
    }
}

/// Saturday or Sunday. Day 0, 1970-01-01, was a Thursday.
fn is_weekend(date: Date) -> bool {
    matches!((date.days() + 3).rem_euclid(7), 5 | 6)
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn date(text: &str) -> Date {
        Date::parse(text).expect("a day of the calendar")
    }

    /// National Day 2026 with its make-up days, and nothing else: enough to walk around a holiday.
    fn autumn(beyond: BeyondData) -> Calendar {
        let holidays = (1..=7).map(|day| (date(&format!("2026-10-0{day}")), DayKind::Holiday));
        let made_up = ["2026-09-20", "2026-10-10"].map(|day| (date(day), DayKind::MakeUpWorkday));
        Calendar::try_new([2026], holidays.chain(made_up), beyond).expect("no day twice")
    }

    fn check(calendar: &Calendar, day: &str, expected: Expect) {
        let shown = |answer: Result<Date, CalendarError>| match answer {
            Ok(date) => date.to_string(),
            Err(error) => format!("{}: {error}", error.code()),
        };
        let lines = WorkdayShift::ALL
            .iter()
            .map(|shift| format!("{shift}: {}", shown(calendar.shifted(date(day), *shift))));
        expected.assert_eq(&format!("{}\n", lines.collect::<Vec<_>>().join("\n")));
    }

    #[test]
    fn a_due_date_on_a_day_off_moves_as_the_shift_says() {
        let calendar = autumn(BeyondData::Refuse);
        check(
            &calendar,
            "2026-10-03",
            expect![[r#"
                none: 2026-10-03
                following: 2026-10-08
                modified_following: 2026-10-08
                preceding: 2026-09-30
            "#]],
        );
        check(
            &calendar,
            "2026-10-31",
            expect![[r#"
                none: 2026-10-31
                following: 2026-11-02
                modified_following: 2026-10-30
                preceding: 2026-10-30
            "#]],
        );
        // A Saturday on which work is made up for.
        check(
            &calendar,
            "2026-10-10",
            expect![[r#"
                none: 2026-10-10
                following: 2026-10-10
                modified_following: 2026-10-10
                preceding: 2026-10-10
            "#]],
        );
    }

    #[test]
    fn a_year_without_data_is_refused_unless_the_calendar_says_weekends_only() {
        check(
            &autumn(BeyondData::Refuse),
            "2027-05-01",
            expect![[r#"
                none: 2027-05-01
                following: calendar.no_data: no holiday data for 2027-05-01: the calendar ends with 2026; add that year's notice, or let the calendar take weekends only beyond its data
                modified_following: calendar.no_data: no holiday data for 2027-05-01: the calendar ends with 2026; add that year's notice, or let the calendar take weekends only beyond its data
                preceding: calendar.no_data: no holiday data for 2027-05-01: the calendar ends with 2026; add that year's notice, or let the calendar take weekends only beyond its data
            "#]],
        );
        check(
            &autumn(BeyondData::WeekendsOnly),
            "2027-05-01",
            expect![[r#"
                none: 2027-05-01
                following: 2027-05-03
                modified_following: 2027-05-03
                preceding: 2027-04-30
            "#]],
        );
    }

    #[test]
    fn workdays_are_counted_over_holidays_and_back() {
        let calendar = autumn(BeyondData::Refuse);
        assert_eq!(calendar.plus_workdays(date("2026-09-30"), 1), Ok(date("2026-10-08")));
        assert_eq!(calendar.plus_workdays(date("2026-10-08"), -1), Ok(date("2026-09-30")));
        assert_eq!(calendar.plus_workdays(date("2026-10-03"), 0), Ok(date("2026-10-03")));
    }

    #[test]
    fn a_day_with_two_meanings_is_refused() {
        let day = date("2026-10-01");
        let twice = [(day, DayKind::Holiday), (day, DayKind::MakeUpWorkday)];
        let answer = Calendar::try_new([2026], twice, BeyondData::Refuse);
        assert_eq!(answer, Err(CalendarError::Contradiction { date: day }));
    }
}

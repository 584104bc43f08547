//! The schedule of a plan: which instalment is due when, and what it is made of.
//!
//! [`schedule`] is a pure function of [`ScheduleTerms`] and a working-day calendar. All arithmetic is exact
//! until the one rounding of each amount; principal parts always sum to the principal, the last instalment
//! takes the residue. Where a working day or an odd first period decides, the terms name the treatment.

mod amounts;
mod change;
#[cfg(test)]
mod change_tests;
mod dates;
mod error;
mod interest;
mod payoff;
mod plan;
#[cfg(test)]
mod tests;

use crate::calendar::{Calendar, WorkdayShift};
use crate::contact::code_enum;
use crate::date::{Date, MonthDay};
use crate::day_count::DayCount;
use crate::money::{Money, Rate, Rounding};

pub use change::{Ahead, NewTerms, Preview, pay_ahead, reamortise, reschedule};
pub use dates::{PeriodDates, period_dates};
pub use error::ScheduleError;
pub use interest::{AccruedInterest, Balance, PeriodInterest};
pub use payoff::{Payoff, Quote, QuoteError, payoff};
pub use plan::{EarlyPayoff, PlanTerms};

/// Most instalments of one plan: fifty years of months.
pub const COUNT_MAX: u32 = 600;

code_enum! {
    /// How principal and interest spread over the instalments.
    Method {
        /// Principal in equal parts; fee, or interest on the original principal, the same every period.
        Flat = "flat",
        /// Equal instalments of interest on the balance and the rest principal (等额本息).
        EqualPayment = "equal_payment",
        /// Equal parts of principal, interest on the balance (等额本金).
        EqualPrincipal = "equal_principal",
        /// Interest every period, the principal with the last instalment (先息后本).
        InterestOnly = "interest_only",
        /// One payment of everything at the end of the last period (到期一次还本付息).
        Bullet = "bullet",
    }
}

code_enum! {
    /// What a due date becomes in a month that lacks its day.
    MonthEnd {
        /// The last day of that month.
        Clamp = "clamp",
        /// The first day of the next month.
        RollToFirst = "roll_to_first",
    }
}

code_enum! {
    /// Up to which day a period's interest runs when a working-day shift moves its due date.
    InterestRuns {
        /// To the day of the contract, whether or not payment moves (unadjusted).
        ToContractDay = "to_contract_day",
        /// To the day on which payment is due (adjusted).
        ToDueDay = "to_due_day",
    }
}

code_enum! {
    /// What interest an odd first period costs.
    OddFirst {
        /// As much as a whole period, whatever its length.
        WholePeriod = "whole_period",
        /// By its length: whole periods, and the odd days as a share of a period (or by the day count). The
        /// equal instalment knows of it.
        ByLength = "by_length",
        /// By its length, but the difference to a whole period is put on top of the first instalment.
        OnTop = "on_top",
    }
}

code_enum! {
    /// Which interest the equal instalment is computed from.
    EqualPaymentFrom {
        /// From every period's own share of a year.
        EachPeriod = "each_period",
        /// From the first period's share, as if all were like it.
        FirstPeriod = "first_period",
        /// From a regular period's share, whatever the first one is.
        RegularPeriod = "regular_period",
    }
}

code_enum! {
    /// What happens to the residue of rounding the equal instalment.
    Residue {
        /// It is in the last instalment.
        Last = "last",
        /// The instalment is corrected, at most three times, while that brings the last one closer to it;
        /// what is left is in the last instalment.
        Smoothed = "smoothed",
    }
}

/// The distance from one due date to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// So many days.
    Days(u32),
    /// So many weeks.
    Weeks(u32),
    /// So many months.
    Months(u32),
}

/// How a period's share of a year is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accrual {
    /// A month is a twelfth, a week a 52nd, a day a 365th, however long they are in the calendar.
    SamePeriod,
    /// By days.
    Daily(DayCount),
}

/// When instalments are due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueDates {
    /// The first due date; one period after the start when left out.
    pub first_due_on: Option<Date>,
    /// The day of the month that monthly due dates aim at; that of the first due date, or of the start, when
    /// left out.
    pub due_day: Option<MonthDay>,
    /// What becomes of it in a shorter month.
    pub month_end: MonthEnd,
    /// What becomes of a due date on a day off.
    pub shift: WorkdayShift,
    /// Whether interest follows the shift.
    pub interest_runs: InterestRuns,
}

/// Periods at the start in which less is due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Grace {
    /// First periods without principal.
    pub principal_periods: u32,
    /// First periods whose interest is due with the first instalment after them.
    pub interest_deferred_periods: u32,
    /// First periods without interest.
    pub interest_free_periods: u32,
}

/// A time without interest. It is counted like a period: from a day, to the day on which interest runs again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InterestPause {
    /// Interest stops on this day.
    pub from: Date,
    /// Interest runs again from this day.
    pub to: Date,
}

/// The terms of one plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleTerms {
    /// The amount that is split.
    pub principal: Money,
    /// How it is split.
    pub method: Method,
    /// Interest a year.
    pub interest_per_year: Rate,
    /// Fee (分期手续费) per period, a share of the original principal, the same for an odd first period.
    pub fee_per_period: Rate,
    /// Number of periods, 1 to [`COUNT_MAX`].
    pub count: u32,
    /// Their length.
    pub period: Period,
    /// The day from which interest runs.
    pub starts_on: Date,
    /// Due dates.
    pub due: DueDates,
    /// Share of a year of a period.
    pub accrual: Accrual,
    /// Treatment of an odd first period.
    pub odd_first: OddFirst,
    /// Periods with less due.
    pub grace: Grace,
    /// Days without interest. The equal instalment is computed as if there were none.
    pub pauses: Vec<InterestPause>,
    /// Where the equal instalment comes from.
    pub equal_payment_from: EqualPaymentFrom,
    /// Equal instalments are whole multiples of this; unequal ones ([`Method::EqualPrincipal`] and the like)
    /// are not touched.
    pub multiple: Option<Money>,
    /// Where the residue of the equal instalment goes.
    pub residue: Residue,
    /// How fractions of a minor unit, and of a multiple, become whole.
    pub rounding: Rounding,
}

/// One instalment (期).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instalment {
    /// 1, 2, …
    pub number: u32,
    /// The day from which its interest runs.
    pub from: Date,
    /// The day to which its interest runs.
    pub to: Date,
    /// The day it is due.
    pub due_on: Date,
    /// Calendar days of the period.
    pub days: i32,
    /// Principal due.
    pub principal: Money,
    /// Interest due.
    pub interest: Money,
    /// Fee due.
    pub fee: Money,
    /// Principal still to come.
    pub balance_after: Money,
}

/// All instalments of a plan, at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// In order of their due dates.
    pub rows: Vec<Instalment>,
}

impl Instalment {
    /// Principal, interest and fee together.
    #[must_use]
    pub fn total(&self) -> Money {
        let minor = self.principal.minor() + self.interest.minor() + self.fee.minor();
        Money::new(minor, self.principal.currency())
    }
}

impl Schedule {
    /// All principal; equals the principal of the terms.
    #[must_use]
    pub fn principal(&self) -> Money {
        self.sum(|row| row.principal)
    }

    /// All interest.
    #[must_use]
    pub fn interest(&self) -> Money {
        self.sum(|row| row.interest)
    }

    /// All fees.
    #[must_use]
    pub fn fee(&self) -> Money {
        self.sum(|row| row.fee)
    }

    /// Everything.
    #[must_use]
    pub fn total(&self) -> Money {
        self.sum(Instalment::total)
    }

    fn sum(&self, part: impl Fn(&Instalment) -> Money) -> Money {
        let currency = self.rows[0].principal.currency();
        Money::new(self.rows.iter().map(|row| part(row).minor()).sum(), currency)
    }
}

impl InterestPause {
    /// The pause whose days, both included, cost nothing, where a day's interest is that of the night after
    /// it (算头不算尾: the first day counts, the last does not).
    #[must_use]
    pub const fn of_days(first: Date, last: Date) -> Self {
        Self { from: first, to: last.plus_days(1) }
    }

    /// The pause whose days, both included, cost nothing, where a day's interest is that of the night before
    /// it (算尾不算头).
    #[must_use]
    pub const fn of_days_counted_at_their_start(first: Date, last: Date) -> Self {
        Self { from: first.plus_days(-1), to: last }
    }
}

impl DueDates {
    /// One period after another, short months clamped, no shift.
    pub const REGULAR: Self = Self {
        first_due_on: None,
        due_day: None,
        month_end: MonthEnd::Clamp,
        shift: WorkdayShift::None,
        interest_runs: InterestRuns::ToContractDay,
    };
}

impl ScheduleTerms {
    /// Monthly instalments from `starts_on` without cost, everything else the plainest: change what differs.
    #[must_use]
    pub fn monthly(principal: Money, method: Method, count: u32, starts_on: Date) -> Self {
        Self {
            principal,
            method,
            interest_per_year: Rate::ZERO,
            fee_per_period: Rate::ZERO,
            count,
            period: Period::Months(1),
            starts_on,
            due: DueDates::REGULAR,
            accrual: Accrual::SamePeriod,
            odd_first: OddFirst::ByLength,
            grace: Grace::default(),
            pauses: Vec::new(),
            equal_payment_from: EqualPaymentFrom::EachPeriod,
            multiple: None,
            residue: Residue::Last,
            rounding: Rounding::HalfEven,
        }
    }
}

/// The instalments under `terms`; `calendar` is asked only when the terms shift due dates.
///
/// # Errors
/// Every [`ScheduleError`]: what cannot be scheduled is refused, never bent into shape.
pub fn schedule(terms: &ScheduleTerms, calendar: &Calendar) -> Result<Schedule, ScheduleError> {
    error::check(terms)?;
    let dates = period_dates(terms, calendar)?;
    let shares = interest::shares(terms, &dates)?;
    let parts = amounts::parts(terms, &shares)?;
    let mut balance = terms.principal;
    let mut rows = Vec::with_capacity(dates.len());
    let from_one = 1..;
    for ((number, dates), parts) in from_one.zip(&dates).zip(parts) {
        balance = balance.try_sub(parts.principal)?;
        rows.push(Instalment {
            number,
            from: dates.from,
            to: dates.to,
            due_on: dates.due_on,
            days: dates.to.days_since(dates.from),
            principal: parts.principal,
            interest: parts.interest,
            fee: parts.fee,
            balance_after: balance,
        });
    }
    assert!(balance.is_zero(), "the principal of all instalments is the principal of the plan");
    Ok(Schedule { rows })
}

//! Closing a plan before its time: what it takes on a day, and a quote that holds.
//!
//! Instalments that are due on or before the day are not part of it; they are owed as they stand.

use crate::wording;
use crate::wording::Wording;
use std::fmt;

use crate::calendar::Calendar;
use crate::date::Date;
use crate::fraction::Fraction;
use crate::money::{Money, MoneyError};

use super::amounts::own_interest;
use super::interest::shares;
use super::{EarlyPayoff, Instalment, Schedule, ScheduleError, ScheduleTerms, period_dates};

/// What closes a plan on a day, besides instalments that are due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payoff {
    /// The day.
    pub on: Date,
    /// Principal of the instalments to come.
    pub principal: Money,
    /// Interest for the time that has passed.
    pub interest: Money,
    /// Fees that the terms still charge.
    pub fee: Money,
    /// Interest and fees of the schedule that are not charged any more.
    pub spared: Money,
}

impl Payoff {
    /// What has to be paid.
    ///
    /// # Errors
    /// When it does not fit.
    pub fn total(&self) -> Result<Money, MoneyError> {
        self.principal.try_add(self.interest)?.try_add(self.fee)
    }
}

/// What closes the plan on `on`, by `rule`. `schedule` is the one of `terms`.
///
/// # Errors
/// When an amount does not fit, or the calendar has no answer.
pub fn payoff(
    terms: &ScheduleTerms,
    schedule: &Schedule,
    calendar: &Calendar,
    on: Date,
    rule: EarlyPayoff,
) -> Result<Payoff, ScheduleError> {
    let none = Money::zero(terms.principal.currency());
    let sum = |parts: Vec<Money>| parts.into_iter().try_fold(none, Money::try_add);
    let to_come = || schedule.rows.iter().filter(|row| row.due_on > on);
    let principal = sum(to_come().map(|row| row.principal).collect())?;
    let whole_period = rule == EarlyPayoff::PeriodBegun;
    let accrued = accrued_interest(terms, schedule, calendar, on, whole_period)?;
    let charged = sum(schedule.rows.iter().filter(|row| row.due_on <= on).map(|row| row.interest).collect())?;
    let interest = accrued.try_sub(charged)?;
    let fee = sum(to_come().map(|row| fee_until(terms, row, on, rule)).collect::<Result<_, _>>()?)?;
    let scheduled = sum(to_come().map(|row| row.interest).collect())?
        .try_add(sum(to_come().map(|row| row.fee).collect())?)?;
    let spared = scheduled.try_sub(interest)?.try_sub(fee)?;
    Ok(Payoff { on, principal, interest, fee, spared })
}

/// The share of a row's days that have passed on `on`.
fn passed(row: &Instalment, on: Date) -> Fraction {
    let days = on.min(row.to).days_since(row.from).max(0);
    if on >= row.to {
        Fraction::whole(1)
    } else {
        Fraction::new(i128::from(days), i128::from(row.days.max(1)))
    }
}

/// All interest from the start of the plan to `on`, due or put off; with `whole_period` the period that has
/// begun counts in full.
pub(super) fn accrued_interest(
    terms: &ScheduleTerms,
    schedule: &Schedule,
    calendar: &Calendar,
    on: Date,
    whole_period: bool,
) -> Result<Money, ScheduleError> {
    let shares = shares(terms, &period_dates(terms, calendar)?)?;
    let mut accrued = Money::zero(terms.principal.currency());
    for (index, row) in schedule.rows.iter().enumerate().filter(|(_, row)| row.from < on) {
        let part = if whole_period { Fraction::whole(1) } else { passed(row, on) };
        let before = row.balance_after.try_add(row.principal)?;
        accrued = accrued.try_add(own_interest(terms, &shares, index, before, part)?)?;
    }
    Ok(accrued)
}

/// What is charged of a row's fee when the plan closes on `on`.
fn fee_until(
    terms: &ScheduleTerms,
    row: &Instalment,
    on: Date,
    rule: EarlyPayoff,
) -> Result<Money, ScheduleError> {
    let minor = i128::from(row.fee.minor());
    let by_days = Fraction::whole(minor).try_mul(passed(row, on)).ok_or(MoneyError::Overflow)?;
    let charged = match rule {
        EarlyPayoff::RemainingFees => minor,
        EarlyPayoff::PeriodBegun if row.from < on => minor,
        EarlyPayoff::PeriodBegun => 0,
        EarlyPayoff::ActualTime => by_days.round(terms.rounding),
    };
    let charged = i64::try_from(charged).map_err(|_| MoneyError::Overflow)?;
    Ok(Money::new(charged, row.fee.currency()))
}

/// A payoff that holds for some days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote {
    /// What was quoted, on its day.
    pub payoff: Payoff,
    /// The last day on which it closes the plan.
    pub holds_through: Date,
}

/// Why a quote does not close a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuoteError {
    /// It cannot end before its own day.
    EndsBeforeItBegins {
        /// The day of the quote.
        on: Date,
        /// The last day asked for.
        holds_through: Date,
    },
    /// The payment came after the last day.
    Expired {
        /// The day of the payment.
        paid_on: Date,
        /// The last day.
        held_through: Date,
    },
    /// The payment is dated before the quote.
    BeforeQuote {
        /// The day of the payment.
        paid_on: Date,
        /// The day of the quote.
        on: Date,
    },
    /// Less came in than was quoted.
    TooLittle {
        /// What came in.
        paid: Money,
        /// What was quoted.
        quoted: Money,
    },
}

impl QuoteError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::EndsBeforeItBegins { .. } => "quote.ends_before_it_begins",
            Self::Expired { .. } => "quote.expired",
            Self::BeforeQuote { .. } => "quote.before_quote",
            Self::TooLittle { .. } => "quote.too_little",
        }
    }
}

impl QuoteError {
    /// What is wrong and what would be right, in both languages.
    #[must_use]
    pub fn wording(&self) -> Wording {
        match self {
            Self::EndsBeforeItBegins { on, holds_through } => {
                wording!(
                    "{on} 的报价不能只到 {holds_through} 有效；请填当日或更晚的日期",
                    "a quote of {on} cannot hold through {holds_through}; give that day or a later one"
                )
            }
            Self::Expired { paid_on, held_through } => {
                wording!(
                    "报价有效期至 {held_through}，而还款日为 {paid_on}；请重新询价",
                    "the quote held through {held_through}, the payment is of {paid_on}; ask for a new quote"
                )
            }
            Self::BeforeQuote { paid_on, on } => {
                wording!(
                    "{paid_on} 的还款早于 {on} 的报价；请询该日的报价",
                    "the payment of {paid_on} is before the quote of {on}; ask for a quote of that day"
                )
            }
            Self::TooLittle { paid, quoted } => {
                wording!(
                    "{paid} 不足以结清分期；报价为 {quoted}",
                    "{paid} does not close the plan; the quote is {quoted}"
                )
            }
        }
    }
}

impl fmt::Display for QuoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.wording().en)
    }
}

impl std::error::Error for QuoteError {}

impl Quote {
    /// A quote of the payoff's day that holds through another.
    ///
    /// # Errors
    /// [`QuoteError::EndsBeforeItBegins`].
    pub fn try_new(payoff: Payoff, holds_through: Date) -> Result<Self, QuoteError> {
        if holds_through < payoff.on {
            return Err(QuoteError::EndsBeforeItBegins { on: payoff.on, holds_through });
        }
        Ok(Self { payoff, holds_through })
    }

    /// Whether `paid` on `paid_on` closes the plan; what is above the quote is for the caller to give back.
    ///
    /// # Errors
    /// [`QuoteError`].
    pub fn check(&self, paid_on: Date, paid: Money) -> Result<(), QuoteError> {
        if paid_on > self.holds_through {
            return Err(QuoteError::Expired { paid_on, held_through: self.holds_through });
        }
        if paid_on < self.payoff.on {
            return Err(QuoteError::BeforeQuote { paid_on, on: self.payoff.on });
        }
        let payoff = self.payoff;
        let quoted = payoff.principal.minor() + payoff.interest.minor() + payoff.fee.minor();
        let quoted = Money::new(quoted, payoff.principal.currency());
        if paid.currency() != quoted.currency() || paid.minor() < quoted.minor() {
            return Err(QuoteError::TooLittle { paid, quoted });
        }
        Ok(())
    }
}

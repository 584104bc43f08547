//! What cannot be scheduled, and why.

use crate::wording;
use crate::wording::Wording;
use std::fmt;

use crate::calendar::CalendarError;
use crate::date::Date;
use crate::money::{Money, MoneyError, Rate};

use super::{COUNT_MAX, Method, Period, ScheduleTerms};

/// Longest period, in its own unit.
const PERIOD_LENGTH_MAX: u32 = 366;
/// Largest rate: a thousandfold.
const RATE_MAX: Rate = Rate::from_millionths(1_000_000_000);

/// Why there is no schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScheduleError {
    /// Nothing, or less than nothing, is to be split.
    PrincipalNotPositive {
        /// The amount.
        principal: Money,
    },
    /// The number of instalments is not 1 to [`COUNT_MAX`].
    CountOutOfRange {
        /// The number asked for.
        count: u32,
    },
    /// The period is empty or longer than 366 of its units.
    PeriodOutOfRange {
        /// Days, weeks or months.
        length: u32,
    },
    /// A rate is negative or above a thousandfold.
    RateOutOfRange {
        /// `interest_per_year` or `fee_per_period`.
        field: &'static str,
        /// The rate.
        rate: Rate,
    },
    /// The first due date is not after the start.
    FirstDueNotAfterStart {
        /// The start.
        starts_on: Date,
        /// The first due date.
        first_due_on: Date,
    },
    /// No period is left to repay principal, or to charge the interest put off.
    GraceTooLong {
        /// `principal_periods`, `interest_deferred_periods` or `interest_free_periods`.
        field: &'static str,
        /// The number of periods.
        periods: u32,
        /// The most it may be.
        periods_max: u32,
    },
    /// A pause of interest ends before it begins, or lasts no day.
    PauseReversed {
        /// The day interest stops.
        from: Date,
        /// The day it runs again.
        to: Date,
    },
    /// The multiple is not above nothing, or in another currency.
    MultipleNotPositive {
        /// The multiple.
        multiple: Money,
    },
    /// Rounded to the multiple, the instalment would be nothing.
    MultipleAboveInstalment {
        /// The multiple.
        multiple: Money,
        /// The instalment before rounding.
        instalment: Money,
    },
    /// Rounded up to the multiple, the plan would be paid off before its last instalment.
    MultipleClosesEarly {
        /// The multiple.
        multiple: Money,
        /// The instalment after rounding.
        instalment: Money,
        /// The first instalment with nothing left to repay.
        number: u32,
    },
    /// The equal instalment does not cover the interest of a period, so the debt would grow.
    InstalmentBelowInterest {
        /// The equal instalment.
        instalment: Money,
        /// The interest of the period.
        interest: Money,
        /// The period.
        number: u32,
    },
    /// Grace, pauses or multiples that the method has no place for.
    NotWithMethod {
        /// The field of the terms.
        field: &'static str,
        /// The method.
        method: Method,
    },
    /// The working-day calendar has no answer.
    Calendar(CalendarError),
    /// An amount does not fit, or two currencies meet.
    Money(MoneyError),
}

impl From<CalendarError> for ScheduleError {
    fn from(error: CalendarError) -> Self {
        Self::Calendar(error)
    }
}

impl From<MoneyError> for ScheduleError {
    fn from(error: MoneyError) -> Self {
        Self::Money(error)
    }
}

impl ScheduleError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::PrincipalNotPositive { .. } => "schedule.principal_not_positive",
            Self::CountOutOfRange { .. } => "schedule.count_out_of_range",
            Self::PeriodOutOfRange { .. } => "schedule.period_out_of_range",
            Self::RateOutOfRange { .. } => "schedule.rate_out_of_range",
            Self::FirstDueNotAfterStart { .. } => "schedule.first_due_not_after_start",
            Self::GraceTooLong { .. } => "schedule.grace_too_long",
            Self::PauseReversed { .. } => "schedule.pause_reversed",
            Self::MultipleNotPositive { .. } => "schedule.multiple_not_positive",
            Self::MultipleAboveInstalment { .. } => "schedule.multiple_above_instalment",
            Self::MultipleClosesEarly { .. } => "schedule.multiple_closes_early",
            Self::InstalmentBelowInterest { .. } => "schedule.instalment_below_interest",
            Self::NotWithMethod { .. } => "schedule.not_with_method",
            Self::Calendar(error) => error.code(),
            Self::Money(_) => "schedule.amount_too_large",
        }
    }
}

impl ScheduleError {
    /// What is wrong and what would be right, in both languages.
    #[must_use]
    pub fn wording(&self) -> Wording {
        match self {
            Self::PrincipalNotPositive { principal } => {
                wording!(
                    "分期金额必须大于 0，而不是 {principal}",
                    "a plan splits an amount above 0, not {principal}"
                )
            }
            Self::CountOutOfRange { count } => {
                wording!(
                    "分期期数须为 1 至 {COUNT_MAX}，而不是 {count}",
                    "a plan has 1 to {COUNT_MAX} instalments, not {count}"
                )
            }
            Self::PeriodOutOfRange { length } => {
                wording!(
                    "每期长度须为 1 至 {PERIOD_LENGTH_MAX} 天、周或月，而不是 {length}",
                    "a period is 1 to {PERIOD_LENGTH_MAX} days, weeks or months long, not {length}"
                )
            }
            Self::RateOutOfRange { field, rate } => wording!(
                "{field} 须为 0% 至 {RATE_MAX}，而不是 {rate}",
                "{field} must be 0% to {RATE_MAX}, not {rate}"
            ),
            Self::FirstDueNotAfterStart { starts_on, first_due_on } => wording!(
                "首期还款日 {first_due_on} 不晚于起始日 {starts_on}；请填更晚的首个还款日",
                "the first instalment is due on {first_due_on}, not after the start on {starts_on}; give a \
                 later first due date"
            ),
            Self::GraceTooLong { field, periods, periods_max } => {
                wording!(
                    "{field} 为 {periods}，但该分期最多为 {periods_max}",
                    "{field} is {periods}, but this plan has room for {periods_max}"
                )
            }
            Self::PauseReversed { from, to } => {
                wording!(
                    "从 {from} 起的停息不能在 {to} 结束；请填更晚的结束日",
                    "a pause of interest from {from} cannot end on {to}; give a later end"
                )
            }
            Self::MultipleNotPositive { multiple } => {
                wording!(
                    "每期金额不能取 {multiple} 的整数倍；请填大于 0 的金额",
                    "instalments cannot be multiples of {multiple}; give an amount above 0"
                )
            }
            Self::MultipleAboveInstalment { multiple, instalment } => wording!(
                "每期 {instalment} 按 {multiple} 的整数倍取整后为零；请用更小的取整单位",
                "an instalment of {instalment} is nothing in multiples of {multiple}; give a smaller multiple"
            ),
            Self::MultipleClosesEarly { multiple, instalment, number } => wording!(
                "每期 {instalment} 按 {multiple} 取整后，第 {number} 期已无金额；请用更小的取整单位，或减少期数",
                "instalments of {instalment}, rounded to multiples of {multiple}, leave nothing for \
                 instalment {number}; give a smaller multiple or fewer instalments"
            ),
            Self::InstalmentBelowInterest { instalment, interest, number } => wording!(
                "每期 {instalment} 不足以覆盖第 {number} 期的利息 {interest}；请把首期零头另计，或用更小的取整单位",
                "an instalment of {instalment} does not cover the interest of {interest} in period {number}; \
                 put the odd first period on top, or give a smaller multiple"
            ),
            Self::NotWithMethod { field, method } => {
                wording!(
                    "还款方式 {method} 不适用 {field}；请不要填写",
                    "{field} has no meaning for the method {method}; leave it out"
                )
            }
            Self::Calendar(error) => error.wording(),
            Self::Money(error) => error.wording(),
        }
    }
}

impl fmt::Display for ScheduleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.wording().en)
    }
}

impl std::error::Error for ScheduleError {}

/// Refuses terms that no schedule can be made of.
pub(super) fn check(terms: &ScheduleTerms) -> Result<(), ScheduleError> {
    if !terms.principal.is_positive() {
        return Err(ScheduleError::PrincipalNotPositive { principal: terms.principal });
    }
    if !(1..=COUNT_MAX).contains(&terms.count) {
        return Err(ScheduleError::CountOutOfRange { count: terms.count });
    }
    let (Period::Days(length) | Period::Weeks(length) | Period::Months(length)) = terms.period;
    if !(1..=PERIOD_LENGTH_MAX).contains(&length) {
        return Err(ScheduleError::PeriodOutOfRange { length });
    }
    for (field, rate) in
        [("interest_per_year", terms.interest_per_year), ("fee_per_period", terms.fee_per_period)]
    {
        if !(Rate::ZERO..=RATE_MAX).contains(&rate) {
            return Err(ScheduleError::RateOutOfRange { field, rate });
        }
    }
    if let Some(multiple) = terms.multiple
        && (!multiple.is_positive() || multiple.currency() != terms.principal.currency())
    {
        return Err(ScheduleError::MultipleNotPositive { multiple });
    }
    if let Some(pause) = terms.pauses.iter().find(|pause| pause.to <= pause.from) {
        return Err(ScheduleError::PauseReversed { from: pause.from, to: pause.to });
    }
    check_grace(terms)
}

fn check_grace(terms: &ScheduleTerms) -> Result<(), ScheduleError> {
    let grace = terms.grace;
    let is_single = terms.method == Method::Bullet;
    for (field, periods, periods_max) in [
        ("principal_periods", grace.principal_periods, terms.count - 1),
        ("interest_deferred_periods", grace.interest_deferred_periods, terms.count - 1),
        ("interest_free_periods", grace.interest_free_periods, terms.count),
    ] {
        if periods > 0 && is_single {
            return Err(ScheduleError::NotWithMethod { field, method: terms.method });
        }
        if periods > periods_max {
            return Err(ScheduleError::GraceTooLong { field, periods, periods_max });
        }
    }
    Ok(())
}

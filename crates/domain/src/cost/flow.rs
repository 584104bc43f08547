//! Cash flows of a credit, and the rate at which what is repaid is worth what was lent.

use crate::wording;
use crate::wording::Wording;
use std::fmt;

use crate::date::Date;
use crate::fraction::Fraction;
use crate::money::{Money, Rate, Rounding};

/// Fixed-point scale of rates and discount factors: 10^18.
pub(super) const SCALE: i128 = 1_000_000_000_000_000_000;
/// Highest rate per unit-period that is looked for: a thousandfold.
const RATE_MAX: i128 = 1_000 * SCALE;

/// An amount on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CashFlow {
    /// The day.
    pub on: Date,
    /// The amount, above nothing.
    pub amount: Money,
}

/// What a year costs, by internal rate of return.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnnualCost {
    /// The rate per period times the periods of a year (单利, PBOC Announcement 〔2021〕3).
    pub nominal: Rate,
    /// The rate per period compounded over a year (复利, 内部收益率).
    pub effective: Rate,
}

/// Why there is no annual rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CostError {
    /// Nothing is lent, or nothing is repaid.
    NoFlow,
    /// An amount is not above nothing, or in another currency.
    NotPositive,
    /// A payment comes before anything is lent.
    PaidBeforeLent {
        /// The day of the payment.
        paid_on: Date,
        /// The day of the first advance.
        lent_on: Date,
    },
    /// Less is repaid than was lent.
    RepaidLessThanLent,
    /// More than a thousandfold per period, or amounts beyond all bounds.
    OutOfBounds,
}

impl CostError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoFlow => "cost.no_flow",
            Self::NotPositive => "cost.not_positive",
            Self::PaidBeforeLent { .. } => "cost.paid_before_lent",
            Self::RepaidLessThanLent => "cost.repaid_less_than_lent",
            Self::OutOfBounds => "cost.out_of_bounds",
        }
    }
}

impl CostError {
    /// What is wrong and what would be right, in both languages.
    #[must_use]
    pub fn wording(&self) -> Wording {
        match self {
            Self::NoFlow => wording!(
                "计算融资成本至少需要一笔放款和一笔还款",
                "a cost needs at least one advance and one payment"
            ),
            Self::NotPositive => wording!(
                "放款和还款须为同一币种、大于 0 的金额",
                "advances and payments are amounts above 0 of one currency"
            ),
            Self::PaidBeforeLent { paid_on, lent_on } => {
                wording!(
                    "{paid_on} 的还款早于 {lent_on} 的首笔放款",
                    "a payment on {paid_on} comes before the first advance on {lent_on}"
                )
            }
            Self::RepaidLessThanLent => wording!(
                "还款总额低于放款总额，无法计算融资成本",
                "less is repaid than was lent, so there is no cost"
            ),
            Self::OutOfBounds => {
                wording!("每期成本超过一千倍，超出可计算范围", "the cost is above a thousandfold per period")
            }
        }
    }
}

impl fmt::Display for CostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.wording().en)
    }
}

impl std::error::Error for CostError {}

/// An amount at a time counted in unit-periods since the first advance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimedFlow {
    /// Minor units.
    pub minor: i64,
    /// Full unit-periods.
    pub periods: u32,
    /// The rest of one, at least nothing and below one.
    pub odd: Fraction,
}

/// A rate per unit-period, scaled by 10^18.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeriodRate(i128);

fn scaled_product(left: i128, right: i128) -> i128 {
    Rounding::HalfEven.divide(left * right, SCALE)
}

/// `base^exponent` of a number scaled by 10^18 that is at most 1.
fn power(mut base: i128, mut exponent: u32) -> i128 {
    let mut result = SCALE;
    while exponent > 0 {
        if exponent % 2 == 1 {
            result = scaled_product(result, base);
        }
        base = scaled_product(base, base);
        exponent /= 2;
    }
    result
}

/// What `flows` are worth at the time of the first advance, scaled by 10^18: each amount over
/// `(1 + odd × rate)(1 + rate)^periods`, the equation of Regulation Z, Appendix J, (b)(8).
fn present_value(flows: &[TimedFlow], rate: i128) -> Option<i128> {
    let per_period = Rounding::HalfEven.divide(SCALE * SCALE, SCALE + rate);
    let (mut periods, mut discount, mut value) = (0, SCALE, 0_i128);
    for flow in flows {
        if flow.periods < periods {
            (periods, discount) = (0, SCALE);
        }
        discount = scaled_product(discount, power(per_period, flow.periods - periods));
        periods = flow.periods;
        let odd_growth = Fraction::whole(rate).try_mul(flow.odd)?.round(Rounding::HalfEven);
        let discounted = Rounding::HalfEven.divide(discount * SCALE, SCALE + odd_growth);
        value = value.checked_add(i128::from(flow.minor).checked_mul(discounted)?)?;
    }
    Some(value)
}

/// The rate per unit-period at which `payments` are worth what `advances` are.
///
/// # Errors
/// [`CostError`].
pub fn period_rate(advances: &[TimedFlow], payments: &[TimedFlow]) -> Result<PeriodRate, CostError> {
    if advances.is_empty() || payments.is_empty() {
        return Err(CostError::NoFlow);
    }
    if advances.iter().chain(payments).any(|flow| flow.minor <= 0) {
        return Err(CostError::NotPositive);
    }
    let net = |rate: i128| -> Result<i128, CostError> {
        let worth = |flows: &[TimedFlow]| present_value(flows, rate).ok_or(CostError::OutOfBounds);
        Ok(worth(payments)? - worth(advances)?)
    };
    let at_no_cost = net(0)?;
    if at_no_cost < 0 {
        return Err(CostError::RepaidLessThanLent);
    }
    if at_no_cost == 0 {
        return Ok(PeriodRate(0));
    }
    let (mut low, mut high) = (0, SCALE / 1_000);
    while net(high)? > 0 {
        (low, high) = (high, high * 2);
        if high > RATE_MAX {
            return Err(CostError::OutOfBounds);
        }
    }
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if net(middle)? > 0 { low = middle } else { high = middle }
    }
    Ok(PeriodRate(high))
}

impl PeriodRate {
    /// The rate times `periods_per_year`, to a millionth.
    ///
    /// # Errors
    /// [`CostError::OutOfBounds`].
    pub fn times(self, periods_per_year: Fraction) -> Result<Rate, CostError> {
        let yearly = Fraction::new(self.0, SCALE / 1_000_000).try_mul(periods_per_year);
        to_rate(yearly.ok_or(CostError::OutOfBounds)?.round(Rounding::HalfUp))
    }

    /// `(1 + rate)^periods - 1`, to a millionth.
    ///
    /// # Errors
    /// [`CostError::OutOfBounds`].
    pub fn compounded(self, periods: u32) -> Result<Rate, CostError> {
        let mut growth = SCALE;
        for _ in 0..periods {
            let product = growth.checked_mul(SCALE + self.0).ok_or(CostError::OutOfBounds)?;
            growth = Rounding::HalfEven.divide(product, SCALE);
        }
        to_rate(Rounding::HalfUp.divide(growth - SCALE, SCALE / 1_000_000))
    }

    /// Both annual rates when `periods` of it make a year.
    ///
    /// # Errors
    /// [`CostError::OutOfBounds`].
    pub fn annual(self, periods: u32) -> Result<AnnualCost, CostError> {
        let nominal = self.times(Fraction::whole(i128::from(periods)))?;
        Ok(AnnualCost { nominal, effective: self.compounded(periods)? })
    }
}

fn to_rate(millionths: i128) -> Result<Rate, CostError> {
    i64::try_from(millionths).map(Rate::from_millionths).map_err(|_| CostError::OutOfBounds)
}

/// The annual cost of `advances` repaid by `payments`, one every month from the first advance on: amounts in
/// minor units, the first of both in month 0.
///
/// # Errors
/// [`CostError`].
pub fn monthly_cost(advances: &[i64], payments: &[i64]) -> Result<AnnualCost, CostError> {
    let timed = |minors: &[i64]| -> Vec<TimedFlow> {
        let flows = (0_u32..).zip(minors).filter(|(_, minor)| **minor != 0);
        flows.map(|(periods, minor)| TimedFlow { minor: *minor, periods, odd: Fraction::ZERO }).collect()
    };
    period_rate(&timed(advances), &timed(payments))?.annual(12)
}

/// The annual cost by actual days, compounded daily, a year of 365 days.
///
/// # Errors
/// [`CostError`].
pub fn dated_cost(advances: &[CashFlow], payments: &[CashFlow]) -> Result<AnnualCost, CostError> {
    let lent_on = check_flows(advances, payments)?;
    let timed = |flows: &[CashFlow]| -> Vec<TimedFlow> {
        let mut timed: Vec<TimedFlow> = flows
            .iter()
            .map(|flow| TimedFlow {
                minor: flow.amount.minor(),
                periods: u32::try_from(flow.on.days_since(lent_on)).unwrap_or(0),
                odd: Fraction::ZERO,
            })
            .collect();
        timed.sort_by_key(|flow| flow.periods);
        timed
    };
    period_rate(&timed(advances), &timed(payments))?.annual(365)
}

/// The day of the first advance, when the flows make sense.
pub(super) fn check_flows(advances: &[CashFlow], payments: &[CashFlow]) -> Result<Date, CostError> {
    let lent_on = advances.iter().map(|flow| flow.on).min().ok_or(CostError::NoFlow)?;
    let paid_on = payments.iter().map(|flow| flow.on).min().ok_or(CostError::NoFlow)?;
    let currency = advances[0].amount.currency();
    let is_fine = |flow: &CashFlow| flow.amount.is_positive() && flow.amount.currency() == currency;
    if !advances.iter().chain(payments).all(is_fine) {
        return Err(CostError::NotPositive);
    }
    if paid_on < lent_on {
        return Err(CostError::PaidBeforeLent { paid_on, lent_on });
    }
    Ok(lent_on)
}

//! The annual percentage rate by the US actuarial method: Regulation Z (12 CFR 1026), Appendix J.

use crate::date::Date;
use crate::fraction::Fraction;
use crate::money::Rate;

use super::flow::{CashFlow, CostError, TimedFlow, check_flows, period_rate};
use super::unit_period::{Timeline, UnitPeriod, common_due_day, unit_period};

/// An annual percentage rate and how it was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActuarialRate {
    /// The rate; disclosed to two decimals of a percent.
    pub annual: Rate,
    /// The unit-period.
    pub unit_period: UnitPeriod,
    /// Full unit-periods from the first advance to the first payment.
    pub first_periods: u32,
    /// The rest of one.
    pub first_odd: Fraction,
}

/// The rate of `advances` repaid by `payments`, unit-period and odd days found from the dates.
///
/// # Errors
/// [`CostError`].
pub fn actuarial_rate(advances: &[CashFlow], payments: &[CashFlow]) -> Result<ActuarialRate, CostError> {
    let lent_on = check_flows(advances, payments)?;
    let (advances, payments) = (in_order(advances), in_order(payments));
    let days = |flows: &[CashFlow]| flows.iter().map(|flow| flow.on).collect::<Vec<Date>>();
    let (advance_days, payment_days) = (days(&advances), days(&payments));
    let due_day = common_due_day(&payment_days);
    let timeline = Timeline { advances: &advance_days, payments: &payment_days, due_day };
    let unit_period = unit_period(&timeline);
    let advances = timed(unit_period, lent_on, &advances, None);
    let payments = timed(unit_period, lent_on, &payments, due_day);
    let rate = period_rate(&advances, &payments)?;
    Ok(ActuarialRate {
        annual: rate.times(unit_period.per_year())?,
        unit_period,
        first_periods: payments[0].periods,
        first_odd: payments[0].odd,
    })
}

/// The flows in order of their days.
fn in_order(flows: &[CashFlow]) -> Vec<CashFlow> {
    let mut flows = flows.to_vec();
    flows.sort_by_key(|flow| flow.on);
    flows
}

/// Times in unit-periods. A flow that follows another by whole unit-periods keeps its odd days, so that a
/// short month does not make a regular plan irregular.
fn timed(unit_period: UnitPeriod, lent_on: Date, flows: &[CashFlow], due_day: Option<i8>) -> Vec<TimedFlow> {
    let mut timed: Vec<TimedFlow> = Vec::with_capacity(flows.len());
    for (index, flow) in flows.iter().enumerate() {
        let from_start = unit_period.between(lent_on, flow.on, due_day);
        let from_previous = index.checked_sub(1).and_then(|previous| {
            let (periods, odd) = unit_period.between(flows[previous].on, flow.on, due_day);
            odd.is_zero().then_some((timed[previous].periods + periods, timed[previous].odd))
        });
        let (periods, odd) = from_previous.unwrap_or(from_start);
        timed.push(TimedFlow { minor: flow.amount.minor(), periods, odd });
    }
    timed
}

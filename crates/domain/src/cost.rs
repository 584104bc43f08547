//! What credit costs a year, in integers: by internal rate of return and by the US actuarial method.
//!
//! Sources: PBOC Announcement 〔2021〕3 (annualised rate by IRR on the outstanding principal), the 24 % ceiling
//! of 法发〔2017〕22号 and 金规〔2025〕9号, Regulation Z (12 CFR 1026) Appendix J. Whether the Chinese ceiling
//! means the nominal or the effective rate was not found; [`CeilingBasis`] names it, and the effective rate,
//! the stricter one, is what products are checked by.

mod actuarial;
mod flow;
mod sheet;
#[cfg(test)]
mod tests;
mod unit_period;

use crate::calendar::{Calendar, WorkdayShift};
use crate::contact::code_enum;
use crate::date::Date;
use crate::day_count::months_and_days;
use crate::fraction::Fraction;
use crate::money::{Money, Rate, Rounding};
use crate::schedule::{PlanTerms, schedule};
use crate::terms::{InstalmentOffer, Terms, TermsError};
use crate::wording;

pub use actuarial::{ActuarialRate, actuarial_rate};
pub use flow::{
    AnnualCost, CashFlow, CostError, PeriodRate, TimedFlow, dated_cost, monthly_cost, period_rate,
};
pub use sheet::{
    AnnualBy, ContingentFee, CostItem, CostItemKind, CostSheet, OfferError, cost_sheet, plan_on_offer,
};
pub use unit_period::UnitPeriod;

code_enum! {
    /// Which annual rate a ceiling holds.
    CeilingBasis {
        /// Rate per period times the periods of a year.
        Nominal = "nominal",
        /// Rate per period compounded over a year; the stricter reading.
        Effective = "effective",
    }
}

/// Both annual rates of a plan of `count` monthly instalments with a flat fee per period on the original
/// principal; the highest rate there is when it is out of all bounds.
#[must_use]
pub fn flat_plan_cost(count: u32, fee_per_period: Rate) -> AnnualCost {
    // A principal with no residue, so that the plan's rate and not a cent decides.
    let principal = i64::from(count) * 1_000_000;
    let fee = fee_per_period.of(Money::new(principal, crate::money::Currency::CNY), Rounding::HalfUp);
    let boundless = Rate::from_millionths(i64::MAX);
    let out_of_bounds = AnnualCost { nominal: boundless, effective: boundless };
    let Ok(fee) = fee else { return out_of_bounds };
    let payments: Vec<TimedFlow> = (1..=count)
        .map(|periods| TimedFlow { minor: 1_000_000 + fee.minor(), periods, odd: Fraction::ZERO })
        .collect();
    let advance = [TimedFlow { minor: principal, periods: 0, odd: Fraction::ZERO }];
    let rate = period_rate(&advance, &payments).and_then(|rate| rate.annual(12));
    rate.unwrap_or(out_of_bounds)
}

/// Effective annual cost of a plan of `count` monthly instalments with a flat fee per period on the
/// original principal.
#[must_use]
pub fn effective_annual(count: u32, fee_per_period: Rate) -> Rate {
    flat_plan_cost(count, fee_per_period).effective
}

/// Nominal annual cost of the same plan: twelve times the monthly internal rate of return.
#[must_use]
pub fn nominal_annual(count: u32, fee_per_period: Rate) -> Rate {
    flat_plan_cost(count, fee_per_period).nominal
}

/// The highest fee per period, to a ten-thousandth of a percent, at which a plan of `count` monthly
/// instalments does not cost more than `ceiling` a year.
#[must_use]
pub fn highest_fee_per_period(count: u32, ceiling: Rate, basis: CeilingBasis) -> Rate {
    let is_within = |millionths: i64| {
        let cost = flat_plan_cost(count, Rate::from_millionths(millionths));
        match basis {
            CeilingBasis::Nominal => cost.nominal <= ceiling,
            CeilingBasis::Effective => cost.effective <= ceiling,
        }
    };
    // A fee that costs the ceiling every month is above it in any plan.
    let (mut low, mut high) = (0, ceiling.millionths().max(0) + 1);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if is_within(middle) { low = middle } else { high = middle }
    }
    Rate::from_millionths(low)
}

/// Annual cost of a daily late fee that does not compound: 365 days of it.
#[must_use]
pub fn late_fee_annual(rate_per_day: Rate) -> Rate {
    Rate::from_millionths(rate_per_day.millionths().saturating_mul(365))
}

/// The highest late fee per day, to a ten-thousandth of a percent, within `ceiling` a year.
#[must_use]
pub fn highest_late_fee_per_day(ceiling: Rate) -> Rate {
    Rate::from_millionths(ceiling.millionths() / 365)
}

/// The annual cost of a plan as a product offers it, one of regular months; the highest rate there is when it
/// is out of all bounds.
#[must_use]
pub fn offer_cost(plan: &PlanTerms, offer: &InstalmentOffer) -> AnnualCost {
    if offer.interest_per_year == Rate::ZERO {
        return flat_plan_cost(offer.count, offer.fee_per_period);
    }
    // A principal with no residue to speak of, months without odd days: the rate decides, not a cent or a day.
    let principal = Money::new(i64::from(offer.count) * 1_000_000, crate::money::Currency::CNY);
    let starts_on = Date::from_days(0);
    let regular = PlanTerms { shift: WorkdayShift::None, multiple: None, ..plan.clone() };
    let terms = regular.of_plan(principal, offer, starts_on, None, None, Rounding::HalfEven);
    let cost = schedule(&terms, &Calendar::weekends_only()).ok().and_then(|schedule| {
        let payments: Vec<TimedFlow> = schedule
            .rows
            .iter()
            .map(|row| TimedFlow {
                minor: row.total().minor(),
                periods: u32::try_from(months_and_days(starts_on, row.due_on).0).unwrap_or(row.number),
                odd: Fraction::ZERO,
            })
            .filter(|flow| flow.minor > 0)
            .collect();
        let advance = [TimedFlow { minor: principal.minor(), periods: 0, odd: Fraction::ZERO }];
        period_rate(&advance, &payments).and_then(|rate| rate.annual(12)).ok()
    });
    let boundless = Rate::from_millionths(i64::MAX);
    cost.unwrap_or(AnnualCost { nominal: boundless, effective: boundless })
}

/// All items of `terms` whose annual cost is above `ceiling`.
///
/// The late fee does not compound (no fee on fee), so its annual cost is 365 days at the daily rate.
#[must_use]
pub fn ceiling_errors(terms: &Terms, ceiling: Rate) -> Vec<TermsError> {
    let standard = terms.schedule_billing().map(|billing| &billing.standard);
    let plans = terms.instalments.iter().chain(standard).map(|offer| {
        let item = match offer.interest_per_year {
            Rate::ZERO => {
                wording!(
                    "{} 期分期（每期费率 {}）",
                    "a plan of {} instalments at {} a period",
                    offer.count,
                    offer.fee_per_period
                )
            }
            interest => wording!(
                "{} 期分期（年利率 {interest}，每期费率 {}）",
                "a plan of {} instalments at {interest} a year and {} a period",
                offer.count,
                offer.fee_per_period
            ),
        };
        (item, offer_cost(&terms.plan, offer).effective)
    });
    let late_fee = terms.late_fee.iter().map(|fee| {
        let item = wording!("每日 {} 的违约金", "a late fee of {} a day", fee.rate_per_day);
        (item, late_fee_annual(fee.rate_per_day))
    });
    plans
        .chain(late_fee)
        .filter(|(_, annual)| *annual > ceiling)
        .map(|(item, annual)| TermsError::TooCostly { item, annual, ceiling })
        .collect()
}

/// The fee of one period of a plan on `principal`.
///
/// # Errors
/// When the amount does not fit.
pub fn instalment_fee(
    principal: Money,
    fee_per_period: Rate,
    rounding: Rounding,
) -> Result<Money, crate::money::MoneyError> {
    fee_per_period.of(principal, rounding)
}

//! The cost sheet of an offer (明示综合融资成本): what a plan costs when it is performed, and what is charged only
//! if it is not.
//!
//! Source: 《个人贷款业务明示综合融资成本规定》, in force 2026-08-01: principal, each item with its method, standard
//! and payee, the annualised total under normal performance, default items apart as contingent, and the
//! statement that nothing else is charged. PBOC Announcement 〔2021〕3: annualised by internal rate of return.

use crate::wording;
use crate::wording::Wording;
use std::fmt;

use crate::calendar::Calendar;
use crate::contact::code_enum;
use crate::date::Date;
use crate::money::{Currency, Money, Rate};
use crate::schedule::{EarlyPayoff, Schedule, ScheduleError, ScheduleTerms, schedule};
use crate::terms::{InstalmentOffer, LateFeeTerms, Terms};

use super::{
    ActuarialRate, AnnualCost, CashFlow, CostError, actuarial_rate, dated_cost, late_fee_annual, monthly_cost,
};

code_enum! {
    /// What is charged when a plan is performed.
    CostItemKind {
        /// The fee per period (分期手续费).
        InstalmentFee = "instalment_fee",
        /// Interest (利息).
        Interest = "interest",
    }
}

/// One item of the cost of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CostItem {
    /// What it is.
    pub kind: CostItemKind,
    /// Its rate as the contract states it: per period for a fee, a year for interest.
    pub rate: Rate,
    /// All of it over the plan.
    pub total: Money,
    /// What it alone costs a year.
    pub annual: AnnualCost,
}

/// What is charged only if the plan is not performed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContingentFee {
    /// The late fee (违约金).
    pub terms: LateFeeTerms,
    /// What it costs a year, 365 days of it.
    pub annual: Rate,
}

/// The cost sheet of one offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CostSheet {
    /// The product.
    pub product: String,
    /// The version of its document.
    pub version: u32,
    /// The day of the offer, from which the cost runs.
    pub on: Date,
    /// The terms of the plan.
    pub terms: ScheduleTerms,
    /// Its instalments.
    pub schedule: Schedule,
    /// Each item that is charged; a free plan has none.
    pub items: Vec<CostItem>,
    /// All items together.
    pub total_cost: Money,
    /// All items a year, by internal rate of return.
    pub annual: AnnualCost,
    /// Whether that is by whole months (all due dates are), or by days.
    pub annual_by: AnnualBy,
    /// All items a year, by the US actuarial method.
    pub actuarial: ActuarialRate,
    /// The late fee, if the product has one.
    pub late_fee: Option<ContingentFee>,
    /// What an early payoff costs.
    pub early_payoff: EarlyPayoff,
}

code_enum! {
    /// How the internal rate of return counts time.
    AnnualBy {
        /// Every instalment is due a whole number of months after the start.
        Months = "months",
        /// By actual days over 365.
        Days = "days",
    }
}

/// Why there is no cost sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OfferError {
    /// The product has no plan with so many instalments.
    NotOffered {
        /// The product.
        product: String,
        /// The number asked for.
        count: u32,
        /// The numbers on offer.
        offered: Vec<u32>,
    },
    /// The amount is in another currency than the product.
    OtherCurrency {
        /// The product's currency.
        product: Currency,
        /// The amount's.
        amount: Currency,
    },
    /// The plan cannot be scheduled.
    Schedule(ScheduleError),
    /// The plan has no annual cost.
    Cost(CostError),
}

impl OfferError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotOffered { .. } => "offer.not_offered",
            Self::OtherCurrency { .. } => "offer.other_currency",
            Self::Schedule(error) => error.code(),
            Self::Cost(error) => error.code(),
        }
    }
}

impl OfferError {
    /// What is wrong and what would be right, in both languages.
    #[must_use]
    pub fn wording(&self) -> Wording {
        match self {
            Self::NotOffered { product, count, offered } if offered.is_empty() => {
                wording!(
                    "产品 {product} 不提供分期，因此没有 {count} 期",
                    "product {product} has no plans, so none of {count} instalments"
                )
            }
            Self::NotOffered { product, count, offered } => {
                let offered: Vec<String> = offered.iter().map(ToString::to_string).collect();
                wording!(
                    "产品 {product} 没有 {count} 期的分期；可选 {}",
                    "product {product} has no plan of {count} instalments; use one of {}",
                    offered.join(", ")
                )
            }
            Self::OtherCurrency { product, amount } => {
                wording!(
                    "产品币种为 {product}，金额币种为 {amount}",
                    "the product is in {product}, the amount in {amount}"
                )
            }
            Self::Schedule(error) => error.wording(),
            Self::Cost(error) => error.wording(),
        }
    }
}

impl fmt::Display for OfferError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.wording().en)
    }
}

impl std::error::Error for OfferError {}

impl From<ScheduleError> for OfferError {
    fn from(error: ScheduleError) -> Self {
        Self::Schedule(error)
    }
}

impl From<CostError> for OfferError {
    fn from(error: CostError) -> Self {
        Self::Cost(error)
    }
}

impl From<crate::money::MoneyError> for OfferError {
    fn from(error: crate::money::MoneyError) -> Self {
        Self::Schedule(error.into())
    }
}

/// The terms of the plan that `terms` offer for `principal` in `count` instalments from `on`. Without
/// `first_due_on` the first one falls due with the first statement that a purchase of that day is on.
///
/// # Errors
/// [`OfferError::NotOffered`], [`OfferError::OtherCurrency`].
pub fn plan_on_offer(
    terms: &Terms,
    principal: Money,
    count: u32,
    on: Date,
    first_due_on: Option<Date>,
) -> Result<ScheduleTerms, OfferError> {
    if principal.currency() != terms.currency {
        return Err(OfferError::OtherCurrency { product: terms.currency, amount: principal.currency() });
    }
    let offer: InstalmentOffer = terms.offer(count).copied().ok_or_else(|| OfferError::NotOffered {
        product: terms.product.clone(),
        count,
        offered: terms.instalments.iter().map(|offer| offer.count).collect(),
    })?;
    let first_due_on = first_due_on.unwrap_or_else(|| {
        // A purchase on the day of the cut-off is on that statement.
        terms.due.due_on(terms.statement_day.next_after(on.plus_days(-1)))
    });
    Ok(terms.plan.of_plan(principal, &offer, on, Some(first_due_on), None, terms.rounding))
}

/// The cost sheet of the plan that `terms` offer for `principal` in `count` instalments from `on`.
///
/// # Errors
/// [`OfferError`].
pub fn cost_sheet(
    terms: &Terms,
    calendar: &Calendar,
    principal: Money,
    count: u32,
    on: Date,
    first_due_on: Option<Date>,
) -> Result<CostSheet, OfferError> {
    let plan = plan_on_offer(terms, principal, count, on, first_due_on)?;
    let schedule = schedule(&plan, calendar)?;
    let (annual, annual_by) = annual_of(&plan, &schedule)?;
    let items = items_of(&plan, calendar, &schedule)?;
    let late_fee =
        terms.late_fee.map(|fee| ContingentFee { terms: fee, annual: late_fee_annual(fee.rate_per_day) });
    Ok(CostSheet {
        product: terms.product.clone(),
        version: terms.version,
        on,
        total_cost: schedule.interest().try_add(schedule.fee())?,
        actuarial: actuarial_rate(&[CashFlow { on, amount: principal }], &payments_of(&schedule))?,
        early_payoff: terms.plan.early_payoff,
        terms: plan,
        schedule,
        items,
        annual,
        annual_by,
        late_fee,
    })
}

fn payments_of(schedule: &Schedule) -> Vec<CashFlow> {
    let flows = schedule.rows.iter().map(|row| CashFlow { on: row.due_on, amount: row.total() });
    flows.filter(|flow| flow.amount.is_positive()).collect()
}

/// By months where every due date is some months after the start, else by days.
fn annual_of(plan: &ScheduleTerms, schedule: &Schedule) -> Result<(AnnualCost, AnnualBy), OfferError> {
    let payments = payments_of(schedule);
    let mut by_month: Vec<i64> = vec![0];
    for payment in &payments {
        let (months, days) = crate::day_count::months_and_days(plan.starts_on, payment.on);
        let Ok(months) = usize::try_from(months) else { return by_days(plan, &payments) };
        if days != 0 || months < by_month.len() {
            return by_days(plan, &payments);
        }
        by_month.resize(months, 0);
        by_month.push(payment.amount.minor());
    }
    Ok((monthly_cost(&[plan.principal.minor()], &by_month)?, AnnualBy::Months))
}

fn by_days(plan: &ScheduleTerms, payments: &[CashFlow]) -> Result<(AnnualCost, AnnualBy), OfferError> {
    let advance = CashFlow { on: plan.starts_on, amount: plan.principal };
    Ok((dated_cost(&[advance], payments)?, AnnualBy::Days))
}

/// Each item with what it alone would cost.
fn items_of(
    plan: &ScheduleTerms,
    calendar: &Calendar,
    whole: &Schedule,
) -> Result<Vec<CostItem>, OfferError> {
    let mut items = Vec::new();
    if plan.fee_per_period > Rate::ZERO {
        let alone = ScheduleTerms { interest_per_year: Rate::ZERO, ..plan.clone() };
        let (annual, _) = annual_of(&alone, &schedule(&alone, calendar)?)?;
        let (kind, rate) = (CostItemKind::InstalmentFee, plan.fee_per_period);
        items.push(CostItem { kind, rate, total: whole.fee(), annual });
    }
    if plan.interest_per_year > Rate::ZERO {
        let alone = ScheduleTerms { fee_per_period: Rate::ZERO, ..plan.clone() };
        let (annual, _) = annual_of(&alone, &schedule(&alone, calendar)?)?;
        let (kind, rate) = (CostItemKind::Interest, plan.interest_per_year);
        items.push(CostItem { kind, rate, total: whole.interest(), annual });
    }
    Ok(items)
}

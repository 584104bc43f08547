//! Reschedules (变更还款计划), and payments ahead of time that shorten or lower a plan (提前部分还款).

use dunlin_domain::acceptance::RESCHEDULE_COUNT_MAX;
use dunlin_domain::cost::offer_cost;
use dunlin_domain::date::Date;
use dunlin_domain::fact::{FactDetail, FactError, FactKind, Prepayment};
use dunlin_domain::id::FactId;
use dunlin_domain::money::{Money, Rate};
use dunlin_domain::position::{Position, fold};
use dunlin_domain::recording;
use dunlin_domain::terms::{InstalmentOffer, Terms};
use dunlin_domain::wording;
use dunlin_store::Tx;
use dunlin_store::agreement::AgreementRow;

use super::{Change, Mode, refused};
use crate::payment::record::Told;
use crate::payment::{Caller, Context};
use crate::policy::cost_ceiling_default;
use crate::{Engine, EngineError};

/// The most due dates that are left out at once.
const SKIP_COUNT_MAX: u32 = 12;

/// Another way to repay what is left.
#[derive(Clone, Debug)]
pub struct NewReschedule {
    /// The lender's id of the agreement, or ours.
    pub agreement: String,
    /// The reference of the purchase or statement plan; all that is open when left out.
    pub plan: Option<String>,
    /// The number of instalments from now on; as many as before when left out.
    pub count: Option<u32>,
    /// The first due date; as before when left out.
    pub first_due_on: Option<Date>,
    /// Due dates that are left out before the first one, in place of `first_due_on`.
    pub skip_count: Option<u32>,
    /// The rate a year, or the fee per period of a plan with a flat fee; as before when left out.
    pub rate: Option<String>,
    /// The value date; today if none is given.
    pub value_on: Option<Date>,
    /// Why.
    pub reason: String,
    /// The caller's reference.
    pub reference: String,
}

/// A payment ahead of time.
#[derive(Clone, Debug)]
pub struct NewPrepayment {
    /// The lender's id of the agreement, or ours.
    pub agreement: String,
    /// The reference of the purchase or statement plan; may be left out where there is only one.
    pub plan: Option<String>,
    /// A decimal amount.
    pub amount: String,
    /// What it does to the plan.
    pub mode: Prepayment,
    /// The value date; today if none is given.
    pub value_on: Option<Date>,
    /// The caller's reference.
    pub reference: String,
    /// What else is known of it.
    pub note: String,
}

impl Engine {
    /// Gives a plan, or all that is open, another number of instalments, first due date or rate.
    ///
    /// # Errors
    /// `unknown_plan`, `nothing_to_change`, `first_due_by_statement`, `first_due_too_early`, `instalment_count`,
    /// `too_costly`, `reason` without words, and those of every fact.
    pub fn reschedule(
        &self,
        new: &NewReschedule,
        mode: Mode,
        caller: Caller<'_>,
    ) -> Result<Change, EngineError> {
        if new.reason.trim().is_empty() {
            return refused(
                "reason",
                wording!(
                    "调整还款计划须写明理由；请简要填写",
                    "a reschedule needs a reason; give it in a few words"
                ),
            );
        }
        let policies = self.policies()?;
        let context = Context { caller, policies: &policies };
        let rate = new.rate.as_deref().map(read_rate).transpose()?;
        self.in_mode(mode, |tx| {
            let row = self.find_agreement(tx, &new.agreement)?;
            let known = self.known_fact(tx, &row, FactKind::Reschedule, &new.reference)?;
            let on = match (new.value_on, &known) {
                (None, Some(known)) => known.value_on,
                (given, _) => self.value_date(tx, &row, given, context)?,
            };
            let terms = policies.terms(&row.product, row.product_version, row.statement_day, on)?;
            let count = new.count.unwrap_or(0);
            if new.count == Some(0) || count > RESCHEDULE_COUNT_MAX {
                return Err(FactError::InstalmentCount { count, largest: RESCHEDULE_COUNT_MAX }.into());
            }
            if let Some(rate) = rate.filter(|rate| *rate > Rate::ZERO) {
                check_cost(&terms, count, rate)?;
            }
            let first_due_on = match (new.skip_count, known) {
                (None, _) => new.first_due_on,
                (Some(_), Some(known)) => known.due_on,
                (Some(skip), None) => Some(self.due_after(tx, &row, &terms, new, skip, on)?),
            };
            let zero = Money::zero(row.currency);
            let mut told = Told::new(FactKind::Reschedule, zero, on, &new.reference, &new.reason);
            told.target.clone_from(&new.plan);
            told.due_on = first_due_on;
            told.instalment_count = count;
            told.detail = FactDetail { rate, ..FactDetail::default() };
            self.change_in(tx, &row, &told, mode, None, context)
        })
    }

    /// The due date after `skip` of those to come of the plan.
    fn due_after(
        &self,
        tx: &mut Tx<'_>,
        row: &AgreementRow,
        terms: &Terms,
        new: &NewReschedule,
        skip: u32,
        on: Date,
    ) -> Result<Date, EngineError> {
        if terms.schedule_billing().is_none() {
            return Err(FactError::FirstDueByStatement.into());
        }
        if skip == 0 || skip > SKIP_COUNT_MAX {
            let complaint = wording!(
                "不能跳过 {skip} 个还款日；请填 1 至 {SKIP_COUNT_MAX}",
                "{skip} due dates cannot be left out; give 1 to {SKIP_COUNT_MAX}"
            );
            return refused("skip_count", complaint);
        }
        let facts = self.facts(tx, row)?;
        let position = fold(terms, row.opened_on, &facts, on, &mut |_| {})?;
        let target =
            facts.iter().find(|fact| Some(&fact.reference) == new.plan.as_ref() && is_plan(fact.kind));
        let unknown = || FactError::UnknownPlan { reference: new.plan.clone().unwrap_or_default() };
        if new.plan.is_some() && target.is_none() {
            return Err(unknown().into());
        }
        let plan = position.term_plans.iter().find(|plan| target.is_none_or(|fact| fact.id == plan.draw));
        let plan = plan.ok_or_else(unknown)?;
        let dates: Vec<Date> =
            plan.periods.iter().map(|period| period.due_on).filter(|due_on| *due_on > on).collect();
        match dates.get(skip as usize) {
            Some(later) => Ok(*later),
            None => {
                let complaint = wording!(
                    "只剩 {} 个还款日，无法跳过 {skip} 个；请直接写明第一个还款日",
                    "{} due dates are to come, so {skip} cannot be left out before another; give the first due date itself",
                    dates.len()
                );
                refused("skip_count", complaint)
            }
        }
    }

    /// Takes a payment that shortens a plan or lowers its instalments; what is due is paid first.
    ///
    /// # Errors
    /// `unknown_plan`, `plan_needed` when there are several and none is named, and those of every payment.
    pub fn prepay(&self, new: &NewPrepayment, mode: Mode, caller: Caller<'_>) -> Result<Change, EngineError> {
        let policies = self.policies()?;
        let context = Context { caller, policies: &policies };
        self.in_mode(mode, |tx| {
            let row = self.find_agreement(tx, &new.agreement)?;
            let amount = recording::read_amount(&new.amount, None, row.currency)?;
            let known = self.known_fact(tx, &row, FactKind::Payment, &new.reference)?;
            let on = match (new.value_on, &known) {
                (None, Some(known)) => known.value_on,
                (given, _) => self.value_date(tx, &row, given, context)?,
            };
            let facts = self.facts(tx, &row)?;
            let plan = match (&new.plan, known) {
                (Some(plan), _) => Some(plan.clone()),
                (None, Some(known)) => {
                    let target = facts.iter().find(|fact| Some(fact.id) == known.target);
                    target.map(|fact| fact.reference.clone())
                }
                (None, None) => {
                    let terms = policies.terms(&row.product, row.product_version, row.statement_day, on)?;
                    let position = fold(&terms, row.opened_on, &facts, on, &mut |_| {})?;
                    let plan = only_plan(&position)?;
                    facts.iter().find(|fact| fact.id == plan).map(|fact| fact.reference.clone())
                }
            };
            let mut told = Told::new(FactKind::Payment, amount, on, &new.reference, &new.note);
            told.target = plan;
            told.detail = FactDetail { prepayment: Some(new.mode), ..FactDetail::default() };
            self.change_in(tx, &row, &told, mode, None, context)
        })
    }
}

/// The one plan with something to come.
fn only_plan(position: &Position) -> Result<FactId, EngineError> {
    let by_statement = position.plans.iter().map(|plan| plan.purchase);
    let scheduled = position.term_plans.iter().map(|plan| plan.draw);
    let plans: Vec<FactId> = by_statement.chain(scheduled).collect();
    match plans.as_slice() {
        [only] => Ok(*only),
        [] => Err(FactError::UnknownPlan { reference: String::new() }.into()),
        several => {
            let complaint = wording!(
                "该合约有 {} 个分期计划；请写明要提前还的是哪一笔消费分期或账单分期",
                "the agreement has {} plans; name the purchase or statement plan that is to be paid ahead",
                several.len()
            );
            refused("plan_needed", complaint)
        }
    }
}

pub(super) fn is_plan(kind: FactKind) -> bool {
    matches!(kind, FactKind::Purchase | FactKind::StatementPlan)
}

fn read_rate(text: &str) -> Result<Rate, EngineError> {
    Rate::parse_percent(text).map_err(|complaint| EngineError::Refused { code: "rate", complaint })
}

/// A new rate keeps under the ceiling that products are checked by.
fn check_cost(terms: &Terms, count: u32, rate: Rate) -> Result<(), EngineError> {
    let is_flat_fee = terms.schedule_billing().is_none()
        && terms.instalments.iter().all(|offer| offer.interest_per_year == Rate::ZERO);
    let (fee_per_period, interest_per_year) =
        if is_flat_fee { (rate, Rate::ZERO) } else { (Rate::ZERO, rate) };
    let offer = InstalmentOffer { count: count.max(2), fee_per_period, interest_per_year };
    let (cost, ceiling) = (offer_cost(&terms.plan, &offer).effective, cost_ceiling_default());
    if cost > ceiling {
        let complaint = wording!(
            "费率 {rate} 折合年化成本 {cost}，超过上限 {ceiling}",
            "a rate of {rate} costs {cost} a year, above the ceiling of {ceiling}"
        );
        return refused("too_costly", complaint);
    }
    Ok(())
}

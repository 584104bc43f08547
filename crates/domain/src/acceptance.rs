//! Whether a fact fits what an agreement is on its value date: plans that exist, amounts that are there, quotes that
//! hold.
//!
//! What holds for every fact (currency, dates, references) is checked by [`crate::recording`]. The fold itself
//! refuses nothing: facts that were taken stand, and later ones may change what they meet.

use crate::date::Date;
use crate::fact::{Fact, FactError, FactKind, Prepayment};
use crate::id::FactId;
use crate::money::{Money, MoneyError, Rate};
use crate::position::{Position, fold, payoff_quote};
use crate::statement::StatementOrigin;
use crate::terms::{Component, Terms};

/// The largest number of instalments that a reschedule takes: thirty years of months.
pub const RESCHEDULE_COUNT_MAX: u32 = 360;

/// Checks a new fact against the agreement as the known facts make it on the value date.
///
/// # Errors
/// The first reason against the fact; [`FactError::Amount`] when amounts do not fit.
pub fn accept(terms: &Terms, opened_on: Date, known: &[Fact], new: &Fact) -> Result<(), FactError> {
    let position = fold(terms, opened_on, known, new.value_on, &mut |_| {}).map_err(FactError::Amount)?;
    check_span(new)?;
    check_claim(&position, known, new)?;
    match new.kind {
        FactKind::Purchase => check_offer(terms, new.instalment_count),
        FactKind::StatementPlan => check_statement_plan(terms, &position, new),
        FactKind::Reschedule => {
            check_plan(&position, new.target, known)?;
            check_reschedule(terms, new)
        }
        FactKind::Payoff => check_payoff(terms, opened_on, &position, known, new),
        FactKind::Payment => check_prepayment(terms, &position, known, new),
        FactKind::CreditRefund => at_most(new.amount, position.credit),
        FactKind::Waiver => {
            let open = waivable(terms, &position, new).map_err(FactError::Amount)?;
            at_most(new.amount, open)
        }
        FactKind::AgeingResume => {
            let is_meant = |fact: FactId| new.target.is_none_or(|target| target == fact);
            let runs =
                position.pauses.iter().any(|pause| is_meant(pause.fact) && pause.through > new.value_on);
            if runs { Ok(()) } else { Err(FactError::UnknownTarget { reference: named(known, new.target) }) }
        }
        FactKind::Obligation
        | FactKind::Charge
        | FactKind::AgeingPause
        | FactKind::FeeFreeze
        | FactKind::Refund
        | FactKind::Reversal
        | FactKind::Return
        | FactKind::ChargeOff
        | FactKind::WriteOff
        | FactKind::Sale
        | FactKind::Withdrawal => Ok(()),
    }
}

/// Whether an agreement may get the terms of another product: not while a plan runs.
///
/// # Errors
/// [`FactError::PlanRunning`].
pub fn accept_product(position: &Position, product: &str) -> Result<(), FactError> {
    let billed: u32 = position.plans.iter().map(crate::position::Plan::count_to_come).sum();
    let to_come = |plan: &crate::position::TermPlan| {
        plan.periods.iter().filter(|period| period.due_on > position.as_of).count()
    };
    let scheduled: usize = position.term_plans.iter().map(to_come).sum();
    let instalment_count = billed + u32::try_from(scheduled).unwrap_or(u32::MAX);
    if instalment_count == 0 {
        return Ok(());
    }
    Err(FactError::PlanRunning { product: product.to_owned(), instalment_count })
}

fn check_span(new: &Fact) -> Result<(), FactError> {
    let Some(through) = new.detail.through else { return Ok(()) };
    let value_on = new.value_on;
    if through >= value_on {
        return Ok(());
    }
    match new.kind {
        FactKind::Payoff => Err(FactError::QuoteEnded { value_on, through }),
        _ => Err(FactError::EndsBeforeStart { value_on, through }),
    }
}

/// After a write-off only recoveries come in, and nothing from before is undone; after a sale nothing is ours.
fn check_claim(position: &Position, known: &[Fact], new: &Fact) -> Result<(), FactError> {
    let of_kind =
        |kind: FactKind| known.iter().filter(move |fact| fact.kind == kind).map(|fact| fact.value_on).min();
    let written_off_on = position.claim.written_off_on;
    let sold_on = position.claim.sold_on;
    if new.kind == FactKind::Withdrawal {
        return Ok(());
    }
    if new.kind.is_undoing() {
        // Undoing what was paid before would change what was written off or sold.
        let target = known.iter().find(|fact| Some(fact.id) == new.target);
        let paid_on = target.map_or(new.value_on, |target| target.value_on);
        if let Some(on) = of_kind(FactKind::WriteOff).filter(|on| paid_on <= *on) {
            return Err(FactError::WrittenOff { on });
        }
        if let Some(on) = of_kind(FactKind::Sale).filter(|on| paid_on <= *on) {
            return Err(FactError::Sold { on });
        }
        return Ok(());
    }
    if let Some(on) = sold_on {
        return Err(FactError::Sold { on });
    }
    match written_off_on {
        Some(on) if !matches!(new.kind, FactKind::Payment | FactKind::CreditRefund | FactKind::Sale) => {
            Err(FactError::WrittenOff { on })
        }
        Some(_) | None => Ok(()),
    }
}

fn check_offer(terms: &Terms, count: u32) -> Result<(), FactError> {
    let standard = terms.schedule_billing().map(|billing| billing.standard.count);
    if count == 0 || terms.offer(count).is_some() || standard == Some(count) {
        return Ok(());
    }
    let offered = terms.instalments.iter().map(|offer| offer.count).chain(standard).collect();
    Err(FactError::PlanNotOffered { count, offered })
}

fn check_statement_plan(terms: &Terms, position: &Position, new: &Fact) -> Result<(), FactError> {
    if new.instalment_count == 0 {
        return Err(FactError::Missing { field: "instalment_count" });
    }
    check_offer(terms, new.instalment_count)?;
    let (value_on, due_on) = (new.value_on, new.due_on.ok_or(FactError::Missing { field: "due_on" })?);
    let is_meant = |due: Date, open: Money| due == due_on && open.is_positive();
    let mut open = Money::zero(terms.currency);
    for statement in
        position.statements.iter().filter(|statement| statement.origin == StatementOrigin::CutOff)
    {
        let rest = statement.rest_of(Component::Principal).map_err(FactError::Amount)?;
        if is_meant(statement.due_on, rest) {
            open = open.try_add(rest).map_err(FactError::Amount)?;
        }
    }
    if !open.is_positive() {
        return Err(FactError::UnknownStatement { due_on });
    }
    if value_on > due_on {
        return Err(FactError::StatementPlanTooLate { due_on, value_on });
    }
    at_most(new.amount, open)
}

fn check_reschedule(terms: &Terms, new: &Fact) -> Result<(), FactError> {
    let (count, rate, value_on) = (new.instalment_count, new.detail.rate, new.value_on);
    if count == 0 && rate.is_none() && new.due_on.is_none() {
        return Err(FactError::NothingToChange);
    }
    if count > RESCHEDULE_COUNT_MAX {
        return Err(FactError::InstalmentCount { count, largest: RESCHEDULE_COUNT_MAX });
    }
    if let Some(rate) = rate.filter(|rate| *rate < Rate::ZERO) {
        return Err(FactError::NegativeRate { rate });
    }
    match new.due_on {
        Some(_) if terms.schedule_billing().is_none() => Err(FactError::FirstDueByStatement),
        Some(due_on) if due_on <= value_on => Err(FactError::FirstDueTooEarly { due_on, value_on }),
        Some(_) | None => Ok(()),
    }
}

/// A payment that is to shorten or lower a plan needs one with something to come; where statements bill plans, the
/// plan must be named.
fn check_prepayment(terms: &Terms, position: &Position, known: &[Fact], new: &Fact) -> Result<(), FactError> {
    let mode = new.detail.prepayment.unwrap_or(Prepayment::Advance);
    if mode == Prepayment::Advance {
        return Ok(());
    }
    let is_meant = |id: FactId| new.target.is_none_or(|target| target == id);
    let is_billed_by_statement =
        new.target.is_some() && position.plans.iter().any(|plan| is_meant(plan.purchase));
    let is_scheduled = terms.schedule_billing().is_some()
        && position.term_plans.iter().any(|plan| {
            is_meant(plan.draw) && plan.periods.iter().any(|period| period.due_on > new.value_on)
        });
    if is_billed_by_statement || is_scheduled {
        return Ok(());
    }
    Err(FactError::UnknownPlan { reference: named(known, new.target) })
}

fn check_payoff(
    terms: &Terms,
    opened_on: Date,
    position: &Position,
    known: &[Fact],
    new: &Fact,
) -> Result<(), FactError> {
    let open_plan = |position: &Position| match new.target {
        Some(_) => check_plan(position, new.target, known),
        None => Ok(()),
    };
    let needed = |position: &Position| payoff_needed(position, terms, new.target).map_err(FactError::Amount);
    let needed_now = needed(position)?;
    let Some(quoted_on) = new.due_on.filter(|quoted_on| *quoted_on < new.value_on) else {
        open_plan(position)?;
        if new.amount.minor() < needed_now.minor() {
            return Err(FactError::PayoffAmount { amount: new.amount, expected: needed_now });
        }
        return at_most(new.amount, needed_now);
    };
    // A quote holds: what accrues by itself in between is the lender's, but nothing else may have happened.
    let on = |facts: &[Fact], day: Date| {
        fold(terms, opened_on, facts, day, &mut |_| {}).map_err(FactError::Amount)
    };
    let as_quoted = on(known, quoted_on)?;
    open_plan(&as_quoted)?;
    let expected = needed(&as_quoted)?;
    if new.amount != expected {
        return Err(FactError::PayoffAmount { amount: new.amount, expected });
    }
    let quiet: Vec<Fact> = known.iter().filter(|fact| fact.value_on <= quoted_on).cloned().collect();
    let undisturbed = needed(&on(&quiet, new.value_on)?)?;
    if undisturbed != needed_now || needed_now.minor() < expected.minor() {
        return Err(FactError::QuoteStale { quoted: expected, needed: needed_now });
    }
    Ok(())
}

/// What must come in on the day of `position` to pay off one plan, or everything: the quote less unapplied credit.
///
/// # Errors
/// When amounts do not fit.
pub fn payoff_needed(position: &Position, terms: &Terms, plan: Option<FactId>) -> Result<Money, MoneyError> {
    let quote = payoff_quote(position, terms, plan)?.total()?;
    quote.try_sub(quote.try_min(position.credit)?)
}

/// There is a plan with something to come: the one named, or any.
fn check_plan(position: &Position, target: Option<FactId>, known: &[Fact]) -> Result<(), FactError> {
    let is_meant = |id: FactId| target.is_none_or(|target| target == id);
    let is_open = position.plans.iter().any(|plan| is_meant(plan.purchase))
        || position.term_plans.iter().any(|plan| is_meant(plan.draw))
        // Agreed relief is for what is open on statements too.
        || (target.is_none() && !position.statements.is_empty());
    if is_open { Ok(()) } else { Err(FactError::UnknownPlan { reference: named(known, target) }) }
}

fn named(known: &[Fact], target: Option<FactId>) -> String {
    let found = known.iter().find(|fact| Some(fact.id) == target);
    found.map_or_else(String::new, |fact| fact.reference.clone())
}

/// What is open of what a waiver is about.
fn waivable(terms: &Terms, position: &Position, waiver: &Fact) -> Result<Money, MoneyError> {
    let mut open = Money::zero(terms.currency);
    let component = waiver.detail.only.unwrap_or(Component::LateFee);
    for statement in &position.statements {
        let is_meant = waiver.target.is_none_or(|target| statement.plan == Some(target))
            && waiver.due_on.is_none_or(|due_on| statement.due_on == due_on);
        if !is_meant {
            continue;
        }
        if waiver.detail.only.is_some() {
            open = open.try_add(statement.rest_of(component)?)?;
        }
        if component == Component::LateFee {
            open = open.try_add(statement.late_fee_rest(terms, waiver.value_on)?)?;
        }
    }
    Ok(open)
}

fn at_most(amount: Money, largest: Money) -> Result<(), FactError> {
    if amount.minor() > largest.minor() { Err(FactError::AmountTooLarge { amount, largest }) } else { Ok(()) }
}

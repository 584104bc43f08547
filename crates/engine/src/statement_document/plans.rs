//! The plans of a statement: those that run, those that ended in its period, and the instalments to come.

use std::collections::HashMap;

use dunlin_domain::cost::{AnnualCost, offer_cost};
use dunlin_domain::id::FactId;
use dunlin_domain::money::{Money, MoneyError, Rate};
use dunlin_domain::position::{Plan, Position, TermPlan};
use dunlin_domain::statement::{Statement, StatementOrigin};
use dunlin_domain::terms::{Component, InstalmentOffer, Terms};
use dunlin_domain::trace::Event;
use dunlin_store::agreement::StoredFact;

use super::derive::{Period, Source};
use super::{ComingInstalment, PlanLine};

/// Whether it is an instalment of a schedule that is not due yet.
pub(super) fn is_to_come(statement: &Statement) -> bool {
    statement.origin == StatementOrigin::Scheduled && !statement.is_recognised
}

impl Source<'_> {
    fn named(&self) -> HashMap<FactId, &StoredFact> {
        self.facts.iter().map(|stored| (stored.fact.id, stored)).collect()
    }

    /// Plans that run at the end of the period, and those that ended in it.
    pub(super) fn plans(&self, period: &Period<'_>) -> Result<Vec<PlanLine>, MoneyError> {
        let named = self.named();
        let position = &period.after.position;
        let mut lines = Vec::new();
        for Ended { purchase, principal, count, billed_count } in ended(period, self.terms) {
            let line = self.blank(&named, purchase, principal);
            lines.push(PlanLine { count, billed_count, ..line });
        }
        for plan in &position.plans {
            lines.push(self.running(&named, plan)?);
        }
        for plan in &position.term_plans {
            lines.push(self.scheduled(&named, plan, position)?);
        }
        Ok(lines)
    }

    fn blank(&self, named: &HashMap<FactId, &StoredFact>, fact: FactId, principal: Money) -> PlanLine {
        let zero = Money::zero(self.terms.currency);
        let stored = named.get(&fact);
        PlanLine {
            reference: stored.map_or_else(String::new, |stored| stored.fact.reference.clone()),
            note: stored.map_or_else(String::new, |stored| stored.note.clone()),
            principal,
            count: 0,
            billed_count: 0,
            unbilled: zero,
            interest_to_come: zero,
            fees_to_come: zero,
            nominal_annual: None,
            effective_annual: None,
        }
    }

    fn running(&self, named: &HashMap<FactId, &StoredFact>, plan: &Plan) -> Result<PlanLine, MoneyError> {
        let terms = self.terms;
        let zero = Money::zero(terms.currency);
        // After a change of the plan its cost is another one than that of the offer.
        let offer = terms.offer(plan.count).filter(|offer| {
            offer.fee_per_period.of(plan.principal, terms.rounding) == Ok(plan.fee_per_period)
                && (offer.interest_per_year > Rate::ZERO) != plan.ahead.is_empty()
        });
        let fees = i128::from(plan.fee_per_period.minor()) * i128::from(plan.count_to_come());
        let fees = i64::try_from(fees).map_err(|_| MoneyError::Overflow)?;
        let line = PlanLine {
            count: plan.count,
            billed_count: plan.billed_count,
            unbilled: plan.unbilled,
            interest_to_come: plan.ahead.iter().try_fold(zero, |sum, part| sum.try_add(part.interest))?,
            fees_to_come: Money::new(fees, terms.currency),
            ..self.blank(named, plan.purchase, plan.principal)
        };
        Ok(with_cost(line, offer.map(|offer| offer_cost(&terms.plan, offer))))
    }

    fn scheduled(
        &self,
        named: &HashMap<FactId, &StoredFact>,
        plan: &TermPlan,
        position: &Position,
    ) -> Result<PlanLine, MoneyError> {
        let terms = self.terms;
        let standard = terms.schedule_billing().map(|billing| billing.standard);
        let stored = named.get(&plan.draw);
        let drawn = stored.map_or(Money::zero(terms.currency), |stored| stored.fact.amount);
        let count = u32::try_from(plan.periods.len()).unwrap_or(u32::MAX);
        let due = plan.periods.iter().filter(|period| period.due_on <= position.as_of).count();
        let is_offered = |offer: &InstalmentOffer| {
            offer.count == count
                && offer.interest_per_year == plan.per_year
                && offer.fee_per_period.of(drawn, terms.rounding) == Ok(plan.fee_per_period)
        };
        let offer = terms.instalments.iter().copied().chain(standard).find(|offer| is_offered(offer));
        let mut line = PlanLine {
            count,
            billed_count: u32::try_from(due).unwrap_or(u32::MAX),
            ..self.blank(named, plan.draw, drawn)
        };
        let its = |statement: &&Statement| statement.plan == Some(plan.draw) && is_to_come(statement);
        for statement in position.statements.iter().filter(its) {
            line.unbilled = line.unbilled.try_add(statement.rest_of(Component::Principal)?)?;
            line.interest_to_come = line.interest_to_come.try_add(statement.rest_of(Component::Interest)?)?;
            line.fees_to_come = line.fees_to_come.try_add(statement.rest_of(Component::InstalmentFee)?)?;
        }
        Ok(with_cost(line, offer.map(|offer| offer_cost(&terms.plan, &offer))))
    }

    /// The instalments of schedules that are not due yet, the next one first.
    pub(super) fn coming(&self, position: &Position) -> Result<Vec<ComingInstalment>, MoneyError> {
        let named = self.named();
        let mut coming = Vec::new();
        for statement in position.statements.iter().filter(|statement| is_to_come(statement)) {
            let stored = statement.plan.and_then(|plan| named.get(&plan));
            let mut fee = statement.rest_of(Component::InstalmentFee)?;
            for component in [Component::Charge, Component::LateFee] {
                fee = fee.try_add(statement.rest_of(component)?)?;
            }
            coming.push(ComingInstalment {
                reference: stored.map_or_else(String::new, |stored| stored.fact.reference.clone()),
                number: statement.number,
                due_on: statement.due_on,
                principal: statement.rest_of(Component::Principal)?,
                interest: statement.rest_of(Component::Interest)?,
                fee,
            });
        }
        Ok(coming)
    }
}

/// A plan that was there and has nothing to come any more.
struct Ended {
    purchase: FactId,
    principal: Money,
    count: u32,
    billed_count: u32,
}

fn ended(period: &Period<'_>, terms: &Terms) -> Vec<Ended> {
    let (before, after) = (&period.before.position, &period.after.position);
    let runs = |purchase: FactId| {
        after.plans.iter().any(|plan| plan.purchase == purchase)
            || after.term_plans.iter().any(|plan| plan.draw == purchase)
    };
    let mut ended: Vec<Ended> = Vec::new();
    for plan in before.plans.iter().filter(|plan| !runs(plan.purchase)) {
        let (purchase, principal, count) = (plan.purchase, plan.principal, plan.count);
        ended.push(Ended { purchase, principal, count, billed_count: last_billed(period, purchase) });
    }
    for plan in before.term_plans.iter().filter(|plan| !runs(plan.draw)) {
        let (count, due) = (plan.periods.len(), plan.periods.iter());
        let due = due.filter(|term| term.due_on <= period.cut_off_on).count();
        ended.push(Ended {
            purchase: plan.draw,
            principal: drawn(period, plan.draw, terms),
            count: u32::try_from(count).unwrap_or(u32::MAX),
            billed_count: u32::try_from(due).unwrap_or(u32::MAX),
        });
    }
    // One that was drawn and billed within the period.
    for event in &period.after.events {
        if let Event::InstalmentBilled { on, purchase, count, .. } = event
            && period.contains(*on)
            && !runs(*purchase)
            && !ended.iter().any(|known| known.purchase == *purchase)
        {
            let (purchase, count) = (*purchase, *count);
            let principal = drawn(period, purchase, terms);
            ended.push(Ended { purchase, principal, count, billed_count: last_billed(period, purchase) });
        }
    }
    ended
}

/// The number of the last instalment that a statement billed.
fn last_billed(period: &Period<'_>, of: FactId) -> u32 {
    let found = period.after.events.iter().rev().find_map(|event| match event {
        Event::InstalmentBilled { purchase, number, .. } if *purchase == of => Some(*number),
        _ => None,
    });
    found.unwrap_or(0)
}

/// What was split, as the fold told it.
fn drawn(period: &Period<'_>, purchase: FactId, terms: &Terms) -> Money {
    let found = period.after.events.iter().find_map(|event| match event {
        Event::Purchase { fact, amount, .. } | Event::MovedToPlan { fact, amount, .. }
            if *fact == purchase =>
        {
            Some(*amount)
        }
        _ => None,
    });
    found.unwrap_or(Money::zero(terms.currency))
}

fn with_cost(line: PlanLine, cost: Option<AnnualCost>) -> PlanLine {
    PlanLine {
        nominal_annual: cost.map(|cost| cost.nominal),
        effective_annual: cost.map(|cost| cost.effective),
        ..line
    }
}

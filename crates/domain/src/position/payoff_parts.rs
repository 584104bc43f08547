//! The derivation of an early payoff (提前结清): each part of the sum with what it comes from.

use super::Position;
use crate::date::Date;
use crate::id::FactId;
use crate::money::{Money, MoneyError};
use crate::schedule::EarlyPayoff;
use crate::statement::{Statement, StatementOrigin};
use crate::terms::{Component, Terms};

/// What a part of a payoff comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayoffBasis {
    /// Open on a statement or instalment that is billed.
    Billed,
    /// The late fee of a statement up to the day.
    LateFee,
    /// Principal that is not billed or not due yet.
    ToCome,
    /// A purchase, charge or service fee that waits for the next statement.
    NextStatement,
    /// What accrued of the running period's cost: `days` of its `length` days.
    Days {
        /// The cost of the whole period; `None` where it accrues on the balance of each day.
        of: Option<Money>,
        /// The first day of the period.
        from: Date,
        /// Days that have passed.
        days: i32,
        /// Days of the period.
        length: i32,
    },
    /// The cost of the period that has begun, in full.
    PeriodBegun,
    /// The fees of all periods to come, as the terms say.
    RemainingFees {
        /// The number of periods.
        count: u32,
    },
}

/// One part of what a payoff takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PayoffPart {
    /// The plan; `None` for what is no plan.
    pub plan: Option<FactId>,
    /// The due date of what is billed; the day of the payoff for what is called in.
    pub due_on: Date,
    /// What it is made of.
    pub component: Component,
    /// How much.
    pub amount: Money,
    /// What it comes from.
    pub basis: PayoffBasis,
}

/// What a payoff takes, part by part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayoffParts {
    /// The parts; their sum is [`super::payoff_quote`]'s.
    pub parts: Vec<PayoffPart>,
    /// Unapplied credit that is used first.
    pub credit: Money,
    /// Interest and fees of instalments to come that are not charged.
    pub spared: Money,
}

/// The parts of a payoff of one plan, or of everything, on the day of `position`.
///
/// # Errors
/// When amounts do not fit.
pub fn payoff_parts(
    position: &Position,
    terms: &Terms,
    plan: Option<FactId>,
) -> Result<PayoffParts, MoneyError> {
    let date = position.as_of;
    let mut called = position.clone();
    called.call_in(terms, plan, date, &mut |_| {})?;
    let (mut parts, mut charged) = (Vec::new(), Money::zero(terms.currency));
    let in_scope = |statement: &&Statement| plan.is_none_or(|plan| statement.plan == Some(plan));
    for statement in called.statements.iter().filter(in_scope) {
        let is_called = statement.origin == StatementOrigin::Payoff
            && !position.statements.iter().any(|known| {
                known.origin == StatementOrigin::Payoff
                    && (known.plan, known.due_on) == (statement.plan, statement.due_on)
            });
        for component in Component::ALL {
            let amount = statement.rest_of(*component)?;
            let basis = if is_called {
                called_basis(position, terms, statement.plan, *component)
            } else {
                PayoffBasis::Billed
            };
            push(&mut parts, statement, *component, amount, basis);
            if is_called && matches!(component, Component::Interest | Component::InstalmentFee) {
                charged = charged.try_add(amount)?;
            }
        }
        push(
            &mut parts,
            statement,
            Component::LateFee,
            statement.late_fee_rest(terms, date)?,
            PayoffBasis::LateFee,
        );
    }
    let mut to_come = Money::zero(terms.currency);
    for due in position.dues(terms)? {
        let is_meant = due.plan.is_some() && plan.is_none_or(|plan| due.plan == Some(plan));
        if is_meant && due.due_on > date {
            let cost = due.parts.get(Component::Interest).try_add(due.parts.get(Component::InstalmentFee))?;
            to_come = to_come.try_add(cost)?;
        }
    }
    let spared = to_come.try_sub(charged)?;
    let spared = if spared.minor() < 0 { Money::zero(terms.currency) } else { spared };
    Ok(PayoffParts { parts, credit: position.credit, spared })
}

fn push(
    parts: &mut Vec<PayoffPart>,
    statement: &Statement,
    component: Component,
    amount: Money,
    basis: PayoffBasis,
) {
    if amount.is_positive() {
        parts.push(PayoffPart { plan: statement.plan, due_on: statement.due_on, component, amount, basis });
    }
}

/// Where a part of what is called in comes from.
fn called_basis(
    position: &Position,
    terms: &Terms,
    plan: Option<FactId>,
    component: Component,
) -> PayoffBasis {
    let Some(plan) = plan else { return PayoffBasis::NextStatement };
    let is_cost = matches!(component, Component::Interest | Component::InstalmentFee);
    if !is_cost {
        return PayoffBasis::ToCome;
    }
    match terms.plan.early_payoff {
        EarlyPayoff::PeriodBegun => PayoffBasis::PeriodBegun,
        EarlyPayoff::RemainingFees if component == Component::InstalmentFee => {
            PayoffBasis::RemainingFees { count: count_to_come(position, plan) }
        }
        EarlyPayoff::ActualTime | EarlyPayoff::RemainingFees => days_basis(position, terms, plan, component),
    }
}

fn ahead(position: &Position, plan: FactId) -> impl Iterator<Item = &Statement> {
    position.statements.iter().filter(move |statement| {
        statement.plan == Some(plan)
            && statement.origin == StatementOrigin::Scheduled
            && statement.due_on > position.as_of
    })
}

fn count_to_come(position: &Position, plan: FactId) -> u32 {
    let billed = position.plans.iter().find(|known| known.purchase == plan);
    let scheduled = u32::try_from(ahead(position, plan).count()).unwrap_or(u32::MAX);
    billed.map_or(scheduled, super::Plan::count_to_come)
}

fn days_basis(position: &Position, terms: &Terms, plan: FactId, component: Component) -> PayoffBasis {
    let date = position.as_of;
    let by_statement = position.plans.iter().find(|known| known.purchase == plan);
    let (from, to, of) = match (by_statement, ahead(position, plan).next()) {
        (Some(known), _) => {
            let to = position.next_cut_off_on;
            let of = match component {
                Component::Interest => known.ahead.first().map(|part| part.interest),
                _ => Some(known.fee_per_period),
            };
            (terms.statement_day.next_after(to.plus_days(-32)), to, of)
        }
        (None, Some(statement)) => {
            let is_by_day =
                position.term_plans.iter().any(|known| known.draw == plan && known.rest.is_some());
            let of = (!is_by_day).then(|| statement.billed.get(component));
            (statement.cut_off_on, statement.due_on, of)
        }
        (None, None) => (date, date, None),
    };
    let length = to.days_since(from).max(1);
    PayoffBasis::Days { of, from, days: date.days_since(from).clamp(0, length), length }
}

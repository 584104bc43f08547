//! How money that comes in clears what is owed.
//!
//! Order: the product's terms; Civil Code Art. 561 (costs, interest, principal) is the shipped default. What the
//! customer designates goes first (Art. 560).

use crate::date::Date;
use crate::fact::Fact;
use crate::id::FactId;
use crate::money::{Money, MoneyError};
use crate::position::Position;
use crate::statement::Statement;
use crate::terms::{
    AdvanceTarget, AllocationOrder, AllocationScope, AllocationStep, Component, DueState, DueStates, Terms,
    Walk,
};
use crate::trace::Event;

/// What money is for, where somebody said so; each part that is given narrows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Purpose {
    /// A draw, statement plan, obligation or charge.
    pub plan: Option<FactId>,
    /// A component.
    pub component: Option<Component>,
    /// A due date.
    pub due_on: Option<Date>,
    /// Only what is due by the day.
    pub is_due_only: bool,
}

impl Purpose {
    /// What a payment, waiver or refund names.
    pub(crate) fn of(fact: &Fact) -> Self {
        Self { plan: fact.target, component: fact.detail.only, due_on: fact.due_on, is_due_only: false }
    }

    fn is_open(self) -> bool {
        self == Self::default()
    }

    pub(crate) fn takes_statement(self, statement: &Statement) -> bool {
        self.plan.is_none_or(|plan| statement.plan == Some(plan))
            && self.due_on.is_none_or(|due_on| statement.due_on == due_on)
    }

    fn takes_component(self, component: Component) -> bool {
        self.component.is_none_or(|only| only == component)
    }
}

/// Money on its way to what it clears.
struct Clearing<'t> {
    terms: &'t Terms,
    cause: Option<FactId>,
    purpose: Purpose,
    date: Date,
    left: Money,
}

impl Position {
    /// Clears what is owed with `amount` on `date`, first what it is for; what is left becomes credit.
    pub(crate) fn receive(
        &mut self,
        terms: &Terms,
        cause: FactId,
        amount: Money,
        purpose: Purpose,
        date: Date,
        trace: &mut impl FnMut(Event),
    ) -> Result<(), MoneyError> {
        let mut left = amount;
        if !purpose.is_open() {
            left = self.clear(terms, Some(cause), left, purpose, date, trace)?;
        }
        left = self.clear(terms, Some(cause), left, Purpose::default(), date, trace)?;
        self.credit = self.credit.try_add(left)?;
        Ok(())
    }

    /// Clears what is newly owed with credit left from before.
    pub(crate) fn use_credit(
        &mut self,
        terms: &Terms,
        date: Date,
        trace: &mut impl FnMut(Event),
    ) -> Result<(), MoneyError> {
        if self.credit.is_positive() {
            self.credit = self.clear(terms, None, self.credit, Purpose::default(), date, trace)?;
        }
        Ok(())
    }

    /// Clears what `purpose` takes with `amount`; gives what is left.
    pub(crate) fn clear(
        &mut self,
        terms: &Terms,
        cause: Option<FactId>,
        amount: Money,
        purpose: Purpose,
        date: Date,
        trace: &mut impl FnMut(Event),
    ) -> Result<Money, MoneyError> {
        if !amount.is_positive() {
            return Ok(amount);
        }
        self.close_segments(terms, date, trace)?;
        self.owe_interest_to_date(terms, date)?;
        let mut clearing = Clearing { terms, cause, purpose, date, left: amount };
        match &terms.order {
            Some(order) => self.clear_by_state(&mut clearing, order, trace)?,
            None => self.clear_in_order(&mut clearing, trace)?,
        }
        self.settle_interest(terms, date)?;
        let left = clearing.left;
        self.count_towards_minimums(amount.try_sub(left)?)?;
        Ok(left)
    }

    fn clear_in_order(
        &mut self,
        clearing: &mut Clearing<'_>,
        trace: &mut impl FnMut(Event),
    ) -> Result<(), MoneyError> {
        let (terms, count) = (clearing.terms, self.statements.len());
        match terms.allocation_scope {
            AllocationScope::DueDateFirst => {
                for index in 0..count {
                    for component in &terms.allocation {
                        self.clear_one(clearing, index, *component, DueStates::ANY, trace)?;
                    }
                }
            }
            AllocationScope::ComponentFirst => {
                for component in &terms.allocation {
                    for index in 0..count {
                        self.clear_one(clearing, index, *component, DueStates::ANY, trace)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn clear_by_state(
        &mut self,
        clearing: &mut Clearing<'_>,
        order: &AllocationOrder,
        trace: &mut impl FnMut(Event),
    ) -> Result<(), MoneyError> {
        for group in order.steps.chunk_by(|left, right| left.states == right.states) {
            let states = group[0].states;
            if order.in_advance == AdvanceTarget::All && states == DueStates::IN_ADVANCE {
                self.clear_alike(clearing, group, trace)?;
            }
            let mut indices: Vec<usize> = (0..self.statements.len()).collect();
            if order.in_advance == AdvanceTarget::Last && states == DueStates::IN_ADVANCE {
                indices.reverse();
            }
            match order.walk {
                Walk::Horizontal => {
                    for index in &indices {
                        for step in group {
                            self.clear_one(clearing, *index, step.component, states, trace)?;
                        }
                    }
                }
                Walk::Vertical => {
                    for step in group {
                        for index in &indices {
                            self.clear_one(clearing, *index, step.component, states, trace)?;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Spreads money in advance evenly; an instalment that needs less leaves the rest to the others.
    fn clear_alike(
        &mut self,
        clearing: &mut Clearing<'_>,
        group: &[AllocationStep],
        trace: &mut impl FnMut(Event),
    ) -> Result<(), MoneyError> {
        for step in group {
            loop {
                let mut open = Vec::new();
                for index in 0..self.statements.len() {
                    let rest = self.open_for(clearing, index, step.component, DueStates::IN_ADVANCE)?;
                    if rest.is_positive() {
                        open.push(index);
                    }
                }
                let count = i64::try_from(open.len()).unwrap_or(i64::MAX);
                let share = if count == 0 { 0 } else { clearing.left.minor() / count };
                if share == 0 {
                    break;
                }
                let share = Money::new(share, clearing.left.currency());
                for index in open {
                    let kept = clearing.left.try_sub(share)?;
                    clearing.left = share;
                    self.clear_one(clearing, index, step.component, DueStates::IN_ADVANCE, trace)?;
                    clearing.left = clearing.left.try_add(kept)?;
                }
            }
        }
        Ok(())
    }

    /// Every statement whose base may change closes its late-fee and service-fee segments first.
    pub(crate) fn close_segments(
        &mut self,
        terms: &Terms,
        date: Date,
        trace: &mut impl FnMut(Event),
    ) -> Result<(), MoneyError> {
        for statement in &mut self.statements {
            let due_on = statement.due_on;
            if let Some(segment) = statement.close_segment(terms, date)? {
                trace(Event::LateFeeSegment { due_on, segment });
            }
            statement.close_service(terms, date)?;
        }
        Ok(())
    }

    /// What of a component of a statement stands in one of `states`, the late fee by delay excepted.
    fn open_for(
        &self,
        clearing: &Clearing<'_>,
        index: usize,
        component: Component,
        states: DueStates,
    ) -> Result<Money, MoneyError> {
        let statement = &self.statements[index];
        let zero = Money::zero(clearing.terms.currency);
        let purpose = clearing.purpose;
        if !purpose.takes_statement(statement) || !purpose.takes_component(component) {
            return Ok(zero);
        }
        let due = statement.due_rest_of(component, clearing.date)?;
        let ahead = statement.rest_of(component)?.try_sub(due)?;
        let due_state = if statement.due_on < clearing.date { DueState::PastDue } else { DueState::Due };
        let due_part = if states.holds(due_state) { due } else { zero };
        let is_ahead_wanted = states.holds(DueState::InAdvance) && !purpose.is_due_only;
        due_part.try_add(if is_ahead_wanted { ahead } else { zero })
    }

    fn clear_one(
        &mut self,
        clearing: &mut Clearing<'_>,
        index: usize,
        component: Component,
        states: DueStates,
        trace: &mut impl FnMut(Event),
    ) -> Result<(), MoneyError> {
        if !clearing.left.is_positive() {
            return Ok(());
        }
        // A lender may load late fees of its own; those are on the statement and go first.
        let mut cleared = self.open_for(clearing, index, component, states)?.try_min(clearing.left)?;
        let statement = &mut self.statements[index];
        if cleared.is_positive() {
            statement.paid.add(component, cleared)?;
            clearing.left = clearing.left.try_sub(cleared)?;
            if !statement.is_recognised && matches!(component, Component::Interest | Component::InstalmentFee)
            {
                // What is paid before its due date is earned with the payment.
                self.totals.billed_fees.add(component, cleared)?;
                if let Some(plan) = statement.plan {
                    let (on, number) = (clearing.date, statement.number);
                    trace(Event::EarnedAhead { plan, on, number, component, amount: cleared });
                }
            }
        }
        let is_taken = clearing.purpose.takes_statement(statement)
            && clearing.purpose.takes_component(component)
            && states.holds(DueState::PastDue);
        if component == Component::LateFee && is_taken {
            let part = statement.late_fee_rest(clearing.terms, clearing.date)?.try_min(clearing.left)?;
            if part.is_positive() {
                statement.late_fee.paid = statement.late_fee.paid.try_add(part)?;
                clearing.left = clearing.left.try_sub(part)?;
                cleared = cleared.try_add(part)?;
            }
        }
        if cleared.is_positive() {
            self.totals.allocated.add(component, cleared)?;
            let (due_on, plan, number) = (statement.due_on, statement.plan, statement.number);
            let (cause, on) = (clearing.cause, clearing.date);
            trace(Event::Allocated { cause, on, due_on, plan, number, component, amount: cleared });
        }
        Ok(())
    }

    /// Minimums are met oldest first by all money that cleared something, whatever it cleared.
    ///
    /// The share of a statement's minimum can lie on an earlier one's carried rest, so this runs beside the
    /// allocation and not inside it.
    pub(crate) fn count_towards_minimums(&mut self, cleared: Money) -> Result<(), MoneyError> {
        let mut left = cleared;
        for statement in self.statements.iter_mut().filter(|statement| !statement.is_due_in_full()) {
            let part = statement.shortfall()?.try_min(left)?;
            if part.is_positive() {
                statement.minimum_paid = statement.minimum_paid.try_add(part)?;
                left = left.try_sub(part)?;
            }
        }
        Ok(())
    }
}

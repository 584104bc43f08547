//! How money that comes in clears what is owed, and how late fees are given up.
//!
//! Order: the product's terms; Civil Code Art. 561 (costs, interest, principal) is the shipped default.

use crate::date::Date;
use crate::fact::Fact;
use crate::id::FactId;
use crate::money::{Money, MoneyError};
use crate::position::Position;
use crate::terms::{AllocationScope, Component, Terms};
use crate::trace::Event;

impl Position {
    /// Clears what is owed with `amount` on `date`; what is left becomes credit.
    pub(crate) fn receive(
        &mut self,
        terms: &Terms,
        cause: FactId,
        amount: Money,
        date: Date,
        trace: &mut impl FnMut(Event),
    ) -> Result<(), MoneyError> {
        let left = self.clear(terms, Some(cause), amount, date, trace)?;
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
            self.credit = self.clear(terms, None, self.credit, date, trace)?;
        }
        Ok(())
    }

    fn clear(
        &mut self,
        terms: &Terms,
        cause: Option<FactId>,
        amount: Money,
        date: Date,
        trace: &mut impl FnMut(Event),
    ) -> Result<Money, MoneyError> {
        self.close_segments(terms, date, trace)?;
        let mut left = amount;
        let statement_count = self.statements.len();
        match terms.allocation_scope {
            AllocationScope::DueDateFirst => {
                for index in 0..statement_count {
                    for component in &terms.allocation {
                        self.clear_one(terms, cause, index, *component, &mut left, date, trace)?;
                    }
                }
            }
            AllocationScope::ComponentFirst => {
                for component in &terms.allocation {
                    for index in 0..statement_count {
                        self.clear_one(terms, cause, index, *component, &mut left, date, trace)?;
                    }
                }
            }
        }
        self.count_towards_minimums(terms, amount.try_sub(left)?)?;
        Ok(left)
    }

    /// Every statement whose base may change closes its late-fee segment first.
    fn close_segments(
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
        }
        Ok(())
    }

    fn clear_one(
        &mut self,
        terms: &Terms,
        cause: Option<FactId>,
        index: usize,
        component: Component,
        left: &mut Money,
        date: Date,
        trace: &mut impl FnMut(Event),
    ) -> Result<(), MoneyError> {
        let statement = &mut self.statements[index];
        let billed_rest = statement.rest_of(component)?;
        // A lender may load late fees of its own; those are on the statement and go first.
        let billed_part = billed_rest.try_min(*left)?;
        if billed_part.is_positive() {
            statement.paid.add(component, billed_part)?;
            *left = left.try_sub(billed_part)?;
        }
        let mut cleared = billed_part;
        if component == Component::LateFee {
            let part = statement.late_fee_rest(terms, date)?.try_min(*left)?;
            if part.is_positive() {
                statement.late_fee.paid = statement.late_fee.paid.try_add(part)?;
                *left = left.try_sub(part)?;
                cleared = cleared.try_add(part)?;
            }
        }
        if cleared.is_positive() {
            self.totals.allocated.add(component, cleared)?;
            let due_on = statement.due_on;
            trace(Event::Allocated { cause, on: date, due_on, component, amount: cleared });
        }
        Ok(())
    }

    /// Minimums are met oldest first by all money that cleared something, whatever it cleared.
    ///
    /// The share of a statement's minimum can lie on an earlier one's carried rest, so this runs beside the
    /// allocation and not inside it.
    fn count_towards_minimums(&mut self, terms: &Terms, cleared: Money) -> Result<(), MoneyError> {
        let mut left = cleared;
        for statement in &mut self.statements {
            let part = statement.shortfall()?.try_min(left)?;
            if part.is_positive() {
                statement.minimum_paid = statement.minimum_paid.try_add(part)?;
                left = left.try_sub(part)?;
            }
        }
        debug_assert!(left.currency() == terms.currency);
        Ok(())
    }

    /// Lowers what is not yet billed of the refund's purchase; gives what is left of the refund.
    pub(crate) fn lower_unbilled(&mut self, refund: &Fact) -> Result<Money, MoneyError> {
        let mut left = refund.amount;
        let is_target = |purchase: FactId| refund.target.is_none_or(|target| target == purchase);
        for purchase in self.unbilled.iter_mut().filter(|purchase| is_target(purchase.purchase)) {
            let part = purchase.amount.try_min(left)?;
            purchase.amount = purchase.amount.try_sub(part)?;
            left = left.try_sub(part)?;
        }
        for plan in self.plans.iter_mut().filter(|plan| is_target(plan.purchase)) {
            let part = plan.unbilled.try_min(left)?;
            plan.unbilled = plan.unbilled.try_sub(part)?;
            left = left.try_sub(part)?;
        }
        self.unbilled.retain(|purchase| purchase.amount.is_positive());
        self.plans.retain(|plan| plan.unbilled.is_positive());
        let lowered = refund.amount.try_sub(left)?;
        self.totals.allocated.add(Component::Principal, lowered)?;
        Ok(left)
    }

    /// Gives up late fees up to the waiver's amount, oldest first.
    pub(crate) fn waive(
        &mut self,
        terms: &Terms,
        waiver: &Fact,
        trace: &mut impl FnMut(Event),
    ) -> Result<(), MoneyError> {
        let mut left = waiver.amount;
        for statement in &mut self.statements {
            let part = statement.late_fee_rest(terms, waiver.value_on)?.try_min(left)?;
            if part.is_positive() {
                statement.late_fee.waived = statement.late_fee.waived.try_add(part)?;
                left = left.try_sub(part)?;
                let due_on = statement.due_on;
                trace(Event::Waived { fact: waiver.id, on: waiver.value_on, due_on, amount: part });
            }
        }
        self.totals.waived = self.totals.waived.try_add(waiver.amount.try_sub(left)?)?;
        Ok(())
    }
}

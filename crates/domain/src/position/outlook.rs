//! What is to be paid, and when, as far as it is known: what is open, and what plans will bill.
//!
//! It foresees nothing: purchases to come, late fees and the fee on a carried rest are not in it.

use super::Position;
use crate::amounts::Amounts;
use crate::date::Date;
use crate::id::FactId;
use crate::money::MoneyError;
use crate::statement::StatementOrigin;
use crate::terms::{Component, Terms};

/// What is to be paid on one day of one plan, or of what is no plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// The due date.
    pub due_on: Date,
    /// The purchase or statement plan; `None` for the rest of statements and what the next one bills in full.
    pub plan: Option<FactId>,
    /// The number of the instalment in its plan; 0 for what is no instalment.
    pub number: u32,
    /// How much, by component.
    pub parts: Amounts,
}

impl Position {
    /// All that is to be paid, by due date; what a statement has billed of plans is with that statement.
    ///
    /// # Errors
    /// When amounts do not fit.
    pub fn dues(&self, terms: &Terms) -> Result<Vec<Due>, MoneyError> {
        let mut dues = Vec::new();
        for statement in &self.statements {
            let mut parts = Amounts::zero(terms.currency);
            for component in Component::ALL {
                parts.add(*component, statement.rest_of(*component)?)?;
            }
            if parts.total()?.is_positive() {
                let is_instalment = statement.origin == StatementOrigin::Scheduled;
                let plan = statement.plan.filter(|_| is_instalment);
                dues.push(Due { due_on: statement.due_on, plan, number: statement.number, parts });
            }
        }
        let mut next = Amounts::zero(terms.currency);
        for unbilled in &self.unbilled {
            next.add(unbilled.component, unbilled.amount)?;
        }
        if next.total()?.is_positive() {
            let due_on = terms.due.due_on(self.next_cut_off_on);
            dues.push(Due { due_on, plan: None, number: 0, parts: next });
        }
        for plan in &self.plans {
            let mut plan = plan.clone();
            let mut cut_off_on = self.next_cut_off_on;
            while !plan.is_billed() {
                let part = plan.bill_next()?;
                let mut parts = Amounts::zero(terms.currency);
                parts.add(Component::Principal, part.principal)?;
                parts.add(Component::Interest, part.interest)?;
                parts.add(Component::InstalmentFee, plan.fee_per_period)?;
                dues.push(Due {
                    due_on: terms.due.due_on(cut_off_on),
                    plan: Some(plan.purchase),
                    number: plan.billed_count,
                    parts,
                });
                cut_off_on = terms.statement_day.next_after(cut_off_on);
            }
        }
        dues.sort_by_key(|due| (due.due_on, due.plan, due.number));
        Ok(dues)
    }
}

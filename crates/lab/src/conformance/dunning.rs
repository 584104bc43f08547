//! Debts under a treatment: which step each has come to, and what is owed with the charges of the steps.

use dunlin_domain::date::Date;
use dunlin_domain::money::{Currency, Money};
use dunlin_domain::terms::{Component, DaysPastDueConvention};
use dunlin_domain::treatment::{StepState, StepTaken, Treatment};

use super::fields::Problem;
use super::obligations::{Obligations, plain_terms};

/// One debt under the treatment.
pub(super) struct Debt {
    due_on: Date,
    original: Money,
    /// The steps taken for it, first to last.
    pub(super) taken: Vec<StepTaken>,
    /// No further step is taken while this is set.
    pub(super) is_blocked: bool,
}

/// A customer's debts, each under the same treatment.
pub(super) struct Dunning {
    pub(super) treatment: Treatment,
    pub(super) obligations: Obligations,
    pub(super) debts: Vec<Debt>,
}

impl Dunning {
    pub(super) fn new(treatment: Treatment, currency: Currency) -> Result<Self, Problem> {
        let terms = plain_terms(currency, DaysPastDueConvention::DayAfterDueIsOne)?;
        Ok(Self { treatment, obligations: Obligations::new(terms), debts: Vec::new() })
    }

    pub(super) fn owe(&mut self, due_on: Date, amount: Money) {
        self.obligations.owe(due_on, Component::Principal, amount);
        self.debts.push(Debt { due_on, original: amount, taken: Vec::new(), is_blocked: false });
    }

    /// The debts of which something is unpaid on `today`, by their index.
    ///
    /// What was paid clears the oldest first, so the settled ones of one due date come first.
    pub(super) fn open_debts(&self, today: Date) -> Result<Vec<usize>, Problem> {
        let mut unpaid: Vec<Date> = Vec::new();
        let position = self.obligations.position(today)?;
        for statement in &position.statements {
            if statement.rest_of(Component::Principal)?.is_positive() {
                unpaid.push(statement.due_on);
            }
        }
        let mut open = Vec::new();
        let mut by_due: Vec<usize> = (0..self.debts.len()).collect();
        by_due.sort_by_key(|index| (self.debts[*index].due_on, *index));
        for index in by_due.into_iter().rev() {
            if let Some(at) = unpaid.iter().rposition(|due_on| *due_on == self.debts[index].due_on) {
                unpaid.remove(at);
                open.push(index);
            }
        }
        open.sort_unstable();
        Ok(open)
    }

    /// One run of the treatment: at most one step for each open debt. Gives the debts for which one was taken.
    pub(super) fn run(&mut self, today: Date) -> Result<Vec<usize>, Problem> {
        let mut moved = Vec::new();
        for index in self.open_debts(today)? {
            let debt = &mut self.debts[index];
            let next = self.treatment.next_step(debt.taken.last(), debt.due_on, today);
            if let (Ok(step), false) = (next, debt.is_blocked) {
                debt.taken.push(step);
                moved.push(index);
            }
        }
        Ok(moved)
    }

    /// Carries out every step that is only drawn up, and charges what it costs.
    pub(super) fn carry_out(&mut self, today: Date) -> Result<(), Problem> {
        let rounding = self.obligations.terms.rounding;
        for index in self.open_debts(today)? {
            let debt = &mut self.debts[index];
            let draft = debt.taken.last_mut().filter(|step| step.state == StepState::Draft);
            let Some(step) = draft.filter(|_| !debt.is_blocked) else { continue };
            step.state = StepState::Done;
            if let Some(charge) = self.treatment.steps[step.step_index].charge {
                let amount = charge.of(debt.original, rounding)?;
                if amount.is_positive() {
                    self.obligations.owe(today, Component::LateFee, amount);
                }
            }
        }
        Ok(())
    }
}

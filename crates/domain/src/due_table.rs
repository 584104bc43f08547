//! What an overdue total is made of, due date by due date: for a letter that states its claim. Every amount is the ledger's,
//! and the lines add up to the total that messages name, to the last minor unit.

use crate::date::Date;
use crate::money::{Money, MoneyError};
use crate::position::Position;
use crate::terms::{Component, Terms};

/// What is overdue of one due date, and the late fees to date of what fell due on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueLine {
    /// The due date.
    pub due_on: Date,
    /// The number of the instalment; 0 for what is none.
    pub number: u32,
    /// Unpaid principal; zero where a minimum is what is missing.
    pub principal: Money,
    /// Unpaid interest.
    pub interest: Money,
    /// Unpaid fees of instalments and other charges.
    pub fees: Money,
    /// What is missing of a minimum payment, which is no share of any component.
    pub minimum: Money,
    /// Late fees unpaid to date, billed ones among them.
    pub late_fee: Money,
    /// The sum of these.
    pub total: Money,
}

impl DueLine {
    /// The line with its sum.
    fn summed(mut self) -> Result<Self, MoneyError> {
        let rest = [self.interest, self.fees, self.minimum, self.late_fee];
        self.total = rest.into_iter().try_fold(self.principal, Money::try_add)?;
        Ok(self)
    }
}

/// The lines, oldest due date first, and their sums.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueTable {
    /// One for each due date of which anything is open.
    pub lines: Vec<DueLine>,
    /// The sums of the columns. Its due date and number are those of the first line.
    pub sums: DueLine,
}

impl DueTable {
    /// The table of a position; `None` when nothing is overdue and no late fee is open.
    ///
    /// # Errors
    /// When amounts do not fit.
    pub fn of(position: &Position, terms: &Terms) -> Result<Option<Self>, MoneyError> {
        let is_overdue = position.arrears(terms)?.overdue_due_on.is_some();
        let zero = Money::zero(terms.currency);
        let mut lines = Vec::new();
        for statement in &position.statements {
            let mut line = DueLine {
                due_on: statement.due_on,
                number: statement.number,
                principal: zero,
                interest: zero,
                fees: zero,
                minimum: zero,
                late_fee: statement.late_fee_rest(terms, position.as_of)?,
                total: zero,
            };
            let overdue = if is_overdue { statement.overdue(terms)? } else { zero };
            if overdue != statement.rest()? {
                line.minimum = overdue;
            } else if overdue.is_positive() {
                let rest_of = |component| statement.rest_of(component);
                line.principal = rest_of(Component::Principal)?;
                line.interest = rest_of(Component::Interest)?;
                line.fees = rest_of(Component::InstalmentFee)?.try_add(rest_of(Component::Charge)?)?;
                line.late_fee = line.late_fee.try_add(rest_of(Component::LateFee)?)?;
            }
            let line = line.summed()?;
            if !line.total.is_zero() {
                lines.push(line);
            }
        }
        let Some(first) = lines.first().copied() else { return Ok(None) };
        let mut sums = first;
        for line in &lines[1..] {
            sums.principal = sums.principal.try_add(line.principal)?;
            sums.interest = sums.interest.try_add(line.interest)?;
            sums.fees = sums.fees.try_add(line.fees)?;
            sums.minimum = sums.minimum.try_add(line.minimum)?;
            sums.late_fee = sums.late_fee.try_add(line.late_fee)?;
        }
        Ok(Some(Self { lines, sums: sums.summed()? }))
    }
}

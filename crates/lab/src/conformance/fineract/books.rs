//! What is booked of a loan: transactions in the peer's order, and the accrual of income day by day.

use std::collections::BTreeMap;

use dunlin_domain::amounts::Amounts;
use dunlin_domain::date::Date;
use dunlin_domain::id::FactId;
use dunlin_domain::money::{Currency, Money, MoneyError, Rounding};
use dunlin_domain::terms::{Component, Terms};

use super::super::compare::Row;
use super::super::fields::Problem;
use super::tables;
use super::view::View;

/// What a transaction is.
#[derive(Clone)]
pub(super) enum Kind {
    /// Money lent.
    Disbursement,
    /// Money that came in, by the peer's name for it.
    Payment(&'static str),
    /// Income that was earned.
    Accrual(Amounts),
    /// Everything was given up.
    WriteOff,
    /// A charge was given up.
    Waiver,
    /// Credit was paid out.
    CreditRefund,
    /// A payment was taken back by the bank, and is owed again.
    Chargeback,
}

/// One transaction.
pub(super) struct Transaction {
    pub(super) kind: Kind,
    pub(super) on: Date,
    pub(super) amount: Money,
    pub(super) fact: Option<FactId>,
    /// Its row as it was before it was reversed.
    pub(super) reverted: Option<Row>,
}

impl Transaction {
    pub(super) fn label(&self) -> &'static str {
        match &self.kind {
            Kind::Disbursement => "Disbursement",
            Kind::Payment(label) => label,
            Kind::Accrual(_) => "Accrual",
            Kind::WriteOff => "Close (as written-off)",
            Kind::Waiver => "Waive loan charges",
            Kind::CreditRefund => "Credit Balance Refund",
            Kind::Chargeback => "Chargeback",
        }
    }
}

/// All transactions, in the order in which they were made, and what was accrued by instalment.
pub(super) struct Books {
    pub(super) transactions: Vec<Transaction>,
    accrued: BTreeMap<u32, Amounts>,
    currency: Currency,
}

/// The components that are income.
const INCOME: [Component; 4] =
    [Component::Interest, Component::InstalmentFee, Component::Charge, Component::LateFee];

impl Books {
    pub(super) fn new(currency: Currency) -> Self {
        Self { transactions: Vec::new(), accrued: BTreeMap::new(), currency }
    }

    pub(super) fn add(&mut self, kind: Kind, on: Date, amount: Money, fact: Option<FactId>) {
        self.transactions.push(Transaction { kind, on, amount, fact, reverted: None });
    }

    /// The table of transactions: by day, and of one day in the order in which they were made.
    pub(super) fn rows(&self, view: &View) -> Result<Vec<Row>, Problem> {
        let mut order: Vec<usize> = (0..self.transactions.len()).collect();
        order.sort_by_key(|index| (self.transactions[*index].on, *index));
        let zero = Money::zero(self.currency);
        let mut balance = zero;
        let mut rows = Vec::new();
        for index in order {
            let transaction = &self.transactions[index];
            if let Some(row) = &transaction.reverted {
                rows.push(row.clone());
                continue;
            }
            let cleared = self.cleared(transaction, view)?;
            let principal = cleared.get(Component::Principal);
            let shown = match &transaction.kind {
                Kind::Disbursement | Kind::Chargeback => {
                    balance = balance.try_add(transaction.amount)?;
                    balance
                }
                Kind::Payment(_) | Kind::WriteOff => {
                    balance = balance.try_sub(principal)?;
                    balance
                }
                Kind::Waiver | Kind::CreditRefund => balance,
                Kind::Accrual(_) => zero,
            };
            let (on, label) = (transaction.on, transaction.label());
            rows.push(tables::transaction(on, label, transaction.amount, &cleared, shown, false)?);
        }
        Ok(rows)
    }

    fn cleared(&self, transaction: &Transaction, view: &View) -> Result<Amounts, Problem> {
        let none = Amounts::zero(self.currency);
        match (&transaction.kind, transaction.fact) {
            (Kind::Accrual(amounts), _) => Ok(*amounts),
            (Kind::WriteOff, _) => Ok(view.written_off.unwrap_or(none)),
            (Kind::Payment(_), Some(fact)) => view.cleared_by(fact),
            (Kind::Chargeback, _) => {
                let mut amounts = none;
                amounts.add(Component::Principal, transaction.amount)?;
                Ok(amounts)
            }
            (Kind::Payment(_) | Kind::Disbursement | Kind::Waiver | Kind::CreditRefund, _) => Ok(none),
        }
    }

    /// Marks the `nth` transaction so named on `on` as reversed and gives its fact; its row stays as it was.
    pub(super) fn revert(
        &mut self,
        view: &View,
        nth: usize,
        label: &str,
        on: Date,
    ) -> Result<FactId, Problem> {
        let named = |transaction: &Transaction| transaction.label() == label && transaction.on == on;
        let matching: Vec<usize> =
            (0..self.transactions.len()).filter(|index| named(&self.transactions[*index])).collect();
        let index = nth.checked_sub(1).and_then(|nth| matching.get(nth)).copied();
        let index =
            index.ok_or_else(|| Problem::new(format!("there is no transaction {nth} {label:?} on {on}")))?;
        self.revert_at(view, index)
    }

    /// The same for the last payment that stands.
    pub(super) fn revert_last_payment(&mut self, view: &View) -> Result<FactId, Problem> {
        let stands = |transaction: &Transaction| {
            matches!(transaction.kind, Kind::Payment(_)) && transaction.reverted.is_none()
        };
        let index = self.transactions.iter().rposition(stands);
        let index = index.ok_or_else(|| Problem::new("there is no payment that could be undone"))?;
        self.revert_at(view, index)
    }

    fn revert_at(&mut self, view: &View, index: usize) -> Result<FactId, Problem> {
        let transaction = &self.transactions[index];
        let fact = transaction.fact.filter(|_| transaction.reverted.is_none());
        let fact = fact.ok_or_else(|| Problem::new("the transaction was reversed before, or cannot be"))?;
        let (on, label) = (transaction.on, transaction.label());
        let row = self.rows(view)?.into_iter().find(|row| {
            row[0].1 == super::super::compare::Got::Day(on)
                && row[1].1 == super::super::compare::Got::text(label)
        });
        let cleared = self.cleared(transaction, view)?;
        let balance = row.as_ref().map(|row| row[7].1.clone());
        let mut reverted =
            tables::transaction(on, label, transaction.amount, &cleared, Money::zero(self.currency), true)?;
        if let Some(balance) = balance {
            reverted[7].1 = balance;
        }
        self.transactions[index].reverted = Some(reverted);
        Ok(fact)
    }

    /// The day of the last payment that stands.
    pub(super) fn last_payment_on(&self) -> Option<Date> {
        let stands = self.transactions.iter().filter(|transaction| transaction.reverted.is_none());
        let payments = stands.filter(|transaction| matches!(transaction.kind, Kind::Payment(_)));
        payments.map(|transaction| transaction.on).max()
    }

    /// Accrues what was earned through `on`: a loan with a fixed schedule by instalment on its due date, the
    /// others in one sum on the day. The interest of instalments that are due is that of the schedule as it was
    /// last brought up to date, which is what `known` shows: the peer accrues first. `closed` is the loan at the end of
    /// `on`, where interest by the day stands; `view` knows what the business date after it charges.
    pub(super) fn accrue(
        &mut self,
        terms: &Terms,
        view: &View,
        known: &View,
        closed: &View,
        on: Date,
        is_progressive: bool,
    ) -> Result<(), Problem> {
        let mut sum = Amounts::zero(self.currency);
        let mut by_due_date = Vec::new();
        for row in &view.instalments {
            let mut earned = Amounts::zero(self.currency);
            if row.due_on <= on {
                let before = known.instalments.iter().find(|before| before.number == row.number);
                for component in INCOME {
                    let source = before.filter(|_| component == Component::Interest).unwrap_or(row);
                    earned.add(component, source.billed.get(component))?;
                }
            } else if row.from < on {
                earned.add(Component::Interest, interest_to(terms, closed, row, on)?)?;
            }
            if row.due_on > on {
                for charge in view.charges.iter().filter(|charge| charge.due_on <= on) {
                    if view.row_of(charge).is_some_and(|number| number == row.number) {
                        earned.add(charge.component, charge.amount)?;
                    }
                }
            }
            let new = self.newly(row.number, &earned)?;
            if new.total()?.is_zero() {
                continue;
            }
            if is_progressive {
                for component in INCOME {
                    sum.add(component, new.get(component))?;
                }
            } else {
                by_due_date.push((row.due_on.min(on), new));
            }
        }
        if !sum.total()?.is_zero() {
            by_due_date.push((on, sum));
        }
        for (on, amounts) in by_due_date {
            let total = amounts.total()?;
            self.add(Kind::Accrual(amounts), on, total, None);
        }
        Ok(())
    }

    /// Accrues a charge that was paid out of the draw.
    pub(super) fn accrue_upfront(
        &mut self,
        component: Component,
        amount: Money,
        on: Date,
    ) -> Result<(), Problem> {
        let mut amounts = Amounts::zero(self.currency);
        amounts.add(component, amount)?;
        self.add(Kind::Accrual(amounts), on, amount, None);
        Ok(())
    }

    /// Accrues everything that was not accrued yet, on the day that closed the loan.
    pub(super) fn accrue_all(&mut self, view: &View, on: Date) -> Result<(), Problem> {
        let mut sum = Amounts::zero(self.currency);
        for row in &view.instalments {
            let mut earned = Amounts::zero(self.currency);
            for component in INCOME {
                earned.add(component, row.billed.get(component))?;
            }
            let new = self.newly(row.number, &earned)?;
            for component in INCOME {
                sum.add(component, new.get(component))?;
            }
        }
        let total = sum.total()?;
        if total.is_positive() {
            self.add(Kind::Accrual(sum), on, total, None);
        }
        Ok(())
    }

    /// What of `earned` was not accrued yet; accrued from now on.
    fn newly(&mut self, number: u32, earned: &Amounts) -> Result<Amounts, Problem> {
        let none = Amounts::zero(self.currency);
        let accrued = self.accrued.entry(number).or_insert(none);
        let mut new = none;
        for component in INCOME {
            let difference = earned.get(component).try_sub(accrued.get(component))?;
            if difference.is_positive() {
                new.add(component, difference)?;
                accrued.add(component, difference)?;
            }
        }
        Ok(new)
    }
}

/// Interest earned within the period of an instalment through `on`.
fn interest_to(
    terms: &Terms,
    view: &View,
    row: &super::view::InstalmentView,
    on: Date,
) -> Result<Money, Problem> {
    let follows = terms.schedule_billing().is_some_and(|billing| billing.interest.is_by_the_day());
    if follows {
        let plan = view.position.term_plans.first();
        let Some(plan) = plan else { return Ok(Money::zero(terms.currency)) };
        let exact = view.position.interest_accrued(terms, plan.draw, on)?;
        let minor = i64::try_from(exact.round(terms.rounding)).map_err(|_| MoneyError::Overflow)?;
        return Ok(Money::new(minor, terms.currency));
    }
    // A period's interest is earned evenly over its days.
    let interest = row.billed.get(Component::Interest);
    let days = (i128::from(on.days_since(row.from)), i128::from(row.due_on.days_since(row.from).max(1)));
    let minor = Rounding::HalfEven.divide(i128::from(interest.minor()) * days.0, days.1);
    Ok(Money::new(i64::try_from(minor).map_err(|_| MoneyError::Overflow)?, terms.currency))
}

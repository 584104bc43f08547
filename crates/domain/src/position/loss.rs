//! Money that leaves otherwise than by clearing: credit paid out, charge-off, write-off, recovery and sale.

use super::Position;
use crate::allocation::Purpose;
use crate::amounts::Amounts;
use crate::date::Date;
use crate::fact::Fact;
use crate::money::{Money, MoneyError};
use crate::statement::StatementOrigin;
use crate::terms::{Component, Terms};
use crate::trace::Event;

impl Position {
    /// Pays credit out. What was no credit any more, because a payment was undone since, is owed back.
    pub(super) fn pay_credit_out(
        &mut self,
        terms: &Terms,
        fact: &Fact,
        trace: &mut impl FnMut(Event),
    ) -> Result<(), MoneyError> {
        let from_credit = fact.amount.try_min(self.credit)?;
        let beyond = fact.amount.try_sub(from_credit)?;
        self.credit = self.credit.try_sub(from_credit)?;
        self.totals.credit_paid_out = self.totals.credit_paid_out.try_add(fact.amount)?;
        trace(Event::CreditPaidOut { fact: fact.id, on: fact.value_on, amount: fact.amount, beyond });
        if beyond.is_positive() {
            self.totals.overpaid_out = self.totals.overpaid_out.try_add(beyond)?;
            let mut billed = Amounts::zero(terms.currency);
            billed.add(Component::Principal, beyond)?;
            let period = (fact.value_on, fact.value_on);
            let mut statement = self.new_statement(terms, StatementOrigin::Charge, period, billed, beyond);
            statement.plan = Some(fact.id);
            self.insert_statement(statement);
        }
        Ok(())
    }

    /// All that is owed on `date` by component, late fees to date and what is not billed yet included.
    ///
    /// # Errors
    /// When amounts do not fit.
    pub fn owed_by_component(&self, terms: &Terms, date: Date) -> Result<Amounts, MoneyError> {
        let mut owed = Amounts::zero(terms.currency);
        for statement in &self.statements {
            for component in Component::ALL {
                owed.add(*component, statement.booked_rest_of(*component)?)?;
            }
            owed.add(Component::LateFee, statement.late_fee_rest(terms, date)?)?;
            owed.add(Component::Interest, statement.service_unbilled(terms, date)?)?;
        }
        for unbilled in &self.unbilled {
            owed.add(unbilled.component, unbilled.amount)?;
        }
        for plan in &self.plans {
            owed.add(Component::Principal, plan.unbilled)?;
        }
        Ok(owed)
    }

    /// It is still owed and still costs what the terms say; only how it is counted changes.
    pub(super) fn charge_off(
        &mut self,
        terms: &Terms,
        fact: &Fact,
        trace: &mut impl FnMut(Event),
    ) -> Result<(), MoneyError> {
        let amounts = self.owed_by_component(terms, fact.value_on)?;
        self.totals.charged_off = amounts;
        self.claim.charged_off_on = Some(fact.value_on);
        trace(Event::ChargedOff { fact: fact.id, on: fact.value_on, amounts });
        Ok(())
    }

    pub(super) fn write_off(
        &mut self,
        terms: &Terms,
        fact: &Fact,
        trace: &mut impl FnMut(Event),
    ) -> Result<(), MoneyError> {
        let amounts = self.take_everything(terms, fact.value_on, trace)?;
        for component in Component::ALL {
            self.totals.written_off.add(*component, amounts.get(*component))?;
        }
        self.claim.written_off_on = Some(fact.value_on);
        trace(Event::WrittenOff { fact: fact.id, on: fact.value_on, amounts });
        Ok(())
    }

    pub(super) fn sell(
        &mut self,
        terms: &Terms,
        fact: &Fact,
        trace: &mut impl FnMut(Event),
    ) -> Result<(), MoneyError> {
        let amounts = self.take_everything(terms, fact.value_on, trace)?;
        for component in Component::ALL {
            self.totals.sold.add(*component, amounts.get(*component))?;
        }
        self.totals.sale_proceeds = self.totals.sale_proceeds.try_add(fact.amount)?;
        self.claim.sold_on = Some(fact.value_on);
        trace(Event::Sold { fact: fact.id, on: fact.value_on, amounts, proceeds: fact.amount });
        Ok(())
    }

    /// Takes all that is owed off the position, after credit was used for it.
    fn take_everything(
        &mut self,
        terms: &Terms,
        date: Date,
        trace: &mut impl FnMut(Event),
    ) -> Result<Amounts, MoneyError> {
        self.close_segments(terms, date, trace)?;
        self.use_credit(terms, date, trace)?;
        let amounts = self.owed_by_component(terms, date)?;
        self.bill_service(terms, date, trace)?;
        for statement in std::mem::take(&mut self.statements) {
            self.settle_late_fee(terms, &statement, date, trace)?;
        }
        self.unbilled.clear();
        for plan in std::mem::take(&mut self.plans) {
            let mut to_come = Amounts::zero(terms.currency);
            to_come.add(Component::Principal, plan.unbilled)?;
            trace(Event::CalledIn { on: date, plan: plan.purchase, amounts: to_come });
        }
        self.term_plans.clear();
        Ok(amounts)
    }

    /// Money that came in after a write-off is recovery up to what was written off; after a sale it is the
    /// buyer's and waits as credit.
    pub(super) fn take_recovery(
        &mut self,
        terms: &Terms,
        fact: &Fact,
        amount: Money,
        trace: &mut impl FnMut(Event),
    ) -> Result<(), MoneyError> {
        let mut left = amount;
        if self.claim.written_off_on.is_some() && self.claim.sold_on.is_none() {
            let open = self.totals.written_off.total()?.try_sub(self.totals.recovered)?;
            let part = open.try_min(left)?;
            self.totals.recovered = self.totals.recovered.try_add(part)?;
            left = left.try_sub(part)?;
            trace(Event::Recovered { fact: fact.id, on: fact.value_on, amount: part });
        }
        self.receive(terms, fact.id, left, Purpose::of(fact), fact.value_on, trace)
    }
}

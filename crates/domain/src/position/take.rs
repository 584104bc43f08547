//! What each kind of fact does to a position.

use super::{AgeingPause, Plan, Position, Unbilled};
use crate::allocation::Purpose;
use crate::amounts::Amounts;
use crate::date::Date;
use crate::fact::{Fact, FactKind, Prepayment};
use crate::id::FactId;
use crate::money::{Money, MoneyError};
use crate::spans::{DaySpan, add_span};
use crate::statement::{Punctuality, StatementOrigin};
use crate::terms::{Component, Terms};
use crate::trace::Event;

impl Position {
    /// Takes one fact on its value date.
    pub(super) fn take(
        &mut self,
        terms: &Terms,
        fact: &Fact,
        trace: &mut impl FnMut(Event),
    ) -> Result<(), MoneyError> {
        match fact.kind {
            FactKind::Purchase => self.take_purchase(terms, fact, trace),
            FactKind::Obligation => self.take_obligation(terms, fact, trace),
            FactKind::Charge => self.take_charge(terms, fact, trace),
            FactKind::AgeingPause => {
                self.pause_ageing(fact, trace);
                Ok(())
            }
            FactKind::AgeingResume => {
                self.resume_ageing(fact, trace);
                Ok(())
            }
            FactKind::FeeFreeze => {
                self.freeze_fees(fact, trace);
                Ok(())
            }
            FactKind::StatementPlan => self.take_statement_plan(terms, fact, trace),
            FactKind::Reschedule => self.take_reschedule(terms, fact, trace),
            FactKind::Refund => self.take_refund(terms, fact, trace),
            FactKind::Payment => self.take_payment(terms, fact, trace),
            FactKind::Payoff => self.take_payoff(terms, fact, trace),
            FactKind::CreditRefund => self.pay_credit_out(terms, fact, trace),
            FactKind::Waiver => self.waive(terms, fact, trace),
            FactKind::ChargeOff => self.charge_off(terms, fact, trace),
            FactKind::WriteOff => self.write_off(terms, fact, trace),
            FactKind::Sale => self.sell(terms, fact, trace),
            // They acted before the fold: their targets are not in the list.
            FactKind::Reversal | FactKind::Return | FactKind::Withdrawal => Ok(()),
        }
    }

    fn take_purchase(
        &mut self,
        terms: &Terms,
        fact: &Fact,
        trace: &mut impl FnMut(Event),
    ) -> Result<(), MoneyError> {
        self.totals.purchased = self.totals.purchased.try_add(fact.amount)?;
        let offer = terms.offer(fact.instalment_count);
        let billing = terms.schedule_billing();
        let chosen = billing.map_or(0, |billing| match fact.instalment_count {
            0 => billing.standard.count,
            count => count,
        });
        trace(Event::Purchase {
            fact: fact.id,
            on: fact.value_on,
            amount: fact.amount,
            instalment_count: offer.map_or(chosen, |offer| offer.count),
        });
        match (billing, offer) {
            (Some(billing), _) => self.take_draw(terms, billing, fact, trace),
            (None, Some(offer)) => {
                self.plans.push(Plan::new(terms, fact.id, offer, fact.amount, fact.value_on)?);
                Ok(())
            }
            (None, None) => {
                self.unbilled.push(Unbilled {
                    purchase: fact.id,
                    amount: fact.amount,
                    component: Component::Principal,
                });
                Ok(())
            }
        }
    }

    fn take_obligation(
        &mut self,
        terms: &Terms,
        fact: &Fact,
        trace: &mut impl FnMut(Event),
    ) -> Result<(), MoneyError> {
        self.totals.loaded.add(fact.component, fact.amount)?;
        let due_on = fact.due_on.unwrap_or(fact.value_on);
        trace(Event::Obligation {
            fact: fact.id,
            on: fact.value_on,
            due_on,
            component: fact.component,
            amount: fact.amount,
        });
        // One that names a draw, such as a part of a payment that the bank took back, is due with the draw's instalment.
        let is_in_schedule = fact.target.is_some()
            && terms.schedule_billing().is_some()
            && self.take_charge_of_schedule(terms, fact, due_on, trace)?;
        if !is_in_schedule {
            self.add_own_obligation(terms, StatementOrigin::Loaded, fact, due_on)?;
        }
        self.use_credit(terms, fact.value_on, trace)
    }

    fn add_own_obligation(
        &mut self,
        terms: &Terms,
        origin: StatementOrigin,
        fact: &Fact,
        due_on: Date,
    ) -> Result<(), MoneyError> {
        let mut billed = Amounts::zero(terms.currency);
        billed.add(fact.component, fact.amount)?;
        let mut statement = self.new_statement(terms, origin, (fact.value_on, due_on), billed, fact.amount);
        statement.plan = Some(fact.id);
        self.insert_statement(statement);
        Ok(())
    }

    /// A charge of a schedule joins an instalment; with a due date of its own it is an obligation; else the next
    /// statement bills it.
    fn take_charge(
        &mut self,
        terms: &Terms,
        fact: &Fact,
        trace: &mut impl FnMut(Event),
    ) -> Result<(), MoneyError> {
        // A charge is a charge or a default charge; interest and principal come from draws and plans only.
        let component =
            if fact.component == Component::LateFee { Component::LateFee } else { Component::Charge };
        let fact = &Fact { component, ..fact.clone() };
        let amount = match component {
            Component::LateFee => self.take_room_under_ceiling(terms, fact)?,
            _ => fact.amount,
        };
        if amount != fact.amount {
            trace(Event::ChargeCut { fact: fact.id, on: fact.value_on, asked: fact.amount, charged: amount });
        }
        if amount.is_zero() {
            return Ok(());
        }
        let fact = &Fact { amount, ..fact.clone() };
        self.totals.charged.add(component, fact.amount)?;
        let due_on = fact.due_on;
        trace(Event::Charge {
            fact: fact.id,
            on: fact.value_on,
            due_on,
            component: fact.component,
            amount: fact.amount,
        });
        let is_by_schedule = terms.schedule_billing().is_some();
        let day = due_on.unwrap_or(fact.value_on);
        let is_in_schedule = is_by_schedule && self.take_charge_of_schedule(terms, fact, day, trace)?;
        if !is_in_schedule {
            match due_on {
                None if !is_by_schedule => {
                    self.unbilled.push(Unbilled {
                        purchase: fact.id,
                        amount: fact.amount,
                        component: fact.component,
                    });
                }
                None | Some(_) => self.add_own_obligation(terms, StatementOrigin::Charge, fact, day)?,
            }
        }
        self.use_credit(terms, fact.value_on, trace)
    }

    /// What of a default charge the yearly ceiling leaves room for, on the delays of its day, the oldest first; it counts
    /// there from now on. Before anything is late it is charged, and counts towards the oldest that is open.
    fn take_room_under_ceiling(&mut self, terms: &Terms, charge: &Fact) -> Result<Money, MoneyError> {
        let is_limited = terms.late_fee.is_some_and(|fee| fee.limits.per_year.is_some());
        if !is_limited {
            return Ok(charge.amount);
        }
        let mut left = charge.amount;
        let mut is_late = false;
        for statement in &mut self.statements {
            if statement.punctuality != Punctuality::Missed {
                continue;
            }
            is_late = true;
            if let Some(room) = statement.room_under_ceiling(terms, charge.value_on)? {
                let part = room.try_min(left)?;
                statement.late_fee.other = statement.late_fee.other.try_add(part)?;
                left = left.try_sub(part)?;
            }
        }
        if is_late {
            return charge.amount.try_sub(left);
        }
        if let Some(first) = self.statements.first_mut() {
            first.late_fee.other = first.late_fee.other.try_add(charge.amount)?;
        }
        Ok(charge.amount)
    }

    fn pause_ageing(&mut self, fact: &Fact, trace: &mut impl FnMut(Event)) {
        let through = fact.detail.through.unwrap_or(Date::NEVER);
        self.pauses.push(AgeingPause { fact: fact.id, from: fact.value_on, through });
        trace(Event::AgeingPaused { fact: fact.id, from: fact.value_on, through });
    }

    fn resume_ageing(&mut self, fact: &Fact, trace: &mut impl FnMut(Event)) {
        for pause in &mut self.pauses {
            let is_meant = fact.target.is_none_or(|target| target == pause.fact);
            if is_meant && pause.through > fact.value_on {
                pause.through = fact.value_on.max(pause.from);
                trace(Event::AgeingResumed { fact: fact.id, pause: pause.fact, on: fact.value_on });
            }
        }
    }

    fn freeze_fees(&mut self, fact: &Fact, trace: &mut impl FnMut(Event)) {
        let through = fact.detail.through.unwrap_or(Date::NEVER);
        let span = DaySpan { from: fact.value_on, through };
        add_span(&mut self.freezes, span);
        self.statements.iter_mut().for_each(|statement| statement.late_fee.freeze(span));
        let reason = fact.detail.freeze;
        trace(Event::FeesFrozen { fact: fact.id, from: span.from, through, reason });
    }

    fn take_refund(
        &mut self,
        terms: &Terms,
        fact: &Fact,
        trace: &mut impl FnMut(Event),
    ) -> Result<(), MoneyError> {
        self.totals.refunded = self.totals.refunded.try_add(fact.amount)?;
        let (left, lowered_plans) = self.lower_unbilled(fact)?;
        trace(Event::Refund {
            fact: fact.id,
            on: fact.value_on,
            amount: fact.amount,
            lowered_unbilled: fact.amount.try_sub(left)?,
            lowered_plans,
        });
        let purpose = Purpose { plan: fact.target, ..Purpose::default() };
        self.receive(terms, fact.id, left, purpose, fact.value_on, trace)
    }

    /// Lowers what is not yet billed of the refund's purchase; gives what is left of the refund, and what lowered
    /// instalments to come.
    fn lower_unbilled(&mut self, refund: &Fact) -> Result<(Money, Money), MoneyError> {
        let mut left = refund.amount;
        let is_target = |purchase: FactId| refund.target.is_none_or(|target| target == purchase);
        let is_lent = |unbilled: &&mut Unbilled| unbilled.component == Component::Principal;
        for purchase in self.unbilled.iter_mut().filter(is_lent).filter(|lent| is_target(lent.purchase)) {
            let part = purchase.amount.try_min(left)?;
            purchase.amount = purchase.amount.try_sub(part)?;
            left = left.try_sub(part)?;
        }
        let lowered_purchases = refund.amount.try_sub(left)?;
        for plan in self.plans.iter_mut().filter(|plan| is_target(plan.purchase)) {
            let part = plan.unbilled.try_min(left)?;
            plan.unbilled = plan.unbilled.try_sub(part)?;
            left = left.try_sub(part)?;
        }
        self.unbilled.retain(|purchase| purchase.amount.is_positive());
        self.plans.retain(|plan| plan.unbilled.is_positive());
        let lowered = refund.amount.try_sub(left)?;
        self.totals.allocated.add(Component::Principal, lowered)?;
        Ok((left, lowered.try_sub(lowered_purchases)?))
    }

    fn take_payment(
        &mut self,
        terms: &Terms,
        fact: &Fact,
        trace: &mut impl FnMut(Event),
    ) -> Result<(), MoneyError> {
        self.totals.paid = self.totals.paid.try_add(fact.amount)?;
        trace(Event::Payment { fact: fact.id, on: fact.value_on, amount: fact.amount });
        if self.claim.sold_on.is_some() || self.claim.written_off_on.is_some() {
            return self.take_recovery(terms, fact, fact.amount, trace);
        }
        let mode = fact.detail.prepayment.unwrap_or(terms.prepayment);
        let mut left = fact.amount;
        if mode != Prepayment::Advance {
            let due = Purpose { is_due_only: true, ..Purpose::default() };
            left = self.clear(terms, Some(fact.id), left, due, fact.value_on, trace)?;
            left = self.prepay(terms, fact, left, mode, trace)?;
        }
        self.receive(terms, fact.id, left, Purpose::of(fact), fact.value_on, trace)
    }

    /// Gives up what is owed, up to the waiver's amount and oldest first: late fees, or the component it names.
    fn waive(
        &mut self,
        terms: &Terms,
        waiver: &Fact,
        trace: &mut impl FnMut(Event),
    ) -> Result<(), MoneyError> {
        self.close_segments(terms, waiver.value_on, trace)?;
        let component = waiver.detail.only.unwrap_or(Component::LateFee);
        let purpose = Purpose { component: None, ..Purpose::of(waiver) };
        let mut left = waiver.amount;
        let mut of_billed = Money::zero(terms.currency);
        for statement in self.statements.iter_mut().filter(|statement| purpose.takes_statement(statement)) {
            let mut given_up = Money::zero(terms.currency);
            // A waiver that names no component is about the fee of the delay only.
            if waiver.detail.only.is_some() {
                let part = statement.rest_of(component)?.try_min(left)?;
                if part.is_positive() {
                    statement.waived.add(component, part)?;
                    self.totals.waived_billed.add(component, part)?;
                    if !statement.is_recognised
                        && matches!(component, Component::Interest | Component::InstalmentFee)
                    {
                        self.totals.billed_fees.add(component, part)?;
                        if let Some(plan) = statement.plan {
                            let (on, number) = (waiver.value_on, statement.number);
                            trace(Event::EarnedAhead { plan, on, number, component, amount: part });
                        }
                    }
                    (left, given_up) = (left.try_sub(part)?, given_up.try_add(part)?);
                    of_billed = of_billed.try_add(part)?;
                }
            }
            if component == Component::LateFee {
                let part = statement.late_fee_rest(terms, waiver.value_on)?.try_min(left)?;
                if part.is_positive() {
                    statement.late_fee.waived = statement.late_fee.waived.try_add(part)?;
                    self.totals.waived = self.totals.waived.try_add(part)?;
                    (left, given_up) = (left.try_sub(part)?, given_up.try_add(part)?);
                }
            }
            if given_up.is_positive() {
                let due_on = statement.due_on;
                trace(Event::Waived {
                    fact: waiver.id,
                    on: waiver.value_on,
                    due_on,
                    component,
                    amount: given_up,
                });
            }
        }
        self.count_towards_minimums(of_billed)
    }
}

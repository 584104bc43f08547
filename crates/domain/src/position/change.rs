//! Changes of plans: statement instalments, early payoff, reschedule and payments ahead of time.

use super::term_plan::Draw;
use super::{Plan, Position, TermPlan};
use crate::allocation::Purpose;
use crate::amounts::Amounts;
use crate::date::Date;
use crate::fact::{Fact, Prepayment};
use crate::id::FactId;
use crate::money::{Money, MoneyError, Rate};
use crate::schedule::{EarlyPayoff, Method, ScheduleError, schedule};
use crate::statement::{Statement, StatementOrigin};
use crate::terms::{Component, InstalmentOffer, ScheduleBilling, Terms};
use crate::trace::Event;

/// What must be paid on the day of `position` to pay off one plan, or everything when `plan` is `None`, by
/// component; late fees to date included, credit not taken off.
///
/// # Errors
/// When amounts do not fit.
pub fn payoff_quote(position: &Position, terms: &Terms, plan: Option<FactId>) -> Result<Amounts, MoneyError> {
    let mut called = position.clone();
    let date = position.as_of;
    called.call_in(terms, plan, date, &mut |_| {})?;
    let mut quote = Amounts::zero(terms.currency);
    for statement in &called.statements {
        if plan.is_some_and(|plan| statement.plan != Some(plan)) {
            continue;
        }
        for component in Component::ALL {
            quote.add(*component, statement.rest_of(*component)?)?;
        }
        quote.add(Component::LateFee, statement.late_fee_rest(terms, date)?)?;
    }
    Ok(quote)
}

/// The part of an amount that so many days of a period take.
fn share_of_days(
    amount: Money,
    from: Date,
    date: Date,
    to: Date,
    terms: &Terms,
) -> Result<Money, MoneyError> {
    let length = to.days_since(from).max(1);
    let days = date.days_since(from).clamp(0, length);
    let minor = terms.rounding.divide(i128::from(amount.minor()) * i128::from(days), i128::from(length));
    i64::try_from(minor).map(|minor| Money::new(minor, amount.currency())).map_err(|_| MoneyError::Overflow)
}

fn not_negative(amount: Money) -> Money {
    if amount.minor() < 0 { Money::zero(amount.currency()) } else { amount }
}

/// Whether it is an instalment of `draw` that is still to come after `date`.
fn is_ahead(statement: &Statement, draw: FactId, date: Date) -> bool {
    statement.plan == Some(draw) && statement.origin == StatementOrigin::Scheduled && statement.due_on > date
}

impl Position {
    /// Moves principal of a statement into a plan of the offer with the chosen number of instalments.
    pub(super) fn take_statement_plan(
        &mut self,
        terms: &Terms,
        fact: &Fact,
        trace: &mut impl FnMut(Event),
    ) -> Result<(), MoneyError> {
        let (fact_id, on) = (fact.id, fact.value_on);
        let Some(offer) = terms.offer(fact.instalment_count) else {
            trace(Event::NotScheduled { fact: fact_id, on, code: "plan_not_offered" });
            return Ok(());
        };
        self.close_segments(terms, on, trace)?;
        let is_meant = |statement: &&mut Statement| {
            statement.origin == StatementOrigin::CutOff
                && fact.due_on.is_none_or(|due_on| statement.due_on == due_on)
        };
        let mut moved = Money::zero(terms.currency);
        for statement in self.statements.iter_mut().rev().filter(is_meant) {
            let part = statement.rest_of(Component::Principal)?.try_min(fact.amount.try_sub(moved)?)?;
            if !part.is_positive() {
                continue;
            }
            take_principal(terms, statement, part)?;
            moved = moved.try_add(part)?;
            trace(Event::MovedToPlan {
                fact: fact_id,
                on,
                due_on: statement.due_on,
                amount: part,
                instalment_count: offer.count,
            });
        }
        if moved.is_positive() {
            self.plans.push(Plan::new(terms, fact_id, offer, moved, on)?);
        }
        Ok(())
    }

    /// Pays off one plan or everything with the money that came in with it.
    pub(super) fn take_payoff(
        &mut self,
        terms: &Terms,
        fact: &Fact,
        trace: &mut impl FnMut(Event),
    ) -> Result<(), MoneyError> {
        self.call_in(terms, fact.target, fact.value_on, trace)?;
        self.totals.paid = self.totals.paid.try_add(fact.amount)?;
        trace(Event::Payoff { fact: fact.id, on: fact.value_on, plan: fact.target, amount: fact.amount });
        if self.claim.sold_on.is_some() || self.claim.written_off_on.is_some() {
            return self.take_recovery(terms, fact, fact.amount, trace);
        }
        let purpose = Purpose { plan: fact.target, ..Purpose::default() };
        if self.credit.is_positive() {
            let credit = self.credit;
            self.credit = self.clear(terms, None, credit, purpose, fact.value_on, trace)?;
        }
        let mut left = fact.amount;
        if fact.due_on.is_some() {
            // A quote that holds may fall short of what accrued since; that is never principal.
            let principal = Purpose { component: Some(Component::Principal), ..purpose };
            left = self.clear(terms, Some(fact.id), left, principal, fact.value_on, trace)?;
        }
        self.receive(terms, fact.id, left, purpose, fact.value_on, trace)
    }

    /// Makes what is to come due on `date`, with the cost that the terms give early payoff.
    pub(super) fn call_in(
        &mut self,
        terms: &Terms,
        plan: Option<FactId>,
        date: Date,
        trace: &mut impl FnMut(Event),
    ) -> Result<(), MoneyError> {
        self.close_segments(terms, date, trace)?;
        self.owe_interest_to_date(terms, date)?;
        let is_meant = |id: FactId| plan.is_none_or(|plan| plan == id);
        let (called, kept) =
            std::mem::take(&mut self.plans).into_iter().partition(|plan| is_meant(plan.purchase));
        self.plans = kept;
        let called: Vec<Plan> = called;
        for plan in called {
            let billed = self.cost_of_calling(terms, &plan, date)?;
            self.add_called(terms, plan.purchase, billed, date, trace)?;
        }
        let draws: Vec<FactId> =
            self.term_plans.iter().map(|plan| plan.draw).filter(|draw| is_meant(*draw)).collect();
        for draw in draws {
            let billed = self.take_ahead(terms, draw, date)?;
            self.add_called(terms, draw, billed, date, trace)?;
        }
        if plan.is_none() {
            let mut billed = Amounts::zero(terms.currency);
            for unbilled in self.unbilled.drain(..) {
                billed.add(unbilled.component, unbilled.amount)?;
            }
            let service = self.bill_service(terms, date, trace)?;
            billed.add(Component::Interest, service)?;
            if billed.total()?.is_positive() {
                let statement = self.payoff_statement(terms, None, billed, date);
                self.insert_statement(statement);
            }
        }
        Ok(())
    }

    fn payoff_statement(
        &self,
        terms: &Terms,
        plan: Option<FactId>,
        billed: Amounts,
        date: Date,
    ) -> Statement {
        let zero = Money::zero(terms.currency);
        let mut statement = self.new_statement(terms, StatementOrigin::Payoff, (date, date), billed, zero);
        statement.plan = plan;
        statement
    }

    /// What was called in is due on the day; its interest and fees are earned with that.
    fn add_called(
        &mut self,
        terms: &Terms,
        plan: FactId,
        billed: Amounts,
        date: Date,
        trace: &mut impl FnMut(Event),
    ) -> Result<(), MoneyError> {
        if !billed.total()?.is_positive() {
            return Ok(());
        }
        trace(Event::CalledIn { on: date, plan, amounts: billed });
        for component in [Component::Interest, Component::InstalmentFee] {
            self.totals.billed_fees.add(component, billed.get(component))?;
        }
        let statement = self.payoff_statement(terms, Some(plan), billed, date);
        self.insert_statement(statement);
        Ok(())
    }

    /// What a plan that statements bill costs when it is called in.
    fn cost_of_calling(&self, terms: &Terms, plan: &Plan, date: Date) -> Result<Amounts, MoneyError> {
        let zero = Money::zero(terms.currency);
        let next_interest = plan.ahead.first().map_or(zero, |part| part.interest);
        let to = self.next_cut_off_on;
        let from = terms.statement_day.next_after(to.plus_days(-32));
        let of_period = |amount| share_of_days(amount, from, date, to, terms);
        let (interest, fees) = match terms.plan.early_payoff {
            EarlyPayoff::ActualTime => (of_period(next_interest)?, of_period(plan.fee_per_period)?),
            EarlyPayoff::PeriodBegun => (next_interest, plan.fee_per_period),
            EarlyPayoff::RemainingFees => (of_period(next_interest)?, plan.fees_to_come()?),
        };
        let mut billed = Amounts::zero(terms.currency);
        billed.add(Component::Principal, plan.unbilled)?;
        billed.add(Component::Interest, interest)?;
        billed.add(Component::InstalmentFee, fees)?;
        Ok(billed)
    }

    /// Takes the instalments to come of a draw off the list, and gives what of them is due if they are called in.
    fn take_ahead(&mut self, terms: &Terms, draw: FactId, date: Date) -> Result<Amounts, MoneyError> {
        let mut due = Amounts::zero(terms.currency);
        let mut is_running = true;
        let mut kept = Vec::with_capacity(self.statements.len());
        let is_by_day = self.term_plans.iter().any(|plan| plan.draw == draw && plan.rest.is_some());
        for statement in std::mem::take(&mut self.statements) {
            if !is_ahead(&statement, draw, date) {
                kept.push(statement);
                continue;
            }
            for component in [Component::Principal, Component::Charge, Component::LateFee] {
                due.add(component, statement.rest_of(component)?)?;
            }
            let (interest, fee) = if statement.is_recognised {
                (statement.rest_of(Component::Interest)?, statement.rest_of(Component::InstalmentFee)?)
            } else {
                called_costs(terms, &statement, date, is_running, is_by_day)?
            };
            due.add(Component::Interest, interest)?;
            due.add(Component::InstalmentFee, fee)?;
            is_running = false;
        }
        self.statements = kept;
        if let Some(plan) = self.term_plans.iter_mut().find(|plan| plan.draw == draw) {
            plan.periods.retain(|period| period.due_on <= date);
            plan.rest = None;
        }
        Ok(due)
    }

    /// Takes a payment ahead of time off the principal of a plan; gives what is left.
    pub(super) fn prepay(
        &mut self,
        terms: &Terms,
        fact: &Fact,
        amount: Money,
        mode: Prepayment,
        trace: &mut impl FnMut(Event),
    ) -> Result<Money, MoneyError> {
        let (on, is_meant) = (fact.value_on, |id: FactId| fact.target.is_none_or(|target| target == id));
        let mut left = amount;
        for index in 0..self.plans.len() {
            let plan = &mut self.plans[index];
            // Only what is named is paid ahead on a line: the rest waits for the next statement as credit.
            let part = plan.unbilled.try_min(left)?;
            if fact.target != Some(plan.purchase) || !part.is_positive() {
                continue;
            }
            plan.prepay(terms, part, mode)?;
            left = left.try_sub(part)?;
            self.totals.allocated.add(Component::Principal, part)?;
            trace(Event::Prepaid { fact: fact.id, on, plan: self.plans[index].purchase, amount: part, mode });
        }
        self.plans.retain(|plan| plan.unbilled.is_positive());
        let Some(billing) = terms.schedule_billing() else { return Ok(left) };
        for index in 0..self.term_plans.len() {
            let draw = self.term_plans[index].draw;
            if !is_meant(draw) || !left.is_positive() {
                continue;
            }
            self.accrue_all(terms, on)?;
            let part = self.ahead_principal(draw, on)?.try_min(left)?;
            if !part.is_positive() {
                continue;
            }
            self.prepay_schedule(terms, billing, index, part, mode, on)?;
            left = left.try_sub(part)?;
            self.totals.allocated.add(Component::Principal, part)?;
            trace(Event::Prepaid { fact: fact.id, on, plan: draw, amount: part, mode });
        }
        Ok(left)
    }

    fn ahead_principal(&self, draw: FactId, date: Date) -> Result<Money, MoneyError> {
        let zero = Money::zero(self.credit.currency());
        let ahead = self.statements.iter().filter(|statement| is_ahead(statement, draw, date));
        ahead
            .into_iter()
            .try_fold(zero, |sum, statement| sum.try_add(statement.rest_of(Component::Principal)?))
    }

    /// Lowers the principal of the instalments to come by `amount` and spreads what is left.
    fn prepay_schedule(
        &mut self,
        terms: &Terms,
        billing: &ScheduleBilling,
        index: usize,
        amount: Money,
        mode: Prepayment,
        date: Date,
    ) -> Result<(), MoneyError> {
        let plan = self.term_plans[index].clone();
        let carried = self.carried_interest(terms, billing, &plan, date)?;
        let before = self.ahead_principal(plan.draw, date)?;
        let after = before.try_sub(amount)?;
        let mut ahead: Vec<&mut Statement> =
            self.statements.iter_mut().filter(|statement| is_ahead(statement, plan.draw, date)).collect();
        match mode {
            Prepayment::Advance | Prepayment::Shorten => shorten(&mut ahead, amount)?,
            Prepayment::Lower => lower(terms, &mut ahead, before, after, plan.method)?,
        }
        let count = u32::try_from(ahead.len()).unwrap_or(u32::MAX);
        let first_due_on = ahead.first().map(|statement| statement.due_on);
        if plan.method == Method::EqualPayment && mode == Prepayment::Lower && after.is_positive() {
            let draw = Draw {
                id: plan.draw,
                on: date,
                principal: after,
                count,
                first_due_on,
                method: plan.method,
                per_year: plan.per_year,
                fee_share: Rate::ZERO,
            };
            self.term_plans[index].level = level_of(terms, billing, &draw)?.unwrap_or(plan.level);
        }
        if plan.method != Method::Flat {
            let own = self.own_instalments();
            self.spread(
                terms,
                billing,
                index,
                &own,
                (date, date),
                carried,
                super::daily_rest::Assumption::PaidWhenDue,
            )?;
        }
        let ahead = self.statements.iter_mut().filter(|statement| is_ahead(statement, plan.draw, date));
        ahead.into_iter().try_for_each(drop_costs_without_principal)
    }

    /// Interest of the running period up to `date`.
    fn carried_interest(
        &self,
        terms: &Terms,
        billing: &ScheduleBilling,
        plan: &TermPlan,
        date: Date,
    ) -> Result<crate::fraction::Fraction, MoneyError> {
        if plan.rest.is_some() {
            return self.interest_accrued(terms, plan.draw, date);
        }
        let running = plan.periods.iter().find(|period| period.from <= date && date < period.due_on);
        let balance = self.ahead_principal(plan.draw, date)?;
        running.map_or(Ok(crate::fraction::Fraction::ZERO), |running| {
            plan.interest(terms, billing, balance, running.from, date)
        })
    }

    /// Gives a plan, or what is open, another number of instalments, first due date or rate.
    pub(super) fn take_reschedule(
        &mut self,
        terms: &Terms,
        fact: &Fact,
        trace: &mut impl FnMut(Event),
    ) -> Result<(), MoneyError> {
        self.close_segments(terms, fact.value_on, trace)?;
        trace(Event::Rescheduled {
            fact: fact.id,
            on: fact.value_on,
            plan: fact.target,
            instalment_count: fact.instalment_count,
            first_due_on: fact.due_on,
            rate: fact.detail.rate,
        });
        match terms.schedule_billing() {
            Some(billing) => {
                let is_meant = |draw: FactId| fact.target.is_none_or(|target| target == draw);
                let draws: Vec<FactId> =
                    self.term_plans.iter().map(|plan| plan.draw).filter(|draw| is_meant(*draw)).collect();
                draws.into_iter().try_for_each(|draw| self.reschedule_draw(terms, billing, draw, fact, trace))
            }
            None => self.reschedule_plans(terms, fact, trace),
        }
    }

    fn reschedule_plans(
        &mut self,
        terms: &Terms,
        fact: &Fact,
        trace: &mut impl FnMut(Event),
    ) -> Result<(), MoneyError> {
        let is_meant = |plan: &Plan| fact.target.is_none_or(|target| target == plan.purchase);
        for plan in self.plans.iter_mut().filter(|plan| is_meant(plan)) {
            let count = if fact.instalment_count > 0 { fact.instalment_count } else { plan.count_to_come() };
            let old_rate = terms.offer(plan.count).map_or(Rate::ZERO, |offer| offer.interest_per_year);
            if plan.ahead.is_empty() {
                plan.split_anew(terms, count, fact.detail.rate)?;
            } else {
                let interest_per_year = fact.detail.rate.unwrap_or(old_rate);
                let offer = InstalmentOffer { count, fee_per_period: Rate::ZERO, interest_per_year };
                *plan = Plan::new(terms, plan.purchase, &offer, plan.unbilled, fact.value_on)?;
            }
        }
        if fact.target.is_some() || fact.instalment_count == 0 {
            return Ok(());
        }
        // Agreed relief: what is open on statements becomes a plan too.
        let mut moved = Money::zero(terms.currency);
        for statement in &mut self.statements {
            let part = statement.rest_of(Component::Principal)?;
            if part.is_positive() {
                take_principal(terms, statement, part)?;
                moved = moved.try_add(part)?;
                trace(Event::MovedToPlan {
                    fact: fact.id,
                    on: fact.value_on,
                    due_on: statement.due_on,
                    amount: part,
                    instalment_count: fact.instalment_count,
                });
            }
        }
        if moved.is_positive() {
            let fee_per_period = fact.detail.rate.unwrap_or(Rate::ZERO);
            let offer = InstalmentOffer {
                count: fact.instalment_count,
                fee_per_period,
                interest_per_year: Rate::ZERO,
            };
            self.plans.push(Plan::new(terms, fact.id, &offer, moved, fact.value_on)?);
        }
        Ok(())
    }

    /// Whether a reschedule finds principal of the draw. Without any there is nothing to spread anew, and what else is
    /// open of its instalments stays where it is.
    fn has_principal_to_move(&self, fact: &Fact, draw: FactId) -> Result<bool, MoneyError> {
        for statement in &self.statements {
            let is_moved = is_ahead(statement, draw, fact.value_on)
                || (fact.target.is_none() && statement.plan == Some(draw));
            if is_moved && statement.rest_of(Component::Principal)?.is_positive() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn reschedule_draw(
        &mut self,
        terms: &Terms,
        billing: &ScheduleBilling,
        draw: FactId,
        fact: &Fact,
        trace: &mut impl FnMut(Event),
    ) -> Result<(), MoneyError> {
        let date = fact.value_on;
        self.accrue_all(terms, date)?;
        let Some(plan) = self.term_plans.iter().find(|plan| plan.draw == draw).cloned() else {
            return Ok(());
        };
        if !self.has_principal_to_move(fact, draw)? {
            return Ok(());
        }
        let earned = self.carried_interest(terms, billing, &plan, date)?;
        let mut principal = Money::zero(terms.currency);
        let mut kept_charges = Amounts::zero(terms.currency);
        let (mut count_ahead, mut next_due_on, mut paid_interest) = (0, None, Money::zero(terms.currency));
        let mut kept = Vec::with_capacity(self.statements.len());
        for mut statement in std::mem::take(&mut self.statements) {
            if is_ahead(&statement, draw, date) {
                principal = principal.try_add(statement.rest_of(Component::Principal)?)?;
                for component in [Component::Charge, Component::LateFee] {
                    kept_charges.add(component, statement.rest_of(component)?)?;
                }
                if next_due_on.is_none() {
                    paid_interest = statement.paid.get(Component::Interest);
                    next_due_on = Some(statement.due_on);
                }
                count_ahead += u32::from(!statement.is_recognised);
                continue;
            }
            // Without a plan named, the open rest is rescheduled: what is overdue of the principal too.
            if fact.target.is_none() && statement.plan == Some(draw) {
                let part = statement.rest_of(Component::Principal)?;
                take_principal(terms, &mut statement, part)?;
                principal = principal.try_add(part)?;
            }
            kept.push(statement);
        }
        self.statements = kept;
        let index = self.term_plans.iter().position(|plan| plan.draw == draw).unwrap_or(0);
        self.term_plans[index].periods.retain(|period| period.due_on <= date);
        let new = Draw {
            id: draw,
            on: date,
            principal,
            count: if fact.instalment_count > 0 { fact.instalment_count } else { count_ahead.max(1) },
            first_due_on: fact.due_on.or(next_due_on),
            method: plan.method,
            per_year: fact.detail.rate.unwrap_or(plan.per_year),
            fee_share: if fact.detail.rate.is_some() { Rate::ZERO } else { fee_share(&plan, principal) },
        };
        self.schedule_draw(terms, billing, &new, trace)?;
        let earned = super::daily_rest::rounded(earned, terms)?.try_sub(paid_interest)?;
        let first = self.statements.iter_mut().find(|statement| is_ahead(statement, draw, date));
        if let Some(first) = first {
            for component in [Component::Charge, Component::LateFee] {
                first.billed.add(component, kept_charges.get(component))?;
            }
            if self.term_plans[index].rest.is_none() {
                first.billed.add(Component::Interest, not_negative(earned))?;
            }
        }
        if let Some(rest) = &mut self.term_plans[index].rest {
            rest.accrued = crate::fraction::Fraction::whole(i128::from(not_negative(earned).minor()));
        }
        self.follow_real_balance(terms, date)
    }
}

/// Interest and fee of an instalment that is called in before it is due.
fn called_costs(
    terms: &Terms,
    statement: &Statement,
    date: Date,
    is_running: bool,
    is_by_day: bool,
) -> Result<(Money, Money), MoneyError> {
    let zero = Money::zero(terms.currency);
    let to_date = |component| {
        let (from, to) = (statement.cut_off_on, statement.due_on);
        let earned = share_of_days(statement.billed.get(component), from, date, to, terms)?;
        let settled = statement.paid.get(component).try_add(statement.waived.get(component))?;
        earned.try_sub(settled).map(not_negative)
    };
    let interest = match terms.plan.early_payoff {
        // What accrued to the day was made the interest of the instalments before.
        _ if is_by_day => statement.rest_of(Component::Interest)?,
        _ if !is_running => zero,
        EarlyPayoff::PeriodBegun => statement.rest_of(Component::Interest)?,
        EarlyPayoff::ActualTime | EarlyPayoff::RemainingFees => to_date(Component::Interest)?,
    };
    let fee = match terms.plan.early_payoff {
        EarlyPayoff::RemainingFees => statement.rest_of(Component::InstalmentFee)?,
        EarlyPayoff::ActualTime | EarlyPayoff::PeriodBegun if !is_running => zero,
        EarlyPayoff::ActualTime => to_date(Component::InstalmentFee)?,
        EarlyPayoff::PeriodBegun => statement.rest_of(Component::InstalmentFee)?,
    };
    Ok((interest, fee))
}

/// Takes principal off a statement, and off its minimum the share that it had in it.
fn take_principal(terms: &Terms, statement: &mut Statement, amount: Money) -> Result<(), MoneyError> {
    let principal = statement.billed.get(Component::Principal).try_sub(amount)?;
    statement.billed.set(Component::Principal, principal);
    if statement.origin == StatementOrigin::Loaded {
        statement.minimum = statement.minimum.try_sub(amount)?;
        return Ok(());
    }
    if !statement.is_due_in_full() {
        let share = terms.minimum.share.of(amount, terms.rounding)?;
        let lowered = statement.minimum.try_sub(share)?;
        let least = statement.minimum_paid;
        statement.minimum = if lowered.minor() < least.minor() { least } else { lowered };
    }
    Ok(())
}

/// Takes `amount` of principal off the last instalments.
fn shorten(ahead: &mut [&mut Statement], amount: Money) -> Result<(), MoneyError> {
    let mut left = amount;
    for statement in ahead.iter_mut().rev() {
        let part = statement.rest_of(Component::Principal)?.try_min(left)?;
        let principal = statement.billed.get(Component::Principal).try_sub(part)?;
        statement.billed.set(Component::Principal, principal);
        left = left.try_sub(part)?;
    }
    Ok(())
}

/// Makes the principal of all instalments to come lower in proportion, and with it what a flat plan costs.
fn lower(
    terms: &Terms,
    ahead: &mut [&mut Statement],
    before: Money,
    after: Money,
    method: Method,
) -> Result<(), MoneyError> {
    let scale = |amount: Money| -> Result<Money, MoneyError> {
        let product = i128::from(amount.minor()) * i128::from(after.minor());
        let minor = terms.rounding.divide(product, i128::from(before.minor().max(1)));
        i64::try_from(minor)
            .map(|minor| Money::new(minor, amount.currency()))
            .map_err(|_| MoneyError::Overflow)
    };
    let mut left = after;
    let last = ahead.len().saturating_sub(1);
    for (place, statement) in ahead.iter_mut().enumerate() {
        let rest = statement.rest_of(Component::Principal)?;
        let settled = statement.billed.get(Component::Principal).try_sub(rest)?;
        let wanted = if place == last { left } else { scale(rest)?.try_min(left)? };
        statement.billed.set(Component::Principal, settled.try_add(wanted)?);
        left = left.try_sub(wanted)?;
        if method == Method::Flat && !statement.is_recognised {
            for component in [Component::Interest, Component::InstalmentFee] {
                let rest = statement.rest_of(component)?;
                let settled = statement.billed.get(component).try_sub(rest)?;
                statement.billed.set(component, settled.try_add(scale(rest)?)?);
            }
        }
    }
    Ok(())
}

/// An instalment to come that has no principal left costs nothing more.
fn drop_costs_without_principal(statement: &mut Statement) -> Result<(), MoneyError> {
    if statement.is_recognised || statement.rest_of(Component::Principal)?.is_positive() {
        return Ok(());
    }
    for component in [Component::Interest, Component::InstalmentFee] {
        let settled = statement.billed.get(component).try_sub(statement.rest_of(component)?)?;
        statement.billed.set(component, settled);
    }
    Ok(())
}

/// The equal instalment of a draw, if it can be scheduled.
fn level_of(terms: &Terms, billing: &ScheduleBilling, draw: &Draw) -> Result<Option<Money>, MoneyError> {
    match schedule(&draw.schedule_terms(terms, billing), &billing.calendar) {
        Ok(schedule) => {
            let row = schedule.rows.get(1).or(schedule.rows.first());
            row.map(|row| row.principal.try_add(row.interest)).transpose()
        }
        Err(ScheduleError::Money(error)) => Err(error),
        Err(_) => Ok(None),
    }
}

/// The fee of a period as a share of the principal that is left.
fn fee_share(plan: &TermPlan, principal: Money) -> Rate {
    let millionths = i128::from(plan.fee_per_period.minor()) * 1_000_000;
    let share = millionths / i128::from(principal.minor().max(1));
    Rate::from_millionths(i64::try_from(share).unwrap_or(0))
}

//! What happens by itself on a day: what falls due, is judged, is charged once, is cut off and is settled.

use std::collections::BTreeSet;

use super::{Position, Probation, judged_on};
use crate::amounts::{Accrued, Amounts};
use crate::date::Date;
use crate::id::FactId;
use crate::money::{Money, MoneyError};
use crate::statement::{Punctuality, Statement, StatementOrigin};
use crate::terms::{Component, CureRule, DaysPastDueConvention, OverdueMeasure, Terms};
use crate::trace::Event;

/// Pieces of time looked at for the lifetime limit before the search gives up until the next event.
const LIMIT_STEPS_MAX: usize = 10_000;

impl Position {
    /// The start of `date`, before its facts.
    pub(super) fn begin_day(
        &mut self,
        terms: &Terms,
        date: Date,
        trace: &mut impl FnMut(Event),
    ) -> Result<(), MoneyError> {
        self.follow_real_balance(terms, date)?;
        let before = self.fees_exact(terms, date.plus_days(-1))?;
        self.bring_due(terms, date, trace)?;
        self.judge(terms, date, false, trace)?;
        self.charge_once(terms, date, trace)?;
        self.stop_at_lifetime_limit(terms, date, &before, trace)
    }

    /// The end of `date`, after its facts.
    pub(super) fn end_day(
        &mut self,
        terms: &Terms,
        date: Date,
        trace: &mut impl FnMut(Event),
    ) -> Result<(), MoneyError> {
        // Facts may bring in what was due on an earlier day.
        self.judge(terms, date, true, trace)?;
        self.charge_once(terms, date, trace)?;
        // What came in late may have had its day before: it gets what room is left.
        self.stop_at_lifetime_limit(terms, date, &[], trace)?;
        if self.next_cut_off_on == date {
            self.cut_off(terms, date, trace)?;
        }
        self.follow_real_balance(terms, date)?;
        self.follow_cure(terms, date)?;
        self.drop_settled(terms, date, trace)?;
        self.go_on_after_maturity(terms, date, trace)
    }

    /// Instalments due on `date` count as earned from now on.
    fn bring_due(
        &mut self,
        terms: &Terms,
        date: Date,
        trace: &mut impl FnMut(Event),
    ) -> Result<(), MoneyError> {
        self.fix_interest_due(terms, date, trace)?;
        for statement in &mut self.statements {
            if statement.is_recognised || statement.due_on > date {
                continue;
            }
            statement.is_recognised = true;
            for component in [Component::Interest, Component::InstalmentFee] {
                self.totals.billed_fees.add(component, statement.rest_of(component)?)?;
            }
            if let Some(plan) = statement.plan {
                trace(Event::InstalmentDue {
                    plan,
                    on: date,
                    number: statement.number,
                    principal: statement.rest_of(Component::Principal)?,
                    interest: statement.rest_of(Component::Interest)?,
                    fee: statement.rest_of(Component::InstalmentFee)?,
                });
            }
        }
        Ok(())
    }

    fn judge(
        &mut self,
        terms: &Terms,
        date: Date,
        is_end_of_day: bool,
        trace: &mut impl FnMut(Event),
    ) -> Result<(), MoneyError> {
        // Where the due date is day 1, it is judged at its own end; else at the start of the day after.
        let waits = terms.days_past_due == DaysPastDueConvention::DueDateIsOne && !is_end_of_day;
        self.probation = self.probation.take().and_then(|probation| probation.passed(terms, date));
        for statement in &mut self.statements {
            let is_over = if waits {
                judged_on(terms, statement.due_on) < date
            } else {
                judged_on(terms, statement.due_on) <= date
            };
            if statement.punctuality != Punctuality::NotYetDue || !is_over {
                continue;
            }
            let is_met = statement.is_met(terms)?;
            statement.punctuality = if is_met { Punctuality::Met } else { Punctuality::Missed };
            self.probation = self.probation.take().and_then(|probation| probation.judged(is_met, terms));
            if !is_met {
                trace(Event::MinimumMissed {
                    due_on: statement.due_on,
                    minimum: if statement.is_due_in_full() {
                        statement.billed.total()?
                    } else {
                        statement.minimum
                    },
                    shortfall: statement.shortfall()?,
                    rest: statement.rest()?,
                });
            }
        }
        Ok(())
    }

    fn charge_once(
        &mut self,
        terms: &Terms,
        date: Date,
        trace: &mut impl FnMut(Event),
    ) -> Result<(), MoneyError> {
        for statement in &mut self.statements {
            while let Some((on, fee)) = statement.next_once_fee(terms)?.filter(|(on, _)| *on <= date) {
                let amount = statement.charge_once(terms, &fee, on)?;
                let due_on = statement.due_on;
                trace(Event::OnceFee { on, due_on, after_days: fee.after_days, amount });
            }
        }
        Ok(())
    }

    fn cut_off(
        &mut self,
        terms: &Terms,
        date: Date,
        trace: &mut impl FnMut(Event),
    ) -> Result<(), MoneyError> {
        self.next_cut_off_on = terms.statement_day.next_after(date);
        if !self.has_something_to_bill(terms)? {
            return Ok(());
        }
        let mut billed = Amounts::zero(terms.currency);
        for purchase in self.unbilled.drain(..) {
            billed.add(purchase.component, purchase.amount)?;
        }
        for plan in &mut self.plans {
            let instalment = plan.bill_next()?;
            trace(Event::InstalmentBilled {
                on: date,
                purchase: plan.purchase,
                number: plan.billed_count,
                count: plan.count,
                principal: instalment.principal,
                interest: instalment.interest,
                fee: plan.fee_per_period,
            });
            billed.add(Component::Principal, instalment.principal)?;
            for (component, amount) in
                [(Component::Interest, instalment.interest), (Component::InstalmentFee, plan.fee_per_period)]
            {
                billed.add(component, amount)?;
                self.totals.billed_fees.add(component, amount)?;
            }
        }
        self.plans.retain(|plan| !plan.is_billed());
        billed.add(Component::Interest, self.bill_service(terms, date, trace)?)?;
        let minimum = self.minimum_at_cut_off(terms, billed)?;
        if billed.total()?.is_zero() && minimum.is_zero() {
            return Ok(());
        }
        let due_on = terms.due.due_on(date);
        trace(Event::StatementCut { on: date, due_on, billed, minimum, carried: self.open_rest()? });
        self.add_statement(terms, StatementOrigin::CutOff, (date, due_on), billed, minimum);
        self.use_credit(terms, date, trace)
    }

    /// Bills the service fee of carried statements up to `date`; its sum.
    pub(super) fn bill_service(
        &mut self,
        terms: &Terms,
        date: Date,
        trace: &mut impl FnMut(Event),
    ) -> Result<Money, MoneyError> {
        let mut sum = Money::zero(terms.currency);
        for statement in &mut self.statements {
            let amount = statement.service_unbilled(terms, date)?;
            if amount.is_zero() {
                continue;
            }
            statement.service.billed = statement.service.billed.try_add(amount)?;
            sum = sum.try_add(amount)?;
            trace(Event::ServiceBilled { on: date, due_on: statement.due_on, amount });
        }
        self.totals.billed_fees.add(Component::Interest, sum)?;
        Ok(sum)
    }

    /// Adds a statement or obligation; what freezes late fees now freezes its too.
    pub(super) fn add_statement(
        &mut self,
        terms: &Terms,
        origin: StatementOrigin,
        period: (Date, Date),
        billed: Amounts,
        minimum: Money,
    ) {
        let statement = self.new_statement(terms, origin, period, billed, minimum);
        self.insert_statement(statement);
    }

    pub(super) fn new_statement(
        &self,
        terms: &Terms,
        origin: StatementOrigin,
        period: (Date, Date),
        billed: Amounts,
        minimum: Money,
    ) -> Statement {
        let most = self.late_fee_stopped_on.map(|_| Accrued(0));
        Statement::new(terms, origin, period, billed, minimum, &self.freezes, most)
    }

    /// The share of all that is open on statements, but not of what is overdue already: that is due anyway.
    fn minimum_at_cut_off(&self, terms: &Terms, billed: Amounts) -> Result<Money, MoneyError> {
        let mut open = billed.total()?;
        for statement in self.statements.iter().filter(|statement| !statement.is_due_in_full()) {
            let due_anyway = match terms.overdue {
                OverdueMeasure::Minimum => Money::zero(terms.currency),
                OverdueMeasure::StatementRest => statement.overdue(terms)?,
            };
            open = open.try_add(statement.rest()?)?.try_sub(due_anyway)?;
        }
        let mut missing = Money::zero(terms.currency);
        if terms.overdue == OverdueMeasure::Minimum {
            for statement in self.statements.iter().filter(|statement| !statement.is_due_in_full()) {
                missing = missing.try_add(statement.shortfall()?)?;
            }
        }
        let share = terms.minimum.share.of(open, terms.rounding)?;
        let wanted = if share.minor() < terms.minimum.floor.minor() { terms.minimum.floor } else { share };
        let room = open.try_sub(missing)?;
        wanted.try_min(if room.minor() < 0 { Money::zero(terms.currency) } else { room })
    }

    /// Where the episode of being behind began, and what stays after it.
    fn follow_cure(&mut self, terms: &Terms, date: Date) -> Result<(), MoneyError> {
        let oldest = self.oldest_overdue(terms)?.map(|statement| statement.due_on);
        match (self.behind_since, oldest) {
            (None, Some(due_on)) => self.behind_since = Some(due_on),
            (Some(since), Some(due_on)) => self.behind_since = Some(since.min(due_on)),
            (Some(since), None) => {
                self.behind_since = None;
                if terms.behind.cure == CureRule::OnTimePeriods && terms.behind.on_time_periods > 0 {
                    let days_past_due = self.counted_days(terms, since, date.plus_days(-1));
                    let kept = self.probation.as_ref().map_or(0, |probation| probation.days_past_due);
                    let (days_past_due, periods_left) =
                        (days_past_due.max(kept), terms.behind.on_time_periods);
                    self.probation = Some(Probation { days_past_due, periods_left, paid_ahead: Vec::new() });
                }
            }
            (None, None) => {}
        }
        Ok(())
    }

    pub(super) fn drop_settled(
        &mut self,
        terms: &Terms,
        date: Date,
        trace: &mut impl FnMut(Event),
    ) -> Result<(), MoneyError> {
        let nothing_open = self.open_rest()?.is_zero();
        let running = self.running_after_maturity(terms, date)?;
        let mut kept = Vec::with_capacity(self.statements.len());
        for statement in std::mem::take(&mut self.statements) {
            let is_done = statement.is_settled(terms, date)?
                || (nothing_open && statement.fees_are_settled(terms, date)?);
            let runs = statement.plan.is_some_and(|draw| running.contains(&(draw, statement.number)));
            if is_done && !runs {
                if let Some(probation) = &mut self.probation
                    && statement.punctuality == Punctuality::NotYetDue
                {
                    probation.paid_ahead.push(statement.due_on);
                }
                self.settle_late_fee(terms, &statement, date, trace)?;
            } else {
                kept.push(statement);
            }
        }
        self.statements = kept;
        if !self.term_plans.is_empty() {
            let open: BTreeSet<FactId> =
                self.statements.iter().filter_map(|statement| statement.plan).collect();
            self.term_plans.retain(|plan| open.contains(&plan.draw));
        }
        Ok(())
    }

    /// The late fee of a statement that leaves the list.
    pub(super) fn settle_late_fee(
        &mut self,
        terms: &Terms,
        statement: &Statement,
        date: Date,
        trace: &mut impl FnMut(Event),
    ) -> Result<(), MoneyError> {
        let amount = statement.late_fee_charged(terms, date)?;
        let (due_on, limit) = (statement.due_on, statement.late_fee_limit(terms, date)?);
        if amount.is_zero() && limit.is_none() {
            return Ok(());
        }
        self.late_fee_settled = self.late_fee_settled.try_add(amount)?;
        trace(Event::LateFeeSettled { on: date, due_on, amount, limit });
        Ok(())
    }

    /// The first day up to `horizon` at whose end late fees reach the lifetime limit of the terms, if they were
    /// not stopped before.
    pub(crate) fn lifetime_limit_on(&self, terms: &Terms, horizon: Date) -> Result<Option<Date>, MoneyError> {
        let limit = terms.late_fee.and_then(|fee| fee.limits.lifetime);
        let Some(limit) = limit.filter(|_| self.late_fee_stopped_on.is_none()) else { return Ok(None) };
        let limit = Accrued::of(limit).0;
        let mut date = self.as_of;
        // Late fees grow evenly between the days on which their daily amount changes.
        for _ in 0..LIMIT_STEPS_MAX {
            let mut total = Accrued::of(self.late_fee_settled).0;
            let (mut daily, mut next) = (0, horizon);
            for statement in &self.statements {
                total += statement.late_fee_exact(terms, date)?.0;
                daily += statement.late_fee_daily(terms, date)?.0;
                next = statement.next_late_fee_change(terms, date)?.map_or(next, |change| next.min(change));
            }
            if total >= limit && date > self.as_of {
                return Ok(Some(date));
            }
            if daily > 0 {
                let days = ((limit - total).max(0) + daily - 1) / daily;
                let reached = i32::try_from(days).map_or(Date::NEVER, |days| date.plus_days(days.max(1)));
                if reached < next {
                    return Ok(Some(reached));
                }
            }
            if date >= next {
                return Ok(None);
            }
            date = next;
        }
        Ok(None)
    }

    /// The exact late fee of each statement on `date`; nothing where no lifetime limit needs it.
    fn fees_exact(&self, terms: &Terms, date: Date) -> Result<Vec<Accrued>, MoneyError> {
        let is_limited = terms.late_fee.is_some_and(|fee| fee.limits.lifetime.is_some());
        if !is_limited || self.late_fee_stopped_on.is_some() {
            return Ok(Vec::new());
        }
        self.statements.iter().map(|statement| statement.late_fee_exact(terms, date)).collect()
    }

    /// At the limit, the last day adds only what is left under it, and nothing accrues any more.
    ///
    /// `before` is each statement's fee of the day before; without it, what was paid and given up of it stays.
    fn stop_at_lifetime_limit(
        &mut self,
        terms: &Terms,
        date: Date,
        before: &[Accrued],
        trace: &mut impl FnMut(Event),
    ) -> Result<(), MoneyError> {
        let limit = terms.late_fee.and_then(|fee| fee.limits.lifetime);
        let Some(limit) = limit.filter(|_| self.late_fee_stopped_on.is_none()) else { return Ok(()) };
        let now = self.fees_exact(terms, date)?;
        let total = now.iter().fold(Accrued::of(self.late_fee_settled).0, |sum, fee| sum + fee.0);
        if total < Accrued::of(limit).0 {
            return Ok(());
        }
        self.late_fee_stopped_on = Some(date);
        let mut left = Accrued::of(limit).0 - Accrued::of(self.late_fee_settled).0;
        let mut kept = Vec::with_capacity(now.len());
        for (index, statement) in self.statements.iter().enumerate() {
            let settled = Accrued::of(statement.late_fee.paid.try_add(statement.late_fee.waived)?);
            let least = before.get(index).copied().unwrap_or(settled).min(now[index]);
            left -= least.0;
            kept.push(least.0);
        }
        for (index, statement) in self.statements.iter_mut().enumerate() {
            let part = (now[index].0 - kept[index]).min(left.max(0));
            left -= part;
            statement.late_fee.most = Some(Accrued(kept[index] + part));
        }
        trace(Event::LateFeesStopped { on: date, limit });
        Ok(())
    }
}

impl Probation {
    /// One more due date was judged.
    fn judged(self, is_met: bool, terms: &Terms) -> Option<Self> {
        let periods_left = if is_met { self.periods_left - 1 } else { terms.behind.on_time_periods };
        (periods_left > 0).then_some(Self { periods_left, ..self })
    }

    /// Due dates of what was paid ahead pass by `date`.
    fn passed(mut self, terms: &Terms, date: Date) -> Option<Self> {
        let before = self.paid_ahead.len();
        self.paid_ahead.retain(|due_on| judged_on(terms, *due_on) > date);
        let kept = u32::try_from(before - self.paid_ahead.len()).unwrap_or(u32::MAX);
        self.periods_left = self.periods_left.saturating_sub(kept);
        (self.periods_left > 0).then_some(self)
    }
}

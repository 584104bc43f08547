//! Interest by the day on what is really owed.
//!
//! Interest accrues exactly on the real balance. As long as nothing else happens, the instalments to come are
//! what they would be if all that is overdue were paid today: the equal instalment stays, less interest makes
//! more of it principal, and the last instalment takes what is left. So an instalment that is unpaid past its
//! due date raises the interest of the next one day by day; one that is paid early leaves the interest of the
//! rest of its period to the next one.

use std::collections::{BTreeMap, BTreeSet};

use super::{Position, TermPeriod, TermPlan};
use crate::amounts::Amounts;
use crate::date::{Date, MonthDay};
use crate::day_count::DayCount;
use crate::fraction::Fraction;
use crate::id::FactId;
use crate::money::{Money, MoneyError};
use crate::schedule::{Accrual, Method, Period};
use crate::statement::Statement;
use crate::terms::{AdvanceTarget, Component, InterestBasis, ScheduleBilling, Terms};
use crate::trace::Event;

/// Interest that has accrued on a draw and is in no instalment that is settled or due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RestInterest {
    /// The exact amount, in minor units.
    pub accrued: Fraction,
    /// The day up to which it has accrued; from there on it runs on the real balance.
    pub accrued_to: Date,
}

/// The instalments of each draw with a schedule: their places among the statements, in the order of their due dates.
///
/// Found once for all draws, so that what is done draw by draw costs as much as there are statements, and not as many
/// times as there are draws.
pub(super) struct Own(BTreeMap<FactId, Vec<usize>>);

impl Own {
    pub(super) fn of(&self, draw: FactId) -> &[usize] {
        self.0.get(&draw).map_or(&[], Vec::as_slice)
    }
}

/// What the instalments to come are assumed to be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Assumption {
    /// Everything is paid on its due date, what is overdue today.
    PaidWhenDue,
    /// Everything is paid today.
    PaidToday,
}

impl RestInterest {
    pub(super) fn starting(on: Date) -> Self {
        Self { accrued: Fraction::ZERO, accrued_to: on }
    }
}

impl TermPlan {
    /// The end of a further period that begins on `date`: as long as the others, on the day of the month on which the first
    /// one ended.
    fn next_period_end(&self, billing: &ScheduleBilling, date: Date) -> Date {
        let length = |length: u32| i32::try_from(length).unwrap_or(i32::MAX);
        match billing.period {
            Period::Days(days) => date.plus_days(length(days)),
            Period::Weeks(weeks) => date.plus_days(length(weeks).saturating_mul(7)),
            Period::Months(months) => {
                let first = self.periods.first().map_or(date, |period| period.due_on);
                let day = billing.due_day.unwrap_or(MonthDay::Day(first.year_month_day().2));
                (0..months).fold(date, |date, _| day.next_after(date))
            }
        }
    }

    /// The share of a year between two days of one period.
    fn share(
        &self,
        terms: &Terms,
        billing: &ScheduleBilling,
        from: Date,
        to: Date,
    ) -> Result<Fraction, MoneyError> {
        let mut sum = Fraction::ZERO;
        for period in &self.periods {
            let (first, last) = (from.max(period.from), to.min(period.due_on));
            if last <= first {
                continue;
            }
            let part = Fraction::new(
                i128::from(last.days_since(first)),
                i128::from(period.due_on.days_since(period.from)),
            );
            let share = match (terms.plan.accrual, billing.period) {
                (Accrual::SamePeriod, Period::Months(months)) => whole(i128::from(months), 12, part)?,
                (Accrual::SamePeriod, Period::Weeks(weeks)) => whole(i128::from(weeks), 52, part)?,
                (Accrual::SamePeriod, Period::Days(days)) => whole(i128::from(days), 365, part)?,
                (Accrual::Daily(count), _) => match count {
                    // Months of equal length: the days of a month share it.
                    DayCount::Thirty360Us | DayCount::Thirty360European | DayCount::WholeMonths => {
                        let share = count.fraction(period.from, period.due_on);
                        share.try_mul(part).ok_or(MoneyError::Overflow)?
                    }
                    DayCount::Actual365Fixed
                    | DayCount::Actual360
                    | DayCount::Actual364
                    | DayCount::ActualActual
                    | DayCount::ActualActualLastDay => count.fraction(first, last),
                },
            };
            sum = sum.try_add(share).ok_or(MoneyError::Overflow)?;
        }
        Ok(sum)
    }

    /// Interest on `balance` between two days, exactly.
    pub(super) fn interest(
        &self,
        terms: &Terms,
        billing: &ScheduleBilling,
        balance: Money,
        from: Date,
        to: Date,
    ) -> Result<Fraction, MoneyError> {
        let rate = Fraction::new(i128::from(self.per_year.millionths()), 1_000_000);
        let yearly = Fraction::whole(i128::from(balance.minor())).try_mul(rate);
        let share = self.share(terms, billing, from, to)?;
        yearly.and_then(|yearly| yearly.try_mul(share)).ok_or(MoneyError::Overflow)
    }
}

fn whole(numerator: i128, denominator: i128, part: Fraction) -> Result<Fraction, MoneyError> {
    Fraction::new(numerator, denominator).try_mul(part).ok_or(MoneyError::Overflow)
}

pub(super) fn rounded(exact: Fraction, terms: &Terms) -> Result<Money, MoneyError> {
    let minor = i64::try_from(exact.round(terms.rounding)).map_err(|_| MoneyError::Overflow)?;
    Ok(Money::new(minor, terms.currency))
}

fn larger(left: Money, right: Money) -> Money {
    if left.minor() < right.minor() { right } else { left }
}

impl Position {
    /// Makes the instalments to come what they are if all that is overdue is paid on `date`.
    pub(super) fn follow_real_balance(&mut self, terms: &Terms, date: Date) -> Result<(), MoneyError> {
        self.project_all(terms, date, Assumption::PaidWhenDue)
    }

    /// Before money is taken: what accrued to the day is owed, and no interest of the days to come.
    pub(crate) fn owe_interest_to_date(&mut self, terms: &Terms, date: Date) -> Result<(), MoneyError> {
        self.accrue_all(terms, date)?;
        self.project_all(terms, date, Assumption::PaidToday)
    }

    /// After money was taken: an instalment paid early keeps its interest, and the next one begins anew.
    pub(crate) fn settle_interest(&mut self, terms: &Terms, date: Date) -> Result<(), MoneyError> {
        if !self.has_daily_rest() {
            return Ok(());
        }
        let own = self.own_instalments();
        for plan in &mut self.term_plans {
            let Some(rest) = &mut plan.rest else { continue };
            let mut instalments = own.of(plan.draw).iter().map(|index| &self.statements[*index]);
            let next = instalments.find(|statement| is_to_come(statement, plan.draw, date));
            if let Some(next) = next
                && next.rest()?.is_zero()
            {
                rest.accrued = Fraction::ZERO;
            }
        }
        self.follow_real_balance(terms, date)
    }

    /// On a due date the interest of the instalment is what really accrued.
    pub(super) fn fix_interest_due(
        &mut self,
        terms: &Terms,
        date: Date,
        trace: &mut impl FnMut(Event),
    ) -> Result<(), MoneyError> {
        let Some(billing) = terms.schedule_billing() else { return Ok(()) };
        let eve = date.plus_days(-1);
        let is_due =
            |plan: &TermPlan| plan.rest.is_some() && plan.periods.iter().any(|period| period.due_on == date);
        if !self.term_plans.iter().any(is_due) {
            return Ok(());
        }
        let own = self.own_instalments();
        for index in 0..self.term_plans.len() {
            let plan = &self.term_plans[index];
            if !is_due(plan) {
                continue;
            }
            let draw = plan.draw;
            self.accrue(terms, index, &own, date)?;
            self.project(terms, billing, index, &own, (eve, date), Assumption::PaidWhenDue)?;
            let mut instalments = own.of(draw).iter().map(|place| &self.statements[*place]);
            let due =
                instalments.find(|statement| is_to_come(statement, draw, eve) && statement.due_on == date);
            if let Some(due) = due {
                let interest = due.billed.get(Component::Interest);
                trace(Event::InterestDue { plan: draw, on: date, number: due.number, interest });
                if let Some(rest) = &mut self.term_plans[index].rest {
                    rest.accrued = Fraction::ZERO;
                }
            }
        }
        Ok(())
    }

    /// At the end of the last due date: as long as principal is unpaid and the terms say so, interest goes on for a period
    /// more, on whose last day it falls due.
    pub(super) fn go_on_after_maturity(
        &mut self,
        terms: &Terms,
        date: Date,
        trace: &mut impl FnMut(Event),
    ) -> Result<(), MoneyError> {
        let goes_on = |billing: &&ScheduleBilling| billing.interest == InterestBasis::DailyRestUntilPaid;
        let Some(billing) = terms.schedule_billing().filter(goes_on) else { return Ok(()) };
        let own = self.own_instalments();
        let mut more = Vec::new();
        for (index, plan) in self.term_plans.iter().enumerate() {
            let is_over = plan.rest.is_some() && plan.matures_on() == date;
            if is_over && self.balance_of(own.of(plan.draw))?.is_positive() {
                more.push((index, TermPeriod { from: date, due_on: plan.next_period_end(billing, date) }));
            }
        }
        for (index, period) in more {
            let plan = &mut self.term_plans[index];
            plan.periods.push(period);
            let (draw, number) = (plan.draw, u32::try_from(plan.periods.len()).unwrap_or(u32::MAX));
            let days = (period.from, period.due_on);
            self.add_instalment(terms, draw, number, days, Amounts::zero(terms.currency), date, trace)?;
        }
        Ok(())
    }

    /// The periods after the last instalment that run on `date` while principal is unpaid: draw and number.
    pub(super) fn running_after_maturity(
        &self,
        terms: &Terms,
        date: Date,
    ) -> Result<BTreeSet<(FactId, u32)>, MoneyError> {
        let mut running = BTreeSet::new();
        let Some(billing) = terms.schedule_billing() else { return Ok(running) };
        if billing.interest != InterestBasis::DailyRestUntilPaid {
            return Ok(running);
        }
        let own = self.own_instalments();
        for plan in self.term_plans.iter().filter(|plan| plan.rest.is_some()) {
            let runs = own
                .of(plan.draw)
                .iter()
                .map(|index| &self.statements[*index])
                .find(|statement| runs_after_maturity(statement, plan, billing, date));
            if let Some(statement) = runs.filter(|statement| date < statement.due_on)
                && self.balance_of(own.of(plan.draw))?.is_positive()
            {
                running.insert((plan.draw, statement.number));
            }
        }
        Ok(running)
    }

    /// Interest accrued to `date` on a draw, exactly, in minor units; nothing where it is charged as scheduled.
    ///
    /// # Errors
    /// When amounts do not fit.
    pub fn interest_accrued(&self, terms: &Terms, draw: FactId, date: Date) -> Result<Fraction, MoneyError> {
        let Some(plan) = self.term_plans.iter().find(|plan| plan.draw == draw) else {
            return Ok(Fraction::ZERO);
        };
        self.accrued_on(terms, plan, &self.own_instalments(), date)
    }

    /// The same with the instalments found already.
    pub(super) fn accrued_on(
        &self,
        terms: &Terms,
        plan: &TermPlan,
        own: &Own,
        date: Date,
    ) -> Result<Fraction, MoneyError> {
        let Some((billing, rest)) = terms.schedule_billing().zip(plan.rest) else {
            return Ok(Fraction::ZERO);
        };
        let balance = self.balance_of(own.of(plan.draw))?;
        let running = plan.interest(terms, billing, balance, rest.accrued_to, date)?;
        rest.accrued.try_add(running).ok_or(MoneyError::Overflow)
    }

    /// The instalments of all draws.
    pub(super) fn own_instalments(&self) -> Own {
        let mut own: BTreeMap<FactId, Vec<usize>> =
            self.term_plans.iter().map(|plan| (plan.draw, Vec::new())).collect();
        for (index, statement) in self.statements.iter().enumerate() {
            if let Some(places) = statement.plan.and_then(|draw| own.get_mut(&draw)) {
                places.push(index);
            }
        }
        Own(own)
    }

    fn has_daily_rest(&self) -> bool {
        self.term_plans.iter().any(|plan| plan.rest.is_some())
    }

    /// The principal of a draw that bears interest: all but the down payment.
    fn balance_of(&self, own: &[usize]) -> Result<Money, MoneyError> {
        let mut balance = Money::zero(self.credit.currency());
        for statement in own.iter().map(|index| &self.statements[*index]).filter(|one| one.number > 0) {
            balance = balance.try_add(statement.rest_of(Component::Principal)?)?;
        }
        Ok(balance)
    }

    pub(super) fn accrue_all(&mut self, terms: &Terms, date: Date) -> Result<(), MoneyError> {
        if !self.has_daily_rest() {
            return Ok(());
        }
        let own = self.own_instalments();
        (0..self.term_plans.len()).try_for_each(|index| self.accrue(terms, index, &own, date))
    }

    fn accrue(&mut self, terms: &Terms, index: usize, own: &Own, date: Date) -> Result<(), MoneyError> {
        let plan = &self.term_plans[index];
        let Some(rest) = plan.rest.filter(|rest| rest.accrued_to < date) else { return Ok(()) };
        let accrued = self.accrued_on(terms, plan, own, date)?;
        self.term_plans[index].rest = Some(RestInterest { accrued, accrued_to: date.max(rest.accrued_to) });
        Ok(())
    }

    fn project_all(&mut self, terms: &Terms, date: Date, assumed: Assumption) -> Result<(), MoneyError> {
        let Some(billing) = terms.schedule_billing().filter(|_| self.has_daily_rest()) else {
            return Ok(());
        };
        let own = self.own_instalments();
        for index in 0..self.term_plans.len() {
            self.project(terms, billing, index, &own, (date, date), assumed)?;
        }
        Ok(())
    }

    /// Writes the instalments due after `days.0`, as seen on `days.1`.
    fn project(
        &mut self,
        terms: &Terms,
        billing: &ScheduleBilling,
        index: usize,
        own: &Own,
        days: (Date, Date),
        assumed: Assumption,
    ) -> Result<(), MoneyError> {
        let (after, date) = days;
        let plan = &self.term_plans[index];
        if plan.rest.is_none() {
            return Ok(());
        }
        let (draw, per_year) = (plan.draw, plan.per_year);
        let carried = self.accrued_on(terms, plan, own, date)?;
        for place in own.of(draw) {
            let statement = &mut self.statements[*place];
            // What is unpaid of it goes on bearing interest.
            if is_to_come(statement, draw, after) {
                statement.late_fee.interest_per_year = per_year;
            }
        }
        self.spread(terms, billing, index, own, days, carried, assumed)
    }

    /// Spreads the principal of the instalments due after `days.0` anew, as seen on `days.1`; the first of them
    /// takes the interest that is `carried`.
    #[expect(clippy::too_many_arguments, reason = "the days and the assumption belong to each call")]
    pub(super) fn spread(
        &mut self,
        terms: &Terms,
        billing: &ScheduleBilling,
        index: usize,
        own: &Own,
        days: (Date, Date),
        carried: Fraction,
        assumed: Assumption,
    ) -> Result<(), MoneyError> {
        let (after, date) = days;
        let mut carried = carried;
        let plan = &self.term_plans[index];
        let draw = plan.draw;
        let mut open: Vec<usize> = Vec::new();
        let mut balance = Money::zero(terms.currency);
        for place in own.of(draw) {
            let statement = &self.statements[*place];
            let is_open =
                statement.rest()?.is_positive() || runs_after_maturity(statement, plan, billing, date);
            if is_to_come(statement, draw, after) && is_open {
                balance = balance.try_add(statement.rest_of(Component::Principal)?)?;
                open.push(*place);
            }
        }
        // Money that is to clear the last instalment first finds the whole equal instalment there: interest of days to
        // come is not owed, so all of it is principal, and the first instalment takes what is left.
        let from_the_end = assumed == Assumption::PaidToday && clears_last_first(terms);
        let mut ahead_of_it =
            if from_the_end { self.later_levels(&open, plan.level, balance)? } else { Vec::new() };
        let mut from = date;
        let last = open.len().saturating_sub(1);
        for (place, at) in open.into_iter().enumerate() {
            let statement = &mut self.statements[at];
            let ahead = match assumed {
                Assumption::PaidWhenDue => plan.interest(terms, billing, balance, from, statement.due_on)?,
                Assumption::PaidToday => Fraction::ZERO,
            };
            let exact = carried.try_add(ahead).ok_or(MoneyError::Overflow)?;
            let settled = |component| statement.paid.get(component).try_add(statement.waived.get(component));
            let interest = larger(rounded(exact, terms)?, settled(Component::Interest)?);
            let paid = settled(Component::Principal)?;
            let most = paid.try_add(balance)?;
            let wanted = match plan.method {
                Method::EqualPayment if from_the_end => {
                    let later = ahead_of_it.pop().unwrap_or(Money::zero(terms.currency));
                    paid.try_add(larger(balance.try_sub(later)?, Money::zero(terms.currency)))?
                }
                _ if place == last => most,
                Method::EqualPayment => plan.level.try_sub(interest)?,
                Method::Flat | Method::EqualPrincipal | Method::InterestOnly | Method::Bullet => {
                    statement.billed.get(Component::Principal)
                }
            };
            let principal = larger(wanted.try_min(most)?, paid);
            statement.billed.set(Component::Interest, interest);
            statement.billed.set(Component::Principal, principal);
            balance = balance.try_sub(principal.try_sub(paid)?)?;
            (carried, from) = (Fraction::ZERO, statement.due_on);
        }
        Ok(())
    }

    /// For each instalment, the last one first: how much of the principal that is open the instalments after it take when
    /// each takes the equal instalment, less what is paid of it.
    fn later_levels(&self, open: &[usize], level: Money, balance: Money) -> Result<Vec<Money>, MoneyError> {
        let zero = Money::zero(level.currency());
        let mut taken = zero;
        let mut later = Vec::with_capacity(open.len());
        for statement in open.iter().rev().map(|index| &self.statements[*index]) {
            later.push(taken.try_min(balance)?);
            let (paid, waived) = (&statement.paid, &statement.waived);
            let settled = paid.get(Component::Principal).try_add(waived.get(Component::Principal))?;
            taken = taken.try_add(larger(level.try_sub(settled)?, zero))?;
        }
        Ok(later)
    }
}

fn clears_last_first(terms: &Terms) -> bool {
    terms.order.as_ref().is_some_and(|order| order.in_advance == AdvanceTarget::Last)
}

/// Whether it is the period after the last instalment that runs on `date`; nothing may have accrued in it yet.
fn runs_after_maturity(
    statement: &Statement,
    plan: &TermPlan,
    billing: &ScheduleBilling,
    date: Date,
) -> bool {
    billing.interest == InterestBasis::DailyRestUntilPaid
        && statement.billed.get(Component::Principal).is_zero()
        && usize::try_from(statement.number) == Ok(plan.periods.len())
        && statement.cut_off_on <= date
        && date <= statement.due_on
}

/// Whether it is an instalment of the draw's schedule that is due after `date`.
fn is_to_come(statement: &Statement, draw: FactId, date: Date) -> bool {
    statement.plan == Some(draw) && !statement.is_recognised && statement.due_on > date
}

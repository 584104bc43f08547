//! Draws with a schedule (按期计划): each instalment is an obligation known from the draw on.

use super::Position;
use crate::amounts::Amounts;
use crate::date::Date;
use crate::fact::Fact;
use crate::id::FactId;
use crate::late_fee::LateFee;
use crate::money::{Money, MoneyError, Rate};
use crate::schedule::{Instalment, Method, ScheduleError, ScheduleTerms, schedule};
use crate::statement::{EarlyCharge, StatementOrigin};
use crate::terms::{Component, InstalmentOffer, ScheduleBilling, Terms};
use crate::trace::Event;

use super::daily_rest::RestInterest;

/// The days of one instalment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TermPeriod {
    /// The day from which it runs.
    pub from: Date,
    /// The due date, and the day to which its interest runs.
    pub due_on: Date,
}

/// A draw with its schedule; the instalments themselves are statements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TermPlan {
    /// The purchase.
    pub draw: FactId,
    /// How principal and interest spread.
    pub method: Method,
    /// Interest a year.
    pub per_year: Rate,
    /// The fee of a period.
    pub fee_per_period: Money,
    /// The equal instalment of principal and interest; what an instalment is if interest changes.
    pub level: Money,
    /// All periods that there ever were, the first one first.
    pub periods: Vec<TermPeriod>,
    /// Interest by the day, where the product charges it so.
    pub rest: Option<RestInterest>,
}

impl TermPlan {
    /// The next due date after `date`.
    pub(super) fn next_boundary(&self, date: Date) -> Option<Date> {
        self.periods.iter().map(|period| period.due_on).find(|due_on| *due_on > date)
    }

    /// The due date of the last instalment.
    #[must_use]
    pub fn matures_on(&self) -> Date {
        self.periods.last().map_or(Date::NEVER, |period| period.due_on)
    }

    /// The number of the instalment in whose period `date` lies; `None` after the last.
    pub(super) fn number_at(&self, date: Date) -> Option<u32> {
        let index = self.periods.iter().position(|period| date <= period.due_on)?;
        u32::try_from(index + 1).ok()
    }
}

/// What a schedule is made from, besides the product.
pub(super) struct Draw {
    pub id: FactId,
    pub on: Date,
    pub principal: Money,
    pub count: u32,
    pub first_due_on: Option<Date>,
    pub method: Method,
    pub per_year: Rate,
    pub fee_share: Rate,
}

impl Draw {
    pub(super) fn schedule_terms(&self, terms: &Terms, billing: &ScheduleBilling) -> ScheduleTerms {
        let offer = InstalmentOffer {
            count: self.count,
            fee_per_period: self.fee_share,
            interest_per_year: self.per_year,
        };
        let (first_due_on, due_day) = (self.first_due_on, billing.due_day);
        let mut plan =
            terms.plan.of_plan(self.principal, &offer, self.on, first_due_on, due_day, terms.rounding);
        plan.method = self.method;
        plan.period = billing.period;
        plan.grace = billing.grace;
        plan
    }
}

impl Position {
    /// Takes a draw of a product that bills by schedule.
    pub(super) fn take_draw(
        &mut self,
        terms: &Terms,
        billing: &ScheduleBilling,
        fact: &Fact,
        trace: &mut impl FnMut(Event),
    ) -> Result<(), MoneyError> {
        let down_payment = down_payment(billing, fact.amount, terms)?;
        if down_payment.is_positive() {
            let mut billed = Amounts::zero(terms.currency);
            billed.add(Component::Principal, down_payment)?;
            self.add_instalment(
                terms,
                fact.id,
                0,
                (fact.value_on, fact.value_on),
                billed,
                fact.value_on,
                trace,
            )?;
        }
        let standard = &billing.standard;
        let offer = terms.offer(fact.instalment_count).unwrap_or(standard);
        let draw = Draw {
            id: fact.id,
            on: fact.value_on,
            principal: fact.amount.try_sub(down_payment)?,
            count: if fact.instalment_count > 0 { fact.instalment_count } else { standard.count },
            first_due_on: fact.due_on,
            method: terms.plan.method,
            per_year: offer.interest_per_year,
            fee_share: offer.fee_per_period,
        };
        self.schedule_draw(terms, billing, &draw, trace)?;
        self.use_credit(terms, fact.value_on, trace)
    }

    /// Makes the instalments of a draw or of what is left of one.
    ///
    /// What cannot be scheduled is due in one sum on the first due date, or on the day itself; a command refuses
    /// such a draw, so only a loaded one can get here.
    pub(super) fn schedule_draw(
        &mut self,
        terms: &Terms,
        billing: &ScheduleBilling,
        draw: &Draw,
        trace: &mut impl FnMut(Event),
    ) -> Result<(), MoneyError> {
        let rows = match schedule(&draw.schedule_terms(terms, billing), &billing.calendar) {
            Ok(schedule) => schedule.rows,
            Err(ScheduleError::Money(error)) => return Err(error),
            Err(error) => {
                trace(Event::NotScheduled { fact: draw.id, on: draw.on, code: error.code() });
                vec![in_one_sum(draw)]
            }
        };
        let zero = Money::zero(terms.currency);
        let level =
            rows.get(1).or(rows.first()).map_or(Ok(zero), |row| row.principal.try_add(row.interest))?;
        let rest = (billing.interest.is_by_the_day() && draw.per_year > Rate::ZERO)
            .then(|| RestInterest::starting(draw.on));
        let fee_per_period = rows.first().map_or(zero, |row| row.fee);
        let periods = rows.iter().map(|row| TermPeriod { from: row.from, due_on: row.due_on }).collect();
        let known = self.term_plans.iter().position(|plan| plan.draw == draw.id);
        let first_number = known.map_or(0, |index| self.term_plans[index].periods.len());
        for row in &rows {
            let mut billed = Amounts::zero(terms.currency);
            billed.add(Component::Principal, row.principal)?;
            billed.add(Component::Interest, row.interest)?;
            billed.add(Component::InstalmentFee, row.fee)?;
            let number = row.number + u32::try_from(first_number).unwrap_or(0);
            self.add_instalment(terms, draw.id, number, (row.from, row.due_on), billed, draw.on, trace)?;
        }
        let new = TermPlan {
            draw: draw.id,
            method: draw.method,
            per_year: draw.per_year,
            fee_per_period,
            level,
            periods,
            rest,
        };
        match known {
            None => self.term_plans.push(new),
            Some(index) => {
                let plan = &mut self.term_plans[index];
                plan.periods.extend(new.periods);
                (plan.method, plan.per_year) = (new.method, new.per_year);
                (plan.fee_per_period, plan.level) = (new.fee_per_period, new.level);
                // Interest to the day was put on the first new instalment; the count begins anew.
                plan.rest = new.rest;
            }
        }
        Ok(())
    }

    /// Adds one instalment; what is due on the day itself has no start of day left to fall due at.
    pub(super) fn add_instalment(
        &mut self,
        terms: &Terms,
        draw: FactId,
        number: u32,
        period: (Date, Date),
        billed: Amounts,
        on: Date,
        trace: &mut impl FnMut(Event),
    ) -> Result<(), MoneyError> {
        let zero = Money::zero(terms.currency);
        let mut statement = self.new_statement(terms, StatementOrigin::Scheduled, period, billed, zero);
        (statement.plan, statement.number) = (Some(draw), number);
        statement.is_recognised = period.1 <= on;
        if statement.is_recognised {
            for component in [Component::Interest, Component::InstalmentFee] {
                self.totals.billed_fees.add(component, billed.get(component))?;
            }
        }
        trace(Event::Instalment { plan: draw, on, number, due_on: period.1, billed });
        if statement.is_recognised {
            trace(Event::InstalmentDue {
                plan: draw,
                on,
                number,
                principal: billed.get(Component::Principal),
                interest: billed.get(Component::Interest),
                fee: billed.get(Component::InstalmentFee),
            });
        }
        self.insert_statement(statement);
        Ok(())
    }

    /// Takes a charge that was added later, of a product that bills by schedule.
    ///
    /// Due within a period it belongs to that period's instalment; due after the last one it makes one more
    /// instalment, which all such charges share at the latest of their dates. Interest and fees that are owed already
    /// stand beside an instalment to come: the cost of that one is not owed before its due date, and may change.
    pub(super) fn take_charge_of_schedule(
        &mut self,
        terms: &Terms,
        fact: &Fact,
        due_on: Date,
        trace: &mut impl FnMut(Event),
    ) -> Result<bool, MoneyError> {
        let is_meant = |plan: &&TermPlan| fact.target.is_none_or(|target| target == plan.draw);
        let Some(plan) = self.term_plans.iter().rfind(is_meant) else { return Ok(false) };
        let (draw, count) = (plan.draw, u32::try_from(plan.periods.len()).unwrap_or(u32::MAX));
        let number = plan.number_at(due_on);
        let period = number.and_then(|number| plan.periods.get(number as usize - 1)).copied();
        let matures_on = plan.matures_on();
        let falls_due_on = period.map_or(due_on, |period| period.due_on);
        let is_cost = matches!(fact.component, Component::Interest | Component::InstalmentFee);
        if is_cost && falls_due_on > fact.value_on {
            self.add_beside_instalment(terms, fact, draw, (due_on, falls_due_on))?;
            return Ok(true);
        }
        let number = number.unwrap_or(count + 1);
        let is_own = |statement: &crate::statement::Statement| {
            statement.plan == Some(draw) && statement.number == number
        };
        let place = self.statements.iter().position(is_own);
        let mut statement = match place {
            Some(place) => self.statements.remove(place),
            None => {
                let span = period.map_or((matures_on, due_on), |period| (period.from, period.due_on));
                let (none, zero) = (Amounts::zero(terms.currency), Money::zero(terms.currency));
                let mut statement = self.new_statement(terms, StatementOrigin::Scheduled, span, none, zero);
                (statement.plan, statement.number) = (Some(draw), number);
                // Only charges are in it, and they count from now on.
                statement.is_recognised = true;
                statement
            }
        };
        if let Some(segment) = statement.close_segment(terms, fact.value_on)? {
            trace(Event::LateFeeSegment { due_on: statement.due_on, segment });
        }
        statement.billed.add(fact.component, fact.amount)?;
        if period.is_none() && due_on > statement.due_on {
            statement.due_on = due_on;
            let fee_from = terms.late_fee.map_or(due_on, |fee| LateFee::runs_from(&fee, due_on));
            statement.late_fee.running_since = fee_from;
        }
        if due_on < statement.due_on && fact.component != Component::Principal {
            statement.early.push(EarlyCharge { due_on, component: fact.component, amount: fact.amount });
        }
        if statement.punctuality == crate::statement::Punctuality::Met {
            statement.punctuality = crate::statement::Punctuality::NotYetDue;
        }
        self.insert_statement(statement);
        Ok(true)
    }

    /// Adds what is owed of a draw from now on and due with an instalment to come; `days` are its own due date and the
    /// instalment's.
    fn add_beside_instalment(
        &mut self,
        terms: &Terms,
        fact: &Fact,
        draw: FactId,
        days: (Date, Date),
    ) -> Result<(), MoneyError> {
        let (own_due_on, due_on) = days;
        let (mut billed, zero) = (Amounts::zero(terms.currency), Money::zero(terms.currency));
        billed.add(fact.component, fact.amount)?;
        let period = (fact.value_on, due_on);
        let mut statement = self.new_statement(terms, StatementOrigin::Charge, period, billed, zero);
        statement.plan = Some(draw);
        if own_due_on < due_on {
            let (component, amount) = (fact.component, fact.amount);
            statement.early.push(EarlyCharge { due_on: own_due_on, component, amount });
        }
        self.insert_statement(statement);
        Ok(())
    }
}

/// The part of a draw that is due on its day.
fn down_payment(billing: &ScheduleBilling, amount: Money, terms: &Terms) -> Result<Money, MoneyError> {
    let share = billing.down_payment_share.of(amount, terms.rounding)?;
    let Some(multiple) = billing.down_payment_multiple.filter(|multiple| multiple.is_positive()) else {
        return Ok(share);
    };
    let steps = terms.rounding.divide(i128::from(share.minor()), i128::from(multiple.minor()));
    let minor = i64::try_from(steps * i128::from(multiple.minor())).map_err(|_| MoneyError::Overflow)?;
    Money::new(minor, share.currency()).try_min(amount)
}

fn in_one_sum(draw: &Draw) -> Instalment {
    let zero = Money::zero(draw.principal.currency());
    let due_on = draw.first_due_on.unwrap_or(draw.on).max(draw.on);
    Instalment {
        number: 1,
        from: draw.on,
        to: due_on,
        due_on,
        days: due_on.days_since(draw.on),
        principal: draw.principal,
        interest: zero,
        fee: zero,
        balance_after: zero,
    }
}

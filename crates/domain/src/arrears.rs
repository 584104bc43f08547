//! How far behind an agreement is: days past due, bucket, overdue amount, and when that changes next.

use crate::amounts::Accrued;
use crate::date::Date;
use crate::money::{Money, MoneyError};
use crate::position::{Position, Unbilled};
use crate::statement::{Punctuality, Statement};
use crate::terms::{Component, CureRule, Terms};
use crate::trace::Event;

/// How far behind an agreement is on a day, and what it owes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrears {
    /// The due date of the oldest overdue statement; `None` when nothing is overdue.
    pub overdue_due_on: Option<Date>,
    /// Days past due (逾期天数); 0 when nothing is overdue.
    pub days_past_due: i32,
    /// Index into the terms' buckets.
    pub bucket_index: usize,
    /// What is overdue, late fees excepted.
    pub overdue: Money,
    /// Late fees unpaid to date.
    pub late_fee: Money,
    /// The due date of the next statement that is not yet due, with its unpaid minimum and rest.
    pub coming: Option<Coming>,
}

/// What falls due next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coming {
    /// The due date.
    pub due_on: Date,
    /// What is missing of the minimum.
    pub minimum: Money,
    /// What is unpaid of the statement.
    pub rest: Money,
}

impl Position {
    /// The due date that days past due are counted from, by the cure rule of the terms.
    ///
    /// # Errors
    /// When amounts do not fit; the same holds for all functions here.
    pub fn behind_due_on(&self, terms: &Terms) -> Result<Option<Date>, MoneyError> {
        let oldest = self.oldest_overdue(terms)?.map(|statement| statement.due_on);
        Ok(match terms.behind.cure {
            CureRule::OldestPaid => oldest,
            CureRule::AllPaid | CureRule::OnTimePeriods => {
                oldest.map(|due_on| self.behind_since.map_or(due_on, |since| since.min(due_on)))
            }
        })
    }

    /// First overdue day of the oldest overdue statement, with the grace of ageing and pauses counted.
    ///
    /// # Errors
    /// When amounts do not fit.
    pub fn overdue_from(&self, terms: &Terms) -> Result<Option<Date>, MoneyError> {
        let due_on = self.behind_due_on(terms)?;
        Ok(due_on.map(|due_on| self.day_of_count(terms, due_on, terms.ageing_grace_days + 1)))
    }

    pub(crate) fn oldest_overdue(&self, terms: &Terms) -> Result<Option<&Statement>, MoneyError> {
        for statement in &self.statements {
            if statement.overdue(terms)?.is_positive() {
                return Ok(Some(statement));
            }
        }
        Ok(None)
    }

    /// How far behind the agreement is on the day of the position.
    ///
    /// # Errors
    /// When amounts do not fit.
    pub fn arrears(&self, terms: &Terms) -> Result<Arrears, MoneyError> {
        let date = self.as_of;
        let counts = |due_on: &Date| self.counted_days(terms, *due_on, date) > terms.ageing_grace_days;
        let overdue_due_on = self.behind_due_on(terms)?.filter(counts);
        let days_past_due = overdue_due_on.map_or(0, |due_on| self.days_shown(terms, due_on, date));
        let (mut overdue, mut late_fee) = (Money::zero(terms.currency), Money::zero(terms.currency));
        let mut coming = None;
        for statement in &self.statements {
            overdue = overdue.try_add(statement.overdue(terms)?)?;
            late_fee = late_fee.try_add(statement.late_fee_rest(terms, date)?)?;
            let (minimum, rest) = (statement.shortfall()?, statement.rest()?);
            let is_open = minimum.is_positive() || rest.is_positive();
            if coming.is_none() && statement.punctuality == Punctuality::NotYetDue && is_open {
                coming = Some(Coming { due_on: statement.due_on, minimum, rest });
            }
        }
        if overdue_due_on.is_none() {
            overdue = Money::zero(terms.currency);
        }
        let bucket_index = terms.bucket_index(self.days_classified(terms, overdue_due_on));
        Ok(Arrears { overdue_due_on, days_past_due, bucket_index, overdue, late_fee, coming })
    }

    /// Everything owed, billed or not, late fees to date included, credit not taken off. Interest and fees of
    /// instalments count from their due dates on; see [`Position::outstanding`].
    ///
    /// # Errors
    /// When amounts do not fit.
    pub fn owed(&self, terms: &Terms) -> Result<Money, MoneyError> {
        self.owed_by_component(terms, self.as_of)?.total()
    }

    /// Everything that will have to be paid if nothing changes: what is owed, and the interest and fees of
    /// instalments to come.
    ///
    /// # Errors
    /// When amounts do not fit.
    pub fn outstanding(&self, terms: &Terms) -> Result<Money, MoneyError> {
        let mut outstanding = self.owed(terms)?;
        for statement in &self.statements {
            outstanding = outstanding.try_add(statement.rest()?)?.try_sub(statement.booked_rest()?)?;
        }
        Ok(outstanding)
    }

    /// What is lent at the moment: principal on statements, unbilled purchases and plans.
    ///
    /// # Errors
    /// When amounts do not fit.
    pub fn principal(&self) -> Result<Money, MoneyError> {
        let mut principal = Money::zero(self.credit.currency());
        for statement in &self.statements {
            principal = principal.try_add(statement.rest_of(Component::Principal)?)?;
        }
        let is_lent = |unbilled: &&Unbilled| unbilled.component == Component::Principal;
        for purchase in self.unbilled.iter().filter(is_lent) {
            principal = principal.try_add(purchase.amount)?;
        }
        for plan in &self.plans {
            principal = principal.try_add(plan.unbilled)?;
        }
        Ok(principal)
    }

    /// What may still be drawn on a line of `limit` (可用额度).
    ///
    /// # Errors
    /// When amounts do not fit.
    pub fn available_credit(&self, limit: Money) -> Result<Money, MoneyError> {
        let free = limit.try_sub(self.principal()?)?.try_add(self.credit)?;
        Ok(if free.minor() < 0 { Money::zero(free.currency()) } else { free })
    }

    /// All late fees ever charged up to the day of the position, exactly: the rounded ones of settled
    /// statements and the running ones of open statements.
    ///
    /// # Errors
    /// When amounts do not fit.
    pub fn late_fee_total(&self, terms: &Terms) -> Result<Accrued, MoneyError> {
        let mut total = Accrued::of(self.late_fee_settled);
        for statement in &self.statements {
            total = total.plus(statement.late_fee_exact(terms, self.as_of)?);
        }
        Ok(total)
    }

    /// The same with each statement's fee rounded: what the customer is charged.
    ///
    /// # Errors
    /// When amounts do not fit.
    pub fn late_fee_charged(&self, terms: &Terms) -> Result<Money, MoneyError> {
        let mut total = self.late_fee_settled;
        for statement in &self.statements {
            total = total.try_add(statement.late_fee_charged(terms, self.as_of)?)?;
        }
        Ok(total)
    }

    /// What one more day adds to all late fees while nothing happens.
    ///
    /// # Errors
    /// When amounts do not fit.
    pub fn late_fee_daily(&self, terms: &Terms) -> Result<Accrued, MoneyError> {
        let mut daily = Accrued(0);
        for statement in &self.statements {
            daily = daily.plus(statement.late_fee_daily(terms, self.as_of)?);
        }
        Ok(daily)
    }

    /// The first day after this position on which anything changes by itself: a statement is cut off or
    /// judged, a bucket begins, a late fee begins or reaches its cap. [`Date::NEVER`] if nothing will.
    ///
    /// # Errors
    /// When amounts do not fit.
    pub fn next_change_on(&self, terms: &Terms) -> Result<Date, MoneyError> {
        let mut next = self.next_internal_event(terms)?.unwrap_or(Date::NEVER);
        for statement in &self.statements {
            if let Some(change) = statement.next_late_fee_change(terms, self.as_of)? {
                next = next.min(change);
            }
        }
        if let Some(due_on) = self.behind_due_on(terms)? {
            next = next.min(self.next_bucket_on(terms, due_on));
        }
        // The bucket stays while ageing is paused, and is found anew on the day after.
        let paused = self.pauses.iter().filter(|pause| pause.through >= self.as_of);
        for pause in paused.filter(|pause| pause.through < Date::NEVER) {
            next = next.min(pause.through.plus_days(1));
        }
        if let Some(limit_on) = self.lifetime_limit_on(terms, next)? {
            next = next.min(limit_on);
        }
        Ok(next)
    }
}

/// A stretch of days on which an agreement was overdue, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OverdueSpan {
    /// First day.
    pub from: Date,
    /// Last day.
    pub through: Date,
}

/// The overdue days between `from` and `through`, from the events of a fold that ran to `through`.
#[must_use]
pub fn overdue_spans(events: &[Event], from: Date, through: Date) -> Vec<OverdueSpan> {
    let mut changes: Vec<(Date, Option<Date>)> = Vec::new();
    for event in events {
        if let Event::OverdueChanged { on, overdue_from } = event {
            changes.push((*on, *overdue_from));
        }
    }
    let mut spans: Vec<OverdueSpan> = Vec::new();
    for (index, (on, overdue_from)) in changes.iter().enumerate() {
        let ends_on = changes.get(index + 1).map_or(through, |(next, _)| next.plus_days(-1));
        let Some(overdue_from) = overdue_from else { continue };
        let first = (*on).max(*overdue_from).max(from);
        let last = ends_on.min(through);
        if first > last {
            continue;
        }
        match spans.last_mut() {
            Some(previous) if previous.through.plus_days(1) == first => previous.through = last,
            Some(_) | None => spans.push(OverdueSpan { from: first, through: last }),
        }
    }
    spans
}

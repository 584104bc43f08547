//! How far behind an agreement is: days past due, bucket, overdue amount, and when that changes next.

use crate::amounts::Accrued;
use crate::date::Date;
use crate::money::{Money, MoneyError};
use crate::position::Position;
use crate::statement::{Punctuality, Statement};
use crate::terms::{Component, Terms};
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
    /// First overdue day of the oldest overdue statement, with the grace of ageing counted.
    ///
    /// # Errors
    /// When amounts do not fit; the same holds for all functions here.
    pub fn overdue_from(&self, terms: &Terms) -> Result<Option<Date>, MoneyError> {
        let oldest = self.oldest_overdue(terms)?;
        Ok(oldest.map(|statement| statement.due_on.plus_days(1 + terms.ageing_grace_days)))
    }

    fn oldest_overdue(&self, terms: &Terms) -> Result<Option<&Statement>, MoneyError> {
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
        let is_past_grace = |due_on: &Date| date > due_on.plus_days(terms.ageing_grace_days);
        let overdue_due_on =
            self.oldest_overdue(terms)?.map(|statement| statement.due_on).filter(is_past_grace);
        let days_past_due = overdue_due_on.map_or(0, |due_on| terms.days_past_due_on(due_on, date));
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
        let bucket_index = terms.bucket_index(days_past_due);
        Ok(Arrears { overdue_due_on, days_past_due, bucket_index, overdue, late_fee, coming })
    }

    /// Everything owed, billed or not, late fees to date included, credit not taken off.
    ///
    /// # Errors
    /// When amounts do not fit.
    pub fn owed(&self, terms: &Terms) -> Result<Money, MoneyError> {
        let mut owed = self.open_rest()?;
        for purchase in &self.unbilled {
            owed = owed.try_add(purchase.amount)?;
        }
        for plan in &self.plans {
            owed = owed.try_add(plan.unbilled)?;
        }
        for statement in &self.statements {
            owed = owed.try_add(statement.late_fee_rest(terms, self.as_of)?)?;
        }
        Ok(owed)
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
        for purchase in &self.unbilled {
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
        let mut next = self.next_internal_event()?.unwrap_or(Date::NEVER);
        for statement in &self.statements {
            if let Some(change) = statement.next_late_fee_change(terms, self.as_of)? {
                next = next.min(change);
            }
        }
        if let Some(oldest) = self.oldest_overdue(terms)? {
            next = next.min(next_bucket_on(terms, oldest.due_on, self.as_of));
        }
        Ok(next)
    }
}

/// The day on which what fell due on `due_on` enters its next bucket after `date`.
fn next_bucket_on(terms: &Terms, due_on: Date, date: Date) -> Date {
    let first_overdue_on = due_on.plus_days(1 + terms.ageing_grace_days);
    if date < first_overdue_on {
        return first_overdue_on;
    }
    let days = terms.days_past_due_on(due_on, date);
    let next = terms.buckets.iter().find(|bucket| bucket.from_days > days);
    next.map_or(Date::NEVER, |bucket| date.plus_days(bucket.from_days - days))
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

//! The position of an agreement: a pure fold over its facts.
//!
//! `fold(terms, facts, date)` gives what is owed on a date, however and whenever the facts arrived.
//! [`Position::advance`] goes on from an earlier position when nothing happened before it; both give the
//! same result, which `dunlin verify` checks.
//!
//! The order within one day is part of the contract: first instalments of the day become due, statements due
//! the day before are judged and fees of the day are charged once; then the day's facts take effect; then the
//! statement is cut off.

mod accrued_interest;
mod change;
mod daily_rest;
mod day;
mod loss;
mod outlook;
mod payoff_parts;
mod plan;
mod take;
mod term_plan;
mod totals;

use std::collections::BTreeSet;

use crate::date::{Date, Timestamp};
use crate::fact::{Fact, FactKind};
use crate::id::FactId;
use crate::money::{Money, MoneyError};
use crate::spans::DaySpan;
use crate::statement::{Punctuality, Statement, StatementOrigin};
use crate::terms::{Component, DaysPastDueConvention, Terms};
use crate::trace::Event;

pub use change::payoff_quote;
pub use daily_rest::RestInterest;
pub use outlook::Due;
pub use payoff_parts::{PayoffBasis, PayoffPart, PayoffParts, payoff_parts};
pub use plan::{Plan, PlannedPart};
pub use term_plan::{TermPeriod, TermPlan};
pub use totals::Totals;

/// A purchase or charge that is not on a statement yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unbilled {
    /// The purchase or charge.
    pub purchase: FactId,
    /// What is left of it.
    pub amount: Money,
    /// What it is made of.
    pub component: Component,
}

/// A stretch of days that do not count as overdue (逾期暂停).
///
/// The count stops after the first day and goes on after the last: days after `from` through `through` are left
/// out. While it lasts, the bucket stays what it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgeingPause {
    /// The fact.
    pub fact: FactId,
    /// The day of the pause's start.
    pub from: Date,
    /// Its last day; an early resume brings it forward.
    pub through: Date,
}

/// A bucket that stays until due dates in a row were kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probation {
    /// Days past due when everything overdue was paid; they decide the bucket.
    pub days_past_due: i32,
    /// Due dates still to be kept.
    pub periods_left: u32,
    /// Due dates to come of what is paid already; they are kept when they have passed.
    pub paid_ahead: Vec<Date>,
}

/// What became of the claim as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClaimState {
    /// Charged off on this day.
    pub charged_off_on: Option<Date>,
    /// Written off on this day.
    pub written_off_on: Option<Date>,
    /// Sold on this day.
    pub sold_on: Option<Date>,
}

/// What is owed on an agreement at the end of a day, and all that later days need to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The day at whose end this holds.
    pub as_of: Date,
    /// The next cut-off to come, whether or not there will be anything to bill.
    pub next_cut_off_on: Date,
    /// Purchases in full, and charges without a due date, that wait for the next statement.
    pub unbilled: Vec<Unbilled>,
    /// Plans with periods to come that statements bill.
    pub plans: Vec<Plan>,
    /// Draws with a schedule; their instalments are among the statements.
    pub term_plans: Vec<TermPlan>,
    /// Statements and instalments of which something is open, oldest due date first.
    pub statements: Vec<Statement>,
    /// Money that cleared nothing yet (溢缴款).
    pub credit: Money,
    /// Late fees of statements that are settled and gone from the list.
    pub late_fee_settled: Money,
    /// Ageing pauses, in the order of their start.
    pub pauses: Vec<AgeingPause>,
    /// Days on which no late fee accrues.
    pub freezes: Vec<DaySpan>,
    /// The day on which late fees reached the lifetime limit; no more accrue.
    pub late_fee_stopped_on: Option<Date>,
    /// The due date with which the present episode of being behind began.
    pub behind_since: Option<Date>,
    /// The bucket that stays for a while after being behind.
    pub probation: Option<Probation>,
    /// What became of the claim.
    pub claim: ClaimState,
    /// Running totals.
    pub totals: Totals,
}

/// The fold over all facts with a value date up to `as_of`, in any order of arrival.
///
/// `trace` hears every event; pass `&mut |_| {}` when nobody listens.
///
/// # Errors
/// When amounts do not fit 64 bits or currencies differ.
pub fn fold(
    terms: &Terms,
    opened_on: Date,
    facts: &[Fact],
    as_of: Date,
    trace: &mut impl FnMut(Event),
) -> Result<Position, MoneyError> {
    let mut position = Position::opened(terms, opened_on);
    let standing = standing_facts(facts, as_of);
    position.advance(terms, &standing, as_of, trace)?;
    Ok(position)
}

/// The facts that stand at the end of `as_of`: without those reversed, returned or withdrawn by then, in the
/// order in which they take effect.
///
/// A reversal restores the position as if its target had never been, so both simply drop out; but not on the
/// days before the reversal counts. A reversal that was itself withdrawn undoes nothing. A freeze of late fees that
/// names another of the same first day takes its place: so a freeze is ended early.
#[must_use]
pub fn standing_facts(facts: &[Fact], as_of: Date) -> Vec<&Fact> {
    let replaces = |fact: &Fact| {
        fact.kind == FactKind::FeeFreeze
            && facts.iter().any(|other| {
                Some(other.id) == fact.target
                    && other.id != fact.id
                    && (other.kind, other.value_on) == (fact.kind, fact.value_on)
            })
    };
    // Both have the same first day, so what is replaced had no effect before.
    let undoing = |fact: &&Fact| fact.kind.is_undoing() && fact.value_on <= as_of || replaces(fact);
    let withdrawn: BTreeSet<FactId> = facts
        .iter()
        .filter(|fact| fact.kind == FactKind::Withdrawal && fact.value_on <= as_of)
        .filter_map(|fact| fact.target)
        .collect();
    let undone: BTreeSet<FactId> = facts
        .iter()
        .filter(undoing)
        .filter(|fact| !withdrawn.contains(&fact.id))
        .filter_map(|fact| fact.target)
        .collect();
    let mut standing: Vec<&Fact> = facts
        .iter()
        .filter(|fact| !fact.kind.is_undoing())
        .filter(|fact| !undone.contains(&fact.id))
        .collect();
    standing.sort_by_key(|fact| (fact.value_on, fact.kind, fact.id));
    standing
}

/// The facts as they were known at `moment`; what a verdict of that moment saw.
#[must_use]
pub fn known_at(facts: &[Fact], moment: Timestamp) -> Vec<Fact> {
    facts.iter().filter(|fact| fact.learned_at <= moment).cloned().collect()
}

impl Position {
    /// The position of an agreement on the eve of its first day.
    #[must_use]
    pub fn opened(terms: &Terms, opened_on: Date) -> Self {
        let eve = opened_on.plus_days(-1);
        Self {
            as_of: eve,
            next_cut_off_on: terms.statement_day.next_after(eve),
            unbilled: Vec::new(),
            plans: Vec::new(),
            term_plans: Vec::new(),
            statements: Vec::new(),
            credit: Money::zero(terms.currency),
            late_fee_settled: Money::zero(terms.currency),
            pauses: Vec::new(),
            freezes: Vec::new(),
            late_fee_stopped_on: None,
            behind_since: None,
            probation: None,
            claim: ClaimState::default(),
            totals: Totals::zero(terms.currency),
        }
    }

    /// Goes on to the end of `to`, taking those of `facts` whose value date lies between.
    ///
    /// `facts` must be in the order of [`standing_facts`]. Facts of days already folded are passed over, so
    /// the caller folds from the start when one of those is new.
    ///
    /// # Errors
    /// When amounts do not fit 64 bits or currencies differ.
    pub fn advance(
        &mut self,
        terms: &Terms,
        facts: &[&Fact],
        to: Date,
        trace: &mut impl FnMut(Event),
    ) -> Result<(), MoneyError> {
        let start = facts.partition_point(|fact| fact.value_on <= self.as_of);
        let mut facts = facts[start..].iter().peekable();
        let mut overdue_from = self.overdue_from(terms)?;
        loop {
            let fact_on = facts.peek().map(|fact| fact.value_on);
            let mut event_on = [fact_on, self.next_internal_event(terms)?].into_iter().flatten().min();
            let horizon = event_on.unwrap_or(to).min(to);
            if let Some(limit_on) = self.lifetime_limit_on(terms, horizon)? {
                event_on = Some(limit_on);
            }
            let Some(date) = event_on.filter(|date| *date <= to) else { break };
            if self.next_cut_off_on < date {
                self.next_cut_off_on = terms.statement_day.next_after(date.plus_days(-1));
            }
            self.begin_day(terms, date, trace)?;
            while let Some(fact) = facts.next_if(|fact| fact.value_on == date) {
                self.take(terms, fact, trace)?;
            }
            self.end_day(terms, date, trace)?;
            self.as_of = date;
            let now_from = self.overdue_from(terms)?;
            if now_from != overdue_from {
                trace(Event::OverdueChanged { on: date, overdue_from: now_from });
                overdue_from = now_from;
            }
        }
        self.as_of = self.as_of.max(to);
        if self.next_cut_off_on <= self.as_of {
            self.next_cut_off_on = terms.statement_day.next_after(self.as_of);
        }
        self.follow_real_balance(terms, self.as_of)
    }

    /// The next day on which something happens by itself inside the fold, the lifetime limit of late fees apart.
    pub(crate) fn next_internal_event(&self, terms: &Terms) -> Result<Option<Date>, MoneyError> {
        let mut next: Option<Date> = None;
        let mut note = |on: Date| next = Some(next.map_or(on, |next| next.min(on)));
        for statement in &self.statements {
            if !statement.is_recognised && statement.due_on > self.as_of {
                note(statement.due_on);
            }
            if statement.punctuality == Punctuality::NotYetDue {
                note(judged_on(terms, statement.due_on));
            }
            if let Some((on, _)) = statement.next_once_fee(terms)?.filter(|(on, _)| *on > self.as_of) {
                note(on);
            }
        }
        if self.has_something_to_bill(terms)? {
            note(self.next_cut_off_on);
        }
        for due_on in self.probation.iter().flat_map(|probation| &probation.paid_ahead) {
            note(judged_on(terms, *due_on));
        }
        let follows = terms.schedule_billing().is_some_and(|billing| billing.interest.is_by_the_day());
        if follows {
            self.term_plans.iter().filter_map(|plan| plan.next_boundary(self.as_of)).for_each(&mut note);
        }
        Ok(next)
    }

    pub(crate) fn has_something_to_bill(&self, terms: &Terms) -> Result<bool, MoneyError> {
        if !self.unbilled.is_empty() || !self.plans.is_empty() {
            return Ok(true);
        }
        for statement in &self.statements {
            if statement.origin != StatementOrigin::CutOff {
                continue;
            }
            if statement.rest()?.is_positive() {
                return Ok(true);
            }
            if !statement.service_unbilled(terms, self.as_of)?.is_zero() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// All that is unpaid on statements and instalments, late fees excepted; what instalments will cost in time
    /// to come included.
    ///
    /// # Errors
    /// When amounts do not fit.
    pub fn open_rest(&self) -> Result<Money, MoneyError> {
        let zero = Money::zero(self.credit.currency());
        self.statements.iter().try_fold(zero, |sum, statement| sum.try_add(statement.rest()?))
    }

    /// Adds a statement at the place of its due date.
    pub(crate) fn insert_statement(&mut self, statement: Statement) {
        let place = self.statements.partition_point(|other| other.due_on <= statement.due_on);
        self.statements.insert(place, statement);
    }
}

/// The day on whose fold it is judged whether what is due on `due_on` was paid: the day after, at its start; or
/// the due date, at its end, where that is day 1 past due.
fn judged_on(terms: &Terms, due_on: Date) -> Date {
    match terms.days_past_due {
        DaysPastDueConvention::DayAfterDueIsOne => due_on.plus_days(1),
        DaysPastDueConvention::DueDateIsOne => due_on,
    }
}

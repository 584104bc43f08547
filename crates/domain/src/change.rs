//! What a fact changed: the same agreement folded without it and with it, side by side.
//!
//! Nothing of this is stored. Facts carry the moment at which they were learned, so the books as they were known
//! before and after any moment can be derived again at any time (`known_at`), with the same result.

use std::collections::BTreeMap;

use crate::arrears::Arrears;
use crate::date::Date;
use crate::fact::Fact;
use crate::id::FactId;
use crate::money::{Money, MoneyError};
use crate::position::{Position, standing_facts};
use crate::terms::{Component, Terms};
use crate::trace::Event;

/// What an agreement comes to at the end of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figures {
    /// The day.
    pub on: Date,
    /// Days past due.
    pub days_past_due: i32,
    /// Index into the buckets of the terms.
    pub bucket_index: usize,
    /// What is overdue, late fees excepted.
    pub overdue: Money,
    /// Late fees unpaid.
    pub late_fee: Money,
    /// All late fees ever charged.
    pub late_fee_charged: Money,
    /// All that is owed.
    pub owed: Money,
    /// Money that cleared nothing (溢缴款).
    pub credit: Money,
}

impl Figures {
    fn of(terms: &Terms, position: &Position, arrears: &Arrears) -> Result<Self, MoneyError> {
        Ok(Self {
            on: position.as_of,
            days_past_due: arrears.days_past_due,
            bucket_index: arrears.bucket_index,
            overdue: arrears.overdue,
            late_fee: arrears.late_fee,
            late_fee_charged: position.late_fee_charged(terms)?,
            owed: position.owed(terms)?,
            credit: position.credit,
        })
    }
}

/// How far behind an agreement is on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgeingOn {
    /// Days past due.
    pub days_past_due: i32,
    /// Index into the buckets of the terms.
    pub bucket_index: usize,
    /// What is overdue.
    pub overdue: Money,
}

/// A stretch of days on which the books say another thing than they did, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DaySpan {
    /// First day.
    pub from: Date,
    /// Last day.
    pub through: Date,
    /// On the first day, as it was known.
    pub before: AgeingOn,
    /// On the first day, as it is known now.
    pub after: AgeingOn,
}

/// What a statement said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatementFigures {
    /// What it billed.
    pub billed: Money,
    /// What was open on earlier statements when it was cut off.
    pub carried: Money,
    /// Its minimum payment.
    pub minimum: Money,
    /// What was missing of the minimum on the due date; zero when it was met or is not judged yet.
    pub missed: Money,
}

/// A statement that says another thing than it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatementChange {
    /// The cut-off.
    pub cut_off_on: Date,
    /// The due date.
    pub due_on: Date,
    /// As it was; `None` if it was not there.
    pub before: Option<StatementFigures>,
    /// As it is; `None` if it is no more.
    pub after: Option<StatementFigures>,
}

/// An allocation of money that is another one than it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AllocationChange {
    /// The payment or refund; `None` for credit from before.
    pub cause: Option<FactId>,
    /// The day.
    pub on: Date,
    /// The due date of the statement.
    pub due_on: Date,
    /// What was cleared.
    pub component: Component,
    /// How much it was.
    pub before: Money,
    /// How much it is.
    pub after: Money,
}

/// Two readings of one agreement, and where they differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// The first day on which they can differ.
    pub from: Date,
    /// As the books were.
    pub before: Figures,
    /// As they are.
    pub after: Figures,
    /// Days on which ageing differs.
    pub days: Vec<DaySpan>,
    /// Statements that differ.
    pub statements: Vec<StatementChange>,
    /// Allocations that differ.
    pub allocations: Vec<AllocationChange>,
}

impl Comparison {
    /// Whether anything that counts on a past day is another thing than it was.
    #[must_use]
    pub fn changes_past(&self) -> bool {
        !self.days.is_empty() || !self.statements.is_empty()
    }
}

/// The day from which the facts that are only in `after` can matter: their value dates and those of what they undo.
#[must_use]
pub fn first_effect_on(before: &[Fact], after: &[Fact]) -> Option<Date> {
    let is_new = |fact: &&Fact| !before.iter().any(|known| known.id == fact.id);
    let effect = |fact: &Fact| {
        let target = fact.target.filter(|_| fact.kind.is_undoing());
        let undone = target.and_then(|target| after.iter().find(|other| other.id == target));
        undone.map_or(fact.value_on, |undone| undone.value_on)
    };
    after.iter().filter(is_new).map(effect).min()
}

/// Compares the agreement with the facts `before` and `after`, from their first difference to the end of `on`.
///
/// # Errors
/// When amounts do not fit.
pub fn compare(
    terms: &Terms,
    opened_on: Date,
    before: &[Fact],
    after: &[Fact],
    on: Date,
) -> Result<Comparison, MoneyError> {
    let from = first_effect_on(before, after).unwrap_or(on).max(opened_on);
    let on = on.max(from);
    let (was, is) =
        (Reading::new(terms, opened_on, before, from, on)?, Reading::new(terms, opened_on, after, from, on)?);
    Ok(Comparison {
        from,
        before: was.figures,
        after: is.figures,
        days: day_spans(&was, &is, from),
        statements: statement_changes(&was, &is),
        allocations: allocation_changes(terms, &was, &is),
    })
}

type AllocationKey = (Date, Option<FactId>, Date, Component);

/// One set of facts, folded day by day over the days that matter.
struct Reading {
    figures: Figures,
    /// One entry a day, from the first day on.
    days: Vec<AgeingOn>,
    statements: BTreeMap<(Date, Date), StatementFigures>,
    allocations: BTreeMap<AllocationKey, i64>,
}

impl Reading {
    fn new(terms: &Terms, opened_on: Date, facts: &[Fact], from: Date, on: Date) -> Result<Self, MoneyError> {
        let mut events = Vec::new();
        let eve = from.plus_days(-1);
        // What is undone by the last day never was, on any of the days: that is what the change is about.
        let standing = standing_facts(facts, on);
        let mut position = Position::opened(terms, opened_on);
        position.advance(terms, &standing, eve, &mut |event| events.push(event))?;
        let mut days = Vec::new();
        for day in from.days()..=on.days() {
            position.advance(terms, &standing, Date::from_days(day), &mut |event| events.push(event))?;
            let arrears = position.arrears(terms)?;
            days.push(AgeingOn {
                days_past_due: arrears.days_past_due,
                bucket_index: arrears.bucket_index,
                overdue: arrears.overdue,
            });
        }
        let figures = Figures::of(terms, &position, &position.arrears(terms)?)?;
        let mut reading = Self { figures, days, statements: BTreeMap::new(), allocations: BTreeMap::new() };
        for event in &events {
            reading.note(event)?;
        }
        Ok(reading)
    }

    fn note(&mut self, event: &Event) -> Result<(), MoneyError> {
        match event {
            Event::StatementCut { on, due_on, billed, minimum, carried } => {
                let missed = Money::zero(minimum.currency());
                let figures = StatementFigures {
                    billed: billed.total()?,
                    carried: *carried,
                    minimum: *minimum,
                    missed,
                };
                self.statements.insert((*due_on, *on), figures);
            }
            Event::MinimumMissed { due_on, shortfall, .. } => {
                let due_then = self.statements.iter_mut().filter(|((due, _), _)| due == due_on);
                for (_, statement) in due_then {
                    statement.missed = *shortfall;
                }
            }
            Event::Allocated { cause, on, due_on, component, amount, .. } => {
                *self.allocations.entry((*on, *cause, *due_on, *component)).or_default() += amount.minor();
            }
            _ => {}
        }
        Ok(())
    }
}

fn day_spans(was: &Reading, is: &Reading, from: Date) -> Vec<DaySpan> {
    let mut spans: Vec<DaySpan> = Vec::new();
    for (index, (before, after)) in was.days.iter().zip(&is.days).enumerate() {
        if before == after {
            continue;
        }
        let day = from.plus_days(i32::try_from(index).unwrap_or(i32::MAX));
        match spans.last_mut() {
            Some(span)
                if span.through.plus_days(1) == day
                    && span.before.bucket_index == before.bucket_index
                    && span.after.bucket_index == after.bucket_index =>
            {
                span.through = day;
            }
            Some(_) | None => {
                spans.push(DaySpan { from: day, through: day, before: *before, after: *after });
            }
        }
    }
    spans
}

fn statement_changes(was: &Reading, is: &Reading) -> Vec<StatementChange> {
    let keys: std::collections::BTreeSet<_> = was.statements.keys().chain(is.statements.keys()).collect();
    let changes = keys.into_iter().map(|key| StatementChange {
        cut_off_on: key.1,
        due_on: key.0,
        before: was.statements.get(key).copied(),
        after: is.statements.get(key).copied(),
    });
    changes.filter(|change| change.before != change.after).collect()
}

fn allocation_changes(terms: &Terms, was: &Reading, is: &Reading) -> Vec<AllocationChange> {
    let keys: std::collections::BTreeSet<_> = was.allocations.keys().chain(is.allocations.keys()).collect();
    let amount = |reading: &Reading, key| {
        Money::new(reading.allocations.get(key).copied().unwrap_or(0), terms.currency)
    };
    let changes = keys.into_iter().map(|key| AllocationChange {
        cause: key.1,
        on: key.0,
        due_on: key.2,
        component: key.3,
        before: amount(was, key),
        after: amount(is, key),
    });
    changes.filter(|change| change.before != change.after).collect()
}

//! Closed periods of the books: the gate that every posting passes inside its own transaction, and the record of who
//! closed and reopened what.
//!
//! A posting holds its part's row of the gate shared until it commits, and closing changes every row. So a close waits
//! for postings that are under way and sees them; a posting that comes later sees the close.

use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::id::{PART_COUNT, Part};

use crate::agreement::{damaged, date_of, days, part_param};
use crate::{Dialect, Param, StoreError, Tx};

/// What happened to a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeriodAction {
    /// Somebody asked for a close.
    CloseProposed,
    /// Another person closed it.
    Closed,
    /// Somebody asked for a reopening.
    ReopenProposed,
    /// Another person reopened it.
    Reopened,
}

impl PeriodAction {
    const ALL: [Self; 4] = [Self::CloseProposed, Self::Closed, Self::ReopenProposed, Self::Reopened];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::CloseProposed => "close_proposed",
            Self::Closed => "closed",
            Self::ReopenProposed => "reopen_proposed",
            Self::Reopened => "reopened",
        }
    }
}

/// One step of closing or reopening a period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeriodEvent {
    /// What was done.
    pub action: PeriodAction,
    /// Of a close the last closed date, of a reopening the first open one.
    pub date: Date,
    /// Who did it.
    pub actor: String,
    /// When.
    pub at: Timestamp,
    /// Why; empty for a close.
    pub reason: String,
}

/// Refuses if anything on `date` may not be posted into the parts `first..=last` any more. Until the transaction ends
/// nobody can close a period there.
///
/// # Errors
/// [`StoreError::PeriodClosed`]; what the database says.
pub fn pass_gate(tx: &mut Tx<'_>, first: Part, last: Part, date: Date) -> Result<(), StoreError> {
    let lock = match tx.dialect() {
        // No writing transaction has another beside it.
        Dialect::Sqlite => "",
        Dialect::Postgres => " for share of g",
    };
    let sql = format!(
        "select g.closed_through from part_number n join period_gate g on g.part = n.part \
         where n.part >= ?1 and n.part <= ?2{lock}"
    );
    let rows = tx.query(&sql, &[part_param(first), part_param(last)], |row| Ok(row.opt_int(0)))?;
    if rows.len() != usize::from(last.number() - first.number()) + 1 {
        return Err(damaged(format!("rows of the period gate from part {} on are gone", first.number())));
    }
    match rows.into_iter().flatten().max().map(date_of) {
        Some(closed_through) if date <= closed_through => {
            Err(StoreError::PeriodClosed { date, closed_through })
        }
        Some(_) | None => Ok(()),
    }
}

/// The last date of the closed periods.
///
/// # Errors
/// What the database says.
pub fn closed_through(tx: &mut Tx<'_>) -> Result<Option<Date>, StoreError> {
    let sql = "select closed_through from period_gate where part = 0";
    Ok(tx.query_one(sql, &[], |row| Ok(row.opt_int(0)))?.flatten().map(date_of))
}

/// Holds every part's gate, after the postings under way, until the transaction ends: then what is posted stays as it
/// is seen.
///
/// # Errors
/// What the database says.
pub fn hold_gates(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let sql = "update period_gate set closed_through = closed_through where part >= 0 and part <= ?1";
    let changed = tx.execute(sql, &[Param::Int(i64::from(PART_COUNT) - 1)])?;
    match changed == u64::from(PART_COUNT) {
        true => Ok(()),
        false => Err(damaged(format!("the period gate has {changed} rows, not {PART_COUNT}"))),
    }
}

/// Sets the last closed date of every part; under [`hold_gates`].
///
/// # Errors
/// What the database says.
pub fn set_closed_through(tx: &mut Tx<'_>, date: Option<Date>) -> Result<(), StoreError> {
    let sql = "update period_gate set closed_through = ?1 where part >= 0 and part <= ?2";
    let date = date.map_or(Param::OptInt(None), |date| Param::Int(days(date)));
    tx.execute(sql, &[date, Param::Int(i64::from(PART_COUNT) - 1)])?;
    Ok(())
}

/// Every step of closing and reopening, oldest first.
///
/// # Errors
/// What the database says.
pub fn events(tx: &mut Tx<'_>) -> Result<Vec<PeriodEvent>, StoreError> {
    let sql = "select action, business_date, actor, at, reason from period_event where part = 0 order by event_index";
    tx.query(sql, &[], |row| {
        let action = PeriodAction::ALL.into_iter().find(|action| action.code() == row.text(0));
        Ok(PeriodEvent {
            action: action.ok_or_else(|| damaged(format!("period action {:?} is unknown", row.text(0))))?,
            date: date_of(row.int(1)),
            actor: row.text(2).to_owned(),
            at: Timestamp::from_micros(row.int(3)),
            reason: row.text(4).to_owned(),
        })
    })
}

/// Adds a step as number `event_index`; two that are taken at once cannot both get it.
///
/// # Errors
/// [`StoreError::Duplicate`]; what the database says.
pub fn add_event(tx: &mut Tx<'_>, event_index: usize, event: &PeriodEvent) -> Result<(), StoreError> {
    let sql = "insert into period_event (part, event_index, action, business_date, actor, at, reason) \
        values (0, ?1, ?2, ?3, ?4, ?5, ?6)";
    let params = [
        Param::Int(event_index as i64),
        Param::Text(event.action.code()),
        Param::Int(days(event.date)),
        Param::Text(&event.actor),
        Param::Int(event.at.micros()),
        Param::Text(&event.reason),
    ];
    tx.execute(sql, &params)?;
    Ok(())
}

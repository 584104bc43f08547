//! Chains of messages: which one took the place of which by another channel. Rows are only ever inserted.

use std::collections::HashMap;

use dunlin_domain::date::Timestamp;
use dunlin_domain::fallback::FallbackCause;
use dunlin_domain::id::{MessageId, Part};

use crate::agreement::{damaged, part_param};
use crate::{Column, Conflict, Param, Row, StoreError, Tx};

const COLUMNS: &str = "t.after_id, t.root_id, t.cause, t.decided_at, t.message_id, t.reason, t.detail";

/// What followed on a message that did not get through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FallbackRow {
    /// That message.
    pub after: MessageId,
    /// The first of the chain.
    pub root: MessageId,
    /// Why another one takes its place.
    pub cause: FallbackCause,
    /// When that was decided.
    pub decided_at: Timestamp,
    /// The message that takes its place; `None` where there is none.
    pub message: Option<MessageId>,
    /// The code of the reason why there is none; empty where there is one.
    pub reason: String,
    /// Its proof, in words of both languages.
    pub detail: String,
}

fn read_row(row: &Row<'_>) -> Result<FallbackRow, StoreError> {
    let cause = row.text(2);
    let cause = FallbackCause::parse(cause);
    Ok(FallbackRow {
        after: MessageId(row.id16(0)),
        root: MessageId(row.id16(1)),
        cause: cause.ok_or_else(|| damaged(format!("fallback cause {:?} is unknown", row.text(2))))?,
        decided_at: Timestamp::from_micros(row.int(3)),
        message: row.opt_id16(4).map(MessageId),
        reason: row.text(5).to_owned(),
        detail: row.text(6).to_owned(),
    })
}

fn part_of_message(id: MessageId) -> Result<Part, StoreError> {
    id.part().ok_or_else(|| damaged(format!("message {id} has no part")))
}

/// Adds rows; what followed on a message once stays.
///
/// # Errors
/// What the database says; the same holds for every function here.
pub fn insert(tx: &mut Tx<'_>, rows: &[FallbackRow]) -> Result<u64, StoreError> {
    let columns = [
        ("part", Column::Int),
        ("after_id", Column::Bytes),
        ("root_id", Column::Bytes),
        ("cause", Column::Text),
        ("decided_at", Column::Int),
        ("message_id", Column::Bytes),
        ("reason", Column::Text),
        ("detail", Column::Text),
    ];
    let mut values = Vec::with_capacity(rows.len() * columns.len());
    for row in rows {
        values.extend([
            part_param(part_of_message(row.after)?),
            Param::Id(row.after.0),
            Param::Id(row.root.0),
            Param::Text(row.cause.code()),
            Param::Int(row.decided_at.micros()),
            Param::OptId(row.message.map(|message| message.0)),
            Param::Text(&row.reason),
            Param::Text(&row.detail),
        ]);
    }
    tx.insert_rows("message_fallback", &columns, Conflict::Ignore, &values)
}

/// The rows that led to these messages, by the message that they made.
///
/// # Errors
/// What the database says.
pub fn leading_to(
    tx: &mut Tx<'_>,
    messages: &[MessageId],
) -> Result<HashMap<MessageId, FallbackRow>, StoreError> {
    let rows = by_ids(tx, "message_id", messages)?;
    Ok(rows.into_iter().filter_map(|row| Some((row.message?, row))).collect())
}

/// What followed on a message, if anything did.
///
/// # Errors
/// What the database says.
pub fn after(tx: &mut Tx<'_>, message: MessageId) -> Result<Option<FallbackRow>, StoreError> {
    Ok(by_ids(tx, "after_id", &[message])?.pop())
}

/// The rows of the chains that begin with these messages, oldest first.
///
/// # Errors
/// What the database says.
pub fn of_roots(tx: &mut Tx<'_>, roots: &[MessageId]) -> Result<Vec<FallbackRow>, StoreError> {
    let mut rows = by_ids(tx, "root_id", roots)?;
    rows.sort_by_key(|row| (row.decided_at, row.after));
    Ok(rows)
}

fn by_ids(tx: &mut Tx<'_>, column: &'static str, ids: &[MessageId]) -> Result<Vec<FallbackRow>, StoreError> {
    let mut values = Vec::with_capacity(ids.len() * 2);
    for id in ids {
        values.extend([part_param(part_of_message(*id)?), Param::Id(id.0)]);
    }
    let keys = [("part", Column::Int), (column, Column::Bytes)];
    tx.query_keys(COLUMNS, "message_fallback", &keys, &values, read_row)
}

/// All rows of one part, by the message that each follows on.
///
/// # Errors
/// What the database says.
pub fn of_part(tx: &mut Tx<'_>, part: Part) -> Result<HashMap<MessageId, FallbackRow>, StoreError> {
    let sql = format!("select {COLUMNS} from message_fallback t where t.part = ?1 order by t.after_id");
    let rows = tx.query(&sql, &[part_param(part)], read_row)?;
    Ok(rows.into_iter().map(|row| (row.after, row)).collect())
}

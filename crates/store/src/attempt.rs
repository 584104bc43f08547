//! The tries of a message: each before it is made, what the provider answered to it, and its later receipts.

use dunlin_domain::date::Timestamp;
use dunlin_domain::id::{AttemptId, MessageId, Part};

use crate::agreement::{damaged, part_param};
use crate::{Column, Conflict, Param, Row, StoreError, Tx};

const PART: (&str, Column) = ("part", Column::Int);
const MESSAGE: (&str, Column) = ("message_id", Column::Bytes);

/// One try, written before it is made.
#[derive(Clone, Debug)]
pub struct NewAttempt {
    /// The message.
    pub message: MessageId,
    /// Counts the tries of the message from 0.
    pub index: u32,
    /// Its id.
    pub id: AttemptId,
    /// The provider.
    pub provider: String,
    /// Segments of a text message, else 1: by them it is charged for, should the answer be lost.
    pub unit_count: u32,
}

/// Adds attempts.
///
/// # Errors
/// What the database says.
pub fn insert_attempts(tx: &mut Tx<'_>, attempts: &[NewAttempt], at: Timestamp) -> Result<(), StoreError> {
    let columns = [
        PART,
        MESSAGE,
        ("attempt_index", Column::Int),
        ("attempt_id", Column::Bytes),
        ("provider", Column::Text),
        ("started_at", Column::Int),
        ("unit_count", Column::Int),
    ];
    let mut values = Vec::with_capacity(attempts.len() * columns.len());
    for attempt in attempts {
        values.extend(attempt_key(attempt.message, attempt.index)?);
        values.extend([
            Param::Id(attempt.id.0),
            Param::Text(&attempt.provider),
            Param::Int(at.micros()),
            Param::Int(i64::from(attempt.unit_count)),
        ]);
    }
    tx.insert_rows("attempt", &columns, Conflict::Fail, &values)?;
    Ok(())
}

/// Who was given one try of a message, and by how many units it is charged for; `None` where there is no such try. The units
/// are not known of tries that an earlier version made.
///
/// # Errors
/// What the database says.
pub fn units_of_attempt(
    tx: &mut Tx<'_>,
    message: MessageId,
    index: u32,
) -> Result<Option<(String, Option<u32>)>, StoreError> {
    let sql =
        "select provider, unit_count from attempt where part = ?1 and message_id = ?2 and attempt_index = ?3";
    let units = |row: &Row<'_>| row.opt_int(1).and_then(|count| u32::try_from(count).ok());
    let read = |row: &Row<'_>| Ok((row.text(0).to_owned(), units(row)));
    Ok(tx.query(sql, &attempt_key(message, index)?, read)?.pop())
}

/// The key of one try of a message, in the order part, message, index.
fn attempt_key(message: MessageId, index: u32) -> Result<[Param<'static>; 3], StoreError> {
    let part = message.part().ok_or_else(|| damaged(format!("message {message} has no part")))?;
    Ok([part_param(part), Param::Id(message.0), Param::Int(i64::from(index))])
}

/// What a provider answered to a try.
#[derive(Clone, Debug)]
pub struct NewOutcome {
    /// The message.
    pub message: MessageId,
    /// The try.
    pub index: u32,
    /// A stable word: accepted, deferred, rejected, unavailable, unknown, expired.
    pub outcome: &'static str,
    /// The provider's code.
    pub code: String,
    /// The provider's words.
    pub detail: String,
}

/// Adds outcomes of attempts. `conflict` says what is done about an attempt that has one already.
///
/// # Errors
/// What the database says.
pub fn insert_outcomes(
    tx: &mut Tx<'_>,
    outcomes: &[NewOutcome],
    conflict: Conflict,
    at: Timestamp,
) -> Result<(), StoreError> {
    let columns = [
        PART,
        MESSAGE,
        ("attempt_index", Column::Int),
        ("ended_at", Column::Int),
        ("outcome", Column::Text),
        ("code", Column::Text),
        ("detail", Column::Text),
    ];
    let mut values = Vec::with_capacity(outcomes.len() * columns.len());
    for outcome in outcomes {
        values.extend(attempt_key(outcome.message, outcome.index)?);
        values.extend([
            Param::Int(at.micros()),
            Param::Text(outcome.outcome),
            Param::Text(&outcome.code),
            Param::Text(&outcome.detail),
        ]);
    }
    tx.insert_rows("attempt_outcome", &columns, conflict, &values)?;
    Ok(())
}

/// One try with its outcome, as kept.
#[derive(Clone, Debug)]
pub struct AttemptRow {
    /// Counts the tries of the message from 0.
    pub index: u32,
    /// Its id.
    pub id: AttemptId,
    /// The provider.
    pub provider: String,
    /// When it was made.
    pub started_at: Timestamp,
    /// When and what was answered, with code and words; `None` while nothing is known.
    pub outcome: Option<(Timestamp, String, String, String)>,
}

/// The tries of a message.
///
/// # Errors
/// What the database says.
pub fn attempts_of(tx: &mut Tx<'_>, id: MessageId) -> Result<Vec<AttemptRow>, StoreError> {
    let Some(part) = id.part() else { return Ok(Vec::new()) };
    let sql = "select a.attempt_index, a.attempt_id, a.provider, a.started_at, o.ended_at, o.outcome, o.code, o.detail \
        from attempt a left join attempt_outcome o on o.part = a.part and o.message_id = a.message_id \
        and o.attempt_index = a.attempt_index where a.part = ?1 and a.message_id = ?2 order by a.attempt_index";
    tx.query(sql, &[part_param(part), Param::Id(id.0)], |row| {
        let outcome = row.opt_int(4).map(|ended_at| {
            let texts = [5, 6, 7].map(|index| row.text(index).to_owned());
            let [outcome, code, detail] = texts;
            (Timestamp::from_micros(ended_at), outcome, code, detail)
        });
        Ok(AttemptRow {
            index: u32::try_from(row.int(0)).unwrap_or(u32::MAX),
            id: AttemptId(row.id16(1)),
            provider: row.text(2).to_owned(),
            started_at: Timestamp::from_micros(row.int(3)),
            outcome,
        })
    })
}

/// Messages of a part that a provider took only after it, or another one, had not: the moments of the first try, and of the
/// try that was taken.
///
/// # Errors
/// What the database says.
pub fn taken_later(
    tx: &mut Tx<'_>,
    part: Part,
) -> Result<Vec<(MessageId, Timestamp, Timestamp)>, StoreError> {
    let sql = "select o.message_id, a.started_at, o.ended_at from attempt_outcome o \
        join attempt a on a.part = o.part and a.message_id = o.message_id and a.attempt_index = 0 \
        where o.part = ?1 and o.outcome = ?2 and o.attempt_index > 0 order by o.message_id, o.attempt_index";
    let moment = |row: &Row<'_>, index| Timestamp::from_micros(row.int(index));
    tx.query(sql, &[part_param(part), Param::Text("accepted")], |row| {
        Ok((MessageId(row.id16(0)), moment(row, 1), moment(row, 2)))
    })
}

/// A provider's later word.
#[derive(Clone, Debug)]
pub struct NewReceipt {
    /// The message.
    pub message: MessageId,
    /// Tells a repeat from a second word.
    pub key: [u8; 16],
    /// A stable word: delivered, failed.
    pub state: String,
    /// The provider's code.
    pub code: String,
    /// When it happened, by the provider.
    pub at: Timestamp,
}

/// Adds receipts; a repeat changes nothing. Returns how many were new.
///
/// # Errors
/// What the database says.
pub fn insert_receipts(
    tx: &mut Tx<'_>,
    receipts: &[NewReceipt],
    received_at: Timestamp,
) -> Result<u64, StoreError> {
    let columns = [
        PART,
        MESSAGE,
        ("receipt_key", Column::Bytes),
        ("state", Column::Text),
        ("code", Column::Text),
        ("at", Column::Int),
        ("received_at", Column::Int),
    ];
    let mut values = Vec::with_capacity(receipts.len() * columns.len());
    for receipt in receipts {
        let part = receipt
            .message
            .part()
            .ok_or_else(|| damaged(format!("message {} has no part", receipt.message)))?;
        values.extend([
            part_param(part),
            Param::Id(receipt.message.0),
            Param::Id(receipt.key),
            Param::Text(&receipt.state),
            Param::Text(&receipt.code),
            Param::Int(receipt.at.micros()),
            Param::Int(received_at.micros()),
        ]);
    }
    tx.insert_rows("receipt", &columns, Conflict::Ignore, &values)
}

/// The receipts of a message: state, code, moment.
///
/// # Errors
/// What the database says.
pub fn receipts_of(tx: &mut Tx<'_>, id: MessageId) -> Result<Vec<(String, String, Timestamp)>, StoreError> {
    let Some(part) = id.part() else { return Ok(Vec::new()) };
    let sql =
        "select state, code, at from receipt where part = ?1 and message_id = ?2 order by at, receipt_key";
    tx.query(sql, &[part_param(part), Param::Id(id.0)], |row| {
        Ok((row.text(0).to_owned(), row.text(1).to_owned(), Timestamp::from_micros(row.int(2))))
    })
}

//! Questions to providers about messages whose outcome is open: when to ask, and what was answered.
//!
//! Promises that answers are only ever inserted. The row that says when to ask next is a matter of work alone: who takes
//! it puts its moment off before asking, so that two workers do not ask the same, and a crash only asks later.

use std::collections::HashMap;

use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::id::{ContactPointId, CustomerId, MessageId, Part};
use dunlin_domain::message::MessageState;

use crate::agreement::{damaged, days, part_param};
use crate::{Column, Conflict, Dialect, Param, Row, StoreError, Tx};

const KEYS: [(&str, Column); 3] =
    [("part", Column::Int), ("message_id", Column::Bytes), ("attempt_index", Column::Int)];

fn key(message: MessageId, index: u32) -> Result<[Param<'static>; 3], StoreError> {
    let part = message.part().ok_or_else(|| damaged(format!("message {message} has no part")))?;
    Ok([part_param(part), Param::Id(message.0), Param::Int(i64::from(index))])
}

/// That a provider is to be asked about an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InquiryDue {
    /// The message.
    pub message: MessageId,
    /// The attempt, counted from 0.
    pub index: u32,
    /// The provider.
    pub provider: String,
    /// When handing it over began.
    pub handed_over_at: Timestamp,
    /// When to ask next; `None` when nothing is asked any more.
    pub next_at: Option<Timestamp>,
    /// How often it was asked.
    pub asked_count: u32,
    /// Of the text, where that is known.
    pub fingerprint: Option<[u8; 16]>,
    /// What the provider charges for it, where that is known.
    pub unit_count: Option<u32>,
}

const COLUMNS: &str = "t.message_id, t.attempt_index, t.provider, t.handed_over_at, t.next_at, t.asked_count, \
    t.fingerprint, t.unit_count";

fn number(row: &Row<'_>, index: usize) -> u32 {
    u32::try_from(row.int(index)).unwrap_or(u32::MAX)
}

fn read_due(row: &Row<'_>) -> Result<InquiryDue, StoreError> {
    Ok(InquiryDue {
        message: MessageId(row.id16(0)),
        index: number(row, 1),
        provider: row.text(2).to_owned(),
        handed_over_at: Timestamp::from_micros(row.int(3)),
        next_at: row.opt_int(4).map(Timestamp::from_micros),
        asked_count: number(row, 5),
        fingerprint: row.opt_id16(6),
        unit_count: row.opt_int(7).map(|count| u32::try_from(count).unwrap_or(u32::MAX)),
    })
}

/// Notes attempts that a provider is to be asked about; those that are noted already stay as they are.
///
/// # Errors
/// What the database says; the same holds for every function here.
pub fn note(tx: &mut Tx<'_>, rows: &[InquiryDue]) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let columns: Vec<(&str, Column)> = KEYS
        .into_iter()
        .chain([
            ("provider", Column::Text),
            ("handed_over_at", Column::Int),
            ("next_at", Column::Int),
            ("asked_count", Column::Int),
            ("fingerprint", Column::Bytes),
            ("unit_count", Column::Int),
        ])
        .collect();
    let mut values = Vec::with_capacity(rows.len() * columns.len());
    for row in rows {
        values.extend(key(row.message, row.index)?);
        values.extend([
            Param::Text(&row.provider),
            Param::Int(row.handed_over_at.micros()),
            Param::OptInt(row.next_at.map(|at| at.micros())),
            Param::Int(i64::from(row.asked_count)),
            Param::OptId(row.fingerprint),
            Param::OptInt(row.unit_count.map(i64::from)),
        ]);
    }
    tx.insert_rows("inquiry_due", &columns, Conflict::Ignore, &values)?;
    Ok(())
}

/// Attempts to be asked about at `now`, part by part and in each the oldest first, locked; those that another worker has
/// locked are passed over.
///
/// # Errors
/// What the database says.
pub fn due(tx: &mut Tx<'_>, now: Timestamp, count_max: usize) -> Result<Vec<InquiryDue>, StoreError> {
    let lock = match tx.dialect() {
        Dialect::Sqlite => "",
        Dialect::Postgres => " for update of t skip locked",
    };
    let sql = format!(
        "select {COLUMNS} from part_number n join inquiry_due t on t.part = n.part and t.next_at <= ?1 \
         order by n.part, t.next_at, t.message_id limit ?2{lock}"
    );
    tx.query(&sql, &[Param::Int(now.micros()), Param::Int(count_max as i64)], read_due)
}

/// The attempt as it is noted, locked until the end of the transaction.
///
/// # Errors
/// What the database says.
pub fn locked(tx: &mut Tx<'_>, message: MessageId, index: u32) -> Result<Option<InquiryDue>, StoreError> {
    let key = key(message, index)?;
    Ok(tx.query_keys_locked(COLUMNS, "inquiry_due", &KEYS, &key, read_due)?.pop())
}

/// Sets when an attempt is asked about next, and how often it was.
///
/// # Errors
/// What the database says.
pub fn set_next(
    tx: &mut Tx<'_>,
    (message, index): (MessageId, u32),
    next_at: Option<Timestamp>,
    asked_count: u32,
) -> Result<(), StoreError> {
    let sql = "update inquiry_due set next_at = ?4, asked_count = ?5 \
        where part = ?1 and message_id = ?2 and attempt_index = ?3";
    let [part, message, index] = key(message, index)?;
    let next_at = Param::OptInt(next_at.map(|at| at.micros()));
    tx.execute(sql, &[part, message, index, next_at, Param::Int(i64::from(asked_count))])?;
    Ok(())
}

/// Messages that `provider` took from `after` through `until` and that nothing was heard of since, which are not noted yet:
/// message, tries made, and when it was taken. Only messages decided on from the business date `from` on are looked at.
///
/// # Errors
/// What the database says.
pub fn unheard(
    tx: &mut Tx<'_>,
    provider: &str,
    (after, until): (Timestamp, Timestamp),
    from: Date,
    count_max: usize,
) -> Result<Vec<(MessageId, u32, Timestamp)>, StoreError> {
    let sql = "select m.message_id, m.attempt_count, m.state_at from part_number n \
        join message m on m.part = n.part and m.business_date >= ?1 \
        left join inquiry_due d on d.part = m.part and d.message_id = m.message_id \
        and d.attempt_index = m.attempt_count - 1 \
        where m.state = ?2 and m.provider = ?3 and m.state_at > ?4 and m.state_at <= ?5 and m.attempt_count > 0 \
        and d.message_id is null order by m.part, m.message_id limit ?6";
    let params = [
        Param::Int(days(from)),
        Param::Text(MessageState::Accepted.code()),
        Param::Text(provider),
        Param::Int(after.micros()),
        Param::Int(until.micros()),
        Param::Int(count_max as i64),
    ];
    tx.query(sql, &params, |row| {
        Ok((MessageId(row.id16(0)), number(row, 1), Timestamp::from_micros(row.int(2))))
    })
}

/// What a provider said of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InquiryRow {
    /// The message.
    pub message: MessageId,
    /// The attempt, counted from 0.
    pub index: u32,
    /// The question, counted from 0.
    pub asked_index: u32,
    /// When.
    pub asked_at: Timestamp,
    /// Who was asked.
    pub provider: String,
    /// A stable word: delivered, failed, underway, `never_taken`, `cannot_tell`.
    pub answer: String,
    /// The provider's code.
    pub code: String,
    /// What the message was when the answer had been taken in.
    pub state_after: MessageState,
}

/// The answer that says that a provider never took a message.
pub const NEVER_TAKEN: &str = "never_taken";
/// The answer that says that a provider took a message, and that more will be known later.
pub const UNDERWAY: &str = "underway";

/// Adds an answer.
///
/// # Errors
/// What the database says.
pub fn insert(tx: &mut Tx<'_>, row: &InquiryRow) -> Result<(), StoreError> {
    let sql = "insert into inquiry (part, message_id, attempt_index, asked_index, asked_at, provider, answer, code, \
        state_after) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    let [part, message, index] = key(row.message, row.index)?;
    let params = [
        part,
        message,
        index,
        Param::Int(i64::from(row.asked_index)),
        Param::Int(row.asked_at.micros()),
        Param::Text(&row.provider),
        Param::Text(&row.answer),
        Param::Text(&row.code),
        Param::Text(row.state_after.code()),
    ];
    tx.execute(sql, &params)?;
    Ok(())
}

const ANSWER: &str = "t.message_id, t.attempt_index, t.asked_index, t.asked_at, t.provider, t.answer, t.code, \
    t.state_after";

fn read_answer(row: &Row<'_>) -> Result<InquiryRow, StoreError> {
    let state = MessageState::parse(row.text(7));
    Ok(InquiryRow {
        message: MessageId(row.id16(0)),
        index: number(row, 1),
        asked_index: number(row, 2),
        asked_at: Timestamp::from_micros(row.int(3)),
        provider: row.text(4).to_owned(),
        answer: row.text(5).to_owned(),
        code: row.text(6).to_owned(),
        state_after: state.ok_or_else(|| damaged(format!("message state {:?} is unknown", row.text(7))))?,
    })
}

/// What was answered about messages, in the order of the asking.
///
/// # Errors
/// What the database says.
pub fn of_messages(tx: &mut Tx<'_>, messages: &[MessageId]) -> Result<Vec<InquiryRow>, StoreError> {
    let keys = [("part", Column::Int), ("message_id", Column::Bytes)];
    let known = messages.iter().filter_map(|id| id.part().map(|part| (part, *id)));
    let values: Vec<Param<'_>> = known.flat_map(|(part, id)| [part_param(part), Param::Id(id.0)]).collect();
    let mut rows = tx.query_keys(ANSWER, "inquiry", &keys, &values, read_answer)?;
    rows.sort_by_key(|row| (row.message, row.index, row.asked_index));
    Ok(rows)
}

/// All answers of one part, by message.
///
/// # Errors
/// What the database says.
pub fn of_part(tx: &mut Tx<'_>, part: Part) -> Result<HashMap<MessageId, Vec<InquiryRow>>, StoreError> {
    let sql = format!(
        "select {ANSWER} from inquiry t where t.part = ?1 order by t.message_id, t.attempt_index, t.asked_index"
    );
    let mut rows: HashMap<MessageId, Vec<InquiryRow>> = HashMap::new();
    for row in tx.query(&sql, &[part_param(part)], read_answer)? {
        rows.entry(row.message).or_default().push(row);
    }
    Ok(rows)
}

/// Whether a number or address was put in the place of another from `since` on.
///
/// # Errors
/// What the database says.
pub fn was_corrected(
    tx: &mut Tx<'_>,
    customer: CustomerId,
    point: ContactPointId,
    since: Timestamp,
) -> Result<bool, StoreError> {
    let sql = "select count(*) from contact_point_change where part = ?1 and customer_id = ?2 \
        and contact_point_id = ?3 and changed_at >= ?4 and value_before_sealed is not null";
    let params =
        [part_param(customer.part()), Param::Id(customer.0), Param::Id(point.0), Param::Int(since.micros())];
    Ok(tx.query_one(sql, &params, |row| Ok(row.int(0)))?.unwrap_or(0) > 0)
}

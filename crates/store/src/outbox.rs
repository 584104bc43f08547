//! What is to be done with messages, and when: one row for each message whose `next_attempt_at` is set.
//!
//! [`message`](crate::message) alone writes it, in the transaction that sets the moment; `verify` compares the two.

use dunlin_domain::date::Timestamp;
use dunlin_domain::id::{MessageId, Part};

use crate::agreement::{damaged, part_param};
use crate::{Column, Conflict, Param, Row, StoreError, Tx};

const KEYS: [(&str, Column); 3] =
    [("part", Column::Int), ("due_at", Column::Int), ("message_id", Column::Bytes)];

const MESSAGE: [(&str, Column); 2] = [("part", Column::Int), ("message_id", Column::Bytes)];

fn key<'a>(id: MessageId, due_at: Timestamp) -> Result<[Param<'a>; 3], StoreError> {
    let part = id.part().ok_or_else(|| damaged(format!("message {id} has no part")))?;
    Ok([part_param(part), Param::Int(due_at.micros()), Param::Id(id.0)])
}

/// Notes of messages when something is to be done with them next. Each with when it was: `None` of one that waits for nothing.
///
/// # Errors
/// What the database says; and when a message does not wait for the moment that is said.
pub(crate) fn reschedule(
    tx: &mut Tx<'_>,
    moves: impl Iterator<Item = (MessageId, Option<Timestamp>, Option<Timestamp>)>,
) -> Result<(), StoreError> {
    let (mut old, mut new) = (Vec::new(), Vec::new());
    for (id, was, next) in moves.filter(|(_, was, next)| was != next) {
        if let Some(was) = was {
            old.extend(key(id, was)?);
        }
        if let Some(next) = next {
            new.extend(key(id, next)?);
        }
    }
    let found = tx.delete_rows("outbox", &KEYS, &old)?;
    let said = (old.len() / KEYS.len()) as u64;
    if found != said {
        return Err(damaged(format!(
            "the outbox has {found} of {said} messages at their moments; run dunlin verify"
        )));
    }
    tx.insert_rows("outbox", &KEYS, Conflict::Fail, &new)?;
    Ok(())
}

/// Adds those of the messages that wait for a moment and are not in the outbox.
///
/// # Errors
/// What the database says.
pub(crate) fn add_missing(tx: &mut Tx<'_>, ids: impl Iterator<Item = MessageId>) -> Result<(), StoreError> {
    let ids: Vec<MessageId> = ids.collect();
    let mut values = Vec::new();
    for row in crate::message::by_ids(tx, &ids)? {
        if let Some(due_at) = row.next_attempt_at {
            values.extend(key(row.id, due_at)?);
        }
    }
    tx.insert_rows("outbox", &KEYS, Conflict::Ignore, &values)?;
    Ok(())
}

/// Makes the outbox of one part say again what the rows of the messages say: a message that it lacks would wait for ever. Which
/// messages it was wrong about. A program of before the outbox that was still at work when it was made leaves such.
///
/// # Errors
/// What the database says.
pub fn mend(tx: &mut Tx<'_>, part: Part) -> Result<Vec<MessageId>, StoreError> {
    let stray = stray(tx, part)?;
    if stray.is_empty() {
        return Ok(stray);
    }
    let rows = crate::message::locked(tx, &stray)?;
    let values: Vec<Param<'_>> = stray.iter().flat_map(|id| [part_param(part), Param::Id(id.0)]).collect();
    let old = tx.query_keys("t.due_at, t.message_id", "outbox", &MESSAGE, &values, |row| {
        Ok((MessageId(row.id16(1)), Timestamp::from_micros(row.int(0))))
    })?;
    let old: Vec<[Param<'_>; 3]> =
        old.into_iter().map(|(id, due_at)| key(id, due_at)).collect::<Result<_, _>>()?;
    tx.delete_rows("outbox", &KEYS, &old.concat())?;
    let due = rows.iter().filter_map(|row| Some((row.id, row.next_attempt_at?)));
    let due: Vec<[Param<'_>; 3]> = due.map(|(id, due_at)| key(id, due_at)).collect::<Result<_, _>>()?;
    tx.insert_rows("outbox", &KEYS, Conflict::Fail, &due.concat())?;
    Ok(stray)
}

/// Messages of one part that the outbox and their rows say different things about.
///
/// # Errors
/// What the database says.
pub fn stray(tx: &mut Tx<'_>, part: Part) -> Result<Vec<MessageId>, StoreError> {
    let sql = "select o.message_id from outbox o left join message m on m.part = o.part and m.message_id = o.message_id \
        where o.part = ?1 and (m.next_attempt_at is null or m.next_attempt_at <> o.due_at) \
        union select m.message_id from message m left join outbox o on o.part = m.part \
        and o.message_id = m.message_id and o.due_at = m.next_attempt_at \
        where m.part = ?1 and m.next_attempt_at is not null and o.part is null order by 1";
    tx.query(sql, &[part_param(part)], |row: &Row<'_>| Ok(MessageId(row.id16(0))))
}

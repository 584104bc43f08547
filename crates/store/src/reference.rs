//! What providers call messages, and the receipts that name them so.
//!
//! Promises that a receipt and the answer that it speaks of find each other whichever is written first, also when two
//! workers write them at the same moment: both go through the one row of the reference, and whoever comes second sees
//! what the first has written.

use std::collections::HashMap;

use dunlin_domain::contact::Channel;
use dunlin_domain::date::Timestamp;
use dunlin_domain::id::{Key, MessageId, Part};

use crate::agreement::{damaged, part_param};
use crate::{Column, Conflict, Param, Row, StoreError, Tx};

const KEY: [(&str, Column); 2] = [("part", Column::Int), ("reference_key", Column::Bytes)];

/// What a reference names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named {
    /// The message.
    pub message: MessageId,
    /// The segment of it, counted from 0.
    pub segment_index: u32,
    /// How many segments the message went in.
    pub segment_count: u32,
}

/// A receipt by its reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferredReceipt {
    /// The provider.
    pub provider: String,
    /// What the provider calls the message or segment.
    pub reference: String,
    /// Tells a repeat from a second word.
    pub key: Key,
    /// A stable word: delivered, read, failed.
    pub state: String,
    /// The provider's code.
    pub code: String,
    /// When it happened, by the provider.
    pub at: Timestamp,
}

/// The key of what `provider` calls `reference`.
#[must_use]
pub fn key_of(provider: &str, reference: &str) -> Key {
    Key::of_cause("provider_reference", &[provider.as_bytes(), reference.as_bytes()])
}

fn key_params(key: &Key) -> [Param<'static>; 2] {
    [part_param(Part::of(&key.0)), Param::Id(key.0)]
}

/// Writes what references name. One that a provider uses again names the newest message.
///
/// # Errors
/// What the database says; the same holds for every function here.
pub fn name(tx: &mut Tx<'_>, names: &[(Key, Named)]) -> Result<(), StoreError> {
    const SETS: [(&str, Column); 3] =
        [("message_id", Column::Bytes), ("segment_index", Column::Int), ("segment_count", Column::Int)];
    let mut names: HashMap<Key, Named> = names.iter().copied().collect();
    // In one order, so that two transactions seldom lock each other out.
    let mut sorted: Vec<(Key, Named)> = names.drain().collect();
    sorted.sort_unstable_by_key(|(key, _)| *key);
    let columns: Vec<(&str, Column)> = KEY.into_iter().chain(SETS).collect();
    let mut values = Vec::with_capacity(sorted.len() * columns.len());
    for (key, named) in &sorted {
        values.extend(key_params(key));
        values.extend([
            Param::Id(named.message.0),
            Param::Int(i64::from(named.segment_index)),
            Param::Int(i64::from(named.segment_count)),
        ]);
    }
    let inserted = tx.insert_rows("provider_reference", &columns, Conflict::Ignore, &values)?;
    if inserted < sorted.len() as u64 {
        tx.update_rows("provider_reference", &KEY, &SETS, &values)?;
    }
    Ok(())
}

/// What references name, as far as that is known.
///
/// # Errors
/// What the database says.
pub fn named(tx: &mut Tx<'_>, keys: &[Key]) -> Result<HashMap<Key, Named>, StoreError> {
    let values: Vec<Param<'_>> = keys.iter().flat_map(key_params).collect();
    let select = "t.reference_key, t.message_id, t.segment_index, t.segment_count";
    let read = |row: &Row<'_>| {
        let number = |index| u32::try_from(row.int(index)).unwrap_or(u32::MAX);
        let named = row.opt_id16(1).map(|message| Named {
            message: MessageId(message),
            segment_index: number(2),
            segment_count: number(3),
        });
        Ok(named.map(|named| (Key(row.id16(0)), named)))
    };
    Ok(tx.query_keys(select, "provider_reference", &KEY, &values, read)?.into_iter().flatten().collect())
}

/// Keeps receipts whose references name nothing yet, until the answer that they speak of is written. Returns what was
/// named meanwhile by another worker.
///
/// # Errors
/// What the database says.
pub fn keep_waiting(
    tx: &mut Tx<'_>,
    receipts: &[ReferredReceipt],
    received_at: Timestamp,
) -> Result<HashMap<Key, Named>, StoreError> {
    let mut keys: Vec<Key> =
        receipts.iter().map(|receipt| key_of(&receipt.provider, &receipt.reference)).collect();
    keys.sort_unstable();
    keys.dedup();
    let place = [("segment_index", Column::Int), ("segment_count", Column::Int)];
    let columns: Vec<(&str, Column)> = KEY.into_iter().chain(place).collect();
    let values: Vec<Param<'_>> = keys
        .iter()
        .flat_map(|key| key_params(key).into_iter().chain([Param::Int(0), Param::Int(0)]))
        .collect();
    // Waits for a worker that is naming one of them, and makes the next one wait for us.
    tx.insert_rows("provider_reference", &columns, Conflict::Ignore, &values)?;
    let columns = [
        KEY[0],
        KEY[1],
        ("receipt_key", Column::Bytes),
        ("provider", Column::Text),
        ("reference", Column::Text),
        ("state", Column::Text),
        ("code", Column::Text),
        ("at", Column::Int),
        ("received_at", Column::Int),
    ];
    let mut values = Vec::with_capacity(receipts.len() * columns.len());
    for receipt in receipts {
        values.extend(key_params(&key_of(&receipt.provider, &receipt.reference)));
        values.extend([
            Param::Id(receipt.key.0),
            Param::Text(&receipt.provider),
            Param::Text(&receipt.reference),
            Param::Text(&receipt.state),
            Param::Text(&receipt.code),
            Param::Int(receipt.at.micros()),
            Param::Int(received_at.micros()),
        ]);
    }
    tx.insert_rows("receipt_waiting", &columns, Conflict::Ignore, &values)?;
    named(tx, &keys)
}

/// The receipts that wait for references to be named, in the order of their moments.
///
/// # Errors
/// What the database says.
pub fn waiting(tx: &mut Tx<'_>, keys: &[Key]) -> Result<Vec<ReferredReceipt>, StoreError> {
    let values: Vec<Param<'_>> = keys.iter().flat_map(key_params).collect();
    let select = "t.provider, t.reference, t.receipt_key, t.state, t.code, t.at";
    let read = |row: &Row<'_>| {
        Ok(ReferredReceipt {
            provider: row.text(0).to_owned(),
            reference: row.text(1).to_owned(),
            key: Key(row.id16(2)),
            state: row.text(3).to_owned(),
            code: row.text(4).to_owned(),
            at: Timestamp::from_micros(row.int(5)),
        })
    };
    let mut found = tx.query_keys(select, "receipt_waiting", &KEY, &values, read)?;
    found.sort_unstable_by_key(|receipt| (receipt.at, receipt.key));
    Ok(found)
}

/// A provider's word on one segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentReceipt {
    /// The segment.
    pub named: Named,
    /// Tells a repeat from a second word.
    pub key: Key,
    /// A stable word: delivered, read, failed.
    pub state: String,
    /// The provider's code.
    pub code: String,
    /// When it happened, by the provider.
    pub at: Timestamp,
}

/// Adds receipts of segments; a repeat changes nothing.
///
/// # Errors
/// What the database says.
pub fn insert_segment_receipts(
    tx: &mut Tx<'_>,
    receipts: &[SegmentReceipt],
    received_at: Timestamp,
) -> Result<u64, StoreError> {
    let columns = [
        ("part", Column::Int),
        ("message_id", Column::Bytes),
        ("receipt_key", Column::Bytes),
        ("segment_index", Column::Int),
        ("segment_count", Column::Int),
        ("state", Column::Text),
        ("code", Column::Text),
        ("at", Column::Int),
        ("received_at", Column::Int),
    ];
    let mut values = Vec::with_capacity(receipts.len() * columns.len());
    for receipt in receipts {
        let Named { message, segment_index, segment_count } = receipt.named;
        let part = message.part().ok_or_else(|| damaged(format!("message {message} has no part")))?;
        values.extend([
            part_param(part),
            Param::Id(message.0),
            Param::Id(receipt.key.0),
            Param::Int(i64::from(segment_index)),
            Param::Int(i64::from(segment_count)),
            Param::Text(&receipt.state),
            Param::Text(&receipt.code),
            Param::Int(receipt.at.micros()),
            Param::Int(received_at.micros()),
        ]);
    }
    tx.insert_rows("segment_receipt", &columns, Conflict::Ignore, &values)
}

/// All receipts of the segments of messages.
///
/// # Errors
/// What the database says.
pub fn segment_receipts_of(
    tx: &mut Tx<'_>,
    messages: &[MessageId],
) -> Result<Vec<SegmentReceipt>, StoreError> {
    let keys = [("part", Column::Int), ("message_id", Column::Bytes)];
    let known = messages.iter().filter_map(|id| id.part().map(|part| (part, *id)));
    let values: Vec<Param<'_>> = known.flat_map(|(part, id)| [part_param(part), Param::Id(id.0)]).collect();
    let select = "t.message_id, t.receipt_key, t.segment_index, t.segment_count, t.state, t.code, t.at";
    tx.query_keys(select, "segment_receipt", &keys, &values, |row| {
        let number = |index| u32::try_from(row.int(index)).unwrap_or(u32::MAX);
        let named =
            Named { message: MessageId(row.id16(0)), segment_index: number(2), segment_count: number(3) };
        Ok(SegmentReceipt {
            named,
            key: Key(row.id16(1)),
            state: row.text(4).to_owned(),
            code: row.text(5).to_owned(),
            at: Timestamp::from_micros(row.int(6)),
        })
    })
}

/// Takes one of the messages that `provider` may be given in the second of `now`, over all workers; `false` when it
/// has had `most`. Holds under concurrency: one guarded upsert.
///
/// # Errors
/// What the database says.
pub fn take_rate(tx: &mut Tx<'_>, provider: &str, most: u32, now: Timestamp) -> Result<bool, StoreError> {
    let sql = "insert into provider_rate (part, provider, second, n) values (0, ?1, ?2, 1) \
        on conflict (part, provider, second) do update set n = provider_rate.n + 1 where provider_rate.n < ?3";
    let second = now.micros().div_euclid(1_000_000);
    let params = [Param::Text(provider), Param::Int(second), Param::Int(i64::from(most))];
    Ok(tx.execute(sql, &params)? == 1)
}

/// Forgets the seconds before the hour that ends at `now`.
///
/// # Errors
/// What the database says.
pub fn forget_rates(tx: &mut Tx<'_>, now: Timestamp) -> Result<(), StoreError> {
    let second = now.micros().div_euclid(1_000_000) - 3_600;
    tx.execute("delete from provider_rate where part = 0 and second < ?1", &[Param::Int(second)])?;
    Ok(())
}

/// What receipts said of a provider's messages by a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// The provider.
    pub provider: String,
    /// The medium.
    pub channel: Channel,
    /// Messages that arrived.
    pub delivered: i64,
    /// Messages that did not.
    pub failed: i64,
}

fn hour_of(now: Timestamp) -> i64 {
    now.micros().div_euclid(3_600_000_000)
}

/// Adds to the tallies of the hour of `now`.
///
/// # Errors
/// What the database says.
pub fn add_tallies(tx: &mut Tx<'_>, tallies: &[Tally], now: Timestamp) -> Result<(), StoreError> {
    let sql = "insert into provider_tally (part, provider, channel, hour, delivered, failed) \
        values (0, ?1, ?2, ?3, ?4, ?5) on conflict (part, provider, channel, hour) do update \
        set delivered = provider_tally.delivered + ?4, failed = provider_tally.failed + ?5";
    for tally in tallies {
        let params = [
            Param::Text(&tally.provider),
            Param::Text(tally.channel.code()),
            Param::Int(hour_of(now)),
            Param::Int(tally.delivered),
            Param::Int(tally.failed),
        ];
        tx.execute(sql, &params)?;
    }
    Ok(())
}

/// The tallies of the hour of `now` and the one before, together.
///
/// # Errors
/// What the database says.
pub fn recent_tallies(tx: &mut Tx<'_>, now: Timestamp) -> Result<Vec<Tally>, StoreError> {
    let sql = "select provider, channel, cast(sum(delivered) as bigint), cast(sum(failed) as bigint) \
        from provider_tally where part = 0 and hour >= ?1 group by provider, channel order by provider, channel";
    tx.query(sql, &[Param::Int(hour_of(now) - 1)], |row| {
        let code = row.text(1);
        let channel =
            Channel::parse(code).ok_or_else(|| damaged(format!("channel {code:?} is not a known code")))?;
        Ok(Tally { provider: row.text(0).to_owned(), channel, delivered: row.int(2), failed: row.int(3) })
    })
}

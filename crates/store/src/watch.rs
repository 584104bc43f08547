//! What the watch goes by: counts of messages handed over and what became of them, signs of life, and the incidents
//! that it found. All of it is small: rows a stream, not rows a message.
//!
//! Counts are added in the transaction that they speak of, and rows are touched in the order of their keys. Several
//! watchers may write at once: an incident is named by what it is about, so that both open the same one.

use dunlin_domain::contact::Channel;
use dunlin_domain::date::Timestamp;
use dunlin_domain::id::{IncidentId, MessageId};
use dunlin_domain::incident::IncidentCode;

use crate::agreement::damaged;
use crate::{Param, Row, StoreError, Tx};

/// Seconds of a slot.
pub const SLOT_SECONDS: i64 = 300;

/// The slot that a moment lies in.
#[must_use]
pub fn slot_of(at: Timestamp) -> i64 {
    at.micros().div_euclid(SLOT_SECONDS * 1_000_000)
}

/// The moment with which a slot begins.
#[must_use]
pub fn slot_begins(slot: i64) -> Timestamp {
    Timestamp::from_micros(slot * SLOT_SECONDS * 1_000_000)
}

/// A stream in one slot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CohortKey {
    /// The slot in which the messages were handed over.
    pub slot: i64,
    /// The medium.
    pub channel: Channel,
    /// The provider.
    pub provider: String,
    /// The kind of message: its template; or where its numbers belong, which begins with a plus.
    pub kind: String,
}

impl CohortKey {
    /// Whether it counts messages by where their numbers belong. All of them are counted by their templates too.
    #[must_use]
    pub fn is_area(&self) -> bool {
        is_area(&self.kind)
    }
}

/// Whether a kind of message is told by where its numbers belong, and not by its template.
#[must_use]
pub fn is_area(kind: &str) -> bool {
    kind.starts_with('+')
}

/// Messages of a cohort, or what is added to them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CohortCounts {
    /// Taken, refused for good, or with an answer that was lost.
    pub handed: i64,
    /// Known to have arrived.
    pub delivered: i64,
    /// Known not to have.
    pub failed: i64,
    /// Their answer was lost, and nothing is known of them since.
    pub unanswered: i64,
}

/// Adds to cohorts. `counts` is in the order of the keys.
///
/// # Errors
/// What the database says; the same holds for every function here.
pub fn add_cohorts<'c>(
    tx: &mut Tx<'_>,
    counts: impl IntoIterator<Item = (&'c CohortKey, &'c CohortCounts)>,
) -> Result<(), StoreError> {
    let sql = "insert into sending_cohort (part, slot, channel, provider, template, handed, delivered, failed, unanswered) \
        values (0, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) on conflict (part, slot, channel, provider, template) do update \
        set handed = sending_cohort.handed + ?5, delivered = sending_cohort.delivered + ?6, \
        failed = sending_cohort.failed + ?7, unanswered = sending_cohort.unanswered + ?8";
    for (key, counts) in counts {
        let params = [
            Param::Int(key.slot),
            Param::Text(key.channel.code()),
            Param::Text(&key.provider),
            Param::Text(&key.kind),
            Param::Int(counts.handed),
            Param::Int(counts.delivered),
            Param::Int(counts.failed),
            Param::Int(counts.unanswered),
        ];
        tx.execute(sql, &params)?;
    }
    Ok(())
}

/// The cohorts from a slot on, in the order of their keys.
///
/// # Errors
/// What the database says.
pub fn cohorts(tx: &mut Tx<'_>, from_slot: i64) -> Result<Vec<(CohortKey, CohortCounts)>, StoreError> {
    let sql = "select slot, channel, provider, template, handed, delivered, failed, unanswered from sending_cohort \
        where part = 0 and slot >= ?1 order by slot, channel, provider, template";
    tx.query(sql, &[Param::Int(from_slot)], |row| {
        let key = CohortKey {
            slot: row.int(0),
            channel: channel_of(row, 1)?,
            provider: row.text(2).to_owned(),
            kind: row.text(3).to_owned(),
        };
        let [handed, delivered, failed, unanswered] = [4, 5, 6, 7].map(|index| row.int(index));
        Ok((key, CohortCounts { handed, delivered, failed, unanswered }))
    })
}

/// Forgets the cohorts before a slot.
///
/// # Errors
/// What the database says.
pub fn forget_cohorts(tx: &mut Tx<'_>, before_slot: i64) -> Result<(), StoreError> {
    tx.execute("delete from sending_cohort where part = 0 and slot < ?1", &[Param::Int(before_slot)])?;
    Ok(())
}

fn channel_of(row: &Row<'_>, index: usize) -> Result<Channel, StoreError> {
    let code = row.text(index);
    Channel::parse(code).ok_or_else(|| damaged(format!("channel {code:?} is not a known code")))
}

/// Adds a provider's receipts by the place of their latency, in the order of channel, provider and place.
///
/// # Errors
/// What the database says.
pub fn add_latencies<'c>(
    tx: &mut Tx<'_>,
    counts: impl IntoIterator<Item = (&'c (Channel, String, usize), &'c i64)>,
) -> Result<(), StoreError> {
    let sql = "insert into receipt_latency (part, channel, provider, place, n) values (0, ?1, ?2, ?3, ?4) \
        on conflict (part, channel, provider, place) do update set n = receipt_latency.n + ?4";
    for ((channel, provider, place), count) in counts {
        let params = [
            Param::Text(channel.code()),
            Param::Text(provider),
            Param::Int(i64::try_from(*place).unwrap_or(i64::MAX)),
            Param::Int(*count),
        ];
        tx.execute(sql, &params)?;
    }
    Ok(())
}

/// Latencies of receipts: channel, provider, place, number.
///
/// # Errors
/// What the database says.
pub fn latencies(tx: &mut Tx<'_>) -> Result<Vec<(Channel, String, usize, u64)>, StoreError> {
    let sql = "select channel, provider, place, n from receipt_latency where part = 0 \
        order by channel, provider, place";
    tx.query(sql, &[], |row| {
        let place = usize::try_from(row.int(2)).unwrap_or(usize::MAX);
        Ok((channel_of(row, 0)?, row.text(1).to_owned(), place, u64::try_from(row.int(3)).unwrap_or(0)))
    })
}

/// Somebody who was heard of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sign {
    /// `worker`, `watcher`, `receipts`, `canary`, …
    pub kind: String,
    /// Who.
    pub name: String,
    /// When last.
    pub at: Timestamp,
    /// How often it is to be heard of, seconds; 0 where that is not fixed.
    pub every_seconds: i64,
}

/// Notes that somebody was heard of; an earlier moment than the one noted changes nothing.
///
/// # Errors
/// What the database says.
pub fn sign(
    tx: &mut Tx<'_>,
    kind: &str,
    name: &str,
    at: Timestamp,
    every_seconds: i64,
) -> Result<(), StoreError> {
    let sql = "insert into sign_of_life (part, kind, name, at, every_seconds) values (0, ?1, ?2, ?3, ?4) \
        on conflict (part, kind, name) do update set at = excluded.at, every_seconds = excluded.every_seconds \
        where sign_of_life.at < excluded.at";
    let params = [Param::Text(kind), Param::Text(name), Param::Int(at.micros()), Param::Int(every_seconds)];
    tx.execute(sql, &params)?;
    Ok(())
}

/// Takes the turn to do something that one of many does: `false` when another took it since it was last `before`.
///
/// # Errors
/// What the database says.
pub fn take_turn(
    tx: &mut Tx<'_>,
    (kind, name): (&str, &str),
    before: Option<Timestamp>,
    now: Timestamp,
    every_seconds: i64,
) -> Result<bool, StoreError> {
    let params = [
        Param::Text(kind),
        Param::Text(name),
        Param::Int(now.micros()),
        Param::Int(every_seconds),
        Param::OptInt(before.map(Timestamp::micros)),
    ];
    let sql = match before {
        None => {
            "insert into sign_of_life (part, kind, name, at, every_seconds) values (0, ?1, ?2, ?3, ?4) \
             on conflict do nothing"
        }
        Some(_) => {
            "update sign_of_life set at = ?3, every_seconds = ?4 \
             where part = 0 and kind = ?1 and name = ?2 and at = ?5"
        }
    };
    let params = if before.is_none() { &params[..4] } else { &params[..] };
    Ok(tx.execute(sql, params)? == 1)
}

/// Forgets somebody who said goodbye.
///
/// # Errors
/// What the database says.
pub fn forget_sign(tx: &mut Tx<'_>, kind: &str, name: &str) -> Result<(), StoreError> {
    let sql = "delete from sign_of_life where part = 0 and kind = ?1 and name = ?2";
    tx.execute(sql, &[Param::Text(kind), Param::Text(name)])?;
    Ok(())
}

/// All signs of life.
///
/// # Errors
/// What the database says.
pub fn signs(tx: &mut Tx<'_>) -> Result<Vec<Sign>, StoreError> {
    let sql = "select kind, name, at, every_seconds from sign_of_life where part = 0 order by kind, name";
    tx.query(sql, &[], |row| {
        Ok(Sign {
            kind: row.text(0).to_owned(),
            name: row.text(1).to_owned(),
            at: Timestamp::from_micros(row.int(2)),
            every_seconds: row.int(3),
        })
    })
}

/// Messages that were due before a moment and that nobody took: how many, the first, and since when it is due.
///
/// # Errors
/// What the database says.
pub fn stuck(tx: &mut Tx<'_>, before: Timestamp) -> Result<Option<(u64, MessageId, Timestamp)>, StoreError> {
    // One that a worker has in hand is due again when its claim ends.
    let sql = "select m.message_id, coalesce(m.claimed_until, m.next_attempt_at) due_at from part_number n \
        join outbox o on o.part = n.part and o.due_at < ?1 \
        join message m on m.part = o.part and m.message_id = o.message_id and m.next_attempt_at = o.due_at \
        and (m.claimed_until is null or m.claimed_until < ?1) order by due_at, m.message_id limit 1";
    let first = tx.query_one(sql, &[Param::Int(before.micros())], |row| {
        Ok((MessageId(row.id16(0)), Timestamp::from_micros(row.int(1))))
    })?;
    let Some((first, since)) = first else { return Ok(None) };
    let sql = "select count(*) from part_number n join outbox o on o.part = n.part and o.due_at < ?1 \
        join message m on m.part = o.part and m.message_id = o.message_id and m.next_attempt_at = o.due_at \
        and (m.claimed_until is null or m.claimed_until < ?1)";
    let count = tx.query_one(sql, &[Param::Int(before.micros())], |row| Ok(row.int(0)))?.unwrap_or(0);
    Ok(Some((u64::try_from(count).unwrap_or(0), first, since)))
}

/// Messages that wait to be handed over by a channel: how many, the first, and since when it waits.
///
/// # Errors
/// What the database says.
pub fn waiting_for(
    tx: &mut Tx<'_>,
    channel: Channel,
) -> Result<Option<(u64, MessageId, Timestamp)>, StoreError> {
    let sql = "select m.message_id, m.state_at from part_number n \
        join outbox o on o.part = n.part join message m on m.part = o.part and m.message_id = o.message_id \
        where m.state = 'queued' and m.channel = ?1 order by m.state_at, m.message_id limit 1";
    let first = tx.query_one(sql, &[Param::Text(channel.code())], |row| {
        Ok((MessageId(row.id16(0)), Timestamp::from_micros(row.int(1))))
    })?;
    let Some((first, since)) = first else { return Ok(None) };
    let sql = "select count(*) from part_number n \
        join outbox o on o.part = n.part join message m on m.part = o.part and m.message_id = o.message_id \
        where m.state = 'queued' and m.channel = ?1";
    let count = tx.query_one(sql, &[Param::Text(channel.code())], |row| Ok(row.int(0)))?.unwrap_or(0);
    Ok(Some((u64::try_from(count).unwrap_or(0), first, since)))
}

/// What counts as missing of what was handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// What is not known to have arrived.
    Unheard,
    /// What is known not to have, or got no answer: its provider does not tell of what arrives.
    Told,
}

/// The first message of a stream that was handed over from a moment on and is missing. `kind` is `None` for all kinds.
///
/// # Errors
/// What the database says.
pub fn first_missing(
    tx: &mut Tx<'_>,
    channel: Channel,
    provider: &str,
    kind: Option<&str>,
    (missing, from): (Missing, Timestamp),
) -> Result<Option<MessageId>, StoreError> {
    // Of its business date or the one before: messages are sent within a day.
    let day = from.micros().div_euclid(86_400_000_000) - 2;
    let sql = "select m.message_id from part_number n join message m on m.part = n.part and m.business_date >= ?1 \
        where m.channel = ?2 and m.provider = ?3 and (?4 = '' or m.template = ?4 or m.area = ?4) and m.state_at >= ?5 \
        and (m.state in ('unknown', 'failed') or m.state = 'accepted' and ?6 = 1) order by m.state_at, m.message_id limit 1";
    let params = [
        Param::Int(day),
        Param::Text(channel.code()),
        Param::Text(provider),
        Param::Text(kind.unwrap_or("")),
        Param::Int(from.micros()),
        Param::Int(i64::from(missing == Missing::Unheard)),
    ];
    tx.query_one(sql, &params, |row| Ok(MessageId(row.id16(0))))
}

/// Messages of a provider that were taken from a moment on, and of which nothing is heard since: when, by the second, and how
/// many.
///
/// # Errors
/// What the database says.
pub fn unheard(
    tx: &mut Tx<'_>,
    channel: Channel,
    provider: &str,
    from: Timestamp,
) -> Result<Vec<(Timestamp, u64)>, StoreError> {
    // Of its business date or the one before: messages are sent within a day.
    let day = from.micros().div_euclid(86_400_000_000) - 2;
    let sql = "select m.state_at / 1000000 taken_at, count(*) from part_number n \
        join message m on m.part = n.part and m.business_date >= ?1 \
        where m.channel = ?2 and m.provider = ?3 and m.state_at >= ?4 and m.state = 'accepted' \
        group by m.state_at / 1000000 order by taken_at";
    let params =
        [Param::Int(day), Param::Text(channel.code()), Param::Text(provider), Param::Int(from.micros())];
    tx.query(sql, &params, |row| {
        let at = Timestamp::from_micros(row.int(0) * 1_000_000);
        Ok((at, u64::try_from(row.int(1)).unwrap_or(0)))
    })
}

/// Messages decided on each business date, over all parts, in order.
///
/// # Errors
/// What the database says.
pub fn planned_by_day(tx: &mut Tx<'_>, from_day: i64) -> Result<Vec<(i64, u64)>, StoreError> {
    let sql = "select s.business_date, cast(sum(s.message_count) as bigint) from part_number n \
        join span_day s on s.part = n.part and s.business_date >= ?1 \
        group by s.business_date order by s.business_date";
    tx.query(sql, &[Param::Int(from_day)], |row| Ok((row.int(0), u64::try_from(row.int(1)).unwrap_or(0))))
}

/// Messages of a kind that were decided on for a business date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedKind {
    /// The business date, in days since 1970.
    pub day: i64,
    /// The channel.
    pub channel: String,
    /// The template.
    pub template: String,
    /// The strategy, `name@version`.
    pub strategy: String,
    /// Its row.
    pub row: String,
    /// How many.
    pub count: u64,
}

/// Messages by kind of each business date, over all parts; without those that a pause held.
///
/// # Errors
/// What the database says.
pub fn planned_by_kind(tx: &mut Tx<'_>, from_day: i64) -> Result<Vec<PlannedKind>, StoreError> {
    let sql = "select m.business_date, m.channel, m.template, m.strategy, m.strategy_row, count(*) \
        from part_number n join message m on m.part = n.part and m.business_date >= ?1 \
        where m.channel is not null \
        group by m.business_date, m.channel, m.template, m.strategy, m.strategy_row \
        order by m.business_date, m.channel, m.template, m.strategy, m.strategy_row";
    tx.query(sql, &[Param::Int(from_day)], |row| {
        Ok(PlannedKind {
            day: row.int(0),
            channel: row.text(1).to_owned(),
            template: row.text(2).to_owned(),
            strategy: row.text(3).to_owned(),
            row: row.text(4).to_owned(),
            count: u64::try_from(row.int(5)).unwrap_or(0),
        })
    })
}

/// An incident that the watch found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchIncident {
    /// Its id.
    pub id: IncidentId,
    /// What it is.
    pub code: IncidentCode,
    /// What it is about.
    pub stream: String,
    /// When it was found.
    pub opened_at: Timestamp,
    /// When it was last seen.
    pub last_seen_at: Timestamp,
    /// The first that it hit: a message, an agreement, a day.
    pub first_affected: String,
    /// How many it hit at most.
    pub affected_count: u64,
    /// What was found: `name=value`, separated by semicolons.
    pub evidence: String,
    /// When it was over.
    pub closed_at: Option<Timestamp>,
    /// What was caught up by then; written as the evidence.
    pub report: Option<String>,
}

/// Incidents that are open, or were closed at or after a moment, oldest first.
///
/// # Errors
/// What the database says.
pub fn incidents_since(tx: &mut Tx<'_>, closed_from: Timestamp) -> Result<Vec<WatchIncident>, StoreError> {
    let sql = "select incident_id, code, stream, opened_at, last_seen_at, first_affected, affected_count, evidence, \
        closed_at, report from watch_incident where part = 0 and (closed_at is null or closed_at >= ?1) \
        order by opened_at, incident_id";
    tx.query(sql, &[Param::Int(closed_from.micros())], |row| {
        let code = row.text(1);
        Ok(WatchIncident {
            id: IncidentId(row.id16(0)),
            code: IncidentCode::parse(code)
                .ok_or_else(|| damaged(format!("incident code {code:?} is not known")))?,
            stream: row.text(2).to_owned(),
            opened_at: Timestamp::from_micros(row.int(3)),
            last_seen_at: Timestamp::from_micros(row.int(4)),
            first_affected: row.text(5).to_owned(),
            affected_count: u64::try_from(row.int(6)).unwrap_or(0),
            evidence: row.text(7).to_owned(),
            closed_at: row.opt_int(8).map(Timestamp::from_micros),
            report: row.opt_text(9).map(str::to_owned),
        })
    })
}

/// Opens an incident, or notes that it was seen again: the first that it hit stays, and the most that it hit. One that is
/// closed stays closed; `false` then, and when it was open already.
///
/// # Errors
/// What the database says.
pub fn see(tx: &mut Tx<'_>, incident: &WatchIncident) -> Result<bool, StoreError> {
    let sql = "insert into watch_incident (part, incident_id, code, stream, opened_at, last_seen_at, first_affected, \
        affected_count, evidence) values (0, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) on conflict do nothing";
    let count = i64::try_from(incident.affected_count).unwrap_or(i64::MAX);
    let params = [
        Param::Id(incident.id.0),
        Param::Text(incident.code.code()),
        Param::Text(&incident.stream),
        Param::Int(incident.opened_at.micros()),
        Param::Int(incident.last_seen_at.micros()),
        Param::Text(&incident.first_affected),
        Param::Int(count),
        Param::Text(&incident.evidence),
    ];
    if tx.execute(sql, &params)? == 1 {
        return Ok(true);
    }
    let sql = "update watch_incident set last_seen_at = ?2, evidence = ?3, \
        affected_count = case when affected_count < ?4 then ?4 else affected_count end \
        where part = 0 and incident_id = ?1 and closed_at is null and last_seen_at <= ?2";
    let params = [
        Param::Id(incident.id.0),
        Param::Int(incident.last_seen_at.micros()),
        Param::Text(&incident.evidence),
        Param::Int(count),
    ];
    tx.execute(sql, &params)?;
    Ok(false)
}

/// Closes an incident with its report; `false` when it is closed already.
///
/// # Errors
/// What the database says.
pub fn close(tx: &mut Tx<'_>, id: IncidentId, at: Timestamp, report: &str) -> Result<bool, StoreError> {
    let sql = "update watch_incident set closed_at = ?2, report = ?3 \
        where part = 0 and incident_id = ?1 and closed_at is null";
    Ok(tx.execute(sql, &[Param::Id(id.0), Param::Int(at.micros()), Param::Text(report)])? == 1)
}

//! Policy documents, pauses and incidents: the small tables that belong to no customer.

use std::collections::HashMap;

use dunlin_domain::contact::Channel;
use dunlin_domain::date::{BusinessDate, Date, Timestamp};
use dunlin_domain::id::{IncidentId, MessageId, PauseId};
use dunlin_domain::pause::{Pause, PauseKind, PauseScope, PauseState};

use crate::agreement::{channels_text, damaged, date_of, days, parse_channels};
use crate::{Param, Row, StoreError, Tx};

/// One version of a policy document, as imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentRow {
    /// `product`, `strategy`, `contact_rules` or `template`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: u32,
    /// The first business date on which it is in force.
    pub effective_from: Date,
    /// The text.
    pub content: String,
    /// Hash of the text.
    pub content_hash: String,
    /// The file that it came from.
    pub file_name: String,
    /// Who wrote it.
    pub author: String,
    /// Who approved it.
    pub approver: String,
}

/// All documents, by kind, name and version.
///
/// # Errors
/// What the database says; the same holds for every function here.
pub fn documents(tx: &mut Tx<'_>) -> Result<Vec<DocumentRow>, StoreError> {
    let sql = "select kind, name, version, effective_from, content, content_hash, file_name, author, approver \
        from policy_document where part = 0 order by kind, name, version";
    tx.query(sql, &[], |row| {
        Ok(DocumentRow {
            kind: row.text(0).to_owned(),
            name: row.text(1).to_owned(),
            version: u32::try_from(row.int(2)).unwrap_or(0),
            effective_from: date_of(row.int(3)),
            content: row.text(4).to_owned(),
            content_hash: row.text(5).to_owned(),
            file_name: row.text(6).to_owned(),
            author: row.text(7).to_owned(),
            approver: row.text(8).to_owned(),
        })
    })
}

/// How many documents there are. They are only ever added, so an unchanged number means unchanged documents.
///
/// # Errors
/// What the database says.
pub fn count_documents(tx: &mut Tx<'_>) -> Result<i64, StoreError> {
    let sql = "select count(*) from policy_document where part = 0";
    Ok(tx.query_one(sql, &[], |row| Ok(row.int(0)))?.unwrap_or(0))
}

/// Adds a document; `false` when that version is there already.
///
/// # Errors
/// What the database says.
pub fn insert_document(tx: &mut Tx<'_>, document: &DocumentRow, at: Timestamp) -> Result<bool, StoreError> {
    let sql = "insert into policy_document (part, kind, name, version, effective_from, content, content_hash, file_name, \
        author, approver, imported_at) values (0, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) on conflict do nothing";
    let params = [
        Param::Text(&document.kind),
        Param::Text(&document.name),
        Param::Int(i64::from(document.version)),
        Param::Int(days(document.effective_from)),
        Param::Text(&document.content),
        Param::Text(&document.content_hash),
        Param::Text(&document.file_name),
        Param::Text(&document.author),
        Param::Text(&document.approver),
        Param::Int(at.micros()),
    ];
    Ok(tx.execute(sql, &params)? == 1)
}

/// All pauses.
///
/// # Errors
/// What the database says.
pub fn pauses(tx: &mut Tx<'_>) -> Result<Vec<Pause>, StoreError> {
    let sql = "select p.pause_id, p.kind, p.channels, p.products, p.buckets, p.from_on, p.through_on, p.reason_zh, \
        p.reason_en, p.author, p.ended_on, r.state, r.per_hour, r.customer_zh, r.customer_en, r.decided_by \
        from pause p left join pause_request r on r.part = p.part and r.pause_id = p.pause_id \
        where p.part = 0 order by p.from_on, p.pause_id";
    let names = |text: &str| text.split(';').filter(|name| !name.is_empty()).map(str::to_owned).collect();
    tx.query(sql, &[], |row| {
        Ok(Pause {
            id: PauseId(row.id16(0)),
            kind: PauseKind::parse(row.text(1)).ok_or_else(|| damaged("pause kind is unknown".to_owned()))?,
            scope: PauseScope {
                channels: parse_channels(row.text(2))?,
                products: names(row.text(3)),
                buckets: names(row.text(4)),
            },
            from: BusinessDate(date_of(row.int(5))),
            through: BusinessDate(date_of(row.int(6))),
            reason_zh: row.text(7).to_owned(),
            reason_en: row.text(8).to_owned(),
            author: row.text(9).to_owned(),
            ended_on: row.opt_int(10).map(|ended_on| BusinessDate(date_of(ended_on))),
            state: match row.opt_text(11) {
                Some(code) => PauseState::parse(code)
                    .ok_or_else(|| damaged(format!("pause state {code:?} is unknown")))?,
                None => PauseState::Approved,
            },
            per_hour: row.opt_int(12).and_then(|number| u32::try_from(number).ok()),
            customer_zh: row.opt_text(13).unwrap_or_default().to_owned(),
            customer_en: row.opt_text(14).unwrap_or_default().to_owned(),
            decided_by: row.opt_text(15).map(str::to_owned),
        })
    })
}

/// When each pause came into force by being agreed to, or, where it needed nobody, by being added.
///
/// # Errors
/// What the database says.
pub fn pause_approvals(tx: &mut Tx<'_>) -> Result<HashMap<PauseId, Timestamp>, StoreError> {
    let sql = "select p.pause_id, coalesce(r.decided_at, p.added_at) from pause p \
        left join pause_request r on r.part = p.part and r.pause_id = p.pause_id where p.part = 0";
    let rows = tx.query(sql, &[], |row| Ok((PauseId(row.id16(0)), Timestamp::from_micros(row.int(1)))))?;
    Ok(rows.into_iter().collect())
}

/// Adds a pause; `false` when it is there already.
///
/// # Errors
/// What the database says.
pub fn insert_pause(tx: &mut Tx<'_>, pause: &Pause, at: Timestamp) -> Result<bool, StoreError> {
    let sql = "insert into pause (part, pause_id, kind, channels, products, buckets, from_on, through_on, reason_zh, \
        reason_en, author, added_at) values (0, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) on conflict do nothing";
    let channels = channels_text(&pause.scope.channels);
    let (products, buckets) = (pause.scope.products.join(";"), pause.scope.buckets.join(";"));
    let params = [
        Param::Id(pause.id.0),
        Param::Text(pause.kind.code()),
        Param::Text(&channels),
        Param::Text(&products),
        Param::Text(&buckets),
        Param::Int(days(pause.from.0)),
        Param::Int(days(pause.through.0)),
        Param::Text(&pause.reason_zh),
        Param::Text(&pause.reason_en),
        Param::Text(&pause.author),
        Param::Int(at.micros()),
    ];
    let is_new = tx.execute(sql, &params)? == 1;
    let sql = "insert into pause_request (part, pause_id, state, per_hour, customer_zh, customer_en) \
        values (0, ?1, ?2, ?3, ?4, ?5) on conflict do nothing";
    let params = [
        Param::Id(pause.id.0),
        Param::Text(pause.state.code()),
        Param::OptInt(pause.per_hour.map(i64::from)),
        Param::Text(&pause.customer_zh),
        Param::Text(&pause.customer_en),
    ];
    if is_new {
        tx.execute(sql, &params)?;
    }
    Ok(is_new)
}

/// Decides a pause that is pending; `false` when it is not pending any more.
///
/// # Errors
/// What the database says.
pub fn decide_pause(
    tx: &mut Tx<'_>,
    pause: PauseId,
    state: PauseState,
    by: &str,
    at: Timestamp,
    note: &str,
) -> Result<bool, StoreError> {
    let sql = "update pause_request set state = ?2, decided_by = ?3, decided_at = ?4, decision_note = ?5 \
        where part = 0 and pause_id = ?1 and state = 'pending'";
    let params = [
        Param::Id(pause.0),
        Param::Text(state.code()),
        Param::Text(by),
        Param::Int(at.micros()),
        Param::Text(note),
    ];
    Ok(tx.execute(sql, &params)? == 1)
}

/// Ends a pause early; `false` when there is none that still runs.
///
/// # Errors
/// What the database says.
pub fn end_pause(tx: &mut Tx<'_>, pause: PauseId, on: BusinessDate, actor: &str) -> Result<bool, StoreError> {
    let sql =
        "update pause set ended_on = ?2, ended_by = ?3 where part = 0 and pause_id = ?1 and ended_on is null";
    let params = [Param::Id(pause.0), Param::Int(days(on.0)), Param::Text(actor)];
    Ok(tx.execute(sql, &params)? == 1)
}

/// An unplanned stop of a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// Its id.
    pub id: IncidentId,
    /// The channel.
    pub channel: Channel,
    /// The provider.
    pub provider: String,
    /// When it was seen.
    pub opened_at: Timestamp,
    /// The first message that it hit.
    pub first_message: Option<MessageId>,
    /// The provider's words.
    pub detail: String,
    /// Messages that it hit.
    pub failure_count: i64,
    /// When a message last failed.
    pub last_failed_at: Timestamp,
    /// When the channel worked again.
    pub closed_at: Option<Timestamp>,
}

fn read_incident(row: &Row<'_>) -> Result<Incident, StoreError> {
    Ok(Incident {
        id: IncidentId(row.id16(0)),
        channel: Channel::parse(row.text(1))
            .ok_or_else(|| damaged("incident channel is unknown".to_owned()))?,
        provider: row.text(2).to_owned(),
        opened_at: Timestamp::from_micros(row.int(3)),
        first_message: row.opt_id16(4).map(MessageId),
        detail: row.text(5).to_owned(),
        failure_count: row.int(6),
        closed_at: row.opt_int(7).map(Timestamp::from_micros),
        last_failed_at: Timestamp::from_micros(row.int(8)),
    })
}

/// All incidents, oldest first.
///
/// # Errors
/// What the database says.
pub fn incidents(tx: &mut Tx<'_>) -> Result<Vec<Incident>, StoreError> {
    let sql = "select incident_id, channel, provider, opened_at, first_message, detail, failure_count, closed_at, \
        last_failed_at \
        from incident where part = 0 order by opened_at, incident_id";
    tx.query(sql, &[], read_incident)
}

/// Opens an incident, or counts more failures on the one with the same id, which is then open.
///
/// # Errors
/// What the database says.
pub fn note_incident(tx: &mut Tx<'_>, incident: &Incident) -> Result<(), StoreError> {
    let sql = "insert into incident (part, incident_id, channel, provider, opened_at, first_message, detail, \
        failure_count, last_failed_at) values (0, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) on conflict (part, incident_id) \
        do update set failure_count = incident.failure_count + excluded.failure_count, \
        last_failed_at = excluded.last_failed_at, closed_at = null";
    let params = [
        Param::Id(incident.id.0),
        Param::Text(incident.channel.code()),
        Param::Text(&incident.provider),
        Param::Int(incident.opened_at.micros()),
        Param::OptId(incident.first_message.map(|message| message.0)),
        Param::Text(&incident.detail),
        Param::Int(incident.failure_count),
        Param::Int(incident.last_failed_at.micros()),
    ];
    tx.execute(sql, &params)?;
    Ok(())
}

/// Closes an incident.
///
/// # Errors
/// What the database says.
pub fn close_incident(tx: &mut Tx<'_>, incident: IncidentId, at: Timestamp) -> Result<(), StoreError> {
    let sql = "update incident set closed_at = ?2 where part = 0 and incident_id = ?1 and closed_at is null";
    tx.execute(sql, &[Param::Id(incident.0), Param::Int(at.micros())])?;
    Ok(())
}

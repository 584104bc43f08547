//! Incidents of one agreement that are no failure of a channel: faults of the program that somebody has to look at.

use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::id::{AgreementId, IncidentId, Part, hash_parts};

use crate::agreement::{date_of, days, part_of, part_param};
use crate::{Param, Row, StoreError, Tx};

/// An incident of an agreement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgreementIncident {
    /// The agreement's part.
    pub part: Part,
    /// Its id.
    pub id: IncidentId,
    /// The agreement.
    pub agreement: AgreementId,
    /// What it is: `statement_unbalanced`, `agreement_not_worked`, `message_not_ready`.
    pub code: String,
    /// The day that it is about.
    pub about_on: Date,
    /// What was found, in words; the latest.
    pub detail: String,
    /// When it was first seen.
    pub opened_at: Timestamp,
    /// When it was last seen.
    pub last_seen_at: Timestamp,
    /// How often it was seen.
    pub seen_count: i64,
    /// When the same was found to be right.
    pub closed_at: Option<Timestamp>,
}

/// The id of an incident: one for a code, an agreement and a day.
#[must_use]
pub fn id_of(code: &str, agreement: AgreementId, about_on: Date) -> IncidentId {
    let parts: [&[u8]; 3] = [code.as_bytes(), &agreement.0, &about_on.days().to_le_bytes()];
    IncidentId(hash_parts("agreement incident", &parts))
}

/// Opens an incident, or counts once more on the one that is there, which is then open again.
///
/// # Errors
/// What the database says; the same holds for every function here.
pub fn note(
    tx: &mut Tx<'_>,
    part: Part,
    agreement: AgreementId,
    code: &str,
    about_on: Date,
    detail: &str,
    at: Timestamp,
) -> Result<IncidentId, StoreError> {
    let id = id_of(code, agreement, about_on);
    let sql = "insert into agreement_incident (part, incident_id, agreement_id, code, about_on, detail, opened_at, \
        last_seen_at, seen_count) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, 1) on conflict (part, incident_id) \
        do update set detail = excluded.detail, last_seen_at = excluded.last_seen_at, \
        seen_count = agreement_incident.seen_count + 1, closed_at = null";
    let params = [
        part_param(part),
        Param::Id(id.0),
        Param::Id(agreement.0),
        Param::Text(code),
        Param::Int(days(about_on)),
        Param::Text(detail),
        Param::Int(at.micros()),
    ];
    tx.execute(sql, &params)?;
    Ok(id)
}

/// Whether there is such an incident and it is open.
///
/// # Errors
/// What the database says.
pub fn is_open(tx: &mut Tx<'_>, part: Part, id: IncidentId) -> Result<bool, StoreError> {
    let sql = "select seen_count from agreement_incident \
        where part = ?1 and incident_id = ?2 and closed_at is null";
    Ok(tx.query_one(sql, &[part_param(part), Param::Id(id.0)], |row| Ok(row.int(0)))?.is_some())
}

/// Closes an incident because the same is right now; `false` when there is none that is open.
///
/// # Errors
/// What the database says.
pub fn close(tx: &mut Tx<'_>, part: Part, id: IncidentId, at: Timestamp) -> Result<bool, StoreError> {
    let sql = "update agreement_incident set closed_at = ?3 \
        where part = ?1 and incident_id = ?2 and closed_at is null";
    Ok(tx.execute(sql, &[part_param(part), Param::Id(id.0), Param::Int(at.micros())])? == 1)
}

/// All incidents of agreements, oldest first.
///
/// # Errors
/// What the database says.
pub fn all(tx: &mut Tx<'_>) -> Result<Vec<AgreementIncident>, StoreError> {
    let sql = "select i.part, i.incident_id, i.agreement_id, i.code, i.about_on, i.detail, i.opened_at, \
        i.last_seen_at, i.seen_count, i.closed_at from part_number n join agreement_incident i on i.part = n.part \
        order by i.opened_at, i.incident_id";
    tx.query(sql, &[], read)
}

/// The incidents with `code` that are open.
///
/// # Errors
/// What the database says.
pub fn open_with(tx: &mut Tx<'_>, code: &str) -> Result<Vec<AgreementIncident>, StoreError> {
    let sql = "select i.part, i.incident_id, i.agreement_id, i.code, i.about_on, i.detail, i.opened_at, \
        i.last_seen_at, i.seen_count, i.closed_at from part_number n join agreement_incident i on i.part = n.part \
        and i.closed_at is null where i.code = ?1 order by i.opened_at, i.incident_id";
    tx.query(sql, &[Param::Text(code)], read)
}

fn read(row: &Row<'_>) -> Result<AgreementIncident, StoreError> {
    Ok(AgreementIncident {
        part: part_of(row, 0)?,
        id: IncidentId(row.id16(1)),
        agreement: AgreementId(row.id16(2)),
        code: row.text(3).to_owned(),
        about_on: date_of(row.int(4)),
        detail: row.text(5).to_owned(),
        opened_at: Timestamp::from_micros(row.int(6)),
        last_seen_at: Timestamp::from_micros(row.int(7)),
        seen_count: row.int(8),
        closed_at: row.opt_int(9).map(Timestamp::from_micros),
    })
}

//! Versions of policy documents that wait for a second person.

use dunlin_domain::date::Timestamp;

use crate::{Param, Row, StoreError, Tx};

/// A version that was submitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyRequest {
    /// The kind of document: `template`, `contact_rules` or `strategy`.
    pub kind: String,
    /// The document's name.
    pub name: String,
    /// Its version.
    pub version: u32,
    /// The text of the document.
    pub content: String,
    /// The file that it came from.
    pub file_name: String,
    /// Who submitted it.
    pub submitted_by: String,
    /// When.
    pub submitted_at: Timestamp,
    /// `pending`, `approved` or `rejected`.
    pub state: String,
    /// Who decided.
    pub decided_by: Option<String>,
    /// What they said.
    pub note: Option<String>,
}

const COLUMNS: &str =
    "kind, name, version, content, file_name, submitted_by, submitted_at, state, decided_by, note";

fn read(row: &Row<'_>) -> Result<PolicyRequest, StoreError> {
    Ok(PolicyRequest {
        kind: row.text(0).to_owned(),
        name: row.text(1).to_owned(),
        version: u32::try_from(row.int(2)).unwrap_or(0),
        content: row.text(3).to_owned(),
        file_name: row.text(4).to_owned(),
        submitted_by: row.text(5).to_owned(),
        submitted_at: Timestamp::from_micros(row.int(6)),
        state: row.text(7).to_owned(),
        decided_by: row.opt_text(8).map(str::to_owned),
        note: row.opt_text(9).map(str::to_owned),
    })
}

/// All that were submitted, by kind, name and version.
///
/// # Errors
/// What the database says; the same holds for every function here.
pub fn all(tx: &mut Tx<'_>) -> Result<Vec<PolicyRequest>, StoreError> {
    let sql = format!("select {COLUMNS} from policy_request where part = 0 order by kind, name, version");
    tx.query(&sql, &[], read)
}

/// Submits a version. One that was rejected may be submitted again with another text; `false` when one is pending or was
/// approved.
///
/// # Errors
/// What the database says.
pub fn submit(tx: &mut Tx<'_>, request: &PolicyRequest) -> Result<bool, StoreError> {
    let sql = "insert into policy_request (part, kind, name, version, content, file_name, submitted_by, submitted_at, \
        state) values (0, ?1, ?2, ?3, ?4, ?5, ?6, ?7, 'pending') on conflict (part, kind, name, version) do update set \
        content = excluded.content, file_name = excluded.file_name, submitted_by = excluded.submitted_by, \
        submitted_at = excluded.submitted_at, state = 'pending', decided_by = null, decided_at = null, note = null \
        where policy_request.part = 0 and policy_request.state = 'rejected'";
    let params = [
        Param::Text(&request.kind),
        Param::Text(&request.name),
        Param::Int(i64::from(request.version)),
        Param::Text(&request.content),
        Param::Text(&request.file_name),
        Param::Text(&request.submitted_by),
        Param::Int(request.submitted_at.micros()),
    ];
    Ok(tx.execute(sql, &params)? == 1)
}

/// Decides a version that is pending; `false` when it is not pending any more.
///
/// # Errors
/// What the database says.
pub fn decide(
    tx: &mut Tx<'_>,
    request: &PolicyRequest,
    state: &str,
    (by, at): (&str, Timestamp),
    note: &str,
) -> Result<bool, StoreError> {
    let sql = "update policy_request set state = ?4, decided_by = ?5, decided_at = ?6, note = ?7 \
        where part = 0 and kind = ?1 and name = ?2 and version = ?3 and state = 'pending'";
    let params = [
        Param::Text(&request.kind),
        Param::Text(&request.name),
        Param::Int(i64::from(request.version)),
        Param::Text(state),
        Param::Text(by),
        Param::Int(at.micros()),
        Param::Text(note),
    ];
    Ok(tx.execute(sql, &params)? == 1)
}

//! Waivers: what was asked for, by whom, and what a second person said.

use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::id::{AgreementId, Part};
use dunlin_domain::money::{Currency, Money};
use dunlin_domain::terms::Component;

use crate::agreement::{damaged, date_of, days, part_of, part_param};
use crate::{Param, Row, StoreError, Tx};

/// A waiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaiverRow {
    /// The agreement's part.
    pub part: Part,
    /// Its id; the first two bytes are the part.
    pub id: [u8; 16],
    /// The agreement.
    pub agreement: AgreementId,
    /// What is given up.
    pub component: Component,
    /// How much.
    pub amount: Money,
    /// The day from which it counts.
    pub value_on: Date,
    /// Only what is due on this date.
    pub due_on: Option<Date>,
    /// The code of the reason.
    pub reason: String,
    /// The reason in words.
    pub note: String,
    /// The reference of its fact.
    pub reference: String,
    /// Who asked for it.
    pub requested_by: String,
    /// When.
    pub requested_at: Timestamp,
    /// When it lapses, unless somebody decides before.
    pub expires_at: Timestamp,
    /// `recorded`, `pending`, `approved`, `rejected` or `expired`.
    pub state: String,
    /// Who decided.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<Timestamp>,
    /// What they said.
    pub decision_note: Option<String>,
}

const COLUMNS: &str = "w.part, w.waiver_id, w.agreement_id, w.component, w.amount_minor, w.currency, w.value_on, w.due_on, \
    w.reason, w.note, w.reference, w.requested_by, w.requested_at, w.expires_at, w.state, w.decided_by, w.decided_at, \
    w.decision_note";

fn read(row: &Row<'_>) -> Result<WaiverRow, StoreError> {
    let currency = Currency::parse(row.text(5)).map_err(|error| damaged(error.to_string()))?;
    Ok(WaiverRow {
        part: part_of(row, 0)?,
        id: row.id16(1),
        agreement: AgreementId(row.id16(2)),
        component: Component::parse(row.text(3))
            .ok_or_else(|| damaged("waiver: component is not a known code".to_owned()))?,
        amount: Money::new(row.int(4), currency),
        value_on: date_of(row.int(6)),
        due_on: row.opt_int(7).map(date_of),
        reason: row.text(8).to_owned(),
        note: row.text(9).to_owned(),
        reference: row.text(10).to_owned(),
        requested_by: row.text(11).to_owned(),
        requested_at: Timestamp::from_micros(row.int(12)),
        expires_at: Timestamp::from_micros(row.int(13)),
        state: row.text(14).to_owned(),
        decided_by: row.opt_text(15).map(str::to_owned),
        decided_at: row.opt_int(16).map(Timestamp::from_micros),
        decision_note: row.opt_text(17).map(str::to_owned),
    })
}

/// Adds a waiver; `false` if it is there already.
///
/// # Errors
/// What the database says; the same holds for every function here.
pub fn insert(tx: &mut Tx<'_>, waiver: &WaiverRow) -> Result<bool, StoreError> {
    let sql = "insert into waiver (part, waiver_id, agreement_id, component, amount_minor, currency, value_on, due_on, \
        reason, note, reference, requested_by, requested_at, expires_at, state) \
        values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15) on conflict do nothing";
    let params = [
        part_param(waiver.part),
        Param::Id(waiver.id),
        Param::Id(waiver.agreement.0),
        Param::Text(waiver.component.code()),
        Param::Int(waiver.amount.minor()),
        Param::Text(waiver.amount.currency().code()),
        Param::Int(days(waiver.value_on)),
        Param::OptInt(waiver.due_on.map(days)),
        Param::Text(&waiver.reason),
        Param::Text(&waiver.note),
        Param::Text(&waiver.reference),
        Param::Text(&waiver.requested_by),
        Param::Int(waiver.requested_at.micros()),
        Param::Int(waiver.expires_at.micros()),
        Param::Text(&waiver.state),
    ];
    Ok(tx.execute(sql, &params)? == 1)
}

/// A waiver by its id.
///
/// # Errors
/// What the database says.
pub fn find(tx: &mut Tx<'_>, part: Part, id: [u8; 16]) -> Result<Option<WaiverRow>, StoreError> {
    let sql = format!("select {COLUMNS} from waiver w where w.part = ?1 and w.waiver_id = ?2");
    tx.query_one(&sql, &[part_param(part), Param::Id(id)], read)
}

/// The waivers of an agreement, oldest first.
///
/// # Errors
/// What the database says.
pub fn of_agreement(
    tx: &mut Tx<'_>,
    part: Part,
    agreement: AgreementId,
) -> Result<Vec<WaiverRow>, StoreError> {
    let sql = format!(
        "select {COLUMNS} from waiver w where w.part = ?1 and w.agreement_id = ?2 order by w.requested_at, w.waiver_id"
    );
    tx.query(&sql, &[part_param(part), Param::Id(agreement.0)], read)
}

/// All waivers that wait for a second person, oldest first.
///
/// # Errors
/// What the database says.
pub fn pending(tx: &mut Tx<'_>) -> Result<Vec<WaiverRow>, StoreError> {
    let sql = format!(
        "select {COLUMNS} from part_number n join waiver w on w.part = n.part \
         where w.state = 'pending' order by w.requested_at, w.waiver_id"
    );
    tx.query(&sql, &[], read)
}

/// Decides a waiver that is pending; `false` when it is not pending any more.
///
/// # Errors
/// What the database says.
pub fn decide(
    tx: &mut Tx<'_>,
    part: Part,
    id: [u8; 16],
    state: &str,
    by: &str,
    at: Timestamp,
    note: &str,
) -> Result<bool, StoreError> {
    let sql = "update waiver set state = ?3, decided_by = ?4, decided_at = ?5, decision_note = ?6 \
        where part = ?1 and waiver_id = ?2 and state = 'pending'";
    let params = [
        part_param(part),
        Param::Id(id),
        Param::Text(state),
        Param::Text(by),
        Param::Int(at.micros()),
        Param::Text(note),
    ];
    Ok(tx.execute(sql, &params)? == 1)
}

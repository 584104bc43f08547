//! Requests at checkout: the answers that were given, the holds, and what was captured of them.
//!
//! Whoever writes here holds the line's lock ([`crate::line::lock`]).

use std::collections::HashMap;

use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::id::{AgreementId, FactId, HoldId, Part};
use dunlin_domain::line::draw::DeclineReason;
use dunlin_domain::line::hold::{Hold, HoldState};
use dunlin_domain::money::{Currency, Money};

use crate::agreement::{damaged, date_of, days, part_of, part_param};
use crate::{Column, Conflict, Param, Row, StoreError, Tx};

const PART: (&str, Column) = ("part", Column::Int);
const AGREEMENT: (&str, Column) = ("agreement_id", Column::Bytes);

/// A request at checkout, with its answer and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldRow {
    /// The part.
    pub part: Part,
    /// The agreement.
    pub agreement: AgreementId,
    /// Its id.
    pub id: HoldId,
    /// The merchant.
    pub merchant: String,
    /// The merchant's reference.
    pub reference: String,
    /// The merchant's category; empty when it was not given.
    pub category: String,
    /// Number of instalments, 0 for payment in full.
    pub instalment_count: u32,
    /// The hold; declined ones hold nothing.
    pub hold: Hold,
    /// Why it was declined.
    pub decline_reason: Option<DeclineReason>,
    /// What could be drawn after the answer, minor units of the agreement's currency.
    pub available_minor: i64,
    /// The business date of the answer.
    pub authorised_on: Date,
    /// Its moment.
    pub authorised_at: Timestamp,
    /// The day from whose end on it holds nothing.
    pub ended_on: Option<Date>,
    /// Who asked.
    pub actor: String,
}

const HOLD_SELECT: &str = "t.part, t.agreement_id, t.hold_id, t.merchant, t.reference, t.category, t.amount_minor, \
    t.currency, t.instalment_count, t.state, t.decline_reason, t.captured_minor, t.available_minor, \
    t.authorised_on, t.authorised_at, t.expires_on, t.ended_on, t.actor";

fn read_hold(row: &Row<'_>) -> Result<HoldRow, StoreError> {
    let id = HoldId(row.id16(2));
    let unknown = |what: &str| damaged(format!("hold {id}: {what} is unknown"));
    let currency = Currency::parse(row.text(7)).map_err(|error| damaged(error.to_string()))?;
    let decline_reason = match row.opt_text(10) {
        None => None,
        Some(code) => Some(DeclineReason::parse(code).ok_or_else(|| unknown(code))?),
    };
    Ok(HoldRow {
        part: part_of(row, 0)?,
        agreement: AgreementId(row.id16(1)),
        id,
        merchant: row.text(3).to_owned(),
        reference: row.text(4).to_owned(),
        category: row.text(5).to_owned(),
        instalment_count: u32::try_from(row.int(8)).unwrap_or(0),
        hold: Hold {
            state: HoldState::parse(row.text(9)).ok_or_else(|| unknown(row.text(9)))?,
            amount: Money::new(row.int(6), currency),
            captured: Money::new(row.int(11), currency),
            expires_on: date_of(row.int(15)),
        },
        decline_reason,
        available_minor: row.int(12),
        authorised_on: date_of(row.int(13)),
        authorised_at: Timestamp::from_micros(row.int(14)),
        ended_on: row.opt_int(16).map(date_of),
        actor: row.text(17).to_owned(),
    })
}

/// Adds an answered request.
///
/// # Errors
/// What the database says.
pub fn insert_hold(tx: &mut Tx<'_>, row: &HoldRow) -> Result<(), StoreError> {
    const COLUMNS: [(&str, Column); 18] = [
        PART,
        AGREEMENT,
        ("hold_id", Column::Bytes),
        ("merchant", Column::Text),
        ("reference", Column::Text),
        ("category", Column::Text),
        ("amount_minor", Column::Int),
        ("currency", Column::Text),
        ("instalment_count", Column::Int),
        ("state", Column::Text),
        ("decline_reason", Column::Text),
        ("captured_minor", Column::Int),
        ("available_minor", Column::Int),
        ("authorised_on", Column::Int),
        ("authorised_at", Column::Int),
        ("expires_on", Column::Int),
        ("ended_on", Column::Int),
        ("actor", Column::Text),
    ];
    let values = [
        part_param(row.part),
        Param::Id(row.agreement.0),
        Param::Id(row.id.0),
        Param::Text(&row.merchant),
        Param::Text(&row.reference),
        Param::Text(&row.category),
        Param::Int(row.hold.amount.minor()),
        Param::Text(row.hold.amount.currency().code()),
        Param::Int(i64::from(row.instalment_count)),
        Param::Text(row.hold.state.code()),
        Param::OptText(row.decline_reason.map(DeclineReason::code)),
        Param::Int(row.hold.captured.minor()),
        Param::Int(row.available_minor),
        Param::Int(days(row.authorised_on)),
        Param::Int(row.authorised_at.micros()),
        Param::Int(days(row.hold.expires_on)),
        Param::OptInt(row.ended_on.map(days)),
        Param::Text(&row.actor),
    ];
    tx.insert_rows("checkout_hold", &COLUMNS, Conflict::Fail, &values)?;
    Ok(())
}

/// Writes what became of holds.
///
/// # Errors
/// What the database says.
pub fn update_holds(tx: &mut Tx<'_>, rows: &[HoldRow]) -> Result<(), StoreError> {
    const KEYS: [(&str, Column); 3] = [PART, AGREEMENT, ("hold_id", Column::Bytes)];
    const SETS: [(&str, Column); 3] =
        [("state", Column::Text), ("captured_minor", Column::Int), ("ended_on", Column::Int)];
    let mut values = Vec::with_capacity(rows.len() * 6);
    for row in rows {
        values.extend([
            part_param(row.part),
            Param::Id(row.agreement.0),
            Param::Id(row.id.0),
            Param::Text(row.hold.state.code()),
            Param::Int(row.hold.captured.minor()),
            Param::OptInt(row.ended_on.map(days)),
        ]);
    }
    let found = tx.update_rows("checkout_hold", &KEYS, &SETS, &values)?;
    assert!(found == rows.len() as u64, "a hold is never removed");
    Ok(())
}

/// A hold by its id.
///
/// # Errors
/// What the database says.
pub fn find_hold(
    tx: &mut Tx<'_>,
    part: Part,
    agreement: AgreementId,
    id: HoldId,
) -> Result<Option<HoldRow>, StoreError> {
    let sql = format!(
        "select {HOLD_SELECT} from checkout_hold t where t.part = ?1 and t.agreement_id = ?2 and t.hold_id = ?3"
    );
    tx.query_one(&sql, &[part_param(part), Param::Id(agreement.0), Param::Id(id.0)], read_hold)
}

/// The holds of an agreement under a merchant's reference, of whichever merchant.
///
/// # Errors
/// What the database says.
pub fn holds_by_reference(
    tx: &mut Tx<'_>,
    part: Part,
    agreement: AgreementId,
    reference: &str,
) -> Result<Vec<HoldRow>, StoreError> {
    let sql = format!(
        "select {HOLD_SELECT} from checkout_hold t where t.part = ?1 and t.agreement_id = ?2 and t.reference = ?3 \
         order by t.hold_id"
    );
    tx.query(&sql, &[part_param(part), Param::Id(agreement.0), Param::Text(reference)], read_hold)
}

/// The holds of an agreement that hold something.
///
/// # Errors
/// What the database says.
pub fn open_holds(tx: &mut Tx<'_>, part: Part, agreement: AgreementId) -> Result<Vec<HoldRow>, StoreError> {
    let sql = format!(
        "select {HOLD_SELECT} from checkout_hold t where t.part = ?1 and t.agreement_id = ?2 and t.state = 'open' \
         order by t.authorised_at, t.hold_id"
    );
    tx.query(&sql, &[part_param(part), Param::Id(agreement.0)], read_hold)
}

/// The holds of an agreement that held something at the end of `date`: from its authorisation until it ended.
///
/// # Errors
/// What the database says.
pub fn holds_on(
    tx: &mut Tx<'_>,
    part: Part,
    agreement: AgreementId,
    date: Date,
) -> Result<Vec<HoldRow>, StoreError> {
    let sql = format!(
        "select {HOLD_SELECT} from checkout_hold t where t.part = ?1 and t.agreement_id = ?2 \
         and t.authorised_on <= ?3 and (t.ended_on is null or t.ended_on > ?3) order by t.authorised_at, t.hold_id"
    );
    let rows =
        tx.query(&sql, &[part_param(part), Param::Id(agreement.0), Param::Int(days(date))], read_hold)?;
    Ok(rows.into_iter().filter(|row| row.hold.state != HoldState::Declined).collect())
}

/// The last requests at checkout of an agreement, newest first.
///
/// # Errors
/// What the database says.
pub fn last_holds(
    tx: &mut Tx<'_>,
    part: Part,
    agreement: AgreementId,
    count_max: usize,
) -> Result<Vec<HoldRow>, StoreError> {
    let sql = format!(
        "select {HOLD_SELECT} from checkout_hold t where t.part = ?1 and t.agreement_id = ?2 \
         order by t.authorised_at desc, t.hold_id limit ?3"
    );
    tx.query(&sql, &[part_param(part), Param::Id(agreement.0), Param::Int(count_max as i64)], read_hold)
}

/// The open holds of many agreements.
///
/// # Errors
/// What the database says.
pub fn open_holds_of(
    tx: &mut Tx<'_>,
    keys: &[(Part, AgreementId)],
) -> Result<HashMap<AgreementId, Vec<HoldRow>>, StoreError> {
    let values: Vec<Param<'_>> =
        keys.iter().flat_map(|(part, id)| [part_param(*part), Param::Id(id.0)]).collect();
    let mut holds: HashMap<AgreementId, Vec<HoldRow>> = HashMap::new();
    tx.each_key(HOLD_SELECT, "checkout_hold", &[PART, AGREEMENT], &values, |row| {
        let hold = read_hold(row)?;
        if hold.hold.state == HoldState::Open {
            holds.entry(hold.agreement).or_default().push(hold);
        }
        Ok(())
    })?;
    Ok(holds)
}

/// A capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptureRow {
    /// The part.
    pub part: Part,
    /// The agreement.
    pub agreement: AgreementId,
    /// The purchase that it is.
    pub fact: FactId,
    /// The hold.
    pub hold: HoldId,
    /// The merchant's reference for this capture.
    pub reference: String,
    /// The amount, minor units of the agreement's currency.
    pub amount_minor: i64,
    /// Whether the rest of the hold was freed with it.
    pub releases: bool,
    /// The business date.
    pub captured_on: Date,
    /// The moment.
    pub captured_at: Timestamp,
    /// Who did it.
    pub actor: String,
}

const CAPTURE_SELECT: &str = "t.part, t.agreement_id, t.fact_id, t.hold_id, t.reference, t.amount_minor, t.releases, \
    t.captured_on, t.captured_at, t.actor";

fn read_capture(row: &Row<'_>) -> Result<CaptureRow, StoreError> {
    Ok(CaptureRow {
        part: part_of(row, 0)?,
        agreement: AgreementId(row.id16(1)),
        fact: FactId(row.id16(2)),
        hold: HoldId(row.id16(3)),
        reference: row.text(4).to_owned(),
        amount_minor: row.int(5),
        releases: row.int(6) == 1,
        captured_on: date_of(row.int(7)),
        captured_at: Timestamp::from_micros(row.int(8)),
        actor: row.text(9).to_owned(),
    })
}

/// Adds a capture.
///
/// # Errors
/// What the database says.
pub fn insert_capture(tx: &mut Tx<'_>, row: &CaptureRow) -> Result<(), StoreError> {
    const COLUMNS: [(&str, Column); 10] = [
        PART,
        AGREEMENT,
        ("fact_id", Column::Bytes),
        ("hold_id", Column::Bytes),
        ("reference", Column::Text),
        ("amount_minor", Column::Int),
        ("releases", Column::Int),
        ("captured_on", Column::Int),
        ("captured_at", Column::Int),
        ("actor", Column::Text),
    ];
    let values = [
        part_param(row.part),
        Param::Id(row.agreement.0),
        Param::Id(row.fact.0),
        Param::Id(row.hold.0),
        Param::Text(&row.reference),
        Param::Int(row.amount_minor),
        Param::Int(i64::from(row.releases)),
        Param::Int(days(row.captured_on)),
        Param::Int(row.captured_at.micros()),
        Param::Text(&row.actor),
    ];
    tx.insert_rows("checkout_capture", &COLUMNS, Conflict::Fail, &values)?;
    Ok(())
}

/// The captures of a hold, oldest first.
///
/// # Errors
/// What the database says.
pub fn captures_of(
    tx: &mut Tx<'_>,
    part: Part,
    agreement: AgreementId,
    hold: HoldId,
) -> Result<Vec<CaptureRow>, StoreError> {
    let sql = format!(
        "select {CAPTURE_SELECT} from checkout_capture t where t.part = ?1 and t.agreement_id = ?2 \
         and t.hold_id = ?3 order by t.captured_at, t.fact_id"
    );
    tx.query(&sql, &[part_param(part), Param::Id(agreement.0), Param::Id(hold.0)], read_capture)
}

/// The capture that a purchase is, if it is one.
///
/// # Errors
/// What the database says.
pub fn find_capture(
    tx: &mut Tx<'_>,
    part: Part,
    agreement: AgreementId,
    fact: FactId,
) -> Result<Option<CaptureRow>, StoreError> {
    let sql = format!(
        "select {CAPTURE_SELECT} from checkout_capture t where t.part = ?1 and t.agreement_id = ?2 and t.fact_id = ?3"
    );
    tx.query_one(&sql, &[part_param(part), Param::Id(agreement.0), Param::Id(fact.0)], read_capture)
}

/// The captures of an agreement under a reference, of whichever hold.
///
/// # Errors
/// What the database says.
pub fn captures_by_reference(
    tx: &mut Tx<'_>,
    part: Part,
    agreement: AgreementId,
    reference: &str,
) -> Result<Vec<CaptureRow>, StoreError> {
    let sql = format!(
        "select {CAPTURE_SELECT} from checkout_capture t where t.part = ?1 and t.agreement_id = ?2 \
         and t.reference = ?3 order by t.captured_at, t.fact_id"
    );
    tx.query(&sql, &[part_param(part), Param::Id(agreement.0), Param::Text(reference)], read_capture)
}

//! What is known of customers besides the debt. Rows are inserted, and ended once.

use std::collections::HashMap;

use dunlin_domain::circumstance::{Circumstance, CircumstanceKind, Content};
use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::id::{AgreementId, CircumstanceId, ContactPointId, CustomerId};

use crate::agreement::{damaged, date_of, days, part_param};
use crate::{Column, Param, Row, StoreError, Tx};

const PART: (&str, Column) = ("part", Column::Int);
const CUSTOMER: (&str, Column) = ("customer_id", Column::Bytes);

/// An entry with what the store keeps beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CircumstanceRow {
    /// The entry.
    pub entry: Circumstance,
    /// Why it was recorded.
    pub reason: String,
    /// Where what proves it is kept.
    pub evidence: String,
    /// Who recorded it.
    pub recorded_by: String,
    /// Who ended it.
    pub ended_by: Option<String>,
    /// Why.
    pub end_reason: Option<String>,
}

const COLUMNS: &str = "t.customer_id, t.circumstance_id, t.kind, t.value, t.agreement_id, t.contact_point_id, t.from_on, \
    t.through_on, t.ended_on, t.recorded_at, t.reason, t.evidence, t.recorded_by, t.ended_by, t.end_reason";

fn read(row: &Row<'_>) -> Result<CircumstanceRow, StoreError> {
    let id = CircumstanceId(row.id16(1));
    let kind = CircumstanceKind::parse(row.text(2));
    let content = kind.and_then(|kind| Content::parse(kind, row.text(3)).ok());
    Ok(CircumstanceRow {
        entry: Circumstance {
            id,
            customer: CustomerId(row.id16(0)),
            agreement: row.opt_id16(4).map(AgreementId),
            contact_point: row.opt_id16(5).map(ContactPointId),
            content: content
                .ok_or_else(|| damaged(format!("circumstance {id}: kind or value is unknown")))?,
            from: date_of(row.int(6)),
            through: row.opt_int(7).map(date_of),
            ended_on: row.opt_int(8).map(date_of),
            recorded_at: Timestamp::from_micros(row.int(9)),
        },
        reason: row.text(10).to_owned(),
        evidence: row.text(11).to_owned(),
        recorded_by: row.text(12).to_owned(),
        ended_by: row.opt_text(13).map(str::to_owned),
        end_reason: row.opt_text(14).map(str::to_owned),
    })
}

/// Adds an entry; `false` if it is there already.
///
/// # Errors
/// What the database says; the same holds for every function here.
pub fn insert(tx: &mut Tx<'_>, row: &CircumstanceRow) -> Result<bool, StoreError> {
    let sql = "insert into circumstance (part, circumstance_id, customer_id, kind, value, agreement_id, contact_point_id, \
        from_on, through_on, reason, evidence, recorded_at, recorded_by) \
        values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) on conflict do nothing";
    let entry = &row.entry;
    let value = entry.content.value();
    let params = [
        part_param(entry.customer.part()),
        Param::Id(entry.id.0),
        Param::Id(entry.customer.0),
        Param::Text(entry.content.kind().code()),
        Param::Text(&value),
        Param::OptId(entry.agreement.map(|agreement| agreement.0)),
        Param::OptId(entry.contact_point.map(|point| point.0)),
        Param::Int(days(entry.from)),
        Param::OptInt(entry.through.map(days)),
        Param::Text(&row.reason),
        Param::Text(&row.evidence),
        Param::Int(entry.recorded_at.micros()),
        Param::Text(&row.recorded_by),
    ];
    Ok(tx.execute(sql, &params)? == 1)
}

/// Ends an entry from `on` on; `false` when it was ended before.
///
/// # Errors
/// What the database says.
pub fn end(
    tx: &mut Tx<'_>,
    id: CircumstanceId,
    on: Date,
    at: Timestamp,
    by: &str,
    reason: &str,
) -> Result<bool, StoreError> {
    let Some(part) = id.part() else { return Ok(false) };
    let sql = "update circumstance set ended_on = ?3, ended_at = ?4, ended_by = ?5, end_reason = ?6 \
        where part = ?1 and circumstance_id = ?2 and ended_on is null";
    let params = [
        part_param(part),
        Param::Id(id.0),
        Param::Int(days(on)),
        Param::Int(at.micros()),
        Param::Text(by),
        Param::Text(reason),
    ];
    Ok(tx.execute(sql, &params)? == 1)
}

/// An entry by its id.
///
/// # Errors
/// What the database says.
pub fn find(tx: &mut Tx<'_>, id: CircumstanceId) -> Result<Option<CircumstanceRow>, StoreError> {
    let Some(part) = id.part() else { return Ok(None) };
    let sql = format!("select {COLUMNS} from circumstance t where t.part = ?1 and t.circumstance_id = ?2");
    tx.query_one(&sql, &[part_param(part), Param::Id(id.0)], read)
}

/// All entries of customers, in the order in which they were recorded.
///
/// # Errors
/// What the database says.
pub fn of_customers(
    tx: &mut Tx<'_>,
    customers: &[CustomerId],
) -> Result<HashMap<CustomerId, Vec<CircumstanceRow>>, StoreError> {
    let values: Vec<Param<'_>> =
        customers.iter().flat_map(|id| [part_param(id.part()), Param::Id(id.0)]).collect();
    let mut found: HashMap<CustomerId, Vec<CircumstanceRow>> = HashMap::new();
    tx.each_key(COLUMNS, "circumstance", &[PART, CUSTOMER], &values, |row| {
        let row = read(row)?;
        found.entry(row.entry.customer).or_default().push(row);
        Ok(())
    })?;
    for rows in found.values_mut() {
        rows.sort_by_key(|row| (row.entry.recorded_at, row.entry.id));
    }
    Ok(found)
}

/// What makes contact rest and has no end yet, over all parts: holds, opt-outs, promises and states of debtors; at most
/// `count_max`, the newest first.
///
/// # Errors
/// What the database says.
pub fn open_holds(tx: &mut Tx<'_>, count_max: usize) -> Result<Vec<CircumstanceRow>, StoreError> {
    let sql = format!(
        "select {COLUMNS} from part_number n join circumstance t on t.part = n.part \
         where t.ended_on is null and t.kind in ('complaint', 'dispute', 'hardship_plan', 'promise', 'opt_out', \
         'debtor_state', 'attorney') order by t.recorded_at desc, t.circumstance_id limit ?1"
    );
    tx.query(&sql, &[Param::Int(i64::try_from(count_max).unwrap_or(i64::MAX))], read)
}

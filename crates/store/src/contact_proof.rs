//! Proofs that a number or address is the person's, and the history of contact points with their values opened.

use std::collections::HashMap;

use dunlin_domain::contact::{ContactPointKind, Personal, ProofKind};
use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::id::{ContactPointId, CustomerId};

use crate::agreement::{damaged, date_of, days, part_param};
use crate::cipher::MasterKey;
use crate::contact_change::{PointChangeRow, point_changes};
use crate::customer::{customer_keys, keys_of, normalised, value_cell};
use crate::{Column, Param, Row, StoreError, Tx};

/// A proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofRow {
    /// Its id, from its cause: the same proof twice is one.
    pub id: [u8; 16],
    /// Whose number or address it is.
    pub customer: CustomerId,
    /// Which.
    pub point: ContactPointId,
    /// Keyed hash of the number or address that was proved.
    pub lookup: [u8; 16],
    /// The day, by the customer's calendar.
    pub verified_on: Date,
    /// What shows it.
    pub how: ProofKind,
    /// Where what shows it is kept.
    pub evidence: String,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// By whom.
    pub recorded_by: String,
}

/// The keyed hash under which a number or address is found.
#[must_use]
pub fn lookup_of(master: &MasterKey, kind: ContactPointKind, value: &Personal) -> [u8; 16] {
    master.lookup_hash(kind.code(), &normalised(value))
}

/// Adds a proof; `false` if it is there already.
///
/// # Errors
/// What the database says; the same holds for every function here.
pub fn insert(tx: &mut Tx<'_>, row: &ProofRow) -> Result<bool, StoreError> {
    let sql = "insert into contact_point_proof (part, customer_id, contact_point_id, proof_id, lookup, verified_on, how, \
        evidence, recorded_at, recorded_by) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) on conflict do nothing";
    let params = [
        part_param(row.customer.part()),
        Param::Id(row.customer.0),
        Param::Id(row.point.0),
        Param::Id(row.id),
        Param::Id(row.lookup),
        Param::Int(days(row.verified_on)),
        Param::Text(row.how.code()),
        Param::Text(&row.evidence),
        Param::Int(row.recorded_at.micros()),
        Param::Text(&row.recorded_by),
    ];
    Ok(tx.execute(sql, &params)? == 1)
}

fn read(row: &Row<'_>) -> Result<ProofRow, StoreError> {
    let how = ProofKind::parse(row.text(5));
    Ok(ProofRow {
        customer: CustomerId(row.id16(0)),
        point: ContactPointId(row.id16(1)),
        id: row.id16(2),
        lookup: row.id16(3),
        verified_on: date_of(row.int(4)),
        how: how.ok_or_else(|| damaged(format!("proof {:?} of a contact point is unknown", row.text(5))))?,
        evidence: row.text(6).to_owned(),
        recorded_at: Timestamp::from_micros(row.int(7)),
        recorded_by: row.text(8).to_owned(),
    })
}

const COLUMNS: &str = "t.customer_id, t.contact_point_id, t.proof_id, t.lookup, t.verified_on, t.how, t.evidence, \
    t.recorded_at, t.recorded_by";
const POINT_KEY: [(&str, Column); 3] =
    [("part", Column::Int), ("customer_id", Column::Bytes), ("contact_point_id", Column::Bytes)];
const CUSTOMER_KEY: [(&str, Column); 2] = [("part", Column::Int), ("customer_id", Column::Bytes)];

/// All proofs of customers' contact points, in the order of their days.
///
/// # Errors
/// What the database says.
pub fn of_customers(tx: &mut Tx<'_>, customers: &[CustomerId]) -> Result<Vec<ProofRow>, StoreError> {
    let keys = customer_keys(customers);
    let mut rows = tx.query_keys(COLUMNS, "contact_point_proof", &CUSTOMER_KEY, &keys, read)?;
    rows.sort_by_key(|row| (row.verified_on, row.recorded_at, row.id));
    Ok(rows)
}

/// The proofs that speak of the number or address as it is now.
///
/// # Errors
/// What the database says.
pub fn current_of(tx: &mut Tx<'_>, customers: &[CustomerId]) -> Result<Vec<ProofRow>, StoreError> {
    let mut rows = of_customers(tx, customers)?;
    if !rows.is_empty() {
        let points: Vec<(CustomerId, ContactPointId)> =
            rows.iter().map(|row| (row.customer, row.point)).collect();
        let lookups = lookups(tx, &points)?;
        rows.retain(|row| lookups.get(&(row.customer, row.point)) == Some(&row.lookup));
    }
    Ok(rows)
}

/// The keyed hashes of contact points as they are now.
///
/// # Errors
/// What the database says.
pub fn lookups(
    tx: &mut Tx<'_>,
    points: &[(CustomerId, ContactPointId)],
) -> Result<HashMap<(CustomerId, ContactPointId), [u8; 16]>, StoreError> {
    let mut points = points.to_vec();
    points.sort_unstable();
    points.dedup();
    let keys: Vec<Param<'_>> = points
        .iter()
        .flat_map(|(customer, point)| {
            [part_param(customer.part()), Param::Id(customer.0), Param::Id(point.0)]
        })
        .collect();
    let select = "t.customer_id, t.contact_point_id, t.lookup";
    let read = |row: &Row<'_>| Ok(((CustomerId(row.id16(0)), ContactPointId(row.id16(1))), row.id16(2)));
    Ok(tx.query_keys(select, "contact_point", &POINT_KEY, &keys, read)?.into_iter().collect())
}

/// How a contact point came to us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// When; missing for those that came before this was kept.
    pub at: Option<Timestamp>,
    /// Who brought it.
    pub by: String,
    /// The file and line.
    pub place: String,
}

/// How the contact points of a customer came to us.
///
/// # Errors
/// What the database says.
pub fn origins(tx: &mut Tx<'_>, customer: CustomerId) -> Result<HashMap<ContactPointId, Origin>, StoreError> {
    let sql = "select contact_point_id, added_at, added_by, added_place from contact_point \
        where part = ?1 and customer_id = ?2";
    let read = |row: &Row<'_>| {
        let at = Some(row.int(1)).filter(|at| *at != 0).map(Timestamp::from_micros);
        let (by, place) = (row.text(2).to_owned(), row.text(3).to_owned());
        Ok((ContactPointId(row.id16(0)), Origin { at, by, place }))
    };
    let rows = tx.query(sql, &[part_param(customer.part()), Param::Id(customer.0)], read)?;
    Ok(rows.into_iter().collect())
}

/// The history of a customer's contact points, oldest first, each with the number or address before, where that changed.
///
/// # Errors
/// What the database or the cipher says.
pub fn opened_changes(
    tx: &mut Tx<'_>,
    master: &MasterKey,
    customer: CustomerId,
) -> Result<Vec<(PointChangeRow, Option<Personal>)>, StoreError> {
    let keys = keys_of(tx, master, &[customer])?;
    let open = |change: PointChangeRow| {
        let value = match (keys.get(&customer), &change.value_before_sealed) {
            (Some(key), Some(sealed)) => {
                Some(key.decrypt(&value_cell(&change.point), sealed).map_err(StoreError::Cipher)?)
            }
            (None, _) | (Some(_), None) => None,
        };
        Ok((change, value))
    };
    point_changes(tx, customer)?.into_iter().map(open).collect()
}

//! New numbers and addresses that a file brings for contact points in use, while they wait for a second person.

use std::collections::HashMap;

use dunlin_domain::contact::{ContactPointKind, ContactPointState, Party};
use dunlin_domain::id::{ContactPointId, CustomerId};

use crate::agreement::{damaged, part_param};
use crate::cipher::{Cell, MasterKey};
use crate::customer::{ContactPointRow, NewPoint, keys_of};
use crate::{Column, Conflict, Param, Row, StoreError, Tx};

/// A change of a contact point that waits.
#[derive(Clone, Debug)]
pub struct Correction {
    /// The row as it would be.
    pub new: NewPoint,
    /// Hash of the lender's row that it would change.
    pub content_hash_before: [u8; 16],
}

const COLUMNS: [(&str, Column); 13] = [
    ("part", Column::Int),
    ("request_id", Column::Bytes),
    ("customer_id", Column::Bytes),
    ("contact_point_id", Column::Bytes),
    ("external_id", Column::Text),
    ("kind", Column::Text),
    ("party", Column::Text),
    ("state", Column::Text),
    ("priority", Column::Int),
    ("value_sealed", Column::Bytes),
    ("content_hash", Column::Bytes),
    ("content_hash_before", Column::Bytes),
    ("place", Column::Text),
];

fn cell(id: &ContactPointId) -> Cell<'_> {
    Cell { table: "contact_request_value", column: "value_sealed", row: &id.0 }
}

/// Keeps what a request would change, sealed under the customers' keys.
///
/// # Errors
/// What the database or the cipher says; the same holds for every function here.
pub fn insert(
    tx: &mut Tx<'_>,
    master: &MasterKey,
    request: [u8; 16],
    corrections: &[Correction],
) -> Result<(), StoreError> {
    let customers: Vec<CustomerId> =
        corrections.iter().map(|correction| correction.new.row.customer).collect();
    let keys = keys_of(tx, master, &customers)?;
    let seal = |correction: &Correction| {
        let row = &correction.new.row;
        // Who was erased gets no new number, whatever a file says.
        keys.get(&row.customer).map(|key| key.encrypt(&cell(&row.id), &row.value))
    };
    let sealed: Vec<Option<Vec<u8>>> = corrections.iter().map(seal).collect();
    let mut values = Vec::with_capacity(corrections.len() * COLUMNS.len());
    for (correction, sealed) in corrections.iter().zip(&sealed) {
        let Some(sealed) = sealed else { continue };
        let NewPoint { row, content_hash, place } = &correction.new;
        values.extend([part_param(row.customer.part()), Param::Id(request), Param::Id(row.customer.0)]);
        values.extend(row.params());
        values.extend([
            Param::Bytes(sealed),
            Param::Id(*content_hash),
            Param::Id(correction.content_hash_before),
            Param::Text(place),
        ]);
    }
    tx.insert_rows("contact_request_value", &COLUMNS, Conflict::Fail, &values)?;
    Ok(())
}

/// What a row holds, with its value still sealed.
type Sealed = (Correction, Vec<u8>);

fn read(row: &Row<'_>) -> Result<Sealed, StoreError> {
    let id = ContactPointId(row.id16(1));
    let unknown =
        |column: &str| damaged(format!("change of contact point {id}: {column} is not a known code"));
    let point = ContactPointRow {
        id,
        customer: CustomerId(row.id16(0)),
        external_id: row.text(2).to_owned(),
        kind: ContactPointKind::parse(row.text(3)).ok_or_else(|| unknown("kind"))?,
        party: Party::parse(row.text(4)).ok_or_else(|| unknown("party"))?,
        state: ContactPointState::parse(row.text(5)).ok_or_else(|| unknown("state"))?,
        priority: row.int(6),
        value: dunlin_domain::contact::Personal::default(),
    };
    let new = NewPoint { row: point, content_hash: row.id16(8), place: row.text(10).to_owned() };
    Ok((Correction { new, content_hash_before: row.id16(9) }, row.bytes(7).to_vec()))
}

/// What a request would change, over all parts, opened. Customers whose data were erased are left out.
///
/// # Errors
/// What the database or the cipher says.
pub fn of_request(
    tx: &mut Tx<'_>,
    master: &MasterKey,
    request: [u8; 16],
) -> Result<Vec<Correction>, StoreError> {
    let sql = "select v.customer_id, v.contact_point_id, v.external_id, v.kind, v.party, v.state, v.priority, \
        v.value_sealed, v.content_hash, v.content_hash_before, v.place \
        from part_number n join contact_request_value v on v.part = n.part and v.request_id = ?1 \
        order by v.part, v.customer_id, v.contact_point_id";
    let sealed = tx.query(sql, &[Param::Id(request)], read)?;
    let customers: Vec<CustomerId> = sealed.iter().map(|(row, _)| row.new.row.customer).collect();
    let keys: HashMap<_, _> = keys_of(tx, master, &customers)?;
    let mut opened = Vec::with_capacity(sealed.len());
    for (mut correction, sealed) in sealed {
        let row = &mut correction.new.row;
        let Some(key) = keys.get(&row.customer) else { continue };
        row.value = key.decrypt(&cell(&row.id), &sealed).map_err(StoreError::Cipher)?;
        opened.push(correction);
    }
    Ok(opened)
}

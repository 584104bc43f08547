//! Channels that a file opts customers out of, or in to: while they wait for a second person, and to undo them as one.

use dunlin_domain::contact::Channel;
use dunlin_domain::date::Timestamp;
use dunlin_domain::id::CustomerId;

use crate::agreement::{channels_text, parse_channels, part_param};
use crate::{Column, Conflict, Param, Row, StoreError, Tx};

/// What a file changes of one customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptOutChange {
    /// The customer.
    pub customer: CustomerId,
    /// The channels that the lender's files opted the customer out of before.
    pub before: Vec<Channel>,
    /// Those that the file says.
    pub after: Vec<Channel>,
    /// The hash of the row that says it.
    pub content_hash: [u8; 16],
}

impl OptOutChange {
    /// Whether a channel is closed that was open.
    #[must_use]
    pub fn opts_out(&self) -> bool {
        self.after.iter().any(|channel| !self.before.contains(channel))
    }

    /// Whether a channel is open that was closed.
    #[must_use]
    pub fn opts_in(&self) -> bool {
        self.before.iter().any(|channel| !self.after.contains(channel))
    }
}

const COLUMNS: [(&str, Column); 6] = [
    ("part", Column::Int),
    ("batch_id", Column::Bytes),
    ("customer_id", Column::Bytes),
    ("channels_before", Column::Text),
    ("channels_after", Column::Text),
    ("content_hash", Column::Bytes),
];

/// Keeps the changes of a batch, whether it is carried out or waits.
///
/// # Errors
/// What the database says; the same holds for every function here.
pub fn insert(tx: &mut Tx<'_>, batch: [u8; 16], changes: &[OptOutChange]) -> Result<(), StoreError> {
    let texts: Vec<(String, String)> =
        changes.iter().map(|change| (channels_text(&change.before), channels_text(&change.after))).collect();
    let mut values = Vec::with_capacity(changes.len() * COLUMNS.len());
    for (change, (before, after)) in changes.iter().zip(&texts) {
        values.extend([
            part_param(change.customer.part()),
            Param::Id(batch),
            Param::Id(change.customer.0),
            Param::Text(before),
            Param::Text(after),
            Param::Id(change.content_hash),
        ]);
    }
    tx.insert_rows("opt_out_change", &COLUMNS, Conflict::Fail, &values)?;
    Ok(())
}

fn read(row: &Row<'_>) -> Result<OptOutChange, StoreError> {
    Ok(OptOutChange {
        customer: CustomerId(row.id16(0)),
        before: parse_channels(row.text(1))?,
        after: parse_channels(row.text(2))?,
        content_hash: row.id16(3),
    })
}

/// The changes of a batch, over all parts.
///
/// # Errors
/// What the database says.
pub fn of_batch(tx: &mut Tx<'_>, batch: [u8; 16]) -> Result<Vec<OptOutChange>, StoreError> {
    let sql = "select c.customer_id, c.channels_before, c.channels_after, c.content_hash \
        from part_number n join opt_out_change c on c.part = n.part and c.batch_id = ?1 \
        order by c.part, c.customer_id";
    tx.query(sql, &[Param::Id(batch)], read)
}

/// What a row of the lender's said of a customer's channels where it did not hold, or not at once; `None` where it held.
///
/// # Errors
/// What the database says.
pub fn said(
    tx: &mut Tx<'_>,
    customer: CustomerId,
    content_hash: [u8; 16],
) -> Result<Option<Vec<Channel>>, StoreError> {
    let sql = "select channels_after from opt_out_change where part = ?1 and customer_id = ?2 and content_hash = ?3 \
        order by batch_id limit 1";
    let params = [part_param(customer.part()), Param::Id(customer.0), Param::Id(content_hash)];
    tx.query_one(sql, &params, |row| parse_channels(row.text(0)))
}

/// Puts the channels that the lender's files opt a customer out of. The hash of the file's row stays, so that the same file
/// does not do it again; it counts from `at`.
///
/// # Errors
/// What the database says.
pub fn put(
    tx: &mut Tx<'_>,
    customer: CustomerId,
    channels: &[Channel],
    at: Timestamp,
) -> Result<(), StoreError> {
    let sql = "update customer set opt_out = ?3, imported_at = ?4 where part = ?1 and customer_id = ?2";
    let text = channels_text(channels);
    let params =
        [part_param(customer.part()), Param::Id(customer.0), Param::Text(&text), Param::Int(at.micros())];
    tx.execute(sql, &params)?;
    Ok(())
}

/// How many customers there are, over all parts.
///
/// # Errors
/// What the database says.
pub fn count_customers(tx: &mut Tx<'_>) -> Result<i64, StoreError> {
    let sql = "select count(*) from part_number n join customer c on c.part = n.part";
    Ok(tx.query_one(sql, &[], |row| Ok(row.int(0)))?.unwrap_or(0))
}

//! Money from banks and gateways that belongs to nobody yet (待处理款项): which entries are in the books, and which wait for it.

use dunlin_domain::date::{BusinessDate, Date, Timestamp};
use dunlin_domain::id::{Key, Part};
use dunlin_domain::money::{Currency, Money};

use crate::agreement::{damaged, date_of, days, part_of, part_param};
use crate::run::Span;
use crate::{Column, Conflict, Param, Row, StoreError, Tx};

/// One entry that is in the books as belonging to nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuspenseRow {
    /// The entry's part.
    pub part: Part,
    /// The entry.
    pub entry: Key,
    /// The amount.
    pub amount: Money,
    /// Its reference with whoever told of it.
    pub reference: String,
    /// `bank_file` or `gateway`.
    pub source: String,
    /// The account of the statement that it stands in, or the gateway.
    pub source_name: String,
    /// When it was posted.
    pub posted_on: Date,
    /// When it was assigned or sent back.
    pub cleared_on: Option<Date>,
}

const SELECTED: &str = "s.part, s.entry_key, s.amount_minor, s.currency, s.reference, s.source_name, s.posted_on, s.cleared_on, s.source";

fn read(row: &Row<'_>) -> Result<SuspenseRow, StoreError> {
    let currency = Currency::parse(row.text(3)).map_err(|error| damaged(error.to_string()))?;
    Ok(SuspenseRow {
        part: part_of(row, 0)?,
        entry: Key(row.id16(1)),
        amount: Money::new(row.int(2), currency),
        reference: row.text(4).to_owned(),
        source_name: row.text(5).to_owned(),
        posted_on: date_of(row.int(6)),
        cleared_on: row.opt_int(7).map(date_of),
        source: row.text(8).to_owned(),
    })
}

/// A payment that a bank or a gateway told of and that belongs to nobody, as it stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unassigned {
    /// Its part.
    pub part: Part,
    /// The entry.
    pub entry: Key,
    /// The amount as it stands there.
    pub amount: String,
    /// The currency as it stands there.
    pub currency: String,
    /// Its reference with whoever told of it.
    pub reference: String,
    /// `bank_file` or `gateway`.
    pub source: String,
    /// The account of the statement, or the gateway.
    pub source_name: String,
}

/// The payments of bank statements and call-backs that came before `moment`, belong to nobody and are not in the books, in the parts of
/// a span.
///
/// # Errors
/// What the database says; the same holds for every function here.
pub fn unposted(tx: &mut Tx<'_>, span: Span, moment: Timestamp) -> Result<Vec<Unassigned>, StoreError> {
    let sql = "select i.part, i.entry_key, i.amount, i.currency, i.reference, i.source_name, i.source from part_number n \
        join incoming i on i.part = n.part left join suspense s on s.part = i.part and s.entry_key = i.entry_key \
        where n.part >= ?1 and n.part <= ?2 and i.is_open = 1 and i.kind = 'payment' \
        and i.received_at <= ?3 and s.part is null order by i.part, i.entry_key";
    let params = [part_param(span.first), part_param(span.last), Param::Int(moment.micros())];
    tx.query(sql, &params, |row| {
        Ok(Unassigned {
            part: part_of(row, 0)?,
            entry: Key(row.id16(1)),
            amount: row.text(2).to_owned(),
            currency: row.text(3).to_owned(),
            reference: row.text(4).to_owned(),
            source_name: row.text(5).to_owned(),
            source: row.text(6).to_owned(),
        })
    })
}

/// The entries in the books that were assigned or sent back before `moment`, in the parts of a span.
///
/// # Errors
/// What the database says.
pub fn settled(tx: &mut Tx<'_>, span: Span, moment: Timestamp) -> Result<Vec<SuspenseRow>, StoreError> {
    let sql = format!(
        "select {SELECTED} from part_number n join suspense s on s.part = n.part \
         join incoming i on i.part = s.part and i.entry_key = s.entry_key \
         where n.part >= ?1 and n.part <= ?2 and s.cleared_on is null and i.is_open = 0 and i.state_at <= ?3 \
         order by s.part, s.entry_key"
    );
    let params = [part_param(span.first), part_param(span.last), Param::Int(moment.micros())];
    tx.query(&sql, &params, read)
}

/// Notes entries that are in the books from now on.
///
/// # Errors
/// What the database says.
pub fn insert(tx: &mut Tx<'_>, rows: &[SuspenseRow]) -> Result<(), StoreError> {
    const COLUMNS: [(&str, Column); 8] = [
        ("part", Column::Int),
        ("entry_key", Column::Bytes),
        ("amount_minor", Column::Int),
        ("currency", Column::Text),
        ("reference", Column::Text),
        ("source_name", Column::Text),
        ("posted_on", Column::Int),
        ("source", Column::Text),
    ];
    let mut values = Vec::with_capacity(rows.len() * COLUMNS.len());
    for row in rows {
        values.extend([
            part_param(row.part),
            Param::Id(row.entry.0),
            Param::Int(row.amount.minor()),
            Param::Text(row.amount.currency().code()),
            Param::Text(&row.reference),
            Param::Text(&row.source_name),
            Param::Int(days(row.posted_on)),
            Param::Text(&row.source),
        ]);
    }
    tx.insert_rows("suspense", &COLUMNS, Conflict::Fail, &values)?;
    Ok(())
}

/// Notes entries that are no longer in the books as belonging to nobody.
///
/// # Errors
/// What the database says.
pub fn clear(tx: &mut Tx<'_>, rows: &[SuspenseRow], on: BusinessDate) -> Result<(), StoreError> {
    let mut values = Vec::with_capacity(rows.len() * 3);
    for row in rows {
        values.extend([part_param(row.part), Param::Id(row.entry.0), Param::Int(days(on.0))]);
    }
    let keys = [("part", Column::Int), ("entry_key", Column::Bytes)];
    tx.update_rows("suspense", &keys, &[("cleared_on", Column::Int)], &values)?;
    Ok(())
}

/// Every entry of one part that is or was in the books.
///
/// # Errors
/// What the database says.
pub fn of_part(tx: &mut Tx<'_>, part: Part) -> Result<Vec<SuspenseRow>, StoreError> {
    let sql = format!("select {SELECTED} from suspense s where s.part = ?1 order by s.entry_key");
    tx.query(&sql, &[part_param(part)], read)
}

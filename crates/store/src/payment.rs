//! What payments need beside facts: the callers' references, and payments over several agreements.
//!
//! What gateways and banks say lies in [`crate::incoming`], waivers in [`crate::waiver`].

use dunlin_domain::customer_split::{Rank, Share};
use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::fact::FactKind;
use dunlin_domain::id::{AgreementId, CustomerId, Key, Part};
use dunlin_domain::money::{Currency, Money};

use crate::agreement::{damaged, date_of, days, part_param};
use crate::{Column, Conflict, Dialect, Param, StoreError, Tx};

/// Holds off every other change of an agreement until the transaction ends.
///
/// # Errors
/// What the database says; the same holds for every function here.
pub fn lock_agreement(tx: &mut Tx<'_>, part: Part, agreement: AgreementId) -> Result<(), StoreError> {
    // No writing transaction of SQLite ever has another beside it.
    if tx.dialect() == Dialect::Sqlite {
        return Ok(());
    }
    let sql = "select part from agreement where part = ?1 and agreement_id = ?2 for update";
    tx.query_one(sql, &[part_param(part), Param::Id(agreement.0)], |_| Ok(()))?;
    Ok(())
}

/// What a reference was used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReferenceRow {
    /// The agreement, if it is about one.
    pub agreement: Option<AgreementId>,
    /// The customer, if it is a payment over several agreements.
    pub customer: Option<CustomerId>,
    /// The day at whose end the answer stood.
    pub as_of: Date,
}

/// The key of a reference among facts of one kind.
#[must_use]
pub fn reference_key(kind: FactKind, reference: &str) -> Key {
    Key::of_cause("fact reference", &[kind.code().as_bytes(), reference.as_bytes()])
}

/// Claims a reference; gives what it was used for if it was claimed before. Of two that claim it at once, the second
/// waits for the first.
///
/// # Errors
/// What the database says.
pub fn claim_reference(
    tx: &mut Tx<'_>,
    key: Key,
    row: &ReferenceRow,
) -> Result<Option<ReferenceRow>, StoreError> {
    let sql = "insert into fact_reference (part, reference_key, agreement_id, customer_id, as_of) \
        values (?1, ?2, ?3, ?4, ?5) on conflict do nothing";
    let params = [
        part_param(Part::of(&key.0)),
        Param::Id(key.0),
        Param::OptId(row.agreement.map(|agreement| agreement.0)),
        Param::OptId(row.customer.map(|customer| customer.0)),
        Param::Int(days(row.as_of)),
    ];
    if tx.execute(sql, &params)? == 1 {
        return Ok(None);
    }
    let found = find_reference(tx, key)?;
    found.map(Some).ok_or_else(|| damaged(format!("reference {key} cannot be read back")))
}

/// Gives a claim back that came to nothing.
///
/// # Errors
/// What the database says.
pub fn release_reference(tx: &mut Tx<'_>, key: Key) -> Result<(), StoreError> {
    let sql = "delete from fact_reference where part = ?1 and reference_key = ?2";
    tx.execute(sql, &[part_param(Part::of(&key.0)), Param::Id(key.0)])?;
    Ok(())
}

/// What a reference was used for, if it was.
///
/// # Errors
/// What the database says.
pub fn find_reference(tx: &mut Tx<'_>, key: Key) -> Result<Option<ReferenceRow>, StoreError> {
    let sql =
        "select agreement_id, customer_id, as_of from fact_reference where part = ?1 and reference_key = ?2";
    tx.query_one(sql, &[part_param(Part::of(&key.0)), Param::Id(key.0)], |row| {
        Ok(ReferenceRow {
            agreement: row.opt_id16(0).map(AgreementId),
            customer: row.opt_id16(1).map(CustomerId),
            as_of: date_of(row.int(2)),
        })
    })
}

/// A payment over several agreements of one customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomerPaymentRow {
    /// The key of its reference.
    pub key: Key,
    /// The customer.
    pub customer: CustomerId,
    /// The caller's reference.
    pub reference: String,
    /// All of it.
    pub amount: Money,
    /// The value date.
    pub value_on: Date,
    /// The agreements that the customer named, as they were named.
    pub designated: Vec<String>,
    /// Who recorded it.
    pub actor: String,
    /// When.
    pub recorded_at: Timestamp,
    /// Its parts, in the order of the split.
    pub shares: Vec<Share>,
}

/// Adds a payment over several agreements.
///
/// # Errors
/// What the database says.
pub fn insert_customer_payment(tx: &mut Tx<'_>, payment: &CustomerPaymentRow) -> Result<(), StoreError> {
    let part = part_param(payment.customer.part());
    let sql = "insert into customer_payment (part, payment_key, customer_id, reference, amount_minor, currency, value_on, \
        designated, actor, recorded_at) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    let designated = payment.designated.join("\n");
    let params = [
        part,
        Param::Id(payment.key.0),
        Param::Id(payment.customer.0),
        Param::Text(&payment.reference),
        Param::Int(payment.amount.minor()),
        Param::Text(payment.amount.currency().code()),
        Param::Int(days(payment.value_on)),
        Param::Text(&designated),
        Param::Text(&payment.actor),
        Param::Int(payment.recorded_at.micros()),
    ];
    tx.execute(sql, &params)?;
    const COLUMNS: [(&str, Column); 7] = [
        ("part", Column::Int),
        ("payment_key", Column::Bytes),
        ("share_index", Column::Int),
        ("agreement_id", Column::Bytes),
        ("due_on", Column::Int),
        ("rank", Column::Text),
        ("amount_minor", Column::Int),
    ];
    let mut values = Vec::with_capacity(payment.shares.len() * COLUMNS.len());
    for (index, share) in (0..).zip(&payment.shares) {
        values.extend([
            part,
            Param::Id(payment.key.0),
            Param::Int(index),
            Param::Id(share.agreement.0),
            Param::OptInt(share.due_on.map(days)),
            Param::Text(share.rank.code()),
            Param::Int(share.amount.minor()),
        ]);
    }
    tx.insert_rows("customer_payment_share", &COLUMNS, Conflict::Fail, &values)?;
    Ok(())
}

/// A payment over several agreements, by the customer and the key of its reference.
///
/// # Errors
/// What the database says.
pub fn find_customer_payment(
    tx: &mut Tx<'_>,
    customer: CustomerId,
    key: Key,
) -> Result<Option<CustomerPaymentRow>, StoreError> {
    let sql = "select reference, amount_minor, currency, value_on, designated, actor, recorded_at from customer_payment \
        where part = ?1 and payment_key = ?2";
    let keys = [part_param(customer.part()), Param::Id(key.0)];
    let found = tx.query_one(sql, &keys, |row| {
        let currency = Currency::parse(row.text(2)).map_err(|error| damaged(error.to_string()))?;
        Ok(CustomerPaymentRow {
            key,
            customer,
            reference: row.text(0).to_owned(),
            amount: Money::new(row.int(1), currency),
            value_on: date_of(row.int(3)),
            designated: row.text(4).split('\n').filter(|name| !name.is_empty()).map(str::to_owned).collect(),
            actor: row.text(5).to_owned(),
            recorded_at: Timestamp::from_micros(row.int(6)),
            shares: Vec::new(),
        })
    })?;
    let Some(mut payment) = found else { return Ok(None) };
    let sql = "select agreement_id, due_on, rank, amount_minor from customer_payment_share \
        where part = ?1 and payment_key = ?2 order by share_index";
    let currency = payment.amount.currency();
    payment.shares = tx.query(sql, &keys, |row| {
        Ok(Share {
            agreement: AgreementId(row.id16(0)),
            due_on: row.opt_int(1).map(date_of),
            rank: Rank::parse(row.text(2))
                .ok_or_else(|| damaged(format!("share of payment {key}: rank is not a known code")))?,
            amount: Money::new(row.int(3), currency),
        })
    })?;
    Ok(Some(payment))
}

/// Counts a call-back whose signature is not right; gives how many there were on that day.
///
/// # Errors
/// What the database says.
pub fn count_forged(tx: &mut Tx<'_>, gateway: &str, day: Date, reason: &str) -> Result<i64, StoreError> {
    let sql = "insert into forged_callback (part, gateway, day, reason, n) values (0, ?1, ?2, ?3, 1) \
        on conflict (part, gateway, day, reason) do update set n = forged_callback.n + 1 returning n";
    let params = [Param::Text(gateway), Param::Int(days(day)), Param::Text(reason)];
    Ok(tx.query_one(sql, &params, |row| Ok(row.int(0)))?.unwrap_or(0))
}

/// The call-backs whose signature was not right: gateway, day, reason and number.
///
/// # Errors
/// What the database says.
pub fn forged(tx: &mut Tx<'_>) -> Result<Vec<(String, Date, String, i64)>, StoreError> {
    let sql =
        "select gateway, day, reason, n from forged_callback where part = 0 order by day, gateway, reason";
    tx.query(sql, &[], |row| {
        Ok((row.text(0).to_owned(), date_of(row.int(1)), row.text(2).to_owned(), row.int(3)))
    })
}

/// The last business date that was decided before a moment; `None` before the first.
///
/// # Errors
/// What the database says.
pub fn last_day_decided_before(tx: &mut Tx<'_>, moment: Timestamp) -> Result<Option<Date>, StoreError> {
    let sql = "select max(business_date) from business_day where part = 0 and decided_at < ?1";
    let last = tx.query_one(sql, &[Param::Int(moment.micros())], |row| Ok(row.opt_int(0)))?;
    Ok(last.flatten().map(date_of))
}

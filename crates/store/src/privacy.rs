//! What is done with a customer's data at their wish or for the law: the log of it, and the destruction of their key.
//!
//! Erasing destroys the customer's own key, so that every sealed name, number and address becomes unreadable wherever a
//! copy of it lies. What remains of the person are ids of the lender's; the ledger and the verdicts stay as they are.

use std::collections::HashSet;

use dunlin_domain::circumstance::{CircumstanceKind, Content};
use dunlin_domain::compliance::DebtorState;
use dunlin_domain::contact::ContactPointState;
use dunlin_domain::date::Timestamp;
use dunlin_domain::id::CustomerId;

use crate::agreement::part_param;
use crate::{Column, Param, StoreError, Tx};

/// What stands in the place of words that may name the person.
const ERASED: &str = "erased";

/// One entry of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrivacyEntry {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// `access`, `copy`, `correct`, `restrict`, `end_restriction`, `delete` or `erase`.
    pub action: String,
    /// What exactly, without the data themselves.
    pub detail: String,
}

/// Adds an entry.
///
/// # Errors
/// What the database says; the same holds for every function here.
pub fn note(tx: &mut Tx<'_>, customer: CustomerId, entry: &PrivacyEntry) -> Result<(), StoreError> {
    let key = [part_param(customer.part()), Param::Id(customer.0)];
    let sql =
        "select coalesce(max(entry_index) + 1, 0) from privacy_log where part = ?1 and customer_id = ?2";
    let index = tx.query_one(sql, &key, |row| Ok(row.int(0)))?.unwrap_or(0);
    let sql = "insert into privacy_log (part, customer_id, entry_index, at, actor, action, detail) \
        values (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let params = [
        key[0],
        key[1],
        Param::Int(index),
        Param::Int(entry.at.micros()),
        Param::Text(&entry.actor),
        Param::Text(&entry.action),
        Param::Text(&entry.detail),
    ];
    tx.execute(sql, &params)?;
    Ok(())
}

/// The log of a customer, oldest first.
///
/// # Errors
/// What the database says.
pub fn log(tx: &mut Tx<'_>, customer: CustomerId) -> Result<Vec<PrivacyEntry>, StoreError> {
    let sql = "select at, actor, action, detail from privacy_log where part = ?1 and customer_id = ?2 \
        order by entry_index";
    tx.query(sql, &[part_param(customer.part()), Param::Id(customer.0)], |row| {
        Ok(PrivacyEntry {
            at: Timestamp::from_micros(row.int(0)),
            actor: row.text(1).to_owned(),
            action: row.text(2).to_owned(),
            detail: row.text(3).to_owned(),
        })
    })
}

/// Those of `customers` whose name was corrected by hand at any time: entries `correct` whose detail begins with `name: `.
///
/// # Errors
/// What the database says.
pub fn with_corrected_name(
    tx: &mut Tx<'_>,
    customers: &[CustomerId],
) -> Result<HashSet<CustomerId>, StoreError> {
    let keys = [("part", Column::Int), ("customer_id", Column::Bytes)];
    let values: Vec<Param<'_>> =
        customers.iter().flat_map(|id| [part_param(id.part()), Param::Id(id.0)]).collect();
    let mut found = HashSet::new();
    tx.each_key("t.customer_id, t.action, t.detail", "privacy_log", &keys, &values, |row| {
        if row.text(1) == "correct" && row.text(2).starts_with("name: ") {
            found.insert(CustomerId(row.id16(0)));
        }
        Ok(())
    })?;
    Ok(found)
}

/// Whether a customer's key was destroyed; `None` when there is no such customer.
///
/// # Errors
/// What the database says.
pub fn is_erased(tx: &mut Tx<'_>, customer: CustomerId) -> Result<Option<bool>, StoreError> {
    let sql = "select wrapped_key from customer where part = ?1 and customer_id = ?2";
    let key = [part_param(customer.part()), Param::Id(customer.0)];
    tx.query_one(sql, &key, |row| Ok(row.bytes(0).is_empty()))
}

/// Destroys a customer's key, and what could lead to the person without it.
///
/// # Errors
/// What the database says.
pub fn erase(tx: &mut Tx<'_>, customer: CustomerId) -> Result<(), StoreError> {
    let key = [part_param(customer.part()), Param::Id(customer.0)];
    let nothing = Param::Bytes(&[]);
    // The hash of the file's row would tell whoever guesses the name or number that the guess is right.
    let no_hash = Param::Id([0; 16]);
    let sql = "update customer set wrapped_key = ?3, name_sealed = ?3, content_hash = ?4 \
        where part = ?1 and customer_id = ?2";
    tx.execute(sql, &[key[0], key[1], nothing, no_hash])?;
    let sql = "update contact_point set value_sealed = ?3, lookup = ?4, content_hash = ?4, state = ?5 \
        where part = ?1 and customer_id = ?2";
    let removed = Param::Text(ContactPointState::Removed.code());
    tx.execute(sql, &[key[0], key[1], nothing, no_hash, removed])?;
    let sql = "update contact_point_change set value_before_sealed = null, reason = ?3 \
        where part = ?1 and customer_id = ?2";
    tx.execute(sql, &[key[0], key[1], Param::Text(ERASED)])?;
    let sql =
        "update contact_point_proof set evidence = ?3, lookup = ?4 where part = ?1 and customer_id = ?2";
    tx.execute(sql, &[key[0], key[1], Param::Text(ERASED), Param::Id([0; 16])])?;
    // Words of staff may name the person.
    let sql = "update circumstance set reason = ?3, evidence = ?3 where part = ?1 and customer_id = ?2";
    tx.execute(sql, &[key[0], key[1], Param::Text(ERASED)])?;
    Ok(())
}

/// Customers whose data are restricted and not yet erased, over all parts.
///
/// # Errors
/// What the database says.
pub fn restricted(tx: &mut Tx<'_>) -> Result<Vec<CustomerId>, StoreError> {
    let sql = "select distinct e.part, e.customer_id from part_number n \
        join circumstance e on e.part = n.part \
        join customer c on c.part = e.part and c.customer_id = e.customer_id \
        where e.kind = ?1 and e.value = ?2 and e.ended_on is null order by e.part, e.customer_id";
    let value = Content::Debtor(DebtorState::Restricted).value();
    let params = [Param::Text(CircumstanceKind::DebtorState.code()), Param::Text(&value)];
    tx.query(sql, &params, |row| Ok(CustomerId(row.id16(1))))
}

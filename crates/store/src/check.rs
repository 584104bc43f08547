//! Reads for `verify`, for the export of a portfolio and for the journal: one part at a time, and tolerant of
//! rows that no working program would have written, so that those can be named instead of stopping the reader.

use std::collections::{HashMap, HashSet};

use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::id::{AgreementId, ContactPointId, CustomerId, FactId, MessageId, Part};
use dunlin_domain::message::MessageState;

use crate::agreement::{date_of, days, part_of, part_param};
use crate::{Column, Param, Row, StoreError, Tx};

/// Tables whose rows lie in the part of their customer, and the directory in that of the agreement's own id.
const TABLES: [&str; 12] = [
    "customer",
    "contact_point",
    "agreement",
    "agreement_directory",
    "fact",
    "verdict",
    "message",
    "outbox",
    "attempt",
    "attempt_outcome",
    "receipt",
    "posting",
];

/// The parts in which there is anything, in order. Its cost does not depend on how much there is.
///
/// # Errors
/// What the database says; the same holds for every function here.
pub fn parts_in_use(tx: &mut Tx<'_>) -> Result<Vec<Part>, StoreError> {
    let exists = TABLES.map(|table| format!("exists (select 1 from {table} t where t.part = n.part)"));
    let sql = format!("select n.part from part_number n where {} order by n.part", exists.join(" or "));
    tx.query(&sql, &[], |row| part_of(row, 0))
}

/// What an agreement's row repeats of its standing, so that queries need not open the standing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repeated {
    /// The due date of the oldest overdue statement.
    pub overdue_due_on: Option<Date>,
    /// Index of the bucket.
    pub bucket_index: i64,
    /// What is overdue, minor units.
    pub overdue_minor: i64,
    /// What is owed in all, minor units.
    pub owed_minor: i64,
    /// Whether there are bytes of a standing, readable or not.
    pub has_standing: bool,
    /// When an import last wrote the row.
    pub imported_at: Timestamp,
}

/// The repeated columns of every agreement of one part.
///
/// # Errors
/// What the database says.
pub fn repeated_of_part(tx: &mut Tx<'_>, part: Part) -> Result<HashMap<AgreementId, Repeated>, StoreError> {
    let sql = "select agreement_id, overdue_due_on, bucket, overdue_minor, owed_minor, standing is not null, imported_at \
        from agreement where part = ?1";
    let read = |row: &Row<'_>| {
        let repeated = Repeated {
            overdue_due_on: row.opt_int(1).map(date_of),
            bucket_index: row.int(2),
            overdue_minor: row.int(3),
            owed_minor: row.int(4),
            has_standing: row.int(5) == 1,
            imported_at: Timestamp::from_micros(row.int(6)),
        };
        Ok((AgreementId(row.id16(0)), repeated))
    };
    Ok(tx.query(sql, &[part_param(part)], read)?.into_iter().collect())
}

/// When the last fact of each agreement of one part was imported.
///
/// # Errors
/// What the database says.
pub fn last_imports(tx: &mut Tx<'_>, part: Part) -> Result<HashMap<AgreementId, Timestamp>, StoreError> {
    let sql = "select agreement_id, max(imported_at) from fact where part = ?1 group by agreement_id";
    let read = |row: &Row<'_>| Ok((AgreementId(row.id16(0)), Timestamp::from_micros(row.int(1))));
    Ok(tx.query(sql, &[part_param(part)], read)?.into_iter().collect())
}

/// Facts of one part that belong to no agreement of it.
///
/// # Errors
/// What the database says.
pub fn stray_facts(tx: &mut Tx<'_>, part: Part) -> Result<Vec<(AgreementId, FactId)>, StoreError> {
    let sql = "select f.agreement_id, f.fact_id from fact f left join agreement a on a.part = f.part \
        and a.agreement_id = f.agreement_id where f.part = ?1 and a.agreement_id is null \
        order by f.agreement_id, f.fact_id";
    tx.query(sql, &[part_param(part)], |row| Ok((AgreementId(row.id16(0)), FactId(row.id16(1)))))
}

/// The entries of the directory of one part, in the order of the agreements' ids.
///
/// # Errors
/// What the database says.
pub fn directory_of_part(tx: &mut Tx<'_>, part: Part) -> Result<Vec<(AgreementId, CustomerId)>, StoreError> {
    let sql =
        "select agreement_id, customer_id from agreement_directory where part = ?1 order by agreement_id";
    tx.query(sql, &[part_param(part)], |row| Ok((AgreementId(row.id16(0)), CustomerId(row.id16(1)))))
}

/// Those of `keys` that have an agreement.
///
/// # Errors
/// What the database says.
pub fn existing_agreements(
    tx: &mut Tx<'_>,
    keys: &[(Part, AgreementId)],
) -> Result<HashSet<AgreementId>, StoreError> {
    let columns = [("part", Column::Int), ("agreement_id", Column::Bytes)];
    let values: Vec<Param<'_>> =
        keys.iter().flat_map(|(part, id)| [part_param(*part), Param::Id(id.0)]).collect();
    let read = |row: &Row<'_>| Ok(AgreementId(row.id16(0)));
    Ok(tx.query_keys("t.agreement_id", "agreement", &columns, &values, read)?.into_iter().collect())
}

/// Whose each contact point of one part is.
///
/// # Errors
/// What the database says.
pub fn point_owners(tx: &mut Tx<'_>, part: Part) -> Result<HashMap<ContactPointId, CustomerId>, StoreError> {
    let sql = "select contact_point_id, customer_id from contact_point where part = ?1";
    let read = |row: &Row<'_>| Ok((ContactPointId(row.id16(0)), CustomerId(row.id16(1))));
    Ok(tx.query(sql, &[part_param(part)], read)?.into_iter().collect())
}

/// One attempt, as far as its message's state follows from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Try {
    /// Counts the attempts of the message from 0.
    pub index: i64,
    /// When it was made.
    pub started_at: Timestamp,
    /// When and what was answered, if anything was: accepted, deferred, rejected, unavailable, unknown, expired.
    pub outcome: Option<(Timestamp, String)>,
}

/// The attempts of one part's messages, each list in order.
///
/// # Errors
/// What the database says.
pub fn tries_of_part(tx: &mut Tx<'_>, part: Part) -> Result<HashMap<MessageId, Vec<Try>>, StoreError> {
    let sql = "select a.message_id, a.attempt_index, a.started_at, o.ended_at, o.outcome from attempt a \
        left join attempt_outcome o on o.part = a.part and o.message_id = a.message_id \
        and o.attempt_index = a.attempt_index where a.part = ?1 order by a.message_id, a.attempt_index";
    let mut tries: HashMap<MessageId, Vec<Try>> = HashMap::new();
    tx.each(sql, &[part_param(part)], |row| {
        tries.entry(MessageId(row.id16(0))).or_default().push(Try {
            index: row.int(1),
            started_at: Timestamp::from_micros(row.int(2)),
            outcome: row.opt_int(3).map(|at| (Timestamp::from_micros(at), row.text(4).to_owned())),
        });
        Ok(())
    })?;
    Ok(tries)
}

/// Outcomes of one part that belong to no attempt: message and index.
///
/// # Errors
/// What the database says.
pub fn stray_outcomes(tx: &mut Tx<'_>, part: Part) -> Result<Vec<(MessageId, i64)>, StoreError> {
    let sql = "select o.message_id, o.attempt_index from attempt_outcome o left join attempt a on a.part = o.part \
        and a.message_id = o.message_id and a.attempt_index = o.attempt_index \
        where o.part = ?1 and a.message_id is null order by o.message_id, o.attempt_index";
    tx.query(sql, &[part_param(part)], |row| Ok((MessageId(row.id16(0)), row.int(1))))
}

/// Messages of one part that a worker has in hand though they are not being sent.
///
/// # Errors
/// What the database says.
pub fn stray_claims(tx: &mut Tx<'_>, part: Part) -> Result<Vec<MessageId>, StoreError> {
    let sql = "select message_id from message where part = ?1 and state <> ?2 \
        and (claimed_by is not null or claimed_until is not null) order by message_id";
    let sending = MessageState::Sending.code();
    tx.query(sql, &[part_param(part), Param::Text(sending)], |row| Ok(MessageId(row.id16(0))))
}

/// The words of the receipts of one part's messages.
///
/// # Errors
/// What the database says.
pub fn receipts_of_part(tx: &mut Tx<'_>, part: Part) -> Result<HashMap<MessageId, Vec<String>>, StoreError> {
    let sql = "select message_id, state from receipt where part = ?1 order by message_id, at, receipt_key";
    let mut receipts: HashMap<MessageId, Vec<String>> = HashMap::new();
    tx.each(sql, &[part_param(part)], |row| {
        receipts.entry(MessageId(row.id16(0))).or_default().push(row.text(1).to_owned());
        Ok(())
    })?;
    Ok(receipts)
}

/// One line of the journal, in the words of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JournalLine<'r> {
    /// The business date.
    pub business_date: Date,
    /// The posting's key.
    pub key: [u8; 16],
    /// The lender's id of the agreement; `None` for an accrual.
    pub agreement: Option<&'r str>,
    /// The product.
    pub product: &'r str,
    /// The code of the account debited.
    pub debit: &'r str,
    /// The code of the account credited.
    pub credit: &'r str,
    /// The amount, minor units.
    pub amount_minor: i64,
    /// The code of the currency.
    pub currency: &'r str,
    /// What it is for.
    pub cause: &'r str,
    /// The fact that made it come about, where one did, and the lender's reference of it.
    pub fact: Option<(FactId, &'r str)>,
}

/// Hands every posting of one business date to `visit`, over all parts, by part and key.
///
/// # Errors
/// What the database or `visit` says.
pub fn each_journal_line(
    tx: &mut Tx<'_>,
    date: Date,
    mut visit: impl FnMut(&JournalLine<'_>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let sql = "select p.posting_key, a.external_id, p.product, p.debit, p.credit, p.amount_minor, p.currency, p.cause, \
        f.fact_id, f.reference from part_number n join posting p on p.part = n.part and p.business_date = ?1 \
        left join agreement a on a.part = p.part and a.agreement_id = p.agreement_id \
        left join fact f on f.part = p.part and f.agreement_id = p.agreement_id and f.fact_id = p.fact_id \
        order by p.part, p.posting_key";
    tx.each(sql, &[Param::Int(days(date))], |row| {
        visit(&JournalLine {
            business_date: date,
            key: row.id16(0),
            agreement: row.opt_text(1),
            product: row.text(2),
            debit: row.text(3),
            credit: row.text(4),
            amount_minor: row.int(5),
            currency: row.text(6),
            cause: row.text(7),
            fact: row.opt_id16(8).map(FactId).zip(row.opt_text(9)),
        })
    })
}

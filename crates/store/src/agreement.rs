//! Agreements and their facts.

use std::collections::HashMap;

use dunlin_domain::contact::Channel;
use dunlin_domain::customer_split::Security;
use dunlin_domain::date::{Date, MonthDay, Timestamp};
use dunlin_domain::day::Standing;
use dunlin_domain::fact::{Fact, FactDetail, FactKind, FreezeReason, Prepayment};
use dunlin_domain::id::{AgreementId, CustomerId, FactId, Part};
use dunlin_domain::money::{Currency, Money, Rate};
use dunlin_domain::terms::Component;

pub use crate::waking::{put_off, wake, wake_overdue};
use crate::{Column, Conflict, Dialect, Param, Row, StoreError, Tx, codec};

const PART: (&str, Column) = ("part", Column::Int);
const AGREEMENT: (&str, Column) = ("agreement_id", Column::Bytes);

/// An agreement as it is stored, with the cached standing.
#[derive(Clone, Debug)]
pub struct AgreementRow {
    /// The customer's part.
    pub part: Part,
    /// Its id.
    pub id: AgreementId,
    /// The borrower.
    pub customer: CustomerId,
    /// The lender's own id.
    pub external_id: String,
    /// The product's code.
    pub product: String,
    /// The version of the product that the agreement was made under.
    pub product_version: u32,
    /// The currency of all its amounts.
    pub currency: Currency,
    /// The day it was opened.
    pub opened_on: Date,
    /// The credit limit.
    pub credit_limit: Money,
    /// Its own statement day, where it differs from the product's.
    pub statement_day: Option<MonthDay>,
    /// The borrower's segment.
    pub segment: String,
    /// Whether its overdue record is with the credit bureau.
    pub is_reported: bool,
    /// The day it was closed.
    pub closed_on: Option<Date>,
    /// The first date on which anything about it can change.
    pub next_event_on: Date,
    /// Whether facts came in since the standing was made.
    pub must_refold: bool,
    /// Whether contact is due at once.
    pub must_redo: bool,
    /// Whether an earlier version of the program wrote the standing; its position is folded again.
    pub is_outdated: bool,
    /// How well it is secured.
    pub security: Security,
    /// The cache; `None` before the first day, or when another version of the program wrote it.
    pub standing: Option<Standing>,
}

const AGREEMENT_COLUMNS: &str = "t.part, t.agreement_id, t.customer_id, t.external_id, t.product, \
    t.product_version, t.currency, t.opened_on, t.credit_limit_minor, t.statement_day, t.segment, t.reported, \
    t.closed_on, t.next_event_on, t.refold, t.redo_contact, t.standing, t.security";

pub(crate) fn damaged(what: String) -> StoreError {
    StoreError::Data { what }
}

pub(crate) fn part_of(row: &Row<'_>, index: usize) -> Result<Part, StoreError> {
    u16::try_from(row.int(index))
        .ok()
        .filter(|number| *number < dunlin_domain::id::PART_COUNT)
        .map(Part::new)
        .ok_or_else(|| damaged(format!("part {} is not 0 to 1023", row.int(index))))
}

pub(crate) fn date_of(days: i64) -> Date {
    Date::from_days(i32::try_from(days).unwrap_or(i32::MAX))
}

pub(crate) fn days(date: Date) -> i64 {
    i64::from(date.days())
}

pub(crate) fn part_param(part: Part) -> Param<'static> {
    Param::Int(i64::from(part.number()))
}

/// The stored number of an agreement's own statement day: 0 for none, 32 for the last of the month.
#[must_use]
pub fn statement_day_number(day: Option<MonthDay>) -> i64 {
    match day {
        None => 0,
        Some(MonthDay::Day(day)) => i64::from(day),
        Some(MonthDay::Last) => 32,
    }
}

/// An agreement whose row this program cannot read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Its part.
    pub part: Part,
    /// Its id.
    pub agreement: AgreementId,
    /// The borrower.
    pub customer: CustomerId,
    /// What is wrong with the row.
    pub what: String,
}

fn read_agreement(row: &Row<'_>) -> Result<AgreementRow, StoreError> {
    let id = AgreementId(row.id16(1));
    let currency =
        Currency::parse(row.text(6)).map_err(|error| damaged(format!("agreement {id}: {error}")))?;
    let statement_day = match row.int(9) {
        0 => None,
        32 => Some(MonthDay::Last),
        day => Some(MonthDay::Day(
            i8::try_from(day).map_err(|_| damaged(format!("agreement {id}: statement day")))?,
        )),
    };
    let security = Security::parse(row.text(17))
        .ok_or_else(|| damaged(format!("agreement {id}: security {:?} is not known", row.text(17))))?;
    let decoded = row.opt_bytes(16).and_then(|bytes| codec::decode(bytes, currency));
    let is_outdated = decoded.as_ref().is_some_and(|decoded| !decoded.is_current);
    let standing = decoded.map(|decoded| decoded.standing);
    Ok(AgreementRow {
        part: part_of(row, 0)?,
        id,
        customer: CustomerId(row.id16(2)),
        external_id: row.text(3).to_owned(),
        product: row.text(4).to_owned(),
        product_version: u32::try_from(row.int(5)).unwrap_or(0),
        currency,
        opened_on: date_of(row.int(7)),
        credit_limit: Money::new(row.int(8), currency),
        statement_day,
        segment: row.text(10).to_owned(),
        is_reported: row.int(11) == 1,
        closed_on: row.opt_int(12).map(date_of),
        next_event_on: date_of(row.int(13)),
        must_refold: row.int(14) == 1 || is_outdated,
        must_redo: row.int(15) == 1,
        is_outdated,
        security,
        standing,
    })
}

/// The parts of `first..=last` in which an agreement is due on `date`. Its cost does not depend on how many
/// agreements there are.
///
/// # Errors
/// What the database says; the same holds for every function here.
pub fn parts_with_due(tx: &mut Tx<'_>, first: Part, last: Part, date: Date) -> Result<Vec<Part>, StoreError> {
    let sql = "select n.part from part_number n where n.part >= ?1 and n.part <= ?2 and exists \
        (select 1 from agreement a where a.part = n.part and a.next_event_on <= ?3) order by n.part";
    tx.query(sql, &[part_param(first), part_param(last), Param::Int(days(date))], |row| part_of(row, 0))
}

/// Agreements of one part that are due on `date`, in the order of their ids, locked until the end of the
/// transaction.
///
/// # Errors
/// What the database says.
pub fn due(
    tx: &mut Tx<'_>,
    part: Part,
    date: Date,
    count_max: usize,
) -> Result<Vec<Result<AgreementRow, Unreadable>>, StoreError> {
    let lock = match tx.dialect() {
        Dialect::Sqlite => "",
        Dialect::Postgres => " for update",
    };
    let sql = format!(
        "select {AGREEMENT_COLUMNS} from agreement t where t.part = ?1 and t.next_event_on <= ?2 \
         order by t.agreement_id limit ?3{lock}"
    );
    let params = [part_param(part), Param::Int(days(date)), Param::Int(count_max as i64)];
    tx.query(&sql, &params, read_if_readable)
}

fn read_if_readable(row: &Row<'_>) -> Result<Result<AgreementRow, Unreadable>, StoreError> {
    match read_agreement(row) {
        Ok(agreement) => Ok(Ok(agreement)),
        Err(StoreError::Data { what }) => {
            let (agreement, customer) = (AgreementId(row.id16(1)), CustomerId(row.id16(2)));
            Ok(Err(Unreadable { part: part_of(row, 0)?, agreement, customer, what }))
        }
        Err(error) => Err(error),
    }
}

/// The agreements of one part whose rows can be read, in the order of their ids.
///
/// # Errors
/// What the database says.
pub fn readable_of_part(tx: &mut Tx<'_>, part: Part) -> Result<Vec<AgreementRow>, StoreError> {
    let sql =
        format!("select {AGREEMENT_COLUMNS} from agreement t where t.part = ?1 order by t.agreement_id");
    let all = tx.query(&sql, &[part_param(part)], read_if_readable)?;
    Ok(all.into_iter().filter_map(Result::ok).collect())
}

/// Agreements of one part that are due on `date`, in the order of their ids, as they are read.
///
/// # Errors
/// What the database says.
pub fn due_unlocked(tx: &mut Tx<'_>, part: Part, date: Date) -> Result<Vec<AgreementRow>, StoreError> {
    let sql = format!(
        "select {AGREEMENT_COLUMNS} from agreement t where t.part = ?1 and t.next_event_on <= ?2 \
         order by t.agreement_id"
    );
    tx.query(&sql, &[part_param(part), Param::Int(days(date))], read_agreement)
}

/// Hands every agreement of one part to `visit`, in the order of their ids.
///
/// # Errors
/// What the database or `visit` says.
pub fn each_of_part(
    tx: &mut Tx<'_>,
    part: Part,
    mut visit: impl FnMut(AgreementRow) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let sql =
        format!("select {AGREEMENT_COLUMNS} from agreement t where t.part = ?1 order by t.agreement_id");
    tx.each(&sql, &[part_param(part)], |row| visit(read_agreement(row)?))
}

/// The agreement, found by its id alone through the directory.
///
/// # Errors
/// What the database says.
pub fn find(tx: &mut Tx<'_>, id: AgreementId) -> Result<Option<AgreementRow>, StoreError> {
    let Some(customer) = borrowers_of(tx, &[id])?.get(&id).copied() else { return Ok(None) };
    let sql =
        format!("select {AGREEMENT_COLUMNS} from agreement t where t.part = ?1 and t.agreement_id = ?2");
    tx.query_one(&sql, &[part_param(customer.part()), Param::Id(id.0)], read_agreement)
}

/// Agreements by part and id; the order is not defined.
///
/// # Errors
/// What the database says.
pub fn by_keys(tx: &mut Tx<'_>, keys: &[(Part, AgreementId)]) -> Result<Vec<AgreementRow>, StoreError> {
    let values: Vec<Param<'_>> =
        keys.iter().flat_map(|(part, id)| [part_param(*part), Param::Id(id.0)]).collect();
    tx.query_keys(AGREEMENT_COLUMNS, "agreement", &[PART, AGREEMENT], &values, read_agreement)
}

/// The borrowers of agreements, from the directory.
///
/// # Errors
/// What the database says.
pub fn borrowers_of(
    tx: &mut Tx<'_>,
    ids: &[AgreementId],
) -> Result<HashMap<AgreementId, CustomerId>, StoreError> {
    let values: Vec<Param<'_>> =
        ids.iter().flat_map(|id| [part_param(Part::of(&id.0)), Param::Id(id.0)]).collect();
    let select = "t.agreement_id, t.customer_id";
    let read = |row: &Row<'_>| Ok((AgreementId(row.id16(0)), CustomerId(row.id16(1))));
    let found = tx.query_keys(select, "agreement_directory", &[PART, AGREEMENT], &values, read)?;
    Ok(found.into_iter().collect())
}

/// A new agreement.
pub struct NewAgreement<'a> {
    /// The row; its standing is not stored.
    pub row: &'a AgreementRow,
    /// Hash of the lender's row, to tell a repeat from a correction.
    pub content_hash: [u8; 16],
    /// The moment of the import, by the wall clock.
    pub imported_at: Timestamp,
}

/// Adds agreements that are not there yet.
///
/// # Errors
/// What the database says.
pub fn insert(tx: &mut Tx<'_>, agreements: &[NewAgreement<'_>]) -> Result<(), StoreError> {
    const COLUMNS: [(&str, Column); 23] = [
        PART,
        AGREEMENT,
        ("customer_id", Column::Bytes),
        ("external_id", Column::Text),
        ("product", Column::Text),
        ("product_version", Column::Int),
        ("currency", Column::Text),
        ("opened_on", Column::Int),
        ("credit_limit_minor", Column::Int),
        ("statement_day", Column::Int),
        ("segment", Column::Text),
        ("reported", Column::Int),
        ("closed_on", Column::Int),
        ("content_hash", Column::Bytes),
        ("next_event_on", Column::Int),
        ("refold", Column::Int),
        ("redo_contact", Column::Int),
        ("overdue_due_on", Column::Int),
        ("bucket", Column::Int),
        ("overdue_minor", Column::Int),
        ("owed_minor", Column::Int),
        ("imported_at", Column::Int),
        ("security", Column::Text),
    ];
    let mut values = Vec::with_capacity(agreements.len() * COLUMNS.len());
    let mut directory = Vec::with_capacity(agreements.len() * 3);
    for NewAgreement { row, content_hash, imported_at } in agreements {
        values.extend([
            part_param(row.part),
            Param::Id(row.id.0),
            Param::Id(row.customer.0),
            Param::Text(&row.external_id),
            Param::Text(&row.product),
            Param::Int(i64::from(row.product_version)),
            Param::Text(row.currency.code()),
            Param::Int(days(row.opened_on)),
            Param::Int(row.credit_limit.minor()),
            Param::Int(statement_day_number(row.statement_day)),
            Param::Text(&row.segment),
            Param::Int(i64::from(row.is_reported)),
            Param::OptInt(row.closed_on.map(days)),
            Param::Id(*content_hash),
            Param::Int(days(row.next_event_on)),
            Param::Int(1),
            Param::Int(0),
            Param::OptInt(None),
            Param::Int(0),
            Param::Int(0),
            Param::Int(0),
            Param::Int(imported_at.micros()),
            Param::Text(row.security.code()),
        ]);
        directory.extend([part_param(Part::of(&row.id.0)), Param::Id(row.id.0), Param::Id(row.customer.0)]);
    }
    tx.insert_rows("agreement", &COLUMNS, Conflict::Fail, &values)?;
    let columns = [PART, AGREEMENT, ("customer_id", Column::Bytes)];
    tx.insert_rows("agreement_directory", &columns, Conflict::Fail, &directory)?;
    Ok(())
}

/// Replaces what a corrected import changed of an agreement, and has it looked at again on `next_event_on`.
///
/// # Errors
/// What the database says.
pub fn correct(tx: &mut Tx<'_>, agreements: &[NewAgreement<'_>]) -> Result<(), StoreError> {
    const SETS: [(&str, Column); 12] = [
        ("product", Column::Text),
        ("product_version", Column::Int),
        ("opened_on", Column::Int),
        ("credit_limit_minor", Column::Int),
        ("statement_day", Column::Int),
        ("reported", Column::Int),
        ("closed_on", Column::Int),
        ("content_hash", Column::Bytes),
        ("next_event_on", Column::Int),
        ("refold", Column::Int),
        ("imported_at", Column::Int),
        ("security", Column::Text),
    ];
    let mut values = Vec::with_capacity(agreements.len() * 14);
    for NewAgreement { row, content_hash, imported_at } in agreements {
        values.extend([
            part_param(row.part),
            Param::Id(row.id.0),
            Param::Text(&row.product),
            Param::Int(i64::from(row.product_version)),
            Param::Int(days(row.opened_on)),
            Param::Int(row.credit_limit.minor()),
            Param::Int(statement_day_number(row.statement_day)),
            Param::Int(i64::from(row.is_reported)),
            Param::OptInt(row.closed_on.map(days)),
            Param::Id(*content_hash),
            Param::Int(days(row.next_event_on)),
            Param::Int(1),
            Param::Int(imported_at.micros()),
            Param::Text(row.security.code()),
        ]);
    }
    tx.update_rows("agreement", &[PART, AGREEMENT], &SETS, &values)?;
    Ok(())
}

/// What an import needs to know of an agreement that exists.
#[derive(Clone, Debug)]
pub struct KnownAgreement {
    /// The part.
    pub part: Part,
    /// The borrower.
    pub customer: CustomerId,
    /// The product.
    pub product: String,
    /// Its version.
    pub product_version: u32,
    /// The currency.
    pub currency: Currency,
    /// The day it was opened.
    pub opened_on: Date,
    /// Hash of the lender's row.
    pub content_hash: [u8; 16],
    /// When an import last wrote it.
    pub imported_at: Timestamp,
}

/// The agreements that exist among `keys`.
///
/// # Errors
/// What the database says.
pub fn known(
    tx: &mut Tx<'_>,
    keys: &[(Part, AgreementId)],
) -> Result<HashMap<AgreementId, KnownAgreement>, StoreError> {
    let values: Vec<Param<'_>> =
        keys.iter().flat_map(|(part, id)| [part_param(*part), Param::Id(id.0)]).collect();
    let select = "t.agreement_id, t.part, t.customer_id, t.product, t.product_version, t.currency, t.opened_on, \
        t.content_hash, t.imported_at";
    let read = |row: &Row<'_>| {
        let known = KnownAgreement {
            part: part_of(row, 1)?,
            customer: CustomerId(row.id16(2)),
            product: row.text(3).to_owned(),
            product_version: u32::try_from(row.int(4)).unwrap_or(0),
            currency: Currency::parse(row.text(5)).map_err(|error| damaged(error.to_string()))?,
            opened_on: date_of(row.int(6)),
            content_hash: row.id16(7),
            imported_at: Timestamp::from_micros(row.int(8)),
        };
        Ok((AgreementId(row.id16(0)), known))
    };
    Ok(tx.query_keys(select, "agreement", &[PART, AGREEMENT], &values, read)?.into_iter().collect())
}

/// What a day changed of an agreement's row.
pub struct AgreementChange {
    /// The part.
    pub part: Part,
    /// The agreement.
    pub id: AgreementId,
    /// The standing, encoded by [`codec::encode`].
    pub standing: Vec<u8>,
    /// The first later date on which anything can change.
    pub next_event_on: Date,
    /// The due date of the oldest overdue statement.
    pub overdue_due_on: Option<Date>,
    /// Index of the bucket.
    pub bucket_index: usize,
    /// What is overdue.
    pub overdue: Money,
    /// What is owed in all.
    pub owed: Money,
    /// Whether known facts have value dates still to come, so that the next day folds again.
    pub must_refold: bool,
}

/// Writes what a day changed.
///
/// # Errors
/// What the database says.
pub fn apply_changes(tx: &mut Tx<'_>, changes: &[AgreementChange]) -> Result<(), StoreError> {
    const SETS: [(&str, Column); 8] = [
        ("standing", Column::Bytes),
        ("next_event_on", Column::Int),
        ("overdue_due_on", Column::Int),
        ("bucket", Column::Int),
        ("overdue_minor", Column::Int),
        ("owed_minor", Column::Int),
        ("refold", Column::Int),
        ("redo_contact", Column::Int),
    ];
    let mut values = Vec::with_capacity(changes.len() * 10);
    for change in changes {
        values.extend([
            part_param(change.part),
            Param::Id(change.id.0),
            Param::Bytes(&change.standing),
            Param::Int(days(change.next_event_on)),
            Param::OptInt(change.overdue_due_on.map(days)),
            Param::Int(change.bucket_index as i64),
            Param::Int(change.overdue.minor()),
            Param::Int(change.owed.minor()),
            Param::Int(i64::from(change.must_refold)),
            Param::Int(0),
        ]);
    }
    let found = tx.update_rows("agreement", &[PART, AGREEMENT], &SETS, &values)?;
    assert!(found == changes.len() as u64, "every agreement of a page exists until its transaction ends");
    Ok(())
}

/// The agreements of a customer.
///
/// # Errors
/// What the database says.
pub fn of_customer(tx: &mut Tx<'_>, customer: CustomerId) -> Result<Vec<AgreementRow>, StoreError> {
    let sql = format!(
        "select {AGREEMENT_COLUMNS} from agreement t where t.part = ?1 and t.customer_id = ?2 order by t.agreement_id"
    );
    tx.query(&sql, &[part_param(customer.part()), Param::Id(customer.0)], read_agreement)
}

/// A fact with what the store keeps beside it.
pub struct NewFact<'a> {
    /// The part.
    pub part: Part,
    /// The agreement.
    pub agreement: AgreementId,
    /// The fact.
    pub fact: &'a Fact,
    /// What else the lender's row said: the merchant.
    pub note: &'a str,
    /// Hash of the lender's row.
    pub content_hash: [u8; 16],
    /// The moment of the import, by the wall clock.
    pub imported_at: Timestamp,
}

/// Adds facts; those that are there already stay as they are.
///
/// # Errors
/// What the database says.
pub fn insert_facts(tx: &mut Tx<'_>, facts: &[NewFact<'_>]) -> Result<u64, StoreError> {
    const COLUMNS: [(&str, Column); 20] = [
        PART,
        AGREEMENT,
        ("fact_id", Column::Bytes),
        ("kind", Column::Text),
        ("value_on", Column::Int),
        ("learned_at", Column::Int),
        ("amount_minor", Column::Int),
        ("instalment_count", Column::Int),
        ("component", Column::Text),
        ("due_on", Column::Int),
        ("target", Column::Bytes),
        ("reference", Column::Text),
        ("note", Column::Text),
        ("content_hash", Column::Bytes),
        ("imported_at", Column::Int),
        ("through_on", Column::Int),
        ("rate_millionths", Column::Int),
        ("only_component", Column::Text),
        ("prepayment", Column::Text),
        ("freeze_reason", Column::Text),
    ];
    let mut values = Vec::with_capacity(facts.len() * COLUMNS.len());
    for NewFact { part, agreement, fact, note, content_hash, imported_at } in facts {
        values.extend([
            part_param(*part),
            Param::Id(agreement.0),
            Param::Id(fact.id.0),
            Param::Text(fact.kind.code()),
            Param::Int(days(fact.value_on)),
            Param::Int(fact.learned_at.micros()),
            Param::Int(fact.amount.minor()),
            Param::Int(i64::from(fact.instalment_count)),
            Param::Text(fact.component.code()),
            Param::OptInt(fact.due_on.map(days)),
            Param::OptId(fact.target.map(|target| target.0)),
            Param::Text(&fact.reference),
            Param::Text(note),
            Param::Id(*content_hash),
            Param::Int(imported_at.micros()),
            Param::OptInt(fact.detail.through.map(days)),
            Param::OptInt(fact.detail.rate.map(Rate::millionths)),
            Param::OptText(fact.detail.only.map(Component::code)),
            Param::OptText(fact.detail.prepayment.map(Prepayment::code)),
            Param::OptText(fact.detail.freeze.map(FreezeReason::code)),
        ]);
    }
    tx.insert_rows("fact", &COLUMNS, Conflict::Ignore, &values)
}

/// A stored fact and the row that it came from.
#[derive(Clone, Debug)]
pub struct StoredFact {
    /// The fact.
    pub fact: Fact,
    /// What else the lender's row said.
    pub note: String,
    /// Hash of the lender's row.
    pub content_hash: [u8; 16],
}

/// The facts of agreements, each in the order of their ids; `keys` name part, agreement and the agreement's currency.
///
/// # Errors
/// What the database says.
pub fn facts_of(
    tx: &mut Tx<'_>,
    keys: &[(Part, AgreementId, Currency)],
) -> Result<HashMap<AgreementId, Vec<StoredFact>>, StoreError> {
    let currencies: HashMap<AgreementId, Currency> =
        keys.iter().map(|(_, id, currency)| (*id, *currency)).collect();
    let values: Vec<Param<'_>> =
        keys.iter().flat_map(|(part, id, _)| [part_param(*part), Param::Id(id.0)]).collect();
    let select = "t.agreement_id, t.fact_id, t.kind, t.value_on, t.learned_at, t.amount_minor, \
        t.instalment_count, t.component, t.due_on, t.target, t.reference, t.content_hash, t.note, t.through_on, \
        t.rate_millionths, t.only_component, t.prepayment, t.freeze_reason";
    let mut facts: HashMap<AgreementId, Vec<StoredFact>> = HashMap::with_capacity(keys.len());
    tx.each_key(select, "fact", &[PART, AGREEMENT], &values, |row| {
        let agreement = AgreementId(row.id16(0));
        let fact = read_fact(row, currencies[&agreement])?;
        facts.entry(agreement).or_default().push(fact);
        Ok(())
    })?;
    // A server gives rows in the order of its pages, and what is posted first follows the order of facts.
    for stored in facts.values_mut() {
        stored.sort_by_key(|stored| stored.fact.id);
    }
    Ok(facts)
}

/// A code that may be absent; `None` when it is there and unknown.
fn read_code<T>(code: Option<&str>, parse: fn(&str) -> Option<T>) -> Option<Option<T>> {
    match code {
        Some(code) => parse(code).map(Some),
        None => Some(None),
    }
}

fn read_fact(row: &Row<'_>, currency: Currency) -> Result<StoredFact, StoreError> {
    let id = FactId(row.id16(1));
    let unknown = |column: &str| damaged(format!("fact {id}: {column} is not a known code"));
    let fact = Fact {
        id,
        kind: FactKind::parse(row.text(2)).ok_or_else(|| unknown("kind"))?,
        value_on: date_of(row.int(3)),
        learned_at: Timestamp::from_micros(row.int(4)),
        amount: Money::new(row.int(5), currency),
        instalment_count: u32::try_from(row.int(6)).unwrap_or(0),
        component: Component::parse(row.text(7)).ok_or_else(|| unknown("component"))?,
        due_on: row.opt_int(8).map(date_of),
        target: row.opt_id16(9).map(FactId),
        reference: row.text(10).to_owned(),
        detail: FactDetail {
            through: row.opt_int(13).map(date_of),
            rate: row.opt_int(14).map(Rate::from_millionths),
            only: read_code(row.opt_text(15), Component::parse).ok_or_else(|| unknown("only_component"))?,
            prepayment: read_code(row.opt_text(16), Prepayment::parse)
                .ok_or_else(|| unknown("prepayment"))?,
            freeze: read_code(row.opt_text(17), FreezeReason::parse)
                .ok_or_else(|| unknown("freeze_reason"))?,
        },
    };
    Ok(StoredFact { fact, content_hash: row.id16(11), note: row.text(12).to_owned() })
}

/// Content hashes of the facts that exist, and when they were imported.
///
/// # Errors
/// What the database says.
pub fn fact_hashes(
    tx: &mut Tx<'_>,
    keys: &[(Part, AgreementId, FactId)],
) -> Result<HashMap<FactId, ([u8; 16], Timestamp)>, StoreError> {
    let values: Vec<Param<'_>> = keys
        .iter()
        .flat_map(|(part, agreement, fact)| [part_param(*part), Param::Id(agreement.0), Param::Id(fact.0)])
        .collect();
    let columns = [PART, AGREEMENT, ("fact_id", Column::Bytes)];
    let read = |row: &Row<'_>| Ok((FactId(row.id16(0)), (row.id16(1), Timestamp::from_micros(row.int(2)))));
    Ok(tx
        .query_keys("t.fact_id, t.content_hash, t.imported_at", "fact", &columns, &values, read)?
        .into_iter()
        .collect())
}

/// A list of channels as stored: codes separated by semicolons.
#[must_use]
pub fn channels_text(channels: &[Channel]) -> String {
    channels.iter().map(|channel| channel.code()).collect::<Vec<_>>().join(";")
}

/// Reads what [`channels_text`] wrote.
///
/// # Errors
/// When a code is unknown.
pub fn parse_channels(text: &str) -> Result<Vec<Channel>, StoreError> {
    let codes = text.split(';').filter(|code| !code.is_empty());
    codes
        .map(|code| {
            Channel::parse(code).ok_or_else(|| damaged(format!("channel {code:?} is not a known code")))
        })
        .collect()
}

/// How many agreements of a product version stand overdue in a bucket, and with how much.
#[derive(Clone, Debug)]
pub struct BucketRow {
    /// The product.
    pub product: String,
    /// Its version.
    pub product_version: u32,
    /// The currency.
    pub currency: Currency,
    /// Index of the bucket in the version's terms.
    pub bucket_index: usize,
    /// Agreements.
    pub count: u64,
    /// What is overdue, minor units.
    pub overdue_minor: i128,
}

/// Overdue agreements by product version and bucket, over all parts.
///
/// # Errors
/// What the database says.
pub fn overdue_by_bucket(tx: &mut Tx<'_>) -> Result<Vec<BucketRow>, StoreError> {
    let sql = "select a.product, a.product_version, a.currency, a.bucket, count(*), \
        cast(sum(a.overdue_minor) as bigint) from part_number n join agreement a on a.part = n.part \
        where a.overdue_due_on is not null group by a.product, a.product_version, a.currency, a.bucket \
        order by a.product, a.product_version, a.bucket";
    tx.query(sql, &[], |row| {
        Ok(BucketRow {
            product: row.text(0).to_owned(),
            product_version: u32::try_from(row.int(1)).unwrap_or(0),
            currency: Currency::parse(row.text(2)).map_err(|error| damaged(error.to_string()))?,
            bucket_index: usize::try_from(row.int(3)).unwrap_or(0),
            count: u64::try_from(row.int(4)).unwrap_or(0),
            overdue_minor: i128::from(row.int(5)),
        })
    })
}

/// The facts of every agreement of one part.
///
/// # Errors
/// What the database says.
pub fn facts_of_part(
    tx: &mut Tx<'_>,
    part: Part,
    rows: &[AgreementRow],
) -> Result<HashMap<AgreementId, Vec<Fact>>, StoreError> {
    let currencies: HashMap<AgreementId, Currency> = rows.iter().map(|row| (row.id, row.currency)).collect();
    let sql = "select agreement_id, fact_id, kind, value_on, learned_at, amount_minor, instalment_count, component, \
        due_on, target, reference, content_hash, note, through_on, rate_millionths, only_component, prepayment, \
        freeze_reason from fact where part = ?1 order by agreement_id, fact_id";
    let mut facts: HashMap<AgreementId, Vec<Fact>> = HashMap::with_capacity(rows.len());
    tx.each(sql, &[part_param(part)], |row| {
        let agreement = AgreementId(row.id16(0));
        let currency = *currencies
            .get(&agreement)
            .ok_or_else(|| damaged(format!("agreement {agreement} has facts and no row of its own")))?;
        facts.entry(agreement).or_default().push(read_fact(row, currency)?.fact);
        Ok(())
    })?;
    Ok(facts)
}

/// The last value date of any fact, over all parts.
///
/// # Errors
/// What the database says.
pub fn last_fact_on(tx: &mut Tx<'_>) -> Result<Option<Date>, StoreError> {
    let last = tx.query_one("select max(value_on) from fact", &[], |row| Ok(row.opt_int(0)))?;
    Ok(last.flatten().map(date_of))
}

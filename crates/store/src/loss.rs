//! Charge-off, write-off and sale of agreements: what was asked for, by whom, and what a second person said.

use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::fact::FactKind;
use dunlin_domain::id::{AgreementId, Part};
use dunlin_domain::money::{Currency, Money};

use crate::agreement::{damaged, date_of, days, part_of, part_param};
use crate::{Param, Row, StoreError, Tx};

/// One charge-off, write-off or sale of one agreement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LossRow {
    /// The agreement's part.
    pub part: Part,
    /// Its id; the first two bytes are the part.
    pub id: [u8; 16],
    /// The agreement.
    pub agreement: AgreementId,
    /// Charge-off, write-off or sale.
    pub kind: FactKind,
    /// What was owed on the day from which it counts, when it was asked for.
    pub owed: Money,
    /// What the buyer pays; zero but for a sale.
    pub price: Money,
    /// The day from which it counts.
    pub value_on: Date,
    /// The code of the reason.
    pub reason: String,
    /// The reason in words.
    pub note: String,
    /// The reference of its fact.
    pub reference: String,
    /// The sale it is a part of.
    pub sale: Option<[u8; 16]>,
    /// Who asked for it.
    pub requested_by: String,
    /// When.
    pub requested_at: Timestamp,
    /// When it lapses, unless somebody decides before.
    pub expires_at: Timestamp,
    /// `recorded`, `pending`, `approved`, `rejected` or `expired`.
    pub state: String,
    /// Who decided.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<Timestamp>,
    /// What they said.
    pub decision_note: Option<String>,
}

/// A sale of claims to one buyer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaleRow {
    /// Its id.
    pub id: [u8; 16],
    /// The lender's reference.
    pub reference: String,
    /// The buyer's name.
    pub buyer_zh: String,
    /// The buyer's name in English.
    pub buyer_en: String,
    /// Where customers reach the buyer.
    pub buyer_contact: String,
    /// The day from which the claims are the buyer's.
    pub sold_on: Date,
    /// Hash of all that was asked for.
    pub content_hash: [u8; 16],
    /// Why, in words.
    pub note: String,
    /// Who asked for it.
    pub requested_by: String,
    /// When.
    pub requested_at: Timestamp,
}

const COLUMNS: &str = "l.part, l.loss_id, l.agreement_id, l.kind, l.owed_minor, l.price_minor, l.currency, l.value_on, \
    l.reason, l.note, l.reference, l.sale_id, l.requested_by, l.requested_at, l.expires_at, l.state, l.decided_by, \
    l.decided_at, l.decision_note";

fn read(row: &Row<'_>) -> Result<LossRow, StoreError> {
    let currency = Currency::parse(row.text(6)).map_err(|error| damaged(error.to_string()))?;
    Ok(LossRow {
        part: part_of(row, 0)?,
        id: row.id16(1),
        agreement: AgreementId(row.id16(2)),
        kind: FactKind::parse(row.text(3))
            .ok_or_else(|| damaged("loss: kind is not a known code".to_owned()))?,
        owed: Money::new(row.int(4), currency),
        price: Money::new(row.int(5), currency),
        value_on: date_of(row.int(7)),
        reason: row.text(8).to_owned(),
        note: row.text(9).to_owned(),
        reference: row.text(10).to_owned(),
        sale: row.opt_id16(11),
        requested_by: row.text(12).to_owned(),
        requested_at: Timestamp::from_micros(row.int(13)),
        expires_at: Timestamp::from_micros(row.int(14)),
        state: row.text(15).to_owned(),
        decided_by: row.opt_text(16).map(str::to_owned),
        decided_at: row.opt_int(17).map(Timestamp::from_micros),
        decision_note: row.opt_text(18).map(str::to_owned),
    })
}

/// Adds a loss; `false` if it is there already.
///
/// # Errors
/// What the database says; the same holds for every function here.
pub fn insert(tx: &mut Tx<'_>, loss: &LossRow) -> Result<bool, StoreError> {
    let sql = "insert into loss (part, loss_id, agreement_id, kind, owed_minor, price_minor, currency, value_on, reason, \
        note, reference, sale_id, requested_by, requested_at, expires_at, state) \
        values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16) on conflict do nothing";
    let params = [
        part_param(loss.part),
        Param::Id(loss.id),
        Param::Id(loss.agreement.0),
        Param::Text(loss.kind.code()),
        Param::Int(loss.owed.minor()),
        Param::Int(loss.price.minor()),
        Param::Text(loss.owed.currency().code()),
        Param::Int(days(loss.value_on)),
        Param::Text(&loss.reason),
        Param::Text(&loss.note),
        Param::Text(&loss.reference),
        Param::OptId(loss.sale),
        Param::Text(&loss.requested_by),
        Param::Int(loss.requested_at.micros()),
        Param::Int(loss.expires_at.micros()),
        Param::Text(&loss.state),
    ];
    Ok(tx.execute(sql, &params)? == 1)
}

/// A loss by its id.
///
/// # Errors
/// What the database says.
pub fn find(tx: &mut Tx<'_>, part: Part, id: [u8; 16]) -> Result<Option<LossRow>, StoreError> {
    let sql = format!("select {COLUMNS} from loss l where l.part = ?1 and l.loss_id = ?2");
    tx.query_one(&sql, &[part_param(part), Param::Id(id)], read)
}

/// The losses of an agreement, oldest first.
///
/// # Errors
/// What the database says.
pub fn of_agreement(tx: &mut Tx<'_>, part: Part, agreement: AgreementId) -> Result<Vec<LossRow>, StoreError> {
    let sql = format!(
        "select {COLUMNS} from loss l where l.part = ?1 and l.agreement_id = ?2 order by l.requested_at, l.loss_id"
    );
    tx.query(&sql, &[part_param(part), Param::Id(agreement.0)], read)
}

/// The agreements of a sale, by part and id.
///
/// # Errors
/// What the database says.
pub fn of_sale(tx: &mut Tx<'_>, sale: [u8; 16]) -> Result<Vec<LossRow>, StoreError> {
    let sql = format!(
        "select {COLUMNS} from part_number n join loss l on l.part = n.part \
         where l.sale_id = ?1 order by l.part, l.loss_id"
    );
    tx.query(&sql, &[Param::Id(sale)], read)
}

/// All that wait for a second person, oldest first.
///
/// # Errors
/// What the database says.
pub fn pending(tx: &mut Tx<'_>) -> Result<Vec<LossRow>, StoreError> {
    let sql = format!(
        "select {COLUMNS} from part_number n join loss l on l.part = n.part \
         where l.state = 'pending' order by l.requested_at, l.loss_id"
    );
    tx.query(&sql, &[], read)
}

/// Decides one that is pending; `false` when it is not pending any more.
///
/// # Errors
/// What the database says.
pub fn decide(
    tx: &mut Tx<'_>,
    part: Part,
    id: [u8; 16],
    state: &str,
    by: &str,
    at: Timestamp,
    note: &str,
) -> Result<bool, StoreError> {
    let sql = "update loss set state = ?3, decided_by = ?4, decided_at = ?5, decision_note = ?6 \
        where part = ?1 and loss_id = ?2 and state = 'pending'";
    let params = [
        part_param(part),
        Param::Id(id),
        Param::Text(state),
        Param::Text(by),
        Param::Int(at.micros()),
        Param::Text(note),
    ];
    Ok(tx.execute(sql, &params)? == 1)
}

const SALE_COLUMNS: &str = "sale_id, reference, buyer_zh, buyer_en, buyer_contact, sold_on, content_hash, note, \
    requested_by, requested_at";

fn read_sale(row: &Row<'_>) -> Result<SaleRow, StoreError> {
    Ok(SaleRow {
        id: row.id16(0),
        reference: row.text(1).to_owned(),
        buyer_zh: row.text(2).to_owned(),
        buyer_en: row.text(3).to_owned(),
        buyer_contact: row.text(4).to_owned(),
        sold_on: date_of(row.int(5)),
        content_hash: row.id16(6),
        note: row.text(7).to_owned(),
        requested_by: row.text(8).to_owned(),
        requested_at: Timestamp::from_micros(row.int(9)),
    })
}

/// Adds a sale; `false` if it is there already.
///
/// # Errors
/// What the database says.
pub fn insert_sale(tx: &mut Tx<'_>, sale: &SaleRow) -> Result<bool, StoreError> {
    let sql = "insert into claim_sale (part, sale_id, reference, buyer_zh, buyer_en, buyer_contact, sold_on, content_hash, \
        note, requested_by, requested_at) values (0, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) on conflict do nothing";
    let params = [
        Param::Id(sale.id),
        Param::Text(&sale.reference),
        Param::Text(&sale.buyer_zh),
        Param::Text(&sale.buyer_en),
        Param::Text(&sale.buyer_contact),
        Param::Int(days(sale.sold_on)),
        Param::Id(sale.content_hash),
        Param::Text(&sale.note),
        Param::Text(&sale.requested_by),
        Param::Int(sale.requested_at.micros()),
    ];
    Ok(tx.execute(sql, &params)? == 1)
}

/// A sale by its id.
///
/// # Errors
/// What the database says.
pub fn find_sale(tx: &mut Tx<'_>, id: [u8; 16]) -> Result<Option<SaleRow>, StoreError> {
    let sql = format!("select {SALE_COLUMNS} from claim_sale where part = 0 and sale_id = ?1");
    tx.query_one(&sql, &[Param::Id(id)], read_sale)
}

/// All sales, oldest first.
///
/// # Errors
/// What the database says.
pub fn sales(tx: &mut Tx<'_>) -> Result<Vec<SaleRow>, StoreError> {
    let sql = format!("select {SALE_COLUMNS} from claim_sale where part = 0 order by requested_at, sale_id");
    tx.query(&sql, &[], read_sale)
}

//! Quotes for early payoff, as they were given.

use dunlin_domain::amounts::Amounts;
use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::id::{AgreementId, FactId, Part};
use dunlin_domain::money::{Currency, Money};

use crate::agreement::{damaged, date_of, days, part_of, part_param};
use crate::{Param, Row, StoreError, Tx};

/// A quote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuoteRow {
    /// The agreement's part.
    pub part: Part,
    /// Its id; the first two bytes are the part.
    pub id: [u8; 16],
    /// The agreement.
    pub agreement: AgreementId,
    /// The purchase or statement plan; `None` when it is for everything.
    pub plan: Option<FactId>,
    /// The day it is of.
    pub quoted_on: Date,
    /// The last day on which it is taken.
    pub holds_through: Date,
    /// What has to come in: the components less unapplied credit.
    pub total: Money,
    /// Unapplied credit that is used first.
    pub credit: Money,
    /// What is paid, by component.
    pub amounts: Amounts,
    /// Interest and fees to come that are not charged.
    pub spared: Money,
    /// Who asked for it.
    pub quoted_by: String,
    /// When.
    pub quoted_at: Timestamp,
}

const COLUMNS: &str = "q.part, q.quote_id, q.agreement_id, q.plan_id, q.quoted_on, q.holds_through, q.total_minor, \
    q.credit_minor, q.late_fee_minor, q.charge_minor, q.interest_minor, q.instalment_fee_minor, q.principal_minor, \
    q.spared_minor, q.currency, q.quoted_by, q.quoted_at";

fn read(row: &Row<'_>) -> Result<QuoteRow, StoreError> {
    let currency = Currency::parse(row.text(14)).map_err(|error| damaged(error.to_string()))?;
    let money = |index: usize| Money::new(row.int(index), currency);
    // The columns are in the order of the components.
    let minor = [row.int(8), row.int(9), row.int(10), row.int(11), row.int(12)];
    Ok(QuoteRow {
        part: part_of(row, 0)?,
        id: row.id16(1),
        agreement: AgreementId(row.id16(2)),
        plan: row.opt_id16(3).map(FactId),
        quoted_on: date_of(row.int(4)),
        holds_through: date_of(row.int(5)),
        total: money(6),
        credit: money(7),
        amounts: Amounts::from_minor(currency, minor),
        spared: money(13),
        quoted_by: row.text(15).to_owned(),
        quoted_at: Timestamp::from_micros(row.int(16)),
    })
}

/// Keeps a quote; `false` if the same one is there already.
///
/// # Errors
/// What the database says; the same holds for every function here.
pub fn insert(tx: &mut Tx<'_>, quote: &QuoteRow) -> Result<bool, StoreError> {
    let sql = "insert into payoff_quote (part, quote_id, agreement_id, plan_id, quoted_on, holds_through, total_minor, \
        credit_minor, late_fee_minor, charge_minor, interest_minor, instalment_fee_minor, principal_minor, spared_minor, \
        currency, quoted_by, quoted_at) \
        values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17) on conflict do nothing";
    let [late_fee, charge, interest, instalment_fee, principal] = quote.amounts.minor();
    let params = [
        part_param(quote.part),
        Param::Id(quote.id),
        Param::Id(quote.agreement.0),
        Param::OptId(quote.plan.map(|plan| plan.0)),
        Param::Int(days(quote.quoted_on)),
        Param::Int(days(quote.holds_through)),
        Param::Int(quote.total.minor()),
        Param::Int(quote.credit.minor()),
        Param::Int(late_fee),
        Param::Int(charge),
        Param::Int(interest),
        Param::Int(instalment_fee),
        Param::Int(principal),
        Param::Int(quote.spared.minor()),
        Param::Text(quote.total.currency().code()),
        Param::Text(&quote.quoted_by),
        Param::Int(quote.quoted_at.micros()),
    ];
    Ok(tx.execute(sql, &params)? == 1)
}

/// A quote by its id.
///
/// # Errors
/// What the database says.
pub fn find(tx: &mut Tx<'_>, part: Part, id: [u8; 16]) -> Result<Option<QuoteRow>, StoreError> {
    let sql = format!("select {COLUMNS} from payoff_quote q where q.part = ?1 and q.quote_id = ?2");
    tx.query_one(&sql, &[part_param(part), Param::Id(id)], read)
}

/// The quotes of an agreement, oldest first.
///
/// # Errors
/// What the database says.
pub fn of_agreement(
    tx: &mut Tx<'_>,
    part: Part,
    agreement: AgreementId,
) -> Result<Vec<QuoteRow>, StoreError> {
    let sql = format!(
        "select {COLUMNS} from payoff_quote q where q.part = ?1 and q.agreement_id = ?2 order by q.quoted_at, q.quote_id"
    );
    tx.query(&sql, &[part_param(part), Param::Id(agreement.0)], read)
}

//! Verdicts, ledger postings and accruals: what a day leaves behind. Only ever inserted, but for the running
//! totals of accruals.

use dunlin_domain::amounts::Accrued;
use dunlin_domain::date::{BusinessDate, Date, Timestamp};
use dunlin_domain::id::{AgreementId, FactId, Key, MessageId, Part};
use dunlin_domain::ledger::{AccrualKind, LedgerRole, Posting};
use dunlin_domain::money::{Currency, Money};
use dunlin_domain::reason::Reason;
use dunlin_domain::verdict::{Evidence, VerdictSpan};

use crate::agreement::{damaged, date_of, days, part_of, part_param};
use crate::run::Span;
use crate::{Column, Conflict, Param, Row, StoreError, Tx, period};

const PART: (&str, Column) = ("part", Column::Int);
const AGREEMENT: (&str, Column) = ("agreement_id", Column::Bytes);

/// A verdict as stored, with the moment of the decision.
#[derive(Clone, Debug)]
pub struct VerdictRow {
    /// The part.
    pub part: Part,
    /// The verdict.
    pub span: VerdictSpan,
    /// The business date on which it was given.
    pub decided_on: Date,
    /// The moment.
    pub decided_at: Timestamp,
    /// The contact rules in force, `name@version`.
    pub rules: Option<String>,
}

/// A verdict to be added.
pub struct NewVerdict {
    /// The part.
    pub part: Part,
    /// The verdict.
    pub span: VerdictSpan,
    /// The packs of contact rules that were asked, each as `name@version`, separated by spaces.
    pub rules: Option<String>,
}

/// Adds verdicts.
///
/// # Errors
/// What the database says; the same holds for every function here.
pub fn insert_verdicts(
    tx: &mut Tx<'_>,
    verdicts: &[NewVerdict],
    decided_on: BusinessDate,
    decided_at: Timestamp,
) -> Result<u64, StoreError> {
    const COLUMNS: [(&str, Column); 15] = [
        PART,
        AGREEMENT,
        ("from_on", Column::Int),
        ("through_on", Column::Int),
        ("reason", Column::Text),
        ("decided_on", Column::Int),
        ("decided_at", Column::Int),
        ("days_past_due", Column::Int),
        ("bucket", Column::Int),
        ("overdue_minor", Column::Int),
        ("strategy", Column::Text),
        ("strategy_row", Column::Text),
        ("rules", Column::Text),
        ("message_id", Column::Bytes),
        ("evidence", Column::Text),
    ];
    let evidence: Vec<String> = verdicts.iter().map(|verdict| verdict.span.evidence.to_text()).collect();
    let mut values = Vec::with_capacity(verdicts.len() * COLUMNS.len());
    for (NewVerdict { part, span, rules }, evidence) in verdicts.iter().zip(&evidence) {
        values.extend([
            part_param(*part),
            Param::Id(span.agreement.0),
            Param::Int(days(span.from)),
            Param::Int(days(span.through)),
            Param::Text(span.reason.code()),
            Param::Int(days(decided_on.0)),
            Param::Int(decided_at.micros()),
            Param::Int(i64::from(span.days_past_due)),
            Param::Int(span.bucket_index as i64),
            Param::Int(span.overdue.minor()),
            Param::OptText(span.strategy.as_deref()),
            Param::OptText(span.row.as_deref()),
            Param::OptText(rules.as_deref()),
            Param::OptId(span.message.map(|message| message.0)),
            Param::Text(evidence),
        ]);
    }
    tx.insert_rows("verdict", &COLUMNS, Conflict::Ignore, &values)
}

const VERDICT_COLUMNS: &str = "t.part, t.agreement_id, t.from_on, t.through_on, t.reason, t.decided_on, t.decided_at, \
    t.days_past_due, t.bucket, t.overdue_minor, t.strategy, t.strategy_row, t.rules, t.message_id, t.evidence";

fn read_verdict(row: &Row<'_>, currency: Currency) -> Result<VerdictRow, StoreError> {
    let agreement = AgreementId(row.id16(1));
    let unknown = |column: &str| damaged(format!("verdict of {agreement}: {column} is not a known code"));
    let span = VerdictSpan {
        agreement,
        from: date_of(row.int(2)),
        through: date_of(row.int(3)),
        reason: Reason::parse(row.text(4)).ok_or_else(|| unknown("reason"))?,
        days_past_due: i32::try_from(row.int(7)).unwrap_or(i32::MAX),
        bucket_index: usize::try_from(row.int(8)).unwrap_or(0),
        overdue: Money::new(row.int(9), currency),
        strategy: row.opt_text(10).map(str::to_owned),
        row: row.opt_text(11).map(str::to_owned),
        message: row.opt_id16(13).map(MessageId),
        evidence: Evidence::parse(row.text(14)).ok_or_else(|| unknown("evidence"))?,
    };
    Ok(VerdictRow {
        part: part_of(row, 0)?,
        span,
        decided_on: date_of(row.int(5)),
        decided_at: Timestamp::from_micros(row.int(6)),
        rules: row.opt_text(12).map(str::to_owned),
    })
}

/// The verdicts of one agreement, oldest first.
///
/// # Errors
/// What the database says.
pub fn verdicts_of(
    tx: &mut Tx<'_>,
    part: Part,
    agreement: AgreementId,
    currency: Currency,
) -> Result<Vec<VerdictRow>, StoreError> {
    let sql = format!(
        "select {VERDICT_COLUMNS} from verdict t where t.part = ?1 and t.agreement_id = ?2 order by t.from_on"
    );
    tx.query(&sql, &[part_param(part), Param::Id(agreement.0)], |row| read_verdict(row, currency))
}

/// The verdicts of every agreement of one part, by agreement and day. Amounts are in `currency`: whoever
/// needs them for another one asks for that agreement.
///
/// # Errors
/// What the database or `visit` says.
pub fn each_verdict(
    tx: &mut Tx<'_>,
    part: Part,
    currency: Currency,
    mut visit: impl FnMut(VerdictRow) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let sql = format!(
        "select {VERDICT_COLUMNS} from verdict t where t.part = ?1 order by t.agreement_id, t.from_on"
    );
    tx.each(&sql, &[part_param(part)], |row| visit(read_verdict(row, currency)?))
}

/// Where a posting belongs.
#[derive(Clone, Debug)]
pub struct PostingRow {
    /// The part of the agreement, or the first part of the span for an accrual.
    pub part: Part,
    /// The agreement; `None` for an accrual.
    pub agreement: Option<AgreementId>,
    /// The product.
    pub product: String,
    /// The business date.
    pub business_date: BusinessDate,
    /// The posting.
    pub posting: Posting,
}

/// Adds postings; one with a key that is there already changes nothing.
///
/// # Errors
/// [`StoreError::PeriodClosed`]; what the database says.
pub fn insert_postings(tx: &mut Tx<'_>, postings: &[PostingRow]) -> Result<u64, StoreError> {
    const COLUMNS: [(&str, Column); 11] = [
        PART,
        ("posting_key", Column::Bytes),
        ("business_date", Column::Int),
        AGREEMENT,
        ("product", Column::Text),
        ("debit", Column::Text),
        ("credit", Column::Text),
        ("amount_minor", Column::Int),
        ("currency", Column::Text),
        ("cause", Column::Text),
        ("fact_id", Column::Bytes),
    ];
    let parts = || postings.iter().map(|row| row.part);
    let earliest = postings.iter().map(|row| row.business_date).min();
    let Some(((first, last), earliest)) = parts().min().zip(parts().max()).zip(earliest) else {
        return Ok(0);
    };
    period::pass_gate(tx, first, last, earliest.0)?;
    let mut values = Vec::with_capacity(postings.len() * COLUMNS.len());
    for row in postings {
        values.extend([
            part_param(row.part),
            Param::Id(row.posting.key.0),
            Param::Int(days(row.business_date.0)),
            Param::OptId(row.agreement.map(|agreement| agreement.0)),
            Param::Text(&row.product),
            Param::Text(row.posting.debit.code()),
            Param::Text(row.posting.credit.code()),
            Param::Int(row.posting.amount.minor()),
            Param::Text(row.posting.amount.currency().code()),
            Param::Text(row.posting.cause),
            Param::OptId(row.posting.fact.map(|fact| fact.0)),
        ]);
    }
    tx.insert_rows("posting", &COLUMNS, Conflict::Ignore, &values)
}

/// One line of a trial balance: debits and credits of an account, by product and currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BalanceRow {
    /// The product.
    pub product: String,
    /// The currency's code.
    pub currency: String,
    /// The account's code.
    pub account: String,
    /// Sum of debits, minor units.
    pub debit_minor: i128,
    /// Sum of credits, minor units.
    pub credit_minor: i128,
}

/// Debits and credits by product, currency and account, through `date`, over one part.
///
/// # Errors
/// What the database says.
pub fn balances(tx: &mut Tx<'_>, part: Part, date: Date) -> Result<Vec<BalanceRow>, StoreError> {
    let sql = "select product, currency, debit, credit, cast(sum(amount_minor) as bigint) from posting \
        where part = ?1 and business_date <= ?2 group by product, currency, debit, credit";
    let flows = tx.query(sql, &[part_param(part), Param::Int(days(date))], |row| {
        let texts = [0, 1, 2, 3].map(|index| row.text(index).to_owned());
        Ok((texts, i128::from(row.int(4))))
    })?;
    let mut rows = Vec::with_capacity(flows.len() * 2);
    for ([product, currency, debit, credit], amount) in flows {
        let line = |account: String, debit_minor, credit_minor| BalanceRow {
            product: product.clone(),
            currency: currency.clone(),
            account,
            debit_minor,
            credit_minor,
        };
        rows.push(line(debit, amount, 0));
        rows.push(line(credit, 0, amount));
    }
    Ok(rows)
}

/// Hands every posting of one part to `visit`, by day and key.
///
/// # Errors
/// What the database or `visit` says.
pub fn each_posting(
    tx: &mut Tx<'_>,
    part: Part,
    mut visit: impl FnMut(StoredPosting) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let sql = "select business_date, posting_key, agreement_id, product, debit, credit, amount_minor, currency, cause, fact_id \
        from posting where part = ?1 order by business_date, posting_key";
    tx.each(sql, &[part_param(part)], |row| visit(read_posting(row)?))
}

/// The postings of one agreement, by day.
///
/// # Errors
/// What the database says.
pub fn postings_of(
    tx: &mut Tx<'_>,
    part: Part,
    agreement: AgreementId,
) -> Result<Vec<StoredPosting>, StoreError> {
    let sql = "select business_date, posting_key, agreement_id, product, debit, credit, amount_minor, currency, cause, fact_id \
        from posting where part = ?1 and agreement_id = ?2 order by business_date, posting_key";
    tx.query(sql, &[part_param(part), Param::Id(agreement.0)], read_posting)
}

/// The posting with a key, wherever it lies, and its part.
///
/// # Errors
/// What the database says.
pub fn find_posting(tx: &mut Tx<'_>, key: Key) -> Result<Option<(Part, StoredPosting)>, StoreError> {
    let sql = "select p.business_date, p.posting_key, p.agreement_id, p.product, p.debit, p.credit, p.amount_minor, \
        p.currency, p.cause, p.fact_id, p.part from part_number n join posting p on p.part = n.part \
        and p.posting_key = ?1";
    tx.query_one(sql, &[Param::Id(key.0)], |row| Ok((part_of(row, 10)?, read_posting(row)?)))
}

/// A posting as it is read back.
#[derive(Clone, Debug)]
pub struct StoredPosting {
    /// The business date.
    pub business_date: Date,
    /// The key.
    pub key: [u8; 16],
    /// The agreement; `None` for an accrual.
    pub agreement: Option<AgreementId>,
    /// The product.
    pub product: String,
    /// The account debited.
    pub debit: LedgerRole,
    /// The account credited.
    pub credit: LedgerRole,
    /// The amount.
    pub amount: Money,
    /// What it is for.
    pub cause: String,
    /// The fact that made it come about, where one did.
    pub fact: Option<FactId>,
}

fn read_posting(row: &Row<'_>) -> Result<StoredPosting, StoreError> {
    let account = |index: usize| {
        LedgerRole::parse(row.text(index))
            .ok_or_else(|| damaged(format!("account {:?} is unknown", row.text(index))))
    };
    let currency = Currency::parse(row.text(7)).map_err(|error| damaged(error.to_string()))?;
    Ok(StoredPosting {
        business_date: date_of(row.int(0)),
        key: row.id16(1),
        agreement: row.opt_id16(2).map(AgreementId),
        product: row.text(3).to_owned(),
        debit: account(4)?,
        credit: account(5)?,
        amount: Money::new(row.int(6), currency),
        cause: row.text(8).to_owned(),
        fact: row.opt_id16(9).map(FactId),
    })
}

/// The running total of what accrued for one product and span and is not posted to agreements yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accrual {
    /// The product.
    pub product: String,
    /// What accrues.
    pub kind: AccrualKind,
    /// The currency.
    pub currency: Currency,
    /// The business date through which the total runs.
    pub as_of: Date,
    /// The total.
    pub total: Accrued,
    /// What one more day adds.
    pub daily: Accrued,
}

/// The accruals of a span. Whoever writes them holds the span's lease.
///
/// # Errors
/// What the database says.
pub fn accruals(tx: &mut Tx<'_>, span: Span) -> Result<Vec<Accrual>, StoreError> {
    let sql = "select product, kind, currency, as_of, total, daily from accrual_total where part = ?1 \
        order by product, kind";
    tx.query(sql, &[part_param(span.first)], |row| {
        let number = |index: usize| {
            let text = row.text(index);
            text.parse().map(Accrued).map_err(|_| damaged(format!("accrual {text:?} is not a number")))
        };
        Ok(Accrual {
            product: row.text(0).to_owned(),
            kind: AccrualKind::parse(row.text(1))
                .ok_or_else(|| damaged(format!("accrual kind {:?} is unknown", row.text(1))))?,
            currency: Currency::parse(row.text(2)).map_err(|error| damaged(error.to_string()))?,
            as_of: date_of(row.int(3)),
            total: number(4)?,
            daily: number(5)?,
        })
    })
}

/// Writes the accruals of a span.
///
/// # Errors
/// What the database says.
pub fn set_accruals(tx: &mut Tx<'_>, span: Span, accruals: &[Accrual]) -> Result<(), StoreError> {
    let sql = "insert into accrual_total (part, product, kind, currency, as_of, total, daily) \
        values (?1, ?2, ?3, ?4, ?5, ?6, ?7) on conflict (part, product, kind) \
        do update set as_of = excluded.as_of, total = excluded.total, daily = excluded.daily";
    for accrual in accruals {
        let (total, daily) = (accrual.total.0.to_string(), accrual.daily.0.to_string());
        let params = [
            part_param(span.first),
            Param::Text(&accrual.product),
            Param::Text(accrual.kind.code()),
            Param::Text(accrual.currency.code()),
            Param::Int(days(accrual.as_of)),
            Param::Text(&total),
            Param::Text(&daily),
        ];
        tx.execute(sql, &params)?;
    }
    Ok(())
}

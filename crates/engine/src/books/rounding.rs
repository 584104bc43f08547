//! Rounds once what spans of parts round each: when all spans have closed a day, the difference between the sum rounded
//! once and the sum of rounded amounts is posted. So the books at the end of a day do not depend on the number of spans.
//!
//! With one span there is nothing to do. A process that ends between the last span's close and this posting leaves it
//! to whoever begins the next day, or closes the books.

use std::collections::{BTreeMap, BTreeSet};

use dunlin_domain::amounts::Accrued;
use dunlin_domain::date::{BusinessDate, Date};
use dunlin_domain::id::{Key, Part};
use dunlin_domain::ledger::{LedgerRole, Posting};
use dunlin_domain::money::{Money, MoneyError};
use dunlin_store::Tx;
use dunlin_store::record::{self, PostingRow};
use dunlin_store::rounding::{self, RoundingKey, Subject};
use dunlin_store::run::{self, Span};

use super::provisions;
use crate::EngineError;
use crate::day_run::rounded;

/// The cause of these postings.
pub(crate) const CAUSE: &str = "rounding";

/// Posts what rounding span by span left out at the end of `date`, if that is the last day begun and every span of
/// `span_width` parts has closed it. Once more changes nothing.
pub(crate) fn post(tx: &mut Tx<'_>, span_width: u16, date: BusinessDate) -> Result<(), EngineError> {
    let spans = run::spans(span_width);
    if spans.len() == 1 {
        return Ok(());
    }
    run::lock_days(tx)?;
    let is_last = run::day_range(tx)?.is_some_and(|(_, last)| last == date);
    if !is_last || !run::is_closed(tx, span_width, date)? {
        return Ok(());
    }
    let known = rounding::all(tx)?;
    let due = due(tx, &spans)?;
    let keys: BTreeSet<&RoundingKey> = known.keys().chain(due.keys()).collect();
    let mut postings = Vec::new();
    for key in keys {
        let before = known.get(key).copied().unwrap_or(0);
        let after = due.get(key).copied().unwrap_or(0);
        if after != before {
            let change = after.checked_sub(before).ok_or(MoneyError::Overflow)?;
            postings.push(posting_of(date, key, change)?);
            rounding::set(tx, key, after)?;
        }
    }
    record::insert_postings(tx, &postings)?;
    Ok(())
}

/// What the sums over all spans, rounded once, come to beside the spans' rounded amounts, minor units. What a provision
/// posts stands until the next one.
fn due(tx: &mut Tx<'_>, spans: &[Span]) -> Result<BTreeMap<RoundingKey, i64>, EngineError> {
    let mut accrued: BTreeMap<RoundingKey, (i128, i128)> = BTreeMap::new();
    for span in spans {
        for accrual in record::accruals(tx, *span)? {
            let key = (accrual.product, accrual.currency, Subject::Accrual(accrual.kind));
            let sum = accrued.entry(key).or_default();
            sum.0 += accrual.total.0;
            sum.1 += rounded(accrual.total);
        }
    }
    let mut due = BTreeMap::new();
    for (key, (total, of_spans)) in accrued {
        let minor = i64::try_from(rounded(Accrued(total)) - of_spans).map_err(|_| MoneyError::Overflow)?;
        due.insert(key, minor);
    }
    for stage in provisions::stages_on(tx, spans, Date::NEVER)?.map(|(_, stages)| stages).unwrap_or_default()
    {
        let minor =
            stage.required()?.minor().checked_sub(stage.of_spans_minor).ok_or(MoneyError::Overflow)?;
        due.insert((stage.product, stage.currency, Subject::Provision(stage.stage)), minor);
    }
    due.retain(|_, minor| *minor != 0);
    Ok(due)
}

fn posting_of(date: BusinessDate, key: &RoundingKey, change: i64) -> Result<PostingRow, EngineError> {
    let (product, currency, subject) = key;
    let (more, less) = roles(subject);
    let (debit, credit) = if change > 0 { (more, less) } else { (less, more) };
    let amount = change.checked_abs().ok_or(MoneyError::Overflow)?;
    let (code, stage) = subject.codes();
    let day = date.0.days().to_le_bytes();
    let cause: [&[u8]; 5] =
        [&day, product.as_bytes(), currency.code().as_bytes(), code.as_bytes(), stage.as_bytes()];
    let posting = Posting {
        key: Key::of_cause(CAUSE, &cause),
        debit,
        credit,
        amount: Money::new(amount, *currency),
        cause: CAUSE,
        fact: None,
    };
    let part = Part::new(0);
    Ok(PostingRow { part, agreement: None, product: product.clone(), business_date: date, posting })
}

/// The roles that are debited and credited when the sum rounded once comes to more.
pub(crate) fn roles(subject: &Subject) -> (LedgerRole, LedgerRole) {
    match subject {
        Subject::Accrual(kind) => kind.roles(),
        Subject::Provision(_) => (LedgerRole::ProvisionExpense, LedgerRole::Allowance),
    }
}

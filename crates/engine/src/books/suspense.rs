//! Money from banks and gateways that belongs to nobody yet: posted when a day is closed, and taken back on the day on which it
//! was assigned or sent back, when the payment itself is posted.

use dunlin_domain::date::BusinessDate;
use dunlin_domain::id::Key;
use dunlin_domain::ledger::{LedgerRole, Posting};
use dunlin_domain::money::{Currency, Money};
use dunlin_store::Tx;
use dunlin_store::record::{self, PostingRow};
use dunlin_store::run::{BusinessDay, Span};
use dunlin_store::suspense::{self, SuspenseRow, Unassigned};

use crate::EngineError;

/// Stands where postings name their product: it belongs to none.
const NO_PRODUCT: &str = "none";

/// Posts what came in and belongs to nobody, and takes back what found its owner, in the parts of a span.
pub(crate) fn post(tx: &mut Tx<'_>, span: Span, day: BusinessDay) -> Result<(), EngineError> {
    let new: Vec<SuspenseRow> = suspense::unposted(tx, span, day.decided_at)?
        .into_iter()
        .filter_map(|entry| row_of(entry, day.date))
        .collect();
    let settled = suspense::settled(tx, span, day.decided_at)?;
    let mut postings: Vec<PostingRow> =
        new.iter().map(|row| posting_of(row, day.date, "unassigned")).collect();
    postings.extend(settled.iter().map(|row| posting_of(row, day.date, "assigned")));
    if postings.is_empty() {
        return Ok(());
    }
    record::insert_postings(tx, &postings)?;
    suspense::insert(tx, &new)?;
    suspense::clear(tx, &settled, day.date)?;
    Ok(())
}

/// What cannot be read as an amount is in no book; it stays on the list of open entries with its reason.
fn row_of(entry: Unassigned, on: BusinessDate) -> Option<SuspenseRow> {
    let currency = Currency::parse(&entry.currency).ok()?;
    let amount = Money::parse(&entry.amount, currency).ok().filter(|amount| amount.is_positive())?;
    let Unassigned { part, entry, reference, source, source_name, .. } = entry;
    let posted_on = on.0;
    Some(SuspenseRow { part, entry, amount, reference, source, source_name, posted_on, cleared_on: None })
}

/// The key of an entry's posting.
pub(crate) fn key_of(entry: Key, cause: &'static str) -> Key {
    Key::of_cause(cause, &[&entry.0])
}

fn posting_of(row: &SuspenseRow, date: BusinessDate, cause: &'static str) -> PostingRow {
    let (bank, nobody) = (LedgerRole::Cash, LedgerRole::BankSuspense);
    let (debit, credit) = if cause == "unassigned" { (bank, nobody) } else { (nobody, bank) };
    let posting =
        Posting { key: key_of(row.entry, cause), debit, credit, amount: row.amount, cause, fact: None };
    let product = NO_PRODUCT.to_owned();
    PostingRow { part: row.part, agreement: None, product, business_date: date, posting }
}

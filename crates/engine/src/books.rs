//! The books: the trial balance and the journal. Amounts here are sums of postings and nothing else; whether they
//! agree with what the agreements owe is for `verify` to say.

use std::collections::BTreeMap;
use std::io::Write;

use dunlin_domain::date::Date;
use dunlin_domain::id::Key;
use dunlin_domain::ledger::LedgerAccount;
use dunlin_domain::money::{Currency, Money};
use dunlin_store::check::{self, JournalLine};
use dunlin_store::{StoreError, record, run};

use crate::{Engine, EngineError};

/// One account of one product in a trial balance (试算平衡表).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrialBalanceLine {
    /// The product.
    pub product: String,
    /// The currency.
    pub currency: Currency,
    /// The account.
    pub account: LedgerAccount,
    /// All debits, minor units.
    pub debit_minor: i128,
    /// All credits, minor units.
    pub credit_minor: i128,
    /// Debits less credits, minor units.
    pub balance_minor: i128,
}

/// The columns of the journal.
const JOURNAL_COLUMNS: [&str; 9] =
    ["business_date", "key", "agreement_id", "product", "debit", "credit", "amount", "currency", "cause"];

impl Engine {
    /// Debits and credits of every account that has a posting through `on`, by currency, product and account. In
    /// each currency both sides come to the same.
    ///
    /// # Errors
    /// What the database says.
    pub fn trial_balance(&self, on: Date) -> Result<Vec<TrialBalanceLine>, EngineError> {
        let sums = self.db.read(|tx| {
            let mut sums: BTreeMap<(Currency, String, LedgerAccount), (i128, i128)> = BTreeMap::new();
            for part in check::parts_in_use(tx)? {
                for row in record::balances(tx, part, on)? {
                    let currency = Currency::parse(&row.currency).map_err(|error| StoreError::Data {
                        what: format!("posting in part {}: {error}", part.number()),
                    })?;
                    let account = LedgerAccount::parse(&row.account).ok_or_else(|| StoreError::Data {
                        what: format!(
                            "posting in part {}: account {:?} is unknown",
                            part.number(),
                            row.account
                        ),
                    })?;
                    let sum = sums.entry((currency, row.product, account)).or_default();
                    sum.0 += row.debit_minor;
                    sum.1 += row.credit_minor;
                }
            }
            Ok(sums)
        })?;
        let line = |((currency, product, account), (debit_minor, credit_minor))| TrialBalanceLine {
            product,
            currency,
            account,
            debit_minor,
            credit_minor,
            balance_minor: debit_minor - credit_minor,
        };
        Ok(sums.into_iter().map(line).collect())
    }

    /// Writes every posting of the business dates `from..=through` as CSV, in the order of days, and gives their
    /// number. Each line is one debit and one credit of the same amount; a posting without an agreement is an
    /// accrual. Streams: memory does not grow with the journal.
    ///
    /// # Errors
    /// What the database says; when `out` cannot be written.
    pub fn export_journal(&self, out: &mut dyn Write, from: Date, through: Date) -> Result<u64, EngineError> {
        let mut csv = csv::WriterBuilder::new().from_writer(out);
        csv.write_record(JOURNAL_COLUMNS).map_err(|error| unwritten(&error))?;
        let mut count = 0;
        self.db.read_as(|tx| -> Result<(), EngineError> {
            // Nothing is posted outside of the days that were run.
            let Some((first, last)) = run::day_range(tx)? else { return Ok(()) };
            for day in from.max(first.0).days()..=through.min(last.0).days() {
                let mut failure = None;
                let read = check::each_journal_line(tx, Date::from_days(day), |line| {
                    let written = write_line(&mut csv, line);
                    count += 1;
                    // The reader's error type has no place for ours, so any of its own stops it.
                    written.map_err(|error| {
                        let what = error.to_string();
                        failure = Some(error);
                        StoreError::Data { what }
                    })
                });
                if let Some(failure) = failure {
                    return Err(failure);
                }
                read?;
            }
            Ok(())
        })?;
        csv.flush().map_err(|error| unwritten(&error.into()))?;
        Ok(count)
    }
}

fn write_line(csv: &mut csv::Writer<&mut dyn Write>, line: &JournalLine<'_>) -> Result<(), EngineError> {
    let currency = Currency::parse(line.currency)?;
    let record = [
        &line.business_date.to_string(),
        &Key(line.key).to_string(),
        line.agreement.unwrap_or_default(),
        line.product,
        line.debit,
        line.credit,
        &Money::new(line.amount_minor, currency).to_string(),
        line.currency,
        line.cause,
    ];
    csv.write_record(record).map_err(|error| unwritten(&error))
}

fn unwritten(error: &csv::Error) -> EngineError {
    let complaint = format!("the journal cannot be written: {error}; choose another place and run again");
    EngineError::Refused { code: "journal", complaint }
}

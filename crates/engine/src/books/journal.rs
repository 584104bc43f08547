//! The journal (序时账): every posting as a line of CSV.

use dunlin_domain::wording;
use std::io::Write;

use dunlin_domain::contact::Language;
use dunlin_domain::date::Date;
use dunlin_domain::id::Key;
use dunlin_domain::ledger::LedgerRole;
use dunlin_domain::money::{Currency, Money};
use dunlin_store::check::{self, JournalLine};
use dunlin_store::{StoreError, Tx, run};

use super::ChartOn;
use crate::{Engine, EngineError};

/// The columns of the journal.
const JOURNAL_COLUMNS: [&str; 15] = [
    "business_date",
    "key",
    "agreement_id",
    "product",
    "debit_account",
    "debit_name",
    "credit_account",
    "credit_name",
    "amount",
    "currency",
    "cause",
    "debit_role",
    "credit_role",
    "fact_id",
    "fact_reference",
];

impl Engine {
    /// Writes every posting of the business dates `from..=through` as CSV, in the order of days, and gives their
    /// number. Each line is one debit and one credit of the same amount, on the accounts of the chart in force on its
    /// day; a posting without an agreement is an accrual. Streams: memory does not grow with the journal.
    ///
    /// # Errors
    /// What the database says; when `out` cannot be written.
    pub fn export_journal(
        &self,
        out: &mut dyn Write,
        from: Date,
        through: Date,
        language: Language,
    ) -> Result<u64, EngineError> {
        let mut csv = csv::WriterBuilder::new().from_writer(out);
        csv.write_record(JOURNAL_COLUMNS).map_err(|error| unwritten(&error))?;
        let mut count = 0;
        let policies = self.policies()?;
        self.db.read_as(|tx| -> Result<(), EngineError> {
            each_day_line(
                tx,
                from,
                through,
                |date| ChartOn(policies.ledger(date)),
                |chart, line| {
                    count += 1;
                    write_line(&mut csv, chart, line, language)
                },
            )
        })?;
        csv.flush().map_err(|error| unwritten(&error.into()))?;
        Ok(count)
    }
}

/// Hands the postings of the business dates `from..=through` to `visit`, day by day, with the chart of their day.
pub(super) fn each_day_line(
    tx: &mut Tx<'_>,
    from: Date,
    through: Date,
    chart_on: impl Fn(Date) -> ChartOn,
    mut visit: impl FnMut(&ChartOn, &JournalLine<'_>) -> Result<(), EngineError>,
) -> Result<(), EngineError> {
    // Nothing is posted outside of the days that were run.
    let Some((first, last)) = run::day_range(tx)? else { return Ok(()) };
    for day in from.max(first.0).days()..=through.min(last.0).days() {
        let date = Date::from_days(day);
        let chart = chart_on(date);
        let mut failure = None;
        let read = check::each_journal_line(tx, date, |line| {
            // The reader's error type has no place for ours, so any of its own stops it.
            visit(&chart, line).map_err(|error| {
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
}

/// The role of a line by its code.
pub(super) fn role_of(code: &str) -> Result<LedgerRole, StoreError> {
    LedgerRole::parse(code)
        .ok_or_else(|| StoreError::Data { what: format!("role {code:?} of a posting is unknown") })
}

fn write_line(
    csv: &mut csv::Writer<&mut dyn Write>,
    chart: &ChartOn,
    line: &JournalLine<'_>,
    language: Language,
) -> Result<(), EngineError> {
    let currency = Currency::parse(line.currency)?;
    let [debit, credit] = [role_of(line.debit)?, role_of(line.credit)?];
    let name = |role| chart.account(line.product, role).map_or("", |account| account.name(language));
    let fact_id = line.fact.map_or_else(String::new, |(id, _)| id.to_string());
    let fact_reference = line.fact.map_or("", |(_, reference)| reference);
    let record = [
        &line.business_date.to_string(),
        &Key(line.key).to_string(),
        line.agreement.unwrap_or_default(),
        line.product,
        chart.code(line.product, debit),
        name(debit),
        chart.code(line.product, credit),
        name(credit),
        &Money::new(line.amount_minor, currency).to_string(),
        line.currency,
        line.cause,
        line.debit,
        line.credit,
        &fact_id,
        fact_reference,
    ];
    csv.write_record(record).map_err(|error| unwritten(&error))
}

fn unwritten(error: &csv::Error) -> EngineError {
    let complaint = wording!(
        "无法写出日记账：{error}；请换一个位置再执行",
        "the journal cannot be written: {error}; choose another place and run again"
    );
    EngineError::Refused { code: "journal", complaint }
}

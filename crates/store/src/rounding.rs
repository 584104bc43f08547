//! What rounding span by span left out of the books, and the day's close put right: one row an account and product.

use std::collections::BTreeMap;

use dunlin_domain::ledger::AccrualKind;
use dunlin_domain::money::Currency;

use crate::agreement::damaged;
use crate::{Param, StoreError, Tx};

/// How provisions are named among the subjects.
const PROVISION: &str = "provision";

/// What is rounded.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// The running total of what accrues.
    Accrual(AccrualKind),
    /// What a stage of provisions requires, by the stage's code.
    Provision(String),
}

impl Subject {
    /// The code and the stage, as they are stored.
    #[must_use]
    pub fn codes(&self) -> (&'static str, &str) {
        match self {
            Self::Accrual(kind) => (kind.code(), ""),
            Self::Provision(stage) => (PROVISION, stage),
        }
    }
}

/// Product, currency and subject.
pub type RoundingKey = (String, Currency, Subject);

/// What is posted beside the spans' own postings, minor units.
///
/// # Errors
/// What the database says.
pub fn all(tx: &mut Tx<'_>) -> Result<BTreeMap<RoundingKey, i64>, StoreError> {
    let sql = "select product, currency, subject, stage, amount_minor from rounding where part = 0";
    let rows = tx.query(sql, &[], |row| {
        let currency = Currency::parse(row.text(1)).map_err(|error| damaged(error.to_string()))?;
        let subject = match row.text(2) {
            PROVISION => Subject::Provision(row.text(3).to_owned()),
            code => Subject::Accrual(
                AccrualKind::parse(code)
                    .ok_or_else(|| damaged(format!("subject {code:?} of a rounding is unknown")))?,
            ),
        };
        Ok(((row.text(0).to_owned(), currency, subject), row.int(4)))
    })?;
    Ok(rows.into_iter().collect())
}

/// Sets what is posted of one subject. Whoever does holds [`crate::run::lock_days`].
///
/// # Errors
/// What the database says.
pub fn set(tx: &mut Tx<'_>, key: &RoundingKey, minor: i64) -> Result<(), StoreError> {
    let sql = "insert into rounding (part, product, currency, subject, stage, amount_minor) values (0, ?1, ?2, ?3, ?4, ?5) \
        on conflict (part, product, currency, subject, stage) do update set amount_minor = excluded.amount_minor";
    let (product, currency, subject) = key;
    let (code, stage) = subject.codes();
    let params = [
        Param::Text(product),
        Param::Text(currency.code()),
        Param::Text(code),
        Param::Text(stage),
        Param::Int(minor),
    ];
    tx.execute(sql, &params)?;
    Ok(())
}

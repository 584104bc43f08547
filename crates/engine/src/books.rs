//! The books: trial balance, journal and ledger cards, in the lender's accounts. Amounts here are sums of postings and
//! nothing else; whether they agree with what the agreements owe is for `verify` to say.
//!
//! Postings keep roles; which account a role stands on is read from the chart in force on the date that a report is
//! about, so that a later chart changes no report of the past.

mod card;
mod journal;
pub(crate) mod period;
pub(crate) mod provisions;
pub(crate) mod rounding;
pub(crate) mod suspense;
mod why;

use dunlin_domain::wording;
use std::collections::BTreeMap;
use std::sync::Arc;

use dunlin_domain::chart::Account;
use dunlin_domain::date::Date;
use dunlin_domain::ledger::LedgerRole;
use dunlin_domain::money::Currency;
use dunlin_store::{StoreError, Tx, check, record, run};

use crate::policies::Policies;
use crate::policy::LedgerDocument;
use crate::{Engine, EngineError};

pub use card::{AccountCard, CardBalance, CardLine};
pub use dunlin_store::period::{PeriodAction, PeriodEvent};
pub use period::Periods;
pub use provisions::{ProvisionLine, ProvisionReport};
pub use why::PostingWhy;

/// A trial balance (试算平衡表).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrialBalance {
    /// The business date at whose end it stands.
    pub on: Date,
    /// The chart in force then, `name@version`; `None` in a database that was made before there were charts.
    pub chart: Option<String>,
    /// A line for each currency, product and role with a posting, in this order.
    pub lines: Vec<TrialBalanceLine>,
}

/// One role of one product in a trial balance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrialBalanceLine {
    /// The product.
    pub product: String,
    /// The currency.
    pub currency: Currency,
    /// The role.
    pub role: LedgerRole,
    /// The account that it stands on, if the chart has one.
    pub account: Option<Account>,
    /// All debits, minor units.
    pub debit_minor: i128,
    /// All credits, minor units.
    pub credit_minor: i128,
    /// Debits less credits, minor units.
    pub balance_minor: i128,
}

impl TrialBalanceLine {
    /// The account's code, or the role's where the chart has no account for it.
    #[must_use]
    pub fn code(&self) -> &str {
        code_of(self.account.as_ref(), self.role)
    }
}

/// One account in a trial balance, over all products.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountBalance {
    /// The currency.
    pub currency: Currency,
    /// The account's code, or a role's that no account takes.
    pub code: String,
    /// The account; `None` for a role that no account takes.
    pub account: Option<Account>,
    /// All debits, minor units.
    pub debit_minor: i128,
    /// All credits, minor units.
    pub credit_minor: i128,
    /// Debits less credits, minor units.
    pub balance_minor: i128,
}

impl TrialBalance {
    /// Debits and credits of each currency.
    #[must_use]
    pub fn totals(&self) -> BTreeMap<Currency, (i128, i128)> {
        let mut totals: BTreeMap<Currency, (i128, i128)> = BTreeMap::new();
        for line in &self.lines {
            let total = totals.entry(line.currency).or_default();
            total.0 += line.debit_minor;
            total.1 += line.credit_minor;
        }
        totals
    }

    /// Whether in each currency, and there for each product and on and off the balance sheet, both sides are equal.
    #[must_use]
    pub fn is_balanced(&self) -> bool {
        let mut sums: BTreeMap<(Currency, &str, bool), i128> = BTreeMap::new();
        for line in &self.lines {
            let is_off = line.role.sphere() == dunlin_domain::ledger::Sphere::OffBalance;
            *sums.entry((line.currency, &line.product, is_off)).or_default() += line.balance_minor;
        }
        sums.values().all(|sum| *sum == 0)
    }

    /// The accounts, by currency and code, each over all products.
    #[must_use]
    pub fn accounts(&self) -> Vec<AccountBalance> {
        let mut sums: BTreeMap<(Currency, &str), AccountBalance> = BTreeMap::new();
        for line in &self.lines {
            let nothing = || AccountBalance {
                currency: line.currency,
                code: line.code().to_owned(),
                account: line.account.clone(),
                debit_minor: 0,
                credit_minor: 0,
                balance_minor: 0,
            };
            let sum = sums.entry((line.currency, line.code())).or_insert_with(nothing);
            sum.debit_minor += line.debit_minor;
            sum.credit_minor += line.credit_minor;
            sum.balance_minor += line.balance_minor;
        }
        sums.into_values().collect()
    }
}

/// The chart in force on a day.
#[derive(Clone)]
struct ChartOn(Option<Arc<LedgerDocument>>);

impl ChartOn {
    fn load(tx: &mut Tx<'_>, on: Date) -> Result<Self, EngineError> {
        Ok(Self(Policies::load(tx)?.ledger(on)))
    }

    fn name(&self) -> Option<String> {
        self.0.as_ref().map(|document| document.full_name())
    }

    fn account(&self, product: &str, role: LedgerRole) -> Option<&Account> {
        self.0.as_ref().and_then(|document| document.chart.account(product, role))
    }

    /// The account's code, or the role's where there is no account for it.
    fn code(&self, product: &str, role: LedgerRole) -> &str {
        code_of(self.account(product, role), role)
    }

    /// What goes by `code`: an account, or a role that no account takes.
    fn find(&self, code: &str) -> Result<Option<&Account>, EngineError> {
        let account = self.0.as_ref().and_then(|document| document.chart.accounts.get(code));
        let is_bare_role = || LedgerRole::parse(code).is_some_and(|role| self.account("", role).is_none());
        match account {
            Some(account) => Ok(Some(account)),
            None if is_bare_role() => Ok(None),
            None => Err(EngineError::NotFound { what: "account", name: code.to_owned() }),
        }
    }
}

fn code_of(account: Option<&Account>, role: LedgerRole) -> &str {
    account.map_or_else(|| role.code(), |account| &account.code)
}

type RoleKey = (Currency, String, LedgerRole);
type RoleSums = BTreeMap<RoleKey, (i128, i128)>;

/// Debits and credits of every role through `on`.
fn role_sums(tx: &mut Tx<'_>, on: Date) -> Result<RoleSums, StoreError> {
    let mut sums = RoleSums::new();
    for part in check::parts_in_use(tx)? {
        let damaged =
            |what: String| StoreError::Data { what: format!("posting in part {}: {what}", part.number()) };
        for row in record::balances(tx, part, on)? {
            let currency = Currency::parse(&row.currency).map_err(|error| damaged(error.to_string()))?;
            let role = LedgerRole::parse(&row.account)
                .ok_or_else(|| damaged(format!("role {:?} is unknown", row.account)))?;
            let sum = sums.entry((currency, row.product, role)).or_default();
            sum.0 += row.debit_minor;
            sum.1 += row.credit_minor;
        }
    }
    Ok(sums)
}

impl Engine {
    /// The chart in force on a day.
    fn chart(&self, on: Date) -> Result<ChartOn, EngineError> {
        Ok(ChartOn(self.policies()?.ledger(on)))
    }

    /// Debits and credits of every role that has a posting through `on`, with the accounts of the chart in force then.
    /// In each currency both sides come to the same.
    ///
    /// # Errors
    /// A refusal for a date after the last day that was begun; what the database says.
    pub fn trial_balance(&self, on: Date) -> Result<TrialBalance, EngineError> {
        let chart = self.chart(on)?;
        self.db.read_as(|tx| {
            refuse_after_last_day(tx, on)?;
            Ok(balance_of(tx, &chart, on)?)
        })
    }
}

/// The trial balance at the end of `on`.
fn balance_of(tx: &mut Tx<'_>, chart: &ChartOn, on: Date) -> Result<TrialBalance, StoreError> {
    let line = |((currency, product, role), (debit_minor, credit_minor)): (RoleKey, (i128, i128))| {
        let account = chart.account(&product, role).cloned();
        let balance_minor = debit_minor - credit_minor;
        TrialBalanceLine { product, currency, role, account, debit_minor, credit_minor, balance_minor }
    };
    let lines = role_sums(tx, on)?.into_iter().map(line).collect();
    Ok(TrialBalance { on, chart: chart.name(), lines })
}

/// The books say nothing about days that are still to come.
fn refuse_after_last_day(tx: &mut Tx<'_>, on: Date) -> Result<(), EngineError> {
    match run::day_range(tx)? {
        Some((_, last)) if on > last.0 => Err(EngineError::Refused {
            code: "after_last_day",
            complaint: wording!(
                "账目到 {} 为止（最后一个已跑批的会计日）；请查询该日或更早的日期，而不是 {on}",
                "the books end with {}, the last day that was run; ask for that or an earlier one, not {on}",
                last.0
            ),
        }),
        Some(_) | None => Ok(()),
    }
}

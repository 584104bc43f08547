//! The chart of accounts (会计科目表): the lender's accounts, and which of them each role of the ledger stands on.
//!
//! Postings keep roles. An account is looked up when the books are read, in the chart that was in force on the date
//! that is asked about, so that a later chart changes no figure of the past.

use std::collections::BTreeMap;

use crate::contact::{Language, code_enum};
use crate::ledger::{LedgerRole, Sphere};

code_enum! {
    /// The class of an account (科目类别).
    AccountClass {
        /// 资产.
        Asset = "asset",
        /// 负债.
        Liability = "liability",
        /// 所有者权益.
        Equity = "equity",
        /// 收入.
        Income = "income",
        /// 支出.
        Expense = "expense",
        /// 表外.
        OffBalance = "off_balance",
    }
}

impl AccountClass {
    /// The part of the books that the class belongs to.
    #[must_use]
    pub fn sphere(self) -> Sphere {
        match self {
            Self::Asset | Self::Liability | Self::Equity => Sphere::BalanceSheet,
            Self::Income | Self::Expense => Sphere::ProfitAndLoss,
            Self::OffBalance => Sphere::OffBalance,
        }
    }
}

code_enum! {
    /// On which side an account grows (余额方向). An allowance is an asset that grows on the credit side.
    Side {
        /// 借.
        Debit = "debit",
        /// 贷.
        Credit = "credit",
    }
}

/// One account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The lender's code, such as `130301`.
    pub code: String,
    /// Its name in Chinese.
    pub name_zh: String,
    /// Its name in English.
    pub name_en: String,
    /// Its class.
    pub class: AccountClass,
    /// The side on which it grows.
    pub side: Side,
}

impl Account {
    /// The name in a language.
    #[must_use]
    pub fn name(&self, language: Language) -> &str {
        match language {
            Language::Zh => &self.name_zh,
            Language::En => &self.name_en,
        }
    }
}

/// A chart of accounts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chart {
    /// The accounts, by code.
    pub accounts: BTreeMap<String, Account>,
    /// The account of each role.
    pub mapping: BTreeMap<LedgerRole, String>,
    /// By product, the roles that stand on another account there.
    pub by_product: BTreeMap<String, BTreeMap<LedgerRole, String>>,
}

impl Chart {
    /// The account that a role of a product stands on; `None` where the chart has none for it, which only a chart
    /// that is older than the role can come to.
    #[must_use]
    pub fn account(&self, product: &str, role: LedgerRole) -> Option<&Account> {
        let own = self.by_product.get(product).and_then(|mapping| mapping.get(&role));
        own.or_else(|| self.mapping.get(&role)).and_then(|code| self.accounts.get(code))
    }

    /// The roles that no account takes.
    #[must_use]
    pub fn unmapped(&self) -> Vec<LedgerRole> {
        let roles = LedgerRole::ALL.iter().copied();
        roles.filter(|role| !self.mapping.contains_key(role)).collect()
    }
}

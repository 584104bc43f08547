//! The twins of the pages *Books*.

use dunlin_domain::chart::{Account, Side};
use dunlin_engine::books::AccountCard;
use serde::Serialize;

use super::TextJson;
use crate::number;
use crate::page::BooksView;

/// `/api/books`.
#[derive(Serialize)]
pub struct BooksJson {
    on: String,
    chart: Option<String>,
    is_balanced: bool,
    closed_through: Option<String>,
    accounts: Vec<AccountBalanceJson>,
    tiers: Vec<TierJson>,
}

#[derive(Serialize)]
struct TierJson {
    tier: &'static str,
    currency: &'static str,
    owed: String,
}

#[derive(Serialize)]
struct AccountBalanceJson {
    account: String,
    name: Option<TextJson>,
    class: Option<&'static str>,
    currency: &'static str,
    debit: String,
    credit: String,
    balance: String,
}

fn name_of(account: Option<&Account>) -> Option<TextJson> {
    account.map(|account| TextJson { zh: account.name_zh.clone(), en: account.name_en.clone() })
}

impl BooksJson {
    /// Of a day's trial balance.
    #[must_use]
    pub fn new(view: &BooksView) -> Self {
        let accounts = view.balance.accounts();
        let account = |sum: &dunlin_engine::books::AccountBalance| AccountBalanceJson {
            account: sum.code.clone(),
            name: name_of(sum.account.as_ref()),
            class: sum.account.as_ref().map(|account| account.class.code()),
            currency: sum.currency.code(),
            debit: number::decimal(sum.debit_minor, sum.currency),
            credit: number::decimal(sum.credit_minor, sum.currency),
            balance: number::decimal(sum.balance_minor, sum.currency),
        };
        Self {
            on: view.balance.on.to_string(),
            chart: view.balance.chart.clone(),
            is_balanced: view.balance.is_balanced(),
            closed_through: view.closed_through.map(|date| date.to_string()),
            accounts: accounts.iter().map(account).collect(),
            tiers: view
                .tiers
                .iter()
                .map(|sum| TierJson {
                    tier: sum.tier.code(),
                    currency: sum.currency.code(),
                    owed: number::decimal(sum.owed_minor, sum.currency),
                })
                .collect(),
        }
    }
}

/// `/api/books/accounts/{code}`.
#[derive(Serialize)]
pub struct AccountJson {
    account: String,
    name: Option<TextJson>,
    chart: Option<String>,
    from: String,
    through: String,
    balances: Vec<BalanceJson>,
    line_count: u64,
    lines: Vec<LineJson>,
}

#[derive(Serialize)]
struct BalanceJson {
    product: String,
    currency: &'static str,
    opening: String,
    debit: String,
    credit: String,
    closing: String,
}

#[derive(Serialize)]
struct LineJson {
    business_date: String,
    key: String,
    agreement: Option<String>,
    product: String,
    cause: String,
    other_account: String,
    currency: &'static str,
    debit: Option<String>,
    credit: Option<String>,
    balance: String,
}

impl AccountJson {
    /// Of an account's card.
    #[must_use]
    pub fn new(card: &AccountCard) -> Self {
        let balance = |sum: &dunlin_engine::books::CardBalance| BalanceJson {
            product: sum.product.clone(),
            currency: sum.currency.code(),
            opening: number::decimal(sum.opening_minor, sum.currency),
            debit: number::decimal(sum.debit_minor, sum.currency),
            credit: number::decimal(sum.credit_minor, sum.currency),
            closing: number::decimal(sum.closing_minor, sum.currency),
        };
        let line = |line: &dunlin_engine::books::CardLine| {
            let amount = number::decimal(i128::from(line.amount_minor), line.currency);
            let (debit, credit) = match line.side {
                Side::Debit => (Some(amount), None),
                Side::Credit => (None, Some(amount)),
            };
            LineJson {
                business_date: line.business_date.to_string(),
                key: line.key.to_string(),
                agreement: line.agreement.clone(),
                product: line.product.clone(),
                cause: line.cause.clone(),
                other_account: line.other_code.clone(),
                currency: line.currency.code(),
                debit,
                credit,
                balance: number::decimal(line.balance_minor, line.currency),
            }
        };
        Self {
            account: card.code.clone(),
            name: name_of(card.account.as_ref()),
            chart: card.chart.clone(),
            from: card.from.to_string(),
            through: card.through.to_string(),
            balances: card.balances.iter().map(balance).collect(),
            line_count: card.line_count,
            lines: card.lines.iter().map(line).collect(),
        }
    }
}

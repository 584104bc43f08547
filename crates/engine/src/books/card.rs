//! A ledger card (科目明细账): what moved on one account, between an opening and a closing balance.

use dunlin_domain::wording;
use std::collections::BTreeMap;

use dunlin_domain::chart::{Account, Side};
use dunlin_domain::date::Date;
use dunlin_domain::id::Key;
use dunlin_domain::ledger::LedgerRole;
use dunlin_domain::money::Currency;

use super::journal::{each_day_line, role_of};
use super::{ChartOn, RoleSums, refuse_after_last_day, role_sums};
use crate::{Engine, EngineError};

/// The card of one account over some days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountCard {
    /// The account's code, or a role's that no account takes.
    pub code: String,
    /// The account; `None` for a role that no account takes.
    pub account: Option<Account>,
    /// The chart in force on the last day, by which all of the card is read.
    pub chart: Option<String>,
    /// First day.
    pub from: Date,
    /// Last day.
    pub through: Date,
    /// Opening and closing balance by currency and product; those without either are left out.
    pub balances: Vec<CardBalance>,
    /// The first lines, in the order of days.
    pub lines: Vec<CardLine>,
    /// How many lines there are in all.
    pub line_count: u64,
}

/// What an account of one product and currency began and ended with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardBalance {
    /// The currency.
    pub currency: Currency,
    /// The product.
    pub product: String,
    /// Debits less credits before the first day, minor units.
    pub opening_minor: i128,
    /// Debits of the days, minor units.
    pub debit_minor: i128,
    /// Credits of the days, minor units.
    pub credit_minor: i128,
    /// Debits less credits at the end of the last day, minor units.
    pub closing_minor: i128,
}

/// One movement on the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardLine {
    /// The business date.
    pub business_date: Date,
    /// The posting.
    pub key: Key,
    /// The lender's id of the agreement; `None` for an accrual.
    pub agreement: Option<String>,
    /// The product.
    pub product: String,
    /// The side on which the account is moved.
    pub side: Side,
    /// The account on the other side.
    pub other_code: String,
    /// The role on the other side.
    pub other_role: LedgerRole,
    /// Minor units, above zero.
    pub amount_minor: i64,
    /// The currency.
    pub currency: Currency,
    /// Debits less credits of this currency and product after it, minor units.
    pub balance_minor: i128,
    /// What it is for.
    pub cause: String,
}

impl Engine {
    /// The card of the account `code` over the days `from..=through`, with its first `line_count_max` lines. The chart
    /// of the last day says which postings belong to the account.
    ///
    /// # Errors
    /// [`EngineError::NotFound`] for a code that the chart does not have; a refusal when the days are the wrong way
    /// round; what the database says.
    pub fn account_card(
        &self,
        code: &str,
        from: Date,
        through: Date,
        line_count_max: usize,
    ) -> Result<AccountCard, EngineError> {
        if from > through {
            let complaint = wording!(
                "明细账的起始日 {from} 晚于截止日 {through}；请改正其中一个",
                "the card begins on {from}, after it ends on {through}; change one of them"
            );
            return Err(EngineError::Refused { code: "date_range", complaint });
        }
        let chart = self.chart(through)?;
        self.db.read_as(|tx| {
            refuse_after_last_day(tx, through)?;
            let account = chart.find(code)?.cloned();
            let mut balances = opening(&chart, code, role_sums(tx, from.plus_days(-1))?);
            let (mut lines, mut line_count) = (Vec::new(), 0);
            each_day_line(
                tx,
                from,
                through,
                |_| chart.clone(),
                |chart, line| {
                    let currency = Currency::parse(line.currency)?;
                    let roles = [role_of(line.debit)?, role_of(line.credit)?];
                    for (index, side) in [Side::Debit, Side::Credit].into_iter().enumerate() {
                        if chart.code(line.product, roles[index]) != code {
                            continue;
                        }
                        let balance = balances.entry((currency, line.product.to_owned())).or_default();
                        let minor = i128::from(line.amount_minor);
                        match side {
                            Side::Debit => balance.debit += minor,
                            Side::Credit => balance.credit += minor,
                        }
                        line_count += 1;
                        if lines.len() >= line_count_max {
                            continue;
                        }
                        let other_role = roles[1 - index];
                        lines.push(CardLine {
                            business_date: line.business_date,
                            key: Key(line.key),
                            agreement: line.agreement.map(str::to_owned),
                            product: line.product.to_owned(),
                            side,
                            other_code: chart.code(line.product, other_role).to_owned(),
                            other_role,
                            amount_minor: line.amount_minor,
                            currency,
                            balance_minor: balance.closing(),
                            cause: line.cause.to_owned(),
                        });
                    }
                    Ok(())
                },
            )?;
            let balances = balances.into_iter().map(|((currency, product), sums)| CardBalance {
                currency,
                product,
                opening_minor: sums.opening,
                debit_minor: sums.debit,
                credit_minor: sums.credit,
                closing_minor: sums.closing(),
            });
            let chart = chart.name();
            let balances = balances.collect();
            Ok(AccountCard {
                code: code.to_owned(),
                account,
                chart,
                from,
                through,
                balances,
                lines,
                line_count,
            })
        })
    }
}

#[derive(Clone, Copy, Default)]
struct Sums {
    opening: i128,
    debit: i128,
    credit: i128,
}

impl Sums {
    fn closing(self) -> i128 {
        self.opening + self.debit - self.credit
    }
}

/// What the account stood at before, by currency and product.
fn opening(chart: &ChartOn, code: &str, sums: RoleSums) -> BTreeMap<(Currency, String), Sums> {
    let mut opening: BTreeMap<(Currency, String), Sums> = BTreeMap::new();
    for ((currency, product, role), (debit, credit)) in sums {
        if chart.code(&product, role) == code {
            opening.entry((currency, product)).or_default().opening += debit - credit;
        }
    }
    opening
}

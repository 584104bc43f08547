//! What can be typed about the books: `ledger`.

use crate::args::BadValue;
use dunlin_domain::wording;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use dunlin_domain::date::Date;
use dunlin_domain::id::Key;

use super::date;

/// `ledger`.
#[derive(Subcommand, Debug)]
pub enum Ledger {
    /// Debits and credits of each account
    TrialBalance(TrialBalance),
    /// What moved on one account, between its opening and its closing balance
    Account(AccountCard),
    /// Write every posting to a CSV file
    Journal(Journal),
    /// Say what a posting came from
    Why(PostingWhy),
    /// How provisions were derived, by product and stage
    Provisions(ProvisionsOn),
    /// Close the books through a date; one person asks, another approves
    Close(ClosePeriod),
    /// Open closed books again; one person asks, another approves
    Reopen(ReopenPeriod),
    /// Show what is closed, and who closed and opened what
    Periods,
}

/// `ledger trial-balance`.
#[derive(Args, Debug)]
pub struct TrialBalance {
    /// The business date at whose end it stands [default: the last closed one]
    #[arg(long, value_name = "D", value_parser = date)]
    pub on: Option<Date>,
    /// A line for each product and role, not only for each account
    #[arg(long)]
    pub by_product: bool,
}

/// `ledger account`.
#[derive(Args, Debug)]
pub struct AccountCard {
    /// The account's code, as the trial balance shows it
    pub code: String,
    /// First business date [default: the first of the month of the last]
    #[arg(long, value_name = "D", value_parser = date)]
    pub from: Option<Date>,
    /// Last business date [default: the last closed one]
    #[arg(long, value_name = "D", value_parser = date)]
    pub through: Option<Date>,
    /// Lines to show at most; the balances are of all
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub lines: usize,
}

/// `ledger journal`.
#[derive(Args, Debug)]
pub struct Journal {
    /// The file to write
    pub file: PathBuf,
    /// First business date [default: the first that was run]
    #[arg(long, value_name = "D", value_parser = date)]
    pub from: Option<Date>,
    /// Last business date [default: the last that was run]
    #[arg(long, value_name = "D", value_parser = date)]
    pub through: Option<Date>,
}

/// `ledger why`.
#[derive(Args, Debug)]
pub struct PostingWhy {
    /// The posting's key: 32 hexadecimal digits, as journal and ledger cards show it
    #[arg(value_parser = posting_key)]
    pub key: Key,
}

/// `ledger provisions`.
#[derive(Args, Debug)]
pub struct ProvisionsOn {
    /// The business date [default: the last closed one]
    #[arg(long, value_name = "D", value_parser = date)]
    pub on: Option<Date>,
}

/// `ledger close`.
#[derive(Args, Debug)]
pub struct ClosePeriod {
    /// The last business date of the period
    #[arg(long, value_name = "D", value_parser = date)]
    pub through: Date,
    /// Approve what another person asked for
    #[arg(long)]
    pub approve: bool,
}

/// `ledger reopen`.
#[derive(Args, Debug)]
pub struct ReopenPeriod {
    /// The first business date that is to be open again
    #[arg(long, value_name = "D", value_parser = date)]
    pub from: Date,
    /// Why
    #[arg(long, value_name = "TEXT", required_unless_present = "approve", conflicts_with = "approve")]
    pub reason: Option<String>,
    /// Approve what another person asked for
    #[arg(long)]
    pub approve: bool,
}

fn posting_key(text: &str) -> Result<Key, BadValue> {
    Key::parse(text).ok_or_else(|| {
        BadValue(wording!(
            "记账凭证的键是 32 位十六进制数字；可用 `dunlin ledger account CODE` 查看",
            "a posting's key has 32 hexadecimal digits; `dunlin ledger account CODE` shows them"
        ))
    })
}

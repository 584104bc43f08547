//! What can be typed about waivers and bank files: `waive`, `bank-file`.

use std::path::PathBuf;

use clap::builder::TypedValueParser;
use clap::{Args, Subcommand};
use dunlin_domain::date::Date;
use dunlin_domain::terms::Component;
use dunlin_engine::payment::waiver::WaiverReason;

use super::payments::component;
use super::{date, one_of};

/// `waive`.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Waive {
    /// What is asked for
    #[command(flatten)]
    pub new: WaiveNew,
    /// What is done with one that was asked for
    #[command(subcommand)]
    pub command: Option<WaiveCommand>,
}

/// `waive AGREEMENT AMOUNT`.
#[derive(Args, Debug)]
pub struct WaiveNew {
    /// The lender's id of the agreement, or ours (agr_…)
    #[arg(required = true)]
    pub agreement: Option<String>,
    /// The amount, or all of what is open
    #[arg(required = true, allow_hyphen_values = true)]
    pub amount: Option<String>,
    /// What is given up
    #[arg(long, value_parser = component(), default_value = "late_fee")]
    pub component: Component,
    /// Only what was due on this date
    #[arg(long, value_name = "D", value_parser = date)]
    pub due_on: Option<Date>,
    /// The day from which it counts [default: today]
    #[arg(long, value_name = "D", value_parser = date)]
    pub on: Option<Date>,
    /// Why
    #[arg(long, value_parser = waiver_reason(), required = true)]
    pub reason: Option<WaiverReason>,
    /// Why, in words
    #[arg(long, value_name = "TEXT", required = true)]
    pub note: Option<String>,
    /// Your own reference: the same one again gives the same answer and changes nothing
    #[arg(long, value_name = "TEXT")]
    pub reference: Option<String>,
}

/// `waive approve|reject|pending|list`.
#[derive(Subcommand, Debug)]
pub enum WaiveCommand {
    /// A second person agrees
    Approve(WaiveDecision),
    /// It is refused, or withdrawn by the one who asked
    Reject(WaiveDecision),
    /// Show what waits for a second person
    Pending,
    /// Show the waivers of an agreement
    List(WaiveList),
}

/// `waive approve` and `waive reject`.
#[derive(Args, Debug)]
pub struct WaiveDecision {
    /// Its id, as `waive pending` shows it
    pub waiver: String,
    /// What there is to say about it
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub note: String,
}

/// `waive list`.
#[derive(Args, Debug)]
pub struct WaiveList {
    /// The lender's id of the agreement, or ours (agr_…)
    pub agreement: String,
}

/// `bank-file`.
#[derive(Subcommand, Debug)]
pub enum BankFile {
    /// Take in a bank file: camt.053, or CSV; once more changes nothing
    Import(BankFileImport),
    /// Show what is kept because it could not be matched, and what waits for its payment
    Unmatched,
    /// Say to which agreement an unmatched payment belongs
    Assign(BankFileAssign),
    /// Note that the money of an entry went back
    SendBack(BankFileSendBack),
}

/// `bank-file import`.
#[derive(Args, Debug)]
pub struct BankFileImport {
    /// The file
    pub file: PathBuf,
}

/// `bank-file assign`.
#[derive(Args, Debug)]
pub struct BankFileAssign {
    /// The entry, as `bank-file unmatched` shows it (ent_…)
    pub entry: String,
    /// The lender's id of the agreement, or ours (agr_…)
    pub agreement: String,
}

/// `bank-file send-back`.
#[derive(Args, Debug)]
pub struct BankFileSendBack {
    /// The entry, as `bank-file unmatched` shows it (ent_…)
    pub entry: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

fn waiver_reason() -> impl TypedValueParser<Value = WaiverReason> {
    one_of(WaiverReason::ALL.iter().map(|reason| reason.code()), WaiverReason::parse)
}

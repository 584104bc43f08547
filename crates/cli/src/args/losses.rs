//! What can be typed about losses: `charge-off`, `write-off`, `loss`, `recovery`, `sale`.

use std::path::PathBuf;

use clap::builder::TypedValueParser;
use clap::{Args, Subcommand};
use dunlin_domain::date::Date;
use dunlin_engine::losses::LossReason;

use super::{date, one_of};

/// `charge-off` and `write-off`.
#[derive(Args, Debug)]
pub struct NewLoss {
    /// The lender's id of the agreement, or ours (agr_…)
    pub agreement: String,
    /// The day from which it counts [default: today]
    #[arg(long, value_name = "D", value_parser = date)]
    pub on: Option<Date>,
    /// Why
    #[arg(long, value_parser = loss_reason())]
    pub reason: LossReason,
    /// Why, in words
    #[arg(long, value_name = "TEXT")]
    pub note: String,
    /// Your own reference: the same one again gives the same answer and changes nothing
    #[arg(long, value_name = "TEXT")]
    pub reference: Option<String>,
}

/// `loss`.
#[derive(Subcommand, Debug)]
pub enum Loss {
    /// A second person agrees
    Approve(LossDecision),
    /// It is refused, or withdrawn by the one who asked
    Reject(LossDecision),
    /// Show what waits for a second person
    Pending,
    /// Show the charge-offs, write-offs and sales of an agreement
    List(LossList),
}

/// `loss approve`, `loss reject`, `sale approve` and `sale reject`.
#[derive(Args, Debug)]
pub struct LossDecision {
    /// Its id, as `loss pending` or `sale list` shows it
    pub id: String,
    /// What there is to say about it
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub note: String,
}

/// `loss list`.
#[derive(Args, Debug)]
pub struct LossList {
    /// The lender's id of the agreement, or ours (agr_…)
    pub agreement: String,
}

/// `recovery`.
#[derive(Args, Debug)]
pub struct Recovery {
    /// The lender's id of the agreement, or ours (agr_…)
    pub agreement: String,
    /// The day through which payments count [default: the last closed day]
    #[arg(long, value_name = "D", value_parser = date)]
    pub on: Option<Date>,
}

/// `sale`.
#[derive(Subcommand, Debug)]
pub enum Sale {
    /// Sell the agreements of a file (CSV: agreement_id, price) to a buyer; above a limit a second person agrees
    Create(SaleCreate),
    /// A second person agrees
    Approve(LossDecision),
    /// It is refused, or withdrawn by the one who asked
    Reject(LossDecision),
    /// Show all sales
    List,
    /// Show a sale: its agreements, and what became of the notice to each customer
    Show(SaleId),
    /// Send the notice again to customers whom it did not reach
    Notify(SaleId),
    /// Write the file of sold agreements for the buyer
    File(SaleFile),
}

/// `sale create`.
#[derive(Args, Debug)]
pub struct SaleCreate {
    /// What is sold: CSV with the columns agreement_id and price
    pub file: PathBuf,
    /// The buyer's name
    #[arg(long, value_name = "NAME")]
    pub buyer: String,
    /// The buyer's name in English [default: as --buyer]
    #[arg(long, value_name = "NAME")]
    pub buyer_en: Option<String>,
    /// Where customers reach the buyer: a telephone number, an address
    #[arg(long, value_name = "TEXT")]
    pub contact: String,
    /// The day from which the claims are the buyer's [default: today]
    #[arg(long, value_name = "D", value_parser = date)]
    pub on: Option<Date>,
    /// Why, in words
    #[arg(long, value_name = "TEXT")]
    pub note: String,
    /// Your own reference: the same one again goes on with the same sale
    #[arg(long, value_name = "TEXT")]
    pub reference: String,
}

/// A sale.
#[derive(Args, Debug)]
pub struct SaleId {
    /// Its id (sal_…) or reference
    pub id: String,
}

/// `sale file`.
#[derive(Args, Debug)]
pub struct SaleFile {
    /// Its id (sal_…) or reference
    pub id: String,
    /// The file to write
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

fn loss_reason() -> impl TypedValueParser<Value = LossReason> {
    one_of(LossReason::ALL.iter().map(|reason| reason.code()), LossReason::parse)
}

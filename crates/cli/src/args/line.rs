//! What can be typed about purchases at checkout and about the line.

use clap::{Args, Subcommand};
use dunlin_domain::date::Date;

use super::date;

/// `authorise`.
#[derive(Args, Debug)]
pub struct Authorise {
    /// The lender's id of the agreement, or ours (agr_…)
    pub agreement: String,
    /// The amount, such as 199.00
    #[arg(allow_negative_numbers = true)]
    pub amount: String,
    /// The merchant
    #[arg(long, value_name = "NAME")]
    pub merchant: String,
    /// The merchant's reference: the same one again gets the same answer
    #[arg(long, value_name = "TEXT")]
    pub reference: String,
    /// Number of instalments; 0 is payment in full on the next statement
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub count: u32,
    /// The merchant's category
    #[arg(long, value_name = "CODE")]
    pub category: Option<String>,
    /// The currency of the amount [default: the agreement's]
    #[arg(long, value_name = "CODE")]
    pub currency: Option<String>,
    /// The business date [default: the open day of the books]
    #[arg(long, value_name = "D", value_parser = date)]
    pub on: Option<Date>,
}

/// `capture`.
#[derive(Args, Debug)]
pub struct Capture {
    /// The lender's id of the agreement, or ours (agr_…)
    pub agreement: String,
    /// The hold: its id (hld_…) or the merchant's reference
    pub hold: String,
    /// The amount [default: all that is left of the hold]
    #[arg(allow_negative_numbers = true)]
    pub amount: Option<String>,
    /// The merchant's reference for this capture; needed for each of several [default: that of the hold]
    #[arg(long, value_name = "TEXT")]
    pub reference: Option<String>,
    /// Free what is left of the hold
    #[arg(long = "final")]
    pub is_final: bool,
    /// The business date [default: the open day of the books]
    #[arg(long, value_name = "D", value_parser = date)]
    pub on: Option<Date>,
}

/// `void`.
#[derive(Args, Debug)]
pub struct Void {
    /// The lender's id of the agreement, or ours (agr_…)
    pub agreement: String,
    /// The hold: its id (hld_…) or the merchant's reference
    pub hold: String,
    /// Give up only what is not captured yet
    #[arg(long)]
    pub rest: bool,
}

/// `refund`.
#[derive(Args, Debug)]
pub struct Refund {
    /// The lender's id of the agreement, or ours (agr_…)
    pub agreement: String,
    /// The purchase: the lender's id of it, the merchant's reference, or the hold's id
    pub purchase: String,
    /// The amount [default: all that was not refunded yet]
    #[arg(allow_negative_numbers = true)]
    pub amount: Option<String>,
    /// The merchant's reference for the refund: the same one again gets the same answer
    #[arg(long, value_name = "TEXT")]
    pub reference: String,
    /// The business date [default: the open day of the books]
    #[arg(long, value_name = "D", value_parser = date)]
    pub on: Option<Date>,
}

/// `line`.
#[derive(Subcommand, Debug)]
pub enum Line {
    /// Show where the line stands, what may be drawn and why, its holds and what moved it
    Show(LineShow),
    /// Let a line be used that is not opened yet
    Open(LineMove),
    /// Close the line for good; the debt stays, payments and refunds are taken
    Close(LineMove),
    /// Freeze the line by a risk decision
    Freeze(LineMove),
    /// Lift a freeze: the risk decision's, or the one for overdue
    Thaw(LineThaw),
    /// Suspend the line as the customer wishes
    Suspend(LineMove),
    /// End the customer's suspension
    Resume(LineMove),
    /// Raise or lower the limit; below what is owed nothing can be drawn, and nothing falls due
    Limit(LineLimit),
}

/// `line show`.
#[derive(Args, Debug)]
pub struct LineShow {
    /// The lender's id of the agreement, or ours (agr_…)
    pub agreement: String,
    /// The day [default: the open day of the books]
    #[arg(long, value_name = "D", value_parser = date)]
    pub on: Option<Date>,
}

/// Most of `line`.
#[derive(Args, Debug)]
pub struct LineMove {
    /// The lender's id of the agreement, or ours (agr_…)
    pub agreement: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

/// `line thaw`.
#[derive(Args, Debug)]
pub struct LineThaw {
    /// The agreement and the reason.
    #[command(flatten)]
    pub line: LineMove,
    /// Lift the freeze for overdue instead; debt that is overdue now does not freeze the line again
    #[arg(long)]
    pub overdue: bool,
}

/// `line limit`.
#[derive(Args, Debug)]
pub struct LineLimit {
    /// The lender's id of the agreement, or ours (agr_…)
    pub agreement: String,
    /// The new limit
    #[arg(allow_negative_numbers = true)]
    pub limit: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

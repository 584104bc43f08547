//! What can be typed about changes of an agreement while it runs: `payoff`, `plan`, `reschedule`, `prepay`, `ageing`,
//! `fees`.

use clap::builder::TypedValueParser;
use clap::{Args, Subcommand};
use dunlin_domain::date::Date;
use dunlin_domain::fact::{FreezeReason, Prepayment};

use super::{date, one_of};

/// `payoff`.
#[derive(Subcommand, Debug)]
pub enum Payoff {
    /// What pays off one plan or everything, part by part; the quote is kept and holds for some days
    Quote(PayoffAsked),
    /// Take a quote: the money came in
    Pay(PayoffPay),
    /// Show the quotes of an agreement
    List(OfAgreement),
}

/// `payoff quote`.
#[derive(Args, Debug)]
pub struct PayoffAsked {
    /// The lender's id of the agreement, or ours (agr_…)
    pub agreement: String,
    /// The purchase or statement plan that is to be paid off [default: everything]
    #[arg(long, value_name = "REFERENCE")]
    pub plan: Option<String>,
    /// The day of the quote [default: today]
    #[arg(long, value_name = "D", value_parser = date)]
    pub on: Option<Date>,
    /// The last day on which it is taken, at most 31 days later [default: the same day]
    #[arg(long, value_name = "D", value_parser = date)]
    pub valid_until: Option<Date>,
}

/// `payoff pay`.
#[derive(Args, Debug)]
pub struct PayoffPay {
    /// The quote, as `payoff quote` shows it (quo_…)
    pub quote: String,
    /// What came in, such as 1234.50 [default: what the quote says]
    #[arg(long, value_name = "A", allow_hyphen_values = true)]
    pub amount: Option<String>,
    /// The value date [default: today]
    #[arg(long, value_name = "D", value_parser = date)]
    pub on: Option<Date>,
    /// Your own reference: the same one again gives the same answer and changes nothing
    #[arg(long, value_name = "TEXT")]
    pub reference: String,
    /// What else is known of it
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub note: String,
}

/// The agreement that a list is of.
#[derive(Args, Debug)]
pub struct OfAgreement {
    /// The lender's id of the agreement, or ours (agr_…)
    pub agreement: String,
}

/// `plan`.
#[derive(Subcommand, Debug)]
pub enum Plan {
    /// What an open statement may be split into, each with its cost sheet
    Offers(PlanOffers),
    /// Split a statement into instalments
    Statement(PlanStatement),
}

/// `plan offers`.
#[derive(Args, Debug)]
pub struct PlanOffers {
    /// The lender's id of the agreement, or ours (agr_…)
    pub agreement: String,
    /// The statement, by its cut-off or its due date
    #[arg(long, value_name = "D", value_parser = date)]
    pub statement: Date,
    /// A part of its principal, such as 600.00 [default: all that is open]
    #[arg(long, value_name = "A", allow_hyphen_values = true)]
    pub amount: Option<String>,
    /// The day of the choice [default: today]
    #[arg(long, value_name = "D", value_parser = date)]
    pub on: Option<Date>,
}

/// `plan statement`.
#[derive(Args, Debug)]
pub struct PlanStatement {
    /// The statement, and what of it
    #[command(flatten)]
    pub asked: PlanOffers,
    /// The number of instalments
    #[arg(long, value_name = "N")]
    pub count: u32,
    /// Your own reference: the same one again gives the same answer and changes nothing
    #[arg(long, value_name = "TEXT")]
    pub reference: String,
    /// Show what it would change and record nothing
    #[arg(long)]
    pub preview: bool,
}

/// `reschedule`.
#[derive(Args, Debug)]
pub struct Reschedule {
    /// The lender's id of the agreement, or ours (agr_…)
    pub agreement: String,
    /// The purchase or statement plan [default: all that is open]
    #[arg(long, value_name = "REFERENCE")]
    pub plan: Option<String>,
    /// The number of instalments from now on [default: as many as are to come]
    #[arg(long, value_name = "N")]
    pub count: Option<u32>,
    /// The first due date [default: the next one]
    #[arg(long, value_name = "D", value_parser = date)]
    pub first_due: Option<Date>,
    /// Leave out so many due dates before the first one
    #[arg(long, value_name = "N", conflicts_with = "first_due")]
    pub skip: Option<u32>,
    /// The rate a year, such as 6%; the fee per period of a plan with a flat fee [default: as before]
    #[arg(long, value_name = "RATE")]
    pub rate: Option<String>,
    /// The value date [default: today]
    #[arg(long, value_name = "D", value_parser = date)]
    pub on: Option<Date>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Your own reference: the same one again gives the same answer and changes nothing
    #[arg(long, value_name = "TEXT")]
    pub reference: String,
    /// Show old and new instalments beside each other and record nothing
    #[arg(long)]
    pub preview: bool,
}

/// `prepay`.
#[derive(Args, Debug)]
pub struct Prepay {
    /// The lender's id of the agreement, or ours (agr_…)
    pub agreement: String,
    /// The purchase or statement plan [default: the only one]
    #[arg(long, value_name = "REFERENCE")]
    pub plan: Option<String>,
    /// What came in, such as 500.00; what is due is paid first
    #[arg(long, value_name = "A", allow_hyphen_values = true)]
    pub amount: String,
    /// Fewer instalments, or lower ones
    #[arg(long, value_parser = prepayment())]
    pub mode: Prepayment,
    /// The value date [default: today]
    #[arg(long, value_name = "D", value_parser = date)]
    pub on: Option<Date>,
    /// Your own reference: the same one again gives the same answer and changes nothing
    #[arg(long, value_name = "TEXT")]
    pub reference: String,
    /// What else is known of it
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub note: String,
    /// Show old and new instalments beside each other and record nothing
    #[arg(long)]
    pub preview: bool,
}

/// `ageing`.
#[derive(Subcommand, Debug)]
pub enum Ageing {
    /// Days that do not count as overdue
    Pause(AgeingPause),
    /// End a pause before its last day
    Resume(AgeingResume),
    /// Show the pauses of an agreement
    List(OfAgreement),
}

/// `ageing pause`.
#[derive(Args, Debug)]
pub struct AgeingPause {
    /// The lender's id of the agreement, or ours (agr_…)
    pub agreement: String,
    /// The first day
    #[arg(long, value_name = "D", value_parser = date)]
    pub from: Date,
    /// The last day [default: until it is ended]
    #[arg(long, value_name = "D", value_parser = date)]
    pub to: Option<Date>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Your own reference [default: made from agreement and first day]
    #[arg(long, value_name = "TEXT")]
    pub reference: Option<String>,
    /// Show what it would change and record nothing
    #[arg(long)]
    pub preview: bool,
}

/// `ageing resume`.
#[derive(Args, Debug)]
pub struct AgeingResume {
    /// The lender's id of the agreement, or ours (agr_…)
    pub agreement: String,
    /// The last day that is left out [default: today]
    #[arg(long, value_name = "D", value_parser = date)]
    pub on: Option<Date>,
    /// The reference of the pause [default: every one that runs]
    #[arg(long, value_name = "REFERENCE")]
    pub pause: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Your own reference [default: made from agreement and day]
    #[arg(long, value_name = "TEXT")]
    pub reference: Option<String>,
    /// Show what it would change and record nothing
    #[arg(long)]
    pub preview: bool,
}

/// `fees`.
#[derive(Subcommand, Debug)]
pub enum Fees {
    /// Days on which no late fee accrues
    Freeze(FeesFreeze),
    /// End a freeze early
    Resume(FeesResume),
    /// Show the freezes of an agreement
    List(OfAgreement),
}

/// `fees resume`.
#[derive(Args, Debug)]
pub struct FeesResume {
    /// The lender's id of the agreement, or ours (agr_…)
    pub agreement: String,
    /// The freeze, by its reference [default: the only one that runs]
    #[arg(long, value_name = "R")]
    pub freeze: Option<String>,
    /// The last day that stays frozen [default: today]
    #[arg(long, value_name = "D", value_parser = date)]
    pub on: Option<Date>,
    /// Why, in words
    #[arg(long, value_name = "TEXT")]
    pub note: String,
    /// Your own reference [default: made from agreement and day]
    #[arg(long, value_name = "TEXT")]
    pub reference: Option<String>,
    /// Show what it would change and record nothing
    #[arg(long)]
    pub preview: bool,
}

/// `fees freeze`.
#[derive(Args, Debug)]
pub struct FeesFreeze {
    /// The lender's id of the agreement, or ours (agr_…)
    pub agreement: String,
    /// The first day
    #[arg(long, value_name = "D", value_parser = date)]
    pub from: Date,
    /// The last day
    #[arg(long, value_name = "D", value_parser = date)]
    pub to: Date,
    /// Why
    #[arg(long, value_parser = freeze_reason())]
    pub reason: FreezeReason,
    /// Why, in words
    #[arg(long, value_name = "TEXT")]
    pub note: String,
    /// Your own reference [default: made from agreement and first day]
    #[arg(long, value_name = "TEXT")]
    pub reference: Option<String>,
    /// Show what it would change and record nothing
    #[arg(long)]
    pub preview: bool,
}

fn prepayment() -> impl TypedValueParser<Value = Prepayment> {
    one_of([Prepayment::Shorten.code(), Prepayment::Lower.code()], Prepayment::parse)
}

fn freeze_reason() -> impl TypedValueParser<Value = FreezeReason> {
    one_of(FreezeReason::ALL.iter().map(|reason| reason.code()), FreezeReason::parse)
}

//! What can be typed about payments: `pay`, `pay-customer`, `reverse`, `return`, `refund-credit`, `charge`, `changes`.

use crate::args::BadValue;
use clap::Args;
use clap::builder::TypedValueParser;
use dunlin_domain::date::Date;
use dunlin_domain::money::Currency;
use dunlin_domain::terms::Component;

use super::{date, one_of};

/// `pay`.
#[derive(Args, Debug)]
pub struct Pay {
    /// The lender's id of the agreement, or ours (agr_…)
    pub agreement: String,
    /// The amount, such as 100.00
    #[arg(allow_hyphen_values = true)]
    pub amount: String,
    /// The value date: the day the money counts from
    #[arg(long, value_name = "D", value_parser = date)]
    pub on: Date,
    /// Your own reference: the same one again gives the same answer and changes nothing
    #[arg(long, value_name = "TEXT")]
    pub reference: String,
    /// The currency, checked against the agreement's
    #[arg(long, value_name = "CODE", value_parser = currency)]
    pub currency: Option<Currency>,
    /// What the customer says it is for: a due date, a component such as principal, or a purchase's reference
    #[arg(long, value_name = "WHAT")]
    pub designate: Option<String>,
    /// The payoff quote that it takes (quo_…)
    #[arg(long, value_name = "QUOTE", conflicts_with = "designate")]
    pub quote: Option<String>,
    /// What else is known of it
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub note: String,
}

/// `pay-customer`.
#[derive(Args, Debug)]
pub struct PayCustomer {
    /// The lender's id of the customer, or ours (cus_…)
    pub customer: String,
    /// The amount, such as 100.00
    #[arg(allow_hyphen_values = true)]
    pub amount: String,
    /// The value date
    #[arg(long, value_name = "D", value_parser = date)]
    pub on: Date,
    /// Your own reference: the same one again gives the same answer and changes nothing
    #[arg(long, value_name = "TEXT")]
    pub reference: String,
    /// The currency, where the customer's agreements have several
    #[arg(long, value_name = "CODE", value_parser = currency)]
    pub currency: Option<Currency>,
    /// An agreement that the customer says it is for; may be repeated, first one first
    #[arg(long, value_name = "AGREEMENT")]
    pub designate: Vec<String>,
    /// Show the split and record nothing
    #[arg(long)]
    pub preview: bool,
    /// What else is known of it
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub note: String,
}

/// `reverse`.
#[derive(Args, Debug)]
pub struct Reverse {
    /// The reference of the payment
    pub payment: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// The common options of what undoes a payment
    #[command(flatten)]
    pub common: Undo,
}

/// `return`.
#[derive(Args, Debug)]
pub struct Return {
    /// The reference of the payment
    pub payment: String,
    /// The bank's reason, such as AC04
    #[arg(long, value_name = "CODE")]
    pub reason_code: String,
    /// The common options of what undoes a payment
    #[command(flatten)]
    pub common: Undo,
}

/// Options of `reverse` and `return`.
#[derive(Args, Debug)]
pub struct Undo {
    /// The payment's agreement: needed for a payment that came with an import
    #[arg(long, value_name = "AGREEMENT")]
    pub agreement: Option<String>,
    /// The day on which it was undone [default: today]
    #[arg(long, value_name = "D", value_parser = date)]
    pub on: Option<Date>,
    /// Your own reference: the same one again gives the same answer; without one a second undoing is refused
    #[arg(long, value_name = "TEXT")]
    pub reference: Option<String>,
}

/// `refund-credit`.
#[derive(Args, Debug)]
pub struct RefundCredit {
    /// The lender's id of the agreement, or ours (agr_…)
    pub agreement: String,
    /// The amount, or all
    #[arg(allow_hyphen_values = true)]
    pub amount: String,
    /// The value date [default: today]
    #[arg(long, value_name = "D", value_parser = date)]
    pub on: Option<Date>,
    /// Your own reference: the same one again gives the same answer and changes nothing
    #[arg(long, value_name = "TEXT")]
    pub reference: String,
    /// Why
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub note: String,
}

/// `charge`.
#[derive(Args, Debug)]
pub struct Charge {
    /// The lender's id of the agreement, or ours (agr_…)
    pub agreement: String,
    /// The amount, such as 25.00
    #[arg(allow_hyphen_values = true)]
    pub amount: String,
    /// The day from which it counts
    #[arg(long, value_name = "D", value_parser = date)]
    pub on: Date,
    /// The day on which it is due
    #[arg(long, value_name = "D", value_parser = date)]
    pub due_on: Date,
    /// What it is made of
    #[arg(long, value_parser = component(), default_value = "charge")]
    pub component: Component,
    /// Your own reference: the same one again gives the same answer and changes nothing
    #[arg(long, value_name = "TEXT")]
    pub reference: String,
    /// Why
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub note: String,
}

/// `changes`.
#[derive(Args, Debug)]
pub struct Changes {
    /// The lender's id of the agreement, or ours (agr_…)
    pub agreement: String,
    /// Only what was learned on this day or later
    #[arg(long, value_name = "D", value_parser = date)]
    pub since: Option<Date>,
}

fn currency(text: &str) -> Result<Currency, BadValue> {
    Currency::parse(text).map_err(|error| BadValue(error.wording()))
}

/// A component by its code.
pub fn component() -> impl TypedValueParser<Value = Component> {
    one_of(Component::ALL.iter().map(|component| component.code()), Component::parse)
}

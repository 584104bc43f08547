//! The JSON twin of each page: the same views, field by field, in a form that does not follow our types by
//! accident. Amounts are decimal texts with their currency, days are `YYYY-MM-DD`, moments RFC 3339 in UTC, and
//! what is text for people comes in both languages.

mod agreement;
mod books;
pub mod call_tasks;
pub mod checkout;
pub mod contact;
pub mod coverage;
pub mod guard;
pub mod incoming;
pub mod losses;
pub mod pauses;
pub mod payments;
pub mod persons;
pub mod servicing;
mod today;
pub mod waivers;

pub use agreement::{AgreementJson, WhyJson};
pub use books::{AccountJson, BooksJson};
pub use coverage::CoverageGroupsJson;
pub use today::{AgreementIncidentJson, ReasonListJson, SilenceJson, TodayJson, WatchIncidentJson};

use dunlin_domain::contact::Language;
use dunlin_domain::message::MessageState;
use dunlin_domain::money::{Currency, Money};
use dunlin_domain::reason::Reason;
use dunlin_engine::view::ReasonCount;
use serde::Serialize;

use crate::number;
use crate::problem::Problem;

/// Writes a document.
///
/// # Errors
/// [`Problem::Crashed`] when it cannot be written, which would be a mistake in its definition.
pub fn write(document: &impl Serialize) -> Result<Vec<u8>, Problem> {
    serde_json::to_vec(document).map_err(|_| Problem::Crashed)
}

/// A text in both languages.
#[derive(Serialize)]
struct TextJson {
    zh: String,
    en: String,
}

impl TextJson {
    fn new(zh_and_en: &(String, String)) -> Self {
        Self { zh: zh_and_en.0.clone(), en: zh_and_en.1.clone() }
    }
}

/// A reason with its labels.
#[derive(Serialize)]
struct ReasonJson {
    code: &'static str,
    label: TextJson,
}

impl ReasonJson {
    fn new(reason: Reason) -> Self {
        Self::of_day(reason, None)
    }

    /// With a label that says what has become of the day's message.
    fn of_day(reason: Reason, message: Option<MessageState>) -> Self {
        let label = |language| reason.label_of_day(message, language).to_owned();
        Self { code: reason.code(), label: TextJson { zh: label(Language::Zh), en: label(Language::En) } }
    }
}

/// How many have one reason.
#[derive(Serialize)]
struct ReasonCountJson {
    #[serde(flatten)]
    reason: ReasonJson,
    count: u64,
}

impl ReasonCountJson {
    fn new(row: &ReasonCount) -> Self {
        Self { reason: ReasonJson::new(row.reason), count: row.count }
    }
}

/// An amount: `{"amount": "1234.50", "currency": "CNY"}`.
#[derive(Serialize)]
struct MoneyJson {
    amount: String,
    currency: &'static str,
}

impl MoneyJson {
    fn new(money: Money) -> Self {
        Self::total(i128::from(money.minor()), money.currency())
    }

    fn total(minor: i128, currency: Currency) -> Self {
        Self { amount: number::decimal(minor, currency), currency: currency.code() }
    }
}

fn state_code(state: Option<MessageState>) -> Option<&'static str> {
    state.map(MessageState::code)
}

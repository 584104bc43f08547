//! What entries about customers, promises and calls look like to programs.

use dunlin_domain::wording;
use dunlin_engine::EngineError;
use dunlin_engine::calls::{CallPermit, CallWay};
use dunlin_engine::circumstances::PromiseView;
use serde::Serialize;

use super::MoneyJson;

pub use dunlin_engine::calls::CallRow as CallEntry;
pub use dunlin_engine::circumstances::CircumstanceRow as CircumstanceEntry;

/// An entry about a customer.
#[derive(Serialize)]
pub struct CircumstanceJson {
    id: String,
    customer: String,
    kind: &'static str,
    value: String,
    agreement: Option<String>,
    contact_point: Option<String>,
    from: String,
    through: Option<String>,
    reason: String,
    evidence: String,
    recorded_at: String,
    recorded_by: String,
    ended_on: Option<String>,
    ended_by: Option<String>,
    end_reason: Option<String>,
}

impl CircumstanceJson {
    /// The document of an entry.
    #[must_use]
    pub fn new(row: &CircumstanceEntry) -> Self {
        let entry = &row.entry;
        Self {
            id: entry.id.to_string(),
            customer: entry.customer.to_string(),
            kind: entry.content.kind().code(),
            value: entry.content.value(),
            agreement: entry.agreement.map(|id| id.to_string()),
            contact_point: entry.contact_point.map(|id| id.to_string()),
            from: entry.from.to_string(),
            through: entry.through.map(|date| date.to_string()),
            reason: row.reason.clone(),
            evidence: row.evidence.clone(),
            recorded_at: entry.recorded_at.to_string(),
            recorded_by: row.recorded_by.clone(),
            ended_on: entry.ended_on.map(|date| date.to_string()),
            ended_by: row.ended_by.clone(),
            end_reason: row.end_reason.clone(),
        }
    }
}

/// All entries about a customer.
#[derive(Serialize)]
pub(crate) struct CircumstancesJson {
    pub circumstances: Vec<CircumstanceJson>,
}

/// A promise to pay and what became of it.
#[derive(Serialize)]
pub struct PromiseJson {
    id: String,
    amount: MoneyJson,
    made_on: String,
    by: Option<String>,
    paid: MoneyJson,
    outcome: &'static str,
    ended_on: Option<String>,
    reason: String,
    evidence: String,
}

impl PromiseJson {
    /// The document of a promise.
    #[must_use]
    pub fn new(promise: &PromiseView) -> Self {
        let (row, entry) = (&promise.row, &promise.row.entry);
        Self {
            id: entry.id.to_string(),
            amount: MoneyJson::new(promise.amount),
            made_on: entry.from.to_string(),
            by: entry.through.map(|date| date.to_string()),
            paid: MoneyJson::new(promise.paid),
            outcome: promise.outcome.code(),
            ended_on: entry.ended_on.map(|date| date.to_string()),
            reason: row.reason.clone(),
            evidence: row.evidence.clone(),
        }
    }
}

/// The promises of an agreement.
#[derive(Serialize)]
pub(crate) struct PromisesJson {
    pub promises: Vec<PromiseJson>,
}

/// A call.
#[derive(Serialize)]
pub struct CallJson {
    id: String,
    customer: String,
    at: String,
    on: String,
    direction: &'static str,
    outcome: &'static str,
    contact_point: Option<String>,
    agreements: Vec<String>,
    by: String,
    message: Option<String>,
    evidence: String,
    recorded_by: String,
}

impl CallJson {
    /// The document of a call.
    #[must_use]
    pub fn new(row: &CallEntry) -> Self {
        Self {
            id: row.id.to_string(),
            customer: row.customer.to_string(),
            at: row.at.to_string(),
            on: row.on.to_string(),
            direction: row.way.direction(),
            outcome: row.way.outcome(),
            contact_point: row.contact_point.map(|id| id.to_string()),
            agreements: row.agreements.iter().map(ToString::to_string).collect(),
            by: row.caller.clone(),
            message: row.message.map(|id| id.to_string()),
            evidence: row.evidence.clone(),
            recorded_by: row.recorded_by.clone(),
        }
    }
}

/// The calls with a customer.
#[derive(Serialize)]
pub(crate) struct CallsJson {
    pub calls: Vec<CallJson>,
}

/// Leave to place a call.
#[derive(Serialize)]
pub struct CallPermitJson {
    call: String,
    contact_point: String,
    expires_at: String,
    packs: Vec<String>,
}

impl CallPermitJson {
    /// The document of a permit.
    #[must_use]
    pub fn new(permit: &CallPermit) -> Self {
        Self {
            call: permit.call.to_string(),
            contact_point: permit.contact_point.to_string(),
            expires_at: permit.expires_at.to_string(),
            packs: permit.packs.clone(),
        }
    }
}

/// Reads which way a call went and what became of it.
///
/// # Errors
/// `call` for an outcome that calls of that way do not have.
pub fn call_way(is_received: bool, outcome: &str) -> Result<CallWay, EngineError> {
    let direction = if is_received { "received" } else { "placed" };
    CallWay::parse(direction, outcome).ok_or_else(|| {
        let complaint = wording!(
            "“{outcome}”不是 {direction} 电话的结果；见 docs/contact-rules.md",
            "{outcome:?} is no outcome of a call that was {direction}; see docs/contact-rules.md"
        );
        EngineError::Refused { code: "call", complaint }
    })
}

//! Answers at checkout and the line, as programs read them: of the API and of `dunlin … --json` alike. Amounts are
//! decimal texts in the document's `currency`.

use dunlin_domain::contact::Language;
use dunlin_domain::line::draw::DeclineReason;
use dunlin_engine::checkout::{Authorisation, CaptureReport, RefundReport, VoidReport};
use dunlin_engine::line::{HoldLine, LineChangeLine, LineView};
use dunlin_engine::offer::sheet_json;
use serde::Serialize;

/// The answer to a request for a purchase.
#[derive(Serialize)]
pub struct AuthorisationJson {
    id: String,
    agreement: String,
    merchant: String,
    reference: String,
    amount: String,
    currency: &'static str,
    instalment_count: u32,
    decision: &'static str,
    reason: Option<&'static str>,
    reason_zh: Option<&'static str>,
    reason_en: Option<&'static str>,
    available_credit: String,
    on: String,
    expires_on: Option<String>,
    /// The cost sheet of the plan, as `dunlin offer cost` gives it.
    plan: Option<serde_json::Value>,
}

impl AuthorisationJson {
    /// The document of an answer.
    #[must_use]
    pub fn new(answer: &Authorisation) -> Self {
        let text = |language| answer.decline.map(|reason| reason.text(language));
        let is_approved = answer.decline.is_none();
        Self {
            id: answer.id.to_string(),
            agreement: answer.agreement.clone(),
            merchant: answer.merchant.clone(),
            reference: answer.reference.clone(),
            amount: answer.amount.to_string(),
            currency: answer.amount.currency().code(),
            instalment_count: answer.instalment_count,
            decision: if is_approved { "approved" } else { "declined" },
            reason: answer.decline.map(DeclineReason::code),
            reason_zh: text(Language::Zh),
            reason_en: text(Language::En),
            available_credit: answer.available.to_string(),
            on: answer.on.to_string(),
            expires_on: is_approved.then(|| answer.expires_on.to_string()),
            plan: answer.cost.as_ref().map(|cost| sheet_json(cost, &answer.payee.0)),
        }
    }
}

/// What a capture came to.
#[derive(Serialize)]
pub struct CaptureJson {
    id: String,
    agreement: String,
    reference: String,
    amount: String,
    currency: &'static str,
    purchase: String,
    on: String,
    captured: String,
    held: String,
    state: &'static str,
}

impl CaptureJson {
    /// The document of a capture.
    #[must_use]
    pub fn new(report: &CaptureReport) -> Self {
        Self {
            id: report.hold.to_string(),
            agreement: report.agreement.clone(),
            reference: report.reference.clone(),
            amount: report.amount.to_string(),
            currency: report.amount.currency().code(),
            purchase: report.purchase.clone(),
            on: report.on.to_string(),
            captured: report.captured.to_string(),
            held: report.held.to_string(),
            state: report.state.code(),
        }
    }
}

/// What a void came to.
#[derive(Serialize)]
pub struct VoidJson {
    id: String,
    agreement: String,
    freed: String,
    currency: &'static str,
    state: &'static str,
}

impl VoidJson {
    /// The document of a void.
    #[must_use]
    pub fn new(report: &VoidReport) -> Self {
        Self {
            id: report.hold.to_string(),
            agreement: report.agreement.clone(),
            freed: report.freed.to_string(),
            currency: report.freed.currency().code(),
            state: report.state.code(),
        }
    }
}

/// What a refund came to.
#[derive(Serialize)]
pub struct RefundJson {
    agreement: String,
    purchase: String,
    reference: String,
    amount: String,
    currency: &'static str,
    refunded: String,
    on: String,
    owed: String,
    credit: String,
}

impl RefundJson {
    /// The document of a refund.
    #[must_use]
    pub fn new(report: &RefundReport) -> Self {
        Self {
            agreement: report.agreement.clone(),
            purchase: report.purchase.clone(),
            reference: report.reference.clone(),
            amount: report.amount.to_string(),
            currency: report.amount.currency().code(),
            refunded: report.refunded.to_string(),
            on: report.on.to_string(),
            owed: report.owed.to_string(),
            credit: report.credit.to_string(),
        }
    }
}

/// Where a line stands.
#[derive(Serialize)]
pub struct LineJson {
    agreement: String,
    on: String,
    state: &'static str,
    restrictions: Vec<&'static str>,
    currency: &'static str,
    credit_limit: String,
    granted: String,
    billed: String,
    unbilled: String,
    plan_rest: String,
    held: String,
    credit: String,
    available_credit: String,
    over_limit: String,
    holds: Vec<HoldJson>,
    changes: Vec<ChangeJson>,
}

#[derive(Serialize)]
struct HoldJson {
    id: String,
    merchant: String,
    reference: String,
    amount: String,
    currency: &'static str,
    instalment_count: u32,
    captured: String,
    held: String,
    state: &'static str,
    reason: Option<&'static str>,
    authorised_on: String,
    expires_on: String,
}

#[derive(Serialize)]
struct ChangeJson {
    on: String,
    actor: String,
    command: &'static str,
    state_before: &'static str,
    state_after: &'static str,
    limit_before: String,
    limit_after: String,
    reason: String,
}

impl LineJson {
    /// The document of a line.
    #[must_use]
    pub fn new(view: &LineView) -> Self {
        let available = &view.available;
        Self {
            agreement: view.agreement.clone(),
            on: view.on.to_string(),
            state: view.state.code(),
            restrictions: view.restrictions.iter().map(|state| state.code()).collect(),
            currency: available.limit.currency().code(),
            credit_limit: available.limit.to_string(),
            granted: view.granted.to_string(),
            billed: available.billed.to_string(),
            unbilled: available.unbilled.to_string(),
            plan_rest: available.plan_rest.to_string(),
            held: available.held.to_string(),
            credit: available.credit.to_string(),
            available_credit: available.amount.to_string(),
            over_limit: available.over.to_string(),
            holds: view.holds.iter().map(HoldJson::new).collect(),
            changes: view.changes.iter().map(ChangeJson::new).collect(),
        }
    }
}

impl HoldJson {
    fn new(hold: &HoldLine) -> Self {
        Self {
            id: hold.id.clone(),
            merchant: hold.merchant.clone(),
            reference: hold.reference.clone(),
            amount: hold.amount.to_string(),
            currency: hold.amount.currency().code(),
            instalment_count: hold.instalment_count,
            captured: hold.captured.to_string(),
            held: hold.held.to_string(),
            state: hold.state.code(),
            reason: hold.decline_reason.map(DeclineReason::code),
            authorised_on: hold.authorised_on.to_string(),
            expires_on: hold.expires_on.to_string(),
        }
    }
}

impl ChangeJson {
    fn new(change: &LineChangeLine) -> Self {
        Self {
            on: change.on.to_string(),
            actor: change.actor.clone(),
            command: change.command.code(),
            state_before: change.state_before.code(),
            state_after: change.state_after.code(),
            limit_before: change.limit_before.to_string(),
            limit_after: change.limit_after.to_string(),
            reason: change.reason.clone(),
        }
    }
}

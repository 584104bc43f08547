//! What a waiver looks like to programs.

use dunlin_engine::payment::waiver::Waiver;
use serde::Serialize;

use super::MoneyJson;
use super::payments::RecordedJson;

/// A waiver and what became of it.
#[derive(Serialize)]
pub struct WaiverJson {
    id: String,
    agreement: String,
    component: &'static str,
    amount: MoneyJson,
    value_on: String,
    due_on: Option<String>,
    reason: String,
    note: String,
    reference: String,
    state: String,
    requested_by: String,
    requested_at: String,
    expires_at: String,
    decided_by: Option<String>,
    decided_at: Option<String>,
    decision_note: Option<String>,
    recorded: Option<RecordedJson>,
}

impl WaiverJson {
    /// The document of a waiver.
    #[must_use]
    pub fn new(waiver: &Waiver) -> Self {
        let row = &waiver.row;
        Self {
            id: waiver.id(),
            agreement: waiver.agreement.clone(),
            component: row.component.code(),
            amount: MoneyJson::new(row.amount),
            value_on: row.value_on.to_string(),
            due_on: row.due_on.map(|date| date.to_string()),
            reason: row.reason.clone(),
            note: row.note.clone(),
            reference: row.reference.clone(),
            state: row.state.clone(),
            requested_by: row.requested_by.clone(),
            requested_at: row.requested_at.to_string(),
            expires_at: row.expires_at.to_string(),
            decided_by: row.decided_by.clone(),
            decided_at: row.decided_at.map(|at| at.to_string()),
            decision_note: row.decision_note.clone(),
            recorded: waiver.recorded.as_ref().map(RecordedJson::new),
        }
    }
}

//! What a gateway or a bank said, as programs see it.

use dunlin_engine::payment::incoming::{Incoming, Taken};
use serde::Serialize;

use super::payments::RecordedJson;

/// Something that was said, and what became of it.
#[derive(Serialize)]
pub struct IncomingJson {
    id: String,
    source: String,
    source_name: String,
    kind: String,
    reference: String,
    amount: String,
    currency: String,
    value_on: String,
    end_to_end_id: Option<String>,
    text: String,
    state: String,
    code: String,
    detail: String,
    agreement: Option<String>,
    is_repeat: bool,
    received_at: String,
    recorded: Vec<RecordedJson>,
}

impl IncomingJson {
    /// The document of an entry.
    #[must_use]
    pub fn new(entry: &Incoming) -> Self {
        let row = &entry.row;
        Self {
            id: entry.id(),
            source: row.source.clone(),
            source_name: row.source_name.clone(),
            kind: row.kind.clone(),
            reference: row.reference.clone(),
            amount: row.amount.clone(),
            currency: row.currency.clone(),
            value_on: row.value_on.to_string(),
            end_to_end_id: row.end_to_end_id.clone(),
            text: row.text.clone(),
            state: row.state.clone(),
            code: row.code.clone(),
            detail: row.detail.clone(),
            agreement: entry.agreement.clone(),
            is_repeat: matches!(entry.taken, Taken::Known | Taken::Conflict),
            received_at: row.received_at.to_string(),
            recorded: entry.recorded.iter().map(RecordedJson::new).collect(),
        }
    }
}

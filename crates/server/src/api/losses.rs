//! What charge-offs, write-offs and sales look like to programs.

use dunlin_engine::losses::Loss;
use dunlin_engine::losses::sale::{Sale, SoldLine};
use serde::Serialize;

use super::MoneyJson;
use super::payments::RecordedJson;

/// A charge-off, write-off or sale of one agreement and what became of it.
#[derive(Serialize)]
pub struct LossJson {
    id: String,
    agreement: String,
    kind: &'static str,
    owed: MoneyJson,
    price: MoneyJson,
    value_on: String,
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

impl LossJson {
    /// The document of a loss.
    #[must_use]
    pub fn new(loss: &Loss) -> Self {
        let row = &loss.row;
        Self {
            id: loss.id(),
            agreement: loss.agreement.clone(),
            kind: row.kind.code(),
            owed: MoneyJson::new(row.owed),
            price: MoneyJson::new(row.price),
            value_on: row.value_on.to_string(),
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
            recorded: loss.recorded.as_ref().map(RecordedJson::new),
        }
    }
}

/// A sale of claims.
#[derive(Serialize)]
pub struct SaleJson {
    id: String,
    reference: String,
    state: String,
    buyer_zh: String,
    buyer_en: String,
    buyer_contact: String,
    sold_on: String,
    note: String,
    requested_by: String,
    requested_at: String,
    agreements: Vec<SoldJson>,
}

#[derive(Serialize)]
struct SoldJson {
    #[serde(flatten)]
    loss: LossJson,
    notice: Option<NoticeJson>,
}

#[derive(Serialize)]
struct NoticeJson {
    message: String,
    channel: Option<&'static str>,
    state: &'static str,
    state_at: String,
    detail: String,
}

impl SaleJson {
    /// The document of a sale.
    #[must_use]
    pub fn new(sale: &Sale) -> Self {
        let row = &sale.row;
        Self {
            id: sale.id(),
            reference: row.reference.clone(),
            state: sale.state().to_owned(),
            buyer_zh: row.buyer_zh.clone(),
            buyer_en: row.buyer_en.clone(),
            buyer_contact: row.buyer_contact.clone(),
            sold_on: row.sold_on.to_string(),
            note: row.note.clone(),
            requested_by: row.requested_by.clone(),
            requested_at: row.requested_at.to_string(),
            agreements: sale.lines.iter().map(SoldJson::new).collect(),
        }
    }
}

impl SoldJson {
    fn new(line: &SoldLine) -> Self {
        let notice = line.notice.as_ref().map(|notice| NoticeJson {
            message: notice.id.to_string(),
            channel: notice.channel.map(|channel| channel.code()),
            state: notice.state.code(),
            state_at: notice.state_at.to_string(),
            detail: notice.state_detail.clone(),
        });
        Self { loss: LossJson::new(&line.loss), notice }
    }
}

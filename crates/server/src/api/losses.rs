//! What charge-offs, write-offs and sales look like to programs.

use std::collections::BTreeMap;

use dunlin_domain::terms::Component;
use dunlin_engine::losses::sale::{Sale, SoldLine};
use dunlin_engine::losses::{Loss, Recoveries};
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

/// What came in after a write-off.
#[derive(Serialize)]
pub struct RecoveriesJson {
    agreement: String,
    on: String,
    written_off_on: String,
    written_off: BTreeMap<&'static str, String>,
    recovered: String,
    open: String,
    currency: &'static str,
    payments: Vec<RecoveryJson>,
}

#[derive(Serialize)]
struct RecoveryJson {
    on: String,
    reference: String,
    amount: String,
}

impl RecoveriesJson {
    /// The document of an agreement's recoveries.
    #[must_use]
    pub fn new(recoveries: &Recoveries) -> Self {
        let written_off = Component::ALL
            .iter()
            .map(|component| (component.code(), recoveries.written_off.get(*component).to_string()));
        let payments = recoveries.payments.iter().map(|(on, reference, amount)| RecoveryJson {
            on: on.to_string(),
            reference: reference.clone(),
            amount: amount.to_string(),
        });
        Self {
            agreement: recoveries.agreement.clone(),
            on: recoveries.on.to_string(),
            written_off_on: recoveries.written_off_on.to_string(),
            written_off: written_off.collect(),
            recovered: recoveries.recovered.to_string(),
            open: recoveries.open.to_string(),
            currency: recoveries.open.currency().code(),
            payments: payments.collect(),
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

//! Receipts: what providers say later became of messages.

use std::collections::HashMap;

use dunlin_delivery::{Receipt, ReceiptState};
use dunlin_domain::date::Timestamp;
use dunlin_domain::id::MessageId;
use dunlin_domain::message::MessageState;
use dunlin_domain::reason::Reason;
use dunlin_store::message::{self, MessageRow, NewReceipt, StateChange};
use dunlin_store::{Tx, agreement};

use super::{BATCH_COUNT_MAX, change};
use crate::{Engine, EngineError};

/// What a round of receipts came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReceiptReport {
    /// Messages now known to be delivered.
    pub delivered: u64,
    /// Messages now known to have failed.
    pub failed: u64,
    /// Receipts that told nothing new.
    pub repeated: u64,
    /// Receipts for messages that we do not know.
    pub unmatched: u64,
    /// Rows that made no sense and were set aside by the provider's reader.
    pub rejected: u64,
}

impl ReceiptReport {
    /// Adds what another round came to.
    pub fn add(&mut self, other: &Self) {
        self.delivered += other.delivered;
        self.failed += other.failed;
        self.repeated += other.repeated;
        self.unmatched += other.unmatched;
        self.rejected += other.rejected;
    }
}

impl Engine {
    /// Takes in the receipts that providers have for us. Repeats and late ones are harmless.
    ///
    /// # Errors
    /// What the database or a provider's folder says.
    pub fn collect_receipts(&self, now: Timestamp) -> Result<ReceiptReport, EngineError> {
        let mut providers = self.providers.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut report = ReceiptReport::default();
        for provider in providers.iter_mut() {
            let batch = provider.receipts()?;
            if batch.is_empty() {
                continue;
            }
            report.rejected += batch.rejected().len() as u64;
            for receipts in batch.receipts().chunks(BATCH_COUNT_MAX) {
                let part = self.db.write_as(|tx| self.take_receipts(tx, receipts, now))?;
                report.delivered += part.delivered;
                report.failed += part.failed;
                report.repeated += part.repeated;
                report.unmatched += part.unmatched;
            }
            // Only now may the files go: a crash before this line makes repeats, which change nothing.
            batch.acknowledge()?;
        }
        Ok(report)
    }

    fn take_receipts(
        &self,
        tx: &mut Tx<'_>,
        receipts: &[Receipt],
        now: Timestamp,
    ) -> Result<ReceiptReport, EngineError> {
        let ids: Vec<MessageId> = receipts.iter().map(|receipt| receipt.message).collect();
        // Locked: the worker that handed a message over may be writing the provider's answer at this moment.
        let messages: HashMap<MessageId, MessageRow> =
            message::locked(tx, &ids)?.into_iter().map(|row| (row.id, row)).collect();
        let mut report = ReceiptReport::default();
        let mut kept = Vec::new();
        let mut changes: HashMap<MessageId, StateChange> = HashMap::new();
        for receipt in receipts {
            let Some(row) = messages.get(&receipt.message) else {
                report.unmatched += 1;
                continue;
            };
            let (state, code) = match &receipt.state {
                ReceiptState::Delivered | ReceiptState::Read => (MessageState::Delivered, ""),
                ReceiptState::Failed { code } => (MessageState::Failed, code.as_str()),
            };
            kept.push(NewReceipt {
                message: receipt.message,
                key: receipt.key.0,
                state: receipt.state.word().to_owned(),
                code: code.to_owned(),
                at: receipt.at,
            });
            let state_now = changes.get(&row.id).map_or(row.state, |change| change.state);
            if !state_now.can_become(state) || !row.state.can_become(state) {
                report.repeated += 1;
                continue;
            }
            let detail = match state {
                MessageState::Failed => {
                    report.failed += 1;
                    format!("{}: receipt {code}", Reason::ChannelFailed)
                }
                _ => {
                    report.delivered += 1;
                    String::new()
                }
            };
            changes.insert(row.id, change(row, state, detail, None, now));
        }
        message::insert_receipts(tx, &kept, now)?;
        let mut changes: Vec<StateChange> = changes.into_values().collect();
        changes.sort_by_key(|change| change.id);
        message::change_states(tx, &changes)?;
        let failed = changes.iter().filter(|change| change.state == MessageState::Failed);
        let redo: Vec<_> =
            failed.map(|change| (messages[&change.id].part, messages[&change.id].agreement)).collect();
        let wake_on = self.wake_date(tx)?;
        agreement::wake(tx, &redo, wake_on, false, true)?;
        self.audit_messages(tx, "message.receipt", &changes, "receipts", now)?;
        Ok(report)
    }
}

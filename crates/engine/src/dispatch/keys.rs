//! How automated calls ended, and what the keys mean that were pressed: written with the answers of the trunk.

use dunlin_delivery::{ProviderKind, ToldAtOnce};
use dunlin_domain::contact::{Channel, Personal};
use dunlin_domain::date::Timestamp;
use dunlin_domain::id::{CircumstanceId, ReplyId};
use dunlin_domain::reply::ReplyMeaning;
use dunlin_store::Tx;
use dunlin_store::message::{self, MessageRow};
use dunlin_store::reply::{self, ReplyRow};

use crate::policies::Policies;
use crate::{Engine, EngineError};

impl Engine {
    /// Takes in what a provider told together with its answers, in their transaction.
    pub(super) fn take_told(
        &self,
        tx: &mut Tx<'_>,
        policies: &Policies,
        provider: &str,
        told: &ToldAtOnce,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        if told.receipts.is_empty() {
            return Ok(());
        }
        self.take_receipts(tx, policies, provider, &told.receipts, now)?;
        for (id, key) in &told.keys {
            let Some(row) = message::locked(tx, &[*id])?.pop() else { continue };
            let evidence = format!("key {key} in the call of {id} by {provider}");
            match key {
                '2' => self.number_is_not_theirs(tx, &row, &evidence, provider, now)?,
                '3' if self.has_agents() => {
                    self.call_back_soon(tx, policies, &row, (provider, &evidence), now)?
                }
                '3' => self.keep_wish_for_a_call(tx, &row, provider, now)?,
                '9' => self.stop_calls(tx, &row, &evidence, now)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn stop_calls(
        &self,
        tx: &mut Tx<'_>,
        row: &MessageRow,
        evidence: &str,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let id = CircumstanceId::of_cause(row.customer, &[b"key", &row.id.0]);
        self.withdraw(tx, (row.customer, row.contact_point), Channel::Voice, (id, evidence), now)?;
        Ok(())
    }

    /// Keeps the wish among what customers write, for whoever reads that: no agents are set up who could call back.
    fn keep_wish_for_a_call(
        &self,
        tx: &mut Tx<'_>,
        row: &MessageRow,
        provider: &str,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let wish = ReplyRow {
            id: ReplyId::of_cause(row.customer, &[b"key 3", &row.id.0]),
            customer: Some(row.customer),
            contact_point: row.contact_point,
            provider: provider.to_owned(),
            channel: Channel::Voice,
            meaning: ReplyMeaning::Other,
            sender: Personal::new(""),
            text: Personal::new("按键 3：请回电 / key 3: please call me back"),
            sent_at: now,
            received_at: now,
            circumstance: None,
        };
        reply::insert(tx, &self.master, &wish)?;
        Ok(())
    }

    /// Whether there are people who could call back.
    fn has_agents(&self) -> bool {
        self.config.providers.iter().any(|config| matches!(config.kind, ProviderKind::Agents(_)))
    }
}

//! How automated calls ended, and what the keys mean that were pressed: written with the answers of the trunk.

use dunlin_delivery::{ProviderKind, ToldAtOnce};
use dunlin_domain::contact::Channel;
use dunlin_domain::date::Timestamp;
use dunlin_domain::id::CircumstanceId;
use dunlin_store::Tx;
use dunlin_store::message::{self, MessageRow};

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

    /// Whether there are people who could call back.
    fn has_agents(&self) -> bool {
        self.config.providers.iter().any(|config| matches!(config.kind, ProviderKind::Agents(_)))
    }
}

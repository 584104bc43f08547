//! A batch is sent without messages that cannot be made ready.

use std::collections::HashMap;

use dunlin_delivery::ProviderTraits;
use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::id::{AgreementId, MessageId};
use dunlin_domain::message::MessageState;
use dunlin_store::message::{self, MessageRow};
use dunlin_store::{StoreError, agreement, agreement_incident};

use super::{Failed, NOT_SENT, attempt, failing, note};
use crate::dispatch::{Which, change};
use crate::policies::Policies;
use crate::{Engine, EngineError};

/// How long a message that cannot be made ready waits until it is tried again.
const WAIT_SECONDS: i64 = 3_600;
const UNTIL_THEN: &str =
    "until then the message waits, is tried again each hour, and goes out of date at its time";

/// The days of the messages that could not be made ready, by agreement.
pub(crate) type NotReady = HashMap<AgreementId, Vec<Date>>;

impl Engine {
    /// After a batch that came to nothing: finds the messages that fail by themselves, leaves an incident for each, and has
    /// them wait.
    ///
    /// # Errors
    /// `error` itself, where no message fails; what is no account's fault.
    pub(crate) fn set_messages_aside(
        &self,
        policies: &Policies,
        providers: &[ProviderTraits],
        which: &Which,
        now: Timestamp,
        error: EngineError,
    ) -> Result<(), EngineError> {
        let messages = self.db.write(|tx| which.due(tx))?;
        let found = failing(&messages, &mut |some| {
            attempt(&self.db, |tx| self.claim_these(tx, policies, providers, some.to_vec(), now).map(|_| ()))
        })?;
        if found.is_empty() {
            return Err(error);
        }
        let ids: Vec<MessageId> = found.iter().map(|(row, _)| row.id).collect();
        self.db.write_as(|tx| -> Result<(), EngineError> {
            let present: HashMap<MessageId, MessageRow> =
                message::locked(tx, &ids)?.into_iter().map(|row| (row.id, row)).collect();
            let mut changes = Vec::new();
            let mut redo = Vec::new();
            for (row, error) in &found {
                // Another worker may have it by now.
                let is_same = |now: &&MessageRow| {
                    (now.state, now.attempt_count, now.state_at)
                        == (row.state, row.attempt_count, row.state_at)
                };
                let Some(row) = present.get(&row.id).filter(is_same) else { continue };
                let failed = Failed {
                    part: row.part,
                    agreement: row.agreement,
                    customer: row.customer,
                    about_on: row.business_date,
                    error: error.to_string(),
                    until_then: UNTIL_THEN,
                };
                note(tx, NOT_SENT, &failed, now)?;
                let (state, until) = after(row, now);
                redo.extend((state == MessageState::Expired).then_some((row.part, row.agreement)));
                changes.push(change(row, state, format!("{NOT_SENT}: {error}"), until, now));
            }
            message::change_states(tx, &changes)?;
            let wake_on = self.wake_date(tx)?;
            agreement::wake(tx, &redo, wake_on, false, true)?;
            Ok(self.audit_messages(tx, "message.set_aside", &changes, NOT_SENT, now)?)
        })
    }

    /// The agreements with messages that could not be made ready so far.
    pub(crate) fn not_ready(&self) -> Result<NotReady, StoreError> {
        let mut all = NotReady::new();
        for incident in self.db.read(|tx| agreement_incident::open_with(tx, NOT_SENT))? {
            all.entry(incident.agreement).or_default().push(incident.about_on);
        }
        Ok(all)
    }

    /// Closes the incidents of agreements of which a message went out.
    pub(crate) fn close_ready(
        &self,
        not_ready: &NotReady,
        sent: &[&MessageRow],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut over = Vec::new();
        for row in sent {
            for about_on in not_ready.get(&row.agreement).into_iter().flatten() {
                over.push((row.part, agreement_incident::id_of(NOT_SENT, row.agreement, *about_on)));
            }
        }
        if over.is_empty() {
            return Ok(());
        }
        self.db.write(|tx| {
            over.iter().try_for_each(|(part, id)| agreement_incident::close(tx, *part, *id, now).map(|_| ()))
        })
    }
}

/// What becomes of a message that cannot be made ready, and when it is tried again. Of one that may have been sent already
/// nobody can say that it was not.
fn after(row: &MessageRow, now: Timestamp) -> (MessageState, Option<Timestamp>) {
    match row.state {
        _ if now < row.expires_at => (row.state, Some(now.plus_seconds(WAIT_SECONDS).min(row.expires_at))),
        MessageState::Sending => (MessageState::Unknown, None),
        _ => (MessageState::Expired, None),
    }
}

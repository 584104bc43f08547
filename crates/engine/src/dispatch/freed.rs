//! Messages that waited since another of their customer had used up the day's cap of a channel, and that one did not go out.

use std::collections::{HashMap, HashSet};

use dunlin_domain::contact::Channel;
use dunlin_domain::date::Timestamp;
use dunlin_domain::id::CustomerId;
use dunlin_domain::message::MessageState;
use dunlin_domain::reason::Reason;
use dunlin_store::message::{self, MessageRow, StateChange};
use dunlin_store::{StoreError, Tx};

/// Places in caps that a batch gave back, by customer and channel: when they may be tried again, and in what words the message
/// that had them waits.
#[derive(Default)]
pub(super) struct Freed(HashMap<(CustomerId, Channel), (Timestamp, String)>);

impl Freed {
    /// Notes that `row` was not taken and gave back its place. Calls are counted when they end, and wait for nobody.
    pub(super) fn add(&mut self, row: &MessageRow, channel: Channel, change: &StateChange) {
        if channel == Channel::Voice {
            return;
        }
        let waits = match (change.state, change.next_attempt_at) {
            // Its way is the others' way: they wait for the same.
            (MessageState::Queued, Some(until)) => (until, change.detail.clone()),
            _ => (change.since, String::new()),
        };
        self.0.insert((row.customer, channel), waits);
    }

    /// Gives the places to those that wait for them. What a cap is said to have stopped it has stopped: otherwise the day's
    /// verdict would name a message that nobody got.
    pub(super) fn free(self, tx: &mut Tx<'_>, now: Timestamp) -> Result<Vec<StateChange>, StoreError> {
        if self.0.is_empty() {
            return Ok(Vec::new());
        }
        let places: HashSet<(CustomerId, Channel)> = self.0.keys().copied().collect();
        let waiting = message::waiting_because(tx, &places, Reason::MessageCap)?;
        let mut changes = Vec::with_capacity(waiting.len());
        for row in &waiting {
            let Some(channel) = row.channel else { continue };
            let (until, detail) = &self.0[&(row.customer, channel)];
            changes.push(super::change(row, row.state, detail.clone(), Some(*until), now));
        }
        message::change_states(tx, &changes)?;
        Ok(changes)
    }
}

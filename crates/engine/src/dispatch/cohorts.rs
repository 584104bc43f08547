//! Counts of what was handed over and what came of it, for the watch; and what cannot have happened to a message.

use std::collections::{BTreeMap, BTreeSet};

use dunlin_domain::contact::Channel;
use dunlin_domain::date::Timestamp;
use dunlin_domain::incident::IncidentCode;
use dunlin_domain::message::MessageState;
use dunlin_store::message::MessageRow;
use dunlin_store::watch::{self, CohortCounts, CohortKey, slot_of};
use dunlin_store::{StoreError, Tx};

use super::receipts::Source;
use crate::detect::silence::latency_place;
use crate::watch::{Finding, open, provider_stream};

/// What one transaction adds to the counts.
#[derive(Default)]
pub(super) struct Cohorts {
    counts: BTreeMap<CohortKey, CohortCounts>,
    latencies: BTreeMap<(Channel, String, usize), i64>,
    heard: BTreeSet<(Channel, String)>,
    impossible: Vec<Finding>,
}

impl Cohorts {
    /// Counts a message among those of its template, and among those that go where it goes.
    fn add(&mut self, row: &MessageRow, provider: &str, at: Timestamp, add: impl Fn(&mut CohortCounts)) {
        let Some(channel) = row.channel else { return };
        for kind in [Some(&row.template), row.area.as_ref()].into_iter().flatten() {
            let (provider, kind) = (provider.to_owned(), kind.clone());
            let key = CohortKey { slot: slot_of(at), channel, provider, kind };
            add(self.counts.entry(key).or_default());
        }
    }

    /// A message left the house, or should have: what its attempt, which ended now, makes of it.
    pub(super) fn handed(&mut self, row: &MessageRow, provider: &str, state: MessageState, now: Timestamp) {
        let (failed, unanswered) =
            (i64::from(state == MessageState::Failed), i64::from(state == MessageState::Unknown));
        if !matches!(state, MessageState::Accepted | MessageState::Unknown | MessageState::Failed) {
            return;
        }
        self.add(row, provider, now, |counts| {
            counts.handed += 1;
            counts.failed += failed;
            counts.unanswered += unanswered;
        });
    }

    /// A message of which nothing was known since `at` turns out to have been taken.
    pub(super) fn answered(&mut self, row: &MessageRow, provider: &str, at: Timestamp) {
        self.add(row, provider, at, |counts| counts.unanswered -= 1);
    }

    /// What its provider said moved the message, which was `row` before, to `state`. An answer to our question says nothing
    /// about how long receipts take.
    pub(super) fn told(&mut self, row: &MessageRow, state: MessageState, source: Source, now: Timestamp) {
        let Some(provider) = row.provider.clone() else { return };
        let (at, is_new) = match row.state {
            MessageState::Accepted | MessageState::Unknown => (row.state_at, 0),
            // Faster than the answer: the message is handed over with its receipt.
            MessageState::Sending => (now, 1),
            // When it was handed over is not kept beside a failed one; its cohort has counted it.
            _ => return,
        };
        let was_unanswered = i64::from(row.state == MessageState::Unknown);
        self.add(row, &provider, at, |counts| {
            counts.handed += is_new;
            counts.unanswered -= was_unanswered;
            match state {
                MessageState::Failed => counts.failed += 1,
                _ => counts.delivered += 1,
            }
        });
        if let (MessageState::Accepted, Some(channel), Source::Receipt) = (row.state, row.channel, source) {
            let seconds = (now.micros() - row.state_at.micros()).max(0) / 1_000_000;
            *self.latencies.entry((channel, provider, latency_place(seconds))).or_default() += 1;
        }
    }

    /// The message's provider spoke of it, whatever it said.
    pub(super) fn heard(&mut self, row: &MessageRow) {
        if let (Some(channel), Some(provider)) = (row.channel, &row.provider) {
            self.heard.insert((channel, provider.clone()));
        }
    }

    /// Notes a word about a message that cannot be true of it in its state: one that was surely never taken has arrived
    /// or failed on the way. Words that come twice, late or out of order are none of these.
    pub(super) fn judge(&mut self, row: &MessageRow, found: MessageState, told: MessageState, code: &str) {
        use MessageState as S;
        let is_impossible = match found {
            S::Planned | S::Held | S::Queued | S::Expired | S::Cancelled => true,
            S::Replaced => row.attempt_count == 0,
            S::Sending | S::Accepted | S::Delivered | S::Failed | S::Unknown => false,
        };
        if !is_impossible {
            return;
        }
        let provider = row.provider.as_deref().unwrap_or("-");
        self.impossible.push(Finding {
            code: IncidentCode::ImpossibleTransition,
            stream: row
                .channel
                .map_or_else(|| provider.to_owned(), |channel| provider_stream(channel, provider)),
            first_affected: row.id.to_string(),
            affected_count: 1,
            evidence: vec![
                ("from", found.code().to_owned()),
                ("to", told.code().to_owned()),
                ("word", code.replace([';', '='], " ")),
            ],
        });
    }

    /// Writes all of it, in one order, so that two transactions seldom lock each other out.
    pub(super) fn write(self, tx: &mut Tx<'_>, now: Timestamp) -> Result<(), StoreError> {
        watch::add_cohorts(tx, &self.counts)?;
        watch::add_latencies(tx, &self.latencies)?;
        for (channel, provider) in &self.heard {
            watch::sign(tx, "receipts", &provider_stream(*channel, provider), now, 0)?;
        }
        for finding in &self.impossible {
            open(tx, finding, now)?;
        }
        Ok(())
    }
}

//! The ways out of the house as they are at this moment: which provider a message goes by.

use std::collections::{BTreeMap, HashMap, HashSet};

use dunlin_delivery::{Candidate, ProviderTraits, Route, Routing, Trouble, choose, fails_mostly};
use dunlin_domain::contact::Channel;
use dunlin_domain::date::Timestamp;
use dunlin_domain::message::MessageState;
use dunlin_domain::reason::Reason;
use dunlin_store::message::MessageRow;
use dunlin_store::{StoreError, Tx, policy, reference};

use super::clearing::Step;
use crate::Engine;
use crate::call_tasks::CALL_BACK;

/// Where a message may go.
pub(super) enum Way {
    /// By the provider at this place.
    By(usize),
    /// Nowhere before this moment.
    Later(Timestamp),
    /// Nobody serves the channel.
    Nobody,
}

impl Engine {
    /// Whether a provider takes new messages of a channel.
    pub(crate) fn takes(&self, provider: &ProviderTraits, channel: Channel) -> bool {
        let is_draining = self.routing.get(provider.name()).is_some_and(|routing| routing.is_draining);
        provider.serves(channel) && !is_draining
    }

    /// The channels for which no provider takes new messages. None where there are no providers at all: such a process says
    /// nothing about who serves what.
    pub(crate) fn channels_unserved(&self) -> Vec<Channel> {
        let providers = self.exits.traits();
        let is_unserved =
            |channel: &Channel| !providers.iter().any(|provider| self.takes(provider, *channel));
        if providers.is_empty() {
            return Vec::new();
        }
        Channel::ALL.iter().copied().filter(is_unserved).collect()
    }
}

/// What is known of the providers in one claiming transaction.
pub(super) struct Routes<'p> {
    providers: &'p [ProviderTraits],
    routing: &'p BTreeMap<String, Routing>,
    troubles: HashMap<(String, Channel), Trouble>,
    /// Providers that take messages and do not deliver them, as receipts say.
    failing: HashSet<(String, Channel)>,
    /// Providers in trouble that were given their one message already.
    probed: HashSet<(usize, Channel)>,
    /// Messages that wait because their provider has had enough in this second.
    limited: HashMap<usize, i64>,
}

impl<'p> Routes<'p> {
    pub(super) fn load(
        tx: &mut Tx<'_>,
        providers: &'p [ProviderTraits],
        routing: &'p BTreeMap<String, Routing>,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let open = policy::incidents(tx)?.into_iter().filter(|incident| incident.closed_at.is_none());
        let troubles = open.map(|incident| {
            let trouble =
                Trouble { failure_count: incident.failure_count, last_failed_at: incident.last_failed_at };
            ((incident.provider, incident.channel), trouble)
        });
        let troubles = troubles.collect();
        let tallies = reference::recent_tallies(tx, now)?.into_iter();
        let failing = tallies.filter(|tally| fails_mostly(tally.delivered, tally.failed));
        let failing = failing.map(|tally| (tally.provider, tally.channel)).collect();
        if routing.values().any(|routing| routing.rate_per_second.is_some()) {
            reference::forget_rates(tx, now)?;
        }
        Ok(Self { providers, routing, troubles, failing, probed: HashSet::new(), limited: HashMap::new() })
    }

    /// One that fails mostly goes behind all others, until the receipts that speak against it are two hours old.
    fn candidate(&self, index: usize, channel: Channel) -> Candidate {
        const BEHIND_ALL_OTHERS: u32 = 1_000_000;
        let place = (self.providers[index].name().to_owned(), channel);
        let mut routing = self.routing_of(index);
        if self.failing.contains(&place) {
            routing.priority = routing.priority.saturating_add(BEHIND_ALL_OTHERS);
        }
        Candidate { index, routing, trouble: self.troubles.get(&place).copied() }
    }

    fn routing_of(&self, index: usize) -> Routing {
        self.routing.get(self.providers[index].name()).copied().unwrap_or_default()
    }

    /// The way of a message. One whose answer was lost goes by its own provider again, which alone may know it.
    pub(super) fn way(&mut self, row: &MessageRow, channel: Channel, now: Timestamp) -> Way {
        let serving = |index: &usize| self.providers[*index].serves(channel);
        let serving: Vec<usize> = (0..self.providers.len()).filter(serving).collect();
        if row.state == MessageState::Sending {
            let is_own = |index: &&usize| row.provider.as_deref() == Some(self.providers[**index].name());
            if let Some(own) = serving.iter().find(is_own) {
                return Way::By(*own);
            }
        }
        // Who asked to be called back wants to speak to somebody.
        let team = || serving.iter().find(|index| self.providers[**index].is_agents());
        if row.strategy == CALL_BACK
            && let Some(team) = team()
        {
            return Way::By(*team);
        }
        let mut candidates: Vec<Candidate> =
            serving.iter().map(|index| self.candidate(*index, channel)).collect();
        let draw = u64::from_le_bytes(row.id.0[8..].try_into().expect("an id has sixteen bytes"));
        match choose(&candidates, draw, now) {
            Route::By(index) => Way::By(index),
            Route::Probe(index) if self.probed.insert((index, channel)) => Way::By(index),
            // Its one message is on its way; the others go by those that work, or wait for what it tells.
            Route::Probe(index) => {
                candidates.retain(|candidate| candidate.index != index);
                let working = candidates.iter().any(|candidate| candidate.trouble.is_none());
                match choose(&candidates, draw, now) {
                    Route::By(other) if working => Way::By(other),
                    Route::By(_) | Route::Probe(_) | Route::RestUntil(_) | Route::Nobody => {
                        Way::Later(now.plus_seconds(1))
                    }
                }
            }
            Route::RestUntil(until) => Way::Later(until),
            Route::Nobody => Way::Nobody,
        }
    }

    /// Until when a message waits for the hour at which the provider takes messages. One that was tried before has had
    /// its hour.
    pub(super) fn hour_of(&self, index: usize, row: &MessageRow, now: Timestamp) -> Option<Timestamp> {
        if row.attempt_count > 0 {
            return None;
        }
        self.providers[index].waits_until(row.state_at, now)
    }

    /// Takes a place in the second of `now` at the provider; the step that waits for one where there is none.
    pub(super) fn take_place(
        &mut self,
        tx: &mut Tx<'_>,
        index: usize,
        now: Timestamp,
    ) -> Result<Option<Step>, StoreError> {
        let Some(rate) = self.routing_of(index).rate_per_second else { return Ok(None) };
        let name = self.providers[index].name();
        if !self.limited.contains_key(&index) && reference::take_rate(tx, name, rate, now)? {
            return Ok(None);
        }
        let before = self.limited.entry(index).or_default();
        // Spread over the seconds to come, so that each row is looked at about once.
        let until = now.plus_seconds(1 + *before / i64::from(rate.max(1)));
        *before += 1;
        let detail = format!("{}: {name} takes {rate} a second", Reason::ProviderLimit);
        Ok(Some(Step::Wait { until, detail }))
    }
}

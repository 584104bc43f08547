//! One round of sending: batch after batch is claimed, handed over and written down.
//!
//! Where more is due than one batch, the database works while the providers do: a batch is handed over while the answers
//! of the one before are written and the next is claimed. The order of the transactions is the same at every run.

use std::collections::HashMap;
use std::panic::resume_unwind;
use std::thread;

use dunlin_delivery::{Handover, ProviderTraits, ToldAtOnce};
use dunlin_domain::contact::Channel;
use dunlin_domain::date::Timestamp;
use dunlin_domain::id::Part;
use dunlin_domain::message::ClearedMessage;
use dunlin_store::message::{MessageRow, Of};

use super::{Claim, DispatchReport, Pages, Which};
use crate::policies::Policies;
use crate::set_aside::{NotReady, is_of_account};
use crate::{Engine, EngineError};

/// What one provider is to take of a batch.
struct Share {
    provider_index: usize,
    rows: Vec<MessageRow>,
    batch: Vec<ClearedMessage>,
}

/// What it answered.
struct Answered {
    share: Share,
    answers: Vec<Handover>,
    pages: Pages,
    told: ToldAtOnce,
}

/// Which messages a round of sending is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// All.
    All,
    /// Calls, which take as long as people speak.
    Calls,
    /// All but calls.
    Texts,
}

impl Lane {
    fn of(self) -> Of {
        match self {
            Self::All => Of::All,
            Self::Calls => Of::Only(Channel::Voice),
            Self::Texts => Of::AllBut(Channel::Voice),
        }
    }
}

/// A round of sending that is asked for.
#[derive(Clone, Copy)]
pub struct Sending<'s> {
    /// Which messages.
    pub lane: Lane,
    /// Tells the moment, which goes on while the round lasts: each message is checked against the law at its own.
    pub moment: &'s (dyn Fn() -> Timestamp + Sync),
    /// After so many seconds no further batch is begun, and the report says that it was cut short; `None`: never.
    pub seconds_max: Option<i64>,
}

/// What a round needs to write.
struct Desk<'e> {
    engine: &'e Engine,
    policies: &'e Policies,
    providers: &'e [ProviderTraits],
    /// How many providers take messages of each channel.
    serving: HashMap<Channel, usize>,
    sending: Sending<'e>,
    /// What was due at the beginning is sent, and not what becomes due meanwhile.
    began: Timestamp,
    /// Messages of a batch.
    batch_count: usize,
    /// Whose messages could not be made ready so far.
    not_ready: NotReady,
}

impl Engine {
    /// Sends all that is due at `now`, as if no time passed until all is sent.
    ///
    /// # Errors
    /// What the database says. Failures of providers are no errors: they are outcomes of attempts.
    pub fn dispatch(&self, now: Timestamp) -> Result<DispatchReport, EngineError> {
        self.send(&Sending { lane: Lane::All, moment: &|| now, seconds_max: None })
    }

    /// Whether calls are better sent in a lane of their own, since a batch of them takes minutes.
    #[must_use]
    pub fn has_slow_calls(&self) -> bool {
        self.exits.take_long()
    }

    /// Sends what is due when the round begins.
    ///
    /// # Errors
    /// What the database says. Failures of providers are no errors: they are outcomes of attempts.
    pub fn send(&self, sending: &Sending<'_>) -> Result<DispatchReport, EngineError> {
        let policies = self.policies()?;
        let traits = self.exits.traits();
        let desk = Desk::new(self, &policies, *sending, self.not_ready()?);
        let mut report = DispatchReport::default();
        self.take_over(desk.began)?;
        let mut answered = Vec::new();
        let mut claim = desk.claim(Part::new(0), &mut report)?;
        while claim.looked_at > 0 || !answered.is_empty() {
            let next_part = claim.next_part;
            let is_last = claim.looked_at < desk.batch_count;
            let shares = shares(traits, claim);
            // Nobody waits with an answer in hand until calls are over that take minutes.
            if is_last || shares.iter().any(|share| traits[share.provider_index].takes_long()) {
                desk.write(answered, &mut report)?;
                answered = Vec::new();
                for share in shares {
                    let told = desk.hand_over(share);
                    desk.write(vec![told], &mut report)?;
                }
                claim = desk.claim(next_part, &mut report)?;
                continue;
            }
            let (told, next) = thread::scope(|scope| {
                let writing = scope.spawn(|| {
                    desk.write(answered, &mut report)?;
                    desk.claim(next_part, &mut report)
                });
                let told: Vec<Answered> = shares.into_iter().map(|share| desk.hand_over(share)).collect();
                (told, writing.join().unwrap_or_else(|panic| resume_unwind(panic)))
            });
            claim = match next {
                Ok(next) => next,
                // What was answered meanwhile is written all the same: else it would be unknown for ever.
                Err(error) => return desk.write(told, &mut report).and(Err(error)),
            };
            answered = told;
        }
        Ok(report)
    }
}

impl<'e> Desk<'e> {
    fn new(engine: &'e Engine, policies: &'e Policies, sending: Sending<'e>, not_ready: NotReady) -> Self {
        let providers = engine.exits.traits();
        let count =
            |channel: Channel| providers.iter().filter(|provider| engine.takes(provider, channel)).count();
        let serving = Channel::ALL.iter().map(|channel| (*channel, count(*channel))).collect();
        let began = (sending.moment)();
        // More calls than the trunks have lines for would only be put off.
        let of_calls = || providers.iter().filter_map(ProviderTraits::batch_max).sum();
        let batch_count = match sending.lane {
            Lane::Calls => engine.batch_count.min(of_calls()).max(1),
            Lane::All | Lane::Texts => engine.batch_count,
        };
        Self { engine, policies, providers, serving, sending, began, batch_count, not_ready }
    }

    fn now(&self) -> Timestamp {
        (self.sending.moment)()
    }

    fn claim(&self, from: Part, report: &mut DispatchReport) -> Result<Claim, EngineError> {
        let now = self.now();
        if self.sending.seconds_max.is_some_and(|seconds| now >= self.began.plus_seconds(seconds)) {
            report.is_cut_short = true;
            return Ok(Claim::new(0, from));
        }
        let (of, due_by, count_max) = (self.sending.lane.of(), self.began, self.batch_count);
        let which = Which { from, of, due_by, count_max };
        let claim = loop {
            let claimed = self
                .engine
                .db
                .write_by_key(|tx| self.engine.claim(tx, self.policies, self.providers, &which, now));
            match claimed {
                Ok(claim) => break claim,
                Err(error) if is_of_account(&error) => {
                    self.engine.set_messages_aside(self.policies, self.providers, &which, now, error)?;
                }
                Err(error) => return Err(error),
            }
        };
        let sent: Vec<&MessageRow> = claim.claimed.iter().map(|claimed| &claimed.message).collect();
        self.engine.close_ready(&self.not_ready, &sent, now)?;
        report.add(&claim.report);
        Ok(claim)
    }

    /// Hands a share over to its provider.
    fn hand_over(&self, share: Share) -> Answered {
        let mut provider = self.engine.exits.provider(share.provider_index);
        let answers = provider.hand_over(&share.batch, self.now());
        let page_count = |row: &MessageRow| Some((row.id, provider.page_count(row.id)?));
        let pages = share.rows.iter().filter_map(page_count).collect();
        let told = provider.told_at_once();
        Answered { share, answers, pages, told }
    }

    /// Writes what was answered, each provider's in a transaction of its own. One that fails does not keep the others from
    /// being written.
    fn write(&self, answered: Vec<Answered>, report: &mut DispatchReport) -> Result<(), EngineError> {
        let mut result = Ok(());
        for answered in &answered {
            match self.write_one(answered) {
                Ok(written) => report.add(&written),
                Err(error) => result = result.and(Err(error)),
            }
        }
        result
    }

    fn write_one(&self, answered: &Answered) -> Result<DispatchReport, EngineError> {
        let Share { provider_index, rows, batch } = &answered.share;
        let provider = &self.providers[*provider_index];
        let rows: Vec<&MessageRow> = rows.iter().collect();
        let now = self.now();
        let said = (rows.as_slice(), batch.as_slice(), answered.answers.as_slice(), &answered.pages);
        self.engine.db.write_by_key(|tx| {
            let report = self.engine.record(tx, self.policies, provider, &self.serving, said, now)?;
            self.engine.take_told(tx, self.policies, provider.name(), &answered.told, now)?;
            Ok::<_, EngineError>(report)
        })
    }
}

/// What each provider is to take of a batch; those first that take it in a moment.
fn shares(providers: &[ProviderTraits], claim: Claim) -> Vec<Share> {
    let empty = |provider_index| Share { provider_index, rows: Vec::new(), batch: Vec::new() };
    let mut shares: Vec<Share> = (0..providers.len()).map(empty).collect();
    for claimed in claim.claimed {
        let share = &mut shares[claimed.provider_index];
        share.rows.push(claimed.message);
        share.batch.push(claimed.cleared);
    }
    shares.retain(|share| !share.rows.is_empty());
    shares.sort_by_key(|share| providers[share.provider_index].takes_long());
    shares
}

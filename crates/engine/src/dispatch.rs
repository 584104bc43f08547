//! The outbox: messages that are due are cleared again, handed to a provider, and followed to their receipts.
//!
//! An attempt and the state `sending` are committed before a provider sees the message; what the provider
//! answered is committed afterwards. A crash between the two leaves `sending`: where the provider knows a
//! message by its id (the spool) it is handed over again, at once where the worker is known to be gone and else when
//! its time is up; otherwise the outcome is unknown and stays so until somebody asks the provider. Budgets are taken
//! in the transaction that marks the attempt. Answers, receipts and other workers may overtake one another: each
//! locks the message's row and moves it only the way that it can still go.

mod agents;
mod answer;
mod clearing;
mod cohorts;
mod due_words;
mod fallback;
mod freed;
mod inquiries;
mod invalid;
mod keys;
mod receipts;
mod rests;
mod round;
mod routes;
pub(crate) mod settle;
#[cfg(test)]
mod tests;
mod undone;

pub(crate) use agents::locked_task;
pub(crate) use clearing::{masked_name, variables};

use std::collections::{BTreeMap, HashMap};

use dunlin_delivery::{Handover, NOT_TRIED, ProviderTraits};
use dunlin_domain::contact::Channel;
use dunlin_domain::date::Timestamp;
use dunlin_domain::id::{MessageId, PART_COUNT, Part};
use dunlin_domain::message::{ClearedMessage, MessageState};
use dunlin_domain::reply::number_area;
use dunlin_store::call_task::{self, CallTaskRow};
use dunlin_store::inquiry::{self, InquiryDue};
use dunlin_store::message::{self, MessageRow, NewAttempt, NewOutcome, Of, StateChange};
use dunlin_store::run::{self, Span};
use dunlin_store::{Conflict, StoreError, Tx, message_cost};

use self::answer::{Told, note_incidents};
use self::clearing::{SendContext, Step};
use self::cohorts::Cohorts;
use self::fallback::Rules;
use self::freed::Freed;
use self::invalid::Invalid;
use self::routes::Routes;
use self::undone::Undone;
use crate::costs::units_of;
use crate::policies::Policies;
use crate::worker::is_gone;
use crate::{Clock, Engine, EngineError};

pub use self::inquiries::{Asked, InquiryReport};
pub use self::receipts::ReceiptReport;
pub use self::round::{Lane, Sending};

/// Messages of one batch, unless set otherwise.
pub(crate) const BATCH_COUNT: usize = 500;
/// How long a batch may take before another worker may look at its messages.
const SENDING_LEASE_SECONDS: i64 = 600;
/// The same in a rehearsal, whose processes are at different moments of the business clock: what one has in hand is not free
/// because another is some days ahead.
const REHEARSED_LEASE_SECONDS: i64 = 30 * 86_400;
/// The setting that holds the moment of a rehearsal's last round of sending.
const REHEARSED_THROUGH: &str = "rehearsed_through";

/// What a round of sending came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DispatchReport {
    /// Taken by a provider.
    pub accepted: u64,
    /// Put off by the provider or a rule until later.
    pub deferred: u64,
    /// The provider takes nothing at present.
    pub unavailable: u64,
    /// Refused for good.
    pub rejected: u64,
    /// The provider did not say.
    pub unknown: u64,
    /// Out of date before it could be sent.
    pub expired: u64,
    /// Taken back because the debt was paid.
    pub cancelled: u64,
    /// The time of the round was over while more was due.
    pub is_cut_short: bool,
}

impl DispatchReport {
    /// All messages that were looked at.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.accepted
            + self.deferred
            + self.unavailable
            + self.rejected
            + self.unknown
            + self.expired
            + self.cancelled
    }

    /// Adds what another round came to.
    pub fn add(&mut self, other: &Self) {
        self.accepted += other.accepted;
        self.deferred += other.deferred;
        self.unavailable += other.unavailable;
        self.rejected += other.rejected;
        self.unknown += other.unknown;
        self.expired += other.expired;
        self.cancelled += other.cancelled;
        self.is_cut_short |= other.is_cut_short;
    }
}

/// The pages of the letters among the messages of a batch.
type Pages = HashMap<MessageId, u32>;

/// A message that may be handed over, as it was before this attempt.
struct Claimed {
    message: MessageRow,
    cleared: ClearedMessage,
    provider_index: usize,
}

/// Which messages a batch is made of.
pub(crate) struct Which {
    from: Part,
    of: Of,
    due_by: Timestamp,
    count_max: usize,
}

impl Which {
    /// The messages, from a part on and then from the first one: so that parts whose messages are sent are not looked through
    /// again for each batch.
    pub(crate) fn due(&self, tx: &mut Tx<'_>) -> Result<Vec<MessageRow>, StoreError> {
        let Self { from, of, due_by, count_max } = *self;
        let behind = Span { first: from, last: Part::new(PART_COUNT - 1) };
        let mut messages = message::due(tx, (behind, of), due_by, count_max)?;
        if messages.len() < count_max && from.number() > 0 {
            let before = Span { first: Part::new(0), last: Part::new(from.number() - 1) };
            let room = count_max - messages.len();
            messages.extend(message::due(tx, (before, of), due_by, room)?);
        }
        Ok(messages)
    }

    /// Where the batch after these begins to look.
    fn next_part(&self, messages: &[MessageRow]) -> Part {
        match messages.last() {
            Some(last) if messages.len() == self.count_max && last.part.number() >= self.from.number() => {
                last.part
            }
            Some(_) | None => Part::new(0),
        }
    }
}

/// What the claiming transaction decided.
pub(crate) struct Claim {
    claimed: Vec<Claimed>,
    report: DispatchReport,
    looked_at: usize,
    /// Where the next batch begins to look.
    next_part: Part,
    attempts: Vec<NewAttempt>,
    changes: Vec<StateChange>,
    redo: Vec<Undone>,
    /// Calls that are offered to agents.
    offers: Vec<CallTaskRow>,
    /// Messages by voice that no agent is to take now.
    withdrawn: Vec<MessageId>,
}

impl Claim {
    fn new(looked_at: usize, next_part: Part) -> Self {
        Self {
            claimed: Vec::new(),
            report: DispatchReport::default(),
            looked_at,
            next_part,
            attempts: Vec::new(),
            changes: Vec::new(),
            redo: Vec::new(),
            offers: Vec::new(),
            withdrawn: Vec::new(),
        }
    }

    fn take(
        &mut self,
        row: MessageRow,
        step: Step,
        (providers, rules): (&[ProviderTraits], &Rules<'_>),
        (worker, until): (&str, Timestamp),
        now: Timestamp,
    ) {
        match step {
            Step::Send { cleared, provider_index } => {
                let area = area_of(&cleared);
                let provider = providers[provider_index].name().to_owned();
                let index = row.attempt_count;
                self.attempts.push(NewAttempt {
                    message: row.id,
                    index,
                    id: cleared.attempt(),
                    provider: provider.clone(),
                    unit_count: units_of(cleared.channel(), cleared.body().reveal(), 0),
                });
                self.changes.push(StateChange {
                    id: row.id,
                    from: row.state,
                    state: MessageState::Sending,
                    since: now,
                    detail: row.state_detail.clone(),
                    due_at: row.next_attempt_at,
                    next_attempt_at: row.next_attempt_at,
                    attempt_count: index + 1,
                    provider: Some(provider),
                    claimed_by: Some(worker.to_owned()),
                    claimed_until: Some(until),
                    area: area.clone(),
                });
                let message = MessageRow { area, ..row };
                self.claimed.push(Claimed { message, cleared, provider_index });
            }
            Step::Offer { provider_index, value } => {
                self.report.deferred += 1;
                self.offers.push(agents::offer(&row, value, now));
                let detail = agents::waits();
                // Out of date it is looked at again, and says why nobody called.
                let mut change = change(&row, row.state, detail, Some(row.expires_at), now);
                change.provider = Some(providers[provider_index].name().to_owned());
                self.changes.push(change);
            }
            Step::Wait { until, detail } => {
                self.report.deferred += 1;
                self.withdrawn.extend((row.channel == Some(Channel::Voice)).then_some(row.id));
                self.changes.push(change(&row, row.state, detail, Some(until), now));
            }
            Step::End { state, detail } => {
                match state {
                    MessageState::Cancelled => self.report.cancelled += 1,
                    MessageState::Unknown => self.report.unknown += 1,
                    _ => self.report.expired += 1,
                }
                if state == MessageState::Expired && !rules.has(row.id) {
                    self.redo.push(Undone::of(&row));
                }
                self.withdrawn.extend((row.channel == Some(Channel::Voice)).then_some(row.id));
                self.changes.push(change(&row, state, detail, None, now));
            }
        }
    }
}

impl Engine {
    /// The moment of the last round of sending that a rehearsal on the business clock has finished.
    ///
    /// # Errors
    /// What the database says.
    pub fn rehearsed_through(&self) -> Result<Option<Timestamp>, EngineError> {
        let Some(text) = self.db.read(|tx| run::setting(tx, REHEARSED_THROUGH))? else { return Ok(None) };
        let micros = text.parse().map_err(|_| StoreError::Data {
            what: format!("setting {REHEARSED_THROUGH} {text:?} is no moment"),
        })?;
        Ok(Some(Timestamp::from_micros(micros)))
    }

    /// Notes that a rehearsal has finished the round of sending at `moment`, so that one that is killed goes on from
    /// there: its next rounds are not now, but on the days that it had come to.
    ///
    /// # Errors
    /// What the database says.
    pub fn note_rehearsed(&self, moment: Timestamp) -> Result<(), EngineError> {
        let text = moment.micros().to_string();
        Ok(self.db.write(|tx| run::set_setting(tx, REHEARSED_THROUGH, &text))?)
    }

    /// How long a batch may take by the clock that is in use.
    fn lease_seconds(&self) -> i64 {
        match self.clock {
            Clock::Real => SENDING_LEASE_SECONDS,
            Clock::Business => REHEARSED_LEASE_SECONDS,
        }
    }

    /// Makes due at once what a worker of this machine had in hand when it ended. What workers of other machines
    /// had becomes due when their time is up.
    fn take_over(&self, now: Timestamp) -> Result<(), StoreError> {
        // One that was ahead of us by the business clock claimed for longer than we would.
        let ahead_seconds = if self.clock == Clock::Business { REHEARSED_LEASE_SECONDS } else { 0 };
        let until = now.plus_seconds(self.lease_seconds() + ahead_seconds);
        let mut gone = self.db.read(|tx| message::claims(tx, now, until))?;
        gone.retain(|(_, worker)| is_gone(worker, &self.config.worker));
        if gone.is_empty() {
            return Ok(());
        }
        self.db.write(|tx| {
            gone.iter().try_for_each(|(part, worker)| message::end_claims(tx, *part, worker, now, until))
        })
    }

    /// Claims the next batch.
    fn claim(
        &self,
        tx: &mut Tx<'_>,
        policies: &Policies,
        providers: &[ProviderTraits],
        which: &Which,
        now: Timestamp,
    ) -> Result<Claim, EngineError> {
        let messages = which.due(tx)?;
        let next_part = which.next_part(&messages);
        let claim = self.claim_these(tx, policies, providers, messages, now)?;
        Ok(Claim { next_part, ..claim })
    }

    /// Claims these messages.
    pub(crate) fn claim_these(
        &self,
        tx: &mut Tx<'_>,
        policies: &Policies,
        providers: &[ProviderTraits],
        messages: Vec<MessageRow>,
        now: Timestamp,
    ) -> Result<Claim, EngineError> {
        let mut claim = Claim::new(messages.len(), Part::new(0));
        let (over, messages): (Vec<MessageRow>, Vec<MessageRow>) =
            messages.into_iter().partition(fallback::is_over);
        self.fall_back(tx, policies, &over, now)?;
        let messages = self.free_lapsed(tx, policies, providers, messages, now)?;
        if messages.is_empty() {
            return Ok(claim);
        }
        let today = now.date_in(&self.zone);
        let mut context = SendContext::load(tx, self, policies, &messages, today)?;
        let messages = context.with_expiries(self, messages);
        let mut routes = Routes::load(tx, providers, &self.routing, now)?;
        let mut cohorts = Cohorts::default();
        let mut inquiries: Vec<InquiryDue> = Vec::new();
        let rules = Rules::of(policies, &messages);
        let until = now.plus_seconds(self.lease_seconds());
        let steps = context.steps(tx, self, policies, (providers, &mut routes), &messages, now)?;
        for (row, step) in messages.into_iter().zip(steps) {
            if let (Step::End { state: state @ MessageState::Unknown, .. }, Some(provider)) =
                (&step, &row.provider)
            {
                cohorts.handed(&row, provider, *state, now);
                let attempt = (row.id, row.attempt_count.saturating_sub(1));
                inquiries.extend(providers.iter().find(|known| known.name() == provider).and_then(|known| {
                    let asking = self.asking_of(provider);
                    inquiries::after_lost_answer(known, asking, attempt, None, row.state_at)
                }));
            }
            claim.take(row, step, (providers, &rules), (&self.config.worker, until), now);
        }
        context.write_calls(tx)?;
        claim.offers.iter().try_for_each(|offer| call_task::put(tx, offer))?;
        agents::withdraw(tx, &claim.withdrawn, now)?;
        message::insert_attempts(tx, &claim.attempts, now)?;
        rules.set_moments(&mut claim.changes, now);
        message::change_states(tx, &claim.changes)?;
        self.decide_anew(tx, &claim.redo)?;
        self.audit_messages(tx, "message.claim", &claim.changes, "due", now)?;
        cohorts.write(tx, now)?;
        inquiry::note(tx, &inquiries)?;
        Ok(claim)
    }

    /// Writes what the provider answered.
    fn record(
        &self,
        tx: &mut Tx<'_>,
        policies: &Policies,
        provider: &ProviderTraits,
        serving: &HashMap<Channel, usize>,
        (rows, cleared, answers, pages): (&[&MessageRow], &[ClearedMessage], &[Handover], &Pages),
        now: Timestamp,
    ) -> Result<DispatchReport, EngineError> {
        let mut report = DispatchReport::default();
        let mut changes = Vec::new();
        let mut outcomes: BTreeMap<(Timestamp, Conflict), Vec<NewOutcome>> = BTreeMap::new();
        let mut costs = Vec::new();
        let mut failures: HashMap<Channel, (MessageId, i64, String)> = HashMap::new();
        let mut recovered: Vec<Channel> = Vec::new();
        let mut redo = Vec::new();
        let mut freed = Freed::default();
        let mut inquiries: Vec<InquiryDue> = Vec::new();
        let mut cohorts = Cohorts::default();
        let wake_on = self.wake_date(tx)?;
        let mut invalid = Invalid::new(provider.name(), wake_on, now);
        let rules = Rules::of(policies, rows.iter().copied());
        let words: Vec<Told> = rows
            .iter()
            .zip(cleared)
            .zip(answers)
            .map(|((row, cleared), answer)| told_by(row, cleared, answer, serving, now))
            .collect();
        let moved = settle_answers(tx, (provider.name(), &rules), rows, answers, &words, now)?;
        for (((row, cleared), answer), told) in rows.iter().zip(cleared).zip(answers).zip(words) {
            let Found { state: found, since: found_at, change, outcome } = &moved[&row.id];
            // One whose time was up learns of it after the others tried again, whatever its clock says.
            outcomes.entry((now.max(*found_at), *outcome)).or_default().push(NewOutcome {
                message: row.id,
                index: row.attempt_count,
                outcome: told.word,
                code: told.code,
                detail: told.detail,
            });
            let taken_by = (provider.name(), pages.get(&row.id).copied());
            costs.extend(self.cost_of(taken_by, (row, cleared), answer, now));
            match answer {
                Handover::Accepted { .. } => {
                    report.accepted += 1;
                    // What it did not take before was about that message alone.
                    failures.remove(&cleared.channel());
                    recovered.push(cleared.channel());
                }
                Handover::Throttled { .. } | Handover::Deferred { .. } | Handover::Expired => {
                    report.deferred += 1
                }
                Handover::Unavailable { detail, .. } => {
                    report.unavailable += 1;
                    let entry = failures.entry(cleared.channel()).or_insert((row.id, 0, detail.clone()));
                    entry.1 += 1;
                }
                Handover::Rejected { address_is_bad, code, .. } => {
                    report.rejected += 1;
                    if let (true, Some(point)) = (*address_is_bad, row.contact_point) {
                        invalid.add(self, tx, (row.customer, point), code)?;
                    }
                }
                Handover::Unknown { .. } => report.unknown += 1,
            }
            let Some(change) = change else {
                if let Handover::Accepted { .. } = answer {
                    cohorts.judge(row, *found, MessageState::Accepted, "answer");
                }
                continue;
            };
            // One whose answer was lost was counted when it was.
            if *found == MessageState::Sending {
                cohorts.handed(row, provider.name(), change.state, now);
            } else if *found == MessageState::Unknown {
                cohorts.answered(row, provider.name(), *found_at);
            }
            // What was surely not taken used nothing up.
            if matches!(change.state, MessageState::Queued | MessageState::Failed) {
                settle::release(tx, row, cleared)?;
                freed.add(row, cleared.channel(), change);
            }
            if change.state == MessageState::Failed && !rules.has(row.id) {
                redo.push(Undone::of(row));
            }
            if change.state == MessageState::Unknown {
                let (asking, attempt) = (self.asking_of(provider.name()), (row.id, row.attempt_count));
                let cleared = Some(cleared);
                inquiries.extend(inquiries::after_lost_answer(provider, asking, attempt, cleared, now));
            }
            changes.push(change.clone());
        }
        changes.extend(freed.free(tx, now)?);
        for ((at, conflict), outcomes) in &outcomes {
            message::insert_outcomes(tx, outcomes, *conflict, *at)?;
        }
        invalid.write(tx)?;
        message_cost::insert(tx, &costs)?;
        inquiry::note(tx, &inquiries)?;
        self.decide_anew(tx, &redo)?;
        note_incidents(tx, provider.name(), &failures, &recovered, now)?;
        self.audit_messages(tx, "message.answer", &changes, provider.name(), now)?;
        cohorts.write(tx, now)?;
        if provider.receipts_name_references() {
            self.name_references(tx, policies, provider, rows, answers, now)?;
        }
        Ok(report)
    }
}

/// A message as an answer found it.
struct Found {
    state: MessageState,
    since: Timestamp,
    /// Its change, if the answer still made one.
    change: Option<StateChange>,
    /// Whether the attempt may have an outcome already: not while the message is as the claim left it, and the database need
    /// not look for one.
    outcome: Conflict,
}

/// Moves the messages of a batch by what was answered.
fn settle_answers(
    tx: &mut Tx<'_>,
    (provider, rules): (&str, &Rules<'_>),
    rows: &[&MessageRow],
    answers: &[Handover],
    words: &[Told],
    now: Timestamp,
) -> Result<HashMap<MessageId, Found>, StoreError> {
    // Nearly all are as the claim left them; only what became of the others meanwhile is looked at.
    let as_claimed = |row: &MessageRow| MessageRow {
        state: MessageState::Sending,
        state_at: now,
        attempt_count: row.attempt_count + 1,
        provider: Some(provider.to_owned()),
        ..row.clone()
    };
    let all = || rows.iter().zip(answers).zip(words);
    let expected =
        all().filter_map(|((row, answer), told)| changed_by(row, &as_claimed(row), answer, told, now));
    let mut expected: Vec<StateChange> = expected.collect();
    rules.set_moments(&mut expected, now);
    let in_time = message::change_unchanged(tx, &expected)?;
    let mut moved: HashMap<MessageId, Found> = expected
        .into_iter()
        .filter(|change| in_time.contains(&change.id))
        .map(|change| {
            let (state, outcome) = (MessageState::Sending, Conflict::Fail);
            (change.id, Found { state, since: now, change: Some(change), outcome })
        })
        .collect();
    let missed: Vec<MessageId> = rows.iter().map(|row| row.id).filter(|id| !in_time.contains(id)).collect();
    let present: HashMap<MessageId, MessageRow> =
        message::locked(tx, &missed)?.into_iter().map(|row| (row.id, row)).collect();
    for ((row, answer), told) in all() {
        let Some(found) = present.get(&row.id) else { continue };
        let mut late: Vec<StateChange> = changed_by(row, found, answer, told, now).into_iter().collect();
        rules.set_moments(&mut late, now);
        message::change_states(tx, &late)?;
        let (state, since, change) = (found.state, found.state_at, late.pop());
        moved.insert(row.id, Found { state, since, change, outcome: Conflict::Ignore });
    }
    Ok(moved)
}

/// An answer in the words that are stored.
fn told_by(
    row: &MessageRow,
    cleared: &ClearedMessage,
    answer: &Handover,
    serving: &HashMap<Channel, usize>,
    now: Timestamp,
) -> Told {
    let mut told = Told::of(answer, row, now);
    let is_unavailable = match answer {
        Handover::Unavailable { .. } => true,
        Handover::Throttled { code, .. } => code == NOT_TRIED,
        Handover::Accepted { .. }
        | Handover::Deferred { .. }
        | Handover::Rejected { .. }
        | Handover::Unknown { .. }
        | Handover::Expired => false,
    };
    if is_unavailable && serving.get(&cleared.channel()).is_some_and(|count| *count > 1) {
        // Another provider may take it at once; where none does, the route says until when to wait.
        told.next_attempt_at = Some(now);
    }
    told
}

/// What the answer to an attempt makes of a message that was `row` before the attempt and is `present` now. Nothing,
/// where a receipt was faster than the answer, or another worker took over because our time was up.
fn changed_by(
    row: &MessageRow,
    present: &MessageRow,
    answer: &Handover,
    told: &Told,
    now: Timestamp,
) -> Option<StateChange> {
    let state = match answer.next_state() {
        // Not taken this time; but the attempt before, whose answer was lost, may have been.
        MessageState::Queued if row.state == MessageState::Sending => MessageState::Sending,
        state => state,
    };
    let is_ours = present.state == MessageState::Sending && present.attempt_count == row.attempt_count + 1;
    let says_more = present.state == MessageState::Unknown && state == MessageState::Accepted;
    if !is_ours && !says_more {
        return None;
    }
    let detail = format!("{}{}", told.reason, told.detail);
    Some(change(present, state, detail, told.next_attempt_at, now))
}

/// The change of a message, as it is now, to a state in which nobody has it in hand.
pub(crate) fn change(
    row: &MessageRow,
    state: MessageState,
    detail: String,
    next_attempt_at: Option<Timestamp>,
    now: Timestamp,
) -> StateChange {
    StateChange {
        id: row.id,
        from: row.state,
        state,
        since: if state == row.state { row.state_at } else { now },
        detail,
        due_at: row.next_attempt_at,
        next_attempt_at,
        attempt_count: row.attempt_count,
        provider: row.provider.clone(),
        claimed_by: None,
        claimed_until: None,
        area: row.area.clone(),
    }
}

/// Where the number belongs that a text or a call goes to.
fn area_of(cleared: &ClearedMessage) -> Option<String> {
    match cleared.channel() {
        Channel::Sms | Channel::Voice => number_area(cleared.recipient().reveal()),
        Channel::Email | Channel::Push | Channel::Letter => None,
    }
}

//! Receipts: what providers say later became of messages.

use std::collections::{BTreeMap, HashMap, HashSet};

use dunlin_delivery::{
    About, Brought, Callback, CallbackError, Handover, ProviderTraits, Receipt, ReceiptState,
};
use dunlin_domain::compliance::PlacedOutcome;
use dunlin_domain::contact::Channel;
use dunlin_domain::date::Timestamp;
use dunlin_domain::id::{Key, MessageId};
use dunlin_domain::message::{MessageState, state_of_segments};
use dunlin_domain::reason::Reason;
use dunlin_domain::wording;
use dunlin_store::message::{self, MessageRow, NewReceipt, StateChange};
use dunlin_store::reference::{self, Named, ReferredReceipt, SegmentReceipt, Tally};
use dunlin_store::{StoreError, Tx, inquiry};

use super::cohorts::Cohorts;
use super::fallback::Rules;
use super::invalid::Invalid;
use super::undone::Undone;
use super::{change, settle};
use crate::policies::Policies;
use crate::{Engine, EngineError};

/// The word of the post for what it has.
const POSTED: &str = "posted";
/// The word of the post for a letter that the addressee did not take.
const LETTER_REFUSED: &str = "returned:refused";
/// Receipts that are taken in at a time.
const RECEIPT_COUNT_MAX: usize = 1_000;

/// Who told what became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The provider, by itself.
    Receipt,
    /// The provider, when it was asked.
    Answer,
}

/// What a round of receipts came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReceiptReport {
    /// Messages now known to be delivered.
    pub delivered: u64,
    /// Messages now known to have failed.
    pub failed: u64,
    /// Letters of which the post now says that it has them.
    pub posted: u64,
    /// Receipts that told nothing new.
    pub repeated: u64,
    /// Receipts for messages that we do not know. Those that name a provider's reference are kept, and matched when
    /// the answer that they speak of is written.
    pub unmatched: u64,
    /// Rows that made no sense and were set aside by the provider's reader.
    pub rejected: u64,
    /// What customers wrote back, kept for people to read.
    pub replies: u64,
    /// Of it opt-outs, which are withdrawals from now on.
    pub opted_out: u64,
}

impl ReceiptReport {
    /// Adds what another round came to.
    pub fn add(&mut self, other: &Self) {
        self.delivered += other.delivered;
        self.failed += other.failed;
        self.posted += other.posted;
        self.repeated += other.repeated;
        self.unmatched += other.unmatched;
        self.rejected += other.rejected;
        self.replies += other.replies;
        self.opted_out += other.opted_out;
    }
}

impl Engine {
    /// Takes in the receipts that providers have for us. Repeats and late ones are harmless.
    ///
    /// # Errors
    /// What the database or a provider's folder says.
    pub fn collect_receipts(&self, now: Timestamp) -> Result<ReceiptReport, EngineError> {
        let policies = self.policies()?;
        let mut report = ReceiptReport::default();
        // A trunk tells at once what became of a call, so nobody waits for one that is spoken to have an end.
        let telling = self.exits.traits().iter().enumerate().filter(|(_, provider)| !provider.takes_long());
        for (index, _) in telling {
            while self.collect_batch(index, &policies, &mut report, now)? {}
        }
        Ok(report)
    }

    /// Takes in a batch of what one provider has for us. Whether more lies there.
    fn collect_batch(
        &self,
        provider_index: usize,
        policies: &Policies,
        report: &mut ReceiptReport,
        now: Timestamp,
    ) -> Result<bool, EngineError> {
        let mut provider = self.exits.provider(provider_index);
        let batch = provider.receipts(now)?;
        if batch.is_empty() {
            return Ok(false);
        }
        report.rejected += batch.rejected().len() as u64;
        let name = provider.name();
        for receipts in batch.receipts().chunks(RECEIPT_COUNT_MAX) {
            report.add(&self.db.write_by_key(|tx| self.take_receipts(tx, policies, name, receipts, now))?);
        }
        report.add(&self.take_replies(name, batch.replies(), now)?);
        let is_cut_off = batch.is_cut_off();
        // Only now may the files go: a crash before this line makes repeats, which change nothing.
        batch.acknowledge()?;
        Ok(is_cut_off)
    }

    /// Takes in receipts that `provider` brings, and says in words what is wrong with those that make no sense. One that is
    /// forged changes nothing; it is counted and audited.
    ///
    /// # Errors
    /// [`EngineError::NotFound`] for a provider that brings none; `signature` for a call-back that is not the
    /// provider's, `body` for one that cannot be read or of which nothing makes sense; what the database says.
    pub fn take_receipt_callback(
        &self,
        provider: &str,
        callback: &Callback<'_>,
        now: Timestamp,
    ) -> Result<(ReceiptReport, Vec<String>), EngineError> {
        let Some(callbacks) = self.callbacks.get(provider) else {
            if !self.exits.traits().iter().any(|known| known.name() == provider) {
                return Err(EngineError::NotFound { what: "provider", name: provider.to_owned() });
            }
            let complaint = wording!(
                "服务商“{provider}”未设置回调；请在 dunlin.toml 中为其填写 `callback_secret`",
                "provider {provider:?} takes no call-backs; give it a `callback_secret` in dunlin.toml"
            );
            return Err(EngineError::Refused { code: "no_callback", complaint });
        };
        let Brought { receipts, refused } = match callbacks.read(callback, now) {
            Ok(brought) => brought,
            Err(error @ CallbackError::Forged) => {
                self.note_forged(provider, "signature", now)?;
                return Err(EngineError::Refused { code: "signature", complaint: error.wording() });
            }
            Err(error @ (CallbackError::Unreadable | CallbackError::Refused { .. })) => {
                return Err(EngineError::Refused { code: "body", complaint: error.wording() });
            }
        };
        let policies = self.policies()?;
        let mut report = ReceiptReport { rejected: refused.len() as u64, ..ReceiptReport::default() };
        for receipts in receipts.chunks(RECEIPT_COUNT_MAX) {
            report
                .add(&self.db.write_by_key(|tx| self.take_receipts(tx, &policies, provider, receipts, now))?);
        }
        Ok((report, refused))
    }

    /// Takes in receipts of one provider.
    pub(super) fn take_receipts(
        &self,
        tx: &mut Tx<'_>,
        policies: &Policies,
        provider: &str,
        receipts: &[Receipt],
        now: Timestamp,
    ) -> Result<ReceiptReport, EngineError> {
        let mut report = ReceiptReport::default();
        let (mut words, mut referred, mut posted) = (Vec::new(), Vec::new(), Vec::new());
        for receipt in receipts {
            // Nothing arrives before it was told: a moment ahead of now is a wrong clock or a wrong zone.
            let at = receipt.at.min(now);
            match (&receipt.about, &receipt.state) {
                // The post has it: kept for whoever asks, and nothing follows from it.
                (About::Message(message), ReceiptState::Underway { code }) if code == POSTED => {
                    posted.push(NewReceipt {
                        message: *message,
                        key: receipt.key.0,
                        state: POSTED.to_owned(),
                        code: String::new(),
                        at,
                    });
                }
                // It tells of no end, so nothing follows from it.
                (_, ReceiptState::Underway { .. }) => report.repeated += 1,
                (About::Message(message), _) => words.push(NewReceipt {
                    message: *message,
                    key: receipt.key.0,
                    state: receipt.state.word().to_owned(),
                    code: receipt.state.code().to_owned(),
                    at,
                }),
                (About::Reference(reference), _) => referred.push(ReferredReceipt {
                    provider: provider.to_owned(),
                    reference: reference.clone(),
                    key: receipt.key,
                    state: receipt.state.word().to_owned(),
                    code: receipt.state.code().to_owned(),
                    at,
                }),
            }
        }
        report.add(&keep_posted(tx, posted, now)?);
        let keys: Vec<Key> = referred.iter().map(|it| reference::key_of(provider, &it.reference)).collect();
        let mut named = reference::named(tx, &keys)?;
        let is_open = |receipt: &&ReferredReceipt| {
            !named.contains_key(&reference::key_of(provider, &receipt.reference))
        };
        let open: Vec<ReferredReceipt> = referred.iter().filter(is_open).cloned().collect();
        named.extend(reference::keep_waiting(tx, &open, now)?);
        report.unmatched += take_named(tx, referred, &named, &mut words, now)?;
        let bad = receipts.iter().filter(|receipt| receipt.address_is_bad);
        let bad: HashSet<MessageId> = bad
            .filter_map(|receipt| match receipt.about {
                About::Message(message) => Some(message),
                About::Reference(_) => None,
            })
            .collect();
        report.add(&self.take_words(tx, policies, &words, &bad, Source::Receipt, now)?);
        Ok(report)
    }

    /// Keeps what a provider called the messages that it took, and takes in the receipts that were faster than its
    /// answer.
    pub(super) fn name_references(
        &self,
        tx: &mut Tx<'_>,
        policies: &Policies,
        provider: &ProviderTraits,
        rows: &[&MessageRow],
        answers: &[Handover],
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let mut names: Vec<(Key, Named)> = Vec::new();
        for (row, answer) in rows.iter().zip(answers) {
            let Handover::Accepted { references } = answer else { continue };
            let segment_count = u32::try_from(references.len()).unwrap_or(u32::MAX);
            // A provider that gives no id sends no receipt that could be matched.
            let said = references.iter().zip(0..).filter(|(reference, _)| !reference.is_empty());
            for (reference, segment_index) in said {
                let named = Named { message: row.id, segment_index, segment_count };
                let reference = provider.reference_in_receipts(reference);
                names.push((reference::key_of(provider.name(), &reference), named));
            }
        }
        reference::name(tx, &names)?;
        let keys: Vec<Key> = names.iter().map(|(key, _)| *key).collect();
        let waiting = reference::waiting(tx, &keys)?;
        let mut words = Vec::new();
        take_named(tx, waiting, &names.into_iter().collect(), &mut words, now)?;
        self.take_words(tx, policies, &words, &HashSet::new(), Source::Receipt, now)?;
        Ok(())
    }

    /// What receipts that name whole messages make of them. The addresses of failed ones in `bad` do not exist.
    pub(super) fn take_words(
        &self,
        tx: &mut Tx<'_>,
        policies: &Policies,
        words: &[NewReceipt],
        bad: &HashSet<MessageId>,
        source: Source,
        now: Timestamp,
    ) -> Result<ReceiptReport, EngineError> {
        let ids: Vec<MessageId> = words.iter().map(|word| word.message).collect();
        // Locked: the worker that handed a message over may be writing the provider's answer at this moment.
        let messages: HashMap<MessageId, MessageRow> =
            message::locked(tx, &ids)?.into_iter().map(|row| (row.id, row)).collect();
        let never_taken = said_never_taken(tx, messages.values())?;
        let wake_on = self.wake_date(tx)?;
        let mut invalid: BTreeMap<&str, Invalid<'_>> = BTreeMap::new();
        let mut report = ReceiptReport::default();
        let mut kept = Vec::new();
        let mut changes: HashMap<MessageId, StateChange> = HashMap::new();
        let mut cohorts = Cohorts::default();
        for word in words {
            let Some(row) = messages.get(&word.message) else {
                if self.is_of_canary(tx, word.message, word.state != "failed")? {
                    continue;
                }
                report.unmatched += 1;
                continue;
            };
            let state = if word.state == "failed" { MessageState::Failed } else { MessageState::Delivered };
            // Nothing arrives before it was decided on either.
            let decided_from = Timestamp::at(row.business_date, 0, 0, &self.zone);
            let word = &NewReceipt { at: if word.at < decided_from { now } else { word.at }, ..word.clone() };
            kept.push(word.clone());
            if source == Source::Receipt {
                cohorts.heard(row);
            }
            let state_now = changes.get(&row.id).map_or(row.state, |change| change.state);
            let is_queued = row.state == MessageState::Queued;
            // What its provider never took, as it said, and what arrived all the same, is not sent again.
            let has_come_back =
                is_queued && state == MessageState::Delivered && never_taken.contains_key(&row.id);
            if is_queued {
                cohorts.judge(row, state_now, state, &word.code);
            }
            let is_barred = is_queued && !has_come_back;
            if is_barred || !state_now.can_become(state) || !row.state.can_become(state) {
                report.repeated += 1;
                if !is_queued {
                    cohorts.judge(row, state_now, state, &word.code);
                }
                continue;
            }
            if has_come_back {
                self.take_back_what_was_given(tx, row)?;
            }
            let detail = match state {
                MessageState::Failed => {
                    report.failed += 1;
                    if let (true, Some(point)) = (bad.contains(&row.id), row.contact_point) {
                        let provider = row.provider.as_deref().unwrap_or_default();
                        let of_provider =
                            invalid.entry(provider).or_insert_with(|| Invalid::new(provider, wake_on, now));
                        of_provider.add(self, tx, (row.customer, point), &word.code)?;
                    }
                    let told = match source {
                        Source::Receipt => "receipt",
                        Source::Answer => "the provider was asked,",
                    };
                    format!("{}: {told} {}", reason_of(row, &word.code, bad.contains(&row.id)), word.code)
                }
                _ => {
                    report.delivered += 1;
                    String::new()
                }
            };
            changes.insert(row.id, change(row, state, detail, None, now));
        }
        message::insert_receipts(tx, &kept, now)?;
        settle::of_receipts(tx, &messages, &kept)?;
        let found_taken = messages.values().filter_map(|row| {
            // What its provider called never taken, and has an end all the same, was taken.
            let never = never_taken.get(&row.id).copied();
            // One that is accepted was charged for when it was.
            let is_told = changes.contains_key(&row.id) && row.state != MessageState::Accepted;
            let last = is_told.then(|| row.attempt_count.checked_sub(1)).flatten();
            never.or(last).map(|index| (row, index))
        });
        self.charge_found_taken(tx, &found_taken.collect::<Vec<_>>(), now)?;
        let mut changes: Vec<StateChange> = changes.into_values().collect();
        changes.sort_by_key(|change| change.id);
        let rules = Rules::of(policies, messages.values());
        rules.set_moments(&mut changes, now);
        message::change_states(tx, &changes)?;
        reference::add_tallies(tx, &tallies_of(&changes, &messages), now)?;
        changes.iter().for_each(|change| cohorts.told(&messages[&change.id], change.state, source, now));
        cohorts.write(tx, now)?;
        let failed = changes.iter().filter(|change| change.state == MessageState::Failed);
        let failed = failed.filter(|change| !rules.has(change.id));
        let undone: Vec<Undone> = failed.map(|change| Undone::of(&messages[&change.id])).collect();
        self.decide_anew(tx, &undone)?;
        invalid.into_values().try_for_each(|of_provider| of_provider.write(tx))?;
        self.audit_messages(tx, "message.receipt", &changes, "receipts", now)?;
        Ok(report)
    }
}

/// Keeps what the post says of letters that we know: that it has them.
fn keep_posted(
    tx: &mut Tx<'_>,
    posted: Vec<NewReceipt>,
    now: Timestamp,
) -> Result<ReceiptReport, StoreError> {
    let mut report = ReceiptReport::default();
    let ids: Vec<MessageId> = posted.iter().map(|receipt| receipt.message).collect();
    let handed: HashSet<MessageId> = message::by_ids(tx, &ids)?
        .into_iter()
        .filter(|row| row.attempt_count > 0)
        .map(|row| row.id)
        .collect();
    let (known, unknown): (Vec<NewReceipt>, Vec<NewReceipt>) =
        posted.into_iter().partition(|receipt| handed.contains(&receipt.message));
    report.unmatched += unknown.len() as u64;
    report.posted = message::insert_receipts(tx, &known, now)?;
    report.repeated += known.len() as u64 - report.posted;
    Ok(report)
}

impl Engine {
    /// A message that was given its budget back, since its provider never took it, has arrived: it used one up after all.
    fn take_back_what_was_given(&self, tx: &mut Tx<'_>, row: &MessageRow) -> Result<(), EngineError> {
        let attempts = message::attempts_of(tx, row.id)?;
        let Some(last) = attempts.last() else { return Ok(()) };
        for budget in self.budgets_of(tx, row, last.started_at)? {
            message::take_budget(tx, &budget)?;
        }
        Ok(())
    }
}

/// Of the messages that wait to be handed over again those of which their provider said that it never took them, with the
/// last attempt of which it said so.
fn said_never_taken<'m>(
    tx: &mut Tx<'_>,
    messages: impl Iterator<Item = &'m MessageRow>,
) -> Result<HashMap<MessageId, u32>, StoreError> {
    let again = messages.filter(|row| row.state == MessageState::Queued && row.attempt_count > 0);
    let again: Vec<MessageId> = again.map(|row| row.id).collect();
    if again.is_empty() {
        return Ok(HashMap::new());
    }
    let said = inquiry::of_messages(tx, &again)?.into_iter();
    let said = said.filter(|row| row.answer == inquiry::NEVER_TAKEN);
    Ok(said.fold(HashMap::new(), |mut last, row| {
        let index = last.entry(row.message).or_insert(row.index);
        *index = row.index.max(*index);
        last
    }))
}

/// Why a message did not arrive. A number or address that does not exist, a letter that the customer did not take, and a
/// call that rang and was not taken are no faults of the channel.
fn reason_of(row: &MessageRow, code: &str, address_is_bad: bool) -> Reason {
    if address_is_bad {
        return Reason::ContactPointInvalid;
    }
    match row.channel {
        Some(Channel::Voice) => {}
        Some(Channel::Letter) if code == LETTER_REFUSED => return Reason::Refused,
        Some(Channel::Letter | Channel::Sms | Channel::Email | Channel::Push) | None => {
            return Reason::ChannelFailed;
        }
    }
    match settle::outcome_of("failed", code) {
        PlacedOutcome::NotThePerson | PlacedOutcome::NotInService => Reason::ContactPointInvalid,
        PlacedOutcome::Unanswered
        | PlacedOutcome::Voicemail
        | PlacedOutcome::LimitedContent
        | PlacedOutcome::NoMessageLeft
        | PlacedOutcome::Dropped
        | PlacedOutcome::Busy => Reason::NotReached,
        PlacedOutcome::Conversation | PlacedOutcome::NotPlaced | PlacedOutcome::Pending => {
            Reason::ChannelFailed
        }
    }
}

/// What the changes say of the providers.
fn tallies_of(changes: &[StateChange], messages: &HashMap<MessageId, MessageRow>) -> Vec<Tally> {
    let mut counts: BTreeMap<(&str, Channel), (i64, i64)> = BTreeMap::new();
    for change in changes {
        let row = &messages[&change.id];
        if let (Some(provider), Some(channel)) = (row.provider.as_deref(), row.channel) {
            let count = counts.entry((provider, channel)).or_default();
            match change.state {
                MessageState::Failed => count.1 += 1,
                _ => count.0 += 1,
            }
        }
    }
    let tallies = counts.into_iter().map(|((provider, channel), (delivered, failed))| Tally {
        provider: provider.to_owned(),
        channel,
        delivered,
        failed,
    });
    tallies.collect()
}

/// Turns receipts by reference into words about messages: at once where a message went in one piece, and for one in
/// segments as soon as its segments together say something. Returns how many references name nothing.
fn take_named(
    tx: &mut Tx<'_>,
    referred: Vec<ReferredReceipt>,
    named: &HashMap<Key, Named>,
    words: &mut Vec<NewReceipt>,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let mut unmatched = 0;
    let mut segments = Vec::new();
    for receipt in referred {
        match named.get(&reference::key_of(&receipt.provider, &receipt.reference)) {
            None => unmatched += 1,
            Some(Named { message, segment_count: 1, .. }) => words.push(NewReceipt {
                message: *message,
                key: receipt.key.0,
                state: receipt.state,
                code: receipt.code,
                at: receipt.at,
            }),
            Some(named) => segments.push(SegmentReceipt {
                named: *named,
                key: receipt.key,
                state: receipt.state,
                code: receipt.code,
                at: receipt.at,
            }),
        }
    }
    reference::insert_segment_receipts(tx, &segments, now)?;
    let mut messages: Vec<MessageId> = segments.iter().map(|segment| segment.named.message).collect();
    messages.sort_unstable();
    messages.dedup();
    let all = reference::segment_receipts_of(tx, &messages)?;
    for message in messages {
        let of_message: Vec<&SegmentReceipt> =
            all.iter().filter(|segment| segment.named.message == message).collect();
        words.extend(word_of_segments(message, &of_message));
    }
    Ok(unmatched)
}

/// The receipt of a message that follows from all receipts of its segments, if one does.
fn word_of_segments(message: MessageId, segments: &[&SegmentReceipt]) -> Option<NewReceipt> {
    let count = segments.first()?.named.segment_count;
    let (failed, delivered): (Vec<&SegmentReceipt>, Vec<&SegmentReceipt>) =
        segments.iter().partition(|segment| segment.state == "failed");
    let indices =
        |of: &[&SegmentReceipt]| of.iter().map(|segment| segment.named.segment_index).collect::<Vec<u32>>();
    let state = state_of_segments(count, &indices(&delivered), &indices(&failed))?;
    let of_state = if state == MessageState::Failed { failed } else { delivered };
    // The last of the segments decides when, and its key makes a repeat of it harmless.
    let last = of_state.iter().max_by_key(|segment| (segment.at, segment.key))?;
    Some(NewReceipt {
        message,
        key: last.key.0,
        state: last.state.clone(),
        code: last.code.clone(),
        at: last.at,
    })
}

//! The outbox: messages that are due are cleared again, handed to a provider, and followed to their receipts.
//!
//! An attempt and the state `sending` are committed before a provider sees the message; what the provider
//! answered is committed afterwards. A crash between the two leaves `sending`: where the provider knows a
//! message by its id (the spool) it is handed over again, else the outcome is unknown and stays so until
//! somebody asks the provider. Budgets are taken in the transaction that marks the attempt.

use std::collections::HashMap;

use dunlin_delivery::{Handover, Provider, ReceiptState};
use dunlin_domain::compliance::{self, ContactRequest, Content, DayCounts, Denial};
use dunlin_domain::contact::{Channel, ContactPointState};
use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::id::{
    AgreementId, AttemptId, ContactPointId, CustomerId, IncidentId, MessageId, PART_COUNT, Part, hash_parts,
};
use dunlin_domain::message::{BudgetUse, ClearedMessage, MessageState};
use dunlin_domain::reason::Reason;
use dunlin_store::agreement::{self, AgreementRow};
use dunlin_store::customer::{self, ContactPointRow, CustomerRow, PointChange};
use dunlin_store::message::{self, MessageRow, NewAttempt, NewOutcome, NewReceipt, StateChange};
use dunlin_store::policy::{self as store_policy, Incident};
use dunlin_store::run::Span;
use dunlin_store::{StoreError, Tx};

use crate::inspect::{Current, current_positions};
use crate::policies::Policies;
use crate::policy::{Variables, opt_out_hint, render};
use crate::{Engine, EngineError};

/// Messages of one batch at most.
const BATCH_COUNT_MAX: usize = 1_000;
/// How long a batch may take before another worker may look at its messages.
const SENDING_LEASE_SECONDS: i64 = 600;
/// Waits before the next try, by the number of tries made.
const BACK_OFF_SECONDS: [i64; 4] = [300, 900, 3_600, 14_400];

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

    fn add(&mut self, other: &Self) {
        self.accepted += other.accepted;
        self.deferred += other.deferred;
        self.unavailable += other.unavailable;
        self.rejected += other.rejected;
        self.unknown += other.unknown;
        self.expired += other.expired;
        self.cancelled += other.cancelled;
    }
}

/// A message that may be handed over.
struct Claimed {
    message: MessageRow,
    cleared: ClearedMessage,
    provider_index: usize,
}

/// What the claiming transaction decided.
#[derive(Default)]
struct Claim {
    claimed: Vec<Claimed>,
    report: DispatchReport,
    looked_at: usize,
}

impl Engine {
    /// Sends all that is due at `now`.
    ///
    /// # Errors
    /// What the database says. Failures of providers are no errors: they are outcomes of attempts.
    pub fn dispatch(&self, now: Timestamp) -> Result<DispatchReport, EngineError> {
        let policies = self.policies()?;
        let mut providers = self.providers.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut report = DispatchReport::default();
        loop {
            let claim = self.db.write_as(|tx| self.claim(tx, &policies, &providers, now))?;
            report.add(&claim.report);
            if claim.looked_at == 0 {
                return Ok(report);
            }
            for (index, provider) in providers.iter_mut().enumerate() {
                let (messages, rows): (Vec<&ClearedMessage>, Vec<&MessageRow>) = claim
                    .claimed
                    .iter()
                    .filter(|claimed| claimed.provider_index == index)
                    .map(|claimed| (&claimed.cleared, &claimed.message))
                    .unzip();
                if messages.is_empty() {
                    continue;
                }
                let batch: Vec<ClearedMessage> = messages.into_iter().cloned().collect();
                let answers = provider.hand_over(&batch, now);
                let name = provider.name().to_owned();
                let outcome = self.db.write_as(|tx| self.record(tx, &name, &rows, &batch, &answers, now))?;
                report.add(&outcome);
            }
        }
    }

    fn claim(
        &self,
        tx: &mut Tx<'_>,
        policies: &Policies,
        providers: &[Provider],
        now: Timestamp,
    ) -> Result<Claim, EngineError> {
        let all = Span { first: Part::new(0), last: Part::new(PART_COUNT - 1) };
        let mut messages = Vec::new();
        for part in message::parts_with_due(tx, all, now)? {
            messages.extend(message::due(tx, part, now, BATCH_COUNT_MAX - messages.len())?);
            if messages.len() >= BATCH_COUNT_MAX {
                break;
            }
        }
        let mut claim = Claim { looked_at: messages.len(), ..Claim::default() };
        if messages.is_empty() {
            return Ok(claim);
        }
        let today = now.date_in(&self.zone);
        let context = SendContext::load(tx, self, policies, &messages, today)?;
        let mut changes = Vec::new();
        let mut attempts = Vec::new();
        let mut redo = Vec::new();
        for row in messages {
            let step = context.step(self, policies, providers, &row, now)?;
            let step = match step {
                Step::Send { cleared, provider_index } => match take_budgets(tx, cleared.budget())? {
                    true => Step::Send { cleared, provider_index },
                    false => Step::used_up(&row, now),
                },
                other @ (Step::Wait { .. } | Step::End { .. }) => other,
            };
            match step {
                Step::Send { cleared, provider_index } => {
                    let provider = providers[provider_index].name().to_owned();
                    let index = row.attempt_count;
                    attempts.push(NewAttempt {
                        message: row.id,
                        index,
                        id: cleared.attempt(),
                        provider: provider.clone(),
                    });
                    changes.push(StateChange {
                        id: row.id,
                        state: MessageState::Sending,
                        detail: row.state_detail.clone(),
                        next_attempt_at: Some(now.plus_seconds(SENDING_LEASE_SECONDS)),
                        attempt_count: index + 1,
                        provider: Some(provider),
                    });
                    claim.claimed.push(Claimed { message: row, cleared, provider_index });
                }
                Step::Wait { until, detail } => {
                    claim.report.deferred += 1;
                    changes.push(change(&row, MessageState::Queued, detail, Some(until)));
                }
                Step::End { state, detail } => {
                    match state {
                        MessageState::Cancelled => claim.report.cancelled += 1,
                        MessageState::Unknown => claim.report.unknown += 1,
                        _ => claim.report.expired += 1,
                    }
                    if state == MessageState::Expired {
                        redo.push((row.part, row.agreement));
                    }
                    changes.push(change(&row, state, detail, None));
                }
            }
        }
        message::insert_attempts(tx, &attempts, now)?;
        message::change_states(tx, &changes, now)?;
        let wake_on = self.wake_date(tx)?;
        agreement::wake(tx, &redo, wake_on, false, true)?;
        Ok(claim)
    }

    /// Writes what the provider answered.
    fn record(
        &self,
        tx: &mut Tx<'_>,
        provider: &str,
        rows: &[&MessageRow],
        cleared: &[ClearedMessage],
        answers: &[Handover],
        now: Timestamp,
    ) -> Result<DispatchReport, EngineError> {
        let mut report = DispatchReport::default();
        let mut changes = Vec::new();
        let mut outcomes = Vec::new();
        let mut failures: HashMap<Channel, (MessageId, i64, String)> = HashMap::new();
        let mut recovered: Vec<Channel> = Vec::new();
        let mut redo = Vec::new();
        let wake_on = self.wake_date(tx)?;
        for ((row, cleared), answer) in rows.iter().zip(cleared).zip(answers) {
            let index = row.attempt_count;
            let told = Told::of(answer, row, now);
            outcomes.push(NewOutcome {
                message: row.id,
                index,
                outcome: told.word,
                code: told.code.clone(),
                detail: told.detail.clone(),
            });
            match answer {
                Handover::Accepted { .. } => {
                    report.accepted += 1;
                    recovered.push(cleared.channel());
                }
                Handover::Deferred { .. } | Handover::Expired => {
                    report.deferred += 1;
                    give_back(tx, cleared.budget())?;
                }
                Handover::Unavailable { detail, .. } => {
                    report.unavailable += 1;
                    give_back(tx, cleared.budget())?;
                    let entry = failures.entry(cleared.channel()).or_insert((row.id, 0, detail.clone()));
                    entry.1 += 1;
                }
                Handover::Rejected { address_is_bad, code, .. } => {
                    report.rejected += 1;
                    redo.push((row.part, row.agreement));
                    if let (true, Some(point)) = (*address_is_bad, row.contact_point) {
                        self.invalidate(tx, row.customer, point, code, wake_on, now)?;
                    }
                }
                Handover::Unknown { .. } => report.unknown += 1,
            }
            changes.push(StateChange {
                id: row.id,
                state: answer.next_state(),
                detail: format!("{}{}", told.reason, told.detail),
                next_attempt_at: told.next_attempt_at,
                attempt_count: index + 1,
                provider: Some(provider.to_owned()),
            });
        }
        message::insert_outcomes(tx, &outcomes, now)?;
        message::change_states(tx, &changes, now)?;
        agreement::wake(tx, &redo, wake_on, false, true)?;
        note_incidents(tx, provider, &failures, &recovered, now)?;
        Ok(report)
    }

    /// Marks a number or address that a provider does not know any more.
    fn invalidate(
        &self,
        tx: &mut Tx<'_>,
        customer: CustomerId,
        point: ContactPointId,
        code: &str,
        business_date: Date,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let reason = format!("provider answered {code}");
        let change = PointChange {
            customer,
            point,
            at: now,
            business_date,
            actor: "dispatch",
            batch: None,
            state: ContactPointState::Invalid,
            corrected: None,
            reason: &reason,
        };
        customer::change_point(tx, &self.master, &change).map(|_| ())
    }

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
        receipts: &[dunlin_delivery::Receipt],
        now: Timestamp,
    ) -> Result<ReceiptReport, EngineError> {
        let ids: Vec<MessageId> = receipts.iter().map(|receipt| receipt.message).collect();
        let messages: HashMap<MessageId, MessageRow> =
            message::by_ids(tx, &ids)?.into_iter().map(|row| (row.id, row)).collect();
        let mut report = ReceiptReport::default();
        let mut kept = Vec::new();
        let mut changes: HashMap<MessageId, StateChange> = HashMap::new();
        let mut redo = Vec::new();
        for receipt in receipts {
            let Some(row) = messages.get(&receipt.message) else {
                report.unmatched += 1;
                continue;
            };
            let (state, code) = match &receipt.state {
                ReceiptState::Delivered | ReceiptState::Read => (MessageState::Delivered, String::new()),
                ReceiptState::Failed { code } => (MessageState::Failed, code.clone()),
            };
            kept.push(NewReceipt {
                message: receipt.message,
                key: receipt.key.0,
                state: receipt.state.word().to_owned(),
                code: code.clone(),
                at: receipt.at,
            });
            let state_now = changes.get(&row.id).map_or(row.state, |change| change.state);
            if !state_now.can_become(state) {
                report.repeated += 1;
                continue;
            }
            if state == MessageState::Delivered {
                report.delivered += 1;
            } else {
                report.failed += 1;
                redo.push((row.part, row.agreement));
            }
            let detail = match state {
                MessageState::Failed => format!("{}: receipt {code}", Reason::ChannelFailed),
                _ => String::new(),
            };
            changes.insert(row.id, change(row, state, detail, None));
        }
        message::insert_receipts(tx, &kept, now)?;
        let mut changes: Vec<StateChange> = changes.into_values().collect();
        changes.sort_by_key(|change| change.id);
        message::change_states(tx, &changes, now)?;
        let wake_on = self.wake_date(tx)?;
        agreement::wake(tx, &redo, wake_on, false, true)?;
        Ok(report)
    }
}

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

fn change(
    row: &MessageRow,
    state: MessageState,
    detail: String,
    next_attempt_at: Option<Timestamp>,
) -> StateChange {
    let (attempt_count, provider) = (row.attempt_count, row.provider.clone());
    StateChange { id: row.id, state, detail, next_attempt_at, attempt_count, provider }
}

/// An answer in the words that are stored.
struct Told {
    word: &'static str,
    /// The reason's code with a colon, where the answer keeps the message from arriving.
    reason: String,
    code: String,
    detail: String,
    next_attempt_at: Option<Timestamp>,
}

impl Told {
    fn of(answer: &Handover, row: &MessageRow, now: Timestamp) -> Self {
        let tried = (row.attempt_count as usize).min(BACK_OFF_SECONDS.len() - 1);
        let later = Some(now.plus_seconds(BACK_OFF_SECONDS[tried]));
        let failed = format!("{}: ", Reason::ChannelFailed);
        let (word, reason, code, detail, next_attempt_at) = match answer {
            Handover::Accepted { reference } => ("accepted", String::new(), "", reference.as_str(), None),
            Handover::Deferred { code, detail } => {
                ("deferred", failed, code.as_str(), detail.as_str(), later)
            }
            Handover::Unavailable { code, detail } => {
                ("unavailable", failed, code.as_str(), detail.as_str(), later)
            }
            Handover::Rejected { code, detail, address_is_bad } => {
                let reason =
                    if *address_is_bad { Reason::ContactPointInvalid } else { Reason::ChannelFailed };
                ("rejected", format!("{reason}: "), code.as_str(), detail.as_str(), None)
            }
            Handover::Unknown { code, detail } => {
                ("unknown", format!("{}: ", Reason::OutcomeUnknown), code.as_str(), detail.as_str(), None)
            }
            Handover::Expired => {
                ("expired", format!("{}: ", Reason::TooLate), "", "permit ran out", Some(now))
            }
        };
        Self { word, reason, code: code.to_owned(), detail: detail.to_owned(), next_attempt_at }
    }
}

/// What is done with a message that is due.
enum Step {
    Send { cleared: ClearedMessage, provider_index: usize },
    Wait { until: Timestamp, detail: String },
    End { state: MessageState, detail: String },
}

impl Step {
    fn refused(row: &MessageRow, denial: &Denial) -> Self {
        let ground = denial.main_ground();
        let detail = format!("{}: {} {}", Reason::of_denial(&ground.cause), ground.rule, ground.cause);
        match denial.next_lawful {
            Some(until) if until < row.expires_at => Self::Wait { until, detail },
            Some(_) | None => Self::End { state: MessageState::Expired, detail },
        }
    }

    /// The day's budget is used up: tomorrow is another day, if the message lives so long.
    fn used_up(row: &MessageRow, now: Timestamp) -> Self {
        let detail = format!("{}: the day's budget is used up", Reason::MessageCap);
        let until = now.plus_seconds(6 * 3_600);
        if until < row.expires_at {
            Self::Wait { until, detail }
        } else {
            Self::End { state: MessageState::Expired, detail }
        }
    }
}

/// All that sending a batch needs to know, loaded at once.
struct SendContext {
    today: Date,
    agreements: HashMap<AgreementId, (AgreementRow, Current)>,
    customers: HashMap<CustomerId, CustomerRow>,
    points: HashMap<ContactPointId, ContactPointRow>,
}

impl SendContext {
    fn load(
        tx: &mut Tx<'_>,
        engine: &Engine,
        policies: &Policies,
        messages: &[MessageRow],
        today: Date,
    ) -> Result<Self, EngineError> {
        let mut keys: Vec<(Part, AgreementId)> =
            messages.iter().map(|row| (row.part, row.agreement)).collect();
        keys.sort_unstable();
        keys.dedup();
        let mut ids: Vec<CustomerId> = messages.iter().map(|row| row.customer).collect();
        ids.sort_unstable();
        ids.dedup();
        let rows = agreement::by_keys(tx, &keys)?;
        let current = current_positions(tx, policies, &rows, today)?;
        let agreements =
            rows.into_iter().zip(current).map(|(row, current)| (row.id, (row, current))).collect();
        let customers = customer::opened(tx, &engine.master, &ids)?;
        let points = customer::opened_points(tx, &engine.master, &ids)?;
        let points = points.into_iter().map(|point| (point.id, point)).collect();
        Ok(Self { today, agreements, customers, points })
    }

    fn step(
        &self,
        engine: &Engine,
        policies: &Policies,
        providers: &[Provider],
        row: &MessageRow,
        now: Timestamp,
    ) -> Result<Step, EngineError> {
        if row.expires_at <= now {
            let nothing_said = row.state_detail.is_empty();
            let unsent = format!("{}: not dispatched before it went out of date", Reason::RunMissed);
            let detail = if nothing_said { unsent } else { row.state_detail.clone() };
            return Ok(Step::End { state: MessageState::Expired, detail });
        }
        let (Some((agreement, current)), Some(customer)) =
            (self.agreements.get(&row.agreement), self.customers.get(&row.customer))
        else {
            return Err(EngineError::NotFound { what: "agreement", name: row.agreement.to_string() });
        };
        let (Some(channel), Some(point)) =
            (row.channel, row.contact_point.and_then(|id| self.points.get(&id)))
        else {
            let detail = format!("{}: the message names no contact point", Reason::NoContactPoint);
            return Ok(Step::End { state: MessageState::Expired, detail });
        };
        if !current.has_something_to_pay() {
            let detail = format!("{}: nothing is due any more", Reason::PaidMeanwhile);
            return Ok(Step::End { state: MessageState::Cancelled, detail });
        }
        let Some(provider_index) = providers.iter().position(|provider| provider.serves(channel)) else {
            let detail = format!("{}: no provider serves {channel}", Reason::ChannelFailed);
            return Ok(Step::Wait { until: now.plus_seconds(BACK_OFF_SECONDS[2]), detail });
        };
        let was_sending = row.state == MessageState::Sending;
        if was_sending && !providers[provider_index].knows_ids() {
            let detail =
                format!("{}: the process ended before the answer was written", Reason::OutcomeUnknown);
            return Ok(Step::End { state: MessageState::Unknown, detail });
        }
        let template = policies.template(&row.template, self.today)?;
        let variables = variables(engine, row, agreement, current, customer, channel)?;
        let rendered = render(&template.template, channel, row.language, &variables).map_err(|error| {
            EngineError::Refused { code: "render", complaint: format!("message {}: {error}", row.id) }
        })?;
        let content = Content {
            recipient: point.value.clone(),
            subject: rendered.subject,
            body: rendered.body,
            language: row.language,
        };
        let zone = crate::zone_of(&customer.zone)?;
        let request = ContactRequest {
            message: row.id,
            attempt: AttemptId(hash_parts("att", &[&row.id.0, &row.attempt_count.to_le_bytes()])),
            agreement: row.agreement,
            customer: row.customer,
            channel,
            party: point.party,
            contact_point: point.id,
            contact_point_kind: point.kind,
            contact_point_state: point.state,
            opted_out: customer.opted_out.clone(),
            holds: Vec::new(),
            last_contacted_on: None,
            // Counts hold by the guarded budget in this transaction, not by a number read before it.
            counts: DayCounts::new(now.date_in(&zone)),
            agreed_windows: Vec::new(),
            zone,
            valid_until: row.expires_at,
        };
        let rules = policies.contact_rules(self.today)?;
        Ok(match compliance::clear(&rules.rules, &request, content, now) {
            Ok(cleared) => Step::Send { cleared, provider_index },
            Err(denial) => Step::refused(row, &denial),
        })
    }
}

fn variables(
    engine: &Engine,
    row: &MessageRow,
    agreement: &AgreementRow,
    current: &Current,
    customer: &CustomerRow,
    channel: Channel,
) -> Result<Variables, EngineError> {
    let arrears = &current.arrears;
    let coming = arrears.coming;
    let overdue = arrears.overdue.try_add(arrears.late_fee)?;
    let due_date =
        arrears.overdue_due_on.or(coming.map(|coming| coming.due_on)).unwrap_or(current.position.as_of);
    let zero = dunlin_domain::money::Money::zero(agreement.currency);
    let minimum = coming.map_or(zero, |coming| coming.minimum);
    let external: Vec<char> = agreement.external_id.chars().collect();
    let tail: String = external[external.len().saturating_sub(4)..].iter().collect();
    Ok(Variables {
        lender_name: engine.lender().name(row.language).to_owned(),
        customer_name: masked_name(customer),
        agreement_reference: tail,
        overdue_amount: overdue,
        amount_due: coming.map_or(overdue, |coming| coming.rest),
        due_date,
        days_past_due: arrears.days_past_due,
        late_fee_to_date: arrears.late_fee,
        minimum_amount: minimum,
        hotline: engine.lender().hotline.clone(),
        opt_out_hint: opt_out_hint(channel, row.language).to_owned(),
    })
}

/// The name as a message may carry it: its first letter, the rest hidden.
fn masked_name(customer: &CustomerRow) -> dunlin_domain::contact::Personal {
    let first: String = customer.name.reveal().chars().take(1).collect();
    dunlin_domain::contact::Personal::new(format!("{first}**"))
}

/// Takes all budgets of a message, or none.
fn take_budgets(tx: &mut Tx<'_>, budgets: &[BudgetUse]) -> Result<bool, StoreError> {
    for (index, budget) in budgets.iter().enumerate() {
        if !message::take_budget(tx, budget)? {
            give_back(tx, &budgets[..index])?;
            return Ok(false);
        }
    }
    Ok(true)
}

fn give_back(tx: &mut Tx<'_>, budgets: &[BudgetUse]) -> Result<(), StoreError> {
    budgets.iter().try_for_each(|budget| message::give_back_budget(tx, budget))
}

/// Opens or counts on an incident for each channel that took nothing, and closes those of channels that did.
fn note_incidents(
    tx: &mut Tx<'_>,
    provider: &str,
    failures: &HashMap<Channel, (MessageId, i64, String)>,
    recovered: &[Channel],
    now: Timestamp,
) -> Result<(), StoreError> {
    if failures.is_empty() && recovered.is_empty() {
        return Ok(());
    }
    let open: Vec<Incident> = store_policy::incidents(tx)?
        .into_iter()
        .filter(|incident| incident.closed_at.is_none() && incident.provider == provider)
        .collect();
    for (channel, (first, count, detail)) in failures {
        let known = open.iter().find(|incident| incident.channel == *channel);
        let parts: [&[u8]; 3] = [channel.code().as_bytes(), provider.as_bytes(), &now.micros().to_le_bytes()];
        let incident = Incident {
            id: known.map_or_else(|| IncidentId(hash_parts("inc", &parts)), |known| known.id),
            channel: *channel,
            provider: provider.to_owned(),
            opened_at: now,
            first_message: Some(*first),
            detail: detail.clone(),
            failure_count: *count,
            closed_at: None,
        };
        store_policy::note_incident(tx, &incident)?;
    }
    for incident in open.iter().filter(|incident| recovered.contains(&incident.channel)) {
        if !failures.contains_key(&incident.channel) {
            store_policy::close_incident(tx, incident.id, now)?;
        }
    }
    Ok(())
}

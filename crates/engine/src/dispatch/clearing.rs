//! Whether a message that is due is handed over now: the last check, on what is known at this moment.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use dunlin_delivery::ProviderTraits;
use dunlin_domain::circumstance::Known;
use dunlin_domain::compliance::{
    self, CallEvent, ContactRequest, ContactRules, Content, Denial, PlacedOutcome,
};
use dunlin_domain::contact::{Channel, Language, Personal};
use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::due_table::DueTable;
use dunlin_domain::id::{
    AgreementId, AttemptId, CallId, ContactPointId, CustomerId, MessageId, Part, hash_parts,
};
use dunlin_domain::message::{BudgetUse, ClearedMessage, MessageState};
use dunlin_domain::money::Money;
use dunlin_domain::reason::Reason;
use dunlin_domain::verdict::reason_in;
use dunlin_domain::wording;
use dunlin_store::agreement::{self, AgreementRow};
use dunlin_store::call::{self, CallRow, CallWay};
use dunlin_store::customer::{self, ContactPointRow, CustomerRow, CustomerView};
use dunlin_store::message::{self, MessageRow};
use dunlin_store::{StoreError, Tx, person};

use super::answer::BACK_OFF_SECONDS;
use super::due_words::due_table_words;
use super::fallback::arrived_otherwise;
use super::rests::Rests;
use super::routes::{Routes, Way};
use crate::inspect::{Current, current_positions};
use crate::losses::{Assignment, NOTICE};
use crate::policies::Policies;
use crate::policy::{AssignmentWords, ContactRulesDocument, Variables, opt_out_hint, render};
use crate::{Engine, EngineError, guard};

/// What is done with a message that is due.
pub(super) enum Step {
    /// It is handed over.
    Send { cleared: ClearedMessage, provider_index: usize },
    /// It stays in its state until the given moment.
    Wait { until: Timestamp, detail: String },
    /// It goes over into its last state, unless a receipt says more.
    End { state: MessageState, detail: String },
    /// It waits for an agent, who places the call; so much is owed about it.
    Offer { provider_index: usize, value: Money },
}

impl Step {
    fn refused(row: &MessageRow, denial: &Denial) -> Self {
        let detail = format!("{}: {}", Reason::of_denial(&denial.main_ground().cause), denial.words());
        match denial.next_lawful {
            Some(until) if until < row.expires_at => Self::Wait { until, detail },
            Some(_) | None => Self::End { state: MessageState::Expired, detail },
        }
    }

    /// For a message whose process ended between the handing over and the answer: the provider may have it. One
    /// that knows messages by their ids is asked again with the same one, and no other is; what cannot be asked
    /// any more stays unknown, since to call it expired or cancelled would say that it was not sent.
    fn after_lost_answer(self, row: &MessageRow, providers: &[ProviderTraits]) -> Self {
        let is_asked = |provider: &ProviderTraits| {
            provider.knows_ids() && row.provider.as_deref() == Some(provider.name())
        };
        let unknown = |detail: &str| {
            let lost = "the process ended before the answer was written";
            let detail = format!("{}: {lost}{detail}", Reason::OutcomeUnknown);
            Self::End { state: MessageState::Unknown, detail }
        };
        match self {
            Self::Send { provider_index, .. } if is_asked(&providers[provider_index]) => self,
            Self::Wait { .. } if providers.iter().any(is_asked) => self,
            Self::Send { .. } | Self::Wait { .. } | Self::Offer { .. } => unknown(""),
            Self::End { detail, .. } => unknown(&format!("; not handed over again, {detail}")),
        }
    }
}

/// A message that may be sent as soon as its budgets are taken.
struct Cleared {
    index: usize,
    cleared: ClearedMessage,
    provider_index: usize,
    request: ContactRequest,
}

/// All that sending a batch needs to know, loaded at once.
pub(super) struct SendContext {
    today: Date,
    agreements: HashMap<AgreementId, (AgreementRow, Current)>,
    customers: HashMap<CustomerId, CustomerRow>,
    points: HashMap<ContactPointId, ContactPointRow>,
    packs: Vec<Arc<ContactRulesDocument>>,
    known: HashMap<CustomerId, Known>,
    /// Calls that this batch places.
    calls: Vec<CallRow>,
    /// What the notices among the messages tell of.
    assignments: HashMap<MessageId, Assignment>,
    /// Messages that took the place of one that has arrived meanwhile.
    arrived: HashSet<MessageId>,
    /// What may rest since the message was decided on.
    rests: Rests,
}

impl SendContext {
    pub(super) fn load(
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
        // Calls are counted over days, which no budget of a day guards: whoever counts a person's calls goes alone.
        let called = messages.iter().filter(|row| row.channel == Some(Channel::Voice));
        let mut called: Vec<CustomerId> = called.map(|row| row.customer).collect();
        called.extend(person::heads(tx, &called)?.into_values());
        call::lock_customers(tx, &called)?;
        let rows = agreement::by_keys(tx, &keys)?;
        let current = current_positions(tx, policies, &rows, today)?;
        let agreements =
            rows.into_iter().zip(current).map(|(row, current)| (row.id, (row, current))).collect();
        let opened = customer::opened_with_points(tx, &engine.master, &ids)?;
        let customers = opened.rows;
        let points = opened.points.into_iter().map(|point| (point.id, point)).collect();
        let packs = policies.contact_packs(today)?;
        let known = known_of(tx, &packs, messages, &opened.views)?;
        let mut assignments = HashMap::new();
        for message in messages.iter().filter(|message| message.strategy == NOTICE) {
            if let Some(assignment) = engine.assignment_of(tx, message)? {
                assignments.insert(message.id, assignment);
            }
        }
        let arrived = arrived_otherwise(tx, policies, messages)?;
        let rests = Rests::load(tx, messages, today)?;
        let calls = Vec::new();
        Ok(Self { today, agreements, customers, points, packs, known, calls, assignments, arrived, rests })
    }

    /// The messages with the moments at which they are out of date. One that its channel kept from leaving lives through
    /// the day after its own, so that an outage over night does not make that day silent too; unless that day decided on a
    /// contact of its own, or the next contact is due on it.
    pub(super) fn with_expiries(&self, engine: &Engine, messages: Vec<MessageRow>) -> Vec<MessageRow> {
        let midnight = Timestamp::at(self.today.plus_days(1), 0, 0, &engine.zone);
        let expiring = |row: MessageRow| match self.is_held_up(&row) {
            true => MessageRow { expires_at: row.expires_at.max(midnight), ..row },
            false => row,
        };
        messages.into_iter().map(expiring).collect()
    }

    fn is_held_up(&self, row: &MessageRow) -> bool {
        // In hand it keeps what it waited for: whoever takes it over from a worker that died lets it live as long.
        let waits = matches!(row.state, MessageState::Planned | MessageState::Queued | MessageState::Sending);
        let by_channel = row.state_detail.starts_with(Reason::ChannelFailed.code());
        if !waits || !by_channel || self.today != row.business_date.plus_days(1) {
            return false;
        }
        let standing = self.agreements.get(&row.agreement).and_then(|(row, _)| row.standing.as_ref());
        standing.is_some_and(|standing| {
            let stands = standing
                .verdict
                .is_some_and(|(from, _, reason)| from == row.business_date && reason == Reason::Contacted);
            stands && standing.next_contact_on.is_none_or(|next_on| next_on > self.today)
        })
    }

    /// What is done with each message now. Takes the budgets of those that are to be sent, of many at once: as long as no
    /// person comes twice, since what one message uses up is then nothing to the others.
    pub(super) fn steps(
        &mut self,
        tx: &mut Tx<'_>,
        engine: &Engine,
        policies: &Policies,
        (providers, routes): (&[ProviderTraits], &mut Routes<'_>),
        rows: &[MessageRow],
        now: Timestamp,
    ) -> Result<Vec<Step>, EngineError> {
        let mut steps: Vec<Option<Step>> = rows.iter().map(|_| None).collect();
        let mut open: Vec<Cleared> = Vec::new();
        let mut persons: HashSet<CustomerId> = HashSet::new();
        for (index, row) in rows.iter().enumerate() {
            let person = self.person_of(row);
            if !persons.insert(person) {
                self.settle_open(tx, engine, providers, (rows, &mut steps), std::mem::take(&mut open), now)?;
                persons = HashSet::from([person]);
            }
            let was_sending = row.state == MessageState::Sending;
            let (step, request) = self.first_step(engine, policies, Some(&mut *routes), row, now)?;
            let step = if was_sending { step.after_lost_answer(row, providers) } else { step };
            let (cleared, provider_index, request) = match (step, request) {
                (Step::Send { cleared, provider_index }, Some(request)) => (cleared, provider_index, request),
                (step, _) => {
                    steps[index] = Some(step);
                    continue;
                }
            };
            if providers[provider_index].is_agents() {
                // Lawful now; the agent asks again before the number is dialled, and takes the budget then.
                steps[index] = Some(Step::Offer { provider_index, value: self.owed(row)? });
                continue;
            }
            if was_sending && self.has_budget(row, &cleared)? {
                steps[index] = Some(Step::Send { cleared, provider_index });
                continue;
            }
            if !was_sending && let Some(wait) = routes.take_place(tx, provider_index, now)? {
                steps[index] = Some(wait);
                continue;
            }
            open.push(Cleared { index, cleared, provider_index, request });
        }
        self.settle_open(tx, engine, providers, (rows, &mut steps), open, now)?;
        Ok(steps.into_iter().map(|step| step.expect("each message has its step")).collect())
    }

    /// What is done with a message that an agent could speak now: it is sent, with its budgets taken and its call noted,
    /// or the rules say why not.
    pub(super) fn step_for_agent(
        &mut self,
        tx: &mut Tx<'_>,
        engine: &Engine,
        policies: &Policies,
        row: &MessageRow,
        now: Timestamp,
    ) -> Result<Step, EngineError> {
        let (step, request) = self.first_step(engine, policies, None, row, now)?;
        let (cleared, provider_index, request) = match (step, request) {
            (Step::Send { cleared, provider_index }, Some(request)) => (cleared, provider_index, request),
            (step, _) => return Ok(step),
        };
        if !message::take_budgets(tx, &[cleared.budget()])?.iter().all(|got| *got) {
            return self.used_up(tx, row, request, &cleared, now);
        }
        self.note_contact(engine, row, &request, &cleared, now);
        Ok(Step::Send { cleared, provider_index })
    }

    /// What is owed about the agreement of a message.
    fn owed(&self, row: &MessageRow) -> Result<Money, EngineError> {
        let Some((_, current)) = self.agreements.get(&row.agreement) else {
            return Err(EngineError::NotFound { what: "agreement", name: row.agreement.to_string() });
        };
        Ok(current.arrears.overdue.try_add(current.arrears.late_fee)?)
    }

    /// Under whom contacts of the message's customer are counted.
    fn person_of(&self, row: &MessageRow) -> CustomerId {
        self.known.get(&row.customer).and_then(|known| known.person).unwrap_or(row.customer)
    }

    /// Takes the budgets of messages to persons of whom none comes twice; who gets none is asked about again.
    fn settle_open(
        &mut self,
        tx: &mut Tx<'_>,
        engine: &Engine,
        providers: &[ProviderTraits],
        (rows, steps): (&[MessageRow], &mut [Option<Step>]),
        open: Vec<Cleared>,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let budgets: Vec<&[BudgetUse]> = open.iter().map(|it| it.cleared.budget()).collect();
        let got = message::take_budgets(tx, &budgets)?;
        for (Cleared { index, cleared, provider_index, request }, got) in open.into_iter().zip(got) {
            let row = &rows[index];
            let step = if got {
                self.note_contact(engine, row, &request, &cleared, now);
                Step::Send { cleared, provider_index }
            } else {
                let step = self.used_up(tx, row, request, &cleared, now)?;
                if row.state == MessageState::Sending { step.after_lost_answer(row, providers) } else { step }
            };
            steps[index] = Some(step);
        }
        Ok(())
    }

    /// Another message used up the day's budget: the rules are asked again with what it stands at.
    fn used_up(
        &self,
        tx: &mut Tx<'_>,
        row: &MessageRow,
        mut request: ContactRequest,
        cleared: &ClearedMessage,
        now: Timestamp,
    ) -> Result<Step, EngineError> {
        for budget in cleared.budget() {
            let number = call::count_of(tx, budget.customer, budget.key, budget.day)?;
            request.counts = request.counts.with(budget.counter, number);
        }
        let packs = self.packs_for(row, &request, now);
        Ok(match compliance::permit(&packs, &request, now) {
            Err(denial) => match Step::refused(row, &denial) {
                // What has the place may not be taken, and give it back: it is looked at once more.
                Step::End { detail, .. }
                    if row.state == MessageState::Queued
                        && reason_in(&row.state_detail) != Some(Reason::MessageCap) =>
                {
                    Step::Wait { until: now.plus_seconds(BACK_OFF_SECONDS[2]).min(row.expires_at), detail }
                }
                step => step,
            },
            // Given back in between: it is asked again at once.
            Ok(_) => Step::Wait { until: now.plus_seconds(1), detail: row.state_detail.clone() },
        })
    }

    /// The packs that apply to the message.
    fn packs_for(&self, row: &MessageRow, request: &ContactRequest, now: Timestamp) -> Vec<&ContactRules> {
        let packs: Vec<&ContactRules> = self.packs.iter().map(|document| &document.rules).collect();
        let product = self.agreements.get(&row.agreement).map_or("", |(agreement, _)| &agreement.product);
        let zone = self.customers.get(&row.customer).map_or("", |customer| &customer.zone);
        let day = now.date_in(&request.zone);
        self.known
            .get(&row.customer)
            .map_or_else(|| packs.clone(), |known| guard::packs_for(&packs, known, product, zone, day))
    }

    /// Has later messages of the batch know of this one, and notes a call.
    fn note_contact(
        &mut self,
        engine: &Engine,
        row: &MessageRow,
        request: &ContactRequest,
        cleared: &ClearedMessage,
        now: Timestamp,
    ) {
        let day = now.date_in(&request.zone);
        if let Some(known) = self.known.get_mut(&row.customer) {
            known.last_contacts.push((row.agreement, day));
            if request.channel == Channel::Sms {
                let person = known.person.unwrap_or(row.customer);
                known.calls.push(guard::text_of(person, row.agreement, day));
            }
        }
        if request.channel != Channel::Voice {
            return;
        }
        let call = CallRow {
            id: call_id(row, row.attempt_count + 1),
            customer: row.customer,
            at: now,
            on: day,
            way: CallWay::Placed(PlacedOutcome::Pending),
            contact_point: row.contact_point,
            agreements: vec![row.agreement],
            caller: engine.lender().name_en.clone(),
            message: Some(row.id),
            taken: cleared.budget().iter().map(|budget| budget.counter).collect(),
            evidence: row.id.to_string(),
            recorded_at: now,
            recorded_by: "dispatch".to_owned(),
        };
        let person = self.person_of(row);
        if let Some(event) = guard::event_of(&call).map(|event| CallEvent { person, ..event }) {
            // Other customers of the batch may be the same person.
            let is_same = |(id, known): &(&CustomerId, &mut Known)| {
                **id == row.customer || known.person == Some(person)
            };
            self.known.iter_mut().filter(is_same).for_each(|(_, known)| known.calls.push(event.clone()));
        }
        self.calls.push(call);
    }

    /// The call that was noted last.
    pub(super) fn last_call(&self) -> Option<&CallRow> {
        self.calls.last()
    }

    /// Writes the calls of the batch.
    pub(super) fn write_calls(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        call::insert(tx, &self.calls).map(|_| ())
    }

    /// Whether the attempt whose answer was lost took the same day's budgets.
    fn has_budget(&self, row: &MessageRow, cleared: &ClearedMessage) -> Result<bool, EngineError> {
        let Some(customer) = self.customers.get(&row.customer) else { return Ok(false) };
        let taken_on = row.state_at.date_in(&crate::zone_of(&customer.zone)?);
        let is_for = |budget: &BudgetUse| budget.day == taken_on;
        Ok(cleared.budget().iter().all(is_for))
    }

    /// What would be done if it had never been handed over. Without `routes` an agent asks, who is the way.
    fn first_step(
        &self,
        engine: &Engine,
        policies: &Policies,
        routes: Option<&mut Routes<'_>>,
        row: &MessageRow,
        now: Timestamp,
    ) -> Result<(Step, Option<ContactRequest>), EngineError> {
        let ended = |step: Step| Ok((step, None));
        if row.expires_at <= now {
            let unsent = format!("{}: not dispatched before it went out of date", Reason::RunMissed);
            let detail = match row.state {
                MessageState::Sending => format!("{}: it is out of date", Reason::TooLate),
                _ if row.state_detail.is_empty() => unsent,
                _ => row.state_detail.clone(),
            };
            return ended(Step::End { state: MessageState::Expired, detail });
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
            return ended(Step::End { state: MessageState::Expired, detail });
        };
        if self.arrived.contains(&row.id) {
            let detail = format!("{}: it arrived by another channel meanwhile", Reason::Contacted);
            return ended(Step::End { state: MessageState::Cancelled, detail });
        }
        let assignment = self.assignments.get(&row.id);
        let is_notice = row.strategy == NOTICE;
        if is_notice && assignment.is_none() {
            let detail = format!("{}: the sale that it tells of does not stand", Reason::TooLate);
            return ended(Step::End { state: MessageState::Cancelled, detail });
        }
        if !is_notice && !current.has_something_to_pay() {
            let (reason, _, en) = over_because(current)?;
            let detail = format!("{reason}: {en}");
            return ended(Step::End { state: MessageState::Cancelled, detail });
        }
        if !is_notice && let Some(detail) = self.rests.words(row, channel, (agreement, current), self.today) {
            // The next day may be free again, or the pause be ended early.
            let tomorrow = Timestamp::at(self.today.plus_days(1), 0, 0, &engine.zone);
            // What stood in its way on its own day is that day's reason, and not what begins with the next one.
            let has_reason = reason_in(&row.state_detail).is_some();
            let detail = if has_reason { row.state_detail.clone() } else { detail };
            return ended(Step::Wait { until: tomorrow.min(row.expires_at), detail });
        }
        let mut hour = None;
        let way = routes.map_or(Way::By(0), |routes| {
            let way = routes.way(row, channel, now);
            if let Way::By(index) = way {
                hour = routes.hour_of(index, row, now);
            }
            way
        });
        // It is asked about again when its batch is written, and goes into it or does not.
        if let Some(until) = hour.map(|hour| hour.min(row.expires_at)) {
            return ended(Step::Wait { until, detail: BATCH_WAITS.to_owned() });
        }
        let provider_index = match way {
            Way::By(index) => index,
            Way::Later(until) => {
                let detail =
                    format!("{}: every provider of {channel} is out of order", Reason::ChannelFailed);
                return ended(Step::Wait { until, detail });
            }
            Way::Nobody => {
                let detail = format!("{}: no provider serves {channel}", Reason::ChannelFailed);
                return ended(Step::Wait { until: now.plus_seconds(BACK_OFF_SECONDS[2]), detail });
            }
        };
        let template = policies.template(&row.template, self.today)?;
        let mut variables = variables(engine, row.language, agreement, current, customer, channel)?;
        variables.assignment = assignment.map(|assignment| assignment_words(assignment, row.language));
        let rendered = render(&template.template, channel, row.language, &variables).map_err(|error| {
            EngineError::Refused {
                code: "render",
                complaint: wording!("消息 {}：{error}", "message {}: {error}", row.id),
            }
        })?;
        let content = Content {
            recipient: recipient_of(channel, customer, point),
            subject: rendered.subject,
            body: rendered.body,
            language: row.language,
            template: row.template.clone(),
        };
        let zone = crate::zone_of(&customer.zone)?;
        let day = now.date_in(&zone);
        let about = (row.agreement, row.customer);
        // Counts of the day hold by the guarded budget in this transaction, not by a number read before it.
        let mut request = ContactRequest {
            message: row.id,
            attempt: AttemptId(hash_parts("att", &[&row.id.0, &row.attempt_count.to_le_bytes()])),
            opted_out: customer.opted_out.clone(),
            ..ContactRequest::at_point(&point.view(), channel, about, (&zone, day), row.expires_at)
        };
        if let Some(known) = self.known.get(&row.customer) {
            known.fill(&mut request, day);
        }
        let packs = self.packs_for(row, &request, now);
        Ok(match compliance::clear(&packs, &request, content, now) {
            Ok(cleared) => (Step::Send { cleared, provider_index }, Some(request)),
            Err(denial) => (Step::refused(row, &denial), None),
        })
    }
}

/// What is said of a letter that waits for the hour of its batch.
const BATCH_WAITS: &str = "waits for the next batch of letters";

/// Where a message goes. A letter goes to a person at an address, and shows the whole name on its envelope.
fn recipient_of(channel: Channel, customer: &CustomerRow, point: &ContactPointRow) -> Personal {
    match channel {
        Channel::Letter => Personal::new(format!("{}\n{}", customer.name.reveal(), point.value.reveal())),
        Channel::Sms | Channel::Voice | Channel::Email | Channel::Push => point.value.clone(),
    }
}

/// The call that an attempt of a message is; `attempt` counts from one.
pub(super) fn call_id(row: &MessageRow, attempt: u32) -> CallId {
    CallId::of_cause(row.customer, &[b"message", &row.id.0, &attempt.to_le_bytes()])
}

/// What is known of the customers of a batch besides their debts. Calls of messages that are asked about again are left
/// out: they are what is asked about.
pub(super) fn known_of(
    tx: &mut Tx<'_>,
    packs: &[Arc<ContactRulesDocument>],
    messages: &[MessageRow],
    views: &HashMap<CustomerId, CustomerView>,
) -> Result<HashMap<CustomerId, Known>, EngineError> {
    let again = messages.iter().filter(|row| row.state == MessageState::Sending);
    let again: Vec<MessageId> = again.map(|row| row.id).collect();
    let packs: Vec<&ContactRules> = packs.iter().map(|document| &document.rules).collect();
    let agreements = messages.iter().map(|row| (row.customer, row.agreement));
    guard::known_in_full(tx, &packs, views, agreements, &again)
}

pub(crate) fn variables(
    engine: &Engine,
    language: Language,
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
        lender_name: engine.lender().name(language).to_owned(),
        customer_name: masked_name(customer),
        agreement_reference: tail,
        overdue_amount: overdue,
        amount_due: coming.map_or(overdue, |coming| coming.rest),
        due_date,
        days_past_due: arrears.days_past_due,
        late_fee_to_date: arrears.late_fee,
        minimum_amount: minimum,
        hotline: engine.lender().hotline.clone(),
        opt_out_hint: opt_out_hint(channel, language).to_owned(),
        amounts_table: amounts_table(current, channel, language)?,
        assignment: None,
    })
}

/// What the total is made of, for what is read on a page.
fn amounts_table(current: &Current, channel: Channel, language: Language) -> Result<Personal, EngineError> {
    if !matches!(channel, Channel::Letter | Channel::Email) {
        return Ok(Personal::new(""));
    }
    let table = DueTable::of(&current.position, &current.terms)?;
    Ok(Personal::new(table.map_or_else(String::new, |table| due_table_words(&table, language))))
}

/// Why nothing is to be paid to us now, in words of both languages, Chinese first. What a message reminds of may be past, and
/// unpaid within the grace days: nothing is overdue then, and nobody has paid.
pub(super) fn over_because(current: &Current) -> Result<(Reason, &'static str, &'static str), EngineError> {
    const NOTHING: (&str, &str) = ("已无应还款项", "nothing is due any more");
    let claim = current.position.claim;
    let (reason, (zh, en)) = if claim.sold_on.is_some() {
        (Reason::Sold, NOTHING)
    } else if claim.written_off_on.is_some() {
        (Reason::WrittenOff, NOTHING)
    } else if current.position.behind_due_on(&current.terms)?.is_some() {
        (Reason::TooLate, ("所提醒的到期日已过", "the due date that it reminds of is past"))
    } else {
        (Reason::PaidMeanwhile, NOTHING)
    };
    Ok((reason, zh, en))
}

fn assignment_words(assignment: &Assignment, language: Language) -> AssignmentWords {
    let sale = &assignment.sale;
    let new_creditor = match language {
        Language::Zh => &sale.buyer_zh,
        Language::En => &sale.buyer_en,
    };
    AssignmentWords {
        new_creditor: new_creditor.clone(),
        contact: sale.buyer_contact.clone(),
        on: sale.sold_on,
        amount: assignment.owed,
    }
}

/// The name as a message may carry it: its first letter, the rest hidden.
pub(crate) fn masked_name(customer: &CustomerRow) -> dunlin_domain::contact::Personal {
    let first: String = customer.name.reveal().chars().take(1).collect();
    dunlin_domain::contact::Personal::new(format!("{first}**"))
}

/// Gives all of them back.
pub(super) fn give_back(tx: &mut Tx<'_>, budgets: &[BudgetUse]) -> Result<(), StoreError> {
    budgets.iter().try_for_each(|budget| message::give_back_budget(tx, budget))
}

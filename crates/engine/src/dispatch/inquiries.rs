//! Asking providers what became of messages whose outcome is open, and the one rule by which such a message is sent again.
//!
//! Asked about are messages whose answer was lost, and those that were taken and of which no receipt came. The moment of
//! the next question is put off before anybody is asked, so that two workers do not ask the same; a crash between asking
//! and writing down changes nothing, and the question is asked again. What was answered is kept for ever. It moves the
//! message only if that is still the same: in the same attempt, by the same provider, its outcome open.
//!
//! The rule: what its provider says that it never took is handed over again, with a new permit, as if it had not been tried;
//! unless another message has taken its place meanwhile. Where the provider cannot tell, nothing is sent.

use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
use std::collections::{BTreeMap, HashMap, HashSet};

use dunlin_delivery::{Asking, Inquired, Inquiries, Inquiry, ProviderTraits, fingerprint};
use dunlin_domain::contact::{Channel, Personal};
use dunlin_domain::date::Timestamp;
use dunlin_domain::id::{CustomerId, Key, MessageId};
use dunlin_domain::message::{BudgetUse, ClearedMessage, Counter, MessageState};
use dunlin_domain::reason::Reason;
use dunlin_domain::verdict::both_languages;
use dunlin_store::inquiry::{self, InquiryDue, InquiryRow};
use dunlin_store::message::{self, MessageRow, NewReceipt, StateChange};
use dunlin_store::{StoreError, Tx, customer, fallback, person, policy, reference, run};

use super::change;
use super::cohorts::Cohorts;
use super::fallback::Rules;
use super::receipts::Source;
use crate::costs::units_of;
use crate::policies::Policies;
use crate::{Engine, EngineError, MESSAGE_VALIDITY_HOURS};

/// Questions of one round to all providers.
const BATCH_COUNT_MAX: usize = 20;
/// How long a round may take before another worker may ask the same.
const ASKING_LEASE_SECONDS: i64 = 1_800;
/// Messages without receipts that are noted at a time.
const UNHEARD_COUNT_MAX: usize = 1_000;

/// What a round of questions came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InquiryReport {
    /// Messages that providers say arrived.
    pub delivered: u64,
    /// Messages that providers say did not arrive.
    pub failed: u64,
    /// Messages that providers say are on their way.
    pub underway: u64,
    /// Messages that providers never took.
    pub never_taken: u64,
    /// Messages of which providers cannot tell.
    pub cannot_tell: u64,
    /// Questions that nobody answered.
    pub no_answer: u64,
}

impl InquiryReport {
    /// All questions.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.delivered + self.failed + self.underway + self.never_taken + self.cannot_tell + self.no_answer
    }

    /// Adds what another round came to.
    pub fn add(&mut self, other: &Self) {
        self.delivered += other.delivered;
        self.failed += other.failed;
        self.underway += other.underway;
        self.never_taken += other.never_taken;
        self.cannot_tell += other.cannot_tell;
        self.no_answer += other.no_answer;
    }

    fn count(&mut self, answer: &Inquired) {
        *match answer {
            Inquired::Delivered { .. } => &mut self.delivered,
            Inquired::Failed { .. } => &mut self.failed,
            Inquired::Underway { .. } => &mut self.underway,
            Inquired::NeverTaken { .. } => &mut self.never_taken,
            Inquired::CannotTell { .. } => &mut self.cannot_tell,
            Inquired::NoAnswer { .. } => &mut self.no_answer,
        } += 1;
    }
}

/// What a provider was asked about one message, for whoever asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Who was asked.
    pub provider: String,
    /// The answer: a stable word.
    pub answer: &'static str,
    /// The provider's code.
    pub code: String,
    /// What the message is now.
    pub state: MessageState,
}

/// One question that is about to be asked.
struct Question {
    due: InquiryDue,
    provider_index: usize,
    inquiry: Inquiry,
}

/// What is asked about, and how far the asking is.
#[derive(Clone, Copy)]
enum Scope {
    /// All that is due.
    Due,
    /// One message, whenever it is due.
    One(MessageId),
}

/// That the provider is to be asked about an attempt whose answer was lost; `None` where it cannot be.
pub(super) fn after_lost_answer(
    provider: &ProviderTraits,
    asking: Asking,
    (message, index): (MessageId, u32),
    cleared: Option<&ClearedMessage>,
    handed_over_at: Timestamp,
) -> Option<InquiryDue> {
    if provider.inquiries() != Inquiries::ByMessage {
        return None;
    }
    let body = |cleared: &ClearedMessage| fingerprint(&message, cleared.body().reveal());
    let units = |cleared: &ClearedMessage| units_of(cleared.channel(), cleared.body().reveal(), 0);
    Some(InquiryDue {
        message,
        index,
        provider: provider.name().to_owned(),
        handed_over_at,
        next_at: Some(asking.next_at(handed_over_at, 0, handed_over_at)?),
        asked_count: 0,
        fingerprint: cleared.map(body),
        unit_count: cleared.map(units),
    })
}

impl Engine {
    pub(super) fn asking_of(&self, provider: &str) -> Asking {
        self.routing.get(provider).copied().unwrap_or_default().asking
    }

    /// Asks providers what became of messages, as far as that is due at `now`.
    ///
    /// # Errors
    /// What the database says. That a provider does not answer is no error: it is asked again later.
    pub fn ask_providers(&self, now: Timestamp) -> Result<InquiryReport, EngineError> {
        let is_asked = |provider: &&ProviderTraits| {
            provider.inquiries() != Inquiries::None && self.asking_of(provider.name()).times_max > 0
        };
        let mut report = InquiryReport::default();
        let asked: Vec<&ProviderTraits> = self.exits.traits().iter().filter(is_asked).collect();
        if asked.is_empty() {
            return Ok(report);
        }
        let policies = self.policies()?;
        for provider in asked {
            self.note_unheard(provider.name(), now)?;
        }
        loop {
            let (looked_at, questions) = self.db.write_as(|tx| self.take_questions(tx, Scope::Due, now))?;
            for (_, answer, _) in self.ask_questions(&policies, questions, now)? {
                report.count(&answer);
            }
            if looked_at == 0 {
                return Ok(report);
            }
        }
    }

    /// Asks at once what became of one message.
    ///
    /// # Errors
    /// [`EngineError::NotFound`] for an unknown message; `message_state` for one whose outcome is not open; `not_asked` where
    /// its provider cannot be asked about it; what the database says.
    pub fn ask_about(&self, name: &str, now: Timestamp) -> Result<Asked, EngineError> {
        let not_found = || EngineError::NotFound { what: "message", name: name.to_owned() };
        let id = MessageId::parse(name).ok_or_else(not_found)?;
        let policies = self.policies()?;
        let (_, questions) = self.db.write_as(|tx| {
            let row = message::find(tx, id)?.ok_or_else(not_found)?;
            self.note_for_question(tx, &row)?;
            self.take_questions(tx, Scope::One(id), now)
        })?;
        let asked = self.ask_questions(&policies, questions, now)?.pop();
        let Some((due, answer, state)) = asked else {
            let complaint = wording!(
                "{name} 的服务商目前不受理，或本秒配额已满；请一分钟后再查询",
                "the provider of {name} takes nothing at present, or has had its share of this second; ask again in a minute"
            );
            return Err(EngineError::Refused { code: "not_asked", complaint });
        };
        Ok(Asked { provider: due.provider, answer: answer.word(), code: answer.code().to_owned(), state })
    }

    /// Notes that somebody wants to know what became of a message.
    fn note_for_question(&self, tx: &mut Tx<'_>, row: &MessageRow) -> Result<(), EngineError> {
        let refused = |code: &'static str, complaint: Wording| EngineError::Refused { code, complaint };
        if !is_open(row.state) || row.attempt_count == 0 {
            let complaint = wording!(
                "消息 {} 的状态为 {}；只有状态为 accepted（已受理）或 unknown（结果不明）的消息才可向服务商查询",
                "message {} is {}; providers are asked about messages that are accepted or unknown",
                row.id,
                row.state
            );
            return Err(refused("message_state", complaint));
        }
        let name = row.provider.as_deref().unwrap_or_default();
        let provider = self.exits.traits().iter().find(|provider| provider.name() == name);
        let way = provider.map_or(Inquiries::None, ProviderTraits::inquiries);
        let is_known = row.state == MessageState::Accepted;
        if way == Inquiries::None || way == Inquiries::ByReference && !is_known {
            let complaint = wording!(
                "服务商 {name} 不支持查询消息 {}；哪些服务商可查询、可查什么，见 docs/delivery.md",
                "provider {name} cannot be asked about message {}; docs/delivery.md says which can, and about what",
                row.id
            );
            return Err(refused("not_asked", complaint));
        }
        let index = row.attempt_count - 1;
        let attempts = message::attempts_of(tx, row.id)?;
        let began = attempts.iter().find(|attempt| attempt.index == index).map(|attempt| attempt.started_at);
        let due = InquiryDue {
            message: row.id,
            index,
            provider: name.to_owned(),
            handed_over_at: began.unwrap_or(row.state_at),
            next_at: None,
            asked_count: 0,
            fingerprint: None,
            unit_count: None,
        };
        Ok(inquiry::note(tx, &[due])?)
    }

    /// Notes the messages of a provider that were taken and of which no receipt came in time. Looks at the messages of some
    /// days, so it is done at every half of the wait only, by whichever worker comes first.
    fn note_unheard(&self, provider: &str, now: Timestamp) -> Result<(), EngineError> {
        let asking = self.asking_of(provider);
        let setting = format!("unheard_noted_at {provider}");
        let wait = i64::from(asking.after_minutes) * 60;
        self.db.write_as(|tx| {
            let last = run::setting(tx, &setting)?.and_then(|text| text.parse().ok());
            let last = last.map(Timestamp::from_micros);
            // A clock that was put back does not keep anybody waiting.
            if last.is_some_and(|last| last <= now && now < last.plus_seconds(wait / 2)) {
                return Ok(());
            }
            run::set_setting(tx, &setting, &now.micros().to_string())?;
            let after = now.plus_seconds(-i64::from(asking.hours_max) * 3_600);
            let from = after.plus_seconds(-(MESSAGE_VALIDITY_HOURS + 24) * 3_600).date_in(&self.zone);
            let until = now.plus_seconds(-wait);
            let found = inquiry::unheard(tx, provider, (after, until), from, UNHEARD_COUNT_MAX)?;
            let noted = found.into_iter().map(|(message, tries, taken_at)| InquiryDue {
                message,
                index: tries - 1,
                provider: provider.to_owned(),
                handed_over_at: taken_at,
                next_at: Some(now),
                asked_count: 0,
                fingerprint: None,
                unit_count: None,
            });
            Ok::<_, EngineError>(inquiry::note(tx, &noted.collect::<Vec<_>>())?)
        })
    }

    /// Takes questions that are due, and puts their moments off. Returns how many were looked at, and those to ask.
    fn take_questions(
        &self,
        tx: &mut Tx<'_>,
        scope: Scope,
        now: Timestamp,
    ) -> Result<(usize, Vec<Question>), EngineError> {
        let due = match scope {
            Scope::Due => inquiry::due(tx, now, BATCH_COUNT_MAX)?,
            Scope::One(id) => {
                let row = message::find(tx, id)?;
                let index = row.map_or(0, |row| row.attempt_count.saturating_sub(1));
                inquiry::locked(tx, id, index)?.into_iter().collect()
            }
        };
        let looked_at = due.len();
        if due.is_empty() {
            return Ok((0, Vec::new()));
        }
        let ids: Vec<MessageId> = due.iter().map(|due| due.message).collect();
        let messages: HashMap<MessageId, MessageRow> =
            message::by_ids(tx, &ids)?.into_iter().map(|row| (row.id, row)).collect();
        let recipients = self.recipients(tx, messages.values())?;
        let resting = resting(tx, now)?;
        let mut questions = Vec::new();
        for due in due {
            let key = (due.message, due.index);
            let place = self.exits.traits().iter().position(|provider| provider.name() == due.provider);
            let (Some(row), Some(provider_index)) = (messages.get(&due.message), place) else {
                inquiry::set_next(tx, key, None, due.asked_count)?;
                continue;
            };
            let asking = self.asking_of(&due.provider);
            let end = due.handed_over_at.plus_seconds(i64::from(asking.hours_max) * 3_600);
            let is_over = !is_current(row, &due) || matches!(scope, Scope::Due) && now >= end;
            if is_over {
                inquiry::set_next(tx, key, None, due.asked_count)?;
                continue;
            }
            if let Some(until) = row.channel.and_then(|channel| resting.get(&(due.provider.clone(), channel)))
            {
                inquiry::set_next(tx, key, Some(*until), due.asked_count)?;
                continue;
            }
            if !self.may_ask(tx, &due.provider, now)? {
                inquiry::set_next(tx, key, Some(now.plus_seconds(1)), due.asked_count)?;
                continue;
            }
            let inquiry = self.inquiry_about(tx, row, &due, recipients.get(&row.id))?;
            // Before it is asked: who comes meanwhile does not ask the same.
            let lease = now.plus_seconds(ASKING_LEASE_SECONDS);
            inquiry::set_next(tx, key, Some(lease), due.asked_count)?;
            questions.push(Question { due, provider_index, inquiry });
        }
        Ok((looked_at, questions))
    }

    /// A question counts as a message against what a provider takes in a second.
    fn may_ask(&self, tx: &mut Tx<'_>, provider: &str, now: Timestamp) -> Result<bool, StoreError> {
        match self.routing.get(provider).and_then(|routing| routing.rate_per_second) {
            Some(rate) => reference::take_rate(tx, provider, rate, now),
            None => Ok(true),
        }
    }

    /// The numbers that messages went to. Left out are those that were corrected or erased since.
    fn recipients<'m>(
        &self,
        tx: &mut Tx<'_>,
        messages: impl Iterator<Item = &'m MessageRow> + Clone,
    ) -> Result<HashMap<MessageId, Personal>, EngineError> {
        let mut ids: Vec<CustomerId> = messages.clone().map(|row| row.customer).collect();
        ids.sort_unstable();
        ids.dedup();
        let points: HashMap<_, _> = customer::opened_points(tx, &self.master, &ids)?
            .into_iter()
            .map(|point| (point.id, point.value))
            .collect();
        let mut recipients = HashMap::new();
        for row in messages {
            let Some(point) = row.contact_point else { continue };
            let value = points.get(&point);
            let since = Timestamp::at(row.business_date, 0, 0, &self.zone);
            if let Some(value) = value
                && !inquiry::was_corrected(tx, row.customer, point, since)?
            {
                recipients.insert(row.id, value.clone());
            }
        }
        Ok(recipients)
    }

    fn inquiry_about(
        &self,
        tx: &mut Tx<'_>,
        row: &MessageRow,
        due: &InquiryDue,
        recipient: Option<&Personal>,
    ) -> Result<Inquiry, EngineError> {
        let attempts = message::attempts_of(tx, row.id)?;
        let attempt = attempts.into_iter().find(|attempt| attempt.index == due.index);
        let (began, outcome) =
            attempt.map_or((due.handed_over_at, None), |attempt| (attempt.started_at, attempt.outcome));
        let taken_as = outcome.filter(|(_, word, _, _)| word == "accepted").map(|(_, _, _, names)| names);
        let references = taken_as.iter().flat_map(|names| names.split(' '));
        Ok(Inquiry {
            message: row.id,
            // Without a number the provider cannot tell, which is right: it went to another one.
            recipient: recipient.cloned().unwrap_or_default(),
            references: references.filter(|name| !name.is_empty()).map(str::to_owned).collect(),
            handed_over_at: began,
            fingerprint: due.fingerprint,
        })
    }

    /// Asks the questions, provider by provider, and writes down what was answered. For each the answer, and the state that
    /// its message is in then.
    fn ask_questions(
        &self,
        policies: &Policies,
        questions: Vec<Question>,
        now: Timestamp,
    ) -> Result<Vec<(InquiryDue, Inquired, MessageState)>, EngineError> {
        let mut by_provider: BTreeMap<usize, Vec<Question>> = BTreeMap::new();
        for question in questions {
            by_provider.entry(question.provider_index).or_default().push(question);
        }
        let mut told = Vec::new();
        for (index, questions) in by_provider {
            let mut provider = self.exits.provider(index);
            let inquiries: Vec<Inquiry> = questions.iter().map(|question| question.inquiry.clone()).collect();
            let answers = provider.inquire(&inquiries, now);
            let asked: Vec<(InquiryDue, Inquired)> =
                questions.into_iter().map(|question| question.due).zip(answers).collect();
            told.extend(
                self.db.write_by_key(|tx| self.take_answers(tx, policies, provider.name(), &asked, now))?,
            );
        }
        Ok(told)
    }

    fn take_answers(
        &self,
        tx: &mut Tx<'_>,
        policies: &Policies,
        provider: &str,
        asked: &[(InquiryDue, Inquired)],
        now: Timestamp,
    ) -> Result<Vec<(InquiryDue, Inquired, MessageState)>, EngineError> {
        let mut told = Vec::new();
        for (due, answer) in asked {
            let key = (due.message, due.index);
            // Who took the question before us may have been slower: each answer gets a place of its own.
            let Some(noted) = inquiry::locked(tx, due.message, due.index)? else { continue };
            let Some(row) = message::locked(tx, &[due.message])?.pop() else { continue };
            let asking = self.asking_of(provider);
            let answer = &not_too_early(answer, &noted, asking, now);
            if matches!(answer, Inquired::NoAnswer { .. }) {
                let later = now.plus_seconds(i64::from(asking.after_minutes) * 60);
                inquiry::set_next(tx, key, Some(later), noted.asked_count)?;
                told.push((due.clone(), answer.clone(), row.state));
                continue;
            }
            if is_current(&row, &noted) {
                self.follow(tx, policies, &row, &noted, answer, now)?;
            }
            let state = message::find(tx, due.message)?.map_or(row.state, |row| row.state);
            inquiry::insert(
                tx,
                &InquiryRow {
                    message: due.message,
                    index: due.index,
                    asked_index: noted.asked_count,
                    asked_at: now,
                    provider: provider.to_owned(),
                    answer: answer.word().to_owned(),
                    code: answer.code().to_owned(),
                    state_after: state,
                },
            )?;
            let count = noted.asked_count + 1;
            let next = is_open(state).then(|| asking.next_at(noted.handed_over_at, count, now)).flatten();
            inquiry::set_next(tx, key, next, count)?;
            told.push((due.clone(), answer.clone(), state));
        }
        Ok(told)
    }

    /// What an answer makes of a message whose outcome is open.
    fn follow(
        &self,
        tx: &mut Tx<'_>,
        policies: &Policies,
        row: &MessageRow,
        due: &InquiryDue,
        answer: &Inquired,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        match answer {
            Inquired::Delivered { code, at } => {
                self.take_word(tx, policies, due, ("delivered", code, *at), now)?
            }
            Inquired::Failed { code, at } => self.take_word(tx, policies, due, ("failed", code, *at), now)?,
            Inquired::Underway { .. } if row.state == MessageState::Unknown => {
                let taken = change(row, MessageState::Accepted, String::new(), None, now);
                self.move_asked(tx, policies, row, taken, now)?;
                self.charge_found_taken(tx, &[(row, due.index)], now)?;
            }
            Inquired::NeverTaken { .. } if row.state == MessageState::Unknown => {
                self.was_never_taken(tx, policies, row, due, now)?;
            }
            // What was taken is with the provider, whatever it has forgotten since.
            Inquired::Underway { .. } | Inquired::NeverTaken { .. } => {}
            Inquired::CannotTell { .. } | Inquired::NoAnswer { .. } => {}
        }
        Ok(())
    }

    /// The end of a message, as a receipt would tell it.
    fn take_word(
        &self,
        tx: &mut Tx<'_>,
        policies: &Policies,
        due: &InquiryDue,
        (state, code, at): (&str, &str, Option<Timestamp>),
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let parts: [&[u8]; 3] = [&due.message.0, &due.index.to_le_bytes(), &due.asked_count.to_le_bytes()];
        let word = NewReceipt {
            message: due.message,
            key: Key::of_cause("inquiry", &parts).0,
            state: state.to_owned(),
            code: code.to_owned(),
            at: at.unwrap_or(now),
        };
        self.take_words(tx, policies, &[word], &HashSet::new(), Source::Answer, now).map(|_| ())
    }

    /// The message goes back into the queue as if it had not been tried; or has failed, where another one took its place.
    fn was_never_taken(
        &self,
        tx: &mut Tx<'_>,
        policies: &Policies,
        row: &MessageRow,
        due: &InquiryDue,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        for budget in self.budgets_of(tx, row, due.handed_over_at)? {
            message::give_back_budget(tx, &budget)?;
        }
        let followed = fallback::after(tx, row.id)?;
        let has_successor = followed.is_some_and(|followed| followed.message.is_some());
        let (state, next, zh, en) = if has_successor {
            (
                MessageState::Failed,
                None,
                "服务商称从未收到，已由其他渠道的消息代替",
                "the provider never took it, and a message by another channel took its place",
            )
        } else {
            (
                MessageState::Queued,
                Some(now),
                "服务商称从未收到，将重新发送",
                "the provider never took it, so it is handed over again",
            )
        };
        let detail = format!("{}: {}", Reason::ChannelFailed, both_languages(zh, en));
        self.move_asked(tx, policies, row, change(row, state, detail, next, now), now)
    }

    /// Moves a message whose answer was lost.
    fn move_asked(
        &self,
        tx: &mut Tx<'_>,
        policies: &Policies,
        row: &MessageRow,
        mut change: StateChange,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let mut cohorts = Cohorts::default();
        if change.state == MessageState::Accepted {
            cohorts.answered(row, row.provider.as_deref().unwrap_or("-"), row.state_at);
            let rules = Rules::of(policies, std::iter::once(row));
            rules.set_moments(std::slice::from_mut(&mut change), now);
        } else {
            // It counts as handed over once more when it is; this time it got lost.
            cohorts.told(row, MessageState::Failed, Source::Answer, now);
        }
        let changes = [change];
        message::change_states(tx, &changes)?;
        cohorts.write(tx, now)?;
        let provider = row.provider.as_deref().unwrap_or_default();
        Ok(self.audit_messages(tx, "message.inquiry", &changes, provider, now)?)
    }

    /// What an attempt took of the budgets of its day. No call is asked about, so each has one counter.
    pub(super) fn budgets_of(
        &self,
        tx: &mut Tx<'_>,
        row: &MessageRow,
        handed_over_at: Timestamp,
    ) -> Result<Vec<BudgetUse>, EngineError> {
        let (Some(channel), Some(point)) = (row.channel, row.contact_point) else { return Ok(Vec::new()) };
        let opened = customer::opened(tx, &self.master, &[row.customer])?;
        let Some(known) = opened.get(&row.customer) else { return Ok(Vec::new()) };
        let day = handed_over_at.date_in(&crate::zone_of(&known.zone)?);
        let person = person::counted_as(tx, row.customer)?;
        let counter = Counter::of_channel(channel);
        let key = counter.key(person, point);
        Ok(vec![BudgetUse { customer: person, counter, key, day, cap: u32::MAX }])
    }
}

/// A provider may not know yet what it is about to take: that it does not is believed only after the wait.
fn not_too_early(answer: &Inquired, due: &InquiryDue, asking: Asking, now: Timestamp) -> Inquired {
    let surely_at = due.handed_over_at.plus_seconds(i64::from(asking.after_minutes) * 60);
    match answer {
        Inquired::NeverTaken { .. } if now < surely_at => {
            Inquired::CannotTell { code: "too_early".to_owned() }
        }
        answer => answer.clone(),
    }
}

/// Whether a provider can say more of a message in this state.
fn is_open(state: MessageState) -> bool {
    matches!(state, MessageState::Accepted | MessageState::Unknown)
}

/// Whether a message is still what it was asked about: in the same attempt, by the same provider, its outcome open.
fn is_current(row: &MessageRow, due: &InquiryDue) -> bool {
    is_open(row.state)
        && row.attempt_count == due.index + 1
        && row.provider.as_deref() == Some(due.provider.as_str())
}

/// Providers that take nothing at present, and until when they rest.
fn resting(tx: &mut Tx<'_>, now: Timestamp) -> Result<HashMap<(String, Channel), Timestamp>, StoreError> {
    const REST_SECONDS: i64 = 60;
    let open = policy::incidents(tx)?.into_iter().filter(|incident| incident.closed_at.is_none());
    Ok(open
        .map(|incident| {
            let until = incident.last_failed_at.plus_seconds(REST_SECONDS);
            ((incident.provider, incident.channel), until)
        })
        .filter(|(_, until)| *until > now)
        .collect())
}

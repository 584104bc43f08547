//! Judges a rehearsal by what borrowers owe, what the provider really took and what it said, against what the database
//! holds. Derives nothing by the engine: the arithmetic is that of [`super::world`].

use std::collections::{BTreeMap, HashMap, HashSet};

use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::id::{AgreementId, MessageId, PART_COUNT, Part};
use dunlin_domain::message::MessageState;
use dunlin_domain::money::Currency;
use dunlin_domain::reason::Reason;
use dunlin_engine::{Engine, EngineError};
use dunlin_store::message::{self, MessageRow};
use dunlin_store::{StoreError, Tx, fallback, inquiry, record};

use super::Rehearsal;
use super::chains::{Follow, chains};
use super::gateway::{Taken, Told, address_of};
use super::meanwhile::{Ground, Record, Silence};
use super::world::World;

/// Violations that are told one by one; the rest is counted.
const TOLD_MAX: usize = 20;

/// A verdict, as the auditor reads it.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// Its first day.
    pub from: Date,
    /// Its last day, unless another one begins earlier.
    pub through: Date,
    /// Why.
    pub reason: Reason,
    /// The message that it names.
    pub message: Option<MessageId>,
}

/// All that is judged: what the database says and what really happened.
#[derive(Clone)]
pub struct Case<'a> {
    /// Messages of the database.
    pub messages: HashMap<MessageId, MessageRow>,
    /// Verdicts of the database by agreement, by their first days.
    pub spans: HashMap<AgreementId, Vec<Span>>,
    /// What the database says followed on a message by another channel.
    pub follows: HashMap<MessageId, Follow>,
    /// What the provider took.
    pub taken: HashMap<MessageId, Vec<Taken>>,
    /// What its receipts said.
    pub told: HashMap<MessageId, Vec<Told>>,
    /// Messages whose answer was lost with what the provider called them: a receipt by that name tells nobody anything.
    pub unnamed: HashSet<MessageId>,
    /// When the provider said first, being asked, that a message on which another followed had arrived.
    pub answered: HashMap<MessageId, Timestamp>,
    /// Numbers and addresses of which it said that they are nobody's.
    pub nobody: HashSet<String>,
    /// Who owes what.
    pub world: &'a World,
    /// What staff and customers did.
    pub record: &'a Record,
    /// What the watch held against the verdicts of a day.
    pub alarms: &'a [String],
}

/// What the auditor found.
#[derive(Clone, Debug, Default)]
pub struct Judgement {
    /// Messages decided on.
    pub intents: u64,
    /// Messages that the provider took.
    pub taken: u64,
    /// Messages that are said to be unknown at the end.
    pub declared_unknown: u64,
    /// Messages that went out in place of another by a channel that had no luck.
    pub followed: u64,
    /// Messages that went out by another channel at once, since there was no number.
    pub first_elsewhere: u64,
    /// Overdue agreement-days.
    pub overdue_days: u64,
    /// Overdue agreement-days by the reason of their verdict.
    pub reasons: BTreeMap<&'static str, u64>,
    /// Messages by state at the end.
    pub states: BTreeMap<&'static str, u64>,
    /// Violations by kind.
    pub violations: BTreeMap<&'static str, u64>,
    /// The first violations, in words.
    pub told: Vec<String>,
}

impl Judgement {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.violations.is_empty()
    }

    pub(super) fn note(&mut self, kind: &'static str, words: impl FnOnce() -> String) {
        *self.violations.entry(kind).or_default() += 1;
        if self.told.len() < TOLD_MAX {
            self.told.push(format!("{kind}: {}", words()));
        }
    }
}

/// Gathers what is to be judged.
///
/// # Errors
/// What the database says.
pub(super) fn gather<'a>(engine: &Engine, rehearsal: &'a Rehearsal) -> Result<Case<'a>, EngineError> {
    let gateway = &rehearsal.gateway;
    let mut case = Case {
        messages: HashMap::new(),
        spans: HashMap::new(),
        follows: HashMap::new(),
        taken: gateway.taken(),
        told: gateway.told(),
        unnamed: HashSet::new(),
        answered: HashMap::new(),
        nobody: gateway.nobody(),
        world: &rehearsal.world,
        record: &rehearsal.record,
        alarms: &rehearsal.alarms,
    };
    engine.db().read(|tx| {
        for part in (0..PART_COUNT).map(Part::new) {
            message::each_of_part(tx, part, |row| {
                case.messages.insert(row.id, row);
                Ok(())
            })?;
            for (after, row) in fallback::of_part(tx, part)? {
                case.follows.insert(after, Follow { cause: row.cause, message: row.message });
            }
            record::each_verdict(tx, part, Currency::CNY, |verdict| {
                let own = verdict.span;
                let span =
                    Span { from: own.from, through: own.through, reason: own.reason, message: own.message };
                case.spans.entry(own.agreement).or_default().push(span);
                Ok(())
            })?;
        }
        case.unnamed = unnamed(tx, &case)?;
        let first: Vec<MessageId> = case.follows.keys().copied().collect();
        for row in inquiry::of_messages(tx, &first)?.into_iter().filter(|row| row.answer == "delivered") {
            let at = case.answered.entry(row.message).or_insert(row.asked_at);
            *at = row.asked_at.min(*at);
        }
        Ok(())
    })?;
    Ok(case)
}

/// Of the messages whose receipts by reference matter those whose reference was never stored.
fn unnamed(tx: &mut Tx<'_>, case: &Case<'_>) -> Result<HashSet<MessageId>, StoreError> {
    let matters = |id: &MessageId| {
        let has_failed = |row: &MessageRow| row.state == MessageState::Failed;
        case.follows.contains_key(id) || case.messages.get(id).is_some_and(has_failed)
    };
    let by_reference = case.told.iter().filter(|(_, told)| told.iter().any(|said| said.is_by_reference));
    let mut unnamed = HashSet::new();
    for id in by_reference.map(|(id, _)| *id).filter(matters) {
        let attempts = message::attempts_of(tx, id)?;
        let is_named = attempts.iter().filter_map(|attempt| attempt.outcome.as_ref());
        if !is_named.into_iter().any(|(_, outcome, _, _)| outcome == "accepted") {
            unnamed.insert(id);
        }
    }
    Ok(unnamed)
}

/// Judges what was gathered, for the days from the first through the last.
#[must_use]
pub fn judge_case(case: &Case<'_>, days_judged: (Date, Date)) -> Judgement {
    let mut judgement = Judgement {
        intents: case.messages.len() as u64,
        taken: case.taken.len() as u64,
        ..Judgement::default()
    };
    states(&mut judgement, case);
    lawfulness(&mut judgement, case);
    chains(&mut judgement, case);
    days(&mut judgement, case, days_judged);
    // Every day is worked in the end, and for the reasons that hold: an alarm about them is a false one.
    case.alarms.iter().for_each(|alarm| judgement.note("false alarm", || alarm.clone()));
    judgement
}

/// What receipts said of a message.
pub(super) fn said_of(told: &HashMap<MessageId, Vec<Told>>, id: MessageId) -> impl Iterator<Item = &Told> {
    told.get(&id).into_iter().flatten()
}

/// What receipts said of a message that could be known to be about it.
pub(super) fn known_of<'c>(case: &'c Case<'_>, id: MessageId) -> impl Iterator<Item = &'c Told> {
    let is_unnamed = case.unnamed.contains(&id);
    said_of(&case.told, id).filter(move |said| !(is_unnamed && said.is_by_reference))
}

/// Every message is where what really happened to it leaves it.
fn states(judgement: &mut Judgement, case: &Case<'_>) {
    use MessageState as S;
    let Case { messages, taken, told, .. } = case;
    for row in messages.values() {
        *judgement.states.entry(row.state.code()).or_default() += 1;
        let times = taken.get(&row.id).map_or(0, Vec::len);
        let said = |state: &str| said_of(told, row.id).any(|said| said.state == state);
        if times > 1 {
            judgement.note("sent twice", || format!("{} was taken {times} times", row.id));
        }
        let is_true = match row.state {
            // Nothing waits any more: all moments have passed.
            S::Planned | S::Held | S::Queued | S::Sending => false,
            S::Accepted => times > 0 && !said("delivered") && !said("failed"),
            S::Delivered => times > 0 && said("delivered"),
            S::Failed => {
                let has_arrived = known_of(case, row.id).any(|said| said.state == "delivered");
                !has_arrived && (times == 0 || said("failed"))
            }
            // A receipt by a reference that was lost with the answer tells nobody anything.
            S::Unknown => said_of(told, row.id).all(|said| said.is_by_reference),
            S::Expired | S::Cancelled => times == 0,
            S::Replaced => true,
        };
        judgement.declared_unknown += u64::from(row.state == S::Unknown);
        if !is_true {
            judgement.note("state is not true", || {
                let said: Vec<&Told> = said_of(told, row.id).collect();
                let spans = case.spans.get(&row.agreement).map_or(&[][..], Vec::as_slice);
                let story: Vec<String> =
                    spans.iter().map(|span| format!("{} {}", span.from, span.reason)).collect();
                format!(
                    "{} of {} is {} after being taken {times} times and told {said:?}: {}; {}",
                    row.id,
                    row.agreement,
                    row.state,
                    row.state_detail,
                    story.join(", ")
                )
            });
        }
    }
    for id in taken.keys().chain(told.keys()).filter(|id| !messages.contains_key(id)) {
        judgement.note("lost", || format!("{id} was taken, and the database does not know it"));
    }
}

/// Nothing went out at night, to somebody who wanted none or was not to be contacted, twice on a day, when it was out of
/// date, or about nothing.
fn lawfulness(judgement: &mut Judgement, case: &Case<'_>) {
    let borrowers = case.world.borrowers();
    let of_address: HashMap<&str, usize> = borrowers
        .iter()
        .enumerate()
        .flat_map(|(index, borrower)| borrower.addresses().map(move |address| (address, index)))
        .collect();
    let silences = silences_of(case.record, borrowers.len());
    let mut of_day: HashMap<(&str, i64), u32> = HashMap::new();
    for (id, times) in &case.taken {
        for taken in times {
            let address = address_of(&taken.to);
            let Some((address, index)) = of_address.get_key_value(address).map(|(key, index)| (*key, *index))
            else {
                judgement.note("to a stranger", || format!("{id} went to {}", taken.to));
                continue;
            };
            let borrower = &borrowers[index];
            let is_text = borrower.phone.as_deref() == Some(address);
            // Shanghai is eight hours ahead, all year round.
            let seconds = taken.at.micros() / 1_000_000 + 8 * 3_600;
            let (day, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
            if !(8 * 3_600..22 * 3_600).contains(&second) {
                judgement.note("at night", || format!("{id} was sent at {}", taken.at));
            }
            if borrower.opted_out && is_text {
                judgement.note("against a refusal", || format!("{id} went to {}", borrower.agreement));
            }
            for silence in silences.of(index).filter(|silence| silence.covers(taken.order)) {
                // Who wants no texts, or lost the number, may be written to otherwise.
                if matches!(silence.ground, Ground::OptOut | Ground::Removal) && !is_text {
                    continue;
                }
                // A gentler mode speaks of what is overdue, and lets reminders before it go.
                if silence.ground != Ground::Mode || seconds / 86_400 > i64::from(borrower.due_on.days()) {
                    judgement.note("against a silence", || {
                        format!("{id} went to {} at {} in spite of {silence:?}", borrower.agreement, taken.at)
                    });
                }
            }
            if taken.at.to_string() >= taken.until {
                judgement.note("out of date", || {
                    format!("{id} was sent at {}, good until {}", taken.at, taken.until)
                });
            }
            let of_day = of_day.entry((address, day)).or_default();
            *of_day += 1;
            if *of_day > 1 {
                judgement.note("twice a day", || format!("{id}, {} on day {day}", borrower.agreement));
            }
            let date = Date::from_days(i32::try_from(day).unwrap_or(0));
            let was_told = case.world.fed_at(date).is_none_or(|fed_at| fed_at <= taken.at);
            let known_until = if was_told { date } else { date.plus_days(-1) };
            if !borrower.owes(known_until) {
                judgement.note("about nothing", || format!("{id}: {} had paid", borrower.agreement));
            }
            if case.messages.get(id).is_some_and(|row| row.agreement != borrower.id) {
                judgement.note("to a stranger", || format!("{id} is not about {}", borrower.agreement));
            }
        }
    }
}

/// Silences by borrower, and those of everybody.
pub(super) struct Silences<'a> {
    of_one: HashMap<usize, Vec<&'a Silence>>,
    of_all: Vec<&'a Silence>,
}

impl<'a> Silences<'a> {
    pub(super) fn of(&self, borrower: usize) -> impl Iterator<Item = &'a Silence> {
        self.of_one.get(&borrower).into_iter().flatten().chain(&self.of_all).copied()
    }
}

pub(super) fn silences_of(record: &Record, people: usize) -> Silences<'_> {
    let mut silences = Silences { of_one: HashMap::new(), of_all: Vec::new() };
    for silence in &record.silences {
        match silence.borrower {
            Some(borrower) if borrower < people => silences.of_one.entry(borrower).or_default().push(silence),
            Some(_) => {}
            None => silences.of_all.push(silence),
        }
    }
    silences
}

/// Every overdue day has one verdict that speaks of it and is true as far as it can be told from outside, and every message
/// that a verdict names is there.
fn days(judgement: &mut Judgement, case: &Case<'_>, (first, through): (Date, Date)) {
    let borrowers = case.world.borrowers();
    let silences = silences_of(case.record, borrowers.len());
    let none = Vec::new();
    for (index, borrower) in borrowers.iter().enumerate() {
        let own = case.spans.get(&borrower.id).unwrap_or(&none);
        for date in (first.days()..=through.days()).map(Date::from_days) {
            if !borrower.is_overdue(date) {
                continue;
            }
            judgement.overdue_days += 1;
            let speaking = own.iter().rfind(|span| span.from <= date).filter(|span| date <= span.through);
            match speaking {
                None => judgement.note("unexplained", || format!("{} on {date}", borrower.agreement)),
                Some(span) if !is_true(span.reason, index, date, case, &silences) => judgement
                    .note("reason is not true", || {
                        format!("{} on {date}: {}", borrower.agreement, span.reason)
                    }),
                Some(span) => *judgement.reasons.entry(span.reason.code()).or_default() += 1,
            }
        }
        for span in own {
            if span.message.is_some_and(|named| !case.messages.contains_key(&named)) {
                judgement.note("lost", || {
                    format!("the message of {} on {} is not there", borrower.agreement, span.from)
                });
            }
        }
    }
}

/// Whether what a reason says of an overdue day really was so. Reasons that only the engine's own policy can tell, such as the
/// days between two contacts, are believed.
fn is_true(reason: Reason, index: usize, date: Date, case: &Case<'_>, silences: &Silences<'_>) -> bool {
    let borrower = &case.world.borrowers()[index];
    let silent_by =
        |ground: Ground| silences.of(index).any(|silence| silence.ground == ground && silence.touches(date));
    match reason {
        Reason::OptedOut => borrower.opted_out || silent_by(Ground::OptOut),
        Reason::Complaint => silent_by(Ground::Complaint),
        Reason::PauseUpgrade => silent_by(Ground::Pause),
        Reason::Reputation => silent_by(Ground::Mode),
        Reason::ContactPointRemoved => silent_by(Ground::Removal),
        Reason::ContactPointInvalid => borrower.addresses().any(|address| case.nobody.contains(address)),
        // What may only be told by letter late in the case waits until then.
        Reason::NoContactPoint => borrower.phone.is_none() && borrower.email.is_none(),
        Reason::LearnedLate => borrower.had_a_return(),
        // Money came back later.
        Reason::NothingOverdue => !borrower.was_overdue(date),
        // No such thing was ever done.
        Reason::Closed
        | Reason::PauseProcessChange
        | Reason::PauseOther
        | Reason::Dispute
        | Reason::HardshipPlan => false,
        _ => true,
    }
}

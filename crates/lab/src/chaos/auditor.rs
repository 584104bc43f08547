//! Judges a rehearsal by what borrowers owe, what the provider really took and what it said, against what the database
//! holds. Derives nothing by the engine: the arithmetic is that of [`super::world`].

use std::collections::{BTreeMap, HashMap};

use dunlin_domain::date::Date;
use dunlin_domain::id::{AgreementId, MessageId, PART_COUNT, Part};
use dunlin_domain::message::MessageState;
use dunlin_domain::money::Currency;
use dunlin_engine::{Engine, EngineError};
use dunlin_store::message::{self, MessageRow};
use dunlin_store::record;

use super::gateway::{Gateway, Taken, Told};
use super::world::{Borrower, World};

/// Violations that are told one by one; the rest is counted.
const TOLD_MAX: usize = 20;

/// Verdicts of an agreement: first day, last day, the message that they name.
type Spans = HashMap<AgreementId, Vec<(Date, Date, Option<MessageId>)>>;

/// What the auditor found.
#[derive(Clone, Debug, Default)]
pub struct Judgement {
    /// Messages decided on.
    pub intents: u64,
    /// Messages that the provider took.
    pub taken: u64,
    /// Requests that it answered, or not.
    pub requests: u64,
    /// Messages that it took without saying so.
    pub withheld: u64,
    /// Messages that are said to be unknown at the end.
    pub declared_unknown: u64,
    /// Overdue agreement-days.
    pub overdue_days: u64,
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

    fn note(&mut self, kind: &'static str, words: impl FnOnce() -> String) {
        *self.violations.entry(kind).or_default() += 1;
        if self.told.len() < TOLD_MAX {
            self.told.push(format!("{kind}: {}", words()));
        }
    }
}

/// Judges the days `first..=through`.
///
/// # Errors
/// What the database says.
pub fn judge(
    engine: &Engine,
    world: &World,
    gateway: &Gateway,
    (first, through): (Date, Date),
) -> Result<Judgement, EngineError> {
    let mut judgement = Judgement {
        requests: gateway.asked_count(),
        withheld: gateway.withheld_count(),
        ..Judgement::default()
    };
    let (mut messages, mut spans) = (HashMap::new(), Spans::new());
    engine.db().read(|tx| {
        for part in (0..PART_COUNT).map(Part::new) {
            message::each_of_part(tx, part, |row| {
                messages.insert(row.id, row);
                Ok(())
            })?;
            record::each_verdict(tx, part, Currency::CNY, |verdict| {
                let span = (verdict.span.from, verdict.span.through, verdict.span.message);
                spans.entry(verdict.span.agreement).or_default().push(span);
                Ok(())
            })?;
        }
        Ok(())
    })?;
    judgement.intents = messages.len() as u64;
    let (taken, told) = (gateway.taken(), gateway.told());
    judgement.taken = taken.len() as u64;
    states(&mut judgement, &messages, &taken, &told);
    lawfulness(&mut judgement, world, &messages, &taken);
    days(&mut judgement, world, &spans, &messages, (first, through));
    Ok(judgement)
}

/// What receipts said of a message.
fn said_of(told: &HashMap<MessageId, Vec<Told>>, id: MessageId) -> impl Iterator<Item = &Told> {
    told.get(&id).into_iter().flatten()
}

/// Every message is where what really happened to it leaves it.
fn states(
    judgement: &mut Judgement,
    messages: &HashMap<MessageId, MessageRow>,
    taken: &HashMap<MessageId, Vec<Taken>>,
    told: &HashMap<MessageId, Vec<Told>>,
) {
    use MessageState as S;
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
            S::Delivered => said("delivered"),
            S::Failed => !said("delivered") && (times == 0 || said("failed")),
            // A receipt by a reference that was lost with the answer tells nobody anything.
            S::Unknown => said_of(told, row.id).all(|said| said.is_by_reference),
            S::Expired | S::Cancelled => times == 0,
            S::Replaced => true,
        };
        judgement.declared_unknown += u64::from(row.state == S::Unknown);
        if !is_true {
            judgement.note("state is not true", || {
                let said: Vec<&Told> = said_of(told, row.id).collect();
                format!(
                    "{} is {} after being taken {times} times and told {said:?}: {}",
                    row.id, row.state, row.state_detail
                )
            });
        }
    }
    for id in taken.keys().chain(told.keys()).filter(|id| !messages.contains_key(id)) {
        judgement.note("lost", || format!("{id} was taken, and the database does not know it"));
    }
}

/// Nothing went out at night, to somebody who wanted none, twice on a day, when it was out of date, or about nothing.
fn lawfulness(
    judgement: &mut Judgement,
    world: &World,
    messages: &HashMap<MessageId, MessageRow>,
    taken: &HashMap<MessageId, Vec<Taken>>,
) {
    let of_phone: HashMap<&str, &Borrower> =
        world.borrowers().iter().map(|borrower| (borrower.phone.as_str(), borrower)).collect();
    let mut of_day: HashMap<(&str, i64), u32> = HashMap::new();
    for (id, times) in taken {
        for taken in times {
            let Some(borrower) = of_phone.get(taken.phone.as_str()) else {
                judgement.note("to a stranger", || format!("{id} went to {}", taken.phone));
                continue;
            };
            // Shanghai is eight hours ahead, all year round.
            let seconds = taken.at.micros() / 1_000_000 + 8 * 3_600;
            let (day, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
            if !(8 * 3_600..22 * 3_600).contains(&second) {
                judgement.note("at night", || format!("{id} was sent at {}", taken.at));
            }
            if borrower.opted_out {
                judgement.note("against a refusal", || format!("{id} went to {}", borrower.agreement));
            }
            if taken.at.to_string() >= taken.until {
                judgement.note("out of date", || {
                    format!("{id} was sent at {}, good until {}", taken.at, taken.until)
                });
            }
            let of_day = of_day.entry((&borrower.phone, day)).or_default();
            *of_day += 1;
            if *of_day > 1 {
                judgement.note("twice a day", || format!("{id}, {} on day {day}", borrower.agreement));
            }
            let date = Date::from_days(i32::try_from(day).unwrap_or(0));
            let was_told = world.fed_at(date).is_none_or(|fed_at| fed_at <= taken.at);
            let known_until = if was_told { date } else { date.plus_days(-1) };
            if !borrower.owes(known_until) {
                judgement.note("about nothing", || format!("{id}: {} had paid", borrower.agreement));
            }
            if messages.get(id).is_some_and(|row| row.agreement != borrower.id) {
                judgement.note("to a stranger", || format!("{id} is not about {}", borrower.agreement));
            }
        }
    }
}

/// Every overdue day has one verdict that speaks of it, and every message that a verdict names is there.
fn days(
    judgement: &mut Judgement,
    world: &World,
    spans: &Spans,
    messages: &HashMap<MessageId, MessageRow>,
    (first, through): (Date, Date),
) {
    let none = Vec::new();
    for borrower in world.borrowers() {
        let own = spans.get(&borrower.id).unwrap_or(&none);
        for date in (first.days()..=through.days()).map(Date::from_days) {
            if !borrower.is_overdue(date) {
                continue;
            }
            judgement.overdue_days += 1;
            if !own.iter().any(|(from, through, _)| *from <= date && date <= *through) {
                judgement.note("unexplained", || format!("{} on {date}", borrower.agreement));
            }
        }
        for (from, _, named) in own {
            if named.is_some_and(|named| !messages.contains_key(&named)) {
                judgement
                    .note("lost", || format!("the message of {} on {from} is not there", borrower.agreement));
            }
        }
    }
}

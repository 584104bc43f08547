//! What a decision came to that took several messages: a chain in which one channel took the place of another.

use std::collections::HashMap;

use dunlin_domain::date::Date;
use dunlin_domain::fallback::outcome_of_chain;
use dunlin_domain::id::{MessageId, Part};
use dunlin_domain::message::MessageState;
use dunlin_domain::verdict::Fate;
use dunlin_store::fallback::{self, FallbackRow};
use dunlin_store::message::{self, MessageRow, StateOfMessage};
use dunlin_store::{StoreError, Tx};
use jiff::tz::TimeZone;

/// A message as a chain asks for it.
pub(crate) trait Member {
    /// Where it stands, with the words kept beside it.
    fn told(&self) -> (MessageState, &str);
}

impl Member for MessageRow {
    fn told(&self) -> (MessageState, &str) {
        (self.state, &self.state_detail)
    }
}

impl Member for StateOfMessage {
    fn told(&self) -> (MessageState, &str) {
        (self.state, &self.detail)
    }
}

/// Messages that their channel held up past the day of their first try, with the day on which a provider took them.
pub(crate) type HeldUp = HashMap<MessageId, Date>;

/// Those of a part.
pub(crate) fn held_up_in(tx: &mut Tx<'_>, part: Part, zone: &TimeZone) -> Result<HeldUp, StoreError> {
    let taken = message::taken_later(tx, part)?.into_iter();
    let taken = taken.map(|(id, first, taken)| (id, first.date_in(zone), taken.date_in(zone)));
    let mut held_up = HeldUp::new();
    for (id, _, left_on) in taken.filter(|(_, first_on, left_on)| left_on > first_on) {
        held_up.entry(id).or_insert(left_on);
    }
    Ok(held_up)
}

/// Those among the messages of an agreement.
pub(crate) fn held_up_of(
    tx: &mut Tx<'_>,
    messages: &[MessageRow],
    zone: &TimeZone,
) -> Result<HeldUp, StoreError> {
    let mut held_up = HeldUp::new();
    for message in messages.iter().filter(|message| message.attempt_count > 1) {
        let attempts = message::attempts_of(tx, message.id)?;
        let taken = attempts.iter().filter_map(|attempt| attempt.outcome.as_ref());
        let taken = taken.filter(|(_, outcome, _, _)| outcome == "accepted").map(|(at, ..)| at).min();
        if let (Some(first), Some(taken)) = (attempts.first(), taken) {
            let left_on = taken.date_in(zone);
            if left_on > first.started_at.date_in(zone) {
                held_up.insert(message.id, left_on);
            }
        }
    }
    Ok(held_up)
}

/// What a chain came to.
pub(crate) struct Told<'m, M> {
    /// The message that says so.
    pub(crate) message: &'m M,
    /// The day on which it left, where its channel held it up.
    pub(crate) left_on: Option<Date>,
    /// Why nothing took the place of its last message, where that is the last that was in the way.
    obstacle: Option<String>,
}

impl<M: Member> Told<'_, M> {
    /// As a verdict asks for it.
    pub(crate) fn fate(&self) -> Fate<'_> {
        let (state, detail) = match &self.obstacle {
            Some(obstacle) => (MessageState::Failed, obstacle.as_str()),
            None => self.message.told(),
        };
        Fate { state, detail, left_on: self.left_on }
    }
}

/// What followed on each of some messages.
pub(crate) fn of_messages(
    tx: &mut Tx<'_>,
    messages: &[MessageRow],
) -> Result<HashMap<MessageId, FallbackRow>, StoreError> {
    let ids: Vec<MessageId> = messages.iter().map(|message| message.id).collect();
    Ok(fallback::of_roots(tx, &ids)?.into_iter().map(|row| (row.after, row)).collect())
}

/// The messages of the chain that begins with `root`, first to last, and what followed on each.
pub(crate) fn members<'m, M>(
    root: MessageId,
    next: &'m HashMap<MessageId, FallbackRow>,
    find: impl Fn(MessageId) -> Option<&'m M>,
) -> Vec<(&'m M, Option<&'m FallbackRow>)> {
    ids(root, next, find).into_iter().map(|(_, message, row)| (message, row)).collect()
}

/// A message of a chain with its id, and what followed on it.
type Link<'m, M> = (MessageId, &'m M, Option<&'m FallbackRow>);

fn ids<'m, M>(
    root: MessageId,
    next: &'m HashMap<MessageId, FallbackRow>,
    find: impl Fn(MessageId) -> Option<&'m M>,
) -> Vec<Link<'m, M>> {
    let mut chain = Vec::new();
    let mut following = Some(root);
    while let Some((id, message)) = following.and_then(|id| Some((id, find(id)?))) {
        let row = next.get(&id);
        chain.push((id, message, row));
        following = row.and_then(|row| row.message);
    }
    chain
}

/// What the chain that begins with `root` came to; `None` where that message is not there.
pub(crate) fn told<'m, M: Member>(
    root: MessageId,
    (next, held_up): (&'m HashMap<MessageId, FallbackRow>, &HeldUp),
    find: impl Fn(MessageId) -> Option<&'m M>,
) -> Option<Told<'m, M>> {
    let chain = ids(root, next, find);
    let states: Vec<MessageState> = chain.iter().map(|(_, message, _)| message.told().0).collect();
    let index = outcome_of_chain(&states)?;
    let (id, message, row) = chain[index];
    let came_to_nothing = matches!(states[index], MessageState::Failed | MessageState::Expired);
    let ended = row.filter(|row| row.message.is_none() && came_to_nothing);
    let obstacle = ended.map(|row| format!("{}: {}", row.reason, row.detail));
    Some(Told { message, left_on: held_up.get(&id).copied(), obstacle })
}

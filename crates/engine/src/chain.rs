//! What a decision came to that took several messages: a chain in which one channel took the place of another.

use std::collections::HashMap;

use dunlin_domain::fallback::outcome_of_chain;
use dunlin_domain::id::MessageId;
use dunlin_domain::message::MessageState;
use dunlin_store::fallback::{self, FallbackRow};
use dunlin_store::message::{MessageRow, StateOfMessage};
use dunlin_store::{StoreError, Tx};

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

/// What a chain came to.
pub(crate) struct Told<'m, M> {
    /// The message that says so.
    pub(crate) message: &'m M,
    /// Why nothing took the place of its last message, where that is the last that was in the way.
    obstacle: Option<String>,
}

impl<M: Member> Told<'_, M> {
    /// As a verdict asks for it.
    pub(crate) fn words(&self) -> (MessageState, &str) {
        match &self.obstacle {
            Some(obstacle) => (MessageState::Failed, obstacle),
            None => self.message.told(),
        }
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
    let mut chain = Vec::new();
    let mut following = Some(root);
    while let Some((id, message)) = following.and_then(|id| Some((id, find(id)?))) {
        let row = next.get(&id);
        chain.push((message, row));
        following = row.and_then(|row| row.message);
    }
    chain
}

/// What the chain that begins with `root` came to; `None` where that message is not there.
pub(crate) fn told<'m, M: Member>(
    root: MessageId,
    next: &'m HashMap<MessageId, FallbackRow>,
    find: impl Fn(MessageId) -> Option<&'m M>,
) -> Option<Told<'m, M>> {
    let chain = members(root, next, find);
    let states: Vec<MessageState> = chain.iter().map(|(message, _)| message.told().0).collect();
    let index = outcome_of_chain(&states)?;
    let (message, row) = chain[index];
    let came_to_nothing = matches!(states[index], MessageState::Failed | MessageState::Expired);
    let ended = row.filter(|row| row.message.is_none() && came_to_nothing);
    let obstacle = ended.map(|row| format!("{}: {}", row.reason, row.detail));
    Some(Told { message, obstacle })
}

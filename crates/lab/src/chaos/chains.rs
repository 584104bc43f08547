//! What followed on what by another channel, judged by a rule of few words: everything begins as a text where there is a
//! number; at most one message takes the place of another, when that one failed or was not heard of in time, never when
//! it had arrived; each channel has its turn once; and a message that went out is named by a verdict or by what it follows.

use std::collections::{HashMap, HashSet};

use dunlin_domain::contact::Channel;
use dunlin_domain::fallback::FallbackCause;
use dunlin_domain::id::{AgreementId, MessageId};
use dunlin_domain::message::MessageState;
use dunlin_store::message::MessageRow;

use super::auditor::{Case, Judgement, Silences, known_of, said_of, silences_of};
use super::gateway::Taken;
use super::meanwhile::Ground;

/// Hours for a receipt, and for an answer that did not come.
const NO_RECEIPT_HOURS: i64 = 2;
const UNKNOWN_HOURS: i64 = 3;
/// The clock goes back by so many hours at most between deciding and sending.
const SKIP_HOURS: i64 = 1;
/// The only text that there is for letters.
const WITH_LETTERS: &str = "overdue_firm";

/// What the database says followed on a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Follow {
    /// Why.
    pub cause: FallbackCause,
    /// The message; `None` where there was none, for a reason.
    pub message: Option<MessageId>,
}

/// Judges all chains.
pub(super) fn chains(judgement: &mut Judgement, case: &Case<'_>) {
    let before: HashMap<MessageId, (MessageId, FallbackCause)> = case
        .follows
        .iter()
        .filter_map(|(after, follow)| Some((follow.message?, (*after, follow.cause))))
        .collect();
    let numbers = Numbers::of(case);
    let named: HashSet<MessageId> = case.spans.values().flatten().filter_map(|span| span.message).collect();
    for (id, times) in &case.taken {
        let (Some(row), Some(taken)) = (case.messages.get(id), times.first()) else { continue };
        match before.get(id) {
            Some((after, cause)) => {
                judgement.followed += 1;
                follows_rightly(judgement, case, (*id, taken), (*after, *cause));
            }
            None if row.channel == Some(Channel::Sms) => {}
            None => {
                judgement.first_elsewhere += 1;
                if numbers.has_one(case, row) {
                    judgement.note("not as a text", || format!("{id} of {}", row.agreement));
                }
            }
        }
        let (chain, is_sound) = back_to_first(case, *id, &before);
        if !is_sound {
            judgement.note("a channel twice", || format!("the chain to {id}: {chain:?}"));
        }
        if !chain.iter().any(|member| named.contains(member)) {
            judgement.note("not named", || format!("{id} of {} went out", row.agreement));
        }
    }
    for row in case.messages.values().filter(|row| asks_for_another(row)) {
        let is_done = case.follows.contains_key(&row.id) || chain_arrived(case, row.id, &before);
        if !is_done {
            judgement.note("not followed", || format!("{} of {} is {}", row.id, row.agreement, row.state));
        }
    }
}

/// Whether the rule asks for another channel in the end, or for a reason why there is none.
fn asks_for_another(row: &MessageRow) -> bool {
    let is_after_due = !matches!(row.template.as_str(), "predue_reminder" | "due_today");
    match (row.channel, row.state) {
        (Some(Channel::Sms), MessageState::Failed) => true,
        (Some(Channel::Sms), MessageState::Accepted | MessageState::Unknown) => is_after_due,
        (Some(Channel::Email), MessageState::Failed) => row.template == WITH_LETTERS,
        _ => false,
    }
}

/// Who can be sent a text.
struct Numbers<'a> {
    of: HashMap<AgreementId, usize>,
    silences: Silences<'a>,
}

impl<'a> Numbers<'a> {
    fn of(case: &Case<'a>) -> Self {
        let borrowers = case.world.borrowers();
        let of = borrowers.iter().enumerate().map(|(index, borrower)| (borrower.id, index)).collect();
        Self { of, silences: silences_of(case.record, borrowers.len()) }
    }

    /// Whether the customer of a message could have been sent a text on its day.
    fn has_one(&self, case: &Case<'_>, row: &MessageRow) -> bool {
        let Some(index) = self.of.get(&row.agreement).copied() else { return false };
        let Some(phone) = &case.world.borrowers()[index].phone else { return false };
        let mut silences = self.silences.of(index);
        let is_removed =
            silences.any(|silence| silence.ground == Ground::Removal && silence.touches(row.business_date));
        !is_removed && !case.nobody.contains(phone)
    }
}

fn follows_rightly(
    judgement: &mut Judgement,
    case: &Case<'_>,
    (id, taken): (MessageId, &Taken),
    (after, cause): (MessageId, FallbackCause),
) {
    if !case.messages.contains_key(&after) {
        judgement.note("lost", || format!("{after}, which {id} follows, is not there"));
        return;
    }
    let had_arrived = known_of(case, after).any(|said| said.state == "delivered" && said.after < taken.order);
    // Within one second the question and the message may have been on their way together.
    let was_answered = case.answered.get(&after).is_some_and(|at| *at < taken.at);
    if had_arrived || was_answered {
        judgement.note("after it had arrived", || format!("{id} followed on {after}"));
    }
    let times = case.taken.get(&after).map_or(&[][..], Vec::as_slice);
    let has_failed = times.is_empty() || said_of(&case.told, after).any(|said| said.state == "failed");
    let wait_hours = match cause {
        FallbackCause::Failed => {
            if !has_failed {
                judgement.note("cause is not true", || format!("{after} did not fail, and {id} followed"));
            }
            return;
        }
        FallbackCause::NoReceipt => NO_RECEIPT_HOURS,
        FallbackCause::Unknown => UNKNOWN_HOURS,
        FallbackCause::NoContactPoint => {
            judgement.note("cause is not true", || format!("{id} followed on {after}, which had a number"));
            return;
        }
    };
    let Some(first_taken) = times.last() else { return };
    let least = first_taken.at.plus_seconds((wait_hours - SKIP_HOURS) * 3_600);
    if taken.at < least {
        judgement
            .note("too early", || format!("{id} at {} followed on {after} of {}", taken.at, first_taken.at));
    }
}

/// The chain that leads to a message, last to first, and whether each channel stands in it once.
fn back_to_first(
    case: &Case<'_>,
    id: MessageId,
    before: &HashMap<MessageId, (MessageId, FallbackCause)>,
) -> (Vec<MessageId>, bool) {
    let (mut chain, mut channels) = (Vec::new(), HashSet::new());
    let mut next = Some(id);
    while let Some(member) = next {
        let channel = case.messages.get(&member).and_then(|row| row.channel);
        if chain.contains(&member) || !channels.insert(channel.map(Channel::code)) {
            return (chain, false);
        }
        chain.push(member);
        next = before.get(&member).map(|(after, _)| *after);
    }
    (chain, true)
}

/// Whether any message of the chain that leads to this one is known to have arrived.
fn chain_arrived(
    case: &Case<'_>,
    id: MessageId,
    before: &HashMap<MessageId, (MessageId, FallbackCause)>,
) -> bool {
    let (chain, _) = back_to_first(case, id, before);
    let has_arrived =
        |id: &MessageId| case.messages.get(id).is_some_and(|row| row.state == MessageState::Delivered);
    chain.iter().any(has_arrived)
}

//! Channel fallback (渠道递补): which channel says it when the one before did not get through.
//!
//! A row of a strategy names the causes and, for each, the channels in order of preference. Promises that a chain of
//! messages ends: a channel is used once in it, and [`find_loop`] finds rules that lead back to where they began. What a
//! chain came to is [`outcome_of_chain`], so that a day has one answer however many messages it took.

use crate::contact::{Channel, code_enum};
use crate::message::MessageState;

code_enum! {
    /// What a message came to, so that another channel takes its place.
    FallbackCause {
        /// It did not arrive: the provider refused it, a receipt says so, or the address does not exist.
        Failed = "failed",
        /// A provider took it, and no receipt came in time.
        NoReceipt = "no_receipt_after",
        /// A provider never said whether it took it.
        Unknown = "unknown_after",
        /// There is no number or address for the channel, so there was no message at all.
        NoContactPoint = "no_contact_point",
    }
}

impl FallbackCause {
    /// The cause that a message in `state` may give.
    #[must_use]
    pub const fn of_state(state: MessageState) -> Option<Self> {
        use MessageState as S;
        match state {
            S::Failed => Some(Self::Failed),
            S::Accepted => Some(Self::NoReceipt),
            S::Unknown => Some(Self::Unknown),
            S::Planned
            | S::Held
            | S::Queued
            | S::Sending
            | S::Delivered
            | S::Expired
            | S::Replaced
            | S::Cancelled => None,
        }
    }

    /// Whether the cause comes with a wait.
    #[must_use]
    pub const fn waits(self) -> bool {
        matches!(self, Self::NoReceipt | Self::Unknown)
    }
}

/// The longest wait, in minutes: a week.
pub const WAIT_MINUTES_MAX: u32 = 7 * 24 * 60;

/// One rule: on this cause, these channels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FallbackRule {
    /// The channel that did not get through; `None` for any.
    pub from: Option<Channel>,
    /// Why.
    pub cause: FallbackCause,
    /// After so many minutes in that state; 0 for causes that do not wait, else 1 to [`WAIT_MINUTES_MAX`].
    pub wait_minutes: u32,
    /// The channels to take, in order of preference; never empty.
    pub channels: Vec<Channel>,
}

impl FallbackRule {
    /// The channels that follow `channel` by this rule. Of a rule for any channel those behind it in the list.
    fn after(&self, channel: Channel) -> &[Channel] {
        if self.from.is_some_and(|from| from != channel) {
            return &[];
        }
        match self.channels.iter().position(|named| *named == channel) {
            Some(place) if self.from.is_none() => &self.channels[place + 1..],
            Some(_) | None => &self.channels,
        }
    }
}

/// The channels that may take the place of `channel` on `cause`, best first; those in `used` have had their turn.
#[must_use]
pub fn next_channels(
    rules: &[FallbackRule],
    cause: FallbackCause,
    channel: Channel,
    used: &[Channel],
) -> Vec<Channel> {
    let mut next: Vec<Channel> = Vec::new();
    for rule in rules.iter().filter(|rule| rule.cause == cause) {
        for channel in rule.after(channel) {
            if !next.contains(channel) && !used.contains(channel) {
                next.push(*channel);
            }
        }
    }
    next
}

/// How many minutes a message by `channel` may stay in `state` before a rule asks for another channel; `None` where no
/// rule does.
#[must_use]
pub fn wait_minutes(rules: &[FallbackRule], channel: Channel, state: MessageState) -> Option<u32> {
    let cause = FallbackCause::of_state(state)?;
    let asks = |rule: &&FallbackRule| rule.cause == cause && !rule.after(channel).is_empty();
    rules.iter().filter(asks).map(|rule| rule.wait_minutes).min()
}

/// A way from a channel back to itself, where the rules of a row that begins with `channels` have one.
#[must_use]
pub fn find_loop(rules: &[FallbackRule], channels: &[Channel]) -> Option<Vec<Channel>> {
    channels.iter().find_map(|first| walk(rules, &mut vec![*first]))
}

fn walk(rules: &[FallbackRule], path: &mut Vec<Channel>) -> Option<Vec<Channel>> {
    let last = *path.last()?;
    for next in rules.iter().flat_map(|rule| rule.after(last)) {
        if let Some(place) = path.iter().position(|passed| passed == next) {
            return Some(path[place..].iter().chain([next]).copied().collect());
        }
        path.push(*next);
        let found = walk(rules, path);
        path.pop();
        if found.is_some() {
            return found;
        }
    }
    None
}

/// Which of a chain's messages, first to last, says what the chain came to: one that arrived, else one that a provider
/// took, else one that is still on its way, else one whose outcome is open, else the last. `None` of an empty chain.
#[must_use]
pub fn outcome_of_chain(states: &[MessageState]) -> Option<usize> {
    use MessageState as S;
    let rank = |state: &S| match state {
        S::Delivered => 0,
        S::Accepted => 1,
        S::Planned | S::Held | S::Queued | S::Sending => 2,
        S::Unknown => 3,
        S::Failed | S::Expired | S::Replaced | S::Cancelled => 4,
    };
    let best = states.iter().map(rank).min()?;
    let mut ranked = states.iter().map(rank);
    if best < 4 { ranked.position(|it| it == best) } else { Some(states.len() - 1) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Channel as C;
    use FallbackCause as F;

    fn rule(from: Option<C>, cause: F, wait_minutes: u32, channels: &[C]) -> FallbackRule {
        FallbackRule { from, cause, wait_minutes, channels: channels.to_vec() }
    }

    fn rules() -> Vec<FallbackRule> {
        vec![
            rule(Some(C::Sms), F::NoReceipt, 10, &[C::Email]),
            rule(None, F::Failed, 0, &[C::Email, C::Letter]),
            rule(None, F::NoContactPoint, 0, &[C::Letter]),
        ]
    }

    #[test]
    fn what_follows_a_channel_stands_behind_it_and_was_not_used() {
        let next = |cause, channel, used: &[C]| next_channels(&rules(), cause, channel, used);
        assert_eq!(next(F::Failed, C::Sms, &[C::Sms]), [C::Email, C::Letter]);
        assert_eq!(next(F::Failed, C::Sms, &[C::Sms, C::Email]), [C::Letter]);
        assert_eq!(next(F::Failed, C::Email, &[C::Email]), [C::Letter]);
        assert_eq!(next(F::Failed, C::Letter, &[C::Letter]), []);
        assert_eq!(next(F::NoReceipt, C::Sms, &[C::Sms]), [C::Email]);
        assert_eq!(next(F::NoReceipt, C::Push, &[C::Push]), []);
        assert_eq!(next(F::Unknown, C::Sms, &[C::Sms]), []);
    }

    #[test]
    fn only_a_state_that_a_rule_speaks_of_is_waited_in() {
        let wait = |channel, state| wait_minutes(&rules(), channel, state);
        assert_eq!(wait(C::Sms, MessageState::Accepted), Some(10));
        assert_eq!(wait(C::Email, MessageState::Accepted), None);
        assert_eq!(wait(C::Sms, MessageState::Failed), Some(0));
        assert_eq!(wait(C::Letter, MessageState::Failed), None, "nothing stands behind a letter");
        assert_eq!(wait(C::Sms, MessageState::Unknown), None);
        assert_eq!(wait(C::Sms, MessageState::Delivered), None);
    }

    #[test]
    fn rules_that_lead_back_are_found() {
        assert_eq!(find_loop(&rules(), &[C::Sms, C::Email]), None);
        let itself = [rule(Some(C::Sms), F::Failed, 0, &[C::Sms])];
        assert_eq!(find_loop(&itself, &[C::Sms]), Some(vec![C::Sms, C::Sms]));
        assert_eq!(find_loop(&itself, &[C::Email]), None, "a row that never sends texts has no such loop");
        let back = [rule(None, F::Failed, 0, &[C::Email]), rule(None, F::NoReceipt, 9, &[C::Sms])];
        assert_eq!(find_loop(&back, &[C::Sms]), Some(vec![C::Sms, C::Email, C::Sms]));
    }

    #[test]
    fn a_chain_came_to_what_got_furthest() {
        use MessageState as S;
        let outcome = |states: &[S]| outcome_of_chain(states);
        assert_eq!(outcome(&[]), None);
        assert_eq!(outcome(&[S::Failed, S::Expired]), Some(1), "the last obstacle");
        assert_eq!(outcome(&[S::Delivered, S::Cancelled]), Some(0));
        assert_eq!(outcome(&[S::Failed, S::Delivered]), Some(1));
        assert_eq!(outcome(&[S::Accepted, S::Delivered]), Some(1));
        assert_eq!(outcome(&[S::Accepted, S::Failed]), Some(0));
        assert_eq!(outcome(&[S::Failed, S::Queued]), Some(1));
        assert_eq!(outcome(&[S::Unknown, S::Failed]), Some(0));
    }
}

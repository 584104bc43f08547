//! A message on its way to a person: its states, the budget it uses up, and the form that may be sent.
//!
//! Promises that a [`ClearedMessage`] exists only after [`crate::compliance::clear`] has said yes: only that
//! module can build one. Leaves out how a message is handed over (that is `delivery`) and how its states are
//! kept (that is `store`).

pub use crate::compliance::ClearedMessage;
use crate::contact::{Channel, code_enum};
use crate::date::Date;
use crate::id::{ContactPointId, CustomerId, Key};

code_enum! {
    /// Where a message stands. [`MessageState::can_become`] says which way it can go from there.
    MessageState {
        /// Decided, and waiting for the moment from which it may be sent.
        Planned = "planned",
        /// Kept back by a pause; when the pause ends, one fresh message takes the place of those held.
        Held = "held",
        /// In the outbox, ready for a worker.
        Queued = "queued",
        /// An attempt is open: a worker is handing it to a provider now.
        Sending = "sending",
        /// The provider took it; whether it arrived is not known yet.
        Accepted = "accepted",
        /// A receipt says that it arrived.
        Delivered = "delivered",
        /// It did not arrive and is not tried again.
        Failed = "failed",
        /// The provider never said what became of it. Not tried again: the customer may have it already.
        Unknown = "unknown",
        /// Its last moment passed before it could be sent.
        Expired = "expired",
        /// A fresher message says the same in its place.
        Replaced = "replaced",
        /// The cause went away before it was sent, such as by a payment.
        Cancelled = "cancelled",
    }
}

impl MessageState {
    /// Whether a message in this state may go over into `next`.
    ///
    /// Receipts come late and out of order, so a failed or unknown message may still turn out delivered.
    /// What never arrived (failed, unknown, expired) may be replaced by a fresh message in a catch-up. An unknown one of
    /// which the provider says that it never took it goes back into the queue; should it arrive all the same, the queued
    /// one is delivered and is not sent again.
    #[must_use]
    pub const fn can_become(self, next: Self) -> bool {
        use MessageState as S;
        match self {
            S::Planned => matches!(next, S::Held | S::Queued | S::Expired | S::Replaced | S::Cancelled),
            S::Held => matches!(next, S::Planned | S::Expired | S::Replaced | S::Cancelled),
            S::Queued => matches!(
                next,
                S::Planned
                    | S::Held
                    | S::Sending
                    | S::Delivered
                    | S::Failed
                    | S::Expired
                    | S::Replaced
                    | S::Cancelled
            ),
            S::Sending => {
                matches!(next, S::Queued | S::Accepted | S::Delivered | S::Failed | S::Unknown)
            }
            S::Accepted => matches!(next, S::Delivered | S::Failed | S::Unknown),
            S::Unknown => {
                matches!(next, S::Queued | S::Accepted | S::Delivered | S::Failed | S::Replaced)
            }
            S::Failed => matches!(next, S::Delivered | S::Replaced),
            S::Expired => matches!(next, S::Replaced),
            S::Delivered | S::Replaced | S::Cancelled => false,
        }
    }

    /// Whether the message will not be sent, or sent again.
    #[must_use]
    pub const fn is_over(self) -> bool {
        match self {
            Self::Planned | Self::Held | Self::Queued | Self::Sending => false,
            Self::Accepted
            | Self::Delivered
            | Self::Failed
            | Self::Unknown
            | Self::Expired
            | Self::Replaced
            | Self::Cancelled => true,
        }
    }
}

/// What is known of a message that went in `segment_count` segments, from the receipts of its segments: it arrived
/// when all of them did, and failed when one of them did and never arrived after all. `None`: wait for more.
#[must_use]
pub fn state_of_segments(segment_count: u32, delivered: &[u32], failed: &[u32]) -> Option<MessageState> {
    if (0..segment_count).all(|index| delivered.contains(&index)) {
        return Some(MessageState::Delivered);
    }
    let has_failed = failed.iter().any(|index| !delivered.contains(index));
    has_failed.then_some(MessageState::Failed)
}

code_enum! {
    /// What a daily budget counts. All but the last count per customer over all of their agreements.
    Counter {
        /// Text messages sent.
        Sms = "sms",
        /// E-mails sent.
        Email = "email",
        /// Push messages sent.
        Push = "push",
        /// Letters sent.
        Letter = "letter",
        /// Calls that we placed, answered or not.
        Voice = "voice",
        /// Calls that we placed and that the person took.
        VoiceEffective = "voice_effective",
        /// Calls that we placed to one number and that nobody took.
        VoiceUnanswered = "voice_unanswered",
    }
}

code_enum! {
    /// What became of a call.
    CallOutcome {
        /// The person took it.
        Effective = "effective",
        /// Nobody took it, or it did not get through.
        Unanswered = "unanswered",
        /// Somebody took it who was not the person, so nothing was said.
        NotThePerson = "not_the_person",
    }
}

impl Counter {
    /// The counter of messages by `channel` for one customer and day.
    #[must_use]
    pub const fn of_channel(channel: Channel) -> Self {
        match channel {
            Channel::Sms => Self::Sms,
            Channel::Voice => Self::Voice,
            Channel::Email => Self::Email,
            Channel::Push => Self::Push,
            Channel::Letter => Self::Letter,
        }
    }

    /// Whether a use taken before the call is given back once its outcome is known.
    ///
    /// Whether a call is answered shows only afterwards. So that two calls placed at once cannot pass a cap
    /// together, a call takes from both counters first, and gives back to the one that it did not use up.
    #[must_use]
    pub const fn is_given_back(self, outcome: CallOutcome) -> bool {
        match self {
            Self::VoiceEffective => !matches!(outcome, CallOutcome::Effective),
            Self::VoiceUnanswered => !matches!(outcome, CallOutcome::Unanswered),
            Self::Sms | Self::Email | Self::Push | Self::Letter | Self::Voice => false,
        }
    }

    /// The key of this counter for a customer, or for one of their numbers where it counts by number.
    #[must_use]
    pub fn key(self, customer: CustomerId, contact_point: ContactPointId) -> Key {
        match self {
            Self::VoiceUnanswered => {
                Key::of_cause("budget", &[self.code().as_bytes(), &customer.0, &contact_point.0])
            }
            Self::Sms | Self::Email | Self::Push | Self::Letter | Self::Voice | Self::VoiceEffective => {
                Key::of_cause("budget", &[self.code().as_bytes(), &customer.0])
            }
        }
    }
}

/// One use of a daily budget, to be taken in the transaction that sends, and refused when it is used up:
/// `n = n + 1 where n < cap`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BudgetUse {
    /// The person whose budget it is; the row lies in this customer's part.
    pub customer: CustomerId,
    /// What is counted.
    pub counter: Counter,
    /// The counter's key, made from customer, counter and, where it counts by number, contact point.
    pub key: Key,
    /// The calendar day in the customer's zone.
    pub day: Date,
    /// The most that the counter may reach on that day.
    pub cap: u32,
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(from: MessageState, expected: Expect) {
        let next: Vec<&str> =
            MessageState::ALL.iter().filter(|next| from.can_become(**next)).map(|next| next.code()).collect();
        expected.assert_eq(&next.join(" "));
    }

    #[test]
    fn a_message_moves_only_along_the_states_drawn_for_it() {
        check(MessageState::Planned, expect!["held queued expired replaced cancelled"]);
        check(MessageState::Held, expect!["planned expired replaced cancelled"]);
        check(
            MessageState::Queued,
            expect!["planned held sending delivered failed expired replaced cancelled"],
        );
        check(MessageState::Sending, expect!["queued accepted delivered failed unknown"]);
        check(MessageState::Accepted, expect!["delivered failed unknown"]);
        check(MessageState::Unknown, expect!["queued accepted delivered failed replaced"]);
        check(MessageState::Failed, expect!["delivered replaced"]);
        check(MessageState::Expired, expect!["replaced"]);
        check(MessageState::Delivered, expect![""]);
        check(MessageState::Replaced, expect![""]);
        check(MessageState::Cancelled, expect![""]);
    }

    #[test]
    fn a_message_in_segments_arrived_when_all_of_them_did() {
        use MessageState as S;
        assert_eq!(state_of_segments(2, &[0], &[]), None);
        assert_eq!(state_of_segments(2, &[1, 0, 1], &[]), Some(S::Delivered));
        assert_eq!(state_of_segments(2, &[0], &[1]), Some(S::Failed));
        assert_eq!(state_of_segments(2, &[0], &[0]), None, "it arrived after all, and the other is open");
        assert_eq!(state_of_segments(2, &[0, 1], &[1]), Some(S::Delivered));
    }

    #[test]
    fn a_call_gives_back_the_budget_it_did_not_use_up() {
        let given_back = |outcome| {
            Counter::ALL.iter().filter(|counter| counter.is_given_back(outcome)).map(|c| c.code()).collect()
        };
        let effective: Vec<&str> = given_back(CallOutcome::Effective);
        let unanswered: Vec<&str> = given_back(CallOutcome::Unanswered);
        let stranger: Vec<&str> = given_back(CallOutcome::NotThePerson);
        expect![[r#"["voice_unanswered"]"#]].assert_eq(&format!("{effective:?}"));
        expect![[r#"["voice_effective"]"#]].assert_eq(&format!("{unanswered:?}"));
        expect![[r#"["voice_effective", "voice_unanswered"]"#]].assert_eq(&format!("{stranger:?}"));
    }
}

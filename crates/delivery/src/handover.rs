//! What a provider says when it is handed a message.
//!
//! Promises that "was not taken" (safe to hand over again) and "may have been taken" (not safe) never share a
//! variant, and that no variant carries a number, address or text of a message.

use dunlin_domain::message::MessageState;

/// The code of a message that was not offered to a provider, since the provider took nothing at the moment: of a
/// [`Handover::Throttled`], after which another provider may be tried at once.
pub const NOT_TRIED: &str = "not_tried";

/// What became of one attempt to hand a message over.
///
/// A `code` is short and stable, for counting: a mail server's reply such as `550 5.1.1`, or one of our words
/// such as `closed`. A `detail` is for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Handover {
    /// The provider took it.
    Accepted {
        /// What the provider calls it; several where it was sent in segments, in their order.
        references: Vec<String>,
    },
    /// Not taken because the provider has had as much as it takes in a while. Nobody failed: it is handed over
    /// again as soon as the provider may take more.
    Throttled {
        /// The reason.
        code: String,
        /// The reason in words.
        detail: String,
        /// When it is worth another try, in seconds.
        retry_after_seconds: u32,
    },
    /// Not taken for now, for a reason that lies with this message or its recipient; worth another try.
    Deferred {
        /// The reason.
        code: String,
        /// The reason in words.
        detail: String,
    },
    /// Not taken, and never will be.
    Rejected {
        /// The reason.
        code: String,
        /// The reason in words.
        detail: String,
        /// Whether the provider says that the number or address does not exist or is out of use, so that
        /// nothing else should be sent there either.
        address_is_bad: bool,
    },
    /// The provider takes nothing at present. Nothing was handed over; another provider may be tried.
    Unavailable {
        /// The reason.
        code: String,
        /// The reason in words.
        detail: String,
    },
    /// It may or may not have been taken: the answer was lost after the message had gone out.
    Unknown {
        /// The reason.
        code: String,
        /// The reason in words.
        detail: String,
    },
    /// Its permit had run out, so it was not offered to the provider.
    Expired,
}

impl Handover {
    /// The state that a message in [`MessageState::Sending`] goes over into.
    ///
    /// An expired one goes back into the queue, where expiry is a matter of its own date.
    #[must_use]
    pub fn next_state(&self) -> MessageState {
        match self {
            Self::Accepted { .. } => MessageState::Accepted,
            Self::Throttled { .. } | Self::Deferred { .. } | Self::Unavailable { .. } | Self::Expired => {
                MessageState::Queued
            }
            Self::Rejected { .. } => MessageState::Failed,
            Self::Unknown { .. } => MessageState::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_message_that_was_surely_not_taken_goes_back_into_the_queue() {
        let text = String::new;
        let check = |handover: Handover, expected: MessageState| {
            assert_eq!(handover.next_state(), expected);
            assert!(MessageState::Sending.can_become(expected), "{handover:?}");
        };
        check(Handover::Accepted { references: vec![text()] }, MessageState::Accepted);
        check(
            Handover::Throttled { code: text(), detail: text(), retry_after_seconds: 1 },
            MessageState::Queued,
        );
        check(Handover::Deferred { code: text(), detail: text() }, MessageState::Queued);
        check(
            Handover::Rejected { code: text(), detail: text(), address_is_bad: true },
            MessageState::Failed,
        );
        check(Handover::Unavailable { code: text(), detail: text() }, MessageState::Queued);
        check(Handover::Unknown { code: text(), detail: text() }, MessageState::Unknown);
        check(Handover::Expired, MessageState::Queued);
    }
}

//! The form of a message that may be sent. Its fields can be set by `compliance` and by nobody else.

use std::fmt;

use crate::contact::{Channel, Language, Personal};
use crate::date::Timestamp;
use crate::id::{AttemptId, MessageId};
use crate::message::BudgetUse;

/// A message that the rules permit to be sent to this recipient by this channel until it expires.
///
/// The only thing that `delivery` takes. Nothing outside
/// `domain::compliance` can make or change one.
#[derive(Clone, PartialEq, Eq)]
pub struct ClearedMessage {
    pub(super) id: MessageId,
    pub(super) attempt: AttemptId,
    pub(super) channel: Channel,
    pub(super) recipient: Personal,
    pub(super) subject: Personal,
    pub(super) body: Personal,
    pub(super) language: Language,
    pub(super) template: String,
    pub(super) cleared_at: Timestamp,
    pub(super) expires_at: Timestamp,
    pub(super) budget: Vec<BudgetUse>,
}

impl ClearedMessage {
    /// A test message to the lender's own number or mailbox, from `from` until `until`. It says nothing but that it is one,
    /// whoever reads it, so no rule of contact has a say in it, and it uses up no budget.
    #[must_use]
    pub fn canary(
        id: MessageId,
        attempt: AttemptId,
        channel: Channel,
        recipient: Personal,
        (from, until): (Timestamp, Timestamp),
    ) -> Self {
        let words = format!("Dunlin 通道测试 / channel test {id}");
        Self {
            id,
            attempt,
            channel,
            recipient,
            subject: Personal::new(if channel == Channel::Email { words.clone() } else { String::new() }),
            body: Personal::new(words),
            language: Language::Zh,
            template: String::new(),
            cleared_at: from,
            expires_at: until,
            budget: Vec::new(),
        }
    }

    /// The message.
    #[must_use]
    pub fn id(&self) -> MessageId {
        self.id
    }

    /// The attempt that this clearance is for.
    #[must_use]
    pub fn attempt(&self) -> AttemptId {
        self.attempt
    }

    /// The medium.
    #[must_use]
    pub fn channel(&self) -> Channel {
        self.channel
    }

    /// The number or address.
    #[must_use]
    pub fn recipient(&self) -> &Personal {
        &self.recipient
    }

    /// The subject line, personal like the body; empty for channels without one (SMS, voice).
    #[must_use]
    pub fn subject(&self) -> &str {
        self.subject.reveal()
    }

    /// The text.
    #[must_use]
    pub fn body(&self) -> &Personal {
        &self.body
    }

    /// The language of subject and body.
    #[must_use]
    pub fn language(&self) -> Language {
        self.language
    }

    /// The name of its template; empty where it has none.
    #[must_use]
    pub fn template(&self) -> &str {
        &self.template
    }

    /// The moment at which the rules were asked.
    #[must_use]
    pub fn cleared_at(&self) -> Timestamp {
        self.cleared_at
    }

    /// The first moment at which it may no longer be handed to a provider.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// The daily budgets that sending it uses up.
    #[must_use]
    pub fn budget(&self) -> &[BudgetUse] {
        &self.budget
    }
}

/// Names the message and never its recipient or text.
impl fmt::Debug for ClearedMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} ({}) by {} in {}, cleared at {}, until {}",
            self.id, self.attempt, self.channel, self.language, self.cleared_at, self.expires_at
        )
    }
}

//! Asking a provider what became of a message that it was handed, or may have been.
//!
//! Promises that "never taken" is said only where the provider's answer leaves no other way to read it, and that no answer
//! carries a number or a text. Leaves out when to ask and what follows: `engine` decides that.

use dunlin_domain::contact::Personal;
use dunlin_domain::date::Timestamp;
use dunlin_domain::id::MessageId;
use ring::digest;

/// Longer than any wait for an answer: a message that left within an attempt was made by then.
pub(crate) const ATTEMPT_SECONDS_MAX: i64 = 600;
/// How far a provider's clock may be from ours.
pub(crate) const CLOCKS_APART_SECONDS: i64 = 120;

/// A fingerprint of a text, for finding it among those that a provider lists.
pub type Fingerprint = [u8; 16];

/// The fingerprint of the text of a message. It differs for the same text in another message.
#[must_use]
pub fn fingerprint(message: &MessageId, body: &str) -> Fingerprint {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(&message.0);
    context.update(body.as_bytes());
    let hash = context.finish();
    let mut print = [0; 16];
    print.copy_from_slice(&hash.as_ref()[..16]);
    print
}

/// How a provider can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inquiries {
    /// Not at all.
    None,
    /// By what it called the message, which is not known where its answer was lost.
    ByReference,
    /// By the message or its recipient, so also where its answer was lost.
    ByMessage,
}

/// What is asked about.
#[derive(Clone, Debug)]
pub struct Inquiry {
    /// The message.
    pub message: MessageId,
    /// Where it went.
    pub recipient: Personal,
    /// What the provider called it, one for each segment; none where its answer was lost.
    pub references: Vec<String>,
    /// When handing it over began.
    pub handed_over_at: Timestamp,
    /// Of its text, where that is known.
    pub fingerprint: Option<Fingerprint>,
}

/// What a provider says of a message. A `code` is short and stable: the provider's own, or one of our words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inquired {
    /// It arrived.
    Delivered {
        /// The provider's word.
        code: String,
        /// When, where that is said.
        at: Option<Timestamp>,
    },
    /// It was taken and did not arrive.
    Failed {
        /// The provider's word.
        code: String,
        /// When, where that is said.
        at: Option<Timestamp>,
    },
    /// It was taken and is on its way.
    Underway {
        /// The provider's word.
        code: String,
    },
    /// The provider surely never took it.
    NeverTaken {
        /// How that is known.
        code: String,
    },
    /// The provider answered, and nothing follows from it.
    CannotTell {
        /// Why.
        code: String,
    },
    /// Nobody answered, or the provider asks for patience: it is to be left alone for a while.
    NoAnswer {
        /// Why.
        code: String,
    },
}

impl Inquired {
    /// A stable word for it.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Delivered { .. } => "delivered",
            Self::Failed { .. } => "failed",
            Self::Underway { .. } => "underway",
            Self::NeverTaken { .. } => "never_taken",
            Self::CannotTell { .. } => "cannot_tell",
            Self::NoAnswer { .. } => "no_answer",
        }
    }

    /// The code.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Delivered { code, .. }
            | Self::Failed { code, .. }
            | Self::Underway { code }
            | Self::NeverTaken { code }
            | Self::CannotTell { code }
            | Self::NoAnswer { code } => code,
        }
    }

    pub(crate) fn cannot_tell(code: &str) -> Self {
        Self::CannotTell { code: code.to_owned() }
    }

    pub(crate) fn no_answer(code: &str) -> Self {
        Self::NoAnswer { code: code.to_owned() }
    }

    /// Of the answers about the segments of one message the one about the message: it failed when one segment did, arrived
    /// when all did, and is known to have been taken when one was.
    pub(crate) fn of_segments(segments: Vec<Self>) -> Self {
        let rank = |answer: &Self| match answer {
            Self::Failed { .. } => 0,
            Self::NoAnswer { .. } => 1,
            Self::Underway { .. } => 2,
            Self::CannotTell { .. } | Self::NeverTaken { .. } => 3,
            Self::Delivered { .. } => 4,
        };
        segments.into_iter().min_by_key(rank).unwrap_or_else(|| Self::cannot_tell("no_reference"))
    }
}

/// Asks one question after the other; once nobody answers, the rest is not asked.
pub(crate) fn until_silence(inquiries: &[Inquiry], ask: impl Fn(&Inquiry) -> Inquired) -> Vec<Inquired> {
    let mut silence: Option<Inquired> = None;
    let answers = inquiries.iter().map(|inquiry| {
        let answer = silence.clone().unwrap_or_else(|| ask(inquiry));
        if matches!(answer, Inquired::NoAnswer { .. }) {
            silence = Some(answer.clone());
        }
        answer
    });
    answers.collect()
}

/// When and how long providers are asked about a message whose outcome is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asking {
    /// Minutes after handing over, or after the last question, before the first and the second question; each further gap
    /// is twice the one before. 1 to 1,440.
    pub after_minutes: u32,
    /// Questions about one attempt at most; 0 asks about none. Up to 100.
    pub times_max: u32,
    /// Hours after handing over from which nothing is asked any more. 1 to 720.
    pub hours_max: u32,
}

impl Default for Asking {
    fn default() -> Self {
        Self { after_minutes: 10, times_max: 6, hours_max: 24 }
    }
}

impl Asking {
    /// When to ask next after `asked_count` questions, of which the last was at `last` (or the handing over, for none); `None`
    /// when enough was asked.
    #[must_use]
    pub fn next_at(&self, handed_over_at: Timestamp, asked_count: u32, last: Timestamp) -> Option<Timestamp> {
        const DOUBLINGS_MAX: u32 = 10;
        if asked_count >= self.times_max {
            return None;
        }
        let doublings = asked_count.saturating_sub(1).min(DOUBLINGS_MAX);
        let next = last.plus_seconds(i64::from(self.after_minutes) * 60 * (1 << doublings));
        let end = handed_over_at.plus_seconds(i64::from(self.hours_max) * 3_600);
        (next < end).then_some(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_grow_rarer_and_end() {
        let start = Timestamp::from_micros(0);
        let asking = Asking { after_minutes: 10, times_max: 5, hours_max: 2 };
        let (mut last, mut minutes) = (start, Vec::new());
        for count in 0.. {
            let Some(next) = asking.next_at(start, count, last) else { break };
            minutes.push(next.micros() / 60_000_000);
            last = next;
        }
        assert_eq!(minutes, [10, 20, 40, 80], "the fifth would come after two hours and forty minutes");
        assert_eq!(Asking { times_max: 0, ..asking }.next_at(start, 0, start), None);
    }

    #[test]
    fn a_message_in_segments_is_what_its_worst_segment_is() {
        let code = String::new;
        let delivered = || Inquired::Delivered { code: code(), at: None };
        let of = |segments: Vec<Inquired>| Inquired::of_segments(segments).word();
        assert_eq!(of(vec![delivered(), delivered()]), "delivered");
        assert_eq!(of(vec![delivered(), Inquired::Underway { code: code() }]), "underway");
        assert_eq!(of(vec![Inquired::cannot_tell(""), delivered()]), "cannot_tell");
        assert_eq!(of(vec![delivered(), Inquired::Failed { code: code(), at: None }]), "failed");
        assert_eq!(of(vec![Inquired::no_answer(""), delivered()]), "no_answer");
        assert_eq!(of(Vec::new()), "cannot_tell");
    }
}

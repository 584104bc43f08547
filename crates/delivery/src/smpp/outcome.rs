//! What a message centre's answers mean for a message.

use std::io::ErrorKind;

use dunlin_domain::contact::Channel;

use super::link::{Answer, BindError};
use super::pdu::queried_state;
use super::receipt_text;
use crate::handover::Handover;
use crate::inquiry::Inquired;
use crate::receipt::ReceiptState;

/// Seconds until a message centre that asked for patience is asked again.
const PATIENCE_SECONDS: u32 = 5;

/// What became of a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// The message centre took it, and calls it so.
    Yes(String),
    /// The message centre takes no more for a while.
    Throttled,
    /// The message centre refused it with this state.
    No(u32),
    /// It left, and no answer came.
    Perhaps,
    /// It never left.
    NotSent,
}

impl Taken {
    pub fn of(answer: Answer) -> Self {
        match answer {
            Answer::Said { status: 0x00, id, .. } => Self::Yes(id.unwrap_or_default()),
            // ESME_RTHROTTLED and ESME_RMSGQFUL.
            Answer::Said { status: 0x58 | 0x14, .. } => Self::Throttled,
            Answer::Said { status, .. } => Self::No(status),
            Answer::Lost => Self::Perhaps,
            Answer::NotSent => Self::NotSent,
        }
    }
}

/// What became of a message, by its segments.
pub(super) fn sum_up(segments: &[Taken], channel: Channel) -> Handover {
    let ids = segments.iter().filter_map(|segment| match segment {
        Taken::Yes(id) => Some(id.clone()),
        Taken::Throttled | Taken::No(_) | Taken::Perhaps | Taken::NotSent => None,
    });
    let references: Vec<String> = ids.collect();
    if references.len() == segments.len() {
        return Handover::Accepted { references };
    }
    if !references.is_empty() {
        let (taken, of) = (references.len(), segments.len());
        return Handover::Unknown {
            code: "partly_taken".to_owned(),
            detail: format!("the message centre took {taken} of {of} segments of the {channel}"),
        };
    }
    if segments.contains(&Taken::Perhaps) {
        return Handover::Unknown {
            code: "no_answer".to_owned(),
            detail: "the message centre did not answer after the message had been sent".to_owned(),
        };
    }
    let refused = segments.iter().find_map(|segment| match segment {
        Taken::No(status) => Some(refused(*status)),
        Taken::Yes(_) | Taken::Throttled | Taken::Perhaps | Taken::NotSent => None,
    });
    match refused {
        Some(refused) => refused,
        None if segments.contains(&Taken::Throttled) => throttled("the message centre asked for patience"),
        None => connection_lost(),
    }
}

/// The message centre said no to a message (section 5.1.3).
fn refused(status: u32) -> Handover {
    let (code, detail) = (code(status), format!("the message centre refused: {}", words(status)));
    match status {
        // Invalid destination address.
        0x0B => Handover::Rejected { code, detail, address_is_bad: true },
        // Bound wrongly, not bound, or a sender that may not send: it is the same for every message.
        0x04 | 0x05 | 0x0A | 0x0D | 0x0E | 0x0F | 0x48 | 0x49 => Handover::Unavailable { code, detail },
        // Its own trouble, a temporary error of the application, or the message centre's own codes, of which
        // nobody knows whether they pass.
        0x08 | 0x45 | 0x64 | 0xFE | 0xFF | 0x400.. => Handover::Deferred { code, detail },
        _ => Handover::Rejected { code, detail, address_is_bad: false },
    }
}

/// No bind could be opened.
pub(super) fn refused_bind(error: &BindError) -> Handover {
    match error {
        BindError::Refused(status) => Handover::Unavailable {
            code: code(*status),
            detail: format!("the message centre refused to let us in: {}", words(*status)),
        },
        BindError::Connection(error) => {
            let is_timeout = matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock);
            let is_tls = error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>());
            let code = match (is_timeout, is_tls) {
                (true, _) => "timeout",
                (false, true) => "tls",
                (false, false) => "connection",
            };
            Handover::Unavailable {
                code: code.to_owned(),
                detail: format!("the message centre cannot be reached: {error}"),
            }
        }
    }
}

/// What the answer to a `query_sm` says. A message centre knows an id for a while only, so that one that it does not know
/// says nothing of a message that it took.
pub(super) fn inquired(answer: &Answer) -> Inquired {
    match answer {
        Answer::Said { status: 0x00, body, .. } => {
            let Some((state, error)) = queried_state(body) else {
                return Inquired::cannot_tell("unreadable");
            };
            match receipt_text::state_of_byte(state, error) {
                Some(ReceiptState::Delivered | ReceiptState::Read) => {
                    Inquired::Delivered { code: "DELIVRD".to_owned(), at: None }
                }
                Some(ReceiptState::Failed { code }) => Inquired::Failed { code, at: None },
                Some(ReceiptState::Underway { code }) if code == "UNKNOWN" => Inquired::CannotTell { code },
                Some(ReceiptState::Underway { code }) => Inquired::Underway { code },
                None => Inquired::CannotTell { code: format!("state_{state}") },
            }
        }
        // Throttled, its queue is full, its own system error: later.
        Answer::Said { status: status @ (0x58 | 0x14 | 0x08), .. } => {
            Inquired::NoAnswer { code: code(*status) }
        }
        // ESME_RQUERYFAIL, ESME_RINVMSGID, a command that it does not know, and codes of its own.
        Answer::Said { status, .. } => Inquired::CannotTell { code: code(*status) },
        Answer::Lost | Answer::NotSent => Inquired::no_answer("connection"),
    }
}

pub(super) fn connection_lost() -> Handover {
    Handover::Unavailable {
        code: "connection".to_owned(),
        detail: "the connection to the message centre was lost before the message was sent".to_owned(),
    }
}

pub(super) fn throttled(detail: &str) -> Handover {
    Handover::Throttled {
        code: "throttled".to_owned(),
        detail: detail.to_owned(),
        retry_after_seconds: PATIENCE_SECONDS,
    }
}

pub(super) fn bad_number() -> Handover {
    Handover::Rejected {
        code: "address".to_owned(),
        detail: "the recipient is not a phone number".to_owned(),
        address_is_bad: true,
    }
}

pub(super) fn too_long() -> Handover {
    Handover::Rejected {
        code: "too_long".to_owned(),
        detail: "the text takes more than 255 segments; shorten the template".to_owned(),
        address_is_bad: false,
    }
}

fn code(status: u32) -> String {
    format!("smpp_{status:02x}")
}

fn words(status: u32) -> String {
    let words = match status {
        0x01 => "message too long",
        0x02 => "command length is invalid",
        0x03 => "command id is invalid",
        0x04 => "wrong bind state for this command",
        0x05 => "already bound",
        0x08 => "its own system error",
        0x0A => "sender is invalid",
        0x0B => "recipient is invalid",
        0x0D => "bind failed",
        0x0E => "password is wrong",
        0x0F => "system id is wrong",
        0x45 => "submit failed",
        0x48 => "sender's type of number is invalid",
        0x49 => "sender's numbering plan is invalid",
        0x61 => "time of delivery is invalid",
        0x62 => "validity period is invalid",
        0x64 => "temporary application error",
        0x65 => "permanent application error",
        0x66 => "rejected by the application",
        0xFF => "unknown error",
        0x400..=0x4FF => "a code of its own",
        _ => "see SMPP 3.4, 5.1.3",
    };
    format!("{words} (0x{status:08x})")
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(segments: &[Taken], expected: Expect) {
        let told = match sum_up(segments, Channel::Sms) {
            Handover::Accepted { references } => format!("accepted {}", references.join(" ")),
            Handover::Throttled { .. } => "throttled".to_owned(),
            Handover::Deferred { code, .. } => format!("deferred {code}"),
            Handover::Rejected { code, address_is_bad, .. } => format!("rejected {code} {address_is_bad}"),
            Handover::Unavailable { code, .. } => format!("unavailable {code}"),
            Handover::Unknown { code, .. } => format!("unknown {code}"),
            Handover::Expired => "expired".to_owned(),
        };
        expected.assert_eq(&told);
    }

    #[test]
    fn what_left_and_was_not_answered_is_never_sent_again() {
        let yes = || Taken::Yes("7".to_owned());
        check(&[yes(), yes()], expect!["accepted 7 7"]);
        check(&[yes(), Taken::NotSent], expect!["unknown partly_taken"]);
        check(&[yes(), Taken::No(0x0B)], expect!["unknown partly_taken"]);
        check(&[Taken::Perhaps, Taken::NotSent], expect!["unknown no_answer"]);
        check(&[Taken::Throttled, Taken::Perhaps], expect!["unknown no_answer"]);
        check(&[Taken::NotSent, Taken::NotSent], expect!["unavailable connection"]);
        check(&[Taken::Throttled], expect!["throttled"]);
    }

    #[test]
    fn only_an_invalid_recipient_costs_the_number() {
        check(&[Taken::No(0x0B)], expect!["rejected smpp_0b true"]);
        check(&[Taken::No(0x0A)], expect!["unavailable smpp_0a"]);
        check(&[Taken::No(0x66)], expect!["rejected smpp_66 false"]);
        check(&[Taken::No(0x08)], expect!["deferred smpp_08"]);
        check(&[Taken::No(0x400)], expect!["deferred smpp_400"]);
    }
}

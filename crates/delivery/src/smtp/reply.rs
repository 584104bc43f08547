//! What a server's reply means for a message, step by step.

use std::error::Error as _;
use std::io::{self, ErrorKind};

use lettre::transport::smtp::Error;

use crate::handover::Handover;

/// Where a conversation about one mail stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Connecting, greeting, turning to TLS, saying who we are.
    Opening,
    /// Naming the sender, as far as nothing was said about the recipient.
    Sender,
    /// Naming the recipient.
    Recipient,
    /// Asking to send the text.
    Announcement,
    /// Sending the text; from here on the server may have taken the mail.
    Text,
}

/// What the failure of `step` means. `recipient` is kept out of the detail.
pub(super) fn meaning(step: Step, error: &Error, recipient: &str) -> Handover {
    let said = error.source().map(ToString::to_string).unwrap_or_default();
    match error.status() {
        Some(code) => refused(step, &code.to_string(), &without_addresses(&said, recipient)),
        None => lost(step, error, &without_addresses(&said, recipient)),
    }
}

/// The server said no.
fn refused(step: Step, code: &str, said: &str) -> Handover {
    let status = said.split_whitespace().next().filter(|word| is_enhanced_status(word));
    let detail = format!("the mail server said: {said}");
    let is_temporary = code.starts_with('4');
    let code = status.map_or_else(|| code.to_owned(), |status| format!("{code} {status}"));
    match step {
        // Who we are, or who sends, is the same for every mail: it is the server that is of no use to us.
        Step::Opening | Step::Sender => Handover::Unavailable { code, detail },
        _ if is_temporary => Handover::Deferred { code, detail },
        Step::Recipient | Step::Announcement | Step::Text => {
            let address_is_bad = address_is_bad(step, &code, status);
            Handover::Rejected { code, detail, address_is_bad }
        }
    }
}

/// The connection was lost, or what came back was no reply.
fn lost(step: Step, error: &Error, said: &str) -> Handover {
    let (code, said) = match (is_timeout(error), error.is_tls()) {
        (true, _) => ("timeout".to_owned(), "it took too long to reply"),
        (false, true) => ("tls".to_owned(), said),
        (false, false) => ("connection".to_owned(), said),
    };
    match step {
        Step::Opening | Step::Sender => {
            Handover::Unavailable { code, detail: format!("the mail server cannot be used: {said}") }
        }
        // It may be this recipient at which the server stumbles. If it is down, the next mail will tell.
        Step::Recipient | Step::Announcement => {
            Handover::Deferred { code, detail: format!("the mail server broke off before the text: {said}") }
        }
        Step::Text => {
            Handover::Unknown { code, detail: format!("no reply after the text had been sent: {said}") }
        }
    }
}

/// Whether a permanent refusal is about the address itself: RFC 3463 says so by class 5.1 (no such address) and
/// 5.2.1 (mailbox out of use); without such a status, 550, 551 and 553 for the recipient do (RFC 5321, 4.2.3).
/// Refusals for our conduct (5.7) must not cost a customer their address.
fn address_is_bad(step: Step, code: &str, status: Option<&str>) -> bool {
    match status {
        // 5.1.7 and 5.1.8 are about the sender's address.
        Some("5.1.7" | "5.1.8") => false,
        Some(status) => status.starts_with("5.1.") || status == "5.2.1",
        None => step == Step::Recipient && ["550", "551", "553"].contains(&code),
    }
}

/// Three numbers with dots, such as `5.1.1`.
fn is_enhanced_status(word: &str) -> bool {
    let numbers: Vec<&str> = word.split('.').collect();
    numbers.len() == 3
        && numbers.iter().all(|number| {
            (1..=3).contains(&number.len()) && number.bytes().all(|digit| digit.is_ascii_digit())
        })
}

/// Servers like to quote the recipient in their replies, whole or up to the `@`. Replies are logged, and
/// recipients are not.
fn without_addresses(said: &str, recipient: &str) -> String {
    let local_part = recipient.split('@').next().unwrap_or_default();
    let hide = |word| {
        let bare = str::trim_matches(word, |letter: char| !letter.is_alphanumeric());
        let is_recipient = !bare.is_empty() && bare.eq_ignore_ascii_case(local_part);
        if word.contains('@') || is_recipient { "(address)" } else { word }
    };
    said.split_whitespace().map(hide).collect::<Vec<_>>().join(" ")
}

fn is_timeout(error: &Error) -> bool {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(error) = inner.downcast_ref::<io::Error>() {
            // A read that waits too long is "would block" to the system.
            return matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock);
        }
        cause = inner.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(step: Step, code: &str, said: &str, expected: Expect) {
        let answer = match refused(step, code, &without_addresses(said, "li.hua@example.com")) {
            Handover::Deferred { code, detail } => format!("deferred {code}: {detail}"),
            Handover::Rejected { code, detail, address_is_bad: true } => {
                format!("rejected, bad address, {code}: {detail}")
            }
            Handover::Rejected { code, detail, address_is_bad: false } => {
                format!("rejected {code}: {detail}")
            }
            Handover::Unavailable { code, detail } => format!("unavailable {code}: {detail}"),
            other => format!("{other:?}"),
        };
        expected.assert_eq(&answer);
    }

    #[test]
    fn only_a_refusal_of_the_address_costs_the_address() {
        check(
            Step::Recipient,
            "550",
            "5.1.1 <li.hua@example.com>: no such user",
            expect!["rejected, bad address, 550 5.1.1: the mail server said: 5.1.1 (address) no such user"],
        );
        check(
            Step::Recipient,
            "550",
            "No such user: Li.Hua",
            expect!["rejected, bad address, 550: the mail server said: No such user: (address)"],
        );
        check(
            Step::Recipient,
            "554",
            "5.7.1 Relay access denied",
            expect!["rejected 554 5.7.1: the mail server said: 5.7.1 Relay access denied"],
        );
        check(
            Step::Text,
            "550",
            "5.7.1 Message refused as spam",
            expect!["rejected 550 5.7.1: the mail server said: 5.7.1 Message refused as spam"],
        );
        check(Step::Text, "554", "No", expect!["rejected 554: the mail server said: No"]);
        check(
            Step::Recipient,
            "553",
            "5.1.8 Bad sender",
            expect!["rejected 553 5.1.8: the mail server said: 5.1.8 Bad sender"],
        );
    }

    #[test]
    fn a_temporary_refusal_is_worth_another_try() {
        check(
            Step::Recipient,
            "451",
            "4.7.1 Greylisted, come back later",
            expect!["deferred 451 4.7.1: the mail server said: 4.7.1 Greylisted, come back later"],
        );
        check(Step::Text, "452", "Disk full", expect!["deferred 452: the mail server said: Disk full"]);
        check(Step::Recipient, "421", "Too busy", expect!["deferred 421: the mail server said: Too busy"]);
    }

    #[test]
    fn a_refusal_of_us_is_not_one_of_the_recipient() {
        check(
            Step::Opening,
            "535",
            "5.7.8 Authentication failed",
            expect!["unavailable 535 5.7.8: the mail server said: 5.7.8 Authentication failed"],
        );
        check(
            Step::Sender,
            "550",
            "sender no-reply@lender.example unknown",
            expect!["unavailable 550: the mail server said: sender (address) unknown"],
        );
    }
}

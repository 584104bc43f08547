//! What a delivery receipt of a message centre says.
//!
//! SMPP 3.4 leaves the text to the message centre and describes the usual one in appendix B; the optional
//! parameters of section 5.3.2 say the same in a form that cannot be misread, and win where they are there.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::pdu::Deliver;
use crate::receipt::ReceiptState;
use dunlin_domain::date::Timestamp;

/// One receipt, by the id that the message centre gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub id: String,
    pub state: ReceiptState,
    /// When it was done, where that is said.
    pub at: Option<Timestamp>,
}

/// Reads a delivery; `None` when it is no receipt, such as a message from a customer.
pub(super) fn read(deliver: &Deliver, zone: &TimeZone) -> Option<Told> {
    let text = String::from_utf8_lossy(&deliver.text);
    let id = match &deliver.receipted_message_id {
        Some(id) if !id.is_empty() => id.clone(),
        Some(_) | None => field(&text, "id:")?.to_owned(),
    };
    let error = field(&text, "err:").unwrap_or_default();
    let word = match deliver.message_state {
        Some(state) => state_word(state)?.to_owned(),
        None => field(&text, "stat:")?.to_ascii_uppercase(),
    };
    let state = state_of(&word, error);
    let at = field(&text, "done date:").and_then(|digits| moment(digits, zone));
    Some(Told { id, state, at })
}

/// The word behind `name`, in any case.
fn field<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let lower = text.to_ascii_lowercase();
    let mut from = 0;
    // "id:" also ends other names, so it must begin the text or stand behind a space.
    while let Some(found) = lower[from..].find(name) {
        let start = from + found;
        let is_whole = start == 0 || lower.as_bytes()[start - 1] == b' ';
        if is_whole {
            let value = text[start + name.len()..].split(' ').next().unwrap_or_default();
            return (!value.is_empty()).then_some(value);
        }
        from = start + name.len();
    }
    None
}

/// Section 5.2.28.
fn state_word(state: u8) -> Option<&'static str> {
    let words = ["ENROUTE", "DELIVRD", "EXPIRED", "DELETED", "UNDELIV", "ACCEPTD", "UNKNOWN", "REJECTD"];
    words.get(usize::from(state).checked_sub(1)?).copied()
}

/// The state that a `query_sm_resp` names, with the network's error; `None` for one that the specification does not have.
pub(super) fn state_of_byte(state: u8, error: u8) -> Option<ReceiptState> {
    Some(state_of(state_word(state)?, &error.to_string()))
}

/// `ACCEPTD` means read by customer service on the customer's behalf (5.2.28), which some message centres use for
/// "on its way" instead; `UNKNOWN` says nothing. Neither ends the wait for a better word.
fn state_of(word: &str, error: &str) -> ReceiptState {
    let code = match error.trim_start_matches('0') {
        "" => word.to_owned(),
        _ => format!("{word}:{error}"),
    };
    match word {
        "DELIVRD" => ReceiptState::Delivered,
        "EXPIRED" | "DELETED" | "UNDELIV" | "REJECTD" => ReceiptState::failed(&code),
        _ => ReceiptState::underway(&code),
    }
}

/// `YYMMDDhhmm` or `YYMMDDhhmmss`, by the message centre's clock.
fn moment(digits: &str, zone: &TimeZone) -> Option<Timestamp> {
    if !matches!(digits.len(), 10 | 12) || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let two = |index: usize| digits.get(index * 2..index * 2 + 2)?.parse::<i8>().ok();
    let year = 2000 + i16::from(two(0)?);
    let second = if digits.len() == 12 { two(5)? } else { 0 };
    let civil = DateTime::new(year, two(1)?, two(2)?, two(3)?, two(4)?, second, 0).ok()?;
    let moment = zone.to_timestamp(civil).ok()?;
    Some(Timestamp::from_micros(moment.as_microsecond()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(text: &str, parameters: (Option<&str>, Option<u8>), expected: Expect) {
        let deliver = Deliver {
            source: String::new(),
            data_coding: 0,
            esm_class: 4,
            text: text.as_bytes().to_vec(),
            receipted_message_id: parameters.0.map(str::to_owned),
            message_state: parameters.1,
            sar: (None, None, None),
            user_reference: None,
        };
        let zone = TimeZone::fixed(jiff::tz::offset(8));
        let told = read(&deliver, &zone).map_or_else(
            || "no receipt".to_owned(),
            |told| {
                let at = told.at.map_or_else(|| "some time".to_owned(), |at| at.to_string());
                format!("{} {:?} at {at}", told.id, told.state)
            },
        );
        expected.assert_eq(&told);
    }

    #[test]
    fn the_usual_text_is_read() {
        check(
            "id:0123456789 sub:001 dlvrd:001 submit date:2611240930 done date:2611240931 stat:DELIVRD err:000 text:id:9",
            (None, None),
            expect!["0123456789 Delivered at 2026-11-24T01:31:00Z"],
        );
        check(
            "id:7b sub:001 dlvrd:000 submit date:261124093000 done date:261124093107 stat:UNDELIV err:004 Text:",
            (None, None),
            expect![[r#"7b Failed { code: "UNDELIV:004" } at 2026-11-24T01:31:07Z"#]],
        );
        check("ID:9 STAT:rejectd", (None, None), expect![[r#"9 Failed { code: "REJECTD" } at some time"#]]);
        check(
            "id:9 stat:ENROUTE err:0",
            (None, None),
            expect![[r#"9 Underway { code: "ENROUTE" } at some time"#]],
        );
        check("id:9 stat:UNKNOWN", (None, None), expect![[r#"9 Underway { code: "UNKNOWN" } at some time"#]]);
    }

    #[test]
    fn parameters_win_over_the_text() {
        check("id:1 stat:UNDELIV", (Some("2"), Some(2)), expect!["2 Delivered at some time"]);
        check("", (Some("2"), Some(5)), expect![[r#"2 Failed { code: "UNDELIV" } at some time"#]]);
    }

    #[test]
    fn what_a_customer_writes_is_no_receipt() {
        check("退订", (None, None), expect!["no receipt"]);
        check("paid: 100", (None, None), expect!["no receipt"]);
        check("my id:77 please", (None, None), expect!["no receipt"]);
    }

    #[test]
    fn a_date_that_cannot_be_is_left_out() {
        check("id:9 done date:2613240931 stat:DELIVRD", (None, None), expect!["9 Delivered at some time"]);
        check("id:9 done date:tomorrow stat:DELIVRD", (None, None), expect!["9 Delivered at some time"]);
    }
}

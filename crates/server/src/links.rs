//! The addresses of the console, in one place: what a name must look like inside a path is decided here only.

use std::fmt::Write as _;

use dunlin_domain::date::Date;
use dunlin_domain::reason::Reason;

/// The page *Today* for a day.
#[must_use]
pub fn today(on: Date) -> String {
    format!("/today?on={on}")
}

/// The trial balance of a day.
#[must_use]
pub fn books(on: Date) -> String {
    format!("/books?on={on}")
}

/// The card of an account over some days.
#[must_use]
pub fn account(code: &str, from: Date, through: Date) -> String {
    format!("{}?from={from}&through={through}", account_form(code))
}

/// Where the form that chooses the days of an account leads.
#[must_use]
pub fn account_form(code: &str) -> String {
    format!("/books/accounts/{}", segment(code))
}

/// The page *Silence* for a range of days.
#[must_use]
pub fn silence(from: Date, through: Date) -> String {
    format!("/silence?from={from}&through={through}")
}

/// The page *Coverage and costs* for a range of days.
#[must_use]
pub fn coverage(from: Date, through: Date) -> String {
    format!("/coverage?from={from}&through={through}")
}

/// The agreements of one day and reason.
#[must_use]
pub fn reason(on: Date, reason: Reason) -> String {
    format!("/silence/{on}/{reason}")
}

/// The page *Agreement* as of a day.
#[must_use]
pub fn agreement(id: &str, on: Date) -> String {
    format!("/agreements/{}?on={on}", segment(id))
}

/// Why an agreement heard something, or nothing, on a day.
#[must_use]
pub fn why(id: &str, on: Date) -> String {
    format!("/agreements/{}/why?on={on}", segment(id))
}

/// The page *Agreement* as of the last closed day.
#[must_use]
pub fn agreement_now(id: &str) -> String {
    format!("/agreements/{}", segment(id))
}

/// The statements of an agreement.
#[must_use]
pub fn statements(id: &str) -> String {
    format!("/agreements/{}/statements", segment(id))
}

/// One statement of an agreement in a form: `html`, `pdf` or `json`.
#[must_use]
pub fn statement(id: &str, cut_off_on: Date, extension: &str) -> String {
    format!("/agreements/{}/statements/{cut_off_on}.{extension}", segment(id))
}

/// `text` with everything but letters, digits, `-`, `_`, `.` and `~` written as `%XX`: fit for one segment of a
/// path, and for a value in a query.
#[must_use]
pub fn segment(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ => {
                // Writing to a string cannot fail.
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn an_id_of_any_letters_stays_one_segment_of_the_path() {
        let on = Date::parse("2026-03-04").expect("a day of the calendar");
        expect!["/agreements/CL-0001?on=2026-03-04"].assert_eq(&agreement("CL-0001", on));
        expect!["/agreements/a%2Fb%3Fc%20d%26e/why?on=2026-03-04"].assert_eq(&why("a/b?c d&e", on));
        expect!["/agreements/%E5%90%88%E7%BA%A6-7"].assert_eq(&agreement_now("合约-7"));
        expect!["/agreements/%22%3E%3Cscript%3E"].assert_eq(&agreement_now("\"><script>"));
    }

    #[test]
    fn a_reason_is_named_by_its_code() {
        let on = Date::parse("2026-03-04").expect("a day of the calendar");
        expect!["/silence/2026-03-04/policy.interval"].assert_eq(&reason(on, Reason::Interval));
    }
}

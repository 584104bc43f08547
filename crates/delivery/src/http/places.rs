//! Places in what a lender writes for a provider of its own, such as `{recipient}`: which there are, and which of those that
//! stand in a text are none. Braces around anything but one word are no place and stay as they are, so that a text may be JSON.

use serde_json::Value;

/// The places of headers and body.
pub const PLACES: [&str; 8] =
    ["recipient", "subject", "body", "id", "attempt", "language", "expires_at", "secret"];
/// The places of the address at which it is asked what became of a message.
pub const QUERY_PLACES: [&str; 2] = ["id", "reference"];

/// The first place in `text` that is not in `known`: a word of ASCII letters, digits, `_`, `-` and `.` that begins with a
/// letter, alone between braces, blanks aside.
#[must_use]
pub fn unknown_place<'t>(text: &'t str, known: &[&str]) -> Option<&'t str> {
    let after_braces = text.split('{').skip(1);
    let mut names = after_braces.filter_map(|rest| rest.split_once('}').map(|(name, _)| name));
    names.find(|name| is_word(name.trim()) && !known.contains(name))
}

/// As [`unknown_place`], in all texts of a body.
#[must_use]
pub fn unknown_place_in<'v>(body: &'v Value, known: &[&str]) -> Option<&'v str> {
    match body {
        Value::String(text) => unknown_place(text, known),
        Value::Array(values) => values.iter().find_map(|value| unknown_place_in(value, known)),
        Value::Object(fields) => fields.values().find_map(|value| unknown_place_in(value, known)),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

fn is_word(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || "_-.".contains(letter))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_word_between_braces_must_be_a_place() {
        for (text, unknown) in [
            ("{boddy}", Some("boddy")),
            ("{body} {Recipient}", Some("Recipient")),
            ("{ body }", Some(" body ")),
            ("{\"to\":\"{recipient}\",\"text\":\"{tex-t}\"}", Some("tex-t")),
            ("{{boddy}}", Some("boddy")),
        ] {
            assert_eq!(unknown_place(text, &PLACES), unknown, "{text}");
        }
    }

    #[test]
    fn other_braces_stay_as_they_are() {
        for text in
            ["{\"to\":\"{recipient}\"}", "{{body}}", "{}", "{1}", "{a b}", "a } b { c", "{", "[{\"a\":1}]"]
        {
            assert_eq!(unknown_place(text, &PLACES), None, "{text}");
        }
    }

    #[test]
    fn a_body_is_looked_through_to_its_depth() {
        let body = |text: &str| json!({ "n": 1, "list": [{ "text": text }] });
        assert_eq!(unknown_place_in(&body("{boddy}"), &PLACES), Some("boddy"));
        assert_eq!(unknown_place_in(&body("{body}"), &PLACES), None);
    }
}

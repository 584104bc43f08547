//! Purchases at checkout over the API: answers, repeats and refusals.

use crate::office::{Console, Reply};

fn post(console: &Console, path: &str, body: &str) -> Reply {
    console.post(&format!("/api/checkout/{path}"), &["Content-Type: application/json"], body)
}

/// The status and one field of the document.
fn field(reply: &Reply, name: &str) -> String {
    let document: serde_json::Value = serde_json::from_str(&reply.body).expect("a document");
    format!("{} {}", reply.status, document[name].as_str().unwrap_or("null"))
}

fn authorise(console: &Console, amount: &str, reference: &str, further: &str) -> Reply {
    let body = format!(
        r#"{{"agreement":"A-1","amount":"{amount}","merchant":"jd","reference":"{reference}"{further}}}"#
    );
    post(console, "authorise", &body)
}

#[test]
fn a_purchase_goes_its_way_over_the_api() {
    let console = Console::before_the_first_day();
    let answer = authorise(&console, "100.00", "O-1", "");
    assert_eq!(field(&answer, "decision"), "200 approved", "{}", answer.body);
    assert_eq!(authorise(&console, "100.00", "O-1", "").body, answer.body, "the same again");
    assert_eq!(field(&authorise(&console, "100.01", "O-1", ""), "code"), "409 reference_conflict");
    let declined = authorise(&console, "99999999.00", "O-2", "");
    assert_eq!(
        (field(&declined, "decision"), field(&declined, "reason")),
        ("200 declined".into(), "200 limit".into())
    );
    assert_eq!(field(&declined, "reason_zh"), "200 可用额度不足");
    let capture = |reference: &str, amount: &str| {
        let body =
            format!(r#"{{"agreement":"A-1","hold":"O-1","amount":"{amount}","reference":"{reference}"}}"#);
        post(&console, "capture", &body)
    };
    assert_eq!(field(&capture("S-1", "60.00"), "held"), "200 40.00");
    assert_eq!(field(&capture("S-2", "40.01"), "code"), "422 capture_exceeds_hold");
    let void =
        |further: &str| post(&console, "void", &format!(r#"{{"agreement":"A-1","hold":"O-1"{further}}}"#));
    assert_eq!(field(&void(""), "code"), "422 already_captured");
    assert_eq!(field(&void(r#","rest":true"#), "freed"), "200 40.00");
    let refund = |amount: &str| {
        let body = format!(r#"{{"agreement":"A-1","purchase":"S-1","amount":"{amount}","reference":"R-1"}}"#);
        post(&console, "refund", &body)
    };
    assert_eq!(field(&refund("60.01"), "code"), "422 refund_exceeds_purchase");
    assert_eq!(field(&refund("60.00"), "refunded"), "200 60.00");
}

#[test]
fn the_line_is_shown_and_moved_over_the_api() {
    let console = Console::before_the_first_day();
    let shown = || console.get("/api/checkout/lines/A-1", &[]);
    assert_eq!(field(&shown(), "state"), "200 active");
    let moved = |body: &str| post(&console, "lines/A-1", body);
    assert_eq!(field(&moved(r#"{"command":"freeze_risk","reason":"odd"}"#), "state"), "200 frozen_risk");
    assert_eq!(field(&authorise(&console, "1.00", "O-1", ""), "reason"), "200 frozen_risk");
    assert_eq!(field(&moved(r#"{"command":"freeze_risk","reason":"odd"}"#), "code"), "422 line_move_refused");
    assert_eq!(field(&moved(r#"{"command":"thaw_risk","reason":""}"#), "code"), "422 reason_missing");
    assert_eq!(field(&moved(r#"{"command":"freeze_overdue","reason":"x"}"#), "code"), "400 body");
    assert_eq!(field(&moved(r#"{"command":"limit","reason":"x"}"#), "code"), "400 body");
    assert_eq!(
        field(&moved(r#"{"command":"limit","limit":"-1","reason":"x"}"#), "code"),
        "422 limit_negative"
    );
    assert_eq!(field(&console.get("/api/checkout/lines/A-9", &[]), "code"), "404 not_found");
}

#[test]
fn what_makes_no_sense_is_refused_with_its_code() {
    let console = Console::before_the_first_day();
    let refused = |amount: &str, further: &str| field(&authorise(&console, amount, "O-9", further), "code");
    assert_eq!(refused("0", ""), "422 amount_not_positive");
    assert_eq!(refused("-5", ""), "422 amount_not_positive");
    assert_eq!(refused("x", ""), "422 amount");
    assert_eq!(refused("99999999999999999999", ""), "422 amount");
    assert_eq!(refused("1", r#","instalment_count":-1"#), "400 body");
    assert_eq!(refused("1", r#","colour":"red""#), "400 body");
    assert_eq!(refused("1", r#","on":"2026-02-30""#), "400 body");
    let plan = authorise(&console, "60.00", "O-1", r#","instalment_count":7"#);
    assert_eq!(field(&plan, "reason"), "200 plan_not_offered");
    let dollars = authorise(&console, "60.00", "O-2", r#","currency":"USD""#);
    assert_eq!(field(&dollars, "reason"), "200 currency");
    let unknown =
        post(&console, "authorise", r#"{"agreement":"A-9","amount":"1","merchant":"m","reference":"r"}"#);
    assert_eq!(field(&unknown, "code"), "404 not_found");
    let as_a_form = console.post("/api/checkout/authorise", &[], "{}");
    assert_eq!(field(&as_a_form, "code"), "415 content_type", "a page elsewhere cannot send one");
}

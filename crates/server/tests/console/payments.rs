//! What programs may change: the API of payments, and the call-backs of gateways.

use dunlin_engine::payment::callback::sign;

use crate::office::{Console, Reply, SECRET, now};

const JSON: &str = "Content-Type: application/json";

fn field(reply: &Reply, name: &str) -> String {
    let at = reply.body.split(&format!("\"{name}\":")).nth(1);
    let text = at.unwrap_or_else(|| panic!("{name} is not in {}", reply.body));
    text.split([',', '}']).next().unwrap_or_default().trim_matches('"').to_owned()
}

/// Status and code of a payment that is asked for.
fn pay(console: &Console, body: &str) -> String {
    let reply = console.post("/api/payments", &[JSON], body);
    let told = if reply.status == 200 { field(&reply, "is_new") } else { field(&reply, "code") };
    format!("{} {told}", reply.status)
}

#[test]
fn a_payment_is_recorded_once_and_refused_with_the_codes_of_the_command() {
    let console = Console::after("2026-01-20");
    let body = |amount: &str, on: &str, reference: &str| {
        format!(r#"{{"agreement":"A-1","amount":"{amount}","value_on":"{on}","reference":"{reference}"}}"#)
    };
    assert_eq!(pay(&console, &body("100.00", "2026-01-12", "R-1")), "200 true");
    assert_eq!(pay(&console, &body("100.00", "2026-01-12", "R-1")), "200 false");
    for (amount, on, reference, expected) in [
        ("99.99", "2026-01-12", "R-1", "409 reference_conflict"),
        ("0.00", "2026-01-12", "R-2", "422 amount_not_positive"),
        ("-5.00", "2026-01-12", "R-2", "422 amount_not_positive"),
        ("1e9", "2026-01-12", "R-2", "422 amount"),
        ("99999999999999999999", "2026-01-12", "R-2", "422 amount_too_large"),
        ("1.00", "2026-02-01", "R-0", "200 true"),
        ("1.00", "2026-02-02", "R-2", "422 in_future"),
        ("1.00", "2025-05-31", "R-2", "422 before_agreement"),
        ("1.00", "2026-02-30", "R-2", "400 body"),
        ("1.00", "2026-01-12", "", "422 reference"),
    ] {
        assert_eq!(pay(&console, &body(amount, on, reference)), expected, "{amount} {on} {reference}");
    }
    let foreign =
        r#"{"agreement":"A-1","amount":"5.00","currency":"USD","value_on":"2026-01-12","reference":"R-3"}"#;
    assert_eq!(pay(&console, foreign), "422 currency_mismatch");
    let unknown = r#"{"agreement":"A-9","amount":"5.00","value_on":"2026-01-12","reference":"R-3"}"#;
    assert_eq!(pay(&console, unknown), "404 not_found");
    assert_eq!(pay(&console, r#"{"agreement":"A-1"}"#), "400 body");
    let reverse = |body: &str| console.post("/api/payments/R-1/reverse", &[JSON], body);
    assert_eq!(reverse(r#"{"reason":"wrong agreement"}"#).status, 200);
    let again = reverse(r#"{"reason":"wrong agreement"}"#);
    assert_eq!((again.status, field(&again, "code").as_str()), (409, "already_reversed"));
    let changes = console.get("/api/agreements/A-1/changes", &[]);
    assert!(changes.body.contains(r#""kind":"reversal""#), "{}", changes.body);
}

#[test]
fn a_page_elsewhere_cannot_send_a_payment() {
    let console = Console::after("2026-01-12");
    let body = r#"{"agreement":"A-1","amount":"1.00","value_on":"2026-01-12","reference":"R-1"}"#;
    assert_eq!(console.post("/api/payments", &["Content-Type: text/plain"], body).status, 415);
    assert_eq!(console.post("/api/payments", &[], body).status, 415);
}

/// A call-back that is signed as the gateway does, `shift` seconds from now.
fn call_back(console: &Console, body: &str, shift: i64) -> Reply {
    let timestamp = (now().micros() / 1_000_000 + shift).to_string();
    let signature = format!("Dunlin-Signature: {}", sign(SECRET, &timestamp, body.as_bytes()));
    let timestamp = format!("Dunlin-Timestamp: {timestamp}");
    console.post("/api/callbacks/payment/paygate", &[JSON, &timestamp, &signature], body)
}

fn event(id: &str, kind: &str, payment: &str, agreement: &str, amount: &str) -> String {
    format!(
        r#"{{"event_id":"{id}","type":"{kind}","payment":"{payment}","agreement":"{agreement}","amount":"{amount}","currency":"CNY","value_on":"2026-01-12","new_field":1}}"#
    )
}

#[test]
fn a_call_back_is_taken_once_and_only_with_the_right_signature() {
    let console = Console::after("2026-01-20");
    let paid = event("E-1", "payment", "W-1", "A-1", "100.00");
    let first = call_back(&console, &paid, 0);
    assert_eq!((first.status, field(&first, "state").as_str()), (200, "applied"), "{}", first.body);
    let again = call_back(&console, &paid, 5);
    assert_eq!((again.status, field(&again, "is_repeat").as_str()), (200, "true"));
    assert_eq!(field(&again, "id"), field(&first, "id"));
    let other = call_back(&console, &event("E-1", "payment", "W-1", "A-1", "100.01"), 0);
    assert_eq!((other.status, field(&other, "code").as_str()), (409, "reference_conflict"));
    assert_eq!(call_back(&console, &paid, 300).status, 200, "the edge of the window");
    for shift in [301, -301] {
        let old = call_back(&console, &paid, shift);
        assert_eq!((old.status, field(&old, "code").as_str()), (401, "signature"), "{shift}");
    }
    let forged = console.post(
        "/api/callbacks/payment/paygate",
        &[JSON, "Dunlin-Timestamp: 1", "Dunlin-Signature: 00"],
        &paid,
    );
    assert_eq!(forged.status, 401);
    assert_eq!(console.post("/api/callbacks/payment/paygate", &[JSON], &paid).status, 401);
    assert_eq!(console.post("/api/callbacks/payment/nobody", &[JSON], &paid).status, 404);
    assert_eq!(call_back(&console, "{}", 0).status, 400);
}

#[test]
fn what_comes_before_its_payment_waits_for_it() {
    let console = Console::after("2026-01-20");
    let early = call_back(&console, &event("E-2", "reversal", "W-2", "", "50.00"), 0);
    assert_eq!((early.status, field(&early, "state").as_str()), (200, "waiting"), "{}", early.body);
    assert!(console.get("/api/incoming", &[]).body.contains("no_payment_yet"));
    let owed = |console: &Console| {
        let page = console.get("/api/agreements/A-1", &[]).body;
        page.split("\"owed\":").nth(1).unwrap_or_default().split('}').next().unwrap_or_default().to_owned()
    };
    let before = owed(&console);
    let paid = call_back(&console, &event("E-3", "payment", "W-2", "A-1", "50.00"), 0);
    assert_eq!(field(&paid, "state"), "applied");
    assert_eq!(owed(&console), before, "the payment and its reversal cancel out");
    assert_eq!(console.get("/api/incoming", &[]).body, r#"{"entries":[]}"#);
}

#[test]
fn money_for_an_unknown_agreement_is_kept_and_assigned_later() {
    let console = Console::after("2026-01-20");
    let lost = call_back(&console, &event("E-4", "payment", "W-4", "A-77", "60.00"), 0);
    assert_eq!(
        (lost.status, field(&lost, "state").as_str(), field(&lost, "code").as_str()),
        (200, "unmatched", "unknown_agreement")
    );
    let path = format!("/api/incoming/{}/assign", field(&lost, "id"));
    let assigned = console.post(&path, &[JSON], r#"{"agreement":"A-4"}"#);
    assert_eq!((assigned.status, field(&assigned, "state").as_str()), (200, "applied"), "{}", assigned.body);
    let again = console.post(&path, &[JSON], r#"{"agreement":"A-4"}"#);
    assert_eq!((again.status, field(&again, "code").as_str()), (409, "not_open"));
    let refunded = call_back(&console, &event("E-5", "refund", "W-4", "", "20.00"), 0);
    assert_eq!(field(&refunded, "state"), "applied", "{}", refunded.body);
}

#[test]
fn a_waiver_above_the_limit_needs_another_person() {
    let console = Console::after("2026-01-20");
    let waive =
        r#"{"agreement":"A-1","amount":"0.51","reason":"goodwill","note":"said sorry","reference":"WV-1"}"#;
    let asked = console.post("/api/waivers", &[JSON, "Dunlin-Actor: li"], waive);
    assert_eq!((asked.status, field(&asked, "state").as_str()), (200, "pending"), "{}", asked.body);
    let id = field(&asked, "id");
    let approve = |actor: &str| {
        let actor = format!("Dunlin-Actor: {actor}");
        console.post(&format!("/api/waivers/{id}/approve"), &[JSON, &actor], "{}")
    };
    let same = approve("li");
    assert_eq!((same.status, field(&same, "code").as_str()), (403, "same_person"));
    let done = approve("wang");
    assert_eq!((done.status, field(&done, "state").as_str()), (200, "approved"), "{}", done.body);
    assert_eq!(approve("zhao").status, 409);
}

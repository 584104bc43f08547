//! What programs may change of an agreement while it runs: the API of docs/servicing.md.

use crate::office::{Console, Reply};

const JSON: &str = "Content-Type: application/json";

fn field(reply: &Reply, name: &str) -> String {
    let at = reply.body.split(&format!("\"{name}\":")).nth(1);
    let text = at.unwrap_or_else(|| panic!("{name} is not in {}", reply.body));
    text.split([',', '}']).next().unwrap_or_default().trim_matches('"').to_owned()
}

/// Status and code of a change that is asked for.
fn outcome(console: &Console, address: &str, body: &str) -> String {
    let reply = console.post(address, &[JSON], body);
    let told = if reply.status == 200 { field(&reply, "is_preview") } else { field(&reply, "code") };
    format!("{} {told}", reply.status)
}

#[test]
fn a_quote_is_given_once_and_taken_once() {
    let console = Console::after("2026-01-20");
    let ask = |body: &str| console.post("/api/payoff-quotes", &[JSON], body);
    let body = r#"{"agreement":"A-1","on":"2026-01-20","holds_through":"2026-01-25"}"#;
    let quote = ask(body);
    assert_eq!(quote.status, 200, "{}", quote.body);
    let id = field(&quote, "id");
    assert_eq!(field(&ask(body), "id"), id);
    assert!(quote.body.contains("全部提前结清"), "{}", quote.body);
    let pay = |rest: &str| {
        let body = format!(r#"{{"reference":"Q-1"{rest}}}"#);
        outcome(&console, &format!("/api/payoff-quotes/{id}/pay"), &body)
    };
    assert_eq!(pay(r#","value_on":"2026-01-26""#), "409 quote_ended");
    assert_eq!(pay(r#","value_on":"2026-01-25","amount":"1.00""#), "422 payoff_amount");
    assert_eq!(pay(r#","value_on":"2026-01-25","agreement":"A-3""#), "422 other_agreement");
    assert_eq!(pay(r#","value_on":"2026-01-25""#), "200 false");
    let again = console.post(
        &format!("/api/payoff-quotes/{id}/pay"),
        &[JSON],
        r#"{"reference":"Q-2","value_on":"2026-01-25"}"#,
    );
    assert_eq!((again.status, field(&again, "code").as_str()), (409, "quote_stale"));
    let quotes = console.get("/api/agreements/A-1/payoff-quotes", &[]);
    assert!(quotes.body.contains(&id), "{}", quotes.body);
    assert_eq!(ask(r#"{"agreement":"A-3"}"#).status, 422);
    assert_eq!(ask(r#"{"agreement":"A-9"}"#).status, 404);
    assert_eq!(ask(r#"{"agreement":"A-1","plan":"P-9"}"#).status, 422);
}

#[test]
fn holds_are_shown_recorded_and_listed() {
    let console = Console::after("2026-01-20");
    let pause = |preview: bool| {
        let body = format!(
            r#"{{"agreement":"A-1","from":"2026-01-12","through":"2026-01-16","reason":"flood","preview":{preview}}}"#
        );
        outcome(&console, "/api/ageing-pauses", &body)
    };
    assert_eq!(pause(true), "200 true");
    assert!(!console.get("/api/agreements/A-1/holds", &[]).body.contains("ageing_pause"));
    assert_eq!(pause(false), "200 false");
    assert!(console.get("/api/agreements/A-1/holds", &[]).body.contains("flood"));
    let freeze = |reason: &str| {
        let body = format!(
            r#"{{"agreement":"A-1","from":"2026-01-12","through":"2026-01-30","reason":"{reason}","note":"asked"}}"#
        );
        outcome(&console, "/api/fee-freezes", &body)
    };
    assert_eq!(freeze("mood"), "400 body");
    assert_eq!(freeze("dispute"), "200 false");
    let resume = r#"{"agreement":"A-1","on":"2026-01-14","reason":"over"}"#;
    assert_eq!(outcome(&console, "/api/ageing-resumes", resume), "200 false");
    let later = r#"{"agreement":"A-1","on":"2026-01-15","reason":"over"}"#;
    assert_eq!(outcome(&console, "/api/ageing-resumes", later), "422 unknown_target");
    let page = console.get("/agreements/A-1?lang=en", &[]);
    assert!(page.body.contains("Pauses and freezes") && page.body.contains("flood"), "{}", page.body);
    assert!(console.get("/api/agreements/A-1", &[]).body.contains(r#""holds":[{"kind":"ageing_pause""#));
}

#[test]
fn plans_are_changed_with_the_codes_of_the_commands() {
    let console = Console::after("2026-01-20");
    for (address, body, expected) in [
        (
            "/api/statement-plans",
            r#"{"agreement":"A-1","statement":"2026-01-10","instalment_count":6,"reference":"S-1"}"#,
            "422 unknown_statement",
        ),
        (
            "/api/reschedules",
            r#"{"agreement":"A-1","reason":"relief","reference":"X-1"}"#,
            "422 nothing_to_change",
        ),
        (
            "/api/reschedules",
            r#"{"agreement":"A-1","reason":"relief","reference":"X-1","first_due_on":"2026-03-01","skip_count":1}"#,
            "400 body",
        ),
        (
            "/api/reschedules",
            r#"{"agreement":"A-1","reason":"relief","reference":"X-1","instalment_count":10,"preview":true}"#,
            "200 true",
        ),
        (
            "/api/prepayments",
            r#"{"agreement":"A-1","amount":"5.00","mode":"lower","reference":"R-1"}"#,
            "422 unknown_plan",
        ),
        (
            "/api/prepayments",
            r#"{"agreement":"A-1","amount":"5.00","mode":"advance","reference":"R-1"}"#,
            "400 body",
        ),
    ] {
        assert_eq!(outcome(&console, address, body), expected, "{address} {body}");
    }
    let offers = console.get("/api/agreements/A-1/statement-offers?statement=2026-01-10", &[]);
    assert_eq!((offers.status, field(&offers, "code").as_str()), (422, "unknown_statement"));
}

#[test]
fn losses_wait_for_a_second_person_and_are_listed() {
    let console = Console::after("2026-01-20");
    let ask = |body: &str| console.post("/api/losses", &[JSON, "dunlin-actor: ann"], body);
    let body = r#"{"agreement":"A-1","kind":"write_off","reason":"deceased","note":"certificate seen","reference":"L-1"}"#;
    let asked = ask(body);
    assert_eq!((asked.status, field(&asked, "state").as_str()), (200, "pending"), "{}", asked.body);
    let id = field(&asked, "id");
    assert_eq!(field(&ask(body), "id"), id, "the same request again is the same loss");
    assert_eq!(ask(&body.replace("write_off", "gift")).status, 400);
    assert_eq!(ask(&body.replace("deceased", "mood")).status, 400);
    let decide = |actor: &str| {
        let actor = format!("dunlin-actor: {actor}");
        let address = format!("/api/losses/{id}/approve");
        let reply = console.post(&address, &[JSON, &actor], r#"{"note":"checked"}"#);
        (reply.status, field(&reply, if reply.status == 200 { "state" } else { "code" }))
    };
    assert!(console.get("/api/losses/pending", &[]).body.contains(&id));
    assert_eq!(decide("ann"), (403, "same_person".to_owned()));
    assert_eq!(decide("bo"), (200, "approved".to_owned()));
    assert_eq!(decide("cy").0, 409);
    assert!(console.get("/api/agreements/A-1/losses", &[]).body.contains("certificate seen"));
    let paid = r#"{"agreement":"A-1","amount":"1.00","value_on":"2026-01-21","reference":"R-9"}"#;
    assert_eq!(console.post("/api/payments", &[JSON], paid).status, 200);
    let recovered = console.get("/api/agreements/A-1/recoveries?on=2026-01-21", &[]);
    assert_eq!(
        (recovered.status, field(&recovered, "recovered").as_str()),
        (200, "1.00"),
        "{}",
        recovered.body
    );
}

#[test]
fn a_sale_is_asked_for_shown_and_rejected() {
    let console = Console::after("2026-01-20");
    let body = r#"{"reference":"S-1","buyer_zh":"某某资产管理公司","buyer_contact":"400-000-0000","note":"pool 1",
        "agreements":[{"agreement":"A-1","price":"10.00"}]}"#;
    let asked = console.post("/api/sales", &[JSON, "dunlin-actor: ann"], body);
    assert_eq!((asked.status, field(&asked, "state").as_str()), (200, "pending"), "{}", asked.body);
    let id = field(&asked, "id");
    assert!(console.get("/api/sales", &[]).body.contains(&id));
    let rejected = console.post(
        &format!("/api/sales/{id}/reject"),
        &[JSON, "dunlin-actor: bo"],
        r#"{"note":"too cheap"}"#,
    );
    assert_eq!((rejected.status, field(&rejected, "state").as_str()), (200, "rejected"), "{}", rejected.body);
    assert_eq!(console.post("/api/sales/sal_0/notify", &[JSON], "{}").status, 404);
    let unknown = body.replace("A-1", "A-99").replace("S-1", "S-2");
    assert_eq!(console.post("/api/sales", &[JSON, "dunlin-actor: ann"], &unknown).status, 404);
}

//! Pauses over the API: seen before they are set, agreed to by another person, ended early; and the page that shows them.

use serde_json::{Value, json};

use crate::office::Console;

const KIND: &str = "Content-Type: application/json";

fn post(console: &Console, address: &str, actor: &str, body: &Value) -> (u16, Value) {
    let reply = console.post(address, &[KIND, &format!("Dunlin-Actor: {actor}")], &body.to_string());
    (reply.status, serde_json::from_str(&reply.body).unwrap_or(Value::Null))
}

fn pause(preview: bool) -> Value {
    json!({
        "kind": "upgrade", "from": "2026-01-21", "through": "2026-01-28",
        "reason_zh": "核心系统升级", "reason_en": "core upgrade", "channels": ["sms"], "preview": preview,
    })
}

#[test]
fn a_pause_is_seen_before_it_is_set_agreed_to_by_another_and_ended_early() {
    let console = Console::after("2026-01-20");
    let (status, seen) = post(&console, "/api/pauses", "one", &pause(true));
    assert_eq!((status, &seen["resumes_on"]), (200, &json!("2026-01-29")), "{seen}");
    let none = console.get("/api/pauses", &[]);
    assert!(none.body.contains("\"pauses\":[]"), "a preview sets nothing: {}", none.body);
    let (status, asked) = post(&console, "/api/pauses", "one", &pause(false));
    assert_eq!((status, &asked["state"], &asked["author"]), (200, &json!("pending"), &json!("one")));
    let id = asked["id"].as_str().expect("an id");
    let approve = format!("/api/pauses/{id}/approve");
    let (status, refused) = post(&console, &approve, "one", &json!({}));
    assert_eq!((status, &refused["code"]), (403, &json!("same_person")));
    assert_eq!(post(&console, &approve, " ONE", &json!({})).0, 403, "capitals make no second person");
    let (status, approved) = post(&console, &approve, "two", &json!({ "note": "as planned" }));
    assert_eq!((status, &approved["decided_by"]), (200, &json!("two")));
    assert_eq!(post(&console, &approve, "three", &json!({})).0, 409);
    let (zh, en) = (console.get("/measures?lang=zh", &[]), console.get("/measures?lang=en", &[]));
    assert!(zh.body.contains("核心系统升级") && zh.body.contains("one → two"), "{}", zh.body);
    assert!(zh.body.contains("已批准") && !zh.body.contains("approved"), "{}", zh.body);
    assert!(en.body.contains("core upgrade") && en.body.contains("approved"), "{}", en.body);
    let (status, ended) = post(&console, &format!("/api/pauses/{id}/end"), "two", &json!({}));
    assert_eq!((status, &ended["agreements_with_held_notice"]), (200, &json!(0)));
    assert_eq!(post(&console, "/api/pauses/pau_1/end", "two", &json!({})).0, 400);
    assert_eq!(post(&console, "/api/pauses", "one", &json!({ "kind": "mood" })).0, 400);
}

#[test]
fn an_approval_over_the_api_names_who_approves() {
    let console = Console::after("2026-01-20");
    let (_, asked) = post(&console, "/api/pauses", "李", &pause(false));
    assert_eq!(asked["author"], json!("李"), "{asked}");
    let pause = format!("/api/pauses/{}/approve", asked["id"].as_str().expect("an id"));
    let others = ["waivers/w", "losses/l", "sales/s", "customers/merge-requests/m"];
    let others = others.map(|kind| format!("/api/{kind}/approve"));
    for address in others.iter().chain([&pause]) {
        for headers in [&[KIND][..], &[KIND, "Dunlin-Actor:  "]] {
            let reply = console.post(address, headers, "{}");
            assert!(reply.status == 400 && reply.body.contains("\"no_actor\""), "{address}: {}", reply.body);
            assert!(reply.body.contains("dunlin-actor"), "the remedy is named: {}", reply.body);
        }
    }
    assert_eq!(post(&console, &pause, "李", &json!({})).0, 403);
    assert_eq!(post(&console, &pause, "王", &json!({})).0, 200);
}

#[test]
fn what_a_second_person_approves_is_not_asked_for_without_a_name() {
    let console = Console::after("2026-01-20");
    let waiver = json!({ "agreement": "A-1", "amount": "0.51", "reason": "goodwill", "note": "n" });
    let loss = json!({ "agreement": "A-1", "kind": "write_off", "reason": "deceased", "note": "n" });
    let sale =
        json!({ "reference": "S", "buyer_zh": "b", "buyer_contact": "c", "note": "n", "agreements": [] });
    let asked = [
        ("waivers", waiver),
        ("losses", loss),
        ("sales", sale),
        ("pauses", pause(false)),
        ("customers/C-1/merge", json!({ "customer": "C-2", "reason": "one card" })),
        ("customers/C-1/split", json!({ "reason": "two cards" })),
    ];
    for (kind, body) in asked {
        let reply = console.post(&format!("/api/{kind}"), &[KIND], &body.to_string());
        assert!(reply.status == 400 && reply.body.contains("\"no_actor\""), "{kind}: {}", reply.body);
    }
    let seen = console.post("/api/pauses", &[KIND], &pause(true).to_string());
    assert_eq!(seen.status, 200, "a preview begins nothing: {}", seen.body);
    for list in ["pauses", "losses/pending", "waivers/pending", "customers/merge-requests"] {
        let list = console.get(&format!("/api/{list}"), &[]).body;
        assert!(!list.contains("\"api\""), "nothing was begun: {list}");
    }
}

#[test]
fn the_page_of_measures_shows_what_customers_said_and_leads_to_the_agreement() {
    let console = Console::after("2026-01-20");
    let empty = console.get("/measures?lang=zh", &[]);
    assert!(empty.body.contains("没有登记的客户情况") && empty.status == 200, "{}", empty.body);
    let body = json!({ "kind": "complaint", "reason": "rang", "evidence": "ticket 17" });
    let (status, told) = post(&console, "/api/customers/C-1/circumstances", "one", &body);
    assert_eq!(status, 200, "{told}");
    let page = console.get("/measures?lang=zh", &[]);
    assert!(page.body.contains("投诉") && page.body.contains("/agreements/A-1"), "{}", page.body);
    assert!(!page.body.contains("ticket 17"), "evidence may name the person and is not for everybody");
    let modes = console.get("/api/modes", &[]);
    assert_eq!((modes.status, modes.body.trim()), (200, "{\"modes\":[]}"));
}

//! Who is one person, over the API: found, asked for, agreed to by another person, and undone.

use serde_json::{Value, json};

use crate::office::Console;

const KIND: &str = "Content-Type: application/json";

fn post(console: &Console, address: &str, actor: &str, body: &Value) -> (u16, Value) {
    let reply = console.post(address, &[KIND, &format!("Dunlin-Actor: {actor}")], &body.to_string());
    (reply.status, serde_json::from_str(&reply.body).unwrap_or(Value::Null))
}

fn get(console: &Console, address: &str) -> Value {
    let reply = console.get(address, &[]);
    assert_eq!(reply.status, 200, "{address}: {}", reply.body);
    serde_json::from_str(&reply.body).expect("JSON")
}

#[test]
fn a_merge_is_asked_for_agreed_to_by_another_person_and_split_again() {
    let console = Console::after("2026-01-20");
    let body = json!({ "customer": "C-2", "reason": "the same identity card" });
    let (status, asked) = post(&console, "/api/customers/C-1/merge", "one", &body);
    assert_eq!(
        (status, &asked["state"], &asked["author"]),
        (200, &json!("pending"), &json!("one")),
        "{asked}"
    );
    assert_eq!((&asked["person"], &asked["customer"]), (&json!("C-1"), &json!("C-2")));
    assert_eq!(get(&console, "/api/customers/C-2/same-person")["same_person"], json!(["C-2"]));
    let id = asked["request"].as_str().expect("an id");
    let approve = format!("/api/customers/merge-requests/{id}/approve");
    let (status, refused) = post(&console, &approve, "one", &json!({}));
    assert_eq!((status, &refused["code"]), (403, &json!("same_person")));
    let (status, approved) = post(&console, &approve, "two", &json!({ "note": "both cards seen" }));
    assert_eq!((status, &approved["decided_by"]), (200, &json!("two")), "{approved}");
    assert_eq!(get(&console, "/api/customers/C-2/same-person")["same_person"], json!(["C-1", "C-2"]));
    let (status, again) = post(&console, &approve, "three", &json!({}));
    assert_eq!((status, &again["code"]), (409, &json!("not_pending")));
    let (status, refused) = post(&console, "/api/customers/C-1/merge", "one", &body);
    assert_eq!((status, &refused["code"]), (422, &json!("customer_merge")));

    let (_, split) = post(&console, "/api/customers/C-2/split", "two", &json!({ "reason": "two brothers" }));
    assert_eq!(split["kind"], "two_persons", "{split}");
    let id = split["request"].as_str().expect("an id");
    let (status, _) =
        post(&console, &format!("/api/customers/merge-requests/{id}/reject"), "two", &json!({}));
    assert_eq!(status, 200, "who asked may withdraw");
    let listed = get(&console, "/api/customers/merge-requests");
    let state_of = |kind: &str| {
        let requests = listed["requests"].as_array().expect("requests");
        let request = requests.iter().find(|request| request["kind"] == kind);
        request.expect("it was asked for")["state"].clone()
    };
    assert_eq!((state_of("one_person"), state_of("two_persons")), (json!("approved"), json!("rejected")));
}

#[test]
fn what_cannot_be_merged_is_refused_by_code() {
    let console = Console::after("2026-01-20");
    let refusal = |address: &str, body: &Value| {
        let (status, refused) = post(&console, address, "one", body);
        (status, refused["code"].as_str().unwrap_or_default().to_owned())
    };
    let of = |customer: &str, reason: &str| json!({ "customer": customer, "reason": reason });
    let merge = "/api/customers/C-1/merge";
    assert_eq!(refusal(merge, &of("C-1", "same")), (422, "customer_merge".to_owned()));
    assert_eq!(refusal(merge, &of("C-2", " ")), (422, "customer_merge".to_owned()));
    assert_eq!(refusal(merge, &of("C-99", "same")), (404, "not_found".to_owned()));
    assert_eq!(refusal(merge, &json!({ "customer": "C-2" })), (400, "body".to_owned()));
    let nobody_else = refusal("/api/customers/C-1/split", &json!({ "reason": "two" }));
    assert_eq!(nobody_else, (422, "customer_merge".to_owned()));
    let unknown = refusal("/api/customers/merge-requests/mrg_1/approve", &json!({}));
    assert_eq!(unknown, (404, "not_found".to_owned()));
    assert_eq!(get(&console, "/api/customers/duplicates?most=50")["duplicates"], json!([]));
    assert_eq!(console.get("/api/customers/duplicates?most=many", &[]).status, 400);
}

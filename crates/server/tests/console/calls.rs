//! Calls that agents place, over the API and on their page, where there are none: what is answered, and what is refused.

use serde_json::{Value, json};

use crate::office::Console;

fn post(console: &Console, address: &str, body: &Value) -> (u16, Value) {
    let reply = console.post(address, &["Content-Type: application/json"], &body.to_string());
    (reply.status, serde_json::from_str(&reply.body).unwrap_or(Value::Null))
}

#[test]
fn where_no_call_waits_the_api_and_the_page_say_so() {
    let console = Console::after("2026-01-20");
    let (status, next) = post(&console, "/api/call-tasks/next", &json!({ "agent": "li" }));
    assert_eq!((status, next), (200, json!({ "task": null })));
    let (status, refused) = post(&console, "/api/call-tasks/next", &json!({ "agent": " " }));
    assert_eq!((status, &refused["code"]), (422, &json!("agent")), "{refused}");
    let id = format!("msg_{}", "0".repeat(32));
    let (status, missing) = post(&console, &format!("/api/call-tasks/{id}/dial"), &json!({ "agent": "li" }));
    assert_eq!(status, 404, "{missing}");
    let body = json!({ "agent": "li", "result": "sang" });
    let (status, unknown) = post(&console, &format!("/api/call-tasks/{id}/outcome"), &body);
    assert_eq!((status, &unknown["code"]), (400, &json!("body")), "{unknown}");
    let told = unknown["message_zh"].as_str().expect("a text");
    assert!(told.starts_with("result：“sang”无法识别；取值为") && told.contains("promise"), "{told}");
    let list = console.get("/api/call-tasks", &[]);
    assert_eq!((list.status, list.body.trim()), (200, "{\"on\":null,\"tasks\":[]}"));
    let (zh, en) = (console.get("/calls?lang=zh", &[]), console.get("/calls?lang=en", &[]));
    assert!(zh.body.contains("没有外呼任务") && zh.status == 200, "{}", zh.body);
    assert!(en.body.contains("There is no call to place"), "{}", en.body);
}

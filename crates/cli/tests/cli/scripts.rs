//! What scripts rely on: one JSON object on standard output with the documented fields, and the exit codes.

use serde_json::{Value, json};

use crate::peer::Peer;
use crate::support::Place;

/// The names of an object's fields.
fn fields(value: &Value) -> Vec<&str> {
    let object = value.as_object().unwrap_or_else(|| panic!("no object: {value}"));
    object.keys().map(String::as_str).collect()
}

fn check(value: &Value, expected: &[&str]) {
    let found = fields(value);
    for name in expected {
        assert!(found.contains(name), "{name} is not among {found:?}");
    }
}

#[test]
fn every_answer_has_the_documented_fields() {
    let place = Place::with_portfolio();
    let imported = place.json(&["import", "may"]);
    check(&imported, &["tables", "rejected", "rejects_file"]);
    check(&imported["tables"][0], &["table", "rows", "added", "changed", "unchanged", "rejected"]);
    let days = place.json(&["day", "--date", "2026-01-25"]);
    check(&days, &["days", "was_closed", "summary"]);
    let day =
        ["date", "agreements", "verdicts", "messages", "is_late", "accepted", "delivered", "decided_at"];
    check(&days["days"][0], &day);
    check(&days["summary"], &["date", "coverage", "buckets", "messages", "by_channel"]);
    let coverage = [
        "from",
        "through",
        "overdue_days",
        "contacted",
        "silent",
        "unexplained",
        "delivered",
        "pending",
        "failed",
        "by_reason",
        "examples",
    ];
    check(&place.json(&["coverage", "--on", "2026-01-25"]), &coverage);
    let why = place.json(&["why", "A-1", "--on", "2026-01-25"]);
    check(&why, &["agreement", "date", "reason", "links", "customer_zh", "customer_en"]);
    check(&why["links"][0], &["stage", "zh", "en", "evidence"]);
    check(&place.json(&["explain", "A-1"]), &["agreement", "product", "on", "lines", "lines_zh", "amounts"]);
    check(&place.json(&["verify"]), &["problems", "list", "agreements", "postings", "messages"]);
    check(
        &place.json(&["dispatch"]),
        &["accepted", "deferred", "unavailable", "rejected", "unknown", "expired", "cancelled"],
    );
    check(
        &place.json(&["receipts"]),
        &[
            "delivered",
            "failed",
            "posted",
            "repeated",
            "unmatched",
            "receipts_rejected",
            "replies",
            "opted_out",
        ],
    );
    check(&place.json(&["ledger", "trial-balance"]), &["on", "chart", "is_balanced", "accounts", "lines"]);
    check(&place.json(&["ledger", "account", "130301"]), &["account", "name_zh", "balances", "lines"]);
    check(&place.json(&["ledger", "provisions"]), &["on", "posted_on", "lines"]);
    check(&place.json(&["ledger", "periods"]), &["closed_through", "pending", "events"]);
    check(
        &place.json(&["policy", "list"])["documents"][0],
        &["kind", "name", "version", "effective_from", "author"],
    );
    check(&place.json(&["incidents"]), &["on", "incidents"]);
    check(&place.json(&["pause", "list"]), &["pauses"]);
    check(&place.json(&["version"]), &["version"]);
}

#[test]
fn an_error_is_an_object_too_and_standard_error_stays_empty() {
    let place = Place::imported();
    let ran = place.run(&["why", "A-9", "--on", "2026-01-25", "--json"]);
    ran.check_exit(2);
    assert_eq!(ran.stderr(), "");
    let error: Value = serde_json::from_str(&ran.stdout()).expect("one object");
    assert!(error["error"]["code"].is_string() && error["error"]["message"].is_string(), "{error}");
}

#[test]
fn damage_is_found_by_exit_code_1() {
    let place = Place::imported();
    place.run(&["day", "--date", "2026-01-25"]).check_exit(0);
    place.run(&["verify"]).check_exit(0);
    place.run(&["coverage", "--on", "2026-01-25"]).check_exit(0);
    let database =
        rusqlite::Connection::open(place.path("dunlin-data/dunlin.db")).expect("the database opens");
    assert_ne!(database.execute("delete from verdict", []).expect("a table of verdicts"), 0);
    place.run(&["verify"]).check_exit(1);
    let ran = place.run(&["coverage", "--on", "2026-01-25", "--json"]);
    ran.check_exit(1);
    let coverage: Value = serde_json::from_str(&ran.stdout()).expect("one object");
    assert_eq!(coverage["unexplained"], 1, "{coverage}");
    assert_eq!(coverage["examples"][0]["agreement"], "A-1", "{coverage}");
}

#[test]
fn the_demonstration_explains_every_day_and_can_be_repeated() {
    let place = Place::empty();
    for _ in 0..2 {
        let demo = place.json(&["demo", "--customers", "60", "--days", "30"]);
        check(
            &demo,
            &["from", "through", "coverage", "dispatch", "receipts", "numbers_removed", "why", "folder"],
        );
        assert_eq!(demo["coverage"]["unexplained"], 0, "{demo}");
        assert_eq!(demo["folder"], "dunlin-data/demo");
    }
    place.run(&["verify", "--data", "dunlin-data/demo"]).check_exit(0);
}

#[test]
fn a_benchmark_tells_its_figures_and_leaves_nothing_behind() {
    let place = Place::empty();
    let mut command = place.command(
        std::path::Path::new(crate::support::PROGRAM),
        &["bench", "day", "--agreements", "300", "--warm-up-days", "2", "--json"],
    );
    // It measures, so its clock must go.
    let output = command.env_remove("DUNLIN_NOW").output().expect("the built program runs");
    let figures: Value = serde_json::from_slice(&output.stdout).expect("one object");
    check(
        &figures,
        &[
            "agreements",
            "seconds",
            "bare_seconds",
            "ratio",
            "peak_mib",
            "rows_read",
            "rows_written",
            "agreements_per_second",
            "database",
        ],
    );
    assert_eq!(figures["database"], "sqlite");
    assert!(!place.path("dunlin-data/bench").exists());
}

/// Messages by mail and by text to servers of other makes; and while the mail server is down none of them counts as
/// sent, as charged for, or is lost: another system was seen to mark 20 of 20 as sent.
#[test]
fn a_benchmark_of_sending_counts_every_message_and_loses_none_to_an_outage() {
    let python = std::env::var("DUNLIN_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let mail = Peer::start(&python, "peers/smtp_peer.py", &["plain", "0"]);
    let carrier = Peer::start("node", "peers/smpp_sink.mjs", &["0"]);
    let place = Place::empty();
    let server = |port: u16| format!("127.0.0.1:{port}");
    let document = place.json(&[
        "bench",
        "dispatch",
        "--messages",
        "3",
        "--smtp",
        &server(mail.port),
        "--smpp",
        &server(carrier.port),
    ]);
    let lines = document["lines"].as_array().expect("lines");
    let told: Vec<String> = lines
        .iter()
        .map(|line| format!("{} {} {}", line["way"], line["workers"], line["messages"]))
        .collect();
    assert_eq!(told, ["\"smtp\" 1 3", "\"smtp\" 2 3", "\"smpp\" 1 3", "\"smpp\" 2 3"]);
    assert_eq!(
        document["outage"],
        json!({"messages": 3, "sent": 0, "charged": 0, "delivered_afterwards": 3})
    );
    assert!(!place.path("dunlin-data/bench").exists());
}

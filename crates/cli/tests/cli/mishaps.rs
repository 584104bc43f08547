//! A pause, a fault and a clerk's mistake, each with its undoing and its reason.

use expect_test::expect;

use crate::support::Place;

#[test]
fn a_pause_holds_notices_and_its_end_sends_a_fresh_one() {
    let place = Place::imported();
    place.run(&["day", "--date", "2026-01-24"]).check_exit(0);
    let reasons = ["--reason-zh", "系统升级", "--reason-en", "system upgrade"];
    let add = |extra: &[&str]| {
        let kind = ["pause", "add", "--kind", "upgrade", "--from", "2026-01-25", "--through", "2026-01-31"];
        place.run(&[&kind[..], &reasons, extra].concat())
    };
    add(&[]).check(expect![[]]);
    add(&["--product", "bàitiao"]).check(expect![[]]);
    add(&["--channel", "voice", "--bucket", "M1"]).check_exit(0);
    place.run(&["pause", "list"]).check(expect![[]]);
    place.run(&["day", "--through", "2026-01-26"]).check_exit(0);
    assert_eq!(place.json(&["coverage", "--on", "2026-01-26"])["by_reason"]["pause.upgrade"], 1);
    let pauses = place.json(&["pause", "list"]);
    for pause in pauses["pauses"].as_array().expect("pauses") {
        place.run(&["pause", "end", pause["id"].as_str().expect("an id")]).check_exit(0);
    }
    let days = place.json(&["day", "--date", "2026-01-27"]);
    assert_eq!(days["days"][0]["accepted"], 1, "{days}");
    place.run(&["why", "A-1", "--on", "2026-01-25", "--lang", "en"]).check(expect![[]]);
    place.run(&["pause", "end", "pau_00000000000000000000000000000000"]).check(expect![[]]);
    place
        .run(&[
            "pause",
            "add",
            "--kind",
            "other",
            "--from",
            "2026-01-27",
            "--through",
            "2026-01-31",
            "--reason-zh",
            "甲",
            "--reason-en",
            "a",
        ])
        .check(expect![[]]);
}

#[test]
fn a_closed_channel_is_an_incident() {
    let place = Place::imported();
    place.run(&["incidents"]).check(expect![[]]);
    place.write("dunlin-data/spool/closed", "");
    place.run(&["day", "--date", "2026-01-25"]).check_exit(0);
    let incidents = place.json(&["incidents", "--on", "2026-01-25"]);
    let incident = &incidents["incidents"][0];
    assert_eq!((&incident["provider"], &incident["closed_at"]), (&"spool".into(), &().into()), "{incidents}");
    std::fs::remove_file(place.path("dunlin-data/spool/closed")).expect("the mark is there");
    place.run(&["day", "--date", "2026-01-26"]).check_exit(0);
    let incidents = place.json(&["incidents", "--on", "2026-01-26"]);
    assert!(incidents["incidents"][0]["closed_at"].is_string(), "{incidents}");
}

#[test]
fn a_removal_is_undone_by_its_batch_and_what_was_missed_is_made_good() {
    let place = Place::imported();
    place.run(&["day", "--date", "2026-01-24"]).check_exit(0);
    place.write("points.csv", "customer_id,contact_point_id\nC-1,CP-1\nC-1,CP-2\n");
    let removed = place.json(&["contact-point", "remove", "--file", "points.csv", "--reason", "cleaning up"]);
    assert_eq!((&removed["contact_points"], &removed["agreements"]), (&2.into(), &1.into()), "{removed}");
    place.run(&["day", "--date", "2026-01-25"]).check_exit(0);
    assert_eq!(place.json(&["coverage", "--on", "2026-01-25"])["by_reason"]["contact_data.removed"], 1);
    let batch = removed["batch"].as_str().expect("a batch");
    place.run(&["contact-point", "restore", batch, "--reason", "a mistake"]).check(expect![[]]);
    let refused = place.json(&["contact-point", "restore", batch, "--reason", "a mistake"]);
    assert_eq!(refused["error"]["code"], "already_undone", "{refused}");
    let days = place.json(&["day", "--date", "2026-01-26"]);
    assert_eq!(days["days"][0]["accepted"], 1, "{days}");
    let history = place.json(&["contact-point", "history", "C-1"]);
    let states: Vec<_> = history["changes"]
        .as_array()
        .expect("changes")
        .iter()
        .map(|change| change["after"].clone())
        .collect();
    assert_eq!(states, ["removed", "removed", "active", "active"], "{history}");
}

#[test]
fn a_contact_point_is_named_with_its_customer() {
    let place = Place::imported();
    place.run(&["contact-point", "remove", "CP-1", "--reason", "x"]).check(expect![[]]);
    place.run(&["contact-point", "remove", "C-1/CP-9", "--reason", "x"]).check(expect![[]]);
    place.run(&["contact-point", "remove", "C-1/CP-1", "--reason", " "]).check(expect![[]]);
    place.run(&["contact-point", "restore", "bat_1", "--reason", "x"]).check(expect![[]]);
    place.run(&["contact-point", "history", "C-2"]).check(expect![[]]);
    place.run(&["contact-point", "remove", "C-1/CP-1", "C-2/CP-3", "--reason", "asked to"]).check_exit(0);
}

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
    add(&["--preview"]).check(expect![[r#"
        exit 0
        at most 1 notice of 1 customer would be held, if nobody paid meanwhile; contact goes on from 2026-02-01
          baitiao M1: 1
    "#]]);
    add(&[]).check(expect![[r#"
        exit 0
        a pause is asked for: all contact, 2026-01-25 to 2026-01-31; it is in force when another person approves it with `dunlin pause approve pau_b48717d960da678f80f6f4b0810eb4bf`
    "#]]);
    let id = "pau_b48717d960da678f80f6f4b0810eb4bf";
    place.run(&["pause", "approve", id]).check(expect![[r#"
        exit 2
        error[same_person]: pau_b48717d960da678f80f6f4b0810eb4bf was asked for by tester; another person must approve it
    "#]]);
    place.run(&["pause", "approve", id, "--actor", "second", "--note", "as planned"]).check(expect![[r#"
        exit 0
        all contact rests 2026-01-25 to 2026-01-31; end it early with `dunlin pause end pau_b48717d960da678f80f6f4b0810eb4bf`
    "#]]);
    place.run(&["pause", "reject", id, "--actor", "second"]).check(expect![[r#"
        exit 2
        error[not_pending]: pau_b48717d960da678f80f6f4b0810eb4bf is approved already
    "#]]);
    add(&["--channel", "sms"]).check(expect![[r#"
        exit 2
        error[pause_covered]: pause pau_b48717d960da678f80f6f4b0810eb4bf from 2026-01-25 to 2026-01-31 stops all of it already, so it would change nothing
    "#]]);
    add(&["--product", "bàitiao"]).check(expect![[r#"
        exit 2
        error[pause]: product "bàitiao" is unknown
    "#]]);
    // Asked for, and approved by nobody: it stops nothing.
    let later = ["pause", "add", "--kind", "upgrade", "--from", "2026-01-26", "--through", "2026-02-10"];
    place.run(&[&later[..], &reasons, &["--channel", "voice", "--bucket", "M1"]].concat()).check_exit(0);
    add(&["--preview"]).check(expect![[r#"
        exit 0
        at most 1 notice of 1 customer would be held, if nobody paid meanwhile; contact goes on from 2026-02-01
          baitiao M1: 1
          overlaps pau_eb49bf8214c8f34e6e2a47249f7e7418: voice (buckets M1), 2026-01-26 to 2026-02-10
    "#]]);
    place.run(&["pause", "list"]).check(expect![[r#"
        exit 0
         pause                                  kind      state      from         through      reaches              reason           by
        ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
         pau_b48717d960da678f80f6f4b0810eb4bf   upgrade   approved   2026-01-25   2026-01-31   all contact          system upgrade   tester, second
         pau_eb49bf8214c8f34e6e2a47249f7e7418   upgrade   pending    2026-01-26   2026-02-10   voice (buckets M1)   system upgrade   tester
    "#]]);
    place.run(&["day", "--through", "2026-01-26"]).check_exit(0);
    assert_eq!(place.json(&["coverage", "--on", "2026-01-26"])["by_reason"]["pause.upgrade"], 1);
    let pauses = place.json(&["pause", "list"]);
    assert_eq!(pauses["pauses"][1]["state"], "pending", "{pauses}");
    place.run(&["pause", "end", id]).check_exit(0);
    let days = place.json(&["day", "--date", "2026-01-27"]);
    assert_eq!(days["days"][0]["accepted"], 1, "{days}");
    place.run(&["why", "A-1", "--on", "2026-01-25", "--lang", "en"]).check(expect![[r#"
        exit 0
        A-1 on 2026-01-25
          1. 2 facts up to 2026-01-25, the last one a purchase of 350.00 CNY of 2026-01-09
             [fct_882cca7f3597e3f472a927aca2b3890c]
          2. what was due on 2026-01-24 is unpaid: 1 day past due (M1), 556.00 CNY overdue, late fee 0.28
             [agr_d5616dd4cc9558e1fffa80905ac43152, baitiao@1]
          3. strategy standard@1 (Standard reminders and collections) decided by row day1, line 18
             [standard@1, day1]
          4. pause from 2026-01-25 to 2026-01-31: system upgrade (asked for by tester, approved by second)
             [pau_b48717d960da678f80f6f4b0810eb4bf]
          5. notice without a channel yet of 2026-01-25 (template day1_notice): replaced by a fresh notice
             [msg_001d5036f4ffee83b979e53233c78cfb]
          6. outcome: contact rested for a system upgrade; where a notice is still due afterwards, a fresh one follows (pause.upgrade)
             [agr_d5616dd4cc9558e1fffa80905ac43152 2026-01-25]
          the customer may be told: That day we had paused notices for planned work. If there is still something to tell you when it ends, you will hear from us. Your account was not affected.
    "#]]);
    place.run(&["pause", "end", "pau_00000000000000000000000000000000"]).check(expect![[r#"
        exit 2
        error[not_found]: there is no running pause "pau_00000000000000000000000000000000"
    "#]]);
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
        .check(expect![[r#"
            exit 2
            error[pause]: pause begins on 2026-01-27 but days through 2026-01-27 were begun without it; begin it on 2026-01-28
        "#]]);
}

#[test]
fn a_closed_channel_is_an_incident() {
    let place = Place::imported();
    place.run(&["incidents"]).check(expect![[r#"
        exit 2
        error[no_day_yet]: no day has been run yet; run one with `dunlin day --date DATE`
    "#]]);
    // With an e-mail address at hand the next notice would go that way, and nobody would try the phone again.
    place.run(&["contact-point", "remove", "C-1/CP-2", "--reason", "asked to"]).check_exit(0);
    place.write("dunlin-data/spool/closed", "");
    place.run(&["day", "--date", "2026-01-25"]).check_exit(0);
    let incidents = place.json(&["incidents", "--on", "2026-01-25"]);
    let incident = &incidents["incidents"][0];
    assert_eq!((&incident["provider"], &incident["closed_at"]), (&"spool".into(), &().into()), "{incidents}");
    std::fs::remove_file(place.path("dunlin-data/spool/closed")).expect("the mark is there");
    place.run(&["day", "--through", "2026-01-28"]).check_exit(0);
    // What the channel held up leaves the next day, and closes it.
    let incidents = place.json(&["incidents", "--on", "2026-01-26"]);
    assert!(incidents["incidents"][0]["closed_at"].is_string(), "{incidents}");
}

#[test]
fn a_removal_is_undone_by_its_batch_and_what_was_missed_is_made_good() {
    let place = Place::imported();
    place.run(&["day", "--date", "2026-01-26"]).check_exit(0);
    place.write("points.csv", "customer_id,contact_point_id\nC-1,CP-1\nC-1,CP-2\n");
    let removed = place.json(&["contact-point", "remove", "--file", "points.csv", "--reason", "cleaning up"]);
    assert_eq!((&removed["contact_points"], &removed["agreements"]), (&2.into(), &1.into()), "{removed}");
    place.run(&["day", "--through", "2026-01-28"]).check_exit(0);
    assert_eq!(place.json(&["coverage", "--on", "2026-01-28"])["by_reason"]["contact_data.removed"], 1);
    let batch = removed["batch"].as_str().expect("a batch");
    place.run(&["contact-point", "restore", batch, "--reason", "a mistake"]).check(expect![[r#"
        exit 0
        2 contact points of customers with 1 agreement are as they were; what was missed is made good by the next day's run
    "#]]);
    let refused = place.json(&["contact-point", "restore", batch, "--reason", "a mistake"]);
    assert_eq!(refused["error"]["code"], "already_undone", "{refused}");
    let days = place.json(&["day", "--date", "2026-01-29"]);
    assert_eq!(days["days"][0]["accepted"], 1, "{days}");
    let history = place.json(&["contact-point", "history", "C-1"]);
    let states: Vec<_> = history["events"]
        .as_array()
        .expect("events")
        .iter()
        .filter(|event| event["kind"] == "changed")
        .map(|event| event["state_after"].clone())
        .collect();
    assert_eq!(states, ["removed", "removed", "active", "active"], "{history}");
}

#[test]
fn a_contact_point_is_named_with_its_customer() {
    let place = Place::imported();
    place.run(&["contact-point", "remove", "CP-1", "--reason", "x"]).check(expect![[r#"
        exit 2
        error[contact_points]: "CP-1" is not CUSTOMER/POINT; write it as C-17/C-17-P, or give a file with --file
    "#]]);
    place.run(&["contact-point", "remove", "C-1/CP-9", "--reason", "x"]).check(expect![[r#"
        exit 2
        error[not_found]: there is no contact point "CP-9"
    "#]]);
    place.run(&["contact-point", "remove", "C-1/CP-1", "--reason", " "]).check(expect![[r#"
        exit 2
        error[contact_points]: a removal names at least one contact point, and a reason
    "#]]);
    place.run(&["contact-point", "restore", "bat_1", "--reason", "x"]).check(expect![[r#"
        exit 2
        error[not_found]: there is no batch "bat_1"
    "#]]);
    place.run(&["contact-point", "history", "C-2"]).check(expect![[r#"
        exit 0
         contact point   at                     what                     by       from                                   why
        ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
         CP-3            2026-06-01T01:00:00Z   added c***@example.com   tester   import may/contact_points.csv line 4
    "#]]);
    place.run(&["contact-point", "remove", "C-1/CP-1", "C-2/CP-3", "--reason", "asked to"]).check_exit(0);
}

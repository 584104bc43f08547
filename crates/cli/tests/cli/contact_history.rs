//! Where numbers and addresses come from, every change of them, and what shows that they are the person's.

use expect_test::expect;

use crate::support::Place;

const POINTS: &str = "contact_point_id,customer_id,kind,value\n";

#[test]
fn every_change_tells_who_made_it_from_what_and_what_stood_there_before() {
    for place in Place::imported_on_both() {
        let verify = ["contact-point", "verify", "C-1/CP-1", "--how", "code", "--evidence", "ticket 7"];
        place.run(&verify).check_exit(0);
        place.write("june/contact_points.csv", format!("{POINTS}CP-1,C-1,phone,10099995678\n"));
        place.run(&["import", "june", "--actor", "clerk"]).check_exit(0);
        let remove = ["contact-point", "remove", "C-1/CP-1", "--reason", "not theirs"];
        let batch = place.json(&remove)["batch"].as_str().expect("a batch").to_owned();
        place.run(&["contact-point", "restore", &batch, "--reason", "it is theirs"]).check_exit(0);
        let history = place.run(&["contact-point", "history", "C-1/CP-1"]).stdout();
        let shown = history.replace(&batch, "bat_1");
        expect![[r#"
             contact point   at                     what                                                                by       from                                        why
            ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
             CP-1            2026-06-01T01:00:00Z   added 100****678                                                    tester   import may/contact_points.csv line 2
             CP-1            2026-06-01T01:00:01Z   verified 2026-06-01: code given back (of what stood there before)   tester   staff                                       ticket 7
             CP-1            2026-06-01T01:00:02Z   100****678 → 100****678                                             clerk    import june/contact_points.csv line 2       import
             CP-1            2026-06-01T01:00:03Z   active → removed                                                    tester   staff                                       not theirs
             CP-1            2026-06-01T01:00:04Z   removed → active                                                    tester   undo bat_1   it is theirs
        "#]]
            .assert_eq(&shown.lines().map(|line| format!("{}\n", line.trim_end())).collect::<String>());
        let json = place.json(&["contact-point", "history", "C-1"]);
        assert_eq!(json["contact_points"][0]["verified_on"], serde_json::Value::Null, "another number now");
        assert_eq!(json["contact_points"][0]["added_place"], "may/contact_points.csv line 2");
        assert_eq!(json["contact_points"][1]["contact_point"], "CP-2");
        assert!(!json.to_string().contains("10012345678"), "values have their middle hidden");
    }
}

#[test]
fn a_proof_needs_evidence_a_day_that_was_and_a_point_in_use() {
    let place = Place::imported();
    place.run(&["contact-point", "remove", "C-1/CP-2", "--reason", "x"]).check_exit(0);
    let verify = |point: &str, rest: &[&str]| {
        place.run(&[&["contact-point", "verify", point, "--how", "customer"][..], rest].concat())
    };
    verify("C-1/CP-2", &["--evidence", "call 1"]).check(expect![[r#"
        exit 2
        error[contact_proof]: CP-2 is out of use; bring it back first
    "#]]);
    verify("C-1/CP-1", &["--evidence", " "]).check(expect![[r#"
        exit 2
        error[contact_proof]: say with --evidence where what shows it is kept
    "#]]);
    verify("C-1/CP-1", &["--evidence", "call 1", "--on", "2026-06-02"]).check(expect![[r#"
        exit 2
        error[contact_proof]: 2026-06-02 is to come; it is 2026-06-01
    "#]]);
    verify("C-1/CP-1", &["--evidence", "call 1", "--on", "2026-06-01"]).check_exit(0);
    verify("C-1/CP-9", &["--evidence", "call 1"]).check(expect![[r#"
        exit 2
        error[not_found]: there is no contact point "CP-9"
    "#]]);
}

#[test]
fn a_number_that_was_proved_may_be_texted_in_the_united_states_until_it_is_replaced() {
    for place in Place::imported_on_both() {
        place.run(&["contact-point", "remove", "C-1/CP-2", "--reason", "no mail"]).check_exit(0);
        place.run(&["day", "--date", "2026-01-24"]).check_exit(0);
        let proof = ["--reason", "moved", "--evidence", "letter 1"];
        let lives = ["circumstance", "add", "C-1", "--kind", "place", "--value", "US-OH"];
        place.run(&[&lives[..], &proof].concat()).check_exit(0);
        let reason = |on: &str| {
            place.run(&["day", "--through", on]).check_exit(0);
            place.json(&["why", "A-1", "--on", on])["reason"].as_str().expect("a reason").to_owned()
        };
        assert_ne!(reason("2026-01-25"), "contact.sent");
        let verify = |how: &str| {
            let verify = ["contact-point", "verify", "C-1/CP-1", "--how", how, "--evidence", "ticket 7"];
            place.run(&[&verify[..], &["--on", "2026-01-24"]].concat()).check_exit(0);
        };
        // What the customer says by another way does not show who has the number.
        verify("customer");
        assert_ne!(reason("2026-01-26"), "contact.sent");
        verify("code");
        assert_eq!(reason("2026-01-27"), "contact.sent");
        place.write("june/contact_points.csv", format!("{POINTS}CP-1,C-1,phone,10099995678\n"));
        place.run(&["import", "june"]).check_exit(0);
        let days = (28..=31).map(|day| format!("2026-01-{day}"));
        let days = days.chain((1..=9).map(|day| format!("2026-02-0{day}")));
        let reasons: Vec<String> = days.map(|day| reason(&day)).collect();
        assert!(reasons.iter().all(|reason| reason != "contact.sent"), "{reasons:?}");
        place.run(&["verify"]).check_exit(0);
    }
}

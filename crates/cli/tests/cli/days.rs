//! Business days: in order, missed ones first, and what a summary tells.

use expect_test::expect;

use crate::support::Place;

#[test]
fn missed_days_are_caught_up_in_order() {
    let place = Place::imported();
    place.run(&["day", "--date", "2026-01-24"]).check_exit(0);
    place.run(&["day", "--date", "2026-01-26"]).check(expect![[r#"
        exit 0
        2 days closed in order, 2026-01-25 to 2026-01-26; those before 2026-01-26 had not been run
         day          agreements   verdicts   messages   sent         receipts
        ───────────────────────────────────────────────────────────────────────────
         2026-01-25            1          1          1   1 accepted
         2026-01-26            0          0          0

        2026-01-26: 1 overdue agreement-day: 0 contacted (0 delivered, 0 pending), 1 silent (0 of them after a failed message), 0 unexplained
         reason                               agreement-days     share
        ──────────────────────────────────────────────────────────────────────────────────────────
         between contacts   policy.interval                1   100.0 %   ████████████████████████

         bucket   overdue agreements   overdue amount
        ────────────────────────────────────────────────────
         M1                        1           556.00   CNY
    "#]]);
    place.run(&["day", "--through", "2026-01-26"]).check(expect![[r#"
        exit 0
        day 2026-01-26 was closed already; nothing was decided anew
         day          agreements   verdicts   messages   sent   receipts
        ─────────────────────────────────────────────────────────────────────
         2026-01-26            0          0          0

        2026-01-26: 1 overdue agreement-day: 0 contacted (0 delivered, 0 pending), 1 silent (0 of them after a failed message), 0 unexplained
         reason                               agreement-days     share
        ──────────────────────────────────────────────────────────────────────────────────────────
         between contacts   policy.interval                1   100.0 %   ████████████████████████

         bucket   overdue agreements   overdue amount
        ────────────────────────────────────────────────────
         M1                        1           556.00   CNY
    "#]]);
}

#[test]
fn the_first_day_of_all_may_be_named_and_no_day_is_left_out() {
    let place = Place::imported();
    place.run(&["day", "--from", "2026-01-26", "--through", "2026-01-24"]).check(expect![[r#"
        exit 2
        error[range]: range 2026-01-26 to 2026-01-24 is not in order; give the earlier day first
    "#]]);
    place.run(&["day", "--from", "2026-01-24", "--through", "2026-01-25"]).check_exit(0);
    place.run(&["day", "--from", "2026-01-24", "--through", "2026-01-26"]).check_exit(0);
    place.run(&["day", "--from", "2026-01-29", "--through", "2026-01-30"]).check(expect![[r#"
        exit 2
        error[range]: day 2026-01-27 has not been run and would be left out; run it first, without --from
    "#]]);
}

#[test]
fn a_day_that_is_run_late_contacts_nobody_and_says_so() {
    let place = Place::imported();
    let days = place.json(&["day", "--date", "2026-01-25", "--clock", "real"]);
    assert_eq!(
        (&days["days"][0]["is_late"], &days["days"][0]["accepted"]),
        (&true.into(), &0.into()),
        "{days}"
    );
    let coverage = place.json(&["coverage", "--on", "2026-01-25"]);
    assert_eq!(coverage["by_reason"]["fault.run_missed"], 1, "{coverage}");
    place.run(&["why", "A-1", "--on", "2026-01-25"]).check(expect![[r#"
        exit 0
        A-1 on 2026-01-25
          1. 2 facts up to 2026-01-25, the last one a purchase of 350.00 CNY of 2026-01-09
             [fct_882cca7f3597e3f472a927aca2b3890c]
          2. what was due on 2026-01-24 is unpaid: 1 day past due (M1), 556.00 CNY overdue, late fee 0.28
             [agr_d5616dd4cc9558e1fffa80905ac43152, baitiao@1]
          3. the day's run happened only at 2026-06-01 09:00
             [2026-06-01T01:00:01Z]
          4. outcome: the day's run, or the sending after it, did not happen in time (fault.run_missed)
             [agr_d5616dd4cc9558e1fffa80905ac43152 2026-01-25]
          the customer may be told: For a technical reason no notice was sent that day. You can see your statement in the app at any time.
    "#]]);
}

#[test]
fn deciding_and_sending_may_be_two_commands() {
    let place = Place::imported();
    let days = place.json(&["day", "--date", "2026-06-01", "--clock", "real", "--no-dispatch"]);
    assert_eq!(
        (&days["days"][0]["messages"], &days["days"][0]["is_dispatched"]),
        (&1.into(), &false.into()),
        "{days}"
    );
    place.run(&["dispatch"]).check(expect![[r#"
        exit 0
        1 message: 1 accepted
    "#]]);
    place.run(&["dispatch"]).check(expect![[r#"
        exit 0
        no message is due
    "#]]);
    place.run(&["receipts"]).check(expect![[r#"
        exit 0
        no receipt has come
    "#]]);
}

#[test]
fn receipts_tell_what_arrived() {
    let place = Place::imported();
    place.run(&["day", "--date", "2026-01-25"]).check_exit(0);
    let (id, _) = only_message(&place);
    place.write(
        "dunlin-data/spool/receipts/today.csv",
        format!("message_id,state,at,code\n{id},delivered,2026-01-25T09:10:00+08:00,\n"),
    );
    let receipts = place.json(&["receipts"]);
    assert_eq!((&receipts["delivered"], &receipts["unmatched"]), (&1.into(), &0.into()), "{receipts}");
    let coverage = place.json(&["coverage", "--on", "2026-01-25"]);
    assert_eq!((&coverage["delivered"], &coverage["pending"]), (&1.into(), &0.into()), "{coverage}");
}

#[test]
fn a_receipt_from_the_future_counts_from_when_it_came() {
    let place = Place::imported();
    place.run(&["day", "--date", "2026-01-25"]).check_exit(0);
    let (id, _) = only_message(&place);
    place.write(
        "dunlin-data/spool/receipts/today.csv",
        format!("message_id,state,at,code\n{id},delivered,2099-01-25T09:10:00+08:00,\n"),
    );
    let receipts = place.json(&["receipts"]);
    assert_eq!(receipts["delivered"], 1, "{receipts}");
    let why = place.json(&["why", "A-1", "--on", "2026-01-25"]).to_string();
    assert!(!why.contains("2099"), "{why}");
}

#[test]
fn a_day_without_a_message_has_no_channel() {
    let place = Place::imported();
    place.run(&["day", "--date", "2026-01-25"]).check_exit(0);
    place.run(&["day", "--through", "2026-01-30"]).check_exit(0);
    let by = place.json(&["coverage", "--from", "2026-01-25", "--through", "2026-01-30", "--by", "channel"]);
    let groups = by["groups"].as_array().expect("groups");
    let of = |channel: &str, count: &str| {
        let group = groups.iter().find(|group| group["channel"] == channel);
        group.and_then(|group| group[count].as_u64()).unwrap_or(0)
    };
    let silent = by["silent"].as_u64().expect("a number");
    assert!(silent > 0 && of("sms", "contacted") > 0, "{by}");
    assert_eq!((of("sms", "silent"), of("-", "silent"), of("-", "contacted")), (0, silent, 0), "{by}");
}

/// Id and text of the one message in the spool.
fn only_message(place: &Place) -> (String, String) {
    let found = place.spooled();
    assert_eq!(found.len(), 1, "{found:?}");
    let id = found[0].file_stem().expect("a name").to_string_lossy().into_owned();
    (id, std::fs::read_to_string(&found[0]).expect("a whole file"))
}

#[test]
fn the_lender_of_the_configuration_speaks_in_messages() {
    let place = Place::with_portfolio();
    place.write("dunlin-data/dunlin.toml", "[lender]\nname_zh = \"甲消金\"\nhotline = \"400-111-2222\"\n");
    place.run(&["import", "may"]).check_exit(0);
    place.run(&["day", "--date", "2026-01-25"]).check_exit(0);
    let (_, text) = only_message(&place);
    assert!(text.contains("甲消金") && text.contains("400-111-2222"), "{text}");
}

#[test]
fn a_long_catch_up_shows_its_last_days() {
    let place = Place::imported();
    let ran = place.run(&["day", "--from", "2026-01-10", "--through", "2026-01-30", "--no-summary"]);
    ran.check(expect![[r#"
        exit 0
        21 days closed in order, 2026-01-10 to 2026-01-30; those before 2026-01-30 had not been run
        the last 14 of them:
         day          agreements   verdicts   messages   sent         receipts
        ───────────────────────────────────────────────────────────────────────────
         2026-01-17            0          0          0
         2026-01-18            0          0          0
         2026-01-19            0          0          0
         2026-01-20            1          0          0
         2026-01-21            1          1          1   1 accepted
         2026-01-22            0          0          0
         2026-01-23            0          0          0
         2026-01-24            1          1          1   1 accepted
         2026-01-25            1          1          1   1 accepted
         2026-01-26            0          0          0
         2026-01-27            1          1          1   1 accepted
         2026-01-28            0          0          0
         2026-01-29            0          0          0
         2026-01-30            0          0          0
    "#]]);
}

#[test]
fn a_day_without_policies_in_force_does_not_begin() {
    let place = Place::imported();
    place.run(&["day", "--date", "2004-02-11"]).check(expect![[r#"
        exit 2
        error[no_policy]: no contact rules is in force on 2004-02-11; import one with `dunlin policy import FILE`
    "#]]);
    place.run(&["coverage", "--on", "2004-02-11"]).check_exit(2);
    place.run(&["day", "--date", "2026-01-24"]).check_exit(0);
}

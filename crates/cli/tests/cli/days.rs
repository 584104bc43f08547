//! Business days: in order, missed ones first, and what a summary tells.

use expect_test::expect;

use crate::support::Place;

#[test]
fn missed_days_are_caught_up_in_order() {
    let place = Place::imported();
    place.run(&["day", "--date", "2026-01-24"]).check_exit(0);
    place.run(&["day", "--date", "2026-01-26"]).check(expect![[]]);
    place.run(&["day", "--through", "2026-01-26"]).check(expect![[]]);
}

#[test]
fn the_first_day_of_all_may_be_named_and_no_day_is_left_out() {
    let place = Place::imported();
    place.run(&["day", "--from", "2026-01-26", "--through", "2026-01-24"]).check(expect![[]]);
    place.run(&["day", "--from", "2026-01-24", "--through", "2026-01-25"]).check_exit(0);
    place.run(&["day", "--from", "2026-01-24", "--through", "2026-01-26"]).check_exit(0);
    place.run(&["day", "--from", "2026-01-29", "--through", "2026-01-30"]).check(expect![[]]);
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
    place.run(&["why", "A-1", "--on", "2026-01-25"]).check(expect![[]]);
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
    place.run(&["dispatch"]).check(expect![[]]);
    place.run(&["dispatch"]).check(expect![[]]);
    place.run(&["receipts"]).check(expect![[]]);
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

/// Id and text of the one message in the spool.
fn only_message(place: &Place) -> (String, String) {
    let mut found = Vec::new();
    let mut folders = vec![place.path("dunlin-data/spool")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("the spool is there") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "json") {
                found.push(path);
            }
        }
    }
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
    ran.check(expect![[]]);
}

//! `why` names as evidence the fact that made it so, and says what was known when the day was decided.

use crate::support::Place;

/// The lines of `why` in English.
fn why(place: &Place, on: &str) -> String {
    place.run(&["why", "A-1", "--on", on, "--lang", "en"]).check_exit(0).stdout()
}

/// Small payments and one that covers what was due, all of one import.
fn paid_on_26_january() -> Place {
    let place = Place::with_portfolio();
    let small = [("PAY-2", "10.00"), ("PAY-3", "11.00"), ("PAY-4", "12.00"), ("PAY-5", "13.00")];
    let small = small.map(|(id, amount)| format!("{id},A-1,2026-01-12,{amount},\n")).concat();
    let paid = place.read("may/payments.csv") + &small + "PAY-9,A-1,2026-01-26,600.00,\n";
    place.write("may/payments.csv", paid);
    place.run(&["import", "may"]).check_exit(0);
    place.run(&["day", "--from", "2026-01-24", "--through", "2026-01-26"]).check_exit(0);
    place
}

#[test]
fn of_one_import_the_payment_that_cured_is_named_and_its_return_after_it() {
    let place = paid_on_26_january();
    let cured = why(&place, "2026-01-26");
    assert!(cured.contains("  3. by the payment of 600.00 CNY of 2026-01-26\n"), "{cured}");
    assert!(!cured.contains("1970"), "the first file does not say when it was learned: {cured}");
    place
        .run(&["return", "PAY-9", "--agreement", "A-1", "--reason-code", "AC04", "--on", "2026-01-26"])
        .check_exit(0);
    place.run(&["day", "--through", "2026-01-27"]).check_exit(0);
    let returned = why(&place, "2026-01-26");
    for line in [
        "8 facts up to 2026-01-26, the last one a return by the bank of 2026-01-26",
        "by what was known that day nothing is overdue on 2026-01-26 (M0)",
        "learned after that day's decision, ",
        ": a return by the bank of 2026-01-26",
        "by what is known now what was due on 2026-01-24 is unpaid: 2 days past due",
        "by the return by the bank (the payment of 600.00 CNY of 2026-01-26) of 2026-01-26, learned ",
        "(account.learned_late)",
    ] {
        assert!(returned.contains(line), "{line}: {returned}");
    }
}

#[test]
fn a_backdated_payment_does_not_make_a_contacted_day_contradict_itself() {
    let place = Place::imported();
    place.run(&["day", "--from", "2026-01-24", "--through", "2026-01-26"]).check_exit(0);
    let before = why(&place, "2026-01-25");
    assert!(!before.contains("by what was known"), "{before}");
    place.run(&["pay", "A-1", "600.00", "--on", "2026-01-23", "--reference", "R-1"]).check_exit(0);
    let after = why(&place, "2026-01-25");
    let lines = [
        "by what was known that day what was due on 2026-01-24 is unpaid: 1 day past due",
        "learned after that day's decision, ",
        ": a payment of 600.00 CNY of 2026-01-23",
        "by what is known now nothing is overdue on 2026-01-25 (M0)",
        "decided by row day1",
        "(contact.sent)",
    ];
    let places = lines.map(|line| after.find(line).unwrap_or_else(|| panic!("{line}: {after}")));
    assert!(places.is_sorted(), "{after}");
}

#[test]
fn the_customer_is_told_by_which_channel_there_was_no_way() {
    let place = Place::imported();
    place.run(&["contact-point", "remove", "C-1/CP-1", "--reason", "asked to"]).check_exit(0);
    place.run(&["contact-point", "remove", "C-1/CP-2", "--reason", "asked to"]).check_exit(0);
    place.run(&["day", "--from", "2026-01-24", "--through", "2026-01-25"]).check_exit(0);
    let told = why(&place, "2026-01-25");
    assert!(told.contains("no number or address in use for a text message"), "{told}");
}

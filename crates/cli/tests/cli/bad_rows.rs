//! Rows that cannot be taken: each goes to the rejects file with line, column, reason and remedy, the rest goes in.

use expect_test::{Expect, expect};

use crate::support::Place;

/// Adds `row` to a table, imports, and shows the rejects file.
fn check(table: &str, row: &str, expected: Expect) {
    let place = Place::with_portfolio();
    let file = format!("may/{table}.csv");
    place.write(&file, place.read(&file) + row + "\n");
    let report = place.json(&["import", "may"]);
    assert_eq!(report["rejected"], 1, "{report}");
    assert!(
        report["rejects_file"].as_str().is_some_and(|name| name.ends_with("/may.rejects.csv")),
        "{report}"
    );
    expected.assert_eq(&place.read("may.rejects.csv"));
    place.run(&["import", "may"]).check_exit(0);
    place.run(&["import", "may", "--strict"]).check_exit(1);
}

#[test]
fn an_unknown_currency() {
    check("agreements", "A-3,C-1,baitiao,RMB,2026-01-05,8000.00,15", expect![[]]);
}

#[test]
fn a_currency_that_is_not_the_agreements() {
    check("agreements", "A-3,C-1,baitiao,USD,2026-01-05,8000.00,15", expect![[]]);
}

#[test]
fn a_day_that_the_calendar_lacks() {
    check("payments", "PAY-2,A-1,2026-02-30,20.00,", expect![[]]);
}

#[test]
fn a_day_that_has_not_come() {
    check("payments", "PAY-2,A-1,2026-06-02,20.00,", expect![[]]);
}

#[test]
fn a_negative_amount() {
    check("payments", "PAY-2,A-1,2026-02-20,-20.00,", expect![[]]);
}

#[test]
fn a_payment_for_an_unknown_agreement() {
    check("payments", "PAY-2,A-9,2026-02-20,20.00,", expect![[]]);
}

#[test]
fn an_id_twice_with_different_content() {
    check("payments", "PAY-1,A-2,2026-01-20,80.00,", expect![[]]);
}

#[test]
fn the_rest_of_the_file_is_taken() {
    let place = Place::with_portfolio();
    place.edit(
        "may/payments.csv",
        "PAY-1,A-2,2026-01-20,90.00,",
        "PAY-1,A-2,2026-01-20,-1,\nPAY-2,A-2,2026-01-20,90.00,",
    );
    place.run(&["import", "may", "--rejects", "wrong.csv"]).check(expect![[]]);
    place.edit("may/payments.csv", "2026-01-20,-1,", "2026-01-20,1.00,");
    place.run(&["import", "may", "--rejects", "wrong.csv"]).check(expect![[]]);
    assert!(!place.path("wrong.csv").exists(), "the rejects of an earlier import are no longer true");
}

//! The whole way, from a folder of files to the answers, on both databases.

use expect_test::expect;

use crate::support::Place;

/// Imports, runs days, asks, verifies and exports; `check` compares what does not depend on the database.
fn cycle(place: &Place) {
    let days = place.json(&["day", "--from", "2026-01-20", "--through", "2026-02-10"]);
    assert_eq!(days["days"].as_array().map(Vec::len), Some(22), "{days}");
    place
        .run(&["coverage", "--from", "2026-01-20", "--through", "2026-02-10", "--lang", "en"])
        .check(expect![[]]);
    place.run(&["why", "A-1", "--on", "2026-01-26", "--lang", "zh"]).check(expect![[]]);
    place.run(&["explain", "A-1", "--on", "2026-02-10"]).check(expect![[]]);
    place.run(&["ledger", "trial-balance", "--on", "2026-02-10"]).check(expect![[]]);
    let verified = place.json(&["verify"]);
    assert_eq!((&verified["problems"], &verified["agreements"]), (&0.into(), &2.into()), "{verified}");
    place.run(&["export", "copy"]).check_exit(0);
    let again = place.json(&["import", "copy"]);
    for table in again["tables"].as_array().expect("tables") {
        assert_eq!(table["unchanged"], table["rows"], "an export is what was imported: {again}");
    }
    place.run(&["export", "columns", "--format", "parquet"]).check_exit(0);
    assert!(place.path("columns/purchases.parquet").exists());
    let journal = place.json(&["ledger", "journal", "journal.csv"]);
    let lines = place.read("journal.csv").lines().count();
    assert_eq!(journal["postings"], lines - 1, "a header and a line for each posting");
}

#[test]
fn the_cycle_on_sqlite() {
    cycle(&Place::imported());
}

#[test]
fn the_cycle_on_postgres() {
    cycle(&Place::imported_on_postgres());
}

#[test]
fn importing_twice_changes_nothing_and_a_corrected_folder_changes_what_was_corrected() {
    for place in [Place::imported(), Place::imported_on_postgres()] {
        place.run(&["import", "may"]).check(expect![[]]);
        place.edit("may/payments.csv", "90.00", "80.00");
        place.edit("may/customers.csv", "Example Li", "Example Lin");
        place.run(&["import", "may"]).check(expect![[]]);
        place.run(&["export", "copy"]).check_exit(0);
        assert!(
            place.read("copy/payments.csv").contains("PAY-1,A-2,2026-01-20,80.00"),
            "{}",
            place.read("copy/payments.csv")
        );
    }
}

#[test]
fn a_generated_portfolio_goes_the_same_way_and_its_seed_names_it() {
    let place = Place::empty();
    let arguments = ["--customers", "40", "--seed", "7", "--from", "2026-01-01", "--days", "20"];
    for folder in ["first", "second"] {
        place.run(&[&["generate", folder], &arguments[..]].concat()).check_exit(0);
    }
    assert_eq!(place.read("first/purchases.csv"), place.read("second/purchases.csv"));
    let report = place.json(&["import", "first"]);
    assert_eq!(report["rejected"], 0, "{report}");
    place
        .run(&["day", "--from", "2026-01-01", "--through", "2026-01-05", "--no-dispatch", "--no-summary"])
        .check_exit(0);
    assert_eq!(
        place.json(&["coverage", "--from", "2026-01-01", "--through", "2026-01-05"])["unexplained"],
        0
    );
}

//! What other systems got wrong: `docs/lessons.md` names a test for each row, and every test that it names is there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::support::{Place, TABLES};

/// The folder of the whole repository.
pub const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// The names of all functions under the folder that are tests.
pub fn tests_under(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
            tests_under(&path, names);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("a source in UTF-8");
            let mut is_test = false;
            for line in text.lines().map(str::trim) {
                if let Some(name) = line.strip_prefix("fn ").filter(|_| is_test) {
                    names.insert(name.split('(').next().unwrap_or_default().to_owned());
                }
                is_test = line == "#[test]" || (is_test && line.starts_with("#["));
            }
        }
    }
}

/// The tests that a row names: the words in backticks of its last cell.
fn named_in(row: &str) -> Vec<&str> {
    let cell = row.trim_end_matches(['|', ' ']).rsplit('|').next().unwrap_or_default();
    cell.split('`').skip(1).step_by(2).collect()
}

fn rows(document: &str) -> Vec<&str> {
    let is_row = |line: &&str| {
        line.starts_with("| ") && !line.starts_with("| complaint") && !line.starts_with("| ---")
    };
    document.lines().filter(is_row).collect()
}

#[test]
fn every_lesson_names_a_test_that_is_there() {
    let document = fs::read_to_string(Path::new(ROOT).join("docs/lessons.md")).expect("the lessons");
    let mut known = BTreeSet::new();
    tests_under(&Path::new(ROOT).join("crates"), &mut known);
    assert!(known.len() > 500, "only {} tests were found", known.len());
    let rows = rows(&document);
    assert!(rows.len() >= 39, "only {} lessons were read", rows.len());
    for row in rows {
        let named = named_in(row);
        assert!(!named.is_empty(), "no test is named in {row}");
        for name in named {
            assert!(known.contains(name), "there is no test {name}, named in {row}");
        }
    }
}

#[test]
fn a_lesson_without_its_test_is_found() {
    let row = "| somebody: something | a rule | `a_test_that_nobody_wrote`, `another` |";
    assert_eq!(named_in(row), ["a_test_that_nobody_wrote", "another"]);
    let document = format!("# x\n\n| complaint | rule | tests |\n| --- | --- | --- |\n{row}\n");
    assert_eq!(rows(&document), [row]);
    let mut known = BTreeSet::new();
    tests_under(&Path::new(ROOT).join("crates/cli"), &mut known);
    assert!(known.contains("a_lesson_without_its_test_is_found"));
    assert!(!known.contains("tests_under") && !known.contains("a_test_that_nobody_wrote"));
}

/// The card waits three days: on day 3 explain says so and on day 4 the fee is there, with all four days.
#[test]
fn explain_says_why_there_is_no_fee_today() {
    let place = Place::with_portfolio();
    place.edit(
        "may/products.csv",
        "baitiao,1,2026-01-01,shipped:baitiao\n",
        "card,1,2026-01-01,shipped:card\n",
    );
    let agreements = place.read("may/agreements.csv").replace(",baitiao,", ",card,");
    place.write("may/agreements.csv", agreements);
    let purchases = place.read("may/purchases.csv").replace(",6\n", ",0\n");
    place.write("may/purchases.csv", purchases);
    place.run(&["import", "may"]).check_exit(0);
    place.run(&["day", "--from", "2026-01-14", "--through", "2026-02-20"]).check_exit(0);
    let told = |on: &str| place.run(&["explain", "A-1", "--on", on]).stdout();
    let first = place.json(&["explain", "A-1", "--on", "2026-02-20"])["lines"].to_string();
    let due_on = first.split("statement due ").nth(1).and_then(|rest| rest.get(..10)).expect("a due date");
    let day =
        |days: i32| dunlin_domain::date::Date::parse(due_on).expect("a day").plus_days(days).to_string();
    let third = told(&day(3));
    assert!(third.contains("no late fee of the statement due"), "{third}");
    assert!(third.contains(&format!("3 days of grace; the first day that costs is {}", day(4))), "{third}");
    let fourth = told(&day(4));
    assert!(!fourth.contains("no late fee") && fourth.contains("× 4 days since"), "{fourth}");
}

/// The same commands on machines of other zones say the same to the letter.
#[test]
fn the_zone_of_the_machine_changes_nothing() {
    let told = |zone: &str| {
        let place = Place::with_portfolio();
        let run = |arguments: &[&str]| {
            let ran = place.run_in_zone(zone, arguments);
            ran.check_exit(0);
            ran.stdout()
        };
        run(&["import", "may"]);
        run(&["day", "--from", "2026-01-20", "--through", "2026-03-02"]);
        let paid = run(&["pay", "A-1", "10.00", "--on", "2026-02-28", "--reference", "R-1"]);
        paid + &run(&["explain", "A-1"]) + &run(&["explain", "A-1", "--on", "2026-02-28"])
    };
    let expected = told("Asia/Shanghai");
    for zone in ["UTC", "America/Los_Angeles", "Pacific/Kiritimati"] {
        assert_eq!(told(zone), expected, "{zone}");
    }
}

/// A lender need not find out how a late fee in percent is set up.
#[test]
fn every_shipped_product_charges_a_late_fee_in_percent() {
    let folder = Path::new(ROOT).join("policies/products");
    let mut count = 0;
    for entry in fs::read_dir(folder).expect("the shipped products") {
        let path = entry.expect("an entry").path();
        let text = fs::read_to_string(&path).expect("a document");
        let (_, fee) =
            text.split_once("[late_fee]").unwrap_or_else(|| panic!("{}: no late fee", path.display()));
        assert!(fee.trim_start().starts_with("rate_per_day = \"0."), "{}", path.display());
        count += 1;
    }
    assert!(count >= 4, "only {count} products are shipped");
}

/// What lies in the spool, by the day on which it was handed over and the customer who gets it, by whatever channel.
fn handed_over(place: &Place) -> BTreeMap<(String, String), usize> {
    let mut counts = BTreeMap::new();
    for path in place.spooled() {
        let text = fs::read_to_string(&path).expect("a whole file");
        let message: serde_json::Value = serde_json::from_str(&text).expect("a message");
        let field = |name: &str| message[name].as_str().expect("a text").to_owned();
        let day = field("handed_over_at")[..10].to_owned();
        *counts.entry((day, customer_at(&field("recipient")))).or_default() += 1;
    }
    counts
}

/// The customer whose number or address it is.
fn customer_at(recipient: &str) -> String {
    let (_, points) = TABLES.iter().find(|(name, _)| *name == "contact_points.csv").expect("contact points");
    let is_at = |line: &&str| line.ends_with(&format!(",{recipient}"));
    let line = points.lines().find(is_at).unwrap_or_else(|| panic!("nobody is at {recipient}"));
    line.split(',').nth(1).expect("a customer").to_owned()
}

/// Two due dates are missed, and a statement falls due on the day of a contact: still one message a day.
#[test]
fn several_missed_due_dates_give_one_message_a_day() {
    let place = Place::imported();
    place.run(&["day", "--from", "2026-01-14", "--through", "2026-03-20"]).check_exit(0);
    let counts = handed_over(&place);
    assert!(counts.len() > 5, "{counts:?}");
    let channels: BTreeSet<String> =
        place.spooled().iter().map(|path| format!("{:?}", path.iter().rev().nth(2))).collect();
    assert!(channels.len() > 1, "one channel cannot show it: {channels:?}");
    let twice: Vec<_> = counts.iter().filter(|(_, count)| **count > 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
    let coverage = place.json(&["coverage", "--from", "2026-01-14", "--through", "2026-03-20"]);
    assert_eq!(coverage["unexplained"], 0, "{coverage}");
}

/// The notices of one agreement do not make those of the customer's other agreement go away: each has its verdict.
#[test]
fn two_agreements_of_one_customer_are_each_told_of() {
    let place = Place::with_portfolio();
    let more = |name: &str, line: &str| {
        let text = place.read(name) + line;
        place.write(name, text);
    };
    more("may/agreements.csv", "A-3,C-1,baitiao,CNY,2026-01-05,8000.00,15\n");
    more("may/purchases.csv", "P-9,A-3,2026-01-08,700.00,0\n");
    place.run(&["import", "may", "--strict"]).check_exit(0);
    place.run(&["day", "--from", "2026-01-14", "--through", "2026-02-05"]).check_exit(0);
    let reasons = |agreement: &str| -> Vec<String> {
        (25..=31)
            .map(|day| {
                place.json(&["why", agreement, "--on", &format!("2026-01-{day}")])["reason"].to_string()
            })
            .collect()
    };
    for agreement in ["A-1", "A-3"] {
        let reasons = reasons(agreement);
        assert!(reasons.iter().all(|reason| reason != "null"), "{agreement}: {reasons:?}");
        assert!(reasons.iter().any(|reason| reason.contains("contact.sent")), "{agreement}: {reasons:?}");
    }
}

/// A reminder before the due date needs no particular plan.
#[test]
fn a_reminder_comes_before_the_due_date() {
    let place = Place::imported();
    place.run(&["day", "--from", "2026-01-14", "--through", "2026-01-24"]).check_exit(0);
    let counts = handed_over(&place);
    let told = |customer: &str| counts.keys().any(|(day, to)| to == customer && day.as_str() <= "2026-01-24");
    assert!(told("C-1"), "{counts:?}");
}

//! An export is the database as a portfolio: it changes nothing where it came from, and makes the same elsewhere.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use dunlin_domain::message::MessageState;
use dunlin_engine::export::ExportReport;
use dunlin_engine::portfolio::{Format, Table};
use expect_test::expect;

use super::fixture::{TestEngine, date, engines, feed, moment, sqlite};

fn export(test: &TestEngine, name: &str, format: Format) -> (PathBuf, ExportReport) {
    let folder = test.folder.join(name);
    let report = test.engine.export(&folder, format, &|_| {}).expect("the export is written");
    (folder, report)
}

/// Every file below a folder.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            if entry.is_dir() {
                open.push(entry);
            } else {
                let name = entry.strip_prefix(folder).expect("below it").display().to_string();
                found.insert(name, fs::read(&entry).expect("a file"));
            }
        }
    }
    found
}

/// A database in which much happened: contacts that arrived and that did not, facts that came late, corrections.
fn lived_in(test: &TestEngine) {
    test.import_portfolio();
    test.run_through("2026-02-22");
    let folder = test.folder.join("feed");
    feed(&folder, &[("A-1", "BACK", "2026-02-21", "undo PAY-0"), ("A-4", "PAY-0", "2026-02-19", "600.00")]);
    test.import(&folder);
    test.run_through("2026-02-25");
}

#[test]
fn an_export_of_an_import_of_an_export_has_the_same_files() {
    for test in engines() {
        lived_in(&test);
        for format in Format::ALL {
            let (folder, report) = export(&test, &format!("from-{}", format.extension()), format);
            for fresh in engines() {
                fresh.import(&folder);
                let (again, other) = export(&fresh, "again", format);
                assert_eq!(files(&again), files(&folder), "{} to {}", test.name, fresh.name);
                assert_eq!(
                    (report.withdrawn, other.withdrawn),
                    (1, 0),
                    "only the correction itself stays behind"
                );
                assert_eq!(report.tables, other.tables);
            }
        }
    }
}

#[test]
fn an_imported_export_owes_the_same() {
    let test = sqlite();
    lived_in(&test);
    let fresh = sqlite();
    fresh.import(&export(&test, "export", Format::Parquet).0);
    fresh.decide(date("2026-02-25"));
    for index in 0..24 {
        let amounts = |test: &TestEngine| {
            test.engine.explain(&format!("A-{index}"), Some(date("2026-02-25"))).expect("it is there").amounts
        };
        assert_eq!(amounts(&fresh), amounts(&test), "A-{index}");
    }
    fresh.assert_clean();
}

#[test]
fn importing_an_export_where_it_came_from_changes_nothing() {
    for test in engines() {
        lived_in(&test);
        for format in Format::ALL {
            let (folder, _) = export(&test, format.extension(), format);
            let report = test.import(&folder);
            for table in report.tables {
                assert_eq!((table.added, table.changed), (0, 0), "{}: {table:?}", test.name);
                assert_eq!(table.rows, table.unchanged, "{}: {table:?}", test.name);
            }
        }
        test.assert_clean();
    }
}

#[test]
fn what_stands_is_exported_and_what_was_withdrawn_is_not() {
    let test = sqlite();
    lived_in(&test);
    let (folder, report) = export(&test, "export", Format::Csv);
    let payments = fs::read_to_string(folder.join("payments.csv")).expect("payments");
    let of = |agreement: &str| -> String {
        let is_of = |line: &&str| line.split(',').nth(1) == Some(agreement);
        payments.lines().filter(is_of).map(|line| format!("{line}\n")).collect()
    };
    expect![[r#"
        PAY-0,A-1,2026-02-10,100.00,,CNY
        PAY-1,A-1,2026-03-02,900.00,,CNY
        BACK,A-1,2026-02-21,,PAY-0,
        PAY-0,A-4,2026-02-19,600.00,,
        PAY-0,A-8,2026-02-09,1500.00,,
        PAY-1,A-8,2026-02-25,3000.00,,
        BACK-0,A-8,2026-02-13,1500.00,PAY-0,
        PAY-0,A-9,2026-02-14,60.00,,CNY
        PAY-1,A-9,2026-02-12,20.00,,CNY
        BACK-0,A-9,2026-02-18,,PAY-0,CNY
    "#]]
    .assert_eq(&[of("A-1"), of("A-4"), of("A-8"), of("A-9")].concat());
    expect!["ExportReport { tables: [(Customers, 24), (ContactPoints, 31), (Products, 4), (Agreements, 24), (Purchases, 52), (Obligations, 3), (Payments, 41), (Refunds, 3), (Contacts, 73)], withdrawn: 1, waivers: 0, others: 0, unknown_calls: 0 }"].assert_eq(&format!("{report:?}"));
    let products = fs::read_to_string(folder.join("products.csv")).expect("products");
    expect![[r#"
        product,version,effective_from,document
        baitiao,1,2020-01-01,products/baitiao-1.toml
        card,1,2020-01-01,products/card-1.toml
        card-twd,1,2005-01-01,products/card-twd-1.toml
        term-loan,1,2020-01-01,products/term-loan-1.toml
    "#]]
    .assert_eq(&products);
    assert!(folder.join("products/baitiao-1.toml").exists());
}

#[test]
fn contacts_are_those_made_before_and_those_that_left_the_house_since() {
    let test = sqlite();
    test.import_portfolio();
    test.run_through("2026-02-15");
    let (folder, report) = export(&test, "export", Format::Csv);
    let contacts = fs::read_to_string(folder.join("contacts.csv")).expect("contacts");
    assert!(contacts.contains("K-6,C-6,A-6,voice,2026-01-20T03:00:00Z,unanswered,\n"), "{contacts}");
    let sent = [MessageState::Accepted, MessageState::Delivered, MessageState::Failed];
    let sent: Vec<_> = sent.into_iter().flat_map(|state| test.messages(state)).collect();
    // The imported one is among them: nobody took the call.
    assert!(sent.len() > 10);
    assert_eq!(contacts.lines().count(), sent.len() + 1);
    assert!(report.tables.contains(&(Table::Contacts, sent.len() as u64)), "{report:?}");
}

#[test]
fn a_contact_point_is_exported_as_it_is_now() {
    let test = sqlite();
    test.import_portfolio();
    test.run_through("2026-02-08");
    let points = [("C-5".to_owned(), "CP-5-phone".to_owned())];
    test.engine
        .remove_contact_points(&points, "a clerk's mistake", moment("2026-02-08", 15))
        .expect("it is removed");
    let (folder, _) = export(&test, "export", Format::Csv);
    let points = fs::read_to_string(folder.join("contact_points.csv")).expect("contact points");
    assert!(points.contains("CP-5-phone,C-5,phone,10000000005,borrower,removed,1\n"), "{points}");
    assert!(points.contains("CP-6-phone,C-6,phone,10000000006,borrower,active,1\n"), "{points}");
}

#[test]
fn a_folder_with_a_portfolio_in_it_is_left_as_it_is() {
    let test = sqlite();
    test.import_portfolio();
    let (folder, _) = export(&test, "export", Format::Csv);
    let before = files(&folder);
    let refused = test.engine.export(&folder, Format::Parquet, &|_| {}).expect_err("the folder is in use");
    assert_eq!(refused.code(), "portfolio");
    assert!(
        refused.to_string().ends_with("already holds customers.csv; choose an empty folder"),
        "{refused}"
    );
    assert_eq!(files(&folder), before);
}

//! The audit log shows every tampering that its chains and roots can show.

use std::thread;

use dunlin_domain::date::{BusinessDate, Date, Timestamp};
use dunlin_domain::id::Part;
use dunlin_store::audit::{Entry, append, append_all, daily_root, verify};
use dunlin_store::migrate::migrate;
use dunlin_store::{Db, StoreError};
use expect_test::{Expect, expect};

use crate::common::{TestDatabase, databases};

const NOW: Timestamp = Timestamp::from_micros(1_790_000_000_000_000);

fn entry(subject: &str) -> Entry<'_> {
    Entry {
        at: NOW,
        actor: "clerk 7",
        action: "pause.add",
        subject,
        before: None,
        after: Some("sms until 2026-03-01"),
        cause: "change 41",
    }
}

fn day(text: &str) -> BusinessDate {
    BusinessDate(Date::parse(text).expect("a day of the calendar"))
}

/// Three entries in range 0 and two in range 512; a root after the first entry and one after the last.
fn filled() -> Vec<TestDatabase> {
    let all = databases();
    for test in &all {
        fill(&test.db).expect("the log takes entries");
    }
    all
}

fn fill(db: &Db) -> Result<(), StoreError> {
    migrate(db, NOW)?;
    db.write(|tx| {
        append(tx, Part::new(0), &entry("pau_1"))?;
        daily_root(tx, day("2026-02-01"))
    })?;
    db.write(|tx| {
        append_all(tx, Part::new(0), &[entry("pau_2"), entry("pau_3")])?;
        append_all(tx, Part::new(512), &[entry("pau_4"), entry("pau_5")])?;
        daily_root(tx, day("2026-02-02"))
    })?;
    Ok(())
}

/// What `verify` says after someone ran `script` on the database.
fn check(script: &str, expected: Expect) {
    for test in filled() {
        test.db.write(|tx| tx.execute_script(script)).expect("whoever has the database can do this");
        let problems = verify(&test.db).expect("the log can be read");
        expected.assert_eq(&problems.join("\n"));
    }
}

#[test]
fn an_untouched_log_is_good() {
    check("", expect![""]);
}

#[test]
fn an_altered_entry_is_found() {
    check(
        "update audit_entry set actor = 'clerk 8' where part = 0 and seq = 2",
        expect!["audit range 0: entry 2 was altered"],
    );
    check(
        "update audit_entry set after = null where part = 512 and seq = 2",
        expect!["audit range 512: entry 2 was altered"],
    );
    check(
        "update audit_entry set before = '' where part = 0 and seq = 1",
        expect!["audit range 0: entry 1 was altered"],
    );
    check(
        "update audit_entry set at = at + 1 where part = 0 and seq = 3",
        expect!["audit range 0: entry 3 was altered"],
    );
}

#[test]
fn an_entry_moved_to_another_place_is_found() {
    check(
        "update audit_entry set seq = 9 where part = 0 and seq = 1;
         update audit_entry set seq = 1 where part = 0 and seq = 2;
         update audit_entry set seq = 2 where part = 0 and seq = 9",
        expect![[r#"
            audit range 0: entry 1 does not follow entry 0
            audit range 0: entry 1 was altered
            audit range 0: entry 2 does not follow entry 1
            audit range 0: entry 2 was altered
            audit range 0: entry 3 does not follow entry 2
            audit root of 2026-02-01 does not agree with the entries it covers"#]],
    );
    check(
        "update audit_entry set part = 513 where part = 512",
        expect![[r#"
        audit range 513: entry 1 was altered
        audit range 513: entry 2 was altered
        audit range 513: its head is gone
        audit range 512: all 2 entries are gone
        audit root of 2026-02-02 covers entry 2 of range 512, which is gone"#]],
    );
}

#[test]
fn a_removed_entry_is_found() {
    check(
        "delete from audit_entry where part = 0 and seq = 2",
        expect!["audit range 0: entries between 1 and 3 are gone"],
    );
    check(
        "delete from audit_entry where part = 512",
        expect![[r#"
        audit range 512: all 2 entries are gone
        audit root of 2026-02-02 covers entry 2 of range 512, which is gone"#]],
    );
    check("delete from audit_head where part = 512", expect!["audit range 512: its head is gone"]);
}

#[test]
fn a_cut_end_is_found_by_the_head_and_with_a_forged_head_by_the_root() {
    check(
        "delete from audit_entry where part = 0 and seq = 3",
        expect![[r#"
        audit range 0: its head names entry 3, its last entry is 2, or their hashes differ
        audit root of 2026-02-02 covers entry 3 of range 0, which is gone"#]],
    );
    check(
        "delete from audit_entry where part = 0 and seq = 3;
         update audit_head set seq = 2, hash = (select hash from audit_entry where part = 0 and seq = 2) where part = 0",
        expect![[r#"
            audit root of 2026-02-02 covers entry 3 of range 0, which is gone"#]],
    );
}

#[test]
fn a_removed_or_altered_root_is_found() {
    check(
        "delete from audit_root where business_date = 20485",
        expect!["audit root of 2026-02-02 does not follow the root before it; one may be gone"],
    );
    check(
        "update audit_root set entry_count = 6 where business_date = 20486",
        expect!["audit root of 2026-02-02 does not agree with the entries it covers"],
    );
    check(
        "update audit_root set business_date = 20487 where business_date = 20486",
        expect!["audit root of 2026-02-03 does not agree with the entries it covers"],
    );
}

#[test]
fn a_day_has_one_root_however_often_it_is_asked_for() {
    for test in filled() {
        let root = |date: &str| test.db.write(|tx| daily_root(tx, day(date)));
        let (first, second) = (root("2026-02-01"), root("2026-02-02"));
        test.db.write(|tx| append(tx, Part::new(0), &entry("pau_6"))).expect("the log takes entries");
        assert_eq!(root("2026-02-02"), second, "{test}");
        assert_eq!(root("2026-02-01"), first, "{test}");
        let counts = [first, second, root("2026-02-03")].map(|root| root.expect("a root").entry_count);
        assert_eq!(counts, [1, 5, 6], "{test}");
        expect!["audit root for day 20484 asked for after the root of day 20487; close days in order"]
            .assert_eq(&root("2026-01-31").expect_err("that day was left out").to_string());
    }
}

#[test]
fn the_hashes_are_frozen() {
    for test in filled() {
        let root = test.db.write(|tx| daily_root(tx, day("2026-02-02"))).expect("a root");
        let hex: String = root.root.iter().map(|byte| format!("{byte:02x}")).collect();
        expect!["2eac7218f94bc84557cc6dee9abb7dce44287607981b8e6a5b952502914fbcd3"].assert_eq(&hex);
    }
}

#[test]
fn appenders_of_one_range_wait_for_each_other() {
    for test in filled() {
        thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| {
                    for _ in 0..10 {
                        // A range of its own is new to all of them at first.
                        let appended = test.db.write(|tx| append(tx, Part::new(256), &entry("pau_7")));
                        assert!(appended.is_ok(), "{test}: {appended:?}");
                    }
                });
            }
        });
        assert_eq!(verify(&test.db), Ok(Vec::new()), "{test}");
        let count = test.db.read(|tx| {
            tx.query_one("select count(*), max(seq) from audit_entry where part = 256", &[], |row| {
                Ok((row.int(0), row.int(1)))
            })
        });
        assert_eq!(count, Ok(Some((60, 60))), "{test}");
    }
}

#[test]
fn a_broken_log_is_listed_up_to_a_hundred_problems() {
    for test in filled() {
        let many: Vec<Entry<'_>> = (0..3_000).map(|_| entry("pau_8")).collect();
        test.db.write(|tx| append_all(tx, Part::new(0), &many)).expect("the log takes entries");
        test.db.write(|tx| tx.execute("update audit_entry set cause = 'none'", &[])).expect("it can be done");
        let problems = verify(&test.db).expect("the log can be read");
        assert_eq!(problems.len(), 101, "{test}");
        expect!["2905 more problems of the audit log are not listed"].assert_eq(&problems[100]);
    }
}

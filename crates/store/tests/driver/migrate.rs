//! A database has the schema of the program, or is refused.

use std::sync::Barrier;
use std::thread;

use dunlin_domain::date::Timestamp;
use dunlin_store::migrate::{MIGRATIONS, Migration, apply, migrate};
use dunlin_store::{Db, Param, StoreError};
use expect_test::{Expect, expect};

use crate::common::{TestDatabase, databases};

const NOW: Timestamp = Timestamp::from_micros(1_790_000_000_000_000);
const ONE: Migration = Migration { version: 1, text: "create table one (n BIGINT NOT NULL);" };
const TWO: Migration =
    Migration { version: 2, text: "create table two (b BYTEA);\ncreate index two_b on two (b);" };
const BROKEN: Migration =
    Migration { version: 2, text: "create table two (b BYTEA);\ncreate tabel three (n BIGINT);" };

fn versions(test: &TestDatabase) -> Vec<(i64, i64)> {
    test.db
        .read(|tx| {
            tx.query("select version, at from schema_version order by version", &[], |row| {
                Ok((row.int(0), row.int(1)))
            })
        })
        .expect("the table of versions is there")
}

#[test]
fn what_is_missing_is_applied_once() {
    for test in databases() {
        assert_eq!(apply(&test.db, &[ONE], NOW), Ok(1), "{test}");
        assert_eq!(apply(&test.db, &[ONE, TWO], NOW.plus_seconds(1)), Ok(2), "{test}");
        assert_eq!(apply(&test.db, &[ONE, TWO], NOW.plus_seconds(2)), Ok(2), "{test}");
        let expected = [(1, NOW.micros()), (2, NOW.plus_seconds(1).micros())];
        assert_eq!(versions(&test), expected, "{test}");
    }
}

#[test]
fn the_schema_of_this_program_applies() {
    for test in databases() {
        let newest = MIGRATIONS.last().map(|migration| migration.version);
        assert_eq!(migrate(&test.db, NOW).map(Some), Ok(newest), "{test}");
    }
}

fn check_refused(had: &[Migration], known: &[Migration], expected: Expect) {
    for test in databases() {
        apply(&test.db, had, NOW).expect("the first program's schema is right");
        let before = versions(&test);
        let error = apply(&test.db, known, NOW).expect_err("the second program must not use it");
        expected.assert_eq(&error.to_string());
        assert_eq!(versions(&test), before, "{test}");
    }
}

#[test]
fn a_database_of_a_newer_program_is_refused() {
    check_refused(
        &[ONE, TWO],
        &[ONE],
        expect![
            "the database has schema version 2, this program knows versions up to 1; use the newer program that migrated it, or restore a backup from before"
        ],
    );
}

#[test]
fn a_database_with_another_history_is_refused() {
    let other = Migration { version: 1, text: "create table one (n BIGINT);" };
    check_refused(
        &[ONE],
        &[other, TWO],
        expect![
            "schema version 1 of the database was made by another text than this program carries; use the program that made it, or load the data into a fresh database"
        ],
    );
}

#[test]
fn a_step_that_fails_leaves_nothing_of_itself() {
    for test in databases() {
        apply(&test.db, &[ONE], NOW).expect("the step is right");
        let error = apply(&test.db, &[ONE, BROKEN], NOW).expect_err("the step is broken");
        assert!(matches!(error, StoreError::Statement { .. }), "{test}: {error}");
        assert_eq!(versions(&test).len(), 1, "{test}");
        assert_eq!(apply(&test.db, &[ONE, TWO], NOW), Ok(2), "{test}");
    }
}

#[test]
fn programs_that_start_together_apply_each_step_once() {
    for test in databases() {
        let start = Barrier::new(4);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    start.wait();
                    let db = Db::open(&test.location).expect("the database opens");
                    assert_eq!(apply(&db, &[ONE, TWO], NOW), Ok(2), "{test}");
                });
            }
        });
        assert_eq!(versions(&test).len(), 2, "{test}");
    }
}

#[test]
fn types_are_kept_strictly_on_both() {
    for test in databases() {
        apply(&test.db, &[ONE], NOW).expect("the step is right");
        let stored = test.db.write(|tx| tx.execute("insert into one (n) values (?1)", &[Param::Text("1x")]));
        assert!(stored.is_err(), "{test}: a text went into a BIGINT column");
    }
}

/// Steps may have gaps in their numbers, and one that was missed is made up for.
#[test]
fn a_step_that_a_database_missed_is_applied_later() {
    const FIVE: Migration = Migration { version: 5, text: "create table five (n BIGINT NOT NULL);" };
    for test in databases() {
        assert_eq!(apply(&test.db, &[ONE, FIVE], NOW), Ok(5), "{test}");
        assert_eq!(apply(&test.db, &[ONE, TWO, FIVE], NOW.plus_seconds(1)), Ok(5), "{test}");
        let expected = [(1, NOW.micros()), (2, NOW.plus_seconds(1).micros()), (5, NOW.micros())];
        assert_eq!(versions(&test), expected, "{test}");
    }
}

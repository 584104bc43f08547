//! Transactions, statements and bulk writes: the same promises on both databases.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Barrier;
use std::thread;

use crate::common::{self, TestDatabase, databases};
use dunlin_store::{Column, Conflict, Db, Location, Param, StoreError};
use expect_test::{Expect, expect};

const SCHEMA: &str = "
-- clustered
create table thing (
    part BIGINT NOT NULL,
    id BYTEA NOT NULL,
    name TEXT,
    amount BIGINT,
    primary key (part, id)
);
create table child (
    part BIGINT NOT NULL,
    id BYTEA NOT NULL,
    body TEXT NOT NULL,
    foreign key (part, id) references thing (part, id)
);
";

const COLUMNS: &[(&str, Column)] =
    &[("part", Column::Int), ("id", Column::Bytes), ("name", Column::Text), ("amount", Column::Int)];
const KEYS: &[(&str, Column)] = &[("part", Column::Int), ("id", Column::Bytes)];

fn with_schema() -> Vec<TestDatabase> {
    let all = databases();
    for test in &all {
        test.db.write(|tx| tx.execute_script(&tx.dialect().schema(SCHEMA))).expect("the schema is right");
    }
    all
}

/// The id of thing `number`.
fn id(number: u32) -> [u8; 16] {
    let mut id = [0; 16];
    id[12..].copy_from_slice(&number.to_be_bytes());
    id
}

/// A thing of part `number mod part_count`.
fn thing(number: u32, part_count: u32) -> [Param<'static>; 4] {
    [
        Param::Int(i64::from(number % part_count)),
        Param::Id(id(number)),
        if number.is_multiple_of(3) { Param::OptText(None) } else { Param::Text("a name") },
        Param::OptInt(Some(i64::from(number))),
    ]
}

fn things(numbers: std::ops::Range<u32>, part_count: u32) -> Vec<Param<'static>> {
    numbers.flat_map(|number| thing(number, part_count)).collect()
}

fn insert(db: &Db, conflict: Conflict, values: &[Param<'_>]) -> Result<u64, StoreError> {
    db.write(|tx| tx.insert_rows("thing", COLUMNS, conflict, values))
}

fn count(db: &Db) -> i64 {
    let one = |sql| db.read(|tx| tx.query_one(sql, &[], |row| Ok(row.int(0)))).expect("counting works");
    one("select count(*) from thing").expect("a count is one row")
}

/// What `case` says on each database must be the same.
fn check(case: impl Fn(&Db) -> String, expected: Expect) {
    for test in with_schema() {
        expected.assert_eq(&case(&test.db));
    }
}

#[test]
fn each_kind_of_value_comes_back_as_it_went() {
    check(
        |db| {
            let row = db.read(|tx| {
                tx.query_one(
                    "select cast(?1 as bigint), cast(?2 as bigint), ?3, ?4, ?5, ?6, ?7, ?8",
                    &[
                        i64::MIN.into(),
                        None::<i64>.into(),
                        "账单 ¥1,234.56".into(),
                        None::<&str>.into(),
                        [0u8, 255].as_slice().into(),
                        None::<&[u8]>.into(),
                        id(7).into(),
                        None::<[u8; 16]>.into(),
                    ],
                    |row| {
                        Ok(format!(
                            "{} {:?} {} {:?} {:?} {:?} {:?} {:?}",
                            row.int(0),
                            row.opt_int(1),
                            row.text(2),
                            row.opt_text(3),
                            row.bytes(4),
                            row.opt_bytes(5),
                            row.id16(6)[15],
                            row.opt_id16(7)
                        ))
                    },
                )
            });
            row.expect("the query is right").expect("one row")
        },
        expect!["-9223372036854775808 None 账单 ¥1,234.56 None [0, 255] None 7 None"],
    );
}

#[test]
fn literals_counts_and_truth_values_are_integers_on_both() {
    check(
        |db| {
            let row = db.read(|tx| {
                tx.query_one(
                    "select 1, count(*), exists(select 1 from thing), 2 > 1 from thing",
                    &[],
                    |row| Ok(format!("{} {} {} {}", row.int(0), row.int(1), row.int(2), row.int(3))),
                )
            });
            row.expect("the query is right").expect("one row")
        },
        expect!["1 0 0 1"],
    );
}

#[test]
fn a_statement_says_how_many_rows_it_changed_and_finds_rows_by_numbered_places() {
    check(
        |db| {
            insert(db, Conflict::Fail, &things(0..4, 1)).expect("rows are new");
            let changed = db.write(|tx| {
                tx.execute(
                    "update thing set name = ?2 where amount >= ?1 and name is distinct from ?2 and '?1' = '?1'",
                    &[Param::Int(2), Param::Text("new")],
                )
            });
            let names = db.read(|tx| {
                tx.query("select name from thing where part = ?1 order by id", &[Param::Int(0)], |row| {
                    Ok(row.opt_text(0).unwrap_or("-").to_owned())
                })
            });
            format!("{} {:?}", changed.expect("an update"), names.expect("a query"))
        },
        expect![[r#"2 ["-", "a name", "new", "new"]"#]],
    );
}

#[test]
fn one_statement_takes_another_type_the_next_time() {
    check(
        |db| {
            let length = |value: Param<'_>| {
                db.read(|tx| tx.query_one("select length(cast(?1 as text))", &[value], |row| Ok(row.int(0))))
            };
            format!("{:?} {:?}", length(Param::Int(1_000)), length(Param::Text("ab")))
        },
        expect!["Ok(Some(4)) Ok(Some(2))"],
    );
}

#[test]
fn a_text_is_not_an_integer() {
    for test in with_schema() {
        let refused = catch_unwind(AssertUnwindSafe(|| {
            test.db.read(|tx| tx.query_one("select 'x'", &[], |row| Ok(row.int(0))))
        }));
        assert!(refused.is_err(), "{}", test.name);
        assert_eq!(count(&test.db), 0, "{}: the connection is not reused in a broken state", test.name);
    }
}

#[test]
fn many_rows_go_in_once_and_are_counted() {
    // 12,001 rows are several blocks, several pieces of a COPY, and not a whole number of either.
    for (row_count, part_count) in [(1, 1), (1_999, 5), (12_001, 1), (12_001, 7)] {
        for test in with_schema() {
            let values = things(0..row_count, part_count);
            let case = format!("{} {row_count} {part_count}", test.name);
            assert_eq!(insert(&test.db, Conflict::Ignore, &values), Ok(u64::from(row_count)), "{case}");
            assert_eq!(insert(&test.db, Conflict::Ignore, &values), Ok(0), "{case}");
            let more = things(0..row_count + 2_500, part_count);
            assert_eq!(insert(&test.db, Conflict::Ignore, &more), Ok(2_500), "{case}");
            assert_eq!(count(&test.db), i64::from(row_count + 2_500), "{case}");
        }
    }
}

#[test]
fn one_row_that_is_already_there_fails_the_whole_insert() {
    for row_count in [2, 12_001] {
        for test in with_schema() {
            insert(&test.db, Conflict::Fail, &thing(row_count - 1, 1)).expect("the row is new");
            let error =
                insert(&test.db, Conflict::Fail, &things(0..row_count, 1)).expect_err("a key is there");
            assert!(matches!(error, StoreError::Duplicate { .. }), "{}: {error}", test.name);
            assert_eq!(count(&test.db), 1, "{}", test.name);
        }
    }
}

#[test]
fn rows_of_megabytes_are_split_into_blocks() {
    let body = "字".repeat(1 << 20);
    for test in with_schema() {
        insert(&test.db, Conflict::Fail, &thing(1, 1)).expect("the row is new");
        let values: Vec<Param<'_>> =
            (0..5).flat_map(|_| [Param::Int(0), Param::Id(id(1)), Param::Text(&body)]).collect();
        let columns = [KEYS[0], KEYS[1], ("body", Column::Text)];
        let inserted = test.db.write(|tx| tx.insert_rows("child", &columns, Conflict::Ignore, &values));
        assert_eq!(inserted, Ok(5), "{}", test.name);
        let mut length = 0;
        let read = test.db.read(|tx| {
            tx.each("select body from child", &[], |row| {
                length += row.text(0).len();
                Ok(())
            })
        });
        assert_eq!((read, length), (Ok(()), 5 * body.len()), "{}", test.name);
    }
}

#[test]
fn an_update_by_keys_changes_what_it_finds() {
    for part_count in [1, 7] {
        for test in with_schema() {
            insert(&test.db, Conflict::Fail, &things(0..6_000, part_count)).expect("rows are new");
            let values: Vec<Param<'_>> = (3_000..9_000)
                .flat_map(|number| {
                    let [part, id, _, _] = thing(number, part_count);
                    [part, id, Param::OptText(None), Param::Int(-1)]
                })
                .collect();
            let updated = test.db.write(|tx| tx.update_rows("thing", KEYS, &COLUMNS[2..], &values));
            assert_eq!(updated, Ok(3_000), "{}", test.name);
            let sql =
                "select count(*), cast(sum(amount) as bigint) from thing where name is null and amount = -1";
            let sums = test.db.read(|tx| tx.query_one(sql, &[], |row| Ok((row.int(0), row.int(1)))));
            assert_eq!(sums, Ok(Some((3_000, -3_000))), "{}", test.name);
        }
    }
}

#[test]
fn a_query_by_keys_finds_what_exists() {
    for part_count in [1, 7] {
        for test in with_schema() {
            insert(&test.db, Conflict::Fail, &things(0..7_000, part_count)).expect("rows are new");
            let keys: Vec<Param<'_>> =
                (6_000..12_500).flat_map(|number| thing(number, part_count)[..2].to_vec()).collect();
            let mut found = test
                .db
                .read(|tx| {
                    tx.query_keys("id, t.amount", "thing", KEYS, &keys, |row| Ok((row.id16(0), row.int(1))))
                })
                .expect("the query is right");
            found.sort_unstable();
            let expected: Vec<_> = (6_000..7_000).map(|number| (id(number), i64::from(number))).collect();
            assert_eq!(found, expected, "{}", test.name);
        }
    }
}

#[test]
fn no_rows_are_no_work() {
    for test in with_schema() {
        let done = test.db.write(|tx| {
            let inserted = tx.insert_rows("thing", COLUMNS, Conflict::Fail, &[])?;
            let updated = tx.update_rows("thing", KEYS, &COLUMNS[2..], &[])?;
            let found = tx.query_keys("id", "thing", KEYS, &[], |_| Ok(()))?;
            Ok((inserted, updated, found.len()))
        });
        assert_eq!(done, Ok((0, 0, 0)), "{}", test.name);
    }
}

#[test]
#[should_panic(expected = "3 bytes is not of the type of thing.amount, Int")]
fn a_value_of_another_type_than_its_column_stops_the_program() {
    let test = common::sqlite();
    let row = [Param::Int(0), Param::Id(id(1)), Param::OptText(None), Param::Bytes(&[1, 2, 3])];
    let unreachable = insert(&test.db, Conflict::Fail, &row);
    panic!("{unreachable:?}");
}

#[test]
fn an_error_of_the_work_keeps_nothing() {
    #[derive(Debug, PartialEq)]
    enum Refusal {
        TooLate,
        Store(StoreError),
    }
    impl From<StoreError> for Refusal {
        fn from(error: StoreError) -> Self {
            Self::Store(error)
        }
    }
    for test in with_schema() {
        let refused: Result<(), Refusal> = test.db.write_as(|tx| {
            tx.insert_rows("thing", COLUMNS, Conflict::Fail, &things(0..5, 1))?;
            Err(Refusal::TooLate)
        });
        assert_eq!(refused, Err(Refusal::TooLate), "{}", test.name);
        assert_eq!(count(&test.db), 0, "{}", test.name);
    }
}

#[test]
fn a_panic_of_the_work_keeps_nothing_and_the_next_transaction_works() {
    for test in with_schema() {
        let stopped = catch_unwind(AssertUnwindSafe(|| {
            test.db.write(|tx| -> Result<(), StoreError> {
                tx.insert_rows("thing", COLUMNS, Conflict::Fail, &things(0..5, 1))?;
                panic!("a broken assumption")
            })
        }));
        assert!(stopped.is_err(), "{}", test.name);
        assert_eq!(count(&test.db), 0, "{}", test.name);
        assert_eq!(insert(&test.db, Conflict::Fail, &things(0..5, 1)), Ok(5), "{}", test.name);
    }
}

#[test]
fn a_failed_statement_spoils_the_transaction_even_if_the_work_goes_on() {
    for test in with_schema() {
        let result = test.db.write(|tx| {
            tx.insert_rows("thing", COLUMNS, Conflict::Fail, &thing(1, 1))?;
            let duplicate = tx.insert_rows("thing", COLUMNS, Conflict::Fail, &thing(1, 1));
            assert!(duplicate.is_err());
            Ok(())
        });
        assert!(matches!(result, Err(StoreError::Duplicate { .. })), "{}: {result:?}", test.name);
        assert_eq!(count(&test.db), 0, "{}", test.name);
    }
}

#[test]
fn a_read_sees_one_moment() {
    for test in with_schema() {
        insert(&test.db, Conflict::Fail, &things(0..3, 1)).expect("rows are new");
        let counts = test.db.read(|tx| {
            let mut counts = Vec::new();
            for round in 0..2 {
                counts.extend(tx.query_one("select count(*) from thing", &[], |row| Ok(row.int(0)))?);
                insert(&test.db, Conflict::Fail, &things(10 + round..11 + round, 1))?;
            }
            Ok(counts)
        });
        assert_eq!(counts, Ok(vec![3, 3]), "{}", test.name);
        assert_eq!(count(&test.db), 5, "{}", test.name);
    }
}

#[test]
fn a_read_cannot_write() {
    for test in with_schema() {
        let refused = test.db.read(|tx| tx.insert_rows("thing", COLUMNS, Conflict::Fail, &thing(1, 1)));
        assert!(refused.is_err(), "{}", test.name);
        assert_eq!(count(&test.db), 0, "{}", test.name);
    }
}

#[test]
fn a_row_visitor_that_fails_stops_the_query_and_not_the_connection() {
    for test in with_schema() {
        insert(&test.db, Conflict::Fail, &things(0..5_000, 1)).expect("rows are new");
        let mut seen_count = 0;
        let stopped = test.db.read(|tx| {
            tx.each("select id from thing", &[], |_| {
                seen_count += 1;
                if seen_count == 3 { Err(StoreError::Data { what: "row 3".to_owned() }) } else { Ok(()) }
            })
        });
        assert_eq!((stopped.is_err(), seen_count), (true, 3), "{}", test.name);
        assert_eq!(count(&test.db), 5_000, "{}", test.name);
    }
}

#[test]
fn writers_of_many_threads_lose_no_update() {
    for test in with_schema() {
        insert(&test.db, Conflict::Fail, &thing(0, 1)).expect("the row is new");
        thread::scope(|scope| {
            for _ in 0..12 {
                scope.spawn(|| {
                    for _ in 0..20 {
                        let updated =
                            test.db.write(|tx| tx.execute("update thing set amount = amount + 1", &[]));
                        assert_eq!(updated, Ok(1), "{}", test.name);
                    }
                });
            }
        });
        let amount = test.db.read(|tx| tx.query_one("select amount from thing", &[], |row| Ok(row.int(0))));
        assert_eq!(amount, Ok(Some(240)), "{}", test.name);
    }
}

#[test]
fn a_fresh_file_can_be_opened_by_many_at_once() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let location = Location::Sqlite(folder.path().join("fresh.db"));
    let start = Barrier::new(8);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                start.wait();
                let db = Db::open(&location).expect("the file opens");
                let made =
                    db.write(|tx| tx.execute_script("create table if not exists one (n INTEGER) STRICT"));
                assert_eq!(made, Ok(()));
            });
        }
    });
}

#[test]
fn an_orphan_is_refused() {
    for test in with_schema() {
        let columns = [KEYS[0], KEYS[1], ("body", Column::Text)];
        let row = [Param::Int(0), Param::Id(id(1)), Param::Text("")];
        let refused = test.db.write(|tx| tx.insert_rows("child", &columns, Conflict::Fail, &row));
        assert!(matches!(refused, Err(StoreError::Constraint { .. })), "{}: {refused:?}", test.name);
    }
}

//! What the program says and keeps when a database is locked, full, gone or not the right one.

use std::cell::Cell;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use crate::common::{self, TestDatabase, admin, server_url};
use dunlin_store::{Conflict, Db, Location, Param, StoreError, Tx};
use expect_test::{Expect, expect};

const SCHEMA: &str = "create table thing (id BIGINT NOT NULL PRIMARY KEY, n BIGINT NOT NULL);";

fn with_table(test: TestDatabase) -> TestDatabase {
    test.db
        .write(|tx| {
            tx.execute_script(&tx.dialect().schema(SCHEMA))?;
            tx.execute("insert into thing (id, n) values (1, 0), (2, 0)", &[])
        })
        .expect("the schema is right");
    test
}

/// How often the first thing was counted up.
fn counted(db: &Db) -> i64 {
    let n = db.read(|tx| tx.query_one("select n from thing where id = 1", &[], |row| Ok(row.int(0))));
    n.expect("the table is there").expect("the row is there")
}

fn count_up(tx: &mut Tx<'_>, id: i64) -> Result<u64, StoreError> {
    tx.execute("update thing set n = n + 1 where id = ?1", &[Param::Int(id)])
}

/// Makes the server fail the transaction with an SQLSTATE.
fn raise(tx: &mut Tx<'_>, sqlstate: &str) -> Result<(), StoreError> {
    tx.execute_script(&format!(
        "do $$ begin raise exception using errcode = '{sqlstate}', message = 'made up', detail = 'secret'; end $$"
    ))
}

#[test]
fn a_conflict_with_another_transaction_is_tried_again() {
    let test = with_table(common::postgres());
    for sqlstate in ["40001", "40P01"] {
        let runs = Cell::new(0);
        let done = test.db.write(|tx| {
            runs.set(runs.get() + 1);
            count_up(tx, 1)?;
            if runs.get() <= 2 { raise(tx, sqlstate) } else { Ok(()) }
        });
        assert_eq!((done, runs.get()), (Ok(()), 3), "{sqlstate}");
    }
    assert_eq!(counted(&test.db), 2);
}

#[test]
fn other_failures_are_not_tried_again() {
    let test = with_table(common::postgres());
    let check = |sqlstate: &str, expected: Expect| {
        let runs = Cell::new(0);
        let failed = test.db.write(|tx| {
            runs.set(runs.get() + 1);
            raise(tx, sqlstate)
        });
        let error = failed.expect_err("the statement fails").to_string();
        let place = test.db.place();
        expected.assert_eq(&format!("{} run: {}", runs.get(), error.replace(place, "PLACE")));
    };
    check(
        "53100",
        expect![
            "1 run: no space left for database PLACE; free some space and run the command again, nothing of the last transaction was kept"
        ],
    );
    check(
        "55P03",
        expect![
            "1 run: database PLACE stayed locked by another transaction for 60 s; wait for that command to end or stop it, then run this one again"
        ],
    );
    check(
        "42501",
        expect![
            "1 run: database PLACE denies access: made up; check user and password, and the rights of that user"
        ],
    );
    check(
        "XX001",
        expect![
            "1 run: PLACE is damaged or not a database: made up; restore it from a backup, or name another file"
        ],
    );
    check(
        "0A000",
        expect![
            "1 run: the database rejects a statement of this program: made up (0A000); please report it: do $$ begin raise exception using errcode = '0A000', message = 'made up', detail = 'secret'; end $$"
        ],
    );
}

#[test]
fn of_two_transactions_that_wait_for_each_other_both_succeed() {
    let test = with_table(common::postgres());
    let both_hold_one = Barrier::new(2);
    let run_count = AtomicU32::new(0);
    let work = |first: i64, second: i64| {
        let first_run = Cell::new(true);
        test.db.write(|tx| {
            run_count.fetch_add(1, Ordering::Relaxed);
            count_up(tx, first)?;
            if first_run.replace(false) {
                both_hold_one.wait();
            }
            count_up(tx, second)
        })
    };
    thread::scope(|scope| {
        let other = scope.spawn(|| work(2, 1));
        assert_eq!(work(1, 2), Ok(1));
        assert_eq!(other.join().expect("the thread ends"), Ok(1));
    });
    assert_eq!(counted(&test.db), 2);
    assert_eq!(run_count.load(Ordering::Relaxed), 3, "one of them was the deadlock's victim once");
}

#[test]
fn a_connection_lost_in_a_transaction_is_replaced_and_the_work_done_once() {
    let test = with_table(common::postgres());
    let runs = Cell::new(0);
    let done = test.db.write(|tx| {
        runs.set(runs.get() + 1);
        count_up(tx, 1)?;
        if runs.get() == 1 {
            tx.execute_script("select pg_terminate_backend(pg_backend_pid())")?;
        }
        Ok(())
    });
    assert_eq!((done, runs.get(), counted(&test.db)), (Ok(()), 2, 1));
}

#[test]
fn connections_that_died_while_idle_are_not_noticed_by_anyone() {
    let test = with_table(common::postgres());
    let Location::Postgres(url) = &test.location else { unreachable!("a server has a URL") };
    let database = url.rsplit('/').next().unwrap_or_default();
    let kill = format!(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = '{database}' and application_name = 'dunlin'"
    );
    admin(&server_url(), &kill);
    assert_eq!(counted(&test.db), 0);
    admin(&server_url(), &kill);
    assert_eq!(test.db.write(|tx| count_up(tx, 1)), Ok(1));
}

/// Makes each commit that follows run `body` on the server, at the last moment.
fn at_commit(db: &Db, body: &str) {
    let script = format!(
        "create function at_commit() returns trigger language plpgsql as $$ begin {body} return null; end $$;
         create constraint trigger at_commit after update on thing deferrable initially deferred
         for each row execute function at_commit();"
    );
    db.write(|tx| tx.execute_script(&script)).expect("the trigger is right");
}

#[test]
fn a_connection_lost_while_committing_is_not_tried_again_but_told() {
    let test = with_table(common::postgres());
    at_commit(&test.db, "perform pg_terminate_backend(pg_backend_pid());");
    let runs = Cell::new(0);
    let result = test.db.write(|tx| {
        runs.set(runs.get() + 1);
        count_up(tx, 1)
    });
    assert!(matches!(result, Err(StoreError::CommitUnknown { .. })), "{result:?}");
    assert_eq!(runs.get(), 1);
}

#[test]
fn a_conflict_found_at_commit_is_tried_again() {
    let test = with_table(common::postgres());
    at_commit(&test.db, "if new.n < 3 then raise exception using errcode = '40001'; end if;");
    let runs = Cell::new(0);
    let result = test.db.write(|tx| {
        runs.set(runs.get() + 1);
        tx.execute("update thing set n = ?1 where id = 1", &[Param::Int(runs.get())])
    });
    assert_eq!((result, runs.get(), counted(&test.db)), (Ok(1), 3, 3));
}

#[test]
fn a_full_disk_is_told_and_nothing_of_the_transaction_is_kept() {
    let test = with_table(common::sqlite());
    let result = test.db.write(|tx| {
        count_up(tx, 1)?;
        tx.execute_script("pragma max_page_count = 10")?;
        let values: Vec<Param<'_>> = (10..50_000).flat_map(|id| [Param::Int(id), Param::Int(0)]).collect();
        let columns = [("id", dunlin_store::Column::Int), ("n", dunlin_store::Column::Int)];
        tx.insert_rows("thing", &columns, Conflict::Fail, &values)
    });
    assert!(matches!(result, Err(StoreError::DiskFull { .. })), "{result:?}");
    assert_eq!(counted(&test.db), 0);
    let again = test.db.write(|tx| {
        tx.execute_script("pragma max_page_count = 4294967294")?;
        count_up(tx, 1)
    });
    assert_eq!((again, counted(&test.db)), (Ok(1), 1));
}

#[test]
fn a_file_locked_by_another_process_is_told() {
    let test = with_table(common::sqlite());
    let Location::Sqlite(path) = &test.location else { unreachable!("a file has a path") };
    test.db.write(|tx| tx.execute_script("pragma busy_timeout = 1")).expect("a setting of the writer");
    let other = rusqlite::Connection::open(path).expect("the file is there");
    other.execute_batch("begin immediate").expect("nobody writes");
    let refused = test.db.write(|tx| count_up(tx, 1));
    assert!(matches!(refused, Err(StoreError::Locked { .. })), "{refused:?}");
    assert_eq!(counted(&test.db), 0, "reading goes on");
    other.execute_batch("rollback").expect("the transaction is open");
    assert_eq!(test.db.write(|tx| count_up(tx, 1)), Ok(1));
}

fn check_open(location: &str, hidden: &str, expected: Expect) {
    let error = Db::open(&Location::parse(location)).map(|_| ()).expect_err("it cannot be opened");
    expected.assert_eq(&error.to_string().replace(hidden, "…"));
}

#[test]
fn a_place_that_is_no_database_is_told_with_what_to_do() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let base = folder.path().display().to_string();
    check_open(
        &base,
        &base,
        expect![
            "cannot open database …: unable to open database file: …; name a file in a folder that exists and that you may write to"
        ],
    );
    check_open(
        &format!("{base}/none/x.db"),
        &base,
        expect![
            "cannot open database …/none/x.db: unable to open database file: …/none/x.db; name a file in a folder that exists and that you may write to"
        ],
    );
    std::fs::write(folder.path().join("text.csv"), "id,amount\n".repeat(500)).expect("the folder is ours");
    check_open(
        &format!("{base}/text.csv"),
        &base,
        expect![
            "…/text.csv is damaged or not a database: file is not a database; restore it from a backup, or name another file"
        ],
    );
}

#[test]
fn a_server_that_is_not_there_is_told_without_the_password() {
    check_open(
        "postgres://me:s3cret@127.0.0.1:1/db",
        "-",
        expect![
            "cannot reach database postgres://127.0.0.1:1/db: Connection refused (os error 111); check that the server runs and that host, port and database name are right"
        ],
    );
    check_open(
        "postgres://me:s3c@ret@127.0.0.1:1/db",
        "-",
        expect![
            "cannot open database postgres://127.0.0.1:1/db: write an @ in the user name or password as %40"
        ],
    );
    check_open(
        "postgresql://me:s3cret@127.0.0.1:notaport/db?x=1",
        "-",
        expect![
            "cannot open database postgres://127.0.0.1:notaport/db: the URL is not of the form postgres://user:password@host:port/database"
        ],
    );
}

#[test]
fn a_server_without_that_database_or_user_is_told() {
    let url = server_url();
    let (scheme, rest) = url.split_once("://").expect("a URL");
    let address = rest.rsplit('@').next().unwrap_or_default().split('/').next().unwrap_or_default();
    check_open(
        &format!("{}/dunlin_none", url.rsplit_once('/').expect("a database").0),
        address,
        expect![[
            r#"cannot reach database postgres://…/dunlin_none: database "dunlin_none" does not exist; check that the server runs and that host, port and database name are right"#
        ]],
    );
    let stranger =
        Db::open(&Location::parse(&format!("{scheme}://dunlin_stranger:s3cret@{address}/postgres")));
    let error = stranger.map(|_| ()).expect_err("nobody knows that user");
    assert!(matches!(error, StoreError::AccessDenied { .. }), "{error}");
    assert!(!error.to_string().contains("s3cret"), "{error}");
}

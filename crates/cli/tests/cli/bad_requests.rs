//! Commands that cannot be done: the exit code says whose the mistake is, the message what to do about it.

use std::path::Path;

use expect_test::expect;

use crate::support::{PROGRAM, Place, Ran};

#[test]
fn an_unknown_agreement() {
    let place = Place::imported();
    place.run(&["day", "--date", "2026-02-20"]).check_exit(0);
    place.run(&["why", "A-9", "--on", "2026-02-20"]).check(expect![[r#"
        exit 2
        error[not_found]: there is no agreement "A-9"
    "#]]);
    place.run(&["explain", "A-9"]).check(expect![[r#"
        exit 2
        error[not_found]: there is no agreement "A-9"
    "#]]);
    assert_eq!(place.json(&["explain", "A-9"])["error"]["code"], "not_found");
}

#[test]
fn a_day_before_the_last_closed_one() {
    let place = Place::imported();
    place.run(&["day", "--date", "2026-02-20"]).check_exit(0);
    place.run(&["day", "--date", "2026-02-19"]).check(expect![[r#"
        exit 2
        error[day_is_closed]: day 2026-02-19 is before the last closed day 2026-02-20; run a later day, late facts are folded in there
    "#]]);
    place.run(&["day", "--date", "2026-02-20"]).check_exit(0);
}

#[test]
fn a_day_that_has_not_been_run() {
    let place = Place::imported();
    place.run(&["why", "A-1", "--on", "2026-02-20"]).check(expect![[r#"
        exit 2
        error[no_day_yet]: no day has been run yet; run one with `dunlin day --date DATE`
    "#]]);
    place.run(&["day", "--date", "2026-02-20"]).check_exit(0);
    place.run(&["why", "A-1", "--on", "2026-02-21"]).check(expect![[r#"
        exit 2
        error[day_not_run]: day 2026-02-21 has not been run; days 2026-02-20 to 2026-02-20 have
    "#]]);
    place.run(&["coverage", "--from", "2026-02-19", "--through", "2026-02-20"]).check(expect![[r#"
        exit 2
        error[range]: range 2026-02-19 to 2026-02-20 must be in order and begin on 2026-02-20 at the earliest
    "#]]);
    for day in ["2026-02-19", "2026-02-21"] {
        let refused = place.json(&["coverage", "--on", day]);
        assert_eq!(refused["error"]["code"], "day_not_run", "{refused}");
    }
    let beyond = place.json(&["coverage", "--from", "2026-02-20", "--through", "2026-03-01"]);
    assert_eq!(beyond["error"]["code"], "day_not_run", "{beyond}");
}

#[test]
fn a_day_that_has_not_begun_by_the_wall_clock() {
    let place = Place::imported();
    place.run(&["day", "--date", "2026-06-02", "--clock", "real"]).check(expect![[r#"
        exit 2
        error[day_not_begun]: day 2026-06-02 has not begun, it is 2026-06-01; run a day when it comes, or rehearse with --clock business
    "#]]);
    place.run(&["day", "--date", "2026-06-01", "--clock", "real"]).check_exit(0);
}

#[test]
fn a_place_without_data_is_not_answered_from() {
    let place = Place::empty();
    place.run(&["coverage", "--on", "2026-02-20"]).check(expect![[r#"
        exit 2
        error[no_data]: there is no database at dunlin-data/dunlin.db; fill one with `dunlin import FOLDER`, or name another place with --data or --database
    "#]]);
    assert!(!place.path("dunlin-data").exists(), "nothing was made by asking");
}

#[test]
fn a_database_of_a_newer_program() {
    let place = Place::imported();
    let database =
        rusqlite::Connection::open(place.path("dunlin-data/dunlin.db")).expect("the database opens");
    let newer = "insert into schema_version (version, checksum, at) values (999, x'00', 0)";
    database.execute(newer, []).expect("a version of tomorrow");
    place.run(&["day", "--date", "2026-02-20"]).check(expect![[r#"
        exit 3
        error[store]: the database has schema version 999, this program knows versions up to 91; use the newer program that migrated it, or restore a backup from before
    "#]]);
}

#[test]
fn a_file_that_is_no_database() {
    let place = Place::with_portfolio();
    place.write(
        "dunlin-data/dunlin.db",
        "a letter to my grandmother, long enough to have the length of a header\n".repeat(40),
    );
    place.run(&["import", "may"]).check(expect![[r#"
        exit 3
        error[store]: dunlin-data/dunlin.db is damaged or not a database: file is not a database; restore it from a backup, or name another file
    "#]]);
}

#[test]
fn a_folder_that_cannot_be_made() {
    let place = Place::with_portfolio();
    place.write("taken", "a file");
    place.run(&["import", "may", "--data", "taken/data"]).check(expect![[r#"
        exit 3
        error[folder]: folder taken/data cannot be made: Not a directory (os error 20); name another with --data
    "#]]);
}

#[test]
fn a_lost_key_is_not_replaced_by_a_new_one() {
    let place = Place::imported();
    std::fs::remove_file(place.path("dunlin-data/master.key")).expect("the key is there");
    place.run(&["export", "copy"]).check(expect![[r#"
        exit 3
        error[store]: master key file dunlin-data/master.key is missing; without it no personal data can be read: restore it from where you keep its copy, or name the right file
    "#]]);
}

/// Runs the program where a file may not grow beyond `kilobytes`; it hears of that as of a full disk.
#[cfg(target_os = "linux")]
fn run_limited(place: &Place, kilobytes: u32, arguments: &[&str]) -> Ran {
    let script = format!("trap '' XFSZ; ulimit -f {kilobytes}; exec \"$0\" \"$@\"");
    let arguments = [&["-c", &script, PROGRAM], arguments].concat();
    Ran(place.command(Path::new("bash"), &arguments).output().expect("bash runs"))
}

#[cfg(target_os = "linux")]
#[test]
fn no_room_for_the_database() {
    let place = Place::with_portfolio();
    let purchases: String = (0..20_000).map(|number| format!("B-{number},A-1,2026-01-08,1.00,0\n")).collect();
    place.write("may/purchases.csv", place.read("may/purchases.csv") + &purchases);
    run_limited(&place, 1_000, &["import", "may"]).check(expect![[r#"
        exit 3
        error[store]: cannot read or write database dunlin-data/dunlin.db: disk I/O error; check the disk, the folder's permissions and that the folder is on a local disk
    "#]]);
    let report = place.json(&["import", "may"]);
    for table in report["tables"].as_array().expect("tables") {
        assert_eq!(table["added"], table["rows"], "{report}");
    }
    assert_eq!(place.json(&["verify"])["problems"], 0);
}

#[cfg(target_os = "linux")]
#[test]
fn no_room_for_the_journal() {
    let place = Place::imported();
    place.run(&["day", "--date", "2026-02-20"]).check_exit(0);
    // A device that takes no byte stands in for the full disk.
    std::os::unix::fs::symlink("/dev/full", place.path("journal.csv.partial")).expect("a link");
    place.run(&["ledger", "journal", "journal.csv"]).check(expect![[r#"
        exit 3
        error[journal]: the journal cannot be written: No space left on device (os error 28); choose another place and run again
    "#]]);
    assert!(!place.path("journal.csv").exists());
}

#[test]
fn a_server_that_does_not_answer() {
    let place = Place::with_portfolio();
    let ran = place.run(&["import", "may", "--database", "postgres://dunlin:secret@127.0.0.1:1/dunlin"]);
    ran.check_exit(3);
    assert!(
        ran.stderr().starts_with("error[store]: cannot reach database postgres://127.0.0.1:1/dunlin: "),
        "{}",
        ran.stderr()
    );
    assert!(!ran.stderr().contains("secret"), "{}", ran.stderr());
}

#[test]
fn a_setting_that_nobody_knows() {
    let place = Place::imported();
    place.write("dunlin-data/dunlin.toml", "[lender]\nname_zh = \"甲消金\"\nhotlin = \"400-1\"\n");
    place.run(&["day", "--date", "2026-02-20"]).check(expect![[r#"
        exit 2
        error[config]: dunlin-data/dunlin.toml line 3: unknown field `hotlin`, expected one of `name_zh`, `name_en`, `hotline`, `zone`, `address_zh`, `address_en`, `website`, `email`, `payment_zh`, `payment_en`
    "#]]);
}

#[test]
fn the_business_clock_beside_a_real_provider() {
    let place = Place::imported();
    place.write(
        "dunlin-data/dunlin.toml",
        "clock = \"business\"\n[[provider]]\nkind = \"smtp\"\nhost = \"127.0.0.1\"\nsecurity = \"plain\"\n\
         sender = \"a@lender.example\"\n",
    );
    place.run(&["day", "--date", "2026-02-20"]).check(expect![[r#"
        exit 2
        error[clock]: the business clock would send messages of past days to real people; use it with the spool only, or take --clock business away
    "#]]);
}

#[test]
fn what_cannot_be_typed() {
    let place = Place::imported();
    place.run(&["day", "--date", "2026-02-30"]).check(expect![[r#"
        exit 2
        error: invalid value '2026-02-30' for '--date <D>': date "2026-02-30" is not a day of the calendar; write it as 2026-02-28

        For more information, try '--help'.
    "#]]);
    place.run(&["day"]).check(expect![[r#"
        exit 2
        error: the following required arguments were not provided:
          --date <D>

        Usage: dunlin day --actor <NAME> --date <D>

        For more information, try '--help'.
    "#]]);
    place.run(&["coverage", "--on", "2026-02-01", "--through", "2026-02-02"]).check_exit(2);
    place.run(&["pause", "add", "--kind", "holiday"]).check_exit(2);
    place.run(&["generate", "x", "--customers", "0", "--from", "2026-01-01", "--days", "3"]).check_exit(2);
    let error = place.json(&["day", "--date", "2026-02-30"]);
    assert_eq!(error["error"]["code"], "usage");
    place.run(&["--help"]).check_exit(0);
    place.run(&["--version"]).check_exit(0);
}

#[test]
fn a_folder_in_use_is_not_written_into() {
    let place = Place::imported();
    place.run(&["export", "may"]).check(expect![[r#"
        exit 2
        error[portfolio]: may already holds customers.csv; choose an empty folder
    "#]]);
    place.run(&["generate", "may", "--customers", "3", "--from", "2026-01-01", "--days", "3"]).check_exit(2);
}

#[test]
fn a_rehearsal_among_real_data() {
    let place = Place::imported();
    place.run(&["demo", "--no-serve", "--customers", "10", "--data", "dunlin-data"]).check(expect![[r#"
        exit 2
        error[not_empty]: dunlin-data/dunlin.db holds a portfolio already; a rehearsal needs an empty place, name one with --data or --database
    "#]]);
    place.run(&["bench", "day", "--agreements", "10", "--data", "dunlin-data"]).check_exit(2);
    place.write("dunlin-data/demo/notes.txt", "mine");
    place.run(&["demo", "--no-serve", "--customers", "10"]).check(expect![[r#"
        exit 2
        error[not_empty]: dunlin-data/demo was not made by a rehearsal and is left alone; name another place with --data
    "#]]);
    assert!(place.path("dunlin-data/demo/notes.txt").exists());
}

#[test]
fn a_rehearsal_in_the_folder_of_another_that_is_under_way() {
    let place = Place::imported();
    let mark = "dunlin-data/demo/made-by-a-rehearsal";
    place.write(mark, "");
    let other = std::fs::File::open(place.path(mark)).expect("a file");
    other.try_lock().expect("nobody else has it");
    place.run(&["demo", "--no-serve", "--customers", "10"]).check(expect![[r#"
        exit 2
        error[in_use]: dunlin-data/demo is in use by another rehearsal; wait until it ends, or run this one in another folder
    "#]]);
    assert!(place.path(mark).exists());
    drop(other);
    place.run(&["demo", "--no-serve", "--customers", "10"]).check_exit(0);
}

//! What a place holds at the end: every row of every table and every message file, in a form that can be compared.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::types::ValueRef;
use serde_json::{Map, Value, json};

use crate::place::{Kind, Place};

type Row = Map<String, Value>;
type Tables = BTreeMap<String, Vec<Row>>;

/// Both places hold the same.
///
/// Left out is only what tells of the interruptions themselves: who held which lease until when by the wall clock, and
/// attempts that were never answered because the program was killed in them, with the numbers that they shift.
pub fn compare(calm: &Place, shaken: &Place) {
    let (expected, found) = (canonical(tables(calm)), canonical(tables(shaken)));
    assert_eq!(expected.keys().collect::<Vec<_>>(), found.keys().collect::<Vec<_>>());
    for (table, rows) in &expected {
        compare_rows(table, rows, &found[table]);
    }
    for needed in [
        "agreement",
        "fact",
        "verdict",
        "message",
        "posting",
        "accrual",
        "attempt_outcome",
        "contact_count",
        "audit_entry",
        "audit_root",
        "span_day",
    ] {
        assert!(!expected[needed].is_empty(), "nothing was compared of {needed}");
    }
    let (expected, found) = (letters(calm), letters(shaken));
    compare_rows("spool", &expected, &found);
    assert!(!expected.is_empty(), "no message was sent");
}

fn compare_rows(table: &str, expected: &[String], found: &[String]) {
    if expected == found {
        return;
    }
    let only_in = |rows: &[String], others: &[String]| {
        let only: Vec<&str> =
            rows.iter().filter(|row| !others.contains(row)).take(5).map(String::as_str).collect();
        only.join("\n  ")
    };
    panic!(
        "{table} differs: {} rows undisturbed, {} after kills\nonly undisturbed:\n  {}\nonly after kills:\n  {}",
        expected.len(),
        found.len(),
        only_in(expected, found),
        only_in(found, expected)
    );
}

fn canonical(mut tables: Tables) -> BTreeMap<String, Vec<String>> {
    // Leases are timed by the wall clock and count their holders.
    assert!(tables.remove("work_lease").is_some_and(|leases| !leases.is_empty()));
    let key = |row: &Row| (row["message_id"].to_string(), row["attempt_index"].to_string());
    let answered: BTreeSet<_> = tables["attempt_outcome"].iter().map(key).collect();
    let attempts = tables.get_mut("attempt").expect("a table of attempts");
    attempts.retain(|row| answered.contains(&key(row)));
    for (table, columns) in [
        ("attempt", &["attempt_index", "attempt_id"][..]),
        ("attempt_outcome", &["attempt_index"]),
        ("message", &["attempt_count"]),
    ] {
        for row in tables.get_mut(table).expect("a table of the outbox") {
            for column in columns {
                row.remove(*column).unwrap_or_else(|| panic!("{table} has no {column}"));
            }
        }
    }
    let text = |row: Row| Value::Object(row).to_string();
    let sorted = |rows: Vec<Row>| {
        let mut rows: Vec<String> = rows.into_iter().map(text).collect();
        rows.sort_unstable();
        rows
    };
    tables.into_iter().map(|(table, rows)| (table, sorted(rows))).collect()
}

/// The messages of the spool. Which attempt wrote a file tells of an interruption; when, and what it says, does not.
fn letters(place: &Place) -> Vec<String> {
    let letters = place.spool().into_values().map(|mut letter| {
        let fields = letter.as_object_mut().expect("a message is an object");
        fields.remove("attempt").expect("a message names its attempt");
        letter.to_string()
    });
    letters.collect()
}

fn tables(place: &Place) -> Tables {
    match place.kind {
        Kind::Sqlite => sqlite_tables(&place.location()),
        Kind::Postgres => postgres_tables(&place.location()),
    }
}

fn sqlite_tables(path: &str) -> Tables {
    let connection = rusqlite::Connection::open(path).expect("the database opens");
    let mut names = connection
        .prepare("select name from sqlite_schema where type = 'table' and name not like 'sqlite_%'")
        .expect("a statement");
    let names = names.query_map((), |row| row.get::<_, String>(0)).expect("the tables");
    let rows_of = |table: &str| -> Vec<Row> {
        let mut statement = connection.prepare(&format!("select * from {table}")).expect("a statement");
        let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let rows = statement.query_map((), |row| {
            let cells = columns.iter().enumerate().map(|(index, column)| {
                let value = match row.get_ref(index)? {
                    ValueRef::Null => Value::Null,
                    ValueRef::Integer(number) => json!(number),
                    ValueRef::Real(number) => json!(number),
                    ValueRef::Text(text) => json!(String::from_utf8_lossy(text)),
                    ValueRef::Blob(bytes) => json!(hex(bytes)),
                };
                Ok((column.clone(), value))
            });
            cells.collect::<rusqlite::Result<Row>>()
        });
        rows.expect("the rows").map(|row| row.expect("a row")).collect()
    };
    names.map(|name| name.expect("a name")).map(|name| (name.clone(), rows_of(&name))).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn postgres_tables(url: &str) -> Tables {
    let mut client = postgres::Client::connect(url, postgres::NoTls).expect("the server answers");
    let names = client
        .query("select table_name::text from information_schema.tables where table_schema = 'public'", &[])
        .expect("the tables");
    let mut tables = Tables::new();
    for name in names.iter().map(|row| row.get::<_, String>(0)) {
        let rows =
            client.query(&format!("select row_to_json(t)::text from {name} t"), &[]).expect("the rows");
        let rows = rows.iter().map(|row| match serde_json::from_str(row.get::<_, &str>(0)) {
            Ok(Value::Object(row)) => row,
            other => panic!("{name}: a row is an object: {other:?}"),
        });
        tables.insert(name.clone(), rows.collect());
    }
    tables
}

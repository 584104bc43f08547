//! What a place holds at the end: every row of every table and every message file, in a form that can be compared.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::types::ValueRef;
use serde_json::{Map, Value, json};

use crate::place::{Kind, Place};

/// The audit range of sending.
const SENDING_RANGE: i64 = 1;

type Row = Map<String, Value>;
type Tables = BTreeMap<String, Vec<Row>>;

/// What tells how the kills hit.
pub struct Marks {
    /// Attempts without an answer, because the program was killed in them.
    pub unanswered: usize,
    /// Pages that days were worked in.
    pub pages: usize,
}

/// Both places hold the same, and something of each of the `needed` tables.
///
/// Left out is only what tells of the interruptions themselves: who held which lease until when by the wall clock;
/// attempts that were never answered because the program was killed in them, with the numbers that they shift; and
/// the audit log's range of sending, which holds every attempt.
pub fn compare(calm: &Place, shaken: &Place, needed: &[&str]) -> Marks {
    let (expected, found) = (tables(calm), tables(shaken));
    let is_page = |row: &&Row| row["action"] == "day.page";
    let marks = Marks {
        unanswered: found["attempt"].len() - found["attempt_outcome"].len(),
        pages: found["audit_entry"].iter().filter(is_page).count(),
    };
    assert_eq!(
        accepted(&found),
        letter_ids(shaken),
        "each message that was taken is one file, and no other is"
    );
    let (expected, found) = (canonical(expected), canonical(found));
    assert_eq!(expected.keys().collect::<Vec<_>>(), found.keys().collect::<Vec<_>>());
    for (table, rows) in &expected {
        compare_rows(table, rows, &found[table]);
    }
    for table in needed {
        assert!(!expected[*table].is_empty(), "nothing was compared of {table}");
    }
    compare_rows("spool", &letters(calm), &letters(shaken));
    marks
}

/// The ids of the messages that the provider took, in hexadecimal.
fn accepted(tables: &Tables) -> BTreeSet<String> {
    let taken = tables["attempt_outcome"].iter().filter(|row| row["outcome"] == "accepted");
    let id = |row: &Row| row["message_id"].as_str().expect("an id").trim_start_matches("\\x").to_owned();
    taken.map(id).collect()
}

fn letter_ids(place: &Place) -> BTreeSet<String> {
    place.spool().into_keys().map(|id| id.trim_start_matches("msg_").to_owned()).collect()
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
    // Who was heard of when.
    assert!(tables.remove("sign_of_life").is_some());
    let key = |row: &Row| (row["message_id"].to_string(), row["attempt_index"].to_string());
    let answered: BTreeSet<_> = tables["attempt_outcome"].iter().map(key).collect();
    let attempts = tables.get_mut("attempt").expect("a table of attempts");
    attempts.retain(|row| answered.contains(&key(row)));
    let entries = tables.get_mut("audit_entry").expect("a table of audit entries");
    entries.retain(|row| row["part"] != SENDING_RANGE);
    tables.get_mut("audit_head").expect("a table of chains").retain(|row| row["part"] != SENDING_RANGE);
    for row in tables.get_mut("audit_root").expect("a table of roots") {
        let heads = row["heads"].as_str().expect("bytes").trim_start_matches("\\x").to_owned();
        row.insert("heads".to_owned(), heads_of_books(&heads).into());
    }
    for (table, columns) in [
        ("audit_root", &["root", "previous_root", "entry_count"][..]),
        ("attempt", &["attempt_index", "attempt_id"]),
        ("attempt_outcome", &["attempt_index"]),
        ("message", &["attempt_count"]),
    ] {
        for row in tables.get_mut(table).expect("a table") {
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

/// What a root covers, as part and number, without the range of sending: pairs of eight bytes each, lowest first.
fn heads_of_books(heads: &str) -> String {
    let number = |digits: &str| {
        let bytes = (0..8)
            .map(|index| u8::from_str_radix(&digits[index * 2..index * 2 + 2], 16).expect("hexadecimal"));
        i64::from_le_bytes(bytes.collect::<Vec<u8>>().try_into().expect("eight bytes"))
    };
    let pairs = (0..heads.len())
        .step_by(32)
        .map(|at| (number(&heads[at..at + 16]), number(&heads[at + 16..at + 32])));
    let pairs = pairs.filter(|(part, _)| *part != SENDING_RANGE);
    pairs.map(|(part, seq)| format!("{part}:{seq}")).collect::<Vec<_>>().join(" ")
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

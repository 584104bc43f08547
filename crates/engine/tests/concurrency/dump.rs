//! Everything that a database holds, in a form that two databases can be compared in.

use std::collections::BTreeMap;

use dunlin_engine::Engine;
use dunlin_store::{Dialect, Row};

/// Rows as text, by table; sorted.
pub type Dump = BTreeMap<String, Vec<String>>;

/// Every table but that of leases, which counts its holders, and that of signs of life, which names them.
pub fn dump(engine: &Engine) -> Dump {
    let mut dump = whole_dump(engine);
    assert!(dump.remove("work_lease").is_some(), "there is a table of leases");
    assert!(dump.remove("sign_of_life").is_some(), "there is a table of signs of life");
    dump
}

/// Every table.
pub fn whole_dump(engine: &Engine) -> Dump {
    let db = engine.db();
    let sql = match db.dialect() {
        Dialect::Sqlite => {
            "select m.name, p.name, lower(p.type) from sqlite_schema m join pragma_table_info(m.name) p \
             where m.type = 'table' order by m.name, p.name"
        }
        Dialect::Postgres => {
            "select table_name::text, column_name::text, data_type::text from information_schema.columns \
             where table_schema = current_schema() order by 1, 2"
        }
    };
    let mut tables: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    let columns = db
        .read(|tx| tx.query(sql, &[], |row| Ok([0, 1, 2].map(|index| row.text(index).to_owned()))))
        .expect("the catalogue is read");
    for [table, column, kind] in columns {
        tables.entry(table).or_default().push((column, kind));
    }
    let rows = |table: &str, columns: &[(String, String)]| {
        let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
        let sql = format!("select {} from {table}", names.join(", "));
        let mut rows = db
            .read(|tx| tx.query(&sql, &[], |row| Ok(text_of(row, columns))))
            .unwrap_or_else(|error| panic!("{table}: {error}"));
        rows.sort_unstable();
        rows
    };
    tables.iter().map(|(table, columns)| (table.clone(), rows(table, columns))).collect()
}

fn text_of(row: &Row<'_>, columns: &[(String, String)]) -> String {
    let cells = columns.iter().enumerate().map(|(index, (name, kind))| {
        let value = match kind.as_str() {
            "integer" | "bigint" => row.opt_int(index).map(|number| number.to_string()),
            "text" => row.opt_text(index).map(|text| format!("{text:?}")),
            "blob" | "bytea" => row.opt_bytes(index).map(hex),
            other => panic!("column {name} has the unknown type {other}"),
        };
        format!("{name}={}", value.as_deref().unwrap_or("null"))
    });
    cells.collect::<Vec<_>>().join(" ")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Fails, with the first rows that differ, unless both hold the same.
pub fn assert_same(case: &str, expected: &Dump, found: &Dump) {
    assert_eq!(expected.keys().collect::<Vec<_>>(), found.keys().collect::<Vec<_>>(), "{case}");
    for (table, expected) in expected {
        let found = &found[table];
        if expected != found {
            let only_in = |rows: &[String], others: &[String]| {
                let only = rows.iter().filter(|row| !others.contains(row)).take(4).map(String::as_str);
                only.collect::<Vec<_>>().join("\n  ")
            };
            panic!(
                "{case}: {table} differs, {} rows expected, {} found\nexpected only:\n  {}\nfound only:\n  {}",
                expected.len(),
                found.len(),
                only_in(expected, found),
                only_in(found, expected)
            );
        }
    }
}

/// Leaves out what tells of who sent when and in which order: the audit log's range of sending, and with it the roots
/// over all ranges. What was sent is counted over all slots of time.
pub fn without_order_of_sending(mut dump: Dump) -> Dump {
    let is_books = |row: &String| !row.split(' ').any(|cell| cell == "part=1");
    for table in ["audit_entry", "audit_head"] {
        dump.get_mut(table).expect("a table of the audit log").retain(is_books);
    }
    dump.remove("audit_root").expect("a table of roots");
    let cohorts = dump.get_mut("sending_cohort").expect("a table of what was sent");
    *cohorts = over_all_slots(cohorts);
    dump
}

/// The rows without their slot, with the sum of what was handed over.
fn over_all_slots(rows: &[String]) -> Vec<String> {
    let mut sums: BTreeMap<String, u64> = BTreeMap::new();
    for row in rows {
        let (mut kept, mut handed) = (Vec::new(), 0);
        for cell in row.split(' ') {
            match cell.split_once('=') {
                Some(("slot", _)) => {}
                Some(("handed", count)) => handed = count.parse().expect("a count"),
                _ => kept.push(cell),
            }
        }
        *sums.entry(kept.join(" ")).or_default() += handed;
    }
    sums.into_iter().map(|(row, handed)| format!("{row} handed={handed}")).collect()
}

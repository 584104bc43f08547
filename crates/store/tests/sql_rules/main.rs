//! Reads every statement of the store and every migration, and refuses what would keep the data from being spread over
//! several servers by `part`, or would give another result the second time (see the design's section on storage).
//!
//! Each rule has a case that shows what it catches, so that a rule that catches nothing cannot stay.

mod rust;
mod schema;
mod sql;
mod statement;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use expect_test::{Expect, expect};

use rust::{Call, Literal};
use schema::Schema;

/// Statements that look at all parts at once, each with its reason: nobody's work depends on them.
const WHOLE_TABLE: [(&str, &str, &str); 22] = [
    (
        "agreement.rs",
        "select max(value_on) from fact",
        "asked once by a demonstration, for the last day to run",
    ),
    (
        "audit.rs",
        "select part, seq, hash from audit_head where seq > 0",
        "the day's root is taken over all chains",
    ),
    ("audit.rs", "select part, seq, hash from audit_head order by part", "verify walks every chain"),
    (
        "audit.rs",
        "select part, seq from audit_head order by part",
        "the watch asks whether anything was noted",
    ),
    ("audit.rs", "select part, seq, at, actor", "verify walks every chain"),
    ("bare.rs", "insert into {} select * from {}", "the benchmark copies whole tables"),
    ("bare.rs", "insert into bare_due (part, agreement_id) select", "the benchmark notes what is due"),
    ("bare.rs", "select {} from {} t where {}", "the benchmark collects what a day wrote"),
    (
        "bare.rs",
        "update agreement set next_event_on = next_event_on + 1000",
        "the benchmark makes a day without events",
    ),
    ("bare.rs", "select count(*) from agreement", "the benchmark counts"),
    (
        "db.rs",
        "select pg_terminate_backend(pid) from pg_stat_activity",
        "a rehearsal ends the connections of a server, which have no parts",
    ),
    (
        "dialect.rs",
        "update {table} set {assignments}",
        "the keys of each bulk call are judged where it is made",
    ),
    (
        "dialect.rs",
        "update {table} as t set {assignments}",
        "the keys of each bulk call are judged where it is made",
    ),
    (
        "dialect.rs",
        "select {select} from {table} as t",
        "the keys of each bulk call are judged where it is made",
    ),
    (
        "dialect.rs",
        "select {select} from {source} join {table}",
        "the keys of each bulk call are judged where it is made",
    ),
    ("dialect.rs", "delete from {table}", "the keys of each bulk call are judged where it is made"),
    ("dialect.rs", "copy {table}", "the columns of each bulk call are judged where it is made"),
    ("migrate.rs", "select 1 from sqlite_schema", "the catalogue of SQLite has no parts"),
    (
        "migrate.rs",
        "select version, checksum from schema_version",
        "the schema's own table is one for all parts",
    ),
    ("migrate.rs", "insert into schema_version", "the schema's own table is one for all parts"),
    (
        "period.rs",
        "update period_gate set closed_through = closed_through",
        "a close waits for the postings of all parts",
    ),
    ("period.rs", "update period_gate set closed_through = ?1", "a period is closed in all parts at once"),
];

/// Files whose bulk calls name their table and keys elsewhere, with the reason.
const BULK_BY_VALUE: [(&str, &str); 2] = [
    ("bare.rs", "the benchmark's tables are those of the schema under other names"),
    ("bulk.rs", "one bulk method is made of another, for whatever table it is called"),
];

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn files(name: &str, extension: &str) -> BTreeMap<String, String> {
    let entries = std::fs::read_dir(folder(name)).expect("a folder of this crate");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let paths = paths.filter(|path| path.extension().is_some_and(|found| found == extension));
    let read = |path: PathBuf| {
        let file_name = path.file_name().expect("a name").to_string_lossy().into_owned();
        (file_name, std::fs::read_to_string(&path).expect("a text"))
    };
    paths.map(read).collect()
}

fn whole_schema() -> Schema {
    let mut schema = Schema::default();
    for text in files("migrations", "sql").values() {
        schema.read(text);
    }
    schema
}

#[test]
fn every_table_key_and_index_begins_with_the_part() {
    let mut schema = whole_schema();
    assert!(schema.table_count() > 15, "the migrations were read");
    assert_eq!(schema.take_complaints(), Vec::<String>::new());
}

#[test]
fn every_statement_of_the_store_names_the_part_and_repeats_well() {
    let schema = whole_schema();
    let (mut statement_count, mut call_count, mut complaints) = (0, 0, Vec::new());
    let mut used = [false; WHOLE_TABLE.len()];
    for (file, text) in files("src", "rs") {
        let literals = rust::literals(&text);
        for literal in literals.iter().filter(|literal| sql::is_statement(&literal.text)) {
            statement_count += 1;
            let head = one_line(&literal.text);
            let allowed =
                WHOLE_TABLE.iter().position(|(of, start, _)| *of == file && head.starts_with(start));
            allowed.into_iter().for_each(|index| used[index] = true);
            complaints.extend(judged(&schema, &file, literal, allowed.is_some()));
        }
        if !BULK_BY_VALUE.iter().any(|(of, _)| *of == file) {
            for call in rust::bulk_calls(&text) {
                call_count += 1;
                complaints.extend(
                    statement::judge_call(&schema, &call)
                        .map(|complaint| located(&file, call.line, &complaint)),
                );
            }
        }
    }
    assert_eq!(complaints, Vec::<String>::new());
    assert!(
        statement_count > 80 && call_count > 30,
        "{statement_count} statements and {call_count} bulk calls were read"
    );
    let unused: Vec<_> =
        WHOLE_TABLE.iter().zip(used).filter(|(_, is_used)| !is_used).map(|(entry, _)| entry.1).collect();
    assert_eq!(unused, Vec::<&str>::new(), "these exceptions are not needed any more");
}

#[test]
fn no_other_crate_speaks_sql() {
    let crates = std::fs::read_dir(folder("..")).expect("the folder of all crates");
    let crates = crates.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
    let mut found = Vec::new();
    let mut pending: Vec<PathBuf> =
        crates.filter(|name| name != "store").map(|name| folder("..").join(name).join("src")).collect();
    let mut file_count = 0;
    while let Some(folder) = pending.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for path in entries.map(|entry| entry.expect("an entry").path()) {
            if path.is_dir() {
                pending.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                file_count += 1;
                let text = std::fs::read_to_string(&path).expect("a text");
                let statements =
                    rust::literals(&text).into_iter().filter(|literal| sql::is_statement(&literal.text));
                found.extend(
                    statements
                        .map(|literal| located(&path.display().to_string(), literal.line, &literal.text)),
                );
            }
        }
    }
    assert!(file_count > 100, "{file_count} files were read");
    assert_eq!(found, Vec::<String>::new(), "SQL belongs to the store");
}

/// The complaints about one statement, with their place.
fn judged(schema: &Schema, file: &str, literal: &Literal, is_whole_table: bool) -> Vec<String> {
    let complaints = statement::judge(schema, &literal.text, is_whole_table);
    let head: String = one_line(&literal.text).chars().take(70).collect();
    complaints.iter().map(|complaint| located(file, literal.line, &format!("{complaint}: {head}"))).collect()
}

fn located(file: &str, line: usize, complaint: &str) -> String {
    format!("{file}:{line}: {complaint}")
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn check_schema(text: &str, expected: Expect) {
    let mut schema = Schema::default();
    schema.read(text);
    expected.assert_eq(&schema.take_complaints().join("\n"));
}

#[test]
fn a_table_key_or_index_without_the_part_is_refused() {
    check_schema(
        "CREATE TABLE t (\n part BIGINT NOT NULL,\n id BYTEA NOT NULL,\n PRIMARY KEY (part, id)\n);",
        expect![""],
    );
    check_schema(
        "CREATE TABLE t (\n id BYTEA NOT NULL,\n PRIMARY KEY (id)\n);",
        expect![[r#"
        table t has no column `part BIGINT NOT NULL`
        primary key of t does not begin with part: id"#]],
    );
    check_schema(
        "CREATE TABLE t (\n part BIGINT NOT NULL,\n id BYTEA NOT NULL,\n PRIMARY KEY (id, part)\n);",
        expect!["primary key of t does not begin with part: id, part"],
    );
    check_schema(
        "CREATE TABLE t (\n part BIGINT NOT NULL,\n id BYTEA NOT NULL PRIMARY KEY\n);",
        expect![[r#"
        column t.id is a key by itself (primary), without the part
        table t has no primary key of its own line"#]],
    );
    check_schema(
        "CREATE TABLE t (\n part BIGINT NOT NULL,\n id BYTEA NOT NULL\n);",
        expect!["table t has no primary key of its own line"],
    );
    check_schema(
        "CREATE TABLE t (\n part BIGINT,\n id BYTEA NOT NULL,\n PRIMARY KEY (part, id)\n);",
        expect!["table t has no column `part BIGINT NOT NULL`"],
    );
    check_schema(
        "CREATE TABLE t (\n part BIGINT NOT NULL,\n id BYTEA NOT NULL,\n PRIMARY KEY (part, id),\n UNIQUE (id)\n);",
        expect!["unique key of t does not begin with part: id"],
    );
    check_schema(
        "CREATE TABLE t (\n part BIGINT NOT NULL,\n id BYTEA NOT NULL UNIQUE,\n PRIMARY KEY (part, id)\n);",
        expect!["column t.id is a key by itself (unique), without the part"],
    );
    check_schema(
        "CREATE TABLE t (\n part BIGINT NOT NULL,\n id BYTEA NOT NULL,\n PRIMARY KEY (part, id),\n FOREIGN KEY (id) REFERENCES u (id)\n);",
        expect![[r#"
            foreign key of t does not begin with part: id
            foreign key of t to u does not begin with part: id"#]],
    );
    check_schema(
        "CREATE TABLE t (\n part BIGINT NOT NULL,\n id BYTEA REFERENCES u (id),\n PRIMARY KEY (part, id)\n);",
        expect!["column t.id is a key by itself (references), without the part"],
    );
    check_schema("CREATE INDEX i ON t (id);", expect!["index i does not begin with part: id"]);
    check_schema(
        "CREATE UNIQUE INDEX i ON t (id, part) WHERE id IS NOT NULL;",
        expect!["index i does not begin with part: id, part"],
    );
    check_schema("CREATE INDEX i ON t (part, id);", expect![""]);
    check_schema(
        "CREATE TABLE t (\n part BIGINT NOT NULL,\n id BIGSERIAL,\n at BIGINT NOT NULL DEFAULT now(),\n PRIMARY KEY (part, id)\n);",
        expect![[r#"
            now: the moment is passed in
            bigserial: there is no global sequence"#]],
    );
}

/// A schema for the cases below.
fn case_schema() -> Schema {
    let mut schema = Schema::default();
    schema.read(
        "CREATE TABLE part_number (\n part BIGINT NOT NULL,\n PRIMARY KEY (part)\n);\n\
         CREATE TABLE t (\n part BIGINT NOT NULL,\n id BYTEA NOT NULL,\n n BIGINT NOT NULL,\n PRIMARY KEY (part, id)\n);\n\
         CREATE TABLE u (\n part BIGINT NOT NULL,\n id BYTEA NOT NULL,\n PRIMARY KEY (part, id)\n);",
    );
    assert_eq!(schema.take_complaints(), Vec::<String>::new());
    schema
}

fn check_statement(text: &str, expected: Expect) {
    assert!(sql::is_statement(text), "{text} is read as a statement");
    expected.assert_eq(&statement::judge(&case_schema(), text, false).join("\n"));
}

#[test]
fn a_statement_that_names_the_part_of_each_table_is_good() {
    let good = || expect![""];
    check_statement("select n from t where part = ?1 and id = ?2", good());
    check_statement("select n from t where part = ?1 and id = ?2 for update skip locked", good());
    check_statement("select t.n from t join u on u.part = t.part and u.id = t.id where t.part = ?1", good());
    check_statement("select x.n from part_number n join t x on x.part = n.part where n.part >= ?1", good());
    check_statement(
        "select n.part from part_number n where exists (select 1 from t where t.part = n.part)",
        good(),
    );
    check_statement(
        "insert into t (part, id, n) values (?1, ?2, 0) on conflict (part, id) do update set n = t.n + 1",
        good(),
    );
    check_statement("update t set n = 0 where part = 0 and id = ?1", good());
    check_statement(
        "update t as x set n = v.v3 from unnest(?1::bigint[]) as v(v1) where x.part = v.v1",
        good(),
    );
    check_statement("delete from t where part = ?1", good());
    check_statement("exists (select 1 from {table} x where x.part = n.part)", good());
}

#[test]
fn a_statement_that_looks_at_all_parts_is_refused() {
    check_statement("select n from t where id = ?1", expect!["t is read or changed in all parts"]);
    check_statement("select max(n) from t", expect!["t is read or changed in all parts"]);
    check_statement(
        "select t.n from t join u on u.id = t.id where t.part = ?1",
        expect!["u is read or changed in all parts"],
    );
    check_statement("select n from t, u where t.part = ?1", expect!["u is read or changed in all parts"]);
    check_statement(
        "select x.n from part_number n join t x on x.id = n.part",
        expect!["t is read or changed in all parts"],
    );
    check_statement(
        "select n.part from part_number n where exists (select 1 from t where t.id = ?1)",
        expect!["t is read or changed in all parts"],
    );
    check_statement("update t set n = 0 where id = ?1", expect!["t is read or changed in all parts"]);
    check_statement("update t set n = 0", expect!["t is read or changed in all parts"]);
    check_statement("delete from t", expect!["t is read or changed in all parts"]);
    check_statement(
        "insert into t (id, part, n) values (?1, ?2, 0)",
        expect!["rows of t are inserted without the part first"],
    );
    check_statement(
        "insert into t select * from u where part = ?1",
        expect!["rows of t are inserted without the part first"],
    );
    // A range of parts goes through the numbers, so that each part's index is used.
    check_statement(
        "select n from t where part >= ?1 and part <= ?2",
        expect!["t is read or changed in all parts"],
    );
}

#[test]
fn a_statement_that_moves_a_row_to_another_key_is_refused() {
    check_statement(
        "update t set part = ?2 where part = ?1",
        expect!["t.part is of the key and never changes"],
    );
    check_statement(
        "update t set n = 1, id = ?2 where part = ?1",
        expect!["t.id is of the key and never changes"],
    );
    check_statement(
        "insert into t (part, id, n) values (?1, ?2, 0) on conflict (part, id) do update set id = excluded.id",
        expect!["t.id is of the key and never changes"],
    );
}

#[test]
fn what_gives_another_result_the_second_time_is_refused() {
    check_statement(
        "update t set n = extract(epoch from now()) where part = ?1",
        expect!["now: the moment is passed in"],
    );
    check_statement(
        "insert into t (part, id, n) values (?1, gen_random_uuid(), random())",
        expect![[r#"
        random: nothing is left to chance
        gen_random_uuid: ids come from causes"#]],
    );
    check_statement(
        "select n from t where part = ?1 and n < CURRENT_TIMESTAMP",
        expect!["current_timestamp: the moment is passed in"],
    );
    check_statement(
        "create table v (id bigserial primary key)",
        expect!["bigserial: there is no global sequence"],
    );
    check_statement(
        "create table v (id integer primary key autoincrement)",
        expect!["autoincrement: there is no global sequence"],
    );
    check_statement(
        "create table v (id bigint generated always as identity)",
        expect!["identity: there is no global sequence"],
    );
    check_statement("select nextval('s')", expect!["nextval: there is no global sequence"]);
}

#[test]
fn what_a_distributed_server_does_not_do_is_refused() {
    check_statement(
        "merge into t using u on t.part = u.part when matched then delete",
        expect!["merge: a distributed server has no MERGE"],
    );
    check_statement(
        "begin isolation level serializable",
        expect!["serializable: a distributed server reports its conflicts at commit"],
    );
    check_statement("lock table t", expect!["lock table: rows are locked, never tables"]);
}

fn check_call(source: &str, expected: Expect) {
    let calls: Vec<Call> = rust::bulk_calls(source);
    assert_eq!(calls.len(), 1, "{source} is read as one bulk call");
    expected.assert_eq(&statement::judge_call(&case_schema(), &calls[0]).unwrap_or_default());
}

#[test]
fn a_bulk_call_whose_keys_do_not_begin_with_the_part_is_refused() {
    let known = "const PART: (&str, Column) = (\"part\", Column::Int);\nconst ID: (&str, Column) = (\"id\", Column::Bytes);\n";
    let check = |call: &str, expected: Expect| check_call(&format!("{known}{call}"), expected);
    check("tx.query_keys(\"t.n\", \"t\", &[PART, ID], &values, read)", expect![""]);
    check(
        "tx.query_keys(\"t.n\", \"t\", &[ID], &values, read)",
        expect!["query_keys of t does not begin with part: id"],
    );
    check("tx.insert_rows(\"t\", &[PART, ID], Conflict::Fail, &values)", expect![""]);
    check(
        "const COLUMNS: [X; 2] = [ID, PART];\ntx.insert_rows(\"t\", &COLUMNS, Conflict::Fail, &values)",
        expect!["insert_rows of t does not begin with part: id, part"],
    );
    check("tx.update_rows(\"t\", &[PART, ID], &[(\"n\", Column::Int)], &values)", expect![""]);
    check(
        "const SETS: [X; 2] = [(\"n\", Column::Int), (\"id\", Column::Bytes)];\ntx.update_rows(\"t\", &[PART, ID], &SETS, &values)",
        expect!["update_rows: t.id is of the key and never changes"],
    );
    check(
        "tx.each_key(select, table, keys, &values, visit)",
        expect!["each_key: the table or its keys are not written where they can be read"],
    );
}

#[test]
fn literals_are_read_as_the_program_sees_them() {
    let source = concat!(
        "fn f<'a>() { let c = '\"'; // \"no\"\n",
        "g(\"one \\\n   two\", r#\"th\"ree\"#); /* \"no\" */ }\n",
        "#[cfg(test)] mod tests { \"not the program's\" }"
    );
    let found: Vec<String> =
        rust::literals(source).iter().map(|found| format!("{}: {}", found.line, found.text)).collect();
    expect![[r#"
        2: one two
        3: th"ree"#]]
    .assert_eq(&found.join("\n"));
}

//! All that differs between SQLite and PostgreSQL: placeholders, bulk statements and the words of DDL.
//!
//! SQL is written once, in the subset that both know, with numbered placeholders `?1`. A schema is written
//! once too, in PostgreSQL's types; [`Dialect::schema`] says how it is read for SQLite.

use crate::sql::Column;

/// Which database speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite 3, bundled.
    Sqlite,
    /// PostgreSQL 15 or later, or a server that speaks its protocol and dialect.
    Postgres,
}

/// What a bulk insert does about a row whose key is already there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Conflict {
    /// The whole transaction fails with [`StoreError::Duplicate`](crate::StoreError::Duplicate).
    Fail,
    /// The row that is there stays; the new one is not counted.
    Ignore,
}

/// `?1` becomes `$1`, except in quotes and comments.
pub(crate) fn postgres_placeholders(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut rest = sql;
    while let Some(at) = rest.find(['\'', '"', '?', '-']) {
        let (before, found) = rest.split_at(at);
        out.push_str(before);
        // The length of what is copied as it stands.
        let length = match found.as_bytes() {
            [quote @ (b'\'' | b'"'), tail @ ..] => {
                tail.iter().position(|byte| byte == quote).map_or(found.len(), |end| end + 2)
            }
            [b'-', b'-', ..] => found.find('\n').unwrap_or(found.len()),
            [b'?', b'0'..=b'9', ..] => {
                out.push('$');
                rest = &found[1..];
                continue;
            }
            _ => 1,
        };
        out.push_str(&found[..length]);
        rest = &found[length..];
    }
    out.push_str(rest);
    out
}

/// Which of a bulk statement's keys is one value for all rows of the call.
///
/// A statement on one part that says so with `part = ?` goes to one server of a distributed PostgreSQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyShape {
    /// Each key column has a value per row.
    PerRow,
    /// The first key column, the part, has one value; the others have one per row.
    OnePart,
}

/// Whether a query locks the rows that it finds until the end of the transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RowLock {
    /// It does not.
    Free,
    /// Nobody else changes them meanwhile. On SQLite no writing transaction ever has another beside it.
    Locked,
}

impl Dialect {
    /// The insert of one row (SQLite) or of a block of rows given as one array a column (PostgreSQL).
    pub(crate) fn insert(self, table: &str, columns: &[(&str, Column)], conflict: Conflict) -> String {
        let names = comma_list(columns, |_, (name, _)| (*name).to_owned());
        let source = match self {
            Self::Sqlite => format!("values ({})", comma_list(columns, |index, _| format!("?{}", index + 1))),
            Self::Postgres => {
                let arrays = comma_list(columns, |index, (_, column)| array_place(index, *column));
                format!("select * from unnest({arrays})")
            }
        };
        let mut sql = format!("insert into {table} ({names}) {source}");
        if conflict == Conflict::Ignore {
            sql.push_str(" on conflict do nothing");
        }
        sql
    }

    /// The update of one row (SQLite) or of a block (PostgreSQL): keys first, then what is set.
    pub(crate) fn update(
        self,
        table: &str,
        keys: &[(&str, Column)],
        sets: &[(&str, Column)],
        shape: KeyShape,
    ) -> String {
        match self {
            Self::Sqlite => {
                let assignments =
                    comma_list(sets, |index, (name, _)| format!("{name} = ?{}", keys.len() + index + 1));
                let matches = and_list(keys, |index, (name, _)| format!("{name} = ?{}", index + 1));
                format!("update {table} set {assignments} where {matches}")
            }
            Self::Postgres => {
                let assignments =
                    comma_list(sets, |index, (name, _)| format!("{name} = v.v{}", keys.len() + index + 1));
                let all: Vec<_> = keys.iter().chain(sets).copied().collect();
                let (source, matches) = postgres_keys(&all, keys.len(), shape);
                format!("update {table} as t set {assignments} from {source} where {matches}")
            }
        }
    }

    /// The deletion of one row (SQLite) or of a block (PostgreSQL), by their keys.
    pub(crate) fn delete(self, table: &str, keys: &[(&str, Column)], shape: KeyShape) -> String {
        match self {
            Self::Sqlite => {
                let matches = and_list(keys, |index, (name, _)| format!("{name} = ?{}", index + 1));
                format!("delete from {table} where {matches}")
            }
            Self::Postgres => {
                let (source, matches) = postgres_keys(keys, keys.len(), shape);
                format!("delete from {table} as t using {source} where {matches}")
            }
        }
    }

    /// The rows that have a given key: for one key (SQLite) or for a block of them (PostgreSQL).
    pub(crate) fn select_keys(
        self,
        select: &str,
        table: &str,
        keys: &[(&str, Column)],
        shape: KeyShape,
        lock: RowLock,
    ) -> String {
        match self {
            Self::Sqlite => {
                let matches = and_list(keys, |index, (name, _)| format!("t.{name} = ?{}", index + 1));
                format!("select {select} from {table} as t where {matches}")
            }
            Self::Postgres => {
                let (source, matches) = postgres_keys(keys, keys.len(), shape);
                let lock = match lock {
                    RowLock::Free => "",
                    RowLock::Locked => " for update of t",
                };
                format!("select {select} from {source} join {table} as t on {matches}{lock}")
            }
        }
    }

    /// The schema text for this database.
    ///
    /// A schema is written with the types `BIGINT`, `TEXT` and `BYTEA`, one statement ending in `;` at the end
    /// of a line. For SQLite `BYTEA` becomes `BLOB`, `BIGINT` becomes `INTEGER`, and each `CREATE TABLE`
    /// becomes `STRICT`. Lines that begin with `-- postgres:` or `-- sqlite:` are for that database only. A line
    /// `-- clustered` above a `CREATE TABLE` keeps its rows in the order of the primary key on SQLite (`WITHOUT
    /// ROWID`): half the writes for narrow rows, which is most tables; not for rows of more than about 200 bytes.
    #[must_use]
    pub fn schema(self, text: &str) -> String {
        let mut out = String::with_capacity(text.len() + 256);
        let mut clustered = false;
        let mut in_table = false;
        for line in text.lines() {
            let trimmed = line.trim();
            let own = match self {
                Self::Sqlite => trimmed.strip_prefix("-- sqlite:"),
                Self::Postgres => trimmed.strip_prefix("-- postgres:"),
            };
            if let Some(own) = own {
                out.push_str(own.trim());
                out.push('\n');
                continue;
            }
            if trimmed.starts_with("--") {
                clustered |= trimmed == "-- clustered";
                continue;
            }
            // A comment behind a statement would hide its end.
            let code = trimmed.split(" --").next().unwrap_or_default().trim_end();
            if self == Self::Postgres {
                out.push_str(code);
                out.push('\n');
                continue;
            }
            in_table |= code.to_ascii_lowercase().starts_with("create table");
            let code = sqlite_types(code);
            match code.strip_suffix(";") {
                Some(statement) if in_table => {
                    out.push_str(statement);
                    out.push_str(if clustered { " STRICT, WITHOUT ROWID;" } else { " STRICT;" });
                    (in_table, clustered) = (false, false);
                }
                Some(_) | None => out.push_str(&code),
            }
            out.push('\n');
        }
        out
    }
}

/// PostgreSQL's statement that takes a stream of rows.
pub(crate) fn copy(table: &str, columns: &[(&str, Column)]) -> String {
    let names = comma_list(columns, |_, (name, _)| (*name).to_owned());
    format!("copy {table} ({names}) from stdin with (format binary)")
}

/// The source of a block's rows in PostgreSQL, as `v(v1, v2, …)`, and how its keys match table `t`.
fn postgres_keys(columns: &[(&str, Column)], key_count: usize, shape: KeyShape) -> (String, String) {
    let first = match shape {
        KeyShape::PerRow => 0,
        KeyShape::OnePart => 1,
    };
    let per_row = &columns[first..];
    let arrays = comma_list(per_row, |index, (_, column)| array_place(first + index, *column));
    let names = comma_list(per_row, |index, _| format!("v{}", first + index + 1));
    let matches = and_list(&columns[..key_count], |index, (name, _)| match index {
        0 if shape == KeyShape::OnePart => format!("t.{name} = ?1"),
        _ => format!("t.{name} = v.v{}", index + 1),
    });
    (format!("unnest({arrays}) as v({names})"), matches)
}

fn array_place(index: usize, column: Column) -> String {
    format!("?{}::{}[]", index + 1, column.postgres_name())
}

fn comma_list<T>(items: &[T], text: impl Fn(usize, &T) -> String) -> String {
    let texts: Vec<String> = items.iter().enumerate().map(|(index, item)| text(index, item)).collect();
    texts.join(", ")
}

fn and_list<T>(items: &[T], text: impl Fn(usize, &T) -> String) -> String {
    let texts: Vec<String> = items.iter().enumerate().map(|(index, item)| text(index, item)).collect();
    texts.join(" and ")
}

/// PostgreSQL's type names as SQLite's, outside quotes, whole words only.
fn sqlite_types(code: &str) -> String {
    let mut out = String::with_capacity(code.len());
    for (index, piece) in code.split('\'').enumerate() {
        if index > 0 {
            out.push('\'');
        }
        if index % 2 == 1 {
            out.push_str(piece);
            continue;
        }
        for word in piece.split_inclusive(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
            let length = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric() && c != '_').len();
            let (name, end) = word.split_at(length);
            match name.to_ascii_lowercase().as_str() {
                "bigint" => out.push_str("INTEGER"),
                "bytea" => out.push_str("BLOB"),
                _ => out.push_str(name),
            }
            out.push_str(end);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check_places(sql: &str, expected: Expect) {
        expected.assert_eq(&postgres_placeholders(sql));
    }

    #[test]
    fn numbered_places_become_postgresqls_outside_quotes_and_comments() {
        check_places("select ?2, ?1 where n=?10", expect!["select $2, $1 where n=$10"]);
        check_places(r#"'?1' "?1" ?1 'it''s ?1' ?1"#, expect![[r#"'?1' "?1" $1 'it''s ?1' $1"#]]);
        check_places(
            "a - ?1 -- why ?1\n + ?2 -- ?3",
            expect![[r#"
            a - $1 -- why ?1
             + $2 -- ?3"#]],
        );
        check_places("j ? 'key' and '账?1' = ?1", expect!["j ? 'key' and '账?1' = $1"]);
        check_places("'open ?1", expect!["'open ?1"]);
    }

    const SCHEMA: &str = "\
-- A comment; with a semicolon.
-- clustered
create table one (
    part BIGINT NOT NULL, -- the part; first
    bytea_count BIGINT NOT NULL DEFAULT 0,
    word TEXT NOT NULL DEFAULT 'a bigint; bytea',
    body bytea,
    primary key (part)
);
create index one_body on one (body);
-- postgres: alter table one set (fillfactor = 70);
-- sqlite: create index one_word on one (word);
CREATE TABLE two (n BIGINT);
";

    #[test]
    fn one_schema_is_read_by_both() {
        expect![[r#"
            create table one (
            part INTEGER NOT NULL,
            bytea_count INTEGER NOT NULL DEFAULT 0,
            word TEXT NOT NULL DEFAULT 'a bigint; bytea',
            body BLOB,
            primary key (part)
            ) STRICT, WITHOUT ROWID;
            create index one_body on one (body);
            create index one_word on one (word);
            CREATE TABLE two (n INTEGER) STRICT;
        "#]]
        .assert_eq(&Dialect::Sqlite.schema(SCHEMA));
        expect![[r#"
            create table one (
            part BIGINT NOT NULL,
            bytea_count BIGINT NOT NULL DEFAULT 0,
            word TEXT NOT NULL DEFAULT 'a bigint; bytea',
            body bytea,
            primary key (part)
            );
            create index one_body on one (body);
            alter table one set (fillfactor = 70);
            CREATE TABLE two (n BIGINT);
        "#]]
        .assert_eq(&Dialect::Postgres.schema(SCHEMA));
    }

    #[test]
    fn a_bulk_statement_on_one_part_says_so() {
        let keys = [("part", Column::Int), ("id", Column::Bytes)];
        let sets = [("n", Column::Int)];
        let mut all = Vec::new();
        for dialect in [Dialect::Sqlite, Dialect::Postgres] {
            all.push(dialect.insert("one", &keys, Conflict::Ignore));
            for shape in [KeyShape::PerRow, KeyShape::OnePart] {
                all.push(dialect.update("one", &keys, &sets, shape));
                all.push(dialect.delete("one", &keys, shape));
                all.push(dialect.select_keys("t.id, n", "one", &keys, shape, RowLock::Free));
            }
            all.push(dialect.select_keys("t.id, n", "one", &keys, KeyShape::OnePart, RowLock::Locked));
        }
        expect![[r#"
            insert into one (part, id) values (?1, ?2) on conflict do nothing
            update one set n = ?3 where part = ?1 and id = ?2
            delete from one where part = ?1 and id = ?2
            select t.id, n from one as t where t.part = ?1 and t.id = ?2
            update one set n = ?3 where part = ?1 and id = ?2
            delete from one where part = ?1 and id = ?2
            select t.id, n from one as t where t.part = ?1 and t.id = ?2
            select t.id, n from one as t where t.part = ?1 and t.id = ?2
            insert into one (part, id) select * from unnest(?1::bigint[], ?2::bytea[]) on conflict do nothing
            update one as t set n = v.v3 from unnest(?1::bigint[], ?2::bytea[], ?3::bigint[]) as v(v1, v2, v3) where t.part = v.v1 and t.id = v.v2
            delete from one as t using unnest(?1::bigint[], ?2::bytea[]) as v(v1, v2) where t.part = v.v1 and t.id = v.v2
            select t.id, n from unnest(?1::bigint[], ?2::bytea[]) as v(v1, v2) join one as t on t.part = v.v1 and t.id = v.v2
            update one as t set n = v.v3 from unnest(?2::bytea[], ?3::bigint[]) as v(v2, v3) where t.part = ?1 and t.id = v.v2
            delete from one as t using unnest(?2::bytea[]) as v(v2) where t.part = ?1 and t.id = v.v2
            select t.id, n from unnest(?2::bytea[]) as v(v2) join one as t on t.part = ?1 and t.id = v.v2
            select t.id, n from unnest(?2::bytea[]) as v(v2) join one as t on t.part = ?1 and t.id = v.v2 for update of t"#]].assert_eq(&all.join("\n"));
    }
}

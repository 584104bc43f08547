//! The tables of the migrations with their keys, and what is wrong with them.

use std::collections::BTreeMap;

use crate::{sql, statement};

/// The tables read so far, with the columns of their primary keys.
#[derive(Default)]
pub struct Schema {
    keys: BTreeMap<String, Vec<String>>,
    complaints: Vec<String>,
}

impl Schema {
    /// Reads the statements of one file.
    pub fn read(&mut self, text: &str) {
        let code: Vec<&str> = text.lines().map(|line| line.split("--").next().unwrap_or_default()).collect();
        for statement in code.join("\n").split(';') {
            let words = sql::words(statement);
            let first = words.iter().take(3).map(String::as_str).collect::<Vec<_>>();
            self.complaints.extend(statement::forbidden(&words));
            match first.as_slice() {
                ["create", "table", name] => self.table((*name).to_owned(), &words[3..]),
                ["create", "index", name] => self.index(name, &words[3..]),
                ["create", "unique", "index"] => self.index(&words[3], &words[4..]),
                _ => {}
            }
        }
    }

    /// What was found wrong so far.
    pub fn take_complaints(&mut self) -> Vec<String> {
        std::mem::take(&mut self.complaints)
    }

    /// How many tables there are.
    pub fn table_count(&self) -> usize {
        self.keys.len()
    }

    /// The columns of a table's primary key.
    pub fn key(&self, table: &str) -> Option<&[String]> {
        self.keys.get(table).map(Vec::as_slice)
    }

    fn table(&mut self, name: String, words: &[String]) {
        let mut key = None;
        let mut has_part = false;
        for item in items(words) {
            let head: Vec<&str> = item.iter().take(2).map(String::as_str).collect();
            let columns = || bracketed(item);
            match head.as_slice() {
                ["primary", "key"] => key = Some(columns()),
                ["unique", _] => self.require_part(&format!("unique key of {name}"), &columns()),
                ["foreign", "key"] => {
                    self.require_part(&format!("foreign key of {name}"), &columns());
                    let target = item
                        .iter()
                        .position(|word| word == "references")
                        .map_or(&item[..0], |at| &item[at..]);
                    self.require_part(&format!("foreign key of {name} to {}", target[1]), &bracketed(target));
                }
                ["part", "bigint"] => has_part = item[2..] == ["not", "null"],
                [column, _] => self.inline(&name, column, item),
                _ => {}
            }
        }
        if !has_part {
            self.complaints.push(format!("table {name} has no column `part BIGINT NOT NULL`"));
        }
        match key {
            Some(key) => {
                self.require_part(&format!("primary key of {name}"), &key);
                self.keys.insert(name, key);
            }
            None => self.complaints.push(format!("table {name} has no primary key of its own line")),
        }
    }

    /// Keys beside a column can hold no part.
    fn inline(&mut self, table: &str, column: &str, item: &[String]) {
        for word in ["primary", "unique", "references"] {
            if item.iter().any(|found| found == word) {
                self.complaints
                    .push(format!("column {table}.{column} is a key by itself ({word}), without the part"));
            }
        }
    }

    fn index(&mut self, name: &str, words: &[String]) {
        self.require_part(&format!("index {name}"), &bracketed(words));
    }

    fn require_part(&mut self, what: &str, columns: &[String]) {
        if columns.first().map(String::as_str) != Some("part") {
            self.complaints.push(format!("{what} does not begin with part: {}", columns.join(", ")));
        }
    }
}

/// The items of a bracketed list, brackets within them kept.
fn items(words: &[String]) -> Vec<&[String]> {
    let (mut found, mut depth, mut from) = (Vec::new(), 0, 1);
    for (at, word) in words.iter().enumerate() {
        match word.as_str() {
            "(" => depth += 1,
            ")" => {
                depth -= 1;
                if depth == 0 {
                    found.push(&words[from..at]);
                }
            }
            "," if depth == 1 => {
                found.push(&words[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    found
}

/// The words of the first bracket.
fn bracketed(words: &[String]) -> Vec<String> {
    let inner = words.iter().skip_while(|word| *word != "(").skip(1).take_while(|word| *word != ")");
    inner.filter(|word| *word != ",").cloned().collect()
}

//! Coverage counted apart: a table, an object, and a CSV file.

use std::path::Path;

use dunlin_engine::coverage_groups::{CoverageBy, CoverageGroup};
use serde_json::{Map, Value, json};

use crate::failure::{Failure, exit_of_io};
use crate::screen::{grouped, lines_of, table};

/// The counts of a group and their names.
const COUNTS: [&str; 7] =
    ["overdue_days", "contacted", "delivered", "pending", "silent", "failed", "unexplained"];

fn counts_of(group: &CoverageGroup) -> [u64; 7] {
    let all = &group.coverage;
    [all.overdue_days, all.contacted, all.delivered, all.pending, all.silent, all.failed, all.unexplained]
}

/// For people.
pub fn text(groups: &[CoverageGroup], by: &[CoverageBy]) -> String {
    let header: Vec<&str> = by.iter().map(|by| by.code()).chain(COUNTS).collect();
    let numbers: Vec<usize> = (by.len()..header.len()).collect();
    let mut rows = table(&header, &numbers);
    for group in groups {
        let counts = counts_of(group).map(grouped);
        rows.add_row(group.keys.iter().cloned().chain(counts));
    }
    lines_of(&rows)
}

/// For scripts.
pub fn json(groups: &[CoverageGroup], by: &[CoverageBy]) -> Value {
    let object = |group: &CoverageGroup| {
        let keys = by.iter().zip(&group.keys).map(|(by, key)| (by.code().to_owned(), json!(key)));
        let counts = COUNTS.into_iter().zip(counts_of(group));
        let counts = counts.map(|(name, count)| (name.to_owned(), json!(count)));
        Value::Object(keys.chain(counts).collect::<Map<String, Value>>())
    };
    Value::Array(groups.iter().map(object).collect())
}

/// Writes the groups to a CSV file, with a header row.
///
/// # Errors
/// When the file cannot be written.
pub fn write_csv(path: &Path, groups: &[CoverageGroup], by: &[CoverageBy]) -> Result<(), Failure> {
    let write = || -> Result<(), csv::Error> {
        let mut writer = csv::Writer::from_path(path)?;
        writer.write_record(by.iter().map(|by| by.code()).chain(COUNTS))?;
        for group in groups {
            let counts = counts_of(group).map(|count| count.to_string());
            writer.write_record(group.keys.iter().cloned().chain(counts))?;
        }
        Ok(writer.flush()?)
    };
    write().map_err(|error| {
        let error = std::io::Error::from(error);
        Failure {
            code: "output",
            message: format!("cannot write {}: {error}; name another file", path.display()),
            exit: exit_of_io(&error),
        }
    })
}

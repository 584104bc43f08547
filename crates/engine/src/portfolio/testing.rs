//! What the tests of this module share: folders with files in them, and readings shown as text.

use std::path::Path;

use expect_test::Expect;
use tempfile::TempDir;

use super::{Encoding, PortfolioRow, ReadError, open_table};

/// A new folder with `files` in it.
pub(super) fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), bytes).expect("a file in a temporary folder");
    }
    folder
}

/// What reading the table of `R` comes to, a line for each row.
pub(super) fn reading<R: PortfolioRow>(
    folder: &Path,
    encoding: Encoding,
    show: impl Fn(&R) -> String,
) -> String {
    let reader = match open_table::<R>(folder, encoding) {
        Ok(Some(reader)) => reader,
        Ok(None) => return "no table".to_owned(),
        Err(error) => return error.to_string(),
    };
    let lines = reader.map(|row| match row {
        Ok((line, row)) => format!("{line} {}", show(&row)),
        Err(ReadError::Row(error)) => format!("{error}\n  {}", error.row),
        Err(ReadError::File(error)) => format!("stop: {error}"),
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Rows of the table of `R`, all of which must be good.
pub(super) fn rows<R: PortfolioRow>(folder: &Path) -> Vec<R> {
    let reader = open_table::<R>(folder, Encoding::Utf8).expect("a readable table").expect("a table");
    reader.map(|row| row.expect("a good row").1).collect()
}

/// Reads `bytes` as the CSV file of `R`.
pub(super) fn check_as<R: PortfolioRow>(encoding: Encoding, bytes: &[u8], expected: Expect) {
    let file = format!("{}.csv", R::TABLE.stem());
    let folder = folder(&[(&file, bytes)]);
    expected.assert_eq(&reading::<R>(folder.path(), encoding, R::masked_text));
}

/// Reads `text` as the CSV file of `R`.
pub(super) fn check<R: PortfolioRow>(text: &str, expected: Expect) {
    check_as::<R>(Encoding::Utf8, text.as_bytes(), expected);
}

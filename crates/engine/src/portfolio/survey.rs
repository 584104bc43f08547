//! Looks at a folder before it is read: which tables it has, and which files look like misspelt ones.

use std::fs;
use std::path::Path;

use super::code::Format;
use super::error::PortfolioError;
use super::read::find_table;
use super::table::Table;

/// What a folder holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Survey {
    /// Its tables, in the order of import, with the format of each.
    pub tables: Vec<(Table, Format)>,
    /// CSV and Parquet files in it that are no table, in alphabetical order. They are not read.
    pub others: Vec<String>,
}

/// Surveys `folder`. No single table is required: a day's feed may be a `payments.csv` alone.
///
/// # Errors
/// When the folder cannot be read, has no table, has one in both formats, or has a file that is nearly called
/// like a table that is not there (`customer.csv`).
pub fn survey(folder: &Path) -> Result<Survey, PortfolioError> {
    let mut tables = Vec::new();
    for table in Table::ALL {
        if let Some((_, format)) = find_table(folder, table)? {
            tables.push((table, format));
        }
    }
    let others = other_files(folder)?;
    for file in &others {
        let Some((stem, extension)) = file.rsplit_once('.') else { continue };
        let absent = Table::ALL.iter().filter(|table| !tables.iter().any(|(found, _)| found == *table));
        if let Some(suggestion) = nearest(stem, absent.map(|table| table.stem())) {
            let suggestion = format!("{suggestion}.{}", extension.to_ascii_lowercase());
            return Err(PortfolioError::MisnamedFile { file: file.clone(), suggestion });
        }
    }
    if tables.is_empty() {
        return Err(PortfolioError::NoTable { folder: folder.display().to_string() });
    }
    Ok(Survey { tables, others })
}

fn other_files(folder: &Path) -> Result<Vec<String>, PortfolioError> {
    let fail = |source| PortfolioError::io(folder.display().to_string(), "read", source);
    let mut others = Vec::new();
    for entry in fs::read_dir(folder).map_err(fail)? {
        let name = entry.map_err(fail)?.file_name().to_string_lossy().into_owned();
        let lower = name.to_ascii_lowercase();
        let is_data = Format::ALL.iter().any(|format| lower.ends_with(&format!(".{}", format.extension())));
        let is_table = Table::ALL.iter().any(|table| {
            Format::ALL.iter().any(|format| name == format!("{}.{}", table.stem(), format.extension()))
        });
        if is_data && !is_table {
            others.push(name);
        }
    }
    others.sort_unstable();
    Ok(others)
}

/// The name that `given` is most likely a slip for: at most two letters wrong in a third of its length.
pub(super) fn nearest<'a>(given: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |name: &str| name.trim().to_ascii_lowercase().replace([' ', '-'], "_");
    let given = plain(given);
    let limit = (given.chars().count() / 3).min(2);
    let distances = names.map(|name| (edit_distance(&given, &plain(name)), name));
    distances.filter(|(distance, _)| *distance <= limit).min().map(|(_, name)| name)
}

/// How many letters must be put in, taken out or changed to make one text the other.
fn edit_distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, letter) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for column in 0..right.len() {
            let changed = diagonal + usize::from(letter != right[column]);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}

//! What can be wrong with a portfolio: with a folder or file ([`PortfolioError`]), or with one row
//! ([`RowError`]).

use std::fmt;
use std::io;

use super::cell::CellError;
use super::code::Format;

/// A folder or file that cannot be read or written. Nothing of the file may be taken.
#[derive(Debug)]
pub enum PortfolioError {
    /// The machine refused to read or write.
    Io {
        /// The file or folder.
        file: String,
        /// What was to be done: `open`, `read`, `write`, `create`, `rename`, `remove`.
        action: &'static str,
        /// What the machine said.
        source: io::Error,
    },
    /// The folder has no table at all.
    NoTable {
        /// The folder.
        folder: String,
    },
    /// The folder has a table in both formats.
    BothFormats {
        /// The name of the table, without extension.
        table: &'static str,
    },
    /// A file in the folder is nearly called like a table.
    MisnamedFile {
        /// The file.
        file: String,
        /// What it is probably meant to be.
        suggestion: String,
    },
    /// A folder to write into already holds a table.
    FolderInUse {
        /// The folder.
        folder: String,
        /// The file found in it.
        file: String,
    },
    /// The file has not even a header row.
    EmptyFile {
        /// The file.
        file: String,
        /// The header that it should have.
        expected: String,
    },
    /// Required columns are missing.
    MissingColumns {
        /// The file.
        file: String,
        /// The columns that are missing.
        missing: Vec<&'static str>,
        /// The columns found.
        found: Vec<String>,
    },
    /// A column that the format does not have.
    UnknownColumn {
        /// The file.
        file: String,
        /// The column.
        column: String,
        /// The nearest column, or all that there are.
        suggestion: String,
    },
    /// A column stands in the header twice.
    RepeatedColumn {
        /// The file.
        file: String,
        /// The column.
        column: String,
    },
    /// The text is not in the encoding that was named.
    WrongEncoding {
        /// The file.
        file: String,
        /// The line.
        line: u64,
        /// What it is not, and what to do about it.
        complaint: &'static str,
    },
    /// Quotes do not pair up as RFC 4180 asks.
    BrokenQuoting {
        /// The file.
        file: String,
        /// The line on which the broken record starts.
        line: u64,
        /// What is wrong and what would be right.
        complaint: &'static str,
    },
    /// The Parquet file is damaged, or uses something that Dunlin does not read.
    Parquet {
        /// The file.
        file: String,
        /// What is wrong and what would be right.
        complaint: String,
    },
    /// A value that the format cannot hold was to be written.
    Unwritable {
        /// The file.
        file: String,
        /// The column and what is wrong.
        complaint: String,
    },
}

impl PortfolioError {
    pub(super) fn io(file: impl Into<String>, action: &'static str, source: io::Error) -> Self {
        Self::Io { file: file.into(), action, source }
    }
}

fn io_remedy(kind: io::ErrorKind) -> &'static str {
    match kind {
        io::ErrorKind::NotFound => "check the path",
        io::ErrorKind::PermissionDenied => "check who may read and write there",
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "free some space and run again",
        io::ErrorKind::ReadOnlyFilesystem => "choose a folder that can be written",
        _ => "run again once the cause is gone; nothing was changed",
    }
}

impl fmt::Display for PortfolioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { file, action, source } => {
                write!(f, "cannot {action} {file}: {source}; {}", io_remedy(source.kind()))
            }
            Self::NoTable { folder } => write!(
                f,
                "{folder} holds no table of the portfolio format; put at least one of customers.csv, \
                 agreements.csv, payments.csv … or the same as .parquet there"
            ),
            Self::BothFormats { table } => {
                write!(f, "the folder has {table}.csv and {table}.parquet; remove one of them")
            }
            Self::MisnamedFile { file, suggestion } => {
                write!(f, "{file} is no table of the format; rename it to {suggestion}")
            }
            Self::FolderInUse { folder, file } => {
                write!(f, "{folder} already holds {file}; choose an empty folder")
            }
            Self::EmptyFile { file, expected } => {
                write!(f, "{file} is empty; its first line must name the columns: {expected}")
            }
            Self::MissingColumns { file, missing, found } => {
                let hint = match found.as_slice() {
                    [only] if only.contains([';', '\t']) => "; separate columns with commas",
                    _ => "; add it to the header row and to each line",
                };
                let plural = if missing.len() == 1 { "column" } else { "columns" };
                write!(
                    f,
                    "{file} lacks the {plural} {}; it has {}{hint}",
                    missing.join(", "),
                    found.join(", ")
                )
            }
            Self::UnknownColumn { file, column, suggestion } => {
                write!(f, "{file} has a column {column:?} that the format does not know; {suggestion}")
            }
            Self::RepeatedColumn { file, column } => {
                write!(f, "{file} has the column {column} twice; remove one of them")
            }
            Self::WrongEncoding { file, line, complaint } | Self::BrokenQuoting { file, line, complaint } => {
                write!(f, "{file} line {line}: {complaint}")
            }
            Self::Parquet { file, complaint } | Self::Unwritable { file, complaint } => {
                write!(f, "{file}: {complaint}")
            }
        }
    }
}

impl std::error::Error for PortfolioError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// One row that cannot be taken. Goes to the rejects file; reading goes on.
///
/// Personal values are masked in all of its fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowError {
    /// The file.
    pub file: String,
    /// The format of the file; decides whether the place is a line or a row.
    pub format: Format,
    /// The line on which the row starts, the header being line 1; in Parquet the row, from 1.
    pub line: u64,
    /// The column; empty where the whole row is meant.
    pub column: String,
    /// What was given; `None` where nothing was given or the whole row is meant.
    pub value: Option<String>,
    /// What is wrong, without the value.
    pub reason: String,
    /// What to do about it.
    pub remedy: String,
    /// The row as a line of CSV.
    pub row: String,
}

impl RowError {
    pub(super) fn of_cell(error: CellError, file: &str, format: Format, line: u64, row: String) -> Self {
        let CellError { column, value, reason, remedy } = error;
        Self { file: file.to_owned(), format, line, column: column.to_owned(), value, reason, remedy, row }
    }

    /// Value, reason and remedy, as the rejects file shows them.
    #[must_use]
    pub fn complaint(&self) -> String {
        let value = self.value.as_ref().map_or_else(String::new, |value| format!("{value:?} "));
        format!("{value}{}; {}", self.reason, self.remedy)
    }
}

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.file, self.format.place(), self.line)?;
        if !self.column.is_empty() {
            write!(f, ", {}", self.column)?;
        }
        write!(f, ": {}", self.complaint())
    }
}

impl std::error::Error for RowError {}

/// What reading the next row can come to.
#[derive(Debug)]
pub enum ReadError {
    /// The row cannot be taken; go on with the next.
    Row(Box<RowError>),
    /// The file cannot be read; there is no next row.
    File(PortfolioError),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Row(error) => fmt::Display::fmt(error, f),
            Self::File(error) => fmt::Display::fmt(error, f),
        }
    }
}

impl std::error::Error for ReadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Row(error) => Some(error.as_ref()),
            Self::File(error) => Some(error),
        }
    }
}

impl From<PortfolioError> for ReadError {
    fn from(error: PortfolioError) -> Self {
        Self::File(error)
    }
}

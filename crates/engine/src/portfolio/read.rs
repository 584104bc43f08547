//! Opens a table of a folder and reads its rows one by one, whichever format it is in.

use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use dunlin_domain::contact::Personal;

use super::cell::CellCursor;
use super::code::{Encoding, Format};
use super::column::{Column, ColumnKind};
use super::csv_source::CsvSource;
use super::error::{PortfolioError, ReadError, RowError};
use super::parquet_source::ParquetSource;
use super::record::Record;
use super::survey::nearest;
use super::table::{PortfolioRow, Table, push_csv_value};

/// How far the reading of a file has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes read; in Parquet an estimate by the share of the rows.
    pub bytes_read: u64,
    /// Bytes of the file.
    pub bytes_total: u64,
}

enum Source {
    Csv(CsvSource),
    Parquet(Box<ParquetSource>),
}

/// The rows of one table. Iterates over the line (in Parquet the row number) and the row.
///
/// After a [`ReadError::Row`] reading goes on; after a [`ReadError::File`] it has ended.
pub struct TableReader<R> {
    source: Source,
    file: String,
    format: Format,
    /// The table's columns in the order of the file.
    header: Vec<&'static Column>,
    /// For each column of the table, its place in the file.
    mapping: Vec<Option<usize>>,
    record: Record,
    has_ended: bool,
    row: PhantomData<R>,
}

/// Opens the table of row type `R` in `folder`; `None` when the folder has no such file. `encoding` is that of
/// CSV files; Parquet is always UTF-8.
///
/// # Errors
/// [`PortfolioError`] when both formats are there, when the file cannot be opened, is empty, lacks a column or has
/// one too many.
pub fn open_table<R: PortfolioRow>(
    folder: &Path,
    encoding: Encoding,
) -> Result<Option<TableReader<R>>, PortfolioError> {
    let Some((path, format)) = find_table(folder, R::TABLE)? else { return Ok(None) };
    let file = format!("{}.{}", R::TABLE.stem(), format.extension());
    let mut record = Record::default();
    let (source, header) = match format {
        Format::Csv => {
            let mut source = CsvSource::open(&path, &file, encoding)?;
            source.next_record(&mut record)?;
            let names: Vec<_> = record.values().map(|name| name.trim().to_owned()).collect();
            let header = check_header(&file, R::TABLE, &names)?;
            (Source::Csv(source), header)
        }
        Format::Parquet => {
            let mut source = ParquetSource::open(&path, &file)?;
            let header = check_header(&file, R::TABLE, &source.header())?;
            source.set_columns(&header)?;
            (Source::Parquet(Box::new(source)), header)
        }
    };
    let place = |column: &Column| header.iter().position(|found| found.name == column.name);
    let mapping = R::TABLE.columns().iter().map(place).collect();
    Ok(Some(TableReader {
        source,
        file,
        format,
        header,
        mapping,
        record,
        has_ended: false,
        row: PhantomData,
    }))
}

/// Where the table is and in which format.
pub(super) fn find_table(folder: &Path, table: Table) -> Result<Option<(PathBuf, Format)>, PortfolioError> {
    let mut found = None;
    for format in Format::ALL {
        let path = folder.join(format!("{}.{}", table.stem(), format.extension()));
        let is_there = path
            .try_exists()
            .map_err(|source| PortfolioError::io(path.display().to_string(), "open", source))?;
        if is_there && found.replace((path, format)).is_some() {
            return Err(PortfolioError::BothFormats { table: table.stem() });
        }
    }
    Ok(found)
}

/// The table's columns by the names in the file.
fn check_header(file: &str, table: Table, names: &[String]) -> Result<Vec<&'static Column>, PortfolioError> {
    let all = || table.columns().iter().map(|column| column.name);
    if names.is_empty() {
        let expected = all().collect::<Vec<_>>().join(",");
        return Err(PortfolioError::EmptyFile { file: file.to_owned(), expected });
    }
    let is_found = |column: &Column| names.iter().any(|name| name == column.name);
    let missing: Vec<_> = table
        .columns()
        .iter()
        .filter(|column| column.is_required && !is_found(column))
        .map(|column| column.name)
        .collect();
    // A misspelt name is both unknown and missing; to say what it was meant to be helps more.
    let unknown = names.iter().find(|name| !all().any(|known| known == name.as_str()));
    if let Some(name) = unknown {
        let suggestion =
            nearest(name, all()).map(|known| wording!("是否应为 {known}？", "did you mean {known}?"));
        if suggestion.is_some() || missing.is_empty() {
            let list = || {
                let columns = all().collect::<Vec<_>>().join(", ");
                wording!("请去掉，或用以下之一：{columns}", "remove it, or use one of {columns}")
            };
            let suggestion = suggestion.unwrap_or_else(list);
            return Err(PortfolioError::UnknownColumn {
                file: file.to_owned(),
                column: name.clone(),
                suggestion,
            });
        }
    }
    if !missing.is_empty() {
        return Err(PortfolioError::MissingColumns { file: file.to_owned(), missing, found: names.to_vec() });
    }
    let mut header: Vec<&'static Column> = Vec::with_capacity(names.len());
    for column in names.iter().filter_map(|name| table.columns().iter().find(|column| column.name == name)) {
        if header.iter().any(|earlier| earlier.name == column.name) {
            return Err(PortfolioError::RepeatedColumn {
                file: file.to_owned(),
                column: column.name.to_owned(),
            });
        }
        header.push(column);
    }
    Ok(header)
}

impl<R: PortfolioRow> TableReader<R> {
    /// The name of the file.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// How far it has come.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let (bytes_read, bytes_total) = match &self.source {
            Source::Csv(source) => source.bytes(),
            Source::Parquet(source) => source.bytes(),
        };
        Progress { bytes_read, bytes_total }
    }

    /// Rejects a row that reads well but does not fit the rest, such as a payment for an unknown agreement.
    ///
    /// `value` must not be personal.
    pub fn reject(
        &self,
        line: u64,
        row: &R,
        column: &str,
        value: Option<&str>,
        reason: Wording,
        remedy: Wording,
    ) -> RowError {
        RowError {
            file: self.file.clone(),
            format: self.format,
            line,
            column: column.to_owned(),
            value: value.map(str::to_owned),
            reason,
            remedy,
            row: row.masked_text(),
        }
    }

    fn read(&mut self) -> Result<Option<(u64, R)>, ReadError> {
        let line = match &mut self.source {
            Source::Csv(source) => source.next_record(&mut self.record)?,
            Source::Parquet(source) => source.next_record(&mut self.record)?,
        };
        let Some(line) = line else { return Ok(None) };
        if self.record.len() != self.header.len() {
            return Err(ReadError::Row(Box::new(self.wrong_length(line))));
        }
        let mut cells = CellCursor::new(R::TABLE.columns(), &self.record, &self.mapping);
        match R::parse(&mut cells) {
            Ok(row) => Ok(Some((line, row))),
            Err(error) => {
                let row = self.masked_record();
                let error = RowError::of_cell(error, &self.file, self.format, line, row);
                Err(ReadError::Row(Box::new(error)))
            }
        }
    }

    fn wrong_length(&self, line: u64) -> RowError {
        // Which value belongs to which column is not known here, so none of a personal table is shown.
        let row = if R::TABLE.is_personal() { "(not shown)".to_owned() } else { self.masked_record() };
        RowError {
            file: self.file.clone(),
            format: self.format,
            line,
            column: String::new(),
            value: None,
            reason: wording!(
                "有 {} 个值，而表头有 {} 个",
                "has {} values where the header has {}",
                self.record.len(),
                self.header.len()
            ),
            remedy: wording!(
                "含逗号的值请加引号，且不要漏掉任何值",
                "put quotes around a value with a comma in it, and leave no value out"
            ),
            row,
        }
    }

    fn masked_record(&self) -> String {
        let mut line = String::new();
        for (index, value) in self.record.values().enumerate() {
            let is_personal =
                self.header.get(index).is_some_and(|column| column.kind == ColumnKind::Personal);
            if is_personal {
                push_csv_value(&mut line, index, &Personal::new(value).masked());
            } else {
                push_csv_value(&mut line, index, value);
            }
        }
        line
    }
}

impl<R: PortfolioRow> Iterator for TableReader<R> {
    type Item = Result<(u64, R), ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.has_ended {
            return None;
        }
        let next = self.read().transpose();
        self.has_ended = matches!(next, None | Some(Err(ReadError::File(_))));
        next
    }
}

//! Writes rows as Parquet, a group of rows at a time.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::sync::Arc;

use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

use super::cell::Cell;
use super::column::{Column, ColumnKind};
use super::error::PortfolioError;
use super::table::Table;

/// Rows kept in memory before they are written as one group.
const GROUP_ROWS: usize = 20_000;
/// Digits after the point in the files' DECIMAL(18,2).
const AMOUNT_SCALE: u32 = 2;
/// Eighteen digits.
const AMOUNT_MAX: i64 = 999_999_999_999_999_999;

/// Values of one column of the group being collected.
enum Values {
    Bytes(Vec<ByteArray>),
    Int32(Vec<i32>),
    Int64(Vec<i64>),
    Bool(Vec<bool>),
}

struct ColumnBuffer {
    column: &'static Column,
    values: Values,
    /// 1 where there is a value and 0 where not; used for optional columns only.
    levels: Vec<i16>,
}

/// A Parquet file being written.
pub(super) struct ParquetSink {
    writer: SerializedFileWriter<BufWriter<File>>,
    file: String,
    buffers: Vec<ColumnBuffer>,
    row_count: usize,
    text: String,
}

impl ParquetSink {
    /// Creates `path`; `file` is its name in errors.
    pub(super) fn create(path: &Path, file: &str, table: Table) -> Result<Self, PortfolioError> {
        let output = File::create(path).map_err(|source| PortfolioError::io(file, "create", source))?;
        let schema = parse_message_type(&schema_text(table)).map_err(|error| unwritable(file, error))?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_created_by("dunlin".to_owned())
            .build();
        let output = BufWriter::with_capacity(1 << 16, output);
        let writer = SerializedFileWriter::new(output, Arc::new(schema), Arc::new(properties))
            .map_err(|error| unwritable(file, error))?;
        let buffers = table.columns().iter().map(ColumnBuffer::new).collect();
        Ok(Self { writer, file: file.to_owned(), buffers, row_count: 0, text: String::new() })
    }

    /// Adds a row.
    pub(super) fn write(&mut self, cells: &[Cell<'_>]) -> Result<(), PortfolioError> {
        for (buffer, cell) in self.buffers.iter_mut().zip(cells) {
            buffer.push(cell, &mut self.text).map_err(|complaint| PortfolioError::Unwritable {
                file: self.file.clone(),
                complaint: format!("column {}: {complaint}", buffer.column.name),
            })?;
        }
        self.row_count += 1;
        if self.row_count == GROUP_ROWS { self.write_group() } else { Ok(()) }
    }

    fn write_group(&mut self) -> Result<(), PortfolioError> {
        if self.row_count == 0 {
            return Ok(());
        }
        self.row_count = 0;
        let buffers = &mut self.buffers;
        let mut write = || {
            let mut group = self.writer.next_row_group()?;
            buffers.iter_mut().try_for_each(|buffer| buffer.write(&mut group))?;
            group.close().map(|_| ())
        };
        write().map_err(|error| unwritable(&self.file, error))
    }

    /// Writes what is left and the footer; gives the file back to be synced.
    pub(super) fn finish(mut self) -> Result<File, PortfolioError> {
        self.write_group()?;
        let output = self.writer.into_inner().map_err(|error| unwritable(&self.file, error))?;
        output.into_inner().map_err(|error| PortfolioError::io(self.file, "write", error.into_error()))
    }
}

impl ColumnBuffer {
    fn new(column: &'static Column) -> Self {
        let values = match column.kind {
            ColumnKind::Id
            | ColumnKind::Text
            | ColumnKind::Personal
            | ColumnKind::Code
            | ColumnKind::Codes => Values::Bytes(Vec::new()),
            ColumnKind::Date | ColumnKind::Count => Values::Int32(Vec::new()),
            ColumnKind::Moment | ColumnKind::Amount => Values::Int64(Vec::new()),
            ColumnKind::Flag => Values::Bool(Vec::new()),
        };
        Self { column, values, levels: Vec::new() }
    }

    fn push(&mut self, cell: &Cell<'_>, text: &mut String) -> Result<(), String> {
        self.levels.push(i16::from(*cell != Cell::Empty));
        match (&mut self.values, cell) {
            (_, Cell::Empty) if self.column.is_required => {
                return Err("a required value is missing".to_owned());
            }
            (_, Cell::Empty) => {}
            (Values::Bytes(values), cell) => {
                text.clear();
                cell.write_text(text);
                values.push(ByteArray::from(text.as_bytes()));
            }
            (Values::Int32(values), Cell::Date(date)) => values.push(date.days()),
            (Values::Int32(values), Cell::Count(count)) => {
                values.push(
                    i32::try_from(*count)
                        .map_err(|_| format!("{count} is more than Parquet's INT32 holds"))?,
                );
            }
            (Values::Int64(values), Cell::Moment(moment)) => values.push(moment.micros()),
            (Values::Int64(values), Cell::Amount(amount)) => {
                let minor = amount.at_scale(AMOUNT_SCALE).filter(|minor| *minor <= AMOUNT_MAX);
                values.push(
                    minor.ok_or_else(|| format!("{amount} does not fit DECIMAL(18,2); export as CSV"))?,
                );
            }
            (Values::Bool(values), Cell::Flag(flag)) => values.push(*flag),
            (Values::Int32(_) | Values::Int64(_) | Values::Bool(_), cell) => {
                return Err(format!("{cell:?} is not of the column's type"));
            }
        }
        Ok(())
    }

    fn write(
        &mut self,
        group: &mut SerializedRowGroupWriter<'_, BufWriter<File>>,
    ) -> Result<(), ParquetError> {
        let levels = if self.column.is_required { None } else { Some(self.levels.as_slice()) };
        match &mut self.values {
            Values::Bytes(values) => write_column::<ByteArrayType>(group, values, levels)?,
            Values::Int32(values) => write_column::<Int32Type>(group, values, levels)?,
            Values::Int64(values) => write_column::<Int64Type>(group, values, levels)?,
            Values::Bool(values) => write_column::<BoolType>(group, values, levels)?,
        }
        self.levels.clear();
        Ok(())
    }
}

fn write_column<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, BufWriter<File>>,
    values: &mut Vec<T::T>,
    levels: Option<&[i16]>,
) -> Result<(), ParquetError> {
    let mut column = group
        .next_column()?
        .ok_or_else(|| ParquetError::General("the schema has fewer columns than the table".to_owned()))?;
    column.typed::<T>().write_batch(values, levels, None)?;
    values.clear();
    column.close()
}

fn schema_text(table: Table) -> String {
    let mut text = format!("message {} {{\n", table.stem());
    for column in table.columns() {
        let repetition = if column.is_required { "REQUIRED" } else { "OPTIONAL" };
        let (physical, logical) = column.kind.parquet_type();
        text.push_str(&format!("  {repetition} {physical} {} {logical};\n", column.name));
    }
    text.push('}');
    text
}

/// The writer hands over what the machine said as its own error, wrapped.
fn unwritable(file: &str, error: ParquetError) -> PortfolioError {
    let message = error.to_string();
    let source = match error {
        ParquetError::External(source) => source.downcast::<std::io::Error>(),
        other => Err(Box::new(other) as Box<dyn std::error::Error + Send + Sync>),
    };
    match source {
        Ok(source) => PortfolioError::io(file, "write", *source),
        Err(_) => PortfolioError::Unwritable { file: file.to_owned(), complaint: message },
    }
}

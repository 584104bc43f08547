//! Reads the rows of a Parquet file as text records, so that both formats go through the same checks.
//!
//! Takes what common tools write: dates as DATE, text or a timestamp at midnight; amounts as DECIMAL, text or whole
//! numbers; ids and codes as text or whole numbers. Floating point is refused: it cannot hold an amount exactly.

use std::fmt::Write;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use parquet::basic::{CompressionCodec, ConvertedType, LogicalType, TimeUnit, Type as PhysicalType};
use parquet::data_type::Decimal;
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use parquet::record::reader::{ReaderIter, TreeBuilder};
use parquet::schema::types::{ColumnDescPtr, ColumnDescriptor};

use dunlin_domain::date::Date;
use dunlin_domain::wording;
use dunlin_domain::wording::Wording;

use super::column::{Column, ColumnKind};
use super::error::PortfolioError;
use super::record::Record;

const MICROS_PER_DAY: i64 = 86_400_000_000;
/// 0000-01-01, in days since 1970.
const YEAR_ZERO: i32 = -719_528;

/// How the values of a column become text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Conversion {
    /// As the value says itself.
    Plain,
    /// A count of so many per microsecond (negative: so many microseconds each) since 1970, as a moment.
    Moment(Tick),
    /// The same, as a day; another time of day than midnight is shown and fails the check of the cell.
    DayOf(Tick),
}

/// The unit of a timestamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tick {
    Milli,
    Micro,
    Nano,
}

/// A Parquet file being read.
pub(super) struct ParquetSource {
    reader: SerializedFileReader<File>,
    file: String,
    bytes_total: u64,
    rows_total: u64,
    rows_read: u64,
    next_group: usize,
    rows: Option<ReaderIter>,
    conversions: Vec<Conversion>,
}

impl ParquetSource {
    /// Opens `path`; `file` is its name in errors.
    pub(super) fn open(path: &Path, file: &str) -> Result<Self, PortfolioError> {
        let open = File::open(path).map_err(|source| PortfolioError::io(file, "open", source))?;
        let metadata = open.metadata().map_err(|source| PortfolioError::io(file, "read", source))?;
        let reader = guard(file, || SerializedFileReader::new(open))?;
        guard(file, || Ok(check_codecs(&reader, file)))??;
        let rows_total = u64::try_from(reader.metadata().file_metadata().num_rows()).unwrap_or(0);
        Ok(Self {
            reader,
            file: file.to_owned(),
            bytes_total: metadata.len(),
            rows_total,
            rows_read: 0,
            next_group: 0,
            rows: None,
            conversions: Vec::new(),
        })
    }

    /// The names of the columns.
    pub(super) fn header(&self) -> Vec<String> {
        let schema = self.reader.metadata().file_metadata().schema();
        schema.get_fields().iter().map(|field| field.name().to_owned()).collect()
    }

    /// Decides how each column is read; `columns` are the table's, in the order of [`ParquetSource::header`].
    pub(super) fn set_columns(&mut self, columns: &[&'static Column]) -> Result<(), PortfolioError> {
        let schema = self.reader.metadata().file_metadata().schema_descr_ptr();
        let complain = |complaint: Wording| PortfolioError::Parquet { file: self.file.clone(), complaint };
        let has_groups = schema.columns().len() != columns.len();
        let is_nested = |leaf: &ColumnDescPtr| leaf.path().parts().len() > 1 || leaf.max_rep_level() > 0;
        if let Some(leaf) = schema.columns().iter().find(|leaf| has_groups || is_nested(leaf)) {
            let name = &leaf.path().parts()[0];
            return Err(complain(wording!(
                "列 {name} 是嵌套结构或列表；请每行只存一个普通值",
                "column {name} is nested or a list; store one plain value a row"
            )));
        }
        let conversions = schema.columns().iter().zip(columns).map(|(leaf, column)| {
            conversion(leaf, column.kind).map_err(|remedy| {
                let (name, held) = (column.name, type_name(leaf));
                complain(Wording {
                    zh: format!("列 {name} 存放的是{}；{}", held.zh, remedy.zh),
                    en: format!("column {name} holds {}; {}", held.en, remedy.en),
                })
            })
        });
        self.conversions = conversions.collect::<Result<_, _>>()?;
        Ok(())
    }

    /// Bytes read and to be read, by the share of the rows.
    pub(super) fn bytes(&self) -> (u64, u64) {
        let done =
            u128::from(self.bytes_total) * u128::from(self.rows_read) / u128::from(self.rows_total.max(1));
        (u64::try_from(done).unwrap_or(self.bytes_total), self.bytes_total)
    }

    /// Reads the next row; gives its number from 1, or `None` at the end.
    pub(super) fn next_record(&mut self, record: &mut Record) -> Result<Option<u64>, PortfolioError> {
        loop {
            let rows = &mut self.rows;
            let row = guard(&self.file, || rows.as_mut().and_then(Iterator::next).transpose())?;
            if let Some(row) = row {
                self.rows_read += 1;
                record.clear();
                for ((_, field), conversion) in row.get_column_iter().zip(&self.conversions) {
                    record.push_with(|text| write_field(text, field, *conversion));
                }
                return Ok(Some(self.rows_read));
            }
            if self.next_group == self.reader.num_row_groups() {
                return Ok(None);
            }
            self.rows = Some(guard(&self.file, || self.open_group())?);
            self.next_group += 1;
        }
    }

    fn open_group(&self) -> Result<ReaderIter, ParquetError> {
        let schema = self.reader.metadata().file_metadata().schema_descr_ptr();
        let group = self.reader.get_row_group(self.next_group)?;
        TreeBuilder::new().as_iter(schema, group.as_ref())
    }
}

/// Runs a step of the Parquet reader, which panics on some damaged files: a file must never do that to us.
///
/// What the step worked on is not used again after an error, so it does not matter what state it is in.
fn guard<T>(file: &str, step: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, PortfolioError> {
    let outcome = catch_unwind(AssertUnwindSafe(step));
    let result = outcome.unwrap_or_else(|_| Err(ParquetError::General("its structure is broken".to_owned())));
    result.map_err(|error| damaged(file, &error))
}

fn damaged(file: &str, error: &ParquetError) -> PortfolioError {
    let complaint = wording!(
        "无法按 Parquet 读取（原文“{error}”）；请重新生成该文件",
        "it cannot be read as Parquet ({error}); write the file again"
    );
    PortfolioError::Parquet { file: file.to_owned(), complaint }
}

fn check_codecs(reader: &SerializedFileReader<File>, file: &str) -> Result<(), PortfolioError> {
    let mut chunks = reader.metadata().row_groups().iter().flat_map(|group| group.columns());
    let is_foreign = |codec| {
        !matches!(codec, CompressionCodec::UNCOMPRESSED | CompressionCodec::SNAPPY | CompressionCodec::ZSTD)
    };
    match chunks.find(|chunk| is_foreign(chunk.compression_codec())) {
        None => Ok(()),
        Some(chunk) => {
            let codec = chunk.compression_codec();
            let complaint = wording!(
                "压缩方式为 {codec}；请用 snappy、zstd，或不压缩",
                "it is compressed with {codec}; use snappy, zstd or no compression"
            );
            Err(PortfolioError::Parquet { file: file.to_owned(), complaint })
        }
    }
}

/// The type of a column as people know it.
fn type_name(leaf: &ColumnDescriptor) -> Wording {
    match (leaf.physical_type(), leaf.converted_type()) {
        (PhysicalType::FLOAT | PhysicalType::DOUBLE, _) => wording!("浮点数", "floating point numbers"),
        (physical, ConvertedType::NONE) => wording!("类型为 {physical} 的值", "values of type {physical}"),
        (_, converted) => wording!("类型为 {converted} 的值", "values of type {converted}"),
    }
}

/// How values of this type become text of this kind, or what to store instead.
fn conversion(leaf: &ColumnDescriptor, kind: ColumnKind) -> Result<Conversion, Wording> {
    let is_text = is_text(leaf);
    let is_integer = is_integer(leaf);
    match kind {
        ColumnKind::Id | ColumnKind::Text | ColumnKind::Personal if is_text || is_integer => {
            Ok(Conversion::Plain)
        }
        ColumnKind::Id | ColumnKind::Text | ColumnKind::Personal => {
            Err(wording!("请存为文本", "store it as text"))
        }
        ColumnKind::Code | ColumnKind::Codes if is_text => Ok(Conversion::Plain),
        ColumnKind::Code | ColumnKind::Codes => Err(wording!("请存为文本", "store it as text")),
        ColumnKind::Count if is_text || is_integer => Ok(Conversion::Plain),
        ColumnKind::Count => {
            Err(wording!("请存为 INT64，空值用 null", "store it as INT64, with null for nothing"))
        }
        ColumnKind::Flag if is_text || leaf.physical_type() == PhysicalType::BOOLEAN => Ok(Conversion::Plain),
        ColumnKind::Flag => {
            Err(wording!("请存为 BOOLEAN，或 yes 与 no", "store it as BOOLEAN, or as yes and no"))
        }
        ColumnKind::Amount if is_text || is_integer || leaf.converted_type() == ConvertedType::DECIMAL => {
            Ok(Conversion::Plain)
        }
        ColumnKind::Amount => {
            Err(wording!("请存为 DECIMAL(18,2) 或文本", "store it as DECIMAL(18,2) or text"))
        }
        ColumnKind::Date if is_text || leaf.converted_type() == ConvertedType::DATE => Ok(Conversion::Plain),
        ColumnKind::Date => tick(leaf).map(|(tick, _)| Conversion::DayOf(tick)).ok_or_else(|| {
            wording!("请存为 DATE，或 2026-02-28 形式的文本", "store it as DATE or as text like 2026-02-28")
        }),
        ColumnKind::Moment if is_text => Ok(Conversion::Plain),
        ColumnKind::Moment => match tick(leaf) {
            Some((tick, true)) => Ok(Conversion::Moment(tick)),
            Some((_, false)) => Err(wording!(
                "没有时区；请存为 UTC，或带时差的文本",
                "it has no time zone; store it in UTC, or as text with its offset"
            )),
            None => Err(wording!(
                "请存为 UTC 的 TIMESTAMP，或带时差的文本",
                "store it as TIMESTAMP in UTC, or as text with its offset"
            )),
        },
    }
}

fn is_text(leaf: &ColumnDescriptor) -> bool {
    let is_bytes = leaf.physical_type() == PhysicalType::BYTE_ARRAY;
    is_bytes
        && matches!(leaf.converted_type(), ConvertedType::UTF8 | ConvertedType::ENUM | ConvertedType::NONE)
}

fn is_integer(leaf: &ColumnDescriptor) -> bool {
    let is_timestamp =
        matches!(leaf.logical_type_ref(), Some(LogicalType::Timestamp(_) | LogicalType::Time(_)));
    match (leaf.physical_type(), leaf.converted_type()) {
        (PhysicalType::INT32 | PhysicalType::INT64, ConvertedType::NONE) => !is_timestamp,
        (
            PhysicalType::INT32 | PhysicalType::INT64,
            ConvertedType::INT_8
            | ConvertedType::INT_16
            | ConvertedType::INT_32
            | ConvertedType::INT_64
            | ConvertedType::UINT_8
            | ConvertedType::UINT_16
            | ConvertedType::UINT_32
            | ConvertedType::UINT_64,
        ) => true,
        _ => false,
    }
}

/// The unit of a timestamp column, and whether it counts in UTC.
fn tick(leaf: &ColumnDescriptor) -> Option<(Tick, bool)> {
    match (leaf.logical_type_ref(), leaf.converted_type(), leaf.physical_type()) {
        (Some(LogicalType::Timestamp(timestamp)), _, _) => {
            let tick = match timestamp.unit {
                TimeUnit::MILLIS => Tick::Milli,
                TimeUnit::MICROS => Tick::Micro,
                TimeUnit::NANOS => Tick::Nano,
            };
            Some((tick, timestamp.is_adjusted_to_u_t_c))
        }
        (None, ConvertedType::TIMESTAMP_MILLIS, _) => Some((Tick::Milli, true)),
        (None, ConvertedType::TIMESTAMP_MICROS, _) => Some((Tick::Micro, true)),
        // The record reader turns the old twelve-byte form into milliseconds.
        (None, _, PhysicalType::INT96) => Some((Tick::Milli, true)),
        _ => None,
    }
}

/// Appends the text of `field`. What the check of the column's type let through is all there can be; anything
/// else shows as its debug form, which no cell takes.
fn write_field(text: &mut String, field: &Field, conversion: Conversion) {
    // Writing to a string cannot fail.
    let _infallible = match (conversion, field) {
        (_, Field::Null) => Ok(()),
        (Conversion::Plain, Field::Str(value)) => {
            text.push_str(value);
            Ok(())
        }
        (Conversion::Plain, Field::Bytes(bytes)) => {
            text.push_str(&String::from_utf8_lossy(bytes.data()));
            Ok(())
        }
        (Conversion::Plain, Field::Bool(value)) => {
            text.push_str(if *value { "yes" } else { "no" });
            Ok(())
        }
        (Conversion::Plain, Field::Date(days)) => {
            write_date(text, i64::from(*days));
            Ok(())
        }
        (Conversion::Plain, Field::Decimal(decimal)) => {
            write_decimal(text, decimal);
            Ok(())
        }
        (Conversion::Plain, integer) => write!(text, "{integer}"),
        (
            Conversion::Moment(tick),
            Field::Long(count) | Field::TimestampMillis(count) | Field::TimestampMicros(count),
        ) => {
            write_moment(text, micros(tick, *count));
            Ok(())
        }
        (
            Conversion::DayOf(tick),
            Field::Long(count) | Field::TimestampMillis(count) | Field::TimestampMicros(count),
        ) => {
            write_day(text, micros(tick, *count));
            Ok(())
        }
        (Conversion::Moment(_) | Conversion::DayOf(_), other) => write!(text, "{other:?}"),
    };
}

fn micros(tick: Tick, count: i64) -> i64 {
    match tick {
        Tick::Milli => count.saturating_mul(1000),
        Tick::Micro => count,
        Tick::Nano => count.div_euclid(1000),
    }
}

fn write_moment(text: &mut String, micros: i64) {
    let moment = jiff::Timestamp::from_microsecond(micros);
    let _infallible = match moment {
        Ok(moment) => write!(text, "{moment}"),
        Err(_) => write!(text, "{micros} microseconds since 1970"),
    };
}

fn write_day(text: &mut String, micros: i64) {
    if micros.rem_euclid(MICROS_PER_DAY) == 0 {
        write_date(text, micros.div_euclid(MICROS_PER_DAY));
    } else {
        write_moment(text, micros);
    }
}

/// Appends a day of the years 0 to 9999; what lies outside has no form that the cell's check would take.
fn write_date(text: &mut String, days: i64) {
    let _infallible = match i32::try_from(days) {
        Ok(days) if (YEAR_ZERO..=Date::NEVER.days()).contains(&days) => {
            write!(text, "{}", Date::from_days(days))
        }
        _ => write!(text, "{days} days since 1970"),
    };
}

/// Appends a decimal number; zeros at the end of the fraction go, so that no scale is too long for a currency.
fn write_decimal(text: &mut String, decimal: &Decimal) {
    let bytes = decimal.data();
    let is_negative = bytes.first().is_some_and(|byte| byte & 0x80 != 0);
    let mut value: i128 = if is_negative { -1 } else { 0 };
    if bytes.len() > 16 {
        // Wider than any amount; the cell's check refuses the text.
        text.push_str("a number of more than 38 digits");
        return;
    }
    for byte in bytes {
        value = (value << 8) | i128::from(*byte);
    }
    let scale = usize::try_from(decimal.scale()).unwrap_or(0);
    let digits = format!("{:0>width$}", value.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    let sign = if is_negative { "-" } else { "" };
    let _infallible = write!(text, "{sign}{whole}{point}{fraction}");
}

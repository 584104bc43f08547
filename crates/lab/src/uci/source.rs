//! Reads the published file, one customer at a time.

use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
use std::fmt;
use std::fs::File;
use std::path::Path;

use dunlin_engine::portfolio::PortfolioError;

use super::MONTH_COUNT;

/// Columns of the monthly values, April first. The file counts backwards, and its status columns skip 1.
const STATUS_COLUMNS: [&str; MONTH_COUNT] = ["PAY_6", "PAY_5", "PAY_4", "PAY_3", "PAY_2", "PAY_0"];
const BILL_COLUMNS: [&str; MONTH_COUNT] =
    ["BILL_AMT6", "BILL_AMT5", "BILL_AMT4", "BILL_AMT3", "BILL_AMT2", "BILL_AMT1"];
const PAID_COLUMNS: [&str; MONTH_COUNT] =
    ["PAY_AMT6", "PAY_AMT5", "PAY_AMT4", "PAY_AMT3", "PAY_AMT2", "PAY_AMT1"];

/// Why the file cannot be adapted.
#[derive(Debug)]
pub enum UciError {
    /// The file cannot be opened or read as CSV.
    Unreadable {
        /// What is wrong, with the place as far as it is known.
        complaint: String,
    },
    /// A column of the published header is missing.
    MissingColumn {
        /// The column.
        column: &'static str,
    },
    /// A value is not a whole number in the range of its column.
    BadValue {
        /// The line.
        line: u64,
        /// The column.
        column: &'static str,
        /// What was given.
        value: String,
    },
    /// The portfolio cannot be written.
    Portfolio(PortfolioError),
}

impl UciError {
    /// What is wrong and what would be right, in both languages.
    #[must_use]
    pub fn wording(&self) -> Wording {
        match self {
            Self::Unreadable { complaint } => {
                wording!(
                    "无法读取源文件：{complaint}；请给出 UCI_Credit_Card.csv 的路径",
                    "the source file cannot be read: {complaint}; give the path of UCI_Credit_Card.csv"
                )
            }
            Self::MissingColumn { column } => {
                wording!(
                    "源文件缺少列 {column}；请使用公开发布的 UCI_Credit_Card.csv",
                    "the source file lacks the column {column}; use the published UCI_Credit_Card.csv"
                )
            }
            Self::BadValue { line, column, value } => {
                wording!(
                    "源文件第 {line} 行，{column}：“{value}”不是取值范围内的整数",
                    "source file line {line}, {column}: {value:?} is not a whole number of its range"
                )
            }
            Self::Portfolio(error) => error.wording(),
        }
    }
}

impl fmt::Display for UciError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.wording().en)
    }
}

impl std::error::Error for UciError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Portfolio(error) => Some(error),
            Self::Unreadable { .. } | Self::MissingColumn { .. } | Self::BadValue { .. } => None,
        }
    }
}

impl From<PortfolioError> for UciError {
    fn from(error: PortfolioError) -> Self {
        Self::Portfolio(error)
    }
}

fn unreadable(error: impl fmt::Display) -> UciError {
    UciError::Unreadable { complaint: error.to_string() }
}

/// One customer of the file. Amounts are whole New Taiwan dollars; months are April to September.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct History {
    /// The number of the customer, from 1.
    pub id: u32,
    /// The credit limit.
    pub limit: i64,
    /// The bank's own word on how each statement was paid: -2 nothing to pay, -1 paid in full, 0 paid at least the
    /// minimum, 2 and more: so many months unpaid, counted from the statement, so that 2 is one missed due date.
    pub statuses: [i8; MONTH_COUNT],
    /// The balance of the statement; below zero when the bank owes.
    pub bills: [i64; MONTH_COUNT],
    /// What was paid in the month.
    pub paid: [i64; MONTH_COUNT],
}

/// The customers of the file, in its order.
pub(crate) struct Histories {
    records: csv::StringRecordsIntoIter<File>,
    /// Places of the id, the limit, and the columns of the three monthly values.
    places: [usize; 2 + 3 * MONTH_COUNT],
    bytes_total: u64,
}

impl Histories {
    /// Opens the published file.
    pub(crate) fn open(path: &Path) -> Result<Self, UciError> {
        let file = File::open(path).map_err(unreadable)?;
        let bytes_total = file.metadata().map_err(unreadable)?.len();
        let mut reader = csv::Reader::from_reader(file);
        let header = reader.headers().map_err(unreadable)?.clone();
        let mut places = [0; 2 + 3 * MONTH_COUNT];
        for (place, column) in places.iter_mut().zip(columns()) {
            let found = header.iter().position(|name| name.trim() == column);
            *place = found.ok_or(UciError::MissingColumn { column })?;
        }
        Ok(Self { records: reader.into_records(), places, bytes_total })
    }

    /// Bytes read and to be read.
    pub(super) fn bytes(&self) -> (u64, u64) {
        (self.records.reader().position().byte(), self.bytes_total)
    }

    fn read(&self, record: &csv::StringRecord) -> Result<History, UciError> {
        let mut values = [0_i64; 2 + 3 * MONTH_COUNT];
        for ((value, place), column) in values.iter_mut().zip(self.places).zip(columns()) {
            let text = record.get(place).unwrap_or_default().trim();
            // Some copies of the file give all numbers as decimals.
            let whole = text.strip_suffix(".0").unwrap_or(text);
            *value = whole.parse().ok().filter(|value| is_in_range(column, *value)).ok_or_else(|| {
                let line = record.position().map_or(0, csv::Position::line);
                UciError::BadValue { line, column, value: text.to_owned() }
            })?;
        }
        let months = |first: usize| std::array::from_fn(|month| values[first + month]);
        // The ranges were checked above.
        let statuses: [i64; MONTH_COUNT] = months(2);
        Ok(History {
            id: u32::try_from(values[0]).unwrap_or_default(),
            limit: values[1],
            statuses: statuses.map(|status| i8::try_from(status).unwrap_or_default()),
            bills: months(2 + MONTH_COUNT),
            paid: months(2 + 2 * MONTH_COUNT),
        })
    }
}

impl Iterator for Histories {
    type Item = Result<History, UciError>;

    fn next(&mut self) -> Option<Self::Item> {
        let record = self.records.next()?;
        Some(record.map_err(unreadable).and_then(|record| self.read(&record)))
    }
}

/// The columns read, in the order of [`Histories::places`].
fn columns() -> impl Iterator<Item = &'static str> {
    ["ID", "LIMIT_BAL"].into_iter().chain(STATUS_COLUMNS).chain(BILL_COLUMNS).chain(PAID_COLUMNS)
}

fn is_in_range(column: &str, value: i64) -> bool {
    /// Far above any amount in the file, far below what sums could overflow.
    const AMOUNT_MAX: i64 = 1_000_000_000_000;
    match column {
        "ID" => (1..=999_999).contains(&value),
        "LIMIT_BAL" => (0..=AMOUNT_MAX).contains(&value),
        _ if STATUS_COLUMNS.contains(&column) => (-2..=9).contains(&value),
        _ if PAID_COLUMNS.contains(&column) => (0..=AMOUNT_MAX).contains(&value),
        _ => (-AMOUNT_MAX..=AMOUNT_MAX).contains(&value),
    }
}

/// What the portfolio calls customer `id`.
pub(super) fn customer_id(id: u32) -> String {
    format!("U{id:05}")
}

/// What the portfolio calls the one agreement of customer `id`.
pub(crate) fn agreement_id(id: u32) -> String {
    format!("{}-1", customer_id(id))
}

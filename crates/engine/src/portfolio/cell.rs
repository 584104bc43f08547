//! One value of a row: typed on the way out ([`Cell`]), read and checked on the way in ([`CellCursor`]).

use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
use std::fmt::Write;

use dunlin_domain::contact::{Channel, Personal};
use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::money::Currency;

use super::amount::DecimalAmount;
use super::column::{Column, ColumnKind};
use super::record::Record;

/// Most characters of an id.
const ID_LENGTH_MAX: usize = 64;
/// Most characters of any other text.
const TEXT_LENGTH_MAX: usize = 500;

/// A value on its way into a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell<'a> {
    /// Nothing.
    Empty,
    /// Text, a code or an id.
    Text(&'a str),
    /// Text put together for the file.
    Owned(String),
    /// A day.
    Date(Date),
    /// A moment.
    Moment(Timestamp),
    /// An amount.
    Amount(DecimalAmount),
    /// A number.
    Count(u32),
    /// Yes or no.
    Flag(bool),
}

impl<'a> Cell<'a> {
    /// The text, or nothing.
    pub(super) fn of_option(text: Option<&'a str>) -> Self {
        text.map_or(Self::Empty, Self::Text)
    }

    /// The code of a currency, or nothing.
    pub(super) fn of_currency(currency: Option<&'a Currency>) -> Self {
        Self::of_option(currency.map(Currency::code))
    }

    /// Appends the text that a CSV file holds.
    pub(super) fn write_text(&self, text: &mut String) {
        // Writing to a string cannot fail.
        let _infallible = match self {
            Self::Empty => Ok(()),
            Self::Text(value) => {
                text.push_str(value);
                Ok(())
            }
            Self::Owned(value) => {
                text.push_str(value);
                Ok(())
            }
            Self::Date(date) => write!(text, "{date}"),
            Self::Moment(moment) => write!(text, "{}", rfc3339(*moment)),
            Self::Amount(amount) => write!(text, "{amount}"),
            Self::Count(count) => write!(text, "{count}"),
            Self::Flag(flag) => {
                text.push_str(if *flag { "yes" } else { "no" });
                Ok(())
            }
        };
    }

    /// Appends the one form that equal values share.
    pub(super) fn write_canonical(&self, text: &mut String) {
        match self {
            Self::Amount(amount) => Self::Amount(amount.canonical()).write_text(text),
            Self::Empty
            | Self::Text(_)
            | Self::Owned(_)
            | Self::Date(_)
            | Self::Moment(_)
            | Self::Count(_)
            | Self::Flag(_) => self.write_text(text),
        }
    }
}

/// RFC 3339 in UTC with as many digits as the moment has.
fn rfc3339(moment: Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_microsecond(moment.micros()).unwrap_or(jiff::Timestamp::MAX)
}

/// Why a cell cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellError {
    /// The column.
    pub column: &'static str,
    /// What was given, masked if it is personal; `None` where nothing was given.
    pub value: Option<String>,
    /// What is wrong, without the value.
    pub reason: Box<Wording>,
    /// What to do about it.
    pub remedy: Box<Wording>,
}

/// Reads the cells of one record in the order of the table's columns.
pub struct CellCursor<'a> {
    columns: &'static [Column],
    record: &'a Record,
    /// For each column of the table, where the record has it.
    mapping: &'a [Option<usize>],
    index: usize,
}

impl<'a> CellCursor<'a> {
    pub(super) fn new(columns: &'static [Column], record: &'a Record, mapping: &'a [Option<usize>]) -> Self {
        Self { columns, record, mapping, index: 0 }
    }

    /// The next cell, without white space around it; empty where the file lacks the column.
    fn next(&mut self) -> (&'static Column, &'a str) {
        let column = &self.columns[self.index];
        let value = self.mapping[self.index].map_or("", |place| self.record.value(place).trim());
        self.index += 1;
        (column, value)
    }

    /// A complaint about the cell that was read last.
    pub(super) fn complain(&self, reason: Wording, remedy: Wording) -> CellError {
        self.complain_about(self.columns[self.index - 1].name, reason, remedy)
    }

    /// A complaint about a column by name.
    pub(super) fn complain_about(&self, name: &str, reason: Wording, remedy: Wording) -> CellError {
        let index = self.columns.iter().position(|column| column.name == name).unwrap_or(self.index - 1);
        let column = &self.columns[index];
        let value = self.mapping[index].map_or("", |place| self.record.value(place).trim());
        complaint(column, value, reason, remedy)
    }

    pub(super) fn id(&mut self) -> Result<String, CellError> {
        self.optional_id()?.ok_or_else(|| self.missing())
    }

    pub(super) fn optional_id(&mut self) -> Result<Option<String>, CellError> {
        self.bounded(ID_LENGTH_MAX)
    }

    pub(super) fn id_or(&mut self, default: &str) -> Result<String, CellError> {
        Ok(self.optional_id()?.unwrap_or_else(|| default.to_owned()))
    }

    pub(super) fn text(&mut self) -> Result<String, CellError> {
        self.optional_text()?.ok_or_else(|| self.missing())
    }

    pub(super) fn optional_text(&mut self) -> Result<Option<String>, CellError> {
        self.bounded(TEXT_LENGTH_MAX)
    }

    pub(super) fn personal(&mut self) -> Result<Personal, CellError> {
        self.text().map(Personal::new)
    }

    fn bounded(&mut self, length_max: usize) -> Result<Option<String>, CellError> {
        let (_, value) = self.next();
        if value.is_empty() {
            return Ok(None);
        }
        if value.chars().any(|character| character.is_control()) {
            return Err(self.complain(
                wording!("含有控制字符或换行", "has a control character or line break in it"),
                wording!("请去掉", "remove it"),
            ));
        }
        // Bytes bound characters, so that the count is made for long text only.
        let length = if value.len() <= length_max { 0 } else { value.chars().count() };
        if length > length_max {
            let reason = wording!("有 {length} 个字符", "has {length} characters");
            return Err(self.complain(reason, wording!("最多 {length_max} 个", "use at most {length_max}")));
        }
        Ok(Some(value.to_owned()))
    }

    fn missing(&self) -> CellError {
        let example = self.columns[self.index - 1].example;
        self.complain(
            wording!("缺少取值", "value is missing"),
            wording!("请填写，例如 {example}", "fill it in, for example {example}"),
        )
    }

    /// A required code.
    pub(super) fn code<T: Copy>(&mut self, all: &[T], code: fn(T) -> &'static str) -> Result<T, CellError> {
        self.optional_code(all, code)?.ok_or_else(|| self.missing())
    }

    /// A code that stands for `default` when it is empty.
    pub(super) fn code_or<T: Copy>(
        &mut self,
        default: T,
        all: &[T],
        code: fn(T) -> &'static str,
    ) -> Result<T, CellError> {
        Ok(self.optional_code(all, code)?.unwrap_or(default))
    }

    fn optional_code<T: Copy>(
        &mut self,
        all: &[T],
        code: fn(T) -> &'static str,
    ) -> Result<Option<T>, CellError> {
        let (_, value) = self.next();
        if value.is_empty() {
            return Ok(None);
        }
        let found = all.iter().copied().find(|candidate| code(*candidate) == value);
        found.map(Some).ok_or_else(|| self.not_one_of(all.iter().map(|known| code(*known))))
    }

    pub(super) fn channels(&mut self) -> Result<Vec<Channel>, CellError> {
        let (_, value) = self.next();
        let mut channels = Vec::new();
        for code in value.split(';').map(str::trim).filter(|code| !code.is_empty()) {
            let channel = Channel::parse(code)
                .ok_or_else(|| self.not_one_of(Channel::ALL.iter().map(|channel| channel.code())))?;
            channels.push(channel);
        }
        channels.sort_unstable();
        channels.dedup();
        Ok(channels)
    }

    fn not_one_of(&self, codes: impl Iterator<Item = &'static str>) -> CellError {
        let codes: Vec<_> = codes.collect();
        let remedy = match self.columns[self.index - 1].kind {
            ColumnKind::Codes => wording!("多个值用 ; 分隔", "separate several with ;"),
            _ => wording!("请用其中之一", "use one of these"),
        };
        self.complain(wording!("不在 {} 之中", "is not one of {}", codes.join(", ")), remedy)
    }

    pub(super) fn currency(&mut self) -> Result<Currency, CellError> {
        self.optional_currency()?.ok_or_else(|| self.missing())
    }

    pub(super) fn optional_currency(&mut self) -> Result<Option<Currency>, CellError> {
        let (_, value) = self.next();
        if value.is_empty() {
            return Ok(None);
        }
        Currency::parse(value).map(Some).map_err(|_| {
            self.complain(
                wording!("币种无法识别", "is an unknown currency"),
                wording!("请用 ISO 4217 代码，如 CNY", "use an ISO 4217 code such as CNY"),
            )
        })
    }

    pub(super) fn date(&mut self) -> Result<Date, CellError> {
        self.optional_date()?.ok_or_else(|| self.missing())
    }

    pub(super) fn optional_date(&mut self) -> Result<Option<Date>, CellError> {
        let (_, value) = self.next();
        if value.is_empty() {
            return Ok(None);
        }
        Date::parse(value).map(Some).map_err(|_| {
            self.complain(
                wording!("日期不存在", "is not a day of the calendar"),
                wording!("请写成 2026-02-28 的形式", "write it as 2026-02-28"),
            )
        })
    }

    pub(super) fn moment(&mut self) -> Result<Timestamp, CellError> {
        let (_, value) = self.next();
        if value.is_empty() {
            return Err(self.missing());
        }
        let moment: jiff::Timestamp = value.parse().map_err(|_| {
            self.complain(
                wording!("不是带时区偏移的时间", "is not a moment with its offset"),
                wording!("请写成 2026-02-28T09:30:00+08:00 的形式", "write it as 2026-02-28T09:30:00+08:00"),
            )
        })?;
        Ok(Timestamp::from_micros(moment.as_microsecond()))
    }

    pub(super) fn amount(&mut self) -> Result<DecimalAmount, CellError> {
        self.optional_amount()?.ok_or_else(|| self.missing())
    }

    pub(super) fn amount_above_zero(&mut self) -> Result<DecimalAmount, CellError> {
        self.optional_amount_above_zero()?.ok_or_else(|| self.missing())
    }

    pub(super) fn optional_amount_above_zero(&mut self) -> Result<Option<DecimalAmount>, CellError> {
        let amount = self.optional_amount()?;
        if amount.is_some_and(|amount| amount.is_zero()) {
            return Err(self.complain(
                wording!("不大于零", "is not above zero"),
                wording!("没有资金变动的行请去掉", "leave the row out if no money moved"),
            ));
        }
        Ok(amount)
    }

    fn optional_amount(&mut self) -> Result<Option<DecimalAmount>, CellError> {
        let (_, value) = self.next();
        if value.is_empty() {
            return Ok(None);
        }
        DecimalAmount::parse(value).map(Some).map_err(|error| self.complain(error.reason(), error.remedy()))
    }

    pub(super) fn count(&mut self) -> Result<u32, CellError> {
        self.optional_count()?.ok_or_else(|| self.missing())
    }

    pub(super) fn count_or(&mut self, default: u32) -> Result<u32, CellError> {
        Ok(self.optional_count()?.unwrap_or(default))
    }

    fn optional_count(&mut self) -> Result<Option<u32>, CellError> {
        let (_, value) = self.next();
        if value.is_empty() {
            return Ok(None);
        }
        // `parse` alone would take a plus sign.
        let number = Some(value).filter(|value| value.bytes().all(|byte| byte.is_ascii_digit()));
        let number = number.and_then(|value| value.parse().ok());
        number.map(Some).ok_or_else(|| {
            let example = self.columns[self.index - 1].example;
            self.complain(
                wording!("不是大于等于零的整数", "is not a whole number of at least zero"),
                wording!("请写成 {example} 的形式", "write it like {example}"),
            )
        })
    }

    pub(super) fn flag_or(&mut self, default: bool) -> Result<bool, CellError> {
        let code = |flag| if flag { "yes" } else { "no" };
        self.code_or(default, &[true, false], code)
    }
}

fn complaint(column: &Column, value: &str, reason: Wording, remedy: Wording) -> CellError {
    let shown = match column.kind {
        ColumnKind::Personal => Personal::new(value).masked(),
        _ => value.chars().take(80).collect(),
    };
    let value = Some(shown).filter(|_| !value.is_empty());
    CellError { column: column.name, value, reason: Box::new(reason), remedy: Box::new(remedy) }
}

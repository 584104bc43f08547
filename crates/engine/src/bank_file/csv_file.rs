//! A bank file as CSV: documented columns, or the bank's own by a map from our names to theirs.

use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
use std::collections::HashMap;
use std::io::Read;

use dunlin_domain::date::Date;
use encoding_rs::{CoderResult, Encoding, GBK, UTF_8};

use super::{BankEntry, CsvColumns, Direction, FileError, Item, Visit};

/// Bytes that one line may have.
const LINE_BYTE_COUNT_MAX: usize = 1 << 20;

/// Our names of the columns; the first three must be there.
pub const COLUMNS: [&str; 12] = [
    "entry_id",
    "value_on",
    "amount",
    "currency",
    "direction",
    "booked_on",
    "reference",
    "end_to_end_id",
    "text",
    "account",
    "is_return",
    "return_reason",
];

/// Reads a CSV file and hands over what it holds, in its order. It is one statement without balances.
///
/// # Errors
/// A file that lacks a column or cannot be read, by line; and what `visit` says.
pub fn read(input: impl Read, settings: &CsvColumns, visit: Visit<'_>) -> Result<(), FileError> {
    let encoding = match settings.encoding.as_str() {
        "gbk" => GBK,
        _ => UTF_8,
    };
    let mut csv = ::csv::ReaderBuilder::new()
        .delimiter(settings.delimiter)
        .flexible(true)
        .trim(::csv::Trim::All)
        .from_reader(Decoded::new(Lines { inner: input, left: LINE_BYTE_COUNT_MAX }, encoding));
    let header = csv.headers().map_err(|error| csv_error(1, &error))?.clone();
    let places = places(&header, settings)?;
    let mut account = None;
    let mut row = ::csv::StringRecord::new();
    loop {
        let line = csv.position().line();
        if !csv.read_record(&mut row).map_err(|error| csv_error(line, &error))? {
            break;
        }
        let line = row.position().map_or(line, ::csv::Position::line);
        let cells = Cells { row: &row, places: &places, line, settings };
        let own = cells.text("account").unwrap_or(&settings.account).to_owned();
        if account.as_ref() != Some(&own) {
            if account.is_some() {
                visit(Item::StatementEnd)?;
            }
            visit(Item::StatementStart { account: own.clone(), id: String::new(), currency: String::new() })?;
            account = Some(own);
        }
        let entry = cells.entry()?;
        visit(Item::Entry { whole: entry, parts: Vec::new() }).map_err(|error| error.at(line))?;
    }
    if account.is_some() { visit(Item::StatementEnd) } else { Ok(()) }
}

fn csv_error(line: u64, error: &::csv::Error) -> FileError {
    if let ::csv::ErrorKind::Io(source) = error.kind() {
        return match source.kind() {
            std::io::ErrorKind::InvalidData => FileError::new(
                "encoding",
                line,
                wording!(
                    "文件编码与配置不符；请设置 [bank_file] encoding = \"gbk\"，或转成 UTF-8",
                    "the file is not in the encoding that the configuration says; set [bank_file] encoding = \"gbk\", or convert it to UTF-8"
                ),
            ),
            std::io::ErrorKind::FileTooLarge => FileError::new(
                "bank_file",
                line,
                wording!(
                    "有一行超过 1 MB；这不是银行文件",
                    "a line has more than a megabyte; this is not a bank file"
                ),
            ),
            _ => FileError::new(
                "bank_file",
                line,
                wording!("无法读取文件：{source}", "the file cannot be read: {source}"),
            ),
        };
    }
    FileError::new(
        "bank_file",
        line,
        wording!("这不是 CSV 文件的一行：{error}", "this is not a row of a CSV file: {error}"),
    )
}

/// Where each of our columns stands.
fn places(
    header: &::csv::StringRecord,
    settings: &CsvColumns,
) -> Result<HashMap<&'static str, usize>, FileError> {
    let mut places = HashMap::new();
    for column in COLUMNS {
        let theirs = settings.names.get(column).map_or(column, String::as_str);
        let place = header.iter().position(|name| name.trim_start_matches('\u{feff}') == theirs);
        match place {
            Some(place) => {
                places.insert(column, place);
            }
            None if matches!(column, "entry_id" | "value_on" | "amount") => {
                let there: Vec<&str> = header.iter().collect();
                let complaint = wording!(
                    "缺少列 {theirs}（{column}）；文件中有 {}；请在 [bank_file.columns] 中写明该列的列名",
                    "the column {theirs} ({column}) is missing; the file has {}; name it in [bank_file.columns]",
                    there.join(", ")
                );
                return Err(FileError::new("bank_file", 1, complaint));
            }
            None => {}
        }
    }
    Ok(places)
}

struct Cells<'r> {
    row: &'r ::csv::StringRecord,
    places: &'r HashMap<&'static str, usize>,
    line: u64,
    settings: &'r CsvColumns,
}

impl Cells<'_> {
    fn text(&self, column: &str) -> Option<&str> {
        let cell = self.places.get(column).and_then(|place| self.row.get(*place));
        cell.filter(|text| !text.is_empty())
    }

    fn needed(&self, column: &str) -> Result<&str, FileError> {
        self.text(column).ok_or_else(|| {
            self.complain(wording!("{column} 为空；每一行都要填写", "{column} is empty; every row needs it"))
        })
    }

    fn complain(&self, complaint: Wording) -> FileError {
        FileError::new("bank_file", self.line, complaint)
    }

    fn date(&self, column: &str) -> Result<Option<Date>, FileError> {
        let Some(text) = self.text(column) else { return Ok(None) };
        // 20260228 and 2026/02/28 are what banks write beside 2026-02-28.
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let plain = if digits.len() == 8
            && text.chars().all(|letter| letter.is_ascii_digit() || "-/.".contains(letter))
        {
            format!("{}-{}-{}", &digits[..4], &digits[4..6], &digits[6..])
        } else {
            text.to_owned()
        };
        Date::parse(&plain).map(Some).map_err(|error| self.complain(error.wording().at(column)))
    }

    fn entry(&self) -> Result<BankEntry, FileError> {
        let given = self.needed("amount")?;
        let (amount, is_negative) = match given.strip_prefix(['-', '−']) {
            Some(amount) => (amount, true),
            None => (given.strip_prefix('+').unwrap_or(given), false),
        };
        let direction = match (self.text("direction").map(str::to_ascii_lowercase).as_deref(), is_negative) {
            (None | Some("credit" | "crdt" | "c"), false) => Direction::Credit,
            (Some("debit" | "dbit" | "d"), false) | (None, true) => Direction::Debit,
            (Some(_), true) => {
                return Err(self.complain(wording!(
                    "金额 {given} 既有正负号又有收支方向；二者只能留一",
                    "amount {given} has a sign and a direction; give one of the two"
                )));
            }
            (Some(other), false) => {
                return Err(self.complain(wording!(
                    "收支方向“{other}”无法识别；请用 credit（收）或 debit（支）",
                    "direction {other:?} is unknown; use credit or debit"
                )));
            }
        };
        let is_undoing = match self.text("is_return") {
            None | Some("0" | "false" | "no") => false,
            Some("1" | "true" | "yes") => true,
            Some(other) => {
                return Err(self.complain(wording!(
                    "is_return 的值“{other}”不是 1 也不是 0",
                    "is_return {other:?} is neither 1 nor 0"
                )));
            }
        };
        let value_on = self.date("value_on")?.ok_or_else(|| {
            self.complain(wording!(
                "value_on（起息日）为空；每一行都要填写",
                "value_on is empty; every row needs it"
            ))
        })?;
        Ok(BankEntry {
            reference: Some(self.needed("entry_id")?.to_owned()),
            servicer_reference: None,
            transaction_id: None,
            end_to_end_id: self.text("end_to_end_id").map(str::to_owned),
            structured: self.text("reference").map(str::to_owned),
            text: self.text("text").unwrap_or_default().chars().take(1_000).collect(),
            amount: amount.to_owned(),
            currency: self.text("currency").unwrap_or(&self.settings.currency).to_owned(),
            direction,
            is_undoing: is_undoing || self.text("return_reason").is_some(),
            reason: self.text("return_reason").unwrap_or_default().to_owned(),
            booked_on: self.date("booked_on")?,
            value_on,
        })
    }
}

/// Lets no single line fill the memory.
struct Lines<R> {
    inner: R,
    left: usize,
}

impl<R: Read> Read for Lines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(buffer)?;
        match buffer[..count].iter().rposition(|byte| *byte == b'\n') {
            Some(end) => self.left = LINE_BYTE_COUNT_MAX.saturating_sub(count - end),
            None => self.left = self.left.saturating_sub(count),
        }
        if self.left == 0 && count > 0 {
            return Err(std::io::Error::from(std::io::ErrorKind::FileTooLarge));
        }
        Ok(count)
    }
}

/// The input as UTF-8; what is not in the encoding is an error and not a question mark.
struct Decoded<R> {
    inner: R,
    decoder: encoding_rs::Decoder,
    raw: Vec<u8>,
    ready: Vec<u8>,
    at: usize,
    is_done: bool,
}

impl<R: Read> Decoded<R> {
    fn new(inner: R, encoding: &'static Encoding) -> Self {
        let decoder = encoding.new_decoder_with_bom_removal();
        Self { inner, decoder, raw: vec![0; 1 << 14], ready: Vec::new(), at: 0, is_done: false }
    }

    fn refill(&mut self) -> std::io::Result<()> {
        let count = self.inner.read(&mut self.raw)?;
        self.is_done = count == 0;
        let mut rest = &self.raw[..count];
        self.ready.clear();
        self.at = 0;
        loop {
            let needed = self.decoder.max_utf8_buffer_length(rest.len()).unwrap_or(1 << 16).max(16);
            let mut text = vec![0; needed];
            let (result, read, written, had_errors) =
                self.decoder.decode_to_utf8(rest, &mut text, self.is_done);
            if had_errors {
                return Err(std::io::Error::from(std::io::ErrorKind::InvalidData));
            }
            self.ready.extend_from_slice(&text[..written]);
            rest = &rest[read..];
            if result == CoderResult::InputEmpty {
                return Ok(());
            }
        }
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        while self.at == self.ready.len() && !self.is_done {
            self.refill()?;
        }
        let count = buffer.len().min(self.ready.len() - self.at);
        buffer[..count].copy_from_slice(&self.ready[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

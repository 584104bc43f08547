//! Reads the records of a CSV file, strictly (RFC 4180) and with the line of each.
//!
//! The `csv` crate reads broken quoting as best it can, so that one stray quote silently swallows rows. A
//! portfolio must not lose rows, so this reader refuses what RFC 4180 does not allow and names the line. It works
//! on bytes and decodes record by record: quotes, commas and line ends are never part of a longer character in
//! UTF-8 or GBK.

use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use super::code::Encoding;
use super::error::PortfolioError;
use super::record::Record;

/// Most bytes of one record. A quote that is never closed is found after so many, in bounded memory.
const RECORD_BYTES_MAX: usize = 1 << 20;

const UTF8_MARK: &[u8] = &[0xEF, 0xBB, 0xBF];

fn stray_quote() -> Wording {
    wording!(
        "值的中间有引号，而开头没有；请把整个值放在引号内，其中的引号写两个",
        "a quote stands inside a value that does not begin with one; \
                           put the whole value in quotes and double the quotes inside it"
    )
}

fn after_quote() -> Wording {
    wording!(
        "右引号后面还有内容；引号内的引号请写两个",
        "something follows a closing quote; double the quotes inside a quoted value"
    )
}

fn unclosed_quote() -> Wording {
    wording!("有一个值的引号没有闭合；请补上右引号", "a quoted value is never closed; add the closing quote")
}

fn too_long() -> Wording {
    wording!(
        "一条记录超过 1 MiB；请查找没有闭合的引号",
        "the record is longer than 1 MiB; look for a quote that is not closed"
    )
}

/// Where in a record the reader is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    ValueStart,
    Bare,
    Quoted,
    /// After a quote inside a quoted value: it closes, or is the first of a doubled one.
    QuoteInQuoted,
}

/// Whether the bytes seen so far complete a record.
enum Step {
    More,
    Record,
}

/// A CSV file being read.
pub(super) struct CsvSource {
    input: BufReader<File>,
    file: String,
    encoding: Encoding,
    bytes_total: u64,
    bytes_read: u64,
    /// Lines finished so far.
    lines_read: u64,
    /// Bytes of the record being read, without quotes and separators.
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// Whether the first text outside ASCII has been looked at, for a wrongly named encoding.
    is_encoding_confirmed: bool,
}

impl CsvSource {
    /// Opens `path`; `file` is its name in errors.
    pub(super) fn open(path: &Path, file: &str, encoding: Encoding) -> Result<Self, PortfolioError> {
        let open = File::open(path).map_err(|source| PortfolioError::io(file, "open", source))?;
        let metadata = open.metadata().map_err(|source| PortfolioError::io(file, "read", source))?;
        let mut source = Self {
            input: BufReader::with_capacity(1 << 16, open),
            file: file.to_owned(),
            encoding,
            bytes_total: metadata.len(),
            bytes_read: 0,
            lines_read: 0,
            bytes: Vec::new(),
            ends: Vec::new(),
            is_encoding_confirmed: false,
        };
        source.skip_mark()?;
        Ok(source)
    }

    /// Bytes read and to be read.
    pub(super) fn bytes(&self) -> (u64, u64) {
        (self.bytes_read, self.bytes_total)
    }

    /// Skips the mark of UTF-8 at the start, and refuses the marks of UTF-16.
    fn skip_mark(&mut self) -> Result<(), PortfolioError> {
        let start = self.fill()?;
        if start.starts_with(&[0xFF, 0xFE]) || start.starts_with(&[0xFE, 0xFF]) {
            return Err(self.wrong_encoding(
                1,
                wording!("文本是 UTF-16；请存为 UTF-8", "the text is UTF-16; save the file as UTF-8"),
            ));
        }
        if !start.starts_with(UTF8_MARK) {
            return Ok(());
        }
        if self.encoding == Encoding::Gbk {
            return Err(self.wrong_encoding(1, is_utf8()));
        }
        self.consume(UTF8_MARK.len());
        Ok(())
    }

    fn fill(&mut self) -> Result<&[u8], PortfolioError> {
        let file = &self.file;
        self.input.fill_buf().map_err(|source| PortfolioError::io(file.as_str(), "read", source))
    }

    fn consume(&mut self, length: usize) {
        self.input.consume(length);
        self.bytes_read += length as u64;
    }

    /// Reads the next record that is not blank; gives the line on which it starts, or `None` at the end.
    pub(super) fn next_record(&mut self, record: &mut Record) -> Result<Option<u64>, PortfolioError> {
        loop {
            let line = self.lines_read + 1;
            if !self.next_bytes(line)? {
                return Ok(None);
            }
            // Blank lines, and the rows of bare commas that spreadsheets leave behind, say nothing.
            if !self.bytes.is_empty() {
                self.decode(line, record)?;
                return Ok(Some(line));
            }
        }
    }

    /// Collects the bytes of the next record; false at the end of the file.
    fn next_bytes(&mut self, line: u64) -> Result<bool, PortfolioError> {
        self.bytes.clear();
        self.ends.clear();
        let mut state = State::ValueStart;
        let mut is_any = false;
        loop {
            let buffer = self
                .input
                .fill_buf()
                .map_err(|source| PortfolioError::io(self.file.as_str(), "read", source))?;
            if buffer.is_empty() {
                return match state {
                    State::Quoted => Err(self.broken(line, unclosed_quote())),
                    State::ValueStart | State::Bare | State::QuoteInQuoted => {
                        self.end_value(state);
                        Ok(is_any)
                    }
                };
            }
            is_any = true;
            let mut used = 0;
            let mut step = Ok(Step::More);
            for byte in buffer {
                used += 1;
                self.lines_read += u64::from(*byte == b'\n');
                step = take(*byte, &mut state, &mut self.bytes, &mut self.ends);
                if !matches!(step, Ok(Step::More)) {
                    break;
                }
            }
            self.consume(used);
            match step {
                Err(complaint) => return Err(self.broken(line, complaint)),
                Ok(Step::Record) => return Ok(true),
                Ok(Step::More) if self.bytes.len() > RECORD_BYTES_MAX => {
                    return Err(self.broken(line, too_long()));
                }
                Ok(Step::More) => {}
            }
        }
    }

    fn end_value(&mut self, state: State) {
        end_value(state, &mut self.bytes, &mut self.ends);
    }

    fn broken(&self, line: u64, complaint: Wording) -> PortfolioError {
        PortfolioError::BrokenQuoting { file: self.file.clone(), line, complaint }
    }

    fn wrong_encoding(&self, line: u64, complaint: Wording) -> PortfolioError {
        PortfolioError::WrongEncoding { file: self.file.clone(), line, complaint }
    }

    /// Turns the collected bytes into text.
    fn decode(&mut self, line: u64, record: &mut Record) -> Result<(), PortfolioError> {
        record.clear();
        if !self.is_encoding_confirmed && !self.bytes.is_ascii() {
            self.is_encoding_confirmed = true;
            if self.encoding == Encoding::Gbk && is_chinese_in_utf8(&self.bytes) {
                return Err(self.wrong_encoding(line, is_utf8()));
            }
        }
        let mut start = 0;
        for end in &self.ends {
            let bytes = &self.bytes[start..*end];
            start = *end;
            match self.encoding {
                Encoding::Utf8 => {
                    let text = std::str::from_utf8(bytes)
                        .map_err(|_| self.wrong_encoding(line, not_utf8_complaint(&self.bytes)))?;
                    record.push(text);
                }
                Encoding::Gbk => {
                    let text = decode_gbk(bytes)
                        .ok_or_else(|| self.wrong_encoding(line, not_gbk_complaint(&self.bytes)))?;
                    record.push(&text);
                }
            }
        }
        Ok(())
    }
}

fn is_utf8() -> Wording {
    wording!(
        "文本是 UTF-8，不是 GBK；请去掉 --encoding gbk 后重新执行",
        "the text is UTF-8, not GBK; run again without --encoding gbk"
    )
}

fn is_gbk() -> Wording {
    wording!(
        "文本不是 UTF-8，而是 GBK；请加上 --encoding gbk 后重新执行",
        "the text is not UTF-8, but it is valid GBK; run again with --encoding gbk"
    )
}

fn is_neither() -> Wording {
    wording!(
        "文本既不是 UTF-8 也不是 GBK；请存为 UTF-8",
        "the text is neither UTF-8 nor GBK; save the file as UTF-8"
    )
}

fn decode_gbk(bytes: &[u8]) -> Option<std::borrow::Cow<'_, str>> {
    encoding_rs::GBK.decode_without_bom_handling_and_without_replacement(bytes)
}

fn not_utf8_complaint(record: &[u8]) -> Wording {
    if decode_gbk(record).is_some() { is_gbk() } else { is_neither() }
}

fn not_gbk_complaint(record: &[u8]) -> Wording {
    if std::str::from_utf8(record).is_ok() { is_utf8() } else { is_neither() }
}

/// Whether the bytes are UTF-8 whose text outside ASCII is all Chinese.
///
/// The same bytes often pass for GBK too, as nonsense. The reverse is rare: GBK text would have to consist of
/// triples that each begin with E3 to E9 and go on with two bytes of 80 to BF.
fn is_chinese_in_utf8(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| {
        let mut others = text.chars().filter(|character| !character.is_ascii());
        others.all(|character| matches!(character, '\u{3000}'..='\u{303f}' | '\u{4e00}'..='\u{9fff}' | '\u{ff00}'..='\u{ffef}'))
    })
}

/// Takes one byte of a record.
fn take(byte: u8, state: &mut State, bytes: &mut Vec<u8>, ends: &mut Vec<usize>) -> Result<Step, Wording> {
    match (*state, byte) {
        (State::Quoted, b'"') => *state = State::QuoteInQuoted,
        (State::Quoted, _) => bytes.push(byte),
        (State::ValueStart, b'"') => *state = State::Quoted,
        (State::QuoteInQuoted, b'"') => {
            bytes.push(b'"');
            *state = State::Quoted;
        }
        (State::Bare, b'"') => return Err(stray_quote()),
        (_, b',') => {
            end_value(*state, bytes, ends);
            *state = State::ValueStart;
        }
        (_, b'\n') => {
            end_value(*state, bytes, ends);
            return Ok(Step::Record);
        }
        (State::QuoteInQuoted, b'\r') => {}
        (State::QuoteInQuoted, _) => return Err(after_quote()),
        (State::ValueStart | State::Bare, _) => {
            bytes.push(byte);
            *state = State::Bare;
        }
    }
    Ok(Step::More)
}

/// Ends a value; the carriage return of a line end is not part of a bare one.
fn end_value(state: State, bytes: &mut Vec<u8>, ends: &mut Vec<usize>) {
    let start = ends.last().copied().unwrap_or(0);
    if state == State::Bare && bytes.len() > start && bytes.last() == Some(&b'\r') {
        bytes.pop();
    }
    ends.push(bytes.len());
}

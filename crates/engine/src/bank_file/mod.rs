//! Bank files: what the bank says came in, matched to agreements. CSV and ISO 20022 camt.053.
//!
//! A file is one transaction: when its balances do not add up, or it cannot be read to its end, nothing of it is taken.
//! Each entry has a key of its own content, so the same file, or the same entry in another file, changes nothing the
//! second time. Whatever cannot be matched is kept, listed and assigned later; nothing is lost.

mod camt053;
mod csv_file;
mod matching;

use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
use std::io::{BufRead, BufReader};
use std::path::Path;

use dunlin_domain::date::Date;
use dunlin_domain::id::Key;
use dunlin_domain::money::{Currency, Money};
use dunlin_store::incoming::{IncomingRow, StatementRow, claim_statement};
use dunlin_store::{Tx, audit};

use crate::payment::incoming::Taken;
pub(crate) use crate::payment::settings::CsvColumns;
use crate::payment::{Caller, Context};
use crate::{Engine, EngineError};

pub use csv_file::COLUMNS as CSV_COLUMNS;

/// Entries that are matched to agreements at once.
const CHUNK_ENTRY_COUNT: usize = 500;

/// Which way the money went, seen from the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// It came in.
    Credit,
    /// It went out.
    Debit,
}

/// Which balance of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Balance {
    /// Before its entries.
    Opening,
    /// After them.
    Closing,
}

/// One entry, or one transaction of an entry, as the bank tells of it.
#[derive(Clone, Debug)]
pub(crate) struct BankEntry {
    pub reference: Option<String>,
    pub servicer_reference: Option<String>,
    pub transaction_id: Option<String>,
    pub end_to_end_id: Option<String>,
    pub structured: Option<String>,
    pub text: String,
    pub amount: String,
    pub currency: String,
    pub direction: Direction,
    /// It undoes an earlier entry: it was returned or reversed.
    pub is_undoing: bool,
    pub reason: String,
    pub booked_on: Option<Date>,
    pub value_on: Date,
}

/// What a file holds, in its order.
pub(crate) enum Item {
    /// A statement begins.
    StatementStart { account: String, id: String, currency: String },
    /// One of its balances.
    Balance { balance: Balance, amount: String, currency: String, direction: Direction },
    /// An entry with the transactions that it is made of.
    Entry { whole: BankEntry, parts: Vec<BankEntry> },
    /// The statement ends.
    StatementEnd,
}

pub(crate) type Visit<'v> = &'v mut dyn FnMut(Item) -> Result<(), FileError>;

/// Why a file is not taken.
#[derive(Debug)]
pub(crate) struct FileError {
    code: &'static str,
    line: u64,
    complaint: Wording,
    /// A failure of the database or a refusal from elsewhere, which says everything itself.
    source: Option<Box<EngineError>>,
}

impl FileError {
    pub(crate) fn new(code: &'static str, line: u64, complaint: Wording) -> Self {
        Self { code, line, complaint, source: None }
    }

    /// The same, with the line where it has none.
    pub(crate) fn at(mut self, line: u64) -> Self {
        if self.line == 0 {
            self.line = line;
        }
        self
    }

    fn into_engine(self, file: &str) -> EngineError {
        let Self { code, line, complaint, source } = self;
        match source {
            Some(source) => *source,
            None => {
                let place = match line {
                    0 => Wording::same(file),
                    line => wording!("{file} 第 {line} 行", "{file} line {line}"),
                };
                let complaint = Wording {
                    zh: format!("{}：{}", place.zh, complaint.zh),
                    en: format!("{}: {}", place.en, complaint.en),
                };
                EngineError::Refused { code, complaint }
            }
        }
    }
}

impl<E: Into<EngineError>> From<E> for FileError {
    fn from(error: E) -> Self {
        Self {
            code: "bank_file",
            line: 0,
            complaint: Wording::default(),
            source: Some(Box::new(error.into())),
        }
    }
}

/// What an import of a bank file did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BankFileReport {
    /// Statements in the file.
    pub statements: u64,
    /// Of those, imported before: nothing of them was looked at again.
    pub statements_known: u64,
    /// Entries and transactions of entries.
    pub entries: u64,
    /// Recorded as payments or as the undoing of payments.
    pub applied: u64,
    /// Returns whose payment has not come yet.
    pub waiting: u64,
    /// Kept for somebody to assign.
    pub unmatched: u64,
    /// Money that went out for other reasons: noted, nothing to do.
    pub outgoing: u64,
    /// Known from before.
    pub repeated: u64,
}

impl Engine {
    /// Imports a bank file: camt.053 when it begins as XML, else CSV.
    ///
    /// # Errors
    /// `bank_file`, `xml`, `xml_dtd`, `xml_entity`, `xml_depth`, `xml_size`, `encoding`, `not_camt053`, `balance`,
    /// `statement_conflict` and `batch_too_large`, with the line; nothing of the file is taken then.
    pub fn import_bank_file(&self, path: &Path, caller: Caller<'_>) -> Result<BankFileReport, EngineError> {
        let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let policies = self.policies()?;
        let context = Context { caller, policies: &policies };
        self.db.write_as(|tx| {
            let mut input = open(path)?;
            let mut import = Import {
                engine: self,
                tx,
                context,
                file_name: &name,
                report: BankFileReport::default(),
                statement: None,
                chunk: Vec::new(),
            };
            let is_xml = starts_as_xml(&mut input).map_err(|error| unreadable(path, &error))?;
            let mut visit = |item: Item| import.take(item);
            let read = if is_xml {
                camt053::read(input, &mut visit)
            } else {
                csv_file::read(input, &self.payments.bank_csv, &mut visit)
            };
            read.map_err(|error| error.into_engine(&name))?;
            let report = import.report.clone();
            let after = format!(
                "{} entries: {} applied, {} waiting, {} unmatched, {} outgoing, {} repeated",
                report.entries,
                report.applied,
                report.waiting,
                report.unmatched,
                report.outgoing,
                report.repeated
            );
            let entry = audit::Entry {
                at: caller.now,
                actor: caller.actor,
                action: "bank_file.import",
                subject: &name,
                before: None,
                after: Some(&after),
                cause: "command",
            };
            self.audit(tx, &entry)?;
            Ok(report)
        })
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> EngineError {
    let complaint = wording!("无法读取 {}：{error}", "{} cannot be read: {error}", path.display());
    EngineError::Refused { code: "bank_file", complaint }
}

fn open(path: &Path) -> Result<BufReader<std::fs::File>, EngineError> {
    let file = std::fs::File::open(path).map_err(|error| unreadable(path, &error))?;
    let is_file = file.metadata().map_err(|error| unreadable(path, &error))?.is_file();
    if !is_file {
        return Err(unreadable(path, &std::io::Error::other("it is not a file")));
    }
    Ok(BufReader::with_capacity(1 << 16, file))
}

/// Whether the first letter of the input opens a tag. A byte order mark of UTF-16 is refused by the reader behind.
fn starts_as_xml(input: &mut impl BufRead) -> std::io::Result<bool> {
    let head = input.fill_buf()?;
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let first = head.iter().find(|byte| !byte.is_ascii_whitespace());
    let is_utf16 = matches!(head, [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, b'<', ..] | [b'<', 0, ..]);
    Ok(is_utf16 || first == Some(&b'<'))
}

/// A statement being read.
struct OpenStatement {
    account: String,
    id: String,
    currency: String,
    opening: Option<i128>,
    closing: Option<i128>,
    total: i128,
    entry_count: i64,
    hasher: blake3::Hasher,
    key: Key,
    /// How often each identity came in this statement, so that two equal entries are two.
    seen: std::collections::HashMap<[u8; 16], u32>,
}

struct Import<'i, 't, 'd> {
    engine: &'i Engine,
    tx: &'t mut Tx<'d>,
    context: Context<'i>,
    file_name: &'i str,
    report: BankFileReport,
    statement: Option<OpenStatement>,
    chunk: Vec<IncomingRow>,
}

impl Import<'_, '_, '_> {
    fn take(&mut self, item: Item) -> Result<(), FileError> {
        match item {
            Item::StatementStart { account, id, currency } => {
                self.report.statements += 1;
                let key = Key::of_cause("bank statement", &[account.as_bytes(), id.as_bytes()]);
                self.statement = Some(OpenStatement {
                    account,
                    id,
                    currency,
                    opening: None,
                    closing: None,
                    total: 0,
                    entry_count: 0,
                    hasher: blake3::Hasher::new(),
                    key,
                    seen: std::collections::HashMap::new(),
                });
                Ok(())
            }
            Item::Balance { balance, amount, currency, direction } => {
                let Some(statement) = self.statement.as_mut() else { return Ok(()) };
                let minor = signed(&amount, &currency, direction)?;
                if statement.currency.is_empty() {
                    statement.currency.clone_from(&currency);
                }
                statement.hasher.update(&minor.to_le_bytes());
                match balance {
                    Balance::Opening => statement.opening = Some(minor),
                    Balance::Closing => statement.closing = Some(minor),
                }
                Ok(())
            }
            Item::Entry { whole, parts } => self.entry(&whole, &parts),
            Item::StatementEnd => self.end(),
        }
    }

    fn entry(&mut self, whole: &BankEntry, parts: &[BankEntry]) -> Result<(), FileError> {
        let Some(statement) = self.statement.as_mut() else { return Ok(()) };
        let total = signed(&whole.amount, &whole.currency, whole.direction)?;
        statement.total += total;
        statement.entry_count += 1;
        // A batch whose transactions do not add up to it is kept as one: somebody must look into it.
        let sum = parts.iter().try_fold(0, |sum, part| {
            signed(&part.amount, &part.currency, part.direction).map(|minor| sum + minor)
        });
        let adds_up = parts.iter().all(|part| part.currency == whole.currency)
            && matches!(sum, Ok(sum) if sum == total);
        let (entries, note) = match (parts, adds_up) {
            ([], _) => (std::slice::from_ref(whole), ""),
            (parts, true) => (parts, ""),
            (_, false) => (std::slice::from_ref(whole), "the transactions of this entry do not add up to it"),
        };
        for entry in entries {
            let row = incoming_row(statement, entry, note, self.context.caller)?;
            statement.hasher.update(&row.content_hash);
            self.chunk.push(row);
            self.report.entries += 1;
        }
        if self.chunk.len() >= CHUNK_ENTRY_COUNT { self.flush() } else { Ok(()) }
    }

    /// Matches and applies what was gathered.
    fn flush(&mut self) -> Result<(), FileError> {
        let mut rows = std::mem::take(&mut self.chunk);
        matching::match_rows(self.engine, self.tx, &mut rows)?;
        for row in rows {
            match self.engine.take_incoming(self.tx, row, self.context)?.taken {
                Taken::Applied => self.report.applied += 1,
                Taken::Waiting => self.report.waiting += 1,
                Taken::Unmatched => self.report.unmatched += 1,
                Taken::Outgoing => self.report.outgoing += 1,
                Taken::Known | Taken::Conflict => self.report.repeated += 1,
            }
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), FileError> {
        self.flush()?;
        let Some(statement) = self.statement.take() else { return Ok(()) };
        let currency = statement.currency.clone();
        if let (Some(opening), Some(closing)) = (statement.opening, statement.closing)
            && opening + statement.total != closing
        {
            let shown = |minor: i128| decimal(minor, &currency);
            let complaint = wording!(
                "对账单“{}”：期初余额 {} 加发生额 {} 等于 {}，而期末余额为 {}，相差 {}；整个文件未入账，请联系银行",
                "statement {:?}: {} + entries {} is {}, but the closing balance is {}, a difference of {}; nothing of the file is taken, ask the bank",
                statement.id,
                shown(opening),
                shown(statement.total),
                shown(opening + statement.total),
                shown(closing),
                shown(closing - opening - statement.total)
            );
            return Err(FileError::new("balance", 0, complaint));
        }
        // Rows of a CSV file are no statement of the bank's with a name of its own.
        if statement.id.is_empty() {
            return Ok(());
        }
        let mut content_hash = [0; 16];
        content_hash.copy_from_slice(&statement.hasher.finalize().as_bytes()[..16]);
        let row = StatementRow {
            key: statement.key,
            account: statement.account,
            statement_id: statement.id.clone(),
            opening: statement.opening.map(|minor| decimal(minor, &currency)),
            closing: statement.closing.map(|minor| decimal(minor, &currency)),
            currency,
            entry_count: statement.entry_count,
            content_hash,
            file_name: self.file_name.to_owned(),
            actor: self.context.caller.actor.to_owned(),
            imported_at: self.context.caller.now,
        };
        match claim_statement(self.tx, &row)? {
            None => Ok(()),
            Some(known) if known == content_hash => {
                self.report.statements_known += 1;
                Ok(())
            }
            Some(_) => {
                let complaint = wording!(
                    "对账单“{}”此前已导入，但内容不同；请向银行确认以哪一份为准，更正后的对账单应有自己的编号",
                    "statement {:?} was imported before with other content; ask the bank which one holds, a corrected one has an id of its own",
                    statement.id
                );
                Err(FileError::new("statement_conflict", 0, complaint))
            }
        }
    }
}

/// An amount in minor units, negative for money that went out.
fn signed(amount: &str, currency: &str, direction: Direction) -> Result<i128, FileError> {
    let currency =
        Currency::parse(currency).map_err(|error| FileError::new("bank_file", 0, error.wording()))?;
    // The standard writes amounts with any number of zeros behind.
    let plain = match amount.split_once('.') {
        Some((whole, fraction)) => {
            let digits = currency.minor_digits() as usize;
            let zeros = fraction.len() - fraction.trim_end_matches('0').len();
            let kept = fraction.len() - zeros.min(fraction.len().saturating_sub(digits));
            if kept == 0 { whole.to_owned() } else { format!("{whole}.{}", &fraction[..kept]) }
        }
        None => amount.to_owned(),
    };
    let money =
        Money::parse(&plain, currency).map_err(|error| FileError::new("bank_file", 0, error.wording()))?;
    if money.minor() < 0 {
        return Err(FileError::new(
            "bank_file",
            0,
            wording!(
                "金额 {amount} 为负数；收支方向已由 direction 表示",
                "amount {amount} is negative; the direction says which way it went"
            ),
        ));
    }
    let minor = i128::from(money.minor());
    Ok(match direction {
        Direction::Credit => minor,
        Direction::Debit => -minor,
    })
}

/// Minor units as a decimal text.
fn decimal(minor: i128, currency: &str) -> String {
    let digits = Currency::parse(currency).map_or(2, |currency| currency.minor_digits());
    let unit = 10_i128.pow(digits);
    let sign = if minor < 0 { "-" } else { "" };
    let (whole, rest) = (minor.abs() / unit, minor.abs() % unit);
    match digits {
        0 => format!("{sign}{whole}"),
        _ => format!("{sign}{whole}.{rest:0width$}", width = digits as usize),
    }
}

/// What an entry is known by: hashed from what the bank says about it, so that the same entry in another file is known;
/// where the bank gives it no reference, from the statement too. The text is the first of its references.
fn identity_of(statement: &mut OpenStatement, entry: &BankEntry, minor: i128) -> ([u8; 16], String) {
    let own = [&entry.servicer_reference, &entry.reference, &entry.transaction_id, &entry.end_to_end_id];
    let named = own.map(|name| name.as_deref().unwrap_or(""));
    let is_named = named.iter().any(|name| !name.is_empty());
    let days = entry.value_on.days().to_le_bytes();
    let statement_id = if is_named { "" } else { statement.id.as_str() };
    let mut parts: Vec<&[u8]> = named.iter().map(|name| name.as_bytes()).collect();
    let minor_bytes = minor.to_le_bytes();
    let undoing = [u8::from(entry.is_undoing)];
    parts.extend([
        statement.account.as_bytes(),
        statement_id.as_bytes(),
        &minor_bytes,
        entry.currency.as_bytes(),
        &days,
        &undoing,
    ]);
    let identity = dunlin_domain::id::hash_parts("bank entry", &parts);
    let count = statement.seen.entry(identity).or_insert(0);
    *count += 1;
    let identity = dunlin_domain::id::hash_parts("bank entry", &[&identity, &count.to_le_bytes()]);
    let readable = named.iter().find(|name| !name.is_empty()).copied().unwrap_or("entry");
    let readable = readable.chars().filter(|letter| !letter.is_control()).take(100).collect();
    (identity, readable)
}

/// What an entry is to us.
fn kind_of(entry: &BankEntry) -> &'static str {
    match (entry.direction, entry.is_undoing) {
        (Direction::Credit, false) => "payment",
        (Direction::Debit, true) => "return",
        // Our own payment out that came back is not a customer's payment: somebody must look at it.
        (Direction::Credit, true) => "incoming_return",
        (Direction::Debit, false) => "outgoing",
    }
}

/// The row that keeps an entry.
fn incoming_row(
    statement: &mut OpenStatement,
    entry: &BankEntry,
    note: &str,
    caller: Caller<'_>,
) -> Result<IncomingRow, FileError> {
    let minor = signed(&entry.amount, &entry.currency, entry.direction)?;
    let currency =
        Currency::parse(&entry.currency).map_err(|error| FileError::new("bank_file", 0, error.wording()))?;
    let (identity, readable) = identity_of(statement, entry, minor);
    // All that is said of one payment lies together: its end-to-end id is what a return names it by.
    let about = entry.end_to_end_id.as_deref().or(entry.servicer_reference.as_deref());
    let group = match about {
        Some(about) => Key::of_cause("bank payment", &[statement.account.as_bytes(), about.as_bytes()]),
        None => Key(identity),
    };
    let key = crate::payment::incoming::entry_key(group, identity);
    let amount = Money::new(i64::try_from(minor.abs()).unwrap_or(i64::MAX), currency);
    let text = if note.is_empty() { entry.text.clone() } else { format!("{note}; {}", entry.text) };
    let reason = if entry.reason.is_empty() { text } else { format!("{} {text}", entry.reason) };
    Ok(IncomingRow {
        group,
        key,
        source: "bank_file".to_owned(),
        source_name: statement.account.clone(),
        kind: kind_of(entry).to_owned(),
        reference: format!("bank:{readable}:{}", &Key(identity).to_string()[..8]),
        target: None,
        named: entry.structured.clone(),
        amount: amount.to_string(),
        currency: entry.currency.clone(),
        value_on: entry.value_on,
        booked_on: entry.booked_on,
        end_to_end_id: entry.end_to_end_id.clone(),
        text: reason.trim().to_owned(),
        statement: Some(statement.key),
        content_hash: identity,
        received_at: caller.now,
        state: "unmatched".to_owned(),
        state_at: caller.now,
        code: if note.is_empty() { String::new() } else { "batch_sum".to_owned() },
        detail: note.to_owned(),
        decided_by: caller.actor.to_owned(),
        agreement: None,
        is_open: true,
    })
}

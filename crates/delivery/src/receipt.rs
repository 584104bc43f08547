//! Receipts: what providers say later became of the messages; and those that the gateway behind a spool leaves as
//! CSV files in `receipts/`.
//!
//! Promises that a receipt is put away only after it was acknowledged, that one which is read twice has the same
//! key, and that a row that makes no sense is set aside with its reason while the others are read. The columns
//! are `message_id`, `state` (`delivered`, `failed`, `read`), `at` (RFC 3339) and, if it failed, `code`.

use std::fmt;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use dunlin_domain::date::Timestamp;
use dunlin_domain::id::{Key, MessageId};

use crate::error::DeliveryError;
use crate::reply::Reply;
use crate::spool::{create_folder, create_private};

/// A batch ends with the file that brings it to so many rows, so that memory stays bounded.
const BATCH_ROWS: usize = 50_000;

const COLUMNS: [&str; 4] = ["message_id", "state", "at", "code"];

/// What a provider says about a message that it took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReceiptState {
    /// It arrived.
    Delivered,
    /// It did not arrive and will not.
    Failed {
        /// The provider's reason, reduced to letters, digits and `._:-`; `unspecified` where it gave none.
        code: String,
    },
    /// The customer opened it.
    Read,
    /// It is on its way, or the provider cannot say; a better word may follow.
    Underway {
        /// The provider's word, reduced as that of a failure.
        code: String,
    },
}

impl ReceiptState {
    /// A failure with the provider's code, reduced to what may be stored.
    #[must_use]
    pub fn failed(code: &str) -> Self {
        Self::Failed { code: plain_code(code) }
    }

    /// No last word yet, with the provider's code, reduced to what may be stored.
    #[must_use]
    pub fn underway(code: &str) -> Self {
        Self::Underway { code: plain_code(code) }
    }

    /// The word in the column `state`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Failed { .. } => "failed",
            Self::Read => "read",
            Self::Underway { .. } => "underway",
        }
    }

    /// The provider's code, empty where there is nothing to say.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Failed { code } | Self::Underway { code } => code,
            Self::Delivered | Self::Read => "",
        }
    }
}

/// What a receipt speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// The message, which the provider calls as we do.
    Message(MessageId),
    /// What the provider called it, or one segment of it, when it took it: see [`crate::Handover::Accepted`].
    Reference(String),
}

/// One receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The message, or a segment of it.
    pub about: About,
    /// What became of it.
    pub state: ReceiptState,
    /// When, by the provider's clock.
    pub at: Timestamp,
    /// The same for the same receipt, however often it is read.
    pub key: Key,
    /// Whether it says that the number or address does not exist or is out of use, so that nothing else should be sent
    /// there either.
    pub address_is_bad: bool,
}

/// A row that made no sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectedRow {
    /// The file's name.
    pub file: String,
    /// The line in it, counted from 1.
    pub line: u64,
    /// What is wrong with which column; never what stood there.
    pub reason: String,
    pub(crate) cells: [String; 4],
}

impl RejectedRow {
    /// One that did not come in a file: `source` says what it was.
    pub(crate) fn of(source: &str, reason: &str) -> Self {
        Self { file: source.to_owned(), line: 0, reason: reason.to_owned(), cells: Default::default() }
    }
}

/// Receipts that were read and not acknowledged yet. Dropping it loses nothing: they will be read again.
#[derive(Debug, Default)]
pub struct ReceiptBatch {
    receipts: Vec<Receipt>,
    replies: Vec<Reply>,
    rejected: Vec<RejectedRow>,
    unfinished_files: Vec<String>,
    folder: PathBuf,
    files: Vec<ReadFile>,
    taken: Option<Box<dyn Acknowledge>>,
    is_cut_off: bool,
}

/// Receipts that did not come in files: how the provider is told that they are stored.
pub(crate) trait Acknowledge: Send + fmt::Debug {
    /// Tells the provider. One that cannot be told sends them again, which is harmless.
    ///
    /// # Errors
    /// Files that cannot be put away.
    fn acknowledge(self: Box<Self>) -> Result<(), DeliveryError>;
}

/// A file that was read to its end.
#[derive(Debug)]
pub(crate) struct ReadFile {
    pub name: String,
    pub length: u64,
}

impl ReceiptBatch {
    pub(crate) fn empty() -> Self {
        Self::default()
    }

    /// Receipts that came otherwise than in files, and what tells the provider that they are stored.
    pub(crate) fn taken(
        receipts: Vec<Receipt>,
        rejected: Vec<RejectedRow>,
        taken: Box<dyn Acknowledge>,
    ) -> Self {
        Self { receipts, rejected, taken: Some(taken), ..Self::default() }
    }

    /// The same, of which more lies there.
    pub(crate) fn cut_off(self, is_cut_off: bool) -> Self {
        Self { is_cut_off, ..self }
    }

    /// Whether more lies there than a batch takes, so that it is worth asking for the next one at once.
    #[must_use]
    pub fn is_cut_off(&self) -> bool {
        self.is_cut_off
    }

    /// The same with what customers wrote back, and what tells the provider that it is stored.
    pub(crate) fn with_replies(
        mut self,
        replies: Vec<Reply>,
        rejected: Vec<RejectedRow>,
        taken: Option<Box<dyn Acknowledge>>,
    ) -> Self {
        self.replies.extend(replies);
        self.rejected.extend(rejected);
        self.taken = taken.or(self.taken);
        self
    }

    /// What customers wrote back, in the order in which it came.
    #[must_use]
    pub fn replies(&self) -> &[Reply] {
        &self.replies
    }

    /// The receipts, file by file in order of name and row by row.
    #[must_use]
    pub fn receipts(&self) -> &[Receipt] {
        &self.receipts
    }

    /// Lets a provider read its receipts in its own way.
    pub(crate) fn each_receipt(&mut self, read: impl Fn(&mut Receipt)) {
        self.receipts.iter_mut().for_each(read);
    }

    /// The rows that made no sense. Acknowledging the batch writes them to `receipts/rejects/`.
    #[must_use]
    pub fn rejected(&self) -> &[RejectedRow] {
        &self.rejected
    }

    /// Files that do not end with a line break and were left alone: the gateway is still writing them. One that
    /// stays here was cut off.
    #[must_use]
    pub fn unfinished_files(&self) -> &[String] {
        &self.unfinished_files
    }

    /// Whether there is nothing to store and nothing to acknowledge.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty() && self.taken.is_none()
    }

    /// Puts the files away, or tells the provider, once the receipts are committed.
    ///
    /// A file that has grown since it was read stays, and is read again.
    ///
    /// # Errors
    /// A file that cannot be moved or written. What was put away before it stays so.
    pub fn acknowledge(self) -> Result<(), DeliveryError> {
        for file in &self.files {
            let rows: Vec<&RejectedRow> = self.rejected.iter().filter(|row| row.file == file.name).collect();
            put_away(&self.folder, file, COLUMNS, &rows)?;
        }
        self.taken.map_or(Ok(()), |taken| taken.acknowledge())
    }
}

/// Where a spool keeps its receipts.
pub(crate) fn receipts_folder(spool: &Path) -> PathBuf {
    spool.join("receipts")
}

/// Reads what lies in the receipts folder of a spool.
pub(crate) fn read_receipts(provider: &str, spool: &Path) -> Result<ReceiptBatch, DeliveryError> {
    let mut batch = ReceiptBatch { folder: receipts_folder(spool), ..ReceiptBatch::default() };
    for name in file_names(&batch.folder).map_err(DeliveryError::file("list", &batch.folder))? {
        if batch.receipts.len() + batch.rejected.len() >= BATCH_ROWS {
            break;
        }
        let path = batch.folder.join(&name);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            // Another worker has stored it and put it away since we looked.
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(DeliveryError::file("read", &path)(error)),
        };
        if bytes.last() != Some(&b'\n') {
            batch.unfinished_files.push(name);
            continue;
        }
        read_rows(provider, &name, &bytes, &mut batch);
        batch.files.push(ReadFile { name, length: bytes.len() as u64 });
    }
    Ok(batch)
}

/// The receipts files, in order of name. Hidden files and others are being written, or are not for us.
pub(crate) fn file_names(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if let (Ok(name), true) = (entry.file_name().into_string(), entry.file_type()?.is_file())
            && name.ends_with(".csv")
            && !name.starts_with('.')
        {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}

fn read_rows(provider: &str, file: &str, bytes: &[u8], batch: &mut ReceiptBatch) {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(bytes);
    let rejected = |line: u64, reason: &str, cells: [String; 4]| RejectedRow {
        file: file.to_owned(),
        line,
        reason: reason.to_owned(),
        cells,
    };
    // Reading from memory cannot fail, and a byte record is any sequence of bytes.
    let headers = reader.byte_headers().expect("rows are read from memory").clone();
    let places = COLUMNS.map(|column| headers.iter().position(|header| header == column.as_bytes()));
    if let Some(missing) = (0..3).find(|index| places[*index].is_none()) {
        let reason = format!("column {} is missing, so no row of the file was read", COLUMNS[missing]);
        batch.rejected.push(rejected(1, &reason, Default::default()));
        return;
    }
    for record in reader.into_byte_records() {
        let record = record.expect("rows are read from memory");
        let line = line_of(&record, bytes);
        let cells = places.map(|place| {
            let cell = place.and_then(|place| record.get(place)).unwrap_or_default();
            String::from_utf8_lossy(cell).into_owned()
        });
        match parse_row(provider, &cells) {
            Ok(receipt) => batch.receipts.push(receipt),
            Err(reason) => batch.rejected.push(rejected(line, reason, cells)),
        }
    }
}

/// The line on which `record` starts. Its position is before the line breaks that come before it.
pub(crate) fn line_of(record: &csv::ByteRecord, bytes: &[u8]) -> u64 {
    let Some(position) = record.position() else { return 0 };
    let start = usize::try_from(position.byte()).unwrap_or(bytes.len());
    let breaks = bytes[start..].iter().take_while(|byte| b"\r\n".contains(byte));
    position.line() + breaks.filter(|byte| **byte == b'\n').count() as u64
}

fn parse_row(provider: &str, [id, state, at, code]: &[String; 4]) -> Result<Receipt, &'static str> {
    let message = MessageId::parse(id).ok_or("message_id is not msg_ and 32 hexadecimal digits")?;
    let state = match state.as_str() {
        "delivered" => ReceiptState::Delivered,
        "failed" => ReceiptState::Failed { code: plain_code(code) },
        "read" => ReceiptState::Read,
        // Of letters: on its way with the post, and back from it.
        "posted" => ReceiptState::underway("posted"),
        "returned" => ReceiptState::failed(&format!("returned:{code}")),
        _ => return Err("state is not delivered, failed, read, posted or returned"),
    };
    let at: jiff::Timestamp = at.parse().map_err(|_| "at is not a moment like 2026-11-24T09:30:00Z")?;
    let at = Timestamp::from_micros(at.as_microsecond());
    let key = receipt_key(provider, &message.0, &state, Some(at));
    Ok(Receipt { about: About::Message(message), state, at, key, address_is_bad: false })
}

/// The key of a receipt about what `name` names; `at` is what the provider said, if it said when.
pub(crate) fn receipt_key(provider: &str, name: &[u8], state: &ReceiptState, at: Option<Timestamp>) -> Key {
    let (word, code) = (state.word(), state.code());
    let micros = at.map(|at| at.micros().to_le_bytes()).unwrap_or_default();
    Key::of_cause("receipt", &[provider.as_bytes(), name, word.as_bytes(), code.as_bytes(), &micros])
}

/// A code is for counting. Whatever else a gateway writes there, such as a sentence, is cut down to one; a number as long as one
/// of a telephone is left out.
fn plain_code(code: &str) -> String {
    const LENGTH_MAX: usize = 40;
    const DIGITS_MAX: usize = 6;
    let pieces = code.split_inclusive(|letter: char| !letter.is_ascii_digit());
    let code: String = pieces
        .map(|piece| {
            let digits = piece.bytes().take_while(u8::is_ascii_digit).count();
            if digits > DIGITS_MAX { &piece[digits..] } else { piece }
        })
        .collect();
    let plain: String = code
        .chars()
        .take(LENGTH_MAX)
        .map(|letter| if letter.is_ascii_alphanumeric() || "._:-".contains(letter) { letter } else { '_' })
        .collect();
    if plain.is_empty() { "unspecified".to_owned() } else { plain }
}

/// Moves a file to `done/` of its folder, and copies what made no sense in it to `rejects/`.
pub(crate) fn put_away(
    folder: &Path,
    file: &ReadFile,
    columns: [&str; 4],
    rejected: &[&RejectedRow],
) -> Result<(), DeliveryError> {
    let from = folder.join(&file.name);
    let has_grown = match fs::metadata(&from) {
        Ok(metadata) => metadata.len() != file.length,
        // Another worker read the same file and was faster.
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(DeliveryError::file("read", &from)(error)),
    };
    if has_grown {
        return Ok(());
    }
    let done = folder.join("done");
    create_folder(&done).map_err(DeliveryError::file("create", &done))?;
    let name = free_name(&done, &file.name);
    if !rejected.is_empty() {
        let rejects = folder.join("rejects");
        create_folder(&rejects).map_err(DeliveryError::file("create", &rejects))?;
        let path = rejects.join(&name);
        write_rejects(&path, columns, rejected).map_err(DeliveryError::file("write", &path))?;
    }
    let to = done.join(&name);
    match fs::rename(&from, &to) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(DeliveryError::file("move into done", &from)(error))
        }
        // The other worker again: it was faster by less than a look.
        Ok(()) | Err(_) => Ok(()),
    }
}

/// A gateway may use a name again; what is already put away must not be overwritten by that.
fn free_name(done: &Path, name: &str) -> String {
    let stem = name.trim_end_matches(".csv");
    let mut candidate = name.to_owned();
    let mut number = 2;
    while done.join(&candidate).exists() {
        candidate = format!("{stem}.{number}.csv");
        number += 1;
    }
    candidate
}

/// The rows as they stood, with line and reason behind: corrected, the file can be dropped in again.
fn write_rejects(path: &Path, columns: [&str; 4], rejected: &[&RejectedRow]) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(create_private(path)?);
    writer.write_record(columns.iter().chain(&["line", "reason"]))?;
    for row in rejected {
        let line = row.line.to_string();
        let behind = [line.as_str(), row.reason.as_str()];
        writer.write_record(row.cells.iter().map(String::as_str).chain(behind))?;
    }
    writer.flush()
}

/// One row for [`write_receipts`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptRow {
    /// The message.
    pub message: MessageId,
    /// What became of it.
    pub state: ReceiptState,
    /// When; written to the second.
    pub at: Timestamp,
}

/// Writes `receipts/<name>.csv` in `spool`, whole or not at all, as a gateway does: for rehearsals.
///
/// # Errors
/// A file of that name that has not been read yet, and a folder that cannot be written.
pub fn write_receipts(spool: &Path, name: &str, rows: &[ReceiptRow]) -> Result<(), DeliveryError> {
    let folder = receipts_folder(spool);
    create_folder(&folder).map_err(DeliveryError::file("create", &folder))?;
    let path = folder.join(format!("{name}.csv"));
    if path.exists() {
        return Err(DeliveryError::file("create", &path)(ErrorKind::AlreadyExists.into()));
    }
    let temporary = folder.join(format!(".{name}.csv.writing"));
    write_rows(&temporary, rows).map_err(DeliveryError::file("write", &temporary))?;
    fs::rename(&temporary, &path).map_err(DeliveryError::file("create", &path))
}

fn write_rows(path: &Path, rows: &[ReceiptRow]) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(create_private(path)?);
    writer.write_record(COLUMNS)?;
    for row in rows {
        let (id, at) = (row.message.to_string(), row.at.to_string());
        writer.write_record([id.as_str(), row.state.word(), &at, row.state.code()])?;
    }
    writer.flush()
}

//! The letter box: a batch of letters goes to the print house as a folder.
//!
//! ```text
//! letters/
//!   pending/msg_….json          a letter whose batch is being written
//!   batches/20260211-001.csv    which letters a batch has; what keeps a letter from being printed twice
//!   outbox/20260211-001/        a batch, whole or absent: letters.pdf, or a PDF a letter, and index.csv
//!   receipts/*.csv              what the print house and the post say became of them
//! ```
//!
//! Promises that a letter is in one batch only, however often it is handed over, also by two workers and after a crash:
//! the list in `batches` is the moment from which a batch counts, and everything after it is done again by the next one
//! who comes. A batch that had no list when its writer ended is written again, with the same name and the same letters.
//! A letter that was handed over is in a batch when its answer is given: those that wait for the hour of the batch wait
//! outside, where they are cleared once more before they come ([`CutOff`]).
//! Leaves out the transfer to the print house and the removal of batches: those are the lender's.

mod batch;
mod index;

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use dunlin_domain::contact::Language;
use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::id::MessageId;
use dunlin_domain::message::ClearedMessage;
use dunlin_domain::postal::PostalAddress;
use serde::{Deserialize, Serialize};

use crate::config::{LetterConfig, Printer};
use crate::error::DeliveryError;
use crate::handover::Handover;
use crate::receipt::{Receipt, ReceiptBatch, ReceiptState, read_receipts, receipts_folder};
use crate::spool::{create_folder, create_private};

/// A message is handed over again within days, so that older lists need not be read.
const LIST_DAYS: i32 = 60;

/// A letter as it is printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// The message.
    pub id: MessageId,
    /// To whom and where it goes.
    pub address: PostalAddress,
    /// The language.
    pub language: Language,
    /// The subject line.
    pub subject: String,
    /// The text: paragraphs between empty lines.
    pub body: String,
    /// The date that it bears.
    pub dated: Date,
}

/// A PDF of letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Printed {
    /// The file.
    pub bytes: Vec<u8>,
    /// The pages of each letter, in their order; none is 0.
    pub page_counts: Vec<usize>,
}

/// A letter as it waits.
#[derive(Serialize, Deserialize)]
struct Pending {
    id: String,
    recipient: String,
    language: String,
    subject: String,
    body: String,
    dated: String,
    /// The day of its batch.
    batch_on: String,
}

/// Where a letter is.
struct Place {
    batch: String,
    page_count: u32,
}

/// A folder from which a print house takes letters.
pub struct Letters {
    provider: String,
    config: LetterConfig,
    /// Where each letter is, by the lists that were read.
    batched: HashMap<MessageId, Place>,
    lists_read: HashSet<String>,
}

/// The hour of the day at which a box is emptied into a batch.
#[derive(Clone, Debug)]
pub(crate) struct CutOff {
    hour: i8,
    minute: i8,
    zone: jiff::tz::TimeZone,
}

impl CutOff {
    pub(crate) fn of(config: &LetterConfig) -> Option<Self> {
        let (hour, minute) = config.cut_off?;
        Some(Self { hour, minute, zone: config.zone.clone() })
    }

    /// Until when a letter that has been ready since a moment waits for its batch; `None` when the hour has come.
    pub(crate) fn waits_until(&self, since: Timestamp, now: Timestamp) -> Option<Timestamp> {
        let on = since.date_in(&self.zone);
        let today = Timestamp::at(on, self.hour, self.minute, &self.zone);
        let hour = match since <= today {
            true => today,
            false => Timestamp::at(on.plus_days(1), self.hour, self.minute, &self.zone),
        };
        (now < hour).then_some(hour)
    }
}

impl Letters {
    /// The letter box in the folder of `config`, which is created when it is missing.
    pub(crate) fn open(provider: &str, config: &LetterConfig) -> Result<Self, DeliveryError> {
        let folders = ["pending", "batches", "outbox"].map(|name| config.folder.join(name));
        for folder in folders.iter().chain([&receipts_folder(&config.folder)]) {
            create_folder(folder).map_err(DeliveryError::file("create", folder))?;
        }
        let (provider, config) = (provider.to_owned(), config.clone());
        Ok(Self { provider, config, batched: HashMap::new(), lists_read: HashSet::new() })
    }

    /// The pages of a letter that is in a batch.
    pub(crate) fn page_count(&self, id: MessageId) -> Option<u32> {
        self.batched.get(&id).map(|place| place.page_count)
    }

    /// Puts letters into batches.
    pub(crate) fn hand_over(&mut self, messages: &[&ClearedMessage], now: Timestamp) -> Vec<Handover> {
        let Some(printer) = self.config.printer.clone() else {
            return messages.iter().map(|_| trouble("print", "no printer of PDFs is set up")).collect();
        };
        match self.put_in(messages, &printer, now) {
            Ok(answers) => answers,
            Err(error) => messages.iter().map(|_| trouble("letter_box", &error.to_string())).collect(),
        }
    }

    /// Takes letters in under the box's lock. An error stands for all of them: what was written before it is found again
    /// when they come again.
    fn put_in(
        &mut self,
        messages: &[&ClearedMessage],
        printer: &Printer,
        now: Timestamp,
    ) -> Result<Vec<Handover>, DeliveryError> {
        let _lock = self.lock()?;
        self.read_lists(now)?;
        self.finish()?;
        let mut fresh = Vec::new();
        let mut answers = Vec::with_capacity(messages.len());
        for message in messages {
            answers.push(match self.refusal(message, printer) {
                Some(refusal) => refusal,
                None => self.keep(message, &mut fresh, now)?,
            });
        }
        sync_folder(&self.folder("pending"))?;
        if let Err(error) = self.write_pending(printer) {
            // What could not be printed was not taken.
            fresh.iter().try_for_each(|path| remove(path))?;
            return Err(error);
        }
        for (message, answer) in messages.iter().zip(&mut answers) {
            if let Some(place) = self.batched.get(&message.id()) {
                *answer = Handover::Accepted { references: vec![place.batch.clone()] };
            }
        }
        Ok(answers)
    }

    /// Why a letter cannot be printed, whenever.
    fn refusal(&self, message: &ClearedMessage, printer: &Printer) -> Option<Handover> {
        if let Err(complaint) = PostalAddress::parse(message.recipient().reveal()) {
            return Some(Handover::Rejected {
                code: "address".to_owned(),
                detail: complaint.to_string(),
                address_is_bad: true,
            });
        }
        let texts = [message.recipient().reveal(), message.subject(), message.body().reveal()];
        match printer.missing_in(&texts.join("\n")) {
            Err(complaint) => Some(trouble("font", &complaint)),
            Ok(missing) => missing.first().map(|letter| Handover::Rejected {
                code: "missing_letter".to_owned(),
                detail: format!(
                    "the font has no picture of the letter U+{:04X} ({letter}); name another one as font under [statement]",
                    u32::from(*letter)
                ),
                address_is_bad: false,
            }),
        }
    }

    /// Writes the letter's file, unless it is in the box or in a batch already. Which batch it comes into is not known yet.
    fn keep(
        &self,
        message: &ClearedMessage,
        fresh: &mut Vec<PathBuf>,
        now: Timestamp,
    ) -> Result<Handover, DeliveryError> {
        let id = message.id();
        let taken = || Handover::Accepted { references: Vec::new() };
        if self.batched.contains_key(&id) {
            return Ok(taken());
        }
        let path = self.pending_path(id);
        let today = now.date_in(&self.config.zone);
        if !path.exists() {
            let pending = Pending {
                id: id.to_string(),
                recipient: message.recipient().reveal().to_owned(),
                language: message.language().code().to_owned(),
                subject: message.subject().to_owned(),
                body: message.body().reveal().to_owned(),
                dated: today.to_string(),
                batch_on: today.to_string(),
            };
            let mut text = serde_json::to_vec_pretty(&pending)
                .map_err(|error| DeliveryError::file("write", &path)(error.into()))?;
            text.push(b'\n');
            write_whole(&path, &text)?;
            fresh.push(path);
        }
        Ok(taken())
    }

    /// The receipts that have come; before that the batches that another one was writing when it ended are written.
    pub(crate) fn receipts(&mut self, now: Timestamp) -> Result<ReceiptBatch, DeliveryError> {
        if let Some(printer) = self.config.printer.clone() {
            let _lock = self.lock()?;
            self.read_lists(now)?;
            self.finish()?;
            self.write_pending(&printer)?;
        }
        let mut batch = read_receipts(&self.provider, &self.config.folder)?;
        batch.each_receipt(|receipt| said_by_post(receipt, self.config.posted_is_delivered));
        Ok(batch)
    }

    fn folder(&self, name: &str) -> PathBuf {
        self.config.folder.join(name)
    }

    fn pending_path(&self, id: MessageId) -> PathBuf {
        self.folder("pending").join(format!("{id}.json"))
    }

    /// Waits until no other process works on the box; the lock ends with the file that is returned.
    fn lock(&self) -> Result<fs::File, DeliveryError> {
        let path = self.folder("lock");
        let open = || {
            let file = create_private(&path)?;
            file.lock()?;
            Ok(file)
        };
        open().map_err(DeliveryError::file("lock", &path))
    }

    /// Reads the lists of batches that are new since the last look.
    fn read_lists(&mut self, now: Timestamp) -> Result<(), DeliveryError> {
        let since = index::day_name(now.date_in(&self.config.zone).plus_days(-LIST_DAYS));
        let folder = self.folder("batches");
        for name in names_in(&folder)? {
            let Some(batch) = name.strip_suffix(".csv").filter(|batch| !batch.starts_with('.')) else {
                continue;
            };
            if batch < since.as_str() || self.lists_read.contains(batch) {
                continue;
            }
            for (id, page_count) in index::read_list(&folder.join(&name))? {
                self.batched.insert(id, Place { batch: batch.to_owned(), page_count });
            }
            self.lists_read.insert(batch.to_owned());
        }
        Ok(())
    }

    /// The letters that wait, in the order of their ids, with the day of their batch.
    fn pending(&self) -> Result<Vec<(Letter, Date)>, DeliveryError> {
        let folder = self.folder("pending");
        let mut letters = Vec::new();
        for name in names_in(&folder)? {
            if !name.ends_with(".json") || name.starts_with('.') {
                continue;
            }
            let path = folder.join(name);
            let bytes = fs::read(&path).map_err(DeliveryError::file("read", &path))?;
            let damaged = || DeliveryError::file("read", &path)(ErrorKind::InvalidData.into());
            let pending: Pending = serde_json::from_slice(&bytes).map_err(|_| damaged())?;
            letters.push(letter_of(pending).ok_or_else(damaged)?);
        }
        Ok(letters)
    }
}

fn letter_of(pending: Pending) -> Option<(Letter, Date)> {
    let letter = Letter {
        id: MessageId::parse(&pending.id)?,
        address: PostalAddress::parse(&pending.recipient).ok()?,
        language: Language::parse(&pending.language)?,
        subject: pending.subject,
        body: pending.body,
        dated: Date::parse(&pending.dated).ok()?,
    };
    Some((letter, Date::parse(&pending.batch_on).ok()?))
}

/// Reads a receipt as the post means it: what came back because the person is not there makes the address a bad one; what
/// was posted has arrived only where the lender says so.
fn said_by_post(receipt: &mut Receipt, posted_is_delivered: bool) {
    match &receipt.state {
        ReceiptState::Underway { code } if code == "posted" && posted_is_delivered => {
            receipt.state = ReceiptState::Delivered;
        }
        ReceiptState::Failed { code } if code == "returned:moved" || code == "returned:unknown" => {
            receipt.address_is_bad = true;
        }
        ReceiptState::Failed { .. }
        | ReceiptState::Underway { .. }
        | ReceiptState::Delivered
        | ReceiptState::Read => {}
    }
}

fn trouble(code: &str, detail: &str) -> Handover {
    Handover::Unavailable { code: code.to_owned(), detail: detail.to_owned() }
}

/// The names in a folder, in order.
fn names_in(folder: &Path) -> Result<Vec<String>, DeliveryError> {
    let list = || -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(folder)? {
            names.extend(entry?.file_name().into_string().ok());
        }
        names.sort_unstable();
        Ok(names)
    };
    list().map_err(DeliveryError::file("list", folder))
}

/// Writes a file that is whole or absent, and would survive a loss of power once its folder is synced.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), DeliveryError> {
    let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let draft = path.with_file_name(format!(".{name}.writing"));
    let write = || -> io::Result<()> {
        let mut file = create_private(&draft)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&draft, path)
    };
    write().map_err(DeliveryError::file("write", path))
}

fn sync_folder(folder: &Path) -> Result<(), DeliveryError> {
    let sync = || fs::File::open(folder)?.sync_all();
    sync().map_err(DeliveryError::file("sync", folder))
}

/// Removes a file; one that is gone already is as good.
fn remove(path: &Path) -> Result<(), DeliveryError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(DeliveryError::file("remove", path)(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

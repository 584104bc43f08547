//! Import of a portfolio folder: every row is checked, what is new is added, what was corrected is corrected.
//!
//! All tables of a folder are one transaction: a file that cannot be read leaves nothing behind. Rows that
//! cannot be taken go to the rejects file with line, column, reason and remedy, and the rest goes in. The same
//! folder a second time changes nothing. Facts are never overwritten: a corrected one is withdrawn and added
//! anew.

mod contact;
mod facts;
mod opt_outs;
mod past;
mod people;
mod products;

pub use contact::{ContactExample, ContactOutcome};
pub(crate) use facts::fact_id;
pub use opt_outs::OptOutOutcome;

use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
use std::cell::Cell;
use std::path::{Path, PathBuf};

use dunlin_domain::date::{Date, Timestamp};
use dunlin_store::{StoreError, Tx, audit};

use crate::policies::Policies;
use crate::portfolio::{
    Encoding, PortfolioRow, ProductRow, ReadError, RejectsWriter, RowError, Survey, Table, TableReader,
    open_table, survey,
};
use crate::{Clock, Engine, EngineError};

/// Rows that are checked against the database at once.
const CHUNK_ROW_COUNT: usize = 5_000;

/// What to import.
#[derive(Clone, Debug)]
pub struct ImportOptions {
    /// The folder.
    pub folder: PathBuf,
    /// The encoding of its CSV files.
    pub encoding: Encoding,
    /// Where rejected rows go. The file is written only if there are some.
    pub rejects_file: PathBuf,
}

/// How far an import is.
#[derive(Clone, Copy, Debug)]
pub struct ImportProgress {
    /// The table being read.
    pub table: Table,
    /// Rows read of it.
    pub rows: u64,
    /// Bytes read of its file.
    pub bytes_read: u64,
    /// Bytes of its file.
    pub bytes_total: u64,
}

/// What became of the rows of one table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableReport {
    /// The table.
    pub table: Table,
    /// Rows read.
    pub rows: u64,
    /// Added.
    pub added: u64,
    /// Corrected.
    pub changed: u64,
    /// Known already, and equal.
    pub unchanged: u64,
    /// Not taken; see the rejects file.
    pub rejected: u64,
}

/// What an import did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportReport {
    /// The tables that were there, in the order of import.
    pub tables: Vec<TableReport>,
    /// The rejects file, if rows were rejected.
    pub rejects_file: Option<PathBuf>,
    /// What became of changes of contact points in use, if there were any.
    pub contact: Option<ContactOutcome>,
    /// What became of changes of opt-outs of customers who were known, if there were any.
    pub opt_outs: Option<OptOutOutcome>,
    /// What became of names that people had corrected.
    pub names: CorrectedNames,
    /// Numbers and addresses that were corrected by hand and kept, since the row says the one that the file said before.
    pub point_corrections_kept: u64,
}

/// What an import made of names that were corrected by hand before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CorrectedNames {
    /// Kept, since the row says the name that the file said before the correction.
    pub kept: u64,
    /// Replaced by a name that the file did not say before.
    pub replaced: u64,
}

impl ImportReport {
    /// Rows that were not taken, over all tables.
    #[must_use]
    pub fn rejected(&self) -> u64 {
        self.tables.iter().map(|table| table.rejected).sum()
    }
}

/// What the rows of one import share.
struct Run<'r> {
    engine: &'r Engine,
    /// The moment by the wall clock; marks the rows of this import.
    now: Timestamp,
    /// The moment at which facts count as learned: by the clock in use.
    learned_at: Timestamp,
    /// The latest value date that is taken.
    today: Date,
    /// The date on which changed agreements are looked at.
    wake_on: Date,
    encoding: Encoding,
    folder: &'r Path,
    rejects: RejectsWriter,
    /// The file being read and what a place in it is counted in, as in `customers.csv line`.
    file: String,
    /// What it is done for.
    purpose: Purpose,
    /// What became of changes of contact points in use.
    contact: Option<ContactOutcome>,
    /// What became of changes of opt-outs.
    opt_outs: Option<OptOutOutcome>,
    /// What became of names that people had corrected.
    names: CorrectedNames,
    /// Numbers and addresses that stay as they were corrected by hand.
    point_corrections_kept: u64,
}

/// What the tables are read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    /// What they say is taken over.
    Change,
    /// Somebody looks at what would be.
    Preview,
}

/// How the transaction of a preview ends.
enum Ended {
    Previewed(Box<ImportReport>),
    Failed(EngineError),
}

impl From<StoreError> for Ended {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

/// Refuses a preview of a folder with products of its own that the database does not have: what is under them could not
/// be told.
fn policies_known(folder: &Path, encoding: Encoding, policies: &Policies) -> Result<(), EngineError> {
    let Some(reader) = open_table::<ProductRow>(folder, encoding)? else { return Ok(()) };
    for row in reader {
        let Ok((line, row)) = row else { continue };
        if policies.product(&row.product, row.version).is_none() {
            let (name, version) = (&row.product, row.version);
            let complaint = wording!(
                "products 第 {line} 行：数据库中尚无 {name}@{version}；请先用 `dunlin policy import` 导入",
                "products line {line}: {name}@{version} is not in the database yet; bring it in with `dunlin policy import` first"
            );
            return Err(EngineError::Refused { code: "preview_products", complaint });
        }
    }
    Ok(())
}

/// A row with its line.
type Numbered<R> = (u64, R);

/// What a chunk of rows came to, and the rows that were not taken.
#[derive(Default)]
struct ChunkOutcome {
    added: u64,
    changed: u64,
    unchanged: u64,
    rejected: Vec<(usize, Rejection)>,
}

/// Why a row is not taken: column, reason, remedy.
struct Rejection {
    column: &'static str,
    reason: Wording,
    remedy: Wording,
}

impl ChunkOutcome {
    fn reject(&mut self, index: usize, column: &'static str, reason: Wording, remedy: Wording) {
        self.rejected.push((index, Rejection { column, reason, remedy }));
    }
}

/// What two rows with one id are to each other.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Meeting {
    /// Equal: nothing to do.
    Same,
    /// The earlier one came with this import: one of the two is wrong.
    Clash,
    /// The earlier one came with an earlier import: this one corrects it.
    Correction,
}

impl Meeting {
    fn of(known_hash: [u8; 16], known_at: Timestamp, hash: [u8; 16], now: Timestamp) -> Self {
        match known_hash == hash {
            true => Self::Same,
            false if known_at == now => Self::Clash,
            false => Self::Correction,
        }
    }
}

fn clash_reason() -> Wording {
    wording!(
        "同一编号在本次导入中出现两次，内容不同",
        "the id stands twice in this import, with different content"
    )
}

fn clash_remedy() -> Wording {
    wording!("请只留一行，或各用各的编号", "keep one of the two rows, or give each an id of its own")
}

impl Engine {
    /// Imports a portfolio folder.
    ///
    /// `fresh_key` gives 32 random bytes for each new customer.
    ///
    /// # Errors
    /// A file that cannot be read, with the line and the remedy; a policy document that is refused; what the
    /// database says. Nothing is imported then.
    pub fn import(
        &self,
        options: &ImportOptions,
        now: Timestamp,
        fresh_key: &mut dyn FnMut() -> [u8; 32],
        progress: &mut dyn FnMut(ImportProgress),
    ) -> Result<ImportReport, EngineError> {
        let survey = survey(&options.folder)?;
        self.import_products(&options.folder, options.encoding, now)?;
        let policies = self.policies()?;
        self.db.write_as(|tx| {
            let what = (options, &survey, &*policies);
            self.import_tables(tx, what, Purpose::Change, (now, &mut *fresh_key), &mut *progress)
        })
    }

    /// What an import would do. Nothing is changed; rejected rows are written to the rejects file as by the import.
    ///
    /// # Errors
    /// As [`Engine::import`]; `preview_products` for a folder with a product that the database does not have.
    pub fn import_preview(
        &self,
        options: &ImportOptions,
        now: Timestamp,
        fresh_key: &mut dyn FnMut() -> [u8; 32],
        progress: &mut dyn FnMut(ImportProgress),
    ) -> Result<ImportReport, EngineError> {
        let survey = survey(&options.folder)?;
        let policies = self.policies()?;
        policies_known(&options.folder, options.encoding, &policies)?;
        let ended = self.db.write_as(|tx| -> Result<(), Ended> {
            let what = (options, &survey, &*policies);
            let report =
                self.import_tables(tx, what, Purpose::Preview, (now, &mut *fresh_key), &mut *progress);
            // The transaction is given up, so that nothing of it stays.
            Err(report.map_or_else(Ended::Failed, |report| Ended::Previewed(Box::new(report))))
        });
        match ended {
            Err(Ended::Previewed(report)) => Ok(*report),
            Err(Ended::Failed(error)) => Err(error),
            Ok(()) => unreachable!("a preview always gives its transaction up"),
        }
    }

    fn import_tables(
        &self,
        tx: &mut Tx<'_>,
        (options, survey, policies): (&ImportOptions, &Survey, &Policies),
        purpose: Purpose,
        (now, fresh_key): (Timestamp, &mut dyn FnMut() -> [u8; 32]),
        progress: &mut dyn FnMut(ImportProgress),
    ) -> Result<ImportReport, EngineError> {
        let wake_on = self.wake_date(tx)?;
        let mut run = Run {
            engine: self,
            now,
            learned_at: self.learned_at(now, wake_on),
            today: now.date_in(&self.zone),
            wake_on,
            encoding: options.encoding,
            folder: &options.folder,
            rejects: RejectsWriter::create(&options.rejects_file)?,
            file: String::new(),
            purpose,
            contact: None,
            opt_outs: None,
            names: CorrectedNames::default(),
            point_corrections_kept: 0,
        };
        let mut tables = Vec::new();
        for table in Table::ALL {
            let Some((_, format)) = survey.tables.iter().find(|(found, _)| *found == table) else {
                continue;
            };
            run.file = format!("{}.{} {}", table.stem(), format.extension(), format.place());
            if let Some(report) = run.table(tx, table, policies, fresh_key, progress)? {
                tables.push(report);
            }
        }
        let rejected = run.rejects.count();
        run.rejects.finish()?;
        self.audit_import(tx, &options.folder, &tables, now)?;
        let rejects_file = (rejected > 0).then(|| options.rejects_file.clone());
        let Run { contact, opt_outs, names, point_corrections_kept, .. } = run;
        Ok(ImportReport { tables, rejects_file, contact, opt_outs, names, point_corrections_kept })
    }

    /// When a fact that comes in now counts as learned. In a rehearsal that is the morning of the open day, or,
    /// before the first day, before everything.
    pub(crate) fn learned_at(&self, now: Timestamp, open_on: Date) -> Timestamp {
        match self.clock {
            Clock::Real => now,
            Clock::Business => Timestamp::at(open_on, 8, 0, &self.zone),
        }
    }

    fn audit_import(
        &self,
        tx: &mut Tx<'_>,
        folder: &Path,
        tables: &[TableReport],
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let changes = tables.iter().any(|table| table.added + table.changed > 0);
        if !changes {
            return Ok(());
        }
        let line = |table: &TableReport| {
            let (stem, added, changed) = (table.table.stem(), table.added, table.changed);
            format!(
                "{stem}: {added} added, {changed} changed, {} unchanged, {} rejected",
                table.unchanged, table.rejected
            )
        };
        let after = tables.iter().map(line).collect::<Vec<_>>().join("; ");
        let subject = folder.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let entry = audit::Entry {
            at: now,
            actor: &self.config.actor,
            action: "import",
            subject: &subject,
            before: None,
            after: Some(&after),
            cause: "command",
        };
        Ok(self.audit(tx, &entry)?)
    }
}

impl Run<'_> {
    /// A line of the table that is being read, for those who look for where a row came from.
    fn place(&self, line: u64) -> String {
        let folder =
            self.folder.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        format!("{folder}/{} {line}", self.file)
    }

    fn table(
        &mut self,
        tx: &mut Tx<'_>,
        table: Table,
        policies: &Policies,
        fresh_key: &mut dyn FnMut() -> [u8; 32],
        progress: &mut dyn FnMut(ImportProgress),
    ) -> Result<Option<TableReport>, EngineError> {
        match table {
            // Products were imported before, so that their versions are known to the agreements.
            Table::Products => Ok(None),
            Table::Customers => {
                let (mut held, names) = (Vec::new(), Cell::new(CorrectedNames::default()));
                let report = self.read(progress, |run, chunk| {
                    people::customers(tx, run, chunk, fresh_key, (&mut held, &names))
                })?;
                self.names = names.get();
                self.opt_outs = opt_outs::finish(tx, self, &held)?;
                Ok(report)
            }
            Table::ContactPoints => {
                let crowded = contact::Crowded::of(self)?;
                let mut brought = contact::Brought::default();
                let report = self.read(progress, |run, chunk| {
                    contact::contact_points(tx, run, chunk, &crowded, &mut brought)
                })?;
                let held = brought.held;
                self.point_corrections_kept = brought.corrections_kept;
                self.contact = contact::finish(tx, self, &held, self.purpose == Purpose::Preview)?;
                self.engine.watch_contact_data(tx, self.wake_on, None, self.now)?;
                let waits = self.contact.as_ref().is_some_and(|contact| contact.state != "done");
                // What waits was not changed.
                let waiting = if waits { held.len() as u64 } else { 0 };
                Ok(report.map(|report| TableReport { changed: report.changed - waiting, ..report }))
            }
            Table::Agreements => {
                self.read(progress, |run, chunk| people::agreements(tx, run, policies, chunk))
            }
            Table::Purchases => self.read(progress, |run, chunk| facts::purchases(tx, run, policies, chunk)),
            Table::Obligations => self.read(progress, |run, chunk| facts::obligations(tx, run, chunk)),
            Table::Payments => self.read(progress, |run, chunk| facts::payments(tx, run, chunk)),
            Table::Refunds => self.read(progress, |run, chunk| facts::refunds(tx, run, chunk)),
            Table::Contacts => self.read(progress, |run, chunk| past::past_contacts(tx, run, chunk)),
        }
    }

    /// Reads a table in chunks and hands each to `take`.
    fn read<R: PortfolioRow>(
        &mut self,
        progress: &mut dyn FnMut(ImportProgress),
        mut take: impl FnMut(&Self, &[Numbered<R>]) -> Result<ChunkOutcome, EngineError>,
    ) -> Result<Option<TableReport>, EngineError> {
        let Some(mut reader) = open_table::<R>(self.folder, self.encoding)? else { return Ok(None) };
        let mut report =
            TableReport { table: R::TABLE, rows: 0, added: 0, changed: 0, unchanged: 0, rejected: 0 };
        let mut chunk: Vec<Numbered<R>> = Vec::with_capacity(CHUNK_ROW_COUNT);
        loop {
            let next = reader.next();
            let is_end = next.is_none();
            match next {
                Some(Ok(row)) => {
                    report.rows += 1;
                    chunk.push(row);
                }
                Some(Err(ReadError::Row(error))) => {
                    report.rows += 1;
                    report.rejected += 1;
                    self.rejects.write(&error)?;
                }
                Some(Err(ReadError::File(error))) => return Err(error.into()),
                None => {}
            }
            if chunk.len() >= CHUNK_ROW_COUNT || (is_end && !chunk.is_empty()) {
                let outcome = take(self, &chunk)?;
                self.write_rejects(&reader, &chunk, &outcome)?;
                report.added += outcome.added;
                report.changed += outcome.changed;
                report.unchanged += outcome.unchanged;
                report.rejected += outcome.rejected.len() as u64;
                chunk.clear();
                let at = reader.progress();
                let (bytes_read, bytes_total) = (at.bytes_read, at.bytes_total);
                progress(ImportProgress { table: R::TABLE, rows: report.rows, bytes_read, bytes_total });
            }
            if is_end {
                return Ok(Some(report));
            }
        }
    }

    fn write_rejects<R: PortfolioRow>(
        &mut self,
        reader: &TableReader<R>,
        chunk: &[Numbered<R>],
        outcome: &ChunkOutcome,
    ) -> Result<(), EngineError> {
        for (index, rejection) in &outcome.rejected {
            let (line, row) = &chunk[*index];
            let Rejection { column, reason, remedy } = rejection;
            let error: RowError = reader.reject(*line, row, column, None, reason.clone(), remedy.clone());
            self.rejects.write(&error)?;
        }
        Ok(())
    }
}

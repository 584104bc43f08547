//! All statements of one cut-off as files, with an index.

use dunlin_domain::wording;
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use dunlin_domain::contact::Language;
use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::id::Part;
use dunlin_store::agreement::{self, AgreementRow};
use dunlin_store::{check, customer, line};

use super::{AddressedStatement, Loaded, StatementFormat, made};
use crate::document::Font;
use crate::policies::Policies;
use crate::statement_document::{Addressee, Knowledge};
use crate::{Engine, EngineError};

/// Agreements that are read at once.
const CHUNK: usize = 500;

/// What a batch is to write.
#[derive(Clone, Debug)]
pub struct StatementBatch {
    /// The cut-off.
    pub cut_off_on: Date,
    /// The folder; made when it is not there.
    pub folder: PathBuf,
    /// The form of the files.
    pub format: StatementFormat,
    /// The language of all of them; `None` for each customer's own.
    pub language: Option<Language>,
    /// Which facts count.
    pub knowledge: Knowledge,
}

/// One statement of a batch, as it stands in the index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchLine {
    /// The lender's id of the agreement.
    pub agreement: String,
    /// The file's name; empty when there is none.
    pub file: String,
    /// Why there is no file; empty when there is one.
    pub problem: String,
}

/// What a batch wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BatchReport {
    /// Statements written.
    pub written: u64,
    /// Agreements without a statement on that day.
    pub without: u64,
    /// Statements that could not be made: each is an incident.
    pub failed: Vec<BatchLine>,
    /// Statements in which the font lacked letters.
    pub with_missing_letters: u64,
}

impl Engine {
    /// Writes every statement of a cut-off into a folder, with `index.csv`, which gets its name when all files are
    /// there. A part of the portfolio is held at a time. Each part's opening of names stands in the audit log before
    /// its files are written. `progress` hears how many agreements are done.
    ///
    /// # Errors
    /// A day that is not closed; a folder that cannot be written or holds a batch; no font for PDFs; what the
    /// database says. A statement that cannot be made does not stop the others, and stands in the report.
    pub fn write_statements(
        &self,
        batch: &StatementBatch,
        now: Timestamp,
        progress: &mut dyn FnMut(u64),
    ) -> Result<BatchReport, EngineError> {
        let closed = self.last_closed_day()?.ok_or(EngineError::NoDayYet)?.0;
        if batch.cut_off_on > closed {
            let (asked, last) = (batch.cut_off_on, closed);
            let complaint = wording!(
                "会计日 {asked} 尚未日切；最近一个已日切的会计日是 {last}",
                "day {asked} is not closed yet; the last closed day is {last}"
            );
            return Err(EngineError::Refused { code: "day_not_run", complaint });
        }
        let font = (batch.format == StatementFormat::Pdf).then(|| self.font()).transpose()?;
        let policies = self.policies()?;
        let mut output = Output::create(&batch.folder)?;
        let mut report = BatchReport::default();
        let mut done = 0;
        for part in self.db.read_as(|tx| -> Result<_, EngineError> { Ok(check::parts_in_use(tx)?) })? {
            let rows = self.cut_off_rows(&policies, part, batch.cut_off_on)?;
            for chunk in rows.chunks(CHUNK) {
                self.write_chunk(
                    batch,
                    &policies,
                    part,
                    chunk,
                    font.as_ref(),
                    now,
                    &mut output,
                    &mut report,
                )?;
                done += chunk.len() as u64;
                progress(done);
            }
        }
        output.finish()?;
        Ok(report)
    }

    /// Agreements of a part for which the day ends a cycle.
    fn cut_off_rows(
        &self,
        policies: &Policies,
        part: Part,
        cut_off_on: Date,
    ) -> Result<Vec<AgreementRow>, EngineError> {
        let mut rows = Vec::new();
        self.db.read(|tx| {
            rows.clear();
            agreement::each_of_part(tx, part, |row| {
                rows.push(row);
                Ok(())
            })
        })?;
        let mut due = Vec::new();
        for row in rows {
            let terms = policies.terms(&row.product, row.product_version, row.statement_day, cut_off_on)?;
            let ends = terms.statement_day.next_after(cut_off_on.plus_days(-1)) == cut_off_on;
            if ends && row.opened_on <= cut_off_on {
                due.push(row);
            }
        }
        Ok(due)
    }

    fn write_chunk(
        &self,
        batch: &StatementBatch,
        policies: &Policies,
        part: Part,
        rows: &[AgreementRow],
        font: Option<&Font>,
        now: Timestamp,
        output: &mut Output,
        report: &mut BatchReport,
    ) -> Result<(), EngineError> {
        let loaded = self.load_chunk(rows)?;
        let mut statements = Vec::with_capacity(loaded.len());
        for loaded in &loaded {
            let made = self
                .with_source(policies, loaded, now, |source| made(source, batch.cut_off_on, batch.knowledge));
            match made {
                Ok(None) => report.without += 1,
                Ok(Some(document)) => {
                    self.close_incident_of(&loaded.row, batch.cut_off_on, now)?;
                    let customer = loaded.customer.as_ref();
                    let language = batch.language.or(customer.map(|customer| customer.language));
                    let addressee = Addressee {
                        name: customer.map_or_else(String::new, |customer| customer.name.reveal().to_owned()),
                        language: language.unwrap_or(Language::Zh),
                    };
                    statements.push(AddressedStatement { document, addressee });
                }
                Err(error) => {
                    let agreement = loaded.row.external_id.clone();
                    let line = BatchLine { agreement, file: String::new(), problem: error.to_string() };
                    output.index_failure(&line)?;
                    report.failed.push(line);
                }
            }
        }
        if statements.is_empty() {
            return Ok(());
        }
        let subject = format!("{} customers of part {}", statements.len(), part.number());
        let after = format!("statements of {}, {}", batch.cut_off_on, batch.knowledge.code());
        self.db.write_as(|tx| self.audit_opening(tx, &subject, &after, "statement batch", now))?;
        for statement in &statements {
            let written = self.write_statement(statement, batch.format, font)?;
            output.file(statement, batch.format, &written.bytes, &written.missing)?;
            report.written += 1;
            report.with_missing_letters += u64::from(!written.missing.is_empty());
        }
        Ok(())
    }

    fn load_chunk(&self, rows: &[AgreementRow]) -> Result<Vec<Loaded>, EngineError> {
        let keys: Vec<_> = rows.iter().map(|row| (row.part, row.id, row.currency)).collect();
        let people: Vec<_> = rows.iter().map(|row| row.customer).collect();
        let agreements: Vec<_> = rows.iter().map(|row| (row.part, row.id)).collect();
        let (mut facts, mut limits, customers) = self.db.read_as(|tx| -> Result<_, EngineError> {
            let facts = agreement::facts_of(tx, &keys)?;
            let limits = line::limit_changes(tx, &agreements)?;
            Ok((facts, limits, customer::opened(tx, &self.master, &people)?))
        })?;
        let customers: HashMap<_, _> = customers;
        let load = |row: &AgreementRow| Loaded {
            facts: facts.remove(&row.id).unwrap_or_default(),
            limit_changes: limits.remove(&row.id).unwrap_or_default(),
            customer: customers.get(&row.customer).cloned(),
            row: row.clone(),
        };
        Ok(rows.iter().map(load).collect())
    }
}

/// The folder of a batch and its index.
struct Output {
    folder: PathBuf,
    index: csv::Writer<File>,
}

const INDEX: &str = "index.csv";
const INDEX_PARTIAL: &str = "index.csv.partial";

impl Output {
    fn create(folder: &Path) -> Result<Self, EngineError> {
        fs::create_dir_all(folder).map_err(|error| trouble(folder, &error))?;
        let done = folder.join(INDEX);
        if done.exists() {
            let complaint = wording!(
                "{} 中已有一批账单；请换一个文件夹，或移走其中的 {INDEX} 后重新写出",
                "{} holds a batch already; name another folder, or take its {INDEX} away to write it again",
                folder.display()
            );
            return Err(EngineError::Refused { code: "not_empty", complaint });
        }
        let partial = folder.join(INDEX_PARTIAL);
        let file = File::create(&partial).map_err(|error| trouble(&partial, &error))?;
        let mut output = Self { folder: folder.to_owned(), index: csv::Writer::from_writer(file) };
        output.record(&[
            "agreement_id",
            "file",
            "language",
            "kind",
            "due_on",
            "currency",
            "new_balance",
            "minimum_payment",
            "overdue",
            "missing_letters",
            "problem",
        ])?;
        Ok(output)
    }

    fn record(&mut self, cells: &[&str]) -> Result<(), EngineError> {
        let place = self.folder.join(INDEX_PARTIAL);
        self.index.write_record(cells).map_err(|error| trouble(&place, &std::io::Error::other(error)))
    }

    fn index_failure(&mut self, line: &BatchLine) -> Result<(), EngineError> {
        self.record(&[&line.agreement, "", "", "", "", "", "", "", "", "", &line.problem])
    }

    /// Writes under another name first, so that a file under its name is whole.
    fn file(
        &mut self,
        statement: &AddressedStatement,
        format: StatementFormat,
        bytes: &[u8],
        missing: &[char],
    ) -> Result<(), EngineError> {
        let document = &statement.document;
        let name =
            format!("{}_{}.{}", file_stem(&document.agreement), document.cut_off_on, format.extension());
        let place = self.folder.join(&name);
        let partial = self.folder.join(format!("{name}.partial"));
        let write = || {
            let mut file = File::create(&partial)?;
            file.write_all(bytes)?;
            fs::rename(&partial, &place)
        };
        write().map_err(|error| trouble(&place, &error))?;
        self.record(&[
            &document.agreement,
            &name,
            statement.addressee.language.code(),
            document.kind.code(),
            &document.due_on.map_or_else(String::new, |due_on| due_on.to_string()),
            document.currency.code(),
            &document.balance.new_balance().to_string(),
            &document.minimum.map_or_else(String::new, |minimum| minimum.minimum.to_string()),
            &document.overdue.map_or_else(String::new, |overdue| overdue.amount.to_string()),
            &missing.iter().collect::<String>(),
            "",
        ])
    }

    fn finish(mut self) -> Result<(), EngineError> {
        let partial = self.folder.join(INDEX_PARTIAL);
        let renamed = self.index.flush().and_then(|()| fs::rename(&partial, self.folder.join(INDEX)));
        renamed.map_err(|error| trouble(&partial, &error))
    }
}

/// An id as part of a file's name: letters, digits, `-` and `_` stay, any other byte becomes `%XX`, so that two ids
/// never share a file.
fn file_stem(id: &str) -> String {
    let mut stem = String::with_capacity(id.len());
    for byte in id.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_' {
            stem.push(char::from(byte));
        } else {
            stem.push_str(&format!("%{byte:02X}"));
        }
    }
    stem
}

fn trouble(place: &Path, error: &std::io::Error) -> EngineError {
    let complaint = wording!(
        "无法写入 {}：{error}；请检查所在文件夹和磁盘",
        "cannot write {}: {error}; check its folder and the disk",
        place.display()
    );
    EngineError::Refused { code: "statement_file", complaint }
}

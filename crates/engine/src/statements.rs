//! Statements of agreements: one, the list of them, and all of a cut-off as files.
//!
//! A statement is derived from facts each time and kept nowhere, so there is nothing that could differ from the
//! books. Names are opened only for a document that goes to its customer, and that stands in the audit log before
//! the document is handed out; what the console shows has the name masked.

mod batch;

use dunlin_domain::contact::Language;
use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::wording;
use dunlin_store::agreement::{self, AgreementRow, StoredFact};
use dunlin_store::line::{self, LimitChange};
use dunlin_store::{Tx, agreement_incident, audit, customer};
use serde_json::Value;

use crate::document::{self, Content, Font};
use crate::policies::Policies;
use crate::statement_document::{
    self, Addressee, Knowledge, Source, StatementDocument, StatementError, cut_offs,
};
use crate::{Engine, EngineError};

pub use batch::{BatchLine, BatchReport, StatementBatch};

/// The code of a statement that does not add up, as a refusal and as an incident.
const UNBALANCED: &str = "statement_unbalanced";

/// A statement that could not be made, and why.
struct NotMade {
    cut_off_on: Date,
    error: StatementError,
}

/// The statement of a day.
fn made(
    source: &Source<'_>,
    cut_off_on: Date,
    knowledge: Knowledge,
) -> Result<Option<StatementDocument>, NotMade> {
    source.statement(cut_off_on, knowledge).map_err(|error| NotMade { cut_off_on, error })
}

/// A form of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatementFormat {
    /// Plain text.
    Text,
    /// One HTML file that needs nothing else.
    Html,
    /// A PDF, A4.
    Pdf,
    /// For programs.
    Json,
}

impl StatementFormat {
    /// Every form.
    pub const ALL: [Self; 4] = [Self::Text, Self::Html, Self::Pdf, Self::Json];

    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Html => "html",
            Self::Pdf => "pdf",
            Self::Json => "json",
        }
    }

    /// The end of a file's name.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Text => "txt",
            Self::Html => "html",
            Self::Pdf => "pdf",
            Self::Json => "json",
        }
    }

    /// Reads a code.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.code() == code)
    }
}

/// A statement with its addressee.
#[derive(Clone, Debug)]
pub struct AddressedStatement {
    /// The statement.
    pub document: StatementDocument,
    /// To whom it goes.
    pub addressee: Addressee,
}

/// A written document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The file.
    pub bytes: Vec<u8>,
    /// Letters that the font of a PDF has no picture of; a sign for "missing" stands in their place.
    pub missing: Vec<char>,
}

/// What the statements of one agreement need, read at once.
struct Loaded {
    row: AgreementRow,
    facts: Vec<StoredFact>,
    limit_changes: Vec<LimitChange>,
    customer: Option<customer::CustomerRow>,
}

impl Engine {
    /// Every statement of an agreement up to the last closed day, oldest first.
    ///
    /// # Errors
    /// [`EngineError::NotFound`], [`EngineError::NoDayYet`], a statement that does not reconcile; what the database
    /// says.
    pub fn statements(
        &self,
        name: &str,
        knowledge: Knowledge,
        now: Timestamp,
    ) -> Result<Vec<StatementDocument>, EngineError> {
        let through = self.last_closed_day()?.ok_or(EngineError::NoDayYet)?.0;
        let policies = self.policies()?;
        let loaded = self.db.read_as(|tx| self.load(tx, name))?;
        self.with_source(&policies, &loaded, now, |source| {
            let days = cut_offs(source.terms, source.opened_on, through);
            let documents = days.into_iter().map(|day| made(source, day, knowledge));
            let documents: Result<Vec<_>, _> = documents.collect();
            Ok(documents?.into_iter().flatten().collect())
        })
    }

    /// One statement for its customer, in the customer's language unless another is named. Its name is opened, and
    /// the audit log says so.
    ///
    /// # Errors
    /// [`EngineError::NotFound`], [`EngineError::NoDayYet`]; `no_statement` where there is none on that day;
    /// `statement_unbalanced`; what the database says.
    pub fn statement(
        &self,
        name: &str,
        cut_off: Option<Date>,
        knowledge: Knowledge,
        language: Option<Language>,
        now: Timestamp,
    ) -> Result<AddressedStatement, EngineError> {
        let (document, loaded) = self.find_statement(name, cut_off, knowledge, now)?;
        let customer = loaded.customer.as_ref();
        let addressee = Addressee {
            name: customer.map_or_else(String::new, |customer| customer.name.reveal().to_owned()),
            language: language.or(customer.map(|customer| customer.language)).unwrap_or(Language::Zh),
        };
        let subject = loaded.row.id.to_string();
        let after = format!("statement of {}, {}", document.cut_off_on, knowledge.code());
        self.db.write_as(|tx| self.audit_opening(tx, &subject, &after, "statement", now))?;
        Ok(AddressedStatement { document, addressee })
    }

    /// One statement with the customer's name masked.
    ///
    /// # Errors
    /// As [`Engine::statement`].
    pub fn masked_statement(
        &self,
        name: &str,
        cut_off: Option<Date>,
        knowledge: Knowledge,
        language: Option<Language>,
        now: Timestamp,
    ) -> Result<AddressedStatement, EngineError> {
        let (document, loaded) = self.find_statement(name, cut_off, knowledge, now)?;
        let customer = loaded.customer.as_ref();
        let addressee = Addressee {
            name: customer.map_or_else(String::new, |customer| customer.name.masked()),
            language: language.or(customer.map(|customer| customer.language)).unwrap_or(Language::Zh),
        };
        Ok(AddressedStatement { document, addressee })
    }

    /// Writes a statement down in one of its forms. `font` is needed for a PDF only.
    ///
    /// # Errors
    /// When there is no font for a PDF.
    pub fn write_statement(
        &self,
        statement: &AddressedStatement,
        format: StatementFormat,
        font: Option<&Font>,
    ) -> Result<Written, EngineError> {
        let whole = |text: String| Ok(Written { bytes: text.into_bytes(), missing: Vec::new() });
        match format {
            StatementFormat::Text => whole(document::text(&self.statement_content(statement)) + "\n"),
            StatementFormat::Html => whole(document::html(&self.statement_content(statement))),
            StatementFormat::Json => whole(statement_json(statement).to_string() + "\n"),
            StatementFormat::Pdf => {
                let found;
                let font = match font {
                    Some(font) => font,
                    None => {
                        found = self.font()?;
                        &found
                    }
                };
                let pdf = document::pdf(&self.statement_content(statement), font)?;
                Ok(Written { bytes: pdf.bytes, missing: pdf.missing })
            }
        }
    }

    /// The font of PDFs: the one that is configured, or the first of the system that has Chinese.
    ///
    /// # Errors
    /// When there is none, or the one that is configured cannot be used.
    pub fn font(&self) -> Result<Font, EngineError> {
        Ok(Font::find(self.config.lender.letters.font.as_deref())?)
    }

    /// A statement in words.
    #[must_use]
    pub fn statement_content(&self, statement: &AddressedStatement) -> Content {
        statement_document::content(
            &statement.document,
            &statement.addressee,
            &self.config.lender,
            &self.zone,
        )
    }

    fn load(&self, tx: &mut Tx<'_>, name: &str) -> Result<Loaded, EngineError> {
        let row = self.find_agreement(tx, name)?;
        let key = (row.part, row.id, row.currency);
        let facts = agreement::facts_of(tx, &[key])?.remove(&row.id).unwrap_or_default();
        let customer = customer::opened(tx, &self.master, &[row.customer])?.remove(&row.customer);
        let limits = line::limit_changes(tx, &[(row.part, row.id)])?.remove(&row.id);
        Ok(Loaded { row, facts, limit_changes: limits.unwrap_or_default(), customer })
    }

    fn with_source<T>(
        &self,
        policies: &Policies,
        loaded: &Loaded,
        now: Timestamp,
        work: impl FnOnce(&Source<'_>) -> Result<T, NotMade>,
    ) -> Result<T, EngineError> {
        let row = &loaded.row;
        let terms = policies.terms(&row.product, row.product_version, row.statement_day, row.opened_on)?;
        let title = policies.product(&row.product, row.product_version);
        let source = Source {
            agreement: &row.external_id,
            product: format!("{}@{}", row.product, row.product_version),
            product_title: title.map_or_else(Default::default, |product| {
                (product.header.title_zh.clone(), product.header.title_en.clone())
            }),
            terms: &terms,
            opened_on: row.opened_on,
            credit_limit: row.credit_limit,
            limit_changes: &loaded.limit_changes,
            facts: &loaded.facts,
            zone: &self.zone,
        };
        work(&source).or_else(|not_made| Err(self.refuse_statement(row, not_made, now)?))
    }

    fn find_statement(
        &self,
        name: &str,
        cut_off: Option<Date>,
        knowledge: Knowledge,
        now: Timestamp,
    ) -> Result<(StatementDocument, Loaded), EngineError> {
        let through = self.last_closed_day()?.ok_or(EngineError::NoDayYet)?.0;
        let policies = self.policies()?;
        let loaded = self.db.read_as(|tx| self.load(tx, name))?;
        let found = self.with_source(&policies, &loaded, now, |source| {
            let mut days = cut_offs(source.terms, source.opened_on, through);
            match cut_off {
                Some(cut_off) => days.retain(|day| *day == cut_off),
                None => days.reverse(),
            }
            for day in days {
                if let Some(document) = made(source, day, knowledge)? {
                    return Ok(Ok(document));
                }
            }
            Ok(Err(nearest(source, cut_off, knowledge, through)?))
        })?;
        match found {
            Ok(document) => {
                self.close_incident_of(&loaded.row, document.cut_off_on, now)?;
                Ok((document, loaded))
            }
            Err(nearest) => {
                let agreement = loaded.row.external_id;
                Err(EngineError::NoStatement { agreement, asked: cut_off, nearest, through })
            }
        }
    }

    /// A statement that does not add up is a mistake of the program: it leaves an incident, and nobody gets to see a
    /// wrong one.
    fn refuse_statement(
        &self,
        row: &AgreementRow,
        not_made: NotMade,
        now: Timestamp,
    ) -> Result<EngineError, EngineError> {
        let NotMade { cut_off_on, error } = not_made;
        let error = match error {
            StatementError::Money(error) => return Ok(EngineError::Money(error)),
            error @ (StatementError::Unbalanced { .. } | StatementError::EntriesDiffer { .. }) => error,
        };
        let detail = error.to_string();
        let id = self.db.write(|tx| {
            agreement_incident::note(tx, row.part, row.id, UNBALANCED, cut_off_on, &detail, now)
        })?;
        let name = &row.external_id;
        let complaint = wording!(
            "合约“{name}”{cut_off_on} 的账单未能生成：{error}；这是程序故障，已记为事故 {id}，请附 `dunlin explain {name}` 的输出一并报告",
            "the statement of agreement {name:?} of {cut_off_on} was not made: {error}; this is a fault of the program              and stands as incident {id}, report it with the output of `dunlin explain {name}`"
        );
        Ok(EngineError::Refused { code: UNBALANCED, complaint })
    }

    /// A statement that could not be made once and can be now closes its incident.
    fn close_incident_of(
        &self,
        row: &AgreementRow,
        cut_off_on: Date,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let id = agreement_incident::id_of(UNBALANCED, row.id, cut_off_on);
        if self.db.read(|tx| agreement_incident::is_open(tx, row.part, id))? {
            self.db.write(|tx| agreement_incident::close(tx, row.part, id, now).map(|_| ()))?;
        }
        Ok(())
    }

    fn audit_opening(
        &self,
        tx: &mut Tx<'_>,
        subject: &str,
        after: &str,
        cause: &str,
        at: Timestamp,
    ) -> Result<(), EngineError> {
        let entry = audit::Entry {
            at,
            actor: &self.config.actor,
            action: "personal_data.open",
            subject,
            before: None,
            after: Some(after),
            cause,
        };
        Ok(self.audit(tx, &entry)?)
    }
}

/// The statement for programs, with its addressee.
#[must_use]
pub fn statement_json(statement: &AddressedStatement) -> Value {
    let mut fields = statement_document::json(&statement.document);
    fields["customer"] = Value::from(statement.addressee.name.clone());
    fields["language"] = Value::from(statement.addressee.language.code());
    fields
}

/// The last statement before a day and the first one after it.
fn nearest(
    source: &Source<'_>,
    cut_off: Option<Date>,
    knowledge: Knowledge,
    through: Date,
) -> Result<Vec<Date>, NotMade> {
    let Some(asked) = cut_off else { return Ok(Vec::new()) };
    let days = cut_offs(source.terms, source.opened_on, through);
    let (before, after): (Vec<Date>, Vec<Date>) = days.into_iter().partition(|day| *day < asked);
    let mut nearest = Vec::new();
    for days in [before.into_iter().rev().collect::<Vec<_>>(), after] {
        for day in days {
            if made(source, day, knowledge)?.is_some() {
                nearest.push(day);
                break;
            }
        }
    }
    Ok(nearest)
}

#[cfg(test)]
mod tests;

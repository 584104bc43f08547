//! The rows of one part, loaded at once, and the books of its agreements added up.

use std::collections::{HashMap, HashSet};

use dunlin_domain::date::Timestamp;
use dunlin_domain::fact::Fact;
use dunlin_domain::id::{AgreementId, ContactPointId, CustomerId, FactId, MessageId, Part};
use dunlin_domain::money::Currency;
use dunlin_store::agreement::{self, AgreementRow};
use dunlin_store::check::{self, Repeated, Try};
use dunlin_store::fallback::{self, FallbackRow};
use dunlin_store::inquiry::{self, InquiryRow};
use dunlin_store::message::{self, MessageRow};
use dunlin_store::record::{self, VerdictRow};
use dunlin_store::{Tx, customer, outbox};

use super::Counts;
use super::findings::Findings;
use super::ledger::Books;
use crate::EngineError;

/// All that is kept of one part's customers, but for their postings, which are only added up.
pub(super) struct PartRows {
    pub(super) agreements: Vec<AgreementRow>,
    pub(super) repeated: HashMap<AgreementId, Repeated>,
    pub(super) facts: HashMap<AgreementId, Vec<Fact>>,
    /// When the last fact of each agreement was imported; empty where no agreement waits to be folded.
    last_imports: HashMap<AgreementId, Timestamp>,
    /// In order of their first days.
    pub(super) verdicts: HashMap<AgreementId, Vec<VerdictRow>>,
    pub(super) messages: HashMap<MessageId, MessageRow>,
    /// What followed on messages that did not get through.
    pub(super) fallbacks: HashMap<MessageId, FallbackRow>,
    pub(super) tries: HashMap<MessageId, Vec<Try>>,
    pub(super) receipts: HashMap<MessageId, Vec<String>>,
    /// What providers said of messages when they were asked.
    pub(super) inquiries: HashMap<MessageId, Vec<InquiryRow>>,
    pub(super) customers: HashSet<CustomerId>,
    pub(super) points: HashMap<ContactPointId, CustomerId>,
}

impl PartRows {
    pub(super) fn load(
        tx: &mut Tx<'_>,
        part: Part,
        findings: &mut Findings,
    ) -> Result<(Self, Books), EngineError> {
        let mut agreements = Vec::new();
        agreement::each_of_part(tx, part, |row| {
            agreements.push(row);
            Ok(())
        })?;
        let facts = facts(tx, part, &agreements, findings)?;
        let last_imports = match agreements.iter().any(|row| row.must_refold) {
            true => check::last_imports(tx, part)?,
            false => HashMap::new(),
        };
        let mut verdicts: HashMap<AgreementId, Vec<VerdictRow>> = HashMap::new();
        record::each_verdict(tx, part, Currency::CNY, |verdict| {
            verdicts.entry(verdict.span.agreement).or_default().push(verdict);
            Ok(())
        })?;
        let mut messages = HashMap::new();
        message::each_of_part(tx, part, |message| {
            messages.insert(message.id, message);
            Ok(())
        })?;
        for (message, index) in check::stray_outcomes(tx, part)? {
            findings
                .add(|| format!("message {message}: an outcome of attempt {index}, which does not exist"));
        }
        for message in check::stray_claims(tx, part)? {
            findings
                .add(|| format!("message {message}: a worker has it in hand, though it is not being sent"));
        }
        for message in outbox::stray(tx, part)? {
            findings.add(|| format!("message {message}: the outbox does not say of it what its row says; `dunlin watch --once` mends it"));
        }
        let mut books = Books::default();
        record::each_posting(tx, part, |posting| {
            books.add(&posting, findings);
            Ok(())
        })?;
        let rows = Self {
            agreements,
            repeated: check::repeated_of_part(tx, part)?,
            facts,
            last_imports,
            verdicts,
            messages,
            fallbacks: fallback::of_part(tx, part)?,
            tries: check::tries_of_part(tx, part)?,
            receipts: check::receipts_of_part(tx, part)?,
            inquiries: inquiry::of_part(tx, part)?,
            customers: customer::ids_of_part(tx, part)?.into_iter().collect(),
            points: check::point_owners(tx, part)?,
        };
        Ok((rows, books))
    }

    /// The facts of an agreement.
    pub(super) fn facts_of(&self, agreement: AgreementId) -> &[Fact] {
        self.facts.get(&agreement).map_or(&[], Vec::as_slice)
    }

    /// The verdicts of an agreement.
    pub(super) fn verdicts_of(&self, agreement: AgreementId) -> &[VerdictRow] {
        self.verdicts.get(&agreement).map_or(&[], Vec::as_slice)
    }

    /// Whether there is a standing that cannot be read, so that nothing can be compared with it.
    pub(super) fn is_unreadable(&self, row: &AgreementRow) -> bool {
        row.standing.is_none() && self.repeated.get(&row.id).is_some_and(|repeated| repeated.has_standing)
    }

    /// Whether an import wrote the agreement's row after all of its facts: then it was corrected.
    pub(super) fn was_corrected(&self, agreement: AgreementId) -> bool {
        let written_at = self.repeated.get(&agreement).map(|repeated| repeated.imported_at);
        written_at > self.last_imports.get(&agreement).copied()
    }

    /// Whether an agreement has a fact.
    pub(super) fn has_fact(&self, agreement: AgreementId, fact: FactId) -> bool {
        self.facts_of(agreement).iter().any(|other| other.id == fact)
    }

    pub(super) fn counts(&self, posting_count: u64) -> Counts {
        let sum = |lengths: &mut dyn Iterator<Item = usize>| lengths.sum::<usize>() as u64;
        Counts {
            agreements: self.agreements.len() as u64,
            facts: sum(&mut self.facts.values().map(Vec::len)),
            postings: posting_count,
            verdicts: sum(&mut self.verdicts.values().map(Vec::len)),
            messages: self.messages.len() as u64,
        }
    }
}

/// The facts of the part's agreements. Those without an agreement are named and left out.
fn facts(
    tx: &mut Tx<'_>,
    part: Part,
    agreements: &[AgreementRow],
    findings: &mut Findings,
) -> Result<HashMap<AgreementId, Vec<Fact>>, EngineError> {
    let strays = check::stray_facts(tx, part)?;
    if strays.is_empty() {
        return Ok(agreement::facts_of_part(tx, part, agreements)?);
    }
    for (agreement, fact) in strays {
        findings.add(|| format!("fact {fact} is of agreement {agreement}, which does not exist"));
    }
    let keys: Vec<_> = agreements.iter().map(|row| (part, row.id, row.currency)).collect();
    let stored = agreement::facts_of(tx, &keys)?;
    let plain = |facts: Vec<agreement::StoredFact>| facts.into_iter().map(|stored| stored.fact).collect();
    Ok(stored.into_iter().map(|(id, facts)| (id, plain(facts))).collect())
}

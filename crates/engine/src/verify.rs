//! Verify: everything that the database keeps twice is computed again and compared, and every row that names
//! another is followed.
//!
//! It is the judge of what the day's run stored: positions against facts, the ledger against positions, accruals
//! against agreements, verdicts against overdue days, messages against their attempts and receipts, keys against
//! their causes, and the audit log against itself. It reads part by part on all cores, each part in one unchanging
//! state, so that it may run beside anything else; it changes nothing and repairs nothing. Problems name ids and
//! amounts, and never personal data.

mod accruals;
mod customers;
mod findings;
mod keys;
mod ledger;
mod messages;
mod part;
mod provisions;
mod standing;
mod verdicts;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};

use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::id::{GentleModeId, Part, PauseId};
use dunlin_domain::money::MoneyError;
use dunlin_domain::terms::Terms;
use dunlin_store::agreement::AgreementRow;
use dunlin_store::{
    StoreError, Tx, audit, check as store_check, gentle_mode, policy, rounding, run, suspense,
};

use crate::policies::Policies;
use crate::{Engine, EngineError};

use accruals::AccrualSums;
use findings::{Findings, PROBLEM_COUNT_MAX};
pub(crate) use messages::is_imported;
use part::PartRows;

/// What `verify` found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyReport {
    /// What is wrong, one text each, by part; at most a thousand.
    pub problems: Vec<String>,
    /// How many problems there are in all.
    pub problem_count: u64,
    /// Agreements looked at.
    pub agreements: u64,
    /// Facts folded.
    pub facts: u64,
    /// Postings added up.
    pub postings: u64,
    /// Verdicts looked at.
    pub verdicts: u64,
    /// Messages looked at.
    pub messages: u64,
}

impl VerifyReport {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.problem_count == 0
    }
}

/// What every part is checked against.
struct Check<'c> {
    engine: &'c Engine,
    policies: &'c Policies,
    /// Strategies as verdicts name them, `name@version`.
    strategies: HashSet<String>,
    /// The first part of each part's span, by which its accruals are named; by part number.
    span_of: Vec<Part>,
    pauses: HashSet<PauseId>,
    modes: HashSet<GentleModeId>,
    /// When each day was decided.
    decided_at: HashMap<Date, Timestamp>,
    done: AtomicU64,
    progress: &'c (dyn Fn(u64) + Sync),
}

/// The business days as one part's unchanging state shows them.
#[derive(Clone, Copy)]
struct Days {
    /// The first that was ever begun.
    first: Option<Date>,
    /// The last that all spans have closed.
    closed: Option<Date>,
}

impl Days {
    fn load(tx: &mut Tx<'_>, span_width: u16) -> Result<Self, StoreError> {
        let first = run::day_range(tx)?.map(|(first, _)| first.0);
        let closed = run::last_closed_day(tx, span_width)?.map(|closed| closed.0);
        Ok(Self { first, closed })
    }

    /// The date on which what comes in now is looked at.
    fn open_on(self) -> Option<Date> {
        self.closed.map(|closed| closed.plus_days(1))
    }
}

/// How many rows were looked at.
#[derive(Clone, Copy, Default)]
struct Counts {
    agreements: u64,
    facts: u64,
    postings: u64,
    verdicts: u64,
    messages: u64,
}

impl Counts {
    fn add(&mut self, other: Self) {
        self.agreements += other.agreements;
        self.facts += other.facts;
        self.postings += other.postings;
        self.verdicts += other.verdicts;
        self.messages += other.messages;
    }
}

/// What the parts that one thread worked came to.
#[derive(Default)]
struct Gathered {
    counts: Counts,
    findings: Vec<(Part, Findings)>,
    sums: HashMap<Part, AccrualSums>,
    /// Spans with a part that could not be read.
    unread: HashSet<Part>,
}

impl Engine {
    /// Computes everything again and compares. `progress` hears how many agreements are done.
    ///
    /// Beside a running day the accruals of a span may be on the move; then they are not compared and the report
    /// says so.
    ///
    /// # Errors
    /// When the database cannot be read at all. What is wrong inside it is no error but a problem in the report.
    pub fn verify(&self, progress: &(dyn Fn(u64) + Sync)) -> Result<VerifyReport, EngineError> {
        let (policies, pauses, modes, decided_at) = self.db.read_as(|tx| -> Result<_, EngineError> {
            let decided_at = match run::day_range(tx)? {
                Some((first, last)) => run::decision_moments(tx, first.0, last.0)?,
                None => HashMap::new(),
            };
            Ok((Policies::load(tx)?, policy::pauses(tx)?, gentle_mode::all(tx)?, decided_at))
        })?;
        let spans = run::spans(self.span_width);
        let mut span_of = Vec::new();
        for span in &spans {
            span_of.resize(usize::from(span.last.number()) + 1, span.first);
        }
        let name = |document: &crate::policy::StrategyDocument| {
            format!("{}@{}", document.header.name, document.header.version)
        };
        let check = Check {
            engine: self,
            policies: &policies,
            strategies: policies.strategies().map(name).collect(),
            span_of,
            pauses: pauses.iter().map(|pause| pause.id).collect(),
            modes: modes.iter().map(|mode| mode.id).collect(),
            decided_at,
            done: AtomicU64::new(0),
            progress,
        };
        let (before, provided, parts) = self.db.read(|tx| {
            Ok((
                accruals::stored(tx, &spans)?,
                provisions::stored(tx, &spans)?,
                store_check::parts_in_use(tx)?,
            ))
        })?;
        let mut gathered = check.all_parts(&parts)?;
        let (after, provided_after) =
            self.db.read(|tx| Ok((accruals::stored(tx, &spans)?, provisions::stored(tx, &spans)?)))?;
        gathered.findings.sort_by_key(|(part, _)| *part);
        let mut findings = Findings::default();
        for (_, of_part) in gathered.findings {
            findings.merge(of_part);
        }
        accruals::compare(&spans, &before, &after, &gathered.sums, &gathered.unread, &mut findings);
        provisions::compare(
            &spans,
            &provided,
            &provided_after,
            &gathered.sums,
            &gathered.unread,
            &mut findings,
        );
        for problem in audit::verify(&self.db)? {
            findings.add(|| problem);
        }
        let (problems, problem_count) = findings.finish();
        let Counts { agreements, facts, postings, verdicts, messages } = gathered.counts;
        Ok(VerifyReport { problems, problem_count, agreements, facts, postings, verdicts, messages })
    }
}

impl Check<'_> {
    fn all_parts(&self, parts: &[Part]) -> Result<Gathered, EngineError> {
        let thread_count = std::thread::available_parallelism().map_or(1, usize::from);
        std::thread::scope(|scope| {
            let work = |offset: usize| self.every_nth_part(parts, offset, thread_count);
            let workers: Vec<_> = (1..thread_count).map(|offset| scope.spawn(move || work(offset))).collect();
            let mut all = work(0)?;
            for worker in workers {
                let other = worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
                all.counts.add(other.counts);
                all.findings.extend(other.findings);
                all.unread.extend(other.unread);
                for (span, sums) in other.sums {
                    all.sums.entry(span).or_default().merge(sums);
                }
            }
            Ok(all)
        })
    }

    fn every_nth_part(&self, parts: &[Part], offset: usize, step: usize) -> Result<Gathered, EngineError> {
        let mut gathered = Gathered::default();
        let mut listed = 0;
        for part in parts.iter().copied().skip(offset).step_by(step) {
            // What is not listed is only counted, so memory stays bounded however broken the database is.
            let mut findings = Findings::with_room(PROBLEM_COUNT_MAX.saturating_sub(listed));
            let span = self.span_of[usize::from(part.number())];
            let worked = self.engine.db.read_as(|tx| self.part(tx, part, &mut findings));
            match worked {
                Ok((counts, sums)) => {
                    gathered.counts.add(counts);
                    gathered.sums.entry(span).or_default().merge(sums);
                    let done = self.done.fetch_add(counts.agreements, Ordering::Relaxed) + counts.agreements;
                    (self.progress)(done);
                }
                // A row that cannot be read is what verify is for: the other parts are looked at all the same.
                Err(EngineError::Store(StoreError::Data { what })) => {
                    gathered.unread.insert(span);
                    findings.add(|| format!("part {} could not be read to its end: {what}", part.number()));
                }
                Err(error) => return Err(error),
            }
            if findings.count() > 0 {
                listed += findings.listed();
                gathered.findings.push((part, findings));
            }
        }
        Ok(gathered)
    }

    /// One part, in one unchanging state.
    fn part(
        &self,
        tx: &mut Tx<'_>,
        part: Part,
        findings: &mut Findings,
    ) -> Result<(Counts, AccrualSums), EngineError> {
        let days = Days::load(tx, self.engine.span_width)?;
        let (rows, books) = PartRows::load(tx, part, findings)?;
        let mut sums = AccrualSums::default();
        ledger::check_suspense(&suspense::of_part(tx, part)?, &books, findings);
        let kept = if part == Part::new(0) { rounding::all(tx)? } else { BTreeMap::new() };
        ledger::check_rounding(&kept, &books, findings);
        ledger::check(&rows, &books, &self.decided_at, &mut sums, findings);
        for row in &rows.agreements {
            let terms =
                self.policies.terms(&row.product, row.product_version, row.statement_day, row.opened_on);
            let checked =
                terms.and_then(|terms| Ok(self.agreement(&rows, row, &terms, days, &mut sums, findings)?));
            if let Err(error) = checked {
                findings.add(|| format!("agreement {}: {error}", row.id));
            }
        }
        customers::check(tx, self.engine, &rows, findings)?;
        messages::check(&rows, &self.pauses, findings);
        keys::check(tx, part, &rows, findings)?;
        Ok((rows.counts(books.posting_count), sums))
    }

    fn agreement(
        &self,
        rows: &PartRows,
        row: &AgreementRow,
        terms: &Terms,
        days: Days,
        sums: &mut AccrualSums,
        findings: &mut Findings,
    ) -> Result<(), MoneyError> {
        let overdue = standing::check(self, rows, row, terms, days, findings)?;
        verdicts::check(self, rows, row, overdue.as_deref(), findings);
        if let Some(standing) = &row.standing {
            ledger::check_open_items(row, terms, standing, findings)?;
            sums.add_agreement(row, standing, terms)?;
        }
        Ok(())
    }
}

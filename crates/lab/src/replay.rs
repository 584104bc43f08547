//! Replays the real portfolio: six months of 30,000 card customers, day by day, through the engine.
//!
//! The published file is adapted and imported like any portfolio, every day is run on the business clock, and at
//! the end of each month the engine says in which bucket each agreement is. That is held against the bank's own
//! status; `docs/replay-uci.md` tells what comes out and why the two differ. Memory is a page of the engine and about
//! a hundred bytes for each customer.

mod comparison;
mod difference;

use dunlin_domain::wording;
use std::path::Path;

use dunlin_domain::date::{BusinessDate, Date, Timestamp};
use dunlin_engine::day_run::Now;
use dunlin_engine::import::{ImportOptions, ImportProgress, ImportReport};
use dunlin_engine::portfolio::Encoding;
use dunlin_engine::view::Coverage;
use dunlin_engine::{Engine, EngineError};

pub use comparison::{Comparison, JudgedMonth};
pub use difference::{Difference, DifferenceKind, Example};

use crate::carrier::{Carrier, Traffic};
use crate::uci::{self, UciError};
use comparison::Buckets;

/// Seed of the made-up carrier's answers.
const CARRIER_SEED: u64 = 2005;

/// What is replayed.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The first business date.
    pub first_day: Date,
    /// The last one.
    pub last_day: Date,
    /// Whether messages go to the spool, with a made-up carrier that answers; else they stay in the outbox.
    pub send: bool,
}

impl Default for Options {
    /// From the first cut-off to the last month end for which the bank's status is known; nothing is sent.
    fn default() -> Self {
        let last_day = uci::statement_on(uci::MONTH_COUNT - 1);
        Self { first_day: uci::statement_on(0), last_day, send: false }
    }
}

/// How far the replay is.
#[derive(Clone, Copy, Debug)]
pub enum Progress {
    /// The published file is turned into a portfolio.
    Adapting {
        /// Bytes read.
        read: u64,
        /// Bytes of the file.
        total: u64,
    },
    /// The portfolio is imported.
    Importing(ImportProgress),
    /// Days are run.
    Running {
        /// The day that is done.
        date: Date,
        /// Days done.
        done: u32,
        /// Days in all.
        total: u32,
    },
    /// The days are over; every overdue agreement-day is accounted for.
    Covering,
}

/// What the replay came to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The first business date.
    pub first_day: Date,
    /// The last one.
    pub last_day: Date,
    /// Business days that were run.
    pub days: u32,
    /// What was imported; no row of it was rejected.
    pub import: ImportReport,
    /// Our ageing against the bank's.
    pub comparison: Comparison,
    /// Every overdue agreement-day and its reason.
    pub coverage: Coverage,
    /// What was sent, and what came back.
    pub traffic: Traffic,
    /// How long it took.
    pub seconds: Seconds,
}

/// Seconds of the stages, by the wall clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seconds {
    /// Making the portfolio.
    pub adapting: f64,
    /// Importing it.
    pub importing: f64,
    /// Running the days, month ends and sending included.
    pub running: f64,
    /// Accounting for every overdue agreement-day.
    pub covering: f64,
}

impl Seconds {
    /// All of it.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.adapting + self.importing + self.running + self.covering
    }
}

/// Replays `source_csv`, the published file, on `engine`, which must be empty and on the business clock.
///
/// # Errors
/// A file that is not the published one; a row that the import rejects; what the engine says.
pub fn run(
    engine: &Engine,
    source_csv: &Path,
    options: &Options,
    now: Now<'_>,
    fresh_key: &mut dyn FnMut() -> [u8; 32],
    progress: &mut dyn FnMut(Progress),
) -> Result<Outcome, EngineError> {
    let mut watch = Watch { now, since: now() };
    let mut seconds = Seconds::default();
    let folder = engine.folder().join("replay-portfolio");
    uci::adapt(source_csv, &folder, &mut |read, total| progress(Progress::Adapting { read, total }))
        .map_err(refused)?;
    seconds.adapting = watch.lap();
    let import = import(engine, &folder, now(), fresh_key, progress)?;
    seconds.importing = watch.lap();
    let mut buckets = Buckets::default();
    let mut traffic = Traffic::default();
    let days = run_days(engine, options, now, &mut buckets, &mut traffic, progress)?;
    let policies = engine.policies()?;
    let product = policies.product(uci::PRODUCT, uci::PRODUCT_VERSION).ok_or_else(|| {
        EngineError::NoPolicy { what: format!("product {}", uci::PRODUCT), on: options.first_day }
    })?;
    let comparison = comparison::compare(source_csv, &product.terms, &buckets)?;
    seconds.running = watch.lap();
    progress(Progress::Covering);
    let coverage = engine.coverage(options.first_day, options.last_day)?;
    seconds.covering = watch.lap();
    let (first_day, last_day) = (options.first_day, options.last_day);
    Ok(Outcome { first_day, last_day, days, import, comparison, coverage, traffic, seconds })
}

struct Watch<'n> {
    now: Now<'n>,
    since: Timestamp,
}

impl Watch<'_> {
    /// Seconds since the last call.
    fn lap(&mut self) -> f64 {
        let now = (self.now)();
        let micros = now.micros() - std::mem::replace(&mut self.since, now).micros();
        micros as f64 / 1e6
    }
}

/// Imports the portfolio, all or nothing: with customers missing, a comparison would tell little.
fn import(
    engine: &Engine,
    folder: &Path,
    now: Timestamp,
    fresh_key: &mut dyn FnMut() -> [u8; 32],
    progress: &mut dyn FnMut(Progress),
) -> Result<ImportReport, EngineError> {
    let rejects_file = engine.folder().join("replay-rejects.csv");
    let options = ImportOptions { folder: folder.to_owned(), encoding: Encoding::Utf8, rejects_file };
    let report = engine.import(&options, now, fresh_key, &mut |at| progress(Progress::Importing(at)))?;
    if let Some(file) = &report.rejects_file {
        let complaint = wording!(
            "资产组合有 {} 行被拒；请按 {} 所列改正源文件后重新开始",
            "{} rows of the portfolio were rejected; correct what {} names in the source file and begin again",
            report.rejected(),
            file.display()
        );
        return Err(EngineError::Refused { code: "rejected_rows", complaint });
    }
    std::fs::remove_dir_all(folder).map_err(|error| EngineError::Refused {
        code: "folder",
        complaint: wording!(
            "无法删除 {}：{error}；请手工删除",
            "{} cannot be removed: {error}; remove it by hand",
            folder.display()
        ),
    })?;
    Ok(report)
}

/// Runs every day, and notes the buckets at the end of each month that the bank's status speaks of.
fn run_days(
    engine: &Engine,
    options: &Options,
    now: Now<'_>,
    buckets: &mut Buckets,
    traffic: &mut Traffic,
    progress: &mut dyn FnMut(Progress),
) -> Result<u32, EngineError> {
    let mut carrier = Carrier::new(CARRIER_SEED, &engine.folder().join("spool"));
    let days = options.first_day.days()..=options.last_day.days();
    let total = u32::try_from(days.clone().count()).unwrap_or(u32::MAX);
    for (done, date) in (1..).zip(days.map(Date::from_days)) {
        engine.run_day(BusinessDate(date), now, &|_| {})?;
        if options.send {
            carrier.serve(engine, date, traffic)?;
        }
        if let Some(month) = uci::month_judged_on(date) {
            buckets.note(engine, month)?;
        }
        progress(Progress::Running { date, done, total });
    }
    carrier.finish()?;
    Ok(total)
}

fn refused(error: UciError) -> EngineError {
    match error {
        UciError::Portfolio(error) => error.into(),
        UciError::Unreadable { .. } | UciError::MissingColumn { .. } | UciError::BadValue { .. } => {
            EngineError::Refused { code: "uci", complaint: error.wording() }
        }
    }
}

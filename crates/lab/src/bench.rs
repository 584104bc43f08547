//! `dunlin bench day`: what a day costs, beside the bare write of the same rows to the same database.

pub mod detect;
pub mod dispatch;
pub mod faults;
pub mod fold;
pub mod post;

use dunlin_domain::wording::Wording;
use std::path::PathBuf;

use dunlin_domain::date::{BusinessDate, Date, Timestamp};
use dunlin_domain::money::Rate;
use dunlin_engine::day_run::Now;
use dunlin_engine::import::ImportOptions;
use dunlin_engine::portfolio::{Encoding, Format};
use dunlin_engine::{Engine, EngineError};
use dunlin_store::bare;

use crate::generate::{Config, write_folder_by_part};

/// Days on which nothing is due that are timed; the middle one is shown.
const QUIET_DAYS: u32 = 5;

/// What is measured.
#[derive(Clone, Debug)]
pub struct Options {
    /// Customers to generate; agreements are a few more.
    pub customers: u64,
    /// The share of agreements that are overdue.
    pub overdue_share: Rate,
    /// Seed of the portfolio.
    pub seed: u64,
    /// Days run before the measured one, so that contacts are spread as in a running business.
    pub warm_up_days: u32,
    /// Folder for the generated files; removed at the end.
    pub work: PathBuf,
}

/// How far it is: a word for the stage, and a number that grows.
pub type Progress<'p> = &'p mut dyn FnMut(&'static str, u64);

/// The figures.
#[derive(Clone, Debug)]
pub struct Figures {
    /// `sqlite` or `postgres`.
    pub database: &'static str,
    /// Agreements in the portfolio.
    pub agreements: u64,
    /// Agreements that are overdue on the measured day.
    pub overdue: u64,
    /// Agreements that the measured day looked at.
    pub worked: u64,
    /// Rows read by the day: agreements, facts, customers, contact points.
    pub rows_read: u64,
    /// Rows written by the day: agreements, verdicts, messages, postings.
    pub rows_written: u64,
    /// Seconds of the day.
    pub seconds: f64,
    /// Seconds of the bare write of the same rows.
    pub bare_seconds: f64,
    /// Seconds of a day on which nothing is due, the middle one of five.
    pub quiet_seconds: f64,
    /// Most memory in use during the day, MiB.
    pub peak_mib: f64,
    /// Seconds of the import, for the record.
    pub import_seconds: f64,
}

impl Figures {
    /// The day's time in bare writes.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        self.seconds / self.bare_seconds
    }

    /// Agreements of the portfolio per second of the day.
    #[must_use]
    pub fn agreements_per_second(&self) -> f64 {
        self.agreements as f64 / self.seconds
    }
}

/// Generates a portfolio, runs days, and measures the last of them.
///
/// # Errors
/// What the engine says.
pub fn day(
    engine: &Engine,
    options: &Options,
    now: Now<'_>,
    fresh_key: &mut dyn FnMut() -> [u8; 32],
    progress: Progress<'_>,
) -> Result<Figures, EngineError> {
    let complaint = |error: &dyn std::fmt::Display| EngineError::Refused {
        code: "bench",
        complaint: Wording::quoted(error.to_string()),
    };
    let first = Date::parse("2026-03-02").map_err(|error| complaint(&error))?;
    let mut config = Config::new(options.seed, options.customers, first, options.warm_up_days + 1);
    config.overdue_share = options.overdue_share;
    let folder = options.work.join("bench-portfolio");
    write_folder_by_part(&config, &folder, Format::Csv, &mut |done, _| progress("generate", done))?;
    let rejects_file = options.work.join("bench-rejects.csv");
    let import = ImportOptions { folder: folder.clone(), encoding: Encoding::Utf8, rejects_file };
    let begun = now();
    engine.import(&import, now(), fresh_key, &mut |at| progress(at.table.stem(), at.rows))?;
    let import_seconds = seconds_between(begun, now());
    std::fs::remove_dir_all(&folder).map_err(|error| complaint(&error))?;
    let day_of = |index: u32| BusinessDate(first.plus_days(i32::try_from(index).unwrap_or(0)));
    for index in 0..options.warm_up_days {
        engine.run_day(day_of(index), now, &|_| {})?;
        progress("warm up", u64::from(index) + 1);
    }
    let measured = day_of(options.warm_up_days);
    progress("prepare the bare write", 0);
    bare::prepare(engine.db())?;
    bare::note_due(engine.db(), measured.0)?;
    let has_peak = reset_peak().is_ok();
    let begun = now();
    let report = engine.run_day(measured, now, &|_| {})?;
    let seconds = seconds_between(begun, now());
    let peak_mib = if has_peak { peak_mib() } else { f64::NAN };
    progress("bare write", 0);
    let rows = bare::collect(engine.db(), measured.0)?;
    let begun = now();
    bare::write(engine.db(), &rows)?;
    let bare_seconds = seconds_between(begun, now());
    let rows_written = rows.count();
    bare::finish(engine.db())?;
    progress("quiet day", 0);
    bare::postpone_everything(engine.db(), measured.0)?;
    // One quiet day untimed: the database is still busy with what made the days quiet.
    engine.run_day(day_of(options.warm_up_days + 1), now, &|_| {})?;
    let mut quiet = Vec::new();
    for index in 0..QUIET_DAYS {
        let begun = now();
        engine.run_day(day_of(options.warm_up_days + 2 + index), now, &|_| {})?;
        quiet.push(seconds_between(begun, now()));
    }
    quiet.sort_by(f64::total_cmp);
    let quiet_seconds = quiet[quiet.len() / 2];
    let overdue = engine.buckets()?.iter().map(|line| line.agreements).sum();
    Ok(Figures {
        database: engine.database_kind(),
        agreements: bare::count_agreements(engine.db())?,
        overdue,
        worked: u64::try_from(report.agreements).unwrap_or(0),
        rows_read: u64::try_from(report.rows_read).unwrap_or(0),
        rows_written,
        seconds,
        bare_seconds,
        quiet_seconds,
        peak_mib,
        import_seconds,
    })
}

fn seconds_between(begun: Timestamp, ended: Timestamp) -> f64 {
    (ended.micros() - begun.micros()) as f64 / 1e6
}

/// Has the kernel count the peak of memory anew. Only Linux can; elsewhere no peak is reported.
fn reset_peak() -> std::io::Result<()> {
    std::fs::write("/proc/self/clear_refs", "5")
}

/// The most memory in use since [`reset_peak`], MiB.
fn peak_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next()).and_then(|kib| kib.parse::<f64>().ok());
    kib.unwrap_or(f64::NAN) / 1024.0
}

//! `dunlin bench post`: payments recorded one by one, each durable before the next, beside the bare single-row
//! transaction of the same database and, on PostgreSQL, beside `pgbench -N` on the same server.

use dunlin_domain::wording::Wording;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};

use dunlin_domain::date::{BusinessDate, Date};
use dunlin_engine::day_run::Now;
use dunlin_engine::import::ImportOptions;
use dunlin_engine::payment::{Caller, NewPayment};
use dunlin_engine::portfolio::{Encoding, Format};
use dunlin_engine::{Engine, EngineError};
use dunlin_store::bare;

use super::{Progress, seconds_between};
use crate::generate::{Config, generate, write_folder_by_part};

/// What is measured.
#[derive(Clone, Debug)]
pub struct Options {
    /// Customers to generate.
    pub customers: u64,
    /// Payments of each measurement.
    pub payments: u64,
    /// Clients of the measurement with many.
    pub clients: u32,
    /// Seed of the portfolio.
    pub seed: u64,
    /// Folder for the generated files; removed at the end.
    pub work: PathBuf,
    /// The URL of the server, for `pgbench`; `None` on SQLite.
    pub server: Option<String>,
}

/// Transactions a second, of one kind, by one client and by many.
#[derive(Clone, Copy, Debug)]
pub struct Rates {
    /// By one client.
    pub one: f64,
    /// By many clients at once.
    pub many: f64,
}

/// The figures.
#[derive(Clone, Copy, Debug)]
pub struct Figures {
    /// `sqlite` or `postgres`.
    pub database: &'static str,
    /// How many clients are many.
    pub clients: u32,
    /// Payments a second.
    pub payments: Rates,
    /// Bare inserts of one row a second, each a transaction.
    pub bare: Rates,
    /// Transactions a second of `pgbench -N` (an account's update and a journal row); `None` on SQLite.
    pub pgbench: Option<Rates>,
}

impl Figures {
    /// Payments for each transaction of the baseline, by one client and by many: `pgbench` where there is one,
    /// else the bare insert.
    #[must_use]
    pub fn ratios(&self) -> Rates {
        let baseline = self.pgbench.unwrap_or(self.bare);
        Rates { one: self.payments.one / baseline.one, many: self.payments.many / baseline.many }
    }
}

/// Generates a small portfolio, opens a business day, and records payments.
///
/// # Errors
/// What the engine says; when `pgbench` is needed and cannot be run.
pub fn run(
    engine: &Engine,
    options: &Options,
    now: Now<'_>,
    fresh_key: &mut dyn FnMut() -> [u8; 32],
    progress: Progress<'_>,
) -> Result<Figures, EngineError> {
    let agreements = prepare(engine, options, now, fresh_key, progress)?;
    let payments = |clients: u32, label: &str| pay(engine, options, &agreements, clients, label, now);
    progress("payments, one client", 0);
    let one = payments(1, "one")?;
    progress("payments, many clients", 0);
    let many = payments(options.clients, "many")?;
    progress("bare inserts", 0);
    bare::prepare_rows(engine.db())?;
    let bare_one = insert(engine, options.payments, 1, now)?;
    let bare_many = insert(engine, options.payments, options.clients, now)?;
    bare::finish_rows(engine.db())?;
    let pgbench = match &options.server {
        Some(server) => {
            progress("pgbench", 0);
            Some(pgbench(server, options.clients)?)
        }
        None => None,
    };
    Ok(Figures {
        database: engine.database_kind(),
        clients: options.clients,
        payments: Rates { one, many },
        bare: Rates { one: bare_one, many: bare_many },
        pgbench,
    })
}

/// The first and only business day.
fn day() -> Date {
    Date::from_days(20_514)
}

fn prepare(
    engine: &Engine,
    options: &Options,
    now: Now<'_>,
    fresh_key: &mut dyn FnMut() -> [u8; 32],
    progress: Progress<'_>,
) -> Result<Vec<String>, EngineError> {
    let config = Config::new(options.seed, options.customers, day(), 1);
    let folder = options.work.join("bench-portfolio");
    write_folder_by_part(&config, &folder, Format::Csv, &mut |done, _| progress("generate", done))?;
    let rejects_file = options.work.join("bench-rejects.csv");
    let import = ImportOptions { folder: folder.clone(), encoding: Encoding::Utf8, rejects_file };
    engine.import(&import, now(), fresh_key, &mut |at| progress(at.table.stem(), at.rows))?;
    std::fs::remove_dir_all(&folder)
        .map_err(|error| trouble(format!("cannot remove {}: {error}", folder.display())))?;
    engine.run_day(BusinessDate(day()), now, &|_| {})?;
    Ok(generate(&config)
        .flat_map(|customer| customer.agreements.into_iter().map(|agreement| agreement.agreement_id))
        .collect())
}

/// Payments a second: `clients` threads take numbers from one counter until all are recorded.
fn pay(
    engine: &Engine,
    options: &Options,
    agreements: &[String],
    clients: u32,
    label: &str,
    now: Now<'_>,
) -> Result<f64, EngineError> {
    by_clients(options.payments, clients, now, &|number| {
        let place = usize::try_from(number).unwrap_or(0) * 7_919 % agreements.len();
        let payment = NewPayment {
            agreement: agreements[place].clone(),
            amount: format!("{}.{:02}", 1 + number % 90, number % 100),
            currency: None,
            value_on: day(),
            reference: format!("bench-{label}-{number}"),
            designation: None,
            note: String::new(),
        };
        engine.pay(&payment, Caller { actor: "bench", now: now() }).map(|_| ())
    })
}

/// Bare inserts a second.
fn insert(engine: &Engine, count: u64, clients: u32, now: Now<'_>) -> Result<f64, EngineError> {
    let offset = u64::from(clients) << 40;
    by_clients(count, clients, now, &|number| Ok(bare::insert_row(engine.db(), offset + number)?))
}

fn by_clients(
    count: u64,
    clients: u32,
    now: Now<'_>,
    act: &(dyn Fn(u64) -> Result<(), EngineError> + Sync),
) -> Result<f64, EngineError> {
    let next = AtomicU64::new(0);
    let work = || -> Result<(), EngineError> {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count {
                return Ok(());
            }
            act(number)?;
        }
    };
    let begun = now();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..clients).map(|_| scope.spawn(work)).collect();
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })?;
    Ok(count as f64 / seconds_between(begun, now()))
}

/// Seconds that `pgbench` runs for each number of clients.
const PGBENCH_SECONDS: &str = "5";

/// `pgbench -N` in the same database: its tables are made, used and removed.
fn pgbench(server: &str, clients: u32) -> Result<Rates, EngineError> {
    let call = |arguments: &[&str]| -> Result<String, EngineError> {
        let output = Command::new("pgbench").args(arguments).arg(server).output().map_err(|error| {
            trouble(format!("cannot run pgbench: {error}; it comes with PostgreSQL, put it on the PATH"))
        })?;
        if !output.status.success() {
            let words = String::from_utf8_lossy(&output.stderr);
            return Err(trouble(format!("pgbench {}: {}", arguments.join(" "), words.trim())));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let measure = |clients: &str| -> Result<f64, EngineError> {
        let output = call(&["-n", "-N", "-T", PGBENCH_SECONDS, "-c", clients, "-j", clients])?;
        let rate =
            output.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
        rate.ok_or_else(|| trouble(format!("pgbench did not say how many transactions it made: {output}")))
    };
    call(&["-i", "-q", "-s", "10"])?;
    let rates = Rates { one: measure("1")?, many: measure(&clients.to_string())? };
    call(&["-i", "-I", "d"])?;
    Ok(rates)
}

fn trouble(complaint: String) -> EngineError {
    EngineError::Refused { code: "bench", complaint: Wording::quoted(complaint) }
}

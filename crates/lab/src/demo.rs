//! The demonstration: a portfolio, a run of days with the mishaps that lenders know, and the answers.
//!
//! Everything goes the way of real work: the portfolio and each day's payments are imported from files, days are
//! run, messages are spooled, a made-up carrier answers with receipts, a pause is set, a provider fails, a clerk
//! deletes numbers and somebody brings them back. Nothing here can do what a user could not.

use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use dunlin_domain::contact::{Channel, ContactPointKind};
use dunlin_domain::date::{BusinessDate, Date};
use dunlin_domain::pause::{PauseKind, PauseScope};
use dunlin_domain::reason::Reason;
use dunlin_engine::day_run::Now;
use dunlin_engine::dispatch::{DispatchReport, ReceiptReport};
use dunlin_engine::import::ImportOptions;
use dunlin_engine::pauses::NewPause;
use dunlin_engine::payment::Caller;
use dunlin_engine::portfolio::{Encoding, Format, PaymentRow, PortfolioWriter, PurchaseRow, RefundRow};
use dunlin_engine::view::{Coverage, SilenceView};
use dunlin_engine::{Engine, EngineError};

use crate::carrier::{Carrier, Traffic};
use crate::generate::{Config, generate};

/// What is demonstrated.
#[derive(Clone, Debug)]
pub struct Options {
    /// Customers to generate.
    pub customers: u64,
    /// Days to run.
    pub days: u32,
    /// Seed of customers, payments and the carrier's answers.
    pub seed: u64,
    /// A portfolio folder to run on instead of a generated one.
    pub portfolio: Option<PathBuf>,
}

/// How far the demonstration is.
#[derive(Clone, Copy, Debug)]
pub enum Progress {
    /// The portfolio is being made and imported.
    Loading {
        /// Customers done.
        done: u64,
        /// Customers in all; 0 if not known.
        total: u64,
    },
    /// Days are run.
    Running {
        /// The day.
        date: Date,
        /// Days done.
        done: u32,
        /// Days in all.
        total: u32,
    },
    /// Something happens to the lender on this day.
    Mishap {
        /// The day.
        date: Date,
        /// What, in Chinese and English.
        words: (&'static str, &'static str),
    },
}

/// What the demonstration shows at its end.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// First day.
    pub from: Date,
    /// Last day.
    pub through: Date,
    /// Coverage of all days.
    pub coverage: Coverage,
    /// Reasons by day.
    pub silence: SilenceView,
    /// Messages sent in all.
    pub dispatch: DispatchReport,
    /// Receipts in all.
    pub receipts: ReceiptReport,
    /// Two agreements and days worth asking *why* about.
    pub questions: Vec<(String, Date)>,
    /// Numbers deleted by mistake and brought back.
    pub numbers_removed: usize,
}

/// The days on which things happen, counted from 0.
struct Calendar {
    pause_from: u32,
    pause_through: u32,
    fault_from: u32,
    fault_through: u32,
    removal: u32,
    undo: u32,
}

impl Calendar {
    fn of(days: u32) -> Self {
        let at = |percent: u32| days * percent / 100;
        let removal = at(66);
        Self {
            pause_from: at(33),
            pause_through: at(33) + 6,
            fault_from: at(55),
            fault_through: at(55) + 1,
            removal,
            undo: (removal + 7).min(days.saturating_sub(1)),
        }
    }
}

/// Facts of a generated portfolio that are still to come, by day.
type Feed = BTreeMap<Date, (Vec<PurchaseRow>, Vec<PaymentRow>, Vec<RefundRow>)>;

/// Runs the demonstration on `engine`, which must be empty and on the business clock.
///
/// # Errors
/// What the engine says; files that cannot be written.
pub fn run(
    engine: &Engine,
    options: &Options,
    now: Now<'_>,
    fresh_key: &mut dyn FnMut() -> [u8; 32],
    progress: &mut dyn FnMut(Progress),
) -> Result<Outcome, EngineError> {
    let work = engine.folder().join("demo-feed");
    let (from, mut feed) = match &options.portfolio {
        Some(folder) => (load_folder(engine, folder, options.days, now, fresh_key, progress)?, Feed::new()),
        None => load_generated(engine, options, &work, now, fresh_key, progress)?,
    };
    let calendar = Calendar::of(options.days);
    let spool = engine.folder().join("spool");
    let mut carrier = Carrier::new(options.seed, &spool);
    let mut state = State::default();
    for index in 0..options.days {
        let date = from.plus_days(i32::try_from(index).unwrap_or(i32::MAX));
        if let Some((purchases, payments, refunds)) = feed.remove(&date) {
            import_feed(engine, &work, date, &purchases, &payments, &refunds, now, fresh_key)?;
        }
        mishaps(engine, &calendar, index, date, &spool, &mut state, now, progress)?;
        engine.run_day(BusinessDate(date), now, &|_| {})?;
        carrier.serve(engine, date, &mut state.traffic)?;
        progress(Progress::Running { date, done: index + 1, total: options.days });
    }
    carrier.finish()?;
    let through = from.plus_days(i32::try_from(options.days).unwrap_or(1) - 1);
    let silence = engine.silence(from, through)?;
    let questions = questions(engine, &silence)?;
    Ok(Outcome {
        from,
        through,
        coverage: engine.coverage(from, through)?,
        silence,
        dispatch: state.traffic.dispatch,
        receipts: state.traffic.receipts,
        questions,
        numbers_removed: state.numbers_removed,
    })
}

#[derive(Default)]
struct State {
    traffic: Traffic,
    batch: Option<String>,
    numbers_removed: usize,
}

fn io(error: &std::io::Error, path: &Path) -> EngineError {
    EngineError::Refused {
        code: "demo_files",
        complaint: wording!(
            "无法写入 {}：{error}；请腾出空间，或用 --data 指定其他文件夹",
            "{} cannot be written: {error}; free some space or give another folder with --data",
            path.display()
        ),
    }
}

fn import(
    engine: &Engine,
    folder: &Path,
    now: Now<'_>,
    fresh_key: &mut dyn FnMut() -> [u8; 32],
) -> Result<(), EngineError> {
    let rejects_file = engine.folder().join("rejects.csv");
    let options = ImportOptions { folder: folder.to_path_buf(), encoding: Encoding::Utf8, rejects_file };
    engine.import(&options, now(), fresh_key, &mut |_| {}).map(|_| ())
}

/// Imports a folder as it is; the days run up to its last fact.
fn load_folder(
    engine: &Engine,
    folder: &Path,
    days: u32,
    now: Now<'_>,
    fresh_key: &mut dyn FnMut() -> [u8; 32],
    progress: &mut dyn FnMut(Progress),
) -> Result<Date, EngineError> {
    progress(Progress::Loading { done: 0, total: 0 });
    import(engine, folder, now, fresh_key)?;
    let last = engine.last_fact_on()?.ok_or_else(|| EngineError::Refused {
        code: "empty_portfolio",
        complaint: wording!(
            "{} 中没有消费、还款或应还款项，无法跑批",
            "{} has no purchases, payments or obligations to run days on",
            folder.display()
        ),
    })?;
    Ok(last.plus_days(1 - i32::try_from(days).unwrap_or(1)))
}

/// Generates customers, imports what is known before the first day, and keeps the rest for its day.
fn load_generated(
    engine: &Engine,
    options: &Options,
    work: &Path,
    now: Now<'_>,
    fresh_key: &mut dyn FnMut() -> [u8; 32],
    progress: &mut dyn FnMut(Progress),
) -> Result<(Date, Feed), EngineError> {
    // A fixed spring, so that every run on every day of the year shows the same.
    let from = Date::parse("2026-03-02").map_err(|error| EngineError::Refused {
        code: "demo",
        complaint: Wording::quoted(error.to_string()),
    })?;
    let config = Config::new(options.seed, options.customers, from, options.days);
    let opening = work.join("opening");
    let mut feed = Feed::new();
    let mut writer = PortfolioWriter::create(&opening, Format::Csv)?;
    for row in config.product_rows() {
        writer.write(&row)?;
    }
    for (done, generated) in (1_u64..).zip(generate(&config)) {
        writer.write(&generated.customer)?;
        generated.contact_points.iter().try_for_each(|row| writer.write(row))?;
        generated.agreements.iter().try_for_each(|row| writer.write(row))?;
        for row in generated.purchases {
            if row.purchased_on < from {
                writer.write(&row)?
            } else {
                feed.entry(row.purchased_on).or_default().0.push(row)
            }
        }
        for row in generated.payments {
            if row.paid_on < from {
                writer.write(&row)?
            } else {
                feed.entry(row.paid_on).or_default().1.push(row)
            }
        }
        for row in generated.refunds {
            if row.refunded_on < from {
                writer.write(&row)?
            } else {
                feed.entry(row.refunded_on).or_default().2.push(row)
            }
        }
        if done % 500 == 0 || done == options.customers {
            progress(Progress::Loading { done, total: options.customers });
        }
    }
    writer.finish()?;
    import(engine, &opening, now, fresh_key)?;
    Ok((from, feed))
}

fn import_feed(
    engine: &Engine,
    work: &Path,
    date: Date,
    purchases: &[PurchaseRow],
    payments: &[PaymentRow],
    refunds: &[RefundRow],
    now: Now<'_>,
    fresh_key: &mut dyn FnMut() -> [u8; 32],
) -> Result<(), EngineError> {
    let folder = work.join(date.to_string());
    let mut writer = PortfolioWriter::create(&folder, Format::Csv)?;
    purchases.iter().try_for_each(|row| writer.write(row))?;
    payments.iter().try_for_each(|row| writer.write(row))?;
    refunds.iter().try_for_each(|row| writer.write(row))?;
    writer.finish()?;
    import(engine, &folder, now, fresh_key)?;
    std::fs::remove_dir_all(&folder).map_err(|error| io(&error, &folder))
}

/// What happens to the lender on the day, if anything.
fn mishaps(
    engine: &Engine,
    calendar: &Calendar,
    index: u32,
    date: Date,
    spool: &Path,
    state: &mut State,
    now: Now<'_>,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), EngineError> {
    let mut tell = |words| progress(Progress::Mishap { date, words });
    if index == calendar.pause_from {
        tell(("系统升级，停催一周", "a system upgrade pauses contact for a week"));
        let days = i32::try_from(calendar.pause_through - calendar.pause_from).unwrap_or(6);
        let pause = NewPause {
            kind: PauseKind::Upgrade,
            scope: PauseScope::default(),
            from: BusinessDate(date),
            through: BusinessDate(date.plus_days(days)),
            reason_zh: "核心系统升级".to_owned(),
            reason_en: "core system upgrade".to_owned(),
            per_hour: None,
            customer: None,
        };
        let pause = engine.add_pause(&pause, now())?;
        engine.approve_pause(pause.id, "as planned", Caller { actor: "demo's second person", now: now() })?;
    }
    let closed = spool.join(format!("closed-{}", Channel::Sms));
    if index == calendar.fault_from {
        tell(("短信服务商故障两天", "the text message provider fails for two days"));
        std::fs::write(&closed, "").map_err(|error| io(&error, &closed))?;
    }
    if index == calendar.fault_through + 1 && closed.exists() {
        std::fs::remove_file(&closed).map_err(|error| io(&error, &closed))?;
    }
    if index == calendar.removal {
        let points = engine.overdue_contact_points(ContactPointKind::Phone, 500)?;
        if !points.is_empty() {
            tell(("员工误删一批手机号", "a clerk deletes phone numbers in bulk by mistake"));
            state.numbers_removed = points.len();
            let change = engine.remove_contact_points(&points, "批量清理号码（误操作）", now())?;
            if change.is_pending {
                let caller = Caller { actor: "demo's second person", now: now() };
                engine.approve_contact_change(&change.batch, "looked fine", caller)?;
            }
            state.batch = Some(change.batch);
        }
    }
    if index == calendar.undo
        && let Some(batch) = state.batch.take()
    {
        tell((
            "误删的手机号已恢复，遗漏的通知补发",
            "the deleted numbers are restored and missed notices made good",
        ));
        engine.restore_contact_points(&batch, "恢复误删的号码", now())?;
    }
    Ok(())
}

/// One agreement that a pause kept silent, and one that heard nothing for a fault or missing contact data.
fn questions(engine: &Engine, silence: &SilenceView) -> Result<Vec<(String, Date)>, EngineError> {
    let wanted: [&[Reason]; 2] = [
        &[Reason::PauseUpgrade, Reason::Interval],
        &[Reason::ContactPointRemoved, Reason::ChannelFailed, Reason::ContactPointInvalid, Reason::Contacted],
    ];
    let mut questions = Vec::new();
    for reasons in wanted {
        for reason in reasons {
            let day = silence
                .days
                .iter()
                .rev()
                .find(|day| day.by_reason.iter().any(|count| count.reason == *reason));
            let Some(day) = day else { continue };
            if let Some(line) = engine.silence_agreements(day.date, *reason, 0, 1)?.into_iter().next() {
                questions.push((line.external_id, day.date));
                break;
            }
        }
    }
    Ok(questions)
}

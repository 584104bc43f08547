//! The faults of `dunlin bench detect` that need the real engine: each is made on a small portfolio under virtual time,
//! and a sweep a minute shows when it is found, as what, and with which first victim.

pub mod storm;

use dunlin_domain::wording;
use std::path::{Path, PathBuf};

use dunlin_domain::circumstance::CircumstanceKind;
use dunlin_domain::contact::Channel;
use dunlin_domain::date::{BusinessDate, Date, Timestamp};
use dunlin_domain::id::{AgreementId, CustomerId, MessageId};
use dunlin_domain::incident::IncidentCode;
use dunlin_domain::message::MessageState;
use dunlin_domain::money::Money;
use dunlin_domain::reason::Reason;
use dunlin_domain::verdict::{Evidence, VerdictSpan};
use dunlin_engine::circumstances::NewCircumstance;
use dunlin_engine::delivery::{ProviderConfig, ProviderKind, SpoolConfig};
use dunlin_engine::import::ImportOptions;
use dunlin_engine::payment::Caller;
use dunlin_engine::portfolio::{Encoding, Format, PortfolioWriter};
use dunlin_engine::watch::WatchOptions;
use dunlin_engine::{Clock, Config, Engine, EngineError, Lender, Letters, Location};
use dunlin_store::message::{self, PastMessage};
use dunlin_store::record::{self, NewVerdict};
use dunlin_store::run::{self, BusinessDay};
use dunlin_store::watch::{self, CohortCounts, CohortKey, SLOT_SECONDS, slot_of};
use dunlin_store::{CommitGate, agreement};

use crate::chaos::at;
use crate::chaos::world::{Borrower, World, first_day};

/// A fault, and how it was found.
#[derive(Clone, Debug)]
pub struct Caught {
    /// The fault.
    pub fault: &'static str,
    /// As what it was found; `None` when it was not.
    pub found_as: Option<IncidentCode>,
    /// The first that it hit, as the incident names it.
    pub first_affected: String,
    /// Seconds from the fault, or from the end of the grace that it has, to the incident.
    pub seconds: i64,
    /// Seconds that are allowed.
    pub allowed_seconds: i64,
}

impl Caught {
    /// Whether it was found in time, with its first victim.
    #[must_use]
    pub fn is_met(&self) -> bool {
        self.found_as.is_some() && self.seconds <= self.allowed_seconds && !self.first_affected.is_empty()
    }
}

/// How long a fault is waited for.
const WAIT_MINUTES: i64 = 180;

struct Stage {
    engine: Engine,
}

/// Makes each fault and waits for its incident.
///
/// # Errors
/// What the engine says; files that cannot be written.
pub fn run(folder: &Path, progress: &mut dyn FnMut(&'static str, u64)) -> Result<Vec<Caught>, EngineError> {
    type Fault = fn(&Path) -> Result<Caught, EngineError>;
    let faults: [Fault; 17] = [
        stopped_scheduler,
        omitted_segment,
        one_tenant,
        wrong_date,
        wrong_reason,
        stuck_outbox,
        lost_record,
        receipts_stop,
        all_refused,
        half_lost,
        one_kind,
        one_area,
        clock_back,
        clock_forward,
        daylight_saving,
        suppression_list,
        watcher_dead,
    ];
    let mut caught = Vec::new();
    for (index, fault) in faults.iter().enumerate() {
        progress("faults on the real engine", index as u64);
        caught.push(fault(&folder.join(format!("fault-{index}")))?);
    }
    Ok(caught)
}

fn io(error: &std::io::Error) -> EngineError {
    EngineError::Refused {
        code: "bench",
        complaint: wording!("性能测试的文件夹：{error}", "the folder of the bench: {error}"),
    }
}

fn config(folder: PathBuf) -> Config {
    config_in(folder, "Asia/Shanghai")
}

fn config_in(folder: PathBuf, zone: &str) -> Config {
    let spool = SpoolConfig { folder: folder.join("spool"), durable: false };
    Config {
        location: Location::Sqlite(folder.join("dunlin.db")),
        folder,
        master_key: None,
        providers: vec![ProviderConfig {
            name: "main".to_owned(),
            channels: vec![Channel::Sms],
            kind: ProviderKind::Spool(spool),
        }],
        lender: Lender {
            name_zh: "示例消金".to_owned(),
            name_en: "Example Credit".to_owned(),
            hotline: "400-000-0000".to_owned(),
            zone: zone.to_owned(),
            letters: Letters::default(),
        },
        clock: Some(Clock::Real),
        span_width: Some(512),
        actor: "bench".to_owned(),
        worker: "bench".to_owned(),
    }
}

impl Stage {
    /// Three hundred borrowers, and days run and sent before the one at hand.
    fn new(folder: &Path, days: i32) -> Result<Self, EngineError> {
        let stage = Self::opened(folder, config(folder.to_owned()))?;
        for day in 0..days {
            let date = first_day().plus_days(day);
            stage.run_day(date)?;
            stage.engine.dispatch(at(date, 9, 1))?;
        }
        Ok(stage)
    }

    fn opened(folder: &Path, config: Config) -> Result<Self, EngineError> {
        std::fs::create_dir_all(folder).map_err(|error| io(&error))?;
        let start = at(first_day(), 0, 0);
        let stage = Self { engine: Engine::open(config, start, [7; 32])? };
        let feed = folder.join("opening");
        World::new(1, 8, 900).write_opening(PortfolioWriter::create(&feed, Format::Csv)?)?;
        let options = ImportOptions {
            rejects_file: feed.with_extension("rejects.csv"),
            folder: feed,
            encoding: Encoding::Utf8,
        };
        let mut number = 0_u8;
        let mut fresh = || {
            number = number.wrapping_add(1);
            [number; 32]
        };
        stage.engine.import(&options, start, &mut fresh, &mut |_| {})?;
        Ok(stage)
    }

    fn run_day(&self, date: Date) -> Result<(), EngineError> {
        self.engine.run_day(BusinessDate(date), &|| at(date, 9, 0), &|_| {}).map(|_| ())
    }

    /// A sweep that finds nothing, so that the watch is awake.
    fn calm(&self, now: Timestamp) -> Result<(), EngineError> {
        self.engine.watch(&WatchOptions::default(), now).map(|_| ())
    }

    /// Sweeps once a minute from `fault_at` on until an incident of one of `codes` opens.
    fn sweep(
        &self,
        fault: &'static str,
        codes: &[IncidentCode],
        fault_at: Timestamp,
        allowed_seconds: i64,
    ) -> Result<Caught, EngineError> {
        for minute in 0..WAIT_MINUTES {
            let now = fault_at.plus_seconds(minute * 60 + 30);
            let report = self.engine.watch(&WatchOptions::default(), now)?;
            // What a command finds by itself is open already when the first sweep comes.
            let found = report.opened.iter().chain(&report.open).find(|line| codes.contains(&line.code));
            if let Some(line) = found {
                let seconds = minute * 60 + 30;
                let first_affected = line.first_affected.clone();
                return Ok(Caught {
                    fault,
                    found_as: Some(line.code),
                    first_affected,
                    seconds,
                    allowed_seconds,
                });
            }
        }
        Ok(Caught {
            fault,
            found_as: None,
            first_affected: String::new(),
            seconds: WAIT_MINUTES * 60,
            allowed_seconds,
        })
    }

    /// Adds counts to a stream of texts, spread over `slots` five-minute slots from `from` on.
    fn counts(
        &self,
        from: Timestamp,
        slots: i64,
        kind: &str,
        (handed, delivered): (i64, i64),
    ) -> Result<(), EngineError> {
        Ok(self.engine.db().write(|tx| {
            for index in 0..slots {
                let key = CohortKey {
                    slot: slot_of(from) + index,
                    channel: Channel::Sms,
                    provider: "main".to_owned(),
                    kind: kind.to_owned(),
                };
                let part = |whole: i64| whole * (index + 1) / slots - whole * index / slots;
                let counts = CohortCounts {
                    handed: part(handed),
                    delivered: part(delivered),
                    ..CohortCounts::default()
                };
                watch::add_cohorts(tx, [(&key, &counts)])?;
            }
            Ok(())
        })?)
    }

    /// Texts that the provider takes from `from` on, so many a minute for an hour, and of which nothing is heard.
    fn unheard(&self, from: Timestamp, a_minute: i64) -> Result<(), EngineError> {
        self.counts(from, 12, "usual", (a_minute * 60, 0))?;
        let customer = CustomerId::of_external("unheard");
        let text = |index: i64| PastMessage {
            id: MessageId::of_import(customer, &index.to_string()),
            agreement: AgreementId::of_external("unheard"),
            customer,
            channel: Channel::Sms,
            state: MessageState::Accepted,
            sent_at: from.plus_seconds(index * 60 / a_minute),
            business_date: from.date_in(self.engine.zone()),
            outcome: String::new(),
            contact_point: None,
            about: "",
            provider: Some("main".to_owned()),
        };
        let texts: Vec<PastMessage> = (0..a_minute * 60).map(text).collect();
        self.engine.db().write(|tx| message::insert_past(tx, &texts))?;
        Ok(())
    }

    /// Ten days of 200 usual texts an hour and 100 of another kind, of which 5 % are lost; receipts take seconds. Returns
    /// the moment at which they end.
    fn history(&self) -> Result<Timestamp, EngineError> {
        let start = at(first_day(), 0, 0);
        let latencies = [((Channel::Sms, "main".to_owned(), 5), 500)];
        self.engine.db().write(|tx| watch::add_latencies(tx, latencies.iter().map(|(key, n)| (key, n))))?;
        let end = start.plus_seconds(240 * 3_600);
        for hour in 0..240 {
            let from = start.plus_seconds(hour * 3_600);
            self.counts(from, 12, "usual", (200, 189 + hour % 3))?;
            self.counts(from, 12, "other", (100, 95))?;
            // The same messages, by where they go.
            self.counts(from, 12, "+86138", (180, 171 + hour % 3))?;
            self.counts(from, 12, "+86139", (120, 113))?;
        }
        self.engine.db().write(|tx| watch::sign(tx, "receipts", "sms/main", end, 0))?;
        self.calm(end)?;
        Ok(end)
    }
}

fn stopped_scheduler(folder: &Path) -> Result<Caught, EngineError> {
    let stage = Stage::new(folder, 2)?;
    let day = first_day().plus_days(2);
    stage.calm(at(day, 10, 13))?;
    // A quarter of an hour after ten the grace is over.
    stage.sweep("the scheduler stopped", &[IncidentCode::DayNotRun], at(day, 10, 15), 60)
}

fn omitted_segment(folder: &Path) -> Result<Caught, EngineError> {
    let stage = Stage::new(folder, 2)?;
    let date = first_day().plus_days(2);
    let (day, decided_at) = (BusinessDate(date), at(date, 9, 0));
    // Half of the parts are said to be done before anybody looked at them.
    stage.engine.db().write(|tx| {
        run::begin_day(tx, BusinessDay { date: day, decided_at, is_late: false })?;
        run::close_span(tx, run::spans(512)[0], day, decided_at)
    })?;
    stage.run_day(date)?;
    stage.engine.dispatch(at(date, 9, 1))?;
    stage.sweep("the plan omits a segment", &[IncidentCode::UnexplainedSilence], at(date, 9, 2), 60)
}

/// One of several portfolios: the agreements of a sixteenth of the parts are not looked at, all others are.
fn one_tenant(folder: &Path) -> Result<Caught, EngineError> {
    let stage = Stage::new(folder, 2)?;
    let date = first_day().plus_days(2);
    let mut own = Vec::new();
    stage.engine.db().read(|tx| {
        for part in (0..dunlin_domain::id::PART_COUNT / 16).map(dunlin_domain::id::Part::new) {
            agreement::each_of_part(tx, part, |row| {
                own.push((row.part, row.id));
                Ok(())
            })?;
        }
        Ok(())
    })?;
    stage.engine.db().write(|tx| agreement::put_off(tx, &own, date.plus_days(365)))?;
    stage.run_day(date)?;
    stage.engine.dispatch(at(date, 9, 1))?;
    stage.sweep(
        "one portfolio is left out, the others are worked",
        &[IncidentCode::UnexplainedSilence],
        at(date, 9, 2),
        60,
    )
}

/// One verdict of the day is sealed with a reason that does not hold: somebody else wrote it before the day's run came to it.
fn wrong_reason(folder: &Path) -> Result<Caught, EngineError> {
    let stage = Stage::new(folder, 2)?;
    let date = first_day().plus_days(2);
    let world = World::new(1, 8, 900);
    let is_due = |borrower: &&Borrower| {
        borrower.is_overdue(date) && !borrower.is_overdue(date.plus_days(-1)) && !borrower.opted_out
    };
    if let Some(borrower) = world.borrowers().iter().find(is_due) {
        let (day, decided_at) = (BusinessDate(date), at(date, 9, 0));
        stage.engine.db().write(|tx| {
            let Some(row) = agreement::find(tx, borrower.id)? else { return Ok(0) };
            let span = VerdictSpan {
                agreement: row.id,
                from: date,
                through: date,
                reason: Reason::Economy,
                days_past_due: 1,
                bucket_index: 0,
                overdue: Money::zero(row.currency),
                strategy: None,
                row: None,
                message: None,
                evidence: Evidence::Position,
            };
            record::insert_verdicts(tx, &[NewVerdict { part: row.part, span, rules: None }], day, decided_at)
        })?;
    }
    stage.run_day(date)?;
    stage.engine.dispatch(at(date, 9, 1))?;
    stage.sweep("a verdict is sealed with a wrong reason", &[IncidentCode::WrongReason], at(date, 9, 2), 60)
}

fn wrong_date(folder: &Path) -> Result<Caught, EngineError> {
    let stage = Stage::new(folder, 2)?;
    let date = first_day().plus_days(2);
    let mut all = Vec::new();
    stage.engine.db().read(|tx| {
        for part in (0..dunlin_domain::id::PART_COUNT).map(dunlin_domain::id::Part::new) {
            agreement::each_of_part(tx, part, |row| {
                all.push((row.part, row.id));
                Ok(())
            })?;
        }
        Ok(())
    })?;
    // The planner believes that nothing falls due for a year.
    stage.engine.db().write(|tx| agreement::put_off(tx, &all, date.plus_days(365)))?;
    stage.run_day(date)?;
    stage.sweep("the planner has a wrong due date", &[IncidentCode::UnexplainedSilence], at(date, 9, 1), 60)
}

fn stuck_outbox(folder: &Path) -> Result<Caught, EngineError> {
    let stage = Stage::new(folder, 2)?;
    let date = first_day().plus_days(2);
    stage.run_day(date)?;
    stage.calm(at(date, 9, 4))?;
    // Due since nine; the grace is five minutes.
    stage.sweep("the outbox is stuck", &[IncidentCode::OutboxStuck], at(date, 9, 5), 60)
}

fn lost_record(folder: &Path) -> Result<Caught, EngineError> {
    let mut stage = Stage::new(folder, 2)?;
    let date = first_day().plus_days(2);
    stage.run_day(date)?;
    stage.engine.sign_of_worker(5, at(date, 9, 1))?;
    let commits = std::sync::atomic::AtomicU32::new(0);
    // The claim is kept; what the provider answered is not.
    let gate = move || match commits.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
        0 => CommitGate::Open,
        _ => CommitGate::LostBefore,
    };
    stage.engine = stage.engine.with_commit_gate(Box::new(gate));
    let crashed = stage.engine.dispatch(at(date, 9, 1)).is_err();
    drop(stage);
    let mut config = config(folder.to_owned());
    config.worker = "another".to_owned();
    let stage = Stage { engine: Engine::open(config, at(date, 9, 1), [7; 32])? };
    let fault = "a worker ends between sending and recording";
    let codes = [IncidentCode::WorkerSilent, IncidentCode::OutboxStuck];
    let caught = stage.sweep(fault, &codes, at(date, 9, 1), 180)?;
    Ok(if crashed { caught } else { Caught { found_as: None, ..caught } })
}

fn receipts_stop(folder: &Path) -> Result<Caught, EngineError> {
    let stage = Stage::new(folder, 0)?;
    let end = stage.history()?;
    // Seventeen a minute go on without a word.
    stage.unheard(end, 17)?;
    stage.sweep(
        "the provider takes texts and drops them: receipts stop",
        &[IncidentCode::ReceiptsSilent],
        end,
        300,
    )
}

fn all_refused(folder: &Path) -> Result<Caught, EngineError> {
    let stage = Stage::new(folder, 0)?;
    let end = stage.history()?;
    stage.counts(end, 12, "usual", (200, 0))?;
    stage.counts(end, 12, "other", (100, 0))?;
    // A receipt for each, which says that it failed: nothing is silent.
    let caught =
        stage.sweep("the provider refuses everything", &[IncidentCode::FailureRate], end, batch_seconds())?;
    Ok(caught)
}

fn half_lost(folder: &Path) -> Result<Caught, EngineError> {
    let stage = Stage::new(folder, 0)?;
    let end = stage.history()?;
    stage.counts(end, 12, "usual", (200, 100))?;
    stage.counts(end, 12, "other", (100, 50))?;
    stage.sweep("half of all texts are lost", &[IncidentCode::FailureRate], end, batch_seconds())
}

fn one_kind(folder: &Path) -> Result<Caught, EngineError> {
    let stage = Stage::new(folder, 0)?;
    let end = stage.history()?;
    stage.counts(end, 12, "usual", (200, 190))?;
    stage.counts(end, 12, "other", (100, 40))?;
    stage.sweep(
        "one kind of text is lost, the others arrive",
        &[IncidentCode::FailureRate],
        end,
        batch_seconds(),
    )
}

fn one_area(folder: &Path) -> Result<Caught, EngineError> {
    let stage = Stage::new(folder, 0)?;
    let end = stage.history()?;
    stage.counts(end, 12, "usual", (200, 154))?;
    stage.counts(end, 12, "other", (100, 78))?;
    stage.counts(end, 12, "+86138", (180, 172))?;
    stage.counts(end, 12, "+86139", (120, 60))?;
    stage.sweep(
        "texts to the numbers of one area are lost",
        &[IncidentCode::FailureRate],
        end,
        batch_seconds(),
    )
}

/// An hour, and the time that its last receipts and the next look have.
fn batch_seconds() -> i64 {
    3_600 + 2 * SLOT_SECONDS + 60
}

fn clock_back(folder: &Path) -> Result<Caught, EngineError> {
    let stage = Stage::new(folder, 1)?;
    stage.calm(at(first_day(), 12, 0))?;
    stage.sweep("the clock goes back an hour", &[IncidentCode::ClockBack], at(first_day(), 11, 0), 60)
}

fn clock_forward(folder: &Path) -> Result<Caught, EngineError> {
    let stage = Stage::new(folder, 1)?;
    stage.calm(at(first_day(), 11, 0))?;
    stage.sweep("the clock jumps ahead an hour", &[IncidentCode::WatchGap], at(first_day(), 12, 0), 60)
}

/// In Berlin the clock skips from two to three on 29 March 2026: nothing of that is taken for a fault, and the day is
/// missed at its time by the new clock.
fn daylight_saving(folder: &Path) -> Result<Caught, EngineError> {
    let stage = Stage::opened(folder, config_in(folder.to_owned(), "Europe/Berlin"))?;
    let date = first_day().plus_days(27);
    let on = |date: Date, hour, minute| Timestamp::at(date, hour, minute, stage.engine.zone());
    stage.engine.run_day(BusinessDate(date.plus_days(-1)), &|| on(date.plus_days(-1), 9, 0), &|_| {})?;
    stage.engine.dispatch(on(date.plus_days(-1), 9, 1))?;
    let fault_at = on(date, 10, 15);
    let mut now = on(date, 0, 0);
    stage.calm(now)?;
    let fault = "the clock skips an hour for daylight saving, and the scheduler stops";
    while now < fault_at.plus_seconds(-240) {
        now = now.plus_seconds(240);
        let report = stage.engine.watch(&WatchOptions::default(), now)?;
        if let Some(line) = report.opened.first() {
            let first_affected = format!("a false alarm: {} of {}", line.code, line.first_affected);
            return Ok(Caught { fault, found_as: None, first_affected, seconds: 0, allowed_seconds: 60 });
        }
    }
    stage.sweep(fault, &[IncidentCode::DayNotRun], fault_at, 60)
}

/// A list of people who want no texts matches far more than it should.
fn suppression_list(folder: &Path) -> Result<Caught, EngineError> {
    let stage = Stage::new(folder, 3)?;
    let now = at(first_day().plus_days(2), 11, 0);
    stage.calm(now)?;
    for index in 0..100 {
        let withdrawal = NewCircumstance {
            customer: Some(format!("C-{index}")),
            agreement: None,
            contact_point: None,
            kind: CircumstanceKind::OptOut,
            value: Channel::Sms.code().to_owned(),
            from: None,
            through: None,
            reason: "suppression list".to_owned(),
            evidence: "list-7.csv".to_owned(),
        };
        stage.engine.add_circumstance(&withdrawal, Caller { actor: "bench", now })?;
    }
    stage.sweep("a suppression list matches too many", &[IncidentCode::ContactData], now, 60)
}

fn watcher_dead(folder: &Path) -> Result<Caught, EngineError> {
    let stage = Stage::new(folder, 1)?;
    stage.calm(at(first_day(), 11, 0))?;
    // The next worker that comes by takes over.
    stage.sweep("nobody watched for ten minutes", &[IncidentCode::WatchGap], at(first_day(), 11, 10), 60)
}

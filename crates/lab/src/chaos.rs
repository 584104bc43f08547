//! `dunlin lab chaos`: the real engine under virtual time, with faults from a seed, and an auditor that judges it.
//!
//! Two schedulers share one database. Commits are lost before they happen or their answers after they did; processes end
//! there and are started again; a provider takes messages and does not say so, breaks off, asks for patience; receipts
//! come twice, late, out of order, forged, and for what nobody sent; the clock skips. Everything happens in one thread and
//! is drawn from the seed, so that a seed that fails fails again.
//!
//! The [`auditor`] has a model of its own, three rules of arithmetic long, and what the provider really got. It shares
//! nothing with the engine but the rows that it reads.

pub mod auditor;
pub mod chains;
pub mod gateway;
pub mod meanwhile;
pub mod world;

use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use dunlin_domain::contact::{Channel, Language, Personal};
use dunlin_domain::date::{BusinessDate, Date, Timestamp};
use dunlin_engine::delivery::{
    Callback, CallbackAuth, CallbackShape, CallbacksConfig, HttpCommon, HttpConfig, HttpProvider, HttpQuery,
    HttpSigning, ProviderConfig, ProviderKind, QueryState,
};
use dunlin_engine::import::ImportOptions;
use dunlin_engine::payment::Caller;
use dunlin_engine::portfolio::{Encoding, Format, PortfolioWriter};
use dunlin_engine::watch::WatchOptions;
use dunlin_engine::{Clock, Config, Engine, EngineError, Lender, Letters, Location, StoreError};
use dunlin_store::{CommitGate, Db};
use serde_json::json;

use self::auditor::{Case, Judgement};
use self::gateway::Gateway;
use self::meanwhile::{Record, UnderWay};
use self::world::World;
use crate::random::{Purpose, Stream};

/// How contact is made: texts first, and what does not get through by another channel.
const STRATEGY: &str = include_str!("chaos/strategy.csv");
/// The names of the two providers.
pub const PROVIDERS: [&str; 2] = ["main", "spare"];
/// What a provider shows with its receipts.
const TOKEN: &str = "a-token-of-the-rehearsal";
/// Minutes between two rounds of sending.
const ROUND_MINUTES: i64 = 30;
/// Rehearsals of more messages than this are large: faults are rarer in them.
const LARGE_FROM: u64 = 20_000;
/// How often something is tried again that faults keep from being done.
const TRIES_MAX: u32 = 1_000;

/// What is rehearsed.
#[derive(Clone, Debug)]
pub struct Options {
    /// The seed of everything.
    pub seed: u64,
    /// Business days with faults.
    pub days: u32,
    /// About how many messages are to be decided on.
    pub intents: u64,
    /// The folder for the database; emptied by the caller.
    pub folder: PathBuf,
    /// Where the database lies, if not in the folder.
    pub location: Option<Location>,
    /// A command of the shell that restarts the database server; without one its connections are ended.
    pub restart_with: Option<String>,
    /// Whether the provider says of whatever it took that it never did: then the auditor finds what was sent twice.
    pub is_forgetful: bool,
}

/// What it came to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Customers.
    pub customers: u64,
    /// Commits that were lost, before or after they happened.
    pub lost_commits: u64,
    /// Processes that ended in mid-work and were started again.
    pub crashes: u64,
    /// Times that the clock skipped.
    pub clock_skips: u64,
    /// Times that the database ended all its connections.
    pub restarts: u64,
    /// Call-backs that were forged.
    pub forged: u64,
    /// What staff and customers did meanwhile, by name.
    pub done: BTreeMap<&'static str, u64>,
    /// Requests that the provider answered, or not.
    pub requests: u64,
    /// Messages that it took without saying so.
    pub withheld: u64,
    /// How often it was asked what became of a message.
    pub questions: u64,
    /// How often it answered that it never took it.
    pub never_taken: u64,
    /// What the auditor found.
    pub judgement: Judgement,
}

/// One of the two schedulers.
struct Scheduler {
    name: &'static str,
    starts: u32,
    engine: Option<Engine>,
}

pub(crate) struct Rehearsal {
    options: Options,
    draws: Stream,
    clock: Arc<AtomicI64>,
    /// One of so many commits is lost; 0 for none.
    loss: Arc<AtomicU64>,
    commits: Arc<AtomicU64>,
    lost: Arc<AtomicU64>,
    gateway: Gateway,
    world: World,
    schedulers: [Scheduler; 2],
    crashes: u64,
    clock_skips: u64,
    restarts: Arc<AtomicU64>,
    forged: u64,
    imports: u64,
    record: Record,
    under_way: UnderWay,
    /// What sweeps held against the verdicts of the day.
    alarms: Vec<String>,
    /// Whether nobody does anything new.
    is_settling: bool,
}

/// Rehearses `options`, and has it judged.
///
/// # Errors
/// What the engine says that no fault of ours explains; files that cannot be written.
pub fn run(options: &Options, progress: &mut dyn FnMut(u32, u64)) -> Result<Outcome, EngineError> {
    run_inspected(options, progress, &mut |_, _| {})
}

/// The same, and `inspect` sees what is judged, with the first and the last day.
///
/// # Errors
/// As [`run`].
pub fn run_inspected(
    options: &Options,
    progress: &mut dyn FnMut(u32, u64),
    inspect: &mut dyn FnMut(&Case<'_>, (Date, Date)),
) -> Result<Outcome, EngineError> {
    let mut rehearsal = Rehearsal::prepare(options)?;
    let first = world::first_day();
    let after = rehearsal.end();
    for (index, date) in (first.days()..after.days()).map(Date::from_days).enumerate() {
        rehearsal.day(date)?;
        progress(index as u32 + 1, rehearsal.gateway.taken_count());
    }
    rehearsal.settle(after)?;
    let engine = rehearsal.schedulers[0].engine.as_ref().ok_or_else(gone)?;
    let days = (first, after.plus_days(1));
    let case = auditor::gather(engine, &rehearsal)?;
    inspect(&case, days);
    let (questions, never_taken) = rehearsal.gateway.question_counts();
    Ok(Outcome {
        customers: rehearsal.world.len(),
        lost_commits: rehearsal.lost.load(Ordering::SeqCst),
        crashes: rehearsal.crashes,
        clock_skips: rehearsal.clock_skips,
        restarts: rehearsal.restarts.load(Ordering::SeqCst),
        forged: rehearsal.forged,
        done: rehearsal.record.counts(),
        requests: rehearsal.gateway.asked_count(),
        withheld: rehearsal.gateway.withheld_count(),
        questions,
        never_taken,
        judgement: auditor::judge_case(&case, days),
    })
}

fn gone() -> EngineError {
    EngineError::Refused {
        code: "chaos", complaint: wording!("调度器不存在", "a scheduler is not there")
    }
}

fn trouble(what: &str, error: &std::io::Error) -> EngineError {
    EngineError::Refused { code: "chaos", complaint: Wording::quoted(error.to_string()).at(what) }
}

/// Whether a failure is one that we made.
fn is_ours(error: &EngineError) -> bool {
    matches!(error, EngineError::Store(StoreError::CommitUnknown { .. }))
}

impl Rehearsal {
    fn prepare(options: &Options) -> Result<Self, EngineError> {
        let clock = Arc::new(AtomicI64::new(at(world::first_day(), 0, 0).micros()));
        let gateway = Gateway::start(options.seed, Arc::clone(&clock), options.is_forgetful)
            .map_err(|error| trouble("the made-up provider cannot listen", &error))?;
        let mut rehearsal = Self {
            options: options.clone(),
            draws: Stream::new(options.seed, 0, Purpose::Chaos, 0),
            clock,
            loss: Arc::new(AtomicU64::new(0)),
            commits: Arc::new(AtomicU64::new(0)),
            lost: Arc::new(AtomicU64::new(0)),
            gateway,
            world: World::new(options.seed, options.days, options.intents),
            schedulers: ["first", "second"].map(|name| Scheduler { name, starts: 0, engine: None }),
            crashes: 0,
            clock_skips: 0,
            restarts: Arc::new(AtomicU64::new(0)),
            forged: 0,
            imports: 0,
            record: Record::default(),
            under_way: UnderWay::default(),
            alarms: Vec::new(),
            is_settling: false,
        };
        rehearsal.start(0)?;
        rehearsal.start(1)?;
        let now = rehearsal.now();
        rehearsal.persist("a strategy", &mut |_, engine| {
            let done = engine.import_policy("strategy.csv", STRATEGY, now)?;
            if done.is_pending {
                engine.approve_policy("strategy/chaos@1", "", Caller { actor: "approver", now })?;
            }
            Ok(())
        })?;
        let opening = rehearsal.folder_of_import();
        rehearsal.world.write_opening(writer(&opening)?)?;
        rehearsal.import(&opening)?;
        // Large rehearsals lose a smaller share of their commits: what is done again grows with what is done.
        rehearsal.loss.store(if options.intents > LARGE_FROM { 100 } else { 25 }, Ordering::SeqCst);
        Ok(rehearsal)
    }

    /// The day after the last one with faults.
    fn end(&self) -> Date {
        world::first_day().plus_days(i32::try_from(self.options.days).unwrap_or(i32::MAX))
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.clock.load(Ordering::SeqCst))
    }

    fn set(&self, now: Timestamp) {
        self.clock.store(now.micros(), Ordering::SeqCst);
    }

    fn chance(&mut self, one_in: u32) -> bool {
        self.draws.below(one_in) == 0
    }

    /// Starts a scheduler as a process that nobody knows yet.
    fn start(&mut self, index: usize) -> Result<(), EngineError> {
        let scheduler = &mut self.schedulers[index];
        scheduler.starts += 1;
        // The old one lets go of the database first.
        scheduler.engine = None;
        let worker = format!("{}-{}", scheduler.name, scheduler.starts);
        let config = config(&self.options, &worker, self.gateway.port());
        let engine =
            Engine::open(config, Timestamp::from_micros(self.clock.load(Ordering::SeqCst)), [7; 32])?;
        let (loss, commits, lost) =
            (Arc::clone(&self.loss), Arc::clone(&self.commits), Arc::clone(&self.lost));
        let seed = self.options.seed;
        let (restarts, options) = (Arc::clone(&self.restarts), self.options.clone());
        let gate = move || {
            let number = commits.fetch_add(1, Ordering::SeqCst);
            let one_in = loss.load(Ordering::SeqCst);
            let mut draw = Stream::new(seed, number, Purpose::Chaos, 1);
            if one_in == 0 || draw.below(u32::try_from(one_in).unwrap_or(u32::MAX)) != 0 {
                return CommitGate::Open;
            }
            lost.fetch_add(1, Ordering::SeqCst);
            match draw.below(3) {
                0 => CommitGate::LostBefore,
                1 => CommitGate::LostAfter,
                // The commit meets a server that is gone, where there is a server.
                _ => match restart(&options) {
                    Ok(true) => {
                        restarts.fetch_add(1, Ordering::SeqCst);
                        CommitGate::Open
                    }
                    Ok(false) | Err(_) => CommitGate::LostBefore,
                },
            }
        };
        let engine = engine.with_commit_gate(Box::new(gate));
        // Small rehearsals too are to claim a batch while another is handed over.
        let is_small = self.options.intents <= LARGE_FROM;
        self.schedulers[index].engine = Some(if is_small { engine.with_batch_count(8) } else { engine });
        Ok(())
    }

    /// Does something with one of the schedulers until it is done. Where a commit is lost the process ends, or goes on
    /// with a database that has come back.
    fn persist<T>(
        &mut self,
        what: &str,
        work: &mut dyn FnMut(&Self, &Engine) -> Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        for _ in 0..TRIES_MAX {
            let index = self.draws.below(2) as usize;
            let engine = self.schedulers[index].engine.take().ok_or_else(gone)?;
            let result = work(self, &engine);
            self.schedulers[index].engine = Some(engine);
            match result {
                Ok(value) => return Ok(value),
                Err(error) if is_ours(&error) => {
                    // What the other held of the day is free after half a minute.
                    self.set(self.now().plus_seconds(31));
                    if self.chance(2) {
                        self.crashes += 1;
                        self.start(index)?;
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Err(EngineError::Refused {
            code: "chaos",
            complaint: wording!(
                "{what} 尝试 {TRIES_MAX} 次后仍未完成",
                "{what} was not done after {TRIES_MAX} tries"
            ),
        })
    }

    fn folder_of_import(&mut self) -> PathBuf {
        self.imports += 1;
        self.options.folder.join(format!("feed-{}", self.imports))
    }

    fn import(&mut self, folder: &std::path::Path) -> Result<(), EngineError> {
        let options = ImportOptions {
            folder: folder.to_owned(),
            encoding: Encoding::Utf8,
            rejects_file: folder.with_extension("rejects.csv"),
        };
        let number = std::cell::Cell::new(0_u64);
        let report = self.persist("an import", &mut |own, engine| {
            let mut fresh = || {
                number.set(number.get() + 1);
                key_of(own.options.seed, own.imports, number.get())
            };
            engine.import(&options, own.now(), &mut fresh, &mut |_| {})
        })?;
        if let Some(rejects) = report.rejects_file {
            let complaint = wording!(
                "生成的资产组合有被拒的行：{}",
                "the made-up portfolio has rejects: {}",
                rejects.display()
            );
            return Err(EngineError::Refused { code: "chaos", complaint });
        }
        std::fs::remove_dir_all(folder).map_err(|error| trouble("a feed cannot be removed", &error))
    }

    /// One business day: what came in, the day's run, rounds of sending from nine in the morning to eleven at night.
    fn day(&mut self, date: Date) -> Result<(), EngineError> {
        self.set(at(date, 8, 30));
        self.turn_page(date);
        if self.world.has_feed(date) {
            let feed = self.folder_of_import();
            self.world.write_feed(date, self.now(), writer(&feed)?)?;
            self.import(&feed)?;
        }
        self.run_day(date)?;
        let mut round = at(date, 9, 0);
        while round < at(date, 23, 30) {
            self.set(round.max(self.now()));
            if self.chance(40) {
                self.skip(date);
            }
            if self.chance(30) && !self.is_settling {
                self.restart_database()?;
            }
            self.round()?;
            if self.chance(2) && !self.is_settling {
                self.customers_act(date)?;
            }
            round = round.plus_seconds(ROUND_MINUTES * 60);
        }
        if !self.is_settling {
            self.staff_act(date)?;
        }
        Ok(())
    }

    fn run_day(&mut self, date: Date) -> Result<(), EngineError> {
        self.persist("a day", &mut |own, engine| {
            let clock = Arc::clone(&own.clock);
            let now = move || Timestamp::from_micros(clock.load(Ordering::SeqCst));
            engine.run_day(BusinessDate(date), &now, &|_| {}).map(|_| ())
        })
    }

    /// The clock goes on by up to two hours at once, or back by up to one; not into another day.
    fn skip(&mut self, date: Date) {
        let minutes = i64::from(self.draws.between(-60, 120));
        let to = self.now().plus_seconds(minutes * 60);
        if to > at(date, 9, 0) && to < at(date, 23, 30) {
            self.clock_skips += 1;
            self.set(to);
        }
    }

    /// The database server is restarted between two pieces of work, where there is one.
    fn restart_database(&mut self) -> Result<(), EngineError> {
        if restart(&self.options)? {
            self.restarts.fetch_add(1, Ordering::SeqCst);
        }
        Ok(())
    }

    /// Sends what is due, brings the receipts that are due, and now and then something forged.
    fn round(&mut self) -> Result<(), EngineError> {
        self.persist("a round of sending", &mut |own, engine| engine.dispatch(own.now()).map(|_| ()))?;
        for (provider, body) in self.gateway.due_receipts(self.now()) {
            self.persist("a receipt", &mut |own, engine| {
                let callback = Callback { query: "", headers: &signed(TOKEN), body: body.as_bytes() };
                engine.take_receipt_callback(PROVIDERS[provider], &callback, own.now()).map(|_| ())
            })?;
        }
        // After the receipts: what they told is not asked.
        self.ask()?;
        if self.chance(8) {
            self.forge()?;
        }
        // A sweep after a day reads every fact.
        if self.chance(if self.options.intents > LARGE_FROM { 200 } else { 16 }) {
            let alarms = self.persist("a sweep", &mut |own, engine| {
                let report = engine.watch(&WatchOptions::default(), own.now())?;
                let of_plan = report.opened.iter().filter(|line| line.stream == "plan");
                Ok(of_plan.map(|line| line.found(Language::En)).collect::<Vec<_>>())
            })?;
            self.alarms.extend(alarms);
        }
        Ok(())
    }

    /// Asks the provider what became of messages whose outcome is open, as far as that is due.
    fn ask(&mut self) -> Result<(), EngineError> {
        self.persist("a round of questions", &mut |own, engine| engine.ask_providers(own.now()).map(|_| ()))
    }

    /// A call-back with a wrong token about a message that was taken, which is refused, or with the right one about what
    /// nobody sent, which changes nothing.
    fn forge(&mut self) -> Result<(), EngineError> {
        self.forged += 1;
        let draw = self.draws.next();
        if draw.is_multiple_of(2) {
            let body = self.gateway.forged_about(draw);
            return self.persist("a forged receipt", &mut |own, engine| {
                let callback = Callback { query: "", headers: &signed("a-guess"), body: body.as_bytes() };
                match engine.take_receipt_callback(PROVIDERS[0], &callback, own.now()) {
                    Err(EngineError::Refused { code: "signature", .. }) => Ok(()),
                    Err(error) => Err(error),
                    Ok(_) => Err(EngineError::Refused {
                        code: "chaos",
                        complaint: wording!(
                            "令牌错误的回调竟被受理",
                            "a call-back with a wrong token was taken"
                        ),
                    }),
                }
            });
        }
        let body = json!({ "reference": format!("nobody-{draw}"), "state": "delivered" }).to_string();
        self.persist("a receipt about nothing", &mut |own, engine| {
            let callback = Callback { query: "", headers: &signed(TOKEN), body: body.as_bytes() };
            let (report, _) = engine.take_receipt_callback(PROVIDERS[0], &callback, own.now())?;
            if report.delivered + report.failed == 0 {
                return Ok(());
            }
            let complaint =
                wording!("无对应消息的回执竟改变了数据", "a receipt about nothing changed something");
            Err(EngineError::Refused { code: "chaos", complaint })
        })
    }

    /// Two days without faults, so that all that is under way comes to its end.
    fn settle(&mut self, from: Date) -> Result<(), EngineError> {
        self.loss.store(0, Ordering::SeqCst);
        self.gateway.behave();
        self.is_settling = true;
        for index in 0..2 {
            self.day(from.plus_days(index))?;
        }
        // Whatever is still to come has come by then, and nothing is sent at night. What follows on it by another channel
        // goes out of date before the next time, and so on to the end of each chain.
        for days in [4, 6, 8, 10] {
            self.set(at(from.plus_days(days), 23, 45));
            self.persist("the last round", &mut |own, engine| engine.dispatch(own.now()).map(|_| ()))?;
            for (provider, body) in self.gateway.due_receipts(self.now()) {
                self.persist("a late receipt", &mut |own, engine| {
                    let callback = Callback { query: "", headers: &signed(TOKEN), body: body.as_bytes() };
                    engine.take_receipt_callback(PROVIDERS[provider], &callback, own.now()).map(|_| ())
                })?;
            }
        }
        Ok(())
    }
}

/// Restarts the server of the database, or ends its connections; whether there was anything to restart.
fn restart(options: &Options) -> Result<bool, EngineError> {
    let Some(location @ Location::Postgres(_)) = &options.location else { return Ok(false) };
    let Some(command) = &options.restart_with else {
        return Ok(Db::open(location)?.end_other_connections()? > 0);
    };
    let status = std::process::Command::new("sh").arg("-c").arg(command).status();
    let status = status.map_err(|error| trouble("the database cannot be restarted", &error))?;
    if status.success() {
        return Ok(true);
    }
    let complaint = wording!(
        "用“{command}”重启数据库，结果为 {status}",
        "restarting the database by {command:?} ended with {status}"
    );
    Err(EngineError::Refused { code: "chaos", complaint })
}

fn signed(token: &str) -> [(String, String); 1] {
    [("authorization".to_owned(), format!("Bearer {token}"))]
}

fn writer(folder: &std::path::Path) -> Result<PortfolioWriter, EngineError> {
    Ok(PortfolioWriter::create(folder, Format::Csv)?)
}

/// A moment in Shanghai, which has had no daylight saving since 1991.
pub(crate) fn at(date: Date, hour: i64, minute: i64) -> Timestamp {
    const EAST_HOURS: i64 = 8;
    let seconds = i64::from(date.days()) * 86_400 + (hour - EAST_HOURS) * 3_600 + minute * 60;
    Timestamp::from_micros(seconds * 1_000_000)
}

/// A key that is made once for each customer.
fn key_of(seed: u64, import: u64, number: u64) -> [u8; 32] {
    let mut key = [0; 32];
    for (place, part) in key.chunks_mut(8).zip([seed, import, number, 41]) {
        place.copy_from_slice(&part.to_le_bytes());
    }
    key
}

fn config(options: &Options, worker: &str, port: u16) -> Config {
    let provider = |name: &str| ProviderConfig {
        name: name.to_owned(),
        channels: vec![Channel::Sms, Channel::Email, Channel::Letter],
        kind: ProviderKind::Http(
            HttpCommon {
                connection_count: 1,
                timeout_seconds: 30,
                extra_root: None,
                callbacks: Some(CallbacksConfig {
                    shape: CallbackShape::Generic,
                    auth: CallbackAuth::Token { secret: Personal::new(TOKEN) },
                    zone: jiff::tz::TimeZone::UTC,
                }),
            },
            HttpProvider::Generic(Box::new(HttpConfig {
                url: format!("http://127.0.0.1:{port}/{name}"),
                method: "POST".to_owned(),
                headers: Vec::new(),
                body: json!({ "to": "{recipient}", "id": "{id}", "attempt": "{attempt}", "until": "{expires_at}" }),
                is_form: false,
                secret: None,
                signing: HttpSigning::None,
                id_at: Some("/id".to_owned()),
                status_at: Some("/code".to_owned()),
                accepted: vec!["0".to_owned()],
                deferred: vec!["later".to_owned()],
                throttled: Vec::new(),
                unavailable: Vec::new(),
                bad_address: vec!["nobody".to_owned()],
                query: Some(HttpQuery {
                    url: format!("http://127.0.0.1:{port}/state/{name}?id={{id}}"),
                    state_at: "/state".to_owned(),
                    states: [
                        ("delivered", QueryState::Delivered),
                        ("failed", QueryState::Failed),
                        ("underway", QueryState::Underway),
                    ]
                    .map(|(word, state)| (word.to_owned(), state))
                    .to_vec(),
                    never_taken_statuses: vec![404],
                }),
            })),
        ),
    };
    Config {
        location: options
            .location
            .clone()
            .unwrap_or_else(|| Location::Sqlite(options.folder.join("chaos.db"))),
        folder: options.folder.clone(),
        master_key: None,
        providers: PROVIDERS.iter().map(|name| provider(name)).collect(),
        lender: Lender {
            name_zh: "示例消金".to_owned(),
            name_en: "Example Credit".to_owned(),
            hotline: "400-000-0000".to_owned(),
            zone: "Asia/Shanghai".to_owned(),
            letters: Letters::default(),
        },
        clock: Some(Clock::Real),
        // One span, so that a day is worked by one thread.
        span_width: Some(dunlin_domain::id::PART_COUNT),
        actor: "chaos".to_owned(),
        worker: worker.to_owned(),
    }
}

//! `work`: a process that sends and takes in receipts until it is stopped, beside any number of others.

use dunlin_domain::wording;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::ScopedJoinHandle;
use std::time::Duration;

use dunlin_domain::contact::Language;
use dunlin_domain::date::{BusinessDate, Timestamp};
use dunlin_engine::Engine;
use dunlin_engine::dispatch::{DispatchReport, InquiryReport, Lane, ReceiptReport, Sending};
use serde_json::json;

use crate::answer::Answer;
use crate::args::{TimeOfDay, Work};
use crate::command::dispatch::{
    dispatch_json, dispatch_words, inquiry_json, inquiry_line, receipt_json, receipt_total, receipt_words,
};
use crate::command::watch;
use crate::failure::Failure;
use crate::screen::{cannot_say, counted, say};
use crate::session::Session;

/// Seconds between two looks at everything, by whichever worker or watcher comes first.
const WATCH_SECONDS: u64 = 60;

/// Seconds that a piece of work may take before nobody says any more that the worker lives.
const PIECE_SECONDS_MAX: i64 = 1_800;

/// Seconds for which messages are sent before receipts are taken in and the watch looks again.
const SENDING_SECONDS_MAX: i64 = 60;

/// Says a line to whoever looks on.
type Tell<'t> = &'t (dyn Fn(String) -> Result<(), Failure> + Sync);

/// What a worker did since it began.
#[derive(Default)]
struct Done {
    rounds: u64,
    days: Vec<BusinessDate>,
    sent: DispatchReport,
    received: ReceiptReport,
    asked: InquiryReport,
}

/// `work`.
///
/// # Errors
/// What the database or a provider's folder says; a worker that cannot go on ends, and nothing is lost by it.
pub fn run(session: &Session, args: &Work, is_json: bool) -> Result<Answer, Failure> {
    let engine = session.open_to_keep()?;
    let stop = stop_signal()?;
    let tell = |line: String| if is_json { Ok(()) } else { say(&line).map_err(|error| cannot_say(&error)) };
    let (place, every) = (engine.place(), args.every);
    tell(match session.language {
        Language::Zh => format!("正在处理 {place}，每 {every} 秒一轮；按 Ctrl-C 停止"),
        Language::En => format!("working on {place} every {every} s; stop with Ctrl-C"),
    })?;
    let mut done = Done::default();
    let every = i64::try_from(args.every).unwrap_or(i64::MAX);
    let has_lane = engine.has_slow_calls();
    let (pulse, moment) = (Pulse::new(session.now(), has_lane), session.moment());
    std::thread::scope(|scope| {
        let language = session.language;
        let (work_ends, ended) = channel();
        let (work_ends_too, calls_end) = channel::<()>();
        let (engine, pulse, moment, tell) = (&engine, &pulse, &*moment, &tell);
        let beating = scope.spawn(move || pulse.beat(engine, every, moment, &ended));
        let calling = has_lane.then(|| {
            scope.spawn(move || call_rounds((engine, language), (pulse, every), moment, &calls_end, tell))
        });
        let round = Round { session, args, engine, pulse, every, moment, tell };
        let worked = round.repeat(&stop, calling.as_ref(), &mut done);
        drop((work_ends, work_ends_too));
        let called = calling.map_or(Ok(DispatchReport::default()), joined);
        done.sent.add(called.as_ref().unwrap_or(&DispatchReport::default()));
        worked.and(called.map(|_| ())).and(joined(beating))
    })?;
    engine.worker_leaves()?;
    let text = match session.language {
        Language::Zh => format!("已停止，共 {} 轮", done.rounds),
        Language::En => format!("stopped after {}", counted(done.rounds, "round")),
    };
    let json = json!({
        "rounds": done.rounds,
        "days": done.days.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "dispatch": dispatch_json(&done.sent),
        "receipts": receipt_json(&done.received),
        "inquiries": inquiry_json(&done.asked),
    });
    Ok(Answer::new(text, json))
}

fn joined<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Says that the worker lives while a piece of its work takes long: a call that is spoken, a day of a large portfolio. A
/// piece that takes longer than any should is not spoken for, so that a worker that hangs is missed.
struct Pulse {
    /// The last sign that the work goes on, in microseconds.
    went_on_at: AtomicI64,
    /// The same of the lane of calls, where there is one.
    called_at: AtomicI64,
}

impl Pulse {
    fn new(now: Timestamp, has_lane: bool) -> Self {
        let called_at = if has_lane { now.micros() } else { i64::MAX };
        Self { went_on_at: AtomicI64::new(now.micros()), called_at: AtomicI64::new(called_at) }
    }

    fn goes_on(&self, now: Timestamp) {
        self.went_on_at.store(now.micros(), Ordering::Relaxed);
    }

    fn calls_go_on(&self, now: Timestamp) {
        self.called_at.store(now.micros(), Ordering::Relaxed);
    }

    fn last(&self) -> Timestamp {
        let [work, calls] = [&self.went_on_at, &self.called_at].map(|at| at.load(Ordering::Relaxed));
        Timestamp::from_micros(work.min(calls))
    }

    fn beat(
        &self,
        engine: &Engine,
        every: i64,
        moment: &dyn Fn() -> Timestamp,
        ended: &Receiver<()>,
    ) -> Result<(), Failure> {
        let pause = Duration::from_secs(u64::try_from(every).unwrap_or(1));
        while ended.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
            let now = moment();
            if now <= self.last().plus_seconds(PIECE_SECONDS_MAX) {
                engine.sign_of_worker(every, now)?;
            }
        }
        Ok(())
    }
}

/// Calls, again and again, beside everything else, which is not to wait until people have spoken.
fn call_rounds(
    (engine, language): (&Engine, Language),
    (pulse, every): (&Pulse, i64),
    moment: &(dyn Fn() -> Timestamp + Sync),
    ended: &Receiver<()>,
    tell: Tell<'_>,
) -> Result<DispatchReport, Failure> {
    let pause = Duration::from_secs(u64::try_from(every).unwrap_or(1));
    let mut all = DispatchReport::default();
    loop {
        pulse.calls_go_on(moment());
        let sent = engine.send(&Sending { lane: Lane::Calls, moment, seconds_max: Some(1) })?;
        if sent.total() > 0 {
            let called = language.pick("外呼：", "called:");
            tell(format!("{} {called} {}", moment(), dispatch_words(&sent, language)))?;
        }
        all.add(&sent);
        let pause = if sent.is_cut_short { Duration::ZERO } else { pause };
        if ended.recv_timeout(pause) != Err(RecvTimeoutError::Timeout) {
            return Ok(all);
        }
    }
}

/// What a round of work needs.
struct Round<'r> {
    session: &'r Session,
    args: &'r Work,
    engine: &'r Engine,
    pulse: &'r Pulse,
    every: i64,
    moment: &'r (dyn Fn() -> Timestamp + Send + Sync),
    tell: Tell<'r>,
}

impl Round<'_> {
    /// Works until it is told to stop, or the lane of calls has ended by an error.
    fn repeat<T>(
        &self,
        stop: &Receiver<()>,
        calling: Option<&ScopedJoinHandle<'_, T>>,
        done: &mut Done,
    ) -> Result<(), Failure> {
        // What came while no worker was there: a message that arrived is not followed by one on another channel.
        done.received.add(&self.engine.collect_receipts(self.session.now())?);
        while !calling.is_some_and(ScopedJoinHandle::is_finished) {
            let sent = self.once(calling.is_some(), done)?;
            let pause = if sent.is_cut_short { 0 } else { self.args.every };
            match stop.recv_timeout(Duration::from_secs(pause)) {
                Err(RecvTimeoutError::Timeout) => {}
                Ok(()) | Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
        }
        Ok(())
    }

    fn once(&self, has_lane: bool, done: &mut Done) -> Result<DispatchReport, Failure> {
        let Self { session, args, engine, pulse, every, moment, tell } = self;
        let language = session.language;
        let watching = watch::options(WATCH_SECONDS, args.day_by, args.plan_every);
        pulse.goes_on(session.now());
        engine.sign_of_worker(*every, session.now())?;
        if args.days {
            for day in due_days(engine, session.now(), args.day_at)? {
                let report = engine.run_day(day, &|| session.now(), &|_| pulse.goes_on(session.now()))?;
                let (agreements, messages) = (report.agreements, report.messages);
                let told = match language {
                    Language::Zh => format!("会计日 {day}：{agreements} 份合约、{messages} 条消息"),
                    Language::En => format!(
                        "day {day}: {}, {}",
                        counted(agreements, "agreement"),
                        counted(messages, "message")
                    ),
                };
                tell(format!("{} {told}", session.now()))?;
                done.days.push(day);
            }
        }
        pulse.goes_on(session.now());
        let lane = if has_lane { Lane::Texts } else { Lane::All };
        let sent = engine.send(&Sending { lane, moment, seconds_max: Some(SENDING_SECONDS_MAX) })?;
        if sent.total() > 0 {
            let head = language.pick("发送：", "sent:");
            tell(format!("{} {head} {}", session.now(), dispatch_words(&sent, language)))?;
        }
        let received = engine.collect_receipts(session.now())?;
        if receipt_total(&received) > 0 {
            let head = language.pick("回执：", "receipts:");
            tell(format!("{} {head} {}", session.now(), receipt_words(&received, language)))?;
        }
        // After the receipts: who has told is not asked.
        let asked = engine.ask_providers(session.now())?;
        if asked.total() > 0 {
            tell(format!("{} {}", session.now(), inquiry_line(&asked, language)))?;
        }
        engine.send_canaries(session.now())?;
        if engine.last_watched_at()?.is_none_or(|at| session.now() >= at.plus_seconds(watching.every_seconds))
        {
            let report = engine.watch(&watching, session.now())?;
            for line in watch::news(&report, session) {
                tell(line)?;
            }
        }
        done.sent.add(&sent);
        done.received.add(&received);
        done.asked.add(&asked);
        done.rounds += 1;
        Ok(sent)
    }
}

/// The days that have begun by the lender's calendar and are not closed.
fn due_days(engine: &Engine, now: Timestamp, at: TimeOfDay) -> Result<Vec<BusinessDate>, Failure> {
    let zone = engine.zone();
    let today = now.date_in(zone);
    let has_begun = now >= Timestamp::at(today, at.hour, at.minute, zone);
    let last = if has_begun { today } else { today.plus_days(-1) };
    match engine.last_closed_day()? {
        Some(closed) if closed.0 >= last => Ok(Vec::new()),
        // A worker does not begin a portfolio's first day with yesterday.
        None if !has_begun => Ok(Vec::new()),
        Some(_) | None => Ok(engine.days_to_run(BusinessDate(last))?),
    }
}

/// Hears Ctrl-C and SIGTERM from now on, so that a round at hand is finished before the process ends. The sender's
/// end of the channel is dropped when one of them comes.
///
/// # Errors
/// When the system does not let the process listen.
pub fn stop_signal() -> Result<Receiver<()>, Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let refuse = |error: std::io::Error| {
        Failure::environment(
            "signal",
            wording!("无法监听 Ctrl-C：{error}", "cannot listen for Ctrl-C: {error}"),
        )
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(refuse)?;
    let listening =
        runtime.block_on(async { Ok((signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)) });
    let (mut interrupt, mut terminate) = listening.map_err(refuse)?;
    let (until_stopped, stop) = channel();
    std::thread::spawn(move || {
        runtime.block_on(async {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        });
        drop(until_stopped);
    });
    Ok(stop)
}

//! `dunlin bench dispatch`: messages a second from the queue to their receipts, by SMTP and SMPP to real servers of
//! other makes, beside the bare rate at which the same client hands the same number over to the same server.
//!
//! End to end means: claimed, cleared against the rules, handed over, the answer recorded, and the receipt taken in.
//! The bare rate hands over messages that were cleared before, and stores nothing; it is measured before and after, since a
//! machine is faster at one moment than at the next. At the end the same messages meet
//! a mail server that is down: none of them may count as sent, as charged for, or be lost.

mod portfolio;
mod sink;

use dunlin_domain::wording::Wording;
use std::path::{Path, PathBuf};

use dunlin_domain::contact::{Channel, Personal};
use dunlin_domain::date::{BusinessDate, Date, Timestamp};
use dunlin_domain::id::MessageId;
use dunlin_engine::day_run::Now;
use dunlin_engine::delivery::{
    Handover, Provider, ProviderConfig, ProviderKind, SmppAlphabet, SmppBind, SmppConfig, SmppLongText,
    SmppReceiptId, SmppSecurity, SmtpConfig, SmtpSecurity,
};
use dunlin_engine::dispatch::DispatchReport;
use dunlin_engine::import::ImportOptions;
use dunlin_engine::portfolio::Encoding;
use dunlin_engine::{Clock, Engine, EngineError};
use dunlin_store::bare::{self, Spent};

use super::{Progress, seconds_between};
pub use sink::{Server, Sink};

/// Messages of one batch, as the engine makes them.
const BATCH_COUNT: usize = 1_000;
/// Rounds without any news after which receipts are given up.
const QUIET_ROUNDS_MAX: u32 = 2_000;

/// What is measured.
pub struct Options {
    /// Messages of each measurement.
    pub messages: u32,
    /// Workers of the measurement with several.
    pub workers: u32,
    /// Connections of one worker to the mail server.
    pub connections: usize,
    /// Binds of one worker to the message centre.
    pub binds: usize,
    /// The mail server.
    pub smtp: Option<Server>,
    /// The message centre.
    pub smpp: Option<Server>,
    /// Folder for generated files; removed at the end.
    pub work: PathBuf,
}

/// One measurement.
#[derive(Clone, Debug)]
pub struct Line {
    /// How the messages went: `smtp` or `smpp`.
    pub way: &'static str,
    /// How many workers shared them.
    pub workers: u32,
    /// How many messages.
    pub messages: u64,
    /// Seconds to claim, clear, hand over and record them.
    pub send_seconds: f64,
    /// Seconds to take in the receipts that had not come in meanwhile.
    pub receipt_seconds: f64,
    /// Seconds in which as many clients hand as many messages over and do nothing else: the mean of a run before and one after.
    pub bare_seconds: f64,
}

impl Line {
    /// Messages a second, end to end.
    #[must_use]
    pub fn per_second(&self) -> f64 {
        self.messages as f64 / (self.send_seconds + self.receipt_seconds)
    }

    /// Messages a second, handed over only.
    #[must_use]
    pub fn bare_per_second(&self) -> f64 {
        self.messages as f64 / self.bare_seconds
    }

    /// End to end, as a share of the bare rate.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        self.per_second() / self.bare_per_second()
    }
}

/// What became of messages whose mail server was down.
#[derive(Clone, Debug)]
pub struct Outage {
    /// Messages that were due.
    pub messages: u64,
    /// Of them marked as sent, or as perhaps sent, while it was down.
    pub sent: u64,
    /// Of them counted against a budget, or with an attempt that a provider was said to have taken.
    pub charged: u64,
    /// Delivered when the server was there again.
    pub delivered_afterwards: u64,
}

impl Outage {
    /// Whether nothing was marked sent, charged for or lost.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.sent == 0 && self.charged == 0 && self.delivered_afterwards == self.messages
    }
}

/// The figures.
#[derive(Clone, Debug)]
pub struct Figures {
    /// `sqlite` or `postgres`.
    pub database: &'static str,
    /// The measurements.
    pub lines: Vec<Line>,
    /// The outage, where there was a mail server to be missed.
    pub outage: Option<Outage>,
}

/// Opens an engine with these providers and this clock, called by this name.
pub type Open<'o> = &'o (dyn Fn(Vec<ProviderConfig>, Clock, &str) -> Result<Engine, EngineError> + Sync);

/// Generates messages, sends them in each way by one worker and by several, and sends as many bare.
///
/// # Errors
/// What the engine says; a server that does not take every message.
pub fn run(
    engine: &Engine,
    options: &Options,
    open: Open<'_>,
    now: Now<'_>,
    fresh_key: &mut dyn FnMut() -> [u8; 32],
    progress: Progress<'_>,
) -> Result<Figures, EngineError> {
    let ways: Vec<Way> = [options.smtp.as_ref().map(Way::Smtp), options.smpp.as_ref().map(Way::Smpp)]
        .into_iter()
        .flatten()
        .collect();
    let mut rounds: Vec<(Way<'_>, u32)> = Vec::new();
    for way in &ways {
        let counts = if options.workers > 1 { vec![1, options.workers] } else { vec![1] };
        rounds.extend(counts.into_iter().map(|workers| (*way, workers)));
    }
    let has_outage = options.smtp.is_some();
    let mut channels: Vec<Channel> = rounds.iter().map(|(way, _)| way.channel()).collect();
    channels.extend(has_outage.then_some(Channel::Email));
    prepare(engine, options, &channels, now, fresh_key, progress)?;
    let mut lines = Vec::new();
    for (index, (way, workers)) in rounds.iter().enumerate() {
        let at = decide(engine, index, now)?;
        progress(way.name(), u64::from(*workers));
        lines.push(measure(engine, options, *way, *workers, at, open, now)?);
    }
    let outage = match &options.smtp {
        None => None,
        Some(server) => {
            let at = decide(engine, rounds.len(), now)?;
            progress("outage", 0);
            Some(go_without(engine, options, server, at, open)?)
        }
    };
    std::fs::remove_dir_all(options.work.join("bench-bounces")).or_else(ignore_missing)?;
    Ok(Figures { database: engine.database_kind(), lines, outage })
}

/// A way out of the house.
#[derive(Clone, Copy)]
enum Way<'s> {
    Smtp(&'s Server),
    Smpp(&'s Server),
}

impl Way<'_> {
    fn name(self) -> &'static str {
        match self {
            Self::Smtp(_) => "smtp",
            Self::Smpp(_) => "smpp",
        }
    }

    fn channel(self) -> Channel {
        match self {
            Self::Smtp(_) => Channel::Email,
            Self::Smpp(_) => Channel::Sms,
        }
    }

    fn config(self, options: &Options) -> ProviderConfig {
        let kind = match self {
            Self::Smtp(server) => ProviderKind::Smtp(smtp(options, &server.host, server.port)),
            Self::Smpp(server) => ProviderKind::Smpp(smpp(options, server)),
        };
        ProviderConfig { name: self.name().to_owned(), channels: vec![self.channel()], kind }
    }
}

fn smtp(options: &Options, host: &str, port: u16) -> SmtpConfig {
    SmtpConfig {
        host: host.to_owned(),
        port,
        security: SmtpSecurity::Plain,
        extra_root: None,
        credentials: None,
        sender: "Dunlin <bench@lender.example>".to_owned(),
        reply_to: None,
        unsubscribe: None,
        link_key: None,
        dkim: None,
        bounce_address: Some("bounces@lender.example".to_owned()),
        bounces: Some(options.work.join("bench-bounces")),
        connection_count: options.connections,
        timeout_seconds: 60,
    }
}

fn smpp(options: &Options, server: &Server) -> SmppConfig {
    SmppConfig {
        host: server.host.clone(),
        port: server.port,
        security: SmppSecurity::Plain,
        extra_root: None,
        system_id: "dunlin".to_owned(),
        password: Some(Personal::new("open")),
        system_type: String::new(),
        sender: "10690001".to_owned(),
        sender_ton: None,
        sender_npi: None,
        bind: SmppBind::Transceiver,
        bind_count: options.binds,
        window: 100,
        enquire_seconds: 60,
        timeout_seconds: 60,
        alphabet: SmppAlphabet::Ucs2,
        // One answer and one receipt a message, so that messages are what is counted.
        long_text: SmppLongText::Payload,
        receipt_id: SmppReceiptId::Same,
        zone: jiff::tz::TimeZone::UTC,
    }
}

/// Loads a set of customers for each channel named; set `k` becomes overdue on day `k`.
fn prepare(
    engine: &Engine,
    options: &Options,
    channels: &[Channel],
    now: Now<'_>,
    fresh_key: &mut dyn FnMut() -> [u8; 32],
    progress: Progress<'_>,
) -> Result<(), EngineError> {
    let folder = options.work.join("bench-portfolio");
    portfolio::write(&folder, channels, options.messages, first_day())?;
    let rejects_file = options.work.join("bench-rejects.csv");
    let import = ImportOptions { folder: folder.clone(), encoding: Encoding::Utf8, rejects_file };
    engine.import(&import, now(), fresh_key, &mut |at| progress(at.table.stem(), at.rows))?;
    std::fs::remove_dir_all(&folder).map_err(|error| file_trouble("remove", &folder, &error))?;
    let bounces = options.work.join("bench-bounces");
    std::fs::create_dir_all(&bounces).map_err(|error| file_trouble("make", &bounces, &error))
}

/// The first business day of the measurements.
fn first_day() -> Date {
    Date::from_days(20_514)
}

/// Decides the messages of set `index`; the moment, on their day, at which they may be sent.
fn decide(engine: &Engine, index: usize, now: Now<'_>) -> Result<Timestamp, EngineError> {
    let day = first_day().plus_days(i32::try_from(index).unwrap_or(0));
    engine.run_day(BusinessDate(day), now, &|_| {})?;
    Ok(Timestamp::at(day, 10, 0, engine.zone()))
}

fn measure(
    engine: &Engine,
    options: &Options,
    way: Way<'_>,
    workers: u32,
    at: Timestamp,
    open: Open<'_>,
    now: Now<'_>,
) -> Result<Line, EngineError> {
    let bare_before = hand_over_bare(options, way, workers, now)?;
    let engines = (0..workers)
        .map(|number| open(vec![way.config(options)], Clock::Real, &format!("bench-{number}")))
        .collect::<Result<Vec<_>, _>>()?;
    // A worker has read its policies and found nothing to do long before the messages are due.
    dispatch_all(&engines, at.plus_seconds(-3 * 3_600))?;
    let begun = now();
    let report = dispatch_all(&engines, at)?;
    let send_seconds = seconds_between(begun, now());
    let sent = u64::from(options.messages);
    if report.accepted != sent {
        return Err(trouble(format!("{} did not take all of {sent} messages: {report:?}", way.name())));
    }
    if let Way::Smtp(_) = way {
        write_reports(&options.work.join("bench-bounces"), &bare::messages_in(engine.db(), "accepted")?)?;
    }
    let begun = now();
    collect_all(&engines, sent, at)?;
    let receipt_seconds = seconds_between(begun, now());
    let bare_seconds = (bare_before + hand_over_bare(options, way, workers, now)?) / 2.0;
    Ok(Line { way: way.name(), workers, messages: sent, send_seconds, receipt_seconds, bare_seconds })
}

fn dispatch_all(engines: &[Engine], at: Timestamp) -> Result<DispatchReport, EngineError> {
    let mut total = DispatchReport::default();
    for report in each(engines, |engine| engine.dispatch(at))? {
        total.add(&report);
    }
    Ok(total)
}

/// Takes in receipts until all have come.
fn collect_all(engines: &[Engine], count: u64, at: Timestamp) -> Result<(), EngineError> {
    let (mut delivered, mut quiet) = (0, 0);
    while delivered < count {
        let reports = each(engines, |engine| engine.collect_receipts(at))?;
        let news: u64 = reports.iter().map(|report| report.delivered).sum();
        delivered += news;
        quiet = if news == 0 { quiet + 1 } else { 0 };
        if quiet > QUIET_ROUNDS_MAX {
            return Err(trouble(format!("only {delivered} of {count} receipts came")));
        }
    }
    Ok(())
}

/// Does the same with each engine at the same time.
fn each<T: Send>(
    engines: &[Engine],
    act: impl Fn(&Engine) -> Result<T, EngineError> + Sync,
) -> Result<Vec<T>, EngineError> {
    let act = &act;
    std::thread::scope(|scope| {
        let threads: Vec<_> = engines.iter().map(|engine| scope.spawn(move || act(engine))).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}

/// Seconds in which `workers` clients hand over as many messages as there are, cleared before.
fn hand_over_bare(options: &Options, way: Way<'_>, workers: u32, now: Now<'_>) -> Result<f64, EngineError> {
    let mut clients = Vec::new();
    for number in 0..workers {
        let share = (options.messages + workers - 1 - number) / workers;
        let messages: Vec<_> =
            (0..share).map(|index| portfolio::cleared(way.channel(), number, index)).collect();
        clients.push((Provider::open(&way.config(options))?, messages));
    }
    let begun = now();
    let refused: Vec<Handover> = std::thread::scope(|scope| {
        let work = |(mut provider, messages): (Provider, Vec<_>)| {
            let mut refused = Vec::new();
            for batch in messages.chunks(BATCH_COUNT) {
                let answers = provider.hand_over(batch, portfolio::CLEARED_AT);
                refused.extend(
                    answers.into_iter().filter(|answer| !matches!(answer, Handover::Accepted { .. })),
                );
            }
            (provider, refused)
        };
        let threads: Vec<_> = clients.into_iter().map(|client| scope.spawn(move || work(client))).collect();
        let ended: Vec<_> = threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect();
        ended.into_iter().map(|(_, refused)| refused).collect::<Vec<_>>().concat()
    });
    let seconds = seconds_between(begun, now());
    match refused.first() {
        None => Ok(seconds),
        Some(first) => {
            let count = refused.len();
            Err(trouble(format!("{} did not take {count} bare messages: {first:?}", way.name())))
        }
    }
}

/// The same messages to a mail server that is not there, and then to the one that is.
fn go_without(
    engine: &Engine,
    options: &Options,
    server: &Server,
    at: Timestamp,
    open: Open<'_>,
) -> Result<Outage, EngineError> {
    let free = sink::free_port().map_err(|error| trouble(format!("no free port: {error}")))?;
    let down = ProviderConfig {
        name: "smtp".to_owned(),
        channels: vec![Channel::Email],
        kind: ProviderKind::Smtp(smtp(options, "127.0.0.1", free)),
    };
    let before = bare::spent(engine.db())?;
    let report = open(vec![down], Clock::Real, "bench-down")?.dispatch(at)?;
    let after = bare::spent(engine.db())?;
    let Spent { budgets, accepted } = after.less(&before);
    let up = [open(vec![Way::Smtp(server).config(options)], Clock::Real, "bench-up")?];
    let later = at.plus_seconds(3_600);
    let accepted_later = up[0].dispatch(later)?.accepted;
    write_reports(&options.work.join("bench-bounces"), &bare::messages_in(engine.db(), "accepted")?)?;
    collect_all(&up, accepted_later, later)?;
    Ok(Outage {
        messages: u64::from(options.messages),
        sent: report.accepted + report.unknown + report.rejected,
        charged: budgets + accepted,
        delivered_afterwards: accepted_later,
    })
}

/// Delivery reports (RFC 3464) about messages, as a mail server that was asked for them sends them.
fn write_reports(folder: &Path, messages: &[MessageId]) -> Result<(), EngineError> {
    /// So that a file stays below what is read of one.
    const REPORTS_OF_FILE: usize = 4_000;
    for (number, messages) in messages.chunks(REPORTS_OF_FILE).enumerate() {
        let mut text = String::new();
        for message in messages {
            text += &format!(
                "From MAILER-DAEMON Mon Mar  2 10:00:00 2026\nTo: <bounces+{message}@lender.example>\n\
                 Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\n\n--b\n\
                 Content-Type: message/delivery-status\n\nReporting-MTA: dns; sink\n\n\
                 Final-Recipient: rfc822; x@example.com\nAction: delivered\nStatus: 2.0.0\n\n--b--\n\n"
            );
        }
        let path = folder.join(format!("{}-{number}.mbox", messages[0]));
        std::fs::write(&path, text).map_err(|error| file_trouble("write", &path, &error))?;
    }
    Ok(())
}

fn ignore_missing(error: std::io::Error) -> Result<(), EngineError> {
    match error.kind() {
        std::io::ErrorKind::NotFound => Ok(()),
        _ => Err(trouble(format!("cannot remove the folder of reports: {error}"))),
    }
}

fn file_trouble(verb: &str, path: &Path, error: &std::io::Error) -> EngineError {
    trouble(format!("cannot {verb} {}: {error}", path.display()))
}

fn trouble(complaint: String) -> EngineError {
    EngineError::Refused { code: "bench", complaint: Wording::quoted(complaint) }
}

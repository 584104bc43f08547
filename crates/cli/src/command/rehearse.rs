//! `demo`: a portfolio with mishaps on the real engine; and the ground on which rehearsals take place.

use dunlin_domain::wording;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dunlin_domain::contact::{Channel, Language};
use dunlin_engine::delivery::{ProviderConfig, ProviderKind, SpoolConfig};
use dunlin_engine::{Clock, Engine};
use dunlin_lab::demo::{self, Outcome, Progress};
use serde_json::json;

use crate::answer::Answer;
use crate::args::Demo;
use crate::clock::random_key;
use crate::command::dispatch::{dispatch_json, receipt_json};
use crate::command::{coverage, inspect, serve};
use crate::failure::Failure;
use crate::progress::Meter;
use crate::screen::{cannot_say, grouped, lines_of, say, sparkline, table};
use crate::session::Session;

/// The port of the console, unless another is named.
const PORT_DEFAULT: u16 = 8080;
/// Names a folder as one that a rehearsal made and may clear away.
const MARK: &str = "made-by-a-rehearsal";

/// `demo`.
///
/// # Errors
/// A place that holds data already; what the engine says.
pub fn demo(session: &Session, args: &Demo, is_json: bool) -> Result<Answer, Failure> {
    let ground = Ground::prepare(session, "demo")?;
    let engine = ground.open(session)?;
    let options = demo::Options {
        customers: args.customers,
        days: args.days,
        seed: args.seed,
        portfolio: args.portfolio.clone(),
    };
    let meter = Meter::counted("", "");
    let mut mishaps = Vec::new();
    let outcome =
        demo::run(&engine, &options, &|| session.now(), &mut random_key, &mut |progress| match progress {
            Progress::Loading { done, total } => {
                meter.title("customers".to_owned());
                meter.at(done, total);
            }
            Progress::Running { date, done, total } => {
                meter.title(format!("days, {date}"));
                meter.at(u64::from(done), u64::from(total));
            }
            Progress::Mishap { date, words } => {
                let words = match session.language {
                    Language::Zh => words.0,
                    Language::En => words.1,
                };
                meter.note(&format!("{date}  {words}"));
                mishaps.push(format!("{date}  {words}"));
            }
        })?;
    drop(meter);
    let answer = demo_answer(session, &engine, &outcome, &mishaps, &ground)?;
    if is_json || args.no_serve {
        return Ok(answer);
    }
    say(&answer.text).map_err(|error| cannot_say(&error))?;
    serve::open_near(Arc::new(engine), session.moment(), args.port, PORT_DEFAULT, session.language)?;
    Ok(Answer { text: String::new(), ..answer })
}

fn demo_answer(
    session: &Session,
    engine: &Engine,
    outcome: &Outcome,
    mishaps: &[String],
    ground: &Ground,
) -> Result<Answer, Failure> {
    let mut parts = vec![mishaps.join("\n")];
    parts.push(coverage::text(&outcome.coverage, outcome.from, outcome.through, session.language));
    parts.push(over_time(outcome, session.language));
    let mut whys = Vec::new();
    for (agreement, date) in &outcome.questions {
        let why = engine.why(agreement, *date)?;
        parts.push(inspect::why_text(&why, Language::Zh));
        parts.push(inspect::why_text(&why, Language::En));
        whys.push(inspect::why_json(&why));
    }
    if let Some((agreement, date)) = outcome.questions.first() {
        let place = ground.option();
        parts.push(format!(
            "ask on: dunlin why {agreement} --on {date}{place}; dunlin explain {agreement}{place}; dunlin verify{place}"
        ));
    }
    let json = json!({
        "from": outcome.from.to_string(),
        "through": outcome.through.to_string(),
        "coverage": coverage::object(&outcome.coverage, outcome.from, outcome.through),
        "dispatch": dispatch_json(&outcome.dispatch),
        "receipts": receipt_json(&outcome.receipts),
        "numbers_removed": outcome.numbers_removed,
        "why": whys,
        "folder": ground.folder.display().to_string(),
    });
    Ok(Answer::new(parts.join("\n\n"), json).found_if(outcome.coverage.unexplained > 0))
}

/// Each reason's days as a line that rises and falls.
fn over_time(outcome: &Outcome, language: Language) -> String {
    let header = match language {
        Language::Zh => ["原因", "每日走势", "最多"],
        Language::En => ["reason", "day by day", "most"],
    };
    let mut rows = table(&header, &[2]);
    for line in &outcome.coverage.by_reason {
        let on = |day: &dunlin_engine::view::SilenceDay| {
            day.by_reason.iter().find(|count| count.reason == line.reason).map_or(0, |count| count.count)
        };
        let counts: Vec<u64> = outcome.silence.days.iter().map(on).collect();
        let most = counts.iter().max().copied().unwrap_or(0);
        rows.add_row([line.reason.label(language).to_owned(), sparkline(&counts), grouped(most)]);
    }
    lines_of(&rows)
}

/// Where a rehearsal takes place: an empty place of its own, never among real data.
pub(super) struct Ground {
    /// The folder.
    pub folder: PathBuf,
    /// The mark of a folder that is ours to clear away, locked as long as the rehearsal lasts, so that no other one does.
    mark: Option<File>,
}

impl Ground {
    /// The folder that was named, or one called `name` in the default data folder, which is cleared first.
    pub(super) fn prepare(session: &Session, name: &str) -> Result<Self, Failure> {
        if let Some(folder) = session.named_folder() {
            return Ok(Self { folder: folder.to_owned(), mark: None });
        }
        let folder = session.folder().join(name);
        let path = folder.join(MARK);
        if folder.exists() {
            if !path.exists() {
                let complaint = wording!(
                    "{} 不是演练生成的，未作改动；请用 --data 指定其他位置",
                    "{} was not made by a rehearsal and is left alone; name another place with --data",
                    folder.display()
                );
                return Err(Failure::refused("not_empty", complaint));
            }
            locked(&folder, File::open(&path))?;
            fs::remove_dir_all(&folder).map_err(|error| trouble(&folder, &error))?;
        }
        let made = fs::create_dir_all(&folder).and_then(|()| {
            let mut mark = File::create(&path)?;
            mark.write_all(b"rehearsals of `dunlin` clear this folder away\n")?;
            Ok(mark)
        });
        let mark = Some(locked(&folder, made)?);
        Ok(Self { folder, mark })
    }

    /// Removes the folder if it is ours.
    pub(super) fn clear(&self) -> Result<(), Failure> {
        match self.mark {
            Some(_) => fs::remove_dir_all(&self.folder).map_err(|error| trouble(&self.folder, &error)),
            None => Ok(()),
        }
    }

    /// The engine on the business clock, with a spool that nobody reads.
    pub(super) fn open(&self, session: &Session) -> Result<Engine, Failure> {
        let mut config = session.config_in(self.folder.clone())?;
        let spool = SpoolConfig { folder: self.folder.join("spool"), durable: false };
        config.providers = vec![ProviderConfig {
            name: "spool".to_owned(),
            channels: Channel::ALL.to_vec(),
            kind: ProviderKind::Spool(spool),
        }];
        config.clock = Some(Clock::Business);
        let engine = Engine::open(config, session.now(), random_key())?;
        if engine.day_range()?.is_some() || engine.last_fact_on()?.is_some() {
            let complaint = wording!(
                "{} 中已有资产组合；演练需要空的位置，请用 --data 或 --database 指定",
                "{} holds a portfolio already; a rehearsal needs an empty place, name one with --data or --database",
                engine.place()
            );
            return Err(Failure::refused("not_empty", complaint));
        }
        Ok(engine)
    }

    /// How to name this place on the command line.
    pub(super) fn option(&self) -> String {
        format!(" --data {}", self.folder.display())
    }
}

/// The mark of a folder, locked until it is closed, as it is when the process ends, however that ends.
fn locked(folder: &Path, mark: io::Result<File>) -> Result<File, Failure> {
    let mark = mark.map_err(|error| trouble(folder, &error))?;
    match mark.try_lock() {
        Ok(()) => Ok(mark),
        Err(TryLockError::WouldBlock) => {
            let complaint = wording!(
                "{} 正被另一次演练使用；请等其结束，或在其他目录中运行",
                "{} is in use by another rehearsal; wait until it ends, or run this one in another folder",
                folder.display()
            );
            Err(Failure::refused("in_use", complaint))
        }
        Err(TryLockError::Error(error)) => Err(trouble(folder, &error)),
    }
}

fn trouble(folder: &Path, error: &std::io::Error) -> Failure {
    let message = wording!(
        "无法使用 {}：{error}；请用 --data 指定其他位置",
        "cannot use {}: {error}; name another place with --data",
        folder.display()
    );
    Failure::environment("folder", message)
}

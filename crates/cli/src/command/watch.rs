//! `watch`: looks every minute for silence that nobody reported, beside any number of workers and other watchers.

use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use dunlin_domain::contact::Language;
use dunlin_engine::Engine;
use dunlin_engine::view::{IncidentLine, WatchIncidentLine};
use dunlin_engine::watch::{WatchOptions, WatchReport};
use dunlin_server::api::WatchIncidentJson;
use serde_json::{Value, json};

use super::all_clear;
use super::work::stop_signal;
use crate::answer::Answer;
use crate::args::{TimeOfDay, Watch};
use crate::failure::Failure;
use crate::screen::{cannot_say, counted, say};
use crate::session::Session;
use crate::words as words_of;

/// `watch`. With `--once` the program ends with 1 where an incident is open.
///
/// # Errors
/// What the database says; a watcher that cannot look ends, and says so.
pub fn run(session: &Session, args: &Watch, is_json: bool) -> Result<Answer, Failure> {
    let engine = session.open()?;
    let options = options(args.every, args.day_by, args.plan_every);
    if args.once {
        let report = engine.watch(&options, session.now())?;
        write_all_clear(&engine, args, session)?;
        let is_found = !report.is_clear();
        return Ok(Answer::new(once_words(&report, session), report_json(&report)).found_if(is_found));
    }
    let stop = stop_signal()?;
    let tell = |line: String| if is_json { Ok(()) } else { say(&line).map_err(|error| cannot_say(&error)) };
    let (place, every) = (engine.place(), args.every);
    tell(match session.language {
        Language::Zh => format!("正在监测 {place}，每 {every} 秒一次；按 Ctrl-C 停止"),
        Language::En => format!("watching {place} every {every} s; stop with Ctrl-C"),
    })?;
    let (mut sweeps, mut opened, mut closed) = (0_u64, Vec::new(), Vec::new());
    loop {
        let report = engine.watch(&options, session.now())?;
        write_all_clear(&engine, args, session)?;
        for line in news(&report, session) {
            tell(line)?;
        }
        opened.extend(report.opened);
        closed.extend(report.closed);
        sweeps += 1;
        match stop.recv_timeout(Duration::from_secs(args.every)) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(()) | Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    let json = json!({ "sweeps": sweeps, "opened": lines_json(&opened), "closed": lines_json(&closed) });
    let text = match session.language {
        Language::Zh => format!("已停止，共巡检 {sweeps} 次"),
        Language::En => format!("stopped after {}", counted(sweeps, "sweep")),
    };
    Ok(Answer::new(text, json))
}

fn write_all_clear(engine: &Engine, args: &Watch, session: &Session) -> Result<(), Failure> {
    match &args.all_clear {
        Some(file) => all_clear::write(file, &engine.all_clear(session.now())?),
        None => Ok(()),
    }
}

/// How it is watched, from what was typed.
#[must_use]
pub fn options(every: u64, day_by: TimeOfDay, plan_every: u64) -> WatchOptions {
    let seconds = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    WatchOptions {
        every_seconds: seconds(every),
        day_by: (day_by.hour, day_by.minute),
        shadow_every_seconds: seconds(plan_every),
    }
}

/// What a sweep opened and closed, a line each.
#[must_use]
pub fn news(report: &WatchReport, session: &Session) -> Vec<String> {
    let (begun, over) = match session.language {
        Language::Zh => ("事故", "已恢复："),
        Language::En => ("INCIDENT", "over:"),
    };
    let opened =
        report.opened.iter().map(|line| format!("{} {begun} {}", line.opened_at, words(line, session)));
    let closed = report.closed.iter().map(|line| {
        format!("{} {over} {}", line.closed_at.unwrap_or(line.last_seen_at), words(line, session))
    });
    opened.chain(closed).collect()
}

fn once_words(report: &WatchReport, session: &Session) -> String {
    let mut lines = news(report, session);
    let is_new = |line: &&WatchIncidentLine| !report.opened.iter().any(|opened| opened.id == line.id);
    lines.extend(report.open.iter().filter(is_new).map(|line| words(line, session)));
    lines.extend(report.channels.iter().map(|line| channel_words(line, session.language)));
    if report.is_clear() {
        let clear = session.language.pick("未发现异常", "nothing is wrong that can be noticed");
        lines.push(clear.to_owned());
    }
    if let Some(compared) = report.compared {
        lines.push(match session.language {
            Language::Zh => format!("已与影子计划比对 {compared} 份合约"),
            Language::En => format!("{} compared with the shadow plan", counted(compared, "agreement")),
        });
    }
    lines.join("\n")
}

/// An incident in words: what it is, what was found, and what to do, or what was caught up.
#[must_use]
pub fn words(line: &WatchIncidentLine, session: &Session) -> String {
    let language = session.language;
    let end = line.caught_up(language).unwrap_or_else(|| line.action(language).to_owned());
    format!("{} {}\n    {}\n    {end}", line.id, line.title(language), line.found(language))
}

/// A channel of which a provider takes nothing, in words.
fn channel_words(line: &IncidentLine, language: Language) -> String {
    let IncidentLine { id, channel, provider, opened_at, failures, .. } = line;
    let channel = words_of::channel(*channel, language);
    match language {
        Language::Zh => {
            format!("{id} 服务商 {provider} 不接收{channel}消息\n    始于 {opened_at}；受影响数 {failures}")
        }
        Language::En => {
            format!(
                "{id} provider {provider} takes no {channel} messages\n    since {opened_at}; hit {failures}"
            )
        }
    }
}

/// A channel of which a provider takes nothing, for scripts.
#[must_use]
pub fn channel_json(line: &IncidentLine) -> Value {
    json!({
        "id": line.id,
        "channel": line.channel.code(),
        "provider": line.provider,
        "opened_at": line.opened_at.to_string(),
        "closed_at": line.closed_at.map(|at| at.to_string()),
        "messages_hit": line.failures,
    })
}

/// Incidents for scripts.
#[must_use]
pub fn lines_json(lines: &[WatchIncidentLine]) -> Vec<Value> {
    lines.iter().map(|line| super::pay::value(&WatchIncidentJson::new(line))).collect()
}

/// A sweep for scripts.
#[must_use]
pub fn report_json(report: &WatchReport) -> Value {
    json!({
        "opened": lines_json(&report.opened),
        "closed": lines_json(&report.closed),
        "open": lines_json(&report.open),
        "channels": report.channels.iter().map(channel_json).collect::<Vec<_>>(),
        "agreements_compared": report.compared,
    })
}

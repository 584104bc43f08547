//! `bench detect`: how fast faults are noticed, and how often nothing is taken for one, beside the published figures.

use dunlin_lab::bench::detect::{self, Delay, FalseAlarms, Figures, Sighting, Target};
use dunlin_lab::bench::faults::storm::{self, Storm};
use dunlin_lab::bench::faults::{self, Caught};
use serde_json::{Value, json};

use super::rehearse::Ground;
use crate::answer::Answer;
use crate::args::bench::BenchDetect;
use crate::failure::Failure;
use crate::progress::Meter;
use crate::screen::{lines_of, table};
use crate::session::Session;

/// `bench detect`. The program ends with 1 when a target is missed.
///
/// # Errors
/// A place that holds data already; what the engine says.
pub fn run(session: &Session, args: &BenchDetect) -> Result<Answer, Failure> {
    let ground = Ground::prepare(session, "detect")?;
    let options = detect::Options { seed: args.seed, runs: args.runs, streams: args.streams };
    let meter = Meter::endless("", "");
    let mut tell = |stage: &'static str, done| {
        meter.title(stage.to_owned());
        meter.reached(done);
    };
    let figures = detect::run(&options, &mut tell);
    let caught = faults::run(&ground.folder.join("faults"), &mut tell)?;
    tell("a storm of repeats", 0);
    let storm = storm::storm(&ground.folder.join("storm"))?;
    drop(meter);
    ground.clear()?;
    let is_met = figures.all_met() && caught.iter().all(Caught::is_met) && storm.is_met();
    let text = text(&figures, &caught, &storm, is_met);
    Ok(Answer::new(text, json(&figures, &caught, &storm, is_met, args)).found_if(!is_met))
}

fn text(figures: &Figures, caught: &[Caught], storm: &Storm, is_met: bool) -> String {
    let verdict = if is_met { "every target is met" } else { "A TARGET IS MISSED" };
    format!(
        "messages until the alarm, each taken by itself (threshold 3.65 million)\n{}\n\n\
         hours until the alarm, correlation {} within an hour (one false alarm a stream in ten years)\n{}\n\n\
         receipts and numbers of messages\n{}\n\n\
         healthy streams, each watched for a year\n{}\n\n\
         faults made on the real engine, looked for once a minute\n{}\n\n{}\n\n{verdict}",
        delays(&figures.one_by_one),
        detect::CORRELATION,
        delays(&figures.by_hour),
        sightings(&figures.sightings),
        false_alarms(&figures.false_alarms),
        caught_text(caught),
        storm_text(storm),
    )
}

fn storm_text(storm: &Storm) -> String {
    let Storm { receipts, commands, messages, changed, sent_again } = storm;
    format!(
        "a storm of {receipts} repeated receipts and {commands} repeated commands about {messages} messages: {changed} \
         changed, {sent_again} sent again"
    )
}

fn delays(lines: &[Delay]) -> String {
    let header =
        ["lost usually", "fault", "an hour", "mean", "95 %", "published", "95 %", "target", "margin"];
    let mut rows = table(&header, &[0, 2, 3, 4, 5, 6, 8]);
    for line in lines {
        let target = line.target.map_or(String::new(), |target| match target {
            Target::Mean(most) => format!("mean ≤ {most}"),
            Target::P95(most) => format!("95 % ≤ {most}"),
        });
        rows.add_row([
            format!("{:.0} %", line.usual * 100.0),
            line.loss.words(),
            if line.an_hour == 0 { String::new() } else { line.an_hour.to_string() },
            format!("{:.1}", line.mean),
            format!("{:.0}", line.p95),
            line.published_mean.to_string(),
            line.published_p95.map_or(String::new(), |bound| bound.to_string()),
            target,
            line.margin().map_or(String::new(), |margin| format!("{margin:+.1}")),
        ]);
    }
    lines_of(&rows)
}

fn sightings(lines: &[Sighting]) -> String {
    let mut rows = table(&["fault", "mean", "95 %", "target", "", "not seen"], &[1, 2, 3, 5]);
    for line in lines {
        rows.add_row([
            line.fault.to_owned(),
            format!("{:.1}", line.mean),
            format!("{:.1}", line.p95),
            line.target.to_string(),
            line.unit.to_owned(),
            line.missed.to_string(),
        ]);
    }
    lines_of(&rows)
}

fn false_alarms(lines: &[FalseAlarms]) -> String {
    let mut rows =
        table(&["stream", "streams", "with an alarm", "share", "published", "target"], &[1, 2, 3, 5]);
    for line in lines {
        rows.add_row([
            line.what.clone(),
            line.streams.to_string(),
            line.alarmed.to_string(),
            format!("{:.1} %", line.share() * 100.0),
            line.published.to_owned(),
            format!("{:.0} %", line.target * 100.0),
        ]);
    }
    lines_of(&rows)
}

fn caught_text(lines: &[Caught]) -> String {
    let mut rows = table(&["fault", "found as", "after", "asked", "first hit"], &[2, 3]);
    for line in lines {
        rows.add_row([
            line.fault.to_owned(),
            line.found_as.map_or_else(|| "NOT FOUND".to_owned(), |code| code.to_string()),
            format!("{} s", line.seconds),
            format!("{} s", line.allowed_seconds),
            line.first_affected.clone(),
        ]);
    }
    lines_of(&rows)
}

fn json(figures: &Figures, caught: &[Caught], storm: &Storm, is_met: bool, args: &BenchDetect) -> Value {
    let faults: Vec<Value> = caught
        .iter()
        .map(|line| {
            json!({
                "fault": line.fault,
                "found_as": line.found_as.map(|code| code.code()),
                "seconds": line.seconds,
                "allowed_seconds": line.allowed_seconds,
                "first_affected": line.first_affected,
                "met": line.is_met(),
            })
        })
        .collect();
    let delays = |lines: &[Delay]| -> Vec<Value> { lines.iter().map(delay_json).collect() };
    let sightings: Vec<Value> = figures
        .sightings
        .iter()
        .map(|line| {
            json!({
                "fault": line.fault, "unit": line.unit, "mean": line.mean, "p95": line.p95, "target": line.target,
                "not_seen": line.missed,
            })
        })
        .collect();
    let false_alarms: Vec<Value> = figures
        .false_alarms
        .iter()
        .map(|line| {
            json!({
                "stream": line.what, "streams": line.streams, "alarmed": line.alarmed, "share": line.share(),
                "published": line.published, "target": line.target,
            })
        })
        .collect();
    json!({
        "seed": args.seed,
        "runs": args.runs,
        "messages": delays(&figures.one_by_one),
        "hours": delays(&figures.by_hour),
        "sightings": sightings,
        "false_alarms": false_alarms,
        "faults": faults,
        "storm": {
            "receipts": storm.receipts,
            "commands": storm.commands,
            "messages": storm.messages,
            "changed": storm.changed,
            "sent_again": storm.sent_again,
            "met": storm.is_met(),
        },
        "all_met": is_met,
    })
}

fn delay_json(line: &Delay) -> Value {
    let target = line.target.map(|target| match target {
        Target::Mean(most) => json!({"mean_at_most": most}),
        Target::P95(most) => json!({"p95_at_most": most}),
    });
    json!({
        "usual": line.usual,
        "fault": line.loss.words(),
        "messages_an_hour": (line.an_hour > 0).then_some(line.an_hour),
        "mean": line.mean,
        "p95": line.p95,
        "published_mean": line.published_mean,
        "published_p95": line.published_p95,
        "target": target,
        "margin": line.margin(),
        "not_seen": line.missed,
    })
}

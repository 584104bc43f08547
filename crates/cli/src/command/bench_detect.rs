//! `bench detect`: how fast faults are noticed, and how often nothing is taken for one, beside the published figures.

use dunlin_lab::bench::detect::{self, Delay, FalseAlarms, Figures, Sighting, Target};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::args::BenchDetect;
use crate::progress::Meter;
use crate::screen::{lines_of, table};

/// `bench detect`. Needs no database. The program ends with 1 when a target is missed.
#[must_use]
pub fn run(args: &BenchDetect) -> Answer {
    let options = detect::Options { seed: args.seed, runs: args.runs, streams: args.streams };
    let meter = Meter::endless("", "");
    let figures = detect::run(&options, &mut |stage, done| {
        meter.title(stage.to_owned());
        meter.reached(done);
    });
    drop(meter);
    Answer::new(text(&figures), json(&figures, args)).found_if(!figures.all_met())
}

fn text(figures: &Figures) -> String {
    let verdict = if figures.all_met() { "every target is met" } else { "A TARGET IS MISSED" };
    format!(
        "messages until the alarm, each taken by itself (threshold 3.65 million)\n{}\n\n\
         hours until the alarm, correlation {} within an hour (one false alarm a stream in ten years)\n{}\n\n\
         receipts and numbers of messages\n{}\n\n\
         healthy streams, each watched for a year\n{}\n\n{verdict}",
        delays(&figures.one_by_one),
        detect::CORRELATION,
        delays(&figures.by_hour),
        sightings(&figures.sightings),
        false_alarms(&figures.false_alarms),
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

fn json(figures: &Figures, args: &BenchDetect) -> Value {
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
        "all_met": figures.all_met(),
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

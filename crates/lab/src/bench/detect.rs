//! `dunlin bench detect`: how fast faults are found, and how often nothing is found to be one, beside the figures of the
//! study that the method comes from.
//!
//! Everything is drawn from a seed: the same seed gives the same figures on every machine. Counts are made up, the
//! detectors are those of the product.

use dunlin_engine::detect::failures::{Baseline, Batch, first_alarm};
use dunlin_engine::detect::outcome::{self, Week};
use dunlin_engine::detect::silence::{EXPECTED_COUNT_MAX, Handed, Latencies, expected_since, latency_place};
use dunlin_engine::detect::{threshold, volume};

use crate::random::{Purpose, Stream};

/// Correlation of two messages of one hour in the made-up streams.
pub const CORRELATION: f64 = 0.005;
/// The threshold of the published figures for messages taken one by one.
pub const ONE_BY_ONE_THRESHOLD: f64 = 3_650_000.0;

/// What is measured.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The seed of all draws.
    pub seed: u64,
    /// Faults played for each line.
    pub runs: u32,
    /// Healthy streams that are watched for a year.
    pub streams: u32,
}

/// How a stream was broken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Loss {
    /// So many times the usual share is lost.
    Times(f64),
    /// This share is lost.
    Share(f64),
}

impl Loss {
    fn rate(self, usual: f64) -> f64 {
        match self {
            Self::Times(factor) => usual * factor,
            Self::Share(share) => share,
        }
    }

    /// In words.
    #[must_use]
    pub fn words(self) -> String {
        match self {
            Self::Times(factor) => format!("{factor} times the usual"),
            Self::Share(share) if share >= 1.0 => "all lost".to_owned(),
            Self::Share(_) => "half lost".to_owned(),
        }
    }
}

/// The delay of one kind of fault.
#[derive(Clone, Debug)]
pub struct Delay {
    /// The usual share of messages that do not arrive.
    pub usual: f64,
    /// The fault.
    pub loss: Loss,
    /// Messages of an hour; 0 where they are taken one by one.
    pub an_hour: u32,
    /// Until the alarm, messages or hours.
    pub mean: f64,
    /// In nineteen of twenty cases at most.
    pub p95: f64,
    /// The published mean.
    pub published_mean: f64,
    /// The published 95 % bound, where there is one.
    pub published_p95: Option<f64>,
    /// What is asked of it, where something is: the bound, and what it is compared with.
    pub target: Option<Target>,
    /// Runs that raised no alarm within the time played.
    pub missed: u32,
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Target {
    /// The mean is at most this.
    Mean(f64),
    /// The 95 % bound is at most this.
    P95(f64),
}

impl Delay {
    /// By how much the target is met (negative: missed), in the unit of the delay.
    #[must_use]
    pub fn margin(&self) -> Option<f64> {
        self.target.map(|target| match target {
            Target::Mean(most) => most - self.mean,
            Target::P95(most) => most - self.p95,
        })
    }
}

/// False alarms of healthy streams.
#[derive(Clone, Debug)]
pub struct FalseAlarms {
    /// What was watched.
    pub what: String,
    /// Streams, each watched for a year.
    pub streams: u32,
    /// Of them with an alarm.
    pub alarmed: u32,
    /// The most that is asked for, a stream and year.
    pub target: f64,
    /// The published share, in words.
    pub published: &'static str,
}

impl FalseAlarms {
    /// Alarms a stream and year.
    #[must_use]
    pub fn share(&self) -> f64 {
        f64::from(self.alarmed) / f64::from(self.streams.max(1))
    }
}

/// How long an outage of receipts or a wrong number of messages takes to be seen.
#[derive(Clone, Debug)]
pub struct Sighting {
    /// The fault.
    pub fault: &'static str,
    /// In this unit.
    pub unit: &'static str,
    /// Mean delay.
    pub mean: f64,
    /// In nineteen of twenty cases at most.
    pub p95: f64,
    /// What is asked.
    pub target: f64,
    /// Faults that were not seen within the time played.
    pub missed: u32,
}

/// The figures.
#[derive(Clone, Debug)]
pub struct Figures {
    /// Messages taken one by one, independent of each other.
    pub one_by_one: Vec<Delay>,
    /// Hours of messages, clustered.
    pub by_hour: Vec<Delay>,
    /// Outages of receipts, and days with another number of messages.
    pub sightings: Vec<Sighting>,
    /// Healthy streams.
    pub false_alarms: Vec<FalseAlarms>,
}

impl Figures {
    /// Whether every target is met.
    #[must_use]
    pub fn all_met(&self) -> bool {
        let delays = self.one_by_one.iter().chain(&self.by_hour);
        delays.filter_map(Delay::margin).all(|margin| margin >= 0.0)
            && self.sightings.iter().all(|sighting| sighting.p95 <= sighting.target && sighting.missed == 0)
            && self.false_alarms.iter().all(|alarms| alarms.share() <= alarms.target)
    }
}

/// Plays everything.
pub fn run(options: &Options, progress: &mut dyn FnMut(&'static str, u64)) -> Figures {
    let mut figures = Figures {
        one_by_one: Vec::new(),
        by_hour: Vec::new(),
        sightings: Vec::new(),
        false_alarms: Vec::new(),
    };
    for (index, line) in ONE_BY_ONE.iter().enumerate() {
        progress("faults, message by message", index as u64);
        figures.one_by_one.push(one_by_one(options, line, index as u64));
    }
    for (index, line) in BY_HOUR.iter().enumerate() {
        progress("faults, hour by hour", index as u64);
        figures.by_hour.push(by_hour(options, line, index as u64));
    }
    progress("receipts that stop", 0);
    figures.sightings.push(receipts_stop(options));
    progress("days with another number", 0);
    figures.sightings.extend(other_numbers(options));
    progress("receipts that are forged", 0);
    figures.sightings.push(forged_receipts(options));
    progress("healthy streams", 0);
    figures.false_alarms = healthy(options);
    figures.false_alarms.push(healthy_trials(options));
    figures
}

/// A published line: usual share, fault, messages an hour, mean, 95 % bound, target.
struct Line(f64, Loss, u32, f64, Option<f64>, Option<Target>);

const ONE_BY_ONE: [Line; 15] = [
    Line(0.01, Loss::Times(1.5), 0, 7_551.0, Some(13_956.0), None),
    Line(0.01, Loss::Times(2.0), 0, 2_679.0, Some(4_849.0), None),
    Line(0.01, Loss::Times(4.0), 0, 492.0, Some(897.0), None),
    Line(0.01, Loss::Share(0.5), 0, 11.0, Some(19.0), Some(Target::P95(50.0))),
    Line(0.01, Loss::Share(1.0), 0, 4.0, None, Some(Target::P95(20.0))),
    Line(0.05, Loss::Times(1.5), 0, 1_881.0, Some(3_458.0), None),
    Line(0.05, Loss::Times(2.0), 0, 573.0, Some(1_029.0), Some(Target::P95(1_100.0))),
    Line(0.05, Loss::Times(4.0), 0, 102.0, Some(169.0), None),
    Line(0.05, Loss::Share(0.5), 0, 20.0, Some(36.0), Some(Target::P95(50.0))),
    Line(0.05, Loss::Share(1.0), 0, 6.0, None, Some(Target::P95(20.0))),
    Line(0.15, Loss::Times(1.5), 0, 630.0, Some(1_163.0), None),
    Line(0.15, Loss::Times(2.0), 0, 184.0, Some(297.0), None),
    Line(0.15, Loss::Times(4.0), 0, 29.0, Some(49.0), None),
    Line(0.15, Loss::Share(0.5), 0, 44.0, Some(80.0), Some(Target::Mean(50.0))),
    Line(0.15, Loss::Share(1.0), 0, 9.0, None, Some(Target::P95(20.0))),
];

const BY_HOUR: [Line; 7] = [
    Line(0.05, Loss::Times(2.0), 200, 7.5, Some(12.0), Some(Target::P95(12.0))),
    Line(0.05, Loss::Times(4.0), 200, 1.8, None, None),
    Line(0.05, Loss::Share(0.5), 200, 1.0, None, Some(Target::P95(1.0))),
    Line(0.05, Loss::Share(1.0), 200, 1.0, None, Some(Target::P95(1.0))),
    Line(0.05, Loss::Times(2.0), 1_000, 5.1, None, None),
    Line(0.05, Loss::Times(4.0), 1_000, 1.2, None, None),
    Line(0.05, Loss::Share(0.5), 1_000, 1.0, None, Some(Target::P95(1.0))),
];

/// Mean and 95 % bound of delays.
fn summary(mut delays: Vec<f64>) -> (f64, f64) {
    if delays.is_empty() {
        return (f64::INFINITY, f64::INFINITY);
    }
    delays.sort_by(f64::total_cmp);
    let mean = delays.iter().sum::<f64>() / delays.len() as f64;
    let place = ((delays.len() as f64 * 0.95).ceil() as usize).clamp(1, delays.len());
    (mean, delays[place - 1])
}

fn delay_of(line: &Line, delays: Vec<f64>, runs: u32) -> Delay {
    let missed = runs - delays.len() as u32;
    let (mean, p95) = summary(delays);
    let Line(usual, loss, an_hour, published_mean, published_p95, target) = *line;
    Delay { usual, loss, an_hour, mean, p95, published_mean, published_p95, target, missed }
}

fn one_by_one(options: &Options, line: &Line, index: u64) -> Delay {
    let Line(usual, loss, ..) = *line;
    let baseline = Baseline { rate: usual, correlation: 0.0 };
    let mut delays = Vec::new();
    for run in 0..options.runs {
        let mut stream = Stream::new(options.seed, index, Purpose::Detection, u64::from(run));
        let batches: Vec<Batch> = (0..30_000)
            .map(|_| Batch { count: 1, missing: u32::from(uniform(&mut stream) < loss.rate(usual)) })
            .collect();
        // The statistic begins with the fault: what went before it only helps.
        if let Some(alarm) = first_alarm(&baseline, &batches, ONE_BY_ONE_THRESHOLD) {
            delays.push((alarm.raised_at + 1) as f64);
        }
    }
    delay_of(line, delays, options.runs)
}

fn by_hour(options: &Options, line: &Line, index: u64) -> Delay {
    let Line(usual, loss, an_hour, ..) = *line;
    let baseline = Baseline { rate: usual, correlation: CORRELATION };
    let mut delays = Vec::new();
    for run in 0..options.runs {
        let mut stream = Stream::new(options.seed, 1_000 + index, Purpose::Detection, u64::from(run));
        let batches: Vec<Batch> =
            (0..500).map(|_| clustered(&mut stream, an_hour, loss.rate(usual), CORRELATION)).collect();
        if let Some(alarm) = first_alarm(&baseline, &batches, threshold(1, 1)) {
            delays.push((alarm.raised_at + 1) as f64);
        }
    }
    delay_of(line, delays, options.runs)
}

/// Seventeen receipts a minute, each after about a minute; at some moment they stop while messages go on.
fn receipts_stop(options: &Options) -> Sighting {
    const A_MINUTE: f64 = 17.0;
    let latency = |stream: &mut Stream| -(1.0 - uniform(stream)).ln() * 40.0 + 3.0;
    let mut known = Latencies::default();
    let mut stream = Stream::new(options.seed, 2_000, Purpose::Detection, 0);
    for _ in 0..5_000 {
        known.counts[latency_place(latency(&mut stream) as i64)] += 1;
    }
    let mut delays = Vec::new();
    for run in 0..options.runs {
        let mut stream = Stream::new(options.seed, 2_001, Purpose::Detection, u64::from(run));
        // Messages of an hour before the outage and half an hour after it; seconds, the outage at 3,600.
        let mut at = 0.0;
        let (mut unheard, mut last_receipt) = (Vec::new(), 0.0_f64);
        while at < 5_400.0 {
            at += -(1.0 - uniform(&mut stream)).ln() * 60.0 / A_MINUTE;
            let arrives_at = at + latency(&mut stream);
            if arrives_at < 3_600.0 && uniform(&mut stream) < 0.95 {
                last_receipt = last_receipt.max(arrives_at);
            } else {
                unheard.push(at);
            }
        }
        // The watcher looks once a minute.
        for minute in 0..30 {
            let now = 3_600.0 + 60.0 * f64::from(minute) + 30.0;
            let cohorts: Vec<Handed> = unheard
                .iter()
                .filter(|at| **at <= now)
                .map(|at| Handed { seconds_ago: now - at, count: 1 })
                .collect();
            if expected_since(&cohorts, now - last_receipt, 0.95, &known) >= EXPECTED_COUNT_MAX {
                delays.push((now - 3_600.0) / 60.0);
                break;
            }
        }
    }
    let missed = options.runs - delays.len() as u32;
    let (mean, p95) = summary(delays);
    Sighting { fault: "receipts stop, 17 a minute", unit: "minutes", mean, p95, target: 5.0, missed }
}

/// Four weeks of 400 messages a day with quiet weekends, then a week with none, half, or double.
fn other_numbers(options: &Options) -> Vec<Sighting> {
    let play = |fault, factor: f64, target: f64, place: u64| {
        let mut delays = Vec::new();
        for run in 0..options.runs {
            let mut stream = Stream::new(options.seed, 3_000 + place, Purpose::Detection, u64::from(run));
            let mut days: Vec<u64> = (0..28).map(|day| number_of_day(&mut stream, day, 1.0)).collect();
            for delay in 1..=volume::JUDGED_DAYS {
                days.push(number_of_day(&mut stream, 27 + delay, factor));
                if volume::departs(&days, threshold(1, 1) / 24.0).is_some() {
                    delays.push(delay as f64);
                    break;
                }
                // Days before the fault are part of the week that is judged.
            }
        }
        let missed = options.runs - delays.len() as u32;
        let (mean, p95) = summary(delays);
        Sighting { fault, unit: "days", mean, p95, target, missed }
    };
    vec![
        play("no message of a kind", 0.0, 1.0, 0),
        play("half of the messages of a kind", 0.5, 4.0, 1),
        play("twice the messages of a kind", 2.0, 3.0, 2),
    ]
}

/// Weeks of a trial: 4,000 agreements that are contacted and 400 that are left alone, of which so many pay.
fn week_of(stream: &mut Stream, treated: f64, holdout: f64) -> Week {
    let mut paid = |count: u32, share: f64| {
        let draws = (0..count).map(|_| u32::from(uniform(stream) < share));
        draws.sum::<u32>()
    };
    Week {
        treated: 4_000,
        treated_paid: paid(4_000, treated),
        holdout: 400,
        holdout_paid: paid(400, holdout),
    }
}

/// A provider sends nothing any more and forges every receipt: 30 % of those contacted paid, and 20 % of the others; now 20 %
/// of all do. Half a year is taught; a week is judged eight days after its end.
fn forged_receipts(options: &Options) -> Sighting {
    let mut delays = Vec::new();
    for run in 0..options.runs {
        let mut stream = Stream::new(options.seed, 5_000, Purpose::Detection, u64::from(run));
        let taught: Vec<Week> = (0..26).map(|_| week_of(&mut stream, 0.3, 0.2)).collect();
        let Some(usual) = outcome::Usual::learn(&taught) else { continue };
        let judged: Vec<Week> = (0..outcome::JUDGED_WEEKS).map(|_| week_of(&mut stream, 0.2, 0.2)).collect();
        if let Some(lost) = outcome::first_loss(&usual, &judged, outcome::THRESHOLD) {
            delays.push(((lost.raised_at + 1) * 7 + 8) as f64);
        }
    }
    let missed = options.runs - delays.len() as u32;
    let (mean, p95) = summary(delays);
    let fault = "receipts are forged: nothing is sent, payments fall to the holdout's";
    Sighting { fault, unit: "days", mean, p95, target: 42.0, missed }
}

/// Trials in which contact goes on to bring what it did, for a year.
fn healthy_trials(options: &Options) -> FalseAlarms {
    let mut alarmed = 0;
    for index in 0..options.streams {
        let mut stream = Stream::new(options.seed, 5_001, Purpose::Detection, u64::from(index));
        let weeks: Vec<Week> = (0..78).map(|_| week_of(&mut stream, 0.3, 0.2)).collect();
        // As the watch does: each week the last eight are judged by those before them.
        let is_alarm = (26..weeks.len()).any(|end| {
            let (taught, judged) = weeks[..=end].split_at(end + 1 - outcome::JUDGED_WEEKS);
            let usual = outcome::Usual::learn(taught);
            usual.is_some_and(|usual| outcome::first_loss(&usual, judged, outcome::THRESHOLD).is_some())
        });
        alarmed += u32::from(is_alarm);
    }
    let what = "payments of a trial, 4,400 agreements a week".to_owned();
    FalseAlarms { what, streams: options.streams, alarmed, target: 0.1, published: "none" }
}

fn number_of_day(stream: &mut Stream, day: usize, factor: f64) -> u64 {
    let usual = if day % 7 >= 5 { 120.0 } else { 400.0 };
    let mean = usual * factor * gamma(stream, 100.0) / 100.0;
    poisson(stream, mean)
}

/// Healthy streams for a year: with the true baseline, and with one learned from their first three weeks.
fn healthy(options: &Options) -> Vec<FalseAlarms> {
    const HOURS: u32 = 8_760;
    const LEARNED_HOURS: usize = 500;
    let mut lines = Vec::new();
    for (an_hour, is_learned) in [(200, false), (200, true), (1_000, true)] {
        let mut alarmed = 0;
        for index in 0..options.streams {
            let place = 4_000 + u64::from(an_hour) + u64::from(is_learned);
            let mut stream = Stream::new(options.seed, place, Purpose::Detection, u64::from(index));
            let batches: Vec<Batch> =
                (0..HOURS).map(|_| clustered(&mut stream, an_hour, 0.05, CORRELATION)).collect();
            let (taught, watched) = batches.split_at(if is_learned { LEARNED_HOURS } else { 0 });
            let baseline =
                Baseline::learn(taught).unwrap_or(Baseline { rate: 0.05, correlation: CORRELATION });
            alarmed += u32::from(first_alarm(&baseline, watched, threshold(1, 1)).is_some());
        }
        let how = if is_learned { "baseline learned from 500 hours" } else { "true baseline" };
        let what = format!("{an_hour} messages an hour, {how}");
        let published = if is_learned { "0 to 2 %" } else { "0.5 to 3 %" };
        lines.push(FalseAlarms { what, streams: options.streams, alarmed, target: 0.1, published });
    }
    lines
}

fn uniform(stream: &mut Stream) -> f64 {
    // 53 bits, as many as a double has; never 1.
    (stream.next() >> 11) as f64 / (1_u64 << 53) as f64
}

fn normal(stream: &mut Stream) -> f64 {
    let radius = (-2.0 * (1.0 - uniform(stream)).ln()).sqrt();
    radius * (2.0 * std::f64::consts::PI * uniform(stream)).cos()
}

/// A gamma draw (Marsaglia and Tsang, 2000).
fn gamma(stream: &mut Stream, shape: f64) -> f64 {
    if shape < 1.0 {
        return gamma(stream, shape + 1.0) * (1.0 - uniform(stream)).powf(1.0 / shape);
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let x = normal(stream);
        let v = (1.0 + c * x).powi(3);
        if v > 0.0 && (1.0 - uniform(stream)).ln() < 0.5 * x * x + d - d * v + d * v.ln() {
            return d * v;
        }
    }
}

fn poisson(stream: &mut Stream, mean: f64) -> u64 {
    let (mut count, mut passed) = (0, 0.0);
    loop {
        passed += -(1.0 - uniform(stream)).ln();
        if passed > mean {
            return count;
        }
        count += 1;
    }
}

/// A beta-binomial batch.
fn clustered(stream: &mut Stream, count: u32, rate: f64, correlation: f64) -> Batch {
    if rate >= 1.0 {
        return Batch { count, missing: count };
    }
    let weight = 1.0 / correlation - 1.0;
    let (a, b) = (gamma(stream, rate * weight), gamma(stream, (1.0 - rate) * weight));
    let share = a / (a + b);
    let chance = share.min(1.0 - share);
    // From one rare message to the next in one step.
    let next = |stream: &mut Stream| ((1.0 - uniform(stream)).ln() / (-chance).ln_1p()).floor();
    let mut rare = 0;
    let mut place = if chance > 0.0 { next(stream) } else { f64::INFINITY };
    while place < f64::from(count) {
        rare += 1;
        place += 1.0 + next(stream);
    }
    Batch { count, missing: if share <= 0.5 { rare } else { count - rare } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_figures_and_faults_are_found() {
        let options = Options { seed: 7, runs: 20, streams: 3 };
        let (one, two) = (by_hour(&options, &BY_HOUR[2], 2), by_hour(&options, &BY_HOUR[2], 2));
        assert_eq!((one.mean, one.p95, one.missed), (two.mean, two.p95, two.missed));
        assert_eq!(one.mean, 1.0, "half of an hour's messages are lost, and it is seen with that hour");
        assert_eq!(receipts_stop(&options).missed, 0);
        let forged = forged_receipts(&options);
        assert!(forged.missed == 0 && forged.p95 <= forged.target, "{forged:?}");
    }

    #[test]
    fn made_up_hours_have_the_share_and_the_correlation_asked_for() {
        let mut stream = Stream::new(1, 1, Purpose::Detection, 0);
        let hours: Vec<f64> =
            (0..20_000).map(|_| f64::from(clustered(&mut stream, 200, 0.05, CORRELATION).missing)).collect();
        let mean = hours.iter().sum::<f64>() / 20_000.0;
        let variance = hours.iter().map(|hour| (hour - mean).powi(2)).sum::<f64>() / 20_000.0;
        let wanted = 200.0 * 0.05 * 0.95 * (1.0 + 199.0 * CORRELATION);
        assert!((mean - 10.0).abs() < 0.15, "{mean}");
        assert!((variance / wanted - 1.0).abs() < 0.05, "{variance} is not about {wanted}");
    }
}

//! What needs statistics: messages that do not arrive, receipts that stop, days with another number of messages.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use dunlin_domain::contact::Channel;
use dunlin_domain::date::{BusinessDate, Timestamp};
use dunlin_domain::incident::IncidentCode;
use dunlin_store::policy;
use dunlin_store::watch::{
    self, CohortCounts, CohortKey, Missing, PlannedKind, SLOT_SECONDS, WatchIncident, slot_begins, slot_of,
};

use super::{Finding, LOOK_BACK_DAYS, Sweep, days_before, provider_stream};
use crate::EngineError;
use crate::detect::failures::{Baseline, Batch, first_alarm, has_recovered};
use crate::detect::silence::{EXPECTED_COUNT_MAX, Handed, Latencies, expected_since};
use crate::detect::{threshold, volume};

/// Slots of an hour.
const SLOTS: i64 = 3_600 / SLOT_SECONDS;
/// Receipts from which on it is known how long they take.
const KNOWN_RECEIPTS_MIN: u64 = 200;
/// Points of a slot at which the worst is looked for.
const WORST_POINTS: u32 = 30;
/// How long a receipt may take where that is not known, seconds.
const PATIENCE_SECONDS: i64 = 4 * 3_600;
/// Days that are judged; those before them teach what is usual.
const JUDGED_DAYS: i64 = 3;
/// The statistic looks twelve times at an hour that is not over: its threshold is as much higher then.
const LOOKS_AT_OPEN_HOUR: f64 = 12.0;

/// A stream: channel, provider, and the kind of message, by its template or by where its number belongs; all kinds where
/// that is missing.
type StreamKey = (Channel, String, Option<String>);

fn name_of((channel, provider, kind): &StreamKey) -> String {
    let provider = provider_stream(*channel, provider);
    kind.as_ref().map_or_else(|| provider.clone(), |kind| format!("{provider}/{kind}"))
}

/// Whether a stream is of one kind of the messages of another.
fn is_kind_of(kind: &str, all: &str) -> bool {
    kind.strip_prefix(all).is_some_and(|rest| rest.starts_with('/'))
}

fn count(value: i64) -> u32 {
    u32::try_from(value.max(0)).unwrap_or(u32::MAX)
}

fn batch_of(counts: &CohortCounts) -> Batch {
    Batch { count: count(counts.handed), missing: count(counts.handed - counts.delivered) }
}

/// What a provider told of messages that arrive.
#[derive(Default)]
struct Told {
    /// Handed over and told of: of all, and of each day.
    spans: BTreeMap<Option<i64>, (i64, i64)>,
    /// The slot of the first that it told of.
    first: Option<i64>,
}

/// From which slot on each provider, by channel, is known to tell of messages that arrive. Some tell of failures only, as most
/// mail servers do, and some of nothing: that no receipt came says nothing there. One does where it told of five and of half at
/// least, of all messages or of those of one day.
fn told_since(cohorts: &[(CohortKey, CohortCounts)]) -> HashMap<(Channel, String), i64> {
    const TOLD_COUNT_MIN: i64 = 5;
    const SHARE: i64 = 2;
    const DAY_SLOTS: i64 = 24 * SLOTS;
    let mut told: HashMap<(Channel, String), Told> = HashMap::new();
    for (key, counts) in cohorts.iter().filter(|(key, _)| !key.is_area()) {
        let of_provider = told.entry((key.channel, key.provider.clone())).or_default();
        for span in [None, Some(key.slot.div_euclid(DAY_SLOTS))] {
            let sum = of_provider.spans.entry(span).or_default();
            *sum = (sum.0 + counts.handed, sum.1 + counts.delivered);
        }
        if counts.delivered > 0 {
            of_provider.first = Some(of_provider.first.map_or(key.slot, |first| first.min(key.slot)));
        }
    }
    let tells = |(handed, told): &(i64, i64)| *told >= TOLD_COUNT_MIN && *told * SHARE >= *handed;
    let since = |told: Told| told.first.filter(|_| told.spans.values().any(tells));
    told.into_iter().filter_map(|(place, told)| Some((place, since(told)?))).collect()
}

/// How long receipts take, by channel and provider.
fn latencies_of(rows: Vec<(Channel, String, usize, u64)>) -> HashMap<(Channel, String), Latencies> {
    let mut all: HashMap<(Channel, String), Latencies> = HashMap::new();
    for (channel, provider, place, number) in rows {
        let latencies = all.entry((channel, provider)).or_default();
        let place = place.min(latencies.counts.len() - 1);
        latencies.counts[place] += number;
    }
    all
}

/// The hours of one stream, those that are over and have had time for their receipts, and the last one so far.
#[derive(Default)]
struct Hours {
    whole: BTreeMap<i64, CohortCounts>,
    open: BTreeMap<i64, CohortCounts>,
    /// Whether its provider tells of messages that arrive.
    are_told_of: bool,
}

impl Hours {
    /// Whether messages went out in the last two hours that are looked at.
    fn is_lively(&self) -> bool {
        let last = self.whole.keys().chain(self.open.keys()).max().copied().unwrap_or(0);
        let lately = self.whole.range(last - 1..).chain(self.open.range(last - 1..));
        lately.map(|(_, counts)| counts.handed).sum::<i64>() > 0
    }
}

/// The kinds of messages of a provider, one way of telling them apart.
#[derive(Default)]
struct Kinds {
    /// Of which messages went out lately.
    lively_count: usize,
    /// Of which too many do not arrive.
    hit: Vec<Finding>,
}

impl Kinds {
    fn add(&mut self, hours: &Hours, finding: Option<Finding>) {
        self.lively_count += usize::from(hours.is_lively());
        self.hit.extend(finding);
    }

    fn are_partly_hit(&self) -> bool {
        !self.hit.is_empty() && self.hit.len() < self.lively_count
    }
}

impl Sweep<'_> {
    /// Whether each provider that takes messages still sends receipts.
    pub(super) fn receipts(&mut self) -> Result<(), EngineError> {
        self.looked_for.insert(IncidentCode::ReceiptsSilent);
        let from = slot_of(days_before(self.now, 2));
        let (cohorts, rows) =
            self.engine.db.read(|tx| Ok((watch::cohorts(tx, from)?, watch::latencies(tx)?)))?;
        for ((channel, provider), latencies) in latencies_of(rows) {
            let name = provider_stream(channel, &provider);
            let Some(last) = self.heard_of("receipts", &name) else { continue };
            if latencies.total() < KNOWN_RECEIPTS_MIN {
                continue;
            }
            let own: Vec<(i64, CohortCounts)> = cohorts
                .iter()
                .filter(|(key, _)| key.channel == channel && key.provider == provider && !key.is_area())
                .map(|(key, counts)| (key.slot, *counts))
                .collect();
            if let Some(finding) = self.silence_of(&name, &own, last, &latencies, (channel, &provider))? {
                self.findings.push(finding);
            }
        }
        Ok(())
    }

    fn silence_of(
        &self,
        name: &str,
        own: &[(i64, CohortCounts)],
        last: Timestamp,
        latencies: &Latencies,
        (channel, provider): (Channel, &str),
    ) -> Result<Option<Finding>, EngineError> {
        let seconds_since = |at: Timestamp| (self.now.micros() - at.micros()) as f64 / 1e6;
        // What arrives when receipts come: of messages that had their time before the silence began.
        let mature = own
            .iter()
            .filter(|(slot, _)| slot_begins(*slot + 1).plus_seconds(latencies.seconds_for(0.95)) <= last);
        let (told, handed) = mature.fold((0, 0), |(told, handed), (_, counts)| {
            (told + counts.delivered + counts.failed, handed + counts.handed)
        });
        let arrives = if handed >= 100 { (told as f64 / handed as f64).clamp(0.001, 1.0) } else { 0.5 };
        // A slot does not say when in it a message was handed over: if the worst time for each would be an alarm, the messages
        // themselves are asked.
        let silent = seconds_since(last);
        let worst = |(slot, counts): &(i64, CohortCounts)| {
            let open = (counts.handed - counts.delivered - counts.failed - counts.unanswered).max(0);
            let begun = seconds_since(slot_begins(*slot));
            let place = begun.min(SLOT_SECONDS as f64) / f64::from(WORST_POINTS);
            let due = (0..=WORST_POINTS)
                .map(|point| latencies.due_since(begun - place * f64::from(point), silent, arrives));
            (*slot, open as f64 * due.fold(0.0, f64::max))
        };
        let worst: Vec<(i64, f64)> = own.iter().map(worst).filter(|(_, due)| *due > 0.0).collect();
        if worst.iter().map(|(_, due)| due).sum::<f64>() < EXPECTED_COUNT_MAX {
            return Ok(None);
        }
        let from = worst.iter().map(|(slot, _)| slot_begins(*slot)).min().unwrap_or(last);
        let unheard = self.engine.db.read(|tx| watch::unheard(tx, channel, provider, from))?;
        let waiting: Vec<Handed> =
            unheard.into_iter().map(|(at, count)| Handed { seconds_ago: seconds_since(at), count }).collect();
        let expected = expected_since(&waiting, silent, arrives, latencies);
        if expected < EXPECTED_COUNT_MAX {
            return Ok(None);
        }
        let first = self
            .engine
            .db
            .read(|tx| watch::first_missing(tx, channel, provider, None, (Missing::Unheard, last)))?;
        Ok(Some(Finding {
            code: IncidentCode::ReceiptsSilent,
            stream: name.to_owned(),
            first_affected: first.map_or_else(|| last.to_string(), |first| first.to_string()),
            affected_count: expected.round() as u64,
            evidence: vec![("last", last.to_string()), ("expected", format!("{expected:.0}"))],
        }))
    }

    /// Whether more messages than usual do not arrive, stream by stream. Looked at whenever five more minutes are whole.
    pub(super) fn failures(&mut self) -> Result<(), EngineError> {
        let last = self.heard_of("watcher", "sweep");
        if last.is_some_and(|last| slot_of(last) == slot_of(self.now)) {
            return Ok(());
        }
        self.looked_for.insert(IncidentCode::FailureRate);
        let from = slot_of(days_before(self.now, LOOK_BACK_DAYS));
        let (cohorts, rows) =
            self.engine.db.read(|tx| Ok((watch::cohorts(tx, from)?, watch::latencies(tx)?)))?;
        let patience: HashMap<(Channel, String), i64> = latencies_of(rows)
            .into_iter()
            .filter(|(_, latencies)| latencies.total() >= KNOWN_RECEIPTS_MIN)
            .map(|(place, latencies)| (place, latencies.seconds_for(0.999).clamp(SLOT_SECONDS, 86_400)))
            .collect();
        let told_since = told_since(&cohorts);
        let streams = self.hours(&cohorts, &patience, &told_since);
        let most = threshold(streams.len(), 1);
        let providers: BTreeSet<(Channel, String)> =
            streams.keys().map(|(channel, provider, _)| (*channel, provider.clone())).collect();
        for (channel, provider) in providers {
            let of_provider = streams.iter().filter(|(key, _)| key.0 == channel && key.1 == provider);
            let (mut of_all, mut of_templates, mut of_areas) = (None, Kinds::default(), Kinds::default());
            for (key, hours) in of_provider {
                let finding = self.failure_of(key, hours, most)?;
                match &key.2 {
                    None => of_all = finding,
                    Some(kind) if watch::is_area(kind) => of_areas.add(hours, finding),
                    Some(_) => of_templates.add(hours, finding),
                }
            }
            self.findings.extend(self.told_once(of_all, [of_templates, of_areas]));
        }
        Ok(())
    }

    /// What hits some kinds of messages is told of those, by template or by area, whichever needs fewer words; what hits
    /// all of them is one incident of their provider. What is open stays what it is.
    fn told_once(&self, of_all: Option<Finding>, kinds: [Kinds; 2]) -> Vec<Finding> {
        let is_open = |finding: &Finding| {
            self.incidents.iter().any(|incident| {
                incident.code == finding.code
                    && incident.stream == finding.stream
                    && incident.closed_at.is_none()
            })
        };
        let told = (0..kinds.len())
            .filter(|place| kinds[*place].are_partly_hit())
            .min_by_key(|place| kinds[*place].hit.len());
        let hits_some = told.is_some();
        // Where all are hit, and nothing is said of the provider, all are told of, by their templates.
        let told = told.unwrap_or(0);
        let of_kinds: Vec<Finding> = kinds
            .into_iter()
            .enumerate()
            .flat_map(|(place, kinds)| kinds.hit.into_iter().map(move |finding| (place, finding)))
            .filter(|(place, finding)| *place == told || is_open(finding))
            .map(|(_, finding)| finding)
            .collect();
        // What a kind that has recovered lost is no fresh evidence against its provider.
        let recovers = of_all.as_ref().is_some_and(|of_all| {
            self.incidents.iter().any(|incident| {
                incident.code == of_all.code
                    && incident.closed_at.is_none()
                    && is_kind_of(&incident.stream, &of_all.stream)
                    && !of_kinds.iter().any(|kind| kind.stream == incident.stream)
            })
        });
        match of_all {
            Some(of_all) if is_open(&of_all) || !(hits_some || recovers) => {
                of_kinds.into_iter().filter(|kind| is_open(kind)).chain([of_all]).collect()
            }
            Some(_) | None => of_kinds,
        }
    }

    fn hours(
        &self,
        cohorts: &[(CohortKey, CohortCounts)],
        patience: &HashMap<(Channel, String), i64>,
        told_since: &HashMap<(Channel, String), i64>,
    ) -> BTreeMap<StreamKey, Hours> {
        let mut streams: BTreeMap<StreamKey, Hours> = BTreeMap::new();
        for (key, counts) in cohorts {
            let place = (key.channel, key.provider.clone());
            let wait = patience.get(&place).copied().unwrap_or(PATIENCE_SECONDS);
            if slot_begins(key.slot + 1).plus_seconds(wait) > self.now {
                continue;
            }
            let tells = told_since.get(&place).is_some_and(|first| key.slot >= *first);
            let arrived =
                if tells { counts.delivered } else { counts.handed - counts.failed - counts.unanswered };
            let hour = key.slot.div_euclid(SLOTS);
            let is_whole = slot_begins((hour + 1) * SLOTS).plus_seconds(wait) <= self.now;
            // What is counted by where it goes is counted by its template too.
            let all = (!key.is_area()).then_some(None);
            for kind in all.into_iter().chain([Some(key.kind.clone())]) {
                let hours = streams.entry((key.channel, key.provider.clone(), kind)).or_default();
                hours.are_told_of = told_since.contains_key(&place);
                let of_kind = if is_whole { &mut hours.whole } else { &mut hours.open };
                let sum = of_kind.entry(hour).or_default();
                sum.handed += counts.handed;
                sum.delivered += arrived;
                sum.failed += counts.failed;
            }
        }
        streams
    }

    fn failure_of(&self, key: &StreamKey, hours: &Hours, most: f64) -> Result<Option<Finding>, EngineError> {
        let name = name_of(key);
        let of_stream =
            |incident: &&WatchIncident| incident.code == IncidentCode::FailureRate && incident.stream == name;
        let past: Vec<&WatchIncident> = self.incidents.iter().filter(of_stream).collect();
        // A provider's counts hold those of its kinds, and so their incidents.
        let within = |incident: &&WatchIncident| {
            of_stream(incident)
                || (incident.code == IncidentCode::FailureRate && is_kind_of(&incident.stream, &name))
        };
        let past_within: Vec<&WatchIncident> = self.incidents.iter().filter(within).collect();
        let hour_of = |at: Timestamp| slot_of(at).div_euclid(SLOTS);
        let last_closed = past_within.iter().filter_map(|incident| incident.closed_at).map(hour_of).max();
        let judged_from =
            hour_of(days_before(self.now, JUDGED_DAYS)).max(last_closed.map_or(0, |hour| hour + 1));
        let was_bad = |hour: i64| {
            past_within.iter().any(|incident| {
                let until = incident.closed_at.map_or(i64::MAX, hour_of);
                hour >= hour_of(incident.opened_at) - 24 && hour <= until
            })
        };
        let taught: Vec<Batch> = hours
            .whole
            .range(..judged_from)
            .filter(|(hour, _)| !was_bad(**hour))
            .map(|(_, counts)| batch_of(counts))
            .collect();
        let baseline = Baseline::learn(&taught).unwrap_or(Baseline::UNKNOWN);
        let mut judged: Vec<(i64, Batch)> =
            hours.whole.range(judged_from..).map(|(hour, counts)| (*hour, batch_of(counts))).collect();
        let alarm_of = |judged: &[(i64, Batch)], most: f64| {
            let batches: Vec<Batch> = judged.iter().map(|(_, batch)| *batch).collect();
            first_alarm(&baseline, &batches, most)
        };
        let whole = alarm_of(&judged, most);
        judged.extend(hours.open.range(judged_from..).map(|(hour, counts)| (*hour, batch_of(counts))));
        let open = past.iter().find(|incident| incident.closed_at.is_none());
        if let Some(open) = open {
            let since: Vec<Batch> = judged
                .iter()
                .filter(|(hour, _)| *hour > hour_of(open.opened_at))
                .map(|(_, batch)| *batch)
                .rev()
                .take(2)
                .collect();
            if has_recovered(&baseline, &since) {
                return Ok(None);
            }
        }
        let Some(alarm) = whole.or_else(|| alarm_of(&judged, most * LOOKS_AT_OPEN_HOUR)) else {
            // What is open stays so until enough speaks for it; unless it was told by receipts that nobody sends.
            return Ok(open.filter(|_| hours.are_told_of).map(|open| self.again(open)));
        };
        let began = slot_begins(judged[alarm.began_at].0 * SLOTS);
        let missing = if hours.are_told_of { Missing::Unheard } else { Missing::Told };
        let first = self
            .engine
            .db
            .read(|tx| watch::first_missing(tx, key.0, &key.1, key.2.as_deref(), (missing, began)))?;
        Ok(Some(Finding {
            code: IncidentCode::FailureRate,
            stream: name,
            first_affected: first.map_or_else(|| began.to_string(), |first| first.to_string()),
            affected_count: alarm.missing,
            evidence: vec![
                ("began", began.to_string()),
                ("handed", alarm.count.to_string()),
                ("missing", alarm.missing.to_string()),
                ("usual", format!("{:.1}%", baseline.rate * 100.0)),
                ("log_evidence", format!("{:.1}", alarm.log_evidence)),
            ],
        }))
    }

    /// An incident that is open and goes on.
    fn again(&self, open: &WatchIncident) -> Finding {
        let pairs = super::pairs(&open.evidence);
        const NAMES: [&str; 5] = ["began", "handed", "missing", "usual", "log_evidence"];
        Finding {
            code: open.code,
            stream: open.stream.clone(),
            first_affected: open.first_affected.clone(),
            affected_count: open.affected_count,
            evidence: NAMES.iter().filter_map(|name| Some((*name, pairs.get(*name)?.clone()))).collect(),
        }
    }

    /// Whether the last closed day had as many messages as such days have, in all and of each kind. Looked at once a day; not
    /// after a pause, which is a reason.
    pub(super) fn volumes(&mut self) -> Result<(), EngineError> {
        let Some(last) = self.engine.last_closed_day()? else { return Ok(()) };
        if self.heard_of("volume", &last.to_string()).is_some() {
            return Ok(());
        }
        self.looked_for.insert(IncidentCode::Volume);
        let from = i64::from(last.0.days()) - 35;
        let (planned, kinds, pauses) = self.engine.db.read(|tx| {
            Ok((watch::planned_by_day(tx, from)?, watch::planned_by_kind(tx, from)?, policy::pauses(tx)?))
        })?;
        let is_paused = (0..=volume::JUDGED_DAYS).any(|back| {
            let day = BusinessDate(last.0.plus_days(-i32::try_from(back).unwrap_or(0)));
            pauses.iter().any(|pause| pause.is_on(day))
        });
        let mut streams = mix_of(&kinds, i64::from(last.0.days()));
        streams.insert("plan".to_owned(), planned.into_iter().collect());
        let first = streams["plan"].keys().next().copied().unwrap_or(0);
        let looks = threshold(streams.len(), 1) / 24.0;
        for (stream, by_day) in streams.into_iter().filter(|_| !is_paused) {
            let days: Vec<u64> = (first..=i64::from(last.0.days()))
                .map(|day| by_day.get(&day).copied().unwrap_or(0))
                .collect();
            let Some(departure) = volume::departs(&days, looks) else { continue };
            self.findings.push(Finding {
                code: IncidentCode::Volume,
                stream,
                first_affected: last.to_string(),
                affected_count: (departure.expected - departure.found as f64).abs().round() as u64,
                evidence: vec![
                    ("day", last.to_string()),
                    ("expected", format!("{:.0}", departure.expected)),
                    ("found", departure.found.to_string()),
                    ("factor", departure.factor.to_string()),
                ],
            });
        }
        self.sign_alone("volume", &last.to_string())
    }
}

/// Messages by day of each channel, template and row of the strategy, by the name of the stream. Templates and rows are
/// compared only while one version of the strategies decides: another one is a reason for another mix.
fn mix_of(kinds: &[PlannedKind], last: i64) -> BTreeMap<String, BTreeMap<i64, u64>> {
    let strategies = |of_last: bool| -> BTreeSet<&str> {
        let own = kinds.iter().filter(|kind| !of_last || kind.day == last);
        own.map(|kind| kind.strategy.as_str()).collect()
    };
    let is_same_strategy = strategies(false) == strategies(true);
    let mut streams: BTreeMap<String, BTreeMap<i64, u64>> = BTreeMap::new();
    for kind in kinds {
        let mut names = vec![format!("plan/{}", kind.channel)];
        if is_same_strategy {
            names.push(format!("plan/{}/{}", kind.channel, kind.template));
            names.push(format!("plan/{}/{}", kind.strategy, kind.row));
        }
        for name in names {
            *streams.entry(name).or_default().entry(kind.day).or_default() += kind.count;
        }
    }
    streams
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(day: i64, template: &str, strategy: &str, row: &str) -> PlannedKind {
        let [channel, template, strategy, row] = ["sms", template, strategy, row].map(str::to_owned);
        PlannedKind { day, channel, template, strategy, row, count: 40 }
    }

    #[test]
    fn a_mix_is_by_channel_template_and_row_while_one_version_of_the_strategy_decides() {
        let kinds =
            [kind(1, "soft", "s@1", "m1"), kind(2, "soft", "s@1", "m1"), kind(2, "firm", "s@1", "m2")];
        let names: Vec<String> = mix_of(&kinds, 2).into_keys().collect();
        assert_eq!(names, ["plan/s@1/m1", "plan/s@1/m2", "plan/sms", "plan/sms/firm", "plan/sms/soft"]);
        assert_eq!(mix_of(&kinds, 2)["plan/sms"], BTreeMap::from([(1, 40), (2, 80)]));
        let changed = [kind(1, "soft", "s@1", "m1"), kind(2, "soft", "s@2", "m1")];
        assert_eq!(mix_of(&changed, 2).into_keys().collect::<Vec<_>>(), ["plan/sms"]);
    }
}

//! Finds silence without a reason before a customer does: one sweep looks at everything that can go quiet, opens
//! incidents for what it finds, and closes those that are over with a report of what was caught up.
//!
//! A sweep reads and compares; all that it keeps is a few rows a stream, and all that it mends is the outbox. Two that run at once
//! find the same and open the
//! same incident. What it goes by: the calendar (days that were not run), the outbox (messages that nobody takes), signs
//! of life (workers, receipts, canaries), counts of what arrives ([`crate::detect`]), and a shadow plan: which agreements
//! are overdue by facts and policy alone, against the verdicts and messages of the day.

pub mod all_clear;
pub mod canary;
mod checks;
pub mod outcome;
mod shadow;
mod streams;
pub mod words;

use std::collections::{BTreeMap, BTreeSet};

use dunlin_domain::contact::Channel;
use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::id::{IncidentId, hash_parts};
use dunlin_domain::incident::IncidentCode;
use dunlin_store::policy::{self, Incident};
use dunlin_store::watch::{self, Sign, WatchIncident};
use dunlin_store::{StoreError, Tx};

use crate::view::{IncidentLine, WatchIncidentLine};
use crate::{Engine, EngineError};

/// How a portfolio is watched.
#[derive(Clone, Copy, Debug)]
pub struct WatchOptions {
    /// Seconds between two sweeps.
    pub every_seconds: i64,
    /// The time of day, in the lender's zone, by which a business day should have been run: hour and minute.
    pub day_by: (i8, i8),
    /// Seconds between two comparisons of a closed day with the whole shadow plan, which reads every fact. In between what
    /// was touched is compared once a sweep.
    pub shadow_every_seconds: i64,
}

impl Default for WatchOptions {
    fn default() -> Self {
        Self { every_seconds: 60, day_by: (10, 0), shadow_every_seconds: 900 }
    }
}

/// What a sweep found.
#[derive(Clone, Debug, Default)]
pub struct WatchReport {
    /// Incidents that it opened.
    pub opened: Vec<WatchIncidentLine>,
    /// Incidents that it closed.
    pub closed: Vec<WatchIncidentLine>,
    /// All of the watch's own that are open now.
    pub open: Vec<WatchIncidentLine>,
    /// Channels of which a provider says that it takes nothing, which sending has noted; those that are open now.
    pub channels: Vec<IncidentLine>,
    /// Agreements of which the shadow plan was compared; `None` where nothing had happened to any since the last time.
    pub compared: Option<u64>,
}

impl WatchReport {
    /// Whether anything is wrong that is known of.
    #[must_use]
    pub fn is_clear(&self) -> bool {
        self.open.is_empty() && self.channels.is_empty()
    }
}

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub code: IncidentCode,
    pub stream: String,
    pub first_affected: String,
    pub affected_count: u64,
    pub evidence: Vec<(&'static str, String)>,
}

/// The stream of all that goes through a provider by a channel.
pub(crate) fn provider_stream(channel: Channel, provider: &str) -> String {
    format!("{channel}/{provider}")
}

/// The incidents of channels that are open, oldest first.
pub(crate) fn open_channels(tx: &mut Tx<'_>) -> Result<Vec<Incident>, StoreError> {
    let all = policy::incidents(tx)?;
    Ok(all.into_iter().filter(|incident| incident.closed_at.is_none()).collect())
}

/// How long an incident that is closed is looked back at: as long as counts are kept.
const LOOK_BACK_DAYS: i64 = 40;

fn days_before(now: Timestamp, days: i64) -> Timestamp {
    now.plus_seconds(-days * 86_400)
}

fn evidence_text(evidence: &[(&'static str, String)]) -> String {
    evidence.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(";")
}

/// Opens an incident for a finding, or notes that it was seen again; whether it is new.
pub(crate) fn open(tx: &mut Tx<'_>, finding: &Finding, now: Timestamp) -> Result<bool, StoreError> {
    let known = watch::incidents_since(tx, days_before(now, LOOK_BACK_DAYS))?;
    let is_same =
        |incident: &&WatchIncident| incident.code == finding.code && incident.stream == finding.stream;
    let present = known.iter().filter(is_same).find(|incident| incident.closed_at.is_none());
    // Named by the end of the one before, so that two who see it at once open one incident.
    let last_closed = known.iter().filter(is_same).filter_map(|incident| incident.closed_at).max();
    let after = last_closed.map_or(0, Timestamp::micros);
    let parts: [&[u8]; 3] = [finding.code.code().as_bytes(), finding.stream.as_bytes(), &after.to_le_bytes()];
    let incident = WatchIncident {
        id: present.map_or_else(|| IncidentId(hash_parts("watch incident", &parts)), |present| present.id),
        code: finding.code,
        stream: finding.stream.clone(),
        opened_at: now,
        last_seen_at: now,
        first_affected: finding.first_affected.clone(),
        affected_count: finding.affected_count,
        evidence: evidence_text(&finding.evidence),
        closed_at: None,
        report: None,
    };
    watch::see(tx, &incident)
}

/// What a sweep has loaded and found so far.
struct Sweep<'e> {
    engine: &'e Engine,
    options: WatchOptions,
    now: Timestamp,
    signs: Vec<Sign>,
    /// Incidents that are open or were closed lately.
    incidents: Vec<WatchIncident>,
    findings: Vec<Finding>,
    /// What was looked for in this sweep: an open incident of such a code that was not found again is over.
    looked_for: BTreeSet<IncidentCode>,
}

impl Sweep<'_> {
    /// When somebody was last heard of.
    fn heard_of(&self, kind: &str, name: &str) -> Option<Timestamp> {
        self.signs.iter().find(|sign| sign.kind == kind && sign.name == name).map(|sign| sign.at)
    }

    /// Signs that `name` was looked at, in the place of all others of its kind.
    fn sign_alone(&self, kind: &'static str, name: &str) -> Result<(), EngineError> {
        let stale = self.signs.iter().filter(|sign| sign.kind == kind);
        self.engine.db.write(|tx| {
            stale.clone().try_for_each(|sign| watch::forget_sign(tx, kind, &sign.name))?;
            watch::sign(tx, kind, name, self.now, 0)
        })?;
        Ok(())
    }
}

impl Engine {
    /// Looks at everything once.
    ///
    /// # Errors
    /// What the database says; a policy that is missing.
    pub fn watch(&self, options: &WatchOptions, now: Timestamp) -> Result<WatchReport, EngineError> {
        let (signs, incidents) = self.db.read(|tx| {
            Ok((watch::signs(tx)?, watch::incidents_since(tx, days_before(now, LOOK_BACK_DAYS))?))
        })?;
        let mut sweep = Sweep {
            engine: self,
            options: *options,
            now,
            signs,
            incidents,
            findings: Vec::new(),
            looked_for: BTreeSet::new(),
        };
        sweep.watchers();
        sweep.days()?;
        sweep.outbox()?;
        sweep.channels()?;
        sweep.workers()?;
        sweep.canaries();
        sweep.told();
        sweep.receipts()?;
        sweep.failures()?;
        sweep.volumes()?;
        sweep.outcomes()?;
        let compared = sweep.shadow_plan()?;
        let mut report = self.settle_sweep(&sweep)?;
        report.compared = compared;
        Ok(report)
    }

    /// Opens what was found and closes what is over.
    fn settle_sweep(&self, sweep: &Sweep<'_>) -> Result<WatchReport, EngineError> {
        let now = sweep.now;
        let is_found = |incident: &WatchIncident| {
            let same = |finding: &Finding| finding.code == incident.code && finding.stream == incident.stream;
            sweep.findings.iter().any(same)
        };
        let over: Vec<&WatchIncident> = sweep
            .incidents
            .iter()
            .filter(|incident| incident.closed_at.is_none() && sweep.looked_for.contains(&incident.code))
            .filter(|incident| !is_found(incident))
            .collect();
        let mut closed = BTreeSet::new();
        for incident in over {
            let report = self.caught_up(incident, now)?;
            if self.db.write(|tx| watch::close(tx, incident.id, now, &evidence_text(&report)))? {
                closed.insert(incident.id);
            }
        }
        let opened: BTreeSet<(IncidentCode, &str)> = self.db.write(|tx| {
            let mut opened = BTreeSet::new();
            for finding in &sweep.findings {
                if open(tx, finding, now)? {
                    opened.insert((finding.code, finding.stream.as_str()));
                }
            }
            watch::sign(tx, "watcher", "sweep", now, sweep.options.every_seconds)?;
            watch::forget_cohorts(tx, watch::slot_of(days_before(now, LOOK_BACK_DAYS)))?;
            self.close_left_channels(tx, now)?;
            Ok(opened)
        })?;
        let channels = self.db.read(open_channels)?.into_iter().map(IncidentLine::of).collect();
        let known = self.db.read(|tx| watch::incidents_since(tx, now))?;
        let lines = |wanted: &dyn Fn(&WatchIncident) -> bool| -> Vec<WatchIncidentLine> {
            known.iter().filter(|incident| wanted(incident)).map(WatchIncidentLine::of).collect()
        };
        Ok(WatchReport {
            opened: lines(&|incident| {
                incident.closed_at.is_none() && opened.contains(&(incident.code, incident.stream.as_str()))
            }),
            closed: lines(&|incident| closed.contains(&incident.id)),
            open: lines(&|incident| incident.closed_at.is_none()),
            channels,
            compared: None,
        })
    }

    /// Closes the incidents of channels whose provider is given nothing by them any more: no message will tell whether it
    /// works again.
    fn close_left_channels(&self, tx: &mut Tx<'_>, now: Timestamp) -> Result<(), StoreError> {
        let is_used = |incident: &Incident| {
            let own = self.exits.traits().iter().find(|provider| provider.name() == incident.provider);
            own.is_some_and(|own| self.takes(own, incident.channel))
        };
        for incident in open_channels(tx)?.iter().filter(|incident| !is_used(incident)) {
            policy::close_incident(tx, incident.id, now)?;
        }
        Ok(())
    }

    /// What happened to what an incident is about since it began: the report with which it is closed.
    fn caught_up(
        &self,
        incident: &WatchIncident,
        now: Timestamp,
    ) -> Result<Vec<(&'static str, String)>, EngineError> {
        let mut places = incident.stream.split('/');
        let channel = places.next().and_then(Channel::parse);
        let (provider, kind) = (places.next(), places.next());
        let cohorts = self.db.read(|tx| watch::cohorts(tx, watch::slot_of(incident.opened_at)))?;
        let mut since = watch::CohortCounts::default();
        for (key, counts) in &cohorts {
            let is_of_stream = channel.is_none_or(|channel| {
                key.channel == channel
                    && provider.is_none_or(|provider| key.provider == provider)
                    && kind.is_none_or(|kind| key.kind == kind)
            });
            let is_of_stream = is_of_stream && (kind.is_some() || !key.is_area());
            if is_of_stream {
                since.handed += counts.handed;
                since.delivered += counts.delivered;
                since.failed += counts.failed;
            }
        }
        let minutes = (now.micros() - incident.opened_at.micros()) / 60_000_000;
        Ok(vec![
            ("minutes", minutes.to_string()),
            ("missed", incident.affected_count.to_string()),
            ("handed_since", since.handed.to_string()),
            ("delivered_since", since.delivered.to_string()),
            ("failed_since", since.failed.to_string()),
        ])
    }

    /// Says that a worker lives, and how often it will say so.
    ///
    /// # Errors
    /// What the database says.
    pub fn sign_of_worker(&self, every_seconds: i64, now: Timestamp) -> Result<(), EngineError> {
        Ok(self.db.write(|tx| watch::sign(tx, "worker", &self.config.worker, now, every_seconds))?)
    }

    /// Says goodbye: nobody need look for this worker.
    ///
    /// # Errors
    /// What the database says.
    pub fn worker_leaves(&self) -> Result<(), EngineError> {
        Ok(self.db.write(|tx| watch::forget_sign(tx, "worker", &self.config.worker))?)
    }

    /// When a sweep last looked at everything; `None` where none ever did.
    ///
    /// # Errors
    /// What the database says.
    pub fn last_watched_at(&self) -> Result<Option<Timestamp>, EngineError> {
        let signs = self.db.read(watch::signs)?;
        Ok(signs.into_iter().find(|sign| sign.kind == "watcher").map(|sign| sign.at))
    }

    /// Incidents that the watch found: those that were open on a day, or, without a day, those that are open now.
    pub(crate) fn watch_incidents(
        &self,
        tx: &mut Tx<'_>,
        date: Option<Date>,
    ) -> Result<Vec<WatchIncidentLine>, EngineError> {
        let from =
            date.map_or(Timestamp::from_micros(i64::MAX), |date| Timestamp::at(date, 0, 0, &self.zone));
        let known = watch::incidents_since(tx, from)?;
        let is_of_day = |incident: &&WatchIncident| {
            date.is_none_or(|date| self.was_open(incident.opened_at, incident.closed_at, date))
        };
        Ok(known.iter().filter(is_of_day).map(WatchIncidentLine::of).collect())
    }
}

/// The text of `name=value` pairs as they were.
pub(crate) fn pairs(text: &str) -> BTreeMap<String, String> {
    text.split(';')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

//! What needs no statistics: days that were not run, messages that nobody takes, workers and watchers that went quiet.

use dunlin_domain::contact::Channel;
use dunlin_domain::date::Timestamp;
use dunlin_domain::incident::IncidentCode;
use dunlin_store::{outbox, watch};

use super::{Finding, Sweep};
use crate::worker::is_gone;
use crate::{Clock, EngineError};

/// How long a message may be due before somebody takes it.
const OUTBOX_GRACE_SECONDS: i64 = 300;
/// How long after a day's time it may still be in the making.
const DAY_GRACE_SECONDS: i64 = 900;
/// The shortest silence of a worker that counts.
const WORKER_SILENCE_SECONDS_MIN: i64 = 120;
/// After this long a worker whose work others do is not looked for any more.
const WORKER_FORGOTTEN_SECONDS: i64 = 600;
/// How far the clock may go back: machines differ by seconds.
const CLOCK_TOLERANCE_SECONDS: i64 = 60;
/// How long a word that somebody else told us keeps its incident open.
const TOLD_QUIET_SECONDS: i64 = 86_400;

fn seconds_between(from: Timestamp, to: Timestamp) -> i64 {
    (to.micros() - from.micros()) / 1_000_000
}

impl Sweep<'_> {
    /// Whether somebody watched until now, and whether the clock went on.
    pub(super) fn watchers(&mut self) {
        self.looked_for.extend([IncidentCode::ClockBack, IncidentCode::WatchGap]);
        let Some(last) = self.heard_of("watcher", "sweep") else { return };
        let gap = seconds_between(last, self.now);
        let (code, stream) = if gap < -CLOCK_TOLERANCE_SECONDS {
            (IncidentCode::ClockBack, "clock")
        } else if gap > (3 * self.options.every_seconds).max(300) {
            (IncidentCode::WatchGap, "watch")
        } else {
            return;
        };
        self.findings.push(Finding {
            code,
            stream: stream.to_owned(),
            first_affected: last.to_string(),
            affected_count: gap.unsigned_abs(),
            evidence: vec![("last", last.to_string()), ("now", self.now.to_string())],
        });
    }

    /// Whether each business day was run in time.
    pub(super) fn days(&mut self) -> Result<(), EngineError> {
        if self.engine.clock != Clock::Real {
            return Ok(());
        }
        self.looked_for.insert(IncidentCode::DayNotRun);
        let Some(last) = self.engine.last_closed_day()? else { return Ok(()) };
        let zone = &self.engine.zone;
        let today = self.now.date_in(zone);
        let (hour, minute) = self.options.day_by;
        let due_at = Timestamp::at(today, hour, minute, zone).plus_seconds(DAY_GRACE_SECONDS);
        let should_be = if self.now >= due_at { today } else { today.plus_days(-1) };
        let missing = should_be.days_since(last.0);
        if missing > 0 {
            self.findings.push(Finding {
                code: IncidentCode::DayNotRun,
                stream: "days".to_owned(),
                first_affected: last.0.plus_days(1).to_string(),
                affected_count: u64::try_from(missing).unwrap_or(0),
                evidence: vec![("last_day", last.to_string()), ("should_be", should_be.to_string())],
            });
        }
        Ok(())
    }

    /// Whether messages that are due are taken.
    pub(super) fn outbox(&mut self) -> Result<(), EngineError> {
        if self.engine.clock != Clock::Real {
            return Ok(());
        }
        self.looked_for.insert(IncidentCode::OutboxStuck);
        let before = self.now.plus_seconds(-OUTBOX_GRACE_SECONDS);
        if let Some((count, first, since)) = self.engine.db.read(|tx| watch::stuck(tx, before))? {
            self.findings.push(Finding {
                code: IncidentCode::OutboxStuck,
                stream: "outbox".to_owned(),
                first_affected: first.to_string(),
                affected_count: count,
                evidence: vec![("waiting", count.to_string()), ("since", since.to_string())],
            });
        }
        Ok(())
    }

    /// Puts right what the outbox says otherwise than the messages do, and tells of it. Reads every message, so it goes with the
    /// full comparison.
    pub(super) fn mended_outbox(&mut self) -> Result<(), EngineError> {
        self.looked_for.insert(IncidentCode::OutboxStuck);
        let db = &self.engine.db;
        let mut wrong = Vec::new();
        for part in crate::inspect::parts() {
            // Nearly always there is nothing, and nothing to write.
            if !db.read(|tx| outbox::stray(tx, part))?.is_empty() {
                wrong.extend(db.write(|tx| outbox::mend(tx, part))?);
            }
        }
        self.findings.extend(wrong.first().map(|first| Finding {
            code: IncidentCode::OutboxStuck,
            stream: "outbox/mended".to_owned(),
            first_affected: first.to_string(),
            affected_count: wrong.len() as u64,
            evidence: vec![("mended", wrong.len().to_string())],
        }));
        Ok(())
    }

    /// Whether somebody serves each channel for which messages wait.
    pub(super) fn channels(&mut self) -> Result<(), EngineError> {
        self.looked_for.insert(IncidentCode::ChannelUnserved);
        let engine = self.engine;
        let is_served =
            |channel: Channel| engine.exits.traits().iter().any(|provider| engine.takes(provider, channel));
        // Here a process without providers is told of too: what waits for it does not go out.
        for channel in Channel::ALL.iter().copied().filter(|channel| !is_served(*channel)) {
            let waiting = engine.db.read(|tx| watch::waiting_for(tx, channel))?;
            self.findings.extend(waiting.map(|(count, first, since)| Finding {
                code: IncidentCode::ChannelUnserved,
                stream: channel.to_string(),
                first_affected: first.to_string(),
                affected_count: count,
                evidence: vec![("waiting", count.to_string()), ("since", since.to_string())],
            }));
        }
        Ok(())
    }

    /// Whether each worker that did not say goodbye is still heard of.
    pub(super) fn workers(&mut self) -> Result<(), EngineError> {
        if self.engine.clock != Clock::Real {
            return Ok(());
        }
        self.looked_for.insert(IncidentCode::WorkerSilent);
        let own = self.engine.config.worker.as_str();
        let silence = |sign: &watch::Sign| {
            let most = (3 * sign.every_seconds).max(WORKER_SILENCE_SECONDS_MIN);
            let silent = seconds_between(sign.at, self.now);
            let has_ended = is_gone(&sign.name, own) && silent > sign.every_seconds;
            (silent > most || has_ended).then_some(silent)
        };
        let workers: Vec<&watch::Sign> = self.signs.iter().filter(|sign| sign.kind == "worker").collect();
        let others_live = workers.iter().any(|sign| silence(sign).is_none());
        let mut found = Vec::new();
        for worker in workers {
            let Some(silent) = silence(worker) else { continue };
            if others_live && silent > WORKER_FORGOTTEN_SECONDS {
                self.engine.db.write(|tx| watch::forget_sign(tx, "worker", &worker.name))?;
                continue;
            }
            found.push(Finding {
                code: IncidentCode::WorkerSilent,
                stream: worker.name.clone(),
                first_affected: worker.name.clone(),
                affected_count: 1,
                evidence: vec![
                    ("last", worker.at.to_string()),
                    ("every", worker.every_seconds.to_string()),
                    ("others", if others_live { "yes" } else { "no" }.to_owned()),
                ],
            });
        }
        self.findings.extend(found);
        Ok(())
    }

    /// Whether each canary came back in time: its sign is that of the last that did, and is asked for from the moment on
    /// at which the first was sent.
    pub(super) fn canaries(&mut self) {
        self.looked_for.insert(IncidentCode::CanaryMissing);
        let mut found = Vec::new();
        for sent in self.signs.iter().filter(|sign| sign.kind == "canary_sent") {
            let returned = self.heard_of("canary", &sent.name);
            let waits_since = self.heard_of("canary_open", &sent.name).unwrap_or(sent.at);
            let is_back = returned.is_some_and(|returned| returned >= waits_since);
            if is_back || seconds_between(waits_since, self.now) <= sent.every_seconds {
                continue;
            }
            found.push(Finding {
                code: IncidentCode::CanaryMissing,
                stream: sent.name.clone(),
                first_affected: waits_since.to_string(),
                affected_count: 1,
                evidence: vec![
                    ("sent", waits_since.to_string()),
                    ("last", returned.map_or_else(|| "never".to_owned(), |returned| returned.to_string())),
                ],
            });
        }
        self.findings.extend(found);
    }

    /// Keeps incidents of words that cannot be true, and of opt-outs of nobody, open for a day after the last of them.
    pub(super) fn told(&mut self) {
        for code in [IncidentCode::ImpossibleTransition, IncidentCode::OptOutUnmatched] {
            let lately = |incident: &watch::WatchIncident| {
                incident.code == code
                    && incident.closed_at.is_none()
                    && seconds_between(incident.last_seen_at, self.now) <= TOLD_QUIET_SECONDS
            };
            // Seen by whoever took the word in; here it is only kept from being closed.
            if !self.incidents.iter().any(lately) {
                self.looked_for.insert(code);
            }
        }
    }
}

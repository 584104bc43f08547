//! The shadow plan: which agreements are overdue on the last closed day by facts and policy alone, against the verdicts
//! and messages that the day left.
//!
//! Reads nothing that the day's run stored about positions, and not the plan that it made. What was learned after the
//! day was decided does not count against it.

use std::collections::{HashMap, HashSet};

use dunlin_domain::date::{BusinessDate, Timestamp};
use dunlin_domain::id::{AgreementId, MessageId, Part};
use dunlin_domain::incident::IncidentCode;
use dunlin_domain::money::Currency;
use dunlin_domain::position::known_at;
use dunlin_domain::reason::Reason;
use dunlin_store::record::{self, VerdictRow};
use dunlin_store::watch;
use dunlin_store::{agreement, message, run};

use super::{Finding, Sweep};
use crate::coverage::{overdue_days, verdict_on};
use crate::policies::Policies;
use crate::{Engine, EngineError};

/// What the plan of a part lacks.
#[derive(Default)]
struct Lacking {
    compared: u64,
    silent: Lack,
    without_message: Lack,
}

#[derive(Default)]
struct Lack {
    count: u64,
    first: Option<String>,
    denied_count: u64,
}

impl Lack {
    fn add(&mut self, agreement: &str, is_denied: bool) {
        self.count += 1;
        self.denied_count += u64::from(is_denied);
        // By the lender's id, so that it does not depend on the order of the parts.
        if self.first.as_deref().is_none_or(|first| agreement < first) {
            self.first = Some(agreement.to_owned());
        }
    }

    fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.denied_count += other.denied_count;
        if let Some(first) = other.first
            && self.first.as_ref().is_none_or(|own| first < *own)
        {
            self.first = Some(first);
        }
    }
}

impl Sweep<'_> {
    /// Compares the last closed day with the shadow plan, if it is its turn. Returns how many agreements were compared.
    pub(super) fn shadow_plan(&mut self) -> Result<Option<u64>, EngineError> {
        let Some(day) = self.engine.last_closed_day()? else { return Ok(None) };
        let name = day.to_string();
        let last = self.signs.iter().find(|sign| sign.kind == "shadow").map(|sign| (&sign.name, sign.at));
        let is_due = last.is_none_or(|(of_day, at)| {
            *of_day != name || self.now >= at.plus_seconds(self.options.shadow_every_seconds)
        });
        if !is_due {
            return Ok(None);
        }
        self.looked_for.extend([IncidentCode::UnexplainedSilence, IncidentCode::MessageMissing]);
        let lacking = self.engine.compare_with_shadow(day)?;
        let kinds = [
            (IncidentCode::UnexplainedSilence, &lacking.silent),
            (IncidentCode::MessageMissing, &lacking.without_message),
        ];
        for (code, lack) in kinds {
            let Some(first) = &lack.first else { continue };
            self.findings.push(Finding {
                code,
                stream: "plan".to_owned(),
                first_affected: first.clone(),
                affected_count: lack.count,
                evidence: vec![
                    ("day", day.to_string()),
                    ("agreements", lack.count.to_string()),
                    ("denied", lack.denied_count.to_string()),
                    ("compared", lacking.compared.to_string()),
                ],
            });
        }
        let stale: Vec<String> = self
            .signs
            .iter()
            .filter(|sign| sign.kind == "shadow" && sign.name != name)
            .map(|sign| sign.name.clone())
            .collect();
        self.engine.db.write(|tx| {
            stale.iter().try_for_each(|name| watch::forget_sign(tx, "shadow", name))?;
            watch::sign(tx, "shadow", &name, self.now, self.options.shadow_every_seconds)
        })?;
        Ok(Some(lacking.compared))
    }
}

impl Engine {
    fn compare_with_shadow(&self, day: BusinessDate) -> Result<Lacking, EngineError> {
        let policies = self.policies()?;
        let moments = self.db.read(|tx| run::decision_moments(tx, day.0, day.0))?;
        let Some(decided_at) = moments.get(&day.0).copied() else { return Ok(Lacking::default()) };
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let results = std::thread::scope(|scope| {
            let work = |thread: usize| -> Result<Lacking, EngineError> {
                let mut lacking = Lacking::default();
                for part in crate::inspect::parts().skip(thread).step_by(threads) {
                    self.compare_part(part, day, decided_at, &policies, &mut lacking)?;
                }
                Ok(lacking)
            };
            let workers: Vec<_> = (0..threads).map(|thread| scope.spawn(move || work(thread))).collect();
            workers
                .into_iter()
                .map(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
                .collect::<Vec<_>>()
        });
        let mut all = Lacking::default();
        for result in results {
            let lacking = result?;
            all.compared += lacking.compared;
            all.silent.merge(lacking.silent);
            all.without_message.merge(lacking.without_message);
        }
        Ok(all)
    }

    fn compare_part(
        &self,
        part: Part,
        day: BusinessDate,
        decided_at: Timestamp,
        policies: &Policies,
        lacking: &mut Lacking,
    ) -> Result<(), EngineError> {
        self.db.read_as(|tx| {
            let mut rows = Vec::new();
            agreement::each_of_part(tx, part, |row| {
                rows.push(row);
                Ok(())
            })?;
            if rows.is_empty() {
                return Ok(());
            }
            let mut facts = agreement::facts_of_part(tx, part, &rows)?;
            let mut verdicts: HashMap<AgreementId, Vec<VerdictRow>> = HashMap::new();
            record::each_verdict(tx, part, Currency::CNY, |verdict| {
                verdicts.entry(verdict.span.agreement).or_default().push(verdict);
                Ok(())
            })?;
            let messages: HashSet<MessageId> = message::states_of_part(tx, part)?.into_keys().collect();
            for row in &rows {
                let known = known_at(&facts.remove(&row.id).unwrap_or_default(), decided_at);
                let terms = policies.terms(&row.product, row.product_version, row.statement_day, day.0)?;
                lacking.compared += 1;
                if overdue_days(row, &terms, &known, day.0, day.0)?.is_empty() {
                    continue;
                }
                let given = verdicts.get(&row.id).and_then(|given| verdict_on(given, day.0));
                match given {
                    None => lacking.silent.add(&row.external_id, false),
                    Some(verdict) if verdict.span.reason == Reason::NothingOverdue => {
                        lacking.silent.add(&row.external_id, true);
                    }
                    Some(verdict) => {
                        let is_lost =
                            verdict.span.message.is_some_and(|message| !messages.contains(&message));
                        if is_lost {
                            lacking.without_message.add(&row.external_id, false);
                        }
                    }
                }
            }
            Ok(())
        })
    }
}

//! Pauses: planned stops of contact, and their early end.

use dunlin_domain::date::{BusinessDate, Timestamp};
use dunlin_domain::id::{PauseId, hash_parts};
use dunlin_domain::pause::{Pause, PauseKind, PauseScope};
use dunlin_store::{agreement, audit, message, policy, run};

use crate::{Engine, EngineError};

/// A pause to be added.
#[derive(Clone, Debug)]
pub struct NewPause {
    /// Why.
    pub kind: PauseKind,
    /// What it reaches; empty lists reach all.
    pub scope: PauseScope,
    /// First business date.
    pub from: BusinessDate,
    /// Last business date.
    pub through: BusinessDate,
    /// The reason in Chinese.
    pub reason_zh: String,
    /// The reason in English.
    pub reason_en: String,
}

impl Engine {
    /// Adds a pause. Adding the same one twice changes nothing.
    ///
    /// # Errors
    /// A range that ends before it begins, or begins on a day that was begun; an unknown product or bucket; no reason.
    pub fn add_pause(&self, new: &NewPause, now: Timestamp) -> Result<Pause, EngineError> {
        self.check_pause(new)?;
        let scope = format!("{:?}", new.scope);
        let days = [new.from.0.days().to_le_bytes(), new.through.0.days().to_le_bytes()].concat();
        let parts: [&[u8]; 4] =
            [new.kind.code().as_bytes(), scope.as_bytes(), &days, new.reason_zh.as_bytes()];
        let pause = Pause {
            id: PauseId(hash_parts("pau", &parts)),
            kind: new.kind,
            scope: new.scope.clone(),
            from: new.from,
            through: new.through,
            reason_zh: new.reason_zh.clone(),
            reason_en: new.reason_en.clone(),
            author: self.config.actor.clone(),
            ended_on: None,
        };
        self.db.write_as(|tx| -> Result<(), EngineError> {
            if policy::insert_pause(tx, &pause, now)? {
                let subject = pause.id.to_string();
                let after = format!("{} {} to {} {}", pause.kind, pause.from, pause.through, scope);
                let entry = audit::Entry {
                    at: now,
                    actor: &self.config.actor,
                    action: "pause.add",
                    subject: &subject,
                    before: None,
                    after: Some(&after),
                    cause: &pause.reason_en,
                };
                self.audit(tx, &entry)?;
            }
            Ok(())
        })?;
        Ok(pause)
    }

    fn check_pause(&self, new: &NewPause) -> Result<(), EngineError> {
        let refuse = |complaint: String| Err(EngineError::Refused { code: "pause", complaint });
        if new.from > new.through {
            return refuse(format!("pause ends on {} before it begins on {}", new.through, new.from));
        }
        if let Some((_, last)) = self.day_range()?
            && new.from <= last
        {
            let first = last.0.plus_days(1);
            return refuse(format!(
                "pause begins on {} but days through {last} were begun without it; begin it on {first}",
                new.from
            ));
        }
        if new.reason_zh.trim().is_empty() || new.reason_en.trim().is_empty() {
            return refuse("pause needs a reason in Chinese and in English".to_owned());
        }
        let policies = self.policies()?;
        for product in &new.scope.products {
            if !policies.products().any(|document| document.header.name == *product) {
                return refuse(format!("product {product:?} is unknown"));
            }
        }
        for bucket in &new.scope.buckets {
            let is_known = |document: &crate::policy::ProductDocument| {
                document.terms.buckets.iter().any(|known| known.name == *bucket)
            };
            if !policies.products().any(is_known) {
                return refuse(format!("bucket {bucket:?} is of no product"));
            }
        }
        Ok(())
    }

    /// Ends a pause early: contact goes on from the next open business date, and what it held is looked at then.
    /// Returns how many agreements have a held notice.
    ///
    /// # Errors
    /// [`EngineError::NotFound`] when no such pause runs.
    pub fn end_pause(&self, pause: PauseId, now: Timestamp) -> Result<usize, EngineError> {
        self.db.write_as(|tx| {
            let on = run::open_date(tx)?;
            let pauses = policy::pauses(tx)?;
            let known = pauses.iter().find(|other| other.id == pause && other.ended_on.is_none());
            let Some(known) = known else {
                return Err(EngineError::NotFound { what: "running pause", name: pause.to_string() });
            };
            let on = BusinessDate(on.unwrap_or(known.from.0));
            policy::end_pause(tx, pause, on, &self.config.actor)?;
            let held = message::held_by(tx, pause)?;
            agreement::wake(tx, &held, on.0, false, true)?;
            let (subject, before, after) =
                (pause.to_string(), format!("through {}", known.through), format!("ended on {on}"));
            let entry = audit::Entry {
                at: now,
                actor: &self.config.actor,
                action: "pause.end",
                subject: &subject,
                before: Some(&before),
                after: Some(&after),
                cause: "command",
            };
            self.audit(tx, &entry)?;
            Ok(held.len())
        })
    }

    /// All pauses.
    ///
    /// # Errors
    /// What the database says.
    pub fn pauses(&self) -> Result<Vec<Pause>, EngineError> {
        Ok(self.db.read(policy::pauses)?)
    }
}

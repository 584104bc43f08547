//! Pauses: planned stops of contact. One person asks, another agrees; both can see before whom it would silence.
//!
//! What a pause holds is made good when it ends: one fresh notice an agreement, by the position of that day, nothing for
//! what was paid meanwhile, and where it is wished so many an hour and no more.

mod preview;

use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
use std::collections::HashMap;

use dunlin_domain::date::{BusinessDate, Timestamp};
use dunlin_domain::day::Turn;
use dunlin_domain::id::{MessageId, PauseId, hash_parts};
use dunlin_domain::pause::{Pause, PauseKind, PauseScope, PauseState};
use dunlin_domain::reason::Reason;
use dunlin_store::{agreement, audit, message, policy, run};

use crate::payment::Caller;
use crate::second_person::is_same_person;
use crate::{Engine, EngineError};

pub use self::preview::PausePreview;

/// Hours of the lender's day in which a catch-up that is spread goes on: from nine on.
const CATCH_UP_FROM_HOUR: i8 = 9;
/// How many of them a day.
const CATCH_UP_HOUR_COUNT: usize = 12;
/// Days after its end for which a pause's catch-up is still spread.
const CATCH_UP_DAYS_MAX: i32 = 31;

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
    /// The most notices an hour that go out when it ends; all at once when missing.
    pub per_hour: Option<u32>,
    /// What the customer is told in both languages, Chinese first; the usual sentence when missing.
    pub customer: Option<(String, String)>,
}

impl Engine {
    /// Asks for a pause: it is in force when another person has approved it. Asking for the same one twice changes
    /// nothing.
    ///
    /// # Errors
    /// A range that ends before it begins, or begins on a day that was begun; an unknown product or bucket; no reason;
    /// `pause_covered` when another pause stops all of it already.
    pub fn add_pause(&self, new: &NewPause, now: Timestamp) -> Result<Pause, EngineError> {
        self.add_pause_as(new, Caller { actor: &self.config.actor, now })
    }

    /// The same for whoever asks.
    ///
    /// # Errors
    /// As [`Engine::add_pause`].
    pub fn add_pause_as(&self, new: &NewPause, caller: Caller<'_>) -> Result<Pause, EngineError> {
        self.check_pause(new)?;
        let pause = Pause { author: caller.actor.to_owned(), ..self.pause_of(new) };
        let now = caller.now;
        let scope = format!("{:?}", new.scope);
        let known = self.pauses()?;
        if let Some(same) = known.iter().find(|other| other.id == pause.id) {
            return Ok(same.clone());
        }
        if let Some(other) = known.iter().find(|other| other.covers_all_of(&pause)) {
            let complaint = wording!(
                "暂停 {}（{} 至 {}）已经停下了全部这些触达，再申请一次不会有任何变化",
                "pause {} from {} to {} stops all of it already, so it would change nothing",
                other.id,
                other.from,
                other.through
            );
            return Err(EngineError::Refused { code: "pause_covered", complaint });
        }
        self.db.write_as(|tx| -> Result<(), EngineError> {
            if policy::insert_pause(tx, &pause, now)? {
                let subject = pause.id.to_string();
                let after = format!("{} {} to {} {}", pause.kind, pause.from, pause.through, scope);
                let entry = audit::Entry {
                    at: now,
                    actor: caller.actor,
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

    /// The pause that is asked for, before anybody agreed.
    fn pause_of(&self, new: &NewPause) -> Pause {
        let scope = format!("{:?}", new.scope);
        let days = [new.from.0.days().to_le_bytes(), new.through.0.days().to_le_bytes()].concat();
        let parts: [&[u8]; 4] =
            [new.kind.code().as_bytes(), scope.as_bytes(), &days, new.reason_zh.as_bytes()];
        let (customer_zh, customer_en) = new.customer.clone().unwrap_or_default();
        Pause {
            id: PauseId(hash_parts("pau", &parts)),
            kind: new.kind,
            scope: new.scope.clone(),
            from: new.from,
            through: new.through,
            reason_zh: new.reason_zh.clone(),
            reason_en: new.reason_en.clone(),
            author: self.config.actor.clone(),
            state: PauseState::Pending,
            decided_by: None,
            per_hour: new.per_hour,
            customer_zh,
            customer_en,
            ended_on: None,
        }
    }

    /// Approves a pause that somebody else asked for; it is in force from then on.
    ///
    /// # Errors
    /// [`EngineError::NotFound`]; `same_person`; `not_pending`; `pause` when its first day was begun meanwhile.
    pub fn approve_pause(
        &self,
        pause: PauseId,
        note: &str,
        caller: Caller<'_>,
    ) -> Result<Pause, EngineError> {
        self.decide_pause(pause, PauseState::Approved, note, caller)
    }

    /// Refuses a pause that was asked for; the one who asked may withdraw it.
    ///
    /// # Errors
    /// [`EngineError::NotFound`]; `not_pending`.
    pub fn reject_pause(&self, pause: PauseId, note: &str, caller: Caller<'_>) -> Result<Pause, EngineError> {
        self.decide_pause(pause, PauseState::Rejected, note, caller)
    }

    fn decide_pause(
        &self,
        pause: PauseId,
        state: PauseState,
        note: &str,
        caller: Caller<'_>,
    ) -> Result<Pause, EngineError> {
        let refuse = |code: &'static str, complaint: Wording| Err(EngineError::Refused { code, complaint });
        self.db.write_as(|tx| {
            let missing = || EngineError::NotFound { what: "pause", name: pause.to_string() };
            let known = policy::pauses(tx)?.into_iter().find(|other| other.id == pause).ok_or_else(missing)?;
            if state == PauseState::Approved {
                if is_same_person(&known.author, caller.actor) {
                    let who = &known.author;
                    return refuse(
                        "same_person",
                        wording!(
                            "{pause} 由 {who} 提出；须由另一人审批",
                            "{pause} was asked for by {who}; another person must approve it"
                        ),
                    );
                }
                let last = run::day_range(tx)?.map(|(_, last)| last);
                if let Some(last) = last.filter(|last| known.from <= *last) {
                    let complaint = wording!(
                        "{pause} 的起始日为 {}，但截至 {last} 的会计日已在没有该暂停的情况下开始；请改从 {} 起重新申请",
                        "{pause} begins on {} but days through {last} were begun without it; ask for it again from {}",
                        known.from, last.0.plus_days(1)
                    );
                    return refuse("pause", complaint);
                }
            }
            if !policy::decide_pause(tx, pause, state, caller.actor, caller.now, note)? {
                return refuse("not_pending", wording!(
                    "{pause} 已处理（{}）",
                    "{pause} is {} already",
                    known.state
                ));
            }
            let (subject, before, after) = (pause.to_string(), known.state.code(), state.code());
            let action = if state == PauseState::Approved { "pause.approve" } else { "pause.reject" };
            let entry = audit::Entry {
                at: caller.now,
                actor: caller.actor,
                action,
                subject: &subject,
                before: Some(before),
                after: Some(after),
                cause: note,
            };
            self.audit(tx, &entry)?;
            policy::pauses(tx)?.into_iter().find(|other| other.id == pause).ok_or_else(missing)
        })
    }

    /// The turn of each notice that a pause held and that waited when the day began, where the pause spreads them over hours and
    /// something was still overdue the day before: so many an hour, in the order of their ids, from now on while the lender's
    /// day lasts and then from nine on the next days. One whose turn comes on a later day is given one anew on that day, among
    /// those that are left. Its place does not change when the day is run again.
    pub(crate) fn catch_up(
        &self,
        pauses: &[Pause],
        date: BusinessDate,
        moment: Timestamp,
    ) -> Result<HashMap<MessageId, Turn>, EngineError> {
        let mut turns = HashMap::new();
        let first = date.0.plus_days(-CATCH_UP_DAYS_MAX);
        let ended = pauses.iter().filter(|pause| {
            let resumes_on = pause.resumes_on().0;
            pause.state == PauseState::Approved && first <= resumes_on && resumes_on <= date.0
        });
        for pause in ended {
            let Some(per_hour) = pause.per_hour else { continue };
            let (pause, reason) = (pause.id, Reason::of_pause(pause.kind));
            let before = date.0.plus_days(-1);
            let waiting = self.db.read(|tx| message::ids_waiting_for(tx, pause, moment, before))?;
            for (index, id) in waiting.into_iter().enumerate() {
                let hour = index / (per_hour.max(1) as usize);
                let (days, at) = self.catch_up_hour(moment, hour);
                turns.insert(id, Turn { pause, reason, on: date.0.plus_days(days), at });
            }
        }
        Ok(turns)
    }

    /// The beginning of hour `number` of a catch-up that begins at `moment`, and in how many days that is.
    fn catch_up_hour(&self, moment: Timestamp, number: usize) -> (i32, Timestamp) {
        let begins_on = moment.date_in(&self.zone);
        let from = |day: dunlin_domain::date::Date| Timestamp::at(day, CATCH_UP_FROM_HOUR, 0, &self.zone);
        let start = moment.max(from(begins_on));
        let gone = usize::try_from((start.micros() - from(begins_on).micros()) / 3_600_000_000).unwrap_or(0);
        let today = CATCH_UP_HOUR_COUNT.saturating_sub(gone).max(1);
        let seconds = |hours: usize| i64::try_from(hours * 3_600).unwrap_or(i64::MAX);
        match number.checked_sub(today) {
            None => (0, start.plus_seconds(seconds(number))),
            Some(later) => {
                let days = i32::try_from(later / CATCH_UP_HOUR_COUNT).unwrap_or(i32::MAX - 1) + 1;
                (days, from(begins_on.plus_days(days)).plus_seconds(seconds(later % CATCH_UP_HOUR_COUNT)))
            }
        }
    }

    fn check_pause(&self, new: &NewPause) -> Result<(), EngineError> {
        let refuse = |complaint: Wording| Err(EngineError::Refused { code: "pause", complaint });
        if new.from > new.through {
            return refuse(wording!(
                "暂停的截止日 {} 早于起始日 {}",
                "pause ends on {} before it begins on {}",
                new.through,
                new.from
            ));
        }
        if let Some((_, last)) = self.day_range()?
            && new.from <= last
        {
            let first = last.0.plus_days(1);
            return refuse(wording!(
                "暂停的起始日为 {}，但截至 {last} 的会计日已在没有该暂停的情况下开始；请从 {first} 起",
                "pause begins on {} but days through {last} were begun without it; begin it on {first}",
                new.from
            ));
        }
        if new.per_hour == Some(0) {
            return refuse(wording!(
                "暂停结束后的补发速度至少为每小时一条",
                "a pause is made good by at least one notice an hour"
            ));
        }
        let is_half = |(zh, en): &(String, String)| zh.trim().is_empty() || en.trim().is_empty();
        if new.customer.as_ref().is_some_and(is_half) {
            return refuse(wording!(
                "对客户的说明须有中文和英文",
                "what customers are told is needed in Chinese and in English"
            ));
        }
        if new.reason_zh.trim().is_empty() || new.reason_en.trim().is_empty() {
            return refuse(wording!(
                "暂停须写明中文和英文理由",
                "pause needs a reason in Chinese and in English"
            ));
        }
        let policies = self.policies()?;
        for product in &new.scope.products {
            if !policies.products().any(|document| document.header.name == *product) {
                return refuse(wording!("没有产品“{product}”", "product {product:?} is unknown"));
            }
        }
        for bucket in &new.scope.buckets {
            let is_known = |document: &crate::policy::ProductDocument| {
                document.terms.buckets.iter().any(|known| known.name == *bucket)
            };
            if !policies.products().any(is_known) {
                return refuse(wording!(
                    "没有任何产品设有逾期阶段“{bucket}”",
                    "bucket {bucket:?} is of no product"
                ));
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
        self.end_pause_as(pause, Caller { actor: &self.config.actor, now })
    }

    /// The same for whoever ends it.
    ///
    /// # Errors
    /// As [`Engine::end_pause`].
    pub fn end_pause_as(&self, pause: PauseId, caller: Caller<'_>) -> Result<usize, EngineError> {
        self.db.write_as(|tx| {
            let on = run::open_date(tx)?;
            let pauses = policy::pauses(tx)?;
            let known = pauses.iter().find(|other| {
                let is_over = on.is_some_and(|on| other.through.0 < on);
                other.id == pause
                    && other.ended_on.is_none()
                    && other.state == PauseState::Approved
                    && !is_over
            });
            let Some(known) = known else {
                return Err(EngineError::NotFound { what: "running pause", name: pause.to_string() });
            };
            let on = BusinessDate(on.unwrap_or(known.from.0));
            policy::end_pause(tx, pause, on, caller.actor)?;
            let held = message::held_by(tx, pause)?;
            agreement::wake(tx, &held, on.0, false, true)?;
            let (subject, before, after) =
                (pause.to_string(), format!("through {}", known.through), format!("ended on {on}"));
            let entry = audit::Entry {
                at: caller.now,
                actor: caller.actor,
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

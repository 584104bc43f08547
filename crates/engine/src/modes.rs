//! Gentler modes: one person asks for one, another agrees, and either ends it.

use dunlin_domain::date::BusinessDate;
use dunlin_domain::gentle_mode::{GentleMode, MODE_REASONS, ModeEffect};
use dunlin_domain::id::{GentleModeId, hash_parts};
use dunlin_domain::pause::PauseState;
use dunlin_domain::reason::Reason;
use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
use dunlin_store::{agreement, audit, gentle_mode, run};

use crate::payment::Caller;
use crate::second_person::is_same_person;
use crate::{Engine, EngineError};

/// A mode to be asked for.
#[derive(Clone, Debug)]
pub struct NewMode {
    /// Why; one of [`MODE_REASONS`].
    pub reason: Reason,
    /// What it does.
    pub effect: ModeEffect,
    /// Products; all when empty.
    pub products: Vec<String>,
    /// Buckets; all when empty.
    pub buckets: Vec<String>,
    /// Segments; all when empty.
    pub segments: Vec<String>,
    /// First business date.
    pub from: BusinessDate,
    /// Last business date; until it is ended when missing.
    pub through: Option<BusinessDate>,
    /// Why, in words.
    pub note: String,
}

fn refuse<T>(code: &'static str, complaint: Wording) -> Result<T, EngineError> {
    Err(EngineError::Refused { code, complaint })
}

impl Engine {
    /// Asks for a gentler mode; it is in force when another person has approved it. Asking for the same one twice changes
    /// nothing.
    ///
    /// # Errors
    /// `gentle_mode` when it ends before it begins, begins on a day that was begun, gives no reason in words, or names a
    /// product, bucket or segment that nobody knows.
    pub fn add_mode(&self, new: &NewMode, caller: Caller<'_>) -> Result<GentleMode, EngineError> {
        self.check_mode(new)?;
        let scope = format!("{:?}", (&new.products, &new.buckets, &new.segments));
        let through = new.through.map_or(i32::MAX, |through| through.0.days());
        let parts: [&[u8]; 5] = [
            new.reason.code().as_bytes(),
            new.effect.code().as_bytes(),
            scope.as_bytes(),
            &new.from.0.days().to_le_bytes(),
            &through.to_le_bytes(),
        ];
        let mode = GentleMode {
            id: GentleModeId(hash_parts("mod", &parts)),
            reason: new.reason,
            effect: new.effect,
            products: new.products.clone(),
            buckets: new.buckets.clone(),
            segments: new.segments.clone(),
            from: new.from,
            through: new.through,
            note: new.note.clone(),
            author: caller.actor.to_owned(),
            state: PauseState::Pending,
            decided_by: None,
            ended_on: None,
        };
        self.db.write_as(|tx| {
            if gentle_mode::insert(tx, &mode, caller.now)? {
                let after = format!("{} {} from {} {scope}", mode.reason, mode.effect, mode.from);
                self.audit_mode(tx, "mode.add", mode.id, None, &after, &new.note, caller)?;
            }
            find(tx, mode.id)
        })
    }

    fn check_mode(&self, new: &NewMode) -> Result<(), EngineError> {
        let code = "gentle_mode";
        if !MODE_REASONS.contains(&new.reason) {
            let known = MODE_REASONS.map(Reason::code).join(", ");
            return refuse(
                code,
                wording!(
                    "{} 不是柔性安排可用的原因；可用 {known}",
                    "{} is no reason for a gentler mode; use one of {known}",
                    new.reason
                ),
            );
        }
        if let Some(through) = new.through.filter(|through| *through < new.from) {
            return refuse(
                code,
                wording!(
                    "柔性安排的截止日 {through} 早于起始日 {}",
                    "the mode ends on {through} before it begins on {}",
                    new.from
                ),
            );
        }
        if new.note.trim().is_empty() {
            return refuse(code, wording!("柔性安排须写明理由", "a gentler mode needs its reason in words"));
        }
        if let Some((_, last)) = self.day_range()?
            && new.from <= last
        {
            let (from, first) = (new.from, last.0.plus_days(1));
            let complaint = wording!(
                "柔性安排的起始日为 {from}，但截至 {last} 的会计日已按没有该安排开始；请从 {first} 起",
                "the mode begins on {from} but days through {last} were begun without it; begin it on {first}"
            );
            return refuse(code, complaint);
        }
        let policies = self.policies()?;
        for product in &new.products {
            if !policies.products().any(|document| document.header.name == *product) {
                return refuse(code, wording!("没有产品“{product}”", "product {product:?} is unknown"));
            }
        }
        for bucket in &new.buckets {
            let has =
                |terms: &dunlin_domain::terms::Terms| terms.buckets.iter().any(|known| known.name == *bucket);
            if !policies.products().any(|document| has(&document.terms)) {
                return refuse(
                    code,
                    wording!("没有任何产品设有逾期阶段“{bucket}”", "bucket {bucket:?} is of no product"),
                );
            }
        }
        for segment in &new.segments {
            if !policies.strategies().any(|document| document.table.segments.contains(segment)) {
                return refuse(
                    code,
                    wording!("没有任何策略设有客群“{segment}”", "segment {segment:?} is of no strategy"),
                );
            }
        }
        Ok(())
    }

    /// Approves a mode that somebody else asked for, or refuses one; whoever asked may withdraw it.
    ///
    /// # Errors
    /// [`EngineError::NotFound`]; `same_person`; `not_pending`.
    pub fn decide_mode(
        &self,
        mode: GentleModeId,
        state: PauseState,
        note: &str,
        caller: Caller<'_>,
    ) -> Result<GentleMode, EngineError> {
        self.db.write_as(|tx| {
            let known = find(tx, mode)?;
            if state == PauseState::Approved && is_same_person(&known.author, caller.actor) {
                let who = &known.author;
                return refuse(
                    "same_person",
                    wording!(
                        "{mode} 由 {who} 提出；须由另一人审批",
                        "{mode} was asked for by {who}; another person must approve it"
                    ),
                );
            }
            if !gentle_mode::decide(tx, mode, state, caller.actor, caller.now, note)? {
                return refuse(
                    "not_pending",
                    wording!("{mode} 已处理（{}）", "{mode} is {} already", known.state),
                );
            }
            let action = if state == PauseState::Approved { "mode.approve" } else { "mode.reject" };
            self.audit_mode(tx, action, mode, Some(known.state.code()), state.code(), note, caller)?;
            find(tx, mode)
        })
    }

    /// Ends a mode: from the next open business date on the strategy says what is done.
    ///
    /// # Errors
    /// [`EngineError::NotFound`] when no such mode is in force.
    pub fn end_mode(&self, mode: GentleModeId, caller: Caller<'_>) -> Result<GentleMode, EngineError> {
        self.db.write_as(|tx| {
            let known = find(tx, mode)?;
            let on = run::open_date(tx)?.map_or(known.from, BusinessDate);
            if !gentle_mode::end(tx, mode, on, caller.actor)? {
                return Err(EngineError::NotFound { what: "gentler mode in force", name: mode.to_string() });
            }
            agreement::wake_overdue(tx, on.0)?;
            self.audit_mode(tx, "mode.end", mode, None, &format!("ended on {on}"), "command", caller)?;
            find(tx, mode)
        })
    }

    /// All gentler modes.
    ///
    /// # Errors
    /// What the database says.
    pub fn modes(&self) -> Result<Vec<GentleMode>, EngineError> {
        Ok(self.db.read(gentle_mode::all)?)
    }

    fn audit_mode(
        &self,
        tx: &mut dunlin_store::Tx<'_>,
        action: &str,
        mode: GentleModeId,
        before: Option<&str>,
        after: &str,
        cause: &str,
        caller: Caller<'_>,
    ) -> Result<(), EngineError> {
        let subject = mode.to_string();
        let entry = audit::Entry {
            at: caller.now,
            actor: caller.actor,
            action,
            subject: &subject,
            before,
            after: Some(after),
            cause,
        };
        Ok(self.audit(tx, &entry)?)
    }
}

fn find(tx: &mut dunlin_store::Tx<'_>, mode: GentleModeId) -> Result<GentleMode, EngineError> {
    let found = gentle_mode::all(tx)?.into_iter().find(|other| other.id == mode);
    found.ok_or_else(|| EngineError::NotFound { what: "gentler mode", name: mode.to_string() })
}

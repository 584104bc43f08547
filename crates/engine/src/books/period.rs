//! Periods: closing the books through a date, after which nothing is posted on or before it, and reopening them. Both
//! take two people: one asks, another approves.

use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
use dunlin_store::period::{self, PeriodAction, PeriodEvent};
use dunlin_store::{StoreError, Tx, audit, run};

use super::{ChartOn, balance_of};
use crate::second_person::is_same_person;
use crate::{Engine, EngineError};

/// Which periods are closed, and how that came about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Periods {
    /// The last closed date.
    pub closed_through: Option<Date>,
    /// What waits for another person's approval.
    pub pending: Option<PeriodEvent>,
    /// Every step, oldest first.
    pub events: Vec<PeriodEvent>,
}

impl Engine {
    /// Which periods are closed, and what waits for approval.
    ///
    /// # Errors
    /// What the database says.
    pub fn periods(&self) -> Result<Periods, EngineError> {
        self.db.read_as(periods)
    }

    /// Asks for the books to be closed through a date. Nothing changes until another person approves.
    ///
    /// # Errors
    /// As [`Engine::approve_close`].
    pub fn propose_close(&self, through: Date, now: Timestamp) -> Result<Periods, EngineError> {
        self.db.write_as(|tx| {
            let known = periods(tx)?;
            self.check_close(tx, &known, through)?;
            self.take_step(tx, known, PeriodAction::CloseProposed, through, String::new(), now)
        })
    }

    /// Closes the books through the date that another person asked for: from then on nothing is posted on or before it.
    ///
    /// # Errors
    /// A refusal when nobody asked, or the same person did; when the date is not after the last closed one; when a day
    /// is missing; when the sides of the trial balance differ or an amount stands on no account of the chart. What the
    /// database says.
    pub fn approve_close(&self, through: Date, now: Timestamp) -> Result<Periods, EngineError> {
        self.db.write_as(|tx| {
            // First, so that no posting that is under way escapes the trial balance.
            period::hold_gates(tx)?;
            let known = periods(tx)?;
            self.check_approval(&known, PeriodAction::CloseProposed, through)?;
            self.check_close(tx, &known, through)?;
            period::set_closed_through(tx, Some(through))?;
            self.take_step(tx, known, PeriodAction::Closed, through, String::new(), now)
        })
    }

    /// Asks for the books to be opened again from a date on. Nothing changes until another person approves.
    ///
    /// # Errors
    /// As [`Engine::approve_reopening`]; and when there is no reason.
    pub fn propose_reopening(
        &self,
        from: Date,
        reason: &str,
        now: Timestamp,
    ) -> Result<Periods, EngineError> {
        if reason.trim().is_empty() {
            let complaint = wording!(
                "已结账的期间须有理由才能重新打开；请用 --reason 写明",
                "closed books are opened for a reason only; give it with --reason"
            );
            return Err(EngineError::Refused { code: "no_reason", complaint });
        }
        self.db.write_as(|tx| {
            let known = periods(tx)?;
            check_reopening(&known, from)?;
            self.take_step(tx, known, PeriodAction::ReopenProposed, from, reason.trim().to_owned(), now)
        })
    }

    /// Opens the books again from the date that another person asked for.
    ///
    /// # Errors
    /// A refusal when nobody asked, or the same person did; when the date is not closed. What the database says.
    pub fn approve_reopening(&self, from: Date, now: Timestamp) -> Result<Periods, EngineError> {
        self.db.write_as(|tx| {
            period::hold_gates(tx)?;
            let known = periods(tx)?;
            self.check_approval(&known, PeriodAction::ReopenProposed, from)?;
            check_reopening(&known, from)?;
            let before = from.plus_days(-1);
            let first_day = run::day_range(tx)?.map(|(first, _)| first.0);
            let closed_through = first_day.filter(|first| *first <= before).map(|_| before);
            period::set_closed_through(tx, closed_through)?;
            let reason = known.pending.as_ref().map_or_else(String::new, |pending| pending.reason.clone());
            self.take_step(tx, known, PeriodAction::Reopened, from, reason, now)
        })
    }

    /// The date can be closed: its days are there, and the books are in order.
    fn check_close(&self, tx: &mut Tx<'_>, known: &Periods, through: Date) -> Result<(), EngineError> {
        let refuse = |code, complaint| Err(EngineError::Refused { code, complaint });
        if let Some(closed) = known.closed_through.filter(|closed| through <= *closed) {
            return refuse(
                "already_closed",
                wording!(
                    "账目已结至 {closed}；请指定晚于 {through} 的日期",
                    "the books are closed through {closed} already; close them through a later date than {through}"
                ),
            );
        }
        let Some((first, _)) = run::day_range(tx)? else { return Err(EngineError::NoDayYet) };
        let last_closed = run::last_closed_day(tx, self.span_width)?.ok_or(EngineError::NoDayYet)?;
        if through < first.0 {
            return refuse(
                "before_first_day",
                wording!(
                    "账目从 {first} 开始；到 {through} 为止没有可结账的内容",
                    "the books begin with {first}; there is nothing to close through {through}"
                ),
            );
        }
        if through > last_closed.0 {
            let complaint = wording!(
                "{last_closed} 之后的会计日尚未跑批；请先执行 `dunlin day --through {through}`，或只结账至 {last_closed}",
                "the days after {last_closed} are not run; run them with `dunlin day --through {through}`, or close \
                 through {last_closed}"
            );
            return refuse("day_missing", complaint);
        }
        // Left by a process that ended just when its day was closed.
        super::rounding::post(tx, self.span_width, last_closed)?;
        let chart = ChartOn::load(tx, through)?;
        let balance = balance_of(tx, &chart, through)?;
        if !balance.is_balanced() {
            let complaint = wording!(
                "{through} 的试算平衡表借贷不平；请用 `dunlin verify` 查明原因",
                "the sides of the trial balance of {through} differ; find out why with `dunlin verify`"
            );
            return refuse("trial_balance_off", complaint);
        }
        if let Some(line) =
            balance.lines.iter().find(|line| line.account.is_none() && line.balance_minor != 0)
        {
            let complaint = wording!(
                "{}（{}）在科目表中没有对应科目；请用 `dunlin policy import FILE` 导入包含该对应关系的科目表",
                "{} of {} stands on no account of the chart; import one that maps it with `dunlin policy import FILE`",
                line.role,
                line.product
            );
            return refuse("role_without_account", complaint);
        }
        Ok(())
    }

    /// Another person asked for just this.
    fn check_approval(&self, known: &Periods, action: PeriodAction, date: Date) -> Result<(), EngineError> {
        let ((zh, en), command) = match action {
            PeriodAction::CloseProposed | PeriodAction::Closed => {
                (("结账", "close"), format!("ledger close --through {date}"))
            }
            PeriodAction::ReopenProposed | PeriodAction::Reopened => {
                (("重新打开账目", "reopening"), format!("ledger reopen --from {date}"))
            }
        };
        let pending =
            known.pending.as_ref().filter(|pending| pending.action == action && pending.date == date);
        let Some(pending) = pending else {
            let complaint = Wording {
                zh: format!("没有待审批的 {date} {zh}申请；请用 `dunlin {command}` 提出"),
                en: format!("no {en} of {date} waits for approval; ask for it with `dunlin {command}`"),
            };
            return Err(EngineError::Refused { code: "no_proposal", complaint });
        };
        if is_same_person(&pending.actor, &self.config.actor) {
            let asked = &pending.actor;
            let complaint = Wording {
                zh: format!("{date} {zh}申请由 {asked} 提出，不能自行审批；请由另一人审批（--actor）"),
                en: format!(
                    "{asked} asked for the {en} of {date} and cannot approve it too; have another person do it (--actor)"
                ),
            };
            return Err(EngineError::Refused { code: "same_person", complaint });
        }
        Ok(())
    }

    fn take_step(
        &self,
        tx: &mut Tx<'_>,
        known: Periods,
        action: PeriodAction,
        date: Date,
        reason: String,
        now: Timestamp,
    ) -> Result<Periods, EngineError> {
        let event = PeriodEvent { action, date, actor: self.config.actor.clone(), at: now, reason };
        period::add_event(tx, known.events.len(), &event)?;
        let after = period::closed_through(tx)?;
        let words = |date: Option<Date>| {
            date.map_or_else(|| "open".to_owned(), |date| format!("closed through {date}"))
        };
        let entry = audit::Entry {
            at: now,
            actor: &self.config.actor,
            action: &format!("period.{}", action.code()),
            subject: &format!("books of {date}"),
            before: Some(&words(known.closed_through)),
            after: Some(&words(after)),
            cause: &event.reason,
        };
        self.audit(tx, &entry)?;
        periods(tx)
    }
}

fn check_reopening(known: &Periods, from: Date) -> Result<(), EngineError> {
    if known.closed_through.is_some_and(|closed| from <= closed) {
        return Ok(());
    }
    let state = known.closed_through.map_or_else(
        || wording!("尚未结账", "nothing is closed"),
        |closed| wording!("账目只结至 {closed}", "the books are closed through {closed} only"),
    );
    let complaint = Wording {
        zh: format!("{from} 本来就未结账：{}", state.zh),
        en: format!("{from} is open: {}", state.en),
    };
    Err(EngineError::Refused { code: "not_closed", complaint })
}

fn periods(tx: &mut Tx<'_>) -> Result<Periods, EngineError> {
    let events = period::events(tx)?;
    let pending = events
        .last()
        .filter(|event| matches!(event.action, PeriodAction::CloseProposed | PeriodAction::ReopenProposed));
    Ok(Periods { closed_through: period::closed_through(tx)?, pending: pending.cloned(), events })
}

/// A day inside a closed period cannot be run.
pub(crate) fn refuse_closed(tx: &mut Tx<'_>, date: Date) -> Result<(), StoreError> {
    match period::closed_through(tx)? {
        Some(closed_through) if date <= closed_through => {
            Err(StoreError::PeriodClosed { date, closed_through })
        }
        Some(_) | None => Ok(()),
    }
}

//! Credit lines: where they stand, what may still be drawn, and the commands that move them.
//!
//! Every decision about a line holds its lock, so that draws on one line come one after the other on either
//! database. The arithmetic and the state machine are [`dunlin_domain::line`].

mod day;

use dunlin_domain::arrears::Arrears;
use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::fact::FactError;
use dunlin_domain::line::available::{Available, available};
use dunlin_domain::line::draw::DeclineReason;
use dunlin_domain::line::hold::{CheckoutRefusal, HoldState};
use dunlin_domain::line::rule::{LineRules, Opening};
use dunlin_domain::line::state::{Life, Line, LineCommand, LineRefusal, LineState};
use dunlin_domain::money::Money;
use dunlin_domain::position::Position;
use dunlin_domain::terms::Terms;
use dunlin_domain::wording;
use dunlin_store::agreement::AgreementRow;
use dunlin_store::checkout::{self, HoldRow};
use dunlin_store::line::{self, LineChange, LineRow};
use dunlin_store::payment::lock_agreement;
use dunlin_store::{Tx, audit, run};

use crate::inspect::{Current, current_positions};
use crate::payment::Caller;
use crate::policies::Policies;
use crate::{Clock, Engine, EngineError};

pub(crate) use day::{wake_changed, work_due};

/// Requests at checkout that a view lists at most.
const HOLD_COUNT_MAX: usize = 50;

impl From<LineRefusal> for EngineError {
    fn from(refusal: LineRefusal) -> Self {
        Self::Refused { code: refusal.code(), complaint: refusal.wording() }
    }
}

impl From<CheckoutRefusal> for EngineError {
    fn from(refusal: CheckoutRefusal) -> Self {
        Self::Refused { code: refusal.code(), complaint: refusal.wording() }
    }
}

/// What a decision about a line locks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LineLock {
    /// The line.
    Line,
    /// The agreement's row too, since it is written.
    AgreementAndLine,
}

/// All that a decision about a line needs.
pub(crate) struct Ground {
    pub row: AgreementRow,
    pub terms: Terms,
    pub rules: LineRules,
    pub stored: LineRow,
    pub line: Line,
    pub position: Position,
    pub arrears: Arrears,
    /// The requests that hold something.
    pub holds: Vec<HoldRow>,
    /// The business date of the decision.
    pub on: Date,
}

impl Ground {
    /// What the open holds take.
    pub(crate) fn held(&self) -> Result<Money, EngineError> {
        let zero = Money::zero(self.row.currency);
        let held = self.holds.iter().try_fold(zero, |sum, row| sum.try_add(row.hold.held()?))?;
        Ok(held)
    }

    /// What may still be drawn.
    pub(crate) fn available(&self) -> Result<Available, EngineError> {
        Ok(available(&self.line, &self.rules, &self.position, self.held()?)?)
    }
}

/// The row of a line with which nothing was done yet.
pub(crate) fn new_row(row: &AgreementRow, rules: &LineRules) -> LineRow {
    let life = match rules.opening {
        Opening::WithAgreement => Life::Open,
        Opening::OnRequest => Life::NotOpened,
    };
    LineRow {
        part: row.part,
        agreement: row.id,
        life,
        is_frozen_overdue: false,
        is_frozen_risk: false,
        is_suspended: false,
        granted_minor: row.credit_limit.minor(),
        excused_due_on: None,
        cured_on: None,
        next_event_on: None,
    }
}

/// The line of an agreement: what is stored, with the limit and the closing that the agreement says.
pub(crate) fn line_of(row: &AgreementRow, stored: &LineRow) -> Line {
    let granted = stored.granted_minor.max(row.credit_limit.minor());
    Line {
        life: if row.closed_on.is_some() { Life::Closed } else { stored.life },
        is_frozen_overdue: stored.is_frozen_overdue,
        is_frozen_risk: stored.is_frozen_risk,
        is_suspended: stored.is_suspended,
        limit: row.credit_limit,
        granted: Money::new(granted, row.currency),
        excused_due_on: stored.excused_due_on,
        cured_on: stored.cured_on,
    }
}

/// A line on a claim that was charged off, written off or sold is closed, whatever was done with it.
pub(crate) fn given_up_closed(line: Line, position: &Position) -> Line {
    let claim = &position.claim;
    let is_given_up =
        claim.charged_off_on.is_some() || claim.written_off_on.is_some() || claim.sold_on.is_some();
    Line { life: if is_given_up { Life::Closed } else { line.life }, ..line }
}

/// `stored` as `line` has it.
pub(crate) fn row_of(stored: &LineRow, line: &Line) -> LineRow {
    LineRow {
        part: stored.part,
        agreement: stored.agreement,
        life: line.life,
        is_frozen_overdue: line.is_frozen_overdue,
        is_frozen_risk: line.is_frozen_risk,
        is_suspended: line.is_suspended,
        granted_minor: line.granted.minor(),
        excused_due_on: line.excused_due_on,
        cured_on: line.cured_on,
        next_event_on: stored.next_event_on,
    }
}

/// What an actor does with a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineAction {
    /// Any command but a change of the limit.
    Command(LineCommand),
    /// Another limit, as text in the agreement's currency.
    Limit(String),
}

/// A line as it stands on a day.
#[derive(Clone, Debug)]
pub struct LineView {
    /// The lender's id of the agreement.
    pub agreement: String,
    /// The day.
    pub on: Date,
    /// What is shown of it.
    pub state: LineState,
    /// Everything that keeps it from being used freely, the strictest first.
    pub restrictions: Vec<LineState>,
    /// The most that was granted.
    pub granted: Money,
    /// What may be drawn, with its derivation.
    pub available: Available,
    /// The last requests at checkout up to the day, newest first, as they stand now.
    pub holds: Vec<HoldLine>,
    /// What moved it up to the day, oldest first.
    pub changes: Vec<LineChangeLine>,
}

/// A request at checkout in one line.
#[derive(Clone, Debug)]
pub struct HoldLine {
    /// Its id.
    pub id: String,
    /// The merchant.
    pub merchant: String,
    /// The merchant's reference.
    pub reference: String,
    /// What was asked for.
    pub amount: Money,
    /// What was captured of it.
    pub captured: Money,
    /// What it holds now.
    pub held: Money,
    /// Number of instalments, 0 for payment in full.
    pub instalment_count: u32,
    /// What became of it.
    pub state: HoldState,
    /// Why it was declined.
    pub decline_reason: Option<DeclineReason>,
    /// The business date of the request.
    pub authorised_on: Date,
    /// The last day on which it holds.
    pub expires_on: Date,
}

/// A move of a line in one line.
#[derive(Clone, Debug)]
pub struct LineChangeLine {
    /// The business date.
    pub on: Date,
    /// Who did it.
    pub actor: String,
    /// What moved it.
    pub command: LineCommand,
    /// What was shown before.
    pub state_before: LineState,
    /// What is shown after.
    pub state_after: LineState,
    /// The limit before.
    pub limit_before: Money,
    /// The limit after.
    pub limit_after: Money,
    /// Why.
    pub reason: String,
}

impl Engine {
    /// Loads what a decision about a line needs, under its lock.
    pub(crate) fn ground(
        &self,
        tx: &mut Tx<'_>,
        policies: &Policies,
        name: &str,
        on: Option<Date>,
        now: Timestamp,
        lock: LineLock,
    ) -> Result<Ground, EngineError> {
        let found = self.find_agreement(tx, name)?;
        match lock {
            LineLock::Line => {}
            LineLock::AgreementAndLine => lock_agreement(tx, found.part, found.id)?,
        }
        let stored = line::lock(tx, &new_row(&found, &policies.line_rules(&found)?))?;
        // Read again: the limit may have been changed by whoever held the lock before.
        let row = self.find_agreement(tx, name)?;
        let rules = policies.line_rules(&row)?;
        let on = self.checkout_date(tx, &row, on, now)?;
        let holds = checkout::open_holds(tx, row.part, row.id)?;
        let current = current_positions(tx, policies, std::slice::from_ref(&row), on)?.remove(0);
        let line = given_up_closed(line_of(&row, &stored), &current.position);
        let (terms, position, arrears) = (current.terms, current.position, current.arrears);
        Ok(Ground { row, terms, rules, stored, line, position, arrears, holds, on })
    }

    /// The business date on which a command at checkout counts: the open day of the books, or, when the books are
    /// behind the calendar, today. What was run is decided and is not added to.
    fn checkout_date(
        &self,
        tx: &mut Tx<'_>,
        row: &AgreementRow,
        on: Option<Date>,
        now: Timestamp,
    ) -> Result<Date, EngineError> {
        let open_on = run::open_date(tx)?;
        let today = now.date_in(&self.zone);
        let latest = open_on.map_or(today, |open_on| open_on.max(today));
        let usual = match (self.clock, open_on) {
            (Clock::Business, Some(open_on)) => open_on,
            (Clock::Business, None) | (Clock::Real, _) => latest,
        };
        let date = on.unwrap_or(usual);
        if date < row.opened_on {
            let error = FactError::BeforeAgreement { value_on: date, opened_on: row.opened_on };
            return Err(error.into());
        }
        if date > latest {
            return Err(FactError::InFuture { value_on: date, latest }.into());
        }
        match open_on {
            Some(open_on) if date < open_on => Err(EngineError::Refused {
                code: "day_is_closed",
                complaint: wording!(
                    "会计日 {date} 已跑批；当前开放的会计日是 {open_on}",
                    "day {date} has been run; the day that is open is {open_on}"
                ),
            }),
            Some(_) | None => Ok(date),
        }
    }

    /// Moves a line.
    ///
    /// # Errors
    /// [`LineRefusal`] by its code; [`EngineError::NotFound`]; what the database says.
    pub fn move_line(
        &self,
        name: &str,
        action: &LineAction,
        reason: &str,
        caller: Caller<'_>,
    ) -> Result<LineView, EngineError> {
        if reason.trim().is_empty() {
            return Err(LineRefusal::NoReason.into());
        }
        let policies = self.policies()?;
        self.db.write_as(|tx| {
            let ground = self.ground(tx, &policies, name, None, caller.now, LineLock::AgreementAndLine)?;
            let (line, command) = match action {
                LineAction::Command(command) => (ground.line.after(*command)?, *command),
                LineAction::Limit(text) => {
                    let limit = Money::parse(text, ground.row.currency).map_err(FactError::Amount)?;
                    ground.line.with_limit(limit)?
                }
            };
            let line = match command {
                // Debt that is there now does not freeze the line again; debt to come does.
                LineCommand::ThawOverdue => Line { excused_due_on: ground.arrears.overdue_due_on, ..line },
                LineCommand::Open
                | LineCommand::Close
                | LineCommand::FreezeOverdue
                | LineCommand::FreezeRisk
                | LineCommand::ThawRisk
                | LineCommand::Suspend
                | LineCommand::Resume
                | LineCommand::Lower
                | LineCommand::Raise => line,
            };
            let mut stored = row_of(&ground.stored, &line);
            if command == LineCommand::Open {
                stored.next_event_on = Some(ground.on);
            }
            line::update(tx, std::slice::from_ref(&stored))?;
            if line.limit != ground.line.limit {
                line::set_limit(tx, ground.row.part, ground.row.id, line.limit)?;
            }
            let change = LineChange {
                part: ground.row.part,
                agreement: ground.row.id,
                changed_at: caller.now,
                business_date: ground.on,
                actor: caller.actor.to_owned(),
                command,
                state_before: ground.line.state(),
                state_after: line.state(),
                limit_before_minor: ground.line.limit.minor(),
                limit_after_minor: line.limit.minor(),
                reason: reason.to_owned(),
            };
            line::insert_changes(tx, std::slice::from_ref(&change))?;
            audit_change(tx, &change)?;
            self.view_line(tx, &Ground { line, stored, ..ground })
        })
    }

    /// The line of an agreement; on the open day of the books when none is named.
    ///
    /// # Errors
    /// [`EngineError::NotFound`]; a day before the agreement; what the database says.
    pub fn line(&self, name: &str, on: Option<Date>, now: Timestamp) -> Result<LineView, EngineError> {
        let policies = self.policies()?;
        self.db.read_as(|tx| {
            let row = self.find_agreement(tx, name)?;
            let on = match on {
                Some(on) if on < row.opened_on => {
                    let error = FactError::BeforeAgreement { value_on: on, opened_on: row.opened_on };
                    return Err(error.into());
                }
                Some(on) => on,
                None => self.checkout_date(tx, &row, None, now)?,
            };
            let current = current_positions(tx, &policies, std::slice::from_ref(&row), on)?.remove(0);
            let ground = self.line_ground(tx, &policies, row, current, on)?;
            self.view_line(tx, &ground)
        })
    }

    /// What is known of a line whose position on a day is known; nothing is locked.
    pub(crate) fn line_ground(
        &self,
        tx: &mut Tx<'_>,
        policies: &Policies,
        row: AgreementRow,
        current: Current,
        on: Date,
    ) -> Result<Ground, EngineError> {
        let rules = policies.line_rules(&row)?;
        let stored = line::find(tx, row.part, row.id)?.unwrap_or_else(|| new_row(&row, &rules));
        let mut holds = checkout::holds_on(tx, row.part, row.id, on)?;
        for hold in &mut holds {
            as_on(tx, hold, on)?;
        }
        let mut line = given_up_closed(line_of(&row, &stored), &current.position);
        if let Some(later) =
            line::changes(tx, row.part, row.id)?.iter().find(|change| change.business_date > on)
        {
            line.limit = Money::new(later.limit_before_minor, row.currency);
        }
        let (terms, position, arrears) = (current.terms, current.position, current.arrears);
        Ok(Ground { row, terms, rules, stored, line, position, arrears, holds, on })
    }

    pub(crate) fn view_line(&self, tx: &mut Tx<'_>, ground: &Ground) -> Result<LineView, EngineError> {
        let row = &ground.row;
        let mut holds = checkout::last_holds(tx, row.part, row.id, HOLD_COUNT_MAX)?;
        holds.retain(|hold| hold.authorised_on <= ground.on);
        let mut changes = line::changes(tx, row.part, row.id)?;
        // What is kept of a past day is the strictest state; the others are not.
        let past =
            changes.iter().find(|change| change.business_date > ground.on).map(|later| later.state_before);
        changes.retain(|change| change.business_date <= ground.on);
        let state = past.unwrap_or(ground.line.state());
        let restrictions = match past {
            None => ground.line.restrictions(),
            Some(LineState::Active) => Vec::new(),
            Some(state) => vec![state],
        };
        let limit = |minor: i64| Money::new(minor, row.currency);
        Ok(LineView {
            agreement: row.external_id.clone(),
            on: ground.on,
            state,
            restrictions,
            granted: ground.line.granted,
            available: ground.available()?,
            holds: holds.iter().map(hold_line).collect::<Result<_, _>>()?,
            changes: changes
                .into_iter()
                .map(|change| LineChangeLine {
                    on: change.business_date,
                    actor: change.actor,
                    command: change.command,
                    state_before: change.state_before,
                    state_after: change.state_after,
                    limit_before: limit(change.limit_before_minor),
                    limit_after: limit(change.limit_after_minor),
                    reason: change.reason,
                })
                .collect(),
        })
    }
}

/// Notes a move in the audit log.
fn audit_change(tx: &mut Tx<'_>, change: &LineChange) -> Result<(), EngineError> {
    let subject = change.agreement.to_string();
    let before = format!("{}, limit {}", change.state_before, change.limit_before_minor);
    let after = format!("{}, limit {}", change.state_after, change.limit_after_minor);
    let action = format!("line.{}", change.command);
    let entry = audit::Entry {
        at: change.changed_at,
        actor: &change.actor,
        action: &action,
        subject: &subject,
        before: Some(&before),
        after: Some(&after),
        cause: &change.reason,
    };
    audit::append(tx, change.part, &entry)?;
    Ok(())
}

/// A hold that held something on a past day, as it was then.
fn as_on(tx: &mut Tx<'_>, row: &mut HoldRow, on: Date) -> Result<(), EngineError> {
    row.hold.state = HoldState::Open;
    if row.hold.captured.is_positive() {
        let captures = checkout::captures_of(tx, row.part, row.agreement, row.id)?;
        let until = captures.iter().filter(|capture| capture.captured_on <= on);
        row.hold.captured =
            Money::new(until.map(|capture| capture.amount_minor).sum(), row.hold.amount.currency());
    }
    Ok(())
}

fn hold_line(row: &HoldRow) -> Result<HoldLine, EngineError> {
    Ok(HoldLine {
        id: row.id.to_string(),
        merchant: row.merchant.clone(),
        reference: row.reference.clone(),
        amount: row.hold.amount,
        captured: row.hold.captured,
        held: row.hold.held()?,
        instalment_count: row.instalment_count,
        state: row.hold.state,
        decline_reason: row.decline_reason,
        authorised_on: row.authorised_on,
        expires_on: row.hold.expires_on,
    })
}

impl Policies {
    /// What the product of an agreement says about the line.
    pub(crate) fn line_rules(&self, row: &AgreementRow) -> Result<LineRules, EngineError> {
        let product = self.product(&row.product, row.product_version);
        let product = product.ok_or_else(|| EngineError::NoPolicy {
            what: format!("product {}@{}", row.product, row.product_version),
            on: row.opened_on,
        })?;
        Ok(product.line.clone())
    }
}

//! The day's look at lines: holds that ran out free it, overdue lines are frozen, cured ones thawed.
//!
//! A line is looked at when its own date comes ([`LineRow::next_event_on`]), and on the day on which its agreement
//! became overdue, or stopped being so.

use std::collections::HashMap;

use dunlin_domain::date::Date;
use dunlin_domain::id::{AgreementId, Part};
use dunlin_domain::line::hold::HoldState;
use dunlin_domain::line::overdue;
use dunlin_domain::line::state::{Line, LineCommand};
use dunlin_store::agreement::{self, AgreementRow};
use dunlin_store::checkout::{self, HoldRow};
use dunlin_store::line::{self, LineChange, LineRow};
use dunlin_store::run::{BusinessDay, Span};
use dunlin_store::{Tx, audit};

use super::{given_up_closed, line_of, new_row, row_of};
use crate::EngineError;
use crate::inspect::{Current, current_positions};
use crate::policies::Policies;

/// Lines that are worked at a time.
const LINE_COUNT_MAX: usize = 4_000;

/// Who the history names for what the day's run did.
const ACTOR: &str = "day";

/// Has the day look at the lines of agreements whose overdue debt is another than it was.
pub(crate) fn wake_changed(
    tx: &mut Tx<'_>,
    policies: &Policies,
    changed: &[&AgreementRow],
    date: Date,
) -> Result<(), EngineError> {
    let mut rows = Vec::new();
    for row in changed {
        let rules = policies.line_rules(row)?;
        if rules.freeze.is_some() {
            rows.push(new_row(row, &rules));
        }
    }
    if !rows.is_empty() {
        line::wake(tx, &rows, date)?;
    }
    Ok(())
}

/// Works the lines of a span that are due on a day, some thousands of them; how many there were.
pub(crate) fn work_due(
    tx: &mut Tx<'_>,
    policies: &Policies,
    span: Span,
    day: BusinessDay,
) -> Result<usize, EngineError> {
    let date = day.date.0;
    let mut keys: Vec<(Part, AgreementId)> = Vec::new();
    for part in line::parts_with_due(tx, span.first, span.last, date)? {
        keys.extend(line::due(tx, part, date, LINE_COUNT_MAX - keys.len())?);
        if keys.len() == LINE_COUNT_MAX {
            break;
        }
    }
    if keys.is_empty() {
        return Ok(0);
    }
    // In the order of their keys, whatever order the database has: a repeat leaves the same audit log.
    let mut stored = line::locked(tx, &keys)?;
    stored.sort_by_key(|line| (line.part, line.agreement));
    let mut rows: HashMap<AgreementId, AgreementRow> =
        agreement::by_keys(tx, &keys)?.into_iter().map(|row| (row.id, row)).collect();
    let mut holds = checkout::open_holds_of(tx, &keys)?;
    let found: Vec<AgreementRow> = stored.iter().filter_map(|line| rows.remove(&line.agreement)).collect();
    let positions = current_positions(tx, policies, &found, date)?;
    let mut work = Work { day, lines: Vec::new(), holds: Vec::new(), changes: Vec::new() };
    let by_id: HashMap<AgreementId, LineRow> =
        stored.into_iter().map(|line| (line.agreement, line)).collect();
    for (row, current) in found.iter().zip(&positions) {
        work.look(policies, row, &by_id[&row.id], current, holds.remove(&row.id).unwrap_or_default())?;
    }
    work.write(tx, span)?;
    Ok(keys.len())
}

/// What a look at some lines comes to.
struct Work {
    day: BusinessDay,
    lines: Vec<LineRow>,
    holds: Vec<HoldRow>,
    changes: Vec<LineChange>,
}

impl Work {
    fn look(
        &mut self,
        policies: &Policies,
        row: &AgreementRow,
        stored: &LineRow,
        current: &Current,
        mut holds: Vec<HoldRow>,
    ) -> Result<(), EngineError> {
        let today = self.day.date.0;
        let rules = policies.line_rules(row)?;
        // What was written off or sold is not overdue either, and yet no cure.
        let line = given_up_closed(line_of(row, stored), &current.position);
        let arrears = &current.arrears;
        let worked = overdue::work(&line, rules.freeze, arrears.overdue_due_on, arrears.days_past_due, today);
        let mut next_on = worked.next_on;
        holds.sort_by_key(|row| row.id);
        for mut row in holds {
            let hold = row.hold.on(today);
            if hold.state == HoldState::Open {
                let ends_on = hold.expires_on.plus_days(1);
                next_on = Some(next_on.map_or(ends_on, |next_on| next_on.min(ends_on)));
                continue;
            }
            (row.hold, row.ended_on) = (hold, Some(today));
            self.holds.push(row);
        }
        if let Some(command) = worked.moved {
            self.changes.push(self.change(row, &line, &worked.line, command, current));
        }
        let stored = LineRow { life: stored.life, next_event_on: next_on, ..row_of(stored, &worked.line) };
        self.lines.push(stored);
        Ok(())
    }

    fn change(
        &self,
        row: &AgreementRow,
        before: &Line,
        after: &Line,
        command: LineCommand,
        current: &Current,
    ) -> LineChange {
        let arrears = &current.arrears;
        let reason = match (command, arrears.overdue_due_on, before.cured_on) {
            (LineCommand::FreezeOverdue, Some(due_on), _) => {
                format!("{} overdue since {due_on}, {} days past due", arrears.overdue, arrears.days_past_due)
            }
            (_, _, Some(cured_on)) => format!("nothing overdue since {cured_on}"),
            (_, _, None) => "nothing overdue any more".to_owned(),
        };
        LineChange {
            part: row.part,
            agreement: row.id,
            changed_at: self.day.decided_at,
            business_date: self.day.date.0,
            actor: ACTOR.to_owned(),
            command,
            state_before: before.state(),
            state_after: after.state(),
            limit_before_minor: before.limit.minor(),
            limit_after_minor: after.limit.minor(),
            reason: format!("{reason} (product {}@{})", row.product, row.product_version),
        }
    }

    fn write(self, tx: &mut Tx<'_>, span: Span) -> Result<(), EngineError> {
        line::update(tx, &self.lines)?;
        checkout::update_holds(tx, &self.holds)?;
        line::insert_changes(tx, &self.changes)?;
        if self.changes.is_empty() && self.holds.is_empty() {
            return Ok(());
        }
        let mut hasher = blake3::Hasher::new();
        for change in &self.changes {
            hasher.update(&change.agreement.0);
            hasher.update(change.command.code().as_bytes());
        }
        for row in &self.holds {
            hasher.update(&row.id.0);
            hasher.update(row.hold.state.code().as_bytes());
        }
        let count =
            |command: LineCommand| self.changes.iter().filter(|change| change.command == command).count();
        let after = format!(
            "{} frozen, {} thawed, {} holds ran out, digest {}",
            count(LineCommand::FreezeOverdue),
            count(LineCommand::ThawOverdue),
            self.holds.len(),
            hasher.finalize().to_hex()
        );
        let subject = format!("{} lines", self.lines.len());
        let cause = format!("business date {}", self.day.date);
        let entry = audit::Entry {
            at: self.day.decided_at,
            actor: ACTOR,
            action: "day.lines",
            subject: &subject,
            before: None,
            after: Some(&after),
            cause: &cause,
        };
        audit::append(tx, span.first, &entry)?;
        Ok(())
    }
}

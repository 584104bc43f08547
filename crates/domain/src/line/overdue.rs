//! The day's look at a line: frozen when it has fallen behind, thawed when it is cured, as the product says.

use crate::date::Date;
use crate::line::rule::{FreezeRule, Thaw};
use crate::line::state::{Line, LineCommand};

/// What a day makes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineDay {
    /// The line after it.
    pub line: Line,
    /// What moved it, if anything did.
    pub moved: Option<LineCommand>,
    /// The next day on which time alone can move it.
    pub next_on: Option<Date>,
}

/// Freezes or thaws a line on `today`, on which `overdue_due_on` is the oldest unpaid due date and `days_past_due`
/// its age.
///
/// Only the freeze for overdue is touched. Debt that an actor excused by thawing the line by hand does not freeze
/// it again; later debt does, once the excused debt is paid.
#[must_use]
pub fn work(
    line: &Line,
    rule: Option<FreezeRule>,
    overdue_due_on: Option<Date>,
    days_past_due: i32,
    today: Date,
) -> LineDay {
    let idle = LineDay { line: *line, moved: None, next_on: None };
    let Some(rule) = rule else { return idle };
    match overdue_due_on {
        Some(due_on) => behind(line, rule, due_on, days_past_due, today),
        None => cured(line, rule, today),
    }
}

fn behind(line: &Line, rule: FreezeRule, due_on: Date, days_past_due: i32, today: Date) -> LineDay {
    // Debt that fell due later, once the excused one is paid, is a new matter.
    let excused_due_on = line.excused_due_on.filter(|excused| *excused >= due_on);
    let line = Line { cured_on: None, excused_due_on, ..*line };
    let stays = LineDay { line, moved: None, next_on: None };
    if line.is_frozen_overdue || excused_due_on.is_some() {
        return stays;
    }
    if days_past_due < rule.from_days {
        let next_on = Some(today.plus_days(rule.from_days - days_past_due));
        return LineDay { next_on, ..stays };
    }
    match line.after(LineCommand::FreezeOverdue) {
        Ok(line) => LineDay { line, moved: Some(LineCommand::FreezeOverdue), next_on: None },
        // A line that is not open cannot be drawn on anyway.
        Err(_) => stays,
    }
}

fn cured(line: &Line, rule: FreezeRule, today: Date) -> LineDay {
    let line = Line { excused_due_on: None, ..*line };
    if !line.is_frozen_overdue {
        return LineDay { line: Line { cured_on: None, ..line }, moved: None, next_on: None };
    }
    let cured_on = line.cured_on.unwrap_or(today);
    let waits = LineDay { line: Line { cured_on: Some(cured_on), ..line }, moved: None, next_on: None };
    let thaws_on = match rule.thaw {
        Thaw::AtOnce => cured_on,
        Thaw::AfterDays(days) => cured_on.plus_days(days),
        Thaw::ByHand => return waits,
    };
    if today < thaws_on {
        return LineDay { next_on: Some(thaws_on), ..waits };
    }
    match line.after(LineCommand::ThawOverdue) {
        Ok(line) => LineDay { line, moved: Some(LineCommand::ThawOverdue), next_on: None },
        Err(_) => waits,
    }
}

#[cfg(test)]
mod tests;

//! `ledger close`, `ledger reopen` and `ledger periods`.

use dunlin_engine::books::{PeriodAction, PeriodEvent, Periods};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::args::ledger::{ClosePeriod, ReopenPeriod};
use crate::failure::Failure;
use crate::screen::{lines_of, table};
use crate::session::Session;

/// `ledger close`.
pub(super) fn close(session: &Session, args: &ClosePeriod) -> Result<Answer, Failure> {
    let engine = session.open()?;
    let through = args.through;
    if args.approve {
        let periods = engine.approve_close(through, session.now())?;
        return Ok(answer(
            format!("the books are closed through {through}; nothing is posted on or before it any more"),
            &periods,
        ));
    }
    let periods = engine.propose_close(through, session.now())?;
    let text = format!(
        "the books can be closed through {through}; another person closes them with `dunlin ledger close --through \
         {through} --approve`"
    );
    Ok(answer(text, &periods))
}

/// `ledger reopen`.
pub(super) fn reopen(session: &Session, args: &ReopenPeriod) -> Result<Answer, Failure> {
    let engine = session.open()?;
    let from = args.from;
    if args.approve {
        let periods = engine.approve_reopening(from, session.now())?;
        return Ok(answer(format!("the books are open again from {from} on"), &periods));
    }
    let reason = args.reason.as_deref().unwrap_or_default();
    let periods = engine.propose_reopening(from, reason, session.now())?;
    let text = format!(
        "asked for the books to be opened from {from} on; another person opens them with `dunlin ledger reopen --from \
         {from} --approve`"
    );
    Ok(answer(text, &periods))
}

/// `ledger periods`.
pub(super) fn list(session: &Session) -> Result<Answer, Failure> {
    let periods = session.open()?.periods()?;
    let mut text = match periods.closed_through {
        Some(closed) => format!("the books are closed through {closed}"),
        None => "nothing is closed".to_owned(),
    };
    if !periods.events.is_empty() {
        let mut rows = table(&["at", "what", "date", "by", "reason"], &[]);
        for event in &periods.events {
            rows.add_row([
                event.at.to_string(),
                words(event.action).to_owned(),
                event.date.to_string(),
                event.actor.clone(),
                event.reason.clone(),
            ]);
        }
        text.push_str(&format!("\n{}", lines_of(&rows)));
    }
    Ok(answer(text, &periods))
}

fn words(action: PeriodAction) -> &'static str {
    match action {
        PeriodAction::CloseProposed => "asked to close",
        PeriodAction::Closed => "closed",
        PeriodAction::ReopenProposed => "asked to reopen",
        PeriodAction::Reopened => "reopened",
    }
}

fn answer(text: String, periods: &Periods) -> Answer {
    let json = json!({
        "closed_through": periods.closed_through.map(|date| date.to_string()),
        "pending": periods.pending.as_ref().map(event_json),
        "events": periods.events.iter().map(event_json).collect::<Vec<_>>(),
    });
    Answer::new(text, json)
}

fn event_json(event: &PeriodEvent) -> Value {
    json!({
        "action": event.action.code(),
        "date": event.date.to_string(),
        "actor": event.actor,
        "at": event.at.to_string(),
        "reason": event.reason,
    })
}

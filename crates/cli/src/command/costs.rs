//! `costs`: what providers charged for the messages that they took.

use dunlin_domain::contact::Language;
use dunlin_domain::date::Date;
use dunlin_engine::costs::{CostTotal, written};
use dunlin_engine::{Engine, EngineError};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::args::Costs;
use crate::failure::Failure;
use crate::screen::{grouped, lines_of, table};
use crate::session::Session;

/// `costs`.
///
/// # Errors
/// Days in the wrong order; no day where none is named; what the database says.
pub fn run(session: &Session, args: &Costs) -> Result<Answer, Failure> {
    let engine = session.open()?;
    let from = match args.from {
        Some(from) => from,
        None => engine.last_closed_day()?.ok_or(EngineError::NoDayYet)?.0,
    };
    let through = args.through.unwrap_or(from);
    let totals = engine.costs(from, through)?;
    let json = json!({ "from": from.to_string(), "through": through.to_string(), "costs": objects(&totals) });
    Ok(Answer::new(text(&totals, session.language), json))
}

/// The charges of a day, for its summary.
///
/// # Errors
/// What the database says.
pub fn of_day(engine: &Engine, day: Date) -> Result<Vec<CostTotal>, Failure> {
    Ok(engine.costs(day, day)?)
}

/// In a table; a sentence where nothing was charged.
#[must_use]
pub fn text(totals: &[CostTotal], language: Language) -> String {
    if totals.is_empty() {
        return match language {
            Language::Zh => "没有发送费用",
            Language::En => "nothing was charged for messages",
        }
        .to_owned();
    }
    let header = match language {
        Language::Zh => ["服务商", "渠道", "币种", "条数", "计费条数", "费用"],
        Language::En => ["provider", "channel", "currency", "messages", "units", "cost"],
    };
    let mut rows = table(&header, &[3, 4, 5]);
    for total in totals {
        rows.add_row([
            total.provider.clone(),
            total.channel.to_string(),
            total.currency.to_string(),
            grouped(total.messages),
            grouped(total.units),
            written(total.micros),
        ]);
    }
    lines_of(&rows)
}

/// For scripts.
#[must_use]
pub fn objects(totals: &[CostTotal]) -> Vec<Value> {
    let object = |total: &CostTotal| {
        json!({
            "provider": total.provider,
            "channel": total.channel.code(),
            "currency": total.currency.to_string(),
            "messages": total.messages,
            "units": total.units,
            "cost": written(total.micros),
        })
    };
    totals.iter().map(object).collect()
}

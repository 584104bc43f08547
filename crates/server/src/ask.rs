//! The questions that pages and API share: each reads its parameters, checks them against the days that were run,
//! and asks the engine. Everything here may block, so it runs on a thread of its own.

use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::reason::Reason;
use dunlin_engine::Engine;
use dunlin_engine::books::AccountCard;
use dunlin_engine::coverage_groups::CoverageBy;
use dunlin_engine::statement_document::{Knowledge, StatementDocument};
use dunlin_engine::statements::{AddressedStatement, StatementFormat};
use dunlin_engine::view::{AgreementView, SilenceView, TodayView, Why};

use crate::SILENCE_DAYS_MAX;
use crate::answer::DocumentFile;
use crate::page::{BooksView, CoverageView, ReasonList, SilenceSpan};
use crate::problem::Problem;
use crate::visit::{Visit, parse_date};

/// Days of the page *Silence* when none are chosen: four whole weeks.
const SILENCE_DAYS: i32 = 28;

/// Agreements in a list, unless the request says otherwise, and at most.
const LIST_LIMIT: u64 = 50;
const LIST_LIMIT_MAX: u64 = 1_000;

/// *Today*, for the day `on` or the last closed one.
pub fn today(engine: &Engine, visit: &Visit) -> Result<TodayView, Problem> {
    let on = visit.date("on")?;
    let span = closed_days(engine)?;
    if let Some(on) = on {
        must_be_run(on, span)?;
    }
    Ok(engine.today(on)?)
}

/// *Silence*, for the days `from` through `through`, or the last four weeks.
pub fn silence(engine: &Engine, visit: &Visit) -> Result<(SilenceView, SilenceSpan), Problem> {
    let (from, through) = (visit.date("from")?, visit.date("through")?);
    let span = closed_days(engine)?;
    let (from, through) = range(from, through, span)?;
    Ok((engine.silence(from, through)?, span))
}

/// *Coverage and costs*, for the days `from` through `through`, or the last four weeks.
pub fn coverage(engine: &Engine, visit: &Visit) -> Result<(CoverageView, SilenceSpan), Problem> {
    let (from, through) = (visit.date("from")?, visit.date("through")?);
    let span = closed_days(engine)?;
    let (from, through) = range(from, through, span)?;
    let spent = engine.spent(from, through)?;
    let mut tables = Vec::new();
    for by in [CoverageBy::Product, CoverageBy::Bucket, CoverageBy::Channel] {
        tables.push((by, engine.coverage_by(from, through, &[by])?));
    }
    Ok((CoverageView { from, through, spent, tables }, span))
}

/// The days asked for, as far as they were run.
fn range(from: Option<Date>, through: Option<Date>, span: SilenceSpan) -> Result<(Date, Date), Problem> {
    let through = through.unwrap_or(from.map_or(span.last_day, |from| span.last_day.max(from)));
    let from = from.unwrap_or(through.plus_days(1 - SILENCE_DAYS));
    if from > through {
        return Err(Problem::BackwardRange { from, through });
    }
    if through < span.first_day || span.last_day < from {
        let asked = if through < span.first_day { through } else { from };
        return Err(not_run(asked, span));
    }
    let (from, through) = (from.max(span.first_day), through.min(span.last_day));
    let days = through.days_since(from) + 1;
    if days > SILENCE_DAYS_MAX {
        return Err(Problem::LongRange { days });
    }
    Ok((from, through))
}

/// The agreements of a day and reason, both as in the path.
pub fn reason(engine: &Engine, visit: &Visit, date: &str, code: &str) -> Result<ReasonList, Problem> {
    let date = parse_date(date)?;
    let reason = Reason::parse(code).ok_or_else(|| Problem::UnknownReason { text: code.to_owned() })?;
    let offset = visit.number("offset")?.unwrap_or(0);
    let limit = visit.number("limit")?.unwrap_or(LIST_LIMIT).clamp(1, LIST_LIMIT_MAX);
    must_be_run(date, closed_days(engine)?)?;
    // One walk over the day gives both the page and how many there are.
    let mut lines = engine.silence_agreements(date, reason, 0, u64::MAX)?;
    let total = lines.len() as u64;
    lines.drain(..usize::try_from(offset.min(total)).unwrap_or(usize::MAX));
    lines.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(ReasonList { date, reason, total, offset, limit, lines })
}

/// *Agreement*, as of the day `on` or the last closed one.
pub fn agreement(engine: &Engine, visit: &Visit, id: &str) -> Result<AgreementView, Problem> {
    let on = visit.date("on")?;
    if let Some(on) = on {
        // The past before the first day can be looked at; what has not happened cannot.
        let span = closed_days(engine)?;
        if on > span.last_day {
            return Err(not_run(on, span));
        }
    }
    Ok(engine.agreement_view(id, on)?)
}

/// *Why*, for the day `on` or the last closed one.
pub fn why(engine: &Engine, visit: &Visit, id: &str) -> Result<Why, Problem> {
    let on = visit.date("on")?;
    let span = closed_days(engine)?;
    let on = on.unwrap_or(span.last_day);
    must_be_run(on, span)?;
    Ok(engine.why(id, on)?)
}

/// The statements of an agreement, oldest first; with `known=now` as they would be made today.
pub fn statements(
    engine: &Engine,
    visit: &Visit,
    id: &str,
    now: Timestamp,
) -> Result<Vec<StatementDocument>, Problem> {
    Ok(engine.statements(id, knowledge(visit), now)?)
}

/// A statement with the name masked, as everywhere in the console; in the customer's language unless another is
/// asked for.
pub fn statement(
    engine: &Engine,
    visit: &Visit,
    id: &str,
    cut_off: &str,
    now: Timestamp,
) -> Result<AddressedStatement, Problem> {
    let cut_off = parse_date(cut_off)?;
    Ok(engine.masked_statement(id, Some(cut_off), knowledge(visit), visit.chosen_language(), now)?)
}

/// The same as a file, by its name: `2026-03-01.pdf`.
pub fn statement_file(
    engine: &Engine,
    visit: &Visit,
    id: &str,
    file: &str,
    now: Timestamp,
) -> Result<DocumentFile, Problem> {
    let (cut_off, extension) = file.rsplit_once('.').ok_or(Problem::NoSuchPage)?;
    let (format, kind) = match extension {
        "html" => (StatementFormat::Html, "text/html; charset=utf-8"),
        "pdf" => (StatementFormat::Pdf, "application/pdf"),
        "json" => (StatementFormat::Json, "application/json"),
        "txt" => (StatementFormat::Text, "text/plain; charset=utf-8"),
        _ => return Err(Problem::NoSuchPage),
    };
    let statement = statement(engine, visit, id, cut_off, now)?;
    let written = engine.write_statement(&statement, format, None)?;
    let name = format!("statement-{}.{extension}", statement.document.cut_off_on);
    Ok(DocumentFile { kind, name, bytes: written.bytes })
}

fn knowledge(visit: &Visit) -> Knowledge {
    if visit.text("known") == Some("now") { Knowledge::Now } else { Knowledge::AtCutOff }
}

/// Lines of an account's card, unless the request says otherwise.
const CARD_LINE_COUNT: u64 = 200;

/// *Books*, for the day `on` or the last closed one.
pub fn books(engine: &Engine, visit: &Visit) -> Result<BooksView, Problem> {
    let on = visit.date("on")?;
    let span = closed_days(engine)?;
    let on = on.unwrap_or(span.last_day);
    must_be_run(on, span)?;
    let closed_through = engine.periods()?.closed_through;
    let (tiers_on, tiers) = engine.tier_sums()?;
    // The sums by age are those of the last closed day.
    let tiers = if tiers_on == on { tiers } else { Vec::new() };
    Ok(BooksView { balance: engine.trial_balance(on)?, closed_through, tiers, span })
}

/// The card of an account, for the days `from` through `through`, or the last four weeks.
pub fn account(engine: &Engine, visit: &Visit, code: &str) -> Result<(AccountCard, SilenceSpan), Problem> {
    let (from, through) = (visit.date("from")?, visit.date("through")?);
    let limit = visit.number("limit")?.unwrap_or(CARD_LINE_COUNT).min(LIST_LIMIT_MAX);
    let span = closed_days(engine)?;
    let (from, through) = range(from, through, span)?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    Ok((engine.account_card(code, from, through, limit)?, span))
}

fn closed_days(engine: &Engine) -> Result<SilenceSpan, Problem> {
    let begun = engine.day_range()?;
    let closed = engine.last_closed_day()?;
    let (Some((first, _)), Some(last)) = (begun, closed) else { return Err(Problem::NoDayYet) };
    Ok(SilenceSpan { first_day: first.0, last_day: last.0 })
}

fn must_be_run(day: Date, span: SilenceSpan) -> Result<(), Problem> {
    let is_run = span.first_day <= day && day <= span.last_day;
    if is_run { Ok(()) } else { Err(not_run(day, span)) }
}

fn not_run(asked: Date, span: SilenceSpan) -> Problem {
    Problem::DayNotRun { asked, first: span.first_day, last: span.last_day }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(from: &str, through: &str, expected: Expect) {
        let day = |text: &str| Date::parse(text).expect("a day of the calendar");
        let asked = |text: &str| (!text.is_empty()).then(|| day(text));
        let span = SilenceSpan { first_day: day("2025-01-01"), last_day: day("2026-03-31") };
        expected.assert_eq(&match range(asked(from), asked(through), span) {
            Ok((from, through)) => format!("{from} to {through}"),
            Err(problem) => format!("{problem:?}"),
        });
    }

    #[test]
    fn a_range_of_days_is_the_last_four_weeks_unless_it_is_chosen() {
        check("", "", expect!["2026-03-04 to 2026-03-31"]);
        check("", "2026-02-28", expect!["2026-02-01 to 2026-02-28"]);
        check("2026-03-30", "", expect!["2026-03-30 to 2026-03-31"]);
        check("2026-03-30", "2026-03-30", expect!["2026-03-30 to 2026-03-30"]);
    }

    #[test]
    fn days_that_were_not_run_are_left_out_and_refused_when_there_is_no_other() {
        check("2024-12-01", "2025-01-02", expect!["2025-01-01 to 2025-01-02"]);
        check("2026-03-31", "2026-04-30", expect!["2026-03-31 to 2026-03-31"]);
        check(
            "2026-04-01",
            "",
            expect!["DayNotRun { asked: 2026-04-01, first: 2025-01-01, last: 2026-03-31 }"],
        );
        check(
            "2024-01-01",
            "2024-12-31",
            expect!["DayNotRun { asked: 2024-12-31, first: 2025-01-01, last: 2026-03-31 }"],
        );
    }

    #[test]
    fn a_range_runs_forward_and_not_too_long() {
        check("2026-03-02", "2026-03-01", expect!["BackwardRange { from: 2026-03-02, through: 2026-03-01 }"]);
        check("2025-03-31", "2026-03-31", expect!["2025-03-31 to 2026-03-31"]);
        check("2025-03-30", "2026-03-31", expect!["LongRange { days: 367 }"]);
    }
}

//! `coverage`: every overdue agreement-day with its reason, in a table with bars.

use comfy_table::{Attribute, Cell, Color};
use dunlin_domain::contact::Language;
use dunlin_domain::date::Date;
use dunlin_engine::view::Coverage;
use serde_json::{Map, Value, json};

use crate::answer::Answer;
use crate::args;
use crate::command::coverage_groups;
use crate::failure::Failure;
use crate::screen::{bar, counted, grouped, has_colours, lines_of, percent, table};
use crate::session::Session;

/// `coverage`.
///
/// # Errors
/// A range that begins before the first day that was run, or is not in order; what the database says.
pub fn run(session: &Session, args: &args::Coverage) -> Result<Answer, Failure> {
    // Clap lets one day through, or both ends of a range.
    let from = args.on.or(args.from).unwrap_or(Date::NEVER);
    let through = args.on.or(args.through).unwrap_or(Date::NEVER);
    let engine = session.open()?;
    let coverage = engine.coverage(from, through)?;
    let spent = engine.spent(from, through)?;
    let spent_lines = coverage_groups::spent_lines(&spent, session.language);
    let mut text = [vec![text(&coverage, from, through, session.language)], spent_lines].concat().join("\n");
    let mut json = object(&coverage, from, through);
    json["spent"] = coverage_groups::spent_json(&spent);
    if !args.by.is_empty() {
        let groups = engine.coverage_by(from, through, &args.by)?;
        text = format!("{text}\n{}", coverage_groups::text(&groups, &args.by, session.language));
        json["groups"] = coverage_groups::json(&groups, &args.by);
        if let Some(file) = &args.csv {
            coverage_groups::write_csv(file, &groups, &args.by)?;
        }
    }
    Ok(Answer::new(text, json).found_if(coverage.unexplained > 0))
}

/// For people.
#[must_use]
pub fn text(coverage: &Coverage, from: Date, through: Date, language: Language) -> String {
    let days = if from == through { from.to_string() } else { format!("{from} – {through}") };
    let (overdue, unexplained) = (grouped(coverage.overdue_days), grouped(coverage.unexplained));
    let (contacted, silent) = (grouped(coverage.contacted), grouped(coverage.silent));
    let (delivered, pending, failed) =
        (grouped(coverage.delivered), grouped(coverage.pending), grouped(coverage.failed));
    let head = match language {
        Language::Zh => format!(
            "{days}：逾期合约日 {overdue}，其中联系 {contacted}（已送达 {delivered}，在途 {pending}），静默 {silent}\
             （其中发送未果 {failed}），无解释 {unexplained}"
        ),
        Language::En => format!(
            "{days}: {}: {contacted} contacted ({delivered} delivered, {pending} \
             pending), {silent} silent ({failed} of them after a failed message), {unexplained} unexplained",
            counted(coverage.overdue_days, "overdue agreement-day")
        ),
    };
    let mut lines = vec![head];
    if !coverage.by_reason.is_empty() {
        lines.push(reasons_table(coverage, language));
    }
    for (agreement, date) in &coverage.unexplained_examples {
        lines.push(match language {
            Language::Zh => format!("无解释：{agreement} {date}"),
            Language::En => format!("unexplained: {agreement} on {date}"),
        });
    }
    lines.join("\n")
}

fn reasons_table(coverage: &Coverage, language: Language) -> String {
    let header = match language {
        Language::Zh => ["原因", "", "合约日", "占比", ""],
        Language::En => ["reason", "", "agreement-days", "share", ""],
    };
    let mut rows = table(&header, &[2, 3]);
    let largest = coverage.by_reason.iter().map(|line| line.count).max().unwrap_or(0);
    let has_colours = has_colours();
    for line in &coverage.by_reason {
        let mut cell = Cell::new(bar(line.count, largest));
        if has_colours {
            cell = cell.fg(colour_of(line.reason.family()));
        }
        rows.add_row([
            Cell::new(line.reason.label(language)),
            Cell::new(line.reason.code()),
            Cell::new(grouped(line.count)),
            Cell::new(percent(line.count, coverage.overdue_days)),
            cell,
        ]);
    }
    if coverage.unexplained > 0 {
        let label = match language {
            Language::Zh => "无解释",
            Language::En => "unexplained",
        };
        let mut cell = Cell::new(label);
        if has_colours {
            cell = cell.fg(Color::Red).add_attribute(Attribute::Bold);
        }
        let share = percent(coverage.unexplained, coverage.overdue_days);
        let bar = bar(coverage.unexplained, largest);
        rows.add_row([
            cell,
            Cell::new(""),
            Cell::new(grouped(coverage.unexplained)),
            Cell::new(share),
            Cell::new(bar),
        ]);
    }
    lines_of(&rows)
}

/// The colour of a family of reasons.
fn colour_of(family: &str) -> Color {
    match family {
        "contact" => Color::Green,
        "pause" => Color::Blue,
        "fault" => Color::Red,
        "contact_data" => Color::Magenta,
        "rule" | "voice" => Color::Cyan,
        _ => Color::Yellow,
    }
}

/// For scripts.
#[must_use]
pub fn object(coverage: &Coverage, from: Date, through: Date) -> Value {
    let by_reason: Map<String, Value> =
        coverage.by_reason.iter().map(|line| (line.reason.code().to_owned(), json!(line.count))).collect();
    let examples: Vec<Value> = coverage
        .unexplained_examples
        .iter()
        .map(|(agreement, date)| json!({ "agreement": agreement, "date": date.to_string() }))
        .collect();
    json!({
        "from": from.to_string(),
        "through": through.to_string(),
        "overdue_days": coverage.overdue_days,
        "contacted": coverage.contacted,
        "silent": coverage.silent,
        "unexplained": coverage.unexplained,
        "delivered": coverage.delivered,
        "pending": coverage.pending,
        "failed": coverage.failed,
        "by_reason": by_reason,
        "examples": examples,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use dunlin_domain::reason::Reason;
    use dunlin_engine::view::ReasonCount;
    use expect_test::expect;

    fn coverage() -> Coverage {
        let day = Date::parse("2026-03-01").expect("a day of the calendar");
        Coverage {
            overdue_days: 1_240,
            contacted: 240,
            silent: 999,
            unexplained: 1,
            delivered: 200,
            pending: 40,
            failed: 12,
            by_reason: vec![
                ReasonCount { reason: Reason::PauseUpgrade, count: 999 },
                ReasonCount { reason: Reason::Contacted, count: 240 },
            ],
            unexplained_examples: vec![("A-7".to_owned(), day)],
        }
    }

    #[test]
    fn people_see_each_reason_with_its_share_and_what_has_none() {
        let day = Date::parse("2026-03-01").expect("a day of the calendar");
        expect![[r#"
            2026-03-01: 1,240 overdue agreement-days: 240 contacted (200 delivered, 40 pending), 999 silent (12 of them after a failed message), 1 unexplained
             reason                           agreement-days    share
            ─────────────────────────────────────────────────────────────────────────────────────
             pause: upgrade   pause.upgrade              999   80.6 %   ████████████████████████
             contact          contact.sent               240   19.4 %   █████▊
             unexplained                                   1    0.1 %   ▏
            unexplained: A-7 on 2026-03-01"#]].assert_eq(&text(&coverage(), day, day, Language::En));
        expect![[r#"
            2026-03-01 – 2026-03-07：逾期合约日 1,240，其中联系 240（已送达 200，在途 40），静默 999（其中发送未果 12），无解释 1
             原因                           合约日     占比
            ───────────────────────────────────────────────────────────────────────────
             系统升级停催   pause.upgrade      999   80.6 %   ████████████████████████
             按策略联系     contact.sent       240   19.4 %   █████▊
             无解释                              1    0.1 %   ▏
            无解释：A-7 2026-03-01"#]].assert_eq(&text(&coverage(), day, day.plus_days(6), Language::Zh));
    }

    #[test]
    fn scripts_find_the_documented_fields() {
        let day = Date::parse("2026-03-01").expect("a day of the calendar");
        expect![[r#"{"by_reason":{"contact.sent":240,"pause.upgrade":999},"contacted":240,"delivered":200,"examples":[{"agreement":"A-7","date":"2026-03-01"}],"failed":12,"from":"2026-03-01","overdue_days":1240,"pending":40,"silent":999,"through":"2026-03-01","unexplained":1}"#]].assert_eq(&object(&coverage(), day, day).to_string());
    }
}

//! `verify`: everything computed again from facts and compared.

use dunlin_domain::contact::Language;
use serde_json::json;

use crate::answer::Answer;
use crate::failure::Failure;
use crate::progress::Meter;
use crate::screen::{counted, grouped};
use crate::session::Session;

/// `verify`.
///
/// # Errors
/// When the database cannot be read at all; what is wrong inside it is the answer.
pub fn run(session: &Session) -> Result<Answer, Failure> {
    let engine = session.open()?;
    let meter = Meter::endless("verifying", "agreements");
    let report = engine.verify(&|done| meter.reached(done))?;
    drop(meter);
    let [facts, postings, verdicts, messages] =
        [report.facts, report.postings, report.verdicts, report.messages].map(grouped);
    let looked_at = match session.language {
        Language::Zh => format!(
            "{} 份合约、{facts} 条记录、{postings} 笔记账凭证、{verdicts} 条判定和 {messages} 条消息",
            grouped(report.agreements)
        ),
        Language::En => format!(
            "{}, {facts} facts, {postings} postings, {verdicts} verdicts and {messages} messages",
            counted(report.agreements, "agreement")
        ),
    };
    let mut lines: Vec<String> = report.problems.clone();
    let hidden = report.problem_count.saturating_sub(report.problems.len() as u64);
    if hidden > 0 {
        let hidden = grouped(hidden);
        lines.push(match session.language {
            Language::Zh => format!("…… 另有 {hidden} 项"),
            Language::En => format!("… and {hidden} more"),
        });
    }
    lines.push(match (session.language, report.problem_count) {
        (Language::Zh, 0) => format!("核对了{looked_at}，没有发现问题"),
        (Language::Zh, count) => format!("核对了{looked_at}，发现 {} 个问题", grouped(count)),
        (Language::En, 0) => format!("nothing is wrong with {looked_at}"),
        (Language::En, count) => format!("{} among {looked_at}", counted(count, "problem")),
    });
    let json = json!({
        "problems": report.problem_count,
        "list": report.problems,
        "agreements": report.agreements,
        "facts": report.facts,
        "postings": report.postings,
        "verdicts": report.verdicts,
        "messages": report.messages,
    });
    Ok(Answer::new(lines.join("\n"), json).found_if(!report.is_clean()))
}

//! `verify`: everything computed again from facts and compared.

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
    let looked_at = format!(
        "{}, {} facts, {} postings, {} verdicts and {} messages",
        counted(report.agreements, "agreement"),
        grouped(report.facts),
        grouped(report.postings),
        grouped(report.verdicts),
        grouped(report.messages)
    );
    let mut lines: Vec<String> = report.problems.clone();
    let hidden = report.problem_count.saturating_sub(report.problems.len() as u64);
    if hidden > 0 {
        lines.push(format!("… and {} more", grouped(hidden)));
    }
    lines.push(match report.problem_count {
        0 => format!("nothing is wrong with {looked_at}"),
        count => format!("{} among {looked_at}", counted(count, "problem")),
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

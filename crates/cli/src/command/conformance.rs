//! `conformance`: cases of other systems and of regulations, played and compared number by number.

use dunlin_domain::contact::Language;
use dunlin_lab::conformance::{self, CaseReport, FileError, Outcome, Report};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::args;
use crate::failure::{Failure, exit_of_io};
use crate::session::Session;

/// `conformance`.
///
/// # Errors
/// A file that cannot be read or has no cases.
pub fn run(session: &Session, args: &args::Conformance) -> Result<Answer, Failure> {
    let report = conformance::play_file(&args.file).map_err(failure)?;
    let is_found = report.failed_count() > 0;
    Ok(Answer::new(text(&report, session.language), object(&report)).found_if(is_found))
}

fn failure(error: FileError) -> Failure {
    let refused = Failure::refused(error.code(), error.wording());
    match error {
        FileError::Io { source, .. } => Failure { exit: exit_of_io(&source), ..refused },
        FileError::TooLarge { .. }
        | FileError::NotJson { .. }
        | FileError::UnknownForm { .. }
        | FileError::Malformed { .. } => refused,
    }
}

/// One line a case, and the counts. The words that scripts look for are the same in both languages.
fn text(report: &Report, language: Language) -> String {
    let mut lines: Vec<String> = report.cases.iter().map(line).collect();
    lines.push(counts(report, language));
    lines.join("\n")
}

fn line(case: &CaseReport) -> String {
    let CaseReport { id, title, outcome } = case;
    match outcome {
        Outcome::Passed => format!("pass {id} {title}").trim_end().to_owned(),
        Outcome::Differs(differences) => {
            let mut names: Vec<&str> = differences.iter().map(|(convention, _)| convention.code).collect();
            names.dedup();
            let first = differences.first().map(|(_, failure)| failure.to_string()).unwrap_or_default();
            format!("diff {id} {first} (convention {})", names.join(", "))
        }
        Outcome::Failed(failure) => format!("FAIL {id} {failure}"),
    }
}

fn counts(report: &Report, language: Language) -> String {
    let (passed, failed, differing) =
        (report.passed_count(), report.failed_count(), report.differing_count());
    let conventions = match (differing, language) {
        (0, _) => String::new(),
        (_, Language::Zh) => format!("，{differing} 例因约定不同而有差异（见 docs/conformance.md）"),
        (_, Language::En) => format!(", {differing} differ by a documented convention (docs/conformance.md)"),
    };
    match language {
        Language::Zh => {
            format!("{passed} passed, {failed} failed：{passed} 例通过，{failed} 例不符{conventions}")
        }
        Language::En => format!("{passed} passed, {failed} failed{conventions}"),
    }
}

fn object(report: &Report) -> Value {
    let cases = report.cases.iter().map(|case| {
        let (outcome, step, message, conventions) = match &case.outcome {
            Outcome::Passed => ("pass", None, None, Vec::new()),
            Outcome::Differs(differences) => {
                let names = differences.iter().map(|(convention, _)| convention.code).collect();
                let first = differences.first().map(|(_, failure)| failure);
                ("diff", first.and_then(|first| first.step), first.map(|first| &first.message), names)
            }
            Outcome::Failed(failure) => ("fail", failure.step, Some(&failure.message), Vec::new()),
        };
        json!({
            "id": case.id,
            "title": case.title,
            "outcome": outcome,
            "step": step,
            "message": message,
            "conventions": conventions,
        })
    });
    json!({
        "passed": report.passed_count(),
        "failed": report.failed_count(),
        "differing": report.differing_count(),
        "cases": cases.collect::<Vec<_>>(),
    })
}

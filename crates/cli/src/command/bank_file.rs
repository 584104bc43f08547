//! `bank-file`: what the bank says came in, and what could not be matched.

use dunlin_domain::contact::Language;
use dunlin_engine::payment::incoming::Incoming;
use dunlin_server::api::incoming::IncomingJson;
use serde_json::{Value, json};

use super::change_words::recorded_text;
use super::pay::value;
use crate::answer::Answer;
use crate::args::waivers::BankFile;
use crate::failure::Failure;
use crate::screen::{counted, lines_of, table};
use crate::session::Session;

/// `bank-file`.
///
/// # Errors
/// A file that cannot be taken; what the engine refuses; what the database says.
pub fn run(session: &Session, command: &BankFile) -> Result<Answer, Failure> {
    match command {
        BankFile::Import(args) => import(session, &args.file),
        BankFile::Unmatched => unmatched(session),
        BankFile::Assign(args) => {
            let assigned = session.open()?.assign_incoming(&args.entry, &args.agreement, session.caller())?;
            Ok(one(session, &assigned))
        }
        BankFile::SendBack(args) => {
            let sent = session.open()?.send_back_incoming(&args.entry, &args.reason, session.caller())?;
            Ok(one(session, &sent))
        }
    }
}

fn import(session: &Session, file: &std::path::Path) -> Result<Answer, Failure> {
    let report = session.open()?.import_bank_file(file, session.caller())?;
    let json = json!({
        "file": file.display().to_string(),
        "statements": report.statements,
        "statements_known": report.statements_known,
        "entries": report.entries,
        "applied": report.applied,
        "waiting": report.waiting,
        "unmatched": report.unmatched,
        "outgoing": report.outgoing,
        "repeated": report.repeated,
    });
    let text = match session.language {
        Language::Zh => format!(
            "{} 条：入账 {}，等待原款 {}，待认领 {}，支出 {}，重复 {}",
            report.entries,
            report.applied,
            report.waiting,
            report.unmatched,
            report.outgoing,
            report.repeated
        ),
        Language::En => format!(
            "{}: {} applied, {} waiting for their payment, {} unmatched, {} outgoing, {} known from before",
            if report.entries == 1 { "1 entry".to_owned() } else { format!("{} entries", report.entries) },
            report.applied,
            report.waiting,
            report.unmatched,
            report.outgoing,
            report.repeated
        ),
    };
    let mut lines = vec![text];
    if report.unmatched > 0 {
        lines.push(match session.language {
            Language::Zh => "待认领的款项：dunlin bank-file unmatched".to_owned(),
            Language::En => format!(
                "{} kept: see `dunlin bank-file unmatched`",
                counted(i128::from(report.unmatched), "unmatched amount")
            ),
        });
    }
    Ok(Answer::new(lines.join("\n"), json))
}

fn unmatched(session: &Session) -> Result<Answer, Failure> {
    let entries = session.open()?.open_incoming()?;
    let documents: Vec<Value> = entries.iter().map(|entry| value(&IncomingJson::new(entry))).collect();
    let json = json!({ "entries": documents });
    if entries.is_empty() {
        let text = match session.language {
            Language::Zh => "没有待认领或等待中的款项",
            Language::En => "nothing is unmatched or waiting",
        };
        return Ok(Answer::new(text, json));
    }
    let header = match session.language {
        Language::Zh => ["条目", "来源", "类型", "起息日", "金额", "附言", "原因"],
        Language::En => ["entry", "from", "kind", "value date", "amount", "text", "why"],
    };
    let mut rows = table(&header, &[4]);
    for entry in &entries {
        let row = &entry.row;
        rows.add_row([
            entry.id(),
            format!("{} {}", row.source, row.source_name),
            row.kind.clone(),
            row.value_on.to_string(),
            format!("{} {}", row.amount, row.currency),
            row.text.clone(),
            format!("{}: {}", row.code, row.detail),
        ]);
    }
    Ok(Answer::new(lines_of(&rows), json))
}

fn one(session: &Session, entry: &Incoming) -> Answer {
    let agreement = entry.agreement.clone().unwrap_or_default();
    let head = match (session.language, entry.row.state.as_str()) {
        (Language::Zh, "applied") => format!("{} 已记入合约 {agreement}", entry.id()),
        (Language::Zh, _) => format!("{} 已退回：{}", entry.id(), entry.row.detail),
        (Language::En, "applied") => format!("{} is recorded for {agreement}", entry.id()),
        (Language::En, _) => format!("{} went back: {}", entry.id(), entry.row.detail),
    };
    let details = entry.recorded.iter().map(|recorded| recorded_text(recorded, session.language));
    let text = std::iter::once(head).chain(details).collect::<Vec<_>>().join("\n");
    Answer::new(text, value(&IncomingJson::new(entry)))
}

//! `privacy`: what is held about a customer, its correction, restriction and deletion, and the log of all that.

mod copy_words;

use dunlin_domain::wording;
use std::path::Path;

use dunlin_domain::contact::Language;
use dunlin_engine::privacy::{Deletion, entry_json};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::args::people::{self, PrivacyAccess, PrivacyCorrect};
use crate::failure::{Failure, exit_of_io};
use crate::screen::{counted, lines_of, table};
use crate::session::Session;

/// `privacy`.
///
/// # Errors
/// What the engine refuses; what the database says.
pub fn run(session: &Session, command: &people::Privacy) -> Result<Answer, Failure> {
    match command {
        people::Privacy::Access(args) => access(session, args),
        people::Privacy::Copy(args) => copy(session, args),
        people::Privacy::Correct(args) => correct(session, args),
        people::Privacy::Restrict(args) => {
            session.open()?.privacy_restrict(
                &args.customer,
                &args.reason,
                &args.evidence,
                session.caller(),
            )?;
            Ok(said(
                session,
                "资料已限制处理：仅保存，不再联系",
                "the data are restricted: kept, and not used",
            ))
        }
        people::Privacy::Unrestrict(args) => {
            let (customer, withdrawn) = (&args.customer, args.withdrawn.as_deref());
            session.open()?.privacy_unrestrict(customer, &args.reason, withdrawn, session.caller())?;
            Ok(said(session, "限制已解除", "the restriction is ended"))
        }
        people::Privacy::Delete(args) => delete(session, args),
        people::Privacy::EraseDue => erase_due(session),
        people::Privacy::Log(args) => log(session, &args.customer),
    }
}

fn said(session: &Session, zh: &str, en: &str) -> Answer {
    let text = match session.language {
        Language::Zh => zh,
        Language::En => en,
    };
    Answer::new(text, json!({ "done": true }))
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text).map_err(|error| Failure {
        code: "output",
        message: wording!(
            "无法写入 {}：{error}；请指定其他文件",
            "cannot write {}: {error}; name another file",
            path.display()
        ),
        exit: exit_of_io(&error),
    })
}

/// Everything held, as an object; to a file where one is named.
fn access(session: &Session, args: &PrivacyAccess) -> Result<Answer, Failure> {
    let all = session.open()?.privacy_access(&args.customer, args.viewer, "access", session.caller())?;
    let pretty = format!("{all:#}");
    if let Some(file) = &args.out {
        write(file, &pretty)?;
        return Ok(Answer::new(format!("written to {}", file.display()), json!({ "file": file })));
    }
    Ok(Answer::new(pretty, all))
}

/// The same to read, in the language that was asked for.
fn copy(session: &Session, args: &PrivacyAccess) -> Result<Answer, Failure> {
    let all = session.open()?.privacy_access(&args.customer, args.viewer, "copy", session.caller())?;
    let text = readable(&all, session.language);
    if let Some(file) = &args.out {
        write(file, &text)?;
        return Ok(Answer::new(format!("written to {}", file.display()), json!({ "file": file })));
    }
    Ok(Answer::new(text, all))
}

/// The headings of a copy, by the fields of what is held.
const HEADINGS: [(&str, &str, &str); 9] = [
    ("customer", "您的资料", "About you"),
    ("contact_points", "联系方式", "Numbers and addresses"),
    ("contact_point_changes", "联系方式的变更", "Changes of numbers and addresses"),
    ("contact_point_proofs", "联系方式的核实", "What shows that these are yours"),
    ("agreements", "合约", "Agreements"),
    ("circumstances", "登记的情况", "What was recorded"),
    ("calls", "通话", "Calls"),
    ("replies", "您的回复", "What you wrote to us"),
    ("processing_log", "处理记录", "What was done with your data"),
];

fn readable(all: &Value, language: Language) -> String {
    let mut lines = Vec::new();
    for (field, zh, en) in HEADINGS {
        let Some(value) = all.get(field) else { continue };
        lines.push(match language {
            Language::Zh => format!("# {zh}"),
            Language::En => format!("# {en}"),
        });
        match value {
            Value::Array(items) if items.is_empty() => lines.push("-".to_owned()),
            Value::Array(items) => items.iter().for_each(|item| item_lines(item, 0, language, &mut lines)),
            other => item_lines(other, 0, language, &mut lines),
        }
        lines.push(String::new());
    }
    lines.join("\n").trim_end().to_owned()
}

/// One thing on one line, and what belongs to it below, indented.
fn item_lines(item: &Value, depth: usize, language: Language, lines: &mut Vec<String>) {
    let Value::Object(fields) = item else { return };
    let other = match language {
        Language::Zh => "en",
        Language::En => "zh",
    };
    let plain = fields.iter().filter(|(name, value)| !value.is_array() && !value.is_null() && *name != other);
    let (colon, comma) = match language {
        Language::Zh => ("：", "，"),
        Language::En => (": ", ", "),
    };
    let words = plain.map(|(name, value)| {
        let shown = copy_words::shown(name, value, language);
        format!("{}{colon}{shown}", copy_words::field(name, language))
    });
    lines.push(format!("{}- {}", "  ".repeat(depth), words.collect::<Vec<_>>().join(comma)));
    for (name, value) in fields {
        if let Value::Array(items) = value {
            lines.push(format!(
                "{}  {}{}",
                "  ".repeat(depth),
                copy_words::field(name, language),
                colon.trim_end()
            ));
            items.iter().for_each(|item| item_lines(item, depth + 2, language, lines));
        }
    }
}

fn correct(session: &Session, args: &PrivacyCorrect) -> Result<Answer, Failure> {
    let point = args.point.as_deref().zip(args.value.as_deref());
    let engine = session.open()?;
    engine.privacy_correct(&args.customer, args.name.as_deref(), point, &args.reason, session.caller())?;
    Ok(said(session, "已更正，原资料封存", "corrected; what was there before is kept sealed"))
}

fn delete(session: &Session, args: &people::PrivacyWish) -> Result<Answer, Failure> {
    let engine = session.open()?;
    let deletion = engine.privacy_delete(&args.customer, &args.reason, &args.evidence, session.caller())?;
    let (state, until) = match deletion {
        Deletion::Restricted(until) => ("restricted", Some(until.to_string())),
        Deletion::Erased => ("erased", None),
    };
    let text = match (session.language, &until) {
        (Language::Zh, Some(until)) => format!("法定保存期至{until}：期间限制处理，到期后销毁密钥"),
        (Language::En, Some(until)) => {
            format!(
                "the law asks to keep the data until {until}: they are restricted until then, and erased after"
            )
        }
        (Language::Zh, None) => "密钥已销毁，姓名、号码和地址不可再读取".to_owned(),
        (Language::En, None) => {
            "the key is destroyed: name, numbers and addresses cannot be read any more".to_owned()
        }
    };
    Ok(Answer::new(text, json!({ "state": state, "until": until })))
}

fn erase_due(session: &Session) -> Result<Answer, Failure> {
    let erased = session.open()?.privacy_erase_due(session.caller())?;
    let text = match session.language {
        Language::Zh => format!("{}位客户的保存期已满，密钥已销毁", erased.len()),
        Language::En => format!("the keys of {} are destroyed", counted(erased.len() as u64, "customer")),
    };
    let ids: Vec<String> = erased.iter().map(ToString::to_string).collect();
    Ok(Answer::new(text, json!({ "erased": ids })))
}

fn log(session: &Session, customer: &str) -> Result<Answer, Failure> {
    let entries = session.open()?.privacy_log(customer)?;
    let json = json!({ "customer": customer, "log": entries.iter().map(entry_json).collect::<Vec<_>>() });
    if entries.is_empty() {
        return Ok(Answer::new(format!("nothing was asked about the data of customer {customer:?}"), json));
    }
    let headings = match session.language {
        Language::Zh => ["时间", "经办", "操作", "说明"],
        Language::En => ["at", "by", "action", "detail"],
    };
    let mut rows = table(&headings, &[]);
    for entry in &entries {
        rows.add_row([&entry.at.to_string(), &entry.actor, &entry.action, &entry.detail]);
    }
    Ok(Answer::new(lines_of(&rows), json))
}

//! `contact-point`: removal that can be undone, and the history of every number and address.

use dunlin_domain::wording;
use std::path::Path;

use dunlin_domain::contact::Language;
use dunlin_engine::contact_data::ContactChange;
use dunlin_engine::contact_history::{NewProof, PointEventKind, PointHistory};
use dunlin_server::api::contact::PointHistoryJson;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::args::people;
use crate::args::people::{ContactPoint, ContactPointHistory, ContactPointRemove, ContactPointRestore};
use crate::command::contact_bulk;
use crate::failure::{Failure, exit_of_io};
use crate::screen::{counted, lines_of, table};
use crate::session::Session;

/// The columns of the file that names contact points.
const COLUMNS: [&str; 2] = ["customer_id", "contact_point_id"];

/// `contact-point`.
///
/// # Errors
/// What the engine refuses; what the database says.
pub fn run(session: &Session, command: &ContactPoint) -> Result<Answer, Failure> {
    match command {
        ContactPoint::Remove(args) => remove(session, args),
        ContactPoint::Restore(args) => restore(session, args),
        ContactPoint::History(args) => history(session, args),
        ContactPoint::Verify(args) => verify(session, args),
        ContactPoint::Approve(args) => contact_bulk::approve(session, args),
        ContactPoint::Reject(args) => contact_bulk::reject(session, args),
        ContactPoint::Requests => contact_bulk::requests(session),
        ContactPoint::Batches => contact_bulk::batches(session),
        ContactPoint::Alarms => contact_bulk::alarms(session),
        ContactPoint::CloseAlarm(args) => contact_bulk::close_alarm(session, args),
    }
}

fn remove(session: &Session, args: &ContactPointRemove) -> Result<Answer, Failure> {
    let names = match &args.file {
        Some(file) => read_names(file)?,
        None => args.points.iter().map(|point| parse_name(point)).collect::<Result<_, _>>()?,
    };
    let engine = session.open()?;
    if args.preview {
        let radius = engine.contact_blast_radius(&names)?;
        let text = contact_bulk::radius_words(&radius, session.language);
        return Ok(Answer::new(text, contact_bulk::radius_json(&radius)));
    }
    let change = engine.remove_contact_points(&names, &args.reason, session.now())?;
    if change.is_pending {
        return Ok(contact_bulk::asked(session, &change));
    }
    let (points, agreements, batch) = (change.points, change.agreements, &change.batch);
    let text = match session.language {
        Language::Zh => format!(
            "已停用 {points} 个联系方式，涉及 {agreements} 份合约；恢复：dunlin contact-point restore {batch} --reason 原因"
        ),
        Language::En => format!(
            "{} of customers with {} are out of use; bring them back with `dunlin contact-point restore {batch} --reason TEXT`",
            counted(points as u64, "contact point"),
            counted(agreements as u64, "agreement"),
        ),
    };
    Ok(Answer::new(text, change_json(&change)))
}

fn restore(session: &Session, args: &ContactPointRestore) -> Result<Answer, Failure> {
    let change = session.open()?.restore_contact_points(&args.batch, &args.reason, session.now())?;
    let agreements = change.agreements;
    let text = match session.language {
        Language::Zh => {
            let what = match change.opt_outs {
                0 => format!("{} 个联系方式", change.points),
                opt_outs => format!("{opt_outs} 位客户的退订"),
            };
            format!("已恢复{what}，涉及 {agreements} 份合约；期间错过的通知将在下一次跑批时补发")
        }
        Language::En => format!(
            "{} of customers with {} are as they were; what was missed is made good by the next day's run",
            match change.opt_outs as u64 {
                0 => counted(change.points as u64, "contact point"),
                opt_outs => format!("the opt-outs of {}", counted(opt_outs, "customer")),
            },
            counted(agreements as u64, "agreement"),
        ),
    };
    Ok(Answer::new(text, change_json(&change)))
}

pub(super) fn change_json(change: &ContactChange) -> Value {
    let state = if change.is_pending { "pending" } else { "done" };
    let mut json = json!({
        "batch": change.batch,
        "state": state,
        "contact_points": change.points,
        "opt_outs": change.opt_outs,
        "agreements": change.agreements,
    });
    if let Some(radius) = &change.radius {
        json["radius"] = contact_bulk::radius_json(radius);
    }
    json
}

fn history(session: &Session, args: &ContactPointHistory) -> Result<Answer, Failure> {
    let (customer, point) = match args.customer.contains('/') {
        true => parse_name(&args.customer).map(|(customer, point)| (customer, Some(point)))?,
        false => (args.customer.clone(), None),
    };
    let history = session.open()?.contact_history(&customer, point.as_deref())?;
    Ok(told(session, &customer, &history))
}

fn verify(session: &Session, args: &people::ContactVerify) -> Result<Answer, Failure> {
    let (customer, point) = parse_name(&args.point)?;
    let (how, on, evidence) = (args.how, args.on, args.evidence.clone());
    let new = NewProof { customer: customer.clone(), point, how, on, evidence };
    let history = session.open()?.verify_contact_point(&new, session.caller())?;
    Ok(told(session, &customer, &history))
}

/// A history as a table, oldest first.
fn told(session: &Session, customer: &str, history: &PointHistory) -> Answer {
    let language = session.language;
    let head = match language {
        Language::Zh => ["联系方式", "时间", "事项", "操作人", "来源", "说明"],
        Language::En => ["contact point", "at", "what", "by", "from", "why"],
    };
    let mut rows = table(&head, &[]);
    for event in &history.events {
        let source = match (event.by.as_str(), event.place.as_str()) {
            // It came before this was kept.
            ("", "") => "-".to_owned(),
            (_, "") => event.source.label(language).to_owned(),
            (_, place) => format!("{} {place}", event.source.label(language)),
        };
        rows.add_row([
            event.external_id.clone(),
            event.at.map_or_else(|| "-".to_owned(), |at| at.to_string()),
            event_words(&event.kind, language),
            event.by.clone(),
            source,
            event.reason.clone(),
        ]);
    }
    let document = json!(PointHistoryJson::new(customer, history));
    let text = match history.events.len() {
        0 => language.pick("该客户没有联系方式", "the customer has no contact point").to_owned(),
        _ => lines_of(&rows),
    };
    Answer::new(text, document)
}

fn event_words(kind: &PointEventKind, language: Language) -> String {
    match kind {
        PointEventKind::Added { value } => format!("{} {value}", language.pick("新增", "added")),
        PointEventKind::Changed { states: (before, after), values } => {
            let states = (before != after).then(|| format!("{before} → {after}"));
            let values = values.as_ref().map(|(before, after)| format!("{before} → {after}"));
            let parts: Vec<String> = values.into_iter().chain(states).collect();
            match parts.is_empty() {
                true => language.pick("其他内容变更", "other details changed").to_owned(),
                false => parts.join(", "),
            }
        }
        PointEventKind::Verified { how, on, is_current } => {
            let words = format!("{} {on}: {}", language.pick("核实", "verified"), how.label(language));
            match is_current {
                true => words,
                false => {
                    format!("{words} {}", language.pick("（已更换号码）", "(of what stood there before)"))
                }
            }
        }
    }
}

/// Customer and contact point of `C-17/C-17-P`. An id may hold a slash, so the longest halves cannot be guessed:
/// such ids are given in a file.
fn parse_name(text: &str) -> Result<(String, String), Failure> {
    match text.split_once('/') {
        Some((customer, point)) if !customer.is_empty() && !point.is_empty() && !point.contains('/') => {
            Ok((customer.to_owned(), point.to_owned()))
        }
        Some(_) | None => {
            let complaint = wording!(
                "“{text}”不是“客户/联系方式”的写法；请写成 C-17/C-17-P，或用 --file 指定文件",
                "{text:?} is not CUSTOMER/POINT; write it as C-17/C-17-P, or give a file with --file"
            );
            Err(Failure::refused("contact_points", complaint))
        }
    }
}

fn read_names(path: &Path) -> Result<Vec<(String, String)>, Failure> {
    let file = path.display();
    let unreadable = |error: &csv::Error| {
        let line = error.position().map_or_else(String::new, |position| format!(" line {}", position.line()));
        Failure::refused(
            "contact_points",
            wording!(
                "{file}{line}：{error}；请存为 UTF-8 编码的 CSV",
                "{file}{line}: {error}; save it as CSV in UTF-8"
            ),
        )
    };
    let content = std::fs::File::open(path).map_err(|error| Failure {
        code: "contact_points",
        message: wording!(
            "无法打开 {file}：{error}；请检查路径",
            "cannot open {file}: {error}; check the path"
        ),
        exit: exit_of_io(&error),
    })?;
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(content);
    let header = reader.headers().map_err(|error| unreadable(&error))?.clone();
    let place = |column: &str| {
        // A mark that spreadsheets put in front belongs to no name.
        let found = header.iter().position(|name| name.trim_start_matches('\u{feff}') == column);
        found.ok_or_else(|| {
            let complaint = wording!(
                "{file} 第 1 行：缺少列 {column}；表头须有 {}",
                "{file} line 1: column {column} is missing; the header needs {}",
                COLUMNS.join(",")
            );
            Failure::refused("contact_points", complaint)
        })
    };
    let (customer, point) = (place(COLUMNS[0])?, place(COLUMNS[1])?);
    let mut names = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| unreadable(&error))?;
        let line = record.position().map_or(0, csv::Position::line);
        let value = |index: usize, column: &str| match record.get(index) {
            Some(value) if !value.is_empty() => Ok(value.to_owned()),
            Some(_) | None => {
                let complaint = wording!(
                    "{file} 第 {line} 行，{column}：为空；每行须写明客户和联系方式",
                    "{file} line {line}, {column}: is empty; each row names customer and contact point"
                );
                Err(Failure::refused("contact_points", complaint))
            }
        };
        names.push((value(customer, COLUMNS[0])?, value(point, COLUMNS[1])?));
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn told(result: Result<Vec<(String, String)>, Failure>) -> String {
        match result {
            Ok(names) => names.iter().map(|(customer, point)| format!("{customer} {point}\n")).collect(),
            Err(failure) => failure.message.en,
        }
    }

    fn check_file(content: &str, expected: Expect) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("points.csv");
        std::fs::write(&path, content).expect("a file in it");
        let place = format!("{}/", folder.path().display());
        expected.assert_eq(&told(read_names(&path)).replace(&place, ""));
    }

    #[test]
    fn a_file_names_contact_points_by_two_of_its_columns() {
        check_file(
            "\u{feff}contact_point_id,kind,customer_id\nP1,phone,C1\n P2 ,phone,C2\n",
            expect![[r#"
            C1 P1
            C2 P2
        "#]],
        );
    }

    #[test]
    fn a_file_that_names_none_is_refused_by_line_and_column() {
        check_file(
            "customer_id\nC1\n",
            expect![
                "points.csv line 1: column contact_point_id is missing; the header needs customer_id,contact_point_id"
            ],
        );
        check_file(
            "customer_id,contact_point_id\nC1,P1\nC2,\n",
            expect![
                "points.csv line 3, contact_point_id: is empty; each row names customer and contact point"
            ],
        );
        check_file(
            "customer_id,contact_point_id\nC1,P1\nC2\n",
            expect![
                "points.csv line 3, contact_point_id: is empty; each row names customer and contact point"
            ],
        );
        expect!["cannot open no-such.csv: No such file or directory (os error 2); check the path"]
            .assert_eq(&told(read_names(Path::new("no-such.csv"))));
    }

    #[test]
    fn a_name_is_two_ids_with_one_slash_between() {
        let read = |text: &str| parse_name(text).ok();
        assert_eq!(read("C1/P1"), Some(("C1".to_owned(), "P1".to_owned())));
        for wrong in ["C1", "C1/", "/P1", "C1/P/1", ""] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}

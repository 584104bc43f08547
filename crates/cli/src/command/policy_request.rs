//! `policy pending|changes|approve|reject`: documents that wait for a second person.

use dunlin_domain::contact::Language;
use dunlin_engine::policy_requests::{PolicyChanges, PolicyRequest, full_name};
use dunlin_engine::{Engine, PolicyImport};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::args::{PolicyDecision, PolicyNamed};
use crate::failure::Failure;
use crate::screen::{counted, lines_of, table};
use crate::session::Session;

/// `policy pending`.
pub fn pending(session: &Session) -> Result<Answer, Failure> {
    let requests = session.open()?.policy_requests()?;
    let json = json!({ "requests": requests.iter().map(request_json).collect::<Vec<_>>() });
    if requests.is_empty() {
        let text = match session.language {
            Language::Zh => "没有提交过待批准的文件；dunlin policy list 显示生效中的文件",
            Language::En => "no document was submitted; `dunlin policy list` shows those in force",
        };
        return Ok(Answer::new(text, json));
    }
    let mut rows = table(&["document", "state", "submitted by", "at", "decided by", "note"], &[]);
    for request in &requests {
        rows.add_row([
            full_name(request),
            request.state.clone(),
            request.submitted_by.clone(),
            request.submitted_at.to_string(),
            request.decided_by.clone().unwrap_or_default(),
            request.note.clone().unwrap_or_default(),
        ]);
    }
    Ok(Answer::new(lines_of(&rows), json))
}

/// `policy changes`.
pub fn changes(session: &Session, args: &PolicyNamed) -> Result<Answer, Failure> {
    let engine = session.open()?;
    let changes = changes_of(session, &engine, &args.name)?;
    let json = json!({
        "request": request_json(&changes.request),
        "before": changes.before,
        "changes": changes_json(&changes),
    });
    Ok(Answer::new(lines(session.language, &changes).join("\n"), json))
}

/// `policy approve`.
pub fn approve(session: &Session, args: &PolicyDecision) -> Result<Answer, Failure> {
    let engine = session.open()?;
    let changes = changes_of(session, &engine, &args.name)?;
    let request = engine.approve_policy(&args.name, &args.note, session.caller())?;
    let name = full_name(&request);
    let mut told = vec![match session.language {
        Language::Zh => format!("{name}已批准，自生效日起适用"),
        Language::En => format!("{name} is approved and in force from its first day on"),
    }];
    told.extend(lines(session.language, &changes));
    let mut json = request_json(&request);
    json["changes"] = Value::Array(changes_json(&changes));
    Ok(Answer::new(told.join("\n"), json))
}

/// `policy reject`.
pub fn reject(session: &Session, args: &PolicyDecision) -> Result<Answer, Failure> {
    let request = session.open()?.reject_policy(&args.name, &args.note, session.caller())?;
    let name = full_name(&request);
    let text = match session.language {
        Language::Zh => format!("{name}未获批准；修改后可再次提交"),
        Language::En => format!("{name} is rejected; it may be changed and imported again"),
    };
    Ok(Answer::new(text, request_json(&request)))
}

/// What an import that waits has to tell: how it goes on, and what it changes.
pub fn told(
    session: &Session,
    engine: &Engine,
    done: &PolicyImport,
) -> Result<(Vec<String>, Vec<Value>), Failure> {
    let name = format!("{}/{}@{}", done.kind, done.name, done.version);
    let changes = changes_of(session, engine, &name)?;
    let mut told = lines(session.language, &changes);
    told.push(match session.language {
        Language::Zh => format!("  须由他人批准后才生效：dunlin policy approve {name}"),
        Language::En => {
            format!("  it is in force when another person approves it: dunlin policy approve {name}")
        }
    });
    Ok((told, changes_json(&changes)))
}

fn changes_of(session: &Session, engine: &Engine, name: &str) -> Result<PolicyChanges, Failure> {
    Ok(engine.policy_changes(name, session.now().date_in(engine.zone()))?)
}

fn lines(language: Language, changes: &PolicyChanges) -> Vec<String> {
    let name = full_name(&changes.request);
    let head = match (&changes.before, language) {
        (Some(before), Language::Zh) => format!("{before} → {name}：{}处不同", changes.changes.len()),
        (Some(before), Language::En) => {
            format!("{before} → {name}: {}", counted(changes.changes.len() as u64, "change"))
        }
        (None, Language::Zh) => format!("{name}："),
        (None, Language::En) => format!("{name}:"),
    };
    let text = |(zh, en): &(String, String)| match language {
        Language::Zh => format!("  {zh}"),
        Language::En => format!("  {en}"),
    };
    std::iter::once(head).chain(changes.changes.iter().map(text)).collect()
}

fn changes_json(changes: &PolicyChanges) -> Vec<Value> {
    changes.changes.iter().map(|(zh, en)| json!({ "zh": zh, "en": en })).collect()
}

fn request_json(request: &PolicyRequest) -> Value {
    json!({
        "kind": request.kind,
        "name": request.name,
        "version": request.version,
        "file": request.file_name,
        "state": request.state,
        "submitted_by": request.submitted_by,
        "submitted_at": request.submitted_at.to_string(),
        "decided_by": request.decided_by,
        "note": request.note,
    })
}

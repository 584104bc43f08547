//! `template`: versions of templates, submitted, previewed, and approved by a second person.

use dunlin_domain::contact::{Channel, Language};
use dunlin_domain::wording;
use dunlin_engine::policy::PolicyKind;
use dunlin_engine::policy_requests::PolicyRequest;
use dunlin_engine::templates::Preview;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::args::people::{self, TemplatePreview};
use crate::failure::{Failure, exit_of_io};
use crate::screen::{lines_of, table};
use crate::session::Session;
use crate::words as words_of;

/// `template`.
///
/// # Errors
/// What the engine refuses; what the database says.
pub fn run(session: &Session, command: &people::Template) -> Result<Answer, Failure> {
    let engine = session.open()?;
    let caller = session.caller();
    let request = match command {
        people::Template::Submit(args) => {
            let file = args.file.display().to_string();
            let text = std::fs::read_to_string(&args.file).map_err(|error| Failure {
                code: "policy",
                message: wording!(
                    "无法读取 {file}：{error}；请检查路径，并确认是 UTF-8",
                    "cannot read {file}: {error}; check the path and that it is UTF-8"
                ),
                exit: exit_of_io(&error),
            })?;
            engine.submit_template(&file, &text, caller)?
        }
        people::Template::Approve(args) => {
            engine.approve_policy(&full_name(&args.name), &args.note, caller)?
        }
        people::Template::Reject(args) => engine.reject_policy(&full_name(&args.name), &args.note, caller)?,
        people::Template::List => {
            let mut requests = engine.policy_requests()?;
            requests.retain(|request| request.kind == PolicyKind::Template.code());
            return Ok(list(&requests, session.language));
        }
        people::Template::Preview(args) => return preview(session, args),
    };
    Ok(Answer::new(words(session.language, &request), request_json(&request)))
}

/// A template's name among all documents that wait.
fn full_name(name: &str) -> String {
    format!("{}/{name}", PolicyKind::Template)
}

fn words(language: Language, request: &PolicyRequest) -> String {
    let name = format!("{}@{}", request.name, request.version);
    match (language, request.state.as_str()) {
        (Language::Zh, "approved") => format!("模板 {name} 已批准，自生效日起使用"),
        (Language::Zh, "rejected") => format!("模板 {name} 未获批准；修改后可再次提交"),
        (Language::Zh, _) => format!("模板 {name} 已提交；须由他人批准：dunlin template approve {name}"),
        (Language::En, "approved") => format!("{name} is approved and used from its first day on"),
        (Language::En, "rejected") => format!("{name} is rejected; it may be changed and submitted again"),
        (Language::En, _) => format!(
            "{name} is submitted; it is used when another person approves it with `dunlin template approve {name}`"
        ),
    }
}

fn list(requests: &[PolicyRequest], language: Language) -> Answer {
    let json = json!({ "templates": requests.iter().map(request_json).collect::<Vec<_>>() });
    if requests.is_empty() {
        let text = language.pick(
            "没有提交过模板；生效中的模板见 `dunlin policy list`",
            "no template was submitted; `dunlin policy list` shows those in force",
        );
        return Answer::new(text, json);
    }
    let head = match language {
        Language::Zh => ["模板", "状态", "提交人", "提交时间", "审批人", "备注"],
        Language::En => ["template", "state", "submitted by", "at", "decided by", "note"],
    };
    let mut rows = table(&head, &[]);
    for request in requests {
        rows.add_row([
            format!("{}@{}", request.name, request.version),
            words_of::request_state(&request.state, language).to_owned(),
            request.submitted_by.clone(),
            request.submitted_at.to_string(),
            request.decided_by.clone().unwrap_or_default(),
            request.note.clone().unwrap_or_default(),
        ]);
    }
    Answer::new(lines_of(&rows), json)
}

fn request_json(request: &PolicyRequest) -> Value {
    json!({
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

fn preview(session: &Session, args: &TemplatePreview) -> Result<Answer, Failure> {
    let engine = session.open()?;
    let on = match args.on {
        Some(on) => on,
        None => match engine.last_closed_day()? {
            Some(last) => last.0,
            None => session.now().date_in(engine.zone()),
        },
    };
    if args.channel == Channel::Email {
        session.warn_of_answers()?;
    }
    let shown = engine.preview_template(&args.name, &args.agreement, args.channel, args.language, on)?;
    Ok(Answer::new(preview_text(&shown, session.language), preview_json(&shown))
        .found_if(!shown.forbidden.is_empty()))
}

fn preview_text(shown: &Preview, language: Language) -> String {
    let mut lines = Vec::new();
    if !shown.subject.is_empty() {
        lines.push(shown.subject.clone());
        lines.push(String::new());
    }
    lines.push(shown.body.clone());
    lines.push(String::new());
    let length = match (language, shown.segments) {
        (Language::Zh, Some((count, alphabet))) => {
            format!("{}字，{count}条短信（{alphabet}）", shown.letter_count)
        }
        (Language::En, Some((count, alphabet))) => {
            format!("{} letters, {count} text messages ({alphabet})", shown.letter_count)
        }
        (Language::Zh, None) => format!("{}字", shown.letter_count),
        (Language::En, None) => format!("{} letters", shown.letter_count),
    };
    let channel = words_of::channel(shown.channel, language);
    lines.push(match language {
        Language::Zh => format!("{} {channel}：{length}", shown.template),
        Language::En => format!("{} {}: {length}", shown.template, shown.channel),
    });
    if !shown.forbidden.is_empty() {
        lines.push(match language {
            Language::Zh => format!("含禁用语：{}", shown.forbidden.join("、")),
            Language::En => format!("words that the rules forbid: {}", shown.forbidden.join(", ")),
        });
    }
    lines.join("\n")
}

fn preview_json(shown: &Preview) -> Value {
    json!({
        "template": shown.template,
        "channel": shown.channel.code(),
        "language": shown.language.code(),
        "subject": shown.subject,
        "body": shown.body,
        "letters": shown.letter_count,
        "segments": shown.segments.map(|(count, _)| count),
        "alphabet": shown.segments.map(|(_, alphabet)| alphabet),
        "forbidden": shown.forbidden,
    })
}

//! `reply`: what customers wrote back.

use dunlin_domain::contact::Language;
use dunlin_domain::reply::ReplyMeaning;
use dunlin_engine::replies::ReplyRow;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::args::guard::{Reply, ReplyList};
use crate::failure::Failure;
use crate::screen::{lines_of, table};
use crate::session::Session;

/// `reply`.
///
/// # Errors
/// An unknown customer; what the database says.
pub fn reply(session: &Session, command: &Reply) -> Result<Answer, Failure> {
    match command {
        Reply::List(args) => list(session, args),
    }
}

fn list(session: &Session, args: &ReplyList) -> Result<Answer, Failure> {
    let rows = session.open()?.replies(args.customer.as_deref(), args.last)?;
    let json = json!({ "replies": rows.iter().map(object).collect::<Vec<Value>>() });
    if rows.is_empty() {
        let text = match session.language {
            Language::Zh => "没有回复",
            Language::En => "nobody wrote back",
        };
        return Ok(Answer::new(text, json));
    }
    let header = match session.language {
        Language::Zh => ["时间", "渠道", "号码", "客户", "含义", "内容"],
        Language::En => ["sent at", "channel", "from", "customer", "meaning", "text"],
    };
    let mut lines = table(&header, &[]);
    for row in &rows {
        let meaning = match (row.meaning, session.language) {
            (ReplyMeaning::OptOut, Language::Zh) => "退订",
            (ReplyMeaning::OptOut, Language::En) => "opt-out",
            (ReplyMeaning::Other, Language::Zh) => "待人工阅读",
            (ReplyMeaning::Other, Language::En) => "to be read",
        };
        lines.add_row([
            row.sent_at.to_string(),
            row.channel.to_string(),
            row.sender.masked(),
            row.customer.map_or_else(|| "-".to_owned(), |customer| customer.to_string()),
            meaning.to_owned(),
            row.text.reveal().to_owned(),
        ]);
    }
    Ok(Answer::new(lines_of(&lines), json))
}

fn object(row: &ReplyRow) -> Value {
    json!({
        "reply": row.id.to_string(),
        "customer": row.customer.map(|customer| customer.to_string()),
        "contact_point": row.contact_point.map(|point| point.to_string()),
        "provider": row.provider,
        "channel": row.channel.code(),
        "from": row.sender.masked(),
        "text": row.text.reveal(),
        "meaning": row.meaning.code(),
        "sent_at": row.sent_at.to_string(),
        "received_at": row.received_at.to_string(),
        "withdrawal": row.circumstance.map(|circumstance| circumstance.to_string()),
    })
}

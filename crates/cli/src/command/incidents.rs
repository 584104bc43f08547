//! `incidents`: what the watch found, channels that failed, and agreements of which the program could not do something,
//! as they stood on a day.

use dunlin_domain::contact::Language;
use dunlin_domain::date::Timestamp;
use dunlin_server::api::AgreementIncidentJson;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::args::Incidents;
use crate::command::watch;
use crate::failure::Failure;
use crate::screen::{grouped, lines_of, table};
use crate::session::Session;
use crate::words;

/// `incidents`.
///
/// # Errors
/// A day that was not run; what the database says.
pub fn run(session: &Session, args: &Incidents) -> Result<Answer, Failure> {
    let language = session.language;
    let today = session.open()?.today(args.on)?;
    let head = match language {
        Language::Zh => ["事故", "渠道", "服务商", "发现时间", "恢复时间", "受影响消息"],
        Language::En => ["incident", "channel", "provider", "seen", "over", "messages hit"],
    };
    let mut rows = table(&head, &[5]);
    let open = language.pick("未恢复", "open");
    let over = |closed_at: Option<Timestamp>| match (closed_at, language) {
        (None, _) => open.to_owned(),
        (Some(at), Language::Zh) => format!("{at} 已恢复"),
        (Some(at), Language::En) => format!("over {at}"),
    };
    for incident in &today.incidents {
        rows.add_row([
            incident.id.clone(),
            words::channel(incident.channel, language).to_owned(),
            incident.provider.clone(),
            incident.opened_at.to_string(),
            incident.closed_at.map_or_else(|| open.to_owned(), |at| at.to_string()),
            grouped(incident.failures),
        ]);
    }
    let incidents: Vec<Value> = today.incidents.iter().map(watch::channel_json).collect();
    let mut texts = vec![match incidents.len() {
        0 => match language {
            Language::Zh => format!("{} 没有渠道中断", today.date),
            Language::En => format!("no channel was down on {}", today.date),
        },
        _ => lines_of(&rows),
    }];
    for incident in &today.agreement_incidents {
        let (id, title, seen) = (&incident.id, incident.title(language), incident.seen);
        let (since, over, detail) = (incident.opened_at, over(incident.closed_at), &incident.detail);
        texts.push(match language {
            Language::Zh => format!("{id} {title}，自 {since} 起出现 {seen} 次，{over}：{detail}"),
            Language::En => format!("{id} {title}, seen {seen} times since {since}, {over}: {detail}"),
        });
    }
    for incident in &today.watch_incidents {
        let (since, over) = (incident.opened_at, over(incident.closed_at));
        let told = watch::words(incident, session);
        texts.push(match language {
            Language::Zh => format!("自 {since} 起，{over}：{told}"),
            Language::En => format!("since {since}, {over}: {told}"),
        });
    }
    let of_agreements: Vec<Value> = today
        .agreement_incidents
        .iter()
        .map(|incident| super::pay::value(&AgreementIncidentJson::new(incident)))
        .collect();
    let on = today.date.to_string();
    let of_watch = watch::lines_json(&today.watch_incidents);
    let json = json!({
        "on": on,
        "incidents": incidents,
        "watch_incidents": of_watch,
        "agreement_incidents": of_agreements,
        "watched_at": today.watched_at.map(|at| at.to_string()),
    });
    Ok(Answer::new(texts.join("\n"), json))
}

//! `incidents`: what the watch found, channels that failed, and agreements of which the program could not do something,
//! as they stood on a day.

use dunlin_server::api::AgreementIncidentJson;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::args::Incidents;
use crate::command::watch;
use crate::failure::Failure;
use crate::screen::{grouped, lines_of, table};
use crate::session::Session;

/// `incidents`.
///
/// # Errors
/// A day that was not run; what the database says.
pub fn run(session: &Session, args: &Incidents) -> Result<Answer, Failure> {
    let today = session.open()?.today(args.on)?;
    let mut rows = table(&["incident", "channel", "provider", "seen", "over", "messages hit"], &[5]);
    for incident in &today.incidents {
        rows.add_row([
            incident.id.clone(),
            incident.channel.to_string(),
            incident.provider.clone(),
            incident.opened_at.to_string(),
            incident.closed_at.map_or_else(|| "open".to_owned(), |at| at.to_string()),
            grouped(incident.failures),
        ]);
    }
    let incidents: Vec<Value> = today.incidents.iter().map(watch::channel_json).collect();
    let mut texts = vec![match incidents.len() {
        0 => format!("no channel was down on {}", today.date),
        _ => lines_of(&rows),
    }];
    for incident in &today.agreement_incidents {
        let over = incident.closed_at.map_or_else(|| "open".to_owned(), |at| format!("over {at}"));
        texts.push(format!(
            "{} {}, seen {} times since {}, {over}: {}",
            incident.id,
            incident.title(session.language),
            incident.seen,
            incident.opened_at,
            incident.detail
        ));
    }
    for incident in &today.watch_incidents {
        let over = incident.closed_at.map_or_else(|| "open".to_owned(), |at| format!("over {at}"));
        texts.push(format!("since {}, {over}: {}", incident.opened_at, watch::words(incident, session)));
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

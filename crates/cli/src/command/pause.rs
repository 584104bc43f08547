//! `pause`: planned stops of contact.

use dunlin_domain::date::BusinessDate;
use dunlin_domain::pause::{Pause, PauseScope};
use dunlin_engine::pauses::NewPause;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::args::{self, PauseAdd, PauseEnd};
use crate::failure::Failure;
use crate::screen::{counted, lines_of, table};
use crate::session::Session;

/// `pause`.
///
/// # Errors
/// What the engine refuses; what the database says.
pub fn run(session: &Session, command: &args::Pause) -> Result<Answer, Failure> {
    match command {
        args::Pause::Add(args) => add(session, args),
        args::Pause::End(args) => end(session, args),
        args::Pause::List => list(session),
    }
}

fn add(session: &Session, args: &PauseAdd) -> Result<Answer, Failure> {
    let new = NewPause {
        kind: args.kind,
        scope: PauseScope {
            channels: args.channel.clone(),
            products: args.product.clone(),
            buckets: args.bucket.clone(),
        },
        from: BusinessDate(args.from),
        through: BusinessDate(args.through),
        reason_zh: args.reason_zh.clone(),
        reason_en: args.reason_en.clone(),
    };
    let pause = session.open()?.add_pause(&new, session.now())?;
    let text = format!(
        "{} rests {} to {}; end it early with `dunlin pause end {}`",
        scope_words(&pause.scope),
        pause.from,
        pause.through,
        pause.id
    );
    Ok(Answer::new(text, pause_json(&pause)))
}

fn end(session: &Session, args: &PauseEnd) -> Result<Answer, Failure> {
    let held = session.open()?.end_pause(args.id, session.now())?;
    let text = format!(
        "{} is ended; {} with a held notice will be looked at by the next day's run",
        args.id,
        counted(held as u64, "agreement")
    );
    Ok(Answer::new(text, json!({ "id": args.id.to_string(), "agreements_with_held_notice": held })))
}

fn list(session: &Session) -> Result<Answer, Failure> {
    let pauses = session.open()?.pauses()?;
    let json = json!({ "pauses": pauses.iter().map(pause_json).collect::<Vec<_>>() });
    if pauses.is_empty() {
        return Ok(Answer::new("there is no pause", json));
    }
    let mut rows = table(&["pause", "kind", "from", "through", "reaches", "reason", "by"], &[]);
    for pause in &pauses {
        let through = match pause.ended_on {
            Some(ended) => format!("{} (ended {ended})", pause.through),
            None => pause.through.to_string(),
        };
        rows.add_row([
            pause.id.to_string(),
            pause.kind.to_string(),
            pause.from.to_string(),
            through,
            scope_words(&pause.scope),
            format!("{} / {}", pause.reason_zh, pause.reason_en),
            pause.author.clone(),
        ]);
    }
    Ok(Answer::new(lines_of(&rows), json))
}

fn scope_words(scope: &PauseScope) -> String {
    let channels: Vec<&str> = scope.channels.iter().map(|channel| channel.code()).collect();
    let channels = if channels.is_empty() { "all contact".to_owned() } else { channels.join(", ") };
    let parts = [("products", &scope.products), ("buckets", &scope.buckets)];
    let narrowed = parts.iter().filter(|(_, names)| !names.is_empty());
    let narrowed: Vec<String> =
        narrowed.map(|(what, names)| format!("{what} {}", names.join(", "))).collect();
    if narrowed.is_empty() { channels } else { format!("{channels} ({})", narrowed.join("; ")) }
}

fn pause_json(pause: &Pause) -> Value {
    json!({
        "id": pause.id.to_string(),
        "kind": pause.kind.code(),
        "channels": pause.scope.channels.iter().map(|channel| channel.code()).collect::<Vec<_>>(),
        "products": pause.scope.products,
        "buckets": pause.scope.buckets,
        "from": pause.from.to_string(),
        "through": pause.through.to_string(),
        "reason_zh": pause.reason_zh,
        "reason_en": pause.reason_en,
        "author": pause.author,
        "ended_on": pause.ended_on.map(|date| date.to_string()),
    })
}

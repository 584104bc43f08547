//! `lab`: rehearsals that look for faults of the program.

use dunlin_engine::Location;
use dunlin_lab::chaos::{self, Outcome};
use serde_json::{Value, json};

use super::rehearse::Ground;
use crate::answer::Answer;
use crate::args::bench::{Lab, LabChaos};
use crate::failure::Failure;
use crate::progress::Meter;
use crate::screen::{grouped, lines_of, table};
use crate::session::Session;

/// `lab`.
///
/// # Errors
/// A place that holds data already; what the engine says that no fault of the rehearsal explains.
pub fn run(session: &Session, command: &Lab) -> Result<Answer, Failure> {
    match command {
        Lab::Chaos(args) => chaos(session, args),
    }
}

fn chaos(session: &Session, args: &LabChaos) -> Result<Answer, Failure> {
    let ground = Ground::prepare(session, "chaos")?;
    let location = match session.config_in(ground.folder.clone())?.location {
        server @ Location::Postgres(_) => Some(server),
        Location::Sqlite(_) => None,
    };
    let options = chaos::Options {
        seed: args.seed,
        days: args.days,
        intents: args.intents,
        folder: ground.folder.clone(),
        location,
        restart_with: args.restart_with.clone(),
        is_forgetful: false,
    };
    let meter = Meter::counted("", "");
    let outcome = chaos::run(&options, &mut |day, sent| {
        meter.title(format!("days, {} messages", grouped(sent)));
        meter.at(u64::from(day), u64::from(args.days));
    })?;
    drop(meter);
    ground.clear()?;
    let is_clean = outcome.judgement.is_clean();
    Ok(Answer::new(text(&outcome, args), outcome_json(&outcome, args)).found_if(!is_clean))
}

fn text(outcome: &Outcome, args: &LabChaos) -> String {
    let judgement = &outcome.judgement;
    let mut rows = table(&["", ""], &[1]);
    let mut add = |name: &str, value: u64| {
        rows.add_row([name.to_owned(), grouped(value)]);
    };
    add("customers", outcome.customers);
    add("messages decided on", judgement.intents);
    add("taken by the provider", judgement.taken);
    add("of them without a word", outcome.withheld);
    add("questions what became of one", outcome.questions);
    add("answered by never taken", outcome.never_taken);
    add("declared unknown at the end", judgement.declared_unknown);
    add("overdue agreement-days", judgement.overdue_days);
    add("commits lost", outcome.lost_commits);
    add("processes that ended in mid-work", outcome.crashes);
    add("clock skips", outcome.clock_skips);
    add("restarts of the database", outcome.restarts);
    add("forged call-backs", outcome.forged);
    for (name, count) in &outcome.done {
        add(name, *count);
    }
    for (state, count) in &judgement.states {
        add(&format!("messages {state}"), *count);
    }
    for (kind, count) in &judgement.violations {
        add(&format!("VIOLATIONS: {kind}"), *count);
    }
    let verdict = if judgement.is_clean() {
        "the auditor finds nothing lost, nothing sent twice, nothing unlawful and nothing unexplained"
            .to_owned()
    } else {
        let again =
            format!("dunlin lab chaos --seed {} --days {} --intents {}", args.seed, args.days, args.intents);
        format!("{}\nthe same again: {again}", judgement.told.join("\n"))
    };
    format!("{}\n\n{verdict}", lines_of(&rows))
}

fn outcome_json(outcome: &Outcome, args: &LabChaos) -> Value {
    let judgement = &outcome.judgement;
    json!({
        "seed": args.seed,
        "days": args.days,
        "customers": outcome.customers,
        "intents": judgement.intents,
        "taken": judgement.taken,
        "requests": outcome.requests,
        "withheld": outcome.withheld,
        "questions": outcome.questions,
        "never_taken": outcome.never_taken,
        "declared_unknown": judgement.declared_unknown,
        "overdue_days": judgement.overdue_days,
        "lost_commits": outcome.lost_commits,
        "crashes": outcome.crashes,
        "clock_skips": outcome.clock_skips,
        "restarts": outcome.restarts,
        "forged": outcome.forged,
        "done": outcome.done,
        "reasons": judgement.reasons,
        "states": judgement.states,
        "violations": judgement.violations,
        "told": judgement.told,
    })
}

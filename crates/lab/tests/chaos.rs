//! A short rehearsal of faults on both databases: nothing is lost, sent twice, unlawful or unexplained, the same seed does
//! the same again, and an auditor who is shown something wrong says so.

#[path = "../../cli/tests/shared/database.rs"]
mod database;

use database::TestDatabase;
use dunlin_domain::date::Date;
use dunlin_domain::fallback::FallbackCause;
use dunlin_domain::message::MessageState;
use dunlin_domain::reason::Reason;
use dunlin_engine::Location;
use dunlin_lab::chaos::auditor::{Case, judge_case};
use dunlin_lab::chaos::chains::Follow;
use dunlin_lab::chaos::gateway::Told;
use dunlin_lab::chaos::{Options, Outcome, run, run_inspected};

fn options(seed: u64, folder: &std::path::Path) -> Options {
    Options {
        seed,
        days: 5,
        intents: 150,
        folder: folder.to_owned(),
        location: None,
        restart_with: None,
        is_forgetful: false,
    }
}

fn rehearse(seed: u64) -> Outcome {
    let folder = tempfile::tempdir().expect("a temporary folder");
    run(&options(seed, folder.path()), &mut |_, _| {}).expect("only our own faults keep it from being done")
}

fn assert_clean(outcome: &Outcome) {
    let judgement = &outcome.judgement;
    assert!(judgement.is_clean(), "{:?}\n{}", judgement.violations, judgement.told.join("\n"));
    // It was a rehearsal of something.
    assert!(judgement.taken > 50 && judgement.overdue_days > 100, "{judgement:?}");
    assert!(outcome.lost_commits > 10 && outcome.crashes > 3, "{outcome:?}");
    assert!(judgement.followed > 3, "{judgement:?}");
    assert!(outcome.questions > 5, "{outcome:?}");
    assert!(outcome.done["complaints"] > 3 && outcome.done["opt-outs"] > 3, "{outcome:?}");
}

#[test]
fn under_faults_nothing_is_lost_or_sent_twice_or_unlawful_or_unexplained_and_a_seed_does_it_again() {
    let [one, again] = [1, 1].map(rehearse);
    assert_clean(&one);
    assert!(one.judgement.first_elsewhere > 0, "{one:?}");
    assert_eq!(one.judgement.states, again.judgement.states);
    assert_eq!(one.judgement.reasons, again.judgement.reasons);
    assert_eq!(
        (one.lost_commits, one.crashes, one.forged, &one.done),
        (again.lost_commits, again.crashes, again.forged, &again.done)
    );
    assert_eq!(one.requests, again.requests);
}

#[test]
fn on_a_server_that_restarts_in_mid_work_nothing_is_lost_or_sent_twice_either() {
    let database = TestDatabase::copy("chaos", "template1");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let options =
        Options { location: Some(Location::Postgres(database.url.clone())), ..options(2, folder.path()) };
    let outcome = run(&options, &mut |_, _| {}).expect("only our own faults keep it from being done");
    assert_clean(&outcome);
    assert!(outcome.restarts > 3, "{outcome:?}");
}

/// What the auditor says when it is shown a case in which one thing is wrong.
fn kinds_of(case: &Case<'_>, days: (Date, Date)) -> Vec<&'static str> {
    judge_case(case, days).violations.into_keys().collect()
}

/// The same of cases in which something is wrong with what followed on what.
fn spoiled_chains(case: &Case<'_>, days: (Date, Date)) -> Vec<(&'static str, Vec<&'static str>)> {
    let mut seen = Vec::new();
    let spoiled = |spoil: &dyn Fn(&mut Case<'_>)| {
        let mut case = case.clone();
        spoil(&mut case);
        kinds_of(&case, days)
    };
    // A chain of which the second message went out.
    let (first, second) = case
        .follows
        .iter()
        .filter_map(|(first, follow)| Some((*first, follow.message?)))
        .find(|(first, second)| {
            let is_open =
                matches!(case.messages[first].state, MessageState::Accepted | MessageState::Unknown);
            case.taken.contains_key(second) && is_open
        })
        .expect("something followed on a text that nobody told of");
    seen.push((
        "a text that had arrived",
        spoiled(&|case| {
            let told = Told { state: "delivered", is_by_reference: false, after: 0 };
            case.told.entry(first).or_default().push(told);
        }),
    ));
    seen.push((
        "an unknown chain",
        spoiled(&|case| {
            case.follows.remove(&first);
        }),
    ));
    seen.push((
        "a chain that goes back",
        spoiled(&|case| {
            let back = Follow { cause: FallbackCause::NoReceipt, message: Some(first) };
            case.follows.insert(second, back);
        }),
    ));
    seen.push((
        "one that did not fail",
        spoiled(&|case| {
            case.follows.get_mut(&first).expect("it is there").cause = FallbackCause::Failed;
        }),
    ));
    seen.push((
        "too early",
        spoiled(&|case| {
            let times = case.taken.get_mut(&second).expect("it went out");
            times[0].at = case.messages[&first].expires_at.plus_seconds(-86_400);
        }),
    ));
    seen
}

#[test]
fn an_auditor_who_is_shown_something_wrong_says_so() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut seen = Vec::new();
    let outcome = run_inspected(&options(3, folder.path()), &mut |_, _| {}, &mut |case, days| {
        let (delivered, _) = case
            .messages
            .iter()
            .find(|(id, row)| row.state == MessageState::Delivered && case.taken[id].len() == 1)
            .expect("something was delivered");
        let spoiled = |spoil: &dyn Fn(&mut Case<'_>)| {
            let mut case = case.clone();
            spoil(&mut case);
            kinds_of(&case, days)
        };
        let taken_again = |case: &mut Case<'_>, hours: i64| {
            let times = case.taken.get_mut(delivered).expect("it was taken");
            let mut again = times[0].clone();
            again.at = again.at.plus_seconds(hours * 3_600);
            again.until = again.at.plus_seconds(60).to_string();
            times.push(again);
        };
        seen.push(("twice", spoiled(&|case| taken_again(case, 0))));
        seen.push(("at night", spoiled(&|case| taken_again(case, 15))));
        seen.push(("forgotten", spoiled(&|case| drop(case.messages.remove(delivered)))));
        seen.push(("never sent", spoiled(&|case| drop(case.taken.remove(delivered)))));
        seen.push(("no verdicts", spoiled(&|case| case.spans.clear())));
        seen.push((
            "an untrue reason",
            spoiled(&|case| {
                case.spans.values_mut().flatten().for_each(|span| span.reason = Reason::Dispute);
            }),
        ));
        seen.extend(spoiled_chains(case, days));
        let silent = {
            let mut record = case.record.clone();
            for silence in &mut record.silences {
                (silence.after, silence.until) = (0, None);
            }
            kinds_of(&Case { record: &record, ..case.clone() }, days)
        };
        seen.push(("sent in spite of it", silent));
    });
    assert_clean(&outcome.expect("only our own faults keep it from being done"));
    let has = |name: &str, kind: &str| {
        let kinds = &seen.iter().find(|(known, _)| *known == name).expect("it was tried").1;
        assert!(kinds.contains(&kind), "{name}: {kinds:?}");
    };
    has("twice", "sent twice");
    has("twice", "twice a day");
    has("at night", "at night");
    has("forgotten", "lost");
    has("never sent", "state is not true");
    has("no verdicts", "unexplained");
    has("an untrue reason", "reason is not true");
    has("a text that had arrived", "after it had arrived");
    has("an unknown chain", "not named");
    has("an unknown chain", "not followed");
    has("a chain that goes back", "a channel twice");
    has("one that did not fail", "cause is not true");
    has("too early", "too early");
    has("sent in spite of it", "against a silence");
}

#[test]
fn a_provider_that_says_of_what_it_took_that_it_never_did_is_found_by_the_auditor() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let options = Options { is_forgetful: true, intents: 300, ..options(1, folder.path()) };
    let outcome = run(&options, &mut |_, _| {}).expect("only our own faults keep it from being done");
    assert!(outcome.never_taken > 0, "{outcome:?}");
    assert!(outcome.judgement.violations.contains_key("sent twice"), "{:?}", outcome.judgement.violations);
}

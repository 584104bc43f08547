//! Caps of calls and of messages under many workers at once: a day's and a rolling window's; contacts that come with a
//! portfolio take up room in them as those of Dunlin do.

use std::collections::BTreeMap;
use std::sync::Barrier;

use dunlin_domain::circumstance::CircumstanceKind;
use dunlin_domain::compliance::PlacedOutcome;
use dunlin_domain::contact::Channel;
use dunlin_domain::date::Timestamp;
use dunlin_engine::calls::{CallWay, NewCall, NewCallRecord};
use dunlin_engine::circumstances::NewCircumstance;
use dunlin_engine::payment::Caller;
use dunlin_engine::portfolio::{PastContactRow, PastOutcome};
use dunlin_engine::{Engine, EngineError};

use crate::ground::{FIRST_DAY, Ground, agreement, customer, grounds, moment, run_days};

/// Workers that fight over one debtor.
const WORKER_COUNT: usize = 16;

/// One debtor with so many agreements, all of them overdue.
fn debtor(ground: &Ground, agreement_count: u32) -> Engine {
    let engine = ground.engine("first");
    ground.import(&engine, moment("2026-12-31", 0), |writer| {
        customer(writer, 0);
        for index in 0..agreement_count {
            agreement(writer, index, 0);
        }
    });
    run_days(&engine, FIRST_DAY, 4);
    engine
}

fn caller(now: Timestamp) -> Caller<'static> {
    Caller { actor: "agent", now }
}

/// Has every worker ask for a call at once, spread over the agreements; the codes of the answers, with how often each
/// came.
fn asked_at_once(ground: &Ground, now: Timestamp, agreement_count: usize) -> BTreeMap<&'static str, u32> {
    let engines: Vec<Engine> =
        (0..WORKER_COUNT).map(|number| ground.engine(&format!("worker-{number}"))).collect();
    let start = Barrier::new(WORKER_COUNT);
    let ask = |index: usize, engine: &Engine| {
        let new = NewCall {
            agreement: format!("A-{}", index % agreement_count),
            contact_point: None,
            by: Some(format!("agency {}", index % 3)),
        };
        start.wait();
        // Each asks in its own microsecond, as people do.
        let moment = Timestamp::from_micros(now.micros() + index as i64);
        match engine.begin_call(&new, caller(moment)) {
            Ok(_) => "leave",
            Err(EngineError::Refused { code, .. }) => code,
            Err(error) => panic!("{error}"),
        }
    };
    let mut answers = BTreeMap::new();
    std::thread::scope(|scope| {
        let threads: Vec<_> = engines
            .iter()
            .enumerate()
            .map(|(index, engine)| {
                let ask = &ask;
                scope.spawn(move || ask(index, engine))
            })
            .collect();
        for thread in threads {
            *answers.entry(thread.join().expect("the thread ends")).or_default() += 1;
        }
    });
    answers
}

#[test]
fn agents_who_call_one_debtor_at_once_keep_to_the_calls_of_the_day() {
    for ground in grounds() {
        let engine = debtor(&ground, 6);
        let noon = moment("2026-02-12", 12);
        let answers = asked_at_once(&ground, noon, 6);
        // The lender allows itself two calls a day, over all agreements and agencies.
        assert_eq!(answers, BTreeMap::from([("leave", 2), ("rule.message_cap", 14)]), "{}", ground.name);
        let calls = engine.calls("C-0").expect("calls are read");
        assert_eq!(calls.len(), 2, "{}", ground.name);
        // One of them was never placed: one more may be, and no other.
        let record = NewCallRecord {
            call: Some(calls[0].id),
            customer: None,
            agreements: Vec::new(),
            at: None,
            way: CallWay::Placed(PlacedOutcome::NotPlaced),
            contact_point: None,
            by: None,
            evidence: String::new(),
        };
        engine.record_call(&record, caller(noon)).expect("an outcome is recorded");
        let answers = asked_at_once(&ground, moment("2026-02-12", 13), 6);
        assert_eq!(answers, BTreeMap::from([("leave", 1), ("rule.message_cap", 15)]), "{}", ground.name);
        let tomorrow = asked_at_once(&ground, moment("2026-02-13", 12), 6);
        assert_eq!(tomorrow["leave"], 2, "{}", ground.name);
    }
}

#[test]
fn agents_who_call_about_one_debt_at_once_keep_to_the_calls_of_seven_dates() {
    for ground in grounds() {
        let engine = debtor(&ground, 1);
        let noon = moment("2026-02-12", 12);
        let place = NewCircumstance {
            customer: Some("C-0".to_owned()),
            agreement: None,
            contact_point: None,
            kind: CircumstanceKind::Place,
            value: "US-HI".to_owned(),
            from: Some(crate::ground::date("2026-02-01")),
            through: None,
            reason: "moved".to_owned(),
            evidence: "letter".to_owned(),
        };
        engine.add_circumstance(&place, caller(noon)).expect("a place is recorded");
        // Six calls about the debt in the six dates before; the seventh is the last that is presumed to comply.
        for day in 6..=11 {
            let record = NewCallRecord {
                call: None,
                customer: None,
                agreements: vec!["A-0".to_owned()],
                at: Some(moment(&format!("2026-02-{day:02}"), 12)),
                way: CallWay::Placed(PlacedOutcome::Unanswered),
                contact_point: None,
                by: None,
                evidence: "log".to_owned(),
            };
            engine.record_call(&record, caller(noon)).expect("a call is recorded");
        }
        let answers = asked_at_once(&ground, noon, 1);
        assert_eq!(answers, BTreeMap::from([("leave", 1), ("rule.call_frequency", 15)]), "{}", ground.name);
        // The first of the six leaves the window a day later.
        let answers = asked_at_once(&ground, moment("2026-02-13", 12), 1);
        assert_eq!(answers, BTreeMap::from([("leave", 1), ("rule.call_frequency", 15)]), "{}", ground.name);
    }
}

/// A contact with the debtor that a file tells of; about all debts unless one is named.
fn past(id: &str, about: Option<&str>, channel: Channel, at: &str, outcome: PastOutcome) -> PastContactRow {
    PastContactRow {
        contact_id: id.to_owned(),
        customer_id: "C-0".to_owned(),
        agreement_id: about.map(str::to_owned),
        channel,
        sent_at: moment(at, 9),
        outcome,
        contact_point_id: None,
    }
}

fn import_contacts(ground: &Ground, engine: &Engine, rows: &[PastContactRow]) {
    // Twice: what is known is not counted again.
    for hour in [9, 10] {
        ground.import(engine, moment("2026-02-12", hour), |writer| {
            rows.iter().for_each(|row| writer.write(row).expect("a row"));
        });
    }
}

fn refusal(engine: &Engine, agreement: &str, now: Timestamp) -> String {
    let new = NewCall { agreement: agreement.to_owned(), contact_point: None, by: None };
    match engine.begin_call(&new, caller(now)) {
        Ok(_) => "leave".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn calls_of_a_file_count_against_the_calls_of_the_day() {
    for ground in grounds() {
        let engine = debtor(&ground, 6);
        let call = past("K-1", Some("A-1"), Channel::Voice, "2026-02-12", PastOutcome::Unanswered);
        import_contacts(&ground, &engine, &[call]);
        let answers = asked_at_once(&ground, moment("2026-02-12", 12), 6);
        assert_eq!(answers, BTreeMap::from([("leave", 1), ("rule.message_cap", 15)]), "{}", ground.name);
        let tomorrow = asked_at_once(&ground, moment("2026-02-13", 12), 6);
        assert_eq!(tomorrow["leave"], 2, "{}", ground.name);
    }
}

#[test]
fn calls_of_a_file_count_by_debtor_and_day_and_by_number() {
    for ground in grounds() {
        let engine = debtor(&ground, 1);
        let attempts: Vec<PastContactRow> = (0..6)
            .map(|number| PastContactRow {
                contact_point_id: Some("CP-0-phone".to_owned()),
                ..past(&format!("U-{number}"), None, Channel::Voice, "2026-02-12", PastOutcome::Unanswered)
            })
            .collect();
        import_contacts(&ground, &engine, &attempts);
        let noon = moment("2026-02-12", 12);
        let refused = refusal(&engine, "A-0", noon);
        assert!(refused.contains("6 unanswered calls to this number today"), "{}: {refused}", ground.name);
        assert!(!refused.contains("calls taken today"), "{}: {refused}", ground.name);
        let taken: Vec<PastContactRow> = (0..3)
            .map(|number| {
                past(&format!("E-{number}"), None, Channel::Voice, "2026-02-12", PastOutcome::Effective)
            })
            .collect();
        import_contacts(&ground, &engine, &taken);
        let refused = refusal(&engine, "A-0", noon);
        assert!(refused.contains("3 calls taken today"), "{}: {refused}", ground.name);
        assert_eq!(refusal(&engine, "A-0", moment("2026-02-13", 12)), "leave", "{}", ground.name);
    }
}

#[test]
fn calls_of_a_file_count_in_the_seven_dates_of_each_debt_that_they_were_about() {
    for ground in grounds() {
        let engine = debtor(&ground, 2);
        let place = NewCircumstance {
            customer: Some("C-0".to_owned()),
            agreement: None,
            contact_point: None,
            kind: CircumstanceKind::Place,
            value: "US-HI".to_owned(),
            from: Some(crate::ground::date("2026-02-01")),
            through: None,
            reason: "moved".to_owned(),
            evidence: "letter".to_owned(),
        };
        let noon = moment("2026-02-12", 12);
        engine.add_circumstance(&place, caller(noon)).expect("a place is recorded");
        // Six about no single debt, and one about the first.
        let mut rows: Vec<PastContactRow> = (6..=11)
            .map(|day| {
                let at = format!("2026-02-{day:02}");
                past(&format!("K-{day}"), None, Channel::Voice, &at, PastOutcome::Unanswered)
            })
            .collect();
        rows.push(past("K-1", Some("A-0"), Channel::Voice, "2026-02-10", PastOutcome::NotThePerson));
        import_contacts(&ground, &engine, &rows);
        let refused = refusal(&engine, "A-0", noon);
        assert!(refused.starts_with("no call may be placed"), "{}: {refused}", ground.name);
        assert_eq!(refusal(&engine, "A-1", noon), "leave", "{}", ground.name);
        assert_ne!(refusal(&engine, "A-1", moment("2026-02-12", 13)), "leave", "{}", ground.name);
        // A conversation that a file tells of keeps a week free, about its debt.
        let spoke = past("K-2", Some("A-1"), Channel::Voice, "2026-02-12", PastOutcome::Effective);
        import_contacts(&ground, &engine, &[spoke]);
        assert_ne!(refusal(&engine, "A-1", moment("2026-02-18", 12)), "leave", "{}", ground.name);
        assert_eq!(refusal(&engine, "A-0", moment("2026-02-18", 12)), "leave", "{}", ground.name);
        assert_eq!(refusal(&engine, "A-1", moment("2026-02-19", 12)), "leave", "{}", ground.name);
    }
}

#[test]
fn messages_of_a_file_count_against_the_messages_of_the_day() {
    for (outcome, count) in [(PastOutcome::Delivered, 0), (PastOutcome::Failed, 1)] {
        for ground in grounds() {
            let engine = debtor(&ground, 1);
            let channels = [Channel::Sms, Channel::Email, Channel::Push];
            let rows: Vec<PastContactRow> = channels
                .iter()
                .map(|channel| past(channel.code(), None, *channel, "2026-02-11", outcome))
                .collect();
            import_contacts(&ground, &engine, &rows);
            engine.dispatch(moment("2026-02-11", 11)).expect("messages are sent");
            assert_eq!(ground.spooled().len(), count, "{}", ground.name);
            let report = engine.verify(&|_| {}).expect("the database can be read");
            assert_eq!(report.problems, Vec::<String>::new(), "{}", ground.name);
        }
    }
}

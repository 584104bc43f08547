//! Calls that agents place: who gets which task, what a lease that runs out leaves behind, and what outcomes do.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::channel;
use std::sync::{Barrier, Mutex};

use dunlin_domain::call_task::{CallResult, CallTaskState};
use dunlin_domain::contact::Channel;
use dunlin_domain::date::Timestamp;
use dunlin_domain::id::MessageId;
use dunlin_engine::call_tasks::{CallReport, CallSheet};
use dunlin_engine::delivery::{AgentsConfig, ProviderConfig, ProviderKind, Routing, SipConfig, SipTransport};
use dunlin_engine::dispatch::{Lane, Sending};
use dunlin_engine::payment::Caller;
use dunlin_engine::portfolio::PortfolioWriter;
use dunlin_engine::{Clock, Config, Engine, EngineError, SpoolConfig};
use dunlin_store::message;
use expect_test::{Expect, expect};

use crate::ground::{
    FIRST_DAY, Ground, agreement, customer, customer_who_opted_out, date, grounds, moment, run_days,
};
use crate::trunk::{Phone, Trunk, answer as taken, press, receive, send, settings};

/// The day on which every one of these debts is called about.
const DAY: &str = "2026-03-13";

/// Agents at work at the same time.
const AGENT_COUNT: usize = 16;

/// An engine whose messages by voice go to agents.
fn with_agents(ground: &Ground, worker: &str) -> Engine {
    with_team_and(ground, worker, None)
}

/// The same, with a trunk that goes before the agents.
fn with_team_and(ground: &Ground, worker: &str, trunk: Option<SipConfig>) -> Engine {
    let spool = SpoolConfig { folder: ground.folder.join("spool"), durable: false };
    let mut providers = vec![
        ProviderConfig {
            name: "spool".to_owned(),
            channels: vec![Channel::Sms, Channel::Email, Channel::Push, Channel::Letter],
            kind: ProviderKind::Spool(spool),
        },
        ProviderConfig {
            name: "team".to_owned(),
            channels: vec![Channel::Voice],
            kind: ProviderKind::Agents(AgentsConfig::default()),
        },
    ];
    providers.extend(trunk.map(|sip| ProviderConfig {
        name: "trunk".to_owned(),
        channels: vec![Channel::Voice],
        kind: ProviderKind::Sip(sip),
    }));
    let config = Config { providers, clock: Some(Clock::Real), ..ground.config(worker) };
    let engine = Engine::open(config, moment(FIRST_DAY, 0), [7; 32]).expect("an engine opens");
    let behind = Routing { priority: 2, ..Routing::default() };
    engine.with_routing(BTreeMap::from([("team".to_owned(), behind)]))
}

/// A portfolio that is a month past due, with its calls of [`DAY`] offered at ten in the morning.
fn offered(ground: &Ground, write: impl FnOnce(&mut PortfolioWriter)) -> Engine {
    let first = ground.engine("first");
    ground.import(&first, moment("2026-12-31", 0), write);
    run_days(&first, DAY, 1);
    drop(first);
    let engine = with_agents(ground, "office");
    engine.dispatch(at(10)).expect("a round of sending");
    engine
}

fn at(hour: i8) -> Timestamp {
    moment(DAY, hour)
}

fn caller(now: Timestamp) -> Caller<'static> {
    Caller { actor: "test", now }
}

fn next(engine: &Engine, agent: &str, now: Timestamp) -> Option<CallSheet> {
    engine.next_call(agent, caller(now)).expect("the queue is read")
}

fn report(task: MessageId, agent: &str, result: CallResult) -> CallReport {
    CallReport {
        task,
        agent: agent.to_owned(),
        result,
        note: String::new(),
        evidence: String::new(),
        promise: None,
        call_back_at: None,
    }
}

/// What the message of a task is, what the call is, and the counters of the day.
fn check(engine: &Engine, customer: &str, task: MessageId, expected: &Expect) {
    let row = engine.db().read(|tx| message::find(tx, task)).expect("it is read").expect("a message");
    let calls = engine.calls(customer).expect("calls are read");
    let calls: Vec<&str> = calls.iter().map(|call| call.way.outcome()).collect();
    let sql = "select n from contact_count where part >= 0 order by n";
    let counts = engine.db().read(|tx| tx.query(sql, &[], |row| Ok(row.int(0)))).expect("counts are read");
    let counts: i64 = counts.iter().sum();
    expected.assert_eq(&format!("{} {calls:?} counted {counts}; {}", row.state, row.state_detail));
    let report = engine.verify(&|_| {}).expect("it can be verified");
    assert!(report.is_clean(), "{report:?}");
}

fn one_debtor(writer: &mut PortfolioWriter) {
    customer(writer, 1);
    agreement(writer, 1, 1);
}

#[test]
fn an_agent_sees_what_to_say_at_once_and_the_number_when_it_is_dialled() {
    for ground in grounds() {
        let engine = offered(&ground, one_debtor);
        let sheet = next(&engine, "li", at(10)).expect("a task");
        assert_eq!((sheet.number.as_str(), sheet.name.as_str()), ("100****001", "王**"), "{}", ground.name);
        assert!(sheet.days_past_due == 31 && sheet.total.is_positive(), "{sheet:?}");
        let sections = sheet.sections(dunlin_domain::contact::Language::En);
        let codes: Vec<&str> = sections.iter().map(|section| section.code).collect();
        assert_eq!(codes, ["identity", "recording", "amount", "reason", "text", "must_not"]);
        assert!(sheet.text.reveal().contains("示例消金"), "the lender is named");
        let again = next(&engine, "li", at(10)).expect("the same task");
        assert_eq!(again.task, sheet.task, "who asks again has the same one");
        assert!(next(&engine, "wang", at(10)).is_none(), "{}: nobody else gets it", ground.name);
        assert!(engine.dial_call(sheet.task, "wang", caller(at(10))).is_err(), "it is not theirs");
        let dialled = engine.dial_call(sheet.task, "li", caller(at(10))).expect("the number");
        assert_eq!(dialled.number, "10000000001");
        engine.report_call(&report(sheet.task, "li", CallResult::Answered), caller(at(11))).expect("told");
        let told = expect![[r#"delivered ["conversation"] counted 2; "#]];
        check(&engine, "C-1", sheet.task, &told);
        let twice = engine.report_call(&report(sheet.task, "li", CallResult::Answered), caller(at(12)));
        assert!(twice.is_ok(), "told twice, nothing changes");
        let notes = || engine.replies(Some("C-1"), 100).expect("replies are read").len();
        let before = notes();
        let noted = |note: &str| CallReport {
            note: note.to_owned(),
            ..report(sheet.task, "li", CallResult::Answered)
        };
        for (note, kept) in
            [("asked for the statement", 1), ("asked for the statement ", 1), ("moves in May", 2)]
        {
            engine.report_call(&noted(note), caller(at(12))).expect("told again, with words");
            assert_eq!(notes() - before, kept, "{}: {note:?} is kept once", ground.name);
        }
        let other = engine.report_call(&report(sheet.task, "li", CallResult::Busy), caller(at(12)));
        assert!(matches!(other, Err(EngineError::Refused { code: "call_recorded", .. })), "{other:?}");
    }
}

#[test]
fn a_lease_that_runs_out_frees_the_task_and_gives_the_budget_back_unless_it_was_dialled() {
    for ground in grounds() {
        let engine = offered(&ground, one_debtor);
        let sheet = next(&engine, "li", at(10)).expect("a task");
        check(
            &engine,
            "C-1",
            sheet.task,
            &expect![[r#"sending ["pending"] counted 3; capacity.agents: waits for an agent"#]],
        );
        let late = at(10).plus_seconds(601);
        let refused = engine.dial_call(sheet.task, "li", caller(late));
        assert!(matches!(refused, Err(EngineError::Refused { code: "lease", .. })), "{refused:?}");
        engine.dispatch(late).expect("a round of sending");
        check(
            &engine,
            "C-1",
            sheet.task,
            &expect![[r#"queued ["not_placed"] counted 0; capacity.agents: waits for an agent"#]],
        );
        let second = next(&engine, "wang", late).expect("it is free again");
        assert_eq!(second.task, sheet.task);
        engine.dial_call(second.task, "wang", caller(late)).expect("the number");
        engine.dispatch(late.plus_seconds(3_601)).expect("a round of sending");
        check(
            &engine,
            "C-1",
            sheet.task,
            &expect![[
                r#"unknown ["not_placed", "pending"] counted 3; fault.outcome_unknown: the agent did not tell what became of the call"#
            ]],
        );
        assert!(next(&engine, "li", late.plus_seconds(3_700)).is_none(), "nobody calls a second time");
        // The agent comes back from lunch and tells it after all.
        let told = engine.report_call(&report(sheet.task, "wang", CallResult::NoAnswer), caller(at(15)));
        assert_eq!(told.expect("a late outcome").task.state, CallTaskState::Done);
        check(
            &engine,
            "C-1",
            sheet.task,
            &expect![[
                r#"failed ["not_placed", "unanswered"] counted 2; voice.not_reached: receipt unanswered"#
            ]],
        );
    }
}

#[test]
fn sixteen_agents_never_get_one_task_twice_and_keep_to_the_calls_of_one_debtor() {
    for ground in grounds() {
        // Six debts of one person, of whom two may be called about a day, and twelve people with one each.
        let engine = offered(&ground, |writer| {
            customer(writer, 1);
            (1..7).for_each(|index| agreement(writer, index, 1));
            let others: Vec<u32> =
                (20..40).filter(|index| index % 9 != 5 && index % 5 != 0).take(12).collect();
            for index in others {
                customer(writer, index);
                agreement(writer, index, index);
            }
        });
        let engines: Vec<Engine> =
            (0..AGENT_COUNT).map(|number| with_agents(&ground, &format!("desk-{number}"))).collect();
        let start = Barrier::new(AGENT_COUNT);
        let ask = |index: usize, engine: &Engine| {
            start.wait();
            let mut tasks = Vec::new();
            let agent = format!("agent {index}");
            while let Some(sheet) = next(engine, &agent, at(11)) {
                tasks.push((sheet.task, sheet.agreement.clone()));
                engine.dial_call(sheet.task, &agent, caller(at(11))).expect("the number");
                let told =
                    engine.report_call(&report(sheet.task, &agent, CallResult::NoAnswer), caller(at(11)));
                told.expect("an outcome is told");
            }
            tasks
        };
        let mut given: Vec<(MessageId, String)> = Vec::new();
        std::thread::scope(|scope| {
            let ask = &ask;
            let threads: Vec<_> = engines
                .iter()
                .enumerate()
                .map(|(index, engine)| scope.spawn(move || ask(index, engine)))
                .collect();
            for thread in threads {
                given.extend(thread.join().expect("the thread ends"));
            }
        });
        let distinct: BTreeSet<MessageId> = given.iter().map(|(task, _)| *task).collect();
        assert_eq!(distinct.len(), given.len(), "{}: a task was given twice", ground.name);
        let calls = engine.calls("C-1").expect("calls are read").len();
        assert_eq!(calls, 2, "{}: the lender's calls a day to one person", ground.name);
        assert_eq!(given.len(), 14, "{}: everybody else is called", ground.name);
        let report = engine.verify(&|_| {}).expect("it can be verified");
        assert!(report.is_clean(), "{report:?}");
    }
}

#[test]
fn outcomes_do_what_they_say() {
    for ground in grounds() {
        let engine = offered(&ground, |writer| {
            for index in [1, 2, 4, 8] {
                customer(writer, index);
                agreement(writer, index, index);
            }
        });
        let mut sheets = Vec::new();
        for agent in ["a", "b", "c", "d"] {
            let sheet = next(&engine, agent, at(10)).expect("a task");
            engine.dial_call(sheet.task, agent, caller(at(10))).expect("the number");
            sheets.push((agent, sheet));
        }
        let totals: Vec<i64> = sheets.iter().map(|(_, sheet)| sheet.total.minor()).collect();
        assert!(totals.is_sorted_by(|left, right| left >= right), "most first: {totals:?}");
        let of = |index: u32| {
            let name = format!("A-{index}");
            sheets.iter().find(|(_, sheet)| sheet.agreement == name).expect("each has one")
        };
        let tell = |index: u32, result: CallResult, fill: &dyn Fn(&mut CallReport)| {
            let (agent, sheet) = of(index);
            let mut new = report(sheet.task, agent, result);
            fill(&mut new);
            engine.report_call(&new, caller(at(11)))
        };
        let without = tell(2, CallResult::CallBack, &|_| {});
        assert!(matches!(without, Err(EngineError::Refused { code: "call", .. })), "{without:?}");
        let night = tell(2, CallResult::CallBack, &|new| new.call_back_at = Some(at(23)));
        assert!(matches!(night, Err(EngineError::Refused { code: "rule.quiet_hours", .. })), "{night:?}");
        let again = tell(2, CallResult::CallBack, &|new| {
            new.call_back_at = Some(at(15));
            new.note = "after lunch, please".to_owned();
        });
        let (call_back, _) = again.expect("a call at another time").call_back.expect("it is taken down");
        tell(4, CallResult::WrongPerson, &|new| new.evidence = "rec-4".to_owned()).expect("told");
        tell(8, CallResult::Complaint, &|_| {}).expect("told");
        let state = |index: u32| {
            let row =
                engine.db().read(|tx| message::find(tx, of(index).1.task)).expect("read").expect("a message");
            format!("{} {}", row.state, row.state_detail)
        };
        assert_eq!(state(4), "failed contact_data.invalid: receipt not_the_person");
        let history = engine.contact_point_history("C-4").expect("the history is read");
        assert!(history.iter().any(|change| change.reason.contains("rec-4")), "{history:?}");
        let held = engine.circumstances("C-8").expect("entries");
        assert_eq!(held.len(), 1);
        let replies = engine.replies(Some("C-2"), 10).expect("replies are read");
        assert_eq!(replies[0].text.reveal(), "after lunch, please");
        // At three the customer is called first; before that, by nobody.
        engine.dispatch(at(14)).expect("a round of sending");
        assert!(next(&engine, "a", at(14)).is_none(), "{}", ground.name);
        engine.dispatch(at(15)).expect("a round of sending");
        let sheet = next(&engine, "a", at(15)).expect("the call back");
        assert!(sheet.task == call_back && sheet.is_call_back, "{sheet:?}");
        let report = engine.verify(&|_| {}).expect("it can be verified");
        assert!(report.is_clean(), "{report:?}");
        let promise =
            tell(1, CallResult::Promise, &|new| new.promise = Some(("50.00".to_owned(), date("2026-03-20"))));
        assert!(promise.expect("a promise").recorded.is_some());
        assert_eq!(state(1), "delivered ");
    }
}

#[test]
fn no_task_is_given_in_the_hours_of_rest_and_the_verdict_says_when_nobody_called() {
    for ground in grounds() {
        let engine = offered(&ground, one_debtor);
        assert!(next(&engine, "li", at(23)).is_none(), "{}: it is night", ground.name);
        let list = engine.call_tasks(None).expect("the list is read");
        assert_eq!(list.on, Some(date(DAY)));
        assert_eq!(list.tasks[0].task.state, CallTaskState::Withdrawn);
        engine.dispatch(moment("2026-03-14", 12)).expect("a round of sending");
        let why = engine.why("A-1", date(DAY)).expect("why is answered");
        let reason = why.reason.map(|reason| reason.code());
        assert_eq!(reason, Some("rule.quiet_hours"), "{}", ground.name);
        let report = engine.verify(&|_| {}).expect("it can be verified");
        assert!(report.is_clean(), "{report:?}");
    }
}

#[test]
fn a_call_for_which_no_agent_had_time_is_silence_with_a_name() {
    for ground in grounds() {
        let engine = offered(&ground, one_debtor);
        engine.dispatch(moment("2026-03-14", 12)).expect("a round of sending");
        let why = engine.why("A-1", date(DAY)).expect("why is answered");
        assert_eq!(why.reason.map(|reason| reason.code()), Some("capacity.agents"), "{}", ground.name);
    }
}

/// A call through a trunk at ten in the morning, on which the customer presses `key`.
fn called(ground: &Ground, key: u8) -> (Engine, MessageId) {
    let first = ground.engine("first");
    ground.import(&first, moment("2026-12-31", 0), one_debtor);
    run_days(&first, DAY, 1);
    drop(first);
    let phone = Phone::start(10, move |count, socket, to| {
        if count == 10 {
            press(key, socket, to);
        }
    });
    let steps = [receive("INVITE"), send("180 Ringing"), taken(phone.port), receive("BYE"), send("200 OK")];
    let trunk = Trunk::start(SipTransport::Udp, 1, &steps);
    let sip = settings(trunk.port, SipTransport::Udp, &ground.folder);
    let engine = with_team_and(ground, "office", Some(sip));
    let report = engine.dispatch(at(10)).expect("a round of sending");
    assert_eq!(report.accepted, 1, "{}: {report:?}", ground.name);
    phone.heard();
    let calls = engine.calls("C-1").expect("calls are read");
    (engine, calls[0].message.expect("the call is a message's"))
}

#[test]
fn texts_go_out_while_somebody_is_spoken_to() {
    for ground in grounds() {
        let first = ground.engine("first");
        ground.import(&first, moment("2026-12-31", 0), |writer| {
            one_debtor(writer);
            customer_who_opted_out(writer, 2, vec![Channel::Voice]);
            agreement(writer, 2, 2);
        });
        run_days(&first, DAY, 1);
        drop(first);
        let (speaks, spoken_to) = channel();
        let (texts_are_sent, sent) = channel::<()>();
        let sent = Mutex::new(sent);
        let phone = Phone::start(10, move |count, socket, to| {
            if count == 10 {
                speaks.send(()).expect("the test listens");
                sent.lock().expect("one phone").recv().expect("texts are sent");
                press(1, socket, to);
            }
        });
        let steps =
            [receive("INVITE"), send("180 Ringing"), taken(phone.port), receive("BYE"), send("200 OK")];
        let trunk = Trunk::start(SipTransport::Udp, 1, &steps);
        // Long enough that the call waits for the key.
        let sip = SipConfig { key_seconds: 30, ..settings(trunk.port, SipTransport::Udp, &ground.folder) };
        let engine = with_team_and(&ground, "office", Some(sip));
        let round = |lane| {
            let sending = Sending { lane, moment: &|| at(10), seconds_max: None };
            engine.send(&sending).expect("a round of sending")
        };
        std::thread::scope(|scope| {
            let calling = scope.spawn(|| round(Lane::Calls));
            spoken_to.recv().expect("the phone is spoken to");
            let texts = round(Lane::Texts);
            // Nor do receipts wait, and what is only asked about.
            engine.collect_receipts(at(10)).expect("receipts are read");
            texts_are_sent.send(()).expect("the phone listens");
            let calls = calling.join().expect("a round of calls");
            assert_eq!((texts.accepted, calls.accepted), (1, 1), "{}: {texts:?} {calls:?}", ground.name);
        });
        phone.heard();
    }
}

#[test]
fn who_presses_three_is_called_back_by_a_person() {
    for ground in grounds() {
        let (engine, message) = called(&ground, 3);
        check(&engine, "C-1", message, &expect![[r#"delivered ["conversation"] counted 2; "#]]);
        assert!(next(&engine, "li", at(10)).is_none(), "not at once");
        let soon = at(10).plus_seconds(900);
        engine.dispatch(soon).expect("a round of sending");
        let sheet = next(&engine, "li", soon).expect("the call back");
        assert!(sheet.is_call_back && sheet.task != message, "{}: {sheet:?}", ground.name);
    }
}

#[test]
fn who_presses_two_is_not_called_again_at_this_number_and_who_presses_nine_at_none() {
    for ground in grounds() {
        let (engine, message) = called(&ground, 2);
        let told =
            expect![[r#"failed ["not_the_person"] counted 1; contact_data.invalid: receipt wrong_person"#]];
        check(&engine, "C-1", message, &told);
        let history = engine.contact_point_history("C-1").expect("the history is read");
        assert!(
            history.iter().any(|change| change.reason.contains("not the customer's number")),
            "{history:?}"
        );
    }
    for ground in grounds() {
        let (engine, message) = called(&ground, 9);
        check(&engine, "C-1", message, &expect![[r#"delivered ["conversation"] counted 2; "#]]);
        let entries = engine.circumstances("C-1").expect("entries");
        assert_eq!(entries[0].entry.content.kind().code(), "opt_out", "{}", ground.name);
    }
}

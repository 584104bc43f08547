//! What providers say when they are asked about messages whose outcome is open, and what follows from it.

use std::sync::Barrier;

use dunlin_domain::contact::{Channel, Personal};
use dunlin_domain::date::Timestamp;
use dunlin_domain::fallback::FallbackCause;
use dunlin_domain::incident::IncidentCode;
use dunlin_domain::message::Counter;
use dunlin_engine::delivery::{
    Asking, Callback, CallbackAuth, CallbackShape, CallbacksConfig, HttpCommon, HttpConfig, HttpProvider,
    HttpQuery, HttpSigning, ProviderConfig, ProviderKind, QueryState, Routing, UnitCost,
};
use dunlin_engine::dispatch::InquiryReport;
use dunlin_engine::{Clock, Config, Engine, EngineError};
use dunlin_store::fallback::{self, FallbackRow};
use dunlin_store::{call, inquiry, watch};
use expect_test::expect;

use crate::answers::{DAY, found, on_both};
use crate::channels::{check, engine_by_smpp, open_by_smpp, peer};
use crate::ground::{FIRST_DAY, Ground, agreement, customer, date, moment, run_days, shanghai};
use crate::peer::Peer;

pub fn http_peer() -> Peer {
    Peer::start("node", "peers/http_peer.mjs", &["0"])
}

/// A message to customer `index`, decided for [`DAY`]; the last two digits of the index say what the provider does.
pub fn decided(ground: &Ground, index: u32) {
    let engine = ground.engine("first");
    ground.import(&engine, moment("2026-12-31", 0), |writer| {
        customer(writer, index);
        agreement(writer, index, index);
    });
    run_days(&engine, FIRST_DAY, 4);
}

/// An engine that sends by a provider which can be asked.
pub fn asking_engine(ground: &Ground, port: u16, worker: &str) -> Engine {
    let callbacks = CallbacksConfig {
        shape: CallbackShape::Generic,
        auth: CallbackAuth::Token { secret: Personal::new("open sesame") },
        zone: shanghai(),
    };
    let common =
        HttpCommon { connection_count: 1, timeout_seconds: 20, extra_root: None, callbacks: Some(callbacks) };
    let states =
        [("DELIVRD", QueryState::Delivered), ("UNDELIV", QueryState::Failed), ("SENT", QueryState::Underway)];
    let http = HttpConfig {
        url: format!("http://127.0.0.1:{port}/send"),
        method: "POST".to_owned(),
        headers: Vec::new(),
        body: serde_json::json!({ "to": "{recipient}", "text": "{body}", "ref": "{id}" }),
        is_form: false,
        secret: None,
        signing: HttpSigning::None,
        id_at: Some("/data/0/id".to_owned()),
        status_at: None,
        accepted: Vec::new(),
        deferred: Vec::new(),
        throttled: Vec::new(),
        unavailable: Vec::new(),
        bad_address: Vec::new(),
        query: Some(HttpQuery {
            url: format!("http://127.0.0.1:{port}/state?id={{id}}"),
            state_at: "/data/state".to_owned(),
            states: states.map(|(word, state)| (word.to_owned(), state)).to_vec(),
            never_taken_statuses: vec![404],
        }),
    };
    let provider = ProviderConfig {
        name: "textline".to_owned(),
        channels: vec![Channel::Sms],
        kind: ProviderKind::Http(common, HttpProvider::Generic(Box::new(http))),
    };
    let config = Config { providers: vec![provider], clock: Some(Clock::Real), ..ground.config(worker) };
    let engine = Engine::open(config, moment(FIRST_DAY, 0), [7; 32]).expect("an engine opens");
    let cost = Some(UnitCost::parse("0.05 CNY").expect("a cost"));
    engine.with_routing([("textline".to_owned(), Routing { cost, ..Routing::default() })].into())
}

/// Ten o'clock, when the message is sent.
pub fn ten() -> Timestamp {
    moment(DAY, 10)
}

pub fn ask(engine: &Engine, minutes: i64) -> InquiryReport {
    engine.ask_providers(ten().plus_seconds(minutes * 60)).expect("a round of questions")
}

/// How many text messages the customer has had on [`DAY`], by the budget.
fn counted(engine: &Engine) -> u32 {
    let row = found(engine);
    let key = Counter::Sms.key(row.customer, row.contact_point.expect("it has a number"));
    engine.db().read(|tx| call::count_of(tx, row.customer, key, date(DAY))).expect("a count")
}

pub fn take_receipt(engine: &Engine, minutes: i64, state: &str) {
    let body = format!(r#"{{"id": "{}", "state": "{state}"}}"#, found(engine).id);
    let headers = [("authorization".to_owned(), "Bearer open sesame".to_owned())];
    let callback = Callback { query: "", headers: &headers, body: body.as_bytes() };
    engine
        .take_receipt_callback("textline", &callback, ten().plus_seconds(minutes * 60))
        .expect("it is the provider's");
}

fn impossible(engine: &Engine) -> usize {
    let all = engine.db().read(|tx| watch::incidents_since(tx, moment(FIRST_DAY, 0)));
    let all = all.expect("incidents are read");
    all.iter().filter(|incident| incident.code == IncidentCode::ImpossibleTransition).count()
}

#[test]
fn what_the_provider_never_took_is_handed_over_again_with_its_budget_given_back() {
    on_both(|ground| {
        let peer = http_peer();
        decided(ground, 114);
        let engine = asking_engine(ground, peer.port, "asks");
        assert_eq!(engine.dispatch(ten()).expect("a round of sending").unknown, 1, "{}", ground.name);
        assert_eq!(counted(&engine), 1);
        assert_eq!(ask(&engine, 9).total(), 0, "too early to be sure");
        assert_eq!(ask(&engine, 10).never_taken, 1, "{}", ground.name);
        assert_eq!(counted(&engine), 0);
        check(
            &engine,
            &expect![
                "queued after 1 attempts; fault.channel: the provider never took it, so it is handed over again ｜ 服务商称从未收到，将重新发送"
            ],
        );
        assert_eq!(ask(&engine, 11).total(), 0, "nothing is open");
        let again = engine.dispatch(ten().plus_seconds(660)).expect("a round of sending");
        assert_eq!((again.accepted, counted(&engine)), (1, 1), "{}", ground.name);
        check(&engine, &expect!["accepted after 2 attempts; id-14"]);
        // The second attempt is asked about by itself.
        assert_eq!(ask(&engine, 30).delivered, 1, "{}", ground.name);
        check(&engine, &expect!["delivered after 2 attempts; "]);
    });
}

#[test]
fn what_the_provider_took_is_told_of_and_charged_for_and_never_sent_again() {
    on_both(|ground| {
        let mut peer = http_peer();
        decided(ground, 108);
        let engine = asking_engine(ground, peer.port, "asks");
        engine.dispatch(ten()).expect("a round of sending");
        let spent = |engine: &Engine| {
            let costs = engine.costs(date(FIRST_DAY), date("2026-03-01")).expect("costs");
            costs.iter().map(|total| total.messages).sum::<u64>()
        };
        assert_eq!(spent(&engine), 0, "nobody knows that it was taken");
        assert_eq!(ask(&engine, 10).delivered, 1, "{}", ground.name);
        check(&engine, &expect!["delivered after 1 attempts; "]);
        assert_eq!((spent(&engine), counted(&engine)), (1, 1));
        assert_eq!(peer.next_with("asked")["asked"], found(&engine).id.to_string());
        // The customer is owed an answer: it says what the provider was asked, in both languages.
        let why = engine.why("A-108", date(DAY)).expect("an answer");
        let told = why.links.iter().find(|link| link.text.1.contains("was asked")).expect("the question");
        assert_eq!(
            told.text.1,
            "textline was asked at 2026-02-11 10:10 about attempt 1: it arrived (DELIVRD)"
        );
        assert_eq!(told.text.0, "2026-02-11 10:10向textline查询第1次发送：已送达（DELIVRD）");
        let nothing = engine.dispatch(ten().plus_seconds(7_200)).expect("a round of sending");
        assert_eq!(nothing.total(), 0);
    });
}

#[test]
fn what_is_on_its_way_waits_for_its_receipt() {
    on_both(|ground| {
        let peer = http_peer();
        decided(ground, 118);
        let engine = asking_engine(ground, peer.port, "asks");
        engine.dispatch(ten()).expect("a round of sending");
        assert_eq!(ask(&engine, 10).underway, 1, "{}", ground.name);
        check(&engine, &expect!["accepted after 1 attempts; "]);
        take_receipt(&engine, 12, "delivered");
        check(&engine, &expect!["delivered after 1 attempts; "]);
        assert_eq!((ask(&engine, 600).total(), impossible(&engine)), (0, 0));
    });
}

#[test]
fn what_arrives_although_the_provider_never_took_it_is_not_sent_again_and_is_an_incident() {
    on_both(|ground| {
        let peer = http_peer();
        decided(ground, 114);
        let engine = asking_engine(ground, peer.port, "asks");
        engine.dispatch(ten()).expect("a round of sending");
        assert_eq!(ask(&engine, 10).never_taken, 1);
        take_receipt(&engine, 11, "failed");
        assert_eq!(found(&engine).state.code(), "queued", "what failed may be sent again");
        take_receipt(&engine, 11, "delivered");
        check(&engine, &expect!["delivered after 1 attempts; "]);
        assert_eq!((counted(&engine), impossible(&engine)), (1, 1), "{}", ground.name);
        let report = engine.dispatch(ten().plus_seconds(900)).expect("a round of sending");
        assert_eq!(report.total(), 0, "{}", ground.name);
    });
}

#[test]
fn a_receipt_about_a_queued_message_that_nobody_was_asked_about_changes_nothing() {
    on_both(|ground| {
        let peer = http_peer();
        decided(ground, 114);
        let engine = asking_engine(ground, peer.port, "asks");
        for state in ["delivered", "failed"] {
            take_receipt(&engine, 0, state);
            assert_eq!(found(&engine).state.code(), "queued", "{state}");
        }
        assert_eq!(impossible(&engine), 1);
    });
}

#[test]
fn two_workers_do_not_ask_the_same() {
    on_both(|ground| {
        let mut peer = http_peer();
        decided(ground, 114);
        let engines = ["one", "two", "three"].map(|worker| asking_engine(ground, peer.port, worker));
        engines[0].dispatch(ten()).expect("a round of sending");
        let start = Barrier::new(engines.len());
        let asked: u64 = std::thread::scope(|scope| {
            let rounds: Vec<_> = engines
                .iter()
                .map(|engine| {
                    scope.spawn(|| {
                        start.wait();
                        ask(engine, 10).total()
                    })
                })
                .collect();
            rounds.into_iter().map(|round| round.join().expect("a round")).sum()
        });
        assert_eq!(asked, 1, "{}", ground.name);
        let again: u64 = engines
            .iter()
            .map(|engine| engine.dispatch(ten().plus_seconds(660)).expect("a round of sending").accepted)
            .sum();
        assert_eq!(again, 1, "{}", ground.name);
        peer.next_with("asked");
        assert!(peer.next().get("to").is_some(), "asked once, then sent");
    });
}

#[test]
fn a_question_that_was_never_answered_is_asked_again_and_changes_nothing() {
    on_both(|ground| {
        let peer = http_peer();
        decided(ground, 114);
        let engine = asking_engine(ground, peer.port, "asks");
        engine.dispatch(ten()).expect("a round of sending");
        let port = peer.port;
        drop(peer);
        assert_eq!(ask(&engine, 10).no_answer, 1, "{}", ground.name);
        assert_eq!(ask(&engine, 11).total(), 0, "it is left alone for a while");
        assert_eq!(found(&engine).state.code(), "unknown");
        let row = found(&engine);
        let answers = engine.db().read(|tx| inquiry::of_messages(tx, &[row.id])).expect("answers");
        assert_eq!(answers, [], "nothing was learned");
        // A worker that took the question and ended: its time runs out, and another asks.
        let again = asking_engine(ground, port, "another");
        assert_eq!(ask(&again, 20).no_answer, 1);
        check(
            &engine,
            &expect![
                "unknown after 1 attempts; fault.outcome_unknown: the provider answered http_500 with HTTP status 500"
            ],
        );
    });
}

#[test]
fn a_message_whose_place_another_has_taken_is_not_sent_again() {
    on_both(|ground| {
        let peer = http_peer();
        decided(ground, 114);
        let engine = asking_engine(ground, peer.port, "asks");
        engine.dispatch(ten()).expect("a round of sending");
        let row = found(&engine);
        let mut other = row.id;
        other.0[15] ^= 1;
        let followed = FallbackRow {
            after: row.id,
            root: row.id,
            cause: FallbackCause::Unknown,
            decided_at: ten(),
            message: Some(other),
            reason: String::new(),
            detail: String::new(),
        };
        engine.db().write(|tx| fallback::insert(tx, std::slice::from_ref(&followed))).expect("it is kept");
        assert_eq!(ask(&engine, 10).never_taken, 1, "{}", ground.name);
        let row = found(&engine);
        assert_eq!((row.state.code(), row.next_attempt_at), ("failed", None), "{}", row.state_detail);
    });
}

#[test]
fn a_message_centre_is_asked_about_what_it_took_when_no_receipt_comes() {
    on_both(|ground| {
        let peer = peer();
        let engine = engine_by_smpp(ground, 112, &peer);
        engine.dispatch(ten()).expect("a round of sending");
        engine.collect_receipts(ten().plus_seconds(60)).expect("receipts");
        assert_eq!(found(&engine).state.code(), "accepted", "{}", ground.name);
        assert_eq!(ask(&engine, 9).total(), 0);
        assert_eq!(ask(&engine, 15).delivered, 1, "{}", ground.name);
        check(&engine, &expect!["delivered after 1 attempts; "]);
    });
}

#[test]
fn who_cannot_tell_is_asked_ever_more_rarely_and_then_no_more() {
    on_both(|ground| {
        let peer = peer();
        drop(engine_by_smpp(ground, 114, &peer));
        let asking = Asking { after_minutes: 10, times_max: 3, hours_max: 24 };
        let routing = Routing { asking, ..Routing::default() };
        let engine = open_by_smpp(ground, &peer).with_routing([("carrier".to_owned(), routing)].into());
        engine.dispatch(ten()).expect("a round of sending");
        let asked: Vec<i64> =
            (1..200).map(|step| step * 5).filter(|minutes| ask(&engine, *minutes).cannot_tell > 0).collect();
        assert_eq!(asked, [10, 20, 40], "{}", ground.name);
        check(&engine, &expect!["accepted after 1 attempts; 4097 4098"]);
        let why = engine.why("A-114", date(DAY)).expect("an answer");
        let told = why.links.iter().find(|link| link.text.1.contains("was asked")).expect("the question");
        assert_eq!(
            told.text.1,
            "carrier was asked at 2026-02-11 10:10 about attempt 1: it cannot tell (smpp_67, 3 times the same)"
        );
    });
}

#[test]
fn somebody_may_ask_at_once_about_what_is_open_and_only_about_that() {
    on_both(|ground| {
        let peer = http_peer();
        decided(ground, 114);
        let engine = asking_engine(ground, peer.port, "asks");
        let code = |asked: Result<_, EngineError>| match asked {
            Err(EngineError::Refused { code, .. }) => code,
            Err(EngineError::NotFound { .. }) => "not_found",
            Err(_) => "another",
            Ok(_) => "asked",
        };
        let name = found(&engine).id.to_string();
        assert_eq!(code(engine.ask_about("msg_00", ten())), "not_found");
        assert_eq!(code(engine.ask_about(&name, ten())), "message_state", "it was never handed over");
        engine.dispatch(ten()).expect("a round of sending");
        let told = |seconds: i64| {
            let asked = engine.ask_about(&name, ten().plus_seconds(seconds)).expect("an answer");
            format!("{} {} {}", asked.answer, asked.code, asked.state)
        };
        assert_eq!(told(30), "cannot_tell too_early unknown", "it may still be taking it");
        assert_eq!(told(600), "never_taken http_404 queued");
        assert_eq!(code(engine.ask_about(&name, ten().plus_seconds(700))), "message_state");
    });
}

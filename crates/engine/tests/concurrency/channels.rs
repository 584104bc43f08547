//! Messages that go by real channels to real servers of other makes, and what their receipts make of them.

use dunlin_domain::contact::{Channel, Personal};
use dunlin_domain::id::Key;
use dunlin_engine::contact_data::batch_text;
use dunlin_engine::coverage_groups::CoverageBy;
use dunlin_engine::delivery::{
    Callback, CallbackAuth, CallbackShape, CallbacksConfig, HttpCommon, HttpConfig, HttpProvider,
    HttpSigning, ProviderConfig, ProviderKind, Routing, SmppAlphabet, SmppBind, SmppConfig, SmppLongText,
    SmppReceiptId, SmppSecurity, UnitCost,
};
use dunlin_engine::{Clock, Config, Engine};
use dunlin_store::reference::{self, ReferredReceipt};
use expect_test::{Expect, expect};

use crate::answers::{DAY, found, on_both};
use crate::ground::{FIRST_DAY, Ground, agreement, customer, moment, run_days, shanghai};
use crate::peer::Peer;

/// A message to customer `index`, decided for [`DAY`], and an engine that sends by SMPP. The last two digits of the
/// number are those of the index: they say what the message centre does.
pub fn engine_by_smpp(ground: &Ground, index: u32, peer: &Peer) -> Engine {
    let engine = ground.engine("first");
    ground.import(&engine, moment("2026-12-31", 0), |writer| {
        customer(writer, index);
        agreement(writer, index, index);
    });
    run_days(&engine, FIRST_DAY, 4);
    drop(engine);
    open_by_smpp(ground, peer)
}

pub fn open_by_smpp(ground: &Ground, peer: &Peer) -> Engine {
    let smpp = SmppConfig {
        host: "127.0.0.1".to_owned(),
        port: peer.port,
        security: SmppSecurity::Plain,
        extra_root: None,
        system_id: "dunlin".to_owned(),
        password: Some(Personal::new("open")),
        system_type: String::new(),
        sender: "10690001".to_owned(),
        sender_ton: None,
        sender_npi: None,
        bind: SmppBind::Transceiver,
        bind_count: 1,
        window: 10,
        enquire_seconds: 30,
        timeout_seconds: 20,
        alphabet: SmppAlphabet::Ucs2,
        long_text: SmppLongText::Concatenated,
        receipt_id: SmppReceiptId::Same,
        zone: shanghai(),
    };
    let provider = ProviderConfig {
        name: "carrier".to_owned(),
        channels: vec![Channel::Sms],
        kind: ProviderKind::Smpp(smpp),
    };
    let config = Config { providers: vec![provider], clock: Some(Clock::Real), ..ground.config("by_smpp") };
    Engine::open(config, moment(FIRST_DAY, 0), [7; 32]).expect("an engine opens")
}

pub fn peer() -> Peer {
    Peer::start("node", "peers/smpp_peer.mjs", &["0", "dec"])
}

/// What the message is, and that the books of messages agree with themselves.
pub fn check(engine: &Engine, expected: &Expect) {
    let row = found(engine);
    expected.assert_eq(&format!("{} after {} attempts; {}", row.state, row.attempt_count, row.state_detail));
    let report = engine.verify(&|_| {}).expect("it can be verified");
    assert!(report.is_clean(), "{report:?}");
}

#[test]
fn a_text_in_segments_is_delivered_when_the_receipts_of_all_of_them_say_so() {
    on_both(|ground| {
        let mut peer = peer();
        let engine = engine_by_smpp(ground, 100, &peer);
        let now = moment(DAY, 10);
        engine.dispatch(now).expect("a round of sending");
        let first = peer.next_with("to");
        assert!(first["udh"].is_array(), "the text takes several segments: {first}");
        check(&engine, &expect!["accepted after 1 attempts; 4097 4098 4099 4100 4101"]);
        let report = engine.collect_receipts(now.plus_seconds(60)).expect("receipts are taken in");
        assert_eq!((report.delivered, report.unmatched), (1, 0), "{}", ground.name);
        check(&engine, &expect!["delivered after 1 attempts; "]);
        let again = engine.collect_receipts(now.plus_seconds(120)).expect("receipts are taken in");
        assert_eq!(again, Default::default(), "they were acknowledged");
    });
}

#[test]
fn a_receipt_that_says_that_it_failed_makes_the_message_failed() {
    on_both(|ground| {
        let peer = peer();
        let engine = engine_by_smpp(ground, 110, &peer);
        let now = moment(DAY, 10);
        engine.dispatch(now).expect("a round of sending");
        engine.collect_receipts(now.plus_seconds(60)).expect("receipts are taken in");
        check(&engine, &expect!["failed after 1 attempts; fault.channel: receipt UNDELIV:004"]);
    });
}

#[test]
fn what_a_provider_wrongly_called_unknown_is_undone_as_one() {
    on_both(|ground| {
        let peer = peer();
        let engine = engine_by_smpp(ground, 101, &peer);
        let states = || {
            let history = engine.contact_point_history("C-101").expect("the history is read");
            history
                .iter()
                .map(|change| format!("{} {}", change.after.code(), change.place))
                .collect::<Vec<_>>()
        };
        let now = moment(DAY, 10);
        assert_eq!(engine.dispatch(now).expect("a round of sending").rejected, 1, "{}", ground.name);
        assert_eq!(states(), ["invalid carrier"], "{}", ground.name);
        let [batch] = &engine.contact_batches().expect("batches are read")[..] else { panic!("one batch") };
        assert_eq!((batch.actor.as_str(), batch.points), ("dispatch", 1), "{}: {batch:?}", ground.name);
        let name = batch_text(batch.id);
        let undone = engine.restore_contact_points(&name, "the carrier was wrong", now);
        assert_eq!(undone.expect("it is undone").points, 1, "{}", ground.name);
        assert_eq!(states()[1], format!("active {name}"), "{}", ground.name);
        // The customer is contacted again, and what is said then is a batch of its own.
        for day in ["2026-02-12", "2026-02-13", "2026-02-14", "2026-02-15"] {
            run_days(&engine, day, 1);
            engine.dispatch(moment(day, 10)).expect("a round of sending");
        }
        let batches = engine.contact_batches().expect("batches are read");
        let open = batches.iter().filter(|batch| batch.undone_at.is_none()).count();
        assert_eq!((batches.len(), open, states().len()), (2, 1, 3), "{}", ground.name);
    });
}

#[test]
fn a_receipt_that_another_worker_stored_before_the_answer_waits_for_it() {
    on_both(|ground| {
        let peer = peer();
        let engine = engine_by_smpp(ground, 100, &peer);
        let now = moment(DAY, 10);
        let early = |reference: &str| ReferredReceipt {
            provider: "carrier".to_owned(),
            reference: reference.to_owned(),
            key: Key::of_cause("receipt", &[reference.as_bytes()]),
            state: "delivered".to_owned(),
            code: String::new(),
            at: now,
        };
        let receipts = ["4097", "4098", "4099", "4100", "4101"].map(early);
        let named = engine.db().write(|tx| reference::keep_waiting(tx, &receipts, now));
        assert!(named.expect("they are kept").is_empty(), "nobody knows the references yet");
        engine.dispatch(now).expect("a round of sending");
        check(&engine, &expect!["delivered after 1 attempts; "]);
        // The message centre's own receipts then tell nothing new.
        let report = engine.collect_receipts(now.plus_seconds(60)).expect("receipts are taken in");
        assert_eq!((report.delivered, report.unmatched), (0, 0), "{}", ground.name);
        check(&engine, &expect!["delivered after 1 attempts; "]);
    });
}

#[test]
fn a_word_of_patience_is_no_failure_and_opens_no_incident() {
    on_both(|ground| {
        let peer = peer();
        let engine = engine_by_smpp(ground, 103, &peer);
        let now = moment(DAY, 10);
        let report = engine.dispatch(now).expect("a round of sending");
        assert_eq!((report.deferred, report.unavailable), (1, 0));
        let row = found(&engine);
        assert_eq!(row.next_attempt_at, Some(now.plus_seconds(5)));
        let incidents = engine.db().read(dunlin_store::policy::incidents).expect("incidents are read");
        assert!(incidents.is_empty());
        check(
            &engine,
            &expect!["queued after 1 attempts; fault.channel: the message centre asked for patience"],
        );
    });
}

#[test]
fn what_left_and_was_not_answered_is_unknown_and_not_sent_again() {
    on_both(|ground| {
        let mut peer = peer();
        let engine = engine_by_smpp(ground, 105, &peer);
        let now = moment(DAY, 10);
        engine.dispatch(now).expect("a round of sending");
        engine.dispatch(now.plus_seconds(7_200)).expect("a round of sending");
        check(
            &engine,
            &expect![
                "unknown after 1 attempts; fault.outcome_unknown: the message centre did not answer after the message had been sent"
            ],
        );
        assert_eq!(peer.next()["bind"], "bind_transceiver");
    });
}

#[test]
fn a_provider_brings_its_receipt_and_a_forged_one_changes_nothing() {
    on_both(|ground| {
        let peer = Peer::start("node", "peers/http_peer.mjs", &["0"]);
        drop(engine_by_smpp(ground, 100, &peer));
        let callbacks = CallbacksConfig {
            shape: CallbackShape::Generic,
            auth: CallbackAuth::Token { secret: Personal::new("open sesame") },
            zone: shanghai(),
        };
        let common = HttpCommon {
            connection_count: 2,
            timeout_seconds: 20,
            extra_root: None,
            callbacks: Some(callbacks),
        };
        let http = HttpConfig {
            url: format!("http://127.0.0.1:{}/send", peer.port),
            method: "POST".to_owned(),
            headers: Vec::new(),
            body: serde_json::json!({ "to": "{recipient}", "text": "{body}" }),
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
            query: None,
        };
        let provider = ProviderConfig {
            name: "textline".to_owned(),
            channels: vec![Channel::Sms],
            kind: ProviderKind::Http(common, HttpProvider::Generic(Box::new(http))),
        };
        let config =
            Config { providers: vec![provider], clock: Some(Clock::Real), ..ground.config("by_http") };
        let engine = Engine::open(config, moment(FIRST_DAY, 0), [7; 32]).expect("an engine opens");
        let now = moment(DAY, 10);
        engine.dispatch(now).expect("a round of sending");
        check(&engine, &expect!["accepted after 1 attempts; id-00"]);
        let take = |token: &str, body: &str| {
            let headers = [("authorization".to_owned(), format!("Bearer {token}"))];
            let callback = Callback { query: "", headers: &headers, body: body.as_bytes() };
            engine.take_receipt_callback("textline", &callback, now).map(|(report, _)| report)
        };
        let body = r#"{"reference": "id-00", "state": "delivered"}"#;
        assert!(take("guess", body).is_err());
        check(&engine, &expect!["accepted after 1 attempts; id-00"]);
        assert_eq!(take("open sesame", body).expect("it is taken").delivered, 1);
        assert_eq!(take("open sesame", body).expect("it is taken").repeated, 1);
        let unknown = r#"[{"reference": "id-77", "state": "delivered"}]"#;
        assert_eq!(take("open sesame", unknown).expect("it is taken").unmatched, 1);
        check(&engine, &expect!["delivered after 1 attempts; "]);
    });
}

/// An engine with a first spool and a second that stands by.
fn engine_with_two_spools(ground: &Ground, first: Routing) -> Engine {
    let spool = |name: &str| ProviderConfig {
        name: name.to_owned(),
        channels: vec![Channel::Sms],
        kind: ProviderKind::Spool(dunlin_engine::SpoolConfig {
            folder: ground.folder.join(name),
            durable: false,
        }),
    };
    let providers = vec![spool("second"), spool("first")];
    let config = Config { providers, clock: Some(Clock::Real), ..ground.config("two") };
    let engine = Engine::open(config, moment(FIRST_DAY, 0), [7; 32]).expect("an engine opens");
    let second = Routing { priority: 2, ..Routing::default() };
    engine.with_routing([("first".to_owned(), first), ("second".to_owned(), second)].into())
}

fn decided_for(ground: &Ground, count: u32) {
    let engine = ground.engine("decides");
    ground.import(&engine, moment("2026-12-31", 0), |writer| {
        for index in 0..count {
            customer(writer, index * 9 + 1);
            agreement(writer, index * 9 + 1, index * 9 + 1);
        }
    });
    run_days(&engine, FIRST_DAY, 4);
}

fn files_in(ground: &Ground, spool: &str) -> usize {
    let folder = ground.folder.join(spool).join("sms");
    let parts = std::fs::read_dir(folder).into_iter().flatten().flatten();
    parts.map(|part| std::fs::read_dir(part.path()).expect("a folder").count()).sum()
}

#[test]
fn texts_that_the_provider_did_not_take_go_out_once_when_it_works_again() {
    on_both(|ground| {
        decided_for(ground, 4);
        let engine = ground.engine("sends");
        let closed = ground.folder.join("spool/closed");
        std::fs::write(&closed, "").expect("a file");
        let sent = |hour: i8| {
            let report = engine.dispatch(moment(DAY, hour)).expect("a round of sending");
            (report.accepted, files_in(ground, "spool"))
        };
        assert_eq!(sent(10), (0, 0), "{}", ground.name);
        std::fs::remove_file(&closed).expect("the mark is there");
        assert_eq!(sent(14), (4, 4), "{}", ground.name);
        assert_eq!(sent(16), (0, 4), "{}", ground.name);
    });
}

#[test]
fn when_the_first_provider_fails_the_second_takes_its_messages_at_once() {
    on_both(|ground| {
        decided_for(ground, 4);
        let engine = engine_with_two_spools(ground, Routing::default());
        let closed = ground.folder.join("first/closed");
        std::fs::write(&closed, "").expect("a file");
        let now = moment(DAY, 12);
        let report = engine.dispatch(now).expect("a round of sending");
        assert_eq!((report.unavailable, report.accepted), (4, 4), "{}", ground.name);
        assert_eq!((files_in(ground, "first"), files_in(ground, "second")), (0, 4));
        let incidents = engine.db().read(dunlin_store::policy::incidents).expect("incidents are read");
        assert_eq!((incidents.len(), incidents[0].provider.as_str()), (1, "first"));
        let report = engine.verify(&|_| {}).expect("it can be verified");
        assert!(report.is_clean(), "{report:?}");
    });
}

#[test]
fn a_provider_that_takes_so_many_a_second_is_given_no_more_by_all_workers_together() {
    on_both(|ground| {
        decided_for(ground, 5);
        let limited = Routing { rate_per_second: Some(2), ..Routing::default() };
        let engine = engine_with_two_spools(ground, limited);
        let other = engine_with_two_spools(ground, limited);
        let now = moment(DAY, 12);
        let accepted = |engine: &Engine, seconds: i64| {
            engine.dispatch(now.plus_seconds(seconds)).expect("a round of sending").accepted
        };
        let rounds = [accepted(&engine, 0), accepted(&other, 0), accepted(&other, 1), accepted(&engine, 2)];
        assert_eq!(rounds, [2, 0, 2, 1], "{}", ground.name);
    });
}

/// A customer answers a text with STOP: kept, in force for a text that waits already and for the next decision.
#[test]
fn who_answers_stop_is_sent_no_more_texts() {
    on_both(|ground| {
        let peer = peer();
        let engine = engine_by_smpp(ground, 109, &peer);
        let now = moment(DAY, 10);
        assert_eq!(engine.dispatch(now).expect("a round of sending").accepted, 1);
        // Decided before the answer is known.
        run_days(&ground.engine("decides"), "2026-02-12", 2);
        let report = engine.collect_receipts(now.plus_seconds(60)).expect("replies are taken in");
        assert_eq!((report.replies, report.opted_out), (1, 1), "{}", ground.name);
        let later = engine.dispatch(moment("2026-02-13", 10)).expect("a round of sending");
        assert_eq!((later.accepted, later.expired), (0, 1), "{}", ground.name);
        run_days(&ground.engine("decides"), "2026-02-14", 6);
        let next = engine.dispatch(moment("2026-02-19", 10)).expect("a round of sending");
        assert_eq!(next.total(), 0, "nothing more was decided");
        let entries = engine.circumstances("C-109").expect("a customer");
        let told: Vec<String> = entries
            .iter()
            .map(|row| {
                let entry = &row.entry;
                let has_point = entry.contact_point.is_some();
                format!(
                    "{} {} {has_point} by {}",
                    entry.content.kind(),
                    entry.content.value(),
                    row.recorded_by
                )
            })
            .collect();
        assert_eq!(told, ["opt_out sms true by reply"]);
        let replies = engine.replies(Some("C-109"), 10).expect("replies are read");
        assert_eq!(replies.len(), 1);
        assert_eq!(entries[0].evidence, format!("{} by carrier", replies[0].id));
        assert_eq!((replies[0].text.reveal(), replies[0].circumstance), ("STOP", Some(entries[0].entry.id)));
        let report = engine.verify(&|_| {}).expect("it can be verified");
        assert!(report.is_clean(), "{report:?}");
    });
}

/// What gateways leave in the spool: an opt-out in the lender's spelling of the number, words for people to read, and
/// somebody whom nobody knows. The same file twice changes nothing.
#[test]
fn every_answer_is_kept_and_only_whole_words_opt_out() {
    on_both(|ground| {
        let engine = ground.engine("spool");
        ground.import(&engine, moment("2026-12-31", 0), |writer| {
            customer(writer, 1);
            customer(writer, 2);
        });
        let write = |name: &str| {
            let text = "channel,from,at,text\n\
                sms,10000000001,2026-02-10T09:00:00+08:00, 退订。\n\
                sms,10000000002,2026-02-10T09:01:00+08:00,我已经还了，请不要退订我的服务\n\
                sms,13900009999,2026-02-10T09:02:00+08:00,TD\n";
            std::fs::write(ground.folder.join("spool/replies").join(name), text).expect("a file");
        };
        let now = moment("2026-02-10", 10);
        write("1.csv");
        let report = engine.collect_receipts(now).expect("replies are taken in");
        assert_eq!((report.replies, report.opted_out), (3, 1), "{}", ground.name);
        write("2.csv");
        let again = engine.collect_receipts(now.plus_seconds(60)).expect("replies are taken in");
        assert_eq!((again.replies, again.opted_out), (0, 0), "{}", ground.name);
        let told = |customer: Option<&str>| {
            let replies = engine.replies(customer, 10).expect("replies are read");
            let mut told: Vec<String> = replies
                .iter()
                .map(|row| format!("{} {} {}", row.sender.masked(), row.meaning, row.customer.is_some()))
                .collect();
            told.sort_unstable();
            told
        };
        assert_eq!(
            told(None),
            ["100****001 opt_out true", "100****002 other true", "139****999 opt_out false"]
        );
        assert_eq!(told(Some("C-2")), ["100****002 other true"]);
        assert!(engine.circumstances("C-2").expect("a customer").is_empty());
        assert!(ground.folder.join("spool/replies/done/2.csv").exists());
    });
}

/// Each message is charged for once, by the one that took it: the provider that did not take it charges nothing.
#[test]
fn only_what_was_taken_is_charged_for() {
    on_both(|ground| {
        decided_for(ground, 4);
        let cost = |text: &str| Some(UnitCost::parse(text).expect("a cost"));
        let first = Routing { cost: cost("0.10 CNY"), ..Routing::default() };
        let second = Routing { priority: 2, cost: cost("0.045 CNY"), ..Routing::default() };
        let engine = engine_with_two_spools(ground, first)
            .with_routing([("first".to_owned(), first), ("second".to_owned(), second)].into());
        std::fs::write(ground.folder.join("first/closed"), "").expect("a file");
        std::fs::create_dir_all(ground.folder.join("second")).expect("a folder");
        std::fs::write(ground.folder.join("second/closed"), "").expect("a file");
        let now = moment(DAY, 10);
        let day = crate::ground::date(DAY);
        assert_eq!(engine.dispatch(now).expect("a round of sending").accepted, 0);
        assert_eq!(engine.costs(day, day).expect("costs are read"), [], "nothing was taken");
        std::fs::remove_file(ground.folder.join("second/closed")).expect("a file");
        let later = now.plus_seconds(7_200);
        // One message finds out that the second works again; the others follow.
        let accepted = |round: i64| {
            engine.dispatch(later.plus_seconds(60 * round)).expect("a round of sending").accepted
        };
        assert_eq!((0..5).map(accepted).sum::<u64>(), 4, "{}", ground.name);
        let totals = engine.costs(day, day).expect("costs are read");
        let [total] = &totals[..] else { panic!("one provider: {totals:?}") };
        assert_eq!((total.provider.as_str(), total.messages), ("second", 4), "{}", ground.name);
        assert_eq!(total.micros, i128::from(total.units) * 45_000);
        for by in CoverageBy::ALL {
            let groups = engine.coverage_by(day, day, &[by]).expect("coverage is read");
            let spent = groups.iter().flat_map(|group| &group.spent);
            let (micros, messages) =
                spent.fold((0, 0), |(micros, messages), it| (micros + it.micros, messages + it.messages));
            assert_eq!((micros, messages), (total.micros, 4), "{} by {}", ground.name, by.code());
        }
        assert_eq!(engine.costs(day.plus_days(1), day.plus_days(9)).expect("costs are read"), []);
    });
}

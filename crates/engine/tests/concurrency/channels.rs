//! Messages that go by real channels to real servers of other makes, and what their receipts make of them.

use dunlin_domain::contact::{Channel, Personal};
use dunlin_domain::id::Key;
use dunlin_engine::delivery::{
    ProviderConfig, ProviderKind, SmppAlphabet, SmppBind, SmppConfig, SmppLongText, SmppReceiptId,
};
use dunlin_engine::{Clock, Config, Engine};
use dunlin_store::reference::{self, ReferredReceipt};
use expect_test::{Expect, expect};

use crate::answers::{DAY, found, on_both};
use crate::ground::{FIRST_DAY, Ground, agreement, customer, moment, run_days, shanghai};
use crate::peer::Peer;

/// A message to customer `index`, decided for [`DAY`], and an engine that sends by SMPP. The last two digits of the
/// number are those of the index: they say what the message centre does.
fn engine_by_smpp(ground: &Ground, index: u32, peer: &Peer) -> Engine {
    let engine = ground.engine("first");
    ground.import(&engine, moment("2026-12-31", 0), |writer| {
        customer(writer, index);
        agreement(writer, index, index);
    });
    run_days(&engine, FIRST_DAY, 4);
    drop(engine);
    open_by_smpp(ground, peer)
}

fn open_by_smpp(ground: &Ground, peer: &Peer) -> Engine {
    let smpp = SmppConfig {
        host: "127.0.0.1".to_owned(),
        port: peer.port,
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

fn peer() -> Peer {
    Peer::start("node", "peers/smpp_peer.mjs", &["0", "dec"])
}

/// What the message is, and that the books of messages agree with themselves.
fn check(engine: &Engine, expected: &Expect) {
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

//! What payment gateways say, on both databases: taken once, in any order; money that matches nothing stands in suspense
//! until somebody says whose it is.

use dunlin_domain::contact::Personal;
use dunlin_domain::ledger::LedgerRole;
use dunlin_engine::Engine;
use dunlin_engine::payment::Caller;
use dunlin_engine::payment::callback::{Callback, sign};
use dunlin_engine::payment::incoming::{Incoming, Taken};
use dunlin_engine::payment::settings::{Gateway, PaymentSettings};

use crate::fixture::{TestEngine, date, engines, moment};
use crate::suspension::{balance, decide};

const SECRET: &str = "a secret of the test, long enough";

/// The same database, by a process that knows the gateway `paygate`.
fn with_gateway(test: &TestEngine) -> Engine {
    let gateway = Gateway { name: "paygate".to_owned(), secret: Personal::new(SECRET), window_seconds: 300 };
    test.as_actor("gateway")
        .with_payments(PaymentSettings { gateways: vec![gateway], ..PaymentSettings::default() })
}

/// A call-back of 2026-02-10, signed as the gateway does.
fn say(engine: &Engine, event: &str, kind: &str, payment: &str, agreement: &str, amount: &str) -> Incoming {
    let body = format!(
        r#"{{"event_id":"{event}","type":"{kind}","payment":"{payment}","agreement":"{agreement}","amount":"{amount}","currency":"CNY","value_on":"2026-02-10"}}"#
    );
    let now = moment("2026-02-10", 15);
    let timestamp = (now.micros() / 1_000_000).to_string();
    let signature = sign(SECRET, &timestamp, body.as_bytes());
    let callback = Callback {
        gateway: "paygate",
        timestamp: Some(&timestamp),
        signature: Some(&signature),
        body: body.as_bytes(),
    };
    engine.take_callback(&callback, now).expect("it is signed and makes sense")
}

fn suspense(test: &TestEngine, on: &str) -> i128 {
    -balance(test, on, LedgerRole::BankSuspense)
}

/// What is owed of an agreement at the end of 2026-02-10, in minor units.
fn owed(engine: &Engine, agreement: &str) -> i64 {
    let explained = engine.explain(agreement, Some(date("2026-02-10"))).expect("it is there");
    let owed = explained.amounts.iter().find(|(name, _)| *name == "owed").map(|(_, amount)| amount);
    owed.expect("it is told").replace('.', "").parse().expect("digits")
}

#[test]
fn money_of_a_gateway_that_matches_nothing_stands_in_suspense_on_both_databases() {
    for test in engines() {
        test.import_portfolio();
        decide(&test, "2026-02-08", "2026-02-10");
        let engine = with_gateway(&test);
        let lost = say(&engine, "E-1", "payment", "W-1", "A-77", "60.00");
        assert_eq!((lost.taken, lost.row.code.as_str()), (Taken::Unmatched, "unknown_agreement"));
        assert_eq!(say(&engine, "E-1", "payment", "W-1", "A-77", "60.00").taken, Taken::Known);
        let gone = say(&engine, "E-2", "payment", "W-2", "A-78", "5.00");
        assert_eq!(gone.taken, Taken::Unmatched);
        // A part of money that is nobody's yet went back: the rest is not lost.
        let part = say(&engine, "E-3", "refund", "W-1", "", "20.00");
        assert_eq!(
            (part.taken, part.row.code.as_str()),
            (Taken::Waiting, "not_assigned_yet"),
            "{}",
            test.name
        );
        decide(&test, "2026-02-11", "2026-02-11");
        assert_eq!(
            (suspense(&test, "2026-02-10"), suspense(&test, "2026-02-11")),
            (0, 6_500),
            "{}",
            test.name
        );
        let listed: Vec<String> = engine
            .open_incoming()
            .expect("they are listed")
            .iter()
            .map(|entry| entry.row.amount.clone())
            .collect();
        assert_eq!(listed.len(), 3, "{listed:?}");
        test.assert_clean();

        let caller = |hour| Caller { actor: "clerk", now: moment("2026-02-11", hour) };
        let assigned = engine.assign_incoming(&lost.id(), "A-5", caller(16)).expect("it is assigned");
        assert_eq!((assigned.taken, assigned.agreement.as_deref()), (Taken::Applied, Some("A-5")));
        engine.send_back_incoming(&gone.id(), "no such customer", caller(17)).expect("it is sent back");
        assert!(
            engine.open_incoming().expect("they are listed").is_empty(),
            "the refund was applied with it"
        );
        decide(&test, "2026-02-12", "2026-02-12");
        assert_eq!(suspense(&test, "2026-02-12"), 0, "{}", test.name);
        let card = test.engine.account_card("224102", date("2026-02-11"), date("2026-02-12"), 100);
        let card = card.expect("the card is read");
        assert_eq!(card.line_count, 4, "{}", test.name);
        let why = test.engine.why_posting(card.lines[0].key).expect("the posting is there");
        assert!(why.links[1].text.1.contains("told by gateway paygate"), "{}: {why:?}", test.name);
        test.assert_clean();
    }
}

#[test]
fn what_a_gateway_says_is_applied_in_whatever_order_it_comes_on_both_databases() {
    for test in engines() {
        test.import_portfolio();
        decide(&test, "2026-02-08", "2026-02-10");
        let engine = with_gateway(&test);
        let owed = |engine: &Engine| owed(engine, "A-1");
        let before = owed(&engine);
        let early = say(&engine, "E-1", "reversal", "W-1", "", "50.00");
        assert_eq!((early.taken, early.row.code.as_str()), (Taken::Waiting, "no_payment_yet"));
        assert_eq!(say(&engine, "E-2", "payment", "W-1", "A-1", "50.00").taken, Taken::Applied);
        assert_eq!(owed(&engine), before, "{}: the payment and its reversal cancel out", test.name);
        assert_eq!(say(&engine, "E-2", "payment", "W-1", "A-1", "50.01").taken, Taken::Conflict);
        assert_eq!(say(&engine, "E-3", "payment", "W-2", "A-1", "50.00").taken, Taken::Applied);
        assert_eq!(say(&engine, "E-4", "refund", "W-2", "", "20.00").taken, Taken::Applied);
        assert_eq!(before - owed(&engine), 3_000, "{}: the rest of it stays paid", test.name);
        decide(&test, "2026-02-11", "2026-02-11");
        test.assert_clean();
    }
}

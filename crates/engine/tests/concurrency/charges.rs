//! What was taken is charged for once, in whatever order its provider's answer, its receipt and its word when asked come in.

use std::sync::atomic::{AtomicUsize, Ordering};

use dunlin_domain::message::MessageState;
use dunlin_engine::Engine;
use dunlin_engine::dispatch::{Lane, Sending};

use crate::answers::{found, on_both};
use crate::ground::{FIRST_DAY, Ground, date};
use crate::inquiries::{ask, asking_engine, decided, http_peer, take_receipt, ten};

/// A round of sending looks at the clock when it begins, claims and hands over, and then when it writes the answers.
const LOOK_BEFORE_WRITING: usize = 4;

/// What happens to a message that its provider has.
#[derive(Clone, Copy, Debug)]
enum Event {
    /// The time of its worker is up, and another finds it.
    Lapse,
    Delivered,
    Failed,
    /// Its provider is asked.
    Ask,
}

use Event::{Ask, Delivered, Failed, Lapse};

/// Messages, units and millionths that were charged.
fn spent(engine: &Engine) -> (u64, u64, i128) {
    let costs = engine.costs(date(FIRST_DAY), date("2026-03-01")).expect("costs");
    costs.iter().fold((0, 0, 0), |sum, it| (sum.0 + it.messages, sum.1 + it.units, sum.2 + it.micros))
}

fn happen(engine: &Engine, event: Event, minutes: i64) {
    match event {
        Lapse => {
            engine.dispatch(ten().plus_seconds(minutes * 60)).expect("a round of sending");
        }
        Delivered => take_receipt(engine, minutes, "delivered"),
        Failed => take_receipt(engine, minutes, "failed"),
        Ask => {
            ask(engine, minutes);
        }
    }
}

/// What was charged when `before` had happened and the answer was not written, as if its worker had ended; then it is, and
/// `after` happens.
fn check(ground: &Ground, before: &[Event], after: &[Event]) {
    let peer = http_peer();
    decided(ground, 120);
    let (slow, other) =
        (asking_engine(ground, peer.port, "slow"), asking_engine(ground, peer.port, "elsewhere"));
    let looks = AtomicUsize::new(0);
    let moment = || {
        if looks.fetch_add(1, Ordering::Relaxed) + 1 == LOOK_BEFORE_WRITING {
            assert_eq!(found(&other).state, MessageState::Sending);
            before.iter().zip(11..).for_each(|(event, minutes)| happen(&other, *event, minutes));
            let is_known = before.iter().any(|event| !matches!(event, Lapse));
            let expected = if is_known { (1, 5, 250_000) } else { (0, 0, 0) };
            assert_eq!(spent(&other), expected, "{} {before:?}", ground.name);
        }
        ten()
    };
    let sending = Sending { lane: Lane::All, moment: &moment, seconds_max: None };
    slow.send(&sending).expect("a round of sending");
    after.iter().zip(21..).for_each(|(event, minutes)| happen(&other, *event, minutes));
    assert_eq!(spent(&other), (1, 5, 250_000), "{} {before:?}, the answer, {after:?}", ground.name);
    assert_eq!(
        other.verify(&|_| {}).expect("a check").problems.len(),
        0,
        "{} {before:?} {after:?}",
        ground.name
    );
}

#[test]
fn what_was_taken_is_charged_for_once_in_whatever_order_it_is_told() {
    let orders: [(&[Event], &[Event]); 7] = [
        (&[], &[Delivered, Ask]),
        (&[Delivered], &[]),
        (&[Lapse], &[Delivered]),
        (&[Lapse, Ask, Delivered], &[Ask]),
        (&[Lapse, Failed, Delivered], &[]),
        (&[Lapse, Failed], &[Ask, Delivered]),
        (&[Delivered, Lapse], &[Failed, Ask]),
    ];
    for (before, after) in orders {
        on_both(|ground| check(ground, before, after));
    }
}

#[test]
fn what_arrives_although_its_provider_never_took_it_is_charged_for() {
    on_both(|ground| {
        let peer = http_peer();
        decided(ground, 114);
        let engine = asking_engine(ground, peer.port, "asks");
        engine.dispatch(ten()).expect("a round of sending");
        assert_eq!(ask(&engine, 10).never_taken, 1);
        assert_eq!(spent(&engine).0, 0, "{}", ground.name);
        happen(&engine, Delivered, 11);
        assert_eq!(spent(&engine), (1, 2, 100_000), "{}", ground.name);
    });
}

//! Engines that are at different moments, as processes of a rehearsal are and machines whose clocks differ.

use std::sync::atomic::{AtomicUsize, Ordering};

use dunlin_domain::date::Timestamp;
use dunlin_engine::Engine;
use dunlin_engine::dispatch::{Lane, Sending};

use crate::answers::{DAY, found, on_both};
use crate::ground::{FIRST_DAY, Ground, agreement, customer, moment, run_days};

/// A round of sending looks at the clock when it begins, claims and hands over, and then when it writes the answers.
const LOOK_BEFORE_WRITING: usize = 4;

fn decided(ground: &Ground) {
    let engine = ground.engine("first");
    ground.import(&engine, moment("2026-12-31", 0), |writer| {
        customer(writer, 1);
        agreement(writer, 1, 1);
    });
    run_days(&engine, FIRST_DAY, 4);
}

/// A round of sending at `at`; `meanwhile` happens between the handing over and the writing of the answers.
fn send(engine: &Engine, at: Timestamp, meanwhile: &(dyn Fn() + Sync)) {
    let looks = AtomicUsize::new(0);
    let clock = || {
        if looks.fetch_add(1, Ordering::Relaxed) + 1 == LOOK_BEFORE_WRITING {
            meanwhile();
        }
        at
    };
    let sending = Sending { lane: Lane::All, moment: &clock, seconds_max: None };
    assert_eq!(engine.send(&sending).expect("a round of sending").accepted, 1);
    assert!(looks.load(Ordering::Relaxed) >= LOOK_BEFORE_WRITING);
}

fn check(ground: &Ground, engine: &Engine, attempt_count: u32) {
    let row = found(engine);
    assert_eq!((row.state.code(), row.attempt_count), ("accepted", attempt_count), "{}", ground.name);
    let report = engine.verify(&|_| {}).expect("a check");
    assert_eq!(report.problems, Vec::<String>::new(), "{}", ground.name);
}

#[test]
fn in_a_rehearsal_what_one_has_in_hand_is_not_free_because_another_is_ahead() {
    on_both(|ground| {
        decided(ground);
        let [behind, ahead] = ["behind", "ahead"].map(|worker| ground.engine(worker));
        let ten = moment(DAY, 10);
        send(&behind, ten, &|| {
            for hours in [1, 6, 72] {
                let report = ahead.dispatch(ten.plus_seconds(hours * 3_600)).expect("a round of sending");
                assert_eq!(report.total(), 0, "{} {hours}", ground.name);
            }
        });
        check(ground, &behind, 1);
    });
}

#[test]
fn a_worker_that_ended_in_a_rehearsal_leaves_its_messages_to_one_that_is_at_an_earlier_moment() {
    on_both(|ground| {
        decided(ground);
        // Process numbers end far below this one, so it has ended.
        let gone = {
            let config = ground.config("here");
            let config = dunlin_engine::Config { worker: "here:4000000000".to_owned(), ..config };
            Engine::open(config, moment(FIRST_DAY, 0), [7; 32]).expect("an engine opens")
        };
        let own = ground.engine("here");
        send(&gone, moment(DAY, 16), &|| {
            let report = own.dispatch(moment(DAY, 10)).expect("a round of sending");
            assert_eq!(report.accepted, 1, "{}", ground.name);
        });
        check(ground, &own, 2);
    });
}

#[test]
fn a_late_answer_by_a_clock_that_is_behind_is_no_second_message() {
    on_both(|ground| {
        decided(ground);
        let [slow, other] = ["slow", "other"].map(|worker| ground.engine_in_real_time(worker));
        let ten = moment(DAY, 10);
        send(&slow, ten, &|| {
            let report = other.dispatch(ten.plus_seconds(601)).expect("a round of sending");
            assert_eq!(report.accepted, 1, "{}", ground.name);
        });
        check(ground, &other, 2);
    });
}

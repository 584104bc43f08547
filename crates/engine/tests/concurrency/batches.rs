//! A batch is claimed while the one before is handed over: wherever a commit is lost, no message goes out twice, none is
//! forgotten, and no more than two batches are in doubt.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dunlin_domain::id::{PART_COUNT, Part};
use dunlin_domain::message::MessageState;
use dunlin_engine::Engine;
use dunlin_engine::dispatch::{DispatchReport, Lane, Sending};
use dunlin_store::{CommitGate, message};

use crate::answers::{DAY, on_both};
use crate::ground::{FIRST_DAY, Ground, agreement, customer, date, moment, run_days};

const CUSTOMERS: u32 = 24;
const BATCH: usize = 4;

/// How many messages of the day are in each of these states.
fn counts<const N: usize>(engine: &Engine, states: [MessageState; N]) -> [usize; N] {
    let mut found = Vec::new();
    let read = engine.db().read(|tx| {
        (0..PART_COUNT).map(Part::new).try_for_each(|part| {
            message::each_of_part(tx, part, |row| {
                found.extend((row.business_date == date(DAY)).then_some(row.state));
                Ok(())
            })
        })
    });
    read.expect("messages are read");
    states.map(|state| found.iter().filter(|found| **found == state).count())
}

/// An engine with [`CUSTOMERS`] messages that are due on [`DAY`], and how many there are.
fn with_messages_due(ground: &Ground) -> (Engine, usize) {
    let engine = ground.engine("first");
    ground.import(&engine, moment("2026-12-31", 0), |writer| {
        // Those of one zone: the evening comes to all at once.
        for number in (1..=CUSTOMERS).filter(|number| number % 7 > 0) {
            customer(writer, number);
            agreement(writer, number, number);
        }
    });
    run_days(&engine, FIRST_DAY, 4);
    let queued = counts(&engine, [MessageState::Queued])[0];
    assert!(queued > 4 * BATCH, "{}: {queued} messages", ground.name);
    (engine, queued)
}

#[test]
fn wherever_a_commit_is_lost_at_most_two_batches_are_in_doubt_and_all_go_out_once() {
    on_both(|ground| {
        let (engine, queued) = with_messages_due(ground);
        let mut now = moment(DAY, 10);
        for lost in 0..12 {
            let commits = Arc::new(AtomicU64::new(0));
            let gate = move || match commits.fetch_add(1, Ordering::SeqCst) {
                number if number != lost => CommitGate::Open,
                _ if lost % 2 == 0 => CommitGate::LostBefore,
                _ => CommitGate::LostAfter,
            };
            let worker = format!("worker-{lost}");
            let engine =
                ground.engine_in_real_time(&worker).with_batch_count(BATCH).with_commit_gate(Box::new(gate));
            let ended = engine.dispatch(now).is_err();
            let [sending, still] = counts(&engine, [MessageState::Sending, MessageState::Queued]);
            assert!(sending <= 2 * BATCH, "{}: {sending} in doubt, {still} queued", ground.name);
            if !ended {
                break;
            }
            // What others had in hand is free when their time is up.
            now = now.plus_seconds(601);
        }
        ground.engine_in_real_time("last").with_batch_count(BATCH).dispatch(now).expect("a round of sending");
        assert_eq!(counts(&engine, [MessageState::Accepted]), [queued], "{}", ground.name);
        assert_eq!(ground.spooled().len(), queued, "{}", ground.name);
    });
}

/// A round of sending in batches of [`BATCH`], which looks at the clock as often as `looks` before it is ten in the evening.
fn sent_until_ten(ground: &Ground, looks: u64, seconds_max: Option<i64>) -> DispatchReport {
    let engine = ground.engine("evening").with_batch_count(BATCH);
    let looked = AtomicU64::new(0);
    let clock = || match looked.fetch_add(1, Ordering::SeqCst) {
        number if number < looks => moment(DAY, 22).plus_seconds(-1),
        _ => moment(DAY, 22),
    };
    engine.send(&Sending { lane: Lane::All, moment: &clock, seconds_max }).expect("a round of sending")
}

#[test]
fn a_round_that_lasts_into_the_quiet_hours_sends_nothing_in_them() {
    on_both(|ground| {
        let (engine, queued) = with_messages_due(ground);
        // It begins and claims; at the next look, as it hands over, it is ten.
        let report = sent_until_ten(ground, 2, None);
        assert_eq!((report.accepted, report.deferred), (0, queued as u64), "{}: {report:?}", ground.name);
        assert_eq!(ground.spooled().len(), 0, "{}", ground.name);
        let [sending, waiting] = counts(&engine, [MessageState::Sending, MessageState::Queued]);
        assert_eq!((sending, waiting), (0, queued), "{}", ground.name);
        let morning = engine.dispatch(moment("2026-02-12", 8)).expect("a round of sending");
        assert_eq!(morning.accepted, queued as u64, "{}: {morning:?}", ground.name);
        let found = engine.verify(&|_| {}).expect("it can be verified");
        assert!(found.is_clean(), "{}: {found:?}", ground.name);
    });
}

#[test]
fn a_round_whose_time_is_over_says_so_and_leaves_nothing_half_done() {
    on_both(|ground| {
        let (engine, queued) = with_messages_due(ground);
        // Begin, claim, hand over and write while the next is claimed: then a second has passed.
        let report = sent_until_ten(ground, 3, Some(1));
        assert!(report.is_cut_short && report.total() < queued as u64, "{}: {report:?}", ground.name);
        let [sending, waiting] = counts(&engine, [MessageState::Sending, MessageState::Queued]);
        assert_eq!((sending, waiting), (0, queued - report.accepted as usize), "{}", ground.name);
    });
}

//! A batch is claimed while the one before is handed over: wherever a commit is lost, no message goes out twice, none is
//! forgotten, and no more than two batches are in doubt.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dunlin_domain::id::{PART_COUNT, Part};
use dunlin_domain::message::MessageState;
use dunlin_engine::Engine;
use dunlin_store::{CommitGate, message};

use crate::answers::{DAY, on_both};
use crate::ground::{FIRST_DAY, agreement, customer, date, moment, run_days};

const CUSTOMERS: u32 = 22;
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

#[test]
fn wherever_a_commit_is_lost_at_most_two_batches_are_in_doubt_and_all_go_out_once() {
    on_both(|ground| {
        let engine = ground.engine("first");
        ground.import(&engine, moment("2026-12-31", 0), |writer| {
            for number in 1..=CUSTOMERS {
                customer(writer, number);
                agreement(writer, number, number);
            }
        });
        run_days(&engine, FIRST_DAY, 4);
        let queued = counts(&engine, [MessageState::Queued])[0];
        assert!(queued > 4 * BATCH, "{}: {queued} messages", ground.name);
        let mut now = moment(DAY, 10);
        for lost in 0..12 {
            let commits = Arc::new(AtomicU64::new(0));
            let gate = move || match commits.fetch_add(1, Ordering::SeqCst) {
                number if number != lost => CommitGate::Open,
                _ if lost % 2 == 0 => CommitGate::LostBefore,
                _ => CommitGate::LostAfter,
            };
            let worker = format!("worker-{lost}");
            let engine = ground.engine(&worker).with_batch_count(BATCH).with_commit_gate(Box::new(gate));
            let ended = engine.dispatch(now).is_err();
            let [sending, still] = counts(&engine, [MessageState::Sending, MessageState::Queued]);
            assert!(sending <= 2 * BATCH, "{}: {sending} in doubt, {still} queued", ground.name);
            if !ended {
                break;
            }
            // What others had in hand is free when their time is up.
            now = now.plus_seconds(601);
        }
        ground.engine("last").with_batch_count(BATCH).dispatch(now).expect("a round of sending");
        assert_eq!(counts(&engine, [MessageState::Accepted]), [queued], "{}", ground.name);
        assert_eq!(ground.spooled().len(), queued, "{}", ground.name);
    });
}

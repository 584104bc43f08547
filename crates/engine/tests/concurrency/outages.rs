//! Outages that last over night: the next day is not silent too, and each day says what was true of it.

use std::sync::atomic::{AtomicU64, Ordering};

use dunlin_engine::Engine;
use dunlin_store::CommitGate;
use expect_test::{Expect, expect};

use crate::answers::{DAY, on_both};
use crate::ground::{Ground, agreement, customer, date, moment, run_days};

const DAY_BEFORE: &str = "2026-02-10";
const DAY_AFTER: &str = "2026-02-12";

/// The engine that decides and the one that sends; all days through `last` are decided, those before it sent at noon, and
/// the channel is out of order.
fn engines(ground: &Ground, last: &str) -> (Engine, Engine) {
    let decides = ground.engine("decides");
    ground.import(&decides, moment("2026-12-31", 0), |writer| {
        customer(writer, 1);
        agreement(writer, 1, 1);
    });
    let sends = ground.engine_in_real_time("sends");
    for day in ["2026-02-08", "2026-02-09", DAY_BEFORE, DAY].into_iter().filter(|day| *day <= last) {
        run_days(&decides, day, 1);
        if day < last {
            sends.dispatch(moment(day, 12)).expect("a round of sending");
        }
    }
    std::fs::write(ground.folder.join("spool/closed"), "").expect("a file");
    (decides, sends)
}

fn open(ground: &Ground) {
    std::fs::remove_file(ground.folder.join("spool/closed")).expect("a file");
}

/// What a round comes to: accepted, unavailable, expired.
fn round(engine: &Engine, day: &str, hour: i8) -> (u64, u64, u64) {
    let report = engine.dispatch(moment(day, hour)).expect("a round of sending");
    (report.accepted, report.unavailable, report.expired)
}

/// What a day says, to staff and to the customer, and how coverage counts it.
fn check_day(engine: &Engine, day: &str, expected: &Expect) {
    let why = engine.why("A-1", date(day)).expect("the day was run");
    let coverage = engine.coverage(date(day), date(day)).expect("the day was run");
    let reasons: Vec<String> =
        coverage.by_reason.iter().map(|line| format!("{} {}", line.reason.code(), line.count)).collect();
    expected.assert_eq(&format!(
        "{}: {}\ncoverage: {} contacted, {} silent: {}",
        why.reason.map_or("-", |reason| reason.code()),
        why.customer_sentence.1,
        coverage.contacted,
        coverage.silent,
        reasons.join(", ")
    ));
}

#[test]
fn a_text_that_its_channel_held_up_over_night_leaves_the_next_day_and_counts_there() {
    on_both(|ground| {
        let (decides, sends) = engines(ground, DAY);
        assert_eq!(round(&sends, DAY, 12), (0, 1, 0), "{}", ground.name);
        assert_eq!(round(&sends, DAY, 20), (0, 1, 0), "{}", ground.name);
        run_days(&decides, DAY_AFTER, 1);
        open(ground);
        // Its twenty-four hours are over at nine.
        assert_eq!(round(&sends, DAY_AFTER, 10), (1, 0, 0), "{}", ground.name);
        run_days(&decides, "2026-02-13", 1);
        check_day(
            &sends,
            DAY,
            &expect![[r#"
                fault.channel: That day a notice could not be delivered for a technical reason. You can see your statement in the app at any time.
                coverage: 0 contacted, 1 silent: fault.channel 1"#]],
        );
        check_day(
            &sends,
            DAY_AFTER,
            &expect![[r#"
                contact.sent: We sent you a notice that day about the amount due; it is not confirmed that it reached you.
                coverage: 1 contacted, 0 silent: contact.sent 1"#]],
        );
        let report = sends.verify(&|_| {}).expect("it can be verified");
        assert!(report.is_clean(), "{report:?}");
    });
}

#[test]
fn an_outage_that_goes_on_is_named_on_both_days_and_the_third_makes_contact_again() {
    on_both(|ground| {
        let (decides, sends) = engines(ground, DAY);
        round(&sends, DAY, 12);
        run_days(&decides, DAY_AFTER, 1);
        assert_eq!(round(&sends, DAY_AFTER, 18), (0, 1, 0), "{}", ground.name);
        assert_eq!(round(&sends, "2026-02-13", 8), (0, 0, 1), "{}", ground.name);
        open(ground);
        run_days(&decides, "2026-02-13", 1);
        assert_eq!(round(&sends, "2026-02-13", 10), (1, 0, 0), "{}", ground.name);
        for day in [DAY, DAY_AFTER] {
            let why = sends.why("A-1", date(day)).expect("the day was run");
            assert_eq!(why.reason.map(|reason| reason.code()), Some("fault.channel"), "{day}");
        }
    });
}

/// Whoever takes over what a worker had in hand when it died lets it live as long.
#[test]
fn a_text_that_was_held_up_over_night_leaves_although_the_worker_that_has_it_dies() {
    on_both(|ground| {
        let (decides, sends) = engines(ground, DAY);
        assert_eq!(round(&sends, DAY, 20), (0, 1, 0), "{}", ground.name);
        run_days(&decides, DAY_AFTER, 1);
        open(ground);
        let commits = AtomicU64::new(0);
        // That it has the text in hand is kept, and nothing afterwards.
        let gate = move || match commits.fetch_add(1, Ordering::SeqCst) {
            0 => CommitGate::Open,
            _ => CommitGate::LostBefore,
        };
        let dies = ground.engine_in_real_time("dies").with_commit_gate(Box::new(gate));
        dies.dispatch(moment(DAY_AFTER, 10)).expect_err("its answer is lost");
        assert_eq!(round(&sends, DAY_AFTER, 11), (1, 0, 0), "{}", ground.name);
        let found = sends.verify(&|_| {}).expect("it can be verified");
        assert!(found.is_clean(), "{}: {found:?}", ground.name);
    });
}

/// The due date's text is out of date when the next day decides on its own: the customer does not get both.
#[test]
fn a_text_that_was_held_up_does_not_leave_beside_the_next_one() {
    on_both(|ground| {
        let (decides, sends) = engines(ground, DAY_BEFORE);
        assert_eq!(round(&sends, DAY_BEFORE, 12), (0, 1, 0), "{}", ground.name);
        run_days(&decides, DAY, 1);
        open(ground);
        assert_eq!(round(&sends, DAY, 10), (1, 0, 1), "{}", ground.name);
    });
}

/// What begins with the next day is not the reason of the day on which the channel was out of order.
#[test]
fn an_outage_keeps_its_name_when_a_pause_begins_the_day_after() {
    on_both(|ground| {
        let (decides, sends) = engines(ground, DAY);
        assert_eq!(round(&sends, DAY, 12), (0, 1, 0), "{}", ground.name);
        crate::pauses::approve(
            &decides,
            &crate::pauses::new_pause(DAY_AFTER, DAY_AFTER, None),
            moment(DAY, 20),
        );
        open(ground);
        for hour in [8, 9] {
            assert_eq!(round(&sends, DAY_AFTER, hour).0, 0, "{}: it rests", ground.name);
        }
        run_days(&decides, DAY_AFTER, 1);
        assert_eq!(round(&sends, "2026-02-13", 8).0, 0, "{}", ground.name);
        let why = sends.why("A-1", date(DAY)).expect("the day was run");
        assert_eq!(why.reason.map(|reason| reason.code()), Some("fault.channel"), "{}", ground.name);
    });
}

//! Outages that last over night: the next day is not silent too, and each day says what was true of it.

use dunlin_engine::Engine;

use crate::answers::{DAY, on_both};
use crate::ground::{FIRST_DAY, Ground, agreement, customer, moment, run_days};

const DAY_BEFORE: &str = "2026-02-10";

/// The engine that decides and the one that sends; `days` days are decided, and the channel is out of order.
fn engines(ground: &Ground, days: i32) -> (Engine, Engine) {
    let decides = ground.engine("decides");
    ground.import(&decides, moment("2026-12-31", 0), |writer| {
        customer(writer, 1);
        agreement(writer, 1, 1);
    });
    run_days(&decides, FIRST_DAY, days);
    let sends = ground.engine_in_real_time("sends");
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

/// The due date's text is out of date when the next day decides on its own: the customer does not get both.
#[test]
fn a_text_that_was_held_up_does_not_leave_beside_the_next_one() {
    on_both(|ground| {
        let (decides, sends) = engines(ground, 3);
        assert_eq!(round(&sends, DAY_BEFORE, 12), (0, 1, 0), "{}", ground.name);
        run_days(&decides, DAY, 1);
        open(ground);
        assert_eq!(round(&sends, DAY, 10), (1, 0, 1), "{}", ground.name);
    });
}

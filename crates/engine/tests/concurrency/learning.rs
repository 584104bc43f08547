//! What is learned while a day is being run: it is looked at on the next day, and every overdue day still has one verdict.

use std::sync::atomic::{AtomicBool, Ordering};

use dunlin_domain::date::{BusinessDate, Timestamp};
use dunlin_domain::id::{PART_COUNT, Part};
use dunlin_engine::Engine;
use dunlin_store::run::{self, Span};

use crate::ground::{
    FIRST_DAY, Ground, StepClock, agreement, customer, date, grounds, moment, pay, portfolio, run_days,
    take_back,
};

const CUSTOMER_COUNT: u32 = 120;

/// The day that is halted in its midst: on it and on the next the strategy makes contact with whoever is overdue
/// since the 11th and has not heard from us.
const HALTED_DAY: &str = "2026-02-13";
/// The day after.
const NEXT_DAY: &str = "2026-02-14";
/// Days before it.
const DAYS_BEFORE: i32 = 5;

/// How many agreements were worked on the day, and how many there are.
fn worked(engine: &Engine) -> (i64, i64) {
    let days = i64::from(date(HALTED_DAY).days());
    let count = |sql: &str| {
        let count = engine.db().read(|tx| tx.query_one(sql, &[], |row| Ok(row.opt_int(0))));
        count.expect("rows are counted").flatten().unwrap_or(0)
    };
    let done =
        format!("select cast(sum(agreement_count) as bigint) from span_day where business_date = {days}");
    (count(&done), count("select count(*) from agreement where part >= 0"))
}

/// Runs the day; when only the spans that "elsewhere" holds are open any more, `meanwhile` happens, and then those are
/// free.
fn run_halted(engine: &Engine, meanwhile: impl Fn() + Sync) {
    let clock = StepClock::new(moment(HALTED_DAY, 9));
    let held = [Part::new(0), Part::new(512)];
    let until = moment(HALTED_DAY, 9).plus_seconds(3_600);
    let take = engine.db().write(|tx| {
        held.iter().try_for_each(|first| {
            let span = Span { first: *first, last: Part::new(first.number() + 63) };
            run::take_lease(tx, span, "elsewhere:1:0", clock.now(), until)
                .map(|lease| assert!(lease.is_some()))
        })
    });
    take.expect("leases are taken");
    let day = BusinessDate(date(HALTED_DAY));
    let is_over = AtomicBool::new(false);
    let now = || {
        let closed = engine.db().read(|tx| run::closed_spans(tx, day)).expect("spans are read").len();
        if closed + held.len() == usize::from(PART_COUNT) / 64 && !is_over.swap(true, Ordering::Relaxed) {
            let (done, all) = worked(engine);
            assert!(done > 0 && done < all, "{done} of {all} agreements were worked");
            meanwhile();
            clock.pass_seconds(2 * 3_600);
        }
        clock.now()
    };
    engine.run_day(day, &now, &|_| {}).expect("the day runs");
    assert!(is_over.into_inner(), "the day was halted");
}

fn check_clean(ground: &Ground, engine: &Engine, through: &str) {
    let coverage = engine.coverage(date(FIRST_DAY), date(through)).expect("the days were run");
    assert_eq!(coverage.unexplained, 0, "{}: {:?}", ground.name, coverage.unexplained_examples);
    assert!(coverage.overdue_days > 0);
    let report = engine.verify(&|_| {}).expect("the database can be read");
    assert_eq!(report.problems, Vec::<String>::new(), "{}", ground.name);
}

/// How many messages were decided on a day, for each agreement that has one.
fn messages_of_day(engine: &Engine, day: &str) -> Vec<i64> {
    let sql = "select count(*) from message where part >= 0 and business_date = ?1 group by agreement_id";
    let days = [dunlin_store::Param::Int(i64::from(date(day).days()))];
    engine.db().read(|tx| tx.query(sql, &days, |row| Ok(row.int(0)))).expect("messages are counted")
}

#[test]
fn facts_that_come_in_the_midst_of_a_day_belong_to_the_next() {
    for ground in grounds() {
        let engine = ground.engine("first");
        let other = ground.engine("other");
        ground.import(&engine, moment("2026-12-31", 0), |writer| portfolio(writer, CUSTOMER_COUNT));
        run_days(&engine, FIRST_DAY, DAYS_BEFORE);
        run_halted(&engine, || {
            ground.import(&other, moment("2026-12-31", 1), |writer| {
                for index in 0..CUSTOMER_COUNT {
                    match index % 6 {
                        // Paid before, and now it turns out that the money did not come: overdue on the halted day.
                        0 => take_back(writer, index, 0, HALTED_DAY),
                        // Overdue, and paid just now.
                        4 => pay(writer, index, 9, HALTED_DAY, "2000.00"),
                        _ => {}
                    }
                }
                // And somebody whom nobody knew, overdue for two days.
                customer(writer, CUSTOMER_COUNT);
                agreement(writer, CUSTOMER_COUNT, CUSTOMER_COUNT);
            });
        });
        assert!(messages_of_day(&engine, HALTED_DAY).iter().all(|count| *count == 1), "{}", ground.name);
        run_days(&engine, NEXT_DAY, 4);
        check_clean(&ground, &engine, "2026-02-17");
    }
}

#[test]
fn a_message_that_fails_in_the_midst_of_a_day_is_made_good_on_the_next() {
    for ground in grounds() {
        let engine = ground.engine("first");
        let other = ground.engine("other");
        ground.import(&engine, moment("2026-12-31", 0), |writer| portfolio(writer, CUSTOMER_COUNT));
        run_days(&engine, FIRST_DAY, DAYS_BEFORE);
        run_halted(&engine, || {
            // A day later by the clock of sending, so that nothing of the day is sent in time.
            let report = other.dispatch(moment(NEXT_DAY, 9)).expect("messages are looked at");
            assert!(report.expired > 0 && report.accepted == 0, "{report:?}");
        });
        let decided = messages_of_day(&engine, HALTED_DAY);
        assert!(
            !decided.is_empty() && decided.iter().all(|count| *count == 1),
            "{}: {decided:?}",
            ground.name
        );
        run_days(&engine, NEXT_DAY, 1);
        let made_good = messages_of_day(&engine, NEXT_DAY);
        assert!(
            made_good.len() >= decided.len() / 2,
            "{}: {} of {}",
            ground.name,
            made_good.len(),
            decided.len()
        );
        check_clean(&ground, &engine, NEXT_DAY);
    }
}

/// The moment by the wall clock does not matter on the business clock; what does is which day was begun.
#[test]
fn a_pause_cannot_begin_on_a_day_that_is_being_run() {
    use dunlin_domain::pause::{PauseKind, PauseScope};
    use dunlin_engine::pauses::NewPause;
    for ground in grounds() {
        let engine = ground.engine("first");
        let other = ground.engine("other");
        ground.import(&engine, moment("2026-12-31", 0), |writer| portfolio(writer, CUSTOMER_COUNT));
        run_days(&engine, FIRST_DAY, DAYS_BEFORE);
        let pause_from = |from: &str| NewPause {
            kind: PauseKind::Upgrade,
            scope: PauseScope::default(),
            from: BusinessDate(date(from)),
            through: BusinessDate(date("2026-02-20")),
            reason_zh: "系统升级".to_owned(),
            reason_en: "system upgrade".to_owned(),
        };
        let add = |from: &str, at: Timestamp| other.add_pause(&pause_from(from), at);
        run_halted(&engine, || {
            let refusal = add(HALTED_DAY, moment(HALTED_DAY, 9)).expect_err("the day was begun without it");
            let words = "pause begins on 2026-02-13 but days through 2026-02-13 were begun without it; begin it on 2026-02-14";
            assert_eq!(refusal.to_string(), words);
            add(NEXT_DAY, moment(HALTED_DAY, 9)).expect("the next day is open");
        });
        run_days(&engine, NEXT_DAY, 2);
        check_clean(&ground, &engine, "2026-02-15");
    }
}

//! What is learned while a day is being run: it is looked at on the next day, and every overdue day still has one verdict.

use std::sync::atomic::{AtomicBool, Ordering};

use dunlin_domain::date::BusinessDate;
use dunlin_domain::id::{AgreementId, PART_COUNT, Part};
use dunlin_domain::pause::{PauseKind, PauseScope};
use dunlin_engine::Engine;
use dunlin_engine::pauses::NewPause;
use dunlin_engine::payment::Caller;
use dunlin_store::run::{self, Span};
use dunlin_store::{Param, agreement as agreement_store};

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

/// Where in the day something comes in.
#[derive(Clone, Copy, Debug)]
enum Halt {
    /// Some spans are closed, some were not looked at yet.
    BetweenSpans,
    /// The pages of a span are written, and it is not closed yet.
    BeforeClosing,
}

const HALTS: [Halt; 2] = [Halt::BetweenSpans, Halt::BeforeClosing];

/// How many agreements were worked on the day.
fn worked(engine: &Engine) -> i64 {
    let day = i64::from(date(HALTED_DAY).days());
    let sql = "select cast(coalesce(sum(agreement_count), 0) as bigint) from span_day where part >= 0 and business_date = ?1";
    let count = engine.db().read(|tx| tx.query_one(sql, &[Param::Int(day)], |row| Ok(row.int(0))));
    count.expect("rows are counted").unwrap_or(0)
}

/// Runs the day on one of several spans, or on the one, and has `meanwhile` happen at the halt.
fn run_halted(engine: &Engine, halt: Halt, meanwhile: impl Fn() + Sync) {
    let clock = StepClock::new(moment(HALTED_DAY, 9));
    let day = BusinessDate(date(HALTED_DAY));
    let held = match halt {
        Halt::BetweenSpans => vec![Part::new(0), Part::new(512)],
        Halt::BeforeClosing => Vec::new(),
    };
    let until = moment(HALTED_DAY, 9).plus_seconds(3_600);
    let take = engine.db().write(|tx| {
        held.iter().try_for_each(|first| {
            let span = Span { first: *first, last: Part::new(first.number() + 63) };
            run::take_lease(tx, span, "elsewhere:1:0", clock.now(), until)
                .map(|lease| assert!(lease.is_some()))
        })
    });
    take.expect("leases are taken");
    let is_there = || match halt {
        // Only the spans that "elsewhere" holds are open any more.
        Halt::BetweenSpans => {
            let closed = engine.db().read(|tx| run::closed_spans(tx, day)).expect("spans are read").len();
            closed + held.len() == usize::from(PART_COUNT) / 64
        }
        // The clock is looked at before each page, and the last page is the one that finds nothing.
        Halt::BeforeClosing => worked(engine) > 0,
    };
    let is_over = AtomicBool::new(false);
    let now = || {
        if !is_over.load(Ordering::Relaxed) && is_there() && !is_over.swap(true, Ordering::Relaxed) {
            assert!(worked(engine) > 0, "{halt:?}: some were worked");
            meanwhile();
            // What "elsewhere" holds is free.
            clock.pass_seconds(2 * 3_600);
        }
        clock.now()
    };
    engine.run_day(day, &now, &|_| {}).expect("the day runs");
    assert!(is_over.into_inner(), "{halt:?}: the day was halted");
}

/// The days before the halted one, on an engine and a database for the halt.
fn before(ground: Ground, halt: Halt) -> (Ground, Engine) {
    let ground = match halt {
        Halt::BetweenSpans => ground,
        Halt::BeforeClosing => ground.in_spans_of(PART_COUNT),
    };
    let engine = ground.engine("first");
    ground.import(&engine, moment("2026-12-31", 0), |writer| portfolio(writer, CUSTOMER_COUNT));
    run_days(&engine, FIRST_DAY, DAYS_BEFORE);
    (ground, engine)
}

fn check_on_all(check: impl Fn(&Ground, &Engine, Halt)) {
    for halt in HALTS {
        for ground in grounds() {
            let (ground, engine) = before(ground, halt);
            check(&ground, &engine, halt);
        }
    }
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
    let days = [Param::Int(i64::from(date(day).days()))];
    engine.db().read(|tx| tx.query(sql, &days, |row| Ok(row.int(0)))).expect("messages are counted")
}

#[test]
fn facts_that_come_in_the_midst_of_a_day_belong_to_the_next() {
    check_on_all(|ground, engine, halt| {
        let other = ground.engine("other");
        run_halted(engine, halt, || {
            ground.import(&other, moment("2026-12-31", 1), |writer| {
                for index in 0..CUSTOMER_COUNT {
                    match index % 6 {
                        // Paid before, and now it turns out that the money did not come: overdue on the halted day.
                        0 | 2 => take_back(writer, index, 0, HALTED_DAY),
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
        let decided = messages_of_day(engine, HALTED_DAY);
        assert!(decided.iter().all(|count| *count == 1), "{} {halt:?}: {decided:?}", ground.name);
        run_days(engine, NEXT_DAY, 4);
        check_clean(ground, engine, "2026-02-17");
    });
}

#[test]
fn a_message_that_fails_in_the_midst_of_a_day_is_made_good_on_the_next() {
    check_on_all(|ground, engine, halt| {
        let other = ground.engine("other");
        run_halted(engine, halt, || {
            // A day later by the clock of sending, so that nothing of the day is sent in time.
            let report = other.dispatch(moment(NEXT_DAY, 9)).expect("messages are looked at");
            assert!(report.expired > 0 && report.accepted == 0, "{report:?}");
        });
        let decided = messages_of_day(engine, HALTED_DAY);
        let is_single = decided.iter().all(|count| *count == 1);
        assert!(!decided.is_empty() && is_single, "{} {halt:?}: {decided:?}", ground.name);
        run_days(engine, NEXT_DAY, 1);
        let made_good = messages_of_day(engine, NEXT_DAY).len();
        assert!(made_good >= decided.len() / 2, "{} {halt:?}: {made_good} of {}", ground.name, decided.len());
        check_clean(ground, engine, NEXT_DAY);
    });
}

/// An import reads which day is open when it begins, and the day may begin before it ends.
#[test]
fn an_agreement_that_is_woken_on_a_day_on_which_it_was_worked_waits_for_the_next() {
    for ground in grounds() {
        let (ground, engine) = before(ground, Halt::BeforeClosing);
        let other = ground.engine("other");
        run_halted(&engine, Halt::BeforeClosing, || {
            let woken = other.db().write(|tx| {
                let sql = "select part, agreement_id from agreement where part >= 0";
                let part = |number: i64| Part::new(u16::try_from(number).expect("a part"));
                let keys = tx.query(sql, &[], |row| Ok((part(row.int(0)), AgreementId(row.id16(1)))))?;
                agreement_store::wake(tx, &keys, date(HALTED_DAY), true, true)
            });
            woken.expect("agreements are woken");
        });
        let decided = messages_of_day(&engine, HALTED_DAY);
        let is_single = decided.iter().all(|count| *count == 1);
        assert!(!decided.is_empty() && is_single, "{}: {decided:?}", ground.name);
        run_days(&engine, NEXT_DAY, 1);
        assert!(!messages_of_day(&engine, NEXT_DAY).is_empty(), "{}: they are looked at", ground.name);
        check_clean(&ground, &engine, NEXT_DAY);
    }
}

#[test]
fn a_pause_cannot_begin_on_a_day_that_is_being_run() {
    check_on_all(|ground, engine, halt| {
        let other = ground.engine("other");
        let pause_from = |from: &str| NewPause {
            kind: PauseKind::Upgrade,
            scope: PauseScope::default(),
            from: BusinessDate(date(from)),
            through: BusinessDate(date("2026-02-20")),
            reason_zh: "系统升级".to_owned(),
            reason_en: "system upgrade".to_owned(),
            per_hour: None,
            customer: None,
        };
        let at = moment(HALTED_DAY, 9);
        run_halted(engine, halt, || {
            let refusal =
                other.add_pause(&pause_from(HALTED_DAY), at).expect_err("the day was begun without it");
            let words = "pause begins on 2026-02-13 but days through 2026-02-13 were begun without it; begin it on 2026-02-14";
            assert_eq!(refusal.to_string(), words);
            let pause = other.add_pause(&pause_from(NEXT_DAY), at).expect("the next day is open");
            let second = Caller { actor: "second person", now: at };
            other.approve_pause(pause.id, "", second).expect("the next day is open");
        });
        run_days(engine, NEXT_DAY, 2);
        check_clean(ground, engine, "2026-02-15");
    });
}

//! Days that several engines run at once, run again, or run late.

use std::sync::Barrier;

use dunlin_domain::date::{BusinessDate, Timestamp};
use dunlin_domain::message::MessageState;
use dunlin_engine::{Engine, EngineError};
use expect_test::{Expect, expect};

use crate::dump::{Dump, assert_same, dump, whole_dump, without_order_of_sending};
use crate::ground::{
    FIRST_DAY, Ground, StepClock, date, days_from, grounds, moment, pay, portfolio, run_days, shanghai,
};

/// Customers of the portfolio.
const CUSTOMER_COUNT: u32 = 240;
/// Days that are run: through due dates, first notices, cures and second notices.
const DAY_COUNT: i32 = 9;

fn imported(ground: &Ground) -> Engine {
    let engine = ground.engine("first");
    ground.import(&engine, moment("2026-12-31", 0), |writer| portfolio(writer, CUSTOMER_COUNT));
    engine
}

/// What one engine leaves after all days.
fn alone(ground: &Ground) -> Dump {
    let engine = imported(ground);
    run_days(&engine, FIRST_DAY, DAY_COUNT);
    dump(&engine)
}

/// What `engine_count` engines leave that begin together and run the same days.
fn together(ground: &Ground, engine_count: usize) -> Dump {
    let engine = imported(ground);
    let engines: Vec<Engine> =
        (0..engine_count).map(|number| ground.engine(&format!("worker-{number}"))).collect();
    let (start, clock) = (Barrier::new(engine_count), StepClock::new(moment(FIRST_DAY, 9)));
    std::thread::scope(|scope| {
        for engine in &engines {
            scope.spawn(|| {
                start.wait();
                for day in days_from(FIRST_DAY, DAY_COUNT) {
                    engine.run_day(day, &|| clock.now(), &|_| {}).expect("a day runs");
                }
            });
        }
    });
    let report = engine.verify(&|_| {}).expect("the database can be read");
    assert_eq!(report.problems, Vec::<String>::new(), "{}", ground.name);
    dump(&engine)
}

#[test]
fn several_engines_on_the_same_days_leave_what_one_leaves() {
    let expected = alone(&crate::ground::sqlite());
    for needed in ["verdict", "message", "posting", "accrual_total", "audit_root"] {
        assert!(!expected[needed].is_empty(), "nothing was compared of {needed}");
    }
    assert_same("one on postgres", &expected, &alone(&crate::ground::postgres()));
    for engine_count in [2, 4] {
        for ground in grounds() {
            let found = together(&ground, engine_count);
            assert_same(&format!("{engine_count} on {}", ground.name), &expected, &found);
        }
    }
}

/// Runs the days and sends what each decides; nobody waits for the others.
fn run_and_send(engine: &Engine, clock: &StepClock) {
    for day in days_from(FIRST_DAY, DAY_COUNT) {
        engine.run_day(day, &|| clock.now(), &|_| {}).expect("a day runs");
        engine.dispatch(Timestamp::at(day.0, 10, 0, &shanghai())).expect("messages are sent");
    }
}

#[test]
fn several_engines_send_each_message_once() {
    for make in [crate::ground::sqlite, crate::ground::postgres] {
        let (one, many) = (make(), make());
        let alone = imported(&one);
        run_and_send(&alone, &StepClock::new(moment(FIRST_DAY, 9)));
        let witness = imported(&many);
        let engines: Vec<Engine> = (0..4).map(|number| many.engine(&format!("worker-{number}"))).collect();
        let clock = StepClock::new(moment(FIRST_DAY, 9));
        std::thread::scope(|scope| {
            for engine in &engines {
                scope.spawn(|| run_and_send(engine, &clock));
            }
        });
        assert!(!one.spooled().is_empty(), "{}: messages were sent", one.name);
        assert_eq!(one.spooled(), many.spooled(), "{}", one.name);
        let [expected, found] = [&alone, &witness].map(|engine| without_order_of_sending(dump(engine)));
        assert_same(&format!("sending by four on {}", one.name), &expected, &found);
    }
}

/// The database keeps day numbers and microseconds: the zone of its sessions is nobody's business.
#[test]
fn the_zone_of_the_database_server_changes_nothing() {
    let expected = alone(&crate::ground::sqlite());
    for zone in ["America/Los_Angeles", "Pacific/Kiritimati"] {
        let ground = crate::ground::postgres_in_zone(zone);
        let engine = ground.engine("asked");
        let shown =
            engine.db().read(|tx| tx.query_one("show timezone", &[], |row| Ok(row.text(0).to_owned())));
        assert_eq!(shown.expect("the server answers").as_deref(), Some(zone));
        assert_same(zone, &expected, &alone(&ground));
    }
}

#[test]
fn a_closed_day_that_is_run_again_changes_nothing() {
    for ground in grounds() {
        let engine = imported(&ground);
        run_days(&engine, FIRST_DAY, 4);
        let before = whole_dump(&engine);
        run_days(&engine, FIRST_DAY, 4);
        run_days(&ground.engine("second"), "2026-02-11", 1);
        assert_same(ground.name, &before, &whole_dump(&engine));
    }
}

fn check_refusal(engine: &Engine, day: &str, expected: Expect) {
    let now = moment(day, 9);
    let result = engine.run_day(BusinessDate(date(day)), &|| now, &|_| {});
    let error = result.expect_err("a day out of order is refused");
    expected.assert_eq(&format!("{}: {error}", error.code()));
}

#[test]
fn skipped_days_are_caught_up_in_order_and_in_no_other() {
    let expected = alone(&crate::ground::sqlite());
    for ground in grounds() {
        let engine = imported(&ground);
        run_days(&engine, FIRST_DAY, 2);
        check_refusal(
            &engine,
            "2026-02-12",
            expect![
                "day_out_of_order: day 2026-02-12 cannot begin: 2026-02-09 is the last day that was begun; run `dunlin day --through 2026-02-12`"
            ],
        );
        check_refusal(
            &engine,
            "2026-02-07",
            expect!["day_out_of_order: day 2026-02-07 is before 2026-02-08, with which the books begin"],
        );
        let open = engine.days_to_run(BusinessDate(date("2026-02-16"))).expect("days are read");
        assert_eq!(open, days_from("2026-02-10", 7).collect::<Vec<_>>());
        let clock = StepClock::new(moment("2026-02-16", 9));
        for day in open {
            engine.run_day(day, &|| clock.now(), &|_| {}).expect("a day runs");
        }
        assert_same(ground.name, &expected, &dump(&engine));
    }
}

#[test]
fn of_two_first_days_at_once_one_is_the_first() {
    for ground in grounds() {
        let engines = [imported(&ground), ground.engine("second")];
        let start = Barrier::new(2);
        let begin = |engine: &Engine, day: &str| {
            let now = moment(day, 9);
            start.wait();
            engine.run_day(BusinessDate(date(day)), &|| now, &|_| {})
        };
        let results = std::thread::scope(|scope| {
            let late = scope.spawn(|| begin(&engines[1], "2026-02-12"));
            [begin(&engines[0], FIRST_DAY), late.join().expect("the thread ends")]
        });
        let refused: Vec<&EngineError> = results.iter().filter_map(|result| result.as_ref().err()).collect();
        assert_eq!(refused.len(), 1, "{}: {refused:?}", ground.name);
        assert_eq!(refused[0].code(), "day_out_of_order");
    }
}

/// How many agreements have which reason on a day of the portfolio, by the wall clock.
fn check_reasons(engine: &Engine, day: &str, expected: Expect) {
    let coverage = engine.coverage(date(day), date(day)).expect("the day was run");
    let reasons = coverage.by_reason.iter().map(|line| format!("{} {}", line.reason.code(), line.count));
    let unexplained = format!("unexplained {}", coverage.unexplained);
    expected.assert_eq(&reasons.chain([unexplained]).collect::<Vec<_>>().join(", "));
}

#[test]
fn missed_days_are_named_as_missed_and_one_fresh_notice_follows() {
    for ground in grounds() {
        let engine = ground.engine_in_real_time("first");
        ground.import_people(&engine, moment("2026-02-08", 8), 60);
        for day in days_from(FIRST_DAY, 2) {
            let now = Timestamp::at(day.0, 9, 0, &shanghai());
            engine.run_day(day, &|| now, &|_| {}).expect("a day runs");
        }
        // Nothing runs from the due date on until four days later.
        let clock = StepClock::new(moment("2026-02-13", 9));
        let open = engine.days_to_run(BusinessDate(date("2026-02-13"))).expect("days are read");
        assert_eq!(open, days_from("2026-02-10", 4).collect::<Vec<_>>());
        for day in open {
            let report = engine.run_day(day, &|| clock.now(), &|_| {}).expect("a day runs");
            assert_eq!(report.is_late, day.0 < date("2026-02-13"), "{day}");
            assert!(
                !report.is_late || report.messages == 0,
                "{day}: nobody is contacted about a day that is over"
            );
        }
        check_reasons(&engine, "2026-02-11", expect!["fault.run_missed 60, unexplained 0"]);
        check_reasons(&engine, "2026-02-12", expect!["fault.run_missed 60, unexplained 0"]);
        check_reasons(
            &engine,
            "2026-02-13",
            expect!["contact.sent 50, contact_data.none 7, voice.opted_out 3, unexplained 0"],
        );
        engine.dispatch(moment("2026-02-13", 10)).expect("messages are sent");
        let sent = messages_by_customer(&engine);
        assert!(!sent.is_empty() && sent.values().all(|count| *count == 1), "{}: {sent:?}", ground.name);
        assert_eq!(ground.spooled().len(), sent.len());
    }
}

/// Runs the program on these days only, by another process for each business day and twice for the last, and tells how many
/// customers were sent a message by which day's decision.
fn told_by_runs_on(ground: &Ground, run_on: &[&str]) -> (Engine, String) {
    let engine = ground.engine_in_real_time("first");
    ground.import_people(&engine, moment("2026-02-04", 8), 12);
    for day in run_on {
        let clock = StepClock::new(moment(day, 9));
        let asked = BusinessDate(date(day));
        let open = engine.days_to_run(asked).expect("days are read");
        for (index, day) in open.into_iter().chain([asked]).enumerate() {
            let process = ground.engine_in_real_time(&format!("process-{index}"));
            process.run_day(day, &|| clock.now(), &|_| {}).expect("a day runs");
        }
        engine.dispatch(moment(day, 10)).expect("messages are sent");
        engine.dispatch(moment(day, 11)).expect("messages are sent");
    }
    assert_eq!(engine.verify(&|_| {}).expect("it can be read").problems, Vec::<String>::new());
    let mut by_day = std::collections::BTreeMap::<_, std::collections::BTreeMap<_, u32>>::new();
    each_message(&engine, &mut |message| {
        assert_eq!(message.state, MessageState::Accepted, "{message:?}");
        let day = by_day.entry(message.business_date).or_default();
        *day.entry(message.customer).or_default() += 1;
    });
    assert!(by_day.values().flat_map(|day| day.values()).all(|count| *count == 1), "{by_day:?}");
    let days = by_day.iter().map(|(day, customers)| format!("{day} {}", customers.len()));
    let told = days.collect::<Vec<_>>().join(", ");
    (engine, told)
}

/// The standard strategy reminds three days before the due date, which is 2026-02-10, and on it. One customer of the twelve
/// has no number.
#[test]
fn a_reminder_whose_day_was_not_run_comes_once_with_the_next_run_before_the_due_date() {
    for (run_on, expected) in [
        (&["2026-02-06", "2026-02-07", "2026-02-08", "2026-02-09"][..], expect!["2026-02-07 11"]),
        (&["2026-02-06", "2026-02-08", "2026-02-09"], expect!["2026-02-08 11"]),
        (&["2026-02-06", "2026-02-09", "2026-02-10"], expect!["2026-02-09 11, 2026-02-10 11"]),
        // What is to be said on the day itself stands for what was missed.
        (&["2026-02-06", "2026-02-10"], expect!["2026-02-10 11"]),
        (&["2026-02-06", "2026-02-11"], expect!["2026-02-11 11"]),
    ] {
        for ground in grounds() {
            expected.assert_eq(&told_by_runs_on(&ground, run_on).1);
        }
    }
}

#[test]
fn why_names_the_missed_reminder_on_its_day_and_what_made_it_good() {
    for ground in grounds() {
        let (engine, _) = told_by_runs_on(&ground, &["2026-02-06", "2026-02-09"]);
        let told = |day: &str| {
            let why = engine.why("A-0", date(day)).expect("a day that was run");
            let texts =
                why.links.iter().filter(|link| matches!(link.stage, "strategy" | "fault" | "outcome"));
            texts.map(|link| link.text.1.clone()).collect::<Vec<_>>().join("\n")
        };
        let missed = "strategy standard@1 (Standard reminders and collections) decided by row predue_3, line 15\n\
            the day's run happened only at 2026-02-09 09:00\n\
            outcome: the day's run, or the sending after it, did not happen in time (fault.run_missed)";
        assert_eq!(told("2026-02-07"), missed, "{}", ground.name);
        assert_eq!(told("2026-02-08"), missed, "{}", ground.name);
        expect![[r#"
            strategy standard@1 (Standard reminders and collections) decided by row predue_3, line 15
            makes good what was due on 2026-02-07 to 2026-02-08, when the run did not happen in time
            the next contact is planned for 2026-02-10
            outcome: a message was sent by the strategy; no receipt says yet that it arrived (contact.sent)"#]]
        .assert_eq(&told("2026-02-09"));
    }
}

#[test]
fn a_missed_reminder_is_not_made_good_once_what_it_was_about_is_paid() {
    for ground in grounds() {
        let engine = ground.engine_in_real_time("first");
        ground.import_people(&engine, moment("2026-02-04", 8), 2);
        let run_on = |day: &str| {
            for open in engine.days_to_run(BusinessDate(date(day))).expect("days are read") {
                let clock = StepClock::new(moment(day, 9));
                engine.run_day(open, &|| clock.now(), &|_| {}).expect("a day runs");
            }
        };
        run_on("2026-02-06");
        ground.import(&engine, moment("2026-02-08", 8), |writer| pay(writer, 0, 0, "2026-02-08", "2000.00"));
        run_on("2026-02-08");
        engine.dispatch(moment("2026-02-08", 10)).expect("messages are sent");
        assert_eq!(messages_by_customer(&engine).len(), 1, "{}", ground.name);
    }
}

/// Calls `visit` for each message.
fn each_message(engine: &Engine, visit: &mut dyn FnMut(&dunlin_store::message::MessageRow)) {
    engine
        .db()
        .read(|tx| {
            for part in (0..dunlin_domain::id::PART_COUNT).map(dunlin_domain::id::Part::new) {
                dunlin_store::message::each_of_part(tx, part, |message| {
                    visit(&message);
                    Ok(())
                })?;
            }
            Ok(())
        })
        .expect("messages are read");
}

/// Messages of the last day that were taken, by customer.
fn messages_by_customer(engine: &Engine) -> std::collections::BTreeMap<String, u32> {
    let mut counts = std::collections::BTreeMap::new();
    each_message(engine, &mut |message| {
        if message.state == MessageState::Accepted {
            *counts.entry(message.customer.to_string()).or_default() += 1;
        }
    });
    counts
}

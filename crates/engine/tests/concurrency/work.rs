//! How much work a day asks of the database: counted in statements and rows, and never in time.

use std::collections::BTreeSet;

use dunlin_domain::date::BusinessDate;
use dunlin_domain::id::{CustomerId, PART_COUNT, Part};
use dunlin_engine::Engine;
use dunlin_engine::payment::{Caller, NewPayment};

use crate::ground::{Ground, StepClock, agreement, customer, date, grounds, moment, pay};

/// What a day asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Work {
    statements: u64,
    rows_read: i64,
    rows_written: i64,
}

/// Two grounds of each kind of database. One span and so one worker, so that what is asked does not depend on who comes
/// first.
fn pairs() -> [[Ground; 2]; 2] {
    let [sqlite, postgres] = grounds();
    let [other_sqlite, other_postgres] = grounds();
    let in_one_span = |pair: [Ground; 2]| pair.map(|ground| ground.in_spans_of(PART_COUNT));
    [[sqlite, other_sqlite], [postgres, other_postgres]].map(in_one_span)
}

/// So many customers with so many agreements each, of whom nobody pays.
fn imported(ground: &Ground, customer_count: u32, agreements_each: u32) -> Engine {
    let engine = ground.engine("first");
    ground.import(&engine, moment("2026-02-08", 8), |writer| {
        for index in 0..customer_count {
            customer(writer, index);
            for number in 0..agreements_each {
                agreement(writer, index + number * customer_count, index);
            }
        }
    });
    engine
}

fn run(engine: &Engine, day: &str) -> Work {
    let clock = StepClock::new(moment(day, 9));
    let before = engine.db().asked_count();
    let report = engine.run_day(BusinessDate(date(day)), &|| clock.now(), &|_| {}).expect("a day runs");
    let statements = engine.db().asked_count() - before;
    Work { statements, rows_read: report.rows_read, rows_written: report.rows_written }
}

/// 2026-02-10 is the due date, on which each is reminded; on 2026-02-11 each is overdue.
const DAYS: [&str; 4] = ["2026-02-08", "2026-02-09", "2026-02-10", "2026-02-11"];

#[test]
fn a_day_asks_no_more_of_the_database_for_twice_as_many_agreements() {
    for [one, two] in pairs() {
        let (small, large) = (imported(&one, 8, 10), imported(&two, 8, 20));
        for day in DAYS {
            let (few, many) = (run(&small, day), run(&large, day));
            assert_eq!(many.statements, few.statements, "{} on {day}: {few:?}, {many:?}", one.name);
            assert!(many.rows_read <= 2 * few.rows_read, "{} on {day}: {few:?}, {many:?}", one.name);
            assert!(many.rows_written <= 2 * few.rows_written, "{} on {day}: {few:?}, {many:?}", one.name);
        }
    }
}

/// A part that is in use costs a statement to find what is due in it, and one to have its lines looked at where something became
/// overdue; customers cost none.
#[test]
fn a_day_asks_no_more_of_the_database_for_twice_as_many_customers_but_for_their_parts() {
    let parts = |count: u32| -> usize {
        let parts: BTreeSet<Part> =
            (0..count).map(|index| CustomerId::of_external(&format!("C-{index}")).part()).collect();
        parts.len()
    };
    let more = (parts(160) - parts(80)) as u64;
    for [one, two] in pairs() {
        let (small, large) = (imported(&one, 80, 1), imported(&two, 160, 1));
        for day in DAYS {
            let (few, many) = (run(&small, day), run(&large, day));
            assert!(many.statements <= few.statements + 2 * more, "{} on {day}: {few:?}, {many:?}", one.name);
        }
    }
}

/// On 2026-02-12 the strategy waits: nothing about any of them can change.
#[test]
fn a_day_on_which_nothing_can_change_reads_nothing_however_many_there_are() {
    for [one, two] in pairs() {
        let (small, large) = (imported(&one, 8, 10), imported(&two, 160, 1));
        for day in DAYS {
            run(&small, day);
            run(&large, day);
        }
        let (few, many) = (run(&small, "2026-02-12"), run(&large, "2026-02-12"));
        assert_eq!((few.rows_read, few.rows_written), (0, 0), "{}: {few:?}", one.name);
        assert_eq!(many, few, "{}", one.name);
    }
}

/// An account with thousands of facts costs a day what one with three costs. A fact of an earlier day has it folded anew once,
/// from facts that are read by one statement, and writes no more than elsewhere: nothing is posted again.
#[test]
fn a_long_history_is_read_again_only_for_a_fact_of_an_earlier_day_and_posts_no_more() {
    const LONG: u32 = 1_500;
    for [one, two] in pairs() {
        let (short, long) = (imported(&one, 1, 1), imported(&two, 1, 1));
        two.import(&long, moment("2026-02-08", 8), |writer| {
            (0..LONG).for_each(|number| pay(writer, 0, number, "2026-02-07", "0.01"));
        });
        for day in DAYS {
            let (few, many) = (run(&short, day), run(&long, day));
            let is_first = day == DAYS[0];
            assert_eq!(many.statements, few.statements, "{} on {day}", one.name);
            assert!(is_first || many.rows_read == few.rows_read, "{} on {day}: {few:?}, {many:?}", one.name);
        }
        for (ground, engine) in [(&one, &short), (&two, &long)] {
            ground.import(engine, moment("2026-02-11", 20), |writer| {
                pay(writer, 0, LONG, "2026-02-06", "0.01");
            });
        }
        let (few, many) = (run(&short, "2026-02-12"), run(&long, "2026-02-12"));
        assert_eq!(many.statements, few.statements, "{}: {few:?}, {many:?}", one.name);
        assert_eq!(many.rows_written, few.rows_written, "{}: {few:?}, {many:?}", one.name);
        assert_eq!(many.rows_read - few.rows_read, i64::from(LONG), "{}: {few:?}, {many:?}", one.name);
    }
}

/// A payment is one fact, however many there are.
#[test]
fn a_payment_asks_as_much_of_the_database_for_a_long_history_as_for_a_short_one() {
    for [one, two] in pairs() {
        let (short, long) = (imported(&one, 1, 1), imported(&two, 1, 1));
        two.import(&long, moment("2026-02-08", 8), |writer| {
            (0..1_500).for_each(|number| pay(writer, 0, number, "2026-02-07", "0.01"));
        });
        let asked = |engine: &Engine| {
            run(engine, "2026-02-08");
            let before = engine.db().asked_count();
            let payment = NewPayment {
                agreement: "A-0".to_owned(),
                amount: "20.00".to_owned(),
                currency: None,
                value_on: date("2026-02-08"),
                reference: "R-1".to_owned(),
                designation: None,
                note: String::new(),
            };
            let caller = Caller { actor: "tester", now: moment("2026-02-08", 12) };
            engine.pay(&payment, caller).expect("a payment is taken");
            engine.db().asked_count() - before
        };
        assert_eq!(asked(&long), asked(&short), "{}", one.name);
    }
}

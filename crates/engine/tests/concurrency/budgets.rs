//! Daily budgets of contacts: no number of workers at once gets past them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Barrier;
use std::sync::atomic::{AtomicU32, Ordering};

use dunlin_domain::contact::Channel;
use dunlin_domain::id::{AgreementId, ContactPointId, CustomerId};
use dunlin_domain::message::{BudgetUse, Counter, MessageState};
use dunlin_engine::Engine;
use dunlin_engine::dispatch::DispatchReport;
use dunlin_engine::payment::Caller;
use dunlin_engine::persons::merge_text;
use dunlin_store::message;

use crate::fallback::messages_of;
use crate::ground::{FIRST_DAY, Ground, agreement, customer, date, grounds, moment, run_days};

/// Threads that want the same budget.
const THREAD_COUNT: u32 = 8;
/// How often each tries.
const TRY_COUNT: u32 = 25;
/// The cap; far below the number of tries.
const CAP: u32 = 37;

fn count_taken(engine: &Engine, budget: &BudgetUse) -> Option<i64> {
    let sql = "select n from contact_count where part = ?1 and counter_key = ?2 and day = ?3";
    let params = [
        dunlin_store::Param::Int(i64::from(budget.customer.part().number())),
        dunlin_store::Param::Id(budget.key.0),
        dunlin_store::Param::Int(i64::from(budget.day.days())),
    ];
    engine.db().read(|tx| tx.query_one(sql, &params, |row| Ok(row.int(0)))).expect("the count is read")
}

#[test]
fn threads_that_want_one_budget_get_its_cap_and_no_more() {
    for ground in grounds() {
        let engine = ground.engine("first");
        let person = CustomerId::of_external("C-1");
        let budget = BudgetUse {
            customer: person,
            counter: Counter::Sms,
            key: Counter::Sms.key(person, ContactPointId::of_external("CP-1")),
            day: date(FIRST_DAY),
            cap: CAP,
        };
        let (start, taken) = (Barrier::new(THREAD_COUNT as usize), AtomicU32::new(0));
        std::thread::scope(|scope| {
            for _ in 0..THREAD_COUNT {
                scope.spawn(|| {
                    start.wait();
                    for number in 0..TRY_COUNT {
                        let got = engine.db().write(|tx| message::take_budget(tx, &budget));
                        if !got.expect("the budget is asked for") {
                            continue;
                        }
                        taken.fetch_add(1, Ordering::Relaxed);
                        // Some messages turn out not to have been taken.
                        if number % 5 == 0 {
                            taken.fetch_sub(1, Ordering::Relaxed);
                            engine
                                .db()
                                .write(|tx| message::give_back_budget(tx, &budget))
                                .expect("it is given back");
                        }
                    }
                });
            }
        });
        assert_eq!(taken.into_inner(), CAP, "{}", ground.name);
        assert_eq!(count_taken(&engine, &budget), Some(i64::from(CAP)), "{}", ground.name);
    }
}

/// Agreements of each customer: all overdue at once, and one text message a day allowed.
const AGREEMENT_COUNT: u32 = 6;
/// Customers who have them.
const CUSTOMER_COUNT: u32 = 8;

fn imported(ground: &Ground) -> Engine {
    let engine = ground.engine("first");
    ground.import(&engine, moment("2026-12-31", 0), |writer| {
        for person in 0..CUSTOMER_COUNT {
            customer(writer, person);
            for index in 0..AGREEMENT_COUNT {
                agreement(writer, person * AGREEMENT_COUNT + index, person);
            }
        }
    });
    engine
}

/// Messages that were taken, by customer, channel and day of sending.
fn taken_by_day(engine: &Engine) -> BTreeMap<(String, Channel, i64), u32> {
    let sql = "select m.customer_id, m.channel, m.state_at / 86400000000 from message m where m.part >= 0 and m.state = 'accepted'";
    let rows = engine.db().read(|tx| {
        tx.query(sql, &[], |row| {
            let channel = Channel::parse(row.text(1)).expect("a channel");
            Ok((CustomerId(row.id16(0)).to_string(), channel, row.int(2)))
        })
    });
    let mut counts = BTreeMap::new();
    for key in rows.expect("messages are read") {
        *counts.entry(key).or_default() += 1;
    }
    counts
}

#[test]
fn workers_that_send_to_one_person_at_once_keep_to_the_cap() {
    for ground in grounds() {
        let engine = imported(&ground);
        run_days(&engine, FIRST_DAY, 4);
        let engines: Vec<Engine> = (0..4).map(|number| ground.engine(&format!("worker-{number}"))).collect();
        let start = Barrier::new(engines.len());
        let reports: Vec<DispatchReport> = std::thread::scope(|scope| {
            let send = |engine| {
                let start = &start;
                scope.spawn(move || {
                    start.wait();
                    Engine::dispatch(engine, moment("2026-02-11", 10)).expect("messages are sent")
                })
            };
            let threads: Vec<_> = engines.iter().map(send).collect();
            threads.into_iter().map(|thread| thread.join().expect("the thread ends")).collect()
        });
        let accepted: u64 = reports.iter().map(|report| report.accepted).sum();
        let taken = taken_by_day(&engine);
        assert_eq!(accepted, u64::from(taken.values().sum::<u32>()), "{}", ground.name);
        assert!(taken.len() > 3 && taken.values().all(|count| *count == 1), "{}: {taken:?}", ground.name);
        assert_eq!(ground.spooled().len() as u64, accepted, "{}", ground.name);
        let report = engine.verify(&|_| {}).expect("the database can be read");
        assert_eq!(report.problems, Vec::<String>::new(), "{}", ground.name);
    }
}

/// Two agreements of one person are decided on in the same second, and both are sent in one: neither is lost and neither goes
/// twice, though one text a day has the second wait.
#[test]
fn two_events_of_one_person_in_one_second_neither_lose_nor_double_one() {
    for ground in grounds() {
        let engine = ground.engine("first");
        ground.import(&engine, moment("2026-12-31", 0), |writer| {
            customer(writer, 1);
            (0..2).for_each(|index| agreement(writer, index, 1));
        });
        run_days(&engine, FIRST_DAY, 3);
        let told = |engine: &Engine| {
            let mut told: Vec<(AgreementId, MessageState)> = messages_of(engine, "2026-02-10")
                .iter()
                .map(|message| (message.agreement, message.state))
                .collect();
            told.sort_unstable();
            told
        };
        let mut agreements = ["A-0", "A-1"].map(AgreementId::of_external);
        agreements.sort_unstable();
        assert_eq!(told(&engine), agreements.map(|id| (id, MessageState::Queued)), "{}", ground.name);
        // The cap lets one of them go that day; the other waits, and is neither lost nor sent.
        for worker in ["first", "second"] {
            ground.engine(worker).dispatch(moment("2026-02-10", 10)).expect("messages are sent");
            assert_eq!(ground.spooled().len(), 1, "{}", ground.name);
        }
        let states: BTreeSet<MessageState> = told(&engine).into_iter().map(|(_, state)| state).collect();
        let both = [MessageState::Queued, MessageState::Accepted];
        assert_eq!(states, BTreeSet::from(both), "{}", ground.name);
    }
}

/// So many customers each are one person.
const MERGED_COUNT: u32 = 4;

fn merge_customers(engine: &Engine) -> BTreeMap<String, u32> {
    let now = moment("2026-02-11", 8);
    let (first, second) = (Caller { actor: "first", now }, Caller { actor: "second", now });
    let mut persons = BTreeMap::new();
    for number in 0..CUSTOMER_COUNT {
        let head = number - number % MERGED_COUNT;
        let name = |number: u32| format!("C-{number}");
        persons.insert(CustomerId::of_external(&name(number)).to_string(), head);
        if number != head {
            let asked = engine.ask_merge(&name(head), &name(number), "one person", first).expect("asked for");
            engine.approve_merge(&merge_text(asked.request.id), "", second).expect("approved");
        }
    }
    persons
}

#[test]
fn sixteen_workers_that_send_to_one_person_under_several_customers_keep_to_the_cap() {
    for ground in grounds() {
        let engine = imported(&ground);
        run_days(&engine, FIRST_DAY, 4);
        let persons = merge_customers(&engine);
        let engines: Vec<Engine> = (0..16).map(|number| ground.engine(&format!("worker-{number}"))).collect();
        let start = Barrier::new(engines.len());
        std::thread::scope(|scope| {
            for engine in &engines {
                let start = &start;
                scope.spawn(move || {
                    start.wait();
                    Engine::dispatch(engine, moment("2026-02-11", 10)).expect("messages are sent")
                });
            }
        });
        let mut taken: BTreeMap<(u32, Channel, i64), u32> = BTreeMap::new();
        for ((customer, channel, day), count) in taken_by_day(&engine) {
            *taken.entry((persons[&customer], channel, day)).or_default() += count;
        }
        assert!(taken.keys().any(|(person, _, _)| *person == MERGED_COUNT), "{}: {taken:?}", ground.name);
        // The first person has opted out of text messages as one of four customers, and gets none as any of them.
        assert!(
            !taken.keys().any(|(person, channel, _)| *person == 0 && *channel == Channel::Sms),
            "{taken:?}"
        );
        assert!(taken.values().all(|count| *count == 1), "{}: {taken:?}", ground.name);
        let report = engine.verify(&|_| {}).expect("the database can be read");
        assert_eq!(report.problems, Vec::<String>::new(), "{}", ground.name);
    }
}

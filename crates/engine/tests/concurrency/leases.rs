//! A worker that slept past its lease writes nothing, wherever in its work it slept.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;

use dunlin_domain::date::{BusinessDate, Timestamp};
use dunlin_domain::id::{PART_COUNT, Part};
use dunlin_engine::Engine;
use dunlin_store::Db;
use dunlin_store::run::{self, Span};

use crate::dump::{Dump, assert_same, dump};
use crate::ground::{FIRST_DAY, Ground, StepClock, date, grounds, moment, portfolio, postgres, sqlite};

const CUSTOMER_COUNT: u32 = 60;

/// A day's run looks at the clock when it begins the day, when it takes a span, and before each page.
const LOOK_BEFORE_PAGE: usize = 3;

/// One span over all parts, so that one thread works and its looks at the clock can be counted.
const ALL: u16 = PART_COUNT;

fn imported(ground: &Ground) -> Engine {
    let engine = ground.engine("first");
    ground.import(&engine, moment("2026-12-31", 0), |writer| portfolio(writer, CUSTOMER_COUNT));
    engine
}

fn run_first_day(engine: &Engine, now: &(dyn Fn() -> Timestamp + Sync)) {
    engine.run_day(BusinessDate(date(FIRST_DAY)), now, &|_| {}).expect("the day runs");
}

fn alone() -> Dump {
    let ground = sqlite().in_spans_of(ALL);
    let engine = imported(&ground);
    let clock = StepClock::new(moment(FIRST_DAY, 9));
    run_first_day(&engine, &|| clock.now());
    dump(&engine)
}

/// Takes the span for another machine, by a clock on which the lease that stands is over.
fn take_span(db: &Db, now: Timestamp) {
    let span = Span { first: Part::new(0), last: Part::new(ALL - 1) };
    let (later, until) = (now.plus_seconds(31), now.plus_seconds(61));
    let taken = db.write(|tx| run::take_lease(tx, span, "elsewhere:1:0", later, until));
    assert!(taken.expect("leases are kept").is_some(), "a lease that is over can be taken");
}

/// Runs the day on `engine`, which sleeps before its first page while `meanwhile` happens; checks that the page it then
/// tries leaves nothing. Afterwards its clock goes on until what the other holds is free again.
fn check_sleeper(ground: &Ground, engine: &Engine, meanwhile: &(dyn Fn(Timestamp) + Sync)) {
    let clock = StepClock::new(moment(FIRST_DAY, 9));
    let looks = AtomicUsize::new(0);
    let at_waking: Mutex<Option<Dump>> = Mutex::new(None);
    let now = || {
        let now = clock.now();
        let look = looks.fetch_add(1, Ordering::Relaxed) + 1;
        if look == LOOK_BEFORE_PAGE {
            meanwhile(now);
            *at_waking.lock().expect("nobody panics with it") = Some(dump(engine));
        }
        if look == LOOK_BEFORE_PAGE + 1 {
            let before = at_waking.lock().expect("nobody panics with it").take().expect("it has slept");
            assert_same(&format!("after waking on {}", ground.name), &before, &dump(engine));
            clock.pass_seconds(120);
        }
        now
    };
    run_first_day(engine, &now);
    if let Some(before) = at_waking.lock().expect("nobody panics with it").take() {
        assert_same(&format!("after waking on {}", ground.name), &before, &dump(engine));
    }
    assert!(looks.into_inner() >= LOOK_BEFORE_PAGE, "it came to its first page");
}

#[test]
fn a_worker_whose_span_was_taken_while_it_slept_writes_nothing_and_waits_its_turn() {
    let expected = alone();
    for ground in grounds().map(|ground| ground.in_spans_of(ALL)) {
        let engine = imported(&ground);
        let other = ground.engine("other");
        check_sleeper(&ground, &engine, &|now| take_span(other.db(), now));
        assert_same(ground.name, &expected, &dump(&engine));
    }
}

#[test]
fn a_worker_whose_span_was_worked_while_it_slept_writes_nothing() {
    let expected = alone();
    for ground in grounds().map(|ground| ground.in_spans_of(ALL)) {
        let engine = imported(&ground);
        let other = ground.engine("other");
        check_sleeper(&ground, &engine, &|now| {
            let clock = StepClock::new(now.plus_seconds(31));
            run_first_day(&other, &|| clock.now());
            assert_same("by the other", &expected, &dump(&other));
        });
        assert_same(ground.name, &expected, &dump(&engine));
    }
}

/// On PostgreSQL a page can also be overtaken within its transaction. A row of the page is locked until the page
/// waits for it, and the span is taken in that time.
#[test]
fn a_worker_whose_span_is_taken_in_the_midst_of_a_page_writes_nothing_of_it() {
    let expected = alone();
    let ground = postgres().in_spans_of(ALL);
    let engine = imported(&ground);
    let (locker, taker) = (ground.engine("locker"), ground.engine("taker"));
    let clock = StepClock::new(moment(FIRST_DAY, 9));
    let looks = AtomicUsize::new(0);
    let before: Mutex<Option<Dump>> = Mutex::new(None);
    let (tell_ready, page_is_next) = channel();
    let (tell_locked, is_locked) = channel();
    let is_locked = Mutex::new(is_locked);
    let now = || {
        let now = clock.now();
        match looks.fetch_add(1, Ordering::Relaxed) + 1 {
            LOOK_BEFORE_PAGE => {
                *before.lock().expect("nobody panics with it") = Some(dump(&engine));
                tell_ready.send(now).expect("the locker waits");
                is_locked.lock().expect("nobody panics with it").recv().expect("the locker answers");
            }
            look if look == LOOK_BEFORE_PAGE + 1 => {
                let before = before.lock().expect("nobody panics with it").take().expect("a dump");
                assert_same("after the page", &before, &dump(&engine));
                clock.pass_seconds(120);
            }
            _ => {}
        }
        now
    };
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let at = page_is_next.recv().expect("the page comes");
            let locked = locker.db().write(|tx| {
                let one = "select part from agreement where part >= 0 order by part desc limit 1 for update";
                assert_eq!(tx.query(one, &[], |row| Ok(row.int(0)))?.len(), 1);
                tell_locked.send(()).expect("the worker waits");
                let waiting = "select count(*) from pg_stat_activity where pg_backend_pid() = any(pg_blocking_pids(pid))";
                while tx.query_one(waiting, &[], |row| Ok(row.int(0)))? == Some(0) {
                    std::thread::yield_now();
                }
                take_span(taker.db(), at);
                Ok(())
            });
            locked.expect("the lock is held and given back");
        });
        run_first_day(&engine, &now);
    });
    assert!(looks.into_inner() > LOOK_BEFORE_PAGE, "its first page came to nothing");
    assert_same("at the end", &expected, &dump(&engine));
}

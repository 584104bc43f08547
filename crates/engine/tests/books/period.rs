//! Closed periods: two people close them, nothing is posted into them, and two people open them again.

use std::sync::Barrier;

use dunlin_domain::date::{BusinessDate, Date};
use dunlin_domain::id::{Key, Part};
use dunlin_domain::ledger::{LedgerRole, Posting};
use dunlin_domain::money::{Currency, Money};
use dunlin_engine::{Engine, EngineError, StoreError};
use dunlin_store::period;
use dunlin_store::record::{self, PostingRow};
use expect_test::{Expect, expect};

use super::fixture::{TestEngine, date, engines, moment, sqlite};

fn told<T>(result: Result<T, EngineError>) -> String {
    match result {
        Ok(_) => "done\n".to_owned(),
        Err(error) => format!("{}: {error}\n", error.code()),
    }
}

fn posting(part: u16, index: u32, on: Date) -> PostingRow {
    let posting = Posting {
        key: Key::of_cause("test", &[&part.to_le_bytes(), &index.to_le_bytes()]),
        debit: LedgerRole::Cash,
        credit: LedgerRole::BankSuspense,
        amount: Money::new(100, Currency::CNY),
        cause: "test",
        fact: None,
    };
    let product = "baitiao".to_owned();
    PostingRow { part: Part::new(part), agreement: None, product, business_date: BusinessDate(on), posting }
}

fn post(engine: &Engine, row: PostingRow) -> Result<u64, StoreError> {
    engine.db().write(|tx| record::insert_postings(tx, std::slice::from_ref(&row)))
}

fn ready() -> [TestEngine; 2] {
    engines().map(|test| {
        test.import_portfolio();
        test.run_through("2026-02-12");
        test
    })
}

#[test]
fn nothing_is_posted_into_a_closed_period_until_it_is_opened_again_on_both_databases() {
    for test in ready() {
        let other = test.as_actor("controller");
        let through = date("2026-02-11");
        assert_eq!(test.engine.periods().expect("periods").closed_through, None);
        test.engine.propose_close(through, moment("2026-02-13", 9)).expect("it can be closed");
        // Nothing is closed until the other person says so.
        assert_eq!(post(&test.engine, posting(7, 0, through)), Ok(1), "{}", test.name);
        let periods = other.approve_close(through, moment("2026-02-13", 10)).expect("it is closed");
        assert_eq!(periods.closed_through, Some(through));
        let refused = StoreError::PeriodClosed { date: through, closed_through: through };
        assert_eq!(post(&test.engine, posting(7, 1, through)), Err(refused), "{}", test.name);
        assert_eq!(post(&test.engine, posting(7, 2, through.plus_days(1))), Ok(1), "{}", test.name);
        let again = test.engine.run_day(BusinessDate(through), &|| moment("2026-02-13", 11), &|_| {});
        assert_eq!(
            told(again),
            "period_closed: 2026-02-11 lies in a closed period, the books are closed through 2026-02-11; post on a \
             later date, or reopen with `dunlin ledger reopen --from 2026-02-11`\n"
        );
        other.propose_reopening(through, "a bank file came late", moment("2026-02-13", 12)).expect("asked");
        assert!(post(&test.engine, posting(7, 3, through)).is_err(), "{}", test.name);
        let periods = test.engine.approve_reopening(through, moment("2026-02-13", 13)).expect("it is opened");
        assert_eq!(periods.closed_through, Some(date("2026-02-10")));
        assert_eq!(post(&test.engine, posting(7, 4, through)), Ok(1), "{}", test.name);
        let steps: Vec<String> = periods
            .events
            .iter()
            .map(|event| {
                format!("{} {} by {} {}", event.action.code(), event.date, event.actor, event.reason)
            })
            .collect();
        expect![[r#"
            close_proposed 2026-02-11 by test 
            closed 2026-02-11 by controller 
            reopen_proposed 2026-02-11 by controller a bank file came late
            reopened 2026-02-11 by test a bank file came late"#]]
        .assert_eq(&steps.join("\n"));
        // The days go on, and the audit log knows of all of it.
        test.run_through("2026-02-13");
    }
}

fn check(test: &TestEngine, through: &str, expected: Expect) {
    let said = told(test.engine.propose_close(date(through), moment("2026-02-13", 9)));
    expected.assert_eq(&said);
}

#[test]
fn a_close_is_refused_with_its_remedy() {
    let test = sqlite();
    check(
        &test,
        "2026-02-11",
        expect![[r#"
        no_day_yet: no day has been run yet; run one with `dunlin day --date DATE`
    "#]],
    );
    test.import_portfolio();
    test.run_through("2026-02-12");
    check(
        &test,
        "2026-02-07",
        expect![[r#"
        before_first_day: the books begin with 2026-02-08; there is nothing to close through 2026-02-07
    "#]],
    );
    check(
        &test,
        "2026-02-13",
        expect![[r#"
        day_missing: the days after 2026-02-12 are not run; run them with `dunlin day --through 2026-02-13`, or close through 2026-02-12
    "#]],
    );
    let now = moment("2026-02-13", 9);
    let through = date("2026-02-11");
    let other = test.as_actor("controller");
    let mut said = told(other.approve_close(through, now));
    test.engine.propose_close(through, now).expect("asked");
    said += &told(test.engine.approve_close(through, now));
    said += &told(other.approve_close(date("2026-02-10"), now));
    other.approve_close(through, now).expect("closed");
    said += &told(other.approve_close(through, now));
    said += &told(test.engine.propose_close(date("2026-02-10"), now));
    said += &told(test.engine.propose_reopening(date("2026-02-12"), "why", now));
    said += &told(test.engine.propose_reopening(date("2026-02-11"), " ", now));
    said += &told(other.approve_reopening(date("2026-02-11"), now));
    expect![[r#"
        no_proposal: no close of 2026-02-11 waits for approval; ask for it with `dunlin ledger close --through 2026-02-11`
        same_person: test asked for the close of 2026-02-11 and cannot approve it too; have another person do it (--actor)
        no_proposal: no close of 2026-02-10 waits for approval; ask for it with `dunlin ledger close --through 2026-02-10`
        no_proposal: no close of 2026-02-11 waits for approval; ask for it with `dunlin ledger close --through 2026-02-11`
        already_closed: the books are closed through 2026-02-11 already; close them through a later date than 2026-02-10
        not_closed: 2026-02-12 is open: the books are closed through 2026-02-11 only
        no_reason: closed books are opened for a reason only; give it with --reason
        no_proposal: no reopening of 2026-02-11 waits for approval; ask for it with `dunlin ledger reopen --from 2026-02-11`
    "#]].assert_eq(&said);
}

#[test]
fn a_chart_that_begins_in_a_closed_period_is_refused() {
    let test = sqlite();
    test.import_portfolio();
    test.run_through("2026-02-12");
    let before = test.engine.trial_balance(date("2026-02-11")).expect("the books are read");
    test.engine.propose_close(date("2026-02-11"), moment("2026-02-13", 9)).expect("asked");
    test.as_actor("controller").approve_close(date("2026-02-11"), moment("2026-02-13", 9)).expect("closed");
    let shipped =
        dunlin_engine::policy::shipped().iter().find(|document| document.file.starts_with("ledger/"));
    let text = shipped
        .expect("a chart is shipped")
        .text
        .replace("version = 1", "version = 2")
        .replace("\"130301\"", "\"130399\"");
    let from =
        |day: &str| text.replace("effective_from = \"2005-01-01\"", &format!("effective_from = \"{day}\""));
    let import =
        |day: &str| told(test.engine.import_policy("chart.toml", &from(day), moment("2026-02-13", 10)));
    expect![[r#"
        period_closed: chart.toml: effective_from: 2026-02-11 lies in a closed period; the chart can begin on 2026-02-12 at the earliest
        done
    "#]]
    .assert_eq(&(import("2026-02-11") + &import("2026-02-12")));
    // What was reported stays as it was; the new chart shows from its first day on.
    assert_eq!(test.engine.trial_balance(date("2026-02-11")).expect("the books are read"), before);
    let after = test.engine.trial_balance(date("2026-02-12")).expect("the books are read");
    assert!(after.lines.iter().any(|line| line.code() == "130399"));
    assert_eq!(after.chart.as_deref(), Some("sample-cn@2"));
}

/// Writers post into a day until they are refused, while it is closed: what the close saw is what there is for ever.
#[test]
fn a_close_sees_all_that_is_posted_beside_it_and_nothing_comes_after_it_on_both_databases() {
    const WRITER_COUNT: u16 = 4;
    for test in ready() {
        let day = date("2026-02-12");
        let sum = |engine: &Engine| {
            let lines = engine.trial_balance(day).expect("the books are read").lines;
            lines
                .iter()
                .find(|line| line.role == LedgerRole::BankSuspense)
                .map_or(0, |line| line.credit_minor)
        };
        let start = Barrier::new(usize::from(WRITER_COUNT) + 1);
        let (posted, seen) = std::thread::scope(|scope| {
            let writers: Vec<_> = (0..WRITER_COUNT)
                .map(|writer| {
                    let (engine, start) = (&test.engine, &start);
                    scope.spawn(move || {
                        assert_eq!(post(engine, posting(writer * 200, 0, day)), Ok(1));
                        start.wait();
                        for index in 1.. {
                            match post(engine, posting(writer * 200, index, day)) {
                                Ok(count) => assert_eq!(count, 1),
                                Err(StoreError::PeriodClosed { .. }) => return index,
                                Err(error) => panic!("{error}"),
                            }
                        }
                        unreachable!("the day is closed at some time")
                    })
                })
                .collect();
            start.wait();
            let seen = test.engine.db().write(|tx| {
                period::hold_gates(tx)?;
                let mut credit = 0;
                for part in (0..WRITER_COUNT).map(|writer| Part::new(writer * 200)) {
                    let rows = record::balances(tx, part, day)?;
                    let suspense = rows.iter().filter(|row| row.account == LedgerRole::BankSuspense.code());
                    credit += suspense.map(|row| row.credit_minor).sum::<i128>();
                }
                period::set_closed_through(tx, Some(day))?;
                Ok(credit)
            });
            let posted: u32 = writers.into_iter().map(|writer| writer.join().expect("a writer")).sum();
            (posted, seen.expect("the day is closed"))
        });
        assert_eq!(seen, i128::from(posted) * 100, "{}: the close saw every posting", test.name);
        assert_eq!(sum(&test.engine), seen, "{}: nothing came after it", test.name);
    }
}

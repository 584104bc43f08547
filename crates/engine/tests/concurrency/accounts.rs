//! What is wrong with the data of one account stops nobody else's day and nobody else's messages.

use std::collections::BTreeSet;

use dunlin_domain::date::{BusinessDate, Date};
use dunlin_domain::id::{AgreementId, CustomerId, PART_COUNT, Part};
use dunlin_domain::message::MessageState;
use dunlin_engine::Engine;

use crate::ground::{Ground, StepClock, date, grounds, moment};

/// Customers of the portfolio, of whom nobody pays.
const CUSTOMER_COUNT: u32 = 40;

/// What happens to single accounts, and what puts it right.
const DAMAGES: [(&str, &str); 6] = [
    (
        "update customer set zone = 'Mars/Base' where external_id = 'C-1'",
        "update customer set zone = 'Asia/Shanghai' where external_id = 'C-1'",
    ),
    (
        "update customer set language = 'xx' where external_id = 'C-2'",
        "update customer set language = 'zh' where external_id = 'C-2'",
    ),
    (
        "update contact_point set kind = 'pigeon' where external_id = 'CP-4-phone'",
        "update contact_point set kind = 'phone' where external_id = 'CP-4-phone'",
    ),
    (
        "update agreement set product = 'gone' where external_id = 'A-6'",
        "update agreement set product = 'baitiao' where external_id = 'A-6'",
    ),
    (
        "update agreement set security = 'x' where external_id = 'A-8'",
        "update agreement set security = 'none' where external_id = 'A-8'",
    ),
    (
        "update contact_point set value_sealed = lookup where external_id = 'CP-10-phone'",
        "update contact_point set value_sealed = (select value_sealed from kept) where external_id = 'CP-10-phone'",
    ),
];

fn execute<'s>(engine: &Engine, statements: impl Iterator<Item = &'s str>) {
    for sql in statements {
        let changed = engine.db().write(|tx| tx.execute(sql, &[])).expect("the statement is right");
        assert_eq!(changed, 1, "{sql}");
    }
}

fn imported(ground: &Ground) -> Engine {
    let engine = ground.engine("first");
    ground.import_people(&engine, moment("2026-02-08", 8), CUSTOMER_COUNT);
    let keep =
        "create table kept as select part, value_sealed from contact_point where external_id = 'CP-10-phone'";
    engine.db().write(|tx| tx.execute_script(keep)).expect("a table");
    engine
}

fn run(engine: &Engine, days: &[&str]) {
    for day in days {
        let clock = StepClock::new(moment(day, 9));
        engine.run_day(BusinessDate(date(day)), &|| clock.now(), &|_| {}).expect("a day runs");
        engine.dispatch(moment(day, 10)).expect("messages are sent");
    }
}

/// Whom a message was sent to by the decision of which day, but for customers whose numbers are among `without`.
fn sent(engine: &Engine, without: &[u32]) -> BTreeSet<(Date, CustomerId)> {
    let left_out: BTreeSet<CustomerId> =
        without.iter().map(|index| CustomerId::of_external(&format!("C-{index}"))).collect();
    let mut sent = BTreeSet::new();
    for part in (0..PART_COUNT).map(Part::new) {
        let of_part = engine.db().read(|tx| {
            let mut all = Vec::new();
            dunlin_store::message::each_of_part(tx, part, |message| {
                all.push(message);
                Ok(())
            })?;
            Ok(all)
        });
        for message in of_part.expect("messages are read") {
            if message.state == MessageState::Accepted && !left_out.contains(&message.customer) {
                sent.insert((message.business_date, message.customer));
            }
        }
    }
    sent
}

/// The open incidents of agreements: agreement, code and detail.
fn open_incidents(engine: &Engine, day: &str) -> String {
    let today = engine.today(Some(date(day))).expect("a day that was run");
    let open = today.agreement_incidents.iter().filter(|incident| incident.closed_at.is_none());
    let told = open.map(|incident| format!("{} {} {}", incident.agreement, incident.code, incident.detail));
    let mut told: Vec<String> = told.collect();
    told.sort();
    told.join("\n")
}

#[test]
fn one_damaged_account_stops_nobody_else_and_is_named() {
    let damaged = [1, 2, 4, 6, 8, 10];
    for ground in grounds() {
        let undisturbed = crate::ground::sqlite();
        let whole = imported(&undisturbed);
        run(&whole, &["2026-02-08", "2026-02-09", "2026-02-10", "2026-02-11"]);
        let engine = imported(&ground);
        run(&engine, &["2026-02-08", "2026-02-09"]);
        execute(&engine, DAMAGES.iter().map(|(damage, _)| *damage));
        run(&engine, &["2026-02-10", "2026-02-11"]);
        let expected = sent(&whole, &damaged);
        assert!(expected.len() > 50, "{}", expected.len());
        assert_eq!(sent(&engine, &damaged), expected, "{}", ground.name);

        let unreadable = AgreementId::of_external("A-8").to_string();
        let told = open_incidents(&engine, "2026-02-11");
        for (agreement, code) in [
            ("A-1", "agreement_not_worked"),
            ("A-2", "agreement_not_worked"),
            ("A-4", "agreement_not_worked"),
            ("A-6", "agreement_not_worked"),
            (&unreadable, "agreement_not_worked"),
            ("A-10", "message_not_ready"),
        ] {
            assert!(told.contains(&format!("{agreement} {code} customer \"C-")), "{}: {told}", ground.name);
        }
        assert!(
            told.contains("customer \"C-1\": time zone \"Mars/Base\" is unknown; use an IANA name"),
            "{told}"
        );
        assert!(told.contains("restore it from a backup"), "{told}");
        let problems = engine.verify(&|_| {}).expect("it can be read").problems.join("\n");
        for name in ["C-1", "C-2", "C-4", "C-10"].map(|name| CustomerId::of_external(name).to_string()) {
            assert!(problems.contains(&name), "{}: {name} in {problems}", ground.name);
        }
        for name in ["A-6", "A-8"].map(|name| AgreementId::of_external(name).to_string()) {
            assert!(problems.contains(&name), "{}: {name} in {problems}", ground.name);
        }
        let coverage = engine.coverage(date("2026-02-11"), date("2026-02-11")).expect("a day that was run");
        assert_eq!(coverage.unexplained, 3, "{}: those that can be read", ground.name);
    }
}

#[test]
fn an_account_that_is_put_right_is_worked_from_the_next_day_on_and_its_days_are_explained() {
    for ground in grounds() {
        let engine = imported(&ground);
        run(&engine, &["2026-02-08", "2026-02-09"]);
        execute(&engine, DAMAGES.iter().map(|(damage, _)| *damage));
        run(&engine, &["2026-02-10", "2026-02-11"]);
        execute(&engine, DAMAGES.iter().map(|(_, mend)| *mend));
        run(&engine, &["2026-02-12", "2026-02-13"]);
        assert_eq!(open_incidents(&engine, "2026-02-13"), "", "{}", ground.name);
        let problems = engine.verify(&|_| {}).expect("it can be read").problems;
        assert_eq!(problems, Vec::<String>::new(), "{}", ground.name);
        let coverage = engine.coverage(date("2026-02-10"), date("2026-02-13")).expect("days that were run");
        let missed = coverage.by_reason.iter().find(|line| line.reason.code() == "fault.run_missed");
        assert_eq!((coverage.unexplained, missed.map(|line| line.count)), (0, Some(5)), "{}", ground.name);
        let told = |index: u32| {
            let customer = CustomerId::of_external(&format!("C-{index}"));
            sent(&engine, &[]).iter().any(|(day, to)| *to == customer && *day > date("2026-02-10"))
        };
        assert!([1, 2, 4, 6, 8, 10].into_iter().all(told), "{}", ground.name);
    }
}

/// What is nobody's data stops the day and says what is missing, as ever: it is not turned into an incident of everybody.
#[test]
fn what_befalls_everybody_stops_the_day() {
    for ground in grounds().map(|ground| ground.in_spans_of(PART_COUNT)) {
        let engine = ground.engine("first");
        ground.import_people(&engine, moment("2026-02-08", 8), 150);
        let sql = "update agreement set product = 'gone'";
        engine.db().write(|tx| tx.execute(sql, &[])).expect("the statement is right");
        let now = moment("2026-02-08", 9);
        let result = engine.run_day(BusinessDate(date("2026-02-08")), &|| now, &|_| {});
        assert_eq!(result.map_err(|error| error.code()).err(), Some("no_policy"), "{}", ground.name);
    }
}

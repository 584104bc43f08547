//! Silence that nobody reported is found, opens one incident whoever looks, and closes with what was caught up.

use dunlin_domain::circumstance::CircumstanceKind;
use dunlin_domain::contact::{Channel, ContactPointKind, ContactPointState, Party, Personal};
use dunlin_domain::date::{BusinessDate, Timestamp};
use dunlin_domain::id::{AgreementId, CustomerId, MessageId};
use dunlin_domain::incident::IncidentCode;
use dunlin_domain::message::MessageState;
use dunlin_engine::circumstances::NewCircumstance;
use dunlin_engine::delivery::ProviderConfig;
use dunlin_engine::payment::Caller;
use dunlin_engine::portfolio::ContactPointRow;
use dunlin_engine::view::WatchIncidentLine;
use dunlin_engine::watch::WatchOptions;
use dunlin_engine::watch::all_clear::{self, NotClear};
use dunlin_engine::{Clock, Config, Engine, ReceiptRow, ReceiptState, write_receipts};
use dunlin_store::Param;
use dunlin_store::message::{self, PastMessage};
use dunlin_store::run::{self, BusinessDay};
use dunlin_store::watch::{self, CohortCounts, CohortKey, SLOT_SECONDS, slot_of};
use expect_test::{Expect, expect};

use crate::answers::{DAY, found};
use crate::ground::{FIRST_DAY, Ground, agreement, customer, date, grounds, moment, pay, run_days};
use crate::inquiries::{ask, asking_engine, decided, http_peer, ten};

const OPTIONS: WatchOptions = WatchOptions { every_seconds: 60, day_by: (10, 0), shadow_every_seconds: 60 };

/// What a sweep opens, closes and leaves open.
fn sweep(engine: &Engine, now: Timestamp) -> String {
    let report = engine.watch(&OPTIONS, now).expect("a sweep");
    let names = |lines: &[dunlin_engine::view::WatchIncidentLine]| {
        let names: Vec<String> = lines
            .iter()
            .map(|line| format!("{} of {} ({})", line.code, line.stream, line.affected))
            .collect();
        names.join(", ")
    };
    format!(
        "opened [{}] closed [{}] open {}",
        names(&report.opened),
        names(&report.closed),
        report.open.len()
    )
}

fn check(engine: &Engine, now: Timestamp, expected: &Expect) {
    expected.assert_eq(&sweep(engine, now));
}

fn run_day(engine: &Engine, day: &str, hour: i8) {
    let now = moment(day, hour);
    engine.run_day(BusinessDate(date(day)), &|| now, &|_| {}).expect("a day runs");
}

/// A ground with a few customers on which the first day was run and everything sent.
fn opened(ground: &Ground, count: u32) -> Engine {
    let engine = ground.engine_in_real_time("first");
    ground.import_people(&engine, moment("2026-02-01", 0), count);
    run_day(&engine, FIRST_DAY, 9);
    engine.dispatch(moment(FIRST_DAY, 9)).expect("a round of sending");
    engine
}

#[test]
fn a_day_that_was_not_run_is_an_incident_until_it_is() {
    for ground in grounds() {
        let engine = opened(&ground, 12);
        check(&engine, moment(FIRST_DAY, 10), &expect!["opened [] closed [] open 0"]);
        check(
            &engine,
            moment("2026-02-09", 10),
            &expect!["opened [watch_gap of watch (86400)] closed [] open 1"],
        );
        let late = moment("2026-02-09", 10).plus_seconds(900);
        check(&engine, late, &expect!["opened [day_not_run of days (1)] closed [] open 2"]);
        run_day(&engine, "2026-02-09", 11);
        let mended = moment("2026-02-09", 11);
        check(
            &engine,
            late.plus_seconds(60),
            &expect!["opened [] closed [watch_gap of watch (86400), day_not_run of days (1)] open 0"],
        );
        let today = engine.today(None).expect("a day was run");
        let line = today.watch_incidents.iter().find(|line| line.stream == "days").expect("it is shown");
        assert_eq!(line.first_affected, "2026-02-09", "{}: {mended}", ground.name);
        assert!(line.report.is_some(), "closed with a report");
    }
}

#[test]
fn messages_that_nobody_takes_are_found_within_minutes_by_both_watchers_as_one() {
    for ground in grounds() {
        let engine = opened(&ground, 12);
        let second = ground.engine_in_real_time("second");
        check(&engine, moment("2026-02-08", 10), &expect!["opened [] closed [] open 0"]);
        for day in ["2026-02-09", "2026-02-10", "2026-02-11"] {
            run_day(&engine, day, 10);
        }
        let due = moment("2026-02-11", 10);
        let before = sweep(&engine, due.plus_seconds(299));
        assert!(!before.contains("outbox_stuck of outbox (0)"), "{before}");
        let found = sweep(&engine, due.plus_seconds(301));
        let again = sweep(&second, due.plus_seconds(302));
        let open = engine.today(None).expect("days were run").watch_incidents;
        let stuck: Vec<_> = open.iter().filter(|line| line.stream == "outbox").collect();
        assert_eq!(stuck.len(), 1, "{}: {found}; {again}", ground.name);
        assert!(stuck[0].first_affected.starts_with("msg_") && stuck[0].affected > 0, "{:?}", stuck[0]);
        engine.dispatch(due.plus_seconds(360)).expect("a round of sending");
        let over = sweep(&second, due.plus_seconds(362));
        assert!(over.contains("closed [") && over.contains("outbox_stuck"), "{}: {over}", ground.name);
    }
}

#[test]
fn a_day_that_left_agreements_out_is_found_with_the_first_of_them() {
    for ground in grounds() {
        let engine = opened(&ground, 12);
        for day in ["2026-02-09", "2026-02-10"] {
            run_day(&engine, day, 9);
        }
        // A scheduler that says that a day is done and has worked nobody.
        let day = BusinessDate(date("2026-02-11"));
        let decided_at = moment("2026-02-11", 9);
        let closed = engine.db().write(|tx| {
            run::begin_day(tx, BusinessDay { date: day, decided_at, is_late: false })?;
            run::spans(64).into_iter().try_for_each(|span| run::close_span(tx, span, day, decided_at))
        });
        closed.expect("the day is closed");
        let found = sweep(&engine, moment("2026-02-11", 10));
        assert!(found.contains("unexplained_silence of plan"), "{}: {found}", ground.name);
        let open = engine.today(None).expect("days were run").watch_incidents;
        let silent = open.iter().find(|line| line.stream == "plan").expect("it is shown");
        assert!(silent.first_affected.starts_with("A-"), "{silent:?}");
        // The next day makes it good, and what it finds overdue late it says so.
        run_day(&engine, "2026-02-12", 9);
        let over = sweep(&engine, moment("2026-02-12", 10));
        assert!(over.contains("closed [unexplained_silence of plan"), "{}: {over}", ground.name);
    }
}

/// Makes the verdict of an agreement that was given on a business date have another reason.
fn plant(engine: &Engine, day: &str, agreement: &str, reason: &str) {
    let sql = "update verdict set reason = ?3 where part >= 0 and decided_on = ?1 and agreement_id = ?2";
    let id = AgreementId::of_external(agreement);
    let params = [Param::Int(i64::from(date(day).days())), Param::Id(id.0), Param::Text(reason)];
    let changed = engine.db().write(|tx| tx.execute(sql, &params)).expect("the statement is right");
    assert_eq!(changed, 1, "{agreement} has a verdict of {day}");
}

fn of_plan(engine: &Engine) -> Vec<String> {
    let open = engine.today(None).expect("days were run").watch_incidents;
    let plan = open.iter().filter(|line| line.stream == "plan" && line.closed_at.is_none());
    plan.map(|line| {
        let value = |wanted: &str| {
            let pair = line.evidence.iter().find(|(name, _)| name == wanted);
            pair.map_or("", |(_, value)| value).to_owned()
        };
        let (sealed, shadow) = (value("sealed"), value("shadow"));
        format!("{} {} of {}: {sealed}, not {shadow}", line.code, line.affected, line.first_affected)
    })
    .collect()
}

#[test]
fn a_verdict_with_a_reason_that_facts_and_policy_do_not_give_is_found_with_the_right_one() {
    for ground in grounds() {
        let engine = opened(&ground, 12);
        for day in ["2026-02-09", "2026-02-10", "2026-02-11"] {
            run_day(&engine, day, 9);
            engine.dispatch(moment(day, 9)).expect("a round of sending");
        }
        let at = moment("2026-02-11", 9);
        sweep(&engine, at.plus_seconds(60));
        assert_eq!(of_plan(&engine), Vec::<String>::new(), "{}: nothing is wrong yet", ground.name);
        let cases = [
            // A reason that nothing shows in the place of one that holds, silence instead of contact, and contact instead of
            // silence.
            ("A-5", "contact_data.none", "rule.quiet_hours"),
            ("A-5", "contact_data.none", "policy.economy"),
            ("A-5", "contact_data.none", "contact.sent"),
            ("A-3", "contact.sent", "voice.opted_out"),
            ("A-1", "contact.sent", "fault.run_missed"),
            ("A-1", "contact.sent", "policy.interval"),
            ("A-1", "contact.sent", "pause.upgrade"),
            ("A-1", "contact.sent", "capacity.agents"),
            ("A-1", "contact.sent", "account.sold"),
        ];
        // What is decided does not hang on the database; that it is read and written right does.
        let count = if ground.name == "sqlite" { cases.len() } else { 2 };
        for (minute, (agreement, right, wrong)) in (2..).zip(cases.into_iter().take(count)) {
            plant(&engine, "2026-02-11", agreement, wrong);
            let found = sweep(&engine, at.plus_seconds(minute * 120));
            let expected = format!("wrong_reason 1 of {agreement}: {wrong}, not {right}");
            assert_eq!(of_plan(&engine), [expected], "{}: {found}", ground.name);
            plant(&engine, "2026-02-11", agreement, right);
            let over = sweep(&engine, at.plus_seconds(minute * 120 + 60));
            assert_eq!(of_plan(&engine), Vec::<String>::new(), "{}: {over}", ground.name);
        }
        // On the days after it the strategy still has to be able to give what was sealed.
        run_day(&engine, "2026-02-12", 9);
        plant(&engine, "2026-02-11", "A-1", "policy.small_balance");
        let found = sweep(&engine, moment("2026-02-12", 9));
        let expected = "wrong_reason 1 of A-1: policy.small_balance, not contact.sent";
        assert_eq!(of_plan(&engine), [expected], "{}: {found}", ground.name);
    }
}

#[test]
fn what_was_learned_after_the_day_was_decided_makes_no_reason_wrong() {
    for ground in grounds() {
        let engine = opened(&ground, 12);
        for day in ["2026-02-09", "2026-02-10", "2026-02-11"] {
            run_day(&engine, day, 9);
        }
        let later = moment("2026-02-11", 11);
        let caller = Caller { actor: "staff", now: later };
        let complaint = NewCircumstance {
            customer: Some("C-0".to_owned()),
            agreement: None,
            contact_point: None,
            kind: CircumstanceKind::Complaint,
            value: String::new(),
            from: Some(date("2026-02-11")),
            through: None,
            reason: "called in".to_owned(),
            evidence: "call 17".to_owned(),
        };
        engine.add_circumstance(&complaint, caller).expect("a complaint is recorded");
        engine.dispatch(later).expect("a round of sending");
        ground.import(&engine, later, |writer| pay(writer, 1, 9, "2026-02-10", "2000.00"));
        sweep(&engine, later.plus_seconds(60));
        assert_eq!(of_plan(&engine), Vec::<String>::new(), "{}", ground.name);
    }
}

#[test]
fn a_quiet_minute_compares_nothing_and_one_with_news_what_they_are_about() {
    for ground in grounds() {
        let engine = opened(&ground, 12);
        for day in ["2026-02-09", "2026-02-10", "2026-02-11"] {
            run_day(&engine, day, 9);
        }
        engine.dispatch(moment("2026-02-11", 9)).expect("a round of sending");
        let at = moment("2026-02-11", 9);
        let compared = |seconds: i64| {
            let options = WatchOptions { shadow_every_seconds: 3_600, ..OPTIONS };
            engine.watch(&options, at.plus_seconds(seconds)).expect("a sweep").compared
        };
        assert_eq!(compared(60), Some(12), "{}: a closed day is compared as a whole, once", ground.name);
        assert_eq!([compared(120), compared(180)], [None, None], "{}: nothing happened", ground.name);
        ground.import(&engine, at.plus_seconds(200), |writer| pay(writer, 1, 9, "2026-02-10", "5.00"));
        let touched = compared(240).expect("something happened");
        assert!((1..12).contains(&touched), "{}: {touched} are compared", ground.name);
        assert_eq!(compared(300), None, "{}: and then it is quiet again", ground.name);
        assert_eq!(compared(3_660), Some(12), "{}: now and then as a whole", ground.name);
    }
}

#[test]
fn a_worker_that_ends_without_a_word_is_missed_and_one_that_says_goodbye_is_not() {
    for ground in grounds() {
        let engine = opened(&ground, 1);
        let second = ground.engine_in_real_time("second");
        let at = moment(FIRST_DAY, 10);
        check(&engine, at, &expect!["opened [] closed [] open 0"]);
        for worker in [&engine, &second] {
            worker.sign_of_worker(5, at).expect("a sign");
        }
        check(&engine, at.plus_seconds(60), &expect!["opened [] closed [] open 0"]);
        engine.sign_of_worker(5, at.plus_seconds(120)).expect("a sign");
        let found = sweep(&engine, at.plus_seconds(121));
        assert!(found.contains("opened [worker_silent of second:"), "{}: {found}", ground.name);
        second.worker_leaves().expect("goodbye");
        let over = sweep(&engine, at.plus_seconds(181));
        assert!(over.contains("closed [worker_silent of second:"), "{}: {over}", ground.name);
    }
}

#[test]
fn a_receipt_for_what_was_never_sent_is_an_incident_and_changes_nothing() {
    for ground in grounds() {
        let engine = ground.engine_in_real_time("first");
        ground.import(&engine, moment("2026-02-01", 0), |writer| {
            customer(writer, 1);
            agreement(writer, 1, 1);
        });
        for day in [FIRST_DAY, "2026-02-09", "2026-02-10", "2026-02-11"] {
            run_day(&engine, day, 9);
        }
        let row = found(&engine);
        let now = moment("2026-02-11", 9);
        let receipt = ReceiptRow { message: row.id, state: ReceiptState::Delivered, at: now };
        let spool = ground.folder.join("spool");
        write_receipts(&spool, "early", &[receipt]).expect("receipts are written");
        let report = engine.collect_receipts(now).expect("receipts are taken in");
        assert_eq!((report.delivered, report.repeated), (0, 1), "{}", ground.name);
        assert_eq!(found(&engine).state, MessageState::Queued);
        let open = engine.today(None).expect("days were run").watch_incidents;
        assert_eq!(open.len(), 1, "{}: {open:?}", ground.name);
        assert_eq!(open[0].first_affected, row.id.to_string());
        let evidence: Vec<String> =
            open[0].evidence.iter().map(|(name, value)| format!("{name} {value}")).collect();
        assert_eq!(evidence, ["from queued", "to delivered", "word "]);
    }
}

/// Counts of an hour of a stream, spread over its slots.
fn hour(engine: &Engine, at: Timestamp, kind: &str, handed: i64, delivered: i64) {
    let slot = slot_of(at);
    let written = engine.db().write(|tx| {
        for index in 0..12 {
            let key = CohortKey {
                slot: slot + index,
                channel: Channel::Sms,
                provider: "spool".to_owned(),
                kind: kind.to_owned(),
            };
            let part = |whole: i64| whole * (index + 1) / 12 - whole * index / 12;
            let counts =
                CohortCounts { handed: part(handed), delivered: part(delivered), ..CohortCounts::default() };
            watch::add_cohorts(tx, [(&key, &counts)])?;
        }
        Ok(())
    });
    written.expect("counts are written");
}

#[test]
fn one_kind_of_message_that_does_not_arrive_is_found_in_its_hour_and_closed_when_it_does_again() {
    for ground in grounds() {
        let engine = ground.engine_in_real_time("first");
        let start = moment("2026-02-08", 0);
        let at = |hours: i64| start.plus_seconds(hours * 3_600);
        // Receipts take seconds, as 500 of them have shown.
        let latencies = [((Channel::Sms, "spool".to_owned(), 4), 500)];
        engine
            .db()
            .write(|tx| watch::add_latencies(tx, latencies.iter().map(|(key, count)| (key, count))))
            .expect("latencies are written");
        for index in 0..240 {
            hour(&engine, at(index), "usual", 200, 190 + index % 3 - 1);
            hour(&engine, at(index), "other", 100, 95);
        }
        check(&engine, at(240), &expect!["opened [] closed [] open 0"]);
        hour(&engine, at(240), "usual", 200, 190);
        hour(&engine, at(240), "other", 100, 40);
        let found = sweep(&engine, at(241).plus_seconds(SLOT_SECONDS + 60));
        assert!(found.contains("failure_rate of sms/spool/other (60)"), "{}: {found}", ground.name);
        assert!(!found.contains("failure_rate of sms/spool ("), "the other kind arrives: {found}");
        hour(&engine, at(241), "other", 100, 42);
        let goes_on = sweep(&engine, at(242).plus_seconds(SLOT_SECONDS + 60));
        assert!(!goes_on.contains("closed [failure_rate"), "{}: {goes_on}", ground.name);
        for index in 242..245 {
            hour(&engine, at(index), "usual", 200, 190);
            hour(&engine, at(index), "other", 100, 95);
        }
        let over = sweep(&engine, at(245).plus_seconds(SLOT_SECONDS + 60));
        assert!(over.contains("failure_rate of sms/spool/other"), "{}: {over}", ground.name);
        assert!(over.contains("closed [") && over.ends_with("open 1"), "{}: {over}", ground.name);
    }
}

/// Texts that the spool took from `at` on, seventeen a minute, and of which nothing was heard.
fn unheard(engine: &Engine, at: Timestamp, count: u32) {
    let customer = CustomerId::of_external("C-unheard");
    let message = |index: u32| PastMessage {
        id: MessageId::of_import(customer, &format!("unheard {index}")),
        agreement: AgreementId::of_external("A-unheard"),
        customer,
        channel: Channel::Sms,
        state: MessageState::Accepted,
        sent_at: at.plus_seconds(i64::from(index) * 60 / 17),
        business_date: date("2026-02-08"),
        outcome: String::new(),
        contact_point: None,
        about: "",
        provider: Some("spool".to_owned()),
    };
    let messages: Vec<PastMessage> = (0..count).map(message).collect();
    let written = engine.db().write(|tx| message::insert_past(tx, &messages));
    assert_eq!(written.expect("messages are written"), u64::from(count));
}

#[test]
fn receipts_that_stop_while_messages_go_on_are_missed() {
    for ground in grounds() {
        let engine = ground.engine_in_real_time("first");
        let start = moment("2026-02-08", 9);
        let latencies = [((Channel::Sms, "spool".to_owned(), 5), 500)];
        let written = engine.db().write(|tx| {
            watch::add_latencies(tx, latencies.iter().map(|(key, count)| (key, count)))?;
            watch::sign(tx, "receipts", "sms/spool", start.plus_seconds(3_600), 0)
        });
        written.expect("counts are written");
        hour(&engine, start, "usual", 1_020, 969);
        check(&engine, start.plus_seconds(3_590), &expect!["opened [] closed [] open 0"]);
        // Seventeen a minute go on, and nothing is heard of them.
        hour(&engine, start.plus_seconds(3_600), "usual", 1_020, 0);
        // A slot does not say when in it: as long as they may have left a moment ago, nothing is missing.
        check(&engine, start.plus_seconds(3_600 + 240), &expect!["opened [] closed [] open 0"]);
        unheard(&engine, start.plus_seconds(3_600), 68);
        let found = sweep(&engine, start.plus_seconds(3_600 + 240));
        assert!(found.contains("opened [receipts_silent of sms/spool"), "{}: {found}", ground.name);
        let heard = start.plus_seconds(3_600 + 280);
        engine.db().write(|tx| watch::sign(tx, "receipts", "sms/spool", heard, 0)).expect("a sign");
        let over = sweep(&engine, heard.plus_seconds(5));
        assert!(over.contains("closed [receipts_silent of sms/spool"), "{}: {over}", ground.name);
    }
}

#[test]
fn a_clock_that_goes_back_is_noticed_until_it_has_caught_up() {
    for ground in grounds() {
        let engine = opened(&ground, 1);
        let at = moment(FIRST_DAY, 10);
        check(&engine, at, &expect!["opened [] closed [] open 0"]);
        check(&engine, at.plus_seconds(-59), &expect!["opened [] closed [] open 0"]);
        check(
            &engine,
            at.plus_seconds(-3_600),
            &expect!["opened [clock_back of clock (3600)] closed [] open 1"],
        );
        check(&engine, at.plus_seconds(60), &expect!["opened [] closed [clock_back of clock (3600)] open 0"]);
    }
}

#[test]
fn a_canary_that_does_not_come_back_is_missed_and_is_no_contact() {
    use dunlin_domain::contact::Personal;
    use dunlin_engine::watch::canary::Canary;
    for ground in grounds() {
        let canaries = || {
            vec![Canary {
                channel: Channel::Sms,
                provider: "spool".to_owned(),
                to: Personal::new("13900000000"),
                every_seconds: 3_600,
                wait_seconds: 600,
                maildir: None,
            }]
        };
        let engine = ground.engine_in_real_time("first").with_canaries(canaries());
        let second = ground.engine_in_real_time("second").with_canaries(canaries());
        let at = moment(FIRST_DAY, 10);
        assert_eq!(engine.send_canaries(at).expect("a round").sent, 1, "{}", ground.name);
        assert_eq!(second.send_canaries(at.plus_seconds(1)).expect("a round").sent, 0, "one between them");
        check(&engine, at.plus_seconds(600), &expect!["opened [] closed [] open 0"]);
        check(
            &engine,
            at.plus_seconds(660),
            &expect!["opened [canary_missing of sms/spool (1)] closed [] open 1"],
        );
        // The next one does not hide that the first is missing.
        let next = at.plus_seconds(3_600);
        assert_eq!(second.send_canaries(next).expect("a round").sent, 1);
        let again = sweep(&engine, next.plus_seconds(60));
        assert!(again.ends_with("open 2"), "the canary, and that nobody watched: {again}");
        let ids = ground.spooled();
        assert_eq!(ids.len(), 2, "two canaries, and nothing else");
        let of = |id: &String| dunlin_domain::id::MessageId::parse(id).expect("an id");
        let receipts: Vec<ReceiptRow> = ids
            .iter()
            .map(|id| ReceiptRow { message: of(id), state: ReceiptState::Delivered, at: next })
            .collect();
        write_receipts(&ground.folder.join("spool"), "canaries", &receipts).expect("receipts are written");
        let report = engine.collect_receipts(next.plus_seconds(70)).expect("receipts are taken in");
        assert_eq!((report.delivered, report.unmatched), (0, 0), "a canary is no message");
        let over = sweep(&second, next.plus_seconds(120));
        assert!(over.contains("canary_missing of sms/spool (1)") && over.ends_with("open 0"), "{over}");
    }
}

#[test]
fn a_canary_with_a_mailbox_has_come_back_when_it_lies_there() {
    use dunlin_domain::contact::Personal;
    use dunlin_engine::watch::canary::Canary;
    for ground in grounds() {
        let maildir = ground.folder.join("maildir");
        for folder in ["new", "cur"] {
            std::fs::create_dir_all(maildir.join(folder)).expect("a mailbox");
        }
        let engine = ground.engine_in_real_time("first").with_canaries(vec![Canary {
            channel: Channel::Email,
            provider: "spool".to_owned(),
            to: Personal::new("canary@lender.example"),
            every_seconds: 3_600,
            wait_seconds: 600,
            maildir: Some(maildir.clone()),
        }]);
        let at = moment(FIRST_DAY, 10);
        engine.send_canaries(at).expect("a round");
        let id = ground.spooled().remove(0);
        // A receipt is a word; the mail is what counts.
        let message = dunlin_domain::id::MessageId::parse(&id).expect("an id");
        let receipt = ReceiptRow { message, state: ReceiptState::Delivered, at };
        write_receipts(&ground.folder.join("spool"), "canary", &[receipt]).expect("receipts are written");
        engine.collect_receipts(at.plus_seconds(30)).expect("receipts are taken in");
        let found = sweep(&engine, at.plus_seconds(660));
        assert!(found.contains("opened [canary_missing of email/spool"), "{}: {found}", ground.name);
        let mail = format!("Message-ID: <{id}@lender.example>\r\nSubject: test\r\n\r\n");
        std::fs::write(maildir.join("new").join("1772000000.M1.host"), mail).expect("a mail");
        assert_eq!(engine.send_canaries(at.plus_seconds(670)).expect("a round").returned, 1);
        let over = sweep(&engine, at.plus_seconds(720));
        assert!(over.contains("closed [canary_missing of email/spool"), "{}: {over}", ground.name);
    }
}

/// The watch is told of each message twice: by its template, and by where its number belongs.
#[test]
fn a_message_is_counted_by_where_its_number_belongs_from_the_handing_over_to_its_receipt() {
    for ground in grounds() {
        let engine = ground.engine("first");
        ground.import(&engine, moment("2026-12-31", 0), |writer| {
            // The fifth has no number of its own.
            customer(writer, 5);
            agreement(writer, 5, 5);
            let row = ContactPointRow {
                contact_point_id: "CP-5".to_owned(),
                customer_id: "C-5".to_owned(),
                kind: ContactPointKind::Phone,
                value: Personal::new("13800000005"),
                party: Party::Borrower,
                state: ContactPointState::Active,
                priority: 1,
            };
            writer.write(&row).expect("a row");
        });
        run_days(&engine, FIRST_DAY, 4);
        let now = moment(DAY, 10);
        assert_eq!(engine.dispatch(now).expect("a round of sending").accepted, 1, "{}", ground.name);
        let counts = || {
            let read = engine.db().read(|tx| watch::cohorts(tx, slot_of(now)));
            let mut counts: Vec<(bool, String, i64, i64)> = read
                .expect("counts are read")
                .into_iter()
                .map(|(key, counts)| (key.is_area(), key.kind, counts.handed, counts.delivered))
                .collect();
            counts.sort();
            counts
        };
        let [(false, _, 1, 0), (true, area, 1, 0)] = &counts()[..] else { panic!("{:?}", counts()) };
        assert_eq!(area, "+86138", "{}", ground.name);
        let receipt = ReceiptRow {
            message: found(&engine).id,
            state: ReceiptState::Delivered,
            at: now.plus_seconds(20),
        };
        write_receipts(&ground.folder.join("spool"), "one", &[receipt]).expect("receipts are written");
        engine.collect_receipts(now.plus_seconds(60)).expect("receipts are taken in");
        let [(false, _, 1, 1), (true, _, 1, 1)] = &counts()[..] else { panic!("{:?}", counts()) };
    }
}

#[test]
fn an_area_that_no_text_reaches_is_told_of_alone() {
    for ground in grounds() {
        let engine = ground.engine_in_real_time("first");
        let start = moment("2026-02-08", 0);
        let at = |hours: i64| start.plus_seconds(hours * 3_600);
        let latencies = [((Channel::Sms, "spool".to_owned(), 4), 500)];
        engine
            .db()
            .write(|tx| watch::add_latencies(tx, latencies.iter().map(|(key, count)| (key, count))))
            .expect("latencies are written");
        for index in 0..240 {
            hour(&engine, at(index), "usual", 200, 190 + index % 3 - 1);
            hour(&engine, at(index), "other", 100, 95);
            hour(&engine, at(index), "+86138", 180, 171 + index % 3 - 1);
            hour(&engine, at(index), "+86139", 120, 114);
        }
        check(&engine, at(240), &expect!["opened [] closed [] open 0"]);
        hour(&engine, at(240), "usual", 200, 154);
        hour(&engine, at(240), "other", 100, 78);
        hour(&engine, at(240), "+86138", 180, 172);
        hour(&engine, at(240), "+86139", 120, 60);
        let found = sweep(&engine, at(241).plus_seconds(SLOT_SECONDS + 60));
        assert!(found.contains("failure_rate of sms/spool/+86139 (60)"), "{}: {found}", ground.name);
        assert_eq!(found.matches("failure_rate").count(), 1, "{}: {found}", ground.name);
    }
}

#[test]
fn messages_for_a_channel_that_nobody_serves_are_an_incident_until_somebody_does() {
    for ground in grounds() {
        let engine = opened(&ground, 12);
        for day in ["2026-02-09", "2026-02-10", DAY] {
            run_day(&engine, day, 9);
        }
        let own = ground.config("without");
        let mail =
            own.providers.iter().cloned().map(|it| ProviderConfig { channels: vec![Channel::Email], ..it });
        let config = Config { providers: mail.collect(), clock: Some(Clock::Real), ..own };
        let without = Engine::open(config, moment(FIRST_DAY, 0), [7; 32]).expect("an engine opens");
        let sent = without.dispatch(moment(DAY, 9)).expect("a round of sending");
        assert!(sent.deferred > 0, "{}: {sent:?}", ground.name);
        let unserved = |engine: &Engine, seconds: i64| {
            let report = engine.watch(&OPTIONS, moment(DAY, 9).plus_seconds(seconds)).expect("a sweep");
            assert_eq!(report.is_clear(), report.open.is_empty(), "{}", ground.name);
            let of = |lines: Vec<WatchIncidentLine>| {
                lines.into_iter().find(|line| line.code == IncidentCode::ChannelUnserved)
            };
            (of(report.opened), of(report.closed), of(report.open))
        };
        let (opened, _, _) = unserved(&without, 60);
        let opened = opened.expect("it is an incident");
        // Those that wait for a later hour are told of too.
        assert_eq!((opened.stream.as_str(), opened.affected), ("sms", 10), "{}", ground.name);
        assert!(opened.first_affected.starts_with("msg_"), "{opened:?}");
        let (again, closed, open) = unserved(&without, 120);
        assert!(again.is_none() && closed.is_none() && open.is_some(), "{}", ground.name);
        let (_, closed, open) = unserved(&engine, 180);
        assert!(closed.is_some_and(|line| line.report.is_some()) && open.is_none(), "{}", ground.name);
    }
}

#[test]
fn a_channel_that_is_down_is_no_all_clear() {
    for ground in grounds() {
        let engine = opened(&ground, 12);
        for day in ["2026-02-09", "2026-02-10", DAY] {
            run_day(&engine, day, 9);
        }
        // Nobody listens there.
        let by_http = asking_engine(&ground, 9, "http");
        let now = moment(DAY, 10);
        assert!(by_http.dispatch(now).expect("a round of sending").unavailable > 0, "{}", ground.name);
        let report = by_http.watch(&OPTIONS, now).expect("a sweep");
        assert_eq!(report.channels.len(), 1, "{}", ground.name);
        assert!(!report.is_clear());
        let said = |engine: &Engine| {
            let document = engine.all_clear(now).expect("somebody watched");
            let document = serde_json::to_string(&document).expect("a document");
            match all_clear::check(&document, &engine.all_clear_key().expect("a key"), now) {
                Err(NotClear::Incidents(open)) => open,
                Ok(_) => Vec::new(),
                Err(why) => vec![why.to_string()],
            }
        };
        assert!(said(&by_http).contains(&"channel_down sms/textline".to_owned()), "{:?}", said(&by_http));
        // Where that provider is given nothing any more, nothing will tell whether it works again.
        let report = engine.watch(&OPTIONS, now).expect("a sweep");
        assert_eq!(report.channels, [], "{}", ground.name);
        assert!(!said(&engine).contains(&"channel_down sms/textline".to_owned()), "{:?}", said(&engine));
    }
}

/// Counts of one hour of a provider's texts.
fn cohort(engine: &Engine, at: Timestamp, counts: CohortCounts) {
    let (channel, provider, kind) = (Channel::Sms, "spool".to_owned(), "usual".to_owned());
    let key = CohortKey { slot: slot_of(at), channel, provider, kind };
    engine.db().write(|tx| watch::add_cohorts(tx, [(&key, &counts)])).expect("counts are written");
}

fn of_failures(engine: &Engine, now: Timestamp) -> (bool, bool) {
    let report = engine.watch(&OPTIONS, now).expect("a sweep");
    let has = |lines: &[WatchIncidentLine]| lines.iter().any(|line| line.code == IncidentCode::FailureRate);
    (has(&report.opened), has(&report.open))
}

#[test]
fn that_no_receipt_comes_is_no_failure_where_none_ever_came() {
    for ground in grounds() {
        let engine = ground.engine_in_real_time("first");
        let at = |day: i64, hour: i64| moment(FIRST_DAY, 9).plus_seconds(day * 86_400 + hour * 3_600);
        let taken = |handed: i64| CohortCounts { handed, ..CohortCounts::default() };
        for day in 0..12 {
            cohort(&engine, at(day, 0), taken(22));
            cohort(&engine, at(day, 1), CohortCounts { failed: 1, ..taken(200) });
            // A receipt for one in a hundred does not mean that the others failed.
            cohort(&engine, at(day, 2), CohortCounts { delivered: 2, ..taken(200) });
            for hour in [2, 7, 14, 22] {
                assert_eq!(
                    of_failures(&engine, at(day, hour)),
                    (false, false),
                    "{} {day} {hour}",
                    ground.name
                );
            }
        }
        // What comes back, what is refused and what nobody answers counts all the same.
        cohort(&engine, at(12, 0), CohortCounts { failed: 60, unanswered: 60, ..taken(200) });
        assert_eq!(of_failures(&engine, at(12, 7)), (true, true), "{}", ground.name);
    }
}

#[test]
fn that_no_receipt_comes_is_a_failure_from_the_first_that_came_on() {
    for ground in grounds() {
        let engine = ground.engine_in_real_time("first");
        let at = |hour: i64| moment(FIRST_DAY, 9).plus_seconds(hour * 3_600);
        let counts =
            |handed: i64, delivered: i64| CohortCounts { handed, delivered, ..CohortCounts::default() };
        for hour in 0..30 {
            cohort(&engine, at(hour), counts(100, 0));
        }
        // The gateway writes receipts from now on.
        for hour in 30..60 {
            cohort(&engine, at(hour), counts(100, 95));
            assert_eq!(of_failures(&engine, at(hour + 5)), (false, false), "{} {hour}", ground.name);
        }
        cohort(&engine, at(60), counts(100, 0));
        assert_eq!(of_failures(&engine, at(66)), (true, true), "{}", ground.name);
    }
}

#[test]
fn an_answer_that_was_lost_is_counted_until_somebody_knows() {
    for ground in grounds() {
        let peer = http_peer();
        decided(&ground, 108);
        let engine = asking_engine(&ground, peer.port, "asks");
        let counts = || {
            let all = engine.db().read(|tx| watch::cohorts(tx, 0)).expect("counts are read");
            let own = all.into_iter().filter(|(key, _)| !key.is_area() && key.provider == "textline");
            own.fold((0, 0, 0), |sum, (_, it)| {
                (sum.0 + it.handed, sum.1 + it.unanswered, sum.2 + it.delivered)
            })
        };
        engine.dispatch(ten()).expect("a round of sending");
        assert_eq!(counts(), (1, 1, 0), "{}", ground.name);
        assert_eq!(ask(&engine, 10).delivered, 1, "{}", ground.name);
        assert_eq!(counts(), (1, 0, 1), "{}", ground.name);
    }
}

#[test]
fn what_the_outbox_lacks_or_has_too_much_is_put_right_and_told() {
    for ground in grounds() {
        let engine = ground.engine("first");
        ground.import(&engine, moment("2026-12-31", 0), |writer| {
            customer(writer, 1);
            agreement(writer, 1, 1);
        });
        run_days(&engine, FIRST_DAY, 4);
        let lose = |sql: &str| engine.db().write(|tx| tx.execute(sql, &[])).expect("it is changed");
        let lost = lose("delete from outbox where part >= 0");
        assert!(lost > 0);
        assert_eq!(engine.dispatch(moment(DAY, 10)).expect("a round").accepted, 0, "nothing is due");
        let told = sweep(&engine, moment(DAY, 11));
        let mended = format!("outbox_stuck of outbox/mended ({lost})");
        assert!(told.contains(&mended), "{}: {told}", ground.name);
        // One moment too many neither sends twice nor keeps a worker from its end.
        let again = "insert into outbox (part, due_at, message_id) select part, 0, message_id from message where part >= 0";
        assert!(lose(again) > 0);
        assert_eq!(engine.dispatch(moment(DAY, 12)).expect("a round").accepted, 1);
        sweep(&engine, moment(DAY, 13));
        let rest = |tx: &mut dunlin_store::Tx<'_>| {
            tx.query_one("select count(*) from outbox where part >= 0", &[], |row| Ok(row.int(0)))
        };
        assert_eq!(engine.db().read(rest).expect("a count"), Some(0), "{}", ground.name);
    }
}

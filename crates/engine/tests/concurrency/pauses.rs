//! Pauses on both databases: a preview that comes true, and a catch-up that is spread.

use std::collections::BTreeMap;

use dunlin_domain::contact::Channel;
use dunlin_domain::date::{BusinessDate, Timestamp};
use dunlin_domain::gentle_mode::ModeEffect;
use dunlin_domain::message::MessageState;
use dunlin_domain::pause::{PauseKind, PauseScope, PauseState};
use dunlin_domain::reason::Reason;
use dunlin_engine::Engine;
use dunlin_engine::modes::NewMode;
use dunlin_engine::pauses::NewPause;
use dunlin_engine::payment::Caller;
use dunlin_engine::watch::WatchOptions;

use crate::ground::{FIRST_DAY, Ground, date, grounds, moment, run_days};

const CUSTOMER_COUNT: u32 = 18;

pub fn new_pause(from: &str, through: &str, per_hour: Option<u32>) -> NewPause {
    NewPause {
        kind: PauseKind::Upgrade,
        scope: PauseScope::default(),
        from: BusinessDate(date(from)),
        through: BusinessDate(date(through)),
        reason_zh: "系统升级".to_owned(),
        reason_en: "system upgrade".to_owned(),
        per_hour,
        customer: None,
    }
}

/// An engine that knows all customers, each with an agreement.
fn with_everybody(ground: &Ground) -> Engine {
    let engine = ground.engine("first");
    ground.import_people(&engine, moment("2026-12-31", 0), CUSTOMER_COUNT);
    engine
}

/// A gentler mode by which nobody is contacted.
pub fn silent_mode(from: &str, through: Option<&str>) -> NewMode {
    NewMode {
        reason: Reason::Reputation,
        effect: ModeEffect::Silent,
        products: Vec::new(),
        buckets: Vec::new(),
        segments: Vec::new(),
        from: BusinessDate(date(from)),
        through: through.map(|day| BusinessDate(date(day))),
        note: "flood".to_owned(),
    }
}

pub fn approve(engine: &Engine, new: &NewPause, now: Timestamp) {
    let pause = engine.add_pause(new, now).expect("a pause is asked for");
    let second = Caller { actor: "second person", now };
    engine.approve_pause(pause.id, "", second).expect("it is approved");
}

/// States of the messages of a business date, and for those that are to be sent the hours from nine on of their moments.
fn messages_of(engine: &Engine, day: &str) -> (BTreeMap<String, u32>, BTreeMap<i64, u32>) {
    let nine = moment(day, 9).micros();
    let sql = "select m.state, m.next_attempt_at, m.channel from message m where m.part >= 0 and m.business_date = ?1";
    let on = [dunlin_store::Param::Int(i64::from(date(day).days()))];
    let rows = engine.db().read(|tx| {
        tx.query(sql, &on, |row| {
            assert!(row.opt_text(2).is_none_or(|code| Channel::parse(code).is_some()));
            Ok((row.text(0).to_owned(), row.opt_int(1)))
        })
    });
    let (mut states, mut hours) = (BTreeMap::new(), BTreeMap::new());
    for (state, at) in rows.expect("messages are read") {
        *states.entry(state).or_default() += 1;
        if let Some(at) = at {
            *hours.entry((at - nine) / 3_600_000_000).or_default() += 1;
        }
    }
    (states, hours)
}

#[test]
fn a_preview_tells_what_the_pause_then_holds_and_the_catch_up_is_spread_over_hours() {
    for ground in grounds() {
        let engine = with_everybody(&ground);
        run_days(&engine, FIRST_DAY, 2);
        let new = new_pause("2026-02-10", "2026-02-12", Some(4));
        let preview = engine.preview_pause(&new).expect("a preview");
        assert_eq!(preview, engine.preview_pause(&new).expect("the same"));
        approve(&engine, &new, moment("2026-02-09", 10));
        run_days(&engine, "2026-02-10", 3);
        let held: u32 = ["2026-02-10", "2026-02-11", "2026-02-12"]
            .iter()
            .map(|day| messages_of(&engine, day).0.get(MessageState::Held.code()).copied().unwrap_or(0))
            .sum();
        assert_eq!(preview.notices, u64::from(held), "{}", ground.name);
        assert!(held > 8, "{}: {held} notices are held", ground.name);
        assert_eq!(preview.notices, preview.by_bucket.values().sum::<u64>(), "{}", ground.name);
        run_days(&engine, "2026-02-13", 1);
        let (_, hours) = messages_of(&engine, "2026-02-13");
        // What a pause holds is looked at again afterwards: two of the customers have no number and no address.
        assert_eq!(hours.values().sum::<u32>(), held - 2, "{}: {hours:?}", ground.name);
        assert!(hours.values().all(|count| *count <= 4), "{}: {hours:?}", ground.name);
        assert_eq!(hours.keys().copied().max(), Some(i64::from((held - 1) / 4)), "{}", ground.name);
        let report = engine.verify(&|_| {}).expect("the database can be read");
        assert_eq!(report.problems, Vec::<String>::new(), "{}", ground.name);
    }
}

/// Two contacts after the due date, and then none.
const STEPS: &str = "# kind: strategy
# name: standard
# version: 2
# effective_from: 2026-01-01
# author: strategist
# approver: second person
# title_zh: 两次联系
# title_en: Two contacts
# currency: CNY
# segments: standard, gentle
# days_past_due: >=-3
id,bucket,days_past_due,balance,segment,reported,action,channels,template,tone,next_days,contacts,note
before,M0,-3..0,-,-,-,policy.wait,-,-,-,1,-,-
first,-,>=1,-,-,-,contact,\"sms,email\",day1_notice,friendly,2,0,-
second,-,>=1,-,-,-,contact,\"email,sms\",overdue_reminder,neutral,2,1,-
enough,-,>=1,-,-,-,policy.economy,-,-,-,30,>=2,-
";

#[test]
fn a_preview_counts_the_contacts_of_a_sequence_that_were_and_will_be_made_before_the_pause() {
    for ground in grounds() {
        let engine = ground.engine_in_real_time("first");
        ground.import_people(&engine, moment("2026-02-01", 0), CUSTOMER_COUNT);
        crate::ground::in_force(&engine, "steps.csv", STEPS, moment("2026-02-01", 1));
        let day = |day: &str| {
            let now = moment(day, 9);
            engine.run_day(BusinessDate(date(day)), &|| now, &|_| {}).expect("a day runs");
            // At noon it is day in Urumqi too.
            for later in [60, 3 * 3_600] {
                engine.dispatch(now.plus_seconds(later)).expect("a round of sending");
            }
        };
        for before in [FIRST_DAY, "2026-02-09", "2026-02-10", "2026-02-11"] {
            day(before);
        }
        let previews: Vec<(u64, &str, &str)> =
            [("2026-02-12", "2026-02-13"), ("2026-02-13", "2026-02-14"), ("2026-02-15", "2026-02-17")]
                .into_iter()
                .map(|(from, through)| {
                    let preview = engine.preview_pause(&new_pause(from, through, None)).expect("a preview");
                    (preview.notices, from, through)
                })
                .collect();
        // The second contact is due on the 13th; from then on only those wait who could not be contacted at all.
        let unreachable = 2;
        let expected = [
            (u64::from(CUSTOMER_COUNT), "2026-02-12", "2026-02-13"),
            (u64::from(CUSTOMER_COUNT), "2026-02-13", "2026-02-14"),
            (unreachable, "2026-02-15", "2026-02-17"),
        ];
        assert_eq!(previews, expected, "{}", ground.name);
        let new = new_pause("2026-02-15", "2026-02-17", None);
        approve(&engine, &new, moment("2026-02-11", 10));
        let days = ["2026-02-12", "2026-02-13", "2026-02-14", "2026-02-15", "2026-02-16", "2026-02-17"];
        days.into_iter().for_each(day);
        let held: u32 = days
            .iter()
            .map(|day| messages_of(&engine, day).0.get(MessageState::Held.code()).copied().unwrap_or(0))
            .sum();
        assert_eq!(u64::from(held), unreachable, "{}", ground.name);
    }
}

/// How many agreements have each reason on a day, as coverage counts them.
fn reasons_on(engine: &Engine, day: &str) -> BTreeMap<&'static str, u64> {
    let coverage = engine.coverage(date(day), date(day)).expect("the day was run");
    coverage.by_reason.iter().map(|line| (line.reason.code(), line.count)).collect()
}

#[test]
fn what_a_catch_up_leaves_for_the_next_day_is_decided_and_counts_there() {
    for ground in grounds() {
        let engine = with_everybody(&ground);
        run_days(&engine, FIRST_DAY, 3);
        approve(&engine, &new_pause("2026-02-11", "2026-02-12", Some(1)), moment("2026-02-10", 10));
        run_days(&engine, "2026-02-11", 3);
        // Twelve hours of the day, one notice each; two of the customers cannot be reached at all.
        let on = |day: &str| reasons_on(&engine, day).get("contact.sent").copied().unwrap_or(0);
        let first = on("2026-02-13");
        assert!((10..=12).contains(&first), "{}: {first}", ground.name);
        let waiting = reasons_on(&engine, "2026-02-13").get("pause.upgrade").copied().unwrap_or(0);
        assert_eq!(first + waiting, u64::from(CUSTOMER_COUNT) - 2, "{}", ground.name);
        let (states, hours) = messages_of(&engine, "2026-02-13");
        assert!(hours.values().all(|count| *count <= 1), "{}: {hours:?} {states:?}", ground.name);
        assert!(hours.keys().all(|hour| (0..12).contains(hour)), "{}: {hours:?}", ground.name);
        run_days(&engine, "2026-02-14", 1);
        assert_eq!(on("2026-02-14"), waiting, "{}", ground.name);
        let report = engine.verify(&|_| {}).expect("the database can be read");
        assert_eq!(report.problems, Vec::<String>::new(), "{}", ground.name);
        let watched = engine.watch(&WatchOptions::default(), moment("2026-02-14", 20)).expect("a sweep");
        let wrong: Vec<&str> = watched.opened.iter().map(|line| line.stream.as_str()).collect();
        assert!(!wrong.contains(&"plan"), "{}: {:?}", ground.name, watched.opened);
    }
}

#[test]
fn what_was_paid_during_a_pause_takes_no_turn_of_the_catch_up() {
    for ground in grounds() {
        let engine = with_everybody(&ground);
        run_days(&engine, FIRST_DAY, 3);
        approve(&engine, &new_pause("2026-02-11", "2026-02-12", Some(1)), moment("2026-02-10", 10));
        run_days(&engine, "2026-02-11", 1);
        ground.import(&engine, moment("2026-02-11", 20), |writer| {
            (0..8).for_each(|index| crate::ground::pay(writer, index, 0, "2026-02-11", "2000.00"));
        });
        run_days(&engine, "2026-02-12", 2);
        // Ten are left for the hours of the day, and nobody waits for the next one.
        let reasons = reasons_on(&engine, "2026-02-13");
        assert_eq!(reasons.get("pause.upgrade"), None, "{}: {reasons:?}", ground.name);
        let (_, hours) = messages_of(&engine, "2026-02-13");
        assert!(hours.values().all(|count| *count <= 1), "{}: {hours:?}", ground.name);
        assert!(hours.len() >= 8, "{}: {hours:?}", ground.name);
        let report = engine.verify(&|_| {}).expect("the database can be read");
        assert_eq!(report.problems, Vec::<String>::new(), "{}", ground.name);
    }
}

#[test]
fn a_gentler_mode_that_is_ended_early_silences_nobody_any_more() {
    for ground in grounds() {
        let engine = with_everybody(&ground);
        run_days(&engine, FIRST_DAY, 3);
        let new = silent_mode("2026-02-11", None);
        let caller = |actor| Caller { actor, now: moment("2026-02-10", 10) };
        let mode = engine.add_mode(&new, caller("manager")).expect("a mode is asked for");
        engine
            .decide_mode(mode.id, PauseState::Approved, "", caller("second person"))
            .expect("it is approved");
        run_days(&engine, "2026-02-11", 1);
        let silent = reasons_on(&engine, "2026-02-11").get("policy.reputation").copied();
        assert_eq!(silent, Some(u64::from(CUSTOMER_COUNT)), "{}", ground.name);
        engine.end_mode(mode.id, caller("manager")).expect("it is ended");
        run_days(&engine, "2026-02-12", 1);
        let reasons = reasons_on(&engine, "2026-02-12");
        assert_eq!(reasons.get("policy.reputation"), None, "{}: {reasons:?}", ground.name);
        let report = engine.verify(&|_| {}).expect("the database can be read");
        assert_eq!(report.problems, Vec::<String>::new(), "{}", ground.name);
        let watched = engine.watch(&WatchOptions::default(), moment("2026-02-12", 20)).expect("a sweep");
        let wrong: Vec<&str> = watched.opened.iter().map(|line| line.stream.as_str()).collect();
        assert!(!wrong.contains(&"plan"), "{}: {:?}", ground.name, watched.opened);
    }
}

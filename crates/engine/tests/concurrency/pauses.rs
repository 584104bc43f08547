//! Pauses on both databases: a preview that comes true, and a catch-up that is spread.

use std::collections::BTreeMap;

use dunlin_domain::contact::Channel;
use dunlin_domain::date::{BusinessDate, Timestamp};
use dunlin_domain::message::MessageState;
use dunlin_domain::pause::{PauseKind, PauseScope};
use dunlin_engine::Engine;
use dunlin_engine::pauses::NewPause;
use dunlin_engine::payment::Caller;

use crate::ground::{FIRST_DAY, agreement, customer, date, grounds, moment, run_days};

const CUSTOMER_COUNT: u32 = 18;

fn new_pause(from: &str, through: &str, per_hour: Option<u32>) -> NewPause {
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

fn approve(engine: &Engine, new: &NewPause, now: Timestamp) {
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
        let engine = ground.engine("first");
        ground.import(&engine, moment("2026-12-31", 0), |writer| {
            for person in 0..CUSTOMER_COUNT {
                customer(writer, person);
                agreement(writer, person, person);
            }
        });
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
        ground.import(&engine, moment("2026-02-01", 0), |writer| {
            for person in 0..CUSTOMER_COUNT {
                customer(writer, person);
                agreement(writer, person, person);
            }
        });
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

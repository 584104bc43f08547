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

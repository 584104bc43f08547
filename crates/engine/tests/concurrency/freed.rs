//! A message that was not taken gives its place in the day's cap to the others of its customer.

use dunlin_engine::Engine;
use expect_test::{Expect, expect};

use crate::answers::{DAY, on_both};
use crate::fallback::messages_of;
use crate::ground::{FIRST_DAY, Ground, agreement, customer, moment, run_days};

/// What the two messages of the day are, the one that went out first.
fn check(engine: &Engine, expected: &Expect) {
    let rows = messages_of(engine, DAY);
    let mut lines: Vec<String> =
        rows.iter().map(|row| format!("{}; {}", row.state, row.state_detail)).collect();
    lines.sort();
    expected.assert_eq(&lines.join("\n"));
}

/// Closes the spool for texts; the file that does it.
fn close_sms(ground: &Ground) -> std::path::PathBuf {
    let closed = ground.folder.join("spool/closed-sms");
    std::fs::create_dir_all(ground.folder.join("spool")).expect("a folder");
    std::fs::write(&closed, "").expect("a file");
    closed
}

#[test]
fn a_cap_names_no_message_that_nobody_got() {
    on_both(|ground| {
        let engine = ground.engine("first");
        ground.import(&engine, moment("2026-12-31", 0), |writer| {
            customer(writer, 1);
            agreement(writer, 1, 1);
            agreement(writer, 2, 1);
        });
        run_days(&engine, FIRST_DAY, 4);
        let closed = close_sms(ground);
        engine.dispatch(moment(DAY, 10)).expect("a round");
        // One text a day: both wanted it, one had it and was not taken.
        let neither = expect![[r#"
            queued; fault.channel: the spool is closed for sms; remove the file closed-sms to open it
            queued; fault.channel: the spool is closed for sms; remove the file closed-sms to open it"#]];
        check(&engine, &neither);
        engine.dispatch(moment(DAY, 11)).expect("a round");
        check(&engine, &neither);
        std::fs::remove_file(&closed).expect("the file");
        engine.dispatch(moment(DAY, 12)).expect("a round");
        let one = expect![[r#"
            accepted; sms/00/msg_001dd6b7085d968474fccf110dfaa0f1.json
            queued; rule.message_cap: cn@2 LENDER-1: 1 by sms today, at most 1 allowed ｜ cn@2 LENDER-1：当日短信已1次，上限1次"#]];
        check(&engine, &one);
        assert_eq!(ground.spooled().len(), 1, "{}", ground.name);
    });
}

#[test]
fn after_days_without_the_channel_one_text_goes_out_and_the_days_name_the_channel() {
    on_both(|ground| {
        let engine = ground.engine("first");
        ground.import(&engine, moment("2026-12-31", 0), |writer| {
            customer(writer, 1);
            agreement(writer, 1, 1);
            agreement(writer, 2, 1);
            customer(writer, 2);
            agreement(writer, 3, 2);
        });
        let closed = close_sms(ground);
        run_days(&engine, FIRST_DAY, 3);
        let mut sent = Vec::new();
        for day in ["2026-02-11", "2026-02-12", "2026-02-13", "2026-02-14", "2026-02-15"] {
            if day == "2026-02-13" {
                std::fs::remove_file(&closed).expect("the file");
            }
            // What another message kept back goes out in the morning.
            engine.dispatch(moment(day, 8)).expect("a round");
            run_days(&engine, day, 1);
            engine.dispatch(moment(day, 10)).expect("a round");
            engine.dispatch(moment(day, 18)).expect("a round");
            sent.push(ground.spooled().len());
        }
        let told = |agreement: &str, day: &str| {
            let why = engine.why(agreement, crate::ground::date(day)).expect("the day was run");
            format!("{agreement} {day}: {}", why.reason.map_or("none", |reason| reason.code()))
        };
        let lines: Vec<String> = ["A-1", "A-2", "A-3"]
            .iter()
            .flat_map(|agreement| ["2026-02-11", "2026-02-12"].map(|day| told(agreement, day)))
            .collect();
        let channel = lines.iter().all(|line| line.ends_with("fault.channel"));
        assert!(channel, "{}: {lines:?}", ground.name);
        assert_eq!(sent, [0, 0, 2, 3, 3], "{}", ground.name);
    });
}

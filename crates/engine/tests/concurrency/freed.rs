//! A message that was not taken gives its place in the day's cap to the others of its customer.

use dunlin_engine::Engine;
use expect_test::{Expect, expect};

use crate::answers::{DAY, on_both};
use crate::fallback::messages_of;
use crate::ground::{FIRST_DAY, agreement, customer, moment, run_days};

/// What the two messages of the day are, the one that went out first.
fn check(engine: &Engine, expected: &Expect) {
    let rows = messages_of(engine, DAY);
    let mut lines: Vec<String> =
        rows.iter().map(|row| format!("{}; {}", row.state, row.state_detail)).collect();
    lines.sort();
    expected.assert_eq(&lines.join("\n"));
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
        let closed = ground.folder.join("spool/closed-sms");
        std::fs::create_dir_all(ground.folder.join("spool")).expect("a folder");
        std::fs::write(&closed, "").expect("a file");
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

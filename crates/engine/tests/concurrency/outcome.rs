//! What contact brings is counted by the trial's draw, by receipts and by payments, on both databases alike.

use dunlin_domain::date::BusinessDate;
use dunlin_domain::id::{CustomerId, MessageId};
use dunlin_domain::trial::{Arm, Trial};
use dunlin_engine::detect::outcome::Week;
use dunlin_engine::{ReceiptRow, ReceiptState, write_receipts};

use crate::ground::{FIRST_DAY, date, grounds, moment, pay};

/// Half of the customers are left alone.
const TRIAL: &str = "# kind: strategy
# name: standard
# version: 2
# effective_from: 2026-01-01
# author: strategist
# approver: second person
# title_zh: 对照试验
# title_en: A trial
# currency: CNY
# segments: standard, gentle
# days_past_due: >=-3
# trials: quiet holdout 50% treated 50%
id,bucket,days_past_due,balance,segment,reported,action,channels,template,tone,next_days,trial,note
before,M0,-3..0,-,-,-,policy.wait,-,-,-,1,-,-
held,-,>=1,-,-,-,trial.holdout,-,-,-,7,quiet=holdout,-
first,-,>=1,-,-,-,contact,sms,day1_notice,friendly,7,-,-
";

fn is_held(index: u32) -> bool {
    let arm = |name: &str| Arm { name: name.to_owned(), share_millionths: 500_000 };
    let trial = Trial { name: "quiet".to_owned(), arms: vec![arm("holdout"), arm("treated")] };
    trial.arm_of(CustomerId::of_external(&format!("C-{index}"))).name == "holdout"
}

#[test]
fn payments_are_counted_for_those_who_got_a_message_and_for_those_left_alone() {
    const CUSTOMERS: u32 = 24;
    for ground in grounds() {
        let engine = ground.engine_in_real_time("first");
        ground.import_people(&engine, moment("2026-02-01", 0), CUSTOMERS);
        crate::ground::in_force(&engine, "trial.csv", TRIAL, moment("2026-02-01", 1));
        for day in [FIRST_DAY, "2026-02-09", "2026-02-10", "2026-02-11"] {
            let now = moment(day, 11);
            engine.run_day(BusinessDate(date(day)), &|| now, &|_| {}).expect("a day runs");
            engine.dispatch(now.plus_seconds(60)).expect("a round of sending");
        }
        let now = moment("2026-02-11", 12);
        let sent: Vec<ReceiptRow> = ground
            .spooled()
            .iter()
            .map(|id| ReceiptRow {
                message: MessageId::parse(id).expect("an id"),
                state: ReceiptState::Delivered,
                at: now,
            })
            .collect();
        write_receipts(&ground.folder.join("spool"), "all", &sent).expect("receipts are written");
        engine.collect_receipts(now).expect("receipts are taken in");
        // Every third pays in the week after, one of the others a day too late.
        ground.import(&engine, moment("2026-02-20", 9), |writer| {
            for index in (0..CUSTOMERS).step_by(3) {
                pay(writer, index, 1, "2026-02-18", "50.00");
            }
            pay(writer, 1, 1, "2026-02-19", "50.00");
        });
        let week = date("2026-02-11").days().div_euclid(7);
        let trials = engine.outcome_weeks(week, week).expect("the database can be read");
        // Without a phone, or with texts refused, nobody was contacted.
        let is_reached = |index: &u32| index % 9 != 5 && index % 11 != 3;
        let count = |wanted: &dyn Fn(u32) -> bool| {
            u32::try_from((0..CUSTOMERS).filter(|index| wanted(*index)).count()).expect("few")
        };
        let expected = Week {
            treated: count(&|index| !is_held(index) && is_reached(&index)),
            treated_paid: count(&|index| !is_held(index) && is_reached(&index) && index % 3 == 0),
            holdout: count(&is_held),
            holdout_paid: count(&|index| is_held(index) && index % 3 == 0),
        };
        assert!(expected.treated_paid > 0 && expected.holdout_paid > 0, "{expected:?}");
        assert_eq!(trials["quiet"].weeks[&week], expected, "{}", ground.name);
        assert!(trials["quiet"].first_unpaid[&week].starts_with("A-"), "{}", ground.name);
    }
}

//! Verify finds nothing wrong after days that were really run, and names each row that was tampered with.

use dunlin_domain::id::{AgreementId, CustomerId};
use dunlin_domain::message::MessageState;
use dunlin_domain::money::{Currency, Money};
use dunlin_store::{Param, agreement, codec};
use expect_test::{Expect, expect};

use super::fixture::{TestEngine, date, engines, engines_in_spans_of, feed, moment, sqlite};

#[test]
fn nothing_is_wrong_after_days_that_were_really_run() {
    for test in engines_in_spans_of(256) {
        test.assert_clean();
        test.import_portfolio();
        test.assert_clean();
        test.run_through("2026-02-12");
        test.assert_clean();
        test.pause("2026-02-13", "2026-02-20");
        test.run_through("2026-02-15");
        assert!(!test.messages(MessageState::Held).is_empty(), "{}: the pause holds something", test.name);
        test.assert_clean();
        test.run_through("2026-02-19");
        // Some paid while the pause ran.
        assert!(!test.messages(MessageState::Cancelled).is_empty(), "{}", test.name);
        test.assert_clean();
        test.run_through("2026-02-22");
        assert!(!test.messages(MessageState::Replaced).is_empty(), "{}", test.name);
        test.assert_clean();
        let report = test.engine.verify(&|_| {}).expect("the database can be read");
        let counted = (report.agreements, report.facts, report.verdicts > 70, report.messages > 50);
        assert_eq!(counted, (24, 98, true, true), "{}: {report:?}", test.name);
    }
}

#[test]
fn facts_that_came_late_and_contact_data_that_went_missing_leave_nothing_wrong() {
    let test = sqlite();
    test.import_portfolio();
    test.run_through("2026-02-22");
    let folder = test.folder.join("feed");
    let late = [
        ("A-5", "LATE", "2026-02-09", "50.00"),
        ("A-1", "BACK", "2026-02-21", "undo PAY-0"),
        ("A-17", "ALL", "2026-02-22", "4000.00"),
        ("A-4", "PAY-0", "2026-02-19", "600.00"),
    ];
    feed(&folder, &late);
    test.import(&folder);
    test.assert_clean();
    test.run_through("2026-02-24");
    test.assert_clean();
    let points: Vec<(String, String)> =
        [5, 10, 13, 23].iter().map(|index| (format!("C-{index}"), format!("CP-{index}-phone"))).collect();
    let change = test
        .engine
        .remove_contact_points(&points, "a clerk's mistake", moment("2026-02-24", 15))
        .expect("contact points are removed");
    test.run_through("2026-02-28");
    test.assert_clean();
    test.engine
        .restore_contact_points(&change.batch, "undone", moment("2026-02-28", 15))
        .expect("contact points are restored");
    std::fs::write(test.folder.join("spool/closed-sms"), "").expect("the spool is closed");
    test.run_through("2026-03-03");
    test.assert_clean();
    std::fs::remove_file(test.folder.join("spool/closed-sms")).expect("the spool is opened");
    test.run_through("2026-03-12");
    test.assert_clean();
}

/// Tampers with a database in which verify finds nothing wrong, and tells what it then finds.
fn problems_after(test: &TestEngine, tamper: impl Fn(&TestEngine)) -> String {
    test.import_portfolio();
    test.run_through("2026-02-15");
    test.assert_clean();
    tamper(test);
    let problems: String = test.problems().iter().map(|problem| format!("{problem}\n")).collect();
    let is_personal =
        ["王示例", "10000000", "@example.com"].iter().any(|personal| problems.contains(personal));
    assert!(!is_personal, "{problems}");
    problems
}

/// What verify finds after tampering is the same on both databases.
fn check(tamper: impl Fn(&TestEngine), expected: Expect) {
    let [sqlite, postgres] = engines().map(|test| problems_after(&test, &tamper));
    expected.assert_eq(&sqlite);
    assert_eq!(postgres, sqlite, "both databases");
}

/// The key of an agreement's rows, for statements on `part = ?1 and agreement_id = ?2`.
fn key(index: u32) -> [Param<'static>; 2] {
    let part = CustomerId::of_external(&format!("C-{index}")).part();
    [Param::Int(i64::from(part.number())), Param::Id(agreement_id(index).0)]
}

fn agreement_id(index: u32) -> AgreementId {
    AgreementId::of_external(&format!("A-{index}"))
}

#[test]
fn a_posting_with_another_amount_is_named_with_its_account() {
    check(
        |test| {
            let sql = "update posting set amount_minor = amount_minor + 1 \
                where part = ?1 and agreement_id = ?2 and cause = 'purchase' and amount_minor = 19535";
            test.tamper(sql, &key(5));
        },
        expect![[r#"
            agreement agr_8c524595a2d9691c16b79e0219c86bab: receivable.principal stands at 139536 minor units by its postings, at 139535 by its standing
            agreement agr_8c524595a2d9691c16b79e0219c86bab: payable.merchant stands at -139536 minor units by its postings, at -139535 by its standing
        "#]],
    );
}

#[test]
fn a_late_fee_posted_twice_is_missed_on_the_accrued_account() {
    check(
        |test| {
            let sql = "update posting set amount_minor = amount_minor * 2 \
                where part = ?1 and agreement_id = ?2 and cause = 'late_fee' and business_date = ?3";
            let [part, id] = key(9);
            test.tamper(sql, &[part, id, Param::Int(i64::from(date("2026-02-12").days()))]);
        },
        expect![[r#"
            agreement agr_708aef03a9e585096c91516b72475c7b: receivable.late_fee stands at 53 minor units by its postings, at 0 by its standing
            agreement agr_708aef03a9e585096c91516b72475c7b: accrued.late_fee stands at -156 minor units by its postings, at -103 by its standing
            accrual of baitiao in CNY from part 0 on: the ledger holds 1171 minor units, the total comes to 1224
        "#]],
    );
}

#[test]
fn an_accrual_that_is_not_the_sum_of_its_agreements_is_named() {
    check(
        |test| {
            let sql = "update accrual_total set total = ?2 where part = ?1 and product = 'baitiao'";
            test.tamper(sql, &[Param::Int(0), Param::Text("12345678")]);
        },
        expect![[r#"
            accrual of baitiao in CNY from part 0 on: its total of 2026-02-15 is 12345678 millionths, the agreements come to 1223683000
            accrual of baitiao in CNY from part 0 on: the ledger holds 1224 minor units, the total comes to 12
        "#]],
    );
}

/// Rewrites the standing of an agreement.
fn rewrite(test: &TestEngine, index: u32, change: impl Fn(&mut Vec<u8>)) {
    let row = test.engine.db().read(|tx| agreement::find(tx, agreement_id(index))).expect("it is read");
    let mut standing = row.and_then(|row| row.standing).expect("the agreement was worked");
    standing.position.credit = Money::new(standing.position.credit.minor() + 7, Currency::CNY);
    let mut bytes = codec::encode(&standing);
    change(&mut bytes);
    let [part, id] = key(index);
    let sql = "update agreement set standing = ?3 where part = ?1 and agreement_id = ?2";
    test.tamper(sql, &[part, id, Param::Bytes(&bytes)]);
}

#[test]
fn a_position_that_its_facts_do_not_give_is_named() {
    check(
        |test| rewrite(test, 0, |_| {}),
        expect![[r#"
        agreement agr_542868c011ccb5c65ede6216f0e2ca3d: its credit is 1753.72 CNY in its standing, by its facts it is 1753.65 CNY
        agreement agr_542868c011ccb5c65ede6216f0e2ca3d: open credit of -175372 minor units, by its running totals -175365
    "#]],
    );
}

#[test]
fn a_standing_that_cannot_be_read_is_named() {
    check(
        |test| rewrite(test, 0, |bytes| bytes.truncate(20)),
        expect![[r#"
            agreement agr_542868c011ccb5c65ede6216f0e2ca3d: its standing cannot be read
            principal of baitiao in CNY from part 0 on, current: the sum is 517735 minor units, the agreements come to 417735
        "#]],
    );
}

#[test]
fn a_column_that_does_not_repeat_the_standing_is_named() {
    check(
        |test| {
            let sql =
                "update agreement set overdue_minor = 1, bucket = 3 where part = ?1 and agreement_id = ?2";
            test.tamper(sql, &key(5));
        },
        expect![[r#"
            agreement agr_8c524595a2d9691c16b79e0219c86bab: bucket is 3, by its standing it is 1
            agreement agr_8c524595a2d9691c16b79e0219c86bab: overdue_minor is 1, by its standing it is 40135
        "#]],
    );
}

#[test]
fn an_agreement_that_nobody_would_look_at_in_time_is_named() {
    check(
        |test| {
            let sql = "update agreement set next_event_on = ?3 where part = ?1 and agreement_id = ?2";
            let [part, id] = key(5);
            test.tamper(sql, &[part, id, Param::Int(i64::from(date("2026-05-01").days()))]);
            let [part, id] = key(8);
            test.tamper(sql, &[part, id, Param::Int(i64::from(date("2026-02-11").days()))]);
        },
        expect![[r#"
            agreement agr_8c524595a2d9691c16b79e0219c86bab: its position changes on 2026-02-28, but it is looked at on 2026-05-01
            agreement agr_8c524595a2d9691c16b79e0219c86bab: a fact counts on 2026-02-20, but it is looked at on 2026-05-01
            agreement agr_8c524595a2d9691c16b79e0219c86bab: contact is planned on 2026-02-16, but it is looked at on 2026-05-01
            agreement agr_12ed7faff61da002fed23f8a7c77c036 was due on 2026-02-11 and was not worked, though 2026-02-15 is closed
        "#]],
    );
}

#[test]
fn a_fact_with_another_amount_does_not_give_the_position() {
    check(
        |test| {
            let sql = "update fact set amount_minor = 1 where part = ?1 and agreement_id = ?2 and reference = 'P-2'";
            test.tamper(sql, &key(5));
        },
        expect![[r#"
            agreement agr_8c524595a2d9691c16b79e0219c86bab: its total of purchases is 1395.35 CNY in its standing, by its facts it is 1200.01 CNY; 2 more differ
        "#]],
    );
}

#[test]
fn a_fact_of_no_agreement_and_a_reversal_of_nothing_are_named() {
    check(
        |test| {
            let [part, id] = key(5);
            let sql = "update fact set agreement_id = ?3 where part = ?1 and agreement_id = ?2 and reference = 'P-2'";
            test.tamper(sql, &[part, id, Param::Id([0; 16])]);
            let [part, id] = key(3);
            let sql =
                "update fact set target = ?3 where part = ?1 and agreement_id = ?2 and reference = 'BACK-0'";
            test.tamper(sql, &[part, id, Param::Id([0; 16])]);
        },
        expect![[r#"
            agreement agr_120c3772596746b811e99f61c851801a: fact fct_4693d87ee2329bd87bdd1c51a2dd2c92 (reversal) acts on fct_00000000000000000000000000000000, which does not exist
            fact fct_e5e30ca6a7dd4bac54ddbca53e045419 is of agreement agr_00000000000000000000000000000000, which does not exist
            posting ab7aa6edba0eee955206ea9ba4877b24 comes from fact fct_e5e30ca6a7dd4bac54ddbca53e045419, which agreement agr_8c524595a2d9691c16b79e0219c86bab does not have
            posting bb7bfdb8357ee82e1d008c2755dc451f comes from fact fct_e5e30ca6a7dd4bac54ddbca53e045419, which agreement agr_8c524595a2d9691c16b79e0219c86bab does not have
            agreement agr_8c524595a2d9691c16b79e0219c86bab: its total of purchases is 1395.35 CNY in its standing, by its facts it is 1200.00 CNY; 2 more differ
        "#]],
    );
}

#[test]
fn an_overdue_day_without_a_verdict_is_named() {
    check(
        |test| {
            let [part, id] = key(5);
            let sql = "delete from verdict where part = ?1 and agreement_id = ?2 and from_on = ?3";
            test.tamper(sql, &[part, id, Param::Int(i64::from(date("2026-02-10").days()))]);
        },
        expect![[r#"
            agreement agr_8c524595a2d9691c16b79e0219c86bab: overdue from 2026-02-10 through 2026-02-11, without a verdict
            message msg_02503a14957fb8fe097f0e1795fbcd4d of agreement agr_8c524595a2d9691c16b79e0219c86bab is named by no verdict
        "#]],
    );
}

#[test]
fn a_verdict_that_leads_nowhere_is_named() {
    check(
        |test| {
            let sql = "update verdict set message_id = ?3, through_on = from_on - 1, strategy = 'gone@9' \
                where part = ?1 and agreement_id = ?2 and from_on = ?4";
            let [part, id] = key(5);
            let first = Param::Int(i64::from(date("2026-02-10").days()));
            test.tamper(sql, &[part, id, Param::Id([0; 16]), first]);
            let sql = "update verdict set strategy_row = null where part = ?1 and agreement_id = ?2 and from_on = ?3";
            let [part, id] = key(13);
            test.tamper(sql, &[part, id, first]);
        },
        expect![[r#"
            agreement agr_7015fd3f4a60a5bfdea937549e2a5d6b: the verdict contact.sent from 2026-02-10 on does not name its message, strategy, row and rules
            agreement agr_8c524595a2d9691c16b79e0219c86bab: the verdict contact.sent from 2026-02-10 on ends on 2026-02-09
            agreement agr_8c524595a2d9691c16b79e0219c86bab: the verdict contact.sent from 2026-02-10 on names the strategy gone@9, which does not exist
            agreement agr_8c524595a2d9691c16b79e0219c86bab: the verdict contact.sent from 2026-02-10 on names message msg_00000000000000000000000000000000, which does not exist
            agreement agr_8c524595a2d9691c16b79e0219c86bab: overdue from 2026-02-10 through 2026-02-11, without a verdict
            message msg_02503a14957fb8fe097f0e1795fbcd4d of agreement agr_8c524595a2d9691c16b79e0219c86bab is named by no verdict
        "#]],
    );
}

/// Tampers with one of the messages in a state.
fn tamper_message(test: &TestEngine, state: MessageState, index: usize, sql: &str) {
    let message = &test.messages(state)[index];
    test.tamper(sql, &[Param::Int(i64::from(message.part.number())), Param::Id(message.id.0)]);
}

#[test]
fn a_message_whose_state_does_not_follow_from_what_happened_is_named() {
    let test = sqlite();
    test.import_portfolio();
    test.run_through("2026-02-15");
    test.assert_clean();
    let mut known: Vec<String> = Vec::new();
    // Each tampers with another message: the one before is not delivered any more.
    for (set, expected) in [
        (
            "state = 'accepted'",
            expect![[r#"
            message msg_002234283b20c2b31572160c551545a3 is accepted, but a receipt says more
        "#]],
        ),
        (
            "state = 'queued'",
            expect![[r#"
            message msg_0022762b9cb219a572a4f3431579c4b0 is queued, but no moment is set for its next attempt
            message msg_0022762b9cb219a572a4f3431579c4b0 is queued, but a provider accepted it
        "#]],
        ),
        (
            "state = 'replaced'",
            expect![[r#"
            message msg_0022e7ef83e21a2fbea4321085fb515b is replaced, but no message replaces it
        "#]],
        ),
        (
            "state = 'held'",
            expect![[r#"
            message msg_00313e51aabd52a1adb2f938f3660178 is held, but no pause holds it
        "#]],
        ),
        (
            "state = 'expired'",
            expect![[r#"
            message msg_0031628db4d789768c55953cdd042e8c is expired, but a provider accepted it
        "#]],
        ),
        (
            "state = 'failed', attempt_count = 2",
            expect![[r#"
            message msg_00680bb584cfc77ea89cf31b052e2639 is failed, but counts 2 attempts where 1 are kept
            message msg_00680bb584cfc77ea89cf31b052e2639 is failed, but neither a provider nor a receipt says so
        "#]],
        ),
        (
            "state = 'unknown', contact_point_id = customer_id",
            expect![[r#"
                message msg_006892bd134a3b815c86103883bdc1d3 is unknown, but all of its attempts were answered
                message msg_006892bd134a3b815c86103883bdc1d3 goes to a contact point that its customer does not have
            "#]],
        ),
        (
            "state = 'sending', strategy = 'imported'",
            expect![[r#"
            message msg_0068c8978eea783fb34c56d50ec5483c is sending, but no moment is set for its next attempt
            message msg_0068c8978eea783fb34c56d50ec5483c is sending, but it was made before Dunlin, so nothing more can have happened to it
        "#]],
        ),
    ] {
        tamper_message(
            &test,
            MessageState::Delivered,
            0,
            &format!("update message set {set} where part = ?1 and message_id = ?2"),
        );
        let problems = test.problems();
        let new = problems.iter().filter(|problem| !known.contains(problem));
        expected.assert_eq(&new.map(|problem| format!("{problem}\n")).collect::<String>());
        known = problems;
    }
}

#[test]
fn a_message_that_lost_its_attempt_outcome_receipt_or_itself_is_named() {
    check(
        |test| {
            let arrived = MessageState::Delivered;
            tamper_message(test, arrived, 0, "delete from attempt where part = ?1 and message_id = ?2");
            tamper_message(
                test,
                MessageState::Accepted,
                0,
                "delete from attempt_outcome where part = ?1 and message_id = ?2",
            );
            tamper_message(test, arrived, 1, "delete from receipt where part = ?1 and message_id = ?2");
            tamper_message(test, arrived, 2, "delete from message where part = ?1 and message_id = ?2");
        },
        expect![[r#"
            message msg_002234283b20c2b31572160c551545a3: an outcome of attempt 0, which does not exist
            agreement agr_e0c0062a6e0739d901624ea0ea73f152: the verdict contact.sent from 2026-02-13 on names message msg_0022e7ef83e21a2fbea4321085fb515b, which does not exist
            message msg_002234283b20c2b31572160c551545a3 is delivered, but counts 1 attempts where 0 are kept
            message msg_002234283b20c2b31572160c551545a3 is delivered, but it was never tried
            message msg_0022762b9cb219a572a4f3431579c4b0 is delivered, but no receipt says so
            message msg_0022e7ef83e21a2fbea4321085fb515b is named by other rows and does not exist
            message msg_019924593f4d71e46b7d71aaae6de6eb is accepted, but no provider accepted it
        "#]],
    );
}

#[test]
fn a_word_that_no_program_wrote_costs_the_rest_of_one_part_only() {
    check(
        |test| {
            tamper_message(
                test,
                MessageState::Delivered,
                0,
                "update message set state = 'lost' where part = ?1 and message_id = ?2",
            );
            let sql = "update agreement set overdue_minor = 1 where part = ?1 and agreement_id = ?2";
            test.tamper(sql, &key(13));
        },
        expect![[r#"
            part 34 could not be read to its end: message state "lost" is unknown
            agreement agr_7015fd3f4a60a5bfdea937549e2a5d6b: overdue_minor is 1, by its standing it is 54967
        "#]],
    );
}

#[test]
fn an_agreement_that_the_directory_does_not_lead_to_is_named() {
    check(
        |test| {
            let id = agreement_id(5);
            let part = Param::Int(i64::from(dunlin_domain::id::Part::of(&id.0).number()));
            let sql =
                "update agreement_directory set agreement_id = ?3 where part = ?1 and agreement_id = ?2";
            test.tamper(sql, &[part, Param::Id(id.0), Param::Id([0; 16])]);
        },
        expect![[r#"
            the directory names agreement agr_00000000000000000000000000000000 of customer cus_8cdc6e0c87a3b1ef57df76cf4c6e3b98, which does not exist
            the directory has agreement agr_00000000000000000000000000000000 in part 50, where nobody looks for it
            agreement agr_8c524595a2d9691c16b79e0219c86bab is of customer cus_8cdc6e0c87a3b1ef57df76cf4c6e3b98, the directory names nobody
        "#]],
    );
}

#[test]
fn an_altered_audit_entry_is_named() {
    check(
        |test| {
            let sql = "update audit_entry set actor = 'nobody' where part = ?1 and seq = ?2";
            test.tamper(sql, &[Param::Int(0), Param::Int(2)]);
        },
        expect![[r#"
            audit range 0: entry 2 was altered
        "#]],
    );
}

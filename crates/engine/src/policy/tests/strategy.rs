//! Strategy documents: what the shipped one does, and what is said about broken ones.

use dunlin_domain::id::CustomerId;
use dunlin_domain::money::{Currency, Money};
use dunlin_domain::strategy::{Outcome, StrategyInput};
use expect_test::expect;

use super::*;

#[test]
fn the_two_standard_strategies_differ_in_their_amounts_only() {
    let table = |file: &str| {
        let lines = text_of(file).lines().filter(|line| !line.starts_with('#'));
        lines.map(|line| line.replace(",<100,", ",<20,").replace(",>=2500,", ",>=500,")).collect::<Vec<_>>()
    };
    assert_eq!(table("strategy/standard.csv"), table("strategy/standard-twd.csv"));
}

#[test]
fn the_standard_strategy_escalates_and_spares_those_reported_and_gentle() {
    let set = shipped_set();
    let strategy = set.strategies.iter().find(|document| document.header.name == "standard");
    let table = &strategy.expect("the standard strategy").table;
    let product = set.products.iter().find(|document| document.header.name == "baitiao");
    let buckets = &product.expect("the pay-later product").terms.buckets;
    let walk = |segment: &str, is_reported_to_bureau: bool, minor: i64| {
        let balance = Money::new(minor, Currency::CNY);
        let mut lines = Vec::new();
        let mut next = Some(-3);
        while let Some(days_past_due) = next {
            let input = StrategyInput {
                buckets,
                days_past_due,
                balance,
                segment,
                is_reported_to_bureau,
                contacts: 0,
                customer: CustomerId([0; 16]),
            };
            let row = table.decide(&input).expect("the table has no gaps");
            let said = match &row.outcome {
                Outcome::Contact { channels, tone, next_contact_days, .. } => {
                    let channels: Vec<&str> = channels.iter().map(|channel| channel.code()).collect();
                    format!("{} {tone}, every {next_contact_days}", channels.join(">"))
                }
                Outcome::Silence { reason, .. } => reason.to_string(),
            };
            lines.push(format!("{days_past_due}: {} {said}", row.id));
            next = table.next_change(&input);
        }
        lines.join("\n")
    };
    expect![[r#"
        -3: predue_3 push>email>sms friendly, every 3
        -2: predue_wait policy.wait
        0: due_day push>sms>email friendly, every 1
        1: day1 push>sms>email friendly, every 2
        2: m1_wait policy.wait
        3: m1_early sms>push>email friendly, every 4
        7: m1_middle sms>email neutral, every 4
        15: m1_late sms>email neutral, every 4
        23: m1_call voice>sms>email neutral, every 4
        31: m2_call voice>sms>email firm, every 5
        61: m3_call voice>sms>email firm, every 5
        91: m4_call voice>letter>email firm, every 7
        181: m7_call voice>letter>email firm, every 15"#]]
    .assert_eq(&walk("standard", false, 100_000));
    expect![[r#"
        -3: predue_3 push>email>sms friendly, every 3
        -2: predue_wait policy.wait
        0: due_day push>sms>email friendly, every 1
        1: day1 push>sms>email friendly, every 2
        2: gentle_wait policy.gentle
        10: gentle_m1 sms>push>email friendly, every 10
        31: gentle_m2 email>sms neutral, every 15
        91: gentle_late email>sms>letter neutral, every 30"#]]
    .assert_eq(&walk("gentle", false, 100_000));
    expect![[r#"
        -3: predue_tiny policy.small_balance
        1: day1 push>sms>email friendly, every 2
        2: tiny_m1 policy.small_balance
        31: tiny_late email>push>sms friendly, every 30"#]]
    .assert_eq(&walk("standard", false, 1_999));
    let reported = walk("standard", true, 100_000);
    let from_m2 = reported.split_once("\n31: ").expect("something changes on day 31").1;
    assert!(!reported.contains("voice"), "who is reported gets no calls");
    assert!(
        from_m2.lines().all(|line| line.contains("sms") && line.contains("email")),
        "texts and e-mail go on"
    );
}

#[test]
fn a_strategy_is_refused_by_row_and_cell() {
    check(
        "strategy/standard.csv",
        &[
            ("m1_wait,M1,2,", "m1_wait,M1,two,"),
            ("m1_early,M1,3..6,", "m1_early,M1,6..3,"),
            ("tiny_late,-,>=31,<20,", "tiny_late,-,>=31,<20.005,"),
            ("tiny_late,-,>=31,<20,", "tiny_late,-,>=31,-20..-10,"),
            ("gentle_wait,M1,2..9,-,gentle,", "gentle_wait,M1,2..9,-,kind,"),
            (",yes,contact", ",reported,contact"),
            ("policy.wait", "wait"),
            ("\"push,email,sms\",predue", "\"push,fax\",predue"),
            ("\"push,email,sms\",predue", "\"push,push\",predue"),
            ("\"push,email,sms\",predue_reminder", "-,-"),
            ("predue_reminder,friendly,3", "predue_reminder,kind,0"),
            ("predue_wait,M0,-2..-1,-,-,-,policy.wait,-", "predue_wait,M0,-2..-1,-,-,-,policy.wait,sms"),
            ("m2_call,", "m1_end,"),
            ("\"M4,M5,M6\"", "M4,M5,M6"),
            (",>=500,", ",>99999999999999999,"),
            ("m1_wait,M1,2,", "m1_wait,M1,>2147483647,"),
            ("m2_call,", "m2 call,"),
            (",next_days,note", ",next,note"),
            ("# segments: standard, gentle", "# segments: gentle, gentle, standard"),
        ],
        expect![[r#"
            standard.csv:25: row m1_wait: days_past_due: "two" is not a number of days; write 5, 1..3, >=31, <=-1 or -
            standard.csv:26: row m1_early: days_past_due: "6..3" ends before it begins; write the smaller number first
            standard.csv:20: row tiny_late: balance: amount "20.005" is not a decimal number with at most 2 digits after the point
            standard.csv:20: row tiny_late: balance: "-20" is not a balance; it is from 0 to 1000000000000000 minor units
            standard.csv:21: row gentle_wait: segment: "kind" is unknown; use one of standard, gentle, or add it to the head
            standard.csv:32: row m2_reported: reported: "reported" is unknown; use one of yes, no, -
            standard.csv:16: row predue_wait: action: "wait" is unknown; use one of contact, policy.wait, policy.gentle, policy.small_balance, bureau.calls_reduced, policy.economy, policy.reputation, policy.competition, policy.experience, model.pays_without_contact, model.contact_would_not_help, trial.holdout
            standard.csv:15: row predue_3: channels: "fax" is unknown; use one of sms, voice, email, push, letter
            standard.csv:15: row predue_3: channels: "push" is named twice
            standard.csv:15: row predue_3: channels: "-" is unknown; use one of sms, voice, email, push, letter
            standard.csv:15: row predue_3: template: is missing; a row that makes contact names its template
            standard.csv:15: row predue_3: next_days: "0" must be a whole number of days from 1 to 365
            standard.csv:15: row predue_3: tone: "kind" is unknown; use one of friendly, neutral, firm
            standard.csv:16: row predue_wait: channels: must be "-": the row makes no contact
            standard.csv:31: row m1_end: id: is used twice; every row needs an id of its own
            standard.csv:35: cell "7" is beyond the last column; quote a cell that has commas
            standard.csv:29: row m1_call: balance: amount is larger than 64 bits of minor units
            standard.csv:25: row m1_wait: days_past_due: "2147483647" is not a number of days; write 5, 1..3, >=31, <=-1 or -
            standard.csv:31: row m2 call: id: must be letters, digits, "_", "-" and "."
            standard.csv:13: column "next" is unknown; use one of id, bucket, days_past_due, balance, segment, reported, action, channels, template, tone, next_days, contacts, trial, fallback, note
            standard.csv:13: next_days: is a column that is missing; the columns are id,bucket,days_past_due,balance,segment,reported,action,channels,template,tone,next_days
            standard.csv:10: segments: must be at most 64 names, each of them once"#]],
    );
}

#[test]
fn a_strategy_is_read_as_a_spreadsheet_writes_it() {
    let text = text_of("strategy/standard.csv");
    // Spreadsheets fill each line up with empty cells, quote what has commas, and put a mark in front.
    let lines = text.lines().map(|line| match line.strip_prefix('#') {
        Some(_) if line.contains(", ") => format!("\"{line}\",,,,,,,,,,,"),
        Some(_) => format!("{line},,,,,,,,,,,"),
        None => line.to_owned(),
    });
    let saved = format!("\u{feff}{}\r\n", lines.collect::<Vec<_>>().join("\r\n"));
    let read = |text: &str| match parse(PolicyKind::Strategy, "s.csv", text, cost_ceiling_default()) {
        Ok(PolicyDocument::Strategy(document)) => document.table,
        Ok(_) | Err(_) => panic!("a strategy is read"),
    };
    assert_eq!(read(&saved), read(text));
    assert_eq!(kind_of(&saved), Some(PolicyKind::Strategy));
}

//! How customers are treated: limits of channels, gentler modes, complaints, trials, sequences, and versions compared.

use expect_test::{Expect, expect};
use serde_json::Value;

use crate::support::Place;

/// The head of a strategy that answers for all days; the settings and rows of a test follow.
const HEAD: &str = "# kind: strategy\n# name: standard\n# effective_from: 2020-01-01\n# author: one\n# approver: two\n\
    # title_zh: 测试\n# title_en: test\n# currency: CNY\n# segments: standard, gentle\n# days_past_due: >=-3\n";
const COLUMNS: &str = "id,bucket,days_past_due,balance,segment,reported,action,channels,template,tone,next_days,contacts,trial\n\
    before,-,<=0,-,-,-,policy.wait,-,-,-,1,-,-\n";
const CALL: &str = "call,-,-,-,-,-,contact,voice,overdue_reminder,neutral,5,-,-\n";

/// Three customers with a phone and an e-mail address, who owe 300, 200 and 100 from 25 January on.
fn three_owe(place: &Place) {
    let each = |line: &dyn Fn(u32) -> String| (1..=3).map(line).collect::<String>();
    let customers = each(&|n| format!("C-{n},Name {n},en\n"));
    let points = each(&|n| format!("P-{n},C-{n},phone,1001234567{n}\nE-{n},C-{n},email,c{n}@example.com\n"));
    let agreements = each(&|n| format!("A-{n},C-{n},baitiao,CNY,2026-01-05,8000.00,15\n"));
    let purchases = each(&|n| format!("B-{n},A-{n},2026-01-08,{}.00,0\n", 400 - 100 * n));
    place.write("may/customers.csv", format!("customer_id,name,language\n{customers}"));
    place.write("may/contact_points.csv", format!("contact_point_id,customer_id,kind,value\n{points}"));
    let head = "agreement_id,customer_id,product,currency,opened_on,credit_limit,statement_day\n";
    place.write("may/agreements.csv", format!("{head}{agreements}"));
    let head = "purchase_id,agreement_id,purchased_on,amount,instalment_count\n";
    place.write("may/purchases.csv", format!("{head}{purchases}"));
    place.write("may/payments.csv", "payment_id,agreement_id,paid_on,amount,reverses\n");
    place.run(&["import", "may"]).check_exit(0);
}

/// Imports a strategy of these settings and rows as the next version.
fn strategy(place: &Place, settings: &str, rows: &str) {
    place.write("s.csv", format!("{HEAD}# version: 9\n{settings}{COLUMNS}{rows}"));
    place.run(&["policy", "import", "s.csv"]).check_exit(0);
    place.run(&["policy", "approve", "standard@9", "--actor", "second"]).check_exit(0);
}

fn reason(place: &Place, agreement: &str, on: &str) -> String {
    place.json(&["why", agreement, "--on", on])["reason"].as_str().unwrap_or("-").to_owned()
}

/// What each of the three heard on each of the days.
fn check(place: &Place, days: &[&str], expected: Expect) {
    let lines = days.iter().map(|day| {
        let reasons = ["A-1", "A-2", "A-3"].map(|agreement| reason(place, agreement, day));
        format!("{day} {}\n", reasons.join(" "))
    });
    expected.assert_eq(&lines.collect::<String>());
}

#[test]
fn who_finds_a_channel_full_is_told_so_and_goes_first_the_next_day() {
    for place in Place::portfolios_on_both() {
        place.write("dunlin-data/dunlin.toml", "parts_held = 1024\n");
        three_owe(&place);
        strategy(&place, "# capacity: voice 1\n", CALL);
        place.run(&["day", "--date", "2026-01-24"]).check_exit(0);
        place.run(&["day", "--through", "2026-01-28"]).check_exit(0);
        check(
            &place,
            &["2026-01-25", "2026-01-26", "2026-01-27", "2026-01-28"],
            expect![[r#"
            2026-01-25 contact.sent capacity.agents capacity.agents
            2026-01-26 policy.interval contact.sent capacity.agents
            2026-01-27 policy.interval policy.interval contact.sent
            2026-01-28 policy.interval policy.interval policy.interval
        "#]],
        );
        let why = place.json(&["why", "A-3", "--on", "2026-01-26"]);
        let rule = why["links"].as_array().and_then(|links| {
            links
                .iter()
                .find(|link| link["en"].as_str().is_some_and(|en| en.starts_with("settings of the strategy")))
        });
        assert!(
            rule.is_some_and(|link| link["en"].as_str().is_some_and(|en| en.contains("limit of 1 a day")))
        );
        place.run(&["verify"]).check_exit(0);
    }
}

#[test]
fn a_full_channel_gives_way_to_the_next_one_of_the_row() {
    let place = Place::with_portfolio();
    three_owe(&place);
    strategy(&place, "# capacity: voice 1\n", &CALL.replace("contact,voice,", "contact,\"voice,email\","));
    place.run(&["day", "--date", "2026-01-24"]).check_exit(0);
    place.run(&["day", "--through", "2026-01-25"]).check_exit(0);
    check(
        &place,
        &["2026-01-25"],
        expect![[r#"
        2026-01-25 contact.sent contact.sent contact.sent
    "#]],
    );
    let channels = |agreement: &str| {
        let why = place.json(&["why", agreement, "--on", "2026-01-25"]);
        let links = why["links"].as_array().cloned().unwrap_or_default();
        let message = links.into_iter().find(|link| link["stage"] == "message").unwrap_or(Value::Null);
        message["en"].as_str().unwrap_or("").split(" of ").next().unwrap_or("").to_owned()
    };
    assert_eq!(["A-1", "A-2", "A-3"].map(channels), ["phone call", "e-mail", "e-mail"]);
}

#[test]
fn a_gentler_mode_needs_two_people_and_names_its_reason() {
    for place in Place::portfolios_on_both() {
        three_owe(&place);
        strategy(&place, "", CALL);
        place.run(&["day", "--date", "2026-01-24"]).check_exit(0);
        let ask =
            ["mode", "add", "--reason", "policy.reputation", "--effect", "silent", "--from", "2026-01-25"];
        let ask = [&ask[..], &["--through", "2026-01-26", "--bucket", "M1", "--note", "flood in the south"]];
        let asked = place.json(&ask.concat());
        let id = asked["id"].as_str().expect("an id").to_owned();
        assert_eq!(place.json(&["mode", "approve", &id])["error"]["code"], "same_person");
        assert_eq!(place.json(&["mode", "approve", &id, "--actor", "second"])["state"], "approved");
        assert_eq!(place.json(&["mode", "reject", &id, "--actor", "third"])["error"]["code"], "not_pending");
        place.run(&["day", "--through", "2026-01-27"]).check_exit(0);
        check(
            &place,
            &["2026-01-25", "2026-01-26", "2026-01-27"],
            expect![[r#"
            2026-01-25 policy.reputation policy.reputation policy.reputation
            2026-01-26 policy.reputation policy.reputation policy.reputation
            2026-01-27 contact.sent contact.sent contact.sent
        "#]],
        );
        let why = place.json(&["why", "A-1", "--on", "2026-01-25"]);
        let links = why["links"].as_array().cloned().unwrap_or_default();
        let policy = links.iter().find(|link| link["stage"] == "policy").unwrap_or(&Value::Null);
        expect!["gentler mode from 2026-01-25: flood in the south (asked for by tester, approved by second)"]
            .assert_eq(policy["en"].as_str().unwrap_or_default());
        place.run(&["verify"]).check_exit(0);
    }
}

#[test]
fn a_mode_without_calls_leaves_the_other_channels_and_ends_early() {
    let place = Place::with_portfolio();
    three_owe(&place);
    strategy(&place, "", &CALL.replace(",5,", ",1,"));
    place.run(&["day", "--date", "2026-01-24"]).check_exit(0);
    let ask =
        ["mode", "add", "--reason", "policy.experience", "--effect", "no_calls", "--from", "2026-01-25"];
    let id =
        place.json(&[&ask[..], &["--note", "new app"]].concat())["id"].as_str().expect("an id").to_owned();
    place.run(&["day", "--through", "2026-01-25"]).check_exit(0);
    assert_eq!(reason(&place, "A-1", "2026-01-25"), "contact.sent", "what is not approved changes nothing");
    place.run(&["mode", "approve", &id, "--actor", "second"]).check_exit(0);
    place.run(&["day", "--through", "2026-01-26"]).check_exit(0);
    assert_eq!(reason(&place, "A-1", "2026-01-26"), "policy.experience");
    place.run(&["mode", "end", &id]).check_exit(0);
    place.run(&["day", "--through", "2026-01-27"]).check_exit(0);
    assert_eq!(reason(&place, "A-1", "2026-01-27"), "contact.sent");
}

#[test]
fn a_text_in_place_of_a_call_names_the_mode_that_kept_the_call_back() {
    let place = Place::with_portfolio();
    three_owe(&place);
    strategy(&place, "", &CALL.replace(",5,", ",1,").replace(",voice,", ",\"voice,sms\","));
    place.run(&["day", "--date", "2026-01-24"]).check_exit(0);
    let ask =
        ["mode", "add", "--reason", "policy.experience", "--effect", "no_calls", "--from", "2026-01-25"];
    let id =
        place.json(&[&ask[..], &["--note", "new app"]].concat())["id"].as_str().expect("an id").to_owned();
    let why = |on: &str| place.run(&["why", "A-1", "--on", on]).stdout();
    place.run(&["day", "--through", "2026-01-25"]).check_exit(0);
    assert!(!why("2026-01-25").contains("gentler mode"), "{}", why("2026-01-25"));
    place.run(&["mode", "approve", &id, "--actor", "second"]).check_exit(0);
    place.run(&["day", "--through", "2026-01-26"]).check_exit(0);
    let told = why("2026-01-26");
    assert!(told.contains("gentler mode from 2026-01-25, no calls: new app; "), "{told}");
    assert!(told.contains("was used instead"), "{told}");
    // Who is to be texted first is not texted because of the mode.
    let place = Place::with_portfolio();
    three_owe(&place);
    strategy(&place, "", &CALL.replace(",5,", ",1,").replace(",voice,", ",\"sms,voice\","));
    place.run(&["day", "--date", "2026-01-24"]).check_exit(0);
    let id =
        place.json(&[&ask[..], &["--note", "new app"]].concat())["id"].as_str().expect("an id").to_owned();
    place.run(&["mode", "approve", &id, "--actor", "second"]).check_exit(0);
    place.run(&["day", "--through", "2026-01-25"]).check_exit(0);
    let told = place.run(&["why", "A-1", "--on", "2026-01-25"]).stdout();
    assert!(!told.contains("gentler mode"), "{told}");
}

#[test]
fn a_complaint_about_calls_rests_calls_for_a_while_after_it_is_settled() {
    let place = Place::with_portfolio();
    three_owe(&place);
    strategy(&place, "# after_complaint: voice 3\n", &CALL.replace(",5,", ",1,"));
    place.run(&["day", "--date", "2026-01-24"]).check_exit(0);
    let proof = ["--reason", "rang", "--evidence", "ticket 1"];
    let complaint =
        ["hold", "add", "A-1", "--kind", "complaint", "--from", "2026-01-25", "--through", "2026-01-25"];
    let complaint = complaint.map(|word| if word == "A-1" { "C-1" } else { word });
    place.run(&[&complaint[..], &proof].concat()).check_exit(0);
    place.run(&["day", "--through", "2026-01-28"]).check_exit(0);
    check(
        &place,
        &["2026-01-25", "2026-01-26", "2026-01-27", "2026-01-28"],
        expect![[r#"
        2026-01-25 voice.fewer_calls contact.sent contact.sent
        2026-01-26 voice.fewer_calls contact.sent contact.sent
        2026-01-27 voice.fewer_calls contact.sent contact.sent
        2026-01-28 contact.sent contact.sent contact.sent
    "#]],
    );
}

#[test]
fn a_sequence_goes_on_with_what_was_carried_out() {
    let place = Place::with_portfolio();
    three_owe(&place);
    let rows = "first,-,-,-,-,-,contact,email,day1_notice,friendly,2,0,-\n\
        second,-,-,-,-,-,contact,email,overdue_reminder,neutral,2,1,-\n\
        last,-,-,-,-,-,contact,email,overdue_firm,firm,30,>=2,-\n";
    strategy(&place, "", rows);
    place.run(&["day", "--date", "2026-01-24"]).check_exit(0);
    for day in ["2026-01-25", "2026-01-26", "2026-01-27", "2026-01-28", "2026-01-29"] {
        place.run(&["day", "--through", day]).check_exit(0);
        place.run(&["dispatch"]).check_exit(0);
    }
    let row = |day: &str| {
        let why = place.json(&["why", "A-1", "--on", day]);
        let links = why["links"].as_array().cloned().unwrap_or_default();
        let strategy = links.into_iter().find(|link| link["stage"] == "strategy").unwrap_or(Value::Null);
        strategy["en"].as_str().unwrap_or_default().to_owned()
    };
    expect![[r#"
        strategy standard@9 (test) decided by row first, line 14
        strategy standard@9 (test) decided by row second, line 15
        strategy standard@9 (test) decided by row last, line 16"#]]
    .assert_eq(&["2026-01-25", "2026-01-27", "2026-01-29"].map(row).join("\n"));
}

#[test]
fn a_trial_draws_by_customer_and_its_arm_stands_in_the_evidence() {
    let place = Place::with_portfolio();
    three_owe(&place);
    let held = "held,-,-,-,-,-,trial.holdout,-,-,-,1,-,quiet=holdout\n";
    let settings = "# trials: quiet holdout 50% treated 50%\n";
    strategy(&place, settings, &format!("{held}{}", CALL.replace(",5,", ",1,")));
    place.run(&["day", "--date", "2026-01-24"]).check_exit(0);
    place.run(&["day", "--through", "2026-01-26"]).check_exit(0);
    // The draw is a hash: it is what it is, and the same on both days.
    check(
        &place,
        &["2026-01-25", "2026-01-26"],
        expect![[r#"
        2026-01-25 trial.holdout contact.sent contact.sent
        2026-01-26 trial.holdout contact.sent contact.sent
    "#]],
    );
    let trial = |agreement: &str| {
        let why = place.json(&["why", agreement, "--on", "2026-01-25"]);
        let links = why["links"].as_array().cloned().unwrap_or_default();
        let link = links.into_iter().find(|link| link["stage"] == "trial").unwrap_or(Value::Null);
        link["en"].as_str().unwrap_or_default().to_owned()
    };
    expect![[r#"
        trial quiet: drawn into holdout (50% of customers); looked at again on 2026-01-26
        trial quiet: drawn into treated (50% of customers); looked at again on 2026-01-26
        trial quiet: drawn into treated (50% of customers); looked at again on 2026-01-26"#]]
    .assert_eq(&["A-1", "A-2", "A-3"].map(trial).join("\n"));
}

#[test]
fn two_versions_are_compared_in_words_and_on_the_portfolio() {
    for place in Place::portfolios_on_both() {
        three_owe(&place);
        strategy(&place, "# capacity: voice 10\n", CALL);
        place.run(&["day", "--date", "2026-01-24"]).check_exit(0);
        place.run(&["day", "--through", "2026-01-27"]).check_exit(0);
        let rows = "small,-,-,<150,-,-,policy.small_balance,-,-,-,30,-,-\n\
            call,-,-,-,-,-,contact,\"sms,email\",overdue_reminder,friendly,5,-,-\n";
        let text = format!("{HEAD}# version: 10\n{COLUMNS}{rows}");
        place.write("new.csv", text);
        let diff = ["strategy", "diff", "standard@9", "new.csv", "--list"];
        place.run(&diff).check(expect![[r#"
            exit 0
            standard@9 → standard@10: 4 differences
              capacity: voice 10 becomes -
              row small is new: with balance <=149.99: silent: small amount (policy.small_balance), looked at again after 30 days
              row call: channels voice becomes sms,email
              row call: tone neutral becomes friendly
            on the portfolio of 2026-01-27: 3 of 3 agreements would be treated differently
             product   bucket   count   rows           before                                                                     after
            ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
             baitiao   M1           2   call → call    contact by voice, template overdue_reminder, neutral, again after 5 days   contact by sms, email, template overdue_reminder, friendly, again after 5 days
             baitiao   M1           1   call → small   contact by voice, template overdue_reminder, neutral, again after 5 days   silent: small amount (policy.small_balance), looked at again after 30 days
            A-1 (baitiao M1, 3 days, 300.00 CNY, standard): contact by voice, template overdue_reminder, neutral, again after 5 days → contact by sms, email, template overdue_reminder, friendly, again after 5 days
            A-2 (baitiao M1, 3 days, 200.00 CNY, standard): contact by voice, template overdue_reminder, neutral, again after 5 days → contact by sms, email, template overdue_reminder, friendly, again after 5 days
            A-3 (baitiao M1, 3 days, 100.00 CNY, standard): contact by voice, template overdue_reminder, neutral, again after 5 days → silent: small amount (policy.small_balance), looked at again after 30 days
        "#]]);
        place.run(&[&diff[..4], &["--lang", "zh"]].concat()).check(expect![[r#"
            exit 0
            standard@9 → standard@10：4处不同
              渠道限额：由voice 10改为-
              新增行small：余额<=149.99时不联系：小额暂不联系（policy.small_balance），30天后再看
              行call：渠道由voice改为sms,email
              行call：语气由neutral改为friendly
            按2026-01-27的资产试算：3个合约中3个会得到不同对待
             产品      逾期阶段   合约数   表格行         原处置                                                       新处置
            ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
             baitiao   M1              2   call → call    联系：电话，模板overdue_reminder，语气neutral，5天后再联系   联系：短信、电子邮件，模板overdue_reminder，语气friendly，5天后再联系
             baitiao   M1              1   call → small   联系：电话，模板overdue_reminder，语气neutral，5天后再联系   不联系：小额暂不联系（policy.small_balance），30天后再看
        "#]]);
        let json = place.json(&diff);
        assert_eq!((&json["agreements_asked"], &json["agreements_different"]), (&3.into(), &3.into()));
        let same = place.json(&["strategy", "diff", "standard@9", "standard@9"]);
        assert_eq!((&same["changes"], &same["agreements_different"]), (&Value::Array(Vec::new()), &0.into()));
    }
    let place = Place::imported();
    for file in ["gone.csv", "./gone"] {
        let missing = place.json(&["strategy", "diff", "standard", file]);
        assert_eq!(missing["error"]["code"], "not_found", "{missing}");
        assert!(missing.to_string().contains(&format!("there is no file {file}")), "{missing}");
    }
    place.run(&["strategy", "diff", "standard@7", "standard"]).check(expect![[r#"
        exit 2
        error[not_found]: there is no strategy "standard@7"; there are standard-twd@1, standard@1
    "#]]);
}

#[test]
fn what_is_wrong_in_a_setting_is_said_with_its_line_and_remedy() {
    let check = |settings: &str, rows: &str, expected: Expect| {
        let place = Place::empty();
        place.write("s.csv", format!("{HEAD}# version: 9\n{settings}{COLUMNS}{rows}"));
        place.run(&["policy", "check", "s.csv"]).check(expected);
    };
    check(
        "# trials: quiet holdout 50% treated 40%\n",
        CALL,
        expect![[r#"
        exit 1
        s.csv:12: trials: trial quiet: the shares of two arms or more must make 100%
        1 document checked; 1 complaint
    "#]],
    );
    check(
        "# capacity: fax 10\n",
        CALL,
        expect![[r#"
        exit 1
        s.csv:12: capacity: "fax" is unknown; use one of sms, voice, email, push, letter
        1 document checked; 1 complaint
    "#]],
    );
    check(
        "# capacity: voice many\n",
        CALL,
        expect![[r#"
        exit 1
        s.csv:12: capacity: "voice many" names no number of contacts a day; write for example voice 300; letter 50
        1 document checked; 1 complaint
    "#]],
    );
    check(
        "# after_complaint: voice\n",
        CALL,
        expect![[r#"
        exit 1
        s.csv:12: after_complaint: "voice" has no days; write the channels that rest and for how many days: voice 90
        1 document checked; 1 complaint
    "#]],
    );
    check(
        "",
        "held,-,-,-,-,-,trial.holdout,-,-,-,1,-,quiet=holdout\n",
        expect![[r#"
        exit 1
        s.csv:14: row held: trial: trial "quiet" is unknown; use one of , or add it to `trials` in the head
        1 document checked; 1 complaint
    "#]],
    );
    check(
        "# trials: quiet holdout 50% treated 50%\n",
        &CALL.replace(",-,-\n", ",<0,quiet=soft\n"),
        expect![[r#"
            exit 1
            s.csv:15: row call: contacts: "<0" holds for nothing
            s.csv:15: row call: trial: arm "soft" is unknown; use one of holdout, treated
            1 document checked; 2 complaints
        "#]],
    );
}

#[test]
fn the_example_with_other_channels_is_a_strategy_that_can_be_imported() {
    let place = Place::imported();
    place.write("v2.csv", include_str!("../../../../policies/examples/standard-fallback.csv"));
    place.run(&["policy", "check", "v2.csv"]).check_exit(0);
    place.run(&["policy", "import", "v2.csv"]).check_exit(0);
    let diff = place.run(&["strategy", "diff", "standard@1", "standard@2"]);
    assert!(diff.check_exit(0).stdout().contains("letter"), "{}", diff.stdout());
}

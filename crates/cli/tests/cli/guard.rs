//! What is known of a customer, and what it does to contact: from a command to a verdict to a sentence.

use expect_test::{Expect, expect};

use crate::support::Place;

const PROOF: [&str; 4] = ["--reason", "rang on 24 January", "--evidence", "ticket 17"];

/// Records something on the second day overdue, runs the next days, and shows what the third says of it in both
/// languages: the grounds for staff, and the sentence for the customer.
fn check(command: &[&str], expected: Expect) {
    let place = Place::imported();
    place.run(&["day", "--date", "2026-01-24"]).check_exit(0);
    place.run(&[command, &PROOF].concat()).check_exit(0);
    place.run(&["day", "--through", "2026-01-26"]).check_exit(0);
    let why = place.json(&["why", "A-1", "--on", "2026-01-25"]);
    let links = why["links"].as_array().expect("links");
    let of_stage = |stage: &str| links.iter().find(|link| link["stage"] == stage);
    let rule = of_stage("rule").map_or(String::new(), |link| format!("{}\n{}\n", link["en"], link["zh"]));
    let told = |language: &str| {
        place.run(&["why", "A-1", "--on", "2026-01-25", "--for", "customer", "--lang", language]).stdout()
    };
    expected.assert_eq(&format!("{}\n{rule}{}{}", why["reason"], told("en"), told("zh")));
}

#[test]
fn an_open_complaint_rests_contact_and_says_so() {
    check(
        &["hold", "add", "C-1", "--kind", "complaint"],
        expect![[r#"
        "voice.complaint"
        "contact rules (cn@2): cn@2 LENDER-2: complaint, without an end yet"
        "联系规则（cn@2）：cn@2 LENDER-2：投诉处理中，尚无结束日期"
        Your complaint is being handled; meanwhile we do not contact you about payment.
        您的投诉正在处理，期间我们不就还款联系您。
    "#]],
    );
}

#[test]
fn a_complaint_is_named_before_an_opt_out_of_the_same_channel() {
    let place = Place::imported();
    place.run(&["day", "--date", "2026-01-24"]).check_exit(0);
    for channel in ["sms", "email", "push", "voice"] {
        place
            .run(&[&["consent", "withdraw", "C-1", "--channel", channel][..], &PROOF].concat())
            .check_exit(0);
    }
    place.run(&[&["hold", "add", "C-1", "--kind", "complaint"][..], &PROOF].concat()).check_exit(0);
    place.run(&["day", "--through", "2026-01-25"]).check_exit(0);
    assert_eq!(place.json(&["why", "A-1", "--on", "2026-01-25"])["reason"], "voice.complaint");
    place.run(&["verify"]).check_exit(0);
}

#[test]
fn a_disputed_agreement_rests() {
    check(
        &["hold", "add", "C-1", "--kind", "dispute", "--agreement", "A-1"],
        expect![[r#"
        "voice.dispute"
        "contact rules (cn@2): cn@2 LENDER-3: dispute, without an end yet"
        "联系规则（cn@2）：cn@2 LENDER-3：债务异议核实中，尚无结束日期"
        What you objected to is being looked into; meanwhile we do not contact you about that amount.
        您提出的异议正在核实，期间我们不就该款项联系您。
    "#]],
    );
}

#[test]
fn a_hardship_plan_rests_contact() {
    check(
        &["hold", "add", "C-1", "--kind", "hardship_plan", "--through", "2026-12-31"],
        expect![[r#"
        "voice.hardship_plan"
        "contact rules (cn@2): cn@2 CN-6: hardship_plan, through 2026-12-31"
        "联系规则（cn@2）：cn@2 CN-6：个性化分期履行中，至2026-12-31"
        You are keeping the plan we agreed on, so we do not ask for payment beside it.
        您的还款安排正在履行，我们不再另行催收。
    "#]],
    );
}

#[test]
fn a_promise_to_pay_rests_contact() {
    check(
        &["promise", "add", "A-1", "500.00", "--by", "2026-01-28"],
        expect![[r#"
        "voice.promise"
        "contact rules (cn@2): cn@2 LENDER-4: promise, through 2026-01-28"
        "联系规则（cn@2）：cn@2 LENDER-4：承诺还款期内，至2026-01-28"
        You told us the day on which you pay, so we send no reminder before it.
        您已约定还款日期，到期之前我们不再提醒。
    "#]],
    );
}

#[test]
fn a_customer_who_opted_out_of_all_channels_hears_nothing() {
    let channels = ["--channel", "sms", "--channel", "email", "--channel", "voice"];
    check(
        &[&["consent", "withdraw", "C-1"][..], &channels].concat(),
        expect![[r#"
        "voice.opted_out"
        "contact rules (cn@2): cn@2 PIPL-15: the customer opted out of sms"
        "联系规则（cn@2）：cn@2 PIPL-15：客户已退订短信"
        You asked us not to use the channel we would have used, so we did not contact you that day. You can allow it again in the app.
        您已退订我们原本会使用的通知方式，因此当日没有联系您。您可以随时在App重新开启。
    "#]],
    );
}

#[test]
fn a_customer_who_died_is_not_written_to() {
    check(
        &["circumstance", "add", "C-1", "--kind", "debtor_state", "--value", "deceased"],
        expect![[r#"
        "account.deceased"
        "contact rules (cn@2): debtor: the customer is deceased"
        "联系规则（cn@2）：debtor：客户已去世"
        We made no contact about this that day. Please call us for details.
        当日我们没有就此联系。如需了解详情，请致电客服。
    "#]],
    );
}

#[test]
fn a_bankrupt_customer_is_not_written_to() {
    check(
        &["circumstance", "add", "C-1", "--kind", "debtor_state", "--value", "bankrupt"],
        expect![[r#"
        "account.bankrupt"
        "contact rules (cn@2): debtor: the customer is bankrupt"
        "联系规则（cn@2）：debtor：客户已进入破产程序"
        We made no contact about this that day. Please call us for details.
        当日我们没有就此联系。如需了解详情，请致电客服。
    "#]],
    );
}

#[test]
fn in_the_united_states_an_attorney_and_unproved_numbers_stand_in_the_way() {
    let place = Place::imported();
    place.run(&["day", "--date", "2026-01-24"]).check_exit(0);
    let add = |kind: &str, value: &str| {
        place.run(&[&["circumstance", "add", "C-1", "--kind", kind, "--value", value][..], &PROOF].concat())
    };
    add("place", "US-MA").check_exit(0);
    add("attorney", "").check_exit(0);
    place.run(&["day", "--through", "2026-01-25"]).check_exit(0);
    let why = place.json(&["why", "A-1", "--on", "2026-01-25"]);
    let links = why["links"].as_array().expect("links");
    let rule = links.iter().find(|link| link["stage"] == "rule").expect("a rule");
    expect![[r#"
        "rule.attorney"
        "contact rules (us@2 us-ma@1): us@2 US-2c: an attorney represents the person; us@2 US-2d: nothing within 60 days shows that the number is still the person's"
        "联系规则（us@2 us-ma@1）：us@2 US-2c：客户已委托律师；us@2 US-2d：60天内没有证据表明该号码仍属于客户"
        "You have an attorney, and we talk to you through the attorney.""#]]
        .assert_eq(&format!("{}\n{}\n{}\n{}", why["reason"], rule["en"], rule["zh"], why["customer_en"]));
}

#[test]
fn contact_goes_on_when_a_hold_ends_and_the_hold_stays_in_the_list() {
    let place = Place::imported();
    place.run(&["day", "--date", "2026-01-24"]).check_exit(0);
    let hold = place.json(&[&["hold", "add", "C-1", "--kind", "complaint"][..], &PROOF].concat());
    place.run(&["day", "--through", "2026-01-26"]).check_exit(0);
    let id = hold["id"].as_str().expect("an id");
    place.run(&["hold", "end", id, "--reason", "answered"]).check(expect![[r#"
        exit 0
        complaint has ended on 2026-01-27 (cir_001d4e7964bbf66dc0cb3b6193f7d668); what was silent because of it is looked at by the next day's run
    "#]]);
    let days = place.json(&["day", "--date", "2026-01-27"]);
    assert_eq!(days["days"][0]["accepted"], 1, "{days}");
    assert_eq!(place.json(&["why", "A-1", "--on", "2026-01-26"])["reason"], "voice.complaint");
    assert_eq!(place.json(&["why", "A-1", "--on", "2026-01-27"])["reason"], "contact.sent");
    place.run(&["hold", "list", "C-1"]).check(expect![[r#"
        exit 0
         id                                     kind        value   from         through   ended        reason               evidence    by
        ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
         cir_001d4e7964bbf66dc0cb3b6193f7d668   complaint           2026-01-25             2026-01-27   rang on 24 January   ticket 17   tester
    "#]]);
    place.run(&["hold", "end", id, "--reason", "answered"]).check(expect![[r#"
        exit 2
        error[circumstance_ended]: cir_001d4e7964bbf66dc0cb3b6193f7d668 was ended before on 2026-01-27
    "#]]);
    place.run(&["verify"]).check_exit(0);
}

#[test]
fn a_promise_is_judged_by_what_was_paid_and_contact_goes_on_when_it_is_broken() {
    let place = Place::imported();
    place.run(&["day", "--date", "2026-01-24"]).check_exit(0);
    place
        .run(&[&["promise", "add", "A-1", "500.00", "--by", "2026-01-26"][..], &PROOF].concat())
        .check(expect![[r#"
            exit 0
            A-1: 500.00 CNY promised by 2026-01-26; contact rests until then (cir_001d40e336a5e0f4c39ae7c60873dba8)
        "#]]);
    place.run(&["day", "--through", "2026-01-26"]).check_exit(0);
    place.run(&["promise", "list", "A-1", "--lang", "en"]).check(expect![[r#"
        exit 0
         promise                                amount   made         by           paid   outcome
        ──────────────────────────────────────────────────────────────────────────────────────────
         cir_001d40e336a5e0f4c39ae7c60873dba8   500.00   2026-01-25   2026-01-26   0.00   broken
    "#]]);
    let days = place.json(&["day", "--date", "2026-01-27"]);
    assert_eq!(days["days"][0]["accepted"], 1, "{days}");
    place.run(&["day", "--date", "2026-01-28"]).check_exit(0);
    let promises = place.json(&["promise", "list", "A-1"]);
    assert_eq!(promises["promises"][0]["outcome"], "broken", "{promises}");
}

#[test]
fn of_two_places_told_on_one_day_the_last_holds_and_one_that_does_not_exist_is_refused() {
    // Both orders, since the ids of the two differ in one order only.
    for order in [["US-MA", "CN"], ["CN", "US-MA"], ["US-MA", "US-CA"], ["US-CA", "US-MA"]] {
        let place = Place::imported();
        place.run(&["day", "--date", "2026-01-24"]).check_exit(0);
        for state in order {
            let add = ["circumstance", "add", "C-1", "--kind", "place", "--value", state];
            place.run(&[&add[..], &PROOF].concat()).check_exit(0);
        }
        place
            .run(&[
                "circumstance",
                "add",
                "C-1",
                "--kind",
                "attorney",
                PROOF[0],
                PROOF[1],
                PROOF[2],
                PROOF[3],
            ])
            .check_exit(0);
        place.run(&["day", "--through", "2026-01-25"]).check_exit(0);
        let why = place.json(&["why", "A-1", "--on", "2026-01-25"]).to_string();
        let is_in = |pack: &str| why.contains(pack);
        let last = order[1];
        assert_eq!(is_in("us-ma@"), last == "US-MA", "{order:?}: {why}");
        assert_eq!(is_in("us@"), last.starts_with("US"), "{order:?}: {why}");
    }
    let place = Place::imported();
    for unknown in ["US-ZZ", "UK", "XX"] {
        let add = ["circumstance", "add", "C-1", "--kind", "place", "--value", unknown];
        let refused = place.json(&[&add[..], &PROOF].concat());
        assert_eq!(refused["error"]["code"], "circumstance", "{refused}");
        assert!(refused.to_string().contains(&format!("{unknown} does not exist")), "{refused}");
    }
}

#[test]
fn an_opt_out_is_never_of_one_number_or_agreement_only() {
    let place = Place::imported();
    for (of, name) in [("--contact-point", "CP-1"), ("--agreement", "A-1")] {
        for kind in ["opt_out", "opt_in"] {
            let add = ["circumstance", "add", "C-1", "--kind", kind, "--value", "sms", of, name];
            let refused = place.json(&[&add[..], &PROOF].concat());
            assert_eq!(refused["error"]["code"], "circumstance", "{refused}");
            assert!(refused.to_string().contains("holds for the person"), "{refused}");
        }
    }
}

#[test]
fn entries_that_make_no_sense_are_refused_with_what_would_be_right() {
    let place = Place::imported();
    place.run(&["day", "--date", "2026-01-24"]).check_exit(0);
    let refuse = |command: &[&str], expected: Expect| {
        place.run(&[command, &PROOF].concat()).check(expected);
    };
    refuse(
        &["hold", "add", "C-9", "--kind", "complaint"],
        expect![[r#"
        exit 2
        error[not_found]: there is no customer "C-9"
    "#]],
    );
    refuse(
        &["hold", "add", "C-1", "--kind", "complaint", "--from", "2026-01-25", "--through", "2026-01-24"],
        expect![[r#"
            exit 2
            error[circumstance]: complaint ends on 2026-01-24 before it begins on 2026-01-25
        "#]],
    );
    refuse(
        &["hold", "add", "C-1", "--kind", "hardship_plan", "--from", "2026-01-25", "--through", "2031-01-26"],
        expect![[r#"
            exit 2
            error[circumstance]: a hardship plan from 2026-01-25 lasts 60 months at most, through 2031-01-25, not 2031-01-26
        "#]],
    );
    refuse(
        &["hold", "add", "C-1", "--kind", "hardship_plan", "--from", "2026-01-25", "--through", "2031-01-25"],
        expect![[r#"
            exit 0
            hardship_plan is recorded from 2026-01-25 through 2031-01-25 (cir_001d12853bb56b74cd2f6639f0266268)
        "#]],
    );
    refuse(
        &["hold", "add", "C-1", "--kind", "dispute", "--agreement", "A-2"],
        expect![[r#"
        exit 2
        error[circumstance]: the agreement is another customer's
    "#]],
    );
    refuse(
        &["promise", "add", "A-1", "500.00", "--by", "2026-01-24"],
        expect![[r#"
        exit 2
        error[circumstance]: promise ends on 2026-01-24 before it begins on 2026-01-25
    "#]],
    );
    refuse(
        &["promise", "add", "A-1", "500.00", "--by", "2026-02-26"],
        expect![[r#"
        exit 2
        error[circumstance]: promise is for 2026-02-26, later than 2026-02-25; agree on a plan instead
    "#]],
    );
    refuse(
        &["promise", "add", "A-1", "0.00", "--by", "2026-01-30"],
        expect![[r#"
        exit 2
        error[circumstance]: promise takes an amount with its currency, such as "500.00 CNY", not "0.00 CNY"
    "#]],
    );
    refuse(
        &["circumstance", "add", "C-1", "--kind", "agreed_hours", "--value", "7-8"],
        expect![[r#"
        exit 2
        error[circumstance]: agreed_hours takes hours, such as "07:00-08:00", not "7-8"
    "#]],
    );
    let no_proof = ["hold", "add", "C-1", "--kind", "complaint", "--reason", "x", "--evidence", " "];
    place.run(&no_proof).check(expect![[r#"
        exit 2
        error[circumstance]: give a reason in words, and where the evidence is kept
    "#]]);
}

#[test]
fn a_call_is_asked_for_recorded_and_counted() {
    let place = Place::imported();
    place.run(&["day", "--date", "2026-01-24"]).check_exit(0);
    let begin = || place.json(&["call", "begin", "A-1"]);
    let record = |call: &serde_json::Value, outcome: &str| {
        let id = call["call"].as_str().expect("leave to call").to_owned();
        place.run(&["call", "record", "--call", &id, "--outcome", outcome, "--evidence", "rec-1"])
    };
    // The lender allows itself two calls a day.
    let first = begin();
    record(&first, "unanswered").check_exit(0);
    record(&first, "unanswered").check_exit(0);
    record(&first, "conversation").check(expect![[r#"
        exit 2
        error[call_recorded]: cal_001d248b19e6ec70d11f9f456d777853 was recorded as unanswered before
    "#]]);
    record(&begin(), "not_placed").check_exit(0);
    record(&begin(), "conversation").check_exit(0);
    place.run(&["call", "begin", "A-1"]).check(expect![[r#"
        exit 2
        error[rule.message_cap]: no call may be placed: cn@2 LENDER-1: 2 by voice today, at most 2 allowed; next lawful moment 2026-06-02T00:00:00Z
    "#]]);
    let calls = place.json(&["call", "list", "C-1"]);
    let outcomes: Vec<_> =
        calls["calls"].as_array().expect("calls").iter().map(|call| call["outcome"].clone()).collect();
    assert_eq!(outcomes, ["unanswered", "not_placed", "conversation"], "{calls}");
    place.run(&["call", "begin", "A-2"]).check(expect![[r#"
        exit 2
        error[nothing_due]: nothing is due of A-2 on 2026-06-01
    "#]]);
}

#[test]
fn hours_are_kept_where_the_person_is_told_to_live() {
    // The file has no zone, so that the day is Shanghai's: nine in the morning is two at night in London.
    for (told, is_refused) in [("GB", true), ("US-NY", false), ("US-MA", false), ("US-GU", false)] {
        let place = Place::imported();
        place.run(&["day", "--date", "2026-01-24"]).check_exit(0);
        let add = ["circumstance", "add", "C-1", "--kind", "place", "--value", told];
        place.run(&[&add[..], &PROOF].concat()).check_exit(0);
        let answer = place.json(&["call", "begin", "A-1"]);
        let is_quiet = answer["error"]["code"] == "rule.quiet_hours";
        assert_eq!(is_quiet, is_refused, "{told}: {answer}");
    }
}

#[test]
fn texts_count_with_calls_where_a_pack_says_so() {
    let texts = |told: &str| {
        let place = Place::with_portfolio();
        let head = "contact_id,customer_id,agreement_id,channel,sent_at,outcome\n";
        let text = |id: &str, day: &str| format!("{id},C-1,A-1,sms,2026-05-{day}T10:00:00+08:00,delivered\n");
        place.write("may/contacts.csv", format!("{head}{}{}", text("K-1", "28"), text("K-2", "29")));
        place.run(&["import", "may"]).check_exit(0);
        place.run(&["day", "--date", "2026-01-24"]).check_exit(0);
        let add = ["circumstance", "add", "C-1", "--kind", "place", "--value", told];
        place.run(&[&add[..], &PROOF].concat()).check_exit(0);
        place.json(&["call", "begin", "A-1"]).to_string()
    };
    let refused = texts("US-MA");
    assert!(refused.contains("US-MA-1: 2 calls and texts about this debt"), "{refused}");
    assert!(refused.contains("not before 2026-06-04"), "{refused}");
    assert!(!texts("US-NY").contains("calls and texts"), "elsewhere they do not");
}

#[test]
fn calls_of_agencies_count_against_the_caps_too() {
    let place = Place::imported();
    place.run(&["day", "--date", "2026-01-24"]).check_exit(0);
    for minute in ["01", "02", "03"] {
        let at = format!("2026-06-01T09:{minute}:00+08:00");
        let call = ["call", "record", "--customer", "C-1", "--agreement", "A-1", "--outcome", "conversation"];
        place.run(&[&call[..], &["--by", "agency one", "--at", &at]].concat()).check_exit(0);
        place.run(&[&call[..], &["--by", "agency one", "--at", &at]].concat()).check_exit(0);
    }
    place.run(&["call", "begin", "A-1"]).check(expect![[r#"
        exit 2
        error[rule.message_cap]: no call may be placed: cn@2 LENDER-1: 3 by voice today, at most 2 allowed; cn@2 CN-2: 3 calls taken today, at most 3 allowed; next lawful moment 2026-06-02T00:00:00Z
    "#]]);
    let received = ["call", "record", "--customer", "C-1", "--received", "--outcome"];
    place.run(&[&received[..], &["conversation"]].concat()).check_exit(0);
    place.run(&[&received[..], &["busy"]].concat()).check(expect![[r#"
        exit 2
        error[call]: "busy" is no outcome of a call that was received; see docs/contact-rules.md
    "#]]);
}

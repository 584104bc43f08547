//! Contact-rules documents.

use expect_test::expect;

use super::*;

#[test]
fn contact_rules_are_refused_by_field() {
    check(
        "contact-rules/cn.toml",
        &[
            ("end = \"08:00\"", "end = \"8:00\""),
            ("end = \"08:00\"", "end = \"22:00\""),
            ("zone = \"Asia/Shanghai\"", "zone = \"Beijing\""),
            ("max_per_day = 3", "max_per_day = -1"),
            ("days = 7", "days = 0"),
            ("\"related_third_party\"]", "\"contact_person\"]"),
            ("confidence = \"C\"", "confidence = \"E\""),
            ("hold = \"complaint\"", "hold = \"anger\""),
            ("    \"立案\",", "    \" ! \","),
            ("strength = \"should_not\"", "strength = \"perhaps\""),
            ("visitors_min = 2", "visitors_min = -2"),
            ("\"deceased\"", "\"reachable\""),
            ("[opt_out]", "[optout]"),
        ],
        expect![[r#"
            cn.toml:28: quiet_hours.end: "8:00" is not a time of day from "00:00" to "23:59"
            cn.toml:28: quiet_hours.end: ends when it starts; switch the rule off with enabled = false instead
            cn.toml:13: zone: "Beijing" is not a zone; write its IANA name, such as "Asia/Shanghai"
            cn.toml:34: effective_calls.max_per_day: -1 must be a whole number from 0
            cn.toml:48: interval.days: 0 must be 1 to 90 days
            cn.toml:69: third_parties.may_be_told: contact_person is never told of a debt; leave it out
            cn.toml:46: interval.confidence: "E" is unknown; use one of A, B, C, D
            cn.toml:95: holds.hold: "anger" is unknown; use one of hardship_plan, complaint, dispute, promise
            cn.toml:117: wording.zh: has no words and would forbid every text
            cn.toml:40: unanswered_calls.strength: "perhaps" is unknown; use one of must_not, should_not
            cn.toml:81: visits.visitors_min: -2 must be a whole number from 0
            cn.toml:75: locating.when_debtor_is: "reachable" is unknown; use one of unreachable, deceased, incapacitated
            cn.toml:83: unknown field `optout`, expected one of `kind`, `name`, `version`, `effective_from`, `author`, `approver`, `title_zh`, `title_en`, `zone`, `applies_to`, `clocks`, `quiet_hours`, `effective_calls`, `unanswered_calls`, `interval`, `message_caps`, `third_parties`, `opt_out`, `holds`, `wording`, `locating`, `visits`, `attorney`, `inconvenient_times`, `call_frequency`, `number_proof`"#]],
    );
}

#[test]
fn rules_that_we_are_not_sure_of_are_off_unless_switched_on() {
    let rules = |text: &str| match parse(PolicyKind::ContactRules, "cn.toml", text, cost_ceiling_default()) {
        Ok(PolicyDocument::ContactRules(document)) => document.rules,
        Ok(_) | Err(_) => panic!("a rule pack is read"),
    };
    let text = text_of("contact-rules/cn.toml");
    let shipped = rules(text);
    assert!(shipped.quiet_hours.is_enabled && !shipped.interval_days.is_enabled);
    let switched_on = rules(&text.replace("days = 7", "days = 7\nenabled = true"));
    assert_eq!(switched_on.interval_days.enabled(), Some(&7));
}

/// The shipped pack of the United States, with `from` replaced by `to`.
fn united_states(from: &str, to: &str) -> String {
    let text = include_str!("../../../../../policies/contact-rules/us.toml");
    assert!(text.contains(from), "{from:?} stands in us.toml");
    match parse(PolicyKind::ContactRules, "us.toml", &text.replacen(from, to, 1), cost_ceiling_default()) {
        Ok(PolicyDocument::ContactRules(document)) => {
            let frequency = document.rules.call_frequency.enabled().copied();
            format!("{:?} {}", frequency.map(|rule| rule.calls_max), document.rules.attorney.is_enabled)
        }
        Ok(_) => "another kind".to_owned(),
        Err(errors) => words(&errors),
    }
}

#[test]
fn rules_of_the_united_states_are_read_and_may_be_left_out() {
    expect!["Some(7) true"].assert_eq(&united_states("calls_max = 7", "calls_max = 7"));
    let without_calls = united_states("[call_frequency]\nid = \"US-1\"", "[visits]\nid = \"US-1\"");
    expect!["us.toml:113: unknown field `calls_max`, expected one of `id`, `source`, `confidence`, `strength`, `enabled`, `visitors_min`"].assert_eq(&without_calls);
    expect!["us.toml:114: call_frequency.window_days: 0 must be 1 to 365 days"]
        .assert_eq(&united_states("window_days = 7", "window_days = 0"));
}

//! What the player promises of every file: nothing passes silently, and complaints name place and remedy.

use std::path::Path;

use expect_test::{Expect, expect};

use super::*;

/// Plays a file with this text; one line a case, or the complaint about the file.
fn check(text: &str, expected: Expect) {
    let lines = match play_text(Path::new("cases.json"), text) {
        Ok(report) => report.cases.iter().map(line).collect::<Vec<_>>().join("\n"),
        Err(error) => format!("{}: {error}", error.code()),
    };
    expected.assert_eq(&lines);
}

fn line(case: &CaseReport) -> String {
    match &case.outcome {
        Outcome::Passed => format!("pass {}", case.id),
        Outcome::Differs(_) => format!("diff {}", case.id),
        Outcome::Failed(failure) => format!("FAIL {} {failure}", case.id),
    }
}

/// A file with one Kill Bill case of these steps.
fn killbill(steps: &str) -> String {
    format!(
        r#"{{"scenarios": [{{"id": "X", "peer": "Kill Bill", "config": {{"states": [{{"name": "LATE", "days": 5}}]}},
            "steps": [{{"do": "invoice", "date": "2026-01-01", "amount": "10", "payment": "fails"}}, {steps}]}}]}}"#
    )
}

#[test]
fn a_value_that_differs_is_named_with_its_step() {
    let state =
        |day: &str, state: &str| format!(r#"{{"expect": "state", "date": "{day}", "state": "{state}"}}"#);
    check(&killbill(&state("2026-01-05", "CLEAR")), expect!["pass X"]);
    check(&killbill(&state("2026-01-06", "LATE")), expect!["pass X"]);
    check(
        &killbill(&state("2026-01-06", "CLEAR")),
        expect!["FAIL X step 2: state: expected CLEAR, got LATE"],
    );
}

#[test]
fn what_is_not_known_fails_its_case_and_only_it() {
    check(
        &killbill(r#"{"do": "dance", "date": "2026-01-02"}"#),
        expect![[r#"FAIL X step 2: unknown step "dance""#]],
    );
    check(
        &killbill(r#"{"expect": "weather", "date": "2026-01-02"}"#),
        expect![[r#"FAIL X step 2: unknown expectation "weather""#]],
    );
    check(
        &killbill(r#"{"expect": "state", "date": "2026-01-02", "state": "CLEAR", "colour": "red"}"#),
        expect![[r#"FAIL X step 2: unknown field "colour""#]],
    );
    check(
        &killbill(r#"{"expect": "state", "date": "2026-01-02"}"#),
        expect![[r#"FAIL X step 2: the field "state" is missing"#]],
    );
    check(
        r#"{"scenarios": [{"id": "A", "peer": "Nobody", "config": {}, "steps": []},
            {"id": "B", "peer": "Tryton", "config": {"levels_days_overdue": [5], "amount": "1"}, "steps": []}]}"#,
        expect![[r#"
            FAIL A unknown peer "Nobody"; known are Apache Fineract, Kill Bill, Tryton, OCA account_credit_control, ERPNext, Frappe Lending
            pass B"#]],
    );
}

#[test]
fn a_step_must_be_one_thing_in_the_right_form() {
    check(&killbill("7"), expect![[r#"FAIL X step 2: a step is an object with "do" or "expect""#]]);
    check(&killbill("{}"), expect![[r#"FAIL X step 2: a step has either "do" or "expect""#]]);
    check(
        &killbill(r#"{"do": "pay", "expect": "state"}"#),
        expect![[r#"FAIL X step 2: a step has either "do" or "expect""#]],
    );
    check(
        &killbill(r#"{"do": "invoice", "date": "2026-02-30", "amount": "1"}"#),
        expect![[
            r#"FAIL X step 2: date: date "2026-02-30" is not a day of the calendar; write it as 2026-02-28"#
        ]],
    );
    check(
        &killbill(r#"{"do": "pay", "date": "2026-01-02", "amount": "1.001"}"#),
        expect![[r#"FAIL X step 2: amount: "1.001" is not an amount in USD, such as 1234.50"#]],
    );
    check(
        &killbill(r#"{"do": "pay", "date": "2025-01-02", "amount": "1"}"#),
        expect!["FAIL X step 2: date: 2025-01-02 is before the step before it, 2026-01-01"],
    );
}

#[test]
fn a_bad_file_is_refused_with_place_and_remedy() {
    check(
        "{",
        expect![
            "conformance_file: cases.json: not JSON: EOF while parsing an object at line 1 column 1; correct the file at that place"
        ],
    );
    check(
        r#"{"note": "x"}"#,
        expect![
            "conformance_file: cases.json: no cases in it, only: note; a file of cases has a list named scenarios, examples, vectors, call_frequency_vectors or time_place_channel_vectors"
        ],
    );
    check(
        "[]",
        expect![
            "conformance_file: cases.json: no cases in it, only: no object; a file of cases has a list named scenarios, examples, vectors, call_frequency_vectors or time_place_channel_vectors"
        ],
    );
    check(
        r#"{"scenarios": 3}"#,
        expect!["conformance_file: cases.json: scenarios is not a list; write the cases as [ … ]"],
    );
    check(
        r#"{"scenarios": [{"title": "x"}]}"#,
        expect![[r#"conformance_file: cases.json: scenarios[0] lacks the text "id"; name each case"#]],
    );
    let twice = r#"{"id": "A", "peer": "Nobody", "config": {}, "steps": []}"#;
    check(
        &format!(r#"{{"scenarios": [{twice}, {twice}]}}"#),
        expect![[r#"conformance_file: cases.json: two cases have the id "A"; give each its own"#]],
    );
}

/// A file with one case of contact in mainland China, with these fields beside its input.
fn china(more: &str) -> String {
    format!(
        r#"{{"vectors": [{{"id": "X", "rule": "CN-1", "expected": "allowed", "reason": "by day"{more},
            "input": {{"at": "2026-11-23T12:00:00+08:00", "channel": "sms"}}}}]}}"#
    )
}

/// A file with one case of an hour in the United States, with this input.
fn hour(input: &str, expected: &str) -> String {
    format!(
        r#"{{"time_place_channel_vectors": [{{"id": "X", "input": {{{input}}}, "expected": "{expected}"}}]}}"#
    )
}

/// A file with one case of calls, with these queries.
fn calls(queries: &str) -> String {
    format!(
        r#"{{"call_frequency_vectors": [{{"id": "X", "debts": [{{"id": "D1"}}], "events": [], "queries": [{queries}]}}]}}"#
    )
}

#[test]
fn a_case_of_contact_that_says_what_nobody_knows_or_asks_nothing_fails() {
    check(&china(""), expect!["pass X"]);
    check(
        &china(r#", "next_lawfull": "2026-11-24T08:00:00+08:00""#),
        expect![[r#"FAIL X unknown field "next_lawfull""#]],
    );
    check(
        &hour(r#""local_time": "12:00", "known_preferences": []"#, "permitted\", \"expect\": \"forbidden"),
        expect![[r#"FAIL X unknown field "expect""#]],
    );
    check(
        &hour(r#""local_time": "24:00""#, "permitted"),
        expect!["FAIL X local_time: a day ends before 24:00; write 00:00 of the next one"],
    );
    check(&calls(""), expect!["FAIL X queries is empty: the case asks nothing; add a call that is proposed"]);
    check(
        &calls(
            r#"{"propose_call_on": "2026-03-02", "person": "consumer", "debts": [], "expected": "presumed_compliance"}"#,
        ),
        expect![[r#"FAIL X query 1: debts is empty: name what the call is about, such as ["D1"]"#]],
    );
}

#[test]
fn an_hour_must_be_lawful_in_all_places_where_the_person_may_be() {
    let both = r#""locations": ["America/New_York (postal address)", "America/Los_Angeles (area code)"]"#;
    let at = |time: &str| format!(r#"{both}, "local_time": "{time}""#);
    check(&hour(&at("10:59"), "forbidden"), expect!["pass X"]);
    check(&hour(&at("11:00"), "permitted"), expect!["pass X"]);
    check(&hour(&at("21:01"), "forbidden"), expect!["pass X"]);
    check(
        &hour(
            &format!(r#"{both}, "window_in_new_york_time": "11:00-21:00""#),
            "permitted only inside the intersection",
        ),
        expect!["pass X"],
    );
}

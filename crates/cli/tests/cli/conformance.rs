//! `dunlin conformance`, as users and scripts run it: one line a case, the counts, and the exit code.

use expect_test::{Expect, expect};

use crate::support::Place;

const CASES: &str = r#"{"scenarios": [
  {"id": "A", "title": "late after five days", "peer": "Kill Bill", "config": {"states": [{"name": "LATE", "days": 5}]}, "steps": [
    {"do": "invoice", "date": "2026-01-01", "amount": "10", "payment": "fails"},
    {"expect": "state", "date": "2026-01-06", "state": "LATE"}]},
  {"id": "B", "title": "late after four days", "peer": "Kill Bill", "config": {"states": [{"name": "LATE", "days": 5}]}, "steps": [
    {"do": "invoice", "date": "2026-01-01", "amount": "10", "payment": "fails"},
    {"expect": "state", "date": "2026-01-05", "state": "LATE"}]}
]}"#;

/// What is said of a file with this text.
fn check(text: &str, arguments: &[&str], expected: Expect) {
    let place = Place::empty();
    place.write("cases.json", text);
    place.run(&[&["conformance", "cases.json", "--lang", "en"], arguments].concat()).check(expected);
}

#[test]
fn a_number_that_differs_is_named_and_ends_with_1() {
    check(
        CASES,
        &[],
        expect![[r#"
        exit 1
        pass A late after five days
        FAIL B step 2: state: expected LATE, got CLEAR
        1 passed, 1 failed
    "#]],
    );
}

#[test]
fn a_file_in_which_all_is_as_expected_ends_with_0() {
    check(
        &CASES.replace("2026-01-05", "2026-01-07"),
        &[],
        expect![[r#"
        exit 0
        pass A late after five days
        pass B late after four days
        2 passed, 0 failed
    "#]],
    );
}

#[test]
fn a_bad_file_is_refused_with_place_and_remedy() {
    check(
        "{\n  \"scenarios\": [,]}",
        &[],
        expect![[r#"
        exit 2
        error[conformance_file]: cases.json: not JSON: expected value at line 2 column 17; correct the file at that place
    "#]],
    );
    check(
        "{\"cases\": []}",
        &[],
        expect![[r#"
        exit 2
        error[conformance_file]: cases.json: no cases in it, only: cases; a file of cases has a list named scenarios, examples, vectors, call_frequency_vectors or time_place_channel_vectors
    "#]],
    );
}

#[test]
fn an_empty_list_and_bytes_that_are_no_text_are_refused() {
    check(
        "{\"scenarios\": []}",
        &[],
        expect![[r#"
        exit 2
        error[conformance_file]: cases.json: its list has no case, so nothing was compared; name a file with cases
    "#]],
    );
    let place = Place::empty();
    place.write("cases.json", [0x7b_u8, 0xff, 0xfe, 0x7d]);
    place.run(&["conformance", "cases.json"]).check(expect![[r#"
        exit 2
        error[file]: cases.json: stream did not contain valid UTF-8; name a file of cases that can be read
    "#]]);
}

#[test]
fn scripts_get_an_object() {
    check(
        CASES,
        &["--json"],
        expect![[r#"
        exit 1
        {"cases":[{"conventions":[],"id":"A","message":null,"outcome":"pass","step":null,"title":"late after five days"},{"conventions":[],"id":"B","message":"state: expected LATE, got CLEAR","outcome":"fail","step":2,"title":"late after four days"}],"differing":0,"failed":1,"passed":1}
    "#]],
    );
}

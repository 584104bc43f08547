//! Customers who are one person: merged and split by two people, asked about together.

use serde_json::{Value, json};

use crate::contact_data::fourteen_owe;
use crate::support::Place;

const PROOF: [&str; 4] = ["--reason", "rang", "--evidence", "ticket 17"];

fn merge(place: &Place, person: &str, customer: &str) -> Value {
    let asked = place.json(&["customer", "merge", person, customer, "--reason", "one identity card"]);
    let request = asked["request"].as_str().expect("a request");
    assert_eq!(place.json(&["customer", "approve", request])["error"]["code"], "same_person");
    place.json(&["customer", "approve", request, "--actor", "second"])
}

fn reason(place: &Place, agreement: &str, on: &str) -> Value {
    place.json(&["why", agreement, "--on", on])["reason"].clone()
}

#[test]
fn what_one_customer_says_holds_for_the_other_until_they_are_split() {
    for place in Place::portfolios_on_both() {
        fourteen_owe(&place);
        assert_eq!(merge(&place, "C-1", "C-2")["state"], "approved");
        assert_eq!(place.json(&["customer", "show", "C-2"])["same_person"], json!(["C-1", "C-2"]));
        place.run(&[&["hold", "add", "C-2", "--kind", "complaint"][..], &PROOF].concat()).check_exit(0);
        place.run(&["day", "--through", "2026-01-30"]).check_exit(0);
        assert_eq!(reason(&place, "A-1", "2026-01-30"), "voice.complaint");
        assert_eq!(place.json(&["hold", "list", "C-1"])["circumstances"].as_array().map(Vec::len), Some(1));
        let why = place.json(&["why", "A-1", "--on", "2026-01-30"]).to_string();
        assert!(why.contains("the same person as C-2 (from 2026-01-27)"), "{why}");
        assert!(why.contains("客户与C-2（自2026-01-27起）为同一人"), "{why}");
        assert!(!place.json(&["why", "A-1", "--on", "2026-01-26"]).to_string().contains("same person"));
        let asked = place.json(&["customer", "split", "C-2", "--reason", "two sisters"]);
        let request = asked["request"].as_str().expect("a request");
        place.run(&["customer", "approve", request, "--actor", "second"]).check_exit(0);
        place.run(&["day", "--through", "2026-02-10"]).check_exit(0);
        assert_eq!(reason(&place, "A-2", "2026-02-10"), "voice.complaint");
        assert_ne!(reason(&place, "A-1", "2026-02-10"), "voice.complaint");
        assert!(!place.json(&["why", "A-1", "--on", "2026-02-10"]).to_string().contains("same person"));
        place.run(&["verify"]).check_exit(0);
    }
}

#[test]
fn a_merge_needs_two_people_and_two_customers() {
    let place = Place::imported();
    let code = |args: &[&str]| place.json(&[&["customer"], args].concat())["error"]["code"].clone();
    assert_eq!(code(&["merge", "C-1", "C-1", "--reason", "x"]), "customer_merge");
    assert_eq!(code(&["merge", "C-1", "C-9", "--reason", "x"]), "not_found");
    assert_eq!(code(&["split", "C-1", "--reason", "x"]), "customer_merge");
    assert_eq!(code(&["merge", "C-1", "C-2", "--reason", " "]), "customer_merge");
    merge(&place, "C-1", "C-2");
    assert_eq!(code(&["merge", "C-1", "C-2", "--reason", "x"]), "customer_merge");
    assert_eq!(code(&["merge", "C-2", "C-1", "--reason", "x"]), "customer_merge");
    assert_eq!(place.json(&["customer", "requests"])["requests"].as_array().map(Vec::len), Some(1));
}

#[test]
fn customers_with_the_same_number_and_name_look_like_one_person() {
    let place = Place::with_portfolio();
    place.edit("may/customers.csv", "C-2,Example Li,en", "C-2,王示例,en");
    place.edit("may/contact_points.csv", "CP-3,C-2,email,c-2@example.com", "CP-3,C-2,phone,10012345678");
    place.run(&["import", "may"]).check_exit(0);
    let ran = place.run(&["customer", "duplicates", "--json"]);
    ran.check_exit(1);
    let found = r#"{"customers":["C-1","C-2"],"has_same_name":true,"shared":["phone"]}"#;
    assert!(ran.stdout().contains(found), "{}", ran.stdout());
    merge(&place, "C-1", "C-2");
    assert_eq!(place.json(&["customer", "duplicates"])["duplicates"], json!([]));
}

#[test]
fn customers_with_one_name_and_address_or_an_old_number_look_like_one_person_and_neighbours_do_not() {
    let place = Place::with_portfolio();
    let points = "contact_point_id,customer_id,kind,value,state\n\
        P-1,C-1,postal,示例市示例路1号|100000|CN,active\nP-2,C-2,postal,示例市示例路1号|100000|CN,active\n\
        P-3,C-3,postal,示例市示例路1号|100000|CN,active\n\
        N-1,C-1,phone,10012345678,active\nN-2,C-2,phone,100 1234-5678,removed\n";
    place.write("may/contact_points.csv", points);
    place.write(
        "may/customers.csv",
        "customer_id,name,language\nC-1,王示例,zh\nC-2,王 示例,en\nC-3,Example Li,en\n",
    );
    place.run(&["import", "may"]).check_exit(0);
    let found = place.json(&["customer", "duplicates"])["duplicates"].clone();
    let expected =
        json!([{ "customers": ["C-1", "C-2"], "has_same_name": true, "shared": ["phone", "postal"] }]);
    assert_eq!(found, expected);
    let words = place.run(&["customer", "duplicates"]);
    assert!(words.check_exit(1).stdout().contains("C-1, C-2: the same name and number, postal address"));
}

//! What decides whom we contact and how is put in force by two people: one imports it, another reads what it changes.

use expect_test::expect;
use serde_json::{Value, json};

use crate::support::Place;

const CN: &str = include_str!("../../../../policies/contact-rules/cn.toml");
const STANDARD: &str = include_str!("../../../../policies/strategy/standard.csv");

/// The shipped Chinese pack as version 3, with contact allowed until midnight and one word of the list free.
fn later_hours(place: &Place) {
    let text = CN.replacen("version = 2", "version = 3", 1);
    let text = text.replacen("start = \"22:00\"", "start = \"23:59\"", 1).replacen("    \"立案\",\n", "", 1);
    place.write("cn.toml", text);
}

fn version_in_force(place: &Place, name: &str) -> (Value, Value, Value) {
    let list = place.json(&["policy", "list", "--on", "2026-02-01"]);
    let documents = list["documents"].as_array().cloned().unwrap_or_default();
    let found = documents.into_iter().find(|document| document["name"] == name).unwrap_or(Value::Null);
    (found["version"].clone(), found["author"].clone(), found["approver"].clone())
}

#[test]
fn contact_rules_are_in_force_only_when_a_second_person_approved_them() {
    for place in Place::imported_on_both() {
        later_hours(&place);
        let code = |args: &[&str]| place.json(args)["error"]["code"].clone();
        let imported = place.json(&["policy", "import", "cn.toml"]);
        let document = &imported["documents"][0];
        assert_eq!(
            (&document["state"], &document["is_new"]),
            (&json!("pending"), &json!(true)),
            "{imported}"
        );
        assert_eq!(document["changes"].as_array().map(Vec::len), Some(2), "{imported}");
        assert_eq!(version_in_force(&place, "cn").0, 2, "what waits is not in force");
        let again = place.json(&["policy", "import", "cn.toml"]);
        assert_eq!(again["documents"][0]["is_new"], json!(false), "the same text waits once");
        assert_eq!(code(&["policy", "approve", "contact_rules/cn@3"]), "same_person");
        assert_eq!(code(&["policy", "approve", "cn@3", "--actor", " TESTER "]), "same_person");
        place.write("cn.toml", CN.replacen("version = 2", "version = 3", 1));
        assert_eq!(
            code(&["policy", "import", "cn.toml"]),
            "not_rejected",
            "another text may not take its place"
        );
        later_hours(&place);
        let rejected = place.json(&["policy", "reject", "cn@3", "--note", "keep the night"]);
        assert_eq!(rejected["state"], "rejected");
        assert_eq!(code(&["policy", "approve", "cn@3", "--actor", "second"]), "not_pending");
        place.run(&["policy", "import", "cn.toml"]).check_exit(0);
        let approved = place.json(&["policy", "approve", "cn@3", "--actor", "second"]);
        assert_eq!((&approved["state"], &approved["decided_by"]), (&json!("approved"), &json!("second")));
        assert_eq!(version_in_force(&place, "cn"), (json!(3), json!("tester"), json!("second")));
        assert_eq!(code(&["policy", "approve", "cn@4", "--actor", "second"]), "not_found");
        let known = place.json(&["policy", "import", "cn.toml"]);
        assert_eq!(known["documents"][0]["state"], "imported", "what is in force is known");
    }
}

#[test]
fn the_approver_reads_in_words_what_a_pack_changes() {
    let place = Place::imported();
    later_hours(&place);
    place.run(&["policy", "import", "cn.toml", "--lang", "en"]).check(expect![[r#"
        exit 0
        contact_rules cn version 3: waits for another person
        cn@2 → contact_rules/cn@3: 2 changes
          hours of rest: "22:00-08:00" becomes "23:59-08:00"
          words no longer forbidden: 立案
          it is in force when another person approves it: dunlin policy approve contact_rules/cn@3
    "#]]);
    place.run(&["policy", "changes", "cn@3", "--lang", "zh"]).check(expect![[r#"
        exit 0
        cn@2 → contact_rules/cn@3：2处不同
          休息时段：由“22:00-08:00”改为“23:59-08:00”
          不再禁用的词语：立案
    "#]]);
    place.write(
        "cn.toml",
        CN.replacen("version = 2", "version = 4", 1).replacen("2005-01-01", "2004-01-01", 1),
    );
    place.run(&["policy", "import", "cn.toml", "--lang", "en"]).check(expect![[r#"
        exit 0
        contact_rules cn version 4: waits for another person
        cn@2 → contact_rules/cn@4: 1 change
          it would never be in force: cn@2 begins later, on 2005-01-01
          it is in force when another person approves it: dunlin policy approve contact_rules/cn@4
    "#]]);
    place.run(&["policy", "approve", "cn@3", "--actor", "second", "--lang", "en"]).check(expect![[r#"
        exit 0
        contact_rules/cn@3 is approved and in force from its first day on
        cn@2 → contact_rules/cn@3: 2 changes
          hours of rest: "22:00-08:00" becomes "23:59-08:00"
          words no longer forbidden: 立案
    "#]]);
}

#[test]
fn a_strategy_waits_too_and_what_comes_with_the_program_does_not() {
    let place = Place::imported();
    place.write(
        "own.csv",
        STANDARD.replacen("version: 1", "version: 2", 1).replacen(",friendly,2", ",friendly,5", 1),
    );
    place.run(&["policy", "import", "own.csv", "--lang", "en"]).check(expect![[r#"
        exit 0
        strategy standard version 2: waits for another person
        standard@1 → strategy/standard@2: 1 change
          row day1: next_days 2 becomes 5
          it is in force when another person approves it: dunlin policy approve strategy/standard@2
    "#]]);
    assert_eq!(version_in_force(&place, "standard").0, 1);
    place.run(&["policy", "approve", "standard@2", "--actor", "second"]).check_exit(0);
    assert_eq!(version_in_force(&place, "standard").0, 2);
    place.write("cn.toml", CN);
    let shipped = place.json(&["policy", "import", "cn.toml"]);
    assert_eq!(shipped["documents"][0]["state"], "imported", "{shipped}");
}

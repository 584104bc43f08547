//! Waivers: explicit, reasoned, and above a limit agreed to by a second person.

use serde_json::Value;

use crate::support::Place;

const REASON: [&str; 4] = ["--reason", "goodwill", "--note", "said sorry"];

/// A place on each kind of database, with late fees charged.
fn places_with_fees() -> [Place; 2] {
    Place::imported_on_both().map(|place| {
        place.run(&["day", "--from", "2026-01-20", "--through", "2026-03-01"]).check_exit(0);
        place
    })
}

fn code(answer: &Value) -> &str {
    answer["error"]["code"].as_str().unwrap_or("none")
}

fn waive(place: &Place, amount: &str, further: &[&str]) -> Value {
    place.json(&[&["waive", "A-1", amount], &REASON[..], further].concat())
}

fn late_fee(place: &Place) -> String {
    let amounts = place.json(&["explain", "A-1"])["amounts"].clone();
    amounts["late_fee"].as_str().expect("an amount").to_owned()
}

#[test]
fn a_late_fee_is_given_up_in_part_and_whole_and_never_by_itself() {
    for place in places_with_fees() {
        let charged = late_fee(&place);
        assert_ne!(charged, "0.00");
        let part = waive(&place, "0.50", &["--reference", "W-1"]);
        assert_eq!(part["state"], "recorded", "{part}");
        assert_eq!(waive(&place, "0.50", &["--reference", "W-1"])["recorded"]["is_new"], false);
        assert_eq!(code(&waive(&place, "0.51", &["--reference", "W-1"])), "reference_conflict");
        assert_eq!(code(&waive(&place, "99999.00", &[])), "waiver_too_large");
        assert_eq!(code(&waive(&place, "0.00", &[])), "amount_not_positive");
        assert_eq!(code(&waive(&place, "1.00", &["--component", "charge"])), "nothing_to_waive");
        assert_eq!(code(&waive(&place, "1.00", &["--on", "2026-06-02"])), "in_future");
        assert_eq!(code(&waive(&place, "1.00", &["--on", "2026-01-04"])), "before_agreement");
        let rest = waive(&place, "all", &[]);
        assert!(["recorded", "pending"].contains(&rest["state"].as_str().expect("a state")), "{rest}");
        if rest["state"] == "recorded" {
            assert_eq!(late_fee(&place), "0.00");
            assert_eq!(code(&waive(&place, "all", &[])), "nothing_to_waive");
        }
        place.run(&["day", "--through", "2026-03-02"]).check_exit(0);
        assert_eq!(place.json(&["verify"])["problems"], 0);
        let list = place.json(&["waive", "list", "A-1"]);
        assert_eq!(list["waivers"][0]["note"], "said sorry");
    }
}

#[test]
fn a_waiver_above_the_limit_waits_for_a_second_person() {
    for place in places_with_fees() {
        place.write("dunlin-data/dunlin.toml", "[waiver]\nalone_max = \"1.00\"\nexpiry_days = 3\n");
        let asked = waive(&place, "1.01", &["--reference", "W-1"]);
        assert_eq!(asked["state"], "pending", "{asked}");
        let id = asked["id"].as_str().expect("an id");
        let before = late_fee(&place);
        assert_eq!(place.json(&["waive", "pending"])["waivers"][0]["id"], id);
        assert_eq!(code(&place.json(&["waive", "approve", id])), "same_person");
        assert_eq!(late_fee(&place), before, "nothing is given up while it waits");
        let approved = place.json(&["waive", "approve", id, "--note", "fine", "--actor", "second"]);
        assert_eq!(
            (&approved["state"], &approved["decided_by"]),
            (&"approved".into(), &"second".into()),
            "{approved}"
        );
        assert_ne!(late_fee(&place), before);
        assert_eq!(code(&place.json(&["waive", "approve", id, "--actor", "third"])), "not_pending");
        assert_eq!(code(&place.json(&["waive", "approve", "wvr_1", "--actor", "third"])), "not_found");
        // Small pieces add up: what one person gave up alone counts for thirty days.
        assert_eq!(waive(&place, "0.60", &["--reference", "W-2"])["state"], "recorded");
        let second = waive(&place, "0.60", &["--reference", "W-3"]);
        assert_eq!(second["state"], "pending");
        let id = second["id"].as_str().expect("an id");
        assert_eq!(code(&place.json(&["waive", "reject", id, "--actor", "second"])), "reason");
        let rejected = place.json(&["waive", "reject", id, "--note", "enough", "--actor", "second"]);
        assert_eq!(rejected["state"], "rejected");
        assert_eq!(place.json(&["waive", "pending"])["waivers"], Value::Array(Vec::new()));
        place.run(&["day", "--through", "2026-03-02"]).check_exit(0);
        assert_eq!(place.json(&["verify"])["problems"], 0);
    }
}

#[test]
fn settings_of_payments_that_cannot_be_are_refused_by_line() {
    let place = Place::imported();
    for (text, expected) in [
        ("[waiver]\nalone_max = \"much\"\n", "line 2: alone_max \"much\" is no amount"),
        ("[[gateway]]\nname = \"a/b\"\nsecret = \"0123456789abcdef\"\n", "line 2: gateway name"),
        ("[[gateway]]\nname = \"a\"\nsecret = \"short\"\n", "line 2: the secret has fewer than 16"),
        ("[[gateway]]\nname = \"a\"\n", "line 2: a gateway without a secret"),
        ("[bank_file]\nencoding = \"big5\"\n", "line 2: encoding \"big5\" is unknown"),
        ("[bank_file.columns]\nammount = \"x\"\n", "line 2: column \"ammount\" is unknown"),
    ] {
        place.write("dunlin-data/dunlin.toml", text);
        let told = place.run(&["changes", "A-1"]).stderr();
        assert!(told.contains("error[config]") && told.contains(expected), "{told}");
    }
}

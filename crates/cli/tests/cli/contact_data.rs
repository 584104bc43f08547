//! Large changes of contact data need two people, can be undone as one, and raise an alarm when they are unusual.

use expect_test::expect;
use serde_json::json;

use crate::support::Place;

/// Fourteen customers with an e-mail address each, who owe 300 yuan from 25 January on.
pub(crate) fn fourteen_owe(place: &Place) {
    let each = |line: &dyn Fn(u32) -> String| (1..=14).map(line).collect::<String>();
    let customers = each(&|n| format!("C-{n},Name {n},en\n"));
    place.write("may/customers.csv", format!("customer_id,name,language\n{customers}"));
    let points = each(&|n| format!("E-{n},C-{n},email,c{n}@example.com\n"));
    place.write("may/contact_points.csv", format!("contact_point_id,customer_id,kind,value\n{points}"));
    let agreements = each(&|n| format!("A-{n},C-{n},baitiao,CNY,2026-01-05,8000.00,15\n"));
    let head = "agreement_id,customer_id,product,currency,opened_on,credit_limit,statement_day\n";
    place.write("may/agreements.csv", format!("{head}{agreements}"));
    let purchases = each(&|n| format!("B-{n},A-{n},2026-01-08,300.00,0\n"));
    let head = "purchase_id,agreement_id,purchased_on,amount,instalment_count\n";
    place.write("may/purchases.csv", format!("{head}{purchases}"));
    place.write("may/payments.csv", "payment_id,agreement_id,paid_on,amount,reverses\n");
    place.write(
        "points.csv",
        format!("customer_id,contact_point_id\n{}", each(&|n| format!("C-{n},E-{n}\n"))),
    );
    place.run(&["import", "may"]).check_exit(0);
    place.run(&["day", "--date", "2026-01-26"]).check_exit(0);
}

#[test]
fn a_large_removal_shows_whom_it_touches_needs_two_people_and_is_undone_as_one() {
    for place in Place::portfolios_on_both() {
        fourteen_owe(&place);
        let remove = ["contact-point", "remove", "--file", "points.csv", "--reason", "cleaning up"];
        place.run(&[&remove[..], &["--preview"]].concat()).check(expect![[r#"
            exit 0
            14 contact points (100.00 % of those in use) of 14 customers with 14 agreements, 14 of them overdue; 14 customers would be left without any
        "#]]);
        let asked = place.json(&remove);
        assert_eq!(
            (&asked["state"], &asked["radius"]["customers_left_without"]),
            (&json!("pending"), &json!(14))
        );
        let history = place.json(&["contact-point", "history", "C-1"]);
        assert_eq!(
            history["events"].as_array().map(Vec::len),
            Some(1),
            "nothing is changed before a second person agreed"
        );
        let batch = asked["batch"].as_str().expect("a batch").to_owned();
        let code = |args: &[&str]| place.json(args)["error"]["code"].clone();
        assert_eq!(code(&["contact-point", "approve", &batch]), "same_person");
        assert_eq!(code(&["contact-point", "restore", &batch, "--reason", "x"]), "not_found");
        place.run(&["contact-point", "approve", &batch, "--actor", "second"]).check_exit(0);
        assert_eq!(code(&["contact-point", "approve", &batch, "--actor", "third"]), "not_pending");
        assert_eq!(place.json(&["contact-point", "history", "C-1"])["events"][1]["by"], "tester");
        place.run(&["day", "--through", "2026-01-28"]).check_exit(0);
        let silent = place.json(&["coverage", "--on", "2026-01-28"]);
        assert_eq!(silent["by_reason"]["contact_data.removed"], 14);
        // Whoever did not see its name finds it.
        let listed = &place.json(&["contact-point", "batches"])["batches"][0];
        assert_eq!(
            (&listed["batch"], &listed["contact_points"], &listed["undone_at"]),
            (&json!(batch), &json!(14), &serde_json::Value::Null)
        );
        // Undone as one, and what was missed goes out with the next day.
        place.run(&["contact-point", "restore", &batch, "--reason", "a mistake"]).check_exit(0);
        assert_eq!(place.json(&["day", "--date", "2026-01-29"])["days"][0]["accepted"], 14);
        place.run(&["verify"]).check_exit(0);
    }
}

#[test]
fn an_unusual_number_of_removals_is_an_alarm_until_somebody_looked() {
    let place = Place::with_portfolio();
    place.write("dunlin-data/dunlin.toml", "[contact_data]\nalone_max = 1000\nalone_share_max = \"100%\"\n");
    fourteen_owe(&place);
    place.run(&["contact-point", "alarms"]).check(expect![[r#"
        exit 0
        no day departed from the usual rate
    "#]]);
    let remove = ["contact-point", "remove", "--file", "points.csv", "--reason", "cleaning up"];
    assert_eq!(place.json(&remove)["state"], "done");
    place.run(&["contact-point", "alarms"]).check(expect![[r#"
        exit 1
        2026-01-27: 14 removed, after 0 in the 28 days before; open
    "#]]);
    let unsaid = place.json(&["contact-point", "close-alarm", "2026-01-27", "--note", " "]);
    assert_eq!(unsaid["error"]["code"], "contact_alarm", "what was found is said");
    place.run(&["contact-point", "close-alarm", "2026-01-27", "--note", "meant so"]).check_exit(0);
    place.run(&["contact-point", "alarms"]).check(expect![[r#"
        exit 0
        2026-01-27: 14 removed, after 0 in the 28 days before; closed by tester: meant so
    "#]]);
    let again = place.json(&["contact-point", "close-alarm", "2026-01-27", "--note", "x"]);
    assert_eq!(again["error"]["code"], "not_found");
}

#[test]
fn a_large_removal_that_is_refused_changes_nothing_and_a_small_one_needs_nobody() {
    let place = Place::with_portfolio();
    fourteen_owe(&place);
    let asked = place.json(&["contact-point", "remove", "--file", "points.csv", "--reason", "cleaning up"]);
    let batch = asked["batch"].as_str().expect("a batch");
    assert_eq!(place.json(&["contact-point", "reject", batch, "--note", "no"])["state"], "rejected");
    assert_eq!(place.json(&["contact-point", "requests"])["requests"][0]["state"], "rejected");
    assert_eq!(place.json(&["contact-point", "remove", "C-1/E-1", "--reason", "asked to"])["state"], "done");
    place.write("dunlin-data/dunlin.toml", "[contact_data]\nalone_share_max = \"much\"\n");
    place.run(&["contact-point", "requests"]).check(expect![[r#"
        exit 2
        error[config]: dunlin-data/dunlin.toml line 2: alone_share_max "much" is no share; write it as "1%"
    "#]]);
}

#[test]
fn small_removals_of_one_person_on_one_day_count_together() {
    for place in Place::portfolios_on_both() {
        fourteen_owe(&place);
        let list = |from: u32, through: u32| {
            let lines: String = (from..=through).map(|n| format!("C-{n},E-{n}\n")).collect();
            place.write("some.csv", format!("customer_id,contact_point_id\n{lines}"));
        };
        let remove = |actor: &str| {
            let args =
                ["contact-point", "remove", "--file", "some.csv", "--reason", "cleaning", "--actor", actor];
            place.json(&args)
        };
        list(1, 6);
        let first = remove("li");
        assert_eq!(first["state"], "done");
        list(7, 12);
        let second = remove("LI ");
        assert_eq!(second["state"], "pending", "12 of 14 are not one person's to remove: {second}");
        list(13, 13);
        assert_eq!(remove("wang")["state"], "done", "what another person removed is not theirs");
        // What was undone does not count.
        let batch = first["batch"].as_str().expect("a batch");
        place.run(&["contact-point", "restore", batch, "--reason", "wrong list"]).check_exit(0);
        list(7, 12);
        assert_eq!(remove("li")["state"], "done");
        // Another day, another count.
        place.run(&["day", "--date", "2026-01-27"]).check_exit(0);
        list(1, 4);
        assert_eq!(remove("li")["state"], "done");
    }
}

#[test]
fn an_approved_overwriting_is_called_so_and_its_alarm_is_listed() {
    let place = Place::with_portfolio();
    fourteen_owe(&place);
    let points: String = (1..=14).map(|n| format!("E-{n},C-{n},email,new{n}@example.com\n")).collect();
    place.write("may/contact_points.csv", format!("contact_point_id,customer_id,kind,value\n{points}"));
    let told = place.run(&["import", "may"]).check_exit(0).stdout();
    assert!(told.contains("these are not made yet") && !told.contains("nothing changed"), "{told}");
    let requests = place.json(&["contact-point", "requests"]);
    let batch = requests["requests"][0]["batch"].as_str().expect("a batch").to_owned();
    let told = place.run(&["contact-point", "approve", &batch, "--actor", "second"]).check_exit(0).stdout();
    assert!(told.starts_with("14 contact points overwritten, 0 out of use; undo it with"), "{told}");
    place.run(&["contact-point", "alarms"]).check(expect![[r#"
        exit 1
        2026-01-27: 14 overwritten, after 0 in the 28 days before; open
    "#]]);
    place.run(&["contact-point", "alarms", "--lang", "zh"]).check(expect![[r#"
        exit 1
        2026-01-27：改写联系方式14个，此前28天共0个，未关闭
    "#]]);
    place.run(&["contact-point", "close-alarm", "2026-01-27", "--note", "meant so"]).check_exit(0);
    place.run(&["contact-point", "alarms"]).check_exit(0);
}

//! An import is no way around the second person, and no way for a clerk's mistake to reach many customers at once.

use serde_json::json;

use crate::contact_data::fourteen_owe;
use crate::support::Place;

const POINTS: &str = "contact_point_id,customer_id,kind,value\n";

fn other_addresses(place: &Place) {
    let points: String = (1..=14).map(|n| format!("E-{n},C-{n},email,other{n}@example.com\n")).collect();
    place.write("june/contact_points.csv", format!("{POINTS}{points}"));
}

#[test]
fn a_file_that_overwrites_many_waits_for_a_second_person_and_is_undone_as_one() {
    for place in Place::portfolios_on_both() {
        fourteen_owe(&place);
        other_addresses(&place);
        let masked = |place: &Place| {
            place.json(&["contact-point", "history", "C-1"])["contact_points"][0]["masked"].clone()
        };
        let before = masked(&place);
        let preview = place.run(&["import", "june", "--preview"]).stdout();
        assert!(preview.contains("these changes would wait for another person"), "{preview}");
        assert!(preview.contains("june/contact_points.csv line 2: E-1 "), "{preview}");
        assert_eq!(
            place.json(&["contact-point", "requests"])["requests"],
            json!([]),
            "a preview asks nothing"
        );
        let asked = place.json(&["import", "june", "--actor", "clerk"]);
        let contact = &asked["contact"];
        assert_eq!((&contact["state"], &contact["overwritten"]), (&json!("pending"), &json!(14)), "{asked}");
        assert_eq!(
            (&contact["radius"]["overwritten"], &asked["tables"][0]["changed"]),
            (&json!(14), &json!(0))
        );
        assert_eq!(masked(&place), before, "nothing is changed before a second person agreed");
        let again = place.json(&["import", "june", "--actor", "clerk"]);
        assert_eq!(again["contact"]["batch"], contact["batch"], "the same file asks for nothing anew");
        let batch = contact["batch"].as_str().expect("a batch");
        let code = |args: &[&str]| place.json(args)["error"]["code"].clone();
        assert_eq!(code(&["contact-point", "approve", batch, "--actor", "clerk"]), "same_person");
        place.run(&["contact-point", "approve", batch, "--actor", "second"]).check_exit(0);
        let history = place.json(&["contact-point", "history", "C-1"]);
        let change = &history["events"][1];
        assert_eq!((&change["by"], &change["source"]), (&json!("clerk"), &json!("import")), "{history}");
        assert_eq!(change["place"], "june/contact_points.csv line 2");
        assert_ne!(masked(&place), before);
        place.run(&["contact-point", "restore", batch, "--reason", "the wrong list"]).check_exit(0);
        assert_eq!(masked(&place), before);
        let once_more = place.json(&["import", "june"]);
        assert_eq!(once_more["tables"][0]["unchanged"], 14, "what was undone is not done again: {once_more}");
        assert_eq!(masked(&place), before);
        place.run(&["verify"]).check_exit(0);
    }
}

/// The fourteen customers of [`fourteen_owe`], all opted out of e-mail, by which alone they can be reached.
fn all_opted_out(place: &Place, folder: &str, channels: &str) {
    let rows: String = (1..=14).map(|n| format!("C-{n},Name {n},en,{channels}\n")).collect();
    let head = "customer_id,name,language,opt_out_channels\n";
    place.write(&format!("{folder}/customers.csv"), format!("{head}{rows}"));
}

#[test]
fn a_file_that_opts_many_out_holds_at_once_is_told_and_is_undone_as_one() {
    for place in Place::portfolios_on_both() {
        fourteen_owe(&place);
        all_opted_out(&place, "june", "email");
        let preview = place.run(&["import", "june", "--preview", "--lang", "en"]).stdout();
        assert!(preview.contains("14 customers would be left without any channel"), "{preview}");
        let asked = place.json(&["import", "june", "--actor", "clerk"]);
        let told = &asked["opt_outs"];
        assert_eq!((&told["state"], &told["opted_out"]), (&json!("done"), &json!(14)), "{asked}");
        assert_eq!(told["radius"]["customers_left_without"], 14, "{asked}");
        let opted_out = |place: &Place| {
            place.run(&["export", "out"]).check_exit(0);
            let customers = place.read("out/customers.csv");
            std::fs::remove_dir_all(place.path("out")).expect("the export is removed");
            customers.lines().filter(|line| line.ends_with(",email")).count()
        };
        assert_eq!(opted_out(&place), 14, "nobody is contacted past an opt-out that waits");
        assert_eq!(
            place.json(&["import", "june"])["opt_outs"],
            json!(null),
            "the same file asks nothing anew"
        );
        let batch = told["batch"].as_str().expect("a batch");
        let code = |args: &[&str]| place.json(args)["error"]["code"].clone();
        let incidents = place.json(&["watch", "--once"]).to_string();
        assert!(incidents.contains("opted_out"), "the alarm for more than usual stays: {incidents}");
        let undone = place.json(&["contact-point", "restore", batch, "--reason", "the wrong list"]);
        assert_eq!(undone["opt_outs"], 14, "{undone}");
        assert_eq!(opted_out(&place), 0);
        assert_eq!(code(&["contact-point", "restore", batch, "--reason", "again"]), "already_undone");
        place.run(&["verify"]).check_exit(0);
    }
}

#[test]
fn few_opt_outs_of_a_file_hold_at_once_and_many_taken_back_wait() {
    let place = Place::with_portfolio();
    fourteen_owe(&place);
    let head = "customer_id,name,language,opt_out_channels\n";
    let rows = |count: u32, channels: &str| -> String {
        (1..=count).map(|n| format!("C-{n},Name {n},en,{channels}\n")).collect()
    };
    place.write("june/customers.csv", format!("{head}{}", rows(10, "email")));
    let few = place.json(&["import", "june", "--actor", "one"]);
    assert_eq!(
        (&few["opt_outs"]["state"], &few["opt_outs"]["opted_out"]),
        (&json!("done"), &json!(10)),
        "{few}"
    );
    // One taken back by the same person on the same day is too many, and what the file closes beside it holds at once.
    let mixed = format!("{head}C-1,Name 1,en,\nC-11,Name 11,en,email\n");
    place.write("july/customers.csv", mixed);
    let mixed = place.json(&["import", "july", "--actor", " ONE"]);
    assert_eq!(mixed["opt_outs"]["state"], "pending", "{mixed}");
    place.run(&["export", "out"]).check_exit(0);
    let customers = place.read("out/customers.csv");
    assert_eq!(customers.lines().filter(|line| line.ends_with(",email")).count(), 11, "{customers}");
    let batch = mixed["opt_outs"]["batch"].as_str().expect("a batch");
    let approve = |actor: &str| place.json(&["contact-point", "approve", batch, "--actor", actor]);
    assert_eq!(approve("One")["error"]["code"], "same_person");
    assert_eq!(approve("second")["opt_outs"], 1);
    place.write("august/customers.csv", format!("{head}{}", rows(10, "")));
    let back = place.json(&["import", "august", "--actor", "one"]);
    assert_eq!(
        (&back["opt_outs"]["state"], &back["opt_outs"]["opted_in"]),
        (&json!("pending"), &json!(9)),
        "{back}"
    );
}

#[test]
fn a_refused_change_is_not_made_by_the_same_file_again() {
    let place = Place::with_portfolio();
    fourteen_owe(&place);
    other_addresses(&place);
    let asked = place.json(&["import", "june"]);
    let batch = asked["contact"]["batch"].as_str().expect("a batch");
    place.run(&["contact-point", "reject", batch, "--note", "not ours"]).check_exit(0);
    assert_eq!(place.json(&["import", "june"])["contact"]["state"], "rejected");
    assert_eq!(place.json(&["contact-point", "history", "C-1"])["events"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_small_change_is_made_by_one_person_and_can_be_undone() {
    let place = Place::imported();
    place.write("june/contact_points.csv", format!("{POINTS}CP-1,C-1,phone,20012345678\n"));
    let done = place.json(&["import", "june"]);
    assert_eq!((&done["contact"]["state"], &done["contact"]["overwritten"]), (&json!("done"), &json!(1)));
    let masked =
        || place.json(&["contact-point", "history", "C-1/CP-1"])["contact_points"][0]["masked"].clone();
    assert_eq!(masked(), "200****678");
    let batch = done["contact"]["batch"].as_str().expect("a batch");
    place.run(&["contact-point", "restore", batch, "--reason", "a slip"]).check_exit(0);
    assert_eq!(masked(), "100****678");
}

#[test]
fn another_area_code_for_all_is_told_as_that() {
    let place = Place::with_portfolio();
    let rows = |code: &str| -> String {
        (1..=14).map(|n| format!("T-{n},C-{n},phone,{code}1234{:04}\n", 1000 + n)).collect()
    };
    fourteen_owe(&place);
    place.write("june/contact_points.csv", format!("{POINTS}{}", rows("021")));
    place.run(&["import", "june"]).check_exit(0);
    place.write("july/contact_points.csv", format!("{POINTS}{}", rows("010")));
    // Fourteen numbers for customers who were known before, after none: that is an incident until somebody looked.
    let incidents = || place.json(&["watch", "--once"]).to_string();
    assert!(incidents().contains(r#""contact_data""#), "{}", incidents());
    place.run(&["contact-point", "close-alarm", "2026-01-27", "--note", "the new list"]).check_exit(0);
    assert!(!incidents().contains(r#""contact_data""#), "{}", incidents());
    let again = place.json(&["contact-point", "close-alarm", "2026-01-27", "--note", "x"]);
    assert_eq!(again["error"]["code"], "not_found");
    let contact = &place.json(&["import", "july", "--preview"])["contact"];
    assert_eq!((&contact["state"], &contact["other_head_only"]), (&json!("pending"), &json!(14)));
}

#[test]
fn a_number_pasted_to_many_customers_is_rejected_by_line() {
    let place = Place::with_portfolio();
    let customers: String = (1..=21).map(|n| format!("C-{n},Name {n},en\n")).collect();
    place.write("may/customers.csv", format!("customer_id,name,language\n{customers}"));
    let points = |many: u32| -> String {
        let number = |n| if n <= many { 10_099_990_000 } else { 10_088_880_000 + u64::from(n) };
        (1..=21).map(|n| format!("T-{n},C-{n},phone,{}\n", number(n))).collect()
    };
    place.write("may/contact_points.csv", format!("{POINTS}{}", points(21)));
    let told = place.json(&["import", "may"]);
    let table =
        told["tables"].as_array().and_then(|tables| tables.iter().find(|it| it["table"] == "contact_points"));
    assert_eq!(table.map(|table| table["rejected"].clone()), Some(json!(21)), "{told}");
    let rejects = place.read("may.rejects.csv");
    let first = rejects.lines().find(|line| line.contains("the same stands at 21 customers"));
    assert!(first.is_some_and(|line| line.contains("contact_points.csv,2,value")), "{rejects}");
    // Twenty may share one: a switchboard, a family firm.
    place.write("may/contact_points.csv", format!("{POINTS}{}", points(20)));
    assert_eq!(place.json(&["import", "may"])["rejected"], 0);
}

#[test]
fn a_file_does_not_bring_back_what_staff_took_out_nor_overwrite_what_the_customer_corrected() {
    let place = Place::imported();
    place.run(&["contact-point", "remove", "C-1/CP-1", "--reason", "another person's"]).check_exit(0);
    let head = "contact_point_id,customer_id,kind,value,priority\n";
    place.write("june/contact_points.csv", format!("{head}CP-1,C-1,phone,10012345678,2\n"));
    place.run(&["import", "june"]).check_exit(0);
    let point = |index: usize| {
        let history = place.json(&["contact-point", "history", "C-1"]);
        let points = history["contact_points"].as_array().expect("points").clone();
        let name = format!("CP-{index}");
        points.into_iter().find(|point| point["contact_point"] == name).expect("the point")
    };
    assert_eq!(point(1)["state"], "removed");
    place.write("july/contact_points.csv", format!("{head}CP-1,C-1,phone,20012345678,2\n"));
    place.run(&["import", "july"]).check_exit(0);
    assert_eq!(point(1)["state"], "active", "another number is news");
    let correct = ["privacy", "correct", "C-1", "--point", "CP-2", "--value", "right@example.com"];
    place.run(&[&correct[..], &["--reason", "asked to"]].concat()).check_exit(0);
    place.run(&["import", "may"]).check_exit(0);
    assert_eq!(point(2)["masked"], "r***@example.com");
    // What else is new in the row is taken, the old address beside it is not: today and the next time.
    for priority in [4, 5] {
        let rows = format!("{head}CP-2,C-1,email,c-1@example.com,{priority}\n");
        place.write("august/contact_points.csv", rows);
        let told = place.json(&["import", "august"]);
        assert_eq!(told["contact_points"]["corrections_kept"], 1, "{told}");
        assert_eq!(told["contact"], json!(null), "nothing was overwritten");
        assert_eq!(point(2)["masked"], "r***@example.com");
    }
    place.write("august/contact_points.csv", format!("{head}CP-2,C-1,email,new@example.com,5\n"));
    let contact = &place.json(&["import", "august"])["contact"];
    assert_eq!(contact["overwritten"], 1);
    assert_eq!(point(2)["masked"], "n***@example.com", "another address is news");
    // Undone, it is not done again by a row that says it once more with something else.
    let batch = contact["batch"].as_str().expect("a batch");
    place.run(&["contact-point", "restore", batch, "--reason", "a slip"]).check_exit(0);
    place.write("august/contact_points.csv", format!("{head}CP-2,C-1,email,new@example.com,6\n"));
    place.run(&["import", "august"]).check_exit(0);
    assert_eq!(point(2)["masked"], "r***@example.com");
}

#[test]
fn a_contact_that_has_not_happened_yet_is_rejected() {
    let place = Place::with_portfolio();
    let head = "contact_id,customer_id,agreement_id,channel,sent_at,outcome\n";
    let row = |id: &str, day: &str| format!("{id},C-1,A-1,sms,{day}T10:00:00+08:00,delivered\n");
    let rows = [row("K-1", "2026-06-01"), row("K-2", "2026-06-02"), row("K-3", "2099-01-01")].concat();
    place.write("may/contacts.csv", format!("{head}{rows}"));
    let report = place.json(&["import", "may"]);
    let tables = report["tables"].as_array().expect("tables");
    let contacts = tables.iter().find(|table| table["table"] == "contacts").expect("contacts");
    assert_eq!((&contacts["added"], &contacts["rejected"]), (&1.into(), &2.into()), "{report}");
}

#[test]
fn contacts_of_before_the_import_count_for_the_spacing_where_a_pack_asks() {
    let rules = include_str!("../../../../policies/contact-rules/cn.toml");
    let rules = rules.replacen("version = 2", "version = 3", 1).replacen(
        "days = 7\n",
        "days = 7\nenabled = true\n",
        1,
    );
    let reason = |contacts: &str| {
        let place = Place::with_portfolio();
        let head = "contact_id,customer_id,agreement_id,channel,sent_at,outcome\n";
        place.write("may/contacts.csv", format!("{head}{contacts}"));
        place.write("cn.toml", &rules);
        place.run(&["import", "may"]).check_exit(0);
        place.run(&["policy", "import", "cn.toml"]).check_exit(0);
        place.run(&["policy", "approve", "cn@3", "--actor", "second"]).check_exit(0);
        place.run(&["day", "--date", "2026-01-24"]).check_exit(0);
        place.json(&["why", "A-1", "--on", "2026-01-24"])["reason"].clone()
    };
    assert_eq!(reason(""), "contact.sent");
    assert_eq!(reason("K-1,C-1,A-1,sms,2026-01-22T10:00:00+08:00,delivered\n"), "rule.interval");
    assert_eq!(reason("K-1,C-1,A-1,sms,2026-01-22T10:00:00+08:00,failed\n"), "contact.sent");
}

//! A person's rights in their data: to see, correct, restrict and delete them, and the law's periods that stand against it.

use expect_test::expect;
use serde_json::{Value, json};

use crate::support::Place;

const PROOF: [&str; 4] = ["--reason", "asked to", "--evidence", "mail of 3 May"];

fn code(answer: &Value) -> &str {
    answer["error"]["code"].as_str().unwrap_or("-")
}

#[test]
fn everything_held_is_shown_and_each_role_sees_no_more_than_it_needs() {
    for place in Place::imported_on_both() {
        place.run(&["day", "--date", "2026-01-26"]).check_exit(0);
        let all = place.json(&["privacy", "access", "C-1"]);
        assert_eq!(all["customer"]["name"], "王示例");
        assert_eq!(all["contact_points"][0]["value"], "10012345678");
        assert!(all["agreements"][0]["facts"].as_array().is_some_and(|facts| !facts.is_empty()), "{all}");
        let staff = place.json(&["privacy", "access", "C-1", "--as", "staff"]);
        assert_eq!(
            (&staff["customer"]["name"], &staff["contact_points"][0]["value"]),
            (&json!("王**"), &json!("100****5678"))
        );
        let agency = place.json(&["privacy", "access", "C-1", "--as", "agency"]);
        let fields: Vec<&String> = agency.as_object().expect("an object").keys().collect();
        assert_eq!(fields, ["agreements", "contact_points", "customer", "seen_by"]);
        let kinds = agency["contact_points"].as_array().expect("points").iter().map(|point| &point["kind"]);
        assert_eq!(kinds.collect::<Vec<_>>(), ["phone"], "an agency calls, so it needs no address");
        assert_eq!(agency["agreements"][0]["facts"], Value::Null);
        let log = place.json(&["privacy", "log", "C-1"]);
        let seen: Vec<&Value> =
            log["log"].as_array().expect("a log").iter().map(|it| &it["detail"]).collect();
        assert_eq!(seen, ["person", "staff", "agency"]);
        assert_eq!(code(&place.json(&["privacy", "access", "C-9"])), "not_found");
        place.run(&["verify"]).check_exit(0);
    }
}

#[test]
fn a_copy_can_be_read_in_both_languages() {
    let place = Place::imported();
    place.run(&["privacy", "copy", "C-2", "--lang", "zh"]).check(expect![[r#"
        exit 0
        # 您的资料
        - 编号：C-2，语言：英文，姓名：Example Li，客群：standard，时区：Asia/Shanghai

        # 联系方式
        - 编号：CP-3，类型：电子邮件，所属人：本人，状态：有效，内容：c-2@example.com

        # 联系方式的变更
        -

        # 联系方式的核实
        -

        # 合约
        - 币种：CNY，编号：A-2，开户日：2026-01-10，逾期金额：0.00，产品：baitiao，已报送征信：否
          账务记录：
            - 金额：90.00，类型：消费，日期：2026-01-11
            - 金额：90.00，类型：还款，日期：2026-01-20
          消息：
          逐日判定：

        # 登记的情况
        -

        # 通话
        -

        # 您的回复
        -

        # 处理记录
        -
    "#]]);
    place.run(&["privacy", "copy", "C-2", "--lang", "en"]).check(expect![[r#"
        exit 0
        # About you
        - id: C-2, language: en, name: Example Li, segment: standard, zone: Asia/Shanghai

        # Numbers and addresses
        - id: CP-3, kind: email, party: borrower, state: active, value: c-2@example.com

        # Changes of numbers and addresses
        -

        # What shows that these are yours
        -

        # Agreements
        - currency: CNY, id: A-2, opened_on: 2026-01-10, overdue: 0.00, product: baitiao, reported_to_bureau: false
          facts:
            - amount: 90.00, kind: purchase, on: 2026-01-11
            - amount: 90.00, kind: payment, on: 2026-01-20
          messages:
          verdicts:

        # What was recorded
        -

        # Calls
        -

        # What you wrote to us
        -

        # What was done with your data
        - action: copy, actor: tester, at: 2026-06-01T01:00:01Z, detail: person
    "#]]);
}

#[test]
fn a_correction_changes_what_is_held_and_keeps_what_was_there() {
    let place = Place::imported();
    let point = ["--point", "CP-2", "--value", "right@example.com", "--reason", "asked to"];
    place.run(&[&["privacy", "correct", "C-1", "--name", "王正确"][..], &point].concat()).check_exit(0);
    let all = place.json(&["privacy", "access", "C-1"]);
    assert_eq!(all["customer"]["name"], "王正确");
    assert!(all["contact_points"].to_string().contains("right@example.com"), "{all}");
    assert_eq!(all["contact_point_changes"][0]["reason"], "asked to");
    assert_eq!(code(&place.json(&["privacy", "correct", "C-1", "--reason", "x"])), "privacy");
    assert_eq!(code(&place.json(&["privacy", "correct", "C-1", "--name", " ", "--reason", "x"])), "privacy");
}

#[test]
fn a_file_that_says_what_it_said_before_undoes_no_correction() {
    for place in Place::portfolios_on_both() {
        let file = |rows: &str| {
            place
                .write("may/customers.csv", format!("customer_id,name,segment\nC-1,王示例,standard\n{rows}"));
            place.run(&["import", "may"]).check_exit(0).stdout()
        };
        let name = || place.json(&["privacy", "access", "C-2"])["customer"]["name"].clone();
        file("C-2,李示例,standard\n");
        place.run(&["privacy", "correct", "C-2", "--name", "李四", "--reason", "asked to"]).check_exit(0);
        let again = file("C-2,李示例,standard\n");
        assert!(again.contains("nothing changed"), "{again}");
        assert_eq!(name(), "李四");
        for segment in ["prime", "standard"] {
            let other = file(&format!("C-2,李示例,{segment}\n"));
            assert!(other.contains("the correction stays"), "{other}");
            assert_eq!(name(), "李四", "what is new is the segment only");
        }
        let new = file("C-2,李五,standard\n");
        assert!(new.contains("replaced by a new one of the file"), "{new}");
        assert_eq!(name(), "李五");
        place.run(&["verify"]).check_exit(0);
    }
}

#[test]
fn a_corrected_number_or_address_must_be_one() {
    let place = Place::imported();
    let correct = |customer: &str, point: &str, value: &str| {
        let args =
            ["privacy", "correct", customer, "--point", point, "--value", value, "--reason", "asked to"];
        place.json(&args)
    };
    for (customer, point, value) in [("C-2", "CP-3", "nonsense"), ("C-1", "CP-1", "x@example.com")] {
        let refused = correct(customer, point, value);
        assert_eq!(code(&refused), "privacy", "{value}: {refused}");
        assert!(refused.to_string().contains(" is not "), "{refused}");
    }
    assert_eq!(code(&correct("C-2", "CP-3", "right@example.com")), "-");
}

#[test]
fn restricted_data_are_kept_and_nobody_is_contacted() {
    for place in Place::imported_on_both() {
        place.run(&["day", "--date", "2026-01-24"]).check_exit(0);
        place.run(&[&["privacy", "restrict", "C-1"][..], &PROOF].concat()).check_exit(0);
        place.run(&["day", "--through", "2026-01-26"]).check_exit(0);
        let why = place.json(&["why", "A-1", "--on", "2026-01-26"]);
        assert_eq!(why["reason"], "rule.restricted");
        assert_eq!(code(&place.json(&["privacy", "unrestrict", "C-1", "--reason", " "])), "circumstance");
        place.run(&["privacy", "unrestrict", "C-1", "--reason", "settled"]).check_exit(0);
        assert_eq!(code(&place.json(&["privacy", "unrestrict", "C-1", "--reason", "x"])), "privacy");
        place.run(&["day", "--through", "2026-01-28"]).check_exit(0);
        assert_eq!(place.json(&["why", "A-1", "--on", "2026-01-27"])["reason"], "contact.sent");
        place.run(&["verify"]).check_exit(0);
    }
}

#[test]
fn who_did_not_ask_for_deletion_is_not_erased() {
    for place in Place::imported_on_both() {
        place.run(&["day", "--date", "2026-01-26"]).check_exit(0);
        place.write("dunlin-data/dunlin.toml", "[privacy]\nretention_years = 0\n");
        let restrict =
            ["privacy", "restrict", "C-2", "--reason", "disputes the data", "--evidence", "a mail"];
        place.run(&restrict).check_exit(0);
        assert_eq!(place.json(&["privacy", "erase-due"])["erased"], json!([]), "only restricted");
        let unsaid = ["privacy", "delete", "C-2", "--reason", " ", "--evidence", ""];
        assert_eq!(code(&place.json(&unsaid)), "privacy", "a wish has a reason and evidence");
        assert_eq!(place.json(&["privacy", "access", "C-2"])["customer"]["name"], "Example Li");
    }
}

#[test]
fn nothing_of_a_destroyed_key_is_left_in_the_file_and_nobody_can_guess_what_it_hid() {
    let place = Place::imported();
    place.run(&["day", "--date", "2026-01-26"]).check_exit(0);
    place.write("dunlin-data/dunlin.toml", "[privacy]\nretention_years = 0\n");
    let file = place.path("dunlin-data/dunlin.db");
    let wrapped_key = || -> Vec<u8> {
        let db = rusqlite::Connection::open(&file).expect("the database opens");
        let sql = "select wrapped_key from customer where external_id = 'C-2'";
        db.query_row(sql, (), |row| row.get(0)).expect("a customer")
    };
    let key = wrapped_key();
    let is_in_files = || {
        let places = [file.clone(), place.path("dunlin-data/dunlin.db-wal")];
        let read = places.iter().filter_map(|path| std::fs::read(path).ok());
        read.into_iter().any(|bytes| bytes.windows(key.len()).any(|window| window == key))
    };
    assert!(key.len() > 16 && is_in_files());
    place.run(&[&["privacy", "delete", "C-2"][..], &PROOF].concat()).check_exit(0);
    assert_eq!(wrapped_key(), Vec::<u8>::new());
    assert!(!is_in_files());
    let db = rusqlite::Connection::open(&file).expect("the database opens");
    let sql = "select count(*) from contact_point p join customer c on c.part = p.part and c.customer_id = p.customer_id \
        where c.external_id = 'C-2' and (p.content_hash <> zeroblob(16) or c.content_hash <> zeroblob(16))";
    let left: i64 = db.query_row(sql, (), |row| row.get(0)).expect("a number");
    assert_eq!(left, 0, "hashes of what the file said");
}

#[test]
fn what_the_law_asks_to_keep_is_restricted_and_then_the_key_is_destroyed() {
    for place in Place::imported_on_both() {
        place.run(&["day", "--date", "2026-01-26"]).check_exit(0);
        // A-1 is owed: the contract needs the data.
        let delete = |customer: &str| place.json(&[&["privacy", "delete", customer][..], &PROOF].concat());
        assert_eq!(code(&delete("C-1")), "debt_open");
        // A-2 is paid; the last that happened was its payment.
        assert_eq!(delete("C-2"), json!({ "state": "restricted", "until": "2036-01-20" }));
        assert_eq!(place.json(&["privacy", "erase-due"])["erased"], json!([]), "its time is not over");
        let lift = ["privacy", "unrestrict", "C-2", "--reason", "oops"];
        assert_eq!(code(&place.json(&lift)), "deletion_asked", "nobody but the customer takes the wish back");
        let entries = place.json(&["circumstance", "list", "C-2"]);
        let entry = entries["circumstances"][0]["id"].as_str().expect("an id");
        let end = place.json(&["circumstance", "end", entry, "--reason", "oops"]);
        assert_eq!(code(&end), "deletion_asked", "nor by ending the entry");
        place.run(&[&lift[..], &["--withdrawn", "call of 3 May"]].concat()).check_exit(0);
        assert_eq!(delete("C-2"), json!({ "state": "restricted", "until": "2036-01-20" }));
        let coverage = place.json(&["coverage", "--on", "2026-01-26"]);
        place.write("dunlin-data/dunlin.toml", "[privacy]\nretention_years = 0\n");
        assert_eq!(place.json(&["privacy", "erase-due"])["erased"].as_array().map(Vec::len), Some(1));
        assert_eq!(place.json(&["privacy", "erase-due"])["erased"], json!([]), "once");
        assert_eq!(code(&place.json(&["privacy", "access", "C-2"])), "erased");
        assert_eq!(code(&delete("C-2")), "erased");
        let log = place.json(&["privacy", "log", "C-2"]);
        let actions: Vec<&Value> =
            log["log"].as_array().expect("a log").iter().map(|it| &it["action"]).collect();
        assert_eq!(actions, ["restrict", "delete", "end_restriction", "restrict", "delete", "erase"]);
        // Books and verdicts stay, and all goes on.
        assert_eq!(place.json(&["coverage", "--on", "2026-01-26"]), coverage);
        place.run(&["verify"]).check_exit(0);
        place.run(&["day", "--through", "2026-01-28"]).check_exit(0);
        place.run(&["import", "may"]).check_exit(0);
        assert_eq!(
            code(&place.json(&["privacy", "access", "C-2"])),
            "erased",
            "an import brings nothing back"
        );
    }
}

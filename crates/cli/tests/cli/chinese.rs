//! What people read with `--lang zh` is Chinese: answers and refusals have no English sentences in them, only names, codes,
//! ids and what is typed.

use crate::support::{Place, Ran};

/// Words in a row that make a sentence. Names, codes and options do not stand three in a row.
const SENTENCE_WORDS: usize = 3;

/// The text without the words of the operating system, which stand behind a colon with the number of the error.
fn without_system(text: &str) -> String {
    let mut text = text.to_owned();
    while let Some(end) = text.find("(os error ") {
        let start = text[..end].rfind('：').expect("what the system said stands behind a colon");
        text.replace_range(start..end + "(os error ".len(), "");
    }
    text
}

/// The first English sentence in a text, outside of what stands between backticks.
fn english(text: &str) -> Option<String> {
    let text = without_system(text);
    let spoken: String = text.split('`').step_by(2).collect::<Vec<_>>().join("。");
    let mut run: Vec<&str> = Vec::new();
    for line in spoken.lines() {
        run.clear();
        // Columns of a table are apart by more than a space.
        for word in line.split(' ') {
            let letters = word.trim_matches(|letter: char| letter.is_ascii_punctuation());
            let is_word = !letters.is_empty() && letters.bytes().all(|byte| byte.is_ascii_lowercase());
            if is_word {
                run.push(word);
            } else {
                run.clear();
            }
            if run.len() == SENTENCE_WORDS {
                return Some(format!("{:?} in {line:?}", run.join(" ")));
            }
        }
    }
    None
}

fn check_chinese(arguments: &[&str], text: &str) {
    assert_eq!(english(text), None, "{arguments:?}: {text}");
    let is_chinese = text.chars().any(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter));
    assert!(is_chinese, "{arguments:?}: {text}");
}

/// Runs a command in Chinese, whose answer must be done.
fn answered(place: &Place, arguments: &[&str]) -> Ran {
    let ran = place.run(&[arguments, &["--lang", "zh"]].concat());
    check_chinese(arguments, &(ran.stdout() + &ran.stderr()));
    ran
}

/// Runs a command in Chinese that is refused, and checks that the refusal has the code and the facts in it.
fn refused(place: &Place, arguments: &[&str], code: &str, facts: &[&str]) {
    let ran = place.run(&[arguments, &["--lang", "zh"]].concat());
    let told = ran.stderr();
    assert!(matches!(ran.0.status.code(), Some(2 | 3)), "{arguments:?}: {}{told}", ran.stdout());
    assert!(told.starts_with(&format!("错误[{code}]：")), "{arguments:?}: {told}");
    for fact in facts {
        assert!(told.contains(fact), "{arguments:?} without {fact}: {told}");
    }
    check_chinese(arguments, &told);
}

#[test]
fn what_was_typed_wrongly_is_told_in_chinese() {
    let place = Place::imported();
    refused(&place, &["wyh"], "usage", &["wyh"]);
    refused(&place, &["why", "A-1", "--on", "2026-02-30"], "usage", &["--on", "2026-02-30", "2026-02-28"]);
    refused(&place, &["why", "A-1", "--onn", "2026-02-20"], "usage", &["--onn", "--on"]);
    refused(&place, &["why", "--on", "2026-02-20"], "usage", &["AGREEMENT"]);
    refused(&place, &["import"], "usage", &["FOLDER"]);
    refused(&place, &["statement", "A-1", "--format", "doc"], "usage", &["doc", "pdf"]);
    refused(&place, &["work", "--day-at", "25:00", "--days"], "usage", &["--day-at", "25:00", "08:30"]);
    refused(&place, &["pause", "approve", "P-1"], "usage", &["P-1", "pau_"]);
    // The language of the environment is asked where none is named.
    let english = place.run(&["wyh"]).stderr();
    assert!(english.starts_with("error: unrecognized subcommand"), "{english}");
}

#[test]
fn refusals_are_told_in_chinese_with_place_and_remedy() {
    let place = Place::imported();
    refused(&place, &["why", "A-1", "--on", "2026-02-20"], "no_day_yet", &["dunlin day"]);
    place.run(&["day", "--date", "2026-02-20"]).check_exit(0);
    let pause = ["pause", "add", "--kind", "upgrade", "--from", "2026-02-21", "--through", "2026-02-20"];
    let reasons = ["--reason-zh", "升级", "--reason-en", "upgrade"];
    let cases: &[(&[&str], &str, &[&str])] = &[
        (&["why", "A-9", "--on", "2026-02-20"], "not_found", &["A-9", "合约"]),
        (&["why", "A-1", "--on", "2026-03-20"], "day_not_run", &["2026-03-20"]),
        (&["day", "--date", "2026-02-19"], "day_is_closed", &["2026-02-19", "2026-02-20"]),
        (&["coverage", "--from", "2026-02-20", "--through", "2026-02-01"], "range", &["2026-02-01"]),
        (&["statement", "A-1", "--cut-off", "2026-02-03"], "no_statement", &["A-1", "2026-02-03"]),
        (&["pay", "A-1", "-5", "--on", "2026-02-20", "--reference", "R-1"], "amount_not_positive", &["-5"]),
        (&["pay", "A-1", "5", "--on", "2027-02-20", "--reference", "R-1"], "in_future", &["2027-02-20"]),
        (&["pay", "A-1", "five", "--on", "2026-02-20", "--reference", "R-1"], "amount", &["five"]),
        (&[&pause[..], &reasons[..]].concat(), "pause", &["2026-02-21", "2026-02-20"]),
        (&["contact-point", "remove", "C-1", "--reason", "x"], "contact_points", &["C-1"]),
        (&["contact-point", "remove", "C-1/CP-9", "--reason", "x"], "not_found", &["CP-9"]),
        (&["contact-point", "restore", "bat_1", "--reason", "x"], "not_found", &["bat_1", "批次"]),
        (&["template", "approve", "no@1"], "not_found", &["no@1"]),
        (&["template", "submit", "no.toml"], "policy", &["no.toml"]),
        (&["policy", "import", "no.toml"], "policy", &["no.toml", "路径"]),
        (&["import", "nowhere"], "portfolio", &["nowhere"]),
        (&["conformance", "no.json"], "file", &["no.json"]),
        (&["export", "may"], "portfolio", &["may"]),
        (&["line", "limit", "A-1", "-5", "--reason", "x"], "limit_negative", &["-5"]),
        (&["line", "thaw", "A-1", "--reason", "x"], "line_move_refused", &["授信"]),
        (&["offer", "cost", "none", "--amount", "100", "--count", "3"], "no_policy", &["none", "产品"]),
        (&["ledger", "close", "--through", "2026-03-20"], "day_missing", &["2026-02-20"]),
        (&["ledger", "account", "999999"], "not_found", &["999999", "科目"]),
        (&["privacy", "delete", "C-1", "--reason", "x", "--evidence", "y"], "debt_open", &["A-1"]),
        (
            &["call", "outcome", "msg_00000000000000000000000000000000", "--agent", "li", "--result", "busy"],
            "not_found",
            &["外呼任务"],
        ),
    ];
    for (arguments, code, facts) in cases {
        refused(&place, arguments, code, facts);
    }
    let database = ["--database", "postgres://nobody@127.0.0.1:1/none"];
    refused(&place, &[&["verify"][..], &database[..]].concat(), "store", &["127.0.0.1", "无法连接数据库"]);
    refused(&Place::empty(), &["verify"], "no_data", &["dunlin.db", "dunlin import"]);
}

#[test]
fn a_second_person_is_asked_for_in_chinese() {
    let place = Place::imported();
    place.run(&["day", "--date", "2026-02-20"]).check_exit(0);
    let add = ["pause", "add", "--kind", "upgrade", "--from", "2026-02-21", "--through", "2026-02-22"];
    let reasons = ["--reason-zh", "升级", "--reason-en", "upgrade"];
    let pause = place.json(&[&add[..], &reasons[..]].concat());
    let id = pause["id"].as_str().expect("an id");
    refused(&place, &["pause", "approve", id], "same_person", &["tester", "另一人"]);
    let shown = answered(&place, &["pause", "list"]).stdout();
    assert!(shown.contains("系统升级") && shown.contains("待批准"), "{shown}");
    answered(&place, &["pause", "approve", id, "--actor", "lin"]);
    answered(&place, &["pause", "end", id]);
    answered(&place, &["pause", "list"]);
}

#[test]
fn scripts_get_both_languages() {
    let place = Place::imported();
    let error = place.json(&["explain", "A-9"]);
    assert_eq!(error["error"]["message"], "there is no agreement \"A-9\"");
    assert_eq!(error["error"]["message_zh"], "没有合约“A-9”");
    let typed = place.json(&["why", "A-1", "--on", "never"]);
    let told = typed["error"]["message_zh"].as_str().expect("a text");
    check_chinese(&["why"], told);
}

#[test]
fn rows_of_an_import_that_are_wrong_are_explained_in_chinese() {
    let place = Place::with_portfolio();
    place.edit("may/payments.csv", "2026-01-20", "2026-01-32");
    let shown = answered(&place, &["import", "may"]).stdout();
    assert!(shown.contains("拒收 1 行") && shown.contains("may.rejects.csv"), "{shown}");
    let rejects = place.read("may.rejects.csv");
    assert!(rejects.contains("payments.csv,2,paid_on,"), "{rejects}");
    assert!(rejects.contains("“2026-01-32”日期不存在；请写成 2026-02-28 的形式"), "{rejects}");
    place.edit("may/payments.csv", "paid_on", "payd_on");
    refused(&place, &["import", "may"], "portfolio", &["payments.csv", "payd_on", "paid_on"]);
}

#[test]
fn answers_about_days_and_messages_are_chinese() {
    let place = Place::with_portfolio();
    answered(&place, &["import", "may", "--preview"]);
    answered(&place, &["import", "may"]);
    answered(&place, &["import", "may"]);
    let days = answered(&place, &["day", "--from", "2026-02-10", "--through", "2026-02-20"]).stdout();
    assert!(days.contains("已按顺序日切 11 个会计日") && days.contains("逾期阶段"), "{days}");
    for arguments in [
        &["day", "--date", "2026-02-20"][..],
        &["day", "--date", "2026-02-21", "--no-dispatch"],
        &["dispatch"],
        &["receipts"],
        &["watch", "--once"],
        &["incidents"],
        &["verify"],
        &["template", "list"],
        &["pause", "list"],
        &["contact-point", "requests"],
        &["contact-point", "batches"],
        &["contact-point", "alarms"],
        &["contact-point", "history", "C-1"],
        &["contact-point", "remove", "C-1/CP-1", "--reason", "停用", "--preview"],
        &["contact-point", "remove", "C-1/CP-1", "--reason", "停用"],
        &["contact-point", "batches"],
        &["export", "out"],
        &["generate", "made", "--customers", "3", "--from", "2026-03-02", "--days", "2"],
    ] {
        answered(&place, arguments);
    }
}

#[test]
fn complaints_about_policy_documents_and_settings_are_chinese() {
    let place = Place::empty();
    let shipped = include_str!("../../../../policies/strategy/standard.csv");
    let broken = shipped
        .replace("overdue_firm", "overdue_frim")
        .replace("m1_early,M1,3..6,", "m1_early,M1,3..5,")
        .replace("name: standard", "name: own");
    place.write("own.csv", &broken);
    let shown = answered(&place, &["policy", "check", "own.csv"]).stdout();
    let told =
        "own.csv 第 24 行：表格行 gentle_late：template：没有模板“overdue_frim”；请先导入，或改用其他模板";
    assert!(shown.contains(told), "{shown}");
    assert!(shown.contains("没有任何一行覆盖：M1，逾期天数 6，余额 >=20.00，客群 standard"), "{shown}");
    let json = place.json(&["policy", "check", "own.csv"]);
    let complaint = json["complaints"][0]["complaint_zh"].as_str().expect("a text");
    check_chinese(&["policy", "check"], complaint);
    place.write("own.csv", shipped.replace("m1_wait,M1,2,", "m1_wait,M1,two,"));
    let days = "days_past_due：“two”不是天数";
    refused(&place, &["policy", "import", "own.csv"], "policy", &["第 25 行", "m1_wait", days]);
    place.write("dunlin-data/dunlin.toml", "clock = \"wall\"\n");
    refused(&place, &["verify"], "config", &["第 1 行", "clock“wall”无法识别；取值为 real 或 business"]);
}

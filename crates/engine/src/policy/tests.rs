//! The documents that come with Dunlin, and what is said about broken ones.

use dunlin_domain::money::Currency;
use expect_test::{Expect, expect};

use super::*;

mod calendar;
mod contact_rules;
mod ledger;
mod product;
mod strategy;
mod template;

fn text_of(file: &str) -> &'static str {
    shipped().iter().find(|document| document.file == file).expect("a shipped document").text
}

fn read(document: &ShippedDocument) -> PolicyDocument {
    let read = parse(document.kind, document.file, document.text, cost_ceiling_default());
    read.unwrap_or_else(|errors| panic!("{}", words(&errors)))
}

/// What is said in English; that the same is said in Chinese is looked at on the way.
fn words(errors: &[PolicyError]) -> String {
    errors.iter().for_each(check_chinese);
    errors.iter().map(PolicyError::to_string).collect::<Vec<_>>().join("\n")
}

/// A complaint is Chinese behind its place: not the English one once more, and no English sentence beside what the parser
/// of TOML or of templates said.
fn check_chinese(error: &PolicyError) {
    let complaint = &error.complaint;
    let spoken = match complaint.zh.split_once("原文“") {
        Some((before, said)) => {
            let is_of_toml = error.column.is_none();
            let is_of_template = ["无法读取：", "无法生成："].contains(&before);
            assert!(is_of_toml || is_of_template, "only a parser is quoted: {}", complaint.zh);
            format!("原文{before}{}", said.rsplit_once('”').expect("a quotation ends").1)
        }
        None => complaint.zh.clone(),
    };
    let is_chinese = spoken.chars().any(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter));
    assert!(is_chinese && complaint.zh != complaint.en, "{}", complaint.zh);
    // What is typed stands between backticks. Codes and names stand alone or between commas, not three in a row.
    let spoken = spoken.split('`').step_by(2).collect::<Vec<_>>().join("。");
    let is_word = |word: &&str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase());
    let words: Vec<&str> = spoken.split(' ').collect();
    let sentence = words.windows(3).find(|words| words.iter().all(is_word));
    assert_eq!(sentence, None, "{}", complaint.zh);
}

/// What is said in Chinese.
fn chinese(errors: &[PolicyError]) -> String {
    errors.iter().map(|error| error.wording().zh).collect::<Vec<_>>().join("\n")
}

fn shipped_set() -> PolicySet {
    let mut set = PolicySet::default();
    shipped().iter().for_each(|document| set.add(read(document)));
    set
}

/// The shipped `file` with `from` replaced by `to`, read and shown: what is said about it, or that it is taken.
fn read_changed(file: &str, from: &str, to: &str) -> Result<PolicyDocument, Vec<PolicyError>> {
    let text = text_of(file).replacen(from, to, 1);
    assert_ne!(text, text_of(file), "{from:?} stands in {file}");
    let kind = shipped().iter().find(|document| document.file == file).expect("a shipped document").kind;
    let name = file.rsplit('/').next().unwrap_or(file);
    parse(kind, name, &text, cost_ceiling_default())
}

/// Reads the shipped `file` once for each change, and shows what is said, a line for each complaint.
fn check(file: &str, changes: &[(&str, &str)], expected: Expect) {
    let said = changes.iter().map(|(from, to)| match read_changed(file, from, to) {
        Ok(_) => "accepted".to_owned(),
        Err(errors) => words(&errors),
    });
    expected.assert_eq(&said.collect::<Vec<_>>().join("\n"));
}

/// Puts each changed document among the shipped ones, and shows what does not fit.
fn check_together(file: &str, changes: &[(&str, &str)], expected: Expect) {
    let said = changes.iter().map(|(from, to)| {
        let mut set = shipped_set();
        set.add(read_changed(file, from, to).unwrap_or_else(|errors| panic!("{}", words(&errors))));
        words(&set.check())
    });
    expected.assert_eq(&said.collect::<Vec<_>>().join("\n"));
}

#[test]
fn the_shipped_documents_are_accepted_and_fit_together() {
    let set = shipped_set();
    expect![""].assert_eq(&words(&set.check()));
    let heads = shipped().iter().map(|shipped| {
        let document = read(shipped);
        let header = document.header();
        assert_eq!(kind_of(shipped.text), Some(shipped.kind));
        format!(
            "{} {} v{} from {}: {} / {}",
            header.kind, header.name, header.version, header.effective_from, header.title_zh, header.title_en
        )
    });
    expect![[r#"
        calendar cn v1 from 2020-01-01: 中国大陆工作日历 / Working days (mainland China)
        product baitiao v1 from 2020-01-01: 白条 / Pay later
        product card v1 from 2020-01-01: 信用卡 / Monthly card
        product card-twd v1 from 2005-01-01: 信用卡（新台币） / Monthly card (TWD)
        product term-loan v1 from 2020-01-01: 分期贷款 / Instalment loan
        contact_rules cn v2 from 2005-01-01: 催收联系规则（中国大陆） / Contact rules (mainland China)
        contact_rules us v2 from 2021-11-30: 催收联系规则（美国，F 条例） / Contact rules (United States, Regulation F)
        contact_rules us-ma v1 from 2012-03-02: 催收联系规则（美国马萨诸塞州） / Contact rules (Massachusetts)
        contact_rules gb v1 from 2014-04-01: 催收联系规则（英国） / Contact rules (United Kingdom)
        contact_rules in v1 from 2022-08-12: 催收联系规则（印度） / Contact rules (India)
        template predue_reminder v1 from 2005-01-01: 到期前提醒 / Reminder before the due date
        template due_today v1 from 2005-01-01: 到期日提醒 / Reminder on the due date
        template day1_notice v1 from 2005-01-01: 逾期首日告知 / Notice on the first day past due
        template overdue_reminder v1 from 2005-01-01: 逾期提醒 / Reminder while overdue
        template overdue_firm v2 from 2005-01-01: 逾期催告 / Demand for an overdue amount
        template assignment_notice v1 from 2005-01-01: 债权转让通知 / Notice of assignment
        strategy standard v1 from 2020-01-01: 标准提醒与催收策略 / Standard reminders and collections
        strategy standard-twd v1 from 2005-01-01: 标准提醒与催收策略（新台币） / Standard reminders and collections (TWD)
        ledger sample-cn v1 from 2005-01-01: 会计科目表（样例） / Chart of accounts (sample)"#]].assert_eq(&heads.collect::<Vec<_>>().join("\n"));
}

#[test]
fn a_head_must_be_whole() {
    check(
        "products/baitiao.toml",
        &[
            ("kind = \"product\"", "kind = \"template\""),
            ("name = \"baitiao\"", "name = \"Bai Tiao\""),
            ("version = 1", "version = 0"),
            ("2020-01-01", "2026-02-30"),
            ("approver = \"sample\"", "approver = \"dunlin\""),
            ("title_zh = \"白条\"", "title_zh = \"\""),
        ],
        expect![[r#"
            baitiao.toml: kind: is template, but the file was read as product
            baitiao.toml:3: name: "Bai Tiao" must be lower-case letters, digits, "_" and "-"
            baitiao.toml:4: version: "0" must be a whole number from 1
            baitiao.toml:5: effective_from: date "2026-02-30" is not a day of the calendar; write it as 2026-02-28
            baitiao.toml:7: approver: must be another person than the author
            baitiao.toml:8: title_zh: is empty"#]],
    );
    check(
        "strategy/standard.csv",
        &[("# author: dunlin\n", ""), ("# author: dunlin\n", "# owner: dunlin\n"), ("# currency: CNY\n", "")],
        expect![[r###"
            standard.csv: author: is missing from the head; it has kind, name, version, effective_from, author, approver, title_zh, title_en
            standard.csv:5: head: "owner" is unknown; use one of kind, name, version, effective_from, author, approver, title_zh, title_en, currency, segments, days_past_due, trials, capacity, after_complaint; a remark begins with "##"
            standard.csv: author: is missing from the head; it has kind, name, version, effective_from, author, approver, title_zh, title_en
            standard.csv: currency: is missing from the head"###]],
    );
}

#[test]
fn a_strategy_without_a_product_of_its_currency_cannot_be_checked() {
    let mut set = shipped_set();
    set.products.retain(|document| document.terms.currency == Currency::CNY);
    expect!["strategy/standard-twd.csv: currency: there is no product in TWD to check the table for; import one first"].assert_eq(&words(&set.check()));
}

#[test]
fn what_does_not_fit_together_is_told_by_row() {
    check_together(
        "strategy/standard.csv",
        &[
            ("m1_early,M1,3..6,", "m1_early,M1,3..5,"),
            ("m2_reported,M2,-,-,-,yes,", "m2_reported,M2,>=40,-,-,yes,"),
            ("m1_wait,M1,2,", "m1_wait,M1,2..9,"),
            ("m1_wait,M1,2,", "m1_wait,\"M1,M9\",2,"),
            ("predue_reminder,friendly", "reminder,friendly"),
            ("\"push,sms,email\",due_today", "\"letter,sms\",due_today"),
        ],
        expect![[r#"
            standard.csv: no row answers for M1, 6 days past due, balance >=20.00, segment standard (product baitiao, card, term-loan)
            standard.csv: no row answers for M2, 31..39 days past due, balance >=20.00, segment standard, reported (product baitiao, card, term-loan)
            standard.csv:26: row m1_early: row m1_early never decides: all it matches is taken by tiny_m1, gentle_wait, m1_wait before it
            standard.csv:25: row m1_wait: bucket: "M9" is not a bucket of any product in CNY
            standard.csv:15: row predue_3: template: there is no template "reminder"; import it first or name another
            standard.csv:17: row due_day: channels: template "due_today" has no text for letter; add one or take the channel out"#]],
    );
    check_together(
        "templates/day1_notice.toml",
        &[("可能是一时疏忽", "将列入黑名单"), ("It may have slipped your mind", "We will sue you")],
        expect![[r#"
            day1_notice.toml:19: sms.zh.body: "黑名单" may not stand in a message (CN-5 of cn)
            day1_notice.toml:22: sms.en.body: "sue" may not stand in a message (CN-5 of cn)"#]],
    );
}

/// In every other test of broken documents, each complaint is looked at by [`check_chinese`]; these are read as a whole.
#[test]
fn complaints_are_told_in_chinese_with_place_and_remedy() {
    let changes = [
        ("products/baitiao.toml", "name = \"baitiao\"", "name = \"Bai Tiao\""),
        ("products/baitiao.toml", "approver = \"sample\"", "approver = \"dunlin\""),
        ("products/baitiao.toml", "rate_per_day = \"0.05%\"", "rate_per_day = \"0.07%\""),
        ("products/baitiao.toml", "share = \"10%\"", "share = \"10\""),
        ("products/baitiao.toml", "interest_free_days = 30", "interest_free_days = 37"),
        ("products/baitiao.toml", "floor = \"0.00\"", "floor = 0.00"),
        ("calendars/cn.toml", "\"2026-02-14\"", "\"2026-02-15\""),
        ("contact-rules/cn.toml", "end = \"08:00\"", "end = \"22:00\""),
        ("contact-rules/cn.toml", "\"related_third_party\"]", "\"contact_person\"]"),
        ("strategy/standard.csv", "# author: dunlin\n", "# owner: dunlin\n"),
        ("strategy/standard.csv", "m1_wait,M1,2,", "m1_wait,M1,two,"),
        ("strategy/standard.csv", "predue_reminder,friendly", "-,friendly"),
        ("templates/due_today.toml", "{{ due_date }}）", "{{ due_date"),
        ("templates/due_today.toml", "有异议请致电{{ hotline }}。{{ opt_out_hint }}。\"", "请告知。\""),
        ("ledger/sample-cn.toml", "\"accrued.late_fee\" = \"113202\"", "\"accrued.late_fee\" = \"602102\""),
    ];
    let said = changes.map(|(file, from, to)| match read_changed(file, from, to) {
        Ok(_) => format!("{file} is accepted with {to:?}"),
        Err(errors) => chinese(&errors),
    });
    expect![[r#"
        baitiao.toml 第 3 行：name：“Bai Tiao”只能由小写字母、数字、“_”和“-”组成
        baitiao.toml 第 7 行：approver：批准人与起草人不得为同一人
        baitiao.toml 第 40 行：late_fee.rate_per_day：每日 0.07% 的违约金折合年化 25.55%，比上限 24% 高出 1.55%
        baitiao.toml 第 36 行：minimum_payment.share：费率“10”不是形如“0.05%”的百分数，或小数点后超过四位
        baitiao.toml 第 16 行：interest_free_days：承诺最长免息 37 天，但按账单日与到期还款日推算，有的月份最多只有 36 天
        baitiao.toml 第 37 行：原文“invalid type: floating point `0.0`, expected a string”；请加上引号
        cn.toml：years：2026-02-15 既列为节假日，又列为调休上班日
        cn.toml 第 28 行：quiet_hours.end：静默时段的起止时刻相同；如要停用该规则，请写 enabled = false
        cn.toml 第 69 行：third_parties.may_be_told：contact_person（联系人）在任何情况下都不得获知债务；请去掉
        standard.csv 第 5 行：文件头：“owner”无法识别；取值为 kind、name、version、effective_from、author、approver、title_zh、title_en、currency、segments、days_past_due、trials、capacity、after_complaint 之一；注释以“##”开头
        standard.csv：author：文件头缺少此项；文件头须有 kind、name、version、effective_from、author、approver、title_zh、title_en
        standard.csv 第 25 行：表格行 m1_wait：days_past_due：“two”不是天数；请写 5、1..3、>=31、<=-1 或 -
        standard.csv 第 15 行：表格行 predue_3：template：缺失；联系客户的行须指明模板
        due_today.toml 第 19 行：sms.zh.body：无法读取：原文“unexpected character”
        due_today.toml 第 19 行：sms.zh.body：须写明 {{ hotline }}
        due_today.toml 第 19 行：sms.zh.body：须写明 {{ opt_out_hint }}
        sample-cn.toml 第 259 行：roles：记账角色 accrued.late_fee 对应的科目“602102”类别为 income；须为 asset、liability、equity 之一"#]].assert_eq(&said.join("\n"));
    let mut set = shipped_set();
    for (file, from, to) in [
        ("strategy/standard.csv", "m2_reported,M2,-,-,-,yes,", "m2_reported,M2,>=40,-,-,yes,"),
        ("templates/day1_notice.toml", "可能是一时疏忽", "将列入黑名单"),
    ] {
        set.add(read_changed(file, from, to).unwrap_or_else(|errors| panic!("{}", words(&errors))));
    }
    expect![[r#"
        standard.csv：没有任何一行覆盖：M2，逾期天数 31..39，余额 >=20.00，客群 standard，已报送征信（产品 baitiao、card、term-loan）
        day1_notice.toml 第 19 行：sms.zh.body：“黑名单”不得出现在消息中（CN-5，规则包 cn）"#]].assert_eq(&chinese(&set.check()));
}

#[test]
fn a_hash_tells_texts_apart() {
    expect!["d74981efa70a0c880b8d8c1985d075dbcbf679b99a5f9914e5aaf96b831a9e24"]
        .assert_eq(&content_hash("hello world"));
    assert_ne!(content_hash("hello world"), content_hash("hello world "));
}

#[test]
fn the_documentation_tells_every_variable_column_and_field_of_the_head() {
    let tells = |page: &str, names: &[&str]| {
        let missing: Vec<&&str> = names.iter().filter(|name| !page.contains(&format!("`{name}`"))).collect();
        assert!(missing.is_empty(), "{missing:?} must be told");
    };
    tells(include_str!("../../../../docs/templates.md"), &super::template::VARIABLES);
    tells(include_str!("../../../../docs/strategy.md"), &super::strategy::COLUMNS);
    tells(include_str!("../../../../docs/products.md"), &super::header::HEADER_KEYS);
}

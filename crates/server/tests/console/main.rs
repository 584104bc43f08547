//! The console over a real engine and a real socket: every page and its twin, in both languages, and every refusal.

mod calls;
mod checkout;
mod customers;
mod office;
mod pauses;
mod payments;
mod servicing;
mod unsubscribe;

use expect_test::{Expect, expect};
use office::{Console, Reply};

/// The headings of a page, in order.
fn headings(reply: &Reply) -> String {
    let parts = reply.body.split("<h1").skip(1).chain(reply.body.split("<h2").skip(1));
    let texts = parts.filter_map(|part| part.split_once('>')).map(|(_, rest)| {
        let text = rest.split("</h").next().unwrap_or_default();
        let mut is_tag = false;
        let visible = |letter: &char| {
            let shown = !is_tag && *letter != '<';
            is_tag = (is_tag || *letter == '<') && *letter != '>';
            shown
        };
        text.chars().filter(visible).collect::<String>().trim().to_owned()
    });
    format!("{} {}", reply.status, texts.collect::<Vec<_>>().join(" | "))
}

fn check(console: &Console, path: &str, expected: Expect) {
    expected.assert_eq(&headings(&console.get(path, &[])));
}

fn check_problem(console: &Console, path: &str, expected: Expect) {
    let reply = console.get(path, &[]);
    expected.assert_eq(&format!("{} {}", reply.status, reply.body));
    assert!(reply.head.contains("content-type: application/problem+json"), "{}", reply.head);
}

#[test]
fn every_page_opens_in_both_languages() {
    let console = Console::after("2026-01-20");
    check(&console, "/today", expect!["200 今日 | 覆盖情况 | 暂停与事故 | 消息 | 判定与原因 | 逾期阶段"]);
    check(
        &console,
        "/today?lang=en&on=2026-01-12",
        expect!["200 Today | Coverage | Pauses and incidents | Messages | Verdicts by reason | Buckets"],
    );
    check(&console, "/silence", expect!["200 静默 | 逐日原因 | 区间合计 | 逐日数字"]);
    check(
        &console,
        "/silence?lang=en",
        expect!["200 Silence | Reasons over time | All these days | Day by day"],
    );
    check(&console, "/silence/2026-01-11/contact.sent?lang=en", expect!["200 Contact Contact | Agreements"]);
    check(
        &console,
        "/agreements/A-1?lang=en",
        expect![
            "200 Agreement A-1 | Position on Tue 20 January 2026 | Credit line | Verdicts by day | Open statements | Timeline | Contact points"
        ],
    );
    check(
        &console,
        "/agreements/A%2F2%20%3Cb%3E",
        expect![
            "200 合约 A/2 &#60;b&#62; | 2026年1月20日 星期二 账务状况 | 授信额度与占用 | 判定日历 | 未结账单 | 经过 | 联系方式"
        ],
    );
    check(
        &console,
        "/agreements/A-1/why?on=2026-01-11",
        expect!["200 为什么联系了客户？ | 结论 | 从事实到结果 | 可以告知客户"],
    );
    check(
        &console,
        "/agreements/A-3/why?on=2026-01-12&lang=en",
        expect![
            "200 Why did the customer hear nothing? | Answer | From facts to outcome | What the customer may be told"
        ],
    );
}

#[test]
fn every_overdue_day_is_explained_and_leads_to_its_agreements() {
    let console = Console::after("2026-01-20");
    let today = console.get("/today?on=2026-01-12&lang=en", &[]);
    assert!(today.body.contains(r#"data-overdue="3" data-unexplained="0""#), "{}", today.body);
    let listed = console.get("/api/silence/2026-01-12/contact_data.none", &[]);
    expect![[r#"{"date":"2026-01-12","reason":{"code":"contact_data.none","label":{"zh":"没有联系方式","en":"no contact point"}},"total":2,"offset":0,"limit":50,"agreements":[{"agreement":"A-4","product":"baitiao","bucket":"M1","days_past_due":2,"overdue":{"amount":"61.00","currency":"CNY"}},{"agreement":"A/2 <b>","product":"baitiao","bucket":"M1","days_past_due":2,"overdue":{"amount":"820.50","currency":"CNY"}}]}"#]].assert_eq(&listed.body);
    let page = console.get("/silence/2026-01-12/contact_data.none", &[]);
    assert!(page.body.contains(r#"href="/agreements/A%2F2%20%3Cb%3E?on=2026-01-12""#), "{}", page.body);
    assert!(!page.body.contains("<b>"), "an id became markup");
}

#[test]
fn names_and_numbers_are_masked_on_pages_and_in_documents() {
    let console = Console::after("2026-01-12");
    for path in ["/agreements/A-1", "/api/agreements/A-1", "/agreements/A-1/why", "/api/agreements/A-1/why"] {
        let reply = console.get(path, &[]);
        assert_eq!(reply.status, 200, "{path}");
        assert!(!reply.body.contains("王晓明") && !reply.body.contains("13812345678"), "{path} shows them");
    }
}

#[test]
fn a_list_is_paged() {
    let console = Console::after("2026-01-12");
    let listed =
        |query: &str| console.get(&format!("/api/silence/2026-01-11/contact_data.none?{query}"), &[]).body;
    expect![[r#"{"date":"2026-01-11","reason":{"code":"contact_data.none","label":{"zh":"没有联系方式","en":"no contact point"}},"total":2,"offset":0,"limit":1,"agreements":[{"agreement":"A-4","product":"baitiao","bucket":"M1","days_past_due":1,"overdue":{"amount":"61.00","currency":"CNY"}}]}"#]].assert_eq(&listed("limit=1"));
    expect![[r#"{"date":"2026-01-11","reason":{"code":"contact_data.none","label":{"zh":"没有联系方式","en":"no contact point"}},"total":2,"offset":1,"limit":1,"agreements":[{"agreement":"A/2 <b>","product":"baitiao","bucket":"M1","days_past_due":1,"overdue":{"amount":"820.50","currency":"CNY"}}]}"#]].assert_eq(&listed("limit=1&offset=1"));
}

#[test]
fn before_the_first_day_the_pages_say_so() {
    let console = Console::before_the_first_day();
    check(&console, "/today?lang=en", expect!["404 No day has been run yet"]);
    check(&console, "/silence", expect!["404 尚未运行过任何一天"]);
    check(
        &console,
        "/agreements/A-1?lang=en",
        expect![
            "200 Agreement A-1 | Position on Sun 1 June 2025 | Credit line | Verdicts by day | Open statements | Timeline | Contact points"
        ],
    );
    check(&console, "/agreements/A-1/why?lang=en", expect!["404 No day has been run yet"]);
}

#[test]
fn the_books_open_in_both_languages_and_lead_to_each_account() {
    let console = Console::after("2026-01-20");
    check(&console, "/books", expect!["200 试算平衡表 | 借贷平衡 | 欠款的五级分类"]);
    check(&console, "/books?lang=en&on=2026-01-12", expect!["200 Trial balance | Both sides are equal"]);
    let page = console.get("/books?lang=en&on=2026-01-12", &[]);
    let card = "/books/accounts/130301?from=2026-01-09&#38;through=2026-01-12";
    assert!(page.body.contains(card), "{}", page.body);
    check(
        &console,
        "/books/accounts/130301?lang=en&from=2026-01-09&through=2026-01-12",
        expect!["200 130301 Loans: consumer credit principal | Opening and closing | Movements"],
    );
    check(&console, "/books/accounts/9?lang=en", expect!["404 No such account"]);
    check(&console, "/books?on=2026-01-21&lang=en", expect!["404 No verdicts on this day"]);
    let balance = console.get("/api/books?on=2026-01-09", &[]);
    expect![[r#"{"on":"2026-01-09","chart":"sample-cn@1","is_balanced":true,"closed_through":null,"accounts":[{"account":"1012","name":{"zh":"其他货币资金—支付清算","en":"Other monetary funds: payment clearing"},"class":"asset","currency":"CNY","debit":"350.00","credit":"0.00","balance":"350.00"},{"account":"130301","name":{"zh":"贷款—消费信贷本金","en":"Loans: consumer credit principal"},"class":"asset","currency":"CNY","debit":"2581.50","credit":"350.00","balance":"2231.50"},{"account":"224101","name":{"zh":"其他应付款—客户溢缴款","en":"Other payables: customers' credit balances"},"class":"liability","currency":"CNY","debit":"350.00","credit":"350.00","balance":"0.00"},{"account":"4104","name":{"zh":"资产接收过渡","en":"Portfolio takeover clearing"},"class":"equity","currency":"CNY","debit":"0.00","credit":"2581.50","balance":"-2581.50"}],"tiers":[]}"#]].assert_eq(&balance.body);
    let card = console.get("/api/books/accounts/113202?from=2026-01-11&through=2026-01-12", &[]);
    expect![[r#"{"account":"113202","name":{"zh":"应收利息—违约金计提","en":"Interest receivable: late fees accrued"},"chart":"sample-cn@1","from":"2026-01-11","through":"2026-01-12","balances":[{"product":"baitiao","currency":"CNY","opening":"0.00","debit":"2.23","credit":"0.00","closing":"2.23"}],"line_count":2,"lines":[{"business_date":"2026-01-11","key":"2926019ce8eb57683124cacde912dee0","agreement":null,"product":"baitiao","cause":"true_up","other_account":"602102","currency":"CNY","debit":"1.12","credit":null,"balance":"1.12"},{"business_date":"2026-01-12","key":"03315440a9baf94721bad19419270b67","agreement":null,"product":"baitiao","cause":"accrual","other_account":"602102","currency":"CNY","debit":"1.11","credit":null,"balance":"2.23"}]}"#]].assert_eq(&card.body);
}

#[test]
fn what_cannot_be_shown_is_refused_with_the_reason() {
    let console = Console::after("2026-01-12");
    check(&console, "/today?on=2026-02-30&lang=en", expect!["400 No such day"]);
    check(&console, "/today?on=2026-01-13", expect!["404 当日没有判定"]);
    check(&console, "/agreements/A-9?lang=en", expect!["404 No such agreement"]);
    check(&console, "/agreements/%FF?lang=en", expect!["404 No such page"]);
    check(&console, "/agreements?id=&lang=en", expect!["400 No agreement id"]);
    check(&console, "/silence/2026-01-11/no.such?lang=en", expect!["404 No such reason"]);
    check(&console, "/nowhere?lang=en", expect!["404 No such page"]);
}

#[test]
fn programs_get_a_problem_with_code_message_and_remedy() {
    let console = Console::after("2026-01-12");
    check_problem(
        &console,
        "/api/today?on=2026-02-30",
        expect![[
            r#"400 {"status":400,"code":"impossible_date","message":"“2026-02-30” is not a day of the calendar.","remedy":"Give a day that exists, written as 2026-02-28."}"#
        ]],
    );
    check_problem(
        &console,
        "/api/today?on=2026-01-13",
        expect![[
            r#"404 {"status":404,"code":"day_not_run","message":"2026-01-13 was not run, or is not closed yet.","remedy":"Choose a day from 2026-01-09 to 2026-01-12."}"#
        ]],
    );
    check_problem(
        &console,
        "/api/agreements/A-9?lang=zh",
        expect![[
            r#"404 {"status":404,"code":"unknown_agreement","message":"没有编号为“A-9”的合约。","remedy":"请核对编号（区分大小写），或从“静默”页面的列表进入。"}"#
        ]],
    );
    check_problem(
        &console,
        "/api/agreements/A-1?on=2027-01-01",
        expect![[
            r#"404 {"status":404,"code":"day_not_run","message":"2027-01-01 was not run, or is not closed yet.","remedy":"Choose a day from 2026-01-09 to 2026-01-12."}"#
        ]],
    );
    check_problem(
        &console,
        "/api/agreements/A-1/why?on=2026-01-08",
        expect![[
            r#"404 {"status":404,"code":"day_not_run","message":"2026-01-08 was not run, or is not closed yet.","remedy":"Choose a day from 2026-01-09 to 2026-01-12."}"#
        ]],
    );
    check_problem(
        &console,
        "/api/silence?from=2026-01-12&through=2026-01-11",
        expect![[
            r#"400 {"status":400,"code":"backward_range","message":"The first day 2026-01-12 is after the last day 2026-01-11.","remedy":"Exchange the two days."}"#
        ]],
    );
    check_problem(
        &console,
        "/api/silence/2026-01-11/contact.sent?offset=-1",
        expect![[
            r#"400 {"status":400,"code":"bad_number","message":"The value “-1” of offset is not a whole number that can be used.","remedy":"Give 0 or a positive whole number."}"#
        ]],
    );
    check_problem(
        &console,
        "/api/nothing",
        expect![[
            r#"404 {"status":404,"code":"no_such_page","message":"There is nothing at this address.","remedy":"Check the address, or begin at the page Today."}"#
        ]],
    );
}

#[test]
fn the_documents_carry_what_the_pages_show() {
    let console = Console::after("2026-01-12");
    let body = |path: &str| {
        let reply = console.get(path, &[]);
        assert!(reply.head.contains("content-type: application/json"), "{}", reply.head);
        reply.body
    };
    expect![[r#"{"date":"2026-01-11","first_day":"2026-01-09","last_day":"2026-01-12","coverage":{"overdue_days":3,"contacted":1,"silent":2,"unexplained":0,"delivered":0,"pending":1,"failed":0,"by_reason":[{"code":"contact_data.none","label":{"zh":"没有联系方式","en":"no contact point"},"count":2},{"code":"contact.sent","label":{"zh":"按策略联系","en":"contact"},"count":1}],"unexplained_examples":[]},"messages":{"planned":1,"pending":0,"held":0,"sent":1,"delivered":0,"failed":0,"unknown":0,"withdrawn":0},"messages_by_channel":[{"channel":"sms","planned":1,"pending":0,"held":0,"sent":1,"delivered":0,"failed":0,"unknown":0,"withdrawn":0}],"buckets":[{"bucket":"M1","agreements":3,"overdue":{"amount":"2231.50","currency":"CNY"}}],"pauses":[],"incidents":[],"agreement_incidents":[],"watch_incidents":[],"watched_at":null}"#]].assert_eq(&body("/api/today?on=2026-01-11"));
    expect![[r#"{"from":"2026-01-11","through":"2026-01-12","days":[{"date":"2026-01-11","by_reason":[{"code":"contact_data.none","label":{"zh":"没有联系方式","en":"no contact point"},"count":2},{"code":"contact.sent","label":{"zh":"按策略联系","en":"contact"},"count":1}],"unexplained":0},{"date":"2026-01-12","by_reason":[{"code":"contact_data.none","label":{"zh":"没有联系方式","en":"no contact point"},"count":2},{"code":"policy.interval","label":{"zh":"未到下次联系日","en":"between contacts"},"count":1}],"unexplained":0}]}"#]].assert_eq(&body("/api/silence?from=2026-01-11&through=2026-01-12"));
}

#[test]
fn statements_are_listed_and_come_in_every_form_with_the_name_masked() {
    let console = Console::after("2026-01-12");
    check(&console, "/agreements/A-1/statements?lang=en", expect!["200 Statements A-1"]);
    let page = console.get("/agreements/A-1/statements", &[]).body;
    assert!(page.contains("href=\"/agreements/A-1/statements/2026-01-01.pdf\""), "{page}");
    let agreement = console.get("/agreements/A-1", &[]).body;
    assert!(agreement.contains("href=\"/agreements/A-1/statements\""), "no link from the agreement");
    let html = console.get("/agreements/A-1/statements/2026-01-01.html", &[]);
    assert!(html.head.contains("content-security-policy: default-src 'none'"), "{}", html.head);
    assert!(html.head.contains("cache-control: no-store"), "{}", html.head);
    assert!(!html.body.contains("王晓明") && html.body.contains("1,350.00"), "{}", html.body);
    let json = console.get("/agreements/A-1/statements/2026-01-01.json", &[]).body;
    let twin = console.get("/api/agreements/A-1/statements/2026-01-01", &[]).body;
    assert_eq!(json.trim(), twin, "the twin says the same");
    assert!(json.contains("\"new_balance\":\"1350.00\""), "{json}");
    let list = console.get("/api/agreements/A-1/statements", &[]).body;
    assert!(list.starts_with("{\"agreement\":\"A-1\",\"statements\":[{"), "{list}");
    check(
        &console,
        "/agreements/A-1/statements/2026-01-02.html?lang=en",
        expect!["404 No statement on this day"],
    );
    check(&console, "/agreements/A-1/statements/2026-02-30.html?lang=en", expect!["400 No such day"]);
    check(&console, "/agreements/A-1/statements/2026-01-01.docx?lang=en", expect!["404 No such page"]);
    check(&console, "/agreements/A-9/statements?lang=en", expect!["404 No such agreement"]);
    check_problem(
        &console,
        "/api/agreements/A-1/statements/2026-01-02",
        expect![[
            r#"404 {"status":404,"code":"no_statement","message":"The agreement “A-1” has no statement of this day.","remedy":"The nearest statements: 2026-01-01."}"#
        ]],
    );
}

#[test]
fn a_request_by_another_name_learns_nothing() {
    let console = Console::after("2026-01-09");
    for path in ["/today", "/api/today", "/assets/console.css"] {
        let reply = console.get_as("evil.example", path, &[]);
        assert_eq!(reply.status, 421, "{path}");
        assert!(
            reply.body.starts_with("The request names a host that is not this machine."),
            "{}",
            reply.body
        );
    }
    assert_eq!(console.get_as("localhost:1234", "/today", &[]).status, 200);
}

#[test]
fn every_answer_is_sealed() {
    let console = Console::after("2026-01-09");
    for path in ["/today", "/api/today", "/nowhere", "/assets/console.css", "/", "/agreements?id=A-1"] {
        let head = console.get(path, &[]).head;
        for seal in [
            "content-security-policy: default-src 'self'; script-src 'none'",
            "frame-ancestors 'none'",
            "x-content-type-options: nosniff",
            "referrer-policy: no-referrer",
        ] {
            assert!(head.contains(seal), "{path} lacks {seal}: {head}");
        }
    }
    assert!(console.get("/today", &[]).head.contains("cache-control: no-store"));
}

#[test]
fn no_page_asks_for_anything_from_elsewhere() {
    let console = Console::after("2026-01-12");
    for path in
        ["/today", "/silence", "/agreements/A-1", "/agreements/A-1/why", "/nowhere", "/assets/console.css"]
    {
        let body = console.get(path, &[]).body;
        let foreign = body.match_indices("//").filter(|(place, _)| !body[..*place].ends_with(':')).count();
        assert_eq!(foreign, 0, "{path} names another server");
        let schemes = body.replace("http://www.w3.org/2000/svg", "");
        assert!(!schemes.contains("http:") && !schemes.contains("https:"), "{path} names another server");
        assert!(
            !body.contains("<script") && !body.contains(" style="),
            "{path} breaks the policy of its header"
        );
    }
}

#[test]
fn the_search_field_and_the_root_lead_on() {
    let console = Console::after("2026-01-09");
    let place = |path: &str| {
        let reply = console.get(path, &[]);
        let line =
            reply.head.lines().find(|line| line.starts_with("location")).unwrap_or("nowhere").to_owned();
        format!("{} {line}", reply.status)
    };
    expect!["303 location: /today"].assert_eq(&place("/"));
    assert!(console.get("/?lang=en", &[]).head.contains("set-cookie: dunlin_lang=en"), "the choice is lost");
    expect!["303 location: /agreements/a%2f2%20%3cb%3e"]
        .assert_eq(&place("/agreements?id=%20A%2F2%20%3Cb%3E"));
}

#[test]
fn a_chosen_language_is_kept_and_the_browser_is_heard() {
    let console = Console::after("2026-01-09");
    let language = |path: &str, headers: &[&str]| {
        let reply = console.get(path, headers);
        let tag =
            reply.body.split("lang=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or("none");
        let cookie = reply.head.lines().find(|line| line.starts_with("set-cookie")).unwrap_or("no cookie");
        format!("{tag}, {cookie}")
    };
    expect!["zh-CN, no cookie"].assert_eq(&language("/today", &[]));
    expect!["en, no cookie"].assert_eq(&language("/today", &["Accept-Language: en-GB,en;q=0.9"]));
    expect!["en, set-cookie: dunlin_lang=en; path=/; max-age=31536000; samesite=lax; httponly"]
        .assert_eq(&language("/today?lang=en", &[]));
    expect!["en, no cookie"]
        .assert_eq(&language("/today", &["Cookie: dunlin_lang=en", "Accept-Language: zh-CN"]));
}

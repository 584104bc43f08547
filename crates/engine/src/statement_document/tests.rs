//! Statements of small histories: what they say, that they add up, and that they stay as they were issued.

use dunlin_domain::contact::Language;
use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::fact::{Fact, FactDetail, FactKind, Prepayment};
use dunlin_domain::id::FactId;
use dunlin_domain::money::{Currency, Money, Rate};
use dunlin_domain::terms::{Component, FeeLimits, FeeOnFee, LateFeeTerms, ServiceFee, Terms};
use dunlin_store::agreement::StoredFact;
use dunlin_store::line::LimitChange;
use expect_test::{Expect, expect};
use jiff::tz::TimeZone;

use super::{
    Addressee, Knowledge, Movement, Movements, Reconciliation, Source, StatementDocument, StatementError,
    content, cut_offs,
};
use crate::document;
use crate::policy::{PolicyDocument, cost_ceiling_default, parse, shipped};
use crate::{Lender, Letters};

pub(super) fn date(text: &str) -> Date {
    Date::parse(text).expect("a day of the calendar")
}

/// The terms of a shipped product: `baitiao` (statement on the 1st, due on the 10th) or `card` (5th and 25th).
pub(super) fn terms(product: &str) -> Terms {
    let file = format!("products/{product}.toml");
    let shipped = shipped().iter().find(|document| document.file == file).expect("a shipped product");
    match parse(shipped.kind, shipped.file, shipped.text, cost_ceiling_default()).expect("it is sound") {
        PolicyDocument::Product(product) => product.terms,
        other => panic!("{other:?} is no product"),
    }
}

fn zone() -> TimeZone {
    TimeZone::get("Asia/Shanghai").expect("a zone")
}

/// Noon of a day, by the lender's clock.
fn noon(day: &str) -> Timestamp {
    Timestamp::at(date(day), 12, 0, &zone())
}

/// One fact a line: `DATE KIND REFERENCE AMOUNT [plan N] [due DATE] [of REFERENCE] [through DATE] [only COMPONENT]
/// [part COMPONENT] [mode MODE] [learned DATE] [note …]`. Without `learned` a fact is known at noon of its own day.
fn facts(history: &str) -> Vec<StoredFact> {
    let mut facts: Vec<StoredFact> = Vec::new();
    for line in history.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (line, note) = line.split_once(" note ").unwrap_or((line, ""));
        let words: Vec<&str> = line.split_whitespace().collect();
        let after = |name: &str| words.iter().position(|word| *word == name).map(|index| words[index + 1]);
        let reference = words[2].to_owned();
        let target = after("of").map(|of| {
            let found = facts.iter().find(|stored| stored.fact.reference == of);
            found.expect("a target stands above").fact.id
        });
        let fact = Fact {
            id: FactId::of_external(&format!("{} {reference}", words[1])),
            kind: FactKind::parse(words[1]).expect("a kind of fact"),
            value_on: date(words[0]),
            learned_at: noon(after("learned").unwrap_or(words[0])),
            amount: Money::parse(words[3], Currency::CNY).expect("an amount"),
            instalment_count: after("plan").map_or(0, |count| count.parse().expect("a count")),
            component: after("part").map_or(Component::Principal, component),
            due_on: after("due").map(date),
            target,
            reference,
            detail: FactDetail {
                through: after("through").map(date),
                only: after("only").map(component),
                prepayment: after("mode").and_then(Prepayment::parse),
                ..FactDetail::default()
            },
        };
        facts.push(StoredFact { fact, note: note.to_owned(), content_hash: [0; 16] });
    }
    facts
}

fn component(code: &str) -> Component {
    Component::parse(code).expect("a component")
}

pub(super) struct History {
    pub(super) terms: Terms,
    pub(super) facts: Vec<StoredFact>,
    limit_changes: Vec<LimitChange>,
    zone: TimeZone,
}

impl History {
    pub(super) fn new(product: &str, history: &str) -> Self {
        Self { terms: terms(product), facts: facts(history), limit_changes: Vec::new(), zone: zone() }
    }

    pub(super) fn source(&self) -> Source<'_> {
        Source {
            agreement: "A-1",
            product: format!("{}@1", self.terms.product),
            product_title: ("白条".to_owned(), "Pay later".to_owned()),
            terms: &self.terms,
            opened_on: date("2026-01-01"),
            credit_limit: Money::new(800_000, Currency::CNY),
            limit_changes: &self.limit_changes,
            facts: &self.facts,
            zone: &self.zone,
        }
    }

    fn statement(&self, cut_off: &str, knowledge: Knowledge) -> StatementDocument {
        let found = self.source().statement(date(cut_off), knowledge).expect("it adds up");
        found.expect("there is a statement on that day")
    }

    fn text(&self, cut_off: &str, language: Language) -> String {
        let addressee = Addressee { name: "王示例".to_owned(), language };
        document::text(&content(
            &self.statement(cut_off, Knowledge::AtCutOff),
            &addressee,
            &lender(),
            &self.zone,
        ))
    }
}

fn lender() -> Lender {
    Lender {
        name_zh: "示例消金".to_owned(),
        name_en: "Sample Finance".to_owned(),
        hotline: "400-000-0000".to_owned(),
        zone: "Asia/Shanghai".to_owned(),
        letters: Letters {
            email: Some("service@lender.example".to_owned()),
            website: Some("lender.example".to_owned()),
            address_zh: Some("示例市示例路1号".to_owned()),
            ..Letters::default()
        },
    }
}

/// One line a statement: from the previous balance to the new one.
fn check(product: &str, history: &str, through: &str, expected: Expect) {
    let history = History::new(product, history);
    let source = history.source();
    let mut lines = String::new();
    for day in cut_offs(source.terms, source.opened_on, date(through)) {
        let statement = source.statement(day, Knowledge::AtCutOff).expect("it adds up");
        let Some(statement) = statement else { continue };
        let balance = &statement.balance;
        let corrections = balance.corrections().effect().expect("it fits");
        lines.push_str(&format!("{day} {}: {}", statement.kind.code(), balance.previous()));
        if !corrections.is_zero() {
            lines.push_str(&format!(", corrected by {corrections}"));
        }
        for movement in Movement::ALL {
            let amount = balance.movements().get(movement);
            if !amount.is_zero() {
                let sign = if movement.is_credit() { '-' } else { '+' };
                lines.push_str(&format!(" {sign} {amount} {}", movement.code()));
            }
        }
        let minimum = statement.minimum.map_or(String::new(), |line| format!("; minimum {}", line.minimum));
        let credit =
            if statement.credit.is_zero() { String::new() } else { format!("; credit {}", statement.credit) };
        lines.push_str(&format!(" = {}{minimum}{credit}\n", balance.new_balance()));
    }
    expected.assert_eq(&lines);
}

const PLAIN: &str = "2026-01-05 purchase P-1 1000.00 note 街角便利店
    2026-01-06 purchase P-2 1200.00 plan 12 note 示例手机旗舰店
    2026-02-20 payment PAY-1 500.00
    2026-03-05 refund R-1 100.00 of P-2
    2026-03-15 waiver W-1 2.00";

#[test]
fn the_new_balance_of_one_statement_is_the_previous_one_of_the_next() {
    check(
        "baitiao",
        PLAIN,
        "2026-05-01",
        expect![[r#"
        2026-02-01 bill: 0.00 + 1000.00 purchases + 100.00 instalment_principal + 6.00 instalment_fees = 1106.00; minimum 110.60
        2026-03-01 bill: 1106.00 + 100.00 instalment_principal + 6.00 instalment_fees + 8.28 late_fees - 500.00 payments = 720.28; minimum 10.60
        2026-04-01 bill: 720.28 + 100.00 instalment_principal + 6.00 instalment_fees + 10.65 late_fees - 2.00 waivers = 834.93; minimum 10.60
        2026-05-01 bill: 834.93 + 100.00 instalment_principal + 6.00 instalment_fees + 11.87 late_fees = 952.80; minimum 10.60
    "#]],
    );
}

#[test]
fn a_payment_that_is_too_large_leaves_credit_and_an_account_statement() {
    check(
        "baitiao",
        "2026-01-05 purchase P-1 100.00
         2026-02-05 payment PAY-1 130.00
         2026-03-20 purchase P-2 20.00",
        "2026-05-01",
        expect![[r#"
            2026-02-01 bill: 0.00 + 100.00 purchases = 100.00; minimum 10.00
            2026-03-01 account: 100.00 - 130.00 payments = -30.00; credit 30.00
            2026-04-01 bill: -30.00 + 20.00 purchases = -10.00; minimum 2.00; credit 10.00
            2026-05-01 account: -10.00 = -10.00; credit 10.00
        "#]],
    );
}

#[test]
fn obligations_with_due_dates_of_their_own_give_a_statement_of_account() {
    check(
        "baitiao",
        "2026-01-01 obligation O-1 300.00 due 2026-02-10
         2026-01-01 obligation O-2 300.00 due 2026-03-10
         2026-02-20 payment PAY-1 301.50",
        "2026-03-01",
        expect![[r#"
            2026-01-01 account: 0.00 + 600.00 obligations = 600.00
            2026-02-01 account: 600.00 = 600.00
            2026-03-01 account: 600.00 + 1.50 late_fees - 301.50 payments = 300.00
        "#]],
    );
}

#[test]
fn a_card_is_charged_on_the_missing_minimum_only() {
    check(
        "card",
        "2026-01-10 purchase P-1 3000.00
         2026-03-10 payment PAY-1 200.00",
        "2026-04-05",
        expect![[r#"
            2026-02-05 bill: 0.00 + 3000.00 purchases = 3000.00; minimum 150.00
            2026-03-05 bill: 3000.00 + 0.60 late_fees = 3000.60; minimum 150.00
            2026-04-05 bill: 3000.60 + 0.93 late_fees - 200.00 payments = 2801.53; minimum 140.05
        "#]],
    );
}

#[test]
fn a_fee_taken_back_because_the_payment_came_within_the_grace_says_so() {
    let mut history = History::new(
        "card",
        "2026-01-01 statement_plan S-1 0.01 plan 3
         2026-01-01 purchase P-1 37.54
         2026-02-06 purchase P-3 0.01
         2026-01-06 purchase P-2 2827.20 plan 12
         2026-01-01 charge C-1 24.00 due 2026-01-10 part late_fee of S-1
         2026-03-06 withdrawal W-1 0.00 of C-1
         2026-02-26 payment PAY-1 290.48 of S-1 mode advance only late_fee",
    );
    let fee = history.terms.late_fee.expect("a card has late fees");
    let minimum = Some(Money::new(100, Currency::CNY));
    history.terms.late_fee = Some(LateFeeTerms {
        cap_share: Some(Rate::from_millionths(10_000)),
        limits: FeeLimits { minimum, ..fee.limits },
        ..fee
    });
    let rate_per_day = Rate::from_millionths(500);
    history.terms.service_fee = Some(ServiceFee { rate_per_day, fee_on_fee: FeeOnFee::Never });
    let told: Vec<String> = ["2026-03-05", "2026-04-05"]
        .iter()
        .flat_map(|day| history.statement(day, Knowledge::AtCutOff).late_fees)
        .map(|fee| format!("{} {} {:?} {}", fee.due_on, fee.charged, fee.grace_days, fee.in_period))
        .collect();
    expect![[r#"
        2026-02-25 1.00 None 1.00
        2026-01-10 0.00 None -0.24
        2026-02-25 0.00 Some(3) -1.00
        2026-03-25 1.00 None 1.00"#]]
    .assert_eq(&told.join("\n"));
}

#[test]
fn what_is_learned_late_is_a_correction_and_changes_no_issued_statement() {
    let history = "2026-01-05 purchase P-1 1000.00
        2026-02-09 payment PAY-1 400.00 learned 2026-03-12
        2026-03-20 payment PAY-2 100.00";
    check(
        "baitiao",
        history,
        "2026-04-01",
        expect![[r#"
        2026-02-01 bill: 0.00 + 1000.00 purchases = 1000.00; minimum 100.00
        2026-03-01 account: 1000.00 + 9.50 late_fees = 1009.50
        2026-04-01 bill: 1009.50, corrected by -409.50 - 100.00 payments = 500.00; minimum 50.00
    "#]],
    );
    let (with, without) = (
        History::new("baitiao", history),
        History::new("baitiao", "2026-01-05 purchase P-1 1000.00\n2026-03-20 payment PAY-2 100.00"),
    );
    for day in ["2026-02-01", "2026-03-01"] {
        assert_eq!(
            with.statement(day, Knowledge::AtCutOff),
            without.statement(day, Knowledge::AtCutOff),
            "the statement of {day} was issued before the payment was known"
        );
    }
    let now = with.statement("2026-03-01", Knowledge::Now);
    assert_eq!(now.balance.new_balance().to_string(), "600.00", "the payment came in time and costs nothing");
}

#[test]
fn a_payment_returned_in_a_later_period_is_told_there() {
    check(
        "baitiao",
        "2026-01-05 purchase P-1 1000.00
         2026-02-05 payment PAY-1 1000.00
         2026-03-04 reversal RET-1 0.00 of PAY-1",
        "2026-04-01",
        expect![[r#"
            2026-02-01 bill: 0.00 + 1000.00 purchases = 1000.00; minimum 100.00
            2026-03-01 account: 1000.00 - 1000.00 payments = 0.00
            2026-04-01 account: 0.00 + 25.00 late_fees + 1000.00 payments_returned = 1025.00
        "#]],
    );
}

#[test]
fn a_payment_that_came_and_went_in_one_period_is_shown_twice() {
    let history = History::new(
        "baitiao",
        "2026-01-05 purchase P-1 100.00
         2026-02-05 payment PAY-1 100.00
         2026-02-07 reversal RET-1 0.00 of PAY-1",
    );
    let statement = history.statement("2026-03-01", Knowledge::AtCutOff);
    let shown: Vec<String> = statement
        .entries
        .iter()
        .map(|entry| format!("{} {} {}", entry.on, entry.reference, entry.amount))
        .collect();
    expect![[r#"
        2026-02-05 PAY-1 -100.00
        2026-02-07 RET-1 100.00
        2026-03-01  0.95"#]]
    .assert_eq(&shown.join("\n"));
}

#[test]
fn a_day_without_anything_to_say_has_no_statement() {
    let history = History::new("baitiao", "2026-01-05 purchase P-1 100.00\n2026-02-05 payment PAY-1 100.00");
    let is_there =
        |day: &str| history.source().statement(date(day), Knowledge::AtCutOff).expect("it adds up").is_some();
    assert_eq!([is_there("2026-02-01"), is_there("2026-03-01"), is_there("2026-04-01")], [true, true, false]);
}

#[test]
fn the_limit_is_that_of_the_cut_off() {
    let mut history = History::new("baitiao", "2026-01-05 purchase P-1 100.00");
    let change = |day: &str, before_minor, after_minor| LimitChange {
        business_date: date(day),
        before_minor,
        after_minor,
    };
    history.limit_changes =
        vec![change("2026-02-10", 500_000, 300_000), change("2026-03-01", 300_000, 800_000)];
    let shown = ["2026-02-01", "2026-03-01", "2026-04-01"].map(|day| {
        let statement = history.statement(day, Knowledge::AtCutOff);
        format!("{} {}", statement.credit_limit, statement.available_credit)
    });
    assert_eq!(shown, ["5000.00 4900.00", "8000.00 7900.00", "8000.00 7900.00"]);
}

#[test]
fn a_statement_that_does_not_add_up_cannot_be_made() {
    let money = |minor| Money::new(minor, Currency::CNY);
    let mut movements = Movements::zero(Currency::CNY);
    movements.add(Movement::Purchase, money(1000)).expect("it fits");
    movements.add(Movement::Payment, money(300)).expect("it fits");
    let none = Movements::zero(Currency::CNY);
    assert!(Reconciliation::try_new(money(50), none, movements, money(750)).is_ok());
    let off_by_a_cent = Reconciliation::try_new(money(50), none, movements, money(751));
    let complaint = off_by_a_cent.expect_err("a cent is missing");
    assert!(matches!(complaint, StatementError::Unbalanced { .. }), "{complaint}");
    expect!["previous balance 0.50 and movements of 7.00 do not make the new balance 7.51"]
        .assert_eq(&complaint.to_string());
}

#[test]
fn a_statement_reads_well_in_chinese() {
    expect![[r#"
        示例消金
        账单
        合约 A-1，账单日 2026-03-01
        王示例

        本期余额    720.28
        到期还款日  2026-03-10
        最低还款额  10.60
        逾期金额    611.53
        合约编号  A-1
        产品      白条
        账单周期  2026-02-02 至 2026-03-01
        金额单位  人民币（元）
        授信额度  8,000.00
        可用额度  6,288.47

        ! 您有 611.53 已逾期 19 天（最早应于 2026-02-10 还清），另有未还违约金 2.75。请至少归还
        624.88，以恢复正常。

        余额变动
        ────────
        项目                金额
        ────────────────────────
        上期余额        1,106.00
        本期分期本金     +100.00
        本期分期手续费     +6.00
        违约金             +8.28
        本期还款         −500.00
        ────────────────────────
        本期余额          720.28

        交易明细
        ────────
        日期        摘要                                                               金额
        ───────────────────────────────────────────────────────────────────────────────────
        2026-02-20  还款（PAY-1）                                                   −500.00
        2026-03-01  分期第2/12期：本金 100.00，手续费 6.00 · 示例手机旗舰店（P-2）  +106.00
        2026-03-01  违约金（应于 2026-02-10 还清的款项）                              +8.28

        分期计划
        ────────
        分期计划                已入账期数  未入账本金  未入账手续费  年化（单利）  年化（复利）
        ────────────────────────────────────────────────────────────────────────────────────────
        1,200.00，分12期 · 示         2/12    1,000.00         60.00      10.8964%      11.4574%
        例手机旗舰店（P-2）
        年化综合资金成本按内部收益率法计算；尚未入账的分期不计入本期余额。

        各到期日未还款项
        ────────────────
        到期日                  应还    已还    未还  未还违约金
        ────────────────────────────────────────────────────────
        2026-02-10（逾期）  1,106.00  494.47  611.53        2.75
        2026-03-10            106.00    0.00  106.00        0.00

        最低还款额的计算
        ────────────────
        已出账且未逾期的 106.00 × 10% = 10.60；扣除已要求归还的部分后，本期最低还款额为 10.60。
        逾期款项及违约金另计。

        违约金的计算
        ────────────
        2026-02-10 到期           天数  计算基数  日费率    违约金
        ──────────────────────────────────────────────────────────
        2026-02-11 至 2026-02-20    10  1,106.00   0.05%      5.53
        2026-02-21 至 2026-03-01     9    611.53   0.05%  2.751885
        合计 8.281885，四舍五入后为 8.28；此前已计 0.00，本期计 8.28。

        还款、异议与联系方式
        ────────────────────
        如何还款  还款方式请咨询客服热线 400-000-0000。还款时请注明合约编号 A-1。
        如有异议  请致电 400-000-0000 或发送邮件至 service@lender.example，说明合约编号、账单日
                  和有异议的交易，我们核实后答复。
        联系我们  示例消金，示例市示例路1号，lender.example

        示例消金　客服热线 400-000-0000"#]]
    .assert_eq(&History::new("baitiao", PLAIN).text("2026-03-01", Language::Zh));
}

#[test]
fn a_statement_reads_well_in_english() {
    let late = "2026-01-05 purchase P-1 1000.00 note Corner Shop
        2026-02-09 payment PAY-1 400.00 learned 2026-03-12";
    expect![[r#"
        Sample Finance
        Statement
        Agreement A-1, 2026-04-01
        王示例

        New balance      600.00
        Due date         2026-04-10
        Minimum payment  60.00
        Agreement         A-1
        Product           Pay later
        Period            2026-03-02 to 2026-04-01
        Amounts in        CNY
        Credit limit      8,000.00
        Available credit  7,400.00

        From the previous balance to the new one
        ────────────────────────────────────────
        Item                             Amount
        ───────────────────────────────────────
        Previous balance               1,009.50
        Correction of earlier periods   −409.50
        ───────────────────────────────────────
        New balance                      600.00

        Correction of earlier periods
        ─────────────────────────────
        What follows was recorded after earlier statements were issued. Those stay as they are;
        the difference is taken here.
        What changed                    Amount
        ──────────────────────────────────────
        Late fees                        −9.50
        Payments                       −400.00
        ──────────────────────────────────────
        Correction of earlier periods  −409.50

        Counts from  Recorded on  Cause                          Amount
        ───────────────────────────────────────────────────────────────
        2026-02-09   2026-03-12   payment recorded late (PAY-1)  400.00

        Entries
        ───────
        There were no entries in this period.

        How the minimum payment was found
        ─────────────────────────────────
        600.00 open on statements and not overdue × 10% = 60.00; without what earlier statements
        ask for already, the minimum payment is 60.00. What is overdue and late fees come on
        top.

        Paying, objecting, reaching us
        ──────────────────────────────
        To pay       Ask for the ways to pay at 400-000-0000. Give the agreement A-1 with your
                     payment.
        To object    Call 400-000-0000 or write to service@lender.example and name the
                     agreement, the date of this statement and the entry; we look into it and
                     answer.
        To reach us  Sample Finance, lender.example

        Sample Finance, hotline 400-000-0000"#]]
    .assert_eq(&History::new("baitiao", late).text("2026-04-01", Language::En));
}

#[test]
fn the_html_holds_the_same_and_escapes_what_others_wrote() {
    let history = History::new("baitiao", "2026-01-05 purchase P-1 1000.00 note <b>Corner & \"Shop\"</b>");
    let statement = history.statement("2026-02-01", Knowledge::AtCutOff);
    let addressee = Addressee { name: "<script>".to_owned(), language: Language::En };
    let html = document::html(&content(&statement, &addressee, &lender(), &history.zone));
    let body = html.split("<body>").nth(1).expect("a body");
    expect![[r#"

        <header><span class="sender">Sample Finance</span><span class="subject">Agreement A-1, 2026-02-01</span></header>
        <main>
        <h1>Statement</h1>
        <p class="addressee">&lt;script&gt;</p>
        <dl class="figures">
        <div><dt>New balance</dt><dd>1,000.00</dd></div>
        <div><dt>Due date</dt><dd>2026-02-10</dd></div>
        <div><dt>Minimum payment</dt><dd>100.00</dd></div>
        </dl>
        <dl class="facts">
        <dt>Agreement</dt><dd>A-1</dd>
        <dt>Product</dt><dd>Pay later</dd>
        <dt>Period</dt><dd>2026-01-02 to 2026-02-01</dd>
        <dt>Amounts in</dt><dd>CNY</dd>
        <dt>Credit limit</dt><dd>8,000.00</dd>
        <dt>Available credit</dt><dd>7,000.00</dd>
        </dl>
        <h2>From the previous balance to the new one</h2>
        <div class="scroll"><table>
        <colgroup><col style="width:70%"><col style="width:30%"></colgroup>
        <thead><tr><th scope="col">Item</th><th scope="col" class="number">Amount</th></tr></thead>
        <tbody>
        <tr><td>Previous balance</td><td class="number">0.00</td></tr>
        <tr><td>Purchases</td><td class="number">+1,000.00</td></tr>
        <tr class="total"><td>New balance</td><td class="number">1,000.00</td></tr>
        </tbody>
        </table></div>
        <h2>Entries</h2>
        <div class="scroll"><table>
        <colgroup><col style="width:17%"><col style="width:64%"><col style="width:17%"></colgroup>
        <thead><tr><th scope="col">Date</th><th scope="col">Description</th><th scope="col" class="number">Amount</th></tr></thead>
        <tbody>
        <tr><td>2026-01-05</td><td>Purchase · &lt;b&gt;Corner &amp; &quot;Shop&quot;&lt;&#x2f;b&gt; (P-1)</td><td class="number">+1,000.00</td></tr>
        </tbody>
        </table></div>
        <h2>How the minimum payment was found</h2>
        <p class="note">1,000.00 open on statements and not overdue × 10% = 100.00; without what earlier statements ask for already, the minimum payment is 100.00. What is overdue and late fees come on top.</p>
        <h2>Paying, objecting, reaching us</h2>
        <dl class="facts">
        <dt>To pay</dt><dd>Ask for the ways to pay at 400-000-0000. Give the agreement A-1 with your payment.</dd>
        <dt>To object</dt><dd>Call 400-000-0000 or write to service@lender.example and name the agreement, the date of this statement and the entry; we look into it and answer.</dd>
        <dt>To reach us</dt><dd>Sample Finance, lender.example</dd>
        </dl>
        </main>
        <footer>Sample Finance, hotline 400-000-0000</footer>
        </body>
        </html>"#]].assert_eq(body);
    for foreign in ["http:", "https:", "<script", "src=", "url("] {
        assert!(!html.contains(foreign), "the file needs {foreign}");
    }
}

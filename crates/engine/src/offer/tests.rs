use dunlin_domain::contact::Language;
use dunlin_domain::date::Date;
use expect_test::{Expect, expect};

use super::*;

fn date(text: &str) -> Date {
    Date::parse(text).expect("a day of the calendar")
}

fn request(amount: &str, count: u32) -> OfferRequest {
    OfferRequest {
        product: "baitiao".to_owned(),
        amount: amount.to_owned(),
        count,
        on: date("2026-03-02"),
        first_due_on: None,
    }
}

fn shipped_policies() -> Policies {
    Policies::of_shipped().expect("the shipped documents are right")
}

fn check_sheet(request: &OfferRequest, language: Language, expected: Expect) {
    expected.assert_eq(&match shipped_policies().offer_cost(request) {
        Ok(sheet) => sheet_text(&sheet, "白条", "Lender", language),
        Err(error) => format!("{}: {error}", error.code()),
    });
}

#[test]
fn a_cost_sheet_names_each_item_its_payee_the_annual_total_and_what_is_contingent() {
    check_sheet(
        &request("1200", 12),
        Language::Zh,
        expect![[r#"
        综合融资成本明示表 — 白条（baitiao，第 1 版）
        本金 1200.00 CNY，2026-03-02 起，分 12 期，等额本金加每期固定息费
        正常履约时收取：
          分期手续费：按原始本金每期收取 0.5%，合计 72.00 CNY，折合年化 10.37%（单利）/ 10.92%（复利），收取方：Lender
        息费合计 72.00 CNY，本息费合计 1272.00 CNY
        年化综合融资成本：10.37%（单利）/ 10.92%（复利），按内部收益率法按实际天数计算；按美国精算法 10.46%
        以下或有项目仅在未按约履行或提前结清时发生：
          违约金：按账单未还金额每日 0.05%，折合年化 18.25%，收取方：Lender
          提前结清：息费按实际借款天数计收，之后的不再收取
        除以上明示项目外，不收取其他任何息费。"#]],
    );
    check_sheet(
        &request("1200", 12),
        Language::En,
        expect![[r#"
        cost of credit — 白条 (baitiao, version 1)
        principal 1200.00 CNY from 2026-03-02, 12 instalments, equal parts of principal, the same cost every period
        charged when the plan is performed:
          instalment fee: 0.5% of the original principal each period, 72.00 CNY in all, 10.37% a year nominal / 10.92% effective, received by Lender
        cost 72.00 CNY, to be paid in all 1272.00 CNY
        annual cost: 10.37% nominal / 10.92% effective, by internal rate of return over actual days; 10.46% by the US actuarial method
        contingent, only on default or early payoff:
          late fee: 0.05% a day of the unpaid rest of the statement, 18.25% a year, received by Lender
          early payoff: interest and fee by the days that have passed, none after
        nothing other than the items above is charged."#]],
    );
}

#[test]
fn an_offer_that_is_none_is_refused_by_name() {
    check_sheet(
        &request("0", 12),
        Language::En,
        expect!["schedule.principal_not_positive: a plan splits an amount above 0, not 0.00"],
    );
    check_sheet(
        &request("-1", 12),
        Language::En,
        expect!["schedule.principal_not_positive: a plan splits an amount above 0, not -1.00"],
    );
    check_sheet(
        &request("0.01", 12),
        Language::En,
        expect![[r#"
        cost of credit — 白条 (baitiao, version 1)
        principal 0.01 CNY from 2026-03-02, 12 instalments, equal parts of principal, the same cost every period
        charged when the plan is performed:
          instalment fee: 0.5% of the original principal each period, 0.00 CNY in all, 0.00% a year nominal / 0.00% effective, received by Lender
        cost 0.00 CNY, to be paid in all 0.01 CNY
        annual cost: 0.00% nominal / 0.00% effective, by internal rate of return over actual days; 0.00% by the US actuarial method
        contingent, only on default or early payoff:
          late fee: 0.05% a day of the unpaid rest of the statement, 18.25% a year, received by Lender
          early payoff: interest and fee by the days that have passed, none after
        nothing other than the items above is charged."#]],
    );
    check_sheet(
        &request("1200", 5),
        Language::En,
        expect!["offer.not_offered: product baitiao has no plan of 5 instalments; use one of 3, 6, 12, 24"],
    );
    check_sheet(
        &request("12.345", 12),
        Language::En,
        expect![[r#"money: amount "12.345" is not a decimal number with at most 2 digits after the point"#]],
    );
    let early = OfferRequest { first_due_on: Some(date("2026-03-02")), ..request("1200", 12) };
    check_sheet(
        &early,
        Language::En,
        expect![
            "schedule.first_due_not_after_start: the first instalment is due on 2026-03-02, not after the start on 2026-03-02; give a later first due date"
        ],
    );
    let unknown = OfferRequest { product: "moon".to_owned(), ..request("1200", 12) };
    check_sheet(
        &unknown,
        Language::En,
        expect![[
            r#"no_policy: no product "moon" is in force on 2026-03-02; import one with `dunlin policy import FILE`"#
        ]],
    );
}

#[test]
fn instalments_of_an_offer_fall_due_with_the_statements() {
    let sheet = shipped_policies().offer_cost(&request("1000", 3)).expect("an offer");
    let (_, rows) = schedule_text(&sheet.schedule, Language::En);
    let rows: Vec<String> = rows.iter().map(|row| row.join(" ")).collect();
    expect![[r#"
        1 2026-03-02 2026-04-10 39 333.33 0.00 5.00 338.33 666.67
        2 2026-04-10 2026-05-10 30 333.33 0.00 5.00 338.33 333.34
        3 2026-05-10 2026-06-10 31 333.34 0.00 5.00 338.34 0.00
        all    1000.00 0.00 15.00 1015.00 "#]]
    .assert_eq(&rows.join("\n"));
}

#[test]
fn an_offer_can_be_asked_what_closes_it() {
    let shown = |paid_on: &str, through: &str| {
        let found = shipped_policies().offer_payoff(&request("1200", 12), date(paid_on), date(through));
        match found {
            Ok((quote, rule)) => payoff_text(&quote, rule, Language::En),
            Err(error) => format!("{}: {error}", error.code()),
        }
    };
    expect![[r#"
        1001.94 CNY close the plan on 2026-05-20: principal 1000.00, interest 0.00, fee 1.94; the quote holds through 2026-05-25
        early payoff: interest and fee by the days that have passed, none after; 58.06 CNY are spared"#]].assert_eq(&shown("2026-05-20", "2026-05-25"));
    expect!["quote.ends_before_it_begins: a quote of 2026-05-20 cannot hold through 2026-05-19; give that day or a later one"].assert_eq(&shown("2026-05-20", "2026-05-19"));
    expect!["payoff.before_start: 2026-03-01 is before the plan begins on 2026-03-02"]
        .assert_eq(&shown("2026-03-01", "2026-05-19"));
}

#[test]
fn the_sheet_as_an_object_holds_what_the_text_says() {
    let sheet = shipped_policies().offer_cost(&request("1200", 12)).expect("an offer");
    let object = sheet_json(&sheet, "Lender");
    expect![[r#"
        {
          "actuarial": {
            "annual": "10.46%",
            "unit_period": "1 month"
          },
          "annual": {
            "effective": "10.92%",
            "nominal": "10.37%"
          },
          "annual_by": "days",
          "contingent": [
            {
              "annual": "18.25%",
              "base": "statement_rest",
              "grace_days": 0,
              "kind": "late_fee",
              "payee": "Lender",
              "rate_per_day": "0.05%"
            }
          ],
          "currency": "CNY",
          "early_payoff": "actual_time",
          "instalments": 12,
          "items": [
            {
              "annual": {
                "effective": "10.92%",
                "nominal": "10.37%"
              },
              "kind": "instalment_fee",
              "method": "per_period_on_original_principal",
              "payee": "Lender",
              "rate": "0.5%",
              "total_minor": 7200
            }
          ],
          "nothing_else_is_charged": true,
          "on": "2026-03-02",
          "principal_minor": 120000,
          "product": "baitiao",
          "total_cost_minor": 7200,
          "total_minor": 127200,
          "version": 1
        }"#]]
    .assert_eq(&serde_json::to_string_pretty(&object).expect("an object"));
}

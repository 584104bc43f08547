use super::*;
use crate::money::Money;
use expect_test::{Expect, expect};

fn cny(minor: i64) -> Money {
    Money::new(minor, Currency::CNY)
}

fn line() -> Line {
    Line::new(Life::Open, cny(100_000))
}

/// 600.00 of 1,000.00 is free.
fn room(amount: i64, over: i64) -> Available {
    Available {
        limit: cny(100_000),
        billed: cny(0),
        unbilled: cny(0),
        plan_rest: cny(0),
        held: cny(0),
        credit: cny(0),
        amount: cny(amount),
        over: cny(over),
    }
}

fn rules() -> LineRules {
    LineRules {
        amount_min: Some(cny(100)),
        amount_max: Some(cny(50_000)),
        excluded_categories: vec!["lottery".to_owned()],
        ..LineRules::default()
    }
}

fn request(minor: i64) -> DrawRequest {
    DrawRequest { amount: cny(minor), instalment_count: 0, category: None }
}

#[track_caller]
fn check(line: Line, available: Available, request: DrawRequest, expected: Option<DeclineReason>) {
    let found = decline(Currency::CNY, &line, &rules(), &[3, 6], &available, &request);
    assert_eq!(found, expected);
}

#[test]
fn a_purchase_up_to_the_last_fen_is_accepted() {
    check(line(), room(40_000, 0), request(40_000), None);
    check(line(), room(40_000, 0), request(40_001), Some(DeclineReason::Limit));
    check(line(), room(0, 0), request(100), Some(DeclineReason::Limit));
}

#[test]
fn an_absurd_amount_is_declined_and_not_summed() {
    let rules = LineRules::default();
    let request = request(i64::MAX);
    let reduced = Line { limit: cny(0), granted: cny(i64::MAX), ..line() };
    for line in [line(), reduced] {
        let found = decline(Currency::CNY, &line, &rules, &[], &room(0, i64::MAX), &request);
        assert_eq!(found, Some(DeclineReason::Limit));
    }
}

#[test]
fn each_restriction_declines_by_its_own_name() {
    let all = room(100_000, 0);
    check(Line { life: Life::Closed, ..line() }, all, request(100), Some(DeclineReason::Closed));
    check(Line { life: Life::NotOpened, ..line() }, all, request(100), Some(DeclineReason::NotOpened));
    check(Line { is_frozen_risk: true, ..line() }, all, request(100), Some(DeclineReason::FrozenRisk));
    check(Line { is_frozen_overdue: true, ..line() }, all, request(100), Some(DeclineReason::FrozenOverdue));
    check(Line { is_suspended: true, ..line() }, all, request(100), Some(DeclineReason::SuspendedByCustomer));
    let both = Line { is_frozen_risk: true, is_frozen_overdue: true, ..line() };
    check(both, all, request(100), Some(DeclineReason::FrozenRisk));
}

#[test]
fn the_products_rules_decline_a_fen_outside_and_not_at_the_edge() {
    let all = room(100_000, 0);
    check(line(), all, request(99), Some(DeclineReason::AmountRange));
    check(line(), all, request(100), None);
    check(line(), all, request(50_000), None);
    check(line(), all, request(50_001), Some(DeclineReason::AmountRange));
    let plan = |count| DrawRequest { instalment_count: count, ..request(600) };
    check(line(), all, plan(6), None);
    check(line(), all, plan(1), Some(DeclineReason::PlanNotOffered));
    check(line(), all, plan(12), Some(DeclineReason::PlanNotOffered));
    let at = |category: &str| DrawRequest { category: Some(category.to_owned()), ..request(600) };
    check(line(), all, at("Lottery"), Some(DeclineReason::CategoryExcluded));
    check(line(), all, at("grocery"), None);
    let usd = Currency::parse("USD").expect("a currency");
    let dollars = DrawRequest { amount: Money::new(600, usd), ..request(600) };
    check(line(), all, dollars, Some(DeclineReason::Currency));
}

#[test]
fn a_lowered_limit_is_the_reason_where_the_granted_one_had_room() {
    let line = Line { limit: cny(60_000), ..line() };
    // 200.00 is free of the lowered limit, 600.00 would be of the granted one.
    check(line, room(20_000, 0), request(20_000), None);
    check(line, room(20_000, 0), request(20_001), Some(DeclineReason::Reduced));
    check(line, room(0, 10_000), request(30_000), Some(DeclineReason::Reduced));
    check(line, room(0, 10_000), request(30_001), Some(DeclineReason::Limit));
}

fn check_texts(expected: Expect) {
    let line = |reason: &DeclineReason| {
        format!("{reason}: {} / {}", reason.text(Language::Zh), reason.text(Language::En))
    };
    expected.assert_eq(&DeclineReason::ALL.iter().map(line).collect::<Vec<_>>().join("\n"));
}

#[test]
fn each_reason_has_a_text_in_both_languages() {
    check_texts(expect![[r#"
        currency: 该额度不支持此币种 / this line is not in that currency
        closed: 额度已关闭，不能用于新的消费 / the line is closed to new purchases
        not_opened: 额度尚未开通 / the line has not been opened yet
        frozen_risk: 额度已被冻结，请联系客服 / the line is frozen; please call customer service
        frozen_overdue: 有逾期款项，还清后可恢复使用 / something is overdue; the line can be used again once that is paid
        suspended_by_customer: 客户已暂停使用该额度，恢复后可用 / the customer has suspended the line; it can be used once it is resumed
        category_excluded: 该额度不能用于此类商户 / the line cannot be used at merchants of this kind
        amount_range: 金额不在产品允许的范围内 / the amount is outside the range that the product allows
        plan_not_offered: 产品不提供该分期期数 / the product offers no plan of so many instalments
        reduced: 额度已调低，可用额度不足 / the limit was lowered and there is not enough left of it
        limit: 可用额度不足 / there is not enough available credit"#]]);
}

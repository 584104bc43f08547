//! Product documents: too costly, broken.

use dunlin_domain::money::Rate;
use expect_test::expect;

use super::*;

#[test]
fn a_product_that_costs_too_much_is_refused_with_by_how_much() {
    check(
        "products/baitiao.toml",
        &[
            ("count = 12\nfee_per_period = \"0.5%\"", "count = 12\nfee_per_period = \"1.2%\""),
            ("count = 12\nfee_per_period = \"0.5%\"", "count = 12\nfee_per_period = \"1.0%\""),
            ("rate_per_day = \"0.05%\"", "rate_per_day = \"0.07%\""),
            ("rate_per_day = \"0.05%\"", "rate_per_day = \"0.0658%\""),
            ("rate_per_day = \"0.05%\"", "rate_per_day = \"0.0657%\""),
        ],
        expect![[r#"
            baitiao.toml:29: instalments.fee_per_period: a plan of 12 instalments at 1.2% a period costs 28.822% a year, 4.822% above the ceiling of 24%
            accepted
            baitiao.toml:40: late_fee.rate_per_day: a late fee of 0.07% a day costs 25.55% a year, 1.55% above the ceiling of 24%
            baitiao.toml:40: late_fee.rate_per_day: a late fee of 0.0658% a day costs 24.017% a year, 0.017% above the ceiling of 24%
            accepted"#]],
    );
}

#[test]
fn a_micro_lender_has_a_lower_ceiling() {
    let ceiling = Rate::from_millionths(120_000);
    let errors = parse(PolicyKind::Product, "baitiao.toml", text_of("products/baitiao.toml"), ceiling);
    expect!["baitiao.toml:40: late_fee.rate_per_day: a late fee of 0.05% a day costs 18.25% a year, 6.25% above the ceiling of 12%"].assert_eq(&words(&errors.expect_err("0.05 % a day is above 12 % a year")));
}

#[test]
fn a_broken_product_is_told_what_would_be_right() {
    check(
        "products/baitiao.toml",
        &[
            ("count = 3", "count = 0"),
            ("count = 3", "count = -3"),
            ("count = 3", "count = 6"),
            ("statement_day = 1 ", "statement_day = 32 "),
            ("statement_day = 1 ", "statement_day = \"first\" "),
            ("due_days_after = 9", "due_days_after = 0"),
            ("due_days_after = 9", "due_days_after = 9\ndue_day = 10"),
            ("due_days_after = 9 ", "# "),
            ("interest_free_days = 30", "interest_free_days = 36"),
            ("interest_free_days = 30", "interest_free_days = 37"),
            ("\"CNY\"", "\"RMB\""),
            ("\"half_up\"", "\"nearest\""),
            ("floor = \"0.00\"", "floor = \"0.001\""),
            ("floor = \"0.00\"", "floor = 0.00"),
            ("share = \"10%\"", "share = \"10\""),
            ("base = \"statement_rest\"", "base = \"rest\""),
            (", \"principal\"]", "]"),
            ("from_days = 31", "from_days = 91"),
            ("\"M2\"", "\"M1\""),
            ("grace_days = 0\nafter", "graze_days = 0\nafter"),
            ("currency = \"CNY\"", "currency = CNY"),
        ],
        expect![[r#"
            baitiao.toml:20: instalments.count: must be 2 to 60 periods
            baitiao.toml:20: instalments.count: must be 2 to 60 periods
            baitiao.toml:24: instalments.count: is offered twice; leave one of them out
            baitiao.toml:14: statement_day: must be 1 to 31, or "last"
            baitiao.toml:14: statement_day: must be 1 to 31, or "last"
            baitiao.toml:15: due_days_after: must be 1 to 60 days
            baitiao.toml:16: interest_free_days: 30 days are promised, but the calendar gives at most 27 in some months
            baitiao.toml:16: due_day: is given together with due_days_after; leave one of them out
            baitiao.toml: due_day: is missing; give due_day (1 to 31, or "last") or due_days_after
            accepted
            baitiao.toml:16: interest_free_days: 37 days are promised, but the calendar gives at most 36 in some months
            baitiao.toml:11: currency: currency "RMB" is unknown; use an ISO 4217 code such as CNY
            baitiao.toml:12: rounding: "nearest" is unknown; use one of half_up, half_even, down, up
            baitiao.toml:37: minimum_payment.floor: amount "0.001" is not a decimal number with at most 2 digits after the point
            baitiao.toml:37: invalid type: floating point `0.0`, expected a string; write it in quotes
            baitiao.toml:36: minimum_payment.share: rate "10" is not a percentage such as "0.05%" with at most four digits after the point
            baitiao.toml:41: late_fee.base: "rest" is unknown; use one of statement_rest, principal, principal_and_interest, minimum_shortfall
            baitiao.toml:46: allocation.order: must name each of late_fee, charge, interest, instalment_fee and principal once
            baitiao.toml:52: ageing.buckets: must be in ascending order of their first day
            baitiao.toml:55: ageing.buckets: "M1" is named twice
            baitiao.toml:42: unknown field `graze_days`, expected one of `rate_per_day`, `base`, `grace_days`, `after_grace`, `cap_share`, `fee_on_fee`, `minimum`, `cap_per_day`, `cap_per_statement`, `cap_lifetime`, `cap_per_year`
            baitiao.toml:11: string values must be quoted, expected literal string"#]],
    );
}

/// A `[plan]` block with `lines` before the minimum payment.
fn with_plan(lines: &str) -> String {
    format!("[plan]\n{lines}\n\n[minimum_payment]")
}

#[test]
fn plans_have_a_method_and_a_broken_block_is_told_what_would_be_right() {
    let plans: Vec<String> = [
        "method = \"equal_payment\"\naccrual = \"actual_365\"\nmultiple = \"1.00\"",
        "method = \"balloon\"",
        "accrual = \"30/360\"",
        "workday_shift = \"following\"",
        "workday_shift = \"following\"\ncalendar = \"cn\"",
        "multiple = \"0.00\"",
        "multiple = \"0.001\"",
        "early_payoff = \"never\"",
        "colour = \"red\"",
    ]
    .into_iter()
    .map(with_plan)
    .collect();
    let changes: Vec<(&str, &str)> = plans.iter().map(|plan| ("[minimum_payment]", plan.as_str())).collect();
    check(
        "products/baitiao.toml",
        &changes,
        expect![[r#"
        accepted
        baitiao.toml:36: plan.method: "balloon" is unknown; use one of flat, equal_payment, equal_principal, interest_only, bullet
        baitiao.toml:36: plan.accrual: "30/360" is unknown; use one of same_period, actual_365, actual_360, actual_364, actual_actual, actual_actual_last_day, thirty_360_us, thirty_360_european, whole_months
        baitiao.toml:35: plan.calendar: is missing; due dates that move over days off need a calendar
        accepted
        baitiao.toml:36: plan.multiple: must be above 0, or be left out
        baitiao.toml:36: plan.multiple: amount "0.001" is not a decimal number with at most 2 digits after the point
        baitiao.toml:36: plan.early_payoff: "never" is unknown; use one of actual_time, period_begun, remaining_fees
        baitiao.toml:36: unknown field `colour`, expected one of `method`, `accrual`, `month_end`, `workday_shift`, `interest_runs`, `calendar`, `odd_first`, `equal_payment_from`, `multiple`, `residue`, `early_payoff`"#]],
    );
    check(
        "products/baitiao.toml",
        &[
            ("fee_per_period = \"0.5%\"", "interest_per_year = \"12%\""),
            ("fee_per_period = \"0.5%\"", "interest_per_year = \"22%\"\nfee_per_period = \"0.1%\""),
            ("count = 3\nfee_per_period = \"0.5%\"", "count = 3"),
        ],
        expect![[r#"
            accepted
            baitiao.toml:21: instalments.interest_per_year: a plan of 3 instalments at 22% a year and 0.1% a period costs 40.4788% a year, 16.4788% above the ceiling of 24%
            baitiao.toml:20: instalments.fee_per_period: is missing; give fee_per_period, interest_per_year or both, "0%" for a free plan"#]],
    );
    check_together(
        "products/baitiao.toml",
        &[("[minimum_payment]", &with_plan("workday_shift = \"following\"\ncalendar = \"moon\""))],
        expect![[
            r#"baitiao.toml: plan.calendar: there is no calendar "moon"; import it first, or use one of cn"#
        ]],
    );
}

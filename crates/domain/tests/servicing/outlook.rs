//! What is to be paid when, where a payoff comes from, and a quote that holds.

use dunlin_domain::acceptance::{accept, payoff_needed};
use dunlin_domain::position::{payoff_parts, payoff_quote};
use dunlin_domain::schedule::{EarlyPayoff, Method};
use dunlin_domain::terms::{Component, Terms};
use expect_test::{Expect, expect};

use crate::support::*;

fn check_dues(terms: &Terms, history: &str, day: &str, expected: Expect) {
    let dues = position(terms, history, day).dues(terms).expect("amounts fit");
    let line = |due: &dunlin_domain::position::Due| {
        let parts = Component::ALL.iter().filter(|component| !due.parts.get(**component).is_zero());
        let parts: Vec<String> =
            parts.map(|component| format!("{component} {}", due.parts.get(*component))).collect();
        let plan = if due.plan.is_some() { "plan" } else { "-" };
        format!("{} {plan} {}: {}\n", due.due_on, due.number, parts.join(", "))
    };
    expected.assert_eq(&dues.iter().map(line).collect::<String>());
}

#[test]
fn what_is_to_come_is_what_statements_will_bill() {
    let history = "2026-01-05 purchase 120.00 plan=12\n2026-01-06 purchase 50.00\n2026-02-05 payment 60.60";
    check_dues(
        &line(),
        history,
        "2026-02-20",
        expect![[r#"
        2026-03-10 plan 2: instalment_fee 0.60, principal 10.00
        2026-04-10 plan 3: instalment_fee 0.60, principal 10.00
        2026-05-10 plan 4: instalment_fee 0.60, principal 10.00
        2026-06-10 plan 5: instalment_fee 0.60, principal 10.00
        2026-07-10 plan 6: instalment_fee 0.60, principal 10.00
        2026-08-10 plan 7: instalment_fee 0.60, principal 10.00
        2026-09-10 plan 8: instalment_fee 0.60, principal 10.00
        2026-10-10 plan 9: instalment_fee 0.60, principal 10.00
        2026-11-10 plan 10: instalment_fee 0.60, principal 10.00
        2026-12-10 plan 11: instalment_fee 0.60, principal 10.00
        2027-01-10 plan 12: instalment_fee 0.60, principal 10.00
    "#]],
    );
    check_dues(
        &loan(Method::EqualPayment, 3, "12%"),
        "2023-01-01 purchase 3000.00",
        "2023-02-15",
        expect![[r#"
            2023-02-01 plan 1: interest 30.00, principal 990.07
            2023-03-01 plan 2: interest 20.10, principal 999.97
            2023-04-01 plan 3: interest 10.10, principal 1009.96
        "#]],
    );
}

/// Each part says where it comes from, and all of them are the quote.
fn check_parts(terms: &Terms, history: &str, day: &str, plan: Option<&str>, expected: Expect) {
    let position = position(terms, history, day);
    let found = payoff_parts(&position, terms, plan.map(id)).expect("amounts fit");
    let total: i64 = found.parts.iter().map(|part| part.amount.minor()).sum();
    let quote = payoff_quote(&position, terms, plan.map(id)).and_then(|quote| quote.total());
    assert_eq!(total, quote.expect("amounts fit").minor());
    let line = |part: &dunlin_domain::position::PayoffPart| {
        format!("{} {} due {}: {:?}\n", part.component, part.amount, part.due_on, part.basis)
    };
    let lines: String = found.parts.iter().map(line).collect();
    expected.assert_eq(&format!("{lines}spared {}\n", found.spared));
}

#[test]
fn a_payoff_says_where_each_part_comes_from() {
    let history =
        "2026-01-05 purchase 1200.00 plan=12\n2026-01-06 purchase 100.00\n2026-02-05 payment 106.00";
    let mut terms = line();
    check_parts(
        &terms,
        history,
        "2026-02-15",
        Some("0"),
        expect![[r#"
        instalment_fee 3.00 due 2026-02-15: Days { of: Some(6.00 CNY), from: 2026-02-01, days: 14, length: 28 }
        principal 1100.00 due 2026-02-15: ToCome
        spared 63.00
    "#]],
    );
    check_parts(
        &terms,
        history,
        "2026-02-15",
        None,
        expect![[r#"
        principal 100.00 due 2026-02-10: Billed
        instalment_fee 3.00 due 2026-02-15: Days { of: Some(6.00 CNY), from: 2026-02-01, days: 14, length: 28 }
        principal 1100.00 due 2026-02-15: ToCome
        spared 63.00
    "#]],
    );
    terms.plan.early_payoff = EarlyPayoff::RemainingFees;
    check_parts(
        &terms,
        history,
        "2026-02-15",
        Some("0"),
        expect![[r#"
        instalment_fee 66.00 due 2026-02-15: RemainingFees { count: 11 }
        principal 1100.00 due 2026-02-15: ToCome
        spared 0.00
    "#]],
    );
    terms.plan.early_payoff = EarlyPayoff::PeriodBegun;
    check_parts(
        &terms,
        history,
        "2026-02-15",
        Some("0"),
        expect![[r#"
        instalment_fee 6.00 due 2026-02-15: PeriodBegun
        principal 1100.00 due 2026-02-15: ToCome
        spared 60.00
    "#]],
    );
    let loan = loan(Method::EqualPayment, 3, "12%");
    check_parts(
        &loan,
        "2023-01-01 purchase 3000.00\n2023-02-01 payment 1020.07",
        "2023-02-15",
        None,
        expect![[r#"
            interest 10.05 due 2023-02-15: Days { of: Some(20.10 CNY), from: 2023-02-01, days: 14, length: 28 }
            principal 2009.93 due 2023-02-15: ToCome
            spared 20.15
        "#]],
    );
    check_parts(
        &loan_by_the_day(),
        "2024-06-01 purchase 1000.00",
        "2024-06-25",
        None,
        expect![[r#"
        interest 4.67 due 2024-06-25: Days { of: None, from: 2024-06-01, days: 24, length: 30 }
        principal 1000.00 due 2024-06-25: ToCome
        spared 7.02
    "#]],
    );
}

/// Whether the last line of the history is taken.
fn outcome(terms: &Terms, history: &str) -> &'static str {
    let mut known = facts(history);
    let new = known.pop().expect("a history has a last line");
    accept(terms, opened_on(), &known, &new).map_or_else(|error| error.code(), |()| "ok")
}

#[test]
fn a_quote_is_taken_on_a_later_day_unless_something_happened() {
    let terms = loan(Method::EqualPayment, 3, "12%");
    let drawn = "2023-01-01 purchase 3000.00\n2023-02-01 payment 1020.07";
    let quoted = position(&terms, drawn, "2023-02-15");
    let needed = payoff_needed(&quoted, &terms, None).expect("amounts fit");
    let payoff = |day: &str, amount: &str| format!("{day} payoff {amount} due=2023-02-15 through=2023-02-20");
    let code = |between: &str, day: &str, amount: &str| {
        outcome(&terms, &format!("{drawn}\n{between}\n{}", payoff(day, amount)))
    };
    let needed = needed.to_string();
    assert_eq!(needed, "2019.98");
    assert_eq!(code("", "2023-02-15", &needed), "ok");
    assert_eq!(code("", "2023-02-20", &needed), "ok");
    assert_eq!(code("", "2023-02-21", &needed), "quote_ended");
    assert_eq!(code("", "2023-02-20", "2019.97"), "payoff_amount");
    assert_eq!(code("", "2023-02-20", "2019.99"), "payoff_amount");
    assert_eq!(code("2023-02-18 payment 1.00", "2023-02-20", &needed), "quote_stale");
    assert_eq!(code("2023-02-14 payment 1.00", "2023-02-20", &needed), "payoff_amount");
}

#[test]
fn what_a_quote_falls_short_by_is_interest_and_never_principal() {
    let terms = loan(Method::EqualPayment, 3, "12%");
    let history = "2023-01-01 purchase 3000.00
        2023-02-01 payment 1020.07
        2023-02-20 payoff 2019.98 due=2023-02-15 through=2023-02-20";
    check(
        &terms,
        history,
        &["2023-02-20"],
        expect![[r#"
            2023-02-20: owed 3.59, outstanding 3.59, credit 0.00; overdue 0.00 for 0 days (M0), late fee 0.00
              0 due 2023-02-20: interest 13.64, principal 2009.93; rest 3.59
        "#]],
    );
}

#[test]
fn a_statement_is_split_by_its_due_date() {
    let split = |day: &str| {
        let history =
            format!("2026-01-05 purchase 100.00\n{day} statement_plan 100.00 plan=12 due=2026-02-10");
        outcome(&line(), &history)
    };
    assert_eq!(split("2026-02-10"), "ok");
    assert_eq!(split("2026-02-11"), "statement_plan_too_late");
}

#[test]
fn a_reschedule_says_what_it_changes() {
    let of_loan = |change: &str| {
        let history = format!("2026-01-05 purchase 90.00\n2026-01-06 reschedule 0.00 of=0 {change}");
        outcome(&loan(Method::Flat, 3, "0%"), &history)
    };
    assert_eq!(of_loan(""), "nothing_to_change");
    assert_eq!(of_loan("plan=360"), "ok");
    assert_eq!(of_loan("plan=361"), "instalment_count");
    assert_eq!(of_loan("due=2026-01-07"), "ok");
    assert_eq!(of_loan("due=2026-01-06"), "first_due_too_early");
    assert_eq!(of_loan("rate=6%"), "ok");
    let of_line = "2026-01-05 purchase 90.00 plan=12\n2026-01-06 reschedule 0.00 of=0";
    assert_eq!(outcome(&line(), &format!("{of_line} plan=6")), "ok");
    assert_eq!(outcome(&line(), &format!("{of_line} plan=6 due=2026-05-01")), "first_due_by_statement");
}

#[test]
fn a_payment_ahead_of_time_needs_a_plan() {
    let bought = "2026-01-05 purchase 90.00 plan=12\n2026-01-05 purchase 10.00\n2026-01-06 payment 9.00";
    assert_eq!(outcome(&line(), &format!("{bought} of=0 mode=shorten")), "ok");
    assert_eq!(outcome(&line(), &format!("{bought} of=1 mode=shorten")), "unknown_plan");
    assert_eq!(outcome(&line(), &format!("{bought} mode=lower")), "unknown_plan");
    assert_eq!(outcome(&line(), &format!("{bought} mode=advance")), "ok");
    let drawn = "2026-01-05 purchase 90.00\n2026-01-06 payment 9.00 mode=lower";
    assert_eq!(outcome(&loan(Method::Flat, 3, "0%"), drawn), "ok");
}

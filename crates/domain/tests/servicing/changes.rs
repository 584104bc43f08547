//! Changes of plans: statement instalments, payoff, reschedule, payments ahead of time and waivers.

use dunlin_domain::position::payoff_quote;
use dunlin_domain::schedule::{EarlyPayoff, Method};
use dunlin_domain::terms::{Component, Terms};
use expect_test::{Expect, expect};

use crate::support::*;

fn check_quote(terms: &Terms, history: &str, day: &str, plan: Option<&str>, expected: Expect) {
    let position = position(terms, history, day);
    let quote = payoff_quote(&position, terms, plan.map(id)).expect("amounts fit");
    let parts = Component::ALL.iter().map(|component| format!("{component} {}", quote.get(*component)));
    expected.assert_eq(&parts.collect::<Vec<_>>().join(", "));
}

#[test]
fn part_of_a_statement_becomes_a_plan() {
    check(
        &line(),
        "2026-01-05 purchase 1000.00
         2026-02-03 statement_plan 600.00 due=2026-02-10 plan=12
         2026-02-08 payment 400.00",
        &["2026-02-03", "2026-02-08", "2026-03-01"],
        expect![[r#"
            2026-02-03: owed 1000.00, outstanding 1000.00, credit 0.00; overdue 0.00 for 0 days (M0), late fee 0.00
              0 due 2026-02-10: principal 400.00; rest 400.00
            2026-02-08: owed 600.00, outstanding 600.00, credit 0.00; overdue 0.00 for 0 days (M0), late fee 0.00
            2026-03-01: owed 603.00, outstanding 603.00, credit 0.00; overdue 0.00 for 0 days (M0), late fee 0.00
              0 due 2026-03-10: instalment_fee 3.00, principal 50.00; rest 53.00
        "#]],
    );
}

#[test]
fn a_payoff_of_a_plan_costs_what_the_terms_say() {
    let mut terms = line();
    let history = "2026-01-05 purchase 1200.00 plan=12
         2026-01-06 purchase 100.00
         2026-02-05 payment 206.00";
    for (cost, expected) in [
        (
            EarlyPayoff::ActualTime,
            expect!["late_fee 0.00, charge 0.00, interest 0.00, instalment_fee 3.00, principal 1100.00"],
        ),
        (
            EarlyPayoff::PeriodBegun,
            expect!["late_fee 0.00, charge 0.00, interest 0.00, instalment_fee 6.00, principal 1100.00"],
        ),
        (
            EarlyPayoff::RemainingFees,
            expect!["late_fee 0.00, charge 0.00, interest 0.00, instalment_fee 66.00, principal 1100.00"],
        ),
    ] {
        terms.plan.early_payoff = cost;
        check_quote(&terms, history, "2026-02-15", Some("0"), expected);
    }
    terms.plan.early_payoff = EarlyPayoff::ActualTime;
    check(
        &terms,
        &format!("{history}\n2026-02-15 payoff 1103.00 of=0"),
        &["2026-02-15", "2026-03-01"],
        expect![[r#"
            2026-02-15: owed 0.00, outstanding 0.00, credit 0.00; overdue 0.00 for 0 days (M0), late fee 0.00
            2026-03-01: owed 0.00, outstanding 0.00, credit 0.00; overdue 0.00 for 0 days (M0), late fee 0.00
        "#]],
    );
}

/// Civil Code Art. 677: interest for the actual time.
#[test]
fn a_loan_is_paid_off_with_interest_to_the_day() {
    let terms = loan(Method::EqualPayment, 3, "12%");
    let history = "2023-01-01 purchase 3000.00\n2023-02-01 payment 1020.07";
    check_quote(
        &terms,
        history,
        "2023-02-15",
        None,
        expect!["late_fee 0.00, charge 0.00, interest 10.05, instalment_fee 0.00, principal 2009.93"],
    );
    check(
        &terms,
        &format!("{history}\n2023-02-15 payoff 2019.98"),
        &["2023-02-15"],
        expect![[r#"
            2023-02-15: owed 0.00, outstanding 0.00, credit 0.00; overdue 0.00 for 0 days (M0), late fee 0.00
        "#]],
    );
    check_quote(
        &loan_by_the_day(),
        "2024-06-01 purchase 1000.00",
        "2024-06-25",
        None,
        expect!["late_fee 0.00, charge 0.00, interest 4.67, instalment_fee 0.00, principal 1000.00"],
    );
}

#[test]
fn paying_ahead_shortens_or_lowers() {
    let terms = loan(Method::EqualPayment, 6, "12%");
    let history = "2023-01-01 purchase 6000.00\n2023-02-01 payment";
    check(
        &terms,
        &format!("{history} 3035.29 mode=shorten"),
        &["2023-02-01"],
        expect![[r#"
        2023-02-01: owed 3024.71, outstanding 3085.21, credit 0.00; overdue 0.00 for 0 days (M0), late fee 0.00
          2 due 2023-03-01: interest 30.25, principal 1005.04; rest 1035.29
          3 due 2023-04-01: interest 20.20, principal 1015.09; rest 1035.29
          4 due 2023-05-01: interest 10.05, principal 1004.58; rest 1014.63
    "#]],
    );
    check(
        &terms,
        &format!("{history} 3035.29 mode=lower"),
        &["2023-02-01"],
        expect![[r#"
        2023-02-01: owed 3024.71, outstanding 3116.06, credit 0.00; overdue 0.00 for 0 days (M0), late fee 0.00
          2 due 2023-03-01: interest 30.25, principal 592.96; rest 623.21
          3 due 2023-04-01: interest 24.32, principal 598.89; rest 623.21
          4 due 2023-05-01: interest 18.33, principal 604.88; rest 623.21
          5 due 2023-06-01: interest 12.28, principal 610.93; rest 623.21
          6 due 2023-07-01: interest 6.17, principal 617.05; rest 623.22
    "#]],
    );
    check(
        &terms,
        &format!("{history} 3035.29"),
        &["2023-02-01"],
        expect![[r#"
        2023-02-01: owed 3115.36, outstanding 3176.46, credit 0.00; overdue 0.00 for 0 days (M0), late fee 0.00
          3 due 2023-04-01: interest 40.40, principal 994.89; rest 70.58
          4 due 2023-05-01: interest 30.45, principal 1004.84; rest 1035.29
          5 due 2023-06-01: interest 20.40, principal 1014.89; rest 1035.29
          6 due 2023-07-01: interest 10.25, principal 1025.05; rest 1035.30
    "#]],
    );
}

#[test]
fn paying_a_plan_of_a_line_ahead_takes_its_last_instalments_or_lowers_all() {
    let history = "2026-01-05 purchase 1200.00 plan=12\n2026-02-05 payment";
    check(
        &line(),
        &format!("{history} 706.00 of=0 mode=shorten"),
        &["2026-02-05", "2026-03-01"],
        expect![[r#"
            2026-02-05: owed 500.00, outstanding 500.00, credit 0.00; overdue 0.00 for 0 days (M0), late fee 0.00
              0 due 2026-02-10: instalment_fee 6.00, principal 100.00; rest 106.00
            2026-03-01: owed 507.01, outstanding 507.01, credit 0.00; overdue 106.00 for 19 days (M1), late fee 1.01
              0 due 2026-02-10: instalment_fee 6.00, principal 100.00, late 1.01; rest 106.00
              0 due 2026-03-10: instalment_fee 6.00, principal 100.00; rest 106.00
        "#]],
    );
    check(
        &line(),
        &format!("{history} 706.00 of=0 mode=lower"),
        &["2026-02-05", "2026-03-01"],
        expect![[r#"
            2026-02-05: owed 500.00, outstanding 500.00, credit 0.00; overdue 0.00 for 0 days (M0), late fee 0.00
              0 due 2026-02-10: instalment_fee 6.00, principal 100.00; rest 106.00
            2026-03-01: owed 502.98, outstanding 502.98, credit 0.00; overdue 106.00 for 19 days (M1), late fee 1.01
              0 due 2026-02-10: instalment_fee 6.00, principal 100.00, late 1.01; rest 106.00
              0 due 2026-03-10: instalment_fee 1.97, principal 35.81; rest 37.78
        "#]],
    );
}

#[test]
fn a_reschedule_spreads_what_is_left_anew() {
    let terms = loan(Method::EqualPayment, 3, "12%");
    check(
        &terms,
        "2023-01-01 purchase 3000.00
         2023-02-01 payment 1020.07
         2023-02-15 reschedule 0.00 of=0 plan=4 due=2023-03-20 rate=6%",
        &["2023-02-15"],
        expect![[r#"
            2023-02-15: owed 2009.93, outstanding 2046.79, credit 0.00; overdue 0.00 for 0 days (M0), late fee 0.00
              2 due 2023-03-20: interest 21.72, principal 497.52; rest 519.24
              3 due 2023-04-20: interest 7.56, principal 501.63; rest 509.19
              4 due 2023-05-20: interest 5.05, principal 504.14; rest 509.19
              5 due 2023-06-20: interest 2.53, principal 506.64; rest 509.17
        "#]],
    );
    // Without a plan named, what is overdue of the principal is spread too.
    check(
        &terms,
        "2023-01-01 purchase 3000.00
         2023-02-15 reschedule 0.00 plan=4 due=2023-03-20 rate=6%",
        &["2023-02-15", "2023-03-25"],
        expect![[r#"
            2023-02-15: owed 3030.00, outstanding 3080.08, credit 0.00; overdue 30.00 for 14 days (M1), late fee 0.00
              1 due 2023-02-01: interest 30.00; rest 30.00
              2 due 2023-03-20: interest 27.47, principal 742.59; rest 770.06
              3 due 2023-04-20: interest 11.29, principal 748.72; rest 760.01
              4 due 2023-05-20: interest 7.54, principal 752.47; rest 760.01
              5 due 2023-06-20: interest 3.78, principal 756.22; rest 760.00
            2023-03-25: owed 3057.47, outstanding 3080.08, credit 0.00; overdue 800.06 for 52 days (M2), late fee 0.00
              1 due 2023-02-01: interest 30.00; rest 30.00
              2 due 2023-03-20: interest 27.47, principal 742.59; rest 770.06
              3 due 2023-04-20: interest 11.29, principal 748.72; rest 760.01
              4 due 2023-05-20: interest 7.54, principal 752.47; rest 760.01
              5 due 2023-06-20: interest 3.78, principal 756.22; rest 760.00
        "#]],
    );
}

#[test]
fn relief_turns_what_is_open_on_a_line_into_a_plan() {
    check(
        &line(),
        "2026-01-05 purchase 1000.00
         2026-02-20 reschedule 0.00 plan=10 rate=0%",
        &["2026-02-20", "2026-03-01"],
        expect![[r#"
            2026-02-20: owed 1005.00, outstanding 1005.00, credit 0.00; overdue 0.00 for 0 days (M0), late fee 5.00
              0 due 2026-02-10: late 5.00; rest 0.00
            2026-03-01: owed 1005.00, outstanding 1005.00, credit 0.00; overdue 0.00 for 0 days (M0), late fee 5.00
              0 due 2026-02-10: late 5.00; rest 0.00
              0 due 2026-03-10: principal 100.00; rest 100.00
        "#]],
    );
}

#[test]
fn any_component_is_waived_wholly_or_in_part() {
    let history = "2026-01-05 obligation 100.00 due=2026-01-10 as=interest
         2026-01-05 obligation 50.00 due=2026-02-10 as=interest
         2026-01-05 obligation 500.00 due=2026-01-10
         2026-01-12 waiver";
    check(
        &line(),
        &format!("{history} 120.00 only=interest"),
        &["2026-01-12"],
        expect![[r#"
        2026-01-12: owed 530.60, outstanding 530.60, credit 0.00; overdue 500.00 for 2 days (M1), late fee 0.60
          0 due 2026-01-10: principal 500.00, late 0.50; rest 500.00
          0 due 2026-01-10: interest 100.00, late 0.10; rest 0.00
          0 due 2026-02-10: interest 50.00; rest 30.00
    "#]],
    );
    check(
        &line(),
        &format!("{history} 120.00 only=interest due=2026-02-10"),
        &["2026-01-12"],
        expect![[r#"
        2026-01-12: owed 600.60, outstanding 600.60, credit 0.00; overdue 600.00 for 2 days (M1), late fee 0.60
          0 due 2026-01-10: principal 500.00, late 0.50; rest 500.00
          0 due 2026-01-10: interest 100.00, late 0.10; rest 100.00
    "#]],
    );
    check(
        &line(),
        &format!("{history} 500.00 of=2 only=principal"),
        &["2026-01-12"],
        expect![[r#"
        2026-01-12: owed 150.60, outstanding 150.60, credit 0.00; overdue 100.00 for 2 days (M1), late fee 0.60
          0 due 2026-01-10: principal 500.00, late 0.50; rest 0.00
          0 due 2026-01-10: interest 100.00, late 0.10; rest 100.00
          0 due 2026-02-10: interest 50.00; rest 50.00
    "#]],
    );
}

/// An earlier date is asked for: the reversal of a later day does not reach back to it.
#[test]
fn a_reversal_counts_from_its_own_date_on() {
    let history = "2026-01-05 obligation 100.00 due=2026-01-10
         2026-01-10 payment 100.00
         2026-01-20 reversal 0.00 of=1";
    check(
        &line(),
        history,
        &["2026-01-19", "2026-01-20"],
        expect![[r#"
        2026-01-19: owed 0.00, outstanding 0.00, credit 0.00; overdue 0.00 for 0 days (M0), late fee 0.00
        2026-01-20: owed 100.50, outstanding 100.50, credit 0.00; overdue 100.00 for 10 days (M1), late fee 0.50
          0 due 2026-01-10: principal 100.00, late 0.50; rest 100.00
    "#]],
    );
}

#[test]
fn a_reversal_that_was_a_mistake_is_withdrawn_and_the_payment_stands() {
    let history = "2026-01-05 obligation 100.00 due=2026-01-10
         2026-01-10 payment 100.00
         2026-01-20 reversal 0.00 of=1
         2026-01-20 withdrawal 0.00 of=2";
    check(
        &line(),
        history,
        &["2026-01-21"],
        expect![[r#"
        2026-01-21: owed 0.00, outstanding 0.00, credit 0.00; overdue 0.00 for 0 days (M0), late fee 0.00
    "#]],
    );
}

/// The principal was given up, a fee of 9.00 is still open on an instalment to come: a reschedule has nothing to spread
/// anew, and the fee stays owed.
#[test]
fn a_reschedule_without_principal_keeps_the_charges() {
    let history = "2023-01-01 purchase 100.00
         2023-01-10 charge 9.00 as=charge of=0
         2023-01-11 waiver 100.00 only=principal of=0
         2023-01-12 reschedule 0.00 plan=6";
    for target in ["", " of=0"] {
        let position = position(&loan(Method::Bullet, 4, "0%"), &format!("{history}{target}"), "2023-01-12");
        assert_eq!(position.owed(&loan(Method::Bullet, 4, "0%")).expect("amounts fit"), money("9.00"));
    }
}

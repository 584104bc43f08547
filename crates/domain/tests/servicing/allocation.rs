//! In which order money clears what is owed.

use dunlin_domain::schedule::Method;
use dunlin_domain::terms::{AdvanceTarget, AllocationPreset, Terms, Walk};
use expect_test::expect;

use crate::support::*;

fn with(preset: AllocationPreset, mut terms: Terms) -> Terms {
    terms.order = Some(preset.order());
    terms
}

/// The rule file, section 4.1: 100 paid; costs 10, interest 30, principal 500 gives 10, 30 and 60.
#[test]
fn the_civil_code_clears_costs_then_interest_then_principal() {
    check(
        &with(AllocationPreset::CivilCode, line()),
        "2026-01-05 obligation 10.00 due=2026-01-20 as=charge
         2026-01-05 obligation 30.00 due=2026-01-20 as=interest
         2026-01-05 obligation 500.00 due=2026-01-20 as=principal
         2026-01-20 payment 100.00",
        &["2026-01-20"],
        expect![[r#"
            2026-01-20: owed 440.00, outstanding 440.00, credit 0.00; overdue 0.00 for 0 days (M0), late fee 0.00
              0 due 2026-01-20: principal 500.00; rest 400.00
              0 due 2026-01-20: interest 30.00; rest 30.00
              0 due 2026-01-20: charge 10.00; rest 10.00
        "#]],
    );
}

/// Fineract case FIN-ALLOC-01: penalty, fee and then principal of the instalment that is due.
#[test]
fn what_is_due_is_cleared_costs_first() {
    check(
        &with(AllocationPreset::DueThenPrincipalInAdvance, loan(Method::Flat, 3, "0%")),
        "2023-01-01 purchase 3000.00
         2023-02-01 charge 50.00 due=2023-02-01 as=late_fee
         2023-02-01 charge 50.00 due=2023-02-01 as=charge
         2023-02-01 payment 500.00",
        &["2023-02-01"],
        expect![[r#"
            2023-02-01: owed 2600.00, outstanding 2600.00, credit 0.00; overdue 0.00 for 0 days (M0), late fee 0.00
              1 due 2023-02-01: late_fee 50.00, charge 50.00, principal 1000.00; rest 600.00
              2 due 2023-03-01: principal 1000.00; rest 1000.00
              3 due 2023-04-01: principal 1000.00; rest 1000.00
        "#]],
    );
}

/// Fineract case FIN-ALLOC-02: a charge that is due goes first, then principal in advance, then the rest.
#[test]
fn in_advance_principal_goes_before_costs_that_are_not_due() {
    let terms = with(AllocationPreset::DueThenPrincipalInAdvance, loan(Method::Flat, 3, "12%"));
    let history = "2023-01-01 purchase 3000.00
         2023-01-15 charge 50.00 due=2023-01-15 as=late_fee
         2023-01-15 charge 50.00 due=2023-01-20 as=late_fee
         2023-01-15 charge 50.00 due=2023-01-20 as=charge
         2023-01-15 payment";
    check(
        &terms,
        &format!("{history} 1050.00"),
        &["2023-01-15"],
        expect![[r#"
        2023-01-15: owed 2100.00, outstanding 2190.00, credit 0.00; overdue 0.00 for 0 days (M0), late fee 0.00
          1 due 2023-02-01: late_fee 100.00, charge 50.00, interest 30.00, principal 1000.00; rest 130.00
          2 due 2023-03-01: interest 30.00, principal 1000.00; rest 1030.00
          3 due 2023-04-01: interest 30.00, principal 1000.00; rest 1030.00
    "#]],
    );
    check(
        &terms,
        &format!("{history} 1180.00"),
        &["2023-01-15"],
        expect![[r#"
        2023-01-15: owed 2000.00, outstanding 2060.00, credit 0.00; overdue 0.00 for 0 days (M0), late fee 0.00
          2 due 2023-03-01: interest 30.00, principal 1000.00; rest 1030.00
          3 due 2023-04-01: interest 30.00, principal 1000.00; rest 1030.00
    "#]],
    );
}

#[test]
fn money_in_advance_goes_to_the_next_the_last_or_all() {
    let mut terms = loan(Method::Flat, 3, "0%");
    let history = "2023-01-01 purchase 300.00
         2023-01-15 payment 150.00";
    check(
        &terms,
        history,
        &["2023-01-15"],
        expect![[r#"
        2023-01-15: owed 150.00, outstanding 150.00, credit 0.00; overdue 0.00 for 0 days (M0), late fee 0.00
          2 due 2023-03-01: principal 100.00; rest 50.00
          3 due 2023-04-01: principal 100.00; rest 100.00
    "#]],
    );
    if let Some(order) = &mut terms.order {
        order.in_advance = AdvanceTarget::Last;
    }
    check(
        &terms,
        history,
        &["2023-01-15"],
        expect![[r#"
        2023-01-15: owed 150.00, outstanding 150.00, credit 0.00; overdue 0.00 for 0 days (M0), late fee 0.00
          1 due 2023-02-01: principal 100.00; rest 100.00
          2 due 2023-03-01: principal 100.00; rest 50.00
    "#]],
    );
    if let Some(order) = &mut terms.order {
        order.in_advance = AdvanceTarget::All;
    }
    check(
        &terms,
        history,
        &["2023-01-15"],
        expect![[r#"
        2023-01-15: owed 150.00, outstanding 150.00, credit 0.00; overdue 0.00 for 0 days (M0), late fee 0.00
          1 due 2023-02-01: principal 100.00; rest 50.00
          2 due 2023-03-01: principal 100.00; rest 50.00
          3 due 2023-04-01: principal 100.00; rest 50.00
    "#]],
    );
}

#[test]
fn a_vertical_walk_takes_one_component_over_all_obligations() {
    let mut terms = loan(Method::Flat, 2, "12%");
    if let Some(order) = &mut terms.order {
        order.walk = Walk::Vertical;
    }
    check(
        &terms,
        "2023-01-01 purchase 200.00
         2023-03-05 payment 50.00",
        &["2023-03-05"],
        expect![[r#"
            2023-03-05: owed 154.00, outstanding 154.00, credit 0.00; overdue 154.00 for 32 days (M2), late fee 0.00
              1 due 2023-02-01: interest 2.00, principal 100.00; rest 54.00
              2 due 2023-03-01: interest 2.00, principal 100.00; rest 100.00
        "#]],
    );
}

#[test]
fn a_payment_goes_first_where_the_customer_says() {
    check(
        &line(),
        "2026-01-05 obligation 100.00 due=2026-01-20
         2026-01-05 obligation 200.00 due=2026-02-20
         2026-01-25 payment 150.00 due=2026-02-20",
        &["2026-01-25"],
        expect![[r#"
            2026-01-25: owed 150.25, outstanding 150.25, credit 0.00; overdue 100.00 for 5 days (M1), late fee 0.25
              0 due 2026-01-20: principal 100.00, late 0.25; rest 100.00
              0 due 2026-02-20: principal 200.00; rest 50.00
        "#]],
    );
    check(
        &line(),
        "2026-01-05 obligation 100.00 due=2026-01-20 as=interest
         2026-01-05 obligation 200.00 due=2026-01-20
         2026-01-20 payment 150.00 only=principal",
        &["2026-01-20"],
        expect![[r#"
            2026-01-20: owed 150.00, outstanding 150.00, credit 0.00; overdue 0.00 for 0 days (M0), late fee 0.00
              0 due 2026-01-20: principal 200.00; rest 50.00
              0 due 2026-01-20: interest 100.00; rest 100.00
        "#]],
    );
    check(
        &line(),
        "2026-01-05 obligation 100.00 due=2026-01-20
         2026-01-05 obligation 200.00 due=2026-02-20
         2026-01-10 payment 250.00 of=1",
        &["2026-01-10"],
        expect![[r#"
            2026-01-10: owed 50.00, outstanding 50.00, credit 0.00; overdue 0.00 for 0 days (M0), late fee 0.00
              0 due 2026-01-20: principal 100.00; rest 50.00
        "#]],
    );
}

#[test]
fn credit_is_used_when_something_is_owed_again_and_can_be_paid_out() {
    check(
        &loan(Method::Flat, 1, "0%"),
        "2023-01-01 purchase 100.00
         2023-01-10 payment 150.00
         2023-01-15 purchase 30.00
         2023-01-20 credit_refund 15.00",
        &["2023-01-10", "2023-01-15", "2023-01-20"],
        expect![[r#"
            2023-01-10: owed 0.00, outstanding 0.00, credit 50.00; overdue 0.00 for 0 days (M0), late fee 0.00
            2023-01-15: owed 0.00, outstanding 0.00, credit 20.00; overdue 0.00 for 0 days (M0), late fee 0.00
            2023-01-20: owed 0.00, outstanding 0.00, credit 5.00; overdue 0.00 for 0 days (M0), late fee 0.00
        "#]],
    );
}

/// The payment behind a credit that was paid out bounces: what was paid out too much is owed back.
#[test]
fn credit_paid_out_and_then_returned_by_the_bank_is_owed_back() {
    check(
        &line(),
        "2026-01-05 payment 50.00
         2026-01-06 credit_refund 50.00
         2026-01-09 return 0.00 of=0",
        &["2026-01-08", "2026-01-09"],
        expect![[r#"
            2026-01-08: owed 0.00, outstanding 0.00, credit 0.00; overdue 0.00 for 0 days (M0), late fee 0.00
            2026-01-09: owed 50.08, outstanding 50.08, credit 0.00; overdue 50.00 for 3 days (M1), late fee 0.08
              0 due 2026-01-06: principal 50.00, late 0.08; rest 50.00
        "#]],
    );
}

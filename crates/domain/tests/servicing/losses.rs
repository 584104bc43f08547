//! Charge-off, write-off, recovery and sale.

use dunlin_domain::schedule::Method;
use dunlin_domain::terms::Component;
use expect_test::expect;

use crate::support::*;

fn totals(terms: &dunlin_domain::terms::Terms, history: &str, day: &str) -> String {
    let totals = position(terms, history, day).totals;
    let sum = |amounts: dunlin_domain::amounts::Amounts| {
        let parts = Component::ALL.iter().filter(|component| !amounts.get(**component).is_zero());
        parts.map(|component| format!(" {component} {}", amounts.get(*component))).collect::<String>()
    };
    format!(
        "paid {}, charged off:{}; written off:{}; recovered {}; sold:{} for {}",
        totals.paid,
        sum(totals.charged_off),
        sum(totals.written_off),
        totals.recovered,
        sum(totals.sold),
        totals.sale_proceeds
    )
}

/// Fineract case FIN-WO-01: 1,000 less 250 and 100 is written off with 650.
#[test]
fn a_write_off_takes_all_that_is_owed() {
    let mut terms = loan(Method::Flat, 3, "0%");
    billing(&mut terms).down_payment_share = percent("25%");
    let history = "2023-01-01 purchase 1000.00
         2023-01-01 payment 250.00
         2023-01-22 payment 100.00
         2023-01-29 write_off 0.00";
    check(
        &terms,
        history,
        &["2023-01-29"],
        expect![[r#"
        2023-01-29: owed 0.00, outstanding 0.00, credit 0.00; overdue 0.00 for 0 days (M0), late fee 0.00
    "#]],
    );
    expect!["paid 350.00, charged off:; written off: principal 650.00; recovered 0.00; sold: for 0.00"]
        .assert_eq(&totals(&terms, history, "2023-01-29"));
}

#[test]
fn late_fees_to_date_are_written_off_and_no_more_accrue() {
    let history = "2026-01-05 purchase 1000.00\n2026-02-20 write_off 0.00";
    check(
        &line(),
        history,
        &["2026-02-20", "2026-06-20"],
        expect![[r#"
        2026-02-20: owed 0.00, outstanding 0.00, credit 0.00; overdue 0.00 for 0 days (M0), late fee 0.00
        2026-06-20: owed 0.00, outstanding 0.00, credit 0.00; overdue 0.00 for 0 days (M0), late fee 0.00
    "#]],
    );
    expect!["paid 0.00, charged off:; written off: late_fee 5.00 principal 1000.00; recovered 0.00; sold: for 0.00"].assert_eq(&totals(&line(), history, "2026-06-20"));
}

#[test]
fn what_comes_in_after_a_write_off_is_recovery_and_then_credit() {
    let history = "2026-01-05 obligation 100.00 due=2026-03-10
         2026-02-20 write_off 0.00
         2026-03-01 payment 70.00
         2026-04-01 payment 50.00";
    check(
        &line(),
        history,
        &["2026-03-01", "2026-04-01"],
        expect![[r#"
        2026-03-01: owed 0.00, outstanding 0.00, credit 0.00; overdue 0.00 for 0 days (M0), late fee 0.00
        2026-04-01: owed 0.00, outstanding 0.00, credit 20.00; overdue 0.00 for 0 days (M0), late fee 0.00
    "#]],
    );
    expect!["paid 120.00, charged off:; written off: principal 100.00; recovered 100.00; sold: for 0.00"]
        .assert_eq(&totals(&line(), history, "2026-04-01"));
}

#[test]
fn a_charge_off_changes_how_it_is_counted_and_not_what_is_owed() {
    let history = "2026-01-05 obligation 100.00 due=2026-01-10
         2026-02-20 charge_off 0.00
         2026-03-01 payment 70.00";
    check(
        &line(),
        history,
        &["2026-02-20", "2026-03-01"],
        expect![[r#"
        2026-02-20: owed 102.05, outstanding 102.05, credit 0.00; overdue 100.00 for 41 days (M2), late fee 2.05
          0 due 2026-01-10: principal 100.00, late 2.05; rest 100.00
        2026-03-01: owed 32.50, outstanding 32.50, credit 0.00; overdue 32.50 for 50 days (M2), late fee 0.00
          0 due 2026-01-10: principal 100.00, late 2.50; rest 32.50
    "#]],
    );
    expect!["paid 70.00, charged off: late_fee 2.05 principal 100.00; written off:; recovered 0.00; sold: for 0.00"].assert_eq(&totals(&line(), history, "2026-03-01"));
}

#[test]
fn a_sold_claim_is_owed_to_its_buyer() {
    let history = "2026-01-05 obligation 100.00 due=2026-01-10
         2026-02-20 sale 30.00
         2026-03-01 payment 70.00";
    check(
        &line(),
        history,
        &["2026-02-20", "2026-03-01"],
        expect![[r#"
        2026-02-20: owed 0.00, outstanding 0.00, credit 0.00; overdue 0.00 for 0 days (M0), late fee 0.00
        2026-03-01: owed 0.00, outstanding 0.00, credit 70.00; overdue 0.00 for 0 days (M0), late fee 0.00
    "#]],
    );
    expect!["paid 70.00, charged off:; written off:; recovered 0.00; sold: late_fee 2.05 principal 100.00 for 30.00"].assert_eq(&totals(&line(), history, "2026-03-01"));
}

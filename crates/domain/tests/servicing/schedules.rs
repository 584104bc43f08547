//! Products that bill by a schedule known from the draw on.

use dunlin_domain::amounts::Amounts;
use dunlin_domain::schedule::Method;
use dunlin_domain::terms::{Component, InterestBasis, Terms};
use expect_test::expect;

use crate::support::*;

#[test]
fn every_instalment_is_an_obligation_from_the_draw_on() {
    check(
        &loan(Method::EqualPayment, 3, "12%"),
        "2023-01-01 purchase 3000.00",
        &["2023-01-01", "2023-02-02"],
        expect![[r#"
            2023-01-01: owed 3000.00, outstanding 3060.20, credit 0.00; overdue 0.00 for 0 days (M0), late fee 0.00
              1 due 2023-02-01: interest 30.00, principal 990.07; rest 1020.07
              2 due 2023-03-01: interest 20.10, principal 999.97; rest 1020.07
              3 due 2023-04-01: interest 10.10, principal 1009.96; rest 1020.06
            2023-02-02: owed 3030.00, outstanding 3060.20, credit 0.00; overdue 1020.07 for 1 days (M1), late fee 0.00
              1 due 2023-02-01: interest 30.00, principal 990.07; rest 1020.07
              2 due 2023-03-01: interest 20.10, principal 999.97; rest 1020.07
              3 due 2023-04-01: interest 10.10, principal 1009.96; rest 1020.06
        "#]],
    );
}

#[test]
fn a_down_payment_is_due_on_the_day_of_the_draw() {
    check(
        &quarters(),
        "2023-10-01 purchase 1000.00",
        &["2023-10-01"],
        expect![[r#"
        2023-10-01: owed 1000.00, outstanding 1000.00, credit 0.00; overdue 0.00 for 0 days (NONE), late fee 0.00
          0 due 2023-10-01: principal 250.00; rest 250.00
          1 due 2023-10-16: principal 250.00; rest 250.00
          2 due 2023-10-31: principal 250.00; rest 250.00
          3 due 2023-11-15: principal 250.00; rest 250.00
    "#]],
    );
}

/// User requests, section 5: an automatic down payment keeps to its multiple.
#[test]
fn a_down_payment_is_a_multiple_where_the_terms_say_so() {
    let mut terms = quarters();
    billing(&mut terms).down_payment_multiple = Some(money("1.00"));
    check(
        &terms,
        "2023-10-01 purchase 1001.30",
        &["2023-10-01"],
        expect![[r#"
        2023-10-01: owed 1001.30, outstanding 1001.30, credit 0.00; overdue 0.00 for 0 days (NONE), late fee 0.00
          0 due 2023-10-01: principal 250.00; rest 250.00
          1 due 2023-10-16: principal 250.43; rest 250.43
          2 due 2023-10-31: principal 250.43; rest 250.43
          3 due 2023-11-15: principal 250.44; rest 250.44
    "#]],
    );
}

#[test]
fn equal_principal_and_flat_interest_are_scheduled_too() {
    check(
        &loan(Method::EqualPrincipal, 3, "12%"),
        "2023-01-01 purchase 3000.00",
        &["2023-01-01"],
        expect![[r#"
            2023-01-01: owed 3000.00, outstanding 3060.00, credit 0.00; overdue 0.00 for 0 days (M0), late fee 0.00
              1 due 2023-02-01: interest 30.00, principal 1000.00; rest 1030.00
              2 due 2023-03-01: interest 20.00, principal 1000.00; rest 1020.00
              3 due 2023-04-01: interest 10.00, principal 1000.00; rest 1010.00
        "#]],
    );
    check(
        &loan(Method::Flat, 3, "12%"),
        "2023-01-01 purchase 3000.00",
        &["2023-01-01"],
        expect![[r#"
        2023-01-01: owed 3000.00, outstanding 3090.00, credit 0.00; overdue 0.00 for 0 days (M0), late fee 0.00
          1 due 2023-02-01: interest 30.00, principal 1000.00; rest 1030.00
          2 due 2023-03-01: interest 30.00, principal 1000.00; rest 1030.00
          3 due 2023-04-01: interest 30.00, principal 1000.00; rest 1030.00
    "#]],
    );
}

/// Fineract case FIN-PAY-01: paying early lowers the interest of the period by days, what is left of it goes to
/// the next instalment; an instalment unpaid past its due date goes on bearing interest on the real balance.
#[test]
fn interest_by_the_day_follows_what_is_really_owed() {
    check(
        &loan_by_the_day(),
        "2024-06-01 purchase 1000.00
         2024-06-25 payment 400.00",
        &["2024-06-24", "2024-06-25", "2024-08-03", "2024-09-01"],
        expect![[r#"
            2024-06-24: owed 1000.00, outstanding 1011.69, credit 0.00; overdue 0.00 for 0 days (M0), late fee 0.00
              1 due 2024-07-01: interest 5.83, principal 331.40; rest 337.23
              2 due 2024-08-01: interest 3.90, principal 333.33; rest 337.23
              3 due 2024-09-01: interest 1.96, principal 335.27; rest 337.23
            2024-06-25: owed 604.67, outstanding 610.85, credit 0.00; overdue 0.00 for 0 days (M0), late fee 0.00
              2 due 2024-08-01: interest 4.23, principal 333.00; rest 274.46
              3 due 2024-09-01: interest 1.95, principal 334.44; rest 336.39
            2024-08-03: owed 608.90, outstanding 610.95, credit 0.00; overdue 274.46 for 2 days (M1), late fee 0.00
              2 due 2024-08-01: interest 4.23, principal 333.00; rest 274.46
              3 due 2024-09-01: interest 2.05, principal 334.44; rest 336.49
            2024-09-01: owed 612.43, outstanding 612.43, credit 0.00; overdue 274.46 for 31 days (M2), late fee 0.00
              2 due 2024-08-01: interest 4.23, principal 333.00; rest 274.46
              3 due 2024-09-01: interest 3.53, principal 334.44; rest 337.97
        "#]],
    );
}

/// Fineract case FIN-BACK-01: charges after the last instalment share one more at the latest of their dates, a
/// charge within a period is in that period's instalment.
#[test]
fn charges_after_the_last_instalment_share_one_more() {
    check(
        &loan(Method::Flat, 1, "0%"),
        "2024-07-23 purchase 111.92
         2024-07-23 charge 2.80 due=2024-08-24 as=late_fee
         2024-07-23 charge 5.00 due=2024-08-25 as=late_fee
         2024-07-23 charge 5.00 due=2024-08-22 as=late_fee",
        &["2024-07-23"],
        expect![[r#"
            2024-07-23: owed 124.72, outstanding 124.72, credit 0.00; overdue 0.00 for 0 days (M0), late fee 0.00
              1 due 2024-08-23: late_fee 5.00, principal 111.92; rest 116.92
              2 due 2024-08-25: late_fee 7.80; rest 7.80
        "#]],
    );
}

/// FINERACT-352: the extra instalment for penalties after maturity was created twice.
#[test]
fn a_charge_that_is_learned_of_late_joins_the_extra_instalment() {
    check(
        &loan(Method::Flat, 1, "0%"),
        "2024-07-23 purchase 100.00
         2024-08-24 charge 2.80 due=2024-08-24 as=late_fee
         2024-08-26 charge 5.00 due=2024-08-25 as=late_fee",
        &["2024-08-27"],
        expect![[r#"
            2024-08-27: owed 107.80, outstanding 107.80, credit 0.00; overdue 107.80 for 4 days (M1), late fee 0.00
              1 due 2024-08-23: principal 100.00; rest 100.00
              2 due 2024-08-25: late_fee 7.80; rest 7.80
        "#]],
    );
}

#[test]
fn a_refund_lowers_the_debt_and_what_is_left_is_credit() {
    check(
        &loan(Method::Flat, 2, "0%"),
        "2024-07-01 purchase 100.00
         2024-07-10 refund 80.00 of=0
         2024-07-11 refund 30.00 of=0",
        &["2024-07-10", "2024-07-11"],
        expect![[r#"
            2024-07-10: owed 20.00, outstanding 20.00, credit 0.00; overdue 0.00 for 0 days (M0), late fee 0.00
              2 due 2024-09-01: principal 50.00; rest 20.00
            2024-07-11: owed 0.00, outstanding 0.00, credit 10.00; overdue 0.00 for 0 days (M0), late fee 0.00
        "#]],
    );
}

/// A product that bills statements may offer plans with interest: each statement takes the next part of it.
#[test]
fn a_statement_bills_the_interest_of_a_plan() {
    let mut terms = line();
    terms.plan.method = Method::EqualPayment;
    terms.instalments[0].interest_per_year = percent("12%");
    terms.instalments[0].fee_per_period = percent("0%");
    check(
        &terms,
        "2026-01-05 purchase 1200.00 plan=12",
        &["2026-02-01", "2026-03-01"],
        expect![[r#"
        2026-02-01: owed 1212.00, outstanding 1212.00, credit 0.00; overdue 0.00 for 0 days (M0), late fee 0.00
          0 due 2026-02-10: interest 12.00, principal 94.62; rest 106.62
        2026-03-01: owed 1224.06, outstanding 1224.06, credit 0.00; overdue 106.62 for 19 days (M1), late fee 1.01
          0 due 2026-02-10: interest 12.00, principal 94.62, late 1.01; rest 106.62
          0 due 2026-03-10: interest 11.05, principal 95.57; rest 106.62
    "#]],
    );
}

/// Drawn on 1 June at 7 %, three months, nothing is paid: each month costs 1,000.00 × 7 % ÷ 12 = 5.83, also September and
/// October when the terms say so. By 16 October 15 of October's 31 days
/// have run: 5.8333 × 15 ÷ 31 = 2.82.
#[test]
fn interest_goes_on_after_the_last_due_date_until_the_principal_is_paid() {
    let mut terms = loan_by_the_day();
    let history = "2024-06-01 purchase 1000.00";
    let owed = |terms: &dunlin_domain::terms::Terms, history: &str, day: &str| {
        position(terms, history, day).outstanding(terms).expect("amounts fit")
    };
    assert_eq!(owed(&terms, history, "2024-09-01"), money("1017.49"));
    assert_eq!(owed(&terms, history, "2024-12-01"), money("1017.49"), "without a word in the terms it stops");
    billing(&mut terms).interest = InterestBasis::DailyRestUntilPaid;
    assert_eq!(owed(&terms, history, "2024-09-01"), money("1017.49"));
    assert_eq!(owed(&terms, history, "2024-09-16"), money("1020.41"), "fifteen days of thirty: 2.92");
    assert_eq!(owed(&terms, history, "2024-10-01"), money("1023.32"));
    assert_eq!(owed(&terms, history, "2024-10-16"), money("1026.14"));
    let october = position(&terms, history, "2024-10-16");
    let last = october.statements.last().expect("the period that runs");
    assert_eq!((last.number, last.due_on), (5, date("2024-11-01")));
    assert_eq!(last.billed.get(Component::Interest), money("2.82"));
    let paid = format!("{history}\n2024-10-16 payment 1026.14");
    assert_eq!(owed(&terms, &paid, "2024-10-16"), money("0.00"));
    assert_eq!(owed(&terms, &paid, "2025-06-01"), money("0.00"), "and nothing comes after it");
    // The interest alone is paid: the principal goes on bearing it.
    let interest_only = format!("{history}\n2024-10-01 payment 23.32 only=interest");
    assert_eq!(owed(&terms, &interest_only, "2024-11-01"), money("1005.83"));
}

/// Four draws of 0.01 and interest of 0.01 that the lender loads to one of them, a year before the one instalment: all five
/// are owed at once. The input that the property of what is owed failed on.
#[test]
fn interest_that_is_loaded_to_a_draw_is_owed_before_the_instalment_is_due() {
    let purchases = "2023-01-01 purchase 0.01 plan=12\n".repeat(4);
    let history = format!("{purchases}2023-01-12 obligation 0.01 as=interest of=2 plan=12");
    let terms = loan(Method::Bullet, 4, "9%");
    let owed = |day: &str| position(&terms, &history, day).owed(&terms).expect("amounts fit");
    assert_eq!(owed("2023-01-11"), money("0.04"));
    assert_eq!(owed("2023-01-12"), money("0.05"));
    assert_eq!(owed("2023-05-31"), money("0.05"));
}

/// 1,200.00 at 12 % a year in three instalments of 400.00; 7.00 of interest and 3.00 of fees come from elsewhere and are
/// owed from their day on, once: the due date adds the interest of the instalment and nothing of theirs.
#[test]
fn what_is_loaded_to_a_draw_is_counted_once_whatever_becomes_of_its_instalment() {
    let loaded = "2023-01-01 purchase 1200.00
         2023-01-12 obligation 7.00 as=interest of=0 due=2023-01-20
         2023-01-12 obligation 3.00 as=instalment_fee of=0 due=2023-01-20";
    let by_the_day = |mut terms: Terms| {
        billing(&mut terms).interest = InterestBasis::DailyRest;
        terms
    };
    let plain = loan(Method::EqualPrincipal, 3, "12%");
    let later = [
        "",
        "2023-01-25 payment 10.00 only=interest",
        "2023-01-25 payment 300.00 mode=lower",
        "2023-01-25 waiver 5.00 only=interest",
        "2023-01-25 reschedule 0.00 plan=6 of=0",
        "2023-01-25 payoff 1300.00 of=0",
        "2023-01-25 payoff 900.00",
        "2023-01-25 write_off 0.00",
    ];
    for terms in [plain.clone(), by_the_day(plain), loan(Method::Flat, 3, "12%"), loan_by_the_day()] {
        let before = position(&terms, loaded, "2023-01-31");
        assert_eq!(before.owed(&terms).expect("amounts fit"), money("1210.00"));
        for later in later {
            for day in ["2023-01-25", "2023-01-31", "2023-02-01", "2023-04-15"] {
                let position = position(&terms, &format!("{loaded}\n{later}"), day);
                let totals = &position.totals;
                let total = |amounts: &Amounts| amounts.total().expect("amounts fit").minor();
                let charged = totals.purchased.minor() + total(&totals.loaded) + total(&totals.billed_fees);
                let settled =
                    total(&totals.allocated) + total(&totals.waived_billed) + total(&totals.written_off);
                let owed = position.owed(&terms).expect("amounts fit").minor();
                assert_eq!(charged - settled, owed, "after {later:?} on {day}");
            }
        }
    }
}

#[test]
fn interest_that_is_loaded_to_a_draw_is_due_with_the_instalment_and_beside_it() {
    check(
        &loan(Method::EqualPrincipal, 3, "12%"),
        "2023-01-01 purchase 1200.00
         2023-01-12 obligation 7.00 as=interest of=0 due=2023-01-20
         2023-02-03 payment 400.00 of=0",
        &["2023-01-12", "2023-01-31", "2023-02-01", "2023-02-02", "2023-02-03"],
        expect![[r#"
            2023-01-12: owed 1207.00, outstanding 1231.00, credit 0.00; overdue 0.00 for 0 days (M0), late fee 0.00
              1 due 2023-02-01: interest 12.00, principal 400.00; rest 412.00
              0 due 2023-02-01: interest 7.00; rest 7.00
              2 due 2023-03-01: interest 8.00, principal 400.00; rest 408.00
              3 due 2023-04-01: interest 4.00, principal 400.00; rest 404.00
            2023-01-31: owed 1207.00, outstanding 1231.00, credit 0.00; overdue 0.00 for 0 days (M0), late fee 0.00
              1 due 2023-02-01: interest 12.00, principal 400.00; rest 412.00
              0 due 2023-02-01: interest 7.00; rest 7.00
              2 due 2023-03-01: interest 8.00, principal 400.00; rest 408.00
              3 due 2023-04-01: interest 4.00, principal 400.00; rest 404.00
            2023-02-01: owed 1219.00, outstanding 1231.00, credit 0.00; overdue 0.00 for 0 days (M0), late fee 0.00
              1 due 2023-02-01: interest 12.00, principal 400.00; rest 412.00
              0 due 2023-02-01: interest 7.00; rest 7.00
              2 due 2023-03-01: interest 8.00, principal 400.00; rest 408.00
              3 due 2023-04-01: interest 4.00, principal 400.00; rest 404.00
            2023-02-02: owed 1219.00, outstanding 1231.00, credit 0.00; overdue 419.00 for 1 days (M1), late fee 0.00
              1 due 2023-02-01: interest 12.00, principal 400.00; rest 412.00
              0 due 2023-02-01: interest 7.00; rest 7.00
              2 due 2023-03-01: interest 8.00, principal 400.00; rest 408.00
              3 due 2023-04-01: interest 4.00, principal 400.00; rest 404.00
            2023-02-03: owed 819.00, outstanding 831.00, credit 0.00; overdue 19.00 for 2 days (M1), late fee 0.00
              1 due 2023-02-01: interest 12.00, principal 400.00; rest 12.00
              0 due 2023-02-01: interest 7.00; rest 7.00
              2 due 2023-03-01: interest 8.00, principal 400.00; rest 408.00
              3 due 2023-04-01: interest 4.00, principal 400.00; rest 404.00
        "#]],
    );
}

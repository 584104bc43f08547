//! Late fees, fees charged once and the daily service fee, with their limits.

use dunlin_domain::schedule::Method;
use dunlin_domain::terms::{
    FeeLimits, FeeOnFee, GraceEnd, LateFeeBase, LateFeeTerms, OnceAmount, OnceFee, ServiceFee, Terms,
};
use dunlin_domain::trace::Event;
use expect_test::expect;

use crate::support::*;

fn limited(limits: FeeLimits) -> Terms {
    let mut terms = line();
    terms.late_fee = terms.late_fee.map(|fee| LateFeeTerms { limits, ..fee });
    terms
}

const THOUSAND: &str = "2026-01-05 purchase 1000.00";

/// The rule file, section 5: due 1,000.00, minimum 100.00. Paid 300.00: late fee 0.00, daily service fee
/// 700 × 0.05 % × 10 = 3.50. Paid 50.00: late fee 950 × 0.05 % × 10 = 4.75.
#[test]
fn a_carried_rest_bears_the_daily_service_fee() {
    let mut terms = line();
    terms.service_fee = Some(ServiceFee { rate_per_day: percent("0.05%"), fee_on_fee: FeeOnFee::Never });
    let days = ["2026-02-10", "2026-02-20", "2026-03-01"];
    check(
        &terms,
        "2026-01-05 purchase 1000.00\n2026-02-05 payment 300.00",
        &days,
        expect![[r#"
        2026-02-10: owed 700.00, outstanding 700.00, credit 0.00; overdue 0.00 for 0 days (M0), late fee 0.00
          0 due 2026-02-10: principal 1000.00; rest 700.00
        2026-02-20: owed 703.50, outstanding 703.50, credit 0.00; overdue 0.00 for 0 days (M0), late fee 0.00
          0 due 2026-02-10: principal 1000.00; rest 700.00
        2026-03-01: owed 706.65, outstanding 706.65, credit 0.00; overdue 0.00 for 0 days (M0), late fee 0.00
          0 due 2026-02-10: principal 1000.00; rest 700.00
          0 due 2026-03-10: interest 6.65; rest 6.65
    "#]],
    );
    check(
        &terms,
        "2026-01-05 purchase 1000.00\n2026-02-05 payment 50.00",
        &days[..2],
        expect![[r#"
        2026-02-10: owed 950.00, outstanding 950.00, credit 0.00; overdue 0.00 for 0 days (M0), late fee 0.00
          0 due 2026-02-10: principal 1000.00; rest 950.00
        2026-02-20: owed 954.75, outstanding 954.75, credit 0.00; overdue 950.00 for 10 days (M1), late fee 4.75
          0 due 2026-02-10: principal 1000.00, late 4.75; rest 950.00
    "#]],
    );
}

/// A service fee that was not billed yet outlives the payment of the rest: it is on the next statement.
#[test]
fn the_service_fee_of_a_rest_that_was_paid_is_billed_on_the_next_statement() {
    let mut terms = line();
    terms.service_fee = Some(ServiceFee { rate_per_day: percent("0.05%"), fee_on_fee: FeeOnFee::Never });
    check(
        &terms,
        "2026-01-05 purchase 1000.00
         2026-02-05 payment 300.00
         2026-02-20 payment 700.00",
        &["2026-02-20", "2026-03-01"],
        expect![[r#"
            2026-02-20: owed 3.50, outstanding 3.50, credit 0.00; overdue 0.00 for 0 days (M0), late fee 0.00
              0 due 2026-02-10: principal 1000.00; rest 0.00
            2026-03-01: owed 3.50, outstanding 3.50, credit 0.00; overdue 0.00 for 0 days (M0), late fee 0.00
              0 due 2026-03-10: interest 3.50; rest 3.50
        "#]],
    );
}

#[test]
fn the_base_may_be_principal_with_or_without_interest() {
    let history = "2026-01-05 obligation 1000.00 due=2026-01-10
         2026-01-05 obligation 200.00 due=2026-01-10 as=interest
         2026-01-05 obligation 100.00 due=2026-01-10 as=charge";
    for (base, owed) in [
        (LateFeeBase::Principal, "1305.00"),
        (LateFeeBase::PrincipalAndInterest, "1306.00"),
        (LateFeeBase::StatementRest, "1306.00"),
    ] {
        let mut terms = line();
        terms.late_fee = terms.late_fee.map(|fee| LateFeeTerms { base, ..fee });
        let position = position(&terms, history, "2026-01-20");
        assert_eq!(position.owed(&terms).expect("amounts fit"), money(owed), "{base}");
    }
}

/// 银发〔2016〕111号: no interest on fees, unless the terms of another product say otherwise.
#[test]
fn fees_bear_no_fee_unless_the_terms_say_so() {
    let history = "2026-01-05 obligation 1000.00 due=2026-01-10 as=charge
         2026-01-05 obligation 1000.00 due=2026-01-10 as=late_fee";
    for (fee_on_fee, owed) in
        [(FeeOnFee::Never, "2000.00"), (FeeOnFee::Charges, "2005.00"), (FeeOnFee::Always, "2010.00")]
    {
        let mut terms = line();
        terms.late_fee = terms.late_fee.map(|fee| LateFeeTerms { fee_on_fee, ..fee });
        let position = position(&terms, history, "2026-01-20");
        assert_eq!(position.owed(&terms).expect("amounts fit"), money(owed), "{fee_on_fee}");
    }
}

#[test]
fn a_fee_is_at_least_the_minimum_and_then_what_accrued() {
    let terms = limited(FeeLimits { minimum: Some(money("3.00")), ..FeeLimits::default() });
    check(
        &terms,
        THOUSAND,
        &["2026-02-10", "2026-02-11", "2026-02-16", "2026-02-17"],
        expect![[r#"
        2026-02-10: owed 1000.00, outstanding 1000.00, credit 0.00; overdue 0.00 for 0 days (M0), late fee 0.00
          0 due 2026-02-10: principal 1000.00; rest 1000.00
        2026-02-11: owed 1003.00, outstanding 1003.00, credit 0.00; overdue 1000.00 for 1 days (M1), late fee 3.00
          0 due 2026-02-10: principal 1000.00, late 3.00; rest 1000.00
        2026-02-16: owed 1003.00, outstanding 1003.00, credit 0.00; overdue 1000.00 for 6 days (M1), late fee 3.00
          0 due 2026-02-10: principal 1000.00, late 3.00; rest 1000.00
        2026-02-17: owed 1003.50, outstanding 1003.50, credit 0.00; overdue 1000.00 for 7 days (M1), late fee 3.50
          0 due 2026-02-10: principal 1000.00, late 3.50; rest 1000.00
    "#]],
    );
}

#[test]
fn a_cap_per_day_and_per_statement_hold() {
    let per_day = limited(FeeLimits { per_day: Some(money("0.30")), ..FeeLimits::default() });
    check(
        &per_day,
        THOUSAND,
        &["2026-02-20"],
        expect![[r#"
        2026-02-20: owed 1003.00, outstanding 1003.00, credit 0.00; overdue 1000.00 for 10 days (M1), late fee 3.00
          0 due 2026-02-10: principal 1000.00, late 3.00; rest 1000.00
    "#]],
    );
    let per_statement = limited(FeeLimits { per_statement: Some(money("2.20")), ..FeeLimits::default() });
    check(
        &per_statement,
        THOUSAND,
        &["2026-02-14", "2026-02-15"],
        expect![[r#"
        2026-02-14: owed 1002.00, outstanding 1002.00, credit 0.00; overdue 1000.00 for 4 days (M1), late fee 2.00
          0 due 2026-02-10: principal 1000.00, late 2.00; rest 1000.00
        2026-02-15: owed 1002.20, outstanding 1002.20, credit 0.00; overdue 1000.00 for 5 days (M1), late fee 2.20
          0 due 2026-02-10: principal 1000.00, late 2.20; rest 1000.00
    "#]],
    );
}

/// Two statements are late; their fees together stop at the lifetime limit, to the cent, and stay there.
#[test]
fn the_lifetime_limit_stops_all_fees_to_the_cent() {
    let terms = limited(FeeLimits { lifetime: Some(money("20.25")), ..FeeLimits::default() });
    check(
        &terms,
        "2026-01-05 purchase 1000.00
         2026-02-05 purchase 1000.00",
        &["2026-03-16", "2026-03-17", "2026-03-18", "2026-06-18"],
        expect![[r#"
            2026-03-16: owed 2020.00, outstanding 2020.00, credit 0.00; overdue 2000.00 for 34 days (M2), late fee 20.00
              0 due 2026-02-10: principal 1000.00, late 17.00; rest 1000.00
              0 due 2026-03-10: principal 1000.00, late 3.00; rest 1000.00
            2026-03-17: owed 2020.25, outstanding 2020.25, credit 0.00; overdue 2000.00 for 35 days (M2), late fee 20.25
              0 due 2026-02-10: principal 1000.00, late 17.25; rest 1000.00
              0 due 2026-03-10: principal 1000.00, late 3.00; rest 1000.00
            2026-03-18: owed 2020.25, outstanding 2020.25, credit 0.00; overdue 2000.00 for 36 days (M2), late fee 20.25
              0 due 2026-02-10: principal 1000.00, late 17.25; rest 1000.00
              0 due 2026-03-10: principal 1000.00, late 3.00; rest 1000.00
            2026-06-18: owed 2020.25, outstanding 2020.25, credit 0.00; overdue 2000.00 for 128 days (M3), late fee 20.25
              0 due 2026-02-10: principal 1000.00, late 17.25; rest 1000.00
              0 due 2026-03-10: principal 1000.00, late 3.00; rest 1000.00
        "#]],
    );
}

/// A default charge of 20.00 on day 20, when 24 % a year leaves room for 13.14 (20 days × 0.657) and the late fee of 0.05 %
/// a day has taken 10.00: 3.14 of it are charged. From then on the late fee has what the ceiling adds.
#[test]
fn a_default_charge_counts_towards_the_yearly_ceiling_and_is_cut_to_what_it_leaves() {
    let terms = limited(FeeLimits { per_year: Some(percent("24%")), ..FeeLimits::default() });
    let history = "2026-01-05 obligation 1000.00 due=2026-02-10
         2026-03-02 charge 20.00 as=late_fee due=2026-03-02";
    check(
        &terms,
        history,
        &["2026-03-01", "2026-03-02", "2026-03-12"],
        expect![[r#"
            2026-03-01: owed 1009.50, outstanding 1009.50, credit 0.00; overdue 1000.00 for 19 days (M1), late fee 9.50
              0 due 2026-02-10: principal 1000.00, late 9.50; rest 1000.00
            2026-03-02: owed 1013.14, outstanding 1013.14, credit 0.00; overdue 1000.00 for 20 days (M1), late fee 10.00
              0 due 2026-02-10: principal 1000.00, late 10.00; rest 1000.00
              0 due 2026-03-02: late_fee 3.14; rest 3.14
            2026-03-12: owed 1018.14, outstanding 1018.14, credit 0.00; overdue 1003.14 for 30 days (M1), late fee 15.00
              0 due 2026-02-10: principal 1000.00, late 15.00; rest 1000.00
              0 due 2026-03-02: late_fee 3.14; rest 3.14
        "#]],
    );
    let mut cut = Vec::new();
    let keep = &mut |event| {
        if let Event::ChargeCut { asked, charged, .. } = event {
            cut.push((asked, charged));
        }
    };
    dunlin_domain::position::fold(&terms, opened_on(), &facts(history), date("2026-03-02"), keep)
        .expect("amounts fit");
    assert_eq!(cut, [(money("20.00"), money("3.14"))]);
}

/// Interest of 7 % a year goes on by the day on what is overdue: of a ceiling of 10 % a year, 3 % are left for the late fee.
/// 273 − 192 = 81 millionths a day on the 337.23 that are overdue from 1 July: 30 days cost 0.82.
#[test]
fn interest_that_goes_on_counts_towards_the_yearly_ceiling() {
    let mut terms = loan_by_the_day();
    let limits = FeeLimits { per_year: Some(percent("10%")), ..FeeLimits::default() };
    terms.late_fee = line().late_fee.map(|fee| LateFeeTerms { limits, ..fee });
    let position = position(&terms, "2024-06-01 purchase 1000.00", "2024-07-31");
    let charged = position.statements[0].late_fee_charged(&terms, date("2024-07-31")).expect("amounts fit");
    assert_eq!(charged, money("0.82"));
    // Without the ceiling it is 0.05 % a day.
    terms.late_fee = line().late_fee;
    let charged = position.statements[0].late_fee_charged(&terms, date("2024-07-31")).expect("amounts fit");
    assert_eq!(charged, money("5.06"));
}

/// Default items together at most 24 % a year, which is 0.0657 % a day: a fee charged once waits for its days.
#[test]
fn default_items_together_stay_under_the_yearly_ceiling() {
    let mut terms = limited(FeeLimits { per_year: Some(percent("24%")), ..FeeLimits::default() });
    terms.once_fees = vec![OnceFee { after_days: 1, amount: OnceAmount::Fixed(money("10.00")) }];
    check(
        &terms,
        THOUSAND,
        &["2026-02-11", "2026-02-20", "2026-04-14", "2026-04-15", "2026-04-16"],
        expect![[r#"
            2026-02-11: owed 1000.66, outstanding 1000.66, credit 0.00; overdue 1000.00 for 1 days (M1), late fee 0.66
              0 due 2026-02-10: principal 1000.00, late 0.66; rest 1000.00
            2026-02-20: owed 1006.57, outstanding 1006.57, credit 0.00; overdue 1000.00 for 10 days (M1), late fee 6.57
              0 due 2026-02-10: principal 1000.00, late 6.57; rest 1000.00
            2026-04-14: owed 1041.39, outstanding 1041.39, credit 0.00; overdue 1000.00 for 63 days (M3), late fee 41.39
              0 due 2026-02-10: principal 1000.00, late 41.39; rest 1000.00
            2026-04-15: owed 1042.00, outstanding 1042.00, credit 0.00; overdue 1000.00 for 64 days (M3), late fee 42.00
              0 due 2026-02-10: principal 1000.00, late 42.00; rest 1000.00
            2026-04-16: owed 1042.50, outstanding 1042.50, credit 0.00; overdue 1000.00 for 65 days (M3), late fee 42.50
              0 due 2026-02-10: principal 1000.00, late 42.50; rest 1000.00
        "#]],
    );
}

/// Fineract case FIN-FEE-01: 1.5 % of the instalment's principal, once for each overdue instalment.
#[test]
fn a_share_of_the_instalment_is_charged_once_when_it_is_overdue() {
    let mut terms = loan(Method::Flat, 3, "12%");
    terms.late_fee = line().late_fee.map(|fee| LateFeeTerms { rate_per_day: percent("0%"), ..fee });
    let amount = OnceAmount::Share { share: percent("1.5%"), base: LateFeeBase::Principal };
    terms.once_fees = vec![OnceFee { after_days: 1, amount }];
    check(
        &terms,
        "2023-01-01 purchase 3000.00",
        &["2023-02-01", "2023-02-02", "2023-05-01"],
        expect![[r#"
        2023-02-01: owed 3030.00, outstanding 3090.00, credit 0.00; overdue 0.00 for 0 days (M0), late fee 0.00
          1 due 2023-02-01: interest 30.00, principal 1000.00; rest 1030.00
          2 due 2023-03-01: interest 30.00, principal 1000.00; rest 1030.00
          3 due 2023-04-01: interest 30.00, principal 1000.00; rest 1030.00
        2023-02-02: owed 3045.00, outstanding 3105.00, credit 0.00; overdue 1030.00 for 1 days (M1), late fee 15.00
          1 due 2023-02-01: interest 30.00, principal 1000.00, late 15.00; rest 1030.00
          2 due 2023-03-01: interest 30.00, principal 1000.00; rest 1030.00
          3 due 2023-04-01: interest 30.00, principal 1000.00; rest 1030.00
        2023-05-01: owed 3135.00, outstanding 3135.00, credit 0.00; overdue 3090.00 for 89 days (M3), late fee 45.00
          1 due 2023-02-01: interest 30.00, principal 1000.00, late 15.00; rest 1030.00
          2 due 2023-03-01: interest 30.00, principal 1000.00, late 15.00; rest 1030.00
          3 due 2023-04-01: interest 30.00, principal 1000.00, late 15.00; rest 1030.00
    "#]],
    );
}

/// Tryton case TRY-FEE-01: 10 after five days, then 15 % of the original 100 and not of 110 after ten.
#[test]
fn fees_of_levels_are_charged_on_their_days_and_not_on_each_other() {
    let mut terms = line();
    terms.late_fee = terms.late_fee.map(|fee| LateFeeTerms { rate_per_day: percent("0%"), ..fee });
    let share = OnceAmount::Share { share: percent("15%"), base: LateFeeBase::StatementRest };
    terms.once_fees = vec![
        OnceFee { after_days: 5, amount: OnceAmount::Fixed(money("10.00")) },
        OnceFee { after_days: 10, amount: share },
    ];
    let owed = |day: &str| {
        let position = position(&terms, "2026-01-05 obligation 100.00 due=2026-01-10", day);
        position.owed(&terms).expect("amounts fit").to_string()
    };
    let days = ["2026-01-14", "2026-01-15", "2026-01-19", "2026-01-20", "2026-03-01"];
    assert_eq!(days.map(owed), ["100.00", "110.00", "110.00", "125.00", "125.00"]);
}

#[test]
fn no_fee_accrues_on_frozen_days() {
    check(
        &line(),
        "2026-01-05 purchase 1000.00
         2026-02-15 fee_freeze 0.00 through=2026-02-19 why=dispute",
        &["2026-02-14", "2026-02-19", "2026-02-20"],
        expect![[r#"
            2026-02-14: owed 1002.00, outstanding 1002.00, credit 0.00; overdue 1000.00 for 4 days (M1), late fee 2.00
              0 due 2026-02-10: principal 1000.00, late 2.00; rest 1000.00
            2026-02-19: owed 1002.00, outstanding 1002.00, credit 0.00; overdue 1000.00 for 9 days (M1), late fee 2.00
              0 due 2026-02-10: principal 1000.00, late 2.00; rest 1000.00
            2026-02-20: owed 1002.50, outstanding 1002.50, credit 0.00; overdue 1000.00 for 10 days (M1), late fee 2.50
              0 due 2026-02-10: principal 1000.00, late 2.50; rest 1000.00
        "#]],
    );
}

#[test]
fn grace_may_charge_from_the_end_of_grace_only() {
    let mut terms = line();
    terms.late_fee =
        terms.late_fee.map(|fee| LateFeeTerms { grace_days: 3, after_grace: GraceEnd::FromGraceEnd, ..fee });
    check(
        &terms,
        THOUSAND,
        &["2026-02-13", "2026-02-14"],
        expect![[r#"
        2026-02-13: owed 1000.00, outstanding 1000.00, credit 0.00; overdue 1000.00 for 3 days (M1), late fee 0.00
          0 due 2026-02-10: principal 1000.00; rest 1000.00
        2026-02-14: owed 1000.50, outstanding 1000.50, credit 0.00; overdue 1000.00 for 4 days (M1), late fee 0.50
          0 due 2026-02-10: principal 1000.00, late 0.50; rest 1000.00
    "#]],
    );
}

/// FINERACT-2208, frappe/lending 478 and 1150: fees are derived again after a backdated payment, whenever it is
/// learned of.
#[test]
fn a_backdated_payment_changes_the_fees_since_then() {
    let late = "2026-01-05 purchase 1000.00";
    let paid = "2026-01-05 purchase 1000.00
         2026-02-15 payment 502.50";
    check(
        &line(),
        late,
        &["2026-02-20"],
        expect![[r#"
        2026-02-20: owed 1005.00, outstanding 1005.00, credit 0.00; overdue 1000.00 for 10 days (M1), late fee 5.00
          0 due 2026-02-10: principal 1000.00, late 5.00; rest 1000.00
    "#]],
    );
    check(
        &line(),
        paid,
        &["2026-02-20"],
        expect![[r#"
        2026-02-20: owed 501.25, outstanding 501.25, credit 0.00; overdue 500.00 for 10 days (M1), late fee 1.25
          0 due 2026-02-10: principal 1000.00, late 3.75; rest 500.00
    "#]],
    );
}

/// erpnext 58220: interest for being late is lost silently once the sum is paid. erpnext 49621: it runs from the
/// last payment on the reduced balance.
#[test]
fn paying_the_sum_leaves_the_fee_open_and_it_grows_no_more() {
    let mut terms = line();
    terms.allocation.rotate_left(1);
    check(
        &terms,
        "2026-01-05 purchase 1000.00
         2026-02-15 payment 400.00
         2026-02-20 payment 600.00",
        &["2026-02-15", "2026-02-20", "2026-04-20"],
        expect![[r#"
            2026-02-15: owed 602.50, outstanding 602.50, credit 0.00; overdue 600.00 for 5 days (M1), late fee 2.50
              0 due 2026-02-10: principal 1000.00, late 2.50; rest 600.00
            2026-02-20: owed 4.00, outstanding 4.00, credit 0.00; overdue 0.00 for 0 days (M0), late fee 4.00
              0 due 2026-02-10: principal 1000.00, late 4.00; rest 0.00
            2026-04-20: owed 4.00, outstanding 4.00, credit 0.00; overdue 0.00 for 0 days (M0), late fee 4.00
              0 due 2026-02-10: principal 1000.00, late 4.00; rest 0.00
        "#]],
    );
}

/// erpnext 26286: a rate of zero with a fee, and a fee of zero.
#[test]
fn a_rate_of_zero_or_a_fee_of_zero_is_just_zero() {
    let mut terms = limited(FeeLimits { minimum: Some(money("0.00")), ..FeeLimits::default() });
    terms.late_fee = terms.late_fee.map(|fee| LateFeeTerms { rate_per_day: percent("0%"), ..fee });
    check(
        &terms,
        THOUSAND,
        &["2026-02-20"],
        expect![[r#"
        2026-02-20: owed 1000.00, outstanding 1000.00, credit 0.00; overdue 1000.00 for 10 days (M1), late fee 0.00
          0 due 2026-02-10: principal 1000.00; rest 1000.00
    "#]],
    );
}

/// Every amount of a late fee is derived by events: the sum of segments and fees charged once is what accrued.
#[test]
fn the_events_add_up_to_the_fee() {
    let mut terms = line();
    terms.once_fees = vec![OnceFee { after_days: 3, amount: OnceAmount::Fixed(money("2.00")) }];
    let history = facts(
        "2026-01-05 purchase 1000.00
         2026-02-15 payment 100.00
         2026-02-25 payment 100.00",
    );
    let mut sum = 0;
    let day = date("2026-02-25");
    let position =
        dunlin_domain::position::fold(&terms, opened_on(), &history, day, &mut |event| match event {
            Event::LateFeeSegment { segment, .. } => sum += segment.amount.0,
            Event::OnceFee { amount, .. } => sum += i128::from(amount.minor()) * 1_000_000,
            _ => {}
        });
    assert_eq!(position.expect("amounts fit").late_fee_total(&terms).expect("amounts fit").0, sum);
}

/// frappe/lending 1384: another system takes 350 s for a history of 2,394 accrual days. A fold has no loop over
/// days, so that many days are one segment.
#[test]
fn a_long_time_is_one_segment() {
    let mut segments = 0;
    let history = facts("2020-01-05 purchase 1000.00\n2026-08-30 payment 1.00");
    let day = date("2026-08-30");
    let opened_on = date("2020-01-01");
    dunlin_domain::position::fold(&line(), opened_on, &history, day, &mut |event| {
        segments += i32::from(matches!(event, Event::LateFeeSegment { .. }));
    })
    .expect("amounts fit");
    assert_eq!(segments, 1);
}

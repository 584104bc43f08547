//! The fold, told in small histories: what happened, and what is owed on a day.

use dunlin_domain::date::{Date, MonthDay, Timestamp};
use dunlin_domain::fact::{Fact, FactDetail, FactKind, Prepayment};
use dunlin_domain::id::FactId;
use dunlin_domain::money::{Currency, Money, Rate, Rounding};
use dunlin_domain::position::{Position, fold, standing_facts};
use dunlin_domain::schedule::PlanTerms;
use dunlin_domain::terms::{
    AllocationScope, BehindTerms, Billing, Bucket, Component, DaysPastDueConvention, DueRule, FeeLimits,
    FeeOnFee, GraceEnd, InstalmentOffer, LateFeeBase, LateFeeTerms, MinimumPayment, OverdueMeasure, Terms,
};
use expect_test::{Expect, expect};
use proptest::prelude::*;

fn percent(text: &str) -> Rate {
    Rate::parse_percent(text).expect("a percentage")
}

fn date(text: &str) -> Date {
    Date::parse(text).expect("a day of the calendar")
}

/// A pay-later product: statement on the 1st, due on the 10th, a tenth at least, 0.05 % a day on the rest.
fn pay_later() -> Terms {
    let bucket = |name: &str, from_days| Bucket { name: name.to_owned(), from_days };
    Terms {
        product: "pay_later".to_owned(),
        version: 1,
        currency: Currency::CNY,
        statement_day: MonthDay::Day(1),
        due: DueRule::DayOfMonth(MonthDay::Day(10)),
        instalments: vec![InstalmentOffer {
            count: 12,
            fee_per_period: percent("0.5%"),
            interest_per_year: Rate::ZERO,
        }],
        plan: PlanTerms::PLAIN,
        minimum: MinimumPayment { share: percent("10%"), floor: Money::zero(Currency::CNY) },
        overdue: OverdueMeasure::StatementRest,
        late_fee: Some(LateFeeTerms {
            rate_per_day: percent("0.05%"),
            base: LateFeeBase::StatementRest,
            grace_days: 0,
            after_grace: GraceEnd::FromDueDate,
            cap_share: None,
            fee_on_fee: FeeOnFee::Charges,
            limits: FeeLimits::default(),
        }),
        allocation: vec![
            Component::LateFee,
            Component::Charge,
            Component::Interest,
            Component::InstalmentFee,
            Component::Principal,
        ],
        allocation_scope: AllocationScope::DueDateFirst,
        ageing_grace_days: 0,
        days_past_due: DaysPastDueConvention::DayAfterDueIsOne,
        buckets: vec![bucket("M0", 0), bucket("M1", 1), bucket("M2", 31), bucket("M3", 61)],
        rounding: Rounding::HalfUp,
        billing: Billing::Statement,
        order: None,
        once_fees: Vec::new(),
        service_fee: None,
        behind: BehindTerms::standard(Currency::CNY),
        prepayment: Prepayment::Advance,
    }
}

/// A card: the same dates, but only the missing minimum is overdue.
fn card() -> Terms {
    let mut terms = pay_later();
    terms.overdue = OverdueMeasure::Minimum;
    terms.late_fee = terms.late_fee.map(|fee| LateFeeTerms { base: LateFeeBase::MinimumShortfall, ..fee });
    terms
}

fn fact(index: usize, kind: FactKind, value_on: Date, minor: i64) -> Fact {
    Fact {
        id: FactId::of_external(&format!("fact {index}")),
        kind,
        value_on,
        learned_at: Timestamp::from_micros(index as i64),
        amount: Money::new(minor, Currency::CNY),
        instalment_count: 0,
        component: Component::Principal,
        due_on: None,
        target: None,
        reference: format!("{index}"),
        detail: FactDetail::default(),
    }
}

/// One fact a line: `DATE KIND AMOUNT [plan N | due DATE | of LINE]`.
fn facts(history: &str) -> Vec<Fact> {
    let read = |(index, line): (usize, &str)| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let kind = FactKind::parse(words[1]).expect("a kind of fact");
        let amount = Money::parse(words[2], Currency::CNY).expect("an amount");
        let mut fact = fact(index, kind, date(words[0]), amount.minor());
        match words.get(3..) {
            Some(["plan", count]) => fact.instalment_count = count.parse().expect("a count"),
            Some(["due", due_on]) => fact.due_on = Some(date(due_on)),
            Some(["of", line]) => fact.target = Some(FactId::of_external(&format!("fact {line}"))),
            _ => {}
        }
        fact
    };
    history.lines().map(str::trim).filter(|line| !line.is_empty()).enumerate().map(read).collect()
}

fn summary(terms: &Terms, position: &Position) -> String {
    let arrears = position.arrears(terms).expect("amounts fit");
    let coming = arrears.coming.map_or(String::new(), |coming| {
        format!("; due {}: {} of {}", coming.due_on, coming.minimum, coming.rest)
    });
    format!(
        "{}: {} overdue {} days ({}), late fee {}, owed {}, credit {}{coming}; next change {}\n",
        position.as_of,
        arrears.overdue,
        arrears.days_past_due,
        terms.buckets[arrears.bucket_index].name,
        arrears.late_fee,
        position.owed(terms).expect("amounts fit"),
        position.credit,
        position.next_change_on(terms).expect("amounts fit"),
    )
}

fn check(terms: &Terms, history: &str, days: &[&str], expected: Expect) {
    let facts = facts(history);
    let lines = days.iter().map(|day| {
        let position = fold(terms, date("2026-01-01"), &facts, date(day), &mut |_| {}).expect("amounts fit");
        summary(terms, &position)
    });
    expected.assert_eq(&lines.collect::<String>());
}

/// The rule file, section 5: due 1,000.00, minimum 100.00. Paid 300.00: no late fee. Paid 50.00: late fee on
/// 950.00 for ten days, 4.75.
#[test]
fn a_late_fee_is_charged_on_the_rest_only_when_the_minimum_was_missed() {
    let days = ["2026-02-01", "2026-02-10", "2026-02-11", "2026-02-20"];
    check(
        &pay_later(),
        "2026-01-05 purchase 1000.00
         2026-02-05 payment 300.00",
        &days,
        expect![[r#"
            2026-02-01: 0.00 overdue 0 days (M0), late fee 0.00, owed 1000.00, credit 0.00; due 2026-02-10: 100.00 of 1000.00; next change 2026-02-11
            2026-02-10: 0.00 overdue 0 days (M0), late fee 0.00, owed 700.00, credit 0.00; due 2026-02-10: 0.00 of 700.00; next change 2026-02-11
            2026-02-11: 0.00 overdue 0 days (M0), late fee 0.00, owed 700.00, credit 0.00; next change 2026-03-01
            2026-02-20: 0.00 overdue 0 days (M0), late fee 0.00, owed 700.00, credit 0.00; next change 2026-03-01
        "#]],
    );
    check(
        &pay_later(),
        "2026-01-05 purchase 1000.00
         2026-02-05 payment 50.00",
        &days,
        expect![[r#"
            2026-02-01: 0.00 overdue 0 days (M0), late fee 0.00, owed 1000.00, credit 0.00; due 2026-02-10: 100.00 of 1000.00; next change 2026-02-11
            2026-02-10: 0.00 overdue 0 days (M0), late fee 0.00, owed 950.00, credit 0.00; due 2026-02-10: 50.00 of 950.00; next change 2026-02-11
            2026-02-11: 950.00 overdue 1 days (M1), late fee 0.48, owed 950.48, credit 0.00; next change 2026-03-01
            2026-02-20: 950.00 overdue 10 days (M1), late fee 4.75, owed 954.75, credit 0.00; next change 2026-03-01
        "#]],
    );
}

#[test]
fn a_plan_bills_one_instalment_and_its_fee_on_each_statement() {
    check(
        &pay_later(),
        "2026-01-05 purchase 1200.00 plan 12
         2026-02-10 payment 106.00",
        &["2026-02-01", "2026-02-10", "2026-03-01", "2026-03-11"],
        expect![[r#"
            2026-02-01: 0.00 overdue 0 days (M0), late fee 0.00, owed 1206.00, credit 0.00; due 2026-02-10: 10.60 of 106.00; next change 2026-02-11
            2026-02-10: 0.00 overdue 0 days (M0), late fee 0.00, owed 1100.00, credit 0.00; next change 2026-03-01
            2026-03-01: 0.00 overdue 0 days (M0), late fee 0.00, owed 1106.00, credit 0.00; due 2026-03-10: 10.60 of 106.00; next change 2026-03-11
            2026-03-11: 106.00 overdue 1 days (M1), late fee 0.05, owed 1106.05, credit 0.00; next change 2026-04-01
        "#]],
    );
}

#[test]
fn a_payment_after_the_due_date_clears_the_late_fee_first_and_cures() {
    check(
        &pay_later(),
        "2026-01-05 purchase 1000.00
         2026-02-20 payment 1000.00
         2026-02-21 payment 5.00",
        &["2026-02-19", "2026-02-20", "2026-02-21", "2026-02-22"],
        expect![[r#"
            2026-02-19: 1000.00 overdue 9 days (M1), late fee 4.50, owed 1004.50, credit 0.00; next change 2026-03-01
            2026-02-20: 5.00 overdue 10 days (M1), late fee 0.00, owed 5.00, credit 0.00; next change 2026-03-01
            2026-02-21: 0.00 overdue 0 days (M0), late fee 0.00, owed 0.00, credit 0.00; next change 9999-12-31
            2026-02-22: 0.00 overdue 0 days (M0), late fee 0.00, owed 0.00, credit 0.00; next change 9999-12-31
        "#]],
    );
}

#[test]
fn a_card_is_overdue_with_the_missing_minimum_only() {
    check(
        &card(),
        "2026-01-05 purchase 1000.00
         2026-02-15 payment 60.00
         2026-02-20 payment 40.00",
        &["2026-02-11", "2026-02-15", "2026-02-20", "2026-03-01", "2026-03-11", "2026-04-11"],
        expect![[r#"
            2026-02-11: 100.00 overdue 1 days (M1), late fee 0.05, owed 1000.05, credit 0.00; next change 2026-03-01
            2026-02-15: 40.00 overdue 5 days (M1), late fee 0.00, owed 940.25, credit 0.00; next change 2026-03-01
            2026-02-20: 0.00 overdue 0 days (M0), late fee 0.00, owed 900.35, credit 0.00; next change 2026-03-01
            2026-03-01: 0.00 overdue 0 days (M0), late fee 0.00, owed 900.35, credit 0.00; due 2026-03-10: 90.04 of 0.00; next change 2026-03-11
            2026-03-11: 90.04 overdue 1 days (M1), late fee 0.05, owed 900.40, credit 0.00; next change 2026-04-01
            2026-04-11: 180.08 overdue 32 days (M2), late fee 1.49, owed 901.84, credit 0.00; next change 2026-05-01
        "#]],
    );
}

#[test]
fn a_reversed_payment_never_was() {
    let paid_and_returned = "2026-01-05 purchase 1000.00
         2026-02-05 payment 1000.00
         2026-02-15 reversal 0 of 1";
    check(
        &pay_later(),
        paid_and_returned,
        &["2026-02-20"],
        expect![[r#"
        2026-02-20: 1000.00 overdue 10 days (M1), late fee 5.00, owed 1005.00, credit 0.00; next change 2026-03-01
    "#]],
    );
    check(
        &pay_later(),
        "2026-01-05 purchase 1000.00",
        &["2026-02-20"],
        expect![[r#"
        2026-02-20: 1000.00 overdue 10 days (M1), late fee 5.00, owed 1005.00, credit 0.00; next change 2026-03-01
    "#]],
    );
}

#[test]
fn a_loaded_obligation_falls_due_by_itself_and_credit_pays_it() {
    check(
        &pay_later(),
        "2026-01-05 payment 30.00
         2026-01-06 obligation 100.00 due 2026-01-20",
        &["2026-01-05", "2026-01-06", "2026-01-21", "2026-02-20"],
        expect![[r#"
            2026-01-05: 0.00 overdue 0 days (M0), late fee 0.00, owed 0.00, credit 30.00; next change 9999-12-31
            2026-01-06: 0.00 overdue 0 days (M0), late fee 0.00, owed 70.00, credit 0.00; due 2026-01-20: 70.00 of 70.00; next change 2026-01-21
            2026-01-21: 70.00 overdue 1 days (M1), late fee 0.04, owed 70.04, credit 0.00; next change 2026-02-20
            2026-02-20: 70.00 overdue 31 days (M2), late fee 1.09, owed 71.09, credit 0.00; next change 2026-03-22
        "#]],
    );
}

#[test]
fn a_refund_lowers_what_is_not_billed_and_then_the_debt() {
    check(
        &pay_later(),
        "2026-01-05 purchase 100.00
         2026-01-06 refund 30.00 of 0
         2026-02-05 refund 80.00 of 0",
        &["2026-01-06", "2026-02-01", "2026-02-05"],
        expect![[r#"
            2026-01-06: 0.00 overdue 0 days (M0), late fee 0.00, owed 70.00, credit 0.00; next change 2026-02-01
            2026-02-01: 0.00 overdue 0 days (M0), late fee 0.00, owed 70.00, credit 0.00; due 2026-02-10: 7.00 of 70.00; next change 2026-02-11
            2026-02-05: 0.00 overdue 0 days (M0), late fee 0.00, owed 0.00, credit 10.00; next change 9999-12-31
        "#]],
    );
}

#[test]
fn a_waiver_gives_up_late_fees_and_no_more() {
    check(
        &pay_later(),
        "2026-01-05 purchase 1000.00
         2026-02-20 waiver 100.00",
        &["2026-02-20", "2026-02-21"],
        expect![[r#"
            2026-02-20: 1000.00 overdue 10 days (M1), late fee 0.00, owed 1000.00, credit 0.00; next change 2026-03-01
            2026-02-21: 1000.00 overdue 11 days (M1), late fee 0.50, owed 1000.50, credit 0.00; next change 2026-03-01
        "#]],
    );
}

#[test]
fn a_cap_ends_the_late_fee_to_the_cent() {
    let mut terms = pay_later();
    terms.late_fee = terms.late_fee.map(|fee| LateFeeTerms { cap_share: Some(percent("0.52%")), ..fee });
    check(
        &terms,
        "2026-01-05 purchase 1000.00",
        &["2026-02-20", "2026-02-21", "2026-02-22"],
        expect![[r#"
            2026-02-20: 1000.00 overdue 10 days (M1), late fee 5.00, owed 1005.00, credit 0.00; next change 2026-02-21
            2026-02-21: 1000.00 overdue 11 days (M1), late fee 5.20, owed 1005.20, credit 0.00; next change 2026-03-01
            2026-02-22: 1000.00 overdue 12 days (M1), late fee 5.20, owed 1005.20, credit 0.00; next change 2026-03-01
        "#]],
    );
}

#[test]
fn grace_of_the_fee_charges_nothing_and_then_all_days() {
    let mut terms = pay_later();
    terms.late_fee = terms.late_fee.map(|fee| LateFeeTerms { grace_days: 3, ..fee });
    check(
        &terms,
        "2026-01-05 purchase 1000.00",
        &["2026-02-13", "2026-02-14"],
        expect![[r#"
            2026-02-13: 1000.00 overdue 3 days (M1), late fee 0.00, owed 1000.00, credit 0.00; next change 2026-02-14
            2026-02-14: 1000.00 overdue 4 days (M1), late fee 2.00, owed 1002.00, credit 0.00; next change 2026-03-01
        "#]],
    );
}

fn any_history() -> impl Strategy<Value = Vec<Fact>> {
    let kinds = prop_oneof![
        4 => Just(FactKind::Purchase),
        4 => Just(FactKind::Payment),
        1 => Just(FactKind::Refund),
        1 => Just(FactKind::Waiver),
        1 => Just(FactKind::Obligation),
        1 => Just(FactKind::Reversal),
    ];
    let line = (kinds, 0..200_i32, 1..200_000_i64, prop::bool::ANY, 0..12_usize);
    prop::collection::vec(line, 1..14).prop_map(|lines| {
        let build =
            |(index, (kind, day, minor, is_plan, target)): (usize, (FactKind, i32, i64, bool, usize))| {
                let value_on = date("2026-01-01").plus_days(day);
                let mut fact = fact(index, kind, value_on, minor);
                fact.instalment_count = if is_plan { 12 } else { 0 };
                fact.due_on = Some(value_on.plus_days(15));
                if kind == FactKind::Reversal {
                    fact.target = Some(FactId::of_external(&format!("fact {target}")));
                }
                fact
            };
        lines.into_iter().enumerate().map(build).collect()
    })
}

fn any_terms() -> impl Strategy<Value = Terms> {
    (prop::bool::ANY, 0..4_i32, prop::option::of(1..40_i64), prop::bool::ANY).prop_map(
        |(is_card, grace_days, cap, component_first)| {
            let mut terms = if is_card { card() } else { pay_later() };
            let cap_share = cap.map(|tenths| Rate::from_millionths(tenths * 1_000));
            terms.late_fee = terms.late_fee.map(|fee| LateFeeTerms { grace_days, cap_share, ..fee });
            if component_first {
                terms.allocation_scope = AllocationScope::ComponentFirst;
            }
            terms
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn going_on_day_by_day_gives_the_same_as_folding_at_once(history in any_history(), terms in any_terms()) {
        let opened_on = date("2026-01-01");
        let mut standing = standing_facts(&history, opened_on);
        let mut step_by_step = Position::opened(&terms, opened_on);
        for day in 0..260 {
            let today = opened_on.plus_days(day);
            if history.iter().any(|fact| fact.kind.is_undoing() && fact.value_on == today) {
                // From the day on which a reversal counts, what it undoes never was.
                standing = standing_facts(&history, today);
                step_by_step = Position::opened(&terms, opened_on);
            }
            step_by_step.advance(&terms, &standing, today, &mut |_| {}).unwrap();
            let at_once = fold(&terms, opened_on, &history, today, &mut |_| {}).unwrap();
            prop_assert_eq!(&step_by_step, &at_once);
        }
    }

    #[test]
    fn arrival_order_does_not_matter(history in any_history(), terms in any_terms(), rotation in 0..14_usize) {
        let mut rotated = history.clone();
        rotated.rotate_left(rotation % history.len());
        rotated.reverse();
        let (opened_on, day) = (date("2026-01-01"), date("2026-09-01"));
        let left = fold(&terms, opened_on, &history, day, &mut |_| {}).unwrap();
        let right = fold(&terms, opened_on, &rotated, day, &mut |_| {}).unwrap();
        prop_assert_eq!(left, right);
    }

    #[test]
    fn every_cent_received_is_allocated_or_credit(history in any_history(), terms in any_terms()) {
        let position = fold(&terms, date("2026-01-01"), &history, date("2026-09-01"), &mut |_| {}).unwrap();
        let totals = &position.totals;
        let received = totals.paid.minor() + totals.refunded.minor();
        let used = totals.allocated.total().unwrap().minor() + position.credit.minor();
        prop_assert_eq!(received, used);
        let loaded = totals.loaded.total().unwrap().minor();
        let fees = totals.billed_fees.total().unwrap().minor();
        let late_fees = position.late_fee_charged(&terms).unwrap().minor() - totals.waived.minor();
        let charged = totals.purchased.minor() + loaded + fees + late_fees;
        let cleared = totals.allocated.total().unwrap().minor();
        prop_assert_eq!(charged - cleared, position.owed(&terms).unwrap().minor());
    }

    #[test]
    fn nothing_but_days_and_late_fees_changes_before_the_next_change(history in any_history(), terms in any_terms()) {
        let opened_on = date("2026-01-01");
        let standing = standing_facts(&history, date("2026-12-31"));
        let mut position = Position::opened(&terms, opened_on);
        position.advance(&terms, &standing, date("2026-08-01"), &mut |_| {}).unwrap();
        let next = position.next_change_on(&terms).unwrap();
        let (before, daily) = (position.arrears(&terms).unwrap(), position.late_fee_daily(&terms).unwrap());
        let total = position.late_fee_total(&terms).unwrap();
        for days in 1..40 {
            let today = date("2026-08-01").plus_days(days);
            if today >= next { break }
            let mut later = position.clone();
            later.advance(&terms, &standing, today, &mut |_| {}).unwrap();
            prop_assert_eq!(later.late_fee_total(&terms).unwrap().0, total.0 + daily.0 * i128::from(days));
            let now = later.arrears(&terms).unwrap();
            prop_assert_eq!(now.bucket_index, before.bucket_index);
            prop_assert_eq!(now.overdue, before.overdue);
            prop_assert_eq!(later.statements.len(), position.statements.len());
            if before.days_past_due > 0 {
                prop_assert_eq!(now.days_past_due, before.days_past_due + days);
            }
        }
    }
}

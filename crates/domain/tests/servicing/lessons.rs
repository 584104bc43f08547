//! What other systems got wrong, by the rows of `docs/lessons.md`: every value here was worked out by hand or by a loop
//! over days that shares nothing with the fold.

use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::money::Rounding;
use dunlin_domain::schedule::{Method, MonthEnd};
use dunlin_domain::terms::{AllocationPreset, DueState, LateFeeTerms, OnceAmount, OnceFee, Terms};
use expect_test::expect;

use crate::support::*;

const THOUSAND: &str = "2026-01-05 purchase 1000.00";

fn zone(name: &str) -> jiff::tz::TimeZone {
    jiff::tz::TimeZone::get(name).expect("a zone")
}

fn late_fee(terms: &Terms, history: &str, day: &str) -> String {
    let position = position(terms, history, day);
    position.late_fee_charged(terms).expect("amounts fit").to_string()
}

/// Due on 10 February: 11 February is the first day that costs, the day of the payment the last one. The loop adds
/// 0.05 % of 1,000.00 for each.
#[test]
fn the_first_day_that_costs_is_the_day_after_the_due_date_and_the_last_is_that_of_the_payment() {
    let terms = line();
    for late in 0..60 {
        let paid_on = date("2026-02-10").plus_days(late);
        let cents: i64 = (1..=late).map(|_| 50).sum();
        let history = format!("{THOUSAND}\n{paid_on} payment 10{:02}.{:02}", cents / 100, cents % 100);
        for day in [paid_on, paid_on.plus_days(90)] {
            let told = late_fee(&terms, &history, &day.to_string());
            assert_eq!(
                told,
                format!("{}.{:02}", cents / 100, cents % 100),
                "paid on {paid_on}, told on {day}"
            );
        }
    }
}

/// 29 days lie between 10 February and 10 March of a leap year, 28 of another: 14.50 and 14.00.
#[test]
fn the_twenty_ninth_of_february_costs_a_day_and_only_where_there_is_one() {
    let terms = line();
    let fee = |year: i32| {
        let history = format!("{year}-01-05 obligation 1000.00 due={year}-02-10");
        late_fee(&terms, &history, &format!("{year}-03-10"))
    };
    assert_eq!((fee(2024), fee(2026)), ("14.50".to_owned(), "14.00".to_owned()));
}

/// The unit is a share a day. 25 % a year on 1,000.00 for 30 days is 20.55 by 365 days; read as a share a day it would be
/// 7,500.00, read as a daily share divided once more by 365 it would be 0.06.
#[test]
fn a_yearly_rate_costs_a_365th_a_day_and_neither_all_of_it_nor_a_365th_of_that() {
    let mut terms = line();
    let per_day = percent("0.0685%");
    terms.late_fee = terms.late_fee.map(|fee| LateFeeTerms { rate_per_day: per_day, ..fee });
    assert_eq!(late_fee(&terms, THOUSAND, "2026-03-12"), "20.55");
}

/// 1,000.00 for ten days, 600.00 for eight: 5.00 + 2.40.
#[test]
fn a_part_payment_lowers_the_base_from_the_day_after_it() {
    let terms = line();
    let history = format!("{THOUSAND}\n2026-02-20 payment 405.00");
    assert_eq!(late_fee(&terms, &history, "2026-02-20"), "5.00");
    assert_eq!(late_fee(&terms, &history, "2026-02-28"), "7.40");
    let owed = position(&terms, &history, "2026-02-28").owed(&terms).expect("amounts fit");
    assert_eq!(owed, money("602.40"));
}

/// A rate of nothing beside a fee charged once of 10.00: 1,010.00 are owed, not nothing and not 1,000.00.
#[test]
fn a_fee_is_charged_although_the_rate_is_zero() {
    let mut terms = line();
    terms.late_fee = terms.late_fee.map(|fee| LateFeeTerms { rate_per_day: percent("0%"), ..fee });
    terms.once_fees = vec![OnceFee { after_days: 1, amount: OnceAmount::Fixed(money("10.00")) }];
    let owed = |day: &str| position(&terms, THOUSAND, day).owed(&terms).expect("amounts fit");
    assert_eq!(owed("2026-02-10"), money("1000.00"));
    assert_eq!(owed("2026-02-11"), money("1010.00"));
    assert_eq!(owed("2026-06-11"), money("1010.00"), "and only once");
}

/// What is in arrears of each component is what fell due less what cleared it, added up here from the history.
#[test]
fn what_is_in_arrears_is_what_fell_due_and_was_not_cleared() {
    let mut terms = line();
    terms.late_fee = None;
    let history = "2026-01-05 obligation 100.00 due=2026-01-10
         2026-01-05 obligation 30.00 due=2026-01-10 as=charge
         2026-01-05 obligation 100.00 due=2026-02-10
         2026-01-15 payment 50.00
         2026-02-15 payment 25.00";
    check(
        &terms,
        history,
        &["2026-02-09", "2026-02-11", "2026-02-15"],
        expect![[r#"
            2026-02-09: owed 180.00, outstanding 180.00, credit 0.00; overdue 80.00 for 30 days (M1), late fee 0.00
              0 due 2026-01-10: principal 100.00; rest 80.00
              0 due 2026-02-10: principal 100.00; rest 100.00
            2026-02-11: owed 180.00, outstanding 180.00, credit 0.00; overdue 180.00 for 32 days (M2), late fee 0.00
              0 due 2026-01-10: principal 100.00; rest 80.00
              0 due 2026-02-10: principal 100.00; rest 100.00
            2026-02-15: owed 155.00, outstanding 155.00, credit 0.00; overdue 155.00 for 36 days (M2), late fee 0.00
              0 due 2026-01-10: principal 100.00; rest 55.00
              0 due 2026-02-10: principal 100.00; rest 100.00
        "#]],
    );
}

/// FINERACT-2326, with the case's own numbers: paid up on 16 October, the pause of 6 to 25 October takes nine days off the
/// instalment due on the 16th; on 15 November that is 30 − 9 − 3 days of grace = 18, for 500.00.
#[test]
fn a_pause_takes_off_the_days_that_overlap_the_delay_and_no_earlier_ones() {
    check_ages(
        &quarters(),
        "2023-10-01 purchase 1000.00
         2023-10-06 ageing_pause 0.00 through=2023-10-30
         2023-10-16 payment 250.00
         2023-10-25 ageing_resume 0.00 of=1",
        &["2023-10-26", "2023-11-15"],
        expect![[r#"
            2023-10-26: 250.00 overdue, 0 days past due, 10 of the calendar, 9 paused, NONE (normal): R1 250.00
            2023-11-15: 500.00 overdue, 18 days past due, 30 of the calendar, 9 paused, R3 (special_mention): R3 250.00, R3 250.00
        "#]],
    );
}

/// The bank took a payment back: the delay is that of the due date it had paid, in the day's bucket, as if never paid.
#[test]
fn a_payment_taken_back_ages_from_the_due_date_it_had_paid() {
    let mut terms = line();
    terms.late_fee = None;
    let history = "2026-01-05 obligation 100.00 due=2026-01-10
         2026-01-08 payment 100.00
         2026-02-20 return 0.00 of=1";
    check_ages(
        &terms,
        history,
        &["2026-02-19", "2026-02-20"],
        expect![[r#"
            2026-02-19: 0.00 overdue, 0 days past due, 0 of the calendar, 0 paused, M0 (normal): 
            2026-02-20: 100.00 overdue, 41 days past due, 41 of the calendar, 0 paused, M2 (special_mention): M2 100.00
        "#]],
    );
}

/// killbill 687: more than is owed comes in while the agreement is behind; it is current at once, and stays so.
#[test]
fn an_overpayment_cures_at_once() {
    let terms = line();
    let history = "2026-01-05 obligation 100.00 due=2026-01-10\n2026-03-01 payment 500.00";
    check_ages(
        &terms,
        history,
        &["2026-02-28", "2026-03-01", "2026-06-01"],
        expect![[r#"
            2026-02-28: 100.00 overdue, 49 days past due, 49 of the calendar, 0 paused, M2 (special_mention): M2 100.00
            2026-03-01: 0.00 overdue, 0 days past due, 0 of the calendar, 0 paused, M0 (normal): 
            2026-06-01: 0.00 overdue, 0 days past due, 0 of the calendar, 0 paused, M0 (normal): 
        "#]],
    );
}

/// killbill 535: the stages follow the due date, whenever somebody looks.
#[test]
fn looking_late_does_not_shift_the_stages() {
    let terms = line();
    let history = "2026-01-05 obligation 100.00 due=2026-01-10";
    let on_time = position(&terms, history, "2026-03-20");
    let mut late = position(&terms, history, "2026-01-06");
    late.advance(&terms, &[], date("2026-03-20"), &mut |_| {}).expect("amounts fit");
    assert_eq!(late, on_time);
    let arrears = late.arrears(&terms).expect("amounts fit");
    assert_eq!((arrears.days_past_due, arrears.bucket_index), (69, 3));
}

/// frappe 31 had whole units: 3,226.25 became 3,227.00, and the last instalment was far off. An annuity of 36,000.00 in
/// twelve months at 13.5 %: i = 0.01125, 36000 × i ÷ (1 − 1.01125⁻¹²) = 3,223.873; what the cents of interest leave, three of
/// them, is in the last one.
#[test]
fn an_instalment_is_what_every_other_calculator_says() {
    let terms = loan(Method::EqualPayment, 12, "13.5%");
    let position = position(&terms, "2026-01-05 purchase 36000.00", "2026-01-05");
    let due: Vec<String> = position
        .statements
        .iter()
        .map(|statement| statement.billed.total().expect("amounts fit").to_string())
        .collect();
    assert_eq!(due.len(), 12);
    assert!(due[..11].iter().all(|amount| amount == "3223.87"), "{due:?}");
    assert_eq!(due[11], "3223.90", "{due:?}");
}

/// 15.625 to 15.62 half to even, to 15.63 half up: 1,250.00 at 15 % a year flat by months is 15.625 a month.
#[test]
fn half_a_cent_goes_where_the_terms_say() {
    let interest = |rounding| {
        let mut terms = loan(Method::Flat, 4, "15%");
        terms.rounding = rounding;
        let position = position(&terms, "2026-01-05 purchase 1250.00", "2026-01-05");
        position.statements[0].billed.get(dunlin_domain::terms::Component::Interest).to_string()
    };
    assert_eq!((interest(Rounding::HalfEven), interest(Rounding::HalfUp)), ("15.62".into(), "15.63".into()));
}

/// The day is the lender's: one moment is the 1st in Shanghai and still the 31st in London, and the day of the fold is an
/// argument that no machine's zone can shift.
#[test]
fn a_moment_is_a_day_of_the_lenders_zone() {
    let moment = Timestamp::at(Date::parse("2026-03-31").expect("a day"), 16, 30, &zone("UTC"));
    assert_eq!(moment.date_in(&zone("Asia/Shanghai")), date("2026-04-01"));
    assert_eq!(moment.date_in(&zone("Europe/London")), date("2026-03-31"));
    assert_eq!(moment.date_in(&zone("Asia/Kolkata")), date("2026-03-31"));
    let later = Timestamp::at(Date::parse("2026-03-31").expect("a day"), 18, 30, &zone("UTC"));
    assert_eq!(later.date_in(&zone("Asia/Kolkata")), date("2026-04-01"));
}

/// A loan drawn on 31 January: due on 28 February and 31 March by one setting, on 1 March and 31 March by the other.
#[test]
fn a_month_without_the_day_clamps_or_rolls_as_the_terms_say() {
    let due = |month_end| {
        let mut terms = loan(Method::Flat, 3, "0%");
        terms.plan.month_end = month_end;
        let position = position(&terms, "2025-01-31 purchase 300.00", "2025-01-31");
        position.statements.iter().map(|statement| statement.due_on.to_string()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(due(MonthEnd::Clamp), "2025-02-28 2025-03-31 2025-04-30");
    assert_eq!(due(MonthEnd::RollToFirst), "2025-03-01 2025-03-31 2025-05-01");
}

/// frappe 587 and FINERACT 4334: a payment that was backdated, undone, and backdated again leaves what the last one alone
/// leaves, whichever of them was learned of first.
#[test]
fn backdated_and_undone_again_and_again_is_as_if_only_the_last_had_been() {
    let terms = line();
    let alone = position(&terms, &format!("{THOUSAND}\n2026-02-12 payment 400.00"), "2026-05-01");
    let told_of_alone = told(&terms, &alone);
    for order in [
        "2026-02-05 payment 1000.00\n2026-03-01 reversal 0.00 of=1\n2026-02-12 payment 400.00",
        "2026-02-12 payment 400.00\n2026-02-05 payment 1000.00\n2026-03-01 reversal 0.00 of=2",
    ] {
        let position = position(&terms, &format!("{THOUSAND}\n{order}"), "2026-05-01");
        assert_eq!(told(&terms, &position), told_of_alone, "{order}");
    }
    let mut many = format!("{THOUSAND}\n");
    for round in 0..20 {
        many += &format!(
            "2026-02-11 payment 300.00\n2026-03-0{} return 0.00 of={}\n",
            1 + round % 9,
            1 + 2 * round
        );
    }
    many += "2026-02-12 payment 400.00";
    assert_eq!(told(&terms, &position(&terms, &many, "2026-05-01")), told_of_alone);
}

/// lana-bank 1885: interest that is due and unpaid is overdue, for as many days and in the same bucket.
#[test]
fn overdue_interest_ages_as_principal_does() {
    let mut terms = line();
    terms.late_fee = None;
    let ages = |component: &str| {
        let history = format!("2026-01-05 obligation 12.34 due=2026-01-10 as={component}");
        let arrears = position(&terms, &history, "2026-02-14").arrears(&terms).expect("amounts fit");
        (arrears.overdue, arrears.days_past_due, arrears.bucket_index)
    };
    assert_eq!(ages("interest"), (money("12.34"), 35, 2));
    assert_eq!(ages("interest"), ages("principal"));
}

/// The orders that have a name are in docs/products.md, step by step, as the code takes them.
#[test]
fn the_documented_order_is_the_order_of_the_code() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/products.md");
    let document = std::fs::read_to_string(file).expect("the document of products");
    for preset in AllocationPreset::ALL {
        let order = preset.order();
        let groups = order.steps.chunk_by(|left, right| left.states == right.states).map(|group| {
            let states: Vec<&str> = DueState::ALL
                .iter()
                .filter(|state| group[0].states.holds(**state))
                .map(|state| state.code())
                .collect();
            let components: Vec<&str> = group.iter().map(|step| step.component.code()).collect();
            format!("{}: {}", states.join(" + "), components.join(", "))
        });
        let row = format!("| `{}` | {} |", preset.code(), groups.collect::<Vec<_>>().join("; then "));
        assert!(document.contains(&row), "docs/products.md lacks {row}");
    }
}

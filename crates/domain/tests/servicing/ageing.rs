//! Days past due with pauses and grace, cure rules and classification.

use dunlin_domain::ageing::customer_age;
use dunlin_domain::schedule::Method;
use dunlin_domain::terms::{CureRule, DaysPastDueConvention, Tier};
use expect_test::expect;

use crate::support::*;

/// Fineract case FIN-DLQ-02: a pause with an early resume, then a second one. Only days that overlap the overdue
/// time of an obligation are taken off it (FINERACT-2326), and buckets stay while a pause lasts.
#[test]
fn pauses_take_off_only_the_days_that_overlap() {
    check_ages(
        &quarters(),
        "2023-10-01 purchase 1000.00
         2023-10-15 ageing_pause 0.00 through=2023-10-30
         2023-10-25 ageing_resume 0.00 of=1
         2023-11-14 ageing_pause 0.00 through=2023-11-30",
        &["2023-10-16", "2023-10-26", "2023-11-13", "2023-11-14", "2023-11-30", "2023-12-01"],
        expect![[r#"
            2023-10-16: 250.00 overdue, 11 days past due, 15 of the calendar, 1 paused, R3 (special_mention): R3 250.00
            2023-10-26: 500.00 overdue, 12 days past due, 25 of the calendar, 10 paused, R3 (special_mention): R3 250.00, R1 250.00
            2023-11-13: 750.00 overdue, 30 days past due, 43 of the calendar, 10 paused, R3 (special_mention): R30 250.00, R3 250.00, R3 250.00
            2023-11-14: 750.00 overdue, 31 days past due, 44 of the calendar, 10 paused, R3 (special_mention): R30 250.00, R3 250.00, R3 250.00
            2023-11-30: 1000.00 overdue, 31 days past due, 60 of the calendar, 26 paused, R3 (special_mention): R30 250.00, R3 250.00, R3 250.00, NONE 250.00
            2023-12-01: 1000.00 overdue, 32 days past due, 61 of the calendar, 26 paused, R30 (special_mention): R30 250.00, R3 250.00, R3 250.00, R1 250.00
        "#]],
    );
}

/// User requests, section 2: a pause that ended before the due date takes nothing off.
#[test]
fn a_pause_before_the_due_date_takes_nothing_off() {
    check_ages(
        &quarters(),
        "2023-10-01 purchase 1000.00
         2023-10-01 payment 500.00
         2023-10-02 ageing_pause 0.00 through=2023-10-20",
        &["2023-11-10"],
        expect![[r#"
            2023-11-10: 250.00 overdue, 7 days past due, 10 of the calendar, 0 paused, R3 (normal): R3 250.00
        "#]],
    );
}

#[test]
fn each_instalment_has_a_bucket_of_its_own() {
    check_ages(
        &quarters(),
        "2023-10-01 purchase 1000.00",
        &["2023-11-16", "2023-12-16"],
        expect![[r#"
        2023-11-16: 1000.00 overdue, 43 days past due, 46 of the calendar, 0 paused, R30 (special_mention): R30 250.00, R30 250.00, R3 250.00, R1 250.00
        2023-12-16: 1000.00 overdue, 73 days past due, 76 of the calendar, 0 paused, R60 (special_mention): R60 250.00, R60 250.00, R30 250.00, R30 250.00
    "#]],
    );
}

/// Frappe case FRA-DPD-01: the due date itself is day 1.
#[test]
fn the_due_date_may_be_day_one() {
    let mut terms = loan(Method::Flat, 2, "0%");
    terms.days_past_due = DaysPastDueConvention::DueDateIsOne;
    check_ages(
        &terms,
        "2024-09-05 purchase 7564.00
         2024-10-05 payment 3000.00
         2024-10-09 payment 782.00",
        &["2024-10-04", "2024-10-05", "2024-10-08", "2024-10-09", "2024-11-04", "2024-11-05"],
        expect![[r#"
            2024-10-04: 0.00 overdue, 0 days past due, 0 of the calendar, 0 paused, M0 (normal): 
            2024-10-05: 782.00 overdue, 1 days past due, 1 of the calendar, 0 paused, M1 (normal): M1 782.00
            2024-10-08: 782.00 overdue, 4 days past due, 4 of the calendar, 0 paused, M1 (normal): M1 782.00
            2024-10-09: 0.00 overdue, 0 days past due, 0 of the calendar, 0 paused, M0 (normal): 
            2024-11-04: 0.00 overdue, 0 days past due, 0 of the calendar, 0 paused, M0 (normal): 
            2024-11-05: 3782.00 overdue, 1 days past due, 1 of the calendar, 0 paused, M1 (normal): M1 3782.00
        "#]],
    );
}

const TWO: &str = "2026-01-05 obligation 100.00 due=2026-01-10
         2026-01-05 obligation 100.00 due=2026-02-10
         2026-02-20 payment 100.00";

#[test]
fn the_oldest_paid_or_all_paid_cures() {
    let mut terms = line();
    terms.late_fee = None;
    check_ages(
        &terms,
        TWO,
        &["2026-02-19", "2026-02-20"],
        expect![[r#"
        2026-02-19: 200.00 overdue, 40 days past due, 40 of the calendar, 0 paused, M2 (special_mention): M2 100.00, M1 100.00
        2026-02-20: 100.00 overdue, 10 days past due, 10 of the calendar, 0 paused, M1 (special_mention): M1 100.00
    "#]],
    );
    terms.behind.cure = CureRule::AllPaid;
    check_ages(
        &terms,
        TWO,
        &["2026-02-19", "2026-02-20"],
        expect![[r#"
        2026-02-19: 200.00 overdue, 40 days past due, 40 of the calendar, 0 paused, M2 (special_mention): M2 100.00, M1 100.00
        2026-02-20: 100.00 overdue, 41 days past due, 41 of the calendar, 0 paused, M2 (special_mention): M1 100.00
    "#]],
    );
}

#[test]
fn a_bucket_stays_until_due_dates_in_a_row_were_kept() {
    let mut terms = line();
    terms.late_fee = None;
    terms.behind.cure = CureRule::OnTimePeriods;
    terms.behind.on_time_periods = 2;
    check_ages(
        &terms,
        "2026-01-05 obligation 100.00 due=2026-01-10
         2026-01-05 obligation 100.00 due=2026-03-10
         2026-01-05 obligation 100.00 due=2026-04-10
         2026-02-20 payment 100.00
         2026-03-01 payment 100.00
         2026-04-01 payment 100.00",
        &["2026-02-19", "2026-02-20", "2026-03-11", "2026-04-11"],
        expect![[r#"
            2026-02-19: 100.00 overdue, 40 days past due, 40 of the calendar, 0 paused, M2 (special_mention): M2 100.00
            2026-02-20: 0.00 overdue, 0 days past due, 0 of the calendar, 0 paused, M2 (special_mention): 
            2026-03-11: 0.00 overdue, 0 days past due, 0 of the calendar, 0 paused, M2 (special_mention): 
            2026-04-11: 0.00 overdue, 0 days past due, 0 of the calendar, 0 paused, M0 (normal): 
        "#]],
    );
}

#[test]
fn less_than_the_smallest_overdue_neither_ages_nor_costs() {
    let mut terms = line();
    terms.behind.smallest_overdue = money("10.00");
    let history =
        |paid: &str| format!("2026-01-05 obligation 100.00 due=2026-01-10\n2026-01-10 payment {paid}");
    check_ages(
        &terms,
        &history("90.01"),
        &["2026-03-10"],
        expect![[r#"
        2026-03-10: 0.00 overdue, 0 days past due, 0 of the calendar, 0 paused, M0 (normal): 
    "#]],
    );
    check_ages(
        &terms,
        &history("90.00"),
        &["2026-03-10"],
        expect![[r#"
        2026-03-10: 10.00 overdue, 59 days past due, 59 of the calendar, 0 paused, M2 (special_mention): M2 10.00
    "#]],
    );
}

/// The rule file, section 3.4: 90 days are special mention, 91 substandard, 271 doubtful, 361 loss.
#[test]
fn the_five_tiers_follow_days_past_due_and_charge_off() {
    let terms = line();
    let tier =
        |history: &str, day: &str| position(&terms, history, day).ageing(&terms).expect("amounts fit").tier;
    let owed = "2026-01-05 obligation 100.00 due=2026-01-10";
    let days = [7, 8, 90, 91, 270, 271, 360, 361];
    let tiers = days.map(|days| tier(owed, &date("2026-01-10").plus_days(days).to_string()));
    let (mention, substandard, doubtful) = (Tier::SpecialMention, Tier::Substandard, Tier::Doubtful);
    let expected = [Tier::Normal, mention, mention, substandard, substandard, doubtful, doubtful, Tier::Loss];
    assert_eq!(tiers, expected);
    let charged_off = format!("{owed}\n2026-01-20 charge_off 0.00");
    assert_eq!(tier(&charged_off, "2026-01-20"), Tier::Loss);
}

#[test]
fn a_customer_is_as_old_as_the_oldest_agreement() {
    let terms = line();
    let arrears =
        |history: &str| position(&terms, history, "2026-03-01").arrears(&terms).expect("amounts fit");
    let old = arrears("2026-01-05 obligation 100.00 due=2026-01-10");
    let new = arrears("2026-01-05 obligation 100.00 due=2026-02-20");
    let age = customer_age([(&new, Tier::SpecialMention), (&old, Tier::SpecialMention)]);
    expect!["CustomerAge { days_past_due: 50, overdue_due_on: Some(2026-01-10), overdue_count: 2, tier: Some(SpecialMention) }"]
        .assert_eq(&format!("{age:?}"));
}

/// killbill 2297: after a partial payment no stage is skipped; days past due grow by one a day.
#[test]
fn days_past_due_grow_by_one_a_day_while_nothing_happens() {
    let terms = line();
    let history = "2026-01-05 obligation 100.00 due=2026-01-10\n2026-01-20 payment 40.00";
    for days in 1..100 {
        let on = date("2026-01-10").plus_days(days).to_string();
        let arrears = position(&terms, history, &on).arrears(&terms).expect("amounts fit");
        assert_eq!(arrears.days_past_due, days);
    }
}

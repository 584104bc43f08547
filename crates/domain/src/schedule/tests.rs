use expect_test::{Expect, expect};

use super::*;
use crate::calendar::{BeyondData, DayKind};
use crate::money::Currency;

fn date(text: &str) -> Date {
    Date::parse(text).expect("a day of the calendar")
}

fn yuan(text: &str) -> Money {
    Money::parse(text, Currency::CNY).expect("an amount")
}

fn rate(text: &str) -> Rate {
    Rate::parse_percent(text).expect("a percentage")
}

fn terms(method: Method, principal: &str, count: u32) -> ScheduleTerms {
    ScheduleTerms::monthly(yuan(principal), method, count, date("2026-01-15"))
}

fn shown(answer: Result<Schedule, ScheduleError>) -> String {
    match answer {
        Ok(schedule) => schedule.rows.iter().map(row_text).collect(),
        Err(error) => format!("{}: {error}\n", error.code()),
    }
}

fn row_text(row: &Instalment) -> String {
    let (number, due_on, days) = (row.number, row.due_on, row.days);
    let (principal, interest, fee, balance) = (row.principal, row.interest, row.fee, row.balance_after);
    format!("{number} {due_on} {days}d {principal} + {interest} + {fee} -> {balance}\n")
}

fn check(terms: &ScheduleTerms, expected: Expect) {
    expected.assert_eq(&shown(schedule(terms, &Calendar::weekends_only())));
}

/// Regulation.md, section 5: 1,200.00 in 12 at 0.5 % of the original principal costs 6.00 a period.
#[test]
fn a_flat_fee_is_a_share_of_the_original_principal() {
    let flat = ScheduleTerms { fee_per_period: rate("0.5%"), ..terms(Method::Flat, "1200", 12) };
    let schedule = schedule(&flat, &Calendar::weekends_only()).expect("a schedule");
    assert!(schedule.rows.iter().all(|row| row.total() == yuan("106.00")));
    assert_eq!(schedule.fee(), yuan("72.00"));
}

#[test]
fn every_method_repays_the_principal_to_the_cent() {
    let with = |method| ScheduleTerms { interest_per_year: rate("12%"), ..terms(method, "1000", 3) };
    check(
        &with(Method::Flat),
        expect![[r#"
        1 2026-02-15 31d 333.33 + 10.00 + 0.00 -> 666.67
        2 2026-03-15 28d 333.33 + 10.00 + 0.00 -> 333.34
        3 2026-04-15 31d 333.34 + 10.00 + 0.00 -> 0.00
    "#]],
    );
    check(
        &with(Method::EqualPayment),
        expect![[r#"
        1 2026-02-15 31d 330.02 + 10.00 + 0.00 -> 669.98
        2 2026-03-15 28d 333.32 + 6.70 + 0.00 -> 336.66
        3 2026-04-15 31d 336.66 + 3.37 + 0.00 -> 0.00
    "#]],
    );
    check(
        &with(Method::EqualPrincipal),
        expect![[r#"
        1 2026-02-15 31d 333.33 + 10.00 + 0.00 -> 666.67
        2 2026-03-15 28d 333.33 + 6.67 + 0.00 -> 333.34
        3 2026-04-15 31d 333.34 + 3.33 + 0.00 -> 0.00
    "#]],
    );
    check(
        &with(Method::InterestOnly),
        expect![[r#"
        1 2026-02-15 31d 0.00 + 10.00 + 0.00 -> 1000.00
        2 2026-03-15 28d 0.00 + 10.00 + 0.00 -> 1000.00
        3 2026-04-15 31d 1000.00 + 10.00 + 0.00 -> 0.00
    "#]],
    );
    check(
        &with(Method::Bullet),
        expect![[r#"
        1 2026-04-15 90d 1000.00 + 30.00 + 0.00 -> 0.00
    "#]],
    );
}

#[test]
fn a_rate_and_a_fee_of_nothing_cost_nothing() {
    check(
        &terms(Method::EqualPayment, "100", 3),
        expect![[r#"
        1 2026-02-15 31d 33.33 + 0.00 + 0.00 -> 66.67
        2 2026-03-15 28d 33.33 + 0.00 + 0.00 -> 33.34
        3 2026-04-15 31d 33.34 + 0.00 + 0.00 -> 0.00
    "#]],
    );
    check(
        &terms(Method::Flat, "100", 1),
        expect![[r#"
        1 2026-02-15 31d 100.00 + 0.00 + 0.00 -> 0.00
    "#]],
    );
}

#[test]
fn what_cannot_be_scheduled_is_refused_and_a_step_away_is_not() {
    let with_count = |count| terms(Method::Flat, "1000", count);
    check(
        &terms(Method::Flat, "0", 3),
        expect![[r#"
        schedule.principal_not_positive: a plan splits an amount above 0, not 0.00
    "#]],
    );
    check(
        &terms(Method::Flat, "-5", 3),
        expect![[r#"
        schedule.principal_not_positive: a plan splits an amount above 0, not -5.00
    "#]],
    );
    check(
        &terms(Method::Flat, "0.01", 1),
        expect![[r#"
        1 2026-02-15 31d 0.01 + 0.00 + 0.00 -> 0.00
    "#]],
    );
    check(
        &with_count(0),
        expect![[r#"
        schedule.count_out_of_range: a plan has 1 to 600 instalments, not 0
    "#]],
    );
    check(
        &with_count(COUNT_MAX + 1),
        expect![[r#"
        schedule.count_out_of_range: a plan has 1 to 600 instalments, not 601
    "#]],
    );
    assert_eq!(
        schedule(&with_count(COUNT_MAX), &Calendar::weekends_only()).map(|all| all.rows.len()),
        Ok(600)
    );
    let negative = Rate::from_millionths(-1);
    check(
        &ScheduleTerms { interest_per_year: negative, ..with_count(3) },
        expect![[r#"
        schedule.rate_out_of_range: interest_per_year must be 0% to 100000%, not -0.0001%
    "#]],
    );
    check(
        &ScheduleTerms { fee_per_period: negative, ..with_count(3) },
        expect![[r#"
        schedule.rate_out_of_range: fee_per_period must be 0% to 100000%, not -0.0001%
    "#]],
    );
    check(
        &ScheduleTerms { period: Period::Weeks(0), ..with_count(3) },
        expect![[r#"
        schedule.period_out_of_range: a period is 1 to 366 days, weeks or months long, not 0
    "#]],
    );
    let due = |first: &str| DueDates { first_due_on: Some(date(first)), ..DueDates::REGULAR };
    check(
        &ScheduleTerms { due: due("2026-01-15"), ..with_count(2) },
        expect![[r#"
        schedule.first_due_not_after_start: the first instalment is due on 2026-01-15, not after the start on 2026-01-15; give a later first due date
    "#]],
    );
    check(
        &ScheduleTerms { due: due("2026-01-16"), ..with_count(2) },
        expect![[r#"
        1 2026-01-16 1d 500.00 + 0.00 + 0.00 -> 500.00
        2 2026-02-16 31d 500.00 + 0.00 + 0.00 -> 0.00
    "#]],
    );
    let grace = |periods| Grace { principal_periods: periods, ..Grace::default() };
    check(
        &ScheduleTerms { grace: grace(3), ..with_count(3) },
        expect![[r#"
        schedule.grace_too_long: principal_periods is 3, but this plan has room for 2
    "#]],
    );
    check(
        &ScheduleTerms { grace: grace(2), ..with_count(3) },
        expect![[r#"
        1 2026-02-15 31d 0.00 + 0.00 + 0.00 -> 1000.00
        2 2026-03-15 28d 0.00 + 0.00 + 0.00 -> 1000.00
        3 2026-04-15 31d 1000.00 + 0.00 + 0.00 -> 0.00
    "#]],
    );
    check(
        &ScheduleTerms { grace: grace(1), ..terms(Method::Bullet, "1000", 3) },
        expect![[r#"
        schedule.not_with_method: principal_periods has no meaning for the method bullet; leave it out
    "#]],
    );
}

#[test]
fn a_multiple_is_refused_where_it_would_change_the_number_of_instalments() {
    let in_multiples = |principal: &str, count, multiple: &str| ScheduleTerms {
        multiple: Some(yuan(multiple)),
        rounding: Rounding::HalfUp,
        ..terms(Method::EqualPayment, principal, count)
    };
    check(
        &in_multiples("100", 3, "0"),
        expect![[r#"
        schedule.multiple_not_positive: instalments cannot be multiples of 0.00; give an amount above 0
    "#]],
    );
    check(
        &in_multiples("100", 3, "67"),
        expect![[r#"
        schedule.multiple_above_instalment: an instalment of 33.33 is nothing in multiples of 67.00; give a smaller multiple
    "#]],
    );
    check(
        &in_multiples("100", 3, "66"),
        expect![[r#"
        schedule.multiple_closes_early: instalments of 66.00, rounded to multiples of 66.00, leave nothing for instalment 3; give a smaller multiple or fewer instalments
    "#]],
    );
    check(
        &in_multiples("100", 3, "50"),
        expect![[r#"
        schedule.multiple_closes_early: instalments of 50.00, rounded to multiples of 50.00, leave nothing for instalment 3; give a smaller multiple or fewer instalments
    "#]],
    );
    check(
        &in_multiples("100", 3, "10"),
        expect![[r#"
        1 2026-02-15 31d 30.00 + 0.00 + 0.00 -> 70.00
        2 2026-03-15 28d 30.00 + 0.00 + 0.00 -> 40.00
        3 2026-04-15 31d 40.00 + 0.00 + 0.00 -> 0.00
    "#]],
    );
}

#[test]
fn an_instalment_that_does_not_cover_its_interest_is_refused() {
    let due = DueDates { first_due_on: Some(date("2028-01-15")), ..DueDates::REGULAR };
    let long = ScheduleTerms {
        due,
        interest_per_year: rate("24%"),
        equal_payment_from: EqualPaymentFrom::RegularPeriod,
        ..terms(Method::EqualPayment, "1000", 6)
    };
    check(
        &long,
        expect![[r#"
        schedule.instalment_below_interest: an instalment of 178.53 does not cover the interest of 480.00 in period 1; put the odd first period on top, or give a smaller multiple
    "#]],
    );
    check(
        &ScheduleTerms { odd_first: OddFirst::OnTop, ..long },
        expect![[r#"
        1 2028-01-15 730d 158.53 + 480.00 + 0.00 -> 841.47
        2 2028-02-15 31d 161.70 + 16.83 + 0.00 -> 679.77
        3 2028-03-15 29d 164.93 + 13.60 + 0.00 -> 514.84
        4 2028-04-15 31d 168.23 + 10.30 + 0.00 -> 346.61
        5 2028-05-15 30d 171.60 + 6.93 + 0.00 -> 175.01
        6 2028-06-15 31d 175.01 + 3.50 + 0.00 -> 0.00
    "#]],
    );
}

#[test]
fn an_odd_first_period_costs_as_its_treatment_says() {
    let first = |day: &str, odd_first| ScheduleTerms {
        due: DueDates { first_due_on: Some(date(day)), ..DueDates::REGULAR },
        interest_per_year: rate("12%"),
        odd_first,
        ..terms(Method::EqualPayment, "1000", 3)
    };
    let short = "2026-02-01";
    check(
        &first(short, OddFirst::WholePeriod),
        expect![[r#"
        1 2026-02-01 17d 330.02 + 10.00 + 0.00 -> 669.98
        2 2026-03-01 28d 333.32 + 6.70 + 0.00 -> 336.66
        3 2026-04-01 31d 336.66 + 3.37 + 0.00 -> 0.00
    "#]],
    );
    check(
        &first(short, OddFirst::ByLength),
        expect![[r#"
        1 2026-02-01 17d 333.02 + 5.48 + 0.00 -> 666.98
        2 2026-03-01 28d 331.83 + 6.67 + 0.00 -> 335.15
        3 2026-04-01 31d 335.15 + 3.35 + 0.00 -> 0.00
    "#]],
    );
    check(
        &first(short, OddFirst::OnTop),
        expect![[r#"
        1 2026-02-01 17d 330.02 + 5.48 + 0.00 -> 669.98
        2 2026-03-01 28d 333.32 + 6.70 + 0.00 -> 336.66
        3 2026-04-01 31d 336.66 + 3.37 + 0.00 -> 0.00
    "#]],
    );
    let long = "2026-03-01";
    check(
        &first(long, OddFirst::WholePeriod),
        expect![[r#"
        1 2026-03-01 45d 330.02 + 10.00 + 0.00 -> 669.98
        2 2026-04-01 31d 333.32 + 6.70 + 0.00 -> 336.66
        3 2026-05-01 30d 336.66 + 3.37 + 0.00 -> 0.00
    "#]],
    );
    check(
        &first(long, OddFirst::ByLength),
        expect![[r#"
        1 2026-03-01 45d 326.71 + 15.00 + 0.00 -> 673.29
        2 2026-04-01 31d 334.98 + 6.73 + 0.00 -> 338.31
        3 2026-05-01 30d 338.31 + 3.38 + 0.00 -> 0.00
    "#]],
    );
    check(
        &first(long, OddFirst::OnTop),
        expect![[r#"
        1 2026-03-01 45d 330.02 + 15.00 + 0.00 -> 669.98
        2 2026-04-01 31d 333.32 + 6.70 + 0.00 -> 336.66
        3 2026-05-01 30d 336.66 + 3.37 + 0.00 -> 0.00
    "#]],
    );
    // As long as the others.
    check(
        &first("2026-02-15", OddFirst::OnTop),
        expect![[r#"
        1 2026-02-15 31d 330.02 + 10.00 + 0.00 -> 669.98
        2 2026-03-15 28d 333.32 + 6.70 + 0.00 -> 336.66
        3 2026-04-15 31d 336.66 + 3.37 + 0.00 -> 0.00
    "#]],
    );
}

#[test]
fn due_dates_shift_over_days_off_and_interest_follows_only_if_told() {
    let spring = (15..=23).map(|day| (date(&format!("2026-02-{day}")), DayKind::Holiday));
    let calendar = Calendar::try_new([2026], spring, BeyondData::Refuse).expect("no day twice");
    let shifted = |interest_runs| ScheduleTerms {
        due: DueDates { shift: WorkdayShift::Following, interest_runs, ..DueDates::REGULAR },
        accrual: Accrual::Daily(DayCount::Actual365Fixed),
        interest_per_year: rate("36.5%"),
        ..terms(Method::InterestOnly, "1000", 2)
    };
    let check =
        |terms: &ScheduleTerms, expected: Expect| expected.assert_eq(&shown(schedule(terms, &calendar)));
    check(
        &shifted(InterestRuns::ToContractDay),
        expect![[r#"
        1 2026-02-24 31d 0.00 + 31.00 + 0.00 -> 1000.00
        2 2026-03-16 28d 1000.00 + 28.00 + 0.00 -> 0.00
    "#]],
    );
    check(
        &shifted(InterestRuns::ToDueDay),
        expect![[r#"
        1 2026-02-24 40d 0.00 + 40.00 + 0.00 -> 1000.00
        2 2026-03-16 20d 1000.00 + 20.00 + 0.00 -> 0.00
    "#]],
    );
    check(
        &ScheduleTerms { count: 12, ..shifted(InterestRuns::ToDueDay) },
        expect![[r#"
        calendar.no_data: no holiday data for 2027-01-15: the calendar ends with 2026; add that year's notice, or let the calendar take weekends only beyond its data
    "#]],
    );
}

#[test]
fn the_last_day_of_the_month_stays_the_last_day() {
    let due = DueDates {
        first_due_on: Some(date("2026-02-28")),
        due_day: Some(MonthDay::Last),
        ..DueDates::REGULAR
    };
    check(
        &ScheduleTerms { due, ..terms(Method::Flat, "300", 3) },
        expect![[r#"
        1 2026-02-28 44d 100.00 + 0.00 + 0.00 -> 200.00
        2 2026-03-31 31d 100.00 + 0.00 + 0.00 -> 100.00
        3 2026-04-30 30d 100.00 + 0.00 + 0.00 -> 0.00
    "#]],
    );
}

/// Regulation.md, section 9, and the case FIN-PAY-01 of the scenarios: 7 % a year, months of a twelfth.
#[test]
fn interest_with_daily_rest_is_rounded_once_over_all_balances() {
    let seven = rate("7%");
    let balance = |from: &str, amount: &str| Balance { from: date(from), amount: yuan(amount) };
    let june = PeriodInterest::months(date("2024-06-01"), date("2024-07-01"), 1);
    let july = PeriodInterest::months(date("2024-07-01"), date("2024-08-01"), 1);
    let august = PeriodInterest::months(date("2024-08-01"), date("2024-09-01"), 1);
    let paid = [balance("2024-06-01", "1000"), balance("2024-06-25", "604.67")];
    let rounded = |accrued: AccruedInterest| accrued.round(Rounding::HalfEven, yuan("0")).expect("fits");
    let to_payment = june.accrue(&paid, seven, june.from, date("2024-06-25")).expect("fits");
    assert_eq!(rounded(to_payment), yuan("4.67"));
    let rest_of_june = june.accrue(&paid, seven, date("2024-06-25"), june.to).expect("fits");
    let in_july = july.accrue(&paid, seven, july.from, july.to).expect("fits");
    assert_eq!(rounded(rest_of_june.try_add(in_july).expect("fits")), yuan("4.23"));
    let on_time = [balance("2024-08-01", "334.44")];
    assert_eq!(rounded(august.accrue(&on_time, seven, august.from, august.to).expect("fits")), yuan("1.95"));
    let late = [balance("2024-06-25", "604.67"), balance("2024-08-03", "334.44")];
    assert_eq!(rounded(august.accrue(&late, seven, august.from, august.to).expect("fits")), yuan("2.05"));
}

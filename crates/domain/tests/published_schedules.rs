//! Schedules that another servicing system publishes in its own tests, as independent golden values.
//!
//! Source of the numbers: apache/fineract, `fineract-e2e-tests-runner/src/test/resources/features/`, the
//! feature file and scenario named at each case (facts only). Two families: the cumulative schedule
//! (instalment in multiples of 1, from the first period, interest by 1/12 or by days over 365, half even) and
//! the progressive one (instalment from every period, its residue smoothed).

use dunlin_domain::calendar::Calendar;
use dunlin_domain::date::{Date, MonthDay};
use dunlin_domain::day_count::DayCount;
use dunlin_domain::money::{Currency, Money, Rate};
use dunlin_domain::schedule::{
    Accrual, DueDates, EqualPaymentFrom, Grace, InterestPause, Method, MonthEnd, Period, Residue,
    ScheduleTerms, schedule,
};

fn date(text: &str) -> Date {
    Date::parse(text).expect("a day of the calendar")
}

fn euro(text: &str) -> Money {
    Money::parse(text, Currency::parse("EUR").expect("a currency")).expect("an amount")
}

fn rate(text: &str) -> Rate {
    Rate::parse_percent(text).expect("a percentage")
}

/// Each row of `expected`: due date, principal, interest; the balance must run out with the last one.
fn check(scenario: &str, terms: &ScheduleTerms, expected: &str) {
    let schedule = schedule(terms, &Calendar::weekends_only()).expect("a schedule");
    let ours: Vec<String> = schedule
        .rows
        .iter()
        .map(|row| format!("{} {} {}", row.due_on, row.principal, row.interest))
        .collect();
    let published: Vec<&str> = expected.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(ours, published, "{scenario}");
    assert_eq!(schedule.principal(), terms.principal, "{scenario}");
}

/// The cumulative schedule of the products `LP1_INTEREST_…`: instalments in multiples of 1.
fn cumulative(method: Method, principal: &str, per_year: &str, count: u32, start: &str) -> ScheduleTerms {
    ScheduleTerms {
        interest_per_year: rate(per_year),
        multiple: Some(euro("1")),
        equal_payment_from: EqualPaymentFrom::FirstPeriod,
        ..ScheduleTerms::monthly(euro(principal), method, count, date(start))
    }
}

/// The progressive schedule of the products `LP2_ADV_PYMNT_INTEREST_DAILY_EMI_…`.
fn progressive(accrual: Accrual, principal: &str, per_year: &str, count: u32, start: &str) -> ScheduleTerms {
    ScheduleTerms {
        interest_per_year: rate(per_year),
        accrual,
        residue: Residue::Smoothed,
        ..ScheduleTerms::monthly(euro(principal), Method::EqualPayment, count, date(start))
    }
}

const ACTUAL_ACTUAL: Accrual = Accrual::Daily(DayCount::ActualActualLastDay);
const ACTUAL_365: Accrual = Accrual::Daily(DayCount::Actual365Fixed);
/// "30/360" with monthly periods: a month is a twelfth.
const THIRTY_360: Accrual = Accrual::SamePeriod;

/// LoanRepayment.feature (earlier Loan.feature), C2491, RS01.
#[test]
fn flat_interest_in_multiples() {
    let terms = cumulative(Method::Flat, "5000", "12%", 18, "2022-11-01");
    let schedule = schedule(&terms, &Calendar::weekends_only()).expect("a schedule");
    let totals: Vec<String> = schedule.rows.iter().map(|row| row.total().to_string()).collect();
    let expected: Vec<&str> = ["328.00"; 17].into_iter().chain(["324.00"]).collect();
    assert_eq!(totals, expected);
    assert_eq!((schedule.interest(), schedule.total()), (euro("900"), euro("5900")));
    let days: Vec<i32> = schedule.rows.iter().map(|row| row.days).collect();
    assert_eq!(days, [30, 31, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 31, 29, 31, 30]);
}

/// LoanRepayment.feature, "outstanding amounts are rounded correctly in case of
/// installmentAmountInMultiplesOf=1": 15.625 of interest needs half even, the last takes 0.02 more.
#[test]
fn flat_interest_of_half_a_cent_goes_to_the_even_cent_and_the_residue_to_the_last() {
    check(
        "installmentAmountInMultiplesOf=1",
        &cumulative(Method::Flat, "1250", "15%", 4, "2023-09-01"),
        "2023-10-01 312.38 15.62
         2023-11-01 312.38 15.62
         2023-12-01 312.38 15.62
         2024-01-01 312.86 15.64",
    );
}

/// LoanRepayment.feature, C2492, RS02.
#[test]
fn equal_payment_by_months_in_multiples() {
    check(
        "RS02",
        &cumulative(Method::EqualPayment, "5000", "12%", 18, "2022-11-01"),
        "2022-12-01 255.00 50.00
         2023-01-01 257.55 47.45
         2023-02-01 260.13 44.87
         2023-03-01 262.73 42.27
         2023-04-01 265.35 39.65
         2023-05-01 268.01 36.99
         2023-06-01 270.69 34.31
         2023-07-01 273.39 31.61
         2023-08-01 276.13 28.87
         2023-09-01 278.89 26.11
         2023-10-01 281.68 23.32
         2023-11-01 284.50 20.50
         2023-12-01 287.34 17.66
         2024-01-01 290.21 14.79
         2024-02-01 293.12 11.88
         2024-03-01 296.05 8.95
         2024-04-01 299.01 5.99
         2024-05-01 300.22 3.00",
    );
}

/// LoanRepayment.feature, C2493, RS03: by actual days over 365, in the leap year 2024 too.
#[test]
fn equal_payment_by_days_in_multiples() {
    let terms = cumulative(Method::EqualPayment, "5000", "12%", 18, "2022-11-01");
    check(
        "RS03",
        &ScheduleTerms { accrual: ACTUAL_365, ..terms },
        "2022-12-01 255.68 49.32
         2023-01-01 256.65 48.35
         2023-02-01 259.26 45.74
         2023-03-01 266.08 38.92
         2023-04-01 264.62 40.38
         2023-05-01 268.53 36.47
         2023-06-01 270.05 34.95
         2023-07-01 273.84 31.16
         2023-08-01 275.59 29.41
         2023-09-01 278.40 26.60
         2023-10-01 282.01 22.99
         2023-11-01 284.11 20.89
         2023-12-01 287.59 17.41
         2024-01-01 289.94 15.06
         2024-02-01 292.90 12.10
         2024-03-01 296.47 8.53
         2024-04-01 298.90 6.10
         2024-05-01 299.38 2.95",
    );
}

/// LoanRepayment.feature, C2494, RS04: the multiple does not touch unequal instalments.
#[test]
fn equal_principal_by_months() {
    check(
        "RS04",
        &cumulative(Method::EqualPrincipal, "5000", "12%", 18, "2022-11-01"),
        "2022-12-01 277.78 50.00
         2023-01-01 277.78 47.22
         2023-02-01 277.78 44.44
         2023-03-01 277.78 41.67
         2023-04-01 277.78 38.89
         2023-05-01 277.78 36.11
         2023-06-01 277.78 33.33
         2023-07-01 277.78 30.56
         2023-08-01 277.78 27.78
         2023-09-01 277.78 25.00
         2023-10-01 277.78 22.22
         2023-11-01 277.78 19.44
         2023-12-01 277.78 16.67
         2024-01-01 277.78 13.89
         2024-02-01 277.78 11.11
         2024-03-01 277.78 8.33
         2024-04-01 277.78 5.56
         2024-05-01 277.74 2.78",
    );
}

/// LoanRepayment.feature, C2495, RS05.
#[test]
fn principal_grace_leaves_interest_only_and_spreads_principal_over_the_rest() {
    let terms = cumulative(Method::EqualPayment, "5000", "12%", 18, "2022-11-01");
    check(
        "RS05",
        &ScheduleTerms { grace: Grace { principal_periods: 3, ..Grace::default() }, ..terms },
        "2022-12-01 0.00 50.00
         2023-01-01 0.00 50.00
         2023-02-01 0.00 50.00
         2023-03-01 311.00 50.00
         2023-04-01 314.11 46.89
         2023-05-01 317.25 43.75
         2023-06-01 320.42 40.58
         2023-07-01 323.63 37.37
         2023-08-01 326.86 34.14
         2023-09-01 330.13 30.87
         2023-10-01 333.43 27.57
         2023-11-01 336.77 24.23
         2023-12-01 340.14 20.86
         2024-01-01 343.54 17.46
         2024-02-01 346.97 14.03
         2024-03-01 350.44 10.56
         2024-04-01 353.95 7.05
         2024-05-01 351.36 3.51",
    );
}

/// LoanRepayment.feature, C2497, RS07: its "interest free period" of 3 puts interest off to period 4.
#[test]
fn interest_put_off_is_due_with_the_first_instalment_after_it() {
    let grace = Grace { principal_periods: 6, interest_deferred_periods: 3, ..Grace::default() };
    let terms = cumulative(Method::EqualPayment, "5000", "12%", 18, "2022-11-01");
    check(
        "RS07",
        &ScheduleTerms { grace, ..terms },
        "2022-12-01 0.00 0.00
         2023-01-01 0.00 0.00
         2023-02-01 0.00 0.00
         2023-03-01 0.00 200.00
         2023-04-01 0.00 50.00
         2023-05-01 0.00 50.00
         2023-06-01 394.00 50.00
         2023-07-01 397.94 46.06
         2023-08-01 401.92 42.08
         2023-09-01 405.94 38.06
         2023-10-01 410.00 34.00
         2023-11-01 414.10 29.90
         2023-12-01 418.24 25.76
         2024-01-01 422.42 21.58
         2024-02-01 426.65 17.35
         2024-03-01 430.91 13.09
         2024-04-01 435.22 8.78
         2024-05-01 442.66 4.43",
    );
}

/// LoanMonthEndDueDateStrategy.feature, UC1, UC3 and UC5.
#[test]
fn month_end_due_dates_roll_or_clamp() {
    let roll = DueDates { month_end: MonthEnd::RollToFirst, ..DueDates::REGULAR };
    let daily = progressive(ACTUAL_ACTUAL, "10000", "12%", 3, "2025-01-31");
    let monthly = progressive(THIRTY_360, "10000", "12%", 3, "2025-01-31");
    check(
        "C111043, UC1",
        &ScheduleTerms { due: roll, ..daily.clone() },
        "2025-03-01 3303.22 95.34
         2025-03-31 3332.51 66.05
         2025-05-01 3364.27 34.29",
    );
    check(
        "C111047, UC5",
        &daily,
        "2025-02-28 3305.77 92.05
         2025-03-31 3329.59 68.23
         2025-04-30 3364.64 33.19",
    );
    check(
        "C111045, UC3, roll",
        &ScheduleTerms { due: roll, ..monthly.clone() },
        "2025-03-01 3300.22 100.00
         2025-03-31 3333.22 67.00
         2025-05-01 3366.56 33.67",
    );
    check(
        "C111045, UC3, clamp",
        &monthly,
        "2025-02-28 3300.22 100.00
         2025-03-31 3333.22 67.00
         2025-04-30 3366.56 33.67",
    );
}

/// LoanMonthEndDueDateStrategy.feature, UC6 and UC7.
#[test]
fn a_due_date_rolls_only_in_a_month_that_lacks_the_day() {
    let due_dates = |start: &str, count| {
        let due = DueDates { month_end: MonthEnd::RollToFirst, ..DueDates::REGULAR };
        let terms = ScheduleTerms { due, ..cumulative(Method::Flat, "10000", "12%", count, start) };
        let schedule = schedule(&terms, &Calendar::weekends_only()).expect("a schedule");
        schedule.rows.iter().map(|row| row.due_on.to_string()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        due_dates("2024-02-29", 12),
        "2024-03-29 2024-04-29 2024-05-29 2024-06-29 2024-07-29 2024-08-29 2024-09-29 2024-10-29 \
         2024-11-29 2024-12-29 2025-01-29 2025-03-01"
    );
    assert_eq!(due_dates("2025-01-28", 3), "2025-02-28 2025-03-28 2025-04-28");
    assert_eq!(due_dates("2025-01-30", 3), "2025-03-01 2025-03-30 2025-04-30");
}

/// EMICalculation-Part1.feature, C3152, C3153 and C3164: a year's end inside a period.
#[test]
fn actual_actual_splits_a_period_at_the_end_of_a_leap_year() {
    check(
        "C3152",
        &progressive(ACTUAL_ACTUAL, "10000", "12%", 6, "2023-12-12"),
        "2024-01-12 1623.75 101.81
         2024-02-12 1640.42 85.14
         2024-03-12 1661.51 64.05
         2024-04-12 1673.98 51.58
         2024-05-12 1692.11 33.45
         2024-06-12 1708.23 17.36",
    );
    check(
        "C3153",
        &progressive(ACTUAL_ACTUAL, "10000", "9.4822%", 6, "2023-12-12"),
        "2024-01-12 1632.67 80.45
         2024-02-12 1645.92 67.20
         2024-03-12 1662.62 50.50
         2024-04-12 1672.49 40.63
         2024-05-12 1686.80 26.32
         2024-06-12 1699.50 13.65",
    );
    check(
        "C3164",
        &progressive(ACTUAL_ACTUAL, "331.77", "10.65%", 5, "2023-12-12"),
        "2024-01-12 65.14 3.00
         2024-02-12 65.73 2.41
         2024-03-12 66.44 1.70
         2024-04-12 66.93 1.21
         2024-05-12 67.53 0.59",
    );
}

/// EMICalculation-Part1.feature, C3154, C3155, C3165 and C3157; LoanNextPayment, C3936.
#[test]
fn equal_payment_by_months_of_thirty_days() {
    check(
        "C3154",
        &progressive(THIRTY_360, "100", "12%", 6, "2024-01-01"),
        "2024-02-01 16.25 1.00
         2024-03-01 16.41 0.84
         2024-04-01 16.58 0.67
         2024-05-01 16.74 0.51
         2024-06-01 16.91 0.34
         2024-07-01 17.11 0.17",
    );
    check(
        "C3155",
        &progressive(THIRTY_360, "100", "9.4822%", 6, "2024-01-01"),
        "2024-02-01 16.34 0.79
         2024-03-01 16.47 0.66
         2024-04-01 16.60 0.53
         2024-05-01 16.73 0.40
         2024-06-01 16.86 0.27
         2024-07-01 17.00 0.13",
    );
    check(
        "C3165",
        &progressive(THIRTY_360, "75", "12.3%", 5, "2024-01-01"),
        "2024-02-01 14.70 0.77
         2024-03-01 14.85 0.62
         2024-04-01 15.00 0.47
         2024-05-01 15.16 0.31
         2024-06-01 15.29 0.16",
    );
    let two_months = progressive(THIRTY_360, "100", "12%", 3, "2024-01-01");
    check(
        "C3157",
        &ScheduleTerms { period: Period::Months(2), ..two_months },
        "2024-03-01 32.68 2.00
         2024-05-01 33.33 1.35
         2024-07-01 33.99 0.68",
    );
    check(
        "C3161, after a down payment of 25 on the first day",
        &progressive(THIRTY_360, "75", "5%", 5, "2024-01-01"),
        "2024-02-01 14.88 0.31
         2024-03-01 14.94 0.25
         2024-04-01 15.00 0.19
         2024-05-01 15.06 0.13
         2024-06-01 15.12 0.06",
    );
    check(
        "C3936",
        &progressive(THIRTY_360, "1000", "7%", 3, "2024-06-01"),
        "2024-07-01 331.40 5.83
         2024-08-01 333.33 3.90
         2024-09-01 335.27 1.96",
    );
}

/// EMICalculation-Part1.feature, C3159, C3160, C3166, C3167; C3158 for weeks over 360 days.
#[test]
fn equal_payment_by_actual_days() {
    check(
        "C3159",
        &progressive(ACTUAL_365, "100", "12%", 6, "2024-01-01"),
        "2024-02-01 16.23 1.02
         2024-03-01 16.45 0.80
         2024-04-01 16.56 0.69
         2024-05-01 16.75 0.50
         2024-06-01 16.90 0.35
         2024-07-01 17.11 0.17",
    );
    check(
        "C3160",
        &progressive(ACTUAL_365, "100", "9.4822%", 6, "2024-01-01"),
        "2024-02-01 16.32 0.81
         2024-03-01 16.50 0.63
         2024-04-01 16.59 0.54
         2024-05-01 16.74 0.39
         2024-06-01 16.86 0.27
         2024-07-01 16.99 0.13",
    );
    let fifteen_days = progressive(ACTUAL_365, "100", "9.4822%", 6, "2024-01-01");
    check(
        "C3166",
        &ScheduleTerms { period: Period::Days(15), ..fifteen_days },
        "2024-01-16 16.51 0.39
         2024-01-31 16.57 0.33
         2024-02-15 16.64 0.26
         2024-03-01 16.70 0.20
         2024-03-16 16.77 0.13
         2024-03-31 16.81 0.07",
    );
    check(
        "C3167, where a correction would make the last instalment worse",
        &progressive(ACTUAL_365, "100", "15.678%", 6, "2024-01-01"),
        "2024-02-01 16.10 1.33
         2024-03-01 16.38 1.05
         2024-04-01 16.53 0.90
         2024-05-01 16.77 0.66
         2024-06-01 16.97 0.46
         2024-07-01 17.25 0.22",
    );
    let two_weeks = progressive(Accrual::Daily(DayCount::Actual360), "100", "9.4822%", 6, "2024-01-01");
    check(
        "C3158",
        &ScheduleTerms { period: Period::Weeks(2), ..two_weeks },
        "2024-01-15 16.51 0.37
         2024-01-29 16.57 0.31
         2024-02-12 16.63 0.25
         2024-02-26 16.69 0.19
         2024-03-11 16.76 0.12
         2024-03-25 16.84 0.06",
    );
}

/// EMICalculation-Part1.feature, C3156: the first due date is moved by 17 days, the instalment stays.
#[test]
fn a_long_first_period_costs_by_its_length() {
    let due = DueDates {
        first_due_on: Some(date("2024-02-18")),
        due_day: Some(MonthDay::Day(18)),
        ..DueDates::REGULAR
    };
    let terms = progressive(THIRTY_360, "100", "9.4822%", 6, "2024-01-01");
    check(
        "C3156",
        &ScheduleTerms {
            due,
            equal_payment_from: EqualPaymentFrom::RegularPeriod,
            residue: Residue::Last,
            ..terms
        },
        "2024-02-18 15.88 1.25
         2024-03-18 16.47 0.66
         2024-04-18 16.60 0.53
         2024-05-18 16.73 0.40
         2024-06-18 16.86 0.27
         2024-07-18 17.46 0.14",
    );
}

/// LoanInterestPause.feature, C3475 and C3476: the instalment stays, the last one is lower.
#[test]
fn a_pause_of_interest_costs_nothing_and_leaves_the_instalment() {
    let paused = |from: &str, to: &str| ScheduleTerms {
        pauses: vec![InterestPause::of_days_counted_at_their_start(date(from), date(to))],
        residue: Residue::Last,
        ..progressive(THIRTY_360, "100", "7%", 6, "2024-01-01")
    };
    check(
        "C3475",
        &paused("2024-02-05", "2024-02-10"),
        "2024-02-01 16.43 0.58
         2024-03-01 16.62 0.39
         2024-04-01 16.62 0.39
         2024-05-01 16.72 0.29
         2024-06-01 16.81 0.20
         2024-07-01 16.80 0.10",
    );
    check(
        "C3476, over a due date",
        &paused("2024-02-10", "2024-03-10"),
        "2024-02-01 16.43 0.58
         2024-03-01 16.88 0.13
         2024-04-01 16.73 0.28
         2024-05-01 16.72 0.29
         2024-06-01 16.82 0.19
         2024-07-01 16.42 0.10",
    );
}

//! Rounding as users of other systems complain about it, each complaint by name, and the sums that hold for
//! every schedule.

use dunlin_domain::calendar::Calendar;
use dunlin_domain::date::Date;
use dunlin_domain::day_count::DayCount;
use dunlin_domain::money::{Currency, Money, Rate, Rounding};
use dunlin_domain::schedule::{
    Accrual, DueDates, EarlyPayoff, Method, MonthEnd, OddFirst, Period, Residue, Schedule, ScheduleError,
    ScheduleTerms, payoff, schedule,
};
use proptest::prelude::*;

fn date(text: &str) -> Date {
    Date::parse(text).expect("a day of the calendar")
}

fn yuan(text: &str) -> Money {
    Money::parse(text, Currency::CNY).expect("an amount")
}

fn rate(text: &str) -> Rate {
    Rate::parse_percent(text).expect("a percentage")
}

fn free_plan(principal: &str, count: u32) -> ScheduleTerms {
    ScheduleTerms::monthly(yuan(principal), Method::EqualPayment, count, date("2026-01-15"))
}

fn scheduled(terms: &ScheduleTerms) -> Schedule {
    schedule(terms, &Calendar::weekends_only()).expect("a schedule")
}

fn totals(schedule: &Schedule) -> String {
    schedule.rows.iter().map(|row| row.total().to_string()).collect::<Vec<_>>().join(" ")
}

/// frappe/lending issue 31: the instalment was always rounded up to a whole unit, 3,226.25 to 3,227.00.
#[test]
fn an_instalment_is_rounded_up_only_if_the_terms_say_so() {
    let plan = free_plan("12905", 4);
    assert_eq!(totals(&scheduled(&plan)), "3226.25 3226.25 3226.25 3226.25");
    let whole = |rounding| ScheduleTerms { multiple: Some(yuan("1")), rounding, ..plan.clone() };
    assert_eq!(totals(&scheduled(&whole(Rounding::HalfEven))), "3226.00 3226.00 3226.00 3227.00");
    assert_eq!(totals(&scheduled(&whole(Rounding::Up))), "3227.00 3227.00 3227.00 3224.00");
}

/// frappe/lending pull request 1452: 12.04 was rounded to 13 and the loan closed in 11 instead of 12 months.
#[test]
fn rounding_an_instalment_never_changes_how_many_there_are() {
    let whole = |count, rounding| {
        let plan = ScheduleTerms { multiple: Some(yuan("1")), rounding, ..free_plan("144.48", count) };
        schedule(&plan, &Calendar::weekends_only())
    };
    let nearest = whole(12, Rounding::HalfUp).expect("a schedule");
    assert_eq!((nearest.rows.len(), nearest.rows[11].total()), (12, yuan("12.48")));
    let up = whole(12, Rounding::Up).expect("a schedule");
    assert_eq!((up.rows.len(), up.rows[11].total()), (12, yuan("1.48")));
    // 6.02 rounded up to 7 would be paid off after 21 of 24.
    let refused = whole(24, Rounding::Up).expect_err("closes early");
    assert_eq!(refused.code(), "schedule.multiple_closes_early");
}

/// apache/fineract pull request 3873: an amount that ignored the multiple left a part unpaid.
#[test]
fn instalments_in_multiples_pay_the_principal_in_full() {
    for multiple in ["0.01", "0.05", "1", "10", "25"] {
        let plan = ScheduleTerms {
            multiple: Some(yuan(multiple)),
            interest_per_year: rate("12%"),
            ..free_plan("1000.01", 7)
        };
        let schedule = scheduled(&plan);
        assert_eq!(schedule.principal(), yuan("1000.01"), "{multiple}");
        let unit = yuan(multiple).minor();
        let is_multiple = |all: &Schedule| all.rows[..6].iter().all(|row| row.total().minor() % unit == 0);
        assert!(is_multiple(&schedule), "{multiple}: {}", totals(&schedule));
    }
}

/// OCA/account-financial-tools pull request 826: the rate was rounded before use. A month at 10 % a year of a
/// million is 8,333.33, not 8,333.00 as 0.8333 % would give.
#[test]
fn a_rate_is_never_rounded_before_use() {
    let plan = ScheduleTerms { interest_per_year: rate("10%"), ..free_plan("1000000", 12) };
    assert_eq!(scheduled(&plan).rows[0].interest, yuan("8333.33"));
    assert!(Rate::parse_percent("10.12345%").is_err(), "more digits than a rate has are refused, not cut");
}

/// frappe/lending commits f89da4b, fa8ef35, 7d94ca2, eddf668: fractions of a cent broke the ledger.
#[test]
fn an_amount_below_a_cent_is_rounded_once_and_never_carried_along() {
    let tiny = ScheduleTerms { interest_per_year: rate("12%"), ..free_plan("0.40", 4) };
    let schedule = scheduled(&tiny);
    assert_eq!(totals(&schedule), "0.10 0.10 0.10 0.10");
    assert_eq!((schedule.principal(), schedule.interest()), (yuan("0.40"), yuan("0.00")));
    let one_cent = scheduled(&free_plan("0.01", 3));
    assert_eq!(totals(&one_cent), "0.00 0.00 0.01");
}

/// "Found here": the same plan under half even and half up, and over 365 and actual days in a leap year.
#[test]
fn rounding_mode_and_day_count_are_terms_and_each_gives_its_own_cents() {
    let flat = |rounding| ScheduleTerms {
        method: Method::Flat,
        interest_per_year: rate("15%"),
        rounding,
        ..free_plan("1250", 4)
    };
    assert_eq!(scheduled(&flat(Rounding::HalfEven)).rows[0].interest, yuan("15.62"));
    assert_eq!(scheduled(&flat(Rounding::HalfUp)).rows[0].interest, yuan("15.63"));
    let leap = |count| ScheduleTerms {
        method: Method::InterestOnly,
        starts_on: date("2024-02-01"),
        interest_per_year: rate("12%"),
        accrual: Accrual::Daily(count),
        ..free_plan("894.75", 1)
    };
    assert_eq!(scheduled(&leap(DayCount::Actual365Fixed)).rows[0].interest, yuan("8.53"));
    assert_eq!(scheduled(&leap(DayCount::ActualActual)).rows[0].interest, yuan("8.51"));
}

prop_compose! {
    fn any_terms()(
        minor in 1_i64..10_000_000_000,
        method in proptest::sample::select(Method::ALL),
        count in 1_u32..61,
        interest in 0_i64..600_000,
        fee in 0_i64..20_000,
        start in 19_000_i32..21_000,
        first in 1_i32..80,
        period in prop_oneof![
            (1_u32..40).prop_map(Period::Days), (1_u32..9).prop_map(Period::Weeks), (1_u32..5).prop_map(Period::Months)
        ],
        accrual in proptest::sample::select(
            DayCount::ALL.iter().map(|count| Accrual::Daily(*count)).chain([Accrual::SamePeriod]).collect::<Vec<_>>()
        ),
        month_end in proptest::sample::select(MonthEnd::ALL),
        odd_first in proptest::sample::select(OddFirst::ALL),
        residue in proptest::sample::select(Residue::ALL),
        rounding in proptest::sample::select(vec![
            Rounding::HalfUp, Rounding::HalfEven, Rounding::Down, Rounding::Up
        ]),
    ) -> ScheduleTerms {
        let starts_on = Date::from_days(start);
        ScheduleTerms {
            interest_per_year: Rate::from_millionths(interest),
            fee_per_period: Rate::from_millionths(fee),
            period,
            accrual,
            odd_first,
            residue,
            rounding,
            due: DueDates { first_due_on: Some(starts_on.plus_days(first)), month_end, ..DueDates::REGULAR },
            ..ScheduleTerms::monthly(Money::new(minor, Currency::CNY), method, count, starts_on)
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Principal parts sum to the principal, no part is negative, due dates rise, the balance falls to nothing.
    #[test]
    fn every_schedule_repays_exactly_its_principal(terms in any_terms()) {
        let answer = schedule(&terms, &Calendar::weekends_only());
        let refusals = ["schedule.instalment_below_interest", "schedule.multiple_closes_early"];
        let schedule = match answer {
            Ok(schedule) => schedule,
            Err(error) => {
                prop_assert!(refusals.contains(&error.code()), "{error}");
                return Ok(());
            }
        };
        prop_assert_eq!(schedule.principal(), terms.principal);
        let none = Money::zero(Currency::CNY).minor();
        let is_whole = |part: Money| part.minor() >= none;
        prop_assert!(schedule.rows.iter().all(|row| is_whole(row.principal) && is_whole(row.interest)));
        prop_assert!(schedule.rows.windows(2).all(|pair| pair[0].due_on < pair[1].due_on));
        prop_assert!(schedule.rows.windows(2).all(|pair| pair[0].to == pair[1].from));
        prop_assert_eq!(schedule.rows[schedule.rows.len() - 1].balance_after.minor(), 0);
    }

    /// What is due by a day, the payoff of that day and what it spares are the whole schedule.
    #[test]
    fn a_payoff_and_what_it_spares_are_what_was_still_to_come(terms in any_terms(), after in 0_i32..2_000) {
        let calendar = Calendar::weekends_only();
        let Ok(schedule) = schedule(&terms, &calendar) else { return Ok(()) };
        let on = terms.starts_on.plus_days(after);
        for rule in EarlyPayoff::ALL {
            let payoff = payoff(&terms, &schedule, &calendar, on, *rule).expect("a payoff");
            let to_come: i64 =
                schedule.rows.iter().filter(|row| row.due_on > on).map(|row| row.total().minor()).sum();
            let total = payoff.total().expect("fits").minor();
            prop_assert_eq!(total + payoff.spared.minor(), to_come);
        }
    }
}

/// A schedule error is a value with a code; none of them is a panic.
#[test]
fn the_largest_amount_is_scheduled_or_refused_and_never_wraps() {
    let largest = ScheduleTerms {
        principal: Money::new(i64::MAX, Currency::CNY),
        interest_per_year: rate("24%"),
        fee_per_period: rate("1%"),
        ..free_plan("1", 12)
    };
    match schedule(&largest, &Calendar::weekends_only()) {
        Ok(schedule) => assert_eq!(schedule.principal(), largest.principal),
        Err(error) => assert!(matches!(error, ScheduleError::Money(_)), "{error}"),
    }
}

use expect_test::{Expect, expect};

use super::*;
use crate::date::Date;
use crate::day_count::plus_months;
use crate::money::Currency;

fn date(text: &str) -> Date {
    Date::parse(text).expect("a day of the calendar")
}

fn rate(text: &str) -> Rate {
    Rate::parse_percent(text).expect("a percentage")
}

fn dollars(text: &str) -> Money {
    Money::parse(text, Currency::parse("USD").expect("a currency")).expect("an amount")
}

fn flow(on: Date, amount: &str) -> CashFlow {
    CashFlow { on, amount: dollars(amount) }
}

/// To the two decimals of a disclosure.
fn percent(rate: Rate) -> String {
    let hundredths = Rounding::HalfUp.divide(i128::from(rate.millionths()), 100);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

fn check_flat(count: u32, fee: &str, expected: Expect) {
    let cost = flat_plan_cost(count, rate(fee));
    expected.assert_eq(&format!("{} nominal, {} effective", cost.nominal, cost.effective));
}

/// The computed vectors of the rule file, section 4: 8.98/9.36, 10.90/11.46, 11.13/11.71, 21.46/23.70,
/// 21.57/23.84, 23.53/26.24, 25.60/28.82, 25.59/28.81.
#[test]
fn flat_fees_are_annualised_by_internal_rate_of_return() {
    check_flat(3, "0.5%", expect!["8.9777% nominal, 9.3565% effective"]);
    check_flat(12, "0.5%", expect!["10.8964% nominal, 11.4574% effective"]);
    check_flat(24, "0.5%", expect!["11.1267% nominal, 11.712% effective"]);
    check_flat(12, "1%", expect!["21.4572% nominal, 23.6984% effective"]);
    check_flat(24, "1%", expect!["21.5712% nominal, 23.8371% effective"]);
    check_flat(12, "1.1%", expect!["23.5322% nominal, 26.2437% effective"]);
    check_flat(12, "1.2%", expect!["25.5953% nominal, 28.822% effective"]);
    check_flat(24, "1.2%", expect!["25.5873% nominal, 28.812% effective"]);
    check_flat(12, "0%", expect!["0% nominal, 0% effective"]);
}

/// Section 5: Huabei's whole-plan fees of 2.5, 4.5, 6.5 and 8.8 %.
#[test]
fn a_fee_for_the_whole_plan_is_annualised_the_same_way() {
    let nominal = |count: i64, fee: i64| {
        let each = (1_000_000 * 1_000 + fee * 1_000_000) / count;
        let mut payments = vec![0];
        payments.resize(usize::try_from(count).expect("small") + 1, each);
        percent(monthly_cost(&[1_000_000_000], &payments).expect("a cost").nominal)
    };
    assert_eq!(nominal(3, 25), "14.94");
    assert_eq!(nominal(6, 45), "15.27");
    assert_eq!(nominal(9, 65), "15.34");
    assert_eq!(nominal(12, 88), "15.86");
}

/// PBOC Announcement 〔2021〕3, annex: loan 100,000, fee 1,000 up front, 12 payments of 8,833.30; 12.80 %
/// simple, 13.58 % compound.
#[test]
fn the_official_example_of_the_central_bank_holds() {
    let mut payments = vec![100_000];
    payments.resize(13, 883_330);
    let cost = monthly_cost(&[10_000_000], &payments).expect("a cost");
    expect!["12.8038% nominal, 13.5826% effective"]
        .assert_eq(&format!("{} nominal, {} effective", cost.nominal, cost.effective));
}

/// Section 4: highest flat fee per period for nominal 24 %.
#[test]
fn the_highest_fee_within_a_ceiling_is_found_and_a_step_above_is_over_it() {
    let ceiling = rate("24%");
    let highest = |count| highest_fee_per_period(count, ceiling, CeilingBasis::Nominal);
    let found = [3, 6, 12, 24].map(|count| highest(count).to_string());
    expect!["1.3421% 1.1859% 1.1226% 1.1204%"].assert_eq(&found.join(" "));
    let above = Rate::from_millionths(highest(12).millionths() + 1);
    assert!(nominal_annual(12, highest(12)) <= ceiling && nominal_annual(12, above) > ceiling);
    assert!(highest_fee_per_period(12, ceiling, CeilingBasis::Effective) < highest(12));
    assert_eq!(highest_fee_per_period(12, Rate::ZERO, CeilingBasis::Nominal), Rate::ZERO);
}

/// Section 4, late-fee vectors.
#[test]
fn a_daily_late_fee_is_judged_by_365_days() {
    let annual = |text: &str| late_fee_annual(rate(text)).to_string();
    expect!["18.25% 23.9805% 24.017% 25.55%"]
        .assert_eq(&["0.05%", "0.0657%", "0.0658%", "0.07%"].map(annual).join(" "));
    expect!["0.0657% 0.0328%"].assert_eq(&format!(
        "{} {}",
        highest_late_fee_per_day(rate("24%")),
        highest_late_fee_per_day(rate("12%"))
    ));
}

/// What follows an instalment of an Appendix J example.
#[derive(Clone, Copy)]
enum Every {
    Months(i32),
    Days(i32),
    FirstAndSixteenth,
}

fn due_dates(first: &str, every: Every, count: i32) -> Vec<Date> {
    let first = date(first);
    (0..count)
        .map(|index| match every {
            Every::Months(months) => plus_months(first, months * index),
            Every::Days(days) => first.plus_days(days * index),
            Every::FirstAndSixteenth => plus_months(first, index / 2).plus_days(15 * (index % 2)),
        })
        .collect()
}

/// One advance, payments of `amounts` (each with its count) from `first` on; the published rate and the
/// unit-period.
fn check_apr(
    lent: (&str, &str),
    first: &str,
    every: Every,
    amounts: &[(&str, usize)],
    published: &str,
    period: &str,
) {
    let amounts: Vec<&str> = amounts.iter().flat_map(|(amount, count)| vec![*amount; *count]).collect();
    let days = due_dates(first, every, i32::try_from(amounts.len()).expect("few"));
    let payments: Vec<CashFlow> = days.iter().zip(amounts).map(|(on, amount)| flow(*on, amount)).collect();
    let rate = actuarial_rate(&[flow(date(lent.0), lent.1)], &payments).expect("a rate");
    let first = format!("{} + {:?}", rate.first_periods, rate.first_odd);
    assert_eq!(
        (percent(rate.annual).as_str(), rate.unit_period.to_string().as_str()),
        (published, period),
        "{first}"
    );
}

/// Regulation Z, Appendix J, (c)(1): equal payments, regular and irregular first periods.
#[test]
fn appendix_j_single_advance_equal_payments() {
    check_apr(("1978-01-10", "5000"), "1978-02-10", Every::Months(1), &[("230", 24)], "9.69", "1 month");
    check_apr(("1978-02-10", "6000"), "1978-04-01", Every::Months(1), &[("200", 36)], "11.82", "1 month");
    let semi = Every::FirstAndSixteenth;
    check_apr(("1978-02-23", "5000"), "1978-03-01", semi, &[("219.17", 24)], "10.34", "1/2 month");
    check_apr(("1978-05-23", "10000"), "1978-10-01", Every::Months(3), &[("385", 40)], "8.97", "3 month");
    check_apr(("1978-03-20", "500"), "1978-04-21", Every::Days(7), &[("17.60", 30)], "14.96", "1 week");
}

/// Appendix J, (c)(2) to (c)(4): irregular first and final payments.
#[test]
fn appendix_j_irregular_first_and_final_payments() {
    let monthly = |amounts: &[(&str, usize)], published: &str| {
        check_apr(("1978-01-10", "5000"), "1978-02-10", Every::Months(1), amounts, published, "1 month");
    };
    monthly(&[("250", 1), ("230", 23)], "10.08");
    monthly(&[("230", 23), ("280", 1)], "10.50");
    monthly(&[("250", 1), ("230", 22), ("280", 1)], "10.90");
    let four_weeks = [("39.50", 1), ("38.31", 11)];
    check_apr(("1978-03-18", "400"), "1978-04-20", Every::Days(28), &four_weeks, "28.50", "4 week");
    let two_weeks = [("9.50", 19), ("30", 1)];
    check_apr(("1978-04-03", "200"), "1978-04-11", Every::Days(14), &two_weeks, "12.22", "2 week");
    let two_months = [("449.36", 1), ("465", 18), ("200", 1)];
    check_apr(("1978-01-10", "8000"), "1978-03-01", Every::Months(2), &two_months, "7.30", "2 month");
}

/// Appendix J, (c)(5)(i), and the other terms of (b)(5)(vi) to (viii).
#[test]
fn appendix_j_single_payment() {
    let once = Every::Days(1);
    check_apr(("1978-01-03", "1000"), "1978-09-15", once, &[("1080", 1)], "11.45", "term of 255 days");
    check_apr(("1978-01-15", "1000"), "1978-07-15", once, &[("1050", 1)], "10.00", "term of 6 months");
    check_apr(("1978-01-15", "1000"), "1979-01-15", once, &[("1100", 1)], "10.00", "1 year");
    check_apr(("1978-01-15", "1000"), "1980-01-15", once, &[("1210", 1)], "10.00", "1 year");
    check_apr(("1978-01-15", "1000"), "1979-07-15", once, &[("1155", 1)], "10.00", "1 year");
}

#[test]
fn month_ends_do_not_make_a_monthly_plan_irregular() {
    let month_ends: Vec<Date> = (1..=24).map(|months| plus_months(date("1977-12-31"), months)).collect();
    let payments: Vec<CashFlow> = month_ends.into_iter().map(|on| flow(on, "230")).collect();
    let rate = actuarial_rate(&[flow(date("1977-12-31"), "5000")], &payments).expect("a rate");
    assert_eq!(percent(rate.annual), "9.69");
}

#[test]
fn without_a_common_period_the_average_one_counts() {
    let payments = [("1978-02-10", "100"), ("1978-03-20", "100"), ("1978-05-03", "110")];
    let payments = payments.map(|(on, amount)| flow(date(on), amount));
    let rate = actuarial_rate(&[flow(date("1978-01-10"), "300")], &payments).expect("a rate");
    expect!["5 week"].assert_eq(&rate.unit_period.to_string());
    // 113 days in three periods are nearest to 35.
    expect!["16.68"].assert_eq(&percent(rate.annual));
}

/// Two advances: the second one counts from its own day.
#[test]
fn several_advances_are_each_discounted_from_their_day() {
    let advances = [flow(date("2026-01-10"), "1000"), flow(date("2026-02-10"), "1000")];
    let payments = [flow(date("2026-03-10"), "1030.20"), flow(date("2026-04-10"), "1010")];
    let rate = actuarial_rate(&advances, &payments).expect("a rate");
    expect!["12.03"].assert_eq(&percent(rate.annual));
}

#[test]
fn what_has_no_annual_cost_is_refused_by_name() {
    let lent = [flow(date("2026-01-10"), "1000")];
    let shown = |payments: &[CashFlow]| match actuarial_rate(&lent, payments) {
        Ok(rate) => percent(rate.annual),
        Err(error) => format!("{}: {error}", error.code()),
    };
    expect!["cost.no_flow: a cost needs at least one advance and one payment"].assert_eq(&shown(&[]));
    expect!["cost.repaid_less_than_lent: less is repaid than was lent, so there is no cost"]
        .assert_eq(&shown(&[flow(date("2026-02-10"), "999.99")]));
    expect!["0.00"].assert_eq(&shown(&[flow(date("2026-02-10"), "1000")]));
    expect!["cost.not_positive: advances and payments are amounts above 0 of one currency"]
        .assert_eq(&shown(&[flow(date("2026-02-10"), "0")]));
    expect!["cost.paid_before_lent: a payment on 2026-01-09 comes before the first advance on 2026-01-10"]
        .assert_eq(&shown(&[flow(date("2026-01-09"), "1000")]));
    expect!["cost.out_of_bounds: the cost is above a thousandfold per period"]
        .assert_eq(&shown(&[flow(date("2026-01-11"), "9000000")]));
}

/// By actual days: 1,000 for a year at 10 % costs 10 % effective, whatever is paid on the way is worth more.
#[test]
fn a_dated_cost_compounds_by_days() {
    let lent = [flow(date("2026-01-01"), "1000")];
    let shown = |payments: &[CashFlow]| {
        let cost = dated_cost(&lent, payments).expect("a cost");
        format!("{} nominal, {} effective", cost.nominal, cost.effective)
    };
    expect!["9.5323% nominal, 10% effective"].assert_eq(&shown(&[flow(date("2027-01-01"), "1100")]));
    expect!["9.7613% nominal, 10.2522% effective"]
        .assert_eq(&shown(&[flow(date("2026-07-01"), "50"), flow(date("2027-01-01"), "1050")]));
}

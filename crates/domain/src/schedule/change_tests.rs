use expect_test::{Expect, expect};

use super::*;
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

/// 1,200.00 from 1 January 2026 in `count` months.
fn plan(method: Method, count: u32, interest: &str, fee: &str) -> (ScheduleTerms, Schedule) {
    let terms = ScheduleTerms {
        interest_per_year: rate(interest),
        fee_per_period: rate(fee),
        ..ScheduleTerms::monthly(yuan("1200"), method, count, date("2026-01-01"))
    };
    let schedule = schedule(&terms, &Calendar::weekends_only()).expect("a schedule");
    (terms, schedule)
}

fn check_payoff((terms, schedule): &(ScheduleTerms, Schedule), on: &str, expected: Expect) {
    let lines = EarlyPayoff::ALL.iter().map(|rule| {
        let payoff = payoff(terms, schedule, &Calendar::weekends_only(), date(on), *rule).expect("a payoff");
        let (principal, interest, fee) = (payoff.principal, payoff.interest, payoff.fee);
        let (total, spared) = (payoff.total().expect("fits"), payoff.spared);
        format!("{rule}: {principal} + {interest} + {fee} = {total}, spared {spared}\n")
    });
    expected.assert_eq(&lines.collect::<String>());
}

/// Civil Code 677: interest for the actual time, unless agreed otherwise.
#[test]
fn a_payoff_charges_what_its_rule_says_and_names_what_is_spared() {
    let flat = plan(Method::Flat, 12, "0%", "0.5%");
    check_payoff(
        &flat,
        "2026-01-01",
        expect![[r#"
        actual_time: 1200.00 + 0.00 + 0.00 = 1200.00, spared 72.00
        period_begun: 1200.00 + 0.00 + 0.00 = 1200.00, spared 72.00
        remaining_fees: 1200.00 + 0.00 + 72.00 = 1272.00, spared 0.00
    "#]],
    );
    check_payoff(
        &flat,
        "2026-03-16",
        expect![[r#"
        actual_time: 1000.00 + 0.00 + 2.90 = 1002.90, spared 57.10
        period_begun: 1000.00 + 0.00 + 6.00 = 1006.00, spared 54.00
        remaining_fees: 1000.00 + 0.00 + 60.00 = 1060.00, spared 0.00
    "#]],
    );
    check_payoff(
        &flat,
        "2026-04-01",
        expect![[r#"
        actual_time: 900.00 + 0.00 + 0.00 = 900.00, spared 54.00
        period_begun: 900.00 + 0.00 + 0.00 = 900.00, spared 54.00
        remaining_fees: 900.00 + 0.00 + 54.00 = 954.00, spared 0.00
    "#]],
    );
    check_payoff(
        &flat,
        "2027-01-01",
        expect![[r#"
        actual_time: 0.00 + 0.00 + 0.00 = 0.00, spared 0.00
        period_begun: 0.00 + 0.00 + 0.00 = 0.00, spared 0.00
        remaining_fees: 0.00 + 0.00 + 0.00 = 0.00, spared 0.00
    "#]],
    );
    let equal = plan(Method::EqualPayment, 12, "12%", "0%");
    check_payoff(
        &equal,
        "2026-03-16",
        expect![[r#"
        actual_time: 1009.81 + 4.89 + 0.00 = 1014.70, spared 51.48
        period_begun: 1009.81 + 10.10 + 0.00 = 1019.91, spared 46.27
        remaining_fees: 1009.81 + 4.89 + 0.00 = 1014.70, spared 51.48
    "#]],
    );
    let bullet = plan(Method::Bullet, 12, "12%", "0%");
    check_payoff(
        &bullet,
        "2026-07-02",
        expect![[r#"
        actual_time: 1200.00 + 71.80 + 0.00 = 1271.80, spared 72.20
        period_begun: 1200.00 + 144.00 + 0.00 = 1344.00, spared 0.00
        remaining_fees: 1200.00 + 71.80 + 0.00 = 1271.80, spared 72.20
    "#]],
    );
}

#[test]
fn interest_that_was_put_off_is_part_of_the_payoff() {
    let (terms, _) = plan(Method::EqualPrincipal, 4, "12%", "0%");
    let grace = Grace { principal_periods: 2, interest_deferred_periods: 2, ..Grace::default() };
    let terms = ScheduleTerms { grace, ..terms };
    let schedule = schedule(&terms, &Calendar::weekends_only()).expect("a schedule");
    check_payoff(
        &(terms, schedule),
        "2026-02-15",
        expect![[r#"
        actual_time: 1200.00 + 18.00 + 0.00 = 1218.00, spared 24.00
        period_begun: 1200.00 + 24.00 + 0.00 = 1224.00, spared 18.00
        remaining_fees: 1200.00 + 18.00 + 0.00 = 1218.00, spared 24.00
    "#]],
    );
}

#[test]
fn a_quote_holds_through_its_last_day_and_not_a_day_longer() {
    let (terms, schedule) = plan(Method::EqualPayment, 12, "12%", "0%");
    let on = date("2026-03-16");
    let payoff = payoff(&terms, &schedule, &Calendar::weekends_only(), on, EarlyPayoff::ActualTime);
    let payoff = payoff.expect("a payoff");
    let quoted = payoff.total().expect("fits");
    let quote = Quote::try_new(payoff, date("2026-03-20")).expect("a later day");
    let shown = |paid_on: &str, paid: Money| match quote.check(date(paid_on), paid) {
        Ok(()) => "closes".to_owned(),
        Err(error) => format!("{}: {error}", error.code()),
    };
    expect!["closes"].assert_eq(&shown("2026-03-16", quoted));
    expect!["closes"].assert_eq(&shown("2026-03-20", quoted));
    expect![
        "quote.expired: the quote held through 2026-03-20, the payment is of 2026-03-21; ask for a new quote"
    ]
    .assert_eq(&shown("2026-03-21", quoted));
    expect!["quote.before_quote: the payment of 2026-03-15 is before the quote of 2026-03-16; ask for a quote of that day"].assert_eq(&shown("2026-03-15", quoted));
    expect!["quote.too_little: 1014.69 does not close the plan; the quote is 1014.70"]
        .assert_eq(&shown("2026-03-16", quoted.try_sub(yuan("0.01")).expect("fits")));
    let ended = Quote::try_new(payoff, date("2026-03-15")).expect_err("before its day");
    expect!["quote.ends_before_it_begins: a quote of 2026-03-16 cannot hold through 2026-03-15; give that day or a later one"].assert_eq(&format!("{}: {ended}", ended.code()));
}

fn check_rows(preview: Result<Preview, ScheduleError>, expected: Expect) {
    let row =
        |row: &Instalment| format!("{} {} + {} + {}; ", row.due_on, row.principal, row.interest, row.fee);
    let shown = match preview {
        Ok(preview) => {
            let side = |rows: &[Instalment]| rows.iter().map(row).collect::<String>();
            format!("old: {}\nnew: {}\n", side(&preview.old).trim_end(), side(&preview.new).trim_end())
        }
        Err(error) => format!("{}: {error}\n", error.code()),
    };
    expected.assert_eq(&shown);
}

#[test]
fn money_paid_ahead_shortens_or_lowers() {
    let calendar = Calendar::weekends_only();
    for (method, interest, fee, shorten, lower) in [
        (
            Method::EqualPayment,
            "12%",
            "0%",
            expect![[r#"
            old: 2026-04-01 198.98 + 8.08 + 0.00; 2026-05-01 200.97 + 6.09 + 0.00; 2026-06-01 202.98 + 4.08 + 0.00; 2026-07-01 205.00 + 2.05 + 0.00;
            new: 2026-04-01 202.98 + 6.02 + 0.00; 2026-05-01 204.95 + 2.05 + 0.00;
        "#]],
            expect![[r#"
            old: 2026-04-01 198.98 + 8.08 + 0.00; 2026-05-01 200.97 + 6.09 + 0.00; 2026-06-01 202.98 + 4.08 + 0.00; 2026-07-01 205.00 + 2.05 + 0.00;
            new: 2026-04-01 100.46 + 6.02 + 0.00; 2026-05-01 101.47 + 3.07 + 0.00; 2026-06-01 102.48 + 2.06 + 0.00; 2026-07-01 103.52 + 1.04 + 0.00;
        "#]],
        ),
        (
            Method::EqualPrincipal,
            "12%",
            "0%",
            expect![[r#"
            old: 2026-04-01 200.00 + 8.00 + 0.00; 2026-05-01 200.00 + 6.00 + 0.00; 2026-06-01 200.00 + 4.00 + 0.00; 2026-07-01 200.00 + 2.00 + 0.00;
            new: 2026-04-01 200.00 + 5.94 + 0.00; 2026-05-01 200.00 + 2.00 + 0.00;
        "#]],
            expect![[r#"
            old: 2026-04-01 200.00 + 8.00 + 0.00; 2026-05-01 200.00 + 6.00 + 0.00; 2026-06-01 200.00 + 4.00 + 0.00; 2026-07-01 200.00 + 2.00 + 0.00;
            new: 2026-04-01 100.00 + 5.94 + 0.00; 2026-05-01 100.00 + 3.00 + 0.00; 2026-06-01 100.00 + 2.00 + 0.00; 2026-07-01 100.00 + 1.00 + 0.00;
        "#]],
        ),
        (
            Method::Flat,
            "0%",
            "0.5%",
            expect![[r#"
            old: 2026-04-01 200.00 + 0.00 + 6.00; 2026-05-01 200.00 + 0.00 + 6.00; 2026-06-01 200.00 + 0.00 + 6.00; 2026-07-01 200.00 + 0.00 + 6.00;
            new: 2026-04-01 200.00 + 0.00 + 3.00; 2026-05-01 200.00 + 0.00 + 3.00;
        "#]],
            expect![[r#"
            old: 2026-04-01 200.00 + 0.00 + 6.00; 2026-05-01 200.00 + 0.00 + 6.00; 2026-06-01 200.00 + 0.00 + 6.00; 2026-07-01 200.00 + 0.00 + 6.00;
            new: 2026-04-01 100.00 + 0.00 + 3.00; 2026-05-01 100.00 + 0.00 + 3.00; 2026-06-01 100.00 + 0.00 + 3.00; 2026-07-01 100.00 + 0.00 + 3.00;
        "#]],
        ),
        (
            Method::Flat,
            "12%",
            "0%",
            expect![[r#"
            old: 2026-04-01 200.00 + 12.00 + 0.00; 2026-05-01 200.00 + 12.00 + 0.00; 2026-06-01 200.00 + 12.00 + 0.00; 2026-07-01 200.00 + 12.00 + 0.00;
            new: 2026-04-01 200.00 + 8.90 + 0.00; 2026-05-01 200.00 + 6.00 + 0.00;
        "#]],
            expect![[r#"
            old: 2026-04-01 200.00 + 12.00 + 0.00; 2026-05-01 200.00 + 12.00 + 0.00; 2026-06-01 200.00 + 12.00 + 0.00; 2026-07-01 200.00 + 12.00 + 0.00;
            new: 2026-04-01 100.00 + 8.90 + 0.00; 2026-05-01 100.00 + 6.00 + 0.00; 2026-06-01 100.00 + 6.00 + 0.00; 2026-07-01 100.00 + 6.00 + 0.00;
        "#]],
        ),
    ] {
        let (terms, schedule) = plan(method, 6, interest, fee);
        let ahead = |ahead| pay_ahead(&terms, &schedule, &calendar, date("2026-03-16"), yuan("400"), ahead);
        check_rows(ahead(Ahead::Shorten), shorten);
        check_rows(ahead(Ahead::Lower), lower);
    }
}

#[test]
fn more_than_the_rest_cannot_be_paid_ahead_and_the_rest_can() {
    let (terms, schedule) = plan(Method::Flat, 3, "0%", "0.5%");
    let ahead = |amount: &str| {
        let calendar = Calendar::weekends_only();
        pay_ahead(&terms, &schedule, &calendar, date("2026-02-01"), yuan(amount), Ahead::Lower)
    };
    check_rows(
        ahead("0"),
        expect![[r#"
        schedule.principal_not_positive: a plan splits an amount above 0, not 0.00
    "#]],
    );
    check_rows(
        ahead("800.01"),
        expect![[r#"
        schedule.principal_not_positive: a plan splits an amount above 0, not 800.01
    "#]],
    );
    check_rows(
        ahead("800"),
        expect![[r#"
        old: 2026-03-01 400.00 + 0.00 + 6.00; 2026-04-01 400.00 + 0.00 + 6.00;
        new: 
    "#]],
    );
}

#[test]
fn arrears_are_spread_over_the_due_dates_that_are_left() {
    let (terms, schedule) = plan(Method::EqualPayment, 4, "12%", "0%");
    let calendar = Calendar::weekends_only();
    let on = date("2026-02-10");
    check_rows(
        reamortise(&terms, &schedule, &calendar, on, yuan("295.54")),
        expect![[r#"
        old: 2026-03-01 298.50 + 9.04 + 0.00; 2026-04-01 301.48 + 6.06 + 0.00; 2026-05-01 304.48 + 3.04 + 0.00;
        new: 2026-03-01 396.03 + 12.00 + 0.00; 2026-04-01 399.99 + 8.04 + 0.00; 2026-05-01 403.98 + 4.04 + 0.00;
    "#]],
    );
    check_rows(
        reamortise(&terms, &schedule, &calendar, date("2026-05-01"), yuan("1")),
        expect![[r#"
        schedule.principal_not_positive: a plan splits an amount above 0, not 1.00
    "#]],
    );
}

#[test]
fn a_reschedule_shows_old_and_new_rows_and_keeps_the_interest_until_its_day() {
    let calendar = Calendar::weekends_only();
    let (terms, schedule) = plan(Method::EqualPayment, 3, "12%", "0%");
    let change = |new| reschedule(&terms, &schedule, &calendar, date("2026-02-15"), new);
    check_rows(
        change(NewTerms { count: Some(4), ..NewTerms::default() }),
        expect![[r#"
        old: 2026-03-01 399.99 + 8.04 + 0.00; 2026-04-01 403.98 + 4.04 + 0.00;
        new: 2026-03-01 201.00 + 8.04 + 0.00; 2026-04-01 198.99 + 6.03 + 0.00; 2026-05-01 200.98 + 4.04 + 0.00; 2026-06-01 203.00 + 2.03 + 0.00;
    "#]],
    );
    let later = NewTerms { first_due_on: Some(date("2026-04-01")), ..NewTerms::default() };
    check_rows(
        change(later),
        expect![[r#"
        old: 2026-03-01 399.99 + 8.04 + 0.00; 2026-04-01 403.98 + 4.04 + 0.00;
        new: 2026-04-01 397.79 + 16.47 + 0.00; 2026-05-01 406.18 + 4.06 + 0.00;
    "#]],
    );
    check_rows(
        change(NewTerms { count: Some(0), ..NewTerms::default() }),
        expect![[r#"
        schedule.count_out_of_range: a plan has 1 to 600 instalments, not 0
    "#]],
    );
    check_rows(
        change(NewTerms { first_due_on: Some(date("2026-02-15")), ..NewTerms::default() }),
        expect![[r#"
            schedule.first_due_not_after_start: the first instalment is due on 2026-02-15, not after the start on 2026-02-15; give a later first due date
        "#]],
    );
    let (flat, rows) = plan(Method::Flat, 3, "0%", "0.5%");
    let longer = NewTerms { count: Some(4), ..NewTerms::default() };
    check_rows(
        reschedule(&flat, &rows, &calendar, date("2026-02-15"), longer),
        expect![[r#"
        old: 2026-03-01 400.00 + 0.00 + 6.00; 2026-04-01 400.00 + 0.00 + 6.00;
        new: 2026-03-01 200.00 + 0.00 + 6.00; 2026-04-01 200.00 + 0.00 + 6.00; 2026-05-01 200.00 + 0.00 + 6.00; 2026-06-01 200.00 + 0.00 + 6.00;
    "#]],
    );
}

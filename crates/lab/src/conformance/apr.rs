//! Annual percentage rates by the actuarial method of Regulation Z, Appendix J.
//!
//! Unit-period, full periods and odd days are found from the dates, and must be those that the case gives; the rate
//! is rounded to two decimals of a percent as it is disclosed.

use dunlin_domain::cost::{ActuarialRate, CashFlow, actuarial_rate};
use dunlin_domain::date::Date;
use dunlin_domain::day_count::plus_months;
use dunlin_domain::fraction::Fraction;
use dunlin_domain::money::{Currency, Rounding};

use super::compare::{Difference, Findings, Got};
use super::fields::{Fields, Problem};
use super::{Failure, whole};

/// The distance from one payment to the next.
#[derive(Clone, Copy)]
enum Step {
    Days(i32),
    Months(i32),
    HalfMonth,
}

pub(super) fn play(case: &Fields<'_>) -> Result<Vec<Difference>, Failure> {
    compare(case).map_err(whole)
}

fn compare(case: &Fields<'_>) -> Result<Vec<Difference>, Problem> {
    let currency = Currency::parse("USD")?;
    let mut advances = Vec::new();
    for advance in case.rows("advances")? {
        let times = ["t", "f_num", "f_den"];
        for name in times {
            advance.optional_number(name)?;
        }
        advances.push(CashFlow { on: advance.date("date")?, amount: advance.amount("amount", currency)? });
        known_only(&advance, "advances")?;
    }
    let first_on = case.date("first_payment_date")?;
    let step = step_of(case.text("unit_period")?)?;
    let mut payments: Vec<CashFlow> = Vec::new();
    let mut first_time = None;
    for stream in case.rows("payment_streams")? {
        let amount = stream.amount("amount", currency)?;
        let count = stream.count("count")?;
        let time = (
            stream.number("t")?,
            Fraction::new(stream.number("f_num")?.into(), positive(stream.number("f_den")?)?),
        );
        let from = *first_time.get_or_insert(time);
        known_only(&stream, "payment_streams")?;
        // Streams follow one another by whole unit-periods after the first payment.
        let offset =
            i32::try_from(time.0 - from.0).map_err(|_| Problem::new("payment_streams: t is too large"))?;
        if time.1 != from.1 || offset < 0 || !(1..=1200).contains(&count) {
            return Err(Problem::new("payment_streams: not whole unit-periods after the first payment"));
        }
        payments
            .extend((0..count).map(|index| CashFlow { on: step.after(first_on, offset + index), amount }));
    }
    let rate = actuarial_rate(&advances, &payments).map_err(|error| Problem::new(error.to_string()))?;
    let mut findings = Findings::default();
    compare_times(case, &rate, first_time, &mut findings)?;
    let hundredths = Rounding::HalfUp.divide(i128::from(rate.annual.millionths()), 100);
    let got = Got::Hundredths(i64::try_from(hundredths).unwrap_or(i64::MAX));
    findings.case_field(case, "published_apr_percent", &got)?;
    Ok(findings.into_differences())
}

/// What was found from the dates, against what the case counted.
fn compare_times(
    case: &Fields<'_>,
    rate: &ActuarialRate,
    first_time: Option<(i64, Fraction)>,
    findings: &mut Findings,
) -> Result<(), Problem> {
    let per_year = Fraction::new(
        case.number("unit_periods_per_year_num")?.into(),
        positive(case.number("unit_periods_per_year_den")?)?,
    );
    if rate.unit_period.per_year() != per_year {
        let got = rate.unit_period.per_year();
        findings.add_whole(format!("unit_periods_per_year: expected {per_year:?}, got {got:?}"));
    }
    let got = (i64::from(rate.first_periods), rate.first_odd);
    if let Some(expected) = first_time.filter(|expected| *expected != got) {
        let (periods, odd) = expected;
        findings.add_whole(format!(
            "first period: expected t {periods} and f {odd:?}, got t {} and f {:?}",
            got.0, got.1
        ));
    }
    Ok(())
}

fn known_only(fields: &Fields<'_>, place: &str) -> Result<(), Problem> {
    match fields.unread() {
        Some(name) => Err(Problem::new(format!("{place}: unknown field {name:?}"))),
        None => Ok(()),
    }
}

fn positive(number: i64) -> Result<i128, Problem> {
    if number > 0 { Ok(number.into()) } else { Err(Problem::new("a denominator is not above zero")) }
}

/// `1 month`, `2 months`, `1/2 month (1st and 16th)`, `1 week`, `4 weeks`, `1 quarter`, `1 year`.
fn step_of(text: &str) -> Result<Step, Problem> {
    let unknown = || Problem::new(format!("unit_period: {text:?} is of no known kind"));
    let plain = text.split('(').next().unwrap_or_default().trim();
    let (number, unit) = plain.split_once(' ').ok_or_else(unknown)?;
    if number == "1/2" && unit == "month" {
        return Ok(Step::HalfMonth);
    }
    let number: i32 = number.parse::<i16>().map_err(|_| unknown())?.into();
    match unit.trim_end_matches('s') {
        "day" => Ok(Step::Days(number)),
        "week" => Ok(Step::Days(7 * number)),
        "month" => Ok(Step::Months(number)),
        "quarter" => Ok(Step::Months(3 * number)),
        "year" => Ok(Step::Months(12 * number)),
        _ => Err(unknown()),
    }
}

impl Step {
    /// The day `count` steps after `first`.
    fn after(self, first: Date, count: i32) -> Date {
        match self {
            Self::Days(days) => first.plus_days(days * count),
            Self::Months(months) => plus_months(first, months * count),
            Self::HalfMonth => {
                // Payments on two days of the month, fifteen days apart.
                let (_, _, day) = first.year_month_day();
                let (earlier, halves) = if day <= 15 { (day, count) } else { (day - 15, count + 1) };
                let month =
                    plus_months(first.plus_days(i32::from(earlier) - i32::from(day)), halves.div_euclid(2));
                month.plus_days(15 * halves.rem_euclid(2))
            }
        }
    }
}

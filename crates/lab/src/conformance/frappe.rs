//! Frappe Lending: days past due, day by day, with the due date as day 1.
//!
//! The instalments of the configuration are obligations that fall due month by month. Days are compared as of
//! their end.

use dunlin_domain::date::{Date, MonthDay};
use dunlin_domain::money::{Currency, Money};
use dunlin_domain::terms::{Component, DaysPastDueConvention};
use serde_json::Value;

use super::compare::{Difference, Findings, Got};
use super::fields::{self, Fields, Problem};
use super::obligations::{Obligations, plain_terms};
use super::{Failure, Scenario, Step, Verb, whole};

struct Loan {
    obligations: Obligations,
    currency: Currency,
}

pub(super) fn play(scenario: &Scenario<'_>) -> Result<Vec<Difference>, Failure> {
    let mut loan = Loan::open(&scenario.config).map_err(whole)?;
    let mut findings = Findings::default();
    for step in &scenario.steps {
        loan.play(step, &mut findings).map_err(|problem| step.fail(problem))?;
        step.finish()?;
    }
    Ok(findings.into_differences())
}

impl Loan {
    fn open(config: &Fields<'_>) -> Result<Self, Problem> {
        let currency = Currency::parse(config.optional_text("currency")?.unwrap_or("INR"))?;
        let mut obligations = Obligations::new(plain_terms(currency, convention(config)?)?);
        let first_due = config.date("first_due")?;
        // The instalment says what they come to.
        config.optional_amount("principal", currency)?;
        config.optional_percent("rate_pct")?;
        let count = config.count("instalments")?;
        let instalment = parts(&config.decimal("instalment")?, currency)?;
        if !(1..=600).contains(&count) {
            return Err(Problem::new("config: instalments: not a number of instalments from 1 to 600"));
        }
        let mut due_on = first_due;
        let (_, _, day) = first_due.year_month_day();
        for _ in 0..count {
            for (component, amount) in &instalment {
                obligations.owe(due_on, *component, *amount);
            }
            due_on = MonthDay::Day(day).next_after(due_on);
        }
        Ok(Self { obligations, currency })
    }

    fn play(&mut self, step: &Step<'_>, findings: &mut Findings) -> Result<(), Problem> {
        match step.verb {
            Verb::Do("repayment" | "pay") => {
                let amount = step.fields.amount("amount", self.currency)?;
                self.obligations.pay(step.fields.date("date")?, amount);
                Ok(())
            }
            Verb::Do("cancel_repayment" | "undo_repayment") => {
                self.obligations.undo_last_payment(step.fields.date("date")?)
            }
            Verb::Expect("dpd_by_day") => {
                let days = step.fields.object("rows")?;
                for (day, expected) in days.entries() {
                    let date = Date::parse(day).map_err(|error| Problem::new(error.to_string()))?;
                    self.compare_day(step, date, expected, findings)?;
                }
                Ok(())
            }
            Verb::Expect("dpd" | "days_past_due") => {
                let arrears = self.obligations.arrears(step.fields.date("date")?)?;
                findings.field(step, "days", &Got::Number(i64::from(arrears.days_past_due)))
            }
            Verb::Expect("outstanding" | "overdue") => {
                let arrears = self.obligations.arrears(step.fields.date("date")?)?;
                findings.field(step, "amount", &Got::Amount(arrears.overdue))
            }
            Verb::Do(_) | Verb::Expect(_) => Err(step.unknown()),
        }
    }

    fn compare_day(
        &self,
        step: &Step<'_>,
        date: Date,
        expected: &Value,
        findings: &mut Findings,
    ) -> Result<(), Problem> {
        let arrears = self.obligations.arrears(date)?;
        let days = Got::Number(i64::from(arrears.days_past_due));
        findings.value(step, &date.to_string(), expected, &days);
        Ok(())
    }
}

/// Which day is day 1, by the words of the configuration.
fn convention(config: &Fields<'_>) -> Result<DaysPastDueConvention, Problem> {
    let Some(text) = config.optional_text("convention")? else {
        return Ok(DaysPastDueConvention::DueDateIsOne);
    };
    let says = |words: &str| text.contains(words);
    if says("due date itself as 1") || says("due day counts as day 1") || says("due_date_is_one") {
        Ok(DaysPastDueConvention::DueDateIsOne)
    } else if says("day after the due date") || says("0 on the due date") || says("day_after_due_is_one") {
        Ok(DaysPastDueConvention::DayAfterDueIsOne)
    } else {
        Err(Problem::new(format!(
            "config: convention {text:?} says neither \"counts the due date itself as 1\" nor \"0 on the due date\""
        )))
    }
}

/// `3782`, or `3782 (3000 + 782)` with principal and interest.
fn parts(text: &str, currency: Currency) -> Result<Vec<(Component, Money)>, Problem> {
    let (total, inner) = match text.split_once('(') {
        Some((total, inner)) => (total.trim(), inner.trim_end().strip_suffix(')')),
        None => (text, None),
    };
    let total = fields::amount(total, currency)?;
    let Some(inner) = inner else { return Ok(vec![(Component::Principal, total)]) };
    let amounts: Result<Vec<Money>, Problem> =
        inner.split('+').map(|part| fields::amount(part.trim(), currency)).collect();
    let amounts = amounts?;
    let sum = amounts.iter().try_fold(Money::zero(currency), |sum, amount| sum.try_add(*amount))?;
    match amounts.as_slice() {
        [principal, interest] if sum == total => {
            Ok(vec![(Component::Principal, *principal), (Component::Interest, *interest)])
        }
        _ => Err(Problem::new(format!("config: instalment {text:?} is not such as \"3782 (3000 + 782)\""))),
    }
}

//! ERPNext: a dunning with interest on the overdue amount and a fee, by its type.
//!
//! The overdue amount and its age come from the position of the obligations, the interest from the day count of the
//! configuration. A case counts days back from the day of the dunning, which is [`TODAY`].

use dunlin_domain::date::Date;
use dunlin_domain::day_count::DayCount;
use dunlin_domain::fraction::Fraction;
use dunlin_domain::money::{Currency, Money, MoneyError, Rate, Rounding};
use dunlin_domain::terms::{Component, DaysPastDueConvention};

use super::compare::{Difference, Findings, Got};
use super::fields::{Fields, Problem};
use super::obligations::{Obligations, plain_terms};
use super::{Failure, Scenario, Step, Verb, whole};

/// 2026-01-15, the day of a dunning.
const TODAY: Date = Date::from_days(20_468);

/// What a type of dunning costs.
#[derive(Clone)]
struct DunningType {
    name: String,
    interest_per_year: Rate,
    fee: Money,
}

/// A dunning that was drawn up.
struct Dunning {
    outstanding: Money,
    interest: Money,
    fee: Money,
    is_submitted: bool,
}

struct Books {
    currency: Currency,
    day_count: DayCount,
    types: Vec<DunningType>,
    invoices: Obligations,
    dunning: Option<Dunning>,
}

pub(super) fn play(scenario: &Scenario<'_>) -> Result<Vec<Difference>, Failure> {
    let mut books = Books::open(&scenario.config).map_err(whole)?;
    let mut findings = Findings::default();
    for step in &scenario.steps {
        books.play(step, &mut findings).map_err(|problem| step.fail(problem))?;
        step.finish()?;
    }
    Ok(findings.into_differences())
}

impl Books {
    fn open(config: &Fields<'_>) -> Result<Self, Problem> {
        let currency = Currency::parse(config.optional_text("currency")?.unwrap_or("INR"))?;
        let day_count = match config.optional_text("day_count")? {
            None | Some("actual/365" | "ACT/365" | "actual_365") => DayCount::Actual365Fixed,
            Some("actual/360" | "ACT/360" | "actual_360") => DayCount::Actual360,
            Some(other) => {
                return Err(Problem::new(format!(
                    "config: day_count {other:?} is unknown; known are actual/365 and actual/360"
                )));
            }
        };
        let zero = Money::zero(currency);
        let interest = config.optional_percent("rate_of_interest_pct_per_year")?.unwrap_or(Rate::ZERO);
        let fee = config.optional_amount("dunning_fee", currency)?.unwrap_or(zero);
        // The peer's own test data: the first notice is free, the second has what the configuration says.
        let types = vec![
            DunningType { name: "First Notice".to_owned(), interest_per_year: Rate::ZERO, fee: zero },
            DunningType { name: "Second Notice".to_owned(), interest_per_year: interest, fee },
        ];
        let invoices = Obligations::new(plain_terms(currency, DaysPastDueConvention::DayAfterDueIsOne)?);
        Ok(Self { currency, day_count, types, invoices, dunning: None })
    }

    fn play(&mut self, step: &Step<'_>, findings: &mut Findings) -> Result<(), Problem> {
        match step.verb {
            Verb::Do("invoice") => {
                let amount = step.fields.amount("amount", self.currency)?;
                let due_on = TODAY.plus_days(-step.fields.count("days_overdue")?);
                self.invoices.owe(due_on, Component::Principal, amount);
                Ok(())
            }
            Verb::Do("create_dunning") => self.create_dunning(step),
            Verb::Do("submit" | "submit_dunning") => {
                self.drawn_up()?;
                self.dunning.iter_mut().for_each(|dunning| dunning.is_submitted = true);
                Ok(())
            }
            Verb::Do("pay" | "payment_entry") => {
                let all = self.drawn_up()?.outstanding;
                let amount = step.fields.optional_amount("amount", self.currency)?.unwrap_or(all);
                self.invoices.pay(TODAY, amount);
                Ok(())
            }
            Verb::Do("cancel_payment" | "undo_payment") => self.invoices.undo_last_payment(TODAY),
            Verb::Expect("dunning") => self.expect_dunning(step, findings),
            Verb::Expect("invoice") => {
                let outstanding = self.invoices.owed(TODAY)?;
                findings.field(step, "outstanding", &Got::Amount(outstanding))
            }
            Verb::Do(_) | Verb::Expect(_) => Err(step.unknown()),
        }
    }

    fn drawn_up(&self) -> Result<&Dunning, Problem> {
        self.dunning.as_ref().ok_or_else(|| Problem::new("no dunning was created yet"))
    }

    fn create_dunning(&mut self, step: &Step<'_>) -> Result<(), Problem> {
        let name = step.fields.text("type")?;
        let known = self
            .types
            .iter()
            .find(|known| name == known.name || name.starts_with(&format!("{} - ", known.name)));
        let kind = known.cloned().ok_or_else(|| {
            let names: Vec<&str> = self.types.iter().map(|known| known.name.as_str()).collect();
            Problem::new(format!("unknown type {name:?} of dunning; known are {}", names.join(", ")))
        })?;
        // Another age than before means another invoice of the same amounts.
        if let Some(days) = step.fields.optional_count("days_overdue")? {
            let due_on = TODAY.plus_days(-days);
            let mut again = Obligations::new(self.invoices.terms.clone());
            for (_, rest) in self.invoices.unpaid(TODAY)? {
                again.owe(due_on, Component::Principal, rest);
            }
            self.invoices = again;
        }
        let (mut outstanding, mut interest) = (Money::zero(self.currency), Fraction::ZERO);
        for (due_on, rest) in self.invoices.unpaid(TODAY)? {
            if due_on < TODAY {
                outstanding = outstanding.try_add(rest)?;
                let part = self.interest(rest, kind.interest_per_year, due_on);
                interest = part.and_then(|part| interest.try_add(part)).ok_or(MoneyError::Overflow)?;
            }
        }
        let minor = i64::try_from(interest.round(Rounding::HalfUp)).map_err(|_| MoneyError::Overflow)?;
        let interest = Money::new(minor, self.currency);
        self.dunning = Some(Dunning { outstanding, interest, fee: kind.fee, is_submitted: false });
        Ok(())
    }

    /// Exact interest on `rest` from its due date to the day of the dunning.
    fn interest(&self, rest: Money, per_year: Rate, due_on: Date) -> Option<Fraction> {
        let rate = Fraction::new(i128::from(per_year.millionths()), 1_000_000);
        let yearly = Fraction::whole(i128::from(rest.minor())).try_mul(rate)?;
        yearly.try_mul(self.day_count.fraction(due_on, TODAY))
    }

    fn expect_dunning(&self, step: &Step<'_>, findings: &mut Findings) -> Result<(), Problem> {
        let dunning = self.drawn_up()?;
        let amount = dunning.interest.try_add(dunning.fee)?;
        let total = dunning.outstanding.try_add(amount)?;
        let is_open = self.invoices.arrears(TODAY)?.overdue.is_positive();
        let status = match (dunning.is_submitted, is_open) {
            (false, _) => "Draft",
            (true, true) => "Unresolved",
            (true, false) => "Resolved",
        };
        let values = [
            ("interest", Got::Amount(dunning.interest)),
            ("fee", Got::Amount(dunning.fee)),
            ("dunning_amount", Got::Amount(amount)),
            ("grand_total", Got::Amount(total)),
            ("outstanding", Got::Amount(dunning.outstanding)),
            ("total_outstanding", Got::Amount(dunning.outstanding)),
            ("status", Got::text(status)),
        ];
        let compared = values.iter().filter(|(name, got)| findings.optional_field(step, name, got)).count();
        if compared == 0 {
            return Err(Problem::new("the step expects nothing of the dunning"));
        }
        Ok(())
    }
}

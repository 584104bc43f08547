//! Kill Bill: overdue states by the days since the oldest unpaid invoice.
//!
//! An invoice is an obligation that is due on its date. The states of the configuration are the rows of a strategy
//! table over days past due, and the state on a day is the row that the table finds; `CLEAR` where nothing is
//! unpaid or no row applies.

use dunlin_domain::contact::Channel;
use dunlin_domain::date::Date;
use dunlin_domain::id::CustomerId;
use dunlin_domain::money::{Currency, Money};
use dunlin_domain::strategy::{self, Matches, Outcome, Settings, Span, StrategyInput, StrategyTable, Tone};
use dunlin_domain::terms::{Component, DaysPastDueConvention};

use super::compare::{Difference, Findings, Got, Row};
use super::fields::{Fields, Problem};
use super::obligations::{Obligations, plain_terms};
use super::{Failure, Scenario, Step, Verb, whole};

const CLEAR: &str = "CLEAR";

struct Account {
    invoices: Obligations,
    states: StrategyTable,
    currency: Currency,
    /// From when on overdue states are not entered, where the account is tagged so.
    enforcement_off: bool,
    today: Date,
}

pub(super) fn play(scenario: &Scenario<'_>) -> Result<Vec<Difference>, Failure> {
    let mut account = Account::open(&scenario.config).map_err(whole)?;
    let mut findings = Findings::default();
    for step in &scenario.steps {
        account.play(step, &mut findings).map_err(|problem| step.fail(problem))?;
        step.finish()?;
    }
    Ok(findings.into_differences())
}

impl Account {
    fn open(config: &Fields<'_>) -> Result<Self, Problem> {
        let code = config.optional_text("currency")?.unwrap_or("USD");
        let currency = Currency::parse(code)?;
        let mut states: Vec<(i32, &str)> = Vec::new();
        for state in config.rows("states")? {
            states.push((state.count("days")?, state.text("name")?));
            if let Some(name) = state.unread() {
                return Err(Problem::new(format!("config: states: unknown field {name:?}")));
            }
        }
        states.sort_unstable();
        // Dates are those of the account's zone, and the retries of a payment are steps of the case.
        config.optional_text("timezone")?;
        config.optional_list("payment_retry_days")?;
        let terms = plain_terms(currency, DaysPastDueConvention::DayAfterDueIsOne)?;
        Ok(Self {
            invoices: Obligations::new(terms),
            states: table(&states, currency),
            currency,
            enforcement_off: false,
            today: Date::from_days(0),
        })
    }

    fn play(&mut self, step: &Step<'_>, findings: &mut Findings) -> Result<(), Problem> {
        if let Some(date) = step.fields.optional_date("date")? {
            if date < self.today {
                return Err(Problem::new(format!(
                    "date: {date} is before the step before it, {}",
                    self.today
                )));
            }
            self.today = date;
        }
        match step.verb {
            Verb::Do("invoice") => self.invoice(step),
            Verb::Do("set_date" | "set_business_date" | "payment_retry_fails" | "payment_fails") => Ok(()),
            Verb::Do("pay_all_unpaid") => self.pay_oldest(usize::MAX),
            Verb::Do("payment_retry_succeeds" | "pay_oldest") => self.pay_oldest(1),
            Verb::Do("pay" | "payment" | "credit" | "adjust_invoice") => {
                let amount = step.fields.amount("amount", self.currency)?;
                self.invoices.pay(self.today, amount);
                Ok(())
            }
            Verb::Do("chargeback" | "refund" | "undo_payment") => self.invoices.undo_last_payment(self.today),
            Verb::Do("overdue_enforcement_off") => {
                self.enforcement_off = true;
                Ok(())
            }
            Verb::Do("overdue_enforcement_on") => {
                self.enforcement_off = false;
                Ok(())
            }
            Verb::Do(name) => match count_of_oldest(name) {
                Some(count) => self.pay_oldest(count),
                None => Err(step.unknown()),
            },
            Verb::Expect("state") => {
                let state = self.state()?;
                findings.field(step, "state", &Got::text(state))
            }
            Verb::Expect("balance" | "account_balance") => {
                let balance = Got::Amount(self.invoices.owed(self.today)?);
                findings.field(step, "amount", &balance)
            }
            Verb::Expect("unpaid_invoices") => {
                let unpaid = self.invoices.unpaid(self.today)?.into_iter();
                let rows: Vec<Row> = unpaid
                    .map(|(date, rest)| vec![("date", Got::Day(date)), ("amount", Got::Amount(rest))])
                    .collect();
                findings.rows(step, &rows)
            }
            Verb::Expect(_) => Err(step.unknown()),
        }
    }

    fn invoice(&mut self, step: &Step<'_>) -> Result<(), Problem> {
        let amount = step.fields.amount("amount", self.currency)?;
        step.fields.date("date")?;
        self.invoices.owe(self.today, Component::Principal, amount);
        match step.fields.optional_text("payment")?.unwrap_or("fails") {
            "fails" | "none" => {}
            "succeeds" => self.invoices.pay(self.today, amount),
            other => {
                return Err(Problem::new(format!(
                    "payment: {other:?} is neither \"fails\" nor \"succeeds\""
                )));
            }
        }
        Ok(())
    }

    /// Pays what is unpaid of the `count` oldest invoices.
    fn pay_oldest(&mut self, count: usize) -> Result<(), Problem> {
        let mut sum = Money::zero(self.currency);
        for (_, rest) in self.invoices.unpaid(self.today)?.into_iter().take(count) {
            sum = sum.try_add(rest)?;
        }
        if !sum.is_positive() {
            return Err(Problem::new("nothing is unpaid that could be paid"));
        }
        self.invoices.pay(self.today, sum);
        Ok(())
    }

    fn state(&self) -> Result<&str, Problem> {
        let arrears = self.invoices.arrears(self.today)?;
        if self.enforcement_off || arrears.overdue_due_on.is_none() {
            return Ok(CLEAR);
        }
        let row = self.states.decide(&StrategyInput {
            buckets: &self.invoices.terms.buckets,
            days_past_due: arrears.days_past_due,
            balance: arrears.overdue,
            segment: "standard",
            is_reported_to_bureau: false,
            contacts: 0,
            customer: CustomerId([0; 16]),
        });
        Ok(row.map_or(CLEAR, |row| row.id.as_str()))
    }
}

/// A row for each state: from its days up to those of the next.
fn table(states: &[(i32, &str)], currency: Currency) -> StrategyTable {
    let rows = states.iter().enumerate().map(|(index, (days, name))| strategy::Row {
        id: (*name).to_owned(),
        matches: Matches {
            days_past_due: Span {
                from: Some(*days),
                through: states.get(index + 1).map(|(next, _)| next - 1),
            },
            ..Matches::EVERYTHING
        },
        outcome: Outcome::Contact {
            channels: vec![Channel::Email],
            template: (*name).to_owned(),
            tone: Tone::Neutral,
            next_contact_days: 1,
            fallback: Vec::new(),
        },
    });
    StrategyTable {
        name: "overdue states".to_owned(),
        version: 1,
        currency,
        segments: vec!["standard".to_owned()],
        days_past_due: Span::ANY,
        rows: rows.collect(),
        settings: Settings::default(),
    }
}

/// The number in `pay_two_oldest` or `pay_2_oldest`.
fn count_of_oldest(name: &str) -> Option<usize> {
    const WORDS: [&str; 10] = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
    let word = name.strip_prefix("pay_")?.strip_suffix("_oldest")?;
    let index = WORDS.iter().position(|known| *known == word);
    index.map(|index| index + 1).or_else(|| word.parse().ok())
}

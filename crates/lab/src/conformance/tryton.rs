//! Tryton: dunning levels by days overdue, with a fee for each; a level is drawn up first and processed then.
//!
//! A level is a step of a treatment. Days are counted from the maturity of the line, which a case leaves open;
//! it is taken to be [`MATURITY`].

use dunlin_domain::date::Date;
use dunlin_domain::money::Currency;
use dunlin_domain::treatment::{Step as TreatmentStep, StepCharge, StepTrigger, Treatment};

use super::compare::{Difference, Findings, Got};
use super::dunning::{Debt, Dunning};
use super::fields::{self, Fields, Problem};
use super::{Failure, Scenario, Step, Verb, whole};

/// 2026-01-01: day 0 of a case that counts days only.
const MATURITY: Date = Date::from_days(20_454);

struct Ledger {
    dunning: Dunning,
    currency: Currency,
    today: Date,
}

pub(super) fn play(scenario: &Scenario<'_>) -> Result<Vec<Difference>, Failure> {
    let mut ledger = Ledger::open(&scenario.config).map_err(whole)?;
    let mut findings = Findings::default();
    for step in &scenario.steps {
        ledger.play(step, &mut findings).map_err(|problem| step.fail(problem))?;
        step.finish()?;
    }
    Ok(findings.into_differences())
}

impl Ledger {
    fn open(config: &Fields<'_>) -> Result<Self, Problem> {
        let currency = Currency::parse(config.optional_text("currency")?.unwrap_or("EUR"))?;
        let maturity = match config.optional_text("maturity")? {
            Some(text) => day_of(text)?,
            None => MATURITY,
        };
        let mut dunning = Dunning::new(Treatment { steps: levels(config, currency)? }, currency)?;
        if let Some(amount) = config.optional_amount("amount", currency)? {
            dunning.owe(maturity, amount);
        }
        Ok(Self { dunning, currency, today: maturity })
    }

    fn play(&mut self, step: &Step<'_>, findings: &mut Findings) -> Result<(), Problem> {
        if let Some(day) = step.fields.optional_count("day")? {
            self.today = MATURITY.plus_days(day);
        }
        if let Some(date) = step.fields.optional_date("date")? {
            self.today = date;
        }
        match step.verb {
            Verb::Do("run_dunning" | "create_dunnings") => self.dunning.run(self.today).map(drop),
            Verb::Do("process" | "process_dunning") => self.dunning.carry_out(self.today),
            Verb::Do("run_and_process_dunning") => {
                self.dunning.run(self.today)?;
                self.dunning.carry_out(self.today)
            }
            Verb::Do("set_blocked") => {
                let is_blocked = step.fields.optional_flag("value")?;
                let is_blocked = is_blocked.ok_or_else(|| Problem::new("the field \"value\" is missing"))?;
                self.dunning.debts.iter_mut().for_each(|debt| debt.is_blocked = is_blocked);
                Ok(())
            }
            Verb::Do("pay") => {
                let amount = step.fields.amount("amount", self.currency)?;
                self.dunning.obligations.pay(self.today, amount);
                Ok(())
            }
            Verb::Do("undo_payment") => self.dunning.obligations.undo_last_payment(self.today),
            Verb::Do("add_line" | "invoice") => {
                let amount = step.fields.amount("amount", self.currency)?;
                let maturity = step.fields.optional_text("maturity")?.map(day_of).transpose()?;
                self.dunning.owe(maturity.unwrap_or(self.today), amount);
                Ok(())
            }
            Verb::Expect("dunnings") => self.expect_dunnings(step, findings),
            Verb::Expect("state") => {
                let state = self.last_state()?;
                findings.field(step, "state", &state)
            }
            Verb::Expect("receivable") => {
                let balance = Got::Amount(self.dunning.obligations.owed(self.today)?);
                findings.field(step, "balance", &balance)
            }
            Verb::Do(_) | Verb::Expect(_) => Err(step.unknown()),
        }
    }

    /// Open debts for which a step was taken.
    fn dunned(&self) -> Result<Vec<&Debt>, Problem> {
        let open = self.dunning.open_debts(self.today)?;
        let debts = open.into_iter().map(|index| &self.dunning.debts[index]);
        Ok(debts.filter(|debt| !debt.taken.is_empty()).collect())
    }

    fn last_state(&self) -> Result<Got, Problem> {
        let dunned = self.dunned()?;
        let last = dunned.last().and_then(|debt| debt.taken.last());
        Ok(last.map_or(Got::Absent, |step| Got::text(step.state.code())))
    }

    fn expect_dunnings(&self, step: &Step<'_>, findings: &mut Findings) -> Result<(), Problem> {
        let dunned = self.dunned()?;
        findings.field(step, "count", &Got::count(dunned.len()))?;
        let last = dunned.last().and_then(|debt| debt.taken.last());
        let level = last.map_or(Got::Absent, |step| Got::count(step.step_index + 1));
        findings.optional_field(step, "level", &level);
        findings.optional_field(step, "state", &self.last_state()?);
        let is_blocked = dunned.last().map_or(Got::Absent, |debt| Got::Flag(debt.is_blocked));
        findings.optional_field(step, "blocked", &is_blocked);
        Ok(())
    }
}

/// `D+3`, or a date.
fn day_of(text: &str) -> Result<Date, Problem> {
    let days = text.strip_prefix('D').map(|days| days.strip_prefix('+').unwrap_or(days));
    match days {
        Some("") => Ok(MATURITY),
        Some(days) => {
            let days = days.parse::<i16>().map_err(|_| not_a_day(text))?;
            Ok(MATURITY.plus_days(i32::from(days)))
        }
        None => Date::parse(text).map_err(|_| not_a_day(text)),
    }
}

fn not_a_day(text: &str) -> Problem {
    Problem::new(format!("{text:?} is neither a date nor a number of days such as D+5"))
}

fn levels(config: &Fields<'_>, currency: Currency) -> Result<Vec<TreatmentStep>, Problem> {
    let mut steps = Vec::new();
    let mut add = |days: i32, charge: Option<StepCharge>| {
        let name = format!("level {}", steps.len() + 1);
        steps.push(TreatmentStep { name, trigger: StepTrigger::DaysAfterDue(days), charge });
    };
    if let Some(days) = config.optional_list("levels_days_overdue")? {
        for day in days {
            let day = day.as_i64().and_then(|day| i32::try_from(day).ok());
            let day =
                day.ok_or_else(|| Problem::new("config: levels_days_overdue: not whole numbers of days"))?;
            add(day, None);
        }
    } else {
        for level in config.rows("levels")? {
            let charge = level.optional_decimal("fee")?.map(|fee| charge(&fee, currency)).transpose()?;
            add(level.count("days")?, charge);
            if let Some(name) = level.unread() {
                return Err(Problem::new(format!("config: levels: unknown field {name:?}")));
            }
        }
    }
    Ok(steps)
}

/// `10 fixed`, or `15% of original line amount`.
fn charge(text: &str, currency: Currency) -> Result<StepCharge, Problem> {
    let unknown = || {
        Problem::new(format!(
            "config: fee {text:?} is neither such as \"10 fixed\" nor such as \"15% of original line amount\""
        ))
    };
    let (number, base) = text.split_once(' ').unwrap_or((text, ""));
    if let Some(share) = number.strip_suffix('%') {
        let is_known =
            matches!(base, "" | "of original line amount" | "of the original line amount" | "of line amount");
        return if is_known { fields::percent(share).map(StepCharge::Share) } else { Err(unknown()) };
    }
    if !matches!(base, "" | "fixed" | "list price") {
        return Err(unknown());
    }
    fields::amount(number, currency).map(StepCharge::Fixed).map_err(|_| unknown())
}

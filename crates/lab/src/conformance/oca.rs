//! OCA credit control: policies of levels, each run makes at most one line for an open invoice.
//!
//! A level is a step of a treatment, a line is a step taken; a run carries out what it draws up. Dates may be
//! written against `today`, which is [`TODAY`].

use dunlin_domain::date::{Date, MonthDay};
use dunlin_domain::money::Currency;
use dunlin_domain::treatment::{Step as TreatmentStep, StepTrigger, Treatment};

use super::compare::{Difference, Findings, Got};
use super::dunning::Dunning;
use super::fields::{self, Fields, Problem};
use super::{Failure, Scenario, Step, Verb, whole};

/// 2026-01-15, the day that cases call today.
const TODAY: Date = Date::from_days(20_468);

struct Ledger {
    dunning: Dunning,
    currency: Currency,
    last_run_on: Option<Date>,
    /// What the last step was refused for, until a step expects it.
    refusal: Option<String>,
    channels: Vec<Option<String>>,
}

pub(super) fn play(scenario: &Scenario<'_>) -> Result<Vec<Difference>, Failure> {
    let mut ledger = Ledger::open(&scenario.config).map_err(whole)?;
    let mut findings = Findings::default();
    for step in &scenario.steps {
        ledger.play(step, &mut findings).map_err(|problem| step.fail(problem))?;
        step.finish()?;
    }
    if let (Some(refusal), Some(step)) = (&ledger.refusal, scenario.steps.last()) {
        return Err(step.fail(Problem::new(format!("refused: {refusal}"))));
    }
    Ok(findings.into_differences())
}

impl Ledger {
    fn open(config: &Fields<'_>) -> Result<Self, Problem> {
        let currency = Currency::parse(config.optional_text("currency")?.unwrap_or("EUR"))?;
        let (mut steps, mut channels) = (Vec::new(), Vec::new());
        for (index, level) in config.rows("levels")?.iter().enumerate() {
            let number = level.optional_number("level")?;
            if number.is_some_and(|number| usize::try_from(number) != Ok(index + 1)) {
                return Err(Problem::new("config: levels are not in order 1, 2, 3, …"));
            }
            let name = format!("level {}", index + 1);
            steps.push(TreatmentStep { name, trigger: trigger(level.text("rule")?)?, charge: None });
            channels.push(level.optional_text("channel")?.map(str::to_owned));
            if let Some(name) = level.unread() {
                return Err(Problem::new(format!("config: levels: unknown field {name:?}")));
            }
        }
        let mut dunning = Dunning::new(Treatment { steps }, currency)?;
        if let Some(invoice) = config.optional_text("invoice")? {
            let (amount, due) = invoice.split_once(" due ").ok_or_else(|| {
                Problem::new(format!(
                    "config: invoice {invoice:?} is not such as \"500.00 due 12 months before today\""
                ))
            })?;
            dunning.owe(day_of(due)?, fields::amount(amount, currency)?);
        }
        Ok(Self { dunning, currency, last_run_on: None, refusal: None, channels })
    }

    fn play(&mut self, step: &Step<'_>, findings: &mut Findings) -> Result<(), Problem> {
        if step.verb != Verb::Expect("error")
            && let Some(refusal) = self.refusal.take()
        {
            return Err(Problem::new(format!("the step before was refused: {refusal}")));
        }
        let date = step.fields.optional_text("date")?.map(day_of).transpose()?;
        let needed = || date.ok_or_else(|| Problem::new("the field \"date\" is missing"));
        match step.verb {
            Verb::Do("run") => self.run(needed()?),
            Verb::Do("invoice") => {
                let due = step.fields.optional_text("due")?.map(day_of).transpose()?;
                let due = due.or(date).ok_or_else(|| Problem::new("the field \"due\" is missing"))?;
                self.dunning.owe(due, step.fields.amount("amount", self.currency)?);
                Ok(())
            }
            Verb::Do("pay") => {
                let amount = step.fields.amount("amount", self.currency)?;
                self.dunning.obligations.pay(needed()?, amount);
                Ok(())
            }
            Verb::Do("set_blocked") => {
                let is_blocked = step.fields.optional_flag("value")?.unwrap_or(true);
                self.dunning.debts.iter_mut().for_each(|debt| debt.is_blocked = is_blocked);
                Ok(())
            }
            Verb::Expect("lines") => self.expect_lines(step, findings),
            Verb::Expect("error") => match self.refusal.take() {
                Some(_) => Ok(()),
                None => {
                    findings.add(step, "error: expected a refusal, got none".to_owned());
                    Ok(())
                }
            },
            Verb::Do(_) | Verb::Expect(_) => Err(step.unknown()),
        }
    }

    fn run(&mut self, date: Date) -> Result<(), Problem> {
        if let Some(last) = self.last_run_on.filter(|last| date < *last) {
            self.refusal = Some(format!("a run on {date} is before the last run, on {last}"));
            return Ok(());
        }
        self.last_run_on = Some(date);
        self.dunning.run(date)?;
        self.dunning.carry_out(date)
    }

    fn expect_lines(&self, step: &Step<'_>, findings: &mut Findings) -> Result<(), Problem> {
        let lines = self.dunning.debts.iter().flat_map(|debt| &debt.taken);
        findings.field(step, "count", &Got::count(lines.clone().count()))?;
        let last = lines.max_by_key(|line| line.step_index);
        let level = last.map_or(Got::Absent, |line| Got::count(line.step_index + 1));
        findings.optional_field(step, "level", &level);
        let channel = last.and_then(|line| self.channels[line.step_index].clone());
        findings.optional_field(step, "channel", &channel.map_or(Got::Absent, Got::Text));
        Ok(())
    }
}

/// `due + 10 days <= run date`, `end of month of (due + 30 days) <= run date`, `previous reminder date + 10 days <=
/// run date`.
fn trigger(rule: &str) -> Result<StepTrigger, Problem> {
    let unknown = || Problem::new(format!("config: levels: rule {rule:?} is of no known kind"));
    let day = rule.strip_suffix("<= run date").ok_or_else(unknown)?.trim_end();
    let days_after = |text: &str, name: &str| -> Option<i32> {
        let days = text.strip_prefix(name)?.trim_start();
        if days.is_empty() {
            return Some(0);
        }
        let days = days.strip_prefix('+')?.trim_start();
        days.strip_suffix("days").or_else(|| days.strip_suffix("day"))?.trim_end().parse().ok()
    };
    if let Some(inner) = day.strip_prefix("end of month of") {
        let inner = inner.trim().trim_start_matches('(').trim_end_matches(')').trim();
        return days_after(inner, "due").map(StepTrigger::MonthEndAfterDue).ok_or_else(unknown);
    }
    if let Some(days) = days_after(day, "previous reminder date") {
        return Ok(StepTrigger::DaysAfterStepBefore(days));
    }
    days_after(day, "due").map(StepTrigger::DaysAfterDue).ok_or_else(unknown)
}

/// `today`, `today - 6 months`, `12 months before today`, or a date.
fn day_of(text: &str) -> Result<Date, Problem> {
    let unknown =
        || Problem::new(format!("{text:?} is neither a date nor such as \"today\" or \"today - 6 months\""));
    if let Some((span, sign)) = relative(text) {
        if span.is_empty() {
            return Ok(TODAY);
        }
        let (number, unit) = span.split_once(' ').ok_or_else(unknown)?;
        let number = sign * number.parse::<i16>().map(i32::from).map_err(|_| unknown())?;
        return match unit.trim().trim_end_matches('s') {
            "day" => Ok(TODAY.plus_days(number)),
            "week" => Ok(TODAY.plus_days(7 * number)),
            "month" => Ok(plus_months(TODAY, number)),
            "year" => Ok(plus_months(TODAY, 12 * number)),
            _ => Err(unknown()),
        };
    }
    Date::parse(text).map_err(|_| unknown())
}

/// The span between a day and today, and on which side of it the day lies.
fn relative(text: &str) -> Option<(&str, i32)> {
    if let Some(span) = text.strip_suffix("before today") {
        return Some((span.trim(), -1));
    }
    if let Some(span) = text.strip_suffix("after today") {
        return Some((span.trim(), 1));
    }
    let rest = text.strip_prefix("today")?.trim();
    match rest.strip_prefix('-') {
        Some(span) => Some((span.trim(), -1)),
        None => Some((rest.strip_prefix('+').unwrap_or(rest).trim(), 1)),
    }
}

/// The same day of the month `months` later; in a shorter month its last day.
fn plus_months(date: Date, months: i32) -> Date {
    let (year, month, day) = date.year_month_day();
    let index = i32::from(year) * 12 + i32::from(month) - 1 + months;
    let year = i16::try_from(index.div_euclid(12)).unwrap_or(i16::MAX);
    let month = i8::try_from(index.rem_euclid(12) + 1).unwrap_or(12);
    MonthDay::Day(day).in_month(year, month)
}

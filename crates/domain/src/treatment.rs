//! A treatment (处置): the steps that are taken for a debt that stays unpaid, one after another.
//!
//! A [`crate::strategy`] says what to do for where a debt stands today; a treatment says what comes after what.
//! Promises that no step is skipped, however late one looks: each look takes the next step at most, and only when
//! the one before was carried out. A step may have its price, a share of the debt as it was first asked for and so
//! never a fee on a fee.

use crate::contact::code_enum;
use crate::date::{Date, MonthDay};
use crate::money::{Money, MoneyError, Rate, Rounding};

/// From which day on a step may be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepTrigger {
    /// So many days after the due date.
    DaysAfterDue(i32),
    /// The last day of the month in which the day so many days after the due date lies.
    MonthEndAfterDue(i32),
    /// So many days after the step before it was taken; for the first step, after the due date.
    DaysAfterStepBefore(i32),
}

/// What a step costs the customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepCharge {
    /// The same for every debt.
    Fixed(Money),
    /// A share of the debt as it was first asked for.
    Share(Rate),
}

impl StepCharge {
    /// The charge for a debt of `original`, rounded once.
    ///
    /// # Errors
    /// When the amount does not fit.
    pub fn of(self, original: Money, rounding: Rounding) -> Result<Money, MoneyError> {
        match self {
            Self::Fixed(amount) => Ok(amount),
            Self::Share(share) => share.of(original, rounding),
        }
    }
}

/// One step (步骤).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its name, unique in the treatment.
    pub name: String,
    /// From when on it may be taken.
    pub trigger: StepTrigger,
    /// What it costs, if anything.
    pub charge: Option<StepCharge>,
}

/// Steps in their order; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Treatment {
    /// The steps, first to last.
    pub steps: Vec<Step>,
}

code_enum! {
    /// How far a step that was taken has come.
    StepState {
        /// It was drawn up and waits to be carried out.
        Draft = "draft",
        /// It was carried out.
        Done = "done",
    }
}

/// A step that was taken for one debt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepTaken {
    /// Index into [`Treatment::steps`].
    pub step_index: usize,
    /// The day on which it was taken.
    pub on: Date,
    /// How far it has come.
    pub state: StepState,
}

/// Why no step is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoStep {
    /// The next one begins on a later day.
    NotBefore(Date),
    /// The last one was not carried out yet.
    Unfinished,
    /// All steps were taken.
    Exhausted,
}

impl Treatment {
    /// The step to take on `today` for a debt that fell due on `due_on`, given the last step taken for it.
    ///
    /// # Errors
    /// Why there is none to take.
    pub fn next_step(
        &self,
        last: Option<&StepTaken>,
        due_on: Date,
        today: Date,
    ) -> Result<StepTaken, NoStep> {
        if last.is_some_and(|last| last.state == StepState::Draft) {
            return Err(NoStep::Unfinished);
        }
        let step_index = last.map_or(0, |last| last.step_index + 1);
        let step = self.steps.get(step_index).ok_or(NoStep::Exhausted)?;
        let begins_on = match step.trigger {
            StepTrigger::DaysAfterDue(days) => due_on.plus_days(days),
            StepTrigger::MonthEndAfterDue(days) => {
                let (year, month, _) = due_on.plus_days(days).year_month_day();
                MonthDay::Last.in_month(year, month)
            }
            StepTrigger::DaysAfterStepBefore(days) => last.map_or(due_on, |last| last.on).plus_days(days),
        };
        if today < begins_on {
            return Err(NoStep::NotBefore(begins_on));
        }
        Ok(StepTaken { step_index, on: today, state: StepState::Draft })
    }

    /// The first day on which a step can be taken after the last one, if that one is carried out.
    #[must_use]
    pub fn next_step_on(&self, last: Option<&StepTaken>, due_on: Date) -> Option<Date> {
        let finished = last.map(|last| StepTaken { state: StepState::Done, ..*last });
        match self.next_step(finished.as_ref(), due_on, Date::from_days(i32::MIN)) {
            Ok(_) | Err(NoStep::Unfinished | NoStep::Exhausted) => None,
            Err(NoStep::NotBefore(date)) => Some(date),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;
    use expect_test::{Expect, expect};

    fn date(text: &str) -> Date {
        Date::parse(text).expect("a day of the calendar")
    }

    fn treatment() -> Treatment {
        let step = |name: &str, trigger| Step { name: name.to_owned(), trigger, charge: None };
        Treatment {
            steps: vec![
                step("first", StepTrigger::DaysAfterDue(10)),
                step("second", StepTrigger::MonthEndAfterDue(30)),
                step("letter", StepTrigger::DaysAfterStepBefore(10)),
            ],
        }
    }

    /// Looks on each of `days` at a debt due on 2025-01-15, and carries out what it finds.
    fn check(days: &[&str], expected: Expect) {
        let (treatment, due_on) = (treatment(), date("2025-01-15"));
        let mut last: Option<StepTaken> = None;
        let looks = days.iter().map(|day| match treatment.next_step(last.as_ref(), due_on, date(day)) {
            Ok(taken) => {
                last = Some(StepTaken { state: StepState::Done, ..taken });
                format!("{day} {}", treatment.steps[taken.step_index].name)
            }
            Err(reason) => format!("{day} {reason:?}"),
        });
        expected.assert_eq(&looks.collect::<Vec<_>>().join("\n"));
    }

    #[test]
    fn steps_begin_on_their_days() {
        check(
            &[
                "2025-01-24",
                "2025-01-25",
                "2025-02-27",
                "2025-02-28",
                "2025-03-09",
                "2025-03-10",
                "2026-01-01",
            ],
            expect![[r#"
                2025-01-24 NotBefore(2025-01-25)
                2025-01-25 first
                2025-02-27 NotBefore(2025-02-28)
                2025-02-28 second
                2025-03-09 NotBefore(2025-03-10)
                2025-03-10 letter
                2026-01-01 Exhausted"#]],
        );
    }

    #[test]
    fn no_step_is_skipped_even_a_year_late() {
        check(
            &["2026-01-15", "2026-01-15", "2026-01-24", "2026-01-25"],
            expect![[r#"
                2026-01-15 first
                2026-01-15 second
                2026-01-24 NotBefore(2026-01-25)
                2026-01-25 letter"#]],
        );
    }

    #[test]
    fn a_step_that_was_not_carried_out_holds_the_next_one() {
        let (treatment, due_on) = (treatment(), date("2025-01-15"));
        let draft = treatment.next_step(None, due_on, date("2025-01-25")).expect("a step");
        assert_eq!(draft.state, StepState::Draft);
        assert_eq!(treatment.next_step(Some(&draft), due_on, date("2026-01-01")), Err(NoStep::Unfinished));
        assert_eq!(treatment.next_step_on(Some(&draft), due_on), Some(date("2025-02-28")));
        assert_eq!(treatment.next_step_on(None, due_on), Some(date("2025-01-25")));
    }

    #[test]
    fn a_share_is_taken_of_the_debt_as_it_was_first_asked_for() {
        let original = Money::new(10_000, Currency::CNY);
        let share = StepCharge::Share(Rate::parse_percent("15%").expect("a percentage"));
        assert_eq!(share.of(original, Rounding::HalfUp), Ok(Money::new(1_500, Currency::CNY)));
        let fixed = StepCharge::Fixed(Money::new(1_000, Currency::CNY));
        assert_eq!(fixed.of(original, Rounding::HalfUp), Ok(Money::new(1_000, Currency::CNY)));
    }
}

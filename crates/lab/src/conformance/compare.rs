//! Comparing what a case expects with what came out, value by value.

use dunlin_domain::date::Date;
use dunlin_domain::money::{Currency, Money};
use serde_json::Value;

use super::Step;
use super::fields::{self, Fields, Problem};

/// A way of counting or naming in which a peer and Dunlin differ on purpose; `docs/conformance.md` explains each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Convention {
    /// Its name there.
    pub code: &'static str,
    /// What the two do, in one sentence.
    pub summary: &'static str,
}

/// A value that is not as expected.
pub(super) struct Difference {
    /// The step, counted from 1; `None` in cases without steps.
    pub(super) step: Option<usize>,
    /// `balance: expected 110.00, got 100.00`.
    pub(super) message: String,
    /// The convention that explains it.
    pub(super) convention: Option<Convention>,
}

/// A value that came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Got {
    /// There is no such value.
    Absent,
    /// An amount of money.
    Amount(Money),
    /// A whole number.
    Number(i64),
    /// A day.
    Day(Date),
    /// A name or a text.
    Text(String),
    /// Yes or no.
    Flag(bool),
    /// A decimal number in hundredths.
    Hundredths(i64),
}

impl Got {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub(super) fn count(count: usize) -> Self {
        Self::Number(i64::try_from(count).unwrap_or(i64::MAX))
    }

    pub(super) fn optional_day(day: Option<Date>) -> Self {
        day.map_or(Self::Absent, Self::Day)
    }

    /// Whether `expected` says the same.
    fn agrees(&self, expected: &Value) -> bool {
        let number = match expected {
            Value::Number(number) => Some(number.to_string()),
            Value::String(text) => Some(text.trim().to_owned()),
            _ => None,
        };
        match self {
            Self::Absent => expected.is_null(),
            Self::Amount(amount) => {
                let wanted = number.and_then(|text| fields::amount(&text, amount.currency()).ok());
                wanted == Some(*amount)
            }
            Self::Number(got) => {
                let wanted = number.and_then(|text| whole_number(&text));
                wanted == Some(*got)
            }
            Self::Hundredths(got) => {
                let two_digits = Currency::CNY;
                let wanted = number.and_then(|text| fields::amount(&text, two_digits).ok());
                wanted.map(|wanted| wanted.minor()) == Some(*got)
            }
            Self::Day(day) => expected.as_str().and_then(|text| Date::parse(text).ok()) == Some(*day),
            Self::Text(text) => expected.as_str() == Some(text),
            Self::Flag(flag) => match expected {
                Value::Bool(wanted) => wanted == flag,
                Value::String(text) => text.eq_ignore_ascii_case(if *flag { "true" } else { "false" }),
                _ => false,
            },
        }
    }

    pub(super) fn shown(&self) -> String {
        match self {
            Self::Absent => "nothing".to_owned(),
            Self::Amount(amount) => amount.to_string(),
            Self::Number(number) => number.to_string(),
            Self::Day(day) => day.to_string(),
            Self::Text(text) => text.clone(),
            Self::Flag(flag) => flag.to_string(),
            Self::Hundredths(number) => {
                let sign = if *number < 0 { "-" } else { "" };
                let number = number.unsigned_abs();
                format!("{sign}{}.{:02}", number / 100, number % 100)
            }
        }
    }
}

/// `12`, or `12.0`.
fn whole_number(text: &str) -> Option<i64> {
    let whole = match text.split_once('.') {
        Some((whole, fraction)) if fraction.bytes().all(|byte| byte == b'0') => whole,
        Some(_) => return None,
        None => text,
    };
    whole.parse().ok()
}

fn shown(expected: &Value) -> String {
    match expected {
        Value::Null => "nothing".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn message(name: &str, expected: &Value, got: &Got) -> String {
    format!("{name}: expected {}, got {}", shown(expected), got.shown())
}

/// Where differences are gathered while a case is played.
#[derive(Default)]
pub(super) struct Findings {
    differences: Vec<Difference>,
}

impl Findings {
    /// All that was found.
    pub(super) fn into_differences(self) -> Vec<Difference> {
        self.differences
    }

    /// Notes a difference.
    pub(super) fn add(&mut self, step: &Step<'_>, message: String) {
        self.differences.push(Difference { step: Some(step.number), message, convention: None });
    }

    /// Notes a difference in a case without steps.
    pub(super) fn add_whole(&mut self, message: String) {
        self.differences.push(Difference { step: None, message, convention: None });
    }

    /// Compares the field `name` of a case without steps.
    pub(super) fn case_field(&mut self, case: &Fields<'_>, name: &str, got: &Got) -> Result<(), Problem> {
        let missing = || Problem::new(format!("the field {name:?} is missing"));
        let expected = case.raw(name).ok_or_else(missing)?;
        if !got.agrees(expected) {
            self.add_whole(message(name, expected, got));
        }
        Ok(())
    }

    /// The same for a part of such a case, named `place`.
    pub(super) fn named_field(
        &mut self,
        part: &Fields<'_>,
        name: &str,
        place: &str,
        got: &Got,
    ) -> Result<(), Problem> {
        let missing = || Problem::new(format!("the field {name:?} is missing"));
        let expected = part.raw(name).ok_or_else(missing)?;
        if !got.agrees(expected) {
            self.add_whole(format!("{place}: {}", message(name, expected, got)));
        }
        Ok(())
    }

    /// Compares the field `name` of the step with what came out. The field must be there.
    pub(super) fn field(&mut self, step: &Step<'_>, name: &str, got: &Got) -> Result<(), Problem> {
        if !self.optional_field(step, name, got) {
            return Err(Problem::new(format!("the field {name:?} is missing")));
        }
        Ok(())
    }

    /// Compares the field `name` of the step, if it has one, with what came out; says whether it has.
    pub(super) fn optional_field(&mut self, step: &Step<'_>, name: &str, got: &Got) -> bool {
        let Some(expected) = step.fields.raw(name) else { return false };
        if !got.agrees(expected) {
            self.add(step, message(name, expected, got));
        }
        true
    }

    /// Compares a value that has no field of its own, under the name given.
    pub(super) fn value(&mut self, step: &Step<'_>, name: &str, expected: &Value, got: &Got) {
        if !got.agrees(expected) {
            self.add(step, message(name, expected, got));
        }
    }

    /// Compares the rows of the step with what came out, in whatever order either has them; where a row has
    /// no equal, the first column that differs in it is named.
    ///
    /// Every column that a row of the case has is compared. A row that came out and that the case does not
    /// expect is a difference too.
    pub(super) fn rows(&mut self, step: &Step<'_>, got: &[Row]) -> Result<(), Problem> {
        let expected = step.fields.rows("rows")?;
        let mut left: Vec<usize> = (0..got.len()).collect();
        let mut missing = Vec::new();
        for (index, row) in expected.iter().enumerate() {
            // A row at its own place comes before an equal one elsewhere.
            let mut candidates = left.clone();
            candidates.sort_by_key(|at| (*at != index, *at));
            let mut place = None;
            for at in candidates {
                if first_difference(row, &got[at])?.is_none() {
                    place = Some(at);
                    break;
                }
            }
            match place {
                Some(at) => left.retain(|other| *other != at),
                None => missing.push(index),
            }
        }
        self.unmatched(step, &expected, got, missing, &left)
    }

    /// Compares the rows of the step with some of those that came out; others may be there besides.
    pub(super) fn some_rows(&mut self, step: &Step<'_>, got: &[Row]) -> Result<(), Problem> {
        for (index, row) in step.fields.rows("rows")?.iter().enumerate() {
            let mut closest = None;
            let mut is_there = false;
            for other in got {
                match first_difference(row, other)? {
                    None => is_there = true,
                    Some(difference) => closest = closest.or(Some(difference)),
                }
            }
            if !is_there {
                let difference = closest.unwrap_or_else(|| format!("expected {}, got nothing", listed(row)));
                self.add(step, format!("row {}: {difference}", index + 1));
            }
        }
        Ok(())
    }

    /// Notes the rows that are missing and those that are over.
    fn unmatched(
        &mut self,
        step: &Step<'_>,
        expected: &[Fields<'_>],
        got: &[Row],
        missing: Vec<usize>,
        over: &[usize],
    ) -> Result<(), Problem> {
        let mut over = over.iter();
        for index in missing {
            let at = over.next();
            let difference = match at {
                Some(at) => first_difference(&expected[index], &got[*at])?,
                None => Some(format!("expected {}, got nothing", listed(&expected[index]))),
            };
            self.add(step, format!("row {}: {}", index + 1, difference.unwrap_or_default()));
        }
        for at in over {
            let row: Vec<String> =
                got[*at].iter().map(|(name, value)| format!("{name} {}", value.shown())).collect();
            self.add(step, format!("expected no more rows, got {}", row.join(", ")));
        }
        Ok(())
    }
}

/// A row that came out: names and values.
pub(super) type Row = Vec<(&'static str, Got)>;

/// The first column of `expected` with another value in `got`.
fn first_difference(expected: &Fields<'_>, got: &Row) -> Result<Option<String>, Problem> {
    let mut first = None;
    for (name, wanted) in expected.entries() {
        let (_, value) = got
            .iter()
            .find(|(column, _)| *column == name)
            .ok_or_else(|| Problem::new(format!("unknown column {name:?}")))?;
        if first.is_none() && !value.agrees(wanted) {
            first = Some(message(name, wanted, value));
        }
    }
    Ok(first)
}

fn listed(expected: &Fields<'_>) -> String {
    let fields: Vec<String> =
        expected.entries().map(|(name, value)| format!("{name} {}", shown(value))).collect();
    fields.join(", ")
}

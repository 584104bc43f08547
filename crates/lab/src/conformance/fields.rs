//! The fields of a JSON object, read by name and form; it is known which of them nobody read.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;

use dunlin_domain::date::Date;
use dunlin_domain::money::{Currency, Money, Rate};
use serde_json::{Map, Value};

fn is_sentence(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().contains(' '),
        Value::Array(list) => list.iter().all(is_sentence),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
    }
}

/// What is wrong with a step or a configuration, with the field in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem(String);

impl Problem {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What the domain refuses, as a problem of the step that asked for it.
impl From<dunlin_domain::money::MoneyError> for Problem {
    fn from(error: dunlin_domain::money::MoneyError) -> Self {
        Self(error.to_string())
    }
}

/// An object of a case.
pub(super) struct Fields<'a> {
    map: &'a Map<String, Value>,
    read: RefCell<BTreeSet<&'a str>>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(map: &'a Map<String, Value>) -> Self {
        Self { map, read: RefCell::new(BTreeSet::new()) }
    }

    /// The names of all fields; none of them counts as read by that.
    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> + '_ {
        self.map.keys().map(String::as_str)
    }

    /// The first field that nobody read.
    pub(super) fn unread(&self) -> Option<&'a str> {
        let read = self.read.borrow();
        self.map.keys().map(String::as_str).find(|name| !read.contains(name))
    }

    /// The first field that nobody read and that sets something: a number, a flag, a code, an object, a list of those.
    /// A sentence tells the reader what the other fields do.
    pub(super) fn unread_setting(&self) -> Option<&'a str> {
        let read = self.read.borrow();
        let mut unread = self.map.iter().filter(|(name, _)| !read.contains(name.as_str()));
        unread.find(|(_, value)| !is_sentence(value)).map(|(name, _)| name.as_str())
    }

    /// The field as it stands; null counts as a value.
    pub(super) fn raw(&self, name: &str) -> Option<&'a Value> {
        let (key, value) = self.map.get_key_value(name)?;
        self.read.borrow_mut().insert(key);
        Some(value)
    }

    /// The field, if it is there and not null.
    fn value(&self, name: &str) -> Option<&'a Value> {
        self.raw(name).filter(|value| !value.is_null())
    }

    pub(super) fn optional_text(&self, name: &str) -> Result<Option<&'a str>, Problem> {
        let Some(value) = self.value(name) else { return Ok(None) };
        value.as_str().map(Some).ok_or_else(|| wrong_form(name, value, "a text"))
    }

    pub(super) fn text(&self, name: &str) -> Result<&'a str, Problem> {
        self.optional_text(name)?.ok_or_else(|| missing(name))
    }

    /// A text, or a number in the way it is written.
    pub(super) fn optional_decimal(&self, name: &str) -> Result<Option<String>, Problem> {
        self.value(name).map(|value| decimal_text(name, value)).transpose()
    }

    pub(super) fn decimal(&self, name: &str) -> Result<String, Problem> {
        self.optional_decimal(name)?.ok_or_else(|| missing(name))
    }

    pub(super) fn optional_amount(&self, name: &str, currency: Currency) -> Result<Option<Money>, Problem> {
        let Some(text) = self.optional_decimal(name)? else { return Ok(None) };
        amount(&text, currency).map(Some).map_err(|problem| in_field(name, &problem))
    }

    pub(super) fn amount(&self, name: &str, currency: Currency) -> Result<Money, Problem> {
        self.optional_amount(name, currency)?.ok_or_else(|| missing(name))
    }

    /// A percentage written without its sign, such as `12` or `1.5`.
    pub(super) fn optional_percent(&self, name: &str) -> Result<Option<Rate>, Problem> {
        let Some(text) = self.optional_decimal(name)? else { return Ok(None) };
        percent(&text).map(Some).map_err(|problem| in_field(name, &problem))
    }

    pub(super) fn optional_date(&self, name: &str) -> Result<Option<Date>, Problem> {
        let Some(text) = self.optional_text(name)? else { return Ok(None) };
        Date::parse(text).map(Some).map_err(|error| in_field(name, &Problem(error.to_string())))
    }

    pub(super) fn date(&self, name: &str) -> Result<Date, Problem> {
        self.optional_date(name)?.ok_or_else(|| missing(name))
    }

    /// A whole number, or a text that is one.
    pub(super) fn optional_number(&self, name: &str) -> Result<Option<i64>, Problem> {
        let Some(text) = self.optional_decimal(name)? else { return Ok(None) };
        text.parse().map(Some).map_err(|_| Problem(format!("{name}: {text:?} is not a whole number")))
    }

    pub(super) fn number(&self, name: &str) -> Result<i64, Problem> {
        self.optional_number(name)?.ok_or_else(|| missing(name))
    }

    /// A whole number of days or periods; it fits in 32 bits.
    pub(super) fn count(&self, name: &str) -> Result<i32, Problem> {
        self.optional_count(name)?.ok_or_else(|| missing(name))
    }

    pub(super) fn optional_count(&self, name: &str) -> Result<Option<i32>, Problem> {
        let Some(number) = self.optional_number(name)? else { return Ok(None) };
        // The calendar ends; a span of more days or periods than this is a slip of the pen.
        let fits = i32::try_from(number).ok().filter(|number| (-1_000_000..=1_000_000).contains(number));
        fits.map(Some).ok_or_else(|| Problem(format!("{name}: {number} is too large")))
    }

    pub(super) fn optional_flag(&self, name: &str) -> Result<Option<bool>, Problem> {
        let Some(value) = self.value(name) else { return Ok(None) };
        match value {
            Value::Bool(flag) => Ok(Some(*flag)),
            Value::String(text) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Value::String(text) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
            other => Err(wrong_form(name, other, "true or false")),
        }
    }

    pub(super) fn optional_list(&self, name: &str) -> Result<Option<&'a [Value]>, Problem> {
        let Some(value) = self.value(name) else { return Ok(None) };
        let list = value.as_array().ok_or_else(|| wrong_form(name, value, "a list"))?;
        Ok(Some(list))
    }

    pub(super) fn list(&self, name: &str) -> Result<&'a [Value], Problem> {
        self.optional_list(name)?.ok_or_else(|| missing(name))
    }

    /// A list of objects.
    pub(super) fn rows(&self, name: &str) -> Result<Vec<Fields<'a>>, Problem> {
        let rows = self.list(name)?.iter().enumerate();
        rows.map(|(index, row)| {
            let map = row.as_object();
            map.map(Fields::new).ok_or_else(|| wrong_form(&format!("{name}[{index}]"), row, "an object"))
        })
        .collect()
    }

    pub(super) fn object(&self, name: &str) -> Result<Fields<'a>, Problem> {
        let value = self.value(name).ok_or_else(|| missing(name))?;
        value.as_object().map(Fields::new).ok_or_else(|| wrong_form(name, value, "an object"))
    }

    /// Names and values, in the order of the file's sorted names; all of them count as read.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&'a str, &'a Value)> + '_ {
        self.map.iter().map(|(name, value)| {
            self.read.borrow_mut().insert(name);
            (name.as_str(), value)
        })
    }
}

fn missing(name: &str) -> Problem {
    Problem(format!("the field {name:?} is missing"))
}

fn in_field(name: &str, problem: &Problem) -> Problem {
    Problem(format!("{name}: {problem}"))
}

fn wrong_form(name: &str, value: &Value, wanted: &str) -> Problem {
    Problem(format!("{name}: {value} is not {wanted}"))
}

fn decimal_text(name: &str, value: &Value) -> Result<String, Problem> {
    match value {
        Value::String(text) => Ok(text.trim().to_owned()),
        Value::Number(number) => Ok(number.to_string()),
        other => Err(wrong_form(name, other, "a number")),
    }
}

/// Reads an amount; noughts beyond the currency's digits are no digits.
pub(super) fn amount(text: &str, currency: Currency) -> Result<Money, Problem> {
    let plain = match text.split_once('.') {
        Some((whole, fraction)) => {
            let fraction = fraction.trim_end_matches('0');
            if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") }
        }
        None => text.to_owned(),
    };
    Money::parse(&plain, currency)
        .map_err(|_| Problem(format!("{text:?} is not an amount in {currency}, such as 1234.50")))
}

/// Reads a percentage without its sign.
pub(super) fn percent(text: &str) -> Result<Rate, Problem> {
    let plain = text.trim().trim_end_matches('%').trim_end();
    let plain = match plain.split_once('.') {
        Some((whole, fraction)) if fraction.trim_end_matches('0').is_empty() => whole.to_owned(),
        Some((whole, fraction)) => format!("{whole}.{}", fraction.trim_end_matches('0')),
        None => plain.to_owned(),
    };
    Rate::parse_percent(&format!("{plain}%")).map_err(|_| {
        Problem(format!("{text:?} is not a percentage with at most four digits after the point"))
    })
}

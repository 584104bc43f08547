//! Exact money: a whole number of minor units and its currency.
//!
//! Promises that no sum wraps, no two currencies mix and no fraction is lost: fractions live in
//! [`crate::amounts::Accrued`] until they are rounded once. There are no operators on purpose.

use crate::wording;
use crate::wording::Wording;
use std::fmt;

/// An ISO 4217 currency that Dunlin can keep accounts in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

/// Code and number of minor digits (ISO 4217, list one).
const KNOWN: [(&[u8; 3], u32); 19] = [
    (b"CNY", 2),
    (b"USD", 2),
    (b"EUR", 2),
    (b"GBP", 2),
    (b"INR", 2),
    (b"TWD", 2),
    (b"HKD", 2),
    (b"SGD", 2),
    (b"JPY", 0),
    (b"KRW", 0),
    (b"VND", 0),
    (b"THB", 2),
    (b"IDR", 2),
    (b"MYR", 2),
    (b"PHP", 2),
    (b"AUD", 2),
    (b"CAD", 2),
    (b"BRL", 2),
    (b"MXN", 2),
];

impl Currency {
    /// The yuan, currency of the first market.
    pub const CNY: Self = Self(*b"CNY");

    /// Reads an ISO 4217 code in capitals.
    ///
    /// # Errors
    /// [`MoneyError::UnknownCurrency`] for any code that is not in the list of known currencies.
    pub fn parse(code: &str) -> Result<Self, MoneyError> {
        KNOWN
            .iter()
            .find(|(known, _)| known.as_slice() == code.as_bytes())
            .map(|(known, _)| Self(**known))
            .ok_or_else(|| MoneyError::UnknownCurrency { code: code.to_owned() })
    }

    /// The three letters.
    #[must_use]
    pub fn code(&self) -> &'static str {
        let known = KNOWN.iter().find(|(known, _)| **known == self.0);
        known.and_then(|(code, _)| std::str::from_utf8(code.as_slice()).ok()).unwrap_or("???")
    }

    /// How many decimal digits the minor unit stands for.
    #[must_use]
    pub fn minor_digits(&self) -> u32 {
        KNOWN.iter().find(|(known, _)| **known == self.0).map_or(2, |(_, digits)| *digits)
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// An amount of money. May be negative only where a balance can be.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

/// Why an amount could not be read or computed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MoneyError {
    /// The code is not an ISO 4217 code that Dunlin knows.
    UnknownCurrency {
        /// What was given.
        code: String,
    },
    /// Two amounts of different currencies were put together.
    CurrencyMismatch {
        /// The currency of the left amount.
        left: Currency,
        /// The currency of the right amount.
        right: Currency,
    },
    /// The result does not fit 64 bits of minor units.
    Overflow,
    /// The text is not a decimal amount with at most the currency's digits.
    Malformed {
        /// What was given.
        text: String,
        /// Digits allowed after the point.
        minor_digits: u32,
    },
}

impl MoneyError {
    /// What is wrong and what would be right, in both languages.
    #[must_use]
    pub fn wording(&self) -> Wording {
        match self {
            Self::UnknownCurrency { code } => {
                wording!(
                    "币种“{code}”无法识别；请用 ISO 4217 代码，如 CNY",
                    "currency {code:?} is unknown; use an ISO 4217 code such as CNY"
                )
            }
            Self::CurrencyMismatch { left, right } => {
                wording!(
                    "{left} 与 {right} 的金额不能合计",
                    "amounts in {left} and {right} cannot be put together"
                )
            }
            Self::Overflow => wording!(
                "金额超出系统可表示的范围（64 位最小货币单位）",
                "amount is larger than 64 bits of minor units"
            ),
            Self::Malformed { text, minor_digits } => wording!(
                "金额“{text}”不是小数点后最多 {minor_digits} 位的数字",
                "amount {text:?} is not a decimal number with at most {minor_digits} digits after the point"
            ),
        }
    }
}

impl fmt::Display for MoneyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.wording().en)
    }
}

impl std::error::Error for MoneyError {}

impl From<MoneyError> for Wording {
    fn from(error: MoneyError) -> Self {
        error.wording()
    }
}

impl Money {
    /// An amount of `minor` minor units (fen, cents).
    #[must_use]
    pub fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Nothing, in `currency`.
    #[must_use]
    pub fn zero(currency: Currency) -> Self {
        Self { minor: 0, currency }
    }

    /// Reads a decimal string such as `1234.50`. No grouping, no exponent, no currency sign.
    ///
    /// # Errors
    /// [`MoneyError::Malformed`] or [`MoneyError::Overflow`].
    pub fn parse(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        let malformed =
            || MoneyError::Malformed { text: text.to_owned(), minor_digits: currency.minor_digits() };
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let width = currency.minor_digits() as usize;
        let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty()
            || fraction.len() > width
            || !is_number(whole)
            || !is_number(fraction)
            || (digits.contains('.') && fraction.is_empty())
        {
            return Err(malformed());
        }
        let padded = format!("{whole}{fraction:0<width$}");
        let minor: i64 = padded.parse().map_err(|_| MoneyError::Overflow)?;
        Ok(Self { minor: if negative { -minor } else { minor }, currency })
    }

    /// Minor units.
    #[must_use]
    pub fn minor(&self) -> i64 {
        self.minor
    }

    /// The currency.
    #[must_use]
    pub fn currency(&self) -> Currency {
        self.currency
    }

    /// Whether the amount is nothing.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.minor == 0
    }

    /// Whether the amount is above nothing.
    #[must_use]
    pub fn is_positive(&self) -> bool {
        self.minor > 0
    }

    /// The sum.
    ///
    /// # Errors
    /// [`MoneyError::CurrencyMismatch`] or [`MoneyError::Overflow`].
    pub fn try_add(self, other: Self) -> Result<Self, MoneyError> {
        self.combine(other, i64::checked_add)
    }

    /// The difference.
    ///
    /// # Errors
    /// [`MoneyError::CurrencyMismatch`] or [`MoneyError::Overflow`].
    pub fn try_sub(self, other: Self) -> Result<Self, MoneyError> {
        self.combine(other, i64::checked_sub)
    }

    /// The smaller of two amounts of one currency.
    ///
    /// # Errors
    /// [`MoneyError::CurrencyMismatch`].
    pub fn try_min(self, other: Self) -> Result<Self, MoneyError> {
        self.combine(other, |left, right| Some(left.min(right)))
    }

    /// Splits into `parts` equal amounts; the last one takes the residue, so the sum is exact.
    ///
    /// # Panics
    /// When `parts` is zero: a split into nothing is a mistake in the caller.
    #[must_use]
    pub fn split(self, parts: u32) -> Vec<Self> {
        assert!(parts > 0, "money is split into at least one part");
        let each = self.minor / i64::from(parts);
        let mut amounts = vec![Self::new(each, self.currency); parts as usize];
        let last = amounts.len() - 1;
        amounts[last].minor = self.minor - each * (i64::from(parts) - 1);
        amounts
    }

    fn combine(self, other: Self, operation: fn(i64, i64) -> Option<i64>) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::CurrencyMismatch { left: self.currency, right: other.currency });
        }
        let minor = operation(self.minor, other.minor).ok_or(MoneyError::Overflow)?;
        Ok(Self { minor, currency: self.currency })
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self} {}", self.currency)
    }
}

/// Writes the decimal form without the currency: `1234.50`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.currency.minor_digits();
        let scale = 10_u64.pow(digits);
        let sign = if self.minor < 0 { "-" } else { "" };
        let (whole, fraction) = (self.minor.unsigned_abs() / scale, self.minor.unsigned_abs() % scale);
        match digits {
            0 => write!(f, "{sign}{whole}"),
            _ => write!(f, "{sign}{whole}.{fraction:0width$}", width = digits as usize),
        }
    }
}

/// How a fraction of a minor unit becomes whole. Part of the product's terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// Away from zero from one half on.
    HalfUp,
    /// To the even neighbour at one half.
    HalfEven,
    /// Toward zero.
    Down,
    /// Away from zero.
    Up,
}

impl Rounding {
    /// `numerator / denominator`, rounded once.
    ///
    /// # Panics
    /// When `denominator` is not positive.
    #[must_use]
    pub fn divide(self, numerator: i128, denominator: i128) -> i128 {
        assert!(denominator > 0, "rounding divides by a positive number");
        let quotient = numerator / denominator;
        let remainder = numerator % denominator;
        if remainder == 0 {
            return quotient;
        }
        let away = quotient + numerator.signum();
        let twice = remainder.abs() * 2;
        let take_away = match self {
            Self::Down => false,
            Self::Up => true,
            Self::HalfUp => twice >= denominator,
            Self::HalfEven => twice > denominator || (twice == denominator && quotient % 2 != 0),
        };
        if take_away { away } else { quotient }
    }
}

/// A proportion in millionths: `500` is 0.05 %. The period it is stated for stands in the name of the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate(i64);

impl Rate {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The whole.
    pub const ONE: Self = Self(1_000_000);

    /// A rate of `millionths`.
    #[must_use]
    pub const fn from_millionths(millionths: i64) -> Self {
        Self(millionths)
    }

    /// Reads a percentage such as `0.05%`, with at most four decimal digits.
    ///
    /// # Errors
    /// Says what is wrong with the text.
    pub fn parse_percent(text: &str) -> Result<Self, Wording> {
        let complaint = || {
            wording!(
                "费率“{text}”不是形如“0.05%”的百分数，或小数点后超过四位",
                "rate {text:?} is not a percentage such as \"0.05%\" with at most four digits after the point"
            )
        };
        let number = text.trim().strip_suffix('%').ok_or_else(complaint)?.trim();
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || fraction.len() > 4 || !is_number(whole) || !is_number(fraction) {
            return Err(complaint());
        }
        format!("{whole}{fraction:0<4}").parse().map(Self).map_err(|_| complaint())
    }

    /// Millionths.
    #[must_use]
    pub fn millionths(self) -> i64 {
        self.0
    }

    /// This share of `amount`, rounded once.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn of(self, amount: Money, rounding: Rounding) -> Result<Money, MoneyError> {
        let product = i128::from(amount.minor) * i128::from(self.0);
        let minor = rounding.divide(product, 1_000_000);
        let minor = i64::try_from(minor).map_err(|_| MoneyError::Overflow)?;
        Ok(Money::new(minor, amount.currency))
    }
}

/// Writes the percentage with the digits it needs: `0.05%`.
impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, fraction) = (self.0.unsigned_abs() / 10_000, self.0.unsigned_abs() % 10_000);
        if fraction == 0 {
            return write!(f, "{sign}{whole}%");
        }
        let digits = format!("{fraction:04}");
        write!(f, "{sign}{whole}.{}%", digits.trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(text: &str, currency: &str, expected: Expect) {
        let read = Currency::parse(currency).and_then(|currency| Money::parse(text, currency));
        expected.assert_eq(&match read {
            Ok(money) => format!("{money:?} = {} minor", money.minor()),
            Err(error) => error.to_string(),
        });
    }

    #[test]
    fn amounts_are_read_exactly_or_refused() {
        check("1234.5", "CNY", expect!["1234.50 CNY = 123450 minor"]);
        check("-0.01", "USD", expect!["-0.01 USD = -1 minor"]);
        check("100", "JPY", expect!["100 JPY = 100 minor"]);
        check(
            "0.001",
            "CNY",
            expect![[r#"amount "0.001" is not a decimal number with at most 2 digits after the point"#]],
        );
        check(
            "1,000",
            "CNY",
            expect![[r#"amount "1,000" is not a decimal number with at most 2 digits after the point"#]],
        );
        check(
            "1.",
            "CNY",
            expect![[r#"amount "1." is not a decimal number with at most 2 digits after the point"#]],
        );
        check("99999999999999999999", "CNY", expect!["amount is larger than 64 bits of minor units"]);
        check("1", "XXX", expect![[r#"currency "XXX" is unknown; use an ISO 4217 code such as CNY"#]]);
    }

    #[test]
    fn a_split_gives_the_residue_to_the_last_part() {
        let parts = Money::new(100_000, Currency::CNY).split(3);
        let minor: Vec<i64> = parts.iter().map(Money::minor).collect();
        expect!["[33333, 33333, 33334]"].assert_eq(&format!("{minor:?}"));
    }

    #[test]
    fn rounding_follows_its_name() {
        let shown = |rounding: Rounding| {
            [25, 35, -25, 24, 26].map(|tenths| rounding.divide(tenths, 10).to_string()).join(" ")
        };
        expect!["3 4 -3 2 3"].assert_eq(&shown(Rounding::HalfUp));
        expect!["2 4 -2 2 3"].assert_eq(&shown(Rounding::HalfEven));
        expect!["2 3 -2 2 2"].assert_eq(&shown(Rounding::Down));
        expect!["3 4 -3 3 3"].assert_eq(&shown(Rounding::Up));
    }
}

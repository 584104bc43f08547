//! An amount as a file gives it: exact, never negative, and without a currency yet.
//!
//! The currency stands in the agreement, so [`DecimalAmount::to_money`] comes later, when it is known.

use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
use std::fmt;
use std::hash::{Hash, Hasher};

use dunlin_domain::money::{Currency, Money, MoneyError};

/// Most digits after the point that a file may give; more than any currency has.
const SCALE_MAX: usize = 6;

/// A decimal number of at least zero. `12.5` and `12.50` are equal.
#[derive(Clone, Copy)]
pub struct DecimalAmount {
    /// All digits as one number.
    mantissa: i64,
    /// How many of them stand after the point.
    scale: u8,
}

/// Why a text is not an amount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AmountError {
    /// It is below zero.
    Negative,
    /// It groups its digits.
    Grouped {
        /// The text without the separators.
        plain: String,
    },
    /// It is no decimal number, or has more than six digits after the point.
    Malformed,
    /// It has more digits than 64 bits hold.
    TooLarge,
}

impl AmountError {
    /// What is wrong, after the text in quotes.
    #[must_use]
    pub fn reason(&self) -> Wording {
        match self {
            Self::Negative => wording!("为负数", "is negative"),
            Self::Grouped { .. } => wording!("数字带有千分位", "groups its digits"),
            Self::Malformed => wording!("不是小数", "is not a decimal number"),
            Self::TooLarge => {
                wording!("超出系统可表示的范围（64 位最小货币单位）", "is larger than 64 bits of minor units")
            }
        }
    }

    /// What is wrong and what to write instead, in both languages.
    #[must_use]
    pub fn wording(&self) -> Wording {
        let (reason, remedy) = (self.reason(), self.remedy());
        Wording {
            zh: format!("金额{}；{}", reason.zh, remedy.zh),
            en: format!("amount {}; {}", reason.en, remedy.en),
        }
    }

    /// What to write instead.
    #[must_use]
    pub fn remedy(&self) -> Wording {
        match self {
            Self::Negative => wording!(
                "被冲回的请单列一行，不带符号",
                "give what was undone as a row of its own, without a sign"
            ),
            Self::Grouped { plain } => wording!("请写 {plain}", "write {plain}"),
            Self::Malformed => wording!(
                "请写成 1234.50 的形式，不带货币符号",
                "write it like 1234.50, without a currency sign"
            ),
            Self::TooLarge => wording!("请检查位数", "check the number of digits"),
        }
    }
}

impl fmt::Display for AmountError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.wording().en)
    }
}

impl std::error::Error for AmountError {}

impl DecimalAmount {
    /// Nothing.
    pub const ZERO: Self = Self { mantissa: 0, scale: 0 };

    /// Reads `1234.50`: digits and at most one point, no sign, no grouping, no exponent.
    ///
    /// # Errors
    /// [`AmountError`] says what is wrong and what would be right.
    pub fn parse(text: &str) -> Result<Self, AmountError> {
        if let Some(unsigned) = text.strip_prefix(['-', '−']) {
            return Err(Self::parse(unsigned).map_or_else(|error| error, |_| AmountError::Negative));
        }
        if text.contains(GROUPING) {
            let plain = text.replace(GROUPING, "");
            return Err(Self::parse(&plain).map_or_else(|error| error, |_| AmountError::Grouped { plain }));
        }
        let (whole, fraction) = match text.split_once('.') {
            None => (text, ""),
            // A point without digits after it is a slip, not a number.
            Some((_, "")) => return Err(AmountError::Malformed),
            Some((whole, fraction)) => (whole, fraction),
        };
        if whole.is_empty() || fraction.len() > SCALE_MAX {
            return Err(AmountError::Malformed);
        }
        let mut mantissa: i64 = 0;
        for byte in whole.bytes().chain(fraction.bytes()) {
            if !byte.is_ascii_digit() {
                return Err(AmountError::Malformed);
            }
            let shifted = mantissa.checked_mul(10).ok_or(AmountError::TooLarge)?;
            mantissa = shifted.checked_add(i64::from(byte - b'0')).ok_or(AmountError::TooLarge)?;
        }
        Ok(Self { mantissa, scale: u8::try_from(fraction.len()).map_err(|_| AmountError::Malformed)? })
    }

    /// The amount of `money`.
    ///
    /// # Errors
    /// [`AmountError::Negative`], and [`AmountError::Malformed`] for a currency with too many digits.
    pub fn from_money(money: Money) -> Result<Self, AmountError> {
        if money.minor() < 0 {
            return Err(AmountError::Negative);
        }
        let scale = u8::try_from(money.currency().minor_digits()).map_err(|_| AmountError::Malformed)?;
        Ok(Self { mantissa: money.minor(), scale })
    }

    /// The amount in `currency`.
    ///
    /// # Errors
    /// [`MoneyError::Malformed`] when it has more digits after the point than the currency;
    /// [`MoneyError::Overflow`].
    pub fn to_money(&self, currency: Currency) -> Result<Money, MoneyError> {
        let digits = currency.minor_digits();
        let mantissa = self.at_scale(digits).ok_or_else(|| {
            let (_, scale) = self.reduced();
            if u32::from(scale) > digits {
                MoneyError::Malformed { text: self.to_string(), minor_digits: digits }
            } else {
                MoneyError::Overflow
            }
        })?;
        Ok(Money::new(mantissa, currency))
    }

    /// Whether it is nothing.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.mantissa == 0
    }

    /// All digits as one number, of which `scale` stand after the point; `None` if that loses digits or is
    /// too large.
    pub(super) fn at_scale(&self, scale: u32) -> Option<i64> {
        let (mantissa, own) = self.reduced();
        let missing = scale.checked_sub(u32::from(own))?;
        mantissa.checked_mul(10_i64.checked_pow(missing)?)
    }

    /// Without zeros at the end of the fraction: the one form of equal amounts.
    fn reduced(&self) -> (i64, u8) {
        let (mut mantissa, mut scale) = (self.mantissa, self.scale);
        while scale > 0 && mantissa % 10 == 0 {
            mantissa /= 10;
            scale -= 1;
        }
        (mantissa, scale)
    }

    /// The one form of equal amounts, for hashing.
    pub(super) fn canonical(&self) -> Self {
        let (mantissa, scale) = self.reduced();
        Self { mantissa, scale }
    }
}

/// Characters that people and spreadsheets group digits with; the comma of Chinese keyboards too.
const GROUPING: [char; 5] = [',', '，', '\'', ' ', '\u{a0}'];

impl PartialEq for DecimalAmount {
    fn eq(&self, other: &Self) -> bool {
        self.reduced() == other.reduced()
    }
}

impl Eq for DecimalAmount {}

impl Hash for DecimalAmount {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.reduced().hash(state);
    }
}

impl fmt::Display for DecimalAmount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.scale == 0 {
            return write!(f, "{}", self.mantissa);
        }
        let unit = 10_i64.pow(u32::from(self.scale));
        let width = usize::from(self.scale);
        write!(f, "{}.{:0width$}", self.mantissa / unit, self.mantissa % unit)
    }
}

impl fmt::Debug for DecimalAmount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(text: &str, expected: Expect) {
        expected.assert_eq(&match DecimalAmount::parse(text) {
            Ok(amount) => match amount.to_money(Currency::CNY) {
                Ok(money) => format!("{amount} is {} fen", money.minor()),
                Err(error) => format!("{amount}: {error}"),
            },
            Err(error) => error.to_string(),
        });
    }

    #[test]
    fn an_amount_is_a_plain_decimal_number() {
        check("0", expect!["0 is 0 fen"]);
        check("1234.5", expect!["1234.5 is 123450 fen"]);
        check("1234.5000", expect!["1234.5000 is 123450 fen"]);
        check(
            "1234.505",
            expect![[
                r#"1234.505: amount "1234.505" is not a decimal number with at most 2 digits after the point"#
            ]],
        );
        check("1,234.50", expect!["amount groups its digits; write 1234.50"]);
        check("1，234", expect!["amount groups its digits; write 1234"]);
        check(
            "1,23x",
            expect!["amount is not a decimal number; write it like 1234.50, without a currency sign"],
        );
        check(
            "-5.00",
            expect!["amount is negative; give what was undone as a row of its own, without a sign"],
        );
        check(
            "¥5",
            expect!["amount is not a decimal number; write it like 1234.50, without a currency sign"],
        );
        check(
            "1e3",
            expect!["amount is not a decimal number; write it like 1234.50, without a currency sign"],
        );
        check(
            "5.",
            expect!["amount is not a decimal number; write it like 1234.50, without a currency sign"],
        );
        check(
            ".5",
            expect!["amount is not a decimal number; write it like 1234.50, without a currency sign"],
        );
        check("92233720368547758.07", expect!["92233720368547758.07 is 9223372036854775807 fen"]);
        check(
            "922337203685477580.70",
            expect!["amount is larger than 64 bits of minor units; check the number of digits"],
        );
        check(
            "92233720368547758.1",
            expect!["92233720368547758.1: amount is larger than 64 bits of minor units"],
        );
    }

    #[test]
    fn amounts_are_equal_by_value() {
        assert_eq!(DecimalAmount::parse("12.5"), DecimalAmount::parse("12.50"));
        assert_ne!(DecimalAmount::parse("12.5"), DecimalAmount::parse("12.05"));
        assert_eq!(DecimalAmount::from_money(Money::new(1250, Currency::CNY)), DecimalAmount::parse("12.5"));
        assert_eq!(DecimalAmount::from_money(Money::new(-1, Currency::CNY)), Err(AmountError::Negative));
    }
}

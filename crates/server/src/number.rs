//! Numbers, amounts and shares as people read them: grouped by thousands, exact, never rounded up to "all".
//!
//! Everything is integer arithmetic; words around a number belong to [`crate::ui`].

use dunlin_domain::money::{Currency, Money};

/// A count with its thousands grouped: `12,345`.
#[must_use]
pub fn count(value: u64) -> String {
    group(&value.to_string())
}

/// An amount without its currency, grouped, with a true minus sign: `−1,234.50`.
#[must_use]
pub fn amount(money: Money) -> String {
    minor(i128::from(money.minor()), money.currency())
}

/// A total of minor units without its currency, grouped: `12,345,678.90`.
#[must_use]
pub fn minor(minor: i128, currency: Currency) -> String {
    let plain = decimal(minor, currency);
    let (sign, digits) = match plain.strip_prefix('-') {
        Some(digits) => ("\u{2212}", digits),
        None => ("", plain.as_str()),
    };
    match digits.split_once('.') {
        Some((whole, fraction)) => format!("{sign}{}.{fraction}", group(whole)),
        None => format!("{sign}{}", group(digits)),
    }
}

/// A total of minor units as programs read it: `-12345678.90`.
#[must_use]
pub fn decimal(minor: i128, currency: Currency) -> String {
    let scale = 10_u128.pow(currency.minor_digits());
    let sign = if minor < 0 { "-" } else { "" };
    let (whole, fraction) = (minor.unsigned_abs() / scale, minor.unsigned_abs() % scale);
    match currency.minor_digits() {
        0 => format!("{sign}{whole}"),
        width => format!("{sign}{whole}.{fraction:0width$}", width = width as usize),
    }
}

/// `part` of `whole` in percent with one digit: `37.2%`. It says 0 only of nothing and 100 only of all.
#[must_use]
pub fn share(part: u64, whole: u64) -> String {
    if part == 0 || whole == 0 {
        return "0%".to_owned();
    }
    if part >= whole {
        return "100%".to_owned();
    }
    let tenths = (u128::from(part) * 2000 + u128::from(whole)) / (u128::from(whole) * 2);
    match tenths {
        0 => "<0.1%".to_owned(),
        1000 => ">99.9%".to_owned(),
        _ => format!("{}.{}%", tenths / 10, tenths % 10),
    }
}

fn group(digits: &str) -> String {
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(minor_units: i128, currency: &str, expected: Expect) {
        let currency = Currency::parse(currency).expect("a known currency");
        let shown = format!("{} | {}", minor(minor_units, currency), decimal(minor_units, currency));
        expected.assert_eq(&shown);
    }

    #[test]
    fn amounts_are_grouped_for_people_and_plain_for_programs() {
        check(0, "CNY", expect!["0.00 | 0.00"]);
        check(99_999, "CNY", expect!["999.99 | 999.99"]);
        check(100_000, "CNY", expect!["1,000.00 | 1000.00"]);
        check(-123_456_789, "USD", expect!["−1,234,567.89 | -1234567.89"]);
        check(-5, "CNY", expect!["−0.05 | -0.05"]);
        check(1_234_567, "JPY", expect!["1,234,567 | 1234567"]);
        check(
            i128::from(i64::MAX) * 1000,
            "CNY",
            expect!["92,233,720,368,547,758,070.00 | 92233720368547758070.00"],
        );
    }

    #[test]
    fn a_share_is_never_rounded_to_none_or_to_all() {
        let shown = |part, whole| share(part, whole);
        expect!["0%"].assert_eq(&shown(0, 10));
        expect!["0%"].assert_eq(&shown(0, 0));
        expect!["<0.1%"].assert_eq(&shown(1, 100_000));
        expect!["0.1%"].assert_eq(&shown(1, 2_000));
        expect!["33.3%"].assert_eq(&shown(1, 3));
        expect!["66.7%"].assert_eq(&shown(2, 3));
        expect![">99.9%"].assert_eq(&shown(99_999, 100_000));
        expect!["100%"].assert_eq(&shown(7, 7));
    }
}

//! A text as it is spoken: amounts, days and numbers in words, since programs that speak read them each in its own way.

use dunlin_domain::contact::Language;

const DIGITS_ZH: [&str; 10] = ["零", "一", "二", "三", "四", "五", "六", "七", "八", "九"];
const ONES_EN: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS_EN: [&str; 10] =
    ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
const MONTHS_EN: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The text with its numbers in words. A day such as `2026-07-03` is read as one, an amount such as `1,234.50` with its
/// places, and what has two hyphens or begins with a zero, such as a telephone number, digit by digit.
pub(super) fn spoken(text: &str, language: Language) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(|letter: char| letter.is_ascii_digit()) {
        out.push_str(&rest[..start]);
        let tail = &rest[start..];
        let length = tail
            .find(|letter: char| !letter.is_ascii_digit() && !matches!(letter, ',' | '.' | '-'))
            .unwrap_or(tail.len());
        let token = tail[..length].trim_end_matches([',', '.', '-']);
        // The last digits of a number name it; they are no amount.
        let is_name = out.ends_with("尾号") || out.trim_end().ends_with("ending");
        out.push_str(&if is_name { digits(token, language) } else { words_of(token, language) });
        rest = &tail[token.len()..];
    }
    out.push_str(rest);
    match language {
        Language::Zh => out.replace("CNY", "元"),
        Language::En => out,
    }
}

fn words_of(token: &str, language: Language) -> String {
    if let Some(day) = day_of(token) {
        return day_words(day, language);
    }
    let plain = token.replace(',', "");
    let (whole, places) = plain.split_once('.').unwrap_or((&plain, ""));
    let is_number = !whole.is_empty()
        && whole.bytes().chain(places.bytes()).all(|byte| byte.is_ascii_digit())
        && (whole == "0" || !whole.starts_with('0'))
        && whole.len() <= 9;
    match (is_number, whole.parse::<u64>()) {
        (true, Ok(number)) => amount_words(number, places, language),
        (_, Ok(_) | Err(_)) => digits(token, language),
    }
}

fn day_of(token: &str) -> Option<(u64, u64, u64)> {
    let mut parts = token.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 || month.len() != 2 || day.len() != 2 {
        return None;
    }
    let (year, month, day): (u64, u64, u64) = (year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
    ((1..=12).contains(&month) && (1..=31).contains(&day)).then_some((year, month, day))
}

fn day_words((year, month, day): (u64, u64, u64), language: Language) -> String {
    match language {
        Language::Zh => {
            let year = digits(&year.to_string(), language);
            format!("{year}年{}月{}日", number_zh(month), number_zh(day))
        }
        Language::En => format!("{} {}, {}", MONTHS_EN[month as usize - 1], number_en(day), number_en(year)),
    }
}

fn amount_words(whole: u64, places: &str, language: Language) -> String {
    let places = places.trim_end_matches('0');
    let number = match language {
        Language::Zh => number_zh(whole),
        Language::En => number_en(whole),
    };
    match (language, places) {
        (_, "") => number,
        (Language::Zh, places) => format!("{number}点{}", digits(places, language)),
        (Language::En, places) => format!("{number} point {}", digits(places, language)),
    }
}

fn digits(token: &str, language: Language) -> String {
    let words = token.chars().filter_map(|letter| letter.to_digit(10)).map(|digit| digit as usize);
    match language {
        Language::Zh => words.map(|digit| DIGITS_ZH[digit]).collect(),
        Language::En => words.map(|digit| ONES_EN[digit]).collect::<Vec<_>>().join(" "),
    }
}

/// Below a thousand million.
fn number_zh(number: u64) -> String {
    if number == 0 {
        return "零".to_owned();
    }
    let (myriads, rest) = (number / 10_000, number % 10_000);
    let mut text = String::new();
    if myriads > 0 {
        text += &number_zh(myriads);
        text.push('万');
    }
    let mut is_gap = myriads > 0 && rest > 0 && rest < 1_000;
    for (unit, name) in [(1_000, "千"), (100, "百"), (10, "十"), (1, "")] {
        let digit = (rest / unit % 10) as usize;
        if digit == 0 {
            is_gap |= !text.is_empty() && !text.ends_with('万');
            continue;
        }
        if is_gap {
            text.push('零');
            is_gap = false;
        }
        // Ten to nineteen begin with ten, not with one ten.
        if !(unit == 10 && digit == 1 && text.is_empty()) {
            text += DIGITS_ZH[digit];
        }
        text += name;
    }
    text
}

/// Below a thousand million.
fn number_en(number: u64) -> String {
    let joined =
        |head: String, rest: u64| if rest == 0 { head } else { format!("{head} {}", number_en(rest)) };
    match number {
        0..20 => ONES_EN[number as usize].to_owned(),
        20..100 => match number % 10 {
            0 => TENS_EN[number as usize / 10].to_owned(),
            rest => format!("{} {}", TENS_EN[number as usize / 10], ONES_EN[rest as usize]),
        },
        100..1_000 => joined(format!("{} hundred", ONES_EN[number as usize / 100]), number % 100),
        1_000..1_000_000 => joined(format!("{} thousand", number_en(number / 1_000)), number % 1_000),
        _ => joined(format!("{} million", number_en(number / 1_000_000)), number % 1_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(text: &str, zh: Expect, en: Expect) {
        zh.assert_eq(&spoken(text, Language::Zh));
        en.assert_eq(&spoken(text, Language::En));
    }

    #[test]
    fn amounts_days_and_numbers_are_read_as_people_read_them() {
        check(
            "1,234.50CNY",
            expect!["一千二百三十四点五元"],
            expect!["one thousand two hundred thirty four point fiveCNY"],
        );
        check(
            "10 10010 205 12,000,000",
            expect!["十 一万零一十 二百零五 一千二百万"],
            expect!["ten ten thousand ten two hundred five twelve million"],
        );
        check("0.07, 80.00.", expect!["零点零七, 八十."], expect!["zero point zero seven, eighty."]);
        check("2026-07-03", expect!["二零二六年七月三日"], expect!["July three, two thousand twenty six"]);
        check(
            "400-000-0000 0012",
            expect!["四零零零零零零零零零 零零一二"],
            expect!["four zero zero zero zero zero zero zero zero zero zero zero one two"],
        );
        check("2026-13-01", expect!["二零二六一三零一"], expect!["two zero two six one three zero one"]);
        check(
            "13800001234",
            expect!["一三八零零零零一二三四"],
            expect!["one three eight zero zero zero zero one two three four"],
        );
        check(
            "尾号1234, ending 1234",
            expect!["尾号一二三四, ending 一二三四"],
            expect!["尾号one two three four, ending one two three four"],
        );
        check("没有数字", expect!["没有数字"], expect!["没有数字"]);
        check(
            "1000 1001 1010 100100",
            expect!["一千 一千零一 一千零一十 十万零一百"],
            expect!["one thousand one thousand one one thousand ten one hundred thousand one hundred"],
        );
    }
}

//! What a customer's answer to a message means.
//!
//! Promises that an answer counts as an opt-out only where all of it is one of the words, with words of courtesy around it
//! at most, so that "I cannot stop worrying" is not one; and that habits of phones and people (full-width or traditional
//! letters, capitals, a full stop behind the word, blanks between its letters) change nothing. The words are data. Leaves
//! out what follows: that is for whoever keeps the answer.

use std::collections::HashMap;

use crate::compliance::{narrow, simplified};
use crate::contact::{Language, code_enum};

/// What people say before or behind the word that opts out, as [`plain`] writes it: courtesy, and what the message that they
/// answer told them to do. An opt-out too many is put right by consent; one too few is unlawful (47 CFR 64.1200(a)(10): any
/// reasonable means).
const AROUND: [&str; 21] = [
    "PLEASE",
    "PLS",
    "THANKS",
    "THANKYOU",
    "TEXTINGME",
    "TEXTING",
    "TEXTS",
    "MESSAGINGME",
    "MESSAGES",
    "REPLY",
    "NOW",
    "回复",
    "请",
    "谢谢",
    "我要",
    "我想",
    "给我",
    "短信",
    "信息",
    "了",
    "吧",
];

code_enum! {
    /// What an answer means.
    ReplyMeaning {
        /// The customer takes no more messages by this channel.
        OptOut = "opt_out",
        /// Something else, which a person reads.
        Other = "other",
    }
}

/// The words that opt out.
#[derive(Clone, Debug, Default)]
pub struct OptOutWords {
    words: HashMap<String, Language>,
}

impl OptOutWords {
    /// Reads a list: a header, then `language,word,source` line by line. `source` says why the word is on it and may
    /// hold commas.
    ///
    /// # Errors
    /// The first line that is no word of a known language, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut words = HashMap::new();
        for (index, line) in text.lines().enumerate().skip(1).filter(|(_, line)| !line.trim().is_empty()) {
            let bad = |what: &str| format!("line {}: {what}; write language,word,source", index + 1);
            let mut cells = line.splitn(3, ',');
            let language = cells.next().and_then(|code| Language::parse(code.trim()));
            let language = language.ok_or_else(|| bad("the language is unknown"))?;
            let word = cells.next().map(plain).filter(|word| !word.is_empty());
            let word = word.ok_or_else(|| bad("there is no word"))?;
            if cells.next().is_none_or(|source| source.trim().is_empty()) {
                return Err(bad("the word has no source"));
            }
            words.insert(word, language);
        }
        Ok(Self { words })
    }

    /// What an answer means: an opt-out if the whole of it is one of the words, but for [`AROUND`].
    #[must_use]
    pub fn meaning(&self, text: &str) -> ReplyMeaning {
        let whole = plain(text);
        let mut said = whole.as_str();
        while !self.words.contains_key(said) {
            let shorter = |word: &&str| said.strip_prefix(*word).or_else(|| said.strip_suffix(*word));
            match AROUND.iter().find_map(shorter) {
                Some(rest) => said = rest,
                None => return ReplyMeaning::Other,
            }
        }
        ReplyMeaning::OptOut
    }

    /// How many words there are in a language.
    #[must_use]
    pub fn count(&self, language: Language) -> usize {
        self.words.values().filter(|own| **own == language).count()
    }
}

/// The ways in which a number that an answer came from may stand in a lender's file: with and without the plus, with and
/// without the code of China (86), by which message centres name mobile numbers and people do not, and with and without
/// each of `country_codes`, which our providers put before numbers that have no plus (`212-555-0100` goes out as
/// `+12125550100`, and the answer comes from there). Where several codes are configured, a number may be found in more than
/// one way: an opt-out too many is put right by consent, one too few is unlawful.
#[must_use]
pub fn written_forms(number: &str, country_codes: &[String]) -> Vec<String> {
    let kept: String = number.chars().filter(|letter| letter.is_ascii_digit() || *letter == '+').collect();
    let digits = kept.trim_start_matches('+');
    let is_international = kept.starts_with('+') || digits.starts_with("00");
    let digits = digits.strip_prefix("00").unwrap_or(digits);
    // Eleven digits that begin with 1 and go on with 3 to 9: 电信网编号计划, mobile numbers.
    let is_mobile = |text: &str| {
        text.len() == 11
            && text.starts_with('1')
            && text[1..].starts_with(|digit| ('3'..='9').contains(&digit))
    };
    let national = match digits.strip_prefix("86") {
        Some(rest) if is_mobile(rest) => Some(rest),
        Some(_) | None => is_mobile(digits).then_some(digits),
    };
    let mut forms = vec![number.trim().to_owned(), digits.to_owned(), format!("+{digits}")];
    if let Some(national) = national.filter(|_| kept.starts_with("+86") || !kept.starts_with('+')) {
        forms.extend([national.to_owned(), format!("86{national}"), format!("+86{national}")]);
    }
    for code in country_codes {
        let behind = digits.strip_prefix(code.as_str()).filter(|rest| is_national(code, rest));
        let whole = (!is_international && is_national(code, digits)).then_some(digits);
        for national in behind.into_iter().chain(whole) {
            forms.extend([national.to_owned(), format!("{code}{national}"), format!("+{code}{national}")]);
            forms.extend(trunk_forms(code, national));
        }
    }
    forms.sort_unstable();
    forms.dedup();
    forms
}

/// Whether digits can be a number within the country of a code: ten of them in North America (ITU-T E.164, code 1), and in
/// other countries six or more, with no more than fifteen in all.
fn is_national(code: &str, digits: &str) -> bool {
    match code {
        "1" => digits.len() == 10,
        _ => digits.len() >= 6 && code.len() + digits.len() <= 15,
    }
}

/// The same number with the zero that people dial within most countries, or without it: a file says `07911 123456`, and
/// the answer comes from `+447911123456`.
fn trunk_forms(code: &str, national: &str) -> Vec<String> {
    match (code, national.strip_prefix('0')) {
        ("1", _) => Vec::new(),
        (_, Some(rest)) => vec![rest.to_owned(), format!("{code}{rest}"), format!("+{code}{rest}")],
        (_, None) => {
            vec![format!("0{national}"), format!("{code}0{national}"), format!("+{code}0{national}")]
        }
    }
}

/// Where a number belongs, as far as its first digits tell: `+86138` of 138 0000 1234, `+1212` of +1 212 555 0100. Country
/// code and three digits more (in countries with a code of one digit or two): enough to see that a network or an area does
/// not take messages, and too little to tell whose number it is. `None` for a number that does not say its country and is no
/// mobile number of China.
#[must_use]
pub fn number_area(number: &str) -> Option<String> {
    const CHINESE_MOBILE: usize = "+8613800001234".len();
    let forms = written_forms(number, &[]);
    let chinese = forms.iter().find(|form| form.starts_with("+86") && form.len() == CHINESE_MOBILE);
    let kept: String = number.chars().filter(|letter| letter.is_ascii_digit() || *letter == '+').collect();
    let digits = kept.strip_prefix('+').or_else(|| kept.strip_prefix("00"));
    let digits = chinese.map(|form| &form[1..]).or(digits)?;
    let length = if digits.starts_with('1') { 4 } else { 5 };
    (digits.len() >= 8 && digits.is_ascii()).then(|| format!("+{}", &digits[..length]))
}

/// An answer as it is compared: half-width, simplified, in capitals, letters and digits only.
fn plain(text: &str) -> String {
    let kept =
        text.chars().map(|letter| simplified(narrow(letter))).filter(|letter| letter.is_alphanumeric());
    kept.flat_map(char::to_uppercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: &str =
        "language,word,source\nzh,退订,law\nzh,TD,habit, of platforms\nen,Opt out,law\nen,stop,law\n";

    fn check(text: &str, expected: ReplyMeaning) {
        let words = OptOutWords::parse(WORDS).expect("a good list");
        assert_eq!(words.meaning(text), expected, "{text:?}");
    }

    #[test]
    fn an_answer_that_is_a_word_of_the_list_opts_out() {
        for text in
            ["退订", " 退订。", "td", "ＴＤ", "Stop", "STOP!", "“stop”", "opt  out", "\u{3000}退订\r\n"]
        {
            check(text, ReplyMeaning::OptOut);
        }
    }

    #[test]
    fn neither_courtesy_nor_blanks_nor_traditional_letters_hide_an_opt_out() {
        let texts = [
            "退訂",
            "退 订",
            "回复退订",
            "请退订，谢谢",
            "我要退订短信",
            "S T O P",
            "T.D.",
            "TD 谢谢",
            "STOP please",
            "Please stop texting me.",
            "opt-out now",
        ];
        for text in texts {
            check(text, ReplyMeaning::OptOut);
        }
        for text in ["please", "谢谢", "不要退订", "what do I stop", "请问怎么还款"] {
            check(text, ReplyMeaning::Other);
        }
    }

    #[test]
    fn an_answer_that_only_holds_a_word_does_not() {
        let texts = ["please do not stop", "退订是什么意思", "stopped", "TDK", "", "1", "我已还款", "停 订"];
        for text in texts {
            check(text, ReplyMeaning::Other);
        }
    }

    #[test]
    fn a_number_is_found_however_the_message_centre_writes_it() {
        let check = |number: &str, stored: &str, expected: bool| {
            assert_eq!(
                written_forms(number, &[]).iter().any(|form| form == stored),
                expected,
                "{number} {stored}"
            );
        };
        for number in
            ["13800001234", "8613800001234", "+8613800001234", "008613800001234", "+86 138-0000-1234"]
        {
            check(number, "13800001234", true);
            check(number, "+8613800001234", true);
        }
        check("+12025550123", "+12025550123", true);
        check("12025550123", "+12025550123", true);
        // Another country's number is not a Chinese one that has the same digits.
        check("+13800001234", "+8613800001234", false);
        check("+13800001234", "13800001234", true);
        check("li@example.com", "li@example.com", true);
    }

    #[test]
    fn a_number_is_found_with_and_without_the_code_that_its_provider_puts_before_it() {
        let check = |codes: &[&str], number: &str, stored: &str, expected: bool| {
            let codes: Vec<String> = codes.iter().map(|code| (*code).to_owned()).collect();
            let forms = written_forms(number, &codes);
            assert_eq!(forms.iter().any(|form| form == stored), expected, "{codes:?} {number} {stored}");
        };
        for number in ["+12125550100", "12125550100", "2125550100", "0012125550100", "+1 (212) 555-0100"] {
            for stored in ["2125550100", "12125550100", "+12125550100"] {
                check(&["1"], number, stored, true);
                check(&["86", "1"], number, stored, true);
            }
        }
        for number in ["+447911123456", "447911123456", "07911123456", "7911123456"] {
            for stored in ["07911123456", "7911123456", "+447911123456", "447911123456"] {
                check(&["44"], number, stored, true);
            }
        }
        // A number that names another country is not one of ours, and eleven digits are none of North America's.
        check(&["1"], "+442125550100", "2125550100", false);
        check(&["44"], "+12125550100", "2125550100", false);
        check(&["1"], "+121255501001", "21255501001", false);
        check(&[], "+12125550100", "2125550100", false);
        check(&["1"], "13800001234", "+8613800001234", true);
    }

    #[test]
    fn a_list_that_cannot_be_read_is_refused_by_line() {
        let check = |text: &str, expected: &str| {
            assert_eq!(OptOutWords::parse(text).map(|_| ()), Err(expected.to_owned()));
        };
        check("h\nfr,arret,law", "line 2: the language is unknown; write language,word,source");
        check("h\nzh,退订,x\nen,!,law", "line 3: there is no word; write language,word,source");
        check("h\nen,stop", "line 2: the word has no source; write language,word,source");
    }

    #[test]
    fn an_area_is_the_code_of_the_country_and_three_digits_and_never_the_number() {
        for number in ["13800001234", "+86 138-0000-1234", "008613800001234", "8613800001234"] {
            assert_eq!(number_area(number).as_deref(), Some("+86138"), "{number}");
        }
        assert_eq!(number_area("+1 (212) 555-0100").as_deref(), Some("+1212"));
        assert_eq!(number_area("+44 7911 123456").as_deref(), Some("+44791"));
        for number in ["2125550100", "4000000000", "+1212", "", "+", "ab", "+86"] {
            assert_eq!(number_area(number), None, "{number}");
        }
    }
}

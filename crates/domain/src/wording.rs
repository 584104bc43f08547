//! A sentence for people, in both languages of the product: what is refused, and what would be right.
//!
//! The two are written side by side where the sentence is made, by [`wording!`](crate::wording!), with the same values,
//! so that neither can be forgotten and neither knows more than the other. Codes, names, ids and what other programs
//! said stand in both as they are.

use crate::contact::Language;

/// One sentence, or one line for each complaint, in Chinese and in English.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wording {
    /// In Chinese, with the punctuation of Chinese.
    pub zh: String,
    /// In English: lower case, without a full stop.
    pub en: String,
}

impl Wording {
    /// The sentence in one language.
    #[must_use]
    pub fn text(&self, language: Language) -> &str {
        match language {
            Language::Zh => &self.zh,
            Language::En => &self.en,
        }
    }

    /// What another program, a library or a person said, which there is in one language only: marked as a quotation in
    /// Chinese, as it is in English.
    #[must_use]
    pub fn quoted(original: impl Into<String>) -> Self {
        let en = original.into();
        Self { zh: format!("原文“{en}”"), en }
    }

    /// A name, code or other text that is the same in both languages.
    #[must_use]
    pub fn same(text: impl Into<String>) -> Self {
        let en = text.into();
        Self { zh: en.clone(), en }
    }

    /// Names or codes, one after the other.
    #[must_use]
    pub fn listed<'c>(codes: impl IntoIterator<Item = &'c str>) -> Self {
        let codes: Vec<&str> = codes.into_iter().collect();
        Self { zh: codes.join("、"), en: codes.join(", ") }
    }

    /// `text` was to be one of `codes` and is not.
    #[must_use]
    pub fn not_one_of<'c>(text: &str, codes: impl IntoIterator<Item = &'c str>) -> Self {
        let Self { zh, en } = Self::listed(codes);
        Self {
            zh: format!("“{text}”无法识别；取值为 {zh} 之一"),
            en: format!("{text:?} is unknown; use one of {en}"),
        }
    }

    /// One line for each complaint.
    #[must_use]
    pub fn lines(complaints: &[Self]) -> Self {
        let joined = |language| {
            let lines: Vec<&str> = complaints.iter().map(|complaint| complaint.text(language)).collect();
            lines.join("\n")
        };
        Self { zh: joined(Language::Zh), en: joined(Language::En) }
    }

    /// The sentence, and behind it what is to be done about it.
    #[must_use]
    pub fn then(self, remedy: &Self) -> Self {
        Self { zh: format!("{}；{}", self.zh, remedy.zh), en: format!("{}; {}", self.en, remedy.en) }
    }

    /// The sentence behind the place that it is about.
    #[must_use]
    pub fn at(self, place: &str) -> Self {
        Self { zh: format!("{place}：{}", self.zh), en: format!("{place}: {}", self.en) }
    }
}

/// A [`Wording`](crate::wording::Wording) of a Chinese and an English format string with the same values.
#[macro_export]
macro_rules! wording {
    ($zh:literal, $en:literal $(,)?) => {
        $crate::wording::Wording { zh: format!($zh), en: format!($en) }
    };
    ($zh:literal, $en:literal, $($values:tt)+) => {
        $crate::wording::Wording { zh: format!($zh, $($values)+), en: format!($en, $($values)+) }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_have_the_same_values() {
        let day = "2026-03-02";
        let told = wording!("会计日 {day} 尚未跑批：{}", "day {day} has not been run: {}", 3);
        assert_eq!(told.text(Language::Zh), "会计日 2026-03-02 尚未跑批：3");
        assert_eq!(told.text(Language::En), "day 2026-03-02 has not been run: 3");
    }

    #[test]
    fn what_another_program_said_is_marked_as_a_quotation() {
        assert_eq!(Wording::quoted("no route").at("may"), wording!("may：原文“no route”", "may: no route"));
    }
}

//! Words that must not stand in a message, and how they are found in it.

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use crate::contact::Language;

/// Words of one language that must not stand in a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForbiddenWording {
    language: Language,
    text: String,
}

impl ForbiddenWording {
    /// The words `text` of a language.
    #[must_use]
    pub fn new(language: Language, text: &str) -> Self {
        Self { language, text: text.to_owned() }
    }

    /// The language they belong to.
    #[must_use]
    pub fn language(&self) -> Language {
        self.language
    }

    /// The words as they were given.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// What a place in a text must look like to be one of the words.
#[derive(Clone, Copy)]
enum Shape {
    /// The words wherever they stand: Chinese has no spaces.
    Anywhere,
    /// The beginning of an English word, from the space before it on: it counts with any ending.
    Beginning {
        /// Whether it ends with e, so that a lone d makes its past.
        ends_with_e: bool,
    },
    /// All of it, with the space behind.
    Whole,
}

/// All forbidden words of a rule, looked for at once: a text is gone through only once, however many there are.
#[derive(Clone)]
pub struct ForbiddenWords {
    words: Vec<ForbiddenWording>,
    zh: Finder,
    en: Finder,
}

impl ForbiddenWords {
    /// Makes the words ready to be looked for.
    ///
    /// # Panics
    /// When the words are too long to be looked for, which takes gigabytes of them.
    #[must_use]
    pub fn new(words: Vec<ForbiddenWording>) -> Self {
        let (mut zh, mut en) = (Vec::new(), Vec::new());
        for (index, word) in words.iter().enumerate() {
            let plain = PlainText::of(&word.text);
            match word.language {
                Language::Zh => zh.push((plain.zh, index, Shape::Anywhere)),
                Language::En => {
                    let beginning = plain.en.trim_end();
                    // `suing` is `sue`.
                    let bare = beginning.strip_suffix('e').filter(|bare| bare.len() > 2);
                    en.extend(bare.map(|bare| (format!("{bare}ing "), index, Shape::Whole)));
                    let ends_with_e = beginning.ends_with('e');
                    en.push((beginning.to_owned(), index, Shape::Beginning { ends_with_e }));
                }
            }
        }
        Self { words, zh: Finder::of(zh), en: Finder::of(en) }
    }

    /// The words as they were given.
    pub fn iter(&self) -> impl Iterator<Item = &ForbiddenWording> {
        self.words.iter()
    }

    /// Those of the words that stand in the text, in the order in which they were given.
    #[must_use]
    pub fn standing_in(&self, text: &PlainText) -> Vec<&str> {
        let mut found: Vec<usize> = self.zh.found_in(&text.zh).chain(self.en.found_in(&text.en)).collect();
        found.sort_unstable();
        found.dedup();
        found.into_iter().map(|index| self.words[index].text()).collect()
    }
}

impl Default for ForbiddenWords {
    fn default() -> Self {
        Self::new(Vec::new())
    }
}

impl PartialEq for ForbiddenWords {
    fn eq(&self, other: &Self) -> bool {
        self.words == other.words
    }
}

impl Eq for ForbiddenWords {}

impl fmt::Debug for ForbiddenWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.words).finish()
    }
}

/// The forms of the words of one language.
#[derive(Clone)]
struct Finder {
    automaton: AhoCorasick,
    /// For each form the place of its word and what it must look like.
    forms: Vec<(usize, Shape)>,
}

impl Finder {
    fn of(forms: Vec<(String, usize, Shape)>) -> Self {
        let automaton = AhoCorasick::new(forms.iter().map(|(form, ..)| form));
        let automaton = automaton.expect("words of less than gigabytes can be looked for");
        Self { automaton, forms: forms.into_iter().map(|(_, index, shape)| (index, shape)).collect() }
    }

    fn found_in<'t>(&'t self, text: &'t str) -> impl Iterator<Item = usize> + 't {
        self.automaton.find_overlapping_iter(text).filter_map(|place| {
            let (index, shape) = self.forms[place.pattern().as_usize()];
            let is_word = match shape {
                Shape::Anywhere | Shape::Whole => true,
                Shape::Beginning { ends_with_e } => is_word(ends_with_e, &text[place.end()..]),
            };
            is_word.then_some(index)
        })
    }
}

/// Chinese letters, which most texts consist of: they have no case, and are neither blanks nor marks.
fn is_han(letter: char) -> bool {
    HAN.contains(&letter)
}

/// The wide forms of the letters and marks of ASCII, as Chinese keyboards write them, as narrow ones.
#[must_use]
pub fn narrow(letter: char) -> char {
    match letter {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(letter as u32 - 0xfee0).unwrap_or(letter),
        letter => letter,
    }
}

/// Traditional letters, each followed by its simplified one: OpenCC's table `TSCharacters` (Apache License 2.0), of the letters
/// of [`HAN`] and with the first of several readings.
const SIMPLIFIED: &str = include_str!("simplified.txt");
/// The letters for which Chinese is looked through.
const HAN: RangeInclusive<char> = '\u{4e00}'..='\u{9fff}';

/// For each letter of [`HAN`] in its order the simplified one.
static SIMPLE: LazyLock<Vec<char>> = LazyLock::new(|| {
    let mut simple: Vec<char> = HAN.collect();
    let mut letters = SIMPLIFIED.chars().filter(|letter| is_han(*letter));
    while let (Some(traditional), Some(simplified)) = (letters.next(), letters.next()) {
        simple[place_of(traditional)] = simplified;
    }
    simple
});

fn place_of(letter: char) -> usize {
    letter as usize - *HAN.start() as usize
}

/// A letter as it is written in mainland China; one that is no [`HAN`] stays as it is.
pub(crate) fn simplified(letter: char) -> char {
    if is_han(letter) { SIMPLE[place_of(letter)] } else { letter }
}

/// Blanks, letters that show nothing, and marks with which words are pulled apart so that they are not found. The marks that
/// end a sentence or part of one are none: what stands around them are two words.
fn is_filler(letter: char) -> bool {
    const MARKS: &str = "-_.*/\\|~^+=·•・‧∙‐‑–—\u{ad}\u{200b}\u{200c}\u{200d}\u{2060}\u{feff}";
    letter.is_whitespace() || MARKS.contains(letter)
}

fn push_lower(plain: &mut String, letter: char) {
    if letter.is_ascii() {
        plain.push(letter.to_ascii_lowercase());
    } else {
        plain.extend(letter.to_lowercase());
    }
}

/// Endings with which an English word is still the same word.
const ENDINGS: [&str; 9] = ["s", "es", "ed", "ing", "'s", "en", "ens", "ened", "ening"];

/// Whether what follows the beginning of a word is an ending of it.
fn is_word(ends_with_e: bool, rest: &str) -> bool {
    let ending = rest.split(' ').next().unwrap_or_default();
    ending.is_empty() || ENDINGS.contains(&ending) || ending == "d" && ends_with_e
}

/// Puts letters that stand alone together: `c o u r t` is read as one word.
fn joined_letters(plain: String) -> String {
    /// From so many on they are no initials.
    const RUN_MIN: usize = 3;
    let is_letter = |word: &str| word.len() == 1 && word.as_bytes()[0].is_ascii_alphabetic();
    // Nearly every text has none, and goes on as it is.
    let mut run = 0;
    let has_run = plain.split(' ').any(|word| {
        run = if is_letter(word) { run + 1 } else { 0 };
        run == RUN_MIN
    });
    if !has_run {
        return plain;
    }
    let words: Vec<&str> = plain.split(' ').filter(|word| !word.is_empty()).collect();
    let mut joined = String::from(" ");
    for run in words.chunk_by(|left, right| is_letter(left) && is_letter(right)) {
        let between = if run.len() >= RUN_MIN { "" } else { " " };
        joined += &run.join(between);
        joined.push(' ');
    }
    joined
}

/// A text in the forms in which forbidden words are looked for in it: each message goes through here, so that they are made
/// once for all packs that apply.
pub struct PlainText {
    /// In lower case, in simplified letters, without blanks and marks between letters.
    zh: String,
    /// The words in lower case, each with one space before and the last with one behind.
    en: String,
}

impl PlainText {
    /// The forms of `text`.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let mut zh = String::with_capacity(text.len());
        let mut en = String::with_capacity(text.len() + 2);
        en.push(' ');
        for letter in text.chars().map(narrow) {
            if is_han(letter) {
                let letter = simplified(letter);
                zh.push(letter);
                en.push(letter);
                continue;
            }
            if !is_filler(letter) {
                push_lower(&mut zh, letter);
            }
            if letter.is_alphanumeric() || letter == '\'' {
                push_lower(&mut en, letter);
            } else if !en.ends_with(' ') {
                en.push(' ');
            }
        }
        if !en.ends_with(' ') {
            en.push(' ');
        }
        Self { zh, en: joined_letters(en) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(language: Language, wording: &str, text: &str) -> bool {
        let words = ForbiddenWords::new(vec![ForbiddenWording::new(language, wording)]);
        words.standing_in(&PlainText::of(text)) == [wording]
    }

    #[test]
    fn forbidden_words_are_found_whatever_their_case_and_spacing() {
        for text in
            ["您将被列入黑名單", "We will see you in ｃｏｕｒｔ", "see you in c o u r t!", "Courts decide"]
        {
            let (language, word) =
                if text.starts_with('您') { (Language::Zh, "黑名单") } else { (Language::En, "court") };
            assert!(check(language, word, text), "{text}");
        }
        assert!(check(Language::Zh, "起诉", "我们将起訴您"));
        for text in ["you may be arrested", "he arrests", "an arrest", "ARRESTING"] {
            assert!(check(Language::En, "arrest", text), "{text}");
        }
        for text in ["being sued", "suing you", "she sues"] {
            assert!(check(Language::En, "sue", text), "{text}");
        }
        for text in ["the issue", "a pursuit", "suede", "tissue"] {
            assert!(!check(Language::En, "sue", text), "{text}");
        }
        assert!(!check(Language::En, "arrest", "arrestor"));
        assert!(!check(Language::En, "abc", "a b c d"), "the letters are one word together");
        assert!(check(Language::Zh, "黑名单", "您将被列入黑 名 单。"));
        assert!(!check(Language::Zh, "黑名单", "您将被列入名单。"));
        assert!(check(Language::En, "legal action", "or face LEGAL\naction!"));
        assert!(check(Language::En, "sue", "we will sue."));
        assert!(!check(Language::En, "sue", "to raise an issue, call us"));
        assert!(check(Language::Zh, "ＡＰＰ黑名单", "ａｐｐ黑\u{3000}名单"));
        assert!(!check(Language::En, "sue", "我们sue您"));
    }

    #[test]
    fn letters_pulled_apart_and_traditional_ones_are_found() {
        for text in ["法-院", "法·院", "法.院", "法*院", "法\u{200b}院", "法　院", "法_院"] {
            assert!(check(Language::Zh, "法院", text), "{text}");
        }
        for (word, text) in [
            ("通讯录", "請注意通訊錄事宜"),
            ("威胁", "威脅"),
            ("后果自负", "後果自負"),
            ("以贷还贷", "以貸還貸"),
            ("联系您的家人", "聯繫您的家人"),
            ("法院", "您收到的是法院通知"),
        ] {
            assert!(check(Language::Zh, word, text), "{text}");
        }
        assert!(!check(Language::Zh, "坐牢", "请坐。牢记还款日"), "two sentences");
        assert!(!check(Language::Zh, "坐牢", "请坐，牢记还款日"));
    }

    #[test]
    fn all_words_of_a_text_are_named_once_in_the_order_of_the_rule() {
        let words = [
            (Language::En, "sue"),
            (Language::Zh, "起诉"),
            (Language::Zh, "诉"),
            (Language::En, "legal action"),
            (Language::En, "legal"),
        ];
        let words = ForbiddenWords::new(
            words.into_iter().map(|(language, text)| ForbiddenWording::new(language, text)).collect(),
        );
        let found = words.standing_in(&PlainText::of("起诉! 起诉! Legal actions: we sued, suing, SUE."));
        assert_eq!(found, ["sue", "起诉", "诉", "legal action", "legal"]);
        assert!(words.standing_in(&PlainText::of("")).is_empty());
        assert!(ForbiddenWords::default().standing_in(&PlainText::of("起诉")).is_empty());
    }
}

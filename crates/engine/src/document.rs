//! Documents for customers: what they say, apart from what they look like, and three ways to write it down.
//!
//! A statement or letter is put together once as [`Content`], in one language, and written as plain text, as one
//! self-contained HTML file or as a PDF. All three say the same.

pub mod font;
mod html;
pub mod letter;
mod pdf;
mod text;

use dunlin_domain::contact::Language;
use dunlin_domain::money::Money;

pub use font::{Font, FontError};
pub use html::{STYLE_POLICY, html};
pub use pdf::{Pdf, letters_pdf, pdf};
pub use text::text;

/// What a document says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// The language that it is written in.
    pub language: Language,
    /// Who writes.
    pub sender: String,
    /// What it is: `Statement`.
    pub title: String,
    /// To whom it is addressed; empty when to nobody.
    pub addressee: String,
    /// What tells this document from others of its kind; repeated on every page.
    pub subject: String,
    /// The document from top to bottom.
    pub blocks: Vec<Block>,
    /// What stands at the foot of every page.
    pub foot: String,
}

impl Content {
    /// A document that says nothing.
    pub(crate) fn nothing() -> Self {
        let empty = String::new;
        Self {
            language: Language::Zh,
            sender: empty(),
            title: empty(),
            addressee: empty(),
            subject: empty(),
            blocks: Vec::new(),
            foot: empty(),
        }
    }
}

/// One part of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// The title of what follows.
    Heading(String),
    /// A paragraph.
    Text(String),
    /// A paragraph in small type: how something was computed.
    Note(String),
    /// A paragraph that must not be overlooked.
    Alert(String),
    /// Few amounts or dates, each in large type under its name.
    Figures(Vec<Figure>),
    /// Names and values in two columns.
    Facts(Vec<(String, String)>),
    /// A table.
    Table(Table),
}

/// One of the amounts that matter most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    /// Its name.
    pub name: String,
    /// The amount or date.
    pub value: String,
    /// Whether it must not be overlooked.
    pub is_alert: bool,
}

/// A table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows.
    pub rows: Vec<Row>,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its title.
    pub title: String,
    /// Share of the width, compared with the other columns.
    pub width: u32,
    /// Whether it holds numbers, which are set to the right and never broken.
    pub is_number: bool,
}

impl Column {
    /// A column of text.
    #[must_use]
    pub fn text(title: impl Into<String>, width: u32) -> Self {
        Self { title: title.into(), width, is_number: false }
    }

    /// A column of numbers.
    #[must_use]
    pub fn number(title: impl Into<String>, width: u32) -> Self {
        Self { title: title.into(), width, is_number: true }
    }
}

/// A row of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// One text for each column.
    pub cells: Vec<String>,
    /// Whether it is a sum of those above it.
    pub is_total: bool,
}

impl Row {
    /// A row like any other.
    #[must_use]
    pub fn new(cells: impl IntoIterator<Item = String>) -> Self {
        Self { cells: cells.into_iter().collect(), is_total: false }
    }

    /// A row of sums.
    #[must_use]
    pub fn total(cells: impl IntoIterator<Item = String>) -> Self {
        Self { cells: cells.into_iter().collect(), is_total: true }
    }
}

/// An amount as people read it: `1,234.50`, with a true minus sign.
#[must_use]
pub fn amount(money: Money) -> String {
    let plain = money.to_string();
    let (sign, digits) = match plain.strip_prefix('-') {
        Some(digits) => ("−", digits),
        None => ("", plain.as_str()),
    };
    let (whole, fraction) = match digits.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (digits, None),
    };
    let mut grouped = String::with_capacity(plain.len() + plain.len() / 3);
    grouped.push_str(sign);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if let Some(fraction) = fraction {
        grouped.push('.');
        grouped.push_str(fraction);
    }
    grouped
}

/// `text` on one line and not longer than `count_max` letters: what a merchant sends may be anything.
#[must_use]
pub fn clipped(text: &str, count_max: usize) -> String {
    let line: Vec<&str> = text.split(|letter: char| letter.is_whitespace() || letter.is_control()).collect();
    let line = line.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    if line.chars().count() <= count_max {
        return line;
    }
    line.chars().take(count_max.saturating_sub(1)).chain(['…']).collect()
}

/// Whether a line may end after this letter: the scripts that do not put blanks between words.
fn is_ideograph(letter: char) -> bool {
    matches!(u32::from(letter), 0x2E80..=0x303F | 0x3040..=0x30FF | 0x3400..=0x4DBF | 0x4E00..=0x9FFF
        | 0xF900..=0xFAFF | 0xFF00..=0xFFEF | 0x2_0000..=0x3_FFFF)
}

/// Whether a line must not begin with this letter.
fn is_closing(letter: char) -> bool {
    "，。、；：？！）】》」』”’％%,.;:?!)]}…".contains(letter)
}

/// Whether a line must not end with this letter.
fn is_opening(letter: char) -> bool {
    "（【《「『“‘([{".contains(letter)
}

/// Breaks `text` into lines of at most `width`, as `measure` counts a letter. A word that is wider than a line is
/// broken inside.
fn wrapped(text: &str, width: f32, measure: &dyn Fn(char) -> f32) -> Vec<String> {
    let mut lines = Vec::new();
    let (mut line, mut line_width) = (String::new(), 0.0);
    for piece in pieces(text) {
        let piece_width: f32 = piece.chars().map(measure).sum();
        let shown_width: f32 = piece.trim_end().chars().map(measure).sum();
        if line_width + shown_width <= width {
            line.push_str(&piece);
            line_width += piece_width;
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
            line_width = 0.0;
        }
        for letter in piece.chars() {
            let letter_width = measure(letter);
            if line_width + letter_width > width && !line.is_empty() && letter != ' ' {
                lines.push(std::mem::take(&mut line));
                line_width = 0.0;
            }
            line.push(letter);
            line_width += letter_width;
        }
    }
    lines.push(line);
    lines.into_iter().map(|line| line.trim_end().to_owned()).collect()
}

/// The text in pieces after each of which a line may end.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let mut previous: Option<char> = None;
    for letter in text.chars() {
        let may_break = previous.is_some_and(|previous| {
            let is_after_blank = previous == ' ' && letter != ' ';
            let is_at_ideograph = (is_ideograph(previous) || is_ideograph(letter)) && letter != ' ';
            is_after_blank || (is_at_ideograph && !is_closing(letter) && !is_opening(previous))
        });
        match pieces.last_mut() {
            Some(piece) if !may_break => piece.push(letter),
            Some(_) | None => pieces.push(letter.to_string()),
        }
        previous = Some(letter);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use dunlin_domain::money::Currency;
    use expect_test::{Expect, expect};

    fn check(text: &str, width: f32, expected: Expect) {
        let measure = |letter: char| if is_ideograph(letter) { 2.0 } else { 1.0 };
        expected.assert_eq(&wrapped(text, width, &measure).join("|"));
    }

    #[test]
    fn lines_break_between_words_and_between_chinese_letters() {
        check("paid at the corner shop", 11.0, expect!["paid at the|corner shop"]);
        check("上海市静安区南京西路", 8.0, expect!["上海市静|安区南京|西路"]);
        check("在Corner Shop消费", 8.0, expect!["在Corner|Shop消费"]);
        check("", 8.0, expect![""]);
    }

    #[test]
    fn no_line_begins_with_a_comma_or_ends_with_a_bracket() {
        check("已还清，谢谢", 6.0, expect!["已还|清，谢|谢"]);
        check("还款（全部）", 6.0, expect!["还款|（全|部）"]);
    }

    #[test]
    fn a_word_wider_than_the_line_is_broken_inside() {
        check("an-endless-merchant-name", 10.0, expect!["an-endless|-merchant-|name"]);
    }

    #[test]
    fn amounts_are_grouped_and_keep_the_digits_of_their_currency() {
        let shown = |minor: i64, code: &str| amount(Money::new(minor, Currency::parse(code).expect("known")));
        assert_eq!(shown(123_456_789, "CNY"), "1,234,567.89");
        assert_eq!(shown(-5, "CNY"), "−0.05");
        assert_eq!(shown(1_500, "JPY"), "1,500");
        assert_eq!(shown(0, "CNY"), "0.00");
    }

    #[test]
    fn what_a_merchant_sends_becomes_one_short_line() {
        assert_eq!(clipped("  Corner\tShop\n No. 5 ", 20), "Corner Shop No. 5");
        assert_eq!(clipped("abcdef", 4), "abc…");
    }
}

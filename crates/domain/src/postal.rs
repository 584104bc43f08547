//! Postal addresses (邮寄地址): how one that is kept as text becomes the lines of an envelope.
//!
//! A contact point of kind `postal` is one text, with `|` or line breaks between its lines: street first, then place,
//! then, if they are known, a postcode and a country of two capital letters (ISO 3166), each a line of its own:
//! `北京市示例区示例路1号2单元|100000|CN`.

use std::fmt;

/// Lines of an address at most, apart from name, postcode and country: what a window shows.
pub const LINES_MAX: usize = 6;
/// Letters of a line at most.
pub const LINE_LETTERS_MAX: usize = 80;

/// To whom and where a letter goes.
#[derive(Clone, PartialEq, Eq)]
pub struct PostalAddress {
    /// The person's name.
    pub name: String,
    /// Street and place; 1 to [`LINES_MAX`] lines.
    pub lines: Vec<String>,
    /// The postcode; empty where it is not known or stands in a line.
    pub postcode: String,
    /// Two capital letters; empty for the lender's own country.
    pub country: String,
}

impl fmt::Debug for PostalAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a postal address of {} lines", self.lines.len())
    }
}

/// Why a text is no address. It never repeats the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoAddress {
    /// There is no name before it.
    NoName,
    /// There is nothing but a name, a postcode or a country.
    NoLines,
    /// There are more lines than an envelope's window shows.
    TooManyLines,
    /// A line is longer than an envelope's window.
    LongLine,
}

impl fmt::Display for NoAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoName => f.write_str("the postal address has no name"),
            Self::NoLines => f.write_str("the postal address has no street or place"),
            Self::TooManyLines => {
                write!(
                    f,
                    "the postal address has more than {LINES_MAX} lines; leave out what post does not need"
                )
            }
            Self::LongLine => {
                write!(f, "a line of the postal address is longer than {LINE_LETTERS_MAX} letters")
            }
        }
    }
}

impl PostalAddress {
    /// Reads a name, a line break, and an address as it is kept.
    ///
    /// # Errors
    /// Why it is none.
    pub fn parse(text: &str) -> Result<Self, NoAddress> {
        let (name, address) = text.split_once('\n').unwrap_or((text, ""));
        let name = name.trim().to_owned();
        if name.is_empty() {
            return Err(NoAddress::NoName);
        }
        let parts = address.split(['|', '｜', '\n']).map(str::trim).filter(|part| !part.is_empty());
        let mut lines: Vec<String> = parts.map(str::to_owned).collect();
        let country = lines.pop_if(|line| is_country(line)).unwrap_or_default();
        let postcode = lines.pop_if(|line| is_postcode(line)).unwrap_or_default();
        match lines.len() {
            0 => Err(NoAddress::NoLines),
            count if count > LINES_MAX => Err(NoAddress::TooManyLines),
            _ if lines.iter().chain([&name]).any(|line| line.chars().count() > LINE_LETTERS_MAX) => {
                Err(NoAddress::LongLine)
            }
            _ => Ok(Self { name, lines, postcode, country }),
        }
    }

    /// The lines of the envelope, the name first.
    #[must_use]
    pub fn envelope(&self) -> Vec<String> {
        let tail = [&self.postcode, &self.country].into_iter().filter(|part| !part.is_empty());
        let tail: Vec<&str> = tail.map(String::as_str).collect();
        let mut lines = vec![self.name.clone()];
        lines.extend(self.lines.iter().cloned());
        if !tail.is_empty() {
            lines.push(tail.join("  "));
        }
        lines
    }
}

fn is_country(line: &str) -> bool {
    line.len() == 2 && line.bytes().all(|byte| byte.is_ascii_uppercase())
}

fn is_postcode(line: &str) -> bool {
    (3..=10).contains(&line.len())
        && line
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || b" -".contains(&byte))
        && line.bytes().any(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(text: &str, expected: Expect) {
        expected.assert_eq(&match PostalAddress::parse(text) {
            Ok(address) => address.envelope().join(" / "),
            Err(error) => error.to_string(),
        });
    }

    #[test]
    fn a_kept_text_becomes_the_lines_of_an_envelope() {
        check(
            "王示例\n北京市示例区示例路1号2单元|100000|CN",
            expect!["王示例 / 北京市示例区示例路1号2单元 / 100000  CN"],
        );
        check(
            "A. Sample\n1 Example Street|Sampleton|SW1A 1AA|GB",
            expect!["A. Sample / 1 Example Street / Sampleton / SW1A 1AA  GB"],
        );
        check("王示例\n示例路1号", expect!["王示例 / 示例路1号"]);
        check("A. Sample\nHouse 7, Example Village", expect!["A. Sample / House 7, Example Village"]);
    }

    #[test]
    fn what_post_could_not_bring_is_refused_without_being_repeated() {
        check("\n示例路1号", expect!["the postal address has no name"]);
        check("王示例", expect!["the postal address has no street or place"]);
        check("王示例\n100000|CN", expect!["the postal address has no street or place"]);
        check(
            "王示例\na|b|c|d|e|f|g",
            expect!["the postal address has more than 6 lines; leave out what post does not need"],
        );
        let long = format!("王示例\n{}", "路".repeat(81));
        check(&long, expect!["a line of the postal address is longer than 80 letters"]);
        assert!(PostalAddress::parse(&long[..long.len() - 3]).is_ok());
    }
}

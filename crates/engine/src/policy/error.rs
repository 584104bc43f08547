//! What is wrong with a policy document, where, and what would be right.

use std::fmt;
use std::ops::Range;

use dunlin_domain::wording::Wording;
use toml::Spanned;

/// One complaint about a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyError {
    /// The file, as it was named to us.
    pub file: String,
    /// The line, from 1, where it is known.
    pub line: Option<u32>,
    /// The row of a table, by its id.
    pub row: Option<String>,
    /// The field or column.
    pub column: Option<String>,
    /// What is wrong and what would be right.
    pub complaint: Wording,
}

impl PolicyError {
    /// The place and what is wrong there, in both languages.
    #[must_use]
    pub fn wording(&self) -> Wording {
        let (mut zh, mut en) = (self.file.clone(), self.file.clone());
        if let Some(line) = self.line {
            zh.push_str(&format!(" 第 {line} 行"));
            en.push_str(&format!(":{line}"));
        }
        zh.push('：');
        en.push_str(": ");
        if let Some(row) = &self.row {
            zh.push_str(&format!("表格行 {row}："));
            en.push_str(&format!("row {row}: "));
        }
        if let Some(column) = &self.column {
            zh.push_str(&format!("{column}："));
            en.push_str(&format!("{column}: "));
        }
        zh.push_str(&self.complaint.zh);
        en.push_str(&self.complaint.en);
        Wording { zh, en }
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.wording().en)
    }
}

impl std::error::Error for PolicyError {}

/// Collects the complaints about one document, so that a person sees all of them at once.
pub(super) struct Complaints<'a> {
    file: &'a str,
    text: &'a str,
    errors: Vec<PolicyError>,
}

impl<'a> Complaints<'a> {
    pub(super) fn new(file: &'a str, text: &'a str) -> Self {
        Self { file, text, errors: Vec::new() }
    }

    /// A complaint about `field` in `line`.
    pub(super) fn add(&mut self, line: Option<u32>, field: &str, complaint: impl Into<Wording>) {
        self.errors.push(PolicyError {
            file: self.file.to_owned(),
            line,
            row: None,
            column: (!field.is_empty()).then(|| field.to_owned()),
            complaint: complaint.into(),
        });
    }

    /// A complaint about a cell of a table.
    pub(super) fn add_cell(&mut self, line: u32, row: &str, column: &str, complaint: impl Into<Wording>) {
        self.add(Some(line), column, complaint);
        if let (Some(error), false) = (self.errors.last_mut(), row.is_empty()) {
            error.row = Some(row.to_owned());
        }
    }

    /// A complaint about a value of a TOML document.
    pub(super) fn add_at<T>(&mut self, place: &Spanned<T>, field: &str, complaint: impl Into<Wording>) {
        let line = line_of(self.text, &place.span());
        self.add(Some(line), field, complaint);
    }

    /// The value, or a complaint at its place.
    pub(super) fn keep<T, P, E: Into<Wording>>(
        &mut self,
        place: &Spanned<P>,
        field: &str,
        result: Result<T, E>,
    ) -> Option<T> {
        result.map_err(|error| self.add_at(place, field, error)).ok()
    }

    pub(super) fn line_of<T>(&self, place: &Spanned<T>) -> u32 {
        line_of(self.text, &place.span())
    }

    /// What was built, if there are no complaints.
    ///
    /// # Panics
    /// When nothing was built and nobody complained: every missing value has its complaint.
    pub(super) fn finish<T>(self, built: Option<T>) -> Result<T, Vec<PolicyError>> {
        if self.errors.is_empty() {
            Ok(built.expect("a missing value has its complaint"))
        } else {
            Err(self.errors)
        }
    }
}

/// The line, from 1, on which a span of bytes begins.
pub(super) fn line_of(text: &str, span: &Range<usize>) -> u32 {
    let before = &text.as_bytes()[..span.start.min(text.len())];
    let breaks = before.iter().filter(|byte| **byte == b'\n').count();
    u32::try_from(breaks + 1).unwrap_or(u32::MAX)
}

/// The line of the field with this dotted path, such as `late_fee.grace_days`, if it stands in the text.
pub(super) fn line_of_field(text: &str, path: &str) -> Option<u32> {
    let (section, key) = path.rsplit_once('.').map_or(("", path), |(section, key)| (section, key));
    let mut current = "";
    let mut section_line = None;
    for (line, number) in text.lines().zip(1_u32..) {
        let line = line.trim();
        if line.starts_with('[') {
            current = line.trim_matches(['[', ']']);
            if current == section {
                section_line = section_line.or(Some(number));
            }
        } else if line.split('=').next().map(str::trim) == Some(key) && current == section {
            return Some(number);
        }
    }
    section_line
}

/// What `text` was to name is not one of `codes`: `named` says it in both languages, such as a variable.
pub(super) fn named_not_one_of<'c>(
    named: Wording,
    text: &str,
    codes: impl IntoIterator<Item = &'c str>,
) -> Wording {
    let Wording { zh, en } = Wording::not_one_of(text, codes);
    Wording { zh: format!("{}{zh}", named.zh), en: format!("{} {en}", named.en) }
}

/// What was being done, and what was said to it.
pub(super) fn behind(done: Wording, said: Wording) -> Wording {
    Wording { zh: format!("{}：{}", done.zh, said.zh), en: format!("{}: {}", done.en, said.en) }
}

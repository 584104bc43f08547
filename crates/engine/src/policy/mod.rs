//! Policy documents: product terms, strategies, contact rules, templates, working-day calendars and charts of accounts,
//! read from text and checked.
//!
//! Promises that a document is either turned into its meaning in `domain` or refused with every complaint,
//! each by file, line and field or cell, and with what would be right. What only two documents together can
//! show (a strategy that names a template, a template with words that the rules forbid) is asked of
//! [`PolicySet::check`]. Keeping documents, their approval and their activation is not done here.

mod calendar;
mod contact_rules;
mod error;
mod header;
mod ledger;
mod line;
mod plan;
mod product;
mod servicing;
mod set;
mod shipped;
mod strategy;
mod strategy_fallback;
mod strategy_settings;
mod template;
mod toml_text;

#[cfg(test)]
mod tests;

use dunlin_domain::id::PolicyId;
use dunlin_domain::money::Rate;
use dunlin_domain::wording;

pub use calendar::CalendarDocument;
pub use contact_rules::ContactRulesDocument;
use error::Complaints;
pub use error::PolicyError;
pub use header::Header;
pub use ledger::LedgerDocument;
pub use product::ProductDocument;
pub use set::PolicySet;
pub use shipped::{ShippedDocument, shipped};
pub use strategy::StrategyDocument;
pub(crate) use strategy_fallback::fallback_text;
pub use template::{
    AssignmentWords, RenderError, Rendered, Template, TemplateDocument, Variables, opt_out_hint, render,
};
pub(crate) use template::{currency_word, date_words, grouped};

/// The most that credit may cost a year, effective, unless configured otherwise: 24 %.
///
/// Source: 法发〔2017〕22号 article 2 and 金规〔2025〕9号.
#[must_use]
pub fn cost_ceiling_default() -> Rate {
    Rate::from_millionths(240_000)
}

/// The kinds of policy documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PolicyKind {
    /// The terms of a product (TOML).
    Product,
    /// A strategy table (CSV).
    Strategy,
    /// The rules for contacting people (TOML).
    ContactRules,
    /// The texts of one message (TOML).
    Template,
    /// A working-day calendar (TOML).
    Calendar,
    /// The chart of accounts (TOML).
    Ledger,
}

impl PolicyKind {
    /// Every kind.
    pub const ALL: [Self; 6] =
        [Self::Product, Self::Strategy, Self::ContactRules, Self::Template, Self::Calendar, Self::Ledger];

    /// The stable code, as documents give it in `kind`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Product => "product",
            Self::Strategy => "strategy",
            Self::ContactRules => "contact_rules",
            Self::Template => "template",
            Self::Calendar => "calendar",
            Self::Ledger => "ledger",
        }
    }

    /// Reads the stable code.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

impl std::fmt::Display for PolicyKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code())
    }
}

/// A document with its meaning.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "there are a few dozen documents, each moved a few times")]
pub enum PolicyDocument {
    /// The terms of a product.
    Product(ProductDocument),
    /// A strategy table.
    Strategy(StrategyDocument),
    /// The rules for contacting people.
    ContactRules(ContactRulesDocument),
    /// The texts of one message.
    Template(TemplateDocument),
    /// A working-day calendar.
    Calendar(CalendarDocument),
    /// The chart of accounts.
    Ledger(LedgerDocument),
}

impl PolicyDocument {
    /// The head.
    #[must_use]
    pub fn header(&self) -> &Header {
        match self {
            Self::Product(document) => &document.header,
            Self::Strategy(document) => &document.header,
            Self::ContactRules(document) => &document.header,
            Self::Template(document) => &document.header,
            Self::Calendar(document) => &document.header,
            Self::Ledger(document) => &document.header,
        }
    }

    /// The head, to put in who really wrote and approved the document.
    pub(crate) fn header_mut(&mut self) -> &mut Header {
        match self {
            Self::Product(document) => &mut document.header,
            Self::Strategy(document) => &mut document.header,
            Self::ContactRules(document) => &mut document.header,
            Self::Template(document) => &mut document.header,
            Self::Calendar(document) => &mut document.header,
            Self::Ledger(document) => &mut document.header,
        }
    }

    /// The id of this version of the document.
    #[must_use]
    pub fn id(&self) -> PolicyId {
        self.header().id()
    }
}

/// Reads and checks a document. `file` is only for telling where; `ceiling` is the most that a product may
/// cost a year (see [`cost_ceiling_default`]).
///
/// # Errors
/// Every complaint, in the order of the document.
pub fn parse(
    kind: PolicyKind,
    file: &str,
    text: &str,
    ceiling: Rate,
) -> Result<PolicyDocument, Vec<PolicyError>> {
    // Spreadsheets and editors of one system put a byte order mark in front.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if let Some(named) = kind_of(text).filter(|named| *named != kind) {
        let mut complaints = Complaints::new(file, text);
        let complaint =
            wording!("为 {named}，但文件按 {kind} 读取", "is {named}, but the file was read as {kind}");
        complaints.add(None, "kind", complaint);
        return complaints.finish(None);
    }
    match kind {
        PolicyKind::Product => product::parse(file, text, ceiling).map(PolicyDocument::Product),
        PolicyKind::Strategy => strategy::parse(file, text).map(PolicyDocument::Strategy),
        PolicyKind::ContactRules => contact_rules::parse(file, text).map(PolicyDocument::ContactRules),
        PolicyKind::Template => template::parse(file, text).map(PolicyDocument::Template),
        PolicyKind::Calendar => calendar::parse(file, text).map(PolicyDocument::Calendar),
        PolicyKind::Ledger => ledger::parse(file, text).map(PolicyDocument::Ledger),
    }
}

/// The kind that a document gives itself, for importing a file without being told what it is.
#[must_use]
pub fn kind_of(text: &str) -> Option<PolicyKind> {
    text.lines().find_map(|line| {
        let line = line.trim_start_matches('\u{feff}').trim_start_matches(['#', '"', ' ']);
        let value = line.strip_prefix("kind")?.trim_start().strip_prefix(['=', ':'])?;
        PolicyKind::parse(value.trim_matches(['"', ' ', ',', '\r']))
    })
}

/// The BLAKE3 hash of a document's text, 64 hexadecimal digits; kept with each version and named by decisions.
#[must_use]
pub fn content_hash(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex().to_string()
}

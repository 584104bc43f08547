//! The documents that come with Dunlin, so that it works before a lender has written any.

use super::PolicyKind;

/// A document that comes with Dunlin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShippedDocument {
    /// Its kind.
    pub kind: PolicyKind,
    /// Its file, relative to the folder `policies`.
    pub file: &'static str,
    /// Its text.
    pub text: &'static str,
}

macro_rules! documents {
    ($($kind:ident $file:literal,)*) => {
        const SHIPPED: &[ShippedDocument] = &[$(ShippedDocument {
            kind: PolicyKind::$kind,
            file: $file,
            text: include_str!(concat!("../../../../policies/", $file)),
        }),*];
    };
}

documents! {
    Calendar "calendars/cn.toml",
    Product "products/baitiao.toml",
    Product "products/card.toml",
    Product "products/card-twd.toml",
    Product "products/term-loan.toml",
    ContactRules "contact-rules/cn.toml",
    ContactRules "contact-rules/us.toml",
    ContactRules "contact-rules/us-ma.toml",
    ContactRules "contact-rules/gb.toml",
    ContactRules "contact-rules/in.toml",
    Template "templates/predue_reminder.toml",
    Template "templates/due_today.toml",
    Template "templates/day1_notice.toml",
    Template "templates/overdue_reminder.toml",
    Template "templates/overdue_firm.toml",
    Template "templates/assignment_notice.toml",
    Strategy "strategy/standard.csv",
    Strategy "strategy/standard-twd.csv",
    Ledger "ledger/sample-cn.toml",
}

/// Every document that comes with Dunlin, those that others name first.
#[must_use]
pub fn shipped() -> &'static [ShippedDocument] {
    SHIPPED
}

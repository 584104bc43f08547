//! The nine tables of the format, their columns, and what all their rows can do.

use dunlin_domain::contact::Personal;

use super::cell::{Cell, CellCursor, CellError};
use super::column::{Column, ColumnKind as Kind};

/// A table of the format. The order of declaration is an order of import in which nothing names what comes
/// later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// The people.
    Customers,
    /// Their numbers and addresses.
    ContactPoints,
    /// Versions of products, with their documents.
    Products,
    /// Credit lines.
    Agreements,
    /// Purchases on them.
    Purchases,
    /// Amounts that fall due, where the lender has no purchases to give.
    Obligations,
    /// Money that came in, and its undoing.
    Payments,
    /// Purchases that merchants took back.
    Refunds,
    /// Contacts made before the portfolio was loaded.
    Contacts,
}

impl Table {
    /// Every table.
    pub const ALL: [Self; 9] = [
        Self::Customers,
        Self::ContactPoints,
        Self::Products,
        Self::Agreements,
        Self::Purchases,
        Self::Obligations,
        Self::Payments,
        Self::Refunds,
        Self::Contacts,
    ];

    /// The name of its file, without the extension.
    #[must_use]
    pub const fn stem(self) -> &'static str {
        match self {
            Self::Customers => "customers",
            Self::ContactPoints => "contact_points",
            Self::Products => "products",
            Self::Agreements => "agreements",
            Self::Purchases => "purchases",
            Self::Obligations => "obligations",
            Self::Payments => "payments",
            Self::Refunds => "refunds",
            Self::Contacts => "contacts",
        }
    }

    /// Its columns, in the order in which Dunlin writes them. Files may have them in any order.
    #[must_use]
    pub const fn columns(self) -> &'static [Column] {
        match self {
            Self::Customers => CUSTOMERS,
            Self::ContactPoints => CONTACT_POINTS,
            Self::Products => PRODUCTS,
            Self::Agreements => AGREEMENTS,
            Self::Purchases => PURCHASES,
            Self::Obligations => OBLIGATIONS,
            Self::Payments => PAYMENTS,
            Self::Refunds => REFUNDS,
            Self::Contacts => CONTACTS,
        }
    }

    /// Whether any of its columns names or reaches a person.
    #[must_use]
    pub fn is_personal(self) -> bool {
        self.columns().iter().any(|column| column.kind == Kind::Personal)
    }
}

const CURRENCY_CHECK: Column = Column::optional(
    "currency",
    Kind::Code,
    "not checked",
    "CNY",
    "a check: the row is rejected unless this is the currency of the agreement",
);

const CUSTOMERS: &[Column] = &[
    Column::required("customer_id", Kind::Id, "C-1001", "the lender's id of the customer, unique"),
    Column::required("name", Kind::Personal, "王示例", "how messages address the customer"),
    Column::optional("language", Kind::Code, "`zh`", "zh", "of everything the customer reads: `zh`, `en`"),
    Column::optional(
        "zone",
        Kind::Text,
        "`Asia/Shanghai`",
        "Asia/Urumqi",
        "IANA time zone in which the customer lives; quiet hours follow it",
    ),
    Column::optional(
        "segment",
        Kind::Id,
        "`standard`",
        "student",
        "a code of the lender's that strategies may use",
    ),
    Column::optional(
        "opt_out_channels",
        Kind::Codes,
        "none",
        "sms;voice",
        "channels the customer refused: `sms`, `voice`, `email`, `push`, `letter`",
    ),
];

const CONTACT_POINTS: &[Column] = &[
    Column::required("contact_point_id", Kind::Id, "CP-1", "the lender's id of the contact point, unique"),
    Column::required("customer_id", Kind::Id, "C-1001", "the customer whom it is on file for"),
    Column::required("kind", Kind::Code, "phone", "`phone`, `email`, `push`, `postal`"),
    Column::required(
        "value",
        Kind::Personal,
        "10012345678",
        "the number, address or device token; spaces and hyphens in phone numbers are dropped",
    ),
    Column::optional(
        "party",
        Kind::Code,
        "`borrower`",
        "guarantor",
        "whose it is: `borrower`, `co_borrower`, `guarantor` (spoken to by agents; notices, which are written to the borrower, do not go there), `related_third_party` (told only where the contact rules say so), `contact_person` (never told of the debt)",
    ),
    Column::optional(
        "state",
        Kind::Code,
        "`active`",
        "invalid",
        "`active`, `removed` (by somebody, can be undone), `invalid` (a provider said so)",
    ),
    Column::optional(
        "priority",
        Kind::Count,
        "`1`",
        "2",
        "which of several of a kind is tried first: 1 before 2",
    ),
];

const PRODUCTS: &[Column] = &[
    Column::required(
        "product",
        Kind::Id,
        "card",
        "the product's code, as its document and agreements name it",
    ),
    Column::required("version", Kind::Count, "1", "the version of the document, from 1"),
    Column::required("effective_from", Kind::Date, "2026-01-01", "the day from which the version holds"),
    Column::required(
        "document",
        Kind::Text,
        "products/card.toml",
        "a file in the folder, or `shipped:` and the name of a product that Dunlin ships",
    ),
];

const AGREEMENTS: &[Column] = &[
    Column::required("agreement_id", Kind::Id, "A-1", "the lender's id of the agreement, unique"),
    Column::required("customer_id", Kind::Id, "C-1001", "the borrower"),
    Column::required("product", Kind::Id, "card", "the product's code"),
    Column::required("currency", Kind::Code, "CNY", "ISO 4217, of all amounts of the agreement"),
    Column::required("opened_on", Kind::Date, "2026-01-05", "the day it began"),
    Column::required("credit_limit", Kind::Amount, "8000.00", "how much may be owed (授信额度)"),
    Column::optional(
        "statement_day",
        Kind::Text,
        "the product's",
        "15",
        "day of the month of the cut-off (账单日), `1` to `31`, or `last`",
    ),
    Column::optional(
        "reported",
        Kind::Flag,
        "`no`",
        "yes",
        "whether it is reported to a credit bureau (征信) as overdue",
    ),
    Column::optional("state", Kind::Code, "`active`", "closed", "`active`, `closed`"),
    Column::optional(
        "closed_on",
        Kind::Date,
        "not closed",
        "2026-06-30",
        "the day it was closed; given exactly when the state is `closed`",
    ),
    Column::optional(
        "security",
        Kind::Code,
        "`none`",
        "guaranteed",
        "`none`, `guaranteed` (保证), `secured` (抵押、质押); decides where money of a customer with several agreements goes",
    ),
];

const PURCHASES: &[Column] = &[
    Column::required(
        "purchase_id",
        Kind::Id,
        "P-1",
        "the lender's id of the purchase, unique in the agreement",
    ),
    Column::required("agreement_id", Kind::Id, "A-1", "the agreement"),
    Column::required("purchased_on", Kind::Date, "2026-01-08", "the value date"),
    Column::required("amount", Kind::Amount, "1200.00", "above zero"),
    Column::optional(
        "instalment_count",
        Kind::Count,
        "`0`",
        "6",
        "number of instalments; 0 is payment in full on the next statement",
    ),
    Column::optional("merchant", Kind::Text, "not known", "京东商城", "where it was bought"),
    CURRENCY_CHECK,
];

const OBLIGATIONS: &[Column] = &[
    Column::required(
        "obligation_id",
        Kind::Id,
        "O-1",
        "the lender's id of the obligation, unique in the agreement",
    ),
    Column::required("agreement_id", Kind::Id, "A-1", "the agreement"),
    Column::required(
        "component",
        Kind::Code,
        "principal",
        "`principal`, `interest`, `instalment_fee`, `charge`, `late_fee`",
    ),
    Column::required("due_on", Kind::Date, "2026-02-10", "the due date"),
    Column::required("amount", Kind::Amount, "350.00", "above zero"),
    CURRENCY_CHECK,
];

const PAYMENTS: &[Column] = &[
    Column::required(
        "payment_id",
        Kind::Id,
        "PAY-1",
        "the lender's id of the payment, unique in the agreement",
    ),
    Column::required("agreement_id", Kind::Id, "A-1", "the agreement"),
    Column::required("paid_on", Kind::Date, "2026-02-09", "the value date"),
    Column::optional(
        "amount",
        Kind::Amount,
        "all of what is undone",
        "350.00",
        "above zero; may be empty only where `reverses` is given, and must otherwise equal that payment's amount",
    ),
    Column::optional(
        "reverses",
        Kind::Id,
        "a payment",
        "PAY-1",
        "the `payment_id`, in the same agreement, of the payment that this row undoes (returned or booked in error)",
    ),
    CURRENCY_CHECK,
];

const REFUNDS: &[Column] = &[
    Column::required("refund_id", Kind::Id, "R-1", "the lender's id of the refund, unique in the agreement"),
    Column::required("agreement_id", Kind::Id, "A-1", "the agreement"),
    Column::required("purchase_id", Kind::Id, "P-1", "the purchase that the merchant took back"),
    Column::required("refunded_on", Kind::Date, "2026-01-15", "the value date"),
    Column::required("amount", Kind::Amount, "200.00", "above zero, at most the purchase"),
    CURRENCY_CHECK,
];

const CONTACTS: &[Column] = &[
    Column::required("contact_id", Kind::Id, "K-1", "the lender's id of the contact, unique"),
    Column::required("customer_id", Kind::Id, "C-1001", "whom it was made to"),
    Column::optional("agreement_id", Kind::Id, "all of the customer's", "A-1", "what it was about"),
    Column::required("channel", Kind::Code, "sms", "`sms`, `voice`, `email`, `push`, `letter`"),
    Column::required(
        "sent_at",
        Kind::Moment,
        "2026-02-11T09:30:00+08:00",
        "when it was sent or the call was made",
    ),
    Column::required(
        "outcome",
        Kind::Code,
        "delivered",
        "of a message: `delivered`, `failed`, `unknown`; of a call: `effective`, `unanswered`, `not_the_person`",
    ),
    Column::optional(
        "contact_point_id",
        Kind::Id,
        "any of the customer's",
        "CP-1",
        "the number or address; attempts at a number are counted by it",
    ),
];

/// What the rows of all tables can do. Implemented by the nine row types of this module.
pub trait PortfolioRow: Sized {
    /// The table.
    const TABLE: Table;

    /// Reads the cells of one record, column by column in the order of [`Table::columns`].
    ///
    /// # Errors
    /// The first cell that cannot be taken, and why.
    fn parse(cells: &mut CellCursor<'_>) -> Result<Self, CellError>;

    /// Adds the cells of the row to `cells`, one per column in the order of [`Table::columns`].
    fn cells<'a>(&'a self, cells: &mut Vec<Cell<'a>>);

    /// A hash of everything the row says. Equal content has equal hashes in both formats, whatever the order of
    /// the columns and whether defaults were written out. Frozen: databases hold it.
    ///
    /// For [`Table::is_personal`] use [`PortfolioRow::content_hash_keyed`]: there are few enough phone numbers
    /// that a plain hash gives them away.
    #[must_use]
    fn content_hash(&self) -> [u8; 16] {
        hash_cells(blake3::Hasher::new(), self)
    }

    /// [`PortfolioRow::content_hash`] under a secret key.
    #[must_use]
    fn content_hash_keyed(&self, key: &[u8; 32]) -> [u8; 16] {
        hash_cells(blake3::Hasher::new_keyed(key), self)
    }

    /// The row as a line of CSV without its line end, personal values masked: for rejects and reports.
    #[must_use]
    fn masked_text(&self) -> String {
        let mut cells = Vec::new();
        self.cells(&mut cells);
        let mut line = String::new();
        let mut text = String::new();
        for (index, (cell, column)) in cells.iter().zip(Self::TABLE.columns()).enumerate() {
            text.clear();
            cell.write_text(&mut text);
            if column.kind == Kind::Personal {
                text = Personal::new(std::mem::take(&mut text)).masked();
            }
            push_csv_value(&mut line, index, &text);
        }
        line
    }
}

fn hash_cells(mut hasher: blake3::Hasher, row: &impl PortfolioRow) -> [u8; 16] {
    hash_columns(&mut hasher, row);
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    bytes
}

fn hash_columns<R: PortfolioRow>(hasher: &mut blake3::Hasher, row: &R) {
    let mut cells = Vec::with_capacity(R::TABLE.columns().len());
    row.cells(&mut cells);
    let mut text = String::new();
    let mut add = |text: &str| {
        // The length goes first, so that the border between two cells counts.
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    };
    add(R::TABLE.stem());
    for cell in &cells {
        text.clear();
        cell.write_canonical(&mut text);
        add(&text);
    }
}

/// Appends the value of column `index` to a line of CSV, in quotes where it needs them.
pub(super) fn push_csv_value(line: &mut String, index: usize, value: &str) {
    if index > 0 {
        line.push(',');
    }
    let needs_quotes = |byte: u8| matches!(byte, b',' | b'"' | b'\n' | b'\r');
    if !value.bytes().any(needs_quotes) {
        line.push_str(value);
        return;
    }
    line.push('"');
    for part in value.split_inclusive('"') {
        line.push_str(part);
        if part.ends_with('"') {
            line.push('"');
        }
    }
    line.push('"');
}

//! Derives purchases, payments and refunds from statements, and writes them as a portfolio.

use std::path::Path;

use dunlin_domain::contact::{ContactPointKind, ContactPointState, Language, Party, Personal};
use dunlin_domain::customer_split::Security;
use dunlin_domain::date::Date;
use dunlin_domain::id::hash_parts;
use dunlin_domain::money::{Currency, Money};
use dunlin_engine::portfolio::{
    AgreementRow, AgreementState, AmountError, ContactPointRow, CustomerRow, DecimalAmount, Format,
    PaymentMovement, PaymentRow, PortfolioError, PortfolioWriter, ProductDocument, ProductRow, PurchaseRow,
    RefundRow,
};

use super::source::{Histories, History, UciError, agreement_id, customer_id};
use super::{MONTH_COUNT, statement_on};

/// The shipped product: statements on the last day of the month, due twenty days later.
pub(crate) const PRODUCT: &str = "card-twd";
/// Its version.
pub(crate) const PRODUCT_VERSION: u32 = 1;
/// 2005-01-01, from which the shipped product holds; in days since 1970.
const EFFECTIVE_FROM: i32 = 12_784;
/// The day of the month on which the last due date falls; payments are spread over the days up to it.
const DUE_DAY: i32 = 20;
/// The day of the month of purchases; any day before the cut-off gives the same statements.
const PURCHASE_DAY: i32 = 15;
/// The day of the month of refunds: after purchases and payments.
const REFUND_DAY: i32 = 25;

/// What an adaptation wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Customers, and as many agreements.
    pub customer_count: u64,
    /// Purchases, the opening balances among them.
    pub purchase_count: u64,
    /// Payments of the file.
    pub payment_count: u64,
    /// Refunds: months in which a balance fell by more than was paid.
    pub refund_count: u64,
    /// Payments that stand for a credit which no purchase could be refunded for.
    pub credit_count: u64,
    /// Total of the purchases, in cents of New Taiwan dollars.
    pub purchased_minor: i64,
    /// Total of the payments.
    pub paid_minor: i64,
    /// Total of the refunds.
    pub refunded_minor: i64,
    /// Total of the credits.
    pub credited_minor: i64,
}

/// Writes the portfolio of the published file into `out_folder`, as CSV. `progress` hears bytes read and to be read.
///
/// # Errors
/// [`UciError`] for a source that is not the published file, and when the folder cannot be written.
pub fn adapt(
    source_csv: &Path,
    out_folder: &Path,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Summary, UciError> {
    let mut histories = Histories::open(source_csv)?;
    let mut writer = PortfolioWriter::create(out_folder, Format::Csv)?;
    writer.write(&ProductRow {
        product: PRODUCT.to_owned(),
        version: PRODUCT_VERSION,
        effective_from: Date::from_days(EFFECTIVE_FROM),
        document: ProductDocument::Shipped(PRODUCT.to_owned()),
    })?;
    let mut summary = Summary::default();
    while let Some(history) = histories.next() {
        write_customer(&history?, &mut writer, &mut summary)?;
        if summary.customer_count.is_multiple_of(1000) {
            let (read, total) = histories.bytes();
            progress(read, total);
        }
    }
    writer.finish()?;
    let (_, total) = histories.bytes();
    progress(total, total);
    Ok(summary)
}

/// Day `day` of month 0 (April) to 5 (September).
fn day_of_month(month: usize, day: i32) -> Date {
    let (_, _, length) = statement_on(month).year_month_day();
    statement_on(month).plus_days(day - i32::from(length))
}

fn write_customer(
    history: &History,
    writer: &mut PortfolioWriter,
    summary: &mut Summary,
) -> Result<(), UciError> {
    let id = customer_id(history.id);
    writer.write(&CustomerRow {
        customer_id: id.clone(),
        // The file has no names, and this is none.
        name: Personal::new(format!("客户{:06}", history.id)),
        language: Language::Zh,
        zone: "Asia/Taipei".to_owned(),
        segment: "standard".to_owned(),
        opt_out_channels: Vec::new(),
    })?;
    for point in contact_points(history.id) {
        writer.write(&point)?;
    }
    let agreement_id = agreement_id(history.id);
    writer.write(&AgreementRow {
        agreement_id: agreement_id.clone(),
        customer_id: id,
        product: PRODUCT.to_owned(),
        currency: twd(),
        opened_on: day_of_month(0, 1),
        credit_limit: amount(history.limit)?,
        statement_day: None,
        reported: false,
        state: AgreementState::Active,
        closed_on: None,
        security: Security::None,
    })?;
    summary.customer_count += 1;
    let mut derived = Derived { agreement_id, purchases: Vec::new(), writer, summary };
    derived.open(history.bills[0])?;
    for month in 1..MONTH_COUNT {
        derived.go_on(history, month)?;
    }
    Ok(())
}

/// A number that is assigned to nobody, and an address in a domain that is reserved for examples (RFC 2606).
fn contact_points(id: u32) -> [ContactPointRow; 2] {
    let point = |suffix: &str, kind, value: String| ContactPointRow {
        contact_point_id: format!("{}-{suffix}", customer_id(id)),
        customer_id: customer_id(id),
        kind,
        value: Personal::new(value),
        party: Party::Borrower,
        state: ContactPointState::Active,
        priority: 1,
    };
    [
        point("P", ContactPointKind::Phone, format!("100{id:08}")),
        point("E", ContactPointKind::Email, format!("u{id:05}@example.com")),
    ]
}

/// A purchase written so far, with what can still be refunded of it.
struct Refundable {
    purchase_id: String,
    left: i64,
}

/// The facts of one agreement as they are derived, month by month.
struct Derived<'a> {
    agreement_id: String,
    purchases: Vec<Refundable>,
    writer: &'a mut PortfolioWriter,
    summary: &'a mut Summary,
}

impl Derived<'_> {
    /// The April balance, however it came about, is one purchase, or a credit when the bank owes.
    ///
    /// What was paid in April settled the statement of March, which the file does not have, and is part of the
    /// April balance already.
    fn open(&mut self, bill: i64) -> Result<(), UciError> {
        if bill > 0 { self.purchase(0, bill) } else { self.credit(0, -bill) }
    }

    /// One later month: what was paid, and what the balance says happened beside it.
    fn go_on(&mut self, history: &History, month: usize) -> Result<(), UciError> {
        let paid = history.paid[month];
        if paid > 0 {
            let payment_id = format!("{}-M{month}", self.agreement_id);
            self.pay(payment_id, day_of_month(month, payment_day(history.id, month)), paid)?;
            self.summary.payment_count += 1;
            self.summary.paid_minor += paid * MINOR_PER_DOLLAR;
        }
        let change = history.bills[month] - (history.bills[month - 1] - paid);
        if change > 0 { self.purchase(month, change) } else { self.take_back(month, -change) }
    }

    fn purchase(&mut self, month: usize, dollars: i64) -> Result<(), UciError> {
        let purchase_id = format!("{}-B{month}", self.agreement_id);
        self.writer.write(&PurchaseRow {
            purchase_id: purchase_id.clone(),
            agreement_id: self.agreement_id.clone(),
            purchased_on: day_of_month(month, PURCHASE_DAY),
            amount: amount(dollars)?,
            instalment_count: 0,
            merchant: None,
            currency: None,
        })?;
        self.purchases.push(Refundable { purchase_id, left: dollars });
        self.summary.purchase_count += 1;
        self.summary.purchased_minor += dollars * MINOR_PER_DOLLAR;
        Ok(())
    }

    /// A balance that fell by more than was paid: refunds of the latest purchases, and a credit for the rest.
    fn take_back(&mut self, month: usize, dollars: i64) -> Result<(), UciError> {
        let mut left = dollars;
        for index in (0..self.purchases.len()).rev() {
            let taken = left.min(self.purchases[index].left);
            if taken == 0 {
                continue;
            }
            self.purchases[index].left -= taken;
            left -= taken;
            self.writer.write(&RefundRow {
                refund_id: format!("{}-R{month}-{index}", self.agreement_id),
                agreement_id: self.agreement_id.clone(),
                purchase_id: self.purchases[index].purchase_id.clone(),
                refunded_on: day_of_month(month, REFUND_DAY),
                amount: amount(taken)?,
                currency: None,
            })?;
            self.summary.refund_count += 1;
            self.summary.refunded_minor += taken * MINOR_PER_DOLLAR;
        }
        self.credit(month, left)
    }

    fn credit(&mut self, month: usize, dollars: i64) -> Result<(), UciError> {
        if dollars == 0 {
            return Ok(());
        }
        self.pay(format!("{}-C{month}", self.agreement_id), day_of_month(month, REFUND_DAY), dollars)?;
        self.summary.credit_count += 1;
        self.summary.credited_minor += dollars * MINOR_PER_DOLLAR;
        Ok(())
    }

    fn pay(&mut self, payment_id: String, paid_on: Date, dollars: i64) -> Result<(), UciError> {
        let movement = PaymentMovement::Received { amount: amount(dollars)? };
        let agreement_id = self.agreement_id.clone();
        Ok(self.writer.write(&PaymentRow { payment_id, agreement_id, paid_on, movement, currency: None })?)
    }
}

/// The day of the month of a payment: the file does not say, so they are spread evenly from the first to the due
/// date. Where nobody is told to be late, lateness within the month is not invented either.
fn payment_day(id: u32, month: usize) -> i32 {
    let hash = hash_parts("uci payment day", &[&id.to_le_bytes(), &[month as u8]]);
    1 + i32::from(hash[0]) % DUE_DAY
}

const MINOR_PER_DOLLAR: i64 = 100;

fn twd() -> Currency {
    Currency::parse("TWD").expect("the currency of the file is a known one")
}

fn amount(dollars: i64) -> Result<DecimalAmount, UciError> {
    DecimalAmount::from_money(Money::new(dollars * MINOR_PER_DOLLAR, twd())).map_err(|error: AmountError| {
        UciError::Portfolio(PortfolioError::Unwritable {
            file: "portfolio".to_owned(),
            complaint: error.to_string(),
        })
    })
}

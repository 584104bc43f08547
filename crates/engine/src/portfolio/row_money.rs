//! Rows of `purchases`, `obligations`, `payments` and `refunds`.
//!
//! Each may name a currency; it is a check against the agreement's, not a conversion.

use dunlin_domain::date::Date;
use dunlin_domain::id::AgreementId;
use dunlin_domain::money::Currency;
use dunlin_domain::terms::Component;
use dunlin_domain::wording;

use super::amount::DecimalAmount;
use super::cell::{Cell, CellCursor, CellError};
use super::table::{PortfolioRow, Table};

/// A purchase at a merchant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PurchaseRow {
    /// The lender's id, unique in the agreement.
    pub purchase_id: String,
    /// The lender's id of the agreement.
    pub agreement_id: String,
    /// The value date.
    pub purchased_on: Date,
    /// Above zero.
    pub amount: DecimalAmount,
    /// Number of instalments, 0 for payment in full on the next statement.
    pub instalment_count: u32,
    /// Where it was bought.
    pub merchant: Option<String>,
    /// If given, must be the agreement's.
    pub currency: Option<Currency>,
}

/// An amount that falls due, from a lender without purchases to give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObligationRow {
    /// The lender's id, unique in the agreement.
    pub obligation_id: String,
    /// The lender's id of the agreement.
    pub agreement_id: String,
    /// What it is made of.
    pub component: Component,
    /// The due date.
    pub due_on: Date,
    /// Above zero.
    pub amount: DecimalAmount,
    /// If given, must be the agreement's.
    pub currency: Option<Currency>,
}

/// What a row of payments says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PaymentMovement {
    /// Money came in.
    Received {
        /// Above zero.
        amount: DecimalAmount,
    },
    /// An earlier payment is undone, wholly.
    Undone {
        /// The lender's id of the payment that is undone.
        reverses: String,
        /// If given, must equal the amount of the payment that is undone.
        amount: Option<DecimalAmount>,
    },
}

/// Money that came in, or its undoing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentRow {
    /// The lender's id, unique in the agreement.
    pub payment_id: String,
    /// The lender's id of the agreement.
    pub agreement_id: String,
    /// The value date.
    pub paid_on: Date,
    /// Which way the money went.
    pub movement: PaymentMovement,
    /// If given, must be the agreement's.
    pub currency: Option<Currency>,
}

/// A purchase that the merchant took back, wholly or in part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundRow {
    /// The lender's id, unique in the agreement.
    pub refund_id: String,
    /// The lender's id of the agreement.
    pub agreement_id: String,
    /// The lender's id of the purchase.
    pub purchase_id: String,
    /// The value date.
    pub refunded_on: Date,
    /// Above zero.
    pub amount: DecimalAmount,
    /// If given, must be the agreement's.
    pub currency: Option<Currency>,
}

macro_rules! agreement_of {
    ($($row:ty),+) => {$(
        impl $row {
            /// Our id of the agreement.
            #[must_use]
            pub fn agreement(&self) -> AgreementId {
                AgreementId::of_external(&self.agreement_id)
            }
        }
    )+};
}

agreement_of!(PurchaseRow, ObligationRow, PaymentRow, RefundRow);

impl PortfolioRow for PurchaseRow {
    const TABLE: Table = Table::Purchases;

    fn parse(cells: &mut CellCursor<'_>) -> Result<Self, CellError> {
        Ok(Self {
            purchase_id: cells.id()?,
            agreement_id: cells.id()?,
            purchased_on: cells.date()?,
            amount: cells.amount_above_zero()?,
            instalment_count: cells.count_or(0)?,
            merchant: cells.optional_text()?,
            currency: cells.optional_currency()?,
        })
    }

    fn cells<'a>(&'a self, cells: &mut Vec<Cell<'a>>) {
        cells.extend([
            Cell::Text(&self.purchase_id),
            Cell::Text(&self.agreement_id),
            Cell::Date(self.purchased_on),
            Cell::Amount(self.amount),
            Cell::Count(self.instalment_count),
            Cell::of_option(self.merchant.as_deref()),
            Cell::of_currency(self.currency.as_ref()),
        ]);
    }
}

impl PortfolioRow for ObligationRow {
    const TABLE: Table = Table::Obligations;

    fn parse(cells: &mut CellCursor<'_>) -> Result<Self, CellError> {
        Ok(Self {
            obligation_id: cells.id()?,
            agreement_id: cells.id()?,
            component: cells.code(Component::ALL, Component::code)?,
            due_on: cells.date()?,
            amount: cells.amount_above_zero()?,
            currency: cells.optional_currency()?,
        })
    }

    fn cells<'a>(&'a self, cells: &mut Vec<Cell<'a>>) {
        cells.extend([
            Cell::Text(&self.obligation_id),
            Cell::Text(&self.agreement_id),
            Cell::Text(self.component.code()),
            Cell::Date(self.due_on),
            Cell::Amount(self.amount),
            Cell::of_currency(self.currency.as_ref()),
        ]);
    }
}

impl PortfolioRow for PaymentRow {
    const TABLE: Table = Table::Payments;

    fn parse(cells: &mut CellCursor<'_>) -> Result<Self, CellError> {
        let payment_id = cells.id()?;
        let agreement_id = cells.id()?;
        let paid_on = cells.date()?;
        let amount = cells.optional_amount_above_zero()?;
        let reverses = cells.optional_id()?;
        if reverses.as_ref() == Some(&payment_id) {
            return Err(cells.complain(
                wording!("指向了本行自己", "is the row itself"),
                wording!("请写明本行所撤销的还款", "name the payment that this row undoes"),
            ));
        }
        let movement = match (reverses, amount) {
            (Some(reverses), amount) => PaymentMovement::Undone { reverses, amount },
            (None, Some(amount)) => PaymentMovement::Received { amount },
            (None, None) => {
                let remedy = wording!(
                    "请填写金额；只有撤销还款的行可以留空",
                    "give the amount; only a row that reverses a payment may leave it empty"
                );
                return Err(cells.complain_about("amount", wording!("缺少取值", "value is missing"), remedy));
            }
        };
        Ok(Self { payment_id, agreement_id, paid_on, movement, currency: cells.optional_currency()? })
    }

    fn cells<'a>(&'a self, cells: &mut Vec<Cell<'a>>) {
        let (amount, reverses) = match &self.movement {
            PaymentMovement::Received { amount } => (Some(*amount), None),
            PaymentMovement::Undone { reverses, amount } => (*amount, Some(reverses.as_str())),
        };
        cells.extend([
            Cell::Text(&self.payment_id),
            Cell::Text(&self.agreement_id),
            Cell::Date(self.paid_on),
            amount.map_or(Cell::Empty, Cell::Amount),
            Cell::of_option(reverses),
            Cell::of_currency(self.currency.as_ref()),
        ]);
    }
}

impl PortfolioRow for RefundRow {
    const TABLE: Table = Table::Refunds;

    fn parse(cells: &mut CellCursor<'_>) -> Result<Self, CellError> {
        Ok(Self {
            refund_id: cells.id()?,
            agreement_id: cells.id()?,
            purchase_id: cells.id()?,
            refunded_on: cells.date()?,
            amount: cells.amount_above_zero()?,
            currency: cells.optional_currency()?,
        })
    }

    fn cells<'a>(&'a self, cells: &mut Vec<Cell<'a>>) {
        cells.extend([
            Cell::Text(&self.refund_id),
            Cell::Text(&self.agreement_id),
            Cell::Text(&self.purchase_id),
            Cell::Date(self.refunded_on),
            Cell::Amount(self.amount),
            Cell::of_currency(self.currency.as_ref()),
        ]);
    }
}

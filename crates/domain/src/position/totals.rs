//! Running totals since an agreement began; the ledger posts their differences.

use crate::amounts::Amounts;
use crate::money::{Currency, Money};

/// Running totals since the agreement began.
///
/// They hold together: what was lent, loaded, charged and billed, late fees included, less what was cleared,
/// waived, written off and sold, is what is owed. What was paid and refunded is what was cleared, recovered,
/// paid out and passed on, and the credit that is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Totals {
    /// Purchases.
    pub purchased: Money,
    /// Obligations that the lender loaded, by component.
    pub loaded: Amounts,
    /// Fees and interest that statements billed or instalments brought due, by component.
    pub billed_fees: Amounts,
    /// Charges added later, by component.
    pub charged: Amounts,
    /// Refunds.
    pub refunded: Money,
    /// Payments that stand, those after a write-off or sale included.
    pub paid: Money,
    /// Late fees by delay given up.
    pub waived: Money,
    /// What else was given up, by component.
    pub waived_billed: Amounts,
    /// What payments and refunds cleared, by component.
    pub allocated: Amounts,
    /// Credit paid out to the customer.
    pub credit_paid_out: Money,
    /// The part of it that was no credit any more, and is owed back as principal.
    pub overpaid_out: Money,
    /// What was owed when the agreement was charged off, by component; it stays owed.
    pub charged_off: Amounts,
    /// What was written off, by component.
    pub written_off: Amounts,
    /// What came in after the write-off for what was written off.
    pub recovered: Money,
    /// What was owed when the claim was sold, by component.
    pub sold: Amounts,
    /// What the buyer paid.
    pub sale_proceeds: Money,
}

impl Totals {
    /// Nothing of anything.
    #[must_use]
    pub fn zero(currency: Currency) -> Self {
        let (zero, none) = (Money::zero(currency), Amounts::zero(currency));
        Self {
            purchased: zero,
            loaded: none,
            billed_fees: none,
            charged: none,
            refunded: zero,
            paid: zero,
            waived: zero,
            waived_billed: none,
            allocated: none,
            credit_paid_out: zero,
            overpaid_out: zero,
            charged_off: none,
            written_off: none,
            recovered: zero,
            sold: none,
            sale_proceeds: zero,
        }
    }
}

//! The ledger: postings in double entry, derived from the difference of two sets of totals.
//!
//! A posting here is one debit and one credit of the same amount, so it balances by construction. Its key
//! is made of its cause, so posting twice is impossible. Backdated and returned payments need no path of
//! their own: the fold gives new totals, and the difference is posted on today's business date.

use crate::contact::code_enum;
use crate::date::BusinessDate;
use crate::id::{AgreementId, Key};
use crate::money::{Money, MoneyError};
use crate::position::Totals;
use crate::terms::{Component, Terms};

code_enum! {
    /// A ledger account (科目).
    LedgerAccount {
        /// Principal lent.
        ReceivablePrincipal = "receivable.principal",
        /// Instalment fees billed.
        ReceivableInstalmentFee = "receivable.instalment_fee",
        /// Interest billed.
        ReceivableInterest = "receivable.interest",
        /// Charges billed.
        ReceivableCharge = "receivable.charge",
        /// Late fees posted to agreements.
        ReceivableLateFee = "receivable.late_fee",
        /// Late fees accrued by product and day, not yet posted to agreements.
        AccruedLateFee = "accrued.late_fee",
        /// Money on its way to or from the bank.
        Cash = "cash.clearing",
        /// What we owe merchants for purchases.
        MerchantPayable = "payable.merchant",
        /// What customers paid and nothing was owed for (溢缴款); payments pass through it.
        CustomerCredit = "payable.customer_credit",
        /// Obligations taken over with a loaded portfolio.
        PortfolioTakeover = "equity.portfolio_takeover",
        /// Instalment fees earned.
        IncomeInstalmentFee = "income.instalment_fee",
        /// Late fees earned.
        IncomeLateFee = "income.late_fee",
        /// Late fees given up.
        WaivedLateFee = "expense.late_fee_waived",
    }
}

impl LedgerAccount {
    /// Where what is owed of a component stands.
    #[must_use]
    pub fn receivable(component: Component) -> Self {
        match component {
            Component::Principal => Self::ReceivablePrincipal,
            Component::InstalmentFee => Self::ReceivableInstalmentFee,
            Component::Interest => Self::ReceivableInterest,
            Component::Charge => Self::ReceivableCharge,
            Component::LateFee => Self::ReceivableLateFee,
        }
    }
}

/// One debit and one credit of the same amount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// Hashed from the cause.
    pub key: Key,
    /// The account debited.
    pub debit: LedgerAccount,
    /// The account credited.
    pub credit: LedgerAccount,
    /// Above zero.
    pub amount: Money,
    /// What it is for: `purchase`, `payment`, `allocation`, …
    pub cause: &'static str,
}

/// The postings that bring the ledger from `before` to `after` on `business_date`.
///
/// `late_fee_before` and `late_fee_after` are the late fees posted to the agreement so far and now;
/// `change_index` counts the changes of this agreement, so that two on one day have different keys.
///
/// # Errors
/// When a difference does not fit 64 bits.
pub fn postings(
    terms: &Terms,
    agreement: AgreementId,
    business_date: BusinessDate,
    before: Option<&Totals>,
    after: &Totals,
    late_fee_before: Money,
    late_fee_after: Money,
    change_index: u32,
) -> Result<Vec<Posting>, MoneyError> {
    use LedgerAccount as Account;
    let zero = Money::zero(terms.currency);
    let mut book = Book { agreement, business_date, change_index, postings: Vec::new() };
    let was = |total: fn(&Totals) -> Money| before.map_or(zero, total);
    let purchased = was(|totals| totals.purchased);
    book.difference(
        "purchase",
        Account::ReceivablePrincipal,
        Account::MerchantPayable,
        purchased,
        after.purchased,
    )?;
    let refunded = was(|totals| totals.refunded);
    book.difference("refund", Account::MerchantPayable, Account::CustomerCredit, refunded, after.refunded)?;
    let paid = was(|totals| totals.paid);
    book.difference("payment", Account::Cash, Account::CustomerCredit, paid, after.paid)?;
    for component in Component::ALL {
        let receivable = Account::receivable(*component);
        let loaded = before.map_or(zero, |totals| totals.loaded.get(*component));
        book.difference(
            "obligation",
            receivable,
            Account::PortfolioTakeover,
            loaded,
            after.loaded.get(*component),
        )?;
        let billed = before.map_or(zero, |totals| totals.billed_fees.get(*component));
        let billed_now = after.billed_fees.get(*component);
        book.difference("fee", receivable, Account::IncomeInstalmentFee, billed, billed_now)?;
        let cleared = before.map_or(zero, |totals| totals.allocated.get(*component));
        let cleared_now = after.allocated.get(*component);
        book.difference("allocation", Account::CustomerCredit, receivable, cleared, cleared_now)?;
    }
    let (fee, accrued) = (Account::ReceivableLateFee, Account::AccruedLateFee);
    book.difference("late_fee", fee, accrued, late_fee_before, late_fee_after)?;
    book.difference("waiver", Account::WaivedLateFee, fee, was(|totals| totals.waived), after.waived)?;
    Ok(book.postings)
}

struct Book {
    agreement: AgreementId,
    business_date: BusinessDate,
    change_index: u32,
    postings: Vec<Posting>,
}

impl Book {
    /// Posts `after - before`; a negative difference goes the other way round.
    fn difference(
        &mut self,
        cause: &'static str,
        debit: LedgerAccount,
        credit: LedgerAccount,
        before: Money,
        after: Money,
    ) -> Result<(), MoneyError> {
        let change = after.try_sub(before)?;
        if change.is_zero() {
            return Ok(());
        }
        let (debit, credit, amount) = if change.is_positive() {
            (debit, credit, change)
        } else {
            (credit, debit, before.try_sub(after)?)
        };
        let key = Key::of_cause(
            cause,
            &[
                &self.agreement.0,
                &self.business_date.0.days().to_le_bytes(),
                debit.code().as_bytes(),
                credit.code().as_bytes(),
                &self.change_index.to_le_bytes(),
            ],
        );
        self.postings.push(Posting { key, debit, credit, amount, cause });
        Ok(())
    }
}

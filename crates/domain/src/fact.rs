//! Facts about an agreement: what happened, when it counts, and when we learned of it.
//!
//! Facts are only ever added. A correction is a new fact that names the one it replaces.

use std::fmt;

use crate::contact::code_enum;
use crate::date::{Date, Timestamp};
use crate::id::FactId;
use crate::money::{Money, MoneyError};
use crate::terms::Component;

code_enum! {
    /// What happened. The order is the order in which facts of one value date take effect.
    FactKind {
        /// A purchase at a merchant, paid in full on the next statement or by a plan.
        Purchase = "purchase",
        /// An amount that the lender says falls due, where it gives no purchases.
        Obligation = "obligation",
        /// The merchant took a purchase back, wholly or in part.
        Refund = "refund",
        /// Money came in.
        Payment = "payment",
        /// An earlier payment is undone, by us or by the bank.
        Reversal = "reversal",
        /// Late fees up to an amount are given up.
        Waiver = "waiver",
        /// An earlier fact is replaced by nothing: it was wrong and never happened.
        Withdrawal = "withdrawal",
    }
}

/// One fact. Which of the optional fields are set follows from the kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Its id, hashed from the agreement and the lender's reference.
    pub id: FactId,
    /// What happened.
    pub kind: FactKind,
    /// The day from which it counts.
    pub value_on: Date,
    /// The moment we learned of it.
    pub learned_at: Timestamp,
    /// How much; not negative. Zero for a reversal and a withdrawal: they undo all of their target.
    pub amount: Money,
    /// Purchase: number of instalments, 0 for payment in full.
    pub instalment_count: u32,
    /// Obligation: what it is made of.
    pub component: Component,
    /// Obligation: the due date.
    pub due_on: Option<Date>,
    /// Refund, reversal, withdrawal: the fact that it acts on.
    pub target: Option<FactId>,
    /// The lender's own reference.
    pub reference: String,
}

/// Why a fact cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FactError {
    /// The amount is negative, or zero where money must move.
    AmountNotPositive {
        /// The amount given.
        amount: Money,
    },
    /// The plan is not one that the product offers.
    PlanNotOffered {
        /// Instalments asked for.
        count: u32,
        /// Instalments on offer.
        offered: Vec<u32>,
    },
    /// The amount is in another currency than the agreement.
    CurrencyMismatch {
        /// The amount given.
        amount: Money,
        /// The code of the agreement's currency.
        expected: String,
    },
    /// The value date is before the agreement began.
    BeforeAgreement {
        /// The value date.
        value_on: Date,
        /// The day the agreement was opened.
        opened_on: Date,
    },
    /// The value date is after the business date.
    InFuture {
        /// The value date.
        value_on: Date,
        /// The latest date allowed.
        latest: Date,
    },
    /// There is no fact that the reversal or refund could act on.
    UnknownTarget {
        /// The reference given.
        reference: String,
    },
    /// The amount cannot be read in the agreement's currency.
    Amount(MoneyError),
    /// A reversal states another amount than the payment that it undoes.
    ReversalAmount {
        /// The amount given.
        amount: Money,
        /// The amount of the payment.
        expected: Money,
    },
    /// The target was undone before.
    AlreadyReversed {
        /// The reference given.
        reference: String,
    },
}

impl FactError {
    /// The stable code of the refusal.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::AmountNotPositive { .. } => "amount_not_positive",
            Self::PlanNotOffered { .. } => "plan_not_offered",
            Self::CurrencyMismatch { .. } => "currency_mismatch",
            Self::BeforeAgreement { .. } => "before_agreement",
            Self::InFuture { .. } => "in_future",
            Self::UnknownTarget { .. } => "unknown_target",
            Self::Amount(_) => "amount",
            Self::ReversalAmount { .. } => "reversal_amount",
            Self::AlreadyReversed { .. } => "already_reversed",
        }
    }
}

impl fmt::Display for FactError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AmountNotPositive { amount } => write!(f, "amount {amount} must be above zero"),
            Self::PlanNotOffered { count, offered } => {
                write!(f, "a plan of {count} instalments is not offered; the product offers {offered:?}")
            }
            Self::CurrencyMismatch { amount, expected } => {
                write!(f, "amount {amount:?} must be in {expected}, the currency of the agreement")
            }
            Self::BeforeAgreement { value_on, opened_on } => {
                write!(f, "date {value_on} is before the agreement was opened on {opened_on}")
            }
            Self::InFuture { value_on, latest } => {
                write!(f, "date {value_on} is in the future; the latest date taken is {latest}")
            }
            Self::UnknownTarget { reference } => {
                write!(f, "there is no fact {reference:?} to act on")
            }
            Self::Amount(error) => error.fmt(f),
            Self::ReversalAmount { amount, expected } => {
                write!(
                    f,
                    "amount {amount} is not that of the payment, {expected}; a reversal undoes all of it"
                )
            }
            Self::AlreadyReversed { reference } => write!(f, "{reference:?} was reversed before"),
        }
    }
}

impl std::error::Error for FactError {}

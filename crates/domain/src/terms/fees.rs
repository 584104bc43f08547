//! What a product charges for being late beyond the daily rate, and how far that may go.

use crate::contact::code_enum;
use crate::money::{Money, Rate};
use crate::terms::LateFeeBase;

code_enum! {
    /// Whether fees bear late fees and service fees themselves.
    FeeOnFee {
        /// Neither late fees nor charges are in the base (银发〔2016〕111号: no interest on fees).
        Never = "never",
        /// Charges are in the base, late fees are not.
        Charges = "charges",
        /// Everything that is unpaid is in the base.
        Always = "always",
    }
}

/// How high the default items of one statement may get. A limit that is absent does not bind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FeeLimits {
    /// If a fee is charged at all, it is at least this much, unless another limit is lower.
    pub minimum: Option<Money>,
    /// Most that one day adds to the fee of one statement.
    pub per_day: Option<Money>,
    /// Most for one statement or instalment.
    pub per_statement: Option<Money>,
    /// Most over the life of an agreement; when it is reached, no fee accrues any more.
    pub lifetime: Option<Money>,
    /// Most a year for all default items of a statement together, as a share of the base: the late fee, the
    /// minimum fee, the fees charged once, default charges added by hand, and contract interest that goes on by the
    /// day. A day may cost a 365th of it, cut to whole millionths.
    pub per_year: Option<Rate>,
}

/// How much a fee is that is charged once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnceAmount {
    /// The same for all.
    Fixed(Money),
    /// A share of what the statement billed of `base`; late fees are never in it.
    Share {
        /// The share.
        share: Rate,
        /// Of what.
        base: LateFeeBase,
    },
}

/// A fee charged once for a statement or instalment that is so many days past due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnceFee {
    /// Days after the due date, 1 to 365; what is paid by the day before costs nothing.
    pub after_days: i32,
    /// How much.
    pub amount: OnceAmount,
}

/// The daily service fee of a revolving statement: the minimum was paid in time, and the rest is carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServiceFee {
    /// Share of the unpaid rest per day, from the due date on.
    pub rate_per_day: Rate,
    /// Whether fees bear it.
    pub fee_on_fee: FeeOnFee,
}

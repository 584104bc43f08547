//! What a product says about the line at checkout.

use crate::contact::code_enum;
use crate::money::Money;

code_enum! {
    /// When a line may first be drawn on.
    Opening {
        /// As soon as there is an agreement.
        WithAgreement = "with_agreement",
        /// Once somebody opens it.
        OnRequest = "on_request",
    }
}

/// When an overdue line is frozen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FreezeRule {
    /// From so many days past due on, at least 1.
    pub from_days: i32,
    /// How it is thawed.
    pub thaw: Thaw,
}

/// When a line that was frozen for overdue may be drawn on again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thaw {
    /// On the day on which nothing is overdue any more.
    AtOnce,
    /// So many days later, if nothing fell overdue in between; at least 1.
    AfterDays(i32),
    /// Only by an actor.
    ByHand,
}

/// The product's rules about the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineRules {
    /// When it may first be drawn on.
    pub opening: Opening,
    /// Days for which an authorisation holds its amount; the day of authorisation is not counted. 1 to 60.
    pub hold_days: i32,
    /// Whether a hold that has run out may still be captured, as far as the line has room.
    pub takes_late_capture: bool,
    /// Whether unapplied credit adds to what may be drawn.
    pub credit_adds: bool,
    /// The least amount of a purchase.
    pub amount_min: Option<Money>,
    /// The largest amount of a purchase.
    pub amount_max: Option<Money>,
    /// Merchant categories that may not be paid with it, as the lender's acquirer names them.
    pub excluded_categories: Vec<String>,
    /// When it is frozen for overdue; `None`: never by the day's run.
    pub freeze: Option<FreezeRule>,
}

/// Days that an authorisation holds unless the product says otherwise.
pub const HOLD_DAYS_DEFAULT: i32 = 7;

impl Default for LineRules {
    /// The rules of a product that says nothing about the line.
    fn default() -> Self {
        Self {
            opening: Opening::WithAgreement,
            hold_days: HOLD_DAYS_DEFAULT,
            takes_late_capture: false,
            credit_adds: true,
            amount_min: None,
            amount_max: None,
            excluded_categories: Vec::new(),
            freeze: None,
        }
    }
}

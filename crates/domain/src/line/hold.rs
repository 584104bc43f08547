//! A hold on a line: an accepted purchase until it is captured, voided or has run out.

use crate::wording;
use crate::wording::Wording;
use std::fmt;

use crate::contact::code_enum;
use crate::date::Date;
use crate::money::{Money, MoneyError};

code_enum! {
    /// What became of a request at checkout.
    HoldState {
        /// It was declined; nothing was ever held.
        Declined = "declined",
        /// It holds what is not captured yet.
        Open = "open",
        /// All that will be is captured.
        Captured = "captured",
        /// It was given up before anything was captured, or its rest was.
        Voided = "voided",
        /// It ran out; it holds nothing any more.
        Expired = "expired",
    }
}

/// A hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    /// What became of it.
    pub state: HoldState,
    /// What was authorised.
    pub amount: Money,
    /// What was captured of it so far.
    pub captured: Money,
    /// The last day on which it holds.
    pub expires_on: Date,
}

/// How much of a hold a capture takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaptureRest {
    /// What is left stays held for further captures.
    Keep,
    /// What is left is freed.
    Release,
}

/// Which part of a hold a void gives up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VoidScope {
    /// All of it, of which nothing may be captured yet.
    Whole,
    /// What is not captured yet.
    Rest,
}

/// Why a capture, void or refund cannot be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckoutRefusal {
    /// The same reference was used with something else.
    ReferenceConflict {
        /// The merchant's reference.
        reference: String,
        /// What differs: amount, currency, instalment count, purchase.
        field: &'static str,
        /// What was given first.
        known: String,
        /// What is given now.
        given: String,
    },
    /// Two merchants used the same reference on this agreement.
    ReferenceAmbiguous {
        /// The reference.
        reference: String,
    },
    /// A name is empty or too long.
    NameUnusable {
        /// merchant, reference, category.
        field: &'static str,
        /// The most characters taken.
        length_max: usize,
    },
    /// The amount is zero or less.
    AmountNotPositive {
        /// The amount.
        amount: Money,
    },
    /// The amount is in another currency than the hold.
    CurrencyMismatch {
        /// The amount.
        amount: Money,
        /// The currency of the hold.
        expected: &'static str,
    },
    /// The request was declined, so there is nothing to act on.
    Declined,
    /// More than is left of the hold.
    CaptureExceedsHold {
        /// The amount.
        amount: Money,
        /// What is left.
        rest: Money,
    },
    /// The hold was voided.
    Voided,
    /// The hold ran out, and the product takes no late captures.
    Expired {
        /// The last day on which it held.
        expires_on: Date,
    },
    /// The hold ran out, and the line has no room for it any more.
    LateCaptureExceedsLine {
        /// The amount.
        amount: Money,
        /// What may be drawn.
        available: Money,
    },
    /// Something was captured, which a void cannot undo.
    AlreadyCaptured {
        /// What was captured.
        captured: Money,
    },
    /// Nothing is left of the hold.
    NothingLeft,
    /// More than what was bought, less what was refunded before.
    RefundExceedsPurchase {
        /// The amount.
        amount: Money,
        /// What can still be refunded.
        rest: Money,
    },
    /// A hold was captured several times, so the refund must name the capture.
    SeveralCaptures {
        /// The references of its captures.
        references: Vec<String>,
    },
    /// Nothing was captured of it, so there is nothing to refund.
    NothingCaptured,
}

impl CheckoutRefusal {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::ReferenceConflict { .. } => "reference_conflict",
            Self::ReferenceAmbiguous { .. } => "reference_ambiguous",
            Self::NameUnusable { .. } => "name_unusable",
            Self::AmountNotPositive { .. } => "amount_not_positive",
            Self::CurrencyMismatch { .. } => "currency_mismatch",
            Self::Declined => "hold_declined",
            Self::CaptureExceedsHold { .. } => "capture_exceeds_hold",
            Self::Voided => "hold_voided",
            Self::Expired { .. } => "hold_expired",
            Self::LateCaptureExceedsLine { .. } => "late_capture_exceeds_line",
            Self::AlreadyCaptured { .. } => "already_captured",
            Self::NothingLeft => "nothing_left_to_capture",
            Self::RefundExceedsPurchase { .. } => "refund_exceeds_purchase",
            Self::SeveralCaptures { .. } => "several_captures",
            Self::NothingCaptured => "nothing_captured",
        }
    }
}

impl CheckoutRefusal {
    /// What is wrong and what would be right, in both languages.
    #[must_use]
    pub fn wording(&self) -> Wording {
        match self {
            Self::ReferenceConflict { reference, field, known, given } => wording!(
                "编号“{reference}”此前使用时 {field} 为 {known}，而不是 {given}；请照原样重复，或换一个新编号",
                "reference {reference:?} was used before with {field} {known}, not {given}; repeat it as it was, or take a new reference"
            ),
            Self::ReferenceAmbiguous { reference } => wording!(
                "该合约上有多个商户用过编号“{reference}”；请用预授权的 id 指明",
                "several merchants used the reference {reference:?} on this agreement; name the hold by its id"
            ),
            Self::NameUnusable { field, length_max } => {
                wording!(
                    "{field} 须为 1 至 {length_max} 个字符，且不含控制字符",
                    "{field} must be 1 to {length_max} characters without control characters"
                )
            }
            Self::AmountNotPositive { amount } => {
                wording!("金额 {amount} 必须大于零", "amount {amount} must be above zero")
            }
            Self::CurrencyMismatch { amount, expected } => {
                wording!("金额 {amount:?} 的币种须为 {expected}", "amount {amount:?} must be in {expected}")
            }
            Self::Declined => {
                wording!(
                    "该笔消费已被拒绝；请用新编号重新申请预授权",
                    "the purchase was declined; authorise it anew under another reference"
                )
            }
            Self::CaptureExceedsHold { amount, rest } => {
                wording!(
                    "金额 {amount} 超过预授权余额 {rest}；请就差额另行申请预授权",
                    "amount {amount} is above the {rest} left of the hold; authorise the difference"
                )
            }
            Self::Voided => wording!(
                "该预授权已撤销；请重新申请预授权",
                "the hold was voided; authorise the purchase anew"
            ),
            Self::Expired { expires_on } => wording!(
                "该预授权已于 {expires_on} 到期，且该产品不接受逾期请款；请重新申请预授权",
                "the hold ended on {expires_on} and the product takes no late captures; authorise the purchase anew"
            ),
            Self::LateCaptureExceedsLine { amount, available } => wording!(
                "预授权已到期，可用额度 {available} 低于 {amount}；请减少请款金额，或重新申请预授权",
                "the hold ran out and the line has {available} left, less than {amount}; capture less or authorise anew"
            ),
            Self::AlreadyCaptured { captured } => wording!(
                "已请款 {captured}，撤销不能冲回；请办理退款，或只撤销余下部分",
                "{captured} was captured, which a void cannot undo; refund it, or void only the rest"
            ),
            Self::NothingLeft => wording!(
                "预授权已无余额；请重新申请预授权",
                "nothing is left of the hold; authorise the purchase anew"
            ),
            Self::RefundExceedsPurchase { amount, rest } => {
                wording!(
                    "金额 {amount} 超过该笔消费尚可退款的 {rest}",
                    "amount {amount} is above the {rest} that can still be refunded of the purchase"
                )
            }
            Self::SeveralCaptures { references } => wording!(
                "该预授权分多次请款；请按编号指明退哪一笔：{}",
                "the hold was captured in several parts; refund one of them by its reference: {}",
                references.join(", ")
            ),
            Self::NothingCaptured => {
                wording!(
                    "该预授权尚未请款，没有可退的金额；请撤销",
                    "nothing was captured of it, so there is nothing to refund; void it"
                )
            }
        }
    }
}

impl fmt::Display for CheckoutRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.wording().en)
    }
}

impl std::error::Error for CheckoutRefusal {}

impl Hold {
    /// A new hold on a purchase that was accepted.
    #[must_use]
    pub fn new(amount: Money, expires_on: Date) -> Self {
        Self { state: HoldState::Open, amount, captured: Money::zero(amount.currency()), expires_on }
    }

    /// What it takes from the line now.
    ///
    /// # Errors
    /// When amounts do not fit.
    pub fn held(&self) -> Result<Money, MoneyError> {
        match self.state {
            HoldState::Open => self.amount.try_sub(self.captured),
            HoldState::Declined | HoldState::Captured | HoldState::Voided | HoldState::Expired => {
                Ok(Money::zero(self.amount.currency()))
            }
        }
    }

    /// Whether it has run out by `on`, whether or not the day's run has been there.
    #[must_use]
    pub fn has_run_out(&self, on: Date) -> bool {
        self.state == HoldState::Expired || (self.state == HoldState::Open && on > self.expires_on)
    }

    /// The hold after a capture on `on`.
    ///
    /// `late_room` is what the line has left for a hold that ran out; `None` when the product takes no late
    /// captures.
    ///
    /// # Errors
    /// See [`CheckoutRefusal`]; [`MoneyError`] cannot be, since all amounts were checked to be in one currency.
    pub fn after_capture(
        &self,
        amount: Money,
        rest: CaptureRest,
        on: Date,
        late_room: Option<Money>,
    ) -> Result<Self, CheckoutRefusal> {
        if amount.currency() != self.amount.currency() {
            return Err(CheckoutRefusal::CurrencyMismatch {
                amount,
                expected: self.amount.currency().code(),
            });
        }
        if !amount.is_positive() {
            return Err(CheckoutRefusal::AmountNotPositive { amount });
        }
        match self.state {
            HoldState::Declined => return Err(CheckoutRefusal::Declined),
            HoldState::Voided => return Err(CheckoutRefusal::Voided),
            HoldState::Captured => return Err(CheckoutRefusal::NothingLeft),
            HoldState::Open | HoldState::Expired => {}
        }
        let left = Money::new(self.amount.minor() - self.captured.minor(), amount.currency());
        if amount.minor() > left.minor() {
            return Err(CheckoutRefusal::CaptureExceedsHold { amount, rest: left });
        }
        let has_run_out = self.has_run_out(on);
        if has_run_out {
            let expires_on = self.expires_on;
            let available = late_room.ok_or(CheckoutRefusal::Expired { expires_on })?;
            if amount.minor() > available.minor() {
                return Err(CheckoutRefusal::LateCaptureExceedsLine { amount, available });
            }
        }
        let captured = Money::new(self.captured.minor() + amount.minor(), amount.currency());
        let is_done = captured == self.amount || rest == CaptureRest::Release;
        let state = match (is_done, has_run_out) {
            (true, _) => HoldState::Captured,
            (false, true) => HoldState::Expired,
            (false, false) => HoldState::Open,
        };
        Ok(Self { state, captured, ..*self })
    }

    /// The hold after it was given up.
    ///
    /// # Errors
    /// When something was captured and the whole is meant; when it was declined. A hold that was voided or has run
    /// out before stays as it is: nothing is held any more, which is what is asked for.
    pub fn after_void(&self, scope: VoidScope) -> Result<Self, CheckoutRefusal> {
        match (self.state, scope) {
            (HoldState::Declined, _) => Err(CheckoutRefusal::Declined),
            (HoldState::Captured, _) => Err(CheckoutRefusal::AlreadyCaptured { captured: self.captured }),
            (HoldState::Open | HoldState::Expired, VoidScope::Whole) if self.captured.is_positive() => {
                Err(CheckoutRefusal::AlreadyCaptured { captured: self.captured })
            }
            (HoldState::Open, VoidScope::Rest) if self.captured.is_positive() => {
                Ok(Self { state: HoldState::Captured, ..*self })
            }
            (HoldState::Open | HoldState::Voided | HoldState::Expired, _) => {
                Ok(Self { state: HoldState::Voided, ..*self })
            }
        }
    }

    /// The hold on a day, run out if it is past its last one.
    #[must_use]
    pub fn on(&self, date: Date) -> Self {
        if self.state == HoldState::Open && date > self.expires_on {
            Self { state: HoldState::Expired, ..*self }
        } else {
            *self
        }
    }
}

/// Checks a refund of `amount` against what was bought and what was refunded of it before.
///
/// # Errors
/// Zero or less, another currency, or more than is left.
pub fn check_refund(amount: Money, bought: Money, refunded: Money) -> Result<(), CheckoutRefusal> {
    if amount.currency() != bought.currency() {
        return Err(CheckoutRefusal::CurrencyMismatch { amount, expected: bought.currency().code() });
    }
    if !amount.is_positive() {
        return Err(CheckoutRefusal::AmountNotPositive { amount });
    }
    let rest = Money::new(bought.minor() - refunded.minor(), bought.currency());
    if amount.minor() > rest.minor() {
        return Err(CheckoutRefusal::RefundExceedsPurchase { amount, rest });
    }
    Ok(())
}

#[cfg(test)]
mod tests;

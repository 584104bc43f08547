//! A purchase at checkout: accepted, or declined for one named reason.

use crate::contact::{Language, code_enum};
use crate::line::available::Available;
use crate::line::rule::LineRules;
use crate::line::state::{Life, Line};
use crate::money::{Currency, Money};

code_enum! {
    /// Why a purchase is declined. The order is that in which reasons are looked for.
    DeclineReason {
        /// The line is in another currency.
        Currency = "currency",
        /// The line is closed.
        Closed = "closed",
        /// The line is not opened yet.
        NotOpened = "not_opened",
        /// The line is frozen for risk.
        FrozenRisk = "frozen_risk",
        /// The line is frozen because something is overdue.
        FrozenOverdue = "frozen_overdue",
        /// The customer suspended the line.
        SuspendedByCustomer = "suspended_by_customer",
        /// The product takes no purchases of this category.
        CategoryExcluded = "category_excluded",
        /// The amount is less or more than the product takes.
        AmountRange = "amount_range",
        /// The product has no such plan.
        PlanNotOffered = "plan_not_offered",
        /// The limit was lowered, and the purchase would have fitted the one granted.
        Reduced = "reduced",
        /// The line has no room for it.
        Limit = "limit",
    }
}

impl DeclineReason {
    /// What the customer and the merchant may be told, without telling more than they need.
    #[must_use]
    pub fn text(self, language: Language) -> &'static str {
        let (zh, en) = match self {
            Self::Currency => ("该额度不支持此币种", "this line is not in that currency"),
            Self::Closed => ("额度已关闭，不能用于新的消费", "the line is closed to new purchases"),
            Self::NotOpened => ("额度尚未开通", "the line has not been opened yet"),
            Self::FrozenRisk => {
                ("额度已被冻结，请联系客服", "the line is frozen; please call customer service")
            }
            Self::FrozenOverdue => (
                "有逾期款项，还清后可恢复使用",
                "something is overdue; the line can be used again once that is paid",
            ),
            Self::SuspendedByCustomer => (
                "客户已暂停使用该额度，恢复后可用",
                "the customer has suspended the line; it can be used once it is resumed",
            ),
            Self::CategoryExcluded => {
                ("该额度不能用于此类商户", "the line cannot be used at merchants of this kind")
            }
            Self::AmountRange => {
                ("金额不在产品允许的范围内", "the amount is outside the range that the product allows")
            }
            Self::PlanNotOffered => {
                ("产品不提供该分期期数", "the product offers no plan of so many instalments")
            }
            Self::Reduced => {
                ("额度已调低，可用额度不足", "the limit was lowered and there is not enough left of it")
            }
            Self::Limit => ("可用额度不足", "there is not enough available credit"),
        };
        match language {
            Language::Zh => zh,
            Language::En => en,
        }
    }
}

/// What a merchant asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrawRequest {
    /// The amount, above zero, in any currency.
    pub amount: Money,
    /// Number of instalments, 0 for payment in full on the next statement.
    pub instalment_count: u32,
    /// The merchant's category, where it is known.
    pub category: Option<String>,
}

/// The first reason to decline; `None` when the purchase is accepted.
///
/// `offered` are the counts of the product's plans.
#[must_use]
pub fn decline(
    currency: Currency,
    line: &Line,
    rules: &LineRules,
    offered: &[u32],
    available: &Available,
    request: &DrawRequest,
) -> Option<DeclineReason> {
    let amount = request.amount;
    if amount.currency() != currency {
        return Some(DeclineReason::Currency);
    }
    let is_excluded = request.category.as_ref().is_some_and(|category| {
        rules.excluded_categories.iter().any(|excluded| excluded.eq_ignore_ascii_case(category))
    });
    let is_below = rules.amount_min.is_some_and(|least| amount.minor() < least.minor());
    let is_above = rules.amount_max.is_some_and(|most| amount.minor() > most.minor());
    let count = request.instalment_count;
    let is_short = amount.minor() > available.amount.minor();
    // Sums in 128 bits: the amount may be as large as it likes.
    let missing = i128::from(amount.minor()) + i128::from(available.over.minor())
        - i128::from(available.amount.minor());
    let cut = i128::from(line.granted.minor()) - i128::from(line.limit.minor());
    let checks = [
        (line.life == Life::Closed, DeclineReason::Closed),
        (line.life == Life::NotOpened, DeclineReason::NotOpened),
        (line.is_frozen_risk, DeclineReason::FrozenRisk),
        (line.is_frozen_overdue, DeclineReason::FrozenOverdue),
        (line.is_suspended, DeclineReason::SuspendedByCustomer),
        (is_excluded, DeclineReason::CategoryExcluded),
        (is_below || is_above, DeclineReason::AmountRange),
        (count > 0 && !offered.contains(&count), DeclineReason::PlanNotOffered),
        (is_short && line.is_reduced() && missing <= cut, DeclineReason::Reduced),
        (is_short, DeclineReason::Limit),
    ];
    checks.into_iter().find(|(holds, _)| *holds).map(|(_, reason)| reason)
}

#[cfg(test)]
mod tests;

//! What may still be drawn (可用额度), with its derivation.

use crate::line::rule::LineRules;
use crate::line::state::Line;
use crate::money::{Money, MoneyError};
use crate::position::Position;
use crate::terms::Component;

/// Limit less what is owed and held, plus credit; each part by itself, so that the sum can be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Available {
    /// The credit limit.
    pub limit: Money,
    /// Principal on statements, and on the instalments of draws with a schedule.
    pub billed: Money,
    /// Purchases in full that are not on a statement yet.
    pub unbilled: Money,
    /// What is left of plans and not on a statement yet.
    pub plan_rest: Money,
    /// Open holds.
    pub held: Money,
    /// Unapplied credit, as far as the product counts it.
    pub credit: Money,
    /// What may be drawn: limit − billed − unbilled − plans − held + credit, and not less than zero.
    pub amount: Money,
    /// By how much the line is drawn beyond its limit; zero unless the limit was lowered or facts came from elsewhere.
    pub over: Money,
}

/// What may be drawn on a line, given what is owed on it and what is held.
///
/// # Errors
/// When amounts do not fit 64 bits or currencies differ.
pub fn available(
    line: &Line,
    rules: &LineRules,
    position: &Position,
    held: Money,
) -> Result<Available, MoneyError> {
    let zero = Money::zero(line.limit.currency());
    let (mut billed, mut unbilled, mut plan_rest) = (zero, zero, zero);
    for statement in &position.statements {
        billed = billed.try_add(statement.rest_of(Component::Principal)?)?;
    }
    // Charges wait there too; they do not use up the line.
    for purchase in position.unbilled.iter().filter(|unbilled| unbilled.component == Component::Principal) {
        unbilled = unbilled.try_add(purchase.amount)?;
    }
    for plan in &position.plans {
        plan_rest = plan_rest.try_add(plan.unbilled)?;
    }
    let credit = if rules.credit_adds { position.credit } else { zero };
    let used = billed.try_add(unbilled)?.try_add(plan_rest)?.try_add(held)?;
    let free = line.limit.try_add(credit)?.try_sub(used)?;
    let (amount, over) = if free.minor() < 0 { (zero, zero.try_sub(free)?) } else { (free, zero) };
    Ok(Available { limit: line.limit, billed, unbilled, plan_rest, held, credit, amount, over })
}

impl Available {
    /// What is lent: billed, unbilled and in plans.
    ///
    /// # Errors
    /// When amounts do not fit 64 bits.
    pub fn used(&self) -> Result<Money, MoneyError> {
        self.billed.try_add(self.unbilled)?.try_add(self.plan_rest)
    }
}

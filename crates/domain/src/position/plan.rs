//! Instalment plans (分期计划) whose instalments statements bill.

use crate::fact::Prepayment;
use crate::id::FactId;
use crate::money::{Money, MoneyError, Rate};
use crate::schedule::{Instalment, PlanTerms, schedule};
use crate::terms::{InstalmentOffer, Terms};

/// A part of a plan with interest that is still to be billed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlannedPart {
    /// Principal.
    pub principal: Money,
    /// Interest.
    pub interest: Money,
}

/// An instalment plan with periods still to bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The purchase or statement plan that it splits.
    pub purchase: FactId,
    /// The amount that was split.
    pub principal: Money,
    /// Number of instalments.
    pub count: u32,
    /// Fee per period.
    pub fee_per_period: Money,
    /// Instalments already on statements.
    pub billed_count: u32,
    /// Principal not yet on a statement; refunds lower it.
    pub unbilled: Money,
    /// The instalments to come of a plan with interest, the next one first; empty for a flat fee.
    pub ahead: Vec<PlannedPart>,
}

impl Plan {
    /// The plan of an offer on `principal` from `starts_on` on.
    ///
    /// Interest is for equal months: the cut-off days decide when an instalment is billed, not what it costs. An
    /// offer whose interest cannot be spread over the amount is billed in equal parts without it.
    pub(super) fn new(
        terms: &Terms,
        purchase: FactId,
        offer: &InstalmentOffer,
        principal: Money,
        starts_on: crate::date::Date,
    ) -> Result<Self, MoneyError> {
        let mut plan = Self {
            purchase,
            principal,
            count: offer.count,
            fee_per_period: offer.fee_per_period.of(principal, terms.rounding)?,
            billed_count: 0,
            unbilled: principal,
            ahead: Vec::new(),
        };
        if offer.interest_per_year > Rate::ZERO {
            // Due dates are those of statements, so none moves over days off.
            let months = PlanTerms { shift: crate::calendar::WorkdayShift::None, ..terms.plan.clone() };
            let schedule_terms = months.of_plan(principal, offer, starts_on, None, None, terms.rounding);
            let calendar = crate::calendar::Calendar::weekends_only();
            match schedule(&schedule_terms, &calendar) {
                Ok(schedule) => plan.ahead = schedule.rows.iter().map(PlannedPart::of).collect(),
                Err(crate::schedule::ScheduleError::Money(error)) => return Err(error),
                Err(_) => {}
            }
        }
        Ok(plan)
    }

    /// Bills the next instalment and gives its principal and interest; the last one takes the residue.
    pub(super) fn bill_next(&mut self) -> Result<PlannedPart, MoneyError> {
        self.billed_count += 1;
        let is_last = self.billed_count == self.count;
        let (wanted, interest) = if self.ahead.is_empty() {
            let each = Money::new(self.principal.minor() / i64::from(self.count), self.principal.currency());
            (each, Money::zero(self.principal.currency()))
        } else {
            let part = self.ahead.remove(0);
            (part.principal, part.interest)
        };
        let principal = if is_last { self.unbilled } else { wanted.try_min(self.unbilled)? };
        self.unbilled = self.unbilled.try_sub(principal)?;
        Ok(PlannedPart { principal, interest })
    }

    /// Whether nothing is left to bill.
    pub(super) fn is_billed(&self) -> bool {
        self.billed_count >= self.count || !self.unbilled.is_positive()
    }

    /// Instalments still to come.
    #[must_use]
    pub fn count_to_come(&self) -> u32 {
        self.count.saturating_sub(self.billed_count)
    }

    /// Fees of the instalments still to come.
    pub(super) fn fees_to_come(&self) -> Result<Money, MoneyError> {
        let minor = i128::from(self.fee_per_period.minor()) * i128::from(self.count_to_come());
        let minor = i64::try_from(minor).map_err(|_| MoneyError::Overflow)?;
        Ok(Money::new(minor, self.fee_per_period.currency()))
    }

    /// Interest of the instalments still to come.
    pub(super) fn interest_to_come(&self) -> Result<Money, MoneyError> {
        let zero = Money::zero(self.principal.currency());
        self.ahead.iter().try_fold(zero, |sum, part| sum.try_add(part.interest))
    }

    /// Splits what is left anew over `count` instalments; the fee stays the same share of the principal, or
    /// becomes `fee_share`.
    pub(super) fn split_anew(
        &mut self,
        terms: &Terms,
        count: u32,
        fee_share: Option<Rate>,
    ) -> Result<(), MoneyError> {
        let old_principal = self.principal;
        let interest = self.interest_to_come()?;
        self.fee_per_period = match fee_share {
            Some(share) => share.of(self.unbilled, terms.rounding)?,
            None => scaled(self.fee_per_period, self.unbilled, old_principal, terms)?,
        };
        self.ahead = split_parts(self.unbilled, interest, count, !self.ahead.is_empty());
        (self.principal, self.count, self.billed_count) = (self.unbilled, count.max(1), 0);
        Ok(())
    }

    /// Takes `amount` off what is not billed yet.
    pub(super) fn prepay(
        &mut self,
        terms: &Terms,
        amount: Money,
        mode: Prepayment,
    ) -> Result<(), MoneyError> {
        let before = self.unbilled;
        self.unbilled = self.unbilled.try_sub(amount)?;
        for part in &mut self.ahead {
            part.interest = scaled(part.interest, self.unbilled, before, terms)?;
        }
        match mode {
            // The instalments stay as high, and `bill_next` ends when nothing is left.
            Prepayment::Shorten | Prepayment::Advance => Ok(()),
            Prepayment::Lower => self.split_anew(terms, self.count_to_come(), None),
        }
    }
}

/// `amount × part / whole`, rounded once.
fn scaled(amount: Money, part: Money, whole: Money, terms: &Terms) -> Result<Money, MoneyError> {
    if !whole.is_positive() {
        return Ok(amount);
    }
    let product = i128::from(amount.minor()) * i128::from(part.minor());
    let minor = terms.rounding.divide(product, i128::from(whole.minor()));
    i64::try_from(minor).map(|minor| Money::new(minor, amount.currency())).map_err(|_| MoneyError::Overflow)
}

fn split_parts(principal: Money, interest: Money, count: u32, has_interest: bool) -> Vec<PlannedPart> {
    if !has_interest || count == 0 {
        return Vec::new();
    }
    let parts = principal.split(count).into_iter().zip(interest.split(count));
    parts.map(|(principal, interest)| PlannedPart { principal, interest }).collect()
}

impl PlannedPart {
    fn of(row: &Instalment) -> Self {
        Self { principal: row.principal, interest: row.interest }
    }
}

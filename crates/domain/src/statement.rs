//! A statement with what is still open of it, its minimum and its late fee.
//!
//! An obligation that the lender loaded without purchases is a statement of its own with one line.

use crate::amounts::{Accrued, Amounts};
use crate::date::Date;
use crate::money::{Money, MoneyError};
use crate::terms::{Component, GraceEnd, LateFeeBase, LateFeeTerms, OverdueMeasure, Terms};

/// Where a statement came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatementOrigin {
    /// The cut-off of a cycle.
    CutOff,
    /// The lender's own list of obligations.
    Loaded,
}

/// Whether the minimum was there in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Punctuality {
    /// The due date has not passed.
    NotYetDue,
    /// At least the minimum was paid by the due date.
    Met,
    /// Less than the minimum was paid by the due date.
    Missed,
}

/// The late fee (违约金) of one statement, in closed form.
///
/// `accrued` holds finished segments; the running one is base × rate × days since `running_since`. Whatever
/// changes the base first closes the segment, so the total is exact and is rounded once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LateFee {
    /// Finished segments.
    pub accrued: Accrued,
    /// First day of the running segment.
    pub running_since: Date,
    /// Paid so far.
    pub paid: Money,
    /// Given up so far.
    pub waived: Money,
}

/// One statement (账单).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Where it came from.
    pub origin: StatementOrigin,
    /// The day it was cut off; for a loaded obligation the day from which it counts.
    pub cut_off_on: Date,
    /// The day it is due.
    pub due_on: Date,
    /// What it billed.
    pub billed: Amounts,
    /// What was paid of it, late fee excepted.
    pub paid: Amounts,
    /// The least to be paid by the due date.
    pub minimum: Money,
    /// What was paid towards the minimum; never above it.
    pub minimum_paid: Money,
    /// Whether the minimum was there in time.
    pub punctuality: Punctuality,
    /// Its late fee.
    pub late_fee: LateFee,
}

impl Statement {
    /// What is unpaid of one component, late fee by delay excepted.
    ///
    /// # Errors
    /// When amounts do not fit; the same holds for all functions here.
    pub fn rest_of(&self, component: Component) -> Result<Money, MoneyError> {
        self.billed.get(component).try_sub(self.paid.get(component))
    }

    /// What is unpaid of all that was billed.
    ///
    /// # Errors
    /// When amounts do not fit.
    pub fn rest(&self) -> Result<Money, MoneyError> {
        self.billed.total()?.try_sub(self.paid.total()?)
    }

    /// The missing part of the minimum.
    ///
    /// # Errors
    /// When amounts do not fit.
    pub fn shortfall(&self) -> Result<Money, MoneyError> {
        self.minimum.try_sub(self.minimum_paid)
    }

    /// What is overdue of it; nothing when the minimum was met in time or the default is cured.
    ///
    /// # Errors
    /// When amounts do not fit.
    pub fn overdue(&self, terms: &Terms) -> Result<Money, MoneyError> {
        match (self.punctuality, terms.overdue) {
            (Punctuality::NotYetDue | Punctuality::Met, _) => Ok(Money::zero(terms.currency)),
            (Punctuality::Missed, OverdueMeasure::Minimum) => self.shortfall(),
            (Punctuality::Missed, OverdueMeasure::StatementRest) => self.rest(),
        }
    }

    /// The amount that the late fee accrues on now.
    ///
    /// # Errors
    /// When amounts do not fit.
    pub fn late_fee_base(&self, fee: &LateFeeTerms, terms: &Terms) -> Result<Money, MoneyError> {
        if self.punctuality == Punctuality::Met {
            return Ok(Money::zero(terms.currency));
        }
        if self.punctuality == Punctuality::Missed && self.overdue(terms)?.is_zero() {
            return Ok(Money::zero(terms.currency));
        }
        match fee.base {
            LateFeeBase::StatementRest => self.rest(),
            LateFeeBase::Principal => self.rest_of(Component::Principal),
            LateFeeBase::MinimumShortfall => self.shortfall(),
        }
    }

    /// The day from which the late fee runs if it is charged.
    #[must_use]
    pub fn late_fee_from(&self, fee: &LateFeeTerms) -> Date {
        match fee.after_grace {
            GraceEnd::FromDueDate => self.due_on,
            GraceEnd::FromGraceEnd => self.due_on.plus_days(fee.grace_days),
        }
    }

    /// Closes the running segment on `date`; what changes the base must call this first.
    ///
    /// Returns the segment, if it has a day and a base.
    ///
    /// # Errors
    /// When amounts do not fit.
    pub fn close_segment(&mut self, terms: &Terms, date: Date) -> Result<Option<Segment>, MoneyError> {
        let Some(fee) = &terms.late_fee else { return Ok(None) };
        let from = self.late_fee.running_since;
        if date <= from {
            return Ok(None);
        }
        let base = self.late_fee_base(fee, terms)?;
        let days = date.days_since(from);
        let amount = Accrued::over(base, fee.rate_per_day, days);
        self.late_fee.accrued = self.late_fee.accrued.plus(amount);
        self.late_fee.running_since = date;
        Ok(base.is_positive().then_some(Segment { from, through: date, days, base, amount }))
    }

    /// The exact late fee up to and including `date`, capped; nothing while grace lasts or if in time.
    ///
    /// # Errors
    /// When amounts do not fit.
    pub fn late_fee_exact(&self, terms: &Terms, date: Date) -> Result<Accrued, MoneyError> {
        let Some(fee) = &terms.late_fee else { return Ok(Accrued(0)) };
        if self.punctuality != Punctuality::Missed || date <= self.due_on.plus_days(fee.grace_days) {
            return Ok(Accrued(0));
        }
        let days = date.days_since(self.late_fee.running_since).max(0);
        let running = Accrued::over(self.late_fee_base(fee, terms)?, fee.rate_per_day, days);
        let total = self.late_fee.accrued.plus(running);
        Ok(match self.late_fee_cap(fee, terms)? {
            Some(cap) => total.min(Accrued::of(cap)),
            None => total,
        })
    }

    /// The largest late fee that the terms allow for this statement.
    ///
    /// # Errors
    /// When amounts do not fit.
    pub fn late_fee_cap(&self, fee: &LateFeeTerms, terms: &Terms) -> Result<Option<Money>, MoneyError> {
        match fee.cap_share {
            Some(share) => share.of(self.billed.total()?, terms.rounding).map(Some),
            None => Ok(None),
        }
    }

    /// The late fee charged up to `date`: the exact one, rounded once.
    ///
    /// # Errors
    /// When amounts do not fit.
    pub fn late_fee_charged(&self, terms: &Terms, date: Date) -> Result<Money, MoneyError> {
        self.late_fee_exact(terms, date)?.round(terms.rounding, terms.currency)
    }

    /// What is unpaid of the late fee on `date`.
    ///
    /// # Errors
    /// When amounts do not fit.
    pub fn late_fee_rest(&self, terms: &Terms, date: Date) -> Result<Money, MoneyError> {
        let settled = self.late_fee.paid.try_add(self.late_fee.waived)?;
        self.late_fee_charged(terms, date)?.try_sub(settled)
    }

    /// The late fee that one more day adds while nothing happens; nothing once the cap is reached.
    ///
    /// # Errors
    /// When amounts do not fit.
    pub fn late_fee_daily(&self, terms: &Terms, date: Date) -> Result<Accrued, MoneyError> {
        let Some(fee) = &terms.late_fee else { return Ok(Accrued(0)) };
        let today = self.late_fee_exact(terms, date)?;
        if today == Accrued(0) {
            return Ok(Accrued(0));
        }
        let daily = Accrued::over(self.late_fee_base(fee, terms)?, fee.rate_per_day, 1);
        Ok(match self.late_fee_cap(fee, terms)? {
            Some(cap) => daily.min(Accrued(Accrued::of(cap).0 - today.0)),
            None => daily,
        })
    }

    /// The next day on which the daily late fee changes by itself: it begins, or its cap is reached.
    ///
    /// # Errors
    /// When amounts do not fit.
    pub fn next_late_fee_change(&self, terms: &Terms, date: Date) -> Result<Option<Date>, MoneyError> {
        let Some(fee) = &terms.late_fee else { return Ok(None) };
        if self.punctuality != Punctuality::Missed {
            return Ok(None);
        }
        let starts_on = self.due_on.plus_days(fee.grace_days + 1);
        if date < starts_on {
            return Ok(Some(starts_on));
        }
        let daily = Accrued::over(self.late_fee_base(fee, terms)?, fee.rate_per_day, 1);
        let Some(cap) = self.late_fee_cap(fee, terms)? else { return Ok(None) };
        let room = Accrued::of(cap).0 - self.late_fee_exact(terms, date)?.0;
        if daily.0 == 0 || room <= 0 {
            return Ok(None);
        }
        let whole_days = i32::try_from(room / daily.0).unwrap_or(i32::MAX);
        // After the whole days, one more day adds only what is left under the cap: a change of its own.
        Ok(Some(date.plus_days(whole_days.max(1))))
    }

    /// Whether anything of it can still matter.
    ///
    /// # Errors
    /// When amounts do not fit.
    pub fn is_settled(&self, terms: &Terms, date: Date) -> Result<bool, MoneyError> {
        let minimum_is_met = self.shortfall()?.is_zero() || terms.overdue == OverdueMeasure::StatementRest;
        Ok(self.rest()?.is_zero() && minimum_is_met && self.late_fee_rest(terms, date)?.is_zero())
    }
}

/// One stretch of days over which a late fee accrued on an unchanging base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The day after which the first day counts.
    pub from: Date,
    /// The last day that counts.
    pub through: Date,
    /// Days counted.
    pub days: i32,
    /// The amount that accrued.
    pub base: Money,
    /// base × rate × days, exactly.
    pub amount: Accrued,
}

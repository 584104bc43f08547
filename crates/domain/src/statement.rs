//! A statement with what is still open of it and its minimum; an instalment of a schedule is one too.
//!
//! An obligation that the lender loaded without purchases is a statement of its own with one line.

use crate::amounts::{Accrued, Amounts};
use crate::date::Date;
use crate::id::FactId;
use crate::late_fee::LateFee;
use crate::money::{Money, MoneyError};
use crate::spans::DaySpan;
use crate::terms::{Component, FeeOnFee, LateFeeBase, LateFeeTerms, OverdueMeasure, ServiceFee, Terms};

/// Where a statement came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatementOrigin {
    /// The cut-off of a cycle.
    CutOff,
    /// The lender's own list of obligations.
    Loaded,
    /// An instalment of a schedule.
    Scheduled,
    /// A charge with a due date of its own, and what else is due outside of cycle and schedule.
    Charge,
    /// What an early payoff made due.
    Payoff,
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

/// A charge within the period of an instalment that is due earlier than the instalment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EarlyCharge {
    /// Its own due date.
    pub due_on: Date,
    /// What it is made of.
    pub component: Component,
    /// Its amount; also in what the instalment billed.
    pub amount: Money,
}

/// The daily service fee on the carried rest of a statement whose minimum was met, in closed form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Service {
    /// Finished segments.
    pub accrued: Accrued,
    /// First day of the running segment.
    pub running_since: Date,
    /// What later statements billed of it.
    pub billed: Money,
}

/// One statement (账单), or one instalment of a schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Where it came from.
    pub origin: StatementOrigin,
    /// The day it was cut off; for a loaded obligation the day from which it counts; for an instalment of a
    /// schedule the first day of its period.
    pub cut_off_on: Date,
    /// The day it is due.
    pub due_on: Date,
    /// The fact behind it: the draw of an instalment's schedule, the loaded obligation, the charge. `None` for a
    /// statement of a cycle, which has many.
    pub plan: Option<FactId>,
    /// The number of the instalment in its schedule, 0 for a down payment and for what is no instalment.
    pub number: u32,
    /// What it billed.
    pub billed: Amounts,
    /// What was paid of it, late fee excepted.
    pub paid: Amounts,
    /// What was given up of it, late fee excepted.
    pub waived: Amounts,
    /// Charges in it that are due before it is.
    pub early: Vec<EarlyCharge>,
    /// Whether its interest and fees count as earned and owed: from the due date of an instalment on, and
    /// always for the others.
    pub is_recognised: bool,
    /// The least to be paid by the due date; for an instalment all of it is.
    pub minimum: Money,
    /// What was paid towards the minimum; never above it.
    pub minimum_paid: Money,
    /// Whether the minimum was there in time.
    pub punctuality: Punctuality,
    /// Its late fee.
    pub late_fee: LateFee,
    /// Its service fee.
    pub service: Service,
}

impl Statement {
    /// A new statement of which nothing is paid.
    pub(crate) fn new(
        terms: &Terms,
        origin: StatementOrigin,
        period: (Date, Date),
        billed: Amounts,
        minimum: Money,
        frozen: &[DaySpan],
        most: Option<Accrued>,
    ) -> Self {
        let (cut_off_on, due_on) = period;
        let (zero, none) = (Money::zero(terms.currency), Amounts::zero(terms.currency));
        let fee_from = terms.late_fee.map_or(due_on, |fee| LateFee::runs_from(&fee, due_on));
        Self {
            origin,
            cut_off_on,
            due_on,
            plan: None,
            number: 0,
            billed,
            paid: none,
            waived: none,
            early: Vec::new(),
            is_recognised: true,
            minimum,
            minimum_paid: zero,
            punctuality: Punctuality::NotYetDue,
            late_fee: LateFee::new(zero, fee_from, frozen, most),
            service: Service { accrued: Accrued(0), running_since: due_on, billed: zero },
        }
    }

    /// Whether all of it is due, and not only a minimum.
    #[must_use]
    pub fn is_due_in_full(&self) -> bool {
        match self.origin {
            StatementOrigin::CutOff | StatementOrigin::Loaded => false,
            StatementOrigin::Scheduled | StatementOrigin::Charge | StatementOrigin::Payoff => true,
        }
    }

    /// What is unpaid of one component, late fee by delay excepted.
    ///
    /// # Errors
    /// When amounts do not fit; the same holds for all functions here.
    pub fn rest_of(&self, component: Component) -> Result<Money, MoneyError> {
        self.billed.get(component).try_sub(self.paid.get(component))?.try_sub(self.waived.get(component))
    }

    /// What is unpaid of all that was billed.
    ///
    /// # Errors
    /// When amounts do not fit.
    pub fn rest(&self) -> Result<Money, MoneyError> {
        self.billed.total()?.try_sub(self.paid.total()?)?.try_sub(self.waived.total()?)
    }

    /// What stands in the books as owed of one component: interest and fees of an instalment only from its due
    /// date on.
    ///
    /// # Errors
    /// When amounts do not fit.
    pub fn booked_rest_of(&self, component: Component) -> Result<Money, MoneyError> {
        let is_to_come =
            !self.is_recognised && matches!(component, Component::Interest | Component::InstalmentFee);
        if is_to_come { Ok(Money::zero(self.minimum.currency())) } else { self.rest_of(component) }
    }

    /// The same over all components.
    ///
    /// # Errors
    /// When amounts do not fit.
    pub fn booked_rest(&self) -> Result<Money, MoneyError> {
        let zero = Money::zero(self.minimum.currency());
        let add = |sum: Money, component: &Component| sum.try_add(self.booked_rest_of(*component)?);
        Component::ALL.iter().try_fold(zero, add)
    }

    /// The missing part of the minimum.
    ///
    /// # Errors
    /// When amounts do not fit.
    pub fn shortfall(&self) -> Result<Money, MoneyError> {
        if self.is_due_in_full() { self.rest() } else { self.minimum.try_sub(self.minimum_paid) }
    }

    /// Whether the minimum is there; asked when the due date has passed.
    ///
    /// # Errors
    /// When amounts do not fit.
    pub fn is_met(&self, terms: &Terms) -> Result<bool, MoneyError> {
        let missing = match terms.overdue {
            OverdueMeasure::Minimum => self.shortfall()?,
            OverdueMeasure::StatementRest => self.shortfall()?.try_min(self.rest()?)?,
        };
        Ok(missing.is_zero())
    }

    /// What is overdue of it; nothing when the minimum was met in time, the default is cured, or less is missing
    /// than the terms care for.
    ///
    /// # Errors
    /// When amounts do not fit.
    pub fn overdue(&self, terms: &Terms) -> Result<Money, MoneyError> {
        let zero = Money::zero(terms.currency);
        let amount = match (self.punctuality, terms.overdue) {
            (Punctuality::NotYetDue | Punctuality::Met, _) => zero,
            (Punctuality::Missed, OverdueMeasure::Minimum) => self.shortfall()?,
            (Punctuality::Missed, OverdueMeasure::StatementRest) => self.rest()?,
        };
        Ok(if amount.minor() < terms.behind.smallest_overdue.minor() { zero } else { amount })
    }

    /// What is unpaid of it, without what `fee_on_fee` keeps from bearing fees.
    fn rest_that_bears(&self, fee_on_fee: FeeOnFee) -> Result<Money, MoneyError> {
        let spared: &[Component] = match fee_on_fee {
            FeeOnFee::Never => &[Component::LateFee, Component::Charge],
            FeeOnFee::Charges => &[Component::LateFee],
            FeeOnFee::Always => &[],
        };
        spared.iter().try_fold(self.rest()?, |rest, component| rest.try_sub(self.rest_of(*component)?))
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
            LateFeeBase::StatementRest => self.rest_that_bears(fee.fee_on_fee),
            LateFeeBase::Principal => self.rest_of(Component::Principal),
            LateFeeBase::PrincipalAndInterest => {
                self.rest_of(Component::Principal)?.try_add(self.rest_of(Component::Interest)?)
            }
            LateFeeBase::MinimumShortfall => self.shortfall(),
        }
    }

    /// What the statement billed of a base; for fees that are charged once.
    ///
    /// # Errors
    /// When amounts do not fit.
    pub fn billed_base(&self, base: LateFeeBase) -> Result<Money, MoneyError> {
        match base {
            LateFeeBase::StatementRest => self.billed.total()?.try_sub(self.billed.get(Component::LateFee)),
            LateFeeBase::Principal => Ok(self.billed.get(Component::Principal)),
            LateFeeBase::PrincipalAndInterest => {
                self.billed.get(Component::Principal).try_add(self.billed.get(Component::Interest))
            }
            LateFeeBase::MinimumShortfall if self.is_due_in_full() => self.billed.total(),
            LateFeeBase::MinimumShortfall => Ok(self.minimum),
        }
    }

    /// The amount that the service fee accrues on now: the carried rest of a statement of a cycle whose minimum
    /// was met.
    ///
    /// # Errors
    /// When amounts do not fit.
    pub fn service_base(&self, fee: &ServiceFee) -> Result<Money, MoneyError> {
        let is_carried = self.origin == StatementOrigin::CutOff && self.punctuality == Punctuality::Met;
        if is_carried {
            self.rest_that_bears(fee.fee_on_fee)
        } else {
            Ok(Money::zero(self.minimum.currency()))
        }
    }

    /// The exact service fee up to and including `date`.
    ///
    /// # Errors
    /// When amounts do not fit.
    pub fn service_exact(&self, terms: &Terms, date: Date) -> Result<Accrued, MoneyError> {
        let Some(fee) = &terms.service_fee else { return Ok(Accrued(0)) };
        let days = date.days_since(self.service.running_since).max(0);
        Ok(self.service.accrued.plus(Accrued::over(self.service_base(fee)?, fee.rate_per_day, days)))
    }

    /// What of the service fee no statement billed yet: the exact one, rounded once, less what was billed.
    ///
    /// # Errors
    /// When amounts do not fit.
    pub fn service_unbilled(&self, terms: &Terms, date: Date) -> Result<Money, MoneyError> {
        let charged = self.service_exact(terms, date)?.round(terms.rounding, terms.currency)?;
        charged.try_sub(self.service.billed)
    }

    /// Closes the running segment of the service fee on `date`; what changes the base must call this first.
    pub(crate) fn close_service(&mut self, terms: &Terms, date: Date) -> Result<(), MoneyError> {
        if date > self.service.running_since {
            self.service.accrued = self.service_exact(terms, date)?;
            self.service.running_since = date;
        }
        Ok(())
    }

    /// The part of a component's rest that is due by `date`: all of it once the statement is due, before that
    /// what charges within it are due.
    ///
    /// # Errors
    /// When amounts do not fit.
    pub fn due_rest_of(&self, component: Component, date: Date) -> Result<Money, MoneyError> {
        let rest = self.rest_of(component)?;
        if self.due_on <= date {
            return Ok(rest);
        }
        let zero = Money::zero(rest.currency());
        let is_due = |charge: &&EarlyCharge| charge.component == component && charge.due_on <= date;
        let due =
            self.early.iter().filter(is_due).try_fold(zero, |sum, charge| sum.try_add(charge.amount))?;
        let settled = self.paid.get(component).try_add(self.waived.get(component))?;
        let open = due.try_sub(settled)?;
        if open.minor() < 0 { Ok(zero) } else { open.try_min(rest) }
    }

    /// Whether anything of it can still matter.
    ///
    /// # Errors
    /// When amounts do not fit.
    pub fn is_settled(&self, terms: &Terms, date: Date) -> Result<bool, MoneyError> {
        let minimum_is_met = self.shortfall()?.is_zero() || terms.overdue == OverdueMeasure::StatementRest;
        Ok(self.rest()?.is_zero() && minimum_is_met && self.fees_are_settled(terms, date)?)
    }

    /// Whether nothing is open of its late fee, and all of its service fee is on a statement.
    ///
    /// # Errors
    /// When amounts do not fit.
    pub fn fees_are_settled(&self, terms: &Terms, date: Date) -> Result<bool, MoneyError> {
        Ok(self.late_fee_rest(terms, date)?.is_zero() && self.service_unbilled(terms, date)?.is_zero())
    }
}

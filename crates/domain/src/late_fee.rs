//! The late fee (违约金) of one statement, in closed form: no loop over days.
//!
//! Finished segments are summed; the running one is base × rate × days. Whatever changes the base first closes
//! the segment, so the total is exact; limits are applied to the total, and it is rounded once.

use crate::amounts::Accrued;
use crate::contact::code_enum;
use crate::date::Date;
use crate::money::{Money, MoneyError, Rate};
use crate::spans::{DaySpan, add_span, days_within};
use crate::statement::{Punctuality, Statement};
use crate::terms::{GraceEnd, LateFeeTerms, OnceAmount, OnceFee, Terms};

/// Days of the year over which a yearly ceiling is spread.
const YEAR_DAYS: i64 = 365;

/// The late fee of one statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LateFee {
    /// Finished segments, and fees charged once.
    pub accrued: Accrued,
    /// First day of the running segment.
    pub running_since: Date,
    /// Paid so far.
    pub paid: Money,
    /// Given up so far.
    pub waived: Money,
    /// Base × days of finished segments, in minor units; what a yearly ceiling is a share of.
    pub base_days: i128,
    /// How many of the fees charged once have had their day.
    pub once_count: u32,
    /// Days on which nothing accrues; sorted, and no two touch.
    pub frozen: Vec<DaySpan>,
    /// The most that it may come to, since fees reached the lifetime limit of the agreement.
    pub most: Option<Accrued>,
    /// Default charges that were added by hand and count towards the same yearly ceiling.
    pub other: Money,
    /// Contract interest a year that goes on while this is unpaid, and counts towards the same yearly ceiling.
    pub interest_per_year: Rate,
}

/// One stretch of days over which a late fee accrued on an unchanging base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The day after which the first day counts.
    pub from: Date,
    /// The last day that counts.
    pub through: Date,
    /// Days counted: those between without frozen ones.
    pub days: i32,
    /// The amount that accrued.
    pub base: Money,
    /// base × rate × days, exactly.
    pub amount: Accrued,
}

/// Why what is overdue costs nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoLateFee {
    /// What had to be paid was paid in time.
    PaidInTime,
    /// The terms wait so many days.
    Grace {
        /// Days of grace.
        days: i32,
        /// The first day that costs.
        starts_on: Date,
    },
    /// Nothing is open of what the fee is a share of.
    NoBase,
    /// Every day so far was frozen.
    Frozen,
    /// A limit, or a rate of nothing, leaves nothing.
    Limited,
}

code_enum! {
    /// Which of its limits made a late fee what it is.
    FeeLimit {
        /// It is at least so much if it is charged at all.
        Minimum = "minimum",
        /// The ceiling a year for all default items of a statement together.
        PerYear = "per_year",
        /// The most for one statement.
        PerStatement = "per_statement",
        /// The most over the life of the agreement.
        Lifetime = "lifetime",
    }
}

impl LateFee {
    /// A fee of which nothing has accrued.
    #[must_use]
    pub fn new(zero: Money, running_since: Date, frozen: &[DaySpan], most: Option<Accrued>) -> Self {
        Self {
            accrued: Accrued(0),
            running_since,
            paid: zero,
            waived: zero,
            base_days: 0,
            once_count: 0,
            frozen: frozen.iter().filter(|span| span.through > running_since).copied().collect(),
            most,
            other: zero,
            interest_per_year: Rate::ZERO,
        }
    }

    /// The day from which the late fee of what is due on `due_on` runs if it is charged.
    #[must_use]
    pub fn runs_from(fee: &LateFeeTerms, due_on: Date) -> Date {
        match fee.after_grace {
            GraceEnd::FromDueDate => due_on,
            GraceEnd::FromGraceEnd => due_on.plus_days(fee.grace_days),
        }
    }

    /// Nothing accrues on the days of `span`.
    pub(crate) fn freeze(&mut self, span: DaySpan) {
        add_span(&mut self.frozen, span);
    }

    /// Days through `date` that count in the running segment: those on which nothing is frozen.
    #[must_use]
    pub fn counted_days(&self, date: Date) -> i32 {
        let days = date.days_since(self.running_since).max(0);
        days - days_within(&self.frozen, self.running_since, date)
    }
}

/// The share of the base that the default items of one day may come to, in millionths: a 365th of the ceiling, cut, less a
/// 365th of the contract interest that goes on, rounded up (Civil Code practice and 法释〔2020〕17号 Art. 29: all of it together).
fn ceiling_of_a_day(per_year: Rate, interest_per_year: Rate) -> i64 {
    let interest = (interest_per_year.millionths() + YEAR_DAYS - 1) / YEAR_DAYS;
    (per_year.millionths() / YEAR_DAYS - interest).max(0)
}

/// What one day adds on `base`, before limits over more than a day.
fn per_day(fee: &LateFeeTerms, base: Money) -> Accrued {
    let daily = Accrued::over(base, fee.rate_per_day, 1);
    fee.limits.per_day.map_or(daily, |limit| daily.min(Accrued::of(limit)))
}

impl Statement {
    /// Closes the running segment on `date`; what changes the base must call this first.
    ///
    /// Returns the segment, if it has a day and a base.
    ///
    /// # Errors
    /// When amounts do not fit; the same holds for all functions here.
    pub fn close_segment(&mut self, terms: &Terms, date: Date) -> Result<Option<Segment>, MoneyError> {
        let segment = self.running_segment(terms, date)?;
        if terms.late_fee.is_some() && date > self.late_fee.running_since {
            self.late_fee.running_since = date;
        }
        let Some(segment) = segment else { return Ok(None) };
        self.late_fee.accrued = self.late_fee.accrued.plus(segment.amount);
        self.late_fee.base_days += i128::from(segment.base.minor()) * i128::from(segment.days);
        Ok(Some(segment))
    }

    /// The segment that runs, as it is at the end of `date`, if it has a day and a base.
    ///
    /// # Errors
    /// When amounts do not fit.
    pub fn running_segment(&self, terms: &Terms, date: Date) -> Result<Option<Segment>, MoneyError> {
        let Some(fee) = &terms.late_fee else { return Ok(None) };
        let from = self.late_fee.running_since;
        if date <= from {
            return Ok(None);
        }
        let base = self.late_fee_base(fee, terms)?;
        let days = self.late_fee.counted_days(date);
        let amount = Accrued(per_day(fee, base).0 * i128::from(days));
        Ok((base.is_positive() && days > 0).then_some(Segment { from, through: date, days, base, amount }))
    }

    /// The first day on which a late fee is charged, if the due date is missed.
    fn late_fee_starts_on(&self, fee: &LateFeeTerms) -> Date {
        self.due_on.plus_days(fee.grace_days + 1)
    }

    /// Why there is no late fee on `date`, although something of the statement fell due; `None` when there is one, or when
    /// nothing is charged at all.
    ///
    /// # Errors
    /// When amounts do not fit.
    pub fn no_late_fee_reason(&self, terms: &Terms, date: Date) -> Result<Option<NoLateFee>, MoneyError> {
        let Some(fee) = &terms.late_fee else { return Ok(None) };
        if date <= self.due_on || self.late_fee_exact(terms, date)? > Accrued(0) {
            return Ok(None);
        }
        let starts_on = self.late_fee_starts_on(fee);
        Ok(Some(match self.punctuality {
            Punctuality::NotYetDue | Punctuality::Met => NoLateFee::PaidInTime,
            Punctuality::Missed if date < starts_on => NoLateFee::Grace { days: fee.grace_days, starts_on },
            Punctuality::Missed if self.late_fee_base(fee, terms)?.is_zero() => NoLateFee::NoBase,
            Punctuality::Missed if self.late_fee.counted_days(date) == 0 => NoLateFee::Frozen,
            Punctuality::Missed => NoLateFee::Limited,
        }))
    }

    /// What has accrued up to and including `date`, before limits, and base × days of it.
    fn late_fee_unlimited(
        &self,
        fee: &LateFeeTerms,
        terms: &Terms,
        date: Date,
    ) -> Result<(Accrued, i128), MoneyError> {
        let days = i128::from(self.late_fee.counted_days(date));
        let base = self.late_fee_base(fee, terms)?;
        let total = self.late_fee.accrued.plus(Accrued(per_day(fee, base).0 * days));
        Ok((total, self.late_fee.base_days + i128::from(base.minor()) * days))
    }

    /// The exact late fee up to and including `date`, limited; nothing while grace lasts or if in time.
    ///
    /// # Errors
    /// When amounts do not fit.
    pub fn late_fee_exact(&self, terms: &Terms, date: Date) -> Result<Accrued, MoneyError> {
        Ok(self.late_fee_limited(terms, date)?.0)
    }

    /// The limit that makes the late fee what it is on `date`, if one does.
    ///
    /// # Errors
    /// When amounts do not fit.
    pub fn late_fee_limit(&self, terms: &Terms, date: Date) -> Result<Option<FeeLimit>, MoneyError> {
        Ok(self.late_fee_limited(terms, date)?.1)
    }

    fn late_fee_limited(&self, terms: &Terms, date: Date) -> Result<(Accrued, Option<FeeLimit>), MoneyError> {
        let Some(fee) = &terms.late_fee else { return Ok((Accrued(0), None)) };
        if self.punctuality != Punctuality::Missed || date < self.late_fee_starts_on(fee) {
            return Ok((Accrued(0), None));
        }
        let (mut total, base_days) = self.late_fee_unlimited(fee, terms, date)?;
        let mut limit = None;
        if let Some(minimum) = fee.limits.minimum.filter(|_| total > Accrued(0)).map(Accrued::of)
            && minimum > total
        {
            (total, limit) = (minimum, Some(FeeLimit::Minimum));
        }
        let per_year = self.yearly_ceiling(fee, base_days).map(|ceiling| {
            let most = Accrued((ceiling.0 - Accrued::of(self.late_fee.other).0).max(0));
            (most, FeeLimit::PerYear)
        });
        let cap = self.late_fee_cap(fee, terms)?.map(|cap| (Accrued::of(cap), FeeLimit::PerStatement));
        let lifetime = self.late_fee.most.map(|most| (most, FeeLimit::Lifetime));
        for (most, kind) in [per_year, cap, lifetime].into_iter().flatten() {
            if most < total {
                (total, limit) = (most, Some(kind));
            }
        }
        Ok((total, limit))
    }

    /// What all default items may come to after so much base × days; `None` without a yearly ceiling.
    fn yearly_ceiling(&self, fee: &LateFeeTerms, base_days: i128) -> Option<Accrued> {
        let per_year = fee.limits.per_year?;
        Some(Accrued(base_days * i128::from(ceiling_of_a_day(per_year, self.late_fee.interest_per_year))))
    }

    /// What default charges may still be added on `date` under the yearly ceiling, in whole minor units; `None` without
    /// one.
    ///
    /// # Errors
    /// When amounts do not fit.
    pub fn room_under_ceiling(&self, terms: &Terms, date: Date) -> Result<Option<Money>, MoneyError> {
        let Some(fee) = &terms.late_fee else { return Ok(None) };
        let (_, base_days) = self.late_fee_unlimited(fee, terms, date)?;
        let Some(ceiling) = self.yearly_ceiling(fee, base_days) else { return Ok(None) };
        let used = self.late_fee_exact(terms, date)?.plus(Accrued::of(self.late_fee.other));
        let whole = (ceiling.0 - used.0).max(0) / Accrued::of(Money::new(1, terms.currency)).0;
        let minor = i64::try_from(whole).map_err(|_| MoneyError::Overflow)?;
        Ok(Some(Money::new(minor, terms.currency)))
    }

    /// The largest late fee that the terms allow for this statement, whatever the days.
    ///
    /// # Errors
    /// When amounts do not fit.
    pub fn late_fee_cap(&self, fee: &LateFeeTerms, terms: &Terms) -> Result<Option<Money>, MoneyError> {
        let of_share = match fee.cap_share {
            Some(share) => Some(share.of(self.billed.total()?, terms.rounding)?),
            None => None,
        };
        match (of_share, fee.limits.per_statement) {
            (Some(left), Some(right)) => left.try_min(right).map(Some),
            (cap, None) | (None, cap) => Ok(cap),
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

    /// The late fee that one more day adds while nothing happens; nothing once a cap is reached.
    ///
    /// # Errors
    /// When amounts do not fit.
    pub fn late_fee_daily(&self, terms: &Terms, date: Date) -> Result<Accrued, MoneyError> {
        let Some(fee) = &terms.late_fee else { return Ok(Accrued(0)) };
        if date < self.late_fee_starts_on(fee) {
            return Ok(Accrued(0));
        }
        let (today, tomorrow) =
            (self.late_fee_exact(terms, date)?, self.late_fee_exact(terms, date.plus_days(1))?);
        Ok(Accrued(tomorrow.0 - today.0))
    }

    /// The next day on which the daily late fee changes by itself: it begins, a limit or the minimum is reached,
    /// or a freeze begins or ends. Never too late; it may be early.
    ///
    /// # Errors
    /// When amounts do not fit.
    pub fn next_late_fee_change(&self, terms: &Terms, date: Date) -> Result<Option<Date>, MoneyError> {
        let Some(fee) = &terms.late_fee else { return Ok(None) };
        if self.punctuality != Punctuality::Missed {
            return Ok(None);
        }
        let starts_on = self.late_fee_starts_on(fee);
        if date < starts_on {
            return Ok(Some(starts_on));
        }
        let frozen = self.late_fee.frozen.iter().flat_map(|span| [span.from, span.through.plus_days(1)]);
        let dated = frozen.filter(|on| *on > date && *on < Date::NEVER);
        Ok(dated.chain(self.next_limit_on(fee, terms, date)?).min())
    }

    /// The first day on which another limit than today's decides, if the base stays.
    fn next_limit_on(
        &self,
        fee: &LateFeeTerms,
        terms: &Terms,
        date: Date,
    ) -> Result<Option<Date>, MoneyError> {
        let base = self.late_fee_base(fee, terms)?;
        let daily = per_day(fee, base).0;
        let (raw, base_days) = self.late_fee_unlimited(fee, terms, date)?;
        let minimum = fee.limits.minimum.map(|minimum| (Accrued::of(minimum).0, 0));
        let per_year = fee.limits.per_year.map(|per_year| {
            let per_day = i128::from(ceiling_of_a_day(per_year, self.late_fee.interest_per_year));
            let other = Accrued::of(self.late_fee.other).0;
            (base_days * per_day - other, i128::from(base.minor()) * per_day)
        });
        let cap = self.late_fee_cap(fee, terms)?.map(|cap| (Accrued::of(cap).0, 0));
        let most = self.late_fee.most.map(|most| (most.0, 0));
        let lines: Vec<(i128, i128)> =
            [Some((raw.0, daily)), minimum, per_year, cap, most].into_iter().flatten().collect();
        let mut next: Option<i128> = None;
        for (index, left) in lines.iter().enumerate() {
            for right in &lines[index + 1..] {
                let (gap, closing) = (left.0 - right.0, right.1 - left.1);
                if gap == 0 || closing == 0 || (gap > 0) != (closing > 0) {
                    continue;
                }
                // After the whole days, one more day adds only what is left under the limit: a change of its own.
                let whole_days = (gap / closing).max(1);
                next = Some(next.map_or(whole_days, |next| next.min(whole_days)));
            }
        }
        let plus = |days: i128| i32::try_from(days).ok().map(|days| date.plus_days(days.min(2_000_000)));
        Ok(next.and_then(plus).filter(|on| *on < Date::NEVER))
    }

    /// The fee charged once next, with its day, while something is overdue.
    ///
    /// # Errors
    /// When amounts do not fit.
    pub fn next_once_fee(&self, terms: &Terms) -> Result<Option<(Date, OnceFee)>, MoneyError> {
        if self.punctuality != Punctuality::Missed || self.overdue(terms)?.is_zero() {
            return Ok(None);
        }
        let next = usize::try_from(self.late_fee.once_count).ok();
        let fee = next.and_then(|next| terms.once_fees.get(next));
        Ok(fee.map(|fee| (self.due_on.plus_days(fee.after_days), *fee)))
    }

    /// Charges a fee once; `on` is its day. Nothing on a frozen day.
    pub(crate) fn charge_once(
        &mut self,
        terms: &Terms,
        fee: &OnceFee,
        on: Date,
    ) -> Result<Money, MoneyError> {
        self.late_fee.once_count += 1;
        if self.late_fee.frozen.iter().any(|span| span.holds(on)) {
            return Ok(Money::zero(terms.currency));
        }
        let amount = match fee.amount {
            OnceAmount::Fixed(amount) => amount,
            OnceAmount::Share { share, base } => share.of(self.billed_base(base)?, terms.rounding)?,
        };
        self.late_fee.accrued = self.late_fee.accrued.plus(Accrued::of(amount));
        Ok(amount)
    }
}

/// The rate that a yearly ceiling allows for a day, cut to whole millionths.
#[must_use]
pub fn ceiling_per_day(per_year: Rate) -> Rate {
    Rate::from_millionths(per_year.millionths() / YEAR_DAYS)
}

//! Shares of a year, and interest over balances that change within a period.

use crate::date::Date;
use crate::day_count::{DayCount, months_and_days, plus_months};
use crate::fraction::Fraction;
use crate::money::{Money, MoneyError, Rate, Rounding};

use super::dates::{contract_day, first_is_regular, one_period_before};
use super::{Accrual, EqualPaymentFrom, OddFirst, Period, PeriodDates, ScheduleError, ScheduleTerms};

/// The shares of a year of one period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shares {
    /// What interest is charged for.
    pub charged: Fraction,
    /// The same without what an odd first period puts on top.
    pub regular: Fraction,
    /// What the equal instalment is computed from.
    pub for_equal_payment: Fraction,
}

/// The shares of all periods.
pub(super) fn shares(terms: &ScheduleTerms, dates: &[PeriodDates]) -> Result<Vec<Shares>, ScheduleError> {
    let whole = one_period(terms, dates[0]);
    let mut shares = Vec::with_capacity(dates.len());
    for (index, dates) in dates.iter().enumerate() {
        let is_odd = index == 0 && !first_is_regular(terms);
        let by_length = length_share(terms, *dates, is_odd);
        let (unpaused, regular) = match (is_odd, terms.odd_first) {
            (false, _) | (true, OddFirst::ByLength) => (by_length, by_length),
            (true, OddFirst::WholePeriod) => (whole, whole),
            (true, OddFirst::OnTop) => (by_length, whole),
        };
        let paused = |share| without_pauses(terms, *dates, share).ok_or(MoneyError::Overflow);
        shares.push(Shares {
            charged: paused(unpaused)?,
            regular: paused(regular)?,
            for_equal_payment: regular,
        });
    }
    let first = shares[0].for_equal_payment;
    for share in &mut shares {
        share.for_equal_payment = match terms.equal_payment_from {
            EqualPaymentFrom::EachPeriod => share.for_equal_payment,
            EqualPaymentFrom::FirstPeriod => first,
            EqualPaymentFrom::RegularPeriod => whole,
        };
    }
    Ok(shares)
}

/// The share of a regular period; by days, of the one that ends with the first due date.
fn one_period(terms: &ScheduleTerms, first: PeriodDates) -> Fraction {
    match (terms.accrual, terms.period) {
        (Accrual::SamePeriod, Period::Days(days)) => Fraction::new(i128::from(days), 365),
        (Accrual::SamePeriod, Period::Weeks(weeks)) => Fraction::new(i128::from(weeks), 52),
        (Accrual::SamePeriod, Period::Months(months)) => Fraction::new(i128::from(months), 12),
        (Accrual::Daily(_), _) if first_is_regular(terms) => length_share(terms, first, false),
        (Accrual::Daily(count), _) => {
            let ends_on = contract_day(terms, 1);
            count.fraction(one_period_before(terms, ends_on), ends_on)
        }
    }
}

/// The share of a period as long as it is; all of a single payment's periods together.
fn length_share(terms: &ScheduleTerms, dates: PeriodDates, is_odd: bool) -> Fraction {
    let days = i128::from(dates.to.days_since(dates.from));
    let is_many_periods = terms.method == super::Method::Bullet && terms.count > 1;
    match (terms.accrual, terms.period) {
        (Accrual::Daily(count), _) => count.fraction(dates.from, dates.to),
        (Accrual::SamePeriod, Period::Months(_)) if is_odd || is_many_periods => {
            months_share(dates.from, dates.to)
        }
        (Accrual::SamePeriod, Period::Weeks(_)) if is_odd || is_many_periods => Fraction::new(days, 7 * 52),
        (Accrual::SamePeriod, Period::Days(_)) if is_odd || is_many_periods => Fraction::new(days, 365),
        (Accrual::SamePeriod, Period::Months(months)) => Fraction::new(i128::from(months), 12),
        (Accrual::SamePeriod, Period::Weeks(weeks)) => Fraction::new(i128::from(weeks), 52),
        (Accrual::SamePeriod, Period::Days(days)) => Fraction::new(i128::from(days), 365),
    }
}

/// Whole months as twelfths, odd days as a share of the month in which they lie.
fn months_share(from: Date, to: Date) -> Fraction {
    let (months, days) = months_and_days(from, to);
    let month_days = plus_months(from, months + 1).days_since(plus_months(from, months));
    let month_days = i128::from(month_days.max(1));
    Fraction::new(i128::from(months) * month_days + i128::from(days), month_days * 12)
}

/// `share` without the paused days of the period; `None` when it needs more than 128 bits.
fn without_pauses(terms: &ScheduleTerms, dates: PeriodDates, share: Fraction) -> Option<Fraction> {
    let days = dates.to.days_since(dates.from);
    let is_paused = |date: Date| terms.pauses.iter().any(|pause| pause.from <= date && date < pause.to);
    let paused_days = (0..days).filter(|day| is_paused(dates.from.plus_days(*day))).count();
    if paused_days == 0 {
        return Some(share);
    }
    let running_days = i128::from(days) - i128::try_from(paused_days).ok()?;
    share.try_mul(Fraction::new(running_days, i128::from(days)))
}

/// What is owed from a day on, until the next entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Balance {
    /// The first day of this balance.
    pub from: Date,
    /// What bears interest.
    pub amount: Money,
}

/// A period of a plan for interest with daily rest: its days and its share of a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeriodInterest {
    /// The first day.
    pub from: Date,
    /// The day after the last one.
    pub to: Date,
    /// The share of a year of the whole period; each day is worth its equal part of it.
    pub share: Fraction,
}

/// Interest in minor units before rounding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccruedInterest(Fraction);

impl PeriodInterest {
    /// A period by a day count.
    #[must_use]
    pub fn daily(from: Date, to: Date, count: DayCount) -> Self {
        Self { from, to, share: count.fraction(from, to) }
    }

    /// A period that is worth `months` twelfths, however many days it has.
    #[must_use]
    pub fn months(from: Date, to: Date, months: u32) -> Self {
        Self { from, to, share: Fraction::new(i128::from(months), 12) }
    }

    /// Interest at `per_year` on `balances` for the days of the period from `from` on and before `to`.
    ///
    /// `balances` is in order of its days; before its first entry nothing is owed.
    ///
    /// # Errors
    /// When the numbers need more than 128 bits.
    pub fn accrue(
        &self,
        balances: &[Balance],
        per_year: Rate,
        from: Date,
        to: Date,
    ) -> Result<AccruedInterest, MoneyError> {
        let (from, to) = (from.max(self.from), to.min(self.to));
        let ends = balances.iter().skip(1).map(|next| next.from).chain([to]);
        // Balance times days, in minor units (积数).
        let mut balance_days: i128 = 0;
        for (balance, until) in balances.iter().zip(ends) {
            let days = until.min(to).days_since(balance.from.max(from)).max(0);
            balance_days += i128::from(balance.amount.minor()) * i128::from(days);
        }
        let days = i128::from(self.to.days_since(self.from).max(1));
        let rate = Fraction::new(i128::from(per_year.millionths()), 1_000_000);
        let exact = Fraction::new(balance_days, days).try_mul(self.share);
        exact.and_then(|exact| exact.try_mul(rate)).map(AccruedInterest).ok_or(MoneyError::Overflow)
    }
}

impl AccruedInterest {
    /// Nothing yet.
    pub const ZERO: Self = Self(Fraction::ZERO);

    /// Interest at `per_year` on one balance for `share` of a year.
    ///
    /// # Errors
    /// When the numbers need more than 128 bits.
    pub fn of(balance: Money, per_year: Rate, share: Fraction) -> Result<Self, MoneyError> {
        let yearly = i128::from(balance.minor()) * i128::from(per_year.millionths());
        Fraction::new(yearly, 1_000_000).try_mul(share).map(Self).ok_or(MoneyError::Overflow)
    }

    /// Both together, still exact.
    ///
    /// # Errors
    /// When the numbers need more than 128 bits.
    pub fn try_add(self, other: Self) -> Result<Self, MoneyError> {
        self.0.try_add(other.0).map(Self).ok_or(MoneyError::Overflow)
    }

    /// The amount that is charged.
    ///
    /// # Errors
    /// When it does not fit 64 bits of minor units.
    pub fn round(self, rounding: Rounding, like: Money) -> Result<Money, MoneyError> {
        let minor = i64::try_from(self.0.round(rounding)).map_err(|_| MoneyError::Overflow)?;
        Ok(Money::new(minor, like.currency()))
    }
}

//! Changing a plan that runs: money paid ahead, new terms, arrears spread over what is left. Each gives the
//! rows as they were and as they would be; nothing is changed until the caller records it.

use crate::calendar::Calendar;
use crate::date::Date;
use crate::fraction::Fraction;
use crate::money::{Money, MoneyError, Rate};

use super::amounts::{Parts, flat_interest_each, own_interest, parts, parts_keeping};
use super::interest::{Shares, shares};
use super::payoff::accrued_interest;
use super::{
    DueDates, Grace, Instalment, Method, Schedule, ScheduleError, ScheduleTerms, period_dates, schedule,
};

/// The instalments to come, before and after a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// As they were.
    pub old: Vec<Instalment>,
    /// As they would be.
    pub new: Vec<Instalment>,
}

/// What money paid ahead does to the instalments to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ahead {
    /// They stay as high, and there are fewer of them (缩期).
    Shorten,
    /// There are as many, and they get lower (减额).
    Lower,
}

/// New terms for what is left of a plan; what is left out stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NewTerms {
    /// The number of instalments from now on.
    pub count: Option<u32>,
    /// Their first due date.
    pub first_due_on: Option<Date>,
    /// Interest a year.
    pub interest_per_year: Option<Rate>,
    /// Fee per period, a share of the principal that is left.
    pub fee_per_period: Option<Rate>,
}

/// A plan on a day: what is still to come of it.
struct Rest {
    rows: Vec<Instalment>,
    shares: Vec<Shares>,
    shares_of_all: Vec<Shares>,
    principal: Money,
    terms: ScheduleTerms,
}

impl Rest {
    /// The terms of what is left with another principal. The price of a flat plan is set apart.
    fn with_principal(&self, principal: Money) -> ScheduleTerms {
        let is_flat = self.terms.method == Method::Flat;
        let interest_per_year = if is_flat { Rate::ZERO } else { self.terms.interest_per_year };
        ScheduleTerms { principal, interest_per_year, fee_per_period: Rate::ZERO, ..self.terms.clone() }
    }
}

fn rest_of(
    terms: &ScheduleTerms,
    whole: &Schedule,
    calendar: &Calendar,
    on: Date,
) -> Result<Option<Rest>, ScheduleError> {
    let Some(first) = whole.rows.iter().position(|row| row.due_on > on) else { return Ok(None) };
    let rows = whole.rows[first..].to_vec();
    let shares_of_all = shares(terms, &period_dates(terms, calendar)?)?;
    let shares = shares_of_all[first..].to_vec();
    let principal = rows[0].balance_after.try_add(rows[0].principal)?;
    let past = u32::try_from(first).unwrap_or(u32::MAX);
    let grace = Grace {
        principal_periods: terms.grace.principal_periods.saturating_sub(past),
        interest_deferred_periods: terms.grace.interest_deferred_periods.saturating_sub(past),
        interest_free_periods: terms.grace.interest_free_periods.saturating_sub(past),
    };
    let is_bullet = terms.method == Method::Bullet;
    let count = if is_bullet { terms.count } else { u32::try_from(rows.len()).unwrap_or(terms.count) };
    Ok(Some(Rest {
        rows,
        shares,
        shares_of_all,
        principal,
        terms: ScheduleTerms { count, grace, ..terms.clone() },
    }))
}

/// The rest of a plan of which `amount` of principal is paid ahead on `on`.
///
/// Interest of the period at hand is on the old balance until that day and on the new one from it. A fee per
/// period shrinks with the principal that is left. An amount as high as the rest leaves no row; what interest
/// then is due, [`payoff`](super::payoff()) says.
///
/// # Errors
/// [`ScheduleError::PrincipalNotPositive`] for an amount that is not above nothing or above the rest.
pub fn pay_ahead(
    terms: &ScheduleTerms,
    whole: &Schedule,
    calendar: &Calendar,
    on: Date,
    amount: Money,
    ahead: Ahead,
) -> Result<Preview, ScheduleError> {
    let refused = ScheduleError::PrincipalNotPositive { principal: amount };
    let rest = rest_of(terms, whole, calendar, on)?.ok_or_else(|| refused.clone())?;
    let left = rest.principal.try_sub(amount)?;
    if !amount.is_positive() || left.minor() < 0 {
        return Err(refused);
    }
    if left.is_zero() {
        return Ok(Preview { old: rest.rows, new: Vec::new() });
    }
    let lower = rest.with_principal(left);
    let new = match ahead {
        Ahead::Lower => parts(&lower, &rest.shares)?,
        Ahead::Shorten => parts_keeping(&lower, &rest.shares, &rest.rows[0])?,
    };
    let mut new = rows_of(&rest, left, &new)?;
    carry(terms, whole, calendar, &rest, &mut new)?;
    let until_paid = interest_until_paid(&rest, on, amount)?;
    new[0].interest = new[0].interest.try_add(until_paid)?;
    Ok(Preview { old: rest.rows, new })
}

/// The rest of a plan that also takes in `arrears` of principal, over the due dates that are left
/// (re-amortising).
///
/// # Errors
/// [`ScheduleError::PrincipalNotPositive`] when no due date is left, or for negative arrears.
pub fn reamortise(
    terms: &ScheduleTerms,
    whole: &Schedule,
    calendar: &Calendar,
    on: Date,
    arrears: Money,
) -> Result<Preview, ScheduleError> {
    let refused = ScheduleError::PrincipalNotPositive { principal: arrears };
    let rest = rest_of(terms, whole, calendar, on)?.ok_or_else(|| refused.clone())?;
    if arrears.minor() < 0 {
        return Err(refused);
    }
    let principal = rest.principal.try_add(arrears)?;
    let new = parts(&rest.with_principal(principal), &rest.shares)?;
    let mut new = rows_of(&rest, principal, &new)?;
    // Arrears are no new principal: what a flat price is taken of has not grown.
    for (new, old) in new.iter_mut().zip(&rest.rows) {
        new.fee = old.fee;
        if terms.method == Method::Flat {
            new.interest = old.interest;
        }
    }
    carry(terms, whole, calendar, &rest, &mut new)?;
    Ok(Preview { old: rest.rows, new })
}

/// The rest of a plan under `new` terms from `on`. Interest until that day is in the first instalment.
///
/// # Errors
/// [`ScheduleError::PrincipalNotPositive`] when nothing is left; whatever the new terms are refused for.
pub fn reschedule(
    terms: &ScheduleTerms,
    whole: &Schedule,
    calendar: &Calendar,
    on: Date,
    new: NewTerms,
) -> Result<Preview, ScheduleError> {
    let none = Money::zero(terms.principal.currency());
    let rest = rest_of(terms, whole, calendar, on)?;
    let rest = rest.ok_or(ScheduleError::PrincipalNotPositive { principal: none })?;
    let charged = whole.rows.iter().filter(|row| row.due_on <= on).map(|row| row.interest);
    let charged = charged.into_iter().try_fold(none, Money::try_add)?;
    let carried = accrued_interest(terms, whole, calendar, on, false)?.try_sub(charged)?;
    let keeps_flat_interest = terms.method == Method::Flat && new.interest_per_year.is_none();
    let interest_per_year = if keeps_flat_interest { Rate::ZERO } else { terms.interest_per_year };
    let changed = ScheduleTerms {
        principal: rest.principal,
        starts_on: on,
        count: new.count.unwrap_or(rest.terms.count),
        interest_per_year: new.interest_per_year.unwrap_or(interest_per_year),
        fee_per_period: new.fee_per_period.unwrap_or(terms.fee_per_period),
        due: DueDates { first_due_on: Some(new.first_due_on.unwrap_or(rest.rows[0].due_on)), ..terms.due },
        grace: Grace::default(),
        ..terms.clone()
    };
    let mut rows = schedule(&changed, calendar)?.rows;
    // A flat price is a share of the original principal, whatever is left of it.
    if new.fee_per_period.is_none() {
        rows.iter_mut().for_each(|row| row.fee = rest.rows[0].fee);
    }
    if keeps_flat_interest {
        let each = flat_interest_each(terms, &rest.shares_of_all)?;
        rows.iter_mut().for_each(|row| row.interest = Money::new(each, row.interest.currency()));
    }
    rows[0].interest = rows[0].interest.try_add(carried)?;
    Ok(Preview { old: rest.rows, new: rows })
}

/// `amount` in proportion to the principal that is left.
fn scaled(rest: &Rest, amount: Money, left: Money) -> Result<Money, MoneyError> {
    let product = i128::from(amount.minor()) * i128::from(left.minor());
    let minor = rest.terms.rounding.divide(product, i128::from(rest.principal.minor()));
    Ok(Money::new(i64::try_from(minor).map_err(|_| MoneyError::Overflow)?, left.currency()))
}

/// The interest of the period at hand on what was paid ahead, until it was.
fn interest_until_paid(rest: &Rest, on: Date, amount: Money) -> Result<Money, ScheduleError> {
    let row = rest.rows[0];
    let days = row.days.max(1);
    let passed = Fraction::new(i128::from(on.days_since(row.from).clamp(0, days)), i128::from(days));
    if rest.terms.method == Method::Flat {
        let whole_period = i128::from(scaled(rest, row.interest, amount)?.minor());
        let exact = Fraction::whole(whole_period).try_mul(passed).ok_or(MoneyError::Overflow)?;
        let minor = i64::try_from(exact.round(rest.terms.rounding)).map_err(|_| MoneyError::Overflow)?;
        return Ok(Money::new(minor, amount.currency()));
    }
    Ok(own_interest(&rest.terms, &rest.shares, 0, amount, passed)?)
}

/// Interest of earlier periods that was put off is due where it was, or with the last row.
fn carry(
    terms: &ScheduleTerms,
    whole: &Schedule,
    calendar: &Calendar,
    rest: &Rest,
    new: &mut [Instalment],
) -> Result<(), ScheduleError> {
    let first = rest.rows[0];
    let accrued = accrued_interest(terms, whole, calendar, first.from, false)?;
    let earlier = whole.rows.iter().filter(|row| row.number < first.number);
    let carried = earlier.map(|row| row.interest).try_fold(accrued, Money::try_sub)?;
    let place = (rest.terms.grace.interest_deferred_periods as usize).min(new.len() - 1);
    new[place].interest = new[place].interest.try_add(carried)?;
    Ok(())
}

/// The old rows' dates with new amounts; a flat price in proportion to the principal; rows that nothing is
/// left for are gone.
fn rows_of(rest: &Rest, principal: Money, parts: &[Parts]) -> Result<Vec<Instalment>, ScheduleError> {
    let is_flat = rest.terms.method == Method::Flat;
    let mut balance = principal;
    let mut rows = Vec::with_capacity(parts.len());
    for (row, part) in rest.rows.iter().zip(parts) {
        balance = balance.try_sub(part.principal)?;
        let interest = if is_flat { scaled(rest, row.interest, principal)? } else { part.interest };
        rows.push(Instalment {
            principal: part.principal,
            interest,
            fee: scaled(rest, row.fee, principal)?,
            balance_after: balance,
            ..*row
        });
    }
    assert!(balance.is_zero(), "the principal of all instalments is what was left");
    Ok(rows)
}

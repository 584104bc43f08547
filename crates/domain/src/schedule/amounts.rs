//! What each instalment is made of.

use crate::fraction::Fraction;
use crate::money::{Money, MoneyError, Rounding};

use super::interest::{AccruedInterest, Shares};
use super::{Instalment, Method, Residue, ScheduleError, ScheduleTerms};

/// Fixed-point scale of discount factors: 10^18.
const SCALE: i128 = 1_000_000_000_000_000_000;
/// Most corrections of a smoothed instalment.
const CORRECTIONS_MAX: u32 = 3;

/// The amounts of one instalment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parts {
    pub principal: Money,
    pub interest: Money,
    pub fee: Money,
}

/// The amounts of all instalments.
pub(super) fn parts(terms: &ScheduleTerms, shares: &[Shares]) -> Result<Vec<Parts>, ScheduleError> {
    let fee = terms.fee_per_period.of(terms.principal, terms.rounding)?;
    match terms.method {
        Method::Flat => flat(terms, shares, fee),
        Method::EqualPayment => equal_payment(terms, shares, fee),
        Method::EqualPrincipal => {
            let each = each_of(terms, terms.principal)?;
            on_balance(terms, shares, fee, |due| {
                if due.is_last { Ok(due.balance) } else { each.try_min(due.balance) }
            })
        }
        Method::InterestOnly => on_balance(terms, shares, fee, |due| {
            Ok(if due.is_last { due.balance } else { Money::zero(due.balance.currency()) })
        }),
        Method::Bullet => {
            let fee = Money::new(whole(i128::from(fee.minor()) * i128::from(terms.count))?, fee.currency());
            on_balance(terms, shares, fee, |due| Ok(due.balance))
        }
    }
}

fn whole(minor: i128) -> Result<i64, MoneyError> {
    i64::try_from(minor).map_err(|_| MoneyError::Overflow)
}

/// The equal part of `amount` for each period that repays principal.
fn each_of(terms: &ScheduleTerms, amount: Money) -> Result<Money, MoneyError> {
    let periods = i128::from(terms.count - terms.grace.principal_periods);
    let total = i128::from(amount.minor());
    let rounded = terms.rounding.divide(total, periods);
    // A few minor units over many periods: rounded up, they would run out before the last one.
    let leaves_a_last = rounded * (periods - 1) < total;
    let minor = if leaves_a_last { rounded } else { Rounding::Down.divide(total, periods) };
    Ok(Money::new(whole(minor)?, amount.currency()))
}

/// To the nearest multiple the terms want, as their rounding says.
fn to_multiple(terms: &ScheduleTerms, amount: Fraction) -> Result<Money, ScheduleError> {
    let Some(multiple) = terms.multiple else {
        return Ok(Money::new(whole(amount.round(terms.rounding))?, terms.principal.currency()));
    };
    let unit = i128::from(multiple.minor());
    let units = amount.try_mul(Fraction::new(1, unit)).ok_or(MoneyError::Overflow)?.round(terms.rounding);
    let rounded = Money::new(whole(units * unit)?, multiple.currency());
    if rounded.is_zero() && !amount.is_zero() {
        let exact = whole(amount.round(Rounding::HalfUp))?;
        let instalment = Money::new(exact, multiple.currency());
        return Err(ScheduleError::MultipleAboveInstalment { multiple, instalment });
    }
    Ok(rounded)
}

/// What the interest of `share` on `balance` rounds to.
fn interest_on(terms: &ScheduleTerms, balance: Money, share: Fraction) -> Result<Money, MoneyError> {
    AccruedInterest::of(balance, terms.interest_per_year, share)?.round(terms.rounding, balance)
}

/// Interest that is due now, and interest put off, of period `index`.
fn due_and_deferred(terms: &ScheduleTerms, index: usize, interest: Money, deferred: Money) -> (i64, i64) {
    let number = index as u64 + 1;
    if number <= u64::from(terms.grace.interest_free_periods) {
        (0, deferred.minor())
    } else if number <= u64::from(terms.grace.interest_deferred_periods) {
        (0, deferred.minor() + interest.minor())
    } else {
        (interest.minor() + deferred.minor(), 0)
    }
}

/// What decides the principal of one instalment.
struct Due {
    /// Interest of the period without what an odd first period puts on top; put off or not.
    interest: Money,
    /// Principal that is open before it.
    balance: Money,
    /// Whether no instalment follows.
    is_last: bool,
}

/// Periods with interest on the balance, and principal by `principal`.
fn on_balance(
    terms: &ScheduleTerms,
    shares: &[Shares],
    fee: Money,
    principal: impl Fn(&Due) -> Result<Money, MoneyError>,
) -> Result<Vec<Parts>, ScheduleError> {
    let currency = terms.principal.currency();
    let none = Money::zero(currency);
    let (mut balance, mut deferred) = (terms.principal, none);
    let mut parts = Vec::with_capacity(shares.len());
    for (index, share) in shares.iter().enumerate() {
        let charged = interest_on(terms, balance, share.charged)?;
        let is_free = (index as u64) < u64::from(terms.grace.interest_free_periods);
        let interest = if is_free { none } else { interest_on(terms, balance, share.regular)? };
        let is_last = index + 1 == shares.len();
        let is_grace = (index as u64) < u64::from(terms.grace.principal_periods);
        let repaid = if is_grace { none } else { principal(&Due { interest, balance, is_last })? };
        let (due, still_deferred) = due_and_deferred(terms, index, charged, deferred);
        deferred = Money::new(still_deferred, currency);
        balance = balance.try_sub(repaid)?;
        parts.push(Parts { principal: repaid, interest: Money::new(due, currency), fee });
    }
    Ok(parts)
}

/// Equal parts of principal; the interest of the whole term on the original principal in equal parts too.
fn flat(terms: &ScheduleTerms, shares: &[Shares], fee: Money) -> Result<Vec<Parts>, ScheduleError> {
    let total = flat_interest(terms, shares)?;
    let count = i128::from(terms.count);
    let each = whole(terms.rounding.divide(i128::from(total.minor()), count))?;
    let principal = flat_principal(terms, each, fee)?;
    let currency = terms.principal.currency();
    let none = Money::zero(currency);
    let (mut balance, mut interest_left, mut deferred) = (terms.principal, total.minor(), none);
    let mut parts = Vec::with_capacity(shares.len());
    for index in 0..shares.len() {
        let is_last = index + 1 == shares.len();
        let is_grace = (index as u64) < u64::from(terms.grace.principal_periods);
        let repaid = match (is_last, is_grace) {
            (true, _) => balance,
            (false, true) => none,
            (false, false) => principal.try_min(balance)?,
        };
        let own = Money::new(if is_last { interest_left } else { each }, currency);
        interest_left -= own.minor();
        let (due, still_deferred) = due_and_deferred(terms, index, own, deferred);
        deferred = Money::new(still_deferred, currency);
        balance = balance.try_sub(repaid)?;
        if balance.is_zero() && !is_last {
            return Err(closes_early(terms, principal, index));
        }
        parts.push(Parts { principal: repaid, interest: Money::new(due, currency), fee });
    }
    Ok(parts)
}

fn closes_early(terms: &ScheduleTerms, instalment: Money, index: usize) -> ScheduleError {
    let number = u32::try_from(index).unwrap_or(u32::MAX).saturating_add(2);
    let multiple = terms.multiple.unwrap_or(Money::new(1, instalment.currency()));
    ScheduleError::MultipleClosesEarly { multiple, instalment, number }
}

/// The principal of one flat instalment. With a multiple, principal and cost are rounded to it each, and
/// the principal makes their sum a multiple.
fn flat_principal(terms: &ScheduleTerms, interest_each: i64, fee: Money) -> Result<Money, ScheduleError> {
    let each = each_of(terms, terms.principal)?;
    let cost = interest_each + fee.minor();
    if terms.multiple.is_none() {
        return Ok(each);
    }
    let principal = to_multiple(terms, Fraction::whole(i128::from(each.minor())))?;
    let rounded_cost = match to_multiple(terms, Fraction::whole(i128::from(cost))) {
        Ok(rounded) => rounded.minor(),
        // A cost below half a multiple is nothing of it; the principal part carries the whole instalment.
        Err(ScheduleError::MultipleAboveInstalment { .. }) => 0,
        Err(error) => return Err(error),
    };
    let minor = i128::from(principal.minor()) + i128::from(rounded_cost) - i128::from(cost);
    Ok(Money::new(whole(minor)?, principal.currency()))
}

/// The equal instalment (fee apart), with interest on the balance.
fn equal_payment(terms: &ScheduleTerms, shares: &[Shares], fee: Money) -> Result<Vec<Parts>, ScheduleError> {
    let exact = annuity(terms, shares)?;
    let mut payment = to_multiple(terms, exact)?;
    let mut parts = with_payment(terms, shares, fee, payment)?;
    if terms.residue == Residue::Last {
        return Ok(parts);
    }
    let periods = i64::from(terms.count - terms.grace.principal_periods);
    for _ in 0..CORRECTIONS_MAX {
        let gap = last_gap(&parts, payment);
        // A gap of less than half the instalments, in minor units, is what rounding leaves.
        if periods < 2 || gap.abs() <= i128::from(periods / 2) {
            break;
        }
        let step = terms.rounding.divide(gap, i128::from(periods));
        let corrected = to_multiple(terms, Fraction::whole(i128::from(payment.minor()) + step))?;
        if corrected == payment {
            break;
        }
        // A correction that no schedule can be made of is no better than what there is.
        let Ok(attempt) = with_payment(terms, shares, fee, corrected) else { break };
        if last_gap(&attempt, corrected).abs() >= gap.abs() {
            break;
        }
        (payment, parts) = (corrected, attempt);
    }
    Ok(parts)
}

/// How much the last instalment is above the equal one, fees apart.
fn last_gap(parts: &[Parts], payment: Money) -> i128 {
    let last = parts[parts.len() - 1];
    i128::from(last.principal.minor()) + i128::from(last.interest.minor()) - i128::from(payment.minor())
}

/// Principal over the sum of discount factors of the periods that repay it.
fn annuity(terms: &ScheduleTerms, shares: &[Shares]) -> Result<Fraction, MoneyError> {
    let repaying = &shares[terms.grace.principal_periods as usize..];
    let (mut discount, mut sum) = (SCALE, 0_i128);
    for share in repaying {
        let yearly = i128::from(terms.interest_per_year.millionths()) * (SCALE / 1_000_000);
        let product = Fraction::whole(yearly).try_mul(share.for_equal_payment).ok_or(MoneyError::Overflow)?;
        let growth = SCALE + product.round(Rounding::HalfEven);
        discount = Rounding::HalfEven.divide(discount * SCALE, growth);
        sum += discount;
    }
    Ok(Fraction::new(i128::from(terms.principal.minor()) * SCALE, sum))
}

/// The instalments when each is `payment`, the last one whatever is left.
fn with_payment(
    terms: &ScheduleTerms,
    shares: &[Shares],
    fee: Money,
    payment: Money,
) -> Result<Vec<Parts>, ScheduleError> {
    let parts = on_balance(terms, shares, fee, |due| {
        if due.is_last { Ok(due.balance) } else { payment.try_sub(due.interest)?.try_min(due.balance) }
    })?;
    let mut balance = terms.principal;
    for (index, part) in parts.iter().enumerate() {
        if part.principal.minor() < 0 {
            let interest = payment.try_sub(part.principal)?;
            let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
            return Err(ScheduleError::InstalmentBelowInterest { instalment: payment, interest, number });
        }
        balance = balance.try_sub(part.principal)?;
        if balance.is_zero() && index + 1 < parts.len() {
            return Err(closes_early(terms, payment, index));
        }
    }
    Ok(parts)
}

/// What part of a period's interest is, whether it is due then or put off; `balance` is the principal open
/// before the instalment.
pub(super) fn own_interest(
    terms: &ScheduleTerms,
    shares: &[Shares],
    index: usize,
    balance: Money,
    part: Fraction,
) -> Result<Money, MoneyError> {
    if (index as u64) < u64::from(terms.grace.interest_free_periods) {
        return Ok(Money::zero(balance.currency()));
    }
    if terms.method == Method::Flat {
        let each = flat_interest_each(terms, shares)?;
        let exact = Fraction::whole(i128::from(each)).try_mul(part).ok_or(MoneyError::Overflow)?;
        return Ok(Money::new(whole(exact.round(terms.rounding))?, balance.currency()));
    }
    let share = shares[index].charged.try_mul(part).ok_or(MoneyError::Overflow)?;
    interest_on(terms, balance, share)
}

/// The interest of one flat instalment before the last.
pub(super) fn flat_interest_each(terms: &ScheduleTerms, shares: &[Shares]) -> Result<i64, MoneyError> {
    let total = flat_interest(terms, shares)?;
    whole(terms.rounding.divide(i128::from(total.minor()), i128::from(terms.count)))
}

/// All interest of a flat plan.
fn flat_interest(terms: &ScheduleTerms, shares: &[Shares]) -> Result<Money, MoneyError> {
    let mut term = Fraction::ZERO;
    for share in shares {
        term = term.try_add(share.charged).ok_or(MoneyError::Overflow)?;
    }
    interest_on(terms, terms.principal, term)
}

/// The instalments that stay as high as `old`, fewer of them: principal as high where interest is on top, else
/// principal and interest together.
pub(super) fn parts_keeping(
    terms: &ScheduleTerms,
    shares: &[Shares],
    old: &Instalment,
) -> Result<Vec<Parts>, ScheduleError> {
    let fee = Money::zero(terms.principal.currency());
    let payment = old.principal.try_add(old.interest)?;
    let mut all = match terms.method {
        Method::EqualPayment => on_balance(terms, shares, fee, |due| {
            if due.is_last { Ok(due.balance) } else { payment.try_sub(due.interest)?.try_min(due.balance) }
        })?,
        Method::Flat | Method::EqualPrincipal => on_balance(terms, shares, fee, |due| {
            if due.is_last { Ok(due.balance) } else { old.principal.try_min(due.balance) }
        })?,
        // One repayment at the end has no number of instalments to shorten.
        Method::InterestOnly | Method::Bullet => return parts(terms, shares),
    };
    let needed = all.iter().rposition(|part| !part.principal.is_zero()).map_or(1, |last| last + 1);
    all.truncate(needed);
    Ok(all)
}

//! How the late fees of a period came about: stretches of days with one base each, and fees charged once, added up,
//! limited and rounded.

use std::collections::BTreeMap;

use dunlin_domain::amounts::Accrued;
use dunlin_domain::date::Date;
use dunlin_domain::late_fee::{FeeLimit, Segment};
use dunlin_domain::money::{Money, MoneyError};
use dunlin_domain::statement::Punctuality;
use dunlin_domain::terms::{LateFeeTerms, Terms};
use dunlin_domain::trace::Event;

use super::derive::{Books, Period};
use super::{LateFeeLine, LateFeeSegment, OnceFeeLine};

/// The late fees that changed in the period, by the due date that was missed.
pub(super) fn late_fees(terms: &Terms, period: &Period<'_>) -> Result<Vec<LateFeeLine>, MoneyError> {
    let Some(fee) = &terms.late_fee else { return Ok(Vec::new()) };
    let before = charged_by_due_date(terms, period.before)?;
    let after = charged_by_due_date(terms, period.after)?;
    let none = Charged { amount: Money::zero(terms.currency), count: 0, limit: None };
    let mut due_dates: Vec<Date> = before.keys().chain(after.keys()).copied().collect();
    due_dates.sort_unstable();
    due_dates.dedup();
    let mut lines = Vec::new();
    for due_on in due_dates {
        let charged_before = before.get(&due_on).unwrap_or(&none).amount;
        let charged = after.get(&due_on).copied().unwrap_or(none);
        let in_period = charged.amount.try_sub(charged_before)?;
        if in_period.is_zero() {
            continue;
        }
        let segments = segments(terms, period.after, due_on)?;
        let once = once_fees(period.after, due_on);
        let exact = segments.iter().fold(Accrued(0), |sum, segment| sum.plus(segment.amount));
        let exact = once.iter().fold(exact, |sum, once| sum.plus(Accrued::of(once.amount)));
        let grace_days = days_of_grace(terms, fee, due_on, &segments, exact, charged)?;
        lines.push(LateFeeLine {
            due_on,
            rate_per_day: fee.rate_per_day,
            segments,
            once,
            exact,
            limit: charged.limit,
            grace_days,
            fee_count: charged.count,
            rounding: terms.rounding,
            charged: charged.amount,
            charged_before,
            in_period,
        });
    }
    Ok(lines)
}

/// The days of grace, if they are why less was charged than accrued: what is paid within them costs nothing, although
/// the days were counted.
fn days_of_grace(
    terms: &Terms,
    fee: &LateFeeTerms,
    due_on: Date,
    segments: &[LateFeeSegment],
    exact: Accrued,
    charged: Charged,
) -> Result<Option<i32>, MoneyError> {
    let ends_on = due_on.plus_days(fee.grace_days);
    let in_grace = segments.iter().any(|segment| segment.through <= ends_on);
    let missing = exact.round(terms.rounding, terms.currency)?.try_sub(charged.amount)?;
    // Several fees of one due date are each made whole: up to one unit of difference a fee is rounding.
    let is_more_than_rounding = missing.minor() > i64::from(charged.count);
    Ok((in_grace && charged.limit.is_none() && is_more_than_rounding).then_some(fee.grace_days))
}

/// What was charged for one due date.
#[derive(Clone, Copy)]
struct Charged {
    amount: Money,
    count: u32,
    limit: Option<FeeLimit>,
}

/// What was charged for each due date so far: the fees of what is settled, and of what is open to date.
fn charged_by_due_date(terms: &Terms, books: &Books) -> Result<BTreeMap<Date, Charged>, MoneyError> {
    let mut charged: BTreeMap<Date, Charged> = BTreeMap::new();
    let mut add = |due_on: Date, amount: Money, limit: Option<FeeLimit>| -> Result<(), MoneyError> {
        if amount.is_zero() && limit.is_none() {
            return Ok(());
        }
        let sum = charged.entry(due_on).or_insert(Charged {
            amount: Money::zero(terms.currency),
            count: 0,
            limit: None,
        });
        sum.amount = sum.amount.try_add(amount)?;
        sum.count += u32::from(!amount.is_zero());
        sum.limit = limit.or(sum.limit);
        Ok(())
    };
    for event in &books.events {
        if let Event::LateFeeSettled { due_on, amount, limit, .. } = event {
            add(*due_on, *amount, *limit)?;
        }
    }
    for statement in &books.position.statements {
        let on = books.position.as_of;
        add(statement.due_on, statement.late_fee_charged(terms, on)?, statement.late_fee_limit(terms, on)?)?;
    }
    Ok(charged)
}

/// The finished stretches, and those that still run.
fn segments(terms: &Terms, books: &Books, due_on: Date) -> Result<Vec<LateFeeSegment>, MoneyError> {
    let mut segments: Vec<LateFeeSegment> = Vec::new();
    let mut add = |segment: &Segment| {
        let (from, through, days) = (segment.from, segment.through, segment.days);
        segments.push(LateFeeSegment { from, through, days, base: segment.base, amount: segment.amount });
    };
    for event in &books.events {
        if let Event::LateFeeSegment { due_on: of, segment } = event
            && *of == due_on
        {
            add(segment);
        }
    }
    for statement in books.position.statements.iter().filter(|statement| statement.due_on == due_on) {
        if statement.punctuality == Punctuality::Missed
            && let Some(segment) = statement.running_segment(terms, books.position.as_of)?
        {
            add(&segment);
        }
    }
    Ok(segments)
}

fn once_fees(books: &Books, due_on: Date) -> Vec<OnceFeeLine> {
    let mut fees = Vec::new();
    for event in &books.events {
        if let Event::OnceFee { on, due_on: of, after_days, amount } = event
            && *of == due_on
            && !amount.is_zero()
        {
            fees.push(OnceFeeLine { on: *on, after_days: *after_days, amount: *amount });
        }
    }
    fees
}

//! How the late fees of a period came about: stretches of days with one base each, added up, capped and rounded.

use std::collections::BTreeMap;

use dunlin_domain::amounts::Accrued;
use dunlin_domain::date::Date;
use dunlin_domain::money::{Money, MoneyError};
use dunlin_domain::statement::Punctuality;
use dunlin_domain::terms::{Component, LateFeeTerms, Terms};
use dunlin_domain::trace::Event;

use super::derive::{Books, Period};
use super::{LateFeeLine, LateFeeSegment};

/// The late fees that changed in the period, by the due date that was missed.
pub(super) fn late_fees(terms: &Terms, period: &Period<'_>) -> Result<Vec<LateFeeLine>, MoneyError> {
    let Some(fee) = &terms.late_fee else { return Ok(Vec::new()) };
    let charged_before = charged_by_due_date(terms, period.before)?;
    let zero = Money::zero(terms.currency);
    let mut lines = Vec::new();
    for (due_on, charged) in charged_by_due_date(terms, period.after)? {
        let charged_before = charged_before.get(&due_on).copied().unwrap_or(zero);
        let in_period = charged.try_sub(charged_before)?;
        if in_period.is_zero() {
            continue;
        }
        let segments = segments(terms, fee, period.after, due_on)?;
        let exact = segments.iter().fold(Accrued(0), |sum, segment| sum.plus(segment.amount));
        let cap = cap_of(terms, fee, period.after, due_on)?.filter(|cap| Accrued::of(*cap) < exact);
        lines.push(LateFeeLine {
            due_on,
            rate_per_day: fee.rate_per_day,
            segments,
            exact,
            cap,
            rounding: terms.rounding,
            charged,
            charged_before,
            in_period,
        });
    }
    Ok(lines)
}

/// What was charged for each due date so far. A fee that is settled is what was paid and given up of it; of an open
/// one the rest comes on top. Late fees that the lender loaded as obligations are not among them.
fn charged_by_due_date(terms: &Terms, books: &Books) -> Result<BTreeMap<Date, Money>, MoneyError> {
    let mut charged: BTreeMap<Date, Money> = BTreeMap::new();
    let mut add = |due_on: Date, amount: Money| -> Result<(), MoneyError> {
        let sum = charged.entry(due_on).or_insert(Money::zero(terms.currency));
        *sum = sum.try_add(amount)?;
        Ok(())
    };
    for event in &books.events {
        match event {
            Event::Allocated { due_on, component: Component::LateFee, amount, .. }
            | Event::Waived { due_on, amount, .. } => add(*due_on, *amount)?,
            Event::Obligation { due_on, component: Component::LateFee, amount, .. } => {
                add(*due_on, Money::zero(terms.currency).try_sub(*amount)?)?;
            }
            _ => {}
        }
    }
    for statement in &books.position.statements {
        add(statement.due_on, statement.late_fee_rest(terms, books.position.as_of)?)?;
        add(statement.due_on, statement.rest_of(Component::LateFee)?)?;
    }
    Ok(charged)
}

/// The finished stretches, and those that still run.
fn segments(
    terms: &Terms,
    fee: &LateFeeTerms,
    books: &Books,
    due_on: Date,
) -> Result<Vec<LateFeeSegment>, MoneyError> {
    let mut segments: Vec<LateFeeSegment> = Vec::new();
    for event in &books.events {
        if let Event::LateFeeSegment { due_on: of, segment } = event
            && *of == due_on
        {
            let (from, through, days) = (segment.from, segment.through, segment.days);
            segments.push(LateFeeSegment { from, through, days, base: segment.base, amount: segment.amount });
        }
    }
    let through = books.position.as_of;
    for statement in books.position.statements.iter().filter(|statement| statement.due_on == due_on) {
        let from = statement.late_fee.running_since;
        let base = statement.late_fee_base(fee, terms)?;
        let days = through.days_since(from);
        if statement.punctuality == Punctuality::Missed && base.is_positive() && days > 0 {
            let amount = Accrued::over(base, fee.rate_per_day, days);
            segments.push(LateFeeSegment { from, through, days, base, amount });
        }
    }
    Ok(segments)
}

fn cap_of(
    terms: &Terms,
    fee: &LateFeeTerms,
    books: &Books,
    due_on: Date,
) -> Result<Option<Money>, MoneyError> {
    let Some(share) = fee.cap_share else { return Ok(None) };
    let mut billed = Money::zero(terms.currency);
    for event in &books.events {
        match event {
            Event::StatementCut { due_on: of, billed: amounts, .. } if *of == due_on => {
                billed = billed.try_add(amounts.total()?)?;
            }
            Event::Obligation { due_on: of, amount, .. } if *of == due_on => {
                billed = billed.try_add(*amount)?
            }
            _ => {}
        }
    }
    share.of(billed, terms.rounding).map(Some)
}

//! The lines of a statement: facts of the period, and what the terms made of them.
//!
//! They are the difference of what the fold told at the two ends of the period. So they also hold what was there at
//! its beginning and is gone at its end: a payment that was returned stands as such, anything else as an adjustment.

use std::collections::{HashMap, HashSet};

use dunlin_domain::date::Date;
use dunlin_domain::fact::{Fact, FactKind};
use dunlin_domain::id::FactId;
use dunlin_domain::money::{Currency, Money, MoneyError};
use dunlin_store::agreement::StoredFact;

use super::derive::{Period, Source};
use super::json::kind_code;
use super::lines::Line;
use super::{Designation, Entry, EntryKind, LateFeeLine, Movement, Movements, PlanChange};

/// The entries of a period in the order of their days, and what they come to by movement. `known` are the facts that
/// count.
pub(super) fn entries(
    source: &Source<'_>,
    known: &[Fact],
    period: &Period<'_>,
    late_fees: &[LateFeeLine],
) -> Result<(Vec<Entry>, Movements), MoneyError> {
    let by_id: HashMap<FactId, &Fact> = known.iter().map(|fact| (fact.id, fact)).collect();
    let undone_on: HashMap<FactId, Date> = known
        .iter()
        .filter(|fact| fact.kind.is_undoing())
        .filter_map(|fact| fact.target.map(|target| (target, fact.value_on)))
        .collect();
    let (gone, new) = difference(&period.before.lines, &period.after.lines);
    let mut told = Told {
        stored: source.facts.iter().map(|stored| (stored.fact.id, stored)).collect(),
        by_id: &by_id,
        movements: Movements::zero(source.terms.currency),
        entries: Vec::new(),
    };
    let (new, refolded): (Vec<&Line>, Vec<&Line>) =
        new.into_iter().partition(|line| period.contains(line.on));
    for line in new {
        told.plain(line)?;
    }
    told.adjust(gone, refolded, period, &undone_on)?;
    told.came_and_went(known, period)?;
    for fee in late_fees.iter().filter(|fee| !fee.in_period.is_zero()) {
        told.late_fee(fee, period.cut_off_on)?;
    }
    let Told { mut entries, movements, .. } = told;
    // Stable, so that what the fold did first on a day stands first.
    entries.sort_by_key(|entry| entry.on);
    Ok((entries, movements))
}

/// What is in `before` only, and what is in `after` only. They mostly begin alike.
fn difference<'l>(before: &'l [Line], after: &'l [Line]) -> (Vec<&'l Line>, Vec<&'l Line>) {
    let alike = before.iter().zip(after).take_while(|(left, right)| left == right).count();
    let mut gone: Vec<&Line> = before[alike..].iter().collect();
    let mut new = Vec::new();
    for line in &after[alike..] {
        match gone.iter().position(|other| *other == line) {
            Some(place) => {
                gone.remove(place);
            }
            None => new.push(line),
        }
    }
    (gone, new)
}

struct Told<'s> {
    stored: HashMap<FactId, &'s StoredFact>,
    by_id: &'s HashMap<FactId, &'s Fact>,
    movements: Movements,
    entries: Vec<Entry>,
}

impl Told<'_> {
    fn currency(&self) -> Currency {
        self.movements.currency()
    }

    fn push(&mut self, on: Date, kind: EntryKind, fact: Option<FactId>, is_adjustment: bool, amount: Money) {
        let stored = fact.and_then(|fact| self.stored.get(&fact));
        let reference = stored.map_or_else(String::new, |stored| stored.fact.reference.clone());
        let note = stored.map_or_else(String::new, |stored| stored.note.clone());
        let designation = stored.and_then(|stored| self.designation(&stored.fact));
        self.entries.push(Entry { on, kind, is_adjustment, reference, note, designation, amount });
    }

    /// What the customer said that a payment is for.
    fn designation(&self, fact: &Fact) -> Option<Designation> {
        if fact.kind != FactKind::Payment {
            return None;
        }
        let target = fact.target.and_then(|target| self.by_id.get(&target));
        let reference = target.map(|target| Designation::Reference(target.reference.clone()));
        let component = fact.detail.only.map(Designation::Component);
        reference.or(fact.due_on.map(Designation::DueOn)).or(component)
    }

    fn plain(&mut self, line: &Line) -> Result<(), MoneyError> {
        line.add_to(&mut self.movements)?;
        let amount = line.effect(self.currency())?;
        self.push(line.on, line.kind, line.fact, false, amount);
        Ok(())
    }

    /// Adds to the movement of the sign that `amount` has.
    fn add_adjustment(&mut self, amount: Money) -> Result<(), MoneyError> {
        if amount.minor() < 0 {
            self.movements.add(Movement::AdjustedDown, negative(amount)?)
        } else {
            self.movements.add(Movement::AdjustedUp, amount)
        }
    }

    /// What was told of earlier periods and is not true any more, with what is told of them now in its place.
    fn adjust(
        &mut self,
        gone: Vec<&Line>,
        mut refolded: Vec<&Line>,
        period: &Period<'_>,
        undone_on: &HashMap<FactId, Date>,
    ) -> Result<(), MoneyError> {
        for line in gone {
            let on = line.fact.and_then(|fact| undone_on.get(&fact)).copied().unwrap_or(period.cut_off_on);
            let taken_off = negative(line.effect(self.currency())?)?;
            if matches!(line.kind, EntryKind::Payment | EntryKind::Payoff) {
                self.movements.add(Movement::PaymentReturned, taken_off)?;
                self.push(on, EntryKind::PaymentReturned, line.fact, false, taken_off);
                continue;
            }
            let is_same = |other: &&Line| {
                other.on == line.on
                    && other.fact == line.fact
                    && kind_code(other.kind) == kind_code(line.kind)
                    && number_of(other.kind) == number_of(line.kind)
            };
            let now = refolded.iter().position(is_same).map(|place| refolded.remove(place));
            let kind = now.map_or(line.kind, |now| now.kind);
            let effect = match now {
                Some(now) => taken_off.try_add(now.effect(self.currency())?)?,
                None => taken_off,
            };
            if !effect.is_zero() {
                self.add_adjustment(effect)?;
                self.push(on, kind, line.fact, true, effect);
            }
        }
        for line in refolded {
            let effect = line.effect(self.currency())?;
            if !effect.is_zero() {
                self.add_adjustment(effect)?;
                self.push(line.on.max(period.from), line.kind, line.fact, true, effect);
            }
        }
        Ok(())
    }

    /// Payments that came and went within the period: the fold leaves both out, the customer saw both.
    fn came_and_went(&mut self, known: &[Fact], period: &Period<'_>) -> Result<(), MoneyError> {
        let withdrawn: HashSet<FactId> = known
            .iter()
            .filter(|fact| fact.kind == FactKind::Withdrawal)
            .filter_map(|fact| fact.target)
            .collect();
        let mut shown = HashSet::new();
        let undoing = known.iter().filter(|fact| matches!(fact.kind, FactKind::Reversal | FactKind::Return));
        for reversal in undoing {
            let payment = reversal.target.and_then(|target| self.by_id.get(&target).copied());
            let Some(payment) = payment else { continue };
            let kind = match payment.kind {
                FactKind::Payment => EntryKind::Payment,
                FactKind::Payoff => EntryKind::Payoff,
                _ => continue,
            };
            let is_shown = period.contains(payment.value_on)
                && period.contains(reversal.value_on)
                && !withdrawn.contains(&payment.id)
                && !withdrawn.contains(&reversal.id)
                && shown.insert(payment.id);
            if is_shown {
                self.movements.add(Movement::Payment, payment.amount)?;
                self.movements.add(Movement::PaymentReturned, payment.amount)?;
                self.push(payment.value_on, kind, Some(payment.id), false, negative(payment.amount)?);
                let returned = EntryKind::PaymentReturned;
                self.push(reversal.value_on, returned, Some(reversal.id), false, payment.amount);
            }
        }
        Ok(())
    }

    /// What a late fee rose by in the period; one that became lower is an adjustment.
    fn late_fee(&mut self, fee: &LateFeeLine, on: Date) -> Result<(), MoneyError> {
        let kind = EntryKind::LateFee { due_on: fee.due_on };
        let is_lower = fee.in_period.minor() < 0;
        if is_lower {
            self.add_adjustment(fee.in_period)?;
        } else {
            self.movements.add(Movement::LateFee, fee.in_period)?;
        }
        self.push(on, kind, None, is_lower, fee.in_period);
        Ok(())
    }
}

/// Which of a plan's instalments an entry is of.
fn number_of(kind: EntryKind) -> Option<u32> {
    match kind {
        EntryKind::Instalment { number, .. }
        | EntryKind::Change(PlanChange::InstalmentDue { number, .. })
        | EntryKind::Change(PlanChange::EarnedAhead { number, .. }) => Some(number),
        EntryKind::Purchase
        | EntryKind::PlanPurchase { .. }
        | EntryKind::Draw { .. }
        | EntryKind::Change(PlanChange::CalledIn { .. })
        | EntryKind::Change(PlanChange::PaidAhead { .. })
        | EntryKind::Change(PlanChange::MovedToPlan { .. })
        | EntryKind::Change(PlanChange::Rescheduled { .. })
        | EntryKind::Obligation { .. }
        | EntryKind::ServiceFee { .. }
        | EntryKind::Charge { .. }
        | EntryKind::LateFee { .. }
        | EntryKind::Payment
        | EntryKind::Payoff
        | EntryKind::PaymentReturned
        | EntryKind::Recovered
        | EntryKind::Refund { .. }
        | EntryKind::Waiver { .. }
        | EntryKind::CreditPaidOut
        | EntryKind::ChargedOff
        | EntryKind::WrittenOff
        | EntryKind::Sold => None,
    }
}

fn negative(amount: Money) -> Result<Money, MoneyError> {
    Money::zero(amount.currency()).try_sub(amount)
}

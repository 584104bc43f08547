//! The lines of a statement: facts of the period, and what the terms made of them.
//!
//! They are the difference of what the fold told at the two ends of the period. So they also hold what was there at
//! its beginning and is gone at its end, such as a payment that was returned, with the sign turned round.

use std::collections::{BTreeMap, HashMap, HashSet};

use dunlin_domain::date::Date;
use dunlin_domain::fact::{Fact, FactKind};
use dunlin_domain::id::FactId;
use dunlin_domain::money::{Money, MoneyError};
use dunlin_domain::terms::Component;
use dunlin_domain::trace::Event;
use dunlin_store::agreement::StoredFact;

use super::derive::{Period, Source, refunded_on_plans};
use super::{Entry, EntryKind, LateFeeLine};

/// The entries of a period in the order of their days. `known` are the facts that count.
pub(super) fn entries(
    source: &Source<'_>,
    known: &[Fact],
    period: &Period<'_>,
    late_fees: &[LateFeeLine],
) -> Result<Vec<Entry>, MoneyError> {
    let stored: HashMap<FactId, &StoredFact> =
        source.facts.iter().map(|stored| (stored.fact.id, stored)).collect();
    let (gone, new) = difference(&period.before.events, &period.after.events);
    let mut lines = Lines { stored: &stored, entries: Vec::new(), facts: Vec::new() };
    let mut refunds = Refunds::of(source, known, period)?;
    for event in new {
        lines.take(event, &mut refunds)?;
    }
    let came = lines.entries.len();
    for event in gone {
        lines.take(event, &mut refunds)?;
    }
    let undone_on: HashMap<FactId, Date> = known
        .iter()
        .filter(|fact| fact.kind.is_undoing())
        .filter_map(|fact| fact.target.map(|target| (target, fact.value_on)))
        .collect();
    for (entry, fact) in lines.entries.iter_mut().zip(&lines.facts).skip(came) {
        let undone_on = fact.as_ref().and_then(|fact| undone_on.get(fact));
        entry.amount = negative(entry.amount)?;
        entry.on = undone_on.copied().unwrap_or(period.cut_off_on);
        if entry.kind == EntryKind::Payment {
            entry.kind = EntryKind::PaymentReturned;
        }
    }
    lines.came_and_went(known, period);
    for fee in late_fees.iter().filter(|fee| !fee.in_period.is_zero()) {
        let kind = EntryKind::LateFee { due_on: fee.due_on };
        lines.derived(period.cut_off_on, kind, fee.in_period);
    }
    let mut entries = lines.entries;
    // Stable, so that what the fold did first on a day stands first.
    entries.sort_by_key(|entry| entry.on);
    Ok(entries)
}

/// What is in `before` only, and what is in `after` only. They mostly begin alike.
fn difference<'e>(before: &'e [Event], after: &'e [Event]) -> (Vec<&'e Event>, Vec<&'e Event>) {
    let alike = before.iter().zip(after).take_while(|(left, right)| left == right).count();
    let mut gone: Vec<&Event> = before[alike..].iter().collect();
    let mut new = Vec::new();
    for event in &after[alike..] {
        match gone.iter().position(|other| *other == event) {
            Some(place) => {
                gone.remove(place);
            }
            None => new.push(event),
        }
    }
    (gone, new)
}

struct Lines<'s> {
    stored: &'s HashMap<FactId, &'s StoredFact>,
    entries: Vec<Entry>,
    /// The fact of each entry, where it is of one.
    facts: Vec<Option<FactId>>,
}

impl Lines<'_> {
    fn of_fact(&mut self, on: Date, fact: FactId, kind: EntryKind, amount: Money) {
        let stored = self.stored.get(&fact);
        let reference = stored.map_or_else(String::new, |stored| stored.fact.reference.clone());
        let note = stored.map_or_else(String::new, |stored| stored.note.clone());
        self.entries.push(Entry { on, kind, reference, note, amount });
        self.facts.push(Some(fact));
    }

    fn derived(&mut self, on: Date, kind: EntryKind, amount: Money) {
        self.entries.push(Entry { on, kind, reference: String::new(), note: String::new(), amount });
        self.facts.push(None);
    }

    fn take(&mut self, event: &Event, refunds: &mut Refunds) -> Result<(), MoneyError> {
        match event {
            Event::Purchase { fact, on, amount, instalment_count } => {
                let (kind, moved) = match instalment_count {
                    0 => (EntryKind::Purchase, *amount),
                    count => {
                        let kind = EntryKind::PlanPurchase { principal: *amount, count: *count };
                        (kind, Money::zero(amount.currency()))
                    }
                };
                self.of_fact(*on, *fact, kind, moved);
            }
            Event::InstalmentBilled { on, purchase, number, count, principal, fee } => {
                let (number, count, principal, fee) = (*number, *count, *principal, *fee);
                let kind = EntryKind::Instalment { number, count, principal, fee };
                self.of_fact(*on, *purchase, kind, principal.try_add(fee)?);
            }
            Event::Obligation { fact, on, due_on, component, amount } => {
                let kind = EntryKind::Obligation { component: *component, due_on: *due_on };
                self.of_fact(*on, *fact, kind, *amount);
            }
            Event::StatementCut { on, billed, .. } => {
                for (component, kind) in
                    [(Component::Interest, EntryKind::Interest), (Component::Charge, EntryKind::Charge)]
                {
                    let amount = billed.get(component);
                    if !amount.is_zero() {
                        self.derived(*on, kind, amount);
                    }
                }
            }
            Event::Charge { fact, on, due_on: Some(_), amount, .. } => {
                self.of_fact(*on, *fact, EntryKind::Charge, *amount);
            }
            Event::Payment { fact, on, amount } | Event::Payoff { fact, on, amount, .. } => {
                self.of_fact(*on, *fact, EntryKind::Payment, negative(*amount)?);
            }
            Event::Refund { fact, on, amount, lowered_unbilled } => {
                let on_instalments = refunds.on_instalments(*fact, *lowered_unbilled)?;
                let moved = negative(amount.try_sub(on_instalments)?)?;
                self.of_fact(*on, *fact, EntryKind::Refund { on_instalments }, moved);
            }
            Event::Waived { fact, on, due_on, amount, .. } => {
                self.of_fact(*on, *fact, EntryKind::Waiver { due_on: *due_on }, negative(*amount)?);
            }
            Event::MinimumMissed { .. }
            | Event::LateFeeSegment { .. }
            | Event::Allocated { .. }
            // Told by the payments, waivers and statements that they lead to, or of schedules, which have no
            // statements of account.
            | Event::Instalment { .. }
            | Event::NotScheduled { .. }
            | Event::InterestDue { .. }
            | Event::OnceFee { .. }
            | Event::ServiceBilled { .. }
            | Event::LateFeesStopped { .. }
            | Event::MovedToPlan { .. }
            | Event::Charge { due_on: None, .. }
            | Event::ChargeCut { .. }
            | Event::Rescheduled { .. }
            | Event::Prepaid { .. }
            | Event::CreditPaidOut { .. }
            | Event::AgeingPaused { .. }
            | Event::AgeingResumed { .. }
            | Event::FeesFrozen { .. }
            | Event::ChargedOff { .. }
            | Event::WrittenOff { .. }
            | Event::Recovered { .. }
            | Event::Sold { .. }
            | Event::OverdueChanged { .. } => {}
        }
        Ok(())
    }

    /// Payments that came and went within the period: the fold leaves both out, the customer saw both.
    fn came_and_went(&mut self, known: &[Fact], period: &Period<'_>) {
        let by_id: HashMap<FactId, &Fact> = known.iter().map(|fact| (fact.id, fact)).collect();
        let withdrawn: HashSet<FactId> = known
            .iter()
            .filter(|fact| fact.kind == FactKind::Withdrawal)
            .filter_map(|fact| fact.target)
            .collect();
        let undoing = known.iter().filter(|fact| matches!(fact.kind, FactKind::Reversal | FactKind::Return));
        for reversal in undoing {
            let payment = reversal.target.and_then(|target| by_id.get(&target));
            let Some(payment) = payment.filter(|payment| payment.kind == FactKind::Payment) else { continue };
            let is_shown = period.contains(payment.value_on)
                && period.contains(reversal.value_on)
                && !withdrawn.contains(&payment.id)
                && !withdrawn.contains(&reversal.id);
            if is_shown {
                let came = Money::new(-payment.amount.minor(), payment.amount.currency());
                self.of_fact(payment.value_on, payment.id, EntryKind::Payment, came);
                self.of_fact(reversal.value_on, reversal.id, EntryKind::PaymentReturned, payment.amount);
            }
        }
    }
}

/// How much of the period's refunds lowered instalments to come, refund by refund.
struct Refunds {
    left: Money,
    /// By refund: whether the purchase that it names is split by a plan.
    names_plan: BTreeMap<FactId, bool>,
}

impl Refunds {
    fn of(source: &Source<'_>, known: &[Fact], period: &Period<'_>) -> Result<Self, MoneyError> {
        let by_id: HashMap<FactId, &Fact> = known.iter().map(|fact| (fact.id, fact)).collect();
        let refunds = known.iter().filter(|fact| fact.kind == FactKind::Refund);
        let names_plan = refunds.filter_map(|refund| {
            let purchase = by_id.get(&refund.target?)?;
            Some((refund.id, source.terms.offer(purchase.instalment_count).is_some()))
        });
        let (after, before) = (period.after, period.before);
        let all = refunded_on_plans(source.terms, &after.position, &after.events)?;
        let earlier = refunded_on_plans(source.terms, &before.position, &before.events)?;
        Ok(Self { left: all.try_sub(earlier)?, names_plan: names_plan.collect() })
    }

    fn on_instalments(&mut self, refund: FactId, lowered: Money) -> Result<Money, MoneyError> {
        let part = match self.names_plan.get(&refund) {
            Some(false) => Money::zero(lowered.currency()),
            Some(true) | None => lowered.try_min(self.left)?,
        };
        self.left = self.left.try_sub(part)?;
        Ok(part)
    }
}

fn negative(amount: Money) -> Result<Money, MoneyError> {
    Money::zero(amount.currency()).try_sub(amount)
}

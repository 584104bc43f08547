//! What one event of the fold does to the balance.
//!
//! Every event that moves it is one line; the movements of a statement and its entries are both made of lines, so
//! that neither can know of something that the other does not.

use dunlin_domain::amounts::Amounts;
use dunlin_domain::date::Date;
use dunlin_domain::id::FactId;
use dunlin_domain::money::{Currency, Money, MoneyError};
use dunlin_domain::terms::{Component, Terms};
use dunlin_domain::trace::Event;

use super::{EntryKind, Movement, Movements, PlanChange};

/// One event as a statement tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub on: Date,
    pub kind: EntryKind,
    /// The fact behind it; that of the plan for what a plan brings. `None` for what statements bring by themselves.
    pub fact: Option<FactId>,
    /// How the balance moves by it; nothing of some.
    pub parts: Vec<(Movement, Money)>,
}

impl Line {
    /// By how much the balance rises.
    pub fn effect(&self, currency: Currency) -> Result<Money, MoneyError> {
        let zero = Money::zero(currency);
        self.parts.iter().try_fold(zero, |sum, (movement, amount)| {
            if movement.is_credit() { sum.try_sub(*amount) } else { sum.try_add(*amount) }
        })
    }

    pub fn add_to(&self, movements: &mut Movements) -> Result<(), MoneyError> {
        self.parts.iter().try_for_each(|(movement, amount)| movements.add(*movement, *amount))
    }
}

/// All lines of a fold, in the order of its events.
pub(super) fn lines(terms: &Terms, events: &[Event]) -> Result<Vec<Line>, MoneyError> {
    let mut lines = Vec::new();
    for event in events {
        lines.extend(line(terms, event)?);
    }
    Ok(lines)
}

/// The line of an event; `None` for one that neither moves the balance nor has to be told of.
fn line(terms: &Terms, event: &Event) -> Result<Option<Line>, MoneyError> {
    let made = |on: Date, fact: FactId, kind: EntryKind, parts: Vec<(Movement, Money)>| {
        Some(Line { on, kind, fact: Some(fact), parts })
    };
    let is_by_schedule = terms.schedule_billing().is_some();
    Ok(match event {
        Event::Purchase { fact, on, amount, instalment_count } => {
            let (amount, count) = (*amount, *instalment_count);
            let (kind, parts) = match count {
                count if is_by_schedule => (EntryKind::Draw { count }, vec![(Movement::Draw, amount)]),
                0 => (EntryKind::Purchase, vec![(Movement::Purchase, amount)]),
                count => (EntryKind::PlanPurchase { principal: amount, count }, Vec::new()),
            };
            made(*on, *fact, kind, parts)
        }
        Event::InstalmentBilled { on, purchase, number, count, principal, interest, fee } => {
            let (number, count) = (*number, *count);
            let (principal, interest, fee) = (*principal, *interest, *fee);
            let kind = EntryKind::Instalment { number, count, principal, interest, fee };
            made(*on, *purchase, kind, instalment(principal, interest, fee))
        }
        Event::InstalmentDue { plan, on, number, principal, interest, fee } => {
            let (number, principal, interest, fee) = (*number, *principal, *interest, *fee);
            let kind = EntryKind::Change(PlanChange::InstalmentDue { number, principal, interest, fee });
            let is_paid = principal.is_zero() && interest.is_zero() && fee.is_zero();
            let parts = instalment(Money::zero(terms.currency), interest, fee);
            if is_paid { None } else { made(*on, *plan, kind, parts) }
        }
        Event::EarnedAhead { plan, on, number, component, amount } => {
            let kind = EntryKind::Change(PlanChange::EarnedAhead { number: *number, component: *component });
            let (interest, fee) = match component {
                Component::Interest => (*amount, Money::zero(terms.currency)),
                _ => (Money::zero(terms.currency), *amount),
            };
            made(*on, *plan, kind, instalment(Money::zero(terms.currency), interest, fee))
        }
        Event::CalledIn { on, plan, amounts } => made(*on, *plan, called_in(amounts), {
            // What is drawn of a schedule is owed from the draw on.
            let principal = if is_by_schedule { Money::zero(terms.currency) } else { principal_of(amounts) };
            instalment(principal, amounts.get(Component::Interest), amounts.get(Component::InstalmentFee))
        }),
        Event::Prepaid { fact, on, amount, mode, .. } => {
            let kind = EntryKind::Change(PlanChange::PaidAhead { principal: *amount, mode: *mode });
            let moved =
                if is_by_schedule { Vec::new() } else { vec![(Movement::InstalmentPrincipal, *amount)] };
            made(*on, *fact, kind, moved)
        }
        Event::MovedToPlan { fact, on, due_on, amount, instalment_count } => {
            let kind =
                EntryKind::Change(PlanChange::MovedToPlan { due_on: *due_on, count: *instalment_count });
            made(*on, *fact, kind, vec![(Movement::MovedToPlan, *amount)])
        }
        Event::Rescheduled { fact, on, instalment_count, .. } => made(
            *on,
            *fact,
            EntryKind::Change(PlanChange::Rescheduled { count: *instalment_count }),
            Vec::new(),
        ),
        Event::Obligation { fact, on, due_on, component, amount } => {
            let kind = EntryKind::Obligation { component: *component, due_on: *due_on };
            made(*on, *fact, kind, vec![(Movement::Obligation, *amount)])
        }
        Event::Charge { fact, on, due_on, amount, .. } => {
            made(*on, *fact, EntryKind::Charge { due_on: *due_on }, vec![(Movement::Charge, *amount)])
        }
        Event::ServiceBilled { on, due_on, amount } => {
            let (kind, parts) =
                (EntryKind::ServiceFee { due_on: *due_on }, vec![(Movement::Interest, *amount)]);
            Some(Line { on: *on, kind, fact: None, parts })
        }
        event => return of_money(event),
    })
}

/// Money that comes and goes, and what becomes of the claim.
fn of_money(event: &Event) -> Result<Option<Line>, MoneyError> {
    let (on, fact, kind, movement, amount) = match event {
        Event::Payment { fact, on, amount } => (on, fact, EntryKind::Payment, Movement::Payment, *amount),
        Event::Payoff { fact, on, amount, .. } => (on, fact, EntryKind::Payoff, Movement::Payment, *amount),
        Event::Refund { fact, on, amount, lowered_plans, .. } => {
            let kind = EntryKind::Refund { on_instalments: *lowered_plans };
            (on, fact, kind, Movement::Refund, amount.try_sub(*lowered_plans)?)
        }
        Event::Waived { fact, on, due_on, component, amount } => {
            let kind = EntryKind::Waiver { due_on: *due_on, component: *component };
            (on, fact, kind, Movement::Waiver, *amount)
        }
        Event::CreditPaidOut { fact, on, amount, .. } => {
            (on, fact, EntryKind::CreditPaidOut, Movement::CreditPaidOut, *amount)
        }
        Event::Recovered { fact, on, amount } => {
            (on, fact, EntryKind::Recovered, Movement::Recovered, *amount)
        }
        Event::ChargedOff { fact, on, .. } => {
            let (fact, parts) = (Some(*fact), Vec::new());
            return Ok(Some(Line { on: *on, kind: EntryKind::ChargedOff, fact, parts }));
        }
        Event::WrittenOff { fact, on, amounts } => {
            (on, fact, EntryKind::WrittenOff, Movement::WrittenOff, amounts.total()?)
        }
        Event::Sold { fact, on, amounts, .. } => (on, fact, EntryKind::Sold, Movement::Sold, amounts.total()?),
        Event::Purchase { .. }
        | Event::InstalmentBilled { .. }
        | Event::InstalmentDue { .. }
        | Event::EarnedAhead { .. }
        | Event::CalledIn { .. }
        | Event::Prepaid { .. }
        | Event::MovedToPlan { .. }
        | Event::Rescheduled { .. }
        | Event::Obligation { .. }
        | Event::Charge { .. }
        | Event::ServiceBilled { .. }
        // Late fees are told by due date, see `late_fees`.
        | Event::OnceFee { .. }
        | Event::LateFeeSegment { .. }
        | Event::LateFeeSettled { .. }
        | Event::LateFeesStopped { .. }
        // These move nothing between the lender and the customer.
        | Event::StatementCut { .. }
        | Event::MinimumMissed { .. }
        | Event::Allocated { .. }
        | Event::Instalment { .. }
        | Event::ChargeCut { .. }
        | Event::NotScheduled { .. }
        | Event::InterestDue { .. }
        | Event::AgeingPaused { .. }
        | Event::AgeingResumed { .. }
        | Event::FeesFrozen { .. }
        | Event::OverdueChanged { .. } => return Ok(None),
    };
    let parts = if amount.is_zero() { Vec::new() } else { vec![(movement, amount)] };
    Ok(Some(Line { on: *on, kind, fact: Some(*fact), parts }))
}

fn instalment(principal: Money, interest: Money, fee: Money) -> Vec<(Movement, Money)> {
    let parts = [
        (Movement::InstalmentPrincipal, principal),
        (Movement::Interest, interest),
        (Movement::InstalmentFee, fee),
    ];
    parts.into_iter().filter(|(_, amount)| !amount.is_zero()).collect()
}

fn principal_of(amounts: &Amounts) -> Money {
    amounts.get(Component::Principal)
}

fn called_in(amounts: &Amounts) -> EntryKind {
    EntryKind::Change(PlanChange::CalledIn {
        principal: principal_of(amounts),
        interest: amounts.get(Component::Interest),
        fee: amounts.get(Component::InstalmentFee),
    })
}

//! A loan as the peer shows it: its schedule with what was paid when, read off the fold's own account of itself.
//!
//! No amount is computed anew here: the parts come from the events of the fold and from the position, and are put
//! into the peer's rows.

use std::collections::BTreeMap;

use dunlin_domain::amounts::Amounts;
use dunlin_domain::date::Date;
use dunlin_domain::fact::Fact;
use dunlin_domain::id::FactId;
use dunlin_domain::money::{Currency, Money};
use dunlin_domain::position::{Position, fold};
use dunlin_domain::terms::{Component, Terms};
use dunlin_domain::trace::Event;

use super::super::fields::Problem;

/// The number of what was paid out of the draw, and is in no instalment.
const UPFRONT: u32 = u32::MAX - 1;

/// Money that cleared a part of an instalment.
#[derive(Clone, Copy)]
pub(super) struct Part {
    pub(super) cause: FactId,
    /// The day of the money, however late it was used.
    pub(super) on: Date,
    pub(super) component: Component,
    pub(super) amount: Money,
}

/// One instalment of the schedule.
#[derive(Clone)]
pub(super) struct InstalmentView {
    /// 0 for a down payment; after the last one, charges have an instalment of their own.
    pub(super) number: u32,
    pub(super) from: Date,
    pub(super) due_on: Date,
    pub(super) billed: Amounts,
    pub(super) paid: Vec<Part>,
    pub(super) waived: Amounts,
}

/// A charge on the loan, in the order in which they were added.
pub(super) struct ChargeView {
    /// The fact; `None` for what the terms charge by themselves.
    pub(super) fact: Option<FactId>,
    pub(super) due_on: Date,
    pub(super) component: Component,
    pub(super) amount: Money,
    number: u32,
}

pub(super) struct View {
    pub(super) position: Position,
    pub(super) instalments: Vec<InstalmentView>,
    pub(super) charges: Vec<ChargeView>,
    /// What was charged with the draw and paid out of it.
    pub(super) upfront: Amounts,
    upfront_paid: Vec<Part>,
    /// What a write-off took, by component.
    pub(super) written_off: Option<Amounts>,
    /// What was taken back by the bank, and the number of the instalment that it is due with.
    taken_back: Vec<(FactId, u32, Money)>,
    credits: Vec<(FactId, Date, Money)>,
    drawn_on: Option<Date>,
    rows: BTreeMap<u32, InstalmentView>,
    currency: Currency,
}

impl View {
    /// The loan at the end of `on`; the facts of charges that were paid out of the draw are `upfront`.
    pub(super) fn of(
        terms: &Terms,
        facts: &[Fact],
        opened_on: Date,
        on: Date,
        upfront: &[FactId],
    ) -> Result<Self, Problem> {
        let mut events = Vec::new();
        let position = fold(terms, opened_on, facts, on, &mut |event| events.push(event))?;
        let mut view = Self {
            position,
            instalments: Vec::new(),
            charges: Vec::new(),
            upfront: Amounts::zero(terms.currency),
            upfront_paid: Vec::new(),
            written_off: None,
            taken_back: Vec::new(),
            credits: Vec::new(),
            drawn_on: None,
            rows: BTreeMap::new(),
            currency: terms.currency,
        };
        for event in &events {
            view.take(event, upfront)?;
        }
        view.take_open_instalments(terms)?;
        view.instalments = view.rows.values().cloned().collect();
        view.instalments.sort_by_key(|row| (row.due_on, row.number));
        let mut from = view.drawn_on;
        for row in &mut view.instalments {
            row.from = from.unwrap_or(row.from);
            from = Some(row.due_on);
        }
        Ok(view)
    }

    fn take(&mut self, event: &Event, upfront: &[FactId]) -> Result<(), Problem> {
        match event {
            Event::Charge { fact, on, component, amount, .. } if upfront.contains(fact) => {
                self.upfront.add(*component, *amount)?;
                let charge = ChargeView {
                    fact: Some(*fact),
                    due_on: *on,
                    component: *component,
                    amount: *amount,
                    number: UPFRONT,
                };
                self.charges.push(charge);
            }
            Event::Allocated { cause: Some(cause), on, component, amount, .. } if upfront.contains(cause) => {
                let (cause, on, component, amount) = (*cause, *on, *component, *amount);
                self.upfront_paid.push(Part { cause, on, component, amount });
            }
            Event::Payment { fact, .. } if upfront.contains(fact) => {}
            Event::Purchase { on, .. } => self.drawn_on = self.drawn_on.or(Some(*on)),
            Event::Instalment { on, number, due_on, billed, .. } => {
                let row = InstalmentView {
                    number: *number,
                    from: *on,
                    due_on: *due_on,
                    billed: *billed,
                    paid: Vec::new(),
                    waived: Amounts::zero(self.currency),
                };
                self.rows.insert(*number, row);
            }
            Event::Charge { fact, on, due_on, component, amount } => {
                let due_on = due_on.unwrap_or(*on);
                self.charge(Some(*fact), due_on, *component, *amount)?;
            }
            Event::Obligation { fact, due_on, component, amount, .. } => {
                let number = self.row_for(*due_on);
                self.add_to_row(number, *due_on, *component, *amount)?;
                self.taken_back.push((*fact, number, *amount));
            }
            Event::OnceFee { due_on, amount, .. } => {
                self.charge(None, *due_on, Component::LateFee, *amount)?;
            }
            Event::Payment { fact, on, amount } | Event::Refund { fact, on, amount, .. } => {
                self.credits.push((*fact, *on, *amount));
            }
            Event::Allocated { cause, on, due_on, plan, number, component, amount } => {
                let number = self.number_of(*plan, *number, *due_on);
                self.allocate(*cause, *on, number, *component, *amount)?;
            }
            Event::Waived { due_on, component, amount, .. } => {
                if let Some(row) = self.rows.values_mut().find(|row| row.due_on == *due_on) {
                    row.waived.add(*component, *amount)?;
                }
            }
            Event::WrittenOff { amounts, .. } => self.written_off = Some(*amounts),
            Event::CreditPaidOut { amount, .. } => {
                self.use_credit(*amount)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// A charge belongs to the instalment in whose period it is due; after the last one, to one more, which all
    /// such charges share at the latest of their dates.
    fn charge(
        &mut self,
        fact: Option<FactId>,
        due_on: Date,
        component: Component,
        amount: Money,
    ) -> Result<(), Problem> {
        let number = self.row_for(due_on);
        self.add_to_row(number, due_on, component, amount)?;
        self.charges.push(ChargeView { fact, due_on, component, amount, number });
        Ok(())
    }

    /// The instalment in whose period a day lies; after the last one, the one of all that came later.
    fn row_for(&self, due_on: Date) -> u32 {
        let scheduled = self.rows.values().filter(|row| row.number > 0 && !self.is_added(row.number));
        let own = scheduled.filter(|row| due_on <= row.due_on).map(|row| row.number).min();
        own.unwrap_or(u32::MAX)
    }

    fn add_to_row(
        &mut self,
        number: u32,
        due_on: Date,
        component: Component,
        amount: Money,
    ) -> Result<(), Problem> {
        let currency = self.currency;
        let row = self.rows.entry(number).or_insert_with(|| InstalmentView {
            number,
            from: due_on,
            due_on,
            billed: Amounts::zero(currency),
            paid: Vec::new(),
            waived: Amounts::zero(currency),
        });
        row.billed.add(component, amount)?;
        if number == u32::MAX {
            row.due_on = row.due_on.max(due_on);
        }
        Ok(())
    }

    fn is_added(&self, number: u32) -> bool {
        number == u32::MAX
    }

    /// The row of what was cleared: an instalment by its number, a charge that stands alone by its own fact.
    fn number_of(&self, plan: Option<FactId>, number: u32, due_on: Date) -> u32 {
        let charge = self.charges.iter().find(|charge| charge.fact.is_some() && charge.fact == plan);
        if let Some(charge) = charge {
            return charge.number;
        }
        if let Some((_, number, _)) = self.taken_back.iter().find(|(fact, _, _)| Some(*fact) == plan) {
            return *number;
        }
        if self.rows.contains_key(&number) && (number > 0 || plan.is_some()) {
            return number;
        }
        // The instalment of charges after the last one is numbered by the fold as it goes.
        if number > 0 {
            return u32::MAX;
        }
        self.rows.values().find(|row| row.due_on == due_on).map_or(0, |row| row.number)
    }

    fn allocate(
        &mut self,
        cause: Option<FactId>,
        on: Date,
        number: u32,
        component: Component,
        amount: Money,
    ) -> Result<(), Problem> {
        let parts = match cause {
            Some(cause) => {
                for (fact, _, left) in self.credits.iter_mut().filter(|(fact, _, _)| *fact == cause) {
                    debug_assert!(*fact == cause);
                    *left = left.try_sub(amount)?;
                }
                vec![(cause, on, amount)]
            }
            None => self.use_credit(amount)?,
        };
        if let Some(row) = self.rows.get_mut(&number) {
            row.paid.extend(parts.into_iter().map(|(cause, on, amount)| Part {
                cause,
                on,
                component,
                amount,
            }));
        }
        Ok(())
    }

    /// Credit is used in the order in which it came in.
    fn use_credit(&mut self, amount: Money) -> Result<Vec<(FactId, Date, Money)>, Problem> {
        let mut wanted = amount;
        let mut parts = Vec::new();
        for (fact, on, left) in &mut self.credits {
            let part = left.try_min(wanted)?;
            if part.is_positive() {
                *left = left.try_sub(part)?;
                wanted = wanted.try_sub(part)?;
                parts.push((*fact, *on, part));
            }
        }
        Ok(parts)
    }

    /// Instalments of which something is open are as the position has them; of those that are settled, where
    /// interest follows what is owed, principal and interest are what cleared them.
    fn take_open_instalments(&mut self, terms: &Terms) -> Result<(), Problem> {
        let follows = terms.schedule_billing().is_some_and(|billing| billing.interest.is_by_the_day());
        for (number, row) in &mut self.rows {
            let open = self
                .position
                .statements
                .iter()
                .find(|open| open.number == *number && open.number > 0 && open.due_on == row.due_on);
            for component in [Component::Principal, Component::Interest] {
                if let Some(open) = open {
                    row.billed.set(component, open.billed.get(component));
                } else if follows && *number != u32::MAX && *number > 0 && self.written_off.is_none() {
                    let cleared =
                        row.paid_of(Some(component), |_| true)?.try_add(row.waived.get(component))?;
                    row.billed.set(component, cleared);
                }
            }
        }
        Ok(())
    }

    /// What of a charge is paid: money clears the charges of an instalment by their due dates.
    pub(super) fn paid_of_charge(&self, index: usize) -> Result<Money, Problem> {
        let charge = &self.charges[index];
        let zero = Money::zero(self.currency);
        if charge.number == UPFRONT {
            return Ok(charge.amount);
        }
        let Some(row) = self.instalments.iter().find(|row| row.number == charge.number) else {
            return Ok(zero);
        };
        let mut left = row.paid_of(Some(charge.component), |_| true)?;
        let mut same: Vec<usize> = (0..self.charges.len())
            .filter(|other| {
                let other = &self.charges[*other];
                other.number == charge.number && other.component == charge.component
            })
            .collect();
        same.sort_by_key(|other| (self.charges[*other].due_on, *other));
        for other in same {
            let part = self.charges[other].amount.try_min(left)?;
            if other == index {
                return Ok(part);
            }
            left = left.try_sub(part)?;
        }
        Ok(zero)
    }

    /// The number of the instalment that a charge belongs to.
    pub(super) fn row_of(&self, charge: &ChargeView) -> Option<u32> {
        self.instalments.iter().find(|row| row.number == charge.number).map(|row| row.number)
    }

    /// The due date of the instalment that a charge belongs to.
    pub(super) fn due_date_of(&self, charge: &ChargeView) -> Option<Date> {
        self.instalments.iter().find(|row| row.number == charge.number).map(|row| row.due_on)
    }

    /// What one cause cleared, by component.
    pub(super) fn cleared_by(&self, cause: FactId) -> Result<Amounts, Problem> {
        let mut amounts = Amounts::zero(self.currency);
        let parts = self.instalments.iter().flat_map(|row| &row.paid).chain(&self.upfront_paid);
        for part in parts.filter(|part| part.cause == cause) {
            amounts.add(part.component, part.amount)?;
        }
        Ok(amounts)
    }

    /// What the bank took back and is due with an instalment.
    pub(super) fn taken_back_with(&self, number: u32) -> Result<Money, Problem> {
        let own = self.taken_back.iter().filter(|(_, row, _)| *row == number).map(|(_, _, amount)| *amount);
        Ok(own.into_iter().try_fold(Money::zero(self.currency), Money::try_add)?)
    }

    /// Interest of all instalments.
    pub(super) fn interest(&self) -> Result<Money, Problem> {
        let zero = Money::zero(self.currency);
        let interest = self.instalments.iter().map(|row| row.billed.get(Component::Interest));
        Ok(interest.into_iter().try_fold(zero, Money::try_add)?)
    }

    /// What is unpaid of all instalments, those to come included.
    pub(super) fn outstanding(&self) -> Result<Money, Problem> {
        let zero = Money::zero(self.currency);
        if self.written_off.is_some() {
            return Ok(zero);
        }
        self.instalments.iter().try_fold(zero, |sum, row| Ok(sum.try_add(row.outstanding()?)?))
    }
}

impl InstalmentView {
    pub(super) fn due(&self) -> Result<Money, Problem> {
        Ok(self.billed.total()?)
    }

    /// What was paid of a component, or of all, on the days that `is_counted` holds for.
    pub(super) fn paid_of(
        &self,
        component: Option<Component>,
        is_counted: impl Fn(Date) -> bool,
    ) -> Result<Money, Problem> {
        let zero = Money::zero(self.waived.get(Component::Principal).currency());
        let parts = self.paid.iter();
        let parts = parts.filter(|part| component.is_none_or(|component| part.component == component));
        parts.filter(|part| is_counted(part.on)).try_fold(zero, |sum, part| Ok(sum.try_add(part.amount)?))
    }

    pub(super) fn outstanding(&self) -> Result<Money, Problem> {
        let settled = self.paid_of(None, |_| true)?.try_add(self.waived.total()?)?;
        Ok(self.due()?.try_sub(settled)?)
    }

    /// The day of the money that paid the last of it, once nothing is open.
    pub(super) fn paid_on(&self) -> Result<Option<Date>, Problem> {
        let is_settled = self.outstanding()?.is_zero();
        Ok(self.paid.iter().map(|part| part.on).max().filter(|_| is_settled))
    }
}

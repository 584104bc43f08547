//! The position of an agreement: a pure fold over its facts.
//!
//! `fold(terms, facts, date)` gives what is owed on a date, however and whenever the facts arrived.
//! [`Position::advance`] goes on from an earlier position when nothing happened before it; both give the
//! same result, which `dunlin verify` checks.
//!
//! The order within one day is part of the contract: first the minimum of statements due the day before is
//! judged, then the day's facts take effect, then the statement is cut off.

use crate::amounts::{Accrued, Amounts};
use crate::date::{Date, Timestamp};
use crate::fact::{Fact, FactKind};
use crate::id::FactId;
use crate::money::{Money, MoneyError};
use crate::statement::{LateFee, Punctuality, Statement, StatementOrigin};
use crate::terms::{Component, OverdueMeasure, Terms};
use crate::trace::Event;

/// A purchase that is not on a statement yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unbilled {
    /// The purchase.
    pub purchase: FactId,
    /// What is left of it.
    pub amount: Money,
}

/// An instalment plan (分期计划) with periods still to bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The purchase that it splits.
    pub purchase: FactId,
    /// The amount that was split.
    pub principal: Money,
    /// Number of instalments.
    pub count: u32,
    /// Fee per period.
    pub fee_per_period: Money,
    /// Instalments already on statements.
    pub billed_count: u32,
    /// Principal not yet on a statement; refunds lower it.
    pub unbilled: Money,
}

/// Running totals since the agreement began; the ledger posts their differences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Totals {
    /// Purchases.
    pub purchased: Money,
    /// Obligations that the lender loaded, by component.
    pub loaded: Amounts,
    /// Fees that statements billed, by component.
    pub billed_fees: Amounts,
    /// Refunds.
    pub refunded: Money,
    /// Payments that stand.
    pub paid: Money,
    /// Late fees given up.
    pub waived: Money,
    /// What payments and refunds cleared, by component.
    pub allocated: Amounts,
}

impl Totals {
    fn zero(terms: &Terms) -> Self {
        let (zero, none) = (Money::zero(terms.currency), Amounts::zero(terms.currency));
        Self {
            purchased: zero,
            loaded: none,
            billed_fees: none,
            refunded: zero,
            paid: zero,
            waived: zero,
            allocated: none,
        }
    }
}

/// What is owed on an agreement at the end of a day, and all that later days need to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The day at whose end this holds.
    pub as_of: Date,
    /// The next cut-off to come, whether or not there will be anything to bill.
    pub next_cut_off_on: Date,
    /// Purchases in full that wait for the next statement.
    pub unbilled: Vec<Unbilled>,
    /// Plans with periods to come.
    pub plans: Vec<Plan>,
    /// Statements of which something is open, oldest due date first.
    pub statements: Vec<Statement>,
    /// Money that cleared nothing yet (溢缴款).
    pub credit: Money,
    /// Late fees of statements that are settled and gone from the list.
    pub late_fee_settled: Money,
    /// Running totals.
    pub totals: Totals,
}

/// The fold over all facts with a value date up to `as_of`, in any order of arrival.
///
/// `trace` hears every event; pass `&mut |_| {}` when nobody listens.
///
/// # Errors
/// When amounts do not fit 64 bits or currencies differ.
pub fn fold(
    terms: &Terms,
    opened_on: Date,
    facts: &[Fact],
    as_of: Date,
    trace: &mut impl FnMut(Event),
) -> Result<Position, MoneyError> {
    let mut position = Position::opened(terms, opened_on);
    let standing = standing_facts(facts);
    position.advance(terms, &standing, as_of, trace)?;
    Ok(position)
}

/// The facts that stand: without those reversed or withdrawn, in the order in which they take effect.
///
/// A reversal restores the position as if its target had never been, so both simply drop out.
#[must_use]
pub fn standing_facts(facts: &[Fact]) -> Vec<&Fact> {
    let undone: std::collections::BTreeSet<FactId> =
        facts.iter().filter(|fact| fact.kind.is_undoing()).filter_map(|fact| fact.target).collect();
    let mut standing: Vec<&Fact> = facts
        .iter()
        .filter(|fact| !fact.kind.is_undoing())
        .filter(|fact| !undone.contains(&fact.id))
        .collect();
    standing.sort_by_key(|fact| (fact.value_on, fact.kind, fact.id));
    standing
}

/// The facts as they were known at `moment`; what a verdict of that moment saw.
#[must_use]
pub fn known_at(facts: &[Fact], moment: Timestamp) -> Vec<Fact> {
    facts.iter().filter(|fact| fact.learned_at <= moment).cloned().collect()
}

impl Position {
    /// The position of an agreement on the eve of its first day.
    #[must_use]
    pub fn opened(terms: &Terms, opened_on: Date) -> Self {
        let eve = opened_on.plus_days(-1);
        Self {
            as_of: eve,
            next_cut_off_on: terms.statement_day.next_after(eve),
            unbilled: Vec::new(),
            plans: Vec::new(),
            statements: Vec::new(),
            credit: Money::zero(terms.currency),
            late_fee_settled: Money::zero(terms.currency),
            totals: Totals::zero(terms),
        }
    }

    /// Goes on to the end of `to`, taking those of `facts` whose value date lies between.
    ///
    /// `facts` must be in the order of [`standing_facts`]. Facts of days already folded are passed over, so
    /// the caller folds from the start when one of those is new.
    ///
    /// # Errors
    /// When amounts do not fit 64 bits or currencies differ.
    pub fn advance(
        &mut self,
        terms: &Terms,
        facts: &[&Fact],
        to: Date,
        trace: &mut impl FnMut(Event),
    ) -> Result<(), MoneyError> {
        let start = facts.partition_point(|fact| fact.value_on <= self.as_of);
        let mut facts = facts[start..].iter().peekable();
        let mut overdue_from = self.overdue_from(terms)?;
        loop {
            let fact_on = facts.peek().map(|fact| fact.value_on);
            let event_on = [fact_on, self.next_internal_event()?].into_iter().flatten().min();
            let Some(date) = event_on.filter(|date| *date <= to) else { break };
            if self.next_cut_off_on < date {
                self.next_cut_off_on = terms.statement_day.next_after(date.plus_days(-1));
            }
            self.judge_minimums(terms, date, trace)?;
            while let Some(fact) = facts.next_if(|fact| fact.value_on == date) {
                self.take(terms, fact, trace)?;
            }
            if self.next_cut_off_on == date {
                self.cut_off(terms, date, trace)?;
            }
            self.drop_settled(terms, date)?;
            self.as_of = date;
            let now_from = self.overdue_from(terms)?;
            if now_from != overdue_from {
                trace(Event::OverdueChanged { on: date, overdue_from: now_from });
                overdue_from = now_from;
            }
        }
        self.as_of = self.as_of.max(to);
        if self.next_cut_off_on <= self.as_of {
            self.next_cut_off_on = terms.statement_day.next_after(self.as_of);
        }
        Ok(())
    }

    /// The next day on which something happens by itself inside the fold.
    pub(crate) fn next_internal_event(&self) -> Result<Option<Date>, MoneyError> {
        let judged_on = self
            .statements
            .iter()
            .filter(|statement| statement.punctuality == Punctuality::NotYetDue)
            .map(|statement| statement.due_on.plus_days(1))
            .min();
        let cut_off_on = self.has_something_to_bill()?.then_some(self.next_cut_off_on);
        Ok([judged_on, cut_off_on].into_iter().flatten().min())
    }

    fn has_something_to_bill(&self) -> Result<bool, MoneyError> {
        if !self.unbilled.is_empty() || !self.plans.is_empty() {
            return Ok(true);
        }
        for statement in &self.statements {
            if statement.origin == StatementOrigin::CutOff && statement.rest()?.is_positive() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn judge_minimums(
        &mut self,
        terms: &Terms,
        date: Date,
        trace: &mut impl FnMut(Event),
    ) -> Result<(), MoneyError> {
        for statement in &mut self.statements {
            if statement.punctuality != Punctuality::NotYetDue || statement.due_on >= date {
                continue;
            }
            let is_met = match terms.overdue {
                OverdueMeasure::Minimum => statement.shortfall()?.is_zero(),
                OverdueMeasure::StatementRest => statement.shortfall()?.try_min(statement.rest()?)?.is_zero(),
            };
            statement.punctuality = if is_met { Punctuality::Met } else { Punctuality::Missed };
            if !is_met {
                trace(Event::MinimumMissed {
                    due_on: statement.due_on,
                    minimum: statement.minimum,
                    shortfall: statement.shortfall()?,
                    rest: statement.rest()?,
                });
            }
        }
        Ok(())
    }

    fn take(&mut self, terms: &Terms, fact: &Fact, trace: &mut impl FnMut(Event)) -> Result<(), MoneyError> {
        match fact.kind {
            FactKind::Purchase => self.take_purchase(terms, fact, trace),
            FactKind::Obligation => self.take_obligation(terms, fact, trace),
            FactKind::Refund => {
                self.totals.refunded = self.totals.refunded.try_add(fact.amount)?;
                let left = self.lower_unbilled(fact)?;
                trace(Event::Refund {
                    fact: fact.id,
                    on: fact.value_on,
                    amount: fact.amount,
                    lowered_unbilled: fact.amount.try_sub(left)?,
                });
                self.receive(terms, fact.id, left, fact.value_on, trace)
            }
            FactKind::Payment => {
                self.totals.paid = self.totals.paid.try_add(fact.amount)?;
                trace(Event::Payment { fact: fact.id, on: fact.value_on, amount: fact.amount });
                self.receive(terms, fact.id, fact.amount, fact.value_on, trace)
            }
            FactKind::Waiver => self.waive(terms, fact, trace),
            // They acted before the fold: their targets are not in the list.
            FactKind::Reversal | FactKind::Return | FactKind::Withdrawal => Ok(()),
            FactKind::Charge
            | FactKind::AgeingPause
            | FactKind::AgeingResume
            | FactKind::FeeFreeze
            | FactKind::StatementPlan
            | FactKind::Reschedule
            | FactKind::Payoff
            | FactKind::CreditRefund
            | FactKind::ChargeOff
            | FactKind::WriteOff
            | FactKind::Sale => Ok(()),
        }
    }

    fn take_purchase(
        &mut self,
        terms: &Terms,
        fact: &Fact,
        trace: &mut impl FnMut(Event),
    ) -> Result<(), MoneyError> {
        self.totals.purchased = self.totals.purchased.try_add(fact.amount)?;
        let offer = terms.offer(fact.instalment_count);
        trace(Event::Purchase {
            fact: fact.id,
            on: fact.value_on,
            amount: fact.amount,
            instalment_count: offer.map_or(0, |offer| offer.count),
        });
        match offer {
            Some(offer) => self.plans.push(Plan {
                purchase: fact.id,
                principal: fact.amount,
                count: offer.count,
                fee_per_period: offer.fee_per_period.of(fact.amount, terms.rounding)?,
                billed_count: 0,
                unbilled: fact.amount,
            }),
            None => self.unbilled.push(Unbilled { purchase: fact.id, amount: fact.amount }),
        }
        Ok(())
    }

    fn take_obligation(
        &mut self,
        terms: &Terms,
        fact: &Fact,
        trace: &mut impl FnMut(Event),
    ) -> Result<(), MoneyError> {
        self.totals.loaded.add(fact.component, fact.amount)?;
        let due_on = fact.due_on.unwrap_or(fact.value_on);
        trace(Event::Obligation {
            fact: fact.id,
            on: fact.value_on,
            due_on,
            component: fact.component,
            amount: fact.amount,
        });
        let mut billed = Amounts::zero(terms.currency);
        billed.add(fact.component, fact.amount)?;
        self.add_statement(terms, StatementOrigin::Loaded, fact.value_on, due_on, billed, fact.amount)?;
        self.use_credit(terms, fact.value_on, trace)
    }

    pub(crate) fn add_statement(
        &mut self,
        terms: &Terms,
        origin: StatementOrigin,
        cut_off_on: Date,
        due_on: Date,
        billed: Amounts,
        minimum: Money,
    ) -> Result<(), MoneyError> {
        let zero = Money::zero(terms.currency);
        let mut statement = Statement {
            origin,
            cut_off_on,
            due_on,
            billed,
            paid: Amounts::zero(terms.currency),
            minimum,
            minimum_paid: zero,
            punctuality: Punctuality::NotYetDue,
            late_fee: LateFee { accrued: Accrued(0), running_since: due_on, paid: zero, waived: zero },
        };
        if let Some(fee) = &terms.late_fee {
            statement.late_fee.running_since = statement.late_fee_from(fee);
        }
        let place = self.statements.partition_point(|other| other.due_on <= due_on);
        self.statements.insert(place, statement);
        Ok(())
    }

    fn cut_off(
        &mut self,
        terms: &Terms,
        date: Date,
        trace: &mut impl FnMut(Event),
    ) -> Result<(), MoneyError> {
        self.next_cut_off_on = terms.statement_day.next_after(date);
        if !self.has_something_to_bill()? {
            return Ok(());
        }
        let mut billed = Amounts::zero(terms.currency);
        for purchase in self.unbilled.drain(..) {
            billed.add(Component::Principal, purchase.amount)?;
        }
        for plan in &mut self.plans {
            let instalment = plan.bill_next()?;
            trace(Event::InstalmentBilled {
                on: date,
                purchase: plan.purchase,
                number: plan.billed_count,
                count: plan.count,
                principal: instalment,
                fee: plan.fee_per_period,
            });
            billed.add(Component::Principal, instalment)?;
            billed.add(Component::InstalmentFee, plan.fee_per_period)?;
            self.totals.billed_fees.add(Component::InstalmentFee, plan.fee_per_period)?;
        }
        self.plans.retain(|plan| plan.billed_count < plan.count && plan.unbilled.is_positive());
        let minimum = self.minimum_at_cut_off(terms, billed)?;
        if billed.total()?.is_zero() && minimum.is_zero() {
            return Ok(());
        }
        let due_on = terms.due.due_on(date);
        trace(Event::StatementCut { on: date, due_on, billed, minimum, carried: self.open_rest()? });
        self.add_statement(terms, StatementOrigin::CutOff, date, due_on, billed, minimum)?;
        self.use_credit(terms, date, trace)
    }

    /// The share of all that is open on statements, but not of what is overdue already: that is due anyway.
    fn minimum_at_cut_off(&self, terms: &Terms, billed: Amounts) -> Result<Money, MoneyError> {
        let mut open = billed.total()?;
        for statement in &self.statements {
            let due_anyway = match terms.overdue {
                OverdueMeasure::Minimum => Money::zero(terms.currency),
                OverdueMeasure::StatementRest => statement.overdue(terms)?,
            };
            open = open.try_add(statement.rest()?)?.try_sub(due_anyway)?;
        }
        let mut missing = Money::zero(terms.currency);
        if terms.overdue == OverdueMeasure::Minimum {
            for statement in &self.statements {
                missing = missing.try_add(statement.shortfall()?)?;
            }
        }
        let share = terms.minimum.share.of(open, terms.rounding)?;
        let wanted = if share.minor() < terms.minimum.floor.minor() { terms.minimum.floor } else { share };
        let room = open.try_sub(missing)?;
        wanted.try_min(if room.minor() < 0 { Money::zero(terms.currency) } else { room })
    }

    /// All that is unpaid on statements, late fees excepted.
    ///
    /// # Errors
    /// When amounts do not fit.
    pub fn open_rest(&self) -> Result<Money, MoneyError> {
        let zero = Money::zero(self.credit.currency());
        self.statements.iter().try_fold(zero, |sum, statement| sum.try_add(statement.rest()?))
    }

    fn drop_settled(&mut self, terms: &Terms, date: Date) -> Result<(), MoneyError> {
        let mut settled = self.late_fee_settled;
        let nothing_open = self.open_rest()?.is_zero();
        let mut kept = Vec::with_capacity(self.statements.len());
        for statement in self.statements.drain(..) {
            let fee_is_settled = statement.late_fee_rest(terms, date)?.is_zero();
            if statement.is_settled(terms, date)? || (nothing_open && fee_is_settled) {
                settled = settled.try_add(statement.late_fee_charged(terms, date)?)?;
            } else {
                kept.push(statement);
            }
        }
        self.statements = kept;
        self.late_fee_settled = settled;
        Ok(())
    }
}

impl Plan {
    /// Bills the next instalment and gives its principal; the last one takes the residue.
    fn bill_next(&mut self) -> Result<Money, MoneyError> {
        let each = Money::new(self.principal.minor() / i64::from(self.count), self.principal.currency());
        self.billed_count += 1;
        let instalment =
            if self.billed_count == self.count { self.unbilled } else { each.try_min(self.unbilled)? };
        self.unbilled = self.unbilled.try_sub(instalment)?;
        Ok(instalment)
    }
}

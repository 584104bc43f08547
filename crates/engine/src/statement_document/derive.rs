//! From facts to a statement: two folds and their differences.

use std::collections::HashMap;

use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::fact::Fact;
use dunlin_domain::id::FactId;
use dunlin_domain::money::{Money, MoneyError};
use dunlin_domain::position;
use dunlin_domain::position::{Position, fold};
use dunlin_domain::statement::{Punctuality, StatementOrigin};
use dunlin_domain::terms::{OverdueMeasure, Terms};
use dunlin_domain::trace::Event;
use dunlin_store::agreement::StoredFact;
use dunlin_store::line::LimitChange;
use jiff::tz::TimeZone;

use super::entries::entries;
use super::late_fees::late_fees;
use super::lines::{Line, lines};
use super::plans::is_to_come;
use super::{
    ClaimLine, Knowledge, LateFact, MinimumLine, Movement, Movements, OpenLine, OverdueLine, Reconciliation,
    StatementDocument, StatementError, StatementKind,
};

/// All that an agreement's statements are made from.
pub struct Source<'s> {
    /// The lender's id of the agreement.
    pub agreement: &'s str,
    /// Product code and version.
    pub product: String,
    /// The product's title, zh and en.
    pub product_title: (String, String),
    /// The terms, with the agreement's own dates.
    pub terms: &'s Terms,
    /// The day the agreement was opened.
    pub opened_on: Date,
    /// The credit limit as it is now.
    pub credit_limit: Money,
    /// The moves that changed it, oldest first.
    pub limit_changes: &'s [LimitChange],
    /// Every fact.
    pub facts: &'s [StoredFact],
    /// The zone in which days end.
    pub zone: &'s TimeZone,
}

/// The ends of an agreement's cycles through `through`, whether or not there is anything to say on them.
#[must_use]
pub fn cut_offs(terms: &Terms, opened_on: Date, through: Date) -> Vec<Date> {
    let mut days = Vec::new();
    let mut day = terms.statement_day.next_after(opened_on.plus_days(-1));
    while day <= through {
        days.push(day);
        day = terms.statement_day.next_after(day);
    }
    days
}

/// What the books say at the end of a day: the fold, what it told, and running totals by movement.
pub(super) struct Books {
    pub position: Position,
    pub events: Vec<Event>,
    pub lines: Vec<Line>,
    pub totals: Movements,
    pub balance: Money,
}

impl Books {
    fn of(source: &Source<'_>, facts: &[Fact], on: Date) -> Result<Self, MoneyError> {
        let mut events = Vec::new();
        let position =
            fold(source.terms, source.opened_on, facts, on, &mut |event: Event| events.push(event))?;
        let lines = lines(source.terms, &events)?;
        let mut totals = Movements::zero(source.terms.currency);
        lines.iter().try_for_each(|line| line.add_to(&mut totals))?;
        totals.add(Movement::LateFee, position.late_fee_charged(source.terms)?)?;
        let balance = balance(source.terms, &position)?;
        Ok(Self { position, events, lines, totals, balance })
    }

    /// The books on the eve of the first day.
    fn empty(source: &Source<'_>) -> Self {
        let zero = Money::zero(source.terms.currency);
        Self {
            position: Position::opened(source.terms, source.opened_on),
            events: Vec::new(),
            lines: Vec::new(),
            totals: Movements::zero(source.terms.currency),
            balance: zero,
        }
    }
}

/// What is owed: open on statements with late fees to date, and bought since; less what is in credit. Of instalments
/// of a schedule, principal counts from the draw on, interest and fees from their due dates on.
fn balance(terms: &Terms, position: &Position) -> Result<Money, MoneyError> {
    let mut balance = Money::zero(terms.currency).try_sub(position.credit)?;
    for statement in &position.statements {
        balance = balance.try_add(statement.booked_rest()?)?;
        balance = balance.try_add(statement.late_fee_rest(terms, position.as_of)?)?;
    }
    position.unbilled.iter().try_fold(balance, |sum, purchase| sum.try_add(purchase.amount))
}

/// The stretch of days of a statement, with the books at both ends.
pub(super) struct Period<'b> {
    pub from: Date,
    pub cut_off_on: Date,
    pub before: &'b Books,
    pub after: &'b Books,
}

impl Period<'_> {
    pub fn contains(&self, date: Date) -> bool {
        self.from <= date && date <= self.cut_off_on
    }
}

impl Source<'_> {
    /// The statement whose period ends on `cut_off_on`, which must be one of [`cut_offs`]; `None` when there is
    /// nothing to say: no balance before or after, and nothing in between.
    ///
    /// # Errors
    /// When it would not reconcile, and when amounts do not fit.
    pub fn statement(
        &self,
        cut_off_on: Date,
        knowledge: Knowledge,
    ) -> Result<Option<StatementDocument>, StatementError> {
        let earlier = cut_offs(self.terms, self.opened_on, cut_off_on.plus_days(-1)).pop();
        let from = earlier.map_or(self.opened_on, |earlier| earlier.plus_days(1));
        let known = self.known(cut_off_on, knowledge);
        let after = Books::of(self, &known, cut_off_on)?;
        let before = match earlier {
            Some(earlier) => Books::of(self, &known, earlier)?,
            None => Books::empty(self),
        };
        // The same day as the statement before saw it.
        let issued = match earlier {
            Some(earlier) if knowledge == Knowledge::AtCutOff => {
                let known_then = self.known(earlier, knowledge);
                (known_then.len() != known.len())
                    .then(|| Books::of(self, &known_then, earlier))
                    .transpose()?
            }
            Some(_) | None => None,
        };
        let issued = issued.as_ref().unwrap_or(&before);
        let period = Period { from, cut_off_on, before: &before, after: &after };
        let late_fees = late_fees(self.terms, &period)?;
        let (entries, movements) = entries(self, &known, &period, &late_fees)?;
        let corrections = before.totals.since(&issued.totals)?;
        let balance = Reconciliation::try_new(issued.balance, corrections, movements, after.balance)?;
        let listed = entries
            .iter()
            .try_fold(Money::zero(self.terms.currency), |sum, entry| sum.try_add(entry.amount))?;
        let moved = after.totals.since(&before.totals)?.effect()?;
        if listed != moved || balance.movements().effect()? != moved {
            return Err(StatementError::EntriesDiffer { entries: listed, moved });
        }
        let late_facts = match (earlier, knowledge) {
            (Some(earlier), Knowledge::AtCutOff) => self.late_facts(earlier, cut_off_on),
            (Some(_), Knowledge::Now) | (None, _) => Vec::new(),
        };
        let is_empty = entries.is_empty()
            && late_facts.is_empty()
            && balance.previous().is_zero()
            && balance.new_balance().is_zero();
        if is_empty {
            return Ok(None);
        }
        self.document(&period, knowledge, balance, entries, late_fees, late_facts).map(Some)
    }

    fn document(
        &self,
        period: &Period<'_>,
        knowledge: Knowledge,
        balance: Reconciliation,
        entries: Vec<super::Entry>,
        late_fees: Vec<super::LateFeeLine>,
        late_facts: Vec<LateFact>,
    ) -> Result<StatementDocument, StatementError> {
        let (terms, position) = (self.terms, &period.after.position);
        let cut = period.after.events.iter().find_map(|event| match event {
            Event::StatementCut { on, due_on, billed, minimum, carried } if *on == period.cut_off_on => {
                Some((*due_on, *billed, *minimum, *carried))
            }
            _ => None,
        });
        let minimum = match cut {
            Some((_, billed, minimum, carried)) => {
                Some(self.minimum_line(position, billed.total()?.try_add(carried)?, minimum)?)
            }
            None => None,
        };
        let credit_limit = self.limit_on(period.cut_off_on);
        let arrears = position.arrears(terms)?;
        let overdue = arrears.overdue_due_on.map(|due_on| OverdueLine {
            due_on,
            days: arrears.days_past_due,
            amount: arrears.overdue,
            late_fee: arrears.late_fee,
        });
        Ok(StatementDocument {
            agreement: self.agreement.to_owned(),
            product: self.product.clone(),
            product_title: self.product_title.clone(),
            currency: terms.currency,
            kind: if cut.is_some() { StatementKind::Bill } else { StatementKind::Account },
            from: period.from,
            cut_off_on: period.cut_off_on,
            due_on: cut.map(|(due_on, ..)| due_on),
            knowledge,
            known_at: (knowledge == Knowledge::AtCutOff).then(|| self.known_at(period.cut_off_on)),
            pay_at_least: pay_at_least(terms, position, balance.new_balance())?,
            balance,
            entries,
            late_facts,
            minimum,
            overdue,
            credit: position.credit,
            late_fees,
            plans: self.plans(period)?,
            open: open_lines(terms, position)?,
            coming: self.coming(position)?,
            claim: claim_line(position)?,
            credit_limit,
            available_credit: position.available_credit(credit_limit)?,
        })
    }

    /// The limit at the end of a day.
    fn limit_on(&self, date: Date) -> Money {
        let minor = match self.limit_changes.iter().rfind(|change| change.business_date <= date) {
            Some(change) => change.after_minor,
            None => match self.limit_changes.first() {
                Some(first) => first.before_minor,
                None => self.credit_limit.minor(),
            },
        };
        Money::new(minor, self.credit_limit.currency())
    }

    /// The moment of a statement: the end of its cut-off day, or when the agreement's history was first loaded, if
    /// that came later.
    fn known_at(&self, cut_off_on: Date) -> Timestamp {
        let end = Timestamp::at(cut_off_on.plus_days(1), 0, 0, self.zone);
        let last = Timestamp::from_micros(end.micros().saturating_sub(1));
        let first = self.facts.iter().map(|stored| stored.fact.learned_at).min();
        first.map_or(last, |first| first.max(last))
    }

    fn known(&self, cut_off_on: Date, knowledge: Knowledge) -> Vec<Fact> {
        let all = self.facts.iter().map(|stored| stored.fact.clone());
        match knowledge {
            Knowledge::Now => all.collect(),
            Knowledge::AtCutOff => position::known_at(&all.collect::<Vec<_>>(), self.known_at(cut_off_on)),
        }
    }

    /// Facts with a value date by `earlier` that were learned after its statement and before this one.
    fn late_facts(&self, earlier: Date, cut_off_on: Date) -> Vec<LateFact> {
        let (after, until) = (self.known_at(earlier), self.known_at(cut_off_on));
        let known = self.facts.iter().map(|stored| &stored.fact).filter(|fact| fact.learned_at <= until);
        let by_id: HashMap<FactId, &Fact> = known.map(|fact| (fact.id, fact)).collect();
        let mut late: Vec<LateFact> = Vec::new();
        let in_between = |fact: &&Fact| after < fact.learned_at && fact.learned_at <= until;
        for fact in self.facts.iter().map(|stored| &stored.fact).filter(in_between) {
            let is_undone = fact.kind.is_undoing();
            let target = fact.target.filter(|_| is_undone).and_then(|target| by_id.get(&target).copied());
            let about = target.unwrap_or(fact);
            if about.value_on > earlier || (is_undone && target.is_none()) {
                continue;
            }
            late.push(LateFact {
                on: about.value_on,
                learned_at: fact.learned_at,
                kind: about.kind,
                is_undone,
                reference: about.reference.clone(),
                amount: about.amount,
            });
        }
        late.sort_by(|left, right| {
            (left.on, left.learned_at, &left.reference, left.is_undone).cmp(&(
                right.on,
                right.learned_at,
                &right.reference,
                right.is_undone,
            ))
        });
        late
    }

    fn minimum_line(
        &self,
        position: &Position,
        open: Money,
        minimum: Money,
    ) -> Result<MinimumLine, MoneyError> {
        let mut open = open;
        if self.terms.overdue == OverdueMeasure::StatementRest {
            // What is overdue has to be paid anyway, and is no part of what the share is taken of.
            for statement in &position.statements {
                open = open.try_sub(statement.overdue(self.terms)?)?;
            }
        }
        let rule = self.terms.minimum;
        Ok(MinimumLine {
            minimum,
            open,
            share: rule.share,
            share_amount: rule.share.of(open, self.terms.rounding)?,
            floor: rule.floor,
        })
    }
}

/// Overdue amounts, late fees and minimums to come together; never more than what is owed. An instalment or obligation
/// that is not due yet keeps nothing in disorder.
fn pay_at_least(terms: &Terms, position: &Position, owed: Money) -> Result<Money, MoneyError> {
    let mut least = Money::zero(terms.currency);
    for statement in &position.statements {
        let is_bill = statement.origin == StatementOrigin::CutOff;
        least = least.try_add(statement.late_fee_rest(terms, position.as_of)?)?;
        least = match statement.punctuality {
            Punctuality::NotYetDue if is_bill => least.try_add(statement.shortfall()?)?,
            Punctuality::NotYetDue => least,
            Punctuality::Met | Punctuality::Missed => least.try_add(statement.overdue(terms)?)?,
        };
    }
    let owed = if owed.is_positive() { owed } else { Money::zero(terms.currency) };
    least.try_min(owed)
}

fn open_lines(terms: &Terms, position: &Position) -> Result<Vec<OpenLine>, MoneyError> {
    let mut lines = Vec::new();
    for statement in position.statements.iter().filter(|statement| !is_to_come(statement)) {
        let line = OpenLine {
            due_on: statement.due_on,
            billed: statement.billed.total()?,
            paid: statement.paid.total()?,
            rest: statement.rest()?,
            late_fee: statement.late_fee_rest(terms, position.as_of)?,
            is_overdue: statement.overdue(terms)?.is_positive(),
        };
        if line.rest.is_positive() || line.late_fee.is_positive() {
            lines.push(line);
        }
    }
    Ok(lines)
}

/// What became of the claim; the last thing that did.
fn claim_line(position: &Position) -> Result<Option<ClaimLine>, MoneyError> {
    let claim = position.claim;
    if let Some(on) = claim.sold_on {
        return Ok(Some(ClaimLine::Sold { on }));
    }
    if let Some(on) = claim.written_off_on {
        let open = position.totals.written_off.total()?.try_sub(position.totals.recovered)?;
        return Ok(Some(ClaimLine::WrittenOff { on, open }));
    }
    Ok(claim.charged_off_on.map(|on| ClaimLine::ChargedOff { on }))
}

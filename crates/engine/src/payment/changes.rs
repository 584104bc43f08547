//! What a fact changed and why: figures, days, statements, allocations and verdicts before and after it. Derived from
//! the facts by the moment at which each was learned, never stored, so that it can be shown again at any time.

use std::collections::HashMap;

use dunlin_domain::change::{Comparison, compare};
use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::fact::{Fact, FactKind};
use dunlin_domain::id::{FactId, MessageId};
use dunlin_domain::message::MessageState;
use dunlin_domain::money::Money;
use dunlin_domain::position::{Position, standing_facts};
use dunlin_domain::reason::Reason;
use dunlin_domain::terms::Terms;
use dunlin_store::agreement::AgreementRow;
use dunlin_store::payment::last_day_decided_before;
use dunlin_store::record::VerdictRow;
use dunlin_store::{Tx, message, record};

use crate::policies::Policies;
use crate::{Engine, EngineError};

/// A verdict that was given on other figures than those known now. It stays as it is: it was right as then known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerdictEffect {
    /// The first day that it speaks of.
    pub on: Date,
    /// Why it was contact or silence.
    pub reason: Reason,
    /// The message, if there was one, and its state.
    pub message: Option<(MessageId, MessageState)>,
    /// Days past due as known then.
    pub days_past_due_then: i32,
    /// What was overdue as known then: what a message of that day said.
    pub overdue_then: Money,
    /// Days past due as known now.
    pub days_past_due_now: i32,
    /// What was overdue as known now.
    pub overdue_now: Money,
}

/// A fact that a report is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LearnedFact {
    /// What happened.
    pub kind: FactKind,
    /// The caller's reference.
    pub reference: String,
    /// How much.
    pub amount: Money,
    /// The value date.
    pub value_on: Date,
}

/// What the facts learned at one moment changed.
#[derive(Clone, Debug)]
pub struct ChangeReport {
    /// The moment.
    pub learned_at: Timestamp,
    /// The facts.
    pub facts: Vec<LearnedFact>,
    /// The last business date that was decided before; `None` before the first.
    pub last_decided_on: Option<Date>,
    /// Whether one of them counts from a day that was decided without it.
    pub is_backdated: bool,
    /// The differences.
    pub comparison: Comparison,
    /// The names of the buckets, by index.
    pub buckets: Vec<String>,
    /// References of the facts that allocations name.
    pub references: HashMap<FactId, String>,
    /// Verdicts that were given on other figures.
    pub verdicts: Vec<VerdictEffect>,
}

impl ChangeReport {
    /// The name of a bucket.
    #[must_use]
    pub fn bucket(&self, index: usize) -> &str {
        self.buckets.get(index).map_or("?", String::as_str)
    }

    /// The reference of the payment or refund behind an allocation; `None` for credit from before.
    #[must_use]
    pub fn cause(&self, cause: Option<FactId>) -> Option<&str> {
        cause.map(|fact| self.references.get(&fact).map_or("?", String::as_str))
    }
}

impl Engine {
    /// What was learned of an agreement after days were decided without it, newest last: a report for each such moment,
    /// from `since` on by the lender's calendar.
    ///
    /// # Errors
    /// [`EngineError::NotFound`]; what the database says.
    pub fn changes(&self, name: &str, since: Option<Date>) -> Result<Vec<ChangeReport>, EngineError> {
        let policies = self.policies()?;
        self.db.read_as(|tx| {
            let row = self.find_agreement(tx, name)?;
            let facts = self.facts(tx, &row)?;
            let mut moments: Vec<Timestamp> = facts.iter().map(|fact| fact.learned_at).collect();
            moments.sort_unstable();
            moments.dedup();
            let mut reports = Vec::new();
            for moment in moments {
                let Some(decided) = last_day_decided_before(tx, moment)? else { continue };
                if since.is_some_and(|since| moment.date_in(&self.zone) < since) {
                    continue;
                }
                let known: Vec<Fact> =
                    facts.iter().filter(|fact| fact.learned_at <= moment).cloned().collect();
                let report = self.change_report(tx, &policies, &row, &known, moment, decided)?;
                if report.is_backdated {
                    reports.push(report);
                }
            }
            Ok(reports)
        })
    }

    /// What the facts of `moment` changed: `after` are all facts known with them, compared at the end of `on`.
    pub(crate) fn change_report(
        &self,
        tx: &mut Tx<'_>,
        policies: &Policies,
        row: &AgreementRow,
        after: &[Fact],
        moment: Timestamp,
        on: Date,
    ) -> Result<ChangeReport, EngineError> {
        let terms = policies.terms(&row.product, row.product_version, row.statement_day, on)?;
        let (new, before): (Vec<Fact>, Vec<Fact>) =
            after.iter().cloned().partition(|fact| fact.learned_at == moment);
        let comparison = compare(&terms, row.opened_on, &before, after, on)?;
        let last_decided_on = last_day_decided_before(tx, moment)?;
        let is_backdated = last_decided_on.is_some_and(|decided| comparison.from <= decided);
        let verdicts = match last_decided_on.filter(|_| is_backdated) {
            Some(through) => self.verdict_effects(tx, row, &terms, after, comparison.from, through)?,
            None => Vec::new(),
        };
        let learned = |fact: &Fact| LearnedFact {
            kind: fact.kind,
            reference: fact.reference.clone(),
            amount: fact.amount,
            value_on: fact.value_on,
        };
        Ok(ChangeReport {
            learned_at: moment,
            facts: new.iter().filter(|fact| fact.kind != FactKind::Withdrawal).map(learned).collect(),
            last_decided_on,
            is_backdated,
            buckets: terms.buckets.iter().map(|bucket| bucket.name.clone()).collect(),
            references: after.iter().map(|fact| (fact.id, fact.reference.clone())).collect(),
            comparison,
            verdicts,
        })
    }

    /// The verdicts given on days `from..=through` whose figures are others now.
    fn verdict_effects(
        &self,
        tx: &mut Tx<'_>,
        row: &AgreementRow,
        terms: &Terms,
        facts: &[Fact],
        from: Date,
        through: Date,
    ) -> Result<Vec<VerdictEffect>, EngineError> {
        let verdicts: Vec<VerdictRow> = record::verdicts_of(tx, row.part, row.id, row.currency)?;
        // A verdict on days that had passed already was given on today's figures, not on those of its first day.
        let given = verdicts.iter().filter(|verdict| {
            let on = verdict.span.from;
            on == verdict.decided_on && from <= on && on <= through
        });
        // What is undone by now never was, as the books stand.
        let standing = standing_facts(facts, Date::NEVER);
        let mut position = Position::opened(terms, row.opened_on);
        let mut effects = Vec::new();
        let mut states = None;
        for verdict in given {
            let span = &verdict.span;
            if span.from < position.as_of {
                continue;
            }
            position.advance(terms, &standing, span.from, &mut |_| {})?;
            let arrears = position.arrears(terms)?;
            if arrears.days_past_due == span.days_past_due && arrears.overdue == span.overdue {
                continue;
            }
            let message = match span.message {
                None => None,
                Some(id) => {
                    if states.is_none() {
                        states = Some(message::of_agreement(tx, row.part, row.id)?);
                    }
                    let found = states.iter().flatten().find(|message| message.id == id);
                    found.map(|message| (id, message.state))
                }
            };
            effects.push(VerdictEffect {
                on: span.from,
                reason: span.reason,
                message,
                days_past_due_then: span.days_past_due,
                overdue_then: span.overdue,
                days_past_due_now: arrears.days_past_due,
                overdue_now: arrears.overdue,
            });
        }
        Ok(effects)
    }
}

//! Changes of an agreement that a lender and a customer agree on while it runs: statement instalments, early payoff,
//! reschedules, payments ahead of time, pauses of ageing and freezes of late fees.
//!
//! Each is one fact, or a few in one transaction, on the path of [`crate::payment::record`]: loaded, accepted by the
//! domain, written with its audit entry, folded by the next day's run. Each can be shown before it is recorded, by the
//! same derivation, so that what was shown is what happens.

pub mod holds;
pub mod payoff;
pub mod plan;
pub mod reschedule;
mod text;

use dunlin_domain::amounts::Amounts;
use dunlin_domain::date::Date;
use dunlin_domain::fact::{Fact, FactKind};
use dunlin_domain::id::FactId;
use dunlin_domain::money::{Money, MoneyError};
use dunlin_domain::position::{Due, fold, known_at};
use dunlin_domain::wording::Wording;
use dunlin_store::Tx;
use dunlin_store::agreement::AgreementRow;

use crate::payment::record::{Recorded, Told};
use crate::payment::{ChangeReport, Context};
use crate::{Engine, EngineError};
pub use text::{basis_words, payoff_text, rows_text};

/// Whether a change is recorded or only shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It is recorded.
    Record,
    /// It is shown; nothing is written.
    Preview,
}

/// What is to be paid on one day of one plan, before and after a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowPair {
    /// The reference of the purchase or statement plan; `None` for what is no plan.
    pub plan: Option<String>,
    /// The number of the instalment after the change, or before it where it is gone; 0 for what is no instalment.
    pub number: u32,
    /// The due date.
    pub due_on: Date,
    /// What it was, by component; nothing of anything where it is new.
    pub before: Amounts,
    /// What it is now; nothing of anything where it is gone.
    pub after: Amounts,
}

impl RowPair {
    /// By how much the sum of the day rises.
    ///
    /// # Errors
    /// When amounts do not fit.
    pub fn difference(&self) -> Result<Money, MoneyError> {
        self.after.total()?.try_sub(self.before.total()?)
    }
}

/// A change that was recorded, or is shown before it is.
#[derive(Clone, Debug)]
pub struct Change {
    /// The lender's id of the agreement.
    pub agreement: String,
    /// What happens.
    pub kind: FactKind,
    /// The caller's reference.
    pub reference: String,
    /// How much; zero where no money moves.
    pub amount: Money,
    /// The value date.
    pub value_on: Date,
    /// What was recorded; `None` for a preview.
    pub recorded: Option<Recorded>,
    /// What it changes, compared at the end of the report's day.
    pub report: ChangeReport,
    /// What is to be paid when, before and after it.
    pub rows: Vec<RowPair>,
}

impl Engine {
    /// Records a fact or shows what it would change, with what is to be paid when beside it.
    pub(crate) fn change_in(
        &self,
        tx: &mut Tx<'_>,
        row: &AgreementRow,
        told: &Told<'_>,
        mode: Mode,
        until: Option<Date>,
        context: Context<'_>,
    ) -> Result<Change, EngineError> {
        let (fact, before, after, recorded, report) = match mode {
            Mode::Preview => {
                let seen = self.preview_fact(tx, row, told, until, context)?;
                (seen.fact, seen.before, seen.after, None, seen.report)
            }
            Mode::Record => {
                let recorded = self.record_fact(tx, row, told, context)?;
                let after = known_at(&self.facts(tx, row)?, recorded.learned_at);
                let is_own = |fact: &&Fact| fact.id == recorded.id;
                let fact = after.iter().find(is_own).cloned().ok_or_else(|| EngineError::NotFound {
                    what: "fact",
                    name: recorded.reference.clone(),
                })?;
                let before = after.iter().filter(|fact| fact.id != recorded.id).cloned().collect();
                let report = recorded.report.clone();
                (fact, before, after, Some(recorded), report)
            }
        };
        let rows = row_pairs(context, row, &before, &after, fact.value_on)?;
        Ok(Change {
            agreement: row.external_id.clone(),
            kind: fact.kind,
            reference: fact.reference,
            amount: fact.amount,
            value_on: fact.value_on,
            recorded,
            report,
            rows,
        })
    }

    /// Runs `work` in a transaction that may write only where something is recorded.
    pub(crate) fn in_mode<T>(
        &self,
        mode: Mode,
        work: impl FnMut(&mut Tx<'_>) -> Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        match mode {
            Mode::Record => self.db.write_as(work),
            Mode::Preview => self.db.read_as(work),
        }
    }

    /// The value date of a change: the one given, or the day that the books are on.
    pub(crate) fn value_date(
        &self,
        tx: &mut Tx<'_>,
        row: &AgreementRow,
        given: Option<Date>,
        context: Context<'_>,
    ) -> Result<Date, EngineError> {
        match given {
            Some(value_on) => Ok(value_on),
            None => Ok(self.books_today(tx, context.caller.now)?.max(row.opened_on)),
        }
    }
}

/// What is to be paid at the end of `on`, by two readings of the facts, side by side.
pub(crate) fn row_pairs(
    context: Context<'_>,
    row: &AgreementRow,
    before: &[Fact],
    after: &[Fact],
    on: Date,
) -> Result<Vec<RowPair>, EngineError> {
    let terms = context.policies.terms(&row.product, row.product_version, row.statement_day, on)?;
    let dues = |facts: &[Fact]| -> Result<Vec<Due>, EngineError> {
        Ok(fold(&terms, row.opened_on, facts, on, &mut |_| {})?.dues(&terms)?)
    };
    let name = |plan: Option<FactId>| {
        let plan = plan?;
        let found = after.iter().find(|fact| fact.id == plan);
        Some(found.map_or_else(|| plan.to_string(), |fact| fact.reference.clone()))
    };
    let nothing = Amounts::zero(row.currency);
    let mut old = merged(dues(before)?)?;
    let mut pairs = Vec::new();
    for due in merged(dues(after)?)? {
        let same = old.iter().position(|known| (known.due_on, known.plan) == (due.due_on, due.plan));
        let before = same.map_or(nothing, |place| old.remove(place).parts);
        let (plan, number, due_on) = (name(due.plan), due.number, due.due_on);
        pairs.push(RowPair { plan, number, due_on, before, after: due.parts });
    }
    pairs.extend(old.into_iter().map(|due| RowPair {
        plan: name(due.plan),
        number: due.number,
        due_on: due.due_on,
        before: due.parts,
        after: nothing,
    }));
    pairs.sort_by(|left, right| {
        (left.due_on, &left.plan, left.number).cmp(&(right.due_on, &right.plan, right.number))
    });
    Ok(pairs)
}

/// One row for each plan and due date.
fn merged(dues: Vec<Due>) -> Result<Vec<Due>, MoneyError> {
    let mut merged: Vec<Due> = Vec::with_capacity(dues.len());
    for due in dues {
        let same = merged.iter_mut().find(|known| (known.due_on, known.plan) == (due.due_on, due.plan));
        match same {
            Some(known) => {
                for component in dunlin_domain::terms::Component::ALL {
                    known.parts.add(*component, due.parts.get(*component))?;
                }
            }
            None => merged.push(due),
        }
    }
    Ok(merged)
}

/// A refusal by its code.
pub(crate) fn refused<T>(code: &'static str, complaint: Wording) -> Result<T, EngineError> {
    Err(EngineError::Refused { code, complaint })
}

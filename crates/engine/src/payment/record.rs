//! The one path by which a fact is recorded: load the agreement's facts, have the domain accept the new one, write it with
//! its audit entry, and have the next day's run post the difference. A preview is the same without the writing.

use dunlin_domain::acceptance::accept;
use dunlin_domain::change::Comparison;
use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::fact::{Fact, FactDetail, FactError, FactKind};
use dunlin_domain::id::FactId;
use dunlin_domain::money::Money;
use dunlin_domain::position::{fold, known_at};
use dunlin_domain::recording::{self, Admission, Draft, Ground, Refusal};
use dunlin_domain::terms::Component;
use dunlin_store::agreement::{self, AgreementRow, NewFact};
use dunlin_store::payment::{
    ReferenceRow, claim_reference, lock_agreement, reference_key, release_reference,
};
use dunlin_store::{Tx, audit, run};

use super::Context;
use super::changes::ChangeReport;
use crate::import::fact_id;
use crate::policies::Policies;
use crate::{Clock, Engine, EngineError};

/// A fact as one of the commands tells of it.
pub(crate) struct Told<'t> {
    pub kind: FactKind,
    pub amount: Money,
    pub value_on: Date,
    pub reference: &'t str,
    pub note: &'t str,
    pub target: Option<String>,
    pub component: Component,
    pub due_on: Option<Date>,
    /// Statement plan, reschedule: the number of instalments.
    pub instalment_count: u32,
    pub detail: FactDetail,
    /// Whether a repeat is a mistake: the caller gave no reference by which a repeat could be told.
    pub must_be_new: bool,
    /// Whether it is a part of a payment over several agreements, whose reference is claimed already.
    pub is_share: bool,
}

impl<'t> Told<'t> {
    pub(crate) fn new(
        kind: FactKind,
        amount: Money,
        value_on: Date,
        reference: &'t str,
        note: &'t str,
    ) -> Self {
        Self {
            kind,
            amount,
            value_on,
            reference,
            note,
            target: None,
            component: Component::Principal,
            due_on: None,
            instalment_count: 0,
            detail: FactDetail::default(),
            must_be_new: false,
            is_share: false,
        }
    }
}

/// A fact that was recorded, now or before, and what it changed.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The lender's id of the agreement.
    pub agreement: String,
    /// The fact.
    pub id: FactId,
    /// What happened.
    pub kind: FactKind,
    /// The caller's reference.
    pub reference: String,
    /// How much.
    pub amount: Money,
    /// The value date.
    pub value_on: Date,
    /// When we learned of it.
    pub learned_at: Timestamp,
    /// Whether this request recorded it; `false` for a repeat.
    pub is_new: bool,
    /// The business date on which the difference is posted; `None` before the first day, when it is the first.
    pub posted_on: Option<Date>,
    /// What it changed.
    pub report: ChangeReport,
}

/// What a fact would change.
pub(crate) struct Foreseen {
    /// The fact as it would be recorded.
    pub fact: Fact,
    /// The facts without it.
    pub before: Vec<Fact>,
    /// The facts with it.
    pub after: Vec<Fact>,
    /// What it would change.
    pub report: ChangeReport,
}

impl Recorded {
    /// What came in and cleared nothing.
    #[must_use]
    pub fn unapplied(&self) -> Money {
        let Comparison { before, after, .. } = &self.report.comparison;
        let more = after.credit.minor().saturating_sub(before.credit.minor());
        Money::new(more.max(0), self.amount.currency())
    }
}

impl Engine {
    /// Records a fact, or finds it recorded. The agreement is looked at by the next day's run. A refusal leaves nothing
    /// behind in the transaction, which may go on.
    pub(crate) fn record_fact(
        &self,
        tx: &mut Tx<'_>,
        row: &AgreementRow,
        told: &Told<'_>,
        context: Context<'_>,
    ) -> Result<Recorded, EngineError> {
        recording::check_reference(told.reference)?;
        let last_closed = run::last_closed_day(tx, self.span_width)?.map(|day| day.0);
        let as_of = last_closed.map_or(told.value_on, |closed| closed.max(told.value_on));
        let claimed = claim(tx, row, told, as_of)?;
        let recorded = self.record_claimed(tx, row, told, claimed.unwrap_or(as_of), context);
        if recorded.is_err() && claimed.is_none() && !told.is_share {
            release_reference(tx, reference_key(told.kind, told.reference))?;
        }
        recorded
    }

    fn record_claimed(
        &self,
        tx: &mut Tx<'_>,
        row: &AgreementRow,
        told: &Told<'_>,
        as_of: Date,
        context: Context<'_>,
    ) -> Result<Recorded, EngineError> {
        lock_agreement(tx, row.part, row.id)?;
        // What the row said before the lock may be old.
        let row = &self.find_agreement(tx, &row.id.to_string())?;
        let facts = self.facts(tx, row)?;
        let wake_on = self.wake_date(tx)?;
        let (fact, is_new) = match self.admitted(row, &facts, told, wake_on, context)? {
            Admission::Known(fact) if told.must_be_new => {
                let reference = told.target.clone().unwrap_or(fact.reference);
                return Err(FactError::AlreadyReversed { reference }.into());
            }
            Admission::Known(fact) => (fact, false),
            Admission::New(fact) => (fact, true),
        };
        let mut after = if is_new { facts } else { known_at(&facts, fact.learned_at) };
        if is_new {
            after.push(fact.clone());
            write_fact(tx, row, &fact, told.note, wake_on, context)?;
        }
        let report = self.change_report(tx, context.policies, row, &after, fact.learned_at, as_of)?;
        let posted_on = (wake_on > Date::from_days(0)).then_some(wake_on);
        Ok(Recorded {
            agreement: row.external_id.clone(),
            id: fact.id,
            kind: fact.kind,
            reference: fact.reference,
            amount: fact.amount,
            value_on: fact.value_on,
            learned_at: fact.learned_at,
            is_new,
            posted_on,
            report,
        })
    }

    /// The fact that was told of, if the agreement takes it.
    fn admitted(
        &self,
        row: &AgreementRow,
        facts: &[Fact],
        told: &Told<'_>,
        wake_on: Date,
        context: Context<'_>,
    ) -> Result<Admission, EngineError> {
        let latest = self.latest_value_date(context.caller.now, wake_on);
        let ground = Ground { currency: row.currency, opened_on: row.opened_on, latest, facts };
        let draft = Draft {
            id: fact_id(row.id, told.kind, told.reference, versions_of(facts, told)),
            kind: told.kind,
            amount: told.amount,
            value_on: told.value_on,
            reference: told.reference.to_owned(),
            target: told.target.clone(),
            component: told.component,
            due_on: told.due_on,
            instalment_count: told.instalment_count,
            detail: told.detail,
            learned_at: self.learned_after(context.caller.now, wake_on, facts),
        };
        let admission = recording::admit(&ground, &draft)?;
        if let Admission::New(fact) = &admission {
            let terms =
                context.policies.terms(&row.product, row.product_version, row.statement_day, latest)?;
            accept(&terms, row.opened_on, facts, fact)?;
            let mut after = facts.to_vec();
            after.push(fact.clone());
            // A fact that makes sums overflow must not stop the day's run.
            fold(&terms, row.opened_on, &after, latest, &mut |_| {})?;
        }
        Ok(admission)
    }

    /// What a fact would change, if it were recorded now: compared at the end of the last closed day, its value date or
    /// `until`, whichever is latest. Nothing is written.
    pub(crate) fn preview_fact(
        &self,
        tx: &mut Tx<'_>,
        row: &AgreementRow,
        told: &Told<'_>,
        until: Option<Date>,
        context: Context<'_>,
    ) -> Result<Foreseen, EngineError> {
        recording::check_reference(told.reference)?;
        let before = self.facts(tx, row)?;
        let wake_on = self.wake_date(tx)?;
        let fact = match self.admitted(row, &before, told, wake_on, context)? {
            Admission::Known(fact) | Admission::New(fact) => fact,
        };
        let mut after = known_at(&before, fact.learned_at);
        let before: Vec<Fact> = after.iter().filter(|known| known.id != fact.id).cloned().collect();
        if before.len() == after.len() {
            after.push(fact.clone());
        }
        let last_closed = run::last_closed_day(tx, self.span_width)?.map(|day| day.0);
        let as_of = [last_closed, until].into_iter().flatten().fold(fact.value_on, Date::max);
        let report = self.change_report(tx, context.policies, row, &after, fact.learned_at, as_of)?;
        Ok(Foreseen { fact, before, after, report })
    }

    /// The latest value date taken. In a rehearsal the books may be ahead of the wall clock.
    pub(crate) fn latest_value_date(&self, now: Timestamp, wake_on: Date) -> Date {
        let today = now.date_in(&self.zone);
        match self.clock {
            Clock::Real => today,
            Clock::Business => today.max(wake_on),
        }
    }

    /// The day that the books are on: today, in a rehearsal the last closed day.
    pub(crate) fn books_today(&self, tx: &mut Tx<'_>, now: Timestamp) -> Result<Date, EngineError> {
        let today = now.date_in(&self.zone);
        let closed = run::last_closed_day(tx, self.span_width)?;
        Ok(match (self.clock, closed) {
            (Clock::Business, Some(closed)) => closed.0,
            (Clock::Business, None) | (Clock::Real, _) => today,
        })
    }

    /// The moment at which a fact that comes in now counts as learned: after all facts of its agreement, so that the
    /// books before it and with it can always be told apart.
    fn learned_after(&self, now: Timestamp, wake_on: Date, facts: &[Fact]) -> Timestamp {
        let moment = self.learned_at(now, wake_on);
        let last = facts.iter().map(|fact| fact.learned_at).max();
        match last {
            Some(last) if last >= moment => Timestamp::from_micros(last.micros() + 1),
            Some(_) | None => moment,
        }
    }

    /// The standing fact that is recorded under a reference, if there is one.
    pub(crate) fn known_fact(
        &self,
        tx: &mut Tx<'_>,
        row: &AgreementRow,
        kind: FactKind,
        reference: &str,
    ) -> Result<Option<Fact>, EngineError> {
        let facts = self.facts(tx, row)?;
        let is_withdrawn = |fact: &Fact| {
            facts.iter().any(|other| other.kind == FactKind::Withdrawal && other.target == Some(fact.id))
        };
        let is_meant = |fact: &&Fact| fact.kind == kind && fact.reference == reference && !is_withdrawn(fact);
        Ok(facts.iter().find(is_meant).cloned())
    }

    /// The amount recorded under a reference, if there is a fact.
    pub(crate) fn known_amount(
        &self,
        tx: &mut Tx<'_>,
        row: &AgreementRow,
        kind: FactKind,
        reference: &str,
    ) -> Result<Option<Money>, EngineError> {
        Ok(self.known_fact(tx, row, kind, reference)?.map(|fact| fact.amount))
    }

    /// The unapplied credit of an agreement at the end of a day.
    pub(crate) fn credit_on(
        &self,
        tx: &mut Tx<'_>,
        policies: &Policies,
        row: &AgreementRow,
        on: Date,
    ) -> Result<Money, EngineError> {
        let terms = policies.terms(&row.product, row.product_version, row.statement_day, on)?;
        let facts = self.facts(tx, row)?;
        Ok(fold(&terms, row.opened_on, &facts, on, &mut |_| {})?.credit)
    }
}

/// Claims the reference for this agreement; gives the day at whose end the first answer stood if it was claimed before.
fn claim(
    tx: &mut Tx<'_>,
    row: &AgreementRow,
    told: &Told<'_>,
    as_of: Date,
) -> Result<Option<Date>, EngineError> {
    if told.is_share {
        return Ok(None);
    }
    let key = reference_key(told.kind, told.reference);
    let claim = ReferenceRow { agreement: Some(row.id), customer: None, as_of };
    let Some(used) = claim_reference(tx, key, &claim)? else { return Ok(None) };
    // The undoing of a split payment undoes each part under one reference.
    if used.agreement == Some(row.id) || told.kind.is_undoing() {
        return Ok(Some(used.as_of));
    }
    let recorded = match used.agreement {
        Some(agreement) => {
            let name = agreement::find(tx, agreement)?.map(|row| row.external_id);
            format!("agreement {:?}", name.unwrap_or_else(|| agreement.to_string()))
        }
        None => "a payment over several agreements".to_owned(),
    };
    Err(Refusal::ReferenceConflict { reference: told.reference.to_owned(), recorded }.into())
}

fn write_fact(
    tx: &mut Tx<'_>,
    row: &AgreementRow,
    fact: &Fact,
    note: &str,
    wake_on: Date,
    context: Context<'_>,
) -> Result<(), EngineError> {
    let new = NewFact {
        part: row.part,
        agreement: row.id,
        fact,
        note,
        content_hash: content_hash(row, fact),
        imported_at: context.caller.now,
    };
    let added = agreement::insert_facts(tx, &[new])?;
    assert!(added == 1, "a fact that was not among the agreement's under its lock is new");
    agreement::wake(tx, &[(row.part, row.id)], wake_on, true, false)?;
    let subject = format!("{} {}", row.external_id, fact.reference);
    let amount = if fact.amount.is_zero() { String::new() } else { format!(" of {:?}", fact.amount) };
    let after = format!("{} {}{amount}, value date {}", fact.kind, fact.id, fact.value_on);
    let action = format!("fact.{}", fact.kind);
    let entry = audit::Entry {
        at: context.caller.now,
        actor: context.caller.actor,
        action: &action,
        subject: &subject,
        before: None,
        after: Some(&after),
        cause: if note.is_empty() { "command" } else { note },
    };
    // Each part has a chain of its own, so that payments of different customers do not wait for each other.
    audit::append(tx, row.part, &entry)?;
    Ok(())
}

/// How many versions of the reference there are already: those that were withdrawn.
fn versions_of(facts: &[Fact], told: &Told<'_>) -> u32 {
    let same = facts.iter().filter(|fact| fact.kind == told.kind && fact.reference == told.reference);
    u32::try_from(same.count()).unwrap_or(u32::MAX)
}

/// The hash of what a fact says. That of a payment is the one that the same row of an import has.
fn content_hash(row: &AgreementRow, fact: &Fact) -> [u8; 16] {
    use crate::portfolio::{DecimalAmount, PaymentMovement, PaymentRow, PortfolioRow as _};
    let is_plain = fact.due_on.is_none() && fact.target.is_none() && fact.detail == FactDetail::default();
    if fact.kind == FactKind::Payment
        && is_plain
        && let Ok(amount) = DecimalAmount::from_money(fact.amount)
    {
        let payment = PaymentRow {
            payment_id: fact.reference.clone(),
            agreement_id: row.external_id.clone(),
            paid_on: fact.value_on,
            movement: PaymentMovement::Received { amount },
            currency: None,
        };
        return payment.content_hash();
    }
    let target = fact.target.map_or([0; 16], |target| target.0);
    dunlin_domain::id::hash_parts("recorded fact", &[&fact.id.0, &fact.amount.minor().to_le_bytes(), &target])
}

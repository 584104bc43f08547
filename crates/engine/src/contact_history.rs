//! Where each number and address comes from, every change of it, and what shows that it is the person's.
//!
//! Numbers and addresses stand here with their middle hidden; whole ones are for the person only (see `crate::privacy`).

use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
use std::collections::HashMap;

use dunlin_domain::contact::{ContactPointState, Personal, PointSource, ProofKind};
use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::id::{ContactPointId, CustomerId, hash_parts};
use dunlin_store::contact_change::{self, PointChange, PointChangeRow};
use dunlin_store::contact_proof::{self, Origin, ProofRow};
use dunlin_store::customer::{self, ContactPointRow, CustomerView};
use dunlin_store::{Tx, agreement, audit};

use crate::circumstances::wake_silenced;
use crate::payment::Caller;
use crate::{Engine, EngineError};

/// A proof to be recorded.
#[derive(Clone, Debug)]
pub struct NewProof {
    /// The lender's id of the customer, or ours.
    pub customer: String,
    /// The lender's id of the contact point, or ours.
    pub point: String,
    /// What shows that it is the person's.
    pub how: ProofKind,
    /// The day; today if none is given.
    pub on: Option<Date>,
    /// Where what shows it is kept.
    pub evidence: String,
}

/// Everything that happened to the contact points of a customer.
#[derive(Clone, Debug)]
pub struct PointHistory {
    /// The contact points, those out of use too.
    pub points: Vec<PointNow>,
    /// What happened, oldest first.
    pub events: Vec<PointEvent>,
}

/// A contact point as it is now.
#[derive(Clone, Debug)]
pub struct PointNow {
    /// With its middle hidden.
    pub masked: String,
    /// The row, opened.
    pub row: ContactPointRow,
    /// How it came to us.
    pub origin: Origin,
    /// The last proof of the number or address as it is now.
    pub proof: Option<ProofRow>,
}

/// One thing that happened to a contact point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PointEvent {
    /// The contact point.
    pub point: ContactPointId,
    /// The lender's id of it.
    pub external_id: String,
    /// When; missing for one that came before this was kept.
    pub at: Option<Timestamp>,
    /// What.
    pub kind: PointEventKind,
    /// Who.
    pub by: String,
    /// What it came from.
    pub source: PointSource,
    /// Where exactly: file and line, provider, batch; may be empty.
    pub place: String,
    /// Why, in words; for a proof, where it is kept.
    pub reason: String,
}

/// What happened. Values have their middle hidden.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PointEventKind {
    /// It was added.
    Added {
        /// What it was then.
        value: String,
    },
    /// It was changed.
    Changed {
        /// Its state before and after.
        states: (ContactPointState, ContactPointState),
        /// The value before and after, where a file or a person gave a new one.
        values: Option<(String, String)>,
    },
    /// Something showed that it is the person's.
    Verified {
        /// What.
        how: ProofKind,
        /// On which day.
        on: Date,
        /// Whether it speaks of the number or address as it is now.
        is_current: bool,
    },
}

impl Engine {
    /// Everything that happened to a customer's contact points; to one of them only, where one is named.
    ///
    /// # Errors
    /// [`EngineError::NotFound`] for an unknown customer or contact point.
    pub fn contact_history(&self, customer: &str, point: Option<&str>) -> Result<PointHistory, EngineError> {
        self.db.read_as(|tx| {
            let view = self.find_customer(tx, customer)?;
            let mut points = customer::opened_points(tx, &self.master, &[view.id])?;
            if let Some(name) = point {
                points.retain(|row| row.external_id == name || row.id.to_string() == name);
                if points.is_empty() {
                    return Err(EngineError::NotFound { what: "contact point", name: name.to_owned() });
                }
            }
            self.history_of(tx, view.id, points)
        })
    }

    fn history_of(
        &self,
        tx: &mut Tx<'_>,
        customer: CustomerId,
        rows: Vec<ContactPointRow>,
    ) -> Result<PointHistory, EngineError> {
        let mut origins = contact_proof::origins(tx, customer)?;
        let changes = contact_proof::opened_changes(tx, &self.master, customer)?;
        let proofs = contact_proof::of_customers(tx, &[customer])?;
        let keys: Vec<(CustomerId, ContactPointId)> = rows.iter().map(|row| (customer, row.id)).collect();
        let lookups = contact_proof::lookups(tx, &keys)?;
        let (mut points, mut events) = (Vec::new(), Vec::new());
        for row in rows {
            let Some(origin) = origins.remove(&row.id) else { continue };
            let own = changes.iter().filter(|(change, _)| change.point == row.id);
            let (first, changed) = changed_events(&row, own);
            events.push(PointEvent {
                point: row.id,
                external_id: row.external_id.clone(),
                at: origin.at,
                kind: PointEventKind::Added { value: first },
                by: origin.by.clone(),
                source: PointSource::Import,
                place: origin.place.clone(),
                reason: String::new(),
            });
            events.extend(changed);
            let mut own = proofs.iter().filter(|proof| proof.point == row.id);
            let is_current = |proof: &ProofRow| lookups.get(&(customer, row.id)) == Some(&proof.lookup);
            events.extend(own.clone().map(|proof| proof_event(&row, proof, is_current(proof))));
            let proof = own.rfind(|proof| is_current(proof)).cloned();
            points.push(PointNow { masked: row.value.masked(), row, origin, proof });
        }
        events.sort_by_key(|event| event.at);
        Ok(PointHistory { points, events })
    }

    /// Records what shows that a number or address is the person's. It holds for the number as it is now, and feeds the
    /// rule that asks for a recent proof. A number that a provider did not know is used again when the person answered
    /// from it.
    ///
    /// # Errors
    /// [`EngineError::NotFound`]; `contact_proof` without evidence, for a day to come, or for a contact point that was
    /// taken out of use.
    pub fn verify_contact_point(
        &self,
        new: &NewProof,
        caller: Caller<'_>,
    ) -> Result<PointHistory, EngineError> {
        if new.evidence.trim().is_empty() {
            return refused(wording!(
                "请用 --evidence 注明凭证存放之处",
                "say with --evidence where what shows it is kept"
            ));
        }
        self.db.write_as(|tx| {
            let view = self.find_customer(tx, &new.customer)?;
            let mut points = customer::opened_points(tx, &self.master, &[view.id])?;
            points.retain(|row| row.external_id == new.point || row.id.to_string() == new.point);
            let Some(row) = points.pop() else {
                return Err(EngineError::NotFound { what: "contact point", name: new.point.clone() });
            };
            let today = self.customer_today(tx, &view, caller.now)?;
            let on = new.on.unwrap_or(today);
            if on > today {
                return refused(wording!("{on} 尚未到来；今天是 {today}", "{on} is to come; it is {today}"));
            }
            if row.state == ContactPointState::Removed {
                let complaint =
                    wording!("{} 已停用；请先恢复", "{} is out of use; bring it back first", row.external_id);
                return refused(complaint);
            }
            self.note_proof(tx, &view, &row, (new.how, on, &new.evidence), caller)?;
            self.history_of(tx, view.id, vec![row])
        })
    }

    /// Keeps a proof, once, and has those looked at again who were silent for want of one.
    pub(crate) fn note_proof(
        &self,
        tx: &mut Tx<'_>,
        view: &CustomerView,
        row: &ContactPointRow,
        (how, on, evidence): (ProofKind, Date, &str),
        caller: Caller<'_>,
    ) -> Result<(), EngineError> {
        let lookup = contact_proof::lookup_of(&self.master, row.kind, &row.value);
        let day = on.days().to_le_bytes();
        let cause: [&[u8]; 5] = [&row.id.0, &lookup, &day, how.code().as_bytes(), evidence.as_bytes()];
        let proof = ProofRow {
            id: hash_parts("proof", &cause),
            customer: view.id,
            point: row.id,
            lookup,
            verified_on: on,
            how,
            evidence: evidence.to_owned(),
            recorded_at: caller.now,
            recorded_by: caller.actor.to_owned(),
        };
        if !contact_proof::insert(tx, &proof)? {
            return Ok(());
        }
        let wake_on = self.wake_date(tx)?;
        let agreements = agreement::of_customer(tx, view.id)?;
        let shows_use = matches!(how, ProofKind::Code | ProofKind::Reply);
        if row.state == ContactPointState::Invalid && shows_use {
            let source = if how == ProofKind::Reply { PointSource::Reply } else { PointSource::Staff };
            let change = PointChange {
                customer: view.id,
                point: row.id,
                at: caller.now,
                business_date: wake_on,
                actor: caller.actor,
                batch: None,
                state: ContactPointState::Active,
                corrected: None,
                reason: "the person answered from it",
                source,
                place: evidence,
            };
            contact_change::change_point(tx, &self.master, &change)?;
            self.make_good(tx, &agreements, wake_on)?;
        }
        wake_silenced(tx, &agreements, wake_on)?;
        let subject = format!("{} of {}", row.id, view.id);
        let after = format!("{} on {on}", how.code());
        let entry = audit::Entry {
            at: caller.now,
            actor: caller.actor,
            action: "contact_point.verify",
            subject: &subject,
            before: None,
            after: Some(&after),
            cause: evidence,
        };
        Ok(self.audit(tx, &entry)?)
    }
}

fn refused<T>(complaint: Wording) -> Result<T, EngineError> {
    Err(EngineError::Refused { code: "contact_proof", complaint })
}

/// The value that a contact point had first, and its changes, each with the value before and after.
fn changed_events<'c>(
    row: &'c ContactPointRow,
    changes: impl DoubleEndedIterator<Item = &'c (PointChangeRow, Option<Personal>)>,
) -> (String, Vec<PointEvent>) {
    let mut value = &row.value;
    let mut events = Vec::new();
    // Backwards: the value after a change is the one before the next.
    for (change, before) in changes.rev() {
        let replaced = before.as_ref().filter(|before| *before != value);
        let values = replaced.map(|before| (before.masked(), value.masked()));
        value = before.as_ref().unwrap_or(value);
        events.push(PointEvent {
            point: row.id,
            external_id: row.external_id.clone(),
            at: Some(change.at),
            kind: PointEventKind::Changed { states: (change.before, change.after), values },
            by: change.actor.clone(),
            source: change.source,
            place: change.place.clone(),
            reason: change.reason.clone(),
        });
    }
    events.reverse();
    (value.masked(), events)
}

fn proof_event(row: &ContactPointRow, proof: &ProofRow, is_current: bool) -> PointEvent {
    PointEvent {
        point: row.id,
        external_id: row.external_id.clone(),
        at: Some(proof.recorded_at),
        kind: PointEventKind::Verified { how: proof.how, on: proof.verified_on, is_current },
        by: proof.recorded_by.clone(),
        source: if proof.how == ProofKind::Reply { PointSource::Reply } else { PointSource::Staff },
        place: String::new(),
        reason: proof.evidence.clone(),
    }
}

/// The last proofs of a customer's contact points as they are now.
pub(crate) fn proofs_of(
    tx: &mut Tx<'_>,
    customer: CustomerId,
) -> Result<HashMap<ContactPointId, ProofRow>, EngineError> {
    let proofs = contact_proof::current_of(tx, &[customer])?;
    Ok(proofs.into_iter().map(|proof| (proof.point, proof)).collect())
}

//! Contact data: removal that can be undone, alone or in bulk, and the history of every number and address.

use dunlin_domain::wording;
use std::collections::HashMap;

use dunlin_domain::contact::{ContactPointState, PointSource};
use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::id::{AgreementId, ContactPointId, CustomerId, Part, hash_parts};
use dunlin_store::agreement;
pub use dunlin_store::contact_change::ContactBatch;
use dunlin_store::contact_change::{self, PointChange, PointChangeRow};
use dunlin_store::contact_request::BlastRadius;
use dunlin_store::customer;
use dunlin_store::opt_out_change;
use dunlin_store::{Tx, audit};

use crate::{Engine, EngineError, text_id};

/// What a change of contact points did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactChange {
    /// The batch; undo it by this.
    pub batch: String,
    /// Contact points changed.
    pub points: usize,
    /// Customers whose opt-outs were changed.
    pub opt_outs: usize,
    /// Agreements of the customers concerned.
    pub agreements: usize,
    /// Whether it waits for a second person, and nothing was changed yet.
    pub is_pending: bool,
    /// Whom it touches, where that was asked.
    pub radius: Option<BlastRadius>,
    /// Contact points that whoever asked changed alone before on the same business date, where a second person is needed.
    pub alone_today: u64,
}

impl ContactChange {
    /// What was carried out as a batch, of nothing so far.
    pub(crate) fn done(batch: [u8; 16]) -> Self {
        Self {
            batch: batch_text(batch),
            points: 0,
            opt_outs: 0,
            agreements: 0,
            is_pending: false,
            radius: None,
            alone_today: 0,
        }
    }
}

impl Engine {
    /// Takes contact points out of use; nothing is erased. More than one person may do alone is kept until a second one
    /// agrees (see [`crate::contact_bulk`]). `names` are the lender's ids or ours (`cpt_…`), each
    /// with the lender's id of its customer.
    ///
    /// # Errors
    /// [`EngineError::NotFound`] names the first that does not exist; then nothing is changed.
    pub fn remove_contact_points(
        &self,
        names: &[(String, String)],
        reason: &str,
        now: Timestamp,
    ) -> Result<ContactChange, EngineError> {
        if names.is_empty() || reason.trim().is_empty() {
            let complaint = wording!(
                "停用联系方式须至少写明一条联系方式，并写明理由",
                "a removal names at least one contact point, and a reason"
            );
            return Err(EngineError::Refused { code: "contact_points", complaint });
        }
        let mut hash: Vec<&[u8]> = names.iter().map(|(_, point)| point.as_bytes()).collect();
        let moment = now.micros().to_le_bytes();
        hash.push(&moment);
        let batch = hash_parts("bat", &hash);
        self.db.write_as(|tx| {
            let points = find_points(tx, names)?;
            let radius = self.radius_of(tx, &points)?;
            let alone_today = self.changed_alone(tx)?;
            if self.asks_second(tx, &radius, alone_today)? {
                let asked = self.ask_contact_change(tx, batch, &points, radius, reason, now)?;
                return Ok(ContactChange { alone_today, ..asked });
            }
            let author = self.config.actor.clone();
            let done = self.apply_removal(tx, batch, &points, reason, &author, now)?;
            Ok(ContactChange { radius: Some(radius), ..done })
        })
    }

    /// Removes the points as one batch of `author`'s.
    pub(crate) fn apply_removal(
        &self,
        tx: &mut Tx<'_>,
        batch: [u8; 16],
        points: &[(CustomerId, ContactPointId)],
        reason: &str,
        author: &str,
        now: Timestamp,
    ) -> Result<ContactChange, EngineError> {
        let business_date = self.wake_date(tx)?;
        for (customer, point) in points {
            let change = self.point_change(
                *customer,
                *point,
                batch,
                now,
                business_date,
                ContactPointState::Removed,
                reason,
            );
            contact_change::change_point(tx, &self.master, &PointChange { actor: author, ..change })?;
        }
        contact_change::note_batch(tx, batch, now, business_date, author, reason, points.len())?;
        let first = points.first().map(|(customer, _)| *customer);
        self.watch_contact_data(tx, business_date, first, now)?;
        self.finish_change(tx, "contact_point.remove", batch, points, reason, now, None)
    }

    /// Undoes a removal: every contact point is as it was, and what was missed meanwhile is made good by the next
    /// day's run.
    ///
    /// # Errors
    /// [`EngineError::NotFound`] for an unknown batch, a refusal for one that was undone before, and without a reason.
    pub fn restore_contact_points(
        &self,
        batch: &str,
        reason: &str,
        now: Timestamp,
    ) -> Result<ContactChange, EngineError> {
        if reason.trim().is_empty() {
            let complaint = wording!(
                "恢复联系方式须说明原因，请用 --reason 填写",
                "a removal is undone for a reason; give it with --reason"
            );
            return Err(EngineError::Refused { code: "no_reason", complaint });
        }
        let id = parse_batch(batch)
            .ok_or_else(|| EngineError::NotFound { what: "batch", name: batch.to_owned() })?;
        self.db.write_as(|tx| {
            match contact_change::batch_undone_at(tx, id)? {
                None => return Err(EngineError::NotFound { what: "batch", name: batch.to_owned() }),
                Some(Some(at)) => {
                    let complaint =
                        wording!("批次 {batch} 已于 {at} 撤销", "batch {batch} was undone at {at}");
                    return Err(EngineError::Refused { code: "already_undone", complaint });
                }
                Some(None) => {}
            }
            let business_date = self.wake_date(tx)?;
            let changes = contact_change::batch_undo(tx, &self.master, id)?;
            let values = self.values_before(tx, &changes)?;
            let mut points = Vec::with_capacity(changes.len());
            for changed in &changes {
                // The state before the batch comes back, whatever it was.
                let (customer, point) = (changed.customer, changed.point);
                let change =
                    self.point_change(customer, point, id, now, business_date, changed.before, reason);
                let undo = PointChange {
                    batch: None,
                    source: PointSource::Undo,
                    place: batch,
                    corrected: values.get(&point),
                    ..change
                };
                contact_change::change_point(tx, &self.master, &undo)?;
                points.push((customer, point));
            }
            contact_change::mark_batch_undone(tx, id, now)?;
            let opt_outs = opt_out_change::of_batch(tx, id)?;
            if !opt_outs.is_empty() {
                return self.undo_opt_outs(tx, id, &opt_outs, reason, now);
            }
            self.finish_change(tx, "contact_point.restore", id, &points, reason, now, Some(business_date))
        })
    }

    fn point_change<'a>(
        &'a self,
        customer: CustomerId,
        point: ContactPointId,
        batch: [u8; 16],
        at: Timestamp,
        business_date: Date,
        state: ContactPointState,
        reason: &'a str,
    ) -> PointChange<'a> {
        let actor = &self.config.actor;
        PointChange {
            customer,
            point,
            at,
            business_date,
            actor,
            batch: Some(batch),
            state,
            corrected: None,
            reason,
            source: PointSource::Staff,
            place: "",
        }
    }

    pub(crate) fn finish_change(
        &self,
        tx: &mut Tx<'_>,
        action: &str,
        batch: [u8; 16],
        points: &[(CustomerId, ContactPointId)],
        reason: &str,
        now: Timestamp,
        redo_on: Option<Date>,
    ) -> Result<ContactChange, EngineError> {
        let mut customers: Vec<CustomerId> = points.iter().map(|(customer, _)| *customer).collect();
        customers.sort_unstable();
        customers.dedup();
        let mut agreements = 0;
        for customer in &customers {
            let rows = agreement::of_customer(tx, *customer)?;
            agreements += rows.len();
            if let Some(date) = redo_on {
                self.make_good(tx, &rows, date)?;
            }
        }
        let after = format!("{} contact points of {} customers", points.len(), customers.len());
        let done = ContactChange { points: points.len(), agreements, ..ContactChange::done(batch) };
        self.audit_change(tx, action, &done, &after, reason, now)?;
        Ok(done)
    }

    /// Notes in the audit log that a change was carried out.
    pub(crate) fn audit_change(
        &self,
        tx: &mut Tx<'_>,
        action: &str,
        done: &ContactChange,
        after: &str,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), EngineError> {
        let entry = audit::Entry {
            at: now,
            actor: &self.config.actor,
            action,
            subject: &done.batch,
            before: None,
            after: Some(after),
            cause: reason,
        };
        Ok(self.audit(tx, &entry)?)
    }

    /// Has contact made at once for those whose silence was due to contact data.
    pub(crate) fn make_good(
        &self,
        tx: &mut Tx<'_>,
        rows: &[agreement::AgreementRow],
        date: Date,
    ) -> Result<(), EngineError> {
        let was_silenced = |row: &&agreement::AgreementRow| {
            let verdict = row.standing.as_ref().and_then(|standing| standing.verdict);
            verdict.is_some_and(|(_, _, reason)| reason.family() == "contact_data")
        };
        let keys: Vec<(Part, AgreementId)> =
            rows.iter().filter(was_silenced).map(|row| (row.part, row.id)).collect();
        Ok(agreement::wake(tx, &keys, date, false, true)?)
    }

    /// Contact points in use of customers who are overdue, as pairs of our ids; at most `count_max`.
    ///
    /// # Errors
    /// What the database says.
    pub fn overdue_contact_points(
        &self,
        kind: dunlin_domain::contact::ContactPointKind,
        count_max: usize,
    ) -> Result<Vec<(String, String)>, EngineError> {
        let points = self.db.read(|tx| customer::points_of_overdue(tx, kind, count_max))?;
        Ok(points.into_iter().map(|(customer, point)| (customer.to_string(), point.to_string())).collect())
    }

    /// All removals that were carried out, oldest first, so that one whose answer was lost can be found and undone.
    ///
    /// # Errors
    /// What the database says.
    pub fn contact_batches(&self) -> Result<Vec<ContactBatch>, EngineError> {
        Ok(self.db.read(contact_change::batches)?)
    }

    /// The history of a customer's contact points.
    ///
    /// # Errors
    /// What the database says.
    pub fn contact_point_history(&self, customer: &str) -> Result<Vec<PointChangeRow>, EngineError> {
        let id = CustomerId::parse(customer).unwrap_or_else(|| CustomerId::of_external(customer));
        Ok(self.db.read(|tx| contact_change::point_changes(tx, id))?)
    }
}

pub(crate) fn find_points(
    tx: &mut Tx<'_>,
    names: &[(String, String)],
) -> Result<Vec<(CustomerId, ContactPointId)>, EngineError> {
    let keys: Vec<(CustomerId, ContactPointId)> = names
        .iter()
        .map(|(customer, point)| {
            let customer = CustomerId::parse(customer).unwrap_or_else(|| CustomerId::of_external(customer));
            (customer, ContactPointId::parse(point).unwrap_or_else(|| ContactPointId::of_external(point)))
        })
        .collect();
    let known: HashMap<ContactPointId, _> = customer::known_points(tx, &keys)?;
    for ((_, point), (_, name)) in keys.iter().zip(names) {
        if !known.contains_key(point) {
            return Err(EngineError::NotFound { what: "contact point", name: name.clone() });
        }
    }
    Ok(keys)
}

/// A batch as people name it: `bat_` and its id.
#[must_use]
pub fn batch_text(batch: [u8; 16]) -> String {
    text_id::text_of("bat", batch)
}

pub(crate) fn parse_batch(text: &str) -> Option<[u8; 16]> {
    text_id::parse("bat", text)
}

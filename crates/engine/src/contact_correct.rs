//! Corrections of contact points by a file: written, and undone as one.

use std::collections::HashMap;

use dunlin_domain::contact::{ContactPointState, PointSource};
use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::id::{AgreementId, ContactPointId, CustomerId, Part};
use dunlin_store::contact_change::{self, PointChange, PointUndo};
use dunlin_store::contact_correction::Correction;
use dunlin_store::customer::{self, ContactPointRow};
use dunlin_store::{Tx, agreement, contact_request};

use crate::contact_data::ContactChange;
use crate::{Engine, EngineError};

impl Engine {
    /// Writes corrections as one batch of the author's. A contact point that was changed since the file was read stays
    /// as it is.
    pub(crate) fn apply_corrections(
        &self,
        tx: &mut Tx<'_>,
        batch: [u8; 16],
        corrections: &[Correction],
        reason: &str,
        (author, now): (&str, Timestamp),
    ) -> Result<ContactChange, EngineError> {
        let business_date = self.wake_date(tx)?;
        let keys: Vec<(CustomerId, ContactPointId)> = corrections
            .iter()
            .map(|correction| (correction.new.row.customer, correction.new.row.id))
            .collect();
        let known = customer::known_points(tx, &keys)?;
        let mut points = Vec::with_capacity(corrections.len());
        for correction in corrections {
            let row = &correction.new.row;
            let present = known.get(&row.id).map(|known| known.content_hash);
            if present != Some(correction.content_hash_before) {
                continue;
            }
            self.write_correction(tx, Some(batch), correction, business_date, reason, (author, now))?;
            if row.state == ContactPointState::Active {
                contact_request::count_change(tx, row.customer, business_date, "overwritten")?;
            }
            points.push((row.customer, row.id));
        }
        contact_change::note_batch(tx, batch, now, business_date, author, reason, points.len())?;
        let first = points.first().map(|(customer, _)| *customer);
        self.watch_contact_data(tx, business_date, first, now)?;
        let mut customers: Vec<CustomerId> = points.iter().map(|(customer, _)| *customer).collect();
        customers.sort_unstable();
        customers.dedup();
        for customer in customers {
            let rows = agreement::of_customer(tx, customer)?;
            let keys: Vec<(Part, AgreementId)> = rows.iter().map(|row| (row.part, row.id)).collect();
            agreement::wake(tx, &keys, business_date, false, false)?;
            self.make_good(tx, &rows, business_date)?;
        }
        self.finish_change(tx, "contact_point.correct", batch, &points, reason, now, None)
    }

    /// Writes one correction that a file brought.
    pub(crate) fn write_correction(
        &self,
        tx: &mut Tx<'_>,
        batch: Option<[u8; 16]>,
        correction: &Correction,
        business_date: Date,
        reason: &str,
        (actor, at): (&str, Timestamp),
    ) -> Result<(), EngineError> {
        let row = &correction.new.row;
        let value = (row.clone(), correction.new.content_hash);
        let change = PointChange {
            customer: row.customer,
            point: row.id,
            at,
            business_date,
            actor,
            batch,
            state: row.state,
            corrected: Some(&value),
            reason,
            source: PointSource::Import,
            place: &correction.new.place,
        };
        contact_change::change_point(tx, &self.master, &change)?;
        Ok(())
    }

    /// The rows that the undoing of a batch brings back, where it overwrote a value that nobody has changed since. The
    /// hash of the file's row stays, so that the same file does not do it again.
    pub(crate) fn values_before(
        &self,
        tx: &mut Tx<'_>,
        undone: &[PointUndo],
    ) -> Result<HashMap<ContactPointId, (ContactPointRow, [u8; 16])>, EngineError> {
        let overwritten: Vec<&PointUndo> = undone.iter().filter(|undo| undo.value_before.is_some()).collect();
        let mut owners: Vec<CustomerId> = overwritten.iter().map(|undo| undo.customer).collect();
        owners.sort_unstable();
        owners.dedup();
        let present = customer::opened_points(tx, &self.master, &owners)?;
        let mut present: HashMap<ContactPointId, ContactPointRow> =
            present.into_iter().map(|row| (row.id, row)).collect();
        let keys: Vec<(CustomerId, ContactPointId)> =
            overwritten.iter().map(|undo| (undo.customer, undo.point)).collect();
        let known = customer::known_points(tx, &keys)?;
        let mut values = HashMap::new();
        for undo in overwritten {
            let (Some(row), Some(known), Some(value)) =
                (present.remove(&undo.point), known.get(&undo.point), &undo.value_before)
            else {
                continue;
            };
            values.insert(undo.point, (ContactPointRow { value: value.clone(), ..row }, known.content_hash));
        }
        Ok(values)
    }
}

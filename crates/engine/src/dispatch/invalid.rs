//! Numbers and addresses that a provider says do not exist.
//!
//! What one provider said in the course of a business day is one batch, so that where it was wrong, all of it is undone as
//! one, and those who heard nothing for it are contacted again.

use dunlin_domain::contact::{ContactPointState, PointSource};
use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::id::{ContactPointId, CustomerId, hash_parts};
use dunlin_store::contact_change::{self, PointChange};
use dunlin_store::{StoreError, Tx};

use crate::Engine;

/// Who changes contact points by what providers say.
const ACTOR: &str = "dispatch";

/// Those of one transaction.
pub(super) struct Invalid<'p> {
    provider: &'p str,
    business_date: Date,
    now: Timestamp,
    /// The batch, looked up with the first of them.
    batch: Option<[u8; 16]>,
    count: usize,
}

impl<'p> Invalid<'p> {
    pub fn new(provider: &'p str, business_date: Date, now: Timestamp) -> Self {
        Self { provider, business_date, now, batch: None, count: 0 }
    }

    /// Marks a number or address that the provider does not know any more. One that is out of use stays as it is.
    pub fn add(
        &mut self,
        engine: &Engine,
        tx: &mut Tx<'_>,
        (customer, point): (CustomerId, ContactPointId),
        code: &str,
    ) -> Result<(), StoreError> {
        if contact_change::state_of_point(tx, customer, point)? != Some(ContactPointState::Active) {
            return Ok(());
        }
        let batch = match self.batch {
            Some(batch) => batch,
            None => *self.batch.insert(open_batch(tx, self.provider, self.business_date)?),
        };
        let reason = format!("provider answered {code}");
        let change = PointChange {
            customer,
            point,
            at: self.now,
            business_date: self.business_date,
            actor: ACTOR,
            batch: Some(batch),
            state: ContactPointState::Invalid,
            corrected: None,
            reason: &reason,
            source: PointSource::Receipt,
            place: self.provider,
        };
        contact_change::change_point(tx, &engine.master, &change)?;
        self.count += 1;
        Ok(())
    }

    /// Writes the batch. Last, since the workers of one provider wait for one another here.
    pub fn write(self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let Self { provider, business_date, now, batch, count } = self;
        let Some(batch) = batch else { return Ok(()) };
        let reason = format!("provider {provider} answered that they do not exist");
        contact_change::note_batch(tx, batch, now, business_date, ACTOR, &reason, count)
    }
}

/// The batch of a provider and day. After one was undone the day goes on with the next.
fn open_batch(tx: &mut Tx<'_>, provider: &str, date: Date) -> Result<[u8; 16], StoreError> {
    let mut number = 0;
    while let Some(Some(_)) = contact_change::batch_undone_at(tx, batch_of(provider, date, number))? {
        number += 1;
    }
    Ok(batch_of(provider, date, number))
}

fn batch_of(provider: &str, date: Date, number: u32) -> [u8; 16] {
    hash_parts("invalid", &[provider.as_bytes(), date.to_string().as_bytes(), &number.to_le_bytes()])
}

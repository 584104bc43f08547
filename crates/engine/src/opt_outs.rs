//! Opt-outs that a file brings, or takes back: for many customers at once they wait for a second person like any other large
//! change of contact data, and what was changed is undone as one.
//!
//! What customers say themselves (a reply, a link, a call) is no file and holds at once; no file takes it back.

use std::collections::HashMap;

use dunlin_domain::contact::{Channel, ContactPointState};
use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::id::{AgreementId, CustomerId, Part};
use dunlin_store::opt_out_change::{self, OptOutChange};
use dunlin_store::{Tx, agreement, contact_change, contact_request, customer};

use crate::circumstances::wake_silenced;
use crate::contact_bulk::{BlastRadius, count_agreements};
use crate::contact_data::ContactChange;
use crate::{Engine, EngineError};

impl Engine {
    /// Whom changes of opt-outs touch. Its share is that of all customers, and who cannot be reached by any number or
    /// address in use counts as left without.
    pub(crate) fn opt_out_radius(
        &self,
        tx: &mut Tx<'_>,
        changes: &[OptOutChange],
    ) -> Result<BlastRadius, EngineError> {
        let customers: Vec<CustomerId> = changes.iter().map(|change| change.customer).collect();
        let points = customer::point_views(tx, &customers)?;
        let is_reached = |customer: &CustomerId, closed: &[Channel]| {
            let known = points.get(customer).map_or(&[][..], Vec::as_slice);
            let in_use = known.iter().filter(|point| point.state == ContactPointState::Active);
            let mut channels =
                in_use.flat_map(|point| Channel::ALL.iter().filter(|channel| point.kind.serves(**channel)));
            channels.any(|channel| !closed.contains(channel))
        };
        let is_left_without = |change: &&OptOutChange| {
            is_reached(&change.customer, &change.before) && !is_reached(&change.customer, &change.after)
        };
        let count = |is: &dyn Fn(&&OptOutChange) -> bool| changes.iter().filter(is).count() as u64;
        let mut radius = BlastRadius {
            customers: changes.len() as u64,
            opted_out: count(&|change| change.opts_out()),
            opted_in: count(&|change| change.opts_in()),
            unreachable: count(&is_left_without),
            share_millionths: self.share_of_customers(tx, changes.len() as u64)?.min(1_000_000),
            ..BlastRadius::default()
        };
        count_agreements(tx, &mut radius, &customers)?;
        Ok(radius)
    }

    fn share_of_customers(&self, tx: &mut Tx<'_>, count: u64) -> Result<u64, EngineError> {
        let all = u64::try_from(opt_out_change::count_customers(tx)?).unwrap_or(0).max(1);
        Ok(count.saturating_mul(1_000_000) / all)
    }

    /// Whether changes of opt-outs need a second person, what the same one changed alone today counted with them.
    pub(crate) fn opt_outs_ask_second(
        &self,
        tx: &mut Tx<'_>,
        count: u64,
        alone_today: u64,
    ) -> Result<bool, EngineError> {
        let all = count + alone_today;
        Ok(self.contact_limits.asks_second(all, self.share_of_customers(tx, all)?))
    }

    /// Carries changes out as one batch of the author's. A customer of whom another row came since the file was read stays as
    /// they are.
    pub(crate) fn apply_opt_outs(
        &self,
        tx: &mut Tx<'_>,
        batch: [u8; 16],
        changes: &[OptOutChange],
        reason: &str,
        (author, now): (&str, Timestamp),
    ) -> Result<ContactChange, EngineError> {
        let business_date = self.wake_date(tx)?;
        let customers: Vec<CustomerId> = changes.iter().map(|change| change.customer).collect();
        let known = customer::known(tx, &customers)?;
        let views = customer::views(tx, &customers)?;
        let mut done = Vec::new();
        for change in changes {
            let is_of_this_row =
                known.get(&change.customer).is_some_and(|known| known.content_hash == change.content_hash);
            let is_as_before =
                views.get(&change.customer).is_some_and(|view| view.opted_out == change.before);
            if !is_of_this_row || !is_as_before {
                continue;
            }
            opt_out_change::put(tx, change.customer, &change.after, now)?;
            if change.opts_out() {
                contact_request::count_change(tx, change.customer, business_date, "opted_out")?;
            }
            done.push(change.customer);
        }
        contact_change::note_batch(tx, batch, now, business_date, author, reason, done.len())?;
        self.watch_contact_data(tx, business_date, done.first().copied(), now)?;
        self.finish_opt_outs(tx, "opt_out.file", batch, &done, reason, (now, business_date))
    }

    /// Puts every customer of a batch back as they were, where nothing has changed since. What was silent because of it is
    /// looked at again.
    pub(crate) fn undo_opt_outs(
        &self,
        tx: &mut Tx<'_>,
        batch: [u8; 16],
        changes: &[OptOutChange],
        reason: &str,
        now: Timestamp,
    ) -> Result<ContactChange, EngineError> {
        let business_date = self.wake_date(tx)?;
        let customers: Vec<CustomerId> = changes.iter().map(|change| change.customer).collect();
        let views: HashMap<CustomerId, _> = customer::views(tx, &customers)?;
        let mut undone = Vec::new();
        for change in changes {
            let is_as_after = views.get(&change.customer).is_some_and(|view| view.opted_out == change.after);
            if is_as_after {
                opt_out_change::put(tx, change.customer, &change.before, now)?;
                let rows = agreement::of_customer(tx, change.customer)?;
                wake_silenced(tx, &rows, business_date)?;
                undone.push(change.customer);
            }
        }
        self.finish_opt_outs(tx, "opt_out.restore", batch, &undone, reason, (now, business_date))
    }

    fn finish_opt_outs(
        &self,
        tx: &mut Tx<'_>,
        action: &str,
        batch: [u8; 16],
        customers: &[CustomerId],
        reason: &str,
        (now, business_date): (Timestamp, Date),
    ) -> Result<ContactChange, EngineError> {
        let mut agreements = 0;
        for customer in customers {
            let rows = agreement::of_customer(tx, *customer)?;
            let keys: Vec<(Part, AgreementId)> = rows.iter().map(|row| (row.part, row.id)).collect();
            agreement::wake(tx, &keys, business_date, false, false)?;
            agreements += rows.len();
        }
        let after = format!("opt-outs of {} customers", customers.len());
        let done = ContactChange { opt_outs: customers.len(), agreements, ..ContactChange::done(batch) };
        self.audit_change(tx, action, &done, &after, reason, now)?;
        Ok(done)
    }
}

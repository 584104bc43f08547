//! Opt-outs of a file: what closes a channel holds at once, since nobody may be contacted past it; what opens many again waits
//! for a second person.

use dunlin_domain::id::hash_parts;
use dunlin_store::Tx;
use dunlin_store::opt_out_change::{self, OptOutChange};

use super::{Purpose, Run};
use crate::EngineError;
use crate::contact_bulk::{BlastRadius, SHARE_ASKED_FROM};
use crate::contact_data::batch_text;

/// What a file changes of the channels that customers are opted out of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptOutOutcome {
    /// The batch by which it is undone, or approved where it waits.
    pub batch: String,
    /// `done` or `pending`.
    pub state: &'static str,
    /// Customers who are opted out of a channel.
    pub opted_out: u64,
    /// Customers whose opting out of a channel is taken back.
    pub opted_in: u64,
    /// Whom a large change touches.
    pub radius: Option<BlastRadius>,
}

/// Carries out what was held back; where it opens channels of many customers again, that has to wait for a second person.
pub(super) fn finish(
    tx: &mut Tx<'_>,
    run: &Run<'_>,
    held: &[OptOutChange],
) -> Result<Option<OptOutOutcome>, EngineError> {
    if held.is_empty() {
        return Ok(None);
    }
    let count = held.len() as u64;
    let alone_today = run.engine.changed_alone(tx)?;
    let is_large_enough = count + alone_today > SHARE_ASKED_FROM.min(run.engine.contact_limits.alone_max);
    let (opening, closing): (Vec<OptOutChange>, Vec<OptOutChange>) =
        held.iter().cloned().partition(OptOutChange::opts_in);
    let opened = opening.len() as u64;
    let waits = opened > 0 && is_large_enough && run.engine.opt_outs_ask_second(tx, opened, alone_today)?;
    let told = if waits { opening.as_slice() } else { held };
    let radius = match is_large_enough || run.purpose == Purpose::Preview {
        true => Some(run.engine.opt_out_radius(tx, told)?),
        false => None,
    };
    let batch = batch_of(run, held);
    let outcome = OptOutOutcome {
        batch: batch_text(batch),
        state: if waits { "pending" } else { "done" },
        opted_out: held.iter().filter(|change| change.opts_out()).count() as u64,
        opted_in: opened,
        radius,
    };
    let reason = reason_of(run, &outcome);
    let by = (run.engine.config.actor.as_str(), run.now);
    opt_out_change::insert(tx, batch, told)?;
    if !waits {
        run.engine.apply_opt_outs(tx, batch, told, &reason, by)?;
        return Ok(Some(outcome));
    }
    let radius = outcome.radius.expect("what waits is large, and its radius is told");
    run.engine.ask_contact_change(tx, batch, &[], radius, &reason, run.now)?;
    if !closing.is_empty() {
        let at_once = batch_of(run, &closing);
        opt_out_change::insert(tx, at_once, &closing)?;
        run.engine.apply_opt_outs(tx, at_once, &closing, &reason, by)?;
    }
    Ok(Some(outcome))
}

fn batch_of(run: &Run<'_>, changes: &[OptOutChange]) -> [u8; 16] {
    let mut rows: Vec<[u8; 16]> = changes.iter().map(|change| change.content_hash).collect();
    rows.sort_unstable();
    let now = run.now.micros().to_le_bytes();
    let mut parts: Vec<&[u8]> = rows.iter().map(<[u8; 16]>::as_slice).collect();
    parts.push(&now);
    hash_parts("opt_outs", &parts)
}

fn reason_of(run: &Run<'_>, outcome: &OptOutOutcome) -> String {
    let OptOutOutcome { opted_out, opted_in, .. } = outcome;
    let file = run.file.split(' ').next().unwrap_or_default();
    let folder = run.folder.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    format!("import of {folder}/{file}: {opted_out} opted out of a channel, {opted_in} opted in again")
}

//! Opt-outs of a file: few are carried out at once, many wait for a second person.

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

/// Carries out what was held back, or has it wait for a second person when it is large.
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
    let radius = match is_large_enough || run.purpose == Purpose::Preview {
        true => Some(run.engine.opt_out_radius(tx, held)?),
        false => None,
    };
    let mut rows: Vec<[u8; 16]> = held.iter().map(|change| change.content_hash).collect();
    rows.sort_unstable();
    let now = run.now.micros().to_le_bytes();
    let mut parts: Vec<&[u8]> = rows.iter().map(<[u8; 16]>::as_slice).collect();
    parts.push(&now);
    let batch = hash_parts("opt_outs", &parts);
    let mut outcome = OptOutOutcome {
        batch: batch_text(batch),
        state: "done",
        opted_out: held.iter().filter(|change| change.opts_out()).count() as u64,
        opted_in: held.iter().filter(|change| change.opts_in()).count() as u64,
        radius,
    };
    opt_out_change::insert(tx, batch, held)?;
    let reason = reason_of(run, &outcome);
    match radius {
        Some(radius) if run.engine.opt_outs_ask_second(tx, count, alone_today)? => {
            outcome.state = "pending";
            run.engine.ask_contact_change(tx, batch, &[], radius, &reason, run.now)?;
        }
        Some(_) | None => {
            let by = (run.engine.config.actor.as_str(), run.now);
            run.engine.apply_opt_outs(tx, batch, held, &reason, by)?;
        }
    }
    Ok(Some(outcome))
}

fn reason_of(run: &Run<'_>, outcome: &OptOutOutcome) -> String {
    let OptOutOutcome { opted_out, opted_in, .. } = outcome;
    let file = run.file.split(' ').next().unwrap_or_default();
    let folder = run.folder.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    format!("import of {folder}/{file}: {opted_out} opted out of a channel, {opted_in} opted in again")
}

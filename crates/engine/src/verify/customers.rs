//! Customers: their rows can be read, their keys open, and their zones are known.

use dunlin_domain::id::CustomerId;
use dunlin_store::customer::{self, OpenedCustomers};
use dunlin_store::{StoreError, Tx};

use super::findings::Findings;
use super::part::PartRows;
use crate::{Engine, EngineError, zone_of};

/// Customers that are opened at once.
const CHUNK_COUNT: usize = 500;

/// Opens every customer of a part. What is found in it is not looked at, but for the zone.
pub(super) fn check(
    tx: &mut Tx<'_>,
    engine: &Engine,
    rows: &PartRows,
    findings: &mut Findings,
) -> Result<(), EngineError> {
    let mut ids: Vec<CustomerId> = rows.customers.iter().copied().collect();
    ids.sort_unstable();
    for chunk in ids.chunks(CHUNK_COUNT) {
        match opened(tx, engine, chunk)? {
            Ok(opened) => zones(&opened, findings),
            // Something of them does not open: one after the other says of whom.
            Err(_) => {
                for id in chunk {
                    match opened(tx, engine, &[*id])? {
                        Ok(opened) => zones(&opened, findings),
                        Err(error) => findings.add(|| format!("customer {id}: {error}")),
                    }
                }
            }
        }
    }
    Ok(())
}

/// The customers, or what is wrong with the data of one of them.
fn opened(
    tx: &mut Tx<'_>,
    engine: &Engine,
    ids: &[CustomerId],
) -> Result<Result<OpenedCustomers, StoreError>, StoreError> {
    match customer::opened_with_points(tx, &engine.master, ids) {
        Err(error @ (StoreError::Data { .. } | StoreError::Cipher(_))) => Ok(Err(error)),
        Err(error) => Err(error),
        Ok(opened) => Ok(Ok(opened)),
    }
}

fn zones(opened: &OpenedCustomers, findings: &mut Findings) {
    let mut views: Vec<_> = opened.views.values().collect();
    views.sort_unstable_by_key(|view| view.id);
    for view in views {
        if let Err(error) = zone_of(&view.zone) {
            findings.add(|| format!("customer {}: {error}", view.id));
        }
    }
}

//! Keys: every id is hashed from its cause and lies in the part that it must, and whatever a row names exists.

use std::collections::HashSet;

use dunlin_domain::id::{AgreementId, Part};
use dunlin_store::{Tx, agreement, check as store_check};

use super::findings::Findings;
use super::part::PartRows;
use crate::EngineError;

/// Agreements that are looked up in other parts at once.
const LOOK_UP_COUNT: usize = 5_000;

/// Checks the ids of one part.
pub(super) fn check(
    tx: &mut Tx<'_>,
    part: Part,
    rows: &PartRows,
    findings: &mut Findings,
) -> Result<(), EngineError> {
    for row in &rows.agreements {
        let id = row.id;
        findings.require(id == AgreementId::of_external(&row.external_id), || {
            format!("agreement {id} has the lender's id {:?}, which gives another id", row.external_id)
        });
        findings.require(row.customer.part() == part, || {
            format!(
                "agreement {id} lies in part {}, its customer in {}",
                part.number(),
                row.customer.part().number()
            )
        });
        findings.require(rows.customers.contains(&row.customer), || {
            format!("agreement {id} is of customer {}, who does not exist", row.customer)
        });
    }
    let mut misplaced: Vec<_> = rows.customers.iter().filter(|customer| customer.part() != part).collect();
    misplaced.sort_unstable();
    for customer in misplaced {
        findings.add(|| {
            format!(
                "customer {customer} lies in part {}, its id in {}",
                part.number(),
                customer.part().number()
            )
        });
    }
    let mut ownerless: Vec<_> =
        rows.points.iter().filter(|(_, owner)| !rows.customers.contains(owner)).collect();
    ownerless.sort_unstable();
    for (point, owner) in ownerless {
        findings.add(|| format!("contact point {point} is of customer {owner}, who does not exist"));
    }
    check_messages(part, rows, findings);
    check_directory(tx, part, rows, findings)
}

fn check_messages(part: Part, rows: &PartRows, findings: &mut Findings) {
    let known: HashSet<AgreementId> = rows.agreements.iter().map(|row| row.id).collect();
    let mut strays: Vec<AgreementId> =
        rows.verdicts.keys().filter(|id| !known.contains(id)).copied().collect();
    strays.sort_unstable();
    for stray in strays {
        findings.add(|| format!("there are verdicts on agreement {stray}, which does not exist"));
    }
    let mut messages: Vec<_> = rows.messages.values().collect();
    messages.sort_unstable_by_key(|message| message.id);
    for message in messages {
        let id = message.id;
        findings.require(id.part() == Some(part), || {
            format!("message {id} lies in part {}, which its id does not name", part.number())
        });
        findings.require(known.contains(&message.agreement), || {
            format!("message {id} is about agreement {}, which does not exist", message.agreement)
        });
        findings.require(rows.customers.contains(&message.customer), || {
            format!("message {id} goes to customer {}, who does not exist", message.customer)
        });
        let owner = message.contact_point.map(|point| rows.points.get(&point));
        findings.require(owner.is_none_or(|owner| owner == Some(&message.customer)), || {
            format!("message {id} goes to a contact point that its customer does not have")
        });
    }
}

/// The directory of agreements names every agreement once, and nothing else.
fn check_directory(
    tx: &mut Tx<'_>,
    part: Part,
    rows: &PartRows,
    findings: &mut Findings,
) -> Result<(), EngineError> {
    for chunk in rows.agreements.chunks(LOOK_UP_COUNT) {
        let ids: Vec<AgreementId> = chunk.iter().map(|row| row.id).collect();
        let borrowers = agreement::borrowers_of(tx, &ids)?;
        for row in chunk {
            let named = borrowers.get(&row.id);
            findings.require(named == Some(&row.customer), || {
                let named = named.map_or_else(|| "nobody".to_owned(), ToString::to_string);
                format!("agreement {} is of customer {}, the directory names {named}", row.id, row.customer)
            });
        }
    }
    for chunk in store_check::directory_of_part(tx, part)?.chunks(LOOK_UP_COUNT) {
        let keys: Vec<(Part, AgreementId)> =
            chunk.iter().map(|(id, customer)| (customer.part(), *id)).collect();
        let existing = store_check::existing_agreements(tx, &keys)?;
        for (id, customer) in chunk {
            findings.require(existing.contains(id), || {
                format!("the directory names agreement {id} of customer {customer}, which does not exist")
            });
            findings.require(Part::of(&id.0) == part, || {
                format!(
                    "the directory has agreement {id} in part {}, where nobody looks for it",
                    part.number()
                )
            });
        }
    }
    Ok(())
}

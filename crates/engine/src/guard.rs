//! What the guard asks about a person, loaded: entries, calls and last contacts, and the packs that apply.

use std::collections::HashMap;

use dunlin_domain::circumstance::{Circumstance, Known, proof_content};
use dunlin_domain::compliance::{CallEvent, CallEventKind, CallRole, ContactRules, PlacedOutcome, applying};
use dunlin_domain::date::Date;
use dunlin_domain::id::{AgreementId, CircumstanceId, CustomerId, MessageId, Part};
use dunlin_store::call::{self, CallRow, CallWay};
use dunlin_store::customer::{self, CustomerView};
use dunlin_store::{StoreError, Tx, circumstance, contact_proof, person};

use crate::EngineError;

/// Whether a pack asks when an agreement was last contacted about; seldom, so it is only then looked up.
pub(crate) fn asks_last_contact(packs: &[&ContactRules]) -> bool {
    packs.iter().any(|rules| rules.interval_days.is_enabled)
}

/// What is known of each customer. `not_of` are messages whose own calls do not count: they are asked about again.
pub(crate) fn known(
    tx: &mut Tx<'_>,
    views: &HashMap<CustomerId, CustomerView>,
    not_of: &[MessageId],
) -> Result<HashMap<CustomerId, Known>, StoreError> {
    let mut ids: Vec<CustomerId> = views.keys().copied().collect();
    ids.sort_unstable();
    let persons = person::of_customers(tx, &ids)?;
    let mut all: Vec<CustomerId> =
        persons.values().flat_map(|person| person.members.iter().copied()).collect();
    all.extend(&ids);
    all.sort_unstable();
    all.dedup();
    let others: Vec<CustomerId> = all.iter().copied().filter(|id| !views.contains_key(id)).collect();
    let others = customer::views(tx, &others)?;
    let mut entries = circumstance::of_customers(tx, &all)?;
    let mut calls = call::of_customers(tx, &all)?;
    let is_asked = |call: &CallRow| call.message.is_some_and(|message| not_of.contains(&message));
    let mut known = HashMap::with_capacity(views.len());
    for view in views.values() {
        let person = persons.get(&view.id);
        let mut own = Known { person: person.map(|person| person.id), ..Known::default() };
        for member in person.map_or(std::slice::from_ref(&view.id), |person| &person.members) {
            // What several are asked about together is read for each of them.
            let (rows, placed) = match person {
                Some(_) => (entries.get(member).cloned(), calls.get(member).cloned()),
                None => (entries.remove(member), calls.remove(member)),
            };
            own.entries.extend(rows.unwrap_or_default().into_iter().map(|row| row.entry));
            let counted = placed.unwrap_or_default();
            let counted = counted.iter().filter(|call| !is_asked(call)).filter_map(event_of);
            own.calls
                .extend(counted.map(|event| CallEvent { person: own.person.unwrap_or(*member), ..event }));
            if let Some(file) = views.get(member).or_else(|| others.get(member)) {
                own.imported_opt_outs.extend(&file.opted_out);
                own.imported_at = own.imported_at.max(Some(file.imported_at));
            }
        }
        if person.is_some() {
            own.entries.sort_by_key(|entry| (entry.recorded_at, entry.id));
            own.calls.sort_by_key(|event| event.on);
        }
        known.insert(view.id, own);
    }
    Ok(known)
}

/// The same with what proves their numbers and, where a pack asks for it, when they were last contacted about `agreements`.
pub(crate) fn known_in_full(
    tx: &mut Tx<'_>,
    packs: &[&ContactRules],
    views: &HashMap<CustomerId, CustomerView>,
    agreements: impl Iterator<Item = (CustomerId, AgreementId)>,
    not_of: &[MessageId],
) -> Result<HashMap<CustomerId, Known>, EngineError> {
    let mut known = known(tx, views, not_of)?;
    add_proofs(tx, &mut known, packs)?;
    if asks_last_contact(packs) {
        let mut zones = HashMap::new();
        for view in views.values() {
            zones.insert(view.id, crate::zone_of(&view.zone)?);
        }
        let mut agreements: Vec<_> = agreements.collect();
        agreements.sort_unstable();
        agreements.dedup();
        add_last_contacts(tx, &mut known, &agreements, not_of, &zones)?;
    }
    Ok(known)
}

/// Adds what proves that numbers are the customers', where a pack asks for it.
pub(crate) fn add_proofs(
    tx: &mut Tx<'_>,
    known: &mut HashMap<CustomerId, Known>,
    packs: &[&ContactRules],
) -> Result<(), StoreError> {
    if !packs.iter().any(|rules| rules.number_proof_days.is_enabled) {
        return Ok(());
    }
    let mut ids: Vec<CustomerId> = known.keys().copied().collect();
    ids.sort_unstable();
    for proof in contact_proof::current_of(tx, &ids)? {
        let (Some(known), Some(content)) = (known.get_mut(&proof.customer), proof_content(proof.how)) else {
            continue;
        };
        known.entries.push(Circumstance {
            id: CircumstanceId(proof.id),
            customer: proof.customer,
            agreement: None,
            contact_point: Some(proof.point),
            content,
            from: proof.verified_on,
            through: None,
            ended_on: None,
            recorded_at: proof.recorded_at,
        });
    }
    Ok(())
}

/// The event that the rules of frequency know a call as; none for a call that was never placed.
pub(crate) fn event_of(call: &CallRow) -> Option<CallEvent> {
    let kind = match call.way {
        CallWay::Placed(PlacedOutcome::NotPlaced) => return None,
        CallWay::Placed(outcome) => CallEventKind::Placed(outcome),
        CallWay::Received { is_conversation } => CallEventKind::Received { is_conversation },
    };
    let (person, debts) = (call.customer, call.agreements.clone());
    Some(CallEvent { on: call.on, kind, person, role: CallRole::Consumer, debts })
}

/// Adds the days of the last contacts about agreements, by each person's calendar.
pub(crate) fn add_last_contacts(
    tx: &mut Tx<'_>,
    known: &mut HashMap<CustomerId, Known>,
    agreements: &[(CustomerId, AgreementId)],
    not_of: &[MessageId],
    zones: &HashMap<CustomerId, jiff::tz::TimeZone>,
) -> Result<(), StoreError> {
    let keys: Vec<(Part, AgreementId)> =
        agreements.iter().map(|(customer, agreement)| (customer.part(), *agreement)).collect();
    let last = call::last_contacts(tx, &keys, not_of)?;
    for (customer, agreement) in agreements {
        let (Some(known), Some(zone)) = (known.get_mut(customer), zones.get(customer)) else { continue };
        if let Some((at, _)) = last.get(agreement) {
            known.last_contacts.push((*agreement, at.date_in(zone)));
        }
    }
    Ok(())
}

/// The packs that apply to contact with a customer about an agreement of `product`.
pub(crate) fn packs_for<'r>(
    packs: &[&'r ContactRules],
    known: &Known,
    product: &str,
    zone_name: &str,
    day: Date,
) -> Vec<&'r ContactRules> {
    applying(packs.iter().copied(), product, known.place(day), zone_name)
}

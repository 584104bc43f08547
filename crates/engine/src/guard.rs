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

/// Whether a pack that may apply to the person asks which messages about an agreement went out before; seldom, so they are
/// only then looked up.
fn asks_past_messages(packs: &[&ContactRules], known: &Known, zone: &str) -> bool {
    let counts_texts =
        |rules: &ContactRules| rules.call_frequency.enabled().is_some_and(|rule| rule.counts_texts);
    let asks = |rules: &ContactRules| rules.interval_days.is_enabled || counts_texts(rules);
    packs.iter().any(|rules| asks(rules) && rules.applies_to.may_reach(known.places(), zone))
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

/// The same with what proves their numbers and, where a pack asks for it, which messages about `agreements` went out before.
pub(crate) fn known_in_full(
    tx: &mut Tx<'_>,
    packs: &[&ContactRules],
    views: &HashMap<CustomerId, CustomerView>,
    agreements: impl Iterator<Item = (CustomerId, AgreementId)>,
    not_of: &[MessageId],
) -> Result<HashMap<CustomerId, Known>, EngineError> {
    let mut known = known(tx, views, not_of)?;
    add_proofs(tx, &mut known, packs)?;
    add_past_messages(tx, &mut known, (packs, views), agreements, not_of)?;
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

/// Adds the days of the last contacts and of all texts about agreements, by each person's calendar, where a pack asks for them.
pub(crate) fn add_past_messages(
    tx: &mut Tx<'_>,
    known: &mut HashMap<CustomerId, Known>,
    (packs, views): (&[&ContactRules], &HashMap<CustomerId, CustomerView>),
    agreements: impl Iterator<Item = (CustomerId, AgreementId)>,
    not_of: &[MessageId],
) -> Result<(), EngineError> {
    let mut zones = HashMap::new();
    for (id, known) in known.iter() {
        if let Some(view) = views.get(id).filter(|view| asks_past_messages(packs, known, &view.zone)) {
            zones.insert(*id, crate::zone_of(&view.zone)?);
        }
    }
    let mut agreements: Vec<_> = agreements.filter(|(customer, _)| zones.contains_key(customer)).collect();
    if agreements.is_empty() {
        return Ok(());
    }
    agreements.sort_unstable();
    agreements.dedup();
    let keys: Vec<(Part, AgreementId)> =
        agreements.iter().map(|(customer, agreement)| (customer.part(), *agreement)).collect();
    let past = call::past_messages(tx, &keys, not_of)?;
    for (customer, agreement) in &agreements {
        let (Some(known), Some(zone)) = (known.get_mut(customer), zones.get(customer)) else { continue };
        let Some(past) = past.get(agreement) else { continue };
        known.last_contacts.extend(past.last.map(|at| (*agreement, at.date_in(zone))));
        let person = known.person.unwrap_or(*customer);
        known.calls.extend(past.texts.iter().map(|at| text_of(person, *agreement, at.date_in(zone))));
        known.calls.sort_by_key(|event| event.on);
    }
    Ok(())
}

/// A text about an agreement, as rules that count texts with calls know it.
pub(crate) fn text_of(person: CustomerId, agreement: AgreementId, on: Date) -> CallEvent {
    let (kind, role) = (CallEventKind::Texted, CallRole::Consumer);
    CallEvent { on, kind, person, role, debts: vec![agreement] }
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

//! Purchases, obligations, payments and refunds: rows that become facts.

use dunlin_domain::wording;
use std::collections::{BTreeSet, HashMap};

use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::fact::{Fact, FactDetail, FactError, FactKind};
use dunlin_domain::id::{AgreementId, CustomerId, FactId, Part};
use dunlin_domain::money::{Currency, Money};
use dunlin_domain::terms::Component;
use dunlin_store::Tx;
use dunlin_store::agreement::{self, KnownAgreement, NewFact, StoredFact};

use super::{ChunkOutcome, Meeting, Numbered, Run, clash_reason, clash_remedy};
use crate::EngineError;
use crate::policies::Policies;
use crate::portfolio::{
    DecimalAmount, ObligationRow, PaymentMovement, PaymentRow, PortfolioRow, PurchaseRow, RefundRow,
};

/// A row as a fact, with what is checked about it.
struct Draft {
    agreement: String,
    reference: String,
    kind: FactKind,
    value_on: Date,
    date_column: &'static str,
    id_column: &'static str,
    amount: Option<DecimalAmount>,
    currency: Option<Currency>,
    instalment_count: u32,
    component: Component,
    due_on: Option<Date>,
    /// The lender's id of the row that this one acts on, with its kind and the column that names it.
    target: Option<(FactKind, String, &'static str)>,
    note: String,
    content_hash: [u8; 16],
}

pub(super) fn purchases(
    tx: &mut Tx<'_>,
    run: &Run<'_>,
    policies: &Policies,
    chunk: &[Numbered<PurchaseRow>],
) -> Result<ChunkOutcome, EngineError> {
    let draft = |row: &PurchaseRow| Draft {
        agreement: row.agreement_id.clone(),
        reference: row.purchase_id.clone(),
        kind: FactKind::Purchase,
        value_on: row.purchased_on,
        date_column: "purchased_on",
        id_column: "purchase_id",
        amount: Some(row.amount),
        currency: row.currency,
        instalment_count: row.instalment_count,
        component: Component::Principal,
        due_on: None,
        target: None,
        note: row.merchant.clone().unwrap_or_default(),
        content_hash: row.content_hash(),
    };
    take(tx, run, Some(policies), chunk.iter().map(|(_, row)| draft(row)).collect())
}

pub(super) fn obligations(
    tx: &mut Tx<'_>,
    run: &Run<'_>,
    chunk: &[Numbered<ObligationRow>],
) -> Result<ChunkOutcome, EngineError> {
    let draft = |row: &ObligationRow| Draft {
        agreement: row.agreement_id.clone(),
        reference: row.obligation_id.clone(),
        kind: FactKind::Obligation,
        // What a lender lists is owed from the day the agreement was opened; see `fact_of`.
        value_on: row.due_on,
        date_column: "due_on",
        id_column: "obligation_id",
        amount: Some(row.amount),
        currency: row.currency,
        instalment_count: 0,
        component: row.component,
        due_on: Some(row.due_on),
        target: None,
        note: String::new(),
        content_hash: row.content_hash(),
    };
    take(tx, run, None, chunk.iter().map(|(_, row)| draft(row)).collect())
}

pub(super) fn payments(
    tx: &mut Tx<'_>,
    run: &Run<'_>,
    chunk: &[Numbered<PaymentRow>],
) -> Result<ChunkOutcome, EngineError> {
    let draft = |row: &PaymentRow| {
        let (kind, amount, target) = match &row.movement {
            PaymentMovement::Received { amount } => (FactKind::Payment, Some(*amount), None),
            PaymentMovement::Undone { reverses, amount } => {
                (FactKind::Reversal, *amount, Some((FactKind::Payment, reverses.clone(), "reverses")))
            }
        };
        Draft {
            agreement: row.agreement_id.clone(),
            reference: row.payment_id.clone(),
            kind,
            value_on: row.paid_on,
            date_column: "paid_on",
            id_column: "payment_id",
            amount,
            currency: row.currency,
            instalment_count: 0,
            component: Component::Principal,
            due_on: None,
            target,
            note: String::new(),
            content_hash: row.content_hash(),
        }
    };
    // A reversal may stand right behind its payment, so payments go in before reversals are looked at.
    let mut received = Vec::new();
    let mut undone = Vec::new();
    for (index, (_, row)) in chunk.iter().enumerate() {
        let list = if matches!(row.movement, PaymentMovement::Received { .. }) {
            &mut received
        } else {
            &mut undone
        };
        list.push((index, draft(row)));
    }
    let mut outcome = ChunkOutcome::default();
    for list in [received, undone] {
        let (indices, drafts): (Vec<usize>, Vec<Draft>) = list.into_iter().unzip();
        let part = take(tx, run, None, drafts)?;
        outcome.added += part.added;
        outcome.changed += part.changed;
        outcome.unchanged += part.unchanged;
        outcome
            .rejected
            .extend(part.rejected.into_iter().map(|(index, rejection)| (indices[index], rejection)));
    }
    Ok(outcome)
}

pub(super) fn refunds(
    tx: &mut Tx<'_>,
    run: &Run<'_>,
    chunk: &[Numbered<RefundRow>],
) -> Result<ChunkOutcome, EngineError> {
    let draft = |row: &RefundRow| Draft {
        agreement: row.agreement_id.clone(),
        reference: row.refund_id.clone(),
        kind: FactKind::Refund,
        value_on: row.refunded_on,
        date_column: "refunded_on",
        id_column: "refund_id",
        amount: Some(row.amount),
        currency: row.currency,
        instalment_count: 0,
        component: Component::Principal,
        due_on: None,
        target: Some((FactKind::Purchase, row.purchase_id.clone(), "purchase_id")),
        note: String::new(),
        content_hash: row.content_hash(),
    };
    take(tx, run, None, chunk.iter().map(|(_, row)| draft(row)).collect())
}

/// The id of a lender's row as a fact; `version` counts its corrections.
pub(crate) fn fact_id(agreement: AgreementId, kind: FactKind, reference: &str, version: u32) -> FactId {
    let parts: [&[u8]; 4] =
        [&agreement.0, kind.code().as_bytes(), reference.as_bytes(), &version.to_le_bytes()];
    FactId(dunlin_domain::id::hash_parts("fct", &parts))
}

fn take(
    tx: &mut Tx<'_>,
    run: &Run<'_>,
    policies: Option<&Policies>,
    drafts: Vec<Draft>,
) -> Result<ChunkOutcome, EngineError> {
    let mut outcome = ChunkOutcome::default();
    let known_agreements = agreements_of(tx, &drafts)?;
    let ids: Vec<AgreementId> =
        drafts.iter().map(|draft| AgreementId::of_external(&draft.agreement)).collect();
    let fact_ids: Vec<FactId> =
        drafts.iter().zip(&ids).map(|(draft, id)| fact_id(*id, draft.kind, &draft.reference, 0)).collect();
    let keys: Vec<(Part, AgreementId, FactId)> = ids
        .iter()
        .zip(&fact_ids)
        .filter_map(|(id, fact)| known_agreements.get(id).map(|known| (known.part, *id, *fact)))
        .collect();
    let known_facts = agreement::fact_hashes(tx, &keys)?;
    let corrected = corrected_before(tx, &keys, &known_facts)?;
    let histories =
        histories(tx, &drafts, &ids, &fact_ids, &known_agreements, &known_facts, &corrected, run)?;
    let mut new: Vec<(Part, AgreementId, Fact, String, [u8; 16])> = Vec::new();
    let mut seen: HashMap<FactId, [u8; 16]> = HashMap::new();
    let mut undone_now: BTreeSet<FactId> = BTreeSet::new();
    for (index, draft) in drafts.iter().enumerate() {
        let Some(known) = known_agreements.get(&ids[index]) else {
            let reason = wording!("没有合约“{}”", "agreement {:?} is unknown", draft.agreement);
            outcome.reject(
                index,
                "agreement_id",
                reason,
                wording!("请先在 agreements 中加入该合约", "add the agreement to agreements first"),
            );
            continue;
        };
        let none = Vec::new();
        let history = histories.get(&ids[index]).unwrap_or(&none);
        let fact = match fact_of(run, policies, draft, ids[index], known, history, &undone_now) {
            Ok(fact) => fact,
            Err((column, error)) => {
                outcome.reject(
                    index,
                    column,
                    error.wording(),
                    wording!("请改正该行（{}）", "correct the row ({})", error.code()),
                );
                continue;
            }
        };
        let meeting = match (seen.get(&fact_ids[index]), known_facts.get(&fact_ids[index])) {
            (Some(earlier), _) => Some(Meeting::of(*earlier, run.now, draft.content_hash, run.now)),
            // Only its latest version tells whether a row that was corrected before is new.
            (None, Some(_)) if corrected.contains(&fact_ids[index]) => Some(Meeting::Correction),
            (None, Some((hash, at))) => Some(Meeting::of(*hash, *at, draft.content_hash, run.now)),
            (None, None) => None,
        };
        let mut add =
            |fact: Fact, hash: [u8; 16]| new.push((known.part, ids[index], fact, draft.note.clone(), hash));
        match meeting {
            None => {
                undone_now.extend(fact.target.filter(|_| draft.kind == FactKind::Reversal));
                add(fact, draft.content_hash);
                outcome.added += 1;
            }
            Some(Meeting::Same) => outcome.unchanged += 1,
            Some(Meeting::Clash) => outcome.reject(index, draft.id_column, clash_reason(), clash_remedy()),
            Some(Meeting::Correction) => {
                let latest = latest_version(history, ids[index], draft.kind, &draft.reference);
                match latest {
                    Some((version, current)) if current.content_hash != draft.content_hash => {
                        let id = fact_id(ids[index], draft.kind, &draft.reference, version + 1);
                        for (follower, hash) in
                            followers(history, ids[index], current.fact.id, id, fact.learned_at)
                        {
                            add(follower, hash);
                        }
                        add(withdrawal(&fact, current), draft.content_hash);
                        add(Fact { id, ..fact }, draft.content_hash);
                        outcome.changed += 1;
                    }
                    Some(_) | None => outcome.unchanged += 1,
                }
            }
        }
        seen.entry(fact_ids[index]).or_insert(draft.content_hash);
    }
    write(tx, run, &new, &known_agreements)?;
    Ok(outcome)
}

fn write(
    tx: &mut Tx<'_>,
    run: &Run<'_>,
    new: &[(Part, AgreementId, Fact, String, [u8; 16])],
    known: &HashMap<AgreementId, KnownAgreement>,
) -> Result<(), EngineError> {
    let facts: Vec<NewFact<'_>> = new
        .iter()
        .map(|(part, agreement, fact, note, content_hash)| NewFact {
            part: *part,
            agreement: *agreement,
            fact,
            note,
            content_hash: *content_hash,
            imported_at: run.now,
        })
        .collect();
    agreement::insert_facts(tx, &facts)?;
    // Agreements of this same import are due from their first day anyway.
    let is_older = |id: &AgreementId| known.get(id).is_some_and(|known| known.imported_at != run.now);
    let mut touched: Vec<(Part, AgreementId)> =
        new.iter().filter(|(_, id, ..)| is_older(id)).map(|(part, id, ..)| (*part, *id)).collect();
    touched.sort_unstable();
    touched.dedup();
    agreement::wake(tx, &touched, run.wake_on, true, false)?;
    Ok(())
}

fn agreements_of(
    tx: &mut Tx<'_>,
    drafts: &[Draft],
) -> Result<HashMap<AgreementId, KnownAgreement>, EngineError> {
    let mut ids: Vec<AgreementId> =
        drafts.iter().map(|draft| AgreementId::of_external(&draft.agreement)).collect();
    ids.sort_unstable();
    ids.dedup();
    let borrowers: HashMap<AgreementId, CustomerId> = agreement::borrowers_of(tx, &ids)?;
    let keys: Vec<(Part, AgreementId)> =
        borrowers.iter().map(|(id, customer)| (customer.part(), *id)).collect();
    Ok(agreement::known(tx, &keys)?)
}

/// All facts of the agreements where they are needed: for rows that act on others, and for corrections.
fn histories(
    tx: &mut Tx<'_>,
    drafts: &[Draft],
    ids: &[AgreementId],
    fact_ids: &[FactId],
    agreements: &HashMap<AgreementId, KnownAgreement>,
    known_facts: &HashMap<FactId, ([u8; 16], Timestamp)>,
    corrected: &BTreeSet<FactId>,
    run: &Run<'_>,
) -> Result<HashMap<AgreementId, Vec<StoredFact>>, EngineError> {
    let is_corrected = |index: usize| {
        let fact = &fact_ids[index];
        let differs =
            |(hash, at): &([u8; 16], Timestamp)| *hash != drafts[index].content_hash && *at != run.now;
        corrected.contains(fact) || known_facts.get(fact).is_some_and(differs)
    };
    let mut keys: Vec<(Part, AgreementId, Currency)> = Vec::new();
    for (index, draft) in drafts.iter().enumerate() {
        if let Some(known) = agreements.get(&ids[index])
            && (draft.target.is_some() || is_corrected(index))
        {
            keys.push((known.part, ids[index], known.currency));
        }
    }
    keys.sort_unstable();
    keys.dedup();
    Ok(agreement::facts_of(tx, &keys)?)
}

/// The facts that were withdrawn.
fn withdrawn(history: &[StoredFact]) -> BTreeSet<FactId> {
    let withdrawals = history.iter().filter(|stored| stored.fact.kind == FactKind::Withdrawal);
    withdrawals.filter_map(|stored| stored.fact.target).collect()
}

/// The version of a lender's row that stands, and its number.
fn latest_version<'h>(
    history: &'h [StoredFact],
    agreement: AgreementId,
    kind: FactKind,
    reference: &str,
) -> Option<(u32, &'h StoredFact)> {
    let mut latest = None;
    for version in 0.. {
        let id = fact_id(agreement, kind, reference, version);
        match history.iter().find(|stored| stored.fact.id == id) {
            Some(stored) => latest = Some((version, stored)),
            None => break,
        }
    }
    latest
}

/// Reversals and refunds that act on a fact follow it to its new version: each is withdrawn and added anew.
fn followers(
    history: &[StoredFact],
    agreement: AgreementId,
    from: FactId,
    to: FactId,
    learned_at: Timestamp,
) -> Vec<(Fact, [u8; 16])> {
    let withdrawn = withdrawn(history);
    let acts = |stored: &&StoredFact| {
        matches!(stored.fact.kind, FactKind::Reversal | FactKind::Refund)
            && stored.fact.target == Some(from)
            && !withdrawn.contains(&stored.fact.id)
    };
    let mut added = Vec::new();
    for stored in history.iter().filter(acts) {
        let (kind, reference) = (stored.fact.kind, &stored.fact.reference);
        let version = latest_version(history, agreement, kind, reference).map_or(0, |(version, _)| version);
        let id = fact_id(agreement, kind, reference, version + 1);
        let moved = Fact { id, target: Some(to), learned_at, ..stored.fact.clone() };
        added.push((withdrawal(&moved, stored), stored.content_hash));
        added.push((moved, stored.content_hash));
    }
    added
}

fn withdrawal_id(of: FactId) -> FactId {
    FactId(dunlin_domain::id::hash_parts("withdrawal", &[&of.0]))
}

/// Which of the known facts an earlier import corrected.
fn corrected_before(
    tx: &mut Tx<'_>,
    keys: &[(Part, AgreementId, FactId)],
    known: &HashMap<FactId, ([u8; 16], Timestamp)>,
) -> Result<BTreeSet<FactId>, EngineError> {
    let there: Vec<_> = keys.iter().filter(|(_, _, fact)| known.contains_key(fact)).collect();
    let withdrawals: Vec<(Part, AgreementId, FactId)> =
        there.iter().map(|(part, agreement, fact)| (*part, *agreement, withdrawal_id(*fact))).collect();
    let found = agreement::fact_hashes(tx, &withdrawals)?;
    let is_withdrawn = |fact: &FactId| found.contains_key(&withdrawal_id(*fact));
    Ok(there.into_iter().map(|(_, _, fact)| *fact).filter(is_withdrawn).collect())
}

fn withdrawal(by: &Fact, of: &StoredFact) -> Fact {
    Fact {
        id: withdrawal_id(of.fact.id),
        kind: FactKind::Withdrawal,
        value_on: of.fact.value_on,
        amount: Money::zero(of.fact.amount.currency()),
        target: Some(of.fact.id),
        instalment_count: 0,
        due_on: None,
        reference: of.fact.reference.clone(),
        component: Component::Principal,
        learned_at: by.learned_at,
        detail: FactDetail::default(),
    }
}

/// The fact that a row means, or the column that is wrong and why.
fn fact_of(
    run: &Run<'_>,
    policies: Option<&Policies>,
    draft: &Draft,
    agreement: AgreementId,
    known: &KnownAgreement,
    history: &[StoredFact],
    undone_now: &BTreeSet<FactId>,
) -> Result<Fact, (&'static str, FactError)> {
    let currency = known.currency;
    if let Some(given) = draft.currency.filter(|given| *given != currency) {
        let amount = Money::zero(given);
        return Err((
            "currency",
            FactError::CurrencyMismatch { amount, expected: currency.code().to_owned() },
        ));
    }
    let amount = match &draft.amount {
        Some(amount) => amount.to_money(currency).map_err(|error| ("amount", FactError::Amount(error)))?,
        None => Money::zero(currency),
    };
    if draft.value_on < known.opened_on {
        let (value_on, opened_on) = (draft.value_on, known.opened_on);
        return Err((draft.date_column, FactError::BeforeAgreement { value_on, opened_on }));
    }
    // Obligations are due in the future by nature; everything else has happened.
    if draft.kind != FactKind::Obligation && draft.value_on > run.today {
        return Err((draft.date_column, FactError::InFuture { value_on: draft.value_on, latest: run.today }));
    }
    if draft.kind != FactKind::Reversal && !amount.is_positive() {
        return Err(("amount", FactError::AmountNotPositive { amount }));
    }
    if let (Some(policies), count @ 1..) = (policies, draft.instalment_count) {
        let product = policies.product(&known.product, known.product_version);
        let offered: Vec<u32> = product
            .map(|product| product.terms.instalments.iter().map(|offer| offer.count).collect())
            .unwrap_or_default();
        if !offered.contains(&count) {
            return Err(("instalment_count", FactError::PlanNotOffered { count, offered }));
        }
    }
    let target = match &draft.target {
        Some((kind, reference, column)) => Some(
            find_target(draft, *kind, reference, amount, history, undone_now)
                .map_err(|error| (*column, error))?,
        ),
        None => None,
    };
    let value_on = if draft.kind == FactKind::Obligation { known.opened_on } else { draft.value_on };
    Ok(Fact {
        id: fact_id(agreement, draft.kind, &draft.reference, 0),
        kind: draft.kind,
        value_on,
        learned_at: run.learned_at,
        amount: if draft.kind == FactKind::Reversal { Money::zero(currency) } else { amount },
        instalment_count: draft.instalment_count,
        component: draft.component,
        due_on: draft.due_on,
        target,
        reference: draft.reference.clone(),
        detail: FactDetail::default(),
    })
}

/// The standing fact that a reversal or refund acts on.
fn find_target(
    draft: &Draft,
    kind: FactKind,
    reference: &str,
    amount: Money,
    history: &[StoredFact],
    undone_now: &BTreeSet<FactId>,
) -> Result<FactId, FactError> {
    let withdrawn = withdrawn(history);
    let standing = |stored: &&StoredFact| {
        stored.fact.kind == kind && stored.fact.reference == reference && !withdrawn.contains(&stored.fact.id)
    };
    let Some(target) = history.iter().find(standing) else {
        return Err(FactError::UnknownTarget { reference: reference.to_owned() });
    };
    if draft.kind == FactKind::Reversal {
        let is_undone = history.iter().any(|stored| {
            stored.fact.kind == FactKind::Reversal
                && stored.fact.target == Some(target.fact.id)
                && stored.fact.reference != draft.reference
                && !withdrawn.contains(&stored.fact.id)
        });
        if is_undone || undone_now.contains(&target.fact.id) {
            return Err(FactError::AlreadyReversed { reference: reference.to_owned() });
        }
        if amount.is_positive() && amount != target.fact.amount {
            return Err(FactError::ReversalAmount { amount, expected: target.fact.amount });
        }
    }
    Ok(target.fact.id)
}

//! Customers and agreements.

use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
use std::cell::Cell;
use std::collections::HashMap;

use dunlin_domain::acceptance::accept_product;
use dunlin_domain::id::{AgreementId, CustomerId, Part};
use dunlin_domain::position::fold;
use dunlin_store::agreement::{self, NewAgreement};
use dunlin_store::opt_out_change::{self, OptOutChange};
use dunlin_store::{Tx, customer, privacy};

use super::{ChunkOutcome, CorrectedNames, Meeting, Numbered, Run, clash_reason, clash_remedy};
use crate::EngineError;
use crate::policies::Policies;
use crate::portfolio::{AgreementRow, AgreementState, CustomerRow, PortfolioRow};

/// The key of content hashes of personal rows: derived from the master key, so that a hash tells nothing.
pub(super) fn personal_hash<R: PortfolioRow>(run: &Run<'_>, row: &R) -> [u8; 16] {
    row.content_hash_keyed(&run.engine.master.content_key())
}

pub(super) fn customers(
    tx: &mut Tx<'_>,
    run: &Run<'_>,
    chunk: &[Numbered<CustomerRow>],
    fresh_key: &mut dyn FnMut() -> [u8; 32],
    (held, names): (&mut Vec<OptOutChange>, &Cell<CorrectedNames>),
) -> Result<ChunkOutcome, EngineError> {
    let mut outcome = ChunkOutcome::default();
    let ids: Vec<CustomerId> =
        chunk.iter().map(|(_, row)| CustomerId::of_external(&row.customer_id)).collect();
    let known = customer::known(tx, &ids)?;
    let mut seen: HashMap<CustomerId, [u8; 16]> = HashMap::new();
    let (mut added, mut changed) = (Vec::new(), Vec::new());
    for (index, ((_, row), id)) in chunk.iter().zip(&ids).enumerate() {
        let hash = personal_hash(run, row);
        let meeting = match (seen.get(id), known.get(id)) {
            (Some(earlier), _) => Some(Meeting::of(*earlier, run.now, hash, run.now)),
            (None, Some(known)) => Some(Meeting::of(known.content_hash, known.imported_at, hash, run.now)),
            (None, None) => None,
        };
        let stored = || customer::CustomerRow {
            id: *id,
            external_id: row.customer_id.clone(),
            name: row.name.clone(),
            language: row.language,
            zone: row.zone.clone(),
            segment: row.segment.clone(),
            opted_out: row.opt_out_channels.clone(),
        };
        match meeting {
            None => added.push((stored(), hash)),
            Some(Meeting::Same) => outcome.unchanged += 1,
            Some(Meeting::Clash) => outcome.reject(index, "customer_id", clash_reason(), clash_remedy()),
            Some(Meeting::Correction) => changed.push((stored(), hash)),
        }
        seen.entry(*id).or_insert(hash);
    }
    keep_corrected_names(tx, run, &known, &mut changed, names)?;
    customer::insert(tx, &run.engine.master, &added, fresh_key, run.now)?;
    hold_opt_outs(tx, &mut changed, held)?;
    customer::correct(tx, &run.engine.master, &changed, run.now)?;
    for (row, _) in &changed {
        wake_customer(tx, run, row.id)?;
    }
    outcome.added = added.len() as u64;
    outcome.changed = changed.len() as u64;
    Ok(outcome)
}

/// Leaves the name as people corrected it where the file only says again what it said before, whatever else is new in the
/// row: all but the name is stored as the file said it, so that the hash of its earlier row tells its earlier name.
fn keep_corrected_names(
    tx: &mut Tx<'_>,
    run: &Run<'_>,
    known: &HashMap<CustomerId, customer::KnownCustomer>,
    changed: &mut [(customer::CustomerRow, [u8; 16])],
    names: &Cell<CorrectedNames>,
) -> Result<(), EngineError> {
    let ids: Vec<CustomerId> = changed.iter().map(|(row, _)| row.id).collect();
    let mut corrected: Vec<CustomerId> = privacy::with_corrected_name(tx, &ids)?.into_iter().collect();
    corrected.sort_unstable();
    let stored = customer::opened(tx, &run.engine.master, &corrected)?;
    let mut told = names.get();
    for (row, _) in changed {
        let (Some(stored), Some(known)) = (stored.get(&row.id), known.get(&row.id)) else { continue };
        if stored.name.reveal() == row.name.reveal() {
            continue;
        }
        // What the file said of channels may be waiting for a second person, or was refused or undone.
        let said = opt_out_change::said(tx, row.id, known.content_hash)?;
        let earlier = CustomerRow {
            customer_id: stored.external_id.clone(),
            name: row.name.clone(),
            language: stored.language,
            zone: stored.zone.clone(),
            segment: stored.segment.clone(),
            opt_out_channels: said.unwrap_or_else(|| stored.opted_out.clone()),
        };
        if personal_hash(run, &earlier) == known.content_hash {
            row.name = stored.name.clone();
            told.kept += 1;
        } else {
            told.replaced += 1;
        }
    }
    names.set(told);
    Ok(())
}

/// Leaves the channels as they are and holds back what the file says of them until the whole file is known. All else of the
/// rows is taken.
fn hold_opt_outs(
    tx: &mut Tx<'_>,
    changed: &mut [(customer::CustomerRow, [u8; 16])],
    held: &mut Vec<OptOutChange>,
) -> Result<(), EngineError> {
    let ids: Vec<CustomerId> = changed.iter().map(|(row, _)| row.id).collect();
    let before = customer::views(tx, &ids)?;
    for (row, content_hash) in changed {
        let known = before.get(&row.id).map_or(&[][..], |view| &view.opted_out);
        let change = OptOutChange {
            customer: row.id,
            before: known.to_vec(),
            after: row.opted_out.clone(),
            content_hash: *content_hash,
        };
        if change.opts_out() || change.opts_in() {
            row.opted_out.clone_from(&change.before);
            held.push(change);
        }
    }
    Ok(())
}

/// A customer whose data changed is looked at again; a silence for want of contact data is made good.
pub(super) fn wake_customer(tx: &mut Tx<'_>, run: &Run<'_>, id: CustomerId) -> Result<(), EngineError> {
    let rows = agreement::of_customer(tx, id)?;
    let keys: Vec<(Part, AgreementId)> = rows.iter().map(|row| (row.part, row.id)).collect();
    agreement::wake(tx, &keys, run.wake_on, false, false)?;
    run.engine.make_good(tx, &rows, run.wake_on)
}

pub(super) fn agreements(
    tx: &mut Tx<'_>,
    run: &Run<'_>,
    policies: &Policies,
    chunk: &[Numbered<AgreementRow>],
) -> Result<ChunkOutcome, EngineError> {
    let mut outcome = ChunkOutcome::default();
    let mut owners: Vec<CustomerId> =
        chunk.iter().map(|(_, row)| CustomerId::of_external(&row.customer_id)).collect();
    owners.sort_unstable();
    owners.dedup();
    let customers = customer::known(tx, &owners)?;
    let ids: Vec<AgreementId> =
        chunk.iter().map(|(_, row)| AgreementId::of_external(&row.agreement_id)).collect();
    let borrowers = agreement::borrowers_of(tx, &ids)?;
    let keys: Vec<(Part, AgreementId)> =
        borrowers.iter().map(|(id, customer)| (customer.part(), *id)).collect();
    let known = agreement::known(tx, &keys)?;
    let mut seen: HashMap<AgreementId, [u8; 16]> = HashMap::new();
    let (mut added, mut changed) = (Vec::new(), Vec::new());
    for (index, ((_, row), id)) in chunk.iter().zip(&ids).enumerate() {
        let owner = CustomerId::of_external(&row.customer_id);
        let Some(customer) = customers.get(&owner) else {
            let reason = wording!("没有客户“{}”", "customer {:?} is unknown", row.customer_id);
            outcome.reject(
                index,
                "customer_id",
                reason,
                wording!("请先在 customers 中加入该客户", "add the customer to customers first"),
            );
            continue;
        };
        let stored = match stored_agreement(run, policies, row, *id, owner, &customer.segment) {
            Ok(stored) => stored,
            Err((column, reason, remedy)) => {
                outcome.reject(index, column, reason, remedy);
                continue;
            }
        };
        if borrowers.get(id).is_some_and(|borrower| *borrower != owner) {
            let remedy =
                wording!("请给新借款人的合约另取编号", "give the new borrower's agreement an id of its own");
            outcome.reject(
                index,
                "customer_id",
                wording!("该合约属于另一位客户", "the agreement belongs to another customer"),
                remedy,
            );
            continue;
        }
        let runs_under = |known: &agreement::KnownAgreement| {
            known.product == stored.product && known.product_version == stored.product_version
        };
        if known.get(id).is_some_and(|known| !runs_under(known)) {
            let (reason, remedy) = other_product(tx, run, policies, *id, &stored.product)?;
            outcome.reject(index, "product", reason, remedy);
            continue;
        }
        let hash = row.content_hash();
        let meeting = match (seen.get(id), known.get(id)) {
            (Some(earlier), _) => Some(Meeting::of(*earlier, run.now, hash, run.now)),
            (None, Some(known)) => Some(Meeting::of(known.content_hash, known.imported_at, hash, run.now)),
            (None, None) => None,
        };
        match meeting {
            None => added.push((stored, hash)),
            Some(Meeting::Same) => outcome.unchanged += 1,
            Some(Meeting::Clash) => outcome.reject(index, "agreement_id", clash_reason(), clash_remedy()),
            Some(Meeting::Correction) => {
                let next_event_on = run.wake_on;
                changed.push((agreement::AgreementRow { next_event_on, ..stored }, hash));
            }
        }
        seen.entry(*id).or_insert(hash);
    }
    agreement::insert(tx, &new_agreements(&added, run))?;
    agreement::correct(tx, &new_agreements(&changed, run))?;
    outcome.added = added.len() as u64;
    outcome.changed = changed.len() as u64;
    Ok(outcome)
}

/// Why an agreement cannot get the terms of another product, and what can be done: while a plan runs it keeps its
/// terms, and afterwards too, since the terms decide what its past comes to.
fn other_product(
    tx: &mut Tx<'_>,
    run: &Run<'_>,
    policies: &Policies,
    id: AgreementId,
    product: &str,
) -> Result<(Wording, Wording), EngineError> {
    if let Some(row) = agreement::find(tx, id)? {
        let on = run.today.max(row.opened_on);
        let terms = policies.terms(&row.product, row.product_version, row.statement_day, on)?;
        let facts = run.engine.facts(tx, &row)?;
        let position = fold(&terms, row.opened_on, &facts, on, &mut |_| {})?;
        if let Err(error) = accept_product(&position, product) {
            return Ok((
                error.wording(),
                wording!("请保持原产品（{}）", "leave the product as it was ({})", error.code()),
            ));
        }
    }
    let reason = wording!(
        "合约始终沿用签订时的产品和版本",
        "an agreement keeps the product and version it was made under"
    );
    let remedy = wording!(
        "请关闭该合约，另按新产品开立（product_fixed）",
        "close the agreement and open another one under the new product (product_fixed)"
    );
    Ok((reason, remedy))
}

fn new_agreements<'a>(
    rows: &'a [(agreement::AgreementRow, [u8; 16])],
    run: &Run<'_>,
) -> Vec<NewAgreement<'a>> {
    let imported_at = run.now;
    rows.iter().map(|(row, hash)| NewAgreement { row, content_hash: *hash, imported_at }).collect()
}

/// The stored form of a row, or column, reason and remedy.
fn stored_agreement(
    run: &Run<'_>,
    policies: &Policies,
    row: &AgreementRow,
    id: AgreementId,
    customer: CustomerId,
    segment: &str,
) -> Result<agreement::AgreementRow, (&'static str, Wording, Wording)> {
    let versions = || policies.products().filter(|document| document.header.name == row.product);
    let in_force = versions().filter(|document| document.header.effective_from <= row.opened_on);
    // An agreement older than the first version that is documented runs under that version.
    let document =
        in_force.max_by_key(|document| (document.header.effective_from, document.header.version)).or_else(
            || versions().min_by_key(|document| (document.header.effective_from, document.header.version)),
        );
    let Some(document) = document else {
        let reason = wording!("没有产品“{}”", "product {:?} is unknown", row.product);
        return Err((
            "product",
            reason,
            wording!("请在 products 中写明，或导入其产品文件", "name it in products, or import its document"),
        ));
    };
    if document.terms.currency != row.currency {
        let reason =
            wording!("产品 {} 的币种是 {}", "product {} is in {}", row.product, document.terms.currency);
        return Err((
            "currency",
            reason,
            wording!("请用 {}，或换一个产品", "use {} or another product", document.terms.currency),
        ));
    }
    if row.opened_on > run.today {
        let reason = wording!("日期在未来，今天是 {}", "the date is in the future, it is {}", run.today);
        return Err((
            "opened_on",
            reason,
            wording!("请填写合约的开立日", "give the day on which the agreement was opened"),
        ));
    }
    let credit_limit = row.credit_limit.to_money(row.currency).map_err(|error| {
        ("credit_limit", error.wording(), wording!("请填写小数金额", "give a decimal amount"))
    })?;
    if row.state == AgreementState::Closed && row.closed_on.is_none() {
        let remedy = wording!("请填写合约的关闭日", "give the day on which the agreement was closed");
        return Err((
            "closed_on",
            wording!("已关闭的合约须有关闭日", "a closed agreement needs a day of closing"),
            remedy,
        ));
    }
    Ok(agreement::AgreementRow {
        part: customer.part(),
        id,
        customer,
        external_id: row.agreement_id.clone(),
        product: row.product.clone(),
        product_version: document.header.version,
        currency: row.currency,
        opened_on: row.opened_on,
        credit_limit,
        statement_day: row.statement_day,
        segment: segment.to_owned(),
        is_reported: row.reported,
        closed_on: row.closed_on,
        security: row.security,
        next_event_on: row.opened_on,
        must_refold: true,
        is_outdated: false,
        must_redo: false,
        standing: None,
    })
}

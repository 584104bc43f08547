//! Refunds: the merchant takes a purchase back, wholly or in part, before or after its statement.
//!
//! A refund lowers what is not billed yet of its purchase, then clears what is owed like a payment; what is left
//! becomes credit. That is the fold's work; here it is checked and recorded. A closed or frozen line takes refunds.

use std::collections::BTreeSet;

use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::fact::{Fact, FactDetail, FactKind};
use dunlin_domain::id::FactId;
use dunlin_domain::line::hold::{CheckoutRefusal, check_refund};
use dunlin_domain::money::Money;
use dunlin_domain::position::fold;
use dunlin_domain::terms::Component;
use dunlin_store::agreement::AgreementRow;
use dunlin_store::{Tx, audit, checkout};

use super::{amount_of, check_name, conflict, decimal, find_hold, purchase_reference, same};
use crate::line::{Ground, LineLock};
use crate::payment::Caller;
use crate::portfolio::{PortfolioRow, RefundRow};
use crate::record::{NewRecord, fact_id, record};
use crate::{Engine, EngineError};

/// A refund that a merchant makes.
#[derive(Clone, Debug, Default)]
pub struct RefundRequest {
    /// The lender's id of the agreement, or ours.
    pub agreement: String,
    /// What is refunded: a purchase by the reference of its fact, a capture by the merchant's, or a hold with one
    /// capture by its id or reference.
    pub purchase: String,
    /// The amount; all that was not refunded yet when none is named.
    pub amount: Option<String>,
    /// The merchant's reference for the refund.
    pub reference: String,
    /// The business date.
    pub on: Option<Date>,
}

/// What a refund came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundReport {
    /// The lender's id of the agreement.
    pub agreement: String,
    /// The reference of the purchase.
    pub purchase: String,
    /// The merchant's reference of the refund.
    pub reference: String,
    /// The amount.
    pub amount: Money,
    /// What is refunded of the purchase in all.
    pub refunded: Money,
    /// Its business date.
    pub on: Date,
    /// What is owed after it, on the day of the answer.
    pub owed: Money,
    /// Unapplied credit after it.
    pub credit: Money,
}

impl Engine {
    /// Records a refund of a purchase.
    ///
    /// # Errors
    /// [`CheckoutRefusal`] by its code; an unknown agreement or purchase.
    pub fn refund(&self, request: &RefundRequest, caller: Caller<'_>) -> Result<RefundReport, EngineError> {
        check_name("reference", &request.reference)?;
        let policies = self.policies()?;
        self.db.write_as(|tx| {
            let lock = LineLock::AgreementAndLine;
            let ground = self.ground(tx, &policies, &request.agreement, request.on, caller.now, lock)?;
            let facts = standing(&self.facts(tx, &ground.row)?);
            let (purchase, merchant) = find_purchase(tx, &ground.row, &facts, &request.purchase)?;
            // A merchant's refunds are told apart from another's as its purchases are.
            let reference = match merchant {
                Some(merchant) => purchase_reference(&merchant, &request.reference),
                None => request.reference.clone(),
            };
            let amount = request.amount.as_ref();
            let amount = amount.map(|text| amount_of(text, None, ground.row.currency)).transpose()?;
            let known =
                facts.iter().find(|fact| fact.kind == FactKind::Refund && fact.reference == reference);
            if let Some(known) = known {
                if known.target != Some(purchase.id) {
                    let known = "another purchase".to_owned();
                    return Err(conflict(&request.reference, "purchase", known, request.purchase.clone()));
                }
                same("amount", &request.reference, known.amount, amount.unwrap_or(known.amount))?;
                return report(&ground, &facts, purchase, known, request);
            }
            let learned_at = self.learned_at(caller.now, self.wake_date(tx)?);
            let refund = refund_fact(&ground, &facts, purchase, amount, reference, learned_at)?;
            let new = NewRecord {
                row: &ground.row,
                fact: &refund,
                note: "",
                content_hash: refund_hash(&ground.row, &refund, &purchase.reference),
                now: caller.now,
            };
            if !record(tx, &new)? {
                let known = "a refund that was corrected".to_owned();
                return Err(conflict(&request.reference, "amount", known, refund.amount.to_string()));
            }
            audit_refund(tx, &ground, &refund, purchase, caller)?;
            let after: Vec<Fact> = facts.iter().chain([&refund]).cloned().collect();
            report(&ground, &after, purchase, &refund, request)
        })
    }
}

fn audit_refund(
    tx: &mut Tx<'_>,
    ground: &Ground,
    refund: &Fact,
    purchase: &Fact,
    caller: Caller<'_>,
) -> Result<(), EngineError> {
    let subject = refund.id.to_string();
    let after = format!("{:?} of purchase {}", refund.amount, purchase.id);
    let entry = audit::Entry {
        at: caller.now,
        actor: caller.actor,
        action: "checkout.refund",
        subject: &subject,
        before: None,
        after: Some(&after),
        cause: &refund.reference,
    };
    audit::append(tx, ground.row.part, &entry)?;
    Ok(())
}

/// The fact that a refund becomes.
fn refund_fact(
    ground: &Ground,
    facts: &[Fact],
    purchase: &Fact,
    amount: Option<Money>,
    reference: String,
    learned_at: Timestamp,
) -> Result<Fact, EngineError> {
    let refunded = refunded(facts, purchase)?;
    let rest = purchase.amount.try_sub(refunded)?;
    let amount = amount.unwrap_or(rest);
    if rest.is_zero() {
        return Err(CheckoutRefusal::RefundExceedsPurchase { amount, rest }.into());
    }
    check_refund(amount, purchase.amount, refunded)?;
    Ok(Fact {
        id: fact_id(ground.row.id, FactKind::Refund, &reference, 0),
        kind: FactKind::Refund,
        // A purchase of a day to come cannot be taken back before it.
        value_on: ground.on.max(purchase.value_on),
        learned_at,
        amount,
        instalment_count: 0,
        component: Component::Principal,
        due_on: None,
        target: Some(purchase.id),
        detail: FactDetail::default(),
        reference,
    })
}

/// The facts that were not withdrawn.
fn standing(facts: &[Fact]) -> Vec<Fact> {
    let withdrawn: BTreeSet<FactId> = facts
        .iter()
        .filter(|fact| fact.kind == FactKind::Withdrawal)
        .filter_map(|fact| fact.target)
        .collect();
    facts.iter().filter(|fact| !withdrawn.contains(&fact.id)).cloned().collect()
}

/// What was refunded of a purchase.
fn refunded(facts: &[Fact], purchase: &Fact) -> Result<Money, EngineError> {
    let of_it = |fact: &&Fact| fact.kind == FactKind::Refund && fact.target == Some(purchase.id);
    let zero = Money::zero(purchase.amount.currency());
    let sum = facts.iter().filter(of_it).try_fold(zero, |sum, fact| sum.try_add(fact.amount))?;
    Ok(sum)
}

/// The standing purchase that is meant, and its merchant when it came by a capture.
fn find_purchase<'f>(
    tx: &mut Tx<'_>,
    row: &AgreementRow,
    facts: &'f [Fact],
    name: &str,
) -> Result<(&'f Fact, Option<String>), EngineError> {
    let purchases = || facts.iter().filter(|fact| fact.kind == FactKind::Purchase);
    let unknown = || EngineError::NotFound { what: "purchase", name: name.to_owned() };
    let mut captures = match purchases().find(|fact| fact.reference == name) {
        Some(found) => match checkout::find_capture(tx, row.part, row.id, found.id)? {
            Some(capture) => vec![capture],
            None => return Ok((found, None)),
        },
        None => checkout::captures_by_reference(tx, row.part, row.id, name)?,
    };
    if captures.len() > 1 {
        return Err(CheckoutRefusal::ReferenceAmbiguous { reference: name.to_owned() }.into());
    }
    if captures.is_empty() {
        let hold = match find_hold(tx, row, name) {
            Err(EngineError::NotFound { .. }) => return Err(unknown()),
            other => other?,
        };
        captures = checkout::captures_of(tx, row.part, row.id, hold.id)?;
    }
    match captures.as_slice() {
        [] => Err(CheckoutRefusal::NothingCaptured.into()),
        [capture] => {
            let hold = checkout::find_hold(tx, row.part, row.id, capture.hold)?.ok_or_else(unknown)?;
            let found = purchases().find(|fact| fact.id == capture.fact).ok_or_else(unknown)?;
            Ok((found, Some(hold.merchant)))
        }
        several => {
            let references = several.iter().map(|capture| capture.reference.clone()).collect();
            Err(CheckoutRefusal::SeveralCaptures { references }.into())
        }
    }
}

fn report(
    ground: &Ground,
    facts: &[Fact],
    purchase: &Fact,
    refund: &Fact,
    request: &RefundRequest,
) -> Result<RefundReport, EngineError> {
    let position = fold(&ground.terms, ground.row.opened_on, facts, ground.on, &mut |_| {})?;
    Ok(RefundReport {
        agreement: ground.row.external_id.clone(),
        purchase: purchase.reference.clone(),
        reference: request.reference.clone(),
        amount: refund.amount,
        refunded: refunded(facts, purchase)?,
        on: refund.value_on,
        owed: position.owed(&ground.terms)?,
        credit: position.credit,
    })
}

/// The hash that the refund's row has in an export.
fn refund_hash(agreement: &AgreementRow, refund: &Fact, purchase: &str) -> [u8; 16] {
    let row = RefundRow {
        refund_id: refund.reference.clone(),
        purchase_id: purchase.to_owned(),
        agreement_id: agreement.external_id.clone(),
        refunded_on: refund.value_on,
        amount: decimal(refund.amount),
        currency: None,
    };
    row.content_hash()
}

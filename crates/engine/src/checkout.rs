//! Purchases at checkout: authorise, capture and void; [`refund`](crate::Engine::refund) is beside it.
//!
//! Each is idempotent by the merchant's reference: the same request gets the same answer, the same reference with
//! something else is refused. A purchase is a fact from its capture on; a hold before that only takes from the line.

mod refund;

use dunlin_domain::contact::Language;
use dunlin_domain::cost::{CostSheet, cost_sheet};
use dunlin_domain::date::Date;
use dunlin_domain::fact::{Fact, FactDetail, FactError, FactKind};
use dunlin_domain::id::{AgreementId, HoldId, hash_parts};
use dunlin_domain::line::draw::{DeclineReason, DrawRequest, decline};
use dunlin_domain::line::hold::{CaptureRest, CheckoutRefusal, Hold, HoldState, VoidScope};
use dunlin_domain::money::{Currency, Money, MoneyError};
use dunlin_domain::terms::{Component, Terms};
use dunlin_store::agreement::AgreementRow;
use dunlin_store::checkout::{self, CaptureRow, HoldRow};
use dunlin_store::{Tx, audit, line};

use crate::line::{Ground, LineLock};
use crate::payment::Caller;
use crate::policies::Policies;
use crate::portfolio::{DecimalAmount, PortfolioRow, PurchaseRow};
use crate::record::{NewRecord, fact_id, record};
use crate::{Engine, EngineError};

pub use refund::{RefundReport, RefundRequest};

/// The most characters of a merchant's name, reference or category.
const NAME_LENGTH_MAX: usize = 100;

/// A purchase that a merchant asks for.
#[derive(Clone, Debug, Default)]
pub struct AuthoriseRequest {
    /// The lender's id of the agreement, or ours.
    pub agreement: String,
    /// The amount, a decimal number.
    pub amount: String,
    /// Its currency; the agreement's when none is named.
    pub currency: Option<String>,
    /// The merchant.
    pub merchant: String,
    /// The merchant's reference, unique among its purchases on this agreement.
    pub reference: String,
    /// The merchant's category.
    pub category: Option<String>,
    /// Number of instalments, 0 for payment in full.
    pub instalment_count: u32,
    /// The business date; the open day of the books when none is named.
    pub on: Option<Date>,
}

/// The answer to an [`AuthoriseRequest`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorisation {
    /// The id of the hold, and of the answer when it was declined.
    pub id: HoldId,
    /// The lender's id of the agreement.
    pub agreement: String,
    /// The merchant.
    pub merchant: String,
    /// The merchant's reference.
    pub reference: String,
    /// The amount.
    pub amount: Money,
    /// Number of instalments.
    pub instalment_count: u32,
    /// Why it was declined; `None` when it was approved.
    pub decline: Option<DeclineReason>,
    /// What could be drawn right after the answer.
    pub available: Money,
    /// The business date of the answer.
    pub on: Date,
    /// The last day on which an approved amount is held.
    pub expires_on: Date,
    /// What an approved plan costs and how it is repaid, if it is captured on the day of the answer.
    pub cost: Option<CostSheet>,
    /// The lender's name in Chinese and English, who is paid.
    pub payee: (String, String),
    /// The product's title in Chinese and English.
    pub product: (String, String),
}

/// A capture of a hold.
#[derive(Clone, Debug, Default)]
pub struct CaptureRequest {
    /// The lender's id of the agreement, or ours.
    pub agreement: String,
    /// The hold: its id, or the merchant's reference.
    pub hold: String,
    /// The amount; all that is left when none is named.
    pub amount: Option<String>,
    /// The merchant's reference for this capture; that of the hold when none is named. Several captures of one hold
    /// need one each.
    pub reference: Option<String>,
    /// Whether the rest of the hold is freed.
    pub is_final: bool,
    /// The business date.
    pub on: Option<Date>,
}

/// What a capture came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptureReport {
    /// The hold.
    pub hold: HoldId,
    /// The lender's id of the agreement.
    pub agreement: String,
    /// The merchant's reference for the capture.
    pub reference: String,
    /// What was captured by it.
    pub amount: Money,
    /// The reference of the purchase, as the agreement's facts have it.
    pub purchase: String,
    /// Its business date.
    pub on: Date,
    /// What is captured of the hold in all.
    pub captured: Money,
    /// What it holds still.
    pub held: Money,
    /// Where the hold stands.
    pub state: HoldState,
}

/// What a void came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoidReport {
    /// The hold.
    pub hold: HoldId,
    /// The lender's id of the agreement.
    pub agreement: String,
    /// What was freed by it; zero when it had been voided or had run out before.
    pub freed: Money,
    /// Where the hold stands.
    pub state: HoldState,
}

impl Engine {
    /// Accepts or declines a purchase; an accepted one is held on the line.
    ///
    /// A decline is an answer like any other, and stays: another try needs another reference.
    ///
    /// # Errors
    /// An unknown agreement; an amount that is none, zero, negative or too large for any amount; a reference that was
    /// used with something else.
    pub fn authorise(
        &self,
        request: &AuthoriseRequest,
        caller: Caller<'_>,
    ) -> Result<Authorisation, EngineError> {
        check_name("merchant", &request.merchant)?;
        check_name("reference", &request.reference)?;
        if let Some(category) = &request.category {
            check_name("category", category)?;
        }
        let policies = self.policies()?;
        self.db.write_as(|tx| {
            let ground =
                self.ground(tx, &policies, &request.agreement, request.on, caller.now, LineLock::Line)?;
            let draw = DrawRequest {
                amount: amount_of(&request.amount, request.currency.as_deref(), ground.row.currency)?,
                instalment_count: request.instalment_count,
                category: request.category.clone(),
            };
            let id = hold_id(ground.row.id, &request.merchant, &request.reference);
            if let Some(known) = checkout::find_hold(tx, ground.row.part, ground.row.id, id)? {
                must_repeat(&known, &draw)?;
                return self.authorisation(&policies, &ground, &known);
            }
            let row = decide(&ground, request, draw, id, caller)?;
            checkout::insert_hold(tx, &row)?;
            if row.hold.state == HoldState::Open {
                let ends_on = row.hold.expires_on.plus_days(1);
                let mut stored = ground.stored.clone();
                stored.next_event_on =
                    Some(stored.next_event_on.map_or(ends_on, |next_on| next_on.min(ends_on)));
                line::update(tx, std::slice::from_ref(&stored))?;
            }
            audit_hold(tx, "checkout.authorise", &row, None, &row.reference, caller)?;
            self.authorisation(&policies, &ground, &row)
        })
    }

    /// What is answered. The cost sheet is made anew for a repeat: the same plan on the same day has the same one.
    fn authorisation(
        &self,
        policies: &Policies,
        ground: &Ground,
        row: &HoldRow,
    ) -> Result<Authorisation, EngineError> {
        let cost = match (row.decline_reason, row.instalment_count) {
            (None, 1..) => Some(plan_cost(policies, &ground.terms, row)?),
            (Some(_), _) | (None, 0) => None,
        };
        let (product, version) = (&ground.row.product, ground.row.product_version);
        let title = |language| {
            let document = policies.product(product, version);
            document.map_or_else(|| product.clone(), |document| document.header.title(language).to_owned())
        };
        let payee = |language| self.lender().name(language).to_owned();
        Ok(Authorisation {
            id: row.id,
            agreement: ground.row.external_id.clone(),
            merchant: row.merchant.clone(),
            reference: row.reference.clone(),
            amount: row.hold.amount,
            instalment_count: row.instalment_count,
            decline: row.decline_reason,
            available: Money::new(row.available_minor, ground.row.currency),
            on: row.authorised_on,
            expires_on: row.hold.expires_on,
            cost,
            payee: (payee(Language::Zh), payee(Language::En)),
            product: (title(Language::Zh), title(Language::En)),
        })
    }

    /// Captures a hold, wholly or in part: the purchase is owed from then on.
    ///
    /// # Errors
    /// [`CheckoutRefusal`] by its code; an unknown agreement or hold.
    pub fn capture(
        &self,
        request: &CaptureRequest,
        caller: Caller<'_>,
    ) -> Result<CaptureReport, EngineError> {
        if let Some(reference) = &request.reference {
            check_name("reference", reference)?;
        }
        let policies = self.policies()?;
        self.db.write_as(|tx| {
            let lock = LineLock::AgreementAndLine;
            let ground = self.ground(tx, &policies, &request.agreement, request.on, caller.now, lock)?;
            let row = find_hold(tx, &ground.row, &request.hold)?;
            let amount = request.amount.as_ref();
            let amount = amount.map(|text| amount_of(text, None, ground.row.currency)).transpose()?;
            let reference = request.reference.as_ref().unwrap_or(&row.reference).clone();
            let captures = checkout::captures_of(tx, ground.row.part, ground.row.id, row.id)?;
            if let Some(known) = captures.iter().find(|known| known.reference == reference) {
                let captured = Money::new(known.amount_minor, ground.row.currency);
                same("amount", &reference, captured, amount.unwrap_or(captured))?;
                return report_of(&ground.row, &row, known);
            }
            self.take_capture(tx, &ground, row, amount, reference, request.is_final, caller)
        })
    }

    fn take_capture(
        &self,
        tx: &mut Tx<'_>,
        ground: &Ground,
        row: HoldRow,
        amount: Option<Money>,
        reference: String,
        is_final: bool,
        caller: Caller<'_>,
    ) -> Result<CaptureReport, EngineError> {
        let left = row.hold.amount.try_sub(row.hold.captured)?;
        let rest = if is_final { CaptureRest::Release } else { CaptureRest::Keep };
        let mut after = row.clone();
        after.hold =
            row.hold.after_capture(amount.unwrap_or(left), rest, ground.on, late_room(ground, &row)?)?;
        if after.hold.state != HoldState::Open {
            after.ended_on = row.ended_on.or(Some(ground.on));
        }
        let amount = after.hold.captured.try_sub(row.hold.captured)?;
        let purchase = purchase_reference(&row.merchant, &reference);
        let fact = Fact {
            id: fact_id(ground.row.id, FactKind::Purchase, &purchase, 0),
            kind: FactKind::Purchase,
            value_on: ground.on,
            learned_at: self.learned_at(caller.now, self.wake_date(tx)?),
            amount,
            instalment_count: row.instalment_count,
            component: Component::Principal,
            due_on: None,
            target: None,
            reference: purchase.clone(),
            detail: FactDetail::default(),
        };
        let new = NewRecord {
            row: &ground.row,
            fact: &fact,
            note: &row.merchant,
            content_hash: purchase_hash(&ground.row, &fact, &row.merchant)?,
            now: caller.now,
        };
        if !record(tx, &new)? {
            let known = format!("another purchase {purchase:?}");
            return Err(conflict(&reference, "purchase", known, amount.to_string()));
        }
        let capture = CaptureRow {
            part: row.part,
            agreement: row.agreement,
            fact: fact.id,
            hold: row.id,
            reference,
            amount_minor: amount.minor(),
            releases: is_final,
            captured_on: ground.on,
            captured_at: caller.now,
            actor: caller.actor.to_owned(),
        };
        checkout::insert_capture(tx, &capture)?;
        checkout::update_holds(tx, std::slice::from_ref(&after))?;
        audit_hold(tx, "checkout.capture", &after, Some(&row), &capture.reference, caller)?;
        report_of(&ground.row, &after, &capture)
    }

    /// Gives a hold up. Repeating it changes nothing.
    ///
    /// # Errors
    /// [`CheckoutRefusal`] by its code; an unknown agreement or hold.
    pub fn void(
        &self,
        agreement: &str,
        hold: &str,
        scope: VoidScope,
        caller: Caller<'_>,
    ) -> Result<VoidReport, EngineError> {
        let policies = self.policies()?;
        self.db.write_as(|tx| {
            let ground = self.ground(tx, &policies, agreement, None, caller.now, LineLock::Line)?;
            let row = find_hold(tx, &ground.row, hold)?;
            let mut after = row.clone();
            after.hold = row.hold.after_void(scope)?;
            after.ended_on = row.ended_on.or(Some(ground.on));
            if after.hold != row.hold {
                checkout::update_holds(tx, std::slice::from_ref(&after))?;
                audit_hold(tx, "checkout.void", &after, Some(&row), &row.reference, caller)?;
            }
            Ok(VoidReport {
                hold: row.id,
                agreement: ground.row.external_id.clone(),
                freed: row.hold.held()?,
                state: after.hold.state,
            })
        })
    }
}

/// The answer to a request, with what is held for it.
fn decide(
    ground: &Ground,
    request: &AuthoriseRequest,
    draw: DrawRequest,
    id: HoldId,
    caller: Caller<'_>,
) -> Result<HoldRow, EngineError> {
    let available = ground.available()?;
    let offered: Vec<u32> = ground.terms.instalments.iter().map(|offer| offer.count).collect();
    let decline_reason =
        decline(ground.row.currency, &ground.line, &ground.rules, &offered, &available, &draw);
    let mut hold = Hold::new(draw.amount, ground.on.plus_days(ground.rules.hold_days));
    let mut left = available.amount;
    match decline_reason {
        None => left = left.try_sub(draw.amount)?,
        Some(_) => hold.state = HoldState::Declined,
    }
    Ok(HoldRow {
        part: ground.row.part,
        agreement: ground.row.id,
        id,
        merchant: request.merchant.clone(),
        reference: request.reference.clone(),
        category: request.category.clone().unwrap_or_default(),
        instalment_count: draw.instalment_count,
        hold,
        decline_reason,
        available_minor: left.minor(),
        authorised_on: ground.on,
        authorised_at: caller.now,
        ended_on: decline_reason.map(|_| ground.on),
        actor: caller.actor.to_owned(),
    })
}

/// Notes in the audit log what became of a hold.
fn audit_hold(
    tx: &mut Tx<'_>,
    action: &str,
    after: &HoldRow,
    before: Option<&HoldRow>,
    cause: &str,
    caller: Caller<'_>,
) -> Result<(), EngineError> {
    let words = |row: &HoldRow| {
        let hold = &row.hold;
        let reason = row.decline_reason.map_or(String::new(), |reason| format!(" ({reason})"));
        format!("{}{reason}, {:?}, captured {}", hold.state, hold.amount, hold.captured)
    };
    let subject = after.id.to_string();
    let (before, after_words) = (before.map(words), words(after));
    let entry = audit::Entry {
        at: caller.now,
        actor: caller.actor,
        action,
        subject: &subject,
        before: before.as_deref(),
        after: Some(&after_words),
        cause,
    };
    audit::append(tx, after.part, &entry)?;
    Ok(())
}

/// What the line has left for a hold that has run out; `None` when the product takes no late captures.
fn late_room(ground: &Ground, row: &HoldRow) -> Result<Option<Money>, EngineError> {
    if !ground.rules.takes_late_capture {
        return Ok(None);
    }
    let available = ground.available()?;
    // Until the day's run frees it, the hold stands in its own way.
    let free = available.amount.try_add(row.hold.held()?)?;
    Ok(Some(free.try_sub(available.over.try_min(free)?)?))
}

pub(super) fn check_name(field: &'static str, text: &str) -> Result<(), CheckoutRefusal> {
    let length = text.chars().count();
    if (1..=NAME_LENGTH_MAX).contains(&length) && text.trim() == text && !text.chars().any(char::is_control) {
        return Ok(());
    }
    Err(CheckoutRefusal::NameUnusable { field, length_max: NAME_LENGTH_MAX })
}

/// An amount above zero in the currency named, or in the agreement's.
pub(super) fn amount_of(text: &str, code: Option<&str>, own: Currency) -> Result<Money, EngineError> {
    let unreadable = |error: MoneyError| EngineError::Fact(FactError::Amount(error));
    let currency = code.map_or(Ok(own), Currency::parse).map_err(unreadable)?;
    let amount = Money::parse(text, currency).map_err(unreadable)?;
    if !amount.is_positive() {
        return Err(FactError::AmountNotPositive { amount }.into());
    }
    Ok(amount)
}

fn hold_id(agreement: AgreementId, merchant: &str, reference: &str) -> HoldId {
    HoldId(hash_parts("hld", &[&agreement.0, merchant.as_bytes(), reference.as_bytes()]))
}

/// The name of a captured purchase among an agreement's facts: two merchants may use the same reference.
pub(super) fn purchase_reference(merchant: &str, reference: &str) -> String {
    format!("{merchant}/{reference}")
}

/// The hold of that id or reference.
pub(super) fn find_hold(tx: &mut Tx<'_>, row: &AgreementRow, name: &str) -> Result<HoldRow, EngineError> {
    let unknown = || EngineError::NotFound { what: "hold", name: name.to_owned() };
    if let Some(id) = HoldId::parse(name) {
        return checkout::find_hold(tx, row.part, row.id, id)?.ok_or_else(unknown);
    }
    let mut found = checkout::holds_by_reference(tx, row.part, row.id, name)?;
    if found.len() > 1 {
        return Err(CheckoutRefusal::ReferenceAmbiguous { reference: name.to_owned() }.into());
    }
    found.pop().ok_or_else(unknown)
}

fn conflict(reference: &str, field: &'static str, known: String, given: String) -> EngineError {
    CheckoutRefusal::ReferenceConflict { reference: reference.to_owned(), field, known, given }.into()
}

/// Refuses a repeat with another amount.
pub(super) fn same(
    field: &'static str,
    reference: &str,
    known: Money,
    given: Money,
) -> Result<(), EngineError> {
    if known == given {
        return Ok(());
    }
    Err(conflict(reference, field, format!("{known:?}"), format!("{given:?}")))
}

/// Refuses the same reference with something else.
fn must_repeat(known: &HoldRow, draw: &DrawRequest) -> Result<(), EngineError> {
    same("amount", &known.reference, known.hold.amount, draw.amount)?;
    if known.instalment_count != draw.instalment_count {
        let (known_count, count) = (known.instalment_count.to_string(), draw.instalment_count.to_string());
        return Err(conflict(&known.reference, "instalment count", known_count, count));
    }
    Ok(())
}

/// The cost sheet of a plan: it is to be shown on the payment page before the plan is chosen (明示规定, in force from
/// 2026-08-01).
fn plan_cost(policies: &Policies, terms: &Terms, row: &HoldRow) -> Result<CostSheet, EngineError> {
    let calendar = policies.calendar(&terms.plan, row.authorised_on)?;
    let sheet = cost_sheet(terms, &calendar, row.hold.amount, row.instalment_count, row.authorised_on, None);
    sheet.map_err(|error| EngineError::Refused { code: error.code(), complaint: error.wording() })
}

fn report_of(
    agreement: &AgreementRow,
    row: &HoldRow,
    capture: &CaptureRow,
) -> Result<CaptureReport, EngineError> {
    Ok(CaptureReport {
        hold: row.id,
        agreement: agreement.external_id.clone(),
        reference: capture.reference.clone(),
        amount: Money::new(capture.amount_minor, agreement.currency),
        purchase: purchase_reference(&row.merchant, &capture.reference),
        on: capture.captured_on,
        captured: row.hold.captured,
        held: row.hold.held()?,
        state: row.hold.state,
    })
}

/// The hash that the purchase's row has in an export, so that taking an export in again changes nothing.
fn purchase_hash(agreement: &AgreementRow, fact: &Fact, merchant: &str) -> Result<[u8; 16], EngineError> {
    let row = PurchaseRow {
        purchase_id: fact.reference.clone(),
        agreement_id: agreement.external_id.clone(),
        purchased_on: fact.value_on,
        amount: decimal(fact.amount),
        instalment_count: fact.instalment_count,
        merchant: Some(merchant.to_owned()),
        currency: None,
    };
    Ok(row.content_hash())
}

/// # Panics
/// When the amount is negative, which was refused before.
pub(super) fn decimal(amount: Money) -> DecimalAmount {
    DecimalAmount::from_money(amount).expect("an amount above zero")
}

//! A statement for programs: amounts as decimal texts, dates as days, codes as everywhere else.

use dunlin_domain::money::Money;
use serde_json::{Map, Value, json};

use super::{
    ClaimLine, Designation, Entry, EntryKind, LateFeeLine, Movement, Movements, PlanChange, StatementDocument,
};

/// The whole statement. Nothing in it names the customer.
#[must_use]
pub fn json(document: &StatementDocument) -> Value {
    let balance = &document.balance;
    let text = |money: Money| json!(money.to_string());
    json!({
        "agreement": document.agreement,
        "product": document.product,
        "currency": document.currency.code(),
        "kind": document.kind.code(),
        "from": document.from.to_string(),
        "cut_off": document.cut_off_on.to_string(),
        "due_on": document.due_on.map(|due_on| due_on.to_string()),
        "knowledge": document.knowledge.code(),
        "known_at": document.known_at.map(|at| at.to_string()),
        "previous_balance": text(balance.previous()),
        "corrections": movements(balance.corrections()),
        "movements": movements(balance.movements()),
        "new_balance": text(balance.new_balance()),
        "minimum_payment": document.minimum.map(|minimum| text(minimum.minimum)),
        "minimum_derivation": document.minimum.map(|minimum| json!({
            "open": text(minimum.open),
            "share": minimum.share.to_string(),
            "share_amount": text(minimum.share_amount),
            "floor": text(minimum.floor),
        })),
        "pay_at_least": text(document.pay_at_least),
        "overdue": document.overdue.map(|overdue| json!({
            "due_on": overdue.due_on.to_string(),
            "days_past_due": overdue.days,
            "amount": text(overdue.amount),
            "late_fee": text(overdue.late_fee),
        })),
        "credit": text(document.credit),
        "credit_limit": text(document.credit_limit),
        "available_credit": text(document.available_credit),
        "entries": document.entries.iter().map(entry).collect::<Vec<_>>(),
        "late_facts": document.late_facts.iter().map(|fact| json!({
            "on": fact.on.to_string(),
            "learned_at": fact.learned_at.to_string(),
            "kind": fact.kind.code(),
            "is_undone": fact.is_undone,
            "reference": fact.reference,
            "amount": text(fact.amount),
        })).collect::<Vec<_>>(),
        "late_fees": document.late_fees.iter().map(late_fee).collect::<Vec<_>>(),
        "plans": document.plans.iter().map(|plan| json!({
            "reference": plan.reference,
            "note": plan.note,
            "principal": text(plan.principal),
            "count": plan.count,
            "billed_count": plan.billed_count,
            "unbilled": text(plan.unbilled),
            "interest_to_come": text(plan.interest_to_come),
            "fees_to_come": text(plan.fees_to_come),
            "nominal_annual": plan.nominal_annual.map(|rate| rate.to_string()),
            "effective_annual": plan.effective_annual.map(|rate| rate.to_string()),
        })).collect::<Vec<_>>(),
        "open": document.open.iter().map(|line| json!({
            "due_on": line.due_on.to_string(),
            "billed": text(line.billed),
            "paid": text(line.paid),
            "rest": text(line.rest),
            "late_fee": text(line.late_fee),
            "is_overdue": line.is_overdue,
        })).collect::<Vec<_>>(),
        "coming": document.coming.iter().map(|coming| json!({
            "reference": coming.reference,
            "number": coming.number,
            "due_on": coming.due_on.to_string(),
            "principal": text(coming.principal),
            "interest": text(coming.interest),
            "fee": text(coming.fee),
        })).collect::<Vec<_>>(),
        "claim": document.claim.map(|claim| match claim {
            ClaimLine::ChargedOff { on } => json!({"state": "charged_off", "on": on.to_string()}),
            ClaimLine::WrittenOff { on, open } => {
                json!({"state": "written_off", "on": on.to_string(), "open": text(open)})
            }
            ClaimLine::Sold { on } => json!({"state": "sold", "on": on.to_string()}),
        }),
    })
}

/// Movements that are not nothing, each in its own direction.
fn movements(movements: &Movements) -> Value {
    let moved = Movement::ALL.iter().filter(|movement| !movements.get(**movement).is_zero());
    let fields = moved
        .map(|movement| (movement.code().to_owned(), json!(movements.get(*movement).to_string())))
        .collect::<Map<_, _>>();
    Value::Object(fields)
}

fn entry(entry: &Entry) -> Value {
    let mut fields = json!({
        "on": entry.on.to_string(),
        "kind": kind_code(entry.kind),
        "reference": entry.reference,
        "note": entry.note,
        "amount": entry.amount.to_string(),
        "is_adjustment": entry.is_adjustment,
        "designated_for": entry.designation.as_ref().map(|designation| match designation {
            Designation::DueOn(due_on) => json!({"due_on": due_on.to_string()}),
            Designation::Component(component) => json!({"component": component.code()}),
            Designation::Reference(reference) => json!({"reference": reference}),
        }),
    });
    match entry.kind {
        EntryKind::PlanPurchase { principal, count } => {
            fields["principal"] = json!(principal.to_string());
            fields["count"] = json!(count);
        }
        EntryKind::Draw { count } | EntryKind::Change(PlanChange::Rescheduled { count }) => {
            fields["count"] = json!(count)
        }
        EntryKind::Instalment { number, count, principal, interest, fee } => {
            fields["number"] = json!(number);
            fields["count"] = json!(count);
            add_parts(&mut fields, principal, interest, fee);
        }
        EntryKind::Change(PlanChange::InstalmentDue { number, principal, interest, fee }) => {
            fields["number"] = json!(number);
            add_parts(&mut fields, principal, interest, fee);
        }
        EntryKind::Change(PlanChange::EarnedAhead { number, component }) => {
            fields["number"] = json!(number);
            fields["component"] = json!(component.code());
        }
        EntryKind::Change(PlanChange::CalledIn { principal, interest, fee }) => {
            add_parts(&mut fields, principal, interest, fee);
        }
        EntryKind::Change(PlanChange::PaidAhead { principal, mode }) => {
            fields["principal"] = json!(principal.to_string());
            fields["mode"] = json!(mode.code());
        }
        EntryKind::Change(PlanChange::MovedToPlan { due_on, count }) => {
            fields["due_on"] = json!(due_on.to_string());
            fields["count"] = json!(count);
        }
        EntryKind::Obligation { component, due_on } => {
            fields["component"] = json!(component.code());
            fields["due_on"] = json!(due_on.to_string());
        }
        EntryKind::Waiver { due_on, component } => {
            fields["due_on"] = json!(due_on.to_string());
            fields["component"] = json!(component.code());
        }
        EntryKind::LateFee { due_on }
        | EntryKind::ServiceFee { due_on }
        | EntryKind::Charge { due_on: Some(due_on) } => {
            fields["due_on"] = json!(due_on.to_string());
        }
        EntryKind::Refund { on_instalments } => {
            fields["on_instalments"] = json!(on_instalments.to_string());
        }
        EntryKind::Purchase
        | EntryKind::Charge { due_on: None }
        | EntryKind::Payment
        | EntryKind::Payoff
        | EntryKind::PaymentReturned
        | EntryKind::Recovered
        | EntryKind::CreditPaidOut
        | EntryKind::ChargedOff
        | EntryKind::WrittenOff
        | EntryKind::Sold => {}
    }
    fields
}

fn add_parts(fields: &mut Value, principal: Money, interest: Money, fee: Money) {
    fields["principal"] = json!(principal.to_string());
    fields["interest"] = json!(interest.to_string());
    fields["fee"] = json!(fee.to_string());
}

pub(super) fn kind_code(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Purchase => "purchase",
        EntryKind::PlanPurchase { .. } => "plan_purchase",
        EntryKind::Instalment { .. } => "instalment",
        EntryKind::Obligation { .. } => "obligation",
        EntryKind::Draw { .. } => "draw",
        EntryKind::Change(PlanChange::InstalmentDue { .. }) => "instalment_due",
        EntryKind::Change(PlanChange::EarnedAhead { .. }) => "earned_ahead",
        EntryKind::Change(PlanChange::CalledIn { .. }) => "called_in",
        EntryKind::Change(PlanChange::PaidAhead { .. }) => "paid_ahead",
        EntryKind::Change(PlanChange::MovedToPlan { .. }) => "moved_to_instalments",
        EntryKind::Change(PlanChange::Rescheduled { .. }) => "reschedule",
        EntryKind::ServiceFee { .. } => "service_fee",
        EntryKind::Charge { .. } => "charge",
        EntryKind::LateFee { .. } => "late_fee",
        EntryKind::Payment => "payment",
        EntryKind::Payoff => "payoff",
        EntryKind::Recovered => "recovered",
        EntryKind::CreditPaidOut => "credit_paid_out",
        EntryKind::ChargedOff => "charge_off",
        EntryKind::WrittenOff => "write_off",
        EntryKind::Sold => "sale",
        EntryKind::PaymentReturned => "payment_returned",
        EntryKind::Refund { .. } => "refund",
        EntryKind::Waiver { .. } => "waiver",
    }
}

fn late_fee(fee: &LateFeeLine) -> Value {
    json!({
        "due_on": fee.due_on.to_string(),
        "rate_per_day": fee.rate_per_day.to_string(),
        "segments": fee.segments.iter().map(|segment| json!({
            "from": segment.from.plus_days(1).to_string(),
            "through": segment.through.to_string(),
            "days": segment.days,
            "base": segment.base.to_string(),
            "millionths": segment.amount.0.to_string(),
        })).collect::<Vec<_>>(),
        "once": fee.once.iter().map(|once| json!({
            "on": once.on.to_string(),
            "after_days": once.after_days,
            "amount": once.amount.to_string(),
        })).collect::<Vec<_>>(),
        "exact_millionths": fee.exact.0.to_string(),
        "limit": fee.limit.map(|limit| limit.code()),
        "grace_days": fee.grace_days,
        "charged": fee.charged.to_string(),
        "charged_before": fee.charged_before.to_string(),
        "in_period": fee.in_period.to_string(),
    })
}

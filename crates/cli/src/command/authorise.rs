//! `authorise`, `capture`, `void` and `refund`: purchases at checkout.

use dunlin_domain::contact::Language;
use dunlin_domain::line::hold::VoidScope;
use dunlin_engine::checkout::{
    Authorisation, AuthoriseRequest, CaptureReport, CaptureRequest, RefundReport, RefundRequest,
};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::args::line::{Authorise, Capture, Refund, Void};
use crate::failure::Failure;
use crate::session::Session;

/// `authorise`. A decline is an answer, not a failure.
///
/// # Errors
/// What the engine refuses; what the database says.
pub fn authorise(session: &Session, args: &Authorise) -> Result<Answer, Failure> {
    let request = AuthoriseRequest {
        agreement: args.agreement.clone(),
        amount: args.amount.clone(),
        currency: args.currency.clone(),
        merchant: args.merchant.clone(),
        reference: args.reference.clone(),
        category: args.category.clone(),
        instalment_count: args.count,
        on: args.on,
    };
    let answer = session.open()?.authorise(&request, session.now())?;
    Ok(Answer::new(authorise_text(&answer, session.language), authorise_json(&answer)))
}

fn authorise_text(answer: &Authorisation, language: Language) -> String {
    let Authorisation { id, agreement, merchant, reference, amount, available, expires_on, .. } = answer;
    match (answer.decline, language) {
        (None, Language::Zh) => {
            let plan = match answer.instalment_count {
                0 => String::new(),
                count => format!("，分 {count} 期"),
            };
            format!(
                "已授权：{agreement} 在 {merchant} 的消费 {amount}（{reference}）{plan}，冻结额度至 {expires_on}；\
                 剩余可用额度 {available}\n{id}"
            )
        }
        (None, Language::En) => {
            let plan = match answer.instalment_count {
                0 => String::new(),
                count => format!(" in {count} instalments"),
            };
            format!(
                "approved: {amount} of {agreement} at {merchant} ({reference}){plan}, held through {expires_on}; \
                 {available} can still be drawn\n{id}"
            )
        }
        (Some(reason), Language::Zh) => {
            format!("已拒绝 [{reason}]：{}。可用额度 {available}\n{id}", reason.text(language))
        }
        (Some(reason), Language::En) => {
            format!("declined [{reason}]: {}; {available} can be drawn\n{id}", reason.text(language))
        }
    }
}

fn authorise_json(answer: &Authorisation) -> Value {
    let decision = if answer.decline.is_none() { "approved" } else { "declined" };
    json!({
        "id": answer.id.to_string(),
        "agreement": answer.agreement,
        "merchant": answer.merchant,
        "reference": answer.reference,
        "amount": answer.amount.to_string(),
        "currency": answer.amount.currency().code(),
        "instalment_count": answer.instalment_count,
        "decision": decision,
        "reason": answer.decline.map(|reason| reason.code()),
        "reason_zh": answer.decline.map(|reason| reason.text(Language::Zh)),
        "reason_en": answer.decline.map(|reason| reason.text(Language::En)),
        "available_credit": answer.available.to_string(),
        "on": answer.on.to_string(),
        "expires_on": answer.decline.is_none().then(|| answer.expires_on.to_string()),
    })
}

/// `capture`.
///
/// # Errors
/// What the engine refuses; what the database says.
pub fn capture(session: &Session, args: &Capture) -> Result<Answer, Failure> {
    let request = CaptureRequest {
        agreement: args.agreement.clone(),
        hold: args.hold.clone(),
        amount: args.amount.clone(),
        reference: args.reference.clone(),
        is_final: args.is_final,
        on: args.on,
    };
    let report = session.open()?.capture(&request, session.now())?;
    let CaptureReport { hold, agreement, reference, amount, purchase, on, captured, held, state } = &report;
    let text = match session.language {
        Language::Zh => format!(
            "已请款 {amount}（{reference}），计入 {agreement} 的消费 {purchase}，入账日 {on}；\
             累计请款 {captured}，仍冻结 {held}"
        ),
        Language::En => format!(
            "captured {amount} ({reference}) as purchase {purchase} of {agreement} on {on}; \
             {captured} captured in all, {held} still held"
        ),
    };
    let json = json!({
        "id": hold.to_string(),
        "agreement": agreement,
        "reference": reference,
        "amount": amount.to_string(),
        "currency": amount.currency().code(),
        "purchase": purchase,
        "on": on.to_string(),
        "captured": captured.to_string(),
        "held": held.to_string(),
        "state": state.code(),
    });
    Ok(Answer::new(text, json))
}

/// `void`.
///
/// # Errors
/// What the engine refuses; what the database says.
pub fn void(session: &Session, args: &Void) -> Result<Answer, Failure> {
    let scope = if args.rest { VoidScope::Rest } else { VoidScope::Whole };
    let report = session.open()?.void(&args.agreement, &args.hold, scope, session.now())?;
    let (hold, freed) = (report.hold, report.freed);
    let text = match session.language {
        Language::Zh => format!("已撤销授权 {hold}，释放额度 {freed}"),
        Language::En => format!("{hold} is given up; {freed} is free again"),
    };
    let json = json!({
        "id": hold.to_string(),
        "agreement": report.agreement,
        "freed": freed.to_string(),
        "currency": freed.currency().code(),
        "state": report.state.code(),
    });
    Ok(Answer::new(text, json))
}

/// `refund`.
///
/// # Errors
/// What the engine refuses; what the database says.
pub fn refund(session: &Session, args: &Refund) -> Result<Answer, Failure> {
    let request = RefundRequest {
        agreement: args.agreement.clone(),
        purchase: args.purchase.clone(),
        amount: args.amount.clone(),
        reference: args.reference.clone(),
        on: args.on,
    };
    let report = session.open()?.refund(&request, session.now())?;
    let RefundReport { agreement, purchase, reference, amount, refunded, on, owed, credit } = &report;
    let text = match session.language {
        Language::Zh => format!(
            "已退款 {amount}（{reference}），消费 {purchase} 累计退款 {refunded}，入账日 {on}；\
             {agreement} 尚欠 {owed}，溢缴款 {credit}"
        ),
        Language::En => format!(
            "refunded {amount} ({reference}) of purchase {purchase} on {on}, {refunded} in all; \
             {agreement} owes {owed} and has a credit of {credit}"
        ),
    };
    let json = json!({
        "agreement": agreement,
        "purchase": purchase,
        "reference": reference,
        "amount": amount.to_string(),
        "currency": amount.currency().code(),
        "refunded": refunded.to_string(),
        "on": on.to_string(),
        "owed": owed.to_string(),
        "credit": credit.to_string(),
    });
    Ok(Answer::new(text, json))
}

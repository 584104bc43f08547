//! `authorise`, `capture`, `void` and `refund`: purchases at checkout.

use dunlin_domain::contact::Language;
use dunlin_domain::cost::CostSheet;
use dunlin_domain::line::hold::VoidScope;
use dunlin_engine::checkout::{
    Authorisation, AuthoriseRequest, CaptureReport, CaptureRequest, RefundReport, RefundRequest,
};
use dunlin_engine::offer::sheet_text;
use dunlin_server::api::checkout::{AuthorisationJson, CaptureJson, RefundJson, VoidJson};

use crate::answer::Answer;
use crate::args::line::{Authorise, Capture, Refund, Void};
use crate::command::pay::value;
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
    let answer = session.open()?.authorise(&request, session.caller())?;
    let text = authorise_text(&answer, session.language);
    let text = match &answer.cost {
        None => text,
        Some(cost) => format!("{text}\n\n{}", cost_text(&answer, cost, session.language)),
    };
    Ok(Answer::new(text, value(&AuthorisationJson::new(&answer))))
}

/// The cost sheet of a plan, which the customer is shown before being bound to it.
fn cost_text(answer: &Authorisation, cost: &CostSheet, language: Language) -> String {
    let in_language = |texts: &(String, String)| match language {
        Language::Zh => texts.0.clone(),
        Language::En => texts.1.clone(),
    };
    sheet_text(cost, &in_language(&answer.product), &in_language(&answer.payee), language)
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
    let report = session.open()?.capture(&request, session.caller())?;
    let CaptureReport { agreement, reference, amount, purchase, on, captured, held, .. } = &report;
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
    Ok(Answer::new(text, value(&CaptureJson::new(&report))))
}

/// `void`.
///
/// # Errors
/// What the engine refuses; what the database says.
pub fn void(session: &Session, args: &Void) -> Result<Answer, Failure> {
    let scope = if args.rest { VoidScope::Rest } else { VoidScope::Whole };
    let report = session.open()?.void(&args.agreement, &args.hold, scope, session.caller())?;
    let (hold, freed) = (report.hold, report.freed);
    let text = match session.language {
        Language::Zh => format!("已撤销授权 {hold}，释放额度 {freed}"),
        Language::En => format!("{hold} is given up; {freed} is free again"),
    };
    Ok(Answer::new(text, value(&VoidJson::new(&report))))
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
    let report = session.open()?.refund(&request, session.caller())?;
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
    Ok(Answer::new(text, value(&RefundJson::new(&report))))
}

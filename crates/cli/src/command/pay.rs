//! `pay`, `pay-customer`, `reverse`, `return`, `refund-credit`, `charge` and `changes`: money, what undoes it, and what
//! backdated facts changed.

use dunlin_domain::contact::Language;
use dunlin_domain::customer_split::Rank;
use dunlin_engine::payment::customer::{CustomerPayment, NewCustomerPayment};
use dunlin_engine::payment::record::Recorded;
use dunlin_engine::payment::{CreditRefund, NewCharge, NewPayment, Undoing};
use dunlin_server::api::payments::{CustomerPaymentJson, RecordedJson, ReportJson};
use serde::Serialize;
use serde_json::{Value, json};

use super::change_words::{recorded_text, report_text};
use crate::answer::Answer;
use crate::args::payments::{Changes, Charge, Pay, PayCustomer, RefundCredit, Return, Reverse, Undo};
use crate::failure::Failure;
use crate::screen::{lines_of, table};
use crate::session::Session;

/// A document as a JSON value.
///
/// # Panics
/// Never: numbers and texts can be written as JSON.
pub fn value(document: &impl Serialize) -> Value {
    serde_json::to_value(document).expect("numbers and texts can be written as JSON")
}

fn recorded_answer(recorded: &Recorded, session: &Session) -> Answer {
    Answer::new(recorded_text(recorded, session.language), value(&RecordedJson::new(recorded)))
}

/// `pay`.
///
/// # Errors
/// Every refusal of a fact; what the database says.
pub fn pay(session: &Session, args: &Pay) -> Result<Answer, Failure> {
    if let Some(quote) = &args.quote {
        return super::servicing::pay_quote(session, quote, args);
    }
    let new = NewPayment {
        agreement: args.agreement.clone(),
        amount: args.amount.clone(),
        currency: args.currency,
        value_on: args.on,
        reference: args.reference.clone(),
        designation: args.designate.clone(),
        note: args.note.clone(),
    };
    let recorded = session.open()?.pay(&new, session.caller())?;
    Ok(recorded_answer(&recorded, session))
}

/// `pay-customer`.
///
/// # Errors
/// Every refusal of a fact; what the database says.
pub fn pay_customer(session: &Session, args: &PayCustomer) -> Result<Answer, Failure> {
    let new = NewCustomerPayment {
        customer: args.customer.clone(),
        amount: args.amount.clone(),
        currency: args.currency,
        value_on: args.on,
        reference: args.reference.clone(),
        designated: args.designate.clone(),
        note: args.note.clone(),
    };
    let engine = session.open()?;
    let payment = if args.preview {
        engine.preview_customer_payment(&new, session.caller())?
    } else {
        engine.pay_customer(&new, session.caller())?
    };
    Ok(Answer::new(split_text(&payment, session.language), value(&CustomerPaymentJson::new(&payment))))
}

fn split_text(payment: &CustomerPayment, language: Language) -> String {
    let header = match language {
        Language::Zh => ["合约", "到期日", "顺序", "金额"],
        Language::En => ["agreement", "due", "because", "amount"],
    };
    let mut rows = table(&header, &[3]);
    for share in &payment.shares {
        rows.add_row([
            share.agreement.clone(),
            share.due_on.map_or_else(String::new, |date| date.to_string()),
            rank_words(share.rank, language).to_owned(),
            share.amount.to_string(),
        ]);
    }
    let (reference, amount, on) = (&payment.reference, payment.amount, payment.value_on);
    let head = match (language, payment.recorded_at.is_some(), payment.is_new) {
        (Language::Zh, false, _) => format!("还款 {amount:?}（起息日 {on}）将如下分配，尚未登记"),
        (Language::Zh, true, true) => format!("已登记还款 {reference} {amount:?}，起息日 {on}"),
        (Language::Zh, true, false) => format!("还款 {reference} {amount:?} 此前已登记，未作更改"),
        (Language::En, false, _) => {
            format!("a payment of {amount:?} on {on} would be split so; nothing is recorded")
        }
        (Language::En, true, true) => {
            format!("payment {reference} of {amount:?} is recorded, value date {on}")
        }
        (Language::En, true, false) => {
            format!("payment {reference} of {amount:?} was recorded before; nothing is changed")
        }
    };
    let mut parts = vec![format!("{head}\n{}", lines_of(&rows))];
    parts.extend(payment.recorded.iter().map(|recorded| recorded_text(recorded, language)));
    parts.join("\n")
}

fn rank_words(rank: Rank, language: Language) -> &'static str {
    let (zh, en) = match rank {
        Rank::Designated => ("客户指定", "the customer said so"),
        Rank::Due => ("已到期", "it is due"),
        Rank::NotYetDue => ("未到期", "it comes due next"),
        Rank::Credit => ("溢缴款", "left over, stays as credit"),
    };
    match language {
        Language::Zh => zh,
        Language::En => en,
    }
}

/// `reverse`.
///
/// # Errors
/// Every refusal of a fact; what the database says.
pub fn reverse(session: &Session, args: &Reverse) -> Result<Answer, Failure> {
    let undoing = undoing(&args.payment, &args.reason, &args.common);
    undone(session, session.open()?.reverse_payment(&undoing, session.caller())?)
}

/// `return`.
///
/// # Errors
/// Every refusal of a fact; what the database says.
pub fn bank_return(session: &Session, args: &Return) -> Result<Answer, Failure> {
    let undoing = undoing(&args.payment, &args.reason_code, &args.common);
    undone(session, session.open()?.return_payment(&undoing, session.caller())?)
}

fn undoing(payment: &str, reason: &str, common: &Undo) -> Undoing {
    Undoing {
        payment: payment.to_owned(),
        agreement: common.agreement.clone(),
        value_on: common.on,
        reference: common.reference.clone(),
        reason: reason.to_owned(),
    }
}

/// One answer for each agreement that the payment went to.
fn undone(session: &Session, all: Vec<Recorded>) -> Result<Answer, Failure> {
    let texts: Vec<String> = all.iter().map(|recorded| recorded_text(recorded, session.language)).collect();
    let undone: Vec<Value> = all.iter().map(|recorded| value(&RecordedJson::new(recorded))).collect();
    Ok(Answer::new(texts.join("\n"), json!({ "undone": undone })))
}

/// `refund-credit`.
///
/// # Errors
/// Every refusal of a fact; what the database says.
pub fn refund_credit(session: &Session, args: &RefundCredit) -> Result<Answer, Failure> {
    let refund = CreditRefund {
        agreement: args.agreement.clone(),
        amount: args.amount.clone(),
        value_on: args.on,
        reference: args.reference.clone(),
        note: args.note.clone(),
    };
    let recorded = session.open()?.refund_credit(&refund, session.caller())?;
    Ok(recorded_answer(&recorded, session))
}

/// `charge`.
///
/// # Errors
/// Every refusal of a fact; what the database says.
pub fn charge(session: &Session, args: &Charge) -> Result<Answer, Failure> {
    let new = NewCharge {
        agreement: args.agreement.clone(),
        amount: args.amount.clone(),
        value_on: args.on,
        due_on: args.due_on,
        component: args.component,
        reference: args.reference.clone(),
        note: args.note.clone(),
    };
    let recorded = session.open()?.charge(&new, session.caller())?;
    Ok(recorded_answer(&recorded, session))
}

/// `changes`.
///
/// # Errors
/// An unknown agreement; what the database says.
pub fn changes(session: &Session, args: &Changes) -> Result<Answer, Failure> {
    let reports = session.open()?.changes(&args.agreement, args.since)?;
    let documents: Vec<Value> = reports.iter().map(|report| value(&ReportJson::new(report))).collect();
    let json = json!({ "agreement": args.agreement, "changes": documents });
    if reports.is_empty() {
        let text = match session.language {
            Language::Zh => format!("合约 {} 没有倒起息的记录", args.agreement),
            Language::En => format!("nothing backdated was learned of {}", args.agreement),
        };
        return Ok(Answer::new(text, json));
    }
    let texts: Vec<String> = reports.iter().map(|report| report_text(report, session.language)).collect();
    Ok(Answer::new(texts.join("\n"), json))
}

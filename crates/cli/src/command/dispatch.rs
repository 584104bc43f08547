//! `dispatch` and `receipts`: one round of sending, one round of news.

use dunlin_domain::contact::Language;
use dunlin_engine::dispatch::{DispatchReport, InquiryReport, Lane, ReceiptReport, Sending};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::failure::Failure;
use crate::screen::{counted, grouped};
use crate::session::Session;

/// `dispatch`.
///
/// # Errors
/// What the database says.
pub fn dispatch(session: &Session) -> Result<Answer, Failure> {
    let engine = session.open_to_keep()?;
    let asked = engine.ask_providers(session.now())?;
    let moment = session.moment();
    let report = engine.send(&Sending { lane: Lane::All, moment: &*moment, seconds_max: None })?;
    let mut text = match report.total() {
        0 => session.language.pick("没有到时该发的消息", "no message is due").to_owned(),
        total => {
            let told = dispatch_words(&report, session.language);
            match session.language {
                Language::Zh => format!("{} 条消息：{told}", grouped(total)),
                Language::En => format!("{}: {told}", counted(total, "message")),
            }
        }
    };
    let mut json = dispatch_json(&report);
    if asked.total() > 0 {
        text += &format!("\n{}", inquiry_line(&asked, session.language));
        json["inquiries"] = inquiry_json(&asked);
    }
    Ok(Answer::new(text, json))
}

/// `ask`.
///
/// # Errors
/// An unknown message, one whose outcome is not open, or a provider that cannot be asked; what the database says.
pub fn ask(session: &Session, message: &str) -> Result<Answer, Failure> {
    let asked = session.open()?.ask_about(message, session.now())?;
    let (zh, en) = match asked.answer {
        "delivered" => ("已送达", "it arrived"),
        "failed" => ("未送达", "it did not arrive"),
        "underway" => ("已受理，在途", "taken, and on its way"),
        "never_taken" => ("从未受理，可重新提交", "never taken, so it may be handed over again"),
        "no_answer" => ("没有应答，稍后再查询", "no answer; it is asked again later"),
        _ => ("无法查明", "it cannot tell"),
    };
    let (provider, code, state) = (&asked.provider, &asked.code, asked.state);
    let text = match session.language {
        Language::Zh => {
            let state = crate::words::outcome(state.code(), Language::Zh);
            format!("服务商 {provider}：{zh}（代码 {code}）；消息 {message} 的状态：{state}")
        }
        Language::En => format!("{provider}: {en} ({code}); {message} is {state}"),
    };
    let json = json!({
        "message": message,
        "provider": asked.provider,
        "answer": asked.answer,
        "code": asked.code,
        "state": asked.state.code(),
    });
    Ok(Answer::new(text, json))
}

/// What a round of questions came to, in a line.
#[must_use]
pub fn inquiry_line(report: &InquiryReport, language: Language) -> String {
    let told = words(&inquiry_parts(report), language);
    match language {
        Language::Zh => format!("已向服务商查询 {} 条消息：{told}", grouped(report.total())),
        Language::En => format!("asked about {}: {told}", counted(report.total(), "message")),
    }
}

/// For scripts.
#[must_use]
pub fn inquiry_json(report: &InquiryReport) -> Value {
    object(&inquiry_parts(report))
}

fn inquiry_parts(report: &InquiryReport) -> [(&'static str, u64); 6] {
    let InquiryReport { delivered, failed, underway, never_taken, cannot_tell, no_answer } = *report;
    [
        ("delivered", delivered),
        ("failed", failed),
        ("underway", underway),
        ("never_taken", never_taken),
        ("cannot_tell", cannot_tell),
        ("no_answer", no_answer),
    ]
}

/// `receipts`.
///
/// # Errors
/// What the database or a provider's folder says.
pub fn receipts(session: &Session) -> Result<Answer, Failure> {
    let report = session.open()?.collect_receipts(session.now())?;
    let text = match receipt_total(&report) {
        0 => session.language.pick("没有新的回执", "no receipt has come").to_owned(),
        total if report.replies == 0 => {
            let told = receipt_words(&report, session.language);
            match session.language {
                Language::Zh => format!("{} 条回执：{told}", grouped(total)),
                Language::En => format!("{}: {told}", counted(total, "receipt")),
            }
        }
        _ => receipt_words(&report, session.language),
    };
    Ok(Answer::new(text, receipt_json(&report)))
}

/// All receipts that were read.
#[must_use]
pub fn receipt_total(report: &ReceiptReport) -> u64 {
    report.delivered
        + report.failed
        + report.posted
        + report.repeated
        + report.unmatched
        + report.rejected
        + report.replies
}

/// What a round of sending came to, without what did not happen.
#[must_use]
pub fn dispatch_words(report: &DispatchReport, language: Language) -> String {
    words(&dispatch_parts(report), language)
}

/// What a round of receipts came to, without what did not happen.
#[must_use]
pub fn receipt_words(report: &ReceiptReport, language: Language) -> String {
    words(&receipt_parts(report), language)
}

/// For scripts.
#[must_use]
pub fn dispatch_json(report: &DispatchReport) -> Value {
    object(&dispatch_parts(report))
}

/// For scripts.
#[must_use]
pub fn receipt_json(report: &ReceiptReport) -> Value {
    object(&receipt_parts(report))
}

fn dispatch_parts(report: &DispatchReport) -> [(&'static str, u64); 7] {
    let DispatchReport {
        accepted,
        deferred,
        unavailable,
        rejected,
        unknown,
        expired,
        cancelled,
        is_cut_short: _,
    } = *report;
    [
        ("accepted", accepted),
        ("deferred", deferred),
        ("unavailable", unavailable),
        ("rejected", rejected),
        ("unknown", unknown),
        ("expired", expired),
        ("cancelled", cancelled),
    ]
}

fn receipt_parts(report: &ReceiptReport) -> [(&'static str, u64); 8] {
    let ReceiptReport { delivered, failed, posted, repeated, unmatched, rejected, replies, opted_out } =
        *report;
    [
        ("delivered", delivered),
        ("failed", failed),
        ("posted", posted),
        ("repeated", repeated),
        ("unmatched", unmatched),
        ("receipts_rejected", rejected),
        ("replies", replies),
        ("opted_out", opted_out),
    ]
}

fn words(parts: &[(&str, u64)], language: Language) -> String {
    let told = parts.iter().filter(|(_, count)| *count > 0);
    let told = told.map(|(name, count)| {
        let (count, name) = (grouped(*count), crate::words::outcome(name, language));
        match language {
            Language::Zh => format!("{name} {count}"),
            Language::En => format!("{count} {name}"),
        }
    });
    told.collect::<Vec<_>>().join(language.pick("、", ", "))
}

fn object(parts: &[(&str, u64)]) -> Value {
    parts.iter().map(|(name, count)| ((*name).to_owned(), json!(count))).collect()
}

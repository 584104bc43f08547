//! `dispatch` and `receipts`: one round of sending, one round of news.

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
        0 => "no message is due".to_owned(),
        total => format!("{}: {}", counted(total, "message"), dispatch_words(&report)),
    };
    let mut json = dispatch_json(&report);
    if asked.total() > 0 {
        text += &format!("\n{}", inquiry_line(&asked));
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
    let words = match asked.answer {
        "delivered" => "it arrived",
        "failed" => "it did not arrive",
        "underway" => "taken, and on its way",
        "never_taken" => "never taken, so it may be handed over again",
        "no_answer" => "no answer; it is asked again later",
        _ => "it cannot tell",
    };
    let text = format!("{}: {words} ({}); {message} is {}", asked.provider, asked.code, asked.state);
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
pub fn inquiry_line(report: &InquiryReport) -> String {
    format!("asked about {}: {}", counted(report.total(), "message"), words(&inquiry_parts(report)))
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
        0 => "no receipt has come".to_owned(),
        total if report.replies == 0 => format!("{}: {}", counted(total, "receipt"), receipt_words(&report)),
        _ => receipt_words(&report),
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
pub fn dispatch_words(report: &DispatchReport) -> String {
    words(&dispatch_parts(report))
}

/// What a round of receipts came to, without what did not happen.
#[must_use]
pub fn receipt_words(report: &ReceiptReport) -> String {
    words(&receipt_parts(report))
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

fn words(parts: &[(&str, u64)]) -> String {
    let told = parts.iter().filter(|(_, count)| *count > 0);
    told.map(|(name, count)| format!("{} {}", grouped(*count), name.replace('_', " ")))
        .collect::<Vec<_>>()
        .join(", ")
}

fn object(parts: &[(&str, u64)]) -> Value {
    parts.iter().map(|(name, count)| ((*name).to_owned(), json!(count))).collect()
}

//! Purchases at checkout and the line, on both databases: every answer, every refusal, and sixteen threads at once.

#[path = "../shared/schema.rs"]
mod schema;

#[path = "../concurrency/ground.rs"]
#[expect(dead_code, reason = "shared with the tests of concurrency, which use more of it")]
mod ground;

mod bad_requests;
mod days;
mod holds;
mod lines;
mod refunds;
mod threads;

use dunlin_domain::date::Timestamp;
use dunlin_domain::line::hold::VoidScope;
use dunlin_engine::checkout::{
    Authorisation, AuthoriseRequest, CaptureReport, CaptureRequest, RefundRequest,
};
use dunlin_engine::line::{LineAction, LineView};
use dunlin_engine::payment::Caller;
use dunlin_engine::{Engine, EngineError};

use ground::{Ground, agreement, customer, grounds, moment};

/// A moment before any day is run.
fn now() -> Timestamp {
    moment("2026-01-20", 10)
}

/// Who asks.
fn caller() -> Caller<'static> {
    Caller { actor: "test", now: now() }
}

/// An engine with agreement `A-0`: limit 8000.00, of which purchases of 1200.00 in six instalments and of 40.35 are
/// used.
fn with_agreement(ground: &Ground) -> Engine {
    let engine = ground.engine("checkout");
    ground.import(&engine, moment("2026-01-20", 1), |writer| {
        customer(writer, 0);
        agreement(writer, 0, 0);
    });
    engine
}

/// The same under a product of its own whose table `[line]` is `rules`.
fn with_rules(ground: &Ground, rules: &str) -> Engine {
    let engine = ground.engine("checkout");
    let shipped = include_str!("../../../../policies/products/baitiao.toml");
    let (without_line, _) = shipped.split_once("[line]").unwrap_or((shipped, ""));
    let text = without_line.replace("version = 1", "version = 2") + "\n[line]\n" + rules;
    engine.import_policy("baitiao-2.toml", &text, moment("2026-01-20", 0)).expect("a product");
    ground.import(&engine, moment("2026-01-20", 1), |writer| {
        customer(writer, 0);
        agreement(writer, 0, 0);
    });
    engine
}

fn request(amount: &str, reference: &str) -> AuthoriseRequest {
    AuthoriseRequest {
        agreement: "A-0".to_owned(),
        amount: amount.to_owned(),
        merchant: "jd".to_owned(),
        reference: reference.to_owned(),
        ..AuthoriseRequest::default()
    }
}

fn authorise(engine: &Engine, amount: &str, reference: &str) -> Authorisation {
    engine.authorise(&request(amount, reference), caller()).expect("an answer")
}

fn capture(
    engine: &Engine,
    hold: &str,
    amount: Option<&str>,
    reference: Option<&str>,
) -> Result<CaptureReport, EngineError> {
    let request = CaptureRequest {
        agreement: "A-0".to_owned(),
        hold: hold.to_owned(),
        amount: amount.map(str::to_owned),
        reference: reference.map(str::to_owned),
        ..CaptureRequest::default()
    };
    engine.capture(&request, caller())
}

fn void(engine: &Engine, hold: &str) -> Result<String, EngineError> {
    Ok(engine.void("A-0", hold, VoidScope::Whole, caller())?.freed.to_string())
}

fn refund(
    engine: &Engine,
    purchase: &str,
    amount: Option<&str>,
    reference: &str,
) -> Result<dunlin_engine::checkout::RefundReport, EngineError> {
    let request = RefundRequest {
        agreement: "A-0".to_owned(),
        purchase: purchase.to_owned(),
        amount: amount.map(str::to_owned),
        reference: reference.to_owned(),
        on: None,
    };
    engine.refund(&request, caller())
}

fn line(engine: &Engine) -> LineView {
    engine.line("A-0", None, now()).expect("a line")
}

fn available(engine: &Engine) -> String {
    line(engine).available.amount.to_string()
}

/// Moves the line and gives what is shown of it, or the refusal's code.
fn moved(engine: &Engine, action: LineAction) -> String {
    match engine.move_line("A-0", &action, "a test", caller()) {
        Ok(view) => view.state.to_string(),
        Err(error) => error.code().to_owned(),
    }
}

/// What is said of an answer: accepted, or the reason.
fn decision(answer: &Authorisation) -> &'static str {
    answer.decline.map_or("approved", |reason| reason.code())
}

fn code<T: std::fmt::Debug>(result: Result<T, EngineError>) -> &'static str {
    result.expect_err("a refusal").code()
}

/// `check` on either database.
fn on_both(check: impl Fn(&Ground)) {
    for ground in grounds() {
        check(&ground);
    }
}

//! Changes of an agreement while it runs, as programs ask for them. With `"preview": true` nothing is recorded.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{get, post};
use dunlin_domain::contact::Language;
use dunlin_domain::fact::{FreezeReason, Prepayment};
use dunlin_domain::wording;
use dunlin_engine::Engine;
use dunlin_engine::payment::Caller;
use dunlin_engine::servicing::Mode;
use dunlin_engine::servicing::holds::{AgeingResume, FeeResume, NewAgeingPause, NewFeeFreeze};
use dunlin_engine::servicing::payoff::{QuoteAsked, QuotePayment};
use dunlin_engine::servicing::plan::StatementAsked;
use dunlin_engine::servicing::reschedule::{NewPrepayment, NewReschedule};
use serde::{Deserialize, Serialize};

use super::{App, Refused, answer_with, bad_field, command, currency, day, optional_day, unknown_word};
use crate::api::servicing::{
    ChangeJson, HoldsJson, QuoteJson, QuoteTakenJson, StatementOffersJson, StatementPlanJson,
};

/// The addresses of this file.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/api/payoff-quotes", post(quote_payoff))
        .route("/api/payoff-quotes/{id}/pay", post(pay_quote))
        .route("/api/agreements/{id}/payoff-quotes", get(quotes_of))
        .route("/api/agreements/{id}/statement-offers", get(statement_offers))
        .route("/api/statement-plans", post(split_statement))
        .route("/api/reschedules", post(reschedule))
        .route("/api/prepayments", post(prepay))
        .route("/api/ageing-pauses", post(pause_ageing))
        .route("/api/ageing-resumes", post(resume_ageing))
        .route("/api/fee-freezes", post(freeze_fees))
        .route("/api/fee-freezes/end", post(resume_fees))
        .route("/api/agreements/{id}/holds", get(holds_of))
}

fn mode(preview: bool) -> Mode {
    if preview { Mode::Preview } else { Mode::Record }
}

fn payee(engine: &Engine) -> (String, String) {
    let name = |language| engine.lender().name(language).to_owned();
    (name(Language::Zh), name(Language::En))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct QuoteBody {
    agreement: String,
    plan: Option<String>,
    on: Option<String>,
    holds_through: Option<String>,
}

async fn quote_payoff(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Response {
    command(app, &headers, body, |engine, body: &QuoteBody, caller| {
        let asked = QuoteAsked {
            agreement: body.agreement.clone(),
            plan: body.plan.clone(),
            on: optional_day("on", body.on.as_ref())?,
            holds_through: optional_day("holds_through", body.holds_through.as_ref())?,
        };
        Ok(QuoteJson::new(&engine.quote_payoff(&asked, caller)?))
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PayQuoteBody {
    agreement: Option<String>,
    amount: Option<String>,
    currency: Option<String>,
    value_on: Option<String>,
    reference: String,
    #[serde(default)]
    note: String,
}

async fn pay_quote(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    command(app, &headers, body, move |engine, body: &PayQuoteBody, caller| {
        let payment = QuotePayment {
            quote: id,
            agreement: body.agreement.clone(),
            amount: body.amount.clone(),
            currency: currency(body.currency.as_ref())?,
            value_on: optional_day("value_on", body.value_on.as_ref())?,
            reference: body.reference.clone(),
            note: body.note.clone(),
        };
        Ok(QuoteTakenJson::new(&engine.pay_quote(&payment, caller)?))
    })
    .await
}

#[derive(Serialize)]
struct QuotesJson {
    agreement: String,
    quotes: Vec<QuoteJson>,
}

async fn quotes_of(State(app): State<App>, Path(id): Path<String>) -> Response {
    answer_with(app, move |engine, _| {
        let quotes = engine.quotes_of(&id)?;
        Ok(QuotesJson { agreement: id, quotes: quotes.iter().map(QuoteJson::new).collect() })
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OffersAsked {
    statement: String,
    amount: Option<String>,
    on: Option<String>,
}

async fn statement_offers(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(asked): Query<OffersAsked>,
) -> Response {
    answer_with(app, move |engine, now| {
        let asked = StatementAsked {
            agreement: id,
            statement: day("statement", &asked.statement)?,
            amount: asked.amount,
            on: optional_day("on", asked.on.as_ref())?,
        };
        let offers = engine.statement_offers(&asked, Caller { actor: "api", now })?;
        Ok(StatementOffersJson::new(&offers, &payee(engine)))
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StatementPlanBody {
    agreement: String,
    statement: String,
    instalment_count: u32,
    amount: Option<String>,
    on: Option<String>,
    reference: String,
    #[serde(default)]
    preview: bool,
}

async fn split_statement(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Response {
    command(app, &headers, body, |engine, body: &StatementPlanBody, caller| {
        let asked = StatementAsked {
            agreement: body.agreement.clone(),
            statement: day("statement", &body.statement)?,
            amount: body.amount.clone(),
            on: optional_day("on", body.on.as_ref())?,
        };
        let (count, reference) = (body.instalment_count, &body.reference);
        let plan = engine.split_statement(&asked, count, reference, mode(body.preview), caller)?;
        Ok(StatementPlanJson::new(&plan, &payee(engine)))
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RescheduleBody {
    agreement: String,
    plan: Option<String>,
    instalment_count: Option<u32>,
    first_due_on: Option<String>,
    skip_count: Option<u32>,
    rate: Option<String>,
    value_on: Option<String>,
    reason: String,
    reference: String,
    #[serde(default)]
    preview: bool,
}

async fn reschedule(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Response {
    command(app, &headers, body, |engine, body: &RescheduleBody, caller| {
        if body.first_due_on.is_some() && body.skip_count.is_some() {
            return Err(bad_field(
                "skip_count",
                wording!("与 first_due_on 只能填写一项", "give this or first_due_on, not both"),
            ));
        }
        let new = NewReschedule {
            agreement: body.agreement.clone(),
            plan: body.plan.clone(),
            count: body.instalment_count,
            first_due_on: optional_day("first_due_on", body.first_due_on.as_ref())?,
            skip_count: body.skip_count,
            rate: body.rate.clone(),
            value_on: optional_day("value_on", body.value_on.as_ref())?,
            reason: body.reason.clone(),
            reference: body.reference.clone(),
        };
        Ok(ChangeJson::new(&engine.reschedule(&new, mode(body.preview), caller)?))
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PrepaymentBody {
    agreement: String,
    plan: Option<String>,
    amount: String,
    mode: String,
    value_on: Option<String>,
    reference: String,
    #[serde(default)]
    note: String,
    #[serde(default)]
    preview: bool,
}

/// What a payment ahead of time does to a plan: only what makes it shorter or lower.
fn prepayment(text: &str) -> Result<Prepayment, Refused> {
    let read = Prepayment::parse(text).filter(|mode| *mode != Prepayment::Advance);
    read.ok_or_else(|| {
        bad_field(
            "mode",
            wording!("“{text}”既不是 shorten 也不是 lower", "{text:?} is neither shorten nor lower"),
        )
    })
}

async fn prepay(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Response {
    command(app, &headers, body, |engine, body: &PrepaymentBody, caller| {
        let new = NewPrepayment {
            agreement: body.agreement.clone(),
            plan: body.plan.clone(),
            amount: body.amount.clone(),
            mode: prepayment(&body.mode)?,
            value_on: optional_day("value_on", body.value_on.as_ref())?,
            reference: body.reference.clone(),
            note: body.note.clone(),
        };
        Ok(ChangeJson::new(&engine.prepay(&new, mode(body.preview), caller)?))
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AgeingPauseBody {
    agreement: String,
    from: String,
    through: Option<String>,
    reason: String,
    reference: Option<String>,
    #[serde(default)]
    preview: bool,
}

async fn pause_ageing(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Response {
    command(app, &headers, body, |engine, body: &AgeingPauseBody, caller| {
        let new = NewAgeingPause {
            agreement: body.agreement.clone(),
            from: day("from", &body.from)?,
            through: optional_day("through", body.through.as_ref())?,
            reason: body.reason.clone(),
            reference: body.reference.clone(),
        };
        Ok(ChangeJson::new(&engine.pause_ageing(&new, mode(body.preview), caller)?))
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AgeingResumeBody {
    agreement: String,
    on: Option<String>,
    pause: Option<String>,
    reason: String,
    reference: Option<String>,
    #[serde(default)]
    preview: bool,
}

async fn resume_ageing(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Response {
    command(app, &headers, body, |engine, body: &AgeingResumeBody, caller| {
        let resume = AgeingResume {
            agreement: body.agreement.clone(),
            on: optional_day("on", body.on.as_ref())?,
            pause: body.pause.clone(),
            reason: body.reason.clone(),
            reference: body.reference.clone(),
        };
        Ok(ChangeJson::new(&engine.resume_ageing(&resume, mode(body.preview), caller)?))
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FeeFreezeBody {
    agreement: String,
    from: String,
    through: String,
    reason: String,
    note: String,
    reference: Option<String>,
    #[serde(default)]
    preview: bool,
}

async fn freeze_fees(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Response {
    command(app, &headers, body, |engine, body: &FeeFreezeBody, caller| {
        let reason = FreezeReason::parse(&body.reason)
            .ok_or_else(|| unknown_word("reason", &body.reason, ["pause", "dispute", "hardship"]))?;
        let new = NewFeeFreeze {
            agreement: body.agreement.clone(),
            from: day("from", &body.from)?,
            through: day("through", &body.through)?,
            reason,
            note: body.note.clone(),
            reference: body.reference.clone(),
        };
        Ok(ChangeJson::new(&engine.freeze_fees(&new, mode(body.preview), caller)?))
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FeeResumeBody {
    agreement: String,
    freeze: Option<String>,
    on: Option<String>,
    note: String,
    reference: Option<String>,
    #[serde(default)]
    preview: bool,
}

async fn resume_fees(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Response {
    command(app, &headers, body, |engine, body: &FeeResumeBody, caller| {
        let resume = FeeResume {
            agreement: body.agreement.clone(),
            freeze: body.freeze.clone(),
            on: optional_day("on", body.on.as_ref())?,
            note: body.note.clone(),
            reference: body.reference.clone(),
        };
        Ok(ChangeJson::new(&engine.resume_fees(&resume, mode(body.preview), caller)?))
    })
    .await
}

async fn holds_of(State(app): State<App>, Path(id): Path<String>) -> Response {
    answer_with(app, move |engine, _| Ok(HoldsJson::new(&id, &engine.holds_of(&id)?))).await
}

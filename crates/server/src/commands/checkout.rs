//! Purchases at checkout and the line, as programs ask for them. A decline is an answer (200 with the decision);
//! what makes no sense is refused with the code of the command line.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{get, post};
use dunlin_domain::line::hold::VoidScope;
use dunlin_domain::line::state::LineCommand;
use dunlin_domain::wording;
use dunlin_engine::checkout::{AuthoriseRequest, CaptureRequest, RefundRequest};
use dunlin_engine::line::LineAction;
use serde::Deserialize;

use super::{App, Refused, answer_with, bad_field, command, optional_day, unknown_word};
use crate::api::checkout::{AuthorisationJson, CaptureJson, LineJson, RefundJson, VoidJson};

/// The addresses of this file.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/api/checkout/authorise", post(authorise))
        .route("/api/checkout/capture", post(capture))
        .route("/api/checkout/void", post(void))
        .route("/api/checkout/refund", post(refund))
        .route("/api/checkout/lines/{id}", get(line).post(move_line))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AuthoriseBody {
    agreement: String,
    amount: String,
    currency: Option<String>,
    merchant: String,
    reference: String,
    category: Option<String>,
    #[serde(default)]
    instalment_count: u32,
    on: Option<String>,
}

async fn authorise(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Response {
    command(app, &headers, body, |engine, body: &AuthoriseBody, caller| {
        let request = AuthoriseRequest {
            agreement: body.agreement.clone(),
            amount: body.amount.clone(),
            currency: body.currency.clone(),
            merchant: body.merchant.clone(),
            reference: body.reference.clone(),
            category: body.category.clone(),
            instalment_count: body.instalment_count,
            on: optional_day("on", body.on.as_ref())?,
        };
        Ok(AuthorisationJson::new(&engine.authorise(&request, caller)?))
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CaptureBody {
    agreement: String,
    hold: String,
    amount: Option<String>,
    reference: Option<String>,
    #[serde(default, rename = "final")]
    is_final: bool,
    on: Option<String>,
}

async fn capture(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Response {
    command(app, &headers, body, |engine, body: &CaptureBody, caller| {
        let request = CaptureRequest {
            agreement: body.agreement.clone(),
            hold: body.hold.clone(),
            amount: body.amount.clone(),
            reference: body.reference.clone(),
            is_final: body.is_final,
            on: optional_day("on", body.on.as_ref())?,
        };
        Ok(CaptureJson::new(&engine.capture(&request, caller)?))
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VoidBody {
    agreement: String,
    hold: String,
    #[serde(default)]
    rest: bool,
}

async fn void(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Response {
    command(app, &headers, body, |engine, body: &VoidBody, caller| {
        let scope = if body.rest { VoidScope::Rest } else { VoidScope::Whole };
        Ok(VoidJson::new(&engine.void(&body.agreement, &body.hold, scope, caller)?))
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RefundBody {
    agreement: String,
    purchase: String,
    amount: Option<String>,
    reference: String,
    on: Option<String>,
}

async fn refund(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Response {
    command(app, &headers, body, |engine, body: &RefundBody, caller| {
        let request = RefundRequest {
            agreement: body.agreement.clone(),
            purchase: body.purchase.clone(),
            amount: body.amount.clone(),
            reference: body.reference.clone(),
            on: optional_day("on", body.on.as_ref())?,
        };
        Ok(RefundJson::new(&engine.refund(&request, caller)?))
    })
    .await
}

#[derive(Deserialize)]
struct OnDay {
    on: Option<String>,
}

async fn line(State(app): State<App>, Path(id): Path<String>, Query(asked): Query<OnDay>) -> Response {
    answer_with(app, move |engine, now| {
        let on = optional_day("on", asked.on.as_ref())?;
        Ok(LineJson::new(&engine.line(&id, on, now)?))
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MoveBody {
    command: String,
    limit: Option<String>,
    reason: String,
}

async fn move_line(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    command(app, &headers, body, move |engine, body: &MoveBody, caller| {
        let action = action_of(body)?;
        Ok(LineJson::new(&engine.move_line(&id, &action, &body.reason, caller)?))
    })
    .await
}

/// The commands that an actor may give; the freeze for overdue is the day's to set.
fn action_of(body: &MoveBody) -> Result<LineAction, Refused> {
    let known = ["open", "close", "freeze_risk", "thaw_risk", "thaw_overdue", "suspend", "resume", "limit"];
    match (body.command.as_str(), &body.limit) {
        ("limit", Some(limit)) => Ok(LineAction::Limit(limit.clone())),
        ("limit", None) => Err(bad_field("limit", wording!("缺少该字段", "is missing"))),
        (_, Some(_)) => {
            Err(bad_field("limit", wording!("仅可与命令 limit 一起使用", "goes with the command limit only")))
        }
        (code, None) => match LineCommand::parse(code) {
            Some(LineCommand::FreezeOverdue | LineCommand::Lower | LineCommand::Raise) | None => {
                Err(unknown_word("command", code, known))
            }
            Some(command) => Ok(LineAction::Command(command)),
        },
    }
}

//! What programs record of customers: circumstances, promises, calls, and leave to call.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{get, post};
use dunlin_domain::circumstance::CircumstanceKind;
use dunlin_domain::date::Timestamp;
use dunlin_domain::id::{CallId, CircumstanceId};
use dunlin_domain::wording;
use dunlin_engine::calls::{NewCall, NewCallRecord};
use dunlin_engine::circumstances::NewCircumstance;
use serde::Deserialize;

use super::{App, Refused, answer_with, bad_field, command, optional_day, unknown_word};
use crate::api::guard::{
    CallJson, CallPermitJson, CallsJson, CircumstanceJson, CircumstancesJson, PromiseJson, PromisesJson,
    call_way,
};

/// The addresses of this file.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/api/customers/{id}/circumstances", get(circumstances).post(add_circumstance))
        .route("/api/circumstances/{id}/end", post(end_circumstance))
        .route("/api/agreements/{id}/promises", get(promises))
        .route("/api/customers/{id}/calls", get(calls))
        .route("/api/calls", post(record_call))
        .route("/api/calls/begin", post(begin_call))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CircumstanceBody {
    kind: String,
    #[serde(default)]
    value: String,
    agreement: Option<String>,
    contact_point: Option<String>,
    from: Option<String>,
    through: Option<String>,
    reason: String,
    evidence: String,
}

async fn add_circumstance(
    State(app): State<App>,
    Path(customer): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    command(app, &headers, body, move |engine, body: &CircumstanceBody, caller| {
        let kind = CircumstanceKind::parse(&body.kind).ok_or_else(|| {
            unknown_word("kind", &body.kind, CircumstanceKind::ALL.iter().map(|kind| kind.code()))
        })?;
        let new = NewCircumstance {
            customer: Some(customer),
            agreement: body.agreement.clone(),
            contact_point: body.contact_point.clone(),
            kind,
            value: body.value.clone(),
            from: optional_day("from", body.from.as_ref())?,
            through: optional_day("through", body.through.as_ref())?,
            reason: body.reason.clone(),
            evidence: body.evidence.clone(),
        };
        let row = match kind {
            CircumstanceKind::OptIn | CircumstanceKind::OptOut => engine.change_consent(&new, caller)?,
            _ => engine.add_circumstance(&new, caller)?,
        };
        Ok(CircumstanceJson::new(&row))
    })
    .await
}

async fn circumstances(State(app): State<App>, Path(customer): Path<String>) -> Response {
    answer_with(app, move |engine, _| {
        let rows = engine.circumstances(&customer)?;
        Ok(CircumstancesJson { circumstances: rows.iter().map(CircumstanceJson::new).collect() })
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EndBody {
    on: Option<String>,
    reason: String,
}

async fn end_circumstance(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    command(app, &headers, body, move |engine, body: &EndBody, caller| {
        let id = CircumstanceId::parse(&id).ok_or_else(|| {
            bad_field("id", wording!("“{id}”不是登记事项的编号", "{id:?} is no id of an entry"))
        })?;
        let on = optional_day("on", body.on.as_ref())?;
        Ok(CircumstanceJson::new(&engine.end_circumstance(id, on, &body.reason, caller)?))
    })
    .await
}

async fn promises(State(app): State<App>, Path(agreement): Path<String>) -> Response {
    answer_with(app, move |engine, now| {
        let promises = engine.promises(&agreement, now)?;
        Ok(PromisesJson { promises: promises.iter().map(PromiseJson::new).collect() })
    })
    .await
}

async fn calls(State(app): State<App>, Path(customer): Path<String>) -> Response {
    answer_with(app, move |engine, _| {
        Ok(CallsJson { calls: engine.calls(&customer)?.iter().map(CallJson::new).collect() })
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BeginBody {
    agreement: String,
    contact_point: Option<String>,
    by: Option<String>,
}

async fn begin_call(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Response {
    command(app, &headers, body, |engine, body: &BeginBody, caller| {
        let BeginBody { agreement, contact_point, by } = body;
        let new =
            NewCall { agreement: agreement.clone(), contact_point: contact_point.clone(), by: by.clone() };
        Ok(CallPermitJson::new(&engine.begin_call(&new, caller)?))
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordBody {
    call: Option<String>,
    customer: Option<String>,
    #[serde(default)]
    agreements: Vec<String>,
    #[serde(default)]
    received: bool,
    outcome: String,
    at: Option<String>,
    contact_point: Option<String>,
    by: Option<String>,
    #[serde(default)]
    evidence: String,
}

pub(super) fn moment(field: &'static str, text: Option<&String>) -> Result<Option<Timestamp>, Refused> {
    let Some(text) = text else { return Ok(None) };
    let read: Result<jiff::Timestamp, _> = text.parse();
    let read = read.map_err(|_| {
        bad_field(
            field,
            wording!(
                "“{text}”不是时刻，应如 2026-03-02T09:30:00+08:00",
                "{text:?} is no moment such as 2026-03-02T09:30:00+08:00"
            ),
        )
    })?;
    Ok(Some(Timestamp::from_micros(read.as_microsecond())))
}

async fn record_call(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Response {
    command(app, &headers, body, |engine, body: &RecordBody, caller| {
        let call = body.call.as_ref().map(|id| {
            CallId::parse(id).ok_or_else(|| {
                bad_field("call", wording!("“{id}”不是通话的编号", "{id:?} is no id of a call"))
            })
        });
        let new = NewCallRecord {
            call: call.transpose()?,
            customer: body.customer.clone(),
            agreements: body.agreements.clone(),
            at: moment("at", body.at.as_ref())?,
            way: call_way(body.received, &body.outcome)?,
            contact_point: body.contact_point.clone(),
            by: body.by.clone(),
            evidence: body.evidence.clone(),
        };
        Ok(CallJson::new(&engine.record_call(&new, caller)?))
    })
    .await
}

//! Who is one person, over the API: duplicates, and merges and splits that another person agrees to.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::json;

use dunlin_domain::wording;

use super::{App, NoteBody, answer_with, approval, bad_field, command, request};
use crate::api::persons::{duplicate_json, request_json};

/// The numbers and addresses that are looked at when nobody says how many.
const DUPLICATES_MOST: usize = 1_000;

/// The addresses of this file.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/api/customers/duplicates", get(duplicates))
        .route("/api/customers/merge-requests", get(requests))
        .route("/api/customers/merge-requests/{id}/approve", post(approve))
        .route("/api/customers/merge-requests/{id}/reject", post(reject))
        .route("/api/customers/{id}/merge", post(merge))
        .route("/api/customers/{id}/split", post(split))
        .route("/api/customers/{id}/same-person", get(same_person))
}

#[derive(Deserialize)]
struct MostQuery {
    most: Option<String>,
}

async fn duplicates(State(app): State<App>, Query(query): Query<MostQuery>) -> Response {
    answer_with(app, move |engine, _| {
        let most = match query.most.as_deref() {
            None => DUPLICATES_MOST,
            Some(text) => text
                .parse()
                .map_err(|_| bad_field("most", wording!("“{text}”不是数字", "{text:?} is no number")))?,
        };
        let found = engine.duplicate_customers(most)?;
        Ok(json!({ "duplicates": found.iter().map(duplicate_json).collect::<Vec<_>>() }))
    })
    .await
}

async fn requests(State(app): State<App>) -> Response {
    answer_with(app, |engine, _| {
        let views = engine.merge_requests()?;
        Ok(json!({ "requests": views.iter().map(request_json).collect::<Vec<_>>() }))
    })
    .await
}

async fn same_person(State(app): State<App>, Path(customer): Path<String>) -> Response {
    answer_with(app, move |engine, _| {
        Ok(json!({ "customer": customer, "same_person": engine.same_person(&customer)? }))
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MergeBody {
    customer: String,
    reason: String,
}

/// The customer of the address is the one under whom both are counted.
async fn merge(
    State(app): State<App>,
    Path(person): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    request(app, &headers, body, move |engine, body: &MergeBody, caller| {
        Ok(request_json(&engine.ask_merge(&person, &body.customer, &body.reason, caller)?))
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SplitBody {
    reason: String,
}

async fn split(
    State(app): State<App>,
    Path(customer): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    request(app, &headers, body, move |engine, body: &SplitBody, caller| {
        Ok(request_json(&engine.ask_split(&customer, &body.reason, caller)?))
    })
    .await
}

async fn approve(
    State(app): State<App>,
    Path(request): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    approval(app, &headers, body, move |engine, body: &NoteBody, caller| {
        Ok(request_json(&engine.approve_merge(&request, &body.note, caller)?))
    })
    .await
}

async fn reject(
    State(app): State<App>,
    Path(request): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    command(app, &headers, body, move |engine, body: &NoteBody, caller| {
        Ok(request_json(&engine.reject_merge(&request, &body.note, caller)?))
    })
    .await
}

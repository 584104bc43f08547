//! What programs ask and record of contact points: where each comes from, and what shows that it is the person's.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{get, post};
use dunlin_domain::contact::ProofKind;
use dunlin_engine::contact_history::NewProof;
use serde::Deserialize;

use super::{App, answer_with, command, optional_day, unknown_word};
use crate::api::contact::PointHistoryJson;

/// The addresses of this file.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/api/customers/{id}/contact-points", get(history))
        .route("/api/customers/{id}/contact-points/{point}", get(history_of_point))
        .route("/api/customers/{id}/contact-points/{point}/verify", post(verify))
}

async fn history(State(app): State<App>, Path(customer): Path<String>) -> Response {
    answer_with(app, move |engine, _| {
        Ok(PointHistoryJson::new(&customer, &engine.contact_history(&customer, None)?))
    })
    .await
}

async fn history_of_point(
    State(app): State<App>,
    Path((customer, point)): Path<(String, String)>,
) -> Response {
    answer_with(app, move |engine, _| {
        Ok(PointHistoryJson::new(&customer, &engine.contact_history(&customer, Some(&point))?))
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VerifyBody {
    how: String,
    on: Option<String>,
    evidence: String,
}

async fn verify(
    State(app): State<App>,
    Path((customer, point)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    command(app, &headers, body, move |engine, body: &VerifyBody, caller| {
        let how = ProofKind::parse(&body.how)
            .ok_or_else(|| unknown_word("how", &body.how, ProofKind::ALL.iter().map(|kind| kind.code())))?;
        let on = optional_day("on", body.on.as_ref())?;
        let new = NewProof { customer: customer.clone(), point, how, on, evidence: body.evidence.clone() };
        Ok(PointHistoryJson::new(&customer, &engine.verify_contact_point(&new, caller)?))
    })
    .await
}

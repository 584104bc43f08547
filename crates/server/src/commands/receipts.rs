//! Receipts and replies that providers of messages bring, and what they say when they are asked.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::post;
use dunlin_engine::delivery::Callback;
use serde::{Deserialize, Serialize};

use super::{App, answer_with, command};

/// The addresses of this file.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/api/callbacks/receipts/{provider}", post(receipts))
        .route("/api/callbacks/replies/{provider}", post(replies))
        .route("/api/messages/{id}/ask", post(ask))
}

/// What a provider says of a message.
#[derive(Serialize)]
struct AskedJson {
    message: String,
    provider: String,
    answer: &'static str,
    code: String,
    state: &'static str,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EmptyBody {}

async fn ask(
    State(app): State<App>,
    Path(message): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    command(app, &headers, body, move |engine, _: &EmptyBody, caller| {
        let asked = engine.ask_about(&message, caller.now)?;
        Ok(AskedJson {
            message,
            provider: asked.provider,
            answer: asked.answer,
            code: asked.code,
            state: asked.state.code(),
        })
    })
    .await
}

/// What became of the receipts.
#[derive(Serialize)]
struct ReceiptsJson {
    /// What Aliyun wants to hear; the others look at the status alone.
    code: u8,
    /// What Tencent Cloud wants to hear.
    result: u8,
    delivered: u64,
    failed: u64,
    repeated: u64,
    unmatched: u64,
    rejected: u64,
    /// What is wrong with each of these.
    refused: Vec<String>,
}

async fn receipts(
    State(app): State<App>,
    Path(provider): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let headers = texts_of(&headers);
    answer_with(app, move |engine, now| {
        let query = query.as_deref().unwrap_or_default();
        let callback = Callback { query, headers: &headers, body: &body };
        let (report, refused) = engine.take_receipt_callback(&provider, &callback, now)?;
        Ok(ReceiptsJson {
            code: 0,
            result: 0,
            delivered: report.delivered,
            failed: report.failed,
            repeated: report.repeated,
            unmatched: report.unmatched,
            rejected: report.rejected,
            refused,
        })
    })
    .await
}

/// What became of the replies.
#[derive(Serialize)]
struct RepliesJson {
    /// What Aliyun wants to hear; the others look at the status alone.
    code: u8,
    /// What Tencent Cloud wants to hear.
    result: u8,
    replies: u64,
    opted_out: u64,
}

async fn replies(
    State(app): State<App>,
    Path(provider): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let headers = texts_of(&headers);
    answer_with(app, move |engine, now| {
        let query = query.as_deref().unwrap_or_default();
        let callback = Callback { query, headers: &headers, body: &body };
        let report = engine.take_reply_callback(&provider, &callback, now)?;
        Ok(RepliesJson { code: 0, result: 0, replies: report.replies, opted_out: report.opted_out })
    })
    .await
}

fn texts_of(headers: &HeaderMap) -> Vec<(String, String)> {
    let texts = headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())));
    texts.collect()
}

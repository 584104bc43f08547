//! Calls that agents place over the API: the next one, the number, what became of it, and the day's list.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{get, post};
use dunlin_domain::call_task::CallResult;
use dunlin_domain::id::MessageId;
use dunlin_domain::wording;
use dunlin_engine::call_tasks::CallReport;
use serde::Deserialize;
use serde_json::json;

use super::guard::moment;
use super::{App, Refused, answer_with, bad_field, command, day, optional_day, unknown_word};
use crate::api::call_tasks::{list_json, reported_json, sheet_json};

/// The addresses of this file.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/api/call-tasks", get(list))
        .route("/api/call-tasks/next", post(next))
        .route("/api/call-tasks/{id}/dial", post(dial))
        .route("/api/call-tasks/{id}/outcome", post(outcome))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    on: Option<String>,
}

async fn list(State(app): State<App>, Query(query): Query<ListQuery>) -> Response {
    answer_with(app, move |engine, _| {
        let on = optional_day("on", query.on.as_ref())?;
        Ok(list_json(&engine.call_tasks(on)?))
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AgentBody {
    agent: String,
}

async fn next(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Response {
    command(app, &headers, body, |engine, body: &AgentBody, caller| {
        let sheet = engine.next_call(&body.agent, caller)?;
        Ok(json!({ "task": sheet.as_ref().map(sheet_json) }))
    })
    .await
}

fn task_of(id: &str) -> Result<MessageId, Refused> {
    MessageId::parse(id).ok_or_else(|| {
        bad_field("id", wording!("“{id}”不是电话任务的编号", "{id:?} is no id of a call task"))
    })
}

async fn dial(State(app): State<App>, Path(id): Path<String>, headers: HeaderMap, body: Bytes) -> Response {
    command(app, &headers, body, move |engine, body: &AgentBody, caller| {
        let sheet = engine.dial_call(task_of(&id)?, &body.agent, caller)?;
        Ok(json!({ "task": sheet_json(&sheet) }))
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OutcomeBody {
    agent: String,
    result: String,
    #[serde(default)]
    note: String,
    #[serde(default)]
    evidence: String,
    amount: Option<String>,
    by: Option<String>,
    call_back_at: Option<String>,
}

async fn outcome(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    command(app, &headers, body, move |engine, body: &OutcomeBody, caller| {
        let result = CallResult::parse(&body.result).ok_or_else(|| {
            unknown_word("result", &body.result, CallResult::ALL.iter().map(|result| result.code()))
        })?;
        let promise = match (&body.amount, &body.by) {
            (Some(amount), Some(by)) => Some((amount.clone(), day("by", by)?)),
            (None, None) => None,
            (Some(_), None) | (None, Some(_)) => {
                return Err(bad_field(
                    "amount",
                    wording!("amount 与 by 须同时填写", "amount and by belong together"),
                ));
            }
        };
        let new = CallReport {
            task: task_of(&id)?,
            agent: body.agent.clone(),
            result,
            note: body.note.clone(),
            evidence: body.evidence.clone(),
            promise,
            call_back_at: moment("call_back_at", body.call_back_at.as_ref())?,
        };
        Ok(reported_json(&engine.report_call(&new, caller)?))
    })
    .await
}

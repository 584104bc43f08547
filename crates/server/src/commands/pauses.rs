//! Pauses and gentler modes over the API: asked for, previewed, agreed to by another person, ended early.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{get, post};
use dunlin_domain::contact::Channel;
use dunlin_domain::date::BusinessDate;
use dunlin_domain::id::PauseId;
use dunlin_domain::pause::{PauseKind, PauseScope};
use dunlin_domain::wording;
use dunlin_engine::Engine;
use dunlin_engine::pauses::NewPause;
use dunlin_engine::payment::Caller;
use serde::Deserialize;
use serde_json::json;

use super::{App, NoteBody, Refused, answer_with, approval, bad_field, command, day, request, unknown_word};
use crate::api::pauses::{mode_json, pause_json, preview_json};

/// The addresses of this file.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/api/pauses", get(pauses).post(add))
        .route("/api/pauses/{id}/approve", post(approve))
        .route("/api/pauses/{id}/reject", post(reject))
        .route("/api/pauses/{id}/end", post(end))
        .route("/api/modes", get(modes))
}

async fn pauses(State(app): State<App>) -> Response {
    answer_with(app, |engine, _| {
        let pauses = engine.pauses()?;
        Ok(json!({ "pauses": pauses.iter().map(pause_json).collect::<Vec<_>>() }))
    })
    .await
}

async fn modes(State(app): State<App>) -> Response {
    answer_with(app, |engine, _| {
        let modes = engine.modes()?;
        Ok(json!({ "modes": modes.iter().map(mode_json).collect::<Vec<_>>() }))
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PauseBody {
    kind: String,
    from: String,
    through: String,
    reason_zh: String,
    reason_en: String,
    #[serde(default)]
    channels: Vec<String>,
    #[serde(default)]
    products: Vec<String>,
    #[serde(default)]
    buckets: Vec<String>,
    per_hour: Option<u32>,
    customer_zh: Option<String>,
    customer_en: Option<String>,
    #[serde(default)]
    preview: bool,
}

impl PauseBody {
    fn new_pause(&self) -> Result<NewPause, Refused> {
        let kind = PauseKind::parse(&self.kind)
            .ok_or_else(|| unknown_word("kind", &self.kind, PauseKind::ALL.iter().map(|kind| kind.code())))?;
        let channel = |code: &String| {
            Channel::parse(code).ok_or_else(|| {
                unknown_word("channels", code, Channel::ALL.iter().map(|channel| channel.code()))
            })
        };
        let channels = self.channels.iter().map(channel).collect::<Result<Vec<_>, _>>()?;
        let (products, buckets) = (self.products.clone(), self.buckets.clone());
        Ok(NewPause {
            kind,
            scope: PauseScope { channels, products, buckets },
            from: BusinessDate(day("from", &self.from)?),
            through: BusinessDate(day("through", &self.through)?),
            reason_zh: self.reason_zh.clone(),
            reason_en: self.reason_en.clone(),
            per_hour: self.per_hour,
            customer: self.customer_zh.clone().zip(self.customer_en.clone()),
        })
    }
}

async fn add(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Response {
    let work = |engine: &Engine, body: &PauseBody, caller: Caller<'_>| {
        let new = body.new_pause()?;
        if body.preview {
            return Ok(preview_json(&engine.preview_pause(&new)?));
        }
        Ok(pause_json(&engine.add_pause_as(&new, caller)?))
    };
    // A preview begins nothing, so that it needs nobody's name.
    if serde_json::from_slice::<PauseBody>(&body).is_ok_and(|body| body.preview) {
        return command(app, &headers, body, work).await;
    }
    request(app, &headers, body, work).await
}

fn pause_id(text: &str) -> Result<PauseId, Refused> {
    PauseId::parse(text)
        .ok_or_else(|| bad_field("id", wording!("“{text}”不是暂停的编号", "{text:?} is no id of a pause")))
}

async fn approve(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    approval(app, &headers, body, move |engine, body: &NoteBody, caller| {
        Ok(pause_json(&engine.approve_pause(pause_id(&id)?, &body.note, caller)?))
    })
    .await
}

async fn reject(State(app): State<App>, Path(id): Path<String>, headers: HeaderMap, body: Bytes) -> Response {
    command(app, &headers, body, move |engine, body: &NoteBody, caller| {
        Ok(pause_json(&engine.reject_pause(pause_id(&id)?, &body.note, caller)?))
    })
    .await
}

async fn end(State(app): State<App>, Path(id): Path<String>, headers: HeaderMap, body: Bytes) -> Response {
    command(app, &headers, body, move |engine, _: &NoteBody, caller| {
        let held = engine.end_pause_as(pause_id(&id)?, caller)?;
        Ok(json!({ "id": id, "agreements_with_held_notice": held }))
    })
    .await
}

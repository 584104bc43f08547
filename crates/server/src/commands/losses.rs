//! Charge-offs, write-offs and sales of claims, as programs ask for them. Above a limit each waits for a second person.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{get, post};
use dunlin_domain::wording;
use dunlin_engine::losses::sale::{NewSale, NewSaleLine};
use dunlin_engine::losses::{LossKind, LossReason, NewLoss};
use dunlin_engine::payment::Caller;
use serde::{Deserialize, Serialize};

use super::{
    App, NoteBody, Refused, answer_with, approval, bad_field, command, day, optional_day, request,
    unknown_word,
};
use crate::api::losses::{LossJson, RecoveriesJson, SaleJson};

/// The addresses of this file.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/api/losses", post(lose))
        .route("/api/losses/pending", get(pending))
        .route("/api/losses/{id}/approve", post(approve_loss))
        .route("/api/losses/{id}/reject", post(reject_loss))
        .route("/api/agreements/{id}/losses", get(losses_of))
        .route("/api/agreements/{id}/recoveries", get(recoveries))
        .route("/api/sales", get(sales).post(sell))
        .route("/api/sales/{id}", get(sale))
        .route("/api/sales/{id}/approve", post(approve_sale))
        .route("/api/sales/{id}/reject", post(reject_sale))
        .route("/api/sales/{id}/notify", post(notify_sale))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LossBody {
    agreement: String,
    kind: String,
    reason: String,
    note: String,
    value_on: Option<String>,
    reference: Option<String>,
}

async fn lose(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Response {
    request(app, &headers, body, |engine, body: &LossBody, caller| {
        let kind = match body.kind.as_str() {
            "charge_off" => LossKind::ChargeOff,
            "write_off" => LossKind::WriteOff,
            _ => {
                return Err(bad_field(
                    "kind",
                    wording!(
                        "只能是 charge_off 或 write_off；债权转让请向 /api/sales 申请",
                        "must be charge_off or write_off; a sale is asked for at /api/sales"
                    ),
                ));
            }
        };
        let reason = LossReason::parse(&body.reason).ok_or_else(|| {
            unknown_word("reason", &body.reason, LossReason::ALL.iter().map(|reason| reason.code()))
        })?;
        let new = NewLoss {
            agreement: body.agreement.clone(),
            kind,
            value_on: optional_day("value_on", body.value_on.as_ref())?,
            reason,
            note: body.note.clone(),
            reference: body.reference.clone(),
        };
        Ok(LossJson::new(&engine.lose(&new, caller)?))
    })
    .await
}

async fn approve_loss(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    approval(app, &headers, body, move |engine, body: &NoteBody, caller| {
        Ok(LossJson::new(&engine.approve_loss(&id, &body.note, caller)?))
    })
    .await
}

async fn reject_loss(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    command(app, &headers, body, move |engine, body: &NoteBody, caller| {
        Ok(LossJson::new(&engine.reject_loss(&id, &body.note, caller)?))
    })
    .await
}

#[derive(Serialize)]
struct LossesJson {
    losses: Vec<LossJson>,
}

async fn pending(State(app): State<App>) -> Response {
    answer_with(app, |engine, now| {
        let losses = engine.pending_losses(Caller { actor: "api", now })?;
        Ok(LossesJson { losses: losses.iter().map(LossJson::new).collect() })
    })
    .await
}

async fn losses_of(State(app): State<App>, Path(id): Path<String>) -> Response {
    answer_with(app, move |engine, _| {
        Ok(LossesJson { losses: engine.losses_of(&id)?.iter().map(LossJson::new).collect() })
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OnQuery {
    on: Option<String>,
}

async fn recoveries(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(query): Query<OnQuery>,
) -> Response {
    answer_with(app, move |engine, _| {
        let on = optional_day("on", query.on.as_ref())?;
        Ok(RecoveriesJson::new(&engine.recoveries(&id, on)?))
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SaleBody {
    reference: String,
    buyer_zh: String,
    buyer_en: Option<String>,
    buyer_contact: String,
    sold_on: Option<String>,
    note: String,
    agreements: Vec<SaleLineBody>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SaleLineBody {
    agreement: String,
    price: String,
}

async fn sell(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Response {
    request(app, &headers, body, |engine, body: &SaleBody, caller| {
        let line = |line: &SaleLineBody| NewSaleLine {
            agreement: line.agreement.clone(),
            price: line.price.clone(),
        };
        let new = NewSale {
            reference: body.reference.clone(),
            buyer_zh: body.buyer_zh.clone(),
            buyer_en: body.buyer_en.clone().unwrap_or_else(|| body.buyer_zh.clone()),
            buyer_contact: body.buyer_contact.clone(),
            sold_on: body.sold_on.as_deref().map(|text| day("sold_on", text)).transpose()?,
            note: body.note.clone(),
            lines: body.agreements.iter().map(line).collect(),
        };
        Ok(SaleJson::new(&engine.sell(&new, caller)?))
    })
    .await
}

#[derive(Serialize)]
struct SalesJson {
    sales: Vec<SaleJson>,
}

async fn sales(State(app): State<App>) -> Response {
    answer_with(app, |engine, _| Ok(SalesJson { sales: engine.sales()?.iter().map(SaleJson::new).collect() }))
        .await
}

async fn sale(State(app): State<App>, Path(id): Path<String>) -> Response {
    answer_with(app, move |engine, _| Ok(SaleJson::new(&engine.sale(&id)?))).await
}

async fn approve_sale(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    approval(app, &headers, body, move |engine, body: &NoteBody, caller| {
        Ok(SaleJson::new(&engine.approve_sale(&id, &body.note, caller)?))
    })
    .await
}

async fn reject_sale(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    command(app, &headers, body, move |engine, body: &NoteBody, caller| {
        Ok(SaleJson::new(&engine.reject_sale(&id, &body.note, caller)?))
    })
    .await
}

/// Nothing is needed in the body but its braces.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EmptyBody {}

#[derive(Serialize)]
struct NotifiedJson {
    planned: u64,
    #[serde(flatten)]
    sale: SaleJson,
}

async fn notify_sale(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    command(app, &headers, body, move |engine, _: &EmptyBody, caller| {
        let (sale, planned) = engine.notify_sale(&id, caller)?;
        Ok::<_, Refused>(NotifiedJson { planned, sale: SaleJson::new(&sale) })
    })
    .await
}

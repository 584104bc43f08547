//! What programs may change: payments, what undoes them, waivers, losses, and the call-backs of payment gateways.
//!
//! Each does what the command of `dunlin` of the same name does, answers with the same document, and refuses with the same
//! code. There is no login yet: who acts stands in the header `dunlin-actor`. A page elsewhere cannot make a browser send
//! one of these, since they take `application/json` only, for which a browser asks first and is not answered; a call-back
//! needs the gateway's signature instead.

mod call_tasks;
mod checkout;
mod contact;
mod customers;
mod guard;
mod losses;
mod pauses;
mod receipts;
mod servicing;
mod unsubscribe;

use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::{get, post};
use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::money::Currency;
use dunlin_domain::terms::Component;
use dunlin_engine::payment::callback::{BODY_BYTE_COUNT_MAX, Callback};
use dunlin_engine::payment::customer::NewCustomerPayment;
use dunlin_engine::payment::incoming::Taken;
use dunlin_engine::payment::waiver::{NewWaiver, WaiverReason};
use dunlin_engine::payment::{Caller, CreditRefund, NewCharge, NewPayment, Undoing};
use dunlin_engine::{Engine, EngineError};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::answer;
use crate::api::incoming::IncomingJson;
use crate::api::payments::{CustomerPaymentJson, RecordedJson, ReportJson};
use crate::api::waivers::WaiverJson;
use crate::guard::{Hosts, guard as guarded};

/// Tells the moment; given by whoever may read the clock.
pub type Moment = Arc<dyn Fn() -> Timestamp + Send + Sync>;

#[derive(Clone)]
struct App {
    engine: Arc<Engine>,
    moment: Moment,
}

/// The addresses that change something, answering to the names in `hosts`.
pub(crate) fn routes(engine: Arc<Engine>, moment: Moment, hosts: Hosts) -> Router {
    Router::new()
        .route("/api/payments", post(pay))
        .route("/api/payments/{reference}/reverse", post(reverse))
        .route("/api/payments/{reference}/return", post(bank_return))
        .route("/api/customer-payments", post(pay_customer))
        .route("/api/credit-refunds", post(refund_credit))
        .route("/api/charges", post(charge))
        .route("/api/waivers", post(waive))
        .route("/api/waivers/pending", get(pending_waivers))
        .route("/api/waivers/{id}/approve", post(approve_waiver))
        .route("/api/waivers/{id}/reject", post(reject_waiver))
        .route("/api/agreements/{id}/waivers", get(waivers_of))
        .route("/api/agreements/{id}/changes", get(changes))
        .route("/api/incoming", get(open_incoming))
        .route("/api/incoming/{id}/assign", post(assign_incoming))
        .route("/api/incoming/{id}/send-back", post(send_back_incoming))
        .route("/api/callbacks/payment/{gateway}", post(callback))
        .merge(call_tasks::routes())
        .merge(checkout::routes())
        .merge(guard::routes())
        .merge(contact::routes())
        .merge(customers::routes())
        .merge(losses::routes())
        .merge(pauses::routes())
        .merge(servicing::routes())
        .merge(receipts::routes())
        .merge(unsubscribe::routes())
        .layer(DefaultBodyLimit::max(BODY_BYTE_COUNT_MAX))
        .layer(from_fn_with_state(hosts, guarded))
        .with_state(App { engine, moment })
}

/// A request that was refused.
struct Refused {
    status: StatusCode,
    code: &'static str,
    message: Wording,
}

impl Refused {
    fn new(status: StatusCode, code: &'static str, message: Wording) -> Self {
        Self { status, code, message }
    }
}

impl From<EngineError> for Refused {
    fn from(error: EngineError) -> Self {
        let code = error.code();
        let status = match &error {
            EngineError::Store(_) => StatusCode::INTERNAL_SERVER_ERROR,
            EngineError::LeaseLost => StatusCode::SERVICE_UNAVAILABLE,
            EngineError::NotFound { .. } => StatusCode::NOT_FOUND,
            _ => match code {
                "signature" => StatusCode::UNAUTHORIZED,
                "same_person" => StatusCode::FORBIDDEN,
                "circumstance_ended" | "call_recorded" | "lease" | "repeated" => StatusCode::CONFLICT,
                "reference_conflict" | "already_reversed" | "not_pending" | "not_open" | "expired"
                | "quote_ended" | "quote_stale" => StatusCode::CONFLICT,
                "body" | "usage" => StatusCode::BAD_REQUEST,
                _ => StatusCode::UNPROCESSABLE_ENTITY,
            },
        };
        Self { status, code, message: error.wording() }
    }
}

#[derive(Serialize)]
struct RefusedJson<'r> {
    status: u16,
    code: &'r str,
    message: &'r str,
    message_zh: &'r str,
}

fn json(status: StatusCode, kind: &'static str, document: &impl Serialize) -> Response {
    let body = serde_json::to_vec(document).expect("numbers and texts can be written as JSON");
    answer::response(status, kind, body)
}

fn refusal(refused: &Refused) -> Response {
    let Wording { zh, en } = &refused.message;
    let document =
        RefusedJson { status: refused.status.as_u16(), code: refused.code, message: en, message_zh: zh };
    json(refused.status, "application/problem+json", &document)
}

/// Asks the engine on a thread that may block, and answers with its document.
async fn answer_with<T: Serialize + Send + 'static>(
    app: App,
    work: impl FnOnce(&Engine, Timestamp) -> Result<T, Refused> + Send + 'static,
) -> Response {
    let done = tokio::task::spawn_blocking(move || work(&app.engine, (app.moment)())).await;
    let failed = || wording!("程序出错", "the program failed");
    let crashed = |_| Err(Refused::new(StatusCode::INTERNAL_SERVER_ERROR, "crashed", failed()));
    match done.unwrap_or_else(crashed) {
        Ok(document) => json(StatusCode::OK, "application/json", &document),
        Err(refused) => refusal(&refused),
    }
}

/// Reads the body, does the work, and answers with its document.
async fn command<B: DeserializeOwned + Send + 'static, T: Serialize + Send + 'static>(
    app: App,
    headers: &HeaderMap,
    body: Bytes,
    work: impl FnOnce(&Engine, &B, Caller<'_>) -> Result<T, Refused> + Send + 'static,
) -> Response {
    let actor = actor(headers).unwrap_or("api").to_owned();
    let parsed = match check_kind(headers).and_then(|()| read_body::<B>(&body)) {
        Ok(parsed) => parsed,
        Err(refused) => return refusal(&refused),
    };
    answer_with(app, move |engine, now| work(engine, &parsed, Caller { actor: &actor, now })).await
}

/// As [`command`], for what begins something that a second person agrees to: who asks must stand in the header, or else one
/// who asked without a name could agree to it under their own.
async fn request<B: DeserializeOwned + Send + 'static, T: Serialize + Send + 'static>(
    app: App,
    headers: &HeaderMap,
    body: Bytes,
    work: impl FnOnce(&Engine, &B, Caller<'_>) -> Result<T, Refused> + Send + 'static,
) -> Response {
    if actor(headers).is_none() {
        let message = wording!(
            "此项可能须由第二人同意：请在请求头 dunlin-actor 中写明申请人",
            "a second person may have to agree to this: name whoever asks in the header dunlin-actor"
        );
        return refusal(&Refused::new(StatusCode::BAD_REQUEST, "no_actor", message));
    }
    command(app, headers, body, work).await
}

/// As [`command`], for what a second person agrees to: who that is must stand in the header.
async fn approval<B: DeserializeOwned + Send + 'static, T: Serialize + Send + 'static>(
    app: App,
    headers: &HeaderMap,
    body: Bytes,
    work: impl FnOnce(&Engine, &B, Caller<'_>) -> Result<T, Refused> + Send + 'static,
) -> Response {
    if actor(headers).is_none() {
        let message = wording!(
            "审批须由第二人进行：请在请求头 dunlin-actor 中写明审批人",
            "an approval is a second person's: name whoever approves in the header dunlin-actor"
        );
        return refusal(&Refused::new(StatusCode::BAD_REQUEST, "no_actor", message));
    }
    command(app, headers, body, work).await
}

/// Who acts, as the header says it in UTF-8; `None` where it says nothing.
fn actor(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get("dunlin-actor")?;
    std::str::from_utf8(value.as_bytes()).ok().map(str::trim).filter(|actor| !actor.is_empty())
}

fn read_body<B: DeserializeOwned>(body: &Bytes) -> Result<B, Refused> {
    serde_json::from_slice::<B>(body).map_err(|error| {
        let message = wording!(
            "请求体不符合该地址的要求：{error}；各地址见 docs/cli.md",
            "the body is not what this address takes: {error}; docs/cli.md has the addresses"
        );
        Refused::new(StatusCode::BAD_REQUEST, "body", message)
    })
}

fn check_kind(headers: &HeaderMap) -> Result<(), Refused> {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    let message = wording!(
        "该地址只接受 content-type application/json",
        "this address takes content-type application/json only"
    );
    Err(Refused::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "content_type", message))
}

/// A field that cannot be read.
fn bad_field(name: &str, complaint: Wording) -> Refused {
    Refused::new(StatusCode::BAD_REQUEST, "body", complaint.at(name))
}

/// A field with a word that is none of those known.
fn unknown_word<'c>(name: &str, text: &str, known: impl IntoIterator<Item = &'c str>) -> Refused {
    bad_field(name, Wording::not_one_of(text, known))
}

fn day(name: &str, text: &str) -> Result<Date, Refused> {
    Date::parse(text).map_err(|error| bad_field(name, error.wording()))
}

fn optional_day(name: &str, text: Option<&String>) -> Result<Option<Date>, Refused> {
    text.map(|text| day(name, text)).transpose()
}

fn currency(text: Option<&String>) -> Result<Option<Currency>, Refused> {
    text.map(|text| Currency::parse(text).map_err(|error| bad_field("currency", error.wording()))).transpose()
}

fn component(text: Option<&String>, default: Component) -> Result<Component, Refused> {
    let Some(text) = text else { return Ok(default) };
    Component::parse(text).ok_or_else(|| {
        unknown_word("component", text, Component::ALL.iter().map(|component| component.code()))
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PayBody {
    agreement: String,
    amount: String,
    currency: Option<String>,
    value_on: String,
    reference: String,
    designate: Option<String>,
    #[serde(default)]
    note: String,
}

async fn pay(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Response {
    command(app, &headers, body, |engine, body: &PayBody, caller| {
        let new = NewPayment {
            agreement: body.agreement.clone(),
            amount: body.amount.clone(),
            currency: currency(body.currency.as_ref())?,
            value_on: day("value_on", &body.value_on)?,
            reference: body.reference.clone(),
            designation: body.designate.clone(),
            note: body.note.clone(),
        };
        Ok(RecordedJson::new(&engine.pay(&new, caller)?))
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PayCustomerBody {
    customer: String,
    amount: String,
    currency: Option<String>,
    value_on: String,
    reference: String,
    #[serde(default)]
    designate: Vec<String>,
    #[serde(default)]
    preview: bool,
    #[serde(default)]
    note: String,
}

async fn pay_customer(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Response {
    command(app, &headers, body, |engine, body: &PayCustomerBody, caller| {
        let new = NewCustomerPayment {
            customer: body.customer.clone(),
            amount: body.amount.clone(),
            currency: currency(body.currency.as_ref())?,
            value_on: day("value_on", &body.value_on)?,
            reference: body.reference.clone(),
            designated: body.designate.clone(),
            note: body.note.clone(),
        };
        let payment = if body.preview {
            engine.preview_customer_payment(&new, caller)?
        } else {
            engine.pay_customer(&new, caller)?
        };
        Ok(CustomerPaymentJson::new(&payment))
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UndoBody {
    agreement: Option<String>,
    value_on: Option<String>,
    reference: Option<String>,
    #[serde(alias = "reason_code")]
    reason: String,
}

#[derive(Serialize)]
struct UndoneJson {
    undone: Vec<RecordedJson>,
}

fn undoing(payment: String, body: &UndoBody) -> Result<Undoing, Refused> {
    Ok(Undoing {
        payment,
        agreement: body.agreement.clone(),
        value_on: optional_day("value_on", body.value_on.as_ref())?,
        reference: body.reference.clone(),
        reason: body.reason.clone(),
    })
}

async fn reverse(
    State(app): State<App>,
    Path(payment): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    command(app, &headers, body, |engine, body: &UndoBody, caller| {
        let undone = engine.reverse_payment(&undoing(payment, body)?, caller)?;
        Ok(UndoneJson { undone: undone.iter().map(RecordedJson::new).collect() })
    })
    .await
}

async fn bank_return(
    State(app): State<App>,
    Path(payment): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    command(app, &headers, body, |engine, body: &UndoBody, caller| {
        let undone = engine.return_payment(&undoing(payment, body)?, caller)?;
        Ok(UndoneJson { undone: undone.iter().map(RecordedJson::new).collect() })
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RefundBody {
    agreement: String,
    amount: String,
    value_on: Option<String>,
    reference: String,
    #[serde(default)]
    note: String,
}

async fn refund_credit(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Response {
    command(app, &headers, body, |engine, body: &RefundBody, caller| {
        let refund = CreditRefund {
            agreement: body.agreement.clone(),
            amount: body.amount.clone(),
            value_on: optional_day("value_on", body.value_on.as_ref())?,
            reference: body.reference.clone(),
            note: body.note.clone(),
        };
        Ok(RecordedJson::new(&engine.refund_credit(&refund, caller)?))
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChargeBody {
    agreement: String,
    amount: String,
    value_on: String,
    due_on: String,
    component: Option<String>,
    reference: String,
    #[serde(default)]
    note: String,
}

async fn charge(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Response {
    command(app, &headers, body, |engine, body: &ChargeBody, caller| {
        let new = NewCharge {
            agreement: body.agreement.clone(),
            amount: body.amount.clone(),
            value_on: day("value_on", &body.value_on)?,
            due_on: day("due_on", &body.due_on)?,
            component: component(body.component.as_ref(), Component::Charge)?,
            reference: body.reference.clone(),
            note: body.note.clone(),
        };
        Ok(RecordedJson::new(&engine.charge(&new, caller)?))
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WaiveBody {
    agreement: String,
    amount: String,
    component: Option<String>,
    due_on: Option<String>,
    value_on: Option<String>,
    reason: String,
    note: String,
    reference: Option<String>,
}

async fn waive(State(app): State<App>, headers: HeaderMap, body: Bytes) -> Response {
    request(app, &headers, body, |engine, body: &WaiveBody, caller| {
        let reason = WaiverReason::parse(&body.reason).ok_or_else(|| {
            unknown_word("reason", &body.reason, WaiverReason::ALL.iter().map(|reason| reason.code()))
        })?;
        let new = NewWaiver {
            agreement: body.agreement.clone(),
            amount: body.amount.clone(),
            component: component(body.component.as_ref(), Component::LateFee)?,
            due_on: optional_day("due_on", body.due_on.as_ref())?,
            value_on: optional_day("value_on", body.value_on.as_ref())?,
            reason,
            note: body.note.clone(),
            reference: body.reference.clone(),
        };
        Ok(WaiverJson::new(&engine.waive(&new, caller)?))
    })
    .await
}

/// A second person's word.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoteBody {
    #[serde(default)]
    note: String,
}

async fn approve_waiver(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    approval(app, &headers, body, move |engine, body: &NoteBody, caller| {
        Ok(WaiverJson::new(&engine.approve_waiver(&id, &body.note, caller)?))
    })
    .await
}

async fn reject_waiver(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    command(app, &headers, body, move |engine, body: &NoteBody, caller| {
        Ok(WaiverJson::new(&engine.reject_waiver(&id, &body.note, caller)?))
    })
    .await
}

#[derive(Serialize)]
struct WaiversJson {
    waivers: Vec<WaiverJson>,
}

async fn pending_waivers(State(app): State<App>) -> Response {
    answer_with(app, |engine, now| {
        let waivers = engine.pending_waivers(Caller { actor: "api", now })?;
        Ok(WaiversJson { waivers: waivers.iter().map(WaiverJson::new).collect() })
    })
    .await
}

async fn waivers_of(State(app): State<App>, Path(id): Path<String>) -> Response {
    answer_with(app, move |engine, _| {
        let waivers = engine.waivers_of(&id)?;
        Ok(WaiversJson { waivers: waivers.iter().map(WaiverJson::new).collect() })
    })
    .await
}

#[derive(Deserialize)]
struct Since {
    since: Option<String>,
}

#[derive(Serialize)]
struct ChangesJson {
    agreement: String,
    changes: Vec<ReportJson>,
}

async fn changes(State(app): State<App>, Path(id): Path<String>, Query(asked): Query<Since>) -> Response {
    answer_with(app, move |engine, _| {
        let since = optional_day("since", asked.since.as_ref())?;
        let reports = engine.changes(&id, since)?;
        Ok(ChangesJson { agreement: id, changes: reports.iter().map(ReportJson::new).collect() })
    })
    .await
}

#[derive(Serialize)]
struct EntriesJson {
    entries: Vec<IncomingJson>,
}

async fn open_incoming(State(app): State<App>) -> Response {
    answer_with(app, |engine, _| {
        let entries = engine.open_incoming()?;
        Ok(EntriesJson { entries: entries.iter().map(IncomingJson::new).collect() })
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AssignBody {
    agreement: String,
}

async fn assign_incoming(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    command(app, &headers, body, move |engine, body: &AssignBody, caller| {
        Ok(IncomingJson::new(&engine.assign_incoming(&id, &body.agreement, caller)?))
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SendBackBody {
    reason: String,
}

async fn send_back_incoming(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    command(app, &headers, body, move |engine, body: &SendBackBody, caller| {
        Ok(IncomingJson::new(&engine.send_back_incoming(&id, &body.reason, caller)?))
    })
    .await
}

async fn callback(
    State(app): State<App>,
    Path(gateway): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (timestamp, signature) = (header("dunlin-timestamp"), header("dunlin-signature"));
    answer_with(app, move |engine, now| {
        let callback = Callback {
            gateway: &gateway,
            timestamp: timestamp.as_deref(),
            signature: signature.as_deref(),
            body: &body,
        };
        let taken = engine.take_callback(&callback, now)?;
        if taken.taken == Taken::Conflict {
            let message = wording!(
                "此前已有相同 event_id 的通知，内容不同；以第一份为准",
                "an event with this event_id came before with other content; the first one holds"
            );
            return Err(Refused::new(StatusCode::CONFLICT, "reference_conflict", message));
        }
        Ok(IncomingJson::new(&taken))
    })
    .await
}

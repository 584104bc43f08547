//! Which address leads to which question, and in which form it is answered.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderValue, Uri};
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::get;
use dunlin_domain::contact::Language;
use dunlin_engine::Engine;

use crate::commands::Moment;
use crate::guard::{Hosts, guard};
use crate::problem::Problem;
use crate::ui::Ui;
use crate::visit::Visit;
use crate::{answer, api, ask, links, page};

/// What every request needs.
#[derive(Clone)]
struct App {
    engine: Arc<Engine>,
    moment: Moment,
}

impl App {
    fn reader(&self, visit: &Visit, language: Language) -> Ui {
        answer::reader(visit, language, self.engine.lender().name(language), self.engine.zone())
    }
}

/// The console and its API, answering to the names in `hosts`.
pub fn routes(engine: Arc<Engine>, moment: Moment, hosts: Hosts) -> axum::Router {
    axum::Router::new()
        .route("/", get(async |visit: Visit| answer::see_other("/today", &visit)))
        .route("/today", get(today))
        .route("/silence", get(silence))
        .route("/silence/{date}/{reason}", get(reason))
        .route("/coverage", get(coverage))
        .route("/measures", get(measures))
        .route("/calls", get(calls))
        .route("/books", get(books))
        .route("/books/accounts/{code}", get(account))
        .route("/agreements", get(search))
        .route("/agreements/{id}", get(agreement))
        .route("/agreements/{id}/why", get(why))
        .route("/agreements/{id}/statements", get(statements))
        .route("/agreements/{id}/statements/{file}", get(statement))
        .route("/api/today", get(api_today))
        .route("/api/all-clear", get(api_all_clear))
        .route("/api/silence", get(api_silence))
        .route("/api/silence/{date}/{reason}", get(api_reason))
        .route("/api/coverage", get(api_coverage))
        .route("/api/books", get(api_books))
        .route("/api/books/accounts/{code}", get(api_account))
        .route("/api/agreements/{id}", get(api_agreement))
        .route("/api/agreements/{id}/why", get(api_why))
        .route("/api/agreements/{id}/statements", get(api_statements))
        .route("/api/agreements/{id}/statements/{cut_off}", get(api_statement))
        .route("/assets/console.css", get(async || asset("text/css; charset=utf-8", STYLE)))
        .route("/assets/icon.svg", get(async || asset("image/svg+xml", ICON)))
        .fallback(no_such_page)
        .layer(from_fn_with_state(hosts, guard))
        .with_state(App { engine, moment })
}

const STYLE: &str = include_str!("../assets/console.css");
const ICON: &str = include_str!("../assets/icon.svg");

fn asset(kind: &'static str, text: &'static str) -> Response {
    let mut response = answer::response(StatusCode::OK, kind, text.as_bytes().to_vec());
    // Kept, but asked for again each time, so that a new version of the program is seen at once.
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

type AskedPath<T> = Result<Path<T>, PathRejection>;

/// Asks the engine on a thread that may block, and answers with a page.
async fn show(
    app: App,
    visit: Visit,
    make: impl FnOnce(&Engine, &Visit, &Ui) -> Result<String, Problem> + Send + 'static,
) -> Response {
    let ui = app.reader(&visit, visit.page_language());
    let (asked, reader) = (visit.clone(), ui.clone());
    let made = tokio::task::spawn_blocking(move || make(&app.engine, &asked, &reader)).await;
    answer::page(made.unwrap_or(Err(Problem::Crashed)), &ui, &visit)
}

/// Asks the engine on a thread that may block, and answers with JSON.
async fn tell(
    app: App,
    visit: Visit,
    make: impl FnOnce(&Engine, &Visit) -> Result<Vec<u8>, Problem> + Send + 'static,
) -> Response {
    let ui = app.reader(&visit, visit.api_language());
    let made = tokio::task::spawn_blocking(move || make(&app.engine, &visit)).await;
    answer::json(made.unwrap_or(Err(Problem::Crashed)), &ui)
}

/// The parts of a path. They are text of any kind; bytes that are no text name nothing.
fn parts<T>(path: AskedPath<T>) -> Result<T, Problem> {
    path.map(|Path(parts)| parts).map_err(|_| Problem::NoSuchPage)
}

async fn today(State(app): State<App>, visit: Visit) -> Response {
    show(app, visit, |engine, visit, ui| Ok(page::render_today(&ask::today(engine, visit)?, ui))).await
}

async fn silence(State(app): State<App>, visit: Visit) -> Response {
    show(app, visit, |engine, visit, ui| {
        let (view, span) = ask::silence(engine, visit)?;
        Ok(page::render_silence(&view, span, ui))
    })
    .await
}

async fn coverage(State(app): State<App>, visit: Visit) -> Response {
    show(app, visit, |engine, visit, ui| {
        let (view, span) = ask::coverage(engine, visit)?;
        Ok(page::render_coverage(&view, span, ui))
    })
    .await
}

async fn reason(State(app): State<App>, path: AskedPath<(String, String)>, visit: Visit) -> Response {
    show(app, visit, |engine, visit, ui| {
        let (date, code) = parts(path)?;
        Ok(page::render_reason(&ask::reason(engine, visit, &date, &code)?, ui))
    })
    .await
}

async fn calls(State(app): State<App>, visit: Visit) -> Response {
    show(app, visit, |engine, visit, ui| Ok(page::render_calls(&engine.call_tasks(visit.date("on")?)?, ui)))
        .await
}

async fn measures(State(app): State<App>, visit: Visit) -> Response {
    show(app, visit, |engine, _, ui| Ok(page::render_measures(&engine.measures()?, ui))).await
}

async fn books(State(app): State<App>, visit: Visit) -> Response {
    show(app, visit, |engine, visit, ui| Ok(page::render_books(&ask::books(engine, visit)?, ui))).await
}

async fn account(State(app): State<App>, path: AskedPath<String>, visit: Visit) -> Response {
    show(app, visit, |engine, visit, ui| {
        let (card, span) = ask::account(engine, visit, &parts(path)?)?;
        Ok(page::render_account(&card, span, ui))
    })
    .await
}

/// The search field: leads to the agreement of that id.
async fn search(State(app): State<App>, visit: Visit) -> Response {
    match visit.text("id") {
        Some(id) => answer::see_other(&links::agreement_now(id), &visit),
        None => show(app, visit, |_, _, _| Err(Problem::NoId)).await,
    }
}

async fn agreement(State(app): State<App>, path: AskedPath<String>, visit: Visit) -> Response {
    show(app, visit, |engine, visit, ui| {
        let id = parts(path)?;
        Ok(page::render_agreement(&ask::agreement(engine, visit, &id)?, ui))
    })
    .await
}

async fn why(State(app): State<App>, path: AskedPath<String>, visit: Visit) -> Response {
    show(app, visit, |engine, visit, ui| {
        let id = parts(path)?;
        Ok(page::render_why(&ask::why(engine, visit, &id)?, ui))
    })
    .await
}

async fn statements(State(app): State<App>, path: AskedPath<String>, visit: Visit) -> Response {
    let now = (app.moment)();
    show(app, visit, move |engine, visit, ui| {
        let id = parts(path)?;
        Ok(page::render_statements(&id, &ask::statements(engine, visit, &id, now)?, ui))
    })
    .await
}

/// A statement as a file: the date and the form, such as `2026-03-01.pdf`.
async fn statement(State(app): State<App>, path: AskedPath<(String, String)>, visit: Visit) -> Response {
    let ui = app.reader(&visit, visit.page_language());
    let asked = visit.clone();
    let made = tokio::task::spawn_blocking(move || {
        let (id, file) = parts(path)?;
        ask::statement_file(&app.engine, &asked, &id, &file, (app.moment)())
    });
    match made.await.unwrap_or(Err(Problem::Crashed)) {
        Ok(file) => answer::document(file),
        Err(problem) => answer::page(Err(problem), &ui, &visit),
    }
}

async fn api_statements(State(app): State<App>, path: AskedPath<String>, visit: Visit) -> Response {
    let now = (app.moment)();
    tell(app, visit, move |engine, visit| {
        let id = parts(path)?;
        let statements = ask::statements(engine, visit, &id, now)?;
        let statements: Vec<_> = statements.iter().map(dunlin_engine::statement_document::json).collect();
        api::write(&serde_json::json!({ "agreement": id, "statements": statements }))
    })
    .await
}

async fn api_statement(State(app): State<App>, path: AskedPath<(String, String)>, visit: Visit) -> Response {
    let now = (app.moment)();
    tell(app, visit, move |engine, visit| {
        let (id, cut_off) = parts(path)?;
        let statement = ask::statement(engine, visit, &id, &cut_off, now)?;
        api::write(&dunlin_engine::statements::statement_json(&statement))
    })
    .await
}

async fn api_today(State(app): State<App>, visit: Visit) -> Response {
    tell(app, visit, |engine, visit| api::write(&api::TodayJson::new(&ask::today(engine, visit)?))).await
}

async fn api_all_clear(State(app): State<App>, visit: Visit) -> Response {
    let now = (app.moment)();
    tell(app, visit, move |engine, _| api::write(&engine.all_clear(now)?)).await
}

async fn api_silence(State(app): State<App>, visit: Visit) -> Response {
    tell(app, visit, |engine, visit| api::write(&api::SilenceJson::new(&ask::silence(engine, visit)?.0)))
        .await
}

async fn api_coverage(State(app): State<App>, visit: Visit) -> Response {
    tell(app, visit, |engine, visit| {
        api::write(&api::CoverageGroupsJson::new(&ask::coverage(engine, visit)?.0))
    })
    .await
}

async fn api_reason(State(app): State<App>, path: AskedPath<(String, String)>, visit: Visit) -> Response {
    tell(app, visit, |engine, visit| {
        let (date, code) = parts(path)?;
        api::write(&api::ReasonListJson::new(&ask::reason(engine, visit, &date, &code)?))
    })
    .await
}

async fn api_books(State(app): State<App>, visit: Visit) -> Response {
    tell(app, visit, |engine, visit| api::write(&api::BooksJson::new(&ask::books(engine, visit)?))).await
}

async fn api_account(State(app): State<App>, path: AskedPath<String>, visit: Visit) -> Response {
    tell(app, visit, |engine, visit| {
        let code = parts(path)?;
        api::write(&api::AccountJson::new(&ask::account(engine, visit, &code)?.0))
    })
    .await
}

async fn api_agreement(State(app): State<App>, path: AskedPath<String>, visit: Visit) -> Response {
    tell(app, visit, |engine, visit| {
        let id = parts(path)?;
        api::write(&api::AgreementJson::new(&ask::agreement(engine, visit, &id)?))
    })
    .await
}

async fn api_why(State(app): State<App>, path: AskedPath<String>, visit: Visit) -> Response {
    tell(app, visit, |engine, visit| {
        let id = parts(path)?;
        api::write(&api::WhyJson::new(&ask::why(engine, visit, &id)?))
    })
    .await
}

async fn no_such_page(State(app): State<App>, uri: Uri, visit: Visit) -> Response {
    if uri.path().starts_with("/api/") {
        return tell(app, visit, |_, _| Err(Problem::NoSuchPage)).await;
    }
    show(app, visit, |_, _, _| Err(Problem::NoSuchPage)).await
}

//! Turns what a page or the API has to say into a response: HTML for people, JSON for programs, and a problem in
//! the same form as the answer would have had.

use axum::body::Body;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, SET_COOKIE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use dunlin_domain::contact::Language;
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::page;
use crate::problem::Problem;
use crate::ui::Ui;
use crate::visit::Visit;

const HTML: &str = "text/html; charset=utf-8";
const JSON: &str = "application/json";
const PROBLEM_JSON: &str = "application/problem+json";

/// A page, or the page that says why there is none.
pub fn page(made: Result<String, Problem>, ui: &Ui, visit: &Visit) -> Response {
    let (status, html) = match made {
        Ok(html) => (StatusCode::OK, html),
        Err(problem) => (problem.status(), page::render_problem(&problem, ui)),
    };
    let mut response = response(status, HTML, html.into_bytes());
    keep_language(&mut response, visit);
    response
}

fn keep_language(response: &mut Response, visit: &Visit) {
    if let Some(cookie) = visit.cookie() {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
}

/// A problem, as programs read it.
#[derive(Serialize)]
struct ProblemJson<'a> {
    status: u16,
    code: &'a str,
    message: String,
    remedy: String,
}

/// A JSON document, or the problem document in its place.
pub fn json(made: Result<Vec<u8>, Problem>, ui: &Ui) -> Response {
    match made {
        Ok(body) => response(StatusCode::OK, JSON, body),
        Err(problem) => {
            let status = problem.status();
            let document = ProblemJson {
                status: status.as_u16(),
                code: problem.code(),
                message: problem.message(ui),
                remedy: problem.remedy(ui),
            };
            let body = serde_json::to_vec(&document).expect("numbers and texts can be written as JSON");
            response(status, PROBLEM_JSON, body)
        }
    }
}

/// A document to look at or to keep.
pub struct DocumentFile {
    /// Its media type.
    pub kind: &'static str,
    /// What a browser calls it when it is kept; letters, digits and hyphens only.
    pub name: String,
    /// The file.
    pub bytes: Vec<u8>,
}

/// A document. It is self-contained, so it may load nothing, not even from here.
pub fn document(file: DocumentFile) -> Response {
    let mut response = response(StatusCode::OK, file.kind, file.bytes);
    let policy = HeaderValue::from_static(dunlin_engine::document::STYLE_POLICY);
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    if let Ok(disposition) = HeaderValue::from_str(&format!("inline; filename=\"{}\"", file.name)) {
        response.headers_mut().insert(CONTENT_DISPOSITION, disposition);
    }
    response
}

/// A problem in plain text, for a request that is not to learn anything about this server.
pub fn bare(problem: &Problem, visit: &Visit) -> Response {
    let ui = Ui {
        language: visit.api_language(),
        here: "/".to_owned(),
        lender: String::new(),
        zone: TimeZone::UTC,
    };
    let text = format!("{}\n{}\n", problem.message(&ui), problem.remedy(&ui));
    response(problem.status(), "text/plain; charset=utf-8", text.into_bytes())
}

/// Leads to another page, in the language chosen.
pub fn see_other(place: &str, visit: &Visit) -> Response {
    let mut response = response(StatusCode::SEE_OTHER, "text/plain; charset=utf-8", Vec::new());
    // Places are made by `links`, which writes letters, digits and percent signs only.
    let place = HeaderValue::from_str(place).expect("an encoded path is a header value");
    response.headers_mut().insert(LOCATION, place);
    keep_language(&mut response, visit);
    response
}

/// A response of a kind.
pub fn response(status: StatusCode, kind: &'static str, body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

/// The reader of a visit, in a language.
pub fn reader(visit: &Visit, language: Language, lender: &str, zone: &TimeZone) -> Ui {
    Ui { language, here: visit.here().to_owned(), lender: lender.to_owned(), zone: zone.clone() }
}

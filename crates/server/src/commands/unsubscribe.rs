//! The link that mails carry: a page in both languages for people who click, and the address that mail programs post to
//! (RFC 8058). Looking at the page changes nothing, since programs that check mails for harm follow every link.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;

use super::App;
use crate::answer;

/// The addresses of this file.
pub(super) fn routes() -> Router<App> {
    Router::new().route("/u/{token}", get(ask).post(take))
}

/// What the page says.
enum Said {
    Asked { token: String },
    Done,
    NotOurs,
    Failed,
}

async fn ask(State(app): State<App>, Path(token): Path<String>) -> Response {
    // Only a token that we signed is written into the page.
    match app.engine.linked_message(&token) {
        Some(_) => page(StatusCode::OK, &Said::Asked { token }),
        None => page(StatusCode::NOT_FOUND, &Said::NotOurs),
    }
}

async fn take(State(app): State<App>, Path(token): Path<String>) -> Response {
    let taken = tokio::task::spawn_blocking(move || app.engine.take_click(&token, (app.moment)())).await;
    match taken {
        Ok(Ok(_)) => page(StatusCode::OK, &Said::Done),
        Ok(Err(dunlin_engine::EngineError::NotFound { .. })) => page(StatusCode::NOT_FOUND, &Said::NotOurs),
        Ok(Err(_)) | Err(_) => page(StatusCode::INTERNAL_SERVER_ERROR, &Said::Failed),
    }
}

fn page(status: StatusCode, said: &Said) -> Response {
    let (zh, en) = match said {
        Said::Asked { .. } => (
            (
                "不再接收电子邮件？",
                "确认后，我们不再就您的账户向您发送电子邮件。您的还款义务和还款日不变，其他联系方式不受影响。",
            ),
            (
                "No more e-mails?",
                "Once you confirm, we send you no more e-mails about your account. What you owe and when it is due stay \
                 the same, and so do other ways of contact.",
            ),
        ),
        Said::Done => (
            ("已退订", "我们不再向您发送电子邮件。如需恢复，请拨打合同或账单上的客服电话。"),
            (
                "You are unsubscribed",
                "We send you no more e-mails. To have them again, call the number in your contract or on your statement.",
            ),
        ),
        Said::NotOurs => (
            (
                "链接无效",
                "此链接不完整或不是我们发出的。请从邮件中重新打开，或拨打合同或账单上的客服电话退订。",
            ),
            (
                "This link does not work",
                "It is incomplete or not ours. Open it from the mail again, or call the number in your contract or on \
                 your statement to unsubscribe.",
            ),
        ),
        Said::Failed => (
            ("暂时无法办理", "您的退订尚未登记，请稍后再试。"),
            ("Not possible at the moment", "You are not unsubscribed yet. Please try again later."),
        ),
    };
    let form = match said {
        Said::Asked { token } => format!(
            "<form method=\"post\" action=\"/u/{token}\"><button type=\"submit\">确认退订 · Unsubscribe</button></form>"
        ),
        Said::Done | Said::NotOurs | Said::Failed => String::new(),
    };
    let html = format!(
        "<!doctype html>\n<html lang=\"zh-CN\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"robots\" content=\"noindex\">\n<title>{} · {}</title>\n\
         <link rel=\"stylesheet\" href=\"/assets/console.css\">\n</head>\n<body>\n<main>\n\
         <h1>{}</h1>\n<p>{}</p>\n<div lang=\"en\">\n<h2>{}</h2>\n<p>{}</p>\n</div>\n{form}\n</main>\n</body>\n</html>\n",
        zh.0, en.0, zh.0, zh.1, en.0, en.1,
    );
    answer::response(status, "text/html; charset=utf-8", html.into_bytes())
}

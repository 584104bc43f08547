//! `serve`: the console and the API, on this machine only.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use dunlin_domain::contact::Language;
use dunlin_engine::Engine;
use dunlin_server::{Moment, ServerError, serve_blocking};
use serde_json::json;

use crate::answer::Answer;
use crate::args::Serve;
use crate::failure::Failure;
use crate::screen::{cannot_say, say};
use crate::session::Session;

/// The code of a port that cannot be used.
const ADDRESS_CODE: &str = "address";

/// `serve`. The address is told as soon as the console answers: nobody waits for the end of a server to learn it.
///
/// # Errors
/// A port that is taken; what the database says.
pub fn run(session: &Session, args: &Serve, is_json: bool) -> Result<Answer, Failure> {
    let engine = Arc::new(session.open_to_keep()?);
    let shown = if is_json { Shown::Json } else { Shown::Text(session.language) };
    open(engine, session.moment(), args.port, shown)?;
    Ok(Answer::silent())
}

/// Serves until Ctrl-C on the port that was named, or near the default: on a free one when that is taken.
///
/// # Errors
/// A port that was named and is taken.
pub fn open_near(
    engine: Arc<Engine>,
    moment: Moment,
    named: Option<u16>,
    port_default: u16,
    language: Language,
) -> Result<(), Failure> {
    let shown = Shown::Text(language);
    match open(Arc::clone(&engine), Arc::clone(&moment), named.unwrap_or(port_default), shown) {
        Err(failure) if failure.code == ADDRESS_CODE && named.is_none() => open(engine, moment, 0, shown),
        other => other,
    }
}

/// How the address is told.
#[derive(Clone, Copy)]
enum Shown {
    /// To scripts.
    Json,
    /// To people, in their language.
    Text(Language),
}

/// Serves until Ctrl-C.
fn open(engine: Arc<Engine>, moment: Moment, port: u16, shown: Shown) -> Result<(), Failure> {
    let mut said = Ok(());
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let served = serve_blocking(engine, address, moment, |bound| {
        let line = match shown {
            Shown::Json => json!({ "address": format!("http://{bound}/") }).to_string(),
            Shown::Text(Language::Zh) => format!("控制台已打开：http://{bound}/ ——按 Ctrl-C 停止"),
            Shown::Text(Language::En) => {
                format!("the console is open at http://{bound}/ — stop it with Ctrl-C")
            }
        };
        said = say(&line);
    });
    said.map_err(|error| cannot_say(&error))?;
    served.map_err(|error| match &error {
        ServerError::Address { .. } => Failure::refused(ADDRESS_CODE, error.wording()),
        ServerError::System(_) => Failure::environment("server", error.wording()),
    })
}

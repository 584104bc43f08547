//! `serve`: the console and the API, on this machine only.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

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
    open(engine, session.moment(), args.port, is_json)?;
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
) -> Result<(), Failure> {
    match open(Arc::clone(&engine), Arc::clone(&moment), named.unwrap_or(port_default), false) {
        Err(failure) if failure.code == ADDRESS_CODE && named.is_none() => open(engine, moment, 0, false),
        other => other,
    }
}

/// Serves until Ctrl-C.
fn open(engine: Arc<Engine>, moment: Moment, port: u16, is_json: bool) -> Result<(), Failure> {
    let mut said = Ok(());
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let served = serve_blocking(engine, address, moment, |bound| {
        let line = if is_json {
            json!({ "address": format!("http://{bound}/") }).to_string()
        } else {
            format!("the console is open at http://{bound}/ — stop it with Ctrl-C")
        };
        said = say(&line);
    });
    said.map_err(|error| cannot_say(&error))?;
    served.map_err(|error| match &error {
        ServerError::Address { .. } => Failure::refused(ADDRESS_CODE, error.to_string()),
        ServerError::System(_) => Failure::environment("server", error.to_string()),
    })
}

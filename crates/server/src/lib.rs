//! Shows: the console in Chinese and English, which changes nothing, and the API over the engine.
//!
//! Three pages answer the question of the system: *Today* (was every overdue agreement heard of?), *Silence* (for
//! which reasons, over time) and *Agreement* (one customer's side of it, down to the *why* of a day). They are
//! written on the server, need no script and load nothing from elsewhere. What programs may
//! change, [`commands`] does. There is no login yet, so it answers on loopback names unless it is told to listen elsewhere.

mod answer;
pub mod api;
mod ask;
pub mod chart;
mod commands;
pub mod family;
mod guard;
mod links;
pub mod number;
pub mod page;
pub mod problem;
mod routes;
mod serve;
mod texts;
pub mod ui;
mod visit;

use std::sync::Arc;

use dunlin_engine::Engine;

pub use serve::{ServerError, serve, serve_blocking};

/// The most days that the page *Silence* shows at once.
pub const SILENCE_DAYS_MAX: i32 = 366;

pub use commands::Moment;

/// The console and its API, answering to loopback names only. What changes something happens at the `moment`.
pub fn router(engine: Arc<Engine>, moment: Moment) -> axum::Router {
    whole(engine, moment, guard::Hosts::Loopback)
}

/// Pages, documents and commands, answering to the names in `hosts`.
fn whole(engine: Arc<Engine>, moment: Moment, hosts: guard::Hosts) -> axum::Router {
    let pages = routes::routes(Arc::clone(&engine), Arc::clone(&moment), hosts);
    pages.merge(commands::routes(engine, moment, hosts))
}

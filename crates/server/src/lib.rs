//! Shows: the read-only console in Chinese and English, and its JSON twin, over the engine.
//!
//! Three pages answer the question of the system: *Today* (was every overdue agreement heard of?), *Silence* (for
//! which reasons, over time) and *Agreement* (one customer's side of it, down to the *why* of a day). They are
//! written on the server, need no script and load nothing from elsewhere. It asks the engine only, and changes
//! nothing. There is no login yet, so it answers on loopback names unless it is told to listen elsewhere.

mod answer;
mod api;
mod ask;
pub mod chart;
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

/// The console and its API, answering to loopback names only.
pub fn router(engine: Arc<Engine>) -> axum::Router {
    routes::routes(engine, guard::Hosts::Loopback)
}

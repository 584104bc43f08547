//! Rehearses: portfolios real and generated, to run the engine on.
//!
//! Nothing but `cli` imports this crate.

pub mod generate;
pub mod random;
pub mod uci;

//! Rehearses: portfolios real and generated, simulated carriers, and benchmarks around the real engine.
//!
//! Nothing but `cli` imports this crate.

pub mod bench;
pub mod carrier;
pub mod chaos;
pub mod conformance;
pub mod demo;
pub mod generate;
pub mod random;
pub mod replay;
pub mod uci;

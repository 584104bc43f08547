//! Decides: from facts, policy and a business date, what is owed, what changes, what may be sent, and why.
//!
//! Everything here takes values and returns values. There is no clock, random source, thread, file, SQL,
//! HTTP or serialisation format in this crate, and no floating point.
#![deny(clippy::float_arithmetic)]

pub mod acceptance;
pub mod ageing;
mod allocation;
pub mod amounts;
pub mod arrears;
pub mod calendar;
pub mod call_task;
pub mod change;
pub mod chart;
pub mod circumstance;
pub mod compliance;
pub mod contact;
pub mod contact_rate;
pub mod cost;
pub mod customer_split;
pub mod date;
pub mod day;
pub mod day_count;
pub mod due_table;
pub mod fact;
pub mod fallback;
pub mod fraction;
pub mod gentle_mode;
pub mod id;
pub mod incident;
pub mod late_fee;
pub mod ledger;
pub mod line;
pub mod mask;
pub mod message;
pub mod money;
pub mod pause;
pub mod position;
pub mod postal;
pub mod provision;
pub mod reason;
pub mod recording;
pub mod reply;
pub mod schedule;
pub mod spans;
pub mod statement;
pub mod strategy;
pub mod strategy_check;
pub mod terms;
pub mod trace;
pub mod treatment;
pub mod trial;
pub mod verdict;
pub mod wording;

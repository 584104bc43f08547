//! Keeps: loads facts and writes decisions, on SQLite or PostgreSQL, in one transaction.
//!
//! The lower layer is here: a database and its transactions ([`Db`], [`Tx`]), bulk reads and writes, the schema's
//! migrations, personal data at rest ([`cipher`]) and the audit log ([`audit`]). What knows tables is above it.

pub mod agreement;
pub mod agreement_incident;
mod attempt;
pub mod audit;
pub mod bare;
mod budget;
mod bulk;
pub mod call;
pub mod call_task;
pub mod channel_use;
pub mod check;
pub mod checkout;
pub mod cipher;
pub mod circumstance;
pub mod codec;
pub mod contact_change;
pub mod contact_correction;
pub mod contact_proof;
pub mod contact_request;
pub mod customer;
mod db;
mod dialect;
mod error;
pub mod exposure;
pub mod fallback;
pub mod gentle_mode;
pub mod incoming;
pub mod inquiry;
mod key_file;
pub mod line;
pub mod loss;
pub mod message;
pub mod message_cost;
pub mod migrate;
pub mod opt_out_change;
pub mod outbox;
pub mod payment;
pub mod payoff;
pub mod period;
pub mod person;
pub mod policy;
pub mod policy_request;
mod pool;
pub mod privacy;
pub mod record;
pub mod reference;
pub mod reply;
pub mod rounding;
pub mod run;
mod sql;
pub mod suspense;
mod tx;
pub mod waiver;
mod waking;
pub mod watch;

pub use db::{AskGate, CONNECTION_COUNT_MAX, CommitGate, Db, Location, WAIT};
pub use dialect::{Conflict, Dialect};
pub use error::StoreError;
pub use sql::{Column, Param, Row};
pub use tx::Tx;

//! Keeps: loads facts and writes decisions, on SQLite or PostgreSQL, in one transaction.
//!
//! The lower layer is here: a database and its transactions ([`Db`], [`Tx`]), bulk reads and writes, the schema's
//! migrations, personal data at rest ([`cipher`]) and the audit log ([`audit`]). What knows tables is above it.

pub mod audit;
pub mod agreement;
pub mod codec;
pub mod customer;
pub mod message;
pub mod policy;
pub mod record;
pub mod run;
mod bulk;
pub mod cipher;
mod db;
mod dialect;
mod error;
mod key_file;
pub mod migrate;
mod pool;
mod sql;
mod tx;

pub use db::{CONNECTION_COUNT_MAX, Db, Location, WAIT};
pub use dialect::{Conflict, Dialect};
pub use error::StoreError;
pub use sql::{Column, Param, Row};
pub use tx::Tx;

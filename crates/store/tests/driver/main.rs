//! The lower layer of the store on real databases: each promise once, checked on SQLite and on PostgreSQL.

#[path = "../common/mod.rs"]
mod common;

mod audit;
mod cipher;
mod migrate;
mod standing;
mod transactions;
mod trouble;

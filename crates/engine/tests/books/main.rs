//! The books on real databases: verify, export and the ledger's views after days that were really run.

#[path = "../shared/schema.rs"]
mod schema;

mod call_backs;
mod designation;
mod export;
mod fixture;
mod ledger;
mod period;
mod schedules;
mod suspension;
mod verify;

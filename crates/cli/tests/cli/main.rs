//! Runs the built program as a user does: in a folder of its own, with files, arguments and a stopped clock.

#[path = "../shared/database.rs"]
mod database;

mod bad_files;
mod bad_requests;
mod bad_rows;
mod cycle;
mod days;
mod mishaps;
mod processes;
mod replay;
mod scripts;
mod support;

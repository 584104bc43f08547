//! Runs the built program as a user does: in a folder of its own, with files, arguments and a stopped clock.

#[path = "../shared/database.rs"]
mod database;
#[path = "../../../delivery/tests/channels/support/peer.rs"]
#[expect(dead_code, reason = "what the servers tell is for the tests of `delivery`")]
mod peer;

mod all_clear;
mod ask;
mod bad_files;
mod bad_requests;
mod bad_rows;
mod bank_files;
mod calls;
mod checkout;
mod chinese;
mod conformance;
mod contact_data;
mod contact_history;
mod contact_import;
mod cycle;
mod days;
mod evidence;
mod guard;
mod lessons;
mod losses;
mod mishaps;
mod offers;
mod payments;
mod persons;
mod policy_approval;
mod privacy;
mod processes;
mod replay;
mod scripts;
mod servicing;
mod statement;
mod support;
mod templates;
mod treatment;
mod verdicts;
mod waivers;

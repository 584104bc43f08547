//! The commands: each asks the engine for one thing and says what came of it, once in words and once for scripts.

mod all_clear;
mod authorise;
mod bank_file;
mod bench;
mod bench_detect;
mod call_tasks;
mod change_words;
mod conformance;
mod contact_bulk;
mod contact_point;
mod costs;
mod coverage;
mod coverage_groups;
mod customer;
mod day;
mod dispatch;
mod guard;
mod incidents;
mod inspect;
mod lab;
mod ledger;
mod line;
mod losses;
mod mode;
mod offer;
mod pause;
mod pay;
mod policy;
mod policy_request;
mod portfolio;
mod privacy;
mod rehearse;
mod replay;
mod reply;
mod report;
mod sale;
mod serve;
mod servicing;
mod statement;
mod strategy;
mod template;
mod verify;
mod waive;
mod watch;
mod work;

use serde_json::json;

use crate::answer::Answer;
use crate::args::{Arguments, Command};
use crate::failure::Failure;
use crate::session::Session;

/// Does what was typed.
///
/// # Errors
/// What the command refuses, or what kept it from being done.
pub fn run(session: &Session, arguments: &Arguments) -> Result<Answer, Failure> {
    match &arguments.command {
        Command::Demo(args) => rehearse::demo(session, args, arguments.common.json),
        Command::Import(args) => portfolio::import(session, args),
        Command::Export(args) => portfolio::export(session, args),
        Command::Generate(args) => portfolio::generate(session, args),
        Command::AdaptUci(args) => portfolio::adapt_uci(session, args),
        Command::Replay(args) => replay::run(session, args),
        Command::Conformance(args) => conformance::run(session, args),
        Command::Day(args) => day::run(session, args),
        Command::Dispatch => dispatch::dispatch(session),
        Command::AllClear(args) => all_clear::run(session, args),
        Command::Watch(args) => watch::run(session, args, arguments.common.json),
        Command::Work(args) => work::run(session, args, arguments.common.json),
        Command::Receipts => dispatch::receipts(session),
        Command::Ask(args) => dispatch::ask(session, &args.message),
        Command::Explain(args) => inspect::explain(session, args),
        Command::Statement(args) => statement::run(session, args, &arguments.common),
        Command::Why(args) => inspect::why(session, args),
        Command::Pay(args) => pay::pay(session, args),
        Command::PayCustomer(args) => pay::pay_customer(session, args),
        Command::Reverse(args) => pay::reverse(session, args),
        Command::Return(args) => pay::bank_return(session, args),
        Command::RefundCredit(args) => pay::refund_credit(session, args),
        Command::Charge(args) => pay::charge(session, args),
        Command::Waive(args) => waive::run(session, args),
        Command::ChargeOff(args) => losses::charge_off(session, args),
        Command::WriteOff(args) => losses::write_off(session, args),
        Command::Loss(command) => losses::run(session, command),
        Command::Recovery(args) => losses::recovery(session, args),
        Command::Sale(command) => sale::run(session, command),
        Command::BankFile(command) => bank_file::run(session, command),
        Command::Payoff(command) => servicing::payoff(session, command),
        Command::Plan(command) => servicing::plan(session, command),
        Command::Reschedule(args) => servicing::reschedule(session, args),
        Command::Prepay(args) => servicing::prepay(session, args),
        Command::Ageing(command) => servicing::ageing(session, command),
        Command::Fees(command) => servicing::fees(session, command),
        Command::Changes(args) => pay::changes(session, args),
        Command::Coverage(args) => coverage::run(session, args),
        Command::Verify => verify::run(session),
        Command::Authorise(args) => authorise::authorise(session, args),
        Command::Capture(args) => authorise::capture(session, args),
        Command::Void(args) => authorise::void(session, args),
        Command::Refund(args) => authorise::refund(session, args),
        Command::Line(command) => line::run(session, command),
        Command::Pause(command) => pause::run(session, command),
        Command::Mode(command) => mode::run(session, command),
        Command::Privacy(command) => privacy::run(session, command),
        Command::Template(command) => template::run(session, command),
        Command::Strategy(command) => strategy::run(session, command),
        Command::Hold(command) => guard::hold(session, command),
        Command::Consent(command) => guard::consent(session, command),
        Command::Costs(args) => costs::run(session, args),
        Command::Reply(command) => reply::reply(session, command),
        Command::Promise(command) => guard::promise(session, command),
        Command::Circumstance(command) => guard::circumstance(session, command),
        Command::Call(command) => guard::call(session, command),
        Command::Customer(command) => customer::run(session, command),
        Command::ContactPoint(command) => contact_point::run(session, command),
        Command::Policy(command) => policy::run(session, command),
        Command::Ledger(command) => ledger::run(session, command),
        Command::Offer(command) => offer::run(session, command),
        Command::Report(command) => report::run(session, command),
        Command::Incidents(args) => incidents::run(session, args),
        Command::Serve(args) => serve::run(session, args, arguments.common.json),
        Command::Bench(command) => bench::bench(session, command),
        Command::Lab(command) => lab::run(session, command),
        Command::Version => Ok(version()),
    }
}

fn version() -> Answer {
    let version = env!("CARGO_PKG_VERSION");
    Answer::new(format!("dunlin {version}"), json!({ "version": version }))
}

//! What can be typed: options, commands and their help.

pub mod bench;
pub mod guard;
pub mod ledger;
pub mod line;
pub mod losses;
pub mod pause;
pub mod payments;
pub mod people;
pub mod servicing;
pub mod waivers;

use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgAction, Args, Parser, Subcommand};
use dunlin_domain::contact::{Channel, Language};
use dunlin_domain::date::Date;
use dunlin_domain::money::Rate;
use dunlin_engine::Clock;
use dunlin_engine::portfolio::{Encoding, Format};
use dunlin_engine::statements::StatementFormat;

use crate::config;

/// Dunlin services pay-later credit and looks after the accounts that fall behind.
#[derive(Parser, Debug)]
#[command(
    name = "dunlin",
    version,
    disable_help_subcommand = true,
    after_help = "Exit codes: 0 done; 1 found something (coverage, verify, import --strict); 2 refused; 3 the database, \
                  the disk or a provider failed.\nEvery command, option and JSON field: docs/cli.md"
)]
pub struct Arguments {
    /// Options of every command.
    #[command(flatten)]
    pub common: Common,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Args, Debug)]
#[command(next_help_heading = "Options of every command")]
pub struct Common {
    /// Folder of database, key, spool and dunlin.toml [default: ./dunlin-data]
    #[arg(long, global = true, value_name = "DIR", env = "DUNLIN_DATA", hide_env_values = true)]
    pub data: Option<PathBuf>,
    /// Database: postgres://… or the path of a SQLite file [default: DIR/dunlin.db]
    #[arg(long, global = true, value_name = "URL", env = "DUNLIN_DATABASE", hide_env_values = true)]
    pub database: Option<String>,
    /// Give the result as one JSON object on standard output
    #[arg(long, global = true, action = ArgAction::SetTrue)]
    pub json: bool,
    /// Who acts, for the audit log [default: the login name]
    #[arg(long, global = true, value_name = "NAME", env = "DUNLIN_ACTOR", hide_env_values = true)]
    pub actor: Option<String>,
    /// When a day happens: by the wall clock, or each on its own date, for rehearsals with the spool only
    #[arg(long, global = true, value_name = "CLOCK", value_parser = clock())]
    pub clock: Option<Clock>,
    /// Language of answers [default: zh, unless the locale is English]
    #[arg(long, global = true, value_name = "LANGUAGE", value_parser = language())]
    pub lang: Option<Language>,
}

/// The commands.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Rehearse 90 days with a pause, a fault and a clerk's mistake, and show why each customer heard nothing
    Demo(Demo),
    /// Load a portfolio folder; once more changes nothing, a corrected one changes what was corrected
    Import(Import),
    /// Write the portfolio back as a folder
    Export(Export),
    /// Write a generated portfolio folder
    Generate(Generate),
    /// Turn UCI_Credit_Card.csv (30,000 real card customers) into a portfolio folder
    AdaptUci(AdaptUci),
    /// Replay UCI_Credit_Card.csv day by day, and compare our ageing with the bank's
    Replay(Replay),
    /// Play cases of other systems and of regulations, and compare every number
    Conformance(Conformance),
    /// Run business days up to a date, missed ones first, and send what they decide
    Day(Day),
    /// Send all that is due now
    Dispatch,
    /// Send and take in receipts every few seconds until stopped; any number of these may run
    Work(Work),
    /// Look every minute for silence that nobody reported, and open incidents; workers do so too
    Watch(Watch),
    /// A signed statement of what the watch found, for a monitor elsewhere
    AllClear(AllClearArgs),
    /// Take in the receipts that providers have for us
    Receipts,
    /// Ask the provider now what became of a message that it took, or may have taken
    Ask(Ask),
    /// Derive every amount of an agreement
    Explain(Explain),
    /// Statements of account: one, the list of an agreement's, or all of a cut-off as files
    Statement(Statement),
    /// Say why an agreement heard from us on a day, or heard nothing
    Why(Why),
    /// Record money that came in for an agreement
    Pay(payments::Pay),
    /// Record money that came in for a customer, split over their agreements by law
    PayCustomer(payments::PayCustomer),
    /// Undo a payment by our own decision: the books are as if it had never been
    Reverse(payments::Reverse),
    /// Record that the bank returned a payment
    Return(payments::Return),
    /// Record that unapplied credit was paid out to the customer
    RefundCredit(payments::RefundCredit),
    /// Record a charge that was added by hand
    Charge(payments::Charge),
    /// Give up what is owed, for a reason; above a limit a second person agrees
    Waive(waivers::Waive),
    /// Charge an agreement off: still owed, no longer counted on; above a limit a second person agrees
    ChargeOff(losses::NewLoss),
    /// Write an agreement off: what comes in afterwards is recovery; above a limit a second person agrees
    WriteOff(losses::NewLoss),
    /// Charge-offs and write-offs: the second person, what waits, those of an agreement
    #[command(subcommand)]
    Loss(losses::Loss),
    /// Show what came in for an agreement after it was written off
    Recovery(losses::Recovery),
    /// Sell claims to a buyer, with a notice to each customer
    #[command(subcommand)]
    Sale(losses::Sale),
    /// Bank files: what came in, and what could not be matched
    #[command(subcommand)]
    BankFile(waivers::BankFile),
    /// Early payoff: quotes that hold, and the money that takes one
    #[command(subcommand)]
    Payoff(servicing::Payoff),
    /// Statement instalments: what is offered, and the choice
    #[command(subcommand)]
    Plan(servicing::Plan),
    /// Give a plan, or all that is open, another number of instalments, first due date or rate
    Reschedule(servicing::Reschedule),
    /// Record a payment ahead of time that shortens a plan or lowers its instalments
    Prepay(servicing::Prepay),
    /// Pauses of ageing: days that do not count as overdue
    #[command(subcommand)]
    Ageing(servicing::Ageing),
    /// Freezes of late fees: days on which none accrues
    #[command(subcommand)]
    Fees(servicing::Fees),
    /// Show what backdated facts changed in an agreement, and why
    Changes(payments::Changes),
    /// Account for every overdue agreement-day; exit code 1 if one has no reason
    Coverage(Coverage),
    /// Recompute everything from facts and compare; exit code 1 if something is wrong
    Verify,
    /// Ask for a purchase: approved and held on the line, or declined with the reason
    Authorise(line::Authorise),
    /// Capture a hold, wholly or in part: the purchase is owed from then on
    Capture(line::Capture),
    /// Give a hold up
    Void(line::Void),
    /// Take a purchase back, wholly or in part
    Refund(line::Refund),
    /// The credit line: state, available credit, freezes, limit
    #[command(subcommand)]
    Line(line::Line),
    /// Planned stops of contact
    #[command(subcommand)]
    Pause(pause::Pause),
    /// Gentler modes: a gentler line for a part of the portfolio, by a second person's agreement
    #[command(subcommand)]
    Mode(people::Mode),
    /// A customer's rights in their data: to see, copy, correct, restrict and delete them
    #[command(subcommand)]
    Privacy(people::Privacy),
    /// Versions of templates: submitted, read with real data, approved by a second person
    #[command(subcommand)]
    Template(people::Template),
    /// Versions of a strategy: what they differ in, and whom that would concern today
    #[command(subcommand)]
    Strategy(people::Strategy),
    /// Holds on contact: complaints, disputes, hardship plans
    #[command(subcommand)]
    Hold(guard::Hold),
    /// Consent to be contacted by a channel, taken back or given again
    #[command(subcommand)]
    Consent(guard::Consent),
    /// What providers charged for the messages that they took
    Costs(Costs),
    /// What customers wrote back
    #[command(subcommand)]
    Reply(guard::Reply),
    /// Promises to pay
    #[command(subcommand)]
    Promise(guard::Promise),
    /// What is known of a customer besides the debt
    #[command(subcommand)]
    Circumstance(guard::Circumstance),
    /// Calls: leave to place one, outcomes, history
    #[command(subcommand)]
    Call(guard::Call),
    /// Numbers and addresses: removal, undo, history
    #[command(subcommand)]
    ContactPoint(people::ContactPoint),
    /// Customers who are one person: find, merge and split them, by two people
    #[command(subcommand)]
    Customer(people::Customer),
    /// Products, strategies, contact rules and templates
    #[command(subcommand)]
    Policy(Policy),
    /// The double-entry ledger
    #[command(subcommand)]
    Ledger(ledger::Ledger),
    /// What a plan would cost, its instalments, and what would close it
    #[command(subcommand)]
    Offer(Offer),
    /// The portfolio as a whole
    #[command(subcommand)]
    Report(Report),
    /// What the watch found, channels that failed, and what the program could not do, on a day
    Incidents(Incidents),
    /// Open the console and the API on this machine
    Serve(Serve),
    /// Measure on a generated portfolio
    #[command(subcommand)]
    Bench(bench::Bench),
    /// Rehearse faults on the real engine
    #[command(subcommand)]
    Lab(bench::Lab),
    /// Print the version
    Version,
}

/// `demo`.
#[derive(Args, Debug)]
pub struct Demo {
    /// Rehearse on this portfolio instead of a generated one
    #[arg(long, value_name = "FOLDER")]
    pub portfolio: Option<PathBuf>,
    /// Customers to generate
    #[arg(long, value_name = "N", default_value_t = 20_000, conflicts_with = "portfolio")]
    pub customers: u64,
    /// Business days to run
    #[arg(long, value_name = "N", default_value_t = 90, value_parser = clap::value_parser!(u32).range(30..=3660))]
    pub days: u32,
    /// The same seed gives the same portfolio
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
    /// Do not open the console at the end
    #[arg(long)]
    pub no_serve: bool,
    /// Port of the console [default: 8080, or a free one]
    #[arg(long)]
    pub port: Option<u16>,
}

/// `import`.
#[derive(Args, Debug)]
pub struct Import {
    /// Folder with customers.csv, agreements.csv, payments.csv … (docs/portfolio-format.md)
    pub folder: PathBuf,
    /// Encoding of the CSV files
    #[arg(long, value_parser = encoding(), default_value = "utf8")]
    pub encoding: Encoding,
    /// Where rejected rows go, with line, column and reason [default: FOLDER.rejects.csv]
    #[arg(long, value_name = "FILE")]
    pub rejects: Option<PathBuf>,
    /// Exit code 1 if a row was rejected
    #[arg(long)]
    pub strict: bool,
    /// Only show what it would change
    #[arg(long)]
    pub preview: bool,
}

/// `export`.
#[derive(Args, Debug)]
pub struct Export {
    /// Folder to write into; it must not hold a table yet
    pub folder: PathBuf,
    /// Format of the tables
    #[arg(long, value_parser = format(), default_value = "csv")]
    pub format: Format,
}

/// `generate`.
#[derive(Args, Debug)]
pub struct Generate {
    /// Folder to write into; it must not hold a table yet
    pub folder: PathBuf,
    /// How many customers
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=20_000_000))]
    pub customers: u64,
    /// The same seed gives the same portfolio
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
    /// First day of the window
    #[arg(long, value_name = "DATE", value_parser = date)]
    pub from: Date,
    /// Days of the window
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=3660))]
    pub days: u32,
    /// Share of agreements that are overdue on a typical day, such as 0.05
    #[arg(long, value_name = "SHARE", value_parser = share, default_value = "0.05")]
    pub overdue_share: Rate,
    /// Format of the tables
    #[arg(long, value_parser = format(), default_value = "csv")]
    pub format: Format,
}

/// `adapt-uci`.
#[derive(Args, Debug)]
pub struct AdaptUci {
    /// The published file
    pub file: PathBuf,
    /// Folder to write into; it must not hold a table yet
    pub folder: PathBuf,
}

/// `replay`.
#[derive(Args, Debug)]
pub struct Replay {
    /// The published file
    pub file: PathBuf,
    /// Send messages to the spool, where a made-up carrier answers them; else they stay in the outbox
    #[arg(long)]
    pub send: bool,
}

/// `conformance`.
#[derive(Args, Debug)]
pub struct Conformance {
    /// A JSON file of cases
    pub file: PathBuf,
}

/// `day`.
#[derive(Args, Debug)]
pub struct Day {
    /// The business date to run, missed days first
    #[arg(long, value_name = "D", value_parser = date, required_unless_present = "through", conflicts_with = "through")]
    pub date: Option<Date>,
    /// The same: every open day up to this one
    #[arg(long, value_name = "D", value_parser = date)]
    pub through: Option<Date>,
    /// The first day of all, where none was run yet [default: the day asked for]
    #[arg(long, value_name = "D", value_parser = date)]
    pub from: Option<Date>,
    /// Decide only; a worker sends
    #[arg(long)]
    pub no_dispatch: bool,
    /// Leave the closing summary out: it reads every fact, which takes its time on a large portfolio
    #[arg(long)]
    pub no_summary: bool,
}

/// `work`.
#[derive(Args, Debug)]
pub struct Work {
    /// Seconds between two rounds
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub every: u64,
    /// Run each business day as well, once it has begun
    #[arg(long)]
    pub days: bool,
    /// When a business day's run begins, by the lender's clock
    #[arg(long, value_name = "HH:MM", value_parser = time_of_day, default_value = "08:30", requires = "days")]
    pub day_at: TimeOfDay,
    /// When a business day should have been run, by the lender's clock: a quarter of an hour later it is an incident
    #[arg(long, value_name = "HH:MM", value_parser = time_of_day, default_value = "10:00")]
    pub day_by: TimeOfDay,
    /// Seconds between two comparisons of the last day with the whole shadow plan; what was touched is compared at once
    #[arg(long, value_name = "SECONDS", default_value_t = 900, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub plan_every: u64,
}

/// `all-clear`.
#[derive(Args, Debug)]
pub struct AllClearArgs {
    /// What about it; without a word it is written
    #[command(subcommand)]
    pub action: Option<AllClearAction>,
    /// Write it into this file instead of to the screen
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// `all-clear …`.
#[derive(Subcommand, Debug)]
pub enum AllClearAction {
    /// The public key that all clears are checked with
    Key,
    /// Check one, on any machine; exit code 1 if it is none, is too old, or an incident is open
    Check {
        /// The file, or - for standard input
        file: PathBuf,
        /// The public key, as `all-clear key` gives it
        #[arg(long, value_name = "KEY")]
        key: String,
    },
}

/// `watch`.
#[derive(Args, Debug)]
pub struct Watch {
    /// Seconds between two sweeps
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub every: u64,
    /// Look once; exit code 1 if an incident is open
    #[arg(long)]
    pub once: bool,
    /// After each sweep write the signed all clear into this file
    #[arg(long, value_name = "FILE")]
    pub all_clear: Option<PathBuf>,
    /// When a business day should have been run, by the lender's clock: a quarter of an hour later it is an incident
    #[arg(long, value_name = "HH:MM", value_parser = time_of_day, default_value = "10:00")]
    pub day_by: TimeOfDay,
    /// Seconds between two comparisons of the last day with the whole shadow plan; what was touched is compared at once
    #[arg(long, value_name = "SECONDS", default_value_t = 900, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub plan_every: u64,
}

/// `ask`.
#[derive(Args, Debug)]
pub struct Ask {
    /// The message (msg_…), as `why` names it
    #[arg(value_name = "MESSAGE")]
    pub message: String,
}

/// `explain`.
#[derive(Args, Debug)]
pub struct Explain {
    /// The lender's id of the agreement, or ours (agr_…)
    pub agreement: String,
    /// The day [default: the last closed one]
    #[arg(long, value_name = "D", value_parser = date)]
    pub on: Option<Date>,
}

/// `statement`.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Statement {
    /// The list of an agreement's statements, or all of a cut-off as files
    #[command(subcommand)]
    pub command: Option<StatementCommand>,
    /// The lender's id of the agreement, or ours (agr_…)
    #[arg(required = true)]
    pub agreement: Option<String>,
    /// The cut-off that ends the statement's period [default: the last one]
    #[arg(long, value_name = "D", value_parser = date)]
    pub cut_off: Option<Date>,
    /// Form of the statement [default: as --out ends, else text]
    #[arg(long, value_parser = statement_format())]
    pub format: Option<StatementFormat>,
    /// File to write instead of standard output; a PDF needs it
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Take in what was learned after the cut-off: not the statement as it was issued
    #[arg(long)]
    pub as_known_now: bool,
}

/// `statement list` and `statement batch`.
#[derive(Subcommand, Debug)]
pub enum StatementCommand {
    /// Show an agreement's statements, one a line
    List(StatementList),
    /// Write all statements of a cut-off into a folder, with index.csv
    Batch(StatementBatch),
}

/// `statement list`.
#[derive(Args, Debug)]
pub struct StatementList {
    /// The lender's id of the agreement, or ours (agr_…)
    pub agreement: String,
    /// Take in what was learned after each cut-off
    #[arg(long)]
    pub as_known_now: bool,
}

/// `statement batch`.
#[derive(Args, Debug)]
pub struct StatementBatch {
    /// The cut-off
    #[arg(long, value_name = "D", value_parser = date)]
    pub cut_off: Date,
    /// The folder; made when it is not there, refused when it holds a batch
    #[arg(long, value_name = "FOLDER")]
    pub out: PathBuf,
    /// Form of the files
    #[arg(long, value_parser = statement_format(), default_value = "pdf")]
    pub format: StatementFormat,
    /// Take in what was learned after the cut-off
    #[arg(long)]
    pub as_known_now: bool,
}

/// `why`.
#[derive(Args, Debug)]
pub struct Why {
    /// The lender's id of the agreement, or ours (agr_…)
    pub agreement: String,
    /// The day
    #[arg(long, value_name = "D", value_parser = date)]
    pub on: Date,
    /// For whom: the whole chain for staff, or only what the customer may be told
    #[arg(long = "for", value_name = "READER", value_parser = ["staff", "customer"], default_value = "staff")]
    pub reader: String,
}

/// `coverage`.
#[derive(Args, Debug)]
pub struct Coverage {
    /// One day
    #[arg(long, value_name = "D", value_parser = date, required_unless_present = "from", conflicts_with_all = ["from", "through"])]
    pub on: Option<Date>,
    /// First day of a range
    #[arg(long, value_name = "D", value_parser = date, requires = "through")]
    pub from: Option<Date>,
    /// Last day of a range
    #[arg(long, value_name = "D", value_parser = date, requires = "from")]
    pub through: Option<Date>,
    /// Count apart by these; several with commas: product,bucket
    #[arg(long, value_delimiter = ',', value_parser = people::coverage_by())]
    pub by: Vec<dunlin_engine::coverage_groups::CoverageBy>,
    /// Write the groups to a CSV file
    #[arg(long, value_name = "FILE", requires = "by")]
    pub csv: Option<PathBuf>,
}

/// `offer`.
#[derive(Subcommand, Debug)]
pub enum Offer {
    /// The cost sheet: principal, each item and who receives it, all of it a year, what is contingent
    Cost(OfferPlan),
    /// The instalments: when each is due and what it is made of
    Schedule(OfferPlan),
    /// What would close the plan on a day
    Payoff(OfferPayoff),
}

/// The plan that an offer is about.
#[derive(Args, Debug)]
pub struct OfferPlan {
    /// The product's name
    pub product: String,
    /// The amount to split, such as 1234.50, in the product's currency
    #[arg(long, value_name = "A", allow_hyphen_values = true)]
    pub amount: String,
    /// The number of instalments
    #[arg(long, value_name = "N")]
    pub count: u32,
    /// The day of the purchase [default: today]
    #[arg(long, value_name = "D", value_parser = date)]
    pub on: Option<Date>,
    /// The first due date [default: with the statement that a purchase of that day is on]
    #[arg(long, value_name = "D", value_parser = date)]
    pub first_due: Option<Date>,
}

/// `offer payoff`.
#[derive(Args, Debug)]
pub struct OfferPayoff {
    /// The plan.
    #[command(flatten)]
    pub plan: OfferPlan,
    /// The day of the payoff
    #[arg(long, value_name = "D", value_parser = date)]
    pub paid_on: Date,
    /// The last day on which the quote holds [default: the same day]
    #[arg(long, value_name = "D", value_parser = date)]
    pub holds_through: Option<Date>,
}

/// `policy`.
#[derive(Subcommand, Debug)]
pub enum Policy {
    /// Check documents and take them into the database; contact rules and strategies wait for another person
    Import(PolicyFiles),
    /// Check documents, alone and together with the shipped ones, and change nothing
    Check(PolicyFiles),
    /// Show the documents in force on a day
    List(PolicyList),
    /// Show the versions that wait, or waited, for a second person
    Pending,
    /// Show in words what a version that waits changes
    Changes(PolicyNamed),
    /// Approve a version that another person imported; it is in force from its first day on
    Approve(PolicyDecision),
    /// Reject a version, with what is to be changed
    Reject(PolicyDecision),
}

/// `policy changes`.
#[derive(Args, Debug)]
pub struct PolicyNamed {
    /// KIND/NAME@VERSION, as `policy pending` shows it; the kind may be left out where only one has the name
    pub name: String,
}

/// `policy approve|reject`.
#[derive(Args, Debug)]
pub struct PolicyDecision {
    /// KIND/NAME@VERSION, as `policy pending` shows it; the kind may be left out where only one has the name
    pub name: String,
    /// What there is to say about it
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub note: String,
}

/// `policy import` and `policy check`.
#[derive(Args, Debug)]
pub struct PolicyFiles {
    /// Documents: TOML, and CSV for strategies; those that others name first
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

/// `policy list`.
#[derive(Args, Debug)]
pub struct PolicyList {
    /// The day [default: today]
    #[arg(long, value_name = "D", value_parser = date)]
    pub on: Option<Date>,
}

/// `report`.
#[derive(Subcommand, Debug)]
pub enum Report {
    /// Agreements and customers by tier (五级分类)
    Tiers,
}

/// `incidents`.
#[derive(Args, Debug)]
pub struct Incidents {
    /// The day [default: the last closed one]
    #[arg(long, value_name = "D", value_parser = date)]
    pub on: Option<Date>,
}

/// `costs`.
#[derive(Args, Debug)]
pub struct Costs {
    /// First day [default: the last closed business day]
    #[arg(long, value_name = "D", value_parser = date)]
    pub from: Option<Date>,
    /// Last day [default: the first]
    #[arg(long, value_name = "D", value_parser = date)]
    pub through: Option<Date>,
}

/// `serve`.
#[derive(Args, Debug)]
pub struct Serve {
    /// Port on this machine's loopback address; 0 takes a free one
    #[arg(long, default_value_t = 8080)]
    pub port: u16,
}

/// An hour and minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeOfDay {
    /// 0 to 23.
    pub hour: i8,
    /// 0 to 59.
    pub minute: i8,
}

/// A value that cannot be read: what is wrong with it and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadValue(pub Wording);

impl std::fmt::Display for BadValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.en)
    }
}

impl std::error::Error for BadValue {}

fn date(text: &str) -> Result<Date, BadValue> {
    Date::parse(text).map_err(|error| BadValue(error.wording()))
}

fn time_of_day(text: &str) -> Result<TimeOfDay, BadValue> {
    let complaint = || BadValue(wording!("不是时刻；请写成 08:30", "no time of day; write it as 08:30"));
    let (hour, minute) = text.split_once(':').ok_or_else(complaint)?;
    let number = |text: &str, end: i8| {
        let number = text.parse::<i8>().ok().filter(|number| (0..end).contains(number));
        number.filter(|_| text.len() == 2).ok_or_else(complaint)
    };
    Ok(TimeOfDay { hour: number(hour, 24)?, minute: number(minute, 60)? })
}

/// Reads a share between 0 and 1 with at most six digits, without floating point.
fn share(text: &str) -> Result<Rate, BadValue> {
    let complaint = || {
        BadValue(wording!(
            "比例“{text}”不是 0 至 1 之间、最多六位小数的数，如 0.05",
            "share {text:?} is not between 0 and 1 with at most six digits, such as 0.05"
        ))
    };
    let (whole, digits) = text.split_once('.').unwrap_or((text, "0"));
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !is_number(digits) || digits.len() > 6 {
        return Err(complaint());
    }
    let whole: i64 = whole.parse().map_err(|_| complaint())?;
    let millionths: i64 = format!("{digits:0<6}").parse().map_err(|_| complaint())?;
    let millionths = whole.checked_mul(1_000_000).and_then(|whole| whole.checked_add(millionths));
    millionths.filter(|millionths| *millionths <= 1_000_000).map(Rate::from_millionths).ok_or_else(complaint)
}

/// One of some words, each of which `read` knows; they are shown in the help.
fn one_of<T: Clone + Send + Sync + 'static>(
    words: impl IntoIterator<Item = &'static str>,
    read: impl Fn(&str) -> Option<T> + Clone + Send + Sync + 'static,
) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(words)
        .try_map(move |word| read(&word).ok_or("a word of the list that is not read"))
}

fn clock() -> impl TypedValueParser<Value = Clock> {
    one_of(["real", "business"], config::parse_clock)
}

fn language() -> impl TypedValueParser<Value = Language> {
    one_of(Language::ALL.iter().map(|language| language.code()), Language::parse)
}

fn channel() -> impl TypedValueParser<Value = Channel> {
    one_of(Channel::ALL.iter().map(|channel| channel.code()), Channel::parse)
}

fn statement_format() -> impl TypedValueParser<Value = StatementFormat> {
    one_of(StatementFormat::ALL.map(StatementFormat::code), StatementFormat::parse)
}

fn encoding() -> impl TypedValueParser<Value = Encoding> {
    one_of(["utf8", "gbk"], Encoding::parse)
}

fn format() -> impl TypedValueParser<Value = Format> {
    one_of(Format::ALL.map(Format::extension), Format::parse)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_well_formed() {
        use clap::CommandFactory as _;
        Arguments::command().debug_assert();
    }

    /// Commands and options that `text` does not tell of; `path` leads to `command`.
    fn untold(text: &str, path: &str, command: &clap::Command) -> Vec<String> {
        let subcommands: Vec<_> = command.get_subcommands().collect();
        let mut missing: Vec<String> = subcommands
            .iter()
            .flat_map(|subcommand| untold(text, &format!("{path} {}", subcommand.get_name()), subcommand))
            .collect();
        if subcommands.is_empty() {
            // `dunlin pause add|end|list` tells of three.
            let (parent, name) = path.rsplit_once(' ').unwrap_or(("", path));
            let is_together =
                parent != "dunlin" && text.contains(&format!("{parent} ")) && text.contains(name);
            if !text.contains(path) && !is_together {
                missing.push(path.to_owned());
            }
            let options = command.get_arguments().filter_map(|argument| argument.get_long());
            let options = options.map(|option| format!("--{option}")).filter(|option| !text.contains(option));
            missing.extend(options.map(|option| format!("{path} {option}")));
        }
        missing
    }

    #[test]
    fn every_command_and_option_is_told_of_in_the_documentation() {
        use clap::CommandFactory as _;
        let text = include_str!("../../../docs/cli.md");
        assert_eq!(untold(text, "dunlin", &Arguments::command()), Vec::<String>::new());
        let without = text.replace("--no-summary", "").replace("dunlin receipts", "");
        assert_eq!(
            untold(&without, "dunlin", &Arguments::command()),
            ["dunlin day --no-summary", "dunlin receipts"]
        );
    }

    #[test]
    fn a_share_is_read_exactly() {
        let read = |text: &str| share(text).ok();
        assert_eq!(read("0.05"), Some(Rate::from_millionths(50_000)));
        assert_eq!(read("1"), Some(Rate::from_millionths(1_000_000)));
        assert_eq!(read("0.000001"), Some(Rate::from_millionths(1)));
        for wrong in ["1.000001", "0.0000001", "5%", "", ".5", "-0.1", "99999999999999"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_time_of_day_has_two_digits_twice() {
        assert_eq!(time_of_day("23:59"), Ok(TimeOfDay { hour: 23, minute: 59 }));
        for wrong in ["24:00", "8:30", "0830", "08:60", "-1:00"] {
            assert!(time_of_day(wrong).is_err(), "{wrong}");
        }
    }
}

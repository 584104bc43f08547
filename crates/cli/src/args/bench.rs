//! What can be typed about measuring and rehearsing: `bench`, `lab`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use dunlin_domain::money::Rate;
use dunlin_lab::bench::dispatch::Server;

use super::share;

/// `bench`.
#[derive(Subcommand, Debug)]
pub enum Bench {
    /// One business day on a generated portfolio, beside the bare bulk write of the same rows
    Day(BenchDay),
    /// How fast lost messages are noticed, and how often by mistake, beside published figures; exit code 1 if a target is missed
    Detect(BenchDetect),
    /// Messages from the queue to their receipts by SMTP and SMPP, beside the bare rate of the same client
    Dispatch(BenchDispatch),
    /// Deriving positions from histories of 10 to 2,400 facts, and long arrears beside a walk day by day
    Fold(BenchFold),
    /// Payments recorded one by one, beside bare transactions of the same database and pgbench
    Post(BenchPost),
}

/// `bench day`.
#[derive(Args, Debug)]
pub struct BenchDay {
    /// How many agreements to generate
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub agreements: u64,
    /// Days to run before the measured one, so that contacts are spread as in a running business
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u32).range(0..=365))]
    pub warm_up_days: u32,
    /// Share of them that is overdue
    #[arg(long, value_name = "SHARE", value_parser = share, default_value = "0.05")]
    pub overdue_share: Rate,
    /// The same seed gives the same portfolio
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
}

/// The commands of `lab`.
#[derive(Subcommand, Debug)]
pub enum Lab {
    /// Lost commits, ended processes, a provider that lies and loses, skipping clocks, and an auditor; exit code 1 if it finds something
    Chaos(LabChaos),
}

/// `lab chaos`.
#[derive(Args, Debug)]
pub struct LabChaos {
    /// The same seed does the same again
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
    /// Business days with faults
    #[arg(long, value_name = "D", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3660))]
    pub days: u32,
    /// About how many messages to decide on
    #[arg(long, value_name = "N", default_value_t = 2_000, value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    pub intents: u64,
    /// Shell command that restarts the PostgreSQL server, such as 'pg_ctl -D DIR restart -m immediate'; without it connections are ended
    #[arg(long, value_name = "COMMAND")]
    pub restart_with: Option<String>,
}

/// `bench detect`.
#[derive(Args, Debug)]
pub struct BenchDetect {
    /// The same seed gives the same figures
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
    /// Faults to play for each line
    #[arg(long, value_name = "N", default_value_t = 400, value_parser = clap::value_parser!(u32).range(20..=100_000))]
    pub runs: u32,
    /// Healthy streams to watch for a year
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub streams: u32,
}

/// `bench dispatch`.
#[derive(Args, Debug)]
pub struct BenchDispatch {
    /// How many messages to send in each measurement
    #[arg(long, value_name = "N", default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub messages: u32,
    /// How many workers are several
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=16))]
    pub workers: u32,
    /// Connections of a worker to the mail server
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u8).range(1..=64))]
    pub connections: u8,
    /// Binds of a worker to the message centre
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=16))]
    pub binds: u8,
    /// Postfix's smtp-sink, which is started and ended; found by itself where Debian puts it
    #[arg(long, value_name = "PROGRAM", conflicts_with = "smtp")]
    pub smtp_sink: Option<PathBuf>,
    /// A mail server on this machine that takes everything, instead of smtp-sink
    #[arg(long, value_name = "HOST:PORT", value_parser = Server::parse)]
    pub smtp: Option<Server>,
    /// A message centre on this machine that takes everything; without it SMPP is not measured
    #[arg(long, value_name = "HOST:PORT", value_parser = Server::parse)]
    pub smpp: Option<Server>,
}

/// `bench fold`.
#[derive(Args, Debug)]
pub struct BenchFold {
    /// About how many facts to take for each length of history
    #[arg(long, value_name = "N", default_value_t = 2_000_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub facts: u64,
}

/// `bench post`.
#[derive(Args, Debug)]
pub struct BenchPost {
    /// How many customers to generate
    #[arg(long, value_name = "N", default_value_t = 2_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub customers: u64,
    /// How many payments to record by one client, and again by many
    #[arg(long, value_name = "N", default_value_t = 5_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub payments: u64,
    /// How many clients are many
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub clients: u32,
    /// The same seed gives the same portfolio
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
}

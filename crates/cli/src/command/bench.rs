//! `bench`: measurements of the laboratory, on the real engine and beside a baseline.

use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
use dunlin_engine::{Config, Engine, Location};
use dunlin_lab::bench::{self, Figures, dispatch, fold, post};
use serde_json::{Value, json};

use super::rehearse::Ground;
use crate::answer::Answer;
use crate::args::bench::{Bench, BenchDay, BenchDispatch, BenchFold, BenchPost};
use crate::clock::random_key;
use crate::failure::Failure;
use crate::progress::Meter;
use crate::screen::{grouped, lines_of, table};
use crate::session::Session;

/// `bench`.
///
/// # Errors
/// A place that holds data already; what the engine says.
pub fn bench(session: &Session, command: &Bench) -> Result<Answer, Failure> {
    match command {
        Bench::Day(args) => bench_day(session, args),
        Bench::Detect(args) => super::bench_detect::run(session, args),
        Bench::Dispatch(args) => bench_dispatch(session, args),
        Bench::Fold(args) => bench_fold(session, args),
        Bench::Post(args) => bench_post(session, args),
    }
}

fn bench_day(session: &Session, args: &BenchDay) -> Result<Answer, Failure> {
    let ground = Ground::prepare(session, "bench")?;
    let engine = ground.open(session)?;
    let options = bench::Options {
        // 8 % of generated customers have a second agreement.
        customers: (args.agreements.saturating_mul(25) / 27).max(1),
        overdue_share: args.overdue_share,
        seed: args.seed,
        warm_up_days: args.warm_up_days,
        work: ground.folder.clone(),
    };
    let meter = Meter::endless("", "");
    let figures = bench::day(&engine, &options, &|| session.now(), &mut random_key, &mut |stage, done| {
        meter.title(stage.to_owned());
        meter.reached(done);
    })?;
    drop(meter);
    drop(engine);
    ground.clear()?;
    Ok(Answer::new(figures_text(&figures), figures_json(&figures)))
}

fn figures_text(figures: &Figures) -> String {
    let mut rows = table(&["", ""], &[1]);
    let mut add = |name: &str, value: String| {
        rows.add_row([name.to_owned(), value]);
    };
    add("database", figures.database.to_owned());
    add("agreements", grouped(figures.agreements));
    add("of them overdue", grouped(figures.overdue));
    add("worked on the day", grouped(figures.worked));
    add("rows read", grouped(figures.rows_read));
    add("rows written", grouped(figures.rows_written));
    add("the day", format!("{:.2} s", figures.seconds));
    add("agreements a second", format!("{:.0}", figures.agreements_per_second()));
    add("bare write of the same rows", format!("{:.2} s", figures.bare_seconds));
    add("the day in bare writes", format!("{:.2}", figures.ratio()));
    add("a day on which nothing is due", format!("{:.3} s", figures.quiet_seconds));
    add("peak memory", format!("{:.0} MiB", figures.peak_mib));
    add("import before", format!("{:.1} s", figures.import_seconds));
    lines_of(&rows)
}

fn figures_json(figures: &Figures) -> Value {
    json!({
        "database": figures.database,
        "agreements": figures.agreements,
        "overdue": figures.overdue,
        "worked": figures.worked,
        "rows_read": figures.rows_read,
        "rows_written": figures.rows_written,
        "seconds": figures.seconds,
        "bare_seconds": figures.bare_seconds,
        "ratio": figures.ratio(),
        "quiet_seconds": figures.quiet_seconds,
        "peak_mib": figures.peak_mib,
        "agreements_per_second": figures.agreements_per_second(),
        "import_seconds": figures.import_seconds,
    })
}

fn bench_fold(session: &Session, args: &BenchFold) -> Result<Answer, Failure> {
    let meter = Meter::endless("", "");
    let figures = fold::run(args.facts, &|| session.now(), &mut |stage, done| {
        meter.title(stage.to_owned());
        meter.reached(done);
    })?;
    drop(meter);
    Ok(Answer::new(fold_text(&figures), fold_json(&figures)))
}

fn fold_text(figures: &fold::Figures) -> String {
    let mut rows = table(&["facts", "agreements a second", "ns a fact"], &[0, 1, 2]);
    for line in &figures.lines {
        rows.add_row([
            grouped(u64::from(line.fact_count)),
            format!("{:.0}", line.agreements_per_second),
            format!("{:.0}", line.nanoseconds_per_fact),
        ]);
    }
    format!(
        "{}\na fact of the longest history costs {:.2} times one of the shortest\n\n\
         {} days of arrears, derived from their facts   {:>12.2} µs\n\
         the same days walked one by one                {:>12.2} µs   ({:.0} times)\n\
         another system, as published                   {:>12.0} s    (frappe/lending, pull request 1384)\n",
        lines_of(&rows),
        figures.growth(),
        grouped(u64::from(fold::ACCRUAL_DAYS.unsigned_abs())),
        figures.arrears_seconds * 1e6,
        figures.day_by_day_seconds * 1e6,
        figures.ratio(),
        fold::PUBLISHED_SECONDS,
    )
}

fn fold_json(figures: &fold::Figures) -> Value {
    let lines: Vec<Value> = figures
        .lines
        .iter()
        .map(|line| {
            json!({
                "facts": line.fact_count,
                "agreements_per_second": line.agreements_per_second,
                "nanoseconds_per_fact": line.nanoseconds_per_fact,
            })
        })
        .collect();
    json!({
        "histories": lines,
        "growth": figures.growth(),
        "accrual_days": fold::ACCRUAL_DAYS,
        "arrears_seconds": figures.arrears_seconds,
        "day_by_day_seconds": figures.day_by_day_seconds,
        "ratio": figures.ratio(),
        "published_seconds": fold::PUBLISHED_SECONDS,
    })
}

fn bench_post(session: &Session, args: &BenchPost) -> Result<Answer, Failure> {
    let ground = Ground::prepare(session, "bench")?;
    let engine = ground.open(session)?;
    let options = post::Options {
        customers: args.customers,
        payments: args.payments,
        clients: args.clients,
        seed: args.seed,
        work: ground.folder.clone(),
        server: match session.config_in(ground.folder.clone())?.location {
            Location::Postgres(url) => Some(url),
            Location::Sqlite(_) => None,
        },
    };
    let meter = Meter::endless("", "");
    let figures = post::run(&engine, &options, &|| session.now(), &mut random_key, &mut |stage, done| {
        meter.title(stage.to_owned());
        meter.reached(done);
    })?;
    drop(meter);
    drop(engine);
    ground.clear()?;
    Ok(Answer::new(post_text(&figures), post_json(&figures)))
}

fn post_text(figures: &post::Figures) -> String {
    let many = format!("{} clients", figures.clients);
    let mut rows = table(&[figures.database, "one client", &many], &[1, 2]);
    let mut add = |name: &str, rates: post::Rates, digits: usize| {
        rows.add_row([
            name.to_owned(),
            format!("{:.digits$}", rates.one),
            format!("{:.digits$}", rates.many),
        ]);
    };
    add("payments a second, each durable", figures.payments, 0);
    add("bare inserts of one row a second", figures.bare, 0);
    if let Some(pgbench) = figures.pgbench {
        add("pgbench -N, transactions a second", pgbench, 0);
    }
    add("payments for each of the last line", figures.ratios(), 2);
    lines_of(&rows)
}

fn post_json(figures: &post::Figures) -> Value {
    let pair = |rates: post::Rates| json!({"one": rates.one, "many": rates.many});
    json!({
        "database": figures.database,
        "clients": figures.clients,
        "payments_per_second": pair(figures.payments),
        "bare_per_second": pair(figures.bare),
        "pgbench_per_second": figures.pgbench.map(pair),
        "ratio": pair(figures.ratios()),
    })
}

fn bench_dispatch(session: &Session, args: &BenchDispatch) -> Result<Answer, Failure> {
    let sink = match (&args.smtp, dispatch::Sink::start(args.smtp_sink.as_deref())) {
        (Some(_), _) => None,
        (None, Ok(sink)) => Some(sink),
        // Without a mail server there is still the message centre to measure.
        (None, Err(_)) if args.smtp_sink.is_none() && args.smpp.is_some() => None,
        (None, Err(error)) => {
            let remedy = wording!(
                "请安装 Debian 的 postfix，或用 --smtp-sink 指定程序、用 --smtp 指定服务器",
                "install Debian's postfix, or name a program with --smtp-sink or a server with --smtp"
            );
            return Err(Failure::environment(
                "smtp_sink",
                Wording {
                    zh: format!("无法启动 smtp-sink：{error}；{}", remedy.zh),
                    en: format!("cannot start smtp-sink: {error}; {}", remedy.en),
                },
            ));
        }
    };
    let ground = Ground::prepare(session, "bench")?;
    let engine = ground.open(session)?;
    let options = dispatch::Options {
        messages: args.messages,
        workers: args.workers,
        connections: usize::from(args.connections),
        binds: usize::from(args.binds),
        smtp: args.smtp.clone().or_else(|| sink.as_ref().map(|sink| sink.server.clone())),
        smpp: args.smpp.clone(),
        work: ground.folder.clone(),
    };
    let config = session.config_in(ground.folder.clone())?;
    let open = |providers, clock, worker: &str| {
        let worker = format!("{worker}:{}", std::process::id());
        let config = Config { providers, clock: Some(clock), worker, ..config.clone() };
        // The folder has its key already, so a fresh one is not used.
        Engine::open(config, session.now(), random_key())
    };
    let meter = Meter::endless("", "");
    let figures =
        dispatch::run(&engine, &options, &open, &|| session.now(), &mut random_key, &mut |stage, done| {
            meter.title(stage.to_owned());
            meter.reached(done);
        })?;
    drop(meter);
    drop(engine);
    ground.clear()?;
    let is_wrong = figures.outage.as_ref().is_some_and(|outage| !outage.is_clean());
    Ok(Answer::new(dispatch_text(&figures), dispatch_json(&figures)).found_if(is_wrong))
}

fn dispatch_text(figures: &dispatch::Figures) -> String {
    let header = [
        figures.database,
        "workers",
        "messages",
        "a second",
        "sent in",
        "receipts in",
        "bare, a second",
        "share",
    ];
    let mut rows = table(&header, &[1, 2, 3, 4, 5, 6, 7]);
    for line in &figures.lines {
        rows.add_row([
            line.way.to_owned(),
            line.workers.to_string(),
            grouped(line.messages),
            format!("{:.0}", line.per_second()),
            format!("{:.2} s", line.send_seconds),
            format!("{:.2} s", line.receipt_seconds),
            format!("{:.0}", line.bare_per_second()),
            format!("{:.2}", line.ratio()),
        ]);
    }
    let mut text = lines_of(&rows);
    if let Some(outage) = &figures.outage {
        text += &format!(
            "\nthe mail server down, of {} messages: {} marked as sent, {} charged for; {} delivered when it was back\n",
            grouped(outage.messages),
            grouped(outage.sent),
            grouped(outage.charged),
            grouped(outage.delivered_afterwards),
        );
    }
    text
}

fn dispatch_json(figures: &dispatch::Figures) -> Value {
    let line = |line: &dispatch::Line| {
        json!({
            "way": line.way,
            "workers": line.workers,
            "messages": line.messages,
            "per_second": line.per_second(),
            "send_seconds": line.send_seconds,
            "receipt_seconds": line.receipt_seconds,
            "bare_per_second": line.bare_per_second(),
            "ratio": line.ratio(),
        })
    };
    let outage = figures.outage.as_ref().map(|outage| {
        json!({
            "messages": outage.messages,
            "sent": outage.sent,
            "charged": outage.charged,
            "delivered_afterwards": outage.delivered_afterwards,
        })
    });
    json!({
        "database": figures.database,
        "lines": figures.lines.iter().map(line).collect::<Vec<_>>(),
        "outage": outage,
    })
}

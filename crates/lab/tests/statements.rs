//! Statements of a generated portfolio: every one of them adds up and goes on from the one before.

use std::path::Path;

use dunlin_domain::contact::Channel;
use dunlin_domain::date::{BusinessDate, Date, Timestamp};
use dunlin_engine::delivery::{ProviderConfig, ProviderKind, SpoolConfig};
use dunlin_engine::import::ImportOptions;
use dunlin_engine::portfolio::{Encoding, Format};
use dunlin_engine::statement_document::{Knowledge, Movement};
use dunlin_engine::statements::{StatementBatch, StatementFormat};
use dunlin_engine::{Clock, Config, Engine, Lender, Letters, Location};
use dunlin_lab::generate;

/// 2026-12-01; imports take nothing that is dated later.
const NOW: Timestamp = Timestamp::from_micros(1_796_083_200_000_000);

fn open(folder: &Path) -> Engine {
    let provider = ProviderConfig {
        name: "spool".to_owned(),
        channels: Channel::ALL.to_vec(),
        kind: ProviderKind::Spool(SpoolConfig { folder: folder.join("spool"), durable: false }),
    };
    let lender = Lender {
        name_zh: "示例消金".to_owned(),
        name_en: "Sample Finance".to_owned(),
        hotline: "400-000-0000".to_owned(),
        zone: "Asia/Shanghai".to_owned(),
        letters: Letters::default(),
    };
    let config = Config {
        location: Location::Sqlite(folder.join("dunlin.db")),
        folder: folder.to_owned(),
        master_key: None,
        providers: vec![provider],
        lender,
        clock: Some(Clock::Business),
        span_width: None,
        actor: "test".to_owned(),
        worker: "test:1".to_owned(),
    };
    Engine::open(config, NOW, [7; 32]).expect("an empty engine")
}

/// An engine with a generated portfolio, its last day closed; and the ids of the agreements.
fn generated(folder: &Path) -> (Engine, Vec<String>, Date) {
    let start = Date::parse("2026-03-02").expect("a day");
    let mut config = generate::Config::new(11, 300, start, 120);
    config.overdue_share = dunlin_domain::money::Rate::from_millionths(200_000);
    let names = generate::generate(&config).flat_map(|customer| customer.agreements);
    let names: Vec<String> = names.map(|agreement| agreement.agreement_id).collect();
    let portfolio = folder.join("portfolio");
    generate::write_folder(&config, &portfolio, Format::Csv, &mut |_, _| {}).expect("a portfolio");
    let engine = open(folder);
    let options = ImportOptions {
        folder: portfolio,
        encoding: Encoding::Utf8,
        rejects_file: folder.join("rejects.csv"),
    };
    let mut count = 0_u64;
    let mut fresh_key = || {
        count += 1;
        let mut key = [0; 32];
        key[..8].copy_from_slice(&count.to_le_bytes());
        key
    };
    let report = engine.import(&options, NOW, &mut fresh_key, &mut |_| {}).expect("it is sound");
    assert_eq!(report.rejected(), 0);
    engine.run_day(BusinessDate(config.end()), &|| NOW, &|_| {}).expect("the day is run");
    (engine, names, config.end())
}

#[test]
fn every_statement_of_a_generated_portfolio_adds_up_and_goes_on_from_the_one_before() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (engine, names, end) = generated(folder.path());
    assert!(names.len() >= 300, "{} agreements", names.len());
    let (mut statement_count, mut late_fee_count, mut plan_count, mut overdue_count) = (0, 0, 0, 0);
    for name in &names {
        let statements = engine.statements(name, Knowledge::AtCutOff, NOW).expect("each of them adds up");
        let mut previous = None;
        for statement in &statements {
            let balance = &statement.balance;
            let before = previous.unwrap_or(dunlin_domain::money::Money::zero(statement.currency));
            assert_eq!(balance.previous(), before, "{name} {}", statement.cut_off_on);
            let moved = balance.movements().effect().expect("it fits");
            assert_eq!(before.try_add(moved), Ok(balance.new_balance()), "{name} {}", statement.cut_off_on);
            previous = Some(balance.new_balance());
            statement_count += 1;
            late_fee_count += usize::from(!balance.movements().get(Movement::LateFee).is_zero());
            plan_count += usize::from(!statement.plans.is_empty());
            overdue_count += usize::from(statement.overdue.is_some());
        }
        assert!(statements.iter().all(|statement| statement.cut_off_on <= end));
    }
    // The portfolio is no proof unless it has all of this.
    assert!(statement_count > 900 && late_fee_count > 100 && plan_count > 100 && overdue_count > 100);
}

#[test]
fn a_batch_writes_one_file_each_and_the_same_bytes_again() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (engine, ..) = generated(folder.path());
    let cut_off_on = Date::parse("2026-06-01").expect("a day");
    let write = |name: &str, format: StatementFormat| {
        let batch = StatementBatch {
            cut_off_on,
            folder: folder.path().join(name),
            format,
            language: None,
            knowledge: Knowledge::AtCutOff,
        };
        (engine.write_statements(&batch, NOW, &mut |_| {}), batch.folder)
    };
    let (report, first) = write("first", StatementFormat::Html);
    let report = report.expect("the batch is written");
    assert!(report.written > 10 && report.failed.is_empty(), "{report:?}");
    let index = std::fs::read_to_string(first.join("index.csv")).expect("an index");
    assert_eq!(index.lines().count() as u64, report.written + 1);
    let (_, second) = write("second", StatementFormat::Html);
    for entry in std::fs::read_dir(&first).expect("the folder") {
        let name = entry.expect("an entry").file_name();
        let bytes = |folder: &Path| std::fs::read(folder.join(&name)).expect("a file");
        assert_eq!(bytes(&first), bytes(&second), "{name:?}");
    }
    let (again, _) = write("first", StatementFormat::Html);
    assert_eq!(again.expect_err("the folder holds a batch").code(), "not_empty");
    let file = folder.path().join("in-the-way");
    std::fs::write(&file, "").expect("a file");
    let (blocked, _) = write("in-the-way", StatementFormat::Html);
    assert_eq!(blocked.expect_err("a file is no folder").code(), "statement_file");
    let opened = engine.db().read(|tx| {
        let sql = "select count(*) from audit_entry where action = 'personal_data.open'";
        tx.query_one(sql, &[], |row| Ok(row.int(0)))
    });
    assert!(opened.expect("the log can be read").unwrap_or(0) > 0, "who opened names stands in the log");
}

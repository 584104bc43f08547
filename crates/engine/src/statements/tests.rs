//! A statement that does not add up leaves an incident, and closes it when it can be made.

use dunlin_domain::date::{BusinessDate, Date, Timestamp};
use dunlin_domain::money::{Currency, Money};

use super::{Knowledge, NotMade, StatementError, UNBALANCED};
use crate::delivery::{ProviderConfig, ProviderKind, SpoolConfig};
use crate::import::ImportOptions;
use crate::portfolio::Encoding;
use crate::{Clock, Config, Engine, Lender, Letters, Location};

/// 2026-06-01.
const NOW: Timestamp = Timestamp::from_micros(1_780_272_000_000_000);

const TABLES: [(&str, &str); 4] = [
    ("customers.csv", "customer_id,name,language\nC-1,王示例,zh\n"),
    ("products.csv", "product,version,effective_from,document\nbaitiao,1,2026-01-01,shipped:baitiao\n"),
    (
        "agreements.csv",
        "agreement_id,customer_id,product,currency,opened_on,credit_limit,statement_day\n\
         A-1,C-1,baitiao,CNY,2026-01-05,8000.00,15\n",
    ),
    (
        "purchases.csv",
        "purchase_id,agreement_id,purchased_on,amount,instalment_count\nP-1,A-1,2026-01-08,120.00,0\n",
    ),
];

fn engine(folder: &std::path::Path) -> Engine {
    let provider = ProviderConfig {
        name: "spool".to_owned(),
        channels: dunlin_domain::contact::Channel::ALL.to_vec(),
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
    let engine = Engine::open(config, NOW, [7; 32]).expect("an empty engine");
    let portfolio = folder.join("may");
    std::fs::create_dir_all(&portfolio).expect("a folder");
    for (name, text) in TABLES {
        std::fs::write(portfolio.join(name), text).expect("a file");
    }
    let rejects_file = folder.join("rejects.csv");
    let options = ImportOptions { folder: portfolio, encoding: Encoding::Utf8, rejects_file };
    engine.import(&options, NOW, &mut || [3; 32], &mut |_| {}).expect("it is sound");
    let day = Date::parse("2026-03-20").expect("a day");
    engine.run_day(BusinessDate(day), &|| NOW, &|_| {}).expect("the day is run");
    engine
}

#[test]
fn a_statement_that_does_not_add_up_is_an_incident_until_it_does() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let engine = engine(folder.path());
    let day = |text: &str| Date::parse(text).expect("a day");
    let money = |minor| Money::new(minor, Currency::CNY);
    let row = engine.db.read_as(|tx| engine.find_agreement(tx, "A-1")).expect("it is there");
    let refuse = || {
        let error = StatementError::Unbalanced { previous: money(0), moved: money(1), new_balance: money(2) };
        let not_made = NotMade { cut_off_on: day("2026-02-15"), error };
        engine.refuse_statement(&row, not_made, NOW).expect("it is noted")
    };
    let refused = refuse();
    assert_eq!(refused.code(), UNBALANCED);
    assert!(refused.to_string().contains("inc_"), "{refused}");
    refuse();
    let seen = |on: &str| engine.today(Some(day(on))).expect("a day that was run").agreement_incidents;
    // The wall clock is past the day that was run, so it stands on the day that it is about and on today's.
    assert!(seen("2026-03-20").is_empty());
    let all = engine.db.read(dunlin_store::agreement_incident::all).expect("they can be read");
    assert_eq!(all.len(), 1);
    assert_eq!((all[0].code.as_str(), all[0].seen_count, all[0].closed_at), (UNBALANCED, 2, None));
    assert!(all[0].detail.contains("0.01"), "{}", all[0].detail);
    // The statement can be made, so the incident is over.
    engine.statement("A-1", Some(day("2026-02-15")), Knowledge::AtCutOff, None, NOW).expect("it adds up");
    let all = engine.db.read(dunlin_store::agreement_incident::all).expect("they can be read");
    assert_eq!(all[0].closed_at, Some(NOW));
}

//! The replay of the real portfolio: an excerpt always, all 30,000 customers where the published file is there.

#[path = "../../cli/tests/shared/database.rs"]
mod database;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use database::TestDatabase;
use dunlin_domain::contact::{Channel, Language};
use dunlin_domain::date::Timestamp;
use dunlin_engine::delivery::{ProviderConfig, ProviderKind, SpoolConfig};
use dunlin_engine::{Clock, Config, Engine, EngineError, Lender, Location};
use dunlin_lab::replay::{self, Options, Outcome};
use expect_test::{Expect, expect};

/// 2026-01-01; imports take nothing that is dated later.
const NOW: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);

const HEADER: &str = "ID,LIMIT_BAL,PAY_0,PAY_2,PAY_3,PAY_4,PAY_5,PAY_6,\
BILL_AMT1,BILL_AMT2,BILL_AMT3,BILL_AMT4,BILL_AMT5,BILL_AMT6,\
PAY_AMT1,PAY_AMT2,PAY_AMT3,PAY_AMT4,PAY_AMT5,PAY_AMT6";

/// One customer in the published form, from lists with April first: the bank's codes, statements, payments.
fn row(id: u32, codes: [i64; 6], bills: [i64; 6], paid: [i64; 6]) -> String {
    let backwards = |values: [i64; 6]| values.iter().rev().map(i64::to_string).collect::<Vec<_>>().join(",");
    format!("{id},100000,{},{},{}", backwards(codes), backwards(bills), backwards(paid))
}

/// Customers as the file has them, one for each way to agree or to differ.
fn excerpt() -> String {
    let rows = [
        // Pays in full every month.
        row(1, [-1; 6], [1000; 6], [1000; 6]),
        // Pays a tenth every month.
        row(2, [0; 6], [10_000, 10_000, 10_000, 10_000, 10_000, 10_000], [1000; 6]),
        // Pays nothing from May on: the bank counts 2, 3, 4, 5, 6, we count M1 to M5.
        row(3, [2, 3, 4, 5, 6, 7], [5000, 5100, 5200, 5300, 5400, 5500], [900, 0, 0, 0, 0, 0]),
        // Misses June and pays the minimum in July; the bank's 2 stays.
        row(
            4,
            [0, 2, 2, 0, 0, 0],
            [20_000, 20_400, 20_500, 20_000, 19_000, 18_000],
            [0, 900, 0, 900, 1500, 1500],
        ),
        // Pays nothing in May and the bank does not mind.
        row(5, [0, 0, 0, 0, 0, 0], [3000, 3100, 3000, 2900, 2800, 2700], [500, 0, 300, 300, 300, 300]),
        // Was overdue before April.
        row(6, [3, 4, 0, 0, 0, 0], [8000, 8200, 8300, 5000, 5000, 5000], [0, 0, 0, 4000, 500, 500]),
        // Owes nothing and is a 2 nevertheless.
        row(7, [2, -2, -2, -2, -2, -2], [0; 6], [0; 6]),
        // Misses May, then pays all: our late fee of NT$ 1 leaves NT$ 1 open.
        row(8, [2, -1, -2, -2, -2, -2], [6832, 7092, 0, 0, 0, 0], [0, 0, 7092, 0, 0, 0]),
    ];
    format!("{HEADER}\n{}\n", rows.join("\n"))
}

fn open(location: Location, folder: &Path) -> Engine {
    let spool = SpoolConfig { folder: folder.join("spool"), durable: false };
    let provider = ProviderConfig {
        name: "spool".to_owned(),
        channels: Channel::ALL.to_vec(),
        kind: ProviderKind::Spool(spool),
    };
    let lender = Lender {
        name_zh: "示例银行".to_owned(),
        name_en: "Sample Bank".to_owned(),
        hotline: "400-000-0000".to_owned(),
        zone: "Asia/Taipei".to_owned(),
        letters: dunlin_engine::Letters::default(),
    };
    let config = Config {
        location,
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

fn replayed(engine: &Engine, source: &Path, options: &Options) -> Result<Outcome, EngineError> {
    let mut key_count = 0_u64;
    let mut fresh_key = || {
        key_count += 1;
        let mut key = [0; 32];
        key[..8].copy_from_slice(&key_count.to_le_bytes());
        key
    };
    replay::run(engine, source, options, &|| NOW, &mut fresh_key, &mut |_| {})
}

/// What a replay came to, for comparing; without seconds.
fn shown(outcome: &Outcome) -> String {
    let mut text = format!("{} days from {} to {}\n", outcome.days, outcome.first_day, outcome.last_day);
    let mut add = |line: String| writeln!(text, "{line}").expect("a string takes any text");
    for table in &outcome.import.tables {
        add(format!("{}: {} of {} rows", table.table.stem(), table.added, table.rows));
    }
    add(format!("\n{}", outcome.comparison.total));
    for month in &outcome.comparison.months {
        let (same, total) = (month.table.same_bucket_count(), month.table.total());
        add(format!("statement {}, {}: {same} of {total}", month.statement_on, month.judged_on));
    }
    add(String::new());
    for difference in &outcome.comparison.differences {
        let (kind, count, example) = (difference.kind.code(), difference.count, &difference.example);
        let (agreement, on, code) = (&example.agreement_id, example.judged_on, example.bank_code);
        add(format!(
            "{count:>6} {kind}: {agreement} on {on} is {} with us, {code} at the bank",
            example.bucket
        ));
    }
    let coverage = &outcome.coverage;
    add(format!("\n{} overdue days, {} unexplained", coverage.overdue_days, coverage.unexplained));
    for line in &coverage.by_reason {
        add(format!("{:>6} {}", line.count, line.reason.label(Language::En)));
    }
    let (sent, back) = (&outcome.traffic.dispatch, &outcome.traffic.receipts);
    add(format!("{} sent, {} delivered, {} failed", sent.accepted, back.delivered, back.failed));
    text
}

fn check(source: &Path, options: &Options, expected: &Expect) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    check_in(Location::Sqlite(folder.path().join("test.db")), folder.path(), source, options, expected);
}

fn check_in(location: Location, folder: &Path, source: &Path, options: &Options, expected: &Expect) {
    let engine = open(location, folder);
    let shown = match replayed(&engine, source, options) {
        Ok(outcome) => {
            the_buckets_that_the_days_stored_are_those_of_the_positions(&engine, &outcome);
            shown(&outcome)
        }
        // The folder has another name on each run.
        Err(error) => error.to_string().replace(&folder.display().to_string(), "DATA"),
    };
    expected.assert_eq(&shown);
}

/// Two ways to the same numbers: what the days wrote beside each agreement, and its position on the last day.
fn the_buckets_that_the_days_stored_are_those_of_the_positions(engine: &Engine, outcome: &Outcome) {
    let Some(last) = outcome.comparison.months.last().filter(|last| last.judged_on == outcome.last_day)
    else {
        return;
    };
    let table = &last.table;
    let of_positions: Vec<(String, u64)> = table
        .buckets()
        .map(|(index, name)| {
            (name.to_owned(), table.codes().iter().map(|code| table.count(index, *code)).sum())
        })
        .filter(|(name, count)| name != "M0" && *count > 0)
        .collect();
    let stored = engine.buckets().expect("the stored buckets");
    let stored: Vec<(String, u64)> = stored.into_iter().map(|line| (line.bucket, line.agreements)).collect();
    assert_eq!(stored, of_positions);
}

fn check_excerpt(text: &str, options: &Options, expected: &Expect) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let source = folder.path().join("source.csv");
    std::fs::write(&source, text).expect("the source");
    check(&source, options, expected);
}

/// The same on the server that `DUNLIN_TEST_POSTGRES` names, in a database that goes afterwards.
fn check_excerpt_on_postgres(text: &str, options: &Options, expected: &Expect) {
    let database = TestDatabase::copy("replay", "template1");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let source = folder.path().join("source.csv");
    std::fs::write(&source, text).expect("the source");
    check_in(Location::Postgres(database.url.clone()), folder.path(), &source, options, expected);
}

#[test]
fn each_customer_of_an_excerpt_is_aged_and_each_difference_has_its_kind() {
    check_excerpt(
        &excerpt(),
        &Options::default(),
        &expect![[r#"
        154 days from 2005-04-30 to 2005-09-30
        customers: 8 of 8 rows
        contact_points: 16 of 16 rows
        agreements: 8 of 8 rows
        purchases: 38 of 38 rows
        payments: 22 of 22 rows

        bank         -2       -1        0        2        3        4        5        6       all
        M0            4        6       15        2        0        0        0        0        27
        M1            1        0        1        3        1        0        0        0         6
        M2            1        0        0        0        1        1        0        0         3
        M3            1        0        0        0        0        1        0        0         2
        M4            0        0        0        0        0        0        1        0         1
        M5            0        0        0        0        0        0        0        1         1
        same bucket: 80.0 % (32 of 40)
        same side (overdue or not): 85.0 % (34 of 40)
        overdue at the bank, of which here too: 81.8 % (9 of 11)
        overdue here, of which at the bank too: 69.2 % (9 of 13)
        statement 2005-04-30, 2005-05-31: 5 of 8
        statement 2005-05-31, 2005-06-30: 7 of 8
        statement 2005-06-30, 2005-07-31: 6 of 8
        statement 2005-07-31, 2005-08-31: 7 of 8
        statement 2005-08-31, 2005-09-30: 7 of 8

             1 bank_keeps_arrears: U00004-1 on 2005-07-31 is M0 with us, 2 at the bank
             1 bank_without_debt: U00007-1 on 2005-05-31 is M0 with us, 2 at the bank
             1 nothing_paid: U00005-1 on 2005-05-31 is M1 with us, 0 at the bank
             3 own_late_fee: U00008-1 on 2005-07-31 is M1 with us, -2 at the bank
             2 bank_counts_from_before: U00006-1 on 2005-05-31 is M1 with us, 3 at the bank

        311 overdue days, 0 unexplained
           218 between contacts
            56 contact
            37 small amount
        0 sent, 0 delivered, 0 failed
    "#]],
    );
}

#[test]
fn messages_are_sent_only_when_asked_on_both_databases() {
    let options = Options { send: true, ..Options::default() };
    let expected = expect![[r#"
        154 days from 2005-04-30 to 2005-09-30
        customers: 8 of 8 rows
        contact_points: 16 of 16 rows
        agreements: 8 of 8 rows
        purchases: 38 of 38 rows
        payments: 22 of 22 rows

        bank         -2       -1        0        2        3        4        5        6       all
        M0            4        6       15        2        0        0        0        0        27
        M1            1        0        1        3        1        0        0        0         6
        M2            1        0        0        0        1        1        0        0         3
        M3            1        0        0        0        0        1        0        0         2
        M4            0        0        0        0        0        0        1        0         1
        M5            0        0        0        0        0        0        0        1         1
        same bucket: 80.0 % (32 of 40)
        same side (overdue or not): 85.0 % (34 of 40)
        overdue at the bank, of which here too: 81.8 % (9 of 11)
        overdue here, of which at the bank too: 69.2 % (9 of 13)
        statement 2005-04-30, 2005-05-31: 5 of 8
        statement 2005-05-31, 2005-06-30: 7 of 8
        statement 2005-06-30, 2005-07-31: 6 of 8
        statement 2005-07-31, 2005-08-31: 7 of 8
        statement 2005-08-31, 2005-09-30: 7 of 8

             1 bank_keeps_arrears: U00004-1 on 2005-07-31 is M0 with us, 2 at the bank
             1 bank_without_debt: U00007-1 on 2005-05-31 is M0 with us, 2 at the bank
             1 nothing_paid: U00005-1 on 2005-05-31 is M1 with us, 0 at the bank
             3 own_late_fee: U00008-1 on 2005-07-31 is M1 with us, -2 at the bank
             2 bank_counts_from_before: U00006-1 on 2005-05-31 is M1 with us, 3 at the bank

        311 overdue days, 0 unexplained
           217 between contacts
            55 contact
            37 small amount
             1 channel failed
             1 not reached
        69 sent, 64 delivered, 2 failed
    "#]];
    check_excerpt(&excerpt(), &options, &expected);
    check_excerpt_on_postgres(&excerpt(), &options, &expected);
}

#[test]
fn months_that_are_not_run_are_not_compared() {
    let options = Options::default();
    let last_day = options.first_day.plus_days(31 + 29);
    check_excerpt(
        &excerpt(),
        &Options { last_day, ..options },
        &expect![[r#"
        61 days from 2005-04-30 to 2005-06-29
        customers: 8 of 8 rows
        contact_points: 16 of 16 rows
        agreements: 8 of 8 rows
        purchases: 38 of 38 rows
        payments: 22 of 22 rows

        bank         -1        0        2        3       all
        M0            1        2        1        0         4
        M1            0        1        2        1         4
        same bucket: 62.5 % (5 of 8)
        same side (overdue or not): 75.0 % (6 of 8)
        overdue at the bank, of which here too: 75.0 % (3 of 4)
        overdue here, of which at the bank too: 75.0 % (3 of 4)
        statement 2005-04-30, 2005-05-31: 5 of 8

             1 bank_without_debt: U00007-1 on 2005-05-31 is M0 with us, 2 at the bank
             1 nothing_paid: U00005-1 on 2005-05-31 is M1 with us, 0 at the bank
             1 bank_counts_from_before: U00006-1 on 2005-05-31 is M1 with us, 3 at the bank

        130 overdue days, 0 unexplained
            89 between contacts
            32 contact
             9 small amount
        0 sent, 0 delivered, 0 failed
    "#]],
    );
}

#[test]
fn a_portfolio_with_a_rejected_row_is_not_replayed() {
    let twice = format!("{}{}\n", excerpt(), row(1, [0; 6], [700; 6], [0; 6]));
    check_excerpt(
        &twice,
        &Options::default(),
        &expect![
            "1 rows of the portfolio were rejected; correct what DATA/replay-rejects.csv names in the source file and begin again"
        ],
    );
    check_excerpt(
        "ID,LIMIT_BAL\n1,2\n",
        &Options::default(),
        &expect!["the source file lacks the column PAY_6; use the published UCI_Credit_Card.csv"],
    );
}

/// The published file: where `DUNLIN_UCI_CSV` says, or beside the repository.
fn published_file() -> Option<PathBuf> {
    match std::env::var_os("DUNLIN_UCI_CSV") {
        Some(path) => Some(PathBuf::from(path)),
        None => {
            let beside =
                Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/UCI_Credit_Card.csv");
            beside.exists().then_some(beside)
        }
    }
}

#[test]
#[expect(clippy::print_stderr, reason = "whoever runs the tests must know that this one had nothing to test")]
fn the_real_portfolio_is_aged_as_documented_and_every_overdue_day_is_explained() {
    let Some(source) = published_file() else {
        eprintln!("the published file was not there, so nothing was replayed; name it in DUNLIN_UCI_CSV");
        return;
    };
    check(
        &source,
        &Options::default(),
        &expect![[r#"
            154 days from 2005-04-30 to 2005-09-30
            customers: 30000 of 30000 rows
            contact_points: 60000 of 60000 rows
            agreements: 30000 of 30000 rows
            purchases: 156325 of 156325 rows
            payments: 120974 of 120974 rows
            refunds: 633 of 633 rows

            bank         -2       -1        0        1        2        3        4        5        6        7        8       all
            M0        21445    28835    78376       32     7569      161       56        7        7        2        0    136490
            M1          158       87     2422        2     8133      422       60       14       13       48        3     11362
            M2           41       21      344        0      225      437      114       20        6       56        1      1265
            M3           11        6       36        0      127       48      120       39        7       58        2       454
            M4            1        2        3        0      105       36       20       31       21       28        2       249
            M5            0        3        1        0      138        4        7        0        9       17        1       180
            same bucket: 91.6 % (137,388 of 150,000)
            same side (overdue or not): 92.7 % (139,030 of 150,000)
            overdue at the bank, of which here too: 57.0 % (10,374 of 18,208)
            overdue here, of which at the bank too: 76.8 % (10,374 of 13,510)
            statement 2005-04-30, 2005-05-31: 27575 of 30000
            statement 2005-05-31, 2005-06-30: 27292 of 30000
            statement 2005-06-30, 2005-07-31: 27363 of 30000
            statement 2005-07-31, 2005-08-31: 27662 of 30000
            statement 2005-08-31, 2005-09-30: 27496 of 30000

              5423 bank_keeps_arrears: U00014-1 on 2005-09-30 is M0 with us, 2 at the bank
              1819 bank_asks_more: U00014-1 on 2005-05-31 is M0 with us, 2 at the bank
               365 bank_without_debt: U00241-1 on 2005-08-31 is M0 with us, 2 at the bank
               227 covered_by_credit: U00047-1 on 2005-08-31 is M0 with us, 2 at the bank
              1926 nothing_paid: U00048-1 on 2005-07-31 is M1 with us, 0 at the bank
               835 less_than_minimum: U00011-1 on 2005-07-31 is M1 with us, 0 at the bank
               157 older_open: U00397-1 on 2005-08-31 is M1 with us, 0 at the bank
               218 own_late_fee: U00092-1 on 2005-09-30 is M1 with us, -1 at the bank
               181 bank_seven: U00674-1 on 2005-06-30 is M2 with us, 7 at the bank
               663 bank_counts_from_before: U00113-1 on 2005-05-31 is M1 with us, 3 at the bank
                88 bank_further: U00361-1 on 2005-09-30 is M1 with us, 3 at the bank
               710 bank_stays: U00087-1 on 2005-08-31 is M2 with us, 2 at the bank

            269021 overdue days, 0 unexplained
            153434 between contacts
             61346 small amount
             54241 contact
            0 sent, 0 delivered, 0 failed
        "#]],
    );
}

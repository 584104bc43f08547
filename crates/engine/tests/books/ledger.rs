//! The trial balance balances, and the journal is where it comes from.

use std::collections::BTreeMap;

use dunlin_domain::contact::Language;
use dunlin_domain::money::Currency;
use dunlin_engine::books::TrialBalanceLine;
use expect_test::expect;

use super::fixture::{TestEngine, date, engines, sqlite};

fn lines(test: &TestEngine, on: &str) -> Vec<TrialBalanceLine> {
    test.engine.trial_balance(date(on)).expect("the books are read").lines
}

fn text(line: &TrialBalanceLine) -> String {
    assert_eq!(line.balance_minor, line.debit_minor - line.credit_minor);
    let (debit, credit, balance) = (line.debit_minor, line.credit_minor, line.balance_minor);
    format!(
        "{} {:8} {:25} {debit:>9} {credit:>9} {balance:>9}\n",
        line.currency,
        line.product,
        line.role.code()
    )
}

#[test]
fn debits_and_credits_come_to_the_same_on_both_databases() {
    let [sqlite, postgres] = engines().map(|test| {
        test.import_portfolio();
        assert_eq!(
            lines(&test, "2026-02-08").len(),
            0,
            "{}: nothing is posted before a day is run",
            test.name
        );
        test.run_through("2026-02-26");
        let lines = lines(&test, "2026-02-26");
        let (debit, credit) = lines.iter().fold((0, 0), |(debit, credit), line| {
            assert_eq!(line.currency, Currency::CNY);
            (debit + line.debit_minor, credit + line.credit_minor)
        });
        assert_eq!(debit, credit, "{}", test.name);
        lines.iter().map(text).collect::<String>()
    });
    expect![[r#"
        CNY baitiao  receivable.principal        3140223    945111   2195112
        CNY baitiao  receivable.instalment_fee     12000     10800      1200
        CNY baitiao  receivable.interest             840       840         0
        CNY baitiao  receivable.late_fee            5089      3653      1436
        CNY baitiao  accrued.late_fee               5633      4603      1030
        CNY baitiao  cash.clearing               2916000    612000   2304000
        CNY baitiao  payable.merchant               9000   2856055  -2847055
        CNY baitiao  payable.customer_credit     1572404   3176700  -1604296
        CNY baitiao  equity.portfolio_takeover         0     35595    -35595
        CNY baitiao  income.instalment_fee             0     10200    -10200
        CNY baitiao  income.late_fee                   1      5633     -5632
        CNY card     receivable.principal         998010     33120    964890
        CNY card     receivable.instalment_fee      4320      2880      1440
        CNY card     cash.clearing                 36000     12000     24000
        CNY card     payable.merchant                  0    986010   -986010
        CNY card     payable.customer_credit       48000     48000         0
        CNY card     income.instalment_fee             0      4320     -4320
    "#]]
    .assert_eq(&sqlite);
    assert_eq!(postgres, sqlite);
}

#[test]
fn a_trial_balance_of_an_earlier_day_stays_as_it_was() {
    let test = sqlite();
    test.import_portfolio();
    test.run_through("2026-02-12");
    let then = lines(&test, "2026-02-12");
    test.run_through("2026-02-20");
    assert_eq!(lines(&test, "2026-02-12"), then);
    assert_ne!(lines(&test, "2026-02-20"), then);
}

fn journal(test: &TestEngine, from: &str, through: &str) -> (u64, String) {
    let mut out = Vec::new();
    let count = test
        .engine
        .export_journal(&mut out, date(from), date(through), Language::En)
        .expect("the journal is written");
    (count, String::from_utf8(out).expect("text"))
}

#[test]
fn the_journal_adds_up_to_the_trial_balance_on_both_databases() {
    for test in engines() {
        test.import_portfolio();
        test.run_through("2026-02-20");
        let (count, text) = journal(&test, "0001-01-01", "9999-12-31");
        let mut days = Vec::new();
        let mut sums: BTreeMap<String, i128> = BTreeMap::new();
        for record in csv::Reader::from_reader(text.as_bytes()).records() {
            let record = record.expect("a line of the journal");
            let minor: i128 = record[8].replace('.', "").parse().expect("an amount");
            days.push(record[0].to_owned());
            *sums.entry(format!("{} {}", &record[3], &record[11])).or_default() += minor;
            *sums.entry(format!("{} {}", &record[3], &record[12])).or_default() -= minor;
            let is_accrual = &record[10] == "accrual" || &record[10] == "true_up";
            assert_eq!(record[2].is_empty(), is_accrual, "only an accrual is of no agreement: {record:?}");
        }
        assert!(days.is_sorted(), "{}: in the order of days", test.name);
        assert_eq!(count, days.len() as u64, "{}", test.name);
        let name = |line: &TrialBalanceLine| format!("{} {}", line.product, line.role);
        let balances = lines(&test, "2026-02-20");
        let balances: BTreeMap<String, i128> =
            balances.iter().map(|line| (name(line), line.balance_minor)).collect();
        assert_eq!(sums, balances, "{}", test.name);
    }
}

#[test]
fn the_journal_of_a_day_has_that_day_only() {
    let test = sqlite();
    test.import_portfolio();
    test.run_through("2026-02-12");
    let (count, text) = journal(&test, "2026-02-11", "2026-02-11");
    expect![[r#"
        business_date,key,agreement_id,product,debit_account,debit_name,credit_account,credit_name,amount,currency,cause,debit_role,credit_role,fact_id,fact_reference
        2026-02-11,58f99ea09de82ec4fecea89829badbcf,,baitiao,113202,Interest receivable: late fees accrued,602102,Fee income: late fees,0.93,CNY,accrual,accrued.late_fee,income.late_fee,,
        2026-02-11,d55fe5a2fa34755d9a5f01e7512d51be,,baitiao,113202,Interest receivable: late fees accrued,602102,Fee income: late fees,1.95,CNY,true_up,accrued.late_fee,income.late_fee,,
    "#]]
    .assert_eq(&text);
    assert_eq!(count + 1, text.lines().count() as u64);
    assert_eq!(journal(&test, "2026-03-01", "2026-03-31").0, 0);
}

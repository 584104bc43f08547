//! Suspended accrual and provisions over days that were really run: verify finds every running total in order, and the
//! amounts are those of the table.

use dunlin_domain::contact::Language;
use dunlin_domain::id::Key;
use dunlin_domain::ledger::LedgerRole;
use dunlin_engine::payment::Caller;
use expect_test::expect;

use super::fixture::{TestEngine, date, engines, engines_in_spans_of, feed, moment};

pub fn decide(test: &TestEngine, from: &str, through: &str) {
    for day in date(from).days()..=date(through).days() {
        test.decide(dunlin_domain::date::Date::from_days(day));
    }
}

pub fn balance(test: &TestEngine, on: &str, role: LedgerRole) -> i128 {
    let lines = test.engine.trial_balance(date(on)).expect("the books are read").lines;
    lines.iter().filter(|line| line.role == role).map(|line| line.balance_minor).sum()
}

/// The first due date is 9 February; its day 91 is 11 May. Some pay when accrual is suspended already, and are cured.
#[test]
fn accrual_is_suspended_held_back_and_taken_up_again_on_both_databases() {
    let found = engines_in_spans_of(256).map(|test| {
        test.import_portfolio();
        decide(&test, "2026-02-08", "2026-05-10");
        let none = balance(&test, "2026-05-10", LedgerRole::SuspendedLateFee);
        assert_eq!(none, 0, "{}: nothing is suspended by day 90", test.name);
        decide(&test, "2026-05-11", "2026-05-14");
        test.assert_clean();
        let folder = test.folder.join("feed");
        feed(&folder, &[("A-5", "SOME", "2026-05-15", "12.00"), ("A-11", "ALL", "2026-05-15", "9000.00")]);
        test.import(&folder);
        decide(&test, "2026-05-15", "2026-05-31");
        test.assert_clean();
        let roles = [
            LedgerRole::SuspendedLateFee,
            LedgerRole::SuspendedInstalmentFee,
            LedgerRole::MemorandumLateFee,
            LedgerRole::MemorandumContra,
            LedgerRole::AccruedLateFee,
            LedgerRole::IncomeLateFee,
        ];
        let at = |on: &str| roles.map(|role| format!("{on} {role} {}\n", balance(&test, on, role))).concat();
        assert!(test.engine.trial_balance(date("2026-05-31")).expect("the books are read").is_balanced());
        at("2026-05-10") + &at("2026-05-14") + &at("2026-05-31")
    });
    expect![[r#"
        2026-05-10 suspended.late_fee 0
        2026-05-10 suspended.instalment_fee 0
        2026-05-10 memorandum.late_fee 0
        2026-05-10 memorandum.contra 0
        2026-05-10 accrued.late_fee 3245
        2026-05-10 income.late_fee -26193
        2026-05-14 suspended.late_fee -16704
        2026-05-14 suspended.instalment_fee -13404
        2026-05-14 memorandum.late_fee 4321
        2026-05-14 memorandum.contra -4321
        2026-05-14 accrued.late_fee 855
        2026-05-14 income.late_fee -7099
        2026-05-31 suspended.late_fee -21542
        2026-05-31 suspended.instalment_fee -21804
        2026-05-31 memorandum.late_fee 7521
        2026-05-31 memorandum.contra -7521
        2026-05-31 accrued.late_fee 902
        2026-05-31 income.late_fee -7147
    "#]]
    .assert_eq(&found[0]);
    assert_eq!(found[1], found[0]);
}

/// The balances of every account at the end of each day, and what provisions require.
fn books_by_day(test: &TestEngine) -> Vec<String> {
    test.import_portfolio();
    let mut days = Vec::new();
    for day in date("2026-02-08").days()..=date("2026-04-02").days() {
        let day = dunlin_domain::date::Date::from_days(day);
        test.decide(day);
        let lines = test.engine.trial_balance(day).expect("the books are read").lines;
        let balances = lines.iter().filter(|line| line.balance_minor != 0);
        let balances =
            balances.map(|line| format!("{} {} {}\n", line.product, line.role, line.balance_minor));
        let provisions = test.engine.provisions(day).expect("provisions are read").lines;
        let required = provisions.iter().map(|line| {
            format!("{} {} {} {}\n", line.product, line.stage, line.required_minor, line.before_minor)
        });
        days.push(format!("{day}\n{}", balances.chain(required).collect::<String>()));
    }
    test.assert_clean();
    days
}

#[test]
fn the_books_of_a_day_are_the_same_however_many_spans_and_on_both_databases() {
    let [one_span, _] = engines();
    let expected = books_by_day(&one_span);
    for width in [64, 7] {
        for test in engines_in_spans_of(width) {
            assert_eq!(books_by_day(&test), expected, "{} in spans of {width}", test.name);
        }
    }
}

#[test]
fn provisions_are_brought_to_the_table_at_the_end_of_a_month_on_both_databases() {
    let found = engines().map(|test| {
        test.import_portfolio();
        decide(&test, "2026-02-08", "2026-03-31");
        test.assert_clean();
        let report = |on: &str| {
            let report = test.engine.provisions(date(on)).expect("provisions are read");
            let lines = report.lines.iter().map(|line| {
                format!(
                    "{on} {} {}: {} at {} = {}, before {}\n",
                    line.product,
                    line.name(Language::En),
                    line.exposure_minor,
                    line.rate,
                    line.required_minor,
                    line.before_minor
                )
            });
            (report.posted_on, lines.collect::<String>(), report.lines)
        };
        assert_eq!(report("2026-02-27").0, None, "{}: nothing before the month ends", test.name);
        let (february, march) = (report("2026-02-28"), report("2026-03-31"));
        assert_eq!(report("2026-03-30").0, Some(date("2026-02-28")), "{}", test.name);
        for (on, (_, _, lines)) in [("2026-02-28", &february), ("2026-03-31", &march)] {
            let required: i128 = lines.iter().map(|line| line.required_minor).sum();
            assert_eq!(balance(&test, on, LedgerRole::Allowance), -required, "{} {on}", test.name);
            assert_eq!(balance(&test, on, LedgerRole::ProvisionExpense), required, "{} {on}", test.name);
            let exposed: i128 = lines.iter().map(|line| line.exposure_minor).sum();
            let owed: i128 = dunlin_domain::terms::Component::ALL
                .iter()
                .map(|component| balance(&test, on, LedgerRole::receivable(*component)))
                .sum();
            assert_eq!(exposed, owed, "{} {on}: what is exposed is what is owed", test.name);
        }
        february.1 + &march.1
    });
    expect![[r#"
        2026-02-28 baitiao Pass: 1041045 at 1.5% = 15616, before 0
        2026-02-28 baitiao Special mention: 1159586 at 3% = 34788, before 0
        2026-02-28 card Pass: 966330 at 1.5% = 14495, before 0
        2026-03-31 baitiao Pass: 912286 at 1.5% = 13684, before 15616
        2026-03-31 baitiao Special mention: 987490 at 3% = 29625, before 34788
        2026-03-31 card Pass: 164375 at 1.5% = 2466, before 14495
        2026-03-31 card Special mention: 659244 at 3% = 19777, before 0
    "#]]
    .assert_eq(&found[0]);
    assert_eq!(found[1], found[0]);
}

/// Each posting of the journal can say where it came from.
#[test]
fn every_posting_reaches_back_to_its_cause_on_both_databases() {
    for test in engines() {
        test.import_portfolio();
        decide(&test, "2026-02-08", "2026-02-28");
        let mut journal = Vec::new();
        test.engine
            .export_journal(&mut journal, date("2026-02-01"), date("2026-02-28"), Language::En)
            .expect("the journal is written");
        let mut causes = std::collections::BTreeMap::new();
        for record in csv::Reader::from_reader(journal.as_slice()).records() {
            let record = record.expect("a line of the journal");
            let key = Key::parse(&record[1]).expect("a key");
            let why = test.engine.why_posting(key).expect("the posting is there");
            let stages: Vec<&str> = why.links.iter().map(|link| link.stage).collect();
            assert!(stages.starts_with(&["posting", "cause"]), "{}: {record:?}: {stages:?}", test.name);
            assert_eq!(stages.last(), Some(&"day"), "{}: {record:?}: {stages:?}", test.name);
            causes.entry(record[10].to_owned()).or_insert_with(|| {
                why.links
                    .iter()
                    .map(|link| link.text_in(Language::En).to_owned())
                    .collect::<Vec<_>>()
                    .join("\n  ")
            });
        }
        if test.name == "sqlite" {
            let text: Vec<String> = causes.values().cloned().collect();
            expect![[r#"
                2026-02-11 accrual: debit 113202 Interest receivable: late fees accrued, credit 602102 Fee income: late fees, 0.93 CNY
                  the running total of late_fee of baitiao was rolled to 2026-02-11: its daily sum, rounded once, less what was accrued
                  the run of business date 2026-02-11
                2026-02-09 allocation: debit 224101 Other payables: customers' credit balances, credit 130301 Loans: consumer credit principal, 612.35 CNY
                  payment of 2000.00 CNY "PAY-0" with value date 2026-02-09, learned on 1970-01-01
                  the derivation of 2026-02-09:
                     2026-02-09  payment PAY-0 of 2000.00
                     2026-02-09    PAY-0 clears 6.00 of instalment_fee of the statement due 2026-02-10
                     2026-02-09    PAY-0 clears 612.35 of principal of the statement due 2026-02-10
                     2026-02-09  available credit: limit 8000.00 − principal on statements 0.00 − unbilled purchases 0.00 − rest of plans 1000.00 − open holds 0.00 + unapplied credit 1381.65 = 8381.65
                  the run of business date 2026-02-09
                2026-02-08 fee: debit 122101 Other receivables: instalment fees, credit 602101 Fee income: instalment fees, 6.00 CNY
                  purchase of 1200.00 CNY "P-1" with value date 2026-01-08, learned on 1970-01-01
                  the derivation of 2026-02-08:
                     2026-02-08  available credit: limit 8000.00 − principal on statements 271.35 − unbilled purchases 0.00 − rest of plans 1000.00 − open holds 0.00 + unapplied credit 0.00 = 6728.65
                  the run of business date 2026-02-08
                2026-02-10 late_fee: debit 122102 Other receivables: late fees, credit 113202 Interest receivable: late fees accrued, 0.32 CNY
                  payment of 100.00 CNY "PAY-0" with value date 2026-02-10, learned on 1970-01-01
                  the derivation of 2026-02-10:
                     2026-02-10  minimum 64.94 of the statement due 2026-02-09 missed by 64.94; 649.35 unpaid of it
                     2026-02-10  payment PAY-0 of 100.00
                     2026-02-10  late fee of the statement due 2026-02-09: 649.35 × 0.05% × 1 days since 2026-02-09 = 0.324675
                     2026-02-10    PAY-0 clears 0.32 of late_fee of the statement due 2026-02-09
                     2026-02-10    PAY-0 clears 6.00 of instalment_fee of the statement due 2026-02-09
                     2026-02-10    PAY-0 clears 93.68 of principal of the statement due 2026-02-09
                     2026-02-10  overdue from 2026-02-10 on
                     2026-02-10  statements: 549.67 overdue since 2026-02-09, 1 days past due
                     2026-02-10  late fee of the statement due 2026-02-09: 549.67 × 0.05% × 0 days since 2026-02-10, on top of 0.324675 accrued before
                     2026-02-10  late fee of the statement due 2026-02-09: 0.324675 in all, rounded half up once to 0.32; paid 0.32, waived 0.00, open 0.00
                     2026-02-10  available credit: limit 8000.00 − principal on statements 549.67 − unbilled purchases 0.00 − rest of plans 1000.00 − open holds 0.00 + unapplied credit 0.00 = 6450.33
                  the run of business date 2026-02-10
                2026-02-08 obligation: debit 122102 Other receivables: late fees, credit 4104 Portfolio takeover clearing, 1.75 CNY
                  obligation of 1.75 CNY "O-late_fee" with value date 2026-01-05, learned on 1970-01-01
                  the derivation of 2026-02-08:
                     2026-02-08  available credit: limit 8000.00 − principal on statements 350.00 − unbilled purchases 0.00 − rest of plans 0.00 − open holds 0.00 + unapplied credit 0.00 = 7650.00
                  the run of business date 2026-02-08
                2026-02-09 payment: debit 1012 Other monetary funds: payment clearing, credit 224101 Other payables: customers' credit balances, 2000.00 CNY
                  payment of 2000.00 CNY "PAY-0" with value date 2026-02-09, learned on 1970-01-01
                  the derivation of 2026-02-09:
                     2026-02-09  payment PAY-0 of 2000.00
                     2026-02-09    PAY-0 clears 6.00 of instalment_fee of the statement due 2026-02-10
                     2026-02-09    PAY-0 clears 612.35 of principal of the statement due 2026-02-10
                     2026-02-09  available credit: limit 8000.00 − principal on statements 0.00 − unbilled purchases 0.00 − rest of plans 1000.00 − open holds 0.00 + unapplied credit 1381.65 = 8381.65
                  the run of business date 2026-02-09
                2026-02-28 provision: debit 670201 Credit impairment: loan loss provisions, credit 130401 Allowance for loan losses, 144.95 CNY
                  stage pass of card: 9663.30 exposed × 1.5% = 144.95 required, 0.00 before (sample-cn@1)
                  the run of business date 2026-02-28
                2026-02-08 purchase: debit 130301 Loans: consumer credit principal, credit 2202 Payables: merchants, 1200.00 CNY
                  purchase of 1200.00 CNY "P-1" with value date 2026-01-08, learned on 1970-01-01
                  the derivation of 2026-02-08:
                     2026-02-08  available credit: limit 8000.00 − principal on statements 271.35 − unbilled purchases 0.00 − rest of plans 1000.00 − open holds 0.00 + unapplied credit 0.00 = 6728.65
                  the run of business date 2026-02-08
                2026-02-15 refund: debit 2202 Payables: merchants, credit 224101 Other payables: customers' credit balances, 30.00 CNY
                  refund of 30.00 CNY "R-1" with value date 2026-02-15, learned on 1970-01-01
                  the derivation of 2026-02-15:
                     2026-02-15  refund R-1 of 30.00, of which 0.00 lowers what is not billed yet
                     2026-02-15  available credit: limit 8000.00 − principal on statements 0.00 − unbilled purchases 0.00 − rest of plans 1000.00 − open holds 0.00 + unapplied credit 1411.65 = 8411.65
                  the run of business date 2026-02-15
                2026-02-10 true_up: debit 113202 Interest receivable: late fees accrued, credit 602102 Fee income: late fees, 0.97 CNY
                  changes of agreements on 2026-02-10 moved the running total of late_fee of baitiao: the rounded total less what the account held
                  the run of business date 2026-02-10"#]].assert_eq(&text.join("\n"));
        }
    }
}

/// Money that names nobody stands as such from the close of its day, until the day on which somebody assigns it or sends
/// it back.
#[test]
fn money_of_the_banks_that_belongs_to_nobody_stands_in_suspense_on_both_databases() {
    for test in engines() {
        test.import_portfolio();
        decide(&test, "2026-02-08", "2026-02-10");
        let file = test.folder.join("bank.csv");
        let lines = "entry_id,value_on,amount,currency,text\nB-1,2026-02-10,300.00,CNY,who knows\n\
            B-2,2026-02-10,12.34,CNY,nobody\nB-3,2026-02-10,80.00,CNY,A-4\n";
        std::fs::write(&file, lines).expect("a file is written");
        let caller = |day: &str, hour| Caller { actor: "clerk", now: moment(day, hour) };
        let report = test.engine.import_bank_file(&file, caller("2026-02-10", 15)).expect("it is imported");
        let unmatched = i128::from(report.unmatched);
        assert!((2..=3).contains(&unmatched), "{}: {report:?}", test.name);
        let suspense = |on: &str| -balance(&test, on, LedgerRole::BankSuspense);
        decide(&test, "2026-02-11", "2026-02-11");
        let waiting: i128 = 30_000 + 1_234 + if unmatched == 3 { 8_000 } else { 0 };
        assert_eq!((suspense("2026-02-10"), suspense("2026-02-11")), (0, waiting), "{}", test.name);
        test.assert_clean();
        let open = test.engine.open_incoming().expect("they are listed");
        let id = |reference: &str| {
            let found = open.iter().find(|entry| entry.row.text.contains(reference));
            found.map(|entry| entry.id()).expect("it is open")
        };
        test.engine
            .assign_incoming(&id("who knows"), "A-5", caller("2026-02-11", 16))
            .expect("it is assigned");
        test.engine
            .send_back_incoming(&id("nobody"), "no such customer", caller("2026-02-11", 17))
            .expect("it is sent back");
        decide(&test, "2026-02-12", "2026-02-12");
        let rest = waiting - 30_000 - 1_234;
        assert_eq!(suspense("2026-02-12"), rest, "{}", test.name);
        let card = test.engine.account_card("224102", date("2026-02-11"), date("2026-02-12"), 100);
        let card = card.expect("the card is read");
        assert_eq!(card.line_count as i128, unmatched + 2, "{}", test.name);
        let why = test.engine.why_posting(card.lines[0].key).expect("the posting is there");
        assert!(why.links[1].text.1.starts_with("bank entry "), "{}: {why:?}", test.name);
        test.assert_clean();
    }
}

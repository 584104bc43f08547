//! The replay of the real portfolio, on a few customers in the form of the published file.

use expect_test::expect;
use serde_json::Value;

use crate::support::Place;

/// One who pays in full, one who misses May and pays all in June, one whom the bank keeps as overdue.
const SOURCE: &str = "\
ID,LIMIT_BAL,PAY_0,PAY_2,PAY_3,PAY_4,PAY_5,PAY_6,BILL_AMT1,BILL_AMT2,BILL_AMT3,BILL_AMT4,BILL_AMT5,BILL_AMT6,\
PAY_AMT1,PAY_AMT2,PAY_AMT3,PAY_AMT4,PAY_AMT5,PAY_AMT6
1,50000,-1,-1,-1,-1,-1,-1,1000,1000,1000,1000,1000,1000,1000,1000,1000,1000,1000,1000
2,50000,-2,-2,-2,-2,-1,2,0,0,0,0,7092,6832,0,0,0,7092,0,0
3,50000,0,0,0,2,2,0,18000,19000,20000,20500,20400,20000,1500,1500,900,0,900,0
";

fn place() -> Place {
    let place = Place::empty();
    place.write("source.csv", SOURCE);
    place
}

#[test]
fn a_replay_shows_where_we_and_the_bank_agree_and_why_not() {
    let place = place();
    place.run(&["replay", "source.csv", "--lang", "en"]).check(expect![[r#"
        exit 0
        2005-04-30 – 2005-09-30: 154 days, one by one, in 0 s; of 15 customer-months 73.3 % are in the same bucket as at the bank.
        Down: our bucket. Across: the bank's code: -2 nothing to pay, -1 paid in full, 0 paid at least the minimum; from 2 on months that a statement is unpaid, so that its 2 is our M1.

              -2   -1   0   2   all
        ────────────────────────────
         M0    0    6   3   1    10
         M1    1    0   0   2     3
         M2    1    0   0   0     1
         M3    1    0   0   0     1
        same bucket 73.3 %; same side, overdue or not, 73.3 %; overdue at the bank, of which here too, 66.7 %; overdue here, of which at the bank too, 40.0 %

        statement of 2005-04-30, at the end of 2005-05-31:
              -1   0   2   all
        ───────────────────────
         M0    1   1   0     2
         M1    0   0   1     1
        same bucket 100.0 %; same side, overdue or not, 100.0 %; overdue at the bank, of which here too, 100.0 %; overdue here, of which at the bank too, 100.0 %

        statement of 2005-05-31, at the end of 2005-06-30:
              -1   2   all
        ───────────────────
         M0    2   0     2
         M1    0   1     1
        same bucket 100.0 %; same side, overdue or not, 100.0 %; overdue at the bank, of which here too, 100.0 %; overdue here, of which at the bank too, 100.0 %

        statement of 2005-06-30, at the end of 2005-07-31:
              -2   -1   2   all
        ────────────────────────
         M0    0    1   1     2
         M1    1    0   0     1
        same bucket 33.3 %; same side, overdue or not, 33.3 %; overdue at the bank, of which here too, 0.0 %; overdue here, of which at the bank too, 0.0 %

        statement of 2005-07-31, at the end of 2005-08-31:
              -2   -1   0   all
        ────────────────────────
         M0    0    1   1     2
         M1    0    0   0     0
         M2    1    0   0     1
        same bucket 66.7 %; same side, overdue or not, 66.7 %; overdue at the bank, of which here too, –; overdue here, of which at the bank too, 0.0 %

        statement of 2005-08-31, at the end of 2005-09-30:
              -2   -1   0   all
        ────────────────────────
         M0    0    1   1     2
         M1    0    0   0     0
         M2    0    0   0     0
         M3    1    0   0     1
        same bucket 66.7 %; same side, overdue or not, 66.7 %; overdue at the bank, of which here too, –; overdue here, of which at the bank too, 0.0 %

         why they differ                                                                                           customer-months   example    on           we   bank
        ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
         the bank keeps as overdue whom it had so a month before; with us the minimum, paid, cured it                            1   U00003-1   2005-07-31   M0      2
         nothing is owed at the bank; our own late fee took a part of the payment, and that part is open with us                 3   U00002-1   2005-07-31   M1     -2

        2005-04-30 – 2005-09-30: 110 overdue agreement-days: 14 contacted (0 delivered, 14 pending), 96 silent (0 of them after a failed message), 0 unexplained
         reason                                    agreement-days    share
        ──────────────────────────────────────────────────────────────────────────────────────────────
         between contacts   policy.interval                    68   61.8 %   ████████████████████████
         small amount       policy.small_balance               28   25.5 %   █████████▉
         contact            contact.sent                       14   12.7 %   ████▉

        ask on: dunlin explain U00003-1 --on 2005-07-31 --data dunlin-data/replay; dunlin verify --data dunlin-data/replay
    "#]]);
    let ran = place.run(&["replay", "source.csv", "--lang", "zh"]);
    let shown: String = ran.stdout().lines().take(9).map(|line| format!("{line}\n")).collect();
    expect![[r#"
        2005-04-30 – 2005-09-30：逐日重放 154 天，用时 0 秒；15 个客户月中，逾期阶段与银行一致的占 73.3 %。
        纵为本系统的逾期阶段，横为银行的状态代码：-2 无欠款，-1 全额还清，0 至少还了最低还款额，2 起为账单未还的月数，故银行的 2 即本系统的 M1。

              -2   -1   0   2   合计
        ─────────────────────────────
         M0    0    6   3   1     10
         M1    1    0   0   2      3
         M2    1    0   0   0      1
         M3    1    0   0   0      1
    "#]].assert_eq(&shown);
}

#[test]
fn a_replay_tells_scripts_its_figures_and_its_place_can_be_asked() {
    let place = place();
    let answer = place.json(&["replay", "source.csv", "--send"]);
    let total = &answer["total"];
    let names =
        ["customer_months", "same_bucket", "same_side", "overdue_at_bank", "overdue_here", "overdue_at_both"];
    let figures: Vec<&Value> = names.iter().map(|name| &total[name]).collect();
    assert_eq!(figures, [15, 11, 11, 3, 5, 2]);
    assert_eq!(answer["months"].as_array().map(Vec::len), Some(5));
    assert_eq!(answer["months"][0]["judged_on"], "2005-05-31");
    assert_eq!(answer["months"][0]["buckets"]["M1"]["2"], 1);
    assert_eq!(answer["coverage"]["unexplained"], 0);
    assert!(answer["receipts"]["delivered"].as_u64() > Some(0), "{answer}");
    let first = &answer["differences"][0];
    let (agreement, on) = (first["agreement"].as_str(), first["on"].as_str());
    let (agreement, on) = (agreement.expect("an agreement"), on.expect("a day"));
    let data = answer["folder"].as_str().expect("a folder");
    place.run(&["explain", agreement, "--on", on, "--data", data]).check_exit(0);
    assert_eq!(place.json(&["verify", "--data", data])["problems"], 0);
}

#[test]
fn a_replay_needs_the_published_file_and_an_empty_place() {
    let place = Place::imported();
    place.write("source.csv", SOURCE);
    place.run(&["replay", "may/payments.csv"]).check(expect![[r#"
        exit 2
        error[uci]: the source file lacks the column ID; use the published UCI_Credit_Card.csv
    "#]]);
    place.run(&["replay", "source.csv", "--data", "dunlin-data"]).check(expect![[r#"
        exit 2
        error[not_empty]: dunlin-data/dunlin.db holds a portfolio already; a rehearsal needs an empty place, name one with --data or --database
    "#]]);
}

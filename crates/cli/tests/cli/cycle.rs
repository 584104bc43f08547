//! The whole way, from a folder of files to the answers, on both databases.

use expect_test::expect;

use crate::support::Place;

/// The derivation as a Chinese reader gets it.
fn explained_in_chinese(place: &Place) {
    place.run(&["--lang", "zh", "explain", "A-1", "--on", "2026-02-10"]).check(expect![[r#"
        exit 0
        A-1 (baitiao@1) 截至 2026-02-10

        2026-01-08  消费 P-1，1200.00，分 6 期，每期手续费率 0.5%
        2026-01-09  消费 P-2，350.00
        2026-01-15  消费 P-1 第 1/6 期：本金 200.00 + 手续费 6.00
        2026-01-15  出账，2026-01-24 到期：本期 分期手续费 6.00 + 本金 550.00；此前未还 0.00；最低还款额 55.60
        2026-01-25  2026-01-24 到期账单的最低还款额 55.60 未足额归还，差 55.60；账单未还 556.00
        2026-01-25  自 2026-01-25 起逾期
        2026-02-10  账单：自 2026-01-24 到期起逾期 556.00，逾期 17 天
        2026-02-10  2026-01-24 到期账单的违约金：556.00 × 0.05% × 17 天（自 2026-01-24 起），此前已累计 0.00
        2026-02-10  2026-01-24 到期账单的违约金：合计 4.726，一次四舍五入为 4.73；已还 0.00，已减免 0.00，未还 4.73
        2026-02-10  可用额度：授信额度 8000.00 − 已出账本金 550.00 − 未出账消费 0.00 − 分期未到期本金 1000.00 − 未完成授权 0.00 + 溢缴款 0.00 = 6450.00

         当日
        ────────────────────────────────────
         逾期阶段                        M1
         逾期天数                        17
         逾期天数（到期次日起算）        17
         逾期天数（到期当日起算）        18
         五级分类                      关注
         客户逾期天数                    17
         客户五级分类                  关注
         逾期金额                    556.00
         未还违约金                    4.73
         已计违约金                    4.73
         全部欠款                   1560.73
         溢缴款                        0.00
         未完成授权占用                0.00
         可用额度                   6450.00
    "#]]);
}

/// Runs days, asks, verifies and exports; what is said is the same on both databases.
fn cycle(place: &Place) {
    let days = place.json(&["day", "--from", "2026-01-20", "--through", "2026-02-10"]);
    assert_eq!(days["days"].as_array().map(Vec::len), Some(22), "{days}");
    let range = ["--from", "2026-01-20", "--through", "2026-02-10"];
    place.run(&[&["coverage"], &range[..], &["--lang", "en"]].concat()).check(expect![[r#"
        exit 0
        2026-01-20 – 2026-02-10: 17 overdue agreement-days: 5 contacted (0 delivered, 5 pending), 12 silent (0 of them after a failed message), 0 unexplained
         reason                               agreement-days    share
        ─────────────────────────────────────────────────────────────────────────────────────────
         between contacts   policy.interval               12   70.6 %   ████████████████████████
         contact            contact.sent                   5   29.4 %   ██████████
    "#]]);
    place.run(&["why", "A-1", "--on", "2026-01-26", "--lang", "zh"]).check(expect![[r#"
        exit 0
        A-1 在 2026-01-26
          1. 截至2026-01-26共有2条事实记录，最近一条是2026-01-09的消费350.00
             [fct_882cca7f3597e3f472a927aca2b3890c]
          2. 2026-01-24到期的款项未还，逾期2天（M1），逾期金额556.00元，违约金0.56元
             [agr_d5616dd4cc9558e1fffa80905ac43152, baitiao@1]
          3. 策略“标准提醒与催收策略”（standard@1）第18行 day1 决定（2026-01-25作出，延续至今）
             [standard@1, day1]
          4. 下一次联系定在2026-01-27
          5. 2026-01-25的短信通知（模板day1_notice）：服务商已受理；第1次经spool：已受理
             [msg_001d43c30dc34a83ba541fb5a5051e37, att_00e0a2eadd81117c4393faf433efcedc]
          6. 结论：按策略，两次联系之间须间隔若干天（policy.interval）
             [agr_d5616dd4cc9558e1fffa80905ac43152 2026-01-25]
          可以告知客户：当日没有安排通知。您可以随时在App查看账单。
    "#]]);
    explained_in_chinese(place);
    place.run(&["explain", "A-1", "--on", "2026-02-10"]).check(expect![[r#"
        exit 0
        A-1 (baitiao@1) on 2026-02-10

        2026-01-08  purchase P-1 of 1200.00 in 6 instalments at 0.5% a period
        2026-01-09  purchase P-2 of 350.00
        2026-01-15  instalment 1 of 6 of purchase P-1: principal 200.00 + fee 6.00
        2026-01-15  statement due 2026-01-24: bills instalment_fee 6.00 + principal 550.00; 0.00 open from before; minimum 55.60
        2026-01-25  minimum 55.60 of the statement due 2026-01-24 missed by 55.60; 556.00 unpaid of it
        2026-01-25  overdue from 2026-01-25 on
        2026-02-10  statements: 556.00 overdue since 2026-01-24, 17 days past due
        2026-02-10  late fee of the statement due 2026-01-24: 556.00 × 0.05% × 17 days since 2026-01-24, on top of 0.00 accrued before
        2026-02-10  late fee of the statement due 2026-01-24: 4.726 in all, rounded half up once to 4.73; paid 0.00, waived 0.00, open 4.73
        2026-02-10  available credit: limit 8000.00 − principal on statements 550.00 − unbilled purchases 0.00 − rest of plans 1000.00 − open holds 0.00 + unapplied credit 0.00 = 6450.00

         on this day
        ──────────────────────────────────────────
         bucket                                M1
         days past due                         17
         days after due date                   17
         days from due date                    18
         tier                     special mention
         customer days past due                17
         customer tier            special mention
         overdue                           556.00
         late fee                            4.73
         late fee charged                    4.73
         owed                             1560.73
         credit                              0.00
         held                                0.00
         available credit                 6450.00
    "#]]);
    place.run(&["ledger", "trial-balance", "--on", "2026-02-10"]).check(expect![[r#"
        exit 0
        trial balance at the end of 2026-02-10: both sides are equal
         currency   account   name                                            debit     credit     balance
        ───────────────────────────────────────────────────────────────────────────────────────────────────
         CNY        1012      Other monetary funds: payment clearing          90.00       0.00       90.00
         CNY        113202    Interest receivable: late fees accrued           4.73       0.00        4.73
         CNY        122101    Other receivables: instalment fees               6.00       0.00        6.00
         CNY        130301    Loans: consumer credit principal             1,640.00      90.00    1,550.00
         CNY        130401    Allowance for loan losses                        0.00      46.68      -46.68
         CNY        2202      Payables: merchants                              0.00   1,640.00   -1,640.00
         CNY        224101    Other payables: customers' credit balances      90.00      90.00        0.00
         CNY        602101    Fee income: instalment fees                      0.00       6.00       -6.00
         CNY        602102    Fee income: late fees                            0.00       4.73       -4.73
         CNY        670201    Credit impairment: loan loss provisions         46.68       0.00       46.68
         CNY                  all                                          1,877.41   1,877.41        0.00
    "#]]);
    let card =
        place.json(&["ledger", "account", "130301", "--from", "2026-01-01", "--through", "2026-02-10"]);
    let key = card["lines"][0]["key"].as_str().expect("a key").to_owned();
    let why = place.json(&["ledger", "why", &key]);
    assert_eq!(why["key"], *key, "{why}");
    let verified = place.json(&["verify"]);
    assert_eq!((&verified["problems"], &verified["agreements"]), (&0.into(), &2.into()), "{verified}");
    place.run(&["export", "copy"]).check_exit(0);
    let again = place.json(&["import", "copy"]);
    // Contacts that we made come back as contacts that were made.
    for table in
        again["tables"].as_array().expect("tables").iter().filter(|table| table["table"] != "contacts")
    {
        assert_eq!(table["unchanged"], table["rows"], "an export is what was imported: {again}");
    }
    place.run(&["export", "columns", "--format", "parquet"]).check_exit(0);
    assert!(place.path("columns/purchases.parquet").exists());
    close_and_reopen(place);
    let journal = place.json(&["ledger", "journal", "journal.csv"]);
    let lines = place.read("journal.csv").lines().count();
    assert_eq!(journal["postings"], lines - 1, "a header and a line for each posting");
}

/// Two people close the books and open them again.
fn close_and_reopen(place: &Place) {
    let run = |args: &[&str], actor: &str| {
        let all: Vec<&str> = ["ledger"].iter().chain(args).copied().chain(["--actor", actor]).collect();
        place.run(&all)
    };
    run(&["close", "--through", "2026-02-10"], "an accountant").check(expect![[r#"
        exit 0
        the books can be closed through 2026-02-10; another person closes them with `dunlin ledger close --through 2026-02-10 --approve`
    "#]]);
    run(&["close", "--through", "2026-02-10", "--approve"], "an accountant").check(expect![[r#"
        exit 2
        error[same_person]: an accountant asked for the close of 2026-02-10 and cannot approve it too; have another person do it (--actor)
    "#]]);
    run(&["close", "--through", "2026-02-10", "--approve"], "a controller").check(expect![[r#"
        exit 0
        the books are closed through 2026-02-10; nothing is posted on or before it any more
    "#]]);
    run(&["close", "--through", "2026-02-10"], "an accountant").check(expect![[r#"
        exit 2
        error[already_closed]: the books are closed through 2026-02-10 already; close them through a later date than 2026-02-10
    "#]]);
    run(&["reopen", "--from", "2026-02-10", "--reason", "late file"], "an accountant").check_exit(0);
    run(&["reopen", "--from", "2026-02-10", "--approve"], "a controller").check(expect![[r#"
        exit 0
        the books are open again from 2026-02-10 on
    "#]]);
}

#[test]
fn the_cycle_on_sqlite() {
    cycle(&Place::imported());
}

#[test]
fn the_cycle_on_postgres() {
    cycle(&Place::imported_on_postgres());
}

/// Imports again as it is, then corrected.
fn correct(place: &Place) {
    place.run(&["import", "may"]).check(expect![[r#"
        exit 0
        imported may
         table            rows   added   changed   unchanged   rejected
        ────────────────────────────────────────────────────────────────
         customers           2       0         0           2          0
         contact_points      3       0         0           3          0
         agreements          2       0         0           2          0
         purchases           3       0         0           3          0
         payments            1       0         0           1          0
        all of it was known already; nothing changed
    "#]]);
    place.edit("may/payments.csv", "90.00", "80.00");
    place.edit("may/customers.csv", "Example Li", "Example Lin");
    place.run(&["import", "may"]).check(expect![[r#"
        exit 0
        imported may
         table            rows   added   changed   unchanged   rejected
        ────────────────────────────────────────────────────────────────
         customers           2       0         1           1          0
         contact_points      3       0         0           3          0
         agreements          2       0         0           2          0
         purchases           3       0         0           3          0
         payments            1       0         1           0          0
    "#]]);
    place.run(&["export", "copy"]).check_exit(0);
    let payments = place.read("copy/payments.csv");
    assert!(payments.contains("PAY-1,A-2,2026-01-20,80.00"), "{payments}");
    place.run(&["day", "--from", "2026-01-20", "--through", "2026-01-26"]).check_exit(0);
    place.run(&["verify"]).check_exit(0);
}

#[test]
fn importing_twice_changes_nothing_and_a_corrected_folder_changes_what_was_corrected() {
    correct(&Place::imported());
}

#[test]
fn the_same_holds_on_postgres() {
    correct(&Place::imported_on_postgres());
}

#[test]
fn a_generated_portfolio_goes_the_same_way_and_its_seed_names_it() {
    let place = Place::empty();
    let arguments = ["--customers", "40", "--seed", "7", "--from", "2026-01-01", "--days", "20"];
    for folder in ["first", "second"] {
        place.run(&[&["generate", folder], &arguments[..]].concat()).check_exit(0);
    }
    assert_eq!(place.read("first/purchases.csv"), place.read("second/purchases.csv"));
    let report = place.json(&["import", "first"]);
    assert_eq!(report["rejected"], 0, "{report}");
    place
        .run(&["day", "--from", "2026-01-01", "--through", "2026-01-05", "--no-dispatch", "--no-summary"])
        .check_exit(0);
    assert_eq!(
        place.json(&["coverage", "--from", "2026-01-01", "--through", "2026-01-05"])["unexplained"],
        0
    );
}

//! Rows that cannot be taken: each goes to the rejects file with line, column, reason and remedy, the rest goes in.

use expect_test::{Expect, expect};

use crate::support::Place;

/// Adds `row` to a table, imports, and shows the rejects file.
fn check(table: &str, row: &str, expected: Expect) {
    let place = Place::with_portfolio();
    let file = format!("may/{table}.csv");
    place.write(&file, place.read(&file) + row + "\n");
    let report = place.json(&["import", "may"]);
    assert_eq!(report["rejected"], 1, "{report}");
    assert_eq!(report["rejects_file"], "may.rejects.csv");
    expected.assert_eq(&place.read("may.rejects.csv"));
    place.run(&["import", "may"]).check_exit(0);
    place.run(&["import", "may", "--strict"]).check_exit(1);
}

#[test]
fn an_unknown_currency() {
    check(
        "agreements",
        "A-3,C-1,baitiao,RMB,2026-01-05,8000.00,15",
        expect![[r#"
            file,line,column,reason,row,reason_zh
            agreements.csv,4,currency,"""RMB"" is an unknown currency; use an ISO 4217 code such as CNY","A-3,C-1,baitiao,RMB,2026-01-05,8000.00,15",“RMB”币种无法识别；请用 ISO 4217 代码，如 CNY
        "#]],
    );
}

#[test]
fn a_currency_that_is_not_the_products() {
    check(
        "agreements",
        "A-3,C-1,baitiao,USD,2026-01-05,8000.00,15",
        expect![[r#"
            file,line,column,reason,row,reason_zh
            agreements.csv,4,currency,product baitiao is in CNY; use CNY or another product,"A-3,C-1,baitiao,USD,2026-01-05,8000.00,15,no,active,,none",产品 baitiao 的币种是 CNY；请用 CNY，或换一个产品
        "#]],
    );
}

#[test]
fn a_day_that_the_calendar_lacks() {
    check(
        "payments",
        "PAY-2,A-1,2026-02-30,20.00,",
        expect![[r#"
            file,line,column,reason,row,reason_zh
            payments.csv,3,paid_on,"""2026-02-30"" is not a day of the calendar; write it as 2026-02-28","PAY-2,A-1,2026-02-30,20.00,",“2026-02-30”日期不存在；请写成 2026-02-28 的形式
        "#]],
    );
}

#[test]
fn a_day_that_has_not_come() {
    check(
        "payments",
        "PAY-2,A-1,2026-06-02,20.00,",
        expect![[r#"
            file,line,column,reason,row,reason_zh
            payments.csv,3,paid_on,date 2026-06-02 is in the future; the latest date taken is 2026-06-01; correct the row (in_future),"PAY-2,A-1,2026-06-02,20.00,,",日期 2026-06-02 在未来；最晚可填 2026-06-01；请改正该行（in_future）
        "#]],
    );
}

#[test]
fn a_negative_amount() {
    check(
        "payments",
        "PAY-2,A-1,2026-02-20,-20.00,",
        expect![[r#"
            file,line,column,reason,row,reason_zh
            payments.csv,3,amount,"""-20.00"" is negative; give what was undone as a row of its own, without a sign","PAY-2,A-1,2026-02-20,-20.00,",“-20.00”为负数；被冲回的请单列一行，不带符号
        "#]],
    );
}

#[test]
fn a_payment_for_an_unknown_agreement() {
    check(
        "payments",
        "PAY-2,A-9,2026-02-20,20.00,",
        expect![[r#"
            file,line,column,reason,row,reason_zh
            payments.csv,3,agreement_id,"agreement ""A-9"" is unknown; add the agreement to agreements first","PAY-2,A-9,2026-02-20,20.00,,",没有合约“A-9”；请先在 agreements 中加入该合约
        "#]],
    );
}

#[test]
fn an_id_twice_with_different_content() {
    check(
        "payments",
        "PAY-1,A-2,2026-01-20,80.00,",
        expect![[r#"
            file,line,column,reason,row,reason_zh
            payments.csv,3,payment_id,"the id stands twice in this import, with different content; keep one of the two rows, or give each an id of its own","PAY-1,A-2,2026-01-20,80.00,,",同一编号在本次导入中出现两次，内容不同；请只留一行，或各用各的编号
        "#]],
    );
}

#[test]
fn the_rest_of_the_file_is_taken() {
    let place = Place::with_portfolio();
    place.edit(
        "may/payments.csv",
        "PAY-1,A-2,2026-01-20,90.00,",
        "PAY-1,A-2,2026-01-20,-1,\nPAY-2,A-2,2026-01-20,90.00,",
    );
    place.run(&["import", "may", "--rejects", "wrong.csv"]).check(expect![[r#"
        exit 0
        imported may
         table            rows   added   changed   unchanged   rejected
        ────────────────────────────────────────────────────────────────
         customers           2       2         0           0          0
         contact_points      3       3         0           0          0
         agreements          2       2         0           0          0
         purchases           3       3         0           0          0
         payments            2       1         0           0          1
        1 row rejected, the rest is taken; correct what wrong.csv names and import the corrected rows
    "#]]);
    place.edit("may/payments.csv", "2026-01-20,-1,", "2026-01-20,1.00,");
    place.run(&["import", "may", "--rejects", "wrong.csv"]).check(expect![[r#"
        exit 0
        imported may
         table            rows   added   changed   unchanged   rejected
        ────────────────────────────────────────────────────────────────
         customers           2       0         0           2          0
         contact_points      3       0         0           3          0
         agreements          2       0         0           2          0
         purchases           3       0         0           3          0
         payments            2       1         0           1          0
    "#]]);
    assert!(!place.path("wrong.csv").exists(), "the rejects of an earlier import are no longer true");
}

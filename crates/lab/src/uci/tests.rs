//! A handful of customers in the published form.

use std::path::Path;

use dunlin_domain::date::Date;
use expect_test::{Expect, expect};

use super::{JUDGED_MONTH_COUNT, adapt, judged_on, month_judged_on, statement_on};

const HEADER: &str = "ID,LIMIT_BAL,SEX,EDUCATION,MARRIAGE,AGE,PAY_0,PAY_2,PAY_3,PAY_4,PAY_5,PAY_6,\
BILL_AMT1,BILL_AMT2,BILL_AMT3,BILL_AMT4,BILL_AMT5,BILL_AMT6,\
PAY_AMT1,PAY_AMT2,PAY_AMT3,PAY_AMT4,PAY_AMT5,PAY_AMT6,default.payment.next.month";

/// One customer; statuses, bills and payments in the order of the file, September first.
fn row(id: u32, statuses: [i32; 6], bills: [i64; 6], paid: [i64; 6]) -> String {
    let list = |values: &[i64]| values.iter().map(i64::to_string).collect::<Vec<_>>().join(",");
    let statuses = statuses.map(i64::from);
    format!("{id},20000,2,2,1,24,{},{},{},0", list(&statuses), list(&bills), list(&paid))
}

fn source(rows: &[String]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let text = format!("{HEADER}\n{}\n", rows.join("\n"));
    std::fs::write(folder.path().join("source.csv"), text).expect("the source");
    folder
}

/// The tables that are derived from `rows`, and the summary.
fn check(rows: &[String], tables: &[&str], expected: Expect) {
    let folder = source(rows);
    let out = folder.path().join("portfolio");
    let shown = match adapt(&folder.path().join("source.csv"), &out, &mut |_, _| {}) {
        Err(error) => error.to_string(),
        Ok(summary) => {
            let text = |table: &&str| read(&out, table);
            format!("{}{summary:#?}", tables.iter().map(text).collect::<String>())
        }
    };
    expected.assert_eq(&shown);
}

fn read(folder: &Path, table: &str) -> String {
    let text = std::fs::read_to_string(folder.join(format!("{table}.csv")));
    text.unwrap_or_else(|_| format!("no {table}\n"))
}

#[test]
fn purchases_are_what_the_payments_do_not_explain() {
    // April 1000 paid off in May while 400 are bought, and so on; nothing happens from July.
    let customer = row(7, [0; 6], [0, 0, 0, 500, 400, 1000], [0, 0, 500, 400, 1000, 333]);
    check(
        &[customer],
        &["purchases", "payments", "refunds"],
        expect![[r#"
        purchase_id,agreement_id,purchased_on,amount,instalment_count,merchant,currency
        U00007-1-B0,U00007-1,2005-04-15,1000.00,0,,
        U00007-1-B1,U00007-1,2005-05-15,400.00,0,,
        U00007-1-B2,U00007-1,2005-06-15,500.00,0,,
        payment_id,agreement_id,paid_on,amount,reverses,currency
        U00007-1-M1,U00007-1,2005-05-20,1000.00,,
        U00007-1-M2,U00007-1,2005-06-15,400.00,,
        U00007-1-M3,U00007-1,2005-07-17,500.00,,
        no refunds
        Summary {
            customer_count: 1,
            purchase_count: 3,
            payment_count: 3,
            refund_count: 0,
            credit_count: 0,
            purchased_minor: 190000,
            paid_minor: 190000,
            refunded_minor: 0,
            credited_minor: 0,
        }"#]],
    );
}

#[test]
fn a_balance_that_falls_by_more_than_was_paid_is_a_refund_of_the_latest_purchases_and_then_a_credit() {
    // In July the balance falls from 1500 to -250 although 100 were paid.
    let customer = row(8, [0; 6], [-250, -250, -250, 1500, 1000, 700], [0, 0, 100, 0, 0, 0]);
    check(
        &[customer],
        &["purchases", "payments", "refunds"],
        expect![[r#"
        purchase_id,agreement_id,purchased_on,amount,instalment_count,merchant,currency
        U00008-1-B0,U00008-1,2005-04-15,700.00,0,,
        U00008-1-B1,U00008-1,2005-05-15,300.00,0,,
        U00008-1-B2,U00008-1,2005-06-15,500.00,0,,
        payment_id,agreement_id,paid_on,amount,reverses,currency
        U00008-1-M3,U00008-1,2005-07-13,100.00,,
        U00008-1-C3,U00008-1,2005-07-25,150.00,,
        refund_id,agreement_id,purchase_id,refunded_on,amount,currency
        U00008-1-R3-2,U00008-1,U00008-1-B2,2005-07-25,500.00,
        U00008-1-R3-1,U00008-1,U00008-1-B1,2005-07-25,300.00,
        U00008-1-R3-0,U00008-1,U00008-1-B0,2005-07-25,700.00,
        Summary {
            customer_count: 1,
            purchase_count: 3,
            payment_count: 1,
            refund_count: 3,
            credit_count: 1,
            purchased_minor: 150000,
            paid_minor: 10000,
            refunded_minor: 150000,
            credited_minor: 15000,
        }"#]],
    );
}

#[test]
fn a_bank_that_owes_in_april_is_an_opening_credit() {
    let customer = row(9, [-2; 6], [0, 0, 0, 0, 0, -120], [0; 6]);
    check(
        &[customer],
        &["purchases", "payments"],
        expect![[r#"
        purchase_id,agreement_id,purchased_on,amount,instalment_count,merchant,currency
        U00009-1-B1,U00009-1,2005-05-15,120.00,0,,
        payment_id,agreement_id,paid_on,amount,reverses,currency
        U00009-1-C0,U00009-1,2005-04-25,120.00,,
        Summary {
            customer_count: 1,
            purchase_count: 1,
            payment_count: 0,
            refund_count: 0,
            credit_count: 1,
            purchased_minor: 12000,
            paid_minor: 0,
            refunded_minor: 0,
            credited_minor: 12000,
        }"#]],
    );
}

#[test]
fn customers_are_labels_with_contact_points_that_reach_nobody() {
    let customer = row(30_000, [0; 6], [0; 6], [0; 6]);
    check(
        &[customer],
        &["customers", "contact_points", "agreements", "products"],
        expect![[r#"
        customer_id,name,language,zone,segment,opt_out_channels
        U30000,客户030000,zh,Asia/Taipei,standard,
        contact_point_id,customer_id,kind,value,party,state,priority
        U30000-P,U30000,phone,10000030000,borrower,active,1
        U30000-E,U30000,email,u30000@example.com,borrower,active,1
        agreement_id,customer_id,product,currency,opened_on,credit_limit,statement_day,reported,state,closed_on,security
        U30000-1,U30000,card-twd,TWD,2005-04-01,20000.00,,no,active,,none
        product,version,effective_from,document
        card-twd,1,2005-01-01,shipped:card-twd
        Summary {
            customer_count: 1,
            purchase_count: 0,
            payment_count: 0,
            refund_count: 0,
            credit_count: 0,
            purchased_minor: 0,
            paid_minor: 0,
            refunded_minor: 0,
            credited_minor: 0,
        }"#]],
    );
}

#[test]
fn a_status_is_compared_a_month_after_its_statement() {
    let shown: Vec<_> = (0..JUDGED_MONTH_COUNT)
        .map(|month| format!("{} {}", statement_on(month), judged_on(month)))
        .collect();
    expect![[r#"
        2005-04-30 2005-05-31
        2005-05-31 2005-06-30
        2005-06-30 2005-07-31
        2005-07-31 2005-08-31
        2005-08-31 2005-09-30"#]]
    .assert_eq(&shown.join("\n"));
    let statement = |day: &str| month_judged_on(Date::parse(day).expect("a day of the calendar"));
    assert_eq!(["2005-04-30", "2005-05-30", "2005-05-31"].map(statement), [None, None, Some(0)]);
    assert_eq!(["2005-09-30", "2005-10-31"].map(statement), [Some(4), None]);
}

#[test]
fn a_file_that_is_not_the_published_one_is_refused() {
    check(
        &["1,2,3".to_owned()],
        &[],
        expect![
            "the source file cannot be read: CSV error: record 1 (line: 2, byte: 217): found record with 3 fields, but the previous record has 25 fields; give the path of UCI_Credit_Card.csv"
        ],
    );
    check(
        &[row(0, [0; 6], [0; 6], [0; 6])],
        &[],
        expect![[r#"source file line 2, ID: "0" is not a whole number of its range"#]],
    );
    check(
        &[row(1, [10, 0, 0, 0, 0, 0], [0; 6], [0; 6])],
        &[],
        expect![[r#"source file line 2, PAY_0: "10" is not a whole number of its range"#]],
    );
    check(
        &[row(1, [0; 6], [0; 6], [-1, 0, 0, 0, 0, 0])],
        &[],
        expect![[r#"source file line 2, PAY_AMT1: "-1" is not a whole number of its range"#]],
    );
    check(
        &[row(1, [0; 6], [0; 6], [0; 6]).replace("20000", "20000.5")],
        &[],
        expect![[r#"source file line 2, LIMIT_BAL: "20000.5" is not a whole number of its range"#]],
    );

    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("source.csv");
    std::fs::write(&path, "ID,LIMIT_BAL\n1,2\n").expect("the source");
    let error = adapt(&path, &folder.path().join("out"), &mut |_, _| {}).expect_err("not the published file");
    expect!["the source file lacks the column PAY_6; use the published UCI_Credit_Card.csv"]
        .assert_eq(&error.to_string());
    let error = adapt(&folder.path().join("none.csv"), &folder.path().join("out"), &mut |_, _| {});
    expect!["the source file cannot be read: No such file or directory (os error 2); give the path of UCI_Credit_Card.csv"].assert_eq(&error.expect_err("no such file").to_string());
}

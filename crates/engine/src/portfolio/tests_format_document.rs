//! The format document lists the columns that the code reads, and its example is a portfolio.

use std::path::Path;

use expect_test::expect;

use super::testing::{folder, reading};
use super::{
    AgreementRow, ContactPointRow, CustomerRow, Encoding, ObligationRow, PastContactRow, PaymentRow,
    PortfolioRow, ProductRow, PurchaseRow, RefundRow, Table,
};

const DOCUMENT: &str = include_str!("../../../../docs/portfolio-format.md");

#[test]
fn the_document_lists_each_column_as_the_code_knows_it() {
    for table in Table::ALL {
        let heading = format!("\n## {}\n", table.stem());
        let (_, section) = DOCUMENT.split_once(&heading).expect("a section for each table");
        let section = section.split("\n## ").next().unwrap_or(section);
        let listed: Vec<_> = section.lines().filter(|line| line.starts_with("| `")).collect();
        let known: Vec<_> = table.columns().iter().map(super::Column::document_row).collect();
        assert_eq!(listed, known, "section {} of docs/portfolio-format.md", table.stem());
    }
}

#[test]
fn the_example_of_the_document_is_read_without_a_reject() {
    let blocks: Vec<_> = DOCUMENT.split("`\n```csv\n").collect();
    let named = blocks.windows(2).map(|pair| {
        let name = pair[0].rsplit('`').next().unwrap_or_default();
        let text = pair[1].split("```").next().unwrap_or_default();
        (name, text.as_bytes())
    });
    let files: Vec<_> = named.collect();
    assert_eq!(files.len(), Table::ALL.len(), "the example has every table");
    let folder = folder(&files);
    let folder = folder.path();
    let shown = [
        show::<CustomerRow>(folder),
        show::<ContactPointRow>(folder),
        show::<ProductRow>(folder),
        show::<AgreementRow>(folder),
        show::<PurchaseRow>(folder),
        show::<ObligationRow>(folder),
        show::<PaymentRow>(folder),
        show::<RefundRow>(folder),
        show::<PastContactRow>(folder),
    ];
    expect![[r#"
        customers
        2 C-1001,王****例,zh,Asia/Shanghai,standard,
        3 C-1002,Exa**** Li,en,Asia/Urumqi,student,sms;voice
        contact_points
        2 CP-1,C-1001,phone,100****678,borrower,active,1
        3 CP-2,C-1001,email,c-***@example.com,borrower,active,1
        4 CP-3,C-1002,email,c-***@example.com,borrower,active,1
        5 CP-4,C-1002,phone,100****321,contact_person,active,2
        products
        2 baitiao,1,2026-01-01,shipped:baitiao
        agreements
        2 A-1,C-1001,baitiao,CNY,2026-01-05,8000.00,15,no,active,,none
        3 A-2,C-1002,baitiao,CNY,2026-01-10,5000.00,,yes,closed,2026-06-30,guaranteed
        purchases
        2 P-1,A-1,2026-01-08,1200.00,6,"示例商城, 上海",
        3 P-2,A-1,2026-01-09,350.00,0,示例超市,
        obligations
        2 O-1,A-2,principal,2026-02-10,350.00,CNY
        3 O-2,A-2,interest,2026-02-10,4.20,CNY
        payments
        2 PAY-1,A-1,2026-02-09,350.00,,
        3 PAY-2,A-1,2026-02-11,,PAY-1,
        4 PAY-1,A-2,2026-02-10,354.20,,
        refunds
        2 R-1,A-1,P-1,2026-01-15,200.00,
        contacts
        2 K-1,C-1001,A-1,sms,2026-02-11T01:30:00Z,delivered,CP-1
        3 K-2,C-1002,,voice,2026-02-11T02:05:00Z,unanswered,"#]]
    .assert_eq(&shown.join("\n"));
}

fn show<R: PortfolioRow>(folder: &Path) -> String {
    format!("{}\n{}", R::TABLE.stem(), reading::<R>(folder, Encoding::Utf8, R::masked_text))
}

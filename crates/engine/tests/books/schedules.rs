//! A loan by schedule through real days: what the fold says is posted, explained and found right by verify.

use dunlin_domain::contact::{ContactPointKind, ContactPointState, Language, Party, Personal};
use dunlin_domain::customer_split::Security;
use dunlin_domain::money::Currency;
use dunlin_engine::portfolio::{
    AgreementRow, AgreementState, ContactPointRow, CustomerRow, DecimalAmount, Format, PaymentMovement,
    PaymentRow, PortfolioWriter, PurchaseRow,
};
use expect_test::expect;

use super::fixture::{date, engines};

fn amount(text: &str) -> DecimalAmount {
    DecimalAmount::parse(text).expect("an amount")
}

/// One borrower with a loan of six months at 12 %, who pays the first instalment two days late and no other.
fn loan(folder: &std::path::Path) {
    let mut writer = PortfolioWriter::create(folder, Format::Csv).expect("an empty folder");
    let customer = CustomerRow {
        customer_id: "C-1".to_owned(),
        name: Personal::new("王示例".to_owned()),
        language: Language::Zh,
        zone: "Asia/Shanghai".to_owned(),
        segment: "standard".to_owned(),
        opt_out_channels: Vec::new(),
    };
    writer.write(&customer).expect("a row");
    let point = ContactPointRow {
        contact_point_id: "CP-1".to_owned(),
        customer_id: "C-1".to_owned(),
        kind: ContactPointKind::Phone,
        value: Personal::new("10000000001".to_owned()),
        party: Party::Borrower,
        state: ContactPointState::Active,
        priority: 1,
    };
    writer.write(&point).expect("a row");
    let agreement = AgreementRow {
        agreement_id: "A-1".to_owned(),
        customer_id: "C-1".to_owned(),
        product: "term-loan".to_owned(),
        currency: Currency::CNY,
        opened_on: date("2026-01-05"),
        credit_limit: amount("6000.00"),
        statement_day: None,
        reported: false,
        state: AgreementState::Active,
        closed_on: None,
        security: Security::None,
    };
    writer.write(&agreement).expect("a row");
    let draw = PurchaseRow {
        purchase_id: "L-1".to_owned(),
        agreement_id: "A-1".to_owned(),
        purchased_on: date("2026-01-10"),
        amount: amount("6000.00"),
        instalment_count: 6,
        merchant: None,
        currency: None,
    };
    writer.write(&draw).expect("a row");
    let payment = PaymentRow {
        payment_id: "P-1".to_owned(),
        agreement_id: "A-1".to_owned(),
        paid_on: date("2026-02-12"),
        movement: PaymentMovement::Received { amount: amount("1040.00") },
        currency: None,
    };
    writer.write(&payment).expect("a row");
    writer.finish().expect("the folder is written");
}

#[test]
fn a_loan_by_schedule_is_run_explained_and_verified() {
    let found = engines().map(|test| {
        let folder = test.folder.join("loan");
        loan(&folder);
        test.import(&folder);
        test.run_through("2026-03-15");
        test.assert_clean();
        let explained = test.engine.explain("A-1", None).expect("it is explained");
        let amounts = explained.amounts.iter().map(|(name, amount)| format!("{name} {amount}"));
        let lines: Vec<String> = explained.lines.iter().map(|line| line.en.clone()).chain(amounts).collect();
        lines.join("\n")
    });
    expect![[r#"
        2026-01-10  purchase L-1 of 6000.00 in 6 instalments at 12% a year
        2026-01-10    instalment 1 of L-1 due 2026-02-10: interest 61.15 + principal 973.76
        2026-01-10    instalment 2 of L-1 due 2026-03-10: interest 46.27 + principal 988.64
        2026-01-10    instalment 3 of L-1 due 2026-04-10: interest 41.15 + principal 993.76
        2026-01-10    instalment 4 of L-1 due 2026-05-10: interest 30.02 + principal 1004.89
        2026-01-10    instalment 5 of L-1 due 2026-06-10: interest 20.78 + principal 1014.13
        2026-01-10    instalment 6 of L-1 due 2026-07-10: interest 10.11 + principal 1024.82
        2026-02-10  instalment 1 of L-1 is due with interest of 61.15 by the day
        2026-02-10  instalment 1 of L-1 is due: principal 973.76 + interest 61.15 + fee 0.00 open
        2026-02-11  minimum 1034.91 of the statement due 2026-02-10 missed by 1034.91; 1034.91 unpaid of it
        2026-02-11  overdue from 2026-02-11 on
        2026-02-12  payment P-1 of 1040.00
        2026-02-12  late fee of the statement due 2026-02-10: 1034.91 × 0.0325% × 2 days since 2026-02-10 = 0.6726915
        2026-02-12    P-1 clears 0.67 of late_fee of instalment 1 due 2026-02-10
        2026-02-12    P-1 clears 61.15 of interest of instalment 1 due 2026-02-10
        2026-02-12    P-1 clears 973.76 of principal of instalment 1 due 2026-02-10
        2026-02-12    P-1 pays 4.42 of L-1 ahead: fewer instalments
        2026-02-12  late fee of what was due 2026-02-10: 0.67 in all
        2026-02-12  no longer overdue
        2026-03-10  instalment 2 of L-1 is due with interest of 46.87 by the day
        2026-03-10  instalment 2 of L-1 is due: principal 988.04 + interest 46.87 + fee 0.00 open
        2026-03-11  minimum 1034.91 of the statement due 2026-03-10 missed by 1034.91; 1034.91 unpaid of it
        2026-03-11  overdue from 2026-03-11 on
        2026-03-15  L-1: 1034.91 overdue since 2026-03-10, 5 days past due
        2026-03-15  late fee of the statement due 2026-03-10: 1034.91 × 0.0325% × 5 days since 2026-03-10, on top of 0.00 accrued before
        2026-03-15  late fee of the statement due 2026-03-10: 1.68172875 in all, rounded half up once to 1.68; paid 0.00, waived 0.00, open 1.68
        2026-03-15  available credit: limit 6000.00 − principal on statements 5021.82 − unbilled purchases 0.00 − rest of plans 0.00 − open holds 0.00 + unapplied credit 0.00 = 978.18
        bucket M1
        days_past_due 5
        days_after_due_date 5
        days_from_due_date 6
        tier normal
        customer_days_past_due 5
        customer_tier normal
        overdue 1034.91
        late_fee 1.68
        late_fee_charged 2.35
        owed 5070.37
        credit 0.00
        held 0.00
        available_credit 978.18"#]].assert_eq(&found[0]);
    assert_eq!(found[1], found[0]);
}

//! A loan by schedule through real days: what the fold says is posted, explained and found right by verify.

use dunlin_domain::contact::{ContactPointKind, ContactPointState, Language, Party, Personal};
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
    for test in engines() {
        let folder = test.folder.join("loan");
        loan(&folder);
        test.import(&folder);
        test.run_through("2026-03-15");
        test.assert_clean();
        let explained = test.engine.explain("A-1", None).expect("it is explained");
        let amounts = explained.amounts.iter().map(|(name, amount)| format!("{name} {amount}"));
        let lines: Vec<String> = explained.lines.iter().cloned().chain(amounts).collect();
        expect![[""]].assert_eq(&lines.join("\n"));
    }
}

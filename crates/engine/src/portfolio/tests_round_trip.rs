//! What is written is read back the same, in both formats.

use dunlin_domain::contact::{Channel, ContactPointKind, ContactPointState, Language, Party, Personal};
use dunlin_domain::customer_split::Security;
use dunlin_domain::date::{Date, MonthDay, Timestamp};
use dunlin_domain::money::Currency;
use dunlin_domain::terms::Component;
use expect_test::expect;

use super::testing::{folder, rows};
use super::{
    AgreementRow, AgreementState, ContactPointRow, CustomerRow, DecimalAmount, Format, ObligationRow,
    PastContactRow, PastOutcome, PaymentMovement, PaymentRow, PortfolioRow, PortfolioWriter, ProductDocument,
    ProductRow, PurchaseRow, RefundRow, survey,
};

fn date(text: &str) -> Date {
    Date::parse(text).expect("a day of the calendar")
}

fn amount(text: &str) -> DecimalAmount {
    DecimalAmount::parse(text).expect("an amount")
}

fn customers() -> Vec<CustomerRow> {
    let row = |id: &str, name: &str, channels: &[Channel]| CustomerRow {
        customer_id: id.to_owned(),
        name: Personal::new(name),
        language: Language::Zh,
        zone: "Asia/Shanghai".to_owned(),
        segment: "standard".to_owned(),
        opt_out_channels: channels.to_vec(),
    };
    vec![row("C1", "说\"你好\", 示例\u{1f600}", &[]), row("C2", "O'Neill", &[Channel::Sms, Channel::Voice])]
}

fn contact_points() -> Vec<ContactPointRow> {
    vec![ContactPointRow {
        contact_point_id: "CP1".to_owned(),
        customer_id: "C1".to_owned(),
        kind: ContactPointKind::Phone,
        value: Personal::new("+8610012345678"),
        party: Party::Guarantor,
        state: ContactPointState::Invalid,
        priority: 2,
    }]
}

fn products() -> Vec<ProductRow> {
    let row = |version, document| ProductRow {
        product: "card".to_owned(),
        version,
        effective_from: date("2026-01-01"),
        document,
    };
    vec![
        row(1, ProductDocument::Shipped("card".to_owned())),
        row(2, ProductDocument::File("products/card-2.toml".to_owned())),
    ]
}

fn agreements() -> Vec<AgreementRow> {
    let open = AgreementRow {
        agreement_id: "A1".to_owned(),
        customer_id: "C1".to_owned(),
        product: "card".to_owned(),
        currency: Currency::CNY,
        opened_on: date("1969-12-31"),
        credit_limit: amount("8000"),
        statement_day: None,
        reported: false,
        state: AgreementState::Active,
        closed_on: None,
        security: Security::None,
    };
    let closed = AgreementRow {
        agreement_id: "A2".to_owned(),
        statement_day: Some(MonthDay::Last),
        reported: true,
        state: AgreementState::Closed,
        closed_on: Some(date("2026-06-30")),
        security: Security::Secured,
        ..open.clone()
    };
    let with_day = AgreementRow {
        agreement_id: "A3".to_owned(),
        statement_day: Some(MonthDay::Day(31)),
        security: Security::Guaranteed,
        ..open.clone()
    };
    vec![open, closed, with_day]
}

fn purchases() -> Vec<PurchaseRow> {
    let row = |id: &str, sum: &str, merchant: Option<&str>, currency| PurchaseRow {
        purchase_id: id.to_owned(),
        agreement_id: "A1".to_owned(),
        purchased_on: date("2026-01-08"),
        amount: amount(sum),
        instalment_count: 6,
        merchant: merchant.map(str::to_owned),
        currency,
    };
    vec![
        row("P1", "1200.00", Some("示例商城, 上海"), None),
        row("P2", "0.01", None, Some(Currency::CNY)),
        row("P3", "9999999999999999.99", None, None),
    ]
}

fn obligations() -> Vec<ObligationRow> {
    vec![ObligationRow {
        obligation_id: "O1".to_owned(),
        agreement_id: "A2".to_owned(),
        component: Component::InstalmentFee,
        due_on: date("2026-02-28"),
        amount: amount("4.2"),
        currency: None,
    }]
}

fn payments() -> Vec<PaymentRow> {
    let row = |id: &str, movement| PaymentRow {
        payment_id: id.to_owned(),
        agreement_id: "A1".to_owned(),
        paid_on: date("2026-02-09"),
        movement,
        currency: None,
    };
    let undone =
        |sum: Option<&str>| PaymentMovement::Undone { reverses: "PAY1".to_owned(), amount: sum.map(amount) };
    vec![
        row("PAY1", PaymentMovement::Received { amount: amount("350.00") }),
        row("PAY2", undone(None)),
        row("PAY3", undone(Some("350.00"))),
    ]
}

fn refunds() -> Vec<RefundRow> {
    vec![RefundRow {
        refund_id: "R1".to_owned(),
        agreement_id: "A1".to_owned(),
        purchase_id: "P1".to_owned(),
        refunded_on: date("2026-01-15"),
        amount: amount("200"),
        currency: None,
    }]
}

fn contacts() -> Vec<PastContactRow> {
    vec![PastContactRow {
        contact_id: "K1".to_owned(),
        customer_id: "C1".to_owned(),
        agreement_id: None,
        channel: Channel::Voice,
        sent_at: Timestamp::from_micros(1_770_773_400_000_001),
        outcome: PastOutcome::NotThePerson,
        contact_point_id: None,
    }]
}

fn write_all(folder: &std::path::Path, format: Format) {
    fn add<R: PortfolioRow>(writer: &mut PortfolioWriter, rows: &[R]) {
        rows.iter().for_each(|row| writer.write(row).expect("a row is written"));
    }
    let mut writer = PortfolioWriter::create(folder, format).expect("an empty folder");
    add(&mut writer, &customers());
    add(&mut writer, &contact_points());
    add(&mut writer, &products());
    add(&mut writer, &agreements());
    add(&mut writer, &purchases());
    add(&mut writer, &obligations());
    add(&mut writer, &payments());
    add(&mut writer, &refunds());
    add(&mut writer, &contacts());
    writer.write_document("products/card-2.toml", "product = \"card\"\n").expect("a document");
    writer.finish().expect("the folder is complete");
}

#[test]
fn every_table_comes_back_as_it_was_written() {
    for format in Format::ALL {
        let folder = folder(&[]);
        write_all(folder.path(), format);
        let found = survey(folder.path()).expect("a portfolio");
        assert_eq!(found.tables.len(), 9);
        assert!(found.tables.iter().all(|(_, found)| *found == format));
        assert_eq!(rows::<CustomerRow>(folder.path()), customers());
        assert_eq!(rows::<ContactPointRow>(folder.path()), contact_points());
        assert_eq!(rows::<ProductRow>(folder.path()), products());
        assert_eq!(rows::<AgreementRow>(folder.path()), agreements());
        assert_eq!(rows::<PurchaseRow>(folder.path()), purchases());
        assert_eq!(rows::<ObligationRow>(folder.path()), obligations());
        assert_eq!(rows::<PaymentRow>(folder.path()), payments());
        assert_eq!(rows::<RefundRow>(folder.path()), refunds());
        assert_eq!(rows::<PastContactRow>(folder.path()), contacts());
        let document = std::fs::read_to_string(folder.path().join("products/card-2.toml"));
        assert_eq!(document.expect("the document"), "product = \"card\"\n");
    }
}

#[test]
fn a_csv_file_reads_like_this() {
    let folder = folder(&[]);
    write_all(folder.path(), Format::Csv);
    let text = |name: &str| std::fs::read_to_string(folder.path().join(name)).expect("a file");
    expect![[r#"
        customer_id,name,language,zone,segment,opt_out_channels
        C1,"说""你好"", 示例😀",zh,Asia/Shanghai,standard,
        C2,O'Neill,zh,Asia/Shanghai,standard,sms;voice

        agreement_id,customer_id,product,currency,opened_on,credit_limit,statement_day,reported,state,closed_on,security
        A1,C1,card,CNY,1969-12-31,8000,,no,active,,none
        A2,C1,card,CNY,1969-12-31,8000,last,yes,closed,2026-06-30,secured
        A3,C1,card,CNY,1969-12-31,8000,31,no,active,,guaranteed

        payment_id,agreement_id,paid_on,amount,reverses,currency
        PAY1,A1,2026-02-09,350.00,,
        PAY2,A1,2026-02-09,,PAY1,
        PAY3,A1,2026-02-09,350.00,PAY1,
    "#]].assert_eq(&[text("customers.csv"), text("agreements.csv"), text("payments.csv")].join("\n"));
}

#[test]
fn content_hashes_are_frozen_and_follow_the_content_only() {
    let hex = |bytes: [u8; 16]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let purchase = &purchases()[0];
    let key = [7; 32];
    let customer = &customers()[0];
    expect!["90707e47d6623a93eed30bf65010e0a5"].assert_eq(&hex(purchase.content_hash()));
    expect!["0eecdbd06ef502afd22e497d15db704d"].assert_eq(&hex(customer.content_hash_keyed(&key)));
    assert_ne!(customer.content_hash_keyed(&key), customer.content_hash_keyed(&[8; 32]));

    let written_otherwise = PurchaseRow { amount: amount("1200.0"), ..purchase.clone() };
    assert_eq!(written_otherwise.content_hash(), purchase.content_hash());
    let a_fen_more = PurchaseRow { amount: amount("1200.01"), ..purchase.clone() };
    assert_ne!(a_fen_more.content_hash(), purchase.content_hash());
    let moved = PurchaseRow { merchant: None, currency: None, ..purchase.clone() };
    assert_ne!(moved.content_hash(), purchase.content_hash());
}

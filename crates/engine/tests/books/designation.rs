//! What a customer designates, what is charged by hand, and credit that is paid out change the amounts that they should.

use dunlin_domain::contact::{Language, Personal};
use dunlin_domain::customer_split::Security;
use dunlin_domain::money::Currency;
use dunlin_domain::terms::Component;
use dunlin_engine::payment::{Caller, CreditRefund, NewCharge, NewPayment};
use dunlin_engine::portfolio::{
    AgreementRow, AgreementState, CustomerRow, DecimalAmount, Format, PortfolioWriter, PurchaseRow,
};
use dunlin_engine::view::AgreementView;

use super::fixture::{TestEngine, date, engines, moment};

fn amount(text: &str) -> DecimalAmount {
    DecimalAmount::parse(text).expect("an amount")
}

/// Three customers with a line each. The first two bought 1,000.00, due 10 February, and 600.00, due 10 March; the third
/// bought 1,000.00 only.
fn lines(folder: &std::path::Path) {
    let mut writer = PortfolioWriter::create(folder, Format::Csv).expect("an empty folder");
    for index in 1..=3 {
        let customer = CustomerRow {
            customer_id: format!("C-{index}"),
            name: Personal::new("王示例".to_owned()),
            language: Language::Zh,
            zone: "Asia/Shanghai".to_owned(),
            segment: "standard".to_owned(),
            opt_out_channels: Vec::new(),
        };
        writer.write(&customer).expect("a row");
        let agreement = AgreementRow {
            agreement_id: format!("A-{index}"),
            customer_id: format!("C-{index}"),
            product: "baitiao".to_owned(),
            currency: Currency::CNY,
            opened_on: date("2026-01-05"),
            credit_limit: amount("8000.00"),
            statement_day: None,
            reported: false,
            state: AgreementState::Active,
            closed_on: None,
            security: Security::None,
        };
        writer.write(&agreement).expect("a row");
        let bought = [("2026-01-06", "1000.00"), ("2026-02-05", "600.00")];
        for (on, text) in bought.into_iter().take(if index == 3 { 1 } else { 2 }) {
            let purchase = PurchaseRow {
                purchase_id: format!("P-{index}-{on}"),
                agreement_id: format!("A-{index}"),
                purchased_on: date(on),
                amount: amount(text),
                instalment_count: 0,
                merchant: None,
                currency: None,
            };
            writer.write(&purchase).expect("a row");
        }
    }
    writer.finish().expect("the folder is written");
}

fn loaded() -> [TestEngine; 2] {
    engines().map(|test| {
        let folder = test.folder.join("lines");
        lines(&folder);
        test.import(&folder);
        for day in date("2026-02-08").days()..=date("2026-03-12").days() {
            test.decide(dunlin_domain::date::Date::from_days(day));
        }
        test
    })
}

fn caller() -> Caller<'static> {
    Caller { actor: "tester", now: moment("2026-03-12", 12) }
}

fn pay(test: &TestEngine, agreement: &str, text: &str, designation: Option<&str>) {
    let payment = NewPayment {
        agreement: agreement.to_owned(),
        amount: text.to_owned(),
        currency: None,
        value_on: date("2026-03-12"),
        reference: format!("PAY-{agreement}"),
        designation: designation.map(str::to_owned),
        note: String::new(),
    };
    test.engine.pay(&payment, caller()).expect("a payment is taken");
}

fn seen(test: &TestEngine, agreement: &str) -> AgreementView {
    test.engine.agreement_view(agreement, Some(date("2026-03-12"))).expect("it is there")
}

/// What is open by due date.
fn open(test: &TestEngine, agreement: &str) -> String {
    let view = seen(test, agreement);
    let rests = view.statements.iter().map(|line| format!("{} {}", line.due_on, line.rest));
    rests.collect::<Vec<_>>().join(", ")
}

#[test]
fn a_designated_payment_clears_what_it_is_for_and_another_the_oldest() {
    for test in loaded() {
        assert_eq!(open(&test, "A-1"), "2026-02-10 1000.00, 2026-03-10 600.00", "{}", test.name);
        pay(&test, "A-1", "500.00", Some("2026-03-10"));
        pay(&test, "A-2", "500.00", None);
        // Two days at 0.05 % of 600.00 are 0.60; thirty days of 1,000.00 are 15.00.
        assert_eq!(open(&test, "A-1"), "2026-02-10 1000.00, 2026-03-10 100.60", "{}", test.name);
        assert_eq!(open(&test, "A-2"), "2026-02-10 515.00, 2026-03-10 600.00", "{}", test.name);
        test.decide(date("2026-03-13"));
        test.assert_clean();
    }
}

#[test]
fn a_payment_for_one_component_leaves_the_others() {
    for test in loaded() {
        pay(&test, "A-1", "15.60", Some("principal"));
        pay(&test, "A-2", "15.60", Some("late_fee"));
        assert_eq!(open(&test, "A-1"), "2026-02-10 984.40, 2026-03-10 600.00", "{}", test.name);
        assert_eq!(open(&test, "A-2"), "2026-02-10 1000.00, 2026-03-10 600.00", "{}", test.name);
        assert_eq!(seen(&test, "A-1").late_fee.to_string(), "15.60", "{}", test.name);
        assert_eq!(seen(&test, "A-2").late_fee.to_string(), "0.00", "{}", test.name);
        test.decide(date("2026-03-13"));
        test.assert_clean();
    }
}

#[test]
fn a_charge_by_hand_is_owed_from_its_day_and_due_on_its_own() {
    for test in loaded() {
        let before = seen(&test, "A-1").owed;
        let charge = NewCharge {
            agreement: "A-1".to_owned(),
            amount: "30.00".to_owned(),
            value_on: date("2026-03-12"),
            due_on: date("2026-03-20"),
            component: Component::Charge,
            reference: "CH-1".to_owned(),
            note: "copy of the contract".to_owned(),
        };
        test.engine.charge(&charge, caller()).expect("a charge is taken");
        let after = seen(&test, "A-1");
        assert_eq!(after.owed.minor() - before.minor(), 3_000, "{}", test.name);
        assert!(open(&test, "A-1").ends_with(", 2026-03-20 30.00"), "{}: {}", test.name, open(&test, "A-1"));
        assert_eq!(after.overdue.to_string(), "1600.00", "{}: it is not due yet", test.name);
        test.decide(date("2026-03-13"));
        test.assert_clean();
    }
}

#[test]
fn credit_that_is_paid_out_is_gone_and_no_more_than_there_is() {
    for test in loaded() {
        // 1,000.00 and thirty days of late fee.
        pay(&test, "A-3", "1215.00", None);
        assert_eq!(seen(&test, "A-3").credit.to_string(), "200.00", "{}", test.name);
        let refund = |amount: &str, reference: &str| CreditRefund {
            agreement: "A-3".to_owned(),
            amount: amount.to_owned(),
            value_on: Some(date("2026-03-12")),
            reference: reference.to_owned(),
            note: "by telephone".to_owned(),
        };
        let too_much = test.engine.refund_credit(&refund("200.01", "CR-0"), caller());
        assert_eq!(too_much.expect_err("it is more than there is").code(), "amount_too_large");
        test.engine.refund_credit(&refund("150.00", "CR-1"), caller()).expect("there is as much");
        assert_eq!(seen(&test, "A-3").credit.to_string(), "50.00", "{}", test.name);
        test.engine.refund_credit(&refund("all", "CR-2"), caller()).expect("there is some");
        assert_eq!(seen(&test, "A-3").credit.to_string(), "0.00", "{}", test.name);
        let nothing = test.engine.refund_credit(&refund("all", "CR-3"), caller());
        assert_eq!(nothing.expect_err("nothing is left").code(), "no_credit");
        assert_eq!(seen(&test, "A-3").owed.to_string(), "0.00", "{}", test.name);
        test.decide(date("2026-03-13"));
        test.assert_clean();
    }
}

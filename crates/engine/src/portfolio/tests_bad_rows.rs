//! Bad rows: each is named with its place, its reason and its remedy.

use expect_test::{Expect, expect};

use super::testing::check;
use super::{
    AgreementRow, ContactPointRow, CustomerRow, ObligationRow, PastContactRow, PaymentRow, ProductRow,
};

/// A row of payments in the order payment_id, agreement_id, paid_on, amount, reverses, currency.
fn check_payment(row: &str, expected: Expect) {
    check::<PaymentRow>(
        &format!("payment_id,agreement_id,paid_on,amount,reverses,currency\n{row}\n"),
        expected,
    );
}

#[test]
fn a_day_that_the_calendar_lacks_is_rejected_with_its_place() {
    check_payment(
        "P1,A1,2026-02-30,5.00,,",
        expect![[r#"
        payments.csv line 2, paid_on: "2026-02-30" is not a day of the calendar; write it as 2026-02-28
          P1,A1,2026-02-30,5.00,,"#]],
    );
    check_payment("P1,A1,2026-02-28,5.00,,", expect!["2 P1,A1,2026-02-28,5.00,,"]);
    check_payment(
        "P1,A1,44562,5.00,,",
        expect![[r#"
        payments.csv line 2, paid_on: "44562" is not a day of the calendar; write it as 2026-02-28
          P1,A1,44562,5.00,,"#]],
    );
    check_payment(
        "P1,A1,,5.00,,",
        expect![[r#"
        payments.csv line 2, paid_on: value is missing; fill it in, for example 2026-02-09
          P1,A1,,5.00,,"#]],
    );
}

#[test]
fn an_obligation_without_a_due_date_is_rejected_with_its_place_and_the_remedy() {
    let check_obligation = |row: &str, expected: Expect| {
        let head = "obligation_id,agreement_id,component,due_on,amount,currency";
        check::<ObligationRow>(&format!("{head}\n{row}\n"), expected);
    };
    check_obligation(
        "O1,A1,principal,,5.00,",
        expect![[r#"
        obligations.csv line 2, due_on: value is missing; fill it in, for example 2026-02-10
          O1,A1,principal,,5.00,"#]],
    );
    check_obligation("O1,A1,principal,2026-02-10,5.00,", expect!["2 O1,A1,principal,2026-02-10,5.00,"]);
}

#[test]
fn an_amount_must_be_a_plain_number_above_zero() {
    check_payment(
        "P1,A1,2026-02-28,-5.00,,",
        expect![[r#"
        payments.csv line 2, amount: "-5.00" is negative; give what was undone as a row of its own, without a sign
          P1,A1,2026-02-28,-5.00,,"#]],
    );
    check_payment(
        "P1,A1,2026-02-28,0.00,,",
        expect![[r#"
        payments.csv line 2, amount: "0.00" is not above zero; leave the row out if no money moved
          P1,A1,2026-02-28,0.00,,"#]],
    );
    check_payment("P1,A1,2026-02-28,0.01,,", expect!["2 P1,A1,2026-02-28,0.01,,"]);
    check_payment(
        "P1,A1,2026-02-28,\"1,234.50\",,",
        expect![[r#"
        payments.csv line 2, amount: "1,234.50" groups its digits; write 1234.50
          P1,A1,2026-02-28,"1,234.50",,"#]],
    );
    check_payment(
        "P1,A1,2026-02-28,5.00元,,",
        expect![[r#"
        payments.csv line 2, amount: "5.00元" is not a decimal number; write it like 1234.50, without a currency sign
          P1,A1,2026-02-28,5.00元,,"#]],
    );
    check_payment(
        "P1,A1,2026-02-28,99999999999999999999,,",
        expect![[r#"
        payments.csv line 2, amount: "99999999999999999999" is larger than 64 bits of minor units; check the number of digits
          P1,A1,2026-02-28,99999999999999999999,,"#]],
    );
}

#[test]
fn only_a_reversal_may_leave_its_amount_empty() {
    check_payment(
        "P1,A1,2026-02-28,,,",
        expect![[r#"
        payments.csv line 2, amount: value is missing; give the amount; only a row that reverses a payment may leave it empty
          P1,A1,2026-02-28,,,"#]],
    );
    check_payment("P2,A1,2026-02-28,,P1,", expect!["2 P2,A1,2026-02-28,,P1,"]);
    check_payment("P2,A1,2026-02-28,5,P1,", expect!["2 P2,A1,2026-02-28,5,P1,"]);
    check_payment(
        "P2,A1,2026-02-28,5,P2,",
        expect![[r#"
        payments.csv line 2, reverses: "P2" is the row itself; name the payment that this row undoes
          P2,A1,2026-02-28,5,P2,"#]],
    );
}

#[test]
fn an_unknown_currency_is_rejected() {
    check_payment(
        "P1,A1,2026-02-28,5.00,,RMB",
        expect![[r#"
        payments.csv line 2, currency: "RMB" is an unknown currency; use an ISO 4217 code such as CNY
          P1,A1,2026-02-28,5.00,,RMB"#]],
    );
    check_payment("P1,A1,2026-02-28,5.00,,CNY", expect!["2 P1,A1,2026-02-28,5.00,,CNY"]);
}

#[test]
fn an_id_has_1_to_64_characters_and_none_that_cannot_be_seen() {
    check_payment(
        &format!("{},A1,2026-02-28,5,,", "P".repeat(65)),
        expect![[r#"
        payments.csv line 2, payment_id: "PPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPP" has 65 characters; use at most 64
          PPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPPP,A1,2026-02-28,5,,"#]],
    );
    check_payment(
        &format!("{},A1,2026-02-28,5,,", "付".repeat(64)),
        expect![
            "2 付付付付付付付付付付付付付付付付付付付付付付付付付付付付付付付付付付付付付付付付付付付付付付付付付付付付付付付付付付付付付付付付,A1,2026-02-28,5,,"
        ],
    );
    check_payment(
        "\"P\n1\",A1,2026-02-28,5,,",
        expect![[r#"
        payments.csv line 2, payment_id: "P\n1" has a control character or line break in it; remove it
          "P
        1",A1,2026-02-28,5,,"#]],
    );
    check_payment(
        ",A1,2026-02-28,5,,",
        expect![[r#"
        payments.csv line 2, payment_id: value is missing; fill it in, for example PAY-1
          ,A1,2026-02-28,5,,"#]],
    );
}

#[test]
fn a_row_has_as_many_values_as_the_header() {
    check_payment(
        "P1,A1,2026-02-28,5.00",
        expect![[r#"
        payments.csv line 2: has 4 values where the header has 6; put quotes around a value with a comma in it, and leave no value out
          P1,A1,2026-02-28,5.00"#]],
    );
    check::<CustomerRow>(
        "customer_id,name\nC1,Li, Lei\n",
        expect![[r#"
        customers.csv line 2: has 3 values where the header has 2; put quotes around a value with a comma in it, and leave no value out
          (not shown)"#]],
    );
}

#[test]
fn personal_values_are_masked_in_errors() {
    let check = |row: &str, expected: Expect| {
        check::<ContactPointRow>(&format!("contact_point_id,customer_id,kind,value\n{row}\n"), expected);
    };
    check("CP1,C1,phone,+86 100-1234-5678", expect!["2 CP1,C1,phone,+86****5678,borrower,active,1"]);
    check(
        "CP1,C1,phone,1001234567x",
        expect![[r#"
        contact_points.csv line 2, value: "100****67x" is not a phone number; write 3 to 20 digits, with a plus before a country code; spaces and hyphens are dropped
          CP1,C1,phone,100****67x"#]],
    );
    check(
        "CP1,C1,email,li.lei@example",
        expect![[r#"
        contact_points.csv line 2, value: "li***@example" is not an e-mail address; write it like name@example.com
          CP1,C1,email,li***@example"#]],
    );
    check(
        "CP1,C1,email,\"li.lei@example.com, han@example.org\"",
        expect![[r#"
        contact_points.csv line 2, value: "li***@***" is not an e-mail address; write it like name@example.com
          CP1,C1,email,li***@***"#]],
    );
    check("CP1,C1,email,li.lei@example.com", expect!["2 CP1,C1,email,li***@example.com,borrower,active,1"]);
    check("CP1,C1,postal,示例路1号|100000|CN", expect!["2 CP1,C1,postal,示例路****0|CN,borrower,active,1"]);
    check(
        "CP1,C1,postal,1 Example Street|SW1A 1AA|UK",
        expect![[r#"
        contact_points.csv line 2, value: "1 E****A|UK" ends in a country that does not exist; write two capital letters of ISO 3166 as its last line, such as CN, or GB for the United Kingdom, or none for the lender's own country
          CP1,C1,postal,1 E****A|UK"#]],
    );
    check(
        "CP1,C1,postal,||||",
        expect![[r#"
        contact_points.csv line 2, value: "|****|" is not a postal address; write street and place (at most 6 lines of 80 letters), then postcode and country, with | between them
          CP1,C1,postal,|****|"#]],
    );
    check(
        "CP1,C1,fax,10012345678",
        expect![[r#"
        contact_points.csv line 2, kind: "fax" is not one of phone, email, push, postal; use one of these
          CP1,C1,fax,100****678"#]],
    );
    check(
        "CP1,C1,phone,",
        expect![[r#"
        contact_points.csv line 2, value: value is missing; fill it in, for example 10012345678
          CP1,C1,phone,****"#]],
    );
}

#[test]
fn codes_zones_and_channels_are_known_ones() {
    let check = |row: &str, expected: Expect| {
        check::<CustomerRow>(
            &format!("customer_id,name,language,zone,segment,opt_out_channels\n{row}\n"),
            expected,
        );
    };
    check(
        "C1,客户1,de,,,",
        expect![[r#"
        customers.csv line 2, language: "de" is not one of zh, en; use one of these
          C1,客****1,de,,,"#]],
    );
    check(
        "C1,客户1,en,Asia/Peking,,",
        expect![[r#"
        customers.csv line 2, zone: "Asia/Peking" is an unknown time zone; use an IANA name such as Asia/Shanghai
          C1,客****1,en,Asia/Peking,,"#]],
    );
    check(
        "C1,客户1,en,Asia/Urumqi,student,voice; sms;voice",
        expect!["2 C1,客****1,en,Asia/Urumqi,student,sms;voice"],
    );
    check(
        "C1,客户1,,,,sms;fax",
        expect![[r#"
        customers.csv line 2, opt_out_channels: "sms;fax" is not one of sms, voice, email, push, letter; separate several with ;
          C1,客****1,,,,sms;fax"#]],
    );
    check("C1,客户1,,,,", expect!["2 C1,客****1,zh,Asia/Shanghai,standard,"]);
}

#[test]
fn a_closed_agreement_has_the_day_and_an_open_one_has_not() {
    let check = |row: &str, expected: Expect| {
        let header =
            "agreement_id,customer_id,product,currency,opened_on,credit_limit,statement_day,state,closed_on";
        check::<AgreementRow>(&format!("{header}\n{row}\n"), expected);
    };
    check(
        "A1,C1,card,CNY,2026-01-05,8000,,closed,2026-01-05",
        expect!["2 A1,C1,card,CNY,2026-01-05,8000,,no,closed,2026-01-05,none"],
    );
    check(
        "A1,C1,card,CNY,2026-01-05,8000,,closed,2026-01-04",
        expect![[r#"
        agreements.csv line 2, closed_on: "2026-01-04" is before the agreement was opened on 2026-01-05; correct one of the two days
          A1,C1,card,CNY,2026-01-05,8000,,closed,2026-01-04"#]],
    );
    check(
        "A1,C1,card,CNY,2026-01-05,8000,,closed,",
        expect![[r#"
            agreements.csv line 2, closed_on: value is missing for an agreement that is closed; give the day it was closed
              A1,C1,card,CNY,2026-01-05,8000,,closed,"#]],
    );
    check(
        "A1,C1,card,CNY,2026-01-05,8000,,,2026-03-01",
        expect![[r#"
        agreements.csv line 2, closed_on: "2026-03-01" is given for an agreement that is active; make its state closed, or leave this empty
          A1,C1,card,CNY,2026-01-05,8000,,,2026-03-01"#]],
    );
    check(
        "A1,C1,card,CNY,2026-01-05,8000.005,,,",
        expect![[r#"
        agreements.csv line 2, credit_limit: "8000.005" does not fit CNY; amount "8000.005" is not a decimal number with at most 2 digits after the point
          A1,C1,card,CNY,2026-01-05,8000.005,,,"#]],
    );
    check(
        "A1,C1,card,JPY,2026-01-05,8000.5,,,",
        expect![[r#"
        agreements.csv line 2, credit_limit: "8000.5" does not fit JPY; amount "8000.5" is not a decimal number with at most 0 digits after the point
          A1,C1,card,JPY,2026-01-05,8000.5,,,"#]],
    );
    check(
        "A1,C1,card,CNY,2026-01-05,8000,32,,",
        expect![[r#"
        agreements.csv line 2, statement_day: "32" is not a day of the month; write 1 to 31, or last
          A1,C1,card,CNY,2026-01-05,8000,32,,"#]],
    );
    check(
        "A1,C1,card,CNY,2026-01-05,0,last,,",
        expect!["2 A1,C1,card,CNY,2026-01-05,0,last,no,active,,none"],
    );
}

#[test]
fn a_product_document_stays_inside_the_folder() {
    let check = |row: &str, expected: Expect| {
        check::<ProductRow>(&format!("product,version,effective_from,document\n{row}\n"), expected);
    };
    check("card,1,2026-01-01,products/card.toml", expect!["2 card,1,2026-01-01,products/card.toml"]);
    check("card,1,2026-01-01,shipped:baitiao", expect!["2 card,1,2026-01-01,shipped:baitiao"]);
    check(
        "card,1,2026-01-01,../card.toml",
        expect![[r#"
        products.csv line 2, document: "../card.toml" is not a path inside the folder; write it like products/card.toml
          card,1,2026-01-01,../card.toml"#]],
    );
    check(
        "card,1,2026-01-01,/etc/card.toml",
        expect![[r#"
        products.csv line 2, document: "/etc/card.toml" is not a path inside the folder; write it like products/card.toml
          card,1,2026-01-01,/etc/card.toml"#]],
    );
    check(
        "card,1,2026-01-01,shipped:",
        expect![[r#"
        products.csv line 2, document: "shipped:" is not the name of a shipped product; write it like shipped:baitiao
          card,1,2026-01-01,shipped:"#]],
    );
    check(
        "card,0,2026-01-01,shipped:baitiao",
        expect![[r#"
        products.csv line 2, version: "0" is not a version; count versions from 1
          card,0,2026-01-01,shipped:baitiao"#]],
    );
    check(
        "card,-1,2026-01-01,shipped:baitiao",
        expect![[r#"
        products.csv line 2, version: "-1" is not a whole number of at least zero; write it like 1
          card,-1,2026-01-01,shipped:baitiao"#]],
    );
}

#[test]
fn what_became_of_a_contact_fits_its_channel() {
    let check = |row: &str, expected: Expect| {
        check::<PastContactRow>(
            &format!("contact_id,customer_id,agreement_id,channel,sent_at,outcome\n{row}\n"),
            expected,
        );
    };
    check(
        "K1,C1,,sms,2026-02-11T09:30:00+08:00,delivered",
        expect!["2 K1,C1,,sms,2026-02-11T01:30:00Z,delivered,"],
    );
    check(
        "K1,C1,,voice,2026-02-11T09:30:00+08:00,delivered",
        expect![[r#"
        contacts.csv line 2, outcome: "delivered" does not become of a contact by voice; use one of effective, unanswered, not_the_person
          K1,C1,,voice,2026-02-11T09:30:00+08:00,delivered"#]],
    );
    check(
        "K1,C1,,sms,2026-02-11T09:30:00+08:00,effective",
        expect![[r#"
        contacts.csv line 2, outcome: "effective" does not become of a contact by sms; use one of delivered, failed, unknown
          K1,C1,,sms,2026-02-11T09:30:00+08:00,effective"#]],
    );
    check(
        "K1,C1,,sms,2026-02-11 09:30,delivered",
        expect![[r#"
        contacts.csv line 2, sent_at: "2026-02-11 09:30" is not a moment with its offset; write it as 2026-02-28T09:30:00+08:00
          K1,C1,,sms,2026-02-11 09:30,delivered"#]],
    );
}

//! Payments and what undoes them, as users record them: refused by code, taken once, and folded in whenever they come.

use expect_test::expect;
use serde_json::Value;

use crate::support::Place;

/// The code of a command that is refused, or `recorded`, or `known`.
fn outcome(place: &Place, arguments: &[&str]) -> String {
    let answer = place.json(arguments);
    match (&answer["error"]["code"], &answer["is_new"]) {
        (Value::String(code), _) => code.clone(),
        (_, Value::Bool(false)) => "known".to_owned(),
        _ => "recorded".to_owned(),
    }
}

fn pay(place: &Place, agreement: &str, amount: &str, on: &str, reference: &str) -> String {
    outcome(place, &["pay", agreement, amount, "--on", on, "--reference", reference])
}

fn amount(value: &Value) -> &str {
    value["amount"].as_str().unwrap_or_else(|| panic!("{value} is no amount"))
}

/// The amounts of an agreement on a day, as `explain` gives them.
fn amounts(place: &Place, agreement: &str, on: &str) -> Value {
    place.json(&["explain", agreement, "--on", on])["amounts"].clone()
}

#[test]
fn a_payment_that_cannot_be_is_refused_by_its_code() {
    let place = Place::imported();
    place.run(&["day", "--from", "2026-01-20", "--through", "2026-02-20"]).check_exit(0);
    for (agreement, amount, on, reference, expected) in [
        ("A-1", "0.00", "2026-02-01", "R-1", "amount_not_positive"),
        ("A-1", "-10.00", "2026-02-01", "R-1", "amount_not_positive"),
        ("A-1", "10.001", "2026-02-01", "R-1", "amount"),
        ("A-1", "1e3", "2026-02-01", "R-1", "amount"),
        ("A-1", "十元", "2026-02-01", "R-1", "amount"),
        ("A-1", "10000000000.01", "2026-02-01", "R-1", "amount_too_large"),
        ("A-1", "99999999999999999999999999", "2026-02-01", "R-1", "amount_too_large"),
        ("A-1", "10.00", "2026-01-04", "R-1", "before_agreement"),
        ("A-1", "10.00", "2026-06-02", "R-1", "in_future"),
        ("A-9", "10.00", "2026-02-01", "R-1", "not_found"),
        ("A-1", "10.00", "2026-02-01", " ", "reference"),
        ("A-1", "10.00", "2026-01-05", "R-1", "recorded"),
        ("A-1", "10.00", "2026-06-01", "R-2", "recorded"),
    ] {
        assert_eq!(pay(&place, agreement, amount, on, reference), expected, "{agreement} {amount} {on}");
    }
    let foreign = ["pay", "A-1", "5.00", "--on", "2026-02-01", "--reference", "R-3", "--currency", "USD"];
    assert_eq!(outcome(&place, &foreign), "currency_mismatch");
    place.run(&foreign).check(expect![[r#"
        exit 2
        error[currency_mismatch]: amount 5.00 USD must be in CNY, the currency of the agreement
    "#]]);
}

#[test]
fn the_same_reference_gives_the_same_answer_or_is_a_conflict() {
    let place = Place::imported();
    place.run(&["day", "--from", "2026-01-20", "--through", "2026-02-20"]).check_exit(0);
    let command = ["pay", "A-1", "100.00", "--on", "2026-02-10", "--reference", "R-1"];
    let first = place.json(&command);
    place.run(&["day", "--through", "2026-02-25"]).check_exit(0);
    let mut again = place.json(&command);
    assert_eq!(again["is_new"], false);
    again["is_new"] = true.into();
    again["posted_on"] = first["posted_on"].clone();
    assert_eq!(again, first, "days later the answer is the same");
    assert_eq!(pay(&place, "A-1", "100.01", "2026-02-10", "R-1"), "reference_conflict");
    assert_eq!(pay(&place, "A-1", "100.00", "2026-02-11", "R-1"), "reference_conflict");
    assert_eq!(pay(&place, "A-2", "100.00", "2026-02-10", "R-1"), "reference_conflict");
    // A payment that came with the import is known by the same reference.
    assert_eq!(pay(&place, "A-2", "90.00", "2026-01-20", "PAY-1"), "known");
    assert_eq!(pay(&place, "A-2", "90.01", "2026-01-20", "PAY-1"), "reference_conflict");
    let report = place.json(&["import", "may"]);
    let payments =
        report["tables"].as_array().expect("tables").iter().find(|table| table["table"] == "payments");
    assert_eq!(payments.map(|table| &table["unchanged"]), Some(&1.into()), "{report}");
}

#[test]
fn more_than_is_owed_becomes_credit_and_goes_back() {
    let place = Place::imported();
    place.run(&["day", "--from", "2026-01-20", "--through", "2026-01-27"]).check_exit(0);
    let paid = place.json(&["pay", "A-1", "5000.00", "--on", "2026-01-26", "--reference", "R-1"]);
    let unapplied = amount(&paid["unapplied"]).to_owned();
    assert_eq!(amount(&paid["report"]["after"]["credit"]), unapplied);
    assert_ne!(unapplied, "0.00");
    let ran = place.run(&["pay", "A-1", "1.00", "--on", "2026-01-26", "--reference", "R-2"]);
    assert!(ran.stdout().contains("stays as unapplied credit"), "{}", ran.stdout());
    let refund = |amount: &str, reference: &str| {
        outcome(&place, &["refund-credit", "A-1", amount, "--on", "2026-01-27", "--reference", reference])
    };
    assert_eq!(refund("9000.00", "C-1"), "amount_too_large");
    assert_eq!(refund("0", "C-1"), "amount_not_positive");
}

#[test]
fn a_payment_is_undone_once() {
    let place = Place::imported();
    place.run(&["day", "--from", "2026-01-20", "--through", "2026-02-20"]).check_exit(0);
    let before = amounts(&place, "A-1", "2026-02-20");
    assert_eq!(pay(&place, "A-1", "100.00", "2026-01-26", "R-1"), "recorded");
    assert_ne!(amounts(&place, "A-1", "2026-02-20"), before);
    let undone = place.json(&["reverse", "R-1", "--reason", "another customer's money"]);
    assert_eq!(undone["undone"][0]["kind"], "reversal", "{undone}");
    assert_eq!(amounts(&place, "A-1", "2026-02-20"), before, "as if it had never been");
    for command in [["reverse", "R-1", "--reason", "again"], ["return", "R-1", "--reason-code", "AC04"]] {
        assert_eq!(outcome(&place, &command), "already_reversed");
    }
    assert_eq!(outcome(&place, &["reverse", "R-9", "--reason", "x"]), "unknown_target");
    assert_eq!(outcome(&place, &["reverse", "PAY-1", "--reason", "x"]), "unknown_target");
    let imported = ["return", "PAY-1", "--agreement", "A-2", "--reason-code", "AC04"];
    assert_eq!(place.json(&imported)["undone"][0]["kind"], "return");
    place.run(&["day", "--through", "2026-02-21"]).check_exit(0);
    assert_eq!(place.json(&["verify"])["problems"], 0);
}

/// A late fee was charged, then it turns out that the customer had paid in time: fees, ageing and the ledger follow, on
/// the day on which it is learned, and the days that are closed keep their verdicts.
fn backdated_payment(place: &Place) {
    place.run(&["day", "--from", "2026-01-20", "--through", "2026-02-20"]).check_exit(0);
    let late = amounts(place, "A-1", "2026-02-20");
    assert_ne!(late["late_fee_charged"], "0.00", "{late}");
    let overdue = late["overdue"].as_str().expect("an amount").to_owned();
    let closed = place.json(&["ledger", "trial-balance", "--on", "2026-02-20"]);
    let why = place.json(&["why", "A-1", "--on", "2026-01-28"]);
    let paid = place.json(&["pay", "A-1", &overdue, "--on", "2026-01-24", "--reference", "R-1"]);
    let report = &paid["report"];
    assert_eq!(report["is_backdated"], true, "{paid}");
    assert_eq!(amount(&report["before"]["late_fee_charged"]), late["late_fee_charged"]);
    assert_eq!(amount(&report["after"]["late_fee_charged"]), "0.00");
    assert_eq!((&report["after"]["bucket"], &report["after"]["days_past_due"]), (&"M0".into(), &0.into()));
    let days = report["days"].as_array().expect("spans of days");
    assert_eq!(days.last().expect("a span")["through"], "2026-02-20", "{report}");
    let verdicts = report["verdicts"].as_array().expect("verdicts");
    assert!(!verdicts.is_empty(), "{report}");
    assert_eq!(amount(&verdicts[0]["overdue_now"]), "0.00");
    assert_ne!(amount(&verdicts[0]["overdue_then"]), "0.00");
    // What is closed stays: the ledger of that day, and the verdicts.
    assert_eq!(place.json(&["ledger", "trial-balance", "--on", "2026-02-20"]), closed);
    assert_eq!(place.json(&["why", "A-1", "--on", "2026-01-28"])["reason"], why["reason"]);
    place.run(&["day", "--through", "2026-02-22"]).check_exit(0);
    assert_eq!(place.json(&["ledger", "trial-balance", "--on", "2026-02-20"]), closed);
    assert_eq!(amounts(place, "A-1", "2026-02-22")["late_fee_charged"], "0.00");
    assert_eq!(place.json(&["verify"])["problems"], 0);
    // The report can be shown again at any time.
    let changes = place.json(&["changes", "A-1"]);
    assert_eq!(changes["changes"][0], *report);
    assert_eq!(place.json(&["changes", "A-1", "--since", "2026-12-31"])["changes"], Value::Array(Vec::new()));
    // The bank returns it weeks later: everything comes back, fees from the first day included.
    place.run(&["return", "R-1", "--reason-code", "AC04"]).check_exit(0);
    place.run(&["day", "--through", "2026-02-23"]).check_exit(0);
    let never_paid = Place::imported();
    never_paid.run(&["day", "--from", "2026-01-20", "--through", "2026-02-23"]).check_exit(0);
    assert_eq!(amounts(&never_paid, "A-1", "2026-02-20"), late);
    assert_eq!(amounts(place, "A-1", "2026-02-23"), amounts(&never_paid, "A-1", "2026-02-23"));
    // On the days before the return the payment stood.
    assert_eq!(amounts(place, "A-1", "2026-02-20")["late_fee_charged"], "0.00");
    assert_eq!(place.json(&["verify"])["problems"], 0);
    assert_eq!(place.json(&["changes", "A-1"])["changes"].as_array().map(Vec::len), Some(2));
}

#[test]
fn penalties_and_ageing_are_worked_out_again_after_a_backdated_payment_and_its_return() {
    backdated_payment(&Place::imported());
}

#[test]
fn penalties_and_ageing_are_worked_out_again_on_postgres_too() {
    backdated_payment(&Place::imported_on_postgres());
}

#[test]
fn the_order_in_which_facts_arrive_does_not_decide_the_fee() {
    let facts =
        [("40.00", "2026-02-12", "R-1"), ("60.00", "2026-01-30", "R-2"), ("5.00", "2026-02-03", "R-3")];
    let mut results = Vec::new();
    for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2]] {
        let place = Place::imported();
        place.run(&["day", "--from", "2026-01-20", "--through", "2026-02-15"]).check_exit(0);
        for (index, through) in order.into_iter().zip(["2026-02-16", "2026-02-18", "2026-02-20"]) {
            let (amount, on, reference) = facts[index];
            assert_eq!(pay(&place, "A-1", amount, on, reference), "recorded");
            place.run(&["day", "--through", through]).check_exit(0);
        }
        assert_eq!(place.json(&["verify"])["problems"], 0);
        results.push(amounts(&place, "A-1", "2026-02-20"));
    }
    assert_eq!(results[0], results[1]);
    assert_eq!(results[0], results[2]);
}

#[test]
fn a_payment_that_is_reversed_and_paid_again_and_again_is_posted_right_each_time() {
    let place = Place::imported();
    place.run(&["day", "--from", "2026-01-20", "--through", "2026-02-10"]).check_exit(0);
    let never_paid = Place::imported();
    never_paid.run(&["day", "--from", "2026-01-20", "--through", "2026-02-17"]).check_exit(0);
    for (round, through) in ["2026-02-12", "2026-02-14", "2026-02-16"].into_iter().enumerate() {
        let reference = format!("R-{round}");
        assert_eq!(pay(&place, "A-1", "200.00", "2026-01-26", &reference), "recorded");
        place.run(&["day", "--through", through]).check_exit(0);
        assert_eq!(place.json(&["verify"])["problems"], 0);
        place.run(&["reverse", &reference, "--reason", "bounced"]).check_exit(0);
        assert_eq!(amounts(&place, "A-1", through), amounts(&never_paid, "A-1", through));
    }
    place.run(&["day", "--through", "2026-02-17"]).check_exit(0);
    assert_eq!(place.json(&["verify"])["problems"], 0);
    let balance = place.json(&["ledger", "trial-balance"]);
    assert_eq!(balance["is_balanced"], true, "{balance}");
}

#[test]
fn one_payment_is_split_over_the_agreements_of_a_customer() {
    let place = Place::with_portfolio();
    place.write(
        "may/agreements.csv",
        "agreement_id,customer_id,product,currency,opened_on,credit_limit,statement_day\n\
         A-1,C-1,baitiao,CNY,2026-01-05,8000.00,15\nA-2,C-1,baitiao,CNY,2026-01-10,5000.00,15\n",
    );
    place.write("may/payments.csv", "payment_id,agreement_id,paid_on,amount,reverses\n");
    place.run(&["import", "may"]).check_exit(0);
    place.run(&["day", "--from", "2026-01-20", "--through", "2026-01-24"]).check_exit(0);
    let command = ["pay-customer", "C-1", "300.00", "--on", "2026-01-24", "--reference", "R-1"];
    let preview = place.json(&[&command[..], &["--preview"]].concat());
    assert_eq!(preview["recorded"], Value::Array(Vec::new()));
    let paid = place.json(&command);
    assert_eq!(paid["shares"], preview["shares"], "the split is the one that was shown");
    let total: i64 = paid["shares"].as_array().expect("shares").iter().map(minor).sum();
    assert_eq!(total, 30_000);
    let again = place.json(&command);
    assert_eq!((&again["is_new"], &again["shares"]), (&false.into(), &paid["shares"]));
    let code = |arguments: &[&str]| place.json(arguments)["error"]["code"].clone();
    let other = ["pay-customer", "C-1", "301.00", "--on", "2026-01-24", "--reference", "R-1"];
    assert_eq!(code(&other), "reference_conflict");
    assert_eq!(pay(&place, "A-1", "300.00", "2026-01-24", "R-1"), "reference_conflict");
    let named = ["pay-customer", "C-1", "10.00", "--on", "2026-01-24", "--reference", "R-2"];
    let designated = place.json(&[&named[..], &["--designate", "A-2"]].concat());
    assert_eq!(designated["shares"][0]["agreement"], "A-2");
    assert_eq!(code(&[&named[..], &["--designate", "A-9"]].concat()), "not_found");
    assert_eq!(
        code(&["pay-customer", "C-9", "1.00", "--on", "2026-01-24", "--reference", "R-3"]),
        "not_found"
    );
    // The bank returns all of it: each part is undone.
    let undone = place.json(&["return", "R-1", "--reason-code", "AC04"]);
    assert_eq!(
        undone["undone"].as_array().map(Vec::len),
        paid["recorded"].as_array().map(Vec::len),
        "{undone}"
    );
    place.run(&["day", "--through", "2026-01-26"]).check_exit(0);
    assert_eq!(place.json(&["verify"])["problems"], 0);
}

/// Civil Code Art. 560: of what is due, the debt with the least security first. 90.00 and two days' late fee of 0.09 are
/// paid of A-2, although equals would share.
#[test]
fn the_least_secured_of_the_debts_that_are_due_is_paid_first() {
    for place in Place::portfolios_on_both() {
        place.write(
            "may/agreements.csv",
            "agreement_id,customer_id,product,currency,opened_on,credit_limit,statement_day,security\n\
             A-1,C-1,baitiao,CNY,2026-01-05,8000.00,15,secured\nA-2,C-1,baitiao,CNY,2026-01-10,5000.00,15,\n",
        );
        place.write("may/payments.csv", "payment_id,agreement_id,paid_on,amount,reverses\n");
        place.run(&["import", "may"]).check_exit(0);
        place.run(&["day", "--from", "2026-01-20", "--through", "2026-01-26"]).check_exit(0);
        let paid = place.json(&["pay-customer", "C-1", "100.00", "--on", "2026-01-26", "--reference", "R-1"]);
        let shares = paid["shares"].as_array().expect("shares");
        let told: Vec<String> = shares
            .iter()
            .map(|share| format!("{} {} {}", share["agreement"], share["rank"], minor(share)))
            .collect();
        assert_eq!(told, ["\"A-2\" \"due\" 9009", "\"A-1\" \"due\" 991"], "{paid}");
        place.run(&["export", "copy"]).check_exit(0);
        let agreements = place.read("copy/agreements.csv");
        assert!(agreements.contains(",secured\n") && agreements.contains(",none\n"), "{agreements}");
    }
}

fn minor(share: &Value) -> i64 {
    amount(&share["amount"]).replace('.', "").parse().expect("digits")
}

#[test]
fn what_the_customer_designates_is_recorded_with_the_payment() {
    let place = Place::imported();
    place.run(&["day", "--from", "2026-01-20", "--through", "2026-01-27"]).check_exit(0);
    let designated = |what: &str, reference: &str| {
        outcome(
            &place,
            &["pay", "A-1", "10.00", "--on", "2026-01-24", "--reference", reference, "--designate", what],
        )
    };
    assert_eq!(designated("principal", "R-1"), "recorded");
    assert_eq!(
        designated("interest", "R-1"),
        "reference_conflict",
        "what it is for is part of what was said"
    );
    assert_eq!(designated("P-99", "R-2"), "unknown_target");
}

#[test]
fn answers_are_in_the_language_of_the_reader() {
    let place = Place::imported();
    place.run(&["day", "--from", "2026-01-20", "--through", "2026-01-27"]).check_exit(0);
    let pay = ["pay", "A-1", "20.00", "--on", "2026-01-26", "--reference", "R-1", "--lang", "zh"];
    let told = place.run(&pay).stdout();
    assert!(told.starts_with("合约 A-1：已登记还款 R-1 20.00 CNY，起息日 2026-01-26"), "{told}");
    let told = place.run(&pay).stdout();
    assert!(told.contains("此前已登记"), "{told}");
    let told = place.run(&["changes", "A-1"]).stdout();
    assert!(told.starts_with("learned at "), "{told}");
}

//! Changes of an agreement while it runs, as users make them: shown before, recorded once, refused by code.
//!
//! The line A-1 was cut off on 2026-01-15: 200.00 of plan P-1 (1,200.00 in 6) with a fee of 6.00, and 350.00 of P-2,
//! due on 2026-01-24. The loan A-3 is 1,200.00 in 6 instalments at 12 % a year from 2026-01-10.

use serde_json::{Value, json};

use crate::support::Place;

/// The code of a command that is refused, or `recorded`, `known` or `shown`.
fn outcome(place: &Place, arguments: &[&str]) -> String {
    let answer = place.json(arguments);
    match (&answer["error"]["code"], &answer["is_new"], &answer["is_preview"]) {
        (Value::String(code), _, _) => code.clone(),
        (_, _, Value::Bool(true)) => "shown".to_owned(),
        (_, Value::Bool(false), _) => "known".to_owned(),
        _ => "recorded".to_owned(),
    }
}

/// As [`outcome`], of a command line without quotes.
fn told(place: &Place, line: &str) -> String {
    outcome(place, &line.split(' ').collect::<Vec<_>>())
}

fn amount(value: &Value) -> &str {
    value["amount"].as_str().unwrap_or_else(|| panic!("{value} is no amount"))
}

/// The amounts of an agreement on a day, as `explain` gives them.
fn amounts(place: &Place, agreement: &str, on: &str) -> Value {
    place.json(&["explain", agreement, "--on", on])["amounts"].clone()
}

/// Adds a loan by schedule to the portfolio.
fn with_loan(place: Place) -> Place {
    let agreement = "A-3,C-2,term-loan,CNY,2026-01-10,5000.00,\n";
    let purchase = "L-1,A-3,2026-01-10,1200.00,6\n";
    let products = "term-loan,1,2026-01-01,shipped:term-loan\n";
    for (table, row) in [("agreements", agreement), ("purchases", purchase), ("products", products)] {
        let name = format!("may/{table}.csv");
        place.write(&name, place.read(&name) + row);
    }
    place.run(&["import", "may", "--strict"]).check_exit(0);
    place
}

fn ready(place: Place, through: &str) -> Place {
    place.run(&["day", "--from", "2026-01-10", "--through", through]).check_exit(0);
    place
}

fn verify(place: &Place) {
    assert_eq!(place.json(&["verify"])["problems"], 0);
}

#[test]
fn a_statement_is_split_into_what_is_offered_before_its_due_date() {
    let place = ready(Place::imported(), "2026-01-20");
    let offers = place.json(&["plan", "offers", "A-1", "--statement", "2026-01-15"]);
    assert_eq!((amount(&offers["open"]), &offers["due_on"]), ("550.00", &"2026-01-24".into()), "{offers}");
    let counts: Vec<&Value> =
        offers["offers"].as_array().expect("offers").iter().map(|offer| &offer["instalment_count"]).collect();
    assert_eq!(counts, [3, 6, 12, 24]);
    let sheet = &offers["offers"][1];
    assert_eq!(sheet["cost"]["total_cost_minor"], 16_50, "{sheet}");
    let text = sheet["text"]["zh"].as_str().expect("a text");
    assert!(text.contains("综合融资成本") && text.contains("除以上明示项目外"), "{text}");
    assert!(sheet["text"]["en"].as_str().expect("a text").contains("nothing other than the items above"));
    let split = "plan statement A-1 --statement 2026-01-15";
    for (rest, expected) in [
        ("--count 5 --reference S-1", "plan_not_offered"),
        ("--count 6 --reference S-1 --amount 550.01", "amount_too_large"),
        ("--count 6 --reference S-1 --amount 0.00", "amount_not_positive"),
        ("--count 6 --reference S-1 --on 2026-01-25", "statement_plan_too_late"),
        ("--count 6 --reference S-1 --on 2026-01-24 --preview", "shown"),
        ("--count 6 --reference S-1 --on 2026-01-14", "unknown_statement"),
        ("--count 6 --reference S-1", "recorded"),
        ("--count 6 --reference S-1", "known"),
        ("--count 12 --reference S-1", "reference_conflict"),
        ("--count 6 --reference S-2", "unknown_statement"),
    ] {
        assert_eq!(told(&place, &format!("{split} {rest}")), expected, "{rest}");
    }
    assert_eq!(told(&place, "plan offers A-1 --statement 2026-01-16"), "unknown_statement");
    assert_eq!(
        told(&place, "plan statement A-2 --statement 2026-01-15 --count 6 --reference S-3"),
        "unknown_statement"
    );
    place.run(&["day", "--through", "2026-02-16"]).check_exit(0);
    verify(&place);
}

#[test]
fn a_plan_that_is_shown_is_the_plan_that_is_recorded() {
    let place = ready(Place::imported(), "2026-01-20");
    let before = amounts(&place, "A-1", "2026-01-20");
    let command =
        ["plan", "statement", "A-1", "--statement", "2026-01-24", "--count", "3", "--reference", "S-1"];
    let shown = place.json(&[&command[..], &["--preview"]].concat());
    assert_eq!(amounts(&place, "A-1", "2026-01-20"), before, "a preview records nothing");
    let recorded = place.json(&command);
    assert_eq!(recorded["rows"], shown["rows"]);
    assert_eq!(recorded["sheet"], shown["sheet"]);
    let rows = recorded["rows"].as_array().expect("rows");
    let of_plan: Vec<&Value> = rows.iter().filter(|row| row["plan"] == "S-1").collect();
    let sums: Vec<&str> = of_plan.iter().map(|row| amount(&row["after"]["total"])).collect();
    assert_eq!(sums, ["186.08", "186.08", "186.09"], "{recorded}");
    // What the cost sheet said is what falls due.
    let sheet = recorded["sheet"]["schedule"]["rows"].as_array().expect("instalments");
    for (row, instalment) in of_plan.iter().zip(sheet) {
        assert_eq!(row["due_on"], instalment["due_on"]);
    }
}

/// A quote for a plan is one sum for some days; the fee that accrues meanwhile is given up, in sight of everybody.
fn quote_that_holds(place: &Place) {
    let before = amounts(place, "A-1", "2026-01-20");
    let ask = "payoff quote A-1 --plan P-1 --on 2026-01-20 --valid-until";
    assert_eq!(told(place, &format!("{ask} 2026-01-19")), "ends_before_start");
    assert_eq!(told(place, &format!("{ask} 2026-03-20")), "quote_too_long");
    assert_eq!(told(place, &format!("{ask} 2026-02-15")), "quote_spans_change");
    let quote = place.json(&format!("{ask} 2026-02-14").split(' ').collect::<Vec<_>>());
    // 1,000.00 is not billed yet, and 5 of 31 days of the fee of 6.00 have passed.
    assert_eq!(amount(&quote["total"]), "1000.97", "{quote}");
    assert_eq!(amount(&quote["spared"]), "29.03");
    assert_eq!(quote["parts"][0]["basis"], "days", "{quote}");
    let id = quote["id"].as_str().expect("an id");
    assert_eq!(place.json(&format!("{ask} 2026-02-14").split(' ').collect::<Vec<_>>())["id"], id);
    let pay = |rest: &str| told(place, &format!("payoff pay {id} {rest}"));
    assert_eq!(pay("--on 2026-02-15 --reference Q-1"), "quote_ended");
    assert_eq!(pay("--on 2026-01-19 --reference Q-1"), "before_quote");
    assert_eq!(pay("--on 2026-01-25 --reference Q-1 --amount 1000.96"), "payoff_amount");
    assert_eq!(pay("--on 2026-01-25 --reference Q-1 --amount 1000.98"), "payoff_amount");
    assert_eq!(
        told(place, &format!("pay A-2 1000.97 --on 2026-01-25 --reference Q-1 --quote {id}")),
        "other_agreement"
    );
    assert_eq!(told(place, "payoff pay quo_00 --reference Q-1"), "not_found");
    let command = format!("payoff pay {id} --on 2026-01-25 --reference Q-1");
    let taken = place.json(&command.split(' ').collect::<Vec<_>>());
    assert_eq!(taken["is_new"], true, "{taken}");
    // On January 25 it would have been 1,001.94.
    assert_eq!(amount(&taken["given_up"][0]["amount"]), "0.97", "{taken}");
    assert_eq!(taken["given_up"][0]["kind"], "waiver");
    assert_eq!(pay("--on 2026-01-25 --reference Q-1"), "known");
    assert_eq!(pay("--on 2026-01-25 --reference Q-2"), "quote_stale");
    place.run(&["day", "--through", "2026-01-26"]).check_exit(0);
    let quotes = place.json(&["payoff", "list", "A-1"]);
    assert_eq!(quotes["quotes"][0]["id"], id, "{quotes}");
    verify(place);
    // Undone by the bank, it is as if it had never been, and what was given up is owed again.
    let undone = place.json(&["return", "Q-1", "--reason-code", "AC04", "--on", "2026-01-26"]);
    assert_eq!(undone["undone"].as_array().map(Vec::len), Some(2), "{undone}");
    place.run(&["day", "--through", "2026-01-27"]).check_exit(0);
    verify(place);
    let never = ready(Place::imported(), "2026-01-27");
    assert_eq!(amounts(place, "A-1", "2026-01-27"), amounts(&never, "A-1", "2026-01-27"));
    assert_eq!(amounts(place, "A-1", "2026-01-20"), before);
}

#[test]
fn a_payoff_quote_holds_and_is_refused_by_its_code() {
    quote_that_holds(&ready(Place::imported(), "2026-01-20"));
}

#[test]
fn a_payoff_quote_holds_on_postgres_too() {
    quote_that_holds(&ready(Place::imported_on_postgres(), "2026-01-20"));
}

#[test]
fn everything_is_paid_off_unless_something_happened_since_the_quote() {
    let place = ready(Place::imported(), "2026-01-20");
    let ask = ["payoff", "quote", "A-1", "--on", "2026-01-20", "--valid-until", "2026-01-24"];
    let quote = place.json(&ask);
    assert_eq!(amount(&quote["total"]), "1556.97", "{quote}");
    let text = place.run(&ask).stdout();
    for part in [
        "1556.97 CNY pay off A-1 on 2026-01-20; the quote holds through 2026-01-24",
        "instalment fee 0.97: 6.00 for the period from 2026-01-15, 5 of 31 days (P-1)",
        "principal 1000.00: not billed yet (P-1)",
        "principal 550.00: open of what is due 2026-01-24",
        "29.03 CNY are spared",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    let id = quote["id"].as_str().expect("an id").to_owned();
    assert_eq!(told(&place, "pay A-1 10.00 --on 2026-01-21 --reference R-1"), "recorded");
    assert_eq!(told(&place, &format!("payoff pay {id} --on 2026-01-22 --reference Q-1")), "quote_stale");
    assert_eq!(told(&place, "reverse R-1 --reason wrong --on 2026-01-21"), "recorded");
    assert_eq!(told(&place, &format!("payoff pay {id} --on 2026-01-22 --reference Q-1")), "recorded");
    place.run(&["day", "--through", "2026-02-16"]).check_exit(0);
    assert_eq!(amounts(&place, "A-1", "2026-02-16")["owed"], "0.00");
    assert_eq!(told(&place, "payoff quote A-1"), "nothing_to_pay_off");
    assert_eq!(outcome(&place, &ask), "quote_spans_change");
    assert_eq!(told(&place, "payoff quote A-1 --plan P-1"), "unknown_plan");
    assert_eq!(told(&place, "payoff quote A-1 --plan P-9"), "unknown_plan");
    verify(&place);
}

/// A loan by schedule gets other instalments: shown beside the old ones, then recorded; twelve are twelve, whatever the
/// rounding of the equal instalment (frappe/lending 1452).
fn rescheduled_loan(place: &Place) {
    let line = "reschedule A-3 --plan L-1 --reason relief --reference";
    for (rest, expected) in [
        ("X-1", "nothing_to_change"),
        ("X-1 --count 0", "instalment_count"),
        ("X-1 --count 361", "instalment_count"),
        ("X-1 --first-due 2026-01-20", "first_due_too_early"),
        ("X-1 --skip 0", "skip_count"),
        ("X-1 --skip 6", "skip_count"),
        ("X-1 --rate 36%", "too_costly"),
        ("X-1 --rate twelve", "rate"),
        ("X-1 --count 9 --on 2026-06-02", "in_future"),
        ("X-1 --count 9 --on 2026-01-09", "before_agreement"),
        ("X-1 --skip 2 --preview", "shown"),
    ] {
        assert_eq!(told(place, &format!("{line} {rest}")), expected, "{rest}");
    }
    assert_eq!(
        told(place, "reschedule A-3 --plan L-9 --count 9 --reason x --reference X-1"),
        "unknown_target"
    );
    let skipped = place.json(&format!("{line} X-1 --skip 2 --preview").split(' ').collect::<Vec<_>>());
    let rows = skipped["rows"].as_array().expect("rows");
    assert_eq!(rows[0]["after"], Value::Null, "{skipped}");
    assert_eq!((&rows[1]["due_on"], &rows[1]["after"]), (&"2026-03-10".into(), &Value::Null));
    let first = rows.iter().find(|row| row["after"] != Value::Null).expect("a row");
    assert_eq!(first["due_on"], "2026-04-10", "{skipped}");
    let command = format!("{line} X-1 --count 12");
    let shown = place.json(&format!("{command} --preview").split(' ').collect::<Vec<_>>());
    let recorded = place.json(&command.split(' ').collect::<Vec<_>>());
    assert_eq!(shown["rows"], recorded["rows"]);
    let after =
        recorded["rows"].as_array().expect("rows").iter().filter(|row| row["after"] != Value::Null).count();
    assert_eq!(after, 12);
    assert_eq!(told(place, &command), "known");
    assert_eq!(told(place, &format!("{line} X-1 --count 11")), "reference_conflict");
    place.run(&["day", "--through", "2026-02-12"]).check_exit(0);
    verify(place);
}

#[test]
fn a_loan_is_rescheduled_as_it_was_shown() {
    rescheduled_loan(&ready(with_loan(Place::with_portfolio()), "2026-01-20"));
}

#[test]
fn a_loan_is_rescheduled_on_postgres_too() {
    rescheduled_loan(&ready(with_loan(Place::portfolio_on_postgres()), "2026-01-20"));
}

#[test]
fn a_plan_of_a_line_is_rescheduled_at_its_statements() {
    let place = ready(Place::imported(), "2026-01-20");
    let line = "reschedule A-1 --plan P-1 --reason relief --reference X-1";
    assert_eq!(told(&place, &format!("{line} --first-due 2026-05-01")), "first_due_by_statement");
    assert_eq!(told(&place, &format!("{line} --skip 1")), "first_due_by_statement");
    assert_eq!(told(&place, &format!("{line} --rate 5% --count 12")), "too_costly");
    assert_eq!(
        told(&place, "reschedule A-1 --plan P-2 --count 6 --reason x --reference X-1"),
        "unknown_plan"
    );
    let shown = place.json(&format!("{line} --count 10 --preview").split(' ').collect::<Vec<_>>());
    let rows = shown["rows"].as_array().expect("rows");
    let of_plan: Vec<&Value> = rows.iter().filter(|row| row["plan"] == "P-1").collect();
    assert_eq!(of_plan.len(), 10, "{shown}");
    // 1,000.00 over 10 in place of 5; the fee stays the same share of what is split.
    assert_eq!(amount(&of_plan[0]["before"]["total"]), "206.00");
    assert_eq!(amount(&of_plan[0]["after"]["total"]), "105.00");
    assert_eq!(amount(&of_plan[0]["difference"]), "-101.00");
    assert_eq!(told(&place, &format!("{line} --count 10")), "recorded");
    place.run(&["day", "--through", "2026-02-16"]).check_exit(0);
    verify(&place);
}

#[test]
fn a_payment_ahead_of_time_shortens_or_lowers_a_plan() {
    let place = ready(with_loan(Place::with_portfolio()), "2026-01-20");
    let shown = |line: &str| place.json(&line.split(' ').collect::<Vec<_>>());
    let lower = shown("prepay A-1 --amount 500.00 --mode lower --reference R-1 --preview");
    let sums = |change: &Value| -> Vec<String> {
        let rows = change["rows"].as_array().expect("rows").iter();
        let of_plan = rows.filter(|row| row["plan"] == "P-1" && row["after"] != Value::Null);
        of_plan.map(|row| amount(&row["after"]["total"]).to_owned()).collect()
    };
    assert_eq!(sums(&lower), ["102.50", "102.50", "102.50", "102.50", "102.50"], "{lower}");
    let shorten = shown("prepay A-1 --amount 500.00 --mode shorten --reference R-1 --preview");
    assert_eq!(sums(&shorten), ["206.00", "206.00", "106.00"], "{shorten}");
    assert_eq!(told(&place, "prepay A-1 --amount 500.00 --mode shorten --reference R-1"), "recorded");
    assert_eq!(told(&place, "prepay A-1 --amount 500.00 --mode shorten --reference R-1"), "known");
    assert_eq!(told(&place, "prepay A-1 --amount 500.00 --mode lower --reference R-1"), "reference_conflict");
    assert_eq!(told(&place, "prepay A-2 --amount 5.00 --mode lower --reference R-2"), "unknown_plan");
    assert_eq!(
        told(&place, "prepay A-1 --plan P-2 --amount 5.00 --mode lower --reference R-2"),
        "unknown_plan"
    );
    let loan = shown("prepay A-3 --amount 600.00 --mode shorten --reference R-3 --preview");
    let gone =
        loan["rows"].as_array().expect("rows").iter().filter(|row| row["after"] == Value::Null).count();
    assert!(gone >= 2, "{loan}");
    assert_eq!(
        told(&place, "plan statement A-1 --statement 2026-01-15 --count 3 --reference S-1"),
        "recorded"
    );
    assert_eq!(told(&place, "prepay A-1 --amount 5.00 --mode lower --reference R-4"), "plan_needed");
    place.run(&["day", "--through", "2026-02-16"]).check_exit(0);
    verify(&place);
}

/// A pause takes the days between out of the count, a freeze takes them out of the fee; both are shown before.
fn pauses_and_freezes(place: &Place) {
    let days = |change: &Value| {
        let report = &change["report"];
        let days = |side: &str| report[side]["days_past_due"].as_i64().expect("a number");
        (days("before"), days("after"))
    };
    let pause = ["ageing", "pause", "A-1", "--from", "2026-01-26", "--to", "2026-02-04", "--reason", "flood"];
    let shown = place.json(&[&pause[..], &["--preview"]].concat());
    // The count stops after the first day and goes on after the last: nine days.
    assert_eq!(days(&shown), (27, 18), "{shown}");
    assert_eq!(amounts(place, "A-1", "2026-02-20")["days_past_due"], "27");
    assert_eq!(outcome(place, &pause), "recorded");
    assert_eq!(outcome(place, &pause), "known");
    place.run(&["day", "--through", "2026-02-21"]).check_exit(0);
    assert_eq!(amounts(place, "A-1", "2026-02-21")["days_past_due"], "19");
    let resume = ["ageing", "resume", "A-1", "--on", "2026-01-30", "--reason", "over", "--pause"];
    assert_eq!(outcome(place, &[&resume[..], &["nothing"]].concat()), "unknown_target");
    let name = "ageing_pause:A-1:2026-01-26";
    assert_eq!(outcome(place, &[&resume[..], &[name]].concat()), "recorded");
    let listed = place.json(&["ageing", "list", "A-1"]);
    assert_eq!(
        (&listed["holds"][0]["through"], &listed["holds"][0]["ended_on"], &listed["holds"][0]["note"]),
        (&"2026-01-30".into(), &"2026-01-30".into(), &"flood".into()),
        "{listed}"
    );
    assert_eq!(told(place, "ageing resume A-1 --on 2026-02-03 --reason again"), "unknown_target");
    let backwards = "ageing pause A-1 --from 2026-02-10 --to 2026-02-09 --reason x";
    assert_eq!(told(place, backwards), "ends_before_start");
    let later = "ageing pause A-1 --from 2026-06-02 --to 2026-06-09 --reason x";
    assert_eq!(told(place, later), "in_future");
    let no_reason = ["ageing", "pause", "A-1", "--from", "2026-02-10", "--reason", " "];
    assert_eq!(outcome(place, &no_reason), "reason");
    let freeze = "fees freeze A-1 --from 2026-01-26 --to 2026-02-04 --reason dispute --note asked";
    let shown = place.json(&[&freeze.split(' ').collect::<Vec<_>>()[..], &["--preview"]].concat());
    let fee = |side: &str| amount(&shown["report"][side]["late_fee_charged"]).to_owned();
    let was: f64 = fee("before").parse().expect("a number");
    let is: f64 = fee("after").parse().expect("a number");
    assert!(is < was, "{shown}");
    assert_eq!(told(place, freeze), "recorded");
    assert_eq!(told(place, freeze), "known");
    place.run(&["day", "--through", "2026-02-22"]).check_exit(0);
    assert_eq!(place.json(&["fees", "list", "A-1"])["holds"][0]["reason"], "dispute");
    assert_eq!(place.json(&["fees", "list", "A-2"])["holds"], Value::Array(Vec::new()));
    let lines = place.run(&["explain", "A-1", "--on", "2026-02-22"]).stdout();
    assert!(lines.contains("no late fee through 2026-02-04 because of a dispute"), "{lines}");
    a_freeze_ends_early(place, is, was);
    verify(place);
}

/// Of ten frozen days five stay: the fee lies between that of all days and that of none.
fn a_freeze_ends_early(place: &Place, frozen: f64, unfrozen: f64) {
    let resume = ["fees", "resume", "A-1", "--on", "2026-01-30", "--note", "settled"];
    let shown = place.json(&[&resume[..], &["--preview"]].concat());
    let fee =
        |side: &str| -> f64 { amount(&shown["report"][side]["late_fee_charged"]).parse().expect("a number") };
    assert!(frozen < unfrozen && fee("before") < fee("after"), "{shown}");
    assert_eq!(outcome(place, &resume), "recorded");
    assert_eq!(outcome(place, &resume), "known");
    let twice = ["fees", "resume", "A-1", "--on", "2026-02-01", "--note", "again"];
    assert_eq!(outcome(place, &twice), "unknown_target");
    let holds = place.json(&["fees", "list", "A-1"])["holds"].clone();
    assert_eq!(holds.as_array().map(Vec::len), Some(1), "{holds}");
    assert_eq!((&holds[0]["through"], &holds[0]["reason"]), (&json!("2026-01-30"), &json!("dispute")));
    place.run(&["day", "--through", "2026-02-24"]).check_exit(0);
    let lines = place.run(&["explain", "A-1", "--on", "2026-02-24"]).stdout();
    assert!(lines.contains("no late fee through 2026-01-30 because of a dispute"), "{lines}");
}

#[test]
fn pauses_and_freezes_are_shown_recorded_and_listed() {
    pauses_and_freezes(&ready(Place::imported(), "2026-02-20"));
}

#[test]
fn pauses_and_freezes_work_on_postgres_too() {
    pauses_and_freezes(&ready(Place::imported_on_postgres(), "2026-02-20"));
}

#[test]
fn terms_do_not_change_in_the_middle_of_a_plan() {
    let place = ready(Place::imported(), "2026-01-20");
    place.edit("may/products.csv", "baitiao,", "card,1,2026-01-01,shipped:card\nbaitiao,");
    place.edit("may/agreements.csv", "A-1,C-1,baitiao", "A-1,C-1,card");
    place.edit("may/agreements.csv", "A-2,C-2,baitiao", "A-2,C-2,card");
    place.run(&["import", "may", "--strict", "--rejects", "rejects.csv"]).check_exit(1);
    let rejects = place.read("rejects.csv");
    assert!(rejects.contains("plan_running") && rejects.contains("product_fixed"), "{rejects}");
    // The plan goes on under the terms that it began with.
    place.run(&["day", "--through", "2026-02-16"]).check_exit(0);
    let lines = place.run(&["explain", "A-1", "--on", "2026-02-16"]).stdout();
    assert!(lines.contains("instalment 2 of 6 of purchase P-1: principal 200.00 + fee 6.00"), "{lines}");
}

#[test]
fn a_waiver_of_more_than_is_left_at_its_approval_is_refused() {
    let place = ready(Place::imported(), "2026-02-20");
    let asked = ["waive", "A-1", "350.00", "--component", "principal", "--reason", "hardship", "--note", "x"];
    let waiver = place.json(&asked);
    assert_eq!(waiver["state"], "pending", "{waiver}");
    assert_eq!(told(&place, "pay A-1 5000.00 --on 2026-02-19 --reference R-1"), "recorded");
    let id = waiver["id"].as_str().expect("an id");
    let approve = place.json(&["waive", "approve", id, "--actor", "second"]);
    assert_eq!(approve["error"]["code"], "amount_too_large", "{approve}");
}

#[test]
fn nobody_promises_more_than_is_owed() {
    let place = ready(Place::imported(), "2026-01-20");
    let promise = |amount: &str| {
        let words = ["promise", "add", "A-1", amount, "--by", "2026-01-24"];
        place.json(&[&words[..], &["--reason", "rang", "--evidence", "ticket 17"]].concat())
    };
    let refused = promise("1556.01");
    assert_eq!(refused["error"]["code"], "circumstance", "{refused}");
    let words = refused["error"]["message"].as_str().unwrap_or_default();
    assert!(words.contains("A-1 will owe 1556.00 CNY by 2026-01-24"), "{words}");
    assert!(promise("1556.00")["error"].is_null(), "all of it can be promised");
}

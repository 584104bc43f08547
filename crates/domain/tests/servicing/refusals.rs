//! What an agreement does not take, by stable code; beside each a case that it takes.

use dunlin_domain::acceptance::{accept, accept_product};
use dunlin_domain::schedule::Method;
use dunlin_domain::terms::Terms;

use crate::support::*;

/// Whether the last line of the history is taken: `ok`, or the code of the refusal.
fn outcome(terms: &Terms, history: &str) -> &'static str {
    let mut known = facts(history);
    let new = known.pop().expect("a history has a last line");
    accept(terms, opened_on(), &known, &new).map_or_else(|error| error.code(), |()| "ok")
}

#[test]
fn a_number_of_instalments_must_be_on_offer() {
    assert_eq!(outcome(&line(), "2026-01-05 purchase 100.00 plan=12"), "ok");
    assert_eq!(outcome(&line(), "2026-01-05 purchase 100.00 plan=13"), "plan_not_offered");
    assert_eq!(outcome(&loan(Method::Flat, 4, "0%"), "2026-01-05 purchase 100.00 plan=4"), "ok");
    assert_eq!(
        outcome(&loan(Method::Flat, 4, "0%"), "2026-01-05 purchase 100.00 plan=5"),
        "plan_not_offered"
    );
}

#[test]
fn a_statement_plan_needs_an_open_statement_and_no_more_than_it_has() {
    let bought = "2026-01-05 purchase 100.00\n2026-02-02 statement_plan";
    assert_eq!(outcome(&line(), &format!("{bought} 100.00 plan=12 due=2026-02-10")), "ok");
    assert_eq!(outcome(&line(), &format!("{bought} 100.01 plan=12 due=2026-02-10")), "amount_too_large");
    assert_eq!(outcome(&line(), &format!("{bought} 100.00 plan=12 due=2026-02-11")), "unknown_statement");
    assert_eq!(outcome(&line(), &format!("{bought} 100.00 due=2026-02-10")), "missing");
    assert_eq!(outcome(&line(), &format!("{bought} 100.00 plan=12")), "missing");
}

#[test]
fn a_payoff_needs_a_plan_its_amount_and_a_quote_that_holds() {
    let drawn = "2026-01-05 purchase 1200.00\n2026-01-05 payoff";
    let terms = loan(Method::Flat, 3, "12%");
    assert_eq!(outcome(&terms, &format!("{drawn} 1200.00 of=0 through=2026-01-05")), "ok");
    assert_eq!(outcome(&terms, &format!("{drawn} 1200.00 of=0 through=2026-01-04")), "quote_ended");
    assert_eq!(outcome(&terms, &format!("{drawn} 1199.99 of=0")), "payoff_amount");
    assert_eq!(outcome(&terms, &format!("{drawn} 1200.01 of=0")), "amount_too_large");
    assert_eq!(outcome(&terms, &format!("{drawn} 1200.00 of=7")), "unknown_plan");
}

#[test]
fn a_reschedule_needs_something_to_come() {
    let terms = loan(Method::Flat, 3, "0%");
    assert_eq!(outcome(&terms, "2026-01-05 purchase 90.00\n2026-01-06 reschedule 0.00 of=0 plan=6"), "ok");
    let paid = "2026-01-05 purchase 90.00\n2026-01-06 payment 90.00\n2026-01-06 reschedule 0.00 of=0 plan=6";
    assert_eq!(outcome(&terms, paid), "unknown_plan");
}

#[test]
fn no_more_is_paid_out_or_given_up_than_there_is() {
    let credit = "2026-01-05 payment 50.00\n2026-01-06 credit_refund";
    assert_eq!(outcome(&line(), &format!("{credit} 50.00")), "ok");
    assert_eq!(outcome(&line(), &format!("{credit} 50.01")), "amount_too_large");
    let owed = "2026-01-05 obligation 80.00 due=2026-01-10 as=interest\n2026-01-06 waiver";
    assert_eq!(outcome(&line(), &format!("{owed} 80.00 only=interest")), "ok");
    assert_eq!(outcome(&line(), &format!("{owed} 80.01 only=interest")), "amount_too_large");
    assert_eq!(outcome(&line(), &format!("{owed} 0.01")), "amount_too_large");
}

#[test]
fn a_pause_ends_on_or_after_its_start_and_only_one_that_runs_is_resumed() {
    assert_eq!(outcome(&line(), "2026-01-05 ageing_pause 0.00 through=2026-01-05"), "ok");
    assert_eq!(outcome(&line(), "2026-01-05 ageing_pause 0.00 through=2026-01-04"), "ends_before_start");
    assert_eq!(outcome(&line(), "2026-01-05 fee_freeze 0.00 through=2026-01-04"), "ends_before_start");
    let paused = "2026-01-05 ageing_pause 0.00 through=2026-01-20\n";
    assert_eq!(outcome(&line(), &format!("{paused}2026-01-19 ageing_resume 0.00 of=0")), "ok");
    assert_eq!(outcome(&line(), &format!("{paused}2026-01-20 ageing_resume 0.00 of=0")), "unknown_target");
}

/// Fineract case FIN-WO-01: undoing a repayment after a write-off is an error.
#[test]
fn after_a_write_off_or_sale_little_is_taken() {
    let gone = |kind: &str, last: &str| {
        let head = "2026-01-05 obligation 100.00 due=2026-01-10\n2026-01-06 payment 30.00";
        outcome(&line(), &format!("{head}\n2026-01-20 {kind} 0.00\n2026-01-25 {last}"))
    };
    assert_eq!(gone("write_off", "payment 10.00"), "ok");
    assert_eq!(gone("write_off", "reversal 0.00 of=1"), "written_off");
    assert_eq!(gone("write_off", "return 0.00 of=1"), "written_off");
    assert_eq!(gone("write_off", "purchase 10.00"), "written_off");
    assert_eq!(gone("charge_off", "reversal 0.00 of=1"), "ok");
    assert_eq!(gone("sale", "charge 10.00"), "sold");
    assert_eq!(gone("sale", "return 0.00 of=1"), "sold");
}

#[test]
fn terms_do_not_change_in_the_middle_of_a_plan() {
    let code = |terms: &Terms, history: &str| {
        let position = position(terms, history, "2026-01-06");
        accept_product(&position, "other").map_or_else(|error| error.code(), |()| "ok")
    };
    assert_eq!(code(&line(), "2026-01-05 purchase 100.00"), "ok");
    assert_eq!(code(&line(), "2026-01-05 purchase 100.00 plan=12"), "plan_running");
    assert_eq!(code(&loan(Method::Flat, 3, "0%"), "2026-01-05 purchase 100.00"), "plan_running");
}

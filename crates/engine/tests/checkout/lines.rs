use dunlin_domain::fact::{Fact, FactKind};
use dunlin_domain::id::FactId;
use dunlin_domain::line::state::LineCommand;
use dunlin_domain::money::{Currency, Money};
use dunlin_store::agreement::{self, NewFact};

use super::*;

fn command(engine: &Engine, command: LineCommand) -> String {
    moved(engine, LineAction::Command(command))
}

fn limit(engine: &Engine, text: &str) -> String {
    moved(engine, LineAction::Limit(text.to_owned()))
}

#[test]
fn each_state_of_the_line_declines_by_its_name() {
    on_both(|ground| {
        let engine = with_agreement(ground);
        let cases = [
            (LineCommand::FreezeRisk, LineCommand::ThawRisk, "frozen_risk"),
            (LineCommand::Suspend, LineCommand::Resume, "suspended_by_customer"),
            (LineCommand::FreezeOverdue, LineCommand::ThawOverdue, "frozen_overdue"),
        ];
        for (number, (on, off, state)) in (0..).zip(cases) {
            assert_eq!(command(&engine, on), state, "{}", ground.name);
            assert_eq!(command(&engine, on), "line_move_refused", "{}: twice", ground.name);
            assert_eq!(decision(&authorise(&engine, "1.00", &format!("O-{number}"))), state);
            assert_eq!(command(&engine, off), "active", "{}", ground.name);
            assert_eq!(command(&engine, off), "line_move_refused");
            assert_eq!(decision(&authorise(&engine, "1.00", &format!("P-{number}"))), "approved");
        }
        let history = line(&engine).changes;
        assert_eq!(history.len(), 6, "{}: every move is in the history, refused ones are not", ground.name);
        assert_eq!((history[0].reason.as_str(), history[0].actor.as_str()), ("a test", "test"));
    });
}

#[test]
fn a_lowered_limit_leaves_nothing_to_draw_and_calls_nothing_due() {
    on_both(|ground| {
        let engine = with_agreement(ground);
        let on = line(&engine).on;
        let before = engine.agreement_view("A-0", Some(on)).expect("a view");
        assert_eq!(limit(&engine, "1000.00"), "reduced", "{}", ground.name);
        let view = line(&engine).available;
        assert_eq!((view.amount.to_string(), view.over.to_string()), ("0.00".into(), "240.35".into()));
        let after = engine.agreement_view("A-0", Some(on)).expect("a view");
        assert_eq!((after.owed, after.overdue), (before.owed, before.overdue), "{}", ground.name);
        assert_eq!(decision(&authorise(&engine, "1.00", "O-1")), "reduced");
        assert_eq!(decision(&authorise(&engine, "6759.66", "O-2")), "limit", "not even the granted one");
        assert_eq!(limit(&engine, "1000.00"), "limit_unchanged");
        assert_eq!(limit(&engine, "-1"), "limit_negative");
        assert_eq!(limit(&engine, "much"), "amount");
        assert_eq!(limit(&engine, "9000.00"), "active", "{}", ground.name);
        assert_eq!(available(&engine), "7759.65");
    });
}

#[test]
fn a_closed_line_keeps_its_debt_and_takes_refunds_and_captures_of_what_was_accepted() {
    on_both(|ground| {
        let engine = with_agreement(ground);
        authorise(&engine, "100.00", "O-1");
        assert_eq!(command(&engine, LineCommand::Close), "closed", "{}", ground.name);
        assert_eq!(decision(&authorise(&engine, "1.00", "O-2")), "closed");
        capture(&engine, "O-1", None, None).expect("the merchant was promised the money");
        let report = refund(&engine, "P-2", None, "R-1").expect("a refund");
        assert_eq!((report.amount.to_string(), report.owed.to_string()), ("40.35".into(), "1300.00".into()));
        for again in [LineCommand::Close, LineCommand::Open, LineCommand::Suspend, LineCommand::FreezeRisk] {
            assert_eq!(command(&engine, again), "line_move_refused", "{} {again}", ground.name);
        }
        assert_eq!(limit(&engine, "9000.00"), "line_move_refused");
    });
}

#[test]
fn a_line_that_is_opened_on_request_waits_for_it() {
    on_both(|ground| {
        let engine = with_rules(ground, "opening = \"on_request\"\n");
        assert_eq!(line(&engine).state.code(), "not_opened");
        assert_eq!(decision(&authorise(&engine, "1.00", "O-1")), "not_opened", "{}", ground.name);
        assert_eq!(command(&engine, LineCommand::Suspend), "line_move_refused");
        assert_eq!(command(&engine, LineCommand::Open), "active");
        assert_eq!(decision(&authorise(&engine, "1.00", "O-2")), "approved", "{}", ground.name);
    });
}

#[test]
fn the_products_rules_decline() {
    on_both(|ground| {
        let rules = "amount_min = \"10.00\"\namount_max = \"500.00\"\nexcluded_categories = [\"lottery\"]\n";
        let engine = with_rules(ground, rules);
        assert_eq!(decision(&authorise(&engine, "9.99", "O-1")), "amount_range", "{}", ground.name);
        assert_eq!(decision(&authorise(&engine, "10.00", "O-2")), "approved");
        assert_eq!(decision(&authorise(&engine, "500.00", "O-3")), "approved");
        assert_eq!(decision(&authorise(&engine, "500.01", "O-4")), "amount_range");
        let lottery = AuthoriseRequest { category: Some("lottery".to_owned()), ..request("20.00", "O-5") };
        let answer = engine.authorise(&lottery, caller()).expect("an answer");
        assert_eq!(decision(&answer), "category_excluded", "{}", ground.name);
        let dollars = AuthoriseRequest { currency: Some("USD".to_owned()), ..request("20.00", "O-6") };
        assert_eq!(decision(&engine.authorise(&dollars, caller()).expect("an answer")), "currency");
    });
}

#[test]
fn a_move_needs_a_reason() {
    let ground = ground::sqlite();
    let engine = with_agreement(&ground);
    let action = LineAction::Command(LineCommand::FreezeRisk);
    assert_eq!(code(engine.move_line("A-0", &action, "  ", caller())), "reason_missing");
    assert_eq!(code(engine.move_line("A-9", &action, "a test", caller())), "not_found");
}

#[test]
fn a_past_day_shows_the_line_as_it_was() {
    on_both(|ground| {
        let engine = with_agreement(ground);
        ground::run_days(&engine, "2026-02-08", 1);
        assert_eq!(limit(&engine, "2000.00"), "reduced", "{}", ground.name);
        assert_eq!(command(&engine, LineCommand::FreezeRisk), "frozen_risk");
        let then = engine.line("A-0", Some(ground::date("2026-02-08")), now()).expect("a line");
        assert_eq!((then.state.code(), then.available.limit.to_string()), ("active", "8000.00".into()));
        assert!(then.changes.is_empty() && then.restrictions.is_empty(), "{}", ground.name);
        let shown = engine.agreement_view("A-0", None).expect("a view").line;
        assert_eq!(
            (shown.on, shown.state.code()),
            (ground::date("2026-02-09"), "frozen_risk"),
            "{}",
            ground.name
        );
    });
}

#[test]
fn a_line_on_a_claim_that_was_written_off_is_closed_and_not_thawed() {
    on_both(|ground| {
        let engine = with_rules(ground, "freeze_from_days = 1\n");
        ground::run_days(&engine, "2026-02-08", 4);
        assert_eq!(line(&engine).state.code(), "frozen_overdue", "{}", ground.name);
        let id = dunlin_domain::id::AgreementId::of_external("A-0");
        let written_off = |tx: &mut dunlin_store::Tx<'_>| {
            let row = agreement::find(tx, id)?.expect("the agreement");
            let on = ground::date("2026-02-12");
            let amount = Money::zero(Currency::CNY);
            let fact = Fact::new(FactId([1; 16]), FactKind::WriteOff, on, now(), amount);
            let part = row.part;
            let new = NewFact {
                part,
                agreement: id,
                fact: &fact,
                note: "",
                content_hash: [0; 16],
                imported_at: now(),
            };
            agreement::insert_facts(tx, std::slice::from_ref(&new))?;
            agreement::wake(tx, &[(part, id)], on, true, false)
        };
        engine.db().write(written_off).expect("a fact");
        ground::run_days(&engine, "2026-02-12", 3);
        assert_eq!(line(&engine).state.code(), "closed", "{}", ground.name);
        assert_eq!(decision(&authorise(&engine, "1.00", "O-1")), "closed", "{}", ground.name);
    });
}

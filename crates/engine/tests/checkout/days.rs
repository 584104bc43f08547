//! What the day's run does with lines and holds.

use dunlin_domain::line::hold::HoldState;
use dunlin_domain::line::state::LineCommand;

use super::*;
use ground::{date, pay, run_days};

/// State and available credit.
fn stands(engine: &Engine) -> String {
    let view = line(engine);
    format!("{} {}", view.state, view.available.amount)
}

#[test]
fn a_hold_that_ran_out_frees_the_line_in_the_days_run_and_is_captured_no_more() {
    on_both(|ground| {
        let engine = with_rules(ground, "hold_days = 2\n");
        run_days(&engine, "2026-02-08", 1);
        let answer = authorise(&engine, "100.00", "O-1");
        assert_eq!((answer.on, answer.expires_on), (date("2026-02-09"), date("2026-02-11")));
        authorise(&engine, "50.00", "O-2");
        run_days(&engine, "2026-02-09", 3);
        assert_eq!(line(&engine).available.held.to_string(), "150.00", "{}: its last day", ground.name);
        assert_eq!(
            code(capture(&engine, "O-1", None, None)),
            "hold_expired",
            "{}: the open day",
            ground.name
        );
        run_days(&engine, "2026-02-12", 1);
        let view = line(&engine);
        assert_eq!(view.available.held.to_string(), "0.00", "{}", ground.name);
        assert!(view.holds.iter().all(|hold| hold.state == HoldState::Expired), "{}", ground.name);
        assert_eq!(code(capture(&engine, "O-1", None, None)), "hold_expired");
        assert_eq!(void(&engine, "O-1").expect("nothing is held"), "0.00");
        let then = engine.line("A-0", Some(date("2026-02-10")), now()).expect("a line");
        assert_eq!(then.available.held.to_string(), "150.00", "{}: what was held on a past day", ground.name);
    });
}

#[test]
fn a_late_capture_takes_what_the_line_has_left_where_the_product_allows_it() {
    on_both(|ground| {
        let engine = with_rules(ground, "hold_days = 1\nlate_capture = true\n");
        run_days(&engine, "2026-02-08", 1);
        authorise(&engine, "6000.00", "O-1");
        run_days(&engine, "2026-02-09", 3);
        authorise(&engine, "700.00", "O-2");
        assert_eq!(available(&engine), "6059.65");
        capture(&engine, "O-1", Some("5900.00"), Some("S-1")).expect("a late capture");
        assert_eq!(available(&engine), "159.65", "{}", ground.name);
        authorise(&engine, "100.00", "O-3");
        assert_eq!(code(capture(&engine, "O-1", None, Some("S-2"))), "late_capture_exceeds_line");
    });
}

#[test]
fn an_overdue_line_is_frozen_by_the_run_and_thawed_by_it_once_cured() {
    on_both(|ground| {
        let engine = with_rules(ground, "freeze_from_days = 3\n");
        run_days(&engine, "2026-02-08", 5);
        assert_eq!(stands(&engine), "active 6759.65", "{}: 2 days past due", ground.name);
        run_days(&engine, "2026-02-13", 1);
        assert_eq!(stands(&engine), "frozen_overdue 6759.65", "{}: 3 days past due", ground.name);
        assert_eq!(decision(&authorise(&engine, "1.00", "O-1")), "frozen_overdue");
        moved(&engine, LineAction::Command(LineCommand::FreezeRisk));
        ground.import(&engine, moment("2026-02-13", 12), |writer| pay(writer, 0, 0, "2026-02-13", "300.00"));
        run_days(&engine, "2026-02-14", 1);
        assert_eq!(line(&engine).state.code(), "frozen_risk", "{}: the cure lifts only its own", ground.name);
        assert_eq!(moved(&engine, LineAction::Command(LineCommand::ThawRisk)), "active");
        let moves: Vec<String> = line(&engine)
            .changes
            .iter()
            .map(|change| format!("{} {} by {}: {}", change.on, change.command, change.actor, change.reason))
            .collect();
        assert_eq!(
            moves,
            [
                "2026-02-13 freeze_overdue by day: 246.35 overdue since 2026-02-10, 3 days past due (product baitiao@2)",
                "2026-02-14 freeze_risk by test: a test",
                "2026-02-14 thaw_overdue by day: nothing overdue any more (product baitiao@2)",
                "2026-02-15 thaw_risk by test: a test",
            ],
            "{}",
            ground.name
        );
    });
}

#[test]
fn a_thaw_waits_as_the_product_says() {
    on_both(|ground| {
        let engine =
            with_rules(ground, "freeze_from_bucket = \"M1\"\nthaw = \"after_days\"\nthaw_after_days = 2\n");
        run_days(&engine, "2026-02-08", 4);
        assert_eq!(line(&engine).state.code(), "frozen_overdue", "{}", ground.name);
        ground.import(&engine, moment("2026-02-11", 12), |writer| pay(writer, 0, 0, "2026-02-11", "300.00"));
        run_days(&engine, "2026-02-12", 2);
        assert_eq!(line(&engine).state.code(), "frozen_overdue", "{}: cured on the 12th", ground.name);
        run_days(&engine, "2026-02-14", 1);
        assert_eq!(line(&engine).state.code(), "active", "{}", ground.name);
    });
    on_both(|ground| {
        let engine = with_rules(ground, "freeze_from_days = 1\nthaw = \"by_hand\"\n");
        run_days(&engine, "2026-02-08", 4);
        ground.import(&engine, moment("2026-02-11", 12), |writer| pay(writer, 0, 0, "2026-02-11", "300.00"));
        run_days(&engine, "2026-02-12", 5);
        assert_eq!(line(&engine).state.code(), "frozen_overdue", "{}", ground.name);
        assert_eq!(
            moved(&engine, LineAction::Command(LineCommand::ThawOverdue)),
            "active",
            "{}",
            ground.name
        );
    });
}

#[test]
fn a_line_that_an_actor_thawed_is_not_frozen_again_for_the_same_debt() {
    on_both(|ground| {
        let engine = with_rules(ground, "freeze_from_days = 1\n");
        run_days(&engine, "2026-02-08", 4);
        assert_eq!(
            moved(&engine, LineAction::Command(LineCommand::ThawOverdue)),
            "active",
            "{}",
            ground.name
        );
        run_days(&engine, "2026-02-12", 3);
        assert_eq!(line(&engine).state.code(), "active", "{}", ground.name);
        ground.import(&engine, moment("2026-02-14", 12), |writer| pay(writer, 0, 0, "2026-02-14", "247.00"));
        run_days(&engine, "2026-02-15", 24);
        assert_eq!(line(&engine).state.code(), "active", "{}: March 10 is the next due date", ground.name);
        run_days(&engine, "2026-03-11", 1);
        assert_eq!(line(&engine).state.code(), "frozen_overdue", "{}: new debt", ground.name);
    });
}

#[test]
fn a_product_without_the_rule_freezes_nothing() {
    on_both(|ground| {
        let engine = with_rules(ground, "");
        run_days(&engine, "2026-02-08", 40);
        assert_eq!(line(&engine).state.code(), "active", "{}", ground.name);
        assert!(line(&engine).changes.is_empty());
    });
}

#[test]
fn what_was_run_is_not_added_to() {
    let ground = ground::sqlite();
    let engine = with_agreement(&ground);
    run_days(&engine, "2026-02-08", 1);
    let early = AuthoriseRequest { on: Some(date("2026-02-08")), ..request("1.00", "O-1") };
    assert_eq!(code(engine.authorise(&early, caller())), "day_is_closed");
    let open = AuthoriseRequest { on: Some(date("2026-02-09")), ..request("1.00", "O-1") };
    assert_eq!(decision(&engine.authorise(&open, caller()).expect("an answer")), "approved");
}

#[test]
fn verify_finds_nothing_wrong_after_a_life_at_checkout() {
    on_both(|ground| {
        let engine = with_rules(ground, "freeze_from_days = 1\nhold_days = 2\n");
        authorise(&engine, "100.00", "O-1");
        capture(&engine, "O-1", Some("60.00"), Some("S-1")).expect("a part");
        run_days(&engine, "2026-02-08", 6);
        refund(&engine, "S-1", Some("10.00"), "R-1").expect("a refund");
        run_days(&engine, "2026-02-14", 2);
        let report = engine.verify(&|_| {}).expect("verify runs");
        assert_eq!(report.problems, Vec::<String>::new(), "{}", ground.name);
    });
}

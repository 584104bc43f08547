use dunlin_domain::line::hold::{HoldState, VoidScope};
use dunlin_engine::checkout::CaptureRequest;

use super::*;

#[test]
fn a_purchase_is_held_captured_and_owed() {
    on_both(|ground| {
        let engine = with_agreement(ground);
        assert_eq!(available(&engine), "6759.65", "{}", ground.name);
        let answer = authorise(&engine, "759.65", "O-1");
        assert_eq!((decision(&answer), answer.available.to_string().as_str()), ("approved", "6000.00"));
        assert_eq!(available(&engine), "6000.00", "{}: the hold takes from the line", ground.name);
        let owed =
            |engine: &Engine| engine.agreement_view("A-0", Some(line(engine).on)).expect("a view").owed;
        let before = owed(&engine);
        let report = capture(&engine, "O-1", None, None).expect("a capture");
        assert_eq!((report.amount.to_string().as_str(), report.state), ("759.65", HoldState::Captured));
        assert_eq!(report.purchase, "jd/O-1");
        assert_eq!(available(&engine), "6000.00", "{}: it moved from held to owed", ground.name);
        let after = owed(&engine);
        assert_eq!(after.try_sub(before).expect("amounts").to_string(), "759.65", "{}", ground.name);
        assert_eq!(line(&engine).available.held.to_string(), "0.00");
    });
}

#[test]
fn a_hold_is_captured_in_parts_each_with_its_own_reference() {
    on_both(|ground| {
        let engine = with_agreement(ground);
        authorise(&engine, "100.00", "O-1");
        let part = capture(&engine, "O-1", Some("40.00"), Some("S-1")).expect("a part");
        assert_eq!((part.captured.to_string(), part.held.to_string()), ("40.00".into(), "60.00".into()));
        let again = capture(&engine, "O-1", Some("40.00"), Some("S-1")).expect("the same answer");
        assert_eq!(again, part, "{}", ground.name);
        assert_eq!(code(capture(&engine, "O-1", Some("41.00"), Some("S-1"))), "reference_conflict");
        assert_eq!(code(capture(&engine, "O-1", Some("60.01"), Some("S-2"))), "capture_exceeds_hold");
        let last = CaptureRequest {
            agreement: "A-0".to_owned(),
            hold: "O-1".to_owned(),
            amount: Some("50.00".to_owned()),
            reference: Some("S-2".to_owned()),
            is_final: true,
            on: None,
        };
        let last = engine.capture(&last, caller()).expect("the last part");
        assert_eq!((last.captured.to_string(), last.held.to_string()), ("90.00".into(), "0.00".into()));
        assert_eq!(code(capture(&engine, "O-1", Some("0.01"), Some("S-3"))), "nothing_left_to_capture");
        assert_eq!(available(&engine), "6669.65", "{}: 90.00 are owed, nothing is held", ground.name);
    });
}

#[test]
fn a_voided_hold_frees_the_line_and_a_captured_one_is_refunded_instead() {
    on_both(|ground| {
        let engine = with_agreement(ground);
        let id = authorise(&engine, "100.00", "O-1").id.to_string();
        assert_eq!(void(&engine, &id).expect("a void"), "100.00");
        assert_eq!(void(&engine, "O-1").expect("nothing more"), "0.00", "{}", ground.name);
        assert_eq!(available(&engine), "6759.65");
        assert_eq!(code(capture(&engine, "O-1", None, None)), "hold_voided");
        authorise(&engine, "100.00", "O-2");
        capture(&engine, "O-2", Some("30.00"), Some("S-1")).expect("a part");
        assert_eq!(code(void(&engine, "O-2")), "already_captured");
        let rest = engine.void("A-0", "O-2", VoidScope::Rest, caller()).expect("the rest is given up");
        assert_eq!((rest.freed.to_string().as_str(), rest.state), ("70.00", HoldState::Captured));
        assert_eq!(available(&engine), "6729.65", "{}", ground.name);
    });
}

#[test]
fn the_same_request_gets_the_same_answer_and_another_one_is_refused() {
    on_both(|ground| {
        let engine = with_agreement(ground);
        let answer = authorise(&engine, "100.00", "O-1");
        authorise(&engine, "50.00", "O-2");
        assert_eq!(authorise(&engine, "100.00", "O-1"), answer, "{}", ground.name);
        assert_eq!(available(&engine), "6609.65", "{}: it is held once", ground.name);
        assert_eq!(code(engine.authorise(&request("100.01", "O-1"), caller())), "reference_conflict");
        let in_plan = AuthoriseRequest { instalment_count: 3, ..request("100.00", "O-1") };
        assert_eq!(code(engine.authorise(&in_plan, caller())), "reference_conflict");
        let dollars = AuthoriseRequest { currency: Some("USD".to_owned()), ..request("100.00", "O-1") };
        assert_eq!(code(engine.authorise(&dollars, caller())), "reference_conflict");
        let declined = authorise(&engine, "6609.66", "O-3");
        assert_eq!(decision(&declined), "limit");
        void(&engine, "O-2").expect("a void");
        assert_eq!(authorise(&engine, "6609.66", "O-3"), declined, "{}: a decline stays", ground.name);
        assert_eq!(decision(&authorise(&engine, "6609.66", "O-4")), "approved");
    });
}

#[test]
fn two_merchants_may_use_the_same_reference() {
    on_both(|ground| {
        let engine = with_agreement(ground);
        let other = AuthoriseRequest { merchant: "tmall".to_owned(), ..request("70.00", "O-1") };
        authorise(&engine, "100.00", "O-1");
        let other = engine.authorise(&other, caller()).expect("an answer");
        assert_eq!(code(capture(&engine, "O-1", None, None)), "reference_ambiguous");
        let report = capture(&engine, &other.id.to_string(), None, None).expect("a capture by the id");
        assert_eq!((report.purchase.as_str(), report.amount.to_string().as_str()), ("tmall/O-1", "70.00"));
    });
}

#[test]
fn a_purchase_in_instalments_becomes_a_plan() {
    on_both(|ground| {
        let engine = with_agreement(ground);
        let in_plan = AuthoriseRequest { instalment_count: 12, ..request("1200.00", "O-1") };
        let answer = engine.authorise(&in_plan, caller()).expect("an answer");
        assert_eq!(decision(&answer), "approved");
        let cost = answer.cost.as_ref().expect("a plan is shown with its cost");
        let repaid = (cost.schedule.rows.len(), cost.schedule.total().to_string());
        assert_eq!(repaid, (12, "1272.00".to_owned()), "{}: 12 times 100.00 and a fee of 6.00", ground.name);
        assert_eq!(engine.authorise(&in_plan, caller()).expect("the same"), answer);
        let plans_before = line(&engine).available.plan_rest;
        capture(&engine, "O-1", None, None).expect("a capture");
        let rest = line(&engine).available.plan_rest.try_sub(plans_before).expect("amounts");
        assert_eq!(rest.to_string(), "1200.00", "{}", ground.name);
        let odd = AuthoriseRequest { instalment_count: 7, ..request("1200.00", "O-2") };
        assert_eq!(decision(&engine.authorise(&odd, caller()).expect("an answer")), "plan_not_offered");
    });
}

#[test]
fn an_export_of_captured_purchases_is_taken_in_again_without_a_change() {
    on_both(|ground| {
        let engine = with_agreement(ground);
        authorise(&engine, "100.00", "O-1");
        capture(&engine, "O-1", None, None).expect("a capture");
        refund(&engine, "O-1", Some("10.00"), "R-1").expect("a refund");
        let folder = ground.folder.join("export");
        engine.export(&folder, dunlin_engine::portfolio::Format::Csv, &|_| {}).expect("an export");
        let options = dunlin_engine::import::ImportOptions {
            folder,
            encoding: dunlin_engine::portfolio::Encoding::Utf8,
            rejects_file: ground.folder.join("export.rejects.csv"),
        };
        let report = engine
            .import(&options, moment("2026-01-20", 12), &mut || [9; 32], &mut |_| {})
            .expect("an import");
        for table in report.tables {
            let (added, changed, rejected) = (table.added, table.changed, table.rejected);
            assert_eq!((added, changed, rejected), (0, 0, 0), "{} {:?}", ground.name, table.table);
        }
    });
}

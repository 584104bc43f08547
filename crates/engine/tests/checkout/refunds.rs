use super::*;
use ground::run_days;

#[track_caller]
fn check(
    report: &dunlin_engine::checkout::RefundReport,
    amount: &str,
    refunded: &str,
    owed: &str,
    credit: &str,
) {
    let found = [report.amount, report.refunded, report.owed, report.credit].map(|amount| amount.to_string());
    assert_eq!(found, [amount, refunded, owed, credit]);
}

#[test]
fn a_refund_before_the_statement_lowers_what_is_not_billed() {
    on_both(|ground| {
        let engine = with_agreement(ground);
        authorise(&engine, "100.00", "O-1");
        capture(&engine, "O-1", None, None).expect("a capture");
        let first = refund(&engine, "O-1", Some("30.00"), "R-1").expect("a refund");
        check(&first, "30.00", "30.00", "1310.35", "0.00");
        assert_eq!(
            refund(&engine, "O-1", Some("30.00"), "R-1").expect("the same answer"),
            first,
            "{}",
            ground.name
        );
        assert_eq!(code(refund(&engine, "O-1", Some("31.00"), "R-1")), "reference_conflict");
        assert_eq!(code(refund(&engine, "O-1", Some("70.01"), "R-2")), "refund_exceeds_purchase");
        check(
            &refund(&engine, "jd/O-1", None, "R-2").expect("the rest"),
            "70.00",
            "100.00",
            "1240.35",
            "0.00",
        );
        assert_eq!(code(refund(&engine, "O-1", None, "R-3")), "refund_exceeds_purchase");
        assert_eq!(available(&engine), "6759.65", "{}: all of it can be drawn again", ground.name);
    });
}

#[test]
fn a_refund_after_the_statement_clears_what_is_owed_and_then_becomes_credit() {
    on_both(|ground| {
        let engine = with_agreement(ground);
        authorise(&engine, "100.00", "O-1");
        capture(&engine, "O-1", None, None).expect("a capture");
        // Billed on February 1: 100.00, 40.35, and 200.00 with a fee of 6.00 of the plan.
        run_days(&engine, "2026-02-08", 1);
        check(&refund(&engine, "O-1", None, "R-1").expect("a refund"), "100.00", "100.00", "1246.35", "0.00");
        ground.import(&engine, moment("2026-02-09", 1), |writer| {
            ground::pay(writer, 0, 0, "2026-02-09", "246.35");
        });
        check(&refund(&engine, "P-2", None, "R-2").expect("a refund"), "40.35", "40.35", "1000.00", "40.35");
        assert_eq!(available(&engine), "7040.35", "{}: 7000.00 and the credit", ground.name);
    });
}

#[test]
fn a_purchase_in_instalments_is_refunded_from_its_end_then_from_what_is_billed() {
    on_both(|ground| {
        let engine = with_agreement(ground);
        run_days(&engine, "2026-02-08", 1);
        // 1000.00 of the plan are not billed yet, 200.00 and the fee of 6.00 are, beside 40.35.
        check(
            &refund(&engine, "P-1", Some("900.00"), "R-1").expect("a refund"),
            "900.00",
            "900.00",
            "346.35",
            "0.00",
        );
        assert_eq!(line(&engine).available.plan_rest.to_string(), "100.00", "{}", ground.name);
        check(&refund(&engine, "P-1", None, "R-2").expect("the rest"), "300.00", "1200.00", "46.35", "0.00");
        assert_eq!(line(&engine).available.plan_rest.to_string(), "0.00", "{}", ground.name);
    });
}

#[test]
fn a_refund_of_what_was_paid_becomes_credit() {
    on_both(|ground| {
        let engine = with_agreement(ground);
        run_days(&engine, "2026-02-08", 1);
        ground.import(&engine, moment("2026-02-09", 1), |writer| {
            ground::pay(writer, 0, 0, "2026-02-09", "246.35");
        });
        check(
            &refund(&engine, "P-1", None, "R-1").expect("a refund"),
            "1200.00",
            "1200.00",
            "0.00",
            "200.00",
        );
        assert_eq!(available(&engine), "8200.00", "{}", ground.name);
    });
}

#[test]
fn credit_does_not_add_to_the_line_where_the_product_says_so() {
    on_both(|ground| {
        let engine = with_rules(ground, "credit_adds = false\n");
        ground.import(&engine, moment("2026-01-20", 2), |writer| {
            ground::pay(writer, 0, 0, "2026-01-20", "500.00");
        });
        let view = line(&engine).available;
        assert_eq!((view.amount.to_string(), view.credit.to_string()), ("6759.65".into(), "0.00".into()));
    });
}

#[test]
fn of_several_captures_the_refund_names_one() {
    on_both(|ground| {
        let engine = with_agreement(ground);
        authorise(&engine, "100.00", "O-1");
        capture(&engine, "O-1", Some("40.00"), Some("S-1")).expect("a part");
        capture(&engine, "O-1", Some("60.00"), Some("S-2")).expect("a part");
        assert_eq!(code(refund(&engine, "O-1", None, "R-1")), "several_captures", "{}", ground.name);
        assert_eq!(code(refund(&engine, "S-1", Some("40.01"), "R-1")), "refund_exceeds_purchase");
        let report = refund(&engine, "S-1", None, "R-1").expect("a refund");
        assert_eq!(report.amount.to_string(), "40.00");
        assert_eq!(code(refund(&engine, "S-2", Some("40.00"), "R-1")), "reference_conflict");
    });
}

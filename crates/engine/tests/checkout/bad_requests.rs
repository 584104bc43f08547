use super::*;

#[test]
fn what_makes_no_sense_is_refused_by_name_and_changes_nothing() {
    on_both(|ground| {
        let engine = with_agreement(ground);
        let refused = |request: AuthoriseRequest| code(engine.authorise(&request, caller()));
        let amounts = [
            ("0", "amount_not_positive"),
            ("0.00", "amount_not_positive"),
            ("-5", "amount_not_positive"),
            ("", "amount"),
            ("ten", "amount"),
            ("1e3", "amount"),
            ("1,000.00", "amount"),
            ("0.001", "amount"),
            ("99999999999999999999", "amount"),
        ];
        for (amount, expected) in amounts {
            assert_eq!(refused(request(amount, "O-1")), expected, "{} {amount:?}", ground.name);
        }
        let base = || request("1.00", "O-1");
        assert_eq!(refused(AuthoriseRequest { agreement: "A-9".to_owned(), ..base() }), "not_found");
        assert_eq!(refused(AuthoriseRequest { merchant: String::new(), ..base() }), "name_unusable");
        assert_eq!(refused(AuthoriseRequest { merchant: "a\nb".to_owned(), ..base() }), "name_unusable");
        assert_eq!(refused(AuthoriseRequest { reference: " O".to_owned(), ..base() }), "name_unusable");
        assert_eq!(refused(AuthoriseRequest { reference: "x".repeat(101), ..base() }), "name_unusable");
        assert_eq!(refused(AuthoriseRequest { currency: Some("XXX".to_owned()), ..base() }), "amount");
        let on = |day| AuthoriseRequest { on: Some(ground::date(day)), ..base() };
        assert_eq!(refused(on("2026-01-04")), "before_agreement", "{}", ground.name);
        assert_eq!(refused(on("2026-01-21")), "in_future", "{}", ground.name);
        assert_eq!(line(&engine).holds.len(), 0, "{}: nothing is left behind", ground.name);
        let absurd = authorise(&engine, "92233720368547758.07", "O-2");
        assert_eq!(decision(&absurd), "limit", "{}: the largest amount there is", ground.name);
    });
}

#[test]
fn captures_voids_and_refunds_of_what_is_not_there_are_refused() {
    on_both(|ground| {
        let engine = with_agreement(ground);
        assert_eq!(code(capture(&engine, "O-9", None, None)), "not_found", "{}", ground.name);
        assert_eq!(code(void(&engine, "O-9")), "not_found");
        assert_eq!(code(void(&engine, &format!("hld_{}", "0".repeat(32)))), "not_found");
        assert_eq!(code(refund(&engine, "O-9", None, "R-1")), "not_found");
        assert_eq!(decision(&authorise(&engine, "7000.00", "O-1")), "limit");
        assert_eq!(code(capture(&engine, "O-1", None, None)), "hold_declined", "{}", ground.name);
        assert_eq!(code(void(&engine, "O-1")), "hold_declined");
        authorise(&engine, "100.00", "O-2");
        assert_eq!(code(refund(&engine, "O-2", None, "R-1")), "nothing_captured");
        for (amount, expected) in
            [("0", "amount_not_positive"), ("-1", "amount_not_positive"), ("x", "amount")]
        {
            assert_eq!(code(capture(&engine, "O-2", Some(amount), None)), expected, "{}", ground.name);
        }
        capture(&engine, "O-2", None, None).expect("a capture");
        for (amount, expected) in [
            ("0", "amount_not_positive"),
            ("-1", "amount_not_positive"),
            ("x", "amount"),
            ("100.01", "refund_exceeds_purchase"),
        ] {
            assert_eq!(code(refund(&engine, "O-2", Some(amount), "R-1")), expected, "{}", ground.name);
        }
        assert_eq!(code(refund(&engine, "O-2", Some("1.00"), "")), "name_unusable");
    });
}

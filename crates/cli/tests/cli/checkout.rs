//! Purchases at checkout as they are typed: answers, repeats and refusals, on both databases.

use expect_test::expect;
use serde_json::Value;

use crate::support::Place;

/// Code and exit of a refusal.
fn refused(place: &Place, arguments: &[&str]) -> String {
    let ran = place.run(&[arguments, &["--json"]].concat());
    let exit = ran.0.status.code().unwrap_or(-1);
    let json: Value = serde_json::from_str(&ran.stdout()).expect("an object");
    format!("{exit} {}", json["error"]["code"].as_str().unwrap_or("no error"))
}

fn text(json: &Value, field: &str) -> String {
    json[field].as_str().unwrap_or("null").to_owned()
}

/// A purchase from its authorisation to its refund; what is said is the same on both databases.
fn purchase(place: &Place) {
    let authorise = ["authorise", "A-1", "199.00", "--merchant", "jd", "--reference", "O-1"];
    place.run(&[&authorise[..], &["--lang", "en"]].concat()).check(expect![[r#"
        exit 0
        approved: 199.00 of A-1 at jd (O-1), held through 2026-06-08; 6251.00 can still be drawn
        hld_293dc637d38ad969ade179ac86aff9c6
    "#]]);
    let answer = place.json(&authorise);
    assert_eq!((text(&answer, "decision"), text(&answer, "reason")), ("approved".into(), "null".into()));
    assert_eq!(place.json(&authorise), answer, "the same request, the same answer");
    let other = ["authorise", "A-1", "199.01", "--merchant", "jd", "--reference", "O-1"];
    assert_eq!(refused(place, &other), "2 reference_conflict");
    let declined = ["authorise", "A-1", "6251.01", "--merchant", "jd", "--reference", "O-2"];
    place.run(&[&declined[..], &["--lang", "zh"]].concat()).check(expect![[r#"
        exit 0
        已拒绝 [limit]：可用额度不足。可用额度 6251.00
        hld_4647008bc3797363b3470e8d631b5f9c
    "#]]);
    let answer = place.json(&declined);
    assert_eq!((text(&answer, "decision"), text(&answer, "reason")), ("declined".into(), "limit".into()));
    assert_eq!(text(&answer, "reason_en"), "there is not enough available credit");
    let captured = place.json(&["capture", "A-1", "O-1", "99.00", "--reference", "S-1"]);
    assert_eq!((text(&captured, "captured"), text(&captured, "held")), ("99.00".into(), "100.00".into()));
    assert_eq!(refused(place, &["void", "A-1", "O-1"]), "2 already_captured");
    assert_eq!(text(&place.json(&["void", "A-1", "O-1", "--rest"]), "freed"), "100.00");
    assert_eq!(
        refused(place, &["refund", "A-1", "S-1", "99.01", "--reference", "R-1"]),
        "2 refund_exceeds_purchase"
    );
    let refunded = place.json(&["refund", "A-1", "S-1", "9.00", "--reference", "R-1"]);
    assert_eq!((text(&refunded, "refunded"), text(&refunded, "purchase")), ("9.00".into(), "jd/S-1".into()));
    place.run(&["line", "limit", "A-1", "100", "--reason", "a cut", "--lang", "en"]).check_exit(0);
    let line = place.json(&["line", "show", "A-1"]);
    assert_eq!((text(&line, "state"), text(&line, "available_credit")), ("reduced".into(), "0.00".into()));
    assert_eq!(text(&line, "over_limit"), "1540.00", "1550.00 and 90.00 are owed");
}

#[test]
fn a_purchase_goes_its_way_on_sqlite() {
    purchase(&Place::imported());
}

#[test]
fn a_purchase_goes_its_way_on_postgres() {
    purchase(&Place::imported_on_postgres());
}

#[test]
fn what_makes_no_sense_at_checkout_is_refused_with_its_code() {
    let place = Place::imported();
    let authorise = |agreement: &str, amount: &str, further: &[&str]| {
        let typed = ["authorise", agreement, amount, "--merchant", "jd", "--reference", "O-9"];
        refused(&place, &[&typed[..], further].concat())
    };
    assert_eq!(authorise("A-1", "0", &[]), "2 amount_not_positive");
    assert_eq!(authorise("A-1", "-5", &[]), "2 amount_not_positive");
    assert_eq!(authorise("A-1", "1.001", &[]), "2 amount");
    assert_eq!(authorise("A-1", "99999999999999999999", &[]), "2 amount");
    assert_eq!(authorise("A-9", "1", &[]), "2 not_found");
    assert_eq!(authorise("A-1", "1", &["--on", "2025-12-31"]), "2 before_agreement");
    assert_eq!(authorise("A-1", "1", &["--count", "x"]), "2 usage");
    assert_eq!(refused(&place, &["capture", "A-1", "O-9"]), "2 not_found");
    assert_eq!(refused(&place, &["void", "A-1", "O-9"]), "2 not_found");
    assert_eq!(refused(&place, &["refund", "A-1", "P-9", "1", "--reference", "R"]), "2 not_found");
    assert_eq!(refused(&place, &["line", "show", "A-9"]), "2 not_found");
    assert_eq!(refused(&place, &["line", "thaw", "A-1", "--reason", "x"]), "2 line_move_refused");
    assert_eq!(refused(&place, &["line", "freeze", "A-1", "--reason", " "]), "2 reason_missing");
    assert_eq!(refused(&place, &["line", "freeze", "A-1"]), "2 usage");
    assert_eq!(refused(&place, &["line", "limit", "A-1", "-1", "--reason", "x"]), "2 limit_negative");
    let declines = [("7", "CNY", "plan_not_offered"), ("0", "USD", "currency"), ("6", "CNY", "null")];
    for (number, (count, currency, reason)) in (0..).zip(declines) {
        let reference = format!("D-{number}");
        let typed = ["authorise", "A-1", "60.00", "--merchant", "jd", "--reference", &reference];
        let answer = place.json(&[&typed[..], &["--count", count, "--currency", currency]].concat());
        assert_eq!(text(&answer, "reason"), reason);
    }
}

#[test]
fn a_line_is_shown_with_its_derivation_and_history() {
    let place = Place::imported();
    place.run(&["line", "suspend", "A-1", "--reason", "lost phone"]).check_exit(0);
    place.run(&["line", "freeze", "A-1", "--reason", "odd pattern"]).check_exit(0);
    place.run(&["line", "show", "A-1", "--on", "2026-02-01", "--lang", "en"]).check(expect![[r#"
        exit 0
        the line of A-1 on 2026-02-01: active

                                         CNY
        ─────────────────────────────────────
         credit limit                8000.00
         − principal on statements    550.00
         − unbilled purchases           0.00
         − rest of plans             1000.00
         − open holds                   0.00
         + unapplied credit             0.00
         = available credit          6450.00
    "#]]);
    place.run(&["line", "thaw", "A-1", "--reason", "checked", "--lang", "zh"]).check(expect![[r#"
        exit 0
        A-1 在 2026-06-01 的额度：客户暂停

                              CNY
        ──────────────────────────
         授信额度         8000.00
         − 已出账本金     1350.00
         − 未出账消费        0.00
         − 分期剩余本金    200.00
         − 授权冻结          0.00
         + 溢缴款            0.00
         = 可用额度       6450.00

         日期         操作          由         至         额度      原因          操作人
        ─────────────────────────────────────────────────────────────────────────────────
         2026-06-01   suspend       正常       客户暂停   8000.00   lost phone    tester
         2026-06-01   freeze_risk   客户暂停   风险冻结   8000.00   odd pattern   tester
         2026-06-01   thaw_risk     风险冻结   客户暂停   8000.00   checked       tester
    "#]]);
}

use super::*;
use crate::money::Currency;

fn cny(minor: i64) -> Money {
    Money::new(minor, Currency::CNY)
}

fn day(text: &str) -> Date {
    Date::parse(text).expect("a day of the calendar")
}

/// 100.00, held through March 8.
fn hold() -> Hold {
    Hold::new(cny(10_000), day("2026-03-08"))
}

fn words(result: Result<Hold, CheckoutRefusal>) -> String {
    match result {
        Ok(hold) => {
            let held = hold.held().expect("amounts fit");
            format!("{} {} captured, {held} held", hold.state, hold.captured)
        }
        Err(refusal) => refusal.code().to_owned(),
    }
}

fn capture(hold: Hold, minor: i64, on: &str) -> String {
    words(hold.after_capture(cny(minor), CaptureRest::Keep, day(on), None))
}

#[test]
fn a_hold_is_captured_in_full_or_in_parts_and_never_beyond() {
    let on = "2026-03-02";
    assert_eq!(capture(hold(), 10_000, on), "captured 100.00 captured, 0.00 held");
    assert_eq!(capture(hold(), 10_001, on), "capture_exceeds_hold");
    assert_eq!(capture(hold(), 0, on), "amount_not_positive");
    assert_eq!(capture(hold(), -1, on), "amount_not_positive");
    let part = hold().after_capture(cny(4_000), CaptureRest::Keep, day(on), None).expect("a part");
    assert_eq!(words(Ok(part)), "open 40.00 captured, 60.00 held");
    assert_eq!(capture(part, 6_000, on), "captured 100.00 captured, 0.00 held");
    assert_eq!(capture(part, 6_001, on), "capture_exceeds_hold");
    let last = hold().after_capture(cny(4_000), CaptureRest::Release, day(on), None).expect("the last part");
    assert_eq!(words(Ok(last)), "captured 40.00 captured, 0.00 held");
    assert_eq!(capture(last, 1, on), "nothing_left_to_capture");
    let usd = Money::new(1, Currency::parse("USD").expect("a currency"));
    let foreign = hold().after_capture(usd, CaptureRest::Keep, day(on), None);
    assert_eq!(words(foreign), "currency_mismatch");
}

#[test]
fn a_void_ends_a_hold_that_was_not_captured() {
    let voided = hold().after_void(VoidScope::Whole);
    assert_eq!(words(voided.clone()), "voided 0.00 captured, 0.00 held");
    let voided = voided.expect("a void");
    assert_eq!(capture(voided, 1, "2026-03-02"), "hold_voided");
    assert_eq!(words(voided.after_void(VoidScope::Whole)), "voided 0.00 captured, 0.00 held");
    let captured = Hold { state: HoldState::Captured, captured: cny(10_000), ..hold() };
    assert_eq!(words(captured.after_void(VoidScope::Whole)), "already_captured");
    assert_eq!(words(captured.after_void(VoidScope::Rest)), "already_captured");
    let part = Hold { captured: cny(4_000), ..hold() };
    assert_eq!(words(part.after_void(VoidScope::Whole)), "already_captured");
    assert_eq!(words(part.after_void(VoidScope::Rest)), "captured 40.00 captured, 0.00 held");
}

#[test]
fn a_hold_runs_out_after_its_last_day_and_is_captured_late_only_where_the_product_allows() {
    assert_eq!(capture(hold(), 100, "2026-03-08"), "open 1.00 captured, 99.00 held");
    assert_eq!(capture(hold(), 100, "2026-03-09"), "hold_expired");
    let expired = hold().on(day("2026-03-09"));
    assert_eq!(expired.state, HoldState::Expired);
    assert_eq!(hold().on(day("2026-03-08")), hold());
    assert_eq!(capture(expired, 100, "2026-03-09"), "hold_expired");
    let late = |room: i64, minor: i64| {
        words(expired.after_capture(cny(minor), CaptureRest::Keep, day("2026-03-09"), Some(cny(room))))
    };
    assert_eq!(late(10_000, 10_000), "captured 100.00 captured, 0.00 held");
    assert_eq!(late(10_000, 4_000), "expired 40.00 captured, 0.00 held");
    assert_eq!(late(3_999, 4_000), "late_capture_exceeds_line");
}

#[test]
fn a_declined_request_cannot_be_acted_on() {
    let declined = Hold { state: HoldState::Declined, ..hold() };
    assert_eq!(capture(declined, 1, "2026-03-02"), "hold_declined");
    assert_eq!(words(declined.after_void(VoidScope::Whole)), "hold_declined");
    assert_eq!(declined.held(), Ok(cny(0)));
}

#[test]
fn refunds_add_up_to_the_purchase_at_most() {
    let code = |minor: i64, refunded: i64| {
        check_refund(cny(minor), cny(10_000), cny(refunded))
            .map_or_else(|refusal| refusal.code(), |()| "taken")
    };
    assert_eq!(code(10_000, 0), "taken");
    assert_eq!(code(10_001, 0), "refund_exceeds_purchase");
    assert_eq!(code(6_000, 4_000), "taken");
    assert_eq!(code(6_001, 4_000), "refund_exceeds_purchase");
    assert_eq!(code(0, 0), "amount_not_positive");
    assert_eq!(code(-1, 0), "amount_not_positive");
}

use super::*;
use crate::line::state::Life;
use crate::money::{Currency, Money};

fn line() -> Line {
    Line::new(Life::Open, Money::new(100_000, Currency::CNY))
}

fn frozen() -> Line {
    Line { is_frozen_overdue: true, ..line() }
}

fn rule(from_days: i32, thaw: Thaw) -> Option<FreezeRule> {
    Some(FreezeRule { from_days, thaw })
}

fn day(number: i32) -> Date {
    Date::from_days(20_000 + number)
}

/// The state after each of the days, on which so many days past due are seen; none means nothing is overdue.
fn run(mut line: Line, rule: Option<FreezeRule>, days: &[Option<i32>]) -> Vec<String> {
    let mut seen = Vec::new();
    for (number, past_due) in (0..).zip(days) {
        let due_on = past_due.map(|past_due| day(number - past_due));
        let worked = work(&line, rule, due_on, past_due.unwrap_or(0), day(number));
        line = worked.line;
        let next = worked.next_on.map_or(String::new(), |next| format!(", next {}", next.days_since(day(0))));
        seen.push(format!("{}{next}", line.state()));
    }
    seen
}

#[test]
fn a_line_is_frozen_from_the_day_that_the_product_names_and_not_a_day_before() {
    let rule = rule(3, Thaw::AtOnce);
    assert_eq!(
        run(line(), rule, &[None, Some(1), Some(2), Some(3), Some(4)]),
        ["active", "active, next 3", "active, next 3", "frozen_overdue", "frozen_overdue"]
    );
    assert_eq!(run(line(), None, &[Some(500)]), ["active"], "a product without a rule freezes nothing");
}

#[test]
fn a_cured_line_is_thawed_at_once_after_days_or_by_hand() {
    let days = [Some(9), None, None, None];
    assert_eq!(run(frozen(), rule(1, Thaw::AtOnce), &days), ["frozen_overdue", "active", "active", "active"]);
    assert_eq!(
        run(frozen(), rule(1, Thaw::AfterDays(2)), &days),
        ["frozen_overdue", "frozen_overdue, next 3", "frozen_overdue, next 3", "active"]
    );
    assert_eq!(run(frozen(), rule(1, Thaw::ByHand), &days), ["frozen_overdue"; 4]);
}

#[test]
fn a_relapse_begins_the_wait_anew() {
    let days = [None, None, Some(1), None, None, None];
    assert_eq!(
        run(frozen(), rule(1, Thaw::AfterDays(2)), &days),
        [
            "frozen_overdue, next 2",
            "frozen_overdue, next 2",
            "frozen_overdue",
            "frozen_overdue, next 5",
            "frozen_overdue, next 5",
            "active"
        ]
    );
}

#[test]
fn a_cure_lifts_only_the_freeze_for_overdue() {
    let both = Line { is_frozen_risk: true, is_suspended: true, ..frozen() };
    let worked = work(&both, rule(1, Thaw::AtOnce), None, 0, day(0));
    assert_eq!(worked.moved, Some(LineCommand::ThawOverdue));
    assert_eq!(worked.line, Line { is_frozen_overdue: false, ..both });
}

#[test]
fn debt_that_was_excused_does_not_freeze_again_and_later_debt_does() {
    let excused = Line { excused_due_on: Some(day(-5)), ..line() };
    let rule = rule(1, Thaw::AtOnce);
    assert_eq!(run(excused, rule, &[Some(5), Some(6)]), ["active", "active"]);
    let later = work(&excused, rule, Some(day(-4)), 4, day(0));
    assert_eq!(later.moved, Some(LineCommand::FreezeOverdue));
    let paid = work(&excused, rule, None, 0, day(0));
    assert_eq!(paid.line, line(), "once it is paid, nothing is excused any more");
}

#[test]
fn a_line_that_is_not_open_is_left_alone() {
    for life in [Life::NotOpened, Life::Closed] {
        let line = Line { life, ..line() };
        assert_eq!(work(&line, rule(1, Thaw::AtOnce), Some(day(-9)), 9, day(0)).moved, None);
    }
}

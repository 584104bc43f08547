//! Working-day calendars: the shipped one against the notices, and broken ones.

use dunlin_domain::calendar::Calendar;
use dunlin_domain::date::Date;
use expect_test::expect;

use super::*;

fn mainland() -> Calendar {
    let shipped = shipped().iter().find(|document| document.kind == PolicyKind::Calendar);
    match read(shipped.expect("a shipped calendar")) {
        PolicyDocument::Calendar(document) => document.calendar,
        other => panic!("not a calendar: {other:?}"),
    }
}

fn date(text: &str) -> Date {
    Date::parse(text).expect("a day of the calendar")
}

/// The checks and vectors of the rule file, section 8.
#[test]
fn the_shipped_calendar_counts_the_working_days_of_the_notices() {
    let calendar = mainland();
    let counts = [2024, 2025, 2026].map(|year| calendar.workdays_in_year(year));
    assert_eq!(counts, [Ok(251), Ok(248), Ok(248)]);
    for made_up in [
        "2024-02-04 2024-02-18 2024-04-07 2024-04-28 2024-05-11 2024-09-14 2024-09-29 2024-10-12",
        "2025-01-26 2025-02-08 2025-04-27 2025-09-28 2025-10-11",
        "2026-01-04 2026-02-14 2026-02-28 2026-05-09 2026-09-20 2026-10-10",
    ] {
        let worked = made_up.split(' ').all(|day| calendar.is_workday(date(day)) == Ok(true));
        assert!(worked, "{made_up}");
    }
    let next = |day: &str| calendar.next_workday(date(day)).expect("data").to_string();
    assert_eq!(next("2026-02-15"), "2026-02-24");
    assert_eq!(next("2026-02-22"), "2026-02-24");
    assert_eq!(next("2026-10-01"), "2026-10-08");
    assert_eq!(next("2026-01-01"), "2026-01-04");
    let plus = |day: &str, count| calendar.plus_workdays(date(day), count).expect("data").to_string();
    assert_eq!(plus("2026-02-13", 5), "2026-02-27");
    assert_eq!(plus("2026-09-30", 1), "2026-10-08");
    assert_eq!(plus("2025-09-30", 7), "2025-10-16");
}

#[test]
fn a_year_whose_notice_is_missing_is_refused_by_name() {
    let answer = mainland().next_workday(date("2026-12-31")).map_err(|error| error.to_string());
    expect!["no holiday data for 2027-01-01: the calendar ends with 2026; add that year's notice, or let the calendar take weekends only beyond its data"]
        .assert_eq(&answer.expect_err("no data"));
}

#[test]
fn a_calendar_with_mistakes_is_refused_with_each_of_them() {
    check(
        "calendars/cn.toml",
        &[
            ("beyond_data = \"refuse\"", "beyond_data = \"guess\""),
            ("year = 2025\n", "year = 20250\n"),
            ("\"2026-02-14\"", "\"2026-02-30\""),
            ("\"2026-02-14\"", "\"2026-02-15\""),
            ("\"2026-02-14\"", "\"2025-12-27\""),
            ("\"2026-02-14\"", "\"2025-11-30\""),
        ],
        expect![[r#"
            cn.toml:14: beyond_data: "guess" is unknown; use one of refuse, weekends_only
            cn.toml:36: years.year: must be 1970 to 9999
            cn.toml:67: years.make_up_workdays: date "2026-02-30" is not a day of the calendar; write it as 2026-02-28
            cn.toml: years: 2026-02-15 is given both as a holiday and as a make-up working day
            accepted
            cn.toml:67: years.make_up_workdays: 2025-11-30 is neither in 2026 nor in the December before it"#]],
    );
}

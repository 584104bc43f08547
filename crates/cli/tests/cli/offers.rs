//! `offer`: what a plan costs, before and after there is a database.

use crate::support::Place;

const PLAN: [&str; 6] = ["baitiao", "--amount", "1200.00", "--count", "12", "--on"];

#[test]
fn an_offer_needs_no_database_and_is_the_same_with_one() {
    let asked = [&["offer", "cost"], &PLAN[..], &["2026-03-02"]].concat();
    let empty = Place::empty();
    let without = empty.json(&asked);
    assert!(!empty.path("dunlin-data/dunlin.db").exists(), "to ask writes nothing");
    let with = Place::imported().json(&asked);
    assert_eq!(without, with);
    assert_eq!(
        (&with["principal_minor"], &with["total_cost_minor"]),
        (&120_000.into(), &7_200.into()),
        "{with}"
    );
}

#[test]
fn the_instalments_of_an_offer_come_to_what_the_cost_sheet_says() {
    let place = Place::empty();
    let schedule = place.json(&[&["offer", "schedule"], &PLAN[..], &["2026-03-02"]].concat());
    let rows = schedule["rows"].as_array().expect("rows");
    let sum = |field: &str| rows.iter().filter_map(|row| row[field].as_i64()).sum::<i64>();
    assert_eq!((rows.len(), sum("principal_minor"), sum("fee_minor")), (12, 120_000, 7_200), "{schedule}");
}

#[test]
fn a_payoff_of_an_offer_names_the_day_until_which_it_holds() {
    let place = Place::empty();
    let paid = ["2026-03-02", "--paid-on", "2026-06-15", "--holds-through", "2026-06-20"];
    let quote = place.json(&[&["offer", "payoff"], &PLAN[..], &paid[..]].concat());
    assert_eq!(quote["holds_through"], "2026-06-20", "{quote}");
    let text = place.run(&[&["offer", "payoff"], &PLAN[..], &paid[..]].concat()).stdout();
    assert!(text.contains("2026-06-20"), "{text}");
}

#[test]
fn what_is_not_offered_is_refused_with_what_is() {
    let place = Place::empty();
    let refused = |arguments: &[&str]| {
        let ran = place.run(arguments);
        ran.check_exit(2);
        ran.stderr()
    };
    let count = refused(&["offer", "cost", "baitiao", "--amount", "1200.00", "--count", "5"]);
    assert!(count.contains("error[offer.not_offered]") && count.contains("12"), "{count}");
    let amount = refused(&["offer", "cost", "baitiao", "--amount", "12.345", "--count", "12"]);
    assert!(amount.contains("error["), "{amount}");
    let product = refused(&["offer", "cost", "unknown", "--amount", "1200.00", "--count", "12"]);
    assert!(product.contains("error["), "{product}");
    let early = ["--on", "2026-03-02", "--paid-on", "2026-03-01"];
    let payoff = refused(
        &[&["offer", "payoff", "baitiao", "--amount", "1200.00", "--count", "12"], &early[..]].concat(),
    );
    assert!(payoff.contains("error["), "{payoff}");
}

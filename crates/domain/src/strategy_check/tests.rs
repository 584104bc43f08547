//! Compares the check of a table with asking the table itself, and reads its words.

use super::*;
use crate::id::CustomerId;
use crate::reason::Reason;
use crate::strategy::{Outcome, Settings, StrategyInput};
use crate::trial::{Arm, Trial, TrialMatch};
use expect_test::{Expect, expect};
use proptest::prelude::*;

fn buckets() -> Vec<Bucket> {
    [("M0", 0), ("M1", 1), ("M2", 31)]
        .map(|(name, from_days)| Bucket { name: name.to_owned(), from_days })
        .to_vec()
}

fn everything() -> Matches {
    Matches::EVERYTHING
}

fn bucket(name: &str) -> Matches {
    Matches { buckets: Some(vec![name.to_owned()]), ..everything() }
}

fn days(from: i32, through: i32) -> Matches {
    Matches { days_past_due: Span { from: Some(from), through: Some(through) }, ..everything() }
}

/// A table of these rows, named `r1`, `r2`, … and each with an outcome of its own.
fn table(matches: Vec<Matches>) -> StrategyTable {
    let rows = matches.into_iter().zip(1_u16..).map(|(matches, number)| Row {
        id: format!("r{number}"),
        matches,
        outcome: Outcome::Silence { reason: Reason::Wait, review_days: number },
    });
    StrategyTable {
        name: "test".to_owned(),
        version: 1,
        currency: Currency::CNY,
        segments: vec!["standard".to_owned(), "gentle".to_owned()],
        days_past_due: Span { from: Some(-3), through: None },
        rows: rows.collect(),
        settings: Settings::default(),
    }
}

fn check_words(matches: Vec<Matches>, expected: Expect) {
    let findings: Vec<String> = check(&table(matches), &buckets()).iter().map(Finding::to_string).collect();
    expected.assert_eq(&findings.join("\n"));
}

#[test]
fn a_table_that_answers_everything_once_has_no_findings() {
    check_words(vec![bucket("M0"), bucket("M1"), bucket("M2")], expect![""]);
    check_words(vec![everything()], expect![""]);
}

#[test]
fn a_gap_is_told_in_the_words_of_the_table() {
    check_words(
        vec![
            bucket("M0"),
            days(1, 5),
            Matches { days_past_due: Span { from: Some(9), through: None }, ..everything() },
        ],
        expect!["no row answers for M1, 6..8 days past due"],
    );
    let small = Matches {
        balance_minor: Span { from: None, through: Some(4_999) },
        segments: Some(vec!["gentle".to_owned()]),
        reported_to_bureau: Some(false),
        ..bucket("M1")
    };
    check_words(
        vec![bucket("M0"), bucket("M2"), small],
        expect![[r#"
            no row answers for M1, 1..30 days past due, segment standard
            no row answers for M1, 1..30 days past due, segment gentle, reported
            no row answers for M1, 1..30 days past due, balance >=50.00, segment gentle, not reported"#]],
    );
}

#[test]
fn a_bucket_and_days_that_cannot_meet_are_no_gap_but_a_row_that_never_matches() {
    let impossible = Matches { days_past_due: Span { from: Some(1), through: Some(3) }, ..bucket("M2") };
    check_words(
        vec![impossible, bucket("M0"), bucket("M1"), bucket("M2")],
        expect!["row r1 can never match: its own conditions exclude one another"],
    );
}

#[test]
fn a_row_hidden_by_those_before_it_names_them() {
    check_words(
        vec![days(-3, 10), days(11, 40), days(5, 20), everything()],
        expect![[r#"
            row r3 never decides: all it matches is taken by r1, r2 before it
            rows r1 and r3 both match M1, 5..10 days past due; r1 decides
            rows r2 and r3 both match M1, 11..20 days past due; r2 decides
            rows r1 and r4 both match M0 and M1, -3..10 days past due; r1 decides
            rows r2 and r4 both match M1 and M2, 11..40 days past due; r2 decides
            rows r3 and r4 both match M1, 5..20 days past due; r3 decides"#]],
    );
}

#[test]
fn rows_that_say_the_same_do_not_count_as_overlapping() {
    let mut table = table(vec![days(-3, 10), everything()]);
    table.rows[1].outcome = table.rows[0].outcome.clone();
    assert_eq!(check(&table, &buckets()), []);
}

fn any_matches() -> impl Strategy<Value = Matches> {
    let bucket_sets: [Option<&[&str]>; 4] = [None, Some(&["M1"]), Some(&["M0", "M2"]), Some(&["M2"])];
    let segment_sets: [Option<&str>; 3] = [None, Some("standard"), Some("gentle")];
    let day = || proptest::option::of(-5_i32..40);
    let amount = || proptest::option::of(0_i64..6);
    (
        proptest::sample::select(bucket_sets.to_vec()),
        (day(), day()),
        (amount(), amount()),
        proptest::sample::select(segment_sets.to_vec()),
        proptest::option::of(any::<bool>()),
        (proptest::option::of(0_u32..3), proptest::option::of(0_u32..3)),
    )
        .prop_map(|(buckets, days, balance, segment, reported_to_bureau, contacts)| Matches {
            buckets: buckets.map(|names| names.iter().map(|name| (*name).to_owned()).collect()),
            days_past_due: Span { from: days.0, through: days.1 },
            balance_minor: Span { from: balance.0, through: balance.1 },
            segments: segment.map(|name| vec![name.to_owned()]),
            reported_to_bureau,
            contacts: Span { from: contacts.0, through: contacts.1 },
            trial: None,
        })
}

fn covers(findings: &[Finding], input: &StrategyInput<'_>) -> bool {
    findings.iter().any(|finding| match finding {
        Finding::Gap { region } => {
            region.days_past_due.contains(input.days_past_due)
                && region.balance_minor.contains(input.balance.minor())
                && region.segments.as_ref().is_none_or(|names| names.iter().any(|name| name == input.segment))
                && region.reported_to_bureau.is_none_or(|reported| reported == input.is_reported_to_bureau)
                && region.contacts.contains(input.contacts)
        }
        Finding::NeverDecides { .. } | Finding::Overlap { .. } => false,
    })
}

proptest! {
    /// Asks the table itself at every point of a grid.
    #[test]
    fn gaps_and_dead_rows_are_those_that_asking_everywhere_finds(
        matches in proptest::collection::vec(any_matches(), 0..8),
    ) {
        let (table, buckets) = (table(matches), buckets());
        let findings = check(&table, &buckets);
        let mut deciding = std::collections::BTreeSet::new();
        for (days_past_due, minor) in (-3..45).flat_map(|day| (0..8).map(move |minor| (day, minor))) {
            for (segment, is_reported_to_bureau, contacts) in [
                ("standard", true, 0), ("standard", false, 1), ("gentle", true, 2), ("gentle", false, 0),
                ("standard", true, 1), ("standard", false, 0), ("gentle", true, 0), ("gentle", false, 3),
                ("standard", true, 2), ("standard", false, 2), ("gentle", true, 1), ("gentle", false, 1),
                ("standard", true, 3), ("standard", false, 3), ("gentle", true, 3), ("gentle", false, 2),
            ] {
                let balance = Money::new(minor, Currency::CNY);
                let input = StrategyInput {
                    buckets: &buckets, days_past_due, balance, segment, is_reported_to_bureau, contacts,
                    customer: CustomerId([0; 16]),
                };
                let row = table.decide(&input);
                prop_assert_eq!(row.is_none(), covers(&findings, &input), "{:?}", input);
                deciding.extend(row.map(|row| row.id.clone()));
            }
        }
        for row in &table.rows {
            let is_dead = findings.iter().any(|finding| match finding {
                Finding::NeverDecides { row: dead, .. } => *dead == row.id,
                Finding::Gap { .. } | Finding::Overlap { .. } => false,
            });
            prop_assert_eq!(is_dead, !deciding.contains(&row.id), "row {}", row.id);
        }
    }
}

#[test]
fn an_arm_or_a_number_of_contacts_that_no_row_speaks_of_is_a_gap() {
    let arm = |name: &str| Arm { name: name.to_owned(), share_millionths: 500_000 };
    let mut table = table(vec![
        Matches {
            trial: Some(TrialMatch { trial: "quiet".to_owned(), arms: vec!["holdout".to_owned()] }),
            ..everything()
        },
        Matches { contacts: Span { from: None, through: Some(3) }, ..everything() },
    ]);
    table.settings.trials =
        vec![Trial { name: "quiet".to_owned(), arms: vec![arm("holdout"), arm("treated")] }];
    let findings: Vec<String> = check(&table, &buckets()).iter().map(Finding::to_string).collect();
    expect![[r#"
        no row answers for M0 and M1 and M2, >=-3 days past due, >=4 contacts made, trial quiet=treated
        rows r1 and r2 both match M0 and M1 and M2, >=-3 days past due, <=3 contacts made, trial quiet=holdout; r1 decides"#]]
    .assert_eq(&findings.join("\n"));
}

#[test]
fn two_hundred_rows_leave_a_bounded_number_of_boxes() {
    let matches = (0..200_i32).map(|index| Matches {
        days_past_due: Span { from: Some(index * 7 % 90), through: Some(index * 7 % 90 + 20) },
        balance_minor: Span {
            from: Some(i64::from(index) * 1_313 % 9_000),
            through: Some(i64::from(index) * 1_313 % 9_000 + 700),
        },
        reported_to_bureau: [None, Some(true), Some(false)][(index % 3).unsigned_abs() as usize],
        ..everything()
    });
    let table = table(matches.collect());
    let findings = check(&table, &buckets());
    let gaps = findings.iter().filter(|finding| matches!(finding, Finding::Gap { .. })).count();
    assert!((1..2_000).contains(&gaps), "{gaps} gaps");
}

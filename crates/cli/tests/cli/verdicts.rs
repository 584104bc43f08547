//! Every reason can be produced, and `docs/verdicts.md` tells what each means and what staff do.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use dunlin_domain::contact::Language;
use dunlin_domain::reason::Reason;
use dunlin_domain::strategy::SILENCE_REASONS;
use expect_test::expect;

use crate::lessons::{ROOT, tests_under};
use crate::support::Place;

/// The cells of the rows of the document whose first cell is a code in backticks.
fn rows() -> Vec<Vec<String>> {
    let text = fs::read_to_string(Path::new(ROOT).join("docs/verdicts.md")).expect("the verdicts");
    let rows = text.lines().filter(|line| line.starts_with("| `"));
    let cells = |line: &str| -> Vec<String> {
        line.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`').to_owned()).collect()
    };
    rows.map(cells).collect()
}

#[test]
fn the_document_tells_of_every_reason_what_it_means_and_what_staff_do() {
    let rows = rows();
    for reason in Reason::ALL {
        let row = rows.iter().find(|row| row[0] == reason.code());
        let row = row.unwrap_or_else(|| panic!("docs/verdicts.md has no row for {reason}"));
        let words = [Language::Zh, Language::En].map(|language| reason.sentence(language));
        assert_eq!([row[1].as_str(), row[2].as_str()], words, "{reason}");
        assert!(!row[3].is_empty(), "{reason}: what do staff do?");
    }
    let known = |row: &&Vec<String>| row[0].contains('.') && Reason::parse(&row[0]).is_none();
    assert_eq!(rows.iter().find(known), None, "a row speaks of a reason that is not there");
}

#[test]
fn every_family_of_reasons_has_a_scenario_that_is_there() {
    let mut tests = BTreeSet::new();
    tests_under(&Path::new(ROOT).join("crates"), &mut tests);
    let rows = rows();
    let families: BTreeSet<&str> = Reason::ALL.iter().map(|reason| reason.family()).collect();
    for family in families {
        let row = rows.iter().find(|row| row[0] == family);
        let row = row.unwrap_or_else(|| panic!("docs/verdicts.md names no scenario for {family}"));
        assert!(tests.contains(&row[2]), "there is no test {}", row[2]);
    }
}

/// One customer for each reason that a strategy may choose, each in a segment of its own.
fn place_of_all_reasons() -> Place {
    let place = Place::with_portfolio();
    let each = |line: &dyn Fn(usize) -> String| (0..SILENCE_REASONS.len()).map(line).collect::<String>();
    let customers = each(&|n| format!("C-{n},Name {n},en,s{n}\n"));
    place.write("may/customers.csv", format!("customer_id,name,language,segment\n{customers}"));
    let points = each(&|n| format!("E-{n},C-{n},email,c{n}@example.com\n"));
    place.write("may/contact_points.csv", format!("contact_point_id,customer_id,kind,value\n{points}"));
    let agreements = each(&|n| format!("A-{n},C-{n},baitiao,CNY,2026-01-05,8000.00,15\n"));
    let head = "agreement_id,customer_id,product,currency,opened_on,credit_limit,statement_day\n";
    place.write("may/agreements.csv", format!("{head}{agreements}"));
    let purchases = each(&|n| format!("B-{n},A-{n},2026-01-08,300.00,0\n"));
    let head = "purchase_id,agreement_id,purchased_on,amount,instalment_count\n";
    place.write("may/purchases.csv", format!("{head}{purchases}"));
    place.write("may/payments.csv", "payment_id,agreement_id,paid_on,amount,reverses\n");
    place.run(&["import", "may"]).check_exit(0);
    let rows = each(&|n| format!("r{n},-,-,-,s{n},-,{},-,-,-,1\n", SILENCE_REASONS[n]));
    let segments = (0..SILENCE_REASONS.len()).map(|n| format!("s{n}")).collect::<Vec<_>>().join(" ");
    let head = "# kind: strategy\n# name: standard\n# version: 9\n# effective_from: 2020-01-01\n# author: one\n\
        # approver: two\n# title_zh: 测试\n# title_en: test\n# currency: CNY\n# days_past_due: >=-3\n";
    let columns =
        "id,bucket,days_past_due,balance,segment,reported,action,channels,template,tone,next_days\n";
    place.write("s.csv", format!("{head}# segments: {segments}\n{columns}{rows}"));
    place.run(&["policy", "import", "s.csv"]).check_exit(0);
    place.run(&["policy", "approve", "strategy/standard@9", "--actor", "second"]).check_exit(0);
    place.run(&["day", "--date", "2026-01-24"]).check_exit(0);
    place.run(&["day", "--through", "2026-01-26"]).check_exit(0);
    place
}

#[test]
fn every_reason_that_a_strategy_may_choose_reaches_the_verdict() {
    let place = place_of_all_reasons();
    for (number, reason) in SILENCE_REASONS.iter().enumerate() {
        let why = place.json(&["why", &format!("A-{number}"), "--on", "2026-01-25"]);
        assert_eq!(why["reason"], reason.code());
        // What the customer is told names no model, trial or thought of the lender's.
        let told = why["customer"].to_string();
        assert!(!["model", "trial", "模型", "试验"].iter().any(|word| told.contains(word)), "{told}");
    }
    place.run(&["coverage", "--on", "2026-01-25", "--by", "product,bucket,channel"]).check(expect![[r#"
        exit 0
        2026-01-25: 11 overdue agreement-days: 0 contacted (0 delivered, 0 pending), 11 silent (0 of them after a failed message), 0 unexplained
         reason                                                  agreement-days   share
        ───────────────────────────────────────────────────────────────────────────────────────────────────────────
         waiting                  policy.wait                                 1   9.1 %   ████████████████████████
         gentler line             policy.gentle                               1   9.1 %   ████████████████████████
         small amount             policy.small_balance                        1   9.1 %   ████████████████████████
         not worth a contact      policy.economy                              1   9.1 %   ████████████████████████
         lender's reputation      policy.reputation                           1   9.1 %   ████████████████████████
         in line with others      policy.competition                          1   9.1 %   ████████████████████████
         customer experience      policy.experience                           1   9.1 %   ████████████████████████
         reported to bureau       bureau.calls_reduced                        1   9.1 %   ████████████████████████
         trial: not contacted     trial.holdout                               1   9.1 %   ████████████████████████
         pays without contact     model.pays_without_contact                  1   9.1 %   ████████████████████████
         contact would not help   model.contact_would_not_help                1   9.1 %   ████████████████████████
         product   bucket   channel   overdue_days   contacted   delivered   pending   silent   failed   unexplained
        ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
         baitiao   M1       -                   11           0           0         0       11        0             0
    "#]]);
    let by_day =
        place.json(&["coverage", "--from", "2026-01-25", "--through", "2026-01-26", "--by", "day,reason"]);
    let groups = by_day["groups"].as_array().expect("groups");
    let sum: u64 = groups.iter().filter_map(|group| group["overdue_days"].as_u64()).sum();
    assert_eq!((groups.len(), sum), (2 * SILENCE_REASONS.len(), 2 * SILENCE_REASONS.len() as u64));
    let csv = ["coverage", "--on", "2026-01-25", "--by", "reason,strategy", "--csv", "out.csv"];
    place.run(&csv).check_exit(0);
    expect![[r#"
        reason,strategy,overdue_days,contacted,delivered,pending,silent,failed,unexplained
        bureau.calls_reduced,standard@9,1,0,0,0,1,0,0
        model.contact_would_not_help,standard@9,1,0,0,0,1,0,0
        model.pays_without_contact,standard@9,1,0,0,0,1,0,0
        policy.competition,standard@9,1,0,0,0,1,0,0
        policy.economy,standard@9,1,0,0,0,1,0,0
        policy.experience,standard@9,1,0,0,0,1,0,0
        policy.gentle,standard@9,1,0,0,0,1,0,0
        policy.reputation,standard@9,1,0,0,0,1,0,0
        policy.small_balance,standard@9,1,0,0,0,1,0,0
        policy.wait,standard@9,1,0,0,0,1,0,0
        trial.holdout,standard@9,1,0,0,0,1,0,0
    "#]]
    .assert_eq(&place.read("out.csv"));
}

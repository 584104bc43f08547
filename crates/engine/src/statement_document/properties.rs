//! Any history of all kinds of facts gives statements that add up.

use dunlin_domain::date::Date;
use dunlin_domain::money::{Currency, Money, Rate};
use dunlin_domain::terms::{
    Component, FeeLimits, FeeOnFee, LateFeeTerms, OnceAmount, OnceFee, ServiceFee, Terms,
};
use dunlin_store::agreement::StoredFact;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use super::tests::{History, date, terms};
use super::{Knowledge, Movement, Source, StatementDocument, cut_offs};

/// Facts of every kind on any day of four months, known at once or up to fifty days later. What a fact says beside
/// its amount comes from `pick`.
fn any_history() -> impl Strategy<Value = String> {
    let kind = prop_oneof![
        6 => Just("purchase"),
        5 => Just("payment"),
        1 => Just("obligation"),
        1 => Just("charge"),
        2 => Just("refund"),
        2 => Just("waiver"),
        2 => Just("reversal"),
        1 => Just("withdrawal"),
        2 => Just("statement_plan"),
        1 => Just("reschedule"),
        1 => Just("payoff"),
        1 => Just("credit_refund"),
        1 => Just("ageing_pause"),
        1 => Just("ageing_resume"),
        1 => Just("fee_freeze"),
        1 => Just("charge_off"),
        1 => Just("write_off"),
        1 => Just("sale"),
    ];
    let fact = (0_i32..120, kind, 1_u32..300_000, any::<u32>(), prop_oneof![3 => Just(0), 1 => 0_i32..50]);
    prop::collection::vec(fact, 1..16).prop_map(|facts| {
        let mut lines: Vec<String> = Vec::new();
        for (index, (day, kind, minor, pick, delay)) in facts.into_iter().enumerate() {
            let on = date("2026-01-01").plus_days(day);
            if let Some(line) = any_fact(&lines, kind, on, minor, pick) {
                lines.push(format!("{on} {kind} F-{index} {line} learned {}", on.plus_days(delay)));
            }
        }
        lines.join("\n")
    })
}

/// Amount and options of a fact; `None` where it would need another one that is not there.
fn any_fact(lines: &[String], kind: &str, on: Date, minor: u32, pick: u32) -> Option<String> {
    let amount = format!("{}.{:02}", minor / 100, minor % 100);
    let earlier = |kinds: &[&str]| {
        let found: Vec<&str> = lines
            .iter()
            .filter_map(|line| {
                let words: Vec<&str> = line.split(' ').collect();
                kinds.contains(&words[1]).then(|| words[2])
            })
            .collect();
        (!found.is_empty()).then(|| found[pick as usize % found.len()].to_owned())
    };
    let plan = [0, 3, 6, 12][pick as usize % 4];
    let named = earlier(&["purchase", "statement_plan"]).filter(|_| pick.is_multiple_of(2));
    let of = |target: Option<String>| target.map_or_else(String::new, |target| format!(" of {target}"));
    let part = Component::ALL[pick as usize % Component::ALL.len()];
    Some(match kind {
        "purchase" => format!("{amount} plan {plan}"),
        "payment" => {
            let mode = ["advance", "shorten", "lower"][pick as usize % 3];
            let only = if pick.is_multiple_of(5) { format!(" only {part}") } else { String::new() };
            format!("{amount}{} mode {mode}{only}", of(named))
        }
        "obligation" => format!("{amount} due {} part {part}", on.plus_days(20)),
        "charge" => {
            let due =
                if pick.is_multiple_of(2) { format!(" due {}", on.plus_days(9)) } else { String::new() };
            let part = if pick.is_multiple_of(3) { "late_fee" } else { "charge" };
            format!("{}.00{due} part {part}{}", minor / 10_000, of(named))
        }
        "refund" => format!("{amount} of {}", earlier(&["purchase"])?),
        "waiver" => {
            let only = if pick.is_multiple_of(3) { String::new() } else { format!(" only {part}") };
            format!("{}.00{only}", minor / 10_000)
        }
        "reversal" => format!("0.00 of {}", earlier(&["payment", "payoff"])?),
        "withdrawal" => format!(
            "0.00 of {}",
            earlier(&[
                "purchase",
                "payment",
                "obligation",
                "charge",
                "refund",
                "waiver",
                "statement_plan",
                "reschedule",
                "payoff",
                "reversal",
                "write_off"
            ])?
        ),
        "statement_plan" => format!("{amount} plan {}", plan.max(3)),
        "reschedule" => format!("0.00 plan {plan}{}", of(named)),
        "payoff" => format!("{amount}{}", of(named)),
        "credit_refund" => format!("{}.00", minor / 1_000),
        "ageing_pause" | "fee_freeze" => format!("0.00 through {}", on.plus_days(10)),
        // So that a history is not often over before it began.
        "write_off" | "sale" if !pick.is_multiple_of(3) => return None,
        "sale" => amount,
        _ => "0.00".to_owned(),
    })
}

/// A product with all there is: interest, fees charged once, limits, a service fee, and shares of all kinds.
fn any_terms(pick: u32) -> Terms {
    let product = ["baitiao", "card", "term-loan"][pick as usize % 3];
    let mut terms = terms(product);
    let money = |minor| Some(Money::new(minor, Currency::CNY));
    if pick.is_multiple_of(2) {
        terms.late_fee = terms.late_fee.map(|fee| LateFeeTerms {
            cap_share: Some(Rate::from_millionths(10_000)),
            limits: FeeLimits { minimum: money(100), lifetime: money(2_000), ..fee.limits },
            ..fee
        });
    }
    if pick.is_multiple_of(5) && terms.late_fee.is_some() {
        terms.once_fees =
            vec![OnceFee { after_days: 3, amount: OnceAmount::Fixed(Money::new(500, Currency::CNY)) }];
    }
    if pick.is_multiple_of(7) {
        let rate_per_day = Rate::from_millionths(500);
        terms.service_fee = Some(ServiceFee { rate_per_day, fee_on_fee: FeeOnFee::Never });
    }
    if pick.is_multiple_of(3) {
        for offer in &mut terms.instalments {
            offer.interest_per_year = Rate::from_millionths(120_000);
        }
    }
    terms
}

/// The movements of a statement are never below zero, its entries come to them, and each document says them.
fn check_statement(statement: &StatementDocument) -> Result<(), TestCaseError> {
    let movements = statement.balance.movements();
    let (mut debits, mut credits) = (0, 0);
    for movement in Movement::ALL {
        let minor = movements.get(movement).minor();
        prop_assert!(minor >= 0, "{movement:?} {minor}");
        if movement.is_credit() { credits += minor } else { debits += minor }
    }
    let entries: i64 = statement.entries.iter().map(|entry| entry.amount.minor()).sum();
    prop_assert_eq!(entries, debits - credits);
    let rises = statement.late_fees.iter().map(|fee| fee.in_period.minor().max(0)).sum::<i64>();
    prop_assert_eq!(rises, movements.get(Movement::LateFee).minor());
    for fee in &statement.late_fees {
        let whole = fee.exact.round(fee.rounding, statement.currency).expect("it fits");
        let slack = i64::from(fee.fee_count);
        let has_cause = fee.limit.is_some() || fee.grace_days.is_some();
        let is_told = has_cause || (whole.minor() - fee.charged.minor()).abs() <= slack;
        prop_assert!(is_told, "{fee:?}");
    }
    if let Some(line) = statement.minimum {
        let wanted = line.share_amount.minor().max(line.floor.minor());
        prop_assert!(line.minimum.minor() <= wanted);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever happened and whenever it was learned: each statement adds up, goes on from the one before, and is
    /// the same when it is derived again after more is known.
    #[test]
    fn any_history_gives_a_chain_of_statements(history in any_history(), pick in any::<u32>()) {
        let mut history = History::new("baitiao", &history);
        history.terms = any_terms(pick);
        let source = history.source();
        for knowledge in [Knowledge::AtCutOff, Knowledge::Now] {
            let mut previous = Money::zero(Currency::CNY);
            for day in cut_offs(source.terms, source.opened_on, date("2026-08-01")) {
                let statement = source.statement(day, knowledge);
                prop_assert!(statement.is_ok(), "{day} {knowledge:?}: {statement:?}");
                let Ok(Some(statement)) = statement else {
                    prop_assert!(previous.is_zero());
                    continue;
                };
                prop_assert_eq!(statement.balance.previous(), previous);
                previous = statement.balance.new_balance();
                check_statement(&statement)?;
                if knowledge == Knowledge::Now {
                    prop_assert!(statement.late_facts.is_empty());
                    continue;
                }
                let known: Vec<StoredFact> = history.facts.iter()
                    .filter(|stored| stored.fact.learned_at <= statement.known_at.expect("a moment"))
                    .cloned().collect();
                let then = Source { facts: &known, product: source.product.clone(),
                    product_title: source.product_title.clone(), ..history.source() };
                prop_assert_eq!(then.statement(day, knowledge), Ok(Some(statement)));
            }
        }
    }
}

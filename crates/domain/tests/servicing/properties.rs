//! What holds for every history, under products of every kind.

use dunlin_domain::amounts::Amounts;
use dunlin_domain::due_table::DueTable;
use dunlin_domain::fact::{Fact, FactKind, Prepayment};
use dunlin_domain::money::{Currency, Money};
use dunlin_domain::position::{Position, fold, standing_facts};
use dunlin_domain::schedule::Method;
use dunlin_domain::terms::{
    AdvanceTarget, AllocationPreset, Component, CureRule, DaysPastDueConvention, FeeLimits, FeeOnFee,
    InterestBasis, LateFeeTerms, OnceAmount, OnceFee, OverdueMeasure, ServiceFee, Terms,
};
use dunlin_domain::trace::Event;
use proptest::prelude::*;

use crate::support::*;

const DAYS: i32 = 150;

fn any_kind() -> impl Strategy<Value = FactKind> {
    prop_oneof![
        5 => Just(FactKind::Purchase),
        6 => Just(FactKind::Payment),
        2 => Just(FactKind::Charge),
        1 => Just(FactKind::Obligation),
        1 => Just(FactKind::Refund),
        2 => Just(FactKind::Waiver),
        1 => Just(FactKind::Payoff),
        1 => Just(FactKind::Reschedule),
        1 => Just(FactKind::AgeingPause),
        1 => Just(FactKind::AgeingResume),
        1 => Just(FactKind::FeeFreeze),
        1 => Just(FactKind::StatementPlan),
        1 => Just(FactKind::CreditRefund),
        1 => Just(FactKind::Return),
        1 => Just(FactKind::Reversal),
        1 => Just(FactKind::Withdrawal),
        1 => Just(FactKind::ChargeOff),
        1 => Just(FactKind::WriteOff),
        1 => Just(FactKind::Sale),
    ]
}

fn any_history() -> impl Strategy<Value = Vec<Fact>> {
    let some_component = prop::option::of(prop::sample::select(Component::ALL.to_vec()));
    let some_mode = prop::option::of(prop::sample::select(Prepayment::ALL.to_vec()));
    let line = (any_kind(), 0..110_i32, 1..200_000_i64, 0..12_usize, some_component, some_mode, 0..40_i32);
    prop::collection::vec(line, 1..12).prop_map(|lines| {
        let mut history = facts(&"2023-01-01 payment 0.01\n".repeat(lines.len()));
        for (fact, (kind, day, minor, target, only, mode, days)) in history.iter_mut().zip(lines) {
            fact.kind = kind;
            fact.value_on = opened_on().plus_days(day);
            let amount = if kind.needs_amount() || kind == FactKind::Payoff { minor } else { 0 };
            fact.amount = Money::new(amount, Currency::CNY);
            // Default charges are as likely as others.
            let by_itself = if days % 4 == 0 { Component::LateFee } else { Component::Charge };
            fact.component = only.unwrap_or(by_itself);
            fact.detail.only = only;
            fact.detail.prepayment = mode.filter(|_| kind == FactKind::Payment);
            fact.detail.through = Some(fact.value_on.plus_days(days));
            fact.instalment_count = if days % 2 == 0 { 12 } else { 0 };
            let has_due_date = matches!(kind, FactKind::Obligation | FactKind::Charge) && days % 3 > 0;
            fact.due_on = has_due_date.then(|| fact.value_on.plus_days(days - 5));
            let names_target = kind.is_undoing() || target < 4;
            fact.target = names_target.then(|| id(&target.to_string()));
        }
        history
    })
}

fn any_terms() -> impl Strategy<Value = Terms> {
    let flags = prop::collection::vec(prop::bool::ANY, 10);
    let methods = prop::sample::select(Method::ALL.to_vec());
    let orders = prop::option::of(prop::sample::select(AllocationPreset::ALL.to_vec()));
    let targets = prop::sample::select(AdvanceTarget::ALL.to_vec());
    let cures = prop::sample::select(CureRule::ALL.to_vec());
    (0..4_u8, flags, methods, orders, targets, cures).prop_map(
        |(base, flags, method, order, target, cure)| {
            let mut terms = match base {
                0 => line(),
                1 => loan(method, 4, "9%"),
                2 => loan_by_the_day(),
                _ => quarters(),
            };
            let flag = |index: usize| flags.get(index).copied().unwrap_or(false);
            terms.late_fee = line().late_fee;
            let limits = FeeLimits {
                minimum: flag(0).then(|| money("1.00")),
                per_day: flag(1).then(|| money("0.40")),
                per_statement: flag(2).then(|| money("9.00")),
                lifetime: flag(3).then(|| money("12.34")),
                per_year: flag(4).then(|| percent("24%")),
            };
            terms.late_fee = terms.late_fee.map(|fee| LateFeeTerms { limits, ..fee });
            if flag(5) {
                terms.once_fees = vec![OnceFee { after_days: 3, amount: OnceAmount::Fixed(money("2.00")) }];
            }
            if flag(6) {
                terms.service_fee =
                    Some(ServiceFee { rate_per_day: percent("0.05%"), fee_on_fee: FeeOnFee::Never });
            }
            if flag(7) {
                terms.days_past_due = DaysPastDueConvention::DueDateIsOne;
            }
            if flag(8) {
                terms.overdue = OverdueMeasure::Minimum;
            }
            if flag(9) && base == 1 && method == Method::EqualPrincipal {
                billing(&mut terms).interest = InterestBasis::DailyRest;
            }
            if flag(9) && base == 2 {
                billing(&mut terms).interest = InterestBasis::DailyRestUntilPaid;
            }
            terms.order = order.map(AllocationPreset::order);
            if let Some(order) = &mut terms.order {
                order.in_advance = target;
            }
            (terms.behind.cure, terms.behind.on_time_periods) = (cure, 2);
            terms
        },
    )
}

fn minor(money: Money) -> i128 {
    i128::from(money.minor())
}

proptest! {
    // Each history is folded 150 times.
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn going_on_day_by_day_gives_the_same_as_folding_at_once(history in any_history(), terms in any_terms()) {
        let mut standing = standing_facts(&history, opened_on());
        let mut step_by_step = Position::opened(&terms, opened_on());
        for day in 0..DAYS {
            let today = opened_on().plus_days(day);
            if history.iter().any(|fact| fact.kind.is_undoing() && fact.value_on == today) {
                standing = standing_facts(&history, today);
                step_by_step = Position::opened(&terms, opened_on());
            }
            step_by_step.advance(&terms, &standing, today, &mut |_| {}).unwrap();
            let at_once = fold(&terms, opened_on(), &history, today, &mut |_| {}).unwrap();
            prop_assert_eq!(&step_by_step, &at_once);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn facts_that_arrive_in_another_order_give_the_same(history in any_history(), terms in any_terms(), turn in 0..12_usize) {
        let mut other = history.clone();
        other.rotate_left(turn % history.len());
        other.reverse();
        let day = opened_on().plus_days(DAYS);
        let left = fold(&terms, opened_on(), &history, day, &mut |_| {}).unwrap();
        let right = fold(&terms, opened_on(), &other, day, &mut |_| {}).unwrap();
        prop_assert_eq!(left, right);
    }

    #[test]
    fn money_in_is_cleared_recovered_paid_out_or_credit(history in any_history(), terms in any_terms()) {
        let position = fold(&terms, opened_on(), &history, opened_on().plus_days(DAYS), &mut |_| {}).unwrap();
        let totals = &position.totals;
        let received = minor(totals.paid) + minor(totals.refunded);
        let from_credit = minor(totals.credit_paid_out) - minor(totals.overpaid_out);
        let used = minor(totals.allocated.total().unwrap()) + minor(totals.recovered) + from_credit;
        prop_assert_eq!(received, used + minor(position.credit));
    }

    #[test]
    fn the_table_of_a_letter_adds_up_to_what_messages_name(
        history in any_history(), terms in any_terms(), day in 0..DAYS
    ) {
        let position = fold(&terms, opened_on(), &history, opened_on().plus_days(day), &mut |_| {}).unwrap();
        let arrears = position.arrears(&terms).unwrap();
        let named = minor(arrears.overdue) + minor(arrears.late_fee);
        let Some(table) = DueTable::of(&position, &terms).unwrap() else {
            prop_assert_eq!(named, 0);
            return Ok(());
        };
        prop_assert_eq!(minor(table.sums.total), named);
        prop_assert_eq!(table.lines.iter().map(|line| minor(line.total)).sum::<i128>(), named);
        for line in &table.lines {
            let parts = [line.principal, line.interest, line.fees, line.minimum, line.late_fee];
            prop_assert_eq!(parts.into_iter().map(minor).sum::<i128>(), minor(line.total));
        }
    }

    #[test]
    fn what_was_charged_and_not_settled_is_owed(history in any_history(), terms in any_terms()) {
        let day = opened_on().plus_days(DAYS);
        let position = fold(&terms, opened_on(), &history, day, &mut |_| {}).unwrap();
        let totals = &position.totals;
        let sum = |amounts: &dunlin_domain::amounts::Amounts| minor(amounts.total().unwrap());
        let charged = minor(totals.purchased) + sum(&totals.loaded) + sum(&totals.billed_fees) + sum(&totals.charged)
            + minor(position.late_fee_charged(&terms).unwrap()) + minor(totals.overpaid_out);
        let settled = sum(&totals.allocated) + minor(totals.waived) + sum(&totals.waived_billed)
            + sum(&totals.written_off) + sum(&totals.sold);
        let service: i128 = position.statements.iter().map(|one| minor(one.service_unbilled(&terms, day).unwrap())).sum();
        prop_assert_eq!(charged - settled, minor(position.owed(&terms).unwrap()) - service);
    }

    #[test]
    fn nothing_but_days_and_late_fees_changes_before_the_next_change(history in any_history(), terms in any_terms()) {
        let from = opened_on().plus_days(112);
        let position = fold(&terms, opened_on(), &history, from, &mut |_| {}).unwrap();
        let next = position.next_change_on(&terms).unwrap();
        let (before, daily) = (position.arrears(&terms).unwrap(), position.late_fee_daily(&terms).unwrap());
        let total = position.late_fee_total(&terms).unwrap();
        for days in 1..40 {
            let today = from.plus_days(days);
            if today >= next { break }
            let mut later = position.clone();
            later.advance(&terms, &[], today, &mut |_| {}).unwrap();
            prop_assert_eq!(later.late_fee_total(&terms).unwrap().0, total.0 + daily.0 * i128::from(days));
            let now = later.arrears(&terms).unwrap();
            prop_assert_eq!(now.bucket_index, before.bucket_index);
            prop_assert_eq!(now.overdue_due_on, before.overdue_due_on);
            prop_assert_eq!(now.overdue, before.overdue);
            prop_assert_eq!(&later.totals, &position.totals);
        }
    }

    #[test]
    fn no_late_fee_is_above_its_limits(history in any_history(), terms in any_terms()) {
        let day = opened_on().plus_days(DAYS);
        let position = fold(&terms, opened_on(), &history, day, &mut |_| {}).unwrap();
        let limits = terms.late_fee.unwrap().limits;
        for statement in &position.statements {
            let charged = statement.late_fee_charged(&terms, day).unwrap();
            if let Some(limit) = limits.per_statement {
                prop_assert!(charged.minor() <= limit.minor());
            }
        }
        if let Some(limit) = limits.lifetime {
            // Each fee is rounded for itself, so the sum of the rounded may be a cent a fee above the exact one.
            let exact = position.late_fee_total(&terms).unwrap().0;
            let slack = 1_000_000 * i128::try_from(history.len() + position.statements.len()).unwrap();
            prop_assert!(exact <= minor(limit) * 1_000_000 + slack);
        }
    }

    #[test]
    fn an_undone_payment_never_was(history in any_history(), terms in any_terms()) {
        let day = opened_on().plus_days(DAYS);
        let mut with = facts("2023-02-01 payment 123.45\n2023-03-01 return 0.00 of=0");
        for (index, fact) in with.iter_mut().enumerate() {
            fact.id = id(&format!("more {index}"));
        }
        with[1].target = Some(with[0].id);
        with.extend(history.iter().cloned());
        let left = fold(&terms, opened_on(), &with, day, &mut |_| {}).unwrap();
        let right = fold(&terms, opened_on(), &history, day, &mut |_| {}).unwrap();
        prop_assert_eq!(left, right);
    }

    /// Nothing happens after day 110: what is behind is a day older each day, but for pauses and buckets that stay.
    #[test]
    fn days_past_due_grow_by_one_a_day_in_every_history(history in any_history(), terms in any_terms()) {
        let mut position = fold(&terms, opened_on(), &history, opened_on().plus_days(112), &mut |_| {}).unwrap();
        let mut before = position.arrears(&terms).unwrap();
        for day in 113..DAYS {
            let today = opened_on().plus_days(day);
            let is_paused = position.pauses.iter().any(|pause| pause.from < today && today <= pause.through);
            position.advance(&terms, &[], today, &mut |_| {}).unwrap();
            let now = position.arrears(&terms).unwrap();
            if before.days_past_due > 0 && now.overdue_due_on == before.overdue_due_on {
                let expected = before.days_past_due + i32::from(!is_paused);
                prop_assert_eq!(now.days_past_due, expected, "on {}", today);
            }
            before = now;
        }
    }

    /// What the fold tells of itself adds up to what is shown: payments, what they cleared, and what was given up.
    #[test]
    fn what_explain_tells_adds_up_to_what_it_shows(history in any_history(), terms in any_terms()) {
        let mut events = Vec::new();
        let day = opened_on().plus_days(DAYS);
        let position = fold(&terms, opened_on(), &history, day, &mut |event| events.push(event)).unwrap();
        let totals = &position.totals;
        let (mut paid, mut charged, mut waived) = (0, Amounts::zero(Currency::CNY), 0);
        let (mut purchased, mut paid_out) = (0, 0);
        for event in &events {
            match event {
                Event::Payment { amount, .. } | Event::Payoff { amount, .. } => paid += minor(*amount),
                Event::Purchase { amount, .. } => purchased += minor(*amount),
                Event::Charge { component, amount, .. } => charged.add(*component, *amount).unwrap(),
                Event::Waived { amount, .. } => waived += minor(*amount),
                Event::CreditPaidOut { amount, .. } => paid_out += minor(*amount),
                _ => {}
            }
        }
        prop_assert_eq!(paid, minor(totals.paid));
        prop_assert_eq!(purchased, minor(totals.purchased));
        prop_assert_eq!(charged, totals.charged);
        prop_assert_eq!(waived, minor(totals.waived) + minor(totals.waived_billed.total().unwrap()));
        prop_assert_eq!(paid_out, minor(totals.credit_paid_out));
    }

    /// Late fee, fees charged once, default charges and contract interest that goes on: together no more than a 365th of the
    /// ceiling a day on the base. The days are counted here again, from the fold's own account of its segments.
    #[test]
    fn default_items_together_are_never_above_the_yearly_ceiling(history in any_history(), terms in any_terms()) {
        let day = opened_on().plus_days(DAYS);
        let position = fold(&terms, opened_on(), &history, day, &mut |_| {}).unwrap();
        let Some(per_year) = terms.late_fee.unwrap().limits.per_year else { return Ok(()) };
        let fee = terms.late_fee.unwrap();
        for statement in &position.statements {
            let exact = statement.late_fee_exact(&terms, day).unwrap().0;
            if exact == 0 {
                continue;
            }
            let base = minor(statement.late_fee_base(&fee, &terms).unwrap());
            let days = i128::from(statement.late_fee.counted_days(day));
            let base_days = statement.late_fee.base_days + base * days;
            let interest = i128::from(statement.late_fee.interest_per_year.millionths());
            let others = minor(statement.late_fee.other) * 1_000_000;
            // In 365ths, so that nothing is rounded here.
            prop_assert!((exact + others) * 365 + base_days * interest <= base_days * i128::from(per_year.millionths()));
        }
    }
}

//! The ledger over whole histories: what each account stands at follows from the position, whatever happened and in
//! whatever order it was learned of.

use std::collections::BTreeMap;

use dunlin_domain::date::{BusinessDate, Date, MonthDay, Timestamp};
use dunlin_domain::fact::{Fact, FactKind, Prepayment};
use dunlin_domain::id::{AgreementId, FactId};
use dunlin_domain::ledger::{
    Booked, Change, LedgerRole, Posting, Sphere, is_suspended, postings, suspends_on,
};
use dunlin_domain::money::{Currency, Money, Rate, Rounding};
use dunlin_domain::position::{Position, fold};
use dunlin_domain::schedule::PlanTerms;
use dunlin_domain::terms::{
    AllocationScope, BehindTerms, Billing, Bucket, Component, DaysPastDueConvention, DueRule, FeeLimits,
    FeeOnFee, GraceEnd, InstalmentOffer, LateFeeBase, LateFeeTerms, MinimumPayment, OverdueMeasure,
    ServiceFee, Terms,
};
use expect_test::{Expect, expect};
use proptest::prelude::*;

/// Days past due from which nothing accrues into income.
const SUSPENDS_FROM: i32 = 91;
const OPENED_ON: &str = "2026-01-01";

fn date(text: &str) -> Date {
    Date::parse(text).expect("a day of the calendar")
}

/// Statement on the 1st, due on the 10th, 0.05 % a day on what is unpaid; late fees are cleared first.
fn terms() -> Terms {
    let percent = |text: &str| Rate::parse_percent(text).expect("a percentage");
    Terms {
        product: "pay_later".to_owned(),
        version: 1,
        currency: Currency::CNY,
        statement_day: MonthDay::Day(1),
        due: DueRule::DayOfMonth(MonthDay::Day(10)),
        instalments: vec![InstalmentOffer {
            count: 3,
            fee_per_period: percent("0.5%"),
            interest_per_year: Rate::ZERO,
        }],
        plan: PlanTerms::PLAIN,
        minimum: MinimumPayment { share: percent("10%"), floor: Money::zero(Currency::CNY) },
        overdue: OverdueMeasure::StatementRest,
        late_fee: Some(LateFeeTerms {
            rate_per_day: percent("0.05%"),
            base: LateFeeBase::Principal,
            grace_days: 0,
            after_grace: GraceEnd::FromDueDate,
            cap_share: None,
            fee_on_fee: FeeOnFee::Charges,
            limits: FeeLimits::default(),
        }),
        allocation: vec![
            Component::LateFee,
            Component::Charge,
            Component::Interest,
            Component::InstalmentFee,
            Component::Principal,
        ],
        allocation_scope: AllocationScope::DueDateFirst,
        ageing_grace_days: 0,
        days_past_due: DaysPastDueConvention::DayAfterDueIsOne,
        buckets: vec![
            Bucket { name: "M0".to_owned(), from_days: 0 },
            Bucket { name: "M1".to_owned(), from_days: 1 },
        ],
        rounding: Rounding::HalfUp,
        billing: Billing::Statement,
        order: None,
        once_fees: Vec::new(),
        service_fee: None,
        behind: BehindTerms::standard(Currency::CNY),
        prepayment: Prepayment::Advance,
    }
}

/// An agreement's books over its days.
struct Books {
    terms: Terms,
    before: Option<(Position, Money, bool)>,
    change_index: u32,
    seen: usize,
    /// Debits less credits, minor units.
    balances: BTreeMap<LedgerRole, i128>,
    keys: std::collections::HashSet<[u8; 16]>,
}

impl Books {
    fn new() -> Self {
        let (balances, keys) = (BTreeMap::new(), std::collections::HashSet::new());
        Self { terms: terms(), before: None, change_index: 0, seen: 0, balances, keys }
    }

    /// Works a day on which `facts` are known, the first of which were known before.
    fn work(&mut self, on: Date, facts: &[Fact]) -> Vec<Posting> {
        let position = fold(&self.terms, date(OPENED_ON), facts, on, &mut |_| {}).expect("amounts fit");
        let arrears = position.arrears(&self.terms).expect("amounts fit");
        let zero = Money::zero(Currency::CNY);
        let (posted_before, was_suspended) =
            self.before.as_ref().map_or((zero, false), |(_, posted, suspended)| (*posted, *suspended));
        let moved = self.before.as_ref().is_none_or(|(before, ..)| {
            before.totals != position.totals || before.statements.len() != position.statements.len()
        });
        let posted = match moved {
            true => position.late_fee_charged(&self.terms).expect("amounts fit"),
            false => posted_before,
        };
        let suspended = is_suspended(was_suspended, &arrears, Some(SUSPENDS_FROM));
        let change = Change {
            agreement: AgreementId::of_external("A-1"),
            business_date: BusinessDate(on),
            change_index: self.change_index,
            facts: &facts[self.seen..],
        };
        let before = self.before.as_ref().map(|(position, posted, suspended)| Booked {
            totals: &position.totals,
            late_fee_posted: *posted,
            is_suspended: *suspended,
        });
        let after = Booked { totals: &position.totals, late_fee_posted: posted, is_suspended: suspended };
        let made = postings(change, before, after).expect("amounts fit");
        for posting in &made {
            let minor = i128::from(posting.amount.minor());
            assert!(minor > 0, "{posting:?}");
            assert!(self.keys.insert(posting.key.0), "a key twice: {posting:?}");
            *self.balances.entry(posting.debit).or_default() += minor;
            *self.balances.entry(posting.credit).or_default() -= minor;
        }
        self.check(&position, after);
        self.change_index += 1;
        self.seen = facts.len();
        self.before = Some((position, posted, suspended));
        made
    }

    /// Every account that follows from the position stands at what the position says.
    fn check(&self, position: &Position, booked: Booked<'_>) {
        let balance = |role: LedgerRole| self.balances.get(&role).copied().unwrap_or(0);
        let minor = |money: Money| i128::from(money.minor());
        let on = position.as_of;
        let charged_off = balance(LedgerRole::ReceivableChargedOff);
        let principal = minor(position.principal().expect("fits"));
        assert_eq!(balance(LedgerRole::ReceivablePrincipal) + charged_off, principal, "{on}");
        assert_eq!(-balance(LedgerRole::CustomerCredit), minor(position.credit), "{on}");
        let totals = &position.totals;
        let cash = minor(totals.paid) - minor(totals.credit_paid_out) + minor(totals.sale_proceeds);
        assert_eq!(balance(LedgerRole::Cash), cash, "{on}");
        let lost = minor(totals.written_off.total().expect("fits"));
        assert_eq!(balance(LedgerRole::MemorandumWrittenOff), lost - minor(totals.recovered), "{on}");
        assert_eq!(-balance(LedgerRole::IncomeRecovery), minor(totals.recovered), "{on}");
        for component in Component::ALL {
            let open = minor(booked.open(*component).expect("fits"));
            let moved = if *component == Component::Principal { charged_off } else { 0 };
            assert_eq!(balance(LedgerRole::receivable(*component)) + moved, open, "{on} {component}");
            if let Some(role) = LedgerRole::suspended(*component) {
                let expected = if booked.is_suspended { open } else { 0 };
                assert_eq!(-balance(role), expected, "{on} {component}");
            }
        }
        assert_eq!(self.balances.values().sum::<i128>(), 0, "{on}: both sides are equal");
        let off = self.balances.iter().filter(|(role, _)| role.sphere() == Sphere::OffBalance);
        assert_eq!(
            off.map(|(_, minor)| minor).sum::<i128>(),
            0,
            "{on}: both sides off the balance sheet are equal"
        );
    }
}

fn fact(index: usize, kind: FactKind, on: &str, minor: i64) -> Fact {
    let id = FactId::of_external(&format!("fact {index}"));
    Fact::new(id, kind, date(on), Timestamp::from_micros(index as i64), Money::new(minor, Currency::CNY))
}

fn obligation(index: usize, on: &str, due: &str, component: Component, minor: i64) -> Fact {
    Fact { component, due_on: Some(date(due)), ..fact(index, FactKind::Obligation, on, minor) }
}

fn check(days: &[(&str, usize)], facts: &[Fact], expected: Expect) {
    let mut books = Books::new();
    let mut text = String::new();
    for (day, known) in days {
        for posting in books.work(date(day), &facts[..*known]) {
            let Posting { debit, credit, amount, cause, fact, .. } = posting;
            let place = facts.iter().position(|known| Some(known.id) == fact);
            let of = place.map_or_else(String::new, |place| format!(" of fact {place}"));
            text.push_str(&format!("{day} {cause}{of}: {debit} / {credit} {amount}\n"));
        }
    }
    expected.assert_eq(&text);
}

/// 1,000.00 due on 10 February at 0.50 a day. Through 11 May, day 90: 45.00, of which 10.00 are paid, so 35.00 are held
/// back on day 91. On 20 May 49.50 have accrued and 20.00 more are paid: earned when paid. On 1 June 55.50 have accrued
/// and the rest, 25.50 with the principal, is paid: nothing is held back any more.
#[test]
fn what_accrued_is_held_back_from_day_91_and_earned_when_it_is_paid() {
    let facts = [
        obligation(0, "2026-02-08", "2026-02-10", Component::Principal, 100_000),
        fact(1, FactKind::Payment, "2026-05-11", 1_000),
        fact(2, FactKind::Payment, "2026-05-20", 2_000),
        fact(3, FactKind::Payment, "2026-06-01", 102_550),
    ];
    let days =
        [("2026-02-08", 1), ("2026-05-11", 2), ("2026-05-12", 2), ("2026-05-20", 3), ("2026-06-01", 4)];
    check(
        &days,
        &facts,
        expect![[r#"
            2026-02-08 obligation of fact 0: receivable.principal / equity.portfolio_takeover 1000.00
            2026-05-11 payment of fact 1: cash.clearing / payable.customer_credit 10.00
            2026-05-11 late_fee of fact 1: receivable.late_fee / accrued.late_fee 45.00
            2026-05-11 allocation of fact 1: payable.customer_credit / receivable.late_fee 10.00
            2026-05-12 suspension: income.late_fee / suspended.late_fee 35.00
            2026-05-20 payment of fact 2: cash.clearing / payable.customer_credit 20.00
            2026-05-20 late_fee of fact 2: receivable.late_fee / suspended.late_fee 4.50
            2026-05-20 allocation of fact 2: payable.customer_credit / receivable.late_fee 20.00
            2026-05-20 recognition of fact 2: suspended.late_fee / income.late_fee 20.00
            2026-06-01 payment of fact 3: cash.clearing / payable.customer_credit 1025.50
            2026-06-01 late_fee of fact 3: receivable.late_fee / suspended.late_fee 6.00
            2026-06-01 allocation of fact 3: payable.customer_credit / receivable.late_fee 25.50
            2026-06-01 resumption of fact 3: suspended.late_fee / income.late_fee 25.50
            2026-06-01 allocation of fact 3: payable.customer_credit / receivable.principal 1000.00
        "#]],
    );
}

/// The same debt; the payment of the last day is returned, and learned of two days later: what was let go into income is
/// held back again, as if the payment had never been.
#[test]
fn a_returned_payment_takes_what_it_earned_with_it() {
    let back =
        Fact { target: Some(FactId::of_external("fact 1")), ..fact(2, FactKind::Return, "2026-06-01", 0) };
    let facts = [
        obligation(0, "2026-02-08", "2026-02-10", Component::Principal, 100_000),
        fact(1, FactKind::Payment, "2026-06-01", 105_550),
        back,
    ];
    check(
        &[("2026-05-12", 1), ("2026-06-01", 2), ("2026-06-03", 3)],
        &facts,
        expect![[r#"
            2026-05-12 late_fee of fact 0: receivable.late_fee / accrued.late_fee 45.50
            2026-05-12 suspension of fact 0: income.late_fee / suspended.late_fee 45.50
            2026-05-12 obligation of fact 0: receivable.principal / equity.portfolio_takeover 1000.00
            2026-06-01 payment of fact 1: cash.clearing / payable.customer_credit 1055.50
            2026-06-01 late_fee of fact 1: receivable.late_fee / suspended.late_fee 10.00
            2026-06-01 allocation of fact 1: payable.customer_credit / receivable.late_fee 55.50
            2026-06-01 resumption of fact 1: suspended.late_fee / income.late_fee 55.50
            2026-06-01 allocation of fact 1: payable.customer_credit / receivable.principal 1000.00
            2026-06-03 payment of fact 2: payable.customer_credit / cash.clearing 1055.50
            2026-06-03 late_fee of fact 2: receivable.late_fee / accrued.late_fee 1.00
            2026-06-03 allocation of fact 2: receivable.late_fee / payable.customer_credit 55.50
            2026-06-03 suspension of fact 2: income.late_fee / suspended.late_fee 56.50
            2026-06-03 allocation of fact 2: receivable.principal / payable.customer_credit 1000.00
        "#]],
    );
}

/// A fee that never was income is no expense when it is given up.
#[test]
fn a_waiver_while_accrual_is_suspended_is_taken_from_what_is_held_back() {
    let facts = [
        obligation(0, "2026-02-08", "2026-02-10", Component::Principal, 100_000),
        obligation(1, "2026-02-08", "2026-02-10", Component::Interest, 700),
        fact(2, FactKind::Waiver, "2026-05-13", 1_500),
    ];
    check(
        &[("2026-02-09", 2), ("2026-05-12", 2), ("2026-05-13", 3)],
        &facts,
        expect![[r#"
        2026-02-09 obligation of fact 1: receivable.interest / equity.portfolio_takeover 7.00
        2026-02-09 obligation of fact 0: receivable.principal / equity.portfolio_takeover 1000.00
        2026-05-12 suspension: income.interest / suspended.interest 7.00
        2026-05-13 late_fee of fact 2: receivable.late_fee / suspended.late_fee 46.00
        2026-05-13 waiver of fact 2: suspended.late_fee / receivable.late_fee 15.00
    "#]],
    );
}

/// 1,000.00 due on 10 February, charged off, written off with 45.50 of late fees that were held back, and 300.00 that come
/// in afterwards. Held-back fees do not touch the allowance.
#[test]
fn a_loss_is_charged_off_written_off_and_partly_recovered() {
    let facts = [
        obligation(0, "2026-02-08", "2026-02-10", Component::Principal, 100_000),
        fact(1, FactKind::ChargeOff, "2026-05-12", 0),
        fact(2, FactKind::WriteOff, "2026-05-13", 0),
        fact(3, FactKind::Payment, "2026-06-20", 30_000),
    ];
    check(
        &[("2026-02-08", 1), ("2026-05-12", 2), ("2026-05-13", 3), ("2026-06-20", 4)],
        &facts,
        expect![[r#"
            2026-02-08 obligation of fact 0: receivable.principal / equity.portfolio_takeover 1000.00
            2026-05-12 late_fee of fact 1: receivable.late_fee / accrued.late_fee 45.50
            2026-05-12 suspension of fact 1: income.late_fee / suspended.late_fee 45.50
            2026-05-12 charge_off of fact 1: receivable.charged_off / receivable.principal 1000.00
            2026-05-13 late_fee of fact 2: receivable.late_fee / suspended.late_fee 0.50
            2026-05-13 write_off of fact 2: suspended.late_fee / receivable.late_fee 46.00
            2026-05-13 write_off of fact 2: allowance.provision / receivable.principal 1000.00
            2026-05-13 charge_off of fact 2: receivable.principal / receivable.charged_off 1000.00
            2026-05-13 memorandum of fact 2: memorandum.written_off / memorandum.contra 1046.00
            2026-06-20 payment of fact 3: cash.clearing / payable.customer_credit 300.00
            2026-06-20 recovery of fact 3: payable.customer_credit / income.recovery 300.00
            2026-06-20 memorandum of fact 3: memorandum.contra / memorandum.written_off 300.00
        "#]],
    );
}

/// The claim of 1,000.00 with 0.50 of late fees is sold for 150.00: a loss of 850.50.
#[test]
fn a_sale_takes_the_claim_off_the_books_against_what_the_buyer_paid() {
    let facts = [
        obligation(0, "2026-02-08", "2026-02-10", Component::Principal, 100_000),
        fact(1, FactKind::Sale, "2026-02-11", 15_000),
    ];
    check(
        &[("2026-02-08", 1), ("2026-02-11", 2)],
        &facts,
        expect![[r#"
        2026-02-08 obligation of fact 0: receivable.principal / equity.portfolio_takeover 1000.00
        2026-02-11 sale of fact 1: cash.clearing / income.sale_result 150.00
        2026-02-11 late_fee of fact 1: receivable.late_fee / accrued.late_fee 0.50
        2026-02-11 sale of fact 1: income.sale_result / receivable.late_fee 0.50
        2026-02-11 sale of fact 1: income.sale_result / receivable.principal 1000.00
    "#]],
    );
}

#[test]
fn credit_is_paid_out_and_every_component_can_be_given_up() {
    let waiver = |index, only, minor| {
        let mut fact = fact(index, FactKind::Waiver, "2026-02-09", minor);
        fact.detail.only = Some(only);
        fact
    };
    let facts = [
        obligation(0, "2026-02-08", "2026-02-10", Component::Interest, 700),
        obligation(1, "2026-02-08", "2026-02-10", Component::Principal, 10_000),
        obligation(2, "2026-02-08", "2026-02-10", Component::Charge, 300),
        waiver(3, Component::Interest, 200),
        waiver(4, Component::Principal, 1_000),
        waiver(5, Component::Charge, 300),
        fact(6, FactKind::Payment, "2026-02-10", 12_000),
        fact(7, FactKind::CreditRefund, "2026-02-11", 2_000),
    ];
    check(
        &[("2026-02-08", 3), ("2026-02-09", 6), ("2026-02-10", 7), ("2026-02-11", 8)],
        &facts,
        expect![[r#"
            2026-02-08 obligation of fact 2: receivable.charge / equity.portfolio_takeover 3.00
            2026-02-08 obligation of fact 0: receivable.interest / equity.portfolio_takeover 7.00
            2026-02-08 obligation of fact 1: receivable.principal / equity.portfolio_takeover 100.00
            2026-02-09 waiver of fact 5: expense.charge_waived / receivable.charge 3.00
            2026-02-09 waiver of fact 5: expense.interest_waived / receivable.interest 2.00
            2026-02-09 waiver of fact 5: expense.principal_waived / receivable.principal 10.00
            2026-02-10 payment of fact 6: cash.clearing / payable.customer_credit 120.00
            2026-02-10 allocation of fact 6: payable.customer_credit / receivable.interest 5.00
            2026-02-10 allocation of fact 6: payable.customer_credit / receivable.principal 90.00
            2026-02-11 credit_refund of fact 7: payable.customer_credit / cash.clearing 20.00
        "#]],
    );
}

#[test]
fn two_payments_of_one_day_are_two_postings_of_their_own_facts() {
    let facts = [
        obligation(0, "2026-02-08", "2026-02-10", Component::Principal, 100_000),
        fact(1, FactKind::Payment, "2026-02-09", 1_000),
        fact(2, FactKind::Payment, "2026-02-09", 500),
    ];
    check(
        &[("2026-02-08", 1), ("2026-02-09", 3)],
        &facts,
        expect![[r#"
        2026-02-08 obligation of fact 0: receivable.principal / equity.portfolio_takeover 1000.00
        2026-02-09 payment of fact 1: cash.clearing / payable.customer_credit 10.00
        2026-02-09 payment of fact 2: cash.clearing / payable.customer_credit 5.00
        2026-02-09 allocation of fact 2: payable.customer_credit / receivable.principal 15.00
    "#]],
    );
}

#[test]
fn accrual_is_suspended_on_the_day_that_was_foretold_and_not_before() {
    let facts = [obligation(0, "2026-02-08", "2026-02-10", Component::Principal, 100_000)];
    let arrears = |on: &str| {
        let position = fold(&terms(), date(OPENED_ON), &facts, date(on), &mut |_| {}).expect("amounts fit");
        position.arrears(&terms()).expect("amounts fit")
    };
    let from = Some(SUSPENDS_FROM);
    assert_eq!(
        suspends_on(false, &arrears("2026-02-11"), date("2026-02-11"), from),
        Some(date("2026-05-12"))
    );
    assert!(!is_suspended(false, &arrears("2026-05-11"), from));
    assert!(is_suspended(false, &arrears("2026-05-12"), from));
    // Once it is, it stays so until nothing is past due.
    assert!(is_suspended(true, &arrears("2026-02-11"), from));
    assert!(!is_suspended(true, &arrears("2026-02-10"), from));
    assert!(!is_suspended(false, &arrears("2026-05-12"), None));
}

/// 900.00 of a statement due on 10 February are carried at 0.45 a day: 4.50 by 20 February, and 8.55 by the cut-off of 1
/// March, which bills them.
#[test]
fn a_service_fee_accrues_by_the_day_and_is_billed_from_what_accrued() {
    let rate_per_day = Rate::parse_percent("0.05%").expect("a percentage");
    let service_fee = Some(ServiceFee { rate_per_day, fee_on_fee: FeeOnFee::Charges });
    let mut books = Books { terms: Terms { service_fee, ..terms() }, ..Books::new() };
    let facts = [
        fact(0, FactKind::Purchase, "2026-01-15", 100_000),
        fact(1, FactKind::Payment, "2026-02-09", 10_000),
    ];
    let mut told = String::new();
    for day in ["2026-02-10", "2026-02-20", "2026-02-28", "2026-03-01"] {
        let postings = books.work(date(day), &facts);
        let (position, ..) = books.before.as_ref().expect("it was worked");
        let (total, daily) = position.interest_unbilled(&books.terms).expect("amounts fit");
        told.push_str(&format!("{day}: {} unbilled, a day adds {}\n", total.0, daily.0));
        for posting in postings.iter().filter(|posting| posting.cause == "fee") {
            told.push_str(&format!("{day}: {} / {} {}\n", posting.debit, posting.credit, posting.amount));
        }
    }
    expect![[r#"
        2026-02-10: 0 unbilled, a day adds 0
        2026-02-20: 450000000 unbilled, a day adds 45000000
        2026-02-28: 810000000 unbilled, a day adds 45000000
        2026-03-01: 0 unbilled, a day adds 45000000
        2026-03-01: receivable.interest / accrued.interest 8.55
    "#]]
    .assert_eq(&told);
}

/// What happens: kind, day of the year, how many days late we learn of it, amount, and which earlier fact it acts on.
type Happening = (u8, i32, i32, i64, usize);

fn history(happenings: &[Happening]) -> Vec<(Date, Fact)> {
    let first = date("2026-01-02");
    let mut facts: Vec<(Date, Fact)> = Vec::new();
    for (index, (kind, day, late, minor, target)) in happenings.iter().enumerate() {
        let (on, learned) = (first.plus_days(*day), first.plus_days(*day + *late));
        let mut fact = fact(index, FactKind::Purchase, "2026-01-02", *minor);
        fact.value_on = on;
        let targets = |of: FactKind| {
            let found: Vec<FactId> = facts
                .iter()
                .map(|(_, fact)| fact)
                .filter(|fact| fact.kind == of)
                .map(|fact| fact.id)
                .collect();
            found.get(target % found.len().max(1)).copied()
        };
        match kind {
            0 => fact.instalment_count = if minor % 2 == 0 { 3 } else { 0 },
            1 | 2 => {
                fact.kind = FactKind::Obligation;
                fact.component = Component::ALL[target % Component::ALL.len()];
                fact.due_on = Some(on.plus_days(i32::try_from(target % 20).unwrap_or(0)));
            }
            3 => {
                let Some(purchase) = targets(FactKind::Purchase) else { continue };
                let of = facts
                    .iter()
                    .find(|(_, fact)| fact.id == purchase)
                    .map_or(0, |(_, fact)| fact.amount.minor());
                fact.kind = FactKind::Refund;
                fact.target = Some(purchase);
                fact.amount = Money::new((*minor).min(of), Currency::CNY);
            }
            4 => {
                let Some(payment) = targets(FactKind::Payment) else { continue };
                fact.kind = FactKind::Reversal;
                fact.target = Some(payment);
                fact.amount = Money::zero(Currency::CNY);
            }
            5 => {
                fact.kind = FactKind::Waiver;
                fact.detail.only = Component::ALL.get(target % 6).copied();
            }
            6 => {
                fact.kind = FactKind::Charge;
                fact.component = Component::Charge;
                fact.due_on = Some(on.plus_days(5));
            }
            7 => fact.kind = FactKind::CreditRefund,
            8 if index > 12 && target % 4 == 0 => {
                let ends = [FactKind::ChargeOff, FactKind::WriteOff, FactKind::Sale];
                fact.kind = ends[target % 3];
                if fact.kind != FactKind::Sale {
                    fact.amount = Money::zero(Currency::CNY);
                }
            }
            9 => {
                let Some(payment) = targets(FactKind::Payment) else { continue };
                fact.kind = FactKind::Return;
                fact.target = Some(payment);
                fact.amount = Money::zero(Currency::CNY);
            }
            13 => {
                fact.kind = FactKind::StatementPlan;
                fact.instalment_count = 3;
            }
            14 => {
                fact.kind = FactKind::Reschedule;
                fact.amount = Money::zero(Currency::CNY);
                fact.instalment_count = 3;
            }
            15 => {
                let kinds = [FactKind::AgeingPause, FactKind::AgeingResume, FactKind::FeeFreeze];
                fact.kind = kinds[target % 3];
                fact.amount = Money::zero(Currency::CNY);
                fact.detail.through = Some(on.plus_days(i32::try_from(target % 30).unwrap_or(0)));
            }
            16 => fact.kind = FactKind::Payoff,
            _ => fact.kind = FactKind::Payment,
        }
        facts.push((learned, fact));
    }
    facts.sort_by_key(|(learned, fact)| (*learned, fact.id));
    facts
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever happens, in whatever order it is learned of, and however many days lie between two looks.
    #[test]
    fn the_ledger_balances_every_day_and_its_control_accounts_are_the_position(
        happenings in prop::collection::vec((0_u8..19, 0_i32..200, 0_i32..60, 1_i64..200_000, 0_usize..50), 1..25),
        gaps in prop::collection::vec(1_i32..25, 12..24),
    ) {
        let facts = history(&happenings);
        let mut books = Books::new();
        let mut today = date("2026-01-02");
        for gap in gaps {
            today = today.plus_days(gap);
            let known: Vec<Fact> =
                facts.iter().filter(|(learned, _)| *learned <= today).map(|(_, fact)| fact.clone()).collect();
            books.work(today, &known);
        }
    }
}

//! The stored form of a standing: nothing is lost, and what the version before wrote is read.

use dunlin_domain::amounts::{Accrued, Amounts};
use dunlin_domain::date::Date;
use dunlin_domain::day::Standing;
use dunlin_domain::fraction::Fraction;
use dunlin_domain::id::FactId;
use dunlin_domain::late_fee::LateFee;
use dunlin_domain::money::{Currency, Money, Rate};
use dunlin_domain::position::{
    AgeingPause, ClaimState, Plan, PlannedPart, Position, Probation, RestInterest, TermPeriod, TermPlan,
    Totals, Unbilled,
};
use dunlin_domain::schedule::Method;
use dunlin_domain::spans::DaySpan;
use dunlin_domain::statement::{EarlyCharge, Punctuality, Service, Statement, StatementOrigin};
use dunlin_domain::terms::Component;
use dunlin_store::codec::{decode, encode};

fn money(minor: i64) -> Money {
    Money::new(minor, Currency::CNY)
}

fn day(days: i32) -> Date {
    Date::from_days(days)
}

fn amounts(first: i64) -> Amounts {
    Amounts::from_minor(Currency::CNY, [first, first + 1, first + 2, first + 3, -first])
}

fn statement() -> Statement {
    let span = DaySpan { from: day(7), through: Date::NEVER };
    let mut late_fee = LateFee::new(money(0), day(6), &[span], Some(Accrued(12_345)));
    (late_fee.accrued, late_fee.base_days, late_fee.once_count) = (Accrued(98_765), 4_321, 2);
    (late_fee.paid, late_fee.waived) = (money(3), money(4));
    Statement {
        origin: StatementOrigin::Scheduled,
        cut_off_on: day(1),
        due_on: day(5),
        plan: Some(FactId([7; 16])),
        number: 300,
        billed: amounts(1),
        paid: amounts(2),
        waived: amounts(3),
        early: vec![EarlyCharge { due_on: day(3), component: Component::LateFee, amount: money(9) }],
        is_recognised: false,
        minimum: money(10),
        minimum_paid: money(11),
        punctuality: Punctuality::Missed,
        late_fee,
        service: Service { accrued: Accrued(5), running_since: day(6), billed: money(7) },
    }
}

fn position() -> Position {
    let plan = Plan {
        purchase: FactId([1; 16]),
        principal: money(100),
        count: 3,
        fee_per_period: money(1),
        billed_count: 1,
        unbilled: money(67),
        ahead: vec![PlannedPart { principal: money(33), interest: money(2) }],
    };
    let rest = RestInterest { accrued: Fraction::new(-7, 360), accrued_to: day(9) };
    let term_plan = TermPlan {
        draw: FactId([2; 16]),
        method: Method::EqualPrincipal,
        per_year: Rate::from_millionths(70_000),
        fee_per_period: money(5),
        level: money(400),
        periods: vec![
            TermPeriod { from: day(-3), due_on: day(27) },
            TermPeriod { from: day(27), due_on: day(55) },
        ],
        rest: Some(rest),
    };
    let mut totals = Totals::zero(Currency::CNY);
    (totals.charged, totals.waived_billed, totals.charged_off) = (amounts(10), amounts(20), amounts(30));
    (totals.written_off, totals.sold) = (amounts(40), amounts(50));
    (totals.credit_paid_out, totals.overpaid_out) = (money(1), money(2));
    (totals.recovered, totals.sale_proceeds) = (money(3), money(4));
    Position {
        as_of: day(20_000),
        next_cut_off_on: day(20_010),
        unbilled: vec![Unbilled {
            purchase: FactId([3; 16]),
            amount: money(8),
            component: Component::Charge,
        }],
        plans: vec![plan],
        term_plans: vec![term_plan],
        statements: vec![statement(), Statement { plan: None, is_recognised: true, ..statement() }],
        credit: money(12),
        late_fee_settled: money(13),
        pauses: vec![AgeingPause { fact: FactId([4; 16]), from: day(1), through: day(2) }],
        freezes: vec![DaySpan { from: day(3), through: day(4) }],
        late_fee_stopped_on: Some(day(5)),
        behind_since: Some(day(6)),
        probation: Some(Probation { days_past_due: 40, periods_left: 2, paid_ahead: vec![day(7)] }),
        claim: ClaimState { charged_off_on: Some(day(8)), written_off_on: None, sold_on: Some(day(9)) },
        totals,
    }
}

#[test]
fn a_standing_is_read_as_it_was_written() {
    let standing = Standing {
        position: position(),
        late_fee_posted: money(14),
        is_suspended: true,
        is_counted: true,
        change_index: 15,
        episode_due_on: Some(day(16)),
        next_contact_on: None,
        held: None,
        verdict: None,
        covered_from: Some(day(17)),
    };
    let bytes = encode(&standing);
    let decoded = decode(&bytes, Currency::CNY).expect("what was written can be read");
    assert!(decoded.is_current);
    assert_eq!(decoded.standing, standing);
    for length in 0..bytes.len() {
        assert_eq!(decode(&bytes[..length], Currency::CNY), None, "cut to {length} bytes");
    }
}

/// Numbers as every version writes them: zigzag, then seven bits a byte.
fn number(out: &mut Vec<u8>, value: i64) {
    let mut rest = ((value << 1) ^ (value >> 63)).cast_unsigned();
    while rest >= 0x80 {
        out.push(u8::try_from(rest & 0x7f).expect("seven bits") | 0x80);
        rest >>= 7;
    }
    out.push(u8::try_from(rest).expect("seven bits"));
}

/// What was posted cannot be folded again, so it must survive the change of the form.
#[test]
fn a_standing_of_the_version_before_is_read_and_marked_to_be_folded() {
    const NEVER: i64 = 2_932_896;
    let mut bytes = vec![1];
    let (lists, totals) = ([0, 0, 0], [120, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 55, 0, 0, 0, 0, 0, 0]);
    let head = [20_000, 20_010].into_iter().chain(lists).chain([9, 8]);
    let tail = [77, 3, NEVER, NEVER];
    head.chain(totals).chain(tail).for_each(|value| number(&mut bytes, value));
    bytes.extend([0, 0]);
    number(&mut bytes, NEVER);
    let decoded = decode(&bytes, Currency::CNY).expect("the version before is known");
    assert!(!decoded.is_current);
    assert_eq!(decoded.standing.late_fee_posted, money(77));
    assert_eq!(decoded.standing.change_index, 3);
    let position = decoded.standing.position;
    assert_eq!((position.credit, position.late_fee_settled), (money(9), money(8)));
    assert_eq!(position.totals.purchased, money(120));
    assert_eq!(position.totals.paid, money(55));
}

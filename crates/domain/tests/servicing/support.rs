//! Products, histories and what is told of a position; only these functions know the API.

use dunlin_domain::calendar::Calendar;
use dunlin_domain::date::{Date, MonthDay, Timestamp};
use dunlin_domain::fact::{Fact, FactKind, FreezeReason, Prepayment};
use dunlin_domain::id::FactId;
use dunlin_domain::money::{Currency, Money, Rate, Rounding};
use dunlin_domain::position::{Position, fold};
use dunlin_domain::schedule::{Accrual, Grace, Method, Period, PlanTerms};
use dunlin_domain::statement::Statement;
use dunlin_domain::terms::{
    AllocationPreset, AllocationScope, BehindTerms, Billing, Bucket, Component, DaysPastDueConvention,
    DueRule, FeeLimits, FeeOnFee, GraceEnd, InstalmentOffer, InterestBasis, LateFeeBase, LateFeeTerms,
    MinimumPayment, OverdueMeasure, ScheduleBilling, Terms,
};
use expect_test::Expect;

pub fn percent(text: &str) -> Rate {
    Rate::parse_percent(text).expect("a percentage")
}

pub fn date(text: &str) -> Date {
    Date::parse(text).expect("a day of the calendar")
}

pub fn money(text: &str) -> Money {
    Money::parse(text, Currency::CNY).expect("an amount")
}

pub fn opened_on() -> Date {
    date("2023-01-01")
}

/// A pay-later line: statement on the 1st, due on the 10th, a tenth at least, 0.05 % a day on the rest.
pub fn line() -> Terms {
    let bucket = |name: &str, from_days| Bucket { name: name.to_owned(), from_days };
    Terms {
        product: "line".to_owned(),
        version: 1,
        currency: Currency::CNY,
        statement_day: MonthDay::Day(1),
        due: DueRule::DayOfMonth(MonthDay::Day(10)),
        instalments: vec![InstalmentOffer {
            count: 12,
            fee_per_period: percent("0.5%"),
            interest_per_year: Rate::ZERO,
        }],
        plan: PlanTerms::PLAIN,
        minimum: MinimumPayment { share: percent("10%"), floor: money("0.00") },
        overdue: OverdueMeasure::StatementRest,
        late_fee: Some(LateFeeTerms {
            rate_per_day: percent("0.05%"),
            base: LateFeeBase::StatementRest,
            grace_days: 0,
            after_grace: GraceEnd::FromDueDate,
            cap_share: None,
            fee_on_fee: FeeOnFee::Never,
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
        buckets: vec![bucket("M0", 0), bucket("M1", 1), bucket("M2", 31), bucket("M3", 61)],
        rounding: Rounding::HalfUp,
        billing: Billing::Statement,
        order: None,
        once_fees: Vec::new(),
        service_fee: None,
        behind: BehindTerms::standard(Currency::CNY),
        prepayment: Prepayment::Advance,
    }
}

/// A loan of `count` months by schedule, at so much a year.
pub fn loan(method: Method, count: u32, per_year: &str) -> Terms {
    let mut terms = line();
    terms.plan = PlanTerms { method, ..PlanTerms::PLAIN };
    terms.instalments = Vec::new();
    terms.late_fee = None;
    terms.order = Some(AllocationPreset::ByState.order());
    terms.billing = Billing::Schedule(Box::new(ScheduleBilling {
        standard: InstalmentOffer { count, fee_per_period: Rate::ZERO, interest_per_year: percent(per_year) },
        period: Period::Months(1),
        due_day: None,
        grace: Grace::default(),
        calendar: Calendar::weekends_only(),
        down_payment_share: Rate::ZERO,
        down_payment_multiple: None,
        interest: InterestBasis::AsScheduled,
    }));
    terms
}

pub fn billing(terms: &mut Terms) -> &mut ScheduleBilling {
    match &mut terms.billing {
        Billing::Schedule(billing) => billing,
        Billing::Statement => panic!("the product has a schedule"),
    }
}

/// The loan of the Fineract case FIN-PAY-01: interest by the day on what is really owed, months of 30 days.
pub fn loan_by_the_day() -> Terms {
    let mut terms = loan(Method::EqualPayment, 3, "7%");
    terms.plan.accrual = Accrual::Daily(dunlin_domain::day_count::DayCount::Thirty360European);
    billing(&mut terms).interest = InterestBasis::DailyRest;
    terms
}

/// Four instalments of a quarter, the first a down payment, 15 days apart; three days of grace for the agreement.
pub fn quarters() -> Terms {
    let bucket = |name: &str, from_days| Bucket { name: name.to_owned(), from_days };
    let mut terms = loan(Method::Flat, 3, "0%");
    let billing = billing(&mut terms);
    billing.period = Period::Days(15);
    billing.down_payment_share = percent("25%");
    terms.ageing_grace_days = 3;
    terms.behind.grace = GraceEnd::FromGraceEnd;
    terms.buckets =
        vec![bucket("NONE", 0), bucket("R1", 1), bucket("R3", 4), bucket("R30", 31), bucket("R60", 61)];
    terms
}

pub fn id(line: &str) -> FactId {
    FactId::of_external(&format!("fact {line}"))
}

/// One fact a line: `DATE KIND AMOUNT [key=value …]`; lines are counted from 0, and `of=` names one.
pub fn facts(history: &str) -> Vec<Fact> {
    let read = |(index, line): (usize, &str)| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let kind = FactKind::parse(words[1]).expect("a kind of fact");
        let learned_at = Timestamp::from_micros(i64::try_from(index).expect("a short history"));
        let mut fact = Fact::new(id(&index.to_string()), kind, date(words[0]), learned_at, money(words[2]));
        for word in &words[3..] {
            let (key, value) = word.split_once('=').expect("key=value");
            match key {
                "plan" => fact.instalment_count = value.parse().expect("a count"),
                "due" => fact.due_on = Some(date(value)),
                "of" => fact.target = Some(id(value)),
                "as" => fact.component = Component::parse(value).expect("a component"),
                "only" => fact.detail.only = Some(Component::parse(value).expect("a component")),
                "through" => fact.detail.through = Some(date(value)),
                "rate" => fact.detail.rate = Some(percent(value)),
                "mode" => fact.detail.prepayment = Some(Prepayment::parse(value).expect("a mode")),
                "why" => fact.detail.freeze = Some(FreezeReason::parse(value).expect("a reason")),
                other => panic!("{other} is no key"),
            }
        }
        fact
    };
    history.lines().map(str::trim).filter(|line| !line.is_empty()).enumerate().map(read).collect()
}

pub fn position(terms: &Terms, history: &str, day: &str) -> Position {
    fold(terms, opened_on(), &facts(history), date(day), &mut |_| {}).expect("amounts fit")
}

fn parts(statement: &Statement, terms: &Terms, on: Date) -> String {
    let mut told = Vec::new();
    for component in Component::ALL {
        let amount = statement.billed.get(*component);
        if !amount.is_zero() {
            told.push(format!("{component} {amount}"));
        }
    }
    let late_fee = statement.late_fee_charged(terms, on).expect("amounts fit");
    if late_fee.is_positive() {
        told.push(format!("late {late_fee}"));
    }
    told.join(", ")
}

/// What is open, one line each, and the sums.
pub fn told(terms: &Terms, position: &Position) -> String {
    let mut text = String::new();
    for statement in &position.statements {
        let rest = statement.rest().expect("amounts fit");
        text += &format!(
            "  {} due {}: {}; rest {rest}\n",
            statement.number,
            statement.due_on,
            parts(statement, terms, position.as_of)
        );
    }
    let arrears = position.arrears(terms).expect("amounts fit");
    format!(
        "{}: owed {}, outstanding {}, credit {}; overdue {} for {} days ({}), late fee {}\n{text}",
        position.as_of,
        position.owed(terms).expect("amounts fit"),
        position.outstanding(terms).expect("amounts fit"),
        position.credit,
        arrears.overdue,
        arrears.days_past_due,
        terms.buckets[arrears.bucket_index].name,
        arrears.late_fee,
    )
}

pub fn check(terms: &Terms, history: &str, days: &[&str], expected: Expect) {
    let lines = days.iter().map(|day| told(terms, &position(terms, history, day)));
    expected.assert_eq(&lines.collect::<String>());
}

/// The ages of the agreement and of its obligations, one line a day.
pub fn check_ages(terms: &Terms, history: &str, days: &[&str], expected: Expect) {
    let line = |day: &&str| {
        let position = position(terms, history, day);
        let age = position.ageing(terms).expect("amounts fit");
        let own = age.obligations.iter().map(|obligation| {
            format!("{} {}", terms.buckets[obligation.bucket_index].name, obligation.overdue)
        });
        format!(
            "{day}: {} overdue, {} days past due, {} of the calendar, {} paused, {} ({}): {}\n",
            age.overdue,
            age.days_past_due,
            age.calendar_days,
            age.paused_days,
            terms.buckets[age.bucket_index].name,
            age.tier,
            own.collect::<Vec<_>>().join(", ")
        )
    };
    expected.assert_eq(&days.iter().map(line).collect::<String>());
}

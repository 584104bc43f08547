//! `dunlin bench fold`: what it costs to derive a position from its facts, on one core, and what it would cost
//! to walk the same days one by one.

use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
use std::hint::black_box;

use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::fact::{Fact, FactKind};
use dunlin_domain::id::{FactId, hash_parts};
use dunlin_domain::money::{Money, MoneyError};
use dunlin_domain::position::{Position, fold, standing_facts};
use dunlin_domain::terms::{Component, Terms};
use dunlin_engine::EngineError;
use dunlin_engine::day_run::Now;
use dunlin_engine::policy::{PolicyDocument, PolicyKind, cost_ceiling_default, parse, shipped};

/// Facts of the histories that are measured.
pub const LENGTHS: [u32; 4] = [10, 100, 1_000, 2_400];
/// Days that the long arrears of the comparison run, as in the loan of frappe/lending, pull request 1384.
pub const ACCRUAL_DAYS: i32 = 2_394;
/// Seconds that re-deriving those days takes there: 709 before that change, 350 after it, on its author's
/// machine.
pub const PUBLISHED_SECONDS: f64 = 350.0;
/// Histories of one length; several, so that no run finds all its facts in the nearest cache.
const VARIANT_COUNT: u32 = 16;

/// The cost of histories of one length.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// Facts of one history.
    pub fact_count: u32,
    /// Agreements folded a second.
    pub agreements_per_second: f64,
    /// Nanoseconds a fact.
    pub nanoseconds_per_fact: f64,
}

/// The figures.
#[derive(Clone, Debug)]
pub struct Figures {
    /// By length, ascending.
    pub lines: Vec<Line>,
    /// Seconds of deriving [`ACCRUAL_DAYS`] days of arrears from their facts.
    pub arrears_seconds: f64,
    /// Seconds of the same, going on from each day to the next.
    pub day_by_day_seconds: f64,
}

impl Figures {
    /// How often the derivation in closed form fits into the walk day by day.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        self.day_by_day_seconds / self.arrears_seconds
    }

    /// The cost of a fact in the longest history, in that of the shortest.
    #[must_use]
    pub fn growth(&self) -> f64 {
        match (self.lines.first(), self.lines.last()) {
            (Some(first), Some(last)) => last.nanoseconds_per_fact / first.nanoseconds_per_fact,
            _ => f64::NAN,
        }
    }
}

/// Folds histories of each length until about `facts_each` facts were taken, and the long arrears both ways.
///
/// # Errors
/// When the shipped product cannot be read; when amounts do not fit.
pub fn run(
    facts_each: u64,
    now: Now<'_>,
    progress: &mut dyn FnMut(&'static str, u64),
) -> Result<Figures, EngineError> {
    let terms = pay_later()?;
    let mut lines = Vec::new();
    for fact_count in LENGTHS {
        let line = measure(&terms, fact_count, facts_each, now).map_err(amount)?;
        progress("facts a history", u64::from(fact_count));
        lines.push(line);
    }
    progress("days of arrears", u64::from(ACCRUAL_DAYS.unsigned_abs()));
    let (arrears_seconds, day_by_day_seconds) = long_arrears(&terms, now).map_err(amount)?;
    Ok(Figures { lines, arrears_seconds, day_by_day_seconds })
}

fn measure(terms: &Terms, fact_count: u32, facts_each: u64, now: Now<'_>) -> Result<Line, MoneyError> {
    let histories: Vec<(Vec<Fact>, Date)> =
        (0..VARIANT_COUNT).map(|variant| history(terms, variant, fact_count)).collect();
    let rounds = facts_each.div_ceil(u64::from(fact_count) * u64::from(VARIANT_COUNT)).max(1);
    let begun = now();
    for _ in 0..rounds {
        for (facts, as_of) in &histories {
            black_box(fold(terms, opened_on(), black_box(facts), *as_of, &mut |_| {})?);
        }
    }
    let seconds = super::seconds_between(begun, now());
    let agreements = (rounds * u64::from(VARIANT_COUNT)) as f64;
    Ok(Line {
        fact_count,
        agreements_per_second: agreements / seconds,
        nanoseconds_per_fact: seconds * 1e9 / (agreements * f64::from(fact_count)),
    })
}

/// A customer who buys every fourth day, now and then by instalments, and pays two days later.
fn history(terms: &Terms, variant: u32, fact_count: u32) -> (Vec<Fact>, Date) {
    let mut facts = Vec::new();
    for index in 0..fact_count {
        let on = opened_on().plus_days(i32::try_from(index * 2).unwrap_or(i32::MAX));
        let is_purchase = index % 2 == 0;
        let kind = if is_purchase { FactKind::Purchase } else { FactKind::Payment };
        let minor = 10_000 + i64::from((index * 7 + variant * 13) % 5_000);
        let mut fact =
            Fact::new(id(variant, index), kind, on, morning_of(on), Money::new(minor, terms.currency));
        if is_purchase && index % 20 == 0 {
            fact.instalment_count = terms.instalments.first().map_or(0, |offer| offer.count);
        }
        facts.push(fact);
    }
    let last = facts.last().map_or(opened_on(), |fact| fact.value_on);
    (facts, last.plus_days(1))
}

/// One obligation that nobody pays: derived at its end, and again day by day; both must agree.
fn long_arrears(terms: &Terms, now: Now<'_>) -> Result<(f64, f64), MoneyError> {
    let mut debt = Fact::new(
        id(0, 0),
        FactKind::Obligation,
        opened_on(),
        morning_of(opened_on()),
        Money::new(1_000_000, terms.currency),
    );
    debt.component = Component::Principal;
    debt.due_on = Some(opened_on().plus_days(30));
    let facts = [debt];
    let as_of = opened_on().plus_days(30 + ACCRUAL_DAYS);
    let rounds = 1_000;
    let begun = now();
    let mut at_once = fold(terms, opened_on(), &facts, as_of, &mut |_| {})?;
    for _ in 1..rounds {
        at_once = black_box(fold(terms, opened_on(), black_box(&facts), as_of, &mut |_| {})?);
    }
    let at_once_seconds = super::seconds_between(begun, now()) / f64::from(rounds);
    let standing = standing_facts(&facts, as_of);
    let walks = 20;
    let begun = now();
    for _ in 0..walks {
        let mut position = Position::opened(terms, opened_on());
        let mut fee = Money::zero(terms.currency);
        for day in 0..=30 + ACCRUAL_DAYS {
            let on = opened_on().plus_days(day);
            position.advance(terms, &standing, on, &mut |_| {})?;
            fee = position.late_fee_charged(terms)?;
        }
        black_box(fee);
        assert!(position == at_once, "walking the days one by one gives another position");
    }
    let day_by_day_seconds = super::seconds_between(begun, now()) / f64::from(walks);
    Ok((at_once_seconds, day_by_day_seconds))
}

fn pay_later() -> Result<Terms, EngineError> {
    for document in shipped().iter().filter(|document| document.kind == PolicyKind::Product) {
        let parsed = parse(document.kind, document.file, document.text, cost_ceiling_default())?;
        if let PolicyDocument::Product(product) = parsed {
            return Ok(product.terms);
        }
    }
    Err(EngineError::Refused {
        code: "products",
        complaint: wording!("程序没有自带任何产品", "no product comes with this program"),
    })
}

fn opened_on() -> Date {
    Date::from_days(16_436)
}

fn morning_of(date: Date) -> Timestamp {
    Timestamp::from_micros(i64::from(date.days()) * 86_400_000_000)
}

fn id(variant: u32, index: u32) -> FactId {
    FactId(hash_parts("bench.fold", &[&variant.to_be_bytes(), &index.to_be_bytes()]))
}

fn amount(error: MoneyError) -> EngineError {
    EngineError::Refused { code: "bench", complaint: Wording::quoted(error.to_string()) }
}

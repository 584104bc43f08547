//! The strategy: a first-hit table that says, for where an agreement stands, whether and how to make contact.
//!
//! Promises that the same input finds the same row, and that [`StrategyTable::next_change`] names the first
//! later day on which another row would be found, so that an agreement need not be looked at before.
//! Whether the table answers everything is asked of [`crate::strategy_check`].

use crate::contact::{Channel, code_enum};
use crate::money::{Currency, Money};
use crate::reason::Reason;
use crate::terms::Bucket;

code_enum! {
    /// How a message speaks.
    Tone {
        /// Takes it for an oversight.
        Friendly = "friendly",
        /// States the facts.
        Neutral = "neutral",
        /// States the facts and what follows from them by contract and law.
        Firm = "firm",
    }
}

/// The reasons for which a strategy may choose silence. All others are found out, not chosen.
pub const SILENCE_REASONS: [Reason; 4] =
    [Reason::Wait, Reason::Gentle, Reason::SmallBalance, Reason::CallsReduced];

/// A span of whole numbers, both ends included; an end that is left out is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span<N> {
    /// The first number in it.
    pub from: Option<N>,
    /// The last number in it.
    pub through: Option<N>,
}

impl<N: Copy + PartialOrd> Span<N> {
    /// Every number.
    pub const ANY: Self = Self { from: None, through: None };

    /// Whether `number` lies in it.
    #[must_use]
    pub fn contains(&self, number: N) -> bool {
        self.from.is_none_or(|from| from <= number) && self.through.is_none_or(|through| number <= through)
    }
}

/// What a row asks for. A condition that is `None` or open holds for everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matches {
    /// Names of buckets.
    pub buckets: Option<Vec<String>>,
    /// Days past due; negative before the due date.
    pub days_past_due: Span<i32>,
    /// Overdue balance in minor units of the table's currency; before the due date, the amount coming due.
    pub balance_minor: Span<i64>,
    /// Names of segments.
    pub segments: Option<Vec<String>>,
    /// Whether the overdue record is with the credit bureau.
    pub reported_to_bureau: Option<bool>,
}

/// What a row says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Make contact.
    Contact {
        /// Channels in order of preference; never empty.
        channels: Vec<Channel>,
        /// The key of the template.
        template: String,
        /// How it speaks.
        tone: Tone,
        /// Days until the next contact by this row; at least 1.
        next_contact_days: u16,
    },
    /// Make none.
    Silence {
        /// Why; one of [`SILENCE_REASONS`].
        reason: Reason,
        /// Days until the agreement is looked at again; at least 1.
        review_days: u16,
    },
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its id, unique in the table; verdicts name it.
    pub id: String,
    /// When it applies.
    pub matches: Matches,
    /// What then.
    pub outcome: Outcome,
}

/// One version of a strategy. The first row that matches decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StrategyTable {
    /// Its name.
    pub name: String,
    /// The version of its document.
    pub version: u32,
    /// The currency of all balances.
    pub currency: Currency,
    /// The segments that it tells apart; never empty.
    pub segments: Vec<String>,
    /// The days past due that it answers for; the checker finds gaps within these.
    pub days_past_due: Span<i32>,
    /// The rows, first to last.
    pub rows: Vec<Row>,
}

/// Where an agreement stands, as a strategy sees it.
#[derive(Clone, Copy, Debug)]
pub struct StrategyInput<'a> {
    /// The buckets of its product; which one it is in follows from the days past due.
    pub buckets: &'a [Bucket],
    /// Days past due by the product's convention; -3 is three days before the due date, 0 on it.
    pub days_past_due: i32,
    /// Overdue balance; before the due date, the amount coming due.
    pub balance: Money,
    /// Its segment.
    pub segment: &'a str,
    /// Whether the overdue record is with the credit bureau.
    pub is_reported_to_bureau: bool,
}

impl StrategyInput<'_> {
    /// The name of the bucket; empty for a product without buckets.
    #[must_use]
    pub fn bucket(&self) -> &str {
        let days = self.days_past_due.max(0);
        let bucket = self.buckets.iter().rfind(|bucket| bucket.from_days <= days);
        bucket.map_or("", |bucket| bucket.name.as_str())
    }
}

impl Matches {
    /// Whether everything but bucket and days past due holds.
    fn holds_apart_from_days(&self, input: &StrategyInput<'_>) -> bool {
        self.balance_minor.contains(input.balance.minor())
            && self.reported_to_bureau.is_none_or(|reported| reported == input.is_reported_to_bureau)
            && self.segments.as_ref().is_none_or(|names| names.iter().any(|name| name == input.segment))
    }

    /// Whether all of it holds.
    #[must_use]
    pub fn holds(&self, input: &StrategyInput<'_>) -> bool {
        self.days_past_due.contains(input.days_past_due)
            && self.holds_apart_from_days(input)
            && self.buckets.as_ref().is_none_or(|names| {
                let bucket = input.bucket();
                names.iter().any(|name| name == bucket)
            })
    }

    /// The spans of days, both ends included and in ascending order, on which bucket and days past due hold
    /// together. Open ends are `i32::MIN` and `i32::MAX`; spans that touch are joined.
    #[must_use]
    pub fn day_spans(&self, buckets: &[Bucket]) -> Vec<(i32, i32)> {
        let from = self.days_past_due.from.unwrap_or(i32::MIN);
        let through = self.days_past_due.through.unwrap_or(i32::MAX);
        let Some(names) = &self.buckets else {
            return if from <= through { vec![(from, through)] } else { Vec::new() };
        };
        let mut spans: Vec<(i32, i32)> = Vec::new();
        for (index, bucket) in buckets.iter().enumerate() {
            // Days before the due date belong to the first bucket.
            let first = if index == 0 { i32::MIN } else { bucket.from_days };
            let last = buckets.get(index + 1).map_or(i32::MAX, |next| next.from_days - 1);
            let (first, last) = (first.max(from), last.min(through));
            if first > last || !names.contains(&bucket.name) {
                continue;
            }
            match spans.last_mut() {
                Some(before) if before.1.saturating_add(1) == first => before.1 = last,
                Some(_) | None => spans.push((first, last)),
            }
        }
        spans
    }
}

impl StrategyTable {
    /// The first row that matches.
    ///
    /// # Panics
    /// When the balance is in another currency than the table's: a product takes a strategy of its currency.
    #[must_use]
    pub fn decide(&self, input: &StrategyInput<'_>) -> Option<&Row> {
        self.deciding_index(input).map(|index| &self.rows[index])
    }

    fn deciding_index(&self, input: &StrategyInput<'_>) -> Option<usize> {
        let given = input.balance.currency();
        assert!(given == self.currency, "strategy {} is in {}, not {given}", self.name, self.currency);
        self.rows.iter().position(|row| row.matches.holds(input))
    }

    /// The smallest number of days past due above the input's at which another row, or none, would decide,
    /// all else equal and the bucket following the days. `None` if that never comes.
    ///
    /// One pass over the rows: until the deciding row ends, only an earlier row that begins can take over.
    ///
    /// # Panics
    /// As [`StrategyTable::decide`].
    #[must_use]
    pub fn next_change(&self, input: &StrategyInput<'_>) -> Option<i32> {
        let today = input.days_past_due;
        let deciding = self.deciding_index(input);
        let takes_over = self.rows[..deciding.unwrap_or(self.rows.len())].iter().filter_map(|row| {
            if !row.matches.holds_apart_from_days(input) {
                return None;
            }
            let spans = row.matches.day_spans(input.buckets);
            spans.into_iter().map(|(from, _)| from).find(|from| *from > today)
        });
        let ends = deciding.and_then(|index| {
            let spans = self.rows[index].matches.day_spans(input.buckets);
            let last = spans.into_iter().find(|(from, through)| (*from..=*through).contains(&today))?.1;
            last.checked_add(1)
        });
        takes_over.chain(ends).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn buckets() -> Vec<Bucket> {
        [("M0", 0), ("M1", 1), ("M2", 31), ("M3", 61)]
            .map(|(name, from_days)| Bucket { name: name.to_owned(), from_days })
            .to_vec()
    }

    fn row(id: &str, buckets: &[&str], days: (Option<i32>, Option<i32>)) -> Row {
        let names: Vec<String> = buckets.iter().map(|name| (*name).to_owned()).collect();
        Row {
            id: id.to_owned(),
            matches: Matches {
                buckets: (!names.is_empty()).then_some(names),
                days_past_due: Span { from: days.0, through: days.1 },
                balance_minor: Span::ANY,
                segments: None,
                reported_to_bureau: None,
            },
            outcome: Outcome::Silence { reason: Reason::Wait, review_days: 1 },
        }
    }

    fn table(rows: Vec<Row>) -> StrategyTable {
        StrategyTable {
            name: "test".to_owned(),
            version: 1,
            currency: Currency::CNY,
            segments: vec!["standard".to_owned()],
            days_past_due: Span { from: Some(-3), through: None },
            rows,
        }
    }

    fn input(buckets: &[Bucket], days_past_due: i32) -> StrategyInput<'_> {
        StrategyInput {
            buckets,
            days_past_due,
            balance: Money::new(10_000, Currency::CNY),
            segment: "standard",
            is_reported_to_bureau: false,
        }
    }

    /// Row on `day`, and the next day of change.
    fn check(table: &StrategyTable, day: i32, expected: (&str, Option<i32>)) {
        let buckets = buckets();
        let input = input(&buckets, day);
        let row = table.decide(&input).map_or("none", |row| row.id.as_str());
        assert_eq!((row, table.next_change(&input)), expected, "on day {day}");
    }

    #[test]
    fn the_first_row_that_matches_decides_and_the_next_change_is_known() {
        let table = table(vec![
            row("remind", &["M0"], (Some(-3), Some(-3))),
            row("first", &[], (Some(1), Some(1))),
            row("m1", &["M1"], (None, None)),
            row("late", &["M2", "M3"], (Some(40), None)),
        ]);
        check(&table, -9, ("none", Some(-3)));
        check(&table, -3, ("remind", Some(-2)));
        check(&table, 0, ("none", Some(1)));
        check(&table, 1, ("first", Some(2)));
        check(&table, 2, ("m1", Some(31)));
        check(&table, 31, ("none", Some(40)));
        check(&table, 40, ("late", None));
    }

    #[test]
    fn every_condition_of_a_row_must_hold() {
        let mut gentle = row("gentle", &[], (None, None));
        gentle.matches.segments = Some(vec!["gentle".to_owned()]);
        gentle.matches.balance_minor = Span { from: Some(100), through: Some(200) };
        gentle.matches.reported_to_bureau = Some(true);
        let table = table(vec![gentle]);
        let buckets = buckets();
        let holds = |minor, segment, is_reported_to_bureau| {
            let balance = Money::new(minor, Currency::CNY);
            let input = StrategyInput { balance, segment, is_reported_to_bureau, ..input(&buckets, 5) };
            table.decide(&input).is_some()
        };
        assert!(holds(100, "gentle", true) && holds(200, "gentle", true));
        assert!(!holds(99, "gentle", true) && !holds(201, "gentle", true));
        assert!(!holds(150, "standard", true) && !holds(150, "gentle", false));
    }

    fn any_row() -> impl Strategy<Value = Row> {
        let bucket_sets: [&[&str]; 5] = [&[], &["M1"], &["M0", "M1"], &["M1", "M3"], &["M2"]];
        let bucket = proptest::sample::select(bucket_sets.to_vec());
        let day = || proptest::option::of(-8_i32..80);
        (bucket, day(), day()).prop_map(|(names, from, through)| row("row", names, (from, through)))
    }

    proptest! {
        /// Walks day by day and compares.
        #[test]
        fn the_next_change_is_the_first_day_with_another_row(
            mut rows in proptest::collection::vec(any_row(), 0..6),
            today in -10_i32..75,
        ) {
            for (index, row) in rows.iter_mut().enumerate() {
                row.id = index.to_string();
            }
            let table = table(rows);
            let buckets = buckets();
            let row_on = |day| table.decide(&input(&buckets, day)).map(|row| row.id.clone());
            let walked = (today + 1..200).find(|day| row_on(*day) != row_on(today));
            prop_assert_eq!(table.next_change(&input(&buckets, today)), walked);
        }
    }
}

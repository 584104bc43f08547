//! The strategy: a first-hit table that says, for where an agreement stands, whether and how to make contact.
//!
//! Promises that the same input finds the same row, and that [`StrategyTable::next_change`] names the first
//! later day on which another row would be found, so that an agreement need not be looked at before.
//! Whether the table answers everything is asked of [`crate::strategy_check`].

use crate::contact::{Channel, code_enum};
use crate::fallback::FallbackRule;
use crate::id::CustomerId;
use crate::money::{Currency, Money};
use crate::reason::Reason;
use crate::terms::Bucket;
use crate::trial::{Draw, Trial, TrialMatch};

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
pub const SILENCE_REASONS: [Reason; 11] = [
    Reason::Wait,
    Reason::Gentle,
    Reason::SmallBalance,
    Reason::CallsReduced,
    Reason::Economy,
    Reason::Reputation,
    Reason::Competition,
    Reason::Experience,
    Reason::ModelPays,
    Reason::ModelNoHelp,
    Reason::TrialHoldout,
];

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
    /// How many contacts were carried out since the oldest unpaid amount fell due.
    pub contacts: Span<u32>,
    /// The arms of a trial.
    pub trial: Option<TrialMatch>,
}

impl Matches {
    /// A condition that holds for everything.
    pub const EVERYTHING: Self = Self {
        buckets: None,
        days_past_due: Span::ANY,
        balance_minor: Span::ANY,
        segments: None,
        reported_to_bureau: None,
        contacts: Span::ANY,
        trial: None,
    };
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
        /// Which channel takes the place of one that did not get through.
        fallback: Vec<FallbackRule>,
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
    /// What holds for all rows.
    pub settings: Settings,
}

/// What a strategy says besides its rows. Each may be left out.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Settings {
    /// Trials whose arms rows may ask for.
    pub trials: Vec<Trial>,
    /// The most contacts a day by a channel; the others go first the next day.
    pub capacity: Vec<(Channel, u32)>,
    /// What a complaint changes for whoever complained.
    pub after_complaint: Option<AfterComplaint>,
}

/// What a complaint changes: these channels rest for so many days after it was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AfterComplaint {
    /// Channels that rest; never empty.
    pub channels: Vec<Channel>,
    /// For so many days; at least 1.
    pub days: u16,
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
    /// Contacts carried out since the oldest unpaid amount fell due.
    pub contacts: u32,
    /// The customer, for the draws of trials.
    pub customer: CustomerId,
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
    /// Whether everything but bucket and days past due holds, of a table with these settings.
    fn holds_apart_from_days(&self, input: &StrategyInput<'_>, settings: &Settings) -> bool {
        self.holds_apart_from_days_and_draw(input)
            && self.trial.as_ref().is_none_or(|wanted| settings.is_in(wanted, input.customer))
    }

    fn holds_apart_from_days_and_draw(&self, input: &StrategyInput<'_>) -> bool {
        self.contacts.contains(input.contacts)
            && self.balance_minor.contains(input.balance.minor())
            && self.reported_to_bureau.is_none_or(|reported| reported == input.is_reported_to_bureau)
            && self.segments.as_ref().is_none_or(|names| names.iter().any(|name| name == input.segment))
    }

    /// Whether all of it holds, of a table with these settings.
    #[must_use]
    pub fn holds(&self, input: &StrategyInput<'_>, settings: &Settings) -> bool {
        self.days_hold(input) && self.holds_apart_from_days(input, settings)
    }

    fn days_hold(&self, input: &StrategyInput<'_>) -> bool {
        let bucket_holds = |names: &Vec<String>| {
            let bucket = input.bucket();
            names.iter().any(|name| name == bucket)
        };
        self.days_past_due.contains(input.days_past_due) && self.buckets.as_ref().is_none_or(bucket_holds)
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

impl Settings {
    fn is_in(&self, wanted: &TrialMatch, customer: CustomerId) -> bool {
        let trial = self.trials.iter().find(|trial| trial.name == wanted.trial);
        let arm = trial.map(|trial| &trial.arm_of(customer).name);
        arm.is_some_and(|arm| wanted.arms.contains(arm))
    }

    /// The most contacts a day by `channel`, if there is a limit.
    #[must_use]
    pub fn capacity_of(&self, channel: Channel) -> Option<u32> {
        self.capacity.iter().find(|(limited, _)| *limited == channel).map(|(_, count)| *count)
    }
}

impl StrategyTable {
    /// Whether a row asks how many contacts were carried out.
    #[must_use]
    pub fn asks_contacts(&self) -> bool {
        self.rows.iter().any(|row| row.matches.contacts != Span::ANY)
    }

    /// The draw on which the decision hangs: of the trial of the first row, up to the one that decides, that matches but
    /// for the arm. Whoever is treated is in the trial as much as whoever is not.
    #[must_use]
    pub fn draw(&self, input: &StrategyInput<'_>) -> Option<Draw> {
        let through = self.deciding_index(input).map_or(self.rows.len(), |index| index + 1);
        let asks = self.rows[..through].iter().find(|row| {
            row.matches.trial.is_some()
                && row.matches.days_hold(input)
                && row.matches.holds_apart_from_days_and_draw(input)
        });
        let wanted = asks?.matches.trial.as_ref()?;
        let trial = self.settings.trials.iter().find(|trial| trial.name == wanted.trial)?;
        Some(trial.draw(input.customer))
    }

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
        self.rows.iter().position(|row| row.matches.holds(input, &self.settings))
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
            if !row.matches.holds_apart_from_days(input, &self.settings) {
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
                ..Matches::EVERYTHING
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
            settings: Settings::default(),
        }
    }

    fn input(buckets: &[Bucket], days_past_due: i32) -> StrategyInput<'_> {
        StrategyInput {
            buckets,
            days_past_due,
            balance: Money::new(10_000, Currency::CNY),
            segment: "standard",
            is_reported_to_bureau: false,
            contacts: 0,
            customer: CustomerId([0; 16]),
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

    #[test]
    fn a_holdout_is_silent_and_both_arms_carry_their_draw() {
        let arm =
            |name: &str, share_millionths| crate::trial::Arm { name: name.to_owned(), share_millionths };
        let trial =
            Trial { name: "quiet".to_owned(), arms: vec![arm("holdout", 500_000), arm("treated", 500_000)] };
        let mut held = row("held", &["M1"], (None, None));
        held.matches.trial = Some(TrialMatch { trial: "quiet".to_owned(), arms: vec!["holdout".to_owned()] });
        let mut table = table(vec![held, row("m1", &["M1"], (None, None)), row("rest", &[], (None, None))]);
        table.settings.trials = vec![trial.clone()];
        let buckets = buckets();
        let mut seen = std::collections::BTreeSet::new();
        for number in 0..50 {
            let customer = CustomerId::of_external(&number.to_string());
            let on = |days| StrategyInput { customer, ..input(&buckets, days) };
            let arm = trial.arm_of(customer).name.as_str();
            let decided = table.decide(&on(5)).map(|row| row.id.as_str());
            assert_eq!(decided, Some(if arm == "holdout" { "held" } else { "m1" }));
            assert_eq!(table.draw(&on(5)).map(|draw| draw.arm), Some(arm.to_owned()));
            assert_eq!(table.draw(&on(40)), None, "the row of the trial does not reach M2");
            seen.insert(arm);
        }
        assert_eq!(seen.len(), 2);
    }

    #[test]
    fn rows_may_ask_how_many_contacts_were_carried_out() {
        let step = |id: &str, contacts| {
            let mut row = row(id, &["M1"], (None, None));
            row.matches.contacts = contacts;
            row
        };
        let span = |from, through| Span { from, through };
        let table = table(vec![
            step("first", span(None, Some(0))),
            step("second", span(Some(1), Some(1))),
            step("last", span(Some(2), None)),
        ]);
        let buckets = buckets();
        let on = |contacts| {
            let input = StrategyInput { contacts, ..input(&buckets, 9) };
            table.decide(&input).map(|row| row.id.clone())
        };
        assert_eq!([on(0), on(1), on(7)].map(Option::unwrap), ["first", "second", "last"]);
        assert!(table.asks_contacts());
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

//! Our ageing against the bank's: a table of counts, our bucket down, the bank's code across.

use std::collections::BTreeMap;
use std::fmt;

/// Counts of customer-months by our bucket and the bank's status code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfusionTable {
    buckets: Vec<String>,
    counts: BTreeMap<(usize, i8), u64>,
}

impl ConfusionTable {
    /// An empty table over our buckets, least overdue first, such as `M0`, `M1`, ….
    ///
    /// # Panics
    /// Without any bucket: terms always have one.
    #[must_use]
    pub fn new(bucket_names: &[&str]) -> Self {
        assert!(!bucket_names.is_empty(), "a confusion table has at least one bucket");
        Self { buckets: bucket_names.iter().map(|&name| name.to_owned()).collect(), counts: BTreeMap::new() }
    }

    /// Counts one customer-month.
    ///
    /// # Panics
    /// When the index is not one of the buckets.
    pub fn add(&mut self, bucket_index: usize, bank_code: i8) {
        assert!(bucket_index < self.buckets.len(), "bucket {bucket_index} is not in the table");
        *self.counts.entry((bucket_index, bank_code)).or_default() += 1;
    }

    /// The bucket that says the same as a code of the bank.
    ///
    /// The bank counts months since the statement and we count days since the due date, so its 2 is our first
    /// bucket of arrears, and 1, which hardly occurs, is taken for the same. Codes beyond our buckets go into the
    /// last one.
    #[must_use]
    pub fn bucket_of(&self, bank_code: i8) -> usize {
        let missed = match bank_code {
            ..=0 => 0,
            1 => 1,
            months => usize::try_from(months - 1).unwrap_or_default(),
        };
        missed.min(self.buckets.len() - 1)
    }

    /// All customer-months.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }

    /// Customer-months for which `holds` is true of our bucket and the bank's.
    fn count_where(&self, holds: impl Fn(usize, usize) -> bool) -> u64 {
        let matching = self.counts.iter().filter(|((ours, code), _)| holds(*ours, self.bucket_of(*code)));
        matching.map(|(_, count)| count).sum()
    }

    /// Customer-months in which both have the same bucket.
    #[must_use]
    pub fn same_bucket_count(&self) -> u64 {
        self.count_where(|ours, bank| ours == bank)
    }

    /// Customer-months in which both say overdue, or both say not overdue.
    #[must_use]
    pub fn same_side_count(&self) -> u64 {
        self.count_where(|ours, bank| (ours > 0) == (bank > 0))
    }

    /// Customer-months that are overdue at the bank.
    #[must_use]
    pub fn overdue_at_bank_count(&self) -> u64 {
        self.count_where(|_, bank| bank > 0)
    }

    /// Customer-months that are overdue with us.
    #[must_use]
    pub fn overdue_here_count(&self) -> u64 {
        self.count_where(|ours, _| ours > 0)
    }

    /// Customer-months that are overdue with both.
    #[must_use]
    pub fn overdue_at_both_count(&self) -> u64 {
        self.count_where(|ours, bank| ours > 0 && bank > 0)
    }

    /// Customer-months with our bucket `bucket_index` and the bank's `code`.
    #[must_use]
    pub fn count(&self, bucket_index: usize, code: i8) -> u64 {
        self.counts.get(&(bucket_index, code)).copied().unwrap_or(0)
    }

    /// The buckets with their index, up to the last one that occurs.
    pub fn buckets(&self) -> impl Iterator<Item = (usize, &str)> {
        let last = self.counts.keys().map(|(bucket_index, _)| *bucket_index).max().unwrap_or(0);
        self.buckets.iter().map(String::as_str).enumerate().take(last + 1)
    }

    /// The bank's codes that occur, ascending.
    #[must_use]
    pub fn codes(&self) -> Vec<i8> {
        let mut codes: Vec<i8> = self.counts.keys().map(|(_, code)| *code).collect();
        codes.sort_unstable();
        codes.dedup();
        codes
    }
}

/// The table, then the agreement in words.
impl fmt::Display for ConfusionTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let codes = self.codes();
        write!(f, "{:<6}", "bank")?;
        for code in &codes {
            write!(f, "{code:>9}")?;
        }
        writeln!(f, "{:>10}", "all")?;
        for (index, bucket) in self.buckets() {
            let counts: Vec<u64> = codes.iter().map(|code| self.count(index, *code)).collect();
            write!(f, "{bucket:<6}")?;
            for count in &counts {
                write!(f, "{count:>9}")?;
            }
            writeln!(f, "{:>10}", counts.iter().sum::<u64>())?;
        }
        let total = self.total();
        let (overdue_at_bank, overdue_here) = (self.overdue_at_bank_count(), self.overdue_here_count());
        let overdue_at_both = self.overdue_at_both_count();
        writeln!(f, "same bucket: {}", share(self.same_bucket_count(), total))?;
        writeln!(f, "same side (overdue or not): {}", share(self.same_side_count(), total))?;
        writeln!(f, "overdue at the bank, of which here too: {}", share(overdue_at_both, overdue_at_bank))?;
        write!(f, "overdue here, of which at the bank too: {}", share(overdue_at_both, overdue_here))
    }
}

/// `91.8 % (137,700 of 150,000)`.
fn share(part: u64, whole: u64) -> String {
    let tenths =
        (u128::from(part) * 1000 + u128::from(whole) / 2).checked_div(u128::from(whole)).unwrap_or(0);
    format!("{}.{} % ({} of {})", tenths / 10, tenths % 10, grouped(part), grouped(whole))
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn the_bank_counts_one_month_more_than_missed_due_dates() {
        let table = ConfusionTable::new(&["M0", "M1", "M2", "M3"]);
        let buckets = [-2, -1, 0, 1, 2, 3, 4, 8].map(|code| table.bucket_of(code));
        assert_eq!(buckets, [0, 0, 0, 1, 1, 2, 3, 3]);
    }

    #[test]
    fn the_table_shows_counts_and_agreement() {
        let mut table = ConfusionTable::new(&["M0", "M1", "M2"]);
        for (bucket, code, count) in [(0, -1, 1200), (0, 2, 30), (1, 2, 70), (1, 0, 10), (2, 3, 5), (2, 2, 2)]
        {
            (0..count).for_each(|_| table.add(bucket, code));
        }
        expect![[r#"
            bank         -1        0        2        3       all
            M0         1200        0       30        0      1230
            M1            0       10       70        0        80
            M2            0        0        2        5         7
            same bucket: 96.8 % (1,275 of 1,317)
            same side (overdue or not): 97.0 % (1,277 of 1,317)
            overdue at the bank, of which here too: 72.0 % (77 of 107)
            overdue here, of which at the bank too: 88.5 % (77 of 87)"#]]
        .assert_eq(&table.to_string());
        expect![[r#"
            bank         all
            M0             0
            same bucket: 0.0 % (0 of 0)
            same side (overdue or not): 0.0 % (0 of 0)
            overdue at the bank, of which here too: 0.0 % (0 of 0)
            overdue here, of which at the bank too: 0.0 % (0 of 0)"#]]
        .assert_eq(&ConfusionTable::new(&["M0"]).to_string());
    }
}

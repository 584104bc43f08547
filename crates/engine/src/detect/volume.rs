//! Days with too few or too many messages of a kind: counts of days against those of the same weekday before.

use super::Mixture;
use super::numbers::log_gamma;

/// What the number may have become, times the usual one: none, half, a fifth less, a quarter more, double.
pub const FACTORS: [f64; 5] = [0.0, 0.5, 0.8, 1.25, 2.0];
/// Days of history from which on a day is judged.
pub const HISTORY_DAYS_MIN: usize = 14;
/// Numbers below this are not judged: chance moves them too much.
const USUAL_COUNT_MIN: f64 = 20.0;

/// What is usual of a day: the mean number, and how much more it varies than chance alone would.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Usual {
    /// The mean number.
    pub mean: f64,
    /// The shape of the negative binomial; the larger, the nearer to chance alone.
    pub shape: f64,
}

impl Usual {
    /// What is usual of the day at `index`, counted from the first day of `history`, which is in order and has one number
    /// for each day. Each weekday has a mean of its own. The spread is that of the days about these means, at least a
    /// tenth. `None` where there are too few days or too few messages.
    #[must_use]
    pub fn of(history: &[u64], index: usize) -> Option<Self> {
        if history.len() < HISTORY_DAYS_MIN {
            return None;
        }
        let means: Vec<f64> = (0..7).map(|weekday| mean_of_weekday(history, weekday)).collect();
        let mean = means[index % 7];
        if mean < USUAL_COUNT_MIN {
            return None;
        }
        let relative = |(day, count): (usize, &u64)| {
            let usual = means[day % 7].max(1.0);
            ((*count as f64 - usual) / usual).powi(2) - 1.0 / usual
        };
        let spread: f64 = history.iter().enumerate().map(relative).sum();
        // Each weekday's mean was taken from the same days.
        let degrees = (history.len() - 7) as f64;
        Some(Self { mean, shape: 1.0 / (spread / degrees).max(0.01) })
    }

    fn log_likelihood(&self, count: u64, factor: f64) -> f64 {
        // None at all is taken as one in a thousand, so that a single message does not speak against it for ever.
        let mean = self.mean * factor.max(0.001);
        let (count, shape) = (count as f64, self.shape);
        log_gamma(count + shape) - log_gamma(shape)
            + shape * (shape / (shape + mean)).ln()
            + count * (mean / (shape + mean)).ln()
    }

    /// How many times likelier each of [`FACTORS`] makes the day's number than the usual, as logarithms.
    #[must_use]
    pub fn log_ratios(&self, count: u64) -> [f64; FACTORS.len()] {
        let usual = self.log_likelihood(count, 1.0);
        FACTORS.map(|factor| self.log_likelihood(count, factor) - usual)
    }
}

/// A day that departs from what is usual.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Departure {
    /// What was to be expected.
    pub expected: f64,
    /// What was seen.
    pub found: u64,
    /// The factor that the last days speak for.
    pub factor: f64,
    /// The logarithm of the evidence.
    pub log_evidence: f64,
}

/// Days at the end of a row of days that are judged by those before them.
pub const JUDGED_DAYS: usize = 7;

/// Whether the last week of `days`, which are in order with one number each, departs from the days before it.
/// `threshold` in looks, one a day.
#[must_use]
pub fn departs(days: &[u64], threshold: f64) -> Option<Departure> {
    let first = days.len().checked_sub(JUDGED_DAYS)?;
    let (history, judged) = days.split_at(first);
    let mut mixture = Mixture::<{ FACTORS.len() }>::default();
    let mut last = None;
    for (index, found) in judged.iter().enumerate() {
        if let Some(usual) = Usual::of(history, first + index) {
            mixture.look(&usual.log_ratios(*found));
            last = Some((usual.mean, *found));
        }
    }
    let (expected, found) = last?;
    let log_evidence = mixture.log_evidence();
    let factor = FACTORS[mixture.strongest().0];
    (log_evidence >= threshold.ln()).then_some(Departure { expected, found, factor, log_evidence })
}

fn mean_of_weekday(history: &[u64], index: usize) -> f64 {
    let of_weekday: Vec<f64> =
        history.iter().enumerate().filter(|(day, _)| day % 7 == index % 7).map(|(_, n)| *n as f64).collect();
    if of_weekday.is_empty() { 0.0 } else { of_weekday.iter().sum::<f64>() / of_weekday.len() as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Four weeks with quiet weekends, and a week that ends as given.
    fn days(last: u64) -> Vec<u64> {
        let week = [400, 410, 390, 405, 395, 120, 100];
        let mut days: Vec<u64> = (0..4).flat_map(|_| week).collect();
        days.extend([402, 408, 391, 404, 397, 119]);
        days.push(last);
        days
    }

    #[test]
    fn a_sunday_like_other_sundays_is_no_departure() {
        assert_eq!(departs(&days(100), 3_650.0), None);
        assert_eq!(departs(&days(140), 3_650.0), None);
    }

    #[test]
    fn a_day_without_messages_and_one_with_twice_as_many_are() {
        let none = departs(&days(0), 3_650.0).expect("a day without messages");
        assert_eq!((none.factor, none.found), (0.0, 0));
        assert!((none.expected - 100.0).abs() < 1e-9);
        let double = departs(&days(420), 3_650.0).expect("a day with four times as many");
        assert_eq!(double.factor, 2.0);
    }

    #[test]
    fn a_short_history_and_small_numbers_are_not_judged() {
        assert_eq!(departs(&days(0)[15..], 3_650.0), None);
        let small: Vec<u64> = days(0).iter().map(|count| count / 40).collect();
        assert_eq!(departs(&small, 3_650.0), None);
    }
}

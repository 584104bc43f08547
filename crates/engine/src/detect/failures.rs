//! Messages that a provider took and that did not arrive in time: batches of a stream against its baseline.
//!
//! Losses come in clusters: an hour in which a carrier stumbles loses many. A test that takes messages one by one as
//! independent raises false alarms in nearly every stream; this one takes batches, with the correlation within them.

use super::Mixture;
use super::numbers::{beta_quantile, chi_squared_lowest_twentieth, log_beta};

/// How much worse it may have become: times the baseline, half of all, nearly all.
pub const ALTERNATIVE_COUNT: usize = 5;
/// Messages that a baseline is learned from at least.
pub const LEARNED_MESSAGE_COUNT_MIN: u64 = 500;
/// Batches that a baseline is learned from at least.
pub const LEARNED_BATCH_COUNT_MIN: usize = 10;

/// Messages of a stream that were handed over within one span of time, and are old enough to have arrived.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// Handed over.
    pub count: u32,
    /// Of them not known to have arrived.
    pub missing: u32,
}

/// What a stream is like when nothing is wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Baseline {
    /// The share that does not arrive, above 0 and below 1.
    pub rate: f64,
    /// The correlation of two messages of one batch; 0: independent.
    pub correlation: f64,
}

impl Baseline {
    /// For a stream that too little is known of: it raises an alarm when most are lost, and not before.
    pub const UNKNOWN: Self = Self { rate: 0.3, correlation: 0.05 };

    /// The baseline of a stream from batches in which nothing was wrong: the upper 95 % bound of the correlation, and
    /// with it the upper 99 % bound of the rate. Bounds and not best guesses: a guess from 500 messages that is a little
    /// low raises false alarms in a third of all streams. `None` where there is too little to learn from.
    #[must_use]
    pub fn learn(batches: &[Batch]) -> Option<Self> {
        let used: Vec<&Batch> = batches.iter().filter(|batch| batch.count > 0).collect();
        let count: u64 = used.iter().map(|batch| u64::from(batch.count)).sum();
        if used.len() < LEARNED_BATCH_COUNT_MIN || count < LEARNED_MESSAGE_COUNT_MIN {
            return None;
        }
        let (total, missing) =
            (count as f64, used.iter().map(|batch| u64::from(batch.missing)).sum::<u64>() as f64);
        let share = (missing + 0.5) / (total + 1.0);
        let pearson: f64 = used
            .iter()
            .map(|batch| {
                let n = f64::from(batch.count);
                (f64::from(batch.missing) - n * share).powi(2) / (n * share * (1.0 - share))
            })
            .sum();
        let degrees = (used.len() - 1) as f64;
        let spread = pearson / chi_squared_lowest_twentieth(degrees).max(1e-9);
        // The mean size as a message sees it, which is what one more message in its batch counts for.
        let size = used.iter().map(|batch| f64::from(batch.count).powi(2)).sum::<f64>() / total;
        let correlation = if size > 1.0 { ((spread - 1.0) / (size - 1.0)).clamp(0.0, 0.5) } else { 0.0 };
        let worth = 1.0 / (1.0 + (size - 1.0).max(0.0) * correlation);
        let rate = beta_quantile(0.99, missing * worth + 1.0, (total - missing) * worth);
        Some(Self { rate: rate.clamp(0.002, 0.9), correlation })
    }

    /// The rates that it may have risen to.
    #[must_use]
    pub fn alternatives(&self) -> [f64; ALTERNATIVE_COUNT] {
        let rate = self.rate;
        let most = |value: f64| value.min(0.5 * (1.0 + rate));
        [most(1.5 * rate), most(2.0 * rate), most(4.0 * rate), (4.0 * rate).clamp(0.5, 0.94), 0.95]
    }
}

/// The logarithm of what the batch's likelihood is at a rate, but for a factor that depends on the batch alone.
fn log_likelihood(batch: Batch, rate: f64, correlation: f64) -> f64 {
    let (missing, arrived) =
        (f64::from(batch.missing.min(batch.count)), f64::from(batch.count.saturating_sub(batch.missing)));
    if correlation <= 1e-9 {
        return missing * rate.ln() + arrived * (1.0 - rate).ln();
    }
    let weight = 1.0 / correlation - 1.0;
    let (a, b) = (rate * weight, (1.0 - rate) * weight);
    log_beta(missing + a, arrived + b) - log_beta(a, b)
}

/// How many times likelier each alternative makes the batch than the baseline, as logarithms.
#[must_use]
pub fn log_ratios(baseline: &Baseline, batch: Batch) -> [f64; ALTERNATIVE_COUNT] {
    let usual = log_likelihood(batch, baseline.rate, baseline.correlation);
    baseline.alternatives().map(|rate| log_likelihood(batch, rate, baseline.correlation) - usual)
}

/// An alarm over a stream.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Alarm {
    /// The batch that raised it, counted from 0.
    pub raised_at: usize,
    /// The batch with which the trouble seems to have begun.
    pub began_at: usize,
    /// The rate that what was seen speaks for.
    pub rate: f64,
    /// The logarithm of the evidence.
    pub log_evidence: f64,
    /// Messages of the batches from the beginning on.
    pub count: u64,
    /// Of them not known to have arrived.
    pub missing: u64,
}

/// Looks at a stream's batches in their order; the first alarm, if there is one.
#[must_use]
pub fn first_alarm(baseline: &Baseline, batches: &[Batch], threshold: f64) -> Option<Alarm> {
    let mut mixture = Mixture::<ALTERNATIVE_COUNT>::default();
    for (index, batch) in batches.iter().enumerate() {
        mixture.look(&log_ratios(baseline, *batch));
        if mixture.log_evidence() >= threshold.ln() {
            let (strongest, began_at) = mixture.strongest();
            let began_at = usize::try_from(began_at).unwrap_or(usize::MAX).min(index);
            let hit = &batches[began_at..=index];
            return Some(Alarm {
                raised_at: index,
                began_at,
                rate: baseline.alternatives()[strongest],
                log_evidence: mixture.log_evidence(),
                count: hit.iter().map(|batch| u64::from(batch.count)).sum(),
                missing: hit.iter().map(|batch| u64::from(batch.missing)).sum(),
            });
        }
    }
    None
}

/// Whether what was handed over since an alarm speaks for the baseline again: twenty to one against four times its rate
/// and more, and from thirty messages at least.
#[must_use]
pub fn has_recovered(baseline: &Baseline, batches: &[Batch]) -> bool {
    const FOR_THE_BASELINE: f64 = -3.0;
    let count: u64 = batches.iter().map(|batch| u64::from(batch.count)).sum();
    let mut sums = [0.0; ALTERNATIVE_COUNT];
    for batch in batches {
        for (sum, ratio) in sums.iter_mut().zip(log_ratios(baseline, *batch)) {
            *sum += ratio;
        }
    }
    // The milder alternatives are next to the baseline, and take too long to tell from it.
    count >= 30 && sums[2..].iter().all(|sum| *sum <= FOR_THE_BASELINE)
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: Baseline = Baseline { rate: 0.05, correlation: 0.005 };

    #[test]
    fn an_hour_in_which_half_is_lost_raises_an_alarm_at_once() {
        let batches = [Batch { count: 200, missing: 11 }, Batch { count: 200, missing: 104 }];
        let alarm = first_alarm(&USUAL, &batches, crate::detect::threshold(1, 1)).expect("half is lost");
        assert_eq!((alarm.raised_at, alarm.began_at, alarm.missing), (1, 1, 104));
        assert!(alarm.rate >= 0.5, "{alarm:?}");
        assert_eq!(first_alarm(&USUAL, &batches[..1], crate::detect::threshold(1, 1)), None);
    }

    #[test]
    fn a_stream_as_it_always_was_raises_none() {
        let batches: Vec<Batch> =
            (0..5_000).map(|index| Batch { count: 200, missing: 6 + index * 7 % 9 }).collect();
        assert_eq!(first_alarm(&USUAL, &batches, crate::detect::threshold(1, 1)), None);
    }

    #[test]
    fn a_baseline_is_a_bound_above_what_was_seen() {
        let steady: Vec<Batch> = (0..50).map(|index| Batch { count: 100, missing: 4 + index % 3 }).collect();
        let baseline = Baseline::learn(&steady).expect("5,000 messages tell enough");
        assert!(baseline.rate > 0.05 && baseline.rate < 0.065, "{baseline:?}");
        assert!(baseline.correlation < 0.005, "{baseline:?}");
        let clustered: Vec<Batch> =
            (0..50).map(|index| Batch { count: 100, missing: if index % 5 == 0 { 21 } else { 1 } }).collect();
        let clustered = Baseline::learn(&clustered).expect("5,000 messages tell enough");
        assert!(clustered.correlation > 0.1 && clustered.rate > baseline.rate, "{clustered:?}");
    }

    #[test]
    fn too_little_teaches_nothing() {
        assert_eq!(Baseline::learn(&[Batch { count: 400, missing: 20 }; 9]), None);
        assert_eq!(Baseline::learn(&[Batch { count: 49, missing: 2 }; 10]), None);
        assert!(Baseline::learn(&[Batch { count: 50, missing: 2 }; 10]).is_some());
    }

    #[test]
    fn a_stream_has_recovered_when_enough_arrives_again() {
        assert!(has_recovered(&USUAL, &[Batch { count: 200, missing: 9 }]));
        assert!(!has_recovered(&USUAL, &[Batch { count: 29, missing: 0 }]));
        assert!(!has_recovered(&USUAL, &[Batch { count: 200, missing: 40 }]));
        assert!(!has_recovered(&USUAL, &[]));
    }
}

//! Finds silence that nobody reported: messages that leave and do not arrive, receipts that stop, days with too few or too
//! many messages, and messages that are said to arrive and bring nothing.
//!
//! Pure functions of counts: what is watched is loaded by [`crate::watch`], and the bench plays made-up counts. Floats
//! live here and not in `domain`, since no amount and no verdict follows from them: what they raise is an incident.
//! Alarms are Shiryaev-Roberts statistics, mixed over how bad it may be: under no change the mean of the statistic less
//! the number of looks is a martingale, so that the mean time to a false alarm is at least the threshold (Shin, Ramdas
//! and Rinaldo, e-detectors).

pub mod failures;
pub mod numbers;
pub mod outcome;
pub mod silence;
pub mod volume;

/// A Shiryaev-Roberts statistic for each of several alternatives, as logarithms.
#[derive(Clone, Debug, PartialEq)]
pub struct Mixture<const K: usize> {
    logs: [f64; K],
    /// For each alternative the look from which on its evidence has grown.
    since: [u64; K],
    looks: u64,
}

impl<const K: usize> Default for Mixture<K> {
    fn default() -> Self {
        Self { logs: [f64::NEG_INFINITY; K], since: [0; K], looks: 0 }
    }
}

impl<const K: usize> Mixture<K> {
    /// One more look, with the logarithm of each alternative's likelihood ratio: R becomes (1 + R) times the ratio.
    pub fn look(&mut self, log_ratios: &[f64; K]) {
        for (index, ratio) in log_ratios.iter().enumerate() {
            // Below one, what was seen before speaks against the alternative: its trouble begins here at the earliest.
            if self.logs[index] <= 0.0 {
                self.since[index] = self.looks;
            }
            self.logs[index] = numbers::log_one_plus_exp(self.logs[index]) + ratio;
        }
        self.looks += 1;
    }

    /// The logarithm of the mean statistic; minus infinity before the first look.
    #[must_use]
    pub fn log_evidence(&self) -> f64 {
        numbers::log_sum(&self.logs) - (K as f64).ln()
    }

    /// The alternative that what was seen speaks for most, and the look, counted from 0, with which it began.
    #[must_use]
    pub fn strongest(&self) -> (usize, u64) {
        let mut best = 0;
        for index in 1..K {
            if self.logs[index] > self.logs[best] {
                best = index;
            }
        }
        (best, self.since[best])
    }
}

/// The threshold for one false alarm in ten years over `stream_count` streams that are looked at `looks_per_hour` times
/// an hour.
#[must_use]
pub fn threshold(stream_count: usize, looks_per_hour: u32) -> f64 {
    const HOURS_OF_TEN_YEARS: f64 = 10.0 * 365.0 * 24.0;
    HOURS_OF_TEN_YEARS * f64::from(looks_per_hour.max(1)) * (stream_count.max(1) as f64)
}

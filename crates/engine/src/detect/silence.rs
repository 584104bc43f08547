//! Receipts that stop: how many were to be expected since the last one.

/// Seconds that a receipt may have taken, by powers of two: place `n` counts those below `2^n` seconds and not below the
/// half of it.
pub const LATENCY_PLACES: usize = 24;

/// The place of a latency.
#[must_use]
pub fn latency_place(seconds: i64) -> usize {
    let bits = 64 - u64::try_from(seconds).unwrap_or(0).leading_zeros();
    (bits as usize).min(LATENCY_PLACES - 1)
}

/// How long receipts took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Latencies {
    /// Receipts by the place of their latency.
    pub counts: [u64; LATENCY_PLACES],
}

impl Latencies {
    /// Receipts in all.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The share of receipts that had come within `seconds`, spread evenly within a place. Half an hour at the most is
    /// assumed where nothing is known.
    #[must_use]
    pub fn share_within(&self, seconds: f64) -> f64 {
        if seconds <= 0.0 {
            return 0.0;
        }
        let total = self.total();
        if total == 0 {
            return (seconds / 1_800.0).min(1.0);
        }
        let mut before = 0.0;
        for (place, count) in self.counts.iter().enumerate() {
            let (from, to) = bounds(place);
            if seconds < to {
                let within = ((seconds - from) / (to - from)).clamp(0.0, 1.0);
                return (before + within * (*count as f64)) / total as f64;
            }
            before += *count as f64;
        }
        1.0
    }

    /// Seconds within which `share` of the receipts had come, rounded up to a power of two. A day where nothing is known.
    #[must_use]
    pub fn seconds_for(&self, share: f64) -> i64 {
        let total = self.total();
        if total == 0 {
            return 86_400;
        }
        let mut before = 0.0;
        for (place, count) in self.counts.iter().enumerate() {
            before += *count as f64;
            if before >= share * total as f64 {
                return bounds(place).1 as i64;
            }
        }
        86_400
    }
}

fn bounds(place: usize) -> (f64, f64) {
    let to = 2_f64.powi(i32::try_from(place).unwrap_or(i32::MAX));
    (if place == 0 { 0.0 } else { to / 2.0 }, to)
}

impl Latencies {
    /// The probability that the receipt of a message, handed over `seconds_ago` and not told of when the silence began
    /// `silent_seconds` ago, was to come since. Of all messages a share of `arrives` is told of at some time.
    #[must_use]
    pub fn due_since(&self, seconds_ago: f64, silent_seconds: f64, arrives: f64) -> f64 {
        let (by_now, by_then) =
            (self.share_within(seconds_ago), self.share_within(seconds_ago - silent_seconds));
        let never_yet = 1.0 - arrives * by_then;
        if never_yet <= 0.0 {
            return 0.0;
        }
        arrives * (by_now - by_then).max(0.0) / never_yet
    }
}

/// Messages handed over at one time of which nothing was told yet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Handed {
    /// How long ago, seconds.
    pub seconds_ago: f64,
    /// How many.
    pub count: u64,
}

/// Receipts that were to be expected since the last one came, `silent_seconds` ago, of messages that nothing was told of: each
/// brings one with probability `arrives`, by the law of latencies.
#[must_use]
pub fn expected_since(handed: &[Handed], silent_seconds: f64, arrives: f64, latencies: &Latencies) -> f64 {
    handed
        .iter()
        .map(|handed| handed.count as f64 * latencies.due_since(handed.seconds_ago, silent_seconds, arrives))
        .sum()
}

/// How many expected receipts may stay away before it is an alarm: silence as long as this has the probability of one in
/// a million.
pub const EXPECTED_COUNT_MAX: f64 = 13.815_510_557_964_274;

#[cfg(test)]
mod tests {
    use super::*;

    /// A quarter within 4 seconds, half within 8, all within 16.
    fn known() -> Latencies {
        let mut latencies = Latencies::default();
        latencies.counts[2] = 25;
        latencies.counts[3] = 25;
        latencies.counts[4] = 50;
        latencies
    }

    #[test]
    fn latencies_are_counted_by_powers_of_two() {
        let places = [0, 1, 2, 3, 4, 7, 8, 100_000_000].map(latency_place);
        assert_eq!(places, [0, 1, 2, 2, 3, 3, 4, LATENCY_PLACES - 1]);
        assert_eq!(latency_place(-5), 0);
    }

    #[test]
    fn the_share_within_a_time_grows_evenly_between_the_places() {
        let known = known();
        assert_eq!(known.share_within(4.0), 0.25);
        assert_eq!(known.share_within(6.0), 0.375);
        assert_eq!(known.share_within(16.0), 1.0);
        assert_eq!(known.seconds_for(0.5), 8);
        assert_eq!(known.seconds_for(0.999), 16);
    }

    #[test]
    fn what_was_handed_over_long_before_the_silence_is_not_expected_any_more() {
        let handed = [Handed { seconds_ago: 1_000.0, count: 500 }, Handed { seconds_ago: 8.0, count: 40 }];
        assert_eq!(expected_since(&handed, 60.0, 0.9, &known()), 18.0);
        assert_eq!(expected_since(&handed, 0.0, 0.9, &known()), 0.0);
    }

    #[test]
    fn fourteen_expected_receipts_that_stay_away_are_an_alarm() {
        assert!((EXPECTED_COUNT_MAX - 1e6_f64.ln()).abs() < 1e-12);
    }
}

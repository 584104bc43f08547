//! Reproducible randomness without state that is passed around: each draw is a function of what it is for.
//!
//! A [`Stream`] is keyed by seed, subject (the number of a customer) and purpose. So a customer comes out the same
//! whoever else is drawn, in whatever order and on whatever machine, and a new kind of draw does not shift the
//! others. Not for secrets.

use dunlin_domain::money::Rate;

/// What a stream is drawn for. The numbers are frozen: they are part of what a seed means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Who a customer is.
    Person = 1,
    /// What an agreement is.
    Agreement = 2,
    /// What is bought on it.
    Purchases = 3,
    /// How it is paid.
    Payments = 4,
    /// What a made-up stream of messages loses.
    Detection = 40,
    /// What goes wrong in a rehearsal of faults.
    Chaos = 41,
}

/// A sequence of draws for one purpose.
#[derive(Clone, Debug)]
pub struct Stream {
    key: u64,
    counter: u64,
}

/// The step of SplitMix64: odd, and without a pattern in its bits.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// The output function of SplitMix64 (Steele, Lea and Flood, 2014).
const fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

impl Stream {
    /// The stream for `purpose` of `subject`; `part` tells several of a subject apart.
    #[must_use]
    pub const fn new(seed: u64, subject: u64, purpose: Purpose, part: u64) -> Self {
        let key = mix(seed.wrapping_add(STEP));
        let key = mix(key ^ subject.wrapping_mul(STEP));
        let key = mix(key ^ ((purpose as u64) << 32) ^ part);
        Self { key, counter: 0 }
    }

    /// The next 64 bits.
    pub const fn next(&mut self) -> u64 {
        self.counter = self.counter.wrapping_add(STEP);
        mix(self.key.wrapping_add(self.counter))
    }

    /// A number from 0 to `bound` - 1.
    ///
    /// # Panics
    /// When `bound` is zero: there is no such number.
    pub const fn below(&mut self, bound: u32) -> u32 {
        assert!(bound > 0, "a draw needs at least one outcome");
        // The high half of the product; the bias is below one in four thousand million.
        (((self.next() >> 32) * bound as u64) >> 32) as u32
    }

    /// A number from `first` to `last`, both included; `first` when the range is empty.
    pub const fn between(&mut self, first: i32, last: i32) -> i32 {
        if last <= first {
            return first;
        }
        first + self.below((last - first) as u32 + 1) as i32
    }

    /// Whether something of this probability happens.
    pub fn chance(&mut self, probability: Rate) -> bool {
        i64::from(self.below(1_000_000)) < probability.millionths()
    }

    /// A value of a distribution given by its nine deciles, straight lines between them; the lowest and the highest
    /// tenth go from `least` and up to `most`.
    pub fn of_deciles(&mut self, least: Rate, deciles: &[Rate; 9], most: Rate) -> Rate {
        let draw = self.below(1_000_000);
        let (tenth, within) = ((draw / 100_000) as usize, i64::from(draw % 100_000));
        let low = if tenth == 0 { least } else { deciles[tenth - 1] };
        let high = deciles.get(tenth).copied().unwrap_or(most);
        let (low, high) = (low.millionths(), high.millionths());
        Rate::from_millionths(low + (high - low) * within / 100_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn a_stream_is_frozen_by_its_key() {
        let mut stream = Stream::new(1, 2, Purpose::Payments, 0);
        let draws: Vec<_> = (0..6).map(|_| stream.below(1000).to_string()).collect();
        expect!["263 960 557 825 71 191"].assert_eq(&draws.join(" "));
        let others = [
            Stream::new(2, 2, Purpose::Payments, 0),
            Stream::new(1, 3, Purpose::Payments, 0),
            Stream::new(1, 2, Purpose::Purchases, 0),
            Stream::new(1, 2, Purpose::Payments, 1),
        ];
        let first = Stream::new(1, 2, Purpose::Payments, 0).next();
        assert!(others.into_iter().all(|mut other| other.next() != first));
    }

    #[test]
    fn draws_are_spread_evenly_over_neighbouring_subjects() {
        let mut counts = [0_u32; 10];
        for subject in 0..100_000 {
            counts[Stream::new(7, subject, Purpose::Person, 0).below(10) as usize] += 1;
        }
        // Five standard deviations of a binomial count with n = 100,000 and p = 0.1.
        assert!(counts.iter().all(|count| count.abs_diff(10_000) < 475), "{counts:?}");
    }

    #[test]
    fn a_distribution_has_its_deciles() {
        let deciles = [1, 2, 3, 4, 50, 60, 70, 80, 90].map(|percent| Rate::from_millionths(percent * 10_000));
        let mut stream = Stream::new(7, 1, Purpose::Person, 0);
        let draws: Vec<_> =
            (0..100_000).map(|_| stream.of_deciles(Rate::ZERO, &deciles, Rate::ONE)).collect();
        for (index, decile) in deciles.iter().enumerate() {
            let below = draws.iter().filter(|draw| *draw < decile).count();
            assert!(below.abs_diff(10_000 * (index + 1)) < 800, "{below} below decile {}", index + 1);
        }
        assert!(draws.iter().all(|draw| *draw >= Rate::ZERO && *draw < Rate::ONE));
    }
}

//! How people buy, pay and fall behind: the numbers, and where each comes from.
//!
//! Sources. **UCI**: the 30,000 card customers of `docs/replay-uci.md`, measured there on the bank's balances with
//! the ageing of our own engine (a minimum of 2 %). **PHL**: the field experiment with 19,028 tax debtors of
//! Philadelphia (Chirico et al.). **[A]**: an assumption, to be varied.
//!
//! The bank's own status column gives other roll rates: of those two months behind by its count 25.3 % are current a
//! month later, 58.1 % stay, 6.3 % get worse, although 48.2 % pay nothing; of those three or more behind 10.7 % become
//! current and 75.6 % pay nothing. Its 2 does not rise when nothing is paid, so its roll rates and its
//! payments contradict each other under any ageing by due dates. Aged by due dates, the same customers give the
//! consistent table below; the share that pays nothing when three are missed (74.7 %) is the bank's.

use dunlin_domain::money::Rate;

/// A share in tenths of a per cent.
fn per_mille(thousandths: i64) -> Rate {
    Rate::from_millionths(thousandths * 1000)
}

fn per_mille_all(thousandths: [i64; 9]) -> [Rate; 9] {
    thousandths.map(per_mille)
}

/// What happens until the next due date to somebody who has missed so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RollRates {
    /// Pays all that is overdue and is current again.
    pub cure: Rate,
    /// Pays something, and is as far behind as before.
    pub stay: Rate,
}

impl RollRates {
    /// Pays nothing and misses one more due date.
    #[must_use]
    pub fn worsen(&self) -> Rate {
        Rate::from_millionths(Rate::ONE.millionths() - self.cure.millionths() - self.stay.millionths())
    }
}

/// How people buy and pay, whatever the product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Behaviour {
    /// One due date missed. UCI: 79.0 % current, 7.9 % the same, 13.1 % two missed.
    pub one_missed: RollRates,
    /// Two due dates missed. UCI: 55.8 % current, 4.5 % the same or one missed, 39.7 % three missed.
    pub two_missed: RollRates,
    /// Three or more. UCI: 20.8 % current, 3.5 % the same or fewer, 75.7 % more.
    pub more_missed: RollRates,
    /// Months in which somebody who is not behind buys something. UCI: 87.4 %.
    pub active_share: Rate,
    /// Deciles of a month's purchases as a share of the limit. UCI.
    pub purchases_to_limit: [Rate; 9],
    /// Deciles of what is paid of a statement that is paid in part, by people who are not behind. UCI.
    pub partial_payment: [Rate; 9],
    /// Deciles of what is paid of all that is billed by people who stay behind. UCI, median 3.2 %; by the bank's
    /// own count of months the median of all payers two months behind is 5 %.
    pub payment_behind: [Rate; 9],
    /// Of those who pay a statement, how many do it up to ten days late. [A]
    pub late_share: Rate,
    /// Purchases that the merchant takes back, wholly or half of it. [A]
    pub refund_share: Rate,
    /// Payments that the bank returns. [A]
    pub returned_share: Rate,
    /// Customers with a second agreement. [A]
    pub second_agreement_share: Rate,
}

/// How people use one product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProductBehaviour {
    /// Its share of the agreements.
    pub share: Rate,
    /// Of those who pay in time, how many pay the whole statement. PHL, of those who paid: 90 %. UCI, a card that
    /// invites to revolve: 28 %.
    pub full_payment_share: Rate,
    /// Purchases that are paid by instalments, if the product offers them. [A]
    pub plan_share: Rate,
    /// Limits in whole units of the currency: the least and the most, in even steps between. [A]
    pub limit: (i32, i32),
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            one_missed: RollRates { cure: per_mille(790), stay: per_mille(79) },
            two_missed: RollRates { cure: per_mille(558), stay: per_mille(45) },
            more_missed: RollRates { cure: per_mille(208), stay: per_mille(35) },
            active_share: per_mille(874),
            purchases_to_limit: per_mille_all([4, 7, 12, 16, 22, 30, 47, 79, 174]),
            partial_payment: per_mille_all([34, 36, 39, 44, 49, 58, 77, 114, 228]),
            payment_behind: per_mille_all([3, 20, 20, 26, 32, 35, 36, 37, 38]),
            late_share: per_mille(20),
            refund_share: per_mille(10),
            returned_share: per_mille(2),
            second_agreement_share: per_mille(80),
        }
    }
}

/// Where the population stands at a due date in the long run, as shares in millionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SteadyState {
    /// The chance of missing a due date for somebody who is not behind.
    pub roll_in: Rate,
    /// One missed, two missed, three and more.
    pub missed: [Rate; 3],
}

impl Behaviour {
    /// The rates of somebody with so many missed due dates, at least one.
    pub(super) const fn rates(&self, missed_count: usize) -> RollRates {
        match missed_count {
            0 | 1 => self.one_missed,
            2 => self.two_missed,
            _ => self.more_missed,
        }
    }

    /// The chance of missing that makes `overdue_share` of the agreements overdue on a typical day.
    ///
    /// With 5 % it comes out near 5 % a month. For comparison: 6.1 % of the bank's current customers are delinquent a
    /// month later by its own status, 7.7 % by our ageing.
    pub(super) fn steady_state(&self, overdue_share: Rate) -> SteadyState {
        let of = |rate: Rate| rate.millionths() as f64 / 1e6;
        let target = of(overdue_share);
        // In the long run as many leave a state as enter it; all states relative to "one missed".
        let two = of(self.one_missed.worsen()) / (1.0 - of(self.two_missed.stay));
        let more = two * of(self.two_missed.worsen()) / of(self.more_missed.cure).max(1e-6);
        // Whoever is cured is cured in the middle of the month, on average.
        let days = |state: f64, rates: RollRates| state * (1.0 - of(rates.cure) / 2.0);
        let overdue_days =
            days(1.0, self.one_missed) + days(two, self.two_missed) + days(more, self.more_missed);
        // Late payers are overdue for five and a half days of thirty, on average.
        let late_days = of(self.late_share) * 5.5 / 30.4;
        let one = ((target - late_days) / overdue_days).max(0.0);
        let current = (1.0 - one * (1.0 + two + more)).max(0.05);
        let leaving = one * (1.0 - of(self.one_missed.stay));
        let rate = |share: f64| Rate::from_millionths((share * 1e6).clamp(0.0, 1e6) as i64);
        SteadyState {
            roll_in: rate(leaving / current),
            missed: [rate(one), rate(one * two), rate(one * more)],
        }
    }
}

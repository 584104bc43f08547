//! What contact is for: whether those who were contacted still pay more often than those whom a trial left alone. A provider
//! that forges its receipts is seen here at the latest, in weeks.

use super::Mixture;

/// How much of the usual lift may be left: none, a quarter, half.
pub const LEFT: [f64; 3] = [0.0, 0.25, 0.5];
/// Weeks from which what is usual is learned, at least.
pub const TAUGHT_WEEKS_MIN: usize = 8;
/// Weeks at the end that are judged.
pub const JUDGED_WEEKS: usize = 8;
/// Agreements of an arm below which a week says nothing.
const UNITS_MIN: u32 = 30;
/// One false alarm in ten years a trial, in looks of a week.
pub const THRESHOLD: f64 = 520.0;

/// What became of the agreements that a week decided on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Week {
    /// Contacted, and known to have got it by the provider's receipts.
    pub treated: u32,
    /// Of them those with a payment in the seven days after.
    pub treated_paid: u32,
    /// Left alone by the trial's draw.
    pub holdout: u32,
    /// Of them those with a payment in the seven days after.
    pub holdout_paid: u32,
}

impl Week {
    fn shares(&self) -> Option<(f64, f64)> {
        let is_enough = self.treated >= UNITS_MIN && self.holdout >= UNITS_MIN;
        let share = |paid: u32, of: u32| f64::from(paid) / f64::from(of);
        is_enough.then(|| (share(self.treated_paid, self.treated), share(self.holdout_paid, self.holdout)))
    }

    fn add(self, other: Self) -> Self {
        Self {
            treated: self.treated + other.treated,
            treated_paid: self.treated_paid + other.treated_paid,
            holdout: self.holdout + other.holdout,
            holdout_paid: self.holdout_paid + other.holdout_paid,
        }
    }
}

/// What is usual of a trial: the lower 95 % bound of the lift, and the shares that pay.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Usual {
    /// By how much more of the contacted pay, at least.
    pub lift: f64,
    treated: f64,
    holdout: f64,
}

impl Usual {
    /// Learns from weeks; `None` where they are too few, or contact is not known to have an effect.
    #[must_use]
    pub fn learn(weeks: &[Week]) -> Option<Self> {
        if weeks.len() < TAUGHT_WEEKS_MIN {
            return None;
        }
        let all = weeks.iter().copied().fold(Week::default(), Week::add);
        let (treated, holdout) = all.shares()?;
        let variance = variance_of(&all, treated, holdout);
        let lift = treated - holdout - 1.645 * variance.sqrt();
        (lift > 0.0).then_some(Self { lift, treated, holdout })
    }
}

/// The variance of the difference of the shares of a week.
fn variance_of(week: &Week, treated: f64, holdout: f64) -> f64 {
    // A share of none or all would have none.
    let of = |share: f64, count: u32| {
        let share = share.clamp(0.01, 0.99);
        share * (1.0 - share) / f64::from(count.max(1))
    };
    of(treated, week.treated) + of(holdout, week.holdout)
}

/// A loss of what contact brings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lost {
    /// The judged week, counted from 0, with which it began.
    pub began_at: usize,
    /// The judged week with which it was seen.
    pub raised_at: usize,
    /// The logarithm of the evidence.
    pub log_evidence: f64,
}

/// The first moment at which `judged` weeks say that the usual lift is gone. Weeks with too few agreements say nothing.
#[must_use]
pub fn first_loss(usual: &Usual, judged: &[Week], threshold: f64) -> Option<Lost> {
    let mut mixture: Mixture<{ LEFT.len() }> = Mixture::default();
    let mut places = Vec::new();
    for (index, week) in judged.iter().enumerate() {
        let Some((treated, holdout)) = week.shares() else { continue };
        places.push(index);
        let difference = treated - holdout;
        let variance = variance_of(week, usual.treated, usual.holdout);
        // Of two normal likelihoods; where the lift is the usual one or more, its mean is at most one.
        let ratio = |left: f64| {
            let (lost, kept) = (usual.lift * left, usual.lift);
            ((difference - kept).powi(2) - (difference - lost).powi(2)) / (2.0 * variance)
        };
        mixture.look(&LEFT.map(ratio));
        if mixture.log_evidence() >= threshold.ln() {
            let (_, since) = mixture.strongest();
            let began = usize::try_from(since).unwrap_or(0).min(places.len() - 1);
            let log_evidence = mixture.log_evidence();
            return Some(Lost { began_at: places[began], raised_at: index, log_evidence });
        }
    }
    None
}

/// Whether the last of the judged weeks speaks for the usual lift again.
#[must_use]
pub fn has_recovered(usual: &Usual, judged: &[Week]) -> bool {
    let last = judged.iter().rev().find_map(Week::shares);
    last.is_some_and(|(treated, holdout)| treated - holdout >= usual.lift)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn week(treated_paid: u32, holdout_paid: u32) -> Week {
        Week { treated: 4_000, treated_paid, holdout: 400, holdout_paid }
    }

    #[test]
    fn what_contact_brings_is_learned_and_its_loss_is_seen_in_weeks() {
        let taught = [week(1_200, 80); 12];
        let usual = Usual::learn(&taught).expect("contact has an effect");
        assert!(usual.lift > 0.08 && usual.lift < 0.1, "{usual:?}");
        assert_eq!(first_loss(&usual, &[week(1_200, 80); 8], THRESHOLD), None);
        // Thirty of a hundred paid; now twenty do, as those who hear nothing.
        let lost =
            first_loss(&usual, &[week(1_200, 80), week(800, 80), week(800, 80), week(800, 80)], THRESHOLD);
        let lost = lost.expect("it is seen");
        assert!(lost.began_at <= 1 && (1..=3).contains(&lost.raised_at), "{lost:?}");
        assert!(has_recovered(&usual, &[week(800, 80), week(1_200, 80)]));
        assert!(!has_recovered(&usual, &[week(1_200, 80), week(800, 80)]));
    }

    #[test]
    fn where_contact_is_not_known_to_help_nothing_can_be_lost() {
        assert_eq!(Usual::learn(&[week(800, 80); 12]), None, "it brings nothing");
        assert_eq!(Usual::learn(&[week(1_200, 80); 7]), None, "too few weeks");
        let small = Week { treated: 29, treated_paid: 20, holdout: 29, holdout_paid: 1 };
        let usual = Usual::learn(&[week(1_200, 80); 12]).expect("contact has an effect");
        assert_eq!(first_loss(&usual, &[small; 8], THRESHOLD), None, "too few agreements");
    }
}

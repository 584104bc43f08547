//! Trials: a customer is drawn into one arm by a hash of the trial's name and the customer, so that the draw is the same
//! on every day, in every process, and in any later look at it.
//!
//! Promises that an arm with a share of so many millionths takes that share of a large portfolio, and that the draws of
//! two trials have nothing to do with one another.

use crate::id::{CustomerId, hash_parts};

/// All shares of a trial together, in millionths.
pub const WHOLE: u32 = 1_000_000;

/// One arm of a trial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arm {
    /// Its name, unique in the trial.
    pub name: String,
    /// The share of customers drawn into it, in millionths; the propensity of the draw. At least 1.
    pub share_millionths: u32,
}

/// A trial. The shares of its arms make [`WHOLE`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial {
    /// Its name; a new name is a new draw.
    pub name: String,
    /// Two arms or more.
    pub arms: Vec<Arm>,
}

/// The arms of a trial for which a row of a strategy applies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrialMatch {
    /// The name of the trial.
    pub trial: String,
    /// Names of arms; never empty.
    pub arms: Vec<String>,
}

/// Into which arm a customer was drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draw {
    /// The trial.
    pub trial: String,
    /// The arm.
    pub arm: String,
    /// The propensity of this draw, in millionths.
    pub share_millionths: u32,
}

impl Draw {
    /// As stored and shown: `trial=arm@millionths`.
    #[must_use]
    pub fn to_text(&self) -> String {
        format!("{}={}@{}", self.trial, self.arm, self.share_millionths)
    }

    /// Reads what [`Draw::to_text`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (trial, rest) = text.split_once('=')?;
        let (arm, share) = rest.split_once('@')?;
        Some(Self { trial: trial.to_owned(), arm: arm.to_owned(), share_millionths: share.parse().ok()? })
    }
}

impl Trial {
    /// The arm of a customer.
    ///
    /// # Panics
    /// When the shares do not make [`WHOLE`]: the reader of strategies refuses such a trial.
    #[must_use]
    pub fn arm_of(&self, customer: CustomerId) -> &Arm {
        let hash = hash_parts("trial", &[self.name.as_bytes(), &customer.0]);
        let mut eight = [0; 8];
        eight.copy_from_slice(&hash[..8]);
        let point = u64::from_le_bytes(eight) % u64::from(WHOLE);
        let mut end = 0;
        let found = self.arms.iter().find(|arm| {
            end += u64::from(arm.share_millionths);
            point < end
        });
        found.unwrap_or_else(|| panic!("the shares of trial {} do not make a whole", self.name))
    }

    /// The draw of a customer.
    #[must_use]
    pub fn draw(&self, customer: CustomerId) -> Draw {
        let arm = self.arm_of(customer);
        Draw { trial: self.name.clone(), arm: arm.name.clone(), share_millionths: arm.share_millionths }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trial(name: &str) -> Trial {
        let arm = |name: &str, share_millionths| Arm { name: name.to_owned(), share_millionths };
        Trial { name: name.to_owned(), arms: vec![arm("holdout", 100_000), arm("treated", 900_000)] }
    }

    fn customers() -> impl Iterator<Item = CustomerId> {
        (0..20_000).map(|number| CustomerId::of_external(&format!("C-{number}")))
    }

    #[test]
    fn a_draw_is_the_same_again_and_keeps_its_share() {
        let (trial, again) = (trial("quiet_first"), trial("quiet_first"));
        assert!(customers().all(|customer| trial.draw(customer) == again.draw(customer)));
        let held = customers().filter(|customer| trial.arm_of(*customer).name == "holdout").count();
        // Four standard deviations of a binomial draw of 20,000 at a tenth are 170.
        assert!((1_830..=2_170).contains(&held), "{held}");
    }

    #[test]
    fn the_draws_of_two_trials_are_independent() {
        let (first, second) = (trial("first"), trial("second"));
        let is_held = |trial: &Trial, customer| trial.arm_of(customer).name == "holdout";
        let both = customers().filter(|customer| is_held(&first, *customer) && is_held(&second, *customer));
        let both = both.count();
        assert!((140..=260).contains(&both), "a hundredth of 20,000 is 200, not {both}");
    }

    #[test]
    fn a_draw_is_read_as_it_was_written() {
        let draw = trial("quiet_first").draw(CustomerId::of_external("C-1"));
        assert_eq!(Draw::parse(&draw.to_text()), Some(draw));
        assert_eq!(Draw::parse("quiet_first"), None);
    }
}

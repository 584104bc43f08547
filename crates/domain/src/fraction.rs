//! Exact fractions: shares of a year, and interest before it is rounded.
//!
//! Promises that nothing is lost until [`Fraction::round`] makes a whole number of it, once. Sums are taken
//! over the least common denominator and kept in lowest terms.

use std::fmt;

use crate::money::Rounding;

/// An exact fraction in lowest terms with a positive denominator.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fraction {
    numerator: i128,
    denominator: i128,
}

fn greatest_common_divisor(mut left: u128, mut right: u128) -> u128 {
    while right != 0 {
        (left, right) = (right, left % right);
    }
    left
}

impl Fraction {
    /// Nothing.
    pub const ZERO: Self = Self { numerator: 0, denominator: 1 };

    /// `numerator / denominator`, in lowest terms.
    ///
    /// # Panics
    /// When `denominator` is not positive: a caller's mistake.
    #[must_use]
    pub fn new(numerator: i128, denominator: i128) -> Self {
        assert!(denominator > 0, "a fraction has a positive denominator");
        let divisor = greatest_common_divisor(numerator.unsigned_abs(), denominator.unsigned_abs());
        let divisor = i128::try_from(divisor).unwrap_or(1).max(1);
        Self { numerator: numerator / divisor, denominator: denominator / divisor }
    }

    /// A whole number.
    #[must_use]
    pub const fn whole(number: i128) -> Self {
        Self { numerator: number, denominator: 1 }
    }

    /// The upper part, in lowest terms.
    #[must_use]
    pub const fn numerator(self) -> i128 {
        self.numerator
    }

    /// The lower part, in lowest terms.
    #[must_use]
    pub const fn denominator(self) -> i128 {
        self.denominator
    }

    /// Whether it is nothing.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.numerator == 0
    }

    /// The sum, or `None` when it needs more than 128 bits.
    #[must_use]
    pub fn try_add(self, other: Self) -> Option<Self> {
        let divisor =
            greatest_common_divisor(self.denominator.unsigned_abs(), other.denominator.unsigned_abs());
        let divisor = i128::try_from(divisor).ok()?;
        let left = self.numerator.checked_mul(other.denominator / divisor)?;
        let right = other.numerator.checked_mul(self.denominator / divisor)?;
        let denominator = (self.denominator / divisor).checked_mul(other.denominator)?;
        Some(Self::new(left.checked_add(right)?, denominator))
    }

    /// The difference, or `None` when it needs more than 128 bits.
    #[must_use]
    pub fn try_sub(self, other: Self) -> Option<Self> {
        self.try_add(Self { numerator: -other.numerator, denominator: other.denominator })
    }

    /// The product, or `None` when it needs more than 128 bits.
    #[must_use]
    pub fn try_mul(self, other: Self) -> Option<Self> {
        // Crosswise first, so that two fractions in lowest terms stay as small as they can.
        let left = Self::new(self.numerator, other.denominator);
        let right = Self::new(other.numerator, self.denominator);
        Some(Self {
            numerator: left.numerator.checked_mul(right.numerator)?,
            denominator: left.denominator.checked_mul(right.denominator)?,
        })
    }

    /// The whole number that `rounding` makes of it.
    #[must_use]
    pub fn round(self, rounding: Rounding) -> i128 {
        rounding.divide(self.numerator, self.denominator)
    }
}

impl fmt::Debug for Fraction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.numerator, self.denominator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn sums_and_products_stay_exact_and_in_lowest_terms() {
        let third = Fraction::new(1, 3);
        let sixth = Fraction::new(-2, -12 + 24);
        expect!["Some(1/6)"].assert_eq(&format!("{:?}", third.try_add(sixth)));
        expect!["Some(1/2)"].assert_eq(&format!("{:?}", third.try_sub(sixth)));
        expect!["Some(-1/18)"].assert_eq(&format!("{:?}", third.try_mul(sixth)));
        expect!["None"].assert_eq(&format!("{:?}", Fraction::whole(i128::MAX).try_add(third)));
        expect!["2 2 1"].assert_eq(&format!(
            "{} {} {}",
            Fraction::new(3, 2).round(Rounding::HalfUp),
            Fraction::new(5, 2).round(Rounding::HalfEven),
            Fraction::new(3, 2).round(Rounding::Down),
        ));
    }
}

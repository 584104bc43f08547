//! Amounts by component, and fractions of a minor unit that wait to be rounded.

use crate::money::{Currency, Money, MoneyError, Rate, Rounding};
use crate::terms::Component;

/// One amount for each component, all in one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amounts {
    currency: Currency,
    minor: [i64; Component::ALL.len()],
}

impl Amounts {
    /// Nothing of anything.
    #[must_use]
    pub fn zero(currency: Currency) -> Self {
        Self { currency, minor: [0; Component::ALL.len()] }
    }

    /// Amounts in minor units, in the order of [`Component::ALL`]; for reading back what was stored.
    #[must_use]
    pub fn from_minor(currency: Currency, minor: [i64; Component::ALL.len()]) -> Self {
        Self { currency, minor }
    }

    /// The amounts in minor units, in the order of [`Component::ALL`]; for storing.
    #[must_use]
    pub fn minor(&self) -> [i64; Component::ALL.len()] {
        self.minor
    }

    /// The amount of one component.
    #[must_use]
    pub fn get(&self, component: Component) -> Money {
        Money::new(self.minor[component as usize], self.currency)
    }

    /// Adds to one component.
    ///
    /// # Errors
    /// When currencies differ or the sum does not fit.
    pub fn add(&mut self, component: Component, amount: Money) -> Result<(), MoneyError> {
        self.minor[component as usize] = self.get(component).try_add(amount)?.minor();
        Ok(())
    }

    /// Replaces the amount of one component.
    pub fn set(&mut self, component: Component, amount: Money) {
        self.minor[component as usize] = amount.minor();
    }

    /// The sum over all components.
    ///
    /// # Errors
    /// When the sum does not fit.
    pub fn total(&self) -> Result<Money, MoneyError> {
        let total: i128 = self.minor.iter().map(|minor| i128::from(*minor)).sum();
        let minor = i64::try_from(total).map_err(|_| MoneyError::Overflow)?;
        Ok(Money::new(minor, self.currency))
    }
}

/// An amount that accrues, in millionths of a minor unit; exact until [`Accrued::round`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Accrued(pub i128);

impl Accrued {
    /// `base × rate × days`, exactly.
    #[must_use]
    pub fn over(base: Money, rate_per_day: Rate, days: i32) -> Self {
        Self(i128::from(base.minor()) * i128::from(rate_per_day.millionths()) * i128::from(days))
    }

    /// A whole amount.
    #[must_use]
    pub fn of(amount: Money) -> Self {
        Self(i128::from(amount.minor()) * 1_000_000)
    }

    /// The sum. 128 bits hold 10^12 minor units at 100 % a day for 10^20 days, so it cannot wrap.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }

    /// The whole amount, rounded once.
    ///
    /// # Errors
    /// When it does not fit 64 bits.
    pub fn round(self, rounding: Rounding, currency: Currency) -> Result<Money, MoneyError> {
        let minor = rounding.divide(self.0, 1_000_000);
        i64::try_from(minor).map(|minor| Money::new(minor, currency)).map_err(|_| MoneyError::Overflow)
    }
}

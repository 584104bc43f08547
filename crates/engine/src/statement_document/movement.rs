//! The ways in which a balance moves, and the sum that must come out.

use dunlin_domain::money::{Currency, Money, MoneyError};

use super::StatementError;

/// A way in which the balance moves. What it comes to is never below zero: what undoes something is a movement of
/// its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Movement {
    /// A purchase that is paid in full on the next statement.
    Purchase,
    /// What was drawn of a loan that is paid back by a schedule.
    Draw,
    /// The principal of instalments.
    InstalmentPrincipal,
    /// The fees of instalments.
    InstalmentFee,
    /// An obligation that the lender loaded.
    Obligation,
    /// Interest, or a service fee on the unpaid rest.
    Interest,
    /// Any other charge.
    Charge,
    /// Late fees (违约金).
    LateFee,
    /// Payments that the bank took back or that were reversed.
    PaymentReturned,
    /// Credit that was paid out to the customer (溢缴款领回).
    CreditPaidOut,
    /// Payments that went to what was written off, and so not to the balance.
    Recovered,
    /// What became known of earlier days by something being undone: what that adds.
    AdjustedUp,
    /// Money that came in.
    Payment,
    /// What merchants took back, as far as it was on statements or was to be.
    Refund,
    /// What was given up.
    Waiver,
    /// Principal that was moved into instalments (账单分期).
    MovedToPlan,
    /// What was written off (核销).
    WrittenOff,
    /// What was owed when the claim was sold (债权转让).
    Sold,
    /// What became known of earlier days by something being undone: what that takes off.
    AdjustedDown,
}

impl Movement {
    /// Every movement, in the order of a statement: debits first.
    pub const ALL: [Self; 19] = [
        Self::Purchase,
        Self::Draw,
        Self::InstalmentPrincipal,
        Self::InstalmentFee,
        Self::Obligation,
        Self::Interest,
        Self::Charge,
        Self::LateFee,
        Self::PaymentReturned,
        Self::CreditPaidOut,
        Self::Recovered,
        Self::AdjustedUp,
        Self::Payment,
        Self::Refund,
        Self::Waiver,
        Self::MovedToPlan,
        Self::WrittenOff,
        Self::Sold,
        Self::AdjustedDown,
    ];

    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Purchase => "purchases",
            Self::Draw => "draws",
            Self::InstalmentPrincipal => "instalment_principal",
            Self::InstalmentFee => "instalment_fees",
            Self::Obligation => "obligations",
            Self::Interest => "interest",
            Self::Charge => "charges",
            Self::LateFee => "late_fees",
            Self::PaymentReturned => "payments_returned",
            Self::CreditPaidOut => "credit_paid_out",
            Self::Recovered => "recovered",
            Self::AdjustedUp => "adjusted_up",
            Self::Payment => "payments",
            Self::Refund => "refunds",
            Self::Waiver => "waivers",
            Self::MovedToPlan => "moved_to_instalments",
            Self::WrittenOff => "written_off",
            Self::Sold => "sold",
            Self::AdjustedDown => "adjusted_down",
        }
    }

    /// Whether it lowers the balance.
    #[must_use]
    pub fn is_credit(self) -> bool {
        match self {
            Self::Purchase
            | Self::Draw
            | Self::InstalmentPrincipal
            | Self::InstalmentFee
            | Self::Obligation
            | Self::Interest
            | Self::Charge
            | Self::LateFee
            | Self::PaymentReturned
            | Self::CreditPaidOut
            | Self::Recovered
            | Self::AdjustedUp => false,
            Self::Payment
            | Self::Refund
            | Self::Waiver
            | Self::MovedToPlan
            | Self::WrittenOff
            | Self::Sold
            | Self::AdjustedDown => true,
        }
    }
}

/// One amount for each movement, each counted in its own direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Movements {
    currency: Currency,
    minor: [i64; Movement::ALL.len()],
}

impl Movements {
    /// Nothing of anything.
    #[must_use]
    pub fn zero(currency: Currency) -> Self {
        Self { currency, minor: [0; Movement::ALL.len()] }
    }

    /// Of which currency.
    #[must_use]
    pub fn currency(&self) -> Currency {
        self.currency
    }

    /// The amount of one movement.
    #[must_use]
    pub fn get(&self, movement: Movement) -> Money {
        Money::new(self.minor[movement as usize], self.currency)
    }

    /// Adds to one movement.
    ///
    /// # Errors
    /// When currencies differ or the sum does not fit.
    pub fn add(&mut self, movement: Movement, amount: Money) -> Result<(), MoneyError> {
        self.minor[movement as usize] = self.get(movement).try_add(amount)?.minor();
        Ok(())
    }

    /// The difference to `earlier`, movement by movement.
    ///
    /// # Errors
    /// When an amount does not fit.
    pub fn since(&self, earlier: &Self) -> Result<Self, MoneyError> {
        let mut difference = Self::zero(self.currency);
        for movement in Movement::ALL {
            difference.add(movement, self.get(movement).try_sub(earlier.get(movement))?)?;
        }
        Ok(difference)
    }

    /// By how much the balance rises: debits less credits.
    ///
    /// # Errors
    /// When the sum does not fit.
    pub fn effect(&self) -> Result<Money, MoneyError> {
        Movement::ALL.iter().try_fold(Money::zero(self.currency), |sum, movement| {
            let amount = self.get(*movement);
            if movement.is_credit() { sum.try_sub(amount) } else { sum.try_add(amount) }
        })
    }

    /// The sum of all debits, or of all credits.
    ///
    /// # Errors
    /// When the sum does not fit.
    pub fn total(&self, is_credit: bool) -> Result<Money, MoneyError> {
        let counted = Movement::ALL.iter().filter(|movement| movement.is_credit() == is_credit);
        counted.map(|movement| self.get(*movement)).try_fold(Money::zero(self.currency), Money::try_add)
    }
}

/// From the previous balance to the new one. One that does not add up cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reconciliation {
    previous: Money,
    corrections: Movements,
    movements: Movements,
    new_balance: Money,
}

impl Reconciliation {
    /// Checks that previous balance + corrections + debits − credits = new balance.
    ///
    /// # Errors
    /// [`StatementError::Unbalanced`] when they do not, and when amounts do not fit.
    pub fn try_new(
        previous: Money,
        corrections: Movements,
        movements: Movements,
        new_balance: Money,
    ) -> Result<Self, StatementError> {
        let moved = corrections.effect()?.try_add(movements.effect()?)?;
        if previous.try_add(moved)? != new_balance {
            return Err(StatementError::Unbalanced { previous, moved, new_balance });
        }
        Ok(Self { previous, corrections, movements, new_balance })
    }

    /// The balance of the statement before, as that one stated it.
    #[must_use]
    pub fn previous(&self) -> Money {
        self.previous
    }

    /// What was learned since about the time before, by movement.
    #[must_use]
    pub fn corrections(&self) -> &Movements {
        &self.corrections
    }

    /// What moved in the period.
    #[must_use]
    pub fn movements(&self) -> &Movements {
        &self.movements
    }

    /// What is owed at the end of the day, late fees included, instalments to come not; below zero when the
    /// lender owes the customer.
    #[must_use]
    pub fn new_balance(&self) -> Money {
        self.new_balance
    }
}

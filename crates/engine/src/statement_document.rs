//! The statement of one cycle as data: from the previous balance to the new one, with everything it is made of.
//!
//! Promises that previous balance + debits − credits = new balance, to the cent. The two sides come from different
//! places (what is left open in the fold's position, and the fold's own events), and [`Reconciliation`] cannot be
//! made when they differ: no statement is better than a wrong one.
//!
//! Promises too that a statement that was issued stays as it was. It is derived from what was known when its cut-off
//! day ended; what was learned later appears on the next statement as a correction of earlier periods.

mod content;
mod derive;
mod entries;
mod json;
mod late_fees;
#[cfg(test)]
mod tests;
mod words;

use std::fmt;

use dunlin_domain::amounts::Accrued;
use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::fact::FactKind;
use dunlin_domain::money::{Currency, Money, MoneyError, Rate, Rounding};
use dunlin_domain::terms::Component;

pub use content::{Addressee, content};
pub use derive::{Source, cut_offs};
pub use json::json;

/// Which facts a statement is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Knowledge {
    /// Those known at the end of its cut-off day: the statement as it was issued.
    AtCutOff,
    /// All that are known now.
    Now,
}

impl Knowledge {
    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::AtCutOff => "at_cut_off",
            Self::Now => "now",
        }
    }
}

/// What ends on the day of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatementKind {
    /// A cut-off that bills something, with a due date and a minimum payment.
    Bill,
    /// A month of the account: nothing was billed by a cut-off, because the agreement's amounts have due dates of
    /// their own, or because nothing was open.
    Account,
}

impl StatementKind {
    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Bill => "bill",
            Self::Account => "account",
        }
    }
}

/// A way in which the balance moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Movement {
    /// A purchase that is paid in full on the next statement.
    Purchase,
    /// The principal of instalments.
    InstalmentPrincipal,
    /// The fees of instalments.
    InstalmentFee,
    /// An obligation that the lender loaded.
    Obligation,
    /// Interest or a service fee on the unpaid rest.
    Interest,
    /// Any other charge.
    Charge,
    /// Late fees (违约金).
    LateFee,
    /// Payments that the bank took back or that were reversed.
    PaymentReturned,
    /// Money that came in.
    Payment,
    /// What merchants took back, as far as it was on statements or was to be.
    Refund,
    /// Late fees given up.
    Waiver,
}

impl Movement {
    /// Every movement, in the order of a statement: debits first.
    pub const ALL: [Self; 11] = [
        Self::Purchase,
        Self::InstalmentPrincipal,
        Self::InstalmentFee,
        Self::Obligation,
        Self::Interest,
        Self::Charge,
        Self::LateFee,
        Self::PaymentReturned,
        Self::Payment,
        Self::Refund,
        Self::Waiver,
    ];

    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Purchase => "purchases",
            Self::InstalmentPrincipal => "instalment_principal",
            Self::InstalmentFee => "instalment_fees",
            Self::Obligation => "obligations",
            Self::Interest => "interest",
            Self::Charge => "charges",
            Self::LateFee => "late_fees",
            Self::PaymentReturned => "payments_returned",
            Self::Payment => "payments",
            Self::Refund => "refunds",
            Self::Waiver => "waivers",
        }
    }

    /// Whether it lowers the balance.
    #[must_use]
    pub fn is_credit(self) -> bool {
        matches!(self, Self::Payment | Self::Refund | Self::Waiver)
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

    /// Tells payments that were taken back apart from those that came in; the balance moves as before.
    ///
    /// # Errors
    /// When an amount does not fit.
    pub fn with_returned(mut self, returned: Money) -> Result<Self, MoneyError> {
        self.add(Movement::Payment, returned)?;
        self.add(Movement::PaymentReturned, returned)?;
        Ok(self)
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

/// Why there is no statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StatementError {
    /// The two sides of the statement differ: a mistake of ours, and an incident.
    Unbalanced {
        /// The balance of the statement before.
        previous: Money,
        /// What the corrections and movements come to.
        moved: Money,
        /// What is open by the position.
        new_balance: Money,
    },
    /// The lines do not come to the movement that they are the lines of: the same kind of mistake.
    EntriesDiffer {
        /// The sum of the lines.
        entries: Money,
        /// What the movements come to.
        moved: Money,
    },
    /// An amount that does not fit.
    Money(MoneyError),
}

impl From<MoneyError> for StatementError {
    fn from(error: MoneyError) -> Self {
        Self::Money(error)
    }
}

impl fmt::Display for StatementError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unbalanced { previous, moved, new_balance } => write!(
                f,
                "previous balance {previous} and movements of {moved} do not make the new balance {new_balance}"
            ),
            Self::EntriesDiffer { entries, moved } => {
                write!(f, "the entries come to {entries}, the movements to {moved}")
            }
            Self::Money(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for StatementError {}

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

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A purchase, to be paid in full.
    Purchase,
    /// A purchase that a plan splits; it moves the balance by its instalments only.
    PlanPurchase {
        /// The amount that is split.
        principal: Money,
        /// Number of instalments.
        count: u32,
    },
    /// An instalment.
    Instalment {
        /// Which of the plan's instalments, from 1.
        number: u32,
        /// Instalments of the plan.
        count: u32,
        /// Its principal.
        principal: Money,
        /// Its fee.
        fee: Money,
    },
    /// An obligation that the lender loaded.
    Obligation {
        /// What it is made of.
        component: Component,
        /// The day it is due.
        due_on: Date,
    },
    /// Interest or a service fee that the cut-off billed.
    Interest,
    /// A charge that the cut-off billed.
    Charge,
    /// What a late fee came to in the period.
    LateFee {
        /// The due date of the statement that was paid late.
        due_on: Date,
    },
    /// A payment.
    Payment,
    /// A payment that was returned or undone.
    PaymentReturned,
    /// A refund.
    Refund {
        /// The part that lowered instalments to come, and so not the balance.
        on_instalments: Money,
    },
    /// A late fee given up.
    Waiver {
        /// The due date of its statement.
        due_on: Date,
    },
}

/// One line of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The day from which it counts.
    pub on: Date,
    /// What it is.
    pub kind: EntryKind,
    /// The lender's reference; empty for what the terms made.
    pub reference: String,
    /// What the lender's row said beside it: merchant and remark.
    pub note: String,
    /// By how much it moves the balance; below zero for what lowers it.
    pub amount: Money,
}

/// A fact about an earlier period that was learned after its statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LateFact {
    /// The day from which it counts.
    pub on: Date,
    /// When it was learned.
    pub learned_at: Timestamp,
    /// What happened; for a reversal or withdrawal that is what it undid.
    pub kind: FactKind,
    /// Whether it undoes what happened.
    pub is_undone: bool,
    /// The lender's reference.
    pub reference: String,
    /// Its amount.
    pub amount: Money,
}

/// How the minimum payment was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MinimumLine {
    /// The minimum payment.
    pub minimum: Money,
    /// What it is a share of: all that is open on statements and not overdue anyway.
    pub open: Money,
    /// The share.
    pub share: Rate,
    /// The share of what is open, rounded.
    pub share_amount: Money,
    /// Never less than this, unless less is owed.
    pub floor: Money,
}

/// What is overdue at the end of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OverdueLine {
    /// The due date of the oldest overdue statement.
    pub due_on: Date,
    /// Days past due.
    pub days: i32,
    /// What is overdue, late fees excepted.
    pub amount: Money,
    /// Late fees unpaid to date.
    pub late_fee: Money,
}

/// One stretch of days of a late fee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LateFeeSegment {
    /// The day after which the first day counts.
    pub from: Date,
    /// The last day that counts.
    pub through: Date,
    /// Days counted.
    pub days: i32,
    /// The amount that accrued.
    pub base: Money,
    /// base × rate × days, exactly.
    pub amount: Accrued,
}

/// How the late fee of one due date came about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LateFeeLine {
    /// The due date that was missed.
    pub due_on: Date,
    /// The rate a day.
    pub rate_per_day: Rate,
    /// Stretches of days with one base each, from the due date to the end of the period.
    pub segments: Vec<LateFeeSegment>,
    /// Their exact sum.
    pub exact: Accrued,
    /// The most that the terms allow, if the sum is above it.
    pub cap: Option<Money>,
    /// How the sum became whole.
    pub rounding: Rounding,
    /// All that was charged for this due date by the end of the period.
    pub charged: Money,
    /// Of that, what was charged by the end of the period before.
    pub charged_before: Money,
    /// The difference: what this statement charges.
    pub in_period: Money,
}

/// A plan that runs, or ended with this statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanLine {
    /// The lender's reference of the purchase.
    pub reference: String,
    /// Merchant and remark.
    pub note: String,
    /// The amount that was split.
    pub principal: Money,
    /// Number of instalments.
    pub count: u32,
    /// Instalments on statements so far.
    pub billed_count: u32,
    /// Principal that later statements will bill.
    pub unbilled: Money,
    /// Fees that later statements will bill, if the plan goes on as agreed.
    pub fees_to_come: Money,
    /// Nominal annual cost of the plan; `None` if the terms no longer offer it.
    pub nominal_annual: Option<Rate>,
    /// Effective annual cost of the plan.
    pub effective_annual: Option<Rate>,
}

/// Something open at the end of the day, by due date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenLine {
    /// The due date.
    pub due_on: Date,
    /// What was billed.
    pub billed: Money,
    /// What was paid of it.
    pub paid: Money,
    /// What is open of it.
    pub rest: Money,
    /// Its late fee unpaid to date.
    pub late_fee: Money,
    /// Whether it is overdue.
    pub is_overdue: bool,
}

/// The statement of one cycle. Holds nothing that names the customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementDocument {
    /// The lender's id of the agreement.
    pub agreement: String,
    /// Product code and version.
    pub product: String,
    /// The product's title, zh and en.
    pub product_title: (String, String),
    /// The currency of all amounts.
    pub currency: Currency,
    /// What ends on the day.
    pub kind: StatementKind,
    /// First day of the period.
    pub from: Date,
    /// The cut-off: last day of the period.
    pub cut_off_on: Date,
    /// The due date, where something was billed.
    pub due_on: Option<Date>,
    /// Which facts it was made from.
    pub knowledge: Knowledge,
    /// The moment up to which facts count; `None` when all of them do.
    pub known_at: Option<Timestamp>,
    /// From the previous balance to the new one.
    pub balance: Reconciliation,
    /// Every entry of the period, oldest first.
    pub entries: Vec<Entry>,
    /// Facts about earlier periods that came too late for their statements.
    pub late_facts: Vec<LateFact>,
    /// How the minimum was found, where there is one.
    pub minimum: Option<MinimumLine>,
    /// The least that keeps the agreement in order: overdue amounts, late fees and minimums together.
    pub pay_at_least: Money,
    /// What is overdue.
    pub overdue: Option<OverdueLine>,
    /// Money of the customer that cleared nothing yet (溢缴款).
    pub credit: Money,
    /// How the late fees of the period came about.
    pub late_fees: Vec<LateFeeLine>,
    /// Plans.
    pub plans: Vec<PlanLine>,
    /// What is open, by due date.
    pub open: Vec<OpenLine>,
    /// The credit limit.
    pub credit_limit: Money,
    /// What may still be drawn.
    pub available_credit: Money,
}

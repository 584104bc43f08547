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
pub(crate) mod late_fee_text;
mod late_fees;
mod lines;
mod movement;
mod plans;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
pub(crate) mod words;

use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
use std::fmt;

use dunlin_domain::amounts::Accrued;
use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::fact::{FactKind, Prepayment};
use dunlin_domain::late_fee::FeeLimit;
use dunlin_domain::money::{Currency, Money, MoneyError, Rate, Rounding};
use dunlin_domain::terms::Component;

pub use content::{Addressee, content};
pub use derive::{Source, cut_offs};
pub use json::json;
pub use movement::{Movement, Movements, Reconciliation};

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

impl StatementError {
    /// What is wrong and what would be right, in both languages.
    #[must_use]
    pub fn wording(&self) -> Wording {
        match self {
            Self::Unbalanced { previous, moved, new_balance } => wording!(
                "上期余额 {previous} 加本期发生额 {moved} 不等于本期余额 {new_balance}",
                "previous balance {previous} and movements of {moved} do not make the new balance {new_balance}"
            ),
            Self::EntriesDiffer { entries, moved } => {
                wording!(
                    "明细合计 {entries}，发生额合计 {moved}",
                    "the entries come to {entries}, the movements to {moved}"
                )
            }
            Self::Money(error) => error.wording(),
        }
    }
}

impl fmt::Display for StatementError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.wording().en)
    }
}

impl std::error::Error for StatementError {}

/// What happens to a plan, apart from an instalment that a cut-off bills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlanChange {
    /// An instalment of a schedule that fell due. Its principal is owed from the draw on, so that its interest and
    /// fee alone move the balance.
    InstalmentDue {
        /// Which of the schedule's instalments, from 1; 0 for a down payment.
        number: u32,
        /// What is open of its principal.
        principal: Money,
        /// The interest that is owed with it.
        interest: Money,
        /// The fee that is owed with it.
        fee: Money,
    },
    /// Interest or a fee of an instalment to come that was paid, or given up, before its due date.
    EarnedAhead {
        /// Which of the schedule's instalments.
        number: u32,
        /// Interest or instalment fee.
        component: Component,
    },
    /// What was to come of a plan is owed at once.
    CalledIn {
        /// The principal.
        principal: Money,
        /// The interest that is owed for it.
        interest: Money,
        /// The fees that are owed for it.
        fee: Money,
    },
    /// A payment lowered the principal of instalments to come.
    PaidAhead {
        /// By how much.
        principal: Money,
        /// What became of the instalments.
        mode: Prepayment,
    },
    /// Principal of a statement was moved into instalments.
    MovedToPlan {
        /// The due date of the statement.
        due_on: Date,
        /// Number of instalments.
        count: u32,
    },
    /// A plan got other instalments.
    Rescheduled {
        /// Number of instalments; 0 for as many as were to come.
        count: u32,
    },
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
    /// A draw that is paid back by a schedule.
    Draw {
        /// Number of instalments.
        count: u32,
    },
    /// An instalment that the cut-off billed.
    Instalment {
        /// Which of the plan's instalments, from 1.
        number: u32,
        /// Instalments of the plan.
        count: u32,
        /// Its principal.
        principal: Money,
        /// Its interest.
        interest: Money,
        /// Its fee.
        fee: Money,
    },
    /// What happens to a plan otherwise.
    Change(PlanChange),
    /// An obligation that the lender loaded.
    Obligation {
        /// What it is made of.
        component: Component,
        /// The day it is due.
        due_on: Date,
    },
    /// The daily service fee on the carried rest of a statement.
    ServiceFee {
        /// The due date of the statement.
        due_on: Date,
    },
    /// A charge.
    Charge {
        /// Its due date; `None` when it is due with the next statement.
        due_on: Option<Date>,
    },
    /// What a late fee came to in the period.
    LateFee {
        /// The due date of the statement that was paid late.
        due_on: Date,
    },
    /// A payment.
    Payment,
    /// The payment of an early payoff.
    Payoff,
    /// A payment that was returned or undone.
    PaymentReturned,
    /// The part of a payment that went to what was written off.
    Recovered,
    /// A refund.
    Refund {
        /// The part that lowered instalments to come, and so not the balance.
        on_instalments: Money,
    },
    /// Something given up.
    Waiver {
        /// The due date of what it was of.
        due_on: Date,
        /// What it was.
        component: Component,
    },
    /// Credit that was paid out to the customer.
    CreditPaidOut,
    /// The agreement was charged off; it is owed as before.
    ChargedOff,
    /// What was owed was written off.
    WrittenOff,
    /// The claim was sold.
    Sold,
}

/// What a customer said that a payment is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Designation {
    /// What is due on a day.
    DueOn(Date),
    /// One component.
    Component(Component),
    /// A purchase, draw, obligation or charge, by its reference.
    Reference(String),
}

/// One line of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The day from which it counts.
    pub on: Date,
    /// What it is.
    pub kind: EntryKind,
    /// Whether it tells how something of an earlier day, or of an earlier period, changed because something was undone.
    pub is_adjustment: bool,
    /// The lender's reference; empty for what the terms made.
    pub reference: String,
    /// What the lender's row said beside it: merchant and remark.
    pub note: String,
    /// What the customer said that a payment is for.
    pub designation: Option<Designation>,
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

/// A fee that was charged once, as a part of a late fee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnceFeeLine {
    /// The day.
    pub on: Date,
    /// Days past due for which it is charged.
    pub after_days: i32,
    /// How much.
    pub amount: Money,
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
    /// Fees charged once.
    pub once: Vec<OnceFeeLine>,
    /// The exact sum of both.
    pub exact: Accrued,
    /// The limit that made the fee another than the sum, if one did.
    pub limit: Option<FeeLimit>,
    /// The days of grace of the terms, if what accrued was not charged because it was paid within them.
    pub grace_days: Option<i32>,
    /// How many fees of the same due date were made whole, each for itself; mostly one.
    pub fee_count: u32,
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
    /// Principal that later statements will bill, or that is due later.
    pub unbilled: Money,
    /// Interest that will come with it, if the plan goes on as agreed.
    pub interest_to_come: Money,
    /// Fees that will come with it, if the plan goes on as agreed.
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

/// An instalment of a schedule that is not due yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComingInstalment {
    /// The lender's reference of the draw.
    pub reference: String,
    /// Which of the schedule's instalments.
    pub number: u32,
    /// The due date.
    pub due_on: Date,
    /// What is open of its principal.
    pub principal: Money,
    /// Of its interest.
    pub interest: Money,
    /// Of its fee and of charges in it.
    pub fee: Money,
}

/// What became of the claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimLine {
    /// Charged off; owed as before.
    ChargedOff {
        /// The day.
        on: Date,
    },
    /// Written off.
    WrittenOff {
        /// The day.
        on: Date,
        /// What of it did not come in since.
        open: Money,
    },
    /// Sold.
    Sold {
        /// The day.
        on: Date,
    },
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
    /// What is open, by due date; instalments to come excepted.
    pub open: Vec<OpenLine>,
    /// Instalments of schedules that are not due yet.
    pub coming: Vec<ComingInstalment>,
    /// What became of the claim, if anything did.
    pub claim: Option<ClaimLine>,
    /// The credit limit.
    pub credit_limit: Money,
    /// What may still be drawn.
    pub available_credit: Money,
}

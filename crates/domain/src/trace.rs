//! What the fold tells about itself: the derivation of every amount.

use crate::amounts::Amounts;
use crate::date::Date;
use crate::fact::{FreezeReason, Prepayment};
use crate::id::FactId;
use crate::late_fee::{FeeLimit, Segment};
use crate::money::{Money, Rate};
use crate::terms::Component;

/// One event of the fold. `dunlin explain` prints them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A purchase was taken on the line.
    Purchase {
        /// The fact.
        fact: FactId,
        /// Its value date.
        on: Date,
        /// Its amount.
        amount: Money,
        /// Instalments; 0 when it is paid in full on the next statement.
        instalment_count: u32,
    },
    /// An obligation was loaded.
    Obligation {
        /// The fact.
        fact: FactId,
        /// The day from which it counts.
        on: Date,
        /// Its due date.
        due_on: Date,
        /// What it is made of.
        component: Component,
        /// Its amount.
        amount: Money,
    },
    /// A period of a plan went onto the statement that is cut off on the day.
    InstalmentBilled {
        /// The cut-off.
        on: Date,
        /// The purchase that the plan splits.
        purchase: FactId,
        /// Which of the plan's instalments it is, from 1.
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
    /// A statement was cut off.
    StatementCut {
        /// The cut-off.
        on: Date,
        /// The due date.
        due_on: Date,
        /// What it billed.
        billed: Amounts,
        /// Its minimum payment.
        minimum: Money,
        /// What was open on earlier statements.
        carried: Money,
    },
    /// Less than the minimum was paid by the due date.
    MinimumMissed {
        /// The due date.
        due_on: Date,
        /// The minimum.
        minimum: Money,
        /// What was missing of it.
        shortfall: Money,
        /// What was unpaid of the statement.
        rest: Money,
    },
    /// A late-fee segment ended because its base was about to change.
    LateFeeSegment {
        /// The due date of the statement.
        due_on: Date,
        /// The segment.
        segment: Segment,
    },
    /// A payment came in.
    Payment {
        /// The fact.
        fact: FactId,
        /// Its value date.
        on: Date,
        /// Its amount.
        amount: Money,
    },
    /// A refund came in.
    Refund {
        /// The fact.
        fact: FactId,
        /// Its value date.
        on: Date,
        /// Its amount.
        amount: Money,
        /// The part that lowered what was not billed yet.
        lowered_unbilled: Money,
        /// The part of that which lowered instalments to come.
        lowered_plans: Money,
    },
    /// Money cleared a component of a statement.
    Allocated {
        /// The payment or refund; `None` when credit from before was used.
        cause: Option<FactId>,
        /// The day.
        on: Date,
        /// The due date of the statement.
        due_on: Date,
        /// The draw, obligation or charge that it is of; `None` for a statement of a cycle.
        plan: Option<FactId>,
        /// The number of the instalment; 0 for what is none.
        number: u32,
        /// The component.
        component: Component,
        /// How much.
        amount: Money,
    },
    /// Something owed was given up.
    Waived {
        /// The waiver.
        fact: FactId,
        /// The day.
        on: Date,
        /// The due date of the statement.
        due_on: Date,
        /// What it was made of.
        component: Component,
        /// How much.
        amount: Money,
    },
    /// A charge was added later.
    Charge {
        /// The fact.
        fact: FactId,
        /// The day from which it counts.
        on: Date,
        /// Its due date; `None` when the next statement bills it.
        due_on: Option<Date>,
        /// What it is made of.
        component: Component,
        /// Its amount.
        amount: Money,
    },
    /// The yearly ceiling left no room for all of a default charge.
    ChargeCut {
        /// The charge.
        fact: FactId,
        /// Its value date.
        on: Date,
        /// What was to be charged.
        asked: Money,
        /// What was charged.
        charged: Money,
    },
    /// An instalment of a schedule was made.
    Instalment {
        /// The draw.
        plan: FactId,
        /// The day it was made.
        on: Date,
        /// Its number; 0 for a down payment.
        number: u32,
        /// Its due date.
        due_on: Date,
        /// What it is made of.
        billed: Amounts,
    },
    /// What was to be split into instalments could not be.
    NotScheduled {
        /// The fact.
        fact: FactId,
        /// The day.
        on: Date,
        /// Why, as a stable code.
        code: &'static str,
    },
    /// An instalment of a schedule fell due: what was not earned of its interest and fee before is earned with that.
    InstalmentDue {
        /// The draw.
        plan: FactId,
        /// The day.
        on: Date,
        /// Its number; 0 for a down payment.
        number: u32,
        /// What is open of its principal.
        principal: Money,
        /// The interest earned with that.
        interest: Money,
        /// The fee earned with that.
        fee: Money,
    },
    /// Interest or a fee of an instalment to come was earned before its due date, because it was paid or given up.
    EarnedAhead {
        /// The draw.
        plan: FactId,
        /// The day.
        on: Date,
        /// The number of the instalment.
        number: u32,
        /// Interest or instalment fee.
        component: Component,
        /// How much.
        amount: Money,
    },
    /// The interest of an instalment that is due was fixed by what really accrued.
    InterestDue {
        /// The draw.
        plan: FactId,
        /// The due date.
        on: Date,
        /// The number of the instalment.
        number: u32,
        /// Its interest.
        interest: Money,
    },
    /// A fee was charged once for being late.
    OnceFee {
        /// Its day.
        on: Date,
        /// The due date of the statement.
        due_on: Date,
        /// Days past due for which it is charged.
        after_days: i32,
        /// How much.
        amount: Money,
    },
    /// The daily service fee of a carried statement was put on a new one.
    ServiceBilled {
        /// The cut-off.
        on: Date,
        /// The due date of the carried statement.
        due_on: Date,
        /// How much.
        amount: Money,
    },
    /// Late fees reached the most that they may come to over the life of the agreement.
    LateFeesStopped {
        /// The day.
        on: Date,
        /// The most.
        limit: Money,
    },
    /// A statement has nothing open any more; its late fee is what it came to.
    LateFeeSettled {
        /// The day.
        on: Date,
        /// The due date of the statement.
        due_on: Date,
        /// All that was charged of it.
        amount: Money,
        /// The limit that decided it, if one did.
        limit: Option<FeeLimit>,
    },
    /// Principal of a statement was moved into a plan.
    MovedToPlan {
        /// The fact.
        fact: FactId,
        /// The day.
        on: Date,
        /// The due date of the statement.
        due_on: Date,
        /// How much.
        amount: Money,
        /// Instalments.
        instalment_count: u32,
    },
    /// What was to come of a plan is owed at once: it is paid off early, written off or sold.
    CalledIn {
        /// The day.
        on: Date,
        /// The purchase or draw.
        plan: FactId,
        /// What was to come, with the interest and fees that are owed for it.
        amounts: Amounts,
    },
    /// A plan, or everything, was paid off early.
    Payoff {
        /// The fact.
        fact: FactId,
        /// The day.
        on: Date,
        /// The plan; `None` for everything.
        plan: Option<FactId>,
        /// What came in with it.
        amount: Money,
    },
    /// A plan got other instalments.
    Rescheduled {
        /// The fact.
        fact: FactId,
        /// The day.
        on: Date,
        /// The plan; `None` for all that is open.
        plan: Option<FactId>,
        /// Instalments; 0 for as many as were to come.
        instalment_count: u32,
        /// The first due date, if it was named.
        first_due_on: Option<Date>,
        /// The new rate, if there is one.
        rate: Option<Rate>,
    },
    /// A payment ahead of time lowered the principal of a plan.
    Prepaid {
        /// The payment.
        fact: FactId,
        /// The day.
        on: Date,
        /// The plan.
        plan: FactId,
        /// How much.
        amount: Money,
        /// What became of the instalments.
        mode: Prepayment,
    },
    /// Credit was paid out to the customer.
    CreditPaidOut {
        /// The fact.
        fact: FactId,
        /// The day.
        on: Date,
        /// How much.
        amount: Money,
        /// The part that was no credit, and is owed back.
        beyond: Money,
    },
    /// Days stop counting as overdue.
    AgeingPaused {
        /// The fact.
        fact: FactId,
        /// The day of its start.
        from: Date,
        /// Its last day.
        through: Date,
    },
    /// An ageing pause ended early.
    AgeingResumed {
        /// The fact.
        fact: FactId,
        /// The pause.
        pause: FactId,
        /// The day.
        on: Date,
    },
    /// Late fees stop accruing.
    FeesFrozen {
        /// The fact.
        fact: FactId,
        /// The first day.
        from: Date,
        /// The last day.
        through: Date,
        /// Why.
        reason: Option<FreezeReason>,
    },
    /// The agreement was charged off.
    ChargedOff {
        /// The fact.
        fact: FactId,
        /// The day.
        on: Date,
        /// What was owed.
        amounts: Amounts,
    },
    /// All that was owed was written off.
    WrittenOff {
        /// The fact.
        fact: FactId,
        /// The day.
        on: Date,
        /// What was owed.
        amounts: Amounts,
    },
    /// Money came in for what was written off.
    Recovered {
        /// The payment.
        fact: FactId,
        /// The day.
        on: Date,
        /// How much of it.
        amount: Money,
    },
    /// The claim was sold.
    Sold {
        /// The fact.
        fact: FactId,
        /// The day.
        on: Date,
        /// What was owed.
        amounts: Amounts,
        /// What the buyer paid.
        proceeds: Money,
    },
    /// At the end of `on`, the agreement is overdue from another day on than before, or no longer overdue.
    OverdueChanged {
        /// The day.
        on: Date,
        /// First overdue day of the oldest overdue statement, grace of ageing counted; may lie ahead.
        overdue_from: Option<Date>,
    },
}

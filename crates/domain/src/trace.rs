//! What the fold tells about itself: the derivation of every amount.

use crate::amounts::Amounts;
use crate::date::Date;
use crate::id::FactId;
use crate::money::Money;
use crate::statement::Segment;
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
    },
    /// Money cleared a component of a statement.
    Allocated {
        /// The payment or refund; `None` when credit from before was used.
        cause: Option<FactId>,
        /// The day.
        on: Date,
        /// The due date of the statement.
        due_on: Date,
        /// The component.
        component: Component,
        /// How much.
        amount: Money,
    },
    /// A late fee was given up.
    Waived {
        /// The waiver.
        fact: FactId,
        /// The day.
        on: Date,
        /// The due date of the statement.
        due_on: Date,
        /// How much.
        amount: Money,
    },
    /// At the end of `on`, the agreement is overdue from another day on than before, or no longer overdue.
    OverdueChanged {
        /// The day.
        on: Date,
        /// First overdue day of the oldest overdue statement, grace of ageing counted; may lie ahead.
        overdue_from: Option<Date>,
    },
}

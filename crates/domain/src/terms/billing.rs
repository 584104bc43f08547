//! Whether a product bills by statement or by a schedule that is known from the draw on.

use crate::calendar::Calendar;
use crate::contact::code_enum;
use crate::date::MonthDay;
use crate::money::{Money, Rate};
use crate::schedule::{Grace, Period};
use crate::terms::InstalmentOffer;

code_enum! {
    /// Whether interest follows what is really owed.
    InterestBasis {
        /// As scheduled, however early or late money comes.
        AsScheduled = "as_scheduled",
        /// By the day on what is really owed: paying early lowers it, paying late raises it, and the last
        /// instalment absorbs the difference.
        DailyRest = "daily_rest",
        /// The same, and after the last due date it goes on until the principal is paid, due at the end of each further
        /// period.
        DailyRestUntilPaid = "daily_rest_until_paid",
    }
}

impl InterestBasis {
    /// Whether interest accrues by the day on what is really owed.
    #[must_use]
    pub fn is_by_the_day(self) -> bool {
        match self {
            Self::AsScheduled => false,
            Self::DailyRest | Self::DailyRestUntilPaid => true,
        }
    }
}

/// How a product with a schedule bills.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleBilling {
    /// The plan of a draw that names no number of instalments.
    pub standard: InstalmentOffer,
    /// From one due date to the next.
    pub period: Period,
    /// The day of the month that due dates aim at; that of the draw when left out.
    pub due_day: Option<MonthDay>,
    /// Periods at the start in which less is due.
    pub grace: Grace,
    /// The days off that due dates avoid, by the calendar that the plans name.
    pub calendar: Calendar,
    /// The share due on the day of the draw; zero for none.
    pub down_payment_share: Rate,
    /// Down payments are whole multiples of this.
    pub down_payment_multiple: Option<Money>,
    /// What interest is charged on.
    pub interest: InterestBasis,
}

/// How a product bills.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Billing {
    /// Purchases and instalments are put on a statement at each cut-off.
    #[default]
    Statement,
    /// Each instalment is an obligation of its own, known from the draw on.
    Schedule(Box<ScheduleBilling>),
}

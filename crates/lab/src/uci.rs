//! A real portfolio: turns `UCI_Credit_Card.csv` into the portfolio format, and compares our ageing with the bank's.
//!
//! The file (Yeh and Lien, 2009; UCI Machine Learning Repository, CC BY 4.0) has 30,000 card customers of a bank in
//! Taiwan with six monthly statements, April to September 2005, the payments of each month and the bank's own
//! status. It has no purchases and no days; `docs/replay-uci.md` tells what is derived and assumed, and what the data
//! say for it. The bank's status is never used to build the portfolio, so that comparing with it means something.
//! Sex, education, marriage and age are not read.

mod adapt;
mod confusion;
mod source;

#[cfg(test)]
mod tests;

pub(crate) use adapt::{PRODUCT, PRODUCT_VERSION};
pub use adapt::{Summary, adapt};
pub use confusion::ConfusionTable;
pub use source::UciError;
pub(crate) use source::{Histories, History, agreement_id};

use dunlin_domain::date::{Date, MonthDay};

/// Statements that the file has: one a month, April to September 2005.
pub const MONTH_COUNT: usize = 6;

/// The cut-off of statement `month`, 0 (April) to 5 (September); 6 is the end of October, past the data.
#[must_use]
pub fn statement_on(month: usize) -> Date {
    // The months of the file end in October at the latest, so the number fits.
    let number = 4 + i8::try_from(month).unwrap_or(8).min(8);
    MonthDay::Last.in_month(2005, number)
}

/// Statements whose status can be compared: that of September would need the payments of October.
pub(crate) const JUDGED_MONTH_COUNT: usize = MONTH_COUNT - 1;

/// The day at whose end our ageing says the same thing as the bank's status of statement `month`.
///
/// A status tells what the *following* month's payments did for the statement of its month
/// (`docs/replay-uci.md`), so it is the last day of the next month.
pub(crate) fn judged_on(month: usize) -> Date {
    statement_on(month + 1)
}

/// The statement whose status is judged at the end of `date`.
pub(crate) fn month_judged_on(date: Date) -> Option<usize> {
    (0..JUDGED_MONTH_COUNT).find(|month| judged_on(*month) == date)
}

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

pub use adapt::{Summary, adapt};
pub use confusion::ConfusionTable;
pub use source::{BankStatus, UciError, bank_statuses};

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

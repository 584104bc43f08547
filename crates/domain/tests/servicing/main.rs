//! The fold of a servicing system in full: schedules, fees, ageing, changes of plans and losses, told in small
//! histories.

mod ageing;
mod allocation;
mod changes;
mod fees;
mod lessons;
mod losses;
mod outlook;
mod properties;
mod refusals;
mod schedules;
mod support;

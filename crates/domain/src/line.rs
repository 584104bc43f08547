//! The credit line (授信额度) at checkout: its states, what may still be drawn, and holds on it.
//!
//! [`state`] says which command moves a line from where to where, [`available`] derives what may be drawn,
//! [`draw`] accepts or declines a purchase, [`hold`] follows an accepted one to its capture or end, and
//! [`overdue`] freezes a line that has fallen behind and thaws one that is cured. [`rule`] is what the
//! product says about all of these.

pub mod available;
pub mod draw;
pub mod hold;
pub mod overdue;
pub mod rule;
pub mod state;

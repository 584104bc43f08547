//! The states of a line, and the only moves between them.
//!
//! A line has five independent properties: its life, a freeze for overdue, a freeze for risk, the customer's own
//! suspension, and whether its limit is below what was granted. [`MOVES`] lists every move; each command that is
//! not in the table for where the line stands is refused. What is shown is the strictest of all.

use crate::wording;
use crate::wording::Wording;
use std::fmt;

use crate::contact::Language;
use crate::contact::code_enum;
use crate::date::Date;
use crate::money::Money;

code_enum! {
    /// What is shown of a line, the strictest first.
    LineState {
        /// Closed for good; the debt stays, payments and refunds are taken.
        Closed = "closed",
        /// Not opened yet.
        NotOpened = "not_opened",
        /// Frozen by the lender's risk decision.
        FrozenRisk = "frozen_risk",
        /// Frozen because something is overdue.
        FrozenOverdue = "frozen_overdue",
        /// Suspended by the customer.
        SuspendedByCustomer = "suspended_by_customer",
        /// Usable, with a limit below what was granted.
        Reduced = "reduced",
        /// Usable.
        Active = "active",
    }
}

code_enum! {
    /// Where a line is in its life.
    Life {
        /// Not opened yet.
        NotOpened = "not_opened",
        /// Opened.
        Open = "open",
        /// Closed for good.
        Closed = "closed",
    }
}

code_enum! {
    /// What moves a line.
    LineCommand {
        /// It may be drawn on from now on.
        Open = "open",
        /// It is never drawn on again.
        Close = "close",
        /// Something is overdue.
        FreezeOverdue = "freeze_overdue",
        /// It is cured, or an actor lets it be used all the same.
        ThawOverdue = "thaw_overdue",
        /// A risk decision.
        FreezeRisk = "freeze_risk",
        /// The risk decision is taken back.
        ThawRisk = "thaw_risk",
        /// The customer wants it stopped.
        Suspend = "suspend",
        /// The customer wants it back.
        Resume = "resume",
        /// The limit becomes less.
        Lower = "lower",
        /// The limit becomes more.
        Raise = "raise",
    }
}

/// One property of a line, in one of its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Its life.
    Life(Life),
    /// Whether it is frozen for overdue.
    OverdueFreeze(bool),
    /// Whether it is frozen for risk.
    RiskFreeze(bool),
    /// Whether the customer suspended it.
    Suspension(bool),
    /// The limit, which moves by amount; open lines only.
    Limit,
}

/// One move: a command takes a line that bears `from` to `to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    /// What moves it.
    pub command: LineCommand,
    /// What it must bear before.
    pub from: Mark,
    /// What it bears after.
    pub to: Mark,
}

const fn moving(command: LineCommand, from: Mark, to: Mark) -> Move {
    Move { command, from, to }
}

/// Every move there is. All but those of its life need an open line.
pub const MOVES: [Move; 11] = [
    moving(LineCommand::Open, Mark::Life(Life::NotOpened), Mark::Life(Life::Open)),
    moving(LineCommand::Close, Mark::Life(Life::NotOpened), Mark::Life(Life::Closed)),
    moving(LineCommand::Close, Mark::Life(Life::Open), Mark::Life(Life::Closed)),
    moving(LineCommand::FreezeOverdue, Mark::OverdueFreeze(false), Mark::OverdueFreeze(true)),
    moving(LineCommand::ThawOverdue, Mark::OverdueFreeze(true), Mark::OverdueFreeze(false)),
    moving(LineCommand::FreezeRisk, Mark::RiskFreeze(false), Mark::RiskFreeze(true)),
    moving(LineCommand::ThawRisk, Mark::RiskFreeze(true), Mark::RiskFreeze(false)),
    moving(LineCommand::Suspend, Mark::Suspension(false), Mark::Suspension(true)),
    moving(LineCommand::Resume, Mark::Suspension(true), Mark::Suspension(false)),
    moving(LineCommand::Lower, Mark::Limit, Mark::Limit),
    moving(LineCommand::Raise, Mark::Limit, Mark::Limit),
];

/// A line as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// Where it is in its life.
    pub life: Life,
    /// Whether it is frozen for overdue.
    pub is_frozen_overdue: bool,
    /// Whether it is frozen for risk.
    pub is_frozen_risk: bool,
    /// Whether the customer suspended it.
    pub is_suspended: bool,
    /// The credit limit.
    pub limit: Money,
    /// The most that was granted; a lower limit is a reduced one.
    pub granted: Money,
    /// The due date of overdue debt in spite of which an actor thawed it; the day's run leaves that debt alone.
    pub excused_due_on: Option<Date>,
    /// The first day on which nothing was overdue any more, while it is still frozen for overdue.
    pub cured_on: Option<Date>,
}

/// A move that is not in [`MOVES`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineRefusal {
    /// The line stands where this command leads nowhere.
    NoSuchMove {
        /// The command.
        command: LineCommand,
        /// What is shown of the line.
        state: LineState,
    },
    /// The new limit is below zero.
    LimitNegative {
        /// The limit given.
        limit: Money,
    },
    /// The new limit is the old one.
    LimitUnchanged {
        /// The limit.
        limit: Money,
    },
    /// There is no reason.
    NoReason,
}

impl LineRefusal {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoSuchMove { .. } => "line_move_refused",
            Self::LimitNegative { .. } => "limit_negative",
            Self::LimitUnchanged { .. } => "limit_unchanged",
            Self::NoReason => "reason_missing",
        }
    }
}

impl LineRefusal {
    /// What is wrong and what would be right, in both languages.
    #[must_use]
    pub fn wording(&self) -> Wording {
        match self {
            Self::NoSuchMove { command, state } => {
                let (zh, en) = match command {
                    LineCommand::Open => {
                        ("只有未开通的授信才能开通", "only a line that is not opened can be opened")
                    }
                    LineCommand::Close => ("授信已经关闭", "it is closed already"),
                    LineCommand::ThawOverdue => (
                        "只有因逾期冻结的已开通授信才能如此解冻",
                        "only an open line that is frozen for overdue can be thawed so",
                    ),
                    LineCommand::ThawRisk => (
                        "只有因风险冻结的已开通授信才能如此解冻",
                        "only an open line that is frozen for risk can be thawed so",
                    ),
                    LineCommand::Resume => (
                        "只有客户自行停用的已开通授信才能恢复",
                        "only an open line that the customer suspended can be resumed",
                    ),
                    LineCommand::FreezeOverdue
                    | LineCommand::FreezeRisk
                    | LineCommand::Suspend
                    | LineCommand::Lower
                    | LineCommand::Raise => {
                        ("授信须已开通，且尚未处于该状态", "the line must be open, and not be so already")
                    }
                };
                Wording {
                    zh: format!("授信状态为 {state} 时不能执行 {command}：{zh}"),
                    en: format!("{command} is refused while the line is {state}: {en}"),
                }
            }
            Self::LimitNegative { limit } => {
                wording!("授信额度 {limit} 不能小于零", "limit {limit} must be zero or more")
            }
            Self::LimitUnchanged { limit } => {
                wording!("授信额度本来就是 {limit}", "the limit is {limit} already")
            }
            Self::NoReason => wording!(
                "变更授信须写明理由；请用 --reason 填写",
                "a change of the line needs a reason; give it with --reason"
            ),
        }
    }
}

impl fmt::Display for LineRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.wording().en)
    }
}

impl std::error::Error for LineRefusal {}

impl Line {
    /// A line on which nothing has been done.
    #[must_use]
    pub fn new(life: Life, limit: Money) -> Self {
        Self {
            life,
            is_frozen_overdue: false,
            is_frozen_risk: false,
            is_suspended: false,
            limit,
            granted: limit,
            excused_due_on: None,
            cured_on: None,
        }
    }

    /// What is shown of it: the strictest of all that holds.
    #[must_use]
    pub fn state(&self) -> LineState {
        match self.life {
            Life::Closed => LineState::Closed,
            Life::NotOpened => LineState::NotOpened,
            Life::Open if self.is_frozen_risk => LineState::FrozenRisk,
            Life::Open if self.is_frozen_overdue => LineState::FrozenOverdue,
            Life::Open if self.is_suspended => LineState::SuspendedByCustomer,
            Life::Open if self.is_reduced() => LineState::Reduced,
            Life::Open => LineState::Active,
        }
    }

    /// Everything that keeps it from being used freely, the strictest first; empty for an active line.
    #[must_use]
    pub fn restrictions(&self) -> Vec<LineState> {
        let is_open = self.life == Life::Open;
        let marks = [
            (self.life == Life::Closed, LineState::Closed),
            (self.life == Life::NotOpened, LineState::NotOpened),
            (is_open && self.is_frozen_risk, LineState::FrozenRisk),
            (is_open && self.is_frozen_overdue, LineState::FrozenOverdue),
            (is_open && self.is_suspended, LineState::SuspendedByCustomer),
            (is_open && self.is_reduced(), LineState::Reduced),
        ];
        marks.into_iter().filter(|(holds, _)| *holds).map(|(_, state)| state).collect()
    }

    /// Whether the limit is below what was granted.
    #[must_use]
    pub fn is_reduced(&self) -> bool {
        self.limit.minor() < self.granted.minor()
    }

    fn bears(&self, mark: Mark) -> bool {
        match mark {
            Mark::Life(life) => self.life == life,
            Mark::OverdueFreeze(is_frozen) => self.is_frozen_overdue == is_frozen,
            Mark::RiskFreeze(is_frozen) => self.is_frozen_risk == is_frozen,
            Mark::Suspension(is_suspended) => self.is_suspended == is_suspended,
            Mark::Limit => true,
        }
    }

    /// The line after a command other than a change of the limit.
    ///
    /// # Errors
    /// [`LineRefusal::NoSuchMove`] when [`MOVES`] has no such move from here.
    pub fn after(&self, command: LineCommand) -> Result<Self, LineRefusal> {
        let is_open = self.life == Life::Open;
        let fits = |found: &&Move| self.bears(found.from) && (is_open || matches!(found.from, Mark::Life(_)));
        let found = MOVES.iter().filter(|found| found.command == command).find(fits);
        let Some(found) = found else {
            return Err(LineRefusal::NoSuchMove { command, state: self.state() });
        };
        let mut line = *self;
        match found.to {
            Mark::Life(life) => line.life = life,
            Mark::OverdueFreeze(is_frozen) => {
                line.is_frozen_overdue = is_frozen;
                line.cured_on = None;
            }
            Mark::RiskFreeze(is_frozen) => line.is_frozen_risk = is_frozen,
            Mark::Suspension(is_suspended) => line.is_suspended = is_suspended,
            Mark::Limit => {}
        }
        Ok(line)
    }

    /// The line with another limit, and which command that was.
    ///
    /// A limit above all that was granted is a new grant; one below what is owed leaves nothing to draw and makes
    /// nothing fall due.
    ///
    /// # Errors
    /// A limit below zero or equal to the old one; a line that is not open.
    pub fn with_limit(&self, limit: Money) -> Result<(Self, LineCommand), LineRefusal> {
        if limit.minor() < 0 {
            return Err(LineRefusal::LimitNegative { limit });
        }
        let command =
            if limit.minor() < self.limit.minor() { LineCommand::Lower } else { LineCommand::Raise };
        let line = self.after(command)?;
        if limit == self.limit {
            return Err(LineRefusal::LimitUnchanged { limit });
        }
        let granted = if limit.minor() > line.granted.minor() { limit } else { line.granted };
        Ok((Self { limit, granted, ..line }, command))
    }
}

impl LineState {
    /// What staff read.
    #[must_use]
    pub fn label(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::Closed, Language::Zh) => "额度已关闭",
            (Self::Closed, Language::En) => "closed",
            (Self::NotOpened, Language::Zh) => "额度未开通",
            (Self::NotOpened, Language::En) => "not opened",
            (Self::FrozenRisk, Language::Zh) => "风险冻结",
            (Self::FrozenRisk, Language::En) => "frozen for risk",
            (Self::FrozenOverdue, Language::Zh) => "逾期冻结",
            (Self::FrozenOverdue, Language::En) => "frozen for overdue",
            (Self::SuspendedByCustomer, Language::Zh) => "客户暂停",
            (Self::SuspendedByCustomer, Language::En) => "suspended by the customer",
            (Self::Reduced, Language::Zh) => "已降额",
            (Self::Reduced, Language::En) => "reduced",
            (Self::Active, Language::Zh) => "正常",
            (Self::Active, Language::En) => "active",
        }
    }
}

#[cfg(test)]
mod tests;

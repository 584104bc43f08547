//! Provisions: what is set aside for expected losses (损失准备), a share of what is owed by its age.

use crate::amounts::Amounts;
use crate::contact::{Language, code_enum};
use crate::date::Date;
use crate::money::{Money, MoneyError, Rate, Rounding};
use crate::terms::Component;

code_enum! {
    /// How often provisions are brought to what is required.
    ProvisionEvery {
        /// On each business day.
        Day = "day",
        /// On the last day of each month.
        MonthEnd = "month_end",
    }
}

impl ProvisionEvery {
    /// Whether provisions are posted on `date`.
    #[must_use]
    pub fn is_due(self, date: Date) -> bool {
        match self {
            Self::Day => true,
            Self::MonthEnd => date.year_month_day().1 != date.plus_days(1).year_month_day().1,
        }
    }
}

/// One stage, such as 次级.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvisionStage {
    /// Its stable code.
    pub code: String,
    /// Its name in Chinese.
    pub name_zh: String,
    /// Its name in English.
    pub name_en: String,
    /// First day past due in the stage; the first stage begins at 0.
    pub from_days: i32,
    /// What is set aside, a share of what is owed.
    pub rate: Rate,
}

impl ProvisionStage {
    /// The name in a language.
    #[must_use]
    pub fn name(&self, language: Language) -> &str {
        match language {
            Language::Zh => &self.name_zh,
            Language::En => &self.name_en,
        }
    }

    /// What is required for `exposure`, rounded once, half up.
    ///
    /// # Errors
    /// When it does not fit.
    pub fn required(&self, exposure: Money) -> Result<Money, MoneyError> {
        self.rate.of(exposure, Rounding::HalfUp)
    }
}

/// The table of stages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvisionTable {
    /// How often it is applied.
    pub every: ProvisionEvery,
    /// The components that are provided for.
    pub base: Vec<Component>,
    /// The stages, ascending; never empty, the first from 0.
    pub stages: Vec<ProvisionStage>,
}

impl ProvisionTable {
    /// The stage of what is so many days past due.
    #[must_use]
    pub fn stage(&self, days_past_due: i32) -> &ProvisionStage {
        let reached = self.stages.iter().rev().find(|stage| stage.from_days <= days_past_due.max(0));
        reached.unwrap_or(&self.stages[0])
    }
}

/// What of one agreement is exposed to loss, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exposure {
    /// The last day on which nothing was past due; `None` while nothing is. It stands still while the agreement ages,
    /// so sums by this day need no daily work.
    pub current_on: Option<Date>,
    /// What is owed and not held back from income, by component.
    pub amounts: Amounts,
}

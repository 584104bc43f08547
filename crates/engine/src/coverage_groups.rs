//! Coverage counted apart: by product, bucket, channel, reason, day or version of the strategy.

use std::collections::BTreeMap;

use dunlin_domain::date::Date;

use crate::coverage::{OverdueDay, Tally};
use crate::coverage_costs::Spent;
use crate::view::Coverage;
use crate::{Engine, EngineError};

/// What coverage is counted apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CoverageBy {
    /// The agreement's product.
    Product,
    /// The bucket of the day's verdict.
    Bucket,
    /// The channel of the day's message; `-` where there is none.
    Channel,
    /// The day's reason; empty where there is none.
    Reason,
    /// The day.
    Day,
    /// The version of the strategy that decided; `-` where none did.
    Strategy,
}

impl CoverageBy {
    /// Each of them.
    pub const ALL: [Self; 6] =
        [Self::Product, Self::Bucket, Self::Channel, Self::Reason, Self::Day, Self::Strategy];

    /// Its name on the command line and in files.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Product => "product",
            Self::Bucket => "bucket",
            Self::Channel => "channel",
            Self::Reason => "reason",
            Self::Day => "day",
            Self::Strategy => "strategy",
        }
    }

    /// Reads its name.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|by| by.code() == code)
    }

    fn of(self, day: &OverdueDay<'_>) -> String {
        const NONE: &str = "-";
        match self {
            Self::Product => day.row.product.clone(),
            Self::Bucket => day.bucket().to_owned(),
            Self::Channel => day.channel.map_or(NONE, |channel| channel.code()).to_owned(),
            Self::Reason => day.reason.map_or("", |reason| reason.code()).to_owned(),
            Self::Day => day.date.to_string(),
            Self::Strategy => {
                let strategy = day.verdict.and_then(|verdict| verdict.span.strategy.clone());
                strategy.unwrap_or_else(|| NONE.to_owned())
            }
        }
    }
}

/// The coverage of one group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoverageGroup {
    /// What it is counted by, in the order that was asked for.
    pub keys: Vec<String>,
    /// Its counts.
    pub coverage: Coverage,
    /// What was spent on it, by currency; empty where nothing was charged.
    pub spent: Vec<Spent>,
}

impl Engine {
    /// The coverage of the days `from..=through` and what was spent on it, counted apart, in the order of the keys. The groups
    /// make the whole.
    ///
    /// # Errors
    /// As [`Engine::coverage`].
    pub fn coverage_by(
        &self,
        from: Date,
        through: Date,
        by: &[CoverageBy],
    ) -> Result<Vec<CoverageGroup>, EngineError> {
        let count = |groups: &mut BTreeMap<Vec<String>, Tally>, day: &OverdueDay<'_>| {
            let keys = by.iter().map(|by| by.of(day)).collect();
            groups.entry(keys).or_default().count(day);
        };
        let merge = |all: &mut BTreeMap<Vec<String>, Tally>, part: BTreeMap<Vec<String>, Tally>| {
            for (keys, tally) in part {
                all.entry(keys).or_default().merge(tally);
            }
        };
        let mut groups = self.survey(from, through, &count, &merge)?;
        let mut spent = self.spent_by(from, through, by)?;
        // Reminders before the due date cost something where nothing is overdue.
        spent.keys().for_each(|keys| {
            groups.entry(keys.clone()).or_default();
        });
        let mut group = |(keys, tally): (Vec<String>, Tally)| {
            let spent = spent.remove(&keys).unwrap_or_default();
            CoverageGroup { keys, coverage: tally.coverage(), spent }
        };
        Ok(groups.into_iter().map(&mut group).collect())
    }
}

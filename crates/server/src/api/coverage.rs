//! The twin of the page *Coverage and costs*.

use dunlin_engine::costs::written;
use dunlin_engine::coverage_costs::Spent;
use dunlin_engine::coverage_groups::{CoverageBy, CoverageGroup};
use serde::Serialize;

use crate::page::CoverageView;

/// `/api/coverage`.
#[derive(Serialize)]
pub struct CoverageGroupsJson {
    from: String,
    through: String,
    spent: Vec<SpentJson>,
    groups: Vec<GroupsJson>,
}

#[derive(Serialize)]
struct GroupsJson {
    by: &'static str,
    groups: Vec<GroupJson>,
}

#[derive(Serialize)]
struct GroupJson {
    key: String,
    overdue_days: u64,
    contacted: u64,
    delivered: u64,
    pending: u64,
    silent: u64,
    failed: u64,
    unexplained: u64,
    spent: Vec<SpentJson>,
}

/// What was spent in one currency. Amounts are text: less than a cent counts.
#[derive(Serialize)]
pub struct SpentJson {
    currency: &'static str,
    cost: String,
    units: u64,
    messages: u64,
    messages_delivered: u64,
    agreements: u64,
    per_agreement: Option<String>,
    per_delivered: Option<String>,
}

impl SpentJson {
    /// The document of what was spent.
    #[must_use]
    pub fn new(spent: &Spent) -> Self {
        Self {
            currency: spent.currency.code(),
            cost: written(spent.micros),
            units: spent.units,
            messages: spent.messages,
            messages_delivered: spent.delivered,
            agreements: spent.agreements,
            per_agreement: spent.per_agreement().map(written),
            per_delivered: spent.per_delivered().map(written),
        }
    }
}

impl CoverageGroupsJson {
    /// The document of a view.
    #[must_use]
    pub fn new(view: &CoverageView) -> Self {
        let groups = |(by, groups): &(CoverageBy, Vec<CoverageGroup>)| GroupsJson {
            by: by.code(),
            groups: groups.iter().map(group).collect(),
        };
        Self {
            from: view.from.to_string(),
            through: view.through.to_string(),
            spent: view.spent.iter().map(SpentJson::new).collect(),
            groups: view.tables.iter().map(groups).collect(),
        }
    }
}

fn group(group: &CoverageGroup) -> GroupJson {
    let coverage = &group.coverage;
    GroupJson {
        key: group.keys.join(" "),
        overdue_days: coverage.overdue_days,
        contacted: coverage.contacted,
        delivered: coverage.delivered,
        pending: coverage.pending,
        silent: coverage.silent,
        failed: coverage.failed,
        unexplained: coverage.unexplained,
        spent: group.spent.iter().map(SpentJson::new).collect(),
    }
}

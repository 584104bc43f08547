//! Two versions of a strategy, compared: what is different in words, and who would be treated differently today.
//!
//! The dry run asks both tables about where each agreement stands on a day. It changes nothing, and leaves aside when each
//! agreement was last contacted: it shows what the tables say, not what the next day will do.

mod words;

use dunlin_domain::wording;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use dunlin_domain::date::Date;
use dunlin_domain::id::{AgreementId, Part};
use dunlin_domain::money::Money;
use dunlin_domain::strategy::{Outcome, StrategyInput, StrategyTable};
use dunlin_store::agreement::{self, AgreementRow};
use dunlin_store::{Tx, call};

use crate::inspect::{Current, current_positions, parts};
use crate::policies::Policies;
use crate::policy::{PolicyDocument, PolicyKind, StrategyDocument};
use crate::policy_requests;
use crate::{Engine, EngineError};

pub(crate) use words::changes as table_changes;
pub use words::outcome_words;

/// Agreements of one look at a part.
const PAGE_COUNT_MAX: usize = 5_000;

/// A text in Chinese and in English.
pub type BothTexts = (String, String);

/// What two versions of a strategy differ in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StrategyDiff {
    /// The first, as `name@version`.
    pub before: String,
    /// The second.
    pub after: String,
    /// The differences of the documents, in words; empty when they say the same.
    pub changes: Vec<BothTexts>,
    /// The day on which the portfolio was asked about.
    pub on: Date,
    /// Agreements that either of them has something to say about.
    pub asked_count: u64,
    /// How many would be treated differently, by where they stand and what changes.
    pub cells: Vec<DiffCell>,
    /// Each of them, by its id; only when it was asked for.
    pub list: Vec<DiffLine>,
}

/// Agreements that change in the same way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiffCell {
    /// Their product.
    pub product: String,
    /// Their bucket.
    pub bucket: String,
    /// The rows that decide, before and after; `-` where none does.
    pub rows: (String, String),
    /// What the first says.
    pub before: BothTexts,
    /// What the second says.
    pub after: BothTexts,
    /// How many.
    pub count: u64,
}

/// One agreement that would be treated differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiffLine {
    /// The lender's id of it.
    pub agreement: String,
    /// Its product.
    pub product: String,
    /// Its bucket.
    pub bucket: String,
    /// Days past due; negative before the due date.
    pub days_past_due: i32,
    /// Overdue balance, or what comes due.
    pub balance: Money,
    /// Its segment.
    pub segment: String,
    /// The rows that decide, before and after.
    pub rows: (String, String),
    /// What the first says.
    pub before: BothTexts,
    /// What the second says.
    pub after: BothTexts,
}

type CellKey = (String, String, (String, String));

impl Engine {
    /// A version of a strategy by `name@version`; by its name alone, the newest.
    ///
    /// # Errors
    /// [`EngineError::NotFound`], with the versions there are.
    pub fn strategy_named(&self, name: &str) -> Result<StrategyDocument, EngineError> {
        let policies = self.policies()?;
        let matches = |document: &&StrategyDocument| {
            let header = &document.header;
            header.name == name || format!("{}@{}", header.name, header.version) == name
        };
        let found = policies.strategies().filter(matches).max_by_key(|document| document.header.version);
        if found.is_none()
            && let Ok(request) = self.policy_request(&format!("{}/{name}", PolicyKind::Strategy))
            && let PolicyDocument::Strategy(document) = policy_requests::read(&request)?
        {
            return Ok(document);
        }
        found.cloned().ok_or_else(|| {
            let known = policies.strategies();
            let mut known: Vec<String> = known
                .map(|document| format!("{}@{}", document.header.name, document.header.version))
                .collect();
            known.sort_unstable();
            EngineError::Refused {
                code: "not_found",
                complaint: wording!(
                    "没有策略“{name}”；现有 {}",
                    "there is no strategy {name:?}; there are {}",
                    known.join(", ")
                ),
            }
        })
    }

    /// Compares two versions on the portfolio as it stands at the end of `on`.
    ///
    /// # Errors
    /// `strategy_currency` when they are of two currencies; what the database says.
    pub fn strategy_diff(
        &self,
        before: &StrategyDocument,
        after: &StrategyDocument,
        on: Date,
        with_list: bool,
    ) -> Result<StrategyDiff, EngineError> {
        if before.table.currency != after.table.currency {
            return Err(EngineError::Refused {
                code: "strategy_currency",
                complaint: wording!(
                    "{} 的币种是 {}，{} 的币种是 {}；只能比较同一币种的策略",
                    "{} is in {} and {} is in {}; only strategies of one currency can be compared",
                    before.header.name,
                    before.table.currency,
                    after.header.name,
                    after.table.currency
                ),
            });
        }
        let policies = self.policies()?;
        let tables = (&before.table, &after.table);
        let mut run =
            DryRun { policies, tables, on, with_list, asked: 0, cells: BTreeMap::new(), list: Vec::new() };
        self.db.read_as(|tx| parts().try_for_each(|part| run.part(tx, part)))?;
        let name = |table: &StrategyTable| format!("{}@{}", table.name, table.version);
        let mut cells: Vec<DiffCell> = run.cells.into_values().collect();
        cells.sort_by_key(|cell| std::cmp::Reverse(cell.count));
        run.list.sort_by(|left, right| left.agreement.cmp(&right.agreement));
        Ok(StrategyDiff {
            before: name(tables.0),
            after: name(tables.1),
            changes: table_changes(tables.0, tables.1),
            on,
            asked_count: run.asked,
            cells,
            list: run.list,
        })
    }
}

struct DryRun<'d> {
    policies: Arc<Policies>,
    tables: (&'d StrategyTable, &'d StrategyTable),
    on: Date,
    with_list: bool,
    asked: u64,
    cells: BTreeMap<CellKey, DiffCell>,
    list: Vec<DiffLine>,
}

impl DryRun<'_> {
    fn part(&mut self, tx: &mut Tx<'_>, part: Part) -> Result<(), EngineError> {
        let mut rows: Vec<AgreementRow> = Vec::new();
        let currency = self.tables.0.currency;
        agreement::each_of_part(tx, part, |row| {
            if row.currency == currency {
                rows.push(row);
            }
            Ok(())
        })?;
        rows.chunks(PAGE_COUNT_MAX).try_for_each(|page| self.page(tx, page))
    }

    fn page(&mut self, tx: &mut Tx<'_>, rows: &[AgreementRow]) -> Result<(), EngineError> {
        let current = current_positions(tx, &self.policies, rows, self.on)?;
        let mut since = HashMap::new();
        if self.tables.0.asks_contacts() || self.tables.1.asks_contacts() {
            for (row, current) in rows.iter().zip(&current) {
                since.extend(current.arrears.overdue_due_on.map(|due_on| (row.id, (row.part, due_on))));
            }
        }
        let contacts = call::contact_counts(tx, &since)?;
        for (row, current) in rows.iter().zip(&current) {
            self.agreement(row, current, &contacts);
        }
        Ok(())
    }

    fn agreement(&mut self, row: &AgreementRow, current: &Current, contacts: &HashMap<AgreementId, u32>) {
        let arrears = &current.arrears;
        let (days_past_due, balance) = match (arrears.overdue_due_on, arrears.coming) {
            (Some(_), _) => (arrears.days_past_due, arrears.overdue),
            (None, Some(coming)) if coming.minimum.is_positive() => {
                (self.on.days_since(coming.due_on), coming.rest)
            }
            (None, Some(_) | None) => return,
        };
        let input = StrategyInput {
            buckets: &current.terms.buckets,
            days_past_due,
            balance,
            segment: &row.segment,
            is_reported_to_bureau: row.is_reported,
            contacts: contacts.get(&row.id).copied().unwrap_or(0),
            customer: row.customer,
        };
        let decided = [self.tables.0, self.tables.1].map(|table| table.decide(&input));
        // Before the due date, no row is as good as silence.
        let is_silent = |row: Option<&dunlin_domain::strategy::Row>| {
            row.is_none_or(|row| matches!(row.outcome, Outcome::Silence { .. }))
        };
        if arrears.overdue_due_on.is_none() && decided.iter().all(|row| is_silent(*row)) {
            return;
        }
        self.asked += 1;
        let outcomes = decided.map(|row| row.map(|row| &row.outcome));
        if outcomes[0] == outcomes[1] {
            return;
        }
        let rows = decided.map(|row| row.map_or_else(|| "-".to_owned(), |row| row.id.clone()));
        let [before, after] = outcomes.map(outcome_words);
        let rows: (String, String) = rows.into();
        let bucket = input.bucket().to_owned();
        let key = (row.product.clone(), bucket.clone(), rows.clone());
        let cell = self.cells.entry(key).or_insert_with(|| DiffCell {
            product: row.product.clone(),
            bucket: bucket.clone(),
            rows: rows.clone(),
            before: before.clone(),
            after: after.clone(),
            count: 0,
        });
        cell.count += 1;
        if self.with_list {
            let (agreement, segment) = (row.external_id.clone(), row.segment.clone());
            let product = row.product.clone();
            self.list.push(DiffLine {
                agreement,
                product,
                bucket,
                days_past_due,
                balance,
                segment,
                rows,
                before,
                after,
            });
        }
    }
}

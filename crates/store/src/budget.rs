//! The budgets of persons and days: counters that never go beyond their caps, whoever counts at the same time.

use std::collections::{BTreeMap, HashSet};

use dunlin_domain::message::BudgetUse;

use crate::agreement::{days, part_param};
use crate::dialect::KeyShape;
use crate::{Column, Dialect, Param, StoreError, Tx};

/// Takes one unit of a daily budget; `false` when it is used up. Holds under concurrency: one guarded upsert.
///
/// # Errors
/// What the database says.
pub fn take_budget(tx: &mut Tx<'_>, budget: &BudgetUse) -> Result<bool, StoreError> {
    if budget.cap == 0 {
        return Ok(false);
    }
    let sql = "insert into contact_count (part, counter_key, day, n) values (?1, ?2, ?3, 1) \
        on conflict (part, counter_key, day) do update set n = contact_count.n + 1 where contact_count.n < ?4";
    let params = [
        part_param(budget.customer.part()),
        Param::Id(budget.key.0),
        Param::Int(days(budget.day)),
        Param::Int(i64::from(budget.cap)),
    ];
    Ok(tx.execute(sql, &params)? == 1)
}

/// Takes the budgets of several messages, of each message all or none; which of them got theirs. No two messages may
/// count on one counter, so that none of them depends on another.
///
/// On PostgreSQL one guarded upsert for all budgets of the same cap; of a message that got only some of its budgets they are
/// given back. So a cap holds as it does with [`take_budget`].
///
/// # Errors
/// What the database says.
pub fn take_budgets(tx: &mut Tx<'_>, messages: &[&[BudgetUse]]) -> Result<Vec<bool>, StoreError> {
    if tx.dialect() == Dialect::Sqlite || messages.len() < 2 {
        return messages.iter().map(|budgets| take_each(tx, budgets)).collect();
    }
    let mut by_cap: BTreeMap<u32, Vec<&BudgetUse>> = BTreeMap::new();
    for budget in messages.iter().flat_map(|budgets| budgets.iter()).filter(|budget| budget.cap > 0) {
        by_cap.entry(budget.cap).or_default().push(budget);
    }
    let mut taken: HashSet<(i64, [u8; 16], i64)> = HashSet::new();
    for (cap, mut budgets) in by_cap {
        // In one order, so that two transactions seldom lock each other out.
        budgets.sort_unstable_by_key(|budget| counter_of(budget));
        let values: Vec<Param<'_>> = budgets.iter().flat_map(|budget| counter_params(budget)).collect();
        // A cap is a number of ours, and there are few of them: each has its prepared statement.
        let sql = format!(
            "insert into contact_count (part, counter_key, day, n) \
             select v.v1, v.v2, v.v3, 1 from unnest(?1::bigint[], ?2::bytea[], ?3::bigint[]) as v(v1, v2, v3) \
             on conflict (part, counter_key, day) do update set n = contact_count.n + 1 \
             where contact_count.n < {cap} returning part, counter_key, day"
        );
        tx.visit_block("contact_count", &sql, &COUNTER, KeyShape::PerRow, &values, &mut |row| {
            taken.insert((row.int(0), row.id16(1), row.int(2)));
            Ok(())
        })?;
    }
    let is_taken = |budget: &&BudgetUse| taken.contains(&counter_of(budget));
    let got: Vec<bool> =
        messages.iter().map(|budgets| budgets.iter().all(|budget| is_taken(&budget))).collect();
    for (budgets, _) in messages.iter().zip(&got).filter(|(_, got)| !**got) {
        budgets.iter().filter(is_taken).try_for_each(|budget| give_back_budget(tx, budget))?;
    }
    Ok(got)
}

const COUNTER: [(&str, Column); 3] =
    [("part", Column::Int), ("counter_key", Column::Bytes), ("day", Column::Int)];

fn counter_of(budget: &BudgetUse) -> (i64, [u8; 16], i64) {
    (i64::from(budget.customer.part().number()), budget.key.0, days(budget.day))
}

fn counter_params(budget: &BudgetUse) -> [Param<'static>; 3] {
    [part_param(budget.customer.part()), Param::Id(budget.key.0), Param::Int(days(budget.day))]
}

/// Takes all budgets of a message, or none.
fn take_each(tx: &mut Tx<'_>, budgets: &[BudgetUse]) -> Result<bool, StoreError> {
    for (index, budget) in budgets.iter().enumerate() {
        if !take_budget(tx, budget)? {
            budgets[..index].iter().try_for_each(|taken| give_back_budget(tx, taken))?;
            return Ok(false);
        }
    }
    Ok(true)
}

/// Gives back a unit of a daily budget for a message that was surely not taken.
///
/// # Errors
/// What the database says.
pub fn give_back_budget(tx: &mut Tx<'_>, budget: &BudgetUse) -> Result<(), StoreError> {
    let sql =
        "update contact_count set n = n - 1 where part = ?1 and counter_key = ?2 and day = ?3 and n > 0";
    let params = [part_param(budget.customer.part()), Param::Id(budget.key.0), Param::Int(days(budget.day))];
    tx.execute(sql, &params)?;
    Ok(())
}

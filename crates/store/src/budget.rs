//! The budgets of persons and days: counters that never go beyond their caps, whoever counts at the same time.

use std::collections::HashMap;

use dunlin_domain::message::BudgetUse;

use crate::agreement::{days, part_param};
use crate::{Column, Conflict, Dialect, Param, Row, StoreError, Tx};

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
/// On PostgreSQL three statements for all of them: each row is made if it is not there, locked until the end of the
/// transaction, and written with what it stands at then. So a cap holds as it does with [`take_budget`].
///
/// # Errors
/// What the database says.
pub fn take_budgets(tx: &mut Tx<'_>, messages: &[&[BudgetUse]]) -> Result<Vec<bool>, StoreError> {
    if tx.dialect() == Dialect::Sqlite || messages.len() < 2 {
        return messages.iter().map(|budgets| take_each(tx, budgets)).collect();
    }
    let mut all: Vec<&BudgetUse> = messages.iter().flat_map(|budgets| budgets.iter()).collect();
    // In one order, so that two transactions seldom lock each other out.
    all.sort_unstable_by_key(|budget| counter_of(budget));
    let keys: Vec<Param<'_>> = all.iter().flat_map(|budget| counter_params(budget)).collect();
    let with_n = |n: i64| {
        let rows = all.iter().flat_map(|budget| counter_params(budget).into_iter().chain([Param::Int(n)]));
        rows.collect::<Vec<Param<'_>>>()
    };
    let columns: Vec<(&str, Column)> = COUNTER.into_iter().chain([("n", Column::Int)]).collect();
    tx.insert_rows("contact_count", &columns, Conflict::Ignore, &with_n(0))?;
    let select = "t.part, t.counter_key, t.day, t.n";
    let read = |row: &Row<'_>| Ok(((row.int(0), row.id16(1), row.int(2)), row.int(3)));
    let stand: HashMap<(i64, [u8; 16], i64), i64> =
        tx.query_keys_locked(select, "contact_count", &COUNTER, &keys, read)?.into_iter().collect();
    let stands_at = |budget: &BudgetUse| stand.get(&counter_of(budget)).copied().unwrap_or(i64::MAX);
    let has_room = |budget: &BudgetUse| stands_at(budget) < i64::from(budget.cap);
    let got: Vec<bool> = messages.iter().map(|budgets| budgets.iter().all(has_room)).collect();
    let mut taken: Vec<&BudgetUse> =
        messages.iter().zip(&got).filter(|(_, got)| **got).flat_map(|(budgets, _)| budgets.iter()).collect();
    taken.sort_unstable_by_key(|budget| counter_of(budget));
    let raised = |budget: &&BudgetUse| {
        counter_params(budget).into_iter().chain([Param::Int(stands_at(budget) + 1)]).collect::<Vec<_>>()
    };
    let values: Vec<Param<'_>> = taken.iter().flat_map(raised).collect();
    tx.update_rows("contact_count", &COUNTER, &[("n", Column::Int)], &values)?;
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

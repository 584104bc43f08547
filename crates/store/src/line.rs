//! Credit lines: where they stand, what moved them, and when the day's run looks at them.
//!
//! [`lock`] takes the row that puts all draws on one line in order; whoever decides about a line takes it first.
//! A transaction that also changes the agreement's row locks that before ([`crate::payment::lock_agreement`]), as the day does.

use std::collections::HashMap;

use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::id::{AgreementId, Part};
use dunlin_domain::line::state::{Life, LineCommand, LineState};
use dunlin_domain::money::Money;

use crate::agreement::{damaged, date_of, days, part_of, part_param};
use crate::{Column, Conflict, Param, Row, StoreError, Tx};

const PART: (&str, Column) = ("part", Column::Int);
const AGREEMENT: (&str, Column) = ("agreement_id", Column::Bytes);

/// Where a line stands, as it is stored: all but the limit, which is the agreement's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineRow {
    /// The part.
    pub part: Part,
    /// The agreement.
    pub agreement: AgreementId,
    /// Where it is in its life.
    pub life: Life,
    /// Whether it is frozen for overdue.
    pub is_frozen_overdue: bool,
    /// Whether it is frozen for risk.
    pub is_frozen_risk: bool,
    /// Whether the customer suspended it.
    pub is_suspended: bool,
    /// The most that was granted, minor units.
    pub granted_minor: i64,
    /// The due date of overdue debt that an actor excused.
    pub excused_due_on: Option<Date>,
    /// The first day on which nothing was overdue, while it is frozen.
    pub cured_on: Option<Date>,
    /// The first date on which the day's run looks at it.
    pub next_event_on: Option<Date>,
}

const LINE_SELECT: &str = "t.part, t.agreement_id, t.life, t.frozen_overdue, t.frozen_risk, t.suspended, \
    t.granted_minor, t.excused_due_on, t.cured_on, t.next_event_on";

fn read_line(row: &Row<'_>) -> Result<LineRow, StoreError> {
    let agreement = AgreementId(row.id16(1));
    let life = Life::parse(row.text(2))
        .ok_or_else(|| damaged(format!("line of {agreement}: life {:?} is unknown", row.text(2))))?;
    Ok(LineRow {
        part: part_of(row, 0)?,
        agreement,
        life,
        is_frozen_overdue: row.int(3) == 1,
        is_frozen_risk: row.int(4) == 1,
        is_suspended: row.int(5) == 1,
        granted_minor: row.int(6),
        excused_due_on: row.opt_int(7).map(date_of),
        cured_on: row.opt_int(8).map(date_of),
        next_event_on: row.opt_int(9).map(date_of),
    })
}

/// Locks the line until the transaction ends, and gives it as it stands. `new` is what a line without a row stands
/// as.
///
/// # Errors
/// What the database says.
pub fn lock(tx: &mut Tx<'_>, new: &LineRow) -> Result<LineRow, StoreError> {
    let sql = "insert into credit_line (part, agreement_id, revision, life, frozen_overdue, frozen_risk, suspended, \
        granted_minor, excused_due_on, cured_on, next_event_on) values (?1, ?2, 1, ?3, 0, 0, 0, ?4, ?5, ?5, ?5) \
        on conflict (part, agreement_id) do update set revision = credit_line.revision + 1";
    let (part, id) = (part_param(new.part), Param::Id(new.agreement.0));
    let params = [part, id, Param::Text(new.life.code()), Param::Int(new.granted_minor), Param::OptInt(None)];
    tx.execute(sql, &params)?;
    find(tx, new.part, new.agreement)?
        .ok_or_else(|| damaged(format!("the line of {} cannot be read back", new.agreement)))
}

/// The line, if anything was ever done with it.
///
/// # Errors
/// What the database says.
pub fn find(tx: &mut Tx<'_>, part: Part, agreement: AgreementId) -> Result<Option<LineRow>, StoreError> {
    let sql = format!("select {LINE_SELECT} from credit_line t where t.part = ?1 and t.agreement_id = ?2");
    tx.query_one(&sql, &[part_param(part), Param::Id(agreement.0)], read_line)
}

/// Writes where lines stand; each has a row.
///
/// # Errors
/// What the database says.
pub fn update(tx: &mut Tx<'_>, lines: &[LineRow]) -> Result<(), StoreError> {
    const SETS: [(&str, Column); 8] = [
        ("life", Column::Text),
        ("frozen_overdue", Column::Int),
        ("frozen_risk", Column::Int),
        ("suspended", Column::Int),
        ("granted_minor", Column::Int),
        ("excused_due_on", Column::Int),
        ("cured_on", Column::Int),
        ("next_event_on", Column::Int),
    ];
    let mut values = Vec::with_capacity(lines.len() * 10);
    for line in lines {
        values.extend([
            part_param(line.part),
            Param::Id(line.agreement.0),
            Param::Text(line.life.code()),
            Param::Int(i64::from(line.is_frozen_overdue)),
            Param::Int(i64::from(line.is_frozen_risk)),
            Param::Int(i64::from(line.is_suspended)),
            Param::Int(line.granted_minor),
            Param::OptInt(line.excused_due_on.map(days)),
            Param::OptInt(line.cured_on.map(days)),
            Param::OptInt(line.next_event_on.map(days)),
        ]);
    }
    let found = tx.update_rows("credit_line", &[PART, AGREEMENT], &SETS, &values)?;
    assert!(found == lines.len() as u64, "a line that is written was locked before");
    Ok(())
}

/// Has the day's run look at lines on `date`; those without a row get one as in `new`.
///
/// # Errors
/// What the database says.
pub fn wake(tx: &mut Tx<'_>, new: &[LineRow], date: Date) -> Result<(), StoreError> {
    const COLUMNS: [(&str, Column); 11] = [
        PART,
        AGREEMENT,
        ("revision", Column::Int),
        ("life", Column::Text),
        ("frozen_overdue", Column::Int),
        ("frozen_risk", Column::Int),
        ("suspended", Column::Int),
        ("granted_minor", Column::Int),
        ("excused_due_on", Column::Int),
        ("cured_on", Column::Int),
        ("next_event_on", Column::Int),
    ];
    let mut rows = Vec::with_capacity(new.len() * COLUMNS.len());
    let mut events = Vec::with_capacity(new.len() * 3);
    for line in new {
        let (part, id) = (part_param(line.part), Param::Id(line.agreement.0));
        rows.extend([part, id, Param::Int(0), Param::Text(line.life.code())]);
        rows.extend([Param::Int(0), Param::Int(0), Param::Int(0), Param::Int(line.granted_minor)]);
        rows.extend([Param::OptInt(None), Param::OptInt(None), Param::Int(days(date))]);
        events.extend([part, id, Param::Int(days(date))]);
    }
    tx.insert_rows("credit_line", &COLUMNS, Conflict::Ignore, &rows)?;
    tx.update_rows("credit_line", &[PART, AGREEMENT], &[("next_event_on", Column::Int)], &events)?;
    Ok(())
}

/// The parts of `first..=last` in which a line is due on `date`.
///
/// # Errors
/// What the database says.
pub fn parts_with_due(tx: &mut Tx<'_>, first: Part, last: Part, date: Date) -> Result<Vec<Part>, StoreError> {
    let sql = "select n.part from part_number n where n.part >= ?1 and n.part <= ?2 and exists \
        (select 1 from credit_line l where l.part = n.part and l.next_event_on <= ?3) order by n.part";
    tx.query(sql, &[part_param(first), part_param(last), Param::Int(days(date))], |row| part_of(row, 0))
}

/// Agreements of one part whose lines are due on `date`, in the order of their ids.
///
/// # Errors
/// What the database says.
pub fn due(
    tx: &mut Tx<'_>,
    part: Part,
    date: Date,
    count_max: usize,
) -> Result<Vec<(Part, AgreementId)>, StoreError> {
    let sql = "select l.agreement_id from credit_line l where l.part = ?1 and l.next_event_on <= ?2 \
        order by l.agreement_id limit ?3";
    let params = [part_param(part), Param::Int(days(date)), Param::Int(count_max as i64)];
    tx.query(sql, &params, |row| Ok((part, AgreementId(row.id16(0)))))
}

/// Lines by key, locked until the transaction ends.
///
/// # Errors
/// What the database says.
pub fn locked(tx: &mut Tx<'_>, keys: &[(Part, AgreementId)]) -> Result<Vec<LineRow>, StoreError> {
    let values = key_values(keys);
    tx.query_keys_locked(LINE_SELECT, "credit_line", &[PART, AGREEMENT], &values, read_line)
}

fn key_values(keys: &[(Part, AgreementId)]) -> Vec<Param<'static>> {
    keys.iter().flat_map(|(part, id)| [part_param(*part), Param::Id(id.0)]).collect()
}

/// A move of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineChange {
    /// The part.
    pub part: Part,
    /// The agreement.
    pub agreement: AgreementId,
    /// The moment, by the wall clock.
    pub changed_at: Timestamp,
    /// The business date.
    pub business_date: Date,
    /// Who did it; `day` for the day's run.
    pub actor: String,
    /// What moved it.
    pub command: LineCommand,
    /// What was shown of it before.
    pub state_before: LineState,
    /// What is shown of it after.
    pub state_after: LineState,
    /// The limit before, minor units.
    pub limit_before_minor: i64,
    /// The limit after.
    pub limit_after_minor: i64,
    /// Why.
    pub reason: String,
}

/// Adds moves to the histories of lines; the caller holds each line's lock, and a line comes once in a call.
///
/// # Errors
/// What the database says.
pub fn insert_changes(tx: &mut Tx<'_>, changes: &[LineChange]) -> Result<(), StoreError> {
    const COLUMNS: [(&str, Column); 12] = [
        PART,
        AGREEMENT,
        ("change_index", Column::Int),
        ("changed_at", Column::Int),
        ("business_date", Column::Int),
        ("actor", Column::Text),
        ("command", Column::Text),
        ("state_before", Column::Text),
        ("state_after", Column::Text),
        ("limit_before_minor", Column::Int),
        ("limit_after_minor", Column::Int),
        ("reason", Column::Text),
    ];
    let keys: Vec<_> = changes.iter().map(|change| (change.part, change.agreement)).collect();
    let mut next: HashMap<AgreementId, i64> = HashMap::new();
    let select = "t.agreement_id, t.change_index";
    tx.each_key(select, "line_change", &[PART, AGREEMENT], &key_values(&keys), |row| {
        let index = next.entry(AgreementId(row.id16(0))).or_default();
        *index = (*index).max(row.int(1) + 1);
        Ok(())
    })?;
    let mut values = Vec::with_capacity(changes.len() * COLUMNS.len());
    for change in changes {
        values.extend([
            part_param(change.part),
            Param::Id(change.agreement.0),
            Param::Int(next.get(&change.agreement).copied().unwrap_or(0)),
            Param::Int(change.changed_at.micros()),
            Param::Int(days(change.business_date)),
            Param::Text(&change.actor),
            Param::Text(change.command.code()),
            Param::Text(change.state_before.code()),
            Param::Text(change.state_after.code()),
            Param::Int(change.limit_before_minor),
            Param::Int(change.limit_after_minor),
            Param::Text(&change.reason),
        ]);
    }
    tx.insert_rows("line_change", &COLUMNS, Conflict::Fail, &values)?;
    Ok(())
}

/// The history of a line, oldest first.
///
/// # Errors
/// What the database says.
pub fn changes(tx: &mut Tx<'_>, part: Part, agreement: AgreementId) -> Result<Vec<LineChange>, StoreError> {
    let sql = "select changed_at, business_date, actor, command, state_before, state_after, limit_before_minor, \
        limit_after_minor, reason from line_change where part = ?1 and agreement_id = ?2 order by change_index";
    tx.query(sql, &[part_param(part), Param::Id(agreement.0)], |row| {
        let unknown = |what: &str| damaged(format!("history of the line of {agreement}: {what} is unknown"));
        let state = |index: usize| LineState::parse(row.text(index)).ok_or_else(|| unknown(row.text(index)));
        Ok(LineChange {
            part,
            agreement,
            changed_at: Timestamp::from_micros(row.int(0)),
            business_date: date_of(row.int(1)),
            actor: row.text(2).to_owned(),
            command: LineCommand::parse(row.text(3)).ok_or_else(|| unknown(row.text(3)))?,
            state_before: state(4)?,
            state_after: state(5)?,
            limit_before_minor: row.int(6),
            limit_after_minor: row.int(7),
            reason: row.text(8).to_owned(),
        })
    })
}

/// The limits of a line before and after a move that changed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitChange {
    /// The business date.
    pub business_date: Date,
    /// The limit before, minor units.
    pub before_minor: i64,
    /// The limit after.
    pub after_minor: i64,
}

/// The moves that changed limits, oldest first, of those agreements that have any.
///
/// # Errors
/// What the database says.
pub fn limit_changes(
    tx: &mut Tx<'_>,
    keys: &[(Part, AgreementId)],
) -> Result<HashMap<AgreementId, Vec<LimitChange>>, StoreError> {
    let mut found: HashMap<AgreementId, Vec<(i64, LimitChange)>> = HashMap::new();
    let select = "t.agreement_id, t.change_index, t.business_date, t.limit_before_minor, t.limit_after_minor";
    tx.each_key(select, "line_change", &[PART, AGREEMENT], &key_values(keys), |row| {
        let (before_minor, after_minor) = (row.int(3), row.int(4));
        if before_minor != after_minor {
            let change = LimitChange { business_date: date_of(row.int(2)), before_minor, after_minor };
            found.entry(AgreementId(row.id16(0))).or_default().push((row.int(1), change));
        }
        Ok(())
    })?;
    let in_order = |(agreement, mut changes): (AgreementId, Vec<(i64, LimitChange)>)| {
        changes.sort_by_key(|(index, _)| *index);
        (agreement, changes.into_iter().map(|(_, change)| change).collect())
    };
    Ok(found.into_iter().map(in_order).collect())
}

/// Sets the limit of an agreement whose row the caller has locked.
///
/// # Errors
/// What the database says.
pub fn set_limit(
    tx: &mut Tx<'_>,
    part: Part,
    agreement: AgreementId,
    limit: Money,
) -> Result<(), StoreError> {
    let sql = "update agreement set credit_limit_minor = ?3 where part = ?1 and agreement_id = ?2";
    tx.execute(sql, &[part_param(part), Param::Id(agreement.0), Param::Int(limit.minor())])?;
    Ok(())
}

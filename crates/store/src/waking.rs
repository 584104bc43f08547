//! When agreements are looked at next: earlier than planned, where something became known, or later.

use dunlin_domain::date::Date;
use dunlin_domain::id::{AgreementId, PART_COUNT, Part};

use crate::agreement::{days, part_param};
use crate::{Column, Param, StoreError, Tx};

const PART: (&str, Column) = ("part", Column::Int);
const AGREEMENT: (&str, Column) = ("agreement_id", Column::Bytes);

/// Has agreements looked at on `date` at the latest, and contact made at once when `must_redo`.
///
/// # Errors
/// What the database says.
pub fn wake(
    tx: &mut Tx<'_>,
    keys: &[(Part, AgreementId)],
    date: Date,
    must_refold: bool,
    must_redo: bool,
) -> Result<(), StoreError> {
    let sql = "update agreement set next_event_on = case when next_event_on < ?3 then next_event_on else ?3 end, \
        refold = case when ?4 = 1 then 1 else refold end, \
        redo_contact = case when ?5 = 1 then 1 else redo_contact end where part = ?1 and agreement_id = ?2";
    let (refold, redo) = (Param::Int(i64::from(must_refold)), Param::Int(i64::from(must_redo)));
    for (part, id) in keys {
        tx.execute(sql, &[part_param(*part), Param::Id(id.0), Param::Int(days(date)), refold, redo])?;
    }
    Ok(())
}

/// Has every agreement that is overdue looked at on `date` at the latest.
///
/// # Errors
/// What the database says.
pub fn wake_overdue(tx: &mut Tx<'_>, date: Date) -> Result<(), StoreError> {
    let sql = "update agreement set next_event_on = ?2 where part = ?1 and overdue_due_on is not null and next_event_on > ?2";
    let mut parts = (0..PART_COUNT).map(Part::new);
    parts.try_for_each(|part| tx.execute(sql, &[part_param(part), Param::Int(days(date))]).map(|_| ()))
}

/// Has agreements looked at on `date` and not before.
///
/// # Errors
/// What the database says.
pub fn put_off(tx: &mut Tx<'_>, keys: &[(Part, AgreementId)], date: Date) -> Result<(), StoreError> {
    let values: Vec<Param<'_>> = keys
        .iter()
        .flat_map(|(part, id)| [part_param(*part), Param::Id(id.0), Param::Int(days(date))])
        .collect();
    tx.update_rows("agreement", &[PART, AGREEMENT], &[("next_event_on", Column::Int)], &values)?;
    Ok(())
}

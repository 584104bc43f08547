//! Gentler modes as kept: asked for by one person, decided by another, ended by a date.

use std::collections::HashMap;

use dunlin_domain::date::{BusinessDate, Timestamp};
use dunlin_domain::gentle_mode::{GentleMode, ModeEffect};
use dunlin_domain::id::GentleModeId;
use dunlin_domain::pause::PauseState;
use dunlin_domain::reason::Reason;

use crate::agreement::{damaged, date_of, days};
use crate::{Param, StoreError, Tx};

/// All gentler modes, by their first day.
///
/// # Errors
/// What the database says; the same holds for every function here.
pub fn all(tx: &mut Tx<'_>) -> Result<Vec<GentleMode>, StoreError> {
    let sql = "select mode_id, reason, effect, products, buckets, segments, from_on, through_on, note, author, state, \
        decided_by, ended_on from gentle_mode where part = 0 order by from_on, mode_id";
    let names = |text: &str| text.split(';').filter(|name| !name.is_empty()).map(str::to_owned).collect();
    let unknown = |what: &str, code: &str| damaged(format!("{what} {code:?} of a gentler mode is unknown"));
    let day = |days: Option<i64>| days.map(|days| BusinessDate(date_of(days)));
    tx.query(sql, &[], |row| {
        Ok(GentleMode {
            id: GentleModeId(row.id16(0)),
            reason: Reason::parse(row.text(1)).ok_or_else(|| unknown("reason", row.text(1)))?,
            effect: ModeEffect::parse(row.text(2)).ok_or_else(|| unknown("effect", row.text(2)))?,
            products: names(row.text(3)),
            buckets: names(row.text(4)),
            segments: names(row.text(5)),
            from: BusinessDate(date_of(row.int(6))),
            through: day(row.opt_int(7)),
            note: row.text(8).to_owned(),
            author: row.text(9).to_owned(),
            state: PauseState::parse(row.text(10)).ok_or_else(|| unknown("state", row.text(10)))?,
            decided_by: row.opt_text(11).map(str::to_owned),
            ended_on: day(row.opt_int(12)),
        })
    })
}

/// When each gentler mode was agreed to; one that was not is left out.
///
/// # Errors
/// What the database says.
pub fn approvals(tx: &mut Tx<'_>) -> Result<HashMap<GentleModeId, Timestamp>, StoreError> {
    let sql = "select mode_id, decided_at from gentle_mode where part = 0 and decided_at is not null";
    let rows =
        tx.query(sql, &[], |row| Ok((GentleModeId(row.id16(0)), Timestamp::from_micros(row.int(1)))))?;
    Ok(rows.into_iter().collect())
}

/// Adds a mode; `false` when it is there already.
///
/// # Errors
/// What the database says.
pub fn insert(tx: &mut Tx<'_>, mode: &GentleMode, at: Timestamp) -> Result<bool, StoreError> {
    let sql = "insert into gentle_mode (part, mode_id, reason, effect, products, buckets, segments, from_on, through_on, \
        note, author, asked_at, state) values (0, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) \
        on conflict do nothing";
    let (products, buckets, segments) =
        (mode.products.join(";"), mode.buckets.join(";"), mode.segments.join(";"));
    let params = [
        Param::Id(mode.id.0),
        Param::Text(mode.reason.code()),
        Param::Text(mode.effect.code()),
        Param::Text(&products),
        Param::Text(&buckets),
        Param::Text(&segments),
        Param::Int(days(mode.from.0)),
        Param::OptInt(mode.through.map(|through| days(through.0))),
        Param::Text(&mode.note),
        Param::Text(&mode.author),
        Param::Int(at.micros()),
        Param::Text(mode.state.code()),
    ];
    Ok(tx.execute(sql, &params)? == 1)
}

/// Decides a mode that is pending; `false` when it is not pending any more.
///
/// # Errors
/// What the database says.
pub fn decide(
    tx: &mut Tx<'_>,
    mode: GentleModeId,
    state: PauseState,
    by: &str,
    at: Timestamp,
    note: &str,
) -> Result<bool, StoreError> {
    let sql = "update gentle_mode set state = ?2, decided_by = ?3, decided_at = ?4, decision_note = ?5 \
        where part = 0 and mode_id = ?1 and state = 'pending'";
    let params = [
        Param::Id(mode.0),
        Param::Text(state.code()),
        Param::Text(by),
        Param::Int(at.micros()),
        Param::Text(note),
    ];
    Ok(tx.execute(sql, &params)? == 1)
}

/// Ends a mode that is approved and was not ended yet; `false` when there is none.
///
/// # Errors
/// What the database says.
pub fn end(tx: &mut Tx<'_>, mode: GentleModeId, on: BusinessDate, by: &str) -> Result<bool, StoreError> {
    let sql = "update gentle_mode set ended_on = ?2, ended_by = ?3 \
        where part = 0 and mode_id = ?1 and state = 'approved' and ended_on is null";
    Ok(tx.execute(sql, &[Param::Id(mode.0), Param::Int(days(on.0)), Param::Text(by)])? == 1)
}

//! Business days, spans of parts, and the leases by which workers share them.
//!
//! A span is a run of parts that one worker holds at a time; its width is a setting of the database. A page's
//! transaction ends with [`hold`], which fails if the lease went to another worker meanwhile: a worker that
//! slept past its lease writes nothing.

use dunlin_domain::date::{BusinessDate, Date, Timestamp};
use dunlin_domain::id::{PART_COUNT, Part};

use crate::agreement::{damaged, date_of, days, part_of, part_param};
use crate::{Param, Row, StoreError, Tx};

/// A setting of the database.
///
/// # Errors
/// What the database says; the same holds for every function here.
pub fn setting(tx: &mut Tx<'_>, name: &str) -> Result<Option<String>, StoreError> {
    tx.query_one("select value from setting where part = 0 and name = ?1", &[Param::Text(name)], |row| {
        Ok(row.text(0).to_owned())
    })
}

/// Sets a setting.
///
/// # Errors
/// What the database says.
pub fn set_setting(tx: &mut Tx<'_>, name: &str, value: &str) -> Result<(), StoreError> {
    let sql = "insert into setting (part, name, value) values (0, ?1, ?2) \
        on conflict (part, name) do update set value = excluded.value";
    tx.execute(sql, &[Param::Text(name), Param::Text(value)])?;
    Ok(())
}

/// Sets a setting that has no value yet, and gives the value that it then has: of several programs that start
/// together all get that of the first.
///
/// # Errors
/// What the database says.
pub fn settle_setting(tx: &mut Tx<'_>, name: &str, value: &str) -> Result<String, StoreError> {
    let sql = "insert into setting (part, name, value) values (0, ?1, ?2) on conflict do nothing";
    tx.execute(sql, &[Param::Text(name), Param::Text(value)])?;
    setting(tx, name)?.ok_or_else(|| damaged(format!("setting {name} cannot be read back")))
}

/// A span of parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// First part; the span's name in the database.
    pub first: Part,
    /// Last part.
    pub last: Part,
}

/// All spans of `width` parts.
///
/// # Panics
/// When the width is not 1 to 1024.
#[must_use]
pub fn spans(width: u16) -> Vec<Span> {
    assert!((1..=PART_COUNT).contains(&width), "a span is 1 to 1024 parts wide");
    let firsts = (0..PART_COUNT).step_by(usize::from(width));
    let span = |first: u16| Span {
        first: Part::new(first),
        last: Part::new((first + width - 1).min(PART_COUNT - 1)),
    };
    firsts.map(span).collect()
}

/// A lease of a span; pages are written under its epoch.
#[derive(Clone, Copy, Debug)]
pub struct Lease {
    /// The span.
    pub span: Span,
    /// Counts the holders.
    pub epoch: i64,
}

/// Takes the lease of a span if nobody holds it at `now`.
///
/// # Errors
/// What the database says.
pub fn take_lease(
    tx: &mut Tx<'_>,
    span: Span,
    holder: &str,
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<Lease>, StoreError> {
    let first = part_param(span.first);
    let insert =
        "insert into work_lease (part, epoch, holder, until_at) values (?1, 0, '', 0) on conflict do nothing";
    tx.execute(insert, &[first])?;
    let claim = "update work_lease set epoch = epoch + 1, holder = ?2, until_at = ?3 \
        where part = ?1 and (until_at <= ?4 or holder = ?2)";
    let params = [first, Param::Text(holder), Param::Int(until.micros()), Param::Int(now.micros())];
    if tx.execute(claim, &params)? == 0 {
        return Ok(None);
    }
    let epoch =
        tx.query_one("select epoch from work_lease where part = ?1", &[first], |row| Ok(row.int(0)))?;
    Ok(epoch.map(|epoch| Lease { span, epoch }))
}

/// Who holds the lease of a span, if anybody.
///
/// # Errors
/// What the database says.
pub fn lease_holder(tx: &mut Tx<'_>, span: Span) -> Result<Option<String>, StoreError> {
    let sql = "select holder from work_lease where part = ?1";
    let holder = tx.query_one(sql, &[part_param(span.first)], |row| Ok(row.text(0).to_owned()))?;
    Ok(holder.filter(|holder| !holder.is_empty()))
}

/// Ends the lease of a holder that is known to be gone.
///
/// # Errors
/// What the database says.
pub fn release(tx: &mut Tx<'_>, span: Span, holder: &str) -> Result<(), StoreError> {
    let sql = "update work_lease set until_at = 0 where part = ?1 and holder = ?2";
    tx.execute(sql, &[part_param(span.first), Param::Text(holder)])?;
    Ok(())
}

/// Prolongs the lease; `false` when it went to another worker, and then the transaction must not commit.
///
/// # Errors
/// What the database says.
pub fn hold(tx: &mut Tx<'_>, lease: &Lease, until: Timestamp) -> Result<bool, StoreError> {
    let sql = "update work_lease set until_at = ?3 where part = ?1 and epoch = ?2";
    let params = [part_param(lease.span.first), Param::Int(lease.epoch), Param::Int(until.micros())];
    Ok(tx.execute(sql, &params)? == 1)
}

/// Gives the lease back.
///
/// # Errors
/// What the database says.
pub fn give_back(tx: &mut Tx<'_>, lease: &Lease) -> Result<(), StoreError> {
    let sql = "update work_lease set until_at = 0, holder = '' where part = ?1 and epoch = ?2";
    tx.execute(sql, &[part_param(lease.span.first), Param::Int(lease.epoch)])?;
    Ok(())
}

/// A business day that was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BusinessDay {
    /// The day.
    pub date: BusinessDate,
    /// The moment of its decisions, the same for all workers and repeats.
    pub decided_at: Timestamp,
    /// Whether it was run after it was over.
    pub is_late: bool,
}

/// Holds off every other beginning of a day until the transaction ends: days begin one after the other.
///
/// # Errors
/// What the database says.
pub fn lock_days(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let sql = "update setting set value = value where part = 0 and name = 'span_width'";
    match tx.execute(sql, &[])? {
        1 => Ok(()),
        _ => Err(damaged("setting span_width is gone".to_owned())),
    }
}

/// Begins a day that was not begun; under [`lock_days`].
///
/// # Errors
/// What the database says.
pub fn begin_day(tx: &mut Tx<'_>, day: BusinessDay) -> Result<(), StoreError> {
    let sql = "insert into business_day (part, business_date, decided_at, is_late) values (0, ?1, ?2, ?3)";
    let params = [
        Param::Int(days(day.date.0)),
        Param::Int(day.decided_at.micros()),
        Param::Int(i64::from(day.is_late)),
    ];
    tx.execute(sql, &params)?;
    Ok(())
}

/// A day that was begun.
///
/// # Errors
/// What the database says.
pub fn find_day(tx: &mut Tx<'_>, date: BusinessDate) -> Result<Option<BusinessDay>, StoreError> {
    let sql =
        "select business_date, decided_at, is_late from business_day where part = 0 and business_date = ?1";
    tx.query_one(sql, &[Param::Int(days(date.0))], |row| Ok(read_day(row)))
}

/// The first of the days directly before `date` that were run when they were over. Nothing where the day before was run in
/// time, or never.
///
/// # Errors
/// What the database says.
pub fn late_from(tx: &mut Tx<'_>, date: BusinessDate) -> Result<Option<Date>, StoreError> {
    let in_time = "select business_date from business_day \
        where part = 0 and business_date < ?1 and is_late = 0 order by business_date desc limit 1";
    let last = tx.query_one(in_time, &[Param::Int(days(date.0))], |row| Ok(date_of(row.int(0))))?;
    let first = match last {
        Some(last) => Some(last.plus_days(1)),
        None => day_range(tx)?.map(|(first, _)| first.0),
    };
    Ok(first.filter(|first| *first < date.0))
}

fn read_day(row: &Row<'_>) -> BusinessDay {
    BusinessDay {
        date: BusinessDate(date_of(row.int(0))),
        decided_at: Timestamp::from_micros(row.int(1)),
        is_late: row.int(2) == 1,
    }
}

/// The days through `last` that were begun, in order.
///
/// # Errors
/// What the database says.
pub fn days_through(tx: &mut Tx<'_>, last: BusinessDate) -> Result<Vec<BusinessDay>, StoreError> {
    let sql = "select business_date, decided_at, is_late from business_day \
        where part = 0 and business_date <= ?1 order by business_date";
    tx.query(sql, &[Param::Int(days(last.0))], |row| Ok(read_day(row)))
}

/// First and last day that were begun.
///
/// # Errors
/// What the database says.
pub fn day_range(tx: &mut Tx<'_>) -> Result<Option<(BusinessDate, BusinessDate)>, StoreError> {
    let sql = "select min(business_date), max(business_date) from business_day where part = 0";
    let range = tx.query_one(sql, &[], |row| Ok(row.opt_int(0).zip(row.opt_int(1))))?;
    Ok(range.flatten().map(|(first, last)| (BusinessDate(date_of(first)), BusinessDate(date_of(last)))))
}

/// What a span's day came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SpanCounts {
    /// Agreements looked at.
    pub agreements: i64,
    /// Verdicts given.
    pub verdicts: i64,
    /// Messages decided on, held ones included.
    pub messages: i64,
}

/// Adds a page's counts to those of the span's day, which stays open.
///
/// # Errors
/// What the database says.
pub fn add_counts(
    tx: &mut Tx<'_>,
    span: Span,
    date: BusinessDate,
    counts: SpanCounts,
) -> Result<(), StoreError> {
    let sql = "insert into span_day (part, business_date, closed_at, agreement_count, verdict_count, message_count) \
        values (?1, ?2, 0, ?3, ?4, ?5) on conflict (part, business_date) do update set \
        agreement_count = span_day.agreement_count + excluded.agreement_count, \
        verdict_count = span_day.verdict_count + excluded.verdict_count, \
        message_count = span_day.message_count + excluded.message_count";
    let params = [
        part_param(span.first),
        Param::Int(days(date.0)),
        Param::Int(counts.agreements),
        Param::Int(counts.verdicts),
        Param::Int(counts.messages),
    ];
    tx.execute(sql, &params)?;
    Ok(())
}

/// Closes a day for a span.
///
/// # Errors
/// What the database says.
pub fn close_span(tx: &mut Tx<'_>, span: Span, date: BusinessDate, at: Timestamp) -> Result<(), StoreError> {
    add_counts(tx, span, date, SpanCounts::default())?;
    let sql = "update span_day set closed_at = ?3 where part = ?1 and business_date = ?2 and closed_at = 0";
    tx.execute(sql, &[part_param(span.first), Param::Int(days(date.0)), Param::Int(at.micros())])?;
    Ok(())
}

/// First parts of the spans that have closed a day.
///
/// # Errors
/// What the database says.
pub fn closed_spans(tx: &mut Tx<'_>, date: BusinessDate) -> Result<Vec<Part>, StoreError> {
    let sql = "select s.part from part_number n join span_day s on s.part = n.part and s.business_date = ?1 \
        where s.closed_at > 0 order by s.part";
    tx.query(sql, &[Param::Int(days(date.0))], |row| part_of(row, 0))
}

/// What all spans' day came to.
///
/// # Errors
/// What the database says.
pub fn day_counts(tx: &mut Tx<'_>, date: BusinessDate) -> Result<SpanCounts, StoreError> {
    let sql = "select cast(coalesce(sum(s.agreement_count), 0) as bigint), \
        cast(coalesce(sum(s.verdict_count), 0) as bigint), cast(coalesce(sum(s.message_count), 0) as bigint) \
        from part_number n join span_day s on s.part = n.part and s.business_date = ?1";
    let counts = tx.query_one(sql, &[Param::Int(days(date.0))], |row| {
        Ok(SpanCounts { agreements: row.int(0), verdicts: row.int(1), messages: row.int(2) })
    })?;
    Ok(counts.unwrap_or_default())
}

/// The last day that every span of `width` parts has closed.
///
/// # Errors
/// What the database says.
pub fn last_closed_day(tx: &mut Tx<'_>, width: u16) -> Result<Option<BusinessDate>, StoreError> {
    let Some((first, last)) = day_range(tx)? else { return Ok(None) };
    if is_closed(tx, width, last)? {
        return Ok(Some(last));
    }
    // No day begins before the one before it is closed.
    Ok((last > first).then(|| BusinessDate(last.0.plus_days(-1))))
}

/// Whether every span of `width` parts has closed the day.
///
/// # Errors
/// What the database says.
pub fn is_closed(tx: &mut Tx<'_>, width: u16, date: BusinessDate) -> Result<bool, StoreError> {
    Ok(closed_spans(tx, date)?.len() == spans(width).len())
}

/// The date on which a fact or change learned now is looked at: the day after the last one begun. What is learned
/// after a day's decisions were begun is not decided on that day, whether it reached an agreement in time or not.
///
/// # Errors
/// What the database says.
pub fn open_date(tx: &mut Tx<'_>) -> Result<Option<Date>, StoreError> {
    Ok(day_range(tx)?.map(|(_, last)| last.0.plus_days(1)))
}

/// The moments at which the days of a range were decided.
///
/// # Errors
/// What the database says.
pub fn decision_moments(
    tx: &mut Tx<'_>,
    from: Date,
    through: Date,
) -> Result<std::collections::HashMap<Date, Timestamp>, StoreError> {
    let sql = "select business_date, decided_at from business_day \
        where part = 0 and business_date >= ?1 and business_date <= ?2";
    let moments = tx.query(sql, &[Param::Int(days(from)), Param::Int(days(through))], |row| {
        Ok((date_of(row.int(0)), Timestamp::from_micros(row.int(1))))
    })?;
    Ok(moments.into_iter().collect())
}

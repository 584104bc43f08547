//! Large changes of contact data that wait for a second person, and the counts of removals that an alarm watches.

use dunlin_domain::contact::ContactPointState;
use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::id::{ContactPointId, CustomerId};

use crate::agreement::{damaged, date_of, days, part_param};
use crate::{Column, Conflict, Param, Row, StoreError, Tx};

/// A change that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactRequest {
    /// Its id; that of the batch when it is carried out.
    pub id: [u8; 16],
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// By whom.
    pub author: String,
    /// Why.
    pub reason: String,
    /// Whom and what it touches.
    pub radius: BlastRadius,
    /// `pending`, `approved` or `rejected`.
    pub state: String,
    /// Who decided.
    pub decided_by: Option<String>,
}

/// Whom and what a change of contact data touches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BlastRadius {
    /// Contact points.
    pub points: u64,
    /// Of these, the ones that get another number or address; the others go out of use.
    pub overwritten: u64,
    /// Customers who are opted out of a channel.
    pub opted_out: u64,
    /// Customers whose opting out of a channel is taken back.
    pub opted_in: u64,
    /// Customers.
    pub customers: u64,
    /// Agreements of these customers.
    pub agreements: u64,
    /// Of these, the overdue ones.
    pub overdue: u64,
    /// Customers who would be left without any number or address in use.
    pub unreachable: u64,
    /// Share of all contact points in use, in millionths; of opt-outs that of all customers.
    pub share_millionths: u64,
}

fn count(number: u64) -> Param<'static> {
    Param::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

const POINT_COLUMNS: [(&str, Column); 4] = [
    ("part", Column::Int),
    ("request_id", Column::Bytes),
    ("customer_id", Column::Bytes),
    ("contact_point_id", Column::Bytes),
];

/// Adds a request with its points.
///
/// # Errors
/// What the database says; the same holds for every function here.
pub fn insert(
    tx: &mut Tx<'_>,
    request: &ContactRequest,
    points: &[(CustomerId, ContactPointId)],
) -> Result<(), StoreError> {
    let sql = "insert into contact_request (part, request_id, asked_at, author, reason, point_count, customer_count, \
        agreement_count, overdue_count, unreachable_count, share_millionths, state, overwritten_count, \
        opted_out_count, opted_in_count) values (0, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
    let radius = &request.radius;
    let params = [
        Param::Id(request.id),
        Param::Int(request.asked_at.micros()),
        Param::Text(&request.author),
        Param::Text(&request.reason),
        count(radius.points),
        count(radius.customers),
        count(radius.agreements),
        count(radius.overdue),
        count(radius.unreachable),
        count(radius.share_millionths),
        Param::Text(&request.state),
        count(radius.overwritten),
        count(radius.opted_out),
        count(radius.opted_in),
    ];
    tx.execute(sql, &params)?;
    let values: Vec<Param<'_>> = points
        .iter()
        .flat_map(|(customer, point)| {
            let id = Param::Id(request.id);
            [part_param(customer.part()), id, Param::Id(customer.0), Param::Id(point.0)]
        })
        .collect();
    tx.insert_rows("contact_request_point", &POINT_COLUMNS, Conflict::Ignore, &values)?;
    Ok(())
}

const COLUMNS: &str = "request_id, asked_at, author, reason, point_count, customer_count, agreement_count, overdue_count, \
    unreachable_count, share_millionths, state, decided_by, overwritten_count, opted_out_count, opted_in_count";

fn read(row: &Row<'_>) -> Result<ContactRequest, StoreError> {
    let count = |index: usize| {
        u64::try_from(row.int(index))
            .map_err(|_| damaged("a count of a contact request is negative".to_owned()))
    };
    Ok(ContactRequest {
        id: row.id16(0),
        asked_at: Timestamp::from_micros(row.int(1)),
        author: row.text(2).to_owned(),
        reason: row.text(3).to_owned(),
        radius: BlastRadius {
            points: count(4)?,
            overwritten: count(12)?,
            opted_out: count(13)?,
            opted_in: count(14)?,
            customers: count(5)?,
            agreements: count(6)?,
            overdue: count(7)?,
            unreachable: count(8)?,
            share_millionths: count(9)?,
        },
        state: row.text(10).to_owned(),
        decided_by: row.opt_text(11).map(str::to_owned),
    })
}

/// A request.
///
/// # Errors
/// What the database says.
pub fn find(tx: &mut Tx<'_>, id: [u8; 16]) -> Result<Option<ContactRequest>, StoreError> {
    let sql = format!("select {COLUMNS} from contact_request where part = 0 and request_id = ?1");
    tx.query_one(&sql, &[Param::Id(id)], read)
}

/// All requests, oldest first.
///
/// # Errors
/// What the database says.
pub fn all(tx: &mut Tx<'_>) -> Result<Vec<ContactRequest>, StoreError> {
    let sql = format!("select {COLUMNS} from contact_request where part = 0 order by asked_at, request_id");
    tx.query(&sql, &[], read)
}

/// The contact points of a request, over all parts.
///
/// # Errors
/// What the database says.
pub fn points(tx: &mut Tx<'_>, id: [u8; 16]) -> Result<Vec<(CustomerId, ContactPointId)>, StoreError> {
    let sql = "select p.customer_id, p.contact_point_id from part_number n \
        join contact_request_point p on p.part = n.part and p.request_id = ?1 \
        order by p.part, p.customer_id, p.contact_point_id";
    tx.query(sql, &[Param::Id(id)], |row| Ok((CustomerId(row.id16(0)), ContactPointId(row.id16(1)))))
}

/// Decides a request that is pending; `false` when it is not pending any more.
///
/// # Errors
/// What the database says.
pub fn decide(
    tx: &mut Tx<'_>,
    id: [u8; 16],
    state: &str,
    by: &str,
    at: Timestamp,
    note: &str,
) -> Result<bool, StoreError> {
    let sql = "update contact_request set state = ?2, decided_by = ?3, decided_at = ?4, note = ?5 \
        where part = 0 and request_id = ?1 and state = 'pending'";
    let params =
        [Param::Id(id), Param::Text(state), Param::Text(by), Param::Int(at.micros()), Param::Text(note)];
    Ok(tx.execute(sql, &params)? == 1)
}

/// How many contact points are in use, over all parts.
///
/// # Errors
/// What the database says.
pub fn count_in_use(tx: &mut Tx<'_>) -> Result<i64, StoreError> {
    let sql = "select count(*) from part_number n join contact_point c on c.part = n.part where c.state = ?1";
    let state = Param::Text(ContactPointState::Active.code());
    Ok(tx.query_one(sql, &[state], |row| Ok(row.int(0)))?.unwrap_or(0))
}

/// Counts a removal of a customer's contact point that was in use.
///
/// # Errors
/// What the database says.
pub(crate) fn count_removal(tx: &mut Tx<'_>, customer: CustomerId, date: Date) -> Result<(), StoreError> {
    let sql = "insert into contact_removal (part, business_date, n) values (?1, ?2, 1) \
        on conflict (part, business_date) do update set n = contact_removal.n + 1";
    tx.execute(sql, &[part_param(customer.part()), Param::Int(days(date))])?;
    Ok(())
}

/// How many were removed from `from` through `through`, over all parts.
///
/// # Errors
/// What the database says.
pub fn removed_between(tx: &mut Tx<'_>, from: Date, through: Date) -> Result<i64, StoreError> {
    let sql = "select cast(coalesce(sum(r.n), 0) as BIGINT) from part_number n join contact_removal r on r.part = n.part \
        where r.business_date >= ?1 and r.business_date <= ?2";
    let params = [Param::Int(days(from)), Param::Int(days(through))];
    Ok(tx.query_one(sql, &params, |row| Ok(row.int(0)))?.unwrap_or(0))
}

/// Counts a contact point of a customer who was known before that was `added` or `overwritten`.
///
/// # Errors
/// What the database says.
pub fn count_change(tx: &mut Tx<'_>, customer: CustomerId, date: Date, kind: &str) -> Result<(), StoreError> {
    let sql = "insert into contact_change_count (part, business_date, kind, n) values (?1, ?2, ?3, 1) \
        on conflict (part, business_date, kind) do update set n = contact_change_count.n + 1";
    tx.execute(sql, &[part_param(customer.part()), Param::Int(days(date)), Param::Text(kind)])?;
    Ok(())
}

/// How many were `added` or `overwritten` from `from` through `through`, over all parts.
///
/// # Errors
/// What the database says.
pub fn changed_between(tx: &mut Tx<'_>, kind: &str, from: Date, through: Date) -> Result<i64, StoreError> {
    let sql = "select cast(coalesce(sum(c.n), 0) as BIGINT) from part_number n \
        join contact_change_count c on c.part = n.part \
        where c.business_date >= ?1 and c.business_date <= ?2 and c.kind = ?3";
    let params = [Param::Int(days(from)), Param::Int(days(through)), Param::Text(kind)];
    Ok(tx.query_one(sql, &params, |row| Ok(row.int(0)))?.unwrap_or(0))
}

/// A day on which more was removed than is usual.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactAlarm {
    /// The day.
    pub date: Date,
    /// Contact points removed on it so far.
    pub removed: i64,
    /// Contact points removed in the 28 days before.
    pub removed_before: i64,
    /// When the alarm opened.
    pub opened_at: Timestamp,
    /// When somebody closed it.
    pub closed_at: Option<Timestamp>,
    /// Who.
    pub closed_by: Option<String>,
    /// What they found.
    pub note: Option<String>,
}

/// Opens an alarm, or brings the counts of an open one up; one that was closed opens again when more is removed.
///
/// # Errors
/// What the database says.
pub fn raise_alarm(tx: &mut Tx<'_>, alarm: &ContactAlarm) -> Result<(), StoreError> {
    let sql = "insert into contact_alarm (part, business_date, removed, removed_before, opened_at) \
        values (0, ?1, ?2, ?3, ?4) on conflict (part, business_date) do update set removed = excluded.removed, \
        closed_at = case when contact_alarm.removed < excluded.removed then null else contact_alarm.closed_at end";
    let params = [
        Param::Int(days(alarm.date)),
        Param::Int(alarm.removed),
        Param::Int(alarm.removed_before),
        Param::Int(alarm.opened_at.micros()),
    ];
    tx.execute(sql, &params)?;
    Ok(())
}

/// All alarms, by day.
///
/// # Errors
/// What the database says.
pub fn alarms(tx: &mut Tx<'_>) -> Result<Vec<ContactAlarm>, StoreError> {
    let sql = "select business_date, removed, removed_before, opened_at, closed_at, closed_by, note \
        from contact_alarm where part = 0 order by business_date";
    tx.query(sql, &[], |row| {
        Ok(ContactAlarm {
            date: date_of(row.int(0)),
            removed: row.int(1),
            removed_before: row.int(2),
            opened_at: Timestamp::from_micros(row.int(3)),
            closed_at: row.opt_int(4).map(Timestamp::from_micros),
            closed_by: row.opt_text(5).map(str::to_owned),
            note: row.opt_text(6).map(str::to_owned),
        })
    })
}

/// Closes an open alarm; `false` when there is none on that day.
///
/// # Errors
/// What the database says.
pub fn close_alarm(
    tx: &mut Tx<'_>,
    date: Date,
    by: &str,
    at: Timestamp,
    note: &str,
) -> Result<bool, StoreError> {
    let sql = "update contact_alarm set closed_at = ?2, closed_by = ?3, note = ?4 \
        where part = 0 and business_date = ?1 and closed_at is null";
    let params = [Param::Int(days(date)), Param::Int(at.micros()), Param::Text(by), Param::Text(note)];
    Ok(tx.execute(sql, &params)? == 1)
}

//! What was changed of contact points: each change, and batches that are undone as one. Nothing is ever taken back from here.

use dunlin_domain::contact::{ContactPointState, Personal, PointSource};
use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::id::{ContactPointId, CustomerId};

use crate::agreement::{damaged, date_of, days, part_param};
use crate::cipher::MasterKey;
use crate::customer::{ContactPointRow, keys_of, normalised, state_of, value_cell};
use crate::{Param, Row, StoreError, Tx};

/// A change of a contact point; the row as it was before is kept beside it for ever.
pub struct PointChange<'a> {
    /// Whose it is.
    pub customer: CustomerId,
    /// The contact point.
    pub point: ContactPointId,
    /// When.
    pub at: Timestamp,
    /// The business date.
    pub business_date: Date,
    /// Who.
    pub actor: &'a str,
    /// The batch, if many were changed at once.
    pub batch: Option<[u8; 16]>,
    /// The state from now on.
    pub state: ContactPointState,
    /// A new number or address with the hash of the row that gave it, if that changed.
    pub corrected: Option<&'a (ContactPointRow, [u8; 16])>,
    /// Why.
    pub reason: &'a str,
    /// What the change came from.
    pub source: PointSource,
    /// Where exactly: file and line, provider, batch; may be empty.
    pub place: &'a str,
}

/// Changes a contact point and keeps what it was. Returns the state before.
///
/// # Errors
/// What the database or the cipher says; [`StoreError::Data`] if there is no such contact point.
pub fn change_point(
    tx: &mut Tx<'_>,
    master: &MasterKey,
    change: &PointChange<'_>,
) -> Result<ContactPointState, StoreError> {
    let key = [part_param(change.customer.part()), Param::Id(change.customer.0), Param::Id(change.point.0)];
    let before = tx.query_one(
        "select state, value_sealed from contact_point where part = ?1 and customer_id = ?2 and contact_point_id = ?3",
        &key,
        |row| Ok((state_of(row, 0)?, row.bytes(1).to_vec())),
    )?;
    let (state_before, sealed_before) =
        before.ok_or_else(|| damaged(format!("contact point {} does not exist", change.point)))?;
    let index = tx.query_one(
        "select coalesce(max(change_index) + 1, 0) from contact_point_change \
         where part = ?1 and customer_id = ?2 and contact_point_id = ?3",
        &key,
        |row| Ok(row.int(0)),
    )?;
    let kept = change.corrected.map(|_| sealed_before.as_slice());
    let insert = "insert into contact_point_change (part, customer_id, contact_point_id, change_index, changed_at, \
        business_date, actor, batch_id, state_before, state_after, value_before_sealed, reason, \
        source, place) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
    let params = [
        key[0],
        key[1],
        key[2],
        Param::Int(index.unwrap_or(0)),
        Param::Int(change.at.micros()),
        Param::Int(days(change.business_date)),
        Param::Text(change.actor),
        Param::OptId(change.batch),
        Param::Text(state_before.code()),
        Param::Text(change.state.code()),
        Param::OptBytes(kept),
        Param::Text(change.reason),
        Param::Text(change.source.code()),
        Param::Text(change.place),
    ];
    tx.execute(insert, &params)?;
    if state_before == ContactPointState::Active && change.state == ContactPointState::Removed {
        crate::contact_request::count_removal(tx, change.customer, change.business_date)?;
    }
    let update =
        "update contact_point set state = ?4 where part = ?1 and customer_id = ?2 and contact_point_id = ?3";
    tx.execute(update, &[key[0], key[1], key[2], Param::Text(change.state.code())])?;
    if let Some((point, content_hash)) = change.corrected {
        let keys = keys_of(tx, master, &[change.customer])?;
        let Some(own_key) = keys.get(&change.customer) else { return Ok(state_before) };
        let value = own_key.encrypt(&value_cell(&point.id), &point.value);
        let lookup = master.lookup_hash(point.kind.code(), &normalised(&point.value));
        let update = "update contact_point set kind = ?4, party = ?5, priority = ?6, value_sealed = ?7, lookup = ?8, \
            content_hash = ?9, imported_at = ?10 \
            where part = ?1 and customer_id = ?2 and contact_point_id = ?3";
        let params = [
            key[0],
            key[1],
            key[2],
            Param::Text(point.kind.code()),
            Param::Text(point.party.code()),
            Param::Int(point.priority),
            Param::Bytes(&value),
            Param::Id(lookup),
            Param::Id(*content_hash),
            Param::Int(change.at.micros()),
        ];
        tx.execute(update, &params)?;
    }
    Ok(state_before)
}

/// One change of a contact point, as kept.
#[derive(Clone, Debug)]
pub struct PointChangeRow {
    /// The contact point.
    pub point: ContactPointId,
    /// Whose it is.
    pub customer: CustomerId,
    /// When.
    pub at: Timestamp,
    /// The business date.
    pub business_date: Date,
    /// Who.
    pub actor: String,
    /// The state before.
    pub before: ContactPointState,
    /// The state after.
    pub after: ContactPointState,
    /// Why.
    pub reason: String,
    /// What it came from.
    pub source: PointSource,
    /// Where exactly; may be empty.
    pub place: String,
    /// The number or address before, sealed, where that changed.
    pub(crate) value_before_sealed: Option<Vec<u8>>,
    /// Its place among the changes of the contact point.
    pub(crate) change_index: i64,
}

fn read_change(row: &Row<'_>) -> Result<PointChangeRow, StoreError> {
    Ok(PointChangeRow {
        customer: CustomerId(row.id16(0)),
        point: ContactPointId(row.id16(1)),
        at: Timestamp::from_micros(row.int(2)),
        business_date: date_of(row.int(3)),
        actor: row.text(4).to_owned(),
        before: state_of(row, 5)?,
        after: state_of(row, 6)?,
        reason: row.text(7).to_owned(),
        source: PointSource::parse(row.text(8))
            .ok_or_else(|| damaged(format!("source {:?} of a contact point is unknown", row.text(8))))?,
        place: row.text(9).to_owned(),
        value_before_sealed: row.opt_bytes(10).map(<[u8]>::to_vec),
        change_index: row.int(11),
    })
}

const CHANGE_COLUMNS: &str = "customer_id, contact_point_id, changed_at, business_date, actor, state_before, state_after, reason, source, place, \
     value_before_sealed, change_index";

/// The history of a customer's contact points, oldest first.
///
/// # Errors
/// What the database says.
pub fn point_changes(tx: &mut Tx<'_>, customer: CustomerId) -> Result<Vec<PointChangeRow>, StoreError> {
    let sql = format!(
        "select {CHANGE_COLUMNS} from contact_point_change where part = ?1 and customer_id = ?2 \
         order by changed_at, contact_point_id, change_index"
    );
    tx.query(&sql, &[part_param(customer.part()), Param::Id(customer.0)], read_change)
}

/// What the undoing of a batch brings back of one contact point.
#[derive(Clone, Debug)]
pub struct PointUndo {
    /// Whose it is.
    pub customer: CustomerId,
    /// The contact point.
    pub point: ContactPointId,
    /// The state before.
    pub before: ContactPointState,
    /// The value before, where the batch overwrote it and nothing did since.
    pub value_before: Option<Personal>,
}

/// What the undoing of a batch brings back, over all parts.
///
/// # Errors
/// What the database or the cipher says.
pub fn batch_undo(
    tx: &mut Tx<'_>,
    master: &MasterKey,
    batch: [u8; 16],
) -> Result<Vec<PointUndo>, StoreError> {
    let sql = format!(
        "select {CHANGE_COLUMNS} from part_number n join contact_point_change c on c.part = n.part \
         where c.batch_id = ?1 order by c.part, customer_id, contact_point_id"
    );
    let changes = tx.query(&sql, &[Param::Id(batch)], read_change)?;
    let owners: Vec<CustomerId> = changes.iter().map(|change| change.customer).collect();
    let keys = keys_of(tx, master, &owners)?;
    let last = "select max(change_index) from contact_point_change where part = ?1 and customer_id = ?2 \
        and contact_point_id = ?3 and value_before_sealed is not null";
    let mut undone = Vec::with_capacity(changes.len());
    for change in changes {
        let PointChangeRow { customer, point, before, .. } = change;
        let value_before = match (&change.value_before_sealed, keys.get(&customer)) {
            (Some(sealed), Some(key)) => {
                let params = [part_param(customer.part()), Param::Id(customer.0), Param::Id(point.0)];
                let is_last = tx.query_one(last, &params, |row| Ok(row.opt_int(0)))?.flatten()
                    == Some(change.change_index);
                let open = || key.decrypt(&value_cell(&point), sealed).map_err(StoreError::Cipher);
                if is_last { Some(open()?) } else { None }
            }
            (Some(_), None) | (None, _) => None,
        };
        undone.push(PointUndo { customer, point, before, value_before });
    }
    Ok(undone)
}

/// What the last change of a contact point came from; none where it was never changed.
///
/// # Errors
/// What the database says.
pub fn last_source(
    tx: &mut Tx<'_>,
    customer: CustomerId,
    point: ContactPointId,
) -> Result<Option<PointSource>, StoreError> {
    let sql = "select source from contact_point_change where part = ?1 and customer_id = ?2 and contact_point_id = ?3 \
        order by change_index desc limit 1";
    let params = [part_param(customer.part()), Param::Id(customer.0), Param::Id(point.0)];
    Ok(tx.query_one(sql, &params, |row| Ok(PointSource::parse(row.text(0))))?.flatten())
}

/// Notes a batch of changes, so that it can be undone as one; or that it goes on with more of them.
///
/// # Errors
/// What the database says.
pub fn note_batch(
    tx: &mut Tx<'_>,
    batch: [u8; 16],
    at: Timestamp,
    business_date: Date,
    actor: &str,
    reason: &str,
    point_count: usize,
) -> Result<(), StoreError> {
    let sql = "insert into contact_batch (part, batch_id, made_at, business_date, actor, reason, point_count) \
        values (0, ?1, ?2, ?3, ?4, ?5, ?6) \
        on conflict (part, batch_id) do update set point_count = contact_batch.point_count + excluded.point_count";
    let params = [
        Param::Id(batch),
        Param::Int(at.micros()),
        Param::Int(days(business_date)),
        Param::Text(actor),
        Param::Text(reason),
        Param::Int(point_count as i64),
    ];
    tx.execute(sql, &params)?;
    Ok(())
}

/// The state that a contact point is in; `None` for one that does not exist.
///
/// # Errors
/// What the database says.
pub fn state_of_point(
    tx: &mut Tx<'_>,
    customer: CustomerId,
    point: ContactPointId,
) -> Result<Option<ContactPointState>, StoreError> {
    let sql =
        "select state from contact_point where part = ?1 and customer_id = ?2 and contact_point_id = ?3";
    let params = [part_param(customer.part()), Param::Id(customer.0), Param::Id(point.0)];
    tx.query_one(sql, &params, |row| state_of(row, 0))
}

/// When a batch was undone; the outer `None` when there is no such batch.
///
/// # Errors
/// What the database says.
pub fn batch_undone_at(tx: &mut Tx<'_>, batch: [u8; 16]) -> Result<Option<Option<Timestamp>>, StoreError> {
    let sql = "select undone_at from contact_batch where part = 0 and batch_id = ?1";
    tx.query_one(sql, &[Param::Id(batch)], |row| Ok(row.opt_int(0).map(Timestamp::from_micros)))
}

/// Contact points that were taken out together.
#[derive(Clone, Debug)]
pub struct ContactBatch {
    /// Its id.
    pub id: [u8; 16],
    /// When it was carried out.
    pub at: Timestamp,
    /// Who asked for it.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// How many contact points.
    pub points: u64,
    /// When it was undone, if it was.
    pub undone_at: Option<Timestamp>,
}

/// All batches, oldest first.
///
/// # Errors
/// What the database says.
pub fn batches(tx: &mut Tx<'_>) -> Result<Vec<ContactBatch>, StoreError> {
    let sql = "select batch_id, made_at, actor, reason, point_count, undone_at from contact_batch where part = 0 \
        order by made_at, batch_id";
    tx.query(sql, &[], |row| {
        Ok(ContactBatch {
            id: row.id16(0),
            at: Timestamp::from_micros(row.int(1)),
            actor: row.text(2).to_owned(),
            reason: row.text(3).to_owned(),
            points: u64::try_from(row.int(4)).unwrap_or(0),
            undone_at: row.opt_int(5).map(Timestamp::from_micros),
        })
    })
}

/// Who changed how many contact points alone on a business date: batches that were not undone, and for which no second
/// person was asked.
///
/// # Errors
/// What the database says.
pub fn alone_on(tx: &mut Tx<'_>, date: Date) -> Result<Vec<(String, u64)>, StoreError> {
    let sql = "select b.actor, b.point_count from contact_batch b where b.part = 0 and b.business_date = ?1 \
        and b.undone_at is null and not exists (select 1 from contact_request r where r.part = b.part \
        and r.request_id = b.batch_id) order by b.made_at, b.batch_id";
    tx.query(sql, &[Param::Int(days(date))], |row| {
        Ok((row.text(0).to_owned(), u64::try_from(row.int(1)).unwrap_or(0)))
    })
}

/// Marks a batch as undone.
///
/// # Errors
/// What the database says.
pub fn mark_batch_undone(tx: &mut Tx<'_>, batch: [u8; 16], at: Timestamp) -> Result<(), StoreError> {
    let sql = "update contact_batch set undone_at = ?2 where part = 0 and batch_id = ?1";
    tx.execute(sql, &[Param::Id(batch), Param::Int(at.micros())])?;
    Ok(())
}

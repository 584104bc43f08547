//! Which customers are one person. Rows are inserted, and ended once; nothing that a customer has moves.

use std::collections::HashMap;

pub use dunlin_domain::contact::MergeKind;
use dunlin_domain::contact::{ContactPointKind, ContactPointState};
use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::id::{ContactPointId, CustomerId};
use dunlin_domain::message::Counter;

use crate::agreement::{damaged, date_of, days, part_param};
use crate::customer::customer_keys;
use crate::{Column, Param, Row, StoreError, Tx};

const PERSON_KEY: [(&str, Column); 2] = [("part", Column::Int), ("person_id", Column::Bytes)];
const CUSTOMER_KEY: [(&str, Column); 2] = [("part", Column::Int), ("customer_id", Column::Bytes)];

/// A person whom several customers are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The customer under whose id the person's contacts are counted.
    pub id: CustomerId,
    /// All customers who are this person, that one first.
    pub members: Vec<CustomerId>,
    /// Since when, the last to come.
    pub since: Timestamp,
}

/// Who the customers among `ids` are that share a person with others; who does not is left out.
///
/// # Errors
/// What the database says; the same holds for every function here.
pub fn of_customers(tx: &mut Tx<'_>, ids: &[CustomerId]) -> Result<HashMap<CustomerId, Person>, StoreError> {
    let of_member = heads(tx, ids)?;
    let mut heads: Vec<CustomerId> = ids.iter().copied().chain(of_member.values().copied()).collect();
    heads.sort_unstable();
    heads.dedup();
    let mut persons: HashMap<CustomerId, Person> = HashMap::new();
    let select = "t.person_id, t.customer_id, t.merged_at, t.ended_at";
    tx.each_key(select, "customer_member", &PERSON_KEY, &customer_keys(&heads), |row| {
        if row.opt_int(3).is_none() {
            let (head, member) = (CustomerId(row.id16(0)), CustomerId(row.id16(1)));
            let since = Timestamp::from_micros(row.int(2));
            let person = persons.entry(head).or_insert(Person { id: head, members: vec![head], since });
            person.members.push(member);
            person.since = person.since.max(since);
        }
        Ok(())
    })?;
    for person in persons.values_mut() {
        person.members[1..].sort_unstable();
    }
    let found = ids.iter().filter_map(|id| {
        let head = of_member.get(id).unwrap_or(id);
        persons.get(head).map(|person| (*id, person.clone()))
    });
    Ok(found.collect())
}

/// Under whose id customers are counted who are another one.
///
/// # Errors
/// What the database says.
pub fn heads(tx: &mut Tx<'_>, ids: &[CustomerId]) -> Result<HashMap<CustomerId, CustomerId>, StoreError> {
    let mut found = HashMap::new();
    let select = "t.customer_id, t.person_id, t.ended_at";
    tx.each_key(select, "customer_merge", &CUSTOMER_KEY, &customer_keys(ids), |row| {
        if row.opt_int(2).is_none() {
            found.insert(CustomerId(row.id16(0)), CustomerId(row.id16(1)));
        }
        Ok(())
    })?;
    Ok(found)
}

/// Under whose id a customer's contacts are counted: their own, or that of the customer whom they are.
///
/// # Errors
/// What the database says.
pub fn counted_as(tx: &mut Tx<'_>, customer: CustomerId) -> Result<CustomerId, StoreError> {
    Ok(heads(tx, &[customer])?.remove(&customer).unwrap_or(customer))
}

/// The other customers who were the same person as `customer` on a business date, each with the first day.
///
/// # Errors
/// What the database says.
pub fn others_on(
    tx: &mut Tx<'_>,
    customer: CustomerId,
    on: Date,
) -> Result<Vec<(CustomerId, Date)>, StoreError> {
    let sql = "select person_id, from_on from customer_merge where part = ?1 and customer_id = ?2 and from_on <= ?3 \
        and (ended_on is null or ended_on > ?3)";
    let read = |row: &Row<'_>| Ok((CustomerId(row.id16(0)), date_of(row.int(1))));
    let on = Param::Int(days(on));
    let own = tx.query_one(sql, &[part_param(customer.part()), Param::Id(customer.0), on], read)?;
    let head = own.map_or(customer, |(head, _)| head);
    let sql = "select customer_id, from_on from customer_member where part = ?1 and person_id = ?2 and from_on <= ?3 \
        and (ended_on is null or ended_on > ?3) order by customer_id";
    let members = tx.query(sql, &[part_param(head.part()), Param::Id(head.0), on], read)?;
    let since = |from: Date| own.map_or(from, |(_, own)| own.max(from));
    let members = members.into_iter().filter(|(member, _)| *member != customer);
    Ok(own.into_iter().chain(members.map(|(member, from)| (member, since(from)))).collect())
}

/// Notes that `customer` is the person that `person` is.
///
/// # Errors
/// What the database says.
pub fn merge(
    tx: &mut Tx<'_>,
    merge: [u8; 16],
    customer: CustomerId,
    person: CustomerId,
    (from_on, at): (Date, Timestamp),
) -> Result<(), StoreError> {
    let (id, at, on) = (Param::Id(merge), Param::Int(at.micros()), Param::Int(days(from_on)));
    let (own, other) = (Param::Id(customer.0), Param::Id(person.0));
    let sql = "insert into customer_merge (part, customer_id, merge_id, person_id, merged_at, from_on) \
        values (?1, ?2, ?3, ?4, ?5, ?6)";
    tx.execute(sql, &[part_param(customer.part()), own, id, other, at, on])?;
    let sql = "insert into customer_member (part, person_id, customer_id, merge_id, merged_at, from_on) \
        values (?1, ?2, ?3, ?4, ?5, ?6)";
    tx.execute(sql, &[part_param(person.part()), other, own, id, at, on])?;
    Ok(())
}

/// Ends that `customer` is the person that `person` is; `false` when it was not.
///
/// # Errors
/// What the database says.
pub fn split(
    tx: &mut Tx<'_>,
    customer: CustomerId,
    person: CustomerId,
    (ended_on, at): (Date, Timestamp),
) -> Result<bool, StoreError> {
    let (at, on) = (Param::Int(at.micros()), Param::Int(days(ended_on)));
    let (own, other) = (Param::Id(customer.0), Param::Id(person.0));
    let sql = "update customer_merge set ended_at = ?4, ended_on = ?5 where part = ?1 and customer_id = ?2 and person_id = ?3 \
        and ended_at is null";
    let ended = tx.execute(sql, &[part_param(customer.part()), own, other, at, on])?;
    let sql = "update customer_member set ended_at = ?4, ended_on = ?5 where part = ?1 and person_id = ?2 and customer_id = ?3 \
        and ended_at is null";
    tx.execute(sql, &[part_param(person.part()), other, own, at, on])?;
    Ok(ended == 1)
}

/// Adds what was counted of `from` on a day to what is counted of `to`, so that the day's caps hold over both.
///
/// # Errors
/// What the database says.
pub fn carry_counts(
    tx: &mut Tx<'_>,
    from: CustomerId,
    to: CustomerId,
    points: &[ContactPointId],
    day: Date,
) -> Result<(), StoreError> {
    let any = ContactPointId([0; 16]);
    for counter in Counter::ALL {
        let points = if *counter == Counter::VoiceUnanswered { points } else { &[any][..] };
        for point in points {
            let counted = crate::call::count_of(tx, from, counter.key(from, *point), day)?;
            if counted > 0 {
                crate::call::add_count(tx, to, counter.key(to, *point), day, counted)?;
            }
        }
    }
    Ok(())
}

/// A merge or split that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MergeRequest {
    /// Its id.
    pub id: [u8; 16],
    /// What is asked for.
    pub kind: MergeKind,
    /// The customer that is another one.
    pub customer: CustomerId,
    /// The customer that it is.
    pub person: CustomerId,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// By whom.
    pub author: String,
    /// Why.
    pub reason: String,
    /// `pending`, `approved` or `rejected`.
    pub state: String,
    /// Who decided.
    pub decided_by: Option<String>,
}

/// Adds a request; `false` if it is there already.
///
/// # Errors
/// What the database says.
pub fn ask(tx: &mut Tx<'_>, request: &MergeRequest) -> Result<bool, StoreError> {
    let sql = "insert into customer_merge_request (part, request_id, kind, customer_id, person_id, asked_at, author, reason, \
        state) values (0, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) on conflict do nothing";
    let params = [
        Param::Id(request.id),
        Param::Text(request.kind.code()),
        Param::Id(request.customer.0),
        Param::Id(request.person.0),
        Param::Int(request.asked_at.micros()),
        Param::Text(&request.author),
        Param::Text(&request.reason),
        Param::Text(&request.state),
    ];
    Ok(tx.execute(sql, &params)? == 1)
}

const REQUEST_COLUMNS: &str =
    "request_id, kind, customer_id, person_id, asked_at, author, reason, state, decided_by";

fn read_request(row: &Row<'_>) -> Result<MergeRequest, StoreError> {
    let kind = MergeKind::parse(row.text(1));
    Ok(MergeRequest {
        id: row.id16(0),
        kind: kind.ok_or_else(|| damaged(format!("request {:?} about a person is unknown", row.text(1))))?,
        customer: CustomerId(row.id16(2)),
        person: CustomerId(row.id16(3)),
        asked_at: Timestamp::from_micros(row.int(4)),
        author: row.text(5).to_owned(),
        reason: row.text(6).to_owned(),
        state: row.text(7).to_owned(),
        decided_by: row.opt_text(8).map(str::to_owned),
    })
}

/// A request.
///
/// # Errors
/// What the database says.
pub fn find_request(tx: &mut Tx<'_>, id: [u8; 16]) -> Result<Option<MergeRequest>, StoreError> {
    let sql =
        format!("select {REQUEST_COLUMNS} from customer_merge_request where part = 0 and request_id = ?1");
    tx.query_one(&sql, &[Param::Id(id)], read_request)
}

/// All requests, oldest first.
///
/// # Errors
/// What the database says.
pub fn requests(tx: &mut Tx<'_>) -> Result<Vec<MergeRequest>, StoreError> {
    let sql = format!(
        "select {REQUEST_COLUMNS} from customer_merge_request where part = 0 order by asked_at, request_id"
    );
    tx.query(&sql, &[], read_request)
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
    let sql = "update customer_merge_request set state = ?2, decided_by = ?3, decided_at = ?4, note = ?5 \
        where part = 0 and request_id = ?1 and state = 'pending'";
    let params =
        [Param::Id(id), Param::Text(state), Param::Text(by), Param::Int(at.micros()), Param::Text(note)];
    Ok(tx.execute(sql, &params)? == 1)
}

/// A number or address that several customers have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedPoint {
    /// What it is.
    pub kind: ContactPointKind,
    /// Whose it is, or was.
    pub customers: Vec<CustomerId>,
}

/// Customers with the same number, mail address or device in use, over all parts; at most `count_max` of these.
///
/// # Errors
/// What the database says.
pub fn shared_points(tx: &mut Tx<'_>, count_max: usize) -> Result<Vec<SharedPoint>, StoreError> {
    let sql = "select c.lookup, c.kind from part_number n join contact_point c on c.part = n.part \
        where c.state = ?1 and c.kind <> ?2 and c.party = 'borrower' \
        group by c.lookup, c.kind having count(distinct c.customer_id) > 1 order by c.lookup limit ?3";
    let customers = "select distinct c.part, c.customer_id from part_number n \
        join contact_point c on c.part = n.part and c.lookup = ?1 where c.state = ?2 and c.party = 'borrower' \
        order by c.part, c.customer_id";
    let active = Param::Text(ContactPointState::Active.code());
    let postal = Param::Text(ContactPointKind::Postal.code());
    let most = Param::Int(i64::try_from(count_max).unwrap_or(i64::MAX));
    let mut found = Vec::new();
    for (lookup, kind) in tx.query(sql, &[active, postal, most], read_shared)? {
        let params = [Param::Id(lookup), Param::Text(ContactPointState::Active.code())];
        let customers = tx.query(customers, &params, |row| Ok(CustomerId(row.id16(1))))?;
        found.push(SharedPoint { kind, customers });
    }
    Ok(found)
}

/// Customers who have, or had, the same number or address of any kind, out of use or not, over all parts; at most
/// `count_max` of these. Many people live at one address, and numbers are given to others: by itself it says little.
///
/// # Errors
/// What the database says.
pub fn points_shared_ever(tx: &mut Tx<'_>, count_max: usize) -> Result<Vec<SharedPoint>, StoreError> {
    let sql = "select c.lookup, c.kind from part_number n join contact_point c on c.part = n.part \
        where c.party = 'borrower' \
        group by c.lookup, c.kind having count(distinct c.customer_id) > 1 order by c.lookup limit ?1";
    let customers = "select distinct c.part, c.customer_id from part_number n \
        join contact_point c on c.part = n.part and c.lookup = ?1 where c.party = 'borrower' \
        order by c.part, c.customer_id";
    let most = Param::Int(i64::try_from(count_max).unwrap_or(i64::MAX));
    let mut found = Vec::new();
    for (lookup, kind) in tx.query(sql, &[most], read_shared)? {
        let customers = tx.query(customers, &[Param::Id(lookup)], |row| Ok(CustomerId(row.id16(1))))?;
        found.push(SharedPoint { kind, customers });
    }
    Ok(found)
}

fn read_shared(row: &Row<'_>) -> Result<([u8; 16], ContactPointKind), StoreError> {
    let kind = ContactPointKind::parse(row.text(1));
    let kind = kind.ok_or_else(|| damaged(format!("contact point kind {:?} is unknown", row.text(1))))?;
    Ok((row.id16(0), kind))
}

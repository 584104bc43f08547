//! Customers and their contact points. What names a person lies here sealed, under the customer's own key.

use std::collections::HashMap;

use dunlin_domain::contact::{Channel, ContactPointKind, ContactPointState, Language, Party, Personal};
use dunlin_domain::date::Timestamp;
use dunlin_domain::id::{ContactPointId, CustomerId, Part};
use dunlin_domain::verdict::ContactPointView;

use crate::agreement::{channels_text, damaged, parse_channels, part_of, part_param};
use crate::cipher::{Cell, CustomerKey, MasterKey};
use crate::{Column, Conflict, Param, Row, StoreError, Tx};

const PART: (&str, Column) = ("part", Column::Int);
const CUSTOMER: (&str, Column) = ("customer_id", Column::Bytes);

/// A customer with the name opened.
#[derive(Clone, Debug)]
pub struct CustomerRow {
    /// Its id.
    pub id: CustomerId,
    /// The lender's own id.
    pub external_id: String,
    /// The name.
    pub name: Personal,
    /// The language of everything the customer reads.
    pub language: Language,
    /// The IANA zone of the place where the customer lives.
    pub zone: String,
    /// The segment.
    pub segment: String,
    /// Channels that the customer opted out of.
    pub opted_out: Vec<Channel>,
}

/// A customer as the day's decision needs it: nothing that names the person.
#[derive(Clone, Debug)]
pub struct CustomerView {
    /// Its id.
    pub id: CustomerId,
    /// The language.
    pub language: Language,
    /// The IANA zone.
    pub zone: String,
    /// Channels opted out of by the lender's file.
    pub opted_out: Vec<Channel>,
    /// When that file was taken in.
    pub imported_at: Timestamp,
}

/// A contact point with the number or address opened.
#[derive(Clone, Debug)]
pub struct ContactPointRow {
    /// Its id.
    pub id: ContactPointId,
    /// Whose it is.
    pub customer: CustomerId,
    /// The lender's own id.
    pub external_id: String,
    /// What it is.
    pub kind: ContactPointKind,
    /// What the person is to the debt.
    pub party: Party,
    /// Whether it may be used.
    pub state: ContactPointState,
    /// Lower goes first.
    pub priority: i64,
    /// The number or address.
    pub value: Personal,
}

impl ContactPointRow {
    /// What may be known of it without opening it.
    #[must_use]
    pub fn view(&self) -> ContactPointView {
        let Self { id, kind, party, state, priority, .. } = *self;
        ContactPointView { id, kind, party, state, priority }
    }

    /// Our id, the lender's, kind, whose it is, state and priority, as they are stored.
    pub(crate) fn params(&self) -> [Param<'_>; 6] {
        [
            Param::Id(self.id.0),
            Param::Text(&self.external_id),
            Param::Text(self.kind.code()),
            Param::Text(self.party.code()),
            Param::Text(self.state.code()),
            Param::Int(self.priority),
        ]
    }
}

fn name_cell(id: &CustomerId) -> Cell<'_> {
    Cell { table: "customer", column: "name_sealed", row: &id.0 }
}

pub(crate) fn value_cell(id: &ContactPointId) -> Cell<'_> {
    Cell { table: "contact_point", column: "value_sealed", row: &id.0 }
}

/// A number or address in the one form that is hashed: no blanks, hyphens or brackets, small letters.
#[must_use]
pub fn normalised(value: &Personal) -> String {
    let kept = value.reveal().chars().filter(|letter| !letter.is_whitespace() && !"-()".contains(*letter));
    kept.flat_map(char::to_lowercase).collect()
}

/// Adds customers with a fresh key each; `fresh_key` gives 32 random bytes.
///
/// # Errors
/// What the database says; the same holds for every function here.
pub fn insert(
    tx: &mut Tx<'_>,
    master: &MasterKey,
    customers: &[(CustomerRow, [u8; 16])],
    fresh_key: &mut dyn FnMut() -> [u8; 32],
    at: Timestamp,
) -> Result<(), StoreError> {
    const COLUMNS: [(&str, Column); 11] = [
        PART,
        CUSTOMER,
        ("external_id", Column::Text),
        ("wrapped_key", Column::Bytes),
        ("name_sealed", Column::Bytes),
        ("language", Column::Text),
        ("zone", Column::Text),
        ("segment", Column::Text),
        ("opt_out", Column::Text),
        ("content_hash", Column::Bytes),
        ("imported_at", Column::Int),
    ];
    let sealed: Vec<(Vec<u8>, Vec<u8>, String)> = customers
        .iter()
        .map(|(customer, _)| {
            let key = CustomerKey::from_bytes(fresh_key());
            let name = key.encrypt(&name_cell(&customer.id), &customer.name);
            (master.wrap(&customer.id, &key), name, channels_text(&customer.opted_out))
        })
        .collect();
    let mut values = Vec::with_capacity(customers.len() * COLUMNS.len());
    for ((customer, content_hash), (wrapped, name, opt_out)) in customers.iter().zip(&sealed) {
        values.extend([
            part_param(customer.id.part()),
            Param::Id(customer.id.0),
            Param::Text(&customer.external_id),
            Param::Bytes(wrapped),
            Param::Bytes(name),
            Param::Text(customer.language.code()),
            Param::Text(&customer.zone),
            Param::Text(&customer.segment),
            Param::Text(opt_out),
            Param::Id(*content_hash),
            Param::Int(at.micros()),
        ]);
    }
    tx.insert_rows("customer", &COLUMNS, Conflict::Fail, &values)?;
    Ok(())
}

/// Replaces what a corrected import changed of customers; their keys stay.
///
/// # Errors
/// What the database says.
pub fn correct(
    tx: &mut Tx<'_>,
    master: &MasterKey,
    customers: &[(CustomerRow, [u8; 16])],
    at: Timestamp,
) -> Result<(), StoreError> {
    let ids: Vec<CustomerId> = customers.iter().map(|(customer, _)| customer.id).collect();
    let keys = keys_of(tx, master, &ids)?;
    let sql = "update customer set name_sealed = ?3, language = ?4, zone = ?5, segment = ?6, opt_out = ?7, \
        content_hash = ?8, imported_at = ?9 where part = ?1 and customer_id = ?2";
    let follow = "update agreement set segment = ?3 where part = ?1 and customer_id = ?2";
    for (customer, content_hash) in customers {
        // What was erased stays erased, whatever a file says.
        let Some(key) = keys.get(&customer.id) else { continue };
        let name = key.encrypt(&name_cell(&customer.id), &customer.name);
        let part = part_param(customer.id.part());
        let id = Param::Id(customer.id.0);
        let opt_out = channels_text(&customer.opted_out);
        let params = [
            part,
            id,
            Param::Bytes(&name),
            Param::Text(customer.language.code()),
            Param::Text(&customer.zone),
            Param::Text(&customer.segment),
            Param::Text(&opt_out),
            Param::Id(*content_hash),
            Param::Int(at.micros()),
        ];
        tx.execute(sql, &params)?;
        tx.execute(follow, &[part, id, Param::Text(&customer.segment)])?;
    }
    Ok(())
}

/// Puts another name to a customer. What the lender's file said, and when it came, stays as it is known, so that the same
/// old row is no news.
///
/// # Errors
/// What the database says.
pub fn correct_name(
    tx: &mut Tx<'_>,
    master: &MasterKey,
    customer: CustomerId,
    name: &Personal,
) -> Result<(), StoreError> {
    // What was erased stays erased.
    let Some(key) = keys_of(tx, master, &[customer])?.remove(&customer) else { return Ok(()) };
    let sealed = key.encrypt(&name_cell(&customer), name);
    let sql = "update customer set name_sealed = ?3 where part = ?1 and customer_id = ?2";
    let params = [part_param(customer.part()), Param::Id(customer.0), Param::Bytes(&sealed)];
    tx.execute(sql, &params)?;
    Ok(())
}

pub(crate) fn customer_keys(ids: &[CustomerId]) -> Vec<Param<'static>> {
    ids.iter().flat_map(|id| [part_param(id.part()), Param::Id(id.0)]).collect()
}

pub(crate) fn keys_of(
    tx: &mut Tx<'_>,
    master: &MasterKey,
    ids: &[CustomerId],
) -> Result<HashMap<CustomerId, CustomerKey>, StoreError> {
    let values = customer_keys(ids);
    let read = |row: &Row<'_>| {
        let id = CustomerId(row.id16(0));
        // A customer who was erased has no key.
        match row.bytes(1) {
            [] => Ok(None),
            wrapped => Ok(Some((id, master.unwrap(&id, wrapped).map_err(StoreError::Cipher)?))),
        }
    };
    let found =
        tx.query_keys("t.customer_id, t.wrapped_key", "customer", &[PART, CUSTOMER], &values, read)?;
    Ok(found.into_iter().flatten().collect())
}

/// What is known of a customer that exists.
#[derive(Clone, Debug)]
pub struct KnownCustomer {
    /// Hash of the lender's row.
    pub content_hash: [u8; 16],
    /// When an import last wrote it.
    pub imported_at: Timestamp,
    /// The segment.
    pub segment: String,
}

/// The customers that exist among `ids`.
///
/// # Errors
/// What the database says.
pub fn known(tx: &mut Tx<'_>, ids: &[CustomerId]) -> Result<HashMap<CustomerId, KnownCustomer>, StoreError> {
    let select = "t.customer_id, t.content_hash, t.imported_at, t.segment";
    let read = |row: &Row<'_>| {
        let known = KnownCustomer {
            content_hash: row.id16(1),
            imported_at: Timestamp::from_micros(row.int(2)),
            segment: row.text(3).to_owned(),
        };
        Ok((CustomerId(row.id16(0)), known))
    };
    let found = tx.query_keys(select, "customer", &[PART, CUSTOMER], &customer_keys(ids), read)?;
    Ok(found.into_iter().collect())
}

/// The lender's own ids of customers.
///
/// # Errors
/// What the database says.
pub fn external_ids(tx: &mut Tx<'_>, ids: &[CustomerId]) -> Result<HashMap<CustomerId, String>, StoreError> {
    let read = |row: &Row<'_>| Ok((CustomerId(row.id16(0)), row.text(1).to_owned()));
    let select = "t.customer_id, t.external_id";
    let found = tx.query_keys(select, "customer", &[PART, CUSTOMER], &customer_keys(ids), read)?;
    Ok(found.into_iter().collect())
}

fn language_of(row: &Row<'_>, index: usize) -> Result<Language, StoreError> {
    Language::parse(row.text(index))
        .ok_or_else(|| damaged(format!("language {:?} is unknown", row.text(index))))
}

/// Customers as the day's decision needs them.
///
/// # Errors
/// What the database says.
pub fn views(tx: &mut Tx<'_>, ids: &[CustomerId]) -> Result<HashMap<CustomerId, CustomerView>, StoreError> {
    let select = "t.customer_id, t.language, t.zone, t.opt_out, t.imported_at";
    let read = |row: &Row<'_>| {
        let id = CustomerId(row.id16(0));
        let (language, opted_out) = (language_of(row, 1)?, parse_channels(row.text(3))?);
        let imported_at = Timestamp::from_micros(row.int(4));
        Ok((id, CustomerView { id, language, zone: row.text(2).to_owned(), opted_out, imported_at }))
    };
    let found = tx.query_keys(select, "customer", &[PART, CUSTOMER], &customer_keys(ids), read)?;
    Ok(found.into_iter().collect())
}

/// Customers with their names opened.
///
/// # Errors
/// What the database or the cipher says.
pub fn opened(
    tx: &mut Tx<'_>,
    master: &MasterKey,
    ids: &[CustomerId],
) -> Result<HashMap<CustomerId, CustomerRow>, StoreError> {
    let read = |row: &Row<'_>| read_opened(row, master).map(|(customer, _)| (customer.id, customer));
    let found = tx.query_keys(OPENED, "customer", &[PART, CUSTOMER], &customer_keys(ids), read)?;
    Ok(found.into_iter().collect())
}

const OPENED: &str =
    "t.customer_id, t.external_id, t.wrapped_key, t.name_sealed, t.language, t.zone, t.segment, t.opt_out";

/// A person with the name opened, and the key; there is none any more of one who was erased.
fn read_opened(row: &Row<'_>, master: &MasterKey) -> Result<(CustomerRow, Option<CustomerKey>), StoreError> {
    let id = CustomerId(row.id16(0));
    let (name, key) = match row.bytes(2) {
        // The key was destroyed at the person's wish: there is no name any more.
        [] => (Personal::new("-".to_owned()), None),
        wrapped => {
            let key = master.unwrap(&id, wrapped).map_err(StoreError::Cipher)?;
            (key.decrypt(&name_cell(&id), row.bytes(3)).map_err(StoreError::Cipher)?, Some(key))
        }
    };
    let customer = CustomerRow {
        id,
        external_id: row.text(1).to_owned(),
        name,
        language: language_of(row, 4)?,
        zone: row.text(5).to_owned(),
        segment: row.text(6).to_owned(),
        opted_out: parse_channels(row.text(7))?,
    };
    Ok((customer, key))
}

/// Hands the ids of every customer of one part to `visit`.
///
/// # Errors
/// What the database says.
pub fn ids_of_part(tx: &mut Tx<'_>, part: Part) -> Result<Vec<CustomerId>, StoreError> {
    let sql = "select customer_id from customer where part = ?1 order by customer_id";
    tx.query(sql, &[part_param(part)], |row| Ok(CustomerId(row.id16(0))))
}

/// A contact point that is added.
#[derive(Clone, Debug)]
pub struct NewPoint {
    /// The contact point.
    pub row: ContactPointRow,
    /// Hash of the lender's row.
    pub content_hash: [u8; 16],
    /// The file and line that it comes from.
    pub place: String,
}

/// Adds contact points of customers that exist, sealed under the customers' keys; `by` is who brought them.
///
/// # Errors
/// What the database or the cipher says.
pub fn insert_points(
    tx: &mut Tx<'_>,
    master: &MasterKey,
    points: &[NewPoint],
    by: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    const COLUMNS: [(&str, Column); 15] = [
        PART,
        CUSTOMER,
        ("contact_point_id", Column::Bytes),
        ("external_id", Column::Text),
        ("kind", Column::Text),
        ("party", Column::Text),
        ("state", Column::Text),
        ("priority", Column::Int),
        ("value_sealed", Column::Bytes),
        ("lookup", Column::Bytes),
        ("content_hash", Column::Bytes),
        ("imported_at", Column::Int),
        ("added_at", Column::Int),
        ("added_by", Column::Text),
        ("added_place", Column::Text),
    ];
    let ids: Vec<CustomerId> = points.iter().map(|new| new.row.customer).collect();
    let keys = keys_of(tx, master, &ids)?;
    // Who was erased gets no new number, whatever a file says.
    let points: Vec<&NewPoint> = points.iter().filter(|new| keys.contains_key(&new.row.customer)).collect();
    let sealed: Vec<(Vec<u8>, [u8; 16])> = points
        .iter()
        .map(|new| {
            let point = &new.row;
            let value = keys[&point.customer].encrypt(&value_cell(&point.id), &point.value);
            (value, master.lookup_hash(point.kind.code(), &normalised(&point.value)))
        })
        .collect();
    let mut values = Vec::with_capacity(points.len() * COLUMNS.len());
    for (NewPoint { row: point, content_hash, place }, (value, lookup)) in points.iter().copied().zip(&sealed)
    {
        values.extend([part_param(point.customer.part()), Param::Id(point.customer.0)]);
        values.extend(point.params());
        values.extend([
            Param::Bytes(value),
            Param::Id(*lookup),
            Param::Id(*content_hash),
            Param::Int(at.micros()),
            Param::Int(at.micros()),
            Param::Text(by),
            Param::Text(place),
        ]);
    }
    tx.insert_rows("contact_point", &COLUMNS, Conflict::Fail, &values)?;
    Ok(())
}

const POINT_KEY: [(&str, Column); 3] = [PART, CUSTOMER, ("contact_point_id", Column::Bytes)];

/// What is known of a contact point that exists.
#[derive(Clone, Copy, Debug)]
pub struct KnownPoint {
    /// Hash of the lender's row.
    pub content_hash: [u8; 16],
    /// When an import last wrote it.
    pub imported_at: Timestamp,
    /// Whether it may be used.
    pub state: ContactPointState,
}

/// The contact points that exist among `keys`.
///
/// # Errors
/// What the database says.
pub fn known_points(
    tx: &mut Tx<'_>,
    keys: &[(CustomerId, ContactPointId)],
) -> Result<HashMap<ContactPointId, KnownPoint>, StoreError> {
    let values: Vec<Param<'_>> = keys
        .iter()
        .flat_map(|(customer, id)| [part_param(customer.part()), Param::Id(customer.0), Param::Id(id.0)])
        .collect();
    let select = "t.contact_point_id, t.content_hash, t.imported_at, t.state";
    let read = |row: &Row<'_>| {
        let known = KnownPoint {
            content_hash: row.id16(1),
            imported_at: Timestamp::from_micros(row.int(2)),
            state: state_of(row, 3)?,
        };
        Ok((ContactPointId(row.id16(0)), known))
    };
    Ok(tx.query_keys(select, "contact_point", &POINT_KEY, &values, read)?.into_iter().collect())
}

pub(crate) fn state_of(row: &Row<'_>, index: usize) -> Result<ContactPointState, StoreError> {
    let code = row.text(index);
    ContactPointState::parse(code).ok_or_else(|| damaged(format!("contact point state {code:?} is unknown")))
}

fn read_view(row: &Row<'_>) -> Result<(CustomerId, ContactPointView), StoreError> {
    let id = ContactPointId(row.id16(1));
    let unknown = |column: &str| damaged(format!("contact point {id}: {column} is not a known code"));
    let view = ContactPointView {
        id,
        kind: ContactPointKind::parse(row.text(2)).ok_or_else(|| unknown("kind"))?,
        party: Party::parse(row.text(3)).ok_or_else(|| unknown("party"))?,
        state: state_of(row, 4)?,
        priority: row.int(5),
    };
    Ok((CustomerId(row.id16(0)), view))
}

/// The contact points of customers, removed ones included, without numbers and addresses.
///
/// # Errors
/// What the database says.
pub fn point_views(
    tx: &mut Tx<'_>,
    customers: &[CustomerId],
) -> Result<HashMap<CustomerId, Vec<ContactPointView>>, StoreError> {
    let select = "t.customer_id, t.contact_point_id, t.kind, t.party, t.state, t.priority";
    let mut views: HashMap<CustomerId, Vec<ContactPointView>> = HashMap::new();
    tx.each_key(select, "contact_point", &[PART, CUSTOMER], &customer_keys(customers), |row| {
        let (customer, view) = read_view(row)?;
        views.entry(customer).or_default().push(view);
        Ok(())
    })?;
    Ok(views)
}

/// The contact points of customers with their numbers and addresses opened.
///
/// # Errors
/// What the database or the cipher says.
pub fn opened_points(
    tx: &mut Tx<'_>,
    master: &MasterKey,
    customers: &[CustomerId],
) -> Result<Vec<ContactPointRow>, StoreError> {
    let keys = keys_of(tx, master, customers)?;
    points_under(tx, &keys, customers)
}

/// What sending asks about people.
#[derive(Debug)]
pub struct OpenedCustomers {
    /// The people, with their names opened.
    pub rows: HashMap<CustomerId, CustomerRow>,
    /// When the file was taken in that a person's opt-outs come from.
    pub views: HashMap<CustomerId, CustomerView>,
    /// Their numbers and addresses, opened.
    pub points: Vec<ContactPointRow>,
}

/// What [`opened`], [`views`] and [`opened_points`] give, with each person's row read and each key unwrapped once: sending asks
/// for all of it, for every message.
///
/// # Errors
/// What the database or the cipher says.
pub fn opened_with_points(
    tx: &mut Tx<'_>,
    master: &MasterKey,
    ids: &[CustomerId],
) -> Result<OpenedCustomers, StoreError> {
    let select = format!("{OPENED}, t.imported_at");
    let mut keys = HashMap::with_capacity(ids.len());
    let mut views = HashMap::with_capacity(ids.len());
    let read = |row: &Row<'_>| {
        let (customer, key) = read_opened(row, master)?;
        views.insert(
            customer.id,
            CustomerView {
                id: customer.id,
                language: customer.language,
                zone: customer.zone.clone(),
                opted_out: customer.opted_out.clone(),
                imported_at: Timestamp::from_micros(row.int(8)),
            },
        );
        keys.extend(key.map(|key| (customer.id, key)));
        Ok((customer.id, customer))
    };
    let rows = tx.query_keys(&select, "customer", &[PART, CUSTOMER], &customer_keys(ids), read)?;
    let points = points_under(tx, &keys, ids)?;
    Ok(OpenedCustomers { rows: rows.into_iter().collect(), views, points })
}

fn points_under(
    tx: &mut Tx<'_>,
    keys: &HashMap<CustomerId, CustomerKey>,
    customers: &[CustomerId],
) -> Result<Vec<ContactPointRow>, StoreError> {
    let select = "t.customer_id, t.contact_point_id, t.kind, t.party, t.state, t.priority, t.external_id, t.value_sealed";
    let mut points =
        tx.query_keys(select, "contact_point", &[PART, CUSTOMER], &customer_keys(customers), |row| {
            let (customer, view) = read_view(row)?;
            let value = match (keys.get(&customer), row.bytes(7)) {
                (Some(key), sealed) => {
                    key.decrypt(&value_cell(&view.id), sealed).map_err(StoreError::Cipher)?
                }
                // Erased at the person's wish.
                (None, []) => Personal::new("-".to_owned()),
                (None, _) => return Err(damaged(format!("customer {customer} has no key"))),
            };
            Ok(ContactPointRow {
                id: view.id,
                customer,
                external_id: row.text(6).to_owned(),
                kind: view.kind,
                party: view.party,
                state: view.state,
                priority: view.priority,
                value,
            })
        })?;
    points.sort_by_key(|point| (point.customer, point.priority, point.id));
    Ok(points)
}

/// Contact points that have a number or address, by its keyed hash, over all parts.
///
/// # Errors
/// What the database says.
pub fn find_points(
    tx: &mut Tx<'_>,
    master: &MasterKey,
    kind: ContactPointKind,
    value: &Personal,
) -> Result<Vec<(CustomerId, ContactPointId)>, StoreError> {
    let lookup = master.lookup_hash(kind.code(), &normalised(value));
    let sql = "select c.part, c.customer_id, c.contact_point_id from part_number n \
        join contact_point c on c.part = n.part and c.lookup = ?1";
    tx.query(sql, &[Param::Id(lookup)], |row| {
        part_of(row, 0)?;
        Ok((CustomerId(row.id16(1)), ContactPointId(row.id16(2))))
    })
}

/// Contact points in use of customers with an overdue agreement, over all parts.
///
/// # Errors
/// What the database says.
pub fn points_of_overdue(
    tx: &mut Tx<'_>,
    kind: ContactPointKind,
    count_max: usize,
) -> Result<Vec<(CustomerId, ContactPointId)>, StoreError> {
    let sql = "select distinct c.part, c.customer_id, c.contact_point_id from part_number n \
        join agreement a on a.part = n.part and a.overdue_due_on is not null \
        join contact_point c on c.part = a.part and c.customer_id = a.customer_id \
        where c.kind = ?1 and c.state = ?2 order by c.part, c.customer_id, c.contact_point_id limit ?3";
    let params = [
        Param::Text(kind.code()),
        Param::Text(ContactPointState::Active.code()),
        Param::Int(count_max as i64),
    ];
    tx.query(sql, &params, |row| Ok((CustomerId(row.id16(1)), ContactPointId(row.id16(2)))))
}

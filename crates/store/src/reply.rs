//! What came back on our messages. Rows are only ever inserted.

use std::collections::HashMap;

use dunlin_domain::contact::{Channel, Personal};
use dunlin_domain::date::Timestamp;
use dunlin_domain::id::{CircumstanceId, ContactPointId, CustomerId, ReplyId};
use dunlin_domain::reply::ReplyMeaning;

use crate::agreement::{damaged, part_param};
use crate::cipher::{Cell, CustomerKey, MasterKey};
use crate::{Param, Row, StoreError, Tx, customer};

/// One answer, opened.
#[derive(Clone, Debug)]
pub struct ReplyRow {
    /// Its id; the same for the same answer, however often it comes.
    pub id: ReplyId,
    /// Whose number or address it came from, if somebody's.
    pub customer: Option<CustomerId>,
    /// That number or address.
    pub contact_point: Option<ContactPointId>,
    /// Who brought it.
    pub provider: String,
    /// By which channel.
    pub channel: Channel,
    /// What it means.
    pub meaning: ReplyMeaning,
    /// The number or address that it came from.
    pub sender: Personal,
    /// What it says.
    pub text: Personal,
    /// When it was sent, by the provider's clock.
    pub sent_at: Timestamp,
    /// When it reached us.
    pub received_at: Timestamp,
    /// The withdrawal that it became.
    pub circumstance: Option<CircumstanceId>,
}

const COLUMNS: &str = "r.part, r.reply_id, r.customer_id, r.contact_point_id, r.provider, r.channel, r.meaning, \
    r.sender_sealed, r.text_sealed, r.sent_at, r.received_at, r.circumstance_id";

fn cell<'c>(id: &'c ReplyId, column: &'c str) -> Cell<'c> {
    Cell { table: "reply", column, row: &id.0 }
}

/// Adds an answer; `false` if it is there already.
///
/// # Errors
/// What the database or the cipher says; the same holds for every function here.
pub fn insert(tx: &mut Tx<'_>, master: &MasterKey, row: &ReplyRow) -> Result<bool, StoreError> {
    let part = row.id.part().ok_or_else(|| damaged(format!("reply {} has no part", row.id)))?;
    let keys = keys_of(tx, master, row.customer.as_slice())?;
    let strangers = master.strangers_key();
    // What a person whose data were erased writes is kept as a stranger's: their own key is gone.
    let key = key_for(row.customer, &keys).unwrap_or(&strangers);
    let sender = key.encrypt(&cell(&row.id, "sender_sealed"), &row.sender);
    let text = key.encrypt(&cell(&row.id, "text_sealed"), &row.text);
    let sql = "insert into reply (part, reply_id, customer_id, contact_point_id, provider, channel, meaning, \
        sender_sealed, text_sealed, sent_at, received_at, circumstance_id) \
        values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) on conflict do nothing";
    let params = [
        part_param(part),
        Param::Id(row.id.0),
        Param::OptId(row.customer.map(|customer| customer.0)),
        Param::OptId(row.contact_point.map(|point| point.0)),
        Param::Text(&row.provider),
        Param::Text(row.channel.code()),
        Param::Text(row.meaning.code()),
        Param::Bytes(&sender),
        Param::Bytes(&text),
        Param::Int(row.sent_at.micros()),
        Param::Int(row.received_at.micros()),
        Param::OptId(row.circumstance.map(|circumstance| circumstance.0)),
    ];
    Ok(tx.execute(sql, &params)? == 1)
}

/// The answers that came last, newest first; of a person whose data were erased, without number and words; at most `count_max`; of one customer only, where one is named.
///
/// # Errors
/// What the database or the cipher says.
pub fn last(
    tx: &mut Tx<'_>,
    master: &MasterKey,
    of: Option<CustomerId>,
    count_max: u32,
) -> Result<Vec<ReplyRow>, StoreError> {
    let count = Param::Int(i64::from(count_max));
    let order = "order by r.received_at desc, r.reply_id limit";
    let sealed = match of {
        Some(customer) => {
            let sql =
                format!("select {COLUMNS} from reply r where r.part = ?1 and r.customer_id = ?2 {order} ?3");
            tx.query(&sql, &[part_param(customer.part()), Param::Id(customer.0), count], read)?
        }
        None => {
            let sql =
                format!("select {COLUMNS} from part_number n join reply r on r.part = n.part {order} ?1");
            tx.query(&sql, &[count], read)?
        }
    };
    let mut customers: Vec<CustomerId> = sealed.iter().filter_map(|row| row.customer).collect();
    customers.sort_unstable();
    customers.dedup();
    let keys = keys_of(tx, master, &customers)?;
    let strangers = master.strangers_key();
    sealed.into_iter().map(|row| row.open(&keys, &strangers)).collect()
}

/// An answer as it lies there.
struct Sealed {
    row: ReplyRow,
    customer: Option<CustomerId>,
    sender: Vec<u8>,
    text: Vec<u8>,
}

impl Sealed {
    fn open(
        self,
        keys: &HashMap<CustomerId, CustomerKey>,
        strangers: &CustomerKey,
    ) -> Result<ReplyRow, StoreError> {
        let id = self.row.id;
        let own = key_for(self.customer, keys);
        let open = |column: &str, bytes: &[u8]| match (own, self.customer) {
            (Some(key), _) => key.decrypt(&cell(&id, column), bytes).map_err(StoreError::Cipher),
            (None, None) => strangers.decrypt(&cell(&id, column), bytes).map_err(StoreError::Cipher),
            // Erased: what came before lies under a key that is gone, and what came after under the strangers'.
            (None, Some(_)) => {
                Ok(strangers.decrypt(&cell(&id, column), bytes).unwrap_or_else(|_| Personal::new("")))
            }
        };
        let (sender, text) = (open("sender_sealed", &self.sender)?, open("text_sealed", &self.text)?);
        Ok(ReplyRow { sender, text, ..self.row })
    }
}

fn keys_of(
    tx: &mut Tx<'_>,
    master: &MasterKey,
    customers: &[CustomerId],
) -> Result<HashMap<CustomerId, CustomerKey>, StoreError> {
    if customers.is_empty() { Ok(HashMap::new()) } else { customer::keys_of(tx, master, customers) }
}

/// The customer's own key, while there is one.
fn key_for(customer: Option<CustomerId>, keys: &HashMap<CustomerId, CustomerKey>) -> Option<&CustomerKey> {
    customer.and_then(|id| keys.get(&id))
}

fn read(row: &Row<'_>) -> Result<Sealed, StoreError> {
    let id = ReplyId(row.id16(1));
    let unknown = |column: &str| damaged(format!("reply {id}: {column} is not a known code"));
    let customer = row.opt_id16(2).map(CustomerId);
    let opened = ReplyRow {
        id,
        customer,
        contact_point: row.opt_id16(3).map(ContactPointId),
        provider: row.text(4).to_owned(),
        channel: Channel::parse(row.text(5)).ok_or_else(|| unknown("channel"))?,
        meaning: ReplyMeaning::parse(row.text(6)).ok_or_else(|| unknown("meaning"))?,
        sender: Personal::new(""),
        text: Personal::new(""),
        sent_at: Timestamp::from_micros(row.int(9)),
        received_at: Timestamp::from_micros(row.int(10)),
        circumstance: row.opt_id16(11).map(CircumstanceId),
    };
    Ok(Sealed { row: opened, customer, sender: row.bytes(7).to_vec(), text: row.bytes(8).to_vec() })
}

//! Calls that wait for agents: who has which one, and until when. A task is a message by voice; whoever changes a task
//! has locked its message in the same transaction.

pub use dunlin_domain::call_task::CallTaskState;
use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::id::{AgreementId, CallId, CustomerId, MessageId};
use dunlin_domain::money::{Currency, Money};

use crate::agreement::{damaged, date_of, days, part_param};
use crate::{Dialect, Param, Row, StoreError, Tx};

/// A task as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallTaskRow {
    /// The message that is to be spoken.
    pub message: MessageId,
    /// The person.
    pub customer: CustomerId,
    /// What it is about.
    pub agreement: AgreementId,
    /// The business date of the decision.
    pub business_date: Date,
    /// Whether the customer asked to be called at this time: then it goes before all others.
    pub is_call_back: bool,
    /// What is owed about it: of two tasks the one with more goes first.
    pub value: Money,
    /// When it was offered.
    pub offered_at: Timestamp,
    /// Where it stands.
    pub state: CallTaskState,
    /// Who has it, or had it last.
    pub agent: Option<String>,
    /// Until when it is that agent's.
    pub lease_until: Option<Timestamp>,
    /// The call that was begun for it last.
    pub call: Option<CallId>,
    /// What the agent told.
    pub result: Option<String>,
    /// When it changed last.
    pub changed_at: Timestamp,
}

const COLUMNS: &str = "t.message_id, t.customer_id, t.agreement_id, t.business_date, t.place, t.value_minor, t.currency, \
    t.offered_at, t.state, t.agent, t.lease_until, t.call_id, t.result, t.changed_at";

fn read(row: &Row<'_>) -> Result<CallTaskRow, StoreError> {
    let message = MessageId(row.id16(0));
    let unknown = |column: &str| damaged(format!("call task {message}: {column} is not a known code"));
    let currency = Currency::parse(row.text(6)).map_err(|_| unknown("currency"))?;
    Ok(CallTaskRow {
        message,
        customer: CustomerId(row.id16(1)),
        agreement: AgreementId(row.id16(2)),
        business_date: date_of(row.int(3)),
        is_call_back: row.int(4) == 0,
        value: Money::new(row.int(5), currency),
        offered_at: Timestamp::from_micros(row.int(7)),
        state: CallTaskState::parse(row.text(8)).ok_or_else(|| unknown("state"))?,
        agent: row.opt_text(9).map(str::to_owned),
        lease_until: row.opt_int(10).map(Timestamp::from_micros),
        call: row.opt_id16(11).map(CallId),
        result: row.opt_text(12).map(str::to_owned),
        changed_at: Timestamp::from_micros(row.int(13)),
    })
}

/// Writes a task as it is now, whether it was there before or not.
///
/// # Errors
/// What the database says; the same holds for every function here.
pub fn put(tx: &mut Tx<'_>, row: &CallTaskRow) -> Result<(), StoreError> {
    let sql = "insert into call_task (part, message_id, customer_id, agreement_id, business_date, place, value_minor, \
        currency, offered_at, state, agent, lease_until, call_id, result, changed_at) \
        values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15) \
        on conflict (part, message_id) do update set place = excluded.place, value_minor = excluded.value_minor, \
        currency = excluded.currency, offered_at = excluded.offered_at, state = excluded.state, \
        agent = excluded.agent, lease_until = excluded.lease_until, call_id = excluded.call_id, \
        result = excluded.result, changed_at = excluded.changed_at";
    let params = [
        part_param(row.customer.part()),
        Param::Id(row.message.0),
        Param::Id(row.customer.0),
        Param::Id(row.agreement.0),
        Param::Int(days(row.business_date)),
        Param::Int(i64::from(!row.is_call_back)),
        Param::Int(row.value.minor()),
        Param::Text(row.value.currency().code()),
        Param::Int(row.offered_at.micros()),
        Param::Text(row.state.code()),
        Param::OptText(row.agent.as_deref()),
        Param::OptInt(row.lease_until.map(|moment| moment.micros())),
        Param::OptId(row.call.map(|call| call.0)),
        Param::OptText(row.result.as_deref()),
        Param::Int(row.changed_at.micros()),
    ];
    tx.execute(sql, &params)?;
    Ok(())
}

/// A task.
///
/// # Errors
/// What the database says.
pub fn find(tx: &mut Tx<'_>, message: MessageId) -> Result<Option<CallTaskRow>, StoreError> {
    let Some(part) = message.part() else { return Ok(None) };
    let sql = format!("select {COLUMNS} from call_task t where t.part = ?1 and t.message_id = ?2");
    tx.query_one(&sql, &[part_param(part), Param::Id(message.0)], read)
}

/// The tasks that an agent could take, over all parts: those that the customer asked for first, then the ones about which
/// most is owed; not locked.
///
/// # Errors
/// What the database says.
pub fn best(tx: &mut Tx<'_>, count_max: u32) -> Result<Vec<CallTaskRow>, StoreError> {
    let sql = format!(
        "select {COLUMNS} from part_number n join call_task t on t.part = n.part where t.state = ?1 \
         order by t.place, t.value_minor desc, t.offered_at, t.message_id limit ?2"
    );
    tx.query(&sql, &[Param::Text(CallTaskState::Open.code()), Param::Int(i64::from(count_max))], read)
}

/// What agents have in hand, over all parts; not locked.
///
/// # Errors
/// What the database says.
pub fn in_hand(tx: &mut Tx<'_>) -> Result<Vec<CallTaskRow>, StoreError> {
    let sql = format!(
        "select {COLUMNS} from part_number n join call_task t on t.part = n.part \
         where t.state = ?1 or t.state = ?2 order by t.lease_until, t.message_id"
    );
    let states = [CallTaskState::Leased, CallTaskState::Dialled];
    tx.query(&sql, &states.map(|state| Param::Text(state.code())), read)
}

/// The tasks of a business date, over all parts, in the order in which agents take them.
///
/// # Errors
/// What the database says.
pub fn of_date(tx: &mut Tx<'_>, on: Date, count_max: u32) -> Result<Vec<CallTaskRow>, StoreError> {
    let sql = format!(
        "select {COLUMNS} from part_number n join call_task t on t.part = n.part where t.business_date = ?1 \
         order by t.place, t.value_minor desc, t.offered_at, t.message_id limit ?2"
    );
    tx.query(&sql, &[Param::Int(days(on)), Param::Int(i64::from(count_max))], read)
}

/// The last business date that has tasks.
///
/// # Errors
/// What the database says.
pub fn last_date(tx: &mut Tx<'_>) -> Result<Option<Date>, StoreError> {
    let sql = "select max(t.business_date) from part_number n join call_task t on t.part = n.part";
    Ok(tx.query_one(sql, &[], |row| Ok(row.opt_int(0)))?.flatten().map(date_of))
}

/// Locks the message of a task until the end of the transaction; `false` when another worker has it locked.
///
/// # Errors
/// What the database says.
pub fn lock_free(tx: &mut Tx<'_>, message: MessageId) -> Result<bool, StoreError> {
    let Some(part) = message.part() else { return Ok(false) };
    let lock = match tx.dialect() {
        Dialect::Sqlite => "",
        Dialect::Postgres => " for update skip locked",
    };
    let sql = format!("select t.state from message t where t.part = ?1 and t.message_id = ?2{lock}");
    let found = tx.query_one(&sql, &[part_param(part), Param::Id(message.0)], |_| Ok(()))?;
    Ok(found.is_some())
}

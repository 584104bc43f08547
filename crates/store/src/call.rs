//! Calls, placed and received: what counts against the caps of calls.

use std::collections::{BTreeSet, HashMap};

use dunlin_domain::compliance::PlacedOutcome;
use dunlin_domain::contact::Channel;
use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::id::{AgreementId, CallId, ContactPointId, CustomerId, Key, MessageId};
use dunlin_domain::message::{Counter, MessageState};

use crate::agreement::{damaged, date_of, days, part_param};
use crate::{Column, Conflict, Param, Row, StoreError, Tx};

const PART: (&str, Column) = ("part", Column::Int);
const CUSTOMER: (&str, Column) = ("customer_id", Column::Bytes);

/// Which way a call went, and what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallWay {
    /// We, or an agency for us, placed it.
    Placed(PlacedOutcome),
    /// The person called.
    Received {
        /// Whether they spoke about the debt.
        is_conversation: bool,
    },
}

impl CallWay {
    /// `placed` or `received`.
    #[must_use]
    pub fn direction(self) -> &'static str {
        match self {
            Self::Placed(_) => "placed",
            Self::Received { .. } => "received",
        }
    }

    /// The code of the outcome.
    #[must_use]
    pub fn outcome(self) -> &'static str {
        match self {
            Self::Placed(outcome) => outcome.code(),
            Self::Received { is_conversation: true } => "conversation",
            Self::Received { is_conversation: false } => "no_conversation",
        }
    }

    /// Reads the codes of direction and outcome.
    #[must_use]
    pub fn parse(direction: &str, outcome: &str) -> Option<Self> {
        match (direction, outcome) {
            ("placed", outcome) => PlacedOutcome::parse(outcome).map(Self::Placed),
            ("received", "conversation") => Some(Self::Received { is_conversation: true }),
            ("received", "no_conversation") => Some(Self::Received { is_conversation: false }),
            _ => None,
        }
    }
}

/// A call as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallRow {
    /// Its id; the first two bytes are the part.
    pub id: CallId,
    /// The person.
    pub customer: CustomerId,
    /// When.
    pub at: Timestamp,
    /// The day of the person's calendar.
    pub on: Date,
    /// Which way, and what became of it.
    pub way: CallWay,
    /// The number, where it is known.
    pub contact_point: Option<ContactPointId>,
    /// The agreements that it was about.
    pub agreements: Vec<AgreementId>,
    /// The lender, or the agency.
    pub caller: String,
    /// The message that was spoken, where one was.
    pub message: Option<MessageId>,
    /// The counters of the day's budgets that it took.
    pub taken: Vec<Counter>,
    /// Where what proves it is kept, such as a recording.
    pub evidence: String,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// Who recorded it.
    pub recorded_by: String,
}

const COLUMNS: &str = "t.customer_id, t.call_id, t.called_at, t.called_on, t.direction, t.outcome, t.contact_point_id, \
    t.agreements, t.caller, t.message_id, t.taken, t.evidence, t.recorded_at, t.recorded_by";

fn read(row: &Row<'_>) -> Result<CallRow, StoreError> {
    let id = CallId(row.id16(1));
    let unknown = |column: &str| damaged(format!("call {id}: {column} is not a known code"));
    let parts = |text: &'_ str| -> Vec<String> {
        text.split(';').filter(|part| !part.is_empty()).map(str::to_owned).collect()
    };
    let agreements = parts(row.text(7)).iter().map(|id| AgreementId::parse(id)).collect::<Option<_>>();
    let taken = parts(row.text(10)).iter().map(|code| Counter::parse(code)).collect::<Option<_>>();
    Ok(CallRow {
        id,
        customer: CustomerId(row.id16(0)),
        at: Timestamp::from_micros(row.int(2)),
        on: date_of(row.int(3)),
        way: CallWay::parse(row.text(4), row.text(5)).ok_or_else(|| unknown("outcome"))?,
        contact_point: row.opt_id16(6).map(ContactPointId),
        agreements: agreements.ok_or_else(|| unknown("agreements"))?,
        caller: row.text(8).to_owned(),
        message: row.opt_id16(9).map(MessageId),
        taken: taken.ok_or_else(|| unknown("taken"))?,
        evidence: row.text(11).to_owned(),
        recorded_at: Timestamp::from_micros(row.int(12)),
        recorded_by: row.text(13).to_owned(),
    })
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(";")
}

/// Adds calls; those that are there already stay. Returns how many were new.
///
/// # Errors
/// What the database says; the same holds for every function here.
pub fn insert(tx: &mut Tx<'_>, calls: &[CallRow]) -> Result<u64, StoreError> {
    const WRITTEN: [(&str, Column); 15] = [
        PART,
        ("call_id", Column::Bytes),
        CUSTOMER,
        ("called_at", Column::Int),
        ("called_on", Column::Int),
        ("direction", Column::Text),
        ("outcome", Column::Text),
        ("contact_point_id", Column::Bytes),
        ("agreements", Column::Text),
        ("caller", Column::Text),
        ("message_id", Column::Bytes),
        ("taken", Column::Text),
        ("evidence", Column::Text),
        ("recorded_at", Column::Int),
        ("recorded_by", Column::Text),
    ];
    let texts: Vec<(String, String)> = calls
        .iter()
        .map(|call| {
            let agreements = joined(call.agreements.iter().map(ToString::to_string));
            (agreements, joined(call.taken.iter().map(ToString::to_string)))
        })
        .collect();
    let mut values = Vec::with_capacity(calls.len() * WRITTEN.len());
    for (call, (agreements, taken)) in calls.iter().zip(&texts) {
        values.extend([
            part_param(call.customer.part()),
            Param::Id(call.id.0),
            Param::Id(call.customer.0),
            Param::Int(call.at.micros()),
            Param::Int(days(call.on)),
            Param::Text(call.way.direction()),
            Param::Text(call.way.outcome()),
            Param::OptId(call.contact_point.map(|point| point.0)),
            Param::Text(agreements),
            Param::Text(&call.caller),
            Param::OptId(call.message.map(|message| message.0)),
            Param::Text(taken),
            Param::Text(&call.evidence),
            Param::Int(call.recorded_at.micros()),
            Param::Text(&call.recorded_by),
        ]);
    }
    tx.insert_rows("call_record", &WRITTEN, Conflict::Ignore, &values)
}

/// A call by its id.
///
/// # Errors
/// What the database says.
pub fn find(tx: &mut Tx<'_>, id: CallId) -> Result<Option<CallRow>, StoreError> {
    let Some(part) = id.part() else { return Ok(None) };
    let sql = format!("select {COLUMNS} from call_record t where t.part = ?1 and t.call_id = ?2");
    tx.query_one(&sql, &[part_param(part), Param::Id(id.0)], read)
}

/// Calls by id, locked until the end of the transaction; those that do not exist are left out.
///
/// # Errors
/// What the database says.
pub fn locked(tx: &mut Tx<'_>, ids: &[CallId]) -> Result<Vec<CallRow>, StoreError> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    let known = ids.iter().filter_map(|id| id.part().map(|part| (part, *id)));
    let values: Vec<Param<'_>> = known.flat_map(|(part, id)| [part_param(part), Param::Id(id.0)]).collect();
    tx.query_keys_locked(COLUMNS, "call_record", &[PART, ("call_id", Column::Bytes)], &values, read)
}

/// Calls of customers, in the order in which they happened.
///
/// # Errors
/// What the database says.
pub fn of_customers(
    tx: &mut Tx<'_>,
    customers: &[CustomerId],
) -> Result<HashMap<CustomerId, Vec<CallRow>>, StoreError> {
    let values: Vec<Param<'_>> =
        customers.iter().flat_map(|id| [part_param(id.part()), Param::Id(id.0)]).collect();
    let mut found: HashMap<CustomerId, Vec<CallRow>> = HashMap::new();
    tx.each_key(COLUMNS, "call_record", &[PART, CUSTOMER], &values, |row| {
        let call = read(row)?;
        found.entry(call.customer).or_default().push(call);
        Ok(())
    })?;
    for calls in found.values_mut() {
        calls.sort_by_key(|call| (call.at, call.id));
    }
    Ok(found)
}

/// Sets what became of a call that is pending; `false` when it is known already.
///
/// # Errors
/// What the database says.
pub fn settle(
    tx: &mut Tx<'_>,
    id: CallId,
    outcome: PlacedOutcome,
    evidence: &str,
) -> Result<bool, StoreError> {
    let Some(part) = id.part() else { return Ok(false) };
    let sql = "update call_record set outcome = ?3, evidence = case when ?4 = '' then evidence else ?4 end \
        where part = ?1 and call_id = ?2 and direction = 'placed' and outcome = ?5";
    let params = [
        part_param(part),
        Param::Id(id.0),
        Param::Text(outcome.code()),
        Param::Text(evidence),
        Param::Text(PlacedOutcome::Pending.code()),
    ];
    Ok(tx.execute(sql, &params)? == 1)
}

/// Locks the rows of customers in one order, so that two transactions that count the same person's contacts follow one
/// another. On SQLite every writing transaction already does.
///
/// # Errors
/// What the database says.
pub fn lock_customers(tx: &mut Tx<'_>, customers: &[CustomerId]) -> Result<(), StoreError> {
    let mut ids = customers.to_vec();
    ids.sort_unstable_by_key(|id| (id.part(), *id));
    ids.dedup();
    // One after the other: a statement over many keys locks them in an order of its own.
    for id in ids {
        let values = [part_param(id.part()), Param::Id(id.0)];
        tx.query_keys_locked("t.customer_id", "customer", &[PART, CUSTOMER], &values, |_| Ok(()))?;
    }
    Ok(())
}

/// Counts contacts that have happened, whatever the caps say: a recorded call, a contact before the portfolio was
/// loaded.
///
/// # Errors
/// What the database says.
pub fn add_count(
    tx: &mut Tx<'_>,
    customer: CustomerId,
    key: Key,
    day: Date,
    number: u32,
) -> Result<(), StoreError> {
    let sql = "insert into contact_count (part, counter_key, day, n) values (?1, ?2, ?3, ?4) \
        on conflict (part, counter_key, day) do update set n = contact_count.n + excluded.n";
    let params =
        [part_param(customer.part()), Param::Id(key.0), Param::Int(days(day)), Param::Int(i64::from(number))];
    tx.execute(sql, &params)?;
    Ok(())
}

/// What a counter stands at on a day.
///
/// # Errors
/// What the database says.
pub fn count_of(tx: &mut Tx<'_>, customer: CustomerId, key: Key, day: Date) -> Result<u32, StoreError> {
    let sql = "select n from contact_count where part = ?1 and counter_key = ?2 and day = ?3";
    let params = [part_param(customer.part()), Param::Id(key.0), Param::Int(days(day))];
    let found = tx.query_one(sql, &params, |row| Ok(row.int(0)))?;
    Ok(found.map_or(0, |number| u32::try_from(number).unwrap_or(u32::MAX)))
}

/// The business dates on which contact with each agreement was decided on and is in one of `states`; two channels of one
/// decision are one contact.
///
/// # Errors
/// What the database says.
pub fn contact_days(
    tx: &mut Tx<'_>,
    agreements: &[(dunlin_domain::id::Part, AgreementId)],
    states: &[MessageState],
) -> Result<HashMap<AgreementId, BTreeSet<Date>>, StoreError> {
    let values: Vec<Param<'_>> =
        agreements.iter().flat_map(|(part, id)| [part_param(*part), Param::Id(id.0)]).collect();
    let mut days: HashMap<AgreementId, BTreeSet<Date>> = HashMap::new();
    let keys = [PART, ("agreement_id", Column::Bytes)];
    tx.each_key("t.agreement_id, t.state, t.business_date", "message", &keys, &values, |row| {
        if MessageState::parse(row.text(1)).is_some_and(|state| states.contains(&state)) {
            days.entry(AgreementId(row.id16(0))).or_default().insert(date_of(row.int(2)));
        }
        Ok(())
    })?;
    Ok(days)
}

/// How many contacts each agreement had that were carried out, after the given day: what was handed over and not refused.
///
/// # Errors
/// What the database says.
pub fn contact_counts(
    tx: &mut Tx<'_>,
    since: &HashMap<AgreementId, (dunlin_domain::id::Part, Date)>,
) -> Result<HashMap<AgreementId, u32>, StoreError> {
    contact_counts_before(tx, since, Date::NEVER)
}

/// The same of contacts that were decided on before a business date only.
///
/// # Errors
/// What the database says.
pub fn contact_counts_before(
    tx: &mut Tx<'_>,
    since: &HashMap<AgreementId, (dunlin_domain::id::Part, Date)>,
    before: Date,
) -> Result<HashMap<AgreementId, u32>, StoreError> {
    let agreements: Vec<_> = since.iter().map(|(id, (part, _))| (*part, *id)).collect();
    let days = contact_days(tx, &agreements, &[MessageState::Accepted, MessageState::Delivered])?;
    let count = |(id, days): (AgreementId, BTreeSet<Date>)| {
        let from = since.get(&id).map_or(Date::NEVER, |(_, from)| *from);
        let counted = days.into_iter().filter(|on| *on > from && *on < before).count();
        (id, u32::try_from(counted).unwrap_or(u32::MAX))
    };
    Ok(days.into_iter().map(count).filter(|(_, count)| *count > 0).collect())
}

/// When messages about an agreement went out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PastMessages {
    /// The last of them, by any channel.
    pub last: Option<Timestamp>,
    /// All texts.
    pub texts: Vec<Timestamp>,
}

/// The messages about each of the agreements that went out, those of `not` left aside; an agreement without any is left out.
///
/// # Errors
/// What the database says.
pub fn past_messages(
    tx: &mut Tx<'_>,
    agreements: &[(dunlin_domain::id::Part, AgreementId)],
    not: &[MessageId],
) -> Result<HashMap<AgreementId, PastMessages>, StoreError> {
    let values: Vec<Param<'_>> =
        agreements.iter().flat_map(|(part, id)| [part_param(*part), Param::Id(id.0)]).collect();
    let mut past: HashMap<AgreementId, PastMessages> = HashMap::new();
    let keys = [PART, ("agreement_id", Column::Bytes)];
    let select = "t.agreement_id, t.message_id, t.state, t.state_at, t.channel";
    tx.each_key(select, "message", &keys, &values, |row| {
        let went_out = matches!(
            MessageState::parse(row.text(2)),
            Some(
                MessageState::Accepted
                    | MessageState::Delivered
                    | MessageState::Sending
                    | MessageState::Unknown
            )
        );
        let channel = row.opt_text(4).and_then(Channel::parse);
        let (true, Some(channel)) = (went_out && !not.contains(&MessageId(row.id16(1))), channel) else {
            return Ok(());
        };
        let at = Timestamp::from_micros(row.int(3));
        let of_agreement = past.entry(AgreementId(row.id16(0))).or_default();
        of_agreement.last = of_agreement.last.max(Some(at));
        if channel == Channel::Sms {
            of_agreement.texts.push(at);
        }
        Ok(())
    })?;
    Ok(past)
}

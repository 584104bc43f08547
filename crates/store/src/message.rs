//! Messages and their states: the outbox.

use std::collections::{HashMap, HashSet};

use dunlin_domain::contact::{Channel, Language};
use dunlin_domain::date::{BusinessDate, Date, Timestamp};
use dunlin_domain::id::{AgreementId, ContactPointId, CustomerId, MessageId, Part, PauseId};
use dunlin_domain::message::MessageState;
use dunlin_domain::reason::Reason;
use dunlin_domain::verdict::PlannedMessage;

use crate::agreement::{damaged, date_of, days, part_of, part_param};
pub use crate::attempt::{
    AttemptRow, NewAttempt, NewOutcome, NewReceipt, attempts_of, insert_attempts, insert_outcomes,
    insert_receipts, receipts_of, taken_later, units_of_attempt,
};
pub use crate::budget::{give_back_budget, take_budget, take_budgets};
use crate::run::Span;
use crate::{Column, Conflict, Dialect, Param, Row, StoreError, Tx, outbox};

const PART: (&str, Column) = ("part", Column::Int);
const MESSAGE: (&str, Column) = ("message_id", Column::Bytes);

/// A message to be added, in state queued or held.
pub struct NewMessage {
    /// What was decided.
    pub planned: PlannedMessage,
    /// The language.
    pub language: Language,
    /// The strategy, `name@version`.
    pub strategy: String,
    /// Its row.
    pub row: String,
}

/// Adds messages in the transaction of their decision.
///
/// # Errors
/// What the database says; the same holds for every function here.
pub fn insert(
    tx: &mut Tx<'_>,
    messages: &[NewMessage],
    business_date: BusinessDate,
    at: Timestamp,
) -> Result<u64, StoreError> {
    const COLUMNS: [(&str, Column); 18] = [
        PART,
        MESSAGE,
        ("agreement_id", Column::Bytes),
        ("customer_id", Column::Bytes),
        ("contact_point_id", Column::Bytes),
        ("channel", Column::Text),
        ("template", Column::Text),
        ("language", Column::Text),
        ("strategy", Column::Text),
        ("strategy_row", Column::Text),
        ("state", Column::Text),
        ("state_at", Column::Int),
        ("business_date", Column::Int),
        ("expires_at", Column::Int),
        ("next_attempt_at", Column::Int),
        ("pause_id", Column::Bytes),
        ("replaces", Column::Bytes),
        ("attempt_count", Column::Int),
    ];
    let columns: Vec<(&str, Column)> = COLUMNS.into_iter().chain([("state_detail", Column::Text)]).collect();
    let mut values = Vec::with_capacity(messages.len() * columns.len());
    for message in messages {
        let planned = &message.planned;
        let state = if planned.held_by.is_some() { MessageState::Held } else { MessageState::Queued };
        let next_attempt_at = planned.held_by.is_none().then_some(planned.not_before.micros());
        values.extend([
            part_param(planned.customer.part()),
            Param::Id(planned.id.0),
            Param::Id(planned.agreement.0),
            Param::Id(planned.customer.0),
            Param::OptId(planned.contact_point.map(|point| point.0)),
            Param::OptText(planned.channel.map(Channel::code)),
            Param::Text(&planned.template),
            Param::Text(message.language.code()),
            Param::Text(&message.strategy),
            Param::Text(&message.row),
            Param::Text(state.code()),
            Param::Int(at.micros()),
            Param::Int(days(business_date.0)),
            Param::Int(planned.expires_at.micros()),
            Param::OptInt(next_attempt_at),
            Param::OptId(planned.held_by.map(|pause| pause.0)),
            Param::OptId(planned.replaces.map(|held| held.0)),
            Param::Int(0),
            Param::Text(""),
        ]);
    }
    let inserted = tx.insert_rows("message", &columns, Conflict::Ignore, &values)?;
    // Of those that were there already, their rows say when something is to be done with them; that is noted already.
    if inserted == messages.len() as u64 {
        let due = |planned: &PlannedMessage| planned.held_by.is_none().then_some(planned.not_before);
        outbox::reschedule(tx, messages.iter().map(|new| (new.planned.id, None, due(&new.planned))))?;
    } else {
        outbox::add_missing(tx, messages.iter().map(|new| new.planned.id))?;
    }
    let replaced: Vec<MessageId> = messages.iter().filter_map(|message| message.planned.replaces).collect();
    for held in replaced {
        let sql =
            "update message set state = ?3, state_at = ?4 where part = ?1 and message_id = ?2 and state = ?5";
        let part = held.part().ok_or_else(|| damaged(format!("message {held} has no part")))?;
        let (state, was) = (MessageState::Replaced.code(), MessageState::Held.code());
        let params = [
            part_param(part),
            Param::Id(held.0),
            Param::Text(state),
            Param::Int(at.micros()),
            Param::Text(was),
        ];
        tx.execute(sql, &params)?;
    }
    Ok(inserted)
}

/// The notices that a pause held and that still waited at `moment`, in the order of their ids: the order in which they are
/// made good. Those of agreements that were not overdue any more on `day`, the one before, need no turn and are left out.
///
/// # Errors
/// What the database says.
pub fn ids_waiting_for(
    tx: &mut Tx<'_>,
    pause: PauseId,
    moment: Timestamp,
    day: Date,
) -> Result<Vec<MessageId>, StoreError> {
    let sql = "select m.message_id from part_number n join message m on m.part = n.part \
        where m.pause_id = ?1 and (m.state = ?2 or m.state_at >= ?3) \
        and exists (select 1 from verdict v where v.part = m.part and v.agreement_id = m.agreement_id \
            and v.from_on <= ?4 and v.through_on >= ?4) order by m.message_id";
    let held = Param::Text(MessageState::Held.code());
    let params = [Param::Id(pause.0), held, Param::Int(moment.micros()), Param::Int(days(day))];
    tx.query(sql, &params, |row| Ok(MessageId(row.id16(0))))
}

/// Takes back held notices: their debt was paid before the pause ended, or something else stands in the way after it.
///
/// # Errors
/// What the database says.
pub fn withdraw(tx: &mut Tx<'_>, held: &[(MessageId, Reason)], at: Timestamp) -> Result<(), StoreError> {
    let sql = "update message set state = ?3, state_at = ?4, state_detail = ?5 \
        where part = ?1 and message_id = ?2 and state = ?6";
    for (id, reason) in held {
        let detail = match reason {
            Reason::PaidMeanwhile => format!("{reason}: nothing is due any more"),
            _ => format!("{reason}: the pause is over, and no contact is to be made now"),
        };
        let part = id.part().ok_or_else(|| damaged(format!("message {id} has no part")))?;
        let params = [
            part_param(part),
            Param::Id(id.0),
            Param::Text(MessageState::Cancelled.code()),
            Param::Int(at.micros()),
            Param::Text(&detail),
            Param::Text(MessageState::Held.code()),
        ];
        tx.execute(sql, &params)?;
    }
    Ok(())
}

/// A contact that a lender had before Dunlin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastMessage {
    /// Its id, hashed from the lender's.
    pub id: MessageId,
    /// The agreement that it was about.
    pub agreement: AgreementId,
    /// The person.
    pub customer: CustomerId,
    /// The medium.
    pub channel: Channel,
    /// What became of it.
    pub state: MessageState,
    /// When.
    pub sent_at: Timestamp,
    /// The day in the lender's calendar.
    pub business_date: Date,
    /// The lender's word for the outcome and its id of the contact.
    pub outcome: String,
    /// The number or address, where it is known.
    pub contact_point: Option<ContactPointId>,
    /// Which of the customer's agreements it was about: empty for one, else [`ABOUT_ALL`].
    pub about: &'static str,
    /// The provider that took it, where that is known.
    pub provider: Option<String>,
}

/// What stands in place of a strategy's row for a past contact that was about all agreements of a customer.
pub const ABOUT_ALL: &str = "every_agreement";

/// Adds past contacts; those that are there already stay. Returns how many were new.
///
/// # Errors
/// What the database says.
pub fn insert_past(tx: &mut Tx<'_>, messages: &[PastMessage]) -> Result<u64, StoreError> {
    let columns = [
        PART,
        MESSAGE,
        ("agreement_id", Column::Bytes),
        ("customer_id", Column::Bytes),
        ("channel", Column::Text),
        ("template", Column::Text),
        ("language", Column::Text),
        ("strategy", Column::Text),
        ("strategy_row", Column::Text),
        ("state", Column::Text),
        ("state_at", Column::Int),
        ("state_detail", Column::Text),
        ("business_date", Column::Int),
        ("expires_at", Column::Int),
        ("attempt_count", Column::Int),
        ("contact_point_id", Column::Bytes),
        ("provider", Column::Text),
    ];
    let mut values = Vec::with_capacity(messages.len() * columns.len());
    for message in messages {
        values.extend([
            part_param(message.customer.part()),
            Param::Id(message.id.0),
            Param::Id(message.agreement.0),
            Param::Id(message.customer.0),
            Param::Text(message.channel.code()),
            Param::Text("imported"),
            Param::Text(Language::Zh.code()),
            Param::Text("imported"),
            Param::Text(message.about),
            Param::Text(message.state.code()),
            Param::Int(message.sent_at.micros()),
            Param::Text(&message.outcome),
            Param::Int(days(message.business_date)),
            Param::Int(message.sent_at.micros()),
            Param::Int(0),
            Param::OptId(message.contact_point.map(|point| point.0)),
            Param::OptText(message.provider.as_deref()),
        ]);
    }
    tx.insert_rows("message", &columns, Conflict::Ignore, &values)
}

/// A message as stored.
#[derive(Clone, Debug)]
pub struct MessageRow {
    /// The part.
    pub part: Part,
    /// Its id.
    pub id: MessageId,
    /// The agreement that it is about.
    pub agreement: AgreementId,
    /// The person it goes to.
    pub customer: CustomerId,
    /// The number or address.
    pub contact_point: Option<ContactPointId>,
    /// The medium.
    pub channel: Option<Channel>,
    /// The template's key.
    pub template: String,
    /// The language.
    pub language: Language,
    /// The strategy that decided, `name@version`.
    pub strategy: String,
    /// Its row.
    pub row: String,
    /// What became of it so far.
    pub state: MessageState,
    /// Since when.
    pub state_at: Timestamp,
    /// The provider's or the guard's words.
    pub state_detail: String,
    /// The business date of the decision.
    pub business_date: Date,
    /// When it goes out of date.
    pub expires_at: Timestamp,
    /// When something is to be done with it next.
    pub next_attempt_at: Option<Timestamp>,
    /// Attempts so far.
    pub attempt_count: u32,
    /// The provider of the last attempt.
    pub provider: Option<String>,
    /// The pause that holds it.
    pub pause: Option<PauseId>,
    /// The held notice that it replaces.
    pub replaces: Option<MessageId>,
    /// Where the number belongs that it was handed over for, by its first digits.
    pub area: Option<String>,
}

const COLUMNS: &str = "t.part, t.message_id, t.agreement_id, t.customer_id, t.contact_point_id, t.channel, t.template, \
    t.language, t.strategy, t.strategy_row, t.state, t.state_at, t.state_detail, t.business_date, t.expires_at, \
    t.next_attempt_at, t.attempt_count, t.provider, t.pause_id, t.replaces, t.area";

fn state_of(row: &Row<'_>, index: usize) -> Result<MessageState, StoreError> {
    let code = row.text(index);
    MessageState::parse(code).ok_or_else(|| damaged(format!("message state {code:?} is unknown")))
}

fn read_message(row: &Row<'_>) -> Result<MessageRow, StoreError> {
    let id = MessageId(row.id16(1));
    let unknown = |column: &str| damaged(format!("message {id}: {column} is not a known code"));
    let channel = match row.opt_text(5) {
        Some(code) => Some(Channel::parse(code).ok_or_else(|| unknown("channel"))?),
        None => None,
    };
    Ok(MessageRow {
        part: part_of(row, 0)?,
        id,
        agreement: AgreementId(row.id16(2)),
        customer: CustomerId(row.id16(3)),
        contact_point: row.opt_id16(4).map(ContactPointId),
        channel,
        template: row.text(6).to_owned(),
        language: Language::parse(row.text(7)).ok_or_else(|| unknown("language"))?,
        strategy: row.text(8).to_owned(),
        row: row.text(9).to_owned(),
        state: state_of(row, 10)?,
        state_at: Timestamp::from_micros(row.int(11)),
        state_detail: row.text(12).to_owned(),
        business_date: date_of(row.int(13)),
        expires_at: Timestamp::from_micros(row.int(14)),
        next_attempt_at: row.opt_int(15).map(Timestamp::from_micros),
        attempt_count: u32::try_from(row.int(16)).unwrap_or(u32::MAX),
        provider: row.opt_text(17).map(str::to_owned),
        pause: row.opt_id16(18).map(PauseId),
        replaces: row.opt_id16(19).map(MessageId),
        area: row.opt_text(20).map(str::to_owned),
    })
}

/// Which messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// Those of every channel.
    All,
    /// Those of one channel.
    Only(Channel),
    /// Those of every other channel.
    AllBut(Channel),
}

/// Messages of a span with something to do at `now`, part by part and in each the oldest first, locked; those that another
/// worker has locked are passed over. The order is the same whoever asks: of two messages to one person for whom there is
/// one left of a cap, the first gets it also after a crash.
///
/// # Errors
/// What the database says.
pub fn due(
    tx: &mut Tx<'_>,
    (span, of): (Span, Of),
    now: Timestamp,
    count_max: usize,
) -> Result<Vec<MessageRow>, StoreError> {
    let (is_of, channel) = match of {
        Of::All => ("", None),
        Of::Only(channel) => (" and t.channel = ?4", Some(channel)),
        Of::AllBut(channel) => (" and (t.channel is null or t.channel <> ?4)", Some(channel)),
    };
    // What a worker has in hand keeps its moment, so that claiming and ending a claim touch no index.
    // A batch is a number of ours, and there are few of them: a plan that is made once knows how little is wanted.
    let sql = match tx.dialect() {
        Dialect::Sqlite => format!(
            "select {COLUMNS} from part_number n join outbox o on o.part = n.part and o.due_at <= ?3 \
             join message t on t.part = o.part and t.message_id = o.message_id and t.next_attempt_at = o.due_at{is_of} \
             and (t.claimed_until is null or t.claimed_until <= ?3) where n.part >= ?1 and n.part <= ?2 \
             order by n.part, o.due_at, o.message_id limit {count_max}"
        ),
        // Part by part in the order of the key, so that no more is read and locked than is wanted.
        Dialect::Postgres => format!(
            "select {COLUMNS} from part_number n cross join lateral (select t.* from outbox o \
             join message t on t.part = o.part and t.message_id = o.message_id and t.next_attempt_at = o.due_at{is_of} \
             and (t.claimed_until is null or t.claimed_until <= ?3) \
             where o.part = n.part and o.due_at <= ?3 order by o.due_at, o.message_id limit {count_max} \
             for update of t skip locked) t where n.part >= ?1 and n.part <= ?2 order by n.part limit {count_max}"
        ),
    };
    let mut params = vec![part_param(span.first), part_param(span.last), Param::Int(now.micros())];
    params.extend(channel.map(|channel| Param::Text(channel.code())));
    let mut rows = tx.query(&sql, &params, read_message)?;
    rows.sort_by_key(|row| (row.part.number(), row.next_attempt_at, row.id));
    Ok(rows)
}

/// Messages by id, locked until the end of the transaction; those that do not exist are left out, and the order
/// is not defined.
///
/// # Errors
/// What the database says.
pub fn locked(tx: &mut Tx<'_>, ids: &[MessageId]) -> Result<Vec<MessageRow>, StoreError> {
    let mut ids = ids.to_vec();
    // In one order, so that two transactions seldom lock each other out.
    ids.sort_unstable();
    ids.dedup();
    let known = ids.iter().filter_map(|id| id.part().map(|part| (part, *id)));
    let values: Vec<Param<'_>> = known.flat_map(|(part, id)| [part_param(part), Param::Id(id.0)]).collect();
    tx.query_keys_locked(COLUMNS, "message", &[PART, MESSAGE], &values, read_message)
}

/// Messages by id, as they are now; those that do not exist are left out, and the order is not defined.
///
/// # Errors
/// What the database says.
pub fn by_ids(tx: &mut Tx<'_>, ids: &[MessageId]) -> Result<Vec<MessageRow>, StoreError> {
    let known = ids.iter().filter_map(|id| id.part().map(|part| (part, *id)));
    let values: Vec<Param<'_>> = known.flat_map(|(part, id)| [part_param(part), Param::Id(id.0)]).collect();
    tx.query_keys(COLUMNS, "message", &[PART, MESSAGE], &values, read_message)
}

/// A message by its id, not locked.
///
/// # Errors
/// What the database says.
pub fn find(tx: &mut Tx<'_>, id: MessageId) -> Result<Option<MessageRow>, StoreError> {
    let Some(part) = id.part() else { return Ok(None) };
    let sql = format!("select {COLUMNS} from message t where t.part = ?1 and t.message_id = ?2");
    tx.query_one(&sql, &[part_param(part), Param::Id(id.0)], read_message)
}

/// Workers that have messages in hand at `now`, with the part: their claims end after `now` and by `until`. Agents, who have
/// calls in hand, are none.
///
/// # Errors
/// What the database says.
pub fn claims(tx: &mut Tx<'_>, now: Timestamp, until: Timestamp) -> Result<Vec<(Part, String)>, StoreError> {
    let sql = "select distinct m.part, m.claimed_by from part_number n \
        join outbox o on o.part = n.part and o.due_at <= ?2 \
        join message m on m.part = o.part and m.message_id = o.message_id \
        where m.claimed_until > ?1 and m.claimed_until <= ?2 order by m.part, m.claimed_by";
    tx.query(sql, &[Param::Int(now.micros()), Param::Int(until.micros())], |row| {
        Ok((part_of(row, 0)?, row.text(1).to_owned()))
    })
}

/// Makes the messages due at `now` that a worker had in hand when it ended, within the claims of [`claims`].
///
/// # Errors
/// What the database says.
pub fn end_claims(
    tx: &mut Tx<'_>,
    part: Part,
    worker: &str,
    now: Timestamp,
    until: Timestamp,
) -> Result<(), StoreError> {
    let sql = "select m.message_id, m.next_attempt_at from outbox o \
        join message m on m.part = o.part and m.message_id = o.message_id \
        where o.part = ?1 and o.due_at <= ?4 and m.claimed_by = ?2 and m.claimed_until > ?3 and m.claimed_until <= ?4 \
        order by m.message_id";
    let params =
        [part_param(part), Param::Text(worker), Param::Int(now.micros()), Param::Int(until.micros())];
    let held = tx.query(sql, &params, |row| {
        Ok((MessageId(row.id16(0)), row.opt_int(1).map(Timestamp::from_micros)))
    })?;
    let was: HashMap<MessageId, Option<Timestamp>> = held.iter().copied().collect();
    let ended = |(id, _): &(MessageId, _)| {
        let now = Param::Int(now.micros());
        [
            part_param(part),
            Param::Id(id.0),
            Param::Text(worker),
            now,
            Param::OptText(None),
            Param::OptInt(None),
        ]
    };
    let values: Vec<Param<'_>> = held.iter().flat_map(ended).collect();
    const KEYS: [(&str, Column); 3] = [PART, MESSAGE, ("claimed_by", Column::Text)];
    const SETS: [(&str, Column); 3] =
        [("next_attempt_at", Column::Int), ("claimed_by", Column::Text), ("claimed_until", Column::Int)];
    let read = |row: &Row<'_>| Ok(MessageId(row.id16(0)));
    // Another worker of this machine may have ended them meanwhile.
    let ended = tx.update_rows_found("message", &KEYS, &SETS, &values, "message_id", read)?;
    outbox::reschedule(tx, ended.into_iter().map(|id| (id, was[&id], Some(now))))
}

/// Messages of customers by the same channels that wait and that nobody has in hand, whose detail begins with `reason`: of each
/// customer and channel.
///
/// # Errors
/// What the database says.
pub fn waiting_because(
    tx: &mut Tx<'_>,
    of: &HashSet<(CustomerId, Channel)>,
    reason: Reason,
) -> Result<Vec<MessageRow>, StoreError> {
    let mut customers: Vec<CustomerId> = of.iter().map(|(customer, _)| *customer).collect();
    customers.sort_unstable();
    customers.dedup();
    let values: Vec<Param<'_>> =
        customers.iter().flat_map(|id| [part_param(id.part()), Param::Id(id.0)]).collect();
    let keys = [PART, ("customer_id", Column::Bytes)];
    let read = |row: &Row<'_>| Ok((part_of(row, 0)?, AgreementId(row.id16(1))));
    let agreements = tx.query_keys("t.part, t.agreement_id", "agreement", &keys, &values, read)?;
    let values: Vec<Param<'_>> =
        agreements.iter().flat_map(|(part, id)| [part_param(*part), Param::Id(id.0)]).collect();
    let keys = [PART, ("agreement_id", Column::Bytes)];
    let read = |row: &Row<'_>| {
        let waits = row.text(1) == MessageState::Queued.code() && row.text(2).starts_with(reason.code());
        Ok((MessageId(row.id16(0)), waits))
    };
    let found = tx.query_keys("t.message_id, t.state, t.state_detail", "message", &keys, &values, read)?;
    let waiting: Vec<MessageId> = found.into_iter().filter(|(_, waits)| *waits).map(|(id, _)| id).collect();
    let mut rows = locked(tx, &waiting)?;
    rows.retain(|row| {
        row.state == MessageState::Queued
            && row.state_detail.starts_with(reason.code())
            && row.channel.is_some_and(|channel| of.contains(&(row.customer, channel)))
    });
    rows.sort_by_key(|row| row.id);
    Ok(rows)
}

/// The last business date on which a message was decided about each agreement, those by the strategies in `besides` left out.
///
/// # Errors
/// What the database says.
pub fn last_decided(
    tx: &mut Tx<'_>,
    agreements: &[(Part, AgreementId)],
    besides: &[&str],
) -> Result<HashMap<AgreementId, Date>, StoreError> {
    let values: Vec<Param<'_>> =
        agreements.iter().flat_map(|(part, id)| [part_param(*part), Param::Id(id.0)]).collect();
    let keys = [PART, ("agreement_id", Column::Bytes)];
    let mut last: HashMap<AgreementId, Date> = HashMap::new();
    tx.each_key("t.agreement_id, t.business_date, t.strategy", "message", &keys, &values, |row| {
        if !besides.contains(&row.text(2)) {
            let on = date_of(row.int(1));
            last.entry(AgreementId(row.id16(0))).and_modify(|last| *last = (*last).max(on)).or_insert(on);
        }
        Ok(())
    })?;
    Ok(last)
}

/// The messages about an agreement, oldest first.
///
/// # Errors
/// What the database says.
pub fn of_agreement(
    tx: &mut Tx<'_>,
    part: Part,
    agreement: AgreementId,
) -> Result<Vec<MessageRow>, StoreError> {
    let sql = format!(
        "select {COLUMNS} from message t where t.part = ?1 and t.agreement_id = ?2 order by t.business_date, t.message_id"
    );
    tx.query(&sql, &[part_param(part), Param::Id(agreement.0)], read_message)
}

/// Hands every message of one part to `visit`.
///
/// # Errors
/// What the database or `visit` says.
pub fn each_of_part(
    tx: &mut Tx<'_>,
    part: Part,
    mut visit: impl FnMut(MessageRow) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let sql = format!("select {COLUMNS} from message t where t.part = ?1 order by t.message_id");
    tx.each(&sql, &[part_param(part)], |row| visit(read_message(row)?))
}

/// What a message becomes, of what it was when it was read and locked.
#[derive(Clone, Debug)]
pub struct StateChange {
    /// The message.
    pub id: MessageId,
    /// The state that it is in.
    pub from: MessageState,
    /// The new state, or the same.
    pub state: MessageState,
    /// Since when it is in that state.
    pub since: Timestamp,
    /// The words of the provider or the guard.
    pub detail: String,
    /// When something was to be done, as it was read.
    pub due_at: Option<Timestamp>,
    /// When something is to be done next; of one that a worker hands over now, when that was.
    pub next_attempt_at: Option<Timestamp>,
    /// Attempts so far.
    pub attempt_count: u32,
    /// The provider of the last attempt.
    pub provider: Option<String>,
    /// The worker that hands it over now, or the agent who calls.
    pub claimed_by: Option<String>,
    /// Until when the worker has it in hand: nobody else takes it before.
    pub claimed_until: Option<Timestamp>,
    /// Where the number belongs, by its first digits.
    pub area: Option<String>,
}

const CHANGED: [(&str, Column); 9] = [
    ("state", Column::Text),
    ("state_at", Column::Int),
    ("state_detail", Column::Text),
    ("next_attempt_at", Column::Int),
    ("attempt_count", Column::Int),
    ("provider", Column::Text),
    ("claimed_by", Column::Text),
    ("claimed_until", Column::Int),
    ("area", Column::Text),
];

impl StateChange {
    /// Part and id, and the state that it is in.
    fn key(&self) -> Result<[Param<'_>; 3], StoreError> {
        let Self { id, from, state, .. } = self;
        assert!(from == state || from.can_become(*state), "message {id} cannot go from {from} to {state}");
        let part = id.part().ok_or_else(|| damaged(format!("message {id} has no part")))?;
        Ok([part_param(part), Param::Id(id.0), Param::Text(from.code())])
    }

    /// The message, when something was to be done with it, and when it is next.
    fn moments(&self) -> (MessageId, Option<Timestamp>, Option<Timestamp>) {
        (self.id, self.due_at, self.next_attempt_at)
    }

    /// The values of [`CHANGED`].
    fn values(&self) -> [Param<'_>; 9] {
        [
            Param::Text(self.state.code()),
            Param::Int(self.since.micros()),
            Param::Text(&self.detail),
            Param::OptInt(self.next_attempt_at.map(|moment| moment.micros())),
            Param::Int(i64::from(self.attempt_count)),
            Param::OptText(self.provider.as_deref()),
            Param::OptText(self.claimed_by.as_deref()),
            Param::OptInt(self.claimed_until.map(|moment| moment.micros())),
            Param::OptText(self.area.as_deref()),
        ]
    }
}

/// Moves messages to new states. They must have been read by [`due`] or [`locked`] in this transaction.
///
/// # Errors
/// What the database says.
///
/// # Panics
/// When a message cannot go that way, or is not in the state that the change says: the caller has locked it.
pub fn change_states(tx: &mut Tx<'_>, changes: &[StateChange]) -> Result<(), StoreError> {
    const KEYS: [(&str, Column); 3] = [PART, MESSAGE, ("state", Column::Text)];
    let mut values = Vec::with_capacity(changes.len() * (KEYS.len() + CHANGED.len()));
    for change in changes {
        values.extend(change.key()?);
        values.extend(change.values());
    }
    let found = tx.update_rows("message", &KEYS, &CHANGED, &values)?;
    assert!(found == changes.len() as u64, "a locked message stays in its state until the transaction ends");
    outbox::reschedule(tx, changes.iter().map(StateChange::moments))
}

/// Moves those of the messages that are still as their changes say: in state `from`, after `attempt_count` tries, and due
/// when they were. Which were moved; what became of the others meanwhile tells [`locked`]. Cheaper than locking all first, since nearly all are.
///
/// # Errors
/// What the database says.
///
/// # Panics
/// When a message cannot go that way.
pub fn change_unchanged(tx: &mut Tx<'_>, changes: &[StateChange]) -> Result<HashSet<MessageId>, StoreError> {
    const KEYS: [(&str, Column); 5] = [
        PART,
        MESSAGE,
        ("state", Column::Text),
        ("attempt_count", Column::Int),
        ("next_attempt_at", Column::Int),
    ];
    // In one order, so that two transactions seldom lock each other out.
    let mut ordered: Vec<&StateChange> = changes.iter().collect();
    ordered.sort_unstable_by_key(|change| change.id);
    let mut values = Vec::with_capacity(changes.len() * (KEYS.len() + CHANGED.len()));
    for change in ordered {
        values.extend(change.key()?);
        values.push(Param::Int(i64::from(change.attempt_count)));
        values.push(Param::OptInt(change.due_at.map(|moment| moment.micros())));
        values.extend(change.values());
    }
    let read = |row: &Row<'_>| Ok(MessageId(row.id16(0)));
    let found = tx.update_rows_found("message", &KEYS, &CHANGED, &values, "message_id", read)?;
    let found: HashSet<MessageId> = found.into_iter().collect();
    let moved = changes.iter().filter(|change| found.contains(&change.id));
    outbox::reschedule(tx, moved.map(StateChange::moments))?;
    Ok(found)
}

/// How many messages of a day and channel are in a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateCount {
    /// The business date of the decision.
    pub business_date: Date,
    /// The medium; `None` for held notices.
    pub channel: Option<Channel>,
    /// The state.
    pub state: MessageState,
    /// Messages.
    pub count: u64,
}

/// Counts messages of business dates `from..=through` by day, channel and state, over all parts.
///
/// # Errors
/// What the database says.
pub fn count_by_state(tx: &mut Tx<'_>, from: Date, through: Date) -> Result<Vec<StateCount>, StoreError> {
    let sql = "select m.business_date, m.channel, m.state, count(*) from part_number n \
        join message m on m.part = n.part and m.business_date >= ?1 and m.business_date <= ?2 \
        group by m.business_date, m.channel, m.state order by m.business_date, m.channel, m.state";
    tx.query(sql, &[Param::Int(days(from)), Param::Int(days(through))], |row| {
        Ok(StateCount {
            business_date: date_of(row.int(0)),
            channel: row.opt_text(1).and_then(Channel::parse),
            state: state_of(row, 2)?,
            count: u64::try_from(row.int(3)).unwrap_or(0),
        })
    })
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateOfMessage {
    /// Its state.
    pub state: MessageState,
    /// The words kept beside it.
    pub detail: String,
    /// The channel; `None` for a held notice.
    pub channel: Option<Channel>,
}

/// The states of one part's messages, with the words kept beside them.
///
/// # Errors
/// What the database says.
pub fn states_of_part(tx: &mut Tx<'_>, part: Part) -> Result<HashMap<MessageId, StateOfMessage>, StoreError> {
    let sql = "select message_id, state, state_detail, channel from message where part = ?1";
    let read = |row: &Row<'_>| {
        let (state, detail) = (state_of(row, 1)?, row.text(2).to_owned());
        let channel = row.opt_text(3).and_then(Channel::parse);
        Ok((MessageId(row.id16(0)), StateOfMessage { state, detail, channel }))
    };
    Ok(tx.query(sql, &[part_param(part)], read)?.into_iter().collect())
}

/// Agreements with a notice that a pause holds, over all parts.
///
/// # Errors
/// What the database says.
pub fn held_by(tx: &mut Tx<'_>, pause: PauseId) -> Result<Vec<(Part, AgreementId)>, StoreError> {
    let sql = "select m.part, m.agreement_id from part_number n join message m on m.part = n.part \
        where m.pause_id = ?1 and m.state = ?2 order by m.part, m.agreement_id";
    let state = Param::Text(MessageState::Held.code());
    tx.query(sql, &[Param::Id(pause.0), state], |row| Ok((part_of(row, 0)?, AgreementId(row.id16(1)))))
}

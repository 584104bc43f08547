//! What providers charge for the attempts that they took. Rows are only ever inserted.

use dunlin_domain::contact::Channel;
use dunlin_domain::date::Date;
use dunlin_domain::id::{AgreementId, MessageId, Part};
use dunlin_domain::message::MessageState;
use dunlin_domain::money::Currency;

use crate::agreement::{damaged, date_of, days, part_param};
use crate::{Column, Conflict, Param, Row, StoreError, Tx};

/// The charge for one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageCost {
    /// The message.
    pub message: MessageId,
    /// The attempt, counted from 0.
    pub index: u32,
    /// The provider.
    pub provider: String,
    /// The medium.
    pub channel: Channel,
    /// The day of the lender's calendar.
    pub on: Date,
    /// What it is charged in.
    pub currency: Currency,
    /// Segments of a text message, pages of a letter, minutes of an agent's call, else 1.
    pub units: u32,
    /// Of all units together, in millionths of the currency's unit.
    pub micros: i64,
}

/// What one provider charged for one channel over some days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CostTotal {
    /// The provider.
    pub provider: String,
    /// The medium.
    pub channel: Channel,
    /// What it is charged in.
    pub currency: Currency,
    /// Attempts that were taken.
    pub messages: u64,
    /// Their units.
    pub units: u64,
    /// In millionths of the currency's unit.
    pub micros: i128,
}

/// Adds charges; those that are there already stay.
///
/// # Errors
/// What the database says; the same holds for every function here.
pub fn insert(tx: &mut Tx<'_>, costs: &[MessageCost]) -> Result<(), StoreError> {
    let columns = [
        ("part", Column::Int),
        ("message_id", Column::Bytes),
        ("attempt_index", Column::Int),
        ("provider", Column::Text),
        ("channel", Column::Text),
        ("charged_on", Column::Int),
        ("currency", Column::Text),
        ("unit_count", Column::Int),
        ("cost_micros", Column::Int),
    ];
    let codes: Vec<String> = costs.iter().map(|cost| cost.currency.to_string()).collect();
    let mut values = Vec::with_capacity(costs.len() * columns.len());
    for (cost, code) in costs.iter().zip(&codes) {
        let part =
            cost.message.part().ok_or_else(|| damaged(format!("message {} has no part", cost.message)))?;
        values.extend([
            part_param(part),
            Param::Id(cost.message.0),
            Param::Int(i64::from(cost.index)),
            Param::Text(&cost.provider),
            Param::Text(cost.channel.code()),
            Param::Int(days(cost.on)),
            Param::Text(code),
            Param::Int(i64::from(cost.units)),
            Param::Int(cost.micros),
        ]);
    }
    tx.insert_rows("message_cost", &columns, Conflict::Ignore, &values).map(|_| ())
}

/// The charges for a message: currency, units and millionths of each attempt, in their order.
///
/// # Errors
/// What the database says.
pub fn of_message(tx: &mut Tx<'_>, id: MessageId) -> Result<Vec<(u32, Currency, i64)>, StoreError> {
    let Some(part) = id.part() else { return Ok(Vec::new()) };
    let sql = "select attempt_index, currency, cost_micros from message_cost \
        where part = ?1 and message_id = ?2 order by attempt_index";
    tx.query(sql, &[part_param(part), Param::Id(id.0)], |row| {
        let index = u32::try_from(row.int(0)).unwrap_or(u32::MAX);
        Ok((index, currency_of(row, 1)?, row.int(2)))
    })
}

/// What providers charged from one day through another, by provider, channel and currency.
///
/// # Errors
/// What the database says.
pub fn totals(tx: &mut Tx<'_>, from: Date, through: Date) -> Result<Vec<CostTotal>, StoreError> {
    let sql = "select c.provider, c.channel, c.currency, count(*), cast(sum(c.unit_count) as bigint), \
        cast(sum(c.cost_micros) as bigint) from part_number n join message_cost c on c.part = n.part \
        where c.charged_on >= ?1 and c.charged_on <= ?2 \
        group by c.provider, c.channel, c.currency order by c.provider, c.channel, c.currency";
    let count = |number: i64| u64::try_from(number).unwrap_or(0);
    tx.query(sql, &[Param::Int(days(from)), Param::Int(days(through))], |row| {
        let channel = Channel::parse(row.text(1));
        Ok(CostTotal {
            provider: row.text(0).to_owned(),
            channel: channel.ok_or_else(|| damaged(format!("channel {:?} is unknown", row.text(1))))?,
            currency: currency_of(row, 2)?,
            messages: count(row.int(3)),
            units: count(row.int(4)),
            micros: i128::from(row.int(5)),
        })
    })
}

/// A charge with the message that it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChargeOfMessage {
    /// The message.
    pub message: MessageId,
    /// What it is about.
    pub agreement: AgreementId,
    /// The business date on which it was decided on.
    pub business_date: Date,
    /// Whether it is known to have arrived.
    pub is_delivered: bool,
    /// The medium that was charged.
    pub channel: Channel,
    /// The day of the lender's calendar.
    pub on: Date,
    /// What it is charged in.
    pub currency: Currency,
    /// Its units.
    pub units: u32,
    /// In millionths of the currency's unit.
    pub micros: i64,
}

/// The charges of one part from one day through another, with their messages, by message and attempt.
///
/// # Errors
/// What the database says; [`StoreError::Data`] for a charge without a message.
pub fn of_part(
    tx: &mut Tx<'_>,
    part: Part,
    from: Date,
    through: Date,
) -> Result<Vec<ChargeOfMessage>, StoreError> {
    let sql = "select c.message_id, m.agreement_id, m.business_date, m.state, c.channel, c.charged_on, c.currency, \
        c.unit_count, c.cost_micros from message_cost c \
        left join message m on m.part = c.part and m.message_id = c.message_id \
        where c.part = ?1 and c.charged_on >= ?2 and c.charged_on <= ?3 order by c.message_id, c.attempt_index";
    tx.query(sql, &[part_param(part), Param::Int(days(from)), Param::Int(days(through))], |row| {
        let message = MessageId(row.id16(0));
        let lost = || damaged(format!("message {message} was charged for and does not exist"));
        let channel = Channel::parse(row.text(4));
        Ok(ChargeOfMessage {
            message,
            agreement: row.opt_id16(1).map(AgreementId).ok_or_else(lost)?,
            business_date: row.opt_int(2).map(date_of).ok_or_else(lost)?,
            is_delivered: row.opt_text(3) == Some(MessageState::Delivered.code()),
            channel: channel.ok_or_else(|| damaged(format!("channel {:?} is unknown", row.text(4))))?,
            on: date_of(row.int(5)),
            currency: currency_of(row, 6)?,
            units: u32::try_from(row.int(7)).unwrap_or(u32::MAX),
            micros: row.int(8),
        })
    })
}

fn currency_of(row: &Row<'_>, index: usize) -> Result<Currency, StoreError> {
    let code = row.text(index);
    Currency::parse(code).map_err(|error| damaged(format!("currency {code:?}: {error}")))
}

//! How much of a channel's limit for a day was used, span by span: the lease of a span makes its counts safe.

use std::collections::HashMap;

use dunlin_domain::contact::Channel;
use dunlin_domain::date::Date;
use dunlin_domain::money::Currency;

use crate::agreement::{damaged, days, part_param};
use crate::run::Span;
use crate::{Param, StoreError, Tx};

/// The counts of one channel on one day in one span.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChannelUse {
    /// Contacts planned.
    pub taken: i64,
    /// Agreements that found the limit used up.
    pub left_over: i64,
    /// Of those left over the day before, how many were looked at.
    pub left_over_seen: i64,
}

/// The counts of a span on a day, by currency of the strategy and channel.
///
/// # Errors
/// What the database says; the same holds for every function here.
pub fn of_day(
    tx: &mut Tx<'_>,
    span: Span,
    date: Date,
) -> Result<HashMap<(Currency, Channel), ChannelUse>, StoreError> {
    let sql = "select currency, channel, taken, left_over, left_over_seen from channel_use \
        where part = ?1 and business_date = ?2";
    let rows = tx.query(sql, &[part_param(span.first), Param::Int(days(date))], |row| {
        let currency = Currency::parse(row.text(0)).map_err(|error| damaged(error.to_string()))?;
        let channel = Channel::parse(row.text(1))
            .ok_or_else(|| damaged(format!("channel {:?} of a channel's use is unknown", row.text(1))))?;
        let counts = ChannelUse { taken: row.int(2), left_over: row.int(3), left_over_seen: row.int(4) };
        Ok(((currency, channel), counts))
    })?;
    Ok(rows.into_iter().collect())
}

/// Sets the counts of a channel on a day.
///
/// # Errors
/// What the database says.
pub fn set(
    tx: &mut Tx<'_>,
    span: Span,
    date: Date,
    (currency, channel): (Currency, Channel),
    counts: ChannelUse,
) -> Result<(), StoreError> {
    let sql = "insert into channel_use (part, business_date, currency, channel, taken, left_over, left_over_seen) \
        values (?1, ?2, ?3, ?4, ?5, ?6, ?7) on conflict (part, business_date, currency, channel) \
        do update set taken = excluded.taken, left_over = excluded.left_over, \
        left_over_seen = excluded.left_over_seen";
    let params = [
        part_param(span.first),
        Param::Int(days(date)),
        Param::Text(currency.code()),
        Param::Text(channel.code()),
        Param::Int(counts.taken),
        Param::Int(counts.left_over),
        Param::Int(counts.left_over_seen),
    ];
    tx.execute(sql, &params)?;
    Ok(())
}

//! Limits of channels: how much of a channel's day is left for an agreement, and who goes first.
//!
//! A limit is shared out among the spans of the database by their width, so that a span spends its share without asking
//! anybody. Of the agreements of a page those left over from the day before go first, then those that owe most; and as
//! long as some of those left over have not been looked at, places are kept for them.

use std::collections::HashMap;

use dunlin_domain::contact::Channel;
use dunlin_domain::date::Date;
use dunlin_domain::id::PART_COUNT;
use dunlin_domain::money::Currency;
use dunlin_domain::strategy::StrategyTable;
use dunlin_store::channel_use::{self, ChannelUse};
use dunlin_store::run::Span;
use dunlin_store::{StoreError, Tx};

/// What is left of the limits in one span on one day.
pub(crate) struct Capacity {
    span: Span,
    date: Date,
    used: HashMap<(Currency, Channel), ChannelUse>,
    /// How many were left over the day before.
    before: HashMap<(Currency, Channel), ChannelUse>,
    changed: Vec<(Currency, Channel)>,
}

impl Capacity {
    pub(crate) fn load(tx: &mut Tx<'_>, span: Span, date: Date) -> Result<Self, StoreError> {
        let used = channel_use::of_day(tx, span, date)?;
        let before = channel_use::of_day(tx, span, date.plus_days(-1))?;
        Ok(Self { span, date, used, before, changed: Vec::new() })
    }

    /// The channels that are full for an agreement; `is_left_over` when it goes first.
    pub(crate) fn full(&self, table: &StrategyTable, is_left_over: bool) -> Vec<Channel> {
        let is_full = |(channel, limit): &&(Channel, u32)| {
            let key = (table.currency, *channel);
            let used = self.used.get(&key).copied().unwrap_or_default();
            let kept = match is_left_over {
                true => 0,
                false => {
                    let left_over = self.before.get(&key).map_or(0, |before| before.left_over);
                    (left_over - used.left_over_seen).max(0)
                }
            };
            used.taken + kept >= share(*limit, self.span)
        };
        table.settings.capacity.iter().filter(is_full).map(|(channel, _)| *channel).collect()
    }

    /// Counts an agreement that was looked at: the channel it was given, or else the full one that it waits for.
    pub(crate) fn count(
        &mut self,
        table: &StrategyTable,
        is_left_over: bool,
        taken: Option<Channel>,
        waits_for: Option<Channel>,
    ) {
        for (channel, _) in &table.settings.capacity {
            let key = (table.currency, *channel);
            let add = ChannelUse {
                taken: i64::from(taken == Some(*channel)),
                left_over: i64::from(waits_for == Some(*channel)),
                left_over_seen: i64::from(is_left_over),
            };
            if add == ChannelUse::default() {
                continue;
            }
            let used = self.used.entry(key).or_default();
            used.taken += add.taken;
            used.left_over += add.left_over;
            used.left_over_seen += add.left_over_seen;
            self.changed.push(key);
        }
    }

    pub(crate) fn save(mut self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        self.changed.sort_unstable_by_key(|(currency, channel)| (currency.code(), *channel));
        self.changed.dedup();
        self.changed
            .iter()
            .try_for_each(|key| channel_use::set(tx, self.span, self.date, *key, self.used[key]))
    }
}

/// The part of a limit that a span may spend: by its width, so that the shares of all spans make the limit exactly.
fn share(limit: u32, span: Span) -> i64 {
    let through = |parts: u16| i64::from(limit) * i64::from(parts) / i64::from(PART_COUNT);
    through(span.last.number() + 1) - through(span.first.number())
}

#[cfg(test)]
mod tests {
    use dunlin_store::run::spans;

    use super::share;

    #[test]
    fn the_shares_of_all_spans_make_the_limit() {
        for (limit, width) in [(0, 1), (1, 1), (200, 64), (1_000, 3), (7, 1024), (u32::MAX, 100)] {
            let sum: i64 = spans(width).into_iter().map(|span| share(limit, span)).sum();
            assert_eq!(sum, i64::from(limit), "{limit} over spans of {width}");
        }
    }
}

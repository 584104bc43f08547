//! What messages cost: charged for what a provider took, and for nothing else.

use dunlin_delivery::{Handover, UnitCost, sms_length};
use dunlin_domain::contact::Channel;
use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::id::MessageId;
use dunlin_domain::message::ClearedMessage;
use dunlin_domain::wording;
use dunlin_store::message::{self, MessageRow};
pub use dunlin_store::message_cost::CostTotal;
use dunlin_store::message_cost::{self, MessageCost};
use dunlin_store::{StoreError, Tx};

use crate::{Engine, EngineError};

impl Engine {
    /// What providers charged from one day through another, by provider, channel and currency.
    ///
    /// # Errors
    /// `usage` for days in the wrong order; what the database says.
    pub fn costs(&self, from: Date, through: Date) -> Result<Vec<CostTotal>, EngineError> {
        if through < from {
            let complaint = wording!(
                "{from} 晚于 {through}；请把较早的日期写在前面",
                "{from} comes after {through}; give the first day first"
            );
            return Err(EngineError::Refused { code: "usage", complaint });
        }
        Ok(self.db.read(|tx| message_cost::totals(tx, from, through))?)
    }

    /// The charge for an attempt with this answer, by `pages` for a letter of so many; none where it was not taken, or the
    /// provider's price is not known.
    pub(crate) fn cost_of(
        &self,
        (provider, pages): (&str, Option<u32>),
        (row, cleared): (&MessageRow, &ClearedMessage),
        answer: &Handover,
        now: Timestamp,
    ) -> Option<MessageCost> {
        let Handover::Accepted { references } = answer else { return None };
        let cost = self.routing.get(provider)?.cost?;
        let (units, micros) = match pages {
            Some(pages) => (pages, letter_micros(cost, pages)),
            None => {
                let units = units_of(cleared.channel(), cleared.body().reveal(), references.len());
                (units, cost.micros.saturating_mul(i64::from(units)))
            }
        };
        let of = (row.id, row.attempt_count);
        Some(self.message_cost(of, (provider, cleared.channel()), cost, (units, micros), now))
    }
}

impl Engine {
    /// The charge for a call that an agent placed and told of at `now`; none where the team's price is not known.
    pub(crate) fn cost_of_call(
        &self,
        row: &MessageRow,
        dialled_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Option<MessageCost> {
        let provider = row.provider.as_deref()?;
        let cost = self.routing.get(provider)?.cost?;
        let (units, micros) =
            call_micros(cost, dialled_at.map(|at| (now.micros() - at.micros()) / 1_000_000));
        let of = (row.id, row.attempt_count.saturating_sub(1));
        Some(self.message_cost(of, (provider, Channel::Voice), cost, (units, micros), now))
    }

    /// Charges for attempts that were taken, as a receipt or an answer to a question shows, though the answer to the attempt
    /// itself was lost or is not there yet. Should that one still come, the charge stands as it is.
    pub(crate) fn charge_found_taken(
        &self,
        tx: &mut Tx<'_>,
        attempts: &[(&MessageRow, u32)],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut costs = Vec::new();
        for (row, index) in attempts {
            let Some((provider, units)) = message::units_of_attempt(tx, row.id, *index)? else { continue };
            let price = self.routing.get(&provider).and_then(|routing| routing.cost);
            let (Some(cost), Some(channel)) = (price, row.channel) else { continue };
            // An earlier version did not note the units; it is one at least.
            let units = units.unwrap_or(1);
            let micros = cost.micros.saturating_mul(i64::from(units));
            costs.push(self.message_cost((row.id, *index), (&provider, channel), cost, (units, micros), now));
        }
        message_cost::insert(tx, &costs)
    }

    /// The charge for one attempt, made at `now`.
    pub(crate) fn message_cost(
        &self,
        (message, index): (MessageId, u32),
        (provider, channel): (&str, Channel),
        cost: UnitCost,
        (units, micros): (u32, i64),
        now: Timestamp,
    ) -> MessageCost {
        MessageCost {
            message,
            index,
            provider: provider.to_owned(),
            channel,
            on: now.date_in(&self.zone),
            currency: cost.currency,
            units,
            micros,
        }
    }
}

/// Units and price of an agent's call of so many seconds: once, and for each minute that has begun where a minute has a
/// price. Where nobody knows when the number was dialled it is one minute.
fn call_micros(cost: UnitCost, seconds: Option<i64>) -> (u32, i64) {
    if cost.minute_micros == 0 {
        return (1, cost.micros);
    }
    let begun = seconds.map_or(1, |seconds| (seconds.max(1) + 59) / 60);
    let units = u32::try_from(begun).unwrap_or(u32::MAX);
    (units, cost.micros.saturating_add(cost.minute_micros.saturating_mul(begun)))
}

/// A letter costs once, and each page after the first what is set for it.
fn letter_micros(cost: UnitCost, pages: u32) -> i64 {
    let further = i64::from(pages.saturating_sub(1));
    cost.micros.saturating_add(cost.further_page_micros.saturating_mul(further))
}

/// What a provider counts: segments of a text message, as many as it named or as the text has; else the message.
pub(crate) fn units_of(channel: Channel, body: &str, reference_count: usize) -> u32 {
    match channel {
        Channel::Sms => {
            let named = u32::try_from(reference_count).unwrap_or(u32::MAX);
            let counted = u32::try_from(sms_length(body).segment_count).unwrap_or(u32::MAX);
            named.max(counted).max(1)
        }
        Channel::Email | Channel::Push | Channel::Voice | Channel::Letter => 1,
    }
}

/// Millionths of a currency's unit as people write them: six digits behind the point, without zeros at the end beyond
/// two.
#[must_use]
pub fn written(micros: i128) -> String {
    let (whole, behind) = (micros / 1_000_000, (micros % 1_000_000).unsigned_abs());
    let digits = format!("{behind:06}");
    let kept = digits.trim_end_matches('0').len().max(2);
    format!("{whole}.{}", &digits[..kept])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_costs_by_its_segments_and_a_mail_as_a_whole() {
        let long = "逾期".repeat(70);
        assert_eq!(units_of(Channel::Sms, "逾期", 1), 1);
        assert_eq!(units_of(Channel::Sms, &long, 3), 3);
        assert_eq!(units_of(Channel::Sms, &long, 1), 3);
        assert_eq!(units_of(Channel::Email, &long, 1), 1);
    }

    #[test]
    fn a_letter_costs_once_and_each_further_page_a_little() {
        let cost = UnitCost { further_page_micros: 150_000, ..UnitCost::parse("1.20 CNY").expect("a cost") };
        assert_eq!([1, 2, 3].map(|pages| letter_micros(cost, pages)), [1_200_000, 1_350_000, 1_500_000]);
        let flat = UnitCost::parse("1.20 CNY").expect("a cost");
        assert_eq!(letter_micros(flat, 3), 1_200_000);
    }

    #[test]
    fn a_call_costs_once_and_by_the_minutes_that_have_begun() {
        let cost = UnitCost { minute_micros: 500_000, ..UnitCost::parse("0.30 CNY").expect("a cost") };
        let check = |seconds, expected| assert_eq!(call_micros(cost, seconds), expected, "{seconds:?}");
        check(Some(0), (1, 800_000));
        check(Some(60), (1, 800_000));
        check(Some(61), (2, 1_300_000));
        check(None, (1, 800_000));
        assert_eq!(call_micros(UnitCost::parse("0.30 CNY").expect("a cost"), Some(600)), (1, 300_000));
    }

    #[test]
    fn less_than_a_cent_is_written_out() {
        let check = |micros: i128, expected: &str| assert_eq!(written(micros), expected);
        check(45_000, "0.045");
        check(12_340_000, "12.34");
        check(1_000_000, "1.00");
        check(0, "0.00");
        check(1, "0.000001");
    }
}

//! What became of calls, and the budgets that they give back.
//!
//! A call takes from the counters of calls taken and of calls not answered before it is placed, since whether somebody
//! answers shows only afterwards. Its outcome is set once, and then it gives back what it did not use up.

use std::collections::HashMap;

use dunlin_domain::compliance::PlacedOutcome;
use dunlin_domain::contact::Channel;
use dunlin_domain::id::{CallId, CustomerId, MessageId};
use dunlin_domain::message::{BudgetUse, ClearedMessage, Counter};
use dunlin_store::call::{self, CallRow, CallWay};
use dunlin_store::message::{MessageRow, NewReceipt};
use dunlin_store::{StoreError, Tx, person};

use super::clearing::{call_id, give_back};

/// Gives back what a message took that was surely not sent. `row` is the message as it was before the attempt.
pub(super) fn release(tx: &mut Tx<'_>, row: &MessageRow, cleared: &ClearedMessage) -> Result<(), StoreError> {
    if cleared.channel() == Channel::Voice {
        settle_of_message(tx, row, row.attempt_count + 1, PlacedOutcome::NotPlaced)
    } else {
        give_back(tx, cleared.budget())
    }
}

/// Settles the call of a message. An attempt that goes on after a lost answer goes on with the call of the one before.
fn settle_of_message(
    tx: &mut Tx<'_>,
    row: &MessageRow,
    attempt: u32,
    outcome: PlacedOutcome,
) -> Result<(), StoreError> {
    for attempt in (1..=attempt).rev() {
        if settle(tx, call_id(row, attempt), outcome, "")?.is_some() {
            break;
        }
    }
    Ok(())
}

/// Sets the outcome of a pending call, and gives back what it did not use up. Returns the call as it was; `None` when
/// there is no such call, or its outcome is known already.
pub(crate) fn settle(
    tx: &mut Tx<'_>,
    id: CallId,
    outcome: PlacedOutcome,
    evidence: &str,
) -> Result<Option<CallRow>, StoreError> {
    let Some(row) = call::locked(tx, &[id])?.pop() else { return Ok(None) };
    if row.way != CallWay::Placed(PlacedOutcome::Pending) || !call::settle(tx, id, outcome, evidence)? {
        return Ok(None);
    }
    let person = person::counted_as(tx, row.customer)?;
    give_back(tx, &unused(&row, person, outcome))?;
    Ok(Some(row))
}

/// The budgets that a call took and, with this outcome, did not use up.
fn unused(row: &CallRow, person: CustomerId, outcome: PlacedOutcome) -> Vec<BudgetUse> {
    let is_unused = |counter: &Counter| match (outcome, outcome.of_day()) {
        (PlacedOutcome::NotPlaced, _) => true,
        (_, Some(of_day)) => counter.is_given_back(of_day),
        (_, None) => false,
    };
    let Some(point) = row.contact_point else { return Vec::new() };
    let budget = |counter: Counter| BudgetUse {
        customer: person,
        counter,
        key: counter.key(person, point),
        day: row.on,
        cap: u32::MAX,
    };
    row.taken.iter().copied().filter(is_unused).map(budget).collect()
}

/// What a receipt says of a call: the codes of voice providers for what kept it from being taken.
pub(super) fn outcome_of(state: &str, code: &str) -> PlacedOutcome {
    let lower = code.to_ascii_lowercase().replace('-', "_");
    match (state, lower.as_str()) {
        ("delivered" | "read", "wrong_person" | "not_the_person") => PlacedOutcome::NotThePerson,
        ("delivered" | "read", "voicemail") => PlacedOutcome::Voicemail,
        ("delivered" | "read", _) => PlacedOutcome::Conversation,
        (_, "busy") => PlacedOutcome::Busy,
        (_, "voicemail_limited_content") => PlacedOutcome::LimitedContent,
        (_, "recorded_message_no_message_left") => PlacedOutcome::NoMessageLeft,
        (_, "not_in_service" | "unassigned" | "invalid_number") => PlacedOutcome::NotInService,
        (_, "voicemail") => PlacedOutcome::Voicemail,
        (_, "wrong_person" | "not_the_person") => PlacedOutcome::NotThePerson,
        (_, "dropped") => PlacedOutcome::Dropped,
        _ => PlacedOutcome::Unanswered,
    }
}

/// Settles the calls that receipts speak of; repeats change nothing.
pub(super) fn of_receipts(
    tx: &mut Tx<'_>,
    messages: &HashMap<MessageId, MessageRow>,
    receipts: &[NewReceipt],
) -> Result<(), StoreError> {
    for receipt in receipts {
        let Some(row) = messages.get(&receipt.message) else { continue };
        if row.channel == Some(Channel::Voice) {
            let outcome = outcome_of(&receipt.state, &receipt.code);
            settle_of_message(tx, row, row.attempt_count, outcome)?;
        }
    }
    Ok(())
}

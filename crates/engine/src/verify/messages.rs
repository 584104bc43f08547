//! Messages: each state, against the attempts, outcomes, receipts, pauses and other messages it must follow from.

use std::collections::{HashMap, HashSet};

use dunlin_domain::id::{MessageId, PauseId};
use dunlin_domain::message::MessageState;
use dunlin_store::check::Try;
use dunlin_store::message::MessageRow;

use super::findings::Findings;
use super::part::PartRows;

/// What is known beside a message's own row.
struct Proof<'p> {
    tries: &'p [Try],
    receipts: &'p [String],
    /// The pauses that exist.
    pauses: &'p HashSet<PauseId>,
    /// Whether the agreement's standing holds it.
    is_held: bool,
    /// The message that replaces it.
    replaced_by: Option<MessageId>,
}

/// Checks the messages of one part.
pub(super) fn check(rows: &PartRows, pauses: &HashSet<PauseId>, findings: &mut Findings) {
    let held: HashSet<MessageId> = rows
        .agreements
        .iter()
        .filter_map(|row| row.standing.as_ref().and_then(|standing| standing.held))
        .collect();
    let replaced_by: HashMap<MessageId, MessageId> =
        rows.messages.values().filter_map(|message| Some((message.replaces?, message.id))).collect();
    let named: HashSet<MessageId> =
        rows.verdicts.values().flatten().filter_map(|verdict| verdict.span.message).collect();
    let mut messages: Vec<&MessageRow> = rows.messages.values().collect();
    messages.sort_unstable_by_key(|message| message.id);
    for message in messages {
        let id = message.id;
        let proof = Proof {
            tries: rows.tries.get(&id).map_or(&[], Vec::as_slice),
            receipts: rows.receipts.get(&id).map_or(&[], Vec::as_slice),
            pauses,
            is_held: held.contains(&id),
            replaced_by: replaced_by.get(&id).copied(),
        };
        for complaint in complaints(message, &proof) {
            findings.add(|| format!("message {id} is {}, but {complaint}", message.state));
        }
        findings.require(is_imported(message) || named.contains(&id), || {
            format!("message {id} of agreement {} is named by no verdict", message.agreement)
        });
    }
    let mut missing: Vec<&MessageId> = held
        .iter()
        .chain(replaced_by.keys())
        .chain(rows.tries.keys())
        .chain(rows.receipts.keys())
        .filter(|id| !rows.messages.contains_key(id))
        .collect();
    missing.sort_unstable();
    missing.dedup();
    for id in missing {
        findings.add(|| format!("message {id} is named by other rows and does not exist"));
    }
}

/// Whether the lender made the contact before Dunlin: then only its outcome is known.
pub(crate) fn is_imported(message: &MessageRow) -> bool {
    message.strategy == "imported"
}

fn complaints(message: &MessageRow, proof: &Proof<'_>) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut require = |holds: bool, complaint: &str| {
        if !holds {
            complaints.push(complaint.to_owned());
        }
    };
    let is_counted = u32::try_from(proof.tries.len()) == Ok(message.attempt_count)
        && proof.tries.iter().zip(0..).all(|(attempt, index)| attempt.index == index);
    require(
        is_counted,
        &format!("counts {} attempts where {} are kept", message.attempt_count, proof.tries.len()),
    );
    let is_waiting =
        matches!(message.state, MessageState::Planned | MessageState::Queued | MessageState::Sending);
    require(
        is_waiting == message.next_attempt_at.is_some(),
        if is_waiting {
            "no moment is set for its next attempt"
        } else {
            "a moment is set for a next attempt"
        },
    );
    if is_imported(message) {
        let is_over = message.state.is_over() && proof.tries.is_empty() && proof.receipts.is_empty();
        require(is_over, "it was made before Dunlin, so nothing more can have happened to it");
        return complaints;
    }
    complaints.extend(state_complaint(message, proof).map(str::to_owned));
    complaints
}

/// Why the state does not follow from what is kept, if it does not.
fn state_complaint(message: &MessageRow, proof: &Proof<'_>) -> Option<&'static str> {
    let last = proof.tries.last();
    let last_outcome = last.and_then(|attempt| attempt.outcome.as_deref());
    let accepted =
        proof.tries.iter().filter(|attempt| attempt.outcome.as_deref() == Some("accepted")).count();
    let is_open = last.is_some_and(|attempt| attempt.outcome.is_none());
    let has_arrived = proof.receipts.iter().any(|word| word == "delivered" || word == "read");
    let has_failed = proof.receipts.iter().any(|word| word == "failed");
    let unless = |holds: bool, complaint: &'static str| (!holds).then_some(complaint);
    let not_sent = || {
        unless(accepted == 0, "a provider accepted it")
            .or_else(|| unless(!has_arrived, "a receipt says that it arrived"))
    };
    if accepted > 1 {
        return Some("providers accepted it twice");
    }
    match message.state {
        MessageState::Planned | MessageState::Queued => not_sent(),
        MessageState::Held => {
            unless(message.pause.is_some_and(|pause| proof.pauses.contains(&pause)), "no pause holds it")
                .or_else(|| unless(proof.is_held, "its agreement does not wait for the end of the pause"))
                .or_else(|| unless(proof.tries.is_empty(), "it was tried to send it"))
        }
        MessageState::Sending => unless(is_open, "no attempt is open").or_else(not_sent),
        MessageState::Accepted => {
            unless(last_outcome == Some("accepted"), "its last attempt was not accepted")
                .or_else(|| unless(!has_arrived && !has_failed, "a receipt says more"))
        }
        MessageState::Delivered => unless(has_arrived, "no receipt says so")
            .or_else(|| unless(!proof.tries.is_empty(), "it was never tried")),
        MessageState::Failed => {
            unless(last_outcome == Some("rejected") || has_failed, "neither a provider nor a receipt says so")
                .or_else(|| unless(!has_arrived, "a receipt says that it arrived"))
        }
        MessageState::Unknown => {
            unless(is_open || last_outcome == Some("unknown"), "its last attempt was answered")
                .or_else(|| unless(!has_arrived && !has_failed, "a receipt says more"))
        }
        MessageState::Expired | MessageState::Cancelled => not_sent()
            .or_else(|| unless(!is_open, "its last attempt was never answered, so it may have arrived")),
        MessageState::Replaced => unless(proof.replaced_by.is_some(), "no message replaces it"),
    }
}

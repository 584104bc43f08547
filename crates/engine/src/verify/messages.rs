//! Messages: each state, against the attempts, outcomes, receipts, pauses and other messages it must follow from.

use std::collections::{HashMap, HashSet};

use dunlin_domain::id::{MessageId, PauseId};
use dunlin_domain::message::MessageState;
use dunlin_store::check::Try;
use dunlin_store::inquiry::{InquiryRow, NEVER_TAKEN, UNDERWAY};
use dunlin_store::message::MessageRow;

use super::findings::Findings;
use super::part::PartRows;

/// What is known beside a message's own row.
struct Proof<'p> {
    tries: &'p [Try],
    receipts: &'p [String],
    /// What providers said when they were asked.
    asked: &'p [InquiryRow],
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
    let decided = rows.verdicts.values().flatten().filter_map(|verdict| verdict.span.message);
    let fallen_back = rows.fallbacks.values().filter_map(|row| row.message);
    let named: HashSet<MessageId> = decided.chain(fallen_back).collect();
    let mut messages: Vec<&MessageRow> = rows.messages.values().collect();
    messages.sort_unstable_by_key(|message| message.id);
    for message in messages {
        let id = message.id;
        let proof = Proof {
            tries: rows.tries.get(&id).map_or(&[], Vec::as_slice),
            receipts: rows.receipts.get(&id).map_or(&[], Vec::as_slice),
            asked: rows.inquiries.get(&id).map_or(&[], Vec::as_slice),
            pauses,
            is_held: held.contains(&id),
            replaced_by: replaced_by.get(&id).copied(),
        };
        for complaint in complaints(message, &proof) {
            findings.add(|| format!("message {id} is {}, but {complaint}", message.state));
        }
        findings.require(is_imported(message) || is_notice(message) || named.contains(&id), || {
            format!("message {id} of agreement {} is named by no verdict", message.agreement)
        });
    }
    let mut missing: Vec<&MessageId> = held
        .iter()
        .chain(replaced_by.keys())
        .chain(rows.tries.keys())
        .chain(rows.receipts.keys())
        .chain(rows.inquiries.keys())
        .chain(
            rows.fallbacks.values().flat_map(|row| [&row.after, &row.root].into_iter().chain(&row.message)),
        )
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

/// Whether it tells of something else than what is due, so that no verdict decided on it.
fn is_notice(message: &MessageRow) -> bool {
    message.strategy == crate::losses::NOTICE || message.strategy == crate::call_tasks::CALL_BACK
}

fn complaints(message: &MessageRow, proof: &Proof<'_>) -> Vec<String> {
    let mut complaints = Vec::new();
    let is_counted = u32::try_from(proof.tries.len()) == Ok(message.attempt_count)
        && proof.tries.iter().zip(0..).all(|(attempt, index)| attempt.index == index);
    if !is_counted {
        let kept = proof.tries.len();
        complaints.push(format!("counts {} attempts where {kept} are kept", message.attempt_count));
    }
    let is_waiting =
        matches!(message.state, MessageState::Planned | MessageState::Queued | MessageState::Sending);
    let may_fall_back = matches!(
        message.state,
        MessageState::Accepted | MessageState::Unknown | MessageState::Failed | MessageState::Expired
    );
    match (is_waiting, message.next_attempt_at.filter(|_| !may_fall_back)) {
        (true, None) => complaints.push("no moment is set for its next attempt".to_owned()),
        (false, Some(_)) => complaints.push("a moment is set for a next attempt".to_owned()),
        (true, Some(_)) | (false, None) => {}
    }
    if !is_imported(message) {
        complaints.extend(state_complaint(message, proof).map(str::to_owned));
    } else if !message.state.is_over() || !proof.tries.is_empty() || !proof.receipts.is_empty() {
        complaints.push("it was made before Dunlin, so nothing more can have happened to it".to_owned());
    }
    complaints
}

/// Why the state does not follow from what is kept, if it does not.
///
/// An attempt whose answer was lost stays open for ever, and only what knows messages by their ids is handed it again:
/// until a provider or a receipt says more, such a message is being sent or its outcome is unknown. What its provider says,
/// when it is asked, that it never took is as if it had not been tried.
fn state_complaint(message: &MessageRow, proof: &Proof<'_>) -> Option<&'static str> {
    let said = |index: i64, answer: &str| {
        proof.asked.iter().any(|asked| i64::from(asked.index) == index && asked.answer == answer)
    };
    let outcomes =
        || proof.tries.iter().filter_map(|attempt| attempt.outcome.as_ref().map(|(_, word)| word.as_str()));
    let tries = || proof.tries.iter().filter(|attempt| !said(attempt.index, NEVER_TAKEN));
    let is_open = tries().any(|attempt| attempt.outcome.is_none());
    let was_underway = proof.asked.iter().any(|asked| asked.answer == UNDERWAY);
    let is_accepted = was_underway || outcomes().any(|word| word == "accepted");
    let has_word =
        |attempt: &Try, wanted: &str| attempt.outcome.as_ref().is_some_and(|(_, word)| word == wanted);
    let is_unknown = tries().any(|attempt| has_word(attempt, "unknown"));
    let never_taken = proof.tries.last().is_some_and(|attempt| said(attempt.index, NEVER_TAKEN));
    let is_rejected = outcomes().next_back() == Some("rejected");
    let has_arrived = proof.receipts.iter().any(|word| word == "delivered" || word == "read");
    let has_failed = proof.receipts.iter().any(|word| word == "failed");
    let unless = |holds: bool, complaint: &'static str| (!holds).then_some(complaint);
    let not_taken = || {
        unless(!is_accepted, "a provider accepted it")
            .or_else(|| unless(!has_arrived, "a receipt says that it arrived"))
    };
    let no_more = || unless(!has_arrived && !has_failed, "a receipt says more");
    let none_open = || {
        unless(!is_open, "an attempt was never answered, so it may have arrived")
            .or_else(|| unless(!is_unknown, "the outcome of an attempt is unknown, so it may have arrived"))
    };
    if was_tried_after_acceptance(proof.tries) {
        return Some("it was tried again after a provider had accepted it");
    }
    match message.state {
        MessageState::Planned | MessageState::Queued => not_taken().or_else(none_open),
        MessageState::Held => {
            unless(message.pause.is_some_and(|pause| proof.pauses.contains(&pause)), "no pause holds it")
                .or_else(|| unless(proof.is_held, "its agreement does not wait for the end of the pause"))
                .or_else(|| unless(proof.tries.is_empty(), "it was tried"))
        }
        MessageState::Sending => unless(is_open, "no attempt is open").or_else(not_taken),
        MessageState::Accepted => unless(is_accepted, "no provider accepted it").or_else(no_more),
        MessageState::Delivered => unless(has_arrived, "no receipt says so")
            .or_else(|| unless(!proof.tries.is_empty(), "it was never tried")),
        MessageState::Failed => {
            unless(is_rejected || has_failed || never_taken, "neither a provider nor a receipt says so")
                .or_else(|| unless(!has_arrived, "a receipt says that it arrived"))
        }
        MessageState::Unknown => unless(is_open || is_unknown, "all of its attempts were answered")
            .or_else(|| unless(!is_accepted, "a provider accepted it"))
            .or_else(no_more),
        MessageState::Expired | MessageState::Cancelled => not_taken().or_else(none_open),
        MessageState::Replaced => unless(proof.replaced_by.is_some(), "no message replaces it"),
    }
}

fn was_tried_after_acceptance(tries: &[Try]) -> bool {
    let accepted_at = |attempt: &Try| match &attempt.outcome {
        Some((at, word)) if word == "accepted" => Some(*at),
        Some(_) | None => None,
    };
    // A slow worker may learn of an acceptance after another has tried again; that is no second message. Tries are counted in
    // their order, which the moments of a rehearsal's processes may belie.
    let was_after = |attempt: &Try, accepted: &Try| {
        attempt.index > accepted.index && accepted_at(accepted).is_some_and(|at| attempt.started_at > at)
    };
    tries.iter().any(|attempt| tries.iter().any(|accepted| was_after(attempt, accepted)))
}

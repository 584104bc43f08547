//! What providers answer, in the words that are stored, and the incidents that follow from it.

use std::collections::HashMap;

use dunlin_delivery::Handover;
use dunlin_domain::contact::Channel;
use dunlin_domain::date::Timestamp;
use dunlin_domain::id::{IncidentId, MessageId, hash_parts};
use dunlin_domain::reason::Reason;
use dunlin_store::message::MessageRow;
use dunlin_store::policy::{self, Incident};
use dunlin_store::{StoreError, Tx};

/// Waits before the next try, by the number of tries made.
pub(super) const BACK_OFF_SECONDS: [i64; 4] = [300, 900, 3_600, 14_400];

/// An answer in the words that are stored.
pub(super) struct Told {
    pub word: &'static str,
    /// The reason's code with a colon, where the answer keeps the message from arriving.
    pub reason: String,
    pub code: String,
    pub detail: String,
    pub next_attempt_at: Option<Timestamp>,
}

impl Told {
    pub(super) fn of(answer: &Handover, row: &MessageRow, now: Timestamp) -> Self {
        let tried = (row.attempt_count as usize).min(BACK_OFF_SECONDS.len() - 1);
        let later = Some(now.plus_seconds(BACK_OFF_SECONDS[tried]));
        let failed = format!("{}: ", Reason::ChannelFailed);
        let (word, reason, code, detail, next_attempt_at) = match answer {
            Handover::Accepted { references } => {
                return Self {
                    word: "accepted",
                    reason: String::new(),
                    code: String::new(),
                    detail: references.join(" "),
                    next_attempt_at: None,
                };
            }
            Handover::Throttled { code, detail, retry_after_seconds } => {
                let soon = Some(now.plus_seconds(i64::from(*retry_after_seconds)));
                ("throttled", failed, code.as_str(), detail.as_str(), soon)
            }
            Handover::Deferred { code, detail } => {
                ("deferred", failed, code.as_str(), detail.as_str(), later)
            }
            Handover::Unavailable { code, detail } => {
                ("unavailable", failed, code.as_str(), detail.as_str(), later)
            }
            Handover::Rejected { code, detail, address_is_bad } => {
                let reason =
                    if *address_is_bad { Reason::ContactPointInvalid } else { Reason::ChannelFailed };
                ("rejected", format!("{reason}: "), code.as_str(), detail.as_str(), None)
            }
            Handover::Unknown { code, detail } => {
                ("unknown", format!("{}: ", Reason::OutcomeUnknown), code.as_str(), detail.as_str(), None)
            }
            Handover::Expired => {
                ("expired", format!("{}: ", Reason::TooLate), "", "permit ran out", Some(now))
            }
        };
        Self { word, reason, code: code.to_owned(), detail: detail.to_owned(), next_attempt_at }
    }
}

/// Opens or counts on an incident for each channel that took nothing, and closes those of channels that did.
pub(super) fn note_incidents(
    tx: &mut Tx<'_>,
    provider: &str,
    failures: &HashMap<Channel, (MessageId, i64, String)>,
    recovered: &[Channel],
    now: Timestamp,
) -> Result<(), StoreError> {
    if failures.is_empty() && recovered.is_empty() {
        return Ok(());
    }
    let of_provider: Vec<Incident> =
        policy::incidents(tx)?.into_iter().filter(|incident| incident.provider == provider).collect();
    let open: Vec<&Incident> = of_provider.iter().filter(|incident| incident.closed_at.is_none()).collect();
    for (channel, (first, count, detail)) in failures {
        let known = open.iter().find(|incident| incident.channel == *channel);
        // Named by its number, so that two workers who see the failure at once open one incident.
        let number = of_provider.iter().filter(|incident| incident.channel == *channel).count() as u64;
        let parts: [&[u8]; 3] = [channel.code().as_bytes(), provider.as_bytes(), &number.to_le_bytes()];
        let incident = Incident {
            id: known.map_or_else(|| IncidentId(hash_parts("inc", &parts)), |known| known.id),
            channel: *channel,
            provider: provider.to_owned(),
            opened_at: now,
            first_message: Some(*first),
            detail: detail.clone(),
            failure_count: *count,
            last_failed_at: now,
            closed_at: None,
        };
        policy::note_incident(tx, &incident)?;
    }
    for incident in open.iter().filter(|incident| recovered.contains(&incident.channel)) {
        if !failures.contains_key(&incident.channel) {
            policy::close_incident(tx, incident.id, now)?;
        }
    }
    Ok(())
}

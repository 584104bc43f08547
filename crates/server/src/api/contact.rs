//! What the history of contact points looks like to programs. Numbers and addresses have their middle hidden.

use dunlin_engine::contact_history::{PointEvent, PointEventKind, PointHistory, PointNow};
use serde::Serialize;

/// A customer's contact points and all that happened to them.
#[derive(Serialize)]
pub struct PointHistoryJson {
    customer: String,
    contact_points: Vec<PointJson>,
    events: Vec<EventJson>,
}

#[derive(Serialize)]
struct PointJson {
    contact_point: String,
    id: String,
    kind: &'static str,
    party: &'static str,
    masked: String,
    state: &'static str,
    added_at: Option<String>,
    added_by: String,
    added_place: String,
    verified_on: Option<String>,
    verified_how: Option<&'static str>,
}

#[derive(Serialize)]
struct EventJson {
    contact_point: String,
    id: String,
    at: Option<String>,
    kind: &'static str,
    by: String,
    source: &'static str,
    place: String,
    reason: String,
    state_before: Option<&'static str>,
    state_after: Option<&'static str>,
    value_before: Option<String>,
    value_after: Option<String>,
    verified_on: Option<String>,
    verified_how: Option<&'static str>,
    is_current: Option<bool>,
}

impl PointHistoryJson {
    /// The document of a history.
    #[must_use]
    pub fn new(customer: &str, history: &PointHistory) -> Self {
        Self {
            customer: customer.to_owned(),
            contact_points: history.points.iter().map(point).collect(),
            events: history.events.iter().map(event).collect(),
        }
    }
}

fn point(now: &PointNow) -> PointJson {
    PointJson {
        contact_point: now.row.external_id.clone(),
        id: now.row.id.to_string(),
        kind: now.row.kind.code(),
        party: now.row.party.code(),
        masked: now.masked.clone(),
        state: now.row.state.code(),
        added_at: now.origin.at.map(|at| at.to_string()),
        added_by: now.origin.by.clone(),
        added_place: now.origin.place.clone(),
        verified_on: now.proof.as_ref().map(|proof| proof.verified_on.to_string()),
        verified_how: now.proof.as_ref().map(|proof| proof.how.code()),
    }
}

fn event(event: &PointEvent) -> EventJson {
    let mut json = EventJson {
        contact_point: event.external_id.clone(),
        id: event.point.to_string(),
        at: event.at.map(|at| at.to_string()),
        kind: "added",
        by: event.by.clone(),
        source: event.source.code(),
        place: event.place.clone(),
        reason: event.reason.clone(),
        state_before: None,
        state_after: None,
        value_before: None,
        value_after: None,
        verified_on: None,
        verified_how: None,
        is_current: None,
    };
    match &event.kind {
        PointEventKind::Added { value } => json.value_after = Some(value.clone()),
        PointEventKind::Changed { states: (before, after), values } => {
            json.kind = "changed";
            (json.state_before, json.state_after) = (Some(before.code()), Some(after.code()));
            if let Some((before, after)) = values {
                (json.value_before, json.value_after) = (Some(before.clone()), Some(after.clone()));
            }
        }
        PointEventKind::Verified { how, on, is_current } => {
            json.kind = "verified";
            (json.verified_on, json.verified_how) = (Some(on.to_string()), Some(how.code()));
            json.is_current = Some(*is_current);
        }
    }
    json
}

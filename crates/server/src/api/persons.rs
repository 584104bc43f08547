//! Who is one person: duplicates, and requests to merge and to split.

use dunlin_engine::persons::{Duplicate, MergeView, merge_text};
use serde_json::{Value, json};

/// A request to merge or to split.
#[must_use]
pub fn request_json(view: &MergeView) -> Value {
    let request = &view.request;
    json!({
        "request": merge_text(request.id),
        "kind": request.kind.code(),
        "customer": view.customer,
        "person": view.person,
        "state": request.state,
        "asked_at": request.asked_at.to_string(),
        "author": request.author,
        "decided_by": request.decided_by,
        "reason": request.reason,
    })
}

/// Customers that may be one person.
#[must_use]
pub fn duplicate_json(found: &Duplicate) -> Value {
    let shared: Vec<&str> = found.shared.iter().map(|kind| kind.code()).collect();
    json!({ "customers": found.customers, "has_same_name": found.has_same_name, "shared": shared })
}

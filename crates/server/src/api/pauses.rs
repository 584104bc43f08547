//! What pauses and gentler modes look like to programs.

use dunlin_domain::gentle_mode::GentleMode;
use dunlin_domain::pause::Pause;
use dunlin_engine::pauses::PausePreview;
use serde_json::{Value, json};

/// A pause.
#[must_use]
pub fn pause_json(pause: &Pause) -> Value {
    json!({
        "id": pause.id.to_string(),
        "kind": pause.kind.code(),
        "state": pause.state.code(),
        "channels": pause.scope.channels.iter().map(|channel| channel.code()).collect::<Vec<_>>(),
        "products": pause.scope.products,
        "buckets": pause.scope.buckets,
        "from": pause.from.to_string(),
        "through": pause.through.to_string(),
        "reason_zh": pause.reason_zh,
        "reason_en": pause.reason_en,
        "author": pause.author,
        "decided_by": pause.decided_by,
        "per_hour": pause.per_hour,
        "customer_zh": pause.customer_zh,
        "customer_en": pause.customer_en,
        "ended_on": pause.ended_on.map(|date| date.to_string()),
    })
}

/// Whom a pause would affect.
#[must_use]
pub fn preview_json(preview: &PausePreview) -> Value {
    let buckets = preview.by_bucket.iter().map(
        |((product, bucket), notices)| json!({ "product": product, "bucket": bucket, "notices": notices }),
    );
    json!({
        "customers": preview.customers,
        "notices_held": preview.notices,
        "by_bucket": buckets.collect::<Vec<_>>(),
        "overlaps": preview.overlaps.iter().map(|pause| pause.id.to_string()).collect::<Vec<_>>(),
        "resumes_on": preview.resumes_on.map(|date| date.to_string()),
    })
}

/// A gentler mode.
#[must_use]
pub fn mode_json(mode: &GentleMode) -> Value {
    json!({
        "id": mode.id.to_string(),
        "reason": mode.reason.code(),
        "effect": mode.effect.code(),
        "state": mode.state.code(),
        "products": mode.products,
        "buckets": mode.buckets,
        "segments": mode.segments,
        "from": mode.from.to_string(),
        "through": mode.through.map(|date| date.to_string()),
        "note": mode.note,
        "author": mode.author,
        "decided_by": mode.decided_by,
        "ended_on": mode.ended_on.map(|date| date.to_string()),
    })
}

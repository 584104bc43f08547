//! The time that passes while something is handed over.
//!
//! Promises that no message leaves after its permit has run out, however long those before it took, and that a batch ends
//! before another worker believes that it was left behind.

use std::time::{Duration, Instant};

use dunlin_domain::date::Timestamp;
use dunlin_domain::message::ClearedMessage;

use crate::handover::Handover;

/// No message of a batch is begun later than this.
const BEGIN_SECONDS_MAX: u64 = 120;

/// Since when something goes on.
#[derive(Clone, Copy)]
pub(crate) struct Since(Instant);

impl Since {
    /// Begins to count.
    #[expect(
        clippy::disallowed_methods,
        reason = "it measures how long something takes; the date comes from the caller"
    )]
    pub fn now() -> Self {
        Self(Instant::now())
    }

    /// How long ago that was.
    #[expect(
        clippy::disallowed_methods,
        reason = "it measures how long something takes; the date comes from the caller"
    )]
    pub fn passed(self) -> Duration {
        self.0.elapsed()
    }
}

/// A batch that is being handed over.
#[derive(Clone, Copy)]
pub(crate) struct Handing {
    at: Timestamp,
    since: Since,
}

impl Handing {
    /// It begins at `at`.
    pub fn begin(at: Timestamp) -> Self {
        Self { at, since: Since::now() }
    }

    /// The moment, which goes on while the batch takes its time.
    pub fn now(&self) -> Timestamp {
        let passed = i64::try_from(self.since.passed().as_micros()).unwrap_or(i64::MAX);
        Timestamp::from_micros(self.at.micros().saturating_add(passed))
    }

    /// For how long it has gone on.
    pub fn passed_seconds(&self) -> u64 {
        self.since.passed().as_secs()
    }

    /// Whether the permit of a message has run out meanwhile.
    pub fn has_expired(&self, message: &ClearedMessage) -> bool {
        message.expires_at() <= self.now()
    }

    /// Why a message is not begun any more: its permit has run out meanwhile, or the batch has taken its time, so that the
    /// rest comes with a later one.
    pub fn refusal(&self, message: &ClearedMessage) -> Option<Handover> {
        if self.has_expired(message) {
            return Some(Handover::Expired);
        }
        (self.passed_seconds() >= BEGIN_SECONDS_MAX).then(|| Handover::Throttled {
            code: "slow".to_owned(),
            detail: format!("the provider took longer than {BEGIN_SECONDS_MAX} s for those before it"),
            retry_after_seconds: 1,
        })
    }
}

//! The one place where the program reads the wall clock and the random source. Everything below takes both as
//! arguments, so a run under a fixed clock gives the same result again.

use std::time::{SystemTime, UNIX_EPOCH};

use dunlin_domain::date::Timestamp;

use crate::failure::Failure;

/// Names the moment at which the clock stands still; for tests and rehearsals.
const FIXED_BY: &str = "DUNLIN_NOW";

/// The wall clock, or a moment at which it was stopped.
#[derive(Clone, Copy, Debug)]
pub enum WallClock {
    /// It goes.
    Going,
    /// It shows this moment for ever.
    Stopped(Timestamp),
}

impl WallClock {
    /// The wall clock, unless `DUNLIN_NOW` stops it.
    ///
    /// # Errors
    /// When `DUNLIN_NOW` is no moment.
    pub fn from_environment() -> Result<Self, Failure> {
        match std::env::var(FIXED_BY) {
            Ok(text) if !text.is_empty() => parse_moment(&text).map(Self::Stopped),
            Ok(_) | Err(_) => Ok(Self::Going),
        }
    }

    /// The moment.
    #[must_use]
    pub fn now(self) -> Timestamp {
        match self {
            Self::Going => read_clock(),
            Self::Stopped(moment) => moment,
        }
    }
}

fn parse_moment(text: &str) -> Result<Timestamp, Failure> {
    let moment = text.parse::<jiff::Timestamp>();
    moment.map(|moment| Timestamp::from_micros(moment.as_microsecond())).map_err(|_| {
        Failure::refused(
            "now",
            format!("{FIXED_BY} {text:?} is no moment; write it as 2026-03-01T09:00:00+08:00, or unset it"),
        )
    })
}

/// # Panics
/// On a machine whose clock stands before 1970: no date of it could be believed.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
fn read_clock() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("the machine's clock is set");
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

/// 32 random bytes, enough for a key.
///
/// # Panics
/// When the system has no random source: keys that can be guessed are worse than no program.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one place that reads the random source")]
pub fn random_key() -> [u8; 32] {
    let mut key = [0; 32];
    getrandom::fill(&mut key).expect("the system gives random bytes");
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let told = match parse_moment(text) {
            Ok(moment) => moment.to_string(),
            Err(failure) => failure.to_string(),
        };
        assert_eq!(told, expected);
    }

    #[test]
    fn the_clock_is_stopped_only_at_a_moment_with_an_offset() {
        check("2026-03-01T09:00:00+08:00", "2026-03-01T01:00:00Z");
        check("2026-03-01T01:00:00Z", "2026-03-01T01:00:00Z");
        check(
            "2026-03-01",
            "error[now]: DUNLIN_NOW \"2026-03-01\" is no moment; write it as 2026-03-01T09:00:00+08:00, or unset it",
        );
    }

    #[test]
    fn a_key_is_not_given_twice() {
        assert_ne!(random_key(), random_key());
    }
}

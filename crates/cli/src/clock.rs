//! The one place where the program reads the wall clock and the random source. Everything below takes both as
//! arguments, so a run under a set clock gives the same result again.

use dunlin_domain::wording;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use dunlin_domain::date::Timestamp;

use crate::failure::Failure;

/// Names the moment at which the clock begins; for tests and rehearsals.
const SET_BY: &str = "DUNLIN_NOW";

/// The wall clock, or one that was set.
#[derive(Debug)]
pub enum WallClock {
    /// It goes.
    Going,
    /// It shows this moment, in microseconds since 1970, and is a microsecond further at each look: two things that
    /// one process does never happen at the same moment.
    Set(AtomicI64),
}

impl WallClock {
    /// The wall clock, unless `DUNLIN_NOW` sets it.
    ///
    /// # Errors
    /// When `DUNLIN_NOW` is no moment.
    pub fn from_environment() -> Result<Self, Failure> {
        match std::env::var(SET_BY) {
            Ok(text) if !text.is_empty() => parse_moment(&text).map(Self::set),
            Ok(_) | Err(_) => Ok(Self::Going),
        }
    }

    fn set(moment: Timestamp) -> Self {
        Self::Set(AtomicI64::new(moment.micros()))
    }

    /// The moment.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match self {
            Self::Going => read_clock(),
            Self::Set(micros) => Timestamp::from_micros(micros.fetch_add(1, Ordering::Relaxed)),
        }
    }
}

fn parse_moment(text: &str) -> Result<Timestamp, Failure> {
    let moment = text.parse::<jiff::Timestamp>();
    moment.map(|moment| Timestamp::from_micros(moment.as_microsecond())).map_err(|_| {
        Failure::refused(
            "now",
            wording!(
                "{SET_BY} 的值“{text}”不是时间；请写成 2026-03-01T09:00:00+08:00，或取消设置",
                "{SET_BY} {text:?} is no moment; write it as 2026-03-01T09:00:00+08:00, or unset it"
            ),
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
    use dunlin_domain::contact::Language;

    fn check(text: &str, expected: &str) {
        let told = match parse_moment(text) {
            Ok(moment) => moment.to_string(),
            Err(failure) => failure.lines(Language::En),
        };
        assert_eq!(told, expected);
    }

    #[test]
    fn the_clock_is_set_only_to_a_moment_with_an_offset() {
        check("2026-03-01T09:00:00+08:00", "2026-03-01T01:00:00Z");
        check("2026-03-01T01:00:00Z", "2026-03-01T01:00:00Z");
        check(
            "2026-03-01",
            "error[now]: DUNLIN_NOW \"2026-03-01\" is no moment; write it as 2026-03-01T09:00:00+08:00, or unset it",
        );
    }

    #[test]
    fn a_clock_that_was_set_never_shows_one_moment_twice() {
        let clock = WallClock::set(Timestamp::from_micros(7));
        assert_eq!([clock.now(), clock.now()].map(Timestamp::micros), [7, 8]);
    }

    #[test]
    fn a_key_is_not_given_twice() {
        assert_ne!(random_key(), random_key());
    }
}

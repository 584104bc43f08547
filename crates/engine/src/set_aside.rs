//! What stops one account stops nobody else: a row of a customer or an agreement that cannot be read, a zone that is unknown,
//! a key that does not open.
//!
//! A page of the day and a batch of sending are one transaction each. One that fails over an account is undone; those that
//! fail by themselves are found by halves, each leaves an incident that names the customer and the remedy, and the
//! others go on without them. What is no account's fault (the database, a lease, a strategy that is missing) stops the
//! work as before, and so does what befalls everybody.

mod day;
mod sending;

use std::convert::Infallible;

use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::id::{AgreementId, CustomerId, Part};
use dunlin_store::{Db, StoreError, Tx, agreement_incident, customer};

use crate::EngineError;

pub(crate) use self::day::{close_mended, set_unreadable_aside};
pub(crate) use self::sending::NotReady;

/// The incident of an agreement that a day could not work.
pub(crate) const NOT_WORKED: &str = "agreement_not_worked";
/// The incident of an agreement whose message could not be made ready.
pub(crate) const NOT_SENT: &str = "message_not_ready";

/// So many that fail while none works are no matter of single accounts.
const FAILED_ONLY_COUNT_MAX: usize = 100;

/// Whether an error may come from the data of one account.
pub(crate) fn is_of_account(error: &EngineError) -> bool {
    match error {
        EngineError::Store(error) => matches!(
            error,
            StoreError::Data { .. }
                | StoreError::Cipher(_)
                | StoreError::Duplicate { .. }
                | StoreError::Constraint { .. }
        ),
        EngineError::Money(_)
        | EngineError::Fact(_)
        | EngineError::NotFound { .. }
        | EngineError::NoPolicy { .. }
        | EngineError::Refused { .. } => true,
        EngineError::Portfolio(_)
        | EngineError::Policy(_)
        | EngineError::Delivery(_)
        | EngineError::Font(_)
        | EngineError::DayIsClosed { .. }
        | EngineError::DayNotBegun { .. }
        | EngineError::NoDayYet
        | EngineError::NoStatement { .. }
        | EngineError::LeaseLost => false,
    }
}

/// How work that is tried ends: never by being kept.
enum Undone {
    Worked,
    Failed(EngineError),
}

impl From<StoreError> for Undone {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

/// Tries work and keeps nothing of it. Returns the error, where it may come from the data of one account.
fn attempt(db: &Db, mut work: impl FnMut(&mut Tx<'_>) -> Result<(), EngineError>) -> Tried {
    let ended = db.write_as(|tx| -> Result<Infallible, Undone> {
        work(tx).map_err(Undone::Failed)?;
        Err(Undone::Worked)
    });
    match ended {
        Ok(never) => match never {},
        Err(Undone::Worked) => Ok(None),
        Err(Undone::Failed(error)) if is_of_account(&error) => Ok(Some(error)),
        Err(Undone::Failed(error)) => Err(error),
    }
}

/// The error with which a try failed; `None` where it worked.
type Tried = Result<Option<EngineError>, EngineError>;

/// Those of `all` that fail by themselves, each with its error; `fails` tries some of them and keeps nothing.
fn failing<'a, T>(
    all: &'a [T],
    fails: &mut dyn FnMut(&[T]) -> Tried,
) -> Result<Vec<(&'a T, EngineError)>, EngineError> {
    let mut found = Vec::new();
    let mut do_some_work = false;
    let mut open = vec![all];
    while let Some(some) = open.pop() {
        if some.is_empty() {
            continue;
        }
        let Some(error) = fails(some)? else {
            do_some_work = true;
            continue;
        };
        match some {
            [_] if !do_some_work && found.len() >= FAILED_ONLY_COUNT_MAX => return Err(error),
            [one] => found.push((one, error)),
            _ => {
                let (first, second) = some.split_at(some.len() / 2);
                open.extend([second, first]);
            }
        }
    }
    Ok(found)
}

/// What could not be worked, and whose it is.
struct Failed<'f> {
    part: Part,
    agreement: AgreementId,
    customer: CustomerId,
    /// The day that it is about.
    about_on: Date,
    /// What is wrong.
    error: String,
    /// What becomes of it until it is mended.
    until_then: &'f str,
}

/// Leaves the incident, which names the customer and the remedy.
fn note(tx: &mut Tx<'_>, code: &str, failed: &Failed<'_>, at: Timestamp) -> Result<(), StoreError> {
    let Failed { part, agreement, customer, about_on, error, until_then } = failed;
    let name = customer::external_ids(tx, &[*customer])?.remove(customer);
    let whose = name.map_or_else(|| customer.to_string(), |name| format!("{name:?}"));
    let detail = format!(
        "customer {whose}: {error}; put the row right by an import that corrects it, or restore it from a backup; {until_then}"
    );
    agreement_incident::note(tx, *part, *agreement, code, *about_on, &detail, at)?;
    Ok(())
}

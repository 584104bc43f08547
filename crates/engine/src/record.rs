//! A fact is taken into an agreement: written, and the agreement looked at by the day that it counts for.

use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::fact::Fact;
use dunlin_store::agreement::{self, AgreementRow, NewFact};
use dunlin_store::{Tx, run};

use crate::EngineError;
pub(crate) use crate::import::fact_id;

/// A fact to be recorded.
pub(crate) struct NewRecord<'r> {
    /// The agreement.
    pub row: &'r AgreementRow,
    /// The fact.
    pub fact: &'r Fact,
    /// The merchant of a purchase.
    pub note: &'r str,
    /// The hash of the row that an export writes of it.
    pub content_hash: [u8; 16],
    /// The moment, by the wall clock.
    pub now: Timestamp,
}

/// Records a fact; `false` when there is one of its id already, and nothing is changed then.
pub(crate) fn record(tx: &mut Tx<'_>, new: &NewRecord<'_>) -> Result<bool, EngineError> {
    let fact = NewFact {
        part: new.row.part,
        agreement: new.row.id,
        fact: new.fact,
        note: new.note,
        content_hash: new.content_hash,
        imported_at: new.now,
    };
    if agreement::insert_facts(tx, std::slice::from_ref(&fact))? == 0 {
        return Ok(false);
    }
    let wake_on = run::open_date(tx)?.unwrap_or(Date::from_days(0));
    agreement::wake(tx, &[(new.row.part, new.row.id)], wake_on, true, false)?;
    Ok(true)
}

//! The day goes on without agreements that it cannot work.

use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::id::{AgreementId, Part};
use dunlin_store::agreement::{self, AgreementRow, Unreadable};
use dunlin_store::run::{self, Lease, Span};
use dunlin_store::{StoreError, Tx, agreement_incident, audit};

use super::{Failed, NOT_WORKED, attempt, failing, note};
use crate::day_page::{DayContext, work_page};
use crate::day_run::{due_page, is_worked};
use crate::{Engine, EngineError};

const UNTIL_THEN: &str = "until then nothing is decided about the agreement, and each day tries it again";

impl Engine {
    /// After a page that came to nothing: finds the agreements that fail by themselves, leaves an incident for each, and puts
    /// them off until the next day.
    ///
    /// # Errors
    /// `error` itself, where no agreement fails; what is no account's fault.
    pub(crate) fn set_agreements_aside(
        &self,
        context: &mut DayContext<'_>,
        lease: &Lease,
        from: Part,
        until: Timestamp,
        error: EngineError,
    ) -> Result<(), EngineError> {
        let date = context.day.date.0;
        let span = Span { first: from, last: lease.span.last };
        let mut rows = self.db.write(|tx| Ok(due_page(tx, span, date)?.rows))?;
        rows.retain(|row| !is_worked(row, date));
        // A strategy that is missing is nobody's data.
        context.learn_strategies(&rows)?;
        let found = failing(&rows, &mut |some| {
            attempt(&self.db, |tx| work_page(tx, context, lease.span, some).map(|_| ()))
        })?;
        if found.is_empty() {
            return Err(error);
        }
        self.db.write_as(|tx| -> Result<(), EngineError> {
            let mut keys = Vec::new();
            for (row, error) in &found {
                note(tx, NOT_WORKED, &failed(context, row, error), context.day.decided_at)?;
                keys.push((row.part, row.id));
            }
            put_off(tx, context, lease.span, &keys)?;
            match run::hold(tx, lease, until)? {
                true => Ok(()),
                false => Err(EngineError::LeaseLost),
            }
        })
    }
}

fn failed(context: &DayContext<'_>, row: &AgreementRow, error: &EngineError) -> Failed<'static> {
    Failed {
        part: row.part,
        agreement: row.id,
        customer: row.customer,
        about_on: about_on(context, row.id),
        error: error.to_string(),
        until_then: UNTIL_THEN,
    }
}

/// One incident from the first day that could not work the agreement to the day that can.
fn about_on(context: &DayContext<'_>, agreement: AgreementId) -> Date {
    context.before.set_aside.get(&agreement).copied().unwrap_or(context.day.date.0)
}

/// Sets agreements aside whose rows cannot be read.
pub(crate) fn set_unreadable_aside(
    tx: &mut Tx<'_>,
    context: &DayContext<'_>,
    span: Span,
    unreadable: Vec<Unreadable>,
) -> Result<(), StoreError> {
    let mut keys = Vec::new();
    for Unreadable { part, agreement, customer, what } in unreadable {
        let about_on = about_on(context, agreement);
        let failed = Failed { part, agreement, customer, about_on, error: what, until_then: UNTIL_THEN };
        note(tx, NOT_WORKED, &failed, context.day.decided_at)?;
        keys.push((part, agreement));
    }
    put_off(tx, context, span, &keys)
}

fn put_off(
    tx: &mut Tx<'_>,
    context: &DayContext<'_>,
    span: Span,
    keys: &[(Part, AgreementId)],
) -> Result<(), StoreError> {
    let Some((_, first)) = keys.first() else { return Ok(()) };
    let date = context.day.date;
    agreement::put_off(tx, keys, date.0.plus_days(1))?;
    let subject = format!("{} agreements from {first} on", keys.len());
    let entry = audit::Entry {
        at: context.day.decided_at,
        actor: "day",
        action: "day.set_aside",
        subject: &subject,
        before: None,
        after: Some(NOT_WORKED),
        cause: &format!("business date {date}"),
    };
    audit::append(tx, span.first, &entry).map(|_| ())
}

/// Closes the incidents of agreements that a page has worked.
pub(crate) fn close_mended(
    tx: &mut Tx<'_>,
    context: &DayContext<'_>,
    rows: &[AgreementRow],
) -> Result<(), StoreError> {
    for row in rows {
        if let Some(about_on) = context.before.set_aside.get(&row.id) {
            let id = agreement_incident::id_of(NOT_WORKED, row.id, *about_on);
            agreement_incident::close(tx, row.part, id, context.day.decided_at)?;
        }
    }
    Ok(())
}

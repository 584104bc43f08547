//! How every agreement is aged: its bucket and days past due as of the last closed day.

use dunlin_domain::date::BusinessDate;
use dunlin_store::agreement;

use crate::inspect::{current_positions, parts};
use crate::{Engine, EngineError};

/// How far behind one agreement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgreementAge<'a> {
    /// The lender's id of the agreement.
    pub external_id: &'a str,
    /// Index into the buckets of its terms; 0 when nothing is overdue.
    pub bucket_index: usize,
    /// Days past due (逾期天数) at the end of the last closed day.
    pub days_past_due: i32,
}

impl Engine {
    /// Hands the age of every agreement to `visit`, part by part and in each by id, and tells the day: the last
    /// closed one.
    ///
    /// An agreement's age is that of its current position: a day's run leaves alone what does not change, so what
    /// it stored may be days old. No more than one part is in memory, and a part is one transaction; ask while no
    /// day is being run, or the parts may stand on different days.
    ///
    /// # Errors
    /// [`EngineError::NoDayYet`] before the first day is closed; what the database or `visit` says.
    pub fn bucket_indexes(
        &self,
        visit: &mut dyn FnMut(AgreementAge<'_>) -> Result<(), EngineError>,
    ) -> Result<BusinessDate, EngineError> {
        let day = self.last_closed_day()?.ok_or(EngineError::NoDayYet)?;
        let policies = self.policies()?;
        for part in parts() {
            let ages = self.db.read_as(|tx| -> Result<_, EngineError> {
                let mut rows = Vec::new();
                agreement::each_of_part(tx, part, |row| {
                    rows.push(row);
                    Ok(())
                })?;
                let positions = current_positions(tx, &policies, &rows, day.0)?;
                let names = rows.into_iter().map(|row| row.external_id);
                Ok(names.zip(positions).map(|(name, current)| (name, current.arrears)).collect::<Vec<_>>())
            })?;
            // A transaction may run twice, so it must not be the one that visits.
            for (external_id, arrears) in &ages {
                let (bucket_index, days_past_due) = (arrears.bucket_index, arrears.days_past_due);
                visit(AgreementAge { external_id, bucket_index, days_past_due })?;
            }
        }
        Ok(day)
    }
}

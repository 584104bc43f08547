//! Our buckets at the ends of months, held against the bank's status.

use std::collections::HashMap;
use std::path::Path;

use dunlin_domain::date::Date;
use dunlin_domain::terms::Terms;
use dunlin_engine::{Engine, EngineError};

use super::difference::{Difference, Differences};
use super::refused;
use crate::uci::{ConfusionTable, Histories, JUDGED_MONTH_COUNT, agreement_id, judged_on, statement_on};

/// Our ageing against the bank's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// The months that were run to their end, in order.
    pub months: Vec<JudgedMonth>,
    /// All of them.
    pub total: ConfusionTable,
    /// Customer-months in which the two differ, by kind; kinds that do not occur are left out.
    pub differences: Vec<Difference>,
}

/// One month end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JudgedMonth {
    /// The cut-off of the statement that the bank's status speaks of.
    pub statement_on: Date,
    /// The day at whose end our bucket was taken.
    pub judged_on: Date,
    /// Our bucket and the bank's code of every customer.
    pub table: ConfusionTable,
}

/// The buckets of agreements at the ends of months, as the engine told them.
#[derive(Default)]
pub(super) struct Buckets {
    by_agreement: HashMap<String, [u8; JUDGED_MONTH_COUNT]>,
    months: [bool; JUDGED_MONTH_COUNT],
}

impl Buckets {
    /// Asks for the buckets as of now, the end of statement `month`'s time to pay.
    pub(super) fn note(&mut self, engine: &Engine, month: usize) -> Result<(), EngineError> {
        engine.bucket_indexes(&mut |age| {
            let bucket = u8::try_from(age.bucket_index).unwrap_or(u8::MAX);
            match self.by_agreement.get_mut(age.external_id) {
                Some(months) => months[month] = bucket,
                None => {
                    let mut months = [0; JUDGED_MONTH_COUNT];
                    months[month] = bucket;
                    self.by_agreement.insert(age.external_id.to_owned(), months);
                }
            }
            Ok(())
        })?;
        self.months[month] = true;
        Ok(())
    }
}

/// Walks the customers of the source, in its order, and counts what both say.
pub(super) fn compare(
    source_csv: &Path,
    terms: &Terms,
    buckets: &Buckets,
) -> Result<Comparison, EngineError> {
    let names: Vec<&str> = terms.buckets.iter().map(|bucket| bucket.name.as_str()).collect();
    let mut total = ConfusionTable::new(&names);
    let mut tables = vec![total.clone(); JUDGED_MONTH_COUNT];
    let mut differences = Differences::new(terms);
    for history in Histories::open(source_csv).map_err(refused)? {
        let history = history.map_err(refused)?;
        let name = agreement_id(history.id);
        let ours = buckets.by_agreement.get(&name);
        let ours = ours.ok_or(EngineError::NotFound { what: "agreement", name: name.clone() })?;
        for month in (0..JUDGED_MONTH_COUNT).filter(|month| buckets.months[*month]) {
            let bucket_index = usize::from(ours[month]);
            total.add(bucket_index, history.statuses[month]);
            tables[month].add(bucket_index, history.statuses[month]);
            differences.count(&history, month, bucket_index, total.bucket_of(history.statuses[month]));
        }
    }
    let months = tables.into_iter().enumerate().filter(|(month, _)| buckets.months[*month]);
    let months = months.map(|(month, table)| JudgedMonth {
        statement_on: statement_on(month),
        judged_on: judged_on(month),
        table,
    });
    Ok(Comparison { months: months.collect(), total, differences: differences.into_list() })
}

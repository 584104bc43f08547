//! Provisions: the sums of what is owed by age against the agreements, and the allowance against what was required.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use dunlin_domain::date::Date;
use dunlin_domain::day::Standing;
use dunlin_domain::id::Part;
use dunlin_domain::money::{Currency, MoneyError};
use dunlin_domain::terms::{Component, Terms};
use dunlin_store::agreement::AgreementRow;
use dunlin_store::exposure::{self, ExposureKey, ProvisionRow};
use dunlin_store::run::Span;
use dunlin_store::{StoreError, Tx};

use super::findings::Findings;
use crate::day_page::{allowance_used_key, exposure_key};

/// What agreements and postings come to.
#[derive(Default)]
pub(super) struct ProvisionSums {
    exposures: BTreeMap<ExposureKey, i128>,
    /// What provisions added to the allowance, by product and currency.
    allowance: BTreeMap<(String, Currency), i128>,
}

impl ProvisionSums {
    pub(super) fn add_agreement(
        &mut self,
        row: &AgreementRow,
        standing: &Standing,
        terms: &Terms,
    ) -> Result<(), MoneyError> {
        if !standing.is_counted {
            return Ok(());
        }
        let arrears = standing.position.arrears(terms)?;
        let exposure = standing.booked().exposure(&arrears, standing.position.as_of)?;
        for component in Component::ALL {
            let minor = i128::from(exposure.amounts.get(*component).minor());
            if minor != 0 {
                *self.exposures.entry(exposure_key(row, &exposure, *component)).or_default() += minor;
            }
        }
        Ok(())
    }

    pub(super) fn add_allowance(&mut self, product: &str, currency: Currency, minor: i128) {
        *self.allowance.entry((product.to_owned(), currency)).or_default() += minor;
    }

    pub(super) fn add_allowance_used(&mut self, product: &str, currency: Currency, minor: i128) {
        *self.exposures.entry(allowance_used_key(product, currency)).or_default() += minor;
    }

    pub(super) fn merge(&mut self, other: Self) {
        for (key, minor) in other.exposures {
            *self.exposures.entry(key).or_default() += minor;
        }
        for (key, minor) in other.allowance {
            *self.allowance.entry(key).or_default() += minor;
        }
    }
}

/// What is stored of one span.
#[derive(PartialEq, Eq)]
pub(super) struct StoredProvisions {
    exposures: Vec<(ExposureKey, i64)>,
    last: Option<(Date, Vec<ProvisionRow>)>,
}

/// The stored sums and the last provisions of all spans, by the span's first part.
pub(super) fn stored(tx: &mut Tx<'_>, spans: &[Span]) -> Result<HashMap<Part, StoredProvisions>, StoreError> {
    let read = |span: &Span| {
        let exposures = exposure::of_span(tx, *span)?;
        let last = exposure::last_provisions(tx, *span, Date::NEVER)?;
        Ok((span.first, StoredProvisions { exposures, last }))
    };
    spans.iter().map(read).collect()
}

/// Compares what is stored with the sums; spans that moved meanwhile or could not be read are left out.
pub(super) fn compare(
    spans: &[Span],
    before: &HashMap<Part, StoredProvisions>,
    after: &HashMap<Part, StoredProvisions>,
    sums: &HashMap<Part, super::accruals::AccrualSums>,
    unread: &HashSet<Part>,
    findings: &mut Findings,
) {
    let nothing = ProvisionSums::default();
    for span in spans.iter().filter(|span| !unread.contains(&span.first)) {
        let stored = &before[&span.first];
        if after[&span.first] != *stored {
            // The accruals of the span say that a day was run meanwhile.
            continue;
        }
        let sums = sums.get(&span.first).map_or(&nothing, |sums| &sums.provisions);
        let number = span.first.number();
        let kept: BTreeMap<&ExposureKey, i64> =
            stored.exposures.iter().map(|(key, minor)| (key, *minor)).collect();
        let keys: BTreeSet<&ExposureKey> = kept.keys().copied().chain(sums.exposures.keys()).collect();
        for key in keys {
            let found = i128::from(kept.get(key).copied().unwrap_or(0));
            let expected = sums.exposures.get(key).copied().unwrap_or(0);
            let ExposureKey { product, currency, current_on, component } = key;
            let age = current_on.map_or_else(|| "current".to_owned(), |on| format!("past due since {on}"));
            findings.require(found == expected, || {
                format!(
                    "{component} of {product} in {currency} from part {number} on, {age}: the sum is {found} minor units, \
                     the agreements come to {expected}"
                )
            });
        }
        let mut required: BTreeMap<(String, Currency), i128> = BTreeMap::new();
        for row in stored.last.iter().flat_map(|(_, rows)| rows) {
            *required.entry((row.product.clone(), row.currency)).or_default() +=
                i128::from(row.required_minor);
        }
        let keys: BTreeSet<_> = required.keys().chain(sums.allowance.keys()).collect();
        for key in keys {
            let (found, expected) =
                (sums.allowance.get(key).copied().unwrap_or(0), required.get(key).copied().unwrap_or(0));
            findings.require(found == expected, || {
                format!(
                    "allowance of {} in {} from part {number} on: provisions of {found} minor units were posted, {expected} are \
                     required",
                    key.0, key.1
                )
            });
        }
    }
}

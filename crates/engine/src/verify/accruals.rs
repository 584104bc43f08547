//! Accruals: the running totals of late fees that are not posted to agreements, against the sums over agreements
//! and against the ledger.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use dunlin_domain::amounts::Accrued;
use dunlin_domain::date::Date;
use dunlin_domain::day::Standing;
use dunlin_domain::id::Part;
use dunlin_domain::ledger::AccrualKind;
use dunlin_domain::money::{Currency, MoneyError};
use dunlin_domain::terms::Terms;
use dunlin_store::agreement::AgreementRow;
use dunlin_store::record::{self, Accrual};
use dunlin_store::run::Span;
use dunlin_store::{StoreError, Tx};

use super::findings::Findings;
use super::provisions::ProvisionSums;
use crate::day_page::unposted;
use crate::day_run::rounded;

/// What agreements foretell together: a straight line over days, and what the ledger holds.
#[derive(Clone, Copy, Default)]
struct Sum {
    /// What is unposted on 1970-01-01, were the line as long, in millionths of a minor unit.
    at_epoch: i128,
    /// What a day adds.
    daily: i128,
    /// Debits less credits of the accrued account, minor units.
    posted_minor: i128,
}

/// Sums by product, currency and kind.
#[derive(Default)]
pub(super) struct AccrualSums {
    accruals: BTreeMap<(String, Currency, AccrualKind), Sum>,
    /// What is summed beside them, by the same spans.
    pub(super) provisions: ProvisionSums,
}

impl AccrualSums {
    pub(super) fn add_agreement(
        &mut self,
        row: &AgreementRow,
        standing: &Standing,
        terms: &Terms,
    ) -> Result<(), MoneyError> {
        self.provisions.add_agreement(row, standing, terms)?;
        for (kind, total, daily) in unposted(terms, standing)? {
            if total == 0 && daily == 0 {
                continue;
            }
            let sum = self.accruals.entry((row.product.clone(), row.currency, kind)).or_default();
            sum.at_epoch += total - daily * i128::from(standing.position.as_of.days());
            sum.daily += daily;
        }
        Ok(())
    }

    pub(super) fn add_posted(&mut self, product: &str, currency: Currency, kind: AccrualKind, minor: i128) {
        self.accruals.entry((product.to_owned(), currency, kind)).or_default().posted_minor += minor;
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.provisions.merge(other.provisions);
        for (key, sum) in other.accruals {
            let own = self.accruals.entry(key).or_default();
            own.at_epoch += sum.at_epoch;
            own.daily += sum.daily;
            own.posted_minor += sum.posted_minor;
        }
    }
}

/// The stored accruals of all spans, by the span's first part.
pub(super) fn stored(tx: &mut Tx<'_>, spans: &[Span]) -> Result<HashMap<Part, Vec<Accrual>>, StoreError> {
    spans.iter().map(|span| Ok((span.first, record::accruals(tx, *span)?))).collect()
}

/// Compares the stored accruals with the sums. Those that moved while the parts were read cannot be compared, nor
/// those of spans with a part that could not be read.
pub(super) fn compare(
    spans: &[Span],
    before: &HashMap<Part, Vec<Accrual>>,
    after: &HashMap<Part, Vec<Accrual>>,
    sums: &HashMap<Part, AccrualSums>,
    unread: &HashSet<Part>,
    findings: &mut Findings,
) {
    let no_sums = AccrualSums::default();
    for span in spans.iter().filter(|span| !unread.contains(&span.first)) {
        let (stored, sums) = (&before[&span.first], sums.get(&span.first).unwrap_or(&no_sums));
        if after[&span.first] != *stored {
            findings.add(|| {
                let number = span.first.number();
                format!(
                    "accruals from part {number} on: a day was run meanwhile; verify again when it is done"
                )
            });
            continue;
        }
        let mut keys: BTreeSet<(String, Currency, AccrualKind)> = sums.accruals.keys().cloned().collect();
        keys.extend(stored.iter().map(|accrual| (accrual.product.clone(), accrual.currency, accrual.kind)));
        for (product, currency, kind) in keys {
            let is_it = |accrual: &&Accrual| {
                (&accrual.product, accrual.currency, accrual.kind) == (&product, currency, kind)
            };
            let accrual = stored.iter().find(is_it);
            let sum = sums.accruals.get(&(product.clone(), currency, kind)).copied().unwrap_or_default();
            let number = span.first.number();
            let what = match kind {
                AccrualKind::LateFee => "accrual",
                AccrualKind::LateFeeSuspended => "suspended accrual",
                AccrualKind::Interest => "interest accrual",
                AccrualKind::InterestSuspended => "suspended interest accrual",
            };
            compare_one(
                &format!("{what} of {product} in {currency} from part {number} on"),
                accrual,
                sum,
                findings,
            );
        }
    }
}

fn compare_one(name: &str, accrual: Option<&Accrual>, sum: Sum, findings: &mut Findings) {
    let nothing = (Date::from_days(0), Accrued(0), Accrued(0));
    let (as_of, total, daily) =
        accrual.map_or(nothing, |accrual| (accrual.as_of, accrual.total, accrual.daily));
    let expected = sum.at_epoch + sum.daily * i128::from(as_of.days());
    findings.require(total.0 == expected, || {
        format!("{name}: its total of {as_of} is {} millionths, the agreements come to {expected}", total.0)
    });
    findings.require(daily.0 == sum.daily, || {
        format!("{name}: a day adds {} millionths, by the agreements {}", daily.0, sum.daily)
    });
    let whole = rounded(total);
    findings.require(sum.posted_minor == whole, || {
        format!("{name}: the ledger holds {} minor units, the total comes to {whole}", sum.posted_minor)
    });
}

//! The ledger: every account of every agreement, against what its standing says should be on it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use dunlin_domain::date::{BusinessDate, Date, Timestamp};
use dunlin_domain::day::Standing;
use dunlin_domain::id::{AgreementId, FactId, Key};
use dunlin_domain::ledger::{AccrualKind, Change, LedgerRole, Sphere, postings};
use dunlin_domain::money::{Currency, MoneyError};
use dunlin_domain::statement::Statement;
use dunlin_domain::terms::{Component, Terms};
use dunlin_store::agreement::AgreementRow;
use dunlin_store::record::StoredPosting;
use dunlin_store::rounding::RoundingKey;
use dunlin_store::suspense::SuspenseRow;

use super::accruals::AccrualSums;
use super::findings::Findings;
use super::part::PartRows;
use crate::books::rounding;

/// Debits less credits of each account, minor units.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Balances([i128; LedgerRole::ALL.len()]);

impl Default for Balances {
    fn default() -> Self {
        Self([0; LedgerRole::ALL.len()])
    }
}

impl Balances {
    fn debit(&mut self, account: LedgerRole, minor: i128) {
        self.0[account as usize] += minor;
    }

    fn credit(&mut self, account: LedgerRole, minor: i128) {
        self.debit(account, -minor);
    }
}

/// One agreement's postings, added up.
#[derive(Default)]
struct AgreementBooks {
    balances: Balances,
    /// The currency of the first posting.
    currency: Option<Currency>,
    /// A posting in another one.
    mixed: Option<Key>,
    /// Whether accrual was ever suspended.
    was_suspended: bool,
}

/// The postings of one part, added up.
#[derive(Default)]
pub(super) struct Books {
    agreements: HashMap<AgreementId, AgreementBooks>,
    /// Debits less credits of what accrues, by product, currency and kind.
    accrued: HashMap<(String, Currency, AccrualKind), i128>,
    /// Credits less debits of the allowance, by product and currency, by provisions and by agreements' losses.
    allowance: HashMap<(String, Currency), i128>,
    allowance_used: HashMap<(String, Currency), i128>,
    /// Debits less credits of what is rounded over all spans, which no span knows of.
    rounded: BTreeMap<(String, Currency, LedgerRole), i128>,
    /// Credits less debits of what belongs to nobody, by currency.
    suspense: HashMap<Currency, i128>,
    /// The facts that postings name.
    causes: Vec<(Key, AgreementId, FactId)>,
    /// The days on which anything was posted.
    days: BTreeSet<Date>,
    pub(super) posting_count: u64,
}

impl Books {
    pub(super) fn add(&mut self, posting: &StoredPosting, findings: &mut Findings) {
        self.posting_count += 1;
        let (key, currency) = (Key(posting.key), posting.amount.currency());
        findings.require(posting.amount.is_positive(), || {
            format!("posting {key}: the amount {:?} is not above zero", posting.amount)
        });
        // Each posting is one debit and one credit, so this is all that could set the sides of a day apart.
        findings.require(posting.debit.is_off_balance() == posting.credit.is_off_balance(), || {
            format!(
                "posting {key}: {} and {} are not both on the balance sheet",
                posting.debit, posting.credit
            )
        });
        let minor = i128::from(posting.amount.minor());
        let is_rounding = posting.cause == rounding::CAUSE;
        for (account, minor) in [(posting.debit, minor), (posting.credit, -minor)] {
            if is_rounding {
                *self.rounded.entry((posting.product.clone(), currency, account)).or_default() += minor;
                continue;
            }
            for kind in AccrualKind::ALL.iter().filter(|kind| kind.roles().0 == account) {
                *self.accrued.entry((posting.product.clone(), currency, *kind)).or_default() += minor;
            }
            if account == LedgerRole::BankSuspense {
                *self.suspense.entry(currency).or_default() -= minor;
            }
            if account == LedgerRole::Allowance {
                let sums = match posting.agreement {
                    Some(_) => &mut self.allowance_used,
                    None => &mut self.allowance,
                };
                *sums.entry((posting.product.clone(), currency)).or_default() -= minor;
            }
        }
        self.days.insert(posting.business_date);
        let Some(agreement) = posting.agreement else { return };
        self.causes.extend(posting.fact.map(|fact| (key, agreement, fact)));
        let books = self.agreements.entry(agreement).or_default();
        let suspended = Component::ALL.iter().filter_map(|component| LedgerRole::suspended(*component));
        let sides = [posting.debit, posting.credit];
        books.was_suspended |= suspended.into_iter().any(|role| sides.contains(&role));
        books.balances.debit(posting.debit, minor);
        books.balances.credit(posting.credit, minor);
        if *books.currency.get_or_insert(currency) != currency {
            books.mixed.get_or_insert(key);
        }
    }
}

/// What stands in the books as belonging to nobody is what waits for an owner.
pub(super) fn check_suspense(rows: &[SuspenseRow], books: &Books, findings: &mut Findings) {
    let mut expected: BTreeMap<Currency, i128> =
        books.suspense.keys().map(|currency| (*currency, 0)).collect();
    for row in rows.iter().filter(|row| row.cleared_on.is_none()) {
        *expected.entry(row.amount.currency()).or_default() += i128::from(row.amount.minor());
    }
    for (currency, expected) in expected {
        let found = books.suspense.get(&currency).copied().unwrap_or(0);
        findings.require(found == expected, || {
            format!("money that belongs to nobody: {found} minor units of {currency} in the books, {expected} wait")
        });
    }
}

/// What was posted to round over all spans is what is kept of it; all of it lies in the first part.
pub(super) fn check_rounding(kept: &BTreeMap<RoundingKey, i64>, books: &Books, findings: &mut Findings) {
    let mut expected: BTreeMap<(String, Currency, LedgerRole), i128> =
        books.rounded.keys().map(|key| (key.clone(), 0)).collect();
    for ((product, currency, subject), minor) in kept {
        let (more, less) = rounding::roles(subject);
        *expected.entry((product.clone(), *currency, more)).or_default() += i128::from(*minor);
        *expected.entry((product.clone(), *currency, less)).or_default() -= i128::from(*minor);
    }
    for ((product, currency, account), expected) in expected {
        let found = books.rounded.get(&(product.clone(), currency, account)).copied().unwrap_or(0);
        findings.require(found == expected, || {
            format!("rounding of {product} on {account}: {found} minor units of {currency} in the books, {expected} are kept")
        });
    }
}

/// Compares the books of one part with its standings.
pub(super) fn check(
    rows: &PartRows,
    books: &Books,
    decided_at: &HashMap<Date, Timestamp>,
    sums: &mut AccrualSums,
    findings: &mut Findings,
) {
    for day in books.days.iter().filter(|day| !decided_at.contains_key(day)) {
        findings.add(|| format!("there are postings of {day}, a day that was never begun"));
    }
    for (key, agreement, fact) in &books.causes {
        findings.require(rows.has_fact(*agreement, *fact), || {
            format!("posting {key} comes from fact {fact}, which agreement {agreement} does not have")
        });
    }
    for ((product, currency, kind), minor) in &books.accrued {
        sums.add_posted(product, *currency, *kind, *minor);
    }
    for ((product, currency), minor) in &books.allowance {
        sums.provisions.add_allowance(product, *currency, *minor);
    }
    for ((product, currency), minor) in &books.allowance_used {
        sums.provisions.add_allowance_used(product, *currency, -*minor);
    }
    let nothing = AgreementBooks::default();
    for row in &rows.agreements {
        let books = books.agreements.get(&row.id).unwrap_or(&nothing);
        findings.require(books.currency.is_none_or(|currency| currency == row.currency), || {
            format!("agreement {} is in {}, but has postings in another currency", row.id, row.currency)
        });
        if let Some(key) = books.mixed {
            findings.add(|| {
                format!("agreement {}: posting {key} is in another currency than those before", row.id)
            });
        }
        if rows.is_unreadable(row) {
            continue;
        }
        let expected = match row
            .standing
            .as_ref()
            .map_or_else(|| Ok(Balances::default()), |standing| expected(row.id, standing))
        {
            Ok(expected) => expected,
            Err(error) => {
                findings.add(|| format!("agreement {}: {error}", row.id));
                continue;
            }
        };
        let (mut balances, mut expected) = (books.balances, expected);
        if books.was_suspended {
            join_result(&mut balances);
            join_result(&mut expected);
        }
        for account in LedgerRole::ALL {
            let (found, expected) = (balances.0[*account as usize], expected.0[*account as usize]);
            findings.require(found == expected, || {
                format!(
                    "agreement {}: {account} stands at {found} minor units by its postings, at {expected} by its standing",
                    row.id
                )
            });
        }
    }
    let known: std::collections::HashSet<AgreementId> = rows.agreements.iter().map(|row| row.id).collect();
    let mut strays: Vec<&AgreementId> = books.agreements.keys().filter(|id| !known.contains(id)).collect();
    strays.sort_unstable();
    for stray in strays {
        findings.add(|| format!("there are postings of agreement {stray}, which does not exist"));
    }
}

/// What the accounts of an agreement stand at when all of its changes were posted, as if they had been one.
///
/// What of a component was earned, given up and taken from the accrued account or the allowance depends on when accrual
/// was suspended; where it ever was, [`join_result`] says what these come to together.
fn expected(id: AgreementId, standing: &Standing) -> Result<Balances, MoneyError> {
    let business_date = BusinessDate(standing.position.as_of);
    let change = Change { agreement: id, business_date, change_index: 0, facts: &[] };
    let mut balances = Balances::default();
    for posting in postings(change, None, standing.booked())? {
        let minor = i128::from(posting.amount.minor());
        balances.debit(posting.debit, minor);
        balances.credit(posting.credit, minor);
    }
    Ok(balances)
}

/// Takes all income and expense, and what came from the accrued account or the allowance, together.
fn join_result(balances: &mut Balances) {
    for role in LedgerRole::ALL {
        let is_result = match role.sphere() {
            Sphere::ProfitAndLoss => true,
            Sphere::BalanceSheet => matches!(
                role,
                LedgerRole::AccruedLateFee | LedgerRole::AccruedInterest | LedgerRole::Allowance
            ),
            Sphere::OffBalance => false,
        };
        if is_result && *role != LedgerRole::IncomeLateFee {
            let minor = std::mem::take(&mut balances.0[*role as usize]);
            balances.debit(LedgerRole::IncomeLateFee, minor);
        }
    }
}

/// What a position lists as open adds up to what its running totals leave open.
pub(super) fn check_open_items(
    row: &AgreementRow,
    terms: &Terms,
    standing: &Standing,
    findings: &mut Findings,
) -> Result<(), MoneyError> {
    let position = &standing.position;
    let expected = expected(row.id, standing)?;
    let receivable = |component: Component| expected.0[LedgerRole::receivable(component) as usize];
    let rest = |component: Component| -> Result<i128, MoneyError> {
        let rest =
            |statement: &Statement| statement.booked_rest_of(component).map(|rest| i128::from(rest.minor()));
        position.statements.iter().map(rest).sum()
    };
    let mut late_fee = rest(Component::LateFee)?;
    for statement in &position.statements {
        late_fee += i128::from(statement.late_fee_rest(terms, position.as_of)?.minor());
    }
    // What was charged and not posted to the agreement yet is open, and not on its account.
    late_fee -= i128::from(position.late_fee_charged(terms)?.try_sub(standing.late_fee_posted)?.minor());
    // What is charged off is owed like the rest, and stands on an account of its own.
    let principal = receivable(Component::Principal) + expected.0[LedgerRole::ReceivableChargedOff as usize];
    let open = [
        ("principal", i128::from(position.principal()?.minor()), principal),
        ("interest", rest(Component::Interest)?, receivable(Component::Interest)),
        ("instalment fees", rest(Component::InstalmentFee)?, receivable(Component::InstalmentFee)),
        ("charges", rest(Component::Charge)?, receivable(Component::Charge)),
        ("late fees", late_fee, receivable(Component::LateFee)),
        ("credit", -i128::from(position.credit.minor()), expected.0[LedgerRole::CustomerCredit as usize]),
    ];
    for (what, found, expected) in open {
        findings.require(found == expected, || {
            format!(
                "agreement {}: open {what} of {found} minor units, by its running totals {expected}",
                row.id
            )
        });
    }
    Ok(())
}

//! The ledger: every account of every agreement, against what its standing says should be on it.

use std::collections::HashMap;

use dunlin_domain::day::Standing;
use dunlin_domain::id::{AgreementId, Key};
use dunlin_domain::ledger::LedgerAccount;
use dunlin_domain::money::{Currency, Money, MoneyError};
use dunlin_domain::statement::Statement;
use dunlin_domain::terms::{Component, Terms};
use dunlin_store::agreement::AgreementRow;
use dunlin_store::record::StoredPosting;

use super::accruals::AccrualSums;
use super::findings::Findings;
use super::part::PartRows;

/// Debits less credits of each account, minor units.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Balances([i128; LedgerAccount::ALL.len()]);

impl Default for Balances {
    fn default() -> Self {
        Self([0; LedgerAccount::ALL.len()])
    }
}

impl Balances {
    fn debit(&mut self, account: LedgerAccount, minor: i128) {
        self.0[account as usize] += minor;
    }

    fn credit(&mut self, account: LedgerAccount, minor: i128) {
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
}

/// The postings of one part, added up.
#[derive(Default)]
pub(super) struct Books {
    agreements: HashMap<AgreementId, AgreementBooks>,
    /// Debits less credits of the accrued late fees, by product and currency.
    accrued: HashMap<(String, Currency), i128>,
    pub(super) posting_count: u64,
}

impl Books {
    pub(super) fn add(&mut self, posting: &StoredPosting, findings: &mut Findings) {
        self.posting_count += 1;
        let (key, currency) = (Key(posting.key), posting.amount.currency());
        findings.require(posting.amount.is_positive(), || {
            format!("posting {key}: the amount {:?} is not above zero", posting.amount)
        });
        let minor = i128::from(posting.amount.minor());
        for (account, minor) in [(posting.debit, minor), (posting.credit, -minor)] {
            if account == LedgerAccount::AccruedLateFee {
                *self.accrued.entry((posting.product.clone(), currency)).or_default() += minor;
            }
        }
        let Some(agreement) = posting.agreement else { return };
        let books = self.agreements.entry(agreement).or_default();
        books.balances.debit(posting.debit, minor);
        books.balances.credit(posting.credit, minor);
        if *books.currency.get_or_insert(currency) != currency {
            books.mixed.get_or_insert(key);
        }
    }
}

/// Compares the books of one part with its standings.
pub(super) fn check(rows: &PartRows, books: &Books, sums: &mut AccrualSums, findings: &mut Findings) {
    for ((product, currency), minor) in &books.accrued {
        sums.add_posted(product, *currency, *minor);
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
        let expected = row.standing.as_ref().map_or_else(Balances::default, expected);
        for account in LedgerAccount::ALL {
            let (found, expected) = (books.balances.0[*account as usize], expected.0[*account as usize]);
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

/// What the accounts of an agreement stand at when all of its changes were posted.
fn expected(standing: &Standing) -> Balances {
    use LedgerAccount as Account;
    let minor = |money: Money| i128::from(money.minor());
    let totals = &standing.position.totals;
    let mut balances = Balances::default();
    let purchased = minor(totals.purchased);
    balances.debit(Account::ReceivablePrincipal, purchased);
    balances.credit(Account::MerchantPayable, purchased);
    balances.debit(Account::MerchantPayable, minor(totals.refunded));
    balances.credit(Account::CustomerCredit, minor(totals.refunded));
    balances.debit(Account::Cash, minor(totals.paid));
    balances.credit(Account::CustomerCredit, minor(totals.paid));
    for component in Component::ALL {
        let receivable = Account::receivable(*component);
        let (loaded, billed) =
            (minor(totals.loaded.get(*component)), minor(totals.billed_fees.get(*component)));
        let cleared = minor(totals.allocated.get(*component));
        balances.debit(receivable, loaded);
        balances.credit(Account::PortfolioTakeover, loaded);
        balances.debit(receivable, billed);
        balances.credit(Account::IncomeInstalmentFee, billed);
        balances.debit(Account::CustomerCredit, cleared);
        balances.credit(receivable, cleared);
    }
    balances.debit(Account::ReceivableLateFee, minor(standing.late_fee_posted));
    balances.credit(Account::AccruedLateFee, minor(standing.late_fee_posted));
    balances.debit(Account::WaivedLateFee, minor(totals.waived));
    balances.credit(Account::ReceivableLateFee, minor(totals.waived));
    balances
}

/// What a position lists as open adds up to what its running totals leave open.
pub(super) fn check_open_items(
    row: &AgreementRow,
    terms: &Terms,
    standing: &Standing,
    findings: &mut Findings,
) -> Result<(), MoneyError> {
    let position = &standing.position;
    let expected = expected(standing);
    let receivable = |component: Component| expected.0[LedgerAccount::receivable(component) as usize];
    let rest = |component: Component| -> Result<i128, MoneyError> {
        let rest = |statement: &Statement| statement.rest_of(component).map(|rest| i128::from(rest.minor()));
        position.statements.iter().map(rest).sum()
    };
    let mut late_fee = rest(Component::LateFee)?;
    for statement in &position.statements {
        late_fee += i128::from(statement.late_fee_rest(terms, position.as_of)?.minor());
    }
    // What was charged and not posted to the agreement yet is open, and not on its account.
    late_fee -= i128::from(position.late_fee_charged(terms)?.try_sub(standing.late_fee_posted)?.minor());
    let open = [
        ("principal", i128::from(position.principal()?.minor()), receivable(Component::Principal)),
        ("interest", rest(Component::Interest)?, receivable(Component::Interest)),
        ("instalment fees", rest(Component::InstalmentFee)?, receivable(Component::InstalmentFee)),
        ("charges", rest(Component::Charge)?, receivable(Component::Charge)),
        ("late fees", late_fee, receivable(Component::LateFee)),
        ("credit", -i128::from(position.credit.minor()), expected.0[LedgerAccount::CustomerCredit as usize]),
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

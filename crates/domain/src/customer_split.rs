//! How one payment is split over several debts of one customer: Civil Code Art. 560.
//!
//! What the customer designates goes first. Without a word from them: what is due before what is not; of what is
//! due the least secured; of those the one that burdens the customer most; of those the one that fell due first;
//! and of those each in proportion to its amount. What is left over clears nothing and stays as credit.

use std::cmp::Reverse;

use crate::date::Date;
use crate::id::AgreementId;
use crate::money::{Money, MoneyError, Rate};

/// How well an agreement is secured, the least first: Civil Code Art. 560 has money go to "the debt that is least
/// secured" (缺乏担保或者担保最少) of those that are due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Security {
    /// By nothing but the borrower's own word.
    #[default]
    None,
    /// Somebody else answers for it (保证).
    Guaranteed,
    /// By a thing or a right: mortgage, pledge, lien (抵押、质押、留置).
    Secured,
}

impl Security {
    /// Every kind, the least first.
    pub const ALL: &[Self] = &[Self::None, Self::Guaranteed, Self::Secured];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Guaranteed => "guaranteed",
            Self::Secured => "secured",
        }
    }

    /// Reads [`Security::code`].
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|security| security.code() == code)
    }
}

/// One debt that money can go to: what is open of one statement, or what is not billed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Debt {
    /// The agreement that it belongs to.
    pub agreement: AgreementId,
    /// The day it falls due, or fell due.
    pub due_on: Date,
    /// What is open of it, late fees included.
    pub open: Money,
    /// How well it is secured.
    pub security: Security,
    /// What it costs the customer a day, as a share of it.
    pub burden: Rate,
}

/// Why a debt gets its share where it stands in the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// The customer said so.
    Designated,
    /// It is due.
    Due,
    /// It is not due yet.
    NotYetDue,
    /// Nothing is left to clear; the money is credit.
    Credit,
}

impl Rank {
    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Designated => "designated",
            Self::Due => "due",
            Self::NotYetDue => "not_yet_due",
            Self::Credit => "credit",
        }
    }

    /// Reads [`Rank::code`].
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        [Self::Designated, Self::Due, Self::NotYetDue, Self::Credit]
            .into_iter()
            .find(|rank| rank.code() == code)
    }
}

/// What one debt gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// The agreement.
    pub agreement: AgreementId,
    /// The day it falls due; `None` for credit.
    pub due_on: Option<Date>,
    /// Why it comes here.
    pub rank: Rank,
    /// How much, above zero.
    pub amount: Money,
}

type Place = (Rank, usize, Security, Reverse<i64>, Date);

/// Splits `amount` over `debts` as of `on`. `designated` are the agreements that the customer named, in their order.
///
/// The shares sum to `amount`. What is left over goes to the first agreement named, else to the one whose debt came
/// last in the order; `home` is where it goes when there is no debt at all.
///
/// # Errors
/// When currencies differ or amounts do not fit.
pub fn split(
    debts: &[Debt],
    designated: &[AgreementId],
    amount: Money,
    on: Date,
    home: AgreementId,
) -> Result<Vec<Share>, MoneyError> {
    let mut ordered: Vec<(Place, &Debt)> = debts
        .iter()
        .filter(|debt| debt.open.is_positive())
        .map(|debt| (place_of(debt, designated, on), debt))
        .collect();
    // The agreement's id only makes the order of equals the same every time.
    ordered.sort_by(|left, right| left.0.cmp(&right.0).then(left.1.agreement.cmp(&right.1.agreement)));
    let mut left = amount;
    let mut shares = Vec::new();
    for equals in ordered.chunk_by(|one, other| one.0 == other.0) {
        if !left.is_positive() {
            break;
        }
        let debts: Vec<&Debt> = equals.iter().map(|(_, debt)| *debt).collect();
        for (debt, part) in debts.iter().zip(in_proportion(&debts, left)?) {
            if part.is_positive() {
                let (agreement, due_on, rank) = (debt.agreement, Some(debt.due_on), equals[0].0.0);
                shares.push(Share { agreement, due_on, rank, amount: part });
                left = left.try_sub(part)?;
            }
        }
    }
    if left.is_positive() {
        let last = ordered.last().map(|(_, debt)| debt.agreement);
        let agreement = designated.first().copied().or(last).unwrap_or(home);
        shares.push(Share { agreement, due_on: None, rank: Rank::Credit, amount: left });
    }
    Ok(shares)
}

fn place_of(debt: &Debt, designated: &[AgreementId], on: Date) -> Place {
    let is_due = debt.due_on <= on;
    let named = designated.iter().position(|named| *named == debt.agreement);
    let rank = match (named, is_due) {
        (Some(_), _) => Rank::Designated,
        (None, true) => Rank::Due,
        (None, false) => Rank::NotYetDue,
    };
    (rank, named.unwrap_or(0), debt.security, Reverse(debt.burden.millionths()), debt.due_on)
}

/// Each debt's part of `left`, in proportion to what is open; the whole of it when that is enough for all. What
/// rounding leaves goes to the first ones, a minor unit each.
fn in_proportion(debts: &[&Debt], left: Money) -> Result<Vec<Money>, MoneyError> {
    let currency = left.currency();
    let mut total: i128 = 0;
    for debt in debts {
        // Refuses another currency.
        debt.open.try_min(left)?;
        total += i128::from(debt.open.minor());
    }
    let all = i128::from(left.minor());
    if all >= total {
        return Ok(debts.iter().map(|debt| debt.open).collect());
    }
    let share = |debt: &&Debt| i64::try_from(all * i128::from(debt.open.minor()) / total);
    let mut minor =
        debts.iter().map(share).collect::<Result<Vec<i64>, _>>().map_err(|_| MoneyError::Overflow)?;
    let mut rest = left.minor() - minor.iter().sum::<i64>();
    for part in &mut minor {
        if rest == 0 {
            break;
        }
        *part += 1;
        rest -= 1;
    }
    Ok(minor.into_iter().map(|minor| Money::new(minor, currency)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;
    use expect_test::{Expect, expect};

    const NAMES: [&str; 4] = ["A", "B", "C", "D"];

    fn agreement(name: &str) -> AgreementId {
        AgreementId([name.as_bytes()[0]; 16])
    }

    use Security::{Guaranteed, None as Bare, Secured};

    /// Debts as `name due-date open security burden`.
    fn check(debts: &[(&str, &str, i64, Security, i64)], designated: &[&str], amount: i64, expected: Expect) {
        let debts: Vec<Debt> = debts
            .iter()
            .map(|(name, due_on, open, security, burden)| Debt {
                agreement: agreement(name),
                due_on: Date::parse(due_on).expect("a day"),
                open: Money::new(*open, Currency::CNY),
                security: *security,
                burden: Rate::from_millionths(*burden),
            })
            .collect();
        let designated: Vec<AgreementId> = designated.iter().map(|name| agreement(name)).collect();
        let on = Date::parse("2026-03-01").expect("a day");
        let amount = Money::new(amount, Currency::CNY);
        let shares = split(&debts, &designated, amount, on, agreement("Z")).expect("amounts fit");
        let total: i64 = shares.iter().map(|share| share.amount.minor()).sum();
        assert_eq!(total, amount.minor(), "nothing is lost");
        let name = |id: AgreementId| NAMES.iter().find(|name| agreement(name) == id).copied().unwrap_or("Z");
        let lines: Vec<String> = shares
            .iter()
            .map(|share| format!("{} {} {}", name(share.agreement), share.rank.code(), share.amount))
            .collect();
        expected.assert_eq(&lines.join("; "));
    }

    #[test]
    fn what_is_due_comes_before_what_is_not() {
        let debts = [("A", "2026-03-10", 500, Bare, 900), ("B", "2026-02-20", 300, Bare, 100)];
        check(&debts, &[], 400, expect!["B due 3.00; A not_yet_due 1.00"]);
    }

    #[test]
    fn of_what_is_due_the_least_secured_comes_first() {
        let debts = [("A", "2026-01-10", 500, Guaranteed, 900), ("B", "2026-02-20", 300, Bare, 100)];
        check(&debts, &[], 400, expect!["B due 3.00; A due 1.00"]);
    }

    #[test]
    fn a_guarantee_is_less_than_a_thing_and_both_are_more_than_nothing() {
        let debts = [
            ("A", "2026-01-10", 100, Secured, 900),
            ("B", "2026-01-20", 100, Guaranteed, 500),
            ("C", "2026-02-20", 100, Bare, 100),
        ];
        check(&debts, &[], 250, expect!["C due 1.00; B due 1.00; A due 0.50"]);
        // Before any security comes whether it is due, and before that what the customer says.
        let debts = [("A", "2026-01-10", 100, Secured, 900), ("B", "2026-03-20", 100, Bare, 900)];
        check(&debts, &[], 150, expect!["A due 1.00; B not_yet_due 0.50"]);
        check(&debts, &["B"], 150, expect!["B designated 1.00; A due 0.50"]);
        // Of what is not due yet the order is the same.
        let debts = [("A", "2026-03-10", 100, Secured, 900), ("B", "2026-03-20", 100, Bare, 100)];
        check(&debts, &[], 150, expect!["B not_yet_due 1.00; A not_yet_due 0.50"]);
    }

    #[test]
    fn of_those_the_most_burdensome_comes_first() {
        let debts = [("A", "2026-01-10", 500, Bare, 100), ("B", "2026-02-20", 300, Bare, 500)];
        check(&debts, &[], 400, expect!["B due 3.00; A due 1.00"]);
    }

    #[test]
    fn of_those_the_earliest_due_comes_first() {
        let debts = [("A", "2026-02-20", 500, Bare, 500), ("B", "2026-01-10", 300, Bare, 500)];
        check(&debts, &[], 400, expect!["B due 3.00; A due 1.00"]);
    }

    #[test]
    fn equals_share_in_proportion_to_the_last_cent() {
        let debts = [
            ("A", "2026-02-20", 100, Bare, 500),
            ("B", "2026-02-20", 100, Bare, 500),
            ("C", "2026-02-20", 100, Bare, 500),
        ];
        check(&debts, &[], 100, expect!["A due 0.34; B due 0.33; C due 0.33"]);
        let debts = [("A", "2026-02-20", 300, Bare, 500), ("B", "2026-02-20", 100, Bare, 500)];
        check(&debts, &[], 100, expect!["A due 0.75; B due 0.25"]);
    }

    #[test]
    fn what_the_customer_designates_comes_first() {
        let debts = [("A", "2026-03-10", 500, Bare, 100), ("B", "2026-01-10", 300, Bare, 500)];
        check(&debts, &["A"], 600, expect!["A designated 5.00; B due 1.00"]);
        check(&debts, &["B", "A"], 400, expect!["B designated 3.00; A designated 1.00"]);
    }

    #[test]
    fn what_is_left_over_is_credit() {
        let debts = [("A", "2026-02-20", 500, Bare, 500), ("B", "2026-03-10", 300, Bare, 500)];
        check(&debts, &[], 900, expect!["A due 5.00; B not_yet_due 3.00; B credit 1.00"]);
        check(&[], &[], 900, expect!["Z credit 9.00"]);
    }
}

//! Whether a fact that a command, a call-back or a bank file tells of may be recorded.
//!
//! One check for all of them: the currency, the amount, the value date, what the fact acts on, and whether its
//! reference was used before. What an import checks row by row in its own way is the same by meaning; here a
//! reference that comes again with the same content is the same request, and gets the same answer.

use crate::wording;
use crate::wording::Wording;
use std::fmt;

use crate::date::{Date, Timestamp};
use crate::fact::{Fact, FactDetail, FactError, FactKind};
use crate::id::FactId;
use crate::money::{Currency, Money, MoneyError};
use crate::terms::Component;

/// The largest amount of one fact, in minor units: sums over a whole portfolio still fit 64 bits.
pub const AMOUNT_MINOR_MAX: i64 = 1_000_000_000_000;
/// The longest reference, in characters.
pub const REFERENCE_LENGTH_MAX: usize = 200;

/// What is known of the agreement when the fact comes in.
#[derive(Clone, Copy, Debug)]
pub struct Ground<'f> {
    /// The currency of the agreement.
    pub currency: Currency,
    /// The day it was opened.
    pub opened_on: Date,
    /// The latest value date taken: today.
    pub latest: Date,
    /// All its facts.
    pub facts: &'f [Fact],
}

/// A fact as somebody tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The id it gets.
    pub id: FactId,
    /// What happened.
    pub kind: FactKind,
    /// How much; zero for what undoes all of its target.
    pub amount: Money,
    /// The day from which it counts.
    pub value_on: Date,
    /// The caller's reference: the same one with the same content is the same fact.
    pub reference: String,
    /// The reference of the fact that it acts on.
    pub target: Option<String>,
    /// Charge: what it is made of.
    pub component: Component,
    /// Charge: the due date. Payment, waiver: only what is due on this date. Statement plan: the due date of the
    /// statement. Reschedule: the first due date. Payoff: the day of its quote.
    pub due_on: Option<Date>,
    /// Statement plan, reschedule: the number of instalments.
    pub instalment_count: u32,
    /// What only some kinds have.
    pub detail: FactDetail,
    /// The moment we learned of it.
    pub learned_at: Timestamp,
}

/// Why a fact is not recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It cannot be taken as a fact.
    Fact(FactError),
    /// The reference was used before, with other content.
    ReferenceConflict {
        /// The reference.
        reference: String,
        /// What was recorded under it, in words.
        recorded: String,
    },
    /// The reference is empty, too long, or has characters that cannot be shown.
    Reference {
        /// What was given.
        reference: String,
    },
    /// The amount has more digits than any payment.
    AmountTooLarge {
        /// The largest amount taken.
        largest: Money,
    },
}

impl Refusal {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Fact(error) => error.code(),
            Self::ReferenceConflict { .. } => "reference_conflict",
            Self::Reference { .. } => "reference",
            Self::AmountTooLarge { .. } => "amount_too_large",
        }
    }
}

impl Refusal {
    /// What is wrong and what would be right, in both languages.
    #[must_use]
    pub fn wording(&self) -> Wording {
        match self {
            Self::Fact(error) => error.wording(),
            Self::ReferenceConflict { reference, recorded } => wording!(
                "编号“{reference}”此前已用于 {recorded}；请为这一笔另取编号",
                "reference {reference:?} was used before for {recorded}; give what happened now a reference of its own"
            ),
            Self::Reference { reference } => wording!(
                "编号“{reference}”不可用；须为 1 至 {REFERENCE_LENGTH_MAX} 个可见字符",
                "reference {reference:?} cannot be used; give 1 to {REFERENCE_LENGTH_MAX} visible characters"
            ),
            Self::AmountTooLarge { largest } => {
                wording!(
                    "金额超过上限 {largest}；请检查位数",
                    "amount is larger than {largest}, the most that is taken; check its digits"
                )
            }
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.wording().en)
    }
}

impl std::error::Error for Refusal {}

impl From<FactError> for Refusal {
    fn from(error: FactError) -> Self {
        Self::Fact(error)
    }
}

impl From<MoneyError> for Refusal {
    fn from(error: MoneyError) -> Self {
        Self::Fact(FactError::Amount(error))
    }
}

/// What becomes of a draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It is new.
    New(Fact),
    /// It was recorded before.
    Known(Fact),
}

/// Reads an amount as somebody typed it, in the currency of the agreement.
///
/// # Errors
/// [`FactError::CurrencyMismatch`] for another currency; an amount that cannot be read, has a fraction of a minor
/// unit, or is beyond [`AMOUNT_MINOR_MAX`]; zero and negative amounts.
pub fn read_amount(text: &str, given: Option<Currency>, currency: Currency) -> Result<Money, Refusal> {
    if let Some(given) = given.filter(|given| *given != currency) {
        let amount = Money::parse(text, given).unwrap_or_else(|_| Money::zero(given));
        return Err(FactError::CurrencyMismatch { amount, expected: currency.code().to_owned() }.into());
    }
    let largest = Money::new(AMOUNT_MINOR_MAX, currency);
    let amount = match Money::parse(text, currency) {
        Ok(amount) => amount,
        Err(MoneyError::Overflow) => return Err(Refusal::AmountTooLarge { largest }),
        Err(error) => return Err(error.into()),
    };
    if !amount.is_positive() {
        return Err(FactError::AmountNotPositive { amount }.into());
    }
    if amount.minor() > AMOUNT_MINOR_MAX {
        return Err(Refusal::AmountTooLarge { largest });
    }
    Ok(amount)
}

/// Whether a reference can be used: some characters, not too many, each of which can be shown.
///
/// # Errors
/// [`Refusal::Reference`].
pub fn check_reference(reference: &str) -> Result<(), Refusal> {
    let is_shown = |letter: char| !letter.is_control() && letter != '\u{feff}';
    let length = reference.chars().count();
    if length == 0
        || length > REFERENCE_LENGTH_MAX
        || reference.trim() != reference
        || !reference.chars().all(is_shown)
    {
        return Err(Refusal::Reference { reference: reference.chars().take(40).collect() });
    }
    Ok(())
}

/// The fact that a draft becomes, or the one that it became when it was told of before.
///
/// # Errors
/// The first reason against it, in this order: reference, a conflict with what is recorded under it, currency,
/// amount, value date, and what it acts on.
pub fn admit(ground: &Ground<'_>, draft: &Draft) -> Result<Admission, Refusal> {
    check_reference(&draft.reference)?;
    let withdrawn = targets_of(ground.facts, |kind| kind == FactKind::Withdrawal);
    let is_known = |fact: &&Fact| {
        fact.kind == draft.kind && fact.reference == draft.reference && !withdrawn.contains(&fact.id)
    };
    let target = match &draft.target {
        Some(reference) => Some(find_target(ground.facts, &withdrawn, draft.kind, reference)?),
        None => None,
    };
    if let Some(known) = ground.facts.iter().find(is_known) {
        return if is_same(known, draft, target) {
            Ok(Admission::Known(known.clone()))
        } else {
            Err(Refusal::ReferenceConflict { reference: draft.reference.clone(), recorded: words(known) })
        };
    }
    check_amount(ground, draft)?;
    let (value_on, opened_on, latest) = (draft.value_on, ground.opened_on, ground.latest);
    if value_on < opened_on {
        return Err(FactError::BeforeAgreement { value_on, opened_on }.into());
    }
    if value_on > latest {
        return Err(FactError::InFuture { value_on, latest }.into());
    }
    if draft.kind.is_undoing()
        && let Some(target) = target
        && targets_of(ground.facts, FactKind::is_undoing).contains(&target.id)
    {
        return Err(FactError::AlreadyReversed { reference: target.reference.clone() }.into());
    }
    let fact = Fact {
        id: draft.id,
        kind: draft.kind,
        value_on,
        learned_at: draft.learned_at,
        amount: draft.amount,
        instalment_count: draft.instalment_count,
        component: draft.component,
        due_on: draft.due_on,
        target: target.map(|target| target.id),
        reference: draft.reference.clone(),
        detail: draft.detail,
    };
    Ok(Admission::New(fact))
}

fn check_amount(ground: &Ground<'_>, draft: &Draft) -> Result<(), Refusal> {
    if draft.amount.currency() != ground.currency {
        let expected = ground.currency.code().to_owned();
        return Err(FactError::CurrencyMismatch { amount: draft.amount, expected }.into());
    }
    if draft.kind.needs_amount() && !draft.amount.is_positive() {
        return Err(FactError::AmountNotPositive { amount: draft.amount }.into());
    }
    if draft.amount.minor() > AMOUNT_MINOR_MAX {
        return Err(Refusal::AmountTooLarge { largest: Money::new(AMOUNT_MINOR_MAX, ground.currency) });
    }
    Ok(())
}

/// What the facts of some kinds act on.
fn targets_of(facts: &[Fact], is_kind: impl Fn(FactKind) -> bool) -> Vec<FactId> {
    facts.iter().filter(|fact| is_kind(fact.kind)).filter_map(|fact| fact.target).collect()
}

/// The standing fact that one of `kind` acts on.
fn find_target<'f>(
    facts: &'f [Fact],
    withdrawn: &[FactId],
    kind: FactKind,
    reference: &str,
) -> Result<&'f Fact, FactError> {
    let acts_on = kind.acts_on();
    let found = facts.iter().find(|fact| {
        acts_on.contains(&fact.kind) && fact.reference == reference && !withdrawn.contains(&fact.id)
    });
    found.ok_or_else(|| FactError::UnknownTarget { reference: reference.to_owned() })
}

fn is_same(known: &Fact, draft: &Draft, target: Option<&Fact>) -> bool {
    known.amount == draft.amount
        && known.value_on == draft.value_on
        && known.due_on == draft.due_on
        && known.instalment_count == draft.instalment_count
        && known.target == target.map(|target| target.id)
        && known.detail == draft.detail
        && (known.kind != FactKind::Charge || known.component == draft.component)
}

/// A fact in a few words, for the message of a conflict.
fn words(fact: &Fact) -> String {
    if fact.amount.is_zero() {
        return format!("a {} on {}", fact.kind, fact.value_on);
    }
    format!("a {} of {:?} on {}", fact.kind, fact.amount, fact.value_on)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        Date::parse(text).expect("a day of the calendar")
    }

    fn cny(text: &str) -> Money {
        Money::parse(text, Currency::CNY).expect("an amount")
    }

    fn draft(kind: FactKind, amount: &str, on: &str, reference: &str, target: Option<&str>) -> Draft {
        Draft {
            id: FactId([reference.len() as u8; 16]),
            kind,
            amount: cny(amount),
            value_on: date(on),
            reference: reference.to_owned(),
            target: target.map(str::to_owned),
            component: Component::Principal,
            due_on: None,
            instalment_count: 0,
            detail: FactDetail::default(),
            learned_at: Timestamp::from_micros(1),
        }
    }

    /// The code of what becomes of `draft` beside `facts`; the agreement runs from January 5 to February 20.
    fn outcome(facts: &[Fact], draft: &Draft) -> &'static str {
        let ground = Ground {
            currency: Currency::CNY,
            opened_on: date("2026-01-05"),
            latest: date("2026-02-20"),
            facts,
        };
        match admit(&ground, draft) {
            Ok(Admission::New(_)) => "new",
            Ok(Admission::Known(_)) => "known",
            Err(refusal) => refusal.code(),
        }
    }

    fn recorded(drafts: &[Draft]) -> Vec<Fact> {
        let mut facts = Vec::new();
        for draft in drafts {
            let ground = Ground {
                currency: Currency::CNY,
                opened_on: date("2026-01-05"),
                latest: date("2026-02-20"),
                facts: &facts,
            };
            match admit(&ground, draft) {
                Ok(Admission::New(fact)) => facts.push(fact),
                other => panic!("{draft:?}: {other:?}"),
            }
        }
        facts
    }

    #[test]
    fn a_value_date_lies_between_the_opening_and_today() {
        for (on, expected) in [
            ("2026-01-04", "before_agreement"),
            ("2026-01-05", "new"),
            ("2026-02-20", "new"),
            ("2026-02-21", "in_future"),
        ] {
            assert_eq!(outcome(&[], &draft(FactKind::Payment, "1.00", on, "R", None)), expected, "{on}");
        }
    }

    #[test]
    fn an_amount_is_above_zero_in_the_currency_of_the_agreement_and_of_a_size_that_can_be() {
        let code = |text: &str, given: Option<Currency>| {
            read_amount(text, given, Currency::CNY)
                .map_or_else(|refusal| refusal.code().to_owned(), |amount| amount.to_string())
        };
        for (text, expected) in [
            ("0.01", "0.01"),
            ("0", "amount_not_positive"),
            ("0.00", "amount_not_positive"),
            ("-1.00", "amount_not_positive"),
            ("0.001", "amount"),
            ("1e3", "amount"),
            ("1,000.00", "amount"),
            ("", "amount"),
            ("10000000000.00", "10000000000.00"),
            ("10000000000.01", "amount_too_large"),
            ("92233720368547758.08", "amount_too_large"),
            ("9999999999999999999999999999999999", "amount_too_large"),
        ] {
            assert_eq!(code(text, None), expected, "{text}");
        }
        let usd = Currency::parse("USD").expect("a currency");
        assert_eq!(code("5.00", Some(usd)), "currency_mismatch");
        assert_eq!(code("5.00", Some(Currency::CNY)), "5.00");
    }

    #[test]
    fn the_same_reference_is_the_same_fact_or_a_conflict() {
        let first = draft(FactKind::Payment, "10.00", "2026-02-01", "R-1", None);
        let facts = recorded(std::slice::from_ref(&first));
        assert_eq!(outcome(&facts, &first), "known");
        for other in [
            draft(FactKind::Payment, "10.01", "2026-02-01", "R-1", None),
            draft(FactKind::Payment, "10.00", "2026-02-02", "R-1", None),
        ] {
            assert_eq!(outcome(&facts, &other), "reference_conflict");
        }
        assert_eq!(outcome(&facts, &draft(FactKind::Payment, "10.00", "2026-02-01", "R-2", None)), "new");
    }

    #[test]
    fn a_reference_can_be_shown() {
        for bad in ["", " R", "R ", "a\nb", "\u{0}", &"x".repeat(201)] {
            assert_eq!(outcome(&[], &draft(FactKind::Payment, "1.00", "2026-02-01", bad, None)), "reference");
        }
        let long = "x".repeat(200);
        assert_eq!(outcome(&[], &draft(FactKind::Payment, "1.00", "2026-02-01", &long, None)), "new");
        assert_eq!(outcome(&[], &draft(FactKind::Payment, "1.00", "2026-02-01", "银行 7", None)), "new");
    }

    #[test]
    fn a_payment_is_undone_once_by_whomever() {
        let paid = draft(FactKind::Payment, "10.00", "2026-02-01", "R-1", None);
        let undo = |kind, reference| draft(kind, "0.00", "2026-02-03", reference, Some("R-1"));
        let facts = recorded(std::slice::from_ref(&paid));
        assert_eq!(outcome(&facts, &undo(FactKind::Reversal, "X-1")), "new");
        assert_eq!(outcome(&facts, &undo(FactKind::Return, "X-1")), "new");
        let facts = recorded(&[paid, undo(FactKind::Return, "X-1")]);
        assert_eq!(outcome(&facts, &undo(FactKind::Return, "X-1")), "known");
        assert_eq!(outcome(&facts, &undo(FactKind::Return, "X-2")), "already_reversed");
        assert_eq!(outcome(&facts, &undo(FactKind::Reversal, "X-3")), "already_reversed");
        let unknown = draft(FactKind::Reversal, "0.00", "2026-02-03", "X-4", Some("R-9"));
        assert_eq!(outcome(&facts, &unknown), "unknown_target");
        let wrong_kind = draft(FactKind::Reversal, "0.00", "2026-02-03", "X-5", Some("X-1"));
        assert_eq!(outcome(&facts, &wrong_kind), "unknown_target");
    }

    #[test]
    fn an_amount_in_another_currency_is_refused() {
        let usd = Currency::parse("USD").expect("a currency");
        let foreign = Draft {
            amount: Money::new(100, usd),
            ..draft(FactKind::Payment, "1.00", "2026-02-01", "R", None)
        };
        assert_eq!(outcome(&[], &foreign), "currency_mismatch");
    }
}

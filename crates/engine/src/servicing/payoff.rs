//! Early payoff (提前结清): a quote that is kept and holds for some days, and the payment that takes it.
//!
//! A quote is one sum, that of its day. Whoever pays it by its last day has paid off: what interest, fees and late fees
//! accrued by themselves in between is given up by waivers in the same transaction, each a fact with the quote as its
//! reason, never silently. When anything else happened in between, the quote is stale and refused.

use dunlin_domain::acceptance::{accept, payoff_needed};
use dunlin_domain::amounts::Amounts;
use dunlin_domain::date::Date;
use dunlin_domain::fact::{Fact, FactDetail, FactError, FactKind};
use dunlin_domain::id::{FactId, hash_parts};
use dunlin_domain::money::{Currency, Money};
use dunlin_domain::position::{PayoffPart, PayoffParts, fold, payoff_parts, payoff_quote};
use dunlin_domain::recording;
use dunlin_domain::schedule::EarlyPayoff;
use dunlin_domain::terms::{Component, Terms};
use dunlin_domain::wording;
use dunlin_store::agreement::AgreementRow;
use dunlin_store::payoff::{self, QuoteRow};
use dunlin_store::{Tx, audit};

use super::reschedule::is_plan;
use super::{Change, Mode, refused};
use crate::payment::record::{Recorded, Told};
use crate::payment::{Caller, Context};
use crate::{Engine, EngineError, text_id};

/// The most days that a quote holds.
pub const QUOTE_DAYS_MAX: i32 = 31;

/// A quote that is asked for.
#[derive(Clone, Debug)]
pub struct QuoteAsked {
    /// The lender's id of the agreement, or ours.
    pub agreement: String,
    /// The reference of the purchase or statement plan; everything when left out.
    pub plan: Option<String>,
    /// The day it is of; today if none is given.
    pub on: Option<Date>,
    /// The last day on which it is taken; the day it is of when left out.
    pub holds_through: Option<Date>,
}

/// A quote, with where each part of it comes from.
#[derive(Clone, Debug)]
pub struct PayoffQuote {
    /// What is kept of it.
    pub row: QuoteRow,
    /// The lender's id of the agreement.
    pub agreement: String,
    /// The reference of the plan; `None` when it is for everything.
    pub plan: Option<String>,
    /// What the terms say of early payoff.
    pub rule: EarlyPayoff,
    /// Its parts, each with the reference of its plan.
    pub parts: Vec<(Option<String>, PayoffPart)>,
}

impl PayoffQuote {
    /// The text form of its id.
    #[must_use]
    pub fn id(&self) -> String {
        quote_id_text(self.row.id)
    }
}

/// A payment that takes a quote.
#[derive(Clone, Debug)]
pub struct QuotePayment {
    /// The id of the quote.
    pub quote: String,
    /// The agreement that the money is for, where the caller names one too.
    pub agreement: Option<String>,
    /// A decimal amount; the quote's when left out.
    pub amount: Option<String>,
    /// The currency, checked against the agreement's.
    pub currency: Option<Currency>,
    /// The value date; today if none is given.
    pub value_on: Option<Date>,
    /// The caller's reference.
    pub reference: String,
    /// What else is known of it.
    pub note: String,
}

/// A quote that was taken.
#[derive(Clone, Debug)]
pub struct QuoteTaken {
    /// The id of the quote.
    pub quote: String,
    /// The payoff.
    pub change: Change,
    /// What accrued since the quote and was given up because it held.
    pub given_up: Vec<Recorded>,
}

/// The text form of a quote's id.
#[must_use]
pub fn quote_id_text(id: [u8; 16]) -> String {
    text_id::text_of("quo", id)
}

/// An agreement as a payoff of one of its plans, or of everything, sees it.
struct Ground<'g> {
    row: &'g AgreementRow,
    terms: Terms,
    facts: Vec<Fact>,
    plan: Option<FactId>,
}

impl Ground<'_> {
    /// What the payoff takes on a day, with where it comes from, and what has to come in for it.
    fn on(&self, day: Date) -> Result<(PayoffParts, Amounts, Money), EngineError> {
        let position = fold(&self.terms, self.row.opened_on, &self.facts, day, &mut |_| {})?;
        let parts = payoff_parts(&position, &self.terms, self.plan)?;
        let amounts = payoff_quote(&position, &self.terms, self.plan)?;
        let needed = payoff_needed(&position, &self.terms, self.plan)?;
        Ok((parts, amounts, needed))
    }

    /// Whether what is lent and charged by hand is the same on both days: then only time passed between them.
    fn is_same_debt(&self, quoted: &Amounts, day: Date) -> Result<bool, EngineError> {
        let (_, amounts, _) = self.on(day)?;
        let is_same = |component| amounts.get(component) == quoted.get(component);
        Ok(is_same(Component::Principal) && is_same(Component::Charge))
    }
}

impl Engine {
    /// What pays off one plan or everything, kept as a quote; the same question again gives the same quote.
    ///
    /// # Errors
    /// `unknown_plan`, `nothing_to_pay_off`, `ends_before_start`, `quote_too_long`, `quote_spans_change`,
    /// `written_off`, `sold`; [`EngineError::NotFound`].
    pub fn quote_payoff(&self, asked: &QuoteAsked, caller: Caller<'_>) -> Result<PayoffQuote, EngineError> {
        let policies = self.policies()?;
        let context = Context { caller, policies: &policies };
        self.db.write_as(|tx| {
            let row = self.find_agreement(tx, &asked.agreement)?;
            let on = self.value_date(tx, &row, asked.on, context)?;
            let holds_through = asked.holds_through.unwrap_or(on);
            self.check_quote_days(tx, &row, on, holds_through, context)?;
            let ground = self.payoff_ground(tx, &row, asked.plan.as_deref(), on, context)?;
            let (parts, amounts, total) = ground.on(on)?;
            check_claim(&ground, on, total, caller)?;
            if !amounts.total()?.is_positive() {
                let complaint = wording!(
                    "合约“{}”在 {on} 已没有欠款",
                    "nothing is left of agreement {:?} on {on}",
                    row.external_id
                );
                return refused("nothing_to_pay_off", complaint);
            }
            check_span(&ground, &amounts, on, holds_through)?;
            let quote = QuoteRow {
                part: row.part,
                id: quote_id(&row, ground.plan, on, holds_through, total, &amounts),
                agreement: row.id,
                plan: ground.plan,
                quoted_on: on,
                holds_through,
                total,
                credit: parts.credit,
                amounts,
                spared: parts.spared,
                quoted_by: caller.actor.to_owned(),
                quoted_at: caller.now,
            };
            if payoff::insert(tx, &quote)? {
                audit_quote(tx, &row, &quote, asked.plan.as_deref(), caller)?;
            }
            let quote = payoff::find(tx, row.part, quote.id)?.unwrap_or(quote);
            Ok(shown(&ground, asked.plan.clone(), quote, &parts))
        })
    }

    /// The quotes that an agreement was given, oldest first, by id; what each was derived from is not told again.
    ///
    /// # Errors
    /// [`EngineError::NotFound`]; what the database says.
    pub fn quotes_of(&self, agreement: &str) -> Result<Vec<PayoffQuote>, EngineError> {
        let policies = self.policies()?;
        self.db.read_as(|tx| {
            let row = self.find_agreement(tx, agreement)?;
            let facts = self.facts(tx, &row)?;
            let quotes = payoff::of_agreement(tx, row.part, row.id)?;
            let shown = |quote: QuoteRow| {
                let on = quote.quoted_on;
                let terms = policies.terms(&row.product, row.product_version, row.statement_day, on)?;
                let plan = facts.iter().find(|fact| Some(fact.id) == quote.plan);
                Ok(PayoffQuote {
                    agreement: row.external_id.clone(),
                    plan: plan.map(|fact| fact.reference.clone()),
                    rule: terms.plan.early_payoff,
                    parts: Vec::new(),
                    row: quote,
                })
            };
            quotes.into_iter().map(shown).collect()
        })
    }

    /// Takes a quote: the payoff is recorded, and what accrued by itself since the quote is given up.
    ///
    /// # Errors
    /// `quote_ended` after its last day, `before_quote`, `quote_stale` when something happened in between,
    /// `payoff_amount` for another sum, `other_agreement`, and those of every fact; nothing is recorded then.
    pub fn pay_quote(&self, payment: &QuotePayment, caller: Caller<'_>) -> Result<QuoteTaken, EngineError> {
        let policies = self.policies()?;
        let context = Context { caller, policies: &policies };
        let not_found = || EngineError::NotFound { what: "payoff quote", name: payment.quote.clone() };
        let (part, id) = text_id::parse_with_part("quo", &payment.quote).ok_or_else(not_found)?;
        self.db.write_as(|tx| {
            let quote = payoff::find(tx, part, id)?.ok_or_else(not_found)?;
            let row = self.find_agreement(tx, &quote.agreement.to_string())?;
            if let Some(named) = &payment.agreement
                && self.find_agreement(tx, named)?.id != row.id
            {
                let complaint = wording!(
                    "结清报价 {} 属于合约“{}”，而不是“{named}”",
                    "quote {} is of agreement {:?}, not of {named:?}",
                    payment.quote,
                    row.external_id
                );
                return refused("other_agreement", complaint);
            }
            dunlin_store::payment::lock_agreement(tx, row.part, row.id)?;
            self.take_quote(tx, &row, &quote, payment, context)
        })
    }

    fn take_quote(
        &self,
        tx: &mut Tx<'_>,
        row: &AgreementRow,
        quote: &QuoteRow,
        payment: &QuotePayment,
        context: Context<'_>,
    ) -> Result<QuoteTaken, EngineError> {
        let known = self.known_fact(tx, row, FactKind::Payoff, &payment.reference)?;
        let on = match (payment.value_on, &known) {
            (None, Some(known)) => known.value_on,
            (given, _) => self.value_date(tx, row, given, context)?,
        };
        let amount = match &payment.amount {
            Some(text) => recording::read_amount(text, payment.currency, row.currency)?,
            None => quote.total,
        };
        let terms = context.policies.terms(&row.product, row.product_version, row.statement_day, on)?;
        let ground = Ground { row, terms, facts: self.facts(tx, row)?, plan: quote.plan };
        if known.is_none() {
            check_taking(&ground, quote, amount, on)?;
        }
        let plan = ground.facts.iter().find(|fact| Some(fact.id) == quote.plan);
        let plan = plan.map(|fact| fact.reference.clone());
        let note = if payment.note.is_empty() { payment.quote.clone() } else { payment.note.clone() };
        let mut told = Told::new(FactKind::Payoff, amount, on, &payment.reference, &note);
        told.target.clone_from(&plan);
        told.due_on = Some(quote.quoted_on);
        told.detail = FactDetail { through: Some(quote.holds_through), ..FactDetail::default() };
        let change = self.change_in(tx, row, &told, Mode::Record, None, context)?;
        let ground = Ground { facts: self.facts(tx, row)?, ..ground };
        let given_up = self.give_up(tx, &ground, plan.as_deref(), payment, on, context)?;
        Ok(QuoteTaken { quote: payment.quote.clone(), change, given_up })
    }

    /// Waives what the payoff left: what accrued by itself between the quote and the payment.
    fn give_up(
        &self,
        tx: &mut Tx<'_>,
        ground: &Ground<'_>,
        plan: Option<&str>,
        payment: &QuotePayment,
        on: Date,
        context: Context<'_>,
    ) -> Result<Vec<Recorded>, EngineError> {
        let position = fold(&ground.terms, ground.row.opened_on, &ground.facts, on, &mut |_| {})?;
        let in_scope = |statement: &&dunlin_domain::statement::Statement| {
            ground.plan.is_none_or(|plan| statement.plan == Some(plan))
        };
        let note = format!("settlement: quote {} held", payment.quote);
        let mut given_up = Vec::new();
        for component in Component::ALL.iter().copied().filter(|one| *one != Component::Principal) {
            let reference = given_up_reference(&payment.reference, component);
            let known = self.known_amount(tx, ground.row, FactKind::Waiver, &reference)?;
            let mut rest = Money::zero(ground.row.currency);
            for statement in position.statements.iter().filter(in_scope) {
                rest = rest.try_add(statement.rest_of(component)?)?;
                if component == Component::LateFee {
                    rest = rest.try_add(statement.late_fee_rest(&ground.terms, on)?)?;
                }
            }
            let amount = known.unwrap_or(rest);
            if !amount.is_positive() {
                continue;
            }
            let mut told = Told::new(FactKind::Waiver, amount, on, &reference, &note);
            told.target = plan.map(str::to_owned);
            told.detail = FactDetail { only: Some(component), ..FactDetail::default() };
            given_up.push(self.record_fact(tx, ground.row, &told, context)?);
        }
        Ok(given_up)
    }

    /// A quote is of a day that is not far ahead, and ends not long after it.
    fn check_quote_days(
        &self,
        tx: &mut Tx<'_>,
        row: &AgreementRow,
        on: Date,
        holds_through: Date,
        context: Context<'_>,
    ) -> Result<(), EngineError> {
        let latest = self.books_today(tx, context.caller.now)?.plus_days(QUOTE_DAYS_MAX);
        if on < row.opened_on {
            return Err(FactError::BeforeAgreement { value_on: on, opened_on: row.opened_on }.into());
        }
        if on > latest {
            return Err(FactError::InFuture { value_on: on, latest }.into());
        }
        if holds_through < on {
            return Err(FactError::EndsBeforeStart { value_on: on, through: holds_through }.into());
        }
        if holds_through.days_since(on) > QUOTE_DAYS_MAX {
            let complaint = wording!(
                "{on} 的结清报价最多有效 {QUOTE_DAYS_MAX} 天；请指定 {} 或更早的日期",
                "a quote of {on} holds at most {QUOTE_DAYS_MAX} days; give {} or an earlier day",
                on.plus_days(QUOTE_DAYS_MAX)
            );
            return refused("quote_too_long", complaint);
        }
        Ok(())
    }

    fn payoff_ground<'g>(
        &self,
        tx: &mut Tx<'_>,
        row: &'g AgreementRow,
        plan: Option<&str>,
        on: Date,
        context: Context<'_>,
    ) -> Result<Ground<'g>, EngineError> {
        let facts = self.facts(tx, row)?;
        let terms = context.policies.terms(&row.product, row.product_version, row.statement_day, on)?;
        let plan = match plan {
            None => None,
            Some(reference) => {
                let is_meant = |fact: &&Fact| is_plan(fact.kind) && fact.reference == reference;
                let unknown = || FactError::UnknownPlan { reference: reference.to_owned() };
                Some(facts.iter().find(is_meant).ok_or_else(unknown)?.id)
            }
        };
        Ok(Ground { row, terms, facts, plan })
    }
}

/// The reference of the waiver of what accrued of a component since the quote.
pub(crate) fn given_up_reference(payoff: &str, component: Component) -> String {
    format!("{payoff}:{component}")
}

/// Whether the agreement takes a payoff at all.
fn check_claim(ground: &Ground<'_>, on: Date, total: Money, caller: Caller<'_>) -> Result<(), EngineError> {
    let mut payoff = Fact::new(FactId([0; 16]), FactKind::Payoff, on, caller.now, total);
    payoff.target = ground.plan;
    Ok(accept(&ground.terms, ground.row.opened_on, &ground.facts, &payoff)?)
}

/// A quote cannot hold over a day on which a part of the plan is billed, or something happened: from then on it is about
/// another debt.
fn check_span(
    ground: &Ground<'_>,
    quoted: &Amounts,
    on: Date,
    holds_through: Date,
) -> Result<(), EngineError> {
    if ground.is_same_debt(quoted, holds_through)? {
        return Ok(());
    }
    let mut latest = holds_through;
    while latest > on && !ground.is_same_debt(quoted, latest)? {
        latest = latest.plus_days(-1);
    }
    let complaint = wording!(
        "报价所涉内容在 {} 发生变化（部分金额入账单，或有其他变动）；请让 {on} 的报价最迟到 {latest} 为止，或改询更晚日期的报价",
        "what it is about changes on {}: a statement bills a part of it, or something happened; let the quote of {on} \
         end by {latest}, or ask for one of a later day",
        latest.plus_days(1)
    );
    refused("quote_spans_change", complaint)
}

/// Whether a quote is taken on a day with a sum.
fn check_taking(ground: &Ground<'_>, quote: &QuoteRow, amount: Money, on: Date) -> Result<(), EngineError> {
    if on > quote.holds_through {
        return Err(FactError::QuoteEnded { value_on: on, through: quote.holds_through }.into());
    }
    if on < quote.quoted_on {
        let complaint = wording!(
            "{on} 的还款早于 {} 的报价；请询该日的报价",
            "the payment of {on} is before the quote of {}; ask for a quote of that day",
            quote.quoted_on
        );
        return refused("before_quote", complaint);
    }
    let (_, _, needed) = ground.on(quote.quoted_on)?;
    if needed != quote.total {
        return Err(FactError::QuoteStale { quoted: quote.total, needed }.into());
    }
    if amount != quote.total {
        return Err(FactError::PayoffAmount { amount, expected: quote.total }.into());
    }
    Ok(())
}

/// The id of a quote: hashed from what it says, with the part in its first two bytes.
fn quote_id(
    row: &AgreementRow,
    plan: Option<FactId>,
    on: Date,
    holds_through: Date,
    total: Money,
    amounts: &Amounts,
) -> [u8; 16] {
    let plan = plan.map_or([0; 16], |plan| plan.0);
    let minor: Vec<u8> = amounts.minor().iter().flat_map(|minor| minor.to_le_bytes()).collect();
    let parts: [&[u8]; 6] = [
        &row.id.0,
        &plan,
        &on.days().to_le_bytes(),
        &holds_through.days().to_le_bytes(),
        &total.minor().to_le_bytes(),
        &minor,
    ];
    let mut id = hash_parts("payoff quote", &parts);
    id[..2].copy_from_slice(&row.part.number().to_be_bytes());
    id
}

fn audit_quote(
    tx: &mut Tx<'_>,
    row: &AgreementRow,
    quote: &QuoteRow,
    plan: Option<&str>,
    caller: Caller<'_>,
) -> Result<(), EngineError> {
    let subject = format!("{} {}", row.external_id, quote_id_text(quote.id));
    let after = format!(
        "{:?} of {}, holds from {} through {}",
        quote.total,
        plan.unwrap_or("everything"),
        quote.quoted_on,
        quote.holds_through
    );
    let entry = audit::Entry {
        at: caller.now,
        actor: caller.actor,
        action: "payoff.quote",
        subject: &subject,
        before: None,
        after: Some(&after),
        cause: "command",
    };
    audit::append(tx, row.part, &entry)?;
    Ok(())
}

fn shown(ground: &Ground<'_>, plan: Option<String>, row: QuoteRow, parts: &PayoffParts) -> PayoffQuote {
    let name = |plan: Option<FactId>| {
        let found = ground.facts.iter().find(|fact| Some(fact.id) == plan);
        found.filter(|fact| is_plan(fact.kind)).map(|fact| fact.reference.clone())
    };
    PayoffQuote {
        agreement: ground.row.external_id.clone(),
        plan,
        rule: ground.terms.plan.early_payoff,
        parts: parts.parts.iter().map(|part| (name(part.plan), *part)).collect(),
        row,
    }
}

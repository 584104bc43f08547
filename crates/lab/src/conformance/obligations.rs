//! An agreement of which a case gives what falls due, and not what was bought: invoices, lines, instalments.

use dunlin_domain::arrears::Arrears;
use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::fact::{Fact, FactKind};
use dunlin_domain::id::FactId;
use dunlin_domain::money::{Currency, Money, Rate, Rounding};
use dunlin_domain::position::{Position, fold};
use dunlin_domain::terms::{
    AllocationScope, Bucket, Component, DaysPastDueConvention, MinimumPayment, OverdueMeasure, Terms,
};
use dunlin_engine::policy::{self, PolicyDocument, PolicyKind};

use super::fields::Problem;

/// The facts of one agreement and its terms.
pub(super) struct Obligations {
    pub(super) terms: Terms,
    opened_on: Date,
    facts: Vec<Fact>,
}

/// Terms for what falls due by itself: overdue is what is unpaid, the oldest is paid first, and there is no late
/// fee by delay. All that a case does not speak of is as in the shipped card.
pub(super) fn plain_terms(
    currency: Currency,
    days_past_due: DaysPastDueConvention,
) -> Result<Terms, Problem> {
    let card = policy::shipped().iter().find(|document| document.file == "products/card.toml");
    let card = card.ok_or_else(|| Problem::new("the shipped card is missing"))?;
    let text = card.text.replace("currency = \"CNY\"", &format!("currency = \"{currency}\""));
    let document = policy::parse(PolicyKind::Product, card.file, &text, Rate::ONE);
    let Ok(PolicyDocument::Product(product)) = document else {
        return Err(Problem::new(format!("the shipped card cannot be read in {currency}")));
    };
    let mut terms = product.terms;
    terms.instalments = Vec::new();
    terms.minimum = MinimumPayment { share: Rate::ONE, floor: Money::zero(currency) };
    terms.overdue = OverdueMeasure::StatementRest;
    terms.late_fee = None;
    terms.allocation_scope = AllocationScope::DueDateFirst;
    terms.allocation = vec![
        Component::Principal,
        Component::InstalmentFee,
        Component::Interest,
        Component::Charge,
        Component::LateFee,
    ];
    terms.ageing_grace_days = 0;
    terms.days_past_due = days_past_due;
    terms.buckets = vec![Bucket { name: "all".to_owned(), from_days: 0 }];
    terms.rounding = Rounding::HalfUp;
    Ok(terms)
}

impl Obligations {
    /// An agreement that began long before anything falls due.
    pub(super) fn new(terms: Terms) -> Self {
        Self { terms, opened_on: Date::from_days(0), facts: Vec::new() }
    }

    fn add(&mut self, kind: FactKind, value_on: Date, amount: Money) -> &mut Fact {
        // Ids rise with the order of the case, which decides between facts of one day.
        let number = u64::try_from(self.facts.len()).unwrap_or(u64::MAX) + 1;
        let mut id = [0; 16];
        id[..8].copy_from_slice(&number.to_be_bytes());
        let learned_at = Timestamp::from_micros(i64::from(value_on.days()) * 86_400_000_000);
        self.facts.push(Fact::new(FactId(id), kind, value_on, learned_at, amount));
        let last = self.facts.len() - 1;
        &mut self.facts[last]
    }

    /// `amount` falls due on `due_on`; known from then on.
    pub(super) fn owe(&mut self, due_on: Date, component: Component, amount: Money) {
        let fact = self.add(FactKind::Obligation, due_on, amount);
        fact.component = component;
        fact.due_on = Some(due_on);
    }

    /// Money comes in.
    pub(super) fn pay(&mut self, on: Date, amount: Money) {
        self.add(FactKind::Payment, on, amount);
    }

    /// Undoes the last payment that stands.
    pub(super) fn undo_last_payment(&mut self, on: Date) -> Result<(), Problem> {
        let is_undone = |id: FactId| {
            self.facts.iter().any(|fact| fact.kind == FactKind::Reversal && fact.target == Some(id))
        };
        let last = self.facts.iter().rev().find(|fact| fact.kind == FactKind::Payment && !is_undone(fact.id));
        let (id, zero) = match last {
            Some(payment) => (payment.id, Money::zero(payment.amount.currency())),
            None => return Err(Problem::new("there is no payment to undo")),
        };
        self.add(FactKind::Reversal, on, zero).target = Some(id);
        Ok(())
    }

    pub(super) fn position(&self, on: Date) -> Result<Position, Problem> {
        fold(&self.terms, self.opened_on, &self.facts, on, &mut |_| {}).map_err(Problem::from)
    }

    pub(super) fn arrears(&self, on: Date) -> Result<Arrears, Problem> {
        self.position(on)?.arrears(&self.terms).map_err(Problem::from)
    }

    /// All that is owed on a day.
    pub(super) fn owed(&self, on: Date) -> Result<Money, Problem> {
        self.position(on)?.owed(&self.terms).map_err(Problem::from)
    }

    /// What is unpaid of each obligation, oldest first; settled ones are not in the list.
    pub(super) fn unpaid(&self, on: Date) -> Result<Vec<(Date, Money)>, Problem> {
        let position = self.position(on)?;
        let rests = position.statements.iter().map(|statement| Ok((statement.due_on, statement.rest()?)));
        let rests: Result<Vec<(Date, Money)>, Problem> = rests.collect();
        Ok(rests?.into_iter().filter(|(_, rest)| rest.is_positive()).collect())
    }
}

//! Classification (五级分类) and days past due: of an agreement with its plans, of a customer, and of the whole portfolio.
//!
//! The thresholds are data of each product's document (`[ageing] tiers`). A customer is classified as the worst of the
//! agreements.

use std::collections::{BTreeMap, HashMap};

use dunlin_domain::ageing::{Ageing, CustomerAge, customer_age};
use dunlin_domain::date::Date;
use dunlin_domain::fact::Fact;
use dunlin_domain::id::{CustomerId, FactId};
use dunlin_domain::money::{Currency, Money};
use dunlin_domain::terms::{DaysPastDueConvention, Tier};
use dunlin_store::Tx;
use dunlin_store::agreement::{self, AgreementRow};
use dunlin_store::{exposure, run};

use crate::day_page::ALLOWANCE_USED;
use crate::inspect::{Current, current_positions, parts};
use crate::policies::Policies;
use crate::{Engine, EngineError};

/// How far behind one plan, obligation or statement of an agreement is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanAge {
    /// The reference of the purchase, obligation or charge; empty for statements of cycles.
    pub reference: String,
    /// The oldest due date that is overdue.
    pub due_on: Date,
    /// Days past due by the terms, without paused ones.
    pub days_past_due: i32,
    /// What is overdue of it.
    pub overdue: Money,
}

/// How far behind an agreement and its customer are on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgeingView {
    /// The agreement by its terms.
    pub ageing: Ageing,
    /// Days past due where the day after the due date is day 1.
    pub days_after_due: i32,
    /// Days past due where the due date itself is day 1.
    pub days_from_due: i32,
    /// Each plan that is overdue, the oldest first.
    pub plans: Vec<PlanAge>,
    /// The customer over all agreements.
    pub customer: CustomerAge,
}

impl AgeingView {
    /// The customer's tier: the worst of all agreements.
    #[must_use]
    pub fn customer_tier(&self) -> Tier {
        self.customer.tier.unwrap_or(Tier::Normal)
    }
}

/// One tier of one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TierLine {
    /// The currency.
    pub currency: Currency,
    /// The tier.
    pub tier: Tier,
    /// Agreements in it.
    pub agreements: u64,
    /// What they owe, minor units.
    pub owed_minor: i128,
    /// What of that is overdue, minor units.
    pub overdue_minor: i128,
    /// Customers whose worst agreement is in it.
    pub customers: u64,
    /// What is owed on all agreements of those, minor units.
    pub owed_by_customers_minor: i128,
}

/// What is owed in one tier, from the sums by age that the books keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TierSum {
    /// The currency.
    pub currency: Currency,
    /// The tier by days past due.
    pub tier: Tier,
    /// What is owed and not held back from income, minor units.
    pub owed_minor: i128,
}

/// The portfolio by tier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TierReport {
    /// The day at whose end it holds: the last closed one.
    pub on: Date,
    /// Every tier of every currency that something is owed in, the best first.
    pub lines: Vec<TierLine>,
}

impl Engine {
    /// How far behind an agreement, its plans and its customer are.
    pub(crate) fn ageing_view(
        &self,
        tx: &mut Tx<'_>,
        policies: &Policies,
        row: &AgreementRow,
        current: &Current,
        facts: &[Fact],
    ) -> Result<AgeingView, EngineError> {
        let (terms, position) = (&current.terms, &current.position);
        let ageing = position.ageing(terms)?;
        let others = agreement::of_customer(tx, row.customer)?;
        let all = current_positions(tx, policies, &others, position.as_of)?;
        let tiers = all
            .iter()
            .map(|one| Ok((&one.arrears, one.position.ageing(&one.terms)?.tier)))
            .collect::<Result<Vec<_>, EngineError>>()?;
        let by = |convention| position.days_by(terms, convention);
        Ok(AgeingView {
            days_after_due: by(DaysPastDueConvention::DayAfterDueIsOne)?,
            days_from_due: by(DaysPastDueConvention::DueDateIsOne)?,
            plans: plan_ages(&ageing, facts)?,
            customer: customer_age(tiers),
            ageing,
        })
    }

    /// What is owed by tier at the end of the last closed day, from the sums by age that the books keep: nothing is
    /// scanned. What is charged off counts by its age here; [`Engine::tier_report`] looks at every agreement.
    ///
    /// # Errors
    /// [`EngineError::NoDayYet`] before the first day is closed; what the database says.
    pub fn tier_sums(&self) -> Result<(Date, Vec<TierSum>), EngineError> {
        let on = self.last_closed_day()?.ok_or(EngineError::NoDayYet)?.0;
        let policies = self.policies()?;
        let spans = run::spans(self.span_width);
        let sums = self.db.read_as(|tx| -> Result<_, EngineError> {
            let mut sums: BTreeMap<(String, Tier), TierSum> = BTreeMap::new();
            for (key, minor) in
                spans.iter().map(|span| exposure::of_span(tx, *span)).collect::<Result<Vec<_>, _>>()?.concat()
            {
                if key.component == ALLOWANCE_USED || minor == 0 {
                    continue;
                }
                let days = key.current_on.map_or(0, |current_on| on.days_since(current_on));
                let tier = policies.product_on(&key.product, on)?.terms.behind.tier(days);
                let (currency, place) = (key.currency, (key.currency.code().to_owned(), tier));
                let sum = sums.entry(place).or_insert(TierSum { currency, tier, owed_minor: 0 });
                sum.owed_minor += i128::from(minor);
            }
            Ok(sums)
        })?;
        Ok((on, sums.into_values().collect()))
    }

    /// The portfolio by tier at the end of the last closed day, part by part: no more than one is in memory.
    ///
    /// # Errors
    /// [`EngineError::NoDayYet`] before the first day is closed; what the database says.
    pub fn tier_report(&self) -> Result<TierReport, EngineError> {
        let on = self.last_closed_day()?.ok_or(EngineError::NoDayYet)?.0;
        let policies = self.policies()?;
        let mut lines: BTreeMap<(String, Tier), TierLine> = BTreeMap::new();
        for part in parts() {
            let found = self.db.read_as(|tx| -> Result<_, EngineError> {
                let mut rows = Vec::new();
                agreement::each_of_part(tx, part, |row| {
                    rows.push(row);
                    Ok(())
                })?;
                let currents = current_positions(tx, &policies, &rows, on)?;
                let classified =
                    rows.iter().zip(&currents).map(|(row, current)| Classified::of(row, current));
                classified.collect::<Result<Vec<_>, EngineError>>()
            })?;
            count(&mut lines, &found);
        }
        Ok(TierReport { on, lines: lines.into_values().collect() })
    }
}

/// One agreement as the report counts it.
struct Classified {
    customer: CustomerId,
    currency: Currency,
    tier: Tier,
    owed_minor: i64,
    overdue_minor: i64,
}

impl Classified {
    fn of(row: &AgreementRow, current: &Current) -> Result<Self, EngineError> {
        Ok(Self {
            customer: row.customer,
            currency: row.currency,
            tier: current.position.ageing(&current.terms)?.tier,
            owed_minor: current.position.owed(&current.terms)?.minor(),
            overdue_minor: current.arrears.overdue.minor(),
        })
    }
}

/// Counts the agreements of a part; a customer's agreements lie in one part.
fn count(lines: &mut BTreeMap<(String, Tier), TierLine>, found: &[Classified]) {
    let line_of = |lines: &mut BTreeMap<(String, Tier), TierLine>, currency: Currency, tier: Tier| {
        let empty = TierLine {
            currency,
            tier,
            agreements: 0,
            owed_minor: 0,
            overdue_minor: 0,
            customers: 0,
            owed_by_customers_minor: 0,
        };
        lines.entry((currency.code().to_owned(), tier)).or_insert(empty);
    };
    let mut worst: HashMap<CustomerId, Tier> = HashMap::new();
    for one in found {
        let tier = worst.entry(one.customer).or_insert(one.tier);
        *tier = (*tier).max(one.tier);
        line_of(lines, one.currency, one.tier);
        if let Some(line) = lines.get_mut(&(one.currency.code().to_owned(), one.tier)) {
            line.agreements += 1;
            line.owed_minor += i128::from(one.owed_minor);
            line.overdue_minor += i128::from(one.overdue_minor);
        }
    }
    let mut seen: HashMap<(CustomerId, &str), ()> = HashMap::new();
    for one in found {
        let tier = worst.get(&one.customer).copied().unwrap_or(one.tier);
        line_of(lines, one.currency, tier);
        if let Some(line) = lines.get_mut(&(one.currency.code().to_owned(), tier)) {
            line.owed_by_customers_minor += i128::from(one.owed_minor);
            if seen.insert((one.customer, one.currency.code()), ()).is_none() {
                line.customers += 1;
            }
        }
    }
}

fn plan_ages(ageing: &Ageing, facts: &[Fact]) -> Result<Vec<PlanAge>, EngineError> {
    let mut plans: Vec<(Option<FactId>, PlanAge)> = Vec::new();
    for obligation in &ageing.obligations {
        let known = plans.iter_mut().find(|(plan, _)| *plan == obligation.plan);
        if let Some((_, age)) = known {
            age.overdue = age.overdue.try_add(obligation.overdue)?;
            age.days_past_due = age.days_past_due.max(obligation.days_past_due);
            continue;
        }
        let fact = facts.iter().find(|fact| Some(fact.id) == obligation.plan);
        let age = PlanAge {
            reference: fact.map_or_else(String::new, |fact| fact.reference.clone()),
            due_on: obligation.due_on,
            days_past_due: obligation.days_past_due,
            overdue: obligation.overdue,
        };
        plans.push((obligation.plan, age));
    }
    Ok(plans.into_iter().map(|(_, age)| age).collect())
}

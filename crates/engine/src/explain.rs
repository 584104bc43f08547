//! The derivation of every amount: the fold's own events, in words.

mod changes;

use std::collections::HashMap;

use dunlin_domain::date::Date;
use dunlin_domain::id::FactId;
use dunlin_domain::late_fee::NoLateFee;
use dunlin_domain::line::available::Available;
use dunlin_domain::position::fold;
use dunlin_domain::terms::{Component, Terms};
use dunlin_domain::trace::Event;

use crate::inspect::Current;
use crate::tiers::{AgeingView, PlanAge};
use crate::{Engine, EngineError};

/// An agreement's derivation on a day.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The lender's id of the agreement.
    pub agreement: String,
    /// Product and version.
    pub product: String,
    /// The day.
    pub on: Date,
    /// One line an event, oldest first.
    pub lines: Vec<String>,
    /// What it comes to: name and amount.
    pub amounts: Vec<(&'static str, String)>,
}

impl Engine {
    /// Derives every amount of an agreement on a day; the last closed day when none is named.
    ///
    /// # Errors
    /// [`EngineError::NotFound`]; what the database says.
    pub fn explain(&self, name: &str, on: Option<Date>) -> Result<Explanation, EngineError> {
        let policies = self.policies()?;
        let closed = self.last_closed_day()?;
        self.db.read_as(|tx| {
            let row = self.find_agreement(tx, name)?;
            let on = on.or(closed.map(|closed| closed.0)).ok_or(EngineError::NoDayYet)?;
            let terms = policies.terms(&row.product, row.product_version, row.statement_day, on)?;
            let facts = self.facts(tx, &row)?;
            let names: HashMap<FactId, &str> =
                facts.iter().map(|fact| (fact.id, fact.reference.as_str())).collect();
            let mut events = Vec::new();
            let position = fold(&terms, row.opened_on, &facts, on, &mut |event| events.push(event))?;
            let mut lines: Vec<String> =
                events.iter().filter_map(|event| line(event, &terms, &names)).collect();
            let arrears = position.arrears(&terms)?;
            let current = Current { terms, position, arrears };
            let ageing = self.ageing_view(tx, &policies, &row, &current, &facts)?;
            lines.extend(ageing.plans.iter().map(|plan| plan_line(on, plan)));
            for statement in &current.position.statements {
                lines.extend(running_fee(&current, statement)?);
            }
            let ground = self.line_ground(tx, &policies, row.clone(), current, on)?;
            let available = ground.available()?;
            lines.push(available_line(on, &available));
            let current = Current { terms: ground.terms, position: ground.position, arrears: ground.arrears };
            Ok(Explanation {
                agreement: row.external_id.clone(),
                product: format!("{}@{}", row.product, row.product_version),
                on,
                lines,
                amounts: amounts(&current, &available, &ageing)?,
            })
        })
    }
}

/// How far behind one plan, obligation or statement is.
fn plan_line(on: Date, plan: &PlanAge) -> String {
    let what = if plan.reference.is_empty() { "statements" } else { &plan.reference };
    format!(
        "{on}  {what}: {} overdue since {}, {} days past due",
        plan.overdue, plan.due_on, plan.days_past_due
    )
}

fn amounts(
    current: &Current,
    available: &Available,
    ageing: &AgeingView,
) -> Result<Vec<(&'static str, String)>, EngineError> {
    let (terms, position, arrears) = (&current.terms, &current.position, &current.arrears);
    Ok(vec![
        ("bucket", terms.buckets[arrears.bucket_index].name.clone()),
        ("days_past_due", arrears.days_past_due.to_string()),
        ("days_after_due_date", ageing.days_after_due.to_string()),
        ("days_from_due_date", ageing.days_from_due.to_string()),
        ("tier", ageing.ageing.tier.code().to_owned()),
        ("customer_days_past_due", ageing.customer.days_past_due.to_string()),
        ("customer_tier", ageing.customer_tier().code().to_owned()),
        ("overdue", arrears.overdue.to_string()),
        ("late_fee", arrears.late_fee.to_string()),
        ("late_fee_charged", position.late_fee_charged(terms)?.to_string()),
        ("owed", position.owed(terms)?.to_string()),
        ("credit", position.credit.to_string()),
        ("held", available.held.to_string()),
        ("available_credit", available.amount.to_string()),
    ])
}

/// What may be drawn, from its parts.
fn available_line(on: Date, available: &Available) -> String {
    let Available { limit, billed, unbilled, plan_rest, held, credit, amount, over } = available;
    let over = if over.is_zero() { String::new() } else { format!(", {over} beyond the limit") };
    format!(
        "{on}  available credit: limit {limit} − principal on statements {billed} − unbilled purchases {unbilled} \
         − rest of plans {plan_rest} − open holds {held} + unapplied credit {credit} = {amount}{over}"
    )
}

/// Why what fell due costs nothing today.
fn no_fee_line(on: Date, due_on: Date, reason: NoLateFee) -> String {
    let reason = match reason {
        NoLateFee::PaidInTime => "what had to be paid was paid in time".to_owned(),
        NoLateFee::Grace { days, starts_on } => {
            format!("{days} days of grace; the first day that costs is {starts_on}")
        }
        NoLateFee::NoBase => "nothing is open of what it is a share of".to_owned(),
        NoLateFee::Frozen => "every day so far was frozen".to_owned(),
        NoLateFee::Limited => "a limit or a rate of nothing leaves nothing".to_owned(),
    };
    format!("{on}  no late fee of the statement due {due_on}: {reason}")
}

/// The segment of a late fee that still runs, with the rounding of the whole fee.
fn running_fee(
    current: &Current,
    statement: &dunlin_domain::statement::Statement,
) -> Result<Vec<String>, EngineError> {
    let (terms, on) = (&current.terms, current.position.as_of);
    let Some(fee) = &terms.late_fee else { return Ok(Vec::new()) };
    let exact = statement.late_fee_exact(terms, on)?;
    if exact.0 == 0 {
        let reason = statement.no_late_fee_reason(terms, on)?;
        return Ok(reason.map(|reason| no_fee_line(on, statement.due_on, reason)).into_iter().collect());
    }
    let base = statement.late_fee_base(fee, terms)?;
    let days = statement.late_fee.counted_days(on);
    let charged = statement.late_fee_charged(terms, on)?;
    let cap = statement.late_fee_cap(fee, terms)?.map_or(String::new(), |cap| format!(", capped at {cap}"));
    Ok(vec![
        format!(
            "{on}  late fee of the statement due {}: {base} × {} × {days} days since {}, on top of {} millionths accrued before",
            statement.due_on,
            fee.rate_per_day,
            statement.late_fee.running_since,
            statement.late_fee.accrued.0
        ),
        format!(
            "{on}  late fee of the statement due {}: {} millionths in all{cap}, rounded {:?} once to {charged}; paid {}, waived {}, open {}",
            statement.due_on,
            exact.0,
            terms.rounding,
            statement.late_fee.paid,
            statement.late_fee.waived,
            statement.late_fee_rest(terms, on)?
        ),
    ])
}

/// What an offer costs: its fee a period, its interest a year, or both.
fn cost_of(offer: &dunlin_domain::terms::InstalmentOffer) -> String {
    use dunlin_domain::money::Rate;
    let (fee, interest) = (offer.fee_per_period, offer.interest_per_year);
    match (fee > Rate::ZERO, interest > Rate::ZERO) {
        (true, true) => format!("{fee} a period and {interest} a year"),
        (false, true) => format!("{interest} a year"),
        (true | false, false) => format!("{fee} a period"),
    }
}

fn line(event: &Event, terms: &Terms, names: &HashMap<FactId, &str>) -> Option<String> {
    let name = |fact: &FactId| names.get(fact).copied().unwrap_or("?");
    Some(match event {
        Event::Purchase { fact, on, amount, instalment_count: 0 } => {
            format!("{on}  purchase {} of {amount}", name(fact))
        }
        Event::Purchase { fact, on, amount, instalment_count } => {
            let standard = terms.schedule_billing().map(|billing| &billing.standard);
            let cost = terms.offer(*instalment_count).or(standard).map_or_else(String::new, cost_of);
            format!("{on}  purchase {} of {amount} in {instalment_count} instalments at {cost}", name(fact))
        }
        Event::Obligation { fact, on, due_on, component, amount } => {
            format!("{on}  obligation {} of {amount} ({component}), due {due_on}", name(fact))
        }
        Event::InstalmentBilled { on, purchase, number, count, principal, interest, fee } => {
            let interest = if interest.is_zero() { String::new() } else { format!(" + interest {interest}") };
            format!(
                "{on}  instalment {number} of {count} of purchase {}: principal {principal}{interest} + fee {fee}",
                name(purchase)
            )
        }
        Event::StatementCut { on, due_on, billed, minimum, carried } => {
            let parts: Vec<String> = Component::ALL
                .iter()
                .filter(|component| !billed.get(**component).is_zero())
                .map(|component| format!("{component} {}", billed.get(*component)))
                .collect();
            format!(
                "{on}  statement due {due_on}: bills {}; {carried} open from before; minimum {minimum}",
                if parts.is_empty() { "nothing new".to_owned() } else { parts.join(" + ") }
            )
        }
        Event::MinimumMissed { due_on, minimum, shortfall, rest } => {
            format!(
                "{}  minimum {minimum} of the statement due {due_on} missed by {shortfall}; {rest} unpaid of it",
                due_on.plus_days(1)
            )
        }
        Event::LateFeeSegment { due_on, segment } => format!(
            "{}  late fee of the statement due {due_on}: {} × {} × {} days since {} = {} millionths",
            segment.through,
            segment.base,
            terms.late_fee.map_or_else(String::new, |fee| fee.rate_per_day.to_string()),
            segment.days,
            segment.from,
            segment.amount.0
        ),
        Event::Payment { fact, on, amount } => format!("{on}  payment {} of {amount}", name(fact)),
        Event::Refund { fact, on, amount, lowered_unbilled, .. } => {
            format!(
                "{on}  refund {} of {amount}, of which {lowered_unbilled} lowers what is not billed yet",
                name(fact)
            )
        }
        Event::Allocated { cause, on, due_on, number, component, amount, .. } => {
            let source = cause.as_ref().map_or_else(|| "credit".to_owned(), |fact| name(fact).to_owned());
            let what = if *number > 0 { format!("instalment {number}") } else { "the statement".to_owned() };
            format!("{on}    {source} clears {amount} of {component} of {what} due {due_on}")
        }
        Event::Waived { fact, on, due_on, component: Component::LateFee, amount } => {
            format!(
                "{on}  waiver {} gives up {amount} of the late fee of the statement due {due_on}",
                name(fact)
            )
        }
        Event::Waived { fact, on, due_on, component, amount } => {
            format!("{on}  waiver {} gives up {amount} of {component} of what is due {due_on}", name(fact))
        }
        Event::OverdueChanged { on, overdue_from: Some(from) } => format!("{on}  overdue from {from} on"),
        Event::OverdueChanged { on, overdue_from: None } => format!("{on}  no longer overdue"),
        event => changes::line(event, &name)?,
    })
}

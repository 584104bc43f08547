//! The events of schedules, changes of plans, fees charged once, pauses and losses, in words.

use dunlin_domain::amounts::Amounts;
use dunlin_domain::date::Date;
use dunlin_domain::fact::{FreezeReason, Prepayment};
use dunlin_domain::id::FactId;
use dunlin_domain::terms::Component;
use dunlin_domain::trace::Event;

/// The amounts of all components that are not zero.
pub(super) fn parts(amounts: &Amounts) -> String {
    let told = Component::ALL.iter().filter(|component| !amounts.get(**component).is_zero());
    let parts: Vec<String> =
        told.map(|component| format!("{component} {}", amounts.get(*component))).collect();
    if parts.is_empty() { "nothing".to_owned() } else { parts.join(" + ") }
}

fn until(through: Date) -> String {
    if through == Date::NEVER { "until further notice".to_owned() } else { format!("through {through}") }
}

fn reason(freeze: Option<FreezeReason>) -> &'static str {
    match freeze {
        Some(FreezeReason::Pause) => "a planned pause",
        Some(FreezeReason::Dispute) => "a dispute",
        Some(FreezeReason::Hardship) => "agreed relief",
        None => "an agreement",
    }
}

/// The event in words; `None` for one that [`super::line`] tells itself.
pub(super) fn line<'n>(event: &Event, name: &impl Fn(&FactId) -> &'n str) -> Option<String> {
    Some(match event {
        Event::Charge { fact, on, due_on, component, amount } => {
            let due =
                due_on.map_or_else(|| "on the next statement".to_owned(), |due_on| format!("due {due_on}"));
            format!("{on}  charge {} of {amount} ({component}), {due}", name(fact))
        }
        Event::ChargeCut { fact, on, asked, charged } => {
            format!("{on}  charge {} of {asked}: the yearly ceiling leaves room for {charged}", name(fact))
        }
        Event::Instalment { plan, on, number: 0, due_on, billed } => {
            format!("{on}    down payment of {} due {due_on}: {}", name(plan), parts(billed))
        }
        Event::Instalment { plan, on, number, due_on, billed } => {
            format!("{on}    instalment {number} of {} due {due_on}: {}", name(plan), parts(billed))
        }
        Event::NotScheduled { fact, on, code } => {
            format!("{on}  {} cannot be split into instalments ({code})", name(fact))
        }
        Event::InterestDue { plan, on, number, interest } => {
            format!(
                "{on}  instalment {number} of {} is due with interest of {interest} by the day",
                name(plan)
            )
        }
        Event::InstalmentDue { plan, on, number, principal, interest, fee } => {
            format!(
                "{on}  instalment {number} of {} is due: principal {principal} + interest {interest} + fee {fee} open",
                name(plan)
            )
        }
        Event::EarnedAhead { plan, on, number, component, amount } => {
            format!(
                "{on}    {component} {amount} of instalment {number} of {} counts before its due date",
                name(plan)
            )
        }
        Event::LateFeeSettled { on, due_on, amount, limit } => {
            let limit = limit.map_or_else(String::new, |limit| format!(", by the limit {limit}"));
            format!("{on}  late fee of what was due {due_on}: {amount} in all{limit}")
        }
        Event::CalledIn { on, plan, amounts } => {
            format!("{on}    what was to come of {} is owed at once: {}", name(plan), parts(amounts))
        }
        Event::OnceFee { on, due_on, after_days, amount } => {
            format!(
                "{on}  fee of {amount} charged once: the statement due {due_on} is {after_days} days past due"
            )
        }
        Event::ServiceBilled { on, due_on, amount } => {
            format!("{on}  service fee of {amount} on the carried rest of the statement due {due_on}")
        }
        Event::LateFeesStopped { on, limit } => {
            format!("{on}  late fees reach {limit}, the most over the life of the agreement; no more accrue")
        }
        Event::MovedToPlan { fact, on, due_on, amount, instalment_count } => {
            format!(
                "{on}  {} moves {amount} of the statement due {due_on} into {instalment_count} instalments",
                name(fact)
            )
        }
        Event::Payoff { fact, on, plan, amount } => {
            let what = plan.as_ref().map_or("everything", name);
            format!("{on}  payoff {} of {what} with {amount}", name(fact))
        }
        Event::Rescheduled { fact, on, plan, instalment_count, first_due_on, rate } => {
            let what = plan.as_ref().map_or("all that is open", name);
            let count = match instalment_count {
                0 => "as many instalments".to_owned(),
                count => format!("{count} instalments"),
            };
            let first = first_due_on.map_or_else(String::new, |first| format!(", the first due {first}"));
            let rate = rate.map_or_else(String::new, |rate| format!(", at {rate}"));
            format!("{on}  reschedule {} of {what}: {count}{first}{rate}", name(fact))
        }
        Event::Prepaid { fact, on, plan, amount, mode } => {
            let then = match mode {
                Prepayment::Advance => "instalments stay",
                Prepayment::Shorten => "fewer instalments",
                Prepayment::Lower => "lower instalments",
            };
            format!("{on}    {} pays {amount} of {} ahead: {then}", name(fact), name(plan))
        }
        Event::CreditPaidOut { fact, on, amount, beyond } if beyond.is_zero() => {
            format!("{on}  credit of {amount} paid out ({})", name(fact))
        }
        Event::CreditPaidOut { fact, on, amount, beyond } => {
            format!(
                "{on}  {amount} paid out ({}), of which {beyond} was no credit and is owed back",
                name(fact)
            )
        }
        event => return told_of_claim(event, name),
    })
}

/// Pauses, freezes and what becomes of the claim as a whole.
fn told_of_claim<'n>(event: &Event, name: &impl Fn(&FactId) -> &'n str) -> Option<String> {
    Some(match event {
        Event::AgeingPaused { fact, from, through } => {
            format!("{from}  ageing paused {} ({})", until(*through), name(fact))
        }
        Event::AgeingResumed { fact, pause, on } => {
            format!("{on}  ageing goes on ({}), the pause {} ends early", name(fact), name(pause))
        }
        Event::FeesFrozen { fact, from, through, reason: why } => {
            format!("{from}  no late fee {} because of {} ({})", until(*through), reason(*why), name(fact))
        }
        Event::ChargedOff { fact, on, amounts } => {
            format!("{on}  charged off ({}): {}", name(fact), parts(amounts))
        }
        Event::WrittenOff { fact, on, amounts } => {
            format!("{on}  written off ({}): {}", name(fact), parts(amounts))
        }
        Event::Recovered { fact, on, amount } => {
            format!("{on}    {} recovers {amount} of what was written off", name(fact))
        }
        Event::Sold { fact, on, amounts, proceeds } => {
            format!("{on}  claim sold for {proceeds} ({}): {}", name(fact), parts(amounts))
        }
        Event::Purchase { .. }
        | Event::Obligation { .. }
        | Event::InstalmentBilled { .. }
        | Event::StatementCut { .. }
        | Event::MinimumMissed { .. }
        | Event::LateFeeSegment { .. }
        | Event::Payment { .. }
        | Event::Refund { .. }
        | Event::Allocated { .. }
        | Event::Waived { .. }
        | Event::OverdueChanged { .. }
        | Event::Charge { .. }
        | Event::ChargeCut { .. }
        | Event::Instalment { .. }
        | Event::NotScheduled { .. }
        | Event::InterestDue { .. }
        | Event::InstalmentDue { .. }
        | Event::EarnedAhead { .. }
        | Event::LateFeeSettled { .. }
        | Event::CalledIn { .. }
        | Event::OnceFee { .. }
        | Event::ServiceBilled { .. }
        | Event::LateFeesStopped { .. }
        | Event::MovedToPlan { .. }
        | Event::Payoff { .. }
        | Event::Rescheduled { .. }
        | Event::Prepaid { .. }
        | Event::CreditPaidOut { .. } => return None,
    })
}

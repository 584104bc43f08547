//! Standings: what the day's run kept of each agreement, against the facts.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use dunlin_domain::amounts::Accrued;
use dunlin_domain::arrears::{Arrears, OverdueSpan, overdue_spans};
use dunlin_domain::date::Date;
use dunlin_domain::day::Standing;
use dunlin_domain::fact::{Fact, FactKind};
use dunlin_domain::id::FactId;
use dunlin_domain::money::MoneyError;
use dunlin_domain::position::{Plan, Position, Totals, standing_facts};
use dunlin_domain::statement::Statement;
use dunlin_domain::terms::{Component, Terms};
use dunlin_domain::trace::Event;
use dunlin_store::agreement::AgreementRow;

use super::findings::Findings;
use super::part::PartRows;
use super::{Check, Days};

/// Compares an agreement's standing with its facts. Gives the overdue days that must have a verdict, or nothing
/// where facts came in that no day has seen yet.
pub(super) fn check(
    check: &Check<'_>,
    rows: &PartRows,
    row: &AgreementRow,
    terms: &Terms,
    days: Days,
    findings: &mut Findings,
) -> Result<Option<Vec<OverdueSpan>>, MoneyError> {
    let id = row.id;
    let facts = rows.facts_of(id);
    check_targets(row, facts, findings);
    let Some(standing) = &row.standing else {
        let is_unreadable = rows.is_unreadable(row);
        findings.require(!is_unreadable, || format!("agreement {id}: its standing cannot be read"));
        findings.require(is_unreadable || row.must_refold, || {
            format!("agreement {id} was never worked, and is not marked to be folded")
        });
        return Ok(None);
    };
    let arrears = standing.position.arrears(terms)?;
    let is_pending = is_pending(check, rows, row, standing, days);
    check_next_event(row, terms, standing, facts, days, is_pending, findings)?;
    // The terms may be others than those under which the standing was made, so nothing more can be said of it; nor
    // of a position that an earlier version of the program wrote, which the next day folds again.
    if is_pending || row.is_outdated {
        return Ok(None);
    }
    check_repeated(rows, row, terms, standing, &arrears, findings)?;
    let mut events = Vec::new();
    let mut listen = |event: Event| {
        if matches!(event, Event::OverdueChanged { .. }) {
            events.push(event);
        }
    };
    let known_then = standing_facts(facts, standing.position.as_of);
    let mut folded = Position::opened(terms, row.opened_on);
    folded.advance(terms, &known_then, standing.position.as_of, &mut listen)?;
    if folded != standing.position {
        findings.add(|| format!("agreement {id}: {}", difference(&standing.position, &folded)));
        return Ok(None);
    }
    let Some((first, closed)) = days.first.zip(days.closed) else { return Ok(None) };
    if closed > folded.as_of {
        folded.advance(terms, &standing_facts(facts, closed), closed, &mut listen)?;
        check_quiet(row, terms, &standing.position, &arrears, &folded, findings)?;
    }
    Ok(Some(overdue_spans(&events, first, closed)))
}

/// Whether something came in that no day has seen: the agreement is then folded on the next one.
fn is_pending(
    check: &Check<'_>,
    rows: &PartRows,
    row: &AgreementRow,
    standing: &Standing,
    days: Days,
) -> bool {
    let waits = row.must_refold && days.open_on().is_none_or(|open_on| row.next_event_on <= open_on);
    // A fact with a value date to come waits too, but was known when the standing was made.
    let decided_at = check.decided_at.get(&standing.position.as_of);
    let is_new = |fact: &Fact| decided_at.is_none_or(|decided_at| fact.learned_at > *decided_at);
    waits && (rows.was_corrected(row.id) || rows.facts_of(row.id).iter().any(is_new))
}

/// Facts that act on others name facts of the same agreement that stand, of the kind that they act on.
fn check_targets(row: &AgreementRow, facts: &[Fact], findings: &mut Findings) {
    let withdrawals = facts.iter().filter(|fact| fact.kind == FactKind::Withdrawal);
    let withdrawn: HashSet<FactId> = withdrawals.filter_map(|fact| fact.target).collect();
    for fact in facts {
        let name = || format!("agreement {}: fact {} ({})", row.id, fact.id, fact.kind);
        let amount_is_right = match fact.kind {
            FactKind::Payoff | FactKind::Sale => fact.amount.minor() >= 0,
            kind => fact.amount.is_positive() == kind.needs_amount(),
        };
        findings.require(amount_is_right, || format!("{} has the amount {:?}", name(), fact.amount));
        let acts_on = fact.kind.acts_on();
        let Some(target) = fact.target else {
            // A refund may name no purchase: then it is taken from any.
            findings.require(!fact.kind.needs_target(), || format!("{} acts on nothing", name()));
            continue;
        };
        match facts.iter().find(|other| other.id == target) {
            None => findings.add(|| format!("{} acts on {target}, which does not exist", name())),
            Some(found) => findings.require(acts_on.contains(&found.kind), || {
                format!("{} acts on {target}, which is a {}", name(), found.kind)
            }),
        }
        let is_void =
            fact.kind != FactKind::Withdrawal && withdrawn.contains(&target) && !withdrawn.contains(&fact.id);
        findings.require(!is_void, || format!("{} acts on {target}, which was withdrawn", name()));
    }
}

/// The columns beside the standing say what the standing says.
fn check_repeated(
    rows: &PartRows,
    row: &AgreementRow,
    terms: &Terms,
    standing: &Standing,
    arrears: &Arrears,
    findings: &mut Findings,
) -> Result<(), MoneyError> {
    let Some(repeated) = rows.repeated.get(&row.id) else { return Ok(()) };
    let date = |date: Option<Date>| date.map_or_else(|| "none".to_owned(), |date| date.to_string());
    let owed = standing.position.owed(terms)?;
    let pairs = [
        ("overdue_due_on", date(repeated.overdue_due_on), date(arrears.overdue_due_on)),
        ("bucket", repeated.bucket_index.to_string(), arrears.bucket_index.to_string()),
        ("overdue_minor", repeated.overdue_minor.to_string(), arrears.overdue.minor().to_string()),
        ("owed_minor", repeated.owed_minor.to_string(), owed.minor().to_string()),
    ];
    for (column, found, expected) in pairs {
        findings.require(found == expected, || {
            format!("agreement {}: {column} is {found}, by its standing it is {expected}", row.id)
        });
    }
    Ok(())
}

/// The agreement is looked at again on the first day on which anything about it can change.
fn check_next_event(
    row: &AgreementRow,
    terms: &Terms,
    standing: &Standing,
    facts: &[Fact],
    days: Days,
    is_pending: bool,
    findings: &mut Findings,
) -> Result<(), MoneyError> {
    let (id, next, as_of) = (row.id, row.next_event_on, standing.position.as_of);
    if let Some(closed) = days.closed {
        findings.require(next > closed, || {
            format!("agreement {id} was due on {next} and was not worked, though {closed} is closed")
        });
        findings.require(!row.must_redo || next <= closed.plus_days(1), || {
            format!("agreement {id} is to be contacted at once, and is looked at on {next} only")
        });
    }
    if is_pending {
        return Ok(());
    }
    let next_fact_on = facts.iter().map(|fact| fact.value_on).filter(|value_on| *value_on > as_of).min();
    let planned_on = standing.next_contact_on.filter(|planned_on| *planned_on > as_of);
    let changes = [
        ("its position changes", Some(standing.position.next_change_on(terms)?)),
        ("a fact counts", next_fact_on),
        ("contact is planned", planned_on),
    ];
    for (what, on) in changes {
        let Some(on) = on else { continue };
        findings
            .require(next <= on, || format!("agreement {id}: {what} on {on}, but it is looked at on {next}"));
    }
    Ok(())
}

/// Nothing about the agreement changed since it was last worked but what the standing foretells.
fn check_quiet(
    row: &AgreementRow,
    terms: &Terms,
    worked: &Position,
    arrears: &Arrears,
    closed: &Position,
    findings: &mut Findings,
) -> Result<(), MoneyError> {
    let (id, since, on) = (row.id, worked.as_of, closed.as_of);
    let now = closed.arrears(terms)?;
    let is_same = (now.overdue_due_on, now.bucket_index, now.overdue)
        == (arrears.overdue_due_on, arrears.bucket_index, arrears.overdue);
    findings.require(is_same, || {
        format!(
            "agreement {id}: overdue {:?} in bucket {} on {since} and {:?} in bucket {} on {on}, but it was not worked",
            arrears.overdue, arrears.bucket_index, now.overdue, now.bucket_index
        )
    });
    let days = i128::from(on.days_since(since));
    let foretold = Accrued(worked.late_fee_total(terms)?.0 + worked.late_fee_daily(terms)?.0 * days);
    let total = closed.late_fee_total(terms)?;
    findings.require(total == foretold, || {
        format!(
            "agreement {id}: late fees on {on} are {} millionths, by its standing of {since} they are {}",
            total.0, foretold.0
        )
    });
    Ok(())
}

/// The first thing in which a stored position differs from the folded one, and how many there are.
fn difference(stored: &Position, folded: &Position) -> String {
    let (stored, folded) = (parts(stored), parts(folded));
    let names: BTreeSet<&String> = stored.keys().chain(folded.keys()).collect();
    let differs = |name: &&&String| stored.get(**name) != folded.get(**name);
    let differing: Vec<&String> = names.iter().filter(differs).copied().collect();
    let Some(first) = differing.first() else {
        return "its standing is in another order than its facts give".to_owned();
    };
    let told =
        |parts: &BTreeMap<String, String>| parts.get(*first).cloned().unwrap_or_else(|| "nothing".to_owned());
    let others = match differing.len() {
        1 => String::new(),
        count => format!("; {} more differ", count - 1),
    };
    format!("{first} is {} in its standing, by its facts it is {}{others}", told(&stored), told(&folded))
}

/// The running totals, by name.
fn add_totals(add: &mut impl FnMut(String, &dyn std::fmt::Debug), totals: &Totals) {
    let Totals {
        purchased,
        loaded,
        billed_fees,
        charged,
        refunded,
        paid,
        waived,
        waived_billed,
        allocated,
        credit_paid_out,
        overpaid_out,
        charged_off,
        written_off,
        recovered,
        sold,
        sale_proceeds,
    } = totals;
    let sums = [
        ("purchases", purchased),
        ("refunds", refunded),
        ("payments", paid),
        ("waivers", waived),
        ("credit paid out", credit_paid_out),
        ("credit overpaid", overpaid_out),
        ("recoveries", recovered),
        ("sale proceeds", sale_proceeds),
    ];
    sums.iter().for_each(|(name, sum)| add(format!("its total of {name}"), sum));
    for component in Component::ALL {
        for (name, amounts) in [
            ("loaded", loaded),
            ("billed", billed_fees),
            ("charged", charged),
            ("waived", waived_billed),
            ("cleared", allocated),
            ("charged off", charged_off),
            ("written off", written_off),
            ("sold", sold),
        ] {
            add(format!("its total of {component} {name}"), &amounts.get(*component));
        }
    }
}

/// Everything that a position holds, by name.
fn parts(position: &Position) -> BTreeMap<String, String> {
    let Position {
        as_of,
        next_cut_off_on,
        unbilled,
        plans,
        term_plans,
        statements,
        credit,
        late_fee_settled,
        pauses,
        freezes,
        late_fee_stopped_on,
        behind_since,
        probation,
        claim,
        totals,
    } = position;
    let mut parts = BTreeMap::new();
    let mut add = |name: String, value: &dyn std::fmt::Debug| {
        // Two statements may fall due on one day.
        let entry: &mut String = parts.entry(name).or_default();
        entry.push_str(&format!("{}{value:?}", if entry.is_empty() { "" } else { " and " }));
    };
    add("its day".to_owned(), as_of);
    add("its next cut-off".to_owned(), next_cut_off_on);
    add("its credit".to_owned(), credit);
    add("its settled late fee".to_owned(), late_fee_settled);
    add("its pauses".to_owned(), &(pauses, freezes, late_fee_stopped_on));
    add("its being behind".to_owned(), &(behind_since, probation, claim));
    for plan in term_plans {
        add(format!("its schedule of {}", plan.draw), plan);
    }
    add_totals(&mut add, totals);
    for part in unbilled {
        add(format!("its unbilled {} {}", part.component, part.purchase), &part.amount);
    }
    for plan in plans {
        let Plan { purchase, principal, count, fee_per_period, billed_count, unbilled, ahead } = plan;
        add(
            format!("its plan of purchase {purchase}"),
            &(principal, count, fee_per_period, billed_count, unbilled, ahead),
        );
    }
    for statement in statements {
        let name = |what: &str| format!("{what} of its statement due {}", statement.due_on);
        let Statement {
            origin,
            cut_off_on,
            due_on: _,
            plan,
            number,
            billed,
            paid,
            waived,
            early,
            is_recognised,
            minimum,
            minimum_paid,
            punctuality,
            late_fee,
            service,
        } = statement;
        for component in Component::ALL {
            let (billed, paid) = (billed.get(*component), paid.get(*component));
            add(name(&format!("the {component}")), &(billed, paid));
            add(name(&format!("the {component} waived")), &waived.get(*component));
        }
        add(name("the minimum"), &(minimum, minimum_paid, punctuality));
        add(name("the late fee accrued"), &(late_fee.accrued.0, late_fee.running_since));
        add(name("the late fee limited"), &(late_fee.base_days, late_fee.once_count, late_fee.most));
        add(name("the late fee frozen"), &late_fee.frozen);
        add(name("the service fee"), &(service.accrued.0, service.running_since, service.billed));
        add(name("the instalment"), &(plan, number, is_recognised, early));
        add(name("the late fee settled"), &(late_fee.paid, late_fee.waived));
        add(name("the origin"), &(origin, cut_off_on));
    }
    parts
}

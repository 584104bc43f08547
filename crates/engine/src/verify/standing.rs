//! Standings: what the day's run kept of each agreement, against the facts.

use dunlin_domain::amounts::Accrued;
use dunlin_domain::arrears::{Arrears, OverdueSpan, overdue_spans};
use dunlin_domain::date::Date;
use dunlin_domain::day::Standing;
use dunlin_domain::fact::{Fact, FactKind};
use dunlin_domain::money::MoneyError;
use dunlin_domain::position::{Position, standing_facts};
use dunlin_domain::terms::Terms;
use dunlin_domain::trace::Event;
use dunlin_store::agreement::AgreementRow;

use super::Days;
use super::findings::Findings;
use super::part::PartRows;

/// Compares an agreement's standing with its facts. Gives the overdue days that must have a verdict, or nothing
/// where facts came in that no day has seen yet.
pub(super) fn check(
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
        let has_bytes = rows.repeated.get(&id).is_some_and(|repeated| repeated.has_standing);
        findings.require(!has_bytes, || format!("agreement {id}: its standing cannot be read"));
        findings.require(row.must_refold, || {
            format!("agreement {id} was never worked, and is not marked to be folded")
        });
        return Ok(None);
    };
    let arrears = standing.position.arrears(terms)?;
    check_repeated(rows, row, terms, standing, &arrears, findings)?;
    let is_pending = row.must_refold && days.open_on().is_none_or(|open_on| row.next_event_on <= open_on);
    check_next_event(row, terms, standing, facts, days, is_pending, findings)?;
    if is_pending {
        return Ok(None);
    }
    let mut events = Vec::new();
    let mut listen = |event: Event| {
        if matches!(event, Event::OverdueChanged { .. }) {
            events.push(event);
        }
    };
    let standing_facts = standing_facts(facts);
    let mut folded = Position::opened(terms, row.opened_on);
    folded.advance(terms, &standing_facts, standing.position.as_of, &mut listen)?;
    if folded != standing.position {
        findings.add(|| format!("agreement {id}: {}", difference(&standing.position, &folded)));
        return Ok(None);
    }
    let Some((first, closed)) = days.first.zip(days.closed) else { return Ok(None) };
    if closed > folded.as_of {
        folded.advance(terms, &standing_facts, closed, &mut listen)?;
        check_quiet(row, terms, &standing.position, &arrears, &folded, findings)?;
    }
    Ok(Some(overdue_spans(&events, first, closed)))
}

/// Facts that act on others name facts of the same agreement, of the kind that they act on.
fn check_targets(row: &AgreementRow, facts: &[Fact], findings: &mut Findings) {
    let id = row.id;
    for fact in facts {
        let moves_money = !matches!(fact.kind, FactKind::Reversal | FactKind::Withdrawal);
        findings.require(fact.amount.is_positive() == moves_money, || {
            format!("agreement {id}: fact {} ({}) has the amount {:?}", fact.id, fact.kind, fact.amount)
        });
        let acts_on: Option<&[FactKind]> = match fact.kind {
            FactKind::Reversal => Some(&[FactKind::Payment]),
            FactKind::Refund => Some(&[FactKind::Purchase]),
            FactKind::Withdrawal => Some(FactKind::ALL),
            FactKind::Purchase | FactKind::Obligation | FactKind::Payment | FactKind::Waiver => None,
        };
        let Some(acts_on) = acts_on else { continue };
        let target = fact.target.and_then(|target| facts.iter().find(|other| other.id == target));
        match (fact.target, target) {
            (_, Some(target)) => findings.require(acts_on.contains(&target.kind), || {
                format!("agreement {id}: fact {} ({}) acts on a {}", fact.id, fact.kind, target.kind)
            }),
            (Some(target), None) => findings.add(|| {
                format!(
                    "agreement {id}: fact {} ({}) acts on {target}, which does not exist",
                    fact.id, fact.kind
                )
            }),
            // A refund may name no purchase: then it is taken from any.
            (None, None) => findings.require(fact.kind == FactKind::Refund, || {
                format!("agreement {id}: fact {} ({}) acts on nothing", fact.id, fact.kind)
            }),
        }
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

/// The first thing in which a stored position differs from the folded one.
fn difference(stored: &Position, folded: &Position) -> String {
    let told = |what: &str, stored: &dyn std::fmt::Debug, folded: &dyn std::fmt::Debug| {
        format!("{what} is {stored:?} in its standing, by its facts it is {folded:?}")
    };
    if stored.totals != folded.totals {
        return told("the running total", &stored.totals, &folded.totals);
    }
    if stored.credit != folded.credit {
        return told("its credit", &stored.credit, &folded.credit);
    }
    if stored.late_fee_settled != folded.late_fee_settled {
        return told("the settled late fee", &stored.late_fee_settled, &folded.late_fee_settled);
    }
    if stored.unbilled != folded.unbilled {
        return told("what is unbilled", &stored.unbilled, &folded.unbilled);
    }
    if stored.plans != folded.plans {
        return told("its plans", &stored.plans, &folded.plans);
    }
    let statements = stored.statements.iter().zip(&folded.statements);
    if let Some((stored, folded)) = statements.into_iter().find(|(stored, folded)| stored != folded) {
        return told(&format!("the statement due {}", folded.due_on), stored, folded);
    }
    let days = |position: &Position| (position.as_of, position.next_cut_off_on, position.statements.len());
    told("day, next cut-off and number of open statements", &days(stored), &days(folded))
}

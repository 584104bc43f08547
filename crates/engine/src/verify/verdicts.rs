//! Verdicts: every overdue day has one, and each leads to what it names.

use dunlin_domain::arrears::OverdueSpan;
use dunlin_domain::date::Date;
use dunlin_domain::verdict::Evidence;
use dunlin_store::agreement::AgreementRow;
use dunlin_store::record::VerdictRow;

use super::Check;
use super::findings::Findings;
use super::part::PartRows;
use crate::coverage::verdict_on;

/// Checks the verdicts of an agreement. `overdue` are the days that must have one; `None` where facts came in
/// that no day has seen yet, so that nobody can say.
pub(super) fn check(
    check: &Check<'_>,
    rows: &PartRows,
    row: &AgreementRow,
    overdue: Option<&[OverdueSpan]>,
    findings: &mut Findings,
) {
    let verdicts = rows.verdicts_of(row.id);
    for pair in verdicts.windows(2) {
        findings.require(pair[0].span.from < pair[1].span.from, || {
            format!("agreement {}: two verdicts begin on {}", row.id, pair[1].span.from)
        });
    }
    for verdict in verdicts {
        check_one(check, rows, row, verdict, findings);
    }
    let in_force = row.standing.as_ref().and_then(|standing| standing.verdict);
    if let Some((from, through, reason)) = in_force {
        let is_kept = |verdict: &&VerdictRow| {
            (verdict.span.from, verdict.span.through, verdict.span.reason) == (from, through, reason)
        };
        findings.require(verdicts.iter().any(|verdict| is_kept(&verdict)), || {
            format!("agreement {}: the verdict {reason} from {from} through {through}, which is in force, is gone", row.id)
        });
    }
    for gap in overdue.into_iter().flatten().filter_map(|span| gap(verdicts, *span)) {
        findings.add(|| {
            format!(
                "agreement {}: overdue from {} through {}, without a verdict",
                row.id, gap.from, gap.through
            )
        });
    }
}

/// The first days in a row of an overdue span without a verdict.
fn gap(verdicts: &[VerdictRow], span: OverdueSpan) -> Option<OverdueSpan> {
    let is_bare = |day: &i32| verdict_on(verdicts, Date::from_days(*day)).is_none();
    let first = (span.from.days()..=span.through.days()).find(is_bare)?;
    let last = (first..=span.through.days()).take_while(is_bare).last()?;
    Some(OverdueSpan { from: Date::from_days(first), through: Date::from_days(last) })
}

fn check_one(
    check: &Check<'_>,
    rows: &PartRows,
    row: &AgreementRow,
    verdict: &VerdictRow,
    findings: &mut Findings,
) {
    let span = &verdict.span;
    let name = || format!("agreement {}: the verdict {} from {} on", row.id, span.reason, span.from);
    findings.require(span.from <= span.through, || format!("{} ends on {}", name(), span.through));
    // A pause holds back a notice that the strategy asked for, so its verdict names the same things.
    let is_of_message = span.reason.is_contact() || matches!(span.evidence, Evidence::Pause(_));
    let is_complete =
        span.message.is_some() && span.strategy.is_some() && span.row.is_some() && verdict.rules.is_some();
    findings.require(!is_of_message || is_complete, || {
        format!("{} does not name its message, strategy, row and rules", name())
    });
    if let Some(strategy) = span.strategy.as_ref().filter(|strategy| !check.strategies.contains(*strategy)) {
        findings.add(|| format!("{} names the strategy {strategy}, which does not exist", name()));
    }
    if let Some(message) = span.message {
        match rows.messages.get(&message) {
            None => findings.add(|| format!("{} names message {message}, which does not exist", name())),
            Some(found) => findings.require(found.agreement == row.id, || {
                format!("{} names message {message}, which is about agreement {}", name(), found.agreement)
            }),
        }
    }
    let leads_somewhere = match &span.evidence {
        Evidence::Pause(pause) => check.pauses.contains(pause),
        Evidence::Fact(fact) => rows.has_fact(row.id, *fact),
        Evidence::ContactPoint(point) => rows.points.contains_key(point),
        Evidence::Mode(mode) => check.modes.contains(mode),
        Evidence::Position
        | Evidence::Rule(_)
        | Evidence::RanAt(_)
        | Evidence::NextContactOn(_)
        | Evidence::Draw(..)
        | Evidence::Unserved(..) => true,
    };
    findings.require(leads_somewhere, || {
        format!("{} has the evidence {}, which does not exist", name(), span.evidence.to_text())
    });
}

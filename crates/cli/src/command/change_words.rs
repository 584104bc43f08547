//! What a fact changed, in words, in both languages.

use std::fmt::Write as _;

use dunlin_domain::change::{AgeingOn, Figures, StatementFigures};
use dunlin_domain::contact::Language;
use dunlin_domain::terms::Component;
use dunlin_engine::payment::changes::{ChangeReport, VerdictEffect};
use dunlin_engine::payment::record::Recorded;

/// What was recorded, and what it changed.
#[must_use]
pub fn recorded_text(recorded: &Recorded, language: Language) -> String {
    let kind = recorded.kind.label(language);
    let amount = if recorded.amount.is_zero() { String::new() } else { format!("{:?}", recorded.amount) };
    let (agreement, reference, on) = (&recorded.agreement, &recorded.reference, recorded.value_on);
    let mut text = match (language, recorded.is_new) {
        (Language::Zh, true) => format!("合约 {agreement}：已登记{kind} {reference} {amount}，起息日 {on}"),
        (Language::Zh, false) => {
            format!("合约 {agreement}：{kind} {reference} {amount}（起息日 {on}）此前已登记，未作更改")
        }
        (Language::En, true) => {
            format!("{agreement}: {kind} {reference} {amount} is recorded, value date {on}")
        }
        (Language::En, false) => {
            format!(
                "{agreement}: {kind} {reference} {amount} of {on} was recorded before; nothing is changed"
            )
        }
    };
    text = text.replace("  ", " ");
    if let Some(posted_on) = recorded.posted_on.filter(|_| recorded.is_new) {
        let _ = match language {
            Language::Zh => write!(text, "；差额记入会计日 {posted_on}"),
            Language::En => write!(text, "; the difference is posted on business date {posted_on}"),
        };
    }
    let unapplied = recorded.unapplied();
    let mut lines = vec![text];
    if unapplied.is_positive() {
        lines.push(match language {
            Language::Zh => format!("  {unapplied} 超出已出账欠款，转为溢缴款"),
            Language::En => {
                format!("  {unapplied} is more than what is billed and open: it stays as unapplied credit")
            }
        });
    }
    lines.extend(report_lines(&recorded.report, language));
    lines.join("\n")
}

/// The name of a component.
#[must_use]
pub fn component_words(component: Component, language: Language) -> &'static str {
    let (zh, en) = match component {
        Component::LateFee => ("违约金", "late fee"),
        Component::Charge => ("费用", "charge"),
        Component::Interest => ("利息", "interest"),
        Component::InstalmentFee => ("分期手续费", "instalment fee"),
        Component::Principal => ("本金", "principal"),
    };
    match language {
        Language::Zh => zh,
        Language::En => en,
    }
}

/// A report as it is listed: when, which facts, and what they changed.
#[must_use]
pub fn report_text(report: &ChangeReport, language: Language) -> String {
    let fact = |fact: &dunlin_engine::payment::changes::LearnedFact| {
        let kind = fact.kind.label(language);
        let amount = if fact.amount.is_zero() { String::new() } else { format!(" {:?}", fact.amount) };
        match language {
            Language::Zh => format!("{kind} {}{amount}（起息日 {}）", fact.reference, fact.value_on),
            Language::En => format!("{kind} {}{amount} of {}", fact.reference, fact.value_on),
        }
    };
    let facts: Vec<String> = report.facts.iter().map(fact).collect();
    let head = match language {
        Language::Zh => format!("{} 得知：{}", report.learned_at, facts.join("；")),
        Language::En => format!("learned at {}: {}", report.learned_at, facts.join("; ")),
    };
    std::iter::once(head).chain(report_lines(report, language)).collect::<Vec<_>>().join("\n")
}

/// What the facts of a report changed, a line each.
#[must_use]
pub fn report_lines(report: &ChangeReport, language: Language) -> Vec<String> {
    let comparison = &report.comparison;
    let mut lines = figure_lines(report, &comparison.before, &comparison.after, language);
    for change in &comparison.allocations {
        let cause = report.cause(change.cause).map_or_else(
            || match language {
                Language::Zh => "溢缴款".to_owned(),
                Language::En => "credit".to_owned(),
            },
            str::to_owned,
        );
        let (on, due_on, component) = (change.on, change.due_on, component_words(change.component, language));
        let (before, after) = (change.before, change.after);
        lines.push(match (language, before.is_zero()) {
            (Language::Zh, true) => format!("  {on} {cause} 冲抵 {due_on} 到期{component} {after}"),
            (Language::Zh, false) => {
                format!("  {on} {cause} 冲抵 {due_on} 到期{component} {before} → {after}")
            }
            (Language::En, true) => format!("  {on} {cause} clears {after} of {component} due {due_on}"),
            (Language::En, false) => {
                format!("  {on} {cause} clears {after} of {component} due {due_on}, before {before}")
            }
        });
    }
    if report.is_backdated {
        lines.extend(past_lines(report, language));
    }
    lines
}

fn figure_lines(report: &ChangeReport, was: &Figures, is: &Figures, language: Language) -> Vec<String> {
    let ageing = |figures: &Figures| match language {
        Language::Zh => {
            format!("{}（逾期 {} 天）", report.bucket(figures.bucket_index), figures.days_past_due)
        }
        Language::En => {
            format!("{} ({} days past due)", report.bucket(figures.bucket_index), figures.days_past_due)
        }
    };
    let rows = [
        ("欠款", "owed", was.owed.to_string(), is.owed.to_string()),
        ("逾期金额", "overdue", was.overdue.to_string(), is.overdue.to_string()),
        (
            "累计违约金",
            "late fees charged",
            was.late_fee_charged.to_string(),
            is.late_fee_charged.to_string(),
        ),
        ("溢缴款", "credit", was.credit.to_string(), is.credit.to_string()),
        ("逾期阶段", "bucket", ageing(was), ageing(is)),
    ];
    let changed = rows.iter().filter(|(_, _, before, after)| before != after);
    let parts: Vec<String> = changed
        .map(|(zh, en, before, after)| match language {
            Language::Zh => format!("{zh} {before} → {after}"),
            Language::En => format!("{en} {before} → {after}"),
        })
        .collect();
    match (parts.is_empty(), language) {
        (true, _) => Vec::new(),
        (false, Language::Zh) => vec![format!("  {} 日终：{}", is.on, parts.join("，"))],
        (false, Language::En) => vec![format!("  at the end of {}: {}", is.on, parts.join(", "))],
    }
}

/// What is now said of days that were decided without the facts.
fn past_lines(report: &ChangeReport, language: Language) -> Vec<String> {
    let ageing = |ageing: &AgeingOn| {
        let (bucket, days) = (report.bucket(ageing.bucket_index), ageing.days_past_due);
        match language {
            Language::Zh => format!("{bucket}（{days} 天，{}）", ageing.overdue),
            Language::En => format!("{bucket} ({days} days, {} overdue)", ageing.overdue),
        }
    };
    let mut lines = Vec::new();
    for span in &report.comparison.days {
        let (from, through) = (span.from, span.through);
        let (before, after) = (ageing(&span.before), ageing(&span.after));
        lines.push(match language {
            Language::Zh => format!("  {from} 至 {through}：{before} → {after}"),
            Language::En => format!("  {from} to {through}: {before} → {after}"),
        });
    }
    for change in &report.comparison.statements {
        let (before, after) =
            (statement_words(change.before, language), statement_words(change.after, language));
        lines.push(match language {
            Language::Zh => {
                format!("  {} 账单（{} 到期）：{before} → {after}", change.cut_off_on, change.due_on)
            }
            Language::En => {
                format!("  statement of {} due {}: {before} → {after}", change.cut_off_on, change.due_on)
            }
        });
    }
    lines.extend(report.verdicts.iter().map(|effect| verdict_words(effect, language)));
    lines
}

fn statement_words(figures: Option<StatementFigures>, language: Language) -> String {
    match (figures, language) {
        (None, Language::Zh) => "无".to_owned(),
        (None, Language::En) => "none".to_owned(),
        (Some(figures), Language::Zh) => format!(
            "出账 {}，结转 {}，最低还款额 {}，缺额 {}",
            figures.billed, figures.carried, figures.minimum, figures.missed
        ),
        (Some(figures), Language::En) => format!(
            "billed {}, carried {}, minimum {}, missed {}",
            figures.billed, figures.carried, figures.minimum, figures.missed
        ),
    }
}

fn verdict_words(effect: &VerdictEffect, language: Language) -> String {
    let VerdictEffect { on, days_past_due_then, overdue_then, days_past_due_now, overdue_now, .. } = effect;
    let reason = effect.reason.label(language);
    let message = match (effect.message, language) {
        (None, _) => String::new(),
        (Some((id, state)), Language::Zh) => format!("，消息 {id}（{state}）"),
        (Some((id, state)), Language::En) => format!(", message {id} ({state})"),
    };
    match language {
        Language::Zh => format!(
            "  {on} 的判定“{reason}”{message}：当时逾期 {overdue_then}（{days_past_due_then} 天），现知 {overdue_now}（{days_past_due_now} 天）；判定按当时所知保留"
        ),
        Language::En => format!(
            "  verdict of {on} “{reason}”{message}: {overdue_then} overdue ({days_past_due_then} days) as known then, {overdue_now} ({days_past_due_now} days) as known now; the verdict stays as it was given"
        ),
    }
}

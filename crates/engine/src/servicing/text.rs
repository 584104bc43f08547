//! Quotes and plans in words, in both languages.

use dunlin_domain::contact::Language;
use dunlin_domain::money::{Money, MoneyError};
use dunlin_domain::position::{PayoffBasis, PayoffPart};
use dunlin_domain::terms::Component;

use super::RowPair;
use super::payoff::PayoffQuote;
use crate::offer::text::payoff_rule;

fn component_words(component: Component, language: Language) -> &'static str {
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

/// A quote in words: the sum, how long it holds, and each part with what it comes from.
#[must_use]
pub fn payoff_text(quote: &PayoffQuote, language: Language) -> String {
    let row = &quote.row;
    let (total, currency, agreement) = (row.total, row.total.currency(), &quote.agreement);
    let (on, through, id, spared) = (row.quoted_on, row.holds_through, quote.id(), row.spared);
    let mut lines = vec![match (language, &quote.plan) {
        (Language::Zh, None) => {
            format!("{agreement} 全部提前结清：{total} {currency}（{on}），报价有效至 {through}")
        }
        (Language::Zh, Some(plan)) => {
            format!("{agreement} 提前结清分期 {plan}：{total} {currency}（{on}），报价有效至 {through}")
        }
        (Language::En, None) => {
            format!("{total} {currency} pay off {agreement} on {on}; the quote holds through {through}")
        }
        (Language::En, Some(plan)) => {
            format!(
                "{total} {currency} pay off plan {plan} of {agreement} on {on}; the quote holds through {through}"
            )
        }
    }];
    lines.extend(quote.parts.iter().map(|(plan, part)| {
        let component = component_words(part.component, language);
        let basis = basis_words(part, language);
        match (language, plan) {
            (Language::Zh, Some(plan)) => format!("  {component} {}：{basis}（{plan}）", part.amount),
            (Language::Zh, None) => format!("  {component} {}：{basis}", part.amount),
            (Language::En, Some(plan)) => format!("  {component} {}: {basis} ({plan})", part.amount),
            (Language::En, None) => format!("  {component} {}: {basis}", part.amount),
        }
    }));
    if row.credit.is_positive() {
        let used = row.credit;
        lines.push(match language {
            Language::Zh => format!("  溢缴款 {used} 先行抵扣"),
            Language::En => format!("  unapplied credit of {used} is used first"),
        });
    }
    let rule = payoff_rule(quote.rule, language);
    lines.push(match language {
        Language::Zh => format!("{rule}；少付息费 {spared} {currency}"),
        Language::En => format!("{rule}; {spared} {currency} are spared"),
    });
    lines.push(match language {
        Language::Zh => format!("报价编号 {id}"),
        Language::En => format!("quote {id}"),
    });
    lines.join("\n")
}

/// Where a part of a quote comes from.
#[must_use]
pub fn basis_words(part: &PayoffPart, language: Language) -> String {
    let due_on = part.due_on;
    match (part.basis, language) {
        (PayoffBasis::Billed, Language::Zh) => format!("{due_on} 到期，尚未还清"),
        (PayoffBasis::Billed, Language::En) => format!("open of what is due {due_on}"),
        (PayoffBasis::LateFee, Language::Zh) => format!("{due_on} 到期款项截至当日的违约金"),
        (PayoffBasis::LateFee, Language::En) => format!("to the day, of what was due {due_on}"),
        (PayoffBasis::ToCome, Language::Zh) => "未到期部分".to_owned(),
        (PayoffBasis::ToCome, Language::En) => "not billed yet".to_owned(),
        (PayoffBasis::NextStatement, Language::Zh) => "尚未出账".to_owned(),
        (PayoffBasis::NextStatement, Language::En) => "waiting for the next statement".to_owned(),
        (PayoffBasis::Days { of: Some(of), from, days, length }, Language::Zh) => {
            format!("当期 {of}，自 {from} 起 {length} 天中的 {days} 天")
        }
        (PayoffBasis::Days { of: Some(of), from, days, length }, Language::En) => {
            format!("{of} for the period from {from}, {days} of {length} days")
        }
        (PayoffBasis::Days { of: None, from, days, .. }, Language::Zh) => {
            format!("自 {from} 起按日计息 {days} 天")
        }
        (PayoffBasis::Days { of: None, from, days, .. }, Language::En) => {
            format!("accrued by the day since {from}, {days} days")
        }
        (PayoffBasis::PeriodBegun, Language::Zh) => "当期全额".to_owned(),
        (PayoffBasis::PeriodBegun, Language::En) => "of the period that has begun, in full".to_owned(),
        (PayoffBasis::RemainingFees { count }, Language::Zh) => format!("剩余 {count} 期全额"),
        (PayoffBasis::RemainingFees { count }, Language::En) => format!("of the {count} periods to come"),
    }
}

/// What is to be paid when, before and after a change, as columns: header and rows.
///
/// # Errors
/// When amounts do not fit.
pub fn rows_text(
    pairs: &[RowPair],
    language: Language,
) -> Result<(Vec<&'static str>, Vec<Vec<String>>), MoneyError> {
    let header = match language {
        Language::Zh => {
            vec!["到期日", "分期", "期", "原应还", "现应还", "差额", "其中本金", "利息", "手续费"]
        }
        Language::En => {
            vec!["due", "plan", "number", "was", "is", "difference", "principal", "interest", "fee"]
        }
    };
    let shown = |amount: Money| if amount.is_zero() { String::new() } else { amount.to_string() };
    let mut rows = Vec::with_capacity(pairs.len());
    for pair in pairs {
        let part = |component| shown(pair.after.get(component));
        rows.push(vec![
            pair.due_on.to_string(),
            pair.plan.clone().unwrap_or_default(),
            if pair.number > 0 { pair.number.to_string() } else { String::new() },
            shown(pair.before.total()?),
            shown(pair.after.total()?),
            pair.difference()?.to_string(),
            part(Component::Principal),
            part(Component::Interest),
            part(Component::InstalmentFee),
        ]);
    }
    Ok((header, rows))
}

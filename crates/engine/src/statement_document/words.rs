//! The words of a statement in both languages.

use dunlin_domain::contact::Language;
use dunlin_domain::money::{Currency, Rounding};
use dunlin_domain::terms::Component;

use super::{Entry, EntryKind, LateFact, Movement};
use crate::document::{amount, clipped};

/// Letters of a merchant's text that a line shows at most; the JSON form has all of it.
const NOTE_LETTERS_MAX: usize = 120;

/// The Chinese or the English text.
pub(super) fn say(language: Language, zh: impl Into<String>, en: impl Into<String>) -> String {
    match language {
        Language::Zh => zh.into(),
        Language::En => en.into(),
    }
}

/// The name of a movement in the summary.
pub(super) fn movement(movement: Movement, language: Language) -> String {
    let (zh, en) = match movement {
        Movement::Purchase => ("本期消费", "Purchases"),
        Movement::InstalmentPrincipal => ("本期分期本金", "Instalments: principal"),
        Movement::InstalmentFee => ("本期分期手续费", "Instalments: fees"),
        Movement::Obligation => ("新增应还款项", "Amounts entered as owed"),
        Movement::Interest => ("利息", "Interest"),
        Movement::Charge => ("其他费用", "Other charges"),
        Movement::LateFee => ("违约金", "Late fees"),
        Movement::PaymentReturned => ("还款退回", "Payments returned"),
        Movement::Payment => ("本期还款", "Payments"),
        Movement::Refund => ("本期退款", "Refunds"),
        Movement::Waiver => ("违约金减免", "Late fees waived"),
    };
    say(language, zh, en)
}

/// The name of a component.
pub(super) fn component(component: Component, language: Language) -> String {
    let (zh, en) = match component {
        Component::LateFee => ("违约金", "late fee"),
        Component::Charge => ("费用", "charge"),
        Component::Interest => ("利息", "interest"),
        Component::InstalmentFee => ("分期手续费", "instalment fee"),
        Component::Principal => ("本金", "principal"),
    };
    say(language, zh, en)
}

/// The currency in words.
pub(super) fn currency(currency: Currency, language: Language) -> String {
    match (currency.code(), language) {
        ("CNY", Language::Zh) => "人民币（元）".to_owned(),
        ("TWD", Language::Zh) => "新台币（元）".to_owned(),
        ("HKD", Language::Zh) => "港币（元）".to_owned(),
        (code, _) => code.to_owned(),
    }
}

/// How a fraction became whole.
pub(super) fn rounding(rounding: Rounding, language: Language) -> String {
    let (zh, en) = match rounding {
        Rounding::HalfUp => ("四舍五入", "rounded half up"),
        Rounding::HalfEven => ("四舍六入五成双", "rounded half to even"),
        Rounding::Down => ("舍去尾数", "rounded down"),
        Rounding::Up => ("进位取整", "rounded up"),
    };
    say(language, zh, en)
}

/// What an entry is, with what the lender's row said of it.
pub(super) fn entry(entry: &Entry, language: Language) -> String {
    let what = match entry.kind {
        EntryKind::Purchase => say(language, "消费", "Purchase"),
        EntryKind::PlanPurchase { principal, count } => {
            let principal = amount(principal);
            say(
                language,
                format!("消费 {principal}，分{count}期，按期入账"),
                format!("Purchase of {principal} in {count} instalments, billed one by one"),
            )
        }
        EntryKind::Instalment { number, count, principal, fee } => {
            let (principal, fee) = (amount(principal), amount(fee));
            say(
                language,
                format!("分期第{number}/{count}期：本金 {principal}，手续费 {fee}"),
                format!("Instalment {number} of {count}: principal {principal}, fee {fee}"),
            )
        }
        EntryKind::Obligation { component: part, due_on } => {
            let part = component(part, language);
            say(language, format!("应还{part}，{due_on} 到期"), format!("Owed: {part}, due {due_on}"))
        }
        EntryKind::Interest => say(language, "利息", "Interest"),
        EntryKind::Charge => say(language, "费用", "Charge"),
        EntryKind::LateFee { due_on } => say(
            language,
            format!("违约金（应于 {due_on} 还清的款项）"),
            format!("Late fee on what was due {due_on}"),
        ),
        EntryKind::Payment => say(language, "还款", "Payment"),
        EntryKind::PaymentReturned => say(language, "还款退回", "Payment returned"),
        EntryKind::Refund { on_instalments } if on_instalments.is_positive() => {
            let lowered = amount(on_instalments);
            say(
                language,
                format!("退款，另有 {lowered} 抵减未入账分期本金"),
                format!("Refund; a further {lowered} lowers instalments to come"),
            )
        }
        EntryKind::Refund { .. } => say(language, "退款", "Refund"),
        EntryKind::Waiver { due_on } => say(
            language,
            format!("减免违约金（{due_on} 到期款项）"),
            format!("Late fee waived on what was due {due_on}"),
        ),
    };
    with_source(what, &entry.note, &entry.reference, language)
}

/// `what`, then the merchant, then the reference in brackets.
pub(super) fn with_source(what: String, note: &str, reference: &str, language: Language) -> String {
    let note = clipped(note, NOTE_LETTERS_MAX);
    let reference = clipped(reference, NOTE_LETTERS_MAX);
    let mut text = what;
    if !note.is_empty() {
        text.push_str(" · ");
        text.push_str(&note);
    }
    if !reference.is_empty() {
        text.push_str(&say(language, format!("（{reference}）"), format!(" ({reference})")));
    }
    text
}

/// What came too late for its statement.
pub(super) fn late_fact(fact: &LateFact, language: Language) -> String {
    let (zh, en) = (fact.kind.label(Language::Zh), fact.kind.label(Language::En));
    let what = if fact.is_undone {
        say(language, format!("{zh}已撤销或退回"), format!("{en} taken back or returned"))
    } else {
        say(language, format!("补记{zh}"), format!("{en} recorded late"))
    };
    with_source(what, "", &fact.reference, language)
}

//! The words of a statement in both languages.

use dunlin_domain::contact::Language;
use dunlin_domain::fact::Prepayment;
use dunlin_domain::late_fee::FeeLimit;
use dunlin_domain::money::{Currency, Money, Rounding};
use dunlin_domain::terms::Component;

use super::{Designation, Entry, EntryKind, LateFact, Movement, PlanChange};
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
        Movement::Draw => ("本期支用", "Drawn"),
        Movement::InstalmentPrincipal => ("本期分期本金", "Instalments: principal"),
        Movement::InstalmentFee => ("本期分期手续费", "Instalments: fees"),
        Movement::Obligation => ("新增应还款项", "Amounts entered as owed"),
        Movement::Interest => ("利息", "Interest"),
        Movement::Charge => ("其他费用", "Other charges"),
        Movement::LateFee => ("违约金", "Late fees"),
        Movement::PaymentReturned => ("还款退回", "Payments returned"),
        Movement::CreditPaidOut => ("溢缴款领回", "Credit paid out"),
        Movement::Recovered => ("还款用于已核销欠款", "Payments for what was written off"),
        Movement::AdjustedUp => ("调整（增加）", "Adjustments: added"),
        Movement::Payment => ("本期还款", "Payments"),
        Movement::Refund => ("本期退款", "Refunds"),
        Movement::Waiver => ("息费减免", "Waived"),
        Movement::MovedToPlan => ("转为分期", "Moved into instalments"),
        Movement::WrittenOff => ("核销", "Written off"),
        Movement::Sold => ("债权转让转出", "Transferred with the claim"),
        Movement::AdjustedDown => ("调整（减少）", "Adjustments: taken off"),
    };
    say(language, zh, en)
}

/// The name of a component.
pub(crate) fn component(component: Component, language: Language) -> String {
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
pub(crate) fn rounding(rounding: Rounding, language: Language) -> String {
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
        EntryKind::Draw { count } => say(
            language,
            format!("支用，分{count}期归还"),
            format!("Drawn, to be paid back in {count} instalments"),
        ),
        EntryKind::Instalment { number, count, principal, interest, fee } => {
            let made_of = parts(principal, interest, fee, language);
            say(
                language,
                format!("分期第{number}/{count}期：{made_of}"),
                format!("Instalment {number} of {count}: {made_of}"),
            )
        }
        EntryKind::Change(change) => of_plan(change, language),
        EntryKind::Obligation { component: part, due_on } => {
            let part = component(part, language);
            say(language, format!("应还{part}，{due_on} 到期"), format!("Owed: {part}, due {due_on}"))
        }
        EntryKind::ServiceFee { due_on } => say(
            language,
            format!("未还部分的服务费（{due_on} 到期账单）"),
            format!("Service fee on what was left of the statement due {due_on}"),
        ),
        EntryKind::Charge { due_on: Some(due_on) } => {
            say(language, format!("费用，{due_on} 到期"), format!("Charge, due {due_on}"))
        }
        EntryKind::Charge { due_on: None } => say(language, "费用", "Charge"),
        EntryKind::LateFee { due_on } => say(
            language,
            format!("违约金（应于 {due_on} 还清的款项）"),
            format!("Late fee on what was due {due_on}"),
        ),
        EntryKind::Payment => designated(say(language, "还款", "Payment"), entry, language),
        EntryKind::Payoff => say(language, "提前结清还款", "Payment of the early payoff"),
        EntryKind::PaymentReturned => say(language, "还款退回", "Payment returned"),
        EntryKind::Recovered => {
            say(language, "还款用于已核销欠款", "Part of the payment for what was written off")
        }
        EntryKind::Refund { on_instalments } if on_instalments.is_positive() => {
            let lowered = amount(on_instalments);
            say(
                language,
                format!("退款，另有 {lowered} 抵减未入账分期本金"),
                format!("Refund; a further {lowered} lowers instalments to come"),
            )
        }
        EntryKind::Refund { .. } => say(language, "退款", "Refund"),
        EntryKind::Waiver { due_on, component: part } => {
            let part = component(part, language);
            say(
                language,
                format!("减免{part}（{due_on} 到期款项）"),
                format!("Waived: {part} of what was due {due_on}"),
            )
        }
        EntryKind::CreditPaidOut => say(language, "溢缴款领回", "Credit paid out to you"),
        EntryKind::ChargedOff => say(
            language,
            "转为呆账管理，应还金额不变",
            "Charged off in our books; what is owed stays the same",
        ),
        EntryKind::WrittenOff => {
            say(language, "核销：欠款转出表内账", "Written off: what was owed leaves our balance sheet")
        }
        EntryKind::Sold => {
            say(language, "债权转让：欠款转出", "Claim transferred: what was owed leaves this account")
        }
    };
    let what = if entry.is_adjustment {
        say(language, format!("调整：{what}"), format!("Adjusted: {what}"))
    } else {
        what
    };
    with_source(what, &entry.note, &entry.reference, language)
}

/// What an instalment is made of; what is nothing is left out, principal excepted.
fn parts(principal: Money, interest: Money, fee: Money, language: Language) -> String {
    let mut parts = vec![say(
        language,
        format!("本金 {}", amount(principal)),
        format!("principal {}", amount(principal)),
    )];
    if !interest.is_zero() {
        parts.push(say(
            language,
            format!("利息 {}", amount(interest)),
            format!("interest {}", amount(interest)),
        ));
    }
    if !fee.is_zero() {
        parts.push(say(language, format!("手续费 {}", amount(fee)), format!("fee {}", amount(fee))));
    }
    parts.join(&say(language, "，", ", "))
}

/// What happens to plans.
fn of_plan(change: PlanChange, language: Language) -> String {
    match change {
        PlanChange::InstalmentDue { number: 0, principal, interest, fee } => {
            let made_of = parts(principal, interest, fee, language);
            say(language, format!("首付到期：{made_of}"), format!("Down payment due: {made_of}"))
        }
        PlanChange::InstalmentDue { number, principal, interest, fee } => {
            let made_of = parts(principal, interest, fee, language);
            say(
                language,
                format!("第{number}期到期：{made_of}"),
                format!("Instalment {number} due: {made_of}"),
            )
        }
        PlanChange::EarnedAhead { number, component: part } => {
            let part = component(part, language);
            say(
                language,
                format!("第{number}期{part}，提前结算"),
                format!("Instalment {number}: {part}, settled before its due date"),
            )
        }
        PlanChange::CalledIn { principal, interest, fee } => {
            let made_of = parts(principal, interest, fee, language);
            say(
                language,
                format!("未到期分期一并到期：{made_of}"),
                format!("Instalments to come fall due at once: {made_of}"),
            )
        }
        PlanChange::PaidAhead { principal, mode } => {
            let (principal, then_zh, then_en) = match mode {
                Prepayment::Advance => (amount(principal), "", ""),
                Prepayment::Shorten => (amount(principal), "，期数减少", "; there are fewer of them"),
                Prepayment::Lower => (amount(principal), "，每期减少", "; each is lower"),
            };
            say(
                language,
                format!("提前归还未到期本金 {principal}{then_zh}"),
                format!("Principal of instalments to come, paid ahead: {principal}{then_en}"),
            )
        }
        PlanChange::MovedToPlan { due_on, count } => say(
            language,
            format!("{due_on} 到期账单转为{count}期分期"),
            format!("Statement due {due_on}: moved into {count} instalments"),
        ),
        PlanChange::Rescheduled { count: 0 } => say(language, "变更还款计划", "Instalments changed"),
        PlanChange::Rescheduled { count } => say(
            language,
            format!("变更还款计划，分{count}期"),
            format!("Instalments changed: {count} of them"),
        ),
    }
}

/// A payment with what the customer said it is for.
fn designated(what: String, entry: &Entry, language: Language) -> String {
    let purpose = match &entry.designation {
        None => return what,
        Some(Designation::DueOn(due_on)) => {
            say(language, format!("{due_on} 到期款项"), format!("what is due {due_on}"))
        }
        Some(Designation::Component(part)) => component(*part, language),
        Some(Designation::Reference(reference)) => clipped(reference, NOTE_LETTERS_MAX),
    };
    say(language, format!("{what}，指定用于{purpose}"), format!("{what} for {purpose}, as you asked"))
}

/// The limit that made a late fee what it is.
pub(super) fn fee_limit(limit: FeeLimit, language: Language) -> String {
    let (zh, en) = match limit {
        FeeLimit::Minimum => ("按最低收费标准计收", "raised to the least that is charged"),
        FeeLimit::PerYear => ("以年度上限为限", "limited by the ceiling a year"),
        FeeLimit::PerStatement => ("以单笔上限为限", "limited by the most for one statement"),
        FeeLimit::Lifetime => ("以合约累计上限为限", "limited by the most over the whole agreement"),
    };
    say(language, zh, en)
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

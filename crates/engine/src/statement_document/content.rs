//! A statement as a document for its customer: the same parts for text, HTML and PDF.

use dunlin_domain::contact::Language;
use dunlin_domain::date::Date;
use dunlin_domain::money::Money;
use jiff::tz::TimeZone;

use super::late_fee_text::late_fees;
use super::words::{self, say};
use super::{ClaimLine, MinimumLine, Movement, PlanLine, StatementDocument, StatementKind};
use crate::Lender;
use crate::document::{Block, Column, Content, Figure, Row, Table, amount};

/// To whom a statement goes, and in which language.
#[derive(Clone, Debug)]
pub struct Addressee {
    /// The name as it is to stand on the document: whole, masked or empty.
    pub name: String,
    /// The language.
    pub language: Language,
}

/// The statement in words.
#[must_use]
pub fn content(
    document: &StatementDocument,
    addressee: &Addressee,
    lender: &Lender,
    zone: &TimeZone,
) -> Content {
    let language = addressee.language;
    let mut blocks = vec![figures(document, language), facts(document, language)];
    blocks.extend(claim(document, language));
    blocks.extend(overdue(document, language));
    blocks.extend(summary(document, language));
    blocks.extend(corrections(document, language, zone));
    blocks.extend(entries(document, language));
    blocks.extend(plans(document, language));
    blocks.extend(open(document, language));
    blocks.extend(coming(document, language));
    blocks.extend(minimum(document, language));
    blocks.extend(late_fees(document, language));
    blocks.extend(contact(document, lender, language));
    let title = match document.kind {
        StatementKind::Bill => say(language, "账单", "Statement"),
        StatementKind::Account => say(language, "账户对账单", "Statement of account"),
    };
    Content {
        language,
        sender: lender.name(language).to_owned(),
        title,
        addressee: addressee.name.clone(),
        subject: say(
            language,
            format!("合约 {}，账单日 {}", document.agreement, document.cut_off_on),
            format!("Agreement {}, {}", document.agreement, document.cut_off_on),
        ),
        blocks,
        foot: say(
            language,
            format!("{}　客服热线 {}", lender.name_zh, lender.hotline),
            format!("{}, hotline {}", lender.name_en, lender.hotline),
        ),
    }
}

pub(super) fn heading(language: Language, zh: &str, en: &str) -> Block {
    Block::Heading(say(language, zh, en))
}

fn figures(document: &StatementDocument, language: Language) -> Block {
    let figure =
        |zh: &str, en: &str, value: String, is_alert| Figure { name: say(language, zh, en), value, is_alert };
    let balance = document.balance.new_balance();
    let mut figures = vec![figure("本期余额", "New balance", amount(balance), false)];
    if let Some(due_on) = document.due_on {
        figures.push(figure("到期还款日", "Due date", due_on.to_string(), false));
    }
    if let Some(minimum) = &document.minimum {
        figures.push(figure("最低还款额", "Minimum payment", amount(minimum.minimum), false));
    }
    if document.due_on.is_none()
        && let Some((due_on, due)) = next_due(document)
    {
        figures.push(figure("下期应还日", "Next due date", due_on.to_string(), false));
        figures.push(figure("下期应还金额", "Due then", amount(due), false));
    }
    if let Some(overdue) = &document.overdue {
        figures.push(figure("逾期金额", "Overdue", amount(overdue.amount), true));
    }
    if document.credit.is_positive() {
        figures.push(figure("溢缴款", "In credit", amount(document.credit), false));
    }
    Block::Figures(figures)
}

fn facts(document: &StatementDocument, language: Language) -> Block {
    let fact = |zh: &str, en: &str, value: String| (say(language, zh, en), value);
    let title = match language {
        Language::Zh => &document.product_title.0,
        Language::En => &document.product_title.1,
    };
    let period = say(
        language,
        format!("{} 至 {}", document.from, document.cut_off_on),
        format!("{} to {}", document.from, document.cut_off_on),
    );
    let mut facts = vec![
        fact("合约编号", "Agreement", document.agreement.clone()),
        fact("产品", "Product", title.clone()),
        fact("账单周期", "Period", period),
        fact("金额单位", "Amounts in", words::currency(document.currency, language)),
    ];
    if document.credit_limit.is_positive() {
        facts.push(fact("授信额度", "Credit limit", amount(document.credit_limit)));
        facts.push(fact("可用额度", "Available credit", amount(document.available_credit)));
    }
    if document.known_at.is_none() {
        facts.push(fact(
            "编制口径",
            "Made from",
            say(
                language,
                "按目前已知信息重新编制，非原始账单",
                "what is known now; not the statement as issued",
            ),
        ));
    }
    Block::Facts(facts)
}

fn overdue(document: &StatementDocument, language: Language) -> Option<Block> {
    let overdue = document.overdue.as_ref()?;
    let (sum, fee, least) = (amount(overdue.amount), amount(overdue.late_fee), amount(document.pay_at_least));
    let (due_on, days) = (overdue.due_on, overdue.days);
    let days_en = if days == 1 { "1 day".to_owned() } else { format!("{days} days") };
    Some(Block::Alert(say(
        language,
        format!(
            "您有 {sum} 已逾期 {days} 天（最早应于 {due_on} 还清），另有未还违约金 {fee}。请至少归还 {least}，以恢复正常。"
        ),
        format!(
            "{sum} is overdue, the oldest part since {due_on} ({days_en}); late fees of {fee} are unpaid. Pay at least {least} to bring the agreement up to date."
        ),
    )))
}

/// The next due date of a schedule, and what is due on it.
fn next_due(document: &StatementDocument) -> Option<(Date, Money)> {
    let due_on = document.coming.first()?.due_on;
    let zero = Money::zero(document.currency);
    let due = document.coming.iter().filter(|coming| coming.due_on == due_on);
    let sum = due.into_iter().try_fold(zero, |sum, coming| {
        sum.try_add(coming.principal)?.try_add(coming.interest)?.try_add(coming.fee)
    });
    sum.ok().map(|sum| (due_on, sum))
}

/// What became of the claim; the customer must not overlook it.
fn claim(document: &StatementDocument, language: Language) -> Option<Block> {
    let text = match document.claim? {
        ClaimLine::ChargedOff { on } => say(
            language,
            format!("本合约已于 {on} 转为呆账管理，应还金额不变，仍请尽快还款。"),
            format!(
                "This agreement was charged off in our books on {on}. What is owed stays the same; please pay."
            ),
        ),
        ClaimLine::WrittenOff { on, open } => say(
            language,
            format!(
                "本合约欠款已于 {on} 核销。核销是我司内部账务处理，不免除还款义务；其中 {} 尚未收回，仍可还款。",
                amount(open)
            ),
            format!(
                "What was owed was written off on {on}. That is bookkeeping of ours and does not release you; {} of it has not come in yet and can still be paid.",
                amount(open)
            ),
        ),
        ClaimLine::Sold { on } => say(
            language,
            format!("本合约债权已于 {on} 转让，自该日起请向受让人还款；详见债权转让通知。"),
            format!(
                "The claim of this agreement was transferred on {on}. Since that day please pay the new creditor, as the notice of the transfer says."
            ),
        ),
    };
    Some(Block::Alert(text))
}

fn summary(document: &StatementDocument, language: Language) -> Vec<Block> {
    let balance = &document.balance;
    let mut rows =
        vec![Row::new([say(language, "上期余额", "Previous balance"), amount(balance.previous())])];
    if has_corrections(document) {
        let effect = balance.corrections().effect().unwrap_or(Money::zero(document.currency));
        rows.push(Row::new([say(language, "以前账期更正", "Correction of earlier periods"), signed(effect)]));
    }
    for movement in Movement::ALL {
        let moved = balance.movements().get(movement);
        if !moved.is_zero() {
            let effect = if movement.is_credit() { negative(moved) } else { moved };
            rows.push(Row::new([words::movement(movement, language), signed(effect)]));
        }
    }
    rows.push(Row::total([say(language, "本期余额", "New balance"), amount(balance.new_balance())]));
    let columns = vec![
        Column::text(say(language, "项目", "Item"), 7),
        Column::number(say(language, "金额", "Amount"), 3),
    ];
    vec![
        heading(language, "余额变动", "From the previous balance to the new one"),
        Block::Table(Table { columns, rows }),
    ]
}

/// An amount that moves the balance: with its sign, whichever it is.
fn signed(money: Money) -> String {
    if money.is_positive() { format!("+{}", amount(money)) } else { amount(money) }
}

fn negative(money: Money) -> Money {
    Money::new(money.minor().saturating_neg(), money.currency())
}

fn has_corrections(document: &StatementDocument) -> bool {
    let corrections = document.balance.corrections();
    !document.late_facts.is_empty()
        || Movement::ALL.iter().any(|movement| !corrections.get(*movement).is_zero())
}

fn corrections(document: &StatementDocument, language: Language, zone: &TimeZone) -> Vec<Block> {
    if !has_corrections(document) {
        return Vec::new();
    }
    let corrections = document.balance.corrections();
    let mut rows = Vec::new();
    for movement in Movement::ALL {
        let moved = corrections.get(movement);
        if !moved.is_zero() {
            let effect = if movement.is_credit() { negative(moved) } else { moved };
            rows.push(Row::new([words::movement(movement, language), signed(effect)]));
        }
    }
    let effect = corrections.effect().unwrap_or(Money::zero(document.currency));
    rows.push(Row::total([say(language, "更正合计", "Correction of earlier periods"), signed(effect)]));
    let columns = vec![
        Column::text(say(language, "更正项目", "What changed"), 7),
        Column::number(say(language, "金额", "Amount"), 3),
    ];
    let mut blocks = vec![
        heading(language, "以前账期更正", "Correction of earlier periods"),
        Block::Text(say(
            language,
            "以下信息在以前账单出具之后才入账。以前的账单不作改动，差额计入本期。",
            "What follows was recorded after earlier statements were issued. Those stay as they are; the difference is taken here.",
        )),
        Block::Table(Table { columns, rows }),
    ];
    if !document.late_facts.is_empty() {
        let rows = document.late_facts.iter().map(|fact| {
            Row::new([
                fact.on.to_string(),
                fact.learned_at.date_in(zone).to_string(),
                words::late_fact(fact, language),
                amount(fact.amount),
            ])
        });
        let columns = vec![
            Column::text(say(language, "起算日", "Counts from"), 3),
            Column::text(say(language, "入账日", "Recorded on"), 3),
            Column::text(say(language, "更正原因", "Cause"), 8),
            Column::number(say(language, "金额", "Amount"), 3),
        ];
        blocks.push(Block::Table(Table { columns, rows: rows.collect() }));
    }
    blocks
}

fn entries(document: &StatementDocument, language: Language) -> Vec<Block> {
    let title = heading(language, "交易明细", "Entries");
    if document.entries.is_empty() {
        return vec![
            title,
            Block::Text(say(language, "本期没有交易。", "There were no entries in this period.")),
        ];
    }
    let rows = document.entries.iter().map(|entry| {
        // A purchase that is split moves nothing by itself.
        let moved = if entry.amount.is_zero() { "—".to_owned() } else { signed(entry.amount) };
        Row::new([entry.on.to_string(), words::entry(entry, language), moved])
    });
    let columns = vec![
        Column::text(say(language, "日期", "Date"), 3),
        Column::text(say(language, "摘要", "Description"), 11),
        Column::number(say(language, "金额", "Amount"), 3),
    ];
    vec![title, Block::Table(Table { columns, rows: rows.collect() })]
}

fn plans(document: &StatementDocument, language: Language) -> Vec<Block> {
    if document.plans.is_empty() {
        return Vec::new();
    }
    let rate = |rate: Option<dunlin_domain::money::Rate>| {
        rate.map_or_else(|| "—".to_owned(), |rate| rate.to_string())
    };
    // Which words fit the costs of all plans.
    let has = |kind: fn(&PlanLine) -> Money| document.plans.iter().any(|plan| !kind(plan).is_zero());
    let (costs_zh, costs_en) = match (has(|plan| plan.interest_to_come), has(|plan| plan.fees_to_come)) {
        (true, false) => ("未入账利息", "Interest to come"),
        (true, true) => ("未入账息费", "Costs to come"),
        (false, true | false) => ("未入账手续费", "Fees to come"),
    };
    let rows = document.plans.iter().map(|plan| {
        let what = say(
            language,
            format!("{}，分{}期", amount(plan.principal), plan.count),
            format!("{} in {}", amount(plan.principal), plan.count),
        );
        Row::new([
            words::with_source(what, &plan.note, &plan.reference, language),
            format!("{}/{}", plan.billed_count, plan.count),
            amount(plan.unbilled),
            amount(costs_to_come(plan)),
            rate(plan.nominal_annual),
            rate(plan.effective_annual),
        ])
    });
    let columns = vec![
        Column::text(say(language, "分期计划", "Plan"), 7),
        Column::number(say(language, "已入账期数", "Billed"), 3),
        Column::number(say(language, "未入账本金", "To come"), 3),
        Column::number(say(language, costs_zh, costs_en), 3),
        Column::number(say(language, "年化（单利）", "A year, nominal"), 3),
        Column::number(say(language, "年化（复利）", "Effective"), 3),
    ];
    vec![
        heading(language, "分期计划", "Instalment plans"),
        Block::Table(Table { columns, rows: rows.collect() }),
        Block::Note(say(
            language,
            match document.coming.is_empty() {
                true => "年化综合资金成本按内部收益率法计算；尚未入账的分期不计入本期余额。",
                false => "年化综合资金成本按内部收益率法计算。",
            },
            match document.coming.is_empty() {
                true => {
                    "The annual cost is the internal rate of return of the plan. Instalments to come are no part of the new balance."
                }
                false => "The annual cost is the internal rate of return of the plan.",
            },
        )),
    ]
}

/// Interest and fees of the instalments to come.
fn costs_to_come(plan: &PlanLine) -> Money {
    plan.interest_to_come.try_add(plan.fees_to_come).unwrap_or(plan.fees_to_come)
}

fn open(document: &StatementDocument, language: Language) -> Vec<Block> {
    // A bill with nothing else open says all of this above.
    if document.open.is_empty() || (document.kind == StatementKind::Bill && document.open.len() == 1) {
        return Vec::new();
    }
    let rows = document.open.iter().map(|line| {
        let due = if line.is_overdue {
            say(language, format!("{}（逾期）", line.due_on), format!("{} (overdue)", line.due_on))
        } else {
            line.due_on.to_string()
        };
        Row::new([due, amount(line.billed), amount(line.paid), amount(line.rest), amount(line.late_fee)])
    });
    let columns = vec![
        Column::text(say(language, "到期日", "Due date"), 5),
        Column::number(say(language, "应还", "Billed"), 3),
        Column::number(say(language, "已还", "Paid"), 3),
        Column::number(say(language, "未还", "Open"), 3),
        Column::number(say(language, "未还违约金", "Late fee"), 3),
    ];
    vec![
        heading(language, "各到期日未还款项", "Open by due date"),
        Block::Table(Table { columns, rows: rows.collect() }),
    ]
}

/// Instalments of schedules that are not due yet; nothing of their interest and fees is in the new balance.
fn coming(document: &StatementDocument, language: Language) -> Vec<Block> {
    if document.coming.is_empty() {
        return Vec::new();
    }
    let rows = document.coming.iter().map(|coming| {
        let number = match coming.number {
            0 => say(language, "首付", "down payment"),
            number => number.to_string(),
        };
        let due = coming.principal.try_add(coming.interest).and_then(|sum| sum.try_add(coming.fee));
        Row::new([
            coming.due_on.to_string(),
            number,
            amount(coming.principal),
            amount(coming.interest),
            amount(coming.fee),
            due.map_or_else(|_| "—".to_owned(), amount),
        ])
    });
    let columns = vec![
        Column::text(say(language, "到期日", "Due date"), 3),
        Column::number(say(language, "期数", "No."), 2),
        Column::number(say(language, "本金", "Principal"), 3),
        Column::number(say(language, "利息", "Interest"), 3),
        Column::number(say(language, "费用", "Fees"), 2),
        Column::number(say(language, "应还", "Due"), 3),
    ];
    vec![
        heading(language, "待还分期", "Instalments to come"),
        Block::Table(Table { columns, rows: rows.collect() }),
        Block::Note(say(
            language,
            "本金自支用日起计入余额，利息和费用自各期到期日起计入余额。",
            "Principal is part of the balance from the day it was drawn; interest and fees from their due dates on.",
        )),
    ]
}

fn minimum(document: &StatementDocument, language: Language) -> Vec<Block> {
    let Some(MinimumLine { minimum, open, share, share_amount, floor }) = document.minimum else {
        return Vec::new();
    };
    let (least, open, part) = (amount(minimum), amount(open), amount(share_amount));
    let floor_zh =
        if floor.is_positive() { format!("，不低于 {}", amount(floor)) } else { String::new() };
    let floor_en =
        if floor.is_positive() { format!(", but at least {}", amount(floor)) } else { String::new() };
    vec![
        heading(language, "最低还款额的计算", "How the minimum payment was found"),
        Block::Note(say(
            language,
            format!(
                "已出账且未逾期的 {open} × {share} = {part}{floor_zh}；扣除已要求归还的部分后，本期最低还款额为 {least}。逾期款项及违约金另计。"
            ),
            format!(
                "{open} open on statements and not overdue × {share} = {part}{floor_en}; without what earlier statements ask for already, the minimum payment is {least}. What is overdue and late fees come on top."
            ),
        )),
    ]
}

fn contact(document: &StatementDocument, lender: &Lender, language: Language) -> Vec<Block> {
    let letters = &lender.letters;
    let mut lines = Vec::new();
    if document.balance.new_balance().is_positive() {
        let payment = letters.payment(language).map_or_else(
            || {
                say(
                    language,
                    format!(
                        "还款方式请咨询客服热线 {}。还款时请注明合约编号 {}。",
                        lender.hotline, document.agreement
                    ),
                    format!(
                        "Ask for the ways to pay at {}. Give the agreement {} with your payment.",
                        lender.hotline, document.agreement
                    ),
                )
            },
            str::to_owned,
        );
        lines.push((say(language, "如何还款", "To pay"), payment));
    }
    lines.push((
        say(language, "如有异议", "To object"),
        say(
            language,
            format!(
                "请致电 {}{}，说明合约编号、账单日和有异议的交易，我们核实后答复。",
                lender.hotline,
                letters.email.as_ref().map_or_else(String::new, |email| format!(" 或发送邮件至 {email}"))
            ),
            format!(
                "Call {}{} and name the agreement, the date of this statement and the entry; we look into it and answer.",
                lender.hotline,
                letters.email.as_ref().map_or_else(String::new, |email| format!(" or write to {email}"))
            ),
        ),
    ));
    let mut reach = vec![lender.name(language).to_owned()];
    reach.extend(letters.address(language).map(str::to_owned));
    reach.extend(letters.website.clone());
    lines.push((say(language, "联系我们", "To reach us"), reach.join(&say(language, "，", ", "))));
    vec![heading(language, "还款、异议与联系方式", "Paying, objecting, reaching us"), Block::Facts(lines)]
}

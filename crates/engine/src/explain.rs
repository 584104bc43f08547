//! The derivation of every amount: the fold's own events, in words, in Chinese and in English.

mod changes;

use std::collections::HashMap;

use dunlin_domain::contact::Language;
use dunlin_domain::date::Date;
use dunlin_domain::id::FactId;
use dunlin_domain::late_fee::NoLateFee;
use dunlin_domain::line::available::Available;
use dunlin_domain::position::fold;
use dunlin_domain::terms::{Component, Terms};
use dunlin_domain::trace::Event;

use crate::inspect::Current;
use crate::statement_document::late_fee_text::exact;
use crate::statement_document::words;
use crate::tiers::{AgeingView, PlanAge};
use crate::{Engine, EngineError};

/// A line in Chinese and in English.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

impl Words {
    /// The line in one language.
    #[must_use]
    pub fn text(&self, language: Language) -> &str {
        match language {
            Language::Zh => &self.zh,
            Language::En => &self.en,
        }
    }
}

fn said(zh: impl Into<String>, en: impl Into<String>) -> Words {
    Words { zh: zh.into(), en: en.into() }
}

/// The name of an amount that `explain` gives, as a reader sees it.
#[must_use]
pub fn amount_name(name: &'static str, language: Language) -> &'static str {
    if language == Language::En {
        return name;
    }
    match name {
        "bucket" => "逾期阶段",
        "days_past_due" => "逾期天数",
        "days_after_due_date" => "逾期天数（到期次日起算）",
        "days_from_due_date" => "逾期天数（到期当日起算）",
        "tier" => "五级分类",
        "customer_days_past_due" => "客户逾期天数",
        "customer_tier" => "客户五级分类",
        "overdue" => "逾期金额",
        "late_fee" => "未还违约金",
        "late_fee_charged" => "已计违约金",
        "owed" => "全部欠款",
        "credit" => "溢缴款",
        "held" => "未完成授权占用",
        "available_credit" => "可用额度",
        other => other,
    }
}

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
    pub lines: Vec<Words>,
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
            let mut lines: Vec<Words> =
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
fn plan_line(on: Date, plan: &PlanAge) -> Words {
    let (overdue, due_on, days) = (plan.overdue, plan.due_on, plan.days_past_due);
    let (zh, en) = match plan.reference.as_str() {
        "" => ("账单", "statements"),
        reference => (reference, reference),
    };
    said(
        format!("{on}  {zh}：自 {due_on} 到期起逾期 {overdue}，逾期 {days} 天"),
        format!("{on}  {en}: {overdue} overdue since {due_on}, {days} days past due"),
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
fn available_line(on: Date, available: &Available) -> Words {
    let Available { limit, billed, unbilled, plan_rest, held, credit, amount, over } = available;
    let (over_zh, over_en) = match over.is_zero() {
        true => (String::new(), String::new()),
        false => (format!("，超出额度 {over}"), format!(", {over} beyond the limit")),
    };
    said(
        format!(
            "{on}  可用额度：授信额度 {limit} − 已出账本金 {billed} − 未出账消费 {unbilled} − 分期未到期本金 {plan_rest} \
             − 未完成授权 {held} + 溢缴款 {credit} = {amount}{over_zh}"
        ),
        format!(
            "{on}  available credit: limit {limit} − principal on statements {billed} − unbilled purchases {unbilled} \
             − rest of plans {plan_rest} − open holds {held} + unapplied credit {credit} = {amount}{over_en}"
        ),
    )
}

/// Why what fell due costs nothing today.
fn no_fee_line(on: Date, due_on: Date, reason: NoLateFee) -> Words {
    let (zh, en) = match reason {
        NoLateFee::PaidInTime => {
            ("应还款项已按时还清".to_owned(), "what had to be paid was paid in time".to_owned())
        }
        NoLateFee::Grace { days, starts_on } => (
            format!("尚在 {days} 天宽限期内，{starts_on} 起才计收"),
            format!("{days} days of grace; the first day that costs is {starts_on}"),
        ),
        NoLateFee::NoBase => {
            ("计算基数已还清".to_owned(), "nothing is open of what it is a share of".to_owned())
        }
        NoLateFee::Frozen => ("至今各日均停计".to_owned(), "every day so far was frozen".to_owned()),
        NoLateFee::Limited => {
            ("上限或费率使其为零".to_owned(), "a limit or a rate of nothing leaves nothing".to_owned())
        }
    };
    said(
        format!("{on}  {due_on} 到期的账单不收违约金：{zh}"),
        format!("{on}  no late fee of the statement due {due_on}: {en}"),
    )
}

/// The segment of a late fee that still runs, with the rounding of the whole fee.
fn running_fee(
    current: &Current,
    statement: &dunlin_domain::statement::Statement,
) -> Result<Vec<Words>, EngineError> {
    let (terms, on) = (&current.terms, current.position.as_of);
    let Some(fee) = &terms.late_fee else { return Ok(Vec::new()) };
    let sum = statement.late_fee_exact(terms, on)?;
    if sum.0 == 0 {
        let reason = statement.no_late_fee_reason(terms, on)?;
        return Ok(reason.map(|reason| no_fee_line(on, statement.due_on, reason)).into_iter().collect());
    }
    let base = statement.late_fee_base(fee, terms)?;
    let days = statement.late_fee.counted_days(on);
    let charged = statement.late_fee_charged(terms, on)?;
    let cap = statement.late_fee_cap(fee, terms)?;
    let cap_zh = cap.map_or(String::new(), |cap| format!("，最高 {cap}"));
    let cap_en = cap.map_or(String::new(), |cap| format!(", capped at {cap}"));
    let (due_on, rate) = (statement.due_on, fee.rate_per_day);
    let (since, before) =
        (statement.late_fee.running_since, exact(statement.late_fee.accrued, terms.currency));
    let (paid, waived) = (statement.late_fee.paid, statement.late_fee.waived);
    let (sum, open) = (exact(sum, terms.currency), statement.late_fee_rest(terms, on)?);
    let rounding = |language| words::rounding(terms.rounding, language);
    Ok(vec![
        said(
            format!(
                "{on}  {due_on} 到期账单的违约金：{base} × {rate} × {days} 天（自 {since} 起），此前已累计 {before}"
            ),
            format!(
                "{on}  late fee of the statement due {due_on}: {base} × {rate} × {days} days since {since}, on top of {before} accrued before"
            ),
        ),
        said(
            format!(
                "{on}  {due_on} 到期账单的违约金：合计 {sum}{cap_zh}，一次{}为 {charged}；已还 {paid}，已减免 {waived}，未还 {open}",
                rounding(Language::Zh)
            ),
            format!(
                "{on}  late fee of the statement due {due_on}: {sum} in all{cap_en}, {} once to {charged}; paid {paid}, waived {waived}, open {open}",
                rounding(Language::En)
            ),
        ),
    ])
}

/// What an offer costs: its fee a period, its interest a year, or both.
fn cost_of(offer: &dunlin_domain::terms::InstalmentOffer) -> Words {
    use dunlin_domain::money::Rate;
    let (fee, interest) = (offer.fee_per_period, offer.interest_per_year);
    match (fee > Rate::ZERO, interest > Rate::ZERO) {
        (true, true) => said(
            format!("每期手续费率 {fee}，年利率 {interest}"),
            format!("{fee} a period and {interest} a year"),
        ),
        (false, true) => said(format!("年利率 {interest}"), format!("{interest} a year")),
        (true | false, false) => said(format!("每期手续费率 {fee}"), format!("{fee} a period")),
    }
}

/// The Chinese name of a component.
fn component(component: Component) -> String {
    words::component(component, Language::Zh)
}

fn line(event: &Event, terms: &Terms, names: &HashMap<FactId, &str>) -> Option<Words> {
    let name = |fact: &FactId| names.get(fact).copied().unwrap_or("?");
    Some(match event {
        Event::Purchase { fact, on, amount, instalment_count: 0 } => said(
            format!("{on}  消费 {}，{amount}", name(fact)),
            format!("{on}  purchase {} of {amount}", name(fact)),
        ),
        Event::Purchase { fact, on, amount, instalment_count: count } => {
            let standard = terms.schedule_billing().map(|billing| &billing.standard);
            let cost = terms.offer(*count).or(standard).map_or_else(|| said("", ""), cost_of);
            said(
                format!("{on}  消费 {}，{amount}，分 {count} 期，{}", name(fact), cost.zh),
                format!("{on}  purchase {} of {amount} in {count} instalments at {}", name(fact), cost.en),
            )
        }
        Event::Obligation { fact, on, due_on, component: part, amount } => said(
            format!("{on}  应还款项 {}，{amount}（{}），{due_on} 到期", name(fact), component(*part)),
            format!("{on}  obligation {} of {amount} ({part}), due {due_on}", name(fact)),
        ),
        Event::InstalmentBilled { on, purchase, number, count, principal, interest, fee } => {
            let (interest_zh, interest_en) = match interest.is_zero() {
                true => (String::new(), String::new()),
                false => (format!(" + 利息 {interest}"), format!(" + interest {interest}")),
            };
            let purchase = name(purchase);
            said(
                format!(
                    "{on}  消费 {purchase} 第 {number}/{count} 期：本金 {principal}{interest_zh} + 手续费 {fee}"
                ),
                format!(
                    "{on}  instalment {number} of {count} of purchase {purchase}: principal {principal}{interest_en} + fee {fee}"
                ),
            )
        }
        Event::StatementCut { on, due_on, billed, minimum, carried } => {
            let parts = changes::parts(billed);
            let (zh, en) = match Component::ALL.iter().all(|part| billed.get(*part).is_zero()) {
                true => ("无新增".to_owned(), "nothing new".to_owned()),
                false => (parts.zh, parts.en),
            };
            said(
                format!("{on}  出账，{due_on} 到期：本期 {zh}；此前未还 {carried}；最低还款额 {minimum}"),
                format!(
                    "{on}  statement due {due_on}: bills {en}; {carried} open from before; minimum {minimum}"
                ),
            )
        }
        Event::MinimumMissed { due_on, minimum, shortfall, rest } => {
            let on = due_on.plus_days(1);
            said(
                format!(
                    "{on}  {due_on} 到期账单的最低还款额 {minimum} 未足额归还，差 {shortfall}；账单未还 {rest}"
                ),
                format!(
                    "{on}  minimum {minimum} of the statement due {due_on} missed by {shortfall}; {rest} unpaid of it"
                ),
            )
        }
        Event::LateFeeSegment { due_on, segment } => {
            let rate = terms.late_fee.map_or_else(String::new, |fee| fee.rate_per_day.to_string());
            let (through, from, days) = (segment.through, segment.from, segment.days);
            let (base, amount) = (segment.base, exact(segment.amount, terms.currency));
            said(
                format!(
                    "{through}  {due_on} 到期账单的违约金：{base} × {rate} × {days} 天（自 {from} 起）= {amount}"
                ),
                format!(
                    "{through}  late fee of the statement due {due_on}: {base} × {rate} × {days} days since {from} = {amount}"
                ),
            )
        }
        event => return money_line(event, &name),
    })
}

/// Money that came in or was given up, and what it went to.
fn money_line<'n>(event: &Event, name: &impl Fn(&FactId) -> &'n str) -> Option<Words> {
    Some(match event {
        Event::Payment { fact, on, amount } => said(
            format!("{on}  还款 {}，{amount}", name(fact)),
            format!("{on}  payment {} of {amount}", name(fact)),
        ),
        Event::Refund { fact, on, amount, lowered_unbilled, .. } => said(
            format!("{on}  退款 {}，{amount}，其中 {lowered_unbilled} 抵减未出账款项", name(fact)),
            format!(
                "{on}  refund {} of {amount}, of which {lowered_unbilled} lowers what is not billed yet",
                name(fact)
            ),
        ),
        Event::Allocated { cause, on, due_on, number, component: part, amount, .. } => {
            let (zh, en) = match cause {
                Some(fact) => (name(fact), name(fact)),
                None => ("溢缴款", "credit"),
            };
            let (what_zh, what_en) = match number {
                0 => ("账单".to_owned(), "the statement".to_owned()),
                number => (format!("第 {number} 期"), format!("instalment {number}")),
            };
            said(
                format!("{on}    {zh} 归还 {due_on} 到期{what_zh}的{} {amount}", component(*part)),
                format!("{on}    {en} clears {amount} of {part} of {what_en} due {due_on}"),
            )
        }
        Event::Waived { fact, on, due_on, component: Component::LateFee, amount } => said(
            format!("{on}  减免 {}：{due_on} 到期账单的违约金减免 {amount}", name(fact)),
            format!(
                "{on}  waiver {} gives up {amount} of the late fee of the statement due {due_on}",
                name(fact)
            ),
        ),
        Event::Waived { fact, on, due_on, component: part, amount } => said(
            format!("{on}  减免 {}：{due_on} 到期款项的{}减免 {amount}", name(fact), component(*part)),
            format!("{on}  waiver {} gives up {amount} of {part} of what is due {due_on}", name(fact)),
        ),
        Event::OverdueChanged { on, overdue_from: Some(from) } => {
            said(format!("{on}  自 {from} 起逾期"), format!("{on}  overdue from {from} on"))
        }
        Event::OverdueChanged { on, overdue_from: None } => {
            said(format!("{on}  不再逾期"), format!("{on}  no longer overdue"))
        }
        event => changes::line(event, name)?,
    })
}

//! The events of schedules, changes of plans, fees charged once, pauses and losses, in words.

use dunlin_domain::amounts::Amounts;
use dunlin_domain::date::Date;
use dunlin_domain::fact::{FreezeReason, Prepayment};
use dunlin_domain::id::FactId;
use dunlin_domain::terms::Component;
use dunlin_domain::trace::Event;

use super::{Words, component, said};

/// The amounts of all components that are not zero.
pub(super) fn parts(amounts: &Amounts) -> Words {
    let told = || Component::ALL.iter().filter(|part| !amounts.get(**part).is_zero());
    let zh: Vec<String> = told().map(|part| format!("{} {}", component(*part), amounts.get(*part))).collect();
    let en: Vec<String> = told().map(|part| format!("{part} {}", amounts.get(*part))).collect();
    if zh.is_empty() { said("无", "nothing") } else { said(zh.join(" + "), en.join(" + ")) }
}

fn until(through: Date) -> Words {
    if through == Date::NEVER {
        said("直至另行通知", "until further notice")
    } else {
        said(format!("至 {through}"), format!("through {through}"))
    }
}

fn reason(freeze: Option<FreezeReason>) -> Words {
    match freeze {
        Some(FreezeReason::Pause) => said("停催期", "a planned pause"),
        Some(FreezeReason::Dispute) => said("异议处理", "a dispute"),
        Some(FreezeReason::Hardship) => said("已达成的纾困安排", "agreed relief"),
        None => said("约定", "an agreement"),
    }
}

/// The event in words; `None` for one that [`super::line`] tells itself.
pub(super) fn line<'n>(event: &Event, name: &impl Fn(&FactId) -> &'n str) -> Option<Words> {
    Some(match event {
        Event::Charge { fact, on, due_on, component: part, amount } => {
            let due = due_on.map_or_else(
                || said("计入下期账单", "on the next statement"),
                |due_on| said(format!("{due_on} 到期"), format!("due {due_on}")),
            );
            said(
                format!("{on}  费用 {}，{amount}（{}），{}", name(fact), component(*part), due.zh),
                format!("{on}  charge {} of {amount} ({part}), {}", name(fact), due.en),
            )
        }
        Event::ChargeCut { fact, on, asked, charged } => said(
            format!("{on}  费用 {}，{asked}：年度上限内只能收取 {charged}", name(fact)),
            format!("{on}  charge {} of {asked}: the yearly ceiling leaves room for {charged}", name(fact)),
        ),
        Event::Instalment { plan, on, number: 0, due_on, billed } => said(
            format!("{on}    {} 的首付，{due_on} 到期：{}", name(plan), parts(billed).zh),
            format!("{on}    down payment of {} due {due_on}: {}", name(plan), parts(billed).en),
        ),
        Event::Instalment { plan, on, number, due_on, billed } => said(
            format!("{on}    {} 第 {number} 期，{due_on} 到期：{}", name(plan), parts(billed).zh),
            format!("{on}    instalment {number} of {} due {due_on}: {}", name(plan), parts(billed).en),
        ),
        Event::NotScheduled { fact, on, code } => said(
            format!("{on}  {} 无法分期（{code}）", name(fact)),
            format!("{on}  {} cannot be split into instalments ({code})", name(fact)),
        ),
        Event::InterestDue { plan, on, number, interest } => said(
            format!("{on}  {} 第 {number} 期到期，按日计息 {interest}", name(plan)),
            format!(
                "{on}  instalment {number} of {} is due with interest of {interest} by the day",
                name(plan)
            ),
        ),
        Event::InstalmentDue { plan, on, number, principal, interest, fee } => said(
            format!(
                "{on}  {} 第 {number} 期到期：未还本金 {principal} + 利息 {interest} + 手续费 {fee}",
                name(plan)
            ),
            format!(
                "{on}  instalment {number} of {} is due: principal {principal} + interest {interest} + fee {fee} open",
                name(plan)
            ),
        ),
        Event::EarnedAhead { plan, on, number, component: part, amount } => said(
            format!("{on}    {} 第 {number} 期的{} {amount} 在到期前确认", name(plan), component(*part)),
            format!(
                "{on}    {part} {amount} of instalment {number} of {} counts before its due date",
                name(plan)
            ),
        ),
        Event::LateFeeSettled { on, due_on, amount, limit } => {
            let zh = limit.map_or_else(String::new, |limit| format!("（受限于 {limit}）"));
            let en = limit.map_or_else(String::new, |limit| format!(", by the limit {limit}"));
            said(
                format!("{on}  {due_on} 到期款项的违约金：合计 {amount}{zh}"),
                format!("{on}  late fee of what was due {due_on}: {amount} in all{en}"),
            )
        }
        Event::CalledIn { on, plan, amounts } => said(
            format!("{on}    {} 未到期部分提前到期：{}", name(plan), parts(amounts).zh),
            format!("{on}    what was to come of {} is owed at once: {}", name(plan), parts(amounts).en),
        ),
        Event::OnceFee { on, due_on, after_days, amount } => said(
            format!("{on}  一次性收取 {amount}：{due_on} 到期的账单逾期满 {after_days} 天"),
            format!(
                "{on}  fee of {amount} charged once: the statement due {due_on} is {after_days} days past due"
            ),
        ),
        Event::ServiceBilled { on, due_on, amount } => said(
            format!("{on}  {due_on} 到期账单未还部分的服务费 {amount}"),
            format!("{on}  service fee of {amount} on the carried rest of the statement due {due_on}"),
        ),
        Event::LateFeesStopped { on, limit } => said(
            format!("{on}  违约金达到合同期内上限 {limit}，不再计收"),
            format!("{on}  late fees reach {limit}, the most over the life of the agreement; no more accrue"),
        ),
        Event::MovedToPlan { fact, on, due_on, amount, instalment_count: count } => said(
            format!("{on}  {}：{due_on} 到期账单中的 {amount} 转为 {count} 期", name(fact)),
            format!(
                "{on}  {} moves {amount} of the statement due {due_on} into {count} instalments",
                name(fact)
            ),
        ),
        Event::Payoff { fact, on, plan, amount } => {
            let what = plan.as_ref().map_or(("全部欠款", "everything"), |plan| (name(plan), name(plan)));
            said(
                format!("{on}  提前结清 {}：以 {amount} 结清{}", name(fact), what.0),
                format!("{on}  payoff {} of {} with {amount}", name(fact), what.1),
            )
        }
        event => return told_of_plan(event, name),
    })
}

/// Changes of plans, and credit that is paid out.
fn told_of_plan<'n>(event: &Event, name: &impl Fn(&FactId) -> &'n str) -> Option<Words> {
    Some(match event {
        Event::Rescheduled { fact, on, plan, instalment_count, first_due_on, rate } => {
            let what = plan
                .as_ref()
                .map_or(("全部未还款项", "all that is open"), |plan| (name(plan), name(plan)));
            let count = match instalment_count {
                0 => said("期数不变", "as many instalments"),
                count => said(format!("{count} 期"), format!("{count} instalments")),
            };
            let first = first_due_on.map_or_else(
                || said("", ""),
                |first| said(format!("，首期 {first} 到期"), format!(", the first due {first}")),
            );
            let rate = rate
                .map_or_else(|| said("", ""), |rate| said(format!("，利率 {rate}"), format!(", at {rate}")));
            said(
                format!("{on}  展期重排 {}：{}，{}{}{}", name(fact), what.0, count.zh, first.zh, rate.zh),
                format!("{on}  reschedule {} of {}: {}{}{}", name(fact), what.1, count.en, first.en, rate.en),
            )
        }
        Event::Prepaid { fact, on, plan, amount, mode } => {
            let then = match mode {
                Prepayment::Advance => ("各期不变", "instalments stay"),
                Prepayment::Shorten => ("缩短期数", "fewer instalments"),
                Prepayment::Lower => ("降低每期金额", "lower instalments"),
            };
            said(
                format!("{on}    {} 提前归还 {} {amount}：{}", name(fact), name(plan), then.0),
                format!("{on}    {} pays {amount} of {} ahead: {}", name(fact), name(plan), then.1),
            )
        }
        Event::CreditPaidOut { fact, on, amount, beyond } if beyond.is_zero() => said(
            format!("{on}  溢缴款领回 {amount}（{}）", name(fact)),
            format!("{on}  credit of {amount} paid out ({})", name(fact)),
        ),
        Event::CreditPaidOut { fact, on, amount, beyond } => said(
            format!("{on}  领回 {amount}（{}），其中 {beyond} 并非溢缴款，应予归还", name(fact)),
            format!(
                "{on}  {amount} paid out ({}), of which {beyond} was no credit and is owed back",
                name(fact)
            ),
        ),
        event => return told_of_claim(event, name),
    })
}

/// Pauses, freezes and what becomes of the claim as a whole.
fn told_of_claim<'n>(event: &Event, name: &impl Fn(&FactId) -> &'n str) -> Option<Words> {
    Some(match event {
        Event::AgeingPaused { fact, from, through } => said(
            format!("{from}  停止计算逾期天数，{}（{}）", until(*through).zh, name(fact)),
            format!("{from}  ageing paused {} ({})", until(*through).en, name(fact)),
        ),
        Event::AgeingResumed { fact, pause, on } => said(
            format!("{on}  恢复计算逾期天数（{}），暂停 {} 提前结束", name(fact), name(pause)),
            format!("{on}  ageing goes on ({}), the pause {} ends early", name(fact), name(pause)),
        ),
        Event::FeesFrozen { fact, from, through, reason: why } => said(
            format!(
                "{from}  停计违约金，{}，原因：{}（{}）",
                until(*through).zh,
                reason(*why).zh,
                name(fact)
            ),
            format!(
                "{from}  no late fee {} because of {} ({})",
                until(*through).en,
                reason(*why).en,
                name(fact)
            ),
        ),
        Event::ChargedOff { fact, on, amounts } => said(
            format!("{on}  转呆账（{}）：{}", name(fact), parts(amounts).zh),
            format!("{on}  charged off ({}): {}", name(fact), parts(amounts).en),
        ),
        Event::WrittenOff { fact, on, amounts } => said(
            format!("{on}  核销（{}）：{}", name(fact), parts(amounts).zh),
            format!("{on}  written off ({}): {}", name(fact), parts(amounts).en),
        ),
        Event::Recovered { fact, on, amount } => said(
            format!("{on}    {} 收回已核销欠款 {amount}", name(fact)),
            format!("{on}    {} recovers {amount} of what was written off", name(fact)),
        ),
        Event::Sold { fact, on, amounts, proceeds } => said(
            format!("{on}  债权转让，对价 {proceeds}（{}）：{}", name(fact), parts(amounts).zh),
            format!("{on}  claim sold for {proceeds} ({}): {}", name(fact), parts(amounts).en),
        ),
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

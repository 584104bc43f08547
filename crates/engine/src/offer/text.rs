//! Offers in words, for the customer, in both languages.

use dunlin_domain::contact::Language;
use dunlin_domain::cost::{AnnualBy, ContingentFee, CostItem, CostItemKind, CostSheet};
use dunlin_domain::money::Money;
use dunlin_domain::schedule::{EarlyPayoff, Method, Quote, Schedule};
use dunlin_domain::terms::{GraceEnd, LateFeeBase};

use super::json::percent;

/// The cost sheet (综合融资成本明示表); `title` is the product's, `payee` who receives every item.
#[must_use]
pub fn sheet_text(sheet: &CostSheet, title: &str, payee: &str, language: Language) -> String {
    let mut lines = head(sheet, title, language);
    lines.push(match language {
        Language::Zh => "正常履约时收取：".to_owned(),
        Language::En => "charged when the plan is performed:".to_owned(),
    });
    lines.extend(sheet.items.iter().map(|item| item_line(sheet, item, payee, language)));
    if sheet.items.is_empty() {
        lines.push(match language {
            Language::Zh => "  无息费".to_owned(),
            Language::En => "  no interest and no fee".to_owned(),
        });
    }
    lines.extend(totals(sheet, language));
    lines.push(match language {
        Language::Zh => "以下或有项目仅在未按约履行或提前结清时发生：".to_owned(),
        Language::En => "contingent, only on default or early payoff:".to_owned(),
    });
    if let Some(fee) = &sheet.late_fee {
        lines.push(late_fee_line(fee, payee, language));
    }
    lines.push(format!("  {}", payoff_rule(sheet.early_payoff, language)));
    lines.push(match language {
        Language::Zh => "除以上明示项目外，不收取其他任何息费。".to_owned(),
        Language::En => "nothing other than the items above is charged.".to_owned(),
    });
    lines.join("\n")
}

fn head(sheet: &CostSheet, title: &str, language: Language) -> Vec<String> {
    let (principal, currency, count) =
        (sheet.terms.principal, sheet.terms.principal.currency(), sheet.terms.count);
    let method = method_words(sheet.terms.method, language);
    match language {
        Language::Zh => vec![
            format!("综合融资成本明示表 — {title}（{}，第 {} 版）", sheet.product, sheet.version),
            format!("本金 {principal} {currency}，{} 起，分 {count} 期，{method}", sheet.on),
        ],
        Language::En => vec![
            format!("cost of credit — {title} ({}, version {})", sheet.product, sheet.version),
            format!("principal {principal} {currency} from {}, {count} instalments, {method}", sheet.on),
        ],
    }
}

fn method_words(method: Method, language: Language) -> &'static str {
    let (zh, en) = match method {
        Method::Flat => ("等额本金加每期固定息费", "equal parts of principal, the same cost every period"),
        Method::EqualPayment => ("等额本息", "equal payments"),
        Method::EqualPrincipal => ("等额本金", "equal parts of principal, interest on the balance"),
        Method::InterestOnly => ("按期付息、到期还本", "interest only, principal at the end"),
        Method::Bullet => ("到期一次还本付息", "one payment at the end"),
    };
    match language {
        Language::Zh => zh,
        Language::En => en,
    }
}

fn item_line(sheet: &CostSheet, item: &CostItem, payee: &str, language: Language) -> String {
    let (rate, total, currency) = (item.rate, item.total, item.total.currency());
    let (nominal, effective) = (percent(item.annual.nominal), percent(item.annual.effective));
    let is_flat = sheet.terms.method == Method::Flat;
    match (item.kind, language) {
        (CostItemKind::InstalmentFee, Language::Zh) => format!(
            "  分期手续费：按原始本金每期收取 {rate}，合计 {total} {currency}，折合年化 {nominal}（单利）/ {effective}（复利），收取方：{payee}"
        ),
        (CostItemKind::InstalmentFee, Language::En) => format!(
            "  instalment fee: {rate} of the original principal each period, {total} {currency} in all, {nominal} a year \
             nominal / {effective} effective, received by {payee}"
        ),
        (CostItemKind::Interest, Language::Zh) => {
            let base = if is_flat { "原始本金" } else { "剩余本金" };
            format!(
                "  利息：按{base}年利率 {rate} 计收，合计 {total} {currency}，折合年化 {nominal}（单利）/ {effective}（复利），收取方：{payee}"
            )
        }
        (CostItemKind::Interest, Language::En) => {
            let base = if is_flat { "original principal" } else { "balance" };
            format!(
                "  interest: {rate} a year on the {base}, {total} {currency} in all, {nominal} a year nominal / {effective} \
                 effective, received by {payee}"
            )
        }
    }
}

fn totals(sheet: &CostSheet, language: Language) -> Vec<String> {
    let (cost, total) = (sheet.total_cost, sheet.schedule.total());
    let currency = cost.currency();
    let (nominal, effective) = (percent(sheet.annual.nominal), percent(sheet.annual.effective));
    let actuarial = percent(sheet.actuarial.annual);
    match language {
        Language::Zh => {
            let by = match sheet.annual_by {
                AnnualBy::Months => "按月",
                AnnualBy::Days => "按实际天数",
            };
            vec![
                format!("息费合计 {cost} {currency}，本息费合计 {total} {currency}"),
                format!(
                    "年化综合融资成本：{nominal}（单利）/ {effective}（复利），按内部收益率法{by}计算；按美国精算法 {actuarial}"
                ),
            ]
        }
        Language::En => {
            let by = match sheet.annual_by {
                AnnualBy::Months => "months",
                AnnualBy::Days => "actual days",
            };
            vec![
                format!("cost {cost} {currency}, to be paid in all {total} {currency}"),
                format!(
                    "annual cost: {nominal} nominal / {effective} effective, by internal rate of return over {by}; \
                     {actuarial} by the US actuarial method"
                ),
            ]
        }
    }
}

fn late_fee_line(fee: &ContingentFee, payee: &str, language: Language) -> String {
    let (rate, annual, grace) = (fee.terms.rate_per_day, percent(fee.annual), fee.terms.grace_days);
    let (base_zh, base_en) = match fee.terms.base {
        LateFeeBase::StatementRest => ("账单未还金额", "unpaid rest of the statement"),
        LateFeeBase::Principal => ("未还本金", "unpaid principal"),
        LateFeeBase::PrincipalAndInterest => ("未还本金及利息", "unpaid principal and interest"),
        LateFeeBase::MinimumShortfall => ("最低还款额未还部分", "missing part of the minimum"),
    };
    let grace_words = match (grace, fee.terms.after_grace, language) {
        (0, _, _) => String::new(),
        (_, GraceEnd::FromDueDate, Language::Zh) => format!("，容时 {grace} 天，逾容时自到期日起算"),
        (_, GraceEnd::FromGraceEnd, Language::Zh) => format!("，容时 {grace} 天，自容时期满起算"),
        (_, GraceEnd::FromDueDate, Language::En) => {
            format!(", {grace} days of grace, then from the due date")
        }
        (_, GraceEnd::FromGraceEnd, Language::En) => format!(", {grace} days of grace, from their end"),
    };
    match language {
        Language::Zh => {
            format!("  违约金：按{base_zh}每日 {rate}，折合年化 {annual}{grace_words}，收取方：{payee}")
        }
        Language::En => {
            format!(
                "  late fee: {rate} a day of the {base_en}, {annual} a year{grace_words}, received by {payee}"
            )
        }
    }
}

pub(crate) fn payoff_rule(rule: EarlyPayoff, language: Language) -> &'static str {
    match (rule, language) {
        (EarlyPayoff::ActualTime, Language::Zh) => "提前结清：息费按实际借款天数计收，之后的不再收取",
        (EarlyPayoff::ActualTime, Language::En) => {
            "early payoff: interest and fee by the days that have passed, none after"
        }
        (EarlyPayoff::PeriodBegun, Language::Zh) => "提前结清：当期息费全额收取，之后各期不再收取",
        (EarlyPayoff::PeriodBegun, Language::En) => {
            "early payoff: interest and fee of the period that has begun, none after"
        }
        (EarlyPayoff::RemainingFees, Language::Zh) => "提前结清：剩余各期手续费一次收取，利息按实际天数计收",
        (EarlyPayoff::RemainingFees, Language::En) => {
            "early payoff: all remaining fees, interest by the days that have passed"
        }
    }
}

/// The instalments as columns: header, rows, sums.
#[must_use]
pub fn schedule_text(schedule: &Schedule, language: Language) -> (Vec<&'static str>, Vec<Vec<String>>) {
    let header = match language {
        Language::Zh => vec!["期", "起", "到期日", "天数", "本金", "利息", "手续费", "应还", "剩余本金"],
        Language::En => {
            vec!["number", "from", "due", "days", "principal", "interest", "fee", "total", "balance after"]
        }
    };
    let mut rows: Vec<Vec<String>> = schedule
        .rows
        .iter()
        .map(|row| {
            vec![
                row.number.to_string(),
                row.from.to_string(),
                row.due_on.to_string(),
                row.days.to_string(),
                row.principal.to_string(),
                row.interest.to_string(),
                row.fee.to_string(),
                row.total().to_string(),
                row.balance_after.to_string(),
            ]
        })
        .collect();
    let sums: [Money; 4] = [schedule.principal(), schedule.interest(), schedule.fee(), schedule.total()];
    let all = if language == Language::Zh { "合计" } else { "all" };
    let label = [all, "", "", ""].map(str::to_owned);
    rows.push(label.into_iter().chain(sums.map(|sum| sum.to_string())).chain([String::new()]).collect());
    (header, rows)
}

/// A quote in words.
#[must_use]
pub fn payoff_text(quote: &Quote, rule: EarlyPayoff, language: Language) -> String {
    let payoff = quote.payoff;
    let (principal, interest, fee, spared) = (payoff.principal, payoff.interest, payoff.fee, payoff.spared);
    let currency = principal.currency();
    let total = Money::new(principal.minor() + interest.minor() + fee.minor(), currency);
    let rule = payoff_rule(rule, language);
    match language {
        Language::Zh => format!(
            "{} 结清需 {total} {currency}：本金 {principal}，利息 {interest}，手续费 {fee}；报价有效至 {}\n{rule}；少付息费 {spared} {currency}",
            payoff.on, quote.holds_through
        ),
        Language::En => format!(
            "{total} {currency} close the plan on {}: principal {principal}, interest {interest}, fee {fee}; the quote holds through {}\n{rule}; {spared} {currency} are spared",
            payoff.on, quote.holds_through
        ),
    }
}

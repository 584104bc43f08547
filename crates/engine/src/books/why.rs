//! Why a posting is there: from its two accounts to the change, the fact, the running total or the provision that it
//! came from.

use dunlin_domain::date::{BusinessDate, Date};
use dunlin_domain::id::{Key, Part};
use dunlin_domain::ledger::AccrualKind;
use dunlin_domain::money::Money;
use dunlin_store::record::{self, StoredPosting};
use dunlin_store::run::{self, BusinessDay, Span};
use dunlin_store::{Tx, agreement, exposure, suspense};

use super::suspense::key_of;
use super::{ChartOn, rounding};
use crate::view::WhyLink;
use crate::why::fact_words;
use crate::{Engine, EngineError};

/// The chain from a posting to its cause.
#[derive(Clone, Debug)]
pub struct PostingWhy {
    /// The posting.
    pub posting: StoredPosting,
    /// The lender's id of the agreement; `None` for a posting of a whole product.
    pub agreement: Option<String>,
    /// The chain, nearest cause first.
    pub links: Vec<WhyLink>,
}

impl Engine {
    /// The chain from a posting to its cause.
    ///
    /// # Errors
    /// [`EngineError::NotFound`] for a key that no posting has; what the database says.
    pub fn why_posting(&self, key: Key) -> Result<PostingWhy, EngineError> {
        let policies = self.policies()?;
        let mut why = self.db.read_as(|tx| -> Result<_, EngineError> {
            let found = record::find_posting(tx, key)?;
            let (part, posting) =
                found.ok_or_else(|| EngineError::NotFound { what: "posting", name: key.to_string() })?;
            let date = posting.business_date;
            let mut links = vec![accounts_link(&ChartOn(policies.ledger(date)), &posting)];
            let mut name = None;
            match posting.agreement {
                Some(id) => {
                    let row = agreement::find(tx, id)?;
                    let row =
                        row.ok_or_else(|| EngineError::NotFound { what: "agreement", name: id.to_string() })?;
                    name = Some(row.external_id.clone());
                    links.push(self.fact_link(tx, &row, &posting)?);
                }
                None => links.push(self.product_link(tx, part, &posting)?),
            }
            links.extend(run::find_day(tx, BusinessDate(date))?.map(day_link));
            Ok(PostingWhy { posting, agreement: name, links })
        })?;
        let derived = why.agreement.as_deref().map(|name| self.derivation(name, why.posting.business_date));
        if let Some(link) = derived.transpose()?.flatten() {
            why.links.insert(2, link);
        }
        Ok(why)
    }

    /// The fact that made an agreement's posting come about, or that the calendar did.
    fn fact_link(
        &self,
        tx: &mut Tx<'_>,
        row: &agreement::AgreementRow,
        posting: &StoredPosting,
    ) -> Result<WhyLink, EngineError> {
        let Some(id) = posting.fact else {
            let zh =
                format!("{} 没有新的事实：由合约自身的日期（出账、到期、逾期）引起", posting.business_date);
            let en = format!(
                "no fact came in by {}: a date of the agreement itself did it",
                posting.business_date
            );
            return Ok(WhyLink { stage: "cause", text: (zh, en), evidence: Vec::new() });
        };
        let facts = self.facts(tx, row)?;
        let Some(fact) = facts.iter().find(|fact| fact.id == id) else {
            return Err(EngineError::NotFound { what: "fact", name: id.to_string() });
        };
        let (zh, en) = fact_words(fact);
        let learned = fact.learned_at.date_in(&self.zone);
        let zh =
            format!("事实：{zh}（业务编号 {}），起算日 {}，{learned} 获知", fact.reference, fact.value_on);
        let en = format!("{en} {:?} with value date {}, learned on {learned}", fact.reference, fact.value_on);
        Ok(WhyLink { stage: "cause", text: (zh, en), evidence: vec![id.to_string()] })
    }

    /// The running total or the provision that a product's posting came from.
    fn product_link(
        &self,
        tx: &mut Tx<'_>,
        part: Part,
        posting: &StoredPosting,
    ) -> Result<WhyLink, EngineError> {
        let spans = run::spans(self.span_width);
        let span =
            spans.into_iter().find(|span| span.first == part).unwrap_or(Span { first: part, last: part });
        let place = format!("parts {} to {}", span.first.number(), span.last.number());
        let date = posting.business_date;
        if ["unassigned", "assigned"].contains(&posting.cause.as_str()) {
            let entry = suspense::of_part(tx, part)?.into_iter().find(|row| {
                let keys = ["unassigned", "assigned"].map(|cause| key_of(row.entry, cause).0);
                keys.contains(&posting.key)
            });
            let entry = entry.ok_or_else(|| EngineError::NotFound {
                what: "unassigned money",
                name: Key(posting.key).to_string(),
            })?;
            let (reference, account, amount) = (&entry.reference, &entry.source_name, entry.amount);
            let (zh, en) = match posting.cause.as_str() {
                "unassigned" => ("尚未找到归属", "belonged to nobody"),
                _ => ("已找到归属或退回", "was assigned or sent back"),
            };
            let (zh, en) = if entry.source == "gateway" {
                let zh = format!("支付渠道 {account} 的通知 {reference}（{amount}）{zh}");
                (zh, format!("payment {reference} of {amount} told by gateway {account} {en}"))
            } else {
                let zh = format!("账户 {account} 的银行流水 {reference}（{amount}）{zh}");
                (zh, format!("bank entry {reference} of {amount} on account {account} {en}"))
            };
            return Ok(WhyLink { stage: "cause", text: (zh, en), evidence: vec![entry.entry.to_string()] });
        }
        if posting.cause == "provision" {
            let rows = exposure::last_provisions(tx, span, date)?.map(|(_, rows)| rows).unwrap_or_default();
            let key = Some(Key(posting.key));
            let row = rows.iter().find(|row| row.posting == key);
            let row = row.ok_or_else(|| EngineError::NotFound {
                what: "provision",
                name: Key(posting.key).to_string(),
            })?;
            let money = |minor| Money::new(minor, row.currency);
            let (exposure, required, before) =
                (money(row.exposure_minor), money(row.required_minor), money(row.before_minor));
            let zh = format!(
                "{} 的 {} 阶段：敞口 {exposure} × {} = 应计提 {required}，此前 {before}（{}）",
                row.product, row.stage, row.rate, row.policy
            );
            let en = format!(
                "stage {} of {}: {exposure} exposed × {} = {required} required, {before} before ({})",
                row.stage, row.product, row.rate, row.policy
            );
            return Ok(WhyLink { stage: "cause", text: (zh, en), evidence: vec![place] });
        }
        if posting.cause == rounding::CAUSE {
            let zh = format!("{date} 日终：各分片分别四舍五入后的合计，与总额只四舍五入一次之间的差额");
            let en = format!(
                "the end of {date}: all parts' sum, rounded once, less the sum of what each span of parts rounded"
            );
            return Ok(WhyLink { stage: "cause", text: (zh, en), evidence: Vec::new() });
        }
        let kind = AccrualKind::ALL.iter().find(|kind| {
            let (debit, credit) = kind.roles();
            [debit, credit].contains(&posting.debit) && [debit, credit].contains(&posting.credit)
        });
        let what = kind.map_or("?", |kind| kind.code());
        let (zh, en) = match posting.cause.as_str() {
            "accrual" => (
                format!(
                    "{} 的 {what} 累计值滚动到 {date}：按日应计之和，四舍五入一次，与已计的差额",
                    posting.product
                ),
                format!(
                    "the running total of {what} of {} was rolled to {date}: its daily sum, rounded once, less what was accrued",
                    posting.product
                ),
            ),
            _ => (
                format!(
                    "{} 的 {what} 累计值因 {date} 合约变动而校准：四舍五入后的合计与账面的差额",
                    posting.product
                ),
                format!(
                    "changes of agreements on {date} moved the running total of {what} of {}: the rounded total less what the account held",
                    posting.product
                ),
            ),
        };
        Ok(WhyLink { stage: "cause", text: (zh, en), evidence: vec![place] })
    }

    /// What the fold says about the agreement on the day itself.
    fn derivation(&self, agreement: &str, on: Date) -> Result<Option<WhyLink>, EngineError> {
        let explanation = self.explain(agreement, Some(on))?;
        let day = on.to_string();
        let of_day: Vec<_> = explanation.lines.into_iter().filter(|line| line.en.starts_with(&day)).collect();
        if of_day.is_empty() {
            return Ok(None);
        }
        let told = |lines: Vec<&str>| lines.iter().map(|line| format!("\n     {line}")).collect::<String>();
        let text = (
            format!("{on} 的推算：{}", told(of_day.iter().map(|line| line.zh.as_str()).collect())),
            format!("the derivation of {on}:{}", told(of_day.iter().map(|line| line.en.as_str()).collect())),
        );
        Ok(Some(WhyLink { stage: "derivation", text, evidence: Vec::new() }))
    }
}

fn accounts_link(chart: &ChartOn, posting: &StoredPosting) -> WhyLink {
    let place = |role| {
        let account = chart.account(&posting.product, role);
        let [zh, en] =
            account.map_or(["", ""], |account| [account.name_zh.as_str(), account.name_en.as_str()]);
        let code = chart.code(&posting.product, role);
        (format!("{code} {zh}").trim_end().to_owned(), format!("{code} {en}").trim_end().to_owned())
    };
    let (debit, credit) = (place(posting.debit), place(posting.credit));
    let (date, amount, cause) = (posting.business_date, posting.amount, &posting.cause);
    let zh = format!("{date} {cause}：借 {}，贷 {}，{amount} {}", debit.0, credit.0, amount.currency());
    let en =
        format!("{date} {cause}: debit {}, credit {}, {amount} {}", debit.1, credit.1, amount.currency());
    let mut evidence =
        vec![Key(posting.key).to_string(), posting.debit.to_string(), posting.credit.to_string()];
    evidence.extend(chart.name());
    WhyLink { stage: "posting", text: (zh, en), evidence }
}

fn day_link(day: BusinessDay) -> WhyLink {
    let late = if day.is_late { ("（补跑）", ", after it was over") } else { ("", "") };
    let zh = format!("会计日 {} 的运行{}", day.date, late.0);
    let en = format!("the run of business date {}{}", day.date, late.1);
    WhyLink { stage: "day", text: (zh, en), evidence: vec![day.decided_at.to_string()] }
}

//! What was known when a day was decided, and what was learned since.

use dunlin_domain::arrears::Arrears;
use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::fact::Fact;
use dunlin_domain::id::FactId;
use dunlin_domain::position::fold;
use dunlin_domain::terms::Terms;
use dunlin_store::agreement::AgreementRow;

use super::{Case, currency_zh, fact_words, link, shown, with_article};
use crate::coverage::overdue_days;
use crate::evidence::decisive;
use crate::view::WhyLink;
use crate::{Engine, EngineError};

/// Facts learned since that are told one by one; of more the last are.
const LEARNED_SINCE_COUNT_MAX: usize = 5;

/// The fact learned after the day was decided that made it overdue.
pub(super) fn made_overdue(
    row: &AgreementRow,
    terms: &Terms,
    facts: &[Fact],
    decided_at: Option<Timestamp>,
    on: Date,
) -> Option<FactId> {
    let came_late =
        |fact: &Fact| fact.value_on <= on && decided_at.is_none_or(|moment| fact.learned_at > moment);
    decisive(facts, came_late, |facts| {
        Ok::<_, EngineError>(!overdue_days(row, terms, facts, on, on)?.is_empty())
    })
}

impl Case<'_> {
    /// What was overdue on the day: by what was known then, and by what was learned since where that differs.
    pub(super) fn position_links(
        &self,
        terms: &Terms,
        row: &AgreementRow,
        engine: &Engine,
    ) -> Result<Vec<WhyLink>, EngineError> {
        let arrears = |facts: &[Fact]| -> Result<Arrears, EngineError> {
            Ok(fold(terms, row.opened_on, facts, self.on, &mut |_| {})?.arrears(terms)?)
        };
        let now = arrears(self.facts)?;
        let is_later = |fact: &&Fact| {
            fact.value_on <= self.on && self.decided_at.is_some_and(|moment| fact.learned_at > moment)
        };
        let mut since: Vec<&Fact> = self.facts.iter().filter(is_later).collect();
        if since.is_empty() {
            return Ok(vec![self.position_link(&now, terms, row, ("", ""))]);
        }
        let then = arrears(self.known)?;
        let told = |arrears: &Arrears| (arrears.overdue_due_on, arrears.overdue, arrears.days_past_due);
        if told(&then) == told(&now) {
            return Ok(vec![self.position_link(&now, terms, row, ("", ""))]);
        }
        let mut links =
            vec![self.position_link(&then, terms, row, ("按当日所知，", "by what was known that day "))];
        since.sort_by_key(|fact| (fact.learned_at, fact.value_on, fact.id));
        for fact in since.iter().skip(since.len().saturating_sub(LEARNED_SINCE_COUNT_MAX)) {
            let (zh, en) = fact_words(fact);
            let at = shown(fact.learned_at, engine);
            links.push(link(
                "facts",
                format!("当日判定之后，{at}才得知{}的{zh}", fact.value_on),
                format!(
                    "learned after that day's decision, {at}: {} of {}",
                    with_article(&en),
                    fact.value_on
                ),
                vec![fact.id.to_string()],
            ));
        }
        links.push(self.position_link(&now, terms, row, ("按现在所知，", "by what is known now ")));
        Ok(links)
    }

    fn position_link(
        &self,
        arrears: &Arrears,
        terms: &Terms,
        row: &AgreementRow,
        (by_zh, by_en): (&str, &str),
    ) -> WhyLink {
        let bucket = &terms.buckets[arrears.bucket_index].name;
        let evidence = vec![row.id.to_string(), format!("{}@{}", row.product, row.product_version)];
        let Some(due_on) = arrears.overdue_due_on else {
            return link(
                "position",
                format!("{by_zh}{}没有逾期款项（{bucket}）", self.on),
                format!("{by_en}nothing is overdue on {} ({bucket})", self.on),
                evidence,
            );
        };
        let (overdue, fee, days) = (arrears.overdue, arrears.late_fee, arrears.days_past_due);
        link(
            "position",
            format!(
                "{by_zh}{due_on}到期的款项未还，逾期{days}天（{bucket}），逾期金额{overdue}元，违约金{fee}元"
            )
            .replace("元", &currency_zh(row)),
            format!(
                "{by_en}what was due on {due_on} is unpaid: {days} {} past due ({bucket}), {overdue} {} overdue, late fee {fee}",
                if days == 1 { "day" } else { "days" },
                row.currency
            ),
            evidence,
        )
    }
}

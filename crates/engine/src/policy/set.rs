//! Documents that are used together, and what only several of them can show.

use std::collections::BTreeMap;

use dunlin_domain::compliance::ContactRules;
use dunlin_domain::contact::Channel;
use dunlin_domain::strategy::Outcome;
use dunlin_domain::strategy_check::{Finding, check};
use dunlin_domain::wording;
use dunlin_domain::wording::Wording;

use super::error::PolicyError;
use super::template::TextPlace;
use super::{
    CalendarDocument, ContactRulesDocument, LedgerDocument, PolicyDocument, ProductDocument,
    StrategyDocument, TemplateDocument,
};

/// Documents that are, or would be, in force together.
#[derive(Clone, Debug, Default)]
pub struct PolicySet {
    /// Products.
    pub products: Vec<ProductDocument>,
    /// Strategies.
    pub strategies: Vec<StrategyDocument>,
    /// Contact rules.
    pub contact_rules: Vec<ContactRulesDocument>,
    /// Templates.
    pub templates: Vec<TemplateDocument>,
    /// Working-day calendars.
    pub calendars: Vec<CalendarDocument>,
    /// Charts of accounts.
    pub ledgers: Vec<LedgerDocument>,
}

impl PolicySet {
    /// Adds a document; one of the same kind and name gives way to it.
    pub fn add(&mut self, document: PolicyDocument) {
        macro_rules! put {
            ($list:expr, $document:expr) => {{
                let document = $document;
                $list.retain(|other| other.header.name != document.header.name);
                $list.push(document);
            }};
        }
        match document {
            PolicyDocument::Product(document) => put!(self.products, document),
            PolicyDocument::Strategy(document) => put!(self.strategies, document),
            PolicyDocument::ContactRules(document) => put!(self.contact_rules, document),
            PolicyDocument::Template(document) => put!(self.templates, document),
            PolicyDocument::Calendar(document) => put!(self.calendars, document),
            PolicyDocument::Ledger(document) => put!(self.ledgers, document),
        }
    }

    /// What is wrong between the documents: gaps of a strategy for a product of its currency, rows that no
    /// product can reach, templates that are not there or do not speak on a channel, forbidden words, roles of the
    /// ledger without an account. Empty if they fit.
    #[must_use]
    pub fn check(&self) -> Vec<PolicyError> {
        let tables = self.strategies.iter().flat_map(|strategy| {
            self.coverage_errors(strategy).into_iter().chain(self.template_errors(strategy))
        });
        let unmapped = self.ledgers.iter().flat_map(LedgerDocument::complaints);
        tables.chain(self.wording_errors()).chain(self.calendar_errors()).chain(unmapped).collect()
    }

    /// Every finding of the checker about each strategy and product of one currency, overlaps included: row
    /// pairs worth knowing when a table is reviewed.
    #[must_use]
    pub fn findings<'a>(&'a self, strategy: &'a StrategyDocument) -> Vec<(&'a str, Finding)> {
        let products =
            self.products.iter().filter(|product| product.terms.currency == strategy.table.currency);
        let findings = products.flat_map(|product| {
            let found = check(&strategy.table, &product.terms.buckets).into_iter();
            found.map(|finding| (product.header.name.as_str(), finding))
        });
        findings.collect()
    }

    /// Products whose plans name a calendar that is not there.
    fn calendar_errors(&self) -> Vec<PolicyError> {
        let is_there = |name: &String| self.calendars.iter().any(|calendar| calendar.header.name == *name);
        let known = Wording::listed(self.calendars.iter().map(|calendar| calendar.header.name.as_str()));
        let missing = self.products.iter().filter_map(|product| {
            let name = product.terms.plan.calendar.as_ref().filter(|name| !is_there(name))?;
            Some(PolicyError {
                file: product.header.file.clone(),
                line: None,
                row: None,
                column: Some("plan.calendar".to_owned()),
                complaint: Wording {
                    zh: format!("没有工作日历“{name}”；请先导入，或取值为 {} 之一", known.zh),
                    en: format!("there is no calendar {name:?}; import it first, or use one of {}", known.en),
                },
            })
        });
        missing.collect()
    }

    fn coverage_errors(&self, strategy: &StrategyDocument) -> Vec<PolicyError> {
        let findings = self.findings(strategy);
        let currency = strategy.table.currency;
        let products: Vec<&ProductDocument> =
            self.products.iter().filter(|product| product.terms.currency == currency).collect();
        if products.is_empty() {
            let complaint = wording!(
                "没有币种为 {currency} 的产品，无法检查策略表；请先导入",
                "there is no product in {currency} to check the table for; import one first"
            );
            return vec![error_of(strategy, None, Some("currency"), complaint)];
        }
        let mut errors = Vec::new();
        let mut gaps: BTreeMap<String, (&Finding, Vec<&str>)> = BTreeMap::new();
        let mut dead_in: BTreeMap<&str, (usize, &Finding)> = BTreeMap::new();
        for (product, finding) in &findings {
            match finding {
                Finding::Gap { .. } => {
                    let gap = gaps.entry(finding.to_string()).or_insert((finding, Vec::new()));
                    gap.1.push(product);
                }
                Finding::NeverDecides { row, .. } => dead_in.entry(row).or_insert((0, finding)).0 += 1,
                Finding::Overlap { .. } => {}
            }
        }
        for (gap, names) in gaps.into_values() {
            let (Wording { zh, en }, names) = (gap.wording(), Wording::listed(names));
            let complaint = Wording {
                zh: format!("{zh}（产品 {}）", names.zh),
                en: format!("{en} (product {})", names.en),
            };
            errors.push(error_of(strategy, None, None, complaint));
        }
        // A row for a bucket that only one product has is fine as long as that product reaches it.
        for (row, (count, finding)) in dead_in {
            if count == products.len() {
                errors.push(error_of(strategy, Some(row), None, finding.wording()));
            }
        }
        errors.extend(bucket_errors(strategy, &products));
        errors
    }

    fn template_errors(&self, strategy: &StrategyDocument) -> Vec<PolicyError> {
        let mut errors = Vec::new();
        for row in &strategy.table.rows {
            let Outcome::Contact { channels, template, fallback, .. } = &row.outcome else { continue };
            let found = self.templates.iter().find(|document| document.header.name == *template);
            let Some(document) = found else {
                let complaint = wording!(
                    "没有模板“{template}”；请先导入，或改用其他模板",
                    "there is no template {template:?}; import it first or name another"
                );
                errors.push(error_of(strategy, Some(&row.id), Some("template"), complaint));
                continue;
            };
            let further = fallback.iter().flat_map(|rule| &rule.channels);
            let mut missing: Vec<Channel> = Vec::new();
            let named = channels.iter().map(|channel| (channel, "channels"));
            for (channel, column) in named.chain(further.map(|channel| (channel, "fallback"))) {
                if document.template.channels().contains(channel) || missing.contains(channel) {
                    continue;
                }
                missing.push(*channel);
                let complaint = wording!(
                    "模板“{template}”没有渠道 {channel} 的文本；请补上，或去掉该渠道",
                    "template {template:?} has no text for {channel}; add one or take the channel out"
                );
                errors.push(error_of(strategy, Some(&row.id), Some(column), complaint));
            }
        }
        errors
    }

    fn wording_errors(&self) -> Vec<PolicyError> {
        let mut errors = Vec::new();
        for document in &self.templates {
            for pack in &self.contact_rules {
                for (place, source) in document.template.sources() {
                    let mut words = pack.rules.forbidden_in(&source);
                    words.sort_unstable();
                    words.dedup();
                    errors.extend(words.into_iter().map(|word| PolicyError {
                        file: document.header.file.clone(),
                        line: Some(line_of_word(&pack.rules, place, word)),
                        row: None,
                        column: Some(place.name.clone()),
                        complaint: wording!(
                            "“{word}”不得出现在消息中（{}，规则包 {}）",
                            "{word:?} may not stand in a message ({} of {})",
                            pack.rules.wording.id,
                            pack.rules.name
                        ),
                    }));
                }
            }
        }
        errors
    }
}

/// The line of a forbidden word; of one that goes over the end of a line, or is written with escapes, that on which the text
/// begins.
fn line_of_word(rules: &ContactRules, place: &TextPlace, word: &str) -> u32 {
    let lines = place.lines.iter().zip(place.line..);
    let mut found = lines.filter(|(line, _)| rules.forbidden_in(line).contains(&word));
    found.next().map_or(place.line, |(_, number)| number)
}

/// Buckets that no product of the strategy's currency has.
fn bucket_errors(strategy: &StrategyDocument, products: &[&ProductDocument]) -> Vec<PolicyError> {
    let known: Vec<&str> = products
        .iter()
        .flat_map(|product| &product.terms.buckets)
        .map(|bucket| bucket.name.as_str())
        .collect();
    let mut errors = Vec::new();
    for row in strategy.table.rows.iter() {
        for name in row.matches.buckets.iter().flatten().filter(|name| !known.contains(&name.as_str())) {
            let complaint = wording!(
                "“{name}”不是任何 {} 产品的逾期阶段",
                "{name:?} is not a bucket of any product in {}",
                strategy.table.currency
            );
            errors.push(error_of(strategy, Some(&row.id), Some("bucket"), complaint));
        }
    }
    errors
}

fn error_of(
    strategy: &StrategyDocument,
    row: Option<&str>,
    column: Option<&str>,
    complaint: Wording,
) -> PolicyError {
    PolicyError {
        file: strategy.header.file.clone(),
        line: row.and_then(|row| strategy.lines.get(row)).copied(),
        row: row.map(str::to_owned),
        column: column.map(str::to_owned),
        complaint,
    }
}

//! Provisions (损失准备): what is set aside for losses is brought to what the table of stages requires, when a span of
//! parts closes a day on which that is due. The sums it starts from are kept by the day's pages, so nothing is scanned.

use std::collections::BTreeMap;

use dunlin_domain::contact::Language;
use dunlin_domain::date::{BusinessDate, Date};
use dunlin_domain::id::Key;
use dunlin_domain::ledger::{LedgerRole, Posting};
use dunlin_domain::money::{Currency, Money, MoneyError, Rate, Rounding};
use dunlin_domain::terms::Component;
use dunlin_store::exposure::{self, ProvisionRow};
use dunlin_store::record::{self, PostingRow};
use dunlin_store::run::{self, Span};
use dunlin_store::{StoreError, Tx};

use super::refuse_after_last_day;
use crate::day_page::ALLOWANCE_USED;
use crate::policy::LedgerDocument;
use crate::{Engine, EngineError};

/// Product, currency and the stage's code.
type StageKey = (String, Currency, String);

/// Posts the difference between what the stages require of a span on `date` and what they did before, if it is due.
pub(crate) fn post(
    tx: &mut Tx<'_>,
    span: Span,
    date: BusinessDate,
    ledger: Option<&LedgerDocument>,
) -> Result<(), EngineError> {
    let Some((document, table)) = ledger.and_then(|ledger| Some((ledger, ledger.provision.as_ref()?))) else {
        return Ok(());
    };
    if !table.every.is_due(date.0) {
        return Ok(());
    }
    let mut exposures: BTreeMap<StageKey, (i64, Rate)> = BTreeMap::new();
    let mut add = |key: StageKey, rate: Rate, minor: i64| {
        let sum = exposures.entry(key).or_insert((0, rate));
        sum.0 = sum.0.checked_add(minor).ok_or(MoneyError::Overflow)?;
        Ok::<(), EngineError>(())
    };
    let before = exposure::last_provisions(tx, span, date.0)?.map(|(_, rows)| rows).unwrap_or_default();
    // A stage that is empty now gives back what it required.
    for row in &before {
        let stage = table.stages.iter().find(|stage| stage.code == row.stage);
        let key = (row.product.clone(), row.currency, row.stage.clone());
        let rate = match row.stage.as_str() {
            ALLOWANCE_USED => Rate::ONE,
            _ => stage.map_or(Rate::ZERO, |stage| stage.rate),
        };
        add(key, rate, 0)?;
    }
    for (key, minor) in exposure::of_span(tx, span)? {
        if key.component == ALLOWANCE_USED {
            // What losses took is set aside anew, so that what is there is what is required.
            add((key.product, key.currency, ALLOWANCE_USED.to_owned()), Rate::ONE, minor)?;
            continue;
        }
        let is_in_base =
            Component::parse(&key.component).is_some_and(|component| table.base.contains(&component));
        if is_in_base {
            let stage = table.stage(key.current_on.map_or(0, |current_on| date.0.days_since(current_on)));
            add((key.product, key.currency, stage.code.clone()), stage.rate, minor)?;
        }
    }
    let (mut rows, mut postings) = (Vec::new(), Vec::new());
    for ((product, currency, stage), (exposure_minor, rate)) in exposures {
        let required = rate.of(Money::new(exposure_minor, currency), Rounding::HalfUp)?;
        let is_it =
            |row: &&ProvisionRow| (&row.product, row.currency, &row.stage) == (&product, currency, &stage);
        let before = Money::new(before.iter().find(is_it).map_or(0, |row| row.required_minor), currency);
        if exposure_minor == 0 && before.is_zero() {
            continue;
        }
        let posting = posting_of(span, date, &product, &stage, before, required)?;
        rows.push(ProvisionRow {
            product: product.clone(),
            currency,
            stage,
            exposure_minor,
            rate,
            required_minor: required.minor(),
            before_minor: before.minor(),
            policy: document.full_name(),
            posting: posting.as_ref().map(|posting| posting.key),
        });
        postings.extend(posting.map(|posting| PostingRow {
            part: span.first,
            agreement: None,
            product,
            business_date: date,
            posting,
        }));
    }
    record::insert_postings(tx, &postings)?;
    exposure::insert_provisions(tx, span, date, &rows)?;
    Ok(())
}

fn posting_of(
    span: Span,
    date: BusinessDate,
    product: &str,
    stage: &str,
    before: Money,
    required: Money,
) -> Result<Option<Posting>, EngineError> {
    let change = required.try_sub(before)?;
    if change.is_zero() {
        return Ok(None);
    }
    let (first, day) = (span.first.number().to_le_bytes(), date.0.days().to_le_bytes());
    let key = Key::of_cause("provision", &[&first, &day, product.as_bytes(), stage.as_bytes()]);
    let (expense, allowance) = (LedgerRole::ProvisionExpense, LedgerRole::Allowance);
    let (debit, credit, amount) = match change.is_positive() {
        true => (expense, allowance, change),
        false => (allowance, expense, before.try_sub(required)?),
    };
    Ok(Some(Posting { key, debit, credit, amount, cause: "provision", fact: None }))
}

/// A stage of one product over all spans, as one provision left it.
#[derive(Clone)]
pub(super) struct StageSum {
    pub(super) product: String,
    pub(super) currency: Currency,
    pub(super) stage: String,
    rate: Rate,
    policy: String,
    exposure_minor: i64,
    /// What the spans required, each rounded.
    pub(super) of_spans_minor: i64,
}

impl StageSum {
    /// What is required, rounded once over all spans.
    pub(super) fn required(&self) -> Result<Money, MoneyError> {
        self.rate.of(Money::new(self.exposure_minor, self.currency), Rounding::HalfUp)
    }
}

/// The last provision on or before `on`: its day, and its stages in the order of product, currency and code.
pub(super) fn stages_on(
    tx: &mut Tx<'_>,
    spans: &[Span],
    on: Date,
) -> Result<Option<(Date, Vec<StageSum>)>, EngineError> {
    let last = spans
        .iter()
        .filter_map(|span| exposure::last_provisions(tx, *span, on).transpose())
        .collect::<Result<Vec<_>, StoreError>>()?;
    let Some(posted_on) = last.iter().map(|(date, _)| *date).max() else { return Ok(None) };
    // What a span required that had no part in the last provision had gone back to nothing before.
    let of_last = last.into_iter().filter(|(date, _)| *date == posted_on);
    let mut sums: BTreeMap<StageKey, StageSum> = BTreeMap::new();
    for row in of_last.flat_map(|(_, rows)| rows) {
        let key = (row.product.clone(), row.currency, row.stage.clone());
        let sum = sums.entry(key).or_insert_with(|| StageSum {
            product: row.product,
            currency: row.currency,
            stage: row.stage,
            rate: row.rate,
            policy: row.policy,
            exposure_minor: 0,
            of_spans_minor: 0,
        });
        let add = |sum: i64, minor: i64| sum.checked_add(minor).ok_or(MoneyError::Overflow);
        sum.exposure_minor = add(sum.exposure_minor, row.exposure_minor)?;
        sum.of_spans_minor = add(sum.of_spans_minor, row.required_minor)?;
    }
    Ok(Some((posted_on, sums.into_values().collect())))
}

/// The provisions in force on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvisionReport {
    /// The day on which they were last brought to what is required; `None` if they never were.
    pub posted_on: Option<Date>,
    /// The lines, by product, currency and age.
    pub lines: Vec<ProvisionLine>,
}

/// One stage of one product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvisionLine {
    /// The product.
    pub product: String,
    /// The currency.
    pub currency: Currency,
    /// The stage's code.
    pub stage: String,
    /// Its names, Chinese and English; those of a stage that is no more are its code.
    names: [String; 2],
    /// What was exposed, minor units.
    pub exposure_minor: i128,
    /// The share that is set aside.
    pub rate: Rate,
    /// What that comes to, minor units, rounded once.
    pub required_minor: i128,
    /// What was required by the provision before, minor units.
    pub before_minor: i128,
    /// The document with the table, `name@version`.
    pub policy: String,
}

impl ProvisionLine {
    /// The stage's name in a language.
    #[must_use]
    pub fn name(&self, language: Language) -> &str {
        match language {
            Language::Zh => &self.names[0],
            Language::En => &self.names[1],
        }
    }
}

impl Engine {
    /// How the provisions in force on `on` were derived.
    ///
    /// # Errors
    /// A refusal for a date after the last day that was begun; what the database says.
    pub fn provisions(&self, on: Date) -> Result<ProvisionReport, EngineError> {
        let spans = run::spans(self.span_width);
        let ledger = self.policies()?.ledger(on);
        self.db.read_as(|tx| {
            refuse_after_last_day(tx, on)?;
            let stages = ledger.as_ref().and_then(|ledger| ledger.provision.as_ref());
            let stages = stages.map_or(&[][..], |table| &table.stages);
            let Some((posted_on, sums)) = stages_on(tx, &spans, on)? else {
                return Ok(ProvisionReport { posted_on: None, lines: Vec::new() });
            };
            let before =
                stages_on(tx, &spans, posted_on.plus_days(-1))?.map(|(_, sums)| sums).unwrap_or_default();
            let mut lines: BTreeMap<(String, Currency, usize, String), ProvisionLine> = BTreeMap::new();
            for sum in sums {
                let place = stages.iter().position(|stage| stage.code == sum.stage).unwrap_or(stages.len());
                let names = match sum.stage.as_str() {
                    ALLOWANCE_USED => Some(["已核销".to_owned(), "Written off".to_owned()]),
                    _ => stages.get(place).map(|stage| [stage.name_zh.clone(), stage.name_en.clone()]),
                };
                let is_it = |before: &&StageSum| {
                    (&before.product, before.currency, &before.stage)
                        == (&sum.product, sum.currency, &sum.stage)
                };
                let before = before.iter().find(is_it).map(StageSum::required).transpose()?;
                let line = ProvisionLine {
                    product: sum.product.clone(),
                    currency: sum.currency,
                    stage: sum.stage.clone(),
                    names: names.unwrap_or_else(|| [sum.stage.clone(), sum.stage.clone()]),
                    exposure_minor: i128::from(sum.exposure_minor),
                    rate: sum.rate,
                    required_minor: i128::from(sum.required()?.minor()),
                    before_minor: before.map_or(0, |before| i128::from(before.minor())),
                    policy: sum.policy.clone(),
                };
                lines.insert((sum.product, sum.currency, place, sum.stage), line);
            }
            let posted_on = Some(posted_on);
            Ok(ProvisionReport { posted_on, lines: lines.into_values().collect() })
        })
    }
}

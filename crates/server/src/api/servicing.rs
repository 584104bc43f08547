//! Changes of an agreement while it runs, as programs read them: of the API and of `dunlin … --json` alike.

use dunlin_domain::amounts::Amounts;
use dunlin_domain::contact::Language;
use dunlin_domain::cost::CostSheet;
use dunlin_domain::position::{PayoffBasis, PayoffPart};
use dunlin_domain::terms::Component;
use dunlin_engine::offer::{schedule_json, sheet_json, sheet_text};
use dunlin_engine::servicing::holds::Hold;
use dunlin_engine::servicing::payoff::{PayoffQuote, QuoteTaken};
use dunlin_engine::servicing::plan::{StatementOffers, StatementPlan};
use dunlin_engine::servicing::{Change, RowPair, basis_words, payoff_text};
use serde::Serialize;

use super::payments::{RecordedJson, ReportJson};
use super::{MoneyJson, TextJson};

fn text(of: impl Fn(Language) -> String) -> TextJson {
    TextJson { zh: of(Language::Zh), en: of(Language::En) }
}

/// Amounts by component, and their sum.
#[derive(Serialize)]
struct PartsJson {
    late_fee: MoneyJson,
    charge: MoneyJson,
    interest: MoneyJson,
    instalment_fee: MoneyJson,
    principal: MoneyJson,
    total: Option<MoneyJson>,
}

impl PartsJson {
    fn new(parts: &Amounts) -> Self {
        let of = |component| MoneyJson::new(parts.get(component));
        Self {
            late_fee: of(Component::LateFee),
            charge: of(Component::Charge),
            interest: of(Component::Interest),
            instalment_fee: of(Component::InstalmentFee),
            principal: of(Component::Principal),
            total: parts.total().ok().map(MoneyJson::new),
        }
    }

    /// Null where there is nothing of anything.
    fn if_any(parts: &Amounts) -> Option<Self> {
        parts.minor().iter().any(|minor| *minor != 0).then(|| Self::new(parts))
    }
}

/// What is to be paid on one day of one plan, before and after a change.
#[derive(Serialize)]
struct RowJson {
    due_on: String,
    plan: Option<String>,
    number: u32,
    before: Option<PartsJson>,
    after: Option<PartsJson>,
    difference: Option<MoneyJson>,
}

impl RowJson {
    fn new(pair: &RowPair) -> Self {
        Self {
            due_on: pair.due_on.to_string(),
            plan: pair.plan.clone(),
            number: pair.number,
            before: PartsJson::if_any(&pair.before),
            after: PartsJson::if_any(&pair.after),
            difference: pair.difference().ok().map(MoneyJson::new),
        }
    }
}

/// A change that was recorded, or is shown before it is.
#[derive(Serialize)]
pub struct ChangeJson {
    agreement: String,
    kind: &'static str,
    kind_label: TextJson,
    reference: String,
    amount: MoneyJson,
    value_on: String,
    is_preview: bool,
    is_new: bool,
    report: ReportJson,
    rows: Vec<RowJson>,
    recorded: Option<RecordedJson>,
}

impl ChangeJson {
    /// The document of a change.
    #[must_use]
    pub fn new(change: &Change) -> Self {
        Self {
            agreement: change.agreement.clone(),
            kind: change.kind.code(),
            kind_label: text(|language| change.kind.label(language).to_owned()),
            reference: change.reference.clone(),
            amount: MoneyJson::new(change.amount),
            value_on: change.value_on.to_string(),
            is_preview: change.recorded.is_none(),
            is_new: change.recorded.as_ref().is_some_and(|recorded| recorded.is_new),
            report: ReportJson::new(&change.report),
            rows: change.rows.iter().map(RowJson::new).collect(),
            recorded: change.recorded.as_ref().map(RecordedJson::new),
        }
    }
}

/// A quote for early payoff.
#[derive(Serialize)]
pub struct QuoteJson {
    id: String,
    agreement: String,
    plan: Option<String>,
    on: String,
    holds_through: String,
    total: MoneyJson,
    credit: MoneyJson,
    components: PartsJson,
    spared: MoneyJson,
    rule: &'static str,
    parts: Vec<QuotePartJson>,
    quoted_by: String,
    quoted_at: String,
    text: TextJson,
}

#[derive(Serialize)]
struct QuotePartJson {
    plan: Option<String>,
    due_on: String,
    component: &'static str,
    amount: MoneyJson,
    basis: &'static str,
    text: TextJson,
}

impl QuoteJson {
    /// The document of a quote.
    #[must_use]
    pub fn new(quote: &PayoffQuote) -> Self {
        let row = &quote.row;
        let part = |(plan, part): &(Option<String>, PayoffPart)| QuotePartJson {
            plan: plan.clone(),
            due_on: part.due_on.to_string(),
            component: part.component.code(),
            amount: MoneyJson::new(part.amount),
            basis: basis_code(part.basis),
            text: text(|language| basis_words(part, language)),
        };
        Self {
            id: quote.id(),
            agreement: quote.agreement.clone(),
            plan: quote.plan.clone(),
            on: row.quoted_on.to_string(),
            holds_through: row.holds_through.to_string(),
            total: MoneyJson::new(row.total),
            credit: MoneyJson::new(row.credit),
            components: PartsJson::new(&row.amounts),
            spared: MoneyJson::new(row.spared),
            rule: quote.rule.code(),
            parts: quote.parts.iter().map(part).collect(),
            quoted_by: row.quoted_by.clone(),
            quoted_at: row.quoted_at.to_string(),
            text: text(|language| payoff_text(quote, language)),
        }
    }
}

fn basis_code(basis: PayoffBasis) -> &'static str {
    match basis {
        PayoffBasis::Billed => "billed",
        PayoffBasis::LateFee => "late_fee",
        PayoffBasis::ToCome => "to_come",
        PayoffBasis::NextStatement => "next_statement",
        PayoffBasis::Days { .. } => "days",
        PayoffBasis::PeriodBegun => "period_begun",
        PayoffBasis::RemainingFees { .. } => "remaining_fees",
    }
}

/// A quote that was taken.
#[derive(Serialize)]
pub struct QuoteTakenJson {
    quote: String,
    #[serde(flatten)]
    change: ChangeJson,
    given_up: Vec<RecordedJson>,
}

impl QuoteTakenJson {
    /// The document of a quote that was taken.
    #[must_use]
    pub fn new(taken: &QuoteTaken) -> Self {
        Self {
            quote: taken.quote.clone(),
            change: ChangeJson::new(&taken.change),
            given_up: taken.given_up.iter().map(RecordedJson::new).collect(),
        }
    }
}

/// A cost sheet with its instalments, as data and in words.
#[derive(Serialize)]
struct SheetJson {
    instalment_count: u32,
    cost: serde_json::Value,
    schedule: serde_json::Value,
    text: TextJson,
}

impl SheetJson {
    fn new(sheet: &CostSheet, title: &(String, String), payee: &(String, String)) -> Self {
        let of = |pair: &(String, String), language| match language {
            Language::Zh => pair.0.clone(),
            Language::En => pair.1.clone(),
        };
        Self {
            instalment_count: sheet.terms.count,
            cost: sheet_json(sheet, &payee.0),
            schedule: schedule_json(&sheet.schedule),
            text: text(|language| sheet_text(sheet, &of(title, language), &of(payee, language), language)),
        }
    }
}

/// What a statement may be split into.
#[derive(Serialize)]
pub struct StatementOffersJson {
    agreement: String,
    on: String,
    cut_off_on: String,
    due_on: String,
    open: MoneyJson,
    amount: MoneyJson,
    offers: Vec<SheetJson>,
}

impl StatementOffersJson {
    /// The document of the offers; `payee` is who receives every item, in Chinese and English.
    #[must_use]
    pub fn new(offers: &StatementOffers, payee: &(String, String)) -> Self {
        let sheet = |sheet: &CostSheet| SheetJson::new(sheet, &offers.title, payee);
        Self {
            agreement: offers.agreement.clone(),
            on: offers.on.to_string(),
            cut_off_on: offers.cut_off_on.to_string(),
            due_on: offers.due_on.to_string(),
            open: MoneyJson::new(offers.open),
            amount: MoneyJson::new(offers.amount),
            offers: offers.offers.iter().map(sheet).collect(),
        }
    }
}

/// A chosen plan.
#[derive(Serialize)]
pub struct StatementPlanJson {
    #[serde(flatten)]
    change: ChangeJson,
    sheet: SheetJson,
}

impl StatementPlanJson {
    /// The document of a chosen plan.
    #[must_use]
    pub fn new(plan: &StatementPlan, payee: &(String, String)) -> Self {
        Self { change: ChangeJson::new(&plan.change), sheet: SheetJson::new(&plan.sheet, &plan.title, payee) }
    }
}

/// A pause of ageing or a freeze of late fees.
#[derive(Serialize)]
pub struct HoldJson {
    kind: &'static str,
    kind_label: TextJson,
    reference: String,
    from: String,
    through: Option<String>,
    ended_on: Option<String>,
    reason: Option<&'static str>,
    note: String,
}

impl HoldJson {
    /// The document of a hold.
    #[must_use]
    pub fn new(hold: &Hold) -> Self {
        Self {
            kind: hold.kind.code(),
            kind_label: text(|language| hold.kind.label(language).to_owned()),
            reference: hold.reference.clone(),
            from: hold.from.to_string(),
            through: hold.through.map(|date| date.to_string()),
            ended_on: hold.ended_on.map(|date| date.to_string()),
            reason: hold.freeze.map(dunlin_domain::fact::FreezeReason::code),
            note: hold.note.clone(),
        }
    }
}

/// The pauses and freezes of an agreement.
#[derive(Serialize)]
pub struct HoldsJson {
    agreement: String,
    holds: Vec<HoldJson>,
}

impl HoldsJson {
    /// The document of an agreement's holds.
    #[must_use]
    pub fn new(agreement: &str, holds: &[Hold]) -> Self {
        Self { agreement: agreement.to_owned(), holds: holds.iter().map(HoldJson::new).collect() }
    }
}

//! Statement instalments (账单分期): what a statement may be split into, what that costs, and the choice of one.

use dunlin_domain::cost::{CostSheet, cost_sheet};
use dunlin_domain::date::Date;
use dunlin_domain::fact::{Fact, FactError, FactKind};
use dunlin_domain::money::Money;
use dunlin_domain::position::fold;
use dunlin_domain::recording;
use dunlin_domain::statement::StatementOrigin;
use dunlin_domain::terms::{Component, Terms};
use dunlin_store::Tx;
use dunlin_store::agreement::AgreementRow;

use super::{Change, Mode};
use crate::payment::record::Told;
use crate::payment::{Caller, Context};
use crate::{Engine, EngineError};

/// The statement that is meant.
#[derive(Clone, Debug)]
pub struct StatementAsked {
    /// The lender's id of the agreement, or ours.
    pub agreement: String,
    /// Its cut-off or its due date.
    pub statement: Date,
    /// A decimal amount of its principal; all that is open when left out.
    pub amount: Option<String>,
    /// The day of the choice; today if none is given.
    pub on: Option<Date>,
}

/// What a statement may be split into.
#[derive(Clone, Debug)]
pub struct StatementOffers {
    /// The lender's id of the agreement.
    pub agreement: String,
    /// The title of the product, in Chinese and English.
    pub title: (String, String),
    /// The day of the choice.
    pub on: Date,
    /// The cut-off of the statement.
    pub cut_off_on: Date,
    /// Its due date, the last day of the choice.
    pub due_on: Date,
    /// The principal that may be split.
    pub open: Money,
    /// The principal that the offers are for.
    pub amount: Money,
    /// The cost sheet of each number of instalments.
    pub offers: Vec<CostSheet>,
}

/// A chosen plan.
#[derive(Clone, Debug)]
pub struct StatementPlan {
    /// The offer that was chosen.
    pub sheet: CostSheet,
    /// The title of the product, in Chinese and English.
    pub title: (String, String),
    /// What it changes.
    pub change: Change,
}

/// A statement with what is open of it.
struct OpenStatement {
    cut_off_on: Date,
    due_on: Date,
    open: Money,
}

impl Engine {
    /// What an open statement may be split into, each with its cost sheet.
    ///
    /// # Errors
    /// `unknown_statement` when nothing is open of it, `statement_plan_too_late` after its due date,
    /// `amount_too_large`; [`EngineError::NotFound`].
    pub fn statement_offers(
        &self,
        asked: &StatementAsked,
        caller: Caller<'_>,
    ) -> Result<StatementOffers, EngineError> {
        let policies = self.policies()?;
        let context = Context { caller, policies: &policies };
        self.db.read_as(|tx| {
            let row = self.find_agreement(tx, &asked.agreement)?;
            let on = self.value_date(tx, &row, asked.on, context)?;
            let terms = policies.terms(&row.product, row.product_version, row.statement_day, on)?;
            let statement = self.open_statement(tx, &row, &terms, asked.statement, on)?;
            let amount = amount_of(asked, &row, &statement)?;
            if amount.minor() > statement.open.minor() {
                return Err(FactError::AmountTooLarge { amount, largest: statement.open }.into());
            }
            if on > statement.due_on {
                let due_on = statement.due_on;
                return Err(FactError::StatementPlanTooLate { due_on, value_on: on }.into());
            }
            let counts = terms.instalments.iter().map(|offer| offer.count);
            let sheets = counts.map(|count| sheet_of(context, &terms, amount, count, on));
            Ok(StatementOffers {
                agreement: row.external_id.clone(),
                title: title_of(context, &row),
                on,
                cut_off_on: statement.cut_off_on,
                due_on: statement.due_on,
                open: statement.open,
                amount,
                offers: sheets.collect::<Result<_, _>>()?,
            })
        })
    }

    /// Splits what is open of a statement into instalments, or shows what that would change.
    ///
    /// # Errors
    /// As [`Engine::statement_offers`]; `plan_not_offered`, `reference_conflict`, and those of every fact.
    pub fn split_statement(
        &self,
        asked: &StatementAsked,
        count: u32,
        reference: &str,
        mode: Mode,
        caller: Caller<'_>,
    ) -> Result<StatementPlan, EngineError> {
        let policies = self.policies()?;
        let context = Context { caller, policies: &policies };
        self.in_mode(mode, |tx| {
            let row = self.find_agreement(tx, &asked.agreement)?;
            let on = self.value_date(tx, &row, asked.on, context)?;
            let terms = policies.terms(&row.product, row.product_version, row.statement_day, on)?;
            // A repeat of the same request must find its fact, not the statement whose rest it moved.
            let known = self.known_fact(tx, &row, FactKind::StatementPlan, reference)?;
            let (amount, due_on, value_on) = match known {
                Some(known) => repeated(asked, &row, &terms, &known)?,
                None => {
                    let statement = self.open_statement(tx, &row, &terms, asked.statement, on)?;
                    (amount_of(asked, &row, &statement)?, statement.due_on, on)
                }
            };
            if terms.offer(count).is_none() {
                let offered = terms.instalments.iter().map(|offer| offer.count).collect();
                return Err(FactError::PlanNotOffered { count, offered }.into());
            }
            let mut told = Told::new(FactKind::StatementPlan, amount, value_on, reference, "");
            told.due_on = Some(due_on);
            told.instalment_count = count;
            let change = self.change_in(tx, &row, &told, mode, None, context)?;
            let sheet = sheet_of(context, &terms, amount, count, value_on)?;
            Ok(StatementPlan { sheet, title: title_of(context, &row), change })
        })
    }

    /// The statement with this cut-off or due date and what is open of its principal.
    fn open_statement(
        &self,
        tx: &mut Tx<'_>,
        row: &AgreementRow,
        terms: &Terms,
        asked: Date,
        on: Date,
    ) -> Result<OpenStatement, EngineError> {
        let facts = self.facts(tx, row)?;
        let position = fold(terms, row.opened_on, &facts, on, &mut |_| {})?;
        let mut found: Option<OpenStatement> = None;
        let mut cycles: Vec<_> = position
            .statements
            .iter()
            .filter(|statement| statement.origin == StatementOrigin::CutOff)
            .collect();
        let is_cut_off = cycles.iter().any(|statement| statement.cut_off_on == asked);
        cycles.retain(|statement| asked == if is_cut_off { statement.cut_off_on } else { statement.due_on });
        for statement in cycles {
            let rest = statement.rest_of(Component::Principal)?;
            let (cut_off_on, due_on) = (statement.cut_off_on, statement.due_on);
            let open = found.as_ref().map_or(Ok(rest), |known| known.open.try_add(rest))?;
            found = Some(OpenStatement { cut_off_on, due_on, open });
        }
        let open = found.filter(|statement| statement.open.is_positive());
        open.ok_or_else(|| FactError::UnknownStatement { due_on: asked }.into())
    }
}

/// What a plan that is recorded under the reference would be as it is asked for now.
fn repeated(
    asked: &StatementAsked,
    row: &AgreementRow,
    terms: &Terms,
    known: &Fact,
) -> Result<(Money, Date, Date), EngineError> {
    let amount = match &asked.amount {
        Some(text) => recording::read_amount(text, None, row.currency)?,
        None => known.amount,
    };
    let by_cut_off = terms.due.due_on(asked.statement);
    let due_on = if known.due_on == Some(by_cut_off) { by_cut_off } else { asked.statement };
    Ok((amount, due_on, asked.on.unwrap_or(known.value_on)))
}

fn amount_of(
    asked: &StatementAsked,
    row: &AgreementRow,
    statement: &OpenStatement,
) -> Result<Money, EngineError> {
    match &asked.amount {
        Some(text) => Ok(recording::read_amount(text, None, row.currency)?),
        None => Ok(statement.open),
    }
}

fn sheet_of(
    context: Context<'_>,
    terms: &Terms,
    amount: Money,
    count: u32,
    on: Date,
) -> Result<CostSheet, EngineError> {
    let calendar = context.policies.calendar(&terms.plan, on)?;
    cost_sheet(terms, &calendar, amount, count, on, None)
        .map_err(|error| EngineError::Refused { code: error.code(), complaint: error.wording() })
}

fn title_of(context: Context<'_>, row: &AgreementRow) -> (String, String) {
    use dunlin_domain::contact::Language;
    let title = |language| {
        let document = context.policies.product(&row.product, row.product_version);
        document.map_or_else(|| row.product.clone(), |document| document.header.title(language).to_owned())
    };
    (title(Language::Zh), title(Language::En))
}

//! Offers: what a plan would cost and how it would be repaid, before anybody agrees to it.

mod json;
#[cfg(test)]
mod tests;
pub(crate) mod text;

use dunlin_domain::calendar::Calendar;
use dunlin_domain::cost::{CostSheet, cost_sheet, plan_on_offer};
use dunlin_domain::date::Date;
use dunlin_domain::money::Money;
use dunlin_domain::schedule::{EarlyPayoff, Quote, payoff, schedule};
use dunlin_domain::terms::Terms;
use dunlin_domain::wording;
use dunlin_domain::wording::Wording;

use crate::policy::{ProductDocument, cost_ceiling_default, parse, shipped};
use crate::{EngineError, Policies};

pub use json::{payoff_json, schedule_json, sheet_json};
pub use text::{payoff_text, schedule_text, sheet_text};

/// What a customer asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferRequest {
    /// The product's name.
    pub product: String,
    /// The amount, as it was written: `1234.50`.
    pub amount: String,
    /// The number of instalments.
    pub count: u32,
    /// The day of the purchase.
    pub on: Date,
    /// The first due date; with the statement when left out.
    pub first_due_on: Option<Date>,
}

impl Policies {
    /// The documents that come with Dunlin, for asking before there is a database.
    ///
    /// # Errors
    /// Complaints about a shipped document; there are none.
    pub fn of_shipped() -> Result<Self, EngineError> {
        let mut policies = Self::default();
        for document in shipped() {
            let parsed = parse(document.kind, document.file, document.text, cost_ceiling_default())?;
            policies.add(parsed);
        }
        Ok(policies)
    }

    /// The version of a product that is in force on a day.
    ///
    /// # Errors
    /// [`EngineError::NoPolicy`].
    pub fn product_on(&self, name: &str, on: Date) -> Result<&ProductDocument, EngineError> {
        let in_force = self
            .products()
            .filter(|document| document.header.name == name && document.header.effective_from <= on)
            .max_by_key(|document| (document.header.effective_from, document.header.version));
        in_force.ok_or_else(|| EngineError::NoPolicy { what: format!("product {name:?}"), on })
    }

    /// The cost sheet of an offer.
    ///
    /// # Errors
    /// An unknown product, an amount or plan that is not offered; each by its code.
    pub fn offer_cost(&self, request: &OfferRequest) -> Result<CostSheet, EngineError> {
        let (terms, calendar) = self.offer_terms(request)?;
        let amount = Money::parse(&request.amount, terms.currency)?;
        let sheet = cost_sheet(terms, &calendar, amount, request.count, request.on, request.first_due_on);
        sheet.map_err(|error| EngineError::Refused { code: error.code(), complaint: error.wording() })
    }

    /// What would close the offered plan on `paid_on`, by a quote that holds through `holds_through`.
    ///
    /// # Errors
    /// As [`Policies::offer_cost`]; a quote that ends before it begins.
    pub fn offer_payoff(
        &self,
        request: &OfferRequest,
        paid_on: Date,
        holds_through: Date,
    ) -> Result<(Quote, EarlyPayoff), EngineError> {
        let (terms, calendar) = self.offer_terms(request)?;
        let amount = Money::parse(&request.amount, terms.currency)?;
        let refused = |code: &'static str, complaint: Wording| EngineError::Refused { code, complaint };
        let plan = plan_on_offer(terms, amount, request.count, request.on, request.first_due_on)
            .map_err(|error| refused(error.code(), error.wording()))?;
        let rows = schedule(&plan, &calendar).map_err(|error| refused(error.code(), error.wording()))?;
        if paid_on < request.on {
            let complaint = wording!(
                "{paid_on} 早于分期计划的起始日 {}",
                "{paid_on} is before the plan begins on {}",
                request.on
            );
            return Err(refused("payoff.before_start", complaint));
        }
        let found = payoff(&plan, &rows, &calendar, paid_on, terms.plan.early_payoff)
            .map_err(|error| refused(error.code(), error.wording()))?;
        let quote =
            Quote::try_new(found, holds_through).map_err(|error| refused(error.code(), error.wording()))?;
        Ok((quote, terms.plan.early_payoff))
    }

    fn offer_terms(&self, request: &OfferRequest) -> Result<(&Terms, Calendar), EngineError> {
        let document = self.product_on(&request.product, request.on)?;
        let calendar = self.calendar(&document.terms.plan, request.on)?;
        Ok((&document.terms, calendar))
    }
}

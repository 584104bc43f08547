//! The products of generated agreements: the shipped documents themselves, so that both never disagree.

use dunlin_domain::date::MonthDay;
use dunlin_domain::money::Rate;
use dunlin_domain::terms::{DueRule, Terms};
use dunlin_engine::policy::{
    PolicyDocument, PolicyKind, cost_ceiling_default, parse, shipped as shipped_documents,
};
use dunlin_engine::portfolio::{ProductDocument, ProductRow};

use super::behaviour::ProductBehaviour;

/// Fewest days between a cut-off and its due date that a generated agreement gets.
const DAYS_TO_DUE_MIN: i8 = 10;
/// The last day that every month has.
const DAY_MAX: i8 = 28;

/// A product with the way it is used.
#[derive(Clone, Debug)]
pub struct GeneratedProduct {
    /// Its row in the portfolio.
    pub row: ProductRow,
    /// Its terms.
    pub terms: Terms,
    /// How people use it.
    pub behaviour: ProductBehaviour,
}

impl GeneratedProduct {
    /// The last day of the month on which an agreement may have its cut-off; the first is the 1st. Spread over the
    /// month, so that not everybody is due on one day, and at least ten days before a due date that is fixed.
    pub(super) fn statement_day_last(&self) -> i8 {
        match self.terms.due {
            DueRule::DaysAfter(_) => DAY_MAX,
            DueRule::DayOfMonth(MonthDay::Day(day)) => (day - DAYS_TO_DUE_MIN).clamp(1, DAY_MAX),
            DueRule::DayOfMonth(MonthDay::Last) => DAY_MAX - DAYS_TO_DUE_MIN,
        }
    }
}

/// The shipped products in yuan.
pub(super) fn shipped() -> Vec<GeneratedProduct> {
    let percent = |percent: i64| Rate::from_millionths(percent * 10_000);
    let baitiao = ProductBehaviour {
        share: percent(60),
        full_payment_share: percent(90),
        plan_share: percent(25),
        limit: (1_000, 30_000),
    };
    let card = ProductBehaviour {
        share: percent(40),
        full_payment_share: percent(28),
        plan_share: percent(8),
        limit: (5_000, 80_000),
    };
    vec![product("baitiao", baitiao), product("card", card)]
}

fn product(name: &str, behaviour: ProductBehaviour) -> GeneratedProduct {
    let file = format!("products/{name}.toml");
    let document = shipped_documents().iter().find(|document| document.file == file);
    let text = document.expect("the product is shipped").text;
    match parse(PolicyKind::Product, &file, text, cost_ceiling_default()) {
        Ok(PolicyDocument::Product(document)) => GeneratedProduct {
            row: ProductRow {
                product: document.terms.product.clone(),
                version: document.terms.version,
                effective_from: document.header.effective_from,
                document: ProductDocument::Shipped(name.to_owned()),
            },
            terms: document.terms,
            behaviour,
        },
        other => panic!("the shipped product {name} does not parse: {other:?}"),
    }
}

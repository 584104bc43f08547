//! Generates portfolios of any size for people who have none at hand.
//!
//! A customer is a function of the seed and a number, so the portfolio is streamed: no more than one customer is ever
//! held. How people buy, pay and fall behind follows published aggregates ([`Behaviour`] names the source of each
//! number); the products are those that Dunlin ships. Nobody in it is real: names are numbered labels, phone
//! numbers begin with 100, which is no mobile prefix, and addresses are at `example.com`.

mod behaviour;
mod borrower;
mod ledger;
mod person;
mod product;

#[cfg(test)]
mod tests;

use std::path::Path;

use dunlin_domain::date::Date;
use dunlin_domain::id::CustomerId;
use dunlin_domain::money::Rate;
use dunlin_engine::portfolio::{
    AgreementRow, ContactPointRow, CustomerRow, Format, PaymentRow, PortfolioError, PortfolioWriter,
    ProductRow, PurchaseRow, RefundRow,
};

pub use behaviour::{Behaviour, ProductBehaviour, RollRates};
pub use product::GeneratedProduct;

use borrower::Borrower;

/// Customers between two reports of progress.
const PROGRESS_EVERY: u64 = 1000;

/// What is to be generated.
#[derive(Clone, Debug)]
pub struct Config {
    /// The same seed gives the same portfolio.
    pub seed: u64,
    /// How many customers.
    pub customer_count: u64,
    /// The first day of the window. History before it is there as far as it explains who is behind on it.
    pub start: Date,
    /// How many days the window has; no fact is dated after it.
    pub days: u32,
    /// The share of agreements that are overdue on a typical day, 0 % to about 20 %.
    pub overdue_share: Rate,
    /// How people buy and pay.
    pub behaviour: Behaviour,
    /// The products, with the share that each has of the agreements.
    pub products: Vec<GeneratedProduct>,
}

impl Config {
    /// A portfolio on the shipped products in yuan, 5 % overdue.
    #[must_use]
    pub fn new(seed: u64, customer_count: u64, start: Date, days: u32) -> Self {
        Self {
            seed,
            customer_count,
            start,
            days,
            overdue_share: Rate::from_millionths(50_000),
            behaviour: Behaviour::default(),
            products: product::shipped(),
        }
    }

    /// The last day of the window.
    #[must_use]
    pub fn end(&self) -> Date {
        self.start.plus_days(i32::try_from(self.days).unwrap_or(i32::MAX).max(1) - 1)
    }

    /// The products as rows of the portfolio.
    #[must_use]
    pub fn product_rows(&self) -> Vec<ProductRow> {
        self.products.iter().map(|product| product.row.clone()).collect()
    }
}

/// One customer with everything that hangs on them. Facts of an agreement are in the order of their days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GeneratedCustomer {
    /// The person.
    pub customer: CustomerRow,
    /// How they are reached.
    pub contact_points: Vec<ContactPointRow>,
    /// Their agreements, one or two.
    pub agreements: Vec<AgreementRow>,
    /// What they bought.
    pub purchases: Vec<PurchaseRow>,
    /// What they paid, and payments that were returned.
    pub payments: Vec<PaymentRow>,
    /// What merchants took back.
    pub refunds: Vec<RefundRow>,
}

/// The customers of a portfolio, one by one.
///
/// # Panics
/// When `config` has no product.
pub fn generate(config: &Config) -> impl Iterator<Item = GeneratedCustomer> + use<'_> {
    assert!(!config.products.is_empty(), "a generated portfolio has at least one product");
    let mut borrower = Borrower::new(config);
    (1..=config.customer_count).map(move |number| customer(config, &mut borrower, number))
}

fn customer(config: &Config, borrower: &mut Borrower<'_>, number: u64) -> GeneratedCustomer {
    let mut generated = GeneratedCustomer {
        customer: person::customer(config.seed, number),
        contact_points: person::contact_points(config.seed, number),
        agreements: Vec::with_capacity(2),
        purchases: Vec::with_capacity(16),
        payments: Vec::with_capacity(8),
        refunds: Vec::new(),
    };
    for index in 1..=person::agreement_count(config, number) {
        borrower.live(number, index, &mut generated);
    }
    generated
}

/// Writes a portfolio into `folder`. `progress` hears customers written and to be written.
///
/// # Errors
/// When the folder already has a table, or cannot be written.
pub fn write_folder(
    config: &Config,
    folder: &Path,
    format: Format,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(), PortfolioError> {
    write_customers(config, generate(config), folder, format, progress)
}

/// As [`write_folder`], with the customers in the order in which a database keeps them, so that an import of
/// millions writes one place after the other. Holds one number a customer.
///
/// # Errors
/// As [`write_folder`].
pub fn write_folder_by_part(
    config: &Config,
    folder: &Path,
    format: Format,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(), PortfolioError> {
    let key = |number: u64| {
        let id = CustomerId::of_external(&person::customer(config.seed, number).customer_id);
        (id.part(), id, number)
    };
    let mut order: Vec<_> = (1..=config.customer_count).map(key).collect();
    order.sort_unstable();
    let mut borrower = Borrower::new(config);
    let customers = order.into_iter().map(move |(_, _, number)| customer(config, &mut borrower, number));
    write_customers(config, customers, folder, format, progress)
}

fn write_customers(
    config: &Config,
    customers: impl Iterator<Item = GeneratedCustomer>,
    folder: &Path,
    format: Format,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(), PortfolioError> {
    let mut writer = PortfolioWriter::create(folder, format)?;
    for row in config.product_rows() {
        writer.write(&row)?;
    }
    for (written, generated) in (1_u64..).zip(customers) {
        writer.write(&generated.customer)?;
        generated.contact_points.iter().try_for_each(|row| writer.write(row))?;
        generated.agreements.iter().try_for_each(|row| writer.write(row))?;
        generated.purchases.iter().try_for_each(|row| writer.write(row))?;
        generated.payments.iter().try_for_each(|row| writer.write(row))?;
        generated.refunds.iter().try_for_each(|row| writer.write(row))?;
        if written.is_multiple_of(PROGRESS_EVERY) {
            progress(written, config.customer_count);
        }
    }
    writer.finish()?;
    progress(config.customer_count, config.customer_count);
    Ok(())
}

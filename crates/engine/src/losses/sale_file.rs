//! The file of sold agreements for the buyer.

use dunlin_domain::wording;
use std::fs;
use std::path::Path;

use dunlin_domain::amounts::Amounts;
use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::position::fold;
use dunlin_domain::terms::Component;
use dunlin_domain::trace::Event;
use dunlin_store::{Tx, audit, customer};

use super::refused;
use super::sale::{Sale, SoldLine};
use crate::policies::Policies;
use crate::{Engine, EngineError};

/// The columns of the file.
const COLUMNS: [&str; 17] = [
    "sale",
    "agreement_id",
    "customer_name",
    "product",
    "currency",
    "opened_on",
    "sold_on",
    "owed",
    "principal",
    "interest",
    "instalment_fee",
    "charge",
    "late_fee",
    "price",
    "overdue_since",
    "days_past_due",
    "notice",
];

/// What one agreement was when it was sold.
struct Sold {
    cells: [String; 17],
}

impl Engine {
    /// Writes the file of sold agreements for the buyer: one row each, with the customer's name. The opening of names
    /// stands in the audit log before the file is written. Gives the number of rows.
    ///
    /// # Errors
    /// `sale_not_recorded` while the sale waits; `sale_file` when the file cannot be written; what the database says.
    pub fn write_sale_file(&self, id: &str, file: &Path, now: Timestamp) -> Result<u64, EngineError> {
        let policies = self.policies()?;
        let sale = self.sale(id)?;
        let recorded: Vec<&SoldLine> = sale.lines.iter().filter(|line| line.loss.is_recorded()).collect();
        if recorded.is_empty() {
            let complaint = wording!(
                "债权转让 {} 的状态为 {}；其中尚无债权转出",
                "sale {} is {}; nothing of it is sold yet",
                sale.id(),
                sale.state()
            );
            return refused("sale_not_recorded", complaint);
        }
        let rows = self.db.read_as(|tx| {
            recorded.iter().map(|line| self.sold(tx, &policies, &sale, line)).collect::<Result<Vec<_>, _>>()
        })?;
        self.db.write_as(|tx| self.audit_file(tx, &sale, rows.len(), now))?;
        write(file, &rows)?;
        Ok(rows.len() as u64)
    }

    fn sold(
        &self,
        tx: &mut Tx<'_>,
        policies: &Policies,
        sale: &Sale,
        line: &SoldLine,
    ) -> Result<Sold, EngineError> {
        let row = self.find_agreement(tx, &line.loss.row.agreement.to_string())?;
        let on = sale.row.sold_on;
        let facts = self.facts(tx, &row)?;
        let terms = policies.terms(&row.product, row.product_version, row.statement_day, on)?;
        let mut amounts = Amounts::zero(row.currency);
        fold(&terms, row.opened_on, &facts, on, &mut |event| {
            if let Event::Sold { amounts: sold, .. } = event {
                amounts = sold;
            }
        })?;
        // How far behind it was when it was handed over: at the end of the day before.
        let before = fold(&terms, row.opened_on, &facts, on.plus_days(-1), &mut |_| {})?;
        let arrears = before.arrears(&terms)?;
        let customers = customer::opened(tx, &self.master, &[row.customer])?;
        let name = customers.get(&row.customer).map_or("", |customer| customer.name.reveal());
        let of = |component| amounts.get(component).to_string();
        let day = |date: Option<Date>| date.map_or_else(String::new, |date| date.to_string());
        Ok(Sold {
            cells: [
                sale.row.reference.clone(),
                row.external_id.clone(),
                name.to_owned(),
                row.product.clone(),
                row.currency.code().to_owned(),
                row.opened_on.to_string(),
                on.to_string(),
                amounts.total()?.to_string(),
                of(Component::Principal),
                of(Component::Interest),
                of(Component::InstalmentFee),
                of(Component::Charge),
                of(Component::LateFee),
                line.loss.row.price.to_string(),
                day(arrears.overdue_due_on),
                arrears.days_past_due.to_string(),
                line.notice.as_ref().map_or("none", |notice| notice.state.code()).to_owned(),
            ],
        })
    }

    fn audit_file(
        &self,
        tx: &mut Tx<'_>,
        sale: &Sale,
        count: usize,
        at: Timestamp,
    ) -> Result<(), EngineError> {
        let after = format!("{count} customers, for {}", sale.row.buyer_zh);
        let entry = audit::Entry {
            at,
            actor: &self.config.actor,
            action: "personal_data.open",
            subject: &sale.id(),
            before: None,
            after: Some(&after),
            cause: "sale file",
        };
        Ok(self.audit(tx, &entry)?)
    }
}

/// Writes under another name first, so that a file under its name is whole.
fn write(file: &Path, rows: &[Sold]) -> Result<(), EngineError> {
    let trouble = |error: &dyn std::fmt::Display| {
        let complaint = wording!(
            "无法写入 {}：{error}；请检查所在文件夹和磁盘",
            "cannot write {}: {error}; check its folder and the disk",
            file.display()
        );
        EngineError::Refused { code: "sale_file", complaint }
    };
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record(COLUMNS).map_err(|error| trouble(&error))?;
    for row in rows {
        csv.write_record(&row.cells).map_err(|error| trouble(&error))?;
    }
    let bytes = csv.into_inner().map_err(|error| trouble(&error))?;
    let partial = file.with_extension("partial");
    fs::write(&partial, bytes).map_err(|error| trouble(&error))?;
    fs::rename(&partial, file).map_err(|error| trouble(&error))
}

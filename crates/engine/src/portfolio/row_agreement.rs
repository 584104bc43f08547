//! Rows of `products` and `agreements`.

use dunlin_domain::customer_split::Security;
use dunlin_domain::date::{Date, MonthDay};
use dunlin_domain::id::{AgreementId, CustomerId};
use dunlin_domain::money::Currency;
use dunlin_domain::wording;

use super::amount::DecimalAmount;
use super::cell::{Cell, CellCursor, CellError};
use super::code::AgreementState;
use super::table::{PortfolioRow, Table};

/// The mark of a product document that comes with Dunlin.
const SHIPPED: &str = "shipped:";

/// Where a product's document is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProductDocument {
    /// Comes with Dunlin under this name.
    Shipped(String),
    /// A file in the folder: a relative path with `/`, never leading out of it.
    File(String),
}

/// One version of a product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductRow {
    /// The product's code.
    pub product: String,
    /// The version of its document, from 1.
    pub version: u32,
    /// The day from which it holds.
    pub effective_from: Date,
    /// Its document.
    pub document: ProductDocument,
}

impl PortfolioRow for ProductRow {
    const TABLE: Table = Table::Products;

    fn parse(cells: &mut CellCursor<'_>) -> Result<Self, CellError> {
        Ok(Self {
            product: cells.id()?,
            version: parse_version(cells)?,
            effective_from: cells.date()?,
            document: parse_document(cells)?,
        })
    }

    fn cells<'a>(&'a self, cells: &mut Vec<Cell<'a>>) {
        let document = match &self.document {
            ProductDocument::Shipped(name) => Cell::Owned(format!("{SHIPPED}{name}")),
            ProductDocument::File(path) => Cell::Text(path),
        };
        cells.extend([
            Cell::Text(&self.product),
            Cell::Count(self.version),
            Cell::Date(self.effective_from),
            document,
        ]);
    }
}

fn parse_version(cells: &mut CellCursor<'_>) -> Result<u32, CellError> {
    match cells.count()? {
        0 => Err(cells.complain(
            wording!("不是版本号", "is not a version"),
            wording!("版本从 1 开始计", "count versions from 1"),
        )),
        version => Ok(version),
    }
}

fn parse_document(cells: &mut CellCursor<'_>) -> Result<ProductDocument, CellError> {
    let text = cells.text()?;
    if let Some(name) = text.strip_prefix(SHIPPED) {
        let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if name.is_empty() || !name.bytes().all(is_name) {
            return Err(cells.complain(
                wording!("不是随程序提供的产品名", "is not the name of a shipped product"),
                wording!("请写成 shipped:baitiao 的形式", "write it like shipped:baitiao"),
            ));
        }
        return Ok(ProductDocument::Shipped(name.to_owned()));
    }
    // A portfolio comes from elsewhere; it must not make us read files outside its folder.
    let leads_out = text.starts_with('/')
        || text.contains(['\\', ':'])
        || text.split('/').any(|part| matches!(part, "" | "." | ".."));
    if leads_out {
        return Err(cells.complain(
            wording!("不是文件夹内的路径", "is not a path inside the folder"),
            wording!("请写成 products/card.toml 的形式", "write it like products/card.toml"),
        ));
    }
    Ok(ProductDocument::File(text))
}

/// A credit line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgreementRow {
    /// The lender's id.
    pub agreement_id: String,
    /// The lender's id of the borrower.
    pub customer_id: String,
    /// The product's code.
    pub product: String,
    /// The currency of all of its amounts.
    pub currency: Currency,
    /// The day it began.
    pub opened_on: Date,
    /// How much may be owed; fits the currency.
    pub credit_limit: DecimalAmount,
    /// Its own day of the cut-off, where it differs from the product's.
    pub statement_day: Option<MonthDay>,
    /// Whether it is reported to a credit bureau as overdue.
    pub reported: bool,
    /// Whether it runs.
    pub state: AgreementState,
    /// The day it was closed; set exactly when it is closed, and not before it began.
    pub closed_on: Option<Date>,
    /// How well it is secured.
    pub security: Security,
}

impl AgreementRow {
    /// Our id.
    #[must_use]
    pub fn id(&self) -> AgreementId {
        AgreementId::of_external(&self.agreement_id)
    }

    /// Our id of the borrower.
    #[must_use]
    pub fn customer(&self) -> CustomerId {
        CustomerId::of_external(&self.customer_id)
    }
}

impl PortfolioRow for AgreementRow {
    const TABLE: Table = Table::Agreements;

    fn parse(cells: &mut CellCursor<'_>) -> Result<Self, CellError> {
        let agreement_id = cells.id()?;
        let customer_id = cells.id()?;
        let product = cells.id()?;
        let currency = cells.currency()?;
        let opened_on = cells.date()?;
        let credit_limit = cells.amount()?;
        if let Err(error) = credit_limit.to_money(currency) {
            return Err(cells
                .complain(wording!("与币种 {currency} 不符", "does not fit {currency}"), error.wording()));
        }
        let statement_day = parse_statement_day(cells)?;
        let reported = cells.flag_or(false)?;
        let state = cells.code_or(AgreementState::Active, AgreementState::ALL, AgreementState::code)?;
        let closed_on = cells.optional_date()?;
        match (state, closed_on) {
            (AgreementState::Active, Some(_)) => {
                return Err(cells.complain(
                    wording!("状态为有效的合约填了此项", "is given for an agreement that is active"),
                    wording!(
                        "请把状态改为 closed，或将此项留空",
                        "make its state closed, or leave this empty"
                    ),
                ));
            }
            (AgreementState::Closed, None) => {
                return Err(cells.complain(
                    wording!("已结清关闭的合约缺少此项", "value is missing for an agreement that is closed"),
                    wording!("请填写关闭日期", "give the day it was closed"),
                ));
            }
            (AgreementState::Closed, Some(closed)) if closed < opened_on => {
                let remedy = wording!("请改正两个日期中的一个", "correct one of the two days");
                return Err(cells.complain(
                    wording!(
                        "早于合约开立日 {opened_on}",
                        "is before the agreement was opened on {opened_on}"
                    ),
                    remedy,
                ));
            }
            (AgreementState::Active, None) | (AgreementState::Closed, Some(_)) => {}
        }
        let security = cells.code_or(Security::None, Security::ALL, Security::code)?;
        Ok(Self {
            agreement_id,
            customer_id,
            product,
            currency,
            opened_on,
            credit_limit,
            statement_day,
            reported,
            state,
            closed_on,
            security,
        })
    }

    fn cells<'a>(&'a self, cells: &mut Vec<Cell<'a>>) {
        cells.extend([
            Cell::Text(&self.agreement_id),
            Cell::Text(&self.customer_id),
            Cell::Text(&self.product),
            Cell::Text(self.currency.code()),
            Cell::Date(self.opened_on),
            Cell::Amount(self.credit_limit),
            self.statement_day.map_or(Cell::Empty, |day| Cell::Owned(day.to_string())),
            Cell::Flag(self.reported),
            Cell::Text(self.state.code()),
            self.closed_on.map_or(Cell::Empty, Cell::Date),
            Cell::Text(self.security.code()),
        ]);
    }
}

fn parse_statement_day(cells: &mut CellCursor<'_>) -> Result<Option<MonthDay>, CellError> {
    let Some(text) = cells.optional_text()? else { return Ok(None) };
    let day = match text.as_str() {
        "last" => Some(MonthDay::Last),
        number => number.parse().ok().filter(|day| (1..=31).contains(day)).map(MonthDay::Day),
    };
    match day {
        Some(day) => Ok(Some(day)),
        None => Err(cells.complain(
            wording!("不是每月的某一天", "is not a day of the month"),
            wording!("请写 1 至 31，或 last", "write 1 to 31, or last"),
        )),
    }
}

//! The portfolio format: reads, checks and writes a folder of tables, as CSV or as Parquet.
//!
//! The same nine tables in two encodings, see `docs/portfolio-format.md`. Reading streams: memory does not grow
//! with the file. A broken *file* stops the reading of it with a [`PortfolioError`]; a broken *row* comes out as
//! a [`RowError`] for the rejects file, and reading goes on. Rows come out with domain types, so what this module
//! passes is well-formed; whether it fits the database (known agreement, same currency, duplicate id) is for the
//! importer to say. Nothing here knows a database.

mod amount;
mod cell;
mod code;
mod column;
mod csv_source;
mod error;
mod parquet_sink;
mod parquet_source;
mod read;
mod record;
mod rejects;
mod row_agreement;
mod row_contact;
mod row_customer;
mod row_money;
mod survey;
mod table;
mod write;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests_bad_files;
#[cfg(test)]
mod tests_bad_rows;
#[cfg(test)]
mod tests_format_document;
#[cfg(test)]
mod tests_parquet;
#[cfg(test)]
mod tests_round_trip;

pub use amount::{AmountError, DecimalAmount};
pub use cell::{Cell, CellCursor, CellError};
pub use code::{AgreementState, Encoding, Format, PastOutcome};
pub use column::{Column, ColumnKind};
pub use error::{PortfolioError, ReadError, RowError};
pub use read::{Progress, TableReader, open_table};
pub use rejects::RejectsWriter;
pub use row_agreement::{AgreementRow, ProductDocument, ProductRow};
pub use row_contact::PastContactRow;
pub use row_customer::{ContactPointRow, CustomerRow, contact_value};
pub use row_money::{ObligationRow, PaymentMovement, PaymentRow, PurchaseRow, RefundRow};
pub use survey::{Survey, survey};
pub use table::{PortfolioRow, Table};
pub use write::PortfolioWriter;

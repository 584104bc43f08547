//! How payments run in a process: the waiver limit, the gateways with their secrets, and the lender's bank files.

use std::collections::HashMap;

use dunlin_domain::contact::Personal;

use super::waiver::WaiverPolicy;
use crate::losses::LossPolicy;

/// How payments run in a process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PaymentSettings {
    /// When a waiver needs a second person.
    pub waiver: WaiverPolicy,
    /// When a charge-off, write-off or sale needs a second person.
    pub losses: LossPolicy,
    /// The payment gateways whose call-backs are taken.
    pub gateways: Vec<Gateway>,
    /// How the bank's CSV files are read.
    pub bank_csv: CsvColumns,
}

/// A payment gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gateway {
    /// Its name in the address of its call-backs.
    pub name: String,
    /// The secret that signs them.
    pub secret: Personal,
    /// How far the moment of a call-back may lie from ours, in seconds.
    pub window_seconds: i64,
}

/// How CSV files of the bank are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CsvColumns {
    /// The bank's name of each of our columns, where it is another one.
    pub names: HashMap<String, String>,
    /// `utf8` or `gbk`.
    pub encoding: String,
    /// What stands between two cells.
    pub delimiter: u8,
    /// The currency of rows that name none.
    pub currency: String,
    /// The account of rows that name none.
    pub account: String,
}

impl Default for CsvColumns {
    fn default() -> Self {
        Self {
            names: HashMap::new(),
            encoding: "utf8".to_owned(),
            delimiter: b',',
            currency: "CNY".to_owned(),
            account: String::new(),
        }
    }
}

//! What is owed by age, added up per span of parts, and the provisions derived from it.

use dunlin_domain::date::{BusinessDate, Date};
use dunlin_domain::id::Key;
use dunlin_domain::money::{Currency, Rate};

use crate::agreement::{damaged, date_of, days, part_param};
use crate::run::Span;
use crate::{Column, Conflict, Param, StoreError, Tx};

/// Which sum an amount belongs to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ExposureKey {
    /// The product.
    pub product: String,
    /// The currency.
    pub currency: Currency,
    /// The last day without anything past due; `None`: nothing is past due.
    pub current_on: Option<Date>,
    /// The component's code, or what else is summed by product.
    pub component: String,
}

const KEYS: [(&str, Column); 5] = [
    ("part", Column::Int),
    ("product", Column::Text),
    ("currency", Column::Text),
    ("current_on", Column::Int),
    ("component", Column::Text),
];

fn key_params<'k>(span: Span, key: &'k ExposureKey) -> [Param<'k>; 5] {
    [
        part_param(span.first),
        Param::Text(&key.product),
        Param::Text(key.currency.code()),
        Param::Int(key.current_on.map_or(0, days)),
        Param::Text(&key.component),
    ]
}

/// Adds `changes`, minor units, to the sums of a span. Whoever does holds the span's lease.
///
/// # Errors
/// What the database says; the same holds for every function here.
pub fn change(tx: &mut Tx<'_>, span: Span, changes: &[(ExposureKey, i64)]) -> Result<(), StoreError> {
    if changes.is_empty() {
        return Ok(());
    }
    let known: std::collections::BTreeMap<ExposureKey, i64> = of_span(tx, span)?.into_iter().collect();
    let (mut new, mut old) = (Vec::new(), Vec::new());
    for (key, change) in changes {
        let rows = if known.contains_key(key) { &mut old } else { &mut new };
        let sum = known.get(key).copied().unwrap_or(0).checked_add(*change);
        rows.extend(key_params(span, key));
        rows.push(Param::Int(sum.ok_or_else(|| damaged("an exposure does not fit 64 bits".to_owned()))?));
    }
    let amount = [("amount_minor", Column::Int)];
    let columns: Vec<(&str, Column)> = KEYS.into_iter().chain(amount).collect();
    tx.insert_rows("exposure", &columns, Conflict::Fail, &new)?;
    tx.update_rows("exposure", &KEYS, &amount, &old)?;
    Ok(())
}

/// The sums of a span, minor units.
///
/// # Errors
/// What the database says.
pub fn of_span(tx: &mut Tx<'_>, span: Span) -> Result<Vec<(ExposureKey, i64)>, StoreError> {
    let sql = "select product, currency, current_on, component, amount_minor from exposure where part = ?1 \
        order by product, currency, current_on, component";
    tx.query(sql, &[part_param(span.first)], |row| {
        let key = ExposureKey {
            product: row.text(0).to_owned(),
            currency: Currency::parse(row.text(1)).map_err(|error| damaged(error.to_string()))?,
            current_on: Some(row.int(2)).filter(|day| *day != 0).map(date_of),
            component: row.text(3).to_owned(),
        };
        Ok((key, row.int(4)))
    })
}

/// How one provision was derived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvisionRow {
    /// The product.
    pub product: String,
    /// The currency.
    pub currency: Currency,
    /// The stage's code.
    pub stage: String,
    /// What was exposed, minor units.
    pub exposure_minor: i64,
    /// The share that is set aside.
    pub rate: Rate,
    /// What that comes to, minor units.
    pub required_minor: i64,
    /// What was required by the provision before, minor units.
    pub before_minor: i64,
    /// The document with the table, `name@version`.
    pub policy: String,
    /// The posting of the difference, if there is one.
    pub posting: Option<Key>,
}

/// Adds the provisions of a span on a day.
///
/// # Errors
/// What the database says.
pub fn insert_provisions(
    tx: &mut Tx<'_>,
    span: Span,
    date: BusinessDate,
    rows: &[ProvisionRow],
) -> Result<(), StoreError> {
    const COLUMNS: [(&str, Column); 11] = [
        ("part", Column::Int),
        ("business_date", Column::Int),
        ("product", Column::Text),
        ("currency", Column::Text),
        ("stage", Column::Text),
        ("exposure_minor", Column::Int),
        ("rate_millionths", Column::Int),
        ("required_minor", Column::Int),
        ("before_minor", Column::Int),
        ("policy", Column::Text),
        ("posting_key", Column::Bytes),
    ];
    let mut values = Vec::with_capacity(rows.len() * COLUMNS.len());
    for row in rows {
        values.extend([
            part_param(span.first),
            Param::Int(days(date.0)),
            Param::Text(&row.product),
            Param::Text(row.currency.code()),
            Param::Text(&row.stage),
            Param::Int(row.exposure_minor),
            Param::Int(row.rate.millionths()),
            Param::Int(row.required_minor),
            Param::Int(row.before_minor),
            Param::Text(&row.policy),
            Param::OptId(row.posting.map(|key| key.0)),
        ]);
    }
    tx.insert_rows("provision", &COLUMNS, Conflict::Ignore, &values)?;
    Ok(())
}

/// The last provisions of a span on or before `date`, and their day.
///
/// # Errors
/// What the database says.
pub fn last_provisions(
    tx: &mut Tx<'_>,
    span: Span,
    date: Date,
) -> Result<Option<(Date, Vec<ProvisionRow>)>, StoreError> {
    let sql = "select max(business_date) from provision where part = ?1 and business_date <= ?2";
    let params = [part_param(span.first), Param::Int(days(date))];
    let Some(last) = tx.query_one(sql, &params, |row| Ok(row.opt_int(0)))?.flatten() else { return Ok(None) };
    let sql = "select product, currency, stage, exposure_minor, rate_millionths, required_minor, before_minor, policy, \
        posting_key from provision where part = ?1 and business_date = ?2 order by product, currency, stage";
    let rows = tx.query(sql, &[part_param(span.first), Param::Int(last)], |row| {
        Ok(ProvisionRow {
            product: row.text(0).to_owned(),
            currency: Currency::parse(row.text(1)).map_err(|error| damaged(error.to_string()))?,
            stage: row.text(2).to_owned(),
            exposure_minor: row.int(3),
            rate: Rate::from_millionths(row.int(4)),
            required_minor: row.int(5),
            before_minor: row.int(6),
            policy: row.text(7).to_owned(),
            posting: row.opt_id16(8).map(Key),
        })
    })?;
    Ok(Some((date_of(last), rows)))
}

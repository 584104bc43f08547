//! Coverage counted apart, with what was spent: a table, an object, and a CSV file.

use dunlin_domain::wording;
use std::path::Path;

use dunlin_domain::contact::Language;
use dunlin_domain::money::Currency;
use dunlin_engine::costs::written;
use dunlin_engine::coverage_costs::Spent;
use dunlin_engine::coverage_groups::{CoverageBy, CoverageGroup};
use dunlin_server::api::coverage::SpentJson;
use serde_json::{Map, Value, json};

use crate::failure::{Failure, exit_of_io};
use crate::screen::{grouped, lines_of, table};

/// The counts of a group and their names.
const COUNTS: [&str; 7] =
    ["overdue_days", "contacted", "delivered", "pending", "silent", "failed", "unexplained"];

fn counts_of(group: &CoverageGroup) -> [u64; 7] {
    let all = &group.coverage;
    [all.overdue_days, all.contacted, all.delivered, all.pending, all.silent, all.failed, all.unexplained]
}

/// The currencies in which something was spent.
fn currencies_of(groups: &[CoverageGroup]) -> Vec<Currency> {
    let all = groups.iter().flat_map(|group| &group.spent).map(|spent| spent.currency);
    let mut currencies: Vec<Currency> = all.collect();
    currencies.sort_unstable_by_key(|currency| currency.code());
    currencies.dedup();
    currencies
}

/// What a group spent in each currency: in all, an agreement that messages were charged for, a message that arrived.
fn spent_of(group: &CoverageGroup, currencies: &[Currency]) -> Vec<String> {
    let cells = |currency: &Currency| {
        let spent = group.spent.iter().find(|spent| spent.currency == *currency);
        let each = |micros: Option<i128>| micros.map(written).unwrap_or_default();
        [
            each(spent.map(|spent| spent.micros)),
            each(spent.and_then(Spent::per_agreement)),
            each(spent.and_then(Spent::per_delivered)),
        ]
    };
    currencies.iter().flat_map(cells).collect()
}

/// For people.
pub fn text(groups: &[CoverageGroup], by: &[CoverageBy], language: Language) -> String {
    let currencies = currencies_of(groups);
    let costs = currencies.iter().flat_map(|currency| match language {
        Language::Zh => [format!("费用 {currency}"), "每联系合约".to_owned(), "每送达消息".to_owned()],
        Language::En => [format!("spent {currency}"), "an agreement".to_owned(), "a delivery".to_owned()],
    });
    let names = by.iter().map(|by| by.code()).chain(COUNTS).map(str::to_owned);
    let header: Vec<String> = names.chain(costs).collect();
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    let numbers: Vec<usize> = (by.len()..header.len()).collect();
    let mut rows = table(&header, &numbers);
    for group in groups {
        let counts = counts_of(group).map(grouped);
        rows.add_row(group.keys.iter().cloned().chain(counts).chain(spent_of(group, &currencies)));
    }
    lines_of(&rows)
}

/// What was spent, in a line for each currency; none where nothing was.
pub fn spent_lines(spent: &[Spent], language: Language) -> Vec<String> {
    let line = |spent: &Spent| {
        let (currency, all) = (spent.currency, written(spent.micros));
        let each = |micros: Option<i128>| micros.map_or_else(|| "–".to_owned(), written);
        let (agreement, delivered) = (each(spent.per_agreement()), each(spent.per_delivered()));
        match language {
            Language::Zh => {
                format!(
                    "消息费用 {currency} {all}，每份产生费用的合约 {agreement}，每条送达的消息 {delivered}"
                )
            }
            Language::En => format!(
                "messages cost {currency} {all}: {agreement} an agreement charged for, {delivered} a message that arrived"
            ),
        }
    };
    spent.iter().map(line).collect()
}

/// What was spent, for scripts.
pub fn spent_json(spent: &[Spent]) -> Value {
    json!(spent.iter().map(SpentJson::new).collect::<Vec<_>>())
}

/// For scripts.
pub fn json(groups: &[CoverageGroup], by: &[CoverageBy]) -> Value {
    let object = |group: &CoverageGroup| {
        let keys = by.iter().zip(&group.keys).map(|(by, key)| (by.code().to_owned(), json!(key)));
        let counts = COUNTS.into_iter().zip(counts_of(group));
        let counts = counts.map(|(name, count)| (name.to_owned(), json!(count)));
        let spent = [("spent".to_owned(), spent_json(&group.spent))];
        Value::Object(keys.chain(counts).chain(spent).collect::<Map<String, Value>>())
    };
    Value::Array(groups.iter().map(object).collect())
}

/// Writes the groups to a CSV file, with a header row; three columns for each currency in which something was spent.
///
/// # Errors
/// When the file cannot be written.
pub fn write_csv(path: &Path, groups: &[CoverageGroup], by: &[CoverageBy]) -> Result<(), Failure> {
    let currencies = currencies_of(groups);
    let costs = currencies.iter().flat_map(|currency| {
        ["spent", "per_agreement", "per_delivered"].map(|name| format!("{name}_{currency}"))
    });
    let names = by.iter().map(|by| by.code()).chain(COUNTS).map(str::to_owned);
    let header: Vec<String> = names.chain(costs).collect();
    let write = || -> Result<(), csv::Error> {
        let mut writer = csv::Writer::from_path(path)?;
        writer.write_record(&header)?;
        for group in groups {
            let counts = counts_of(group).map(|count| count.to_string());
            writer
                .write_record(group.keys.iter().cloned().chain(counts).chain(spent_of(group, &currencies)))?;
        }
        Ok(writer.flush()?)
    };
    write().map_err(|error| {
        let error = std::io::Error::from(error);
        Failure {
            code: "output",
            message: wording!(
                "无法写入 {}：{error}；请指定其他文件",
                "cannot write {}: {error}; name another file",
                path.display()
            ),
            exit: exit_of_io(&error),
        }
    })
}

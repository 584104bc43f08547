//! The page *Coverage and costs*: how many overdue days were contacted, silent and explained over some days, and what the
//! messages cost, apart by product, bucket and channel.

use askama::Template;
use dunlin_domain::date::Date;
use dunlin_engine::costs::written;
use dunlin_engine::coverage_costs::Spent;
use dunlin_engine::coverage_groups::{CoverageBy, CoverageGroup};

use super::{SilenceSpan, html};
use crate::links;
use crate::number;
use crate::ui::Ui;

/// Coverage of some days, in all and counted apart.
#[derive(Clone, Debug)]
pub struct CoverageView {
    /// The first day.
    pub from: Date,
    /// The last day.
    pub through: Date,
    /// What was spent in all.
    pub spent: Vec<Spent>,
    /// The groups by each thing that it is counted by.
    pub tables: Vec<(CoverageBy, Vec<CoverageGroup>)>,
}

#[derive(Template)]
#[template(path = "coverage.html")]
struct CoveragePage<'a> {
    ui: &'a Ui,
    from: String,
    through: String,
    first: String,
    last: String,
    range_text: String,
    silence: String,
    spent: Vec<String>,
    sections: Vec<Section>,
}

struct Section {
    id: &'static str,
    title: String,
    columns: Vec<String>,
    rows: Vec<Vec<Cell>>,
}

struct Cell {
    label: String,
    value: String,
    class: &'static str,
}

/// The page *Coverage and costs*.
#[must_use]
pub fn render_coverage(view: &CoverageView, span: SilenceSpan, ui: &Ui) -> String {
    html(&CoveragePage {
        ui,
        from: view.from.to_string(),
        through: view.through.to_string(),
        first: span.first_day.to_string(),
        last: span.last_day.to_string(),
        range_text: format!("{} – {}", ui.date(view.from), ui.date(view.through)),
        silence: links::silence(view.from, view.through),
        spent: view.spent.iter().map(|spent| spent_words(ui, spent)).collect(),
        sections: view.tables.iter().map(|(by, groups)| section(ui, *by, groups)).collect(),
    })
}

fn spent_words(ui: &Ui, spent: &Spent) -> String {
    let each = |micros: Option<i128>| micros.map_or_else(|| "–".to_owned(), written);
    ui.with(
        "spent-words",
        [
            ("currency", spent.currency.code()),
            ("cost", &written(spent.micros)),
            ("messages", &number::count(spent.messages)),
            ("agreement", &each(spent.per_agreement())),
            ("delivered", &each(spent.per_delivered())),
        ],
    )
}

fn section(ui: &Ui, by: CoverageBy, groups: &[CoverageGroup]) -> Section {
    let columns: Vec<String> = [
        &format!("coverage-{}", by.code()),
        "overdue-days",
        "contacted",
        "coverage-delivered",
        "silent",
        "unexplained",
        "spent",
        "spent-per-agreement",
        "spent-per-delivered",
    ]
    .iter()
    .map(|key| ui.t(key))
    .collect();
    let rows = groups.iter().map(|group| {
        let coverage = &group.coverage;
        let spent = |each: &dyn Fn(&Spent) -> Option<i128>| {
            let one = |spent: &Spent| {
                each(spent).map(|micros| format!("{} {}", spent.currency.code(), written(micros)))
            };
            let all: Vec<String> = group.spent.iter().filter_map(one).collect();
            if all.is_empty() { "–".to_owned() } else { all.join("\n") }
        };
        let values = [
            (name(ui, by, &group.keys), "name"),
            (number::count(coverage.overdue_days), "number"),
            (number::count(coverage.contacted), "number"),
            (number::count(coverage.delivered), "number"),
            (number::count(coverage.silent), "number"),
            (
                number::count(coverage.unexplained),
                if coverage.unexplained > 0 { "number alarm" } else { "number" },
            ),
            (spent(&|spent| Some(spent.micros)), "number lines"),
            (spent(&Spent::per_agreement), "number lines"),
            (spent(&Spent::per_delivered), "number lines"),
        ];
        let cells = columns.iter().zip(values);
        cells.map(|(label, (value, class))| Cell { label: label.clone(), value, class }).collect()
    });
    let rows = rows.collect();
    Section { id: by.code(), title: ui.t(&format!("coverage-by-{}", by.code())), columns, rows }
}

/// What a group is called: its key, or the channel in words.
fn name(ui: &Ui, by: CoverageBy, keys: &[String]) -> String {
    let key = keys.first().map_or("-", String::as_str);
    match by {
        CoverageBy::Channel if key == "-" => ui.t("coverage-no-message"),
        CoverageBy::Channel => ui.word("channel-", key),
        CoverageBy::Product
        | CoverageBy::Bucket
        | CoverageBy::Reason
        | CoverageBy::Day
        | CoverageBy::Strategy => key.to_owned(),
    }
}

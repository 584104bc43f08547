//! The page *Measures*: pauses, gentler modes, what rests by what customers said, and what waits for a second person.

use askama::Template;
use dunlin_domain::contact::Language;
use dunlin_domain::gentle_mode::GentleMode;
use dunlin_domain::pause::{Pause, PauseState};
use dunlin_engine::measures::Measures;

use super::html;
use crate::links;
use crate::ui::Ui;

#[derive(Template)]
#[template(path = "measures.html")]
struct MeasuresPage<'a> {
    ui: &'a Ui,
    sections: Vec<Section>,
}

/// A table with its heading, and what is said when it is empty.
struct Section {
    id: &'static str,
    title: String,
    note: String,
    empty: String,
    columns: Vec<String>,
    rows: Vec<Row>,
}

struct Row {
    is_open: bool,
    cells: Vec<Cell>,
}

struct Cell {
    label: String,
    value: String,
    href: Option<String>,
}

/// The page *Measures*.
#[must_use]
pub fn render_measures(measures: &Measures, ui: &Ui) -> String {
    let sections =
        vec![waiting(measures, ui), pauses(measures, ui), modes(measures, ui), holds(measures, ui)];
    html(&MeasuresPage { ui, sections })
}

fn section(id: &'static str, ui: &Ui, columns: &[&str], rows: Vec<(bool, Vec<String>)>) -> Section {
    let columns: Vec<String> = columns.iter().map(|key| ui.t(key)).collect();
    let row = |(is_open, values): (bool, Vec<String>)| {
        let cells = columns.iter().zip(values);
        let cells = cells.map(|(label, value)| Cell { label: label.clone(), value, href: None }).collect();
        Row { is_open, cells }
    };
    Section {
        id,
        title: ui.t(&format!("measures-{id}")),
        note: ui.t(&format!("measures-{id}-note")),
        empty: ui.t(&format!("measures-{id}-none")),
        rows: rows.into_iter().map(row).collect(),
        columns,
    }
}

fn dash(text: String) -> String {
    if text.is_empty() { "–".to_owned() } else { text }
}

fn waiting(measures: &Measures, ui: &Ui) -> Section {
    let rows = measures.waiting.iter().map(|waiting| {
        let what = ui.word("measure-", waiting.kind);
        let about = ui.either(&waiting.about).to_owned();
        (true, vec![what, about, waiting.author.clone(), ui.moment(waiting.asked_at)])
    });
    section(
        "waiting",
        ui,
        &["measure-what", "measure-about", "measure-author", "measure-asked"],
        rows.collect(),
    )
}

fn state(ui: &Ui, state: PauseState) -> String {
    ui.word("measure-state-", state.code())
}

fn people(author: &str, decided_by: Option<&String>) -> String {
    decided_by.map_or_else(|| author.to_owned(), |by| format!("{author} → {by}"))
}

/// What is reached, by its parts that narrow it.
fn reach(ui: &Ui, parts: [String; 3]) -> String {
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    if parts.is_empty() { ui.t("measure-all") } else { parts.join(" · ") }
}

fn pauses(measures: &Measures, ui: &Ui) -> Section {
    let row = |pause: &Pause| {
        let words = match ui.language {
            Language::Zh => &pause.reason_zh,
            Language::En => &pause.reason_en,
        };
        let channels: Vec<String> = pause.scope.channels.iter().map(|channel| ui.channel(*channel)).collect();
        let scope =
            reach(ui, [channels.join(" "), pause.scope.products.join(" "), pause.scope.buckets.join(" ")]);
        let last = pause.resumes_on().0.plus_days(-1);
        let days = format!("{} – {last}", pause.from);
        let by = people(&pause.author, pause.decided_by.as_ref());
        let is_open = pause.state == PauseState::Approved && pause.ended_on.is_none();
        (is_open, vec![days, scope, words.clone(), state(ui, pause.state), by])
    };
    let columns = ["measure-days", "measure-reaches", "measure-why", "measure-state", "measure-people"];
    section("pauses", ui, &columns, measures.pauses.iter().map(row).collect())
}

fn modes(measures: &Measures, ui: &Ui) -> Section {
    let row = |mode: &GentleMode| {
        let scope = reach(ui, [mode.products.join(" "), mode.buckets.join(" "), mode.segments.join(" ")]);
        let last = match (mode.ended_on, mode.through) {
            (Some(ended), _) => ended.0.plus_days(-1).to_string(),
            (None, Some(through)) => through.to_string(),
            (None, None) => "…".to_owned(),
        };
        let what = ui.word("measure-effect-", mode.effect.code());
        let why = format!("{}: {}", ui.reason_label(mode.reason), mode.note);
        let by = people(&mode.author, mode.decided_by.as_ref());
        let is_open = mode.state == PauseState::Approved && mode.ended_on.is_none();
        (is_open, vec![format!("{} – {last}", mode.from), scope, what, why, state(ui, mode.state), by])
    };
    let columns = [
        "measure-days",
        "measure-reaches",
        "measure-effect",
        "measure-why",
        "measure-state",
        "measure-people",
    ];
    section("modes", ui, &columns, measures.modes.iter().map(row).collect())
}

fn holds(measures: &Measures, ui: &Ui) -> Section {
    let rows = measures.holds.iter().map(|hold| {
        let days = match hold.through {
            Some(through) => format!("{} – {through}", hold.from),
            None => format!("{} – …", hold.from),
        };
        let what = hold.kind.label(ui.language).to_owned();
        (true, vec![hold.customer.clone(), what, dash(hold.value.clone()), days, hold.recorded_by.clone()])
    });
    let columns = ["measure-customer", "measure-what", "measure-value", "measure-days", "measure-author"];
    let mut section = section("holds", ui, &columns, rows.collect());
    for (row, hold) in section.rows.iter_mut().zip(&measures.holds) {
        if let (Some(cell), Some(agreement)) = (row.cells.first_mut(), &hold.agreement) {
            cell.href = Some(links::agreement_now(agreement));
        }
    }
    section
}

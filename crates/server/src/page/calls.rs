//! The page *Calls*: what agents have to call about on a day, who has which task, and what became of it.

use askama::Template;
use dunlin_domain::call_task::{CallResult, CallTaskState};
use dunlin_engine::call_tasks::{CallTaskLine, CallTaskList};
use dunlin_engine::detail_words::detail_in;

use super::html;
use crate::links;
use crate::ui::Ui;

#[derive(Template)]
#[template(path = "calls.html")]
struct CallsPage<'a> {
    ui: &'a Ui,
    on: String,
    columns: Vec<String>,
    rows: Vec<Row>,
    counts: Vec<Count>,
}

struct Count {
    name: &'static str,
    number: String,
}

struct Row {
    is_over: bool,
    href: String,
    agreement: String,
    cells: Vec<Cell>,
}

struct Cell {
    label: String,
    value: String,
}

const COLUMNS: [&str; 6] =
    ["calls-customer", "calls-value", "calls-state", "calls-agent", "calls-result", "calls-changed"];

/// The page *Calls*.
#[must_use]
pub fn render_calls(list: &CallTaskList, ui: &Ui) -> String {
    let counts = CallTaskState::ALL.iter().filter_map(|state| {
        let number = list.tasks.iter().filter(|line| line.task.state == *state).count();
        let number = crate::number::count(u64::try_from(number).unwrap_or(u64::MAX));
        (number != "0").then(|| Count { name: state.label(ui.language), number })
    });
    html(&CallsPage {
        ui,
        on: list.on.map_or_else(String::new, |on| ui.date(on)),
        columns: std::iter::once("agreement").chain(COLUMNS).map(|key| ui.t(key)).collect(),
        rows: list.tasks.iter().map(|line| row(line, ui)).collect(),
        counts: counts.collect(),
    })
}

fn row(line: &CallTaskLine, ui: &Ui) -> Row {
    let task = &line.task;
    let dash = |text: String| if text.is_empty() { "–".to_owned() } else { text };
    let result = task.result.as_deref().and_then(CallResult::parse);
    let told = match (task.state, result) {
        (_, Some(result)) => result.label(ui.language).to_owned(),
        (CallTaskState::Withdrawn, None) => detail_in(&line.detail, ui.language),
        (_, None) if task.is_call_back => ui.t("calls-asked-for"),
        (_, None) => String::new(),
    };
    let values = [
        dash(line.name.reveal().to_owned()),
        ui.money(task.value),
        task.state.label(ui.language).to_owned(),
        dash(task.agent.clone().unwrap_or_default()),
        dash(told),
        ui.moment(task.changed_at),
    ];
    Row {
        is_over: matches!(task.state, CallTaskState::Done | CallTaskState::Withdrawn),
        href: links::agreement_now(&line.agreement),
        agreement: line.agreement.clone(),
        cells: COLUMNS.iter().zip(values).map(|(key, value)| Cell { label: ui.t(key), value }).collect(),
    }
}

//! The page *Statements* of an agreement: one row each, with the document in every form.

use askama::Template;
use dunlin_engine::statement_document::StatementDocument;

use super::html;
use crate::links;
use crate::number;
use crate::ui::Ui;

#[derive(Template)]
#[template(path = "statements.html")]
struct StatementsPage<'a> {
    ui: &'a Ui,
    id: &'a str,
    back: String,
    columns: Vec<String>,
    rows: Vec<Row>,
}

struct Row {
    is_overdue: bool,
    cells: Vec<Cell>,
    forms: Vec<Form>,
}

struct Cell {
    label: String,
    value: String,
}

struct Form {
    name: &'static str,
    href: String,
}

const COLUMNS: [&str; 6] = [
    "statement-cut-off",
    "statement-due",
    "statement-previous",
    "statement-new",
    "statement-minimum",
    "statement-overdue",
];

/// The page *Statements*; the newest first.
#[must_use]
pub fn render_statements(id: &str, statements: &[StatementDocument], ui: &Ui) -> String {
    html(&StatementsPage {
        ui,
        id,
        back: links::agreement_now(id),
        columns: COLUMNS.iter().map(|key| ui.t(key)).collect(),
        rows: statements.iter().rev().map(|statement| row(ui, id, statement)).collect(),
    })
}

fn row(ui: &Ui, id: &str, statement: &StatementDocument) -> Row {
    let plain = |minor: i64| number::minor(i128::from(minor), statement.currency);
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
    let values = [
        statement.cut_off_on.to_string(),
        or_dash(statement.due_on.map(|due_on| due_on.to_string())),
        plain(statement.balance.previous().minor()),
        plain(statement.balance.new_balance().minor()),
        or_dash(statement.minimum.map(|minimum| plain(minimum.minimum.minor()))),
        or_dash(statement.overdue.map(|overdue| plain(overdue.amount.minor()))),
    ];
    let cells = COLUMNS.iter().zip(values).map(|(key, value)| Cell { label: ui.t(key), value });
    let forms = [("HTML", "html"), ("PDF", "pdf"), ("JSON", "json")]
        .map(|(name, extension)| Form { name, href: links::statement(id, statement.cut_off_on, extension) });
    Row { is_overdue: statement.overdue.is_some(), cells: cells.collect(), forms: forms.into() }
}

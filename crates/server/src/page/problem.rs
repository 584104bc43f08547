//! The page that says what went wrong and what to do about it.

use askama::Template;

use super::html;
use crate::problem::Problem;
use crate::ui::Ui;

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage<'a> {
    ui: &'a Ui,
    status: u16,
    code: &'a str,
    title: String,
    message: String,
    remedy: String,
}

/// What went wrong, as a page.
#[must_use]
pub fn render_problem(problem: &Problem, ui: &Ui) -> String {
    html(&ProblemPage {
        ui,
        status: problem.status().as_u16(),
        code: problem.code(),
        title: problem.title(ui),
        message: problem.message(ui),
        remedy: problem.remedy(ui),
    })
}

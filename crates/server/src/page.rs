//! The pages: each turns a view and a reader's [`Ui`] into HTML. Words and numbers are put together here, the
//! markup lies in `templates/`, which a designer can edit without reading Rust.

mod agreement;
mod books;
mod calls;
mod coverage;
mod line;
mod measures;
mod problem;
mod reason;
mod silence;
mod statements;
mod today;
mod why;

pub use agreement::render_agreement;
pub use books::{BooksView, render_account, render_books};
pub use calls::render_calls;
pub use coverage::{CoverageView, render_coverage};
pub use measures::render_measures;
pub use problem::render_problem;
pub use reason::{ReasonList, render_reason};
pub use silence::{SilenceSpan, render_silence};
pub use statements::render_statements;
pub use today::render_today;
pub use why::render_why;

use askama::Template;
use dunlin_domain::date::Date;
use dunlin_domain::reason::Reason;
use dunlin_engine::view::ReasonCount;

use crate::chart::Percent;
use crate::family::Family;
use crate::links;
use crate::number;
use crate::ui::Ui;

/// The form that goes from one day to another.
struct DayForm {
    action: String,
    on: String,
    previous: Option<String>,
    next: Option<String>,
    first: Option<String>,
    last: Option<String>,
}

/// A table of reasons with their shares.
struct ReasonTable {
    caption: String,
    unit: String,
    rows: Vec<ReasonRow>,
}

struct ReasonRow {
    family: &'static str,
    family_name: String,
    label: String,
    sentence: String,
    count: String,
    share: String,
    bar: Percent,
    href: Option<String>,
}

impl ReasonTable {
    /// The reasons of one day, or of several when `day` is `None`: then there is no list to lead to.
    fn new(ui: &Ui, counts: &[ReasonCount], day: Option<Date>) -> Self {
        let whole: u64 = counts.iter().map(|row| row.count).sum();
        let most = counts.iter().map(|row| row.count).max().unwrap_or(0);
        let rows = counts.iter().map(|row| ReasonRow {
            family: Family::of(row.reason).code(),
            family_name: ui.family(Family::of(row.reason)),
            label: ui.reason_label(row.reason),
            sentence: ui.reason_sentence(row.reason),
            count: number::count(row.count),
            share: number::share(row.count, whole),
            // Bars are compared with one another, so the longest takes the whole width.
            bar: Percent::of(row.count, most).max(Percent::thousandths(800)),
            href: day.map(|day| links::reason(day, row.reason)),
        });
        let unit = if day.is_some() { ui.t("agreements") } else { ui.t("agreement-days") };
        Self { caption: ui.t("verdicts-by-reason"), unit, rows: rows.collect() }
    }
}

/// The class of a reason's colour.
fn class_of(reason: Reason) -> &'static str {
    match Family::of(reason) {
        Family::Contact => "f-contact",
        Family::Policy => "f-policy",
        Family::Trial => "f-trial",
        Family::Model => "f-model",
        Family::Account => "f-account",
        Family::Bureau => "f-bureau",
        Family::Voice => "f-voice",
        Family::Rule => "f-rule",
        Family::Capacity => "f-capacity",
        Family::Pause => "f-pause",
        Family::ContactData => "f-contact_data",
        Family::Fault => "f-fault",
        Family::Other => "f-other",
    }
}

/// The page as text. The templates are checked when the program is compiled and write into memory only, so
/// nothing is left that could fail.
fn html(page: &impl Template) -> String {
    page.render().expect("a checked template writes into memory")
}

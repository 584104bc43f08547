//! The list behind a segment of the chart: the agreements of one day and reason.

use askama::Template;
use dunlin_domain::date::Date;
use dunlin_domain::reason::Reason;
use dunlin_engine::view::AgreementLine;

use super::html;
use crate::family::Family;
use crate::links;
use crate::number;
use crate::ui::Ui;

/// One page of the list.
#[derive(Clone, Debug)]
pub struct ReasonList {
    /// The day.
    pub date: Date,
    /// The reason.
    pub reason: Reason,
    /// How many there are in all.
    pub total: u64,
    /// How many come before the first one shown.
    pub offset: u64,
    /// The most that one page shows.
    pub limit: u64,
    /// The agreements shown.
    pub lines: Vec<AgreementLine>,
}

#[derive(Template)]
#[template(path = "reason.html")]
struct ReasonPage<'a> {
    ui: &'a Ui,
    date: String,
    day_text: String,
    today_href: String,
    silence_href: &'static str,
    family: &'static str,
    family_name: String,
    label: String,
    sentence: String,
    shown: String,
    rows: Vec<Row>,
    previous: Option<String>,
    next: Option<String>,
}

struct Row {
    href: String,
    why_href: String,
    why_label: String,
    id: String,
    product: String,
    bucket: String,
    days_past_due: i32,
    overdue: String,
}

/// The agreements of one day and reason.
#[must_use]
pub fn render_reason(list: &ReasonList, ui: &Ui) -> String {
    let family = Family::of(list.reason);
    let page = |offset: u64| format!("{}?offset={offset}", links::reason(list.date, list.reason));
    let end = list.offset + list.lines.len() as u64;
    html(&ReasonPage {
        ui,
        date: list.date.to_string(),
        day_text: ui.date(list.date),
        today_href: links::today(list.date),
        silence_href: "/silence",
        family: family.code(),
        family_name: ui.family(family),
        label: ui.reason_label(list.reason),
        sentence: ui.reason_sentence(list.reason),
        shown: shown(ui, list, end),
        rows: list.lines.iter().map(|line| row(ui, line, list.date)).collect(),
        previous: (list.offset > 0).then(|| page(list.offset.saturating_sub(list.limit))),
        next: (end < list.total && !list.lines.is_empty()).then(|| page(end)),
    })
}

fn shown(ui: &Ui, list: &ReasonList, end: u64) -> String {
    if list.lines.is_empty() || (list.offset == 0 && end >= list.total) {
        return ui.counted("agreement-count", list.total);
    }
    ui.with(
        "agreements-shown",
        [
            ("first", &number::count(list.offset + 1)),
            ("last", &number::count(end)),
            ("total", &number::count(list.total)),
        ],
    )
}

fn row(ui: &Ui, line: &AgreementLine, on: Date) -> Row {
    Row {
        href: links::agreement(&line.external_id, on),
        why_href: links::why(&line.external_id, on),
        why_label: format!("{} {}", ui.t("why"), line.external_id),
        id: line.external_id.clone(),
        product: line.product.clone(),
        bucket: line.bucket.clone(),
        days_past_due: line.days_past_due,
        overdue: ui.money(line.overdue),
    }
}

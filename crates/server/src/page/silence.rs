//! The page *Silence*: the reasons of all overdue agreements, day by day, down to the list of one day and reason.

use std::collections::BTreeMap;

use askama::Template;
use dunlin_domain::date::Date;
use dunlin_domain::reason::Reason;
use dunlin_engine::view::{ReasonCount, SilenceDay, SilenceView};

use super::{ReasonTable, class_of, html};
use crate::chart::{self, Part, Percent, Segment};
use crate::family::Family;
use crate::links;
use crate::number;
use crate::ui::Ui;

#[derive(Template)]
#[template(path = "silence.html")]
struct SilencePage<'a> {
    ui: &'a Ui,
    from: String,
    through: String,
    first: String,
    last: String,
    range_text: String,
    coverage: String,
    presets: Vec<Preset>,
    families: Vec<LegendEntry>,
    ticks: Vec<TickText>,
    segments: Vec<Segment>,
    labels: Vec<DayLabel>,
    alternative: String,
    totals: String,
    is_alarm: bool,
    is_dense: bool,
    reasons: ReasonTable,
    columns: Vec<Column>,
    rows: Vec<Row>,
}

/// The days that were run, among which a range can be chosen.
#[derive(Clone, Copy, Debug)]
pub struct SilenceSpan {
    /// First business date that was run.
    pub first_day: Date,
    /// Last business date that is closed.
    pub last_day: Date,
}

struct Preset {
    label: String,
    href: String,
    is_current: bool,
}

struct LegendEntry {
    class: String,
    name: String,
}

struct TickText {
    y: Percent,
    text: String,
}

struct DayLabel {
    x: Percent,
    anchor: &'static str,
    text: String,
    is_minor: bool,
}

struct Column {
    class: &'static str,
    name: String,
}

struct Row {
    href: String,
    day: String,
    overdue: String,
    unexplained: String,
    is_alarm: bool,
    cells: Vec<Option<Cell>>,
}

struct Cell {
    href: String,
    count: String,
    label: String,
}

/// Sums over all days of the range.
struct Totals {
    overdue: u64,
    contacted: u64,
    unexplained: u64,
    by_reason: Vec<ReasonCount>,
}

/// From so many days on, lines between the segments would hide them.
const DENSE_DAYS: usize = 45;

/// The page *Silence*.
#[must_use]
pub fn render_silence(view: &SilenceView, span: SilenceSpan, ui: &Ui) -> String {
    let totals = totals(view);
    let stack = chart::stack(view.days.iter().map(|day| column(ui, day)).collect());
    let texts = [
        ("days", number::count(view.days.len() as u64)),
        ("overdue", number::count(totals.overdue)),
        ("contacted", number::count(totals.contacted)),
        ("silent", number::count(totals.overdue - totals.contacted - totals.unexplained)),
        ("unexplained", number::count(totals.unexplained)),
    ];
    let gaps = texts.each_ref().map(|(name, text)| (*name, text.as_str()));
    html(&SilencePage {
        ui,
        from: view.from.to_string(),
        through: view.through.to_string(),
        first: span.first_day.to_string(),
        last: span.last_day.to_string(),
        range_text: format!("{} – {}", ui.date(view.from), ui.date(view.through)),
        coverage: links::coverage(view.from, view.through),
        presets: presets(ui, view, span),
        families: families(ui, &totals),
        ticks: stack
            .ticks
            .iter()
            .map(|tick| TickText { y: tick.y, text: number::count(tick.value) })
            .collect(),
        labels: stack.labels.iter().map(|label| day_label(ui, view, label)).collect(),
        segments: stack.segments,
        alternative: ui.with("chart-alternative", gaps),
        totals: ui.with("range-totals", gaps),
        is_alarm: totals.unexplained > 0,
        is_dense: view.days.len() > DENSE_DAYS,
        reasons: ReasonTable::new(ui, &totals.by_reason, None),
        columns: totals
            .by_reason
            .iter()
            .map(|row| Column { class: Family::of(row.reason).code(), name: ui.reason_label(row.reason) })
            .collect(),
        rows: view.days.iter().rev().map(|day| row(ui, day, &totals.by_reason)).collect(),
    })
}

fn totals(view: &SilenceView) -> Totals {
    let mut sums: BTreeMap<Reason, u64> = BTreeMap::new();
    for row in view.days.iter().flat_map(|day| &day.by_reason) {
        *sums.entry(row.reason).or_default() += row.count;
    }
    let explained: u64 = sums.values().sum();
    let unexplained = view.days.iter().map(|day| day.unexplained).sum();
    let mut by_reason: Vec<ReasonCount> =
        sums.into_iter().map(|(reason, count)| ReasonCount { reason, count }).collect();
    by_reason.sort_by_key(|row| std::cmp::Reverse(row.count));
    let contacted = by_reason.iter().filter(|row| row.reason.is_contact()).map(|row| row.count).sum();
    Totals { overdue: explained + unexplained, contacted, unexplained, by_reason }
}

/// The parts of one day's column, from the ground up.
fn column(ui: &Ui, day: &SilenceDay) -> Vec<Part> {
    let overdue: u64 = overdue_on(day);
    let mut rows = day.by_reason.clone();
    rows.sort_by_key(|row| (Family::of(row.reason), row.reason));
    let mut parts: Vec<Part> = rows
        .iter()
        .map(|row| Part {
            count: row.count,
            class: class_of(row.reason),
            hatch: Family::of(row.reason).hatch(),
            is_alarm: false,
            href: links::reason(day.date, row.reason),
            title: format!(
                "{} · {}: {} ({})",
                ui.day(day.date),
                ui.reason_label(row.reason),
                number::count(row.count),
                number::share(row.count, overdue)
            ),
        })
        .collect();
    parts.push(Part {
        count: day.unexplained,
        class: "f-alarm",
        hatch: None,
        is_alarm: true,
        // Unexplained days have no reason to list them by; the day's page names the first of them.
        href: links::today(day.date),
        title: format!("{} · {}: {}", ui.day(day.date), ui.t("unexplained"), number::count(day.unexplained)),
    });
    parts
}

fn overdue_on(day: &SilenceDay) -> u64 {
    day.by_reason.iter().map(|row| row.count).sum::<u64>() + day.unexplained
}

/// Four weeks, twelve weeks and all days, up to the newest.
fn presets(ui: &Ui, view: &SilenceView, span: SilenceSpan) -> Vec<Preset> {
    let all = span.last_day.days_since(span.first_day) + 1;
    let choices = [(28, "four-weeks"), (84, "twelve-weeks"), (all.min(crate::SILENCE_DAYS_MAX), "all-days")];
    choices
        .into_iter()
        .filter(|(days, _)| *days <= all)
        .map(|(days, key)| {
            let from = span.last_day.plus_days(1 - days);
            Preset {
                label: ui.t(key),
                href: links::silence(from, span.last_day),
                is_current: view.from == from && view.through == span.last_day,
            }
        })
        .collect()
}

/// The families that occur, in the order of the columns.
fn families(ui: &Ui, totals: &Totals) -> Vec<LegendEntry> {
    let is_there = |family: &Family| totals.by_reason.iter().any(|row| Family::of(row.reason) == *family);
    let mut entries: Vec<LegendEntry> = Family::ALL
        .into_iter()
        .filter(is_there)
        .map(|family| LegendEntry { class: format!("f-{}", family.code()), name: ui.family(family) })
        .collect();
    if totals.unexplained > 0 {
        entries.push(LegendEntry { class: "f-alarm".to_owned(), name: ui.t("unexplained") });
    }
    entries
}

fn day_label(ui: &Ui, view: &SilenceView, label: &chart::Label) -> DayLabel {
    let text = view.days.get(label.column).map(|day| ui.day(day.date)).unwrap_or_default();
    DayLabel { x: label.x, anchor: label.anchor, text, is_minor: label.is_minor }
}

fn row(ui: &Ui, day: &SilenceDay, columns: &[ReasonCount]) -> Row {
    let cell = |column: &ReasonCount| {
        let row = day.by_reason.iter().find(|row| row.reason == column.reason && row.count > 0)?;
        let label = ui.reason_label(row.reason);
        Some(Cell {
            href: links::reason(day.date, row.reason),
            count: number::count(row.count),
            label: format!("{} · {label}: {}", ui.day(day.date), number::count(row.count)),
        })
    };
    Row {
        href: links::today(day.date),
        day: ui.day(day.date),
        overdue: number::count(overdue_on(day)),
        unexplained: number::count(day.unexplained),
        is_alarm: day.unexplained > 0,
        cells: columns.iter().map(cell).collect(),
    }
}

//! The page *Agreement*: what is owed, the verdict of each day as a calendar, and what happened.

use askama::Template;
use dunlin_domain::circumstance::Content;
use dunlin_domain::contact::Language;
use dunlin_domain::date::Date;
use dunlin_domain::message::MessageState;
use dunlin_domain::money::Money;
use dunlin_engine::circumstances::CircumstanceRow;
use dunlin_engine::servicing::holds::Hold;
use dunlin_engine::view::{AgreementView, CalendarDay, ContactPointLine, StatementLine, TimelineItem};

use super::line::{LineSection, line_section};
use super::{DayForm, class_of, html};
use crate::family::Family;
use crate::links;
use crate::ui::{Ui, capital, weekday};

/// So many things that happened are shown at once; the earlier ones open on a click.
const TIMELINE_SHOWN: usize = 30;

#[derive(Template)]
#[template(path = "agreement.html")]
struct AgreementPage<'a> {
    ui: &'a Ui,
    id: &'a str,
    our_id: &'a str,
    customer: &'a str,
    product: &'a str,
    opened: String,
    days: DayForm,
    position_title: String,
    figures: Vec<Figure>,
    line: LineSection,
    weekdays: Vec<String>,
    months: Vec<Month>,
    legend: Vec<LegendEntry>,
    marks: Vec<Mark>,
    statement_columns: Vec<String>,
    statements: Vec<Statement>,
    statements_href: String,
    holds: Vec<HoldItem>,
    circumstances: Vec<HoldItem>,
    timeline: Vec<Item>,
    earlier: Vec<Item>,
    earlier_title: String,
    points: Vec<Point>,
}

struct Figure {
    label: String,
    value: String,
    class: &'static str,
}

struct Month {
    title: String,
    weeks: Vec<Vec<Option<Day>>>,
}

struct Day {
    number: i8,
    class: &'static str,
    mark: &'static str,
    title: String,
    href: String,
    is_chosen: bool,
}

struct LegendEntry {
    class: &'static str,
    name: String,
}

struct Mark {
    sign: &'static str,
    name: String,
}

struct Statement {
    is_overdue: bool,
    cells: Vec<StatementCell>,
}

struct StatementCell {
    label: String,
    value: String,
}

struct HoldItem {
    kind: &'static str,
    span: String,
    note: String,
    is_running: bool,
}

struct Item {
    class: &'static str,
    day: String,
    kind: String,
    text: String,
    amount: String,
}

struct Point {
    class: &'static str,
    kind: String,
    masked: String,
    state: String,
    proof: String,
    place: String,
}

/// The page *Agreement*.
#[must_use]
pub fn render_agreement(view: &AgreementView, ui: &Ui) -> String {
    let mut timeline: Vec<Item> = view.timeline.iter().map(|entry| item(ui, entry)).collect();
    let earlier = timeline.split_off(timeline.len().min(TIMELINE_SHOWN));
    html(&AgreementPage {
        ui,
        id: &view.external_id,
        our_id: &view.id,
        customer: &view.customer_masked,
        product: &view.product,
        opened: ui.with("opened-on", [("date", &view.opened_on.to_string())]),
        days: day_form(view),
        position_title: ui.with("position-on", [("date", &ui.date(view.on))]),
        figures: figures(ui, view),
        line: line_section(ui, &view.line),
        weekdays: (0..7).map(|day| weekday_name(ui, day)).collect(),
        months: months(ui, view),
        legend: legend(ui, &view.calendar),
        marks: marks(ui, &view.calendar),
        statement_columns: STATEMENT_COLUMNS.iter().map(|key| ui.t(key)).collect(),
        statements: view.statements.iter().map(|line| statement(ui, line)).collect(),
        statements_href: links::statements(&view.external_id),
        holds: view.holds.iter().map(|hold| hold_item(ui, hold, view.on)).collect(),
        circumstances: view.circumstances.iter().map(|row| circumstance_item(ui, row, view.on)).collect(),
        earlier_title: ui.counted("earlier", earlier.len() as u64),
        timeline,
        earlier,
        points: view.contact_points.iter().map(|line| point(ui, line)).collect(),
    })
}

fn day_form(view: &AgreementView) -> DayForm {
    let first = view.calendar.first().map(|day| day.date);
    let last = view.calendar.last().map(|day| day.date);
    let in_range = |day: Date| {
        let is_shown = first.is_some_and(|first| first <= day) && last.is_some_and(|last| day <= last);
        is_shown.then(|| links::agreement(&view.external_id, day))
    };
    DayForm {
        action: links::agreement_now(&view.external_id),
        on: view.on.to_string(),
        previous: in_range(view.on.plus_days(-1)),
        next: in_range(view.on.plus_days(1)),
        first: None,
        last: None,
    }
}

fn figures(ui: &Ui, view: &AgreementView) -> Vec<Figure> {
    let figure = |key: &str, value: String, class| Figure { label: ui.t(key), value, class };
    let is_overdue = view.overdue.minor() > 0;
    let alert = if is_overdue { "main is-overdue" } else { "main" };
    let mut figures = vec![
        figure("overdue-amount", ui.money(view.overdue), alert),
        figure("days-past-due", ui.counted("days", u64::try_from(view.days_past_due).unwrap_or(0)), "main"),
        figure("bucket", view.bucket.clone(), "main"),
        figure("tier", tier_words(ui, view), ""),
        figure("owed", ui.money(view.owed), ""),
        figure("late-fee", ui.money(view.late_fee), ""),
    ];
    if view.credit.minor() != 0 {
        figures.push(figure("credit", ui.money(view.credit), ""));
    }
    figures
}

/// The tier of the agreement, and that of the customer where another agreement is worse.
fn tier_words(ui: &Ui, view: &AgreementView) -> String {
    let (own, worst) = (view.ageing.ageing.tier, view.ageing.customer_tier());
    let own_label = own.label(ui.language);
    if own == worst {
        return own_label.to_owned();
    }
    ui.with("tier-of-customer", [("tier", own_label), ("worst", worst.label(ui.language))])
}

fn weekday_name(ui: &Ui, day: usize) -> String {
    let name = ui.word("weekday-", &day.to_string());
    match ui.language {
        Language::Zh => name,
        Language::En => name.chars().take(2).collect(),
    }
}

/// The days in weeks from Monday to Sunday, a table a month. Months before the first verdict are left out: there
/// is nothing to see in them, and on a phone they would hide the others.
fn months(ui: &Ui, view: &AgreementView) -> Vec<Month> {
    let month_of = |day: &CalendarDay| day.date.year_month_day();
    let is_eventful = |day: &&CalendarDay| day.is_overdue || day.reason.is_some() || day.message.is_some();
    let first = view.calendar.iter().find(is_eventful).or(view.calendar.last()).map(month_of);
    let shown = |day: &&CalendarDay| {
        let (year, month, _) = month_of(day);
        first.is_some_and(|(first_year, first_month, _)| (first_year, first_month) <= (year, month))
    };
    let mut months: Vec<Month> = Vec::new();
    let mut current = None;
    for day in view.calendar.iter().filter(shown) {
        let (year, month, _) = day.date.year_month_day();
        if current != Some((year, month)) {
            current = Some((year, month));
            months.push(Month { title: ui.month_of(day.date), weeks: vec![empty_week()] });
        }
        let Some(month) = months.last_mut() else { continue };
        let column = weekday(day.date);
        if column == 0 && month.weeks.last().is_some_and(|week| week.iter().any(Option::is_some)) {
            month.weeks.push(empty_week());
        }
        if let Some(week) = month.weeks.last_mut() {
            week[column] = Some(calendar_day(ui, view, day));
        }
    }
    months
}

fn empty_week() -> Vec<Option<Day>> {
    (0..7).map(|_| None).collect()
}

fn calendar_day(ui: &Ui, view: &AgreementView, day: &CalendarDay) -> Day {
    let words = match day.reason {
        Some(reason) => ui.day_label(reason, day.message),
        None if day.is_overdue => ui.t("unexplained"),
        None => ui.t("not-overdue"),
    };
    let message = day.message.map(|state| format!(", {}", ui.state(state))).unwrap_or_default();
    let (_, _, number) = day.date.year_month_day();
    Day {
        number,
        class: day_class(day),
        mark: day_mark(day),
        title: format!("{}: {words}{message}", ui.date(day.date)),
        href: links::why(&view.external_id, day.date),
        is_chosen: day.date == view.on,
    }
}

fn day_class(day: &CalendarDay) -> &'static str {
    match day.reason {
        Some(reason) => class_of(reason),
        None if day.is_overdue => "f-alarm",
        None => "",
    }
}

/// The sign of what became of the day's message, which must not be told from its colour alone.
fn day_mark(day: &CalendarDay) -> &'static str {
    match day.message {
        None if day.reason.is_none() && day.is_overdue => "!",
        None => "",
        Some(state) => sign(state),
    }
}

fn sign(state: MessageState) -> &'static str {
    match state {
        MessageState::Delivered => "✓",
        MessageState::Planned | MessageState::Queued | MessageState::Sending | MessageState::Accepted => "…",
        MessageState::Held => "‖",
        MessageState::Failed | MessageState::Expired => "×",
        MessageState::Unknown => "?",
        MessageState::Replaced | MessageState::Cancelled => "−",
    }
}

/// The colours that occur, in the order of the charts.
fn legend(ui: &Ui, calendar: &[CalendarDay]) -> Vec<LegendEntry> {
    let mut reasons: Vec<_> = calendar.iter().filter_map(|day| day.reason).collect();
    reasons.sort_by_key(|reason| Family::of(*reason));
    reasons.dedup_by_key(|reason| Family::of(*reason));
    let mut entries: Vec<LegendEntry> = reasons
        .into_iter()
        .map(|reason| LegendEntry { class: class_of(reason), name: ui.family(Family::of(reason)) })
        .collect();
    if calendar.iter().any(|day| day.is_overdue && day.reason.is_none()) {
        entries.push(LegendEntry { class: "f-alarm", name: ui.t("unexplained") });
    }
    entries
}

/// The signs that occur, with their meaning.
fn marks(ui: &Ui, calendar: &[CalendarDay]) -> Vec<Mark> {
    let mut marks: Vec<Mark> = Vec::new();
    for state in MessageState::ALL {
        let is_there = calendar.iter().any(|day| day.message == Some(*state));
        if !is_there {
            continue;
        }
        let name = ui.state(*state);
        match marks.iter_mut().find(|mark| mark.sign == sign(*state)) {
            Some(mark) => mark.name = format!("{} / {name}", mark.name),
            None => marks.push(Mark { sign: sign(*state), name }),
        }
    }
    marks
}

const STATEMENT_COLUMNS: [&str; 7] =
    ["cut-off", "due-on", "billed", "paid", "rest", "minimum-payment", "late-fee"];

fn statement(ui: &Ui, line: &StatementLine) -> Statement {
    let amounts = [line.billed, line.paid, line.rest, line.minimum, line.late_fee];
    let values = [line.cut_off_on.to_string(), line.due_on.to_string()]
        .into_iter()
        .chain(amounts.into_iter().map(|amount| ui.money(amount)));
    let cells = STATEMENT_COLUMNS
        .iter()
        .zip(values)
        .map(|(key, value)| StatementCell { label: ui.t(key), value })
        .collect();
    Statement { is_overdue: line.is_overdue, cells }
}

fn hold_item(ui: &Ui, hold: &Hold, on: Date) -> HoldItem {
    let from = hold.from.to_string();
    HoldItem {
        kind: hold.kind.label(ui.language),
        span: match hold.through {
            Some(through) => ui.with("hold-span", [("from", &from), ("through", &through.to_string())]),
            None => ui.with("hold-open", [("from", &from)]),
        },
        note: hold.note.clone(),
        is_running: hold.is_on(on),
    }
}

/// What is known of the customer, by its first to its last day.
fn circumstance_item(ui: &Ui, row: &CircumstanceRow, on: Date) -> HoldItem {
    let entry = &row.entry;
    let from = entry.from.to_string();
    let value = match &entry.content {
        Content::OptOut(channel) | Content::OptIn(channel) => ui.word("channel-", channel.code()),
        Content::Hold(_) => String::new(),
        other => other.value(),
    };
    let texts = [value.as_str(), row.reason.as_str(), row.evidence.as_str()];
    let note: Vec<&str> = texts.into_iter().filter(|text| !text.is_empty()).collect();
    let last = entry.last_on();
    HoldItem {
        kind: entry.content.kind().label(ui.language),
        span: match last {
            Some(last) => ui.with("hold-span", [("from", &from), ("through", &last.to_string())]),
            None => ui.with("hold-open", [("from", &from)]),
        },
        note: note.join(" · "),
        is_running: entry.from <= on && last.is_none_or(|last| on <= last),
    }
}

fn item(ui: &Ui, item: &TimelineItem) -> Item {
    Item {
        class: item.kind,
        day: item.on.to_string(),
        kind: ui.word("kind-", item.kind),
        text: capital(item.text_in(ui.language)),
        amount: item.amount.map(|amount: Money| ui.money(amount)).unwrap_or_default(),
    }
}

/// Where a contact point comes from: a file and its line, or who told of it.
fn place_words(ui: &Ui, place: &str) -> String {
    match place.rsplit_once(" line ") {
        Some((file, line)) => ui.with("point-place-line", [("file", file), ("line", line)]),
        None if place.is_empty() => String::new(),
        None => ui.with("point-place", [("place", place)]),
    }
}

fn point(ui: &Ui, line: &ContactPointLine) -> Point {
    Point {
        class: line.state,
        kind: ui.word("point-kind-", line.kind),
        masked: line.masked.clone(),
        state: ui.word("point-state-", line.state),
        proof: line.verified.map_or_else(String::new, |(on, how)| {
            ui.with("point-verified", [("date", &on.to_string()), ("how", how.label(ui.language))])
        }),
        place: place_words(ui, &line.place),
    }
}

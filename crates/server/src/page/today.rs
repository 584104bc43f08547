//! The page *Today*: whether every overdue agreement was heard of, and what became of the messages.

use askama::Template;
use dunlin_domain::date::{Date, Timestamp};
use dunlin_engine::view::{
    BucketLine, Coverage, IncidentLine, MessageCounts, PauseLine, TodayView, WatchIncidentLine,
};

use super::{DayForm, ReasonTable, html};
use crate::chart::{self, Arc};
use crate::links;
use crate::number;
use crate::ui::Ui;

#[derive(Template)]
#[template(path = "today.html")]
struct TodayPage<'a> {
    ui: &'a Ui,
    day_text: String,
    days: DayForm,
    ring: Ring,
    messages: MessageTable,
    reasons: ReasonTable,
    buckets: Vec<Bucket>,
    pauses: Vec<Pause>,
    incidents: Vec<Incident>,
    /// When the watch last looked.
    watched: Option<String>,
}

/// The ring with the words beside it.
struct Ring {
    overdue: u64,
    overdue_text: String,
    unexplained: u64,
    unexplained_text: String,
    is_alarm: bool,
    arcs: Vec<Arc>,
    alternative: String,
    judgement: String,
    lines: Vec<RingLine>,
    examples: Vec<Example>,
}

struct RingLine {
    class: &'static str,
    label: String,
    detail: String,
    count: String,
    share: String,
}

struct Example {
    href: String,
    text: String,
}

struct MessageTable {
    is_none: bool,
    channels: Vec<String>,
    rows: Vec<MessageRow>,
}

struct MessageRow {
    class: &'static str,
    label: String,
    hint: String,
    cells: Vec<String>,
}

struct Bucket {
    name: String,
    agreements: String,
    overdue: String,
}

struct Pause {
    id: String,
    reason: String,
    span: String,
    author: String,
}

struct Incident {
    id: String,
    title: String,
    span: String,
    failures: String,
    /// What was found, what to do about it, what was caught up.
    notes: Vec<String>,
    is_open: bool,
}

/// The page *Today*.
#[must_use]
pub fn render_today(view: &TodayView, ui: &Ui) -> String {
    html(&TodayPage {
        ui,
        day_text: ui.with("business-date", [("date", &ui.date(view.date))]),
        days: day_form(view),
        ring: ring(ui, &view.coverage),
        messages: messages(ui, view),
        reasons: ReasonTable::new(ui, &view.coverage.by_reason, Some(view.date)),
        buckets: view.buckets.iter().map(|line| bucket(ui, line)).collect(),
        pauses: view.pauses.iter().map(|line| pause(ui, line)).collect(),
        incidents: incidents(ui, view),
        watched: view.watched_at.map(|at| ui.with("watched-at", [("moment", &ui.moment(at))])),
    })
}

fn day_form(view: &TodayView) -> DayForm {
    let in_range = |day: Date| (view.first_day <= day && day <= view.last_day).then(|| links::today(day));
    DayForm {
        action: "/today".to_owned(),
        on: view.date.to_string(),
        previous: in_range(view.date.plus_days(-1)),
        next: in_range(view.date.plus_days(1)),
        first: Some(view.first_day.to_string()),
        last: Some(view.last_day.to_string()),
    }
}

fn ring(ui: &Ui, coverage: &Coverage) -> Ring {
    let share = |count| number::share(count, coverage.overdue_days);
    let judgement = match (coverage.unexplained, coverage.overdue_days) {
        (0, 0) => ui.t("nothing-overdue"),
        (0, _) => ui.t("all-explained"),
        (unexplained, _) => ui.counted("some-unexplained", unexplained),
    };
    let line = |class, key: &str, count: u64, detail: String| RingLine {
        class,
        label: ui.t(key),
        detail,
        count: number::count(count),
        share: share(count),
    };
    let (delivered, pending) = (number::count(coverage.delivered), number::count(coverage.pending));
    let on_the_way = match coverage.contacted {
        0 => String::new(),
        _ => ui.with("contacted-detail", [("delivered", &delivered), ("pending", &pending)]),
    };
    let came_to_nothing = match coverage.failed {
        0 => String::new(),
        failed => ui.with("silent-detail", [("failed", &number::count(failed))]),
    };
    let alternative = ui.with(
        "coverage-alternative",
        [
            ("overdue", &number::count(coverage.overdue_days)),
            ("contacted", &number::count(coverage.contacted)),
            ("silent", &number::count(coverage.silent)),
            ("unexplained", &number::count(coverage.unexplained)),
        ],
    );
    Ring {
        overdue: coverage.overdue_days,
        overdue_text: number::count(coverage.overdue_days),
        unexplained: coverage.unexplained,
        unexplained_text: number::count(coverage.unexplained),
        is_alarm: coverage.unexplained > 0,
        arcs: chart::ring(&[
            ("arc-contacted", coverage.contacted),
            ("arc-silent", coverage.silent),
            ("arc-unexplained", coverage.unexplained),
        ]),
        alternative,
        judgement,
        lines: vec![
            line("arc-contacted", "contacted", coverage.contacted, on_the_way),
            line("arc-silent", "silent", coverage.silent, came_to_nothing),
            line("arc-unexplained", "unexplained", coverage.unexplained, String::new()),
        ],
        examples: coverage.unexplained_examples.iter().map(|(id, day)| example(ui, id, *day)).collect(),
    }
}

fn example(ui: &Ui, id: &str, day: Date) -> Example {
    Example { href: links::why(id, day), text: format!("{id} · {}", ui.day(day)) }
}

fn messages(ui: &Ui, view: &TodayView) -> MessageTable {
    type Pick = fn(&MessageCounts) -> u64;
    let rows: [(&str, Pick); 8] = [
        ("planned", MessageCounts::total),
        ("delivered", |counts| counts.delivered),
        ("sent", |counts| counts.sent),
        ("pending", |counts| counts.pending),
        ("held", |counts| counts.held),
        ("failed", |counts| counts.failed),
        ("unknown", |counts| counts.unknown),
        ("withdrawn", |counts| counts.withdrawn),
    ];
    let row = |(code, pick): &(&'static str, Pick)| MessageRow {
        class: code,
        label: ui.word("messages-", code),
        hint: ui.word("messages-hint-", code),
        cells: std::iter::once(&view.messages)
            .chain(view.by_channel.iter().map(|(_, counts)| counts))
            .map(|counts| number::count(pick(counts)))
            .collect(),
    };
    MessageTable {
        is_none: view.messages.total() == 0,
        channels: view.by_channel.iter().map(|(channel, _)| ui.channel(*channel)).collect(),
        rows: rows.iter().map(row).collect(),
    }
}

fn bucket(ui: &Ui, line: &BucketLine) -> Bucket {
    Bucket {
        name: line.bucket.clone(),
        agreements: number::count(line.agreements),
        overdue: ui.total(line.overdue_minor, line.currency),
    }
}

fn pause(ui: &Ui, line: &PauseLine) -> Pause {
    Pause {
        id: line.id.clone(),
        reason: ui.either(&line.reason).to_owned(),
        span: format!("{} – {}", line.from, line.through),
        author: ui.with("set-by", [("author", &line.author)]),
    }
}

/// Channels that failed, then agreements of which the program could not do something.
fn incidents(ui: &Ui, view: &TodayView) -> Vec<Incident> {
    let of_channels = view.incidents.iter().map(|line| incident(ui, line));
    let of_agreements = view.agreement_incidents.iter().map(|line| Incident {
        id: line.id.clone(),
        title: line.title(ui.language),
        span: span(ui, line.opened_at, line.closed_at),
        failures: ui.counted("times-seen", line.seen),
        notes: Vec::new(),
        is_open: line.closed_at.is_none(),
    });
    let of_watch = view.watch_incidents.iter().map(|line| watched(ui, line));
    of_watch.chain(of_channels).chain(of_agreements).collect()
}

fn span(ui: &Ui, opened_at: Timestamp, closed_at: Option<Timestamp>) -> String {
    let opened = ui.moment(opened_at);
    match closed_at {
        Some(closed) => format!("{opened} – {}", ui.moment(closed)),
        None => ui.with("since", [("moment", &opened)]),
    }
}

fn watched(ui: &Ui, line: &WatchIncidentLine) -> Incident {
    let mut notes = vec![line.found(ui.language)];
    match line.caught_up(ui.language) {
        Some(report) => notes.push(ui.with("incident-report", [("report", &report)])),
        None => notes.push(ui.with("incident-action", [("action", line.action(ui.language))])),
    }
    Incident {
        id: line.id.clone(),
        title: line.title(ui.language),
        span: span(ui, line.opened_at, line.closed_at),
        failures: ui.counted("affected", line.affected),
        notes,
        is_open: line.closed_at.is_none(),
    }
}

fn incident(ui: &Ui, line: &IncidentLine) -> Incident {
    Incident {
        id: line.id.clone(),
        title: format!("{} · {}", ui.channel(line.channel), line.provider),
        span: span(ui, line.opened_at, line.closed_at),
        failures: ui.counted("messages-hit", line.failures),
        notes: Vec::new(),
        is_open: line.closed_at.is_none(),
    }
}

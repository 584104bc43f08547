//! The section *Credit line* of the page *Agreement*: state in words, a bar of what is used, held and available, and
//! the open holds.

use dunlin_domain::contact::Language;
use dunlin_domain::line::hold::HoldState;
use dunlin_domain::line::state::LineState;
use dunlin_domain::money::Money;
use dunlin_engine::line::{HoldLine, LineView};

use crate::chart::Percent;
use crate::ui::Ui;

/// What the template shows.
pub struct LineSection {
    /// The day.
    pub on: String,
    /// Each restriction, or that there is none.
    pub states: Vec<StateChip>,
    /// What the bar says to those who do not see it.
    pub spoken: String,
    /// The parts of the bar, from the left; empty ones are left out.
    pub segments: Vec<Segment>,
    /// The parts with their amounts.
    pub parts: Vec<Part>,
    /// How far it is drawn beyond its limit; empty when it is not.
    pub over: String,
    /// Columns of the open holds.
    pub hold_columns: Vec<String>,
    /// The open holds.
    pub holds: Vec<Vec<Cell>>,
}

/// A state in words.
pub struct StateChip {
    /// The class of its colour.
    pub class: &'static str,
    /// The words.
    pub name: &'static str,
}

/// A part of the bar in its place.
pub struct Segment {
    /// The class of its colour.
    pub class: &'static str,
    /// Its left edge.
    pub x: Percent,
    /// Its width.
    pub width: Percent,
}

/// A part with its amount.
pub struct Part {
    /// The class of its colour; empty for the limit, which is no part.
    pub class: &'static str,
    /// Its name.
    pub name: String,
    /// Its amount.
    pub amount: String,
}

/// A cell of the table of holds.
pub struct Cell {
    /// The column, for narrow screens.
    pub label: String,
    /// What it says.
    pub value: String,
}

const HOLD_COLUMNS: [&str; 5] =
    ["hold-merchant", "hold-reference", "hold-through", "hold-amount", "hold-held"];

/// The section of a line.
pub fn line_section(ui: &Ui, view: &LineView) -> LineSection {
    let available = &view.available;
    // Amounts that were added up before fit again; a line that is not to be added up is shown empty.
    let used = available.used().unwrap_or_else(|_| Money::zero(available.limit.currency()));
    // What a frozen line has left cannot be drawn, and must not look as if it could.
    let is_usable = matches!(view.state, LineState::Active | LineState::Reduced);
    let free = if is_usable { "line-free" } else { "line-blocked" };
    let shares = [("line-used", used), ("line-held", available.held), (free, available.amount)];
    let mut parts = vec![Part { class: "", name: ui.t("credit-limit"), amount: ui.money(available.limit) }];
    for (class, amount) in shares {
        parts.push(Part { class, name: ui.t(class), amount: ui.money(amount) });
    }
    if available.credit.is_positive() {
        parts.push(Part { class: "", name: ui.t("line-credit"), amount: ui.money(available.credit) });
    }
    let spoken: Vec<String> = parts.iter().map(|part| format!("{} {}", part.name, part.amount)).collect();
    let is_open = |hold: &&HoldLine| hold.state == HoldState::Open;
    let over = available.over.is_positive();
    let comma = match ui.language {
        Language::Zh => "，",
        Language::En => ", ",
    };
    LineSection {
        on: ui.date(view.on),
        states: states(ui, view),
        spoken: spoken.join(comma),
        segments: segments(&shares),
        parts,
        over: if over {
            ui.with("line-over", [("amount", &ui.money(available.over))])
        } else {
            String::new()
        },
        hold_columns: HOLD_COLUMNS.iter().map(|key| ui.t(key)).collect(),
        holds: view.holds.iter().filter(is_open).map(|hold| cells(ui, hold)).collect(),
    }
}

fn states(ui: &Ui, view: &LineView) -> Vec<StateChip> {
    let class_of = |state: LineState| match state {
        LineState::Active => "f-contact",
        LineState::FrozenOverdue | LineState::FrozenRisk => "f-fault",
        LineState::SuspendedByCustomer => "f-voice",
        LineState::Reduced => "f-policy",
        LineState::NotOpened | LineState::Closed => "f-account",
    };
    let shown = if view.restrictions.is_empty() { vec![view.state] } else { view.restrictions.clone() };
    shown
        .into_iter()
        .map(|state| StateChip { class: class_of(state), name: state.label(ui.language) })
        .collect()
}

fn segments(shares: &[(&'static str, Money); 3]) -> Vec<Segment> {
    let size = |amount: &Money| u64::try_from(amount.minor()).unwrap_or(0);
    let whole = shares.iter().fold(0_u64, |sum, (_, amount)| sum.saturating_add(size(amount)));
    let mut segments = Vec::new();
    let mut before = 0_u64;
    for (class, amount) in shares.iter().filter(|(_, amount)| amount.is_positive()) {
        let (x, width) = (Percent::of(before, whole), Percent::of(size(amount), whole));
        segments.push(Segment { class, x, width });
        before = before.saturating_add(size(amount));
    }
    segments
}

fn cells(ui: &Ui, hold: &HoldLine) -> Vec<Cell> {
    let values = [
        hold.merchant.clone(),
        hold.reference.clone(),
        hold.expires_on.to_string(),
        ui.money(hold.amount),
        ui.money(hold.held),
    ];
    let label = |key: &&str| ui.t(key);
    HOLD_COLUMNS.iter().zip(values).map(|(key, value)| Cell { label: label(key), value }).collect()
}

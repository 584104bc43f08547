//! Whether a strategy answers everything: gaps, rows that can never decide, and overlaps, found exactly.
//!
//! The space of inputs is cut into boxes (days past due, balance, segments, reported or not, contacts made, arms of trials). Each row takes
//! its boxes out of what is left, first row first; a row that takes nothing can never decide, and what is
//! left at the end is a gap. The bucket is not a dimension of its own, since it follows from the days past
//! due: combinations that cannot occur are neither gaps nor matches.

use std::fmt;

use crate::contact::Language;
use crate::money::{Currency, Money};
use crate::strategy::{Matches, Row, Span, StrategyTable};
use crate::terms::Bucket;
use crate::wording;
use crate::wording::Wording;

/// A part of the space of inputs, in words that a strategist uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// The buckets it touches.
    pub buckets: Vec<String>,
    /// Days past due, both ends included.
    pub days_past_due: Span<i32>,
    /// Balance in minor units, both ends included.
    pub balance_minor: Span<i64>,
    /// The currency of the balance.
    pub currency: Currency,
    /// Segments; `None` for all.
    pub segments: Option<Vec<String>>,
    /// Reported or not; `None` for both.
    pub reported_to_bureau: Option<bool>,
    /// Contacts carried out, both ends included.
    pub contacts: Span<u32>,
    /// Arms of trials, as `trial=arm` joined by `+`; `None` for all.
    pub arms: Option<Vec<String>>,
}

impl Region {
    /// The part, in both languages.
    #[must_use]
    pub fn wording(&self) -> Wording {
        let days = self.days_past_due;
        let mut parts = vec![Wording { zh: self.buckets.join("、"), en: self.buckets.join(" and ") }];
        parts.push(match (days.from, days.through) {
            (Some(from), Some(through)) if from == through => {
                wording!("逾期天数 {from}", "{from} days past due")
            }
            (Some(from), Some(through)) => {
                wording!("逾期天数 {from}..{through}", "{from}..{through} days past due")
            }
            (Some(from), None) => wording!("逾期天数 >={from}", ">={from} days past due"),
            (None, Some(through)) => wording!("逾期天数 <={through}", "<={through} days past due"),
            (None, None) => wording!("逾期天数不限", "any days past due"),
        });
        let money = |minor| Money::new(minor, self.currency);
        let least = self.balance_minor.from.filter(|from| *from > 0).map(money);
        parts.extend(match (least, self.balance_minor.through.map(money)) {
            (Some(from), Some(through)) => {
                Some(wording!("余额 {from}..{through}", "balance {from}..{through}"))
            }
            (Some(from), None) => Some(wording!("余额 >={from}", "balance >={from}")),
            (None, Some(through)) => Some(wording!("余额 <={through}", "balance <={through}")),
            (None, None) => None,
        });
        parts.extend(self.segments.as_ref().map(|segments| Wording {
            zh: format!("客群 {}", segments.join("、")),
            en: format!("segment {}", segments.join(" or ")),
        }));
        parts.extend(self.reported_to_bureau.map(|is_reported| match is_reported {
            true => wording!("已报送征信", "reported"),
            false => wording!("未报送征信", "not reported"),
        }));
        parts.extend(match (self.contacts.from.filter(|from| *from > 0), self.contacts.through) {
            (Some(from), Some(through)) => {
                Some(wording!("已联系 {from}..{through} 次", "{from}..{through} contacts made"))
            }
            (Some(from), None) => Some(wording!("已联系 >={from} 次", ">={from} contacts made")),
            (None, Some(through)) => Some(wording!("已联系 <={through} 次", "<={through} contacts made")),
            (None, None) => None,
        });
        parts.extend(self.arms.as_ref().map(|arms| Wording {
            zh: format!("试验 {}", arms.join("、")),
            en: format!("trial {}", arms.join(" or ")),
        }));
        let joined = |language, comma: &str| {
            let parts: Vec<&str> = parts.iter().map(|part| part.text(language)).collect();
            parts.join(comma)
        };
        Wording { zh: joined(Language::Zh, "，"), en: joined(Language::En, ", ") }
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.wording().en)
    }
}

/// What the check of a table found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// No row matches here. An agreement there would have no answer.
    Gap {
        /// Where.
        region: Region,
    },
    /// The row can never decide.
    NeverDecides {
        /// The row.
        row: String,
        /// The rows before it that take everything; empty if its own conditions exclude one another.
        taken_by: Vec<String>,
    },
    /// Both rows match here and say different things; the first one decides. Often intended.
    Overlap {
        /// The row that decides.
        first: String,
        /// The row that does not.
        second: String,
        /// A region where both match.
        region: Region,
    },
}

impl Finding {
    /// Whether the table must not be used with it. An overlap is only worth knowing.
    #[must_use]
    pub fn is_error(&self) -> bool {
        match self {
            Self::Gap { .. } | Self::NeverDecides { .. } => true,
            Self::Overlap { .. } => false,
        }
    }
}

impl Finding {
    /// What was found, in both languages.
    #[must_use]
    pub fn wording(&self) -> Wording {
        match self {
            Self::Gap { region } => {
                let Wording { zh, en } = region.wording();
                Wording {
                    zh: format!("没有任何一行覆盖：{zh}"), en: format!("no row answers for {en}")
                }
            }
            Self::NeverDecides { row, taken_by } if taken_by.is_empty() => wording!(
                "行 {row} 永远不会命中：其自身条件互相排斥",
                "row {row} can never match: its own conditions exclude one another"
            ),
            Self::NeverDecides { row, taken_by } => wording!(
                "行 {row} 永远不会生效：其命中范围已全部被排在前面的 {} 占去",
                "row {row} never decides: all it matches is taken by {} before it",
                taken_by.join(", ")
            ),
            Self::Overlap { first, second, region } => {
                let Wording { zh, en } = region.wording();
                Wording {
                    zh: format!("行 {first} 与行 {second} 同时命中：{zh}；以 {first} 为准"),
                    en: format!("rows {first} and {second} both match {en}; {first} decides"),
                }
            }
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.wording().en)
    }
}

/// A box: spans with both ends included, and sets as bits.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Cell {
    days: (i32, i32),
    balance: (i64, i64),
    segments: u64,
    reported: u8,
    contacts: (u32, u32),
    arms: u64,
}

/// The most combinations of arms of all trials of a table.
pub const ARM_COMBINATION_COUNT_MAX: usize = 64;

const NOT_REPORTED: u8 = 1;
const REPORTED: u8 = 2;

impl Cell {
    fn intersect(&self, other: &Self) -> Option<Self> {
        let days = (self.days.0.max(other.days.0), self.days.1.min(other.days.1));
        let balance = (self.balance.0.max(other.balance.0), self.balance.1.min(other.balance.1));
        let segments = self.segments & other.segments;
        let reported = self.reported & other.reported;
        let contacts = (self.contacts.0.max(other.contacts.0), self.contacts.1.min(other.contacts.1));
        let arms = self.arms & other.arms;
        let has_empty_span = days.0 > days.1 || balance.0 > balance.1 || contacts.0 > contacts.1;
        let is_empty = has_empty_span || segments == 0 || reported == 0 || arms == 0;
        (!is_empty).then_some(Self { days, balance, segments, reported, contacts, arms })
    }

    /// What is left of this box without `hole`, which lies inside it.
    fn without(&self, hole: &Self, rest: &mut Vec<Self>) {
        let mut core = *self;
        let mut keep = |piece: Self| rest.push(piece);
        if core.segments != hole.segments {
            keep(Self { segments: core.segments & !hole.segments, ..core });
            core.segments = hole.segments;
        }
        if core.reported != hole.reported {
            keep(Self { reported: core.reported & !hole.reported, ..core });
            core.reported = hole.reported;
        }
        if core.arms != hole.arms {
            keep(Self { arms: core.arms & !hole.arms, ..core });
            core.arms = hole.arms;
        }
        if core.contacts.0 < hole.contacts.0 {
            keep(Self { contacts: (core.contacts.0, hole.contacts.0 - 1), ..core });
        }
        if hole.contacts.1 < core.contacts.1 {
            keep(Self { contacts: (hole.contacts.1 + 1, core.contacts.1), ..core });
        }
        core.contacts = hole.contacts;
        if core.days.0 < hole.days.0 {
            keep(Self { days: (core.days.0, hole.days.0 - 1), ..core });
        }
        if hole.days.1 < core.days.1 {
            keep(Self { days: (hole.days.1 + 1, core.days.1), ..core });
        }
        core.days = hole.days;
        if core.balance.0 < hole.balance.0 {
            keep(Self { balance: (core.balance.0, hole.balance.0 - 1), ..core });
        }
        if hole.balance.1 < core.balance.1 {
            keep(Self { balance: (hole.balance.1 + 1, core.balance.1), ..core });
        }
    }

    /// The box that is exactly both, if they differ in one dimension only and touch there.
    fn joined(&self, other: &Self) -> Option<Self> {
        let same = [
            self.days == other.days,
            self.balance == other.balance,
            self.segments == other.segments,
            self.reported == other.reported,
            self.contacts == other.contacts,
            self.arms == other.arms,
        ];
        match same {
            [false, true, true, true, true, true] => {
                let (low, high) = if self.days < other.days { (self, other) } else { (other, self) };
                let touch = low.days.1.checked_add(1) == Some(high.days.0);
                touch.then_some(Self { days: (low.days.0, high.days.1), ..*self })
            }
            [true, false, true, true, true, true] => {
                let (low, high) = if self.balance < other.balance { (self, other) } else { (other, self) };
                let touch = low.balance.1.checked_add(1) == Some(high.balance.0);
                touch.then_some(Self { balance: (low.balance.0, high.balance.1), ..*self })
            }
            [true, true, false, true, true, true] => {
                Some(Self { segments: self.segments | other.segments, ..*self })
            }
            [true, true, true, false, true, true] => {
                Some(Self { reported: self.reported | other.reported, ..*self })
            }
            [true, true, true, true, false, true] => {
                let (low, high) = if self.contacts < other.contacts { (self, other) } else { (other, self) };
                let touch = low.contacts.1.checked_add(1) == Some(high.contacts.0);
                touch.then_some(Self { contacts: (low.contacts.0, high.contacts.1), ..*self })
            }
            [true, true, true, true, true, false] => Some(Self { arms: self.arms | other.arms, ..*self }),
            _ => None,
        }
    }
}

/// The table's space and the words for its parts.
struct Space<'a> {
    table: &'a StrategyTable,
    buckets: &'a [Bucket],
    /// Each combination of arms: the place of the arm in each trial.
    combinations: Vec<Vec<usize>>,
    whole: Cell,
}

/// Every combination of arms of the trials; one empty combination when there are none.
fn combinations(table: &StrategyTable) -> Vec<Vec<usize>> {
    table.settings.trials.iter().fold(vec![Vec::new()], |before, trial| {
        let with = |arms: &Vec<usize>| {
            let each = (0..trial.arms.len()).map(|arm| arms.iter().copied().chain([arm]).collect());
            each.collect::<Vec<Vec<usize>>>()
        };
        before.iter().flat_map(with).collect()
    })
}

impl<'a> Space<'a> {
    fn new(table: &'a StrategyTable, buckets: &'a [Bucket]) -> Self {
        let count = table.segments.len();
        assert!((1..=64).contains(&count), "a strategy tells 1 to 64 segments apart, not {count}");
        let combinations = combinations(table);
        let arm_count = combinations.len();
        assert!(arm_count <= ARM_COMBINATION_COUNT_MAX, "{arm_count} combinations of arms are too many");
        let days = table.days_past_due;
        let whole = Cell {
            days: (days.from.unwrap_or(i32::MIN), days.through.unwrap_or(i32::MAX)),
            balance: (0, i64::MAX),
            segments: u64::MAX >> (64 - count),
            reported: REPORTED | NOT_REPORTED,
            contacts: (0, u32::MAX),
            arms: u64::MAX >> (64 - arm_count),
        };
        Self { table, buckets, combinations, whole }
    }

    /// The boxes that a row matches within the space.
    fn cells_of(&self, matches: &Matches) -> Vec<Cell> {
        let segments = match &matches.segments {
            None => u64::MAX,
            Some(names) => {
                let bits = self.table.segments.iter().enumerate();
                bits.filter(|(_, name)| names.contains(name)).fold(0, |set, (bit, _)| set | (1 << bit))
            }
        };
        let reported = match matches.reported_to_bureau {
            None => REPORTED | NOT_REPORTED,
            Some(true) => REPORTED,
            Some(false) => NOT_REPORTED,
        };
        let balance = matches.balance_minor;
        let balance = (balance.from.unwrap_or(0), balance.through.unwrap_or(i64::MAX));
        let contacts = (matches.contacts.from.unwrap_or(0), matches.contacts.through.unwrap_or(u32::MAX));
        let arms = self.arms_of(matches);
        let spans = matches.day_spans(self.buckets).into_iter();
        let cells = spans.map(|days| Cell { days, balance, segments, reported, contacts, arms });
        cells.filter_map(|cell| cell.intersect(&self.whole)).collect()
    }

    /// The combinations of arms in which the row's condition on a trial holds.
    fn arms_of(&self, matches: &Matches) -> u64 {
        let Some(wanted) = &matches.trial else { return u64::MAX };
        let trials = &self.table.settings.trials;
        let Some(place) = trials.iter().position(|trial| trial.name == wanted.trial) else { return 0 };
        let holds = |arms: &Vec<usize>| wanted.arms.contains(&trials[place].arms[arms[place]].name);
        let bits = self.combinations.iter().enumerate().filter(|(_, arms)| holds(arms));
        bits.fold(0, |set, (bit, _)| set | (1 << bit))
    }

    fn arm_words(&self, set: u64) -> Option<Vec<String>> {
        let trials = &self.table.settings.trials;
        let words = |arms: &Vec<usize>| {
            let each = trials.iter().zip(arms);
            let each = each.map(|(trial, arm)| format!("{}={}", trial.name, trial.arms[*arm].name));
            each.collect::<Vec<_>>().join("+")
        };
        let named = self.combinations.iter().enumerate().filter(|(bit, _)| set & (1 << bit) != 0);
        (set != self.whole.arms).then(|| named.map(|(_, arms)| words(arms)).collect())
    }

    fn region(&self, cell: &Cell) -> Region {
        let span = (cell.days.0.max(0), cell.days.1.max(0));
        let ends = self.buckets.iter().skip(1).map(|next| next.from_days - 1).chain([i32::MAX]);
        let touched = self
            .buckets
            .iter()
            .zip(ends)
            .filter(|(bucket, last)| bucket.from_days <= span.1 && span.0 <= *last);
        let names = self.table.segments.iter().enumerate();
        let names = names.filter(|(bit, _)| cell.segments & (1 << bit) != 0).map(|(_, name)| name.clone());
        Region {
            buckets: touched.map(|(bucket, _)| bucket.name.clone()).collect(),
            days_past_due: Span {
                from: Some(cell.days.0).filter(|from| *from != i32::MIN),
                through: Some(cell.days.1).filter(|through| *through != i32::MAX),
            },
            balance_minor: Span {
                from: Some(cell.balance.0),
                through: Some(cell.balance.1).filter(|through| *through != i64::MAX),
            },
            currency: self.table.currency,
            segments: (cell.segments != self.whole.segments).then(|| names.collect()),
            reported_to_bureau: (cell.reported != self.whole.reported).then_some(cell.reported == REPORTED),
            contacts: Span {
                from: Some(cell.contacts.0),
                through: Some(cell.contacts.1).filter(|through| *through != u32::MAX),
            },
            arms: self.arm_words(cell.arms),
        }
    }
}

/// Checks `table` for a product with these buckets: errors first, then what is only worth knowing.
///
/// # Panics
/// When the table declares no segment, or more than 64, or trials with more than 64 combinations of arms.
#[must_use]
pub fn check(table: &StrategyTable, buckets: &[Bucket]) -> Vec<Finding> {
    let space = Space::new(table, buckets);
    let cells: Vec<Vec<Cell>> = table.rows.iter().map(|row| space.cells_of(&row.matches)).collect();
    let mut remaining = vec![space.whole];
    let mut dead = Vec::new();
    for (index, row) in table.rows.iter().enumerate() {
        if !take(&cells[index], &mut remaining) {
            let before = table.rows[..index].iter().zip(&cells);
            let taken_by = before.filter(|(_, earlier)| first_common(earlier, &cells[index]).is_some());
            let taken_by = taken_by.map(|(earlier, _)| earlier.id.clone()).collect();
            dead.push(Finding::NeverDecides { row: row.id.clone(), taken_by });
        }
    }
    join(&mut remaining);
    let gaps = remaining.iter().map(|cell| Finding::Gap { region: space.region(cell) });
    gaps.chain(dead).chain(overlaps(&space, &cells)).collect()
}

/// Takes `cells` out of `remaining`; whether there was anything to take.
fn take(cells: &[Cell], remaining: &mut Vec<Cell>) -> bool {
    let mut took = false;
    for cell in cells {
        let mut rest = Vec::with_capacity(remaining.len());
        for piece in remaining.iter() {
            match piece.intersect(cell) {
                Some(hole) => {
                    took = true;
                    piece.without(&hole, &mut rest);
                }
                None => rest.push(*piece),
            }
        }
        *remaining = rest;
    }
    took
}

/// Joins boxes that touch, so that a gap is told in as few words as possible.
fn join(cells: &mut Vec<Cell>) {
    let pair = |cells: &[Cell]| {
        (0..cells.len()).find_map(|left| {
            let joined = |right: usize| cells[left].joined(&cells[right]).map(|cell| (left, right, cell));
            (left + 1..cells.len()).find_map(joined)
        })
    };
    while let Some((left, right, cell)) = pair(cells) {
        cells[left] = cell;
        cells.swap_remove(right);
    }
    cells.sort_by_key(|cell| {
        (cell.days, cell.balance, cell.segments, cell.reported, cell.contacts, cell.arms)
    });
}

fn first_common(left: &[Cell], right: &[Cell]) -> Option<Cell> {
    left.iter().find_map(|cell| right.iter().find_map(|other| cell.intersect(other)))
}

fn overlaps(space: &Space<'_>, cells: &[Vec<Cell>]) -> Vec<Finding> {
    let mut found = Vec::new();
    let rows: Vec<(&Row, &Vec<Cell>)> = space.table.rows.iter().zip(cells).collect();
    for (index, (second, second_cells)) in rows.iter().enumerate() {
        for (first, first_cells) in &rows[..index] {
            if first.outcome == second.outcome {
                continue;
            }
            if let Some(common) = first_common(first_cells, second_cells) {
                let region = space.region(&common);
                found.push(Finding::Overlap { first: first.id.clone(), second: second.id.clone(), region });
            }
        }
    }
    found
}

#[cfg(test)]
mod tests;
